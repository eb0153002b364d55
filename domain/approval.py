"""Who may say yes or no to what, when, and what may follow: the whole life of one approval. Pure.

    draft ─► waiting ⇄ escalated ─► agreed ─► executing ─► done | failed | by_hand
                 ▲        │            │         │  └─► unknown ─► done | refused | agreed (asked, not done: again)
                 └─ undo ─┴─ refusing ─┴─────────┴─► refused
    void (the order changed, or the buyer withdrew) and withdrawn end anything that has not been sent out.

Three rules hold whatever the order of events (property-tested in tests/domain/test_approval_machine.py): nothing is
executed before every step has its own, different person; expiry is never a yes or a no; what was sent out is final until
the platform was asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.approval_policy import ApprovalPolicy, Case, Match, Row
from domain.clock import moment
from domain.people import Actor, May
from domain.store import Approval, Decision

__all__ = [
    "DECIDABLE",
    "OPEN",
    "SENT_OUT",
    "ApprovalPolicy",
    "Case",
    "Denied",
    "Match",
    "Row",
    "Seen",
    "State",
    "Verdict",
    "Why",
    "decide",
    "execute_now",
    "move",
    "next_rung",
    "standing",
    "transfer",
    "undo",
]


class State(StrEnum):
    """What an approval's `state` can be. `OPEN` ones still need somebody or something."""

    DRAFT = "draft"  # shown back to who asked; nobody else has seen it
    WAITING = "waiting"  # a step waits for its person
    ESCALATED = "escalated"  # the time limit passed: still waits, louder
    AGREED = "agreed"  # every step said yes; the undo window runs, or a retry waits for its time
    REFUSING = "refusing"  # somebody said no; the undo window runs
    EXECUTING = "executing"  # being sent to the platform: cannot be undone any more
    UNKNOWN = "unknown"  # sent, answer lost: the platform is being asked
    BY_HAND = "by_hand"  # agreed, but only a person in the platform's back office can do it
    DONE = "done"
    FAILED = "failed"  # the platform said no; a person may try again
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by who asked
    VOID = "void"  # the order changed, or the buyer withdrew, or the platform's time ran out


OPEN = frozenset(
    {State.WAITING, State.ESCALATED, State.AGREED, State.REFUSING, State.EXECUTING, State.UNKNOWN, State.BY_HAND}
)
DECIDABLE = frozenset({State.WAITING, State.ESCALATED})
REVOCABLE = frozenset({State.AGREED, State.REFUSING})
SENT_OUT = frozenset({State.EXECUTING, State.UNKNOWN})

# Which state may follow which. AGREED is entered from DECIDABLE by the last step alone (`decide`), and from the others
# only as a repeat of what all steps agreed to: no state can be used to walk around the approval.
_NEXT: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.WAITING, State.WITHDRAWN, State.VOID}),
    State.WAITING: frozenset({State.ESCALATED, State.AGREED, State.REFUSING, State.WITHDRAWN, State.VOID}),
    State.ESCALATED: frozenset({State.WAITING, State.AGREED, State.REFUSING, State.WITHDRAWN, State.VOID}),
    State.AGREED: frozenset({State.WAITING, State.EXECUTING, State.BY_HAND, State.FAILED, State.WITHDRAWN, State.VOID}),
    State.REFUSING: frozenset({State.WAITING, State.EXECUTING, State.REFUSED, State.BY_HAND, State.FAILED, State.VOID}),
    State.EXECUTING: frozenset(
        {State.DONE, State.REFUSED, State.FAILED, State.UNKNOWN, State.AGREED, State.REFUSING, State.BY_HAND, State.VOID}
    ),
    State.UNKNOWN: frozenset(
        {State.DONE, State.REFUSED, State.FAILED, State.AGREED, State.REFUSING, State.BY_HAND, State.VOID}
    ),
    State.BY_HAND: frozenset({State.DONE, State.REFUSED, State.VOID, State.WITHDRAWN}),
    State.FAILED: frozenset({State.AGREED, State.REFUSING, State.DONE, State.REFUSED, State.VOID}),
    State.DONE: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
    State.VOID: frozenset(),
}


class Verdict(StrEnum):
    """What a `Decision` records. `agree` and `refuse` count; `undo` takes the last of them back."""

    AGREE = "agree"
    REFUSE = "refuse"
    UNDO = "undo"
    TRANSFER = "transfer"
    NOW = "now"  # the undo window was cut short
    RETRY = "retry"  # after a failure, once more
    HANDLED = "handled"  # done in the platform's back office by a person


class Why(StrEnum):
    """Why a press or sentence changed nothing. `handlers/words/approvals.py` has a sentence for each."""

    INACTIVE = "inactive"
    NOT_YOURS = "not_yours"
    NOT_YOUR_SHOP = "not_your_shop"
    NOBODY = "nobody"
    OWN_REQUEST = "own_request"
    SAME_PERSON = "same_person"
    ALREADY = "already"
    CLOSED = "closed"
    DRAFT = "draft"
    EXPIRED = "expired"
    OUTDATED = "outdated"
    REASON_NEEDED = "reason_needed"
    NOTHING_TO_UNDO = "nothing_to_undo"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True)
class Denied:
    """A refusal by our own rules. `decision` is whose word came first, when that is the reason."""

    why: Why
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the pressed card showed: its step and the beginning of its fingerprint. A sentence has seen nothing (None)."""

    step: int
    fingerprint: str


def standing(approval: Approval) -> tuple[Decision, ...]:
    """The yes and no words that count: an undo takes the last one back, everything else leaves them alone."""
    kept: list[Decision] = []
    for decision in approval.decisions:
        if decision.verdict in (Verdict.AGREE, Verdict.REFUSE):
            kept.append(decision)
        elif decision.verdict == Verdict.UNDO and kept:
            kept.pop()
    return tuple(kept)


def fully_agreed(approval: Approval) -> bool:
    """Every step has a yes, each from another person, none from who asked."""
    agreed = [d for d in standing(approval) if d.verdict == Verdict.AGREE]
    people = {d.person_id for d in agreed}
    return (
        bool(approval.steps)
        and [d.step for d in agreed] == list(range(len(approval.steps)))
        and len(people) == len(agreed)
        and (not approval.requester_id or approval.requester_id not in people)
    )


def verdict_of(approval: Approval) -> Verdict | None:
    """What was decided in the end: agree, refuse, or None while it is open."""
    words = standing(approval)
    if words and words[-1].verdict == Verdict.REFUSE:
        return Verdict.REFUSE
    return Verdict.AGREE if fully_agreed(approval) else None


def round_of(approval: Approval) -> int:
    """Counts decisions ever recorded: an effect prepared for an earlier round is not this round's effect."""
    return len(approval.decisions)


def deadline(approval: Approval) -> datetime | None:
    """The platform's own last moment, after which our answer no longer counts there. Not the house's time limit."""
    stamp = (approval.facts or {}).get("deadline")
    return moment(stamp) if stamp else None


def move(approval: Approval, to: State, **changes: Any) -> Approval:
    """The approval in its next state. ValueError on a step the life cycle does not have: that is a bug, not a refusal."""
    now = State(approval.state)
    if to not in _NEXT[now]:
        raise ValueError(f"approval cannot go from {now} to {to}")
    moved = replace(approval, state=to.value, **changes)
    needed = {State.AGREED: Verdict.AGREE, State.DONE: Verdict.AGREE, State.REFUSED: Verdict.REFUSE}.get(to)
    decided = verdict_of(moved)
    if decided is None if to is State.BY_HAND else needed is not None and decided != needed:
        raise ValueError(f"approval cannot be {to} without the decisions that lead there")
    return moved


def decide(
    approval: Approval,
    actor: Actor,
    verdict: Verdict,
    now: datetime,
    policy: ApprovalPolicy,
    *,
    note: str = "",
    event_id: str = "",
    seen: Seen | None = None,
) -> Approval | Denied:
    """One person's yes or no. The new approval, or why nothing changed.

    The last yes opens the undo window, which never reaches beyond the platform's own deadline. A no at any step ends it.
    """
    refusal = _may_decide(approval, actor, now, seen)
    if refusal is not None:
        return refusal
    if verdict == Verdict.REFUSE and not note.strip():
        return Denied(Why.REASON_NEEDED)
    word = said(approval, actor, verdict, now, note=note, event_id=event_id)
    decisions = (*approval.decisions, word)
    last = approval.step + 1 >= len(approval.steps)
    if verdict == Verdict.AGREE and not last:
        # Whoever is next starts with a calm card: the alarm was about the step that has just been taken.
        return replace(approval, state=State.WAITING.value, step=approval.step + 1, decisions=decisions)
    until = _window_end(approval, now, policy)
    after = State.AGREED if verdict == Verdict.AGREE else State.REFUSING
    return move(approval, after, decisions=decisions, execute_at=until)


def undo(approval: Approval, actor: Actor, now: datetime, *, event_id: str = "") -> Approval | Denied:
    """Take the last word back: before it was sent out, by who said it or by anybody who may decide that step."""
    state = State(approval.state)
    words = standing(approval)
    if state not in REVOCABLE | DECIDABLE:
        last = words[-1] if words else None
        return Denied(Why.TOO_LATE if state in SENT_OUT | {State.DONE, State.REFUSED} else Why.CLOSED, last)
    if not words:
        return Denied(Why.NOTHING_TO_UNDO)
    last = words[-1]
    denied = _acting(approval, actor)
    if denied is not None:
        return denied
    if last.person_id != actor.person.person_id and May(approval.steps[last.step]) not in actor.may:
        return Denied(Why.NOT_YOURS, last)
    word = said(approval, actor, Verdict.UNDO, now, event_id=event_id, step=last.step)
    return replace(
        approval,
        state=State.WAITING.value,
        step=last.step,
        decisions=(*approval.decisions, word),
        execute_at=None,
    )


def execute_now(approval: Approval, actor: Actor, now: datetime, *, event_id: str = "") -> Approval | Denied:
    """Cut the undo window short. Only who could have decided the last step."""
    words = standing(approval)
    if State(approval.state) not in REVOCABLE:
        return Denied(Why.CLOSED, words[-1] if words else None)
    denied = _acting(approval, actor)
    if denied is not None:
        return denied
    last = words[-1]
    if last.person_id != actor.person.person_id and May(approval.steps[last.step]) not in actor.may:
        return Denied(Why.NOT_YOURS, last)
    word = said(approval, actor, Verdict.NOW, now, event_id=event_id, step=last.step)
    return replace(approval, execute_at=now, decisions=(*approval.decisions, word))


def retry(approval: Approval, actor: Actor, now: datetime, *, event_id: str = "") -> Approval | Denied:
    """Once more after the platform said no: what all steps decided still stands, the pre-flight check runs again."""
    words = standing(approval)
    if State(approval.state) != State.FAILED or not words:
        return Denied(Why.CLOSED, words[-1] if words else None)
    denied = _acting(approval, actor)
    if denied is not None:
        return denied
    if May(approval.steps[words[-1].step]) not in actor.may:
        return Denied(Why.NOT_YOURS, words[-1])
    to = State.REFUSING if verdict_of(approval) == Verdict.REFUSE else State.AGREED
    word = said(approval, actor, Verdict.RETRY, now, event_id=event_id, step=words[-1].step)
    return move(approval, to, execute_at=now, decisions=(*approval.decisions, word), result="")


def handled(approval: Approval, actor: Actor, now: datetime, *, done: bool, event_id: str = "") -> Approval | Denied:
    """A person looked, or acted, in the platform's back office. `done` False sends an unknown outcome round again.

    Whoever may request or decide may say that a task is done; only who may decide the last step may settle a doubt.
    """
    state = State(approval.state)
    words = standing(approval)
    if state not in (State.BY_HAND, State.FAILED, State.UNKNOWN) or not words or (not done and state is not State.UNKNOWN):
        return Denied(Why.CLOSED, words[-1] if words else None)
    denied = _acting(approval, actor)
    if denied is not None:
        return denied
    needed = {May(approval.steps[words[-1].step])}
    if state is State.BY_HAND:
        needed |= {May.REQUEST_CHANGE}
    if not needed & actor.may:
        return Denied(Why.NOT_YOURS, words[-1])
    said_no = verdict_of(approval) == Verdict.REFUSE
    word = said(approval, actor, Verdict.HANDLED, now, event_id=event_id, step=words[-1].step)
    decisions = (*approval.decisions, word)
    if done:
        return move(approval, State.REFUSED if said_no else State.DONE, decisions=decisions, result="")
    return move(approval, State.REFUSING if said_no else State.AGREED, decisions=decisions, execute_at=now)


def transfer(
    approval: Approval, actor: Actor, to_id: int, to_name: str, to_may: frozenset[May], now: datetime, *, event_id: str = ""
) -> Approval | Denied:
    """Ask a named person to take the step that waits. Both names stay in the record; others who may, still may.

    The receiver is held to every rule that `decide` holds: permission, not who asked, not who decided before.
    """
    refusal = _may_decide(approval, actor, now, None)
    if refusal is not None and refusal.why not in (Why.SAME_PERSON, Why.OWN_REQUEST):
        return refusal
    if to_id == approval.requester_id:
        return Denied(Why.OWN_REQUEST)
    earlier = next((d for d in standing(approval) if d.person_id == to_id), None)
    if earlier is not None:
        return Denied(Why.SAME_PERSON, earlier)
    if May(approval.steps[approval.step]) not in to_may:
        return Denied(Why.NOT_YOURS)
    word = said(approval, actor, Verdict.TRANSFER, now, note=to_name, event_id=event_id)
    facts = {**approval.facts, "assigned": {"step": approval.step, "person_id": to_id, "name": to_name}}
    return replace(approval, decisions=(*approval.decisions, word), facts=facts)


def next_rung(approval: Approval, policy: ApprovalPolicy, rung: int) -> datetime | None:
    """When rung `rung` of the reminder ladder is due; after the last one, every `repeat_hours`. None without a limit."""
    if approval.due_at is None:
        return None
    whole = approval.due_at - approval.created_at
    if rung < len(policy.ladder):
        return approval.created_at + whole * policy.ladder[rung] / 100
    extra = rung - len(policy.ladder) + 1
    return approval.due_at + timedelta(hours=policy.repeat_hours) * extra


def said(
    approval: Approval,
    actor: Actor,
    verdict: Verdict,
    now: datetime,
    *,
    note: str = "",
    event_id: str = "",
    step: int | None = None,
) -> Decision:
    """A word of `actor` for the record, with what the platform proves about where it came from."""
    return Decision(
        step=approval.step if step is None else step,
        person_id=actor.person.person_id,
        person_name=actor.person.name,
        verdict=verdict.value,
        at=now,
        surface=actor.platform,
        chat_id=actor.chat_id,
        note=note.strip()[:200],
        event_id=event_id,
    )


def _may_decide(approval: Approval, actor: Actor, now: datetime, seen: Seen | None) -> Denied | None:
    denied = _acting(approval, actor)
    if denied is not None:
        return denied
    state = State(approval.state)
    words = standing(approval)
    if state == State.DRAFT:
        return Denied(Why.DRAFT)
    if state in (State.VOID, State.WITHDRAWN):
        return Denied(Why.CLOSED)
    if state not in DECIDABLE:
        return Denied(Why.ALREADY, words[-1] if words else None)
    if seen is not None and seen.step != approval.step:
        return Denied(Why.ALREADY, next((d for d in words if d.step == seen.step), None))
    if not approval.steps:
        return Denied(Why.NOBODY)
    if May(approval.steps[approval.step]) not in actor.may:
        return Denied(Why.NOT_YOURS)
    if approval.requester_id and approval.requester_id == actor.person.person_id:
        return Denied(Why.OWN_REQUEST)
    earlier = next((d for d in words if d.person_id == actor.person.person_id), None)
    if earlier is not None:
        return Denied(Why.SAME_PERSON, earlier)
    last_moment = deadline(approval)
    if last_moment is not None and now >= last_moment:
        return Denied(Why.EXPIRED)
    if seen is not None and not approval.fingerprint.startswith(seen.fingerprint):
        return Denied(Why.OUTDATED)
    return None


def _acting(approval: Approval, actor: Actor) -> Denied | None:
    if not actor.person.active:
        return Denied(Why.INACTIVE)
    return None if actor.sees_shop(approval.shop) else Denied(Why.NOT_YOUR_SHOP)


def _window_end(approval: Approval, now: datetime, policy: ApprovalPolicy) -> datetime:
    """End of the undo window; cut so that the platform still hears us half a minute before its own deadline."""
    end = now + timedelta(seconds=policy.undo_seconds(approval.rule, approval.kind))
    last_moment = deadline(approval)
    if last_moment is not None:
        end = min(end, last_moment - timedelta(seconds=30))
    return max(end, now)
