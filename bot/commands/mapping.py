"""`xiaodan map`: what a platform's saved answer or push means, without network and without the store."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from domain import canonical
from domain.clock import SHANGHAI, SystemClock
from domain.errors import BadInput
from domain.money import Money
from domain.ports import Poison
from integrations import registry

MAX_FILE = 64 * 1024 * 1024


class What(StrEnum):
    ORDER = "order"
    AFTERSALE = "aftersale"
    TRACK = "track"
    PUSH = "push"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("map")(map_file)


def map_file(
    connector: Annotated[str, typer.Argument(help="哪个平台，如 douyin、pinduoduo、kuaidi100")],
    file: Annotated[str, typer.Argument(help="平台的原始回答（JSON 文件，- 表示标准输入）")],
    kind: Annotated[What, typer.Option(help="文件里是什么")] = What.ORDER,
    as_json: Annotated[bool, typer.Option("--json", help="输出规范化后的 JSON")] = False,
    shop: Annotated[str, typer.Option(help="写进结果里的店铺名")] = "",
) -> None:
    """把平台的原始数据读成小单的规范格式。"""
    if connector not in registry.manifests():
        known = "、".join(sorted(registry.manifests()))
        typer.echo(f"没有叫“{connector[:40]}”的连接器；现有：{known}", err=True)
        raise typer.Exit(2)
    try:
        found = mapped(connector, kind.value, _read(file), shop=shop)
    except BadInput as problem:
        typer.echo(problem.sentence, err=True)
        raise typer.Exit(1) from problem
    typer.echo(
        json.dumps(found[0] if len(found) == 1 else found, ensure_ascii=False) if as_json else "\n".join(map(_line, found))
    )


def mapped(connector: str, kind: str, payload: Any, *, shop: str) -> list[canonical.Json]:
    """Canonical JSON objects. Raises BadInput when the payload is not that platform's or nothing in it can be read."""
    module = registry.load(connector)
    if not hasattr(module, "canonical"):
        raise BadInput(f"{registry.manifests()[connector].name}没有可以读的业务数据")
    changes = module.canonical(kind, payload, shop=shop, now=SystemClock().now())
    unreadable = [change for change in changes if isinstance(change, Poison)]
    if unreadable and len(unreadable) == len(changes):
        raise BadInput(f"{len(unreadable)} 条数据都读不懂：{unreadable[0].reason}")
    return [canonical.to_json(change) for change in changes]


def _read(file: str) -> Any:
    try:
        raw = sys.stdin.buffer.read(MAX_FILE + 1) if file == "-" else _bytes(Path(file))
    except OSError as problem:
        raise BadInput(f"打不开文件：{problem.strerror}") from problem
    if len(raw) > MAX_FILE:
        raise BadInput("文件太大，最多 64 MB")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise BadInput("文件不是 JSON，请给平台返回的原始内容") from problem


def _bytes(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(MAX_FILE + 1)


def _line(found: canonical.Json) -> str:
    """One record in one line, for people."""
    number = found.get("number") or found.get("order_number") or found.get("waybill") or found.get("ref") or ""
    parts = [str(found["type"]), str(number), str(found.get("stage") or found.get("kind") or found.get("reason") or "")]
    amount = found.get("total", found.get("amount"))
    if amount is not None:
        parts.append(str(Money(amount, found["currency"])))
    if told := found.get("updated_at") or found.get("due_at") or found.get("requested_at"):
        parts.append(f"{datetime.fromisoformat(told).astimezone(SHANGHAI):%m-%d %H:%M}")
    if found.get("unmapped"):
        parts.append("读不懂：" + "，".join(found["unmapped"]))
    return "  ".join(part for part in parts if part)
