"""B4 and B5: "where is X", from the decoded message to the text of the reply, by order number, phone and waybill.

Anchors: the three reads of such an answer in plain SQL, alone and behind one hop to a thread; and the way that most programs
would take, SQLAlchemy Core (SQLite) or the ORM (PostgreSQL) on an asynchronous driver. The anchors are defined on asyncio's
own event loop and judged there; what changes on uvloop, on which the server runs, is measured beside it.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks import customary, floor
from benchmarks.desk import Hopping, Inline, dispatcher_of, payload, run, unpack
from benchmarks.ground import Ground
from benchmarks.measure import Latencies, Line, check, line
from benchmarks.orders import END, SPAN, number_of, phone_of, waybill_of
from bot.dispatch import Dispatcher
from domain.store import Json

KINDS = ("number", "phone", "waybill")
UVLOOP = ", on uvloop"
SINCE = floor.seconds(END - SPAN)
Key = Any
Ask = Callable[[Key], Awaitable[object]]


class Keys:
    """What is asked for: the same orders in every way, as the anchors' keys and as sentences."""

    def __init__(self, orders: int, count: int) -> None:
        rnd = random.Random(7)
        # Amazon's and Shopify's numbers have shapes of their own; a bare sentence with `#100006` is asked as well.
        picked = [rnd.randrange(orders) for _ in range(count)]
        self.keys: dict[str, list[Key]] = {
            "number": [number_of(i) for i in picked],
            "phone": [floor.phone_hash(phone_of(i, orders)) for i in picked],
            "waybill": [waybill_of(i) for i in picked],
        }
        said = {
            "number": [f"{number_of(i)} 到哪了" for i in picked],
            "phone": [f"{phone_of(i, orders)} 的订单到哪了" for i in picked],
            "waybill": [f"{waybill_of(i)} 到哪了" for i in picked],
        }
        self.messages: dict[str, list[Json]] = {
            kind: [payload(text, n) for n, text in enumerate(texts)] for kind, texts in said.items()
        }


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    count = 400 if ground.quick else 1000
    for orders in sizes:
        yield from on_sqlite(ground, orders, Keys(orders, count))
    if ground.server():
        for orders in sizes:
            yield from on_postgres(ground, orders, Keys(orders, count // 2))


# --- SQLite -----------------------------------------------------------------------------------------------------------


class RawReader:
    """The anchor: order, lines and events of a key, by hand-written SQL on one connection."""

    def __init__(self, raw: sqlite3.Connection, reads: tuple[str, str, str] = floor.READS) -> None:
        self._ask = raw.execute
        self._by_number, self._lines_of, self._events_of = reads

    def number(self, key: Key) -> object:
        return self._rest(self._ask(self._by_number, (key,)).fetchone())

    def waybill(self, key: Key) -> object:
        return self._rest(self._ask(floor.BY_WAYBILL, (key,)).fetchone())

    def phone(self, key: Key) -> object:
        return [self._rest(row) for row in self._ask(floor.BY_PHONE, (key, SINCE)).fetchall()]

    def _rest(self, head: Any) -> object:
        lines = self._ask(self._lines_of, (head[0],)).fetchall()
        return head, lines, self._ask(self._events_of, (head[0],)).fetchall()


def on_sqlite(ground: Ground, orders: int, keys: Keys) -> Iterator[Line]:
    raw = floor.open_sqlite(ground.floor(orders))
    store = ground.store(orders)
    inline = dispatcher_of(Inline(store), ground.clock)
    hopping = dispatcher_of(Hopping(store), ground.clock)
    reader = RawReader(raw)
    found = Latencies()

    async def measure(on: str = "", also: tuple[str, ...] = ("raw", "inline", "core")) -> None:
        loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1)
        core = customary.core_sqlite(ground.floor(orders))
        try:
            for number in range(ground.rounds + 1):  # the first is the warm pass
                for kind in KINDS:
                    read: Callable[[Key], object] = getattr(reader, kind)

                    async def plain(key: Key, read: Callable[[Key], object] = read) -> object:
                        return read(key)

                    async def hop(key: Key, read: Callable[[Key], object] = read) -> object:
                        return await loop.run_in_executor(thread, read, key)

                    ways: list[tuple[str, Ask, Sequence[Key]]] = [
                        (f"raw {kind}", plain, keys.keys[kind]),
                        (f"inline {kind}", _asker(inline), keys.messages[kind]),
                        (f"raw hop {kind}{on}", hop, keys.keys[kind]),
                        (f"hop {kind}{on}", _asker(hopping), keys.messages[kind]),
                    ]
                    if kind == "number":
                        ways.append(("core number", core.card, keys.keys[kind][:200]))
                    ways = [way for way in ways if "hop" in way[0] or way[0].split()[0] in also]
                    await _round(found, ways, turn=number, warm=number == 0)
        finally:
            thread.shutdown()
            await core.close()

    asyncio.run(measure())
    run(measure(UVLOOP, ()))
    store.close_now()
    raw.close()
    shared: Line = {"engine": "sqlite", "orders": orders}
    for kind in KINDS:
        yield _judged("B4", f"by {kind}, inline: p99", found, f"inline {kind}", f"raw {kind}", 0.99, 3.0, **shared)
        for on in ("", UVLOOP):
            also = [check("p99 ratio", found.ratio(f"hop {kind}{on}", f"raw hop {kind}{on}", 0.99), "<=", 1.5)]
            yield _judged(
                "B4", f"by {kind}, through a reader thread{on}: p50", found, f"hop {kind}{on}", f"raw hop {kind}{on}", 0.5,
                1.3, also=also, **shared,
            )  # fmt: skip
    faster = found.ratio("core number", "hop number", 0.5)
    yield line(
        "B4", "card: times faster than SQLAlchemy Core async", ours=found.figures("hop number"),
        anchor=found.figures("core number"), ratio=faster, target=8.0, **shared,
    )  # fmt: skip


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def on_postgres(ground: Ground, orders: int, keys: Keys) -> Iterator[Line]:
    store = ground.store(orders, url=ground.postgres(orders))
    hopping = dispatcher_of(store, ground.clock)
    found = Latencies()
    url = ground.postgres_floor(orders)

    async def measure(on: str = "") -> None:
        import asyncpg

        raw = await asyncpg.connect(url)
        orm = customary.OrmCard(url)
        prepared = {kind: await raw.prepare(floor.CARD_BY[kind]) for kind in KINDS}
        try:
            for number in range(ground.rounds + 1):
                for kind in KINDS:
                    more = (SINCE,) if kind == "phone" else ()

                    async def plain(key: Key, ask: Any = prepared[kind], more: tuple[int, ...] = more) -> object:
                        return await ask.fetch(key, *more)

                    ways: list[tuple[str, Ask, Sequence[Key]]] = [
                        (f"raw {kind}{on}", plain, keys.keys[kind]),
                        (f"ours {kind}{on}", _asker(hopping), keys.messages[kind]),
                    ]
                    if kind == "number" and not on:
                        ways.append(("orm number", orm.card, keys.keys[kind][:150]))
                    await _round(found, ways, turn=number, warm=number == 0)
        finally:
            await raw.close()
            await orm.close()

    asyncio.run(measure())
    run(measure(UVLOOP))
    store.close_now()
    shared: Line = {"engine": "postgresql", "orders": orders}
    for way in (f"{kind}{on}" for kind in KINDS for on in ("", UVLOOP)):
        also = [check("p99 ratio", found.ratio(f"ours {way}", f"raw {way}", 0.99), "<=", 2.0)]
        yield _judged("B5", f"by {way}: p50", found, f"ours {way}", f"raw {way}", 0.5, 1.5, also=also, **shared)
    yield line(
        "B5", "card: times faster than the ORM async", ours=found.figures("ours number"), anchor=found.figures("orm number"),
        ratio=found.ratio("orm number", "ours number", 0.5), target=3.0, **shared,
    )  # fmt: skip


# --- shared -----------------------------------------------------------------------------------------------------------


def _asker(dispatcher: Dispatcher) -> Ask:
    async def ask(message: Json) -> object:
        answer = await dispatcher.reply_to(unpack("message", message))  # type: ignore[arg-type]
        if answer.reply is None or not answer.reply.text:
            raise RuntimeError(f"no answer to {message['text']!r}")
        return answer

    return ask


async def _round(found: Latencies, ways: Sequence[tuple[str, Ask, Sequence[Key]]], *, turn: int, warm: bool) -> None:
    clock = time.perf_counter
    for name, ask, keys in ways if turn % 2 else reversed(ways):
        seconds = []
        for key in keys:
            start = clock()
            await ask(key)
            seconds.append(clock() - start)
        if not warm:
            found.add(name, seconds)


def _judged(
    case: str, name: str, found: Latencies, ours: str, anchor: str, share: float, target: float, **more: Any
) -> Line:
    return line(
        case, name, ours=found.figures(ours), anchor=found.figures(anchor), ratio=found.ratio(ours, anchor, share),
        target=target, wants="<=", **more,
    )  # fmt: skip
