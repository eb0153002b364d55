from __future__ import annotations

import json
from typing import Any

import pytest

from domain.errors import BadInput, Forged, Unavailable
from domain.order import AddressRequest, Aftersale, AftersaleStage, Order
from domain.ports import DeadlineMoved, Poison, PushEvent, RawRequest
from emulators.douyin.pushes import Message
from emulators.douyin.signing import event_signature
from tests.conformance.harness import CANARIES
from tests.conformance.harness_douyin import ELSEWHERE, DouyinHarness, harness


@pytest.fixture
async def shop() -> DouyinHarness:
    return harness()


def raw(shop: DouyinHarness, body: bytes) -> RawRequest:
    emulator = shop.emulator
    headers = {"event-sign": event_signature(emulator.app_secret, emulator.app_key, body), "app-id": emulator.app_key}
    return RawRequest("POST", "/push/douyin/旗舰店", {}, headers, body, shop.clock.now())


def delivered(shop: DouyinHarness, *messages: Message) -> RawRequest:
    return raw(shop, shop.emulator.pushes.request(list(messages))[1])


def batch(shop: DouyinHarness, *items: Any) -> RawRequest:
    return raw(shop, json.dumps(items).encode())


def message(tag: str, msg_id: str = "7022000000000000001", **data: Any) -> dict[str, str]:
    return {"tag": tag, "msg_id": msg_id, "data": json.dumps(data)}


async def resolved(shop: DouyinHarness, request: RawRequest) -> list[Any]:
    events = shop.connector.receive(request).events
    return [change for event in events for change in await shop.connector.resolve(event)]


async def test_a_whole_day_of_a_shop_arrives_as_full_records(shop: DouyinHarness) -> None:
    buyers = shop.emulator.buyers
    number = shop.add_order()
    aftersale = buyers.apply_refund(number, photos=["https://p.example/1.jpg"])
    buyers.withdraw(aftersale)
    buyers.ship_in_back_office(number, waybill="SF1")
    buyers.confirm(number)
    changes = await resolved(shop, delivered(shop, *shop.emulator.pushes.messages))
    kinds = [type(change) for change in changes]
    assert kinds == [Order, Order, Aftersale, Aftersale, Order, Order]
    assert {change.number for change in changes} == {number, aftersale}
    assert changes[2].stage is AftersaleStage.CANCELLED, "the record as it is now, not as it was when pushed"


async def test_an_array_is_one_event_each_in_order(shop: DouyinHarness) -> None:
    receipt = shop.connector.receive(batch(shop, message("101", "1", p_id=1), message("102", "2", p_id=2)))
    assert [(event.kind, event.dedupe, event.order_number) for event in receipt.events] == [
        ("101", "1:101", "1"),
        ("102", "2:102", "2"),
    ]


@pytest.mark.parametrize("number", [4781320682406083640, "4781320682406083640"], ids=["number", "string"])
def test_ids_are_numbers_or_strings(shop: DouyinHarness, number: Any) -> None:
    [event] = shop.connector.receive(batch(shop, message("126", p_id=number, exp_delivery_time=1700000000))).events
    assert event.order_number == "4781320682406083640"


async def test_moved_deadlines_need_no_look_up(shop: DouyinHarness) -> None:
    number = shop.add_order()
    aftersale = shop.emulator.buyers.apply_refund(number)
    shop.emulator.buyers.move_ship_by(number, to=1_800_000_000)
    shop.emulator.buyers.move_deadline(aftersale, to=1_800_000_001)
    calls = len(shop.emulator.journal.entries)
    ship_by, step = await resolved(shop, delivered(shop, *shop.emulator.pushes.messages[-2:]))
    assert (ship_by.kind, ship_by.order_number, int(ship_by.due_at.timestamp())) == ("ship_by", number, 1_800_000_000)
    assert (step.kind, step.aftersale_number, int(step.due_at.timestamp())) == ("aftersale", aftersale, 1_800_000_001)
    assert isinstance(ship_by, DeadlineMoved)
    assert len(shop.emulator.journal.entries) == calls


@pytest.mark.parametrize(("by_api", "name"), [(True, "张*****"), (False, "")])
async def test_an_address_request_shows_masks_when_the_app_may_ask_for_them(by_api: bool, name: str) -> None:
    shop = harness(mask_by_api=by_api)
    number = shop.add_order()
    shop.emulator.buyers.request_address(number, receiver=ELSEWHERE)
    [request] = await resolved(shop, delivered(shop, shop.emulator.pushes.messages[-1]))
    assert isinstance(request, AddressRequest)
    assert (request.order_number, request.new.city, request.new.district) == (number, "杭州市", "西湖区")
    assert (request.new.name, request.new.masked) == (name, True)
    assert request.new.address_key
    assert not [canary for canary in CANARIES if canary in repr(request)]


async def test_masks_that_are_refused_do_not_cost_the_request(shop: DouyinHarness) -> None:
    number = shop.add_order()
    shop.emulator.buyers.request_address(number, receiver=ELSEWHERE)
    shop.emulator.faults.plan("business", "order.batchSensitive")
    [request] = await resolved(shop, delivered(shop, shop.emulator.pushes.messages[-1]))
    assert (request.order_number, request.new.name, request.new.city) == (number, "", "杭州市")


async def test_a_push_that_is_faster_than_the_platform_s_reads_is_tried_later(shop: DouyinHarness) -> None:
    with pytest.raises(Unavailable) as caught:
        await resolved(shop, batch(shop, message("101", p_id=6999999999999999999)))
    assert caught.value.retry_after


async def test_product_messages_and_test_messages_are_taken_and_change_nothing(shop: DouyinHarness) -> None:
    request = batch(shop, message("400", p_id=1), {"tag": "0", "msg_id": "0", "data": "2026-11-21"})
    receipt = shop.connector.receive(request)
    assert receipt.body == b'{"code":0,"msg":"success"}'
    assert await resolved(shop, request) == []


@pytest.mark.parametrize(
    "item",
    [
        {"tag": "101", "msg_id": "9", "data": "not json"},
        {"tag": "101", "msg_id": "9", "data": "[1]"},
        {"tag": "101", "msg_id": "9", "data": '{"shop_id":4463798}'},
        {"tag": "9999", "msg_id": "9", "data": '{"p_id":1}'},
        {"tag": "126", "msg_id": "9", "data": '{"p_id":1}'},
        {"tag": "101", "msg_id": "9", "data": '{"p_id":1,"shop_id":77}'},
        {"tag": "101", "msg_id": "9", "data": '{"p_id":{"phone":"13912345678"}}'},
        "just text",
        None,
    ],
)
async def test_one_unreadable_message_is_quarantined_and_its_neighbour_is_not(shop: DouyinHarness, item: Any) -> None:
    number = shop.add_order()
    good = message("101", "8", p_id=int(number))
    changes = await resolved(shop, batch(shop, item, good))
    assert [type(change) for change in changes] == [Poison, Order]
    assert changes[0].reason
    assert "13912345678" not in repr(changes[0])


async def test_marks_are_stable_and_different(shop: DouyinHarness) -> None:
    items = [message("101", "1", p_id=1), message("102", "1", p_id=1), {"tag": "101", "data": "{}"}, "text", "other text"]
    first, again = (shop.connector.receive(batch(shop, *items)).events for _ in range(2))
    assert [event.dedupe for event in first] == [event.dedupe for event in again]
    assert len({event.dedupe for event in first}) == len(items)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_signed_nonsense_is_bad_input(shop: DouyinHarness, body: bytes) -> None:
    with pytest.raises(BadInput):
        shop.connector.receive(raw(shop, body))


def test_a_body_changed_by_one_space_is_forged(shop: DouyinHarness) -> None:
    request = batch(shop, message("101", p_id=1))
    changed = RawRequest("POST", request.path, {}, request.headers, request.body + b" ", request.received_at)
    with pytest.raises(Forged):
        shop.connector.receive(changed)


def test_the_signature_may_be_in_capitals_and_the_app_id_missing(shop: DouyinHarness) -> None:
    request = batch(shop, message("101", p_id=1))
    headers = {"event-sign": request.headers["event-sign"].upper()}
    taken = shop.connector.receive(RawRequest("POST", "/", {}, headers, request.body, request.received_at))
    assert len(taken.events) == 1


async def test_a_stored_event_survives_a_restart(shop: DouyinHarness) -> None:
    number = shop.add_order()
    [event] = shop.connector.receive(batch(shop, message("101", p_id=int(number)))).events
    kept = PushEvent(
        **json.loads(json.dumps({name: getattr(event, name) for name in ("kind", "dedupe", "body", "order_number")}))
    )
    [order] = await shop.connector.resolve(kept)
    assert order.number == number
