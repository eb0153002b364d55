"""Read a list that is sorted by update time from its last page to its first, as the platform demands, and lose nothing.

A row that is updated leaves its place and every later row moves up by one. Reading forwards, the row on the border then
hides on a page that was passed already; reading backwards it only shows twice. What backwards reading alone would miss is a
row that moves from an unread page to the tail that was read first: so the tail is looked at until it brings nothing new.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from domain.errors import ProtocolBroken, Unavailable
from integrations.pinduoduo.wire import Row

_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Page:
    """One answer. `total` only where it was counted; `more`: whether a later page exists."""

    rows: list[Row]
    total: int | None
    more: bool


Fetch = Callable[[int, bool], Awaitable[Page]]
"""(page from 1, count the whole?) -> Page. Counting is the slow way, so only the first page of a round is counted."""

Mark = Callable[[Row], tuple[str, str]]
"""(id, version) of a row."""


async def backwards(fetch: Fetch, *, size: int, mark: Mark, seen: set[tuple[str, str]]) -> AsyncIterator[list[Row]]:
    """Yield pages of rows, each version once (`seen` may be shared by neighbouring windows).

    Raises ProtocolBroken on half a page, Unavailable when the list never comes to rest.
    """
    for look in range(_ROUNDS):
        counted = await fetch(1, True)
        if counted.total is None:
            raise ProtocolBroken("list: not counted")
        if counted.total <= size:
            if len(counted.rows) < counted.total:
                raise ProtocolBroken("list: half a page")
            if rows := _fresh(counted.rows, mark, seen):  # count and rows are of one moment: nothing can have moved
                yield rows
            return
        found = 0
        async for page in _round(fetch, last=-(-counted.total // size), size=size):
            rows = _fresh(page.rows, mark, seen)
            found += len(rows)
            if rows:
                yield rows
            elif look and page.rows and not found:
                # The newest rows are known in their newest version, and what did not move was read before. Only when that
                # is the first thing a look finds is it the last word: while older pages were read, a row may have moved.
                return
    raise Unavailable("list: it keeps moving", retry_after=60.0)


async def _round(fetch: Fetch, *, last: int, size: int) -> AsyncIterator[Page]:
    """From the last page to the first; pages that have grown behind it since the count are found before turning round."""
    page = await _whole(fetch, last, size)
    limit = last + _ROUNDS
    while page.more and last < limit:
        last += 1
        page = await _whole(fetch, last, size)
    yield page
    for number in range(last - 1, 0, -1):
        yield await _whole(fetch, number, size)


async def _whole(fetch: Fetch, number: int, size: int) -> Page:
    page = await fetch(number, False)
    if page.more and len(page.rows) < size:
        raise ProtocolBroken("list: half a page")
    return page


def _fresh(rows: list[Row], mark: Mark, seen: set[tuple[str, str]]) -> list[Row]:
    found = []
    for row in rows:
        version = mark(row)
        if version not in seen or not version[0]:  # a row without an id is passed on, to be set aside with its reason
            seen.add(version)
            found.append(row)
    return found
