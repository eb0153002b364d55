"""What was not understood or read wrong, and what was taught about it: values and store contracts (`Reads.lessons`).

Nothing here holds personal data: samples are veiled before they are kept (`<姓名>`, `<单号>`); wordings are
counted, not messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from domain.understand import understand
from domain.understand.corrected import commanded
from domain.understand.learnt import LEARNT, NO_PHRASES, Phrase, Phrasebook, guarded, learnable, skeleton
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
    """A message that was not understood, as it may be kept. `read_as`: how it was read, when that was wrong."""

    skeleton: str
    sample: str
    lang: str
    guesses: tuple[str, ...] = ()
    read_as: str = ""


@dataclass(frozen=True, slots=True)
class Unheard:
    """One wording that nobody understood yet, or that was read wrong: `count` messages of it.

    `state` is open, taught or dismissed. `read_as` is the parser's own reading of one that was read wrong ("" for a gap);
    `meant` counts what people who asked said that it means.
    """

    unheard_id: int
    skeleton: str
    sample: str
    lang: str
    count: int
    first_at: datetime
    last_at: datetime
    guesses: tuple[str, ...] = ()
    state: str = "open"
    read_as: str = ""
    meant: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A wording that was mapped to an intent; its id is its version. One that was undone stays as history.

    `read_as` is the reading of the parser that it stands above; "" when the parser was at a loss.
    """

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
    read_as: str = ""


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

    def meant(self, skeleton: str, intent: str, *, instead_of: str = "") -> None:
        """Who asked says what the wording means; `instead_of` is what the same person said before. Unknown: nothing."""
        ...

    def settle(self, unheard_id: int, state: str) -> bool:
        """False when it is not open any more."""
        ...

    def teach(self, unheard: Unheard, intent: str, by: str, now: datetime) -> Lesson:
        """A lesson for a gap, or above `unheard.read_as`. One that stood for the wording ends with it.

        Raises Stale when the wording was settled by somebody else meanwhile.
        """
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
        (
            Phrase(each.lesson_id, each.skeleton, each.sample, known[each.intent], known.get(each.read_as))
            for each in lessons
            if each.intent in known and (not each.read_as or each.read_as in known)
        ),
    )


def misread(text: str, answered: Plan, now: datetime, lexicon: Lexicon = EMPTY) -> Heard | None:
    """How a sentence whose author says that it was read wrong may be kept; None when no lesson could be made of it.

    Commands and guarded sentences are read as they must be; one that only the conversation gave its meaning (它的, 只看抖音)
    teaches nothing; and nothing is kept that cannot be kept without personal data.
    """
    alone = understand(text, now=now, lexicon=replace(lexicon, phrases=NO_PHRASES))
    if guarded(alone) or commanded(text):
        return None
    another = answered.intent is not alone.intent and answered.note != LEARNT
    if another and ("inherited" in answered.extra or not learnable(alone)):
        return None
    kept = heard(text, alone, lexicon)
    return kept if kept is None or learnable(alone) else replace(kept, read_as=alone.intent.value)
