"""One holder per name among replicas: the timetable, a socket, a relay's shard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from domain.clock import Clock
from storage.moments import ms
from storage.units import SqlUnit

_TAKE = (
    "INSERT INTO leases(name,owner,until) VALUES(?,?,?) ON CONFLICT (name) DO UPDATE SET owner=excluded.owner,"
    " until=excluded.until WHERE leases.owner = excluded.owner OR leases.until <= ?"
)


class SqlLeases:
    def __init__(self, write: Callable[[Callable[[SqlUnit], Any]], Awaitable[Any]], clock: Clock) -> None:
        self._write = write
        self._clock = clock

    async def take(self, name: str, owner: str, *, seconds: float) -> bool:
        """True when `owner` holds the name now: free, lapsed, or held by it already (which extends it)."""
        now = ms(self._clock.now())
        until = now + int(seconds * 1000)
        taken: int = await self._write(lambda unit: unit.conn.run(_TAKE, (name, owner, until, now)))
        return taken > 0

    async def give(self, name: str, owner: str) -> None:
        await self._write(lambda unit: unit.conn.run("DELETE FROM leases WHERE name = ? AND owner = ?", (name, owner)))
