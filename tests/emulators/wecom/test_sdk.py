"""The platform's own Python SDK (wecom-aibot-python-sdk 1.0.2) as a client of the emulated platform."""

from __future__ import annotations

import asyncio
import contextlib
import json
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from websockets.asyncio.client import connect

from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from tests.integrations.wecom.conftest import drawn, served, telling, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it still imports the deprecated half of websockets
    import aibot
    from aibot import ws as sdk_ws
    from aibot.crypto_utils import decrypt_file

CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "退款"},
    "button_list": [{"text": "同意", "key": "agree"}],
    "task_id": "T1",
}


class Silent:
    """The SDK prints everything it hears; tests do not need it."""

    def debug(self, message: str, *args: Any) -> None: ...

    info = warn = error = debug


@pytest_asyncio.fixture
async def platform() -> AsyncIterator[tuple[WecomEmulator, Any, list[Any]]]:
    """(emulator, SDK client that is subscribed, frames that it heard)."""
    emulator = WecomEmulator()
    sdk_ws._SSL_CONTEXT = None  # it insists on TLS; loopback has none
    async with served(emulator) as url:
        client = aibot.WSClient(
            aibot.WSClientOptions(bot_id=theirs.BOT_ID, secret=theirs.BOT_SECRET, ws_url=url, logger=Silent())
        )
        heard: list[Any] = []
        ready = asyncio.Event()
        client.on("authenticated", ready.set)
        client.on("message", heard.append)
        client.on("event", heard.append)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await client.connect()
            await asyncio.wait_for(ready.wait(), 3)
        yield emulator, client, heard
        client._ws_manager._is_manual_close = True
        await client._ws_manager._cleanup_ws()
        client._ws_manager._stop_heartbeat()
        await asyncio.sleep(0)


async def test_it_subscribes_hears_and_streams(platform: Any) -> None:
    emulator, client, heard = platform
    await emulator.people.say("zhangsan", "查 A1", group="CHATID", quote="没收到")
    await until(lambda: len(heard) == 1)
    assert heard[0]["body"]["text"]["content"] == "@小单 查 A1"
    assert heard[0]["body"]["quote"]["text"]["content"] == "没收到"
    await client.reply_stream(heard[0], "S1", "正在查", finish=False)
    ack = await client.reply_stream(heard[0], "S1", "运输中", finish=True)
    assert (ack["errcode"], telling(emulator.state.talks["CHATID"])) == (0, ["运输中"])


async def test_it_sends_a_card_and_updates_it_within_five_seconds(platform: Any) -> None:
    emulator, client, heard = platform
    await emulator.people.say("zhangsan", "退款")
    await until(lambda: len(heard) == 1)
    await client.reply_template_card(heard[0], CARD)
    await emulator.people.press("zhangsan", "T1", "agree")
    await until(lambda: len(heard) == 2)
    assert heard[1]["body"]["event"]["template_card_event"]["event_key"] == "agree"
    done = {**CARD, "main_title": {"title": "已退款"}}
    await client.update_template_card(heard[1], done)
    assert drawn(emulator.state.talk("zhangsan"))[0]["main_title"]["title"] == "已退款"


async def test_it_pushes_where_somebody_spoke_and_is_refused_elsewhere(platform: Any) -> None:
    emulator, client, heard = platform
    await emulator.people.say("zhangsan", "在吗")
    await until(lambda: len(heard) == 1)
    body = {"msgtype": "markdown", "markdown": {"content": "库存告急"}}
    assert (await client.send_message("zhangsan", body))["errcode"] == 0
    with contextlib.suppress(Exception):  # the SDK raises something of its own; the platform's verdict is what counts
        await client.send_message("CHATID", body)
    assert [entry.answer for entry in emulator.journal.calls("aibot_send_msg")] == [0, 93006]


async def test_it_welcomes_within_five_seconds(platform: Any) -> None:
    emulator, client, heard = platform
    await emulator.people.event("zhangsan", "enter_chat")
    await until(lambda: len(heard) == 1)
    await client.reply_welcome(heard[0], {"msgtype": "text", "text": {"content": "你好"}})
    assert telling(emulator.state.talk("zhangsan")) == ["你好"]


async def test_it_opens_our_encrypted_pictures(platform: Any) -> None:
    emulator, _, heard = platform
    await emulator.people.say("zhangsan", image=b"\x89PNG\r\n\x1a\n....")
    await until(lambda: len(heard) == 1)
    media = heard[0]["body"]["image"]
    content, _ = emulator.state.files[media["url"].rpartition("/")[2]]
    assert decrypt_file(content, media["aeskey"]) == b"\x89PNG\r\n\x1a\n...."


async def test_it_pings_and_is_answered(platform: Any) -> None:
    emulator, client, _ = platform
    await client._ws_manager._send_heartbeat()
    await until(lambda: emulator.lines.pings == 1)
    await until(lambda: client._ws_manager._missed_pong_count == 0)


async def test_a_clean_close_leaves_it_dead_where_our_own_line_returns(platform: Any) -> None:
    """Its known fault (docs/integrations/wecom.md): the loop over a cleanly closed socket ends without an event."""
    emulator, client, _ = platform
    await emulator.lines.close(1000)
    await asyncio.sleep(0.2)
    assert emulator.lines.current is None
    assert client._ws_manager._receive_task.done()


async def test_an_abnormal_close_brings_it_back(platform: Any) -> None:
    emulator, client, _ = platform
    client._ws_manager._reconnect_base_delay = 0.02
    await emulator.lines.close(1006)
    await until(lambda: emulator.lines.current is not None)
    assert len(emulator.lines.subscribes) == 2


async def test_it_overlooks_that_it_was_thrown_out_where_ours_waits_a_minute(platform: Any) -> None:
    """Its known fault: `disconnected_event` is an event like any other to it; left half open, it believes that it is on."""
    emulator, client, heard = platform
    emulator.switches.evict = "half"
    async with connect(client._options.ws_url, proxy=None) as other:
        body = {"bot_id": theirs.BOT_ID, "secret": theirs.BOT_SECRET}
        await other.send(json.dumps({"cmd": "aibot_subscribe", "headers": {"req_id": "r1"}, "body": body}))
        await until(lambda: len(heard) == 1)
        assert heard[0]["body"]["event"]["eventtype"] == "disconnected_event"
        assert client.is_connected
