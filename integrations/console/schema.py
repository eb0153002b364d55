"""The room's tables. One small SQLite file of its own: the chat history is the platform's, not the order store's."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

from domain.errors import Unavailable

VERSION = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE chats (
  chat_id TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, topic TEXT NOT NULL,
  members TEXT NOT NULL,          -- '|li|zhou|'; '' is everybody in the directory
  position INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,        -- order in the conversation: the revision at which it was written
  message_id TEXT NOT NULL UNIQUE, chat_id TEXT NOT NULL,
  rev INTEGER NOT NULL,           -- revision of its latest version: what a feed resumes from
  author TEXT NOT NULL,           -- '' is the bot
  to_user TEXT NOT NULL,          -- '' is everybody
  at INTEGER NOT NULL, edited_at INTEGER, mentions TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX messages_chat ON messages (chat_id, seq);
CREATE UNIQUE INDEX messages_rev ON messages (rev);
CREATE TABLE keys (key TEXT PRIMARY KEY, message_id TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE buttons (               -- every button a message ever had: a late click on an old version still has a meaning
  message_id TEXT NOT NULL, button_id TEXT NOT NULL, token TEXT NOT NULL, ask TEXT NOT NULL,
  PRIMARY KEY (message_id, button_id)
) WITHOUT ROWID;
CREATE TABLE clicks (
  event_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, message_id TEXT NOT NULL, button_id TEXT NOT NULL, answers TEXT NOT NULL,
  at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX clicks_recent ON clicks (message_id, button_id, user_id);
CREATE TABLE reads (
  user_id TEXT NOT NULL, chat_id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (user_id, chat_id)
) WITHOUT ROWID;
CREATE TABLE blobs (
  blob_id TEXT PRIMARY KEY, message_id TEXT NOT NULL, chat_id TEXT NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL,
  name TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, content BLOB NOT NULL
);
CREATE INDEX blobs_message ON blobs (message_id);
CREATE TABLE used_links (nonce TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open or create the file. Raises Unavailable when it cannot be used, saying what to do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5.0)
        db.execute("PRAGMA journal_mode=WAL")
        # NORMAL survives kill -9; only a power cut can lose the newest lines of *chat history*. What people asked for is in
        # the inbox, which is synced before it is answered.
        db.execute("PRAGMA synchronous=NORMAL")
        known = db.execute("PRAGMA user_version").fetchone()[0]
        if known == 0:
            epoch = secrets.token_hex(8)
            db.executescript(
                f"BEGIN IMMEDIATE;{_TABLES}INSERT INTO meta VALUES ('rev', 0), ('epoch', '{epoch}');"  # noqa: S608  hex of ours
                f"PRAGMA user_version={VERSION};COMMIT;"
            )
    except (sqlite3.DatabaseError, OSError) as broken:
        raise Unavailable(f"{path.name} cannot be opened; move the file away and start again") from broken
    if known > VERSION:
        db.close()
        raise Unavailable(f"{path.name} was written by a newer version of xiaodan")
    return db
