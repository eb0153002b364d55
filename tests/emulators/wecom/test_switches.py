"""WeCom's unconfirmed behaviours, each in both positions: what the platform does, and where it matters what we make of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from domain.chat import Message, Reply
from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected
from emulators.kit import EmulatorClock
from emulators.wecom import WecomEmulator, crypto
from emulators.wecom import state as theirs
from integrations.wecom import Settings
from tests.emulators.both import both
from tests.emulators.wecom.test_rules import Raw, stream
from tests.integrations.wecom.conftest import APP, CARD_REPLY, GROUP, drawn, make, on_line, served, telling, until

SUBSCRIBE = {"bot_id": theirs.BOT_ID, "secret": theirs.BOT_SECRET}


def company(**switches: Any) -> WecomEmulator:
    emulator = WecomEmulator(clock=EmulatorClock())
    for name, value in switches.items():
        assert hasattr(emulator.switches, name)
        setattr(emulator.switches, name, value)
    return emulator


async def called(emulator: WecomEmulator, method: str, path: str, **given: Any) -> dict[str, Any]:
    transport = httpx.ASGITransport(emulator, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://qyapi.weixin.qq.com") as client:
        told: dict[str, Any] = (await client.request(method, f"/cgi-bin/{path}", **given)).json()
        return told


async def token(emulator: WecomEmulator) -> str:
    params = {"corpid": theirs.CORP_ID, "corpsecret": theirs.APP_SECRET}
    return str((await called(emulator, "GET", "gettoken", params=params))["access_token"])


@both("wrong_secret_code", (93019, 93019), (40001, 40001))
async def test_a_wrong_secret_has_some_code_and_only_a_person_can_mend_it(position: int, expected: int) -> None:
    emulator = company(wrong_secret_code=position)
    async with served(emulator) as url:
        async with connect(url, proxy=None) as socket:
            assert await Raw(socket).code("aibot_subscribe", {"bot_id": theirs.BOT_ID, "secret": "x"}) == expected
        bench = make(emulator, Settings(bot_id=theirs.BOT_ID, secret="wrong-secret", line_url=url))
        with pytest.raises(NeedsAuthorization):
            await bench.chat.listen(bench.store)  # type: ignore[attr-defined]


@both("wrong_secret_closes", (False, True), (True, False))
async def test_after_a_wrong_secret_the_socket_stays_or_goes(position: bool, expected: bool) -> None:
    emulator = company(wrong_secret_closes=position)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        client = Raw(socket)
        await client.code("aibot_subscribe", {"bot_id": theirs.BOT_ID, "secret": "x"})
        try:
            alive = await client.code("aibot_subscribe", SUBSCRIBE) == 0
        except ConnectionClosed:
            alive = False
        assert alive == expected


@both("line_response_url", (False, False), (True, True))
async def test_a_one_time_address_over_the_line_makes_no_difference_to_us(position: bool, expected: bool) -> None:
    emulator = company(line_response_url=position)
    async with on_line(emulator) as bench:
        asked = await emulator.people.say("zhangsan", "查", group="CHATID")
        await until(lambda: bool(bench.heard))
        assert asked is not None
        await bench.chat.send(bench.last().chat, Reply("运输中"), key="k")
        assert telling(bench.group) == ["运输中"]
        params = {"response_code": f"RC{asked.req_id}"}
        body = {"msgtype": "markdown", "markdown": {"content": "x"}}
        assert ((await called(emulator, "POST", "aibot/response", params=params, json=body))["errcode"] == 0) == expected


@both("group_reply_cards", (True, 1), (False, 0))
async def test_a_card_as_an_answer_in_a_group_or_words_with_commands(position: bool, expected: int) -> None:
    emulator = company(group_reply_cards=position)
    async with on_line(emulator) as bench:
        await emulator.people.say("zhangsan", "退款", group="CHATID")
        await until(lambda: bool(bench.heard))
        await bench.chat.send(bench.last().chat, CARD_REPLY, key="k")
        assert len(drawn(bench.group)) == expected
        assert ("同意 A17" in "".join(telling(bench.group))) == (not expected)


@both("group_push_cards", (False, 0), (True, 1))
async def test_a_card_pushed_to_a_group_or_words_with_commands(position: bool, expected: int) -> None:
    emulator = company(group_push_cards=position)
    async with on_line(emulator, group_push_cards=True) as bench:
        await emulator.people.say("zhangsan", "在吗", group="CHATID")
        await until(lambda: bool(bench.heard))
        await bench.chat.send(GROUP, CARD_REPLY, key="k")
        assert len(drawn(bench.group)) == expected
        assert ("同意 A17" in "".join(telling(bench.group))) == (not expected)


@both("refreshes_count", (True, 45009), (False, 0))
async def test_thirty_a_minute_with_or_without_refreshes(position: bool, expected: int) -> None:
    emulator = company(refreshes_count=position)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        client = Raw(socket)
        await client.code("aibot_subscribe", SUBSCRIBE)
        asked = await emulator.people.say("zhangsan", "查")
        assert asked is not None
        codes = [await client.code("aibot_respond_msg", stream(f"{n}", finish=False), asked.req_id) for n in range(31)]
        assert (codes[:30], codes[30]) == ([0] * 30, expected)


@both("stream_minutes", (10.0, 846608), (60.0, 0))
async def test_a_stream_lives_so_many_minutes(position: float, expected: int) -> None:
    emulator = company(stream_minutes=position)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        client = Raw(socket)
        await client.code("aibot_subscribe", SUBSCRIBE)
        asked = await emulator.people.say("zhangsan", "查")
        assert asked is not None
        await client.code("aibot_respond_msg", stream("一", finish=False), asked.req_id)
        emulator.switches.idle_seconds = 1e9
        emulator.clock.move(601)
        assert await client.code("aibot_respond_msg", stream("二"), asked.req_id) == expected


@both("stream_silent", (False, 846608), (True, 0))
async def test_a_stream_past_its_time_is_refused_or_dropped_in_silence(position: bool, expected: int) -> None:
    emulator = company(stream_silent=position, idle_seconds=1e9)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        client = Raw(socket)
        await client.code("aibot_subscribe", SUBSCRIBE)
        asked = await emulator.people.say("zhangsan", "查")
        assert asked is not None
        await client.code("aibot_respond_msg", stream("一", finish=False), asked.req_id)
        emulator.clock.move(601)
        assert await client.code("aibot_respond_msg", stream("二"), asked.req_id) == expected
        assert telling(emulator.state.talk("zhangsan")) == ["一"]


@both("idle_seconds", (90.0, True), (1e9, False))
async def test_a_silent_client_is_dropped_after_a_while_or_never(position: float, expected: bool) -> None:
    emulator = company(idle_seconds=position)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        await Raw(socket).code("aibot_subscribe", SUBSCRIBE)
        emulator.clock.move(91)
        await asyncio.sleep(0.15)
        assert (emulator.lines.current is None) == expected


@both("subscribes_per_minute", (6, 45009), (1000, 0))
async def test_fast_returns_are_punished(position: int, expected: int) -> None:
    emulator = company(subscribes_per_minute=position)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        codes = [await Raw(socket).code("aibot_subscribe", SUBSCRIBE, f"s{n}") for n in range(7)]
        assert (codes[:6], codes[6]) == ([0] * 6, expected)


@both("evict", ("close", 1000), ("abort", 1006), ("half", 0))
async def test_an_evicted_line_is_closed_cut_or_left_half_alive(position: str, expected: int) -> None:
    emulator = company(evict=position)
    async with served(emulator) as url, connect(url, proxy=None) as old, connect(url, proxy=None) as new:
        await Raw(old).code("aibot_subscribe", SUBSCRIBE)
        await Raw(new).code("aibot_subscribe", SUBSCRIBE)
        assert json.loads(await old.recv())["body"]["event"]["eventtype"] == "disconnected_event"
        try:
            async with asyncio.timeout(0.3):
                await old.recv()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd else 1006
        except TimeoutError:
            code = 0
        assert code == expected


@both("replays_missed", (False, ["查 A2"]), (True, ["查 A1", "查 A2"]))
async def test_what_nobody_heard_is_gone_or_comes_again_and_we_cope_with_both(position: bool, expected: list[str]) -> None:
    emulator = company(replays_missed=position)
    await emulator.people.say("zhangsan", "查 A1", group="CHATID")
    async with on_line(emulator) as bench:
        await emulator.people.say("zhangsan", "查 A2", group="CHATID")
        await until(lambda: len(bench.heard) >= len(expected))
    assert [heard.text for heard in bench.heard if isinstance(heard, Message)] == expected


@both("poll_seconds", (1.0, (0, 0)), (0.02, (2, 100)))
async def test_streams_are_polled_at_any_interval(position: float, expected: tuple[int, int]) -> None:
    emulator = company(poll_seconds=position)
    polls = 0

    async def busy(scope: Any, receive: Any, send: Any) -> None:
        """Still looking, whoever asks."""
        nonlocal polls
        polls += 1
        nonce, stamp = Request(scope, receive).query_params["nonce"], int(emulator.clock.now())
        reply = {"msgtype": "stream", "stream": {"id": "S", "finish": False, "content": "正在查…"}}
        sealed = crypto.lock(theirs.AES_KEY, json.dumps(reply), "")
        signature = crypto.sign(theirs.TOKEN, str(stamp), nonce, sealed)
        answer = {"encrypt": sealed, "msgsignature": signature, "timestamp": stamp, "nonce": nonce}
        await Response(json.dumps(answer))(scope, receive, send)

    emulator.people.way, emulator.callbacks.url = "http", "https://desk.example/chat/wecom"
    emulator.callbacks.transport = httpx.ASGITransport(busy)
    await emulator.people.say("zhangsan", "查")
    await asyncio.sleep(0.3)
    await emulator.callbacks.stop()
    assert emulator.callbacks.problems == []
    assert expected[0] <= polls - 1 <= expected[1]


@both("fresh_nonce", (True, 3), (False, 1))
async def test_a_repeated_callback_has_a_new_nonce_or_its_old_one(position: bool, expected: int) -> None:
    emulator = company(fresh_nonce=position)
    nonces: list[str] = []

    async def deaf(scope: Any, receive: Any, send: Any) -> None:
        nonces.append(Request(scope, receive).query_params["nonce"])
        await Response(status_code=503)(scope, receive, send)

    emulator.people.way, emulator.callbacks.url = "http", "https://desk.example/chat/wecom"
    emulator.callbacks.transport = httpx.ASGITransport(deaf)
    await emulator.people.say("zhangsan", "查")
    assert (len(nonces), len(set(nonces))) == (3, expected)


@both("reused_url_code", (60140, "60140"), (40058, "40058"))
async def test_a_used_one_time_address_has_some_code(position: int, expected: str) -> None:
    emulator = company(reused_url_code=position)
    bench = make(emulator, Settings(mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY))
    asked = emulator.state.asked["r1"] = _asked(emulator)
    asked.url_used = True
    with pytest.raises(Rejected, match=expected):
        await bench.chat.api.respond("https://x/?response_code=RCr1", {"msgtype": "markdown", "markdown": {"content": "x"}})


def _asked(emulator: WecomEmulator) -> theirs.Asked:
    return theirs.Asked("r1", emulator.state.talks["CHATID"], "zhangsan", emulator.clock.now(), "message")


@both("unique_tasks", (True, 1), (False, 2))
async def test_a_repeated_card_is_refused_or_shown_twice(position: bool, expected: int) -> None:
    emulator = company(unique_tasks=position)
    async with on_line(emulator) as bench:
        await emulator.people.say("zhangsan", "退款")
        await until(lambda: bool(bench.heard))
        emulator.faults.plan("lost", "aibot_respond_msg")
        with pytest.raises(OutcomeUnknown):
            await bench.chat.send(bench.last().chat, CARD_REPLY, key="k")
        await bench.chat.send(bench.last().chat, CARD_REPLY, key="k")
        assert len(drawn(bench.talk("zhangsan"))) == expected


@both("same_token", (False, 2), (True, 1))
async def test_a_token_is_repeated_or_new(position: bool, expected: int) -> None:
    emulator = company(same_token=position)
    assert len({await token(emulator), await token(emulator)}) == expected


@both("image_megabytes", (10, 0), (2, 45001))
async def test_a_picture_may_have_so_many_megabytes(position: int, expected: int) -> None:
    emulator = company(image_megabytes=position)
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        client = Raw(socket)
        await client.code("aibot_subscribe", SUBSCRIBE)
        about = {"type": "image", "filename": "a.png", "total_size": 3 * 1_048_576, "total_chunks": 6}
        assert await client.code("aibot_upload_media_init", about) == expected


@both("bad_ip", (False, 0), (True, 60020))
async def test_an_address_that_is_not_trusted_is_stopped_before_everything_else(position: bool, expected: int) -> None:
    emulator = company(bad_ip=position)
    params = {"access_token": await token(emulator), "agentid": str(theirs.AGENT_ID)}  # gettoken is exempt
    assert (await called(emulator, "GET", "agent/get", params=params))["errcode"] == expected


@both("robot_in_groups", (True, 0), (False, 93000))
async def test_a_robot_that_was_removed_speaks_no_more(position: bool, expected: int) -> None:
    emulator = company(robot_in_groups=position)
    body = {"msgtype": "text", "text": {"content": "x"}}
    assert (await called(emulator, "POST", "webhook/send", params={"key": theirs.WEBHOOK}, json=body))["errcode"] == expected


@both("callback_url_set", (True, 0), (False, 40058))
async def test_buttons_of_an_app_need_its_callback(position: bool, expected: int) -> None:
    emulator = company(callback_url_set=position)
    bench = make(emulator, Settings(mode="app", app=APP))
    card = {"card_type": "button_interaction", "main_title": {"title": "x"}, "button_list": [{"text": "a", "key": "a"}]}
    body = {
        "touser": "lisi",
        "agentid": theirs.AGENT_ID,
        "msgtype": "template_card",
        "template_card": card | {"task_id": "T"},
    }
    params = {"access_token": await token(emulator)}
    assert (await called(emulator, "POST", "message/send", params=params, json=body))["errcode"] == expected
    await bench.chat.aclose()


@both("root_visible", (True, 0), (False, 48002))
async def test_groups_of_an_app_need_the_whole_company_in_sight(position: bool, expected: int) -> None:
    emulator = company(root_visible=position)
    params = {"access_token": await token(emulator)}
    body = {"name": "售后", "userlist": ["zhangsan", "lisi"], "chatid": "group1"}
    assert (await called(emulator, "POST", "appchat/create", params=params, json=body))["errcode"] == expected


@both("failing_calls_block", (True, 45009), (False, 0))
async def test_too_many_failing_calls_close_the_door_for_an_hour(
    position: bool, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulators.wecom.calls.FAILING_CALLS", 20)
    emulator = company(failing_calls_block=position)
    access = await token(emulator)
    for _ in range(20):
        await called(emulator, "GET", "user/get", params={"access_token": "bogus"})
    params = {"access_token": access, "agentid": str(theirs.AGENT_ID)}
    assert (await called(emulator, "GET", "agent/get", params=params))["errcode"] == expected
    emulator.clock.move(3_601)
    assert (await called(emulator, "GET", "agent/get", params=params))["errcode"] == 0
