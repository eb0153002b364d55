"""`xiaodan address` and `xiaodan waybill`: what the parser knows about one address or one number. No store, no network."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("address")(address)
    app.command("waybill")(waybill)


def address(
    text: Annotated[str, typer.Argument(help="一个地址")],
    other: Annotated[str | None, typer.Argument(help="第二个地址：再给出两地相距多少公里")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """读一个中国地址：省、市、区、代码、坐标、剩下的门牌；撤销或改名的区另给出现在是哪里。"""
    from domain.address import distance_km, parse, same_place

    first = parse(text)
    answer: dict[str, object] = asdict(first)
    second = parse(other) if other is not None else None
    if second is not None:
        distance = distance_km(first, second)
        answer["km"] = None if distance is None else round(distance, 6)  # 300.04 km are more than 300
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        typer.echo(f"{first.province} {first.city} {first.district} {first.detail}".strip() or "没认出是哪里。")
        if first.today is not None:
            typer.echo(f"现在：{first.today.district}（{first.today.adcode}）")
        if second is not None:
            one = "，现在是同一个地方" if same_place(first, second) else ""
            typer.echo(f"相距 {distance:.1f} 公里{one}" if distance is not None else "有一个地址没认出来，算不了距离。")
    if not first.adcode or (second is not None and not second.adcode):
        raise typer.Exit(1)


def waybill(
    number: Annotated[str, typer.Argument(help="运单号")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """这个运单号可能是哪家快递的，最像的在前。"""
    from domain.waybill import candidates

    guesses = candidates(number)
    if as_json:
        typer.echo(json.dumps([asdict(guess) for guess in guesses], ensure_ascii=False))
        return
    for guess in guesses:
        typer.echo(f"{guess.carrier}  {guess.confidence:.0%}  {guess.why}")
    if not guesses:
        typer.echo("没有哪家的运单号长这样，再核对一下？")
