"""Who is looking right now. A change only rings a bell; what changed is read from the room, so no queue can grow or lose."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Feed:
    """Bells of the open browser tabs. `ring` may be called from any thread."""

    def __init__(self) -> None:
        self._bells: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()

    @contextmanager
    def bell(self) -> Iterator[asyncio.Event]:
        """An event that is set whenever the room changed. Clear it *before* reading the room."""
        bell = asyncio.Event()
        with self._lock:
            self._bells[bell] = asyncio.get_running_loop()
        try:
            yield bell
        finally:
            with self._lock:
                del self._bells[bell]

    def ring(self) -> None:
        with self._lock:
            bells = list(self._bells.items())
        for bell, loop in bells:
            if not loop.is_closed():
                loop.call_soon_threadsafe(bell.set)

    @property
    def listeners(self) -> int:
        return len(self._bells)
