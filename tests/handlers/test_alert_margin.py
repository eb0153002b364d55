"""Margin below the floor: locked at once, released once, by somebody who may, on the figures that were shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.alert import State
from domain.chat import Button
from domain.order import Stage
from tests.builders import NOW, line, money, newer, order
from tests.handlers.alert_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    made.cost("SKU-1", 25_000, fee_bp=500)
    yield made
    made.close()


async def losing(bench: Bench, **more: Any) -> Button:
    """¥268.00 sold, cost 250.00, fee 13.40: 1.7 % margin. The release button on its card."""
    bench.arrive(order(**more))
    await bench.run(seconds=2)
    return bench.button("放行")


async def test_a_thin_margin_locks_settlement_and_asks_operations(bench: Bench) -> None:
    await losing(bench)
    stored = bench.stored()
    assert stored.settlement_locked
    assert stored.order.holds == ("margin",)
    card = bench.card()
    assert card.title.startswith("需运营复核")
    assert "毛利 ¥4.60（1.71%）" in card.lines[0]
    assert bench.group.sent[0].mention == ("u-运营林",)
    assert bench.group.sent[0].chat.chat_id == "margin-group"


async def test_release_unlocks_once_with_audit_and_timeline(bench: Bench) -> None:
    button = await losing(bench)
    first = await bench.press_button("运营林", button)
    second = await bench.press_button("陈店长", button)
    await bench.run(seconds=5)
    stored = bench.stored()
    assert not stored.settlement_locked
    assert stored.order.holds == ()
    assert "放行" in first.text
    assert "已由 运营林 放行" in second.text
    assert "运营林 已处理" in bench.card().lines[-1]
    events = bench.db.read_now(lambda r: r.orders.events(stored.id))
    assert [event.actor for event in events if event.kind == "release"] == ["运营林"]
    actions = [entry.action for entry in bench.db.read_now(lambda r: r.audit.of(f"order:{stored.id}"))]
    assert actions.count("margin.release") == 1
    assert bench.db.read_now(lambda r: r.audit.verify())[0]


@pytest.mark.parametrize("name", ["张明", "李芳", "采购陈"])
async def test_without_the_permission_nothing_is_released(bench: Bench, name: str) -> None:
    button = await losing(bench)
    assert (await bench.press_button(name, button)).text == "DENIED"
    assert bench.stored().settlement_locked


async def test_figures_that_moved_since_the_card_are_not_released(bench: Bench) -> None:
    button = await losing(bench)
    stored = bench.stored().order
    cheaper = line(price=20_000)
    bench.arrive(newer(stored, lines=(cheaper,), goods=money(20_000), total=money(20_000), paid=money(20_000), holds=()))
    reply = await bench.press_button("运营林", button)
    assert "毛利变了" in reply.text
    assert bench.stored().settlement_locked
    await bench.run(seconds=60)
    await bench.press("运营林", "放行")
    assert not bench.stored().settlement_locked


async def test_a_released_order_is_not_locked_again_by_the_next_update(bench: Bench) -> None:
    button = await losing(bench)
    await bench.press_button("运营林", button)
    bench.arrive(newer(bench.stored().order, 30, seller_note="加急"))
    assert not bench.stored().settlement_locked


async def test_keeping_the_lock_names_who_holds_it(bench: Bench) -> None:
    await losing(bench)
    await bench.press("运营林", "保持锁定")
    await bench.run(seconds=5)
    assert bench.stored().settlement_locked
    assert any("运营林" in text and "认领" in text for text in bench.card().lines)
    assert any("保持锁定" in text for text in bench.card().lines)


async def test_loyal_customers_are_locked_too_and_the_card_says_why(bench: Bench) -> None:
    await losing(bench, tags=("老客户",))
    assert bench.stored().settlement_locked
    assert any(text.startswith("老客户：") for text in bench.card().lines)


async def test_a_price_corrected_upwards_unlocks_by_itself(bench: Bench) -> None:
    await losing(bench)
    dearer = line(price=40_000)
    bench.arrive(newer(bench.stored().order, lines=(dearer,), goods=money(40_000), total=money(40_000), paid=money(40_000)))
    assert not bench.stored().settlement_locked
    assert bench.alerts("毛利-1")[0].state == State.RESOLVED


async def test_no_cost_no_verdict_and_no_lock(bench: Bench) -> None:
    bench.arrive(order("551", lines=(line("SKU-未录"),)))
    assert not bench.stored("551").settlement_locked


async def test_unpaid_and_long_paid_orders_are_left_alone(bench: Bench) -> None:
    bench.arrive(order("552", stage=Stage.UNPAID), order("553", at=NOW - timedelta(days=30)))
    assert not bench.stored("552").settlement_locked
    assert not bench.stored("553").settlement_locked


async def test_closing_the_order_ends_the_alert(bench: Bench) -> None:
    await losing(bench)
    bench.arrive(newer(bench.stored().order, 30, stage=Stage.CLOSED_REFUNDED))
    assert bench.alerts("毛利-1")[0].state == State.RESOLVED
