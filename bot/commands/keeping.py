"""Looking after an installation: `db upgrade|backup|restore|new-keys|rotate-keys`, `audit verify`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    database = typer.Typer(help="数据库：升级、备份、恢复、换钥匙。", no_args_is_help=True)
    database.command("upgrade")(upgrade)
    database.command("backup")(backup)
    database.command("restore")(restore)
    database.command("rotate-keys")(rotate)
    database.command("new-keys")(new_keys)
    app.add_typer(database, name="db")
    audit = typer.Typer(help="操作记录。", no_args_is_help=True)
    audit.command("verify")(verify)
    app.add_typer(audit, name="audit")


def upgrade(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """把数据库升到这一版程序要的样子。"""
    from config.settings import Settings
    from storage import migrate
    from storage.schema import version

    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    moved = migrate(settings.database_url, data_dir=settings.data_dir)
    at = version(settings.database_url, data_dir=settings.data_dir)
    if as_json:
        typer.echo(json.dumps({"version": at, "changed": moved}))
    else:
        typer.echo(f"数据库{'已升到' if moved else '已经是'}版本 {at}。")


def backup(dest: Path, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """在线备份到一个文件；备份时照常收单。钥匙（secrets.json）不在里面，要另外保管。"""
    from config.settings import Settings
    from domain.clock import SystemClock
    from storage.backup import backup as copy

    settings = Settings()
    summary = copy(settings.database_url, dest, data_dir=settings.data_dir, clock=SystemClock())
    typer.echo(json.dumps(summary, default=str) if as_json else f"已备份到 {dest}。钥匙要另外保管，没有钥匙读不出个人信息。")


def restore(
    source: Path,
    force: Annotated[bool, typer.Option(help="覆盖已有数据")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """从备份恢复；已有数据时要 --force。"""
    from config.settings import Settings
    from storage.backup import restore as bring_back

    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    summary = bring_back(settings.database_url, source, data_dir=settings.data_dir, force=force)
    typer.echo(json.dumps(summary, default=str) if as_json else "已恢复，并核对过条数。")


def rotate(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """用 XIAODAN_KEYS 里最前面的钥匙重新加密全部个人信息。"""
    from bot.bootstrap import open_storage
    from config.settings import Settings
    from domain.clock import SystemClock
    from storage.rotation import rotate_keys

    store, _, _ = open_storage(Settings(), SystemClock())
    try:
        count = rotate_keys(store)
    finally:
        asyncio.run(store.close())
    typer.echo(json.dumps({"rewritten": count}) if as_json else f"已重新加密 {count} 条。")


def new_keys(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """打印一套钥匙：已有的前面加一把新的，没有就是全新的。放进 XIAODAN_KEYS，再运行 rotate-keys。"""
    from config.settings import Settings, secrets_of
    from storage import Keys

    settings = Settings()
    kept = secrets_of(settings, lambda: Keys.generate().text())
    text = Keys.parse(kept.keys).rotated().text()
    typer.echo(json.dumps({"keys": text}) if as_json else text)


def verify(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """核对操作记录的链条：有没有被改、被删、被调换。"""
    from bot.bootstrap import open_storage
    from config.settings import Settings
    from domain.clock import SystemClock

    store, _, _ = open_storage(Settings(), SystemClock())
    try:
        whole, checked, trouble = store.read_now(lambda r: r.audit.verify())
    finally:
        asyncio.run(store.close())
    if as_json:
        typer.echo(json.dumps({"ok": whole, "entries": checked, "trouble": trouble}, ensure_ascii=False))
    else:
        typer.echo(f"{checked} 条记录，完整无改动。" if whole else f"记录有问题：{trouble}")
    if not whole:
        raise typer.Exit(1)
