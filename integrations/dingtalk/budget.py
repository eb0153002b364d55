"""Sending within the platform's limits: counted with the other replicas, in order in a conversation, critical ones first.

What is too much for a conversation is not merged here: it goes back to the outbox, where it becomes a numbered digest
(`handlers/digest.py`), the same on every platform.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from domain.chat import Urgency
from domain.errors import DeskError, Unavailable
from domain.pace import Pace, Span

PATIENCE = 25.0  # seconds a message waits here; longer waits go back to the outbox, which survives a restart
MAX_WAITING = 500


@dataclass(frozen=True, slots=True)
class Share:
    """At most `limit` in any `seconds`; a quarter of it is kept from ordinary messages, and a part of that from answers."""

    limit: int
    seconds: float

    def spans(self, urgency: Urgency) -> tuple[Span, ...]:
        kept = {Urgency.CRITICAL: 0, Urgency.ANSWER: min(1, self.limit // 8), Urgency.NORMAL: self.limit // 4}[urgency]
        return (Span(max(1, self.limit - kept), self.seconds),)


@dataclass(eq=False)
class Waiting:
    """One message in a lane."""

    deliver: Callable[[], Awaitable[str]]
    done: asyncio.Future[str]
    urgency: Urgency


@dataclass(eq=False)
class Lane:
    """One conversation: strictly in order, critical ones first. `name` is what it counts under."""

    name: str
    share: Share
    pace: Callable[[], Pace]
    sleep: Callable[[float], Awaitable[None]]
    waiting: deque[Waiting] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None

    async def say(self, deliver: Callable[[], Awaitable[str]], *, urgency: Urgency = Urgency.NORMAL) -> str:
        """Wait for the turn, deliver, give the message's id. Raises Unavailable when the wait would be too long."""
        if len(self.waiting) >= MAX_WAITING:
            raise Unavailable("dingtalk: conversation is crowded", retry_after=60.0)
        item = Waiting(deliver, asyncio.get_running_loop().create_future(), urgency)
        if urgency is Urgency.CRITICAL:
            ahead = sum(1 for each in self.waiting if each.urgency is Urgency.CRITICAL)
            self.waiting.insert(ahead, item)
        else:
            self.waiting.append(item)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._work())
        try:
            return await item.done
        except asyncio.CancelledError:
            if item in self.waiting:
                self.waiting.remove(item)
            raise

    async def take(self, urgency: Urgency) -> float:
        """Count one message; 0.0, or the seconds to wait, and nothing is counted."""
        return await self.pace().take(self.name, self.share.spans(urgency))

    async def _work(self) -> None:
        while self.waiting:
            urgency = self.waiting[0].urgency
            try:
                wait = await self.take(urgency)
            except DeskError as away:
                self._give_up(Unavailable(f"dingtalk: cannot count ({type(away).__name__})"))
                return
            if wait > PATIENCE:
                self._give_up(Unavailable("dingtalk: conversation budget is used up", retry_after=wait))
                return
            if wait:
                await self.sleep(min(wait, 1.0))
            elif self.waiting:  # whoever waited may have gone meanwhile
                await self._deliver(self.waiting.popleft())

    @staticmethod
    async def _deliver(item: Waiting) -> None:
        try:
            ident = await item.deliver()
        except Exception as problem:
            if not item.done.done():
                item.done.set_exception(problem)
            return
        if not item.done.done():
            item.done.set_result(ident)

    def _give_up(self, why: Unavailable) -> None:
        while self.waiting:
            each = self.waiting.popleft()
            if not each.done.done():
                each.done.set_exception(why)

    async def aclose(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        for each in self.waiting:
            each.done.cancel()
        self.waiting.clear()
