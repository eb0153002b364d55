"""B8, B9 and B11: single orders made durable, callbacks accepted beside a busy writer, and answers beside a busy writer."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import customary, floor
from benchmarks.asking import RawReader
from benchmarks.desk import Inline, dispatcher_of, payload, run, unpack
from benchmarks.ground import Ground
from benchmarks.ingesting import outgoing
from benchmarks.measure import Latencies, Line, check, line, neat, percentile, ratio, spread
from benchmarks.orders import END, batches, number_of, orders
from domain.order import Order
from domain.store import Json
from storage import SqlStore

SUBMITTERS = 64
Submit = Callable[[Order], Awaitable[object]]


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    first: dict[str, float] = {}
    for size in sizes:
        one = single_orders(ground, size)
        one["growth"] = neat(first.setdefault("B8", one["ours"]["p99_us"]) and one["ours"]["p99_us"] / first["B8"])
        yield one
    yield from _beside_a_writer(ground, sizes[-1])
    for size in sizes:
        yield _answers_during_ingest(ground, size)


# --- B8: one order a webhook, 64 at once, on disk before the 200 ------------------------------------------------------


class GroupCommit:
    """The floor: one thread, whatever waits goes into one transaction of hand-written SQL, then everybody is told."""

    def __init__(self, raw: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._raw, self._loop = raw, loop
        self._queue: queue.SimpleQueue[tuple[floor.Batch, asyncio.Future[None]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    async def write(self, batch: floor.Batch) -> None:
        done = self._loop.create_future()
        self._queue.put((batch, done))
        await done

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < 512:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._queue.put(None)
                    break
                group.append(more)
            joined: floor.Batch = ([], [], [], [])
            for batch, _ in group:
                for table, rows in zip(joined, batch, strict=True):
                    table.extend(rows)
            floor.write_sqlite(self._raw, joined)
            self._loop.call_soon_threadsafe(_tell, [done for _, done in group])


def _tell(waiting: list[asyncio.Future[None]]) -> None:
    for one in waiting:
        one.set_result(None)


async def _at_once(submit: Callable[[Any], Awaitable[object]], given: Sequence[Any]) -> tuple[float, list[float]]:
    """(seconds for all, latency of each) with 64 submitters that never pause."""
    left = iter(given)
    latencies: list[float] = []

    async def submitter() -> None:
        for one in left:
            start = time.perf_counter()
            await submit(one)
            latencies.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(submitter() for _ in range(SUBMITTERS)))
    return time.perf_counter() - start, latencies


def single_orders(ground: Ground, size: int) -> Line:
    store, raw = ground.store(size), floor.open_sqlite(ground.floor(size))
    per_round = 2_000 if ground.quick else 6_000
    rates: dict[str, list[float]] = {"ours": [], "floor": [], "core": []}
    found = Latencies()

    async def ours(order: Order) -> object:
        def work(u: Any) -> object:
            written = u.orders.upsert_many([order], seen_at=END, surface="push", cause="bench")
            u.outbox.add([outgoing(one) for one in written])
            return written

        return await store.write(work)

    async def measure() -> None:
        group = GroupCommit(raw, asyncio.get_running_loop())
        core = customary.core_sqlite(ground.floor(size))
        for number in range(ground.rounds + 1):
            start = ground.take("sqlite", size, per_round + 200)
            some = orders(start, start + per_round, size)
            rows = [floor.rows_of([one]) for one in some]
            few = [floor.rows_of([one]) for one in orders(start + per_round, start + per_round + 200, size)]
            ways: list[tuple[str, Any, Sequence[Any]]] = [
                ("ours", ours, some), ("floor", group.write, rows), ("core", core.write, few),
            ]  # fmt: skip
            for name, submit, given in ways if number % 2 else reversed(ways):
                if name == "core":
                    await _settled(submit, given, rates["core"] if number else [])
                    continue
                seconds, latencies = await _at_once(submit, given)
                if number:
                    rates[name].append(len(given) / seconds)
                    found.add(name, latencies)
        group.close()
        await core.close()

    run(measure())
    store.close_now()
    raw.close()
    times = ratio(rates["ours"], rates["core"])
    p99 = found.figures("ours")["p99_us"] / 1000
    return line(
        "B8", "one order a webhook, 64 at once, durable, against a group-commit floor",
        ours={"per_s": spread(rates["ours"]), **found.figures("ours")},
        anchor={"per_s": spread(rates["floor"]), **found.figures("floor"), "core_async_per_s": spread(rates["core"])},
        ratio=ratio(rates["ours"], rates["floor"]), target=0.5, engine="sqlite", orders=size,
        also=[check("times Core async", times, ">=", 20.0), check("p99 ms", p99, "<=", 15.0)],
    )  # fmt: skip


async def _settled(submit: Callable[[Any], Awaitable[object]], given: Sequence[Any], rates: list[float]) -> None:
    """One after the other with a commit each: concurrent ones would only wait for SQLite's single writer."""
    start = time.perf_counter()
    for one in given:
        await submit(one)
    rates.append(len(given) / (time.perf_counter() - start))


# --- B9: accepting beside a batch writer that runs flat out -----------------------------------------------------------


def _beside_a_writer(ground: Ground, size: int) -> Iterator[Line]:
    seconds = 3 if ground.quick else 10
    for rate in (120, 1200):
        folder = ground.folder(size)
        start = ground.take("sqlite", size, 400_000)
        writing = _child("write", folder, str(size), str(start), str(seconds + 2))
        try:
            _ready(writing)
            store = ground.store(size)
            latencies, late = run(_open_loop(store, rate, seconds))
            store.close_now()
        finally:
            written = int(writing.communicate(timeout=60)[0].strip() or 0)
        found = Latencies()
        found.add("ours", latencies)
        p50, p99 = (percentile(latencies, share) * 1000 for share in (0.5, 0.99))
        lost = _lost_on_kill(ground, f"kill-{rate}") if rate == 1200 else 0
        yield line(
            "B9", f"callbacks accepted at {rate} a second beside a flat-out writer: p99 ms",
            ours=found.figures("ours") | {"writer_orders_per_s": neat(written / (seconds + 2)), "late": late},
            anchor={"p99_ms": 20.0}, ratio=p99, target=20.0, wants="<=", engine="sqlite", orders=size,
            also=[check("p50 ms", p50, "<=", 1.0), *([check("lost on kill -9", lost, "<=", 0)] if rate == 1200 else [])],
        )  # fmt: skip


async def _open_loop(store: SqlStore, rate: int, seconds: int) -> tuple[list[float], int]:
    """Requests start when they are due, whatever happened to the earlier ones. (latencies, still open at the end)."""
    latencies: list[float] = []
    running: set[asyncio.Task[None]] = set()

    async def one(number: int) -> None:
        start = time.perf_counter()
        await accept(store, f"open-{rate}-{number}")
        latencies.append(time.perf_counter() - start)

    begin = time.perf_counter()
    for number in range(rate * seconds):
        wait = begin + number / rate - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(number))
        running.add(task)
        task.add_done_callback(running.discard)
    late = len(running)
    await asyncio.gather(*running)
    return latencies, late


async def accept(store: SqlStore, name: str) -> int:
    """One message into the inbox, as the callback door does it."""
    body: Json = payload("6920154783210058842 到哪了") | {"message_id": name}
    return await store.inbox.accept([("console", "message", f"m:{name}", f"console:{name}", body, END)])


def _lost_on_kill(ground: Ground, name: str) -> int:
    """Kill -9 a process that accepts; how many of those it had acknowledged are gone afterwards."""
    folder = ground.root / name
    ground.fresh(name).close_now()
    child = _child("accept", folder)
    acknowledged = 0
    assert child.stdout is not None
    for row in child.stdout:
        acknowledged = int(row)
        if acknowledged >= 2000:
            break
    os.kill(child.pid, signal.SIGKILL)
    for row in child.stdout:  # what it had already told us when it died
        acknowledged = int(row) if row.endswith("\n") else acknowledged
    child.wait()
    store = ground.fresh(name)
    held = run(_depth(store))
    store.close_now()
    return max(0, acknowledged - held)


async def _depth(store: SqlStore) -> int:
    return await store.inbox.depth()


# --- B11: answers while the writer runs flat out, in the same process -------------------------------------------------


def _answers_during_ingest(ground: Ground, size: int) -> Line:
    # The raw reader reads the file that is being written, as ours does: in a file of its own it would wait for nothing.
    store, raw = ground.store(size), floor.open_sqlite(ground.folder(size) / "xiaodan.db")
    reader, dispatcher = RawReader(raw, floor.IN_OURS), dispatcher_of(Inline(store), ground.clock)
    count = 600 if ground.quick else 1500
    picked = [i * 7919 % size for i in range(count)]
    keys = [number_of(i) for i in picked]
    messages = [payload(f"{key} 到哪了", n) for n, key in enumerate(keys)]
    found = Latencies()
    lags: list[float] = []
    start = ground.take("sqlite", size, 400_000)
    writing = _child("write", ground.folder(size), str(size), str(start), "60")

    async def measure() -> None:
        clock = time.perf_counter
        for number in range(ground.rounds + 1):
            ours, theirs = [], []
            for key, message in zip(keys, messages, strict=True):
                begin = clock()
                reader.number(key)
                between = clock()
                await dispatcher.reply_to(unpack("message", message))  # type: ignore[arg-type]
                ours.append(clock() - between)
                theirs.append(between - begin)
            begin = clock()
            await asyncio.sleep(0.001)
            lags.append((clock() - begin - 0.001) * 1000)
            if number:
                found.add("ours", ours)
                found.add("raw", theirs)

    try:
        _ready(writing)
        run(measure())
    finally:
        writing.kill()
        writing.wait()
    store.close_now()
    raw.close()
    return line(
        "B11", "where-is-X while another process writes flat out: p99", ours=found.figures("ours"),
        anchor=found.figures("raw"), ratio=found.ratio("ours", "raw", 0.99), target=2.0, wants="<=", engine="sqlite",
        orders=size, also=[check("event loop lag, ms", percentile(lags, 0.99), "<=", 20.0)],
    )  # fmt: skip


# --- the other process ------------------------------------------------------------------------------------------------


def _child(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.accepting", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _ready(child: subprocess.Popen[str]) -> None:
    if child.stdout is None or child.stdout.readline().strip() != "ready":
        raise RuntimeError("the writing process did not start")


def _main(arguments: Sequence[str]) -> None:
    """`write FOLDER ORDERS START SECONDS`: batches flat out, then how many. `accept FOLDER`: until killed."""
    from benchmarks.ground import opened

    store = opened(Path(arguments[1]))
    if arguments[0] == "accept":
        run(_accept_for_ever(store))
        return
    size, start, seconds = (int(one) for one in arguments[2:])
    written = 0
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    until = time.perf_counter() + seconds
    for some in batches(start, start + 400_000, size, 1000):
        store.write_now(lambda u, some=some: u.orders.upsert_many(some, seen_at=END, surface="file"))  # type: ignore[misc]
        written += len(some)
        if time.perf_counter() > until:
            break
    sys.stdout.write(f"{written}\n")


async def _accept_for_ever(store: SqlStore) -> None:
    number = 0
    while True:
        await asyncio.gather(*(accept(store, f"kill-{number + n}") for n in range(20)))
        number += 20
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main(sys.argv[1:])
