"""The running application: published vectors, forgeries and whole conversations through its own doors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.app import create_app
from bot.bootstrap import House, open_house
from config.settings import Settings as HouseSettings
from domain.clock import ManualClock
from emulators.wecom import WecomEmulator, crypto
from emulators.wecom import state as theirs
from integrations.wecom import AppSettings, Settings
from tests.integrations.wecom.conftest import Bench, make, telling
from tests.integrations.wecom.test_crypto import A_JSON, A_MSG, B_MSG, C_MSG, ECHOES, A, B


async def house_of(emulator: WecomEmulator, settings: Settings, at: float, path: Path) -> tuple[House, Bench]:
    bench = make(emulator, settings)
    clock: Any = ManualClock(datetime.fromtimestamp(at, UTC)) if at else bench.clock
    return open_house(HouseSettings(data_dir=path), clock=clock, chats={"wecom": bench.chat}), bench


def client_of(house: House) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(house, background=False), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://desk.example")


@pytest.mark.parametrize(("keys", "stamp", "nonce", "signature", "sealed", "plain"), ECHOES)
async def test_the_server_answers_published_echoes_byte_for_byte(
    tmp_path: Path, keys: Any, stamp: str, nonce: str, signature: str, sealed: str, plain: str
) -> None:
    settings = Settings(mode="callback", token=keys[0], aes_key=keys[1])
    if keys[2]:
        settings = Settings(mode="app", app=AppSettings(keys[2], 1, "secret-secret", keys[0], keys[1]))
    house, _ = await house_of(WecomEmulator(), settings, 1_795_327_200, tmp_path)
    async with client_of(house) as client:
        query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": sealed}
        answer = await client.get("/chat/wecom", params=query)
        assert (answer.status_code, answer.content) == (200, plain.encode())
        spoiled = await client.get("/chat/wecom", params={**query, "msg_signature": signature.upper()})
        assert spoiled.status_code == 401
    await house.close()


@pytest.mark.parametrize(("keys", "vector"), [(A, A_MSG), (B, B_MSG)], ids=["A", "B"])
async def test_the_server_stores_a_published_message_once(tmp_path: Path, keys: Any, vector: Any) -> None:
    stamp, nonce, signature, sealed = vector
    settings = Settings(mode="app", app=AppSettings(keys[2], 1, "secret-secret", keys[0], keys[1]))
    house, _ = await house_of(WecomEmulator(), settings, float(stamp), tmp_path)
    query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
    body = f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    async with client_of(house) as client:
        for _ in range(2):
            answer = await client.post("/chat/wecom", params=query, content=body)
            assert (answer.status_code, answer.content) == (200, b"")
    assert await house.desk.store.inbox.depth() == 1
    await house.close()


@pytest.mark.parametrize(("keys", "stamp", "nonce", "signature", "sealed", "plain"), ECHOES)
async def test_a_robot_with_a_receiver_of_its_own_passes_the_published_checks_too(
    tmp_path: Path, keys: Any, stamp: str, nonce: str, signature: str, sealed: str, plain: str
) -> None:
    settings = Settings(mode="callback", token=keys[0], aes_key=keys[1], receive_id=keys[2])
    house, _ = await house_of(WecomEmulator(), settings, 1_795_327_200, tmp_path)
    async with client_of(house) as client:
        query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce, "echostr": sealed}
        answer = await client.get("/chat/wecom", params=query)
        assert (answer.status_code, answer.content) == (200, plain.encode())
    await house.close()


YEARS_LATER = 1_795_327_200.0
PUBLISHED = [(A, A_MSG, "xml"), (B, B_MSG, "xml"), (A, A_JSON, "json"), (B, B_MSG, "json")]


@pytest.mark.parametrize(("keys", "vector", "envelope"), PUBLISHED, ids=["A", "B", "A in JSON", "B in a JSON envelope"])
async def test_published_vectors_are_opened_years_later_and_have_their_effect_once(
    tmp_path: Path, keys: Any, vector: Any, envelope: str
) -> None:
    stamp, nonce, signature, sealed = vector
    settings = Settings(mode="app", app=AppSettings(keys[2], 1, "secret-secret", keys[0], keys[1]))
    house, _ = await house_of(WecomEmulator(), settings, YEARS_LATER, tmp_path)
    query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
    xml = f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    body = xml if envelope == "xml" else json.dumps({"tousername": keys[2], "encrypt": sealed, "agentid": "218"})
    async with client_of(house) as client:
        codes = [(await client.post("/chat/wecom", params=query, content=body)).status_code for _ in range(3)]
        turned = {**query, "msg_signature": signature[::-1]}
        assert (await client.post("/chat/wecom", params=turned, content=body)).status_code == 401
    assert codes == [200, 200, 200]
    readable = vector is not A_JSON  # what the official sample sealed there is no JSON
    assert await house.desk.store.inbox.depth() == (1 if readable else 0)
    await house.close()


@pytest.mark.parametrize("late", [-601, 0, 601, 10**9])
async def test_the_robots_vector_is_taken_at_any_age_and_a_replay_is_not_taken_again(tmp_path: Path, late: int) -> None:
    stamp, nonce, signature, sealed = C_MSG
    settings = Settings(mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, answer_within_seconds=0.0)
    house, _ = await house_of(WecomEmulator(), settings, 1_700_000_000 + late, tmp_path)
    async with client_of(house) as client:
        query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
        for _ in range(2):
            assert (await client.post("/chat/wecom", params=query, json={"encrypt": sealed})).status_code == 200
    assert await house.desk.store.inbox.depth() == 1
    await house.close()


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[tuple[House, Bench, Any]]:
    """A house in callback mode behind its real application, the emulated platform in front of it."""
    emulator = WecomEmulator()
    settings = Settings(mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, answer_within_seconds=1.0)
    house, bench = await house_of(emulator, settings, 0, tmp_path)
    emulator.people.way, emulator.callbacks.url = "http", "https://desk.example/chat/wecom"
    emulator.callbacks.transport = httpx.ASGITransport(create_app(house), raise_app_exceptions=False)
    async with house.running():
        yield house, bench, emulator
    await emulator.callbacks.stop()
    await house.close()


async def test_a_stranger_is_answered_once_and_privately_through_all_of_the_house(shop: Any) -> None:
    house, bench, emulator = shop
    await emulator.people.say("zhangsan", "查 6920417")
    await emulator.callbacks.settle()
    assert len(telling(bench.talk("zhangsan"))) == 1
    assert emulator.callbacks.problems == []
    async with asyncio.timeout(3):  # settled right after it was said
        while await house.desk.store.inbox.depth():  # noqa: ASYNC110 (the store has no event of ours)
            await asyncio.sleep(0.01)


async def test_nothing_that_arrives_is_answered_with_a_5xx(shop: Any) -> None:
    _, bench, emulator = shop
    async with httpx.AsyncClient(transport=emulator.callbacks.transport, base_url="https://desk.example") as client:
        stamp = str(int(emulator.clock.now()))
        plains = [
            "",
            "{}",
            "[]",
            "null",
            '{"msgtype":"text"}',
            '{"msgtype":"event","from":{"userid":"a"},"event":5}',
            "\x00",
        ]
        codes = []
        for plain in plains:
            locked = crypto.lock(theirs.AES_KEY, plain, "")
            query = {"msg_signature": crypto.sign(theirs.TOKEN, stamp, "n", locked), "timestamp": stamp, "nonce": "n"}
            codes.append((await client.post("/chat/wecom", params=query, json={"encrypt": locked})).status_code)
        for body in (b"", b"\xff", b"<xml/>", b"{" * 3000, b"x" * (2 * 1024 * 1024 + 1)):
            query = {"msg_signature": "x", "timestamp": stamp, "nonce": "n"}
            codes.append((await client.post("/chat/wecom", params=query, content=body)).status_code)
        codes.append((await client.get("/chat/wecom")).status_code)
    assert not [code for code in codes if code >= 500]
    assert bench.heard == []
