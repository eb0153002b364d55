"""PostgreSQL: a few threads with a connection each. A unit of work is one transaction, run again when it collided.

Works must therefore bear being run twice: what they do outside the transaction (a list they append to) happens twice.
Reads run in autocommit, because the two round trips of a transaction cost as much as the reading; the answer card is one
statement and so sees one moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow
from psycopg.types.numeric import Int8Dumper

from domain.errors import BadInput, OutcomeUnknown, Unavailable
from storage.jobs import Crew, Guard, Job, settle
from storage.sql import PgConn

U = TypeVar("U")
T = TypeVar("T")
_TRIES = 6
_AWAY = "连不上数据库，没有写进去，请稍后再试。"
# Two replicas wrote the same thing at the same time; on the second look one of them finds the other's row.
_COLLISION = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation, errors.LockNotAvailable)


def connect(url: str, *, read_only: bool = False) -> psycopg.Connection[TupleRow]:
    """A connection in autocommit mode; transactions are begun and ended by name. Raises Unavailable."""
    try:
        raw = psycopg.connect(url, autocommit=True, connect_timeout=10, prepare_threshold=2)
    except psycopg.OperationalError as problem:
        raise Unavailable(_AWAY) from problem
    raw.prepared_max = 500
    # One integer type whatever the size, so that a statement is prepared once.
    raw.adapters.register_dumper(int, Int8Dumper)
    raw.execute("SET TIME ZONE 'UTC'")
    if read_only:
        raw.execute("SET default_transaction_read_only = on")
    return raw


class Pool(Generic[U]):
    """Runs works on its own threads, or on the calling one. `make` builds what a work is given, once a connection."""

    def __init__(
        self, name: str, url: str, make: Callable[[PgConn], U], guard: Guard, *, size: int, read_only: bool = False
    ) -> None:
        self._url = url
        self._make = make
        self._guard = guard
        self._read_only = read_only
        self._crew = Crew(name, size, self._serve)
        self._here: _Session[U] | None = None
        self._turn = threading.RLock()
        self._inside = 0

    def submit(self, work: Callable[[U], T]) -> asyncio.Future[T]:
        return self._crew.submit(work)

    def now(self, work: Callable[[U], T]) -> T:
        """On the calling thread."""
        if self._inside == threading.get_ident() and not self._read_only:
            raise RuntimeError("a unit of work is already open on this thread: use it instead of opening another")
        with self._turn:
            if self._here is None:
                self._here = _Session(self)
            self._inside = threading.get_ident()
            try:
                return self._here.run(work)
            finally:
                self._inside = 0

    def close(self) -> None:
        self._crew.close()
        with self._turn:
            if self._here is not None:
                self._here.close()
                self._here = None

    def _serve(self, jobs: queue.SimpleQueue[Job | None]) -> None:
        session = _Session(self)
        while (job := jobs.get()) is not None:
            if not job.future.cancelled():
                try:
                    job.value = session.run(job.work)
                except Exception as problem:
                    job.failed = problem
            settle([job])
        session.close()

    def open(self) -> tuple[PgConn, U]:
        conn = PgConn(connect(self._url, read_only=self._read_only))
        return conn, self._make(conn)

    @property
    def guard(self) -> Guard:
        return self._guard

    @property
    def read_only(self) -> bool:
        return self._read_only


class _Session(Generic[U]):
    """One thread's connection; opened when first needed, and again after it was lost."""

    def __init__(self, pool: Pool[U]) -> None:
        self._pool = pool
        self._raw: psycopg.Connection[TupleRow] | None = None
        self._conn: PgConn | None = None
        self._unit: Any = None

    def run(self, work: Callable[[U], T]) -> T:
        for tries in range(1, _TRIES + 1):
            try:
                raw = self._connected()
                return self._read(work) if self._pool.read_only else self._write(raw, work)
            except _COLLISION:
                if tries == _TRIES:
                    raise
                time.sleep(random.random() * 0.01 * tries)  # apart, so that they do not collide again
            except psycopg.OperationalError as problem:
                self.close()
                if tries > 1:
                    raise Unavailable(_AWAY) from problem
        raise Unavailable(_AWAY)

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()
        self._raw = self._conn = self._unit = None

    def _connected(self) -> psycopg.Connection[TupleRow]:
        if self._raw is None or self._raw.closed:
            self._conn, self._unit = self._pool.open()
            self._raw = self._conn.raw
        return self._raw

    def _drop(self) -> None:
        """Whatever was sent is taken back: what became of it no longer matters."""
        if self._conn is not None:
            with contextlib.suppress(psycopg.Error, BadInput):
                self._conn.settle()

    def _read(self, work: Callable[[U], T]) -> T:
        with self._pool.guard():
            return work(self._unit)

    def _write(self, raw: psycopg.Connection[TupleRow], work: Callable[[U], T]) -> T:
        raw.execute("BEGIN")
        try:
            with self._pool.guard():
                value = work(self._unit)
            if self._conn is not None:
                self._conn.settle()
        except BaseException:
            if not raw.closed:
                self._drop()
                raw.execute("ROLLBACK")
            raise
        try:
            raw.execute("COMMIT")
        except psycopg.OperationalError as problem:
            if raw.closed:
                # Nobody can say whether the commit arrived: repeating it blindly could do it twice.
                self.close()
                raise OutcomeUnknown("the connection was lost during the commit") from problem
            raise
        return value
