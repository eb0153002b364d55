"""Brings the rows of one order together, wherever they stand in the file, without holding the file in memory.

Rows go into a temporary SQLite file under their order number and come out grouped, in the order in which the orders first
appear. That makes the work after it (mapping, writing) resumable by a plain count of orders.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Row:
    """One row under its order: which table, which row number (as a person counts), and role -> text."""

    table: int
    number: int
    cells: dict[str, str]


class Groups:
    """Put rows in, take orders out. The file is scratch: it is deleted on `close`."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)  # closed by whoever drops it
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536; PRAGMA temp_store=FILE;"
            "CREATE TABLE rows (seq INTEGER PRIMARY KEY, key TEXT NOT NULL,"
            " t INTEGER NOT NULL, n INTEGER NOT NULL, cells TEXT NOT NULL)"
        )

    def put(self, rows: Iterable[tuple[str, Row]], *, progress: Callable[[int], None] = lambda _: None) -> int:
        """Add (order number, row) pairs; returns how many."""
        batch: list[tuple[str, int, int, str]] = []
        total = 0
        self._db.execute("BEGIN")
        for key, row in rows:
            batch.append((key, row.table, row.number, json.dumps(list(row.cells.items()), ensure_ascii=False)))
            if len(batch) >= _BATCH:
                total += self._flush(batch, progress)
        total += self._flush(batch, progress)
        self._db.execute("COMMIT")
        return total

    def _flush(self, batch: list[tuple[str, int, int, str]], progress: Callable[[int], None]) -> int:
        self._db.executemany("INSERT INTO rows (key, t, n, cells) VALUES (?,?,?,?)", batch)
        count = len(batch)
        batch.clear()
        progress(count)
        return count

    def count(self) -> int:
        """How many orders there are. Call once after the last `put`."""
        self._db.execute("CREATE INDEX IF NOT EXISTS by_key ON rows (key, seq)")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS firsts AS SELECT min(seq) AS first, key FROM rows GROUP BY key ORDER BY 1"
        )
        return int(self._db.execute("SELECT count(*) FROM firsts").fetchone()[0])

    def orders(self, *, skip: int = 0) -> Iterator[tuple[str, list[Row]]]:
        """(order number, its rows in file order), orders by first appearance. `skip` the ones done before."""
        found = self._db.execute(
            "SELECT f.key, r.t, r.n, r.cells"
            " FROM (SELECT rowid AS i, first, key FROM firsts WHERE rowid > ? ORDER BY rowid) f"
            " CROSS JOIN rows r ON r.key = f.key ORDER BY f.i, r.seq",
            (skip,),
        )
        current = ""
        rows: list[Row] = []
        for key, table, number, cells in found:
            if key != current and rows:
                yield current, rows
                rows = []
            current = key
            rows.append(Row(table, number, dict(json.loads(cells))))
        if rows:
            yield current, rows

    def close(self) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)
