"""The official `dingtalk-stream` SDK as a client of our emulated gateway: what it does there, our own client may rely on."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import Any

import pytest

from domain.chat import Reply
from integrations._kit.http import Http
from tests.integrations.dingtalk.conftest import Office, refund_card, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import websockets.exceptions  # noqa: F401 (0.24.3 uses it without importing it)
    from dingtalk_stream import (
        AckMessage,
        CallbackHandler,
        CardCallbackMessage,
        ChatbotHandler,
        ChatbotMessage,
        Credential,
        DingTalkStreamClient,
    )

pytestmark = pytest.mark.filterwarnings("ignore")


class Answering(ChatbotHandler):  # type: ignore[misc]
    """Answers through the message's own address, as the SDK's own examples do."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    async def process(self, callback: Any) -> tuple[int, str]:
        message = ChatbotMessage.from_dict(callback.data)
        self.heard.append(message.text.content)
        await asyncio.to_thread(self.reply_text, "收到", message)
        return AckMessage.STATUS_OK, "OK"


class Pressed(CallbackHandler):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.cards: list[Any] = []

    async def process(self, callback: Any) -> tuple[int, dict[str, Any]]:
        self.cards.append(CardCallbackMessage.from_dict(callback.data))
        return AckMessage.STATUS_OK, {"cardData": {"cardParamMap": {"tips": "SDK 已收到"}}}


@pytest.fixture
def sdk(office: Office, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(DingTalkStreamClient, "OPEN_CONNECTION_API", f"{office.url}/v1.0/gateway/connections/open")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    logger = logging.getLogger("sdk-witness")
    logger.setLevel(logging.CRITICAL)
    made = DingTalkStreamClient(Credential(office.emulator.client_id, office.emulator.client_secret), logger)
    # Its `open_connection` blocks the event loop, on which the emulator runs too: give it a thread.
    opening = made.open_connection

    async def connect_once() -> None:
        connection = await asyncio.to_thread(opening)
        made.open_connection = lambda: connection
        await made.start()

    made.connect_once = connect_once
    return made


async def test_it_connects_hears_answers_and_gets_a_press(office: Office, sdk: Any) -> None:
    bot, card = Answering(), Pressed()
    sdk.register_callback_handler(ChatbotMessage.TOPIC, bot)
    sdk.register_callback_handler("/v1.0/card/instances/callback", card)
    sdk.pre_start()
    running = asyncio.create_task(sdk.connect_once())
    try:
        await until(lambda: len(office.emulator.gateway.lines) == 1)
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: office.texts() == ["收到"])
        await until(lambda: office.emulator.people.pushed[-1].done)
        ours = office.connector()
        ref = await ours.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        assert await office.emulator.people.click("u-zhou", ref.message_id, "同意") == "ok"
    finally:
        # 0.24.3 swallows cancellation and would connect again at once: take its door away first.
        sdk.open_connection = lambda: None
        running.cancel()
        office.emulator.gateway.close(1000)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            if "DingTalkStreamClient" in repr(task.get_coro()) or "connect_once" in repr(task.get_coro()):
                task.cancel()
        await asyncio.wait({running}, timeout=0.2)
    assert [each.strip() for each in bot.heard] == ["在吗"]
    pressed = card.cards[0]
    assert pressed.user_id == "u-zhou"
    assert pressed.content["cardPrivateData"]["actionIds"] == [refund_card().buttons[0].token]
    assert office.view(ref.message_id, "u-zhou")["tips"] == "SDK 已收到"


async def test_its_way_of_signing_in_is_ours(office: Office) -> None:
    http = Http(office.url)
    body = (
        b'{"clientId":"%s","clientSecret":"%s","subscriptions":[{"type":"EVENT","topic":"*"}],'
        b'"ua":"dingtalk-sdk-python/v0.24.3-union","localIp":"127.0.0.1"}'
    ) % (office.emulator.client_id.encode(), office.emulator.client_secret.encode())
    headers = {"content-type": "application/json", "accept": "application/json"}
    answer = await http.call("POST", "/v1.0/gateway/connections/open", changes=False, body=body, headers=headers)
    assert set(answer) == {"endpoint", "ticket"}
    await http.aclose()
