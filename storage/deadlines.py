"""Deadlines: what is due is read off an index, whatever else is pending."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from domain.store import Deadline
from storage.moments import at, at_or_none, dump_clean, load, ms, scrub
from storage.sql import Bulk, Conn, Row

_PUT = Bulk(
    "deadlines",
    {"entity": "text", "kind": "text", "due_at": "bigint", "payload": "text"},
    "ON CONFLICT (entity,kind) DO UPDATE SET due_at=excluded.due_at, payload=excluded.payload",
)
_DUE = "SELECT entity,kind,due_at,payload FROM deadlines WHERE due_at <= ? ORDER BY due_at LIMIT ?"
_DROP = "DELETE FROM deadlines WHERE entity = ? AND kind = ?"


def _read(row: Row) -> Deadline:
    return Deadline(row[0], row[1], at(row[2]), load(row[3]) if row[3] else None)


class DeadlineReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def next_due(self) -> datetime | None:
        row = self._c.one("SELECT MIN(due_at) FROM deadlines")
        return at_or_none(row[0]) if row else None

    def pending(self, entity: str) -> list[Deadline]:
        return [
            _read(row)
            for row in self._c.all(
                "SELECT entity,kind,due_at,payload FROM deadlines WHERE entity = ? ORDER BY due_at,kind", (entity,)
            )
        ]


class DeadlineWrites(DeadlineReads):
    def put(self, deadlines: Iterable[Deadline]) -> None:
        rows = {
            (scrub(one.entity), one.kind): (
                scrub(one.entity), one.kind, ms(one.due_at), "" if one.payload is None else dump_clean(one.payload),
            )
            for one in deadlines
        }  # fmt: skip
        if rows:
            self._c.bulk(_PUT, list(rows.values()))

    def drop(self, entity: str, *kinds: str) -> None:
        if not kinds:
            self._c.run("DELETE FROM deadlines WHERE entity = ?", (entity,))
        for kind in kinds:
            self._c.run(_DROP, (entity, kind))

    def ring(self, kind: str, *, after: datetime, now: datetime) -> int:
        return self._c.run("UPDATE deadlines SET due_at = ? WHERE kind = ? AND due_at > ?", (ms(now), kind, ms(after)))

    def take_due(self, now: datetime, *, limit: int = 1000) -> list[Deadline]:
        """Each due row is taken by one transaction only; on PostgreSQL rows that another replica is taking are passed by."""
        rows = self._c.all(_DUE + (" FOR UPDATE SKIP LOCKED" if self._c.pg else ""), (ms(now), limit))
        if self._c.pg and rows:
            self._c.run(
                "DELETE FROM deadlines USING unnest(?::text[], ?::text[]) AS due(entity, kind)"
                " WHERE deadlines.entity = due.entity AND deadlines.kind = due.kind",
                ([row[0] for row in rows], [row[1] for row in rows]),
            )
        elif rows:
            self._c.many(_DROP, [row[:2] for row in rows])
        return [_read(row) for row in rows]
