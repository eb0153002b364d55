"""Who holds what is being worked on, named so that the next process can tell a dead holder from a living one.

A holder is `host/pid-namespace:pid:run`. Only of a process of the same host and pid namespace can we know that it is gone;
anybody else's work is taken over when its lease is no longer extended.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

_RUN = secrets.token_hex(4)  # tells this process from an earlier one that had its number
_living: set[str] = set()  # runs of this process that have not left


def _place() -> str:
    try:
        # Containers may share a host's name and never its processes: their numbers mean nothing to us.
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return socket.gethostname()
    return f"{socket.gethostname()}/{space}"


def here() -> str:
    """Names the running process."""
    return f"{_place()}:{os.getpid()}:{_RUN}"


def enter() -> str:
    """A new holder in this process, living until it leaves or the process ends."""
    run = secrets.token_hex(4)
    _living.add(run)
    return f"{_place()}:{os.getpid()}:{run}"


def leave(owner: str) -> None:
    _living.discard(owner.rpartition(":")[2])


def is_gone(owner: str) -> bool:
    """True only when it is certain that this holder does nothing any more."""
    place, pid, run = (*owner.rsplit(":", 2), "", "")[:3]
    if place != _place() or not pid.isdigit():
        return False
    if int(pid) == os.getpid():
        return run != _RUN and run not in _living
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
