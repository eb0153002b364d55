from __future__ import annotations

import logging
from typing import Any

import pytest

from bot.connections import connect_chats
from domain.chat import ChatKind, ChatRef, Reply
from domain.clock import SystemClock
from domain.errors import BadInput, DeskError
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from integrations._kit.tokens import MemoryTokens
from integrations.wecom import AppSettings, Settings, Wecom
from tests.integrations.wecom.conftest import make

SECRETS: dict[str, Any] = {
    "secret": "canary-secret",
    "token": "canary-token",
    "aes_key": "canaryCanaryCanaryCanaryCanaryCanaryCanaryx",
}


def test_secrets_stay_out_of_sight() -> None:
    app = AppSettings("ww1", 1, **SECRETS)
    shown = repr(Settings(bot_id="b", **SECRETS, app=app, robots={"CHAT": "canary-webhook-key"}))
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "bot_id, secret"),
        ({"mode": "callback"}, "token, aes_key"),
        ({"mode": "app"}, "app"),
        ({"mode": "robot"}, "robots"),
        ({"mode": "callback", "token": "t", "aes_key": "short"}, "EncodingAESKey has 43"),
        ({"bot_id": "b", "secret": "s", "token": "t"}, "belong together"),
        ({"mode": "app", "app": {"corp_id": "ww"}}, "agent_id"),
        ({"mode": "app", "app": {"corp_id": "ww", "agent_id": 1, "secret": "s", "colour": 1}}, "app.colour"),
        ({"mode": "robot", "robots": {"CHAT": "?"}}, "robots.CHAT"),
        ({"mode": "nonsense"}, "nonsense"),
    ],
)
def test_what_is_missing_or_wrong_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings(**given)


def test_the_settings_file_builds_it() -> None:
    section = {
        "mode": "callback",
        "token": theirs.TOKEN,
        "aes_key": theirs.AES_KEY,
        "robots": {"CHATID": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={theirs.WEBHOOK}"},
        "app": {"corp_id": "ww1", "agent_id": 1, "secret": "s"},
    }
    chat = connect_chats({"chats": {"wecom": section}}, clock=SystemClock(), tokens=MemoryTokens())["wecom"]
    assert isinstance(chat, Wecom)
    assert chat.settings.robots == {"CHATID": theirs.WEBHOOK}


def test_a_mistake_in_the_settings_file_is_a_sentence() -> None:
    with pytest.raises(BadInput, match=r"chats\.wecom"):
        connect_chats({"chats": {"wecom": {"mode": "callback"}}}, clock=SystemClock(), tokens=MemoryTokens())


@pytest.mark.parametrize("fault", ["busy", "often", "garbage", "500", "lost", "reset"])
async def test_no_error_tells_a_secret_or_what_was_said(
    emulator: WecomEmulator, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    emulator.state.app_secret = "canary-secret"
    app = AppSettings(theirs.CORP_ID, theirs.AGENT_ID, "canary-secret")
    bench = make(emulator, Settings(mode="app", app=app))
    emulator.faults.always["/cgi-bin/message/send"] = fault
    with pytest.raises(DeskError) as failed:
        await bench.chat.send(ChatRef("wecom", "lisi", ChatKind.DIRECT), Reply("张三丰 13912345678"), key="k1")
    tokens = list(emulator.calls.tokens)
    told = f"{failed.value!r} {failed.value.__cause__!r} {caplog.text}"
    assert not any(secret in told for secret in ("canary-secret", "13912345678", "张三丰", *tokens))
    await bench.chat.aclose()
