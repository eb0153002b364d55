"""A connector of each mode on an emulated company, over real sockets where the platform has sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest_asyncio
from starlette.requests import Request
from starlette.responses import Response

from bot.emulation import listen, port_of, server
from domain.chat import Button, ButtonStyle, Card, ChatKind, ChatRef, Click, Incoming, Message, Reply, Tone
from domain.clock import FollowingClock
from domain.errors import BadInput, Forged
from domain.ports import ChatReceipt, RawRequest
from emulators.kit import EmulatorClock
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from emulators.wecom.state import Talk
from integrations._kit.http import Http
from integrations._kit.tokens import MemoryTokens
from integrations.registry import manifests
from integrations.wecom import AppSettings, Settings, Wecom, build
from integrations.wecom.line import Rhythm
from tests.conformance.harness import Loopback

NOW = 1_795_327_200.0  # 2026-11-22 06:00 UTC
FAST = Rhythm(ping=0.15, silence=0.15, answer=0.4, first_wait=0.02, longest_wait=0.1, forbidden=0.3)
GROUP = ChatRef("wecom", "CHATID", ChatKind.GROUP)
APP = AppSettings(
    theirs.CORP_ID, theirs.AGENT_ID, theirs.APP_SECRET, "appToken1", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt"
)

CARD = Card(
    "退款申请",
    ("抖音 …0417 王**", "理由：色差"),
    Tone.WATCH,
    "A17",
    buttons=(
        Button("同意", "1.tok.agree", ButtonStyle.PRIMARY, "同意 A17"),
        Button("拒绝", "1.tok.refuse", ButtonStyle.DANGER, "拒绝 A17"),
    ),
    footer="剩 7 小时",
)
CARD_REPLY = Reply("退款申请 A17\n抖音 …0417 王**\n理由：色差\n剩 7 小时\n同意 A17 / 拒绝 A17", CARD)
DONE_REPLY = Reply("退款申请 A17\n✅ 已退款", Card("退款申请", ("✅ 已退款",), Tone.DONE, "A17"))


async def until(true: Callable[[], bool], seconds: float = 4.0) -> None:
    """Wait for something that happens on the other side of a socket."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 (the other side has no event of ours)
            await asyncio.sleep(0.005)


def telling(talk: Talk) -> list[str]:
    """What the robot shows in a conversation, texts only."""
    return [shown.content for shown in talk.shown if not shown.author and shown.card is None]


def drawn(talk: Talk) -> list[dict[str, Any]]:
    return [shown.card for shown in talk.shown if shown.card is not None]


@dataclass
class Bench:
    """One connector with everything around it. `heard` is what reached the inbox."""

    emulator: WecomEmulator
    chat: Wecom
    clock: FollowingClock
    line_url: str = ""
    heard: list[Incoming] = field(default_factory=list)
    store_fails: int = 0

    @property
    def group(self) -> Talk:
        return self.emulator.state.talks["CHATID"]

    def talk(self, user: str) -> Talk:
        return self.emulator.state.talk(user)

    async def store(self, incoming: Sequence[Incoming]) -> None:
        if self.store_fails:
            self.store_fails -= 1
            raise RuntimeError("disk")
        self.heard += incoming

    def last(self) -> Message:
        found = self.heard[-1]
        assert isinstance(found, Message)
        return found

    def click(self) -> Click:
        found = self.heard[-1]
        assert isinstance(found, Click)
        return found


def make(emulator: WecomEmulator, settings: Settings, **more: Any) -> Bench:
    clock = FollowingClock(emulator.clock.now)
    http = Http("https://qyapi.weixin.qq.com", transport=Loopback(emulator))
    chat = build(settings, manifests()["wecom"], clock=clock, http=http, tokens=MemoryTokens(), rhythm=FAST, **more)
    return Bench(emulator, chat, clock)


@contextlib.asynccontextmanager
async def served(emulator: WecomEmulator) -> AsyncIterator[str]:
    listening = listen()
    running = server(emulator)
    task = asyncio.create_task(running.serve(sockets=[listening]))
    try:
        await until(lambda: running.started)
        yield f"ws://127.0.0.1:{port_of(listening)}/"
    finally:
        running.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(emulator.lines.close(), 2)
        await asyncio.wait({task}, timeout=2)
        running.force_exit = True  # a line that was cut without a goodbye is one that uvicorn may wait for
        await task


@contextlib.asynccontextmanager
async def on_line(emulator: WecomEmulator, **settings: Any) -> AsyncIterator[Bench]:
    """A robot in socket mode, subscribed."""
    async with served(emulator) as url:
        given: dict[str, Any] = {"bot_id": theirs.BOT_ID, "secret": theirs.BOT_SECRET, "line_url": url, **settings}
        bench = make(emulator, Settings(**given))
        bench.line_url = url
        task = asyncio.create_task(bench.chat.listen(bench.store))  # type: ignore[attr-defined]
        try:
            await until(lambda: bench.chat.bot.line_up)  # type: ignore[union-attr]
            yield bench
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await bench.chat.aclose()


@pytest_asyncio.fixture
async def emulator() -> WecomEmulator:
    return WecomEmulator(clock=EmulatorClock())


@pytest_asyncio.fixture
async def line(emulator: WecomEmulator) -> AsyncIterator[Bench]:
    async with on_line(emulator) as bench:
        yield bench


def door(bench: Bench, answered: Callable[[Incoming], Awaitable[None]] | None = None) -> Any:
    """The callback address as the product serves it: verify, store, answer. `answered` plays worker and relay."""
    seen: set[str] = set()
    tasks: set[asyncio.Task[None]] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        headers = {name.lower(): value for name, value in request.headers.items()}
        raw = RawRequest(
            request.method, request.url.path, dict(request.query_params), headers, await request.body(), bench.clock.now()
        )
        try:
            receipt: ChatReceipt = bench.chat.receive(raw)
        except Forged:
            await Response(status_code=401)(scope, receive, send)
            return
        except BadInput:
            await Response(status_code=400)(scope, receive, send)
            return
        for each in receipt.incoming:
            key = each.message_id if isinstance(each, Message) else each.event_id
            if key not in seen:
                seen.add(key)
                bench.heard.append(each)
                if answered is not None:
                    task = asyncio.ensure_future(answered(each))
                    tasks.add(task)
        body = await receipt.answer() if receipt.answer is not None else receipt.body
        await Response(body, receipt.status, media_type=receipt.media_type)(scope, receive, send)

    app.tasks = tasks  # type: ignore[attr-defined]
    return app


@pytest_asyncio.fixture
async def callback(emulator: WecomEmulator) -> AsyncIterator[Bench]:
    bench = make(
        emulator,
        Settings(mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, app=APP, answer_within_seconds=0.2),
    )
    emulator.people.way = "http"
    emulator.switches.poll_seconds = 0.02
    emulator.callbacks.url = emulator.callbacks.app_url = "https://desk.example/chat/wecom"
    emulator.callbacks.transport = httpx.ASGITransport(door(bench))
    yield bench
    await emulator.callbacks.stop()
    await bench.chat.aclose()


def sealed(body: Any) -> bytes:
    return json.dumps(body).encode()
