"""What was not understood and what was taught, on both databases: counted once a wording, capped, settled by one person only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from domain import learning
from domain.clock import ManualClock
from domain.errors import Stale
from domain.learning import Heard, Lesson, Unheard
from domain.people import Person, Role
from domain.store import UnitOfWork
from storage import SqlStore, lessons


def said(text: str, *guesses: str) -> Heard:
    return Heard(text, f"<姓名>{text}", "zh", guesses)


async def test_a_wording_is_one_row_however_often_and_from_how_many_sides_it_comes(
    store: SqlStore, clock: ManualClock
) -> None:
    now = clock.now()
    await asyncio.gather(*(store.write(lambda u: u.lessons.hear(said("没影了", "stock"), now)) for _ in range(20)))
    await store.write(lambda u: u.lessons.hear(said("凉了"), now + timedelta(minutes=1)))
    often, once = await store.read(lambda r: r.lessons.unheard())
    assert (often.sample, often.count, often.guesses, often.state) == ("<姓名>没影了", 20, ("stock",), "open")
    assert (once.count, once.last_at) == (1, now + timedelta(minutes=1))
    assert await store.read(lambda r: r.lessons.unheard_count()) == 2
    assert [each.sample for each in await store.read(lambda r: r.lessons.unheard(offset=1))] == ["<姓名>凉了"]


async def test_only_so_many_are_kept_and_the_rarest_make_room(
    store: SqlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "UNHEARD_CAP", 10)
    now = clock.now()
    for n in range(30):
        for _ in range(2 if n < 5 else 1):
            await store.write(partial(_hear, said(f"话{n}"), now + timedelta(seconds=n)))
    kept = await store.read(lambda r: r.lessons.unheard(limit=100))
    assert len(kept) == 10
    assert {f"话{n}" for n in range(5)} <= {each.skeleton for each in kept}  # said twice: kept
    assert learning.UNHEARD_CAP == 2_000


def _hear(heard: Heard, now: object, u: UnitOfWork) -> None:
    u.lessons.hear(heard, now)  # type: ignore[arg-type]


async def test_two_administrators_teach_the_same_wording_and_one_of_them_does(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now()
    await store.write(lambda u: u.lessons.hear(said("没影了"), now))
    (one,) = await store.read(lambda r: r.lessons.unheard())

    async def teach(by: str, intent: str) -> Lesson | Stale:
        try:
            return await store.write(lambda u: u.lessons.teach(one, intent, by, now))
        except Stale as late:
            return late

    first, second = await asyncio.gather(teach("陈店长", "where_is_order"), teach("张明", "stock"))
    assert sum(isinstance(each, Lesson) for each in (first, second)) == 1
    (standing,) = await store.read(lambda r: r.lessons.standing())
    assert standing in (first, second)
    assert await store.read(lambda r: r.lessons.unheard_count()) == 0


async def test_a_lesson_is_undone_once_and_its_wording_is_open_again(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now()
    await store.write(lambda u: u.lessons.hear(said("没影了"), now))
    (one,) = await store.read(lambda r: r.lessons.unheard())
    versions = [await store.read(lambda r: r.lessons.version())]
    lesson = await store.write(lambda u: u.lessons.teach(one, "stock", "陈店长", now))
    versions.append(await store.read(lambda r: r.lessons.version()))
    undone = await store.write(lambda u: u.lessons.undo(lesson.lesson_id, "张明", now))
    versions.append(await store.read(lambda r: r.lessons.version()))
    assert undone is not None
    assert (undone.undone_by, undone.undone_at) == ("张明", now)
    assert await store.write(lambda u: u.lessons.undo(lesson.lesson_id, "李芳", now)) is None
    assert await store.read(lambda r: r.lessons.standing()) == []
    assert await store.read(lambda r: r.lessons.lesson(lesson.lesson_id)) == undone  # history stays
    assert [each.unheard_id for each in await store.read(lambda r: r.lessons.unheard())] == [one.unheard_id]
    again = await store.write(lambda u: u.lessons.teach(one, "aftersale_status", "李芳", now))
    versions.append(await store.read(lambda r: r.lessons.version()))
    assert again.lesson_id > lesson.lesson_id
    assert versions == sorted(set(versions))  # every change is seen


async def test_a_dismissed_wording_stays_away_and_a_taught_one_comes_back_when_it_is_still_not_understood(
    store: SqlStore, clock: ManualClock
) -> None:
    now = clock.now()
    for text in ("没影了", "凉了"):
        await store.write(partial(_hear, said(text), now))
    ids = {each.skeleton: each.unheard_id for each in await store.read(lambda r: r.lessons.unheard())}
    assert await store.write(lambda u: u.lessons.settle(ids["没影了"], "dismissed"))
    assert not await store.write(lambda u: u.lessons.settle(ids["没影了"], "dismissed"))
    assert await store.write(lambda u: u.lessons.settle(ids["凉了"], "taught"))
    for text in ("没影了", "凉了"):
        await store.write(partial(_hear, said(text), now))
    assert [each.skeleton for each in await store.read(lambda r: r.lessons.unheard())] == ["凉了"]


async def test_what_was_read_wrong_and_what_was_meant_are_counted_beside_the_wording(
    store: SqlStore, clock: ManualClock
) -> None:
    now = clock.now()
    wrong = Heard("那批货到哪了", "那批货到哪了", "zh", ("order_detail",), "where_is_order")
    await store.write(lambda u: u.lessons.hear(said("那批货到哪了"), now))  # first a gap, of an older parser
    await asyncio.gather(*(store.write(lambda u: u.lessons.hear(wrong, now)) for _ in range(5)))
    await asyncio.gather(*(store.write(lambda u: u.lessons.meant("那批货到哪了", "stock")) for _ in range(5)))
    await store.write(lambda u: u.lessons.meant("那批货到哪了", "todo", instead_of="stock"))
    await store.write(lambda u: u.lessons.meant("那批货到哪了", "stock", instead_of="stock"))
    await store.write(lambda u: u.lessons.meant("从没听过", "stock"))
    (one,) = await store.read(lambda r: r.lessons.unheard())
    assert (one.count, one.read_as, dict(one.meant)) == (6, "where_is_order", {"stock": 4, "todo": 1})
    await store.write(lambda u: u.lessons.meant("那批货到哪了", "stock", instead_of="todo"))
    (one,) = await store.read(lambda r: r.lessons.unheard())
    assert dict(one.meant) == {"stock": 5}


async def test_a_correction_replaces_the_lesson_that_stood_for_its_wording_and_every_message_learns_of_it(
    store: SqlStore, clock: ManualClock
) -> None:
    now = clock.now()
    person = Person(0, "张明", frozenset({Role.SERVICE}), accounts=(("console", "zhang"),))
    await store.write(lambda u: u.people.save_person(person))

    async def known() -> int:
        return (await store.read(lambda r: r.dialogs.opening("console", "g", "zhang", now))).lessons

    wrong = Heard("那批货到哪了", "那批货到哪了", "zh", (), "where_is_order")
    seen = [await known()]
    for intent in ("stock", "todo"):
        await store.write(lambda u: u.lessons.hear(wrong, now))
        (one,) = await store.read(lambda r: r.lessons.unheard())
        await store.write(partial(_teach, one, intent, now))
        seen.append(await known())
    (standing,) = await store.read(lambda r: r.lessons.standing())
    assert (standing.intent, standing.read_as, standing.skeleton) == ("todo", "where_is_order", "那批货到哪了")
    replaced = await store.read(lambda r: r.lessons.lesson(standing.lesson_id - 1))
    assert replaced is not None
    assert (replaced.intent, replaced.undone_by) == ("stock", "陈店长")
    await store.write(lambda u: u.lessons.undo(standing.lesson_id, "陈店长", now))
    seen.append(await known())
    assert seen == sorted(set(seen))
    assert seen[-1] == await store.read(lambda r: r.lessons.version())


def _teach(one: Unheard, intent: str, now: object, u: UnitOfWork) -> None:
    u.lessons.teach(one, intent, "陈店长", now)  # type: ignore[arg-type]


async def test_what_was_taught_is_there_for_the_next_process(
    store: SqlStore, reopen: Callable[[], SqlStore], clock: ManualClock
) -> None:
    now = clock.now()
    await store.write(lambda u: u.lessons.hear(said("没影了"), now))
    (one,) = await store.read(lambda r: r.lessons.unheard())
    other = reopen()
    try:
        before = await other.read(lambda r: r.lessons.version())
        lesson = await store.write(lambda u: u.lessons.teach(one, "stock", "陈店长", now))
        assert await other.read(lambda r: r.lessons.version()) > before
        assert await other.read(lambda r: r.lessons.standing()) == [lesson]
    finally:
        await other.close()
