"""Day sums against the plain count: the same figures after any history, on both databases, and never a stale one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.dates import DateRange
from domain.errors import DeskError, Refused
from domain.metrics import METRICS
from domain.money import Money
from domain.order import Order, Stage, TrackStage
from domain.people import May
from domain.query import Part, Parts, Query, Scope, build
from domain.store import Cost
from domain.understand.plan import Filter
from handlers.kpi_keep import keep_days
from storage import SqlStore
from storage.day_query import is_kept
from storage.days import day_of_id, day_start
from storage.query import FigureReads
from storage.units import SqlReads
from tests.builders import NOW, SHOP, line, money, order, parcel, scan, track

ALL = Scope(may=frozenset(May))
DAY = timedelta(days=1)
TODAY = datetime.fromisoformat("2026-11-19T16:00:00+00:00")  # midnight in Shanghai before NOW
SPANS = (
    DateRange(TODAY - 6 * DAY, TODAY + DAY, "近7天"),
    DateRange(TODAY - 3 * DAY, TODAY, "三天"),
    DateRange(TODAY - DAY, TODAY, "昨天"),
    DateRange(NOW - timedelta(hours=50), NOW - timedelta(hours=1), "50 小时"),
)
GROUPS: tuple[tuple[str, ...], ...] = ((), ("day",), ("channel",), ("shop", "warehouse"))
FILTERS: tuple[tuple[Filter, ...], ...] = (
    (),
    (Filter("channel", "=", "douyin"),),
    (Filter("warehouse", "!=", "杭州仓"), Filter("shop", "=", "优选店")),
)
SCOPES = (ALL, Scope(frozenset({SHOP}), frozenset({"华南仓"}), frozenset(May)))
KEPT = [code for code in METRICS if is_kept(build(METRICS[code], SPANS[0], NOW))]


def counted(reads: SqlReads, query: Query, scope: Scope) -> dict[Any, Parts]:
    """Straight from the orders, whatever is kept."""
    return _sums(FigureReads(reads.conn).counted(query, scope))


def _sums(parts: list[Part]) -> dict[Any, Parts]:
    """An ungrouped count of nothing may come as a row of zeros or not at all: both mean nothing."""
    return {(one.period, one.group, one.currency): one.parts for one in parts if one.parts != Parts()}


def queries() -> list[tuple[Query, Scope]]:
    return [
        (build(METRICS[code], span, NOW, filters=filters, groups=groups), scope)
        for code in KEPT
        for span in SPANS
        for groups in GROUPS
        for filters, scope in ((FILTERS[0], SCOPES[0]), (FILTERS[1], SCOPES[1]), (FILTERS[2], SCOPES[0]))
    ]


def agree(store: SqlStore, rng: random.Random | None = None) -> None:
    """Every kept question, or some of them, gives what the plain count gives."""
    asked = queries() if rng is None else rng.sample(queries(), 40)

    def work(reads: SqlReads) -> None:
        for query, scope in asked:
            found = _sums(reads.figures.parts(query, scope))
            assert found == counted(reads, query, scope), (query.metric.code, query.groups, query.filters, query.start)

    store.read_now(work)


def some(rng: random.Random, i: int, version: int) -> Order:
    """An order near a border of a day in China more often than not, in a random state."""
    border = TODAY - rng.randrange(15) * DAY
    near = random.Random(i).choice(
        (timedelta(0), timedelta(seconds=-1), timedelta(hours=random.Random(i).randrange(-20, 20)))
    )
    placed = min(border + near, NOW - timedelta(minutes=5))
    stage = rng.choice(list(Stage))
    paid = stage not in (Stage.UNPAID, Stage.CLOSED_UNPAID)
    currency = rng.choice(("CNY", "CNY", "USD"))
    lines = tuple(
        replace(
            line(rng.choice(("A", "B", "C", "")), quantity=rng.choice((1, 2, -1)), price=rng.randrange(0, 5000), line_id=f"{n}",
                 gift=rng.random() < 0.2, platform_sku="P"),
        )
        for n in range(rng.randrange(1, 4))
    )  # fmt: skip
    lines = tuple(
        replace(one, unit_price=Money(one.unit_price.minor, currency), total=Money(one.total.minor, currency))
        for one in lines
    )
    whole = Money(max(sum(one.total.minor for one in lines), 0), currency)
    none = Money(0, currency)
    sent = placed + timedelta(hours=rng.randrange(60)) if paid and rng.random() < 0.5 else None
    return order(
        f"N{i}", stage=stage, created_at=placed, updated_at=placed + timedelta(minutes=version), lines=lines,
        channel=("douyin", "pinduoduo")[i % 2], shop=(SHOP, "优选店")[i % 2], warehouse=("杭州仓", "华南仓", "")[i % 3],
        goods=whole, freight=none, discount=none, total=whole, paid=rng.choice((whole, none)) if paid else none,
        refunded=rng.choice((none, none, whole)), paid_at=placed + timedelta(minutes=rng.randrange(90)) if paid else None,
        ship_by=rng.choice((None, placed + timedelta(hours=24), NOW, NOW + timedelta(hours=rng.randrange(-9, 9)))),
        shipped_at=sent, parcels=(parcel(f"SF{i:013d}", shipped_at=sent),) if sent else (),
    )  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_sums_say_what_the_plain_count_says_after_any_history(store: SqlStore, seed: int) -> None:
    rng = random.Random(seed)
    placed: dict[int, datetime] = {}
    for version in range(1, 8):
        batch = []
        for _ in range(rng.randrange(1, 25)):
            i = rng.randrange(60)
            made = some(rng, i, version)
            made = replace(made, created_at=placed.setdefault(i, made.created_at))
            batch.append(replace(made, updated_at=placed[i] + timedelta(minutes=version)))
        store.write_now(lambda u, b=batch: u.orders.upsert_many(b, seen_at=NOW, surface="channel"))  # type: ignore[misc]
        if version == 3:
            cost = Cost("A", "", TODAY - 4 * DAY + timedelta(hours=5), money(700), 500)
            store.write_now(lambda u, c=cost: u.costs.put([c, replace(c, sku="B", channel="douyin")]))  # type: ignore[misc]
        if version % 2:
            assert await keep_days(store) > 0
            assert store.read_now(lambda r: r.figures.marked()) == []
        agree(store, rng)
        told = track(scan("已揽收", TrackStage.PICKED_UP, NOW - timedelta(minutes=rng.randrange(9999))),
                     waybill=f"SF{rng.randrange(60):013d}")  # fmt: skip
        store.write_now(lambda u, t=told: u.orders.upsert_track(t))  # type: ignore[misc]
        if version == 5:
            late = Cost("A", "", TODAY - 9 * DAY, money(300), 100)
            store.write_now(lambda u, c=late: u.costs.put([c]))  # type: ignore[misc]
        if version == 6:
            known = store.read_now(lambda r: r.orders.find(f"N{next(iter(placed))}"))[0]
            store.write_now(
                lambda u, k=known: u.orders.change(k.id, expect_version=k.version, events=[], warehouse="退货仓")  # type: ignore[misc]
            )
        agree(store, rng)
    agree(store)


async def test_sums_are_really_read_once_they_are_kept(store: SqlStore) -> None:
    made = order(created_at=TODAY - 2 * DAY + timedelta(hours=3), updated_at=NOW)
    store.write_now(lambda u: u.orders.upsert_many([made], seen_at=NOW, surface="channel"))
    await keep_days(store)
    store.write_now(lambda u: u.conn.run("UPDATE day_sums SET placed = 41"))
    asked = build(METRICS["orders"], SPANS[0], NOW)
    assert [one.parts.numerator for one in store.read_now(lambda r: r.figures.parts(asked, ALL))] == [41]
    # A write to that day is believed at once, before any job has run.
    again = replace(made, number="another")
    store.write_now(lambda u: u.orders.upsert_many([again], seen_at=NOW, surface="channel"))
    assert [one.parts.numerator for one in store.read_now(lambda r: r.figures.parts(asked, ALL))] == [2]


async def test_a_day_that_changed_while_it_was_added_up_is_not_kept(store: SqlStore) -> None:
    made = order(created_at=TODAY - 2 * DAY, updated_at=NOW)
    store.write_now(lambda u: u.orders.upsert_many([made], seen_at=NOW, surface="channel"))
    (day,) = store.read_now(lambda r: r.figures.marked())
    old = store.read_now(lambda r: r.figures.added_up(day))
    again = replace(made, number="another")
    store.write_now(lambda u: u.orders.upsert_many([again], seen_at=NOW, surface="channel"))
    # On PostgreSQL the mark that was seen goes and the new one stays; on SQLite the day has one, and it is another.
    assert store.write_now(lambda u: u.days.keep(old)) is bool(store.url)
    assert store.read_now(lambda r: r.figures.marked()) == [day]
    agree(store)
    new = store.read_now(lambda r: r.figures.added_up(day))
    assert store.write_now(lambda u: u.days.keep(new)) is True
    assert store.write_now(lambda u: u.days.keep(old)) is False  # another replica that was slower
    agree(store)


async def test_a_cost_that_changed_while_a_day_was_added_up_is_not_forgotten(store: SqlStore) -> None:
    made = order(created_at=TODAY - 2 * DAY, updated_at=NOW, lines=(line("A"),))
    store.write_now(lambda u: u.orders.upsert_many([made], seen_at=NOW, surface="channel"))
    (day,) = store.read_now(lambda r: r.figures.marked())
    summed = store.read_now(lambda r: r.figures.added_up(day))
    store.write_now(lambda u: u.costs.put([Cost("A", "", TODAY - 9 * DAY, money(700), 500)]))
    assert store.write_now(lambda u: u.days.keep(summed))  # what the orders say is right all the same
    assert store.read_now(lambda r: r.figures.marked()) == [day]
    agree(store)
    assert await keep_days(store) == 1
    agree(store)


async def test_a_write_that_fails_leaves_no_mark_and_one_that_holds_always_does(store: SqlStore) -> None:
    made = order(created_at=TODAY - 2 * DAY, updated_at=NOW)

    def fails(u: Any) -> None:
        u.orders.upsert_many([made], seen_at=NOW, surface="channel")
        raise RuntimeError("the disk")

    with pytest.raises(RuntimeError):
        store.write_now(fails)
    assert store.read_now(lambda r: r.figures.marked()) == []
    store.write_now(lambda u: u.orders.upsert_many([made], seen_at=NOW, surface="channel"))
    await keep_days(store)
    store.write_now(lambda u: u.orders.upsert_many([made], seen_at=NOW, surface="channel"))
    assert store.read_now(lambda r: r.figures.marked()) == []  # a redelivery changes nothing


async def test_a_day_that_cannot_be_added_up_does_not_keep_the_others_from_it(store: SqlStore) -> None:
    absurd = 2**62
    poisoned = [
        order(f"P{n}", created_at=TODAY - DAY + timedelta(seconds=n), updated_at=NOW, paid=money(absurd)) for n in range(3)
    ]
    fine = order("F", created_at=TODAY - 3 * DAY, updated_at=NOW)
    store.write_now(lambda u: u.orders.upsert_many([*poisoned, fine], seen_at=NOW, surface="channel"))
    assert await keep_days(store) == 1
    assert len(store.read_now(lambda r: r.figures.marked())) == 1
    asked = build(METRICS["orders"], SPANS[0], NOW)
    assert sum(one.parts.numerator for one in store.read_now(lambda r: r.figures.parts(asked, ALL))) == 4
    with pytest.raises(DeskError):
        store.read_now(lambda r: r.figures.parts(build(METRICS["gmv"], SPANS[0], NOW), ALL))


async def test_permission_is_asked_of_the_sums_too(store: SqlStore) -> None:
    made = order(created_at=TODAY - 2 * DAY, updated_at=NOW)
    store.write_now(lambda u: u.orders.upsert_many([made], seen_at=NOW, surface="channel"))
    await keep_days(store)
    with pytest.raises(Refused):
        store.read_now(
            lambda r: r.figures.parts(build(METRICS["gmv"], SPANS[0], NOW), Scope(may=frozenset({May.ASK_ORDERS})))
        )


def test_a_day_begins_at_midnight_in_china() -> None:
    first = int(TODAY.timestamp())
    assert day_start(day_of_id(first << 31)) == first
    assert day_of_id((first - 1) << 31) == day_of_id(first << 31) - 1
