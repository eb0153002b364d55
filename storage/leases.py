"""One holder per name among replicas: the timetable, a socket, a relay's shard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from domain.clock import Clock
from storage.holders import is_gone
from storage.moments import ms
from storage.units import SqlUnit

_TAKE = (
    "INSERT INTO leases(name,owner,until) VALUES(?,?,?) ON CONFLICT (name) DO UPDATE SET owner=excluded.owner,"
    " until=excluded.until WHERE leases.owner = excluded.owner OR leases.until <= ?"
)

_INHERIT = "UPDATE leases SET owner = ?, until = ? WHERE name = ? AND owner = ?"


class SqlLeases:
    def __init__(self, write: Callable[[Callable[[SqlUnit], Any]], Awaitable[Any]], clock: Clock) -> None:
        self._write = write
        self._clock = clock

    async def take(self, name: str, owner: str, *, seconds: float) -> bool:
        """True when `owner` holds the name now: free, lapsed, held by it already (which extends it), or held by a process
        that is certainly gone.
        """
        now = ms(self._clock.now())
        until = now + int(seconds * 1000)

        def work(unit: SqlUnit) -> bool:
            if unit.conn.run(_TAKE, (name, owner, until, now)):
                return True
            holder = unit.conn.one("SELECT owner FROM leases WHERE name = ?", (name,))
            if holder is None or not is_gone(holder[0]):
                return False
            return unit.conn.run(_INHERIT, (owner, until, name, holder[0])) > 0

        taken: bool = await self._write(work)
        return taken

    async def give(self, name: str, owner: str) -> None:
        await self._write(lambda unit: unit.conn.run("DELETE FROM leases WHERE name = ? AND owner = ?", (name, owner)))
