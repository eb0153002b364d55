"""Answering inside one hop to the store: most questions only read, so they run whole on the thread that reads.

A hop between threads costs more than all the reads of an answer together. The first time such a handler wants more than to
read, what it did so far (nothing but reading) is dropped, and it runs again in the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

from domain.store import Reads
from handlers.desk import Afterwards, Desk

T = TypeVar("T")


class _NeedsMore(BaseException):
    """Not an Exception: it must pass through what catches a handler's mistakes."""


_NAMES = [one.name for one in fields(Desk)]
_ALL_OF = attrgetter(*_NAMES)
_STORE, _AFTERWARDS = _NAMES.index("store"), _NAMES.index("afterwards")


def desk_at_hand(desk: Desk, reads: Reads, afterwards: list[Afterwards]) -> Desk:
    """The same desk over reads that are already open."""
    parts = [*_ALL_OF(desk)]  # a third of what `dataclasses.replace` costs, once for every answer
    parts[_STORE], parts[_AFTERWARDS] = AtHand(reads), afterwards
    return Desk(*parts)


class AtHand:
    """A `domain.store.Store` around reads that are already open on this thread."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    async def read(self, work: Callable[[Reads], T]) -> T:
        return work(self._reads)

    def read_now(self, work: Callable[[Reads], T]) -> T:
        return work(self._reads)

    async def write(self, _: Callable[..., T]) -> T:
        raise _NeedsMore

    def write_now(self, _: Callable[..., T]) -> T:
        raise _NeedsMore

    async def close(self) -> None:
        raise _NeedsMore

    @property
    def inbox(self) -> NoReturn:
        raise _NeedsMore

    @property
    def leases(self) -> NoReturn:
        raise _NeedsMore


def at_once(work: Coroutine[Any, Any, T]) -> T | None:
    """Run it to its end on this thread; None when it wants to write or to wait for something."""
    try:
        work.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    except _NeedsMore:
        return None
    work.close()
    return None
