"""Who is who: the roster, why somebody is kept out, binding codes, wrong guesses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing of this lives in the inbox's file."""
    if context.config.attributes["part"] == "inbox":
        return
    op.create_table(
        "roster",
        sa.Column("platform", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("how", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("departments", sa.Text(), server_default="", nullable=False),
        sa.Column("standing", sa.Text(), server_default="", nullable=False),
        sa.Column("listed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("platform", "user_id", name=op.f("pk_roster")),
    )
    op.create_index("ix_roster_person", "roster", ["person_id"])
    op.create_table(
        "bars",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("why", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("person_id", "why", name=op.f("pk_bars")),
    )
    op.create_table(
        "binding_codes",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("purpose", sa.Text(), server_default="", nullable=False),
        sa.Column("issued_by", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("issued_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_binding_codes")),
    )
    op.create_index("ix_binding_codes_person", "binding_codes", ["person_id"])
    op.create_table(
        "guesses",
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_guesses")),
    )
