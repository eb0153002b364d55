"""The emulated service is strict on its own: these requests are built by hand, not by the connector."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx
import pytest

from emulators.kit import EmulatorClock
from emulators.kuaidi100 import Kuaidi100Emulator

HOUR = 3600


@pytest.fixture
def service() -> Kuaidi100Emulator:
    return Kuaidi100Emulator(clock=EmulatorClock(1_800_000_000.0))


async def post(service: Kuaidi100Emulator, path: str, **form: str) -> Any:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="http://kd") as client:
        return (await client.post(path, data=form)).json()


async def query(service: Kuaidi100Emulator, param: str, sign: str | None = None) -> Any:
    right = hashlib.md5(f"{param}{service.key}{service.customer}".encode()).hexdigest().upper()
    return await post(service, "/poll/query.do", customer=service.customer, param=param, sign=sign or right)


def asking(number: str, com: str = "yuantong") -> str:
    return json.dumps({"com": com, "num": number, "resultv2": "4"})


async def test_only_a_signature_over_the_very_letters_passes(service: Kuaidi100Emulator) -> None:
    number = service.hand_in()
    assert (await query(service, asking(number), "0" * 32))["returnCode"] == "503"
    reordered = json.dumps(json.loads(asking(number)), sort_keys=True, separators=(",", ":"))
    other = hashlib.md5(f"{reordered}{service.key}{service.customer}".encode()).hexdigest().upper()
    assert (await query(service, asking(number), other))["returnCode"] == "503"
    assert (await query(service, asking(number)))["status"] == "200"


async def test_a_history_unfolds_and_comes_newest_first(service: Kuaidi100Emulator) -> None:
    number = service.hand_in(story="delivered")
    assert [row["statusCode"] for row in (await query(service, asking(number)))["data"]] == ["101"]
    service.clock.move(30 * HOUR)
    answer = await query(service, asking(number))
    assert [row["statusCode"] for row in answer["data"]] == ["301", "5", "1001", "1002", "103", "101"]
    assert (answer["state"], answer["ischeck"]) == ("3", "1")


async def test_asking_twice_in_half_an_hour_locks_the_number(service: Kuaidi100Emulator) -> None:
    number = service.hand_in()
    await query(service, asking(number))
    service.clock.move(1700)
    assert (await query(service, asking(number)))["result"] is False
    service.clock.move(10 * HOUR)
    assert "锁定" in (await query(service, asking(number)))["message"]


async def test_a_wrong_carrier_finds_nothing(service: Kuaidi100Emulator) -> None:
    assert (await query(service, asking(service.hand_in(), "shentong")))["returnCode"] == "500"


async def test_a_subscription_needs_a_key_and_a_real_callback(service: Kuaidi100Emulator) -> None:
    def wish(key: str, url: str) -> str:
        parameters = {"callbackurl": url, "salt": "s", "resultv2": "4"}
        return json.dumps({"company": "yuantong", "number": "YT0000000000001", "key": key, "parameters": parameters})

    codes = [
        (await post(service, "/poll", schema="json", param=wish(key, url)))["returnCode"]
        for key, url in (("no", "http://a/b"), (service.key, "b"), (service.key, "http://a/b"), (service.key, "http://a/b"))
    ]
    assert codes == ["600", "700", "200", "501"]
    assert [entry.request.get("key") for entry in service.journal.calls("subscribe")] == [None] * 4


async def test_the_side_door_hands_in_parcels_and_moves_time(service: Kuaidi100Emulator) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=service), base_url="http://kd") as client:
        made = await client.post("/_emulator/parcel", json={"com": "yuantong", "story": "returned"})
        await client.post("/_emulator/clock", json={"move": 61 * HOUR})
        told = (await client.get("/_emulator/state")).json()
        wrong = await client.post("/_emulator/parcel", json={"story": "unheard of"})
    assert list(told["parcels"]) == [made.json()["result"]]
    assert (await query(service, asking(made.json()["result"])))["state"] == "4"
    assert wrong.status_code == 400
