"""How long a lane (carrier, from where, to where) usually takes, learned from our own delivered parcels. Pure.

A lane keeps its last delivered parcels, each with two figures: hours from pickup to delivery, and the longest silence
between two scans on the way. From these follow what is *slow for this lane* and an arrival time that may be promised.

The promise is the 0.8 quantile of the parcels that, like this one, were still under way after as many hours, with the
finite-sample correction of split conformal prediction (rank ceil(0.8 * (n + 1))): at least 8 of 10 arrive by then as long
as the lane stays what it was. Too little history gives no promise at all.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from domain.order import Receiver, Track, TrackStage

KEPT = 60  # parcels remembered per lane: some weeks for a busy lane, and recent enough to follow the carrier's seasons
ENOUGH = 12  # fewer delivered parcels say nothing about a lane
_STILL_ENOUGH = 5  # and fewer that took longer than this one say nothing about its rest
CONFIDENCE = 0.8


@dataclass(frozen=True, slots=True)
class LaneStats:
    """`hours` from pickup to delivery and `silences` (longest wait between scans, hours) of past parcels, both ascending."""

    lane: str
    hours: tuple[float, ...]
    silences: tuple[float, ...]

    @property
    def enough(self) -> bool:
        return len(self.hours) >= ENOUGH

    @property
    def usual_silence(self) -> float:
        """Hours without a scan that are nothing unusual here: half of the parcels had a longer one."""
        return _rank(self.silences, 0.5)

    @property
    def long_silence(self) -> float:
        """Hours without a scan that only one parcel in ten had."""
        return max(_rank(self.silences, 0.9), self.usual_silence * 1.2)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An arrival time that history supports with `confidence`, from `samples` parcels."""

    by: datetime
    confidence: float
    samples: int


@dataclass(frozen=True, slots=True)
class Passage:
    """One delivered parcel. `mark` is a hash of its waybill, so that a repeated push is not counted twice."""

    mark: str
    hours: float
    silence: float


def lane_name(carrier: str, origin: str, receiver: Receiver) -> str:
    """`sf|杭州仓|浙江省|温州市`; "" when too little is known to speak of a lane."""
    if not carrier or not receiver.province:
        return ""
    return "|".join(part.replace("|", "")[:24] for part in (carrier, origin, receiver.province, receiver.city))


def passage(track: Track) -> Passage | None:
    """What a delivered parcel teaches; None while it is under way, or when its pickup was never seen."""
    if track.stage is not TrackStage.DELIVERED:
        return None
    moving = [event for event in track.events if event.stage not in (TrackStage.CREATED, TrackStage.CANCELLED)]
    ends = [index for index, event in enumerate(moving) if event.stage is TrackStage.DELIVERED]
    if not ends or not ends[0]:
        return None
    way = moving[: ends[0] + 1]
    hours = (way[-1].at - way[0].at) / timedelta(hours=1)
    silence = max((later.at - earlier.at) / timedelta(hours=1) for earlier, later in pairwise(way))
    if hours <= 0:
        return None
    mark = hashlib.blake2b(track.waybill.encode(), digest_size=4).hexdigest()
    return Passage(mark, round(hours, 2), round(silence, 2))


def learn(known: tuple[Passage, ...], new: Passage) -> tuple[Passage, ...]:
    """The lane's memory with one more parcel, oldest forgotten. A parcel known already is replaced in its place."""
    if any(each.mark == new.mark for each in known):
        return tuple(new if each.mark == new.mark else each for each in known)
    return (*known, new)[-KEPT:]


def dump_passages(passages: tuple[Passage, ...]) -> str:
    return " ".join(f"{each.mark}:{each.hours:g}:{each.silence:g}" for each in passages)


def load_passages(text: str) -> tuple[Passage, ...]:
    """Inverse of `dump_passages`."""
    parts = (each.split(":") for each in text.split())
    return tuple(Passage(mark, float(hours), float(silence)) for mark, hours, silence in parts)


def dump_stats(passages: tuple[Passage, ...]) -> str:
    """The two sorted columns, quick to read back on the way of an answer."""
    hours = ",".join(f"{each:g}" for each in sorted(each.hours for each in passages))
    silences = ",".join(f"{each:g}" for each in sorted(each.silence for each in passages))
    return f"{hours};{silences}"


@lru_cache(maxsize=1024)
def load_stats(lane: str, text: str) -> LaneStats:
    """Inverse of `dump_stats`."""
    hours, _, silences = text.partition(";")
    return LaneStats(lane, tuple(map(float, hours.split(","))), tuple(map(float, silences.split(","))))


def arrival(stats: LaneStats | None, picked_at: datetime | None, now: datetime) -> Arrival | None:
    """When this parcel may be promised, on the full hour; None when history does not support any promise."""
    if stats is None or not stats.enough or picked_at is None:
        return None
    elapsed = (now - picked_at) / timedelta(hours=1)
    longer = [hours for hours in stats.hours if hours > elapsed]
    rank = math.ceil(CONFIDENCE * (len(longer) + 1))
    if len(longer) < _STILL_ENOUGH or rank > len(longer):
        return None
    by = picked_at + timedelta(hours=longer[rank - 1])
    whole = by.replace(minute=0, second=0, microsecond=0)
    return Arrival(whole if whole == by else whole + timedelta(hours=1), CONFIDENCE, len(longer))


def _rank(ascending: tuple[float, ...], share: float) -> float:
    return ascending[min(len(ascending) - 1, math.ceil(share * len(ascending)) - 1)] if ascending else 0.0
