"""The connector on its emulator where the shared suite does not look: races, tokens, switches of unconfirmed behaviour."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from domain.clock import moment
from domain.errors import NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from domain.money import Money
from domain.order import Aftersale, AftersaleKind, AftersaleStage, Order, Receiver, Stage
from domain.ports import AddressDecision, RefundDecision, RefusesRefunds, Shipment, StockLevel, Window
from emulators.pinduoduo import Switches
from integrations._kit.tokens import MemoryTokens, Tokens
from integrations.pinduoduo import Settings
from tests.conformance.harness_pinduoduo import STOCKED, PinduoduoHarness, harness

Make = Callable[..., PinduoduoHarness]


@pytest_asyncio.fixture
async def make() -> AsyncIterator[Make]:
    made: list[PinduoduoHarness] = []

    def fresh(*given: Any, **settings: Any) -> PinduoduoHarness:
        made.append(harness(*given, **settings))
        return made[-1]

    yield fresh
    for each in made:
        await each.aclose()


@pytest.fixture
def shop(make: Make) -> PinduoduoHarness:
    return make()


def decision(shop: PinduoduoHarness, number: str, fen: int = 1990, version: str = "") -> RefundDecision:
    return RefundDecision(number, shop.order_of(number), Money(fen), key="k", version=version)


async def pulled(shop: PinduoduoHarness, window: Window | None = None) -> list[Any]:
    assert shop.window is not None
    return [each async for page in shop.connector.orders(window or shop.window) for each in page]


# --- reading ---


async def test_a_long_window_is_cut_into_half_hours(shop: PinduoduoHarness) -> None:
    assert shop.window is not None
    start = shop.window.start - timedelta(hours=3)
    numbers = [shop.add_order(at=start + timedelta(minutes=15 * index)) for index in range(13)]
    found = await pulled(shop, Window(start, shop.window.end))
    assert sorted(order.number for order in found) == sorted(numbers)
    spans = [
        int(entry.request["end_updated_at"]) - int(entry.request["start_updated_at"])
        for entry in shop.emulator.journal.calls(shop.list_call)
    ]
    assert max(spans) <= 1800


@pytest.mark.parametrize("inclusive", [True, False])
async def test_bounds_may_be_inclusive_or_not(make: Make, inclusive: bool) -> None:
    shop = make(Switches(visible_after=0, code_once=False, inclusive_end=inclusive))
    assert shop.window is not None
    start = shop.window.start - timedelta(hours=1)
    numbers = [shop.add_order(at=start + timedelta(minutes=minutes)) for minutes in (0, 30, 59)]
    found = await pulled(shop, Window(start, shop.window.start))
    assert sorted(order.number for order in found) == sorted(numbers)


async def test_pages_are_read_from_the_last_to_the_first(shop: PinduoduoHarness) -> None:
    assert shop.window is not None
    for index in range(13):
        shop.add_order(at=shop.window.start + timedelta(seconds=index))
    await pulled(shop)
    asked = [(entry.request["page"], entry.request["use_has_next"]) for entry in shop.emulator.journal.calls(shop.list_call)]
    assert asked[:4] == [("1", "false"), ("3", "true"), ("2", "true"), ("1", "true")]


async def test_rows_that_leave_the_window_while_reading_hide_nobody(shop: PinduoduoHarness) -> None:
    assert shop.window is not None
    numbers = [shop.add_order(at=shop.window.start + timedelta(seconds=index)) for index in range(17)]
    gone = int((shop.window.end + timedelta(minutes=5)).timestamp())

    def leave() -> None:
        for number in numbers[:3]:
            shop.emulator.state.touch(shop.emulator.state.orders[number], at=gone)

    shop.emulator.state.after_page.append(leave)
    assert {order.number for order in await pulled(shop)} >= set(numbers[3:])


async def test_half_a_page_is_not_taken_for_the_whole(shop: PinduoduoHarness) -> None:
    assert shop.window is not None
    for index in range(12):
        shop.add_order(at=shop.window.start + timedelta(seconds=index))
    shop.fault("empty", shop.list_call)
    shop.emulator.faults.once[:] = [(shop.list_call, "half-page")]
    shop.emulator.faults.always[shop.list_call] = "half-page"
    with pytest.raises(ProtocolBroken):
        await pulled(shop)


async def test_a_change_shows_late_and_is_found_by_the_next_overlapping_window(make: Make) -> None:
    shop = make(Switches(visible_after=60, code_once=False))
    now = shop.clock.now()
    number = shop.emulator.buyers.deal()
    window = Window(now - timedelta(minutes=20), now + timedelta(minutes=1))
    assert await pulled(shop, window) == []
    shop.move(61)
    assert [order.number for order in await pulled(shop, window)] == [number]


@pytest.mark.parametrize("missing", ["refused", "empty"])
async def test_an_order_that_is_not_there_is_none(make: Make, missing: str) -> None:
    shop = make(Switches(visible_after=0, missing_order=missing))
    assert await shop.connector.order("261120-000000000000999") is None


async def test_ciphertext_vanishes_and_the_masks_stay(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    before = await shop.connector.order(number)
    shop.emulator.buyers.ship_in_back_office(number)
    after = await shop.connector.order(number)
    assert after.stage is Stage.SHIPPED
    assert after.receiver == before.receiver
    assert after.receiver.name.endswith("**")


@pytest.mark.parametrize("unit", ["yuan", "fen"])
@pytest.mark.parametrize("envelope", [True, False])
async def test_the_list_row_decides_the_amount_whatever_the_detail_s_unit(make: Make, unit: str, envelope: bool) -> None:
    shop = make(Switches(visible_after=0, detail_unit=unit, detail_envelope=envelope))
    number = shop.add_aftersale(amount=1777)
    found = await shop.connector.aftersale(number, shop.order_of(number))
    assert (found.amount, found.kind, found.unmapped) == (Money(1777), AftersaleKind.REFUND, ())
    assert found.deadline == moment(shop.emulator.state.aftersales[number]["expire_time"] * 1000)


async def test_pulled_aftersales_know_the_merchant_s_deadline(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    window = Window(shop.clock.now() - timedelta(minutes=5), shop.clock.now() + timedelta(minutes=5))
    [[found]] = [list(page) async for page in shop.connector.aftersales(window)]
    assert isinstance(found, Aftersale)
    assert found.number == number
    assert found.deadline is not None


# --- refunds ---


async def test_agreeing_really_agrees_once(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    first = await shop.connector.agree_refund(decision(shop, number))
    again = await shop.connector.agree_refund(decision(shop, number))
    assert (first.reference, again.reference) == (number, number)
    assert shop.emulator.state.aftersales[number]["after_sales_status"] == 4
    assert len(shop.emulator.journal.calls("pdd.refund.agree")) == 1


async def test_the_buyer_withdraws_between_card_and_click(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    shop.emulator.buyers.withdraw(number)
    with pytest.raises(Rejected, match="撤销"):
        await shop.connector.agree_refund(decision(shop, number))
    assert shop.emulator.journal.calls("pdd.refund.agree") == []


async def test_a_raised_amount_is_not_agreed_to(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale(amount=1000)
    shop.emulator.buyers.amend_refund(number, amount=1990)
    with pytest.raises(Rejected, match=r"19\.90"):
        await shop.connector.agree_refund(decision(shop, number, 1000))
    assert shop.emulator.journal.effects("pdd.refund.agree") == []


async def test_a_changed_kind_goes_back_to_the_people(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    approved = await shop.connector.aftersale(number, shop.order_of(number))
    shop.emulator.buyers.amend_refund(number, kind="return")
    with pytest.raises(Rejected, match="重新审批"):
        await shop.connector.agree_refund(decision(shop, number, version=approved.version))


async def test_a_return_is_agreed_to_and_refunded_when_the_parcel_is_on_its_way(shop: PinduoduoHarness) -> None:
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind="return")
    receipt = await shop.connector.agree_refund(decision(shop, number))
    assert shop.emulator.state.aftersales[number]["after_sales_status"] == 7
    assert (await shop.connector.agree_refund(decision(shop, number))).detail == "已同意退货，等买家寄回"
    shop.emulator.buyers.send_back(number)
    found = await shop.connector.aftersale(number, shop.order_of(number))
    assert found.stage is AftersaleStage.WAIT_MERCHANT_RECEIVE
    await shop.connector.agree_refund(decision(shop, number))
    assert [entry.call for entry in shop.emulator.journal.effects() if "agreed" in entry.effect] == [
        "pdd.refund.returngoods.agree",
        "pdd.refund.agree",
    ]
    assert receipt.reference == number


async def test_a_return_without_a_return_address_says_what_to_do(shop: PinduoduoHarness) -> None:
    number = shop.emulator.buyers.apply_refund(shop.add_order(), kind="return")
    shop.emulator.state.return_addresses.clear()
    with pytest.raises(Rejected, match="退货地址"):
        await shop.connector.agree_refund(decision(shop, number))


async def test_the_platform_s_own_refusal_of_a_race_reaches_us(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    shop.emulator.state.after_page.append(lambda: shop.emulator.buyers.withdraw(number))  # after our look, before the call
    with pytest.raises(Rejected, match="状态已变更"):
        await shop.connector.agree_refund(decision(shop, number))
    assert shop.emulator.journal.effects("pdd.refund.agree") == []


async def test_an_unknown_answer_is_settled_by_looking(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    shop.fault("empty", "pdd.refund.agree")
    with pytest.raises(OutcomeUnknown):
        await shop.connector.agree_refund(decision(shop, number))
    await shop.connector.agree_refund(decision(shop, number))
    assert len(shop.emulator.journal.effects("pdd.refund.agree")) == 1


def test_refusing_is_not_offered_at_all(shop: PinduoduoHarness) -> None:
    assert not isinstance(shop.connector, RefusesRefunds)


# --- other changes ---


async def test_a_waybill_that_went_to_another_address_is_refused_in_words(shop: PinduoduoHarness) -> None:
    other = shop.emulator.buyers.deal()
    shop.emulator.buyers.ship_in_back_office(other, waybill="SF1234567890123", logistics_id=44)
    number = shop.add_order()
    with pytest.raises(Rejected, match="运单号已被"):
        await shop.connector.ship(Shipment(number, "SF1234567890123", "sf", "k"))
    assert (await shop.connector.order(number)).stage is Stage.TO_SHIP


async def test_the_pre_check_stops_a_bad_waybill_before_anything_is_uploaded(shop: PinduoduoHarness) -> None:
    with pytest.raises(Rejected, match="不接受"):
        await shop.connector.ship(Shipment(shop.add_order(), "12", "sf", "k"))
    with pytest.raises(Rejected, match="没有 teleport"):
        await shop.connector.ship(Shipment(shop.add_order(), "SF1234567890123", "teleport", "k"))
    assert shop.emulator.journal.calls("pdd.logistics.online.send") == []


async def test_an_order_shipped_otherwise_is_not_shipped_again(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    shop.emulator.buyers.ship_in_back_office(number)
    with pytest.raises(Rejected, match="别的运单号"):
        await shop.connector.ship(Shipment(number, "SF1234567890123", "sf", "k"))


async def test_a_remark_is_added_and_keeps_what_people_wrote(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    shop.emulator.buyers.edit(number, remark="老客户", remark_tag=1, remark_tag_name="重要")
    await shop.connector.remark(number, "退款已批", key="k")
    row = shop.emulator.state.orders[number]
    assert (row["remark"], row["remark_tag"], row["remark_tag_name"]) == ("老客户；退款已批", "1", "重要")


async def test_a_full_remark_is_not_cut_in_silence(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    shop.emulator.buyers.edit(number, remark="长" * 299)
    with pytest.raises(Rejected, match="放不下"):
        await shop.connector.remark(number, "退款已批", key="k")
    assert shop.emulator.state.orders[number]["remark"] == "长" * 299


async def test_an_address_is_set_with_the_platform_s_numbers(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    receiver = Receiver("王五", "13800005555", "浙江", "杭州", "西湖区", detail="新路1号")
    await shop.connector.modify_address(AddressDecision(number, "k", receiver=receiver))
    plain = shop.emulator.state.plain[number]
    assert (plain["city"], plain["district"], plain["detail"], plain["phone"]) == (
        "杭州市",
        "西湖区",
        "新路1号",
        "13800005555",
    )


async def test_an_address_can_not_be_set_on_review_after_shipping_or_nowhere(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    receiver = Receiver("王五", "13800005555", "浙江", "杭州", "西湖区", detail="新路1号")
    with pytest.raises(Rejected, match="地区表"):
        await shop.connector.modify_address(AddressDecision(number, "k", receiver=Receiver(province="浙江", city="火星市")))
    shop.emulator.buyers.review(number, passed=False)
    with pytest.raises(Rejected, match="风控"):
        await shop.connector.modify_address(AddressDecision(number, "k", receiver=receiver))
    shop.emulator.buyers.review(number, passed=True)
    shop.emulator.buyers.ship_in_back_office(number)
    with pytest.raises(Rejected, match="已发货"):
        await shop.connector.modify_address(AddressDecision(number, "k", receiver=receiver))
    assert shop.emulator.journal.effects("pdd.order.update.address") == []


async def test_stock_is_set_and_not_added(shop: PinduoduoHarness) -> None:
    for _ in range(2):
        await shop.connector.write_stock(StockLevel("SKU-1", STOCKED, 12, "k"))
    assert shop.emulator.state.stock[STOCKED] == 12


# --- tokens, refusals ---


async def test_an_expired_token_is_refreshed_once_and_the_call_repeated(shop: PinduoduoHarness) -> None:
    number = shop.add_order()
    await shop.connector.order(number)
    shop.emulator.gate.expire()
    assert (await shop.connector.order(number)).number == number
    assert [entry.effect for entry in shop.emulator.journal.effects()] == ["token issued", "token refreshed"]


async def test_a_new_consent_kills_the_old_pair(shop: PinduoduoHarness) -> None:
    await shop.connector.order(shop.add_order())
    shop.emulator.gate.create({"code": shop.emulator.gate.consent()})
    with pytest.raises(NeedsAuthorization, match="consent again"):
        await shop.connector.order("261120-000000000000001")


async def test_the_pair_pasted_after_a_new_consent_is_taken_over(make: Make) -> None:
    shop = make()
    number = shop.add_order()
    fresh = shop.emulator.gate.create({"code": shop.emulator.gate.consent()})
    store = MemoryTokens()
    await store.save(f"pinduoduo:{shop.emulator.client_id}:{shop.emulator.mall_id}", _stale(shop))
    again = _rebuilt(shop, store, access_token=fresh["access_token"], refresh_token=fresh["refresh_token"], auth_code="")
    assert (await again.order(number)).number == number


async def test_a_consent_of_another_shop_is_noticed(make: Make) -> None:
    with pytest.raises(NeedsAuthorization, match="another shop"):
        await make(mall_id="999").connector.order("261120-000000000000001")


@pytest.mark.parametrize(("fault", "told"), [("bad-ip", "IP list"), ("scope", "permission"), ("bad-client", "client_id")])
async def test_refusals_that_only_a_person_can_mend_say_what_to_mend(shop: PinduoduoHarness, fault: str, told: str) -> None:
    await shop.connector.order(shop.add_order())
    shop.emulator.faults.plan(fault, "pdd.order.information.get")
    with pytest.raises(NeedsAuthorization, match=told):
        await shop.connector.order("261120-000000000000001")


async def test_a_wrong_secret_is_named_as_such(make: Make) -> None:
    with pytest.raises(NeedsAuthorization, match="client_secret or this machine's clock"):
        await make(client_secret="wrong").connector.order("261120-000000000000001")


async def test_throttled_lists_are_waited_for(shop: PinduoduoHarness) -> None:
    assert shop.window is not None
    number = shop.add_order()
    await shop.connector.order(number)
    shop.emulator.faults.plan("throttle", shop.list_call)
    shop.emulator.faults.plan("too-frequent", shop.list_call)
    assert [order.number for order in await pulled(shop)] == [number]
    assert sum(nap >= 1 for nap in shop.naps) == 2


async def test_a_platform_fault_on_a_change_is_a_doubt(shop: PinduoduoHarness) -> None:
    number = shop.add_aftersale()
    shop.emulator.faults.plan("unavailable", "pdd.refund.agree")
    with pytest.raises(OutcomeUnknown):
        await shop.connector.agree_refund(decision(shop, number))


def test_settings_without_any_consent_say_so() -> None:
    with pytest.raises(ValueError, match="access_token, refresh_token, auth_code"):
        Settings(client_id="a", client_secret="b", shop="c")


# --- messages become records ---


async def test_a_message_is_resolved_by_asking(shop: PinduoduoHarness) -> None:
    shop.emulator.state.messages_on = True
    number = shop.add_aftersale()
    [created] = [frame for frame in shop.emulator.messages.frames if frame.topic == "pdd_refund_RefundCreated"]
    order, found = await shop.connector.resolve(_event(shop, created))
    assert isinstance(order, Order)
    assert (found.number, found.amount) == (number, Money(1990))


async def test_a_finished_trade_is_completed(shop: PinduoduoHarness) -> None:
    shop.emulator.state.messages_on = True
    number = shop.add_order()
    shop.emulator.buyers.ship_in_back_office(number)
    shop.emulator.buyers.sign(number)
    [order] = await shop.connector.resolve(_event(shop, shop.emulator.messages.frames[-1]))
    assert order.stage is Stage.COMPLETED


async def test_a_message_that_is_faster_than_the_order_waits(shop: PinduoduoHarness) -> None:
    shop.emulator.state.messages_on = True
    number = shop.add_order()
    event = _event(shop, shop.emulator.messages.frames[-1])
    held = shop.emulator.state.orders.pop(number)
    with pytest.raises(Unavailable):
        await shop.connector.resolve(event)
    shop.emulator.state.orders[number] = held
    [order] = await shop.connector.resolve(event)
    assert order.number == number


def _event(shop: PinduoduoHarness, frame: Any) -> Any:
    from integrations.pinduoduo.messages import event_of

    message = {"type": frame.topic, "mallID": shop.emulator.mall_id, "content": frame.content}
    return event_of({"commandType": "Common", "id": frame.ident, "sendTime": 1, "message": message})


def _stale(shop: PinduoduoHarness) -> Tokens:
    return Tokens("dead-access", shop.clock.now() + timedelta(days=1), "dead-refresh")


def _rebuilt(shop: PinduoduoHarness, store: MemoryTokens, **settings: Any) -> Any:
    import dataclasses

    from integrations import pinduoduo, registry
    from integrations._kit.http import Http
    from tests.conformance.harness import Loopback

    return pinduoduo.build(
        dataclasses.replace(shop.settings, **settings),
        registry.manifests()["pinduoduo"],
        clock=shop.clock,
        http=Http("http://pinduoduo.test", transport=Loopback(app=shop.emulator)),
        tokens=store,
        sleep=shop.sleep,
    )


async def test_addresses_may_be_pasted_with_their_paths(make: Make) -> None:
    from integrations import pinduoduo, registry

    shop = make()
    settings: dict[str, Any] = {"client_id": "a", "client_secret": "b", "shop": "c", "auth_code": "d"}
    channel = pinduoduo.build(
        Settings(**settings, base_url="http://127.0.0.1:9/api/router", messages_url="ws://127.0.0.1:9/message"),
        registry.manifests()["pinduoduo"],
        clock=shop.clock,
        sleep=shop.sleep,
    )
    assert str(channel._calls._http._client.base_url) == "http://127.0.0.1:9"
    assert channel._messages._url().startswith("ws://127.0.0.1:9/message/a/")
    await channel.aclose()
