"""A rate budget for one caller: spread calls, never burst above the platform's limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Pace:
    """At most `per_second` calls a second, first come first served. `sleep` and `time` are injected for virtual time."""

    def __init__(
        self,
        per_second: float,
        *,
        time: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 1.0 / per_second
        self._time = time
        self._sleep = sleep
        self._next = 0.0

    async def turn(self) -> None:
        """Wait until the next call may leave."""
        now = self._time()
        start = max(now, self._next)
        self._next = start + self._gap
        if start > now:
            await self._sleep(start - now)

    def hold(self, seconds: float) -> None:
        """The platform asked for silence: nothing leaves before then."""
        self._next = max(self._next, self._time() + seconds)
