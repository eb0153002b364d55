"""Wordings that were not understood or read wrong, counted; and the lessons made of them, kept as history.

What is more to say of a wording that was read wrong stands in columns that were there: `guesses` is then an object with
`read` and `meant`, and the intent of a correction is `<read as>><meant>`. A program that does not know corrections leaves
such a lesson out.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.errors import Stale
from domain.learning import UNHEARD_CAP, Heard, Lesson, Unheard
from storage.moments import at, at_or_none, dump, load, ms, scrub
from storage.serials import next_serial
from storage.sql import Conn, Row

# Asked with every message, so it is a row to be found and not lessons to be counted.
VERSION = "SELECT COALESCE((SELECT value FROM serials WHERE name = 'lessons'),0)"
_UNHEARD = "SELECT id,skeleton,sample,lang,count,first_at,last_at,guesses,state FROM unheard "
_LESSON = "SELECT id,skeleton,sample,lang,intent,made_by,made_at,unheard_id,undone_by,undone_at FROM lessons "


def _unheard(row: Row) -> Unheard:
    more = _more(row[7])
    return Unheard(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        at(row[5]),
        at(row[6]),
        tuple(more["guesses"]),
        row[8],
        more["read"],
        more["meant"],
    )


def _more(guesses: str | None) -> dict[str, Any]:
    """What the column `guesses` says, whichever of its two forms it has."""
    found = load(guesses or "[]")
    return {"guesses": [], "read": "", "meant": {}} | (found if isinstance(found, dict) else {"guesses": found})


def _guesses(more: dict[str, Any]) -> str:
    return dump(more if more["read"] or more["meant"] else more["guesses"])


def _lesson(row: Row) -> Lesson:
    over, _, intent = row[4].rpartition(">")
    return Lesson(row[0], row[1], row[2], row[3], intent, row[5], at(row[6]), row[7], row[8], at_or_none(row[9]), over)


class LessonReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def version(self) -> int:
        row = self._c.one(VERSION, ())
        return int(row[0]) if row else 0

    def standing(self) -> list[Lesson]:
        return [_lesson(row) for row in self._c.all(_LESSON + "WHERE undone_at IS NULL ORDER BY id")]

    def lesson(self, lesson_id: int) -> Lesson | None:
        row = self._c.one(_LESSON + "WHERE id = ?", (lesson_id,))
        return _lesson(row) if row else None

    def unheard(self, *, offset: int = 0, limit: int = 5) -> list[Unheard]:
        rows = self._c.all(
            _UNHEARD + "WHERE state = 'open' ORDER BY count DESC, last_at DESC, id LIMIT ? OFFSET ?", (limit, offset)
        )
        return [_unheard(row) for row in rows]

    def unheard_count(self) -> int:
        row = self._c.one("SELECT COUNT(*) FROM unheard WHERE state = 'open'", ())
        return int(row[0]) if row else 0

    def one(self, unheard_id: int) -> Unheard | None:
        row = self._c.one(_UNHEARD + "WHERE id = ?", (unheard_id,))
        return _unheard(row) if row else None


class LessonWrites(LessonReads):
    def hear(self, heard: Heard, now: datetime) -> None:
        """One row a wording: a wording heard again is counted, and opened again unless it was dismissed."""
        known = self._c.run(
            "UPDATE unheard SET count = count + 1, last_at = ?,"
            " state = CASE WHEN state = 'dismissed' THEN state ELSE 'open' END WHERE skeleton = ?",
            (ms(now), heard.skeleton),
        )
        if known:
            if heard.read_as:
                self._note(heard.skeleton, lambda more: more | {"read": heard.read_as})
            return
        row = self._c.one("SELECT COUNT(*) FROM unheard", ())
        if row and int(row[0]) >= UNHEARD_CAP:
            self._c.run(
                "DELETE FROM unheard WHERE id = (SELECT id FROM unheard"
                " ORDER BY CASE WHEN state = 'open' THEN 1 ELSE 0 END, count, last_at, id LIMIT 1)",
                (),
            )
        self._c.run(
            "INSERT INTO unheard(skeleton,sample,lang,count,first_at,last_at,guesses,state) VALUES(?,?,?,1,?,?,?,'open')"
            " ON CONFLICT (skeleton) DO UPDATE SET count = unheard.count + 1, last_at = excluded.last_at,"
            " guesses = CASE WHEN excluded.guesses LIKE '{%' THEN excluded.guesses ELSE unheard.guesses END",
            (
                heard.skeleton,
                scrub(heard.sample, 160),
                heard.lang,
                ms(now),
                ms(now),
                _guesses({"guesses": list(heard.guesses), "read": heard.read_as, "meant": {}}),
            ),
        )

    def _note(self, skeleton: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change what is known of a wording. Its row is locked first, so that no two changes are one."""
        if not self._c.run("UPDATE unheard SET count = count WHERE skeleton = ?", (skeleton,)):
            return
        row = self._c.one("SELECT guesses FROM unheard WHERE skeleton = ?", (skeleton,))
        if row is not None:
            self._c.run("UPDATE unheard SET guesses = ? WHERE skeleton = ?", (_guesses(change(_more(row[0]))), skeleton))

    def meant(self, skeleton: str, intent: str, *, instead_of: str = "") -> None:
        """Counted beside the wording; what the same person said before counts no more."""

        def change(more: dict[str, Any]) -> dict[str, Any]:
            meant = dict(more["meant"])
            meant[intent] = meant.get(intent, 0) + 1
            if instead_of in meant:
                meant[instead_of] -= 1
            return more | {"meant": {each: count for each, count in meant.items() if count > 0}}

        if intent != instead_of:
            self._note(skeleton, change)

    def settle(self, unheard_id: int, state: str) -> bool:
        return bool(self._c.run("UPDATE unheard SET state = ? WHERE id = ? AND state = 'open'", (state, unheard_id)))

    def teach(self, unheard: Unheard, intent: str, by: str, now: datetime) -> Lesson:
        """Who settles the wording first has taught it; the other is told."""
        if not self.settle(unheard.unheard_id, "taught"):
            raise Stale(f"unheard {unheard.unheard_id}")
        self._c.run(
            "UPDATE lessons SET undone_by = ?, undone_at = ? WHERE skeleton = ? AND undone_at IS NULL",
            (scrub(by, 40), ms(now), unheard.skeleton),
        )
        next_serial(self._c, "lessons")
        meaning = f"{unheard.read_as}>{intent}" if unheard.read_as else intent
        self._c.run(
            "INSERT INTO lessons(skeleton,sample,lang,intent,made_by,made_at,unheard_id) VALUES(?,?,?,?,?,?,?)",
            (unheard.skeleton, unheard.sample, unheard.lang, meaning, scrub(by, 40), ms(now), unheard.unheard_id),
        )
        row = self._c.one(_LESSON + "WHERE skeleton = ? AND undone_at IS NULL", (unheard.skeleton,))
        if row is None:
            raise RuntimeError("the lesson was not kept")
        return _lesson(row)

    def undo(self, lesson_id: int, by: str, now: datetime) -> Lesson | None:
        """The lesson stays as history; its wording is open again."""
        done = self._c.run(
            "UPDATE lessons SET undone_by = ?, undone_at = ? WHERE id = ? AND undone_at IS NULL",
            (scrub(by, 40), ms(now), lesson_id),
        )
        if not done:
            return None
        next_serial(self._c, "lessons")
        lesson = self.lesson(lesson_id)
        if lesson is not None:
            self._c.run("UPDATE unheard SET state = 'open' WHERE id = ? AND state = 'taught'", (lesson.unheard_id,))
        return lesson
