"""没听懂的: what nobody understood or what was read wrong, most frequent first; a tap says what it means, and it is read so.

A lesson is a phrase rule and a test case at once (`domain.learning.Lesson`): stored, audited, in force in every process
with the next message, undone with a tap. It can mean a look or a draft, and it is refused when it would change how any
proven sentence is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.chat import Button, ButtonStyle, Card, Reply, Tone
from domain.errors import Stale
from domain.learning import Lesson, Unheard
from domain.people import Actor, May
from domain.privacy import safe_text
from domain.store import AuditEntry, Reads, UnitOfWork
from domain.understand.learnt import LOOKS, TEACHABLE
from domain.understand.plan import WISHES
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.learning_check import No, refusal
from handlers.words.common import words
from handlers.words.learning import learning, meaning
from handlers.words.times import when

PAGE = 5
_OFFERED = 3  # intents on one card: with more, next and ignore it stays inside what every platform can draw
_SAMPLE = 60
_WISHES = {one.value for one in WISHES}
# What people most often mean comes first; what the parser guessed comes before that.
_USUAL = tuple(one.value for one in (*LOOKS[:5], *WISHES, *LOOKS[5:]))


async def unheard(question: Question, actor: Actor, desk: Desk) -> Reply:
    """没听懂的."""
    return await _page(0, actor, desk)


async def next_one(press: Press, actor: Actor, desk: Desk) -> Reply:
    return await _page(press.token.subject_id, actor, desk)


async def _page(offset: int, actor: Actor, desk: Desk) -> Reply:
    def look(r: Reads) -> tuple[int, list[Unheard], str]:
        found = r.lessons.unheard(offset=offset, limit=PAGE)
        return r.lessons.unheard_count(), found, _read_as(r, found[0]) if found else ""

    count, found, read = await desk.store.read(look)
    if not found and offset:
        return await _page(0, actor, desk)
    if not found:
        return Reply(learning(actor.lang, "none"))
    return _card(_Shown(found[0], read, found[1:], count, offset), 0, actor, desk)


async def more(press: Press, actor: Actor, desk: Desk) -> Reply:
    """The same sentence with the next intents to choose from."""
    shown = int(press.token.extra or 0)

    def look(r: Reads) -> tuple[int, Unheard | None, str]:
        one = r.lessons.one(press.token.subject_id)
        return r.lessons.unheard_count(), one, _read_as(r, one) if one is not None else ""

    count, one, read = await desk.store.read(look)
    if one is None or one.state != "open":
        return Reply(learning(actor.lang, "gone"), private=True)
    return _card(_Shown(one, read, (), count), shown, actor, desk)


@dataclass(frozen=True, slots=True)
class _Shown:
    """One wording on a card: how it is read now ("" when it is not understood), what comes after it, how many there are."""

    one: Unheard
    read: str
    others: Sequence[Unheard]
    count: int
    offset: int = 0


def _read_as(reads: Reads, one: Unheard) -> str:
    """How people find it read: by the lesson that stands for it, or as the parser does."""
    lesson = next((each for each in reads.lessons.standing() if each.skeleton == one.skeleton), None)
    return lesson.intent if lesson is not None else one.read_as


def choices(one: Unheard, read: str) -> tuple[str, ...]:
    """Intents in the order in which they are offered: what people said they meant, the parser's guesses, what is usual."""
    teachable = {each.value for each in TEACHABLE} - {read}
    meant = sorted(one.meant, key=lambda each: -one.meant[each])
    return tuple(dict.fromkeys(each for each in (*meant, *one.guesses, *_USUAL) if each in teachable))


def _card(seen: _Shown, shown: int, actor: Actor, desk: Desk) -> Reply:
    one, others = seen.one, seen.others
    lang, now, say = actor.lang, desk.clock.now(), words(actor.lang)
    sample = safe_text(one.sample, _SAMPLE)
    wrong = "misread." if seen.read else ""
    lines = [learning(lang, "said", sample=sample)]
    if seen.read:
        lines.append(_how_read(seen, lang))
    lines.append(learning(lang, f"{wrong}often", count=one.count, when=when(one.last_at, now, lang=lang)))
    if others:
        names = "；".join(f"「{safe_text(each.sample, 20)}」×{each.count}" for each in others)
        lines.append(learning(lang, "next_ones", samples=names))
    lines.append(learning(lang, f"{wrong}ask"))
    all_of_them = choices(one, seen.read)
    offered = all_of_them[shown : shown + _OFFERED] or all_of_them[:_OFFERED]
    subject = f"unheard:{one.unheard_id}"
    buttons = [
        Button(
            _name(each, say.intent_name(each), lang),
            desk.signer.sign("learn.as", subject, each),
            ButtonStyle.PRIMARY if each in one.meant else ButtonStyle.PLAIN,
        )
        for each in offered
    ]
    after = shown + _OFFERED if shown + _OFFERED < len(all_of_them) else 0
    buttons.append(Button(learning(lang, "more"), desk.signer.sign("learn.more", subject, str(after))))
    buttons.append(Button(learning(lang, "next"), desk.signer.sign("learn.next", f"page:{seen.offset + 1}")))
    dismiss_it = learning(lang, "right" if seen.read else "dismiss")
    buttons.append(Button(dismiss_it, desk.signer.sign("learn.dismiss", subject)))
    title = learning(lang, "title.misread" if seen.read else "title", count=seen.count)
    return Reply("\n".join((title, *lines)), Card(title, tuple(lines), Tone.INFO, buttons=tuple(buttons)))


def _how_read(seen: _Shown, lang: str) -> str:
    """我读成「查订单到哪了」，问的人说是「查售后进度」。"""
    counts = seen.one.meant
    read, meant = _called(seen.read, lang), sorted(counts, key=lambda each: -counts[each])[:2]
    if not meant:
        return learning(lang, "misread", read=read)
    return learning(lang, "misread.meant", read=read, meant=learning(lang, "or").join(_called(each, lang) for each in meant))


def _called(intent: str, lang: str) -> str:
    return meaning(lang, intent, words(lang).intent_name(intent))


def _name(intent: str, name: str, lang: str) -> str:
    return learning(lang, "draft", name=name) if intent in _WISHES else meaning(lang, intent, name)


# --- teaching and undoing -----------------------------------------------------------------------------------------------


async def teach(press: Press, actor: Actor, desk: Desk) -> Reply:
    """One tap: checked against everything that is known, then stored. Somebody else's lesson meanwhile: checked again."""
    lang, intent = actor.lang, press.token.extra

    def look(r: Reads) -> tuple[Unheard | None, list[Lesson], int]:
        return r.lessons.one(press.token.subject_id), r.lessons.standing(), r.lessons.version()

    one, lessons, version = await desk.store.read(look)
    if one is None or one.state != "open":
        return Reply(learning(lang, "gone"), private=True)
    now = desk.clock.now()
    name = words(lang).intent_name(intent)
    standing = next((each for each in lessons if each.skeleton == one.skeleton), None)
    if standing is not None and intent == one.read_as:
        return await _back(one, standing, actor, desk, press)
    no = await asyncio.to_thread(refusal, one, intent, lessons, now)
    if no is not None:
        return Reply(_refused(no, name, lang), private=True)

    def write(u: UnitOfWork) -> Lesson:
        if u.lessons.version() != version:
            raise Stale("lessons")
        lesson = u.lessons.teach(one, intent, actor.person.name, now)
        u.audit.record(_entry(lesson, "phrase.taught", actor, desk, press, before=one.read_as, after=intent))
        return lesson

    lesson = await desk.store.write(write)
    said = learning(
        lang,
        "taught.over" if one.read_as else "taught",
        sample=safe_text(one.sample, _SAMPLE),
        name=_name(intent, name, lang),
        read=_called(one.read_as, lang),
    )
    buttons = (
        Button(learning(lang, "undo"), desk.signer.sign("learn.undo", f"lesson:{lesson.lesson_id}"), ButtonStyle.DANGER),
        Button(learning(lang, "next"), desk.signer.sign("learn.next", "page:0")),
    )
    return Reply(said, Card(said, (), Tone.DONE, buttons=buttons))


async def _back(one: Unheard, lesson: Lesson, actor: Actor, desk: Desk, press: Press) -> Reply:
    """The parser was right before it was taught otherwise: the lesson is taken back, and the wording is settled."""

    def write(u: UnitOfWork) -> None:
        undone = u.lessons.undo(lesson.lesson_id, actor.person.name, desk.clock.now())
        if undone is None or not u.lessons.settle(one.unheard_id, "taught"):
            raise Stale(f"lesson {lesson.lesson_id}")
        u.audit.record(_entry(undone, "phrase.undone", actor, desk, press, before=undone.intent, after=one.read_as))

    await desk.store.write(write)
    name = _called(one.read_as, actor.lang)
    return Reply(learning(actor.lang, "back", sample=safe_text(one.sample, _SAMPLE), name=name))


def _refused(no: No, name: str, lang: str) -> str:
    instead = meaning(lang, no.instead, words(lang).intent_name(no.instead)) if no.instead else ""
    return learning(lang, f"no.{no.why}", sentence=safe_text(no.sentence, _SAMPLE), name=name, instead=instead)


async def undo(press: Press, actor: Actor, desk: Desk) -> Reply:
    lang, now = actor.lang, desk.clock.now()

    def write(u: UnitOfWork) -> tuple[Lesson | None, Lesson | None]:
        undone = u.lessons.undo(press.token.subject_id, actor.person.name, now)
        if undone is not None:
            u.audit.record(_entry(undone, "phrase.undone", actor, desk, press, before=undone.intent))
        return undone, u.lessons.lesson(press.token.subject_id)

    undone, known = await desk.store.write(write)
    if undone is None:
        who = safe_text(known.undone_by, 20) if known is not None else ""
        return Reply(learning(lang, "undone_before", who=who), private=True)
    return Reply(learning(lang, "undone", sample=safe_text(undone.sample, _SAMPLE)))


async def dismiss(press: Press, actor: Actor, desk: Desk) -> Reply:
    def write(u: UnitOfWork) -> tuple[bool, Unheard | None]:
        return u.lessons.settle(press.token.subject_id, "dismissed"), u.lessons.one(press.token.subject_id)

    settled, one = await desk.store.write(write)
    if not settled or one is None:
        return Reply(learning(actor.lang, "gone"), private=True)
    following = await _page(0, actor, desk)
    said = learning(actor.lang, "kept" if one.read_as else "dismissed")
    return replace(following, text=f"{said}\n{following.text}")


def _entry(
    lesson: Lesson, action: str, actor: Actor, desk: Desk, press: Press, *, before: str = "", after: str = ""
) -> AuditEntry:
    return AuditEntry(
        desk.clock.now(),
        f"person:{actor.person.person_id}",
        action,
        f"lesson:{lesson.lesson_id}",
        before=before,
        after=after,
        surface=actor.platform,
        chat_id=actor.chat_id,
        request_id=press.click.event_id,
    )


# --- what was learnt ------------------------------------------------------------------------------------------------------


async def lessons(question: Question, actor: Actor, desk: Desk) -> Reply:
    """学会的."""
    return await _lessons(0, actor, desk)


async def more_lessons(press: Press, actor: Actor, desk: Desk) -> Reply:
    return await _lessons(press.token.subject_id, actor, desk)


async def _lessons(offset: int, actor: Actor, desk: Desk) -> Reply:
    known = list(reversed(await desk.store.read(lambda r: r.lessons.standing())))
    lang, now, say = actor.lang, desk.clock.now(), words(actor.lang)
    if not known:
        return Reply(learning(lang, "no_lessons"))
    page = known[offset : offset + PAGE] or known[:PAGE]
    lines, buttons = [], []
    for number, each in enumerate(page, offset + 1):
        lines.append(
            learning(
                lang,
                "lesson.over" if each.read_as else "lesson",
                number=number,
                read=_called(each.read_as, lang),
                sample=safe_text(each.sample, 30),
                name=_name(each.intent, say.intent_name(each.intent), lang),
                who=safe_text(each.made_by, 12),
                when=when(each.made_at, now, lang=lang),
            )
        )
        token = desk.signer.sign("learn.undo", f"lesson:{each.lesson_id}")
        buttons.append(Button(learning(lang, "undo_one", number=number), token))
    if offset + PAGE < len(known):
        buttons.append(Button(learning(lang, "next"), desk.signer.sign("learn.lessons", f"page:{offset + PAGE}")))
    title = learning(lang, "lessons", count=len(known))
    return Reply("\n".join((title, *lines)), Card(title, tuple(lines), Tone.INFO, buttons=tuple(buttons)))


FEATURE = Feature(
    "learning",
    commands={
        "learn.unheard": Need(unheard, May.CHANGE_RULES),
        "learn.lessons": Need(lessons, May.CHANGE_RULES),
    },
    actions={
        "learn.as": Need(teach, May.CHANGE_RULES),
        "learn.more": Need(more, May.CHANGE_RULES),
        "learn.next": Need(next_one, May.CHANGE_RULES),
        "learn.dismiss": Need(dismiss, May.CHANGE_RULES),
        "learn.undo": Need(undo, May.CHANGE_RULES),
        "learn.lessons": Need(more_lessons, May.CHANGE_RULES),
    },
)
