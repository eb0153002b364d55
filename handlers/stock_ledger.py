"""Orders move stock: paid reserves, shipped ships, closed before shipping releases. The ledger is the only writer.

Every move has a key made of order, SKU and intent, so that a repeated or late message moves nothing twice. When there is
not enough, nothing goes negative: the order is held (`stock`), one alert says so, and it is tried again when stock comes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alert import Firing
from domain.conditions import Value
from domain.errors import Refused, Stale
from domain.order import OPEN_STAGES, Order, Stage
from domain.store import Deadline, OrderEvent, Stock, StockMove, UnitOfWork, Upserted
from handlers.alert_checks import order_cause, order_shown
from handlers.alert_raise import finish_entity, firing_rules, raise_firing, rulebook
from handlers.alert_stock import MOST_ORDERS, on_stock
from handlers.desk import Desk, Feature

HOLD = "stock"
NEWS = timedelta(days=3)
_GONE = frozenset({Stage.SHIPPED, Stage.DELIVERED, Stage.COMPLETED})


@dataclass(frozen=True, slots=True)
class Need:
    """Units of one SKU that one order needs, all its lines together: two lines of one SKU are one need."""

    sku: str
    quantity: int


def needs(order: Order) -> list[Need]:
    counts: Counter[str] = Counter()
    for line in order.lines:
        if line.sku and line.quantity > 0:
            counts[line.sku] += line.quantity
    return [Need(sku, quantity) for sku, quantity in sorted(counts.items())]


def changed(uow: UnitOfWork, upserted: Upserted, now: datetime, desk: Desk) -> None:
    """Follow an order's life in the ledger. Asks the ledger only when this change can matter to it."""
    before, after, order_id = upserted.before, upserted.after, upserted.id
    if _wants_stock(after):
        if before is not None and _wants_stock(before) and needs(before) == needs(after):
            return
        if (before is None or before.paid_at is None) and after.paid_at is not None and after.paid_at < now - NEWS:
            return  # history being imported: its stock left long ago
        _reserve(uow, order_id, after, held_for(uow, order_id) if before is not None else {}, now, desk)
    elif before is not None and _wants_stock(before):
        held = held_for(uow, order_id)
        if held:
            _move(uow, order_id, held, "ship" if after.stage in _GONE else "release", now, desk)
        if HOLD in after.holds:
            _free(uow, order_id, now, desk)


def _wants_stock(order: Order) -> bool:
    return order.stage in OPEN_STAGES and order.paid_at is not None


def held_for(uow: UnitOfWork, order_id: int) -> dict[tuple[str, str], int]:
    """(sku, warehouse) -> units this order has reserved now, from the ledger."""
    held: Counter[tuple[str, str]] = Counter()
    for move in uow.stock.of_order(order_id):
        if move.kind == "reserve":
            held[(move.sku, move.warehouse)] += move.quantity
        elif move.kind in ("release", "ship"):
            held[(move.sku, move.warehouse)] -= move.quantity
    return {place: quantity for place, quantity in held.items() if quantity > 0}


def _key(uow: UnitOfWork, order_id: int, kind: str, sku: str) -> str:
    """The n-th move of this kind for this order and SKU: a repeated message finds it done by looking at `held_for` first."""
    done = sum(move.kind == kind and move.sku == sku for move in uow.stock.of_order(order_id))
    return f"{kind}|{order_id}|{sku}|{done + 1}"


def _move(uow: UnitOfWork, order_id: int, held: dict[tuple[str, str], int], kind: str, now: datetime, desk: Desk) -> None:
    moves = [
        StockMove(sku, warehouse, kind, quantity, _key(uow, order_id, kind, sku), now, order_id, "小单")
        for (sku, warehouse), quantity in sorted(held.items())
    ]
    _apply(uow, moves, now, desk)


def _apply(uow: UnitOfWork, moves: Sequence[StockMove], now: datetime, desk: Desk) -> None:
    """Move, then let everyone who watches levels look. Raises Refused before anything moved."""
    before = {(move.sku, move.warehouse): uow.stock.level(move.sku, move.warehouse) for move in moves}
    uow.stock.move(moves)
    for (sku, warehouse), was in before.items():
        after = uow.stock.level(sku, warehouse)
        if after is not None:
            stock_changed(uow, was, after, now, desk)


def stock_changed(uow: UnitOfWork, before: Stock | None, after: Stock, now: datetime, desk: Desk) -> None:
    """To be called after every ledger move, whoever made it: warns, and feeds orders that wait for stock."""
    on_stock(uow, before, after, now, desk)
    if before is None or after.available > before.available:
        # Not here and now: this may be the inside of another order's move.
        uow.deadlines.put([Deadline(f"stock:{after.sku}@{after.warehouse}", "stock_retry", now)])


def _reserve(
    uow: UnitOfWork, order_id: int, order: Order, held: dict[tuple[str, str], int], now: datetime, desk: Desk
) -> None:
    """Make what the order holds equal to what it needs, in one warehouse; hold the order when there is not enough."""
    wanted = needs(order)
    warehouse = order.warehouse or _pick(uow, wanted, held)
    tracked = {need.sku: level for need in wanted if (level := uow.stock.level(need.sku, warehouse)) is not None}
    mine = {sku: quantity for (sku, place), quantity in held.items() if place == warehouse}
    extra = {place: quantity for place, quantity in held.items() if place[1] != warehouse}
    more = [Need(n.sku, n.quantity - mine.get(n.sku, 0)) for n in wanted if n.sku in tracked]
    for sku, quantity in mine.items():
        surplus = quantity - next((need.quantity for need in wanted if need.sku == sku), 0)
        if surplus > 0:
            extra[(sku, warehouse)] = surplus
    if extra:
        _move(uow, order_id, extra, "release", now, desk)
    short = [(need, tracked[need.sku]) for need in more if need.quantity > tracked[need.sku].available]
    if not short:
        try:
            _apply(uow, _reservations(uow, order_id, warehouse, more, now), now, desk)
        except Refused as taken:
            # Another replica took the last one between our look and the move. Nothing of this unit of work may stay;
            # whoever runs it tries again and then sees that there is not enough.
            raise Stale("stock moved meanwhile") from taken
    if short:
        _hold(uow, order_id, short, now, desk)
    elif HOLD in order.holds or (tracked and not order.warehouse):
        _free(uow, order_id, now, desk, warehouse=warehouse if tracked else "")


def _reservations(uow: UnitOfWork, order_id: int, warehouse: str, more: Sequence[Need], now: datetime) -> list[StockMove]:
    return [
        StockMove(
            need.sku, warehouse, "reserve", need.quantity, _key(uow, order_id, "reserve", need.sku), now, order_id, "小单"
        )
        for need in more
        if need.quantity > 0
    ]


def _pick(uow: UnitOfWork, wanted: Sequence[Need], held: dict[tuple[str, str], int]) -> str:
    """Where the order already holds something; else the warehouse that covers most needs, then has most to spare."""
    if held:
        return max(held, key=lambda place: held[place])[1]
    score: dict[str, tuple[int, int]] = {}
    for need in wanted:
        for level in uow.stock.levels(sku=need.sku):
            covered, spare = score.get(level.warehouse, (0, 0))
            score[level.warehouse] = (covered + (level.available >= need.quantity), spare + level.available)
    return max(sorted(score), key=lambda name: score[name], default="")


def _hold(uow: UnitOfWork, order_id: int, short: Sequence[tuple[Need, Stock]], now: datetime, desk: Desk) -> None:
    stored = uow.orders.by_id(order_id)
    if stored is None:
        return
    if HOLD not in stored.order.holds:
        event = OrderEvent(now, "hold", "小单", "rule", "", HOLD, cause="stock")
        uow.orders.change(order_id, expect_version=stored.version, events=[event], holds=(*stored.order.holds, HOLD))
    need, level = short[0]
    seen: dict[str, Value] = {
        "sku": level.sku,
        "warehouse": level.warehouse,
        "available": level.available,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "frozen": level.frozen,
        "safety": level.safety,
        "in_transit": level.in_transit,
        "wanted": need.quantity,
    }
    shown = {**order_shown(stored.order, desk), "goods": level.title or level.sku}
    for rule, fires in firing_rules(rulebook(desk), "oversell", seen):
        if fires:
            firing = Firing(rule, f"order:{order_id}", seen, (order_id,), order_cause(stored.order, desk), shown)
            raise_firing(uow, firing, now)


def _free(uow: UnitOfWork, order_id: int, now: datetime, desk: Desk, *, warehouse: str = "") -> None:
    """The order has what it needs, or needs nothing any more: lift the hold, end the alert, note the warehouse."""
    stored = uow.orders.by_id(order_id)
    if stored is None:
        return
    order = stored.order
    events, columns = [], {}
    if HOLD in order.holds:
        events.append(OrderEvent(now, "release", "小单", "rule", HOLD, "", cause="stock"))
        columns["holds"] = tuple(hold for hold in order.holds if hold != HOLD)
        finish_entity(uow, rulebook(desk).of("oversell"), f"order:{order_id}", now)
    if warehouse and not order.warehouse:
        events.append(OrderEvent(now, "warehouse", "小单", "rule", "", warehouse, cause="stock"))
        columns["warehouse"] = warehouse  # type: ignore[assignment]
    if columns:
        uow.orders.change(order_id, expect_version=stored.version, events=events, **columns)


def retry(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Stock came: orders that wait for it get it, oldest payment first."""
    sku, _, warehouse = deadline.entity.partition(":")[2].rpartition("@")
    level = uow.stock.level(sku, warehouse)
    if level is None or level.available <= 0:
        return
    waiting = [
        each
        for each in uow.orders.by_sku(
            sku, since=now - timedelta(days=30), until=now + timedelta(minutes=1), limit=MOST_ORDERS
        )
        if HOLD in each.order.holds and each.order.stage in OPEN_STAGES and each.order.warehouse in ("", warehouse)
    ]
    for each in sorted(waiting, key=lambda one: (one.order.paid_at or one.order.created_at, one.id)):
        _reserve(uow, each.id, each.order, held_for(uow, each.id), now, desk)


FEATURE = Feature("stock_ledger", due={"stock_retry": retry}, changed=(changed,))
