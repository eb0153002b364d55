"""What flows through: people and chats, dialogs, inbox, outbox, leases, cursors, quarantine, import counts."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import blob, key, metadata, moment, number, part, serial, text

PEOPLE = sa.Table(
    "people",
    metadata,
    key("id"),
    text("name"),
    text("roles"),
    text("shops"),
    text("warehouses"),
    number("active"),
)
ACCOUNTS = sa.Table(
    "accounts",
    metadata,
    part("platform", sa.Text),
    part("user_id", sa.Text),
    number("person_id"),
    number("n"),
    sa.Index("ix_accounts_person", "person_id"),
)
CHATS = sa.Table(
    "chats",
    metadata,
    part("platform", sa.Text),
    part("chat_id", sa.Text),
    text("kind"),
    text("title"),
    text("topics"),
    text("shops"),
    text("warehouses"),
)
DIALOGS = sa.Table(
    "dialogs",
    metadata,
    part("platform", sa.Text),
    part("chat_id", sa.Text),
    part("user_id", sa.Text),
    blob("state"),  # sealed: people type phone numbers
    number("until"),
)
OUTBOX = sa.Table(
    "outbox",
    metadata,
    serial("id"),
    blob("mark", nullable=False),  # 16 bytes of the key
    text("key"),  # the key's text when the mark does not spell it
    text("topic"),
    text("payload"),
    text("lane"),
    number("priority"),
    number("turn_at"),  # when its turn in the lane comes: fixed when added, so a later retry does not lose its place
    number("due_at"),
    number("added_at"),
    number("state"),  # 0 waiting, 1 claimed, 2 done, 3 failed
    number("attempts"),
    text("owner"),
    number("lease_until"),
    text("error"),
    sa.Index("ux_outbox_mark", "mark", unique=True),
    sa.Index(
        "ix_outbox_ready",
        "priority",
        "turn_at",
        "id",
        sqlite_where=sa.text("state < 2"),
        postgresql_where=sa.text("state < 2"),
    ),
    sa.Index(
        "ix_outbox_lane",
        "lane",
        "turn_at",
        "id",
        sqlite_where=sa.text("state < 2 AND lane <> ''"),
        postgresql_where=sa.text("state < 2 AND lane <> ''"),
    ),
)
# On SQLite this table lives in a file of its own (storage.inbox), so that accepting never waits for the writer.
INBOX = sa.Table(
    "inbox",
    metadata,
    serial("id"),
    blob("mark", nullable=False),  # of (source, dedupe)
    text("source"),
    text("kind"),
    text("lane"),
    blob("payload"),  # sealed; emptied when done
    number("received_at"),
    number("due_at"),
    number("state"),  # 0 waiting, 1 claimed, 2 done, 3 dead
    number("attempts"),
    text("owner"),
    number("lease_until"),
    text("error"),
    number("behind"),  # 1: an earlier one of its lane is not finished; a hint that spares looking at it
    sa.Index("ux_inbox_mark", "mark", unique=True),
    sa.Index(
        "ix_inbox_ready",
        "id",
        sqlite_where=sa.text("state < 2 AND behind = 0"),
        postgresql_where=sa.text("state < 2 AND behind = 0"),
    ),
    sa.Index(
        "ix_inbox_lane",
        "lane",
        "id",
        sqlite_where=sa.text("state < 2 AND lane <> ''"),
        postgresql_where=sa.text("state < 2 AND lane <> ''"),
    ),
)
LEASES = sa.Table("leases", metadata, part("name", sa.Text), text("owner"), number("until"))
CURSORS = sa.Table("cursors", metadata, part("name", sa.Text), text("value"))
FRESHNESS = sa.Table(
    "freshness", metadata, part("source", sa.Text), moment("last_ok"), text("last_error"), moment("error_since")
)
QUARANTINE = sa.Table(
    "quarantine",
    metadata,
    part("mark", sa.LargeBinary),
    text("source"),
    text("ref"),
    text("reason"),
    text("raw"),
    number("first_at"),
    number("last_at"),
    number("times"),
    sa.Index("ix_quarantine_last", "last_at"),
)
IMPORTS = sa.Table(
    "imports",
    metadata,
    part("run_id", sa.Text),
    text("file"),
    text("shop"),
    number("rows"),
    number("rejected"),
    number("at"),
)
