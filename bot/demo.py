"""`xiaodan demo`: an invented company's day, lived through real connectors and strict emulated platforms. No account.

Nothing here is a short cut: the shops are pulled and pushed like real ones, the third shop comes from an export file, clicks
are executed on the emulated shops and read back, and the browser's work group is a chat platform like any other.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
import typer
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import demo_story
from bot.app import create_app
from bot.bootstrap import House, open_house, open_storage
from bot.connections import connect
from bot.emulation import Stage, listen, port_of
from bot.pages import console as console_pages
from bot.pages.routes import attach
from bot.tokens import StoredTokens
from config.logging import configure
from config.settings import Settings
from domain.clock import FollowingClock
from domain.money import Money
from domain.people import Person, Role
from domain.store import BoundChat, Cost, Stock, StockMove, UnitOfWork
from domain.tokens import Signer
from emulators.douyin import DouyinEmulator
from emulators.kit import EmulatorClock
from emulators.kuaidi100 import Kuaidi100Emulator
from emulators.pinduoduo import PinduoduoEmulator
from emulators.world import company
from emulators.world.day import Parcel, Script, World
from handlers import sync
from handlers.importing import take_in
from handlers.outgoing import chat_ref, say
from integrations import registry
from integrations.console import Member, Mode
from integrations.console import Settings as ConsoleSettings
from integrations.console import build as build_console
from integrations.sheets.reader import OrderFile

log = structlog.get_logger()
DAYS = 9
PER_DAY = 42
SALT = "demo-salt-of-the-track-service"
PDD_MALL = 222
TAOBAO_HEADER = (
    "订单编号", "买家会员名", "买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额",
    "订单状态", "买家留言", "收货人姓名", "收货地址", "联系手机", "订单创建时间",
    "订单付款时间", "宝贝标题", "物流单号", "物流公司", "订单备注", "宝贝总数量",
    "修改后的sku",
)  # fmt: skip


@dataclass(slots=True)
class Demo:
    """A running demo: tests look at the emulated shops through it."""

    house: House
    world: World
    kuaidi100: Kuaidi100Emulator
    console: Any
    address: str
    script: Script


async def run_demo(port: int, *, speed: float, fresh: bool) -> None:
    """Set everything up, say where to look, and live the day until interrupted."""
    configure("ERROR")
    typer.echo("小单演示：编造一家公司、三家店、两个仓，约十秒后就好……")
    async with open_demo(port, speed=speed, fresh=fresh, tell=lambda text: typer.echo(f"  {text}")) as demo:
        typer.echo(
            f"\n打开 {demo.address} （手机宽度最像真的）。先试这三件：\n"
            f"  1. 在「订单售后群」问：{demo_story.QUESTION}\n"
            "  2. 等退款卡片出现，以「张明」按同意，再换成「周会计」按同意，看它在店里真的退掉\n"
            "  3. 在「仓库采购群」等库存报警，按「为什么」，再按「稍后」\n"
            "按 Ctrl-C 结束。"
        )
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def open_demo(
    port: int,
    *,
    speed: float = 1.0,
    fresh: bool = True,
    data_dir: Path = Path("var/demo"),
    tell: Any = lambda _: None,
    live: bool = True,
) -> AsyncIterator[Demo]:
    """Everything on loopback, in this process. `live=False` leaves the day's script to the caller."""
    await asyncio.to_thread(_clear, data_dir, fresh=fresh)
    front = listen(port)
    address = f"http://127.0.0.1:{port_of(front)}"
    settings = Settings(data_dir=data_dir, base_url=address, port=port_of(front), database_url="")
    world, tracks = make_world(tell)
    backstage = Stage()
    stage = Stage()
    doors = {}
    for name, emulator in (("douyin", world.douyin), ("pinduoduo", world.pinduoduo), ("kuaidi100", tracks)):
        listening = listen()
        doors[name] = f"http://127.0.0.1:{port_of(listening)}"
        backstage.serve(emulator, listening)
    house, console = open_company(settings, world, tracks, doors)
    playing: asyncio.Task[None] | None = None
    try:
        world.clock.run(speed=speed)
        await greet(house)
        await bring_in(house, world, settings, tell)
        world.douyin.pushes.url = f"{address}/push/douyin/{quote(company.DOUYIN_SHOP)}"
        attach(house)
        house.page_routes.extend(console_pages.routes(console, tour=demo_story.tour))
        house.page_routes.append(Route("/p/demo/{name}.png", _photo))
        stage.serve(create_app(house), front)
        await stage.ready()
        script = Script(world, speed=speed)
        if live:
            playing = asyncio.create_task(script.run(demo_story.beats(world, address)))
            playing.add_done_callback(_say_if_it_broke)
        yield Demo(house, world, tracks, console, address, script)
    finally:
        if playing is not None:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        await stage.close()
        await house.close()
        await backstage.close()
        console.close()


def _say_if_it_broke(playing: asyncio.Task[None]) -> None:
    if not playing.cancelled() and playing.exception() is not None:
        log.error("demo.script_broke", exc_info=playing.exception())


def _clear(data_dir: Path, *, fresh: bool) -> None:
    if fresh:
        shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_world(tell: Any) -> tuple[World, Kuaidi100Emulator]:
    """Two weeks of trade, played on a frozen clock up to this moment."""
    now = EmulatorClock().now()  # the demo's day starts when it is started
    clock = EmulatorClock(now - DAYS * 86400)
    tracks = Kuaidi100Emulator(clock=clock)

    def follow(parcel: Parcel) -> None:
        if not parcel.scans:
            return
        start = parcel.scans[0].at
        story = [(scan.at - start, scan.state, scan.text, "") for scan in parcel.scans]
        tracks.hand_in(parcel.waybill, parcel.company, story=story, start=start, phone=parcel.phone[-4:])

    world = World(clock, DouyinEmulator(clock=clock), PinduoduoEmulator(clock=clock, mall_id=PDD_MALL), follow)
    tell("过去两周的买卖……")
    world.live_through(DAYS, per_day=PER_DAY, now=now)
    demo_story.plant(world)
    world.douyin.pushes.messages.clear()  # the past was told long ago; from now on pushes are heard
    world.pinduoduo.messages.frames.clear()
    return world, tracks


def open_company(settings: Settings, world: World, tracks: Kuaidi100Emulator, doors: dict[str, str]) -> tuple[House, Any]:
    """The bot's side: connectors pointed at the emulators, people, groups, stock and costs."""
    clock = FollowingClock(world.clock.now)
    store, kept, keys = open_storage(settings, clock)
    config = {
        "shops": {
            company.DOUYIN_SHOP: {
                "connector": "douyin",
                "app_key": world.douyin.app_key,
                "app_secret": world.douyin.app_secret,
                "shop_id": str(world.douyin.shop_id),
                "base_url": doors["douyin"],
                "per_second": 200.0,
            },
            company.PDD_SHOP: {
                "connector": "pinduoduo",
                "client_id": world.pinduoduo.client_id,
                "client_secret": world.pinduoduo.client_secret,
                "mall_id": str(PDD_MALL),
                "auth_code": world.pinduoduo.gate.consent(),
                "base_url": f"{doors['pinduoduo']}/api/router",
                "messages_url": doors["pinduoduo"].replace("http://", "ws://") + "/message",
                "per_second": 200.0,
            },
        },
        "carriers": {
            "kuaidi100": {
                "customer": tracks.customer,
                "key": tracks.key,
                "salt": SALT,
                "callback_url": f"{settings.base_url}/push/kuaidi100/main",
                "base_url": doors["kuaidi100"],
                "subscriptions_per_second": 200.0,
            }
        },
    }
    connections = connect(config, clock=clock, tokens=StoredTokens(store, keys))
    signer = Signer(*(secret.strip().encode() for secret in kept.signing_keys.split(",")))
    console = build_console(
        ConsoleSettings(path=settings.data_dir / "console.db", base_url=settings.base_url, mode=Mode.DEMO),
        registry.manifests()["console"],
        signer=signer,
        clock=clock,
        directory=lambda: [Member(one.account, one.name, one.label, one.colour) for one in company.COLLEAGUES],
    )
    for group in company.GROUPS:
        console.open_group(group.chat_id, group.title, topic=group.about, members=group.members)
    for colleague in company.COLLEAGUES:
        console.ensure_direct(colleague.account)
    house = open_house(settings, clock=clock, connections=connections, chats={"console": console}, store=store)
    house.pull_every = timedelta(minutes=10)
    store.write_now(lambda u: settle_in(u, clock.now()))
    return house, console


def settle_in(uow: UnitOfWork, now: datetime) -> None:
    """People, groups, stock and costs of the company."""
    for index, one in enumerate(company.COLLEAGUES, 1):
        person = Person(
            index,
            one.name,
            frozenset(map(Role, one.roles)),
            warehouses=frozenset(one.warehouses),
            accounts=(("console", one.account),),
        )
        uow.people.save_person(person)
    for group in company.GROUPS:
        uow.people.bind_chat(
            BoundChat(
                "console",
                group.chat_id,
                "group",
                group.title,
                frozenset(group.topics),
                frozenset(),
                frozenset(group.warehouses),
            )
        )
    since = now - timedelta(days=90)
    for article in company.ARTICLES:
        for warehouse, count in ((company.HANGZHOU, article.hangzhou), (company.SUZHOU, article.suzhou)):
            uow.stock.define(Stock(article.sku, warehouse, 0, 0, 0, article.safety, 0, article.title, now))
            if count:
                key = f"opening:{article.sku}:{warehouse}"
                uow.stock.move([StockMove(article.sku, warehouse, "receive", count, key, since, actor="盘点")])
        uow.costs.put([Cost(article.sku, "", since, Money(article.cost), fee_bp=500, freight=Money(450))])


async def greet(house: House) -> None:
    """The first words in each group, before anything else happens there."""
    now = house.desk.clock.now()
    chats = await house.desk.store.read(lambda r: [r.people.chat("console", group.chat_id) for group in company.GROUPS])
    greetings = [
        say(chat_ref(chat), demo_story.GREETINGS[chat.chat_id], key=f"hello:{chat.chat_id}:{now:%Y%m%d%H%M}")
        for chat in chats
        if chat is not None
    ]
    await house.desk.store.write(lambda u: u.outbox.add(greetings))
    await house.relay.drain()


async def bring_in(house: House, world: World, settings: Settings, tell: Any) -> None:
    """The first synchronisation: two shops through their connectors, the third from its export file."""
    path = settings.data_dir / f"{company.TAOBAO_SHOP}-ExportOrderList.csv"
    await asyncio.to_thread(write_taobao, world, path)
    order_file = OrderFile.open(path, "taobao")

    def import_file() -> int:
        batches = order_file.batches(settings.data_dir / "import.rows", shop=company.TAOBAO_SHOP)
        steps = list(
            take_in(
                batches,
                house.desk,
                house.router,
                identity=order_file.identity,
                shop=company.TAOBAO_SHOP,
                file_name=path.name,
            )
        )
        return steps[-1].orders

    tell(f"{company.TAOBAO_SHOP}：从导出文件收进 {await asyncio.to_thread(import_file)} 单")
    since = house.desk.clock.now() - timedelta(days=DAYS)
    for channel, shop in house.desk.channels.shops():
        pulled = await sync.pull(house.desk, house.router, channel, shop, since=since)
        tell(f"{shop}：通过接口收进 {pulled.orders} 单、售后 {pulled.aftersales} 单")
    now = house.desk.clock.now()
    await house.desk.store.write(lambda u: u.cursors.succeeded(f"taobao/{company.TAOBAO_SHOP}", now))
    await house.relay.drain()


def write_taobao(world: World, path: Path) -> None:
    """The third shop's export, as its back office writes it: GBK, numbers as ="…", amounts in yuan."""
    with path.open("w", encoding="gb18030", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(TAOBAO_HEADER)
        for row in world.taobao:
            receiver = row["receiver"]
            yuan = f"{row['total'] / 100:,.2f}"
            placed = datetime.fromtimestamp(row["created"], UTC).astimezone(demo_story.BEIJING)
            stamp = placed.strftime("%Y-%m-%d %H:%M:%S")
            place = f"{receiver['province']} {receiver['city']} {receiver['district']} {receiver['detail']}"
            sheet.writerow(
                [f'="{row["number"]}"', row["buyer"], yuan, "0.00", yuan, yuan, row["status"], "", receiver["name"], place,
                 f"'{receiver['phone']}", stamp, stamp, row["title"], f"No:{row['waybill']}" if row["waybill"] else "",
                 "圆通速递" if row["waybill"] else "", "", row["quantity"], row["sku"]]
            )  # fmt: skip


async def _photo(request: Request) -> Response:
    """The buyer's photos, drawn: a demo needs no real person's picture."""
    png = await asyncio.to_thread(demo_story.photo, request.path_params["name"])
    return Response(png, media_type="image/png", headers={"cache-control": "max-age=600"})
