"""kuaidi100's histories in our words. Pure. Answers and pushes carry the whole history, newest first, without offsets."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

from domain.clock import SHANGHAI
from domain.order import Track, TrackEvent, TrackStage
from domain.ports import Poison
from integrations.kuaidi100 import wire
from integrations.kuaidi100.wire import Row

SOURCE = "kuaidi100"
_RANK = {stage: rank for rank, stage in enumerate(TrackStage)}
_FINER = {"0": (TrackStage.AT_PICKUP_POINT, TrackStage.CREATED), "5": (TrackStage.AT_PICKUP_POINT,)}
_FINAL = frozenset({TrackStage.DELIVERED, TrackStage.RETURNED, TrackStage.CANCELLED})


class Unmappable(ValueError):
    """A record that cannot be read. The message names the field, never its content."""


def to_track(
    result: Row, *, now: datetime, closed: bool = False, corrected: str = "", destination: Row | None = None
) -> Track:
    """A query's answer, or a push's `lastResult` (with `destResult` of the carrier abroad). Raises Unmappable."""
    waybill = _text(result.get("nu"), 64) or _text(result.get("num"), 64)
    if not waybill:
        raise Unmappable("nu is missing")
    scans = _scans(result)
    if destination is not None:
        scans += _scans(destination)
    events = _in_order(scans)
    stage = _stage(result, events)
    signed = str(result.get("ischeck", "0")) == "1"
    return Track(
        waybill=waybill,
        carrier=wire.ours(_text(result.get("com"), 40).lower()),
        events=tuple(events),
        stage=stage,
        source=SOURCE,
        fetched_at=now,
        closed=closed or (signed and stage in _FINAL),
        corrected_carrier=wire.ours(corrected.lower()) if corrected else "",
    )


def to_pushed_track(push: Row, *, now: datetime) -> Track:
    """The `param` of a push. `shutdown` and `abort` end the subscription; a `comNew` says which carrier it really is."""
    result, told = push.get("lastResult"), _text(push.get("status"), 20)
    if not isinstance(result, dict):
        raise Unmappable("lastResult is missing")
    if told not in ("polling", "shutdown", "abort", "updateall"):
        raise Unmappable("status is not understood")
    destination = push.get("destResult")
    new, old = _text(push.get("comNew"), 40), _text(push.get("comOld"), 40)
    return to_track(
        result,
        now=now,
        closed=told in ("shutdown", "abort"),
        corrected=new if new and new != old else "",
        destination=destination if isinstance(destination, dict) else None,
    )


def _scans(result: Row) -> list[TrackEvent]:
    data = result.get("data")
    if data is None or data == "":
        return []
    if not isinstance(data, list):
        raise Unmappable("data is not a list")
    # Newest first on the wire. Turned round before sorting, so that scans of one second keep their order.
    return [_scan(each) for each in reversed(data)]


def _scan(row: Any) -> TrackEvent:
    if not isinstance(row, dict):
        raise Unmappable("data holds something that is not a scan")
    code, words = _text(row.get("statusCode"), 10), _text(row.get("status"), 40)
    stage = wire.SUB_STATE.get(code) or wire.STATE.get(code)
    if stage is None:
        stage = next((stage for part, stage in wire.WORDS if part in words), TrackStage.IN_TRANSIT)
    return TrackEvent(
        at=_moment(row.get("time") or row.get("ftime")),
        text=_text(row.get("context"), 300),
        stage=stage,
        place=_text(row.get("areaName"), 60) or _text(row.get("location"), 60),
        raw_code=code or words,
    )


def _in_order(scans: list[TrackEvent]) -> list[TrackEvent]:
    """Oldest first, each scan once: identity is the time and the words without blanks."""
    seen: set[tuple[datetime, str]] = set()
    kept = []
    for scan in sorted(scans, key=lambda scan: scan.at):
        mark = (scan.at, re.sub(r"\s+", "", unicodedata.normalize("NFKC", scan.text)))
        if mark not in seen:
            seen.add(mark)
            kept.append(scan)
    return kept


def _stage(result: Row, events: list[TrackEvent]) -> TrackStage:
    """What kuaidi100 says of the whole parcel; when that is no known code, the newest scan, ties to the further stage."""
    state = _text(result.get("state"), 10)
    # With `resultv2=4` the parcel's state may itself be a sub-state.
    told = wire.STATE.get(state) or wire.SUB_STATE.get(state)
    if told is not None:
        # The coarse states have no word for a locker or for "only ordered so far": there the newest scan knows better.
        finer = events[-1].stage if events else told
        return finer if finer in _FINER.get(state, ()) else told
    if not events:
        return TrackStage.CREATED
    newest = events[-1].at
    return max((event.stage for event in events if event.at == newest), key=_RANK.__getitem__)


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise Unmappable("time is missing")
    try:
        read = datetime.fromisoformat(value.strip())
    except ValueError as problem:
        raise Unmappable("time is not a time") from problem
    return (read if read.tzinfo else read.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def _text(value: Any, limit: int) -> str:
    """One line without control characters; numbers as their digits; everything else as nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    kept = "".join(" " if letter in "\t\r\n" else letter for letter in value[: limit * 4])
    return "".join(letter for letter in kept if unicodedata.category(letter)[0] != "C").strip()[:limit]


def poison(record: Row, problem: Unmappable) -> Poison:
    """A record for quarantine: names and codes, no words of couriers (they hold names and phone numbers)."""
    inner = record.get("lastResult")
    source = inner if isinstance(inner, dict) else record
    codes = ("nu", "com", "state", "status", "ischeck", "condition", "returnCode", "comOld", "comNew", "autoCheck")
    kept = {name: _text(source.get(name, record.get(name)), 40) for name in codes if name in source or name in record}
    data = source.get("data")
    kept["scans"] = str(len(data)) if isinstance(data, list) else f"<{type(data).__name__}>"
    return Poison(SOURCE, _text(source.get("nu"), 64), str(problem), json.dumps(kept, ensure_ascii=False))
