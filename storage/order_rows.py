"""Orders to rows and back: the one place that knows the order tables' columns.

What queries filter, group, sort or add up is a column; the rest of what the channel said is one text, `rest`. Personal data
(receiver's name, phone, town, detail, postcode; buyer's name) is one sealed value per row, absent when there is none. A
checksum of everything the channel said lets a redelivery be recognised without comparing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.errors import BadInput
from domain.money import Money
from domain.order import Order, OrderLine, Parcel, Receiver, Stage, TrackStage
from domain.store import OrderEvent, StoredOrder
from domain.waybill import carrier_code
from storage.keys import Keys
from storage.moments import at, at_or_none, ms_or_none, scrub, tuple_of, words
from storage.sql import Bulk, Row

NOTE_CAP = 20_000  # characters of a remark that are kept; platforms allow a few hundred
TEXT_CAP = 1_000
# Between the fields of `rest` and of the sealed text. `tidy` takes it out of everything that comes from outside.
MARK = "\x1f"

_B, _T = "bigint", "text"
_SAID = {
    "id": _B, "channel": _T, "shop": _T, "number": _T, "stage": _T, "stage_at": _B, "created_at": _B, "updated_at": _B,
    "currency": _T, "goods": _B, "freight": _B, "discount": _B, "total": _B, "paid": _B, "refunded": _B, "paid_at": _B,
    "ship_by": _B, "shipped_at": _B, "delivered_at": _B, "finished_at": _B, "warehouse": _T, "holds": _T, "tags": _T,
    "province": _T, "rest": _T, "synced_at": _B, "sealed": "bytea", "digest": _B,
}  # fmt: skip
_OURS = {"version": _B, "settlement_locked": _B, "owner": _T, "ours": _T}
ORDER_COLUMNS = _SAID | _OURS
SELECT_ORDER = "SELECT " + ",".join(f"o.{name}" for name in ORDER_COLUMNS) + " FROM orders o "
# A new order's own columns are constants: nothing travels for them.
NEW_ORDERS = Bulk("orders", _SAID, "ON CONFLICT DO NOTHING", fixed={"version": "1"})
# "id" and what never changes once written are left alone; created_at may be corrected by the channel, the key stays.
_CHANGING = [name for name in ORDER_COLUMNS if name not in {"id", "channel", "shop", "number"}]
UPDATE_ORDER = "UPDATE orders SET " + ",".join(f"{name}=?" for name in _CHANGING) + " WHERE id=?"
UPDATE_FROM = 4  # index of the first changing column
STAGE_AT, UPDATED_AT, SYNCED_AT, SEALED, DIGEST, VERSION, LOCKED, OWNER, OURS = 5, 7, 25, 26, 27, 28, 29, 30, 31

_LINE = {
    "order_id": _B, "n": _B, "line_id": _T, "sku": _T, "title": _T, "platform_sku": _T, "quantity": _B, "unit_price": _B,
    "total": _B, "gift": _B,
}  # fmt: skip
NEW_LINES = Bulk("order_lines", _LINE, "ON CONFLICT DO NOTHING")
SELECT_LINES = (
    "SELECT line_id,sku,title,quantity,unit_price,total,platform_sku,gift FROM order_lines WHERE order_id=? ORDER BY n"
)
_LABEL = {"order_id": _B, "waybill": _T, "n": _B, "carrier": _T, "shipped_at": _B}
_SCANS = {"picked_at": _B, "stage": _T, "last_scan_at": _B, "last_scan": _T, "eta": _B}
NEW_PARCELS = Bulk("parcels", _LABEL | _SCANS, "ON CONFLICT DO NOTHING")
NEW_LABELS = Bulk("parcels", _LABEL, "ON CONFLICT DO NOTHING")  # parcels that no carrier has said anything about
UNSCANNED = (None, "", None, "", None)
SELECT_PARCELS = (
    "SELECT waybill,carrier,shipped_at,picked_at,stage,last_scan_at,last_scan,eta FROM parcels WHERE order_id=? ORDER BY n"
)
_EVENT = {
    "order_id": _B, "at": _B, "kind": _T, "mark": _B, "actor": _T, "surface": _T, "before": _T, "after": _T, "text": _T,
    "cause": _T,
}  # fmt: skip
NEW_EVENTS = Bulk("order_events", _EVENT, "ON CONFLICT DO NOTHING")
_BIRTH = {"order_id": _B, "at": _B, "actor": _T, "surface": _T, "after": _T, "cause": _T}
NEW_BIRTHS = Bulk("order_events", _BIRTH, "ON CONFLICT DO NOTHING", fixed={"kind": "'created'", "mark": "0"})
SELECT_EVENTS = (
    'SELECT at,kind,actor,surface,"before","after",text,cause FROM order_events WHERE order_id=? ORDER BY at,kind,mark'
)

STAGES = {stage.value: stage for stage in Stage}
_TRACK_STAGES: dict[str, TrackStage | None] = {stage.value: stage for stage in TrackStage} | {"": None}
_NOBODY = Receiver()
_EXPECT_MONEY = "订单里混了两种货币，拆成两张单再导入。"


def where(order_id: int) -> bytes:
    """What the sealed value of an order is bound to."""
    return b"orders:%d" % order_id


def content(order: Order) -> tuple[Any, ...]:
    """All that the channel said, as column values in the order of ORDER_COLUMNS from `channel` to `rest`.

    Raises BadInput on mixed currencies.
    """
    goods, freight, discount, total = order.goods, order.freight, order.discount, order.total
    paid, refunded, to = order.paid, order.refunded, order.receiver
    unit = goods.currency
    if not (unit == freight.currency == discount.currency == total.currency == paid.currency == refunded.currency):
        raise BadInput(_EXPECT_MONEY)
    paid_at, ship_by, shipped_at = order.paid_at, order.ship_by, order.shipped_at
    delivered_at, finished_at, holds, tags, unmapped = (
        order.delivered_at, order.finished_at, order.holds, order.tags, order.unmapped,
    )  # fmt: skip
    updated = int(order.updated_at.timestamp() * 1000)
    rest = (
        f"{order.buyer_key}\x1f{order.raw_status}\x1f{order.buyer_note}\x1f{order.seller_note}\x1f"
        f"{words(unmapped) if unmapped else ''}\x1f{to.country}\x1f{to.city}\x1f{to.district}\x1f{to.address_key}\x1f"
        f"{'1' if to.masked else ''}"
    )
    return (
        order.channel, order.shop, order.number, order.stage._value_, updated,
        int(order.created_at.timestamp() * 1000), updated, unit,
        goods.minor, freight.minor, discount.minor, total.minor, paid.minor, refunded.minor,
        None if paid_at is None else int(paid_at.timestamp() * 1000),
        None if ship_by is None else int(ship_by.timestamp() * 1000),
        None if shipped_at is None else int(shipped_at.timestamp() * 1000),
        None if delivered_at is None else int(delivered_at.timestamp() * 1000),
        None if finished_at is None else int(finished_at.timestamp() * 1000),
        order.warehouse, words(holds) if holds else "", words(tags) if tags else "", to.province, rest,
    )  # fmt: skip


def personal(order: Order) -> str:
    """The personal part, or "" when the channel gave none."""
    to = order.receiver
    joined = f"{to.name}\x1f{to.phone}\x1f{to.town}\x1f{to.detail}\x1f{to.postcode}\x1f{order.buyer_name}"
    return joined if len(joined) > 5 else ""


def line_values(order: Order) -> list[tuple[Any, ...]]:
    """Columns as NEW_LINES from `line_id` on. Raises BadInput on mixed currencies."""
    unit = order.goods.currency
    found = []
    for line in order.lines:
        price, total = line.unit_price, line.total
        if total.currency != unit or price.currency != unit:
            raise BadInput(_EXPECT_MONEY)
        found.append(
            (
                line.line_id, line.sku, line.title, line.platform_sku, line.quantity, price.minor, total.minor,
                1 if line.gift else 0,
            )
        )  # fmt: skip
    return found


def parcel_values(parcel: Parcel) -> tuple[Any, ...]:
    return (
        parcel.waybill, parcel.carrier, ms_or_none(parcel.shipped_at), ms_or_none(parcel.picked_at),
        parcel.stage.value if parcel.stage else "", ms_or_none(parcel.last_scan_at), parcel.last_scan,
        ms_or_none(parcel.eta),
    )  # fmt: skip


def parcel_row(order_id: int, n: int, parcel: Parcel) -> tuple[Any, ...]:
    waybill, *rest = parcel_values(parcel)
    return (order_id, waybill, n, *rest)


def read_personal(row: Row, keys: Keys) -> list[str]:
    """[name, phone, town, detail, postcode, buyer's name]"""
    sealed = row[SEALED]
    if sealed is None:
        return ["", "", "", "", "", ""]
    return keys.open(sealed, b"orders:%d" % row[0]).decode().split(MARK)


def read_order(row: Row, lines: list[Row], parcels: list[Row], keys: Keys) -> Order:
    """Build the value from its rows (columns as in ORDER_COLUMNS, SELECT_LINES, SELECT_PARCELS)."""
    unit = row[8]
    name, phone, town, detail, postcode, buyer_name = read_personal(row, keys)
    buyer_key, raw_status, buyer_note, seller_note, unmapped, country, city, district, address_key, masked = (
        row[24].split(MARK)
    )  # fmt: skip
    holds, tags = row[21], row[22]
    return Order(
        row[1], row[2], row[3], STAGES[row[4]], at(row[6]), at(row[7]),
        Money(row[9], unit), Money(row[10], unit), Money(row[11], unit), Money(row[12], unit), Money(row[13], unit),
        Money(row[14], unit),
        tuple([OrderLine(i, s, t, q, Money(p, unit), Money(a, unit), k, g == 1) for i, s, t, q, p, a, k, g in lines]),
        Receiver(name, phone, row[23], city, district, town, detail, country, postcode, address_key, masked == "1"),
        tuple([read_parcel(one) for one in parcels]) if parcels else (),
        buyer_key, buyer_name, at_or_none(row[15]), at_or_none(row[16]), at_or_none(row[17]), at_or_none(row[18]),
        at_or_none(row[19]), raw_status, buyer_note, seller_note, row[20],
        tuple_of(holds) if holds else (), tuple_of(tags) if tags else (), tuple_of(unmapped) if unmapped else (),
    )  # fmt: skip


def read_parcel(row: Row) -> Parcel:
    waybill, carrier, shipped, picked, stage, scan_at, scan, eta = row
    return Parcel(
        waybill, carrier_code(carrier), at_or_none(shipped), at_or_none(picked), _TRACK_STAGES[stage],
        at_or_none(scan_at), scan, at_or_none(eta),
    )  # fmt: skip


def read_stored(row: Row, lines: list[Row], parcels: list[Row], keys: Keys) -> StoredOrder:
    order = read_order(row, lines, parcels, keys)
    return StoredOrder(row[0], order, row[VERSION], at(row[SYNCED_AT]), row[LOCKED] == 1, row[OWNER])


def read_event(row: Row) -> OrderEvent:
    return OrderEvent(at(row[0]), row[1], row[2], row[3], row[4], row[5], row[6], row[7])


def text_of(values: tuple[Any, ...], lines: Sequence[Any], parcels: Sequence[Any]) -> str:
    """All texts of an order's rows but the personal ones, `MARK` between them."""
    said = (
        f"{values[0]}\x1f{values[1]}\x1f{values[2]}\x1f{values[3]}\x1f{values[19]}\x1f{values[20]}\x1f{values[21]}\x1f"
        f"{values[22]}\x1f{values[23]}"
    )
    for one in lines:
        said += f"\x1f{one[0]}\x1f{one[1]}\x1f{one[2]}\x1f{one[3]}"
    for one in parcels:
        said += f"\x1f{one[0]}\x1f{one[1]}"
    return said


def is_tidy(said: str, plain: str, *, lines: int, parcels: int) -> bool:
    """Whether `text_of` and `personal`, which can be encoded, are what a database can hold, and of sane length."""
    return (
        len(said) + len(plain) <= TEXT_CAP
        and said.count(MARK) == 17 + 4 * lines + 2 * parcels
        and plain.count(MARK) in (5, 0)
        and "\x00" not in said
        and "\x00" not in plain
    )


def tidy(order: Order) -> Order:
    """The same order without what a database cannot hold and with absurd lengths cut."""

    def cut(text: str, cap: int = TEXT_CAP) -> str:
        return scrub(text.replace("\x1f", " "), cap)

    def cut_all(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(cut(text) for text in texts)

    to = order.receiver
    receiver = Receiver(
        cut(to.name), cut(to.phone), cut(to.province), cut(to.city), cut(to.district), cut(to.town), cut(to.detail),
        cut(to.country), cut(to.postcode), cut(to.address_key), to.masked,
    )  # fmt: skip
    return replace(
        order, channel=cut(order.channel), shop=cut(order.shop), number=cut(order.number), receiver=receiver,
        buyer_key=cut(order.buyer_key), buyer_name=cut(order.buyer_name), raw_status=cut(order.raw_status),
        warehouse=cut(order.warehouse), buyer_note=cut(order.buyer_note, NOTE_CAP),
        seller_note=cut(order.seller_note, NOTE_CAP), holds=cut_all(order.holds), tags=cut_all(order.tags),
        unmapped=cut_all(order.unmapped),
        lines=tuple(
            replace(line, line_id=cut(line.line_id), sku=cut(line.sku), title=cut(line.title),
                    platform_sku=cut(line.platform_sku))
            for line in order.lines
        ),
        parcels=tuple(
            replace(one, waybill=cut(one.waybill), carrier=carrier_code(cut(one.carrier)), last_scan=cut(one.last_scan))
            for one in order.parcels
        ),
    )  # fmt: skip


def empty_receiver(to: Receiver) -> bool:
    return to == _NOBODY or not (to.name or to.phone or to.detail)
