"""Orders, parcels and after-sales as every channel agrees to describe them. Pure values.

Three axes are kept apart (protocols, channels section 14): the order's `Stage`, the after-sale's `AftersaleStage`, and a
parcel's `TrackStage`. Uploading a waybill flips the channel's stage everywhere; the carrier's first scan is another fact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from domain.money import Money
from domain.values import quick


class Stage(StrEnum):
    """The order axis. An unknown platform code is kept raw and read as HOLD, so that nothing ships on a guess."""

    UNPAID = "unpaid"
    HOLD = "hold"
    TO_SHIP = "to_ship"
    PART_SHIPPED = "part_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CLOSED_UNPAID = "closed_unpaid"
    CLOSED_REFUNDED = "closed_refunded"


STAGE_RANK: dict[Stage, int] = {stage: rank for rank, stage in enumerate(Stage)}
OPEN_STAGES = frozenset({Stage.HOLD, Stage.TO_SHIP, Stage.PART_SHIPPED})


class AftersaleStage(StrEnum):
    WAIT_MERCHANT = "wait_merchant"
    WAIT_BUYER_RETURN = "wait_buyer_return"
    WAIT_MERCHANT_RECEIVE = "wait_merchant_receive"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXCHANGE = "exchange"
    RESHIP = "reship"
    REPAIR = "repair"
    ARBITRATION = "arbitration"


AFTERSALE_OPEN = frozenset(set(AftersaleStage) - {AftersaleStage.REFUNDED, AftersaleStage.REFUSED, AftersaleStage.CANCELLED})


class AftersaleKind(StrEnum):
    REFUND = "refund"  # money only
    RETURN = "return"  # goods back, then money
    EXCHANGE = "exchange"
    RESHIP = "reship"
    REPAIR = "repair"
    PRICE = "price_protection"


class TrackStage(StrEnum):
    """The carrier axis (protocols, channels-global section B7)."""

    CREATED = "created"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AT_PICKUP_POINT = "at_pickup_point"
    DELIVERED = "delivered"
    EXCEPTION = "exception"
    REJECTED = "rejected"
    RETURNING = "returning"
    RETURNED = "returned"
    FORWARDED = "forwarded"
    CUSTOMS = "customs"
    CANCELLED = "cancelled"


@quick
@dataclass(frozen=True, slots=True)
class Receiver:
    """Who gets the parcel. Plain text only where the platform gives it; otherwise masks. Never logged.

    `name`, `phone`, `detail` are personal data: encrypted at rest, masked on every surface by `domain.privacy`.
    `address_key` is the platform's own equality key (open_address_id, oaid, ...), valid inside one shop.
    """

    name: str = ""
    phone: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    detail: str = ""
    country: str = "CN"
    postcode: str = ""
    address_key: str = ""
    masked: bool = False  # True: name/phone/detail already hold the platform's masks


@quick
@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line. `total` is what the line costs the buyer after line discounts; negative for return lines."""

    line_id: str
    sku: str
    title: str
    quantity: int
    unit_price: Money
    total: Money
    platform_sku: str = ""
    gift: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Parcel:
    waybill: str
    carrier: str = ""  # our carrier code: sf, zto, sto, yto, yunda, jt, jd, deppon, ems, cainiao, ...
    shipped_at: datetime | None = None  # when the waybill was uploaded to the channel
    picked_at: datetime | None = None  # the carrier's first scan; never inferred from the upload
    stage: TrackStage | None = None
    last_scan_at: datetime | None = None
    last_scan: str = ""
    eta: datetime | None = None


@quick
@dataclass(frozen=True, slots=True)
class Order:
    """One channel order. Money: goods - discount + freight = total (`balanced`); `paid` is what the buyer paid."""

    channel: str
    shop: str
    number: str
    stage: Stage
    created_at: datetime
    updated_at: datetime
    goods: Money
    freight: Money
    discount: Money
    total: Money
    paid: Money
    refunded: Money
    lines: tuple[OrderLine, ...]
    receiver: Receiver = field(default_factory=Receiver)
    parcels: tuple[Parcel, ...] = ()
    buyer_key: str = ""  # identity is (channel, shop, buyer_key)
    buyer_name: str = ""
    paid_at: datetime | None = None
    ship_by: datetime | None = None  # the channel's own promise, when it gives one
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    finished_at: datetime | None = None
    raw_status: str = ""
    buyer_note: str = ""
    seller_note: str = ""
    warehouse: str = ""
    holds: tuple[str, ...] = ()  # reasons: risk, address_review, margin, refund, stock, unknown_status
    tags: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()  # what the mapping did not understand, e.g. "order_status=987"

    @property
    def balanced(self) -> bool:
        """The self-proving total. False is a flag on the order, never a reason to drop it."""
        return (self.goods - self.discount + self.freight).minor == self.total.minor


@quick
@dataclass(frozen=True, slots=True)
class Aftersale:
    channel: str
    shop: str
    number: str
    order_number: str
    kind: AftersaleKind
    stage: AftersaleStage
    amount: Money
    created_at: datetime
    updated_at: datetime
    reason: str = ""
    note: str = ""
    photos: tuple[str, ...] = ()  # URLs
    deadline: datetime | None = None  # the platform's clock for the current step
    refunded_at: datetime | None = None
    refunded_amount: Money | None = None
    line_ids: tuple[str, ...] = ()
    return_waybill: str = ""
    version: str = ""  # the platform's optimistic version, sent back with a decision
    raw_status: str = ""
    unmapped: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class TrackEvent:
    at: datetime
    text: str
    stage: TrackStage
    place: str = ""
    raw_code: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Track:
    """A parcel's whole known history, oldest first."""

    waybill: str
    carrier: str
    events: tuple[TrackEvent, ...]
    stage: TrackStage
    source: str  # connector that said so
    fetched_at: datetime
    closed: bool = False  # the source will send no more
    corrected_carrier: str = ""


@dataclass(frozen=True, slots=True)
class AddressRequest:
    """A buyer asks the seller, through the channel, to change the receiver."""

    channel: str
    shop: str
    order_number: str
    new: Receiver
    requested_at: datetime
    deadline: datetime | None = None
