"""B3: "where is X" as an HTTP callback of the work group, through uvicorn with one worker, beside FastAPI's typed echo.

Ours verifies the session, stores the message durably, answers 200, and in the same process looks the order up and posts the
card; a request counts when all of that is done (`per_s`). `accepted_per_s` is how fast the 200s came.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.client import Colleague, load, server
from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.measure import Latencies, Line, check, line, neat, percentile, ratio, spread
from benchmarks.orders import number_of

MANY = 32


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
    colleague = Colleague(port)
    await colleague.enter()
    rnd = random.Random(11)
    count = 300 if ground.quick else 1000
    done: list[float] = []
    accepted: list[float] = []
    echoed: list[float] = []
    refused = 0
    found = Latencies()
    for number in range(ground.rounds + 1):
        bodies = [colleague.question(f"{number_of(rnd.randrange(orders))} 到哪了") for _ in range(count)]
        start = time.perf_counter()
        seconds, many, bad = await load(port, MANY, bodies, "/chat/console", colleague.headers)
        await colleague.until(_all_answered, "/readyz")
        whole = time.perf_counter() - start
        theirs, plain, _ = await load(echo, MANY, bodies * 2, "/echo")
        single = [colleague.question(f"{number_of(rnd.randrange(orders))} 到哪了") for _ in range(count // 4)]
        _, one, also_bad = await load(port, 1, single, "/chat/console", colleague.headers)
        await colleague.until(_all_answered, "/readyz")
        refused += bad + also_bad
        if number:
            done.append(count / whole)
            accepted.append(count / seconds)
            echoed.append(len(bodies) * 2 / theirs)
            found.add("32", many)
            found.add("echo", plain)
            found.add("1", one)
    single_p99 = percentile(found.each("1", 0.99), 0.5) / 1000
    return line(
        "B3", "callback to posted card over HTTP, 32 connections, against FastAPI's echo",
        ours={"per_s": spread(done), "accepted_per_s": spread(accepted), **found.figures("32")},
        anchor={"per_s": spread(echoed), **found.figures("echo")}, ratio=ratio(done, echoed), target=0.7, engine="sqlite",
        orders=orders, also=[check("one connection p99 ms", single_p99, "<=", 2.0), check("errors", refused, "<=", 0)],
    )  # fmt: skip


def _all_answered(state: Any) -> bool:
    return bool(state["inbox"] == 0)
