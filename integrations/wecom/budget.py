"""How fast we may speak: below the platform's own limits, with room kept for those who asked and for what is critical."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from domain.chat import Urgency
from domain.errors import Unavailable
from domain.pace import Pace, Span

_MINUTE, _HOUR = 60.0, 3600.0


class Budget:
    """Messages per conversation in any 60 seconds and any hour, counted with everybody who shares the pace.

    `answers` of a minute's are kept for answers and critical messages, `critical` of those for critical ones alone. Nothing
    is dropped: an answer waits for its turn (`patience` at most), a push is told to come again later.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        per_hour: int,
        pace: Pace,
        name: str = "wecom",
        answers: int = 0,
        critical: int = 0,
        patience: float = 50.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._minute, self._hour = per_minute, per_hour
        self._kept = {Urgency.CRITICAL: 0, Urgency.ANSWER: critical, Urgency.NORMAL: answers}
        self._patience = patience
        self._pace = pace
        self._name = name
        self._sleep = sleep

    def share(self, pace: Pace) -> None:
        """Count with the other replicas from now on."""
        self._pace = pace

    async def turn(self, conversation: str, *, urgency: Urgency, wait: bool | None = None) -> None:
        """Count one message, as soon as it may leave. Raises Unavailable with the wait when that is too long.

        `wait`: whether to wait for the turn here; answers do, unless said otherwise.
        """
        kept = self._kept[urgency]
        # The reserve is of the minute; in the hour it is the same share.
        spans = (Span(self._minute - kept, _MINUTE), Span(self._hour - self._hour * kept // self._minute, _HOUR))
        patient = urgency is Urgency.ANSWER if wait is None else wait
        waited = 0.0
        while pause := await self._pace.take(f"{self._name}:{conversation}", spans):
            if not patient or waited + pause > self._patience:
                raise Unavailable("wecom: this conversation's budget is used up", retry_after=pause)
            waited += pause
            await self._sleep(pause)

    async def hold(self, conversation: str, seconds: float) -> None:
        """The platform counted differently and said so."""
        await self._pace.hold(f"{self._name}:{conversation}", seconds)
