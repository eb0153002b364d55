"""Orders move stock: reserved, shipped, released; never twice, never below nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.alert import State
from domain.order import Stage
from tests.builders import NOW, line, newer, order, shipped
from tests.handlers.alert_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def numbers(bench: Bench) -> tuple[int, int]:
    level = bench.level()
    return level.on_hand, level.reserved


async def test_paid_reserves_shipped_ships_and_repeats_move_nothing(bench: Bench) -> None:
    bench.stock(on_hand=10, safety=0)
    first = order(lines=(line(quantity=3),), warehouse="杭州仓")
    bench.arrive(first)
    bench.arrive(first)
    assert numbers(bench) == (10, 3)
    gone = newer(first, stage=Stage.SHIPPED)
    bench.arrive(gone)
    bench.arrive(gone)
    bench.arrive(first)  # late
    assert numbers(bench) == (7, 0)


async def test_closed_before_shipping_gives_back(bench: Bench) -> None:
    bench.stock(on_hand=10, safety=0)
    first = order(lines=(line(quantity=3),), warehouse="杭州仓")
    bench.arrive(first)
    bench.arrive(newer(first, stage=Stage.CLOSED_REFUNDED))
    assert numbers(bench) == (10, 0)


async def test_unpaid_reserves_nothing_until_it_is_paid(bench: Bench) -> None:
    bench.stock(on_hand=10, safety=0)
    first = order(stage=Stage.UNPAID, warehouse="杭州仓")
    bench.arrive(first)
    assert numbers(bench) == (10, 0)
    bench.arrive(newer(first, stage=Stage.TO_SHIP, paid_at=NOW))
    assert numbers(bench) == (10, 1)


async def test_same_sku_two_lines_is_one_need(bench: Bench) -> None:
    """same-sku-two-lines: two lines of two from a stock of three do not fit, and nothing is half reserved."""
    bench.stock(on_hand=3, safety=0)
    two = (line(quantity=2, line_id="a"), line(quantity=2, line_id="b"))
    bench.arrive(order(lines=two, warehouse="杭州仓"))
    assert numbers(bench) == (3, 0)
    assert bench.stored().order.holds == ("stock",)


async def test_not_enough_holds_the_order_and_alerts_never_negative(bench: Bench) -> None:
    """negative-reserved: the third of three orders for two pieces waits; stock that comes goes to it by itself."""
    bench.stock(on_hand=2, safety=0)
    orders = [order(f"88{n}", warehouse="杭州仓") for n in range(3)]
    bench.arrive(*orders)
    assert numbers(bench) == (2, 2)
    assert bench.stored("882").order.holds == ("stock",)
    await bench.run(seconds=2)
    assert "要发 1 件，可用只有 0 件" in bench.card().lines[0]
    bench.move("receive", 5)
    await bench.run(seconds=2)
    assert numbers(bench) == (7, 3)
    assert bench.stored("882").order.holds == ()
    assert bench.alerts("超卖-1")[0].state == State.RESOLVED


async def test_a_cancelled_order_feeds_the_one_that_waits(bench: Bench) -> None:
    bench.stock(on_hand=1, safety=0)
    first, second = order("881", warehouse="杭州仓"), order("882", warehouse="杭州仓")
    bench.arrive(first, second)
    bench.arrive(newer(first, stage=Stage.CLOSED_REFUNDED))
    await bench.run(seconds=2)
    assert bench.stored("882").order.holds == ()
    assert numbers(bench) == (1, 1)


async def test_a_changed_quantity_moves_the_difference(bench: Bench) -> None:
    bench.stock(on_hand=10, safety=0)
    first = order(lines=(line(quantity=5),), warehouse="杭州仓")
    bench.arrive(first)
    fewer = newer(first, lines=(line(quantity=2),))
    bench.arrive(fewer)
    assert numbers(bench) == (10, 2)
    bench.arrive(newer(fewer, lines=(line(quantity=7),)))
    assert numbers(bench) == (10, 7)


async def test_without_a_warehouse_the_one_that_has_it_is_chosen_and_noted(bench: Bench) -> None:
    bench.stock(on_hand=0, safety=0)
    bench.stock(warehouse="苏州仓", on_hand=9, safety=0)
    bench.arrive(order(lines=(line(quantity=2),)))
    assert bench.level(warehouse="苏州仓").reserved == 2
    assert bench.stored().order.warehouse == "苏州仓"


async def test_untracked_goods_and_history_touch_nothing(bench: Bench) -> None:
    bench.stock(on_hand=10, safety=0)
    bench.arrive(order("1", lines=(line("其他"),)), order("2", at=NOW - timedelta(days=90)), shipped("3", waybill="SF3"))
    assert numbers(bench) == (10, 0)
    assert bench.stored("1").order.holds == ()


def reserved_for(bench: Bench, number: str) -> int:
    order_id = bench.stored(number).id
    moves = bench.db.read_now(lambda r: r.stock.of_order(order_id))
    return sum({"reserve": 1, "release": -1, "ship": -1}.get(move.kind, 0) * move.quantity for move in moves)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["pay", "ship", "close", "again", "more"])), min_size=1, max_size=14
    )
)
def test_whatever_happens_the_ledger_adds_up(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]) -> None:
    bench = Bench(tmp_path_factory.mktemp("ledger"))
    bench.stock(on_hand=4, safety=0)
    live = {n: order(f"9{n}", lines=(line(quantity=n + 1),), warehouse="杭州仓", stage=Stage.UNPAID) for n in range(4)}
    for n, what in steps:
        now = live[n]
        if what == "pay" and now.stage is Stage.UNPAID:
            live[n] = newer(now, stage=Stage.TO_SHIP, paid_at=NOW)
        elif what == "ship" and now.stage is Stage.TO_SHIP:
            live[n] = newer(now, stage=Stage.SHIPPED)
        elif what == "close" and now.stage in (Stage.UNPAID, Stage.TO_SHIP):
            live[n] = newer(now, stage=Stage.CLOSED_REFUNDED)
        elif what == "more" and now.stage is Stage.TO_SHIP:
            live[n] = newer(now, lines=(line(quantity=now.lines[0].quantity % 4 + 1),))
        bench.arrive(live[n])
    level = bench.level()
    seen = {n for n, _ in steps}  # the others never arrived
    reserved = {n: reserved_for(bench, f"9{n}") for n in seen}
    assert level.reserved == sum(reserved.values())
    for n in seen:
        each = live[n]
        wanted = each.lines[0].quantity if each.stage is Stage.TO_SHIP else 0
        waiting = each.stage is Stage.TO_SHIP and bool(bench.stored(f"9{n}").order.holds)
        # An order that waits for more keeps what it had before it asked for more.
        assert reserved[n] < wanted if waiting else reserved[n] == wanted
    assert level.available >= 0 or level.on_hand < 4
    bench.close()
