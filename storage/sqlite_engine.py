"""SQLite: one writer with group commit, readers beside it.

Many works share one transaction; each has its savepoint, so one that raises takes only itself back. Rows they merely add are
written together (`storage.gathering`); should that fail, each work is run again in a transaction of its own, so works must
bear being run twice, as on PostgreSQL. Callers hear of success after the COMMIT is on disk (WAL, synchronous=FULL). The
flush is paid once per group: 34 k durable single orders a second instead of 3.7 k (performance.md, section 3).
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from domain.errors import DeskError, Unavailable
from storage.gathering import GatheringConn
from storage.jobs import Crew, Guard, Job, settle
from storage.sql import SqliteConn

U = TypeVar("U")
T = TypeVar("T")
BUSY_MS = 15_000  # another process may hold the file: a restore, a backup, a second worker
_GROUP = 512  # works in one transaction
_GROUP_SECONDS = 0.05  # ... or this long: nobody waits for an endless queue
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={BUSY_MS}",
    "temp_store=MEMORY",
    "foreign_keys=OFF",
    "wal_autocheckpoint=4000",
    "journal_size_limit=67108864",
)


def connect(path: Path, *, read_only: bool = False, cache_mb: int = 12, mmap_mb: int = 256) -> sqlite3.Connection:
    """A connection in autocommit mode. Raises Unavailable when the file cannot be opened.

    A transaction of a thousand orders touches some 4 MiB of pages; at a million orders 24 MiB wrote no faster than 12,
    in batches and one by one, and cost the process 20 MiB more.
    """
    try:
        raw = sqlite3.connect(
            path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        for one in _PRAGMAS:
            raw.execute(f"PRAGMA {one}")
        raw.execute(f"PRAGMA cache_size=-{cache_mb * 1024}")
        raw.execute(f"PRAGMA mmap_size={mmap_mb * 1024 * 1024}")
        if read_only:
            raw.execute("PRAGMA query_only=1")
    except sqlite3.Error as problem:
        raise Unavailable(trouble(problem)) from problem
    return raw


def trouble(problem: sqlite3.Error) -> str:
    """What to tell the operations person."""
    text = str(problem)
    if "full" in text:
        return "磁盘满了，数据没有写进去。请清出空间，系统会自己继续。"
    if "locked" in text or "busy" in text:
        return "数据文件被另一个程序占用太久，没有写进去，请稍后再试。"
    if "readonly" in text or "read-only" in text:
        return "数据文件是只读的，没有写进去。请检查目录权限。"
    return f"数据文件读写出错，没有写进去（{text}）。"


class Writer(Generic[U]):
    """The one writing connection of a file, and the thread that serves it."""

    def __init__(self, name: str, conn: GatheringConn, unit: U, guard: Guard) -> None:
        self._conn = conn
        self._raw = conn.raw
        self._unit = unit
        self._guard = guard
        self._turn = threading.Lock()  # the writer thread and `write_now` take turns
        self._inside: int = 0  # thread that is inside a unit of work
        self._crew = Crew(name, 1, self._serve)

    def submit(self, work: Callable[[U], T]) -> asyncio.Future[T]:
        return self._crew.submit(work)

    def now(self, work: Callable[[U], T]) -> T:
        """On the calling thread."""
        if self._inside == threading.get_ident():
            raise RuntimeError("a unit of work is already open on this thread: use it instead of opening another")
        with self._turn:
            self._inside = threading.get_ident()
            try:
                self._begin()
                try:
                    with self._guard():
                        value = work(self._unit)
                except BaseException:
                    self._rollback()
                    raise
                self._commit()
                return value
            except sqlite3.Error as problem:
                raise _told(problem) from problem
            finally:
                self._inside = 0

    def close(self) -> None:
        self._crew.close()
        with self._turn:
            self._raw.close()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _serve(self, jobs: queue.SimpleQueue[Job | None]) -> None:
        while True:
            first = jobs.get()
            if first is None:
                return
            with self._turn:
                self._inside = threading.get_ident()
                ended, done = self._group(first, jobs)
                self._inside = 0
            settle(done)
            if ended:
                return

    def _group(self, first: Job, jobs: queue.SimpleQueue[Job | None]) -> tuple[bool, list[Job]]:
        """Run what is queued in one transaction. (told to end, jobs with their outcome)."""
        done: list[Job] = []
        job: Job | None = first
        ended = False
        until = time.monotonic() + _GROUP_SECONDS
        try:
            self._begin()
            self._conn.gather()
            while job is not None:
                done.append(job)
                self._run(job)
                if len(done) >= _GROUP or time.monotonic() > until:
                    break
                try:
                    job = jobs.get_nowait()
                except queue.Empty:
                    break
                ended = job is None
            self._conn.flush()
            self._conn.end()
            self._commit()
        except Exception as problem:
            self._conn.end()
            self._rollback()
            for one in done:
                if not isinstance(problem, sqlite3.OperationalError):
                    self._alone(one)  # a row that cannot be written must not take its neighbours with it
                elif one.failed is None:
                    one.failed = _told(problem)  # the transaction is lost as a whole: nobody in it may believe otherwise
        return ended, done

    def _run(self, job: Job) -> None:
        execute = self._raw.execute
        if job.future.cancelled():
            return
        execute("SAVEPOINT work")
        try:
            with self._guard():
                job.value = job.work(self._unit)
        except Exception as problem:
            job.failed = _told(problem) if isinstance(problem, sqlite3.Error) else problem
            self._conn.forget()
            if not self._raw.in_transaction:
                raise  # disk full and the like: SQLite has rolled everything back already
            execute("ROLLBACK TO work")
        else:
            self._conn.keep()
        execute("RELEASE work")

    def _alone(self, job: Job) -> None:
        """The work in a transaction of its own."""
        if job.future.cancelled():
            return
        job.value, job.failed = None, None
        try:
            self._begin()
            with self._guard():
                job.value = job.work(self._unit)
            self._commit()
        except Exception as problem:
            self._rollback()
            job.failed = _told(problem) if isinstance(problem, sqlite3.Error) else problem

    def _begin(self) -> None:
        self._raw.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self._raw.execute("COMMIT")

    def _rollback(self) -> None:
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")


_OUR_MISTAKE = ("no such", "syntax", "has no column", "readonly", "misuse")


def _told(problem: Exception) -> Exception:
    if isinstance(problem, sqlite3.OperationalError) and not any(word in str(problem) for word in _OUR_MISTAKE):
        return Unavailable(trouble(problem))
    if isinstance(problem, sqlite3.Error | DeskError):
        return problem
    return Unavailable(f"写入没有完成（{type(problem).__name__}）")


class Readers(Generic[U]):
    """Reading connections, one a thread; every `read` sees one moment."""

    def __init__(self, name: str, path: Path, make: Callable[[SqliteConn], U], guard: Guard, *, size: int) -> None:
        self._path = path
        self._make = make
        self._guard = guard
        self._crew = Crew(name, size, self._serve)
        self._here: tuple[sqlite3.Connection, U] | None = None
        self._turn = threading.RLock()

    def submit(self, work: Callable[[U], T]) -> asyncio.Future[T]:
        return self._crew.submit(work)

    def now(self, work: Callable[[U], T]) -> T:
        """On the calling thread."""
        with self._turn:
            if self._here is None:
                self._here = self._open()
            raw, reads = self._here
            return self._read(raw, reads, work)

    def close(self) -> None:
        self._crew.close()
        with self._turn:
            if self._here is not None:
                self._here[0].close()
                self._here = None

    def _open(self) -> tuple[sqlite3.Connection, U]:
        raw = connect(self._path, read_only=True, cache_mb=16)
        return raw, self._make(SqliteConn(raw))

    def _read(self, raw: sqlite3.Connection, reads: U, work: Callable[[U], T]) -> T:
        if raw.in_transaction:  # a read inside a read sees the same moment
            return work(reads)
        raw.execute("BEGIN")
        try:
            with self._guard():
                return work(reads)
        except sqlite3.OperationalError as problem:
            raise _told(problem) from problem
        finally:
            raw.execute("ROLLBACK")

    def _serve(self, jobs: queue.SimpleQueue[Job | None]) -> None:
        raw: sqlite3.Connection | None = None
        reads: Any = None
        while (job := jobs.get()) is not None:
            try:
                if raw is None:
                    raw, reads = self._open()
                if not job.future.cancelled():
                    job.value = self._read(raw, reads, job.work)
            except Exception as problem:
                job.failed = problem
            settle([job])
        if raw is not None:
            raw.close()
