"""Rules of the house that generic linters do not know. Each: one walk, one sentence why."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "config", "domain", "emulators", "handlers", "integrations", "scheduler", "storage")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
CEILING = 600


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))


def test_no_module_is_named_like_a_standard_one() -> None:
    """Running a file inside such a folder would shadow the library."""
    allowed = {"calendar", "logging", "http", "tokens", "stats"}  # inside packages, only ever imported absolutely
    clashes = [
        str(path)
        for path, _ in trees()
        if path.stem in sys.stdlib_module_names and path.stem not in allowed | {"__init__", "__main__"}
    ]
    assert clashes == []


def test_packages_all_come_from_this_folder() -> None:
    """Another distribution could ship a package called config: two of one name means half of each."""
    for package in PACKAGES:
        found = sys.modules.get(package) or __import__(package)
        assert Path(str(found.__file__)).resolve().is_relative_to(ROOT)


def test_every_module_says_what_it_is() -> None:
    silent = [str(path) for path, tree in trees() if tree.body and ast.get_docstring(tree) is None]
    assert silent == []


def test_modules_stay_small_enough_to_read() -> None:
    long = {str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text("utf-8").splitlines())) > CEILING}
    assert long == {}


def _reads_the_clock(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date"}
    )


def test_time_comes_from_the_clock() -> None:
    """A hidden clock cannot be moved by a test, a rehearsal or the demo."""
    allowed = {"domain/clock.py", "emulators/kit.py"}
    hidden: list[str] = []
    for path, tree in trees():
        if str(path) in allowed or path.parts[:2] == ("bot", "commands"):
            continue
        hidden.extend(f"{path}:{getattr(node, 'lineno', 0)}" for node in ast.walk(tree) if _reads_the_clock(node))
    assert hidden == []


def test_every_pattern_compiles() -> None:
    """A pattern that is only reached by a rare sentence would fail in front of a person."""
    broken = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ):
                try:
                    re.compile(node.args[0].value)
                except re.error as wrong:
                    broken.append(f"{path}:{node.lineno} {wrong}")
    assert broken == []


def test_nothing_prints_but_commands() -> None:
    printing = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        if path.parts[:2] != ("bot", "commands")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_no_error_is_swallowed_without_a_word() -> None:
    """`except X: pass` hides the very thing the next person looks for; contextlib.suppress names it at least."""
    silent = [
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and len(node.body) == 1
        and isinstance(node.body[0], ast.Pass)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}))
    ]
    assert silent == []


@pytest.mark.parametrize("folder", sorted({p.parent for p in (ROOT / "tests").rglob("*.py")}), ids=str)
def test_every_test_folder_is_a_package(folder: Path) -> None:
    """tests/bot without its __init__ would be imported as `bot`."""
    assert (folder / "__init__.py").exists()


def test_versions_agree() -> None:
    declared = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    newest = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert declared
    assert newest
    assert declared[1] == newest[1]


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    missing = [path.name for path in folder.glob("0*.md") if path.name not in index]
    assert missing == []
