"""Carries a decision out: look, claim, call, look again. Each arrow is its own commit, so a crash leaves a readable state.

Nothing is sent twice: the claim is a commit of its own before the call, the key is stable, and whoever finds a claim that
nobody finished asks the platform before anything else. Whatever cannot be settled stays visible on the card with the time
of the next news.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from domain import ids
from domain.approval import REVOCABLE, SENT_OUT, State, Verdict, deadline, move, round_of, verdict_of
from domain.clock import millis, moment
from domain.errors import DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Stale, Unavailable
from domain.fingerprint import Difference, differences, with_carrier
from domain.ports import Receipt
from domain.privacy import safe_text
from domain.refund_room import room
from domain.store import Approval, Claimed, Deadline, OrderCard, Outgoing, UnitOfWork
from domain.topics import Topic
from handlers import approval_calls as platform
from handlers.approval_calls import Look, Seen, Way
from handlers.approval_open import CHECK_AFTER, ask_again, chats_of, managers, policy_of, record, release, saved
from handlers.desk import Desk
from handlers.outgoing import send_to

log = structlog.get_logger()
_GRACE = timedelta(seconds=30)  # a lost request may still be under way: this long, "not done" is no answer
_MAX_TRIES = 8


def execute_row(approval: Approval, *, due_at: datetime | None = None) -> Outgoing:
    """The order to carry the present decision out. A later round (undo, again) gets its own row and ignores this one."""
    round_ = round_of(approval)
    tries = int(approval.facts.get("tries", 0))
    return Outgoing(
        Topic.EXECUTE,
        ids.key("approval", approval.id, "execute", round_, tries),
        {"approval_id": approval.id, "round": round_},
        due_at or approval.execute_at,
        _lane(approval),
        1,
    )


def _settle_row(approval: Approval, looks: int, due_at: datetime) -> Outgoing:
    round_ = round_of(approval)
    tries = int(approval.facts.get("tries", 0))
    return Outgoing(
        Topic.SETTLE,
        ids.key("approval", approval.id, "settle", round_, tries, looks),
        {"approval_id": approval.id, "round": round_, "looks": looks},
        due_at,
        _lane(approval),
        1,
    )


def check(uow: UnitOfWork, due: Deadline, now: datetime, desk: Desk) -> None:
    """Something decided has not come to an end for long: whatever became of its outbox row, it gets another one.

    A second row does no harm: the claim, the stable key and the look before the call hold for it as well.
    """
    approval = uow.approvals.get(int(due.entity.partition(":")[2]))
    if approval is None or State(approval.state) not in REVOCABLE | SENT_OUT:
        return
    row = execute_row(approval) if State(approval.state) in REVOCABLE else _settle_row(approval, 0, now)
    uow.outbox.add([replace(row, key=ids.key(row.key, "check", millis(due.due_at)))])
    uow.deadlines.put([Deadline(due.entity, due.kind, now + CHECK_AFTER)])


def _lane(approval: Approval) -> str:
    return f"order:{approval.channel}:{approval.shop}:{approval.order_number}"


def effect_key(approval: Approval, verdict: Verdict) -> str:
    """The platform's idempotency key. A new one only after a definite no, which had no effect to protect."""
    again = int(approval.facts.get("rejections", 0))
    action = "execute" if verdict == Verdict.AGREE else "refuse"
    return ids.key("approval", approval.id, action, *([again] if again else []))


# --- carrying out -----------------------------------------------------------------------------------------------------


async def execute(row: Claimed, desk: Desk) -> None:
    """The effect of Topic.EXECUTE. Settles every outcome itself; raises only when its own store failed."""
    approval = await _read(row, desk)
    if approval is None:
        return
    now = desk.clock.now()
    if approval.state == State.EXECUTING:
        # We are here again and the claim is still open: its owner died between the call and the commit.
        await _doubt(approval, desk)
        return
    if State(approval.state) not in REVOCABLE:
        return
    if approval.execute_at is not None and now < approval.execute_at:
        raise Unavailable("the undo window is still open", retry_after=(approval.execute_at - now).total_seconds())
    verdict = verdict_of(approval)
    if verdict is None:
        raise AssertionError(f"approval {approval.id} is {approval.state} without a decision")
    try:
        found = await platform.look(approval, desk)
    except (Unavailable, OutcomeUnknown, ProtocolBroken) as trouble:
        await _later(approval, trouble, desk)
        return
    except (Rejected, NeedsAuthorization) as trouble:
        await _finish(approval, State.FAILED, desk, result=_reason(trouble))
        return
    claimed = await desk.store.write(lambda u: _claim(u, approval, verdict, found, now, desk))
    if claimed is not None:
        await _call(claimed, verdict, found, desk)


def _claim(uow: UnitOfWork, read: Approval, verdict: Verdict, found: Look, now: datetime, desk: Desk) -> Approval | None:
    """The last check and the claim, in one commit. From here nobody can undo; before it, an undo has won."""
    approval = uow.approvals.get(read.id)
    if approval is None or approval.version != read.version:
        # Something was committed between our look and now: an undo, or a second worker. Ours is over; the row that
        # belongs to the new round carries on. A change that kept the round (a transfer of facts) is looked at again.
        if approval is not None and round_of(approval) == round_of(read) and State(approval.state) in REVOCABLE:
            raise Stale("approval changed while it was being checked")
        return None
    card = uow.orders.card(approval.order_id) if approval.order_id else None
    settled = _preflight(approval, verdict, found, card, now, desk)
    if settled is not None:
        state, result, moved = settled
        end(uow, approval, state, now, desk, result=result, moved=moved)
        if state is State.VOID and result != "settled_elsewhere":
            ask_again(uow, approval, found.aftersale, result, now, desk)
        return None
    via = platform.way(approval, verdict, found.order or (card.stored.order if card else None), desk)
    if via is Way.NOTHING:
        end(uow, approval, State.REFUSED, now, desk)
        return None
    if via is Way.BY_HAND or desk.read_only:
        end(uow, approval, State.BY_HAND, now, desk, result="back_office" if via is Way.BY_HAND else "read_only")
        return None
    facts = {**approval.facts, "way": via.value}
    claimed = saved(uow, move(approval, State.EXECUTING, executed_at=now, facts=facts))
    record(uow, claimed, now, action="approval.execute", actor="system", before={"state": approval.state})
    return claimed


def _preflight(
    approval: Approval, verdict: Verdict, found: Look, card: OrderCard | None, now: datetime, desk: Desk
) -> tuple[State, str, tuple[Difference, ...]] | None:
    """Why it must not be carried out any more, or None. Pure look at what is known now."""
    policy = policy_of(desk)
    seen = platform.judge(approval, verdict, found)
    if seen is Seen.DONE and approval.facts.get("unknown_at"):
        return _good(verdict), "", ()  # an earlier try of ours did arrive
    if seen in (Seen.DONE, Seen.OTHERWISE):
        return State.VOID, "settled_elsewhere", ()
    last = deadline(approval)
    if last is not None and now >= last:
        return State.VOID, "deadline", ()
    good_for = timedelta(minutes=policy.good_for_minutes)
    if approval.execute_at is not None and now - approval.execute_at > good_for and not approval.facts.get("tries"):
        return State.VOID, "too_old", ()
    stored = card.stored if card else None
    held = stored.order if stored else None
    known = with_carrier(found.order, held) if found.order else held
    moved = differences(approval.facts.get("material") or {}, platform.present(known, found.aftersale))
    if moved:
        return State.VOID, "changed", moved
    if verdict == Verdict.REFUSE or approval.kind == "address":
        return None
    if card is None or stored is None:
        return State.VOID, "no_order", ()
    if not found.could and now - stored.synced_at > timedelta(minutes=policy.fresh_minutes):
        return State.VOID, "stale_data", ()
    left = room(stored.order, card.aftersales, card.open_approvals, leaving_out=approval.id)
    if approval.amount.currency != left.currency or approval.amount.minor > left.minor:
        return State.VOID, "too_much", ()
    return None


async def _call(claimed: Approval, verdict: Verdict, found: Look, desk: Desk) -> None:
    key = effect_key(claimed, verdict)
    try:
        if claimed.facts.get("way") == Way.INTERCEPT:
            await platform.decline_shipped(claimed, key, desk)
            receipt = Receipt("", desk.clock.now())
        else:
            receipt = await platform.call(claimed, verdict, key, found, desk)
    except Rejected as no:
        await _rejected(claimed, verdict, no, desk)
    except Unavailable as trouble:
        await _later(claimed, trouble, desk)
    except NeedsAuthorization as trouble:
        await _finish(claimed, State.FAILED, desk, result=_reason(trouble))
    except (OutcomeUnknown, ProtocolBroken):
        await _doubt(claimed, desk)
    except DeskError as odd:
        log.warning("approval.call_refused", approval=claimed.id, error=type(odd).__name__)
        await _doubt(claimed, desk)
    else:
        await _confirm(claimed, verdict, receipt, desk)


async def _confirm(claimed: Approval, verdict: Verdict, receipt: Receipt, desk: Desk) -> None:
    """Read back what the platform says it did. Its receipt is kept at once: it is evidence whatever comes next."""
    kept = {"reference": safe_text(receipt.reference, 60), "at": millis(receipt.at)}
    noted = replace(claimed, facts={**claimed.facts, "receipt": kept})
    if claimed.facts.get("way") == Way.INTERCEPT:
        await _finish(noted, State.BY_HAND, desk, result="intercept")
        return
    try:
        found = await platform.look(noted, desk)
    except DeskError:
        await _doubt(noted, desk)
        return
    seen = platform.judge(noted, verdict, found)
    if seen is Seen.NOT_DONE:
        await _doubt(noted, desk)
    elif seen is Seen.OTHERWISE:
        await _finish(noted, State.VOID, desk, result="settled_elsewhere", found=found)
    else:
        # A platform that cannot be asked has still answered: its receipt is the proof, and the card says so.
        result = kept["reference"] or ("receipt" if seen is Seen.CANNOT_TELL else "")
        await _finish(noted, _good(verdict), desk, result=str(result), found=found)


async def _rejected(claimed: Approval, verdict: Verdict, no: Rejected, desk: Desk) -> None:
    """A no may mean that an earlier try of ours went through ("state already changed"): look before believing it."""
    try:
        found = await platform.look(claimed, desk)
    except DeskError:
        found = Look()
    if claimed.facts.get("way") == Way.INTERCEPT:
        # The platform would not hear it; the parcel still has to be stopped.
        await _finish(claimed, State.BY_HAND, desk, result="intercept", found=found)
        return
    repeated_no = _harmless_to_repeat(claimed, verdict) and claimed.facts.get("unknown_at")
    if repeated_no or platform.judge(claimed, verdict, found) is Seen.DONE:
        await _finish(claimed, _good(verdict), desk, found=found)
        return
    await _finish(claimed, State.FAILED, desk, result=_reason(no), rejected=True, found=found)


async def _later(approval: Approval, trouble: DeskError, desk: Desk) -> None:
    """Nothing happened over there: the decision stands, the card says when we try again; after a while it gives up aloud."""
    tries = int(approval.facts.get("tries", 0)) + 1
    last, now = deadline(approval), desk.clock.now()
    asked = getattr(trouble, "retry_after", None)
    due = now + timedelta(seconds=max(float(asked or 0), min(600.0, 5.0 * 2**tries)))
    if tries > _MAX_TRIES or (last is not None and due >= last):
        await _finish(approval, State.FAILED, desk, result="unreachable")
        return
    back = State.REFUSING if verdict_of(approval) == Verdict.REFUSE else State.AGREED

    def put_off(uow: UnitOfWork) -> None:
        fresh = uow.approvals.get(approval.id)
        if fresh is None or fresh.state != approval.state or round_of(fresh) != round_of(approval):
            return  # an undo, or a settled outcome, came first
        facts = {**fresh.facts, "tries": tries}
        again = replace(fresh, facts=facts, execute_at=due, result="unreachable")
        again = move(again, back) if fresh.state == State.EXECUTING else again
        again = saved(uow, again)
        uow.outbox.add([execute_row(again)])
        record(uow, again, now, action="approval.postponed", actor="system", after={"tries": tries})

    await desk.store.write(put_off)


# --- finding out ------------------------------------------------------------------------------------------------------


async def _doubt(approval: Approval, desk: Desk) -> None:
    """The answer was lost. Say so, name the time of the next news, and ask."""
    now = desk.clock.now()
    by = now + timedelta(minutes=policy_of(desk).settle_minutes)

    def doubt(uow: UnitOfWork) -> None:
        fresh = uow.approvals.get(approval.id)
        if fresh is None or fresh.state != State.EXECUTING or round_of(fresh) != round_of(approval):
            return
        facts = {**fresh.facts, **_receipt_of(approval), "unknown_at": millis(now), "settle_by": millis(by)}
        unsure = saved(uow, move(fresh, State.UNKNOWN, facts=facts))
        uow.outbox.add([_settle_row(unsure, 0, now + timedelta(seconds=3))])
        record(uow, unsure, now, action="approval.unknown", actor="system", before={"state": fresh.state})

    await desk.store.write(doubt)


async def settle(row: Claimed, desk: Desk) -> None:
    """The effect of Topic.SETTLE: ask the platform what became of it, until it is known."""
    approval = await _read(row, desk)
    if approval is None or State(approval.state) not in SENT_OUT:
        return
    if approval.state == State.EXECUTING:
        await _doubt(approval, desk)
        return
    verdict = verdict_of(approval) or Verdict.AGREE
    looks = int(row.payload.get("looks", 0))
    try:
        found = await platform.look(approval, desk)
    except DeskError as trouble:
        log.info("approval.settle_unreachable", approval=approval.id, looks=looks, error=type(trouble).__name__)
        await _look_again(approval, looks, desk)
        return
    now = desk.clock.now()
    waited = millis(now) - int(approval.facts.get("unknown_at", millis(now)))
    seen = platform.judge(approval, verdict, found)
    if seen is Seen.DONE:
        await _finish(approval, _good(verdict), desk, found=found)
    elif seen is Seen.OTHERWISE:
        await _finish(approval, State.VOID, desk, result="settled_elsewhere", found=found)
    elif (seen is Seen.NOT_DONE and waited >= _GRACE.total_seconds() * 1000) or (
        seen is Seen.CANNOT_TELL and _harmless_to_repeat(approval, verdict)
    ):
        await _reopen(approval, desk)
    else:
        await _look_again(approval, looks, desk)


def _harmless_to_repeat(approval: Approval, verdict: Verdict) -> bool:
    """Saying no to an address request twice is one no; anything that moves money or goods is never repeated unseen."""
    return approval.kind == "address" and verdict == Verdict.REFUSE


async def _reopen(approval: Approval, desk: Desk) -> None:
    """The platform was asked and has not done it: the same decision, the same key, once more."""
    tries = int(approval.facts.get("tries", 0)) + 1
    if tries > _MAX_TRIES:
        await _finish(approval, State.FAILED, desk, result="unreachable")
        return
    now = desk.clock.now()
    back = State.REFUSING if verdict_of(approval) == Verdict.REFUSE else State.AGREED

    def reopen(uow: UnitOfWork) -> None:
        fresh = uow.approvals.get(approval.id)
        if fresh is None or fresh.state != State.UNKNOWN or round_of(fresh) != round_of(approval):
            return
        again = saved(uow, move(fresh, back, execute_at=now, facts={**fresh.facts, "tries": tries}))
        uow.outbox.add([execute_row(again, due_at=now)])
        record(uow, again, now, action="approval.again", actor="system", before={"state": fresh.state})

    await desk.store.write(reopen)


async def _look_again(approval: Approval, looks: int, desk: Desk) -> None:
    """Not known yet. Quick looks first, then slower; when the promised time has come, a person is told to look too."""
    now = desk.clock.now()
    due = now + timedelta(seconds=min(600.0, 5.0 * 2 ** min(looks, 8)))
    promised = moment(int(approval.facts.get("settle_by", 0)))
    if now < promised < due:
        due = promised  # news was promised for then, good or bad

    def wait(uow: UnitOfWork) -> None:
        fresh = uow.approvals.get(approval.id)
        if fresh is None or fresh.state != State.UNKNOWN or round_of(fresh) != round_of(approval):
            return
        uow.outbox.add([_settle_row(fresh, looks + 1, due)])
        if millis(now) >= int(fresh.facts.get("settle_by", 0)) and not fresh.facts.get("overdue"):
            late = saved(uow, replace(fresh, facts={**fresh.facts, "overdue": True}))
            notes = send_to(
                chats_of(uow, late),
                "approval_note",
                {"id": late.id, "what": "unknown_overdue"},
                key=f"approval:{late.id}:overdue:{round_of(late)}",
                people=managers(uow, late),
                priority=2,
            )
            uow.outbox.add(notes)

    await desk.store.write(wait)


# --- ends -------------------------------------------------------------------------------------------------------------


def _good(verdict: Verdict) -> State:
    return State.DONE if verdict == Verdict.AGREE else State.REFUSED


async def _finish(
    approval: Approval, state: State, desk: Desk, *, result: str = "", rejected: bool = False, found: Look | None = None
) -> None:
    """End an execution in its own commit, with what the platform showed us last put into the store as well."""
    now = desk.clock.now()

    def finish(uow: UnitOfWork) -> None:
        fresh = uow.approvals.get(approval.id)
        if fresh is None or State(fresh.state) not in SENT_OUT | REVOCABLE or round_of(fresh) != round_of(approval):
            return
        facts = {**fresh.facts, **_receipt_of(approval)}
        if rejected:
            facts["rejections"] = int(facts.get("rejections", 0)) + 1
        end(uow, replace(fresh, facts=facts), state, now, desk, result=result)
        if found is not None and found.aftersale is not None:
            uow.orders.upsert_aftersale(found.aftersale, seen_at=now)
        if found is not None and found.order is not None:
            uow.orders.upsert_many([found.order], seen_at=now, surface="channel", cause=approval.number)

    await desk.store.write(finish)


def end(
    uow: UnitOfWork,
    approval: Approval,
    state: State,
    now: datetime,
    desk: Desk,
    *,
    result: str = "",
    moved: tuple[Difference, ...] = (),
    actor: str = "system",
) -> Approval:
    """Put an approval into a state where nothing more happens by itself, and say so everywhere it is shown."""
    facts = approval.facts
    if moved:
        facts = {**facts, "moved": [[each.name, each.before, each.after] for each in moved]}
    text = safe_text(result, 200)
    source = approval
    if state is State.DONE and State(approval.state) in REVOCABLE:
        source = move(approval, State.EXECUTING)  # found done before we sent it again
    ended = saved(uow, move(source, state, result=text, facts=facts))
    record(
        uow, ended, now, action=f"approval.{state}", actor=actor, before={"state": approval.state}, after={"result": text}
    )
    if state not in (State.BY_HAND, State.FAILED):
        release(uow, ended, now)
    if state in (State.BY_HAND, State.FAILED, State.VOID):
        people = [p for p in uow.people.everyone() if ended.requester_id and p.person_id == ended.requester_id]
        decided = {d.person_id for d in ended.decisions}
        people += [p for p in uow.people.everyone() if p.person_id in decided and p not in people]
        what = {State.BY_HAND: "by_hand", State.FAILED: "failed", State.VOID: "void"}[state]
        key = f"approval:{ended.id}:{what}:{ended.version}"
        chats = chats_of(uow, ended)
        if result == "intercept":
            chats = uow.people.chats_for("logistics", shop=ended.shop) or chats
        if decided or state is not State.VOID:
            uow.outbox.add(send_to(chats, "approval_note", {"id": ended.id, "what": what}, key=key, people=people))
    log.info("approval.ended", approval=ended.id, state=ended.state)
    return ended


def _receipt_of(approval: Approval) -> dict[str, object]:
    receipt = approval.facts.get("receipt")
    return {"receipt": receipt} if receipt else {}


def _reason(trouble: DeskError) -> str:
    if isinstance(trouble, Rejected):
        return f"platform:{safe_text(trouble.reason, 120)}"
    return "needs_grant" if isinstance(trouble, NeedsAuthorization) else "unreachable"


async def _read(row: Claimed, desk: Desk) -> Approval | None:
    """The row's approval, when the row still speaks of its present round."""
    number = int(row.payload["approval_id"])
    approval = await desk.store.read(lambda r: r.approvals.get(number))
    if approval is None or round_of(approval) != row.payload["round"]:
        return None
    return approval
