"""Work handed from the event loop to a thread, and the answer handed back: one hop each way."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from domain.errors import Unavailable

Guard = Callable[[], AbstractContextManager[Any]]


def no_guard() -> AbstractContextManager[Any]:
    """No network in tests of storage alone; bootstrap wires a guard that catches a handler that tries."""
    return nullcontext()


class Job:
    """A work and the future that waits for it."""

    __slots__ = ("failed", "future", "loop", "value", "work")

    def __init__(self, work: Callable[[Any], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.value: Any = None
        self.failed: BaseException | None = None


def _settle_here(jobs: Iterable[Job]) -> None:
    for job in jobs:
        future = job.future
        if future.done():  # whoever waited has gone
            continue
        if job.failed is None:
            future.set_result(job.value)
        else:
            future.set_exception(job.failed)


def settle(jobs: list[Job]) -> None:
    """Wake everybody who waits, one call per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, some in by_loop.items():
        # A loop that closed meanwhile has nobody left who could be told.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_here, some)


class Crew:
    """Threads that take jobs from one queue. `serve` runs in each thread until it is given None."""

    def __init__(self, name: str, size: int, serve: Callable[[queue.SimpleQueue[Job | None]], None]) -> None:
        self._name = name
        self._size = size
        self._serve = serve
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, work: Callable[[Any], Any]) -> asyncio.Future[Any]:
        if self._closed:
            raise Unavailable("the store is closed")
        job = Job(work, asyncio.get_running_loop())
        if len(self._threads) < self._size and (not self._threads or not self._jobs.empty()):
            self._grow()
        self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Finish what was submitted, then end the threads."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join()

    def _grow(self) -> None:
        with self._lock:
            if self._closed or len(self._threads) >= self._size:
                return
            thread = threading.Thread(
                target=self._serve, args=(self._jobs,), name=f"{self._name}-{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
