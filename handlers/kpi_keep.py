"""Keeping the day sums behind figures up to date: a job by the clock, so that nobody waits for it and no write pays for it.

A day is counted on a reading connection and kept in a short write; when an order of it changed in between, it is left for
the next time. A figure asked for meanwhile is the same, only slower: a day that is out of date is counted from its orders.
"""

from __future__ import annotations

import time

import structlog

from domain.errors import DeskError
from domain.query import DaySum
from domain.store import Reads, Store, UnitOfWork

log = structlog.get_logger()
SECONDS = 30.0  # of one turn; what is left waits for the next bell
_AT_ONCE = 0.05  # seconds of counting that share one look and one commit: small days are many


async def keep_days(store: Store, *, seconds: float = SECONDS) -> int:
    """Add up the days that are out of date, the newest first. How many were kept."""
    kept = 0
    until = time.monotonic() + seconds
    waiting = await store.read(lambda r: r.figures.marked())
    while waiting and time.monotonic() < until:
        taken, summed = await store.read(lambda r: _counted(r, waiting))  # noqa: B023  awaited at once
        waiting = waiting[taken:]
        if summed:
            kept += await store.write(lambda u: _kept(u, summed))  # noqa: B023
    return kept


def _counted(reads: Reads, days: list[int]) -> tuple[int, list[DaySum]]:
    """(how many days were looked at, the sums of those that could be added up)."""
    found: list[DaySum] = []
    until = time.monotonic() + _AT_ONCE
    for taken, day in enumerate(days, 1):
        try:
            found.append(reads.figures.added_up(day))
        except DeskError as trouble:
            # One day that cannot be added up (amounts beyond 64 bits) must not keep the others from it.
            log.warning("figures.day_failed", day=day, error=type(trouble).__name__)
        if time.monotonic() > until:
            return taken, found
    return len(days), found


def _kept(uow: UnitOfWork, summed: list[DaySum]) -> int:
    """Somebody may have written to a day meanwhile: that one is left for the next time."""
    return sum(uow.days.keep(one) for one in summed)
