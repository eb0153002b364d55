"""Limits of warning rules that were switched on in the group."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of this lives in the inbox's file."""
    if context.config.attributes["part"] == "inbox":
        return
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "rule_changes",
        sa.Column("id", key, autoincrement=True, nullable=False),
        *(_text(name) for name in ("rule", "base", "limits", "was", "made_by")),
        sa.Column("made_at", sa.BigInteger(), server_default="0", nullable=False),
        _text("undone_by"),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_changes")),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)
