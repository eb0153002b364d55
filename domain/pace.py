"""How fast a conversation, or a robot, may be spoken to: sliding windows, and shares of them for what must not wait.

A `Pace` counts for everybody who shares it. The one in the store holds for all replicas and over a restart; the one
in memory is for tests and for a connector that stands alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.clock import Clock, millis

KEEP = 4_096  # moments of one name: beyond any platform's hour


@dataclass(frozen=True, slots=True)
class Span:
    """At most `most` in any `seconds`."""

    most: int
    seconds: float


class Pace(Protocol):
    """Counts what leaves, by name."""

    async def take(self, name: str, spans: Sequence[Span]) -> float:
        """0.0, and it is counted; or the seconds to wait, and nothing is counted."""
        ...

    async def used(self, name: str, seconds: float) -> int:
        """How many left within the last seconds."""
        ...

    async def hold(self, name: str, seconds: float) -> None:
        """Nothing of this name may leave for so long: the platform counted differently and said so."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What is remembered of one name: when the last ones left, oldest first, and until when it is held; milliseconds."""

    at: tuple[int, ...] = ()
    held_until: int = 0

    def take(self, spans: Sequence[Span], now: int) -> tuple[Taken, float]:
        """What is remembered afterwards, and the seconds to wait (0.0: it may leave, and is counted)."""
        longest = max((span.seconds for span in spans), default=0.0)
        at = self.at[bisect_right(self.at, now - int(longest * 1000)) :][-KEEP:]
        wait = max([self.held_until - now, *(_wait(at, span, now) for span in spans)])
        if wait > 0:
            return Taken(at, self.held_until), max(0.01, wait / 1000)
        return Taken((*at, max(now, at[-1]) if at else now), 0), 0.0  # a clock set back must not unsort the row

    def used(self, seconds: float, now: int) -> int:
        return len(self.at) - bisect_right(self.at, now - int(seconds * 1000))

    def text(self) -> str:
        """As it is stored."""
        return f"{self.held_until};{','.join(map(str, self.at))}"

    @classmethod
    def parse(cls, text: str) -> Taken:
        """Inverse of `text`; nothing for what is not ours."""
        held, _, at = text.partition(";")
        try:
            return cls(tuple(map(int, at.split(","))) if at else (), int(held or 0))
        except ValueError:
            return cls()


def _wait(at: Sequence[int], span: Span, now: int) -> int:
    inside = len(at) - bisect_right(at, now - int(span.seconds * 1000))
    # The one that makes room is `most` before the end of the row.
    return 0 if inside < span.most else at[-span.most] + int(span.seconds * 1000) - now


class MemoryPace:
    """For as long as the process lives, by the injected clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._taken: dict[str, Taken] = {}

    async def take(self, name: str, spans: Sequence[Span]) -> float:
        taken, wait = self._taken.get(name, Taken()).take(spans, millis(self._clock.now()))
        self._taken[name] = taken
        return wait

    async def used(self, name: str, seconds: float) -> int:
        return self._taken.get(name, Taken()).used(seconds, millis(self._clock.now()))

    async def hold(self, name: str, seconds: float) -> None:
        taken = self._taken.get(name, Taken())
        self._taken[name] = Taken(taken.at, millis(self._clock.now()) + int(seconds * 1000))
