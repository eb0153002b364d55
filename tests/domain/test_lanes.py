"""A lane's memory: what is usual, what may be promised, and that promises are kept eight times in ten."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.lanes import (
    KEPT,
    LaneStats,
    Passage,
    arrival,
    dump_passages,
    dump_stats,
    lane_name,
    learn,
    load_passages,
    load_stats,
    passage,
)
from domain.order import Receiver, Track, TrackEvent, TrackStage

START = datetime(2026, 11, 20, tzinfo=UTC)
T = TrackStage


def track(*scans: tuple[float, TrackStage], stage: TrackStage = T.DELIVERED) -> Track:
    events = tuple(TrackEvent(START + timedelta(hours=hours), "x", kind) for hours, kind in scans)
    return Track("SF1", "sf", events, stage, "kuaidi100", START)


def test_a_delivered_parcel_teaches_its_hours_and_its_longest_silence() -> None:
    seen = passage(track((0, T.CREATED), (5, T.PICKED_UP), (7, T.IN_TRANSIT), (20, T.IN_TRANSIT), (24, T.DELIVERED)))
    assert seen is not None
    assert (seen.hours, seen.silence) == (19.0, 13.0)


@pytest.mark.parametrize(
    "value",
    [
        track((5, T.PICKED_UP), (7, T.IN_TRANSIT), stage=T.IN_TRANSIT),
        track((7, T.DELIVERED)),
        track((7, T.CREATED), (9, T.DELIVERED)),
        track(),
        track((7, T.PICKED_UP), (7, T.DELIVERED)),
    ],
)
def test_a_parcel_whose_way_was_not_seen_teaches_nothing(value: Track) -> None:
    assert passage(value) is None


def test_scans_after_delivery_do_not_stretch_the_way() -> None:
    seen = passage(track((0, T.PICKED_UP), (10, T.DELIVERED), (90, T.DELIVERED)))
    assert seen is not None
    assert seen.hours == 10.0


def test_a_repeated_push_counts_once_and_old_parcels_are_forgotten() -> None:
    known = learn((), Passage("a", 10, 2))
    known = learn(known, Passage("a", 11, 3))
    assert known == (Passage("a", 11, 3),)
    for index in range(KEPT + 5):
        known = learn(known, Passage(f"b{index}", 10, 2))
    assert len(known) == KEPT
    assert known[0].mark == "b5"


@given(st.lists(st.tuples(st.floats(0.01, 900), st.floats(0.01, 900)), min_size=1, max_size=KEPT))
@settings(max_examples=30, deadline=None)
def test_what_is_stored_is_read_back(pairs: list[tuple[float, float]]) -> None:
    known = tuple(Passage(f"{index:08x}", round(hours, 2), round(gap, 2)) for index, (hours, gap) in enumerate(pairs))
    assert [each.mark for each in load_passages(dump_passages(known))] == [each.mark for each in known]
    stats = load_stats("x", dump_stats(known))
    assert list(stats.hours) == sorted(stats.hours)
    assert len(stats.hours) == len(stats.silences) == len(known)


def test_a_lane_needs_a_carrier_and_a_destination() -> None:
    assert lane_name("sf", "杭州仓", Receiver(province="浙江省", city="温州市")) == "sf|杭州仓|浙江省|温州市"
    assert lane_name("", "杭州仓", Receiver(province="浙江省")) == ""
    assert lane_name("sf", "杭州仓", Receiver()) == ""


def test_promises_are_kept_at_least_eight_times_in_ten() -> None:
    dice = random.Random(20261122)

    def hours() -> float:
        return dice.lognormvariate(3.2, 0.35)  # about a day, with a long tail, as parcels have it

    kept = promised = 0
    for _ in range(400):
        past = tuple(sorted(hours() for _ in range(KEPT)))
        truth, asked_after = hours(), dice.uniform(0, 20)
        if truth <= asked_after:
            continue
        promise = arrival(LaneStats("x", past, past), START, START + timedelta(hours=asked_after))
        if promise is not None:
            promised += 1
            kept += START + timedelta(hours=truth) <= promise.by
    assert promised > 300
    assert 0.77 <= kept / promised <= 0.90  # the full hour it is rounded up to adds a little
