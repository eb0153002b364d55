"""Keeping the day sums behind figures up to date: a job by the clock, so that nobody waits for it and no write pays for it.

A day is counted on a reading connection and kept in a short write; when an order of it changed in between, it is left for
the next time. A figure asked for meanwhile is the same, only slower: a day that is out of date is counted from its orders.
"""

from __future__ import annotations

import time

import structlog

from domain.errors import DeskError, Stale
from domain.store import Store

log = structlog.get_logger()
SECONDS = 30.0  # of one turn; what is left waits for the next bell


async def keep_days(store: Store, *, seconds: float = SECONDS) -> int:
    """Add up the days that are out of date, the newest first. How many were kept."""
    kept = 0
    until = time.monotonic() + seconds
    for day in await store.read(lambda r: r.figures.marked()):
        if time.monotonic() > until:
            break
        kept += await _keep(store, day)
    return kept


async def _keep(store: Store, day: int) -> bool:
    try:
        summed = await store.read(lambda r: r.figures.added_up(day))
        await store.write(lambda u: u.days.keep(summed))
    except Stale:
        return False  # somebody wrote to that day meanwhile
    except DeskError as trouble:
        # One day that cannot be added up (amounts beyond 64 bits) must not keep the others from it.
        log.warning("figures.day_failed", day=day, error=type(trouble).__name__)
        return False
    return True
