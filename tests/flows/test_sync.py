"""Orders in: pulled, pushed, streamed; whatever order, however often, whatever the platform does to us on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from domain.errors import DeskError
from domain.order import Stage
from emulators.douyin.signing import event_signature
from handlers import sync
from handlers.sync import source_name
from scheduler.streams import keep_streams
from tests.flows.company import ELSEWHERE, PDD_SHOP, SHOP, Company

PUSH = f"/push/douyin/{SHOP}"


def freshness(company: Company, channel: str = "douyin", shop: str = SHOP) -> Any:
    found = [each for each in company.read(lambda r: r.cursors.freshness()) if each.source == source_name(channel, shop)]
    assert len(found) == 1
    return found[0]


def signed(company: Company, body: bytes) -> dict[str, str]:
    app = company.douyin.app_key
    sign = event_signature(company.douyin.app_secret, app, body)
    return {"content-type": "application/json", "app-id": app, "event-sign": sign}


def truth(company: Company) -> dict[str, int]:
    """What the emulated shop really holds: order -> fen to pay."""
    return {number: row["pay_amount"] for number, row in company.douyin.state.orders.items()}


def kept(company: Company) -> dict[str, int]:
    rows = company.read(lambda r: r.rows("SELECT number, total FROM orders WHERE channel = 'douyin'"))
    return dict(rows)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


# --- pull -------------------------------------------------------------------------------------------------------------


async def test_orders_that_move_while_we_read_are_all_there_in_their_last_state(company: Company) -> None:
    numbers = [company.place() for _ in range(30)]
    company.clock.move(3600)
    for number in numbers[:10]:  # each page that is read makes another order jump behind the reader
        company.douyin.state.after_page.append(partial(company.douyin.buyers.cancel, number))
    await company.pull()
    company.clock.move(900)
    await company.pull()
    assert kept(company) == truth(company)
    for number in numbers[:10]:
        cancelled = company.douyin.state.orders[number]["order_status"] == 4
        assert (company.order(number).order.stage is Stage.CLOSED_REFUNDED) is cancelled
    assert company.douyin.state.after_page == [] or len(company.douyin.state.after_page) < 10


async def test_pulling_again_changes_nothing(company: Company) -> None:
    for _ in range(5):
        company.place()
    company.clock.move(3600)
    first = await company.pull()
    versions = company.read(lambda r: r.rows("SELECT id, version FROM orders ORDER BY id"))
    again = await company.pull()
    assert (first.changed, again.changed) == (5, 0)
    assert company.read(lambda r: r.rows("SELECT id, version FROM orders ORDER BY id")) == versions


@pytest.mark.parametrize("fault", ["500", "garbage", "cut", "no-data", "half-page", "drop-before", "consent", "throttle"])
async def test_a_channel_in_trouble_is_said_and_nothing_is_lost_after_it(company: Company, fault: str) -> None:
    for _ in range(12):
        company.place()
    company.clock.move(3600)
    company.douyin.faults.always["order.searchList"] = fault
    with contextlib.suppress(DeskError):
        await company.pull()
    told = freshness(company)
    if fault == "half-page":
        # What a platform leaves out without a word cannot be seen in its answer; the next look finds it.
        assert len(kept(company)) <= 12
    else:
        assert told.last_error
        assert told.error_since is not None
        assert kept(company) == {}
    company.douyin.faults.always.clear()
    await company.pull()
    assert kept(company) == truth(company)
    assert freshness(company).error_since is None


async def test_trouble_half_way_keeps_what_is_in_and_goes_on_there(company: Company) -> None:
    await company.pull()
    for _ in range(3):
        company.place()
        company.clock.move(3600)
    company.douyin.faults.once.append(("order.searchList", ""))  # the first window is read, the second is not
    company.douyin.faults.plan("500", "order.searchList")
    with pytest.raises(DeskError):
        await sync.pull(company.house.desk, company.house.router, "douyin", SHOP)
    assert len(kept(company)) in (1, 2)
    calls = len(company.douyin.journal.calls("order.searchList"))
    await sync.pull(company.house.desk, company.house.router, "douyin", SHOP)
    windows = len(company.douyin.journal.calls("order.searchList")) - calls
    assert kept(company) == truth(company)
    assert windows <= 4  # from the cursor on, not from the beginning of time


# --- push -------------------------------------------------------------------------------------------------------------


async def test_pushes_doubled_and_reversed_come_to_the_same_state(company: Company) -> None:
    company.douyin.pushes.duplicate = company.douyin.pushes.reverse = True
    number = company.place()
    company.clock.move(60)
    company.douyin.buyers.ship_in_back_office(number, waybill="SF1234567890123")
    company.clock.move(60)
    company.douyin.buyers.confirm(number)
    assert await company.push() == len(company.douyin.pushes.messages)
    await company.work()
    stored = company.order(number)
    assert stored.order.stage in (Stage.COMPLETED, Stage.DELIVERED)
    assert [parcel.waybill for parcel in stored.order.parcels] == ["SF1234567890123"]
    kinds = company.read(lambda r: [event.kind for event in r.orders.events(stored.id)])
    assert kinds.count("created") == 1


async def test_an_old_push_after_the_new_state_changes_nothing(company: Company) -> None:
    number = company.place()
    late = list(company.douyin.pushes.messages)
    company.clock.move(60)
    company.douyin.buyers.cancel(number)
    company.clock.move(3600)
    await company.pull()
    version = company.order(number).version
    headers, body = company.douyin.pushes.request(late)
    assert (await company.http.post(PUSH, headers=headers, content=body)).status_code == 200
    await company.work()
    assert company.order(number).order.stage is Stage.CLOSED_REFUNDED
    assert company.order(number).version == version


async def test_a_push_that_comes_before_the_platform_can_be_read_is_tried_again(company: Company) -> None:
    number = company.place()
    row = company.douyin.state.orders.pop(number)
    assert await company.push() > 0
    await company.work()
    assert not company.known(number)
    company.douyin.state.orders[number] = row
    await company.work(120, step=15)
    assert company.known(number)


async def test_a_push_is_not_given_up_because_the_platform_answered_garbage_once(company: Company) -> None:
    """Nothing else would bring a buyer's wish for another address: it cannot be pulled."""
    number = company.place()
    company.clock.move(600)
    await company.pull()
    company.douyin.pushes.messages.clear()
    company.douyin.buyers.request_address(number, receiver=ELSEWHERE)
    company.douyin.faults.plan("garbage", "order.batchSensitive")
    await company.push()
    await company.work()
    assert company.read(lambda r: r.approvals.by_number("A1")) is None
    await company.work(30, step=5)
    assert company.approval().kind == "address"
    assert company.read(lambda r: r.quarantine.quarantined()) == []


async def test_a_push_that_stays_unreadable_is_put_aside_with_a_reason(company: Company) -> None:
    company.place()
    company.douyin.faults.always["order.orderDetail"] = "garbage"
    await company.push()
    await company.work(400, step=20)
    assert await company.house.desk.store.inbox.depth() == 0
    assert company.read(lambda r: r.quarantine.quarantined())


async def test_a_push_is_acknowledged_with_the_platform_s_words_only_when_it_is_on_disk(company: Company) -> None:
    company.place()
    await company.push()
    assert all(message.done for message in company.douyin.pushes.messages)
    depth = await company.house.desk.store.inbox.depth()
    assert depth == len(company.douyin.pushes.messages)


async def test_what_does_not_prove_itself_gets_in_nowhere(company: Company) -> None:
    number = company.place()
    headers, body = company.douyin.pushes.request(company.douyin.pushes.messages[:1])
    forged = {**headers, "event-sign": "0" * 64}
    unreadable, huge = b"not json", b"[" + b" " * (2 * 1024 * 1024) + b"]"
    assert (await company.http.post(PUSH, headers=forged, content=body)).status_code == 401
    assert (await company.http.post(PUSH, content=body)).status_code == 401
    assert (await company.http.post(PUSH, headers=signed(company, unreadable), content=unreadable)).status_code == 400
    assert (await company.http.post(PUSH, headers=signed(company, huge), content=huge)).status_code == 413
    assert (await company.http.post("/push/douyin/nobodys", headers=headers, content=body)).status_code == 404
    assert (await company.http.post(f"/push/nothing/{SHOP}", headers=headers, content=body)).status_code == 404
    assert await company.house.desk.store.inbox.depth() == 0
    await company.work()
    assert not company.known(number)


async def test_a_body_that_grows_while_it_streams_is_cut_off(company: Company) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield b"x" * 100_000

    assert (await company.http.post(PUSH, content=endless())).status_code == 413


async def test_numbers_beyond_two_to_the_53_and_a_poisoned_neighbour(company: Company) -> None:
    number = company.place(number="9007199254740993001")
    batch = [
        {"tag": "101", "msg_id": "1", "data": f'{{"p_id": 9007199254740993001, "shop_id": {company.douyin.shop_id}}}'},
        {"tag": "101", "msg_id": "2", "data": "{not json"},
        "what is this",
        {"tag": "777", "msg_id": "3", "data": "{}"},
    ]
    body = json.dumps(batch).encode()
    assert (await company.http.post(PUSH, headers=signed(company, body), content=body)).status_code == 200
    await company.work()
    assert company.order(number).order.number == "9007199254740993001"
    assert len(company.read(lambda r: r.quarantine.quarantined())) == 3
    assert await company.house.desk.store.inbox.depth() == 0


# --- Pinduoduo's kept connection --------------------------------------------------------------------------------------


async def test_frames_of_a_kept_connection_become_orders_and_get_their_receipt(company: Company) -> None:
    await company.pull(PDD_SHOP)
    messages = company.pinduoduo.messages
    messages.twice = True
    listening = asyncio.create_task(keep_streams(company.house.desk, company.house.accept_pushes, owner="test"))
    try:
        await until(lambda: messages.lines > 0)
        number = company.pinduoduo.buyers.deal(sku="SF-GREY")
        assert messages.waiting()
        await until(lambda: not messages.waiting())
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    await company.work()
    assert company.order(number).order.channel == "pinduoduo"
    kinds = company.read(lambda r: [event.kind for event in r.orders.events(company.order(number).id)])
    assert kinds.count("created") == 1


# --- a month of old orders --------------------------------------------------------------------------------------------


async def test_a_backfill_of_two_thousand_old_orders_is_no_storm(company: Company) -> None:
    now = int(company.clock.now())
    for index in range(2_000):
        at = now - 6 * 86_400 + index * 100
        number = company.douyin.buyers.place(
            shop_id=company.douyin.shop_id,
            lines=[{"code": ("SF-GREY", "VASE-M")[index % 2], "quantity": 1, "price": 6_000}],
            at=at,
        )
        row = company.douyin.state.orders[number]
        row["logistics_info"].append(
            {"tracking_no": f"SF{index:013}", "company": "shunfeng", "ship_time": at + 3600, "delivery_id": "1"}
        )
        row.update(order_status=3, main_status=3, ship_time=at + 3600, update_time=at + 3600)
    company.douyin.pushes.messages.clear()
    since = company.house.desk.clock.now() - timedelta(days=7)
    pulled = await sync.pull(company.house.desk, company.house.router, "douyin", SHOP, since=since)
    assert pulled.orders >= 2_000
    await company.house.relay.due_once()
    raised = company.read(lambda r: r.rows("SELECT count(*) FROM alerts"))
    assert raised == [(0,)]
    assert company.answers(chat="stock") == company.answers(chat="orders") == company.answers(chat="ops") == []
