"""Rings the timetable's bells. The only importer of APScheduler: a clock, nothing more; leases make replicas safe."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from domain.errors import DeskError
from domain.store import Leases
from scheduler.timetable import Job

log = structlog.get_logger()


class Bells:
    """Starts jobs on time; a job still running is not started again."""

    def __init__(self, jobs: Sequence[Job], leases: Leases, *, owner: str) -> None:
        self._jobs = jobs
        self._leases = leases
        self._owner = owner
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._first: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Needs a running event loop."""
        for job in self._jobs:
            self._scheduler.add_job(
                self.ring,
                IntervalTrigger(seconds=job.every.total_seconds(), jitter=int(job.jitter.total_seconds()) or None),
                args=[job],
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
            if job.at_start:
                task = asyncio.create_task(self.ring(job))
                self._first.add(task)
                task.add_done_callback(self._first.discard)
        self._scheduler.start()

    async def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
        for task in self._first:
            task.cancel()
        await asyncio.gather(*self._first, return_exceptions=True)

    async def ring(self, job: Job) -> None:
        """Run one job if this replica gets the lease. Trouble is logged; the next bell tries again."""
        seconds = max(60.0, min(job.every, timedelta(minutes=30)).total_seconds())
        if not await self._leases.take(job.name, self._owner, seconds=seconds):
            return
        try:
            await job.run()
        except DeskError as known:
            log.warning("job.failed", job=job.name, error=type(known).__name__)
        except Exception:
            log.exception("job.crashed", job=job.name)
        finally:
            await self._leases.give(job.name, self._owner)
