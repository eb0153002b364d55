"""`@wecom/crypto`, WeCom's own, in both directions: over the published vectors, and against our running server."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from domain.errors import Forged
from emulators.wecom import WecomEmulator
from integrations.wecom import AppSettings, Settings
from integrations.wecom.crypto import Crypto
from tests.integrations.wecom.test_crypto import A_JSON, A_MSG, B_MSG, C_MSG, ECHOES, A, B, C
from tests.integrations.wecom.test_server import YEARS_LATER, client_of, house_of
from tests.witness.node import Script, running

HOSTILE = "查单 A123 😀👨‍👩‍👧 ]]></xml> \\u0000 \"'&" + "长" * 700


@pytest_asyncio.fixture
async def witness(packages: Path) -> AsyncIterator[Script]:
    async with running("crypto.mjs", packages) as script:
        yield script


@pytest.mark.parametrize(
    ("keys", "stamp", "nonce", "signature", "sealed"),
    [*(row[:5] for row in ECHOES), (A, *A_MSG), (B, *B_MSG), (A, *A_JSON), (C, *C_MSG)],
)
async def test_it_reads_every_published_vector_as_we_do(
    witness: Script, keys: Any, stamp: str, nonce: str, signature: str, sealed: str
) -> None:
    assert await witness.ask("sign", token=keys[0], timestamp=stamp, nonce=nonce, sealed=sealed) == signature
    theirs = await witness.ask("open", key=keys[1], sealed=sealed)
    assert theirs == {"message": Crypto(*keys).open(signature, stamp, nonce, sealed).decode(), "id": keys[2]}


@pytest.mark.parametrize("message", ["", "a" * 12, "x" * 31, HOSTILE])
@pytest.mark.parametrize("keys", [B, C], ids=["corp", "robot"])
async def test_each_opens_what_the_other_seals(witness: Script, keys: Any, message: str) -> None:
    ours = Crypto(*keys)
    sealed, signature = ours.seal(message.encode(), "1700000000", "n-1")
    assert await witness.ask("open", key=keys[1], sealed=sealed) == {"message": message, "id": keys[2]}
    assert await witness.ask("sign", token=keys[0], timestamp="1700000000", nonce="n-1", sealed=sealed) == signature
    locked = await witness.ask("seal", key=keys[1], message=message, receiver=keys[2])
    assert ours.open(ours.signature("1", "n", locked), "1", "n", locked).decode() == message


async def signed(witness: Script, keys: Any, message: str, *, stamp: float = YEARS_LATER) -> tuple[dict[str, str], str]:
    """(query, sealed) as WeCom would send it, made by the witness alone."""
    sealed = await witness.ask("seal", key=keys[1], message=message, receiver=keys[2])
    query = {"timestamp": str(int(stamp)), "nonce": "n-77"}
    return query | {"msg_signature": await witness.ask("sign", token=keys[0], sealed=sealed, **query)}, sealed


async def test_our_server_passes_the_address_check_that_it_makes(witness: Script, tmp_path: Path) -> None:
    house, _ = await house_of(WecomEmulator(), Settings(mode="callback", token=C[0], aes_key=C[1]), YEARS_LATER, tmp_path)
    query, sealed = await signed(witness, C, "4857201938 +/=好")
    async with client_of(house) as client:
        answer = await client.get("/chat/wecom", params={**query, "echostr": sealed})
    assert (answer.status_code, answer.content.decode()) == (200, "4857201938 +/=好")
    await house.close()


async def test_our_server_takes_its_message_and_it_opens_our_answer(witness: Script, tmp_path: Path) -> None:
    settings = Settings(mode="callback", token=C[0], aes_key=C[1], answer_within_seconds=0.0)
    house, _ = await house_of(WecomEmulator(), settings, YEARS_LATER, tmp_path)
    said = {"msgid": "m1", "aibotid": "b", "chattype": "group", "chatid": "CHATID", "from": {"userid": "zhangsan"}}
    said |= {"msgtype": "text", "text": {"content": f"@小单 {HOSTILE}"}}
    query, sealed = await signed(witness, C, json.dumps(said, ensure_ascii=False))
    async with client_of(house) as client:
        answer = await client.post("/chat/wecom", params=query, json={"encrypt": sealed})
    envelope = answer.json()
    assert set(envelope) == {"encrypt", "msgsignature", "timestamp", "nonce"}
    assert (type(envelope["timestamp"]), envelope["nonce"]) == (int, query["nonce"])
    whole = {"token": C[0], "timestamp": str(envelope["timestamp"]), "nonce": query["nonce"], "sealed": envelope["encrypt"]}
    assert await witness.ask("sign", **whole) == envelope["msgsignature"]
    opened = await witness.ask("open", key=C[1], sealed=envelope["encrypt"])
    assert opened["id"] == ""
    assert json.loads(opened["message"])["msgtype"] == "stream"
    assert await house.desk.store.inbox.depth() == 1
    await house.close()


async def test_our_server_takes_an_apps_message_that_it_sealed(witness: Script, tmp_path: Path) -> None:
    settings = Settings(mode="app", app=AppSettings(A[2], 1, "secret-secret", A[0], A[1]))
    house, _ = await house_of(WecomEmulator(), settings, YEARS_LATER, tmp_path)
    xml = (
        f"<xml><ToUserName>{A[2]}</ToUserName><FromUserName>lisi</FromUserName><CreateTime>{YEARS_LATER:.0f}</CreateTime>"
        "<MsgType>text</MsgType><Content><![CDATA[查 A1 😀]]></Content><MsgId>9007199254740993</MsgId></xml>"
    )
    query, sealed = await signed(witness, A, xml)
    async with client_of(house) as client:
        body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        codes = [(await client.post("/chat/wecom", params=query, content=body)).status_code for _ in range(2)]
    assert codes == [200, 200]
    assert await house.desk.store.inbox.depth() == 1
    await house.close()


async def test_it_opens_impossible_padding_and_foreign_receivers_where_we_refuse(witness: Script) -> None:
    """Its `decrypt` looks at neither signature nor receiver nor the padding's bytes: all that is the caller's. Ours refuses."""
    raw = bytearray(base64.b64decode(C_MSG[3]))
    raw[-17] ^= 0xFF
    spoiled = base64.b64encode(bytes(raw)).decode()
    ours = Crypto(*C)
    assert isinstance((await witness.ask("open", key=C[1], sealed=spoiled))["message"], str)
    with pytest.raises(Forged):
        ours.open(ours.signature("1", "n", spoiled), "1", "n", spoiled)
    foreign = await witness.ask("seal", key=C[1], message="hello", receiver="ww-other")
    assert (await witness.ask("open", key=C[1], sealed=foreign))["message"] == "hello"
    with pytest.raises(Forged):
        ours.open(ours.signature("1", "n", foreign), "1", "n", foreign)
