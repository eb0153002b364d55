"""Pinduoduo's orders in our words. Pure. Field meanings: order list and order detail pages of the platform's catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.money import Money
from domain.order import Order, OrderLine, Parcel, Receiver, Stage
from integrations.pinduoduo import values
from integrations.pinduoduo.carriers import OURS
from integrations.pinduoduo.values import Unmappable
from integrations.pinduoduo.wire import Row

CHANNEL = "pinduoduo"


@dataclass(frozen=True, slots=True)
class _Standing:
    stage: Stage
    holds: tuple[str, ...]
    unmapped: tuple[str, ...]


def to_order(row: Row, *, shop: str, completed: bool = False, carriers: Mapping[int, str] = OURS) -> Order:
    """One row of the order list, or the order of a detail reply.

    `completed`: the platform said that the trade is over (message TradeSuccess); rows themselves never say so.
    Raises Unmappable naming the field that cannot be read.
    """
    order_sn = values.ident(row, "order_sn")
    if not order_sn:
        raise Unmappable("order_sn is missing")
    created = values.moment(row, "created_time") or values.moment(row, "confirm_time")
    if created is None:
        raise Unmappable("created_time is missing")
    standing = _standing(row, completed=completed)
    total = values.yuan(row, "pay_amount", required=True)
    discount = values.yuan(row, "discount_amount")
    freight = values.yuan(row, "postage")
    for fee in values.rows(row, "service_fee_detail"):
        freight += values.yuan(fee, "service_fee")  # e.g. the surcharge for SF Express: part of pay_amount
    goods = _goods(row)
    paid = _paid(row, total)
    refunded_whole = values.number(row, "refund_status") == 4
    parcels, strangers = _parcels(row, carriers)
    return Order(
        channel=CHANNEL,
        shop=shop,
        number=order_sn,
        stage=standing.stage,
        created_at=created,
        updated_at=values.moment(row, "updated_at") or created,
        goods=goods,
        freight=freight,
        discount=discount,
        total=total,
        paid=paid,
        refunded=paid if refunded_whole else Money(0),
        lines=_lines(row, order_sn, goods - discount),
        receiver=receiver(row),
        parcels=parcels,
        buyer_key=values.ident(row, "open_address_id") or values.ident(row, "open_address_id_2"),
        paid_at=values.moment(row, "pay_time"),
        ship_by=values.moment(row, "last_ship_time"),
        shipped_at=values.moment(row, "shipping_time"),
        delivered_at=values.moment(row, "receive_time"),
        raw_status=f"{row.get('order_status', '')}/{row.get('refund_status', '')}"[:20],
        buyer_note=values.words(row, "buyer_memo"),
        seller_note=values.words(row, "remark"),
        warehouse=_warehouse(row),
        holds=standing.holds,
        tags=_tags(row, refunded_whole=refunded_whole),
        unmapped=standing.unmapped + strangers,
    )


def _standing(row: Row, *, completed: bool) -> _Standing:
    """The order axis from six fields. What is not understood holds the order: nothing ships on a guess."""
    status = values.number(row, "order_status")
    refund, confirm = values.number(row, "refund_status"), values.number(row, "confirm_status")
    group, risk = values.number(row, "group_status"), values.number(row, "risk_control_status")
    known: dict[str, tuple[int | None, set[int | None]]] = {
        "order_status": (status, {1, 2, 3}),
        "refund_status": (refund, {None, 0, 1, 2, 3, 4}),
        "confirm_status": (confirm, {None, 0, 1, 2}),
        "group_status": (group, {None, 0, 1, 2}),
        "risk_control_status": (risk, {None, 0, 1}),
    }
    unmapped = tuple(f"{name}={value}" for name, (value, meanings) in known.items() if value not in meanings)
    if refund == 4:
        return _Standing(Stage.CLOSED_REFUNDED, (), unmapped)
    if confirm == 2 or group == 2:
        return _Standing(Stage.CLOSED_UNPAID, (), unmapped)
    if status in (2, 3):
        gone = Stage.SHIPPED if status == 2 else Stage.COMPLETED if completed else Stage.DELIVERED
        return _Standing(gone, (), unmapped)
    if _deposit(row) in (0, 1):
        return _Standing(Stage.UNPAID, (), unmapped)
    holds = []
    if unmapped or status != 1:
        holds.append("unknown_status")
    if risk == 1:
        holds.append("risk")
    if group == 0 or confirm == 0:
        holds.append("group")  # the shared purchase is not complete: the deal may still fall through
    if refund in (2, 3):
        holds.append("refund")
    if holds:
        return _Standing(Stage.HOLD, tuple(holds), unmapped)
    # The platform knows no partly shipped state; parcels on an order that is still "to ship" mean exactly that. Once it
    # says "shipped", further parcels are just more parcels of a shipped order.
    part = any(_waybills(row))
    stock = ("stock",) if values.number(row, "stock_out_handle_status") == 0 else ()
    return _Standing(Stage.PART_SHIPPED if part else Stage.TO_SHIP, stock, unmapped)


def _goods(row: Row) -> Money:
    """The goods' price; from the lines where an older reply leaves the sum out."""
    if row.get("goods_amount") not in (None, ""):
        return values.yuan(row, "goods_amount")
    items = values.rows(row, "item_list")
    return sum((values.yuan(item, "goods_price") * (values.number(item, "goods_count") or 0) for item in items), Money(0))


def _deposit(row: Row) -> int | None:
    step = row.get("step_order_info")
    return values.number(step, "step_trade_status") if isinstance(step, dict) else None


def _paid(row: Row, total: Money) -> Money:
    step = row.get("step_order_info")
    if isinstance(step, dict) and _deposit(row) in (0, 1):
        return values.yuan(step, "step_paid_fee")
    if values.number(row, "refund_status") != 4 and 2 in (
        values.number(row, "confirm_status"),
        values.number(row, "group_status"),
    ):
        return Money(0)  # the deal fell through: nothing was kept
    # Lists never hold unpaid orders, and some rows leave pay_time empty (paid by wallet): what is listed is paid.
    return total


def _lines(row: Row, order_sn: str, goods_after_discount: Money) -> tuple[OrderLine, ...]:
    """One line of goods per order is the rule; the amounts of several are split so that they add up to the fen."""
    items = values.rows(row, "item_list")
    prices = [values.yuan(item, "goods_price") for item in items]
    counts = [values.number(item, "goods_count") or 0 for item in items]
    shares = _split(goods_after_discount.minor, [price.minor * count for price, count in zip(prices, counts, strict=True)])
    lines = [
        _line(
            item, line_id=order_sn if index == 0 else f"{order_sn}-{index + 1}", unit=price, count=count, total=Money(share)
        )
        for index, (item, price, count, share) in enumerate(zip(items, prices, counts, shares, strict=True))
    ]
    for index, gift in enumerate(values.rows(row, "gift_list")):
        count = values.number(gift, "goods_count") or 1
        lines.append(_line(gift, line_id=f"{order_sn}-g{index + 1}", unit=Money(0), count=count, total=Money(0), gift=True))
    return tuple(lines)


def _line(item: Row, *, line_id: str, unit: Money, count: int, total: Money, gift: bool = False) -> OrderLine:
    goods_id, sku_id = values.ident(item, "goods_id"), values.ident(item, "sku_id")
    spec = values.words(item, "goods_spec", 80)
    title = values.words(item, "goods_name", 200)
    return OrderLine(
        line_id=line_id,
        sku=values.ident(item, "outer_id") or values.ident(item, "outer_goods_id"),
        title=f"{title} {spec}".strip(),
        quantity=count,
        unit_price=unit,
        total=total,
        platform_sku=f"{goods_id}:{sku_id}" if goods_id or sku_id else "",  # writing stock needs both
        gift=gift,
    )


def _split(amount: int, weights: list[int]) -> list[int]:
    """`amount` in whole fen by weight, adding up exactly; the rounding goes to the last line."""
    if not weights:
        return []
    whole = sum(weights)
    shares = [amount * weight // whole if whole > 0 else 0 for weight in weights[:-1]]
    return [*shares, amount - sum(shares)]


def _waybills(row: Row) -> list[tuple[str, int | None]]:
    found: list[tuple[str, int | None]] = []
    sources = [row, *values.rows(row, "extra_delivery_list"), *values.rows(row, "gift_delivery_list")]
    for source in (*sources, *values.rows(row, "resend_delivery_list")):
        waybill = values.ident(source, "tracking_number")
        if waybill and waybill not in (known for known, _ in found):
            found.append((waybill, values.number(source, "logistics_id")))
    return found


def _parcels(row: Row, carriers: Mapping[int, str]) -> tuple[tuple[Parcel, ...], tuple[str, ...]]:
    shipped = values.moment(row, "shipping_time")
    parcels, strangers = [], []
    for waybill, carrier in _waybills(row):
        if carrier and carrier not in carriers:
            strangers.append(f"logistics_id={carrier}")
        parcels.append(Parcel(waybill=waybill, carrier=carriers.get(carrier or 0, ""), shipped_at=shipped))
    return tuple(parcels), tuple(dict.fromkeys(strangers))


def receiver(row: Row) -> Receiver:
    """Province, city and district stand in clear; name, phone and door only as masks.

    The ciphertext in `receiver_name/phone/address` is useless without decryption quota and disappears when the order ships
    or goes under review, so it is never taken over: the masks stay. Since 2025-11-07 the phone to call is `contact_mobile`.
    """
    contact = values.phone(values.words(row, "contact_mobile", 64))
    mask = values.phone(values.words(row, "contact_mobile_mask", 64) or values.words(row, "receiver_phone_mask", 64))
    shown = contact or mask
    return Receiver(
        name=values.words(row, "receiver_name_mask", 60),
        phone=shown,
        province=values.words(row, "province", 40),
        city=values.words(row, "city", 40),
        district=values.words(row, "town", 40),  # their "town" is the district
        detail=values.words(row, "receiver_address_mask", 200) or values.words(row, "address_mask", 200),
        address_key=values.ident(row, "open_address_id_2") or values.ident(row, "open_address_id"),
        masked=not values.is_plain_phone(shown),
    )


def _warehouse(row: Row) -> str:
    depot = row.get("order_depot_info")
    if not isinstance(depot, dict):
        return ""
    return values.ident(depot, "depot_code") or values.words(depot, "depot_name", 60)


_FLAGS = (
    ("is_pre_sale", "pre_sale"),
    ("delivery_one_day", "delivery_one_day"),
    ("free_sf", "free_sf"),
    ("invoice_status", "invoice_wanted"),
    ("return_freight_payer", "return_freight_payer"),
    ("is_stock_out", "stock_out"),
)


def _tags(row: Row, *, refunded_whole: bool) -> tuple[str, ...]:
    tags = [tag for name, tag in _FLAGS if row.get(name) in (1, "1", True)]
    tags += [
        values.words(tag, "name", 40) for tag in values.rows(row, "order_tag_list") if tag.get("value") in (1, "1", True)
    ]
    if values.moment(row, "urge_shipping_time") is not None:
        tags.append("urged")
    if (flag := values.number(row, "remark_tag")) is not None and 1 <= flag <= 5:
        tags.append(f"flag:{('red', 'yellow', 'green', 'blue', 'purple')[flag - 1]}")
    if refunded_whole:
        # The order only says that a refund succeeded; how much is on the after-sale, which corrects this figure.
        tags.append("refund_assumed_whole")
    return tuple(tag for tag in dict.fromkeys(tags) if tag)
