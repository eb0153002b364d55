"""The pace that all replicas share: a row per conversation or robot, counted in the transaction that reads it."""

from __future__ import annotations

from collections.abc import Sequence

from domain.clock import Clock, millis
from domain.pace import Span, Taken
from domain.store import Store, UnitOfWork


class StoredPace:
    """Implements `domain.pace.Pace` on the cursors table. What left is on disk before it leaves, so a restart knows it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, name: str, spans: Sequence[Span]) -> float:
        def work(uow: UnitOfWork) -> float:
            before = Taken.parse(uow.cursors.locked(_row(name)))
            after, wait = before.take(spans, millis(self._clock.now()))
            if not wait:
                uow.cursors.put(_row(name), after.text())
            return wait

        return await self._store.write(work)

    async def used(self, name: str, seconds: float) -> int:
        kept = await self._store.read(lambda r: r.cursors.get(_row(name)))
        return Taken.parse(kept or "").used(seconds, millis(self._clock.now()))

    async def hold(self, name: str, seconds: float) -> None:
        def work(uow: UnitOfWork) -> None:
            kept = Taken.parse(uow.cursors.locked(_row(name)))
            held = Taken(kept.at, max(kept.held_until, millis(self._clock.now()) + int(seconds * 1000)))
            uow.cursors.put(_row(name), held.text())

        await self._store.write(work)


def _row(name: str) -> str:
    return f"pace:{name}"
