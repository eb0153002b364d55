"""The emulated platform is strict on its own: these requests are built by hand, not by the connector."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest

from emulators.kit import EmulatorClock
from emulators.pinduoduo import PinduoduoEmulator, Switches

NOW = 1_795_140_000
LIST = "pdd.order.number.list.increment.get"


@pytest.fixture
def shop() -> PinduoduoEmulator:
    return PinduoduoEmulator(clock=EmulatorClock(float(NOW)), switches=Switches(visible_after=0))


async def call(shop: PinduoduoEmulator, api: str, *, token: str = "", secret: str = "", **more: str) -> Any:
    form = {"type": api, "client_id": shop.client_id, "timestamp": str(int(shop.clock.now())), "data_type": "JSON", **more}
    if token:
        form["access_token"] = token
    secret = secret or shop.client_secret
    body = "".join(f"{key}{form[key]}" for key in sorted(form))
    form["sign"] = hashlib.md5(f"{secret}{body}{secret}".encode()).hexdigest().upper()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=shop), base_url="http://pdd") as client:
        answer = await client.post("/api/router", data=form)
    assert answer.status_code == 200
    return answer.json()


def token_of(shop: PinduoduoEmulator) -> str:
    return str(shop.gate.create({"code": shop.gate.consent()})["access_token"])


async def page(shop: PinduoduoEmulator, token: str, number: int, size: int = 2, **more: str) -> Any:
    asked = {"start_updated_at": str(NOW - 900), "end_updated_at": str(NOW + 900), "order_status": "5", "refund_status": "5"}
    asked |= {"is_lucky_flag": "0", "page": str(number), "page_size": str(size), **more}
    return await call(shop, LIST, token=token, **asked)


def code(answer: Any) -> int:
    return int(answer["error_response"]["error_code"])


async def test_signature_time_client_and_token_are_checked(shop: PinduoduoEmulator) -> None:
    token = token_of(shop)
    assert code(await call(shop, LIST, token=token, secret="wrong")) == 20004
    assert code(await call(shop, LIST, token=token, timestamp=str(NOW - 601))) == 10008
    assert code(await call(shop, LIST, token="old")) == 10019
    assert code(await call(shop, LIST, token=token, client_id="x")) == 10016
    shop.clock.move(86401)
    assert code(await page(shop, token, 1)) == 10019


async def test_a_new_consent_kills_the_older_token(shop: PinduoduoEmulator) -> None:
    old, new = token_of(shop), token_of(shop)
    assert code(await page(shop, old, 1)) == 10019
    assert "order_sn_increment_get_response" in await page(shop, new, 1)


async def test_windows_and_pages_have_their_limits(shop: PinduoduoEmulator) -> None:
    token = token_of(shop)
    assert code(await page(shop, token, 1, end_updated_at=str(NOW + 902))) == 10000
    assert code(await page(shop, token, 1, 101)) == 10000
    assert code(await page(shop, token, 0)) == 10000
    assert code(await page(shop, token, 1, order_status="4")) == 10000


async def test_forward_paging_loses_an_order_when_another_is_updated(shop: PinduoduoEmulator) -> None:
    """The hazard that the connector must survive really is there."""
    token = token_of(shop)
    numbers = [shop.buyers.deal(at=NOW - 800 + index) for index in range(6)]
    shop.state.after_page.append(lambda: shop.state.touch(shop.state.orders[numbers[0]], at=NOW - 1))
    found = []
    for number in (1, 2, 3):
        answer = (await page(shop, token, number))["order_sn_increment_get_response"]
        found += [row["order_sn"] for row in answer["order_sn_list"]]
    assert numbers[2] not in found


async def test_has_next_comes_without_a_count(shop: PinduoduoEmulator) -> None:
    token = token_of(shop)
    for index in range(3):
        shop.buyers.deal(at=NOW - 10 + index)
    fast = (await page(shop, token, 1, use_has_next="true"))["order_sn_increment_get_response"]
    slow = (await page(shop, token, 2))["order_sn_increment_get_response"]
    assert (fast["has_next"], "total_count" in fast) == (True, False)
    assert (slow["total_count"], "has_next" in slow) == (3, False)


async def test_ciphertext_is_blank_under_review_and_after_shipping(shop: PinduoduoEmulator) -> None:
    token, number = token_of(shop), shop.buyers.deal()

    async def name() -> str:
        answer = await call(shop, "pdd.order.information.get", token=token, order_sn=number)
        return str(answer["order_info_get_response"]["order_info"]["receiver_name"])

    assert (await name()).startswith("~")
    shop.buyers.review(number, passed=False)
    assert await name() == ""
    shop.buyers.review(number, passed=True)
    assert await name() != ""
    shop.buyers.ship_in_back_office(number)
    assert await name() == ""


async def test_changes_show_late(shop: PinduoduoEmulator) -> None:
    shop.switches.visible_after = 30
    token = token_of(shop)
    shop.buyers.deal()
    assert (await page(shop, token, 1))["order_sn_increment_get_response"]["total_count"] == 0
    shop.clock.move(31)
    assert (await page(shop, token, 1))["order_sn_increment_get_response"]["total_count"] == 1


async def test_the_refund_list_throttles_when_told_to(shop: PinduoduoEmulator) -> None:
    shop.switches.list_per_10s = 1
    token = token_of(shop)
    asked = {
        "start_updated_at": str(NOW - 9),
        "end_updated_at": str(NOW),
        "after_sales_status": "1",
        "after_sales_type": "1",
    }
    await call(shop, "pdd.refund.list.increment.get", token=token, **asked)
    assert code(await call(shop, "pdd.refund.list.increment.get", token=token, **asked)) == 52101


async def test_a_refund_that_was_withdrawn_can_not_be_agreed_to(shop: PinduoduoEmulator) -> None:
    token = token_of(shop)
    number = shop.buyers.deal()
    aftersale = shop.buyers.apply_refund(number)
    shop.buyers.withdraw(aftersale)
    request = json.dumps({"order_sn": number, "after_sales_id": aftersale})
    answer = await call(shop, "pdd.refund.agree", token=token, request=request)
    assert answer["response"]["result"]["succ"] is False
    assert shop.journal.effects("pdd.refund.agree") == []


async def test_the_journal_keeps_no_token(shop: PinduoduoEmulator) -> None:
    token = token_of(shop)
    await page(shop, token, 1)
    assert token not in str(shop.journal.entries)


async def test_the_side_door_plays_the_buyer(shop: PinduoduoEmulator) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=shop), base_url="http://pdd") as client:
        made = (await client.post("/_emulator/buyer", json={"act": "deal", "goods": 500})).json()["result"]
        refund = (await client.post("/_emulator/buyer", json={"act": "apply_refund", "number": made})).json()["result"]
        wrong = await client.post("/_emulator/buyer", json={"act": "steal"})
        switched = await client.post("/_emulator/switches", json={"detail_unit": "fen"})
        consent = (await client.post("/_emulator/consent", json={})).json()["code"]
        held = (await client.get("/_emulator/state")).json()
    assert held["aftersales"][refund]["refund_amount"] == "5.00"
    assert (wrong.status_code, switched.json()["detail_unit"]) == (400, "fen")
    assert shop.gate.create({"code": consent})["access_token"]
