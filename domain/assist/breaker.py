"""When an endpoint that fails is left alone: after some failures in a row nobody asks it, then one question tries again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(slots=True)
class Breaker:
    """Closed, open, half open. `rest` doubles with each failed try, up to `longest`. One process's own; not shared."""

    failures: int = 5
    rest: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=10)
    _count: int = 0
    _until: datetime | None = None
    _trying: bool = False
    _waits: timedelta = field(default=timedelta())

    def allows(self, now: datetime) -> bool:
        """Whether a question may leave now. While half open, exactly one; its outcome must be told."""
        if self._until is None:
            return True
        if now < self._until or self._trying:
            return False
        self._trying = True
        return True

    def open_until(self) -> datetime | None:
        """When it was last to be left alone until; None while it is closed."""
        return self._until

    def succeeded(self) -> None:
        """It answered: everything is forgiven."""
        self._count, self._until, self._trying, self._waits = 0, None, False, timedelta()

    def failed(self, now: datetime, *, retry_after: float | None = None) -> None:
        """It did not answer as it should. `retry_after`: it asked for silence, in seconds; then one failure is enough."""
        self._count += 1
        if self._trying or self._count >= self.failures or retry_after is not None:
            self._waits = min(self._waits * 2 if self._waits else self.rest, self.longest)
            asked = timedelta(seconds=min(max(retry_after or 0.0, 0.0), 3600.0))
            self._until, self._trying = now + max(self._waits, asked), False

    def released(self) -> None:
        """The one question of the half-open state was not sent after all."""
        self._trying = False
