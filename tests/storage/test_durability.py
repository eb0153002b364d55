"""What was acknowledged is there: after kill -9, a full disk, a failing neighbour, a second process, a restore, a new key."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from domain.clock import ManualClock
from domain.errors import BadInput, Unavailable
from domain.order import Order, Stage
from domain.store import AuditEntry, Outgoing, UnitOfWork
from storage import Keys, SqlStore, open_store, stats
from storage.backup import backup, restore
from storage.holders import enter, here, is_gone, leave
from storage.migrations import HEAD, KNOWN
from storage.migrations.run import config
from storage.rotation import rotate_keys
from storage.tables import INBOX, metadata
from tests.builders import NOW, NUMBER, approval, newer, order
from tests.storage.fixtures import KEYS

WRITER = """
import asyncio, sys
from pathlib import Path
from domain.clock import ManualClock
from storage import open_store
from tests.builders import NOW, order
from tests.storage.fixtures import KEYS

async def main(url, folder, name):
    store = open_store(url, data_dir=Path(folder), keys=KEYS, clock=ManualClock(NOW))
    async def one(n):
        number = f"{name}{n:06d}"
        await store.write(lambda u: u.orders.upsert_many([order(number)], seen_at=NOW, surface="push"))
        await store.inbox.accept([("x", "push", number, "", {}, NOW)])
        print(number, flush=True)
    for start in range(0, int(sys.argv[4]), 16):
        await asyncio.gather(*[one(n) for n in range(start, start + 16)])
    await store.close()

asyncio.run(main(*sys.argv[1:4]))
"""


def writer(url: str, folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, str(folder), name, str(count)],
        stdout=subprocess.PIPE, text=True, cwd=root, env=os.environ | {"PYTHONPATH": str(root)},
    )  # fmt: skip


def finished_process() -> int:
    """The number of a process that no longer runs."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


async def put(store: SqlStore, *orders: Order) -> None:
    await store.write(lambda u: u.orders.upsert_many(orders, seen_at=NOW, surface="pull"))


async def test_everything_acknowledged_survives_kill_9(
    database: str, tmp_path: Path, reopen: Callable[[], SqlStore]
) -> None:
    running = writer(database, tmp_path / "data", "k", 1_000_000)
    assert running.stdout is not None
    told = [running.stdout.readline().strip() for _ in range(200)]
    running.send_signal(signal.SIGKILL)
    told += [one.strip() for one in running.stdout if one.endswith("\n")]
    running.wait()
    running.stdout.close()
    store = reopen()
    kept = {row[0] for row in await store.read(lambda r: r.rows("SELECT number FROM orders"))}
    assert set(told) <= kept
    whole = await store.read(
        lambda r: r.rows(
            "SELECT COUNT(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id)"
        )
    )
    assert whole == [(0,)]
    assert await store.inbox.accept([("x", "push", one, "", {}, NOW) for one in told]) == 0
    await store.close()


async def test_two_processes_write_the_same_database(database: str, tmp_path: Path, reopen: Callable[[], SqlStore]) -> None:
    reopen().close_now()
    both = [writer(database, tmp_path / "data", name, 96) for name in ("a", "b")]
    counts = [len(one.communicate(timeout=60)[0].split()) for one in both]
    assert counts == [96, 96]
    store = reopen()
    assert (await store.read(stats))["orders"] == 192
    await store.close()


async def test_what_a_dead_process_had_claimed_is_handed_out_again(reopen: Callable[[], SqlStore]) -> None:
    store = reopen()
    await store.inbox.accept([("x", "push", "1", "", {}, NOW)])
    assert len(await store.inbox.claim(NOW)) == 1
    owner = f"{here().rsplit(':', 2)[0]}:{finished_process()}:dead"
    store.inbox_now(lambda table: table.conn.run("UPDATE inbox SET owner = ?", (owner,)))
    await store.close()
    store = reopen()
    assert [one.attempts for one in await store.inbox.claim(NOW)] == [2]
    await store.close()


async def test_what_a_dead_relay_had_claimed_is_handed_out_at_once_and_a_living_ones_is_not(
    reopen: Callable[[], SqlStore],
) -> None:
    store = reopen()
    await store.write(lambda u: u.outbox.add([Outgoing("t", str(n), {}, lane=str(n)) for n in range(3)]))
    place = here().rsplit(":", 2)[0]
    left, living = enter(), enter()
    gone = (f"{place}:{finished_process()}:dead", left)
    for owner in (*gone, living):
        assert len(await store.write(lambda u, o=owner: u.outbox.claim(NOW, owner=o, lease_seconds=60, limit=1))) == 1  # type: ignore[misc]
    leave(left)
    await store.close()
    store = reopen()
    again = await store.write(lambda u: u.outbox.claim(NOW, owner="next", lease_seconds=60))
    assert [(one.key, one.attempts) for one in again] == [("0", 2), ("1", 2)]
    await store.close()
    leave(living)


@pytest.mark.parametrize("owner", ["another-host:1:abcd", "", "x", "host:99999999999999999999:1"])
def test_of_a_stranger_nobody_can_say_that_it_is_gone(owner: str) -> None:
    assert not is_gone(owner)


def test_a_process_in_another_container_of_the_same_name_is_not_taken_for_dead() -> None:
    host = here().partition("/")[0]
    assert not is_gone(f"{host}/1:{finished_process()}:dead")


async def test_a_work_that_raises_takes_back_only_itself(store: SqlStore) -> None:
    def broken(u: UnitOfWork) -> None:
        u.orders.upsert_many([order("bad")], seen_at=NOW, surface="x")
        u.outbox.add([Outgoing("t", "bad", {})])
        raise KeyError("mine")

    works = [store.write(lambda u, n=n: u.orders.upsert_many([order(f"g{n}")], seen_at=NOW, surface="x")) for n in range(20)]  # type: ignore[misc]
    results = await asyncio.gather(*works[:10], store.write(broken), *works[10:], return_exceptions=True)
    assert [type(one) for one in results if isinstance(one, Exception)] == [KeyError]
    assert (await store.read(stats))["orders"] == 20
    assert (await store.read(lambda r: r.outbox.depth()))["waiting"] == 0


async def test_a_full_disk_is_told_in_words_and_the_writer_goes_on(tmp_path: Path, clock: ManualClock) -> None:
    store = open_store("", data_dir=tmp_path, keys=KEYS, clock=clock)
    await store.write(lambda u: u.conn.one("PRAGMA max_page_count=1"))  # no more than there are
    many = [order(str(n)) for n in range(3_000)]
    with pytest.raises(Unavailable, match="磁盘满了"):
        await put(store, *many)
    assert (await store.read(stats))["orders"] == 0
    await store.write(lambda u: u.conn.one("PRAGMA max_page_count=1000000"))
    await put(store, *many)
    assert (await store.read(stats))["orders"] == 3_000
    await store.close()


async def test_close_leaves_no_threads_and_finishes_what_was_submitted(reopen: Callable[[], SqlStore]) -> None:
    before = set(threading.enumerate())
    store = reopen()
    pending = [asyncio.ensure_future(put(store, order(str(n)))) for n in range(20)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*pending)
    left = set(threading.enumerate()) - before
    assert not [one.name for one in left if one.name.startswith("xiaodan-")]
    with pytest.raises(Unavailable):
        await put(store, order())
    await store.close()


async def test_every_work_runs_inside_the_guard(database: str, tmp_path: Path, clock: ManualClock) -> None:
    inside: list[bool] = []

    @contextmanager
    def guard() -> Any:
        inside.append(True)
        yield
        inside.pop()

    store = open_store(database, data_dir=tmp_path / "data", keys=KEYS, clock=clock, guard=guard)
    assert await store.write(lambda _: list(inside)) == [True]
    assert await store.read(lambda _: list(inside)) == [True]
    assert store.write_now(lambda _: list(inside)) == store.read_now(lambda _: list(inside)) == [True]
    assert inside == []
    await store.close()


async def test_a_unit_of_work_inside_another_is_an_error_not_a_deadlock(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="already open"):
        store.write_now(lambda _: store.write_now(lambda _: None))


# --- backup, keys, migrations -----------------------------------------------------------------------------------------


async def fill(store: SqlStore) -> None:
    await put(store, order(), order("2", stage=Stage.SHIPPED))
    await store.write(lambda u: u.approvals.add(approval(private={"phone": "13800000000"})))
    await store.write(lambda u: u.outbox.add([Outgoing("t", "k1", {})]))
    await store.write(lambda u: u.audit.record(AuditEntry(NOW, "a", "b", "c")))
    await store.inbox.accept([("x", "message", "1", "", {"text": "王小芳"}, NOW)])


async def test_a_backup_restores_whole_also_into_the_other_database(
    store: SqlStore, database: str, tmp_path: Path, clock: ManualClock, postgres_database: str
) -> None:
    await fill(store)
    file = tmp_path / "b.tar.gz"
    counts = backup(database, file, data_dir=tmp_path / "data", clock=clock)
    assert (counts["orders"], counts["inbox"], counts["audit"]) == (2, 1, 1)
    other_url = postgres_database if database == "" else ""
    assert restore(other_url, file, data_dir=tmp_path / "other", force=True) == counts
    other = open_store(other_url, data_dir=tmp_path / "other", keys=KEYS, clock=clock)
    assert await other.read(lambda r: r.orders.find(NUMBER)) == await store.read(lambda r: r.orders.find(NUMBER))
    assert (await other.read(lambda r: r.audit.verify()))[0]
    assert [one.payload for one in await other.inbox.claim(NOW)] == [{"text": "王小芳"}]
    await other.write(lambda u: u.outbox.add([Outgoing("t", "k2", {})]))  # counters go on after what was restored
    assert (await other.write(lambda u: u.approvals.add(approval(key="z")))).number == "A2"
    await other.close()
    with pytest.raises(BadInput, match="已经有数据"):
        restore(other_url, file, data_dir=tmp_path / "other")
    with pytest.raises(BadInput, match="已经存在"):
        backup(database, file, data_dir=tmp_path / "data", clock=clock)


async def test_a_damaged_backup_touches_nothing(store: SqlStore, database: str, tmp_path: Path, clock: ManualClock) -> None:
    await fill(store)
    file = tmp_path / "b.tar.gz"
    backup(database, file, data_dir=tmp_path / "data", clock=clock)
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(BadInput):
        restore(database, file, data_dir=tmp_path / "data", force=True)
    assert (await store.read(stats))["orders"] == 2


async def test_keys_rotate_and_the_old_one_may_then_go(database: str, tmp_path: Path, clock: ManualClock) -> None:
    store = open_store(database, data_dir=tmp_path / "data", keys=KEYS, clock=clock)
    await fill(store)
    await store.close()
    ring = Keys.parse(KEYS.rotated().text())
    store = open_store(database, data_dir=tmp_path / "data", keys=ring, clock=clock)
    await put(store, newer(order("2"), stage=Stage.DELIVERED))
    assert rotate_keys(store) == 4
    assert rotate_keys(store) == 0
    await store.close()
    only_new = Keys([ring._data[0]], ring.blind)
    store = open_store(database, data_dir=tmp_path / "data", keys=only_new, clock=clock)
    assert len(await store.read(lambda r: r.orders.by_phone("13812345678"))) == 2
    await store.close()
    store = open_store(database, data_dir=tmp_path / "data", keys=Keys([b"x" * 32], ring.blind), clock=clock)
    with pytest.raises(BadInput, match="密钥"):
        await store.read(lambda r: r.orders.find(NUMBER))
    await store.close()


async def test_a_sealed_value_moved_to_another_row_does_not_open(store: SqlStore) -> None:
    await fill(store)
    await store.write(
        lambda u: u.conn.run("UPDATE orders SET sealed = (SELECT sealed FROM orders WHERE number = '2') WHERE number <> '2'")
    )
    with pytest.raises(BadInput, match="改动过"):
        await store.read(lambda r: r.orders.find(NUMBER))


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path, clock: ManualClock) -> None:
    open_store("", data_dir=tmp_path, keys=KEYS, clock=clock).close_now()
    raw = sqlite3.connect(tmp_path / "xiaodan.db")
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(BadInput, match="9999"):
        open_store("", data_dir=tmp_path, keys=KEYS, clock=clock)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "xiaodan.db").write_bytes(b"not a database, but somebody's letter" * 50)
    with pytest.raises(BadInput, match="不是小单的数据文件"):
        open_store("", data_dir=tmp_path, keys=KEYS, clock=clock)
    assert (tmp_path / "xiaodan.db").read_bytes().startswith(b"not a database")


def test_the_migrations_lead_to_the_tables(database: str, tmp_path: Path, reopen: Callable[[], SqlStore]) -> None:
    reopen().close_now()
    url = f"postgresql+psycopg://{database.partition('://')[2]}" if database else f"sqlite:///{tmp_path}/data/xiaodan.db"
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    missing = [one for one in found if INBOX.name not in str(one)] if not database else found
    assert missing == []


def test_the_known_revisions_are_those_in_the_folder() -> None:
    scripts = ScriptDirectory.from_config(config("", "all"))
    assert scripts.get_current_head() == HEAD
    assert {one.revision for one in scripts.walk_revisions()} == KNOWN


@pytest.mark.parametrize("text", ["", "abc;def", "ab" * 32, f"{'ab' * 32};zz"])
def test_keys_that_cannot_be_read_are_told_without_showing_them(text: str) -> None:
    with pytest.raises(BadInput) as told:
        Keys.parse(text)
    assert "ab" * 8 not in told.value.sentence
