"""What nobody citable confirms is a switch of an emulated platform; each is tested in its default and another position, and listed."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from emulators.dingtalk.state import Switches as DingTalkSwitches
from emulators.wecom.state import Switches as WecomSwitches

ROOT = Path(__file__).parents[2]
PLATFORMS: dict[str, Any] = {"dingtalk": DingTalkSwitches, "wecom": WecomSwitches}


def shown_by(platform: str) -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Switch -> (test, positions it runs in)."""
    module = importlib.import_module(f"tests.emulators.{platform}.test_switches")
    return {each.switch: (name, each.positions) for name, each in vars(module).items() if hasattr(each, "switch")}


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_every_switch_is_tested_in_its_default_and_elsewhere(platform: str) -> None:
    tested = shown_by(platform)
    defaults = {field.name: field.default for field in dataclasses.fields(PLATFORMS[platform])}
    assert set(tested) == set(defaults)
    assert [name for name, (_, positions) in tested.items() if defaults[name] not in positions] == []
    assert [name for name, (_, positions) in tested.items() if len({repr(each) for each in positions}) < 2] == []


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_every_switch_is_used_by_the_emulator(platform: str) -> None:
    code = "".join(path.read_text("utf-8") for path in (ROOT / "emulators" / platform).glob("*.py"))
    unused = [field.name for field in dataclasses.fields(PLATFORMS[platform]) if not re.search(rf"\.{field.name}\b", code)]
    assert unused == []


@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_the_page_lists_every_switch_with_the_test_that_shows_it(platform: str) -> None:
    page = (ROOT / "docs" / "integrations" / f"{platform}.md").read_text("utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \|.*\| `(test_\w+)` \|$", page, re.MULTILINE))
    assert listed == {name: test for name, (test, _) in shown_by(platform).items()}
