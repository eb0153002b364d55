"""Who is who: accounts that directories and codes know, why somebody is kept out, codes that are out, and wrong guesses."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import metadata, moment, number, part, text

ROSTER = sa.Table(
    "roster",
    metadata,
    part("platform", sa.Text),
    part("user_id", sa.Text),
    number("person_id"),
    text("how"),
    text("name"),
    text("departments"),
    text("standing"),
    number("listed"),
    moment("changed_at"),
    sa.Index("ix_roster_person", "person_id"),
)
# A person with a row here has no access, whatever else says so. One row per reason: each is lifted by its own cause.
BARS = sa.Table("bars", metadata, part("person_id"), part("why", sa.Text), number("at"))
BINDING_CODES = sa.Table(
    "binding_codes",
    metadata,
    sa.Column("mark", sa.LargeBinary, primary_key=True),  # keyed hash; the code itself is nowhere
    number("person_id"),
    text("purpose"),
    number("issued_by"),
    number("issued_at"),
    number("until"),
    moment("used_at"),
    sa.Index("ix_binding_codes_person", "person_id"),
)
GUESSES = sa.Table("guesses", metadata, part("name", sa.Text), number("count"), moment("since"), moment("locked_until"))
