"""Stock against its safety level, seen at the moment a ledger move changed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alert import Firing
from domain.clock import millis
from domain.conditions import Value
from domain.order import OPEN_STAGES
from domain.store import Reads, Stock, StockMove, StoredOrder, UnitOfWork
from handlers.alert_checks import due_to_ship
from handlers.alert_raise import firing_rules, raise_firing, rulebook, settle
from handlers.desk import Desk

RATE_WINDOW = timedelta(hours=6)
LOOK_BACK = timedelta(days=14)
MOST_ORDERS = 200
FAR = 1 << 30  # minutes: it will not run out at this rate


@dataclass(frozen=True, slots=True)
class Affected:
    """Open orders that want this SKU from this warehouse. `capped`: there are more than were counted."""

    orders: tuple[int, ...]
    minor: int
    currency: str
    earliest: datetime | None
    capped: bool


def sold_per_hour(moves: Sequence[StockMove], now: datetime) -> int:
    """Units reserved, net of releases, per hour over the last six hours, or since the first of them when that is later.

    At least one hour is counted, so that a single burst is not taken for a day's pace.
    """
    recent = [move for move in moves if move.at > now - RATE_WINDOW and move.kind in ("reserve", "release")]
    if not recent:
        return 0
    net = sum(move.quantity if move.kind == "reserve" else -move.quantity for move in recent)
    seconds = max((now - min(move.at for move in recent)).total_seconds(), 3600.0)
    return max(0, round(net * 3600 / seconds))


def minutes_to_empty(available: int, per_hour: int) -> int:
    if available <= 0:
        return 0
    return available * 60 // per_hour if per_hour else FAR


def affected(reads: Reads | UnitOfWork, level: Stock, now: datetime, desk: Desk) -> Affected:
    """What a stock-out here would touch."""
    found = reads.orders.by_sku(level.sku, since=now - LOOK_BACK, until=now + timedelta(minutes=1), limit=MOST_ORDERS)
    book = rulebook(desk)
    mine: list[StoredOrder] = [
        each
        for each in found
        if each.order.stage in OPEN_STAGES
        and each.order.paid_at is not None
        and each.order.warehouse in ("", level.warehouse)
    ]
    dues = [due for each in mine if (due := due_to_ship(book, each.order)) is not None]
    currency = mine[0].order.total.currency if mine else "CNY"
    minor = sum(each.order.total.minor for each in mine if each.order.total.currency == currency)
    return Affected(tuple(each.id for each in mine), minor, currency, min(dues, default=None), len(found) >= MOST_ORDERS)


def stock_seen(level: Stock, per_hour: int, hurt: Affected, now: datetime) -> dict[str, Value]:
    """The facts of a stock rule."""
    return {
        "sku": level.sku,
        "warehouse": level.warehouse,
        "available": level.available,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "frozen": level.frozen,
        "safety": level.safety,
        "in_transit": level.in_transit,
        "sold_per_hour": per_hour,
        "minutes_to_empty": minutes_to_empty(level.available, per_hour),
        "orders": len(hurt.orders),
        "ship_by_minutes": FAR if hurt.earliest is None else (hurt.earliest - now) // timedelta(minutes=1),
    }


def on_stock(uow: UnitOfWork, before: Stock | None, after: Stock, now: datetime, desk: Desk) -> None:
    """A level moved. Cheap when it is far from its safety level and nothing stands."""
    book = rulebook(desk)
    rules = book.of("stock_low")
    entity = f"stock:{after.sku}@{after.warehouse}"
    if after.safety <= 0 or not rules:
        return
    standing = [rule for rule in rules if uow.alerts.open_by_fingerprint(f"{rule.name}|{entity}") is not None]
    # Twice the safety level is beyond every rule that ships; a rule that looks further still sees each move below that.
    if not standing and after.available > 2 * after.safety:
        return
    per_hour = sold_per_hour(uow.stock.moves(after.sku, after.warehouse, now - RATE_WINDOW), now)
    hurt = affected(uow, after, now, desk)
    seen = stock_seen(after, per_hour, hurt, now)
    shown = {
        "name": after.title or after.sku,
        "goods": after.title or after.sku,
        "amount_minor": hurt.minor,
        "currency": hurt.currency,
        "ship_by": millis(hurt.earliest) if hurt.earliest else 0,
        "capped": hurt.capped,
    }
    cause = {"sku": after.sku, "warehouse": after.warehouse}
    for rule, fires in firing_rules(book, "stock_low", seen):
        if fires:
            raise_firing(uow, Firing(rule, entity, seen, hurt.orders[:50], cause, shown), now)
        elif rule in standing:
            settle(uow, rule, entity, seen, now)
