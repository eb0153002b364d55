from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ProtocolBroken
from integrations._kit.sweep import Page, sweep

Rows = list[dict[str, Any]]


class Platform:
    """A list sorted by update time whose rows can move on between two answers."""

    def __init__(self, stamps: list[int], moves: list[tuple[int, int, int]], *, exclusive: bool = False) -> None:
        self.rows: Rows = [{"id": str(index), "at": stamp} for index, stamp in enumerate(stamps)]
        self.moves = moves  # (after this many answers, row, by)
        self.exclusive = exclusive
        self.answers = 0
        self.asked: list[tuple[int, int, int]] = []

    async def fetch(self, start: int, end: int, page: int) -> Page:
        self.asked.append((start, end, page))
        edge = 1 if self.exclusive else 0
        hits = sorted(
            (row for row in self.rows if start + edge <= row["at"] <= end - edge), key=lambda row: (row["at"], row["id"])
        )
        found = [dict(row) for row in hits[page * 3 : page * 3 + 3]]
        self.answers += 1
        for after, index, by in self.moves:
            if after == self.answers:
                self.rows[index % len(self.rows)]["at"] += by
        return Page(found, len(hits))


async def read(platform: Platform, *, end: int = 100, edge: int = 0) -> list[str]:
    return [
        row["id"]
        async for rows in sweep(
            platform.fetch, start=0, end=end, size=3, stamp=lambda row: row["at"], ident=lambda row: row["id"], edge=edge
        )
        for row in rows
    ]


@settings(max_examples=150, deadline=None)
@given(stamps=st.lists(st.integers(0, 12), max_size=24))
async def test_rows_that_stand_still_are_read_exactly_once(stamps: list[int]) -> None:
    assert Counter(await read(Platform(stamps, []))) == Counter(str(index) for index in range(len(stamps)))


@settings(max_examples=200, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 40), min_size=1, max_size=24),
    moves=st.lists(st.tuples(st.integers(1, 12), st.integers(0, 23), st.integers(1, 50)), max_size=6),
)
async def test_no_row_is_hidden_by_one_that_moves(stamps: list[int], moves: list[tuple[int, int, int]]) -> None:
    platform = Platform(stamps, moves)
    seen = set(await read(platform))
    still_inside = {row["id"] for row in platform.rows if row["at"] <= 100}
    assert still_inside <= seen


@settings(max_examples=60, deadline=None)
@given(stamps=st.lists(st.integers(0, 12), max_size=24))
async def test_exclusive_bounds_lose_nothing_when_the_queries_are_widened(stamps: list[int]) -> None:
    platform = Platform(stamps, [], exclusive=True)
    assert Counter(await read(platform, end=12, edge=1)) == Counter(str(index) for index in range(len(stamps)))


async def test_the_number_of_calls_grows_with_the_rows_not_with_the_window() -> None:
    platform = Platform([0, 90_000], [])
    await read(platform, end=100_000)
    assert len(platform.asked) == 1


async def test_rows_promised_but_not_given_are_a_broken_protocol() -> None:
    async def fetch(start: int, end: int, page: int) -> Page:
        return Page([], 7)

    with pytest.raises(ProtocolBroken):
        [rows async for rows in sweep(fetch, start=0, end=9, size=3, stamp=lambda row: 0, ident=str)]


async def test_a_cut_page_is_continued_behind_its_last_row() -> None:
    platform = Platform([1, 2, 3, 4, 5, 6, 7], [])
    whole = platform.fetch

    async def halved(start: int, end: int, page: int) -> Page:
        answer = await whole(start, end, page)
        return Page(answer.rows[:2], answer.total)

    platform.fetch = halved  # type: ignore[method-assign]
    assert await read(platform) == ["0", "1", "2", "3", "4", "5", "6"]


async def test_a_cut_page_inside_one_second_is_a_broken_protocol() -> None:
    platform = Platform([5] * 9, [])
    whole = platform.fetch

    async def halved(start: int, end: int, page: int) -> Page:
        answer = await whole(start, end, page)
        return Page(answer.rows[:1], answer.total)

    platform.fetch = halved  # type: ignore[method-assign]
    with pytest.raises(ProtocolBroken):
        await read(platform)


async def test_a_row_without_a_readable_time_is_passed_on() -> None:
    async def fetch(start: int, end: int, page: int) -> Page:
        return Page([{"id": "a"}, {"id": "b", "at": 3}], 2)

    found = [
        rows
        async for rows in sweep(fetch, start=0, end=9, size=3, stamp=lambda row: row.get("at"), ident=lambda row: row["id"])
    ]
    assert [row["id"] for rows in found for row in rows] == ["a", "b"]
