"""The conditions of one closed query as SQL: its period, its filters, and whose eyes it is for.

Names of tables and columns come from the constants of `storage.recipes`; everything else, the asker's shops and warehouses
included, travels as a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import Refused
from domain.provinces import spellings
from domain.query import EITHER, Query, Scope
from domain.understand.plan import Filter
from domain.waybill import carrier_names
from storage.moments import ms
from storage.recipes import (
    ALERTED_PG,
    ALERTED_SQLITE,
    CARRIER,
    DAY,
    HAS_AFTERSALE,
    HOUR_EAST,
    ITS_ORDER,
    OPS,
    PAID,
    RECIPES,
    REFUND_AT,
    SENT,
    SKU,
    UNPAID,
    joined,
)

_OLD_ORDERS = 120 * 86_400  # how far back an order may have been placed that somebody acts on now, in seconds


# What a condition's no means where it is more than the opposite: a closed order waits for nothing.
_NOT = {"paid": f"o.stage IN {UNPAID}", "shipped": f"(NOT {SENT} AND o.stage NOT LIKE 'closed%')"}


def _like(value: str) -> str:
    """A text to be searched for, with nothing in it that LIKE reads as a pattern."""
    return value.replace("!", "!!").replace("%", "!%").replace("_", "!_")


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `:name` parameters, and their values."""

    sql: str
    params: dict[str, Any]


# The moments by which rows that are no orders belong to a day.
_STAMPS = {"events": "e.at", "aftersales": "s.created_at", "refunded": REFUND_AT}


class Builder:
    """Collects the conditions and parameters of one statement."""

    def __init__(self, query: Query, scope: Scope, *, pg: bool) -> None:
        if query.metric.may not in scope.may:
            raise Refused("这个数你这边看不了。")
        self.query, self.scope, self.pg = query, scope, pg
        self.recipe = RECIPES[query.metric.code]
        self.params: dict[str, Any] = {}
        self.where: list[str] = []
        self.needs_order = False

    def given(self, name: str, value: Any) -> str:
        self.params[name] = value
        return f":{name}"

    # --- when ---------------------------------------------------------------------------------------------------------

    def clock(self) -> str:
        """The expression that decides which period a row belongs to, in the unit of `_edge`."""
        return {
            "orders": "o.id", "lines": "l.order_id", "events": "e.at", "aftersales": "s.created_at", "refunded": REFUND_AT,
        }[self.recipe.source]  # fmt: skip

    def _edge(self, moment: datetime) -> int:
        return int(moment.timestamp()) << 31 if self.recipe.source in ("orders", "lines") else ms(moment)

    def period(self, *, previous: bool) -> str:
        """Adds the time condition; returns the expression of the period: 1 asked for, 0 before."""
        query, when = self.query, self.clock()
        low, high = self.given("lo", self._edge(query.start)), self.given("hi", self._edge(query.end))
        if previous:
            before = query.before
            first, last = self.given("plo", self._edge(before[0])), self.given("phi", self._edge(before[1]))
            # One range of the key with a hole in it, so that both databases walk the key once.
            self.where.append(f"{when} >= {first} AND {when} < {high} AND ({when} < {last} OR {when} >= {low})")
        else:
            self.where.append(f"{when} >= {low} AND {when} < {high}")
        begin = query.before[0] if previous else query.start
        if self.recipe.source == "lines":  # the same range on both sides of the join, whichever the planner starts from
            self.where.append(f"o.id >= {self.given('olo', self._edge(begin))} AND o.id < {high}")
        if self.recipe.source == "events":
            oldest, newest = int(begin.timestamp()) - _OLD_ORDERS, int(query.end.timestamp())
            low_id, high_id = self.given("elo", max(oldest, 0) << 31), self.given("ehi", newest << 31)
            # The plus keeps SQLite from walking months of events by their order instead of the few that hands made.
            self.where.append(f"+e.order_id >= {low_id} AND +e.order_id < {high_id}")
        return f"CASE WHEN {when} >= {low} THEN 1 ELSE 0 END" if previous else "1"

    # --- what ---------------------------------------------------------------------------------------------------------

    def column(self, name: str) -> str:
        source = self.recipe.source
        if name == "day":
            stamp = _STAMPS.get(source)
            return f"({stamp} + {HOUR_EAST * 1000}) / 86400000" if stamp else DAY
        if name == "hour":
            stamp = _STAMPS.get(source)
            seconds = f"({stamp} / 1000" if stamp else "((o.id >> 31)"
            return f"({seconds} + {HOUR_EAST}) / 3600) % 24"
        if source in ("aftersales", "refunded"):
            if name in ("channel", "shop", "reason", "kind"):
                return f"s.{name}"
            self.needs_order = True
        return {
            "channel": "o.channel", "shop": "o.shop", "warehouse": "o.warehouse", "province": "o.province",
            "stage": "o.stage", "sku": SKU, "agent": "e.actor", "reason": "s.reason", "kind": "s.kind",
            "carrier": CARRIER,
        }[name]  # fmt: skip

    def filter(self, index: int, each: Filter) -> None:
        mark = f":f{index}"
        yes = each.value in ("yes", "any")
        if each.field in ("paid", "shipped", "delivered", "held", "aftersale"):
            self.needs_order = True
            delivered = "o.stage IN ('delivered','completed')"
            test = {
                "paid": PAID, "shipped": SENT, "delivered": delivered, "held": "(o.holds <> '')",
                "aftersale": HAS_AFTERSALE,
            }[each.field]  # fmt: skip
            self.where.append(test if yes else _NOT.get(each.field, f"NOT {test}"))
            return
        if each.field == "total":
            self.params[f"f{index}"] = int(each.value)
            self.where.append(f"o.total {OPS[each.op]} {mark}")
        elif each.op == "has":
            self.params[f"f{index}"] = f"%{_like(each.value)}%"
            self.where.append(f"{self.column(each.field)} LIKE {mark} ESCAPE '!'")
        else:
            values = each.value.split(EITHER) if each.op == "in" else [each.value]
            if each.field == "province":
                values = [spelling for value in values for spelling in spellings(value)]
            elif each.field == "carrier":
                values = [name for value in values for name in carrier_names(value)]
            marks = ",".join(self.given(f"f{index}_{place}", value) for place, value in enumerate(values))
            self.where.append(f"{'NOT ' if each.op == '!=' else ''}{self._one_of(each.field, marks)}")

    def _one_of(self, name: str, marks: str) -> str:
        if name == "sku" and self.recipe.source == "lines":
            return f"(l.sku IN ({marks}) OR l.platform_sku IN ({marks}))"
        if name == "sku":
            self.needs_order = True
            return (
                "EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id"
                f" AND (l.sku IN ({marks}) OR l.platform_sku IN ({marks})))"
            )
        if name == "carrier":
            return f"EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = o.id AND p.carrier IN ({marks}))"
        return f"({self.column(name)} IN ({marks}))"

    def narrow(self) -> None:
        """Filters, and the asker's own shops and warehouses."""
        for index, each in enumerate(self.query.filters):
            self.filter(index, each)
        if self.scope.shops:
            self.where.append(f"{self.column('shop')} IN ({self.names('s', self.scope.shops)})")
        if self.scope.warehouses:
            house = self.column("warehouse")
            self.where.append(f"({house} IN ({self.names('w', self.scope.warehouses)}) OR {house} = '')")

    def names(self, prefix: str, values: frozenset[str]) -> str:
        return ",".join(self.given(f"{prefix}{index}", name) for index, name in enumerate(sorted(values)))

    def said(self, sql: str) -> str:
        """The statement with the parameters that only some expressions use."""
        if "{alerted}" in sql:
            begin = self.query.before[0] if self.query.previous else self.query.start
            self.params["since"] = ms(begin)
            sql = sql.replace("{alerted}", ALERTED_PG if self.pg else ALERTED_SQLITE)
        if ":now" in sql:
            self.params["now"] = ms(self.query.now)
        return sql

    def source(self) -> str:
        order = ITS_ORDER if self.needs_order and self.recipe.source in ("aftersales", "refunded") else ""
        return joined(self.recipe.source, pg=self.pg) + order
