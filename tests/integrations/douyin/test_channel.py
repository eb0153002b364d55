"""Decisions and writes against a shop that behaves as badly as real ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from domain.errors import OutcomeUnknown, ProtocolBroken, Rejected
from domain.money import Money
from domain.order import AftersaleKind, AftersaleStage, Stage
from domain.ports import AddressDecision, Poison, RawRequest, RefundDecision, Shipment, StockLevel, Window
from emulators.douyin import calls
from emulators.douyin.state import Shop
from tests.conformance.harness_douyin import ELSEWHERE, DouyinHarness, harness, receiver


@pytest.fixture
async def shop() -> DouyinHarness:
    return harness()


def decision(number: str, **changed: Any) -> RefundDecision:
    return replace(RefundDecision(number, "", Money(1990), key="k1", reason="2"), **changed)


def refunds(shop: DouyinHarness, number: str) -> int:
    return int(shop.emulator.state.snapshot()["aftersales"][number]["refunds"])


# --- refunds ---


async def test_agreeing_moves_the_money_once_and_reads_back_as_refunded(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    receipt = await shop.connector.agree_refund(decision(number))
    found = await shop.connector.aftersale(number, "")
    assert receipt.reference == number
    assert (found.stage, found.refunded_amount, refunds(shop, number)) == (AftersaleStage.REFUNDED, Money(1990), 1)


async def test_two_workers_with_the_same_decision_refund_once(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    receipts = await asyncio.gather(*(shop.connector.agree_refund(decision(number)) for _ in range(8)))
    assert [receipt.reference for receipt in receipts] == [number] * 8
    assert refunds(shop, number) == 1


async def test_agree_and_refuse_at_once_have_one_winner(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    results = await asyncio.gather(
        shop.connector.agree_refund(decision(number)),
        shop.connector.refuse_refund(decision(number, key="k2")),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Rejected) for result in results) == 1
    assert len(shop.emulator.journal.effects("afterSale.operate")) == 1


async def test_a_buyer_who_withdrew_between_card_and_click(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    shop.emulator.buyers.withdraw(number)
    with pytest.raises(Rejected, match="51"):
        await shop.connector.agree_refund(decision(number))
    assert refunds(shop, number) == 0


async def test_a_buyer_who_raised_the_amount_is_not_paid_the_new_one(shop: DouyinHarness) -> None:
    number = shop.add_aftersale(amount=1000)
    shop.emulator.buyers.amend_refund(number, amount=1990)
    with pytest.raises(Rejected, match=r"19\.90"):
        await shop.connector.agree_refund(decision(number, amount=Money(1000)))
    assert refunds(shop, number) == 0


async def test_a_version_from_before_a_change_is_refused_by_the_platform(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    seen = await shop.connector.aftersale(number, "")
    shop.emulator.buyers.move_deadline(number, to=shop.emulator.state.now() + 99)
    with pytest.raises(Rejected) as caught:
        await shop.connector.agree_refund(decision(number, version=seen.version))
    assert (caught.value.code, refunds(shop, number)) == ("20309541", 0)
    await shop.connector.agree_refund(decision(number, key="k2"))
    assert refunds(shop, number) == 1


@pytest.mark.parametrize(("send", "expected"), [(True, True), (False, False)])
async def test_sending_the_version_is_a_switch(send: bool, expected: bool) -> None:
    shop = harness(send_version=send)
    number = shop.add_aftersale()
    await shop.connector.agree_refund(decision(number))
    [entry] = shop.emulator.journal.calls("afterSale.operate")
    assert ("update_time" in entry.request["items"][0]) is expected


async def test_the_state_changed_word_is_success_when_the_goal_is_reached(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    shop.emulator.faults.plan("stale", "afterSale.operate")
    with pytest.raises(Rejected, match="状态已变更"):
        await shop.connector.agree_refund(decision(number))
    assert refunds(shop, number) == 0


async def test_a_lost_answer_is_settled_by_looking(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    shop.fault("lost_after", "afterSale.operate")
    with pytest.raises(OutcomeUnknown):
        await shop.connector.agree_refund(decision(number))
    receipt = await shop.connector.agree_refund(decision(number))
    assert receipt.detail == "already agreed"
    assert len(shop.emulator.journal.calls("afterSale.operate")) == 1
    assert refunds(shop, number) == 1


async def test_agreeing_to_a_return_names_the_address_and_pays_nothing_yet(shop: DouyinHarness) -> None:
    order = shop.add_order()
    number = shop.emulator.buyers.apply_refund(order, kind="return")
    await shop.connector.agree_refund(decision(number))
    found = await shop.connector.aftersale(number, order)
    assert (found.kind, found.stage, refunds(shop, number)) == (AftersaleKind.RETURN, AftersaleStage.WAIT_BUYER_RETURN, 0)
    [entry] = shop.emulator.journal.calls("afterSale.operate")
    assert (entry.request["type"], entry.request["items"][0]["logistics"]) == (101, {"receiver_address_id": "77"})


async def test_a_return_without_a_return_address_is_explained_before_anything_is_sent() -> None:
    shop = harness(return_address_id="")
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind="return")
    with pytest.raises(Rejected, match="退货地址"):
        await shop.connector.agree_refund(decision(number))
    assert shop.emulator.journal.calls("afterSale.operate") == []


@pytest.mark.parametrize("kind", ["exchange", "reship", "repair", "price"])
async def test_what_is_no_refund_is_not_agreed_to_as_one(shop: DouyinHarness, kind: str) -> None:
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind=kind)
    with pytest.raises(Rejected, match="不能同意退款"):
        await shop.connector.agree_refund(decision(number))
    assert shop.emulator.journal.calls("afterSale.operate") == []


async def test_goods_that_came_back_are_paid_for_when_the_code_is_confirmed() -> None:
    shop = harness(confirm_return_type=111)
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind="return")
    await shop.connector.agree_refund(decision(number))
    shop.emulator.buyers.send_back(number, waybill="YT1")
    await shop.connector.agree_refund(decision(number, key="k2"))
    await shop.connector.agree_refund(decision(number, key="k2"))
    assert refunds(shop, number) == 1


async def test_goods_that_came_back_wait_for_the_back_office_while_the_code_is_unconfirmed(shop: DouyinHarness) -> None:
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind="return")
    shop.emulator.buyers.send_back(number, waybill="YT1")
    with pytest.raises(Rejected, match="后台"):
        await shop.connector.agree_refund(decision(number))
    assert refunds(shop, number) == 0


@pytest.mark.parametrize("reason", ["2", "商品已发出"])
async def test_refusing_takes_a_code_or_the_platform_s_words(shop: DouyinHarness, reason: str) -> None:
    number = shop.add_aftersale()
    await shop.connector.refuse_refund(decision(number, reason=reason))
    assert (await shop.connector.aftersale(number, "")).stage is AftersaleStage.REFUSED
    assert shop.emulator.journal.calls("afterSale.operate")[0].request["items"][0]["reject_reason_code"] == 2


async def test_a_reason_of_our_own_is_sent_back_to_the_person(shop: DouyinHarness) -> None:
    number = shop.add_aftersale()
    with pytest.raises(Rejected, match="理由"):
        await shop.connector.refuse_refund(decision(number, reason="就是不行"))
    assert shop.emulator.journal.calls("afterSale.operate") == []


async def test_reasons_are_offered_with_their_codes(shop: DouyinHarness) -> None:
    assert ("2", "商品已发出") in await shop.connector.refusal_reasons(shop.add_aftersale())


@pytest.mark.parametrize(("code", "calls"), [(None, 0), (102, 1)])
async def test_refusing_a_return_is_a_switch(code: int | None, calls: int) -> None:
    shop = harness(refuse_return_type=code)
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind="return")
    result = (await asyncio.gather(shop.connector.refuse_refund(decision(number)), return_exceptions=True))[0]
    assert isinstance(result, Rejected) is (code is None)
    assert len(shop.emulator.journal.calls("afterSale.operate")) == calls


async def test_an_aftersale_that_does_not_exist_is_explained(shop: DouyinHarness) -> None:
    with pytest.raises(Rejected, match="没有这张售后单"):
        await shop.connector.agree_refund(decision("7340000000000999999"))


async def test_an_item_refused_inside_a_success_is_a_refusal(shop: DouyinHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    number = shop.add_aftersale()

    def half_hearted(*_: object) -> calls.Result:
        return calls.Result({"items": [{"aftersale_id": number, "status_code": 20309, "status_msg": "退款金额超限"}]})

    monkeypatch.setitem(calls.CALLS, "afterSale.operate", half_hearted)
    with pytest.raises(Rejected, match="退款金额超限"):
        await shop.connector.agree_refund(decision(number))


# --- addresses ---


def asks(shop: DouyinHarness) -> str:
    number = shop.add_order()
    shop.emulator.buyers.request_address(number, receiver=ELSEWHERE)
    return number


async def test_agreeing_changes_the_receiver_for_real(shop: DouyinHarness) -> None:
    number = asks(shop)
    await shop.connector.answer_address_request(AddressDecision(number, "k"))
    assert (await shop.connector.order(number)).receiver.city == "杭州市"


@pytest.mark.parametrize(
    ("refusal", "code"),
    [("picking", 1001), ("allocating", 1002), ("in_warehouse", 1003), ("outbound", 1004), ("shipping", 1005), ("", 1003)],
)
async def test_refusing_says_how_far_the_order_is(shop: DouyinHarness, refusal: str, code: int) -> None:
    number = asks(shop)
    await shop.connector.answer_address_request(AddressDecision(number, "k", agree=False, refusal=refusal))
    assert shop.emulator.state.address_requests[number]["verdict"] == code
    assert (await shop.connector.order(number)).receiver.city == "温州市"


@pytest.mark.parametrize("agree", [True, False])
async def test_a_lost_address_answer_is_settled(shop: DouyinHarness, agree: bool) -> None:
    number = asks(shop)
    wished = (await _pushed_request(shop)).new
    answer = AddressDecision(number, "k", agree=agree, refusal="picking", receiver=wished)
    shop.fault("lost_after", "order.addressConfirm")
    with pytest.raises(OutcomeUnknown):
        await shop.connector.answer_address_request(answer)
    await shop.connector.answer_address_request(answer)
    assert len(shop.emulator.journal.effects("order.addressConfirm")) == 1


async def test_a_request_that_was_withdrawn_is_explained(shop: DouyinHarness) -> None:
    with pytest.raises(Rejected, match="没有待处理"):
        await shop.connector.answer_address_request(AddressDecision(shop.add_order(), "k"))


async def test_a_receiver_of_our_own_is_written_whole(shop: DouyinHarness) -> None:
    number = shop.add_order()
    await shop.connector.modify_address(AddressDecision(number, "k", receiver=receiver(ELSEWHERE)))
    assert shop.emulator.state.plain[number] == ELSEWHERE


async def test_modifying_without_a_receiver_is_refused_here(shop: DouyinHarness) -> None:
    with pytest.raises(Rejected):
        await shop.connector.modify_address(AddressDecision(shop.add_order(), "k"))


async def _pushed_request(shop: DouyinHarness) -> Any:
    message = next(message for message in shop.emulator.pushes.messages if message.tag == "111")
    headers, body = shop.emulator.pushes.request([message])
    [event] = shop.connector.receive(RawRequest("POST", "/", {}, headers, body, shop.clock.now())).events
    return (await shop.connector.resolve(event))[0]


# --- shipping, remarks, stock ---


async def test_shipping_flips_the_status_at_upload_and_invents_no_scan(shop: DouyinHarness) -> None:
    number = shop.add_order()
    await shop.connector.ship(Shipment(number, "SF1", "sf", "k"))
    found = await shop.connector.order(number)
    assert (found.stage, found.parcels[0].waybill, found.parcels[0].carrier) == (Stage.SHIPPED, "SF1", "sf")
    assert found.parcels[0].picked_at is None


@pytest.mark.parametrize(("method", "keyed"), [("order.logisticsAddSinglePack", True), ("order.logisticsAdd", False)])
async def test_the_shipping_call_is_a_switch(method: str, keyed: bool) -> None:
    shop = harness(ship_method=method)
    number = shop.add_order()
    await shop.connector.ship(Shipment(number, "SF1", "sf", "k"))
    await shop.connector.ship(Shipment(number, "SF1", "sf", "k"))
    [entry] = shop.emulator.journal.calls(method)
    assert ("request_id" in entry.request) is keyed
    assert entry.request["is_reject_refund"] is False


async def test_two_workers_with_the_same_shipment_both_hear_that_it_is_done(shop: DouyinHarness) -> None:
    shipment = Shipment(shop.add_order(), "SF1", "sf", "k")
    receipts = await asyncio.gather(*(shop.connector.ship(shipment) for _ in range(4)))
    assert [receipt.reference for receipt in receipts] == ["SF1"] * 4
    assert len(shop.emulator.journal.effects("order.logisticsAddSinglePack")) == 1


async def test_an_order_with_an_open_refund_is_not_shipped(shop: DouyinHarness) -> None:
    number = shop.add_order()
    shop.emulator.buyers.apply_refund(number)
    with pytest.raises(Rejected, match="售后"):
        await shop.connector.ship(Shipment(number, "SF1", "sf", "k"))


async def test_a_waybill_of_another_order_is_refused(shop: DouyinHarness) -> None:
    await shop.connector.ship(Shipment(shop.add_order(), "SF1", "sf", "k1"))
    with pytest.raises(Rejected, match="其他订单"):
        await shop.connector.ship(Shipment(shop.add_order(), "SF1", "sf", "k2"))


@pytest.mark.parametrize(
    ("number", "carrier", "words"), [("", "pigeon", "快递"), ("6999999999999999999", "sf", "没有这个订单")]
)
async def test_what_cannot_be_shipped_is_said_before_sending(
    shop: DouyinHarness, number: str, carrier: str, words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        await shop.connector.ship(Shipment(number or shop.add_order(), "SF1", carrier, "k"))


async def test_a_remark_is_added_to_what_colleagues_wrote(shop: DouyinHarness) -> None:
    number = shop.add_order()
    shop.emulator.buyers.edit(number, seller_words="大客户")
    await shop.connector.remark(number, "A&B <急> 已联系", key="k")
    await shop.connector.remark(number, "A&B <急> 已联系", key="k")
    assert shop.emulator.state.orders[number]["seller_words"] == "大客户\nA&B <急> 已联系"


async def test_stock_is_set_and_a_repeated_key_reads_back(shop: DouyinHarness) -> None:
    level = StockLevel("SKU-1", "1700000000000000321", 12, "k")
    await shop.connector.write_stock(level)
    assert "12" in (await shop.connector.write_stock(level)).detail
    assert shop.emulator.state.stock == {"1700000000000000321": 12}


@pytest.mark.parametrize(("method", "reads"), [("sku.stockNum", 1), ("", 0)])
async def test_reading_stock_back_is_a_switch(method: str, reads: int) -> None:
    shop = harness(stock_read_method=method)
    level = StockLevel("SKU-1", "", 12, "k")
    await shop.connector.write_stock(level)
    await shop.connector.write_stock(level)
    assert len(shop.emulator.journal.calls("sku.stockNum")) == reads


# --- reading ---


async def test_late_orders_are_found_by_the_caller_s_overlap(shop: DouyinHarness) -> None:
    assert shop.window is not None
    shop.emulator.state.late = 45
    number = shop.emulator.buyers.place(shop_id=shop.emulator.shop_id)
    window = Window(shop.window.start, shop.window.end + (shop.window.end - shop.window.start))
    first = [order.number async for page in shop.connector.orders(window) for order in page]
    shop.move(60)
    again = [order.number async for page in shop.connector.orders(window) for order in page]
    assert (first, again) == ([], [number])


@pytest.mark.parametrize("exclusive", [True, False])
async def test_bounds_may_be_exclusive(exclusive: bool) -> None:
    shop = harness(exclusive_bounds=exclusive)
    assert shop.window is not None
    number = shop.add_order(at=shop.window.start)
    shop.emulator.journal.entries.clear()
    assert [order.number for order in await shop.read_once()] == [number]
    [entry] = shop.emulator.journal.calls("order.searchList")
    start = int(shop.window.start.timestamp())
    assert entry.request["update_time_start"] == (start - 1 if exclusive else start)


async def test_a_row_that_is_no_object_is_quarantined_alone(shop: DouyinHarness) -> None:
    number = shop.add_order()
    shop.emulator.state.orders["broken"] = {**shop.emulator.state.orders[number], "order_id": None}
    found = await shop.read_once()
    assert [type(record) is Poison for record in found].count(True) == 1
    assert number in {getattr(record, "number", "") for record in found}


async def test_a_single_record_that_cannot_be_read_is_a_broken_protocol(shop: DouyinHarness) -> None:
    number = shop.add_order()
    shop.break_order(number)
    with pytest.raises(ProtocolBroken, match="pay_amount"):
        await shop.connector.order(number)


async def test_shops_of_one_app_do_not_see_each_other() -> None:
    shop = harness()
    shop.emulator.state.shops[999] = Shop(999, "另一家")
    foreign = shop.emulator.buyers.place(shop_id=999)
    assert await shop.read_once() == []
    assert await shop.connector.order(foreign) is None
