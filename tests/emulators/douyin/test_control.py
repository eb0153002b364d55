"""The side door that demo, `xiaodan emulate` and acceptance scripts use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from emulators.douyin import DouyinEmulator
from emulators.kit import EmulatorClock

ELSEWHERE = {
    "name": "李四",
    "phone": "13700001111",
    "province": "上海市",
    "city": "上海市",
    "district": "徐汇区",
    "detail": "漕溪路1号",
}


@pytest.fixture
async def door() -> AsyncIterator[httpx.AsyncClient]:
    emulator = DouyinEmulator(clock=EmulatorClock(1_700_000_000))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator), base_url="http://douyin.test/_emulator") as client:
        yield client


async def act(door: httpx.AsyncClient, act: str, **values: Any) -> Any:
    answer = await door.post("/buyer", json={"act": act, **values})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


async def state(door: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await door.get("/state")).json()
    return found


async def test_a_buyer_s_whole_story(door: httpx.AsyncClient) -> None:
    number = await act(door, "place", lines=[{"code": "SOFA", "price": 26800, "quantity": 1}], words="快点")
    aftersale = await act(
        door, "apply_refund", number=number, amount=6000, reason="色差", photos=["https://p.example/1.jpg"]
    )
    await act(door, "amend_refund", aftersale=aftersale, amount=5000)
    await act(door, "withdraw", aftersale=aftersale)
    await act(door, "request_address", number=number, receiver=ELSEWHERE)
    await act(door, "ship_in_back_office", number=number, waybill="SF1")
    await act(door, "confirm", number=number)
    seen = await state(door)
    assert seen["orders"][number]["order_status"] == 5
    assert seen["aftersales"][aftersale]["aftersale_status"] == 51
    assert seen["aftersales"][aftersale]["refunds"] == 0
    assert seen["address_requests"][number]["status"] == "pending"


async def test_unknown_acts_and_wrong_arguments_are_explained(door: httpx.AsyncClient) -> None:
    assert "place" in (await door.post("/buyer", json={"act": "steal"})).json()["error"]
    assert (await door.post("/buyer", json={"act": "confirm"})).status_code == 400
    assert (await door.post("/buyer", json={"act": "confirm", "number": "1"})).status_code == 400
    assert (await door.post("/buyer", content=b"nonsense")).status_code == 400


async def test_faults_clock_and_journal(door: httpx.AsyncClient) -> None:
    await door.post("/faults", json={"fault": "500", "call": "order.searchList", "times": 2})
    told = (await door.post("/faults", json={"fault": "throttle", "always": True})).json()
    assert told == {"once": [["order.searchList", "500"]] * 2, "always": {"*": "throttle"}}
    assert (await door.delete("/faults")).json() == {"once": [], "always": {}}
    assert (await door.post("/clock", json={"move": 60})).json() == {"now": 1_700_000_060}
    await door.post("http://douyin.test/order/searchList", content=b"{}")
    assert [entry["call"] for entry in (await door.get("/journal")).json()] == ["order.searchList"]
    assert (await door.delete("/journal")).json() == []


async def test_the_push_address_can_be_set(door: httpx.AsyncClient) -> None:
    await door.post("/push", json={"url": "http://a/push", "duplicate": True})
    told = (await door.post("/push", json={"url": "http://b/push", "shop_id": 7})).json()
    assert told == {"url": "http://a/push", "urls": {"7": "http://b/push"}}
