"""`xiaodan bench`: the figures that the README claims, each measured beside its anchor in one run."""

from __future__ import annotations

import json
from typing import Annotated

import typer

NAMES = "dispatch ask ingest accept drain http callbacks memory start chart report kpi crypto deadlines"


def register(app: typer.Typer) -> None:
    app.command("bench")(bench)


def bench(
    name: Annotated[str, typer.Argument(help=f"{NAMES}，或 all")],
    orders: Annotated[str, typer.Option(help="多少单，逗号分开")] = "10000,100000",
    postgres: Annotated[str, typer.Option(help="PostgreSQL 地址；不给就自己起一个，起不了就只测 SQLite；off 为不测")] = "",
    quick: Annotated[bool, typer.Option(help="少跑几轮，给持续集成用")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="每个结果一行 JSON")] = False,
) -> None:
    """量一量：我们的路和它的参照在同一轮里交替跑，看比值。"""
    try:
        from benchmarks import CASES
        from benchmarks.report import table
    except ImportError as missing:
        typer.echo(f"测量要用开发环境里的库：{missing}。先运行 make setup。", err=True)
        raise typer.Exit(1) from None
    wanted = list(CASES) if name == "all" else [name]
    if any(each not in CASES for each in wanted):
        typer.echo(f"没有叫 {name} 的测量，现有：{' '.join(CASES)}", err=True)
        raise typer.Exit(2)
    sizes = [int(part) for part in orders.replace("_", "").split(",")]
    results = []
    for each in wanted:
        for line in CASES[each](sizes, postgres=postgres, quick=quick):
            results.append(line)
            if as_json:
                typer.echo(json.dumps(line, ensure_ascii=False))
    if not as_json:
        typer.echo(table(results))
    if not all(line["ok"] for line in results):
        raise typer.Exit(1)
