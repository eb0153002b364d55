"""Wordings that were not understood, counted; and the lessons made of them, kept as history."""

from __future__ import annotations

from datetime import datetime

from domain.errors import Stale
from domain.learning import UNHEARD_CAP, Heard, Lesson, Unheard
from storage.moments import at, at_or_none, dump, load, ms, scrub
from storage.sql import Conn, Row

_UNHEARD = "SELECT id,skeleton,sample,lang,count,first_at,last_at,guesses,state FROM unheard "
_LESSON = "SELECT id,skeleton,sample,lang,intent,made_by,made_at,unheard_id,undone_by,undone_at FROM lessons "


def _unheard(row: Row) -> Unheard:
    return Unheard(row[0], row[1], row[2], row[3], row[4], at(row[5]), at(row[6]), tuple(load(row[7] or "[]")), row[8])


def _lesson(row: Row) -> Lesson:
    return Lesson(row[0], row[1], row[2], row[3], row[4], row[5], at(row[6]), row[7], row[8], at_or_none(row[9]))


class LessonReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def version(self) -> int:
        row = self._c.one("SELECT COALESCE(MAX(id),0) + COUNT(undone_at) FROM lessons", ())
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
            " ON CONFLICT (skeleton) DO UPDATE SET count = unheard.count + 1, last_at = excluded.last_at",
            (heard.skeleton, scrub(heard.sample, 160), heard.lang, ms(now), ms(now), dump(list(heard.guesses))),
        )

    def settle(self, unheard_id: int, state: str) -> bool:
        return bool(self._c.run("UPDATE unheard SET state = ? WHERE id = ? AND state = 'open'", (state, unheard_id)))

    def teach(self, unheard: Unheard, intent: str, by: str, now: datetime) -> Lesson:
        """Who settles the wording first has taught it; the other is told."""
        if not self.settle(unheard.unheard_id, "taught"):
            raise Stale(f"unheard {unheard.unheard_id}")
        self._c.run(
            "INSERT INTO lessons(skeleton,sample,lang,intent,made_by,made_at,unheard_id) VALUES(?,?,?,?,?,?,?)",
            (unheard.skeleton, unheard.sample, unheard.lang, intent, scrub(by, 40), ms(now), unheard.unheard_id),
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
        lesson = self.lesson(lesson_id)
        if lesson is not None:
            self._c.run("UPDATE unheard SET state = 'open' WHERE id = ? AND state = 'taught'", (lesson.unheard_id,))
        return lesson
