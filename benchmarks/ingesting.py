"""B6, B7 and B10: orders into the store in batches, each with its event and an outbox row; then the same orders again; and
from the bytes of a channel's answer.

Ours is the store's own upsert (idempotent, older versions never win, personal data sealed, blind handles written) and the
outbox; the anchor writes the same orders with hand-written SQL into four plain tables with the usual three indexes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import floor
from benchmarks.channel_pages import orders_of, page_of
from benchmarks.ground import Ground
from benchmarks.measure import Line, check, line, neat, ratio, spread, timed_each
from benchmarks.orders import END, batches
from domain.ids import key as make_key
from domain.order import Order
from domain.store import Outgoing, Upserted
from storage import SqlStore

SIZES = (1000, 100)
_PER_ROUND = {1000: 10_000, 100: 4_000}


def write(store: SqlStore, batch: Sequence[Order]) -> list[Upserted]:
    """One unit of work: orders, and an outbox row for each that really changed."""

    def work(u: Any) -> list[Upserted]:
        written: list[Upserted] = u.orders.upsert_many(batch, seen_at=END, surface="channel", cause="bench")
        u.outbox.add([outgoing(one) for one in written])
        return written

    return store.write_now(work)


def outgoing(one: Upserted) -> Outgoing:
    order = one.after
    return Outgoing(
        "deliver", make_key(one.id, int(order.updated_at.timestamp())), {"no": order.number, "st": order.stage.value}
    )


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    seen: dict[tuple[str, int], float] = {}
    for orders in sizes:
        for size in SIZES:
            for one in on_sqlite(ground, orders, size):
                yield _with_growth(one, seen, size)
        yield from_channel(ground, orders)
    if ground.server():
        for orders in sizes:
            for size in SIZES:
                for one in on_postgres(ground, orders, size):
                    yield _with_growth(one, seen, size)


def _with_growth(one: Line, seen: dict[tuple[str, int], float], size: int) -> Line:
    """How the ratio at this size stands to the ratio at the smallest: it may not fall with the data."""
    if one["case"] == "B10":
        return one
    first = seen.setdefault((one["engine"], size), one["ratio"])
    one["growth"] = neat(one["ratio"] / first)
    if first != one["ratio"] and one["case"] == "B6":
        one["also"] = [*one.get("also", ()), check("ratio / ratio at the smallest size", one["growth"], ">=", 0.9)]
        one["ok"] = one["ok"] and one["also"][-1]["ok"]
    return one


Work = Callable[[Any], object]
Rates = tuple[list[float], list[float]]


def _measure(
    ground: Ground, engine: str, orders: int, size: int, ours: Work, anchor: Work, shape: Work
) -> tuple[Rates, Rates]:
    """(ours, anchor) in orders a second: for new orders, and for the very same ones a second time."""
    count = _PER_ROUND[size]
    first: Rates = ([], [])
    again: Rates = ([], [])
    for number in range(ground.rounds + 1):  # the first warms caches and prepared statements
        start = ground.take(engine, orders, count)
        some = list(batches(start, start + count, orders, size))
        rows = [shape(floor.rows_of(batch)) for batch in some]
        turns = (0, 1) if number % 2 else (1, 0)
        for held in (first, again):
            for side in turns:
                seconds = timed_each((ours, anchor)[side], (some, rows)[side])
                if number:
                    held[side].append(count / seconds)
    return first, again


def _lines(first: Rates, again: Rates, case: str, size: int, changed: int, **shared: Any) -> Iterator[Line]:
    anchor = "hand-written executemany" if case == "B6" else "one unnest statement"
    yield line(
        case, f"new orders, {size} a batch, against {anchor}", ours={"per_s": spread(first[0])},
        anchor={"per_s": spread(first[1])}, ratio=ratio(first[0], first[1]), target=0.6, **shared,
    )  # fmt: skip
    also = [check("orders that wrote something", changed, "<=", 0)]
    yield line(
        "B10", f"the same orders again, {size} a batch", ours={"per_s": spread(again[0])},
        anchor={"per_s": spread(again[1])}, ratio=ratio(again[0], again[1]), target=0.6, also=also, **shared,
    )  # fmt: skip


def on_sqlite(ground: Ground, orders: int, size: int) -> Iterator[Line]:
    store, raw = ground.store(orders), floor.open_sqlite(ground.floor(orders))
    changed = _Repeats()
    first, again = _measure(
        ground, "sqlite", orders, size, lambda batch: changed.count(write(store, batch)),
        lambda rows: floor.write_sqlite(raw, rows), lambda rows: rows,
    )  # fmt: skip
    store.close_now()
    raw.close()
    yield from _lines(first, again, "B6", size, changed.beyond(len(first[0]) + 1, _PER_ROUND[size]), engine="sqlite",
                      orders=orders)  # fmt: skip


def from_channel(ground: Ground, orders: int) -> Line:
    """From Douyin's JSON: read, mapped, written; against the anchor's SQL alone on the same orders."""
    store, raw = ground.store(orders), floor.open_sqlite(ground.floor(orders))
    size, count = SIZES[0], _PER_ROUND[SIZES[0]]
    rates: Rates = ([], [])
    sides: tuple[Work, Work] = (lambda page: write(store, orders_of(page)), lambda rows: floor.write_sqlite(raw, rows))
    for number in range(ground.rounds + 1):
        start = ground.take("sqlite", orders, count)
        some = list(batches(start, start + count, orders, size))
        given: tuple[list[Any], list[Any]] = ([page_of(batch) for batch in some], [floor.rows_of(batch) for batch in some])
        for side in (0, 1) if number % 2 else (1, 0):
            seconds = timed_each(sides[side], given[side])
            if number:
                rates[side].append(count / seconds)
    store.close_now()
    raw.close()
    return line(
        "B6", f"new orders from Douyin's JSON, {size} a batch, against hand-written executemany of ready rows",
        ours={"per_s": spread(rates[0])}, anchor={"per_s": spread(rates[1])}, ratio=ratio(*rates), target=0.35,
        engine="sqlite", orders=orders,
    )  # fmt: skip


def on_postgres(ground: Ground, orders: int, size: int) -> Iterator[Line]:
    import asyncpg

    store = ground.store(orders, url=ground.postgres(orders))
    loop = asyncio.new_event_loop()
    raw = loop.run_until_complete(asyncpg.connect(ground.postgres_floor(orders)))
    statement = loop.run_until_complete(raw.prepare(floor.POSTGRES))
    changed = _Repeats()
    first, again = _measure(
        ground, "postgresql", orders, size, lambda batch: changed.count(write(store, batch)),
        lambda columns: loop.run_until_complete(statement.fetch(*columns)), floor.columns_of,
    )  # fmt: skip
    loop.run_until_complete(raw.close())
    loop.close()
    store.close_now()
    yield from _lines(first, again, "B7", size, changed.beyond(len(first[0]) + 1, _PER_ROUND[size]), engine="postgresql",
                      orders=orders)  # fmt: skip


class _Repeats:
    """Counts what was really written, so that a second pass that writes anything is seen."""

    def __init__(self) -> None:
        self._written = 0

    def count(self, written: Sequence[Upserted]) -> None:
        self._written += len(written)

    def beyond(self, rounds: int, count: int) -> int:
        return self._written - rounds * count
