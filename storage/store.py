"""The door to storage: one class for callers, two engines behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from domain.clock import Clock
from domain.store import Store
from storage.gathering import GatheringConn
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
U_co = TypeVar("U_co", covariant=True)
READERS = 4
WRITERS = 4  # on PostgreSQL; SQLite has one


class Runs(Protocol[U_co]):
    """What an engine offers for one kind of work: on its threads, or on the calling one."""

    def submit(self, work: Callable[[U_co], T], /) -> asyncio.Future[T]: ...

    def now(self, work: Callable[[U_co], T], /) -> T: ...

    def close(self) -> None: ...


class SqlStore:
    """Implements `domain.store.Store`; made by `open_store`."""

    def __init__(
        self,
        writer: Runs[SqlUnit],
        readers: Runs[SqlReads],
        accepting: Runs[InboxTable],
        *,
        keys: Keys,
        clock: Clock,
        url: str,
        data_dir: Path,
    ) -> None:
        self._writer = writer
        self._readers = readers
        self._accepting = accepting
        self.keys = keys
        self.clock = clock
        self.url = url
        self.data_dir = data_dir
        self.inbox = SqlInbox(accepting.submit, clock)
        self.leases = SqlLeases(self.write, clock)
        self._closed = False

    async def read(self, work: Callable[[SqlReads], T]) -> T:
        return await self._readers.submit(work)

    @property
    def read_here(self) -> Callable[[Callable[[SqlReads], Any]], Any] | None:
        """`read_now` where it is a file of this machine: for a few looks by key, which cost less than a hop to a thread and
        back. None where a look is a round trip.
        """
        return None if is_postgres(self.url) else self.read_now

    async def write(self, work: Callable[[SqlUnit], T]) -> T:
        return await self._writer.submit(work)

    def read_now(self, work: Callable[[SqlReads], T]) -> T:
        return self._readers.now(work)

    def write_now(self, work: Callable[[SqlUnit], T]) -> T:
        return self._writer.now(work)

    def inbox_now(self, work: Callable[[InboxTable], T]) -> T:
        """A work on the inbox's table, on the calling thread: key rotation, tests."""
        return self._accepting.now(work)

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
    handles = Handles(keys)
    entered = guard or no_guard

    def reads(conn: Conn) -> SqlReads:
        return SqlReads(conn, keys, handles)

    def unit(conn: Conn) -> SqlUnit:
        return SqlUnit(conn, keys, handles, clock.now)

    def table(conn: Conn) -> InboxTable:
        return InboxTable(conn, keys)

    writer: Runs[SqlUnit]
    readers: Runs[SqlReads]
    accepting: Runs[InboxTable]
    if is_postgres(url):
        # Imported here: a store on SQLite starts without loading psycopg's pool of types.
        from storage.postgres_engine import Pool

        writer = Pool("xiaodan-write", url, unit, entered, size=WRITERS)
        readers = Pool("xiaodan-read", url, reads, entered, size=READERS, read_only=True)
        accepting = Pool("xiaodan-inbox", url, table, no_guard, size=2)
    else:
        main = sqlite_path(url, data_dir)
        raw, inbox = connect(main), connect(inbox_path(main), cache_mb=8, mmap_mb=0)
        conn, beside = GatheringConn(SqliteConn(raw)), GatheringConn(SqliteConn(inbox))
        writer = Writer("xiaodan-write", conn, unit(conn), entered)
        readers = Readers("xiaodan-read", main, reads, entered, size=READERS)
        accepting = Writer("xiaodan-inbox", beside, table(beside), no_guard)
    accepting.now(lambda one: one.free_orphans())
    writer.now(lambda one: one.outbox.recover())
    return SqlStore(writer, readers, accepting, keys=keys, clock=clock, url=url, data_dir=data_dir)


if TYPE_CHECKING:

    def _is_a_store(store: SqlStore) -> Store:
        return store
