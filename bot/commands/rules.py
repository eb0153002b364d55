"""`xiaodan rules test|rehearse|apply|rollback`: change a warning rule without surprising anybody."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from domain.rules import RuleBook

Json = Annotated[bool, typer.Option("--json", help="输出 JSON")]


def register(app: typer.Typer) -> None:
    rules = typer.Typer(help="提醒规则：检查、演练、生效、退回。", no_args_is_help=True)
    rules.command("test")(check)
    rules.command("rehearse")(rehearse)
    rules.command("apply")(apply)
    rules.command("rollback")(rollback)
    app.add_typer(rules, name="rules")


def check(file: Path, as_json: Json = False) -> None:
    """检查一份规则文件：读不懂的、永远不会响的、互相盖住或冲突的、没写全的。"""
    from bot.rule_files import load
    from domain.rule_lint import lint

    book = load(file)
    found = lint(book)
    if as_json:
        typer.echo(json.dumps({"rules": len(book.rules), "problems": [asdict(each) for each in found]}, ensure_ascii=False))
    else:
        for each in found:
            typer.echo(str(each))
        typer.echo(f"{len(book.rules)} 条规则，{f'{len(found)} 处要改' if found else '没有发现问题'}。")
    if found:
        raise typer.Exit(1)


def rehearse(
    file: Path, days: Annotated[int, typer.Option(min=1, max=366, help="回放多少天")] = 30, as_json: Json = False
) -> None:
    """拿过去的订单演练一份规则：会响多少次，和现在的规则比。只读，不发出任何提醒。"""
    from bot.bootstrap import open_storage
    from bot.rule_files import RuleFiles, load
    from config.settings import Settings
    from domain.clock import SystemClock

    settings = Settings()
    trial, current = load(file), load(RuleFiles(settings.data_dir).active)
    clock = SystemClock()
    store, _, _ = open_storage(settings, clock)
    try:
        result = compare(store, trial, current, days, clock.now())
    finally:
        asyncio.run(store.close())
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    for each in result["rules"]:
        if not each["possible"]:
            typer.echo(f"{each['rule']}：只看当下，没有历史可以回放")
            continue
        was = each["current"]
        before = f"现在 {was['fired']:,} 次 {was['messages']:,} 条" if was else "现在没有这条"
        typer.echo(f"{each['rule']} v{each['version']}：{each['fired']:,} 次，约 {each['messages']:,} 条消息（{before}）")
    typer.echo(f"回放 {days} 天，没有发出任何提醒。")
    for problem in result["problems"]:
        typer.echo(f"没有演练 {problem}", err=True)


def compare(store: Any, trial: RuleBook, current: RuleBook, days: int, now: Any) -> dict[str, Any]:
    """Both books over the same history, in one read. Rules that could not be read are listed, not replayed."""
    from handlers.rehearsal import rehearse as replay

    def work(reads: Any) -> tuple[list[Any], dict[str, Any]]:
        mine = replay(reads, trial, now, days=days)
        theirs = {each.rule: each.to_json() for each in replay(reads, current, now, days=days)}
        return mine, theirs

    mine, theirs = store.read_now(work)
    return {
        "days": days,
        "rules": [{**each.to_json(), "current": theirs.get(each.rule)} for each in mine],
        "dropped": sorted(set(theirs) - {each.rule for each in mine}),
        "problems": [str(problem) for problem in trial.problems],
    }


def apply(
    file: Path,
    force: Annotated[bool, typer.Option(help="有疑点（不是错误）也生效")] = False,
    as_json: Json = False,
) -> None:
    """让一份规则生效。读不懂的一条也不放过；正在运行的服务几秒内改用它。"""
    from bot.rule_files import RuleFiles, faults
    from config.settings import Settings
    from domain.errors import BadInput

    settings = Settings()
    book, found = faults(file)
    if book.problems or (found and not force):
        raise BadInput("没有生效：\n" + "\n".join(found))
    version = _enforce(RuleFiles(settings.data_dir), settings, file.read_text("utf-8"), "rules.apply", {"file": file.name})
    _said(
        as_json, version, len(book.rules), f"第 {version} 版已生效，{len(book.rules)} 条规则；正在运行的服务几秒内改用它。"
    )


def rollback(
    to: Annotated[int | None, typer.Option(help="退回到哪一版；不写就是上一版")] = None, as_json: Json = False
) -> None:
    """退回到以前的一版。退回也记作新的一版，什么都不会丢。"""
    from bot.rule_files import RuleFiles
    from config.rulebook import read_rules
    from config.settings import Settings
    from domain.rules import RuleBook

    settings = Settings()
    files = RuleFiles(settings.data_dir)
    wanted, text = files.previous(to)
    book = RuleBook.parse(read_rules(text))
    version = _enforce(files, settings, text, "rules.rollback", {"to": wanted})
    _said(
        as_json, version, len(book.rules), f"已退回第 {wanted} 版的内容，记作第 {version} 版；正在运行的服务几秒内改用它。"
    )


def _said(as_json: bool, version: int, rules: int, sentence: str) -> None:
    typer.echo(json.dumps({"version": version, "rules": rules}) if as_json else sentence)


def _enforce(files: Any, settings: Any, text: str, action: str, after: dict[str, Any]) -> int:
    """The file first, then the record: a crash in between leaves a version without a record, never the reverse."""
    import getpass
    import hashlib

    from bot.bootstrap import open_storage
    from domain.clock import SystemClock
    from domain.store import AuditEntry

    clock = SystemClock()
    version: int = files.apply(text)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    entry = AuditEntry(
        clock.now(),
        f"operator:{getpass.getuser()}",
        action,
        f"rules:{version}",
        after={**after, "sha256": digest},
        surface="cli",
    )
    store, _, _ = open_storage(settings, clock)
    try:
        store.write_now(lambda u: u.audit.record(entry))
    finally:
        asyncio.run(store.close())
    return version
