"""B15: memory of the idle server, after orders came in, and after charts. Only the process's own pages count (RssAnon)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from benchmarks.client import Colleague, connected, load, server
from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.measure import Line, anonymous_mib, check, line, neat, percentile
from benchmarks.orders import number_of


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    for orders in sizes:
        with server("skeleton", ground.floor(orders)) as bare:
            bare.ready()
            run(_get(bare.port, "/answer"))
            skeleton = anonymous_mib(bare.process.pid)
        count = 20_000 if ground.quick else 100_000
        start = ground.take("sqlite", orders, count)
        with server("ours", ground.served(orders)) as ours:
            ours.ready()
            run(_get(ours.port, "/readyz"))
            time.sleep(1)
            figures = {"mib": neat(anonymous_mib(ours.process.pid))}
            run(_ask(ours.port, orders, 300 if ground.quick else 2000))
            figures["after_answers_mib"] = neat(anonymous_mib(ours.process.pid))
            run(_get(ours.port, f"/bench/ingest?start={start}&count={count}"))
            figures["after_ingest_mib"] = neat(anonymous_mib(ours.process.pid))
            run(_get(ours.port, "/bench/charts?count=100"))
            figures["after_charts_mib"] = neat(anonymous_mib(ours.process.pid))
        grown = figures["after_ingest_mib"] - figures["after_answers_mib"]
        yield line(
            "B15", "memory of the idle server, MiB of its own", ours=figures, anchor={"mib": neat(skeleton)},
            ratio=figures["mib"], target=90.0, wants="<=", engine="sqlite", orders=orders,
            also=[check(f"growth by {count} orders", grown, "<=", 30.0),
                  check("after charts", figures["after_charts_mib"], "<=", 140.0)],
        )  # fmt: skip


async def _get(port: int, path: str) -> None:
    async with connected(port) as connection:
        answer = await connection.ask("GET", path)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")


async def _ask(port: int, orders: int, count: int) -> None:
    colleague = Colleague(port)
    await colleague.enter()
    async with connected(port) as connection:  # what an earlier case left behind for a platform that is not here now
        waiting = (await connection.ask("GET", "/readyz", headers=colleague.headers)).json()["inbox"]
    bodies = [colleague.question(f"{number_of(n * 7919 % orders)} 到哪了") for n in range(count)]
    _, latencies, refused = await load(port, 4, bodies, "/chat/console", colleague.headers)
    if refused or percentile(latencies, 0.5) <= 0:
        raise RuntimeError(f"{refused} of {count} questions were refused")
    await colleague.until(lambda state: bool(state["inbox"] <= waiting), "/readyz")
