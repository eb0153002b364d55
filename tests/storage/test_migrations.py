"""Stores and backups of older programs, carried over to today's tables."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from domain.clock import ManualClock
from domain.order import Order, Stage
from storage import SqlStore, open_store
from storage.backup import backup, restore
from storage.migrations.run import upgrade
from storage.rotation import rotate_keys
from tests.builders import NOW, order, parcel, receiver
from tests.storage.fixtures import KEYS

_OLD = (
    "id", "channel", "shop", "number", "stage", "stage_at", "created_at", "updated_at", "synced_at", "currency", "goods",
    "freight", "discount", "total", "paid", "refunded", "paid_at", "ship_by", "shipped_at", "delivered_at", "finished_at",
    "buyer_key", "raw_status", "buyer_note", "seller_note", "warehouse", "holds", "tags", "unmapped", "country", "province",
    "city", "district", "address_key", "masked", "sealed", "digest", "version", "settlement_locked", "owner", "ours",
)  # fmt: skip
_REST = (
    "buyer_key", "raw_status", "buyer_note", "seller_note", "unmapped", "country", "city", "district", "address_key",
    "masked",
)  # fmt: skip


def kept() -> list[Order]:
    """Orders that use every column that went into `rest`."""
    full = order(
        "1", receiver=receiver(masked=True, address_key="oaid-1", country="CN"), buyer_note="晚点发", seller_note="老客 'VIP'",
        unmapped=("order_status=987", "a\x1fb"), holds=("risk",), tags=("预售",), warehouse="一号仓",
    )  # fmt: skip
    bare = order("2", receiver=receiver(name="", phone="", detail=""), buyer_key="", buyer_name="", raw_status="")
    return [full, bare, order("3", stage=Stage.SHIPPED, parcels=(parcel("SF1234567890123"),))]


def old_row(row: dict[str, Any]) -> dict[str, Any]:
    """Today's row of an order as the first program wrote it."""
    rest = dict(zip(_REST, row["rest"].split("\x1f"), strict=True))
    return {name: {**row, **rest, "masked": 1 if rest["masked"] else 0}[name] for name in _OLD}


async def fill(store: SqlStore) -> None:
    await store.write(lambda u: u.orders.upsert_many(kept(), seen_at=NOW, surface="channel"))
    (stored,) = await store.read(lambda r: r.orders.find("2"))
    await store.write(lambda u: u.orders.change(stored.id, expect_version=1, events=(), owner="张明", holds=("stock",)))


def engine_of(database: str, data: Path) -> sa.Engine:
    url = f"postgresql+psycopg://{database.partition('://')[2]}" if database else f"sqlite:///{data}/xiaodan.db"
    return sa.create_engine(url, poolclass=sa.pool.NullPool)


def emptied(database: str, data: Path) -> str:
    """The database without a table; the URL that migrations take."""
    engine = engine_of(database, data)
    if database:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            connection.exec_driver_sql("CREATE SCHEMA public")
    else:
        data.mkdir(parents=True)
    return engine.url.render_as_string(hide_password=False)


async def test_a_store_of_the_first_shape_is_carried_over(
    store: SqlStore, database: str, tmp_path: Path, clock: ManualClock
) -> None:
    await fill(store)
    wanted = [await store.read(lambda r, n=n: r.orders.find(n)) for n in ("1", "2", "3")]  # type: ignore[misc]
    names = ("order_lines", "parcels", "order_events", "handles")
    with engine_of(database, tmp_path / "data").connect() as connection:
        children = {
            name: [dict(one._mapping) for one in connection.execute(sa.text(f"SELECT * FROM {name}"))] for name in names
        }
        rows = [old_row(dict(one._mapping)) for one in connection.execute(sa.text("SELECT * FROM orders"))]
    await store.close()
    data = tmp_path / ("data" if database else "older")
    url = emptied(database, data)
    upgrade(url, "all" if database else "main", "0003")
    engine = engine_of(database, data)
    with engine.begin() as connection:
        for name, some in {"orders": rows, **children}.items():
            columns = ",".join(f'"{column}"' for column in some[0])
            marks = ",".join(f":{column}" for column in some[0])
            connection.execute(sa.text(f"INSERT INTO {name}({columns}) VALUES({marks})"), some)
    engine.dispose()
    carried = open_store(database, data_dir=data, keys=KEYS, clock=clock)
    assert [await carried.read(lambda r, n=n: r.orders.find(n)) for n in ("1", "2", "3")] == wanted  # type: ignore[misc]
    assert len(await carried.read(lambda r: r.orders.by_waybill("SF1234567890123"))) == 1
    assert await carried.write(lambda u: u.orders.upsert_many(kept()[:1], seen_at=NOW, surface="channel")) == []
    moved = replace(kept()[1], stage=Stage.COMPLETED, updated_at=NOW + timedelta(hours=1))
    (written,) = await carried.write(lambda u: u.orders.upsert_many([moved], seen_at=NOW, surface="channel"))
    assert written.after.holds == ("stock",)  # what was ours still lies over the channel's value
    assert rotate_keys(carried) == 0
    await carried.close()


@pytest.mark.parametrize("migration", ["0001", "0003"])
async def test_a_backup_of_the_first_shape_restores(
    store: SqlStore, database: str, tmp_path: Path, clock: ManualClock, migration: str
) -> None:
    await fill(store)
    wanted = [await store.read(lambda r, n=n: r.orders.find(n)) for n in ("1", "2", "3")]  # type: ignore[misc]
    today, older = tmp_path / "today.tar.gz", tmp_path / "older.tar.gz"
    backup(database, today, data_dir=tmp_path / "data", clock=clock)
    with engine_of(database, tmp_path / "data").connect() as connection:
        names = list(connection.execute(sa.text("SELECT * FROM orders LIMIT 1")).keys())
    older.write_bytes(as_of(today, migration, names))
    restore("", older, data_dir=tmp_path / "restored")
    restored = open_store("", data_dir=tmp_path / "restored", keys=KEYS, clock=clock)
    assert [await restored.read(lambda r, n=n: r.orders.find(n)) for n in ("1", "2", "3")] == wanted  # type: ignore[misc]
    await restored.close()


def as_of(file: Path, migration: str, names: list[str]) -> bytes:
    """The backup as a program of that migration would have written it."""
    made = io.BytesIO()
    with tarfile.open(file, "r:gz") as tar, tarfile.open(fileobj=made, mode="w") as older:
        parts = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]
        rows = [dict(zip(names, json.loads(one), strict=True)) for one in parts["orders.jsonl"].splitlines()]
        parts["orders.jsonl"] = b"".join(json.dumps(list(old_row(row).values())).encode() + b"\n" for row in rows)
        manifest = json.loads(parts["manifest.json"])
        manifest["migration"] = migration
        manifest["sha256"]["orders"] = hashlib.sha256(parts["orders.jsonl"]).hexdigest()
        parts["manifest.json"] = json.dumps(manifest).encode()
        for name, body in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            older.addfile(info, io.BytesIO(body))
    return gzip.compress(made.getvalue())
