"""Carries out what was committed: outbox rows become effects, due deadlines become handlers' work.

Every row is claimed under a lease, run outside any transaction, and settled in its own commit. A crash in between means
that the row is claimed again, so effects carry stable keys and look before they repeat. A living relay extends its leases
while it works, so they are short: what a dead one held is taken over in seconds, and at once where it certainly died.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import structlog

from domain.errors import DeskError, Unavailable
from domain.store import Claimed, Deadline, UnitOfWork
from domain.topics import Topic
from handlers.desk import Desk
from handlers.router import Router

log = structlog.get_logger()
LEASE_SECONDS = 15.0
BEAT_SECONDS = 4.0
_BATCH = 50
_DUE_BATCH = 500
_MAX_TRIES = 12
_POISONED_WAIT = timedelta(minutes=5)


class Relay:
    """One per process; several processes share the work through the outbox's leases.

    `elsewhere` names the chat platforms whose connection another replica holds: their conversations are that one's to serve.
    """

    def __init__(
        self,
        desk: Desk,
        router: Router,
        *,
        owner: str,
        idle_seconds: float = 0.2,
        elsewhere: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._desk = desk
        self._router = router
        self._owner = owner
        self._idle = idle_seconds
        self._elsewhere = elsewhere
        self._woken = asyncio.Event()
        self._busy: set[asyncio.Task[None]] = set()
        self._working: set[int] = set()  # rows that are being carried out here

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Pump for ever. Trouble with the store is logged and tried again: the rows are still there."""
        beating = asyncio.create_task(self._beat())
        try:
            while True:
                self._woken.clear()
                try:
                    moved = await self.due_once() + await self._start_rows()
                except Exception:
                    log.exception("relay.round_failed")
                    moved = 0
                if not moved:
                    with contextlib.suppress(TimeoutError):
                        # Not wait_for: before Python 3.12 it loses a cancellation that meets the waking, and we never end.
                        async with asyncio.timeout(self._idle):
                            await self._woken.wait()
        finally:
            for task in (beating, *self._busy):
                task.cancel()
            await asyncio.gather(beating, *self._busy, return_exceptions=True)

    async def _beat(self) -> None:
        """Say that we live: keep what we work on, and free what others left who certainly do not."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            with contextlib.suppress(DeskError):
                if await self._desk.store.write(self._keep):
                    self._woken.set()

    def _keep(self, uow: UnitOfWork) -> int:
        until = self._desk.clock.now() + timedelta(seconds=LEASE_SECONDS)
        uow.outbox.extend(sorted(self._working), owner=self._owner, until=until)
        return uow.outbox.recover()

    async def drain(self, *, limit: int = 10_000) -> int:
        """Do everything that is due now, then return how much that was: for tests and rehearsals."""
        total = 0
        while total < limit:
            moved = await self.due_once()
            rows = await self._claim(_BATCH)
            await asyncio.gather(*(self.carry_out(row) for row in rows))
            if not moved and not rows:
                return total
            total += moved + len(rows)
        return total

    async def _start_rows(self) -> int:
        rows = await self._claim(_BATCH - len(self._busy)) if len(self._busy) < _BATCH else []
        for row in rows:
            task = asyncio.create_task(self.carry_out(row))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)
            task.add_done_callback(lambda _: self._woken.set())
        return len(rows)

    async def _claim(self, limit: int) -> list[Claimed]:
        now = self._desk.clock.now()
        lanes = [f"chat:{platform}:" for platform in sorted(self._elsewhere())]
        return await self._desk.store.write(
            lambda u: u.outbox.claim(now, owner=self._owner, lease_seconds=LEASE_SECONDS, limit=limit, elsewhere=lanes)
        )

    # --- outbox -------------------------------------------------------------------------------------------------------

    async def carry_out(self, row: Claimed) -> None:
        """Run one row's effect and settle the row. Never raises but for cancellation."""
        self._working.add(row.id)
        try:
            await self._carry_out(row)
        finally:
            self._working.discard(row.id)

    async def _carry_out(self, row: Claimed) -> None:
        store, now = self._desk.store, self._desk.clock.now()
        effect = self._router.effects.get(Topic(row.topic)) if row.topic in set(Topic) else None
        if effect is None:
            await store.write(lambda u: u.outbox.fail(row.id, error=f"nobody handles {row.topic}"))
            log.error("outbox.unhandled", topic=row.topic, row=row.id)
            return
        try:
            fate = await effect(row, self._desk) or ""
        except Unavailable as later:
            wait = later.retry_after if later.retry_after is not None else _back_off(row.attempts)
            # A full conversation budget is not the row's fault, so it never runs out of tries by waiting its turn.
            due = now + timedelta(seconds=wait)
            await store.write(lambda u: u.outbox.retry(row.id, due_at=due, error="unavailable"))
        except Exception as trouble:
            await self._trouble(row, trouble, now)
        else:
            await store.write(lambda u: u.outbox.done(row.id, fate=fate))

    async def _trouble(self, row: Claimed, trouble: Exception, now: datetime) -> None:
        name = type(trouble).__name__
        if isinstance(trouble, DeskError):
            log.warning("outbox.effect_refused", topic=row.topic, row=row.id, error=name, tries=row.attempts)
        else:
            log.error("outbox.effect_failed", topic=row.topic, row=row.id, tries=row.attempts, exc_info=trouble)
        if row.attempts + 1 >= _MAX_TRIES:
            await self._desk.store.write(lambda u: u.outbox.fail(row.id, error=f"{name}: gave up"))
            return
        due = now + timedelta(seconds=_back_off(row.attempts))
        await self._desk.store.write(lambda u: u.outbox.retry(row.id, due_at=due, error=name))

    # --- deadlines ----------------------------------------------------------------------------------------------------

    async def due_once(self) -> int:
        """Take what is due and do it, in one commit. One bad deadline is put aside and never blocks the others."""
        now = self._desk.clock.now()
        try:
            return await self._desk.store.write(lambda u: self._due(u, now, _DUE_BATCH))
        except DeskError:
            raise
        except Exception:
            log.exception("deadlines.batch_failed")
            return await self._one_by_one(now)

    def _due(self, uow: UnitOfWork, now: datetime, limit: int) -> int:
        due = uow.deadlines.take_due(now, limit=limit)
        for deadline in due:
            run = self._router.due.get(deadline.kind)
            if run is None:
                log.error("deadline.unhandled", kind=deadline.kind, entity=deadline.entity)
                continue
            run(uow, deadline, now, self._desk)
        return len(due)

    async def _one_by_one(self, now: datetime) -> int:
        done = 0
        while done < _DUE_BATCH:
            try:
                if not await self._desk.store.write(lambda u: self._due(u, now, 1)):
                    return done
            except Exception:
                log.exception("deadline.failed")
                await self._desk.store.write(lambda u: self._put_aside(u, now))
            done += 1
        return done

    @staticmethod
    def _put_aside(uow: UnitOfWork, now: datetime) -> None:
        for bad in uow.deadlines.take_due(now, limit=1):
            uow.deadlines.put([Deadline(bad.entity, bad.kind, now + _POISONED_WAIT, bad.payload)])


def _back_off(tries: int) -> float:
    return float(min(300.0, 1.5 * 2.0**tries))
