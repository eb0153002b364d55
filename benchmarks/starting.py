"""B16: from `exec` to the first answer on an existing store, beside a skeleton of FastAPI, SQLAlchemy and APScheduler.

Our first answer is a real one: a question into the work group, the card with the order posted there. The skeleton's is one
query. Files are in the page cache and byte code is compiled for both.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cast import ASKER
from benchmarks.client import Colleague, connected, load, server
from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.measure import Line, alternate, line, neat, ratio, spread
from benchmarks.orders import number_of

CHATS = "XIAODAN_BENCH_CHATS"  # what benchmarks.served is told of its platforms


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    first = 0.0
    for orders in sizes:
        folder, plain = ground.served(orders), ground.floor(orders)
        number = number_of(orders // 2)
        _ours(folder, number)
        _skeleton(plain)
        ours, anchor = alternate(ground.rounds, partial(_ours, folder, number), partial(_skeleton, plain))
        one = line(
            "B16", "start to the first answer, against a skeleton's", ours={"seconds": spread(ours)},
            anchor={"seconds": spread(anchor)}, ratio=ratio(ours, anchor), target=1.2, wants="<=", engine="sqlite",
            orders=orders,
        )  # fmt: skip
        first = first or one["ours"]["seconds"]["median"]
        one["growth"] = neat(one["ours"]["seconds"]["median"] / first)
        yield one


def _ours(folder: Path, number: str) -> float:
    with without_robots(), server("ours", folder) as started:
        started.ready()
        run(_answered(started.port, number))
        return time.perf_counter() - started.started


@contextmanager
def without_robots() -> Iterator[None]:
    """The skeleton has no chat platforms either; the group in the browser is enough for an answer."""
    before = os.environ.get(CHATS)
    os.environ[CHATS] = "off"
    try:
        yield
    finally:
        if before is None:
            del os.environ[CHATS]
        else:
            os.environ[CHATS] = before


async def _answered(port: int, number: str) -> None:
    colleague = Colleague(port)
    await colleague.enter()
    body = colleague.question(f"{number} 到哪了 {time.time_ns()}")
    _, _, refused = await load(port, 1, [body], "/chat/console", colleague.headers)
    if refused:
        raise RuntimeError("the first question was refused")
    await colleague.until(_last_is_ours, f"/console/api/history?chat=orders&as={ASKER}")


def _last_is_ours(page: Any) -> bool:
    """The newest message in the group is the bot's."""
    said = max(page["messages"], key=lambda one: one["seq"], default=None)
    return said is not None and said["from"] == ""


def _skeleton(database: Path) -> float:
    with server("skeleton", database) as started:
        started.ready()
        run(_first(started.port))
        return time.perf_counter() - started.started


async def _first(port: int) -> None:
    async with connected(port) as connection:
        answer = await connection.ask("GET", "/answer")
        if answer.status != 200:
            raise RuntimeError(str(answer.status))
