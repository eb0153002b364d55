"""Keeps each lane's memory: learns from every delivered parcel, and finds the lane of a parcel under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.lanes import LaneStats, dump_passages, dump_stats, lane_name, learn, load_passages, load_stats, passage
from domain.order import Order, Stage, Track
from domain.store import Reads, UnitOfWork
from handlers.desk import Desk

_UNDER_WAY = frozenset({Stage.SHIPPED, Stage.PART_SHIPPED, Stage.TO_SHIP})


def lane_of(reads: Reads | UnitOfWork, order: Order) -> LaneStats | None:
    """History of the lane an order's first parcel travels; one look, only for orders under way."""
    if not order.parcels or order.stage not in _UNDER_WAY:
        return None
    lane = lane_name(order.parcels[0].carrier, order.warehouse, order.receiver)
    kept = reads.cursors.get(f"lane:{lane}") if lane else None
    return load_stats(lane, kept) if kept else None


def on_track(uow: UnitOfWork, track: Track, order_ids: Sequence[int], now: datetime, desk: Desk) -> None:
    """A delivered parcel teaches its lane. Repeated pushes of the same parcel count once."""
    seen = passage(track)
    stored = uow.orders.by_id(order_ids[0]) if seen is not None and order_ids else None
    if seen is None or stored is None:
        return
    lane = lane_name(track.corrected_carrier or track.carrier, stored.order.warehouse, stored.order.receiver)
    if not lane:
        return
    known = load_passages(uow.cursors.get(f"lane.parcels:{lane}") or "")
    after = learn(known, seen)
    if after != known:
        uow.cursors.put(f"lane.parcels:{lane}", dump_passages(after))
        uow.cursors.put(f"lane:{lane}", dump_stats(after))
