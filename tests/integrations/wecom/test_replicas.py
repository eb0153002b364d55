"""Two replicas and one socket: only the holder serves the group, the other's rows reach it, and a dead holder is replaced."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import House, open_house
from config.settings import Settings as HouseSettings
from domain.chat import ChatKind, ChatRef
from domain.clock import millis
from domain.people import Person, Role
from domain.store import SentCard
from emulators.kit import EmulatorClock
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from handlers.outgoing import redraw_there, say
from integrations.wecom import Settings
from scheduler import streams
from tests.integrations.wecom.conftest import Bench, make, served, telling, until

GROUP = ChatRef("wecom", "CHATID", ChatKind.GROUP)


@contextlib.asynccontextmanager
async def replica(path: Path, emulator: WecomEmulator, url: str) -> AsyncIterator[tuple[House, Bench]]:
    bench = make(emulator, Settings(bot_id=theirs.BOT_ID, secret=theirs.BOT_SECRET, line_url=url, gap_notice_seconds=3.0))
    clock: Any = bench.clock
    house = open_house(HouseSettings(data_dir=path), clock=clock, chats={"wecom": bench.chat})
    async with house.running():
        yield house, bench
    await house.close()


@pytest.fixture(autouse=True)
def _quick_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_RETRY_SECONDS", 0.05)


def up(bench: Bench) -> bool:
    return bool(bench.chat.bot.line_up)  # type: ignore[union-attr]


async def test_what_a_replica_without_the_socket_raises_is_sent_by_the_holder(
    tmp_path: Path, emulator: WecomEmulator
) -> None:
    async with served(emulator) as url, replica(tmp_path, emulator, url) as (holder, first):
        await until(lambda: up(first))
        async with replica(tmp_path, emulator, url) as (other, second):
            await asyncio.sleep(0.2)
            assert not up(second)
            assert other.holdings.elsewhere() == {"wecom"}
            emulator.state.talks["CHATID"].spoken = True
            rows = [say(GROUP, f"库存告急 {n}", key=f"k{n}") for n in range(5)]
            await other.desk.store.write(lambda u: u.outbox.add(rows))
            await until(lambda: telling(first.group) == [f"库存告急 {n}" for n in range(5)])
            assert await other.relay.drain() == 0
            assert emulator.lines.subscribes[1:] == []
        assert holder.holdings.elsewhere() == frozenset()


async def test_a_question_is_answered_by_the_holder_whoever_sees_it_in_the_inbox(
    tmp_path: Path, emulator: WecomEmulator
) -> None:
    async with served(emulator) as url, replica(tmp_path, emulator, url) as (holder, first):
        await until(lambda: up(first))
        person = Person(0, "张三", frozenset(Role), accounts=(("wecom", "zhangsan"),))
        await holder.desk.store.write(lambda u: u.people.save_person(person))
        async with replica(tmp_path, emulator, url) as (other, _):
            await asyncio.sleep(0.1)
            other.worker.wake()
            for number in range(3):
                await emulator.people.say("zhangsan", "帮助", group="CHATID")
                await until(lambda n=number: len(telling(first.group)) == n + 1)  # type: ignore[misc]
                assert await other.worker.drain() == 0


async def test_when_the_holder_goes_the_other_takes_the_line_and_what_waits(tmp_path: Path, emulator: WecomEmulator) -> None:
    async with served(emulator) as url, contextlib.AsyncExitStack() as stack:
        first = replica(tmp_path, emulator, url)
        _, bench = await first.__aenter__()
        await until(lambda: up(bench))
        other, second = await stack.enter_async_context(replica(tmp_path, emulator, url))
        emulator.state.talks["CHATID"].spoken = True
        await first.__aexit__(None, None, None)
        await other.desk.store.write(lambda u: u.outbox.add([say(GROUP, "库存告急", key="k")]))
        await until(lambda: telling(second.group) == ["库存告急"], 8)
        assert up(second)


async def test_a_redraw_of_a_card_on_the_other_replicas_platform_is_handed_over(
    tmp_path: Path, emulator: WecomEmulator
) -> None:
    async with served(emulator) as url, replica(tmp_path, emulator, url) as (holder, first):
        await until(lambda: up(first))
        row = redraw_there("alert:1", "wecom", cause="x")
        assert row.lane.startswith("chat:wecom:")
        card = SentCard("alert:1", "wecom", "CHATID", "group", "m1")
        await holder.desk.store.write(lambda u: u.cards.put(card))
        holder.holdings.lost("wecom")
        assert await holder.relay.drain() == 0


# --- gaps -------------------------------------------------------------------------------------------------------------


async def killed(house: House, seconds: float) -> None:
    """What a kill -9 leaves behind: the last word of a process that is no more."""
    at = millis(house.desk.clock.now() - timedelta(seconds=seconds))
    await house.desk.store.write(lambda u: u.cursors.put("heard:wecom", json.dumps({"another-host:1:dead": at})))


def notices(bench: Bench) -> list[str]:
    return [text for text in telling(bench.group) if "可能漏收" in text]


async def heard_once(path: Path, emulator: WecomEmulator, url: str, away: float) -> None:
    """A first life in which a group and a person talk, ended as by a kill."""
    async with replica(path, emulator, url) as (house, bench):
        await until(lambda: up(bench))
        await emulator.people.say("zhangsan", "帮助", group="CHATID")
        await emulator.people.say("zhangsan", "帮助")
        await until(lambda: len(telling(bench.group)) == 1)
        assert notices(bench) == []  # the first start of all hears nothing of gaps
    house = open_house(HouseSettings(data_dir=path, console="off"), clock=bench.clock, chats={})
    await killed(house, away)
    await house.close()


async def test_after_a_kill_the_group_is_told_once_which_seconds_are_missing(
    tmp_path: Path, emulator: WecomEmulator
) -> None:
    async with served(emulator) as url:
        await heard_once(tmp_path, emulator, url, away=8)
        for _ in range(2):  # and the next clean restart adds nothing
            async with replica(tmp_path, emulator, url) as (_, bench):
                await until(lambda: up(bench))
                await until(lambda: len(notices(bench)) == 1)
                await asyncio.sleep(0.3)
                assert len(notices(bench)) == 1
        assert not [text for text in telling(bench.talk("zhangsan")) if "可能漏收" in text]


async def test_a_short_absence_is_not_worth_a_sentence(tmp_path: Path, emulator: WecomEmulator) -> None:
    async with served(emulator) as url:
        await heard_once(tmp_path, emulator, url, away=1.0)
        async with replica(tmp_path, emulator, url) as (_, bench):
            await until(lambda: up(bench))
            await asyncio.sleep(0.3)
            assert notices(bench) == []


async def test_a_group_that_was_silent_for_hours_is_left_alone(tmp_path: Path) -> None:
    emulator = WecomEmulator(clock=EmulatorClock())
    async with served(emulator) as url:
        await heard_once(tmp_path, emulator, url, away=8)
        emulator.clock.move(3 * 3600)
        house = open_house(HouseSettings(data_dir=tmp_path, console="off"), clock=_clock(emulator), chats={})
        await killed(house, 8)
        await house.close()
        async with replica(tmp_path, emulator, url) as (_, bench):
            await until(lambda: up(bench))
            await asyncio.sleep(0.3)
            assert notices(bench) == []


async def test_a_line_that_died_while_we_lived_is_told_too_and_by_the_outbox(
    tmp_path: Path, emulator: WecomEmulator
) -> None:
    async with served(emulator) as url, replica(tmp_path, emulator, url) as (house, bench):
        await until(lambda: up(bench))
        await emulator.people.say("zhangsan", "帮助", group="CHATID")
        await until(lambda: len(telling(bench.group)) == 1)
        emulator.switches.subscribes_per_minute = 0
        await emulator.lines.close(1006)
        await until(lambda: not up(bench))
        emulator.clock.move(8)
        emulator.switches.subscribes_per_minute = 100
        await until(lambda: len(notices(bench)) == 1, 8)
        rows = house.desk.store.read_now(lambda r: r.rows("SELECT lane FROM outbox WHERE lane LIKE '%!'"))
        assert rows == [("chat:wecom:CHATID!",)]  # durable, and never behind a queue of ordinary messages


def _clock(emulator: WecomEmulator) -> Any:
    from domain.clock import FollowingClock

    return FollowingClock(emulator.clock.now)
