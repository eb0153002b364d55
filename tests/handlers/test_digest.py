"""Too many messages for one conversation: nothing is dropped, the overflow is one numbered message, critical ones pass."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
import structlog

from bot.paces import StoredPace
from domain.chat import ChatKind, ChatRef, Message, MessageRef, Reply, Sender
from domain.clock import ManualClock
from domain.errors import OutcomeUnknown, Refused, Unavailable
from domain.people import Actor, Person, Role
from domain.ports import ChatAbilities
from domain.store import Json
from domain.understand import understand
from handlers.deliver import Deliverer
from handlers.desk import Desk, Question
from handlers.outgoing import CRITICAL, say, send
from handlers.router import Router
from scheduler.relay import Relay
from storage import Keys, SqlStore, open_store
from tests.builders import NOW
from tests.servers import emptied, postgres, postgres_database  # noqa: F401  (fixtures)

KEYS = Keys.parse(";".join(("ab" * 32, "cd" * 32)))
GROUP = ChatRef("wecom", "G1", ChatKind.GROUP)
OTHER = ChatRef("wecom", "G2", ChatKind.GROUP)


@dataclass
class Platform:
    """Shows what it is sent, refuses more than 20 a minute, and may lose an answer."""

    clock: ManualClock
    abilities: ChatAbilities = field(default=ChatAbilities(True, True, True, True, True, 20_000, 8, 20))
    shown: list[tuple[datetime, str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    refused: int = 0
    lose: int = 0

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        now = self.clock.now()
        if len([at for at, where, _ in self.shown if where == chat.chat_id and at > now - timedelta(minutes=1)]) >= 20:
            self.refused += 1
            raise Unavailable("45009", retry_after=60)
        self.shown.append((now, chat.chat_id, reply.text))
        self.keys.append(key)
        if self.lose:
            self.lose -= 1
            raise OutcomeUnknown("no answer")
        return MessageRef(chat, f"m{len(self.shown)}")

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        raise AssertionError("nothing is updated here")

    def texts(self, chat: ChatRef = GROUP) -> list[str]:
        return [text for _, where, text in self.shown if where == chat.chat_id]


async def over_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    raise Refused("已有人处理，不再催。")


class Room:
    """One relay on a store; several rooms on one store are several replicas."""

    def __init__(self, path: Path, clock: ManualClock, platform: Platform, url: str = "") -> None:
        self.clock, self.platform = clock, platform
        self.store: SqlStore = open_store(url, data_dir=path, keys=KEYS, clock=clock)
        self.desk = cast(Any, _Desk(self.store, clock, {"wecom": platform}))
        deliverer = Deliverer({"over": over_view}, {}, pace=StoredPace(self.store, clock))
        self.router = Router([deliverer.feature()])
        self.relay = Relay(self.desk, self.router, owner=f"room-{id(self)}")

    def queue(self, *rows: Any) -> None:
        self.store.write_now(lambda u: u.outbox.add(rows))

    async def run(self, seconds: int = 0, *, step: int = 5) -> None:
        await self.relay.drain()
        for _ in range(0, seconds, step):
            self.clock.move(timedelta(seconds=step))
            await self.relay.drain()

    async def ask(self, text: str, chat: ChatRef = GROUP) -> str:
        plan = understand(text, now=self.clock.now())
        message = Message(chat, Sender("zhangsan"), "q", text, self.clock.now())
        question = Question(plan.intent.value, {}, text, message, plan=plan)
        actor = Actor(Person(1, "张三", frozenset({Role.SERVICE})), frozenset(), "wecom", "zhangsan", chat.chat_id, False)
        reply: Reply = await self.router.questions["expand"].run(question, actor, self.desk)
        return reply.text

    def tally(self) -> dict[str, int]:
        found = self.store.read_now(lambda r: r.outbox.tally("chat.send"))
        assert found["raised"] == sum(found[name] for name in ("sent", "digested", "moot", "open", "failed"))
        return found


class _Desk:
    def __init__(self, store: SqlStore, clock: ManualClock, chats: Any) -> None:
        self.store, self.clock, self.chats, self.lang = store, clock, chats, "zh"


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock = ManualClock(NOW)
    made = Room(tmp_path, clock, Platform(clock))
    with structlog.testing.capture_logs():
        yield made
    made.store.close_now()


def news(n: int, topic: str = "stock") -> Any:
    return say(GROUP, f"消息 {n}。", key=f"n{n}", topic=topic)


async def test_a_storm_is_a_few_messages_and_a_list_and_nothing_is_missing(room: Room) -> None:
    room.queue(*(news(n, "stock" if n % 8 < 3 else "logistics") for n in range(100)))
    await room.run(180)
    texts = room.platform.texts()
    assert room.platform.refused == 0
    singles = [text for text in texts if text.startswith("消息")]
    lists = [text for text in texts if "合并" in text]
    assert lists == ["93 条合并（57 条物流、36 条库存），回复「展开 H1」看全部"]
    assert len(singles) + 93 == 100
    assert room.tally() == {"raised": 100, "sent": 7, "digested": 93, "moot": 0, "open": 0, "failed": 0}
    listed = [await room.ask(f"展开 H1 {page}") for page in range(1, 6)]
    told = "\n".join([*singles, *listed])
    assert all(f"消息 {n}。" in told for n in range(100))
    assert "第 81–93 条" in listed[-1]
    assert "展开 H1 5" in listed[-2]


async def test_the_sum_holds_at_every_moment_of_a_storm(room: Room) -> None:
    raised = 0
    for minute in range(12):
        count = 40 if minute % 3 == 0 else 3
        room.queue(*(news(raised + n) for n in range(count)), say(GROUP, "断货", key=f"c{minute}", priority=CRITICAL))
        raised += count + 1
        for _ in range(6):
            await room.run(10)
            assert room.tally()["raised"] == raised
    await room.run(120)
    found = room.tally()
    assert (found["open"], found["failed"], room.platform.refused) == (0, 0, 0)
    assert found["sent"] == len([text for text in room.platform.texts() if "合并" not in text])


async def test_what_fits_into_the_minute_is_not_merged(room: Room) -> None:
    room.queue(*(news(n) for n in range(12)))
    await room.run(5)
    assert room.platform.texts() == [f"消息 {n}。" for n in range(12)]


async def test_critical_messages_pass_a_conversation_that_is_full(room: Room) -> None:
    room.queue(*(news(n) for n in range(15)))
    await room.run()
    room.queue(news(99), say(GROUP, "断货", key="c", priority=CRITICAL))
    await room.run()
    assert "断货" in room.platform.texts()
    assert "消息 99。" not in room.platform.texts()


async def test_the_digest_keeps_to_the_budget_too_and_takes_in_what_comes_while_it_waits(room: Room) -> None:
    room.queue(*(news(n) for n in range(15)))
    await room.run()
    room.queue(*(news(n) for n in range(15, 45)))
    await room.run()
    assert len(room.platform.texts()) == 15
    room.queue(*(news(n) for n in range(45, 60)))
    await room.run(65)
    assert room.platform.texts()[15:] == ["45 条合并（45 条库存），回复「展开 H1」看全部"]


async def test_an_approval_is_never_hidden_in_a_list_and_keeps_its_place(room: Room) -> None:
    first = [news(n) for n in range(20)]
    approval = send(GROUP, "text", {"text": "退款申请 A17"}, key="a", subject="approval:4")
    room.queue(*first)
    room.clock.move(timedelta(milliseconds=1))
    room.queue(approval)
    room.clock.move(timedelta(milliseconds=1))
    room.queue(*(news(n) for n in range(20, 40)))
    await room.run(125)
    texts = room.platform.texts()
    assert texts[7:] == [
        "13 条合并（13 条库存），回复「展开 H1」看全部",
        "退款申请 A17",
        "20 条合并（20 条库存），回复「展开 H2」看全部",
    ]


async def test_a_lost_answer_repeats_the_same_list_under_the_same_key(room: Room) -> None:
    room.queue(*(news(n) for n in range(40)))
    await room.run()
    room.platform.keys.clear()
    room.queue(*(news(n) for n in range(100, 140)))
    room.platform.lose = 1
    await room.run(65)
    room.queue(news(200))
    await room.run(120)
    lists = [text for text in room.platform.texts() if "40 条合并" in text]
    assert len(lists) == 2
    assert room.platform.keys.count(room.platform.keys[0]) == 2
    assert "消息 200。" in room.platform.texts()


async def test_the_number_means_nothing_in_another_group(room: Room) -> None:
    room.queue(*(news(n) for n in range(40)))
    await room.run()
    assert "消息 39" in await room.ask("展开 H1 2")
    assert "没有 H1" in await room.ask("展开 H1", OTHER)
    assert "没有 H7" in await room.ask("展开 H7")
    assert "只有 2 页" in await room.ask("展开 H1 3")


async def test_what_is_over_by_the_time_it_is_read_says_so(room: Room) -> None:
    room.queue(*(news(n) for n in range(9)), *(send(GROUP, "over", {}, key=f"o{n}") for n in range(20)))
    await room.run()
    assert "（已经处理完了）" in await room.ask("展开 H1")


async def test_a_list_is_forgotten_after_two_weeks(room: Room) -> None:
    room.queue(*(news(n) for n in range(40)))
    await room.run()
    room.clock.move(timedelta(days=14, seconds=1))
    await room.run()
    assert "没有 H1" in await room.ask("展开 H1")


async def test_a_restart_in_the_middle_of_a_storm_loses_and_doubles_nothing(room: Room, tmp_path: Path) -> None:
    room.queue(*(news(n) for n in range(60)))
    rows = room.store.write_now(lambda u: u.outbox.claim(NOW, owner="dead", lease_seconds=15))
    assert len(rows) == 1  # and the process dies with it
    room.clock.move(timedelta(seconds=16))
    second = Room(tmp_path, room.clock, room.platform)
    await second.run(70)
    assert second.tally()["open"] == 0
    assert len(set(room.platform.texts())) == len(room.platform.texts())
    second.store.close_now()


# --- replicas ---------------------------------------------------------------------------------------------------------


async def _two_replicas(first: Room, second: Room) -> None:
    for number in range(8):
        chat = GROUP if number % 2 else OTHER
        first.queue(*(say(chat, f"{number}-{n}", key=f"{number}-{n}", priority=CRITICAL) for n in range(10)))
    for _ in range(60):
        first.clock.move(timedelta(seconds=5))
        await asyncio.gather(first.relay.drain(), second.relay.drain())
    platform = first.platform
    assert platform.refused == 0
    for chat in (GROUP, OTHER):
        times = [at for at, where, _ in platform.shown if where == chat.chat_id]
        recent: deque[datetime] = deque()
        for at in times:
            recent.append(at)
            while recent[0] <= at - timedelta(minutes=1):
                recent.popleft()
            assert len(recent) <= 19
        assert sorted(platform.texts(chat)) == sorted({*platform.texts(chat)})
        assert len(platform.texts(chat)) == 40


async def test_two_replicas_together_stay_below_the_platforms_limit(room: Room, tmp_path: Path) -> None:
    second = Room(tmp_path, room.clock, room.platform)
    await _two_replicas(room, second)
    second.store.close_now()


@pytest.mark.postgres
async def test_two_replicas_on_postgresql_together_stay_below_the_platforms_limit(
    tmp_path: Path,
    postgres_database: str,  # noqa: F811
) -> None:
    url = emptied(postgres_database)
    clock = ManualClock(NOW)
    platform = Platform(clock)
    rooms = [Room(tmp_path, clock, platform, url) for _ in range(2)]
    with structlog.testing.capture_logs():
        await _two_replicas(*rooms)
    for each in rooms:
        each.store.close_now()


@pytest.mark.postgres
async def test_many_who_take_at_once_never_get_more_than_there_is(tmp_path: Path, postgres_database: str) -> None:  # noqa: F811
    from domain.pace import Span

    url = emptied(postgres_database)
    clock = ManualClock(NOW)
    stores = [open_store(url, data_dir=tmp_path, keys=KEYS, clock=clock) for _ in range(2)]
    paces = [StoredPace(store, clock) for store in stores]
    waits = await asyncio.gather(*(paces[n % 2].take("x", (Span(15, 60),)) for n in range(60)))
    assert sum(wait == 0 for wait in waits) == 15
    await paces[0].hold("x", 90)
    clock.move(timedelta(seconds=61))
    assert await paces[1].take("x", (Span(15, 60),)) == 29.0
    for store in stores:
        store.close_now()
