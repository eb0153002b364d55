"""`xiaodan learn list|export|verify`: what was not understood or read wrong, what was taught, and whether it all holds."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from domain.learning import Lesson
    from domain.store import Reads

T = TypeVar("T")
_JSON = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="没听懂的话和学会的话：列出、导出成用例、全部重验。", no_args_is_help=True)
    group.command("list")(list_)
    group.command("export")(export)
    group.command("verify")(verify)
    app.add_typer(group, name="learn")


def list_(as_json: _JSON = False) -> None:
    """列出没听懂的、读错的（次数多的在前）和学会的。里面没有个人信息。"""

    def look(r: Reads) -> dict[str, Any]:
        return {
            "unheard": [
                {
                    "id": each.unheard_id,
                    "text": each.sample,
                    "lang": each.lang,
                    "count": each.count,
                    "first_at": each.first_at.isoformat(),
                    "last_at": each.last_at.isoformat(),
                    "guesses": list(each.guesses),
                    "read_as": each.read_as,
                    "meant": dict(each.meant),
                }
                for each in r.lessons.unheard(limit=2_000)
            ],
            "lessons": [
                {
                    "id": each.lesson_id,
                    "text": each.sample,
                    "lang": each.lang,
                    "intent": each.intent,
                    "read_as": each.read_as,
                    "by": each.made_by,
                    "at": each.made_at.isoformat(),
                }
                for each in r.lessons.standing()
            ],
            "version": r.lessons.version(),
        }

    found = _ask(lambda reads, _now: look(reads))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    gaps = [each for each in found["unheard"] if not each["read_as"]]
    typer.echo(f"没听懂的 {len(gaps)} 句：")
    for each in gaps:
        typer.echo(f"  {each['count']:>4} 次  {each['text']}")
    typer.echo(f"读错的 {len(found['unheard']) - len(gaps)} 句：")
    for each in found["unheard"]:
        if each["read_as"]:
            meant = "，".join(f"{intent}×{count}" for intent, count in each["meant"].items()) or "没说"
            typer.echo(f"  {each['count']:>4} 次  {each['text']}：读成 {each['read_as']}，问的人说是 {meant}")
    typer.echo(f"学会的 {len(found['lessons'])} 条：")
    for each in found["lessons"]:
        over = f"不是 {each['read_as']}，是 " if each["read_as"] else ""
        typer.echo(f"  {each['text']} → {over}{each['intent']}（{each['by']}）")


def export(as_json: _JSON = False) -> None:
    """把学会的话写成用例，一行一个 JSON，`xiaodan ask --batch` 能直接读。"""
    from handlers.learning_check import example_of

    del as_json  # lines of JSON either way: taken so that every command takes it
    for lesson, text in _ask(lambda r, now: [(each, example_of(each, now)) for each in r.lessons.standing()]):
        typer.echo(json.dumps({"text": text, "lang": lesson.lang, "intent": lesson.intent}, ensure_ascii=False))


def verify(as_json: _JSON = False) -> None:
    """把自带的和学会的用例全部重读一遍；有一句不对就退出 1。"""
    from domain.understand.proven import sentences
    from handlers.learning_check import failures

    def work(r: Reads, now: datetime) -> tuple[list[Lesson], list[Any]]:
        lessons = r.lessons.standing()
        return lessons, list(failures(lessons, now))

    lessons, failed = _ask(work)
    if as_json:
        wrong = [{"text": each.text, "wanted": each.wanted, "got": each.got, "lesson": each.lesson_id} for each in failed]
        typer.echo(
            json.dumps(
                {"built_in": len(sentences()), "lessons": len(lessons), "failed": wrong, "ok": not failed},
                ensure_ascii=False,
            )
        )
    else:
        for each in failed:
            typer.echo(f"✗ {each.text}：应为 {each.wanted}，读成 {each.got}")
        typer.echo(f"自带 {len(sentences())} 句，学会 {len(lessons)} 条，不对 {len(failed)} 句。")
    if failed:
        raise typer.Exit(1)


def _ask(work: Callable[[Reads, datetime], T]) -> T:
    """One read on the store that the settings name."""
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings

    configure("ERROR")
    house = open_house(Settings())
    try:
        now = house.desk.clock.now()
        return house.desk.store.read_now(lambda r: work(r, now))
    finally:
        asyncio.run(house.close())
