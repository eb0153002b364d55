"""Time comes from an injected clock; inside the program it is always aware UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until moved: for tests, rehearsals and the demo's fast day."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def move(self, by: timedelta) -> None:
        self._now += by

    def set(self, to: datetime) -> None:
        self._now = to


def millis(moment: datetime) -> int:
    """Whole milliseconds since 1970 UTC: how the store keeps every moment."""
    return int(moment.timestamp() * 1000)


def moment(ms: int) -> datetime:
    """Inverse of `millis`."""
    return datetime.fromtimestamp(ms / 1000, UTC)


class FollowingClock:
    """Somebody else's clock, given as seconds since 1970: the demo follows the emulated platforms'."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds(), UTC)
