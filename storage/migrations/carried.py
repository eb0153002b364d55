"""Rows of older backups in the shape that today's tables have: what a migration does to a table, done to one row."""

from __future__ import annotations

from typing import Any

Values = list[Any]
# The columns of `orders` before 0004, as a backup of that time holds them.
_ORDERS = (
    "id", "channel", "shop", "number", "stage", "stage_at", "created_at", "updated_at", "synced_at", "currency", "goods",
    "freight", "discount", "total", "paid", "refunded", "paid_at", "ship_by", "shipped_at", "delivered_at", "finished_at",
    "buyer_key", "raw_status", "buyer_note", "seller_note", "warehouse", "holds", "tags", "unmapped", "country", "province",
    "city", "district", "address_key", "masked", "sealed", "digest", "version", "settlement_locked", "owner", "ours",
)  # fmt: skip
_REST = ("buyer_key", "raw_status", "buyer_note", "seller_note", "unmapped", "country", "city", "district", "address_key")
_MARK = "\x1f"


def carried(table: str, row: Values, names: list[str], migration: str) -> dict[str, Any]:
    """A row as it stands in a backup made at `migration`, by the names of today's columns. Raises ValueError on a misfit."""
    if table != "orders" or migration >= "0004":
        return dict(zip(names, row, strict=True))
    old = dict(zip(_ORDERS, row, strict=True))
    texts = [*(old[name].replace(_MARK, " ") for name in _REST), "1" if old["masked"] == 1 else ""]
    old["rest"] = _MARK.join(texts)
    return {name: old[name] for name in names}
