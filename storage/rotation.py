"""Sealing everything with the newest key, a page at a time, while the store is in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from storage.approvals import where as approval_where
from storage.inbox import InboxTable
from storage.keys import Keys
from storage.order_rows import where as order_where
from storage.people import dialog_where
from storage.sql import Conn
from storage.store import SqlStore
from storage.units import SqlUnit

PAGE = 1_000


def rotate_keys(store: SqlStore) -> int:
    """Re-seal what an older key of the ring sealed. How many values. May be stopped and run again.

    Afterwards the older keys may leave the ring. The blind index's key is not rotated: the indexes would have to be rebuilt.
    """
    keys = store.keys
    done = 0
    for table, column, where in (("orders", "sealed", order_where), ("approvals", "private", approval_where)):
        after = -1
        while True:
            page = partial(_page, keys=keys, table=table, column=column, where=where, after=after)
            more, after, count = store.write_now(page)
            done += count
            if not more:
                break
    done += store.write_now(lambda unit: _dialogs(unit.conn, keys))
    return done + store.inbox_now(lambda inbox: _inbox(inbox, keys))


def _page(
    unit: SqlUnit, *, keys: Keys, table: str, column: str, where: Callable[[int], bytes], after: int
) -> tuple[bool, int, int]:
    """(whether there is more, last id seen, values sealed anew)."""
    conn = unit.conn
    rows = conn.all(
        f"SELECT id,{column} FROM {table} WHERE id > ? ORDER BY id LIMIT ?" + (" FOR UPDATE" if conn.pg else ""),
        (after, PAGE),
    )
    old = [(keys.seal(keys.open(sealed, where(n)), where(n)), n) for n, sealed in rows if _is_old(sealed, keys)]
    if old:
        conn.many(f"UPDATE {table} SET {column} = ? WHERE id = ?", old)
    return len(rows) == PAGE, rows[-1][0] if rows else after, len(old)


def _dialogs(conn: Conn, keys: Keys) -> int:
    rows = conn.all("SELECT state,platform,chat_id,user_id FROM dialogs" + (" FOR UPDATE" if conn.pg else ""))
    old = [row for row in rows if _is_old(row[0], keys)]
    for sealed, *who in old:
        fresh = keys.seal(keys.open(sealed, dialog_where(*who)), dialog_where(*who))
        conn.run("UPDATE dialogs SET state = ? WHERE platform = ? AND chat_id = ? AND user_id = ?", (fresh, *who))
    return len(old)


def _inbox(table: InboxTable, keys: Keys) -> int:
    rows = table.conn.all("SELECT payload,mark FROM inbox WHERE payload IS NOT NULL")
    old = [row for row in rows if _is_old(row[0], keys)]
    for sealed, mark in old:
        fresh = keys.seal(keys.open(sealed, b"inbox:" + mark), b"inbox:" + mark)
        table.conn.run("UPDATE inbox SET payload = ? WHERE mark = ?", (fresh, mark))
    return len(old)


def _is_old(sealed: bytes | None, keys: Keys) -> bool:
    return sealed is not None and sealed[:4] != keys.newest
