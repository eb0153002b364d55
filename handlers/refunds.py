"""Refunds, returns and cancellations: from the channel (a buyer's after-sale opens an approval by itself) and from the chat
(a sentence becomes a draft that its author reads before anybody else does).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from domain import ids
from domain.approval import DECIDABLE, REVOCABLE, State, Verdict, deadline, standing, verdict_of
from domain.chat import Reply
from domain.clock import millis
from domain.fingerprint import differences, material
from domain.money import Money
from domain.order import AFTERSALE_OPEN, Aftersale, AftersaleKind, AftersaleStage, Stage
from domain.people import Actor, May
from domain.ports import DeadlineMoved
from domain.privacy import safe_note, safe_text
from domain.refund_room import room
from domain.store import Approval, OrderCard, StoredOrder, UnitOfWork, Upserted
from handlers import approval_calls as platform
from handlers.approval_calls import Look, Seen
from handlers.approval_card import reply_for
from handlers.approval_draft import Shown, Wish, draft, find_orders, pick_reply, wanted_amount
from handlers.approval_due import restart
from handlers.approval_open import UNSHIPPED, Asked, ask_again, open_approval, record, refreshed, saved
from handlers.approval_saga import end
from handlers.approval_sheet import stage_words
from handlers.approvals import slot
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.words.approvals import words

log = structlog.get_logger()
_KINDS = {AftersaleKind.RETURN: "return", AftersaleKind.EXCHANGE: "return"}
_OF_ORDER = ("refund", "return", "received", "cancel", "address")


# --- from the channel -------------------------------------------------------------------------------------------------


def on_aftersale(
    uow: UnitOfWork, before: Aftersale | None, after: Aftersale, order: StoredOrder | None, now: datetime, desk: Desk
) -> None:
    """An after-sale was written: open its approval, keep it true, or end it. Inside the same transaction."""
    live = next((a for a in reversed(uow.approvals.by_subject(after.channel, after.shop, after.number)) if _live(a)), None)
    if live is not None and after.stage is platform.opened_in(live):
        _still_waits(uow, live, after, order, now, desk)
        return
    if live is not None:
        _moved_on(uow, live, after, now, desk)
    if after.stage in platform.OUR_TURN:
        open_approval(uow, _asked(after), order, now, desk)


def _live(approval: Approval) -> bool:
    return approval.state not in (State.DONE, State.REFUSED, State.VOID, State.WITHDRAWN, State.DRAFT)


def _kind(aftersale: Aftersale) -> str:
    back = aftersale.stage is AftersaleStage.WAIT_MERCHANT_RECEIVE
    return "received" if back else _KINDS.get(aftersale.kind, "refund")


def _asked(aftersale: Aftersale) -> Asked:
    return Asked(
        kind=_kind(aftersale),
        channel=aftersale.channel,
        shop=aftersale.shop,
        order_number=aftersale.order_number,
        amount=aftersale.amount,
        key=ids.key("aftersale", aftersale.channel, aftersale.shop, aftersale.number, aftersale.stage),
        subject=aftersale.number,
        reason=aftersale.reason,
        aftersale=aftersale,
        deadline=aftersale.deadline,
    )


def _still_waits(
    uow: UnitOfWork, live: Approval, after: Aftersale, order: StoredOrder | None, now: datetime, desk: Desk
) -> None:
    """The buyer changed the request, or the platform its deadline, while ours is open."""
    moved = differences(live.facts.get("material") or {}, material(order.order if order else None, after))
    if live.state in DECIDABLE and not standing(live):
        if moved or deadline(live) != after.deadline:
            restart(uow, saved(uow, refreshed(uow, live, after, order, now, desk)), desk)
        return
    if live.state in REVOCABLE or live.state in DECIDABLE:
        if moved:
            ended = end(uow, live, State.VOID, now, desk, result="changed", moved=moved)
            ask_again(uow, ended, after, "changed", now, desk)
        elif deadline(live) != after.deadline:
            saved(uow, _with_deadline(live, after))
    # What was sent out is settled by asking; what waits for a hand or failed waits on.


def _with_deadline(live: Approval, after: Aftersale) -> Approval:
    facts = {**live.facts, "deadline": millis(after.deadline) if after.deadline else None}
    due = min(live.due_at, after.deadline) if live.due_at and after.deadline else live.due_at or after.deadline
    return replace(live, facts=facts, due_at=due)


def _moved_on(uow: UnitOfWork, live: Approval, after: Aftersale, now: datetime, desk: Desk) -> None:
    """The platform's after-sale has left our step: by the buyer, by its own clock, by somebody in the back office, by us."""
    state = State(live.state)
    if state is State.EXECUTING:
        return  # our own call is under way and will read this back itself
    verdict = verdict_of(live)
    seen = platform.judge(live, verdict or Verdict.AGREE, Look(None, after, could=True))
    if state in (State.UNKNOWN, State.BY_HAND, State.FAILED) and verdict is not None and seen is Seen.DONE:
        end(uow, live, State.DONE if verdict == Verdict.AGREE else State.REFUSED, now, desk)
        return
    withdrawn = after.stage is AftersaleStage.CANCELLED
    end(uow, live, State.VOID, now, desk, result="buyer_withdrew" if withdrawn else "settled_elsewhere")


def on_deadline(uow: UnitOfWork, moved: DeadlineMoved, now: datetime, desk: Desk) -> None:
    """The platform moved the clock of an after-sale's step, and said nothing else about it."""
    for live in uow.approvals.by_subject(moved.channel, moved.shop, moved.aftersale_number):
        if live.state not in DECIDABLE | REVOCABLE or deadline(live) == moved.due_at:
            continue
        facts = {**live.facts, "deadline": millis(moved.due_at)}
        due = min(live.due_at, moved.due_at) if live.due_at else moved.due_at
        fresh = saved(uow, replace(live, facts=facts, due_at=due))
        if fresh.state in DECIDABLE:
            restart(uow, fresh, desk)
        text = "platform deadline moved"
        record(uow, fresh, now, action="approval.deadline", actor=f"channel:{fresh.channel}", text=text)


def on_order(uow: UnitOfWork, change: Upserted, now: datetime, desk: Desk) -> None:
    """An order changed: decisions that rested on what it was are void, tasks that it fulfils are done.

    Runs for every changed order of a sync, so it asks the store only when a material fact moved.
    """
    if change.before is None:
        return
    before, after = material(change.before), material(change.after)
    if before == after:
        return
    if not any(uow.approvals.open_for(change.id, kind) for kind in _OF_ORDER):
        return
    card = uow.orders.card(change.id)
    for approval in card.open_approvals if card else ():
        if card is not None and approval.kind in _OF_ORDER:
            _follow_order(uow, approval, change, card, now, desk)


def _follow_order(uow: UnitOfWork, approval: Approval, change: Upserted, card: OrderCard, now: datetime, desk: Desk) -> None:
    state = State(approval.state)
    if state is State.BY_HAND and verdict_of(approval) == Verdict.AGREE and _fulfilled(approval, change):
        end(uow, approval, State.DONE, now, desk)
        return
    if state not in DECIDABLE | REVOCABLE:
        return
    aftersale = next((each for each in card.aftersales if each.number == approval.subject), None)
    moved = differences(approval.facts.get("material") or {}, material(change.after, aftersale))
    if not moved:
        return
    if state in DECIDABLE and not standing(approval):
        restart(uow, saved(uow, refreshed(uow, approval, aftersale, card.stored, now, desk)), desk)
        return
    ended = end(uow, approval, State.VOID, now, desk, result="changed", moved=moved)
    ask_again(uow, ended, aftersale, "changed", now, desk)


def _fulfilled(approval: Approval, change: Upserted) -> bool:
    """Whether the order now shows what people were asked to do by hand."""
    after, before = change.after, change.before
    if approval.kind == "cancel":
        return after.stage in (Stage.CLOSED_REFUNDED, Stage.CLOSED_UNPAID)
    if approval.kind == "address":
        return material(after)["receiver"] != (approval.facts.get("material") or {}).get("receiver")
    return before is not None and not approval.subject and (after.refunded - before.refunded).minor >= approval.amount.minor


# A refund of the goods' price, when the goods come back: the first reading calls both a refund.
_GOODS_BACK = re.compile(r"退货|寄回|\breturn")


# --- from the chat ----------------------------------------------------------------------------------------------------


async def ask_refund(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`0417 退款 50，色差`; where the goods are said to come back, a return."""
    back = _GOODS_BACK.search(question.text) is not None and wanted_amount(question) is None
    return await _ask("return" if back else "refund", question, actor, desk)


async def ask_return(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`0417 退货`."""
    return await _ask("return", question, actor, desk)


async def ask_cancel(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`0417 取消`: never more than a draft."""
    return await _ask("cancel", question, actor, desk)


async def _ask(kind: str, question: Question, actor: Actor, desk: Desk) -> Reply:
    found = await find_orders(question, actor, desk, kind)
    if isinstance(found, Reply):
        return found
    wish = Wish(kind, question.message.message_id, wanted_amount(question), safe_note(slot(question, "reason"), 60))
    if len(found) > 1:
        return await pick_reply(found, wish, actor, desk)
    return await propose(found[0].id, wish, actor, desk)


async def propose(order_id: int, asked: Wish, actor: Actor, desk: Desk) -> Reply:
    """The draft shown back, or why there is none. Checked against the store, not against what was typed."""
    now = desk.clock.now()

    def work(uow: UnitOfWork) -> Shown | str:
        card = uow.orders.card(order_id)
        if card is None or not actor.sees_shop(card.stored.order.shop):
            return words(desk.lang)("q.unknown_order")
        wish = _as_it_stands(asked, card.stored.order.stage)
        already = _already(uow, card, wish.kind, desk)
        if already:
            return already if isinstance(already, str) else _standing(uow, already, wish)
        amount = _amount(card, wish, desk)
        if isinstance(amount, str):
            return amount
        waiting = _waiting_aftersale(card)
        if waiting is not None:
            return Shown(open_approval(uow, _asked(waiting), card.stored, now, desk).id)
        return Shown(draft(uow, wish, card.stored, amount, actor, now, desk).id)

    outcome = await desk.store.write(work)
    if isinstance(outcome, str):
        return Reply(outcome, private=True)
    return await reply_for(outcome.approval_id, desk, standing=outcome.standing)


def _standing(uow: UnitOfWork, approval_id: int, wish: Wish) -> Shown:
    running = uow.approvals.get(approval_id)
    return Shown(approval_id, standing=running is not None and wish.amount not in (None, running.amount))


def _as_it_stands(wish: Wish, stage: Stage) -> Wish:
    """Goods that have not left cannot come back: the money alone is given back."""
    return replace(wish, kind="refund") if wish.kind == "return" and stage in UNSHIPPED else wish


def _waiting_aftersale(card: OrderCard) -> Aftersale | None:
    """A buyer's own request that nobody opened an approval for yet: deciding that one is what is meant."""
    return next((a for a in card.aftersales if a.stage in platform.OUR_TURN), None)


def _already(uow: UnitOfWork, card: OrderCard, kind: str, desk: Desk) -> int | str:
    """An open approval for the same wish is shown, never doubled: its id, or a sentence about what runs; "" when free."""
    say = words(desk.lang)
    order = card.stored.order
    running = next((a for a in card.open_approvals if a.kind in ("refund", "return", "received", "cancel")), None)
    if running is not None and (running.subject or running.kind == kind):
        return running.id
    going = next((a for a in card.aftersales if a.stage in AFTERSALE_OPEN and a.stage not in platform.OUR_TURN), None)
    if going is not None:
        return say("q.in_aftersale", channel=desk.channels.name(order.channel), stage=stage_words(going, say.lang))
    if order.stage in (Stage.CLOSED_UNPAID, Stage.CLOSED_REFUNDED):
        return say("q.closed", what=say(f"what.{kind}"))
    if order.stage is Stage.UNPAID and kind != "cancel":
        return say("q.not_paid")
    if kind == "cancel" and order.stage not in UNSHIPPED:
        return say("q.shipped_cancel")
    return ""


def _amount(card: OrderCard, wish: Wish, desk: Desk) -> Money | str:
    """How much, or the sentence that says why not. Nothing said means everything that is left; cancelling is always all."""
    say = words(desk.lang)
    left = room(card.stored.order, card.aftersales, card.open_approvals)
    asked = None if wish.kind == "cancel" else wish.amount
    if asked is None:
        return left if left.minor > 0 or wish.kind == "cancel" else say("q.nothing_left")
    if asked.currency != left.currency:
        return say("q.currency", currency=left.currency)
    if asked.minor <= 0:
        return say("q.bad_amount")
    if left.minor <= 0:
        return say("q.nothing_left")
    return asked if asked.minor <= left.minor else say("q.too_much", left=left, amount=asked)


async def withdraw(question: Question, actor: Actor, desk: Desk) -> Reply:
    """Take one's own request and drafts back. A buyer's can only be taken back by the buyer."""
    say = words(desk.lang)
    number = slot(question, "approval_id").upper()
    order_ids: list[int] = []
    kinds = _TAKEN_BACK.get(question.plan.extra.get("taken_back", ""), ()) if question.plan is not None else ()
    if not number:
        found = await find_orders(question, actor, desk, "withdraw")
        if isinstance(found, Reply):
            return found
        order_ids = [each.id for each in found]
    now = desk.clock.now()

    def work(uow: UnitOfWork) -> str:
        if number:
            one = uow.approvals.by_number(number)
            candidates = [one] if one else []
        else:
            candidates = [a for order_id in order_ids for a in _open_approvals(uow, order_id)]
        drafts = [each for order_id in order_ids for each in uow.approvals.drafts_of(order_id, actor.person.person_id)]
        if kinds:  # 地址不改了 takes no refund back
            candidates, drafts = ([each for each in found if each.kind in kinds] for found in (candidates, drafts))
        live = own_request(candidates, actor, desk)
        if isinstance(live, str) and not drafts:
            return live
        taken = drafts if isinstance(live, str) else [*drafts, *(() if live in drafts else (live,))]
        who = f"person:{actor.person.person_id} {actor.person.name}"
        ended = [end(uow, each, State.WITHDRAWN, now, desk, actor=who) for each in taken]
        return say("a.withdrawn", number="、".join(each.number for each in ended))

    return Reply(await desk.store.write(work))


# What a deed's draft is called, when it is said to be no longer wanted.
_TAKEN_BACK = {
    "request_refund": ("refund", "return", "received"),
    "request_return": ("refund", "return", "received"),
    "request_exchange": ("exchange",),
    "cancel_order": ("cancel",),
    "change_address": ("address",),
}


def own_request(candidates: Sequence[Approval], actor: Actor, desk: Desk) -> Approval | str:
    """The request among these that this person may take back now; or the sentence that says why there is none."""
    say = words(desk.lang)
    mine = [a for a in candidates if a.requester_id == actor.person.person_id and a.requester_id]
    live = next((a for a in mine if a.state in DECIDABLE or a.state in (State.AGREED, State.BY_HAND, State.DRAFT)), None)
    if live is not None:
        return live
    other = next((a for a in candidates if _live(a) and actor.sees_shop(a.shop)), None)
    if other is None:
        return say("q.withdraw_none")
    if not other.requester_id:
        return say("q.withdraw_buyer", number=other.number, channel=desk.channels.name(other.channel))
    if other.requester_id == actor.person.person_id:
        return say("d.too_late")
    return say("q.withdraw_not_yours", number=other.number, name=safe_text(other.requester_name, 16))


def _open_approvals(uow: UnitOfWork, order_id: int) -> tuple[Approval, ...]:
    card = uow.orders.card(order_id)
    return card.open_approvals if card else ()


async def pick(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """One of several orders was chosen for a wish typed before."""
    wish = Wish.unpack(press.token.extra)
    return await propose(press.token.subject_id, wish, actor, desk)


FEATURE = Feature(
    "refunds",
    questions={
        "request_refund": Need(ask_refund, May.REQUEST_CHANGE),
        "request_return": Need(ask_return, May.REQUEST_CHANGE),
        "cancel_order": Need(ask_cancel, May.REQUEST_CHANGE),
        "withdraw_aftersale": Need(withdraw, May.REQUEST_CHANGE),
    },
    actions={"refund.pick": Need(pick, May.REQUEST_CHANGE)},
    changed=(on_order,),
    aftersale=(on_aftersale,),
)
