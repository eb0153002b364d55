"""Looking after an installation: `db upgrade|backup|restore|rotate-keys`, `audit verify`."""

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
    app.add_typer(database, name="db")
    audit = typer.Typer(help="操作记录。", no_args_is_help=True)
    audit.command("verify")(verify)
    app.add_typer(audit, name="audit")


def upgrade(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """把数据库升到这一版程序要的样子。"""
    from config.settings import Settings
    from storage import migrate

    settings = Settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    version = migrate(settings.database_url, data_dir=settings.data_dir)
    typer.echo(json.dumps({"version": version}) if as_json else f"数据库已是版本 {version}。")


def backup(dest: Path, as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """在线备份到一个文件；备份时照常收单。"""
    from bot.bootstrap import open_storage
    from config.settings import Settings
    from domain.clock import SystemClock
    from storage import backup as copy

    settings = Settings()
    store, _, _ = open_storage(settings, SystemClock())
    try:
        summary = copy(store, dest)
    finally:
        asyncio.run(store.close())
    typer.echo(json.dumps(summary, default=str) if as_json else f"已备份到 {dest}。")


def restore(
    source: Path,
    force: Annotated[bool, typer.Option(help="覆盖已有数据")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """从备份恢复；已有数据时要 --force。"""
    from config.settings import Settings
    from storage import restore as bring_back

    settings = Settings()
    summary = bring_back(source, settings.database_url, data_dir=settings.data_dir, force=force)
    typer.echo(json.dumps(summary, default=str) if as_json else "已恢复，并核对过条数。")


def rotate(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """用最新的钥匙重新加密全部个人信息。"""
    from bot.bootstrap import open_storage
    from config.settings import Settings
    from domain.clock import SystemClock
    from storage import rotate_keys

    store, _, _ = open_storage(Settings(), SystemClock())
    try:
        count = rotate_keys(store)
    finally:
        asyncio.run(store.close())
    typer.echo(json.dumps({"rewritten": count}) if as_json else f"已重新加密 {count} 条。")


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
