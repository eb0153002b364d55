"""Live cards: one picture a card however often it moves, and the part of a redraw that only another replica can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from domain.chat import Card, ChatKind, ChatRef, MessageRef, Reply, Urgency
from domain.clock import ManualClock
from domain.errors import Unavailable
from domain.ports import ChatAbilities
from domain.store import Json, SentCard
from handlers.deliver import Deliverer
from handlers.desk import Desk
from handlers.outgoing import CRITICAL, redraw, say, send
from handlers.router import Router
from scheduler.holdings import Holdings
from scheduler.relay import Relay
from storage import Keys, SqlStore, open_store
from tests.builders import NOW

KEYS = Keys.parse(";".join(("ab" * 32, "cd" * 32)))
GROUP = ChatRef("dingtalk", "G1", ChatKind.GROUP)


@dataclass
class Platform:
    """Shows cards; a card that was lost is sent anew, under another id."""

    abilities: ChatAbilities = field(default=ChatAbilities(True, True, True, True, True, 20_000, 8, 20))
    shown: dict[str, str] = field(default_factory=dict)
    urgencies: list[Urgency] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    updates: list[str] = field(default_factory=list)
    down: bool = False

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        self.urgencies.append(reply.urgency)
        self.shown[f"m{len(self.shown) + 1}"] = reply.text
        return MessageRef(chat, f"m{len(self.shown)}")

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        if self.down:
            raise Unavailable("away")
        self.updates.append(ref.message_id)
        if ref.message_id in self.lost:
            return await self.send(ref.chat, reply, key=key)
        self.shown[ref.message_id] = reply.text
        return ref


class Room:
    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(NOW)
        self.store: SqlStore = open_store("", data_dir=path, keys=KEYS, clock=self.clock)
        self.chats: dict[str, Any] = {"dingtalk": Platform(), "wecom": Platform()}
        self.version = 1
        self.holdings = Holdings()

        async def view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
            text = f"第 {self.version} 版"
            return Reply(text, Card("退款", (text,)))

        self.desk = cast(Any, self)
        self.lang = "zh"
        deliverer = Deliverer({"approval": view}, {"approval": view}, elsewhere=self.holdings.elsewhere)
        self.relay = Relay(self.desk, Router([deliverer.feature()]), owner="here", elsewhere=self.holdings.elsewhere)
        self.there = Relay(self.desk, Router([Deliverer({}, {"approval": view}).feature()]), owner="there")

    def queue(self, *rows: Any) -> None:
        self.store.write_now(lambda u: u.outbox.add(rows))

    async def redraw(self, version: int) -> None:
        self.version = version
        self.queue(redraw("approval:1", cause=f"v{version}"))
        await self.relay.drain()

    def live(self) -> list[str]:
        return [card.message_id for card in self.store.read_now(lambda r: r.cards.of("approval:1"))]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    with structlog.testing.capture_logs():
        yield made
    made.store.close_now()


async def test_a_lost_card_is_sent_anew_once_and_only_the_new_one_lives_on(room: Room) -> None:
    platform = room.chats["dingtalk"]
    room.queue(send(GROUP, "approval", {"id": 1}, key="a", subject="approval:1"))
    await room.relay.drain()
    platform.lost.add("m1")
    for version in (2, 3, 4):
        await room.redraw(version)
    assert room.live() == ["m2"]
    assert platform.shown == {"m1": "第 1 版", "m2": "第 4 版"}
    assert platform.updates == ["m1", "m2", "m2"]


async def test_a_platform_that_is_away_gets_its_redraw_later_and_the_others_at_once(room: Room) -> None:
    cards = [SentCard("approval:1", name, "G1", "group", "m1") for name in ("dingtalk", "wecom")]
    for card in cards:
        room.store.write_now(lambda u, card=card: u.cards.put(card))  # type: ignore[misc]
    room.chats["dingtalk"].down = True
    await room.redraw(2)
    assert (room.chats["wecom"].shown, room.chats["dingtalk"].shown) == ({"m1": "第 2 版"}, {})
    room.chats["dingtalk"].down = False
    room.clock.move(timedelta(seconds=10))
    await room.relay.drain()
    assert room.chats["dingtalk"].shown == {"m1": "第 2 版"}
    assert room.chats["wecom"].updates == ["m1"]


async def test_a_card_on_a_line_that_another_replica_holds_is_redrawn_there(room: Room) -> None:
    cards = [SentCard("approval:1", name, "G1", "group", "m1") for name in ("dingtalk", "wecom")]
    for card in cards:
        room.store.write_now(lambda u, card=card: u.cards.put(card))  # type: ignore[misc]
    room.holdings.lost("wecom")
    await room.redraw(2)
    assert (room.chats["dingtalk"].updates, room.chats["wecom"].updates) == (["m1"], [])
    assert room.store.read_now(lambda r: r.outbox.depth())["waiting"] == 1
    assert await room.there.drain() == 1
    assert room.chats["wecom"].updates == ["m1"]


async def test_a_line_that_becomes_ours_wakes_whoever_serves_it(room: Room) -> None:
    woken: list[str] = []
    room.holdings.when_held(lambda: woken.append("x"))
    room.holdings.held("wecom")
    assert woken == []  # it was ours all the while
    room.holdings.lost("wecom")
    room.queue(say(ChatRef("wecom", "G", ChatKind.GROUP), "一", key="k"), say(GROUP, "二", key="k"))
    assert await room.relay.drain() == 1
    room.holdings.held("wecom")
    assert woken == ["x"]
    assert await room.relay.drain() == 1


async def test_severity_travels_to_the_platform_and_a_colour_does_not(room: Room) -> None:
    room.queue(say(GROUP, "断货", key="c", priority=CRITICAL))
    await room.relay.drain()
    room.queue(say(GROUP, "一般", key="n"))
    await room.relay.drain()
    assert room.chats["dingtalk"].urgencies == [Urgency.CRITICAL, Urgency.NORMAL]
