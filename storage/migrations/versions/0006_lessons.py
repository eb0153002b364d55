"""Wordings that were not understood, and what was taught about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of this lives in the inbox's file."""
    if context.config.attributes["part"] == "inbox":
        return
    op.create_table(
        "unheard",
        _serial(),
        *(_text(name) for name in ("skeleton", "sample", "lang")),
        *(_number(name) for name in ("count", "first_at", "last_at")),
        *(_text(name) for name in ("guesses", "state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unheard")),
    )
    op.create_index("ux_unheard_skeleton", "unheard", ["skeleton"], unique=True)
    op.create_table(
        "lessons",
        _serial(),
        *(_text(name) for name in ("skeleton", "sample", "lang", "intent", "made_by")),
        _number("made_at"),
        _number("unheard_id"),
        _text("undone_by"),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    standing = sa.text("undone_at IS NULL")
    op.create_index(
        "ux_lessons_standing", "lessons", ["skeleton"], unique=True, sqlite_where=standing, postgresql_where=standing
    )


def _serial() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
