"""The set-up pages of the chat platforms are true: their settings build, their minutes add up, doctor says what they quote."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.connections import build
from domain.clock import SystemClock
from integrations._kit.tokens import MemoryTokens

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "integrations"
PAGES = sorted(
    path.name for name in ("wecom", "dingtalk") for path in FOLDER.glob(f"{name}-*.md") if path.name.count("-") == 1
)
MODES = {"wecom": {"socket", "callback", "app", "robot"}, "dingtalk": {"stream", "http", "cards", "webhook"}}


def platform_of(page: str) -> str:
    return page.partition("-")[0]


def text_of(page: str) -> str:
    return (FOLDER / page).read_text("utf-8")


def test_every_mode_has_its_page_and_the_platforms_page_leads_there() -> None:
    for name, modes in MODES.items():
        assert {page.removeprefix(f"{name}-").removesuffix(".md") for page in PAGES if platform_of(page) == name} == modes
        main = text_of(f"{name}.md")
        assert [mode for mode in modes if f"({name}-{mode}.md)" not in main] == []


@pytest.mark.parametrize("page", PAGES)
async def test_the_settings_of_a_page_build_a_connector(page: str) -> None:
    (block,) = re.findall(r"```toml\n(.+?)```", text_of(page), re.DOTALL)
    section: dict[str, Any] = tomllib.loads(block)["chats"][platform_of(page)]
    made = build(platform_of(page), section, "chats.x", clock=SystemClock(), tokens=MemoryTokens())
    await made.connector.aclose()


@pytest.mark.parametrize("page", PAGES)
def test_it_takes_no_longer_than_the_page_says(page: str) -> None:
    text = text_of(page)
    promised = re.search(r"(\d+) ?(?:minutes|分钟)", text.splitlines()[0])
    assert promised is not None
    assert sum(int(minutes) for minutes in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)) <= int(promised[1])


@pytest.mark.parametrize("page", PAGES)
def test_what_doctor_is_quoted_with_it_really_says(page: str) -> None:
    name = platform_of(page)
    code = "".join((ROOT / "integrations" / name / each).read_text("utf-8") for each in SAYING[name])
    told = text_of(page).partition("`xiaodan doctor` says")[2]
    quoted = re.findall(r"「([^」]+)」", "\n".join(line.split("|")[1] for line in told.splitlines() if line.count("|") >= 3))
    assert quoted
    assert [words for words in quoted if words not in code] == []


SAYING = {"wecom": ("diagnose.py",), "dingtalk": ("diagnose.py", "quota.py")}
