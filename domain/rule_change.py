"""Changes of warning rules that were switched on in the group, and what keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RuleChange:
    """Limits of one rule, switched on in the group. `base` is the fingerprint of the filed rule that it was made on."""

    id: int
    rule: str
    base: str
    limits: Mapping[str, int]
    was: Mapping[str, int]
    made_by: str
    made_at: datetime
    undone_by: str = ""
    undone_at: datetime | None = None


class RuleChanges(Protocol):
    def mark(self) -> int:
        """Another number after every change and every undoing: what processes watch."""
        ...

    def standing(self) -> list[RuleChange]:
        """Those in force, oldest first."""
        ...

    def one(self, change_id: int) -> RuleChange | None: ...


class RuleChangeWrites(RuleChanges, Protocol):
    def add(
        self, rule: str, base: str, limits: Mapping[str, int], was: Mapping[str, int], *, made_by: str, now: datetime
    ) -> RuleChange: ...

    def undo(self, change_id: int, *, undone_by: str, now: datetime) -> None:
        """Raises Stale when it was undone before."""
        ...
