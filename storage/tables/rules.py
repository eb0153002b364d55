"""Limits of warning rules that were switched on in the group, each a row for good; undoing one is written on it."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import metadata, moment, number, serial, text

RULE_CHANGES = sa.Table(
    "rule_changes",
    metadata,
    serial("id"),
    text("rule"),
    text("base"),
    text("limits"),
    text("was"),
    text("made_by"),
    number("made_at"),
    text("undone_by"),
    moment("undone_at"),
)
