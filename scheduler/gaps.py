"""When did we last hear a platform? Kept in the store, so that a gap is noticed after a kill -9, too, and by any replica.

Every replica that hears writes so every few seconds. When hearing begins again, the time since the last such word, of this
replica or of another, is the gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import datetime, timedelta

import structlog

from domain.clock import millis, moment
from domain.errors import DeskError
from domain.ports import NoticesGaps
from domain.store import UnitOfWork
from handlers.desk import Desk
from handlers.gap import ACTIVE, announce
from storage.holders import is_gone

log = structlog.get_logger()
BEAT_SECONDS = 3.0
_KEPT = 8  # owners: those of the last restarts and of all replicas


class Gaps:
    """One per process."""

    def __init__(self, desk: Desk, *, owner: str, beat_seconds: float = BEAT_SECONDS) -> None:
        self._desk = desk
        self._owner = owner
        self._beat = beat_seconds

    async def watch(self, platform: str, chat: NoticesGaps) -> None:
        """Write that we hear, for as long as we do, until cancelled; and once more when it ends, to the second."""
        try:
            while True:
                await self._stamp(platform, chat)
                await asyncio.sleep(self._beat)
        finally:
            with contextlib.suppress(DeskError):
                await self._stamp(platform, chat)

    async def _stamp(self, platform: str, chat: NoticesGaps) -> None:
        if not chat.hearing:
            return
        at = millis(self._desk.clock.now())

        def work(uow: UnitOfWork) -> None:
            stamps = _read(uow.cursors.locked(_name(platform)))
            newest = sorted({**stamps, self._owner: at}.items(), key=lambda each: each[1])[-_KEPT:]
            uow.cursors.put(_name(platform), json.dumps(dict(newest)))

        try:
            await self._desk.store.write(work)
        except DeskError as away:
            log.warning("gap.not_stamped", platform=platform, error=type(away).__name__)

    async def heard(self, platform: str, chat: NoticesGaps, since: datetime | None, until: datetime) -> None:
        """Hearing has begun again. `since`: when this process last heard; None when it never did."""
        kept = await self._desk.store.read(lambda r: r.cursors.get(_name(platform)))
        stamps = _read(kept or "")
        others = {owner: at for owner, at in stamps.items() if owner != self._owner}
        alone = getattr(chat, "one_holder", False)
        if not alone and any(self._alive(owner, at, until) for owner, at in others.items()):
            return  # another replica heard all the while
        latest = moment(max(others.values())) if others else None
        start = max(filter(None, (since, latest)), default=None)
        least = chat.forgiven_seconds
        if start is None or (until - start).total_seconds() < least:
            return
        begun = start
        lanes = [lane for lane, _ in await self._desk.store.inbox.recent(platform, begun - ACTIVE)]
        told = await self._desk.store.write(lambda u: announce(u, platform, begun, until, lanes, least=least))
        if told is not None:
            seconds = round((until - told[0]).total_seconds(), 1)
            log.warning("gap.announced", platform=platform, seconds=seconds, groups=told[1])

    def _alive(self, owner: str, at: int, now: datetime) -> bool:
        return not is_gone(owner) and now - moment(at) < timedelta(seconds=2.5 * self._beat)


def _name(platform: str) -> str:
    return f"heard:{platform}"


def _read(text: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(text) if text else {}
    return found
