"""The inbox: what came in, durably, until it is handled. Items of one lane come out one at a time, in order.

On SQLite it is a file of its own with its own group-committing thread: accepting takes half a millisecond beside a writer
that runs flat out, against nine in the same file (performance.md, section 3). On PostgreSQL it is a table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from domain.clock import Clock
from domain.store import InboxItem, Json
from storage.holders import here, is_gone
from storage.keys import Keys
from storage.moments import at, dump_clean, load, ms, scrub
from storage.sql import Bulk, Conn

T = TypeVar("T")
Accepted = tuple[str, str, str, str, Json, datetime]  # source, kind, dedupe, lane, payload, received_at
LEASE = timedelta(seconds=20)  # extended while it is worked on; a dead process's items are handed out again after this,
# and at once where it is certain that it died
REMEMBER = timedelta(days=14)  # how long a handled item is known, so that a late redelivery is recognised
_PURGE_EVERY = 2_000  # claims
_ADD = Bulk(
    "inbox",
    {"mark": "bytea", "source": "text", "kind": "text", "lane": "text", "payload": "bytea", "received_at": "bigint",
     "due_at": "bigint"},
    "ON CONFLICT (mark) DO NOTHING",
)  # fmt: skip
# A row whose lane has an earlier unfinished row waits: also when that one waits for its retry. Most of those that wait are
# marked as being behind somebody and are never looked at; the mark is only a hint, whether one may go is asked here.
_READY = (
    "SELECT i.id,i.source,i.kind,i.lane,i.payload,i.received_at,i.attempts,i.mark FROM inbox i"
    " WHERE i.state < 2 AND i.behind = 0 AND i.due_at <= ? AND (i.state = 0 OR i.lease_until <= ?)"
    " AND (i.lane = '' OR NOT EXISTS (SELECT 1 FROM inbox e WHERE e.state < 2 AND e.lane <> '' AND e.lane = i.lane"
    "   AND e.id < i.id))"
)
_NOT_THERE = " AND i.source <> ?"  # a platform whose connection another replica holds
_ORDER = " ORDER BY i.id LIMIT ?"
_RECENT = (
    "SELECT lane,MAX(received_at) FROM inbox WHERE id > (SELECT COALESCE(MAX(id),0) - 20000 FROM inbox) AND source = ?"
    " AND kind <> 'push' AND received_at >= ? GROUP BY lane ORDER BY 2 DESC, 1 LIMIT 2000"
)
_ANYBODY = "SELECT 1 FROM inbox WHERE state < 2 AND lane <> '' AND lane = ? LIMIT 1"
_TAKE_IN = (
    "INSERT INTO inbox(mark,source,kind,lane,payload,received_at,due_at,state,behind,owner,lease_until,attempts)"
    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (mark) DO NOTHING RETURNING id"
)
_EARLIER = "SELECT 1 FROM inbox e WHERE e.state < 2 AND e.lane <> '' AND e.lane = inbox.lane AND e.id < inbox.id"
_FALL_IN = f"UPDATE inbox SET behind = 1 WHERE lane <> '' AND EXISTS ({_EARLIER}) AND "
_NEXT = (
    "UPDATE inbox SET behind = 0 WHERE behind = 1 AND id IN (SELECT"
    " (SELECT MIN(e.id) FROM inbox e WHERE e.state < 2 AND e.lane <> '' AND e.lane = d.lane)"
    " FROM inbox d WHERE d.lane <> '' AND "
)
# What nobody can be behind and what is in lanes, each off its own small index.
_DEPTH = (
    "SELECT (SELECT COUNT(*) FROM inbox WHERE state < 2 AND behind = 0 AND lane = '')"
    " + (SELECT COUNT(*) FROM inbox WHERE state < 2 AND lane <> '')"
)
_STUCK = f"UPDATE inbox SET behind = 0 WHERE behind = 1 AND state < 2 AND NOT EXISTS ({_EARLIER})"
_CLAIM = "UPDATE inbox SET state = 1, owner = ?, lease_until = ?, attempts = attempts + 1 WHERE "
_DONE = "UPDATE inbox SET state = 2, payload = NULL, error = '' WHERE "


class InboxTable:
    """The statements, on one connection in a transaction."""

    def __init__(self, conn: Conn, keys: Keys) -> None:
        self.conn = self._c = conn
        self._keys = keys
        self._claims = 0

    def accept(self, items: Sequence[Accepted]) -> int:
        rows = []
        for source, kind, dedupe, lane, payload, received_at in items:
            mark = self._keys.mark("inbox", source, dedupe)
            sealed = self._keys.seal(dump_clean(payload).encode(), b"inbox:" + mark)
            stamp = ms(received_at)
            rows.append((mark, scrub(source), kind, scrub(lane), sealed, stamp, stamp))
        if not any(row[3] for row in rows):
            return self._c.bulk(_ADD, rows) if rows else 0
        if self._c.pg:
            added = self._c.bulk(_ADD, rows)
            self._c.run(_FALL_IN + "mark = ANY(?::bytea[])", ([row[0] for row in rows],))
            return added
        last = self._c.one("SELECT MAX(id) FROM inbox")
        added = self._c.bulk(_ADD, rows)
        self._c.run(_FALL_IN + "id > ?", ((last[0] if last else None) or 0,))
        return added

    def take_in(self, item: Accepted, now: datetime) -> tuple[bool, int]:
        """Accept one item that whoever accepts it will handle: claimed from the start when its lane is free."""
        source, kind, dedupe, lane, payload, received_at = item
        mark, lane = self._keys.mark("inbox", source, dedupe), scrub(lane)
        sealed = self._keys.seal(dump_clean(payload).encode(), b"inbox:" + mark)
        if lane and self._c.pg:
            # Two replicas must not both see the lane as free; on SQLite there is one who writes.
            self._c.one("SELECT pg_advisory_xact_lock(hashtextextended(?, 7262023))", (lane,))
        busy = bool(lane) and self._c.one(_ANYBODY, (lane,)) is not None
        stamp = ms(received_at)
        held = (0, 1, "", 0, 0) if busy else (1, 0, here(), ms(now) + ms_of(LEASE), 1)
        row = self._c.one(_TAKE_IN, (mark, scrub(source), kind, lane, sealed, stamp, stamp, *held))
        if row is None:
            return False, 0
        return True, 0 if busy else row[0]

    def claim(self, now: datetime, limit: int, elsewhere: Sequence[str] = ()) -> list[InboxItem]:
        if self._c.pg:
            self._c.one("SELECT pg_advisory_xact_lock(7262022)")
        stamp = ms(now)
        rows = self._c.all(_READY + _NOT_THERE * len(elsewhere) + _ORDER, (stamp, stamp, *elsewhere, limit))
        if rows:
            condition, value = self._c.among("id", [row[0] for row in rows])
            self._c.run(_CLAIM + condition, (here(), stamp + ms_of(LEASE), value))
        self._claims += 1
        if self._claims % _PURGE_EVERY == 1:
            self.purge(now)
        return [
            InboxItem(
                row[0], row[1], row[2], row[3], load(self._keys.open(row[4], b"inbox:" + row[7])), at(row[5]), row[6] + 1
            )
            for row in rows
        ]

    def extend(self, ids: Sequence[int], now: datetime) -> None:
        """Keep what is being worked on; what somebody else has claimed meanwhile stays theirs."""
        if ids:
            condition, value = self._c.among("id", list(ids))
            self._c.run(f"UPDATE inbox SET lease_until = ? WHERE state = 1 AND owner = ? AND {condition}",
                        (ms(now + LEASE), here(), value))  # fmt: skip

    def recent(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        return [(row[0], at(row[1])) for row in self._c.all(_RECENT, (source, ms(since)))]

    def done(self, ids: Sequence[int]) -> int:
        if not ids:
            return 0
        condition, value = self._c.among("id", list(ids))
        self._c.run(_DONE + condition, (value,))
        return self._next_in_lane(list(ids))

    def _next_in_lane(self, ids: list[int]) -> int:
        """Whoever was behind these may go."""
        condition, value = self._c.among("d.id", ids)
        return self._c.run(_NEXT + condition + ")", (value,))

    def retry(self, item_id: int, due_at: datetime, error: str) -> None:
        self._c.run(
            "UPDATE inbox SET state = 0, due_at = ?, error = ? WHERE id = ? AND state < 2",
            (ms(due_at), scrub(error, 500), item_id),
        )

    def dead(self, item_id: int, error: str) -> None:
        """Given up. It stays, sealed, for a person to look at; its lane goes on."""
        self._c.run("UPDATE inbox SET state = 3, error = ? WHERE id = ?", (scrub(error, 500), item_id))
        self._next_in_lane([item_id])

    def revive(self, now: datetime) -> int:
        """Hand out again what had been given up, as if it had never been tried."""
        return self._c.run("UPDATE inbox SET state = 0, attempts = 0, due_at = ? WHERE state = 3", (ms(now),))

    def depth(self) -> int:
        row = self._c.one(_DEPTH)
        return row[0] if row else 0

    def free_orphans(self) -> int:
        """Hand out again what a process held that died on this machine."""
        freed = 0
        if self._c.pg:
            # Somebody fell in behind one that was settled in the same moment, neither seeing the other's commit.
            self._c.run(_STUCK)
        for (owner,) in self._c.all("SELECT DISTINCT owner FROM inbox WHERE state < 2 AND behind = 0 AND state = 1"):
            if is_gone(owner):
                freed += self._c.run("UPDATE inbox SET state = 0, lease_until = 0 WHERE state = 1 AND owner = ?", (owner,))
        return freed

    def purge(self, now: datetime) -> None:
        """Forget what was handled long ago, a few thousand at a time."""
        self._c.run(
            "DELETE FROM inbox WHERE id IN"
            " (SELECT id FROM inbox WHERE state = 2 AND received_at < ? ORDER BY id LIMIT 5000)",
            (ms(now - REMEMBER),),
        )


def ms_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)


class Submits(Protocol):
    """Something that runs a work on an InboxTable in a durable transaction."""

    def __call__(self, work: Callable[[InboxTable], T], /) -> Any: ...


class SqlInbox:
    """The port. Every method is one hop; it resolves after the commit."""

    def __init__(self, submit: Submits, clock: Clock) -> None:
        self._submit = submit
        self._clock = clock

    async def accept(self, items: Sequence[Accepted]) -> int:
        """How many were new; on disk when this returns."""
        added: int = await self._submit(lambda table: table.accept(items))
        return added

    async def claim(self, now: datetime, *, limit: int = 100, elsewhere: Sequence[str] = ()) -> list[InboxItem]:
        found: list[InboxItem] = await self._submit(lambda table: table.claim(now, limit, elsewhere))
        return found

    async def extend(self, ids: Sequence[int]) -> None:
        await self._submit(lambda table: table.extend(ids, self._clock.now()))

    async def recover(self) -> int:
        freed: int = await self._submit(lambda table: table.free_orphans())
        return freed

    async def recent(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        found: list[tuple[str, datetime]] = await self._submit(lambda table: table.recent(source, since))
        return found

    async def take_in(self, item: Accepted) -> tuple[bool, int]:
        now = self._clock.now()
        taken: tuple[bool, int] = await self._submit(lambda table: table.take_in(item, now))
        return taken

    async def done(self, ids: Sequence[int]) -> int:
        freed: int = await self._submit(lambda table: table.done(ids))
        return freed

    async def retry(self, item_id: int, *, due_at: datetime, error: str) -> None:
        await self._submit(lambda table: table.retry(item_id, due_at, error))

    async def dead(self, item_id: int, *, error: str) -> None:
        await self._submit(lambda table: table.dead(item_id, error))

    async def revive(self) -> int:
        revived: int = await self._submit(lambda table: table.revive(self._clock.now()))
        return revived

    async def depth(self) -> int:
        count: int = await self._submit(lambda table: table.depth())
        return count
