"""What rules would have done over the last days of stored history. Reads only: nothing is raised, sent or written.

The conditions are the live ones (`Rule.when`, `clock_threshold`), fed with history: ship-by from orders, scans from parcels
and tracks, margins from lines and costs, stock from the ledger. Kinds without history (oversell, feed_down) say so instead
of guessing. Known limits: an order's present promise and warehouse stand for those it had then.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from domain.alert import GAP, group_of
from domain.clock import SHANGHAI, millis, moment
from domain.conditions import Value
from domain.margin import order_margin
from domain.money import Money
from domain.order import OPEN_STAGES, Order, OrderLine, Stage, TrackStage
from domain.rule_why import clock_threshold
from domain.rules import KINDS, Rule, RuleBook
from domain.store import Cost, Reads, Stock
from domain.waybill import carrier_code
from handlers.alert_checks import OLD_SHIP
from handlers.alert_margin import margin_seen
from handlers.alert_stock import FAR, RATE_WINDOW, minutes_to_empty

MOST_ROWS = 5_000_000
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Fired:
    """One alert that would have been raised."""

    at: datetime
    entity: str
    group: str
    amount: int = 0


@dataclass(slots=True)
class Replay:
    """One rule over the span. `messages` after grouping; `possible` False when there is no history for its kind."""

    rule: str
    version: int
    kind: str
    possible: bool = True
    fired: list[Fired] = field(default_factory=list)

    @property
    def per_day(self) -> dict[str, int]:
        return dict(sorted(Counter(f"{each.at.astimezone(SHANGHAI):%Y-%m-%d}" for each in self.fired).items()))

    @property
    def messages(self) -> int:
        """What the group would have received: one per flush, flushes at least two minutes apart."""
        last: dict[str, datetime] = {}
        count = 0
        for each in sorted(self.fired, key=lambda one: one.at):
            before = last.get(each.group)
            if before is None or each.at - before >= GAP:
                last[each.group] = each.at
                count += 1
        return count

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "version": self.version,
            "kind": self.kind,
            "possible": self.possible,
            "fired": len(self.fired),
            "messages": self.messages,
            "orders": len({each.entity for each in self.fired}),
            "amount_minor": sum(each.amount for each in self.fired),
            "per_day": self.per_day,
        }


def rehearse(reads: Reads, book: RuleBook, now: datetime, *, days: int = 30) -> list[Replay]:
    """Every rule of the book over the last `days`."""
    since = now - timedelta(days=days)
    found = []
    for rule in book.rules:
        replay = Replay(rule.name, rule.version, rule.kind)
        source = _SOURCES.get(rule.kind)
        if source is None:
            replay.possible = False
        else:
            replay.fired = [each for each in source(reads, book, rule, since, now) if since <= each.at <= now]
        found.append(replay)
    return found


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)


def _passed(rule: Rule, seen: Mapping[str, Value], anchor: datetime, until: datetime) -> datetime | None:
    """When the clock made it fire, if that was before the order moved on."""
    kind = KINDS[rule.kind]
    minutes = clock_threshold(rule.when, rule.facts(seen), kind.clock, kind.clock_step)
    if minutes is None:
        return None
    at = anchor + minutes * kind.clock_step * _MINUTE
    return at if at < until else None


# --- orders against ship-by -------------------------------------------------------------------------------------------

_ORDERS = (
    "SELECT id, channel, shop, warehouse, stage, paid, total, created_at, paid_at, ship_by, shipped_at, finished_at,"
    " updated_at FROM orders WHERE created_at >= :since AND created_at <= :now AND paid_at IS NOT NULL"
)


def _ship_by(reads: Reads, book: RuleBook, rule: Rule, since: datetime, now: datetime) -> Iterator[Fired]:
    # An order may be older than the span and ring inside it: promises rarely exceed two weeks.
    params = {"since": millis(since - timedelta(days=15)), "now": millis(now)}
    for row in reads.rows(_ORDERS, params, limit=MOST_ROWS):
        order_id, channel, shop, warehouse, stage, paid, total, created, paid_at, promised, shipped, finished, updated = row
        due = _at(promised)
        if due is None:
            clock = book.clock(channel, moment(paid_at or created))
            due = None if clock is None else moment(paid_at) + timedelta(hours=clock.hours)
        if due is None:
            continue
        left = [each for each in (_at(shipped), _at(finished)) if each is not None]
        open_now = Stage(stage) in OPEN_STAGES
        until = min(left) if left else now if open_now else moment(updated)
        if rule.kind == "ship_by_soon":
            until = min(until, due)
        seen: dict[str, Value] = {
            "channel": channel,
            "shop": shop,
            "warehouse": warehouse,
            "stage": Stage.TO_SHIP.value,
            "paid_minor": paid,
        }
        at = _passed(rule, seen, due, until)
        if at is None:
            continue
        at = max(at, moment(paid_at))
        if at - due < OLD_SHIP:
            yield Fired(at, f"order:{order_id}", group_of(rule, rule.severity, seen), total)


# --- parcels against scans --------------------------------------------------------------------------------------------

_PARCELS = (
    "SELECT o.id, o.channel, o.shop, o.warehouse, o.paid, o.total, o.delivered_at, p.carrier, p.shipped_at, p.picked_at,"
    " p.last_scan_at, t.events FROM parcels p JOIN orders o ON o.id = p.order_id LEFT JOIN tracks t ON t.waybill = p.waybill"
    " WHERE o.created_at >= :since AND p.shipped_at IS NOT NULL"
)


def _parcels(reads: Reads, book: RuleBook, rule: Rule, since: datetime, now: datetime) -> Iterator[Fired]:
    params = {"since": millis(since - timedelta(days=30))}
    for row in reads.rows(_PARCELS, params, limit=MOST_ROWS):
        order_id, channel, shop, warehouse, paid, total, delivered, carrier, uploaded, picked, last, events = row
        scans = sorted({ms for ms in (picked, last, *_scan_times(events)) if ms is not None and ms >= uploaded})
        end = min(delivered or millis(now), millis(now))
        seen: dict[str, Value] = {
            "channel": channel,
            "shop": shop,
            "warehouse": warehouse,
            "stage": Stage.SHIPPED.value,
            "paid_minor": paid,
            "carrier": carrier_code(carrier),
        }
        if rule.kind == "no_pickup":
            gaps = [(uploaded, scans[0] if scans else end)]
        else:
            marks = [uploaded, *scans]
            gaps = [(start, min(stop, end)) for start, stop in zip(marks, [*marks[1:], end], strict=True) if start < end]
        for start, stop in gaps:
            at = _passed(rule, seen, moment(start), moment(stop))
            if at is not None:
                yield Fired(at, f"order:{order_id}", group_of(rule, rule.severity, seen), total)


def _scan_times(events: str | None) -> list[int]:
    """Scan moments of a stored track: `[[ms, text, stage, ...], ...]`; the carrier's "created" is no scan."""
    found = []
    for event in json.loads(events) if events else []:
        at, stage = (event[0], event[2]) if isinstance(event, list) else (event.get("at"), event.get("stage"))
        if isinstance(at, int) and stage != TrackStage.CREATED.value:
            found.append(at)
    return found


# --- margins ----------------------------------------------------------------------------------------------------------

_LINES = (
    "SELECT o.id, o.channel, o.shop, o.warehouse, o.stage, o.currency, o.goods, o.freight, o.discount, o.total, o.paid,"
    " o.paid_at, o.tags, l.line_id, l.sku, l.quantity, l.unit_price, l.total, l.gift FROM orders o"
    " JOIN order_lines l ON l.order_id = o.id WHERE o.paid_at >= :since AND o.created_at >= :first ORDER BY o.id, l.n"
)


def _margins(reads: Reads, book: RuleBook, rule: Rule, since: datetime, now: datetime) -> Iterator[Fired]:
    params = {"since": millis(since), "first": millis(since - timedelta(days=30))}
    costs: dict[tuple[str, str, int], Cost | None] = {}

    def cost_at(channel: str, at: datetime) -> Callable[[OrderLine], Cost | None]:
        def cost(line: OrderLine) -> Cost | None:
            key = (line.sku, channel, at.toordinal())
            if key not in costs:
                costs[key] = reads.costs.cost(line.sku, channel, at)
            return costs[key]

        return cost

    for order_id, order in _orders_with_lines(reads.rows(_LINES, params, limit=MOST_ROWS)):
        paid_at = order.paid_at or order.created_at
        worst = order_margin(order, cost_at(order.channel, paid_at)).worst
        if worst is None:
            continue
        seen = margin_seen(book, order, worst)
        if rule.fires(seen):
            yield Fired(paid_at, f"order:{order_id}", group_of(rule, rule.severity_of(seen), seen), order.total.minor)


def _orders_with_lines(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Order]]:
    lines: list[OrderLine] = []
    for index, row in enumerate(rows):
        currency = row[5]
        lines.append(
            OrderLine(row[13], row[14], "", row[15], Money(row[16], currency), Money(row[17], currency), gift=bool(row[18]))
        )
        if index + 1 < len(rows) and rows[index + 1][0] == row[0]:
            continue
        paid_at = moment(row[11])
        goods, freight, discount, total, paid = (Money(minor, currency) for minor in row[6:11])
        tags = tuple(json.loads(row[12])) if row[12] else ()
        yield (
            row[0],
            Order(
                row[1], row[2], "", Stage(row[4]), paid_at, paid_at, goods, freight, discount, total, paid,
                Money(0, currency), tuple(lines), paid_at=paid_at, warehouse=row[3], tags=tags,
            ),
        )  # fmt: skip
        lines = []


# --- stock ------------------------------------------------------------------------------------------------------------

_MOVES = (
    "SELECT sku, warehouse, kind, quantity, on_hand, reserved, frozen, at FROM stock_ledger"
    " WHERE at >= :since ORDER BY sku, warehouse, at DESC, id DESC"
)


def _stock(reads: Reads, book: RuleBook, rule: Rule, since: datetime, now: datetime) -> Iterator[Fired]:
    """Each level backwards from today through the ledger, then forwards through the rule with its hysteresis."""
    by_place: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for row in reads.rows(_MOVES, {"since": millis(since)}, limit=MOST_ROWS):
        by_place[row[0], row[1]].append(row)
    for (sku, warehouse), moves in by_place.items():
        level = reads.stock.level(sku, warehouse)
        if level is None or level.safety <= 0:
            continue
        yield from _stock_of(rule, level, moves)


def _stock_of(rule: Rule, level: Stock, newest_first: Sequence[tuple[Any, ...]]) -> Iterator[Fired]:
    hand, held, frozen = level.on_hand, level.reserved, level.frozen
    states = []
    for _, _, kind, quantity, d_hand, d_held, d_frozen, at in newest_first:
        states.append((at, hand, held, frozen, kind, quantity))
        hand, held, frozen = hand - d_hand, held - d_held, frozen - d_frozen
    recent: deque[tuple[int, int]] = deque()
    standing = False
    for at, hand, held, frozen, kind, quantity in reversed(states):
        sold = quantity if kind == "reserve" else -quantity if kind == "release" else 0
        recent.append((at, sold))
        while recent[0][0] < at - RATE_WINDOW // timedelta(milliseconds=1):
            recent.popleft()
        hours = max((at - recent[0][0]) / 3_600_000, 1.0)
        rate = max(0, round(sum(each for _, each in recent) / hours))
        available = hand - held - frozen
        seen: dict[str, Value] = {
            "sku": level.sku, "warehouse": level.warehouse, "available": available, "on_hand": hand, "reserved": held,
            "frozen": frozen, "safety": level.safety, "in_transit": level.in_transit, "sold_per_hour": rate,
            "minutes_to_empty": minutes_to_empty(available, rate), "orders": 0, "ship_by_minutes": FAR,
        }  # fmt: skip
        if standing:
            standing = not rule.clears(seen)
        elif rule.fires(seen):
            standing = True
            entity = f"stock:{level.sku}@{level.warehouse}"
            yield Fired(moment(at), entity, group_of(rule, rule.severity_of(seen), seen))


_Source = Callable[[Reads, RuleBook, Rule, datetime, datetime], Iterator[Fired]]
_SOURCES: dict[str, _Source] = {
    "ship_by_soon": _ship_by,
    "ship_by_missed": _ship_by,
    "no_scan": _parcels,
    "no_pickup": _parcels,
    "margin": _margins,
    "stock_low": _stock,
}
