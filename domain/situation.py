"""The closed set of situations an order or a parcel can be in, and how a parcel's own situation is told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.chat import Tone
from domain.lanes import LaneStats
from domain.order import Parcel, Track, TrackStage
from domain.values import quick

HOUR = timedelta(hours=1)


class Kind(StrEnum):
    """The verdict classes."""

    UNPAID = "unpaid"
    HELD = "held"
    WAITING_STOCK = "waiting_stock"
    IN_PRODUCTION = "in_production"
    TO_SHIP = "to_ship"
    SHIP_SOON = "ship_soon"
    SHIP_LATE = "ship_late"
    PART_SHIPPED = "part_shipped"
    NO_WAYBILL = "no_waybill"  # shipped, the channel gave no waybill
    LABELLED = "labelled"  # waybill uploaded, the carrier has not scanned it
    MOVING = "moving"
    STALLED = "stalled"
    EXCEPTION = "exception"
    CUSTOMS = "customs"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AT_PICKUP_POINT = "at_pickup_point"
    DELIVERED = "delivered"
    NOT_RECEIVED = "not_received"  # signed for, and the buyer says that nothing came
    SPLIT = "split"  # several parcels, not all in the same situation
    RETURNING = "returning"
    RETURNED = "returned"
    AFTERSALE_MERCHANT = "aftersale_merchant"
    AFTERSALE_BUYER = "aftersale_buyer"
    AFTERSALE_PLATFORM = "aftersale_platform"
    AFTERSALE_EXCHANGE = "aftersale_exchange"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    REFUNDED_MOVING = "refunded_moving"  # the money went back, the goods are still travelling to the buyer
    CLOSED_UNPAID = "closed_unpaid"
    COMPLETED = "completed"
    DISAGREE = "disagree"  # channel and carrier tell different stories


class Holder(StrEnum):
    """Who has to do the next step."""

    BUYER = "buyer"
    CARRIER = "carrier"
    CHANNEL = "channel"
    SERVICE = "service"
    WAREHOUSE = "warehouse"
    OPERATIONS = "operations"
    FINANCE = "finance"
    PURCHASING = "purchasing"
    ADMIN = "admin"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Limits:
    """Hours after which a situation stops being normal. A house's own figures; the defaults are the usual rules.

    `ship` is the promise where the channel gives none (protocols, channels 13.2: pay + 48 h).
    """

    ship: float = 48
    ship_soon: float = 4
    pickup: float = 24
    silence: float = 24  # where the lane has no history
    stall: float = 48
    customs: float = 72
    delivery: float = 24
    pickup_point: float = 48
    unpaid: float = 24
    hold: float = 12
    refund: float = 48


DEFAULT_LIMITS = Limits()


@quick
@dataclass(frozen=True, slots=True)
class ParcelState:
    """One parcel's situation. `quiet` and `usual`: hours without a scan, now and usually on this lane (0: unknown)."""

    parcel: Parcel
    kind: Kind
    tone: Tone
    normal: bool
    since: datetime | None
    last_text: str = ""
    place: str = ""
    quiet: float = 0.0
    usual: float = 0.0
    picked_at: datetime | None = None
    fetched_at: datetime | None = None
    rejected: bool = False


def parcel_state(
    parcel: Parcel, track: Track | None, now: datetime, lane: LaneStats | None, limits: Limits = DEFAULT_LIMITS
) -> ParcelState:
    """One parcel's situation, from the carrier's scans; what the channel believes plays no part."""
    stage, since, text, place = parcel.stage, parcel.last_scan_at, parcel.last_scan, ""
    picked, fetched = parcel.picked_at, None
    if track is not None and track.events:
        last = track.events[-1]
        stage, since, text, place, fetched = track.stage, last.at, last.text, last.place, track.fetched_at
        if picked is None:
            picked = next((event.at for event in track.events if event.stage is not TrackStage.CREATED), None)
    since = since or picked
    if stage in (None, TrackStage.CREATED) and picked is None:
        labelled = parcel.shipped_at or since
        late = labelled is not None and now - labelled > limits.pickup * HOUR
        tone = Tone.BAD if late else Tone.INFO
        return ParcelState(parcel, Kind.LABELLED, tone, not late, labelled, text, place, fetched_at=fetched)
    quiet = max(0.0, (now - since) / HOUR) if since is not None else 0.0
    usual = lane.usual_silence if lane is not None and lane.enough else 0.0
    kind, tone, normal = _scan_kind(stage, quiet, lane, limits)
    rejected = stage is TrackStage.REJECTED
    return ParcelState(parcel, kind, tone, normal, since, text, place, quiet, usual, picked, fetched, rejected)


def _scan_kind(stage: TrackStage | None, quiet: float, lane: LaneStats | None, limits: Limits) -> tuple[Kind, Tone, bool]:
    def watched(kind: Kind, limit: float) -> tuple[Kind, Tone, bool]:
        return (kind, Tone.WATCH, False) if quiet > limit else (kind, Tone.GOOD, True)

    match stage:
        case TrackStage.DELIVERED:
            return Kind.DELIVERED, Tone.DONE, True
        case TrackStage.EXCEPTION | TrackStage.CANCELLED:
            return Kind.EXCEPTION, Tone.BAD, False
        case TrackStage.REJECTED | TrackStage.RETURNING:
            return Kind.RETURNING, Tone.WATCH, False
        case TrackStage.RETURNED:
            return Kind.RETURNED, Tone.WATCH, False
        case TrackStage.CUSTOMS:
            return watched(Kind.CUSTOMS, limits.customs)
        case TrackStage.OUT_FOR_DELIVERY:
            return watched(Kind.OUT_FOR_DELIVERY, limits.delivery)
        case TrackStage.AT_PICKUP_POINT:
            return watched(Kind.AT_PICKUP_POINT, limits.pickup_point)
        case _:
            slow = lane.long_silence if lane is not None and lane.enough else limits.silence
            if quiet > limits.stall:
                return Kind.STALLED, Tone.BAD, False
            return (Kind.STALLED, Tone.WATCH, False) if quiet > slow else (Kind.MOVING, Tone.GOOD, True)
