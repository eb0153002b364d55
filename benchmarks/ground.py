"""What the cases stand on: databases of a size, built once a run and shared by its cases, and a PostgreSQL server."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import sqlite3
import sys
import tempfile
import time
from functools import lru_cache
from pathlib import Path

import psycopg

from benchmarks import floor
from benchmarks.cast import ASKER, GROUP, KEY_TEXT, PEOPLE
from benchmarks.copying import copy_orders
from benchmarks.orders import END, batches
from benchmarks.servers import NoServer, postgres_server
from domain.clock import ManualClock
from domain.people import Person, Role
from domain.store import BoundChat
from storage import Keys, SqlStore, open_store

OFF = "off"  # given for a PostgreSQL URL: measure SQLite only
LOAD = 5_000  # orders in one transaction while a database is filled
KEYS = Keys.parse(KEY_TEXT)


class Ground:
    """One run. Databases live in a temporary folder and are gone at the end."""

    def __init__(self, *, postgres: str = "", quick: bool = False) -> None:
        self.quick = quick
        self.rounds = 3 if quick else 5
        self.clock = ManualClock(END)
        self.keys = KEYS
        self.root = Path(tempfile.mkdtemp(prefix="xiaodan-bench-"))
        self.no_postgres = "not asked for" if postgres == OFF else ""  # why there is none
        self._given = postgres
        self._server = ""
        self._stack = contextlib.ExitStack()
        self._built: dict[tuple[str, int], str] = {}
        self._taken: dict[tuple[str, int], int] = {}

    def close(self) -> None:
        self._stack.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def take(self, engine: str, orders: int, count: int) -> int:
        """The first of `count` invented orders that the databases of this engine and size do not hold yet."""
        first = self._taken.get((engine, orders), orders)
        self._taken[engine, orders] = first + count
        return first

    # --- our store ----------------------------------------------------------------------------------------------------

    def store(self, orders: int, *, url: str = "") -> SqlStore:
        """Our store with that many orders; the caller closes it. `url`: a PostgreSQL database made by `postgres`."""
        return open_store(url, data_dir=self.folder(orders), keys=self.keys, clock=self.clock)

    def folder(self, orders: int) -> Path:
        """The data folder of a SQLite store of that size."""
        folder = self.root / f"ours-{orders}"
        if ("sqlite", orders) not in self._built:
            self._built["sqlite", orders] = str(folder)
            self._fill("", folder, orders)
        return folder

    def served(self, orders: int) -> Path:
        """A copy of that store for a server: no outbox rows of other cases, which it would carry out meanwhile."""
        folder = self.root / f"served-{orders}"
        if ("served", orders) not in self._built:
            shutil.copytree(self.folder(orders), folder)
            with contextlib.closing(sqlite3.connect(folder / "xiaodan.db")) as raw, raw:
                raw.execute("DELETE FROM outbox")
            self._built["served", orders] = str(folder)
        return folder

    def fresh(self, name: str, *, url: str = "") -> SqlStore:
        """An empty store that nobody else uses."""
        return open_store(url, data_dir=self.root / name, keys=self.keys, clock=self.clock)

    def _fill(self, url: str, folder: Path, orders: int) -> None:
        store = open_store(url, data_dir=folder, keys=self.keys, clock=self.clock)
        start = time.perf_counter()
        for n, account in enumerate(PEOPLE, 1):
            one = Person(n, account, frozenset({Role.SERVICE}), accounts=(("console", account),))
            store.write_now(lambda u, one=one: u.people.save_person(one))  # type: ignore[misc]
        chat = BoundChat("console", GROUP, "group", "订单售后群", frozenset({"orders"}))
        store.write_now(lambda u: u.people.bind_chat(chat))
        if url:
            copy_orders(url, batches(0, orders, orders, LOAD), self.keys)
        else:
            for some in batches(0, orders, orders, LOAD):
                store.write_now(lambda u, some=some: u.orders.upsert_many(some, seen_at=END, surface="file"))  # type: ignore[misc]
        store.close_now()
        _tell(f"{orders} orders in ours ({'postgresql' if url else 'sqlite'}): {time.perf_counter() - start:.1f} s")

    # --- the anchors' store -------------------------------------------------------------------------------------------

    def floor(self, orders: int) -> Path:
        """The anchors' SQLite file with the same orders."""
        path = self.root / f"floor-{orders}.db"
        if ("floor", orders) not in self._built:
            self._built["floor", orders] = str(path)
            raw = floor.open_sqlite(path)
            for statement in floor.sqlite_schema():
                raw.execute(statement)
            for some in batches(0, orders, orders, LOAD):
                floor.write_sqlite(raw, floor.rows_of(some))
            raw.close()
        return path

    # --- PostgreSQL ---------------------------------------------------------------------------------------------------

    def server(self) -> str:
        """URL of a server, or "" with the reason in `no_postgres`."""
        if not self._server and not self.no_postgres:
            try:
                self._server = self._given or self._stack.enter_context(postgres_server())
            except NoServer as problem:
                self.no_postgres = str(problem)
                _tell(f"no PostgreSQL: {problem}")
        return self._server

    def postgres(self, orders: int) -> str:
        """URL of a database with our tables and that many orders."""
        if ("postgres", orders) not in self._built:
            url = self._database(f"bench_ours_{orders}")
            self._fill(url, self.root / "unused", orders)
            _vacuum(url)
            self._built["postgres", orders] = url
        return self._built["postgres", orders]

    def postgres_floor(self, orders: int) -> str:
        """URL of the anchors' database with the same orders."""
        if ("postgres-floor", orders) not in self._built:
            url = self._database(f"bench_floor_{orders}")
            with psycopg.connect(url, autocommit=True) as raw:
                for statement in floor.postgres_schema():
                    raw.execute(statement.encode())
                for some in batches(0, orders, orders, LOAD):
                    for (name, columns), rows in zip(floor.TABLES, floor.rows_of(some), strict=True):
                        copying = f"COPY {name}({','.join(columns)}) FROM STDIN".encode()
                        with raw.cursor().copy(copying) as copy:
                            for row in rows:
                                copy.write_row(row)
            _vacuum(url)
            self._built["postgres-floor", orders] = url
        return self._built["postgres-floor", orders]

    def _database(self, name: str) -> str:
        server = self.server()
        with psycopg.connect(server, autocommit=True) as raw:
            raw.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            raw.execute(f"CREATE DATABASE {name}".encode())
        self._stack.callback(_drop, server, name)
        return named(server, name)


@lru_cache(maxsize=1)
def shared(*, postgres: str, quick: bool) -> Ground:
    """The run's one ground: databases are built once and used by all its cases, and removed when the program ends."""
    ground = Ground(postgres=postgres, quick=quick)
    atexit.register(ground.close)
    return ground


def opened(folder: Path) -> SqlStore:
    """The store in a folder, for another process of the same run."""
    return open_store("", data_dir=folder, keys=KEYS, clock=ManualClock(END))


def asker() -> Person:
    """A customer-service colleague who may ask about orders."""
    return Person(1, "张明", frozenset({Role.SERVICE}), accounts=(("console", ASKER),))


def named(url: str, database: str) -> str:
    """The same server, another database."""
    head, question, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    host = rest.split("/", 1)[0]
    return f"{scheme}://{host}/{database}{question}{query}"


def _vacuum(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(b"VACUUM ANALYZE")


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as raw:
        raw.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _tell(text: str) -> None:
    """Progress, apart from the figures."""
    sys.stderr.write(f"# {text}\n")
