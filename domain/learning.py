"""What was not understood, and what was taught about it: values and store contracts (`Reads.lessons`).

Nothing here holds personal data: samples are veiled before they are kept (`<姓名>`, `<单号>`); wordings are
counted, not messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.understand.learnt import Phrase, Phrasebook, skeleton
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.normal import is_chinese
from domain.understand.plan import Intent, Plan
from domain.understand.veil import veil

UNHEARD_CAP = 2_000  # wordings kept; the rarest, oldest one makes room
_TOKEN = re.compile(r"<([A-Z]+)_\d+>")
_SHOWN = {
    "NAME": "<姓名>", "ORDER": "<单号>", "WAYBILL": "<单号>", "PHONE": "<电话>", "TAIL": "<尾号>", "PLACE": "<地址>",
    "ADDRESS": "<地址>", "AMOUNT": "<金额>", "TICKET": "<编号>",
}  # fmt: skip
_SAMPLES = {
    "<姓名>": "王小明", "<单号>": "6920123456789012345", "<电话>": "13800000000", "<尾号>": "0417",
    "<地址>": "浙江省杭州市西湖区文三路1号", "<金额>": "50元", "<编号>": "A17", "<其他>": "",
}  # fmt: skip
_SHOWN_TOKEN = re.compile("|".join(map(re.escape, _SAMPLES)))


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that was not understood, as it may be kept."""

    skeleton: str
    sample: str
    lang: str
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unheard:
    """One wording that nobody understood yet: `count` messages of it. `state` is open, taught or dismissed."""

    unheard_id: int
    skeleton: str
    sample: str
    lang: str
    count: int
    first_at: datetime
    last_at: datetime
    guesses: tuple[str, ...] = ()
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Lesson:
    """A wording that was mapped to an intent; its id is its version. One that was undone stays as history."""

    lesson_id: int
    skeleton: str
    sample: str
    lang: str
    intent: str
    made_by: str
    made_at: datetime
    unheard_id: int = 0
    undone_by: str = ""
    undone_at: datetime | None = None


class Lessons(Protocol):
    def version(self) -> int:
        """Grows with every lesson made or undone, in whichever process."""
        ...

    def standing(self) -> list[Lesson]: ...

    def lesson(self, lesson_id: int) -> Lesson | None: ...

    def unheard(self, *, offset: int = 0, limit: int = 5) -> list[Unheard]:
        """Open ones, the most frequent first, then the latest."""
        ...

    def unheard_count(self) -> int: ...

    def one(self, unheard_id: int) -> Unheard | None: ...


class LessonWrites(Lessons, Protocol):
    def hear(self, heard: Heard, now: datetime) -> None:
        """Count one more message of this wording; one that was taught is open again, one that was dismissed is not."""
        ...

    def settle(self, unheard_id: int, state: str) -> bool:
        """False when it is not open any more."""
        ...

    def teach(self, unheard: Unheard, intent: str, by: str, now: datetime) -> Lesson:
        """Raises Stale when the wording was settled by somebody else meanwhile."""
        ...

    def undo(self, lesson_id: int, by: str, now: datetime) -> Lesson | None:
        """Takes a lesson back and opens its wording again; None when it was undone before."""
        ...


def heard(text: str, plan: Plan, lexicon: Lexicon = EMPTY) -> Heard | None:
    """How a message that was not understood may be kept; None when nothing of it can be kept without personal data."""
    veiled = veil(text[:400], plan, lexicon)
    if veiled.leaks() or len(text) > 400:
        return None
    bare = skeleton(veiled.text)
    if not 2 <= len(bare) <= 80:
        return None
    return Heard(
        bare, shown(veiled.text)[:160], "zh" if is_chinese(text) else "en", tuple(one.value for one in plan.alternatives)
    )


def shown(veiled: str) -> str:
    """A veiled message as people read it: `<ORDER_1>` is `<单号>`."""
    return _TOKEN.sub(lambda token: _SHOWN.get(token[1], "<其他>"), veiled).strip()


def example(sample: str, name: str = "王小明") -> str:
    """A sample as somebody might type it: placeholders filled with invented values. What tests and `ask --batch` read."""
    return _SHOWN_TOKEN.sub(lambda token: name if token.group() == "<姓名>" else _SAMPLES[token.group()], sample).strip()


def phrasebook(version: int, lessons: Sequence[Lesson]) -> Phrasebook:
    """The standing lessons as the parser uses them. A lesson of an intent that this program does not know is left out."""
    known = {intent.value: intent for intent in Intent}
    return Phrasebook(
        version,
        (Phrase(each.lesson_id, each.skeleton, each.sample, known[each.intent]) for each in lessons if each.intent in known),
    )
