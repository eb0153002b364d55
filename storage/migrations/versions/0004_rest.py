"""Orders: what no query looks at becomes one text, so that a row costs less to write and to read."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_REST = (
    "buyer_key", "raw_status", "buyer_note", "seller_note", "unmapped", "country", "city", "district", "address_key",
    "masked",
)  # fmt: skip
_OPEN = sa.text("stage IN ('hold','to_ship','part_shipped')")


def upgrade() -> None:
    """The table is built anew: one pass over the rows on either database, and the columns stand where they are written."""
    if context.config.attributes["part"] == "inbox":
        return
    columns = _columns()
    op.create_table("orders_0004", *columns, sa.PrimaryKeyConstraint("id", name=op.f("pk_orders_0004")))
    split = "char(31)" if op.get_context().dialect.name == "sqlite" else "chr(31)"
    texts = [_text(name) for name in _REST]
    rest = f" || {split} || ".join(texts)
    names = [column.name for column in columns]
    chosen = ",".join(rest if name == "rest" else name for name in names)
    # In the order of the key, so that the new table is written from its first page to its last.
    op.execute(f"INSERT INTO orders_0004({','.join(names)}) SELECT {chosen} FROM orders ORDER BY id")
    op.drop_table("orders")
    op.rename_table("orders_0004", "orders")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER INDEX pk_orders_0004 RENAME TO pk_orders")
    op.create_index("ix_orders_open", "orders", ["stage"], unique=False, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ux_orders_number", "orders", ["number", "channel", "shop"], unique=True)


def _text(name: str) -> str:
    if name == "masked":
        return "CASE WHEN masked = 1 THEN '1' ELSE '' END"
    # Nothing we wrote holds the separator; a row that was put there by hand must not shift its fields.
    mark = "char(31)" if op.get_context().dialect.name == "sqlite" else "chr(31)"
    return f"REPLACE({name}, {mark}, ' ')"


def _columns() -> list[sa.Column[Any]]:
    def text(name: str) -> sa.Column[Any]:
        return sa.Column(name, sa.Text(), server_default="", nullable=False)

    def number(name: str) -> sa.Column[Any]:
        return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)

    def moment(name: str) -> sa.Column[Any]:
        return sa.Column(name, sa.BigInteger(), nullable=True)

    return [
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        *map(text, ("channel", "shop", "number", "stage")),
        *map(number, ("stage_at", "created_at", "updated_at")),
        text("currency"),
        *map(number, ("goods", "freight", "discount", "total", "paid", "refunded")),
        *map(moment, ("paid_at", "ship_by", "shipped_at", "delivered_at", "finished_at")),
        *map(text, ("warehouse", "holds", "tags", "province", "rest")),
        number("synced_at"),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        *map(number, ("digest", "version", "settlement_locked")),
        *map(text, ("owner", "ours")),
    ]
