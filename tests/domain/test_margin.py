"""Line margins to the last fen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.margin import NO_REVENUE_BP, OrderMargin, order_margin, share
from domain.money import Money
from domain.order import OrderLine
from domain.store import Cost
from tests.builders import line, money, order

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


def cost(sku: str, minor: int, fee_bp: int = 0, freight: int | None = None, currency: str = "CNY") -> Cost:
    return Cost(sku, "", SINCE, Money(minor, currency), fee_bp, None if freight is None else Money(freight, currency))


def of(*lines: OrderLine, costs: dict[str, Cost], **more: Any) -> OrderMargin:
    return order_margin(order(lines=lines, **more), lambda each: costs.get(each.sku))


def test_price_fee_and_freight_all_count() -> None:
    found = of(line("A", 2, 10_000), costs={"A": cost("A", 8_000, fee_bp=500, freight=600)})
    worst = found.worst
    assert worst is not None
    assert (worst.revenue.minor, worst.goods.minor, worst.fee.minor, worst.freight.minor) == (20_000, 16_000, 1_000, 600)
    assert worst.contribution == money(2_400)
    assert worst.basis_points == 1_200


def test_an_order_discount_is_shared_to_the_last_fen() -> None:
    lines = (line("A", 1, 333), line("B", 1, 333), line("C", 1, 334))
    found = of(
        *lines,
        costs={sku: cost(sku, 100) for sku in "ABC"},
        goods=money(1_000),
        discount=money(100),
        total=money(900),
    )
    assert sum(each.revenue.minor for each in found.lines) == 900


def test_the_worst_line_decides_not_the_average() -> None:
    found = of(line("A", 1, 100_000), line("B", 1, 1_000), costs={"A": cost("A", 10_000), "B": cost("B", 990)})
    worst = found.worst
    assert worst is not None
    assert (worst.sku, worst.basis_points, worst.culprit) == ("B", 100, "fee")


def test_a_loss_names_the_price() -> None:
    worst = of(line("A", 1, 1_000), costs={"A": cost("A", 1_200)}).worst
    assert worst is not None
    assert (worst.culprit, worst.basis_points) == ("price", -2_000)


def test_an_unknown_or_foreign_cost_is_named_never_zero() -> None:
    found = of(line("A"), line("B"), costs={"B": cost("B", 100, currency="USD")})
    assert found.worst is None
    assert found.unknown == ("A", "B")


def test_gifts_cost_their_goods_and_free_lines_are_a_total_loss() -> None:
    gift = line("G", 1, 0, gift=True)
    with_gift = of(line("A", 1, 1_000), gift, costs={"A": cost("A", 500), "G": cost("G", 300)}).worst
    free = of(line("A", 1, 0), costs={"A": cost("A", 500)}).worst
    assert with_gift is not None
    assert free is not None
    assert with_gift.contribution.minor == 200
    assert free.basis_points == NO_REVENUE_BP


@given(st.integers(-(10**15), 10**15), st.lists(st.integers(0, 10**12), min_size=1, max_size=8))
def test_shares_always_add_up(total: int, weights: list[int]) -> None:
    parts = share(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(part * whole - total * weight) <= whole for part, weight in zip(parts, weights, strict=True))
