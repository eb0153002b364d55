"""What was said where, by whom, and who has read it. Synchronous and safe to call from any thread.

Every change takes the next *revision*; a message remembers where it was said (`seq`) and its latest revision (`rev`), so
"everything after revision n" is both the live feed and the catch-up after a lost connection: each message once, as it is.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import Unavailable
from integrations.console.schema import connect
from integrations.console.wire import Blob, Json, StoredButton, ask_from, ask_json, preview

_COLUMNS = "seq, message_id, chat_id, rev, author, to_user, at, edited_at, body"
_MINE = "(c.members = '' OR instr(c.members, :pipe) > 0)"
_FOR_ME = "(m.to_user = '' OR m.to_user = :me)"
UNREAD_CAP = 100
REPEAT_MS = 2_000  # the same person on the same button again within this time is the same click


@dataclass(frozen=True, slots=True)
class Said:
    """One message as stored."""

    seq: int
    message_id: str
    chat_id: str
    rev: int
    author: str
    to_user: str
    at: int
    edited_at: int | None
    body: Json

    def json(self) -> Json:
        return {
            "id": self.message_id,
            "chat": self.chat_id,
            "seq": self.seq,
            "rev": self.rev,
            "from": self.author,
            "private": bool(self.to_user),
            "at": self.at,
            "edited": self.edited_at,
            "body": self.body,
        }


@dataclass(frozen=True, slots=True)
class RoomChat:
    chat_id: str
    kind: str
    title: str
    topic: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """All that happened for one person after a revision. `more`: ask again at once."""

    rev: int
    messages: tuple[Said, ...]
    unread: Json  # chat_id -> {"n": unread, "at_me": mentions among them, "read": seq}
    more: bool


class Room:
    """The chat history file. Raises Unavailable when the file cannot be read or written; nothing was changed then."""

    def __init__(self, path: Path) -> None:
        self._db = connect(path)
        self._lock = threading.Lock()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._db
            except sqlite3.Error as broken:
                raise Unavailable("console room") from broken

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @property
    def epoch(self) -> str:
        """Names this history file: a page that knows another one must start over."""
        with self._reading() as db:
            return str(db.execute("SELECT value FROM meta WHERE name='epoch'").fetchone()[0])

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # --- chats ---

    def open_chat(self, chat: RoomChat) -> None:
        """Create or rename a conversation. Repeating it changes nothing."""
        packed = _pack(chat.members)
        with self._writing() as db:
            db.execute(
                "INSERT INTO chats VALUES (?, ?, ?, ?, ?, (SELECT count(*) FROM chats)) ON CONFLICT (chat_id)"
                " DO UPDATE SET title=excluded.title, topic=excluded.topic, members=excluded.members",
                (chat.chat_id, chat.kind, chat.title, chat.topic, packed),
            )

    def chat_for(self, chat_id: str, user_id: str) -> RoomChat | None:
        """A conversation this person is in, or None: the two kinds of no look the same from outside."""
        found = self.chat(chat_id)
        return found if found and (not found.members or user_id in found.members) else None

    def chat(self, chat_id: str) -> RoomChat | None:
        with self._reading() as db:
            row = db.execute("SELECT chat_id, kind, title, topic, members FROM chats WHERE chat_id=?", (chat_id,)).fetchone()
        return RoomChat(row[0], row[1], row[2], row[3], _unpack(row[4])) if row else None

    def chats_of(self, user_id: str) -> list[Json]:
        """What the list of conversations shows: title, last line, its time. Groups first in the order they were opened."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT c.chat_id, c.kind, c.title, c.topic, c.members,"  # noqa: S608  constant fragments
                f" (SELECT max(m.seq) FROM messages m WHERE m.chat_id=c.chat_id AND {_FOR_ME}) FROM chats c"
                f" WHERE {_MINE} ORDER BY c.position",
                _me(user_id),
            ).fetchall()
            lasts = {
                row[5]: db.execute("SELECT author, at, body FROM messages WHERE seq=?", (row[5],)).fetchone()
                for row in rows
                if row[5]
            }
        shown: list[Json] = []
        for chat_id, kind, title, topic, members, seq in rows:
            last = lasts.get(seq)
            line = {"from": last[0], "at": last[1], "text": preview(json.loads(last[2])), "seq": seq} if last else None
            found = {"id": chat_id, "kind": kind, "title": title, "topic": topic, "members": list(_unpack(members))}
            shown.append({**found, "last": line})
        return shown

    # --- messages ---

    def post(
        self,
        *,
        chat_id: str,
        message_id: str,
        key: str,
        author: str,
        body: Json,
        at: int,
        to_user: str = "",
        blobs: Sequence[Blob] = (),
        buttons: Sequence[StoredButton] = (),
        uploads: Sequence[str] = (),
    ) -> tuple[Said, bool]:
        """Write a message once per `key`: (the message as stored, whether it is new). `uploads` become visible with it."""
        with self._writing() as db:
            known = db.execute("SELECT message_id FROM keys WHERE key=?", (key,)).fetchone()
            if known and (said := _one(db, known[0])):
                return said, False
            rev = _next(db)
            db.execute(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)",
                (rev, message_id, chat_id, rev, author, to_user, at, _pack(body["mention"]), _dump(body)),
            )
            db.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?)", (key, message_id, at))
            _keep(db, message_id, chat_id, at, blobs, buttons)
            db.executemany("UPDATE blobs SET message_id=? WHERE blob_id=?", [(message_id, blob) for blob in uploads])
            return Said(rev, message_id, chat_id, rev, author, to_user, at, None, body), True

    def edit(
        self, message_id: str, *, key: str, body: Json, at: int, blobs: Sequence[Blob], buttons: Sequence[StoredButton]
    ) -> bool:
        """Replace what a message of ours says, once per `key`; pictures, files and mentions it leaves out stay.

        False when the message is gone (retention).
        """
        with self._writing() as db:
            said = _one(db, message_id)
            if said is None:
                return False
            kept = {part: said.body.get(part) or [] for part in ("pictures", "files", "mention") if not body.get(part)}
            body = {**body, **kept}
            if db.execute("INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", (key, message_id, at)).rowcount == 0:
                return True
            db.execute(
                "UPDATE messages SET rev=?, edited_at=?, mentions=?, body=? WHERE message_id=?",
                (_next(db), at, _pack(body["mention"]), _dump(body), message_id),
            )
            stays = json.dumps([shown["id"] for part in ("pictures", "files") for shown in kept.get(part, [])])
            db.execute(
                "DELETE FROM blobs WHERE message_id=? AND blob_id NOT IN (SELECT value FROM json_each(?))",
                (message_id, stays),
            )
            _keep(db, message_id, said.chat_id, at, blobs, buttons)
            return True

    def message(self, message_id: str) -> Said | None:
        with self._reading() as db:
            return _one(db, message_id)

    def visible(self, message_id: str, user_id: str) -> Said | None:
        """A message, if this person may see it."""
        said = self.message(message_id)
        if said is None or said.to_user not in ("", user_id) or self.chat_for(said.chat_id, user_id) is None:
            return None
        return said

    def history(self, chat_id: str, user_id: str, *, before: int | None, limit: int) -> list[Said]:
        """A page of a conversation as this person sees it, oldest first, ending before `before`."""
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM messages m WHERE m.chat_id=:chat AND m.seq < :before AND {_FOR_ME}"  # noqa: S608
                " ORDER BY m.seq DESC LIMIT :limit",
                {"chat": chat_id, "before": before or 1 << 62, "limit": limit, "me": user_id},
            ).fetchall()
        return [_said(row) for row in reversed(rows)]

    def news(self, user_id: str, after: int, *, limit: int = 200) -> News:
        """Everything this person may see that was written or changed after a revision, each message once."""
        me = {**_me(user_id), "after": after, "limit": limit}
        with self._reading() as db:
            db.execute("BEGIN")  # one snapshot: the revision we report covers exactly what we return
            try:
                top = _rev(db)
                rows = db.execute(
                    f"SELECT {_COLUMNS} FROM messages m JOIN chats c USING (chat_id)"  # noqa: S608  constant fragments
                    f" WHERE m.rev > :after AND {_FOR_ME} AND {_MINE} ORDER BY m.rev LIMIT :limit",
                    me,
                ).fetchall()
                unread = _unread(db, user_id)
            finally:
                db.execute("COMMIT")
        found = tuple(map(_said, rows))
        more = len(found) == limit
        return News(found[-1].rev if more else top, found, unread, more)

    # --- clicks, reading, blobs, links ---

    def button(self, message_id: str, button_id: str) -> StoredButton | None:
        with self._reading() as db:
            row = db.execute(
                "SELECT button_id, token, ask FROM buttons WHERE message_id=? AND button_id=?", (message_id, button_id)
            ).fetchone()
        return StoredButton(row[0], row[1], ask_from(row[2])) if row else None

    def click(self, event_id: str, user_id: str, message_id: str, button_id: str, answers: Json, at: int) -> tuple[str, int]:
        """(event id, when) of this click. A repeat, or the same finger again within two seconds, gives the first one."""
        packed = _dump(answers)
        with self._writing() as db:
            first = db.execute(
                "SELECT event_id, at FROM clicks WHERE event_id=? UNION ALL SELECT event_id, at FROM clicks"
                " WHERE message_id=? AND button_id=? AND user_id=? AND answers=? AND at > ? LIMIT 1",
                (event_id, message_id, button_id, user_id, packed, at - REPEAT_MS),
            ).fetchone()
            if first:
                return str(first[0]), int(first[1])
            db.execute(
                "INSERT INTO clicks VALUES (?, ?, ?, ?, ?, ?)", (event_id, user_id, message_id, button_id, packed, at)
            )
            return event_id, at

    def mark_read(self, user_id: str, chat_id: str, seq: int) -> bool:
        """Move a read mark forward. Whether it moved; it never moves back and never past what was written."""
        with self._writing() as db:
            known = db.execute("SELECT seq FROM reads WHERE user_id=? AND chat_id=?", (user_id, chat_id)).fetchone()
            seq = min(seq, _rev(db))
            if known and known[0] >= seq:
                return False
            db.execute("INSERT OR REPLACE INTO reads VALUES (?, ?, ?)", (user_id, chat_id, seq))
            return True

    def upload(self, blob: Blob, *, chat_id: str, owner: str, kind: str, at: int) -> None:
        """Keep an upload until its message arrives; repeating it changes nothing. Only its owner sees it before that."""
        with self._writing() as db:
            db.execute(
                "INSERT OR IGNORE INTO blobs VALUES (?, '', ?, ?, ?, ?, ?, ?, ?, ?)",
                (blob.blob_id, chat_id, owner, kind, blob.name, blob.media_type, len(blob.content), at, blob.content),
            )

    def uploaded(self, blob_id: str, *, chat_id: str, owner: str) -> Json | None:
        """How a message shows an upload of this person for this conversation."""
        with self._reading() as db:
            row = db.execute(
                "SELECT blob_id, kind, name, size FROM blobs WHERE blob_id=? AND chat_id=? AND owner=?",
                (blob_id, chat_id, owner),
            ).fetchone()
        return dict(zip(("id", "kind", "name", "size"), row, strict=True)) if row else None

    def blob(self, blob_id: str) -> tuple[Blob, str, str] | None:
        """(bytes, message they belong to or "", owner)."""
        with self._reading() as db:
            row = db.execute(
                "SELECT blob_id, name, media_type, content, message_id, owner FROM blobs WHERE blob_id=?", (blob_id,)
            ).fetchone()
        return (Blob(*row[:4]), row[4], row[5]) if row else None

    def use_link(self, nonce: str, *, until: int) -> bool:
        """True for the first use of a login link, False ever after."""
        with self._writing() as db:
            return db.execute("INSERT OR IGNORE INTO used_links VALUES (?, ?)", (nonce, until)).rowcount == 1

    def sweep(self, *, before: int, keep_per_chat: int, now: int) -> int:
        """Forget what is older than `before` or beyond the newest `keep_per_chat` of a chat. How many messages went."""
        with self._writing() as db:
            gone = db.execute("DELETE FROM messages WHERE at < ?", (before,)).rowcount
            for (chat_id,) in db.execute("SELECT chat_id FROM chats").fetchall():
                gone += db.execute(
                    "DELETE FROM messages WHERE chat_id=:chat AND seq <= (SELECT seq FROM messages WHERE chat_id=:chat"
                    " ORDER BY seq DESC LIMIT 1 OFFSET :keep)",
                    {"chat": chat_id, "keep": keep_per_chat},
                ).rowcount
            db.execute(
                "DELETE FROM blobs WHERE at < ? AND message_id NOT IN (SELECT message_id FROM messages)", (now - 3_600_000,)
            )
            db.execute("DELETE FROM buttons WHERE message_id NOT IN (SELECT message_id FROM messages)")
            db.execute("DELETE FROM clicks WHERE at < ?", (before,))
            # A key outlives its message by a day, so that a late retry does not say it again.
            db.execute("DELETE FROM keys WHERE at < ?", (before - 86_400_000,))
            db.execute("DELETE FROM used_links WHERE until < ?", (now,))
            return gone


def _one(db: sqlite3.Connection, message_id: str) -> Said | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM messages WHERE message_id=?", (message_id,)).fetchone()  # noqa: S608
    return _said(row) if row else None


def _said(row: tuple[Any, ...]) -> Said:
    seq, message_id, chat_id, rev, author, to_user, at, edited_at, body = row
    return Said(seq, message_id, chat_id, rev, author, to_user, at, edited_at, json.loads(body))


def _rev(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT value FROM meta WHERE name='rev'").fetchone()[0])


def _next(db: sqlite3.Connection) -> int:
    return int(db.execute("UPDATE meta SET value=value+1 WHERE name='rev' RETURNING value").fetchone()[0])


def _keep(
    db: sqlite3.Connection, message_id: str, chat_id: str, at: int, blobs: Sequence[Blob], buttons: Sequence[StoredButton]
) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, '', '', ?, ?, ?, ?, ?)",
        [(b.blob_id, message_id, chat_id, b.name, b.media_type, len(b.content), at, b.content) for b in blobs],
    )
    db.executemany(
        "INSERT OR REPLACE INTO buttons VALUES (?, ?, ?, ?)",
        [(message_id, b.button_id, b.token, _dump(ask_json(b.ask)) if b.ask else "") for b in buttons],
    )


def _unread(db: sqlite3.Connection, user_id: str) -> Json:
    me = _me(user_id)
    marks = db.execute(
        "SELECT c.chat_id, coalesce(r.seq, 0) FROM chats c LEFT JOIN reads r ON r.chat_id=c.chat_id AND r.user_id=:me"  # noqa: S608
        f" WHERE {_MINE}",
        me,
    ).fetchall()
    counts: Json = {}
    for chat_id, seq in marks:
        n, at_me = db.execute(
            "SELECT count(*), coalesce(sum(instr(mentions, :pipe) > 0), 0) FROM (SELECT m.mentions FROM messages m"  # noqa: S608
            f" WHERE m.chat_id=:chat AND m.seq > :seq AND m.author <> :me AND {_FOR_ME} LIMIT {UNREAD_CAP})",
            {**me, "chat": chat_id, "seq": seq},
        ).fetchone()
        counts[chat_id] = {"n": n, "at_me": at_me, "read": seq}
    return counts


def _me(user_id: str) -> dict[str, str]:
    return {"me": user_id, "pipe": f"|{user_id}|"}


def _pack(users: Sequence[str]) -> str:
    return f"|{'|'.join(users)}|" if users else ""


def _unpack(packed: str) -> tuple[str, ...]:
    return tuple(packed.strip("|").split("|")) if packed else ()


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
