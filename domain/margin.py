"""What a line earns, in whole minor units: price paid minus goods, channel fee and freight.

Order-level discounts and freight are spread over the lines by value so that the parts add up to the whole, to the last fen.
An unknown cost is never taken as zero: the line is `unknown`, named, and left for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain.money import Money
from domain.order import Order, OrderLine
from domain.store import Cost

NO_REVENUE_BP = -10_000


@dataclass(frozen=True, slots=True)
class LineMargin:
    """One line's contribution. `basis_points` is contribution / revenue × 10 000; revenue 0 counts as −100 %."""

    line_id: str
    sku: str
    quantity: int
    revenue: Money
    goods: Money
    fee: Money
    freight: Money

    @property
    def contribution(self) -> Money:
        return self.revenue - self.goods - self.fee - self.freight

    @property
    def basis_points(self) -> int:
        if self.revenue.minor <= 0:
            return NO_REVENUE_BP
        return self.contribution.minor * 10_000 // self.revenue.minor

    @property
    def culprit(self) -> str:
        """What breaks it: price (below the goods' own cost), else the largest of fee and freight."""
        if self.revenue.minor < self.goods.minor:
            return "price"
        return "freight" if self.freight.minor > self.fee.minor else "fee"


@dataclass(frozen=True, slots=True)
class OrderMargin:
    """All lines that were sold (no gifts, no return lines). `unknown` are SKUs without a usable cost."""

    lines: tuple[LineMargin, ...]
    unknown: tuple[str, ...]

    @property
    def worst(self) -> LineMargin | None:
        return min(self.lines, key=lambda line: line.basis_points, default=None)

    @property
    def contribution(self) -> Money | None:
        if not self.lines:
            return None
        total = self.lines[0].contribution
        for line in self.lines[1:]:
            total = total + line.contribution
        return total


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` by weights into whole numbers that add up to it: largest remainders first, then the earlier place."""
    whole = sum(weights)
    if not weights:
        return []
    if whole <= 0:
        weights, whole = [1] * len(weights), len(weights)
    exact = [total * weight for weight in weights]
    parts = [value // whole for value in exact]
    left = total - sum(parts)
    order = sorted(range(len(weights)), key=lambda i: (-(exact[i] % whole), i))
    for i in order[:left]:
        parts[i] += 1
    return parts


def order_margin(order: Order, cost_of: Callable[[OrderLine], Cost | None]) -> OrderMargin:
    """Margins of an order's sold lines.

    The order's `goods - discount` is shared by the lines' totals. The buyer's freight is income of the parcel and ours its
    expense: what we add is shared by value. Gifts earn nothing and cost their goods, which the sold lines carry by value.
    """
    sold = [line for line in order.lines if not line.gift and line.quantity > 0]
    gifts = [line for line in order.lines if line.gift and line.quantity > 0]
    if not sold:
        return OrderMargin((), ())
    currency = order.total.currency
    costs = [_usable(cost_of(line), currency) for line in sold]
    gift_costs = [_usable(cost_of(line), currency) for line in gifts]
    if all(cost is None for cost in costs):
        return OrderMargin((), tuple(dict.fromkeys(line.sku for line in (*sold, *gifts))))
    weights = [max(line.total.minor, 0) for line in sold]
    revenue = share((order.goods - order.discount).minor, weights) if order.balanced else weights
    given = sum(cost.unit_cost.minor * line.quantity for line, cost in zip(gifts, gift_costs, strict=True) if cost)
    parcel = max((cost.freight.minor for cost in (*costs, *gift_costs) if cost and cost.freight), default=0)
    freight = share(max(parcel - order.freight.minor, 0), weights)
    extra = share(given, weights)
    lines, unknown = [], [line.sku for line, cost in zip(gifts, gift_costs, strict=True) if cost is None]
    for line, cost, income, post, gift in zip(sold, costs, revenue, freight, extra, strict=True):
        if cost is None:
            unknown.append(line.sku)
            continue
        lines.append(
            LineMargin(
                line.line_id,
                line.sku,
                line.quantity,
                Money(income, currency),
                Money(cost.unit_cost.minor * line.quantity + gift, currency),
                Money(-(-income * cost.fee_bp // 10_000) if income > 0 else 0, currency),
                Money(post, currency),
            )
        )
    return OrderMargin(tuple(lines), tuple(dict.fromkeys(unknown)))


def _usable(cost: Cost | None, currency: str) -> Cost | None:
    """A cost in another currency is as good as none: no rate is guessed."""
    if cost is None or cost.unit_cost.currency != currency:
        return None
    if cost.freight is not None and cost.freight.currency != currency:
        return None
    return cost
