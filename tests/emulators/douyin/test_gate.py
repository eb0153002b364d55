"""The emulator is strict: what the platform refuses is refused, in the platform's own body and with HTTP 200."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from emulators.douyin import DouyinEmulator
from emulators.douyin.signing import call_signature
from emulators.kit import EmulatorClock

NOW = 1_700_000_000.0


@pytest.fixture
def emulator() -> DouyinEmulator:
    return DouyinEmulator(clock=EmulatorClock(NOW))


async def send(
    emulator: DouyinEmulator,
    method: str,
    params: Any,
    *,
    token: str = "",
    secret: str = "",
    path: str = "",
    at: float | None = None,
    **query: str,
) -> dict[str, Any]:
    body = params if isinstance(params, bytes) else json.dumps(params).encode()
    timestamp = str(int(emulator.clock.now() if at is None else at))
    sign = call_signature(secret or emulator.app_secret, emulator.app_key, method, body, timestamp, "2", "hmac-sha256")
    asked = {"app_key": emulator.app_key, "method": method, "timestamp": timestamp, "v": "2", "sign_method": "hmac-sha256"}
    asked |= {"sign": sign, **({"access_token": token} if token else {}), **query}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator), base_url="http://douyin.test") as client:
        answer = await client.post("/" + (path or method).replace(".", "/"), params=asked, content=body)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def token(emulator: DouyinEmulator) -> str:
    answer = await send(emulator, "token.create", {"grant_type": "authorization_self", "shop_id": str(emulator.shop_id)})
    return str(answer["data"]["access_token"])


def told(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["code"], answer["sub_code"]


async def test_a_right_call_is_answered(emulator: DouyinEmulator) -> None:
    params = {"update_time_start": 0, "update_time_end": 2**31, "page": 0, "size": 10}
    answer = await send(emulator, "order.searchList", params, token=await token(emulator))
    assert (answer["code"], answer["data"]["shop_order_list"]) == (10000, [])
    assert answer["log_id"]


async def test_a_wrong_secret(emulator: DouyinEmulator) -> None:
    assert told(await send(emulator, "token.create", {}, secret="other")) == (40003, "isv.signature-invalid")


async def test_a_signature_over_other_bytes(emulator: DouyinEmulator) -> None:
    answer = await send(emulator, "token.create", {"grant_type": "x"}, sign="0" * 64)
    assert told(answer) == (40003, "isv.signature-invalid")


@pytest.mark.parametrize("late", [-601, 601, 86_400])
async def test_a_wrong_clock(emulator: DouyinEmulator, late: int) -> None:
    assert told(await send(emulator, "token.create", {}, at=NOW + late)) == (40003, "isv.timestamp-invalid")


async def test_another_app(emulator: DouyinEmulator) -> None:
    assert told(await send(emulator, "token.create", {}, app_key="1")) == (40003, "isv.parameter-invalid")


async def test_a_method_that_is_not_the_path(emulator: DouyinEmulator) -> None:
    assert told(await send(emulator, "token.create", {}, path="token.refresh")) == (40003, "isv.parameter-invalid")


async def test_a_foreign_address(emulator: DouyinEmulator) -> None:
    emulator.gate.allowed_ips = {"10.0.0.1"}
    assert told(await send(emulator, "token.create", {})) == (30002, "isv.invalid_ip")


@pytest.mark.parametrize("given", ["", "act.unknown"])
async def test_no_token_or_an_unknown_one(emulator: DouyinEmulator, given: str) -> None:
    answer = await send(emulator, "order.orderDetail", {"shop_order_id": "1"}, token=given)
    assert told(answer) == (40003, "isv.access-token-no-existed")


async def test_a_token_lives_seven_days(emulator: DouyinEmulator) -> None:
    access = await token(emulator)
    emulator.clock.move(7 * 86_400 - 1)
    assert (await send(emulator, "order.orderDetail", {"shop_order_id": "1"}, token=access))["code"] == 50002
    emulator.clock.move(2)
    answer = await send(emulator, "order.orderDetail", {"shop_order_id": "1"}, token=access)
    assert told(answer) == (40003, "isv.access-token-expired")


async def test_a_refresh_token_works_once_and_kills_the_old_pair(emulator: DouyinEmulator) -> None:
    created = (await send(emulator, "token.create", {"grant_type": "authorization_self", "shop_id": str(emulator.shop_id)}))[
        "data"
    ]
    params = {"grant_type": "refresh_token", "refresh_token": created["refresh_token"]}
    assert (await send(emulator, "token.refresh", params))["code"] == 10000
    assert (await send(emulator, "token.refresh", params))["code"] == 50001
    answer = await send(emulator, "order.orderDetail", {"shop_order_id": "1"}, token=created["access_token"])
    assert told(answer) == (40003, "isv.access-token-invalid")


async def test_a_refresh_token_lives_fourteen_days(emulator: DouyinEmulator) -> None:
    created = (await send(emulator, "token.create", {"grant_type": "authorization_self", "shop_id": str(emulator.shop_id)}))[
        "data"
    ]
    emulator.clock.move(14 * 86_400 + 1)
    params = {"grant_type": "refresh_token", "refresh_token": created["refresh_token"]}
    assert (await send(emulator, "token.refresh", params))["code"] == 50001


async def test_withdrawn_consent(emulator: DouyinEmulator) -> None:
    access = await token(emulator)
    emulator.state.shops[emulator.shop_id].consent = False
    answer = await send(emulator, "order.orderDetail", {"shop_order_id": "1"}, token=access)
    assert told(answer) == (30001, "dop.authorization-closed")


async def test_a_throttle(emulator: DouyinEmulator) -> None:
    emulator.gate.per_second = 2
    codes = [(await send(emulator, "token.create", {}))["code"] for _ in range(4)]
    assert codes[2:] == [60000, 60000]
    emulator.clock.move(1.5)
    assert (await send(emulator, "token.create", {}))["code"] != 60000


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("order.searchList", {"update_time_start": 0, "update_time_end": 9, "page": 0, "size": 101}),
        ("order.searchList", {"update_time_start": "0", "update_time_end": 9, "page": 0, "size": 1}),
        (
            "afterSale.List",
            {"update_start_time": 0, "update_end_time": 9, "page": 501, "size": 100, "order_by": ["update_time asc"]},
        ),
        ("afterSale.List", {"update_start_time": 0, "update_end_time": 9, "page": 0, "size": 100}),
        ("afterSale.operate", {"type": 201, "items": []}),
        ("sku.syncStock", {"stock_num": 1}),
        ("order.batchSensitive", {"cipher_infos": [{}] * 51}),
    ],
)
async def test_limits_of_the_calls(emulator: DouyinEmulator, method: str, params: dict[str, Any]) -> None:
    answer = await send(emulator, method, params, token=await token(emulator))
    assert told(answer) == (40003, "isv.parameter-invalid")


async def test_a_call_outside_the_scope(emulator: DouyinEmulator) -> None:
    answer = await send(emulator, "order.batchDecrypt", {}, token=await token(emulator))
    assert told(answer) == (30001, "isv.app-permissions-insufficient")


async def test_a_body_that_is_no_json(emulator: DouyinEmulator) -> None:
    assert told(await send(emulator, "token.create", b"nonsense")) == (40003, "isv.parameter-invalid")


async def test_lists_end_after_ninety_days_and_details_do_not(emulator: DouyinEmulator) -> None:
    number = emulator.buyers.place(shop_id=emulator.shop_id)
    emulator.clock.move(91 * 86_400)
    access = await token(emulator)
    window = {"update_time_start": 0, "update_time_end": 2**31, "page": 0, "size": 10}
    assert (await send(emulator, "order.searchList", window, token=access))["data"]["total"] == 0
    assert (await send(emulator, "order.orderDetail", {"shop_order_id": number}, token=access))["code"] == 10000


async def test_one_refused_item_refuses_the_whole_request(emulator: DouyinEmulator) -> None:
    first, second = (emulator.buyers.apply_refund(emulator.buyers.place(shop_id=emulator.shop_id)) for _ in range(2))
    emulator.buyers.withdraw(second)
    items = [
        {"aftersale_id": number, "update_time": emulator.state.aftersales[number]["update_time"]}
        for number in (second, first)
    ]
    answer = await send(emulator, "afterSale.operate", {"type": 201, "items": items}, token=await token(emulator))
    assert told(answer) == (50002, "isv.business-failed:20309541")
    assert emulator.state.refunds == []


async def test_the_same_refund_moves_money_once(emulator: DouyinEmulator) -> None:
    number = emulator.buyers.apply_refund(emulator.buyers.place(shop_id=emulator.shop_id))
    access = await token(emulator)
    answers = [
        await send(emulator, "afterSale.operate", {"type": 201, "items": [{"aftersale_id": number}]}, token=access)
        for _ in range(3)
    ]
    assert [answer["code"] for answer in answers] == [10000, 50002, 50002]
    assert emulator.state.snapshot()["aftersales"][number]["refunds"] == 1


async def test_ids_are_beyond_double_precision(emulator: DouyinEmulator) -> None:
    number = emulator.buyers.place(shop_id=emulator.shop_id)
    assert int(number) > 2**53
    assert int(emulator.buyers.apply_refund(number)) > 2**53


async def test_personal_data_never_leaves_in_clear(emulator: DouyinEmulator) -> None:
    person = {"name": "张三丰", "phone": "13912345678", "province": "浙江省", "city": "温州市", "detail": "人民路42号"}
    number = emulator.buyers.place(shop_id=emulator.shop_id, receiver=person)
    emulator.buyers.request_address(number, receiver=person)
    answer = await send(emulator, "order.orderDetail", {"shop_order_id": number}, token=await token(emulator))
    sent = json.dumps(answer, ensure_ascii=False) + "".join(message.data for message in emulator.pushes.messages)
    assert [secret for secret in ("张三丰", "13912345678", "42号") if secret in sent] == []


async def test_the_same_address_has_the_same_key_and_never_the_same_ciphertext(emulator: DouyinEmulator) -> None:
    first, second = (emulator.state.orders[emulator.buyers.place(shop_id=emulator.shop_id)] for _ in range(2))
    assert first["open_address_id"] == second["open_address_id"]
    assert first["encrypt_post_tel"] != second["encrypt_post_tel"]
