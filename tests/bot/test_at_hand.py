"""A question answered inside one hop to the store, and the ways out of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.at_hand import AtHand, at_once


class OneValue:
    """Reads that hold one value."""

    value = 7


async def test_reading_ends_on_the_spot() -> None:
    async def work(store: AtHand) -> int:
        found: int = await store.read(lambda r: r.value)  # type: ignore[attr-defined]
        return found + 1

    reads: Any = OneValue()
    assert at_once(work(AtHand(reads))) == 8


async def test_what_wants_to_write_is_given_up_even_when_it_catches_every_exception() -> None:
    written = []

    async def work(store: AtHand) -> str:
        try:
            await store.write(lambda _: written.append(1))
        except Exception:
            return "swallowed"
        return "written"

    reads: Any = OneValue()
    assert at_once(work(AtHand(reads))) is None
    assert written == []


async def test_what_wants_to_wait_is_given_up() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 1

    assert at_once(work()) is None


async def test_a_mistake_comes_out_as_it_is() -> None:
    async def work() -> int:
        raise LookupError("ours")

    with pytest.raises(LookupError):
        at_once(work())
