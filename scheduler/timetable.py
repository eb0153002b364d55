"""All that happens by the clock, in one table. Order time-outs are not here: they are due rows in the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from handlers import people_sync, sync
from handlers.desk import Desk
from handlers.kpi_keep import keep_days
from handlers.router import Router


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called every `every`, by one replica at a time (the lease is the name). `at_start`: once at the start too."""

    name: str
    every: timedelta
    run: Callable[[], Awaitable[object]]
    jitter: timedelta = timedelta(seconds=5)
    at_start: bool = False


def timetable(desk: Desk, router: Router, *, pull_every: timedelta = timedelta(minutes=10)) -> list[Job]:
    """Every job of this installation."""
    jobs = []
    for channel, shop in desk.channels.shops():

        async def pull(channel: str = channel, shop: str = shop) -> object:
            return await sync.pull(desk, router, channel, shop)

        jobs.append(Job(f"sync.{channel}.{shop}", pull_every, pull, at_start=True))

    for platform in people_sync.directories(desk):

        async def look(platform: str = platform) -> object:
            return await people_sync.sync_directory(desk, platform)

        every = timedelta(minutes=desk.directory.every_minutes)
        jobs.append(Job(f"directory.{platform}", every, look, at_start=True))

    async def add_up() -> object:
        return await keep_days(desk.store)

    jobs.append(Job("figures.days", timedelta(minutes=2), add_up, at_start=True))
    return jobs
