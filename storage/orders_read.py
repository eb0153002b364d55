"""Reading orders: by number, waybill, phone, tail, name, goods, buyer; and the whole card of one answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from domain.order import Order, Track
from domain.store import OrderCard, OrderEvent, StoredOrder
from storage.aftersales import AFTERSALES_OF, read_aftersale
from storage.approvals import ApprovalReads
from storage.cards_pg import CARD_BY_ID, CARD_BY_NUMBER, CARDS, read_card
from storage.handles import KEYS_PG, SPAN_BITS, Handles, exact, phone_key, ranged
from storage.keys import Keys
from storage.moments import at_or_none
from storage.order_rows import (
    SELECT_EVENTS,
    SELECT_LINES,
    SELECT_ORDER,
    SELECT_PARCELS,
    read_event,
    read_stored,
)
from storage.sql import Conn, Row
from storage.tracks import TRACK_COLUMNS, read_track

BY_NUMBER = SELECT_ORDER + "WHERE o.number = ? ORDER BY o.id DESC LIMIT ?"
BY_ID = SELECT_ORDER + "WHERE o.id = ?"
# Whether there is anything to fetch from three more tables is asked along with the order: most orders have none.
_REST = (
    "(SELECT last_ok FROM freshness WHERE source = o.channel || '/' || o.shop),"
    " EXISTS (SELECT 1 FROM aftersales s WHERE s.order_number = o.number AND s.channel = o.channel AND s.shop = o.shop),"
    " EXISTS (SELECT 1 FROM approvals a WHERE a.order_id = o.id AND a.open = 1)"
)
_REST_BY_ID = f"SELECT {_REST} FROM orders o WHERE o.id = ?"
_TRACKS_OF = (
    "SELECT "
    + ",".join(f"t.{name}" for name in TRACK_COLUMNS.split(","))
    + " FROM parcels p JOIN tracks t ON t.waybill = p.waybill WHERE p.order_id = ?"
)
_CARD = SELECT_ORDER.replace(" FROM orders o ", f", {_REST} FROM orders o ")
_CARDS_BY_NUMBER = _CARD + "WHERE o.number = ?"
_SAME_NUMBER = 6  # cards of one number, newest first: shops count up their orders alike
# Parcels with what their carriers told, in one look; put in order here, because there is hardly ever a second one.
_PARCELS = (
    "SELECT p.waybill,p.carrier,p.shipped_at,p.picked_at,p.stage,p.last_scan_at,p.last_scan,p.eta,p.n,"
    + ",".join(f"t.{name}" for name in TRACK_COLUMNS.split(","))
    + " FROM parcels p LEFT JOIN tracks t ON t.waybill = p.waybill WHERE p.order_id = ?"
)
_PARCEL_WIDTH = 8
_CARD_BY_ID = _CARD + "WHERE o.id = ?"
_TAIL_CANDIDATES = 2_000  # rows looked at before giving up on a tail longer than four digits


class OrderReads:
    def __init__(self, conn: Conn, keys: Keys, handles: Handles, approvals: ApprovalReads) -> None:
        self._c = conn
        self._keys = keys
        self._handles = handles
        self._approvals = approvals
        self._in_hand: list[OrderCard] = []  # what a handle led to last, for `completed`

    # --- one order ----------------------------------------------------------------------------------------------------

    def find(self, text: str, *, limit: int = 6) -> list[StoredOrder]:
        return self._stored_many(self._c.all(BY_NUMBER, (text.strip(), limit)))

    def get(self, channel: str, shop: str, number: str) -> StoredOrder | None:
        row = self._c.one(SELECT_ORDER + "WHERE o.number = ? AND o.channel = ? AND o.shop = ?", (number, channel, shop))
        return self._stored(row) if row else None

    def by_id(self, order_id: int) -> StoredOrder | None:
        row = self._c.one(BY_ID, (order_id,))
        return self._stored(row) if row else None

    def events(self, order_id: int) -> list[OrderEvent]:
        return [read_event(row) for row in self._c.all(SELECT_EVENTS, (order_id,))]

    # --- through handles ----------------------------------------------------------------------------------------------

    def by_waybill(self, waybill: str) -> list[StoredOrder]:
        wanted = waybill.strip().upper()
        found = self.by_ids(exact(self._c, self._handles.waybill(wanted)))
        return [one for one in found if any(parcel.waybill.upper() == wanted for parcel in one.order.parcels)]

    def by_phone(self, phone: str, *, since: datetime | None = None, limit: int = 20) -> list[StoredOrder]:
        wanted = phone_key(phone)
        if not wanted:
            return []
        found = self._handled(self._handles.phone(phone), since, limit)
        return [one for one in found if phone_key(one.order.receiver.phone) == wanted][:limit]

    def by_name(self, name: str, *, since: datetime | None = None, limit: int = 20) -> list[StoredOrder]:
        wanted = name.strip().casefold()
        if not wanted:
            return []
        found = self._handled(self._handles.name(name), since, limit)
        return [one for one in found if one.order.receiver.name.strip().casefold() == wanted][:limit]

    def by_buyer(self, channel: str, shop: str, buyer_key: str, *, limit: int = 50) -> list[StoredOrder]:
        if not buyer_key:
            return []
        found = self.by_ids(exact(self._c, self._handles.buyer(channel, shop, buyer_key), limit=limit + 8))
        wanted = (channel, shop, buyer_key)
        return [one for one in found if (one.order.channel, one.order.shop, one.order.buyer_key) == wanted][:limit]

    def by_tail(self, digits: str, *, limit: int = 20) -> list[StoredOrder]:
        tail = digits.strip()
        if len(tail) < 4 or not (tail.isascii() and tail.isdigit()):
            return []
        candidates = islice(ranged(self._c, *self._handles.tail_range(tail[-4:])), _TAIL_CANDIDATES)
        found: list[StoredOrder] = []
        while len(found) < limit and (some := list(islice(candidates, limit))):
            found += [one for one in self.by_ids(some) if _ends(one.order, tail)]
        return found[:limit]

    def by_sku(self, sku: str, *, since: datetime, until: datetime, limit: int = 20) -> list[StoredOrder]:
        # Keys are time-ordered, so a span of time is a span of keys: no index on goods is kept.
        rows = self._c.all(
            "SELECT DISTINCT order_id FROM order_lines WHERE order_id >= ? AND order_id < ?"
            " AND (sku = ? OR platform_sku = ?) ORDER BY order_id DESC LIMIT ?",
            (int(since.timestamp()) << 31, (int(until.timestamp()) + 1) << 31, sku, sku, limit),
        )
        found = self.by_ids([row[0] for row in rows])
        return [one for one in found if since <= one.order.created_at < until]

    def _handled(self, handle: int, since: datetime | None, limit: int) -> list[StoredOrder]:
        span = -1 if since is None else int(since.timestamp()) << 31 >> SPAN_BITS
        if self._c.pg:
            # One round trip: it costs more than what a few cards hold beyond their orders, and those are shown next.
            self._in_hand = self._handled_cards(handle, span, limit + 8)
            found = [card.stored for card in self._in_hand]
        else:
            found = self.by_ids(exact(self._c, handle, since_span=span, limit=limit + 8))
        return [one for one in found if since is None or one.order.created_at >= since]

    def by_ids(self, ids: Sequence[int]) -> list[StoredOrder]:
        """In the order of `ids`; unknown ones are left out."""
        if not ids:
            return []
        if len(ids) == 1:
            one = self.by_id(ids[0])
            return [one] if one else []
        condition, value = self._c.among("o.id", ids)
        found = {one.id: one for one in self._stored_many(self._c.all(SELECT_ORDER + "WHERE " + condition, (value,)))}
        return [found[one] for one in ids if one in found]

    def _stored(self, row: Row) -> StoredOrder:
        key = (row[0],)
        return read_stored(row, self._c.all(SELECT_LINES, key), self._c.all(SELECT_PARCELS, key), self._keys)

    def _stored_many(self, rows: list[Row]) -> list[StoredOrder]:
        if not self._c.pg or len(rows) < 2:
            return [self._stored(row) for row in rows]
        lines, parcels = children(self._c, [row[0] for row in rows])
        return [read_stored(row, lines.get(row[0], []), parcels.get(row[0], []), self._keys) for row in rows]

    # --- the answer card ----------------------------------------------------------------------------------------------

    def card(self, order_id: int) -> OrderCard | None:
        if self._c.pg:
            found = self._c.one(CARD_BY_ID, (order_id,))
            return read_card(found, self._keys) if found else None
        row = self._c.one(_CARD_BY_ID, (order_id,))
        return self._card(row) if row else None

    def cards(self, order_ids: Sequence[int]) -> list[OrderCard]:
        if not order_ids:
            return []
        if not self._c.pg:
            return [card for card in map(self.card, order_ids) if card is not None]
        condition, value = self._c.among("o.id", order_ids)
        found = {row[0]: read_card(row, self._keys) for row in self._c.all(CARDS + condition, (value,))}
        return [found[one] for one in order_ids if one in found]

    def completed(self, orders: Sequence[StoredOrder]) -> list[OrderCard]:
        """The cards of orders that were read a moment ago, in the same unit of work."""
        if self._c.pg:
            in_hand = {id(card.stored): card for card in self._in_hand}  # the very same reading, not one of the same number
            if all(id(one) in in_hand for one in orders):
                return [in_hand[id(one)] for one in orders]
            return self.cards([one.id for one in orders])
        return [self._completed(one) for one in orders]

    def _completed(self, stored: StoredOrder) -> OrderCard:
        row = self._c.one(_REST_BY_ID, (stored.id,))
        if row is None:
            raise LookupError(f"order {stored.id} was read and is gone: not the same unit of work")
        tracks = self._c.all(_TRACKS_OF, (stored.id,)) if stored.order.parcels else []
        if len(tracks) > 1:
            places = {parcel.waybill: n for n, parcel in enumerate(stored.order.parcels)}
            tracks.sort(key=lambda one: places[one[0]])
        order = stored.order
        return self._put_together(stored, row, (order.number, order.channel, order.shop), tuple(map(read_track, tracks)))

    def cards_by_waybill(self, waybill: str) -> list[OrderCard]:
        wanted = waybill.strip().upper()
        handle = self._handles.waybill(wanted)
        found = self._handled_cards(handle, -1, 50) if self._c.pg else self.cards(exact(self._c, handle))
        return [one for one in found if any(parcel.waybill.upper() == wanted for parcel in one.stored.order.parcels)]

    def _handled_cards(self, handle: int, span: int, limit: int) -> list[OrderCard]:
        """On PostgreSQL: what a handle leads to, newest first, in one statement."""
        rows = self._c.all(f"{CARDS}o.id = ANY(ARRAY({KEYS_PG})) ORDER BY o.id DESC", (span, handle, limit))
        return [read_card(row, self._keys) for row in rows]

    def card_by_number(self, number: str) -> list[OrderCard]:
        if self._c.pg:
            return [read_card(row, self._keys) for row in self._c.all(CARD_BY_NUMBER, (number.strip(),))]
        rows = self._c.all(_CARDS_BY_NUMBER, (number.strip(),))
        if len(rows) > 1:
            rows = sorted(rows, key=_key, reverse=True)[:_SAME_NUMBER]
        return [self._card(row) for row in rows]

    def _card(self, row: Row) -> OrderCard:
        ask = self._c.all
        key = (row[0],)
        parcels = ask(_PARCELS, key)
        if len(parcels) > 1:
            parcels.sort(key=_place)
        stored = read_stored(row, ask(SELECT_LINES, key), [one[:_PARCEL_WIDTH] for one in parcels], self._keys)
        tracks = tuple([read_track(one[_PARCEL_WIDTH + 1 :]) for one in parcels if one[_PARCEL_WIDTH + 1] is not None])
        return self._put_together(stored, row[-3:], (row[3], row[1], row[2]), tracks)

    def _put_together(
        self, stored: StoredOrder, row: Row, handle: tuple[str, str, str], tracks: tuple[Track, ...]
    ) -> OrderCard:
        """`row` as `_REST` has it; `handle`: number, channel, shop."""
        fresh, has_aftersales, has_approvals = row
        events = tuple([read_event(one) for one in self._c.all(SELECT_EVENTS, (stored.id,))])
        found = self._c.all(AFTERSALES_OF, handle) if has_aftersales else ()
        aftersales = tuple([read_aftersale(one) for one in found]) if found else ()
        approvals = self._approvals.open_of_order(stored.id) if has_approvals else ()
        return OrderCard(stored, events, aftersales, tracks, approvals, at_or_none(fresh))


def _key(row: Row) -> int:
    key: int = row[0]
    return key


def _place(row: Row) -> tuple[int, str]:
    return row[_PARCEL_WIDTH], row[0]


def children(conn: Conn, ids: Sequence[int]) -> tuple[dict[int, list[Row]], dict[int, list[Row]]]:
    """(lines, parcels) of many orders in two statements, columns as SELECT_LINES and SELECT_PARCELS."""
    condition, value = conn.among("order_id", ids)
    lines = conn.all(
        "SELECT order_id,line_id,sku,title,quantity,unit_price,total,platform_sku,gift FROM order_lines"
        f" WHERE {condition} ORDER BY order_id,n",
        (value,),
    )
    parcels = conn.all(
        "SELECT order_id,waybill,carrier,shipped_at,picked_at,stage,last_scan_at,last_scan,eta FROM parcels"
        f" WHERE {condition} ORDER BY order_id,n",
        (value,),
    )
    return _by_order(lines), _by_order(parcels)


def _by_order(rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row[1:])
    return found


def _ends(order: Order, tail: str) -> bool:
    phone = phone_key(order.receiver.phone)
    return order.number.endswith(tail) or phone.endswith(tail) or any(one.waybill.endswith(tail) for one in order.parcels)
