"""A whole company behind the HTTP door: the program as `serve` builds it, real stores, strict emulated platforms on loopback.

One frozen clock for everybody. Nothing runs by itself: `work` lets the inbox and the outbox do what is due, so a test says
exactly what happens when. What the browser would send is sent over HTTP; what people see is read from the room.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from bot.app import create_app
from bot.bootstrap import House, open_house, open_storage
from bot.connections import connect
from bot.emulation import Stage, listen, port_of
from bot.pages import console as console_pages
from bot.pages.routes import attach
from bot.tokens import StoredTokens
from config.settings import Settings
from domain.clock import FollowingClock
from domain.money import Money
from domain.people import Person, Role
from domain.store import Alert, Approval, BoundChat, Cost, Stock, StockMove, StoredOrder, UnitOfWork
from domain.tokens import Signer
from emulators.douyin import DouyinEmulator
from emulators.kit import EmulatorClock
from emulators.kuaidi100 import Kuaidi100Emulator
from emulators.pinduoduo import PinduoduoEmulator
from handlers import sync
from integrations import registry
from integrations.console import Member, Mode
from integrations.console import Settings as ConsoleSettings
from integrations.console import build as build_console

START = 1_795_140_000.0  # 2026-11-20 02:00 UTC, ten in the morning in Hangzhou
SHOP, PDD_SHOP = "抖音旗舰店", "拼多多工厂店"
SALT = "salt-of-the-flows"
STAFF: dict[str, tuple[str, tuple[Role, ...], tuple[str, ...]]] = {
    "zhangming": ("张明", (Role.SERVICE,), ()),
    "lifang": ("李芳", (Role.WAREHOUSE,), ("杭州仓",)),
    "suqiang": ("苏强", (Role.WAREHOUSE,), ("苏州仓",)),
    "zhoukuaiji": ("周会计", (Role.FINANCE,), ()),
    "chencai": ("陈采", (Role.PURCHASING,), ()),
    "chendian": ("陈店长", (Role.MANAGER, Role.OPERATIONS), ()),
}
STRANGER = "waiter"  # has a seat in the room, is nobody to the program
GROUPS = {
    "orders": ("订单售后群", frozenset({"orders", "refunds"})),
    "stock": ("仓库采购群", frozenset({"stock", "logistics"})),
    "ops": ("运营毛利群", frozenset({"margin", "ops", "tech"})),
}
RECEIVER = {
    "name": "王小满",
    "phone": "17000000417",
    "province": "浙江省",
    "city": "温州市",
    "district": "鹿城区",
    "town": "五马街道",
    "detail": "公园路88号3幢1201室",
}
ELSEWHERE = {**RECEIVER, "city": "杭州市", "district": "余杭区", "town": "仓前街道", "detail": "文一西路998号5幢"}


class Company:
    """See `opened`. Times are seconds; amounts fen."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url
        self.clock = EmulatorClock(START)
        self.douyin = DouyinEmulator(clock=self.clock)
        self.pinduoduo = PinduoduoEmulator(clock=self.clock)
        self.kuaidi100 = Kuaidi100Emulator(clock=self.clock)
        self.serial = itertools.count(1)
        self.consent = self.pinduoduo.gate.consent()
        self.doors: dict[str, str] = {}
        self.house: House
        self.console: Any
        self.http: httpx.AsyncClient

    # --- building -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The program starts, on whatever is on disk."""
        clock = FollowingClock(self.clock.now)
        settings = Settings(data_dir=self.path, base_url="http://127.0.0.1", database_url=self.url)
        store, kept, keys = open_storage(settings, clock)
        connections = connect(self.config(), clock=clock, tokens=StoredTokens(store, keys))
        self.console = build_console(
            ConsoleSettings(path=self.path / "console.db", base_url="http://127.0.0.1", mode=Mode.DEMO, burst=10_000),
            registry.manifests()["console"],
            signer=Signer(kept.signing_keys.encode()),
            clock=clock,
            directory=lambda: [
                *(Member(account, name, "", "#333") for account, (name, _, _) in STAFF.items()),
                Member(STRANGER, "服务员", "", "#333"),
            ],
        )
        for chat_id, (title, _) in GROUPS.items():
            self.console.open_group(chat_id, title)
        for connection in connections.channels.values():  # waits of the connectors are virtual, like all time here
            client = getattr(connection.connector, "_client", None) or connection.connector._calls
            client._pace._sleep = _no_wait
        self.house = open_house(settings, clock=clock, connections=connections, chats={"console": self.console}, store=store)
        self.house.page_routes.extend(console_pages.routes(self.console))
        attach(self.house)
        self.app = create_app(self.house, background=False)
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app), base_url="http://127.0.0.1", headers={"origin": "http://127.0.0.1"}
        )
        self.douyin.pushes.post = self.kuaidi100.pushes.post = self._post

    def config(self) -> dict[str, Any]:
        return {
            "shops": {
                SHOP: {
                    "connector": "douyin",
                    "app_key": self.douyin.app_key,
                    "app_secret": self.douyin.app_secret,
                    "shop_id": str(self.douyin.shop_id),
                    "base_url": self.doors["douyin"],
                    "per_second": 1e6,
                },
                PDD_SHOP: {
                    "connector": "pinduoduo",
                    "client_id": self.pinduoduo.client_id,
                    "client_secret": self.pinduoduo.client_secret,
                    "mall_id": str(self.pinduoduo.mall_id),
                    "auth_code": self.consent,
                    "base_url": f"{self.doors['pinduoduo']}/api/router",
                    "messages_url": self.doors["pinduoduo"].replace("http://", "ws://") + "/message",
                    "per_second": 1e6,
                },
            },
            "carriers": {
                "kuaidi100": {
                    "customer": self.kuaidi100.customer,
                    "key": self.kuaidi100.key,
                    "salt": SALT,
                    "callback_url": "http://127.0.0.1/push/kuaidi100/main",
                    "base_url": self.doors["kuaidi100"],
                    "subscriptions_per_second": 1e6,
                }
            },
        }

    def settle_in(self, uow: UnitOfWork) -> None:
        now = self.house.desk.clock.now()
        for account, (name, roles, places) in STAFF.items():
            person = Person(0, name, frozenset(roles), warehouses=frozenset(places), accounts=(("console", account),))
            uow.people.save_person(person)
        for chat_id, (title, topics) in GROUPS.items():
            uow.people.bind_chat(BoundChat("console", chat_id, "group", title, topics))
        self._stock(uow, "SF-GREY", "沙发套-灰", on_hand=52, safety=40)
        uow.costs.put([Cost("VASE-M", "", now - timedelta(days=90), Money(7_700), fee_bp=500, freight=Money(450))])

    def _stock(self, uow: UnitOfWork, sku: str, title: str, *, on_hand: int, safety: int, warehouse: str = "杭州仓") -> None:
        now = self.house.desk.clock.now()
        uow.stock.define(Stock(sku, warehouse, 0, 0, 0, safety, 0, title, now))
        uow.stock.move([StockMove(sku, warehouse, "receive", on_hand, f"opening:{sku}:{warehouse}", now, actor="盘点")])

    async def stop(self) -> None:
        await self.http.aclose()
        await self.house.close()
        self.console.close()

    async def restart(self) -> None:
        await self.stop()
        self.start()
        await self.http.get("/")

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """How the emulated platforms deliver: through the same door as everybody."""
        answer = await self.http.post(httpx.URL(url).raw_path.decode(), headers=headers, content=body)
        return answer.status_code, answer.content

    # --- time and work ------------------------------------------------------------------------------------------------

    async def work(self, seconds: float = 0, *, step: float = 0) -> None:
        """Let time pass, in steps when given, and everything that is due happen."""
        while True:
            part = min(step, seconds) if step else seconds
            self.clock.move(part)
            seconds -= part
            while await self.house.worker.drain() + await self.house.relay.drain():
                pass
            if seconds <= 0:
                return

    async def pull(self, shop: str = SHOP, *, days: float = 0.1) -> sync.Pulled:
        channel = "douyin" if shop == SHOP else "pinduoduo"
        since = self.house.desk.clock.now() - timedelta(days=days)
        return await sync.pull(self.house.desk, self.house.router, channel, shop, since=since)

    async def push(self) -> int:
        """What Douyin has to tell, told. How many messages were acknowledged."""
        self.douyin.pushes.url = f"http://127.0.0.1/push/douyin/{SHOP}"
        return await self.douyin.pushes.deliver()

    # --- people -------------------------------------------------------------------------------------------------------

    async def say(self, who: str, text: str, *, chat: str = "orders", ident: str = "", work: bool = True) -> httpx.Response:
        wire = {"type": "message", "as": who, "chat": chat, "text": text, "id": ident or f"message-{next(self.serial)}"}
        answer = await self.http.post("/chat/console", json=wire)
        if work:
            await self.work()
        return answer

    async def press(
        self,
        who: str,
        label: str,
        *,
        chat: str = "orders",
        number: str = "",
        ident: str = "",
        work: bool = True,
        **values: str,
    ) -> httpx.Response:
        """Press a button that this person sees, on the newest message that has it (of a card's number, when given)."""
        message, button = self.button(who, label, chat=chat, number=number)
        wire = {"type": "click", "as": who, "message": message, "button": button, "values": values}
        answer = await self.http.post("/chat/console", json={**wire, "id": ident or f"click-{next(self.serial):04}"})
        if work:
            await self.work()
        return answer

    def button(self, who: str, label: str, *, chat: str = "orders", number: str = "") -> tuple[str, str]:
        for said in reversed(self.seen(who, chat)):
            card = said["body"]["card"] or {"buttons": [], "number": ""}
            if number and card["number"] != number:
                continue
            for button in (*card["buttons"], *said["body"]["choices"]):
                if label in button["label"]:
                    return said["id"], button["id"]
        raise AssertionError(f"{who} sees no button {label} in {chat}: {self.texts(who, chat)}")

    # --- looking ------------------------------------------------------------------------------------------------------

    def seen(self, who: str = "zhangming", chat: str = "orders") -> list[dict[str, Any]]:
        """Everything in a conversation as this person sees it, oldest first."""
        found = self.console.room.history(chat, who, before=None, limit=200)
        return sorted((said.json() for said in found), key=lambda said: said["seq"])

    def answers(self, who: str = "zhangming", chat: str = "orders") -> list[dict[str, Any]]:
        """What the bot said."""
        return [said for said in self.seen(who, chat) if not said["from"]]

    def texts(self, who: str = "zhangming", chat: str = "orders") -> list[str]:
        return [words_of(said["body"]) for said in self.answers(who, chat)]

    def card(self, number: str, *, who: str = "zhangming", chat: str = "orders") -> dict[str, Any]:
        found = [
            said["body"]["card"] for said in self.answers(who, chat) if (said["body"]["card"] or {}).get("number") == number
        ]
        assert len(found) == 1, f"{len(found)} cards {number}"
        card: dict[str, Any] = found[0]
        return card

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self.house.desk.store.read_now(work)

    def order(self, number: str) -> StoredOrder:
        (found,) = self.read(lambda r: r.orders.find(number))
        stored: StoredOrder = found
        return stored

    def known(self, number: str) -> bool:
        return bool(self.read(lambda r: r.orders.find(number)))

    def approval(self, number: str = "A1") -> Approval:
        found: Approval | None = self.read(lambda r: r.approvals.by_number(number))
        assert found is not None
        return found

    def alerts(self, rule: str) -> list[Alert]:
        since = self.house.desk.clock.now() - timedelta(days=90)
        found: list[Alert] = self.read(lambda r: r.alerts.history(rule, since))
        return found

    def refunds(self) -> list[tuple[str, int]]:
        """(after-sale, fen) of every refund that the emulated shop really paid."""
        return [(row["aftersale_id"], row["amount"]) for row in self.douyin.state.refunds]

    def audit(self, action: str) -> list[Any]:
        rows = self.read(lambda r: r.rows("SELECT actor, subject, request_id FROM audit WHERE action = :a", {"a": action}))
        return list(rows)

    def place(self, **more: Any) -> str:
        """An order in the Douyin shop."""
        lines = more.pop("lines", [{"code": "SF-GREY", "name": "沙发套-灰", "quantity": 1, "price": 13_400}])
        return self.douyin.buyers.place(
            shop_id=self.douyin.shop_id, lines=lines, receiver=more.pop("receiver", RECEIVER), **more
        )

    async def refund(self, amount: int = 13_400) -> str:
        """An order whose buyer wants money back, told by push. The after-sale's number."""
        number = self.place(lines=[{"code": "SF-GREY", "name": "沙发套-灰", "quantity": 1, "price": max(amount, 13_400)}])
        aftersale = self.douyin.buyers.apply_refund(number, amount=amount, reason="不想要了")
        await self.push()
        await self.work()
        return aftersale


async def _no_wait(_: float) -> None:
    return


def words_of(body: dict[str, Any]) -> str:
    """All that one message says."""
    card = body["card"]
    lines: Sequence[str] = [card["title"], *card["lines"], card["footer"]] if card else []
    return "\n".join(each for each in (body["text"], *lines) if each)


@asynccontextmanager
async def opened(path: Path, *, url: str = "") -> AsyncIterator[Company]:
    """A company on an empty (or kept) data folder; `url` is a database other than SQLite."""
    company = Company(path, url)
    stage = Stage()
    for name in ("douyin", "pinduoduo", "kuaidi100"):
        listening = listen()
        company.doors[name] = f"http://127.0.0.1:{port_of(listening)}"
        stage.serve(_without_background(getattr(company, name)), listening)
    await stage.ready()
    company.start()
    company.house.desk.store.write_now(company.settle_in)
    await company.http.get("/")
    try:
        yield company
    finally:
        await company.stop()
        await stage.close()


def _without_background(emulator: Any) -> Any:
    """The emulator, but pushes leave only when the test says so."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await emulator(scope, receive, send)
            return
        for done in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": done})

    return app
