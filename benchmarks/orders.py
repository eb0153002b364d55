"""Invented orders, the same ones in every run: 12 channels, two lines an order, 180 days, about three orders a buyer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from domain.money import Money
from domain.order import Order, OrderLine, Parcel, Receiver, Stage

CHANNELS = (
    "douyin", "pinduoduo", "taobao", "jd", "1688", "wechat", "shopify", "amazon", "walmart", "shopee", "lazada", "pos",
)  # fmt: skip
SPAN = timedelta(days=180)
END = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
START = END - SPAN
_STAGES = (Stage.TO_SHIP, Stage.SHIPPED, Stage.DELIVERED, Stage.COMPLETED, Stage.CLOSED_REFUNDED)
_ZERO = Money(0)
_SPAN_SECONDS = int(SPAN.total_seconds())
_PLACES = (
    ("浙江省", "杭州市", "西湖区"), ("广东省", "深圳市", "南山区"), ("四川省", "成都市", "武侯区"),
    ("北京市", "北京市", "朝阳区"),
)  # fmt: skip


def number_of(i: int) -> str:
    """Nineteen digits for most channels, the platforms' own shapes for Amazon and Shopify."""
    if i % 12 == 7:
        return f"{111 + i % 889}-{i % 9_999_999:07d}-{i * 7919 % 9_999_999:07d}"
    if i % 12 == 6:
        return f"#{100_000 + i}"
    return str(6_900_000_000_000_000_000 + i * 131_071)


def waybill_of(i: int) -> str:
    return f"SF{1_000_000_000_000 + i * 7:013d}"


def phone_of(i: int, total: int) -> str:
    """Buyers repeat: about three orders each."""
    return f"1{3_000_000_000 + i * 2_654_435_761 % max(1000, total // 3):010d}"


def order(i: int, total: int, version: int = 0) -> Order:
    """Order `i` of `total`; a higher `version` is the same order later, its status moved on."""
    placed = START + timedelta(seconds=i * _SPAN_SECONDS // max(total, 1))
    stage = _STAGES[(i + version) % 5]
    price, second = Money(2900 + i % 500), Money(3000 + i % 700)
    count = 1 + i % 3
    first = Money(price.minor * count)
    total_paid = Money(first.minor + second.minor)
    province, city, district = _PLACES[i % 4]
    channel = CHANNELS[i % 12]
    packed = placed + timedelta(hours=1)
    return Order(
        channel,
        f"{channel}-1",
        number_of(i),
        stage,
        placed,
        packed + timedelta(minutes=version),
        total_paid,
        _ZERO,
        _ZERO,
        total_paid,
        total_paid,
        total_paid if stage is Stage.CLOSED_REFUNDED else _ZERO,
        (
            OrderLine("1", f"SKU-{i % 5000:05d}", "保温杯 500ml 曜石黑", count, price, first),
            OrderLine("2", f"SKU-{i * 7 % 5000:05d}", "棉麻沙发套 三人位", 1, second, second),
        ),
        Receiver("张伟" if i % 2 else "李晓明", phone_of(i, total), province, city, district, "", f"文三路 {i % 300} 号"),
        (Parcel(waybill_of(i), "sf", packed),),
        f"buyer-{i % max(1, total // 3)}",
        paid_at=placed,
        shipped_at=packed,
        raw_status=str(i % 5),
    )


def orders(start: int, stop: int, total: int, version: int = 0) -> list[Order]:
    return [order(i, total, version) for i in range(start, stop)]


def batches(start: int, stop: int, total: int, size: int, version: int = 0) -> Iterator[list[Order]]:
    for low in range(start, stop, size):
        yield orders(low, min(low + size, stop), total, version)
