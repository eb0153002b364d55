"""B1: a platform's message, decoded -> Message -> understood -> permitted -> a constant reply, in process.

Anchor: the floor of every chat framework, JSON into a dataclass and 30 compiled patterns tried in order, the last one hits.
A wording that was met before is recalled, as it is in a work group all day; what a new one costs is reported beside it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from benchmarks.desk import Inline, actor_of, desk_of, driven, payload, unpack
from benchmarks.ground import Ground, asker
from benchmarks.measure import Latencies, Line, alternate, check, line, neat, ratio, spread
from bot.dispatch import Dispatcher
from domain.chat import Message, Reply
from domain.people import Actor, May
from handlers.desk import Desk, Feature, Need, Question
from handlers.router import Router

COMMANDS = 30
_SAID = "6920154783210058842 到哪了"


@dataclass(slots=True)
class _Plain:
    number: str
    user: str
    chat: str
    text: str
    sent_at: datetime = field(default_factory=datetime.now)


_BODY = json.dumps(payload(f"/查单{COMMANDS - 1} 6920154783210058842"), ensure_ascii=False)
_PATTERNS = [re.compile(rf"^/查单{i}\b\s*(?P<number>[A-Za-z0-9-]{{6,32}})") for i in range(COMMANDS)]


async def _constant(question: Question, actor: Actor, desk: Desk) -> Reply:  # noqa: ARG001
    return Reply("好")


async def _floor() -> str:
    raw = json.loads(_BODY)
    said = _Plain(raw["message_id"], raw["sender"][0], raw["chat"][1], raw["text"])
    for pattern in _PATTERNS:
        if pattern.match(said.text):
            return "好"
    raise RuntimeError("nothing matched")


class _Ours:
    """The real dispatcher over a router with that many commands, every one of them answering the same."""

    def __init__(self, ground: Ground, commands: int) -> None:
        names = ["where_is_order", *(f"command_{n}" for n in range(commands - 1))]
        feature = Feature("constant", questions={name: Need(_constant, May.ASK_ORDERS) for name in names})
        self.store = ground.fresh(f"dispatch-{commands}")
        self.dispatcher = Dispatcher(desk_of(Inline(self.store), ground.clock), Router([feature]))
        self.body = json.dumps(payload(_SAID), ensure_ascii=False)

    async def once(self) -> None:
        message = unpack("message", json.loads(self.body))
        actor = actor_of(asker(), self.dispatcher)
        if not isinstance(message, Message):
            raise TypeError(message)
        answer = await self.dispatcher.answer(message, actor)
        if answer.reply is None or answer.reply.text != "好":
            raise RuntimeError(answer.intent)

    async def many(self, count: int) -> float:
        """Messages a second."""
        start = time.perf_counter()
        for _ in range(count):
            await self.once()
        return count / (time.perf_counter() - start)

    async def latencies(self, count: int, *, anew: bool = False) -> list[float]:
        """Seconds of each; `anew`: as if nobody had ever worded it like that."""
        found = []
        remembered = (await self.dispatcher.lexicon()).familiar
        for _ in range(count):
            if anew:
                for wording in [one for one in remembered if isinstance(one, tuple)]:
                    del remembered[wording]
            start = time.perf_counter()
            await self.once()
            found.append(time.perf_counter() - start)
        return found


async def _floors(count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        await _floor()
    return count / (time.perf_counter() - start)


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:  # noqa: ARG001  no orders are needed
    few, usual, many = (_Ours(ground, count) for count in (10, COMMANDS, 300))
    count = 2_000 if ground.quick else 6_000
    for each in (few, usual, many):
        driven(each.many(200))
    driven(_floors(500))
    ours, floor, with_ten, with_many = alternate(
        ground.rounds,
        lambda: driven(usual.many(count)),
        lambda: driven(_floors(count * 5)),
        lambda: driven(few.many(count)),
        lambda: driven(many.many(count)),
    )
    found = Latencies()
    for _ in range(ground.rounds):
        found.add("ours", driven(usual.latencies(count)))
        found.add("anew", driven(usual.latencies(count // 4, anew=True)))
    growth = ratio(with_ten, with_many)
    p99 = found.figures("ours")["p99_us"]
    yield line(
        "B1", "dispatch with 30 commands, against 30 patterns tried in order",
        ours={"per_s": spread(ours), **found.figures("ours"), "new_wording_p50_us": found.figures("anew")["p50_us"]},
        anchor={"per_s": spread(floor)},
        ratio=ratio(ours, floor), target=0.14, growth=neat(growth),
        also=[check("300 commands / 10", growth, "<=", 1.3), check("p99 µs", p99, "<=", 200)],
    )  # fmt: skip
    for each in (few, usual, many):
        each.store.close_now()
