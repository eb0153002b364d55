"""WeCom's modes for the shared chat suite."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from domain.chat import ChatKind, ChatRef, Click, Incoming, MessageRef, Reply
from domain.errors import OutcomeUnknown, Unavailable
from emulators.kit import EmulatorClock
from emulators.wecom import WecomEmulator, crypto
from emulators.wecom import state as theirs
from emulators.wecom.state import Shown, Talk
from integrations.wecom import Settings
from tests.conformance.chat_harness import DECIDED, PERSON, Can, ChatHarness, Fault, Mode, Seen
from tests.integrations.wecom.conftest import APP, GROUP, Bench, make, served, until

ROBOTS = {"CHATID": theirs.WEBHOOK}
DOOR = "https://desk.example/chat/wecom"


class WecomHarness(ChatHarness):
    """What all modes share: one emulated company with the group CHATID."""

    fault_path = ""
    codes: tuple[tuple[str, str, tuple[type[Any], ...], bool], ...] = (
        ("down", "500", (OutcomeUnknown,), False),
        ("garbage", "garbage", (OutcomeUnknown,), False),
        ("lost before", "reset", (OutcomeUnknown,), False),
        ("lost after", "lost", (OutcomeUnknown,), True),
        ("too fast", "often", (Unavailable,), False),
        ("busy", "busy", (Unavailable,), False),
    )

    def __init__(self, bench: Bench) -> None:
        super().__init__("wecom", bench.chat, bench.clock)
        self.bench, self.emulator = bench, bench.emulator
        self.group = GROUP
        self.person = ChatRef("wecom", PERSON, ChatKind.DIRECT)
        self._last: dict[str, Any] = {}

    async def say(self, text: str, *, group: bool = True, user: str = PERSON, quote: str = "") -> None:
        self._last = {"user": user, "text": text, "group": "CHATID" if group else "", "quote": quote}
        self._last["msgid"] = f"CAIQ{secrets.token_hex(6)}"
        await self._deliver(len(self.inbox.messages) + 1)

    async def again(self) -> None:
        taken = self.inbox.taken
        await self._deliver(len(self.inbox.messages), lambda: self.inbox.taken > taken)

    async def _deliver(self, count: int, more: Callable[[], bool] = lambda: True) -> None:
        await self.emulator.people.say(**self._last)
        await until(lambda: len(self.inbox.messages) >= count and more())

    async def picture(self, content: bytes) -> None:
        count = len(self.inbox.messages)
        await self.emulator.people.say(PERSON, image=content)
        await until(lambda: len(self.inbox.messages) > count)

    async def press(self, label: str, user: str = PERSON) -> None:
        count = len(self.inbox.clicks)
        talk, card = self._newest()
        key = next(button["key"] for button in card["button_list"] if button["text"] == label)
        group = "CHATID" if talk.kind == "group" else ""
        await self.emulator.people.press(user, card["task_id"], key, group=group)
        await until(lambda: len(self.inbox.clicks) > count)

    def _newest(self) -> tuple[Talk, dict[str, Any]]:
        shown = [
            (each.at, talk, each.card) for talk in self.emulator.state.talks.values() for each in talk.shown if each.card
        ]
        _, talk, card = max(shown, key=lambda row: row[0])
        return talk, card

    async def strange(self) -> None:
        await self.emulator.people.event(PERSON, "brand_new_event", brand_new_event={"a": 1})

    def screen(self, *, direct: bool = False) -> list[Seen]:
        talk = self.emulator.state.talk(PERSON) if direct else self.emulator.state.talks["CHATID"]
        return [_seen(each) for each in talk.shown if not each.author]

    def faults(self) -> dict[str, Fault]:
        def planned(fault: str) -> Callable[[], None]:
            return lambda: self.emulator.faults.plan(fault, self.fault_path)

        return {name: Fault(planned(fault), error, shown) for name, fault, error, shown in self.codes}

    async def heal(self) -> None:
        self.emulator.clock.move(61)
        if hasattr(self.chat.bot, "line_up"):
            await until(lambda: bool(self.chat.bot.line_up))


def _seen(shown: Shown) -> Seen:
    if shown.card is not None:
        main = shown.card.get("main_title", {})
        words = "\n".join(
            str(part) for part in (main.get("title"), main.get("desc"), shown.card.get("sub_title_text")) if part
        )
        return Seen(words, tuple((each["text"], each["key"]) for each in shown.card.get("button_list", ())))
    if shown.kind == "image":
        return Seen(picture=shown.raw)
    return Seen(file=shown.raw) if shown.kind == "file" else Seen(re.sub(r"<@\w+>", "", shown.content))


class Socket(WecomHarness):
    fault_path = "aibot_respond_msg"
    codes = (
        ("lost before", "drop", (OutcomeUnknown,), False),
        ("lost after", "lost", (OutcomeUnknown,), True),
        ("cut after", "cut", (OutcomeUnknown,), True),
        ("too fast", "often", (Unavailable,), False),
        ("busy", "busy", (Unavailable,), False),
    )

    async def speak(self, reply: Reply, *, key: str = "k1") -> MessageRef:
        ref: MessageRef = await self.chat.send(self.inbox.messages[-1].chat, reply, key=key)
        return ref

    async def before_speaking(self) -> None:
        await self.say("查")

    async def strange(self) -> None:
        await super().strange()
        await self.say("后面这句照样听到")


@contextlib.asynccontextmanager
async def socket(_: Path) -> AsyncIterator[ChatHarness]:
    emulator = WecomEmulator(clock=EmulatorClock())
    async with served(emulator) as url:
        bench = make(emulator, Settings(bot_id=theirs.BOT_ID, secret=theirs.BOT_SECRET, line_url=url))
        harness = Socket(bench)
        listening = asyncio.create_task(bench.chat.listen(harness.inbox.store))  # type: ignore[attr-defined]
        try:
            await until(lambda: bench.chat.bot.line_up)  # type: ignore[union-attr]
            yield harness
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await bench.chat.aclose()


class Callback(WecomHarness):
    """Answers in place: whatever is to be shown is the answer to the platform's own request."""

    fault_path = "/cgi-bin/aibot/response"

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._reply: tuple[Reply, str] | None = None
        self._ref: asyncio.Future[MessageRef] | None = None
        self._redrawn: MessageRef | None = None
        self.inbox.then = self._answer

    async def _answer(self, each: Incoming) -> None:
        if isinstance(each, Click):
            # WeCom takes the card's new picture only as the answer to the press: so it comes at once.
            self._redrawn = await self.chat.update(MessageRef(each.chat, each.card_message_id), DECIDED, key="u")
            return
        if self._reply is not None and self._ref is not None:
            (reply, key), self._reply = self._reply, None
            self._ref.set_result(await self.chat.send(each.chat, reply, key=key))

    async def show(self, reply: Reply, *, key: str = "k1", direct: bool = False) -> MessageRef:
        self._reply, self._ref = (reply, key), asyncio.get_running_loop().create_future()
        self._patient(1.0)
        await self.say("查", group=not direct)
        self._patient(0.0)
        await self.emulator.callbacks.settle()
        return await self._ref

    def _patient(self, seconds: float) -> None:
        """How long a question's own request is held for its answer: not at all where none is coming."""
        bot = self.chat.bot
        bot._settings = dataclasses.replace(bot._settings, answer_within_seconds=seconds)

    async def redraw(self, ref: MessageRef, reply: Reply) -> MessageRef:
        assert self._redrawn is not None
        return self._redrawn

    async def strange(self) -> None:
        await super().strange()
        assert self.emulator.journal.calls("callback")[-1].answer == "ok"

    async def forgeries(self) -> dict[str, httpx.Request]:
        await self.say("同意 A17")
        genuine = self.door.requests[-1]
        sealed = json.loads(genuine.content)["encrypt"]
        plain = crypto.unlock(theirs.AES_KEY, sealed, "").replace('"msgid": "', '"msgid": "x')
        return {
            **_spoiled(genuine, sealed, theirs.TOKEN, lambda text: json.dumps({"encrypt": text}).encode()),
            "another key": _signed(theirs.TOKEN, crypto.lock(crypto.new_key(), plain, ""), _robot),
            "another company": _signed(theirs.TOKEN, crypto.lock(theirs.AES_KEY, plain, "ww-other"), _robot),
            "another token": _signed("AnotherToken", crypto.lock(theirs.AES_KEY, plain, ""), _robot),
        }


class Later(Callback):
    """Another process answers: through the one-time address that came with the question."""

    async def show(self, reply: Reply, *, key: str = "k1", direct: bool = False) -> MessageRef:
        return await ChatHarness.show(self, reply, key=key, direct=direct)

    async def _answer(self, each: Incoming) -> None:
        return

    async def speak(self, reply: Reply, *, key: str = "k1") -> MessageRef:
        ref: MessageRef = await self.chat.send(self.inbox.messages[-1].chat, reply, key=key)
        return ref

    async def before_speaking(self) -> None:
        await self.say("查")


def _robot(sealed: str) -> bytes:
    return json.dumps({"encrypt": sealed}).encode()


def _xml(sealed: str) -> bytes:
    return f"<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()


def _signed(token: str, sealed: str, envelope: Callable[[str], bytes], *, stamp: str = "") -> httpx.Request:
    stamp, nonce = stamp or str(int(EmulatorClock().now())), secrets.token_hex(4)
    query = {"msg_signature": crypto.sign(token, stamp, nonce, sealed), "timestamp": stamp, "nonce": nonce}
    return httpx.Request("POST", DOOR, params=query, content=envelope(sealed))


def _spoiled(genuine: httpx.Request, sealed: str, token: str, envelope: Callable[[str], bytes]) -> dict[str, httpx.Request]:
    """The genuine request, damaged in ways that need no key."""
    query = dict(genuine.url.params)

    def sent(body: bytes, **changed: str) -> httpx.Request:
        return httpx.Request("POST", DOOR, params={**query, **changed}, content=body)

    return {
        "signature": sent(genuine.content, msg_signature=query["msg_signature"][::-1]),
        "upper case": sent(genuine.content, msg_signature=query["msg_signature"].upper()),
        "other nonce": sent(genuine.content, nonce="other"),
        "no query": httpx.Request("POST", DOOR, content=genuine.content),
        "cut body": sent(genuine.content[: len(genuine.content) // 2]),
        "cut and signed": _signed(token, sealed[: len(sealed) // 2 // 4 * 4], envelope),
        "one bit": _signed(token, sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:], envelope),
        "empty": sent(b""),
        "garbage": sent(b"\xff\x00garbage"),
        "oversized": sent(envelope("A" * (3 * 1024 * 1024))),
    }


def _callback_bench(**more: Any) -> Bench:
    emulator = WecomEmulator(clock=EmulatorClock())
    settings: dict[str, Any] = {
        "mode": "callback",
        "token": theirs.TOKEN,
        "aes_key": theirs.AES_KEY,
        "answer_within_seconds": 0.0,
    }
    bench = make(emulator, Settings(**{**settings, **more}))
    emulator.people.way = "http"
    emulator.switches.poll_seconds = 0.02
    emulator.callbacks.url = emulator.callbacks.app_url = DOOR
    return bench


@contextlib.asynccontextmanager
async def _doored(harness: WecomHarness) -> AsyncIterator[ChatHarness]:
    harness.emulator.callbacks.transport = httpx.ASGITransport(harness.door)
    yield harness
    await harness.emulator.callbacks.stop()
    await harness.chat.aclose()
    assert harness.emulator.callbacks.problems == []


@contextlib.asynccontextmanager
async def callback(_: Path) -> AsyncIterator[ChatHarness]:
    async with _doored(Callback(_callback_bench())) as harness:
        yield harness


@contextlib.asynccontextmanager
async def later(_: Path) -> AsyncIterator[ChatHarness]:
    async with _doored(Later(_callback_bench(answers_here=False))) as harness:
        yield harness


class SelfBuilt(WecomHarness):
    """The app hears and tells one person at a time; a group is nothing it knows."""

    fault_path = "/cgi-bin/message/send"

    async def say(self, text: str, *, group: bool = True, user: str = PERSON, quote: str = "") -> None:
        self._last = {"FromUserName": user, "CreateTime": int(self.emulator.clock.now()), "MsgType": "text"}
        self._last |= {"Content": text, "MsgId": secrets.randbits(62)}
        assert await self.emulator.callbacks.send_app(self._last) == 200

    async def again(self) -> None:
        assert await self.emulator.callbacks.send_app(self._last) == 200

    async def press(self, label: str, user: str = PERSON) -> None:
        _, card = self._newest()
        key = next(button["key"] for button in card["button_list"] if button["text"] == label)
        code = f"RC{secrets.token_hex(8)}"
        state = self.emulator.state
        state.codes[code] = {"task": card["task_id"], "until": state.clock.now() + 72 * 3600, "used": False}
        event = {"FromUserName": user, "CreateTime": int(state.clock.now()), "MsgType": "event", "EventKey": key}
        event |= {"Event": "template_card_event", "TaskId": card["task_id"], "ResponseCode": code}
        assert await self.emulator.callbacks.send_app(event) == 200

    async def strange(self) -> None:
        event = {"FromUserName": PERSON, "CreateTime": 1, "MsgType": "event", "Event": "brand_new_event"}
        assert await self.emulator.callbacks.send_app(event) == 200

    async def picture(self, content: bytes) -> None:
        media_id = self.emulator.state.keep_media("image", content, "A")
        said = {"FromUserName": PERSON, "CreateTime": 1, "MsgType": "image", "MediaId": media_id}
        assert await self.emulator.callbacks.send_app({**said, "MsgId": secrets.randbits(62)}) == 200

    async def show(self, reply: Reply, *, key: str = "k1", direct: bool = False) -> MessageRef:
        ref: MessageRef = await self.chat.send(self.person, reply, key=key)
        return ref

    async def speak(self, reply: Reply, *, key: str = "k1") -> MessageRef:
        return await self.show(reply, key=key)

    def talk(self) -> ChatRef:
        return self.person

    def screen(self, *, direct: bool = False) -> list[Seen]:
        return super().screen(direct=True)

    async def forgeries(self) -> dict[str, httpx.Request]:
        await self.say("同意 A17")
        genuine, state = self.door.requests[-1], self.emulator.state
        found = re.search(rb"<Encrypt><!\[CDATA\[(.+?)\]\]>", genuine.content)
        assert found is not None
        sealed = found[1].decode()
        xml = "<xml><FromUserName>lisi</FromUserName><MsgType>text</MsgType><Content>x</Content><MsgId>9</MsgId></xml>"
        return {
            **_spoiled(genuine, sealed, state.app_token, _xml),
            "another key": _signed(state.app_token, crypto.lock(crypto.new_key(), xml, state.corp_id), _xml),
            "another company": _signed(state.app_token, crypto.lock(state.app_aes_key, xml, "ww-other"), _xml),
            "another token": _signed("AnotherToken", crypto.lock(state.app_aes_key, xml, state.corp_id), _xml),
        }


@contextlib.asynccontextmanager
async def app(_: Path) -> AsyncIterator[ChatHarness]:
    bench = make(WecomEmulator(clock=EmulatorClock()), Settings(mode="app", app=APP))
    bench.emulator.callbacks.app_url = DOOR
    async with _doored(SelfBuilt(bench)) as harness:
        yield harness


class Robot(WecomHarness):
    """Speaks in its group and hears nothing."""

    fault_path = "/cgi-bin/webhook/send"

    async def show(self, reply: Reply, *, key: str = "k1", direct: bool = False) -> MessageRef:
        ref: MessageRef = await self.chat.send(self.group, reply, key=key)
        return ref


@contextlib.asynccontextmanager
async def robot(_: Path) -> AsyncIterator[ChatHarness]:
    bench = make(WecomEmulator(clock=EmulatorClock()), Settings(mode="robot", robots=ROBOTS))
    yield Robot(bench)
    await bench.chat.aclose()


HTTP = tuple(name for name, *_ in WecomHarness.codes)
MODES = {
    "socket": Mode(Can(posts=False), socket, tuple(name for name, *_ in Socket.codes)),
    "callback": Mode(Can(pushes=False, files=False, private=False, directs=False, remote=False), callback),
    "later": Mode(
        Can(pushes=False, files=False, pictures=False, private=False, directs=False, buttons=False, updates=False),
        later,
        HTTP,
    ),
    "app": Mode(Can(groups=False, quotes=False), app, HTTP),
    "robot": Mode(
        Can(
            hears=False,
            directs=False,
            quotes=False,
            posts=False,
            buttons=False,
            updates=False,
            private=False,
            once=False,
            unknown=False,
            fetches=False,
        ),
        robot,
        HTTP,
    ),
}
