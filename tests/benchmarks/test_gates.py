"""A short benchmark on every run: a collapse is noticed, noise is not.

Each gate asks for half of the target where the target is met, else for about half of what docs/benchmarks.md reports. It takes
the best of three tries and looks only at ratios to an anchor measured in the same moments, so the machine's speed plays no part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from benchmarks import accepting, asking, dispatching, falling_due, ingesting, reporting, sealing
from benchmarks.ground import Ground
from benchmarks.measure import Line

ORDERS = 10_000
TRIES = 3


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    made = Ground(quick=True)
    made.rounds = 1
    yield made
    made.close()


def best(take: Callable[[], Line], *, least: float) -> Line:
    """The first try that passes, or the best of all."""
    found: list[Line] = []
    for _ in range(TRIES):
        found.append(take())
        if found[-1]["ratio"] >= least:
            break
    return max(found, key=lambda one: one["ratio"])


def test_dispatch_keeps_up_with_a_list_of_patterns_and_does_not_grow_with_commands(ground: Ground) -> None:
    line = best(lambda: next(dispatching.run_cases(ground, [])), least=0.15)
    assert line["ratio"] >= 0.15, line
    assert line["growth"] <= 2.0, line


def test_an_answer_costs_a_small_multiple_of_its_bare_reads(ground: Ground) -> None:
    keys = asking.Keys(ORDERS, 150)

    def take() -> Line:
        return next(one for one in asking.on_sqlite(ground, ORDERS, keys) if "times faster" in one["name"])

    line = best(take, least=1.0)
    assert line["ratio"] >= 1.0, line


def test_a_batch_of_orders_is_written_at_a_fair_share_of_raw_sql(ground: Ground) -> None:
    line = best(lambda: next(ingesting.on_sqlite(ground, ORDERS, 1000)), least=0.15)
    assert line["case"] == "B6"
    assert line["ratio"] >= 0.15, line


def test_an_order_delivered_twice_writes_nothing(ground: Ground) -> None:
    def take() -> Line:
        return next(one for one in ingesting.on_sqlite(ground, ORDERS, 1000) if one["case"] == "B10")

    again = best(take, least=0.3)
    assert again["ratio"] >= 0.3, again
    assert again["also"][0] == {"what": "orders that wrote something", "value": 0.0, "wants": "<=", "target": 0, "ok": True}


def test_single_orders_share_their_commits(ground: Ground) -> None:
    times: list[float] = []

    def take() -> Line:
        line = accepting.single_orders(ground, ORDERS)
        times.append(next(one["value"] for one in line["also"] if one["what"] == "times Core async"))
        # Both figures of one try, or another try: 200 commits one by one are soon over, and a busy moment weighs much.
        return line if times[-1] >= 5.0 else line | {"ratio": 0.0}

    line = best(take, least=0.17)
    assert line["ratio"] >= 0.17, line
    assert max(times) >= 5.0, line


def test_a_callback_is_opened_about_as_fast_as_the_plainest_code_and_no_forged_one_passes(ground: Ground) -> None:
    line = best(lambda: next(sealing.run_cases(ground, [])), least=0.4)
    assert line["ratio"] >= 0.4, line
    assert {one["what"]: one["value"] for one in line["also"]}["forged ones accepted"] == 0


def test_a_month_is_read_from_its_day_sums_and_not_counted(ground: Ground) -> None:
    small, large = ORDERS, 3 * ORDERS
    costs = []
    for size in (small, large):
        lines = list(reporting.read_cases(ground, "sqlite", size))
        costs.append(lines[-1]["ours"]["p50_us"])
    assert costs[1] <= 2 * costs[0]  # three times the orders, as many days and channels


def test_a_poll_with_nothing_due_costs_a_small_multiple_of_a_bare_one(ground: Ground) -> None:
    line = next(falling_due.run_cases(ground, [ORDERS]))
    assert line["ratio"] <= 20, line
