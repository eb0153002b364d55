"""May this wording be taught as that? All that is known to be read rightly is read again, with it and without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.learning import Heard, Lesson, Unheard, example, heard, phrasebook
from domain.understand import EMPTY, Intent, Plan, understand
from domain.understand.learnt import DRAFTS, TEACHABLE, Phrase, Phrasebook, guards, learnable
from domain.understand.proven import sentences

_NAMES = ("王小明", "李娜", "赵敏", "欧阳修", "陈静", "刘洋")


@dataclass(frozen=True, slots=True)
class No:
    """Why a wording is not taught: target, denies, unlearnable or breaks; `sentence` is the one it would break."""

    why: str
    sentence: str = ""
    instead: str = ""  # what that sentence would have become


def example_of(taught: Heard | Unheard | Lesson, now: datetime) -> str:
    """The wording as somebody might type it, with a name that leaves it the same wording."""
    for name in _NAMES:
        text = example(taught.sample, name)
        again = heard(text, understand(text, now=now))
        if again is not None and again.skeleton == taught.skeleton:
            return text
    return example(taught.sample)


def refusal(wanted: Unheard, intent: str, lessons: Sequence[Lesson], now: datetime) -> No | None:
    """None when `wanted` may be taught as `intent`. As slow as reading all proven sentences: not for the event loop."""
    if intent not in {one.value for one in TEACHABLE}:
        return No("target")
    target = Intent(intent)
    if target in DRAFTS and guards(wanted.sample):
        return No("denies", wanted.sample)
    before = phrasebook(0, lessons)
    after = Phrasebook(1, (*before.phrases, Phrase(0, wanted.skeleton, wanted.sample, target)))
    if _read(example_of(wanted, now), after, now).intent is not target:
        return No("unlearnable", wanted.sample)
    for text in (*(one.text for one in sentences()), *(example_of(one, now) for one in lessons)):
        plan = _read(text, before, now)
        if not (learnable(plan) or plan.note == "learnt"):
            continue  # phrases are not even asked about it
        then = _read(text, after, now)
        if then.intent is not plan.intent and then.extra.get("phrase") == "0":
            return No("breaks", text, then.intent.value)
    return None


@dataclass(frozen=True, slots=True)
class Failure:
    """One sentence that is not read as it should be."""

    text: str
    wanted: str
    got: str
    lesson_id: int = 0


def failures(lessons: Sequence[Lesson], now: datetime) -> Iterator[Failure]:
    """Every built-in sentence and every lesson, read with what was taught."""
    book = phrasebook(1, lessons)
    for one in sentences():
        got = _read(one.text, book, now)
        # A built-in sentence counts as broken when a phrase changed it, or when it would start what it must not.
        if one.forbids(got.intent) or (got.note == "learnt" and got.intent not in one.may):
            yield Failure(one.text, one.intent.value, got.intent.value, int(got.extra.get("phrase", 0)))
    yield from _unlearnt(lessons, book, now)


def _unlearnt(lessons: Iterable[Lesson], book: Phrasebook, now: datetime) -> Iterator[Failure]:
    for lesson in lessons:
        text = example_of(lesson, now)
        got = _read(text, book, now)
        if got.intent.value != lesson.intent:
            yield Failure(text, lesson.intent, got.intent.value, lesson.lesson_id)


def _read(text: str, book: Phrasebook, now: datetime) -> Plan:
    return understand(text, now=now, lexicon=replace(EMPTY, phrases=book))
