"""Wordings that were not understood, and what an administrator taught about them. No personal data: samples are veiled."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import metadata, moment, number, serial, text

UNHEARD = sa.Table(
    "unheard",
    metadata,
    serial("id"),
    text("skeleton"),
    text("sample"),
    text("lang"),
    number("count"),
    number("first_at"),
    number("last_at"),
    text("guesses"),
    text("state"),
    sa.Index("ux_unheard_skeleton", "skeleton", unique=True),
)
LESSONS = sa.Table(
    "lessons",
    metadata,
    serial("id"),
    text("skeleton"),
    text("sample"),
    text("lang"),
    text("intent"),
    text("made_by"),
    number("made_at"),
    number("unheard_id"),
    text("undone_by"),
    moment("undone_at"),
    sa.Index(
        "ux_lessons_standing",
        "skeleton",
        unique=True,
        sqlite_where=sa.text("undone_at IS NULL"),
        postgresql_where=sa.text("undone_at IS NULL"),
    ),
)
