"""Finding an order by phone, waybill, name, buyer, or the last four digits of anything: one small table.

A row is (bucket, handle, order). The bucket is the order's six-day span (the top bits of its time-ordered key), so that
ingest only ever touches the newest span's pages: a plain index on a random value is what makes SQLite slower with every
order it holds. A look-up seeks once per span, newest first.

A handle is 15 keyed bits of the last four digits and 48 keyed bits of the whole value: the exact value is one point, "ends
in 8842" is one range, over order numbers, waybills and phones alike. Names and buyers, which nobody asks for by tail, are
the negative half. Hits are verified against the row, so a collision costs a read, not an answer.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache

from domain.order import Order
from storage.keys import Keys
from storage.sql import Bulk, Conn

SPAN_BITS = 50  # of the order's key: 2^19 seconds
NEW_HANDLES = Bulk("handles", {"bucket": "bigint", "handle": "bigint", "order_id": "bigint"}, "ON CONFLICT DO NOTHING")
_NOT_DIGIT = re.compile(r"\D+")
_EXTENSION = re.compile(r"[-,，转#]")
_LOW = (1 << 48) - 1


def phone_key(phone: str) -> str:
    """The digits that identify a phone: no country prefix of the mainland, no extension of a virtual number."""
    if len(phone) == 11 and phone.isdigit():
        return phone
    if "*" in phone:
        return phone.strip()
    whole = _NOT_DIGIT.sub("", phone)
    main = _NOT_DIGIT.sub("", _EXTENSION.split(phone.strip(), maxsplit=1)[0])
    digits = main if len(main) >= 11 else whole
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == 11 + len(prefix):
            return digits[len(prefix) :]
    return digits


def tail_of(text: str) -> str:
    """The last four digits, or "" when it does not end in at least four."""
    tail = text[-4:]
    return tail if len(tail) == 4 and tail.isascii() and tail.isdigit() else ""


class Handles:
    """Computes handles. Keeps the keyed bits of tails, of which there are ten thousand."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.blind
        # Copying a keyed state is a third cheaper than keying a new one.
        self._state = hashlib.blake2b(digest_size=8, key=keys.blind)
        self._tails: dict[str, int] = {}

    def tail_bits(self, tail: str) -> int:
        found = self._tails.get(tail)
        if found is None:
            raw = hashlib.blake2b(tail.encode("utf-8", "replace"), digest_size=2, key=self._key, person=b"tail").digest()
            found = (int.from_bytes(raw, "big") >> 1) << 48
            if len(self._tails) < 20_000:
                self._tails[tail] = found
        return found

    def tail_range(self, tail: str) -> tuple[int, int]:
        low = self.tail_bits(tail)
        return low, low | _LOW

    def value(self, kind: str, text: str, tail: str) -> int:
        """The handle of a value that may be asked for by its tail."""
        bits = self._tails.get(tail)
        return (self.tail_bits(tail) if bits is None else bits) | (self._keyed(kind + text) & _LOW)

    def whole(self, kind: str, text: str) -> int:
        """The handle of a value that is only asked for as a whole."""
        return -1 - (self._keyed(kind + text) >> 1)

    def _keyed(self, text: str) -> int:
        state = self._state.copy()
        state.update(text.encode("utf-8", "replace"))
        return int.from_bytes(state.digest(), "big")

    def phone(self, phone: str) -> int:
        key = phone_key(phone)
        return self.value("p", key, tail_of(key))

    def waybill(self, waybill: str) -> int:
        return self.value("w", waybill.upper(), tail_of(waybill))

    def name(self, name: str) -> int:
        return self.whole("n", name.strip().casefold())

    def buyer(self, channel: str, shop: str, buyer_key: str) -> int:
        return self.whole("b", f"{channel}|{shop}|{buyer_key}")

    def hidden(self, personal: bytes) -> bytes:
        """What may stand for personal data where equal ones have to be told from others."""
        state = self._state.copy()
        state.update(b"=" + personal)
        return state.digest()

    def of(self, order: Order) -> list[int]:
        """Every handle of an order. A masked name identifies nobody and gets none."""
        # What `value` and `whole` do, written out: this runs for every order that arrives, five times.
        copy, tails, number_of = self._state.copy, self._tails, int.from_bytes
        found: list[int] = []
        to, number = order.receiver, order.number
        tailed: tuple[tuple[bytes, str], ...] = ((b"o", number),) if tail_of(number) else ()
        if to.phone:
            tailed += ((b"p", phone_key(to.phone)),)
        for parcel in order.parcels:
            tailed += ((b"w", parcel.waybill.upper()),)
        for kind, text in tailed:
            state = copy()
            state.update(kind + text.encode("utf-8", "replace"))
            bits = tails.get(text[-4:])
            found.append((self.tail_bits(tail_of(text)) if bits is None else bits) | number_of(state.digest(), "big") & _LOW)
        if to.name and "*" not in to.name:
            state = copy()
            state.update(b"n" + to.name.strip().casefold().encode("utf-8", "replace"))
            found.append(-1 - (number_of(state.digest(), "big") >> 1))
        if order.buyer_key:
            state = copy()
            state.update(f"b{order.channel}|{order.shop}|{order.buyer_key}".encode("utf-8", "replace"))
            found.append(-1 - (number_of(state.digest(), "big") >> 1))
        return found

    def rows(self, order_id: int, order: Order) -> list[tuple[int, int, int]]:
        """The rows of `of`."""
        bucket = order_id >> SPAN_BITS
        return [(bucket, one, order_id) for one in self.of(order)]


# Distinct spans, newest first, by hopping over the index instead of reading it.
_SPANS = """
WITH RECURSIVE span(x) AS (
  SELECT MAX(bucket) FROM handles
  UNION ALL
  SELECT (SELECT MAX(bucket) FROM handles WHERE bucket < x) FROM span WHERE x IS NOT NULL AND x > ?
)
"""
_EXACT = (
    _SPANS
    + "SELECT h.order_id FROM span JOIN handles h ON h.bucket = span.x AND h.handle = ? ORDER BY h.order_id DESC LIMIT ?"
)
_ENDS = "SELECT (SELECT MAX(bucket) FROM handles), (SELECT MIN(bucket) FROM handles)"
_EXACT_IN = (
    "SELECT h.order_id FROM json_each(?) s CROSS JOIN handles h ON h.bucket = s.value AND h.handle = ?"
    " ORDER BY h.order_id DESC LIMIT ?"
)
# PostgreSQL seeks in every span there can be as well. Parameters: oldest span, handle, how many; newest first.
KEYS_PG = (
    "SELECT order_id FROM handles WHERE bucket = ANY(ARRAY(SELECT generate_series("
    "(SELECT GREATEST(MIN(bucket),?) FROM handles),(SELECT MAX(bucket) FROM handles)))) AND handle = ?"
    " ORDER BY order_id DESC LIMIT ?"
)
_MANY = 500  # spans, eight years: a store with older orders than that may have wide gaps
_SPAN_LIST = _SPANS + "SELECT x FROM span WHERE x IS NOT NULL ORDER BY x DESC"
_RANGE = "SELECT DISTINCT order_id FROM handles WHERE bucket = ? AND handle BETWEEN ? AND ? ORDER BY order_id DESC"


def exact(conn: Conn, handle: int, *, since_span: int = -1, limit: int = 50) -> list[int]:
    """Order keys with this handle, newest first."""
    if conn.pg:
        return [row[0] for row in conn.all(KEYS_PG, (since_span, handle, limit))]
    ends = conn.one(_ENDS)
    if ends is None or ends[0] is None:
        return []
    newest, oldest = ends[0], max(ends[1], since_span)
    if newest - oldest < _MANY:
        # Seeking in a span that holds nothing costs less than hopping over the index to learn which spans there are.
        return [row[0] for row in conn.all(_EXACT_IN, (_spans(newest, oldest), handle, limit))]
    return [row[0] for row in conn.all(_EXACT, (since_span, handle, limit))]


@lru_cache(maxsize=256)
def _spans(newest: int, oldest: int) -> str:
    return json.dumps(list(range(newest, oldest - 1, -1)))


def ranged(conn: Conn, low: int, high: int) -> Iterator[int]:
    """Order keys with a handle in the range, newest span first; stop iterating when enough are found."""
    for (span,) in conn.all(_SPAN_LIST, (-1,)):
        for row in conn.all(_RANGE, (span, low, high)):
            yield row[0]
