"""What must happen outside, after the commit. One lane is done one at a time and in order; lanes do not wait for each other.

A row's turn in its lane is fixed when it is added (`turn_at`: when it was added, or the time it was asked for), so a row
that is retried keeps its followers waiting, and one that was planned for tomorrow does not stop today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from domain.store import Claimed, Json, Outgoing, Queued
from storage.holders import is_gone
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
)
_NOT_THERE = " AND substr(o.lane, 1, ?) <> ?"  # a lane that another replica serves
_ORDER = " ORDER BY o.priority,o.turn_at,o.id LIMIT ?"
_QUEUE = (
    "SELECT o.id,o.mark,o.key,o.payload,o.priority,o.error,o.added_at FROM outbox o, outbox head WHERE head.id = ?"
    " AND o.state < 2 AND o.lane <> '' AND o.lane = head.lane AND o.topic = head.topic"
    " AND (o.turn_at > head.turn_at OR (o.turn_at = head.turn_at AND o.id >= head.id))"
    " ORDER BY o.turn_at,o.id LIMIT ?"
)
_TALLY = (
    "SELECT CASE WHEN state < 2 THEN 'open' WHEN state = 3 THEN 'failed' WHEN error = '' THEN 'sent'"
    " WHEN substr(error, 1, 7) = 'digest:' THEN 'digested' ELSE 'moot' END AS fate, COUNT(*)"
    " FROM outbox WHERE topic = ? GROUP BY 1"
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

    def tally(self, topic: str) -> dict[str, int]:
        found = {"sent": 0, "digested": 0, "moot": 0, "open": 0, "failed": 0, **dict(self._c.all(_TALLY, (topic,)))}
        return {"raised": sum(found.values()), **found}


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
            self._c.later(_ADD, rows)

    def claim(
        self, now: datetime, *, owner: str, lease_seconds: float, limit: int = 50, elsewhere: Sequence[str] = ()
    ) -> list[Claimed]:
        if self._c.pg:
            # Two relays must not both see a lane's head as free: one of them claims at a time, for a millisecond.
            self._c.one("SELECT pg_advisory_xact_lock(7262020)")
        stamp = ms(now)
        apart = [part for lane in elsewhere for part in (len(lane), lane)]
        rows = self._c.all(_READY + _NOT_THERE * len(elsewhere) + _ORDER, (stamp, stamp, *apart, limit))
        if not rows:
            return []
        condition, value = self._c.among("id", [row[0] for row in rows])
        self._c.run(_CLAIM + condition, (owner, stamp + int(lease_seconds * 1000), value))
        return [
            Claimed(row[0], row[3], row[2] or row[1].hex(), load(row[4]), row[5] + 1, at(row[6]), row[7]) for row in rows
        ]

    def extend(self, row_ids: Sequence[int], *, owner: str, until: datetime) -> None:
        if row_ids:
            condition, value = self._c.among("id", list(row_ids))
            self._c.run(f"UPDATE outbox SET lease_until = ? WHERE state = 1 AND owner = ? AND {condition}",
                        (ms(until), owner, value))  # fmt: skip

    def recover(self) -> int:
        holders = [row[0] for row in self._c.all("SELECT DISTINCT owner FROM outbox WHERE state < 2 AND state = 1")]
        free = "UPDATE outbox SET state = 0, lease_until = 0 WHERE state = 1 AND owner = ?"
        return sum(self._c.run(free, (owner,)) for owner in holders if is_gone(owner))

    def queue(self, row_id: int, *, limit: int) -> list[Queued]:
        return [
            Queued(row[0], row[2] or row[1].hex(), load(row[3]), row[4], row[5], at(row[6]))
            for row in self._c.all(_QUEUE, (row_id, limit))
        ]

    def absorb(self, row_id: int, followers: Sequence[int], payload: Json, *, fate: str) -> None:
        self._c.run("UPDATE outbox SET payload = ? WHERE id = ?", (dump_clean(payload), row_id))
        if followers:
            condition, value = self._c.among("id", list(followers))
            self._c.run(f"UPDATE outbox SET state = 2, payload = '', error = ? WHERE state < 2 AND {condition}",
                        (scrub(fate, 500), value))  # fmt: skip

    def done(self, row_id: int, *, fate: str = "") -> None:
        self._c.run("UPDATE outbox SET state = 2, payload = '', error = ? WHERE id = ?", (scrub(fate, 500), row_id))

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
