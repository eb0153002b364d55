"""B12: the figures of thirty days by day and channel, what keeping day sums costs the ingest, and adding them all up.

Anchor of the report: the same orders counted and summed with plain SQL in the anchors' lean table. Anchor of the upkeep:
the same ingest by the same code with the marks left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from benchmarks import floor
from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.ingesting import write
from benchmarks.measure import Latencies, Line, alternate, check, each_timed, line, neat, ratio, spread
from benchmarks.orders import END, batches
from domain.clock import SHANGHAI
from domain.dates import DateRange
from domain.metrics import METRICS
from domain.people import May
from domain.query import Query, Scope, build
from handlers.kpi_keep import keep_days
from storage import SqlStore, orders_write
from storage.days import mark_days

DAYS = 30
_MIDNIGHT = END.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
MONTH = DateRange(_MIDNIGHT - timedelta(days=DAYS), _MIDNIGHT, "")  # whole days, as a report has them
ALL = Scope(may=frozenset(May))
_PLAIN = (
    "SELECT (created_at + 28800) / 86400, channel, COUNT(*), SUM(amount) FROM orders"
    " WHERE created_at >= ? AND created_at < ? GROUP BY 1, 2"
)


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    engines = ["sqlite", *(["postgresql"] if ground.server() else [])]
    for engine in engines:
        smallest: dict[str, float] = {}
        for orders in sizes:
            for one in _of_size(ground, engine, orders):
                yield _with_growth(one, smallest)


def _with_growth(one: Line, smallest: dict[str, float]) -> Line:
    """How a cost stands to the one at the smallest size: a report's and that of adding up one order."""
    cost = one.pop("cost", None)
    if cost is not None:
        first = smallest.setdefault(one["name"], cost)
        one["growth"] = neat(cost / first)
        if first != cost:
            one["also"] = [*one.get("also", ()), check("cost / cost at the smallest size", one["growth"], "<=", 1.2)]
            one["ok"] = one["ok"] and one["also"][-1]["ok"]
    return one


def _of_size(ground: Ground, engine: str, orders: int) -> Iterator[Line]:
    url = ground.postgres(orders) if engine == "postgresql" else ""
    store = ground.store(orders, url=url)
    shared = {"engine": engine, "orders": orders}
    yield from _read(ground, store, orders, shared)
    yield _upkeep(ground, engine, orders, store, shared)
    store.close_now()


def read_cases(ground: Ground, engine: str, orders: int) -> Iterator[Line]:
    """Adding all days up, and reading a month: without the ingest."""
    store = ground.store(orders, url=ground.postgres(orders) if engine == "postgresql" else "")
    yield from _read(ground, store, orders, {"engine": engine, "orders": orders})
    store.close_now()


def _read(ground: Ground, store: SqlStore, orders: int, shared: dict[str, Any]) -> Iterator[Line]:
    yield _backfill(store, orders, shared)
    yield _report(ground, store, orders, shared)


# --- reading ----------------------------------------------------------------------------------------------------------


def question() -> Query:
    """Paid orders and what was paid for them, by day and channel; the period before is not asked for, as in the anchor."""
    return replace(build(METRICS["gmv"], MONTH, END, groups=("day", "channel")), previous=False)


def _report(ground: Ground, store: SqlStore, orders: int, shared: dict[str, Any]) -> Line:
    asked = question()
    raw = floor.open_sqlite(ground.floor(orders))
    span = (int(MONTH.start.timestamp()), int(MONTH.end.timestamp()))
    found = Latencies()
    turns = range(100 if ground.quick else 300)
    store.read_now(lambda r: r.figures.parts(asked, ALL))
    for _ in range(ground.rounds):
        found.add("ours", each_timed(lambda _: store.read_now(lambda r: r.figures.parts(asked, ALL)), turns))
        found.add("plain", each_timed(lambda _: raw.execute(_PLAIN, span).fetchall(), turns[:5]))
    raw.close()
    figures = found.figures("ours")
    times = found.ratio("plain", "ours", 0.5)
    return line(
        "B12", f"{DAYS} days by day and channel: p99 ms", ours=figures, anchor=found.figures("plain"),
        ratio=figures["p99_us"] / 1000, target=5.0, wants="<=", cost=figures["p50_us"],
        also=[check("times faster than counting", times, ">=", 1.0)], **shared,
    )  # fmt: skip


# --- keeping ----------------------------------------------------------------------------------------------------------


def _backfill(store: SqlStore, orders: int, shared: dict[str, Any]) -> Line:
    """All days added up at once, as after a long import."""
    store.write_now(lambda u: mark_days(u.conn, [one << 31 for one in _moments()]))
    begin = time.perf_counter()
    kept = run(keep_days(store, seconds=3_600))
    seconds = time.perf_counter() - begin
    return line(
        "B12", "all days added up: µs an order", ours={"seconds": neat(seconds), "days": kept}, anchor={},
        ratio=seconds / orders * 1e6, target=30.0, wants="<=", cost=seconds / orders, **shared,
    )  # fmt: skip


def _moments() -> list[int]:
    return [int((END - timedelta(days=back)).timestamp()) for back in range(182)]


@contextmanager
def _unmarked() -> Iterator[None]:
    """The write path without its marks: the anchor."""
    setattr(orders_write, "mark_days", lambda conn, order_ids: None)  # noqa: ARG005, B010
    try:
        yield
    finally:
        setattr(orders_write, "mark_days", mark_days)  # noqa: B010


def _upkeep(ground: Ground, engine: str, orders: int, store: SqlStore, shared: dict[str, Any]) -> Line:
    """New orders as they come, with their marks and the adding up afterwards, against the same without both."""
    count = 10_000

    def some() -> list[Any]:
        start = ground.take(engine, orders, count)
        return list(batches(start, start + count, orders, 1000))

    def ours() -> float:
        feed = some()
        begin = time.perf_counter()
        for batch in feed:
            write(store, batch)
        run(keep_days(store, seconds=600))
        return time.perf_counter() - begin

    def anchor() -> float:
        feed = some()
        with _unmarked():
            begin = time.perf_counter()
            for batch in feed:
                write(store, batch)
            return time.perf_counter() - begin

    ours(), anchor()
    kept, bare = alternate(ground.rounds, ours, anchor)
    return line(
        "B12", "ingest with its day sums kept, against without: share more", ours={"seconds": spread(kept)},
        anchor={"seconds": spread(bare)}, ratio=ratio(kept, bare) - 1, target=0.15, wants="<=", **shared,
    )  # fmt: skip
