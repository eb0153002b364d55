"""The relay: what was committed is carried out, what breaks is tried again or put aside, and nobody waits for a stranger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from domain.clock import ManualClock
from domain.errors import Rejected, Unavailable
from domain.store import Claimed, Deadline, Outgoing, UnitOfWork
from domain.topics import Topic
from handlers.desk import Desk, Effect, Feature
from handlers.router import Router
from scheduler.clock import Bells
from scheduler.relay import Relay
from scheduler.timetable import Job
from storage import Keys, SqlStore, open_store
from tests.builders import NOW

KEYS = Keys.parse(";".join(("ab" * 32, "cd" * 32)))


class Bench:
    """A store, a clock and a relay; what effects and deadlines do is up to the test."""

    def __init__(self, path: Path) -> None:
        self.clock = ManualClock(NOW)
        self.store: SqlStore = open_store("", data_dir=path, keys=KEYS, clock=self.clock)
        self.done: list[str] = []
        self.effect: Callable[[Claimed], None] = lambda row: self.done.append(row.key)
        self.rings: Callable[[UnitOfWork, Deadline], None] = lambda _, due: self.done.append(due.entity)

        async def effect(row: Claimed, _: Desk) -> None:
            self.effect(row)

        def due(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
            self.rings(uow, deadline)

        feature = Feature("test", effects={Topic.SEND: cast(Effect, effect)}, due={"ring": due})
        # The relay uses no more of the desk than this.
        self.desk = cast(Any, _Desk(self.store, self.clock))
        self.relay = Relay(self.desk, Router([feature]), owner="one")

    def add(self, key: str, *, topic: str = Topic.SEND, lane: str = "") -> None:
        self.store.write_now(lambda u: u.outbox.add([Outgoing(topic, key, {}, lane=lane)]))

    def arm(self, entity: str, kind: str = "ring", *, seconds: float = 0) -> None:
        at = self.clock.now() + timedelta(seconds=seconds)
        self.store.write_now(lambda u: u.deadlines.put([Deadline(entity, kind, at)]))

    def depth(self) -> dict[str, int]:
        return self.store.read_now(lambda r: r.outbox.depth())

    async def run(self, seconds: float = 0) -> None:
        self.clock.move(timedelta(seconds=seconds))
        await self.relay.drain()


class _Desk:
    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        self.store = store
        self.clock = clock


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    with structlog.testing.capture_logs():
        yield made
    made.store.close_now()


async def test_a_row_is_carried_out_once(bench: Bench) -> None:
    bench.add("a")
    bench.add("a")
    await bench.run()
    await bench.run(3600)
    assert len(bench.done) == 1
    assert bench.depth() == {"waiting": 0, "claimed": 0, "failed": 0}


async def test_a_side_that_is_away_is_tried_again_when_it_asked_for_it_and_never_given_up(bench: Bench) -> None:
    def away(_: Claimed) -> None:
        raise Unavailable("full", retry_after=40)

    effect, bench.effect = bench.effect, away
    bench.add("a")
    for _ in range(40):
        await bench.run(41)
    assert bench.depth()["failed"] == 0
    bench.effect = effect
    await bench.run(39)
    await bench.run(2)
    assert len(bench.done) == 1


@pytest.mark.parametrize("trouble", [Rejected("1", "no"), KeyError("x")])
async def test_what_always_breaks_is_given_up_in_the_end_and_stays_visible(bench: Bench, trouble: Exception) -> None:
    tries = []

    def breaks(row: Claimed) -> None:
        tries.append(row.attempts)
        raise trouble

    bench.effect = breaks
    bench.add("a")
    for _ in range(30):
        await bench.run(301)
    assert bench.depth()["failed"] == 1
    assert 5 < len(tries) <= 12


async def test_a_topic_that_nobody_handles_is_not_lost_in_silence(bench: Bench) -> None:
    bench.add("a", topic="nobody.knows")
    await bench.run()
    assert bench.depth()["failed"] == 1


async def test_a_row_in_trouble_holds_its_own_lane_only(bench: Bench) -> None:
    def picky(row: Claimed) -> None:
        if row.lane == "sick" and len(bench.done) < 2:
            raise Unavailable("later", retry_after=5)
        bench.done.append(row.lane)

    bench.effect = picky
    for key, lane in (("a", "sick"), ("b", "sick"), ("c", "well"), ("d", "well")):
        bench.add(key, lane=lane)
    await bench.run()
    assert bench.done == ["well", "well"]
    await bench.run(6)
    assert bench.done == ["well", "well", "sick", "sick"]


async def test_a_row_of_a_dead_process_is_free_again_when_its_lease_lapses(bench: Bench) -> None:
    bench.add("a")
    now = bench.clock.now()
    bench.store.write_now(lambda u: u.outbox.claim(now, owner="the dead", lease_seconds=60, limit=9))
    await bench.run(59)
    assert bench.done == []
    await bench.run(2)
    assert len(bench.done) == 1


async def test_one_bad_deadline_is_put_aside_and_the_others_ring(bench: Bench) -> None:
    def picky(_: UnitOfWork, due: Deadline) -> None:
        if due.entity == "order:2" and bench.clock.now() < NOW + timedelta(minutes=4):
            raise ValueError("poisoned")
        bench.done.append(due.entity)

    bench.rings = picky
    for entity in ("order:1", "order:2", "order:3"):
        bench.arm(entity)
    bench.arm("order:4", seconds=30)
    await bench.run()
    assert sorted(set(bench.done)) == ["order:1", "order:3"]
    kept = bench.store.read_now(lambda r: r.deadlines.pending("order:2"))
    assert kept[0].due_at > bench.clock.now()
    await bench.run(31)
    assert "order:4" in bench.done
    await bench.run(300)
    assert bench.done.count("order:2") == 1


async def test_what_a_poisoned_deadline_half_did_is_taken_back(bench: Bench) -> None:
    def half(uow: UnitOfWork, due: Deadline) -> None:
        uow.outbox.add([Outgoing(Topic.SEND, f"half:{due.entity}", {})])
        raise ValueError("poisoned")

    bench.rings = half
    bench.arm("order:1")
    await bench.run()
    assert bench.done == []
    assert bench.depth()["waiting"] == 0


async def test_a_deadline_of_a_kind_that_is_gone_does_not_stop_the_others(bench: Bench) -> None:
    bench.arm("order:1", "a kind of last year")
    bench.arm("order:2")
    await bench.run()
    assert bench.done == ["order:2"]


async def test_two_relays_share_the_work(bench: Bench, tmp_path: Path) -> None:
    other = Relay(bench.desk, bench.relay._router, owner="two")
    for index in range(60):
        bench.add(f"k{index}")
    import asyncio

    await asyncio.gather(bench.relay.drain(), other.drain())
    assert len(bench.done) == len(set(bench.done)) == 60


async def test_a_bell_rings_at_one_replica_and_survives_trouble(bench: Bench) -> None:
    rung: list[str] = []

    async def works() -> None:
        rung.append("works")

    async def breaks() -> None:
        rung.append("breaks")
        raise ValueError("x")

    jobs = [Job("works", timedelta(minutes=10), works), Job("breaks", timedelta(minutes=10), breaks)]
    first, second = Bells(jobs, bench.store.leases, owner="one"), Bells(jobs, bench.store.leases, owner="two")
    await bench.store.leases.take("works", "one", seconds=60)
    await second.ring(jobs[0])
    assert rung == []
    await first.ring(jobs[0])
    await second.ring(jobs[0])
    assert rung == ["works", "works"]
    await first.ring(jobs[1])
    await second.ring(jobs[1])
    assert rung[2:] == ["breaks", "breaks"]
