"""The work group on a real server with a bot that follows a script: what page tests look at.

The callback route is the same as in the product: verify, store (here: a dict), answer, then work.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.pages.console import routes
from domain.chat import (
    Ask,
    Button,
    ButtonStyle,
    Card,
    ChatKind,
    ChatRef,
    Click,
    Document,
    Incoming,
    Link,
    Message,
    MessageRef,
    Picture,
    Reply,
    Tone,
)
from domain.clock import SystemClock
from domain.errors import BadInput, Forged
from domain.ports import RawRequest
from domain.tokens import Signer
from integrations.console import Console, Member, Mode, Settings, build
from integrations.registry import manifests

PEOPLE = [
    Member("li", "李芳", "客服", "#3370ff"),
    Member("wang", "王建国", "仓管", "#0f9d8a"),
    Member("zhou", "周敏", "财务", "#e8743b"),
    Member("chen", "陈晨", "采购", "#8a55d7"),
    Member("zhang", "张伟", "店长", "#d6447c"),
]
ORDERS = ChatRef("console", "orders", ChatKind.GROUP)
STOCK = ChatRef("console", "stock", ChatKind.GROUP)
HOSTILE = '<script>document.title="hit"</script><img src=x onerror=alert(1)>'


def png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A plain PNG without any library."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def refund(*, due: datetime | None = None) -> Card:
    return Card(
        title="退款申请",
        number="A17",
        tone=Tone.WATCH,
        lines=(
            "¥268.00 · 仅退款",
            "抖音 …0417 王** · 沙发套 ×1 · 签收 2 天",
            "理由：色差（客户附 2 张照片）",
            "规则 退款-2：100–500 元，客服初审 → 财务终审",
        ),
        buttons=(
            Button("同意", "agree:17", ButtonStyle.PRIMARY, command="同意 A17"),
            Button(
                "拒绝…", "reject:17", ButtonStyle.DANGER, ask=Ask("为什么拒绝？", options=("凭证不足", "已发货", "协商一致"))
            ),
            Button("转给…", "forward:17", ask=Ask("转给谁，为什么？")),
        ),
        links=(Link("时间轴", "/p/order/abc"), Link("外面", "https://evil.example/p/x")),
        footer="等 财务 终审",
        due_at=due,
    )


class Scripted:
    """`said` and `clicks` are what the bot durably accepted, repeats removed, as the inbox would have it."""

    def __init__(self, folder: Path, *, mode: Mode = Mode.DEMO) -> None:
        self._folder = folder
        self._mode = mode
        self.signer = Signer(b"scripted-secret-of-the-tests")
        self.clock = SystemClock()
        self.said: dict[str, Message] = {}
        self.clicks: dict[str, Click] = {}
        self.requests = 0
        self.lose_next = 0  # answers that get lost on the way back, after everything was stored
        self.mute = False  # the bot does not react
        self.tour = [
            {
                "id": "ask",
                "title": "问一张订单",
                "text": "客户催件？把尾号发到群里：",
                "try": "0417 到哪了",
                "as": "li",
                "chat": "orders",
            },
            {"id": "agree", "title": "批一笔退款", "text": "财务在卡片上点「同意」。", "as": "zhou", "chat": "orders"},
        ]
        self.cards: list[MessageRef] = []
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._socket.close()
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._work: set[asyncio.Task[None]] = set()
        self.console: Console

    async def start(self) -> None:
        settings = Settings(path=self._folder / "console.db", base_url=self.url, mode=self._mode)
        self.console = build(
            settings, manifests()["console"], signer=self.signer, clock=self.clock, directory=lambda: PEOPLE
        )
        self.console.open_group("orders", "订单与售后", topic="退款、改地址、查单")
        self.console.open_group("stock", "库存预警", topic="缺货、补货", members=("wang", "chen", "zhang", "li"))
        app = Starlette(
            routes=[
                Route("/chat/console", self._callback, methods=["POST"]),
                *routes(self.console, tour=lambda: self.tour, pulse_seconds=2.0),
            ]
        )
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_level="critical", ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        assert self._server
        assert self._serving
        self._server.should_exit = True
        await self._serving
        await asyncio.gather(*self._work)
        self.console.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def _callback(self, request: Request) -> Response:
        self.requests += 1
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.query_params)
        raw = RawRequest("POST", request.url.path, query, headers, await request.body(), self.clock.now())
        try:
            receipt = self.console.receive(raw)
        except Forged:
            return Response(status_code=401)
        except BadInput:
            return Response(status_code=400)
        for incoming in receipt.incoming:
            self._accept(incoming)
        if self.lose_next:
            self.lose_next -= 1
            return Response(status_code=503)
        return Response(receipt.body, receipt.status, media_type=receipt.media_type)

    def _accept(self, incoming: Incoming) -> None:
        seen: dict[str, Message] | dict[str, Click] = self.said if isinstance(incoming, Message) else self.clicks
        name = incoming.message_id if isinstance(incoming, Message) else incoming.event_id
        if name in seen:
            return
        seen[name] = incoming  # type: ignore[assignment]
        if not self.mute:
            task = asyncio.create_task(self._answer(incoming))
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def _answer(self, incoming: Incoming) -> None:
        if isinstance(incoming, Click):
            await self._clicked(incoming)
        else:
            await self._told(incoming)

    async def _told(self, message: Message) -> None:
        send, chat, key = self.console.send, message.chat, f"to:{message.message_id}"
        match message.text.split()[0] if message.text else "":
            case "退款":
                due = self.clock.now() + timedelta(hours=7, minutes=40)
                self.cards.append(await send(chat, Reply("退款 A17", card=refund(due=due), mention=("zhou",)), key=key))
            case "私下":
                reply = Reply("收件人 王小明 138 1234 5678，10 分钟后收起。", private=True)
                await send(chat, reply, key=key, to_user=message.sender.user_id)
            case "图":
                await send(
                    chat,
                    Reply("近 24 小时库存", pictures=(Picture(png(640, 360, (40, 110, 230)), "库存 60 降到 12"),)),
                    key=key,
                )
            case "文件":
                await send(
                    chat,
                    Reply("明细", documents=(Document("单号,金额\n".encode("utf-8-sig"), "超时明细.csv", "text/csv"),)),
                    key=key,
                )
            case "8000":
                choices = (
                    Button("抖音 · 沙发套", "pick:1"),
                    Button("拼多多 · 抱枕", "pick:2"),
                    Button("淘宝 · 地毯", "pick:3"),
                )
                await send(chat, Reply("尾号 8000 有 3 单，要看哪一单？", choices=choices), key=key)
            case _:
                await send(chat, Reply(f"收到：{message.text}"), key=key)

    async def _clicked(self, click: Click) -> None:
        name = next(m.name for m in PEOPLE if m.user_id == click.sender.user_id)
        ref, key = MessageRef(click.chat, click.card_message_id), f"click:{click.event_id}"
        action = click.token.partition(":")[0]
        if action == "agree":
            done = Card(
                title="已退款",
                number="A17",
                tone=Tone.DONE,
                lines=(f"¥268.00 · 财务 {name} 同意",),
                footer="预计 1–3 天到账",
            )
            await self.console.update(ref, Reply("已退款", card=done), key=key)
        elif action == "reject":
            done = Card(title="已拒绝", number="A17", tone=Tone.DONE, lines=(f"{name}：{dict(click.values)['reason']}",))
            await self.console.update(ref, Reply("已拒绝", card=done), key=key)
        else:
            said = f"{action} {dict(click.values).get('reason', '')}".strip()
            await self.console.send(click.chat, Reply(f"好的：{said}", private=True), key=key, to_user=click.sender.user_id)


def long_ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)
