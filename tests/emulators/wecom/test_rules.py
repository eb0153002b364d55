"""The emulated platform refuses what the real one refuses, with its codes; unconfirmed behaviours go both ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from emulators.kit import EmulatorClock
from emulators.wecom import WecomEmulator, cards
from emulators.wecom import state as theirs
from emulators.wecom.problems import Problem
from tests.integrations.wecom.conftest import served

CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "退款"},
    "button_list": [{"text": "同意", "key": "a"}],
    "task_id": "T1",
}


class Raw:
    """A client that says exactly what it is told to."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.number = 0

    async def ask(self, cmd: str, body: Any = None, req_id: str = "") -> dict[str, Any]:
        self.number += 1
        req_id = req_id or f"r{self.number}"
        await self.socket.send(json.dumps({"cmd": cmd, "headers": {"req_id": req_id}, "body": body or {}}))
        while True:
            told: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 2))
            if told["headers"]["req_id"] == req_id and "cmd" not in told:
                return told

    async def code(self, cmd: str, body: Any = None, req_id: str = "") -> int:
        return int((await self.ask(cmd, body, req_id))["errcode"])

    async def callback(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(await asyncio.wait_for(self.socket.recv(), 2))
        return told


@pytest_asyncio.fixture
async def raw() -> AsyncIterator[tuple[WecomEmulator, Raw]]:
    emulator = WecomEmulator(clock=EmulatorClock())
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        client = Raw(socket)
        assert await client.code("aibot_subscribe", {"bot_id": theirs.BOT_ID, "secret": theirs.BOT_SECRET}) == 0
        yield emulator, client


def stream(content: str, *, ident: str = "S", finish: bool = True) -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": ident, "finish": finish, "content": content}}


async def test_the_first_frame_must_subscribe() -> None:
    emulator = WecomEmulator()
    async with served(emulator) as url, connect(url, proxy=None) as socket:
        await socket.send(json.dumps({"cmd": "ping", "headers": {"req_id": "r"}}))
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_answers_need_a_request_that_is_known_young_and_of_their_kind(raw: Any) -> None:
    emulator, client = raw
    assert await client.code("aibot_respond_msg", stream("x"), "nobody") == 846605
    await emulator.people.event("zhangsan", "enter_chat")
    event = (await client.callback())["headers"]["req_id"]
    assert await client.code("aibot_respond_msg", stream("x"), event) == 846605
    emulator.clock.move(5.5)
    assert await client.code("aibot_respond_welcome_msg", {"msgtype": "text", "text": {"content": "x"}}, event) == 846605


@pytest.mark.parametrize(("silent", "code"), [(False, 846608), (True, 0)])
async def test_a_stream_past_its_time_expires(raw: Any, silent: bool, code: int) -> None:
    emulator, client = raw
    emulator.switches.stream_silent = silent
    await emulator.people.say("zhangsan", "查")
    asked = (await client.callback())["headers"]["req_id"]
    assert await client.code("aibot_respond_msg", stream("一", finish=False), asked) == 0
    emulator.switches.idle_seconds = 10_000
    emulator.clock.move(601)
    assert await client.code("aibot_respond_msg", stream("二"), asked) == code
    assert emulator.state.talk("zhangsan").shown[-1].content == "一"


@pytest.mark.parametrize(("counted", "code"), [(True, 45009), (False, 0)])
async def test_thirty_a_minute_with_or_without_refreshes(raw: Any, counted: bool, code: int) -> None:
    emulator, client = raw
    emulator.switches.refreshes_count = counted
    await emulator.people.say("zhangsan", "查")
    asked = (await client.callback())["headers"]["req_id"]
    codes = [await client.code("aibot_respond_msg", stream(str(n), finish=False), asked) for n in range(31)]
    assert codes[:30] == [0] * 30
    assert codes[30] == code


async def test_content_is_counted_in_bytes(raw: Any) -> None:
    emulator, client = raw
    await emulator.people.say("zhangsan", "查")
    asked = (await client.callback())["headers"]["req_id"]
    assert await client.code("aibot_respond_msg", stream("好" * 6827), asked) == 45002
    assert await client.code("aibot_respond_msg", stream("好" * 6826), asked) == 0


@pytest.mark.parametrize(("allowed", "code"), [(False, 40008), (True, 0)])
async def test_cards_pushed_to_groups_by_switch(raw: Any, allowed: bool, code: int) -> None:
    emulator, client = raw
    emulator.switches.group_push_cards = allowed
    emulator.state.talks["CHATID"].spoken = True
    body = {"chatid": "CHATID", "chat_type": 2, "msgtype": "template_card", "template_card": CARD}
    assert await client.code("aibot_send_msg", body) == code


async def test_pushes_need_a_conversation_that_has_begun(raw: Any) -> None:
    emulator, client = raw
    said = {"msgtype": "markdown", "markdown": {"content": "x"}}
    assert await client.code("aibot_send_msg", {"chatid": "CHATID", **said}) == 93006
    await emulator.people.say("zhangsan", "查", group="CHATID")
    assert await client.code("aibot_send_msg", {"chatid": "CHATID", **said}) == 0
    assert await client.code("aibot_send_msg", {"chatid": "CHATID", "chat_type": 1, **said}) == 93006


@pytest.mark.parametrize(("replays", "heard"), [(False, 0), (True, 1)])
async def test_what_nobody_heard_is_gone_unless_the_switch_says_otherwise(replays: bool, heard: int) -> None:
    emulator = WecomEmulator()
    emulator.switches.replays_missed = replays
    async with served(emulator) as url:
        await emulator.people.say("zhangsan", "有人吗")
        async with connect(url, proxy=None) as socket:
            client = Raw(socket)
            await client.ask("aibot_subscribe", {"bot_id": theirs.BOT_ID, "secret": theirs.BOT_SECRET})
            await client.ask("ping")  # whatever was replayed came before this answer
            found = len(emulator.journal.calls("replayed"))
            assert found == heard


async def test_an_idle_client_is_dropped(raw: Any) -> None:
    emulator, client = raw
    emulator.clock.move(91)
    with pytest.raises(ConnectionClosed):
        await asyncio.wait_for(client.socket.recv(), 2)


async def test_uploads_are_checked_at_the_end(raw: Any) -> None:
    _, client = raw
    about = {"type": "file", "filename": "a.csv", "total_size": 10, "total_chunks": 2}
    begun = (await client.ask("aibot_upload_media_init", about))["body"]["upload_id"]
    part = {"upload_id": begun, "chunk_index": 0, "base64_data": "MTIzNDU="}
    assert await client.code("aibot_upload_media_chunk", part) == 0
    assert await client.code("aibot_upload_media_chunk", part) == 0  # the same chunk again
    assert await client.code("aibot_upload_media_finish", {"upload_id": begun}) == 44001
    assert await client.code("aibot_upload_media_chunk", {**part, "chunk_index": 1}) == 0
    assert (await client.ask("aibot_upload_media_finish", {"upload_id": begun}))["body"]["media_id"]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"card_type": "x"}, 42031),
        ({"main_title": {}}, 42033),
        ({"task_id": "中文"}, 42014),
        ({"task_id": "used"}, 42014),
        ({"button_list": []}, 42017),
        ({"button_list": [{"text": "", "key": "a"}]}, 42038),
        ({"button_list": [{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]}, 42018),
        ({"button_list": [{"text": "a", "key": "k" * 1025}]}, 42039),
        ({"horizontal_content_list": [{"keyname": "a"}] * 7}, 42035),
        ({"jump_list": [{}] * 4}, 42042),
        ({"card_action": {"type": 1, "url": "x"}}, 42028),
        ({"button_selection": {}}, 42043),
        ({"button_selection": {"question_key": "q", "option_list": []}}, 42037),
    ],
)
def test_cards_are_checked_by_the_table(spoil: dict[str, Any], code: int) -> None:
    with pytest.raises(Problem) as refused:
        cards.check({**CARD, **spoil}, seen_tasks={"used"})
    assert refused.value.code == code


# --- HTTP -------------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def api() -> AsyncIterator[tuple[WecomEmulator, httpx.AsyncClient]]:
    emulator = WecomEmulator(clock=EmulatorClock(1_795_327_200.0))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator), base_url="https://qyapi") as client:
        yield emulator, client


async def post(client: httpx.AsyncClient, path: str, body: Any = None, **query: str) -> int:
    return int((await client.post(path, params=query, json=body or {})).json()["errcode"])


async def token(client: httpx.AsyncClient) -> str:
    query = {"corpid": theirs.CORP_ID, "corpsecret": theirs.APP_SECRET}
    return str((await client.get("/cgi-bin/gettoken", params=query)).json()["access_token"])


async def test_tokens_have_their_codes(api: Any) -> None:
    emulator, client = api
    send = "/cgi-bin/message/send"
    assert await post(client, send) == 41001
    assert await post(client, send, access_token="x") == 40014
    access = await token(client)
    assert await post(client, send, access_token=access) == 301002
    emulator.clock.move(7201)
    assert await post(client, send, access_token=access) == 42001
    emulator.switches.bad_ip = True
    assert await post(client, send, access_token="x") == 60020


async def test_recipients_have_their_codes(api: Any) -> None:
    _, client = api
    access = await token(client)
    base = {"agentid": theirs.AGENT_ID, "msgtype": "text", "text": {"content": "x"}}
    assert await post(client, "/cgi-bin/message/send", base, access_token=access) == 82001
    assert await post(client, "/cgi-bin/message/send", {**base, "touser": "Nobody"}, access_token=access) == 81013
    some = await client.post(
        "/cgi-bin/message/send", params={"access_token": access}, json={**base, "touser": "lisi|Nobody"}
    )
    assert (some.json()["errcode"], some.json()["invaliduser"]) == (0, "nobody")


async def test_more_than_thirty_a_minute_to_one_person_vanish_silently(api: Any) -> None:
    emulator, client = api
    access = await token(client)
    for number in range(31):
        body = {"agentid": theirs.AGENT_ID, "touser": "lisi", "msgtype": "text", "text": {"content": str(number)}}
        assert await post(client, "/cgi-bin/message/send", body, access_token=access) == 0
    assert (len(emulator.state.talk("lisi").shown), emulator.state.silent_drops) == (30, 1)


async def test_a_webhook_counts_twenty_in_any_minute(api: Any) -> None:
    emulator, client = api
    body = {"msgtype": "markdown", "markdown": {"content": "x"}}
    codes = [await post(client, "/cgi-bin/webhook/send", body, key=theirs.WEBHOOK) for _ in range(21)]
    assert codes == [0] * 20 + [45009]
    emulator.clock.move(61)
    assert await post(client, "/cgi-bin/webhook/send", body, key=theirs.WEBHOOK) == 0
    assert await post(client, "/cgi-bin/webhook/send", body, key="bogus") == 93000


async def test_an_empty_file_is_seen_before_a_wrong_key(api: Any) -> None:
    _, client = api
    answer = await client.post(
        "/cgi-bin/webhook/upload_media", params={"key": "bogus", "type": "file"}, files={"media": b""}
    )
    assert answer.json()["errcode"] == 44001


async def test_frequency_bans_last_a_minute(api: Any) -> None:
    emulator, client = api
    emulator.faults.plan("often", "/cgi-bin/webhook/send")
    body = {"msgtype": "text", "text": {"content": "x"}}
    assert await post(client, "/cgi-bin/webhook/send", body, key=theirs.WEBHOOK) == 45009
    assert await post(client, "/cgi-bin/webhook/send", body, key=theirs.WEBHOOK) == 45009
    emulator.clock.move(61)
    assert await post(client, "/cgi-bin/webhook/send", body, key=theirs.WEBHOOK) == 0


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"1288432023552776189", ""),
        (b'"1288432023552776189"', "byte for byte"),
        (b"1288432023552776189\n", "byte for byte"),
        (b"\xef\xbb\xbf1288432023552776189", "byte for byte"),
    ],
)
async def test_saving_an_address_wants_the_exact_bytes(api: Any, answer: bytes, problem: str) -> None:
    emulator, _ = api

    async def site(scope: Any, receive: Any, send: Any) -> None:
        Request(scope, receive)
        await Response(answer)(scope, receive, send)

    emulator.callbacks.transport = httpx.ASGITransport(site)
    assert problem in await emulator.callbacks.verify("https://desk.example/chat/wecom")
    assert (await emulator.callbacks.verify("https://desk.example/chat/wecom") == "") == (problem == "")


async def test_a_callback_is_tried_three_times_and_a_press_once(api: Any) -> None:
    emulator, _ = api
    seen: list[str] = []

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        seen.append(Request(scope, receive).query_params["nonce"])
        await Response(status_code=302)(scope, receive, send)

    emulator.callbacks.transport, emulator.callbacks.url = httpx.ASGITransport(broken), "https://desk.example/"
    emulator.people.way = "http"
    await emulator.people.say("zhangsan", "查")
    assert (len(seen), len(set(seen))) == (3, 3)
    emulator.state.show_card(emulator.state.talk("zhangsan"), CARD)
    await emulator.people.press("zhangsan", "T1", "a")
    assert len(seen) == 4


async def test_media_addresses_die_after_five_minutes(api: Any) -> None:
    emulator, client = api
    media = emulator.people.media(b"content")
    path = media["url"].removeprefix(emulator.public_url)
    assert (await client.get(path)).status_code == 200
    emulator.clock.move(301)
    assert (await client.get(path)).status_code == 403


async def test_the_phone_shows_what_people_wrote_as_text(api: Any) -> None:
    emulator, client = api
    await emulator.people.say("zhangsan", "<script>alert(1)</script>", group="CHATID")
    emulator.state.show_card(emulator.state.talks["CHATID"], CARD)
    page = (await client.get("/_emulator/phone")).text
    assert "<script>alert" not in page
    assert "data-key='a'" in page


async def test_the_phone_draws_markdown_as_a_person_sees_it_and_pictures_as_such(api: Any) -> None:
    emulator, client = api
    talk = emulator.state.talks["CHATID"]
    emulator.state.show(talk, "markdown", "**运输中** <b>x</b>\n[时间轴](http://127.0.0.1/p/t)")
    emulator.state.show(talk, "image", "AM0000")
    page = (await client.get("/_emulator/phone")).text
    assert "<b>运输中</b> &lt;b&gt;x" in page
    assert '<a title="http://127.0.0.1/p/t">时间轴</a>' in page
    assert "<i>[图片]</i>" in page
    assert "AM0000" not in page


async def test_an_unknown_switch_is_named(api: Any) -> None:
    _, client = api
    answer = await client.post("/_emulator/switches", json={"nonsense": 1})
    assert (answer.status_code, "nonsense" in answer.json()["error"]) == (400, True)
