from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.commands import connectors
from bot.commands.connectors import NewKind, scaffold
from domain.errors import BadInput
from tests.conformance.rules import RULES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder that has the shared code by link and takes new files."""
    for package in ("domain", "emulators", "integrations", "tests"):
        (tmp_path / package).mkdir()
        for path in (ROOT / package).iterdir():
            if path.name in ("__init__.py", "_kit", "registry.py", "kit.py") or (
                package == "domain" and path.suffix == ".py"
            ):
                (tmp_path / package / path.name).symlink_to(path)
    (tmp_path / "tests" / "conformance").mkdir()
    (tmp_path / "tests" / "integrations").mkdir()
    for name in ("__init__.py", "harness.py", "rules.py", "cases.py", "conftest.py", "test_card.py"):
        (tmp_path / "tests" / "conformance" / name).symlink_to(ROOT / "tests" / "conformance" / name)
    (tmp_path / "tests" / "integrations" / "__init__.py").write_text("")
    return tmp_path


def python(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *args], cwd=project, capture_output=True, text=True, check=False)


def test_the_scorecard_of_the_scaffold_has_every_rule() -> None:
    assert set(connectors.RULES) == set(RULES)


@pytest.mark.parametrize("kind", list(NewKind))
def test_the_new_folder_imports_cleanly_and_its_card_is_valid(project: Path, kind: NewKind) -> None:
    made = scaffold("mega_mall", kind, project)
    assert all(path.exists() for path in made)
    code = (
        "import warnings; warnings.simplefilter('error');"
        "import importlib, integrations.mega_mall, emulators.mega_mall, integrations.mega_mall.mapping, integrations.mega_mall.wire;"
        f"importlib.import_module('integrations.mega_mall.{kind.value}');"
        "from pathlib import Path; from integrations._kit.manifest import Manifest;"
        "print(Manifest.read(Path('integrations/mega_mall')).kind.value, integrations.mega_mall.__file__)"
    )
    result = python(project, "-c", code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[0] == kind.value
    assert result.stdout.split()[1].startswith(str(project))


def test_its_own_tests_say_what_to_fill(project: Path) -> None:
    scaffold("mega_mall", NewKind.CHANNEL, project)
    result = python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/integrations/mega_mall")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "mega_mall: paging-complete is still todo" in result.stdout
    assert "put a real answer into samples/" in result.stdout
    assert f"{len(RULES) + 1} failed" in result.stdout


def test_new_files_are_tidy(project: Path) -> None:
    made = [str(path) for kind in NewKind for path in scaffold(f"mall_{kind.value}", kind, project) if path.suffix == ".py"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    result = python(project, "-m", "ruff", "check", *config, *made)
    assert result.returncode == 0, result.stdout
    result = python(project, "-m", "ruff", "format", "--check", *config, *made)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", ["", "A", "Shopee", "9lives", "a-b", "../evil", "json", "class", "x" * 40, "商店"])
def test_names_that_cannot_be_packages_are_refused(project: Path, name: str) -> None:
    with pytest.raises(BadInput):
        scaffold(name, NewKind.CHANNEL, project)


def test_nothing_is_overwritten(project: Path) -> None:
    scaffold("mega_mall", NewKind.CHANNEL, project)
    card = project / "integrations" / "mega_mall" / "manifest.toml"
    card.write_text(card.read_text() + "# mine\n")
    with pytest.raises(BadInput, match="没有改动"):
        scaffold("mega_mall", NewKind.CARRIER, project)
    assert card.read_text().endswith("# mine\n")
    assert tomllib.loads(card.read_text())["kind"] == "channel"


def test_the_command_says_what_it_made_and_what_comes_next(project: Path) -> None:
    app = typer.Typer()
    connectors.register(app)
    app.callback()(lambda: None)
    result = CliRunner().invoke(app, ["new-connector", "mega_mall", "--kind", "carrier", "--into", str(project)])
    assert result.exit_code == 0
    assert "integrations/mega_mall/carrier.py" in result.stdout
    again = CliRunner().invoke(app, ["new-connector", "mega_mall", "--into", str(project)])
    assert (again.exit_code, again.stdout) == (2, "")
    elsewhere = CliRunner().invoke(app, ["new-connector", "mega_mall", "--into", str(project / "docs")])
    assert elsewhere.exit_code == 2
