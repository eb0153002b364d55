"""Filling a PostgreSQL database by COPY: the very rows that the store would insert, at twice the speed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from benchmarks.orders import END
from domain.order import Order
from storage import Keys
from storage.handles import Handles
from storage.postgres_engine import connect
from storage.sql import Bulk, PgConn
from storage.units import SqlUnit


class CopyingConn(PgConn):
    """Inserts by COPY, which knows no conflict: for orders that are not there yet."""

    def bulk(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> int:
        names = ",".join(f'"{name}"' for name in (*bulk.columns, *bulk.fixed))
        constants = tuple(one.strip("'") for one in bulk.fixed.values())
        with self.raw.cursor().copy(f"COPY {bulk.table}({names}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row((*row, *constants))
        return len(rows)

    def later(self, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> None:
        self.bulk(bulk, rows)


def copy_orders(url: str, batches: Iterable[Sequence[Order]], keys: Keys) -> None:
    """Into an empty store at `url`, a transaction a batch."""
    raw = connect(url)
    try:
        raw.execute("SET synchronous_commit = off")
        unit = SqlUnit(CopyingConn(raw), keys, Handles(keys), lambda: END)
        for some in batches:
            with raw.transaction():
                unit.orders.upsert_many(some, seen_at=END, surface="file")
    except psycopg.Error as problem:
        raise RuntimeError(f"the database could not be filled: {problem}") from problem
    finally:
        raw.close()
