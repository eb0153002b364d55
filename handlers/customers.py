"""The customer in one view (A3): all orders by phone, name, or the buyer of a given order, latest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.chat import Button, Card, Reply, Tone
from domain.money import Money
from domain.order import AFTERSALE_OPEN, Stage
from domain.people import Actor, May
from domain.privacy import mask_name, mask_phone, safe_text
from domain.store import OrderCard, Reads, StoredOrder
from handlers import order_nothing
from handlers.desk import Desk, Feature, Need, Question
from handlers.order_search import RECENT, Found, Wanted, find_orders, recall_chosen, sees, wanted_of
from handlers.orders import SHOWN, choice_label, remember
from handlers.words.lists import lists
from handlers.words.orders import SEP, words

_AWAY = frozenset({Stage.SHIPPED, Stage.PART_SHIPPED, Stage.TO_SHIP, Stage.HOLD})


@dataclass(frozen=True, slots=True)
class Overview:
    """What one look brought about one customer; newest first."""

    orders: tuple[StoredOrder, ...] = ()
    cards: tuple[OrderCard, ...] = ()
    open_aftersales: int = 0
    nothing: order_nothing.Nothing | None = None


async def customer_orders(question: Question, actor: Actor, desk: Desk) -> Reply:
    """All that this customer ordered, as far as the asker may see."""
    now = desk.clock.now()
    wanted = wanted_of(question)
    seen = await desk.store.read(lambda r: _look(r, wanted, actor, now, desk))
    if seen.nothing is not None:
        return order_nothing.say_nothing(seen.nothing, actor, desk)
    if not seen.orders:
        return Reply(lists(actor.lang, "customer.which"))
    await remember([card.stored.id for card in seen.cards], actor, now, desk)
    return _draw(seen, wanted, actor, now, desk)


def _look(reads: Reads, wanted: Wanted, actor: Actor, now: datetime, desk: Desk) -> Overview:
    if wanted.empty:
        chosen = recall_chosen(reads, actor, now)
        first = None if chosen is None else reads.orders.by_id(chosen)
        if first is None or not sees(actor, first):
            return Overview()
        found = Found("list", "", (first,))
    else:
        found = find_orders(reads, wanted, actor, now)
        if not found.count:
            return Overview(nothing=order_nothing.explain(reads, wanted, found, actor, now, desk))
    known = [card.stored for card in found.cards] or list(found.orders)
    orders = _of_buyer(reads, known, actor)
    if wanted.range is not None:
        orders = [each for each in orders if wanted.range.start <= each.order.created_at < wanted.range.end]
    else:
        orders = [each for each in orders if now - each.order.created_at <= RECENT] or orders
    if not orders:
        text = lists(actor.lang, "customer.none", who=_who(known[0]))
        return Overview(nothing=order_nothing.Nothing("none", text))
    cards = [card for card in (reads.orders.card(each.id) for each in orders[:SHOWN]) if card is not None]
    opened = sum(after.stage in AFTERSALE_OPEN for card in cards for after in card.aftersales)
    return Overview(tuple(orders), tuple(cards), opened)


def _of_buyer(reads: Reads, known: Iterable[StoredOrder], actor: Actor) -> list[StoredOrder]:
    """The orders of whoever these belong to: by the shop's own buyer key, and by phone where it is in clear.

    Names never join customers: too many people share one.
    """
    all_of: dict[int, StoredOrder] = {}
    for stored in known:
        order = stored.order
        all_of[stored.id] = stored
        more = reads.orders.by_buyer(order.channel, order.shop, order.buyer_key) if order.buyer_key else []
        if order.receiver.phone and not order.receiver.masked:
            more += reads.orders.by_phone(order.receiver.phone, limit=50)
        all_of.update({each.id: each for each in more})
        if len(all_of) >= 100:
            break
    visible = [each for each in all_of.values() if sees(actor, each)]
    return sorted(visible, key=lambda each: each.order.created_at, reverse=True)


def _who(stored: StoredOrder) -> str:
    receiver = stored.order.receiver
    return "  ".join(part for part in (mask_name(receiver.name), mask_phone(receiver.phone)) if part) or "—"


def _draw(seen: Overview, wanted: Wanted, actor: Actor, now: datetime, desk: Desk) -> Reply:
    lang = actor.lang
    orders = [each.order for each in seen.orders]
    refunded = sum(order.refunded.minor > 0 for order in orders)
    label = wanted.range.label if wanted.range else ""
    span = lists(lang, "customer.range", label=safe_text(label, 16)) if label else lists(lang, "customer.span")
    title = lists(
        lang,
        "customer.head",
        who=_who(seen.orders[0]),
        span=span,
        count=len(orders),
        paid=" + ".join(str(amount) for amount in _sums(order.paid for order in orders)),
        refunded=lists(lang, "customer.refunded", count=refunded) if refunded else "",
    )
    away = sum(order.stage in _AWAY for order in orders)
    notes = [
        lists(lang, "customer.open", count=seen.open_aftersales) if seen.open_aftersales else "",
        lists(lang, "customer.away", count=away) if away else "",
        lists(lang, "customer.shops", shops="、".join(_shops(seen.orders, desk))),
    ]
    lines = [SEP.join(note for note in notes if note)]
    lines += [f"{index}. {choice_label(card, actor, now, desk)}" for index, card in enumerate(seen.cards, 1)]
    if len(orders) > len(seen.cards):
        lines.append(lists(lang, "customer.more", shown=len(seen.cards), count=len(orders)))
    freshest = max(card.source_at or card.stored.synced_at for card in seen.cards)
    footer = words(lang).as_of([(freshest, desk.channels.name(seen.orders[0].order.channel))], now)
    footer = f"{footer}{SEP}{lists(lang, 'customer.same')}"
    tone = Tone.WATCH if seen.open_aftersales else Tone.INFO
    buttons = tuple(
        Button(
            lists(lang, "customer.nth", index=index),
            desk.signer.sign("ask.pick", f"order:{card.stored.id}", "where_is_order"),
            command=f"第 {index} 个",
        )
        for index, card in enumerate(seen.cards, 1)
    )
    card = Card(title, tuple(lines), tone, buttons=buttons, footer=footer)
    return Reply("\n".join((title, *lines, footer)), card)


def _sums(amounts: Iterable[Money]) -> list[Money]:
    sums: dict[str, Money] = {}
    for amount in amounts:
        sums[amount.currency] = sums[amount.currency] + amount if amount.currency in sums else amount
    return list(sums.values())


def _shops(orders: Iterable[StoredOrder], desk: Desk) -> list[str]:
    names = dict.fromkeys(desk.channels.name(each.order.channel, each.order.shop) for each in orders)
    return list(names)[:3]


FEATURE = Feature("customers", questions={"customer_orders": Need(customer_orders, May.ASK_ORDERS)})
