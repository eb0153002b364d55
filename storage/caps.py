"""Limits on a statement that sums over many rows: its time, kept by the database itself, and sums that do not fit."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import BadInput
from domain.query import TooLong
from storage.sql import Conn, PgConn, SqliteConn

TOO_LONG = "这个问题要翻的数据太多，几秒内算不完，所以先停了。缩短时间段，或加上店铺、渠道再问一次。"
_TOO_LARGE = "这段时间里有大得离谱的数字，加起来超过 64 位，没法算。请检查那几单的金额和数量单位。"


@contextmanager
def capped(conn: Conn, seconds: float) -> Iterator[None]:
    """The statement inside is stopped after `seconds`. Raises TooLong then, BadInput when a sum exceeds 64 bits."""
    match conn:
        case SqliteConn():
            until = time.monotonic() + seconds
            conn.raw.set_progress_handler(lambda: time.monotonic() > until, 20_000)
            try:
                yield
            except sqlite3.OperationalError as stopped:
                if "interrupted" in str(stopped):
                    raise TooLong(TOO_LONG) from stopped
                if "integer overflow" in str(stopped):
                    raise BadInput(_TOO_LARGE) from stopped
                raise
            finally:
                conn.raw.set_progress_handler(None, 0)
        case PgConn():
            from psycopg.errors import NumericValueOutOfRange, QueryCanceled  # a store on SQLite never loads psycopg

            conn.raw.execute(f"SET statement_timeout = {max(1, int(seconds * 1000))}".encode())
            try:
                yield
            except QueryCanceled as stopped:
                raise TooLong(TOO_LONG) from stopped
            except NumericValueOutOfRange as stopped:
                raise BadInput(_TOO_LARGE) from stopped
            finally:
                if not conn.raw.closed:
                    conn.raw.execute("SET statement_timeout = 0")
        case _:
            raise TypeError(type(conn).__name__)
