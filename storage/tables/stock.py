"""Stock, its ledger, and costs."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import metadata, moment, number, part, serial, text

STOCK = sa.Table(
    "stock",
    metadata,
    part("sku", sa.Text),
    part("warehouse", sa.Text),
    number("on_hand"),
    number("reserved"),
    number("frozen"),
    number("safety"),
    number("in_transit"),
    text("title"),
    moment("updated_at"),
)
STOCK_LEDGER = sa.Table(
    "stock_ledger",
    metadata,
    serial("id"),
    text("key"),
    text("sku"),
    text("warehouse"),
    text("kind"),
    number("quantity"),
    number("on_hand"),  # the three deltas: a level is their sum
    number("reserved"),
    number("frozen"),
    number("at"),
    number("order_id"),
    text("actor"),
    sa.Index("ux_stock_ledger_key", "key", unique=True),
    sa.Index("ix_stock_ledger_sku", "sku", "warehouse", "at"),
    sa.Index("ix_stock_ledger_order", "order_id"),
)
COSTS = sa.Table(
    "costs",
    metadata,
    part("sku", sa.Text),
    part("channel", sa.Text),
    part("since"),
    number("unit_cost"),
    text("currency"),
    number("fee_bp"),
    sa.Column("freight", sa.BigInteger, nullable=True),
    text("freight_currency"),
)
