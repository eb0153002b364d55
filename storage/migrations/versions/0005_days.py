"""Day sums for figures, the marks that say which are out of date, and an index of what hands did."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SUMS = (
    "placed", "paid_orders", "paid", "paying", "paying_paid", "refunded", "timed", "in_time", "late", "waiting",
)  # fmt: skip
_LINES = ("units", "sold_lines", "earned", "costed", "uncosted", "priced_lines")


def upgrade() -> None:
    """Nothing of this lives in the inbox's file. Every day that has orders begins marked."""
    if context.config.attributes["part"] == "inbox":
        return
    op.create_table(
        "day_sums",
        _part("day"),
        *(_part(name, sa.Text()) for name in ("channel", "shop", "warehouse", "currency")),
        *map(_number, _SUMS),
        sa.Column("waiting_from", sa.BigInteger(), nullable=True),
        sa.Column("waiting_to", sa.BigInteger(), nullable=True),
        *map(_number, _LINES),
        sa.PrimaryKeyConstraint("day", "channel", "shop", "warehouse", "currency", name=op.f("pk_day_sums")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "day_spans",
        _part("day"),
        *(_part(name, sa.Text()) for name in ("kind", "channel", "shop", "warehouse")),
        sa.Column("minutes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", "channel", "shop", "warehouse", name=op.f("pk_day_spans")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "day_marks",
        _part("day"),
        _part("why", sa.Text()),
        _part("token"),
        _number("mark"),
        sa.PrimaryKeyConstraint("day", "why", "token", name=op.f("pk_day_marks")),
        sqlite_with_rowid=False,
    )
    hands = sa.text("surface IN ('chat','web')")
    op.create_index("ix_order_events_hands", "order_events", ["at"], sqlite_where=hands, postgresql_where=hands)
    op.execute(
        "INSERT INTO day_marks(day,why,token)"
        " SELECT DISTINCT ((o.id >> 31) + 28800) / 86400,'orders',0 FROM orders o"  # as storage.recipes.DAY was then
    )


def _part(name: str, kind: Any = None) -> sa.Column[object]:
    return sa.Column(name, kind or sa.BigInteger(), autoincrement=False, nullable=False)


def _number(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
