"""A carrier that an older version stored under another name: read, filtered and grouped under its one code."""

from __future__ import annotations

from datetime import timedelta

from domain.dates import DateRange
from domain.metrics import METRICS
from domain.people import May
from domain.query import Query, Scope, build
from domain.understand.plan import Filter
from storage import SqlStore
from storage.units import SqlReads, SqlUnit
from tests.builders import NOW, parcel, scan, shipped, track

OLD, NEW = "JT0000000000001", "JT0000000000002"
SPAN = DateRange(NOW - timedelta(days=7), NOW + timedelta(minutes=1), "")


def filled(store: SqlStore) -> None:
    """Two orders by one carrier; the first was written by a version that called it by its old name."""
    orders = [
        shipped(f"69{waybill[-1]:>017}", waybill=waybill, parcels=(parcel(waybill, carrier="jt", shipped_at=NOW),))
        for waybill in (OLD, NEW)
    ]

    def work(uow: SqlUnit) -> None:
        uow.orders.upsert_many(orders, seen_at=NOW, surface="test")
        uow.orders.upsert_track(track(scan("已到达"), waybill=OLD, carrier="jt"))
        for table in ("parcels", "tracks"):
            uow.cursors._c.run(f"UPDATE {table} SET carrier = 'jtexpress' WHERE waybill = ?", (OLD,))

    store.write_now(work)
    carriers = store.read_now(lambda r: r.rows("SELECT carrier FROM parcels ORDER BY carrier"))
    assert [row[0] for row in carriers] == ["jt", "jtexpress"]


async def test_an_old_name_is_read_as_the_one_code(store: SqlStore) -> None:
    filled(store)
    (card,) = store.read_now(lambda r: r.orders.cards_by_waybill(OLD))
    assert [each.carrier for each in card.stored.order.parcels] == ["jt"]
    assert [each.carrier for each in card.tracks] == ["jt"]


async def test_the_same_order_again_is_no_change(store: SqlStore) -> None:
    filled(store)
    (stored,) = store.read_now(lambda r: r.orders.by_waybill(OLD))
    again = store.write_now(lambda u: u.orders.upsert_many([stored.order], seen_at=NOW, surface="test"))
    assert again == []


async def test_figures_filter_and_group_both_spellings_as_one(store: SqlStore) -> None:
    filled(store)
    scope = Scope(may=frozenset(May))
    for name in ("jt", "jtexpress"):
        query = build(METRICS["orders"], SPAN, NOW, filters=(Filter("carrier", "=", name),))

        def count(reads: SqlReads, query: Query = query) -> int:
            return sum(part.parts.numerator for part in reads.figures.parts(query, scope))

        assert store.read_now(count) == 2
    grouped = build(METRICS["orders"], SPAN, NOW, groups=("carrier",))
    parts = [part for part in store.read_now(lambda r: r.figures.parts(grouped, scope)) if part.period == 1]
    assert [(part.group, part.parts.numerator) for part in parts] == [(("jt",), 2)]


async def test_the_old_name_is_never_written(store: SqlStore) -> None:
    order = shipped("6900000000000000009", waybill=OLD, parcels=(parcel(OLD, carrier="jtexpress", shipped_at=NOW),))
    store.write_now(lambda u: u.orders.upsert_many([order], seen_at=NOW, surface="test"))
    store.write_now(lambda u: u.orders.upsert_track(track(scan("已到达"), waybill=OLD, carrier="jtexpress")))
    kept = store.read_now(lambda r: [r.rows(f"SELECT carrier FROM {table}") for table in ("parcels", "tracks")])
    assert [row[0] for rows in kept for row in rows] == ["jt", "jt"]
