"""From a sentence to a draft: which order is meant, what exactly is wished, shown back before anything begins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain import ids
from domain.approval import State
from domain.chat import Button, Reply
from domain.errors import BadInput
from domain.money import Money
from domain.people import Actor
from domain.privacy import safe_text, short_number
from domain.store import Approval, Reads, StoredOrder, UnitOfWork
from handlers.approval_open import Asked, open_approval
from handlers.approval_sheet import goods
from handlers.approvals import slot
from handlers.desk import Desk, Question
from handlers.order_search import in_list, wanted_of
from handlers.orders import remember
from handlers.words.approvals import words

_RECENT = timedelta(days=120)
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody typed, before it is held against an order. `amount` None means all of it."""

    kind: str
    message_id: str
    amount: Money | None = None
    reason: str = ""

    def pack(self) -> str:
        """For the signed token of a choice button. Nobody's authority: checked and shown back again after the choice."""
        amount = [self.amount.minor, self.amount.currency] if self.amount else None
        return json.dumps([self.kind, self.message_id[:48], amount, self.reason[:20]], ensure_ascii=False)

    @classmethod
    def unpack(cls, text: str) -> Wish:
        kind, message_id, amount, reason = json.loads(text)
        return cls(kind, message_id, Money(*amount) if amount else None, reason)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which approval answers a wish: its own draft, or one that stood there before (`standing`), whatever was typed."""

    approval_id: int
    standing: bool = False


def wanted_amount(question: Question) -> Money | None:
    """The amount slot, in whatever form the understanding gives it. Raises BadInput when it is no amount."""
    slots = question.slots
    raw: Any = slots.get("amount") if hasattr(slots, "get") else getattr(slots, "amount", None)
    if raw is None or isinstance(raw, Money):
        return raw
    if isinstance(raw, dict):
        return Money(int(raw["minor"]), str(raw.get("currency", "CNY")))
    try:
        return Money.parse(str(raw))
    except ValueError as problem:
        raise BadInput("这个金额我看不懂，写成“退款 50”或“退款 50.00”再说一遍。") from problem


async def find_orders(question: Question, actor: Actor, desk: Desk, kind: str) -> list[StoredOrder] | Reply:
    """The orders that the sentence means and this person may see; or the sentence that asks again."""
    say = words(desk.lang)
    now = desk.clock.now()

    def look(reads: Reads) -> list[StoredOrder] | None:
        return _picked(reads, question, actor, now) or _look(reads, question, now)

    found = await desk.store.read(look)
    if found is None:
        return Reply(say("q.no_order_no", what=say(f"what.{kind}")))
    mine = [each for each in found if actor.sees_shop(each.order.shop)]
    if found and not mine:
        return Reply(say("q.not_your_shop"), private=True)
    return mine or Reply(say("q.unknown_order"))


def _picked(reads: Reads, question: Question, actor: Actor, now: datetime) -> list[StoredOrder]:
    """第 2 个退款: the nth of the list shown before, when it is one of what the conversation is about."""
    wanted = wanted_of(question)
    if not wanted.pick:
        return []
    found = [*in_list(reads, wanted, actor, now).orders]
    named = _look(reads, question, now) if wanted.phone or wanted.tail or wanted.name else None
    return found if named is None else [each for each in found if each.id in {one.id for one in named}]


def _look(reads: Reads, question: Question, now: datetime) -> list[StoredOrder] | None:
    """By the most exact thing named. None: nothing was named."""
    since = now - _RECENT
    named = False
    for name, finder in (
        ("order_no", reads.orders.find),
        ("waybill_no", reads.orders.by_waybill),
        ("phone", lambda text: reads.orders.by_phone(text, since=since)),
        ("phone_tail", reads.orders.by_tail),
        ("name", lambda text: reads.orders.by_name(text, since=since)),
    ):
        text = slot(question, name)
        if not text:
            continue
        named = True
        found: list[StoredOrder] = finder(text)
        if found:
            return found
    return [] if named else None


async def pick_reply(found: Sequence[StoredOrder], wish: Wish, actor: Actor, desk: Desk) -> Reply:
    """Several orders fit: a button for each, never a guess; 第 2 个 says the same. An address is too long and too
    private for a button: a list.
    """
    say = words(desk.lang)
    found = sorted(found, key=lambda each: each.order.created_at, reverse=True)
    await remember([each.id for each in found[:_SHOWN]], actor, desk.clock.now(), desk)
    question = say("q.several", count=len(found), what=say(f"what.{wish.kind}"))
    options = [
        f"{place}. "
        + say(
            "q.option",
            shop=safe_text(desk.channels.name(each.order.channel, each.order.shop), 12),
            number=each.order.number if wish.kind == "address" else short_number(each.order.number),
            goods=goods(each.order),
            amount=each.order.paid,
        )
        for place, each in enumerate(found[:_SHOWN], 1)
    ]
    if wish.kind == "address":
        return Reply("\n".join((question, *options)))
    tokens = [desk.signer.sign("refund.pick", f"order:{each.id}", wish.pack()) for each in found[:_SHOWN]]
    return Reply(question, choices=tuple(Button(*pair) for pair in zip(options, tokens, strict=True)))


def draft(
    uow: UnitOfWork,
    wish: Wish,
    stored: StoredOrder,
    amount: Money,
    actor: Actor,
    now: datetime,
    desk: Desk,
    *,
    extra: dict[str, Any] | None = None,
    private: Any = None,
) -> Approval:
    """Write the draft. Its key is the wish itself, so that submitting a second draft finds the first request."""
    order = stored.order
    asked = Asked(
        kind=wish.kind,
        channel=order.channel,
        shop=order.shop,
        order_number=order.number,
        amount=amount,
        key=ids.key("wish", wish.kind, order.channel, order.shop, order.number),
        reason=wish.reason,
        requester_id=actor.person.person_id,
        requester_name=actor.person.name,
        extra={"message": wish.message_id, **(extra or {})},
        private=private,
    )
    return open_approval(uow, asked, stored, now, desk, state=State.DRAFT)
