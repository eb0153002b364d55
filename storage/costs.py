"""What goods cost us, by channel and from a day on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.money import Money
from domain.store import Cost
from storage.days import mark_costs
from storage.moments import at, ms
from storage.sql import Conn

_COST = (
    "SELECT sku,channel,since,unit_cost,currency,fee_bp,freight,freight_currency FROM costs"
    " WHERE sku = ? AND channel = ? AND since <= ? ORDER BY since DESC LIMIT 1"
)
_PUT = (
    "INSERT INTO costs(sku,channel,since,unit_cost,currency,fee_bp,freight,freight_currency) VALUES(?,?,?,?,?,?,?,?)"
    " ON CONFLICT (sku,channel,since) DO UPDATE SET unit_cost=excluded.unit_cost, currency=excluded.currency,"
    " fee_bp=excluded.fee_bp, freight=excluded.freight, freight_currency=excluded.freight_currency"
)


class CostReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def cost(self, sku: str, channel: str, at: datetime) -> Cost | None:
        """The channel's own cost if it has one by then, else the one for every channel."""
        return self._one(sku, channel, at) or (self._one(sku, "", at) if channel else None)

    def _one(self, sku: str, channel: str, when: datetime) -> Cost | None:
        row = self._c.one(_COST, (sku, channel, ms(when)))
        if row is None:
            return None
        freight = None if row[6] is None else Money(row[6], row[7])
        return Cost(row[0], row[1], at(row[2]), Money(row[3], row[4]), row[5], freight)


class CostWrites(CostReads):
    def put(self, costs: Iterable[Cost]) -> None:
        since: list[int] = []
        for one in costs:
            freight = one.freight
            since.append(ms(one.since))
            self._c.run(
                _PUT,
                (one.sku, one.channel, ms(one.since), one.unit_cost.minor, one.unit_cost.currency, one.fee_bp,
                 freight.minor if freight else None, freight.currency if freight else ""),
            )  # fmt: skip
        if since:
            mark_costs(self._c, min(since))
