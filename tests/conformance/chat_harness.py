"""What a chat connector's tests provide so that the shared chat suite can drive one of its modes.

A connector adds `tests/integrations/<name>/chat_modes.py` with `MODES: dict[str, Mode]`; a chat card (manifest.toml) without
one fails the suite. A mode says what it cannot do; the suite then checks that the lack is handled, it never skips.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from bot.app import callback_routes
from domain.chat import Button, ButtonStyle, Card, ChatRef, Click, Incoming, Message, MessageRef, Reply, Tone
from domain.clock import Clock
from domain.diagnosis import Finding
from domain.errors import DeskError
from domain.tokens import Signer
from domain.understand import Intent, understand
from integrations import registry
from integrations._kit.manifest import Kind

SIGNER = Signer(b"a secret of the chat suite")
NUMBER = "A17"
PERSON, OTHER = "zhangsan", "lisi"


def _button(label: str, action: str, style: ButtonStyle) -> Button:
    return Button(label, SIGNER.sign(action, "approval:17"), style, f"{label} {NUMBER}")


CARD = Card(
    "退款申请",
    ("抖音 …0417 王**", "¥268.00 · 仅退款"),
    Tone.WATCH,
    NUMBER,
    buttons=(
        _button("同意", "approval.agree", ButtonStyle.PRIMARY),
        _button("拒绝", "approval.refuse", ButtonStyle.DANGER),
    ),
    footer="剩 7 小时",
)
ASKED = Reply(f"退款申请 {NUMBER}\n抖音 …0417 王**\n¥268.00 · 仅退款\n剩 7 小时", CARD)
DECIDED = Reply(
    f"退款申请 {NUMBER}\n✅ 张三 10:21 同意，已退款",
    Card("退款申请", ("✅ 张三 10:21 同意，已退款",), Tone.DONE, NUMBER),
)


@dataclass(frozen=True)
class Can:
    """What a mode declares. Every `False` is checked as a lack."""

    hears: bool = True
    groups: bool = True  # people speak to it in a group, and it speaks there
    directs: bool = True  # it may write to one person
    quotes: bool = True  # it learns what a message quotes
    posts: bool = True  # messages come as HTTP requests
    buttons: bool = True  # a card is drawn with buttons, at least as an answer
    updates: bool = True  # a shown card can be replaced for everybody
    pushes: bool = True  # it may speak without being asked
    pictures: bool = True
    files: bool = True
    private: bool = True  # one person of a group can be told alone
    remote: bool = True  # the platform is another machine: answers get lost
    once: bool = True  # after a lost answer a repeat is recognised by the platform or by us
    unknown: bool = True  # the platform sends kinds of events that nobody knows yet
    doctor: bool = True
    fetches: bool = True


@dataclass(frozen=True)
class Mode:
    """`faults` are the names that the harness plans, as `ChatHarness.faults` gives them."""

    can: Can
    open: Callable[[Path], AbstractAsyncContextManager[ChatHarness]]
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """One thing that a person sees the bot show. `buttons` are (words, token)."""

    text: str = ""
    buttons: tuple[tuple[str, str], ...] = ()
    picture: bytes = b""
    file: bytes = b""


@dataclass(frozen=True)
class Fault:
    """A stumble of the platform: how to plan it, and what the caller must be told."""

    plan: Callable[[], None]
    error: tuple[type[DeskError], ...]
    shown: bool = False  # the platform did it all the same


@dataclass
class Inbox:
    """Keeps what came once, by the names that the real inbox goes by; `taken` counts everything."""

    came: list[Incoming] = field(default_factory=list)
    taken: int = 0
    then: Callable[[Incoming], Awaitable[None]] | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def store(self, incoming: Sequence[Incoming]) -> None:
        for each in incoming:
            self.taken += 1
            if name_of(each) in map(name_of, self.came):
                continue
            self.came.append(each)
            if self.then is not None:
                task = asyncio.ensure_future(self.then(each))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    @property
    def messages(self) -> list[Message]:
        return [each for each in self.came if isinstance(each, Message)]

    @property
    def clicks(self) -> list[Click]:
        return [each for each in self.came if isinstance(each, Click)]

    async def settle(self) -> None:
        while self._tasks:
            await asyncio.gather(*self._tasks)


class Door:
    """The product's own HTTP door before one connector, and everything that went through it."""

    def __init__(self, name: str, chat: Any, clock: Clock, inbox: Inbox) -> None:
        async def accept(_: str, incoming: Sequence[Incoming]) -> None:
            await inbox.store(incoming)

        house = SimpleNamespace(desk=SimpleNamespace(chats={name: chat}, clock=clock), accept_chat=accept)
        self._app = Starlette(routes=callback_routes(house))  # type: ignore[arg-type]
        self._name = name
        self.requests: list[httpx.Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        self.requests.append(httpx.Request(request.method, str(request.url), headers=request.headers.raw, content=body))

        async def again() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)

    async def send(self, request: httpx.Request) -> httpx.Response:
        async with self.client() as client:
            return await client.send(request)

    async def post(self, *, query: Mapping[str, str] | None = None, headers: Any = None, body: bytes = b"") -> int:
        async with self.client() as client:
            answer = await client.post(f"/chat/{self._name}", params=query, headers=headers, content=body)
        return answer.status_code

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self), base_url="https://desk.example")


class ChatHarness:
    """One mode, built on its emulated platform. `group` and `person` are where it may speak; ids are the platform's.

    What people do is each platform's to play. A mode that declares an ability writes the methods of it; one that it did not
    declare is never asked for, and one that it declared and did not write fails the suite loudly.
    """

    group: ChatRef
    person: ChatRef
    can: Can

    def __init__(self, name: str, chat: Any, clock: Clock) -> None:
        self.name, self.chat, self.clock = name, chat, clock
        self.inbox = Inbox()
        self.door = Door(name, chat, clock, self.inbox)

    # --- people ---

    async def say(self, text: str, *, group: bool = True, user: str = PERSON, quote: str = "") -> None:
        """Somebody writes to the bot; returns when it was heard."""
        raise NotImplementedError

    async def again(self) -> None:
        """The platform delivers the last message once more, under another delivery id where it has such."""
        raise NotImplementedError

    async def press(self, label: str, user: str = PERSON) -> None:
        """Somebody presses a button of the newest card that is on the screen; returns when it was heard."""
        raise NotImplementedError

    async def strange(self) -> None:
        """The platform sends an event of a kind that nobody knows; returns when it was acknowledged."""
        raise NotImplementedError

    async def picture(self, content: bytes) -> None:
        """Somebody sends a picture to the bot directly; returns when it was heard."""
        raise NotImplementedError

    # --- the bot ---

    def talk(self) -> ChatRef:
        """The conversation that `show` shows in, as the last question came from it."""
        return self.inbox.messages[-1].chat if self.inbox.messages else self.group

    async def redraw(self, ref: MessageRef, reply: Reply) -> MessageRef:
        """Replace a shown card; where only the press itself can be answered so, that has been done."""
        again: MessageRef = await self.chat.update(ref, reply, key="u")
        return again

    async def show(self, reply: Reply, *, key: str = "k1", direct: bool = False) -> MessageRef:
        """Have it shown the way this mode shows things: as the answer to a question."""
        await self.say("查", group=not direct)
        ref: MessageRef = await self.chat.send(self.inbox.messages[-1].chat, reply, key=key)
        return ref

    async def speak(self, reply: Reply, *, key: str = "k1") -> MessageRef:
        """A message on the way for which `faults` are planned; where one has to be asked first, that was done before."""
        ref: MessageRef = await self.chat.send(self.group, reply, key=key)
        return ref

    async def before_speaking(self) -> None:
        """What has to happen once so that `speak` may."""

    def screen(self, *, direct: bool = False) -> list[Seen]:
        """What the bot shows in the group (or to the person), oldest first."""
        raise NotImplementedError

    def faults(self) -> dict[str, Fault]:
        return {}

    async def heal(self) -> None:
        """The platform is well again, and what it forbade for a while is over."""

    # --- strangers ---

    async def forgeries(self) -> dict[str, httpx.Request]:
        """Requests that could not prove who sent them, or cannot be read."""
        return {}

    async def findings(self) -> list[Finding]:
        found: list[Finding] = await registry.load(self.name).diagnose(self.chat)
        return found


def name_of(incoming: Incoming) -> str:
    return incoming.message_id if isinstance(incoming, Message) else incoming.event_id


def decision_of(incoming: Incoming) -> tuple[str, str]:
    """(what was decided, about what): of a press by its signed token, of a message by what it is understood as."""
    if isinstance(incoming, Click):
        token = SIGNER.open(incoming.token)
        return token.action.removeprefix("approval."), f"A{token.subject_id}"
    plan = understand(incoming.text, now=datetime(2026, 11, 22, tzinfo=UTC))
    verdict = {Intent.APPROVE: "agree", Intent.REJECT: "refuse"}
    return verdict[plan.intent], str(plan.slots.approval_id)


def modes() -> dict[str, Mode]:
    """Every mode of every chat card, by name."""
    found: dict[str, Mode] = {}
    for name, card in sorted(registry.manifests().items()):
        if card.kind is Kind.CHAT:
            module = importlib.import_module(f"tests.integrations.{name}.chat_modes")
            found |= {mode if mode == name else f"{name}-{mode}": made for mode, made in module.MODES.items()}
    return found


def having(*abilities: str) -> list[str]:
    return [name for name, mode in modes().items() if all(getattr(mode.can, each) for each in abilities)]


def lacking(ability: str, *but: str) -> list[str]:
    """Modes without it; `but` are abilities that they must have for the check to make sense."""
    return [
        name
        for name, mode in modes().items()
        if not getattr(mode.can, ability) and all(getattr(mode.can, each) for each in but)
    ]


def stumbles() -> list[tuple[str, str]]:
    """(mode, fault), every pair."""
    return [(name, fault) for name, mode in modes().items() for fault in mode.faults]


async def opened(name: str, path: Path) -> AsyncIterator[ChatHarness]:
    made = modes()[name]
    async with made.open(path) as harness:
        harness.can = made.can
        yield harness
        await harness.inbox.settle()
