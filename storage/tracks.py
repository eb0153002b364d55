"""Carrier tracks: one row a waybill, its history merged by (time, text) whatever order pushes arrive in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from domain.order import Parcel, Track, TrackEvent, TrackStage
from domain.waybill import carrier_code
from storage.moments import at, dump, load, ms, scrub
from storage.sql import Row

TRACK_COLUMNS = "waybill,carrier,stage,source,fetched_at,closed,corrected_carrier,events"
SELECT_TRACK = f"SELECT {TRACK_COLUMNS} FROM tracks WHERE waybill = ?"
SAVE_TRACK = (
    f"INSERT INTO tracks({TRACK_COLUMNS}) VALUES(?,?,?,?,?,?,?,?) ON CONFLICT (waybill) DO UPDATE SET"
    " carrier=excluded.carrier, stage=excluded.stage, source=excluded.source, fetched_at=excluded.fetched_at,"
    " closed=excluded.closed, corrected_carrier=excluded.corrected_carrier, events=excluded.events"
)
_STAGES = {stage.value: stage for stage in TrackStage}
# "Created" is the label being made; the parcel moved only when the carrier says anything else about it.
_NOT_A_SCAN = frozenset({TrackStage.CREATED, TrackStage.CANCELLED})
# What a scan after delivery cannot undo: sites scan late and clocks differ. A refusal or a way back can.
_SETTLED_BY_DELIVERY = frozenset(
    {
        TrackStage.CREATED, TrackStage.PICKED_UP, TrackStage.IN_TRANSIT, TrackStage.OUT_FOR_DELIVERY,
        TrackStage.AT_PICKUP_POINT, TrackStage.CUSTOMS, TrackStage.DELIVERED,
    }
)  # fmt: skip
_EVENTS_CAP = 400
_ORDER = {stage: n for n, stage in enumerate(TrackStage)}


def read_track(row: Row) -> Track:
    events = tuple(
        [TrackEvent(at(when), text, _STAGES[stage], place, code) for when, text, stage, place, code in load(row[7])]
    )
    carrier, corrected = carrier_code(row[1]), carrier_code(row[6])
    return Track(row[0], carrier, events, _STAGES[row[2]], row[3], at(row[4]), row[5] == 1, corrected)


def track_row(track: Track) -> tuple[object, ...]:
    events = [[ms(one.at), one.text, one.stage.value, one.place, one.raw_code] for one in track.events]
    return (
        track.waybill, track.carrier, track.stage.value, track.source, ms(track.fetched_at), 1 if track.closed else 0,
        track.corrected_carrier, dump(events),
    )  # fmt: skip


def tidy_track(track: Track) -> Track:
    """Without what a database cannot hold; moments to the millisecond, which is what we keep."""
    events = tuple(
        TrackEvent(at(ms(one.at)), scrub(one.text, 500), one.stage, scrub(one.place, 100), scrub(one.raw_code, 50))
        for one in track.events
    )
    events = tuple(sorted(events, key=_event_key))
    return replace(
        track, waybill=scrub(track.waybill.strip(), 100), carrier=carrier_code(scrub(track.carrier, 50)), events=events,
        source=scrub(track.source, 50), corrected_carrier=carrier_code(scrub(track.corrected_carrier, 50)),
    )  # fmt: skip


def merge_tracks(before: Track | None, incoming: Track) -> Track:
    """Events of both, oldest first; the stage is that of the scan that stands by the events' own times, not by arrival."""
    merged = {(one.at, one.text): one for one in incoming.events}
    if before is not None:
        for one in before.events:
            other = merged.get((one.at, one.text))
            # The same event told twice with different codes: one of them, the same one in either order of arrival.
            merged[one.at, one.text] = max((one, other), key=_event_key) if other else one
    events = tuple(sorted(merged.values(), key=_event_key))[-_EVENTS_CAP:]
    newest = incoming if before is None or _said_key(incoming) >= _said_key(before) else before
    stage = _standing(events).stage if events else newest.stage
    return Track(
        incoming.waybill, newest.carrier, events, stage, newest.source, newest.fetched_at,
        incoming.closed or (before is not None and before.closed), newest.corrected_carrier,
    )  # fmt: skip


def _standing(events: Sequence[TrackEvent]) -> TrackEvent:
    """The scan (of events oldest first) that says where the parcel is: the latest, except that the first delivery stays."""
    standing = events[0]
    for one in events[1:]:
        if standing.stage is not TrackStage.DELIVERED or one.stage not in _SETTLED_BY_DELIVERY:
            standing = one
    return standing


def scanned(parcel: Parcel, track: Track) -> Parcel:
    """The parcel with what the carrier said: first real scan, latest scan, stage."""
    real = [one for one in track.events if one.stage not in _NOT_A_SCAN]
    if not real:
        return replace(parcel, stage=parcel.stage or track.stage)
    first, last = real[0], _standing(real)
    known_later = parcel.last_scan_at is not None and parcel.last_scan_at > real[-1].at
    settled = last.stage is TrackStage.DELIVERED and (parcel.stage is None or parcel.stage in _SETTLED_BY_DELIVERY)
    if known_later and not settled:
        picked = min(one for one in (parcel.picked_at, first.at) if one)
        return replace(parcel, picked_at=picked)
    picked_at = min([one for one in (parcel.picked_at,) if one] + [first.at])
    return replace(parcel, picked_at=picked_at, stage=track.stage, last_scan_at=last.at, last_scan=last.text)


def _event_key(event: TrackEvent) -> tuple[int, int, str, str, str]:
    return (ms(event.at), _ORDER[event.stage], event.text, event.place, event.raw_code)


def _said_key(track: Track) -> tuple[int, str, str, str]:
    return (ms(track.fetched_at), track.source, track.carrier, track.corrected_carrier)
