"""May this wording be taught as that? All that is known to be read rightly is read again, with it and without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.learning import Heard, Lesson, Unheard, example, heard, phrasebook
from domain.understand import EMPTY, WISHES, Intent, Plan, understand
from domain.understand.corrected import commanded
from domain.understand.learnt import NO_PHRASES, TEACHABLE, Phrase, Phrasebook, guarded, guards
from domain.understand.proven import sentences

_NAMES = ("王小明", "李娜", "赵敏", "欧阳修", "陈静", "刘洋")


@dataclass(frozen=True, slots=True)
class No:
    """Why a wording is not taught: target, denies, guarded, unlearnable or breaks; `sentence` is the one it would break."""

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
    if target in WISHES and guards(wanted.sample):
        return No("denies", wanted.sample)
    others = [one for one in lessons if one.skeleton != wanted.skeleton]  # the one for this wording ends with the new one
    before = phrasebook(0, others)
    over = Intent(wanted.read_as) if wanted.read_as else None
    after = Phrasebook(1, (*before.phrases, Phrase(0, wanted.skeleton, wanted.sample, target, over)))
    example = example_of(wanted, now)
    if guarded(_read(example, NO_PHRASES, now)) or commanded(example):
        return No("guarded", wanted.sample)
    if _read(example, after, now).intent is not target:
        return No("unlearnable", wanted.sample)
    broken = _broken(before, after, others, now)
    return None if broken is None else No("breaks", *broken)


def _broken(before: Phrasebook, after: Phrasebook, lessons: Iterable[Lesson], now: datetime) -> tuple[str, str] | None:
    """The first sentence that phrase 0 of `after` would read wrong, and as what: one that a test holds, or a lesson's."""
    for one in sentences():
        then = _read(one.text, after, now)
        if then.extra.get("phrase") != "0" or then.intent is one.intent:
            continue
        was = _read(one.text, before, now).intent
        if was is not then.intent and (was in one.may or then.intent not in one.may):
            return one.text, then.intent.value
    for lesson in lessons:
        text = example_of(lesson, now)
        then = _read(text, after, now)
        if then.extra.get("phrase") == "0" and then.intent.value != lesson.intent:
            return text, then.intent.value
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
