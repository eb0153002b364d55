"""B3: "where is X" as WeCom's encrypted callback, through uvicorn with one worker, beside FastAPI's typed echo.

Ours verifies and decrypts the callback, stores the message durably, looks the order up, and gives the whole answer, sealed,
as the response: a request counts when the client has opened it and found an answer in it. An answer that took too long
comes, as on the real platform, by asking again; the asking counts as time, not as another request.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence

from benchmarks.callers import Wecom
from benchmarks.client import connected, load, server
from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.measure import Latencies, Line, check, line, neat, percentile, ratio, spread
from benchmarks.orders import number_of

MANY = 32
_PLAIN = b'{"type": "message", "id": "bench-%d", "chat": "orders", "text": "0123456789012345678 where is it"}'
Asked = tuple[str, bytes, str]


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    first = 0.0
    for orders in sizes:
        with server("ours", ground.served(orders)) as ours, server("echo") as anchor:
            ours.ready()
            anchor.ready()
            one = run(_measure(ground, orders, ours.port, anchor.port))
        done = one["ours"]["per_s"]["median"]
        first = first or done
        one["growth"] = neat(first / done)
        yield one


async def _measure(ground: Ground, orders: int, port: int, echo: int) -> Line:
    rnd = random.Random(11)
    count = 400 if ground.quick else 2000
    done: list[float] = []
    echoed: list[float] = []
    wrong = late = 0
    found = Latencies()
    for number in range(ground.rounds + 1):
        start, many, bad, again = await answered(port, MANY, _questions(rnd, orders, count))
        plain = [_PLAIN % n for n in range(count * 2)]
        theirs, echoes, _ = await load(echo, MANY, plain, "/echo")
        _, one, also_bad, _ = await answered(port, 1, _questions(rnd, orders, count // 4))
        if number:
            wrong, late = wrong + bad + also_bad, late + again
            done.append(count / start)
            echoed.append(len(plain) / theirs)
            found.add("32", many)
            found.add("echo", echoes)
            found.add("1", one)
    single_p99 = percentile(found.each("1", 0.99), 0.5) / 1000
    return line(
        "B3", "encrypted callback to whole answer over HTTP, 32 connections, against FastAPI's echo",
        ours={"per_s": spread(done), "asked_again": late, **found.figures("32")},
        anchor={"per_s": spread(echoed), **found.figures("echo")}, ratio=ratio(done, echoed), target=0.7, engine="sqlite",
        orders=orders, also=[check("one connection p99 ms", single_p99, "<=", 2.0), check("errors", wrong, "<=", 0)],
    )  # fmt: skip


def _questions(rnd: random.Random, orders: int, count: int) -> list[tuple[int, Asked]]:
    """Sealed before the clock runs: what sealing costs is the platform's."""
    asks = Wecom().asked
    return [(n, asks(f"{number_of(rnd.randrange(orders))} 到哪了", n)) for n in range(count)]


async def answered(
    port: int, connections: int, questions: Sequence[tuple[int, Asked]]
) -> tuple[float, list[float], int, int]:
    """(seconds, latency of each whole answer, how many were none, how often had to be asked again).

    Answers are opened and judged when the clock has stopped, but for those that are unfinished.
    """
    left = iter(questions)
    platform = Wecom()
    latencies: list[float] = []
    answers: list[tuple[bytes, str]] = []
    again = 0

    async def work() -> None:
        nonlocal again
        async with connected(port) as connection:
            for number, (path, body, nonce) in left:
                began = time.perf_counter()
                answer = await connection.ask("POST", path, body)
                # A finished answer is longer than the notice that one is looking: only those are opened at once.
                while answer.status == 200 and len(answer.body) < 400 and (open_ := _unfinished(answer.body, nonce)):
                    again += 1
                    path, body, nonce = platform.poll(open_, number)
                    answer = await connection.ask("POST", path, body)
                latencies.append(time.perf_counter() - began)
                answers.append((answer.body if answer.status == 200 else b"", nonce))

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    seconds = time.perf_counter() - start
    return seconds, latencies, sum(not _is_answer(*each) for each in answers), again


def _unfinished(body: bytes, nonce: str) -> str:
    return Wecom().judge(body, nonce)[1]


def _is_answer(body: bytes, nonce: str) -> bool:
    try:
        words, _ = Wecom().judge(body, nonce)
    except (ValueError, KeyError, TypeError):
        return False
    return bool(words)
