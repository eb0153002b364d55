"""The anchors' own store: the fewest tables and the plainest prepared SQL that could answer "where is order X".

No encryption, no blind index, no history of versions, eleven columns: what the hardware and the driver allow.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.ids import order_id
from domain.order import Order

Row = tuple[Any, ...]
Batch = tuple[list[Row], list[Row], list[Row], list[Row]]

ORDER = {
    "id": "bigint", "channel": "text", "order_no": "text", "status": "text", "buyer_hash": "bytea", "created_at": "bigint",
    "updated_at": "bigint", "amount": "bigint", "waybill": "text", "buyer_mask": "text", "region": "text",
}  # fmt: skip
LINE = {"order_id": "bigint", "line_no": "bigint", "sku": "text", "qty": "bigint", "price": "bigint"}
EVENT = {"order_id": "bigint", "kind": "text", "at": "bigint", "value": "text"}
OUTBOX = {"topic": "text", "order_id": "bigint", "at": "bigint", "payload": "text"}
TABLES = (("orders", ORDER), ("lines", LINE), ("events", EVENT), ("outbox", OUTBOX))
_MOVED = ",".join(
    f"{name}=excluded.{name}" for name in ("status", "updated_at", "amount", "waybill", "buyer_mask", "region")
)
TAILS = (
    f"ON CONFLICT(id) DO UPDATE SET {_MOVED} WHERE excluded.updated_at > orders.updated_at",
    "ON CONFLICT(order_id,line_no) DO UPDATE SET sku=excluded.sku, qty=excluded.qty, price=excluded.price",
    "ON CONFLICT DO NOTHING",
    "",
)
_KEYS = ("PRIMARY KEY(id)", "PRIMARY KEY(order_id,line_no)", "PRIMARY KEY(order_id,kind,at)", "")
INDEXES = (
    "CREATE UNIQUE INDEX ux_no ON orders(order_no,channel)",
    "CREATE INDEX ix_buyer ON orders(buyer_hash,created_at)",
    "CREATE INDEX ix_waybill ON orders(waybill)",
)
BY_NUMBER = f"SELECT {','.join(ORDER)} FROM orders WHERE order_no = ?"
BY_WAYBILL = f"SELECT {','.join(ORDER)} FROM orders WHERE waybill = ?"
BY_PHONE = f"SELECT {','.join(ORDER)} FROM orders WHERE buyer_hash = ? AND created_at >= ? ORDER BY created_at DESC LIMIT 5"
LINES_OF = "SELECT line_no,sku,qty,price FROM lines WHERE order_id = ?"
EVENTS_OF = "SELECT kind,at,value FROM events WHERE order_id = ? ORDER BY at"
READS = (BY_NUMBER, LINES_OF, EVENTS_OF)
# The same three reads, as many columns, in our own store's file: for the case in which that file is being written.
_COLUMNS_IN_OURS = "id,channel,number,stage,shop,created_at,updated_at,total,warehouse,province,currency"
IN_OURS = (
    f"SELECT {_COLUMNS_IN_OURS} FROM orders WHERE number = ?",
    "SELECT n,sku,quantity,unit_price FROM order_lines WHERE order_id = ?",
    'SELECT kind,at,"after" FROM order_events WHERE order_id = ? ORDER BY at',
)
CARD = (
    "SELECT o.*, (SELECT json_agg(json_build_array(line_no,sku,qty,price)) FROM lines l WHERE l.order_id = o.id),"
    " (SELECT json_agg(json_build_array(kind,at,value) ORDER BY at) FROM events e WHERE e.order_id = o.id) FROM orders o"
)
CARD_BY = {
    "number": f"{CARD} WHERE order_no = $1",
    "waybill": f"{CARD} WHERE waybill = $1",
    "phone": f"{CARD} WHERE buyer_hash = $1 AND created_at >= $2 ORDER BY created_at DESC LIMIT 5",
}


def sqlite_schema() -> list[str]:
    kinds = {"bigint": "INTEGER", "text": "TEXT", "bytea": "BLOB"}
    found = []
    for (name, columns), key in zip(TABLES, _KEYS, strict=True):
        body = ",".join(f"{column} {kinds[kind]} NOT NULL" for column, kind in columns.items())
        if name == "orders":
            found.append(f"CREATE TABLE orders({body.replace('id INTEGER NOT NULL', 'id INTEGER PRIMARY KEY', 1)})")
        elif key:
            found.append(f"CREATE TABLE {name}({body},{key}) WITHOUT ROWID")
        else:
            found.append(f"CREATE TABLE {name}(id INTEGER PRIMARY KEY,{body})")
    return [*found, *INDEXES]


def postgres_schema() -> list[str]:
    found = []
    for (name, columns), key in zip(TABLES, _KEYS, strict=True):
        body = ",".join(f"{column} {kind} NOT NULL" for column, kind in columns.items())
        found.append(
            f"CREATE TABLE {name}({body},{key})" if key else f"CREATE TABLE {name}(id bigserial PRIMARY KEY,{body})"
        )
    return [*found, *INDEXES]


def phone_hash(phone: str) -> bytes:
    return hashlib.blake2b(phone.encode(), digest_size=16).digest()


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def rows_of(orders: Sequence[Order]) -> Batch:
    """The same orders as tuples for the four tables."""
    heads: list[Row] = []
    lines: list[Row] = []
    events: list[Row] = []
    outbox: list[Row] = []
    for one in orders:
        key = order_id(one.channel, one.shop, one.number, one.created_at)
        updated, stage, to = seconds(one.updated_at), one.stage.value, one.receiver
        heads.append(
            (key, one.channel, one.number, stage, phone_hash(to.phone), seconds(one.created_at), updated, one.total.minor,
             one.parcels[0].waybill, f"{to.name[0]}*", f"{to.province} {to.city} {to.district}")
        )  # fmt: skip
        lines += [(key, n, each.sku, each.quantity, each.unit_price.minor) for n, each in enumerate(one.lines, 1)]
        events.append((key, "status", updated, stage))
        outbox.append(("order.changed", key, updated, f'{{"no":"{one.number}","st":"{stage}"}}'))
    return heads, lines, events, outbox


SQLITE = tuple(
    f"INSERT INTO {name}({','.join(columns)}) VALUES({','.join('?' * len(columns))}) {tail}"
    for (name, columns), tail in zip(TABLES, TAILS, strict=True)
)


def open_sqlite(path: Path, *, cache_mb: int = 64) -> sqlite3.Connection:
    """With the same settings as our own store: WAL and a flush at every commit."""
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=30)
    for one in (
        "journal_mode=WAL", "synchronous=FULL", f"cache_size=-{cache_mb * 1024}", "temp_store=MEMORY", "mmap_size=268435456",
        "wal_autocheckpoint=4000",
    ):  # fmt: skip
        raw.execute(f"PRAGMA {one}")
    return raw


def write_sqlite(raw: sqlite3.Connection, batch: Batch) -> None:
    raw.execute("BEGIN IMMEDIATE")
    for statement, rows in zip(SQLITE, batch, strict=True):
        raw.executemany(statement, rows)
    raw.execute("COMMIT")


def _one_statement() -> str:
    """All four tables in one statement: one round trip and its own transaction."""
    parts, offset = [], 0
    for (name, columns), tail in zip(TABLES, TAILS, strict=True):
        arrays = ",".join(f"${offset + n}::{kind}[]" for n, kind in enumerate(columns.values(), 1))
        offset += len(columns)
        parts.append(f"INSERT INTO {name}({','.join(columns)}) SELECT * FROM unnest({arrays}) {tail}")
    return f"WITH a AS ({parts[0]}), b AS ({parts[1]}), c AS ({parts[2]}) {parts[3]}"


POSTGRES = _one_statement()


def columns_of(batch: Batch) -> list[list[Any]]:
    """What `POSTGRES` takes."""
    return [list(column) for rows in batch for column in zip(*rows, strict=True)]
