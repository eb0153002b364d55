"""Each trouble planted in the emulator is named in one sentence that says what to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from domain.chat import Reply
from domain.clock import FollowingClock
from domain.diagnosis import Finding, Health
from domain.errors import Forged, Rejected
from domain.ports import RawRequest
from integrations.dingtalk import DingTalkChat, diagnose
from tests.conformance.chat_harness import Door
from tests.conformance.chat_harness import Inbox as ChatInbox
from tests.integrations.dingtalk.conftest import Office


async def findings(chat: DingTalkChat, *groups: str) -> dict[str, Finding]:
    return {each.check: each for each in await diagnose(chat, groups)}


async def test_a_healthy_app_is_healthy_and_nothing_stays_in_the_group(office: Office) -> None:
    found = await findings(office.connector(), office.group)
    assert [each for each in found.values() if each.health is not Health.GOOD] == []
    assert all(shown.recalled for shown in office.emulator.state.seen_in(office.group))


def no_card_scope(office: Office) -> None:
    office.emulator.state.scopes.remove("Card.Instance.Write")


def no_robot_scope(office: Office) -> None:
    office.emulator.state.scopes.remove("qyapi_robot_sendmsg")


def outside(office: Office) -> None:
    office.emulator.state.groups[office.group].robot_in = False


def disbanded(office: Office) -> None:
    office.emulator.state.groups[office.group].disbanded = True


def banned_ip(office: Office) -> None:
    office.emulator.state.allowed_ips = {"10.0.0.1"}


@pytest.mark.parametrize(
    ("plant", "check", "words"),
    [
        (no_card_scope, "cards", "Card.Instance.Write"),
        (no_robot_scope, "robot", "qyapi_robot_sendmsg"),
        (outside, "group", "添加机器人"),
        (disbanded, "group", "绑定本群"),
        (banned_ip, "robot", "白名单"),
    ],
)
async def test_planted_troubles_are_named(office: Office, plant: Callable[[Office], None], check: str, words: str) -> None:
    plant(office)
    found = await findings(office.connector(), office.group)
    named = next(each for name, each in found.items() if name.startswith(check))
    assert named.health is Health.BAD
    assert words in named.sentence


@pytest.mark.parametrize(
    ("values", "check", "words"),
    [
        ({"client_secret": "wrong"}, "credentials", "AppSecret"),
        ({"robot_code": "ding-other"}, "robot", "robot_code"),
        ({"mode": "http", "callback_url": "http://desk.example/chat/dingtalk"}, "callback.address", "https"),
        ({"mode": "http", "callback_url": "https://desk.example/callback"}, "callback.address", "/chat/dingtalk"),
        ({"api_url": "http://127.0.0.1:9"}, "credentials", "防火墙"),
    ],
)
async def test_wrong_settings_are_named(office: Office, values: dict[str, Any], check: str, words: str) -> None:
    found = await findings(office.connector(**values))
    assert found[check].health is Health.BAD
    assert words in found[check].sentence


async def test_a_token_that_died_early_is_named_and_mended(office: Office) -> None:
    chat = office.connector()
    await chat.client.tokens.access()
    office.emulator.state.kill_tokens()
    found = await findings(chat)
    assert "作废" in found["token"].sentence
    assert (await findings(chat))["token"].health is Health.GOOD


@pytest.mark.parametrize(
    ("off", "words", "health"), [(-7200, "慢了 120 分钟", Health.BAD), (300, "快了 5 分钟", Health.WATCH)]
)
async def test_a_wrong_clock_is_named(office: Office, off: float, words: str, health: Health) -> None:
    chat = office.connector()
    real = office.emulator.clock.now
    chat.clock = FollowingClock(lambda: real() + off)
    found = await findings(chat)
    assert words in found["clock"].sentence
    assert found["clock"].health is health


async def test_a_quota_that_is_nearly_gone_is_named(office: Office) -> None:
    chat = office.connector()
    chat.client.quota.count("api", 4500)
    found = await findings(chat)
    assert found["quota.api"].health is Health.WATCH
    assert "4,50" in found["quota.api"].sentence


async def test_a_wrong_aes_key_shows_after_the_first_event(office: Office) -> None:
    key = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"
    right = office.connector(event_token="123456", event_aes_key=key)
    wrong = office.connector(event_token="123456", event_aes_key="1" + key[1:])
    crypto = right.arrivals._door._crypto
    assert crypto is not None
    stamp = str(int(office.emulator.clock.now() * 1000))
    sealed = crypto.seal('{"EventType":"check_url"}' * 9)
    query = {"signature": crypto.sign(stamp, "n", sealed), "timestamp": stamp, "nonce": "n"}
    request = RawRequest("POST", "/", query, {}, b'{"encrypt":"%s"}' % sealed.encode(), office.clock.now())
    with pytest.raises(Forged):
        wrong.receive(dataclasses.replace(request, received_at=request.received_at + timedelta(seconds=1)))
    found = await findings(wrong)
    assert "不" in found["callback.signature"].sentence


async def test_a_group_that_refused_a_message_is_remembered_until_one_passes(office: Office) -> None:
    chat = office.connector()
    outside(office)
    with pytest.raises(Rejected):
        await chat.send(office.ref(), Reply("x"), key="a")
    assert "添加机器人" in (await findings(chat))["group.missing"].sentence
    office.emulator.state.groups[office.group].robot_in = True
    await chat.send(office.ref(), Reply("x"), key="b")
    assert "group.missing" not in await findings(chat)


def no_chat_scope(office: Office) -> None:
    office.emulator.state.scopes.remove("qyapi_chat_manage")


async def test_without_the_permission_to_look_into_groups_it_says_how_to_find_out(office: Office) -> None:
    no_chat_scope(office)
    (named,) = [
        each for name, each in (await findings(office.connector(), office.group)).items() if name.startswith("group.")
    ]
    assert (named.health, named.unsure, "qyapi_chat_manage" in named.sentence) == (Health.WATCH, True, True)


async def test_the_quota_that_other_processes_used_is_seen(office: Office) -> None:
    serving = office.connector()
    serving.client.quota.count("messages", 2_900)
    await serving.client.quota.sync(force=True)
    found = await findings(office.connector())
    assert (found["quota.messages"].health, "2,9" in found["quota.messages"].sentence) == (Health.WATCH, True)


HTTP_MODE: dict[str, Any] = {"mode": "http", "callback_url": "https://desk.example/chat/dingtalk"}


async def answering(office: Office, app: Any, **settings: Any) -> Finding:
    chat = office.connector(**{**HTTP_MODE, **settings})
    chat.doctor_transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return (await findings(chat))["callback.address"]


async def test_our_own_address_passes_and_any_other_is_named(office: Office) -> None:
    ours = Door("dingtalk", office.connector(**HTTP_MODE), office.clock, ChatInbox())
    assert (await answering(office, ours)).health is Health.GOOD

    def saying(status: int) -> Any:
        return Response("<html>hello</html>", status)

    assert "别处" in (await answering(office, saying(404))).sentence
    assert "不是小单" in (await answering(office, saying(200))).sentence
    assert "打不开" in (await answering(office, saying(502))).sentence
    no_address = (await findings(office.connector(mode="http")))["callback.address"]
    assert (no_address.health, no_address.unsure) == (Health.WATCH, True)
