"""A free question for a figure over thirty days and the thirty before: every metric, whole and by each grouping.

Ours is the closed query as the group's answer makes it, day sums kept. Anchor: the same figure counted from the orders.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from benchmarks.company import furnished
from benchmarks.desk import run
from benchmarks.ground import Ground, opened
from benchmarks.measure import Line, check, line, neat, spread
from benchmarks.orders import END
from benchmarks.reporting import ALL
from domain.clock import SHANGHAI
from domain.dates import DateRange
from domain.metrics import METRICS, Metric
from domain.query import Query, TooLong, build
from handlers.kpi_keep import keep_days
from storage import SqlStore
from storage.query import FigureReads
from storage.units import SqlReads

TARGET = 1.0  # second
GROUPS = ("", "day", "channel", "warehouse", "province", "sku")
_CAP = 30.0  # seconds: the plain count may take longer than an answer
_TODAY = END.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
LAST_30 = DateRange(_TODAY - timedelta(days=29), _TODAY + timedelta(days=1), "近30天")  # today is still running


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    for orders in sizes:
        store = opened(furnished(ground, orders))
        run(keep_days(store, seconds=3_600))
        for metric in METRICS.values():
            yield _of_metric(store, metric, orders, ground.rounds)
        store.close_now()


def _of_metric(store: SqlStore, metric: Metric, orders: int, rounds: int) -> Line:
    groups = [name for name in GROUPS if not name or name in metric.groups]
    queries = {name: build(metric, LAST_30, END, groups=(name,) if name else ()) for name in groups}
    taken: dict[str, list[float]] = {name: [] for name in groups}
    plain: list[float] = []
    for number in range(rounds + 1):  # the first warms the pages
        for name, query in queries.items():
            seconds = store.read_now(lambda r, query=query: _asked(r, query))  # type: ignore[misc]
            if number:
                taken[name].append(seconds)
        counted = store.read_now(lambda r: _counted(r, queries[""]))
        if number:
            plain.append(counted)
    typical = {name: statistics.median(seconds) for name, seconds in taken.items()}
    slowest = max(typical, key=lambda name: typical[name])
    return line(
        "KPI", f"{metric.code} over 30 days: seconds of its slowest grouping ({slowest or 'whole'})",
        ours={"seconds": spread(taken[slowest])}, anchor={"seconds": spread(plain)}, ratio=typical[slowest], target=TARGET,
        wants="<=", engine="sqlite", orders=orders,
        also=[check(name or "whole", neat(seconds), "<=", TARGET) for name, seconds in typical.items()],
    )  # fmt: skip


def _asked(reads: SqlReads, query: Query) -> float:
    begin = time.perf_counter()
    with suppress(TooLong):  # stopped at the answer's own cap: the seconds say so
        reads.figures.parts(query, ALL)
    return time.perf_counter() - begin


def _counted(reads: SqlReads, query: Query) -> float:
    """Straight from the orders."""
    figures = FigureReads(reads.conn, seconds=_CAP)
    begin = time.perf_counter()
    figures.counted(query, ALL)
    return time.perf_counter() - begin
