"""Figures from day sums: whole days that nobody touched since they were added up; what is left is counted from the orders.

Only questions whose groupings and conditions the sums know are answered so: by day, channel, shop and warehouse. The
asker's scope is in the statement here as everywhere (`storage.query_build`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.query import Part, Parts, Query, Scope
from storage.days import DAY_SECONDS, PICKED, SENT, day_start, minutes_of
from storage.moments import ms
from storage.query_build import Builder, Statement
from storage.recipes import HOUR_EAST, total
from storage.sql import Row

_KNOWN = frozenset({"day", "channel", "shop", "warehouse"})
_DUE = "CASE WHEN d.waiting_to < :now THEN d.waiting ELSE 0 END"
_NOT_DUE = "CASE WHEN d.waiting_from > :now THEN d.waiting ELSE 0 END"
_PROMISES = "d.in_time + d.late + d.waiting"


@dataclass(frozen=True, slots=True)
class _Sums:
    """A metric by columns of `day_sums`; `rows` says how many things were counted, none of them is no group."""

    rows: str
    number: str
    whole: str = "0"
    left: str = "0"
    currency: str = "''"
    spans: str = ""
    promise: bool = False


_SUMS: dict[str, _Sums] = {
    "orders": _Sums("d.placed", "d.placed"),
    "gmv": _Sums("d.paid_orders", "d.paid", "d.paid_orders", currency="d.currency"),
    "average_order": _Sums("d.paying", "d.paying_paid", "d.paying", currency="d.currency"),
    "refund_rate": _Sums("d.paid_orders", "d.refunded", "d.paid_orders"),
    "fulfilment_p95": _Sums("d.timed", "0", left="d.timed", spans=PICKED),
    "fulfilment_p50": _Sums("d.timed", "0", left="d.timed", spans=PICKED),
    "first_response": _Sums("d.paid_orders", "0", left="d.paid_orders", spans=SENT),
    "on_time": _Sums(_PROMISES, "d.in_time", f"d.in_time + d.late + {_DUE}", _NOT_DUE, promise=True),
    "late_share": _Sums(_PROMISES, f"d.late + {_DUE}", f"d.in_time + d.late + {_DUE}", _NOT_DUE, promise=True),
    "late_orders": _Sums(f"d.late + {_DUE}", f"d.late + {_DUE}", promise=True),
    "sales_by_sku": _Sums("d.sold_lines", "d.units", "d.sold_lines"),
    "margin": _Sums("d.priced_lines", "d.earned", "d.costed", "d.uncosted", "d.currency"),
}
# Days on which some promised order's time is before the asker's moment and another's after it are counted themselves.
STRADDLING = (
    "SELECT DISTINCT d.day FROM day_sums d WHERE d.day >= :first AND d.day < :last AND d.waiting > 0"
    " AND d.waiting_from <= :now AND d.waiting_to >= :now"
)
MARKED = "SELECT DISTINCT m.day FROM day_marks m WHERE m.day >= :first AND m.day < :last"
_DAYS_CAP = 4_000  # more than two periods of the longest question


@dataclass(frozen=True, slots=True)
class Division:
    """A query's time: whole days to read from the sums, and stretches (period, first, last) to count from the orders."""

    days: tuple[int, ...] = ()
    rest: tuple[tuple[int, datetime, datetime], ...] = ()


@dataclass(slots=True)
class Merged:
    """Parts of the same period, group and currency added up, whichever way they were found."""

    sums: dict[tuple[int, tuple[str, ...], str], Parts] = field(default_factory=dict)

    def at(self, period: int, group: tuple[str, ...], currency: str) -> Parts:
        return self.sums.setdefault((period, group, currency), Parts())

    def parts(self) -> list[Part]:
        return [Part(*key, parts) for key, parts in self.sums.items()]


def is_kept(query: Query) -> bool:
    """Can this question be answered from day sums?"""
    named = {*query.groups, *(each.field for each in query.filters)}
    return query.metric.code in _SUMS and named <= _KNOWN


def doubts(query: Query) -> list[Statement]:
    """The statements that list the days whose sums are not to be used for this query."""
    sums = _SUMS[query.metric.code]
    spans = _periods(query)
    params = {
        "first": min(_whole(low, high)[0] for _, low, high in spans),
        "last": max(_whole(low, high)[1] for _, low, high in spans),
    }
    # Costs change nothing but the margin.
    marked = MARKED + ("" if query.metric.code == "margin" else " AND m.why = 'orders'")
    found = [Statement(marked, params)]
    if sums.promise:
        found.append(Statement(STRADDLING, {**params, "now": ms(query.now)}))
    return found


def divide(query: Query, doubtful: set[int]) -> Division:
    """Whole days without a doubt, and the stretches between them."""
    days: list[int] = []
    rest: list[tuple[int, datetime, datetime]] = []
    for period, low, high in _periods(query):
        first, last = _whole(low, high)
        here = low
        for day in range(first, last):
            if day in doubtful:
                continue
            begin = day_start(day)
            if here < begin:
                rest.append((period, _moment(here), _moment(begin)))
            here = begin + DAY_SECONDS
            days.append(day)
        if here < high:
            rest.append((period, _moment(here), _moment(high)))
    return Division(tuple(days), tuple(rest))


def _periods(query: Query) -> list[tuple[int, int, int]]:
    """(period, first second, last second)."""
    found = [(1, int(query.start.timestamp()), int(query.end.timestamp()))]
    if query.previous:
        low, high = query.before
        found.append((0, int(low.timestamp()), int(high.timestamp())))
    return found


def _whole(low: int, high: int) -> tuple[int, int]:
    """The whole days between two seconds, as a range."""
    return -(-(low + HOUR_EAST) // DAY_SECONDS), (high + HOUR_EAST) // DAY_SECONDS


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


# --- compiling --------------------------------------------------------------------------------------------------------


class _DayBuilder(Builder):
    """The same conditions and the same scope, on the sums' columns."""

    def column(self, name: str) -> str:
        if name not in _KNOWN:
            raise ValueError(name)
        return f"d.{name}"


def _prepared(query: Query, scope: Scope, days: Sequence[int], *, pg: bool) -> tuple[_DayBuilder, str, list[str]]:
    """(builder with its conditions, expression of the period, groups)."""
    build = _DayBuilder(query, scope, pg=pg)
    build.params["days"] = list(days) if pg else json.dumps(days)
    build.where.append(f"d.day {'= ANY(:days)' if pg else 'IN (SELECT value FROM json_each(:days))'}")
    build.narrow()
    low = _whole(*_periods(query)[0][1:])[0]
    period = f"CASE WHEN d.day >= {build.given('asked', low)} THEN 1 ELSE 0 END"
    return build, period, [f"CAST({build.column(each)} AS TEXT)" for each in query.groups]


def compile_sums(query: Query, scope: Scope, days: Sequence[int], *, pg: bool) -> Statement:
    """(period, groups…, currency, bucket, numerator, denominator, left out), as `storage.query.compile_parts`."""
    sums = _SUMS[query.metric.code]
    build, period, groups = _prepared(query, scope, days, pg=pg)
    currency = [sums.currency] if sums.currency != "''" else []
    by = ",".join(str(place) for place in range(1, len(groups) + len(currency) + 2))
    sql = (
        f"SELECT {','.join([period, *groups, sums.currency])},0,{total(sums.number)},{total(sums.whole)},{total(sums.left)}"
        f" FROM day_sums d WHERE {' AND '.join(build.where)} GROUP BY {by} HAVING {total(sums.rows)} > 0"
    )
    return Statement(build.said(sql), build.params)


def compile_spans(query: Query, scope: Scope, days: Sequence[int], *, pg: bool) -> Statement | None:
    """(period, groups…, minutes) of a percentile; None for every other figure."""
    sums = _SUMS[query.metric.code]
    if not sums.spans:
        return None
    build, period, groups = _prepared(query, scope, days, pg=pg)
    build.where.append(f"d.kind = {build.given('kind', sums.spans)}")
    sql = f"SELECT {','.join([period, *groups])},d.minutes FROM day_spans d WHERE {' AND '.join(build.where)}"
    return Statement(build.said(sql), build.params)


def add_spans(rows: Sequence[Row], merged: Merged) -> None:
    """The orders whose span is known were counted as left out before: now they are buckets."""
    together: dict[tuple[Any, ...], list[bytes]] = {}
    for row in rows:
        together.setdefault(row[:-1], []).append(row[-1])
    for (period, *group), blobs in together.items():
        parts = merged.at(period, tuple(group), "")
        minutes = minutes_of(b"".join(blobs))
        buckets = Counter(minutes)
        for bucket, count in buckets.items():
            parts.buckets[bucket] = parts.buckets.get(bucket, 0) + count
        parts.denominator += len(minutes)
        parts.left_out -= len(minutes)
