"""`xiaodan new-connector`: folder, emulator, harness, docs page and a scorecard full of "todo" for a new platform."""

from __future__ import annotations

import keyword
import re
import sys
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Annotated

import typer

import integrations._kit
from domain.errors import BadInput

_TEMPLATES = Path(integrations._kit.__file__).parent / "template"  # noqa: SLF001 (the folder's name, not a private member)
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
RULES = (
    "card-valid", "card-honest", "settings-named", "signature-independent", "mapping-total", "money-exact", "time-utc",
    "paging-complete", "errors-named", "samples-sourced", "docs-setup", "no-import-cost", "resumes-anywhere",
    "shifting-window", "keeps-pace", "one-refresh", "asks-for-grant", "says-it-once", "private", "leaves-nothing",
    "never-blocks", "same-key-once", "doubt-kept", "looks-before-repeating", "refusal-explained", "push-authentic",
    "push-acknowledged", "diagnostics-redacted", "trouble-shooting", "sandbox-run", "load-run", "owner-named",
)  # fmt: skip


class NewKind(StrEnum):
    CHANNEL = "channel"
    CARRIER = "carrier"
    CHAT = "chat"


_CAPABILITIES = {
    NewKind.CHANNEL: ("orders.pull", "orders.fetch"),
    NewKind.CARRIER: ("tracks.query",),
    NewKind.CHAT: ("chat.send", "chat.receive"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("new-connector")(new_connector)


def new_connector(
    name: Annotated[str, typer.Argument(help="文件夹名：小写字母、数字、下划线，如 shopee")],
    kind: Annotated[NewKind, typer.Option(help="哪一类平台")] = NewKind.CHANNEL,
    into: Annotated[Path, typer.Option(help="项目根目录")] = Path(),
) -> None:
    """为一个新平台搭好连接器的骨架。"""
    try:
        made = scaffold(name, kind, into.resolve())
    except BadInput as problem:
        typer.echo(problem.sentence, err=True)
        raise typer.Exit(2) from problem
    for path in made:
        typer.echo(f"+ {path.relative_to(into.resolve())}")
    typer.echo(f"接下来：.venv/bin/pytest tests/integrations/{name} 会逐条说明还要补什么。")


def scaffold(name: str, kind: NewKind, root: Path) -> list[Path]:
    """Write the files; gives their paths. Overwrites nothing. Raises BadInput with what to do instead."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise BadInput("名字要用小写字母开头，只含小写字母、数字和下划线，2 到 31 个字符")
    if name in sys.stdlib_module_names:
        raise BadInput(f"“{name}”和 Python 标准库重名，请换一个")
    if not (root / "integrations" / "_kit").is_dir():
        raise BadInput("这里不是小单的项目目录，请用 --into 指到有 integrations/ 的目录")
    files = _files(name, kind)
    if taken := [path for path in files if (root / path).exists()]:
        raise BadInput(f"已经有 {taken[0]} 了，没有改动任何文件")
    values = {
        "name": name,
        "kind": kind.value,
        "class_name": "".join(part.title() for part in name.split("_")),
        "capabilities": ", ".join(f'"{capability}"' for capability in _CAPABILITIES[kind]),
        "rules": "\n".join(f'{rule} = "todo"' for rule in RULES),
    }
    made = []
    for path, template in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (_TEMPLATES / f"{template}.tmpl").read_text("utf-8") if template else ""
        target.write_text(Template(text).substitute(values), "utf-8")
        made.append(target)
    return made


def _files(name: str, kind: NewKind) -> dict[str, str]:
    """Path in the project -> template, "" for an empty file."""
    folder = f"integrations/{name}"
    return {
        f"{folder}/__init__.py": "init.py",
        f"{folder}/manifest.toml": "manifest.toml",
        f"{folder}/quality.toml": "quality.toml",
        f"{folder}/settings.py": "settings.py",
        f"{folder}/wire.py": "wire.py",
        f"{folder}/client.py": "client.py",
        f"{folder}/mapping.py": "mapping.py",
        f"{folder}/{kind.value}.py": f"{kind.value}.py",
        f"emulators/{name}/__init__.py": "emulator.py",
        f"tests/conformance/harness_{name}.py": "harness.py",
        f"tests/integrations/{name}/__init__.py": "",
        f"tests/integrations/{name}/test_todo.py": "test_todo.py",
        f"docs/integrations/{name}.md": "docs.md",
    }
