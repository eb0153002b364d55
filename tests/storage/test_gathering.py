"""Works that share a transaction, and the rows of theirs that are written together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import BadInput, Stale
from domain.order import OrderLine, Stage
from domain.store import Outgoing, StoredOrder
from storage import SqlStore
from storage.sql import Bulk, PgConn
from storage.units import SqlUnit
from tests.builders import NOW, money, order


def put(number: str, **more: Any) -> Any:
    given = order(number, **more)

    def work(u: SqlUnit) -> int:
        (written,) = u.orders.upsert_many([given], seen_at=NOW, surface="push")
        u.outbox.add([Outgoing("told", f"key-{number}", {"no": number})])
        return written.id

    return work


async def together(store: SqlStore, *works: Any) -> list[Any]:
    return await asyncio.gather(*(store.write(work) for work in works), return_exceptions=True)


def counts(store: SqlStore) -> dict[str, int]:
    tables = ("orders", "order_lines", "parcels", "order_events", "handles", "outbox")
    return store.read_now(lambda r: {name: r.rows(f"SELECT COUNT(*) FROM {name}")[0][0] for name in tables})


def found(store: SqlStore, number: str) -> StoredOrder:
    (only,) = store.read_now(lambda r: r.orders.find(number))
    return only


async def test_orders_at_once_are_as_whole_as_one_after_the_other(store: SqlStore) -> None:
    await together(store, *(put(f"A{n:04d}") for n in range(90)))
    whole = counts(store)
    assert whole["orders"] == whole["order_lines"] == whole["order_events"] == whole["outbox"] == 90
    for number in (f"A{n:04d}" for n in range(90)):
        stored = found(store, number)
        assert stored.order == order(number)
        assert len(store.read_now(lambda r, key=stored.id: r.orders.events(key))) == 1  # type: ignore[misc]


async def test_a_work_reads_what_it_and_its_neighbours_wrote(store: SqlStore) -> None:
    seen: dict[str, list[str]] = {}

    def look(u: SqlUnit) -> None:
        u.orders.upsert_many([order("B2")], seen_at=NOW, surface="push")
        seen_now = [*u.orders.find("B2"), *u.orders.find("B1")]  # PostgreSQL: the neighbour may not have committed yet
        seen["numbers"] = [each.order.number for each in seen_now]
        seen["lines"] = [each.order.lines[0].sku for each in seen_now]
        seen["events"] = [u.orders.events(each.id)[0].kind for each in seen_now]

    await together(store, put("B1"), look, put("B3"))
    assert seen["numbers"][0] == "B2"
    assert set(seen["events"]) == {"created"}
    assert set(seen["lines"]) == {"SKU-1"}


async def test_one_that_fails_takes_back_only_what_is_its_own(store: SqlStore) -> None:
    def fails(u: SqlUnit) -> None:
        put("C2")(u)
        # Reading writes what waits, the neighbours' rows too: they must outlive the fall of this one.
        u.orders.find("C1")
        raise Stale("order C2")

    ends = await together(store, put("C1"), fails, put("C3"), fails, put("C4"))
    assert [type(one).__name__ for one in ends] == ["int", "Stale", "int", "Stale", "int"]
    assert store.read_now(lambda r: r.orders.find("C2")) == []
    kept = counts(store)
    assert (kept["orders"], kept["order_events"], kept["outbox"]) == (3, 3, 3)
    for number in ("C1", "C3", "C4"):
        assert found(store, number).order == order(number)


@pytest.mark.parametrize("pause", [0.0, 0.03])
async def test_a_row_that_cannot_be_written_is_told_to_its_sender_alone(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    """Also when the server has refused it before the next rows are sent, and not only when it is asked at the end."""
    later = PgConn.later

    def slowly(self: PgConn, bulk: Bulk, rows: Sequence[Sequence[Any]]) -> None:
        time.sleep(pause)
        later(self, bulk, rows)

    monkeypatch.setattr(PgConn, "later", slowly)
    absurd = (OrderLine("1", "SKU", "x", 2**70, money(1), money(1)),)
    ends = await together(store, put("D1"), put("D2", lines=absurd), put("D3"))
    assert [type(one).__name__ for one in ends] == ["int", "BadInput", "int"]
    assert isinstance(ends[1], BadInput)
    assert "64" in ends[1].sentence
    kept = counts(store)
    assert (kept["orders"], kept["order_events"], kept["outbox"]) == (2, 2, 2)


async def test_the_same_order_from_two_doors_at_once_is_written_once(store: SqlStore) -> None:
    def again(u: SqlUnit) -> int:
        return len(u.orders.upsert_many([order("E1")], seen_at=NOW, surface="push"))

    def later(u: SqlUnit) -> int:
        moved = replace(order("E1"), stage=Stage.COMPLETED, updated_at=order("E1").updated_at.replace(year=2027))
        return len(u.orders.upsert_many([moved], seen_at=NOW, surface="push"))

    ends = await together(store, again, again, later, again)
    assert sum(ends) in (1, 2)  # on PostgreSQL the later version may come first, and then it is the only one
    stored = found(store, "E1")
    assert stored.order.stage is Stage.COMPLETED
    kinds = [one.kind for one in store.read_now(lambda r: r.orders.events(stored.id))]
    assert kinds.count("created") == 1
    assert len(kinds) == sum(ends)


@pytest.mark.parametrize("size", [1, 39, 40, 41, 85, 200])
async def test_a_batch_of_any_size_is_written_whole(store: SqlStore, size: int) -> None:
    some = [order(f"F{n:05d}") for n in range(size)]
    written = await store.write(lambda u: u.orders.upsert_many(some, seen_at=NOW, surface="file"))
    assert len(written) == size
    assert counts(store)["orders"] == size
    again = await store.write(lambda u: u.orders.upsert_many(some, seen_at=NOW, surface="file"))
    assert again == []


async def test_known_orders_hidden_among_new_ones_are_not_announced_again(store: SqlStore) -> None:
    """A batch is judged new by a few of its orders; the others must still be recognised."""
    some = [order(f"G{n:05d}") for n in range(200)]
    changed = replace(some[77], stage=Stage.COMPLETED, updated_at=some[77].updated_at.replace(year=2027))
    await store.write(lambda u: u.orders.upsert_many([some[33], some[77]], seen_at=NOW, surface="file"))
    batch = [*some[:77], changed, *some[78:]]
    written = await store.write(lambda u: u.orders.upsert_many(batch, seen_at=NOW, surface="file"))
    assert len(written) == 199
    assert [one.after.number for one in written if one.before is not None] == ["G00077"]
    assert counts(store)["order_events"] == 200 + 1
