"""Seeded runs of everything that goes wrong with approvals at once, on the real store: nothing happens twice, nothing is lost.

A run mixes double clicks, two approvers, redelivered clicks and pushes, undo races, lost answers, a platform that is away, a
clock that jumps, a buyer who changes their mind, and kill -9 before or after any commit and any call. The shop is gullible:
it does whatever comes under a new key, so a second effect would be seen. A failing seed is a test's name.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from domain.approval import State, fully_agreed, standing, verdict_of
from domain.order import AftersaleStage
from domain.ports import RefundDecision
from domain.store import Approval
from tests.builders import aftersale, money, shipped
from tests.handlers.approval_bench import Bench

T = TypeVar("T")
RUNS_A_BATCH = 20
BATCHES = 500 if os.environ.get("XIAODAN_SOAK") else 12
SUCCESS = re.compile(r"已同意|已拒绝|已撤回|马上执行")
PEOPLE = ("张明", "小何", "周会计", "陈店长", "李芳", "采购陈")


class Killed(BaseException):
    """kill -9: nothing after this line runs."""


class Fuse:
    """Counts commits and calls; goes off once, before or after the chosen one."""

    def __init__(self) -> None:
        self.left = -1
        self.after = False

    def set(self, steps: int, *, after: bool) -> None:
        self.left, self.after = steps, after

    def clear(self) -> None:
        self.left = -1

    def burn(self, *, after: bool) -> None:
        if self.left < 0 or after is not self.after:
            return
        self.left -= 1
        if self.left < 0:
            raise Killed


class Fragile:
    """The store behind a fuse."""

    def __init__(self, store: Any, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Callable[[Any], T]) -> T:
        self._fuse.burn(after=False)
        done: T = await self._store.write(work)
        self._fuse.burn(after=True)
        return done


class Run:
    """One seeded story of one after-sale."""

    def __init__(self, bench: Bench, fuse: Fuse, seed: int) -> None:
        self.bench = bench
        self.fuse = fuse
        self.random = random.Random(seed)
        self.number = f"7{seed:09}"
        self.order_number = f"69{seed:017}"
        self.amount = self.random.choice((4_000, 26_800))
        self.kills = 0
        self.tokens: list[str] = []
        self.events: list[tuple[str, str, str]] = []  # (who, token, event id) to be delivered again
        self.claimed: list[tuple[str, str]] = []  # successes told to people: (event id, sentence)

    def live(self) -> Approval | None:
        found = self.bench.store.read_now(lambda r: r.approvals.by_subject("douyin", "旗舰店", self.number))
        return found[-1] if found else None

    def all(self) -> list[Approval]:
        return self.bench.store.read_now(lambda r: r.approvals.by_subject("douyin", "旗舰店", self.number))

    async def tell(self) -> None:
        at = self.bench.clock.now()
        self.bench.arrive(shipped(self.order_number, waybill=f"SF{self.number}", at=at, buyer_key=f"b{self.number}"))
        self.bench.arrive(aftersale(self.number, order_number=self.order_number, at=at, amount=money(self.amount)))
        await self.survive(self.bench.relay.drain())

    async def survive(self, *jobs: Any) -> None:
        """Do it; when the fuse goes off, everything in memory is gone and the program starts again."""
        try:
            await asyncio.gather(*jobs)
        except Killed:
            self.kills += 1
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            self.fuse.clear()
            reopen(self.bench, self.fuse)

    async def press(self, who: str, token: str, event: str, **values: str) -> None:
        reply = await self.bench.press_token(who, token, event=event, **values)
        if reply is not None and SUCCESS.search(reply.text) and "前已" not in reply.text:
            self.claimed.append((event, reply.text))

    def a_press(self) -> Any:
        """Somebody presses something: mostly what the card shows now, sometimes what it showed long ago."""
        approval = self.live()
        assert approval is not None
        rng = self.random
        name = rng.choice(("agree", "agree", "agree", "agree", "refuse", "undo", "now", "handled", "retry"))
        extra = f"{approval.step}.{approval.fingerprint[:8]}"
        token = self.bench.desk.signer.sign(f"approval.{name}", f"approval:{approval.id}", extra)
        self.tokens.append(token)
        if rng.random() < 0.2:
            token = rng.choice(self.tokens)
        event = f"{self.number}-{len(self.events)}"
        right = {"approve_service": "张明", "approve_finance": "周会计"}
        who = right.get(approval.steps[approval.step], "陈店长") if rng.random() < 0.6 else rng.choice(PEOPLE)
        if self.events and rng.random() < 0.15:
            who, token, event = rng.choice(self.events)
        self.events.append((who, token, event))
        return self.press(who, token, event, reason="凭证不足")

    async def step(self) -> None:
        rng, bench = self.random, self.bench
        if rng.random() < 0.25:
            self.fuse.set(rng.randrange(8), after=rng.random() < 0.5)
        if rng.random() < 0.4:
            bench.shop.faults.append(rng.choice(("unavailable", "lost", "lost_after", "lost_after", None)))
        jobs = [self.a_press() for _ in range(rng.choice((0, 1, 1, 2, 3)))]
        if rng.random() < 0.7:
            jobs.append(bench.relay.drain())
        if rng.random() < 0.06:
            await self.buyer()
        await self.survive(*jobs)
        self.fuse.clear()
        bench.clock.move(timedelta(seconds=rng.choice((0, 0, 1, 30, 61, 130, 700, -4))))
        if rng.random() < 0.3:
            await self.survive(bench.relay.drain())

    async def buyer(self) -> None:
        now = self.bench.shop.aftersales[self.number]
        if now.stage is not AftersaleStage.WAIT_MERCHANT:
            self.bench.arrive(now)
            return
        later = now.updated_at + timedelta(minutes=1)
        choice = self.random.random()
        if choice < 0.3:
            now = replace(now, stage=AftersaleStage.CANCELLED, updated_at=later)
        elif choice < 0.6:
            now = replace(now, amount=money(now.amount.minor - 100), version=f"{now.version}x", updated_at=later)
        self.bench.arrive(now)

    async def calm(self) -> None:
        """No more trouble and nobody presses anything: what was decided must now come to its end by itself."""
        self.bench.shop.faults.clear()
        self.fuse.clear()
        for _ in range(60):
            self.bench.clock.move(timedelta(seconds=61))
            await self.bench.relay.drain()
            if all(each.state not in ("agreed", "refusing", "executing", "unknown") for each in self.all()):
                break

    def verify(self) -> None:
        effects = [what for what, number in self.bench.shop.effects if number == self.number]
        story = [(each.number, each.state, each.result) for each in self.all()]
        assert len(effects) <= 1, story
        last = self.all()[-1]
        explained = {"waiting", "escalated", "done", "refused", "void", "failed", "by_hand"}
        assert last.state in explained, story
        if last.state in ("waiting", "escalated"):
            assert effects == [], story
            reminders = self.bench.store.read_now(lambda r: r.deadlines.pending(f"approval:{last.id}"))
            assert reminders, story
        done = [each for each in self.all() if each.state in (State.DONE, State.REFUSED)]
        handled = [each for each in done if any(d.verdict == "handled" for d in each.decisions)]
        if done and not handled:
            assert effects == ["refund" if done[-1].state == State.DONE else "refuse"], story
        if effects:
            assert done, story  # never disowned as somebody else's
        for each in self.all():
            if each.state == State.DONE:
                assert fully_agreed(each), story
            words = standing(each)
            assert len({word.person_id for word in words}) == len(words), story
        known = {word.event_id for each in self.all() for word in each.decisions}
        for event, sentence in self.claimed:
            assert event in known, (event, sentence, story)


def reopen(bench: Bench, fuse: Fuse) -> None:
    """The program starts again: same files, same platform, nothing else."""
    bench.reopen()
    frail: Any = Fragile(bench.store, fuse)
    bench.desk = replace(bench.desk, store=frail)
    bench.relay = type(bench.relay)(bench.desk, bench.router, owner=f"restart-{next(bench.serial)}")


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_nothing_twice_nothing_lost_always_an_end_or_a_reason(batch: int, tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    fuse = Fuse()
    bench.shop.gullible = True
    reopen(bench, fuse)

    def honest() -> None:
        """Nothing leaves the house that is not fully decided and claimed on disk at this very moment."""
        fuse.burn(after=False)
        story = bench.store.read_now(lambda r: r.approvals.by_subject("douyin", "旗舰店", bench.shop.calling))
        (sending,) = [each for each in story if each.state == State.EXECUTING]
        assert verdict_of(sending) is not None

    bench.shop.before_call = honest
    bench.shop.after_call = lambda: fuse.burn(after=True)
    seen: set[str] = set()
    kills = 0
    for seed in range(batch * RUNS_A_BATCH, (batch + 1) * RUNS_A_BATCH):
        run = Run(bench, fuse, seed)
        await run.tell()
        for _ in range(run.random.randrange(4, 14)):
            await run.step()
        await run.calm()
        run.verify()
        seen.update(each.state for each in run.all())
        kills += run.kills
    # The runs must have been rough, or they prove nothing.
    assert kills > 5
    assert "done" in seen
    assert bench.store.read_now(lambda r: r.outbox.depth())["failed"] == 0
    whole, _, why = bench.store.read_now(lambda r: r.audit.verify())
    assert whole, why
    bench.close()


def test_the_witness_would_see_a_second_effect(tmp_path: Path) -> None:
    """The gullible shop is a real witness: another key is another effect."""
    bench = Bench(tmp_path)
    bench.shop.gullible = True
    bench.shop.aftersales["1"] = aftersale("1")
    for key in ("k1", "k1", "k2"):
        asyncio.run(bench.shop.agree_refund(RefundDecision("1", "x", money(1), key)))
    assert bench.shop.effects == [("refund", "1"), ("refund", "1")]
    bench.close()
