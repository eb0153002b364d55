"""Keeps the rules of this process up to date: with what was switched on in the group, by any process, and with the file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from domain.errors import DeskError
from domain.rules import LiveRules, RuleBook
from handlers.desk import Desk
from handlers.rule_switch import refresh

log = structlog.get_logger()
LOOK_EVERY = 3.0  # seconds


async def keep_rules(
    desk: Desk, stamp: Callable[[], int], read: Callable[[], RuleBook], *, every: float = LOOK_EVERY
) -> None:
    """Until cancelled. `stamp` is another number when the file changed, `read` reads it; both are called off the loop."""
    if not isinstance(desk.policy.rules, LiveRules):
        return
    rules = desk.policy.rules
    seen = (await asyncio.to_thread(stamp), -1)
    while True:
        try:
            seen = await _look(desk, stamp, read, seen)
        except (DeskError, OSError):
            log.warning("rules.not_refreshed", exc_info=True)
        await asyncio.sleep(every)
        await asyncio.to_thread(getattr, rules, "filed")  # read by now, so that no alert has to wait for it


async def _look(
    desk: Desk, stamp: Callable[[], int], read: Callable[[], RuleBook], seen: tuple[int, int]
) -> tuple[int, int]:
    now = (await asyncio.to_thread(stamp), await desk.store.read(lambda r: r.rule_changes.mark()))
    if now[0] != seen[0]:
        book = await asyncio.to_thread(read)
        if book.problems:
            # Somebody is in the middle of editing by hand: what stands stays until the file is whole.
            log.error("rules.file_not_taken", problems=[str(each) for each in book.problems[:3]])
        else:
            desk.policy.rules.filed = book
            log.info("rules.file_taken", rules=len(book.rules))
    if now != seen:
        await refresh(desk)
    return now
