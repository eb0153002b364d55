"""Sending within the platform's limits: a share for critical messages, order within a conversation, overflow as a digest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.clock import Clock
from domain.errors import DeskError, Unavailable

PATIENCE = 25.0  # seconds a message waits here; longer waits go back to the outbox, which survives a restart
MAX_WAITING = 500
_DIGEST_MAX = 30


class Window:
    """At most `limit` in any `span`; `reserve` of them only for urgent ones."""

    def __init__(self, limit: int, span: timedelta, *, reserve: int) -> None:
        self._limit, self._span = limit, span
        self._ordinary = max(1, limit - reserve)
        self._taken: deque[datetime] = deque()

    def take(self, now: datetime, *, urgent: bool = False) -> float:
        """0 and counted, or the seconds to wait."""
        while self._taken and self._taken[0] <= now - self._span:
            self._taken.popleft()
        allowed = self._limit if urgent else self._ordinary
        if len(self._taken) < allowed:
            self._taken.append(now)
            return 0.0
        return max(0.01, (self._taken[len(self._taken) - allowed] + self._span - now).total_seconds())

    @property
    def pressed(self) -> bool:
        """More than half of the ordinary share is used: whoever can share a message should."""
        return len(self._taken) > self._ordinary // 2


@dataclass(eq=False)
class Waiting:
    """One message in a lane. `text` is set when it may be merged with its neighbours into one digest."""

    deliver: Callable[[], Awaitable[str]]
    done: asyncio.Future[str]
    text: str = ""
    urgent: bool = False


Digest = Callable[[tuple[str, ...]], Awaitable[str]]


@dataclass(eq=False)
class Lane:
    """One conversation: strictly in order (urgent ones first), merged while the minute is full."""

    clock: Clock
    sleep: Callable[[float], Awaitable[None]]
    window: Window
    digest: Digest
    waiting: deque[Waiting] = field(default_factory=deque)
    task: asyncio.Task[None] | None = None

    async def say(self, deliver: Callable[[], Awaitable[str]], *, text: str = "", urgent: bool = False) -> str:
        """Wait for the turn, deliver, give the message's id. Raises Unavailable when the wait would be too long."""
        if len(self.waiting) >= MAX_WAITING:
            raise Unavailable("dingtalk: conversation is crowded", retry_after=60.0)
        item = Waiting(deliver, asyncio.get_running_loop().create_future(), text, urgent)
        if urgent:
            ahead = sum(1 for each in self.waiting if each.urgent)
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

    async def _work(self) -> None:
        crowded = False
        while self.waiting:
            head = self.waiting[0]
            wait = self.window.take(self.clock.now(), urgent=head.urgent)
            if wait > PATIENCE:
                self._give_up(wait)
                return
            if wait:
                crowded = True
                await self.sleep(min(wait, 1.0))
                continue
            await self._deliver(self._group(crowded=crowded or self.window.pressed))
            crowded = crowded and bool(self.waiting)

    def _group(self, *, crowded: bool) -> list[Waiting]:
        """The next message, with those behind it that can share its place."""
        group = [self.waiting.popleft()]
        while crowded and group[0].text and self.waiting and self.waiting[0].text and len(group) < _DIGEST_MAX:
            group.append(self.waiting.popleft())
        return group

    async def _deliver(self, group: list[Waiting]) -> None:
        try:
            ident = await (group[0].deliver() if len(group) == 1 else self.digest(tuple(each.text for each in group)))
        except Exception as problem:
            if not isinstance(problem, DeskError) and len(group) > 1:
                problem = Unavailable(f"digest failed: {type(problem).__name__}")
            for each in group:
                if not each.done.done():
                    each.done.set_exception(problem)
            return
        for each in group:
            if not each.done.done():
                each.done.set_result(ident)

    def _give_up(self, wait: float) -> None:
        while self.waiting:
            each = self.waiting.popleft()
            if not each.done.done():
                each.done.set_exception(Unavailable("dingtalk: conversation budget is used up", retry_after=wait))

    async def aclose(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        for each in self.waiting:
            each.done.cancel()
        self.waiting.clear()
