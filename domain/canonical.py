"""Canonical records as JSON: the one spelling that `xiaodan map`, replays and acceptance scripts share. Pure.

Money is whole minor units with the record's `currency`; times are ISO 8601 in UTC with offset; absent is null. `unmapped`
names what a connector did not understand. Personal data is printed as mapped: a tool for the person who holds the file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, assert_never

from domain.money import Money
from domain.order import AddressRequest, Aftersale, Order, OrderLine, Parcel, Receiver, Track
from domain.ports import Change, DeadlineMoved, Poison, PushEvent

Json = dict[str, Any]


def to_json(change: Change | PushEvent) -> Json:
    """One record as a JSON object; `type` says which kind it is."""
    match change:
        case Order():
            return order(change)
        case Aftersale():
            return aftersale(change)
        case Track():
            return track(change)
        case AddressRequest():
            return address_request(change)
        case DeadlineMoved():
            return deadline(change)
        case PushEvent():
            return event(change)
        case Poison():
            return poison(change)
        case _:
            assert_never(change)


def order(value: Order) -> Json:
    """An order. goods - discount + freight = total when `balanced`; `paid` is what the buyer really paid."""
    return {
        "type": "order",
        "channel": value.channel,
        "shop": value.shop,
        "number": value.number,
        "stage": value.stage.value,
        "raw_status": value.raw_status,
        "created_at": when(value.created_at),
        "paid_at": when(value.paid_at),
        "updated_at": when(value.updated_at),
        "ship_by": when(value.ship_by),
        "shipped_at": when(value.shipped_at),
        "delivered_at": when(value.delivered_at),
        "finished_at": when(value.finished_at),
        "currency": value.total.currency,
        "goods": value.goods.minor,
        "freight": value.freight.minor,
        "discount": value.discount.minor,
        "total": value.total.minor,
        "paid": value.paid.minor,
        "refunded": value.refunded.minor,
        "balanced": value.balanced,
        "buyer_key": value.buyer_key,
        "receiver": receiver(value.receiver),
        "lines": [line(item) for item in value.lines],
        "parcels": [parcel(item) for item in value.parcels],
        "buyer_note": value.buyer_note,
        "seller_note": value.seller_note,
        "holds": list(value.holds),
        "tags": list(value.tags),
        "unmapped": list(value.unmapped),
    }


def line(value: OrderLine) -> Json:
    return {
        "line_id": value.line_id,
        "sku": value.sku,
        "platform_sku": value.platform_sku,
        "title": value.title,
        "quantity": value.quantity,
        "unit_price": value.unit_price.minor,
        "total": value.total.minor,
        "gift": value.gift,
    }


def parcel(value: Parcel) -> Json:
    return {
        "waybill": value.waybill,
        "carrier": value.carrier,
        "shipped_at": when(value.shipped_at),
        "picked_at": when(value.picked_at),
        "stage": value.stage.value if value.stage else None,
    }


def receiver(value: Receiver) -> Json:
    """`masked`: name, phone and detail hold the platform's masks, not the real values."""
    return {
        "name": value.name,
        "phone": value.phone,
        "province": value.province,
        "city": value.city,
        "district": value.district,
        "town": value.town,
        "detail": value.detail,
        "country": value.country,
        "postcode": value.postcode,
        "address_key": value.address_key,
        "masked": value.masked,
    }


def aftersale(value: Aftersale) -> Json:
    return {
        "type": "aftersale",
        "channel": value.channel,
        "shop": value.shop,
        "number": value.number,
        "order_number": value.order_number,
        "kind": value.kind.value,
        "stage": value.stage.value,
        "raw_status": value.raw_status,
        "currency": value.amount.currency,
        "amount": value.amount.minor,
        "refunded_amount": _minor(value.refunded_amount),
        "created_at": when(value.created_at),
        "updated_at": when(value.updated_at),
        "deadline": when(value.deadline),
        "refunded_at": when(value.refunded_at),
        "reason": value.reason,
        "note": value.note,
        "photos": list(value.photos),
        "line_ids": list(value.line_ids),
        "return_waybill": value.return_waybill,
        "version": value.version,
        "unmapped": list(value.unmapped),
    }


def track(value: Track) -> Json:
    return {
        "type": "track",
        "waybill": value.waybill,
        "carrier": value.carrier,
        "corrected_carrier": value.corrected_carrier,
        "stage": value.stage.value,
        "source": value.source,
        "closed": value.closed,
        "fetched_at": when(value.fetched_at),
        "events": [
            {
                "at": when(scan.at),
                "stage": scan.stage.value,
                "text": scan.text,
                "place": scan.place,
                "raw_code": scan.raw_code,
            }
            for scan in value.events
        ],
    }


def address_request(value: AddressRequest) -> Json:
    return {
        "type": "address_request",
        "channel": value.channel,
        "shop": value.shop,
        "order_number": value.order_number,
        "requested_at": when(value.requested_at),
        "deadline": when(value.deadline),
        "receiver": receiver(value.new),
    }


def deadline(value: DeadlineMoved) -> Json:
    return {
        "type": "deadline",
        "channel": value.channel,
        "shop": value.shop,
        "order_number": value.order_number,
        "aftersale_number": value.aftersale_number,
        "kind": value.kind,
        "due_at": when(value.due_at),
    }


def event(value: PushEvent) -> Json:
    """A push that only names a record: the rest is fetched from the platform."""
    return {"type": "event", "kind": value.kind, "order_number": value.order_number, "dedupe": value.dedupe}


def poison(value: Poison) -> Json:
    """A record that could not be read; `raw` has no personal data."""
    return {"type": "unreadable", "source": value.source, "ref": value.ref, "reason": value.reason, "raw": value.raw}


def when(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, like 2026-11-22T01:30:00+00:00."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor
