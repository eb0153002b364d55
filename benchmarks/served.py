"""The servers that are measured from outside, each in a process of its own: ours, FastAPI's typed echo, and a bare skeleton.

`python -m benchmarks.served ours FOLDER PORT` is the real application with the browser work group, a WeCom robot and a
DingTalk robot by HTTP callback as its chat platforms; two extra routes ingest orders and draw charts inside it, for the
memory case. A line of JSON in the environment (`XIAODAN_BENCH_CHATS`) names the groups and where the emulated platforms are.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

SIGNING = "only-for-benchmarks-0123456789"


def _callback_chats(clock: Any) -> dict[str, Any]:
    """The robots, set up as a company would, at emulated platforms or (when none is named) at an address nobody answers."""
    from benchmarks.callers import DING_ID, DING_SECRET
    from emulators.wecom import state
    from integrations import dingtalk, registry, wecom

    where = json.loads(os.environ.get("XIAODAN_BENCH_CHATS", "{}"))
    nowhere = "http://127.0.0.1:1"
    cards = registry.manifests()
    robot = wecom.Settings(
        mode="callback", token=state.TOKEN, aes_key=state.AES_KEY, base_url=where.get("wecom_url", nowhere)
    )
    other = dingtalk.Settings(
        client_id=DING_ID, client_secret=DING_SECRET, mode="http", card_callback="http", card_route="bench",
        card_secret="bench", api_url=where.get("dingtalk_url", nowhere), oapi_url=where.get("dingtalk_url", nowhere),
        api_quota=10**9, message_quota=10**9,
    )  # fmt: skip
    return {
        "wecom": wecom.build(robot, cards["wecom"], clock=clock),
        "dingtalk": dingtalk.build(other, cards["dingtalk"], clock=clock),
    }


def _introduce(store: Any) -> None:
    """The same colleagues on every platform, and the groups that are named."""
    from benchmarks.cast import PEOPLE
    from domain.store import BoundChat

    known = {person.name: person for person in store.read_now(lambda r: r.people.everyone())}
    named = os.environ.get("XIAODAN_BENCH_CHATS", "{}")
    where = {} if named == "off" else json.loads(named)

    def work(uow: Any) -> None:
        for name in PEOPLE:
            if name in known:
                accounts = tuple((platform, name) for platform in ("console", "wecom", "dingtalk"))
                uow.people.save_person(dataclasses.replace(known[name], accounts=accounts))
        for platform in ("wecom", "dingtalk"):
            for group in where.get(f"{platform}_groups", ()):
                uow.people.bind_chat(BoundChat(platform, group, "group", group, frozenset({"orders"})))

    store.write_now(work)


def ours(folder: Path, port: int) -> Any:
    """The application as `xiaodan serve` makes it, plus the console and the two routes."""
    from benchmarks.cast import PEOPLE
    from bot.app import create_app
    from bot.bootstrap import open_house
    from bot.connections import Connections
    from bot.pages import console as console_pages
    from bot.pages.routes import attach
    from config.logging import configure
    from config.settings import Settings
    from domain.clock import SystemClock
    from domain.tokens import Signer
    from integrations import registry
    from integrations.console import Member, Mode, build
    from integrations.console import Settings as ConsoleSettings

    configure("ERROR")
    address = f"http://127.0.0.1:{port}"
    os.environ["XIAODAN_SIGNING_KEYS"] = SIGNING
    settings = Settings(data_dir=folder, base_url=address, port=port)
    console = build(
        ConsoleSettings(path=folder / "console.db", base_url=address, mode=Mode.DEMO, burst=10_000_000),
        dataclasses.replace(registry.manifests()["console"], per_second=1_000_000),  # one session asks for everybody
        signer=Signer(SIGNING.encode()),
        clock=SystemClock(),
        directory=lambda: [Member(one, one, "客服", "#888888") for one in PEOPLE],
    )
    console.open_group("orders", "订单售后群")
    chats: dict[str, Any] = {"console": console}
    if os.environ.get("XIAODAN_BENCH_CHATS") != "off":
        chats |= _callback_chats(SystemClock())
    house = open_house(settings, connections=Connections(), chats=chats)
    _introduce(house.desk.store)
    attach(house)
    house.page_routes.extend(console_pages.routes(console))
    house.page_routes.extend(_inside(house))
    return create_app(house)


def _inside(house: Any) -> list[Any]:
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def ingest(request: Request) -> Response:
        from benchmarks.orders import END, batches

        start, count = (int(request.query_params[name]) for name in ("start", "count"))
        for some in batches(start, start + count, max(start, 1000), 1000):
            await house.desk.store.write(lambda u, some=some: u.orders.upsert_many(some, seen_at=END, surface="channel"))
        return JSONResponse({"orders": count})

    async def charts(request: Request) -> Response:
        from benchmarks.drawing import month
        from handlers.charts import trend_chart

        for _ in range(int(request.query_params["count"])):
            await asyncio.to_thread(trend_chart, month())
        return JSONResponse({})

    return [Route("/bench/ingest", ingest), Route("/bench/charts", charts)]


def echo() -> Any:
    """FastAPI as its documentation shows it: a typed body in, a small object out, nothing done."""
    from fastapi import FastAPI

    from benchmarks.echo import Callback

    app = FastAPI()

    @app.post("/echo")
    async def typed(callback: Callback) -> dict[str, Any]:
        return {"ok": True, "id": callback.id}

    return app


def skeleton(database: Path) -> Any:
    """FastAPI, SQLAlchemy's asynchronous engine and APScheduler with twenty jobs; one query per answer."""
    import sqlalchemy as sa
    from apscheduler.schedulers.asyncio import AsyncIOScheduler
    from fastapi import FastAPI
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(f"sqlite+aiosqlite:///{database}")

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        scheduler = AsyncIOScheduler(timezone="Asia/Shanghai")
        for number in range(20):
            scheduler.add_job(lambda: None, "interval", minutes=5, id=str(number))
        scheduler.start()
        yield
        scheduler.shutdown()
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.get("/answer")
    async def answer() -> dict[str, Any]:
        async with engine.connect() as raw:
            found = await raw.execute(sa.text("SELECT count(*) FROM lines WHERE order_id = 1"))
            return {"lines": found.scalar()}

    return app


def main(what: str, *rest: str) -> None:
    import uvicorn

    port = int(rest[-1])
    made: Any = ours(Path(rest[0]), port) if what == "ours" else skeleton(Path(rest[0])) if what == "skeleton" else echo()
    uvicorn.run(made, host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
