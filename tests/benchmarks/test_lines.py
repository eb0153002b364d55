"""What a line says is what was measured: a missed target is never reported as met."""

from __future__ import annotations

import pytest

from benchmarks import CASES
from benchmarks.ground import named
from benchmarks.measure import Latencies, check, line, neat, percentile, ratio
from benchmarks.orders import END, START, order, orders
from benchmarks.report import table
from bot.commands.benching import NAMES


def test_a_missed_target_is_said() -> None:
    slow = line("B6", "x", ours={"per_s": 5.0}, anchor={"per_s": 10.0}, ratio=0.5, target=0.6)
    assert slow["ok"] is False
    assert "**missed**" in table([slow])


def test_a_lower_ratio_is_better_where_the_target_is_an_upper_bound() -> None:
    assert line("B4", "x", ours={}, anchor={}, ratio=2.9, target=3.0, wants="<=")["ok"] is True
    assert line("B4", "x", ours={}, anchor={}, ratio=3.1, target=3.0, wants="<=")["ok"] is False


def test_one_failed_condition_fails_the_line() -> None:
    found = line("B8", "x", ours={}, anchor={}, ratio=1.0, target=0.5, also=[check("p99 ms", 16, "<=", 15)])
    assert found["ok"] is False


def test_the_ratio_is_taken_round_by_round() -> None:
    # The machine halves its speed in the second round: both halve, the ratio stays.
    assert ratio([100, 50, 100], [200, 100, 200]) == 0.5


def test_percentiles_are_nearest_ranks() -> None:
    values = list(range(101))
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([7], 0.99)) == (50, 99, 7)


def test_latencies_are_the_medians_of_the_rounds() -> None:
    found = Latencies()
    for seconds in ([1e-6, 2e-6, 3e-6], [2e-6, 4e-6, 6e-6], [9e-6, 9e-6, 9e-6]):
        found.add("a", seconds)
    assert found.figures("a")["p50_us"] == 4
    assert found.figures("a")["n"] == 9


@pytest.mark.parametrize(("value", "shown"), [(0.12345, 0.123), (12.345, 12.3), (123.45, 123.0), (0, 0)])
def test_figures_are_rounded_to_what_means_something(value: float, shown: float) -> None:
    assert neat(value) == shown


def test_invented_orders_are_the_same_every_time_and_distinct() -> None:
    assert order(17, 1000) == order(17, 1000)
    some = orders(0, 3000, 3000)
    assert len({(one.channel, one.number) for one in some}) == 3000
    assert all(one.balanced and START <= one.created_at < END for one in some)
    assert order(17, 1000, 1).updated_at > order(17, 1000).updated_at


def test_a_database_of_a_server_isnamed_whatever_the_url_looks_like() -> None:
    assert named("postgresql://postgres@/postgres?host=/tmp/s", "b") == "postgresql://postgres@/b?host=/tmp/s"
    assert named("postgresql://u:p@h:5432/x", "b") == "postgresql://u:p@h:5432/b"


def test_every_case_of_the_command_is_there() -> None:
    assert set(NAMES.split()) == set(CASES)
