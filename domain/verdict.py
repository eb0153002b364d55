"""What is true about an order, in one of a closed set of kinds: not the channel's status word, but a verdict. Pure.

`judge` looks at the three axes (order, after-sale, parcels) together and says which kind of situation this is, since when,
whether that is normal, who holds it, what may be promised and which buttons make sense. Sentences are made elsewhere
(`handlers.words.orders`), one for each kind and language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from domain.chat import Tone
from domain.lanes import Arrival, LaneStats, arrival
from domain.order import AFTERSALE_OPEN, Aftersale, AftersaleStage, Order, Stage
from domain.situation import DEFAULT_LIMITS, HOUR, Holder, Kind, Limits, ParcelState, parcel_state
from domain.store import OrderCard
from domain.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole judgement about one order at one moment.

    `reasons` are the hold reasons, or for DISAGREE the two stories as (channel's, carrier's). `due` is the clock of the next
    step: ship-by, or the after-sale's; `due_assumed` says that it is the house rule, not the channel's own promise.
    `arrival` is the only time that may be promised to a customer.
    """

    kind: Kind
    tone: Tone
    normal: bool
    since: datetime | None
    holder: Holder
    reasons: tuple[str, ...] = ()
    due: datetime | None = None
    due_assumed: bool = False
    lead: ParcelState | None = None
    parcels: tuple[ParcelState, ...] = ()
    aftersale: Aftersale | None = None
    arrival: Arrival | None = None
    urgeable: bool = False
    final: bool = False


_HOLD_OWNER = {
    "risk": Holder.OPERATIONS,
    "margin": Holder.OPERATIONS,
    "conflict": Holder.OPERATIONS,
    "address_review": Holder.SERVICE,
    "refund": Holder.SERVICE,
    "stock": Holder.PURCHASING,
    "unknown_status": Holder.ADMIN,
}
_HOLDER = {
    Kind.UNPAID: Holder.BUYER,
    Kind.WAITING_STOCK: Holder.PURCHASING,
    Kind.IN_PRODUCTION: Holder.PURCHASING,
    Kind.TO_SHIP: Holder.WAREHOUSE,
    Kind.SHIP_SOON: Holder.WAREHOUSE,
    Kind.SHIP_LATE: Holder.WAREHOUSE,
    Kind.PART_SHIPPED: Holder.WAREHOUSE,
    Kind.NO_WAYBILL: Holder.WAREHOUSE,
    Kind.LABELLED: Holder.WAREHOUSE,
    Kind.MOVING: Holder.CARRIER,
    Kind.STALLED: Holder.CARRIER,
    Kind.EXCEPTION: Holder.CARRIER,
    Kind.CUSTOMS: Holder.CARRIER,
    Kind.OUT_FOR_DELIVERY: Holder.CARRIER,
    Kind.AT_PICKUP_POINT: Holder.BUYER,
    Kind.NOT_RECEIVED: Holder.SERVICE,
    Kind.RETURNING: Holder.WAREHOUSE,
    Kind.RETURNED: Holder.WAREHOUSE,
    Kind.AFTERSALE_MERCHANT: Holder.SERVICE,
    Kind.AFTERSALE_BUYER: Holder.BUYER,
    Kind.AFTERSALE_PLATFORM: Holder.CHANNEL,
    Kind.AFTERSALE_EXCHANGE: Holder.WAREHOUSE,
    Kind.REFUNDING: Holder.CHANNEL,
    Kind.REFUNDED_MOVING: Holder.WAREHOUSE,
    Kind.DISAGREE: Holder.SERVICE,
}
_URGEABLE = frozenset(
    {
        Kind.WAITING_STOCK,
        Kind.IN_PRODUCTION,
        Kind.TO_SHIP,
        Kind.SHIP_SOON,
        Kind.SHIP_LATE,
        Kind.PART_SHIPPED,
        Kind.NO_WAYBILL,
        Kind.LABELLED,
        Kind.MOVING,
        Kind.STALLED,
        Kind.EXCEPTION,
        Kind.CUSTOMS,
        Kind.OUT_FOR_DELIVERY,
        Kind.SPLIT,
        Kind.NOT_RECEIVED,
        Kind.REFUNDED_MOVING,
    }
)
_FINAL = frozenset({Kind.REFUNDED, Kind.CLOSED_UNPAID, Kind.COMPLETED})
_TRAVELLING = frozenset(
    {Kind.MOVING, Kind.STALLED, Kind.EXCEPTION, Kind.CUSTOMS, Kind.OUT_FOR_DELIVERY, Kind.AT_PICKUP_POINT}
)
_PROMISABLE = frozenset({Kind.MOVING, Kind.STALLED, Kind.OUT_FOR_DELIVERY})
_AFTERSALE_KIND = {
    AftersaleStage.WAIT_MERCHANT: Kind.AFTERSALE_MERCHANT,
    AftersaleStage.WAIT_BUYER_RETURN: Kind.AFTERSALE_BUYER,
    AftersaleStage.WAIT_MERCHANT_RECEIVE: Kind.RETURNING,
    AftersaleStage.REFUNDING: Kind.REFUNDING,
    AftersaleStage.ARBITRATION: Kind.AFTERSALE_PLATFORM,
    AftersaleStage.EXCHANGE: Kind.AFTERSALE_EXCHANGE,
    AftersaleStage.RESHIP: Kind.AFTERSALE_EXCHANGE,
    AftersaleStage.REPAIR: Kind.AFTERSALE_EXCHANGE,
}
# What tags and channels call goods that are made after the order.
_MADE_TO_ORDER = frozenset({"in_production", "made_to_order", "生产中", "定制", "预制"})
_MISSING = re.compile(
    r"(?:没|未|没有|沒)\s*(?:有)?\s*(?:收到|拿到|签收|取到)|丢件|不是本人签|虚假签收|not\s+received|never\s+(?:arrived|received)|"
    r"(?:didn'?t|haven'?t|did not|have not)\s+(?:receive|get|got)",
    re.IGNORECASE,
)
# The worse story leads when parcels differ: what needs a person comes first.
_WORST = {
    kind: rank
    for rank, kind in enumerate(
        (
            Kind.EXCEPTION,
            Kind.RETURNING,
            Kind.STALLED,
            Kind.LABELLED,
            Kind.CUSTOMS,
            Kind.AT_PICKUP_POINT,
            Kind.MOVING,
            Kind.OUT_FOR_DELIVERY,
            Kind.RETURNED,
            Kind.DELIVERED,
        )
    )
}


def says_missing(text: str) -> bool:
    """Whether a sentence says that a parcel which should be there is not."""
    return bool(_MISSING.search(text))


def judge(
    card: OrderCard,
    now: datetime,
    *,
    lane: LaneStats | None = None,
    limits: Limits = DEFAULT_LIMITS,
    claimed_missing: bool = False,
) -> Verdict:
    """The verdict. `lane` is the history of the parcel's lane when there is one; `claimed_missing`: the asker says so."""
    order = card.stored.order
    tracks = {track.waybill: track for track in card.tracks} if card.tracks else {}
    parcels = tuple(parcel_state(parcel, tracks.get(parcel.waybill), now, lane, limits) for parcel in order.parcels)
    lead = min(parcels, key=lambda state: _WORST[state.kind]) if parcels else None
    opened = _open_aftersale(card.aftersales)
    found = _kind(card, now, parcels, lead, opened, limits, claimed_missing=claimed_missing)
    kind, tone, normal, since, reasons, due, assumed = found
    promise = None
    if lead is not None and kind in _PROMISABLE:
        promise = arrival(lane, lead.picked_at, now)
    return Verdict(
        kind,
        tone,
        normal,
        since,
        _holder(kind, reasons, lead),
        reasons,
        due,
        assumed,
        lead,
        parcels,
        opened,
        promise,
        kind in _URGEABLE,
        kind in _FINAL,
    )


_Found = tuple[Kind, Tone, bool, datetime | None, tuple[str, ...], datetime | None, bool]


def _found(
    kind: Kind,
    tone: Tone,
    since: datetime | None,
    *,
    normal: bool = True,
    reasons: tuple[str, ...] = (),
    due: datetime | None = None,
    assumed: bool = False,
) -> _Found:
    return kind, tone, normal, since, reasons, due, assumed


def _kind(
    card: OrderCard,
    now: datetime,
    parcels: tuple[ParcelState, ...],
    lead: ParcelState | None,
    opened: Aftersale | None,
    limits: Limits,
    *,
    claimed_missing: bool,
) -> _Found:
    order = card.stored.order
    travelling = next((state for state in parcels if state.kind in _TRAVELLING), None)
    match order.stage:
        case Stage.UNPAID:
            late = now - order.created_at > limits.unpaid * HOUR
            return _found(Kind.UNPAID, Tone.WATCH if late else Tone.INFO, order.created_at, normal=not late)
        case Stage.CLOSED_UNPAID if travelling is None:
            return _found(Kind.CLOSED_UNPAID, Tone.DONE, order.finished_at or order.updated_at)
        case Stage.CLOSED_REFUNDED if travelling is None:
            return _found(Kind.REFUNDED, Tone.DONE, _refunded_at(card) or order.finished_at or order.updated_at)
        case Stage.CLOSED_UNPAID | Stage.CLOSED_REFUNDED:
            return _found(Kind.REFUNDED_MOVING, Tone.BAD, _refunded_at(card) or order.updated_at, normal=False)
        case Stage.HOLD | Stage.TO_SHIP | Stage.PART_SHIPPED:
            return _before_shipping(card, now, lead, opened, limits)
        case _:
            return _after_shipping(card, now, parcels, lead, opened, limits, claimed_missing=claimed_missing)


def _before_shipping(
    card: OrderCard, now: datetime, lead: ParcelState | None, opened: Aftersale | None, limits: Limits
) -> _Found:
    order = card.stored.order
    due, assumed = ship_by(order, limits)
    if opened is not None and (not order.holds or order.holds == ("refund",)):
        return _aftersale(opened, now, limits)
    if order.stage is Stage.HOLD or order.holds:
        reasons = order.holds or ("unknown_status",)
        since = _event_at(card, "hold") or order.updated_at
        late = now - since > limits.hold * HOUR or (due is not None and due < now)
        kind = Kind.WAITING_STOCK if reasons == ("stock",) else Kind.HELD
        tone = Tone.BAD if late else Tone.WATCH
        return _found(kind, tone, since, normal=not late, reasons=reasons, due=due, assumed=assumed)
    since = order.paid_at or order.created_at
    if order.stage is Stage.PART_SHIPPED:
        late = due is not None and due < now
        tone = Tone.BAD if late else Tone.WATCH
        return _found(Kind.PART_SHIPPED, tone, order.shipped_at or since, normal=not late, due=due, assumed=assumed)
    if lead is not None and (lead.kind in _TRAVELLING or lead.kind is Kind.DELIVERED):
        # The goods travel, the channel was never told: it will count the order as shipped late.
        told = (order.stage.value, lead.kind.value)
        return _found(Kind.DISAGREE, Tone.BAD, lead.since, normal=False, reasons=told, due=due, assumed=assumed)
    if due is not None and due < now:
        return _found(Kind.SHIP_LATE, Tone.BAD, since, normal=False, due=due, assumed=assumed)
    if not _MADE_TO_ORDER.isdisjoint(order.tags):
        return _found(Kind.IN_PRODUCTION, Tone.INFO, since, due=due, assumed=assumed)
    if due is not None and due - now <= limits.ship_soon * HOUR:
        return _found(Kind.SHIP_SOON, Tone.WATCH, since, normal=False, due=due, assumed=assumed)
    return _found(Kind.TO_SHIP, Tone.GOOD, since, due=due, assumed=assumed)


def _after_shipping(
    card: OrderCard,
    now: datetime,
    parcels: tuple[ParcelState, ...],
    lead: ParcelState | None,
    opened: Aftersale | None,
    limits: Limits,
    *,
    claimed_missing: bool,
) -> _Found:
    order = card.stored.order
    arrived = order.stage in (Stage.DELIVERED, Stage.COMPLETED)
    if lead is None:
        return (
            _arrived(card, now, None, opened, limits, claimed_missing=claimed_missing)
            if arrived
            else _no_waybill(order, now)
        )
    if all(state.kind is Kind.DELIVERED for state in parcels):
        return _arrived(card, now, lead, opened, limits, claimed_missing=claimed_missing)
    if arrived and (lead.kind not in _TRAVELLING or now - (lead.since or now) > 30 * 24 * HOUR):
        # No real scan contradicts the channel: sources that lost interest in a parcel are not a second story.
        return _arrived(card, now, lead, opened, limits, claimed_missing=claimed_missing)
    if arrived:
        told = (order.stage.value, lead.kind.value)
        return _found(Kind.DISAGREE, Tone.BAD, lead.since, normal=False, reasons=told)
    if lead.kind is Kind.RETURNED and opened is not None:
        return _aftersale(opened, now, limits)
    if len({state.kind for state in parcels}) > 1:
        return _found(Kind.SPLIT, lead.tone, lead.since, normal=all(state.normal for state in parcels))
    return _found(lead.kind, lead.tone, lead.since, normal=lead.normal)


def _arrived(
    card: OrderCard,
    now: datetime,
    lead: ParcelState | None,
    opened: Aftersale | None,
    limits: Limits,
    *,
    claimed_missing: bool,
) -> _Found:
    order = card.stored.order
    at = (lead.since if lead is not None and lead.kind is Kind.DELIVERED else None) or order.delivered_at
    if claimed_missing or (opened is not None and says_missing(opened.reason)) or says_missing(order.buyer_note):
        due = opened.deadline if opened is not None else None
        return _found(Kind.NOT_RECEIVED, Tone.BAD, at or order.updated_at, normal=False, due=due)
    if opened is not None:
        return _aftersale(opened, now, limits)
    if order.stage is Stage.COMPLETED:
        return _found(Kind.COMPLETED, Tone.DONE, order.finished_at or at or order.updated_at)
    return _found(Kind.DELIVERED, Tone.DONE, at or order.updated_at)


def _no_waybill(order: Order, now: datetime) -> _Found:
    since = order.shipped_at or order.updated_at
    late = now - since > 24 * HOUR
    return _found(Kind.NO_WAYBILL, Tone.WATCH if late else Tone.INFO, since, normal=not late)


def _aftersale(opened: Aftersale, now: datetime, limits: Limits) -> _Found:
    kind = _AFTERSALE_KIND[opened.stage]
    since = opened.updated_at
    late = opened.deadline is not None and opened.deadline < now
    late = late or (kind is Kind.REFUNDING and now - since > limits.refund * HOUR)
    soon = opened.deadline is not None and opened.deadline - now < limits.ship_soon * HOUR
    ours = kind in (Kind.AFTERSALE_MERCHANT, Kind.RETURNING, Kind.AFTERSALE_EXCHANGE)
    tone = Tone.BAD if late or (soon and ours) else Tone.WATCH if ours else Tone.INFO
    return _found(kind, tone, since, normal=not late, due=opened.deadline)


def _holder(kind: Kind, reasons: tuple[str, ...], lead: ParcelState | None) -> Holder:
    if kind is Kind.HELD:
        return _HOLD_OWNER.get(reasons[0], Holder.OPERATIONS)
    if kind is Kind.SPLIT and lead is not None:
        return _HOLDER.get(lead.kind, Holder.NOBODY)
    return _HOLDER.get(kind, Holder.NOBODY)


def ship_by(order: Order, limits: Limits = DEFAULT_LIMITS) -> tuple[datetime | None, bool]:
    """The ship-by promise, and whether it is only the house rule since the channel gives none."""
    if order.ship_by is not None:
        return order.ship_by, False
    return (order.paid_at + limits.ship * HOUR, True) if order.paid_at is not None else (None, True)


def _open_aftersale(aftersales: tuple[Aftersale, ...]) -> Aftersale | None:
    opened = [each for each in aftersales if each.stage in AFTERSALE_OPEN] if aftersales else []
    return max(opened, key=lambda each: each.updated_at) if opened else None


def _refunded_at(card: OrderCard) -> datetime | None:
    times = [each.refunded_at for each in card.aftersales if each.refunded_at is not None]
    return max(times) if times else None


def _event_at(card: OrderCard, kind: str) -> datetime | None:
    return next((event.at for event in reversed(card.events) if event.kind == kind), None)
