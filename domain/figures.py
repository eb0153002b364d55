"""What storage offers for figures: closed queries answered, and the kept sums of days that spare most of the counting."""

from __future__ import annotations

from typing import Protocol

from domain.query import FACTS_CAP, DaySum, Fact, Part, Query, Scope


class Figures(Protocol):
    """Answers closed queries inside the asker's scope, on the read-only connection, with time and row caps."""

    def parts(self, query: Query, scope: Scope) -> list[Part]:
        """What adds up to the figure, for the period and the equal one before. Raises Refused, TooLong."""
        ...

    def facts(self, query: Query, scope: Scope, *, limit: int = FACTS_CAP) -> list[Fact]:
        """The rows behind the figure of the period. Raises Refused, TooLong."""
        ...

    def marked(self, *, limit: int = 2_000) -> list[int]:
        """Days whose kept sums are out of date, the newest first."""
        ...

    def added_up(self, day: int) -> DaySum:
        """What the orders of a day add up to now."""
        ...


class DayWrites(Protocol):
    """Keeps the sums of days."""

    def keep(self, summed: DaySum) -> bool:
        """Believe these sums of a day from now on. False, and nothing done, when an order of that day changed since."""
        ...
