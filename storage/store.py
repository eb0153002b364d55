"""The door to storage: one class for callers, two engines behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from domain.clock import Clock
from domain.store import Store
from storage.handles import Handles
from storage.inbox import InboxTable, SqlInbox
from storage.jobs import Guard, no_guard
from storage.keys import Keys
from storage.leases import SqlLeases
from storage.schema import inbox_path, is_postgres, migrate, sqlite_path
from storage.sql import Conn, SqliteConn
from storage.sqlite_engine import Readers, Writer, connect
from storage.units import SqlReads, SqlUnit

T = TypeVar("T")
READERS = 4


class SqlStore:
    """Implements `domain.store.Store` on SQLite."""

    def __init__(self, main: Path, inbox: Path, *, keys: Keys, clock: Clock, guard: Guard) -> None:
        self.keys = keys
        self.clock = clock
        handles = Handles(keys)
        unit = SqlUnit(SqliteConn(raw := connect(main)), keys, handles, clock.now)
        self._writer: Writer[SqlUnit] = Writer("xiaodan-write", raw, unit, guard)

        def reads(conn: Conn) -> SqlReads:
            return SqlReads(conn, keys, handles)

        self._readers: Readers[SqlReads] = Readers("xiaodan-read", main, reads, guard, size=READERS)
        accepting = connect(inbox, cache_mb=8, mmap_mb=0)
        table = InboxTable(SqliteConn(accepting), keys)
        self._accepting: Writer[InboxTable] = Writer("xiaodan-inbox", accepting, table, no_guard)
        self._accepting.now(lambda one: one.free_orphans())
        self.inbox = SqlInbox(self._accepting.submit, clock)
        self.leases = SqlLeases(self.write, clock)
        self._closed = False

    async def read(self, work: Callable[[SqlReads], T]) -> T:
        return await self._readers.submit(work)

    async def write(self, work: Callable[[SqlUnit], T]) -> T:
        return await self._writer.submit(work)

    def read_now(self, work: Callable[[SqlReads], T]) -> T:
        return self._readers.now(work)

    def write_now(self, work: Callable[[SqlUnit], T]) -> T:
        return self._writer.now(work)

    async def close(self) -> None:
        """Finish what was submitted, end all threads, close all connections."""
        self.close_now()

    def close_now(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._accepting.close()
        self._readers.close()
        self._writer.close()


def open_store(url: str, *, data_dir: Path, keys: Keys, clock: Clock, guard: Guard | None = None) -> SqlStore:
    """Open (and create or migrate) the store. `url` "" is the SQLite file `data_dir/xiaodan.db`.

    `guard` is entered around every unit of work: the program's way to forbid network inside one.
    Raises BadInput when the database was written by a newer program, Unavailable when it cannot be reached.
    """
    migrate(url, data_dir=data_dir)
    if is_postgres(url):
        raise NotImplementedError
    main = sqlite_path(url, data_dir)
    return SqlStore(main, inbox_path(main), keys=keys, clock=clock, guard=guard or no_guard)


if TYPE_CHECKING:

    def _is_a_store(store: SqlStore) -> Store:
        return store
