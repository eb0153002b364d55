"""`xiaodan mcp`: the tools on stdio for an assistant, and the tokens that let assistants in."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="给同事自己的 AI 助手用的工具（MCP）：只能看和提议，不能审批。", invoke_without_command=True)
    group.callback()(serve)
    group.command("token")(token)
    group.command("tokens")(tokens)
    group.command("revoke")(revoke)
    app.add_typer(group, name="mcp")


def serve(context: typer.Context) -> None:
    """在标准输入输出上提供工具；令牌放环境变量 XIAODAN_MCP_TOKEN。"""
    if context.invoked_subcommand is not None:
        return
    secret = os.environ.get("XIAODAN_MCP_TOKEN", "")
    if not secret:
        typer.echo("没有令牌。先 xiaodan mcp token --as 姓名，再放进环境变量 XIAODAN_MCP_TOKEN。", err=True)
        raise typer.Exit(2)
    if (missing := without_library()) is not None:
        typer.echo(missing, err=True)
        raise typer.Exit(1)
    asyncio.run(_serve(secret))


def without_library() -> str | None:
    """What to say when the optional library is not installed; None when it is."""
    import importlib.util

    if importlib.util.find_spec("mcp") is not None:
        return None
    return "没有装 MCP 的库：pip install 'xiaodan[mcp]'，或 uv sync --extra mcp。"


async def _serve(secret: str) -> None:
    from bot.assistants.server import serve_stdio
    from bot.assistants.tokens import admit
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings

    configure("ERROR")  # to the error stream: the output stream is the protocol's
    house = open_house(Settings())
    try:
        now = house.desk.clock.now()
        await house.desk.store.read(lambda r: admit(r, secret, now))
        await serve_stdio(house, secret)
    finally:
        await house.close()


def token(
    as_user: Annotated[str, typer.Option("--as", help="给谁：姓名或账号")],
    scope: Annotated[list[str], typer.Option(help="read 看，propose 提议，personal 像私聊一样看")] = ["read"],  # noqa: B006
    days: Annotated[int, typer.Option(help="几天后失效")] = 30,
    label: Annotated[str, typer.Option(help="备注，比如用在哪个助手里")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """发一个令牌；只显示这一次。"""
    from bot.assistants.tokens import issue, scopes_of
    from bot.commands.asking import _find
    from domain.errors import BadInput

    scopes = scopes_of(scope)

    def work(store: Any, clock: Any) -> tuple[str, Any, Any]:
        person = store.read_now(lambda r: _find(r, as_user))
        if person is None:
            raise BadInput(f"没有叫 {as_user} 的人。")
        secret, kept = store.write_now(lambda u: issue(u, person, scopes, days, label, clock.now()))
        return secret, kept, person

    secret, kept, person = _with_store(work)
    if as_json:
        shown = _row(kept, person) | {"token": secret}
        typer.echo(json.dumps(shown, ensure_ascii=False))
    else:
        typer.echo(secret)
        typer.echo(
            f"{person.name} 的令牌 {kept.id}，{'、'.join(sorted(kept.scopes))}，{kept.expires_at:%Y-%m-%d} 失效。", err=True
        )


def tokens(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """列出发过的令牌：是谁的、能做什么、最后一次用、是否还有效。"""

    def work(store: Any, clock: Any) -> list[dict[str, Any]]:
        now = clock.now()
        found: list[dict[str, Any]] = store.read_now(
            lambda r: [_row(each, r.people.by_id(each.person_id), now) for each in r.access.everyone()]
        )
        return found

    rows: list[dict[str, Any]] = _with_store(work)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        state = "有效" if row["good"] else "失效"
        shown = (
            row["id"],
            row["person"],
            "、".join(row["scopes"]),
            state,
            f"最后用 {row['last_used_at'] or '—'}",
            row["label"],
        )
        typer.echo("  ".join(map(str, shown)))
    if not rows:
        typer.echo("还没有发过令牌。")


def revoke(
    token_id: Annotated[int, typer.Argument(help="xiaodan mcp tokens 里的编号")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """收回一个令牌，马上失效。"""
    from bot.assistants.tokens import revoke as take_back

    done = _with_store(lambda store, clock: store.write_now(lambda u: take_back(u, token_id, clock.now())))
    if as_json:
        typer.echo(json.dumps({"id": token_id, "revoked": done}))
    else:
        typer.echo("已收回。" if done else "没有这个令牌，或者早就收回了。", err=not done)
    if not done:
        sys.exit(1)


def _with_store(work: Any) -> Any:
    from bot.bootstrap import open_storage
    from config.settings import Settings
    from domain.clock import SystemClock

    clock = SystemClock()
    store, _, _ = open_storage(Settings(), clock)
    try:
        return work(store, clock)
    finally:
        store.close_now()


def _row(kept: Any, person: Any, now: Any = None) -> dict[str, Any]:
    good = kept.revoked_at is None and person is not None and person.active and (now is None or now < kept.expires_at)
    return {
        "id": kept.id,
        "person": person.name if person is not None else "",
        "scopes": sorted(kept.scopes),
        "label": kept.label,
        "created_at": kept.created_at.isoformat(),
        "expires_at": kept.expires_at.isoformat(),
        "revoked_at": kept.revoked_at.isoformat() if kept.revoked_at else None,
        "last_used_at": kept.last_used_at.isoformat() if kept.last_used_at else None,
        "good": good,
    }
