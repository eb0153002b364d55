"""An emulated DingTalk on a loopback socket, a group in it, and our connector beside it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest_asyncio
import uvicorn

from domain.chat import Button, ButtonStyle, Card, ChatKind, ChatRef, Click, Incoming, Message, Tone
from domain.clock import FollowingClock
from emulators.dingtalk import DingTalkEmulator
from emulators.kit import EmulatorClock
from integrations import dingtalk, registry
from integrations._kit.tokens import MemoryTokens
from integrations.dingtalk import DingTalkChat, Rhythm

QUICK = Rhythm(
    ping=0.2, pong=0.3, connect=1.0, idle=30.0, first_wait=0.02, longest_wait=0.1, good_after=0.2, overlap=1.0, gap=0.5
)


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 (an emulator has no events to wait on)
            await asyncio.sleep(0.005)


@dataclass
class Inbox:
    """Keeps what came, as far as a list can; refuses while `broken`."""

    came: list[Incoming] = field(default_factory=list)
    broken: int = 0
    check: Callable[[], None] = lambda: None

    async def store(self, incoming: Sequence[Incoming]) -> None:
        self.check()
        if self.broken:
            self.broken -= 1
            raise RuntimeError("disk is full")
        self.came.extend(incoming)

    @property
    def messages(self) -> list[Message]:
        return [each for each in self.came if isinstance(each, Message)]

    @property
    def clicks(self) -> list[Click]:
        return [each for each in self.came if isinstance(each, Click)]


@dataclass
class Office:
    emulator: DingTalkEmulator
    port: int
    tokens: MemoryTokens = field(default_factory=MemoryTokens)
    inbox: Inbox = field(default_factory=Inbox)
    made: list[DingTalkChat] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    group: str = ""
    jump: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def clock(self) -> FollowingClock:
        return FollowingClock(self.emulator.clock.now)

    def connector(self, rhythm: Rhythm = QUICK, **settings: Any) -> DingTalkChat:
        values: dict[str, Any] = {"client_id": self.emulator.client_id, "client_secret": self.emulator.client_secret}
        values |= {"api_url": self.url, "oapi_url": self.url}
        made = dingtalk.build(
            dingtalk.Settings(**{**values, **settings}),
            registry.manifests()["dingtalk"],
            clock=self.clock,
            tokens=self.tokens,
            sleep=self.sleep,
            rhythm=rhythm,
        )
        self.made.append(made)
        return made

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the emulated clock, so that budgets pass without real time."""
        self.waited.append(seconds)
        if seconds > 0.3 and self.jump:
            self.emulator.clock.move(seconds)
        await asyncio.sleep(min(seconds, 0.02) if self.jump else seconds)

    @contextlib.asynccontextmanager
    async def listening(self, chat: DingTalkChat | None = None, *, lines: int = 1) -> AsyncIterator[DingTalkChat]:
        chat = chat or self.connector()
        task = asyncio.create_task(chat.listen(self.inbox.store))
        try:
            await until(lambda: len(self.emulator.gateway.lines) >= lines or task.done())
            yield chat
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def ref(self) -> ChatRef:
        return ChatRef("dingtalk", self.group, ChatKind.GROUP)

    def person(self, user: str = "u-zhang") -> ChatRef:
        return ChatRef("dingtalk", user, ChatKind.DIRECT)

    def texts(self, conversation: str = "") -> list[str]:
        """What the robot's words in a conversation are."""
        shown = self.emulator.state.seen_in(conversation or self.group)
        return [
            str(each.body.get("text") or each.body.get("content", "")) for each in shown if each.who not in self.people()
        ]

    def people(self) -> set[str]:
        return set(self.emulator.state.users)

    def view(self, track: str, user: str = "") -> dict[str, Any]:
        return self.emulator.cards.cards[track].view(user)


def refund_card(**changes: Any) -> Card:
    values: dict[str, Any] = {
        "title": "退款申请",
        "number": "A17",
        "lines": ("抖音 …0417 王**  ·  沙发套 ×1", "¥268.00  ·  仅退款"),
        "tone": Tone.WATCH,
        "buttons": (
            Button("同意", "1.YXBwcm92ZQ.YXBwcm92YWw6NA..dwBjEpnRucW6AKzm", ButtonStyle.PRIMARY, "同意 A17"),
            Button("拒绝", "1.cmVqZWN0.YXBwcm92YWw6NA..fwBjEpnRucW6AKzm", ButtonStyle.DANGER, "拒绝 A17"),
        ),
        "footer": "剩 7 小时 40 分",
    }
    return Card(**{**values, **changes})


def free_port() -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    return listening


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Office]:
    """An office whose emulated platform notes every breach of its rules: at the end there must be none."""
    emulator = DingTalkEmulator(clock=EmulatorClock())
    config = uvicorn.Config(emulator, log_level="critical", ws="websockets-sansio", lifespan="off", ws_ping_interval=None)
    server = uvicorn.Server(config)
    listening = free_port()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    await until(lambda: server.started)
    made = Office(emulator, listening.getsockname()[1])
    emulator.base_url = made.url
    state = emulator.state
    state.user("u-zhang", "张明")
    state.user("u-zhou", "周会计")
    made.group = state.group("订单群", "u-zhang", "u-zhou")
    yield made
    for connector in made.made:
        await connector.aclose()
    server.should_exit = True
    await serving
    assert emulator.state.violations == []


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    async with opened() as made:
        yield made
