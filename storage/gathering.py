"""Rows that several works of one transaction insert, gathered and written together.

A statement costs about as much as ten rows of it, and sixty-four webhooks with an order each are sixty-four times the same
six statements. What a work gives to `later` therefore waits for those of its neighbours. Whatever else is read or written on
the connection comes after what waits, so nobody can tell; only `ahead` overtakes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from storage.sql import Bulk, Conn, Row, SqliteConn

Waiting = dict[str, tuple[Bulk, list[Sequence[Any]]]]


class GatheringConn(SqliteConn):
    """The writer's connection. Outside a group (`gather` not called) it is a plain one."""

    def __init__(self, plain: SqliteConn) -> None:
        super().__init__(plain.raw)
        self._plain = plain
        self._gathers = False
        self._before: Waiting = {}  # of the works that are done
        self._mine: Waiting = {}  # of the one that runs
        self._wrote_before = False  # inside the one that runs: if it is taken back, they are to be written again

    # --- what the writer calls ----------------------------------------------------------------------------------------

    def gather(self) -> None:
        """A group begins."""
        self._gathers = True

    def keep(self) -> None:
        """The work is done: its rows stay, whatever becomes of the next."""
        if self._wrote_before:
            self._before, self._wrote_before = {}, False
        for name, (bulk, rows) in self._mine.items():
            self._before.setdefault(name, (bulk, []))[1].extend(rows)
        self._mine = {}

    def forget(self) -> None:
        """The work is taken back to its savepoint, and with it what it made us write for those before it."""
        self._mine, self._wrote_before = {}, False

    def end(self) -> None:
        """The group ends, well or not."""
        self._gathers, self._before, self._mine, self._wrote_before = False, {}, {}, False

    def flush(self) -> None:
        """Write what waits."""
        if self._before and not self._wrote_before:
            self._write(self._before)
            self._wrote_before = True
        if self._mine:
            mine, self._mine = self._mine, {}
            self._write(mine)

    def _write(self, waiting: Waiting) -> None:
        for bulk, rows in waiting.values():
            # One column is a set of things to remember: many works remember the same.
            self._plain.bulk(bulk, rows if len(bulk.columns) > 1 else list(dict.fromkeys(rows)))

    # --- what works call ----------------------------------------------------------------------------------------------

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        self.flush()
        return self._plain.one(sql, params)

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        self.flush()
        return self._plain.all(sql, params)

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        self.flush()
        return self._plain.run(sql, params)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.flush()
        self._plain.many(sql, rows)

    def bulk(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> int:
        self.flush()
        return self._plain.bulk(bulk, rows)

    def named(self, sql: str, params: dict[str, Any], limit: int) -> list[Row]:
        self.flush()
        return self._plain.named(sql, params, limit)

    def later(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> None:
        if self._gathers:
            self._mine.setdefault(bulk.sqlite, (bulk, []))[1].extend(rows)
        else:
            self._plain.bulk(bulk, rows)

    def ahead(self) -> Conn:
        return self._plain
