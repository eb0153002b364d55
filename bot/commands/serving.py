"""Running it: `serve`, `worker`, `sync`, `emulate`, `demo`."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("worker")(worker)
    app.command("sync")(sync)
    app.command("emulate")(emulate)
    app.command("demo")(demo)


def serve(
    host: Annotated[str, typer.Option(help="监听地址")] = "",
    port: Annotated[int, typer.Option(help="端口")] = 0,
    background: Annotated[bool, typer.Option(help="同一进程里也跑后台工作")] = True,
) -> None:
    """启动服务：接收群消息和平台推送，回答，执行，报警。"""
    import uvicorn

    from bot.app import create_app
    from bot.bootstrap import open_house
    from bot.pages.routes import attach
    from config.logging import configure
    from config.settings import Settings

    settings = Settings()
    configure(settings.log_level, as_json=settings.log_json)
    house = open_house(settings)
    attach(house)
    if settings.mcp:
        from bot.commands.assistants import without_library

        if (missing := without_library()) is not None:
            typer.echo(missing, err=True)
            raise typer.Exit(1)
        from bot.assistants.server import attach as attach_assistants

        attach_assistants(house)
    if settings.console != "off":
        from bot.pages import console
        from bot.work_group import PLATFORM

        house.page_routes.extend(console.routes(house.desk.chats[PLATFORM]))  # type: ignore[arg-type]  # the one we built
    uvicorn.run(
        create_app(house, background=background),
        host=host or settings.host,
        port=port or settings.port,
        log_level="warning",
        access_log=False,  # paths hold signed tokens
        log_config=None,  # one way of logging for all, so that no traceback tells more than it should
        ws="websockets-sansio",
    )


def worker() -> None:
    """只跑后台工作：收件箱、待执行、定时任务。可以开多个。"""
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings

    settings = Settings()
    configure(settings.log_level, as_json=settings.log_json)

    async def run() -> None:
        house = open_house(settings)
        try:
            async with house.running():
                await asyncio.Event().wait()
        finally:
            await house.close()

    asyncio.run(run())


def sync(
    shop: Annotated[str, typer.Argument(help="店铺名，或 all")],
    days: Annotated[float, typer.Option(help="从几天前补起；不给就从上次断的地方接着")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """现在就同步一家店。"""
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings
    from domain.errors import DeskError
    from handlers.sync import describe, pull

    settings = Settings()
    configure("ERROR")

    async def run() -> int:
        house = open_house(settings)
        failures = 0
        try:
            wanted = [(channel, name) for channel, name in house.desk.channels.shops() if shop in ("all", name)]
            if not wanted:
                typer.echo(f"没有叫 {shop} 的店，先在 xiaodan.toml 里接上。", err=True)
                return 1
            since = datetime.now(UTC) - timedelta(days=days) if days else None
            for channel, name in wanted:
                try:
                    result = await pull(house.desk, house.router, channel, name, since=since)
                except DeskError as trouble:
                    failures += 1
                    typer.echo(_line(name, as_json, error=describe(trouble)), err=not as_json)
                    continue
                typer.echo(
                    _line(
                        name,
                        as_json,
                        orders=result.orders,
                        aftersales=result.aftersales,
                        changed=result.changed,
                        quarantined=result.poisoned,
                    )
                )
        finally:
            await house.close()
        return 1 if failures else 0

    if code := asyncio.run(run()):
        raise typer.Exit(code)


def _line(shop: str, as_json: bool, **figures: Any) -> str:
    if as_json:
        return json.dumps({"shop": shop, **figures}, ensure_ascii=False)
    if "error" in figures:
        return f"{shop}：{figures['error']}"
    return (
        f"{shop}：读到订单 {figures['orders']} 单、售后 {figures['aftersales']} 单，"
        f"有变化 {figures['changed']}，读不懂已隔离 {figures['quarantined']}。"
    )


def emulate(
    names: Annotated[list[str], typer.Argument(help="平台名：douyin pinduoduo kuaidi100 …")],
    port: Annotated[int, typer.Option(help="第一个的端口，后面依次加一；0 为随便")] = 9100,
    push_to: Annotated[str, typer.Option(help="推送发到哪个地址")] = "",
) -> None:
    """在本机扮演销售平台和快递，规则和真的一样严。"""
    from bot.emulation import run_emulators

    asyncio.run(run_emulators(names, port, push_to))


def demo(
    port: Annotated[int, typer.Option(help="网页端口，默认看 PORT 环境变量")] = 0,
    speed: Annotated[float, typer.Option(help="演示里的一天过得多快，1 是真实速度")] = 1.0,
    fresh: Annotated[bool, typer.Option(help="从头开始，不接着上次的")] = True,
) -> None:
    """一个编造的公司、三家店、两个仓的一天；不要账号。"""
    from bot.demo import run_demo

    asyncio.run(run_demo(port or int(os.environ.get("PORT", "8000")), speed=speed, fresh=fresh))
