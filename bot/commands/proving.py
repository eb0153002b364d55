"""Looking back: `evidence ORDER`, `report daily|monthly`, `replay`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    app.command("evidence")(evidence)
    app.command("report")(report)
    app.command("replay")(replay)


def _house() -> Any:
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings

    configure("ERROR")
    return open_house(Settings())


def evidence(
    order: Annotated[str, typer.Argument(help="订单号")],
    out: Annotated[Path | None, typer.Option(help="写到哪个文件；不给就打印")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """一单的全部事实：经过、轨迹、售后、审批、缺了什么，带校验值，个人信息打码。"""
    from bot.dispatch import trusted_operator
    from handlers.evidence import packs

    house = _house()
    try:
        desk = house.desk
        actor = trusted_operator(desk, name="操作员")
        found = desk.store.read_now(lambda r: packs(r, order, actor, desk.clock.now(), desk))
    finally:
        asyncio.run(house.close())
    if not found:
        typer.echo(f"没有 {order} 这个单号。", err=True)
        raise typer.Exit(1)
    text = json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False, indent=None if as_json else 1)
    if out is None:
        typer.echo(text)
        return
    out.write_text(text, "utf-8")
    typer.echo(
        json.dumps({"file": str(out), "sha256": [each["sha256"] for each in found]}) if as_json else f"已写到 {out}。"
    )


def report(
    kind: Annotated[str, typer.Argument(help="daily（昨天）或 monthly（上月）")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """昨天或上月的经营小结：数字、变化、没解除的报警、哪家店数据不全。"""
    from bot.dispatch import trusted_operator
    from handlers.report import in_words
    from handlers.report import report as make

    if kind not in ("daily", "monthly"):
        typer.echo("只有 daily 和 monthly。", err=True)
        raise typer.Exit(2)
    house = _house()
    try:
        desk = house.desk
        actor = trusted_operator(desk, name="操作员")
        made = desk.store.read_now(lambda r: make(r, kind, actor, desk.clock.now(), desk))
    finally:
        asyncio.run(house.close())
    typer.echo(json.dumps(made, ensure_ascii=False) if as_json else in_words(made, "昨天" if kind == "daily" else "上月"))


def replay(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """把放弃过的消息、推送和待执行的事重新放回去处理；做过的不会再做一遍。"""
    house = _house()

    async def run() -> tuple[int, int]:
        try:
            now = house.desk.clock.now()
            inbox = await house.desk.store.inbox.revive()
            outbox = await house.desk.store.write(lambda u: u.outbox.revive(now))
            return inbox, outbox
        finally:
            await house.close()

    inbox, outbox = asyncio.run(run())
    if as_json:
        typer.echo(json.dumps({"inbox": inbox, "outbox": outbox}))
    else:
        typer.echo(f"收件 {inbox} 条、待执行 {outbox} 条已放回，运行中的服务会接着处理。")
