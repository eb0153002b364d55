"""A whole house in a WeCom group over the long connection: every question answered, in order, across lost lines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from bot.bootstrap import House, open_house
from config.settings import Settings as HouseSettings
from domain.chat import ChatKind, ChatRef
from domain.people import Person, Role
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from handlers.outgoing import say
from integrations.wecom import Settings
from tests.integrations.wecom.conftest import Bench, make, served, telling, until

GROUPS = [f"GROUP{number:02d}" for number in range(20)]


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[tuple[House, Bench]]:
    emulator = WecomEmulator()
    async with served(emulator) as url:
        bench = make(
            emulator,
            Settings(bot_id=theirs.BOT_ID, secret=theirs.BOT_SECRET, line_url=url, gap_notice_seconds=60.0),
        )
        clock: Any = bench.clock
        house = open_house(HouseSettings(data_dir=tmp_path), clock=clock, chats={"wecom": bench.chat})
        people = [Person(0, name, frozenset(Role), accounts=(("wecom", name),)) for name in ("zhangsan", "lisi", *GROUPS)]
        for person in people:
            await house.desk.store.write(lambda u, p=person: u.people.save_person(p))  # type: ignore[misc]
        async with house.running():
            await until(lambda: bench.chat.bot.line_up)  # type: ignore[union-attr]
            yield house, bench
        await house.close()


async def test_a_question_in_a_group_is_answered_there_and_soon(company: tuple[House, Bench]) -> None:
    _, bench = company
    await bench.emulator.people.say("zhangsan", "帮助", group="CHATID")
    await until(lambda: bool(telling(bench.group)))
    started = time.perf_counter()
    await bench.emulator.people.say("lisi", "帮助", group="CHATID")
    await until(lambda: len(telling(bench.group)) == 2)
    assert time.perf_counter() - started < 1.5  # the bar is 0.3 s; this machine may be busy with other tests
    assert bench.group.shown[-1].quote == "帮助"


async def test_a_burst_over_twenty_groups_loses_nothing_and_keeps_each_groups_order(company: tuple[House, Bench]) -> None:
    _, bench = company
    talks = [bench.emulator.state.talk("zhangsan", group) for group in GROUPS]
    for number in range(4):
        for group in GROUPS:
            # Somebody else in each group: the platform holds back a person's fourth unanswered message.
            await bench.emulator.people.say(group, f"{6920000 + number}", group=group)
        await until(lambda n=number: all(len(telling(talk)) == n + 1 for talk in talks), 15)  # type: ignore[misc]
        if number == 1:
            await bench.emulator.lines.close(1006)
            await until(lambda: bench.emulator.lines.current is not None)
    for talk in talks:
        assert [shown.quote for shown in talk.shown if not shown.author] == [f"{6920000 + n}" for n in range(4)]


async def test_an_alert_that_meets_a_lost_line_arrives_when_it_is_back(company: tuple[House, Bench]) -> None:
    house, bench = company
    bench.group.spoken = True
    bench.emulator.switches.subscribes_per_minute = 0
    await bench.emulator.lines.close(1006)
    await until(lambda: not bench.chat.bot.line_up)  # type: ignore[union-attr]
    chat = ChatRef("wecom", "CHATID", ChatKind.GROUP)
    await house.desk.store.write(lambda u: u.outbox.add([say(chat, "库存告急 K203", key="alert")]))
    await asyncio.sleep(0.3)
    assert telling(bench.group) == []
    bench.emulator.switches.subscribes_per_minute = 100
    await until(lambda: telling(bench.group) == ["库存告急 K203"], 8)
