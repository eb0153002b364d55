"""docs/flows.md names code; a name that is gone would send a newcomer into the woods."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEP = re.compile(r"`([\w/]+\.py):(\w+)`")


def defined(path: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)}


def steps() -> list[tuple[str, str]]:
    return STEP.findall((ROOT / "docs" / "flows.md").read_text("utf-8"))


def test_every_step_of_the_flows_exists() -> None:
    lost = [f"{file}:{name}" for file, name in steps() if not (ROOT / file).exists() or name not in defined(ROOT / file)]
    assert lost == []


def test_the_four_lines_are_told() -> None:
    text = (ROOT / "docs" / "flows.md").read_text("utf-8")
    parts = text.split("\n## ")[1:]
    assert [part.splitlines()[0] for part in parts] == ["A question", "A click", "An alert", "Orders in"]
    assert all(len(STEP.findall(part)) >= 8 for part in parts)
