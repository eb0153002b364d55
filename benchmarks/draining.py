"""B9, the backlog: pushes that lie in the inbox are worked off by the real worker, against the same orders in batches (B6).

What a push means is given at once by the connector, as for B6 the orders are given: measured are claiming in order, the unit
of work an item, everything that follows from a changed order, and settling. A second backlog lies in twenty lanes only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from benchmarks.desk import ROUTER, dispatcher_of, run
from benchmarks.ground import Ground
from benchmarks.ingesting import write
from benchmarks.measure import Line, check, line, neat, ratio, spread
from benchmarks.orders import END, batches, orders
from bot.connections import Connections
from bot.worker import InboxWorker
from domain.order import Order
from domain.ports import PushEvent
from domain.store import Json
from storage import SqlStore

BACKLOG = 100_000
LANES = 20


class _Channel:
    """A shop whose pushes are already understood."""

    def __init__(self) -> None:
        self.known: dict[str, Order] = {}

    async def resolve(self, event: PushEvent) -> tuple[Order, ...]:
        return (self.known[event.body],)


class _Channels(Connections):
    def __init__(self, shop: _Channel) -> None:
        super().__init__()
        self._shop = shop

    def get(self, name: str, shop: str, port: type[Any]) -> Any:  # noqa: ARG002
        return self._shop


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:  # noqa: ARG001  the backlog is the size
    most = BACKLOG // 10 if ground.quick else BACKLOG
    first = 0.0
    for count in (most // 10, most):
        one = _drained(ground, count, lanes=count)
        first = first or 1 / one["ours"]["per_s"]["median"]
        one["growth"] = neat(1 / one["ours"]["per_s"]["median"] / first)
        one["also"] = [check("cost / cost of a tenth", one["growth"], "<=", 1.2)]
        one["ok"] = one["ok"] and one["also"][0]["ok"]
        yield one
    yield _drained(ground, most // 10, lanes=LANES)


def _drained(ground: Ground, count: int, *, lanes: int) -> Line:
    rounds = 1 if count >= BACKLOG else 3
    ours: list[float] = []
    anchor: list[float] = []
    for number in range(rounds):
        store = ground.fresh(f"drain-{count}-{lanes}-{number}")
        ours.append(count / run(_work_off(ground, store, count, lanes)))
        plain = ground.fresh(f"drained-{count}-{lanes}-{number}")
        feed = list(batches(0, count, count, 1000))
        begin = time.perf_counter()
        for batch in feed:
            write(plain, batch)
        anchor.append(count / (time.perf_counter() - begin))
        for each in (store, plain):
            each.close_now()
    what = "each order its own lane" if lanes == count else f"{lanes} lanes"
    return line(
        "B9", f"a backlog of {count} pushes worked off, {what}, against the same orders in batches", engine="sqlite",
        ours={"per_s": spread(ours)}, anchor={"per_s": spread(anchor)}, ratio=ratio(ours, anchor), target=0.5, orders=count,
    )  # fmt: skip


async def _work_off(ground: Ground, store: SqlStore, count: int, lanes: int) -> float:
    shop = _Channel()
    for low in range(0, count, 1000):
        some = orders(low, min(low + 1000, count), count)
        shop.known |= {str(low + n): one for n, one in enumerate(some)}
        await store.inbox.accept([_stored(low + n, one, lanes) for n, one in enumerate(some)])
    dispatcher = dispatcher_of(store, ground.clock)
    desk = replace(dispatcher.desk, channels=_Channels(shop))
    worker = InboxWorker(desk, ROUTER, dispatcher)
    begin = time.perf_counter()
    handled = await worker.drain()
    seconds = time.perf_counter() - begin
    left = await store.inbox.depth()
    stored = (await store.read(lambda r: r.rows("SELECT COUNT(*) FROM orders")))[0][0]
    if left or handled != count or stored != count:
        raise RuntimeError(f"{handled} handled, {stored} stored, {left} left of {count}")
    return seconds


def _stored(n: int, one: Order, lanes: int) -> tuple[str, str, str, str, Json, Any]:
    event = PushEvent("order", f"push-{n}", str(n), one.number)
    payload = {"connector": one.channel, "shop": one.shop, "event": asdict(event)}
    return (f"{one.channel}/{one.shop}", "push", event.dedupe, f"lane-{n % lanes}", payload, END)
