"""Backwards reading against a list that is shuffled between any two pages."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ProtocolBroken, Unavailable
from integrations.pinduoduo.backwards import Page, backwards
from integrations.pinduoduo.wire import Row

SIZE = 3
END = 1000


@dataclass
class Moving:
    """A list sorted by update time; before each page some of its rows are updated, inside the window or out of it."""

    rows: dict[str, int]
    moves: list[tuple[int, bool]]
    clock: int = 100
    served: list[int] = field(default_factory=list)

    async def fetch(self, page: int, counted: bool) -> Page:
        if self.moves:
            which, leaves = self.moves.pop(0)
            name = sorted(self.rows)[which % len(self.rows)]
            self.clock += 1
            if self.rows[name] <= END:  # update times only grow: what has left does not come back
                self.rows[name] = END + self.clock if leaves else self.clock
        inside = sorted((at, name) for name, at in self.rows.items() if at <= END)
        part = inside[(page - 1) * SIZE : page * SIZE]
        self.served.append(page)
        rows: list[Row] = [{"id": name, "at": at} for at, name in part]
        return Page(rows, len(inside) if counted else None, page * SIZE < len(inside))


def mark(row: Row) -> tuple[str, str]:
    return str(row["id"]), str(row["at"])


async def read(moving: Moving) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    async for page in backwards(moving.fetch, size=SIZE, mark=mark, seen=set()):
        found += [mark(row) for row in page]
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(min_value=1, max_value=16), st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=10))
def test_whatever_moves_every_row_that_stays_is_read_in_its_last_version(count: int, moves: list[tuple[int, bool]]) -> None:
    moving = Moving({f"r{index:02d}": index for index in range(count)}, moves)
    found = asyncio.run(read(moving))
    assert len(found) == len(set(found))
    stayed = {(name, str(at)) for name, at in moving.rows.items() if at <= END}
    assert stayed <= set(found)


async def test_a_quiet_list_costs_one_count_its_pages_and_one_look_at_the_tail() -> None:
    moving = Moving({f"r{index}": index for index in range(7)}, [])
    assert len(await read(moving)) == 7
    assert moving.served == [1, 3, 2, 1, 1, 3]


async def test_a_list_that_never_rests_is_given_up_and_said() -> None:
    moving = Moving({f"r{index}": index for index in range(7)}, [(0, False)] * 500)
    with pytest.raises(Unavailable, match="moving"):
        await read(moving)


async def test_a_cut_page_is_noticed() -> None:
    async def half(page: int, counted: bool) -> Page:
        return Page([{"id": "a", "at": 1}], 7 if counted else None, page < 3)

    with pytest.raises(ProtocolBroken):
        [rows async for rows in backwards(half, size=SIZE, mark=mark, seen=set())]
