"""Whatever order versions and tracks arrive in, however often: the same order comes out (property-tested on SQLite)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import ManualClock
from domain.order import Order, Stage, Track, TrackStage
from storage import open_store
from tests.builders import NOW, NUMBER, SHOP, money, order, parcel, scan, track
from tests.storage.fixtures import KEYS

versions = st.builds(
    lambda minute, stage, refunded, waybills: replace(
        order(stage=stage, parcels=tuple(parcel(one) for one in waybills), refunded=money(refunded)),
        updated_at=NOW + timedelta(minutes=minute),
        seller_note=f"{minute}",
    ),
    st.integers(0, 5),
    st.sampled_from(list(Stage)),
    st.integers(0, 2),
    st.lists(st.sampled_from(["SF100", "SF200"]), unique=True, max_size=2),
)
tracks = st.builds(
    lambda waybill, scans: track(*[scan(f"s{n}", stage, NOW + timedelta(hours=n)) for n, stage in scans], waybill=waybill),
    st.sampled_from(["SF100", "SF200"]),
    st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from([TrackStage.PICKED_UP, TrackStage.IN_TRANSIT, TrackStage.DELIVERED])),
        min_size=1,
        max_size=3,
        unique_by=lambda one: one[0],
    ),
)


def result(arrivals: Sequence[Order | Track]) -> Order:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store("", data_dir=Path(folder), keys=KEYS, clock=ManualClock(NOW))
        try:
            for one in arrivals:
                if isinstance(one, Order):
                    store.write_now(lambda u, o=one: u.orders.upsert_many([o], seen_at=NOW, surface="x"))  # type: ignore[misc]
                else:
                    store.write_now(lambda u, t=one: u.orders.upsert_track(t))  # type: ignore[misc]
            found = store.read_now(lambda r: r.orders.get("douyin", SHOP, NUMBER))
            assert found is not None
            return found.order
        finally:
            store.close_now()


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_versions_converge(data: st.DataObject) -> None:
    told = data.draw(st.lists(versions, min_size=1, max_size=5))
    again = data.draw(st.permutations([*told, *told[:1]]))
    assert result(list(told)) == result(list(again))


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_tracks_converge_before_between_and_after_the_versions(data: st.DataObject) -> None:
    told: list[Order | Track] = [
        *data.draw(st.lists(versions, min_size=1, max_size=2)),
        *data.draw(st.lists(tracks, max_size=3)),
    ]
    again = data.draw(st.permutations(told))
    assert result(told) == result(list(again))


def _hour(n: int, stage: TrackStage) -> Track:
    return track(scan(f"s{n}", stage, NOW + timedelta(hours=n)), waybill="SF100")


def test_a_scan_told_for_after_the_delivery_undoes_nothing_in_either_order() -> None:
    sent = replace(order(stage=Stage.SHIPPED, parcels=(parcel("SF100"),)), updated_at=NOW)
    delivered, late, again = _hour(0, TrackStage.DELIVERED), _hour(1, TrackStage.IN_TRANSIT), _hour(2, TrackStage.DELIVERED)
    one = result([sent, delivered, late, again])
    assert (one.stage, one.delivered_at) == (Stage.DELIVERED, NOW)
    assert one.parcels[0].stage is TrackStage.DELIVERED
    others: list[list[Order | Track]] = [
        [sent, late, delivered, again],
        [again, late, sent, delivered],
        [late, sent, again, delivered],
    ]
    for other in others:
        assert result(other) == one


def test_what_comes_back_after_the_delivery_is_on_its_way_back() -> None:
    sent = replace(order(stage=Stage.SHIPPED, parcels=(parcel("SF100"),)), updated_at=NOW)
    found = result([sent, _hour(0, TrackStage.DELIVERED), _hour(3, TrackStage.RETURNING)])
    assert found.parcels[0].stage is TrackStage.RETURNING


def test_when_it_was_delivered_is_known_also_when_the_channel_completed_it_first() -> None:
    sent = replace(order(stage=Stage.SHIPPED, parcels=(parcel("SF100"),)), updated_at=NOW)
    done = replace(order(stage=Stage.COMPLETED, parcels=()), updated_at=NOW, seller_note="later")
    delivered = _hour(0, TrackStage.DELIVERED)
    one = result([sent, delivered, done])
    assert (one.stage, one.delivered_at) == (Stage.COMPLETED, NOW)
    others: list[list[Order | Track]] = [[sent, done, delivered], [done, delivered, sent], [delivered, done, sent]]
    for other in others:
        assert result(other) == one
