"""Yes, no, undo, now, hand on: what people do with an approval, by button or by sentence. Both reach the same rules.

One press is one transaction: the decision, its audit entry, the redrawn cards and the order to carry it out are committed
together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from domain import approval as rules
from domain.approval import DECIDABLE, REVOCABLE, Denied, Seen, State, Verdict, Why
from domain.chat import Button, Reply
from domain.errors import DeskError
from domain.people import Actor, May
from domain.privacy import safe_note, safe_text
from domain.store import Approval, SentCard, UnitOfWork
from domain.topics import Topic
from handlers import approval_due, approval_saga
from handlers.approval_calls import refusal_codes
from handlers.approval_card import note, reply_for, view
from handlers.approval_no import denied_words, step_name, too_much
from handlers.approval_open import announce, chats_of, policy_of, record, refreshed, saved, to_mention, whose_turn
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.outgoing import send_to
from handlers.words.approvals import words

Step = Callable[[UnitOfWork, Approval, datetime], Approval | Denied | str]


# --- buttons ----------------------------------------------------------------------------------------------------------


async def agree(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    return await _decide(press.token.subject_id, actor, Verdict.AGREE, desk, press=press)


async def refuse(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """Refuse with a reason. Where the platform keeps its own list, the reason must be one of it: asked for if it is not."""
    reason = safe_note(press.values.get("reason", "") or _extra(press, 2), 60)
    approval = await desk.store.read(lambda r: r.approvals.get(press.token.subject_id))
    if approval is not None and approval.state in DECIDABLE and reason:
        choices = await _platform_reasons(approval, reason, desk)
        if choices:
            return _choose_reason(approval, choices, desk)
    return await _decide(press.token.subject_id, actor, Verdict.REFUSE, desk, press=press, reason=reason)


async def undo(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    say = words(desk.lang)
    event = press.click.event_id

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied:
        return rules.undo(approval, actor, now, event_id=event)

    def after(approval: Approval) -> str:
        return say("a.undone", number=approval.number, step=say.step(approval.steps[approval.step]))

    return await _act(press, actor, desk, "undo", work, after)


async def now_(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    say = words(desk.lang)
    event = press.click.event_id

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied:
        return rules.execute_now(approval, actor, now, event_id=event)

    return await _act(press, actor, desk, "now", work, lambda approval: say("a.now", number=approval.number))


async def retry(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    say = words(desk.lang)
    event = press.click.event_id

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied:
        again = rules.retry(approval, actor, now, event_id=event)
        return again if isinstance(again, Denied) else replace(again, facts={**again.facts, "tries": 0})

    return await _act(press, actor, desk, "retry", work, lambda approval: say("a.retry", number=approval.number))


async def handled(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """A person did it in the platform's back office, or found there that it was done."""
    say = words(desk.lang)
    event = press.click.event_id

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied:
        return rules.handled(approval, actor, now, done=True, event_id=event)

    return await _act(press, actor, desk, "handled", work, lambda approval: say("a.handled", number=approval.number))


async def settled_no(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """A person looked in the back office: nothing happened there. Checked again before it is sent again."""
    say = words(desk.lang)
    event = press.click.event_id

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied:
        return rules.handled(approval, actor, now, done=False, event_id=event)

    return await _act(press, actor, desk, "not_done", work, lambda approval: say("a.settled_no", number=approval.number))


async def transfer(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """Hand the waiting step to a named colleague who may take it."""
    say = words(desk.lang)
    wanted = safe_text(press.values.get("person", "") or _extra(press, 2), 40)
    event = press.click.event_id

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied | str:
        able = [person for person in whose_turn(uow, approval, desk) if person.person_id != actor.person.person_id]
        person = next((each for each in able if each.name == wanted), None)
        if person is None:
            names = "、".join(safe_text(each.name, 16) for each in able[:8]) or "—"
            return say("a.transfer_who", names=names)
        may = desk.policy.allowed(person.roles)
        moved = rules.transfer(approval, actor, person.person_id, person.name, may, now, event_id=event)
        if not isinstance(moved, Denied):
            key = f"approval:{approval.id}:transfer:{rules.round_of(moved)}"
            uow.outbox.add(
                send_to(
                    chats_of(uow, approval), "approval_note", {"id": approval.id, "what": "turn"}, key=key, people=[person]
                )
            )
        return moved

    return await _act(
        press, actor, desk, "transfer", work, lambda approval: say("a.transferred", number=approval.number, name=wanted)
    )


async def show(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    return await reply_for(press.token.subject_id, desk, private=True)


async def submit(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """The draft becomes real: only by who drafted it, only once, and never beside an open one for the same wish."""
    say = words(desk.lang)
    now = desk.clock.now()
    number = press.token.subject_id

    def work(uow: UnitOfWork) -> str:
        draft = uow.approvals.get(number)
        if draft is None or draft.requester_id != actor.person.person_id:
            return say("d.closed")
        if draft.state != State.DRAFT:
            return say("d.already_plain")
        same = [each for each in _open_of(uow, draft) if each.key == draft.key]
        if draft.due_at is None or now - draft.created_at > approval_due.DRAFT_FOR:
            saved(uow, rules.move(draft, State.VOID, result="too_old"))
            return say("a.draft_over")
        if same:
            saved(uow, rules.move(draft, State.WITHDRAWN))
            return say("q.open_already", number=same[0].number, step=step_name(same[0], desk))
        no = too_much(uow, draft, desk)
        if no:
            return no
        # The order may have moved since the draft was drawn: the rules look at it as it is now.
        current = refreshed(uow, replace(draft, created_at=now), None, uow.orders.by_id(draft.order_id), now, desk)
        real = saved(uow, rules.move(current, State.WAITING))
        click = press.click
        if click.card_message_id:
            # The draft's own card lives on as a card of the request, wherever it was typed.
            uow.cards.put(
                SentCard(
                    f"approval:{real.id}",
                    click.chat.platform,
                    click.chat.chat_id,
                    click.chat.kind.value,
                    click.card_message_id,
                )
            )
        announce(uow, real, now, desk)
        if not real.steps:
            return say("a.submitted_nobody", number=real.number)
        return say("a.submitted", number=real.number, step=say.step(real.steps[0]))

    return Reply(await desk.store.write(work), private=True)


async def drop(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    say = words(desk.lang)

    def work(uow: UnitOfWork) -> str:
        draft = uow.approvals.get(press.token.subject_id)
        if draft is None or draft.state != State.DRAFT or draft.requester_id != actor.person.person_id:
            return say("d.already_plain")
        saved(uow, rules.move(draft, State.WITHDRAWN))
        return say("a.dropped", number=draft.number)

    return Reply(await desk.store.write(work), private=True)


# --- sentences --------------------------------------------------------------------------------------------------------


async def ask_approve(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`同意 A17`."""
    return await _by_words(question, actor, Verdict.AGREE, desk)


async def ask_reject(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`拒绝 A17 理由`."""
    return await _by_words(question, actor, Verdict.REFUSE, desk)


async def _by_words(question: Question, actor: Actor, verdict: Verdict, desk: Desk) -> Reply:
    say = words(desk.lang)
    number = slot(question, "approval_id").upper()
    if not number:
        waiting = await desk.store.read(lambda r: [a.number for a in r.approvals.waiting(limit=8) if _mine(a, actor)])
        if not waiting:
            return Reply(say("a.which"), private=True)
        return Reply(say("a.which_of", numbers="、".join(waiting), first=waiting[0]), private=True)
    approval = await desk.store.read(lambda r: r.approvals.by_number(number))
    if approval is None or not actor.sees_shop(approval.shop):
        return Reply(say("a.unknown_number", number=safe_text(number, 12)), private=True)
    reason = safe_note(slot(question, "reason"), 60)
    if verdict is Verdict.REFUSE and reason and approval.state in DECIDABLE:
        choices = await _platform_reasons(approval, reason, desk)
        if choices:
            return _choose_reason(approval, choices, desk)
    event = f"{question.message.chat.platform}:{question.message.message_id}"
    reply = await _decide(approval.id, actor, verdict, desk, reason=reason, event_id=event)
    return reply or Reply(say("d.closed"), private=True)


def slot(question: Question, name: str) -> str:
    """A slot as text, whatever carries the slots."""
    slots = question.slots
    value = slots.get(name) if hasattr(slots, "get") else getattr(slots, name, None)
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    return str(value) if value is not None else ""


def _mine(approval: Approval, actor: Actor) -> bool:
    return bool(approval.steps) and May(approval.steps[approval.step]) in actor.may and actor.sees_shop(approval.shop)


# --- deciding ---------------------------------------------------------------------------------------------------------


async def _decide(
    approval_id: int,
    actor: Actor,
    verdict: Verdict,
    desk: Desk,
    *,
    press: Press | None = None,
    reason: str = "",
    event_id: str = "",
) -> Reply | None:
    say = words(desk.lang)
    event = press.click.event_id if press else event_id
    seen = _seen(press) if press else None

    def work(uow: UnitOfWork, approval: Approval, now: datetime) -> Approval | Denied | str:
        if approval.state in DECIDABLE and verdict is Verdict.AGREE:
            no = too_much(uow, approval, desk)
            if no:
                return no
        return rules.decide(approval, actor, verdict, now, policy_of(desk), note=reason, event_id=event, seen=seen)

    def after(approval: Approval) -> str:
        if approval.state in DECIDABLE:
            return say("a.agreed_next", number=approval.number, step=say.step(approval.steps[approval.step]))
        seconds = _seconds(approval, desk.clock.now())
        if verdict is Verdict.REFUSE:
            return say("a.refused", number=approval.number, seconds=seconds)
        return say("a.agreed" if seconds else "a.agreed_at_once", number=approval.number, seconds=seconds)

    return await _apply(approval_id, actor, desk, verdict.value, work, after, event)


async def _act(
    press: Press, actor: Actor, desk: Desk, name: str, work: Step, after: Callable[[Approval], str]
) -> Reply | None:
    return await _apply(press.token.subject_id, actor, desk, name, work, after, press.click.event_id)


async def _apply(
    approval_id: int, actor: Actor, desk: Desk, name: str, work: Step, after: Callable[[Approval], str], event: str
) -> Reply | None:
    """Run one step in one transaction and say in private what came of it; the card tells everybody."""
    say = words(desk.lang)
    now = desk.clock.now()

    def run(uow: UnitOfWork) -> str:
        approval = uow.approvals.get(approval_id)
        if approval is None:
            return say("d.closed")
        outcome = work(uow, tie_order(uow, approval), now)
        if isinstance(outcome, str):
            return outcome
        if isinstance(outcome, Denied):
            if outcome.why in (Why.NOT_YOURS, Why.NOT_YOUR_SHOP, Why.INACTIVE, Why.OWN_REQUEST, Why.SAME_PERSON):
                _audit(uow, approval, approval, actor, f"denied.{name}", now, event)
            return denied_words(outcome, approval, actor, now, desk)
        after_ = saved(uow, outcome)
        _audit(uow, approval, after_, actor, name, now, event)
        _follow(uow, approval, after_, desk)
        return after(after_)

    return Reply(await desk.store.write(run), private=True)


def _audit(uow: UnitOfWork, before: Approval, after: Approval, actor: Actor, name: str, now: datetime, event: str) -> None:
    record(
        uow,
        after,
        now,
        action=f"approval.{name}",
        actor=f"person:{actor.person.person_id} {actor.person.name}",
        before={"state": before.state, "step": before.step},
        after={"state": after.state, "step": after.step},
        surface=actor.platform,
        chat_id=actor.chat_id,
        request_id=event,
    )


def _follow(uow: UnitOfWork, before: Approval, after: Approval, desk: Desk) -> None:
    """What a changed approval sets going: its execution, or the next person's turn."""
    if after.state in REVOCABLE:
        uow.outbox.add([approval_saga.execute_row(after)])
    if after.state in DECIDABLE:
        approval_due.restart(uow, after, desk)
        if after.step > before.step:
            people = to_mention(whose_turn(uow, after, desk))
            key = f"approval:{after.id}:turn:{rules.round_of(after)}"
            args = {"id": after.id, "what": "turn"}
            uow.outbox.add(send_to(chats_of(uow, after), "approval_note", args, key=key, people=people, priority=3))


def tie_order(uow: UnitOfWork, approval: Approval) -> Approval:
    """The approval tied to its order, when the order arrived after the after-sale."""
    if approval.order_id:
        return approval
    stored = uow.orders.get(approval.channel, approval.shop, approval.order_number)
    return replace(approval, order_id=stored.id) if stored else approval


def _seconds(approval: Approval, now: datetime) -> int:
    return max(0, round((approval.execute_at - now).total_seconds())) if approval.execute_at else 0


def _open_of(uow: UnitOfWork, approval: Approval) -> tuple[Approval, ...]:
    card = uow.orders.card(approval.order_id) if approval.order_id else None
    return card.open_approvals if card else ()


def _extra(press: Press, part: int) -> str:
    return (press.token.extra.split("\x1f", 3) + [""] * 3)[part - 1] if "\x1f" in press.token.extra else ""


def _seen(press: Press) -> Seen | None:
    """What the card showed, from the button's own signed token."""
    step, _, fingerprint = press.token.extra.partition("\x1f")[0].partition(".")
    return Seen(int(step), fingerprint) if step.isdigit() else None


async def _platform_reasons(approval: Approval, reason: str, desk: Desk) -> tuple[str, ...]:
    """The platform's own reasons when ours is none of them; empty when ours will do or the platform cannot be asked now."""
    try:
        codes = await refusal_codes(approval, desk)
    except DeskError:
        return ()  # the execution asks again; a refusal must not wait for a list
    known = tuple(text for _, text in codes)
    return () if not known or reason in known else known[:6]


def _choose_reason(approval: Approval, reasons: tuple[str, ...], desk: Desk) -> Reply:
    say = words(desk.lang)
    seen = f"{approval.step}.{approval.fingerprint[:8]}"
    buttons = tuple(
        Button(safe_text(text, 20), desk.signer.sign("approval.refuse", f"approval:{approval.id}", f"{seen}\x1f{text[:40]}"))
        for text in reasons
    )
    channel = desk.channels.name(approval.channel)
    return Reply(say("a.choose_reason", channel=channel), private=True, choices=buttons)


FEATURE = Feature(
    "approvals",
    questions={"approve": Need(ask_approve, None), "reject": Need(ask_reject, None)},
    actions={
        "approval.agree": Need(agree, None),
        "approval.refuse": Need(refuse, None),
        "approval.undo": Need(undo, None),
        "approval.now": Need(now_, None),
        "approval.retry": Need(retry, None),
        "approval.handled": Need(handled, None),
        "approval.settled_yes": Need(handled, None),
        "approval.settled_no": Need(settled_no, None),
        "approval.transfer": Need(transfer, None),
        "approval.show": Need(show, May.ASK_ORDERS),
        "approval.submit": Need(submit, May.REQUEST_CHANGE),
        "approval.drop": Need(drop, May.REQUEST_CHANGE),
    },
    effects={Topic.EXECUTE: approval_saga.execute, Topic.SETTLE: approval_saga.settle},
    due={"approval_due": approval_due.remind, "approval_check": approval_saga.check},
    views={"approval": view, "approval_note": note},
    subjects={"approval": view},
)
