"""What was switched on in the group about warning rules: kept as history, the standing ones in force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from domain.errors import Stale
from domain.rule_change import RuleChange
from storage.moments import at, at_or_none, dump, load, ms
from storage.sql import Conn, Row

_CHANGE = "SELECT id,rule,base,limits,was,made_by,made_at,undone_by,undone_at FROM rule_changes "


def _change(row: Row) -> RuleChange:
    return RuleChange(row[0], row[1], row[2], load(row[3]), load(row[4]), row[5], at(row[6]), row[7], at_or_none(row[8]))


class RuleChangeReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def mark(self) -> int:
        """Another number after every change and every undoing."""
        row = self._c.one("SELECT COALESCE(MAX(id),0) * 1000003 + COUNT(undone_at) FROM rule_changes", ())
        return int(row[0]) if row else 0

    def standing(self) -> list[RuleChange]:
        """Oldest first."""
        return [_change(row) for row in self._c.all(_CHANGE + "WHERE undone_at IS NULL ORDER BY id")]

    def one(self, change_id: int) -> RuleChange | None:
        row = self._c.one(_CHANGE + "WHERE id = ?", (change_id,))
        return _change(row) if row else None


class RuleChangeWrites(RuleChangeReads):
    def add(
        self, rule: str, base: str, limits: Mapping[str, int], was: Mapping[str, int], *, made_by: str, now: datetime
    ) -> RuleChange:
        row = self._c.one(
            "INSERT INTO rule_changes(rule,base,limits,was,made_by,made_at) VALUES(?,?,?,?,?,?) RETURNING id",
            (rule, base, dump(dict(limits)), dump(dict(was)), made_by, ms(now)),
        )
        if row is None:  # never: RETURNING gives the row
            raise Stale("rule_changes")
        return RuleChange(int(row[0]), rule, base, dict(limits), dict(was), made_by, now)

    def undo(self, change_id: int, *, undone_by: str, now: datetime) -> None:
        """Raises Stale when it was undone before."""
        done = self._c.run(
            "UPDATE rule_changes SET undone_by = ?, undone_at = ? WHERE id = ? AND undone_at IS NULL",
            (undone_by, ms(now), change_id),
        )
        if done != 1:
            raise Stale("rule_changes")
