"""What counts as a gap: nobody heard for longer than the platform forgives. Told once, however many notice it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from domain.clock import ManualClock
from domain.ports import NoticesGaps
from handlers.gap import group_of, sentence
from scheduler.gaps import Gaps
from storage import Keys, SqlStore, open_store
from storage.holders import enter, leave
from tests.builders import NOW

KEYS = Keys.parse(";".join(("ab" * 32, "cd" * 32)))


@dataclass
class Platform:
    hearing: bool = True
    forgiven_seconds: float = 3.0
    one_holder: bool = False
    on_heard: Callable[[datetime | None, datetime], Awaitable[None]] | None = None


class Room:
    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(NOW)
        self.store: SqlStore = open_store("", data_dir=path, keys=KEYS, clock=self.clock)
        self.desk = cast(Any, self)
        self.platform = Platform()
        assert isinstance(self.platform, NoticesGaps)

    async def stamp(self, owner: str) -> None:
        await Gaps(self.desk, owner=owner)._stamp("x", self.platform)

    async def heard(self, owner: str, since: datetime | None = None) -> None:
        await Gaps(self.desk, owner=owner).heard("x", self.platform, since, self.clock.now())

    async def talk(self, *lanes: str) -> None:
        rows: Any = [("x", "message", lane, lane, {}, self.clock.now()) for lane in lanes]
        await self.store.inbox.accept(rows)

    def told(self) -> list[tuple[str, str]]:
        rows = self.store.read_now(lambda r: r.rows("SELECT lane, payload FROM outbox ORDER BY id"))
        return [(row[0], row[1]) for row in rows]

    def move(self, seconds: float) -> None:
        self.clock.move(timedelta(seconds=seconds))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    with structlog.testing.capture_logs():
        yield made
    made.store.close_now()


async def test_the_groups_that_talked_are_told_and_persons_are_not(room: Room) -> None:
    await room.talk("x:G1:zhang", "x:G1:li", "x:G2:$:LWCP_v1:$abc", "x:wang:wang", "y:G3:zhang")
    await room.stamp("another-host:1:dead")
    room.move(8)
    await room.heard("me")
    assert [lane for lane, _ in room.told()] == ["chat:x:G1!", "chat:x:G2!"]


async def test_two_who_notice_the_same_gap_tell_it_once(room: Room) -> None:
    await room.talk("x:G1:zhang")
    await room.stamp("another-host:1:dead")
    room.move(8)
    await room.heard("me")
    room.move(1)
    await room.heard("me too")
    assert len(room.told()) == 1


async def test_the_very_first_start_has_missed_nothing(room: Room) -> None:
    await room.talk("x:G1:zhang")
    await room.heard("me")
    assert room.told() == []


async def test_what_the_platform_repeats_by_itself_is_no_gap(room: Room) -> None:
    room.platform.forgiven_seconds = 60.0
    await room.talk("x:G1:zhang")
    await room.stamp("another-host:1:dead")
    room.move(40)
    await room.heard("me")
    assert room.told() == []
    room.move(30)
    await room.heard("me")
    assert len(room.told()) == 1


async def test_while_another_replica_hears_nobody_missed_anything(room: Room) -> None:
    other = enter()
    await room.talk("x:G1:zhang")
    room.move(20)
    await room.stamp(other)
    room.move(4)
    await room.heard("me", room.clock.now() - timedelta(seconds=20))
    assert room.told() == []
    leave(other)  # it died: now the time since its last word counts
    await room.heard("me", room.clock.now() - timedelta(seconds=20))
    assert len(room.told()) == 1


async def test_on_a_line_for_one_holder_the_others_life_is_no_comfort(room: Room) -> None:
    room.platform.one_holder = True
    other = enter()
    await room.talk("x:G1:zhang")
    await room.stamp(other)
    room.move(5)
    await room.heard("me")
    assert len(room.told()) == 1
    leave(other)


async def test_a_line_that_does_not_hear_writes_nothing(room: Room) -> None:
    room.platform.hearing = False
    await room.stamp("me")
    assert room.store.read_now(lambda r: r.cursors.get("heard:x")) is None


@pytest.mark.parametrize(
    ("lane", "group"),
    [("x:G1:zhang", "G1"), ("x:a:a", ""), ("x:cid==:$:LWCP:$1", "cid=="), ("y:G1:zhang", ""), ("x:a:ab", "a")],
)
def test_a_lane_names_its_group(lane: str, group: str) -> None:
    assert group_of("x", lane) == group


def test_the_sentence_names_the_day_when_it_was_another_one() -> None:
    assert sentence(NOW, NOW + timedelta(seconds=8), "zh") == "14:00:00–14:00:08 可能漏收，请再发一次"
    assert sentence(NOW, NOW + timedelta(days=1), "zh").startswith("11-20 14:00:00–11-21")
