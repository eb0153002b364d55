"""What every emulator shares: a movable clock, a journal that tests assert on, and fault switches.

Emulators import nothing of the product: they check signatures with their own code, or the check would prove nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


class Dropped(Exception):
    """The emulated platform hangs up in the middle of an answer. Over a socket the peer sees a cut connection."""


class EmulatorClock:
    """Seconds since 1970. Runs with the machine by default; `speed` makes a demo day pass faster; `at` freezes it."""

    def __init__(self, at: float | None = None, *, speed: float = 1.0) -> None:
        self._frozen = at
        self._speed = speed
        self._origin = self._base = time.time()

    def now(self) -> float:
        if self._frozen is not None:
            return self._frozen
        return self._base + (time.time() - self._origin) * self._speed

    def run(self, *, speed: float = 1.0) -> None:
        """From where it stands, let it run (again), `speed` times as fast as the machine's."""
        at = self.now()
        self._frozen, self._speed = None, speed
        self._base, self._origin = at, time.time()

    def move(self, seconds: float) -> None:
        if self._frozen is None:
            self._base += seconds
        else:
            self._frozen += seconds


@dataclass
class Entry:
    at: float
    call: str
    request: Any
    answer: Any
    effect: str = ""  # what really changed, "" when nothing did


@dataclass
class Journal:
    """Everything an emulated platform was asked and what it really did: the witness in every end-to-end test."""

    entries: list[Entry] = field(default_factory=list)

    def note(self, at: float, call: str, request: Any, answer: Any, effect: str = "") -> None:
        self.entries.append(Entry(at, call, request, answer, effect))

    def calls(self, call: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.call == call]

    def effects(self, call: str = "") -> list[Entry]:
        return [entry for entry in self.entries if entry.effect and (not call or entry.call == call)]


@dataclass
class Faults:
    """One-shot and standing faults by call name ("*" = every call). Names are each emulator's own, documented there."""

    once: list[tuple[str, str]] = field(default_factory=list)
    always: dict[str, str] = field(default_factory=dict)

    def plan(self, fault: str, call: str = "*", times: int = 1) -> None:
        self.once.extend([(call, fault)] * times)

    def take(self, call: str) -> str:
        """The fault for this call, or "". One-shot faults are used up."""
        for index, (wanted, fault) in enumerate(self.once):
            if wanted in (call, "*"):
                del self.once[index]
                return fault
        return self.always.get(call) or self.always.get("*", "")
