"""Day sums: marked as out of date by every write, added up anew by a job, and only believed while no mark stands.

The mark is written in the transaction of the change itself, so that a crash can lose neither without the other. Adding up
reads the marks first and the orders afterwards; keeping removes exactly the marks that were read and fails when one of them
is no longer there. A change in between leaves a mark of its own, so the day stays marked.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from domain.query import DaySum
from storage.caps import capped
from storage.recipes import (
    EARNED,
    HOUR_EAST,
    IN_TIME,
    PAID,
    PLACED,
    PLACED_AT,
    PROMISED,
    REFUNDED,
    SOLD,
    TIMED,
    TO_PICKED,
    TO_SENT,
    cost_key,
    costed,
    joined,
    many,
    total,
)
from storage.sql import Bulk, Conn, Row

PICKED, SENT = "picked", "sent"  # kinds of spans
DAY_SECONDS = 86_400
_PLACE = "channel,shop,warehouse,currency"
_ORDER_SUMS = (
    "placed", "paid_orders", "paid", "paying", "paying_paid", "refunded", "timed", "in_time", "late", "waiting",
    "waiting_from", "waiting_to",
)  # fmt: skip
_LINE_SUMS = ("units", "sold_lines", "earned", "costed", "uncosted", "priced_lines")
_WAITING = f"{PROMISED} AND o.shipped_at IS NULL"
_OF_DAY = "o.id >= :lo AND o.id < :hi"
_ORDERS = (
    "SELECT o.channel,o.shop,o.warehouse,o.currency,"
    + ",".join(
        (
            many(PLACED),
            many(PAID),
            total(f"CASE WHEN {PAID} THEN o.paid ELSE 0 END"),
            many(f"{PAID} AND o.paid > 0"),
            total(f"CASE WHEN {PAID} AND o.paid > 0 THEN o.paid ELSE 0 END"),
            many(f"{PAID} AND {REFUNDED}"),
            many(TIMED),
            many(f"{PROMISED} AND {IN_TIME}"),
            many(f"{PROMISED} AND o.shipped_at > o.ship_by"),
            many(_WAITING),
            f"MIN(CASE WHEN {_WAITING} THEN o.ship_by END)",
            f"MAX(CASE WHEN {_WAITING} THEN o.ship_by END)",
        )
    )
    + f" FROM orders o WHERE {_OF_DAY} GROUP BY 1,2,3,4"
)
_SPANS = (
    f"SELECT o.channel,o.shop,o.warehouse,CASE WHEN o.paid_at IS NOT NULL THEN {TO_PICKED} END,{TO_SENT}"
    f" FROM orders o WHERE {_OF_DAY} AND {PAID}"
)
_KEEP_SUMS = Bulk(
    "day_sums",
    {"day": "bigint", **dict.fromkeys(_PLACE.split(","), "text"), **dict.fromkeys((*_ORDER_SUMS, *_LINE_SUMS), "bigint")},
)
_KEEP_SPANS = Bulk(
    "day_spans",
    {"day": "bigint", "kind": "text", "channel": "text", "shop": "text", "warehouse": "text", "minutes": "bytea"},
)
_DAY_SECONDS_CAP = 120.0
_ROWS = 10_000_000  # more orders in one day than this are not to be had
_MARK_SQLITE = Bulk(
    "day_marks",
    {"day": "bigint"},
    "ON CONFLICT (day,why,token) DO UPDATE SET mark = excluded.mark",
    fixed={"why": "'orders'", "token": "0", "mark": "random()"},
)
_MARK_PG = (
    "INSERT INTO day_marks(day,why,token) SELECT one,'orders',txid_current() FROM unnest(?::bigint[]) one"
    " ON CONFLICT DO NOTHING"
)
_MARKS = "SELECT why,token,mark FROM day_marks WHERE day = ? ORDER BY why,token"
_KNOWN_DAYS = "SELECT day FROM day_sums WHERE day >= ? UNION SELECT day FROM day_marks WHERE day >= ?"


def _lines(*, any_cost: bool, pg: bool) -> str:
    has, lacks = "x.quantity > 0 AND x.cost IS NOT NULL", "x.quantity > 0 AND x.cost IS NULL"
    key = (
        cost_key("l.sku", "o.channel", "o.currency", PLACED_AT, pg=pg)
        if any_cost
        else f"CAST(NULL AS {'tid' if pg else 'INTEGER'})"
    )
    sold = (
        "SELECT o.channel AS channel,o.shop AS shop,o.warehouse AS warehouse,o.currency AS currency,l.total AS total,"
        f"l.quantity AS quantity,{{key}} FROM {joined('lines', pg=pg)}"
        f" WHERE l.order_id >= :lo AND l.order_id < :hi AND {_OF_DAY} AND {SOLD} AND l.gift = 0"
    )
    return (
        f"SELECT x.channel,x.shop,x.warehouse,x.currency,{total('x.quantity')},COUNT(*),"
        f"{total(f'CASE WHEN {has} THEN {EARNED} ELSE 0 END')},{total(f'CASE WHEN {has} THEN x.total * 10000 ELSE 0 END')},"
        f"{many(lacks)},{many('x.quantity > 0')} FROM {costed(sold, key, pg=pg)} GROUP BY 1,2,3,4"
    )


def day_of_id(order_id: int) -> int:
    """The day that an order belongs to, by its key."""
    return ((order_id >> 31) + HOUR_EAST) // DAY_SECONDS


def day_start(day: int) -> int:
    """The second at which a day begins."""
    return day * DAY_SECONDS - HOUR_EAST


def mark_days(conn: Conn, order_ids: Iterable[int]) -> None:
    """The days of these orders are not to be believed any more. In the transaction that changes them."""
    days = sorted({day_of_id(one) for one in order_ids})
    if conn.pg and days:
        conn.run(_MARK_PG, (days,))
        return
    if days:
        conn.later(_MARK_SQLITE, [(day,) for day in days])


def mark_costs(conn: Conn, since_ms: int) -> None:
    """Costs valid from that moment on have changed: the margin of every later day is to be added up anew."""
    day = (since_ms // 1000 + HOUR_EAST) // DAY_SECONDS
    token, mark = ("txid_current()", "0") if conn.pg else ("0", "random()")
    # Marked days too: one that is being added up right now has no sums yet, and has read the old cost.
    conn.run(
        f"INSERT INTO day_marks(day,why,token,mark) SELECT day,'costs',{token},{mark} FROM ({_KNOWN_DAYS}) known WHERE 1 = 1"
        " ON CONFLICT (day,why,token) DO UPDATE SET mark = excluded.mark",
        (day, day),
    )


class DayReads:
    """Which days are marked, and what their orders add up to now."""

    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def marked(self, *, limit: int = 2_000) -> list[int]:
        """Days to be added up anew, the newest first."""
        return [row[0] for row in self._c.all("SELECT DISTINCT day FROM day_marks ORDER BY day DESC LIMIT ?", (limit,))]

    def added_up(self, day: int) -> DaySum:
        """Counts the day's orders; for `DayWrites.keep`."""
        with capped(self._c, _DAY_SECONDS_CAP):
            return self._added_up(day)

    def _added_up(self, day: int) -> DaySum:
        marks = self._c.all(_MARKS, (day,))
        span = {"lo": max(day_start(day), 0) << 31, "hi": max(day_start(day + 1), 0) << 31}
        any_cost = self._c.one("SELECT 1 FROM costs LIMIT 1") is not None
        lines = {row[:4]: row[4:] for row in self._c.named(_lines(any_cost=any_cost, pg=self._c.pg), span, _ROWS)}
        none = (0,) * len(_LINE_SUMS)
        sums = [(day, *row, *lines.get(row[:4], none)) for row in self._c.named(_ORDERS, span, _ROWS)]
        return DaySum(day, tuple(marks), tuple(sums), tuple(self._spans(day, span)))

    def _spans(self, day: int, span: dict[str, int]) -> list[Row]:
        found: dict[tuple[Any, ...], array[int]] = {}
        for channel, shop, warehouse, picked, sent in self._c.named(_SPANS, span, _ROWS):
            if picked is not None:
                found.setdefault((PICKED, channel, shop, warehouse), array("I")).append(max(picked, 0))
            if sent is not None:
                found.setdefault((SENT, channel, shop, warehouse), array("I")).append(max(sent, 0))
        return [(day, *key, _little(minutes).tobytes()) for key, minutes in found.items()]


class DayWrites(DayReads):
    def keep(self, summed: DaySum) -> bool:
        """Replace the day's sums and take its marks away. False, and nothing done, when it was marked or kept since."""
        if not self._unmark(summed.day, summed.marks):
            return False
        self._c.run("DELETE FROM day_sums WHERE day = ?", (summed.day,))
        self._c.run("DELETE FROM day_spans WHERE day = ?", (summed.day,))
        if summed.sums:
            self._c.bulk(_KEEP_SUMS, summed.sums)
        if summed.spans:
            self._c.bulk(_KEEP_SPANS, summed.spans)
        return True

    def _unmark(self, day: int, seen: Sequence[Row]) -> bool:
        """All the marks that were seen, if they all still stand."""
        there = set(self._c.all(_MARKS + (" FOR UPDATE" if self._c.pg else ""), (day,)))
        if not seen or not there.issuperset(seen):
            return False
        if self._c.pg:
            self._c.run(
                "DELETE FROM day_marks m USING unnest(?::text[],?::bigint[],?::bigint[]) AS seen(why,token,mark)"
                " WHERE m.day = ? AND m.why = seen.why AND m.token = seen.token AND m.mark = seen.mark",
                ([one[0] for one in seen], [one[1] for one in seen], [one[2] for one in seen], day),
            )
            return True
        for one in seen:
            self._c.run("DELETE FROM day_marks WHERE day = ? AND why = ? AND token = ? AND mark = ?", (day, *one))
        return True


def _little(minutes: array[int]) -> array[int]:
    """As it is stored: a file may move to a machine of the other byte order."""
    if sys.byteorder != "little":
        minutes.byteswap()
    return minutes


def minutes_of(stored: bytes) -> array[int]:
    """The spans of stored bytes, several days' joined if need be."""
    found = array("I")
    found.frombytes(stored)
    return _little(found)
