"""Read a list that is sorted by update time while its rows keep moving: nothing lost, whatever is updated meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from domain.errors import ProtocolBroken

Row = Any


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the platform. `total` counts the rows of the whole query."""

    rows: list[Row]
    total: int


Fetch = Callable[[int, int, int], Awaitable[Page]]
"""(start, end, page from 0) -> Page, ascending by update time. Seconds; `end` inclusive unless the caller widens it."""


async def sweep(
    fetch: Fetch,
    *,
    start: int,
    end: int,
    size: int,
    stamp: Callable[[Row], int | None],
    ident: Callable[[Row], str],
    edge: int = 0,
) -> AsyncIterator[list[Row]]:
    """Yield pages of rows whose update time lies in [start, end] (seconds), each row version once.

    Page numbers are not stable: a row that is updated leaves its place and every later row moves up by one, over the page
    border that we have already passed. So page numbers are not used: the next query starts at the last second seen, and a
    row that moves can only move ahead of us. Only when one second holds more rows than a page are its pages numbered, and
    then they are read from the last to the first, where a move can repeat a row but never hide one.
    A row that `stamp` cannot read (None) is passed on as it is: its reader decides what to do with it.
    `edge` widens each query by that many seconds, for platforms whose bounds may be exclusive.
    """
    since, seen = start, set[tuple[str, int | None]]()

    def fresh(rows: list[Row]) -> list[Row]:
        found = []
        for row in rows:
            mark = (ident(row), stamp(row))
            if mark not in seen and (mark[1] is None or start <= mark[1] <= end):
                seen.add(mark)
                found.append(row)
        return found

    while since <= end:
        page = await fetch(since - edge, end + edge, 0)
        if rows := fresh(page.rows):
            yield rows
        if page.total > 0 and not page.rows:
            raise ProtocolBroken("list: rows promised, none given")
        # A short page is the last one only if the platform's own count agrees; otherwise it was cut and we go on behind it.
        if len(page.rows) < size and page.total <= len(page.rows):
            return
        last = max((moved for row in page.rows if (moved := stamp(row)) is not None), default=since)
        if last > since:
            since = last
            continue
        crowded = await fetch(since - edge, since + edge, 0)
        for number in range((max(crowded.total, 1) - 1) // size, -1, -1):
            page = await fetch(since - edge, since + edge, number)
            if len(page.rows) < min(size, page.total - number * size):
                raise ProtocolBroken("list: half a page inside one second")
            if rows := fresh(page.rows):
                yield rows
        since += 1
