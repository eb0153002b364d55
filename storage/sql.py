"""One way to run SQL on either database. Statements are written with `?`; PostgreSQL's spelling is made once and kept."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # a store on SQLite starts without loading psycopg
    import psycopg
    from psycopg.rows import TupleRow

from domain.errors import BadInput

Row = tuple[Any, ...]
TOO_BIG = "订单里有大得离谱的数字（超过 64 位），请检查金额和数量的单位。"
_NAMED = re.compile(r"'(?:[^']|'')*'|(?<![:\w]):([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Bulk:
    """An insert of many rows: executemany on SQLite, one `unnest` statement on PostgreSQL.

    `columns` name to PostgreSQL type; `tail` is the ON CONFLICT clause; `fixed` name to an SQL constant that all rows share.
    """

    table: str
    columns: dict[str, str]
    tail: str = ""
    fixed: dict[str, str] = field(default_factory=dict)
    sqlite: str = field(init=False)
    sqlite_many: str = field(init=False)  # `at_once` rows in one step: a fifth cheaper than one by one
    at_once: int = field(init=False)
    postgres: str = field(init=False)

    def __post_init__(self) -> None:
        names = ",".join(f'"{name}"' for name in (*self.columns, *self.fixed))
        marks = f"({','.join(['?'] * len(self.columns) + list(self.fixed.values()))})"
        arrays = ",".join(f"%s::{kind}[]" for kind in self.columns.values())
        chosen = ",".join(["u.*", *self.fixed.values()])
        # Beyond some forty rows nothing is gained; SQLite allows 32 766 parameters (sqlite.org/limits.html).
        object.__setattr__(self, "at_once", 40)
        into = f"INSERT INTO {self.table}({names})"
        object.__setattr__(self, "sqlite", f"{into} VALUES{marks} {self.tail}")
        object.__setattr__(self, "sqlite_many", f"{into} VALUES{','.join([marks] * self.at_once)} {self.tail}")
        object.__setattr__(self, "postgres", f"{into} SELECT {chosen} FROM unnest({arrays}) u {self.tail}")


class Conn(Protocol):
    """A connection inside a transaction (or autocommit, for reads on PostgreSQL)."""

    pg: bool

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None: ...

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[Row]: ...

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Rows touched."""
        ...

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...

    def bulk(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> int:
        """Rows really written (conflicts that did nothing do not count)."""
        ...

    def later(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> None:
        """As `bulk`, for rows whose fate nobody asks about: they may be written together with those of other works, but
        before the commit and before anything else is read or written, except through `ahead`.
        """
        ...

    def ahead(self) -> Conn:
        """The same connection for statements on tables that `later` is not used for."""
        ...

    def among(self, column: str, values: Sequence[int]) -> tuple[str, Any]:
        """A condition `column is one of values`, and its one parameter."""
        ...

    def named(self, sql: str, params: dict[str, Any], limit: int) -> list[Row]:
        """A statement with `:name` parameters."""
        ...


class SqliteConn:
    """sqlite3 in autocommit mode; transactions are begun and ended by name."""

    pg = False

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.execute = raw.execute

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        row: Row | None = self.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        return self.execute(sql, params).fetchall()

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self.execute(sql, params).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.raw.executemany(sql, rows)

    def bulk(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> int:
        count, step = len(rows), bulk.at_once
        if count == 1:
            return self.execute(bulk.sqlite, rows[0]).rowcount
        if count < step:
            return self.raw.executemany(bulk.sqlite, rows).rowcount
        whole = count - count % step
        joined = [tuple(chain.from_iterable(rows[low : low + step])) for low in range(0, whole, step)]
        written = self.raw.executemany(bulk.sqlite_many, joined).rowcount
        return written + (self.raw.executemany(bulk.sqlite, rows[whole:]).rowcount if count > whole else 0)

    def later(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> None:
        self.bulk(bulk, rows)

    def ahead(self) -> Conn:
        return self

    def among(self, column: str, values: Sequence[int]) -> tuple[str, Any]:
        return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(values)

    def named(self, sql: str, params: dict[str, Any], limit: int) -> list[Row]:
        return self.execute(sql, params).fetchmany(limit)


@lru_cache(maxsize=2048)
def _postgres(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


@lru_cache(maxsize=512)
def _postgres_named(sql: str) -> str:
    return _NAMED.sub(lambda hit: f"%({hit[1]})s" if hit[1] else hit[0], sql.replace("%", "%%"))


class PgConn:
    """psycopg 3, prepared from the first use on; every value travels as a parameter.

    What is given to `later` is sent at once and its outcome asked for before the next statement or the commit: the server
    writes while we make the next rows.
    """

    pg = True

    def __init__(self, raw: psycopg.Connection[TupleRow]) -> None:
        self.raw = raw
        self._cursor = raw.cursor()
        self._sent: AbstractContextManager[psycopg.Pipeline] | None = None

    def one(self, sql: str, params: Sequence[Any] = ()) -> Row | None:
        self.settle()
        return self._cursor.execute(_postgres(sql), params).fetchone()

    def all(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        self.settle()
        return self._cursor.execute(_postgres(sql), params).fetchall()

    def run(self, sql: str, params: Sequence[Any] = ()) -> int:
        self.settle()
        return self._cursor.execute(_postgres(sql), params).rowcount

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self.settle()
        self._cursor.executemany(_postgres(sql), rows)

    def bulk(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> int:
        self.settle()
        from psycopg.errors import NumericValueOutOfRange

        try:
            return self._cursor.execute(bulk.postgres, _columns(bulk, rows)).rowcount
        except NumericValueOutOfRange as problem:
            raise OverflowError("a number does not fit into 64 bits") from problem

    def later(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> None:
        if self._sent is None:
            self._sent = self.raw.pipeline()
            self._sent.__enter__()
        with (
            _fitting()
        ):  # the server may have answered what was sent before: its refusal comes up here as well as in `settle`
            self._cursor.execute(bulk.postgres, _columns(bulk, rows))

    def ahead(self) -> Conn:
        return self

    def settle(self) -> None:
        """Wait for what `later` sent. Raises what went wrong with it."""
        if self._sent is None:
            return
        sent, self._sent = self._sent, None
        with _fitting():
            sent.__exit__(None, None, None)

    def among(self, column: str, values: Sequence[int]) -> tuple[str, Any]:
        return f"{column} = ANY(?::bigint[])", _array("bigint", values)

    def named(self, sql: str, params: dict[str, Any], limit: int) -> list[Row]:
        self.settle()
        return self._cursor.execute(_postgres_named(sql), params).fetchmany(limit)


@contextlib.contextmanager
def _fitting() -> Iterator[None]:
    """A number that the database has no room for is the sender's to mend, and is said so."""
    from psycopg.errors import NumericValueOutOfRange

    try:
        yield
    except NumericValueOutOfRange as problem:
        raise BadInput(TOO_BIG) from problem


def _columns(bulk: Bulk, rows: Sequence[Sequence[Any]]) -> list[str]:
    return [_array(kind, column) for kind, column in zip(bulk.columns.values(), zip(*rows, strict=True), strict=True)]


def _array(kind: str, values: Iterable[Any]) -> str:
    """A PostgreSQL array literal (manual, section 8.15.6): far cheaper to build than to adapt each element."""
    if kind == "bigint":
        return "{" + ",".join(["NULL" if one is None else str(one) for one in values]) + "}"
    if kind == "bytea":
        return "{" + ",".join(["NULL" if one is None else f'"\\\\x{one.hex()}"' for one in values]) + "}"
    return "{" + ",".join(["NULL" if one is None else f'"{_escape(one)}"' for one in values]) + "}"


def _escape(text: str) -> str:
    if "\\" in text or '"' in text:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text
