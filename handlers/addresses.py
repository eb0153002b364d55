"""Changing where a parcel goes: a buyer's request through the channel, or a colleague's sentence in the chat.

Some channels let the seller answer or change it; elsewhere people are guided and the order is held meanwhile; once the
parcel has left, only the carrier can help, and the card says so.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from domain import ids
from domain.approval import DECIDABLE, REVOCABLE, State
from domain.chat import Reply
from domain.clock import millis
from domain.fingerprint import receiver_key
from domain.money import Money
from domain.order import AddressRequest, Receiver, Stage
from domain.people import Actor, May
from domain.privacy import mask_name, mask_phone, place, safe_note, short_number
from domain.store import UnitOfWork
from handlers.address_told import apart, placed, told
from handlers.approval_card import reply_for
from handlers.approval_draft import Shown, Wish, draft, find_orders, pick_reply
from handlers.approval_open import Asked, open_approval
from handlers.approval_saga import end
from handlers.approvals import slot
from handlers.desk import Desk, Feature, Need, Question
from handlers.words.approvals import words

_NOTHING = Money(0)


def on_address_request(uow: UnitOfWork, request: AddressRequest, now: datetime, desk: Desk) -> None:
    """A buyer asks through the channel. The same request again changes nothing; another one takes the place of the first."""
    stored = uow.orders.get(request.channel, request.shop, request.order_number)
    to_key = receiver_key(request.new)
    subject = f"address:{request.order_number}:{millis(request.requested_at)}"
    if any(each.facts.get("to_key") == to_key for each in uow.approvals.by_subject(request.channel, request.shop, subject)):
        return
    open_now = uow.approvals.open_for(stored.id, "address") if stored else None
    if open_now is not None and open_now.state in DECIDABLE | REVOCABLE and open_now.subject:
        end(uow, open_now, State.VOID, now, desk, result="superseded")
    currency = stored.order.total.currency if stored else "CNY"
    asked = Asked(
        kind="address",
        channel=request.channel,
        shop=request.shop,
        order_number=request.order_number,
        amount=Money(0, currency),
        key=ids.key("address", request.channel, request.shop, subject, to_key),
        subject=subject,
        deadline=request.deadline,
        extra={"to_key": to_key, **shown(stored.order.receiver if stored else None, request.new)},
        private={"receiver": asdict(request.new)},
    )
    open_approval(uow, asked, stored, now, desk)


def shown(before: Receiver | None, after: Receiver) -> dict[str, str]:
    """Both receivers as a group may see them: masked, down to the district when that is what differs."""
    depth = 3 if before is not None and place(before) == place(after) else 2
    return {"from": _masked(before, depth) if before else "—", "to": _masked(after, depth)}


def _masked(receiver: Receiver, depth: int) -> str:
    parts = (mask_name(receiver.name), mask_phone(receiver.phone), place(receiver, depth=depth))
    return " ".join(part for part in parts if part) or "***"


async def ask_change(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`0417 改地址 …`: a draft with the new receiver masked; the clear text is sealed in the store."""
    say = words(desk.lang)
    found = await find_orders(question, actor, desk, "address")
    if isinstance(found, Reply):
        return found
    if len(found) > 1:
        return await pick_reply(found, Wish("address", question.message.message_id), actor, desk)
    stored = found[0]
    receiver = _wished(question, stored.order.receiver)
    if receiver is None:
        return Reply(say("q.no_address", number=short_number(stored.order.number)))
    now = desk.clock.now()

    def work(uow: UnitOfWork) -> Shown | str:
        fresh = uow.orders.by_id(stored.id)
        if fresh is None:
            return say("q.unknown_order")
        if fresh.order.stage in (Stage.CLOSED_REFUNDED, Stage.CLOSED_UNPAID, Stage.COMPLETED, Stage.DELIVERED):
            return say("q.closed", what=say("what.address"))
        running = uow.approvals.open_for(stored.id, "address")
        if running is not None:
            return Shown(running.id, standing=running.facts.get("to_key") != receiver_key(receiver))
        wish = Wish("address", question.message.message_id, reason=_reason(question, receiver))
        extra = {"to_key": receiver_key(receiver), **shown(fresh.order.receiver, receiver)}
        amount = replace(_NOTHING, currency=fresh.order.total.currency)
        made = draft(uow, wish, fresh, amount, actor, now, desk, extra=extra, private={"receiver": asdict(receiver)})
        return Shown(made.id)

    outcome = await desk.store.write(work)
    if isinstance(outcome, str):
        return Reply(outcome, private=True)
    return await reply_for(outcome.approval_id, desk, standing=outcome.standing)


def _wished(question: Question, now: Receiver) -> Receiver | None:
    """The receiver with what was said put in place; None when there is nothing, or no place that a parcel could reach."""
    given = slot(question, "address").strip()
    said = apart(given) if given else told(question.text, _numbers(question))
    phone, name = slot(question, "phone").strip(), slot(question, "name").strip() or said.name
    if not said.address and not phone and not name:
        return None
    receiver = replace(now, masked=False, address_key="")
    if said.address:
        moved = placed(receiver, said.address)
        if moved is None:
            return None
        receiver = moved
    if phone:
        receiver = replace(receiver, phone=phone[:32])
    return replace(receiver, name=name[:40]) if name else receiver


def _numbers(question: Question) -> list[str]:
    return [each for name in ("order_no", "waybill_no", "phone", "phone_tail") if (each := slot(question, name))]


def _reason(question: Question, receiver: Receiver) -> str:
    """Why, unless it only repeats who: 收件人李四 is no reason."""
    reason = safe_note(slot(question, "reason"), 60)
    return "" if receiver.name and receiver.name in reason else reason


FEATURE = Feature(
    "addresses",
    questions={"change_address": Need(ask_change, May.REQUEST_CHANGE)},
    address=(on_address_request,),
)
