"""The counts and sums that say whether everything arrived: the same on both databases."""

from __future__ import annotations

from typing import Any

from storage.units import SqlReads

_MONEY = ("goods", "freight", "discount", "total", "paid", "refunded")


def stats(reads: SqlReads, shop: str = "") -> dict[str, Any]:
    """Orders, lines, by channel, by stage, money per currency in minor units, rejected rows; of one shop or of all."""
    only = " WHERE (:shop = '' OR shop = :shop)"
    here = {"shop": shop}
    sums = ",".join(f"CAST(COALESCE(SUM({name}),0) AS BIGINT)" for name in _MONEY)
    grouped = reads.rows(
        f"SELECT channel,stage,currency,COUNT(*),{sums} FROM orders{only} GROUP BY channel,stage,currency",
        here,
        limit=1_000_000,
    )
    if shop:
        lines = reads.rows(
            "SELECT COUNT(*) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.shop = :shop", here
        )[0][0]
    else:
        lines = reads.rows("SELECT COUNT(*) FROM order_lines")[0][0]
    by_channel: dict[str, int] = {}
    by_stage: dict[str, int] = {}
    money: dict[str, dict[str, int]] = {}
    for channel, stage, currency, count, *amounts in grouped:
        by_channel[channel] = by_channel.get(channel, 0) + count
        by_stage[stage] = by_stage.get(stage, 0) + count
        kept = money.setdefault(currency, dict.fromkeys(_MONEY, 0))
        for name, amount in zip(_MONEY, amounts, strict=True):
            kept[name] += amount
    return {
        "orders": sum(by_channel.values()),
        "lines": lines,
        "by_channel": dict(sorted(by_channel.items())),
        "by_stage": dict(sorted(by_stage.items())),
        "money": dict(sorted(money.items())),
        "rejected_rows": reads.imports.totals(shop)[1],
    }
