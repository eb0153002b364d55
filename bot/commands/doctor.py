"""`xiaodan doctor`: asks every connected chat platform whether it is well, and says each answer in one sentence."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from domain.diagnosis import Finding, Health
from domain.ports import Chat

_MARKS = {Health.GOOD: "✅", Health.WATCH: "🟡", Health.BAD: "🔴"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    only: Annotated[str, typer.Argument(help="只查一样：model 或平台名；不给就都查")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出")] = False,
) -> None:
    """逐项检查企业微信、钉钉和模型的配置，告诉你哪里不对、怎么改。不会往任何群里发消息。"""
    from config.settings import Settings

    found = asyncio.run(_examined(Settings(), only))
    if as_json:
        rows = [{"platform": name, **dataclasses.asdict(finding)} for name, finding in found]
        typer.echo(json.dumps(rows, ensure_ascii=False))
    else:
        for name, finding in found:
            unsure = "（不能完全确定）" if finding.unsure else ""
            typer.echo(f"{_MARKS[finding.health]} {name} · {finding.sentence}{unsure}")
        if not any(name != "model" for name, _ in found) and only != "model":
            typer.echo("还没有接任何聊天平台。按 docs/integrations/wecom.md 或 dingtalk.md 配一个。")
    if any(finding.health is Health.BAD for _, finding in found):
        raise typer.Exit(1)


async def _examined(settings: object, only: str) -> list[tuple[str, Finding]]:
    found = await examine_installation(settings) if only != "model" else []
    if only in ("", "model"):
        found += await examine_second_reader(settings, always=bool(only))
    return [(name, finding) for name, finding in found if only in ("", name)]


async def examine_second_reader(settings: object, *, always: bool) -> list[tuple[str, Finding]]:
    """The language model: what it can do, what it has cost, whether it rests. Nothing without one, unless `always`."""
    from bot.bootstrap import open_house
    from bot.second_reader import examine_model, wanted
    from config.logging import configure
    from config.settings import Settings

    assert isinstance(settings, Settings)  # noqa: S101 (imported late: commands start fast)
    if wanted(settings) is None and not always:
        return []
    configure("ERROR")  # what is printed is the findings alone
    house = open_house(settings, chats={})
    try:
        return [("model", finding) for finding in await examine_model(settings, house.desk)]
    finally:
        await house.close()


async def examine_installation(settings: object) -> list[tuple[str, Finding]]:
    """Build the chat platforms of the settings file, look at them and leave nothing behind. Raises BadInput."""
    from bot.bootstrap import open_storage
    from bot.connections import connect_chats
    from bot.tokens import StoredTokens
    from config.settings import Settings
    from domain.clock import SystemClock

    assert isinstance(settings, Settings)  # noqa: S101 (imported late: commands start fast)
    if not settings.connectors().get("chats"):
        return []
    clock = SystemClock()
    store, _, keys = open_storage(settings, clock)
    try:
        bound = await store.read(lambda r: r.people.chats())
        groups = {name: [each.chat_id for each in bound if each.platform == name] for name in settings.connectors()["chats"]}
        return await examine(connect_chats(settings.connectors(), clock=clock, tokens=StoredTokens(store, keys)), groups)
    finally:
        await store.close()


async def examine(chats: Mapping[str, Chat], groups: Mapping[str, Sequence[str]] | None = None) -> list[tuple[str, Finding]]:
    """(platform, finding) for each platform whose connector offers `diagnose`; closes every connector.

    `groups` are the conversations that are bound on each platform: the robot should still be in them.
    """
    from integrations import registry

    found: list[tuple[str, Finding]] = []
    for name, chat in chats.items():
        look = getattr(registry.load(name), "diagnose", None)
        try:
            if look is not None:
                found += [(name, finding) for finding in await look(chat, (groups or {}).get(name, ()))]
        finally:
            close = getattr(chat, "aclose", None)
            if close is not None:
                await close()
    return found
