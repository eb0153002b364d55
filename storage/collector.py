"""Pausing the cyclic garbage collector while a batch of values is made.

A batch makes many thousand small objects and no cycles; the collector looks at them again and again and finds nothing,
which took up to half of the time of an ingest.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_holders = 0
_was_on = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Off until the last of all threads that asked for it is done. Short stretches only."""
    global _holders, _was_on  # noqa: PLW0603  the collector is one per process, and so is this count
    with _lock:
        if _holders == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if _holders == 0 and _was_on:
                gc.enable()
