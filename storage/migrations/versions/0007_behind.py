"""The inbox marks what is behind an unfinished one of its lane, so that taking the next need not look at all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_READY = sa.text("state < 2 AND behind = 0")


def upgrade() -> None:
    """On SQLite only the inbox's own file has it. What waits already is not marked: the mark is a hint."""
    if context.config.attributes["part"] == "main":
        return
    op.add_column("inbox", sa.Column("behind", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index("ix_inbox_ready", "inbox")
    op.create_index("ix_inbox_ready", "inbox", ["id"], sqlite_where=_READY, postgresql_where=_READY)
