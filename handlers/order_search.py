"""One entry for finding orders by any handle people have, inside what the asker may see.

`find_orders` keeps three things apart: what matches and may be shown, what matches an *exact* number and may not, and
nothing. Guessable handles (a tail, a name, goods) never reveal that a forbidden order exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from domain.dates import DateRange
from domain.errors import BadInput
from domain.people import Actor
from domain.store import OrderCard, Reads, StoredOrder, UnitOfWork
from domain.understand import threads
from domain.understand.plan import RISKY, Intent, Plan, Slots
from domain.understand.plan import Found as Handle
from domain.values import quick
from handlers.desk import Question

RECENT = timedelta(days=90)
AT_ONCE = 10  # numbers answered from one message
_LIST_KEY = "#list"
_SHORT = 10  # digits of the numbers that a shop counts up by itself
_TAIL = 4  # fewer digits would match anything


@quick
@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question names. `numbers` are order numbers, waybills or our own ids: people do not say which."""

    numbers: tuple[str, ...] = ()
    phone: str = ""
    tail: str = ""
    head: str = ""  # of an abbreviated number: head…tail
    name: str = ""
    sku: str = ""
    channel: str = ""
    range: DateRange | None = None
    pick: int = 0  # the nth of the list shown before
    about: str = ""
    spoken: bool = True  # the handle stands in this very message, not in an earlier one

    @property
    def empty(self) -> bool:
        return not (self.numbers or self.phone or self.tail or self.name or self.sku or self.pick)


@quick
@dataclass(frozen=True, slots=True)
class Found:
    """`cards` are complete answers already (exact numbers); `orders` need one more look. `hidden`: exact, but not theirs."""

    by: str  # number, tail, phone, name, sku, list: which handle decided
    value: str
    orders: tuple[StoredOrder, ...] = ()
    cards: tuple[OrderCard, ...] = ()
    hidden: tuple[StoredOrder, ...] = ()

    @property
    def count(self) -> int:
        return len(self.cards) or len(self.orders)


def wanted_of(question: Question) -> Wanted:
    """The handles of a question, whichever front door made it."""
    plan = question.plan
    slots = _slots(question.slots) if plan is None else plan.slots
    extra: dict[str, str] = {} if plan is None else plan.extra
    numbers = _numbers(plan, slots)
    pick = extra.get("pick", "")
    tail = str(extra.get("order_tail") or slots.phone_tail or "")
    handle = numbers[0] if numbers else slots.phone or tail or slots.name or slots.sku or ""
    return Wanted(
        numbers=numbers,
        phone=slots.phone or "",
        tail=tail,
        head=str(extra.get("order_head") or extra.get("phone_head") or ""),
        name=slots.name or "",
        sku=slots.sku or "",
        channel=slots.channel or "",
        range=None if slots.range is None else _range(slots.range),
        pick=int(pick) if pick.removeprefix("-").isdigit() else 0,
        about=str(extra.get("about") or ""),
        spoken=bool(handle) and str(handle).lower()[-4:] in question.text.lower(),
    )


def talked_about(reads: Reads, actor: Actor, now: datetime) -> Wanted | None:
    """The handles of the plan that this person's last question became, for a question that names none."""
    kept = reads.dialogs.recall(actor.platform, actor.chat_id, actor.user_id, now)
    try:
        plan = threads.of_orders(kept, now)
    except BadInput:  # written by another version: as good as forgotten
        return None
    if plan is None:
        return None
    slots = plan.slots
    tail = str(plan.extra.get("order_tail") or slots.phone_tail or "")
    wanted = Wanted(
        numbers=_numbers(plan, slots)[:1],
        phone=slots.phone or "",
        tail=tail,
        head=str(plan.extra.get("order_head") or plan.extra.get("phone_head") or ""),
        name=slots.name or "",
        spoken=False,
    )
    return None if wanted.empty else wanted


def _slots(named: Mapping[str, Any]) -> Slots:
    """Slots of a question that came without a plan: JSON-like, an empty text is as good as none."""
    return Slots(**{name: value for name, value in named.items() if value and name in Slots.__slots__})


def _numbers(plan: Plan | None, slots: Slots) -> tuple[str, ...]:
    if plan is not None:
        named = [each.value for each in plan.found if each.kind in ("order_no", "waybill_no")]
        if named:
            return tuple(dict.fromkeys(named)) if len(named) > 1 else (named[0],)
    single = [slots.order_no, slots.waybill_no]
    return tuple(dict.fromkeys(str(value) for value in single if value))


def _range(value: Any) -> DateRange | None:
    if value is None or isinstance(value, DateRange):
        return value
    try:
        start, end = (datetime.fromisoformat(str(value[name])) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError) as bad:
        raise BadInput("这段时间我没看懂，换个说法试试，比如「昨天」「近 30 天」。") from bad
    return DateRange(start, end, str(value.get("label", "")))


def sees(actor: Actor, stored: StoredOrder) -> bool:
    """Whether the order lies inside the person's shops and warehouses."""
    return actor.sees_shop(stored.order.shop) and actor.sees_warehouse(stored.order.warehouse)


def find_orders(reads: Reads, wanted: Wanted, actor: Actor, now: datetime) -> Found:
    """What the handles lead to, most exact first. Newest first; fuzzy handles are already narrowed to the asker's scope."""
    if wanted.pick:
        return in_list(reads, wanted, actor, now)
    if wanted.numbers:
        number = wanted.numbers[0]
        found = find_number(reads, number, actor)
        if found.cards or found.hidden or not (_TAIL <= len(number) <= _SHORT and number.isascii() and number.isdigit()):
            return found
        # 出库单 0417: four digits behind a word for an order are its last ones when no order is called that.
        ending = _scoped("tail", number, reads.orders.by_tail(number, limit=20), wanted, actor)
        return ending if ending.orders else found
    if wanted.phone:
        return _scoped("phone", wanted.phone, reads.orders.by_phone(wanted.phone, limit=20), wanted, actor)
    if wanted.tail:
        orders = reads.orders.by_tail(wanted.tail, limit=20)
        if wanted.head:
            orders = [each for each in orders if _headed(each, wanted.head, wanted.tail)]
        return _scoped("tail", wanted.tail, orders, wanted, actor)
    if wanted.name:
        since = wanted.range.start if wanted.range else now - RECENT
        found = _scoped("name", wanted.name, reads.orders.by_name(wanted.name, since=since, limit=20), wanted, actor)
        if not wanted.sku or not found.orders:
            return found
        return Found("name", wanted.name, tuple(each for each in found.orders if _has(each, wanted.sku)) or found.orders)
    if wanted.sku:
        start = wanted.range.start if wanted.range else now - timedelta(days=7)
        end = wanted.range.end if wanted.range else now + timedelta(minutes=1)
        return _scoped("sku", wanted.sku, reads.orders.by_sku(wanted.sku, since=start, until=end, limit=20), wanted, actor)
    return Found("", "")


def find_number(reads: Reads, number: str, actor: Actor) -> Found:
    """An exact handle: channel number, then waybill, then our own number."""
    cards = reads.orders.card_by_number(number)
    if not cards and len(number) <= _SHORT and number.isascii() and number.isdigit():
        cards = reads.orders.card_by_number(f"#{number}")  # Shopify's numbers are `#1001`, and are said with and without it
    if cards:
        shown = tuple(card for card in cards if sees(actor, card.stored))
        return Found("number", number, cards=shown, hidden=() if shown else tuple(card.stored for card in cards))
    cards = reads.orders.cards_by_waybill(number)
    if not cards and number.isascii() and number.isdigit() and len(number) <= 19:
        own = reads.orders.card(int(number)) if int(number) < 2**63 else None
        cards = [own] if own is not None else []
    shown = tuple(card for card in cards if sees(actor, card.stored))
    return Found("number", number, cards=shown, hidden=() if shown else tuple(card.stored for card in cards))


def _scoped(by: str, value: str, orders: Iterable[StoredOrder], wanted: Wanted, actor: Actor) -> Found:
    shown = [each for each in orders if sees(actor, each)]
    if wanted.channel:
        shown = [each for each in shown if each.order.channel == wanted.channel] or shown
    if wanted.range is not None and by in ("phone", "tail"):
        inside = [each for each in shown if wanted.range.start <= each.order.created_at < wanted.range.end]
        shown = inside or shown
    shown.sort(key=lambda each: each.order.created_at, reverse=True)
    return Found(by, value, tuple(shown))


def _headed(stored: StoredOrder, head: str, tail: str) -> bool:
    order = stored.order
    handles = (order.number, order.receiver.phone, *(parcel.waybill for parcel in order.parcels))
    return any(handle.startswith(head) and handle.endswith(tail) for handle in handles)


def _has(stored: StoredOrder, sku: str) -> bool:
    wanted = sku.casefold()
    return any(wanted in (line.sku.casefold(), line.platform_sku.casefold()) for line in stored.order.lines)


def in_list(reads: Reads, wanted: Wanted, actor: Actor, now: datetime) -> Found:
    """The nth of the orders that were shown last."""
    ids = recall_list(reads, actor, now)
    value = str(wanted.pick)
    if ids is None:
        return Found("list_gone", value)
    if wanted.pick == -1 and ids:  # "the last one"
        wanted = replace(wanted, pick=len(ids))
    if not 1 <= wanted.pick <= len(ids):
        return Found("list", value)
    stored = reads.orders.by_id(ids[wanted.pick - 1])
    return Found("list", value, (stored,) if stored is not None and sees(actor, stored) else ())


# --- what was shown last, so that "第 2 个" and "它的物流" find it again -------------------------------------------------


def recall_list(reads: Reads | UnitOfWork, actor: Actor, now: datetime) -> list[int] | None:
    """Ids of the orders shown last to this person in this chat; None when forgotten."""
    kept = reads.dialogs.recall(actor.platform, actor.chat_id, actor.user_id + _LIST_KEY, now)
    return [int(each) for each in kept["orders"]] if kept else None


def recall_chosen(reads: Reads | UnitOfWork, actor: Actor, now: datetime) -> int | None:
    """The one of them that was chosen with a button, or the only one."""
    kept = reads.dialogs.recall(actor.platform, actor.chat_id, actor.user_id + _LIST_KEY, now)
    if not kept:
        return None
    return int(kept["chosen"]) if "chosen" in kept else int(kept["orders"][0]) if len(kept["orders"]) == 1 else None


def settled(reads: Reads | UnitOfWork, plan: Plan, owner: tuple[str, str, str], now: datetime) -> Plan:
    """A plan that picked the nth of a list, with that order's number: what 它 means from now on, whatever is listed next.

    `owner` is platform, chat and user. When the list is gone or has no such place, nothing was picked.
    """
    platform, chat_id, user_id = owner
    kept = reads.dialogs.recall(platform, chat_id, user_id + _LIST_KEY, now)
    ids = [int(each) for each in kept["orders"]] if kept else []
    place = int(plan.extra["pick"])
    place = len(ids) if place == -1 else place
    stored = reads.orders.by_id(ids[place - 1]) if 1 <= place <= len(ids) else None
    if stored is not None:
        return about_one(plan, stored)
    return replace(plan, extra={name: value for name, value in plan.extra.items() if name != "pick"})


def about_one(plan: Plan, stored: StoredOrder) -> Plan:
    """`plan` about exactly this order, which was one of a list."""
    number = stored.order.number
    slots = replace(plan.slots, order_no=number, waybill_no=None, phone=None, phone_tail=None, name=None)
    extra = {
        name: value for name, value in plan.extra.items() if name not in ("pick", "order_head", "order_tail", "phone_head")
    }
    return replace(plan, slots=slots, found=(Handle("order_no", number),), extra=extra | {"listed": "1"})


def turn_to(uow: UnitOfWork, stored: StoredOrder, actor: Actor, now: datetime, until: datetime) -> None:
    """Somebody chose this order with a button: it is what they talk about from now on; the list stays to choose again."""
    owner = (actor.platform, actor.chat_id, actor.user_id)
    kept = uow.dialogs.recall(*owner, now)
    try:
        plan = threads.of_orders(kept, now)
    except BadInput:  # written by another version: as good as forgotten
        plan = None
    if plan is None or plan.intent in RISKY:
        plan = Plan(Intent.WHERE_IS_ORDER, entity="order")
    state = threads.state_of(about_one(plan, stored), kept, now, until)
    uow.dialogs.remember(*owner, (kept or {}) | state, until)
    shown = recall_list(uow, actor, now) or []
    listed = shown if stored.id in shown else [stored.id]
    uow.dialogs.remember(actor.platform, actor.chat_id, list_owner(actor), {"orders": listed, "chosen": stored.id}, until)


def list_owner(actor: Actor) -> str:
    """The dialog's key: apart from the plan that the dispatcher keeps for the same person."""
    return actor.user_id + _LIST_KEY
