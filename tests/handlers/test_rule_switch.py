"""A limit is changed in the group: rehearsed, switched on, in force for what waits already, told, taken back; races end in words."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.live_rules import keep_rules
from domain.chat import Button
from domain.errors import Refused
from domain.rules import LiveRules, RuleBook
from handlers.alert_raise import rulebook
from handlers.rule_switch import refresh
from tests.builders import order
from tests.handlers.alert_bench import Bench

SOON = "发货-1"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


async def rehearsed(bench: Bench, text: str = "规则 演练 发货-1 lead_minutes=600") -> Button:
    bench.arrive(order("1", ship_by=bench.clock.now() + timedelta(hours=8), warehouse="杭州仓"))
    reply = await bench.say("运营林", "rules", text)
    (button,) = reply.choices
    assert button.label == "启用"
    return button


def lead(bench: Bench) -> int:
    rule = rulebook(bench.desk).named(SOON)
    assert rule is not None
    return rule.limits["lead_minutes"]


async def test_what_was_rehearsed_is_switched_on_and_reaches_orders_that_wait_already(bench: Bench) -> None:
    button = await rehearsed(bench)
    await bench.run(seconds=60)
    assert bench.alerts(SOON) == []  # eight hours before, four were asked for
    await bench.press_button("运营林", button)
    await bench.run(seconds=5)
    assert lead(bench) == 600
    (alert,) = bench.alerts(SOON)
    assert alert.rule_version == 2
    card, _ = [each for each in bench.cards() if "改好了" in each.title]  # in the rule's group and where it was pressed
    assert any(("240" in line and "600" in line) or ("4 小时" in line and "10 小时" in line) for line in card.lines)
    assert any("运营林" in line for line in card.lines)


async def test_it_survives_a_restart_and_a_press_takes_it_back(bench: Bench) -> None:
    await bench.press_button("运营林", await rehearsed(bench))
    await bench.run(seconds=5)
    bench.reopen()
    await refresh(bench.desk)
    assert lead(bench) == 600
    await bench.press("运营林", "退回")
    await bench.run(seconds=5)
    assert lead(bench) == 240
    told = [each for each in bench.group.sent if each.reply.card is not None and "退回" in each.reply.card.title]
    assert told, "the card says so to everybody"
    assert not told[-1].reply.card.buttons  # type: ignore[union-attr]


async def test_taken_back_twice_is_a_sentence(bench: Bench) -> None:
    await bench.press_button("运营林", await rehearsed(bench))
    await bench.run(seconds=5)
    button = bench.button("退回")
    await bench.press_button("运营林", button)
    with pytest.raises(Refused, match="已经由 运营林 退回"):
        await bench.press_button("运营林", button)
    assert lead(bench) == 240


async def test_two_presses_make_one_change_and_a_change_in_between_asks_for_a_new_rehearsal(bench: Bench) -> None:
    button = await rehearsed(bench)
    other = await rehearsed(bench, "规则 演练 发货-1 lead_minutes=300")
    done = await asyncio.gather(
        bench.press_button("运营林", button), bench.press_button("运营林", button), return_exceptions=True
    )
    assert sum(isinstance(each, Refused) for each in done) == 1
    with pytest.raises(Refused, match="再演练一次"):
        await bench.press_button("运营林", other)
    assert lead(bench) == 600
    assert len(bench.db.read_now(lambda r: r.rule_changes.standing())) == 1


async def test_typed_where_there_are_no_buttons(bench: Bench) -> None:
    assert "生效" in (await bench.say("运营林", "rules", "规则 启用 发货-1 lead_minutes=300")).text
    assert lead(bench) == 300
    with pytest.raises(Refused, match="已经是这个数"):
        await bench.say("运营林", "rules", "规则 启用 发货-1 lead_minutes=300")
    assert "退回" in (await bench.say("运营林", "rules", "规则 退回 发货-1")).text
    assert lead(bench) == 240
    assert "没有在群里改过" in (await bench.say("运营林", "rules", "规则 退回 发货-1")).text
    assert "没有叫 leed" in (await bench.say("运营林", "rules", "规则 启用 发货-1 leed=300")).text


async def test_others_may_not_and_nothing_changes_without_a_change(bench: Bench) -> None:
    button = await rehearsed(bench)
    assert (await bench.press_button("张明", button)).text == "DENIED"
    assert (await bench.say("张明", "rules", "规则 启用 发货-1 lead_minutes=300")).private
    assert (await bench.say("运营林", "rules", "规则 演练 发货-1")).choices == ()
    assert (await bench.say("运营林", "rules", "规则 演练 发货-1 lead_minutes=240")).choices == ()
    assert lead(bench) == 240


async def test_who_rewrites_the_file_has_the_last_word(bench: Bench) -> None:
    await bench.press_button("运营林", await rehearsed(bench))
    rules = bench.desk.policy.rules
    assert isinstance(rules, LiveRules)
    rule = bench.book.named(SOON)
    assert rule is not None
    newer = replace(rule, version=2, limits={**rule.limits, "lead_minutes": 120})
    rules.filed = replace(bench.book, rules=tuple(newer if each.name == SOON else each for each in bench.book.rules))
    await refresh(bench.desk)
    assert lead(bench) == 120


async def test_everything_is_in_the_audit(bench: Bench) -> None:
    await bench.press_button("运营林", await rehearsed(bench))
    await bench.run(seconds=5)
    await bench.press("运营林", "退回")
    entries = bench.db.read_now(lambda r: r.audit.of(f"rule:{SOON}"))
    assert [(each.action, each.after) for each in entries] == [
        ("rules.switched", {"lead_minutes": 600}),
        ("rules.taken_back", {"lead_minutes": 600}),
    ]


async def test_another_process_takes_it_over_and_so_it_does_a_new_file(bench: Bench) -> None:
    await bench.press_button("运营林", await rehearsed(bench))
    bench.reopen()  # knows nothing yet
    assert lead(bench) == 240
    stamps, books = [1], [bench.book]
    task = asyncio.create_task(keep_rules(bench.desk, lambda: stamps[-1], lambda: books[-1], every=0.01))
    try:
        async with asyncio.timeout(5):
            while lead(bench) != 600:  # noqa: ASYNC110 - what is watched has no event
                await asyncio.sleep(0.01)
        books.append(RuleBook.parse({"rules": [{"name": "坏"}]}))
        stamps.append(2)
        await asyncio.sleep(0.1)
        assert lead(bench) == 600  # a file that cannot be read is not taken
        books.append(replace(bench.book, rules=tuple(each for each in bench.book.rules if each.name != "库存-1")))
        stamps.append(3)
        async with asyncio.timeout(5):
            while rulebook(bench.desk).named("库存-1") is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert lead(bench) == 600
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
