"""`@wecom/aibot-node-sdk`, WeCom's own client, on the emulated long connection: what it does there, ours may rely on."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from tests.integrations.wecom.conftest import drawn, served, telling, until
from tests.witness.node import Script, running

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4_000  # two chunks
CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "退款 A17"},
    "button_list": [{"text": "同意", "style": 1, "key": "agree"}, {"text": "拒绝", "style": 3, "key": "refuse"}],
    "task_id": "T-1@v1",
}


class Stage:
    """An emulated company and the SDK as its robot."""

    def __init__(self, emulator: WecomEmulator, url: str, script: Script, on_time: asyncio.Event) -> None:
        self.emulator, self.url, self.script = emulator, url, script
        self.on_time = on_time  # set: what the platform holds back goes out

    async def connect(self, *, secret: str = theirs.BOT_SECRET, ack_timeout: int = 0, **options: Any) -> None:
        await self.script.ask(
            "connect", url=self.url, bot=theirs.BOT_ID, secret=secret, ackTimeout=ack_timeout, options=options
        )

    async def subscribed(self, times: int = 1) -> None:
        await until(lambda: len(self.script.said("authenticated")) >= times)

    async def hears(self, event: str = "message", count: int = 1) -> dict[str, Any]:
        """Its newest frame of this kind."""
        await until(lambda: len(self.script.said(event)) >= count)
        found: dict[str, Any] = self.script.said(event)[-1]["frame"]
        return found

    @property
    def group(self) -> Any:
        return self.emulator.state.talks["CHATID"]


@pytest_asyncio.fixture
async def stage(packages: Path) -> AsyncIterator[Stage]:
    on_time = asyncio.Event()

    async def slow(_: float) -> None:
        await on_time.wait()

    emulator = WecomEmulator(sleep=slow)
    async with served(emulator) as url, running("aibot.mjs", packages) as script:
        emulator.public_url = url.replace("ws", "http", 1).rstrip("/")
        yield Stage(emulator, url, script, on_time)


async def test_it_subscribes_hears_and_streams(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.people.say("zhangsan", "查 A1", group="CHATID", quote="客户说没收到")
    frame = await stage.hears("message.text")
    assert frame["body"]["text"]["content"] == "@小单 查 A1"
    assert frame["body"]["quote"]["text"]["content"] == "客户说没收到"
    assert (frame["body"]["chattype"], frame["body"]["from"]["userid"]) == ("group", "zhangsan")
    for content, finish in (("正在查", False), ("运输中", True)):
        ack = await stage.script.ask("stream", frame=frame, stream="S1", content=content, finish=finish)
        assert (ack["errcode"], ack["headers"]["req_id"]) == (0, frame["headers"]["req_id"])
    assert telling(stage.group) == ["运输中"]
    assert stage.group.shown[-1].finished


async def test_a_card_is_answered_pressed_and_updated(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.people.say("zhangsan", "退款", group="CHATID")
    await stage.script.ask("card", frame=await stage.hears(), card=CARD)
    await stage.emulator.people.press("lisi", "T-1@v1", "agree", group="CHATID")
    press = await stage.hears("event.template_card_event")
    nested = press["body"]["event"]["template_card_event"]
    assert (nested["event_key"], nested["task_id"], press["body"]["from"]["userid"]) == ("agree", "T-1@v1", "lisi")
    done = {**CARD, "main_title": {"title": "✅ 退款 A17"}, "button_list": [{"text": "已同意", "key": "done"}]}
    assert (await stage.script.ask("update", frame=press, card=done))["errcode"] == 0
    assert [card["main_title"]["title"] for card in drawn(stage.group)] == ["✅ 退款 A17"]
    with pytest.raises(RuntimeError, match="846605"):  # one picture for one press
        await stage.script.ask("update", frame=press, card=done)


async def test_it_welcomes_and_takes_feedback_without_an_answer(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.people.event("zhangsan", "enter_chat")
    await stage.script.ask("welcome", frame=await stage.hears("event.enter_chat"), text="你好")
    assert telling(stage.emulator.state.talk("zhangsan")) == ["你好"]
    await stage.emulator.people.event("zhangsan", "feedback_event", feedback_event={"id": "f", "type": 1})
    await stage.hears("event.feedback_event")


async def test_it_pushes_where_somebody_spoke_and_is_refused_elsewhere(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    body = {"msgtype": "markdown", "markdown": {"content": "**库存告急**"}}
    with pytest.raises(RuntimeError, match="93006"):
        await stage.script.ask("send", chat="CHATID", body=body)
    await stage.emulator.people.say("zhangsan", "在吗", group="CHATID")
    await stage.hears()
    assert (await stage.script.ask("send", chat="CHATID", body=body))["errcode"] == 0
    with pytest.raises(RuntimeError, match="93006"):  # the prefix that users of plugins leave in
        await stage.script.ask("send", chat="group:CHATID", body=body)


async def test_it_uploads_in_chunks_and_shows_picture_and_file(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.people.say("zhangsan", "趋势", group="CHATID")
    frame = await stage.hears()
    kept = await stage.script.ask("upload", content=base64.b64encode(PNG).decode(), kind="image", filename="走势.png")
    assert kept["type"] == "image"
    await stage.script.ask("reply_media", frame=frame, kind="image", media=kept["media_id"])
    assert stage.group.shown[-1].raw == PNG
    assert len(stage.emulator.journal.calls("aibot_upload_media_chunk")) == 2
    paper = await stage.script.ask("upload", content=base64.b64encode(b"a,b\n1,2\n").decode(), kind="file", filename="a.csv")
    await stage.script.ask("send_media", chat="CHATID", kind="file", media=paper["media_id"])
    assert (stage.group.shown[-1].kind, stage.group.shown[-1].raw) == ("file", b"a,b\n1,2\n")


async def test_it_opens_pictures_that_people_send(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.people.say("zhangsan", "这单", group="CHATID", image=PNG)
    items = (await stage.hears("message.mixed"))["body"]["mixed"]["msg_item"]
    picture = next(each["image"] for each in items if each["msgtype"] == "image")
    opened = await stage.script.ask("download", url=picture["url"], key=picture["aeskey"])
    assert base64.b64decode(opened) == PNG


async def test_its_heartbeats_are_answered(stage: Stage) -> None:
    await stage.connect(heartbeatInterval=40)
    await stage.subscribed()
    await until(lambda: stage.emulator.lines.pings >= 4)
    assert await stage.script.ask("connected")
    assert stage.script.said("disconnected") == []


@pytest.mark.parametrize("code", [1000, 1006])
async def test_it_returns_after_any_close(stage: Stage, code: int) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.lines.close(code)
    await stage.subscribed(2)
    assert stage.emulator.lines.current is not None


async def test_it_notices_a_silent_line_by_its_heartbeats(stage: Stage) -> None:
    await stage.connect(heartbeatInterval=40)
    await stage.subscribed()
    stage.emulator.lines.go_silent()
    await stage.subscribed(2)


@pytest.mark.parametrize("evict", ["close", "abort", "half"])
async def test_thrown_out_by_a_second_connection_it_stays_away(stage: Stage, packages: Path, evict: str) -> None:
    stage.emulator.switches.evict = evict
    await stage.connect()
    await stage.subscribed()
    async with running("aibot.mjs", packages) as second:
        other = Stage(stage.emulator, stage.url, second, stage.on_time)
        await other.connect()
        await other.subscribed()
        await stage.hears("event.disconnected_event")
        await asyncio.sleep(0.1)
        assert not await stage.script.ask("connected")
        assert await other.script.ask("connected")
        await stage.emulator.people.say("zhangsan", "谁在", group="CHATID")
        await other.hears()
    assert stage.script.said("message") == []
    assert len(stage.emulator.lines.subscribes) == 2


async def test_a_wrong_secret_is_tried_a_few_times_and_given_up(stage: Stage) -> None:
    await stage.connect(secret="wrong-secret", maxAuthFailureAttempts=2)
    await until(lambda: any("Max auth" in each["message"] for each in stage.script.said("error")))
    assert len(stage.emulator.lines.subscribes) == 3
    assert stage.script.said("authenticated") == []


async def test_a_late_acknowledgement_is_credited_to_the_next_frame_where_ours_is_not(stage: Stage) -> None:
    """Its known fault (docs/integrations/wecom.md): acknowledgements name the request only. Our line counts what is owed."""
    await stage.connect(ack_timeout=700)
    await stage.subscribed()
    await stage.emulator.people.say("zhangsan", "查", group="CHATID")
    frame = await stage.hears()
    stage.emulator.faults.plan("late", "aibot_respond_msg")
    with pytest.raises(RuntimeError, match="timeout"):
        await stage.script.ask("stream", frame=frame, stream="S1", content="一", finish=False)
    stage.emulator.faults.plan("drop", "aibot_respond_msg")  # the second frame never arrives …
    asking = asyncio.create_task(stage.script.ask("stream", frame=frame, stream="S1", content="二", finish=True))
    await until(lambda: len(stage.emulator.journal.calls("aibot_respond_msg")) == 2)
    stage.on_time.set()
    assert (await asking)["errcode"] == 0  # … and is reported as delivered
    assert telling(stage.group) == ["一"]


async def test_it_offers_a_stream_with_card_that_the_long_connection_does_not_document(stage: Stage) -> None:
    await stage.connect()
    await stage.subscribed()
    await stage.emulator.people.say("zhangsan", "退款", group="CHATID")
    with pytest.raises(RuntimeError, match="40008"):
        await stage.script.ask("stream_with_card", frame=await stage.hears(), stream="S1", content="见卡", card=CARD)
