"""PostgreSQL: everything one answer needs in one statement, because a round trip costs more than the reading."""

from __future__ import annotations

from domain.store import OrderCard
from storage.aftersales import COLUMNS as AFTERSALE_COLUMNS
from storage.aftersales import read_aftersale
from storage.approvals import APPROVAL_COLUMNS, DECISION_COLUMNS, read_approval
from storage.keys import Keys
from storage.moments import at_or_none
from storage.order_rows import ORDER_COLUMNS, read_event, read_stored
from storage.sql import Row
from storage.tracks import TRACK_COLUMNS, read_track

_WIDTH = len(ORDER_COLUMNS)
_APPROVAL = ",".join("encode(a.private,'hex')" if c == "private" else f"a.{c}" for c in APPROVAL_COLUMNS.split(","))


def _of(columns: str, alias: str) -> str:
    return ",".join(f"{alias}.{name}" for name in columns.split(","))


_CARD = (
    "SELECT " + ",".join(f"o.{name}" for name in ORDER_COLUMNS) + ","
    "(SELECT json_agg(json_build_array(line_id,sku,title,quantity,unit_price,total,platform_sku,gift) ORDER BY n)"
    " FROM order_lines WHERE order_id = o.id),"
    "(SELECT json_agg(json_build_array(waybill,carrier,shipped_at,picked_at,stage,last_scan_at,last_scan,eta) ORDER BY n)"
    " FROM parcels WHERE order_id = o.id),"
    '(SELECT json_agg(json_build_array(at,kind,actor,surface,"before","after",text,cause) ORDER BY at,kind,mark)'
    " FROM order_events WHERE order_id = o.id),"
    f"(SELECT json_agg(json_build_array({_of(AFTERSALE_COLUMNS, 's')}) ORDER BY s.created_at,s.number)"
    " FROM aftersales s WHERE s.order_number = o.number AND s.channel = o.channel AND s.shop = o.shop),"
    f"(SELECT json_agg(json_build_array({_of(TRACK_COLUMNS, 't')}) ORDER BY p.n)"
    " FROM parcels p JOIN tracks t ON t.waybill = p.waybill WHERE p.order_id = o.id),"
    f"(SELECT json_agg(json_build_array(json_build_array({_APPROVAL}),"
    f"   (SELECT json_agg(json_build_array({_of(DECISION_COLUMNS, 'd')}) ORDER BY d.n) FROM decisions d"
    "    WHERE d.approval_id = a.id)) ORDER BY a.id)"
    " FROM approvals a WHERE a.order_id = o.id AND a.open = 1),"
    "(SELECT last_ok FROM freshness WHERE source = o.channel || '/' || o.shop)"
    " FROM orders o "
)
CARDS = _CARD + "WHERE "  # a condition follows
CARD_BY_ID = _CARD + "WHERE o.id = ?"
CARD_BY_NUMBER = _CARD + "WHERE o.number = ? ORDER BY o.id DESC LIMIT 6"


def read_card(row: Row, keys: Keys) -> OrderCard:
    lines, parcels, events, aftersales, tracks, approvals, fresh = row[_WIDTH:]
    return OrderCard(
        read_stored(row[:_WIDTH], lines or [], parcels or [], keys),
        tuple([read_event(one) for one in events or ()]),
        tuple([read_aftersale(one) for one in aftersales or ()]),
        tuple([read_track(one) for one in tracks or ()]),
        tuple([read_approval(_unhex(one), decisions or [], keys) for one, decisions in approvals or ()]),
        at_or_none(fresh),
    )


def _unhex(approval: list[object]) -> Row:
    private = approval[21]
    return (*approval[:21], bytes.fromhex(private) if isinstance(private, str) else None, *approval[22:])
