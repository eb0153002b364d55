"""What must happen outside, after the commit. One lane is done one at a time and in order; lanes do not wait for each other.

A row's turn in its lane is fixed when it is added (`turn_at`: when it was added, or the time it was asked for), so a row
that is retried keeps its followers waiting, and one that was planned for tomorrow does not stop today's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from domain.store import Claimed, Outgoing
from storage.moments import at, dump_clean, load, ms, scrub
from storage.sql import Bulk, Conn

WAITING, CLAIMED, DONE, FAILED = 0, 1, 2, 3
_ADD = Bulk(
    "outbox",
    {
        "mark": "bytea", "key": "text", "topic": "text", "payload": "text", "lane": "text", "priority": "bigint",
        "turn_at": "bigint", "due_at": "bigint", "added_at": "bigint",
    },
    "ON CONFLICT (mark) DO NOTHING",
)  # fmt: skip
_READY = (
    "SELECT o.id,o.mark,o.key,o.topic,o.payload,o.attempts,o.added_at,o.lane FROM outbox o"
    " WHERE o.state < 2 AND o.due_at <= ? AND (o.state = 0 OR o.lease_until <= ?)"
    " AND (o.lane = '' OR NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state < 2 AND e.lane <> '' AND e.lane = o.lane"
    "   AND (e.turn_at < o.turn_at OR (e.turn_at = o.turn_at AND e.id < o.id))))"
    " ORDER BY o.priority,o.turn_at,o.id LIMIT ?"
)
_CLAIM = "UPDATE outbox SET state = 1, owner = ?, lease_until = ?, attempts = attempts + 1 WHERE "
_HEX = 32


class OutboxReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def depth(self) -> dict[str, int]:
        counts: dict[int, int] = dict(self._c.all("SELECT state, COUNT(*) FROM outbox WHERE state < 2 GROUP BY state"))
        failed = self._c.one("SELECT COUNT(*) FROM outbox WHERE state = 3")
        return {
            "waiting": counts.get(WAITING, 0),
            "claimed": counts.get(CLAIMED, 0),
            "failed": failed[0] if failed else 0,
        }


class OutboxWrites(OutboxReads):
    def __init__(self, conn: Conn, now: Any, keys: Any) -> None:
        super().__init__(conn)
        self._now = now
        self._mark = keys.mark

    def add(self, items: Iterable[Outgoing]) -> None:
        added = ms(self._now())
        rows = []
        for one in items:
            mark, key = self._key(one.key)
            due = added if one.due_at is None else ms(one.due_at)
            turn = max(added, due)
            rows.append((mark, key, one.topic, dump_clean(one.payload), one.lane, one.priority, turn, due, added))
        if rows:
            self._c.bulk(_ADD, rows)

    def claim(self, now: datetime, *, owner: str, lease_seconds: float, limit: int = 50) -> list[Claimed]:
        if self._c.pg:
            # Two relays must not both see a lane's head as free: one of them claims at a time, for a millisecond.
            self._c.one("SELECT pg_advisory_xact_lock(7262020)")
        stamp = ms(now)
        rows = self._c.all(_READY, (stamp, stamp, limit))
        if not rows:
            return []
        condition, value = self._c.among("id", [row[0] for row in rows])
        self._c.run(_CLAIM + condition, (owner, stamp + int(lease_seconds * 1000), value))
        return [
            Claimed(row[0], row[3], row[2] or row[1].hex(), load(row[4]), row[5] + 1, at(row[6]), row[7]) for row in rows
        ]

    def done(self, row_id: int) -> None:
        self._c.run("UPDATE outbox SET state = 2, payload = '', error = '' WHERE id = ?", (row_id,))

    def retry(self, row_id: int, *, due_at: datetime, error: str) -> None:
        self._c.run(
            "UPDATE outbox SET state = 0, due_at = ?, error = ? WHERE id = ? AND state < 2",
            (ms(due_at), scrub(error, 500), row_id),
        )

    def fail(self, row_id: int, *, error: str) -> None:
        self._c.run("UPDATE outbox SET state = 3, error = ? WHERE id = ?", (scrub(error, 500), row_id))

    def revive(self, now: datetime) -> int:
        return self._c.run("UPDATE outbox SET state = 0, attempts = 0, due_at = ?, error = '' WHERE state = 3", (ms(now),))

    def _key(self, key: str) -> tuple[bytes, str]:
        """Keys made by domain.ids.key are 16 bytes in hex and are stored as such; others are hashed and kept beside."""
        if len(key) == _HEX:
            try:
                raw = bytes.fromhex(key)
            except ValueError:
                pass
            else:
                if len(raw) == _HEX // 2 and raw.hex() == key:
                    return raw, ""
        return self._mark("outbox", key), scrub(key)
