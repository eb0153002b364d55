"""Tokens of people's assistants, and what was used of a shared budget in a window of time."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import blob, metadata, moment, number, part, serial, text

ACCESS_TOKENS = sa.Table(
    "access_tokens",
    metadata,
    serial("id"),
    blob("mark", nullable=False),  # keyed hash of the secret; the secret itself is nowhere
    number("person_id"),
    text("scopes"),
    text("label"),
    number("created_at"),
    number("expires_at"),
    moment("revoked_at"),
    moment("last_used_at"),
    sa.Index("ux_access_tokens_mark", "mark", unique=True),
)
USAGE = sa.Table(
    "usage",
    metadata,
    part("name", sa.Text),
    part("period", sa.Text),
    number("requests"),
    number("tokens"),
    number("cost"),  # millionths of the currency's unit
    sqlite_with_rowid=False,
)
