"""Orders: wire shape in, domain shape out. Pure. Fields and units as in `order.searchList` / `order.orderDetail`."""

from __future__ import annotations

import json
from typing import Any

from domain.money import Money
from domain.order import Order, OrderLine, Parcel, Receiver, Stage
from integrations.douyin import carriers
from integrations.douyin.read import Unreadable, fen, first, ident, moment, record, records, text, whole

CHANNEL = "douyin"

_ORDER_STATUS = {
    "1": Stage.UNPAID,
    "105": Stage.HOLD,  # paid, under the platform's review: must not be shipped yet
    "2": Stage.TO_SHIP,
    "101": Stage.PART_SHIPPED,
    "3": Stage.SHIPPED,
    "4": Stage.CLOSED_UNPAID,  # or CLOSED_REFUNDED, by the pay time
    "5": Stage.COMPLETED,
}
_MAIN_STATUS = {
    "103": Stage.UNPAID,  # the deposit of a pre-sale is paid, the rest is not
    "21": Stage.CLOSED_REFUNDED,
    "22": Stage.CLOSED_REFUNDED,
    "39": Stage.CLOSED_REFUNDED,
}
_OPEN_AFTERSALE = frozenset({"6", "7", "8", "11", "13", "14"})
_REFUNDED = "3"
_SAFE_IN_QUARANTINE = ("_id", "_ids", "_status", "_time", "_amount", "_type", "num", "code")


def to_order(wire: dict[str, Any], *, shop: str) -> Order:
    """One order of a list or detail answer. Raises Unreadable on a shape the platform does not document."""
    number = ident(wire.get("order_id"), "order_id")
    created = moment(wire.get("create_time"), "create_time")
    if created is None:
        raise Unreadable("create_time: missing")
    paid_at = moment(wire.get("pay_time"), "pay_time")
    stage, raw, unmapped = _stage(wire, paid=paid_at is not None)
    lines = tuple(_line(line) for line in records(wire.get("sku_order_list"), "sku_order_list"))
    goods, discount, freight, total = _amounts(wire)
    paid = total - fen(wire, "promotion_pay_amount") if paid_at else Money(0)
    parcels, strange = _parcels(wire)
    refunds = [_aftersale_state(line) for line in records(wire.get("sku_order_list"), "sku_order_list")]
    return Order(
        channel=CHANNEL,
        shop=shop,
        number=number,
        stage=stage,
        created_at=created,
        updated_at=moment(wire.get("update_time"), "update_time") or created,
        goods=goods,
        freight=freight,
        discount=discount,
        total=total,
        paid=paid,
        # One refunded line says nothing about the amount; that stands on the after-sale. A closed order is refunded in full.
        refunded=paid if stage is Stage.CLOSED_REFUNDED else Money(0),
        lines=lines,
        receiver=to_receiver(wire),
        parcels=parcels,
        buyer_key=text(wire.get("doudian_open_id"), 128),
        paid_at=paid_at,
        ship_by=moment(first(wire, "exp_ship_time"), "exp_ship_time")
        or moment(wire.get("appointment_ship_time"), "appointment_ship_time"),
        shipped_at=moment(wire.get("ship_time"), "ship_time"),
        finished_at=moment(wire.get("finish_time"), "finish_time"),
        raw_status=raw,
        buyer_note=text(wire.get("buyer_words")),
        seller_note=text(wire.get("seller_words")),
        holds=_holds(stage, unmapped, refunds),
        tags=("line_refunded",) if any(refund == _REFUNDED for _, refund in refunds) else (),
        unmapped=(*unmapped, *strange),
    )


def _stage(wire: dict[str, Any], *, paid: bool) -> tuple[Stage, str, tuple[str, ...]]:
    """The order's stage, the raw codes, and what was not understood. An unknown code holds the order."""
    status, main = str(wire.get("order_status", "")), str(wire.get("main_status", "") or "")
    raw = f"{status}/{main}" if main and main != status else status
    if main in _MAIN_STATUS:
        return _MAIN_STATUS[main], raw, () if status in _ORDER_STATUS else (f"order_status={status[:20]}",)
    strange = (f"main_status={main[:20]}",) if main and main not in _ORDER_STATUS and main != status else ()
    stage = _ORDER_STATUS.get(status)
    if stage is None:
        return Stage.HOLD, raw, (f"order_status={status[:20]}", *strange)
    if strange:
        return Stage.HOLD, raw, strange
    if status == "4" and paid:
        return Stage.CLOSED_REFUNDED, raw, ()
    return stage, raw, ()


def _holds(stage: Stage, unmapped: tuple[str, ...], refunds: list[tuple[str, str]]) -> tuple[str, ...]:
    found = []
    if unmapped:
        found.append("unknown_status")
    elif stage is Stage.HOLD:
        found.append("risk")
    if any(status in _OPEN_AFTERSALE for status, _ in refunds):
        found.append("refund")
    return tuple(found)


def _aftersale_state(line: dict[str, Any]) -> tuple[str, str]:
    info = record(line.get("after_sale_info") or {}, "after_sale_info")
    return str(info.get("after_sale_status", "")), str(info.get("refund_status", ""))


def _amounts(wire: dict[str, Any]) -> tuple[Money, Money, Money, Money]:
    """(goods, discount, freight, total), chosen so that goods - discount + freight = total where the figures allow it.

    `order_amount` is the list price and `pay_amount` the payable; whether `order_amount` holds the freight differs between
    order kinds, so the sum proves which it is. When nothing proves, the documented reading stays, `balanced` is False.
    """
    freight, total, listed = fen(wire, "post_amount"), fen(wire, "pay_amount"), fen(wire, "order_amount")
    parts = ("promotion_shop_amount", "promotion_platform_amount", "promotion_talent_amount")
    discount = fen(wire, "promotion_amount")
    if wire.get("promotion_amount") in (None, ""):
        discount = sum((fen(wire, part) for part in parts), Money(0))
    lines = records(wire.get("sku_order_list"), "sku_order_list")
    added = sum((fen(line, "sum_amount") for line in lines), Money(0))
    for goods in (listed, added, listed - freight):
        if goods - discount + freight == total:
            return goods, discount, freight, total
    return listed if wire.get("order_amount") not in (None, "") else added, discount, freight, total


def _line(wire: dict[str, Any]) -> OrderLine:
    listed = fen(wire, "sum_amount")
    quantity = whole(wire.get("item_num"), "item_num")
    unit = fen(wire, "origin_amount")
    if wire.get("sum_amount") in (None, ""):
        listed = unit * quantity
    if wire.get("pay_amount") in (None, ""):
        total = listed - fen(wire, "promotion_amount")
    else:
        total = fen(wire, "pay_amount") - fen(wire, "post_amount")
    return OrderLine(
        line_id=ident(wire.get("order_id"), "sku_order_list.order_id"),
        sku=text(first(wire, "code", "out_sku_id"), 128) or str(first(wire, "sku_id") or ""),
        platform_sku=str(first(wire, "sku_id") or ""),
        title=text(wire.get("product_name"), 200),
        quantity=quantity,
        unit_price=unit,
        total=total,
        gift=str(wire.get("given_product_type", "")) in ("FREE", "GIFT") or str(wire.get("is_gift", "0")) == "1",
    )


def _parcels(wire: dict[str, Any]) -> tuple[tuple[Parcel, ...], tuple[str, ...]]:
    parcels, strange = [], []
    for info in records(wire.get("logistics_info"), "logistics_info"):
        waybill = str(first(info, "tracking_no") or "").strip()
        if not waybill:
            continue
        company = text(info.get("company"), 40)
        carrier = carriers.ours(company, text(info.get("company_name"), 40))
        if carrier is None:
            strange.append(f"company={company}")
        parcels.append(
            Parcel(waybill, carrier or company.lower(), moment(info.get("ship_time"), "logistics_info.ship_time"))
        )
    return tuple(parcels), tuple(strange)


def to_receiver(wire: dict[str, Any]) -> Receiver:
    """Masks as the platform gives them. Ciphertext is never shown, stored as a name, or guessed at."""
    area = record(wire.get("post_addr") or {}, "post_addr")
    mask = record(wire.get("mask_post_addr") or {}, "mask_post_addr")
    return Receiver(
        name=_shown(wire, "mask_post_receiver", "post_receiver"),
        phone=_shown(wire, "mask_post_tel", "post_tel"),
        province=_area(area, mask, "province"),
        city=_area(area, mask, "city"),
        district=_area(area, mask, "town"),
        town=_area(area, mask, "street"),
        detail=_shown(mask, "detail") or _shown(area, "mask_detail", "detail"),
        address_key=text(wire.get("open_address_id"), 256),
        masked=True,
    )


def _shown(wire: dict[str, Any], *names: str) -> str:
    """The first value that is not ciphertext ($…$ or #…#, documented shapes of encrypted fields)."""
    values = (text(wire.get(name), 300) for name in names)
    return next((value for value in values if value and not is_cipher(value)), "")


def is_cipher(value: str) -> bool:
    return len(value) > 1 and value[0] in "$#~" and value.rstrip("=")[-1:] in "$#~"


def _area(area: dict[str, Any], mask: dict[str, Any], level: str) -> str:
    for source in (area, mask):
        value = source.get(level)
        name = value.get("name") if isinstance(value, dict) else value
        if isinstance(name, str) and name:
            return text(name, 60)
    return ""


def redacted(wire: Any) -> str:
    """The record for quarantine: ids, codes, times and amounts stay, every other value becomes its type."""
    return json.dumps(_hide(wire, safe=False), ensure_ascii=False, sort_keys=True)[:20_000]


def _hide(value: Any, *, safe: bool) -> Any:
    if isinstance(value, dict):
        return {str(key)[:60]: _hide(item, safe=_is_safe(str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, safe=safe) for item in value]
    if value is None or isinstance(value, bool):
        return value
    return value if safe and str(value).lstrip("-").isalnum() and str(value).isascii() else f"<{type(value).__name__}>"


def _is_safe(key: str) -> bool:
    return key.endswith(_SAFE_IN_QUARANTINE) and not any(
        part in key for part in ("open", "tel", "phone", "mobile", "encrypt", "mask", "post")
    )
