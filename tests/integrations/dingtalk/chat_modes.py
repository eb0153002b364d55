"""DingTalk's modes for the shared chat suite."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx

from domain.chat import ChatKind, ChatRef, MessageRef, Reply
from domain.errors import NeedsAuthorization, OutcomeUnknown, Unavailable
from emulators.dingtalk import signing
from integrations.dingtalk import DingTalkChat
from tests.conformance.chat_harness import OTHER, PERSON, Can, ChatHarness, Fault, Mode, Seen
from tests.integrations.dingtalk.conftest import Office, opened, until

DOOR = "https://desk.example/chat/dingtalk"
SECRET = "emulated-card-secret"
EVENT_TOKEN, EVENT_KEY = "123456", "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"
Json = dict[str, Any]
LOST = ("down", "garbage", "lost before", "lost after", "slow but delivered", "slow")


class DingTalkHarness(ChatHarness):
    """What all modes share: one emulated organisation with one group."""

    call = "robot.group"

    def __init__(self, office: Office, chat: DingTalkChat) -> None:
        super().__init__("dingtalk", chat, office.clock)
        self.office, self.emulator = office, office.emulator
        office.emulator.state.user(PERSON, "张三")
        office.emulator.state.user(OTHER, "李四")
        self.group, self.person = office.ref(), ChatRef("dingtalk", PERSON, ChatKind.DIRECT)
        self._last: Json = {}

    async def say(self, text: str, *, group: bool = True, user: str = PERSON, quote: str = "") -> None:
        where = self.office.group if group else ""
        self._last = self.emulator.people.body(user, text, group=where)
        if quote:
            self._last["originalMsgId"] = quote
        await self._push()

    async def _push(self) -> None:
        count, taken = len(self.inbox.messages), self.inbox.taken
        await self.emulator.people.push(self._last)
        await until(lambda: len(self.inbox.messages) > count or self.inbox.taken > taken)

    async def again(self) -> None:
        await self._push()

    async def press(self, label: str, user: str = PERSON) -> None:
        count = len(self.inbox.clicks)
        track = next(reversed(self.emulator.cards.cards))
        assert await self.emulator.people.click(user, track, label) == "ok"
        await until(lambda: len(self.inbox.clicks) > count)

    async def picture(self, content: bytes) -> None:
        count = len(self.inbox.messages)
        await self.emulator.people.send_picture(PERSON, content)
        await until(lambda: len(self.inbox.messages) > count)

    async def speak(self, reply: Reply, *, key: str = "k1") -> MessageRef:
        ref: MessageRef = await self.chat.send(self.group, reply, key=key)
        return ref

    def screen(self, *, direct: bool = False) -> list[Seen]:
        shown = self.emulator.state.seen_in(f"1:{PERSON}" if direct else self.office.group)
        return [self._seen(each) for each in shown if each.who not in self.office.people() and not each.recalled]

    def _seen(self, shown: Any) -> Seen:
        body = shown.body
        if shown.kind == "card":
            card = self.emulator.cards.cards[body["outTrackId"]]
            view = card.view(OTHER)
            words = "\n".join(str(view.get(name, "")) for name in ("title", "markdown", "tips"))
            return Seen(words, tuple((each["text"], each.get("id", "")) for each in card.buttons(OTHER)))
        media = self.emulator.state.media
        if shown.kind == "sampleImageMsg":
            return Seen(picture=media[body["photoURL"]][2])
        if shown.kind == "sampleFile":
            return Seen(file=media[body["mediaId"]][2])
        return Seen(str(body.get("text") or body.get("content", "")))

    def faults(self) -> dict[str, Fault]:
        faults = self.emulator.faults

        def once(fault: str) -> Callable[[], None]:
            return lambda: faults.plan(fault, self.call)

        def always(fault: str) -> Callable[[], None]:
            return lambda: faults.always.update({self.call: fault})

        return {
            "down": Fault(once("500"), (OutcomeUnknown,)),
            "garbage": Fault(once("garbage"), (OutcomeUnknown,), shown=True),
            "lost before": Fault(once("drop-before"), (OutcomeUnknown,)),
            "lost after": Fault(once("drop-after-commit"), (OutcomeUnknown,), shown=True),
            "slow but delivered": Fault(once("504"), (OutcomeUnknown,), shown=True),
            "slow": Fault(once("504-before"), (OutcomeUnknown,)),
            "too fast": Fault(always("qps"), (Unavailable,)),
            "used up": Fault(once("quota"), (Unavailable,)),
            "banned": Fault(once("ban"), (Unavailable,)),
            "not allowed": Fault(once("ip"), (NeedsAuthorization,)),
        }

    async def heal(self) -> None:
        self.emulator.faults.always.clear()
        self.emulator.clock.move(61)

    def _signed(self, body: bytes, *, secret: str = "", age: float = 0.0) -> httpx.Request:
        stamp = str(int((self.emulator.clock.now() - age) * 1000))
        sign = signing.robot(stamp, secret or self.emulator.state.client_secret)
        headers = {"content-type": "application/json; charset=utf-8", "timestamp": stamp, "sign": sign}
        return httpx.Request("POST", DOOR, headers=headers, content=body)


class Stream(DingTalkHarness):
    async def strange(self) -> None:
        pushed = self.emulator.people.event("brand_new_event", {"a": 1})
        await until(lambda: pushed.done)


class OverHttp(DingTalkHarness):
    """Robot messages, presses and events come to our address."""

    def __init__(self, office: Office, chat: DingTalkChat) -> None:
        super().__init__(office, chat)
        chat.doctor_transport = httpx.ASGITransport(self.door)
        hooks = office.emulator.people.hooks
        hooks.post, hooks.robot_url, hooks.event_url = self._post, DOOR, DOOR

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        answer = await self.door.send(httpx.Request("POST", url, headers=headers, content=body))
        return answer.status_code, answer.content

    async def strange(self) -> None:
        assert await self.emulator.people.sealed_event({"EventType": "brand_new_event"}) == (200, "success")

    async def forgeries(self) -> dict[str, httpx.Request]:
        await self.say("同意 A17")
        genuine = self.door.requests[-1]
        fresh = json.dumps({**self._last, "msgId": "msg-forged"}).encode()
        stamp = genuine.headers["timestamp"]
        return {
            "another secret": self._signed(fresh, secret="another-secret"),
            "over an hour old": self._signed(fresh, age=3_700),
            "an hour ahead": self._signed(fresh, age=-3_700),
            "no signature": httpx.Request("POST", DOOR, content=fresh),
            "another stamp": httpx.Request(
                "POST", DOOR, headers={"timestamp": str(int(stamp) + 1), "sign": genuine.headers["sign"]}, content=fresh
            ),
            "cut body": self._signed(genuine.content[: len(genuine.content) // 2]),
            "empty": self._signed(b""),
            "garbage": self._signed(b"\xff\x00garbage"),
            "oversized": self._signed(b'{"x":"' + b"x" * (3 * 1024 * 1024) + b'"}'),
            "a press without signature": httpx.Request("POST", DOOR, content=self._press_body()),
            "a press with another secret": self._pressed("another"),
            "an old press": self._pressed(SECRET, age=400),
            "an event with another key": self._event("4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3iA"),
            "an event of another app": self._event(EVENT_KEY, owner="ding-other"),
            "an event cut and signed": self._event(EVENT_KEY, cut=True),
        }

    @staticmethod
    def _press_body() -> bytes:
        content = {"cardPrivateData": {"actionIds": ["forged"], "params": {"t": "forged"}}}
        return json.dumps(
            {"type": "actionCallback", "outTrackId": "xdg-1", "userId": OTHER, "content": json.dumps(content)}
        ).encode()

    def _pressed(self, secret: str, *, age: float = 0.0) -> httpx.Request:
        stamp = str(int((self.emulator.clock.now() - age) * 1000))
        headers = {"x-ddpaas-signature-timestamp": stamp, "x-ddpaas-signature": signing.card(stamp, secret)}
        return httpx.Request("POST", DOOR, headers=headers, content=self._press_body())

    def _event(self, key: str, *, owner: str = "", cut: bool = False) -> httpx.Request:
        stamp = str(int(self.emulator.clock.now() * 1000))
        sealed = signing.seal(key, '{"EventType":"x"}', owner or self.emulator.client_id, b"0" * 16)
        sealed = sealed[: len(sealed) // 2 // 4 * 4] if cut else sealed
        query = {"signature": signing.envelope(EVENT_TOKEN, stamp, "n", sealed), "timestamp": stamp, "nonce": "n"}
        return httpx.Request("POST", DOOR, params=query, content=json.dumps({"encrypt": sealed}).encode())


class Webhook(DingTalkHarness):
    """A custom robot: speaks in one group, hears nothing, carries words only."""

    call = "webhook"

    def __init__(self, office: Office, chat: DingTalkChat) -> None:
        super().__init__(office, chat)
        self.group = ChatRef("dingtalk", "webhook:alerts", ChatKind.GROUP)

    async def show(self, reply: Reply, *, key: str = "k1", direct: bool = False) -> MessageRef:
        return await self.speak(reply, key=key)

    def faults(self) -> dict[str, Fault]:
        kept = super().faults()
        return {name: kept[name] for name in LOST}


@contextlib.asynccontextmanager
async def stream(_: Path) -> AsyncIterator[ChatHarness]:
    async with opened() as office:
        chat = office.connector(events=True)
        harness = Stream(office, chat)
        office.inbox.store = harness.inbox.store  # type: ignore[method-assign]
        async with office.listening(chat):
            yield harness


@contextlib.asynccontextmanager
async def http(_: Path) -> AsyncIterator[ChatHarness]:
    async with opened() as office:
        chat = office.connector(
            mode="http",
            card_callback="http",
            card_route="xiaodan",
            card_secret=SECRET,
            event_token=EVENT_TOKEN,
            event_aes_key=EVENT_KEY,
            callback_url=DOOR,
        )
        await chat.client.register_card_route(DOOR)
        yield OverHttp(office, chat)


@contextlib.asynccontextmanager
async def webhook(_: Path) -> AsyncIterator[ChatHarness]:
    async with opened() as office:
        token = office.emulator.state.custom_robot(office.group, secret="SECemulated")
        chat = office.connector(webhooks={"alerts": {"token": token, "secret": "SECemulated"}})
        yield Webhook(office, chat)


MODES = {
    "stream": Mode(Can(posts=False, once=False), stream, (*LOST, "too fast", "used up", "banned", "not allowed")),
    "http": Mode(Can(once=False), http, ("down", "lost after", "too fast")),
    "webhook": Mode(
        Can(
            hears=False,
            quotes=False,
            posts=False,
            buttons=False,
            updates=False,
            pictures=False,
            files=False,
            unknown=False,
            fetches=False,
        ),
        webhook,
        LOST,
    ),
}
