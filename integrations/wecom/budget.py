"""How fast we may speak: below the platform's own limits, with room kept for those who asked and for what is critical."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable

from domain.clock import Clock
from domain.errors import Unavailable

_MINUTE, _HOUR = 60.0, 3600.0
_REMEMBERED = 4_096


class Budget:
    """Messages per conversation in any 60 seconds and any hour. `reserve` of a minute's are kept for answers.

    Nothing is dropped: an answer waits for its turn (`patience` at most), a push is told to come again later.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        per_hour: int,
        clock: Clock,
        reserve: int = 0,
        patience: float = 50.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._minute, self._hour, self._reserve = per_minute, per_hour, reserve
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()
        self._held: dict[str, float] = {}

    async def turn(self, conversation: str, *, urgent: bool) -> None:
        """Count one message, as soon as it may leave. Raises Unavailable with the wait when that is too long."""
        waited = 0.0
        while wait := self._wait(conversation, urgent=urgent):
            if not urgent or waited + wait > self._patience:
                raise Unavailable("wecom: this conversation's budget is used up", retry_after=wait)
            waited += wait
            await self._sleep(wait)

    def hold(self, conversation: str, seconds: float) -> None:
        """The platform counted differently and said so."""
        self._held[conversation] = self._now() + seconds

    def _wait(self, conversation: str, *, urgent: bool) -> float:
        now = self._now()
        sent = self._sent.setdefault(conversation, deque())
        self._sent.move_to_end(conversation)
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        while sent and sent[0] <= now - _HOUR:
            sent.popleft()
        held = self._held.get(conversation, 0.0) - now
        if held > 0:
            return held
        self._held.pop(conversation, None)
        minute = [at for at in sent if at > now - _MINUTE]
        allowed = self._minute if urgent else self._minute - self._reserve
        if len(minute) >= allowed:
            return max(0.05, minute[-allowed] + _MINUTE - now)
        if len(sent) >= self._hour:
            return max(0.05, sent[-self._hour] + _HOUR - now)
        sent.append(now)
        return 0.0

    def _now(self) -> float:
        return self._clock.now().timestamp()
