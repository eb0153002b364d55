from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.canonical import to_json, when
from domain.money import Money
from domain.order import (
    AddressRequest,
    Aftersale,
    AftersaleKind,
    AftersaleStage,
    Order,
    OrderLine,
    Parcel,
    Receiver,
    Stage,
    Track,
    TrackEvent,
    TrackStage,
)
from domain.ports import DeadlineMoved, Poison, PushEvent

AT = datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=8)))
UTC_TEXT = "2026-11-22T01:30:00+00:00"
ORDER = Order(
    channel="douyin",
    shop="旗舰店",
    number="6920000000000000001",
    stage=Stage.HOLD,
    created_at=AT,
    updated_at=AT,
    goods=Money(1990),
    freight=Money(800),
    discount=Money(100),
    total=Money(2690),
    paid=Money(2690),
    refunded=Money(0),
    lines=(OrderLine("1", "SKU", "沙发套", 2, Money(995), Money(1890), "17", gift=True),),
    receiver=Receiver(name="王*", city="温州市", masked=True),
    parcels=(Parcel("SF1", "sf", shipped_at=AT, stage=TrackStage.IN_TRANSIT),),
    raw_status="987",
    holds=("unknown_status",),
    unmapped=("order_status=987",),
)
AFTERSALE = Aftersale("douyin", "s", "7", "6", AftersaleKind.REFUND, AftersaleStage.WAIT_MERCHANT, Money(500, "JPY"), AT, AT)


def test_an_order_has_the_agreed_fields() -> None:
    found = to_json(ORDER)
    assert found["type"] == "order"
    assert set(found) - {"type"} == {
        "channel", "shop", "number", "stage", "raw_status", "created_at", "paid_at", "updated_at", "ship_by", "shipped_at",
        "delivered_at", "finished_at", "currency", "goods", "freight", "discount", "total", "paid", "refunded", "balanced",
        "buyer_key", "receiver", "lines", "parcels", "buyer_note", "seller_note", "holds", "tags", "unmapped",
    }  # fmt: skip
    assert (found["stage"], found["total"], found["currency"], found["balanced"]) == ("hold", 2690, "CNY", True)
    assert (found["created_at"], found["paid_at"]) == (UTC_TEXT, None)
    assert found["lines"] == [
        {
            "line_id": "1",
            "sku": "SKU",
            "platform_sku": "17",
            "title": "沙发套",
            "quantity": 2,
            "unit_price": 995,
            "total": 1890,
            "gift": True,
        }
    ]
    assert found["parcels"][0] | {"stage": None} == {
        "waybill": "SF1",
        "carrier": "sf",
        "shipped_at": UTC_TEXT,
        "picked_at": None,
        "stage": None,
    }
    assert (found["receiver"]["city"], found["receiver"]["masked"]) == ("温州市", True)
    assert found["unmapped"] == ["order_status=987"]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (ORDER, "order"),
        (AFTERSALE, "aftersale"),
        (
            Track("SF1", "sf", (TrackEvent(AT, "揽收", TrackStage.PICKED_UP),), TrackStage.PICKED_UP, "kuaidi100", AT),
            "track",
        ),
        (AddressRequest("douyin", "s", "6", Receiver(), AT), "address_request"),
        (DeadlineMoved("douyin", "s", "6", "ship_by", AT), "deadline"),
        (PushEvent("101", "1:101", "{}", "6"), "event"),
        (Poison("douyin", "6", "pay_amount: not a whole number", "{}"), "unreadable"),
    ],
    ids=["order", "aftersale", "track", "address_request", "deadline", "event", "unreadable"],
)
def test_every_change_is_plain_json(change: Any, kind: str) -> None:
    found = json.loads(json.dumps(to_json(change)))
    assert found["type"] == kind


def test_money_of_another_currency_keeps_its_own_minor_units() -> None:
    found = to_json(AFTERSALE)
    assert (found["amount"], found["currency"], found["refunded_amount"]) == (500, "JPY", None)


def test_times_come_out_in_utc() -> None:
    assert when(AT) == when(AT.astimezone(UTC)) == UTC_TEXT
    assert when(None) is None
