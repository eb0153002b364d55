"""`dingtalk-sdk` 1.3.8 as a client of the emulated organisation's old side, and against our server with sealed events."""

from __future__ import annotations

import asyncio
import io
import json
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from bot.app import create_app
from bot.bootstrap import open_house
from config.settings import Settings as HouseSettings
from tests.integrations.dingtalk.conftest import Office, opened

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from dingtalk.client import AppKeyClient
    from dingtalk.core.exceptions import DingTalkClientException
    from dingtalk.crypto import DingTalkCrypto

pytestmark = pytest.mark.filterwarnings("ignore")
PNG = b"\x89PNG\r\n\x1a\n" + b"chart" * 100
TOKEN, KEY = "123456", "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    async with opened() as made:
        yield made


def client(office: Office, secret: str = "") -> Any:
    class Client(AppKeyClient):  # type: ignore[misc]
        API_BASE_URL = f"{office.url}/"

    emulator = office.emulator
    return Client(emulator.state.corp_id, emulator.client_id, secret or emulator.client_secret, timeout=5, auto_retry=False)


async def test_its_token_is_the_platforms_and_a_wrong_secret_is_told(office: Office) -> None:
    sdk = client(office)
    access = await asyncio.to_thread(lambda: sdk.access_token)
    assert office.emulator.state.alive(access)
    with pytest.raises(DingTalkClientException) as refused:
        await asyncio.to_thread(lambda: client(office, "wrong").access_token)
    assert refused.value.errcode == 40089


async def test_its_upload_is_kept_whole_and_an_empty_one_refused(office: Office) -> None:
    sdk = client(office)
    kept = await asyncio.to_thread(sdk.message.media_upload, "image", ("走势.png", io.BytesIO(PNG)))
    assert office.emulator.state.media[kept["media_id"]][2] == PNG
    with pytest.raises(DingTalkClientException):
        await asyncio.to_thread(sdk.message.media_upload, "image", ("走势.png", io.BytesIO(b"")))


async def test_after_an_early_death_its_repeat_would_be_empty_where_ours_is_whole(office: Office) -> None:
    """Its known fault: it lays out nothing anew. The emulator takes no empty file, so the fault cannot hide."""
    ours = office.connector()
    await ours.client.tokens.access()
    office.emulator.state.kill_tokens()
    ident = await ours.client.upload("image", "走势.png", PNG)
    assert office.emulator.state.media[ident][2] == PNG


@pytest.mark.parametrize("event", [{"EventType": "check_url"}, {"EventType": "user_leave_org", "UserId": ["张三😀"]}])
async def test_it_seals_what_our_running_server_takes_and_opens_our_answer(
    office: Office, tmp_path: Path, event: dict[str, Any]
) -> None:
    chat = office.connector(event_token=TOKEN, event_aes_key=KEY)
    house = open_house(HouseSettings(data_dir=tmp_path), clock=office.clock, chats={"dingtalk": chat})
    sdk = DingTalkCrypto(TOKEN, KEY, office.emulator.client_id)
    stamp = str(int(office.emulator.clock.now() * 1000))
    sealed = sdk.encrypt_message(json.dumps(event, ensure_ascii=False), "n-1", stamp)
    query = {"signature": sealed["msg_signature"], "timestamp": stamp, "nonce": "n-1"}
    transport = httpx.ASGITransport(create_app(house, background=False), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as http:
        answer = await http.post("/chat/dingtalk", params=query, json={"encrypt": sealed["encrypt"]})
        spoiled = await http.post("/chat/dingtalk", params={**query, "nonce": "n-2"}, json={"encrypt": sealed["encrypt"]})
    told = answer.json()
    opened_ = sdk.decrypt_message(
        json.dumps({"encrypt": told["encrypt"]}), told["msg_signature"], told["timeStamp"], told["nonce"]
    )
    assert (answer.status_code, opened_, spoiled.status_code) == (200, "success", 401)
    await house.close()
