"""The speed bars of the work group: callbacks at 200 a second, the first words in an emulated group, a burst over 20 groups.

The whole program runs in a process of its own. Callbacks are sealed and signed by the emulators' code; the rates are kept
whatever the answers do (open loop), and a callback counts when its answer has been judged as the platform would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import uvicorn

from benchmarks.callers import DING_ID, DING_SECRET, DingTalk, Wecom, person
from benchmarks.cast import PEOPLE
from benchmarks.client import Connection, connected, server
from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.measure import Latencies, Line, check, line, percentile
from benchmarks.orders import number_of
from emulators.dingtalk import DingTalkEmulator
from emulators.wecom import WecomEmulator

RATE = 200  # callbacks a second
GROUPS = 20
_WECOM_GROUPS = [f"G{n:02d}" for n in range(GROUPS)]
_ROUTES = 24  # connections that the platform keeps open


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    for orders in sizes:
        yield from run(_cases(ground, orders))


async def _cases(ground: Ground, orders: int) -> list[Line]:
    async with _dingtalk() as (emulator, url, groups):
        where = {"wecom_groups": _WECOM_GROUPS, "dingtalk_groups": groups, "dingtalk_url": url}
        with _chats(where), server("ours", ground.served(orders)) as ours:
            await asyncio.to_thread(ours.ready)
            stage = _Stage(ground, orders, ours.port)
            await stage.at_rate(_wecom_calls(orders, RATE), judged=True)  # warm
            return [
                await stage.wecom(),
                await stage.first_words_wecom(),
                await stage.first_words_dingtalk(emulator, groups),
                await stage.burst(),
                await stage.dingtalk(groups),  # the last: its answers wait for the groups' minutes for a while
            ]


@contextlib.contextmanager
def _chats(where: dict[str, Any]) -> Iterator[None]:
    os.environ["XIAODAN_BENCH_CHATS"] = json.dumps(where)
    try:
        yield
    finally:
        del os.environ["XIAODAN_BENCH_CHATS"]


@contextlib.asynccontextmanager
async def _dingtalk() -> AsyncIterator[tuple[DingTalkEmulator, str, list[str]]]:
    """An emulated DingTalk on a socket, with everybody in every group."""
    emulator = DingTalkEmulator()
    emulator.state.quota.api_limit = emulator.state.quota.message_limit = 10**9
    emulator.switches.session_per_minute = 0
    for who in PEOPLE:
        emulator.state.user(who, who)
    groups = [emulator.state.group(f"群{n}", *PEOPLE) for n in range(GROUPS)]
    serving = uvicorn.Server(
        uvicorn.Config(emulator, host="127.0.0.1", port=0, log_level="critical", lifespan="off", ws="none")
    )
    task = asyncio.create_task(serving.serve())
    while not serving.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    emulator.base_url = f"http://127.0.0.1:{serving.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield emulator, emulator.base_url, groups
    finally:
        serving.should_exit = True
        await task


Call = tuple[str, bytes, str, str]  # path, body, header lines, nonce


def _wecom_calls(orders: int, count: int) -> list[Call]:
    rnd, platform = random.Random(7), Wecom()
    found = []
    for n in range(count):
        path, body, nonce = platform.asked(f"{number_of(rnd.randrange(orders))} 到哪了", n, _WECOM_GROUPS[n % GROUPS])
        found.append((path, body, "", nonce))
    return found


class _Stage:
    """One measured server."""

    def __init__(self, ground: Ground, orders: int, port: int) -> None:
        self._ground, self._orders, self._port = ground, orders, port
        self._seconds = 4 if ground.quick else 10
        self._rounds = 2 if ground.quick else 3

    async def at_rate(self, calls: Sequence[Call], *, judged: bool, rate: float = RATE) -> tuple[list[float], int, int]:
        """Send them at the rate. (latency of each, refused or badly answered, answered in the very response)."""
        free: asyncio.Queue[Connection] = asyncio.Queue()
        latencies: list[float] = []
        wrong = whole = 0
        platform = Wecom()

        async def one(call: Call, due: float) -> None:
            nonlocal wrong, whole
            path, body, headers, nonce = call
            connection = await free.get()
            answer = await connection.ask("POST", path, body, headers)
            latencies.append(time.perf_counter() - due)  # waiting for its turn counts: the platform does not care why
            free.put_nowait(connection)
            try:
                words = platform.judge(answer.body, nonce)[0] if judged else answer.json()["msgtype"]
                wrong += answer.status != 200
                whole += bool(words)
            except (ValueError, KeyError, TypeError):
                wrong += 1

        async with contextlib.AsyncExitStack() as stack:
            for _ in range(_ROUTES):
                free.put_nowait(await stack.enter_async_context(connected(self._port)))
            begun, tasks = time.perf_counter() + 0.05, []
            for n, call in enumerate(calls):
                due = begun + n / rate
                if (wait := due - time.perf_counter()) > 0:
                    await asyncio.sleep(wait)
                tasks.append(asyncio.create_task(one(call, due)))
            await asyncio.gather(*tasks)
        return latencies, wrong, whole

    async def _bar(self, name: str, calls: Callable[[], list[Call]], *, judged: bool) -> Line:
        found, wrong, whole = Latencies(), 0, 0
        for _ in range(self._rounds):
            latencies, bad, full = await self.at_rate(calls(), judged=judged)
            found.add("x", latencies)
            wrong, whole = wrong + bad, whole + full
        figures = found.figures("x")
        also = [check("errors", wrong, "<=", 0)]
        if judged:
            also.append(check("answered whole in the response", whole / figures["n"], ">=", 0.9))
        return self._absolute("C1", name, figures, figures["p99_us"] / 1000, 50.0, also)

    def _absolute(self, case: str, name: str, figures: Line, value: float, target: float, also: list[Line]) -> Line:
        return line(
            case, name, ours=figures, anchor={"p99_ms": target}, ratio=value, target=target, wants="<=", engine="sqlite",
            orders=self._orders, also=also,
        )  # fmt: skip

    async def wecom(self) -> Line:
        count = RATE * self._seconds
        name = f"WeCom: {RATE} encrypted callbacks a second, durable and answered: p99 ms"
        return await self._bar(name, lambda: _wecom_calls(self._orders, count), judged=True)

    async def dingtalk(self, groups: Sequence[str]) -> Line:
        # Answers leave within each group's budget of 17 a minute; what is measured is that callbacks are not held up by it.
        platform, rnd = DingTalk(), random.Random(8)

        def calls() -> list[Call]:
            made = []
            for n in range(RATE * self._seconds):
                path, body, headers = platform.asked(
                    f"{number_of(rnd.randrange(self._orders))} 到哪了", n, groups[n % GROUPS]
                )
                made.append((path, body, headers, ""))
            return made

        return await self._bar(f"DingTalk: {RATE} signed callbacks a second, durable: p99 ms", calls, judged=False)

    # --- first words --------------------------------------------------------------------------------------------------

    async def first_words_wecom(self) -> Line:
        """From what somebody writes in the emulated group to the first words of the answer on its screen."""
        emulator = WecomEmulator()
        emulator.people.way, emulator.callbacks.url = "http", f"http://127.0.0.1:{self._port}/chat/wecom"
        rnd = random.Random(9)

        async def ask(n: int) -> float:
            group = _WECOM_GROUPS[n % GROUPS]
            talk = emulator.state.talk(person(n), group)
            seen, began = len(talk.shown), time.perf_counter()
            await emulator.people.say(person(n), f"{number_of(rnd.randrange(self._orders))} 到哪了", group=group)
            await _until(lambda: any(not each.author and "正在查" not in each.content for each in talk.shown[seen:]))
            return time.perf_counter() - began

        try:
            waits = [await ask(n) for n in range(120 if self._ground.quick else 400)]
        finally:
            await emulator.callbacks.stop()
        also = [check("answers the platform would refuse", len(emulator.callbacks.problems), "<=", 0)]
        return self._words("WeCom", waits, also)

    async def first_words_dingtalk(self, emulator: DingTalkEmulator, groups: Sequence[str]) -> Line:
        assert (emulator.client_id, emulator.client_secret) == (DING_ID, DING_SECRET)
        emulator.people.hooks.robot_url = f"http://127.0.0.1:{self._port}/chat/dingtalk"
        rnd = random.Random(10)

        async def ask(n: int) -> float:
            group = groups[n % GROUPS]
            seen, began = len(emulator.state.seen_in(group)), time.perf_counter()
            await emulator.people.say(person(n), f"{number_of(rnd.randrange(self._orders))} 到哪了", group=group)
            await _until(lambda: len(emulator.state.seen_in(group)) > seen + 1)
            return time.perf_counter() - began

        waits = []
        for n in range(120 if self._ground.quick else 240):
            waits.append(await ask(n))
            await asyncio.sleep(0.1)  # a group of people, not one that never stops: the robot may send 15 cards a second
        refused = len(emulator.state.violations)
        return self._words("DingTalk", waits, [check("rules of the platform broken", refused, "<=", 0)])

    def _words(self, platform: str, waits: list[float], also: list[Line]) -> Line:
        found = Latencies()
        found.add("x", waits)
        p99 = percentile(waits, 0.99) * 1000
        name = f"{platform}: first words of the answer on the emulated group's screen: p99 ms"
        return self._absolute("C2", name, found.figures("x"), p99, 300.0, also)

    # --- a burst ------------------------------------------------------------------------------------------------------

    async def burst(self) -> Line:
        """1 000 messages at once after a pause, over 20 groups: each conversation's answered in the order of writing."""
        rnd, platform = random.Random(12), Wecom()
        answered: dict[tuple[str, int], list[int]] = {}
        asked: dict[tuple[str, int], list[int]] = {}
        calls = []
        for n in range(1_000):
            lane = (_WECOM_GROUPS[n % GROUPS], n // GROUPS % 10)
            calls.append((n, lane, number_of(rnd.randrange(self._orders))))
            asked.setdefault(lane, []).append(n)
        waits: list[float] = []

        async def lane_talks(lane: tuple[str, int]) -> None:
            group, who = lane
            async with connected(self._port) as connection:
                for n, where, number in calls:
                    if where != lane:
                        continue
                    began = time.perf_counter()
                    path, body, nonce = platform.asked(f"{number} 到哪了", who, group)
                    answer = await connection.ask("POST", path, body)
                    words, unfinished = platform.judge(answer.body, nonce)
                    while unfinished:
                        path, body, nonce = platform.poll(unfinished, who, group)
                        answer = await connection.ask("POST", path, body)
                        words, unfinished = platform.judge(answer.body, nonce)
                    waits.append(time.perf_counter() - began)
                    if words:
                        answered.setdefault(lane, []).append(n)

        await asyncio.sleep(2.0)  # idle
        began = time.perf_counter()
        await asyncio.gather(*(lane_talks(lane) for lane in asked))
        seconds = time.perf_counter() - began
        lost = 1_000 - sum(map(len, answered.values()))
        turned = sum(answered.get(lane, []) != order for lane, order in asked.items())
        found = Latencies()
        found.add("x", waits)
        return line(
            "C3", "1 000 messages over 20 groups after a pause: seconds until all are answered", engine="sqlite",
            ours={"per_s": 1_000 / seconds, **found.figures("x")}, anchor={"seconds": 60.0}, ratio=seconds, target=60.0,
            wants="<=", orders=self._orders,
            also=[check("lost", lost, "<=", 0), check("conversations out of order", turned, "<=", 0)],
        )  # fmt: skip


async def _until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 (the other side has no event of ours)
            await asyncio.sleep(0.001)
