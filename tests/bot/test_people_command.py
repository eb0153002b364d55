"""`xiaodan people …` on the command line, and what the settings file may say of people."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.directory import directory_rules
from domain.errors import BadInput
from domain.people import Role

TOML = '[people."陈店长"]\nroles = ["manager"]\naccounts = ["console:chen"]\n'
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("XIAODAN_DATA_DIR", str(tmp_path))
    (tmp_path / "xiaodan.toml").write_text(TOML, "utf-8")

    def call(*words: str) -> Any:
        done = CliRunner().invoke(app, ["people", *words, "--json"])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return json.loads(done.stdout)

    return call


def test_somebody_is_invited_listed_and_revoked(run: Run) -> None:
    given = run("invite", "李四", "--role", "仓管", "--role", "purchasing")
    assert len(given["code"]) == 6
    assert given["roles"] == ["purchasing", "warehouse"]
    listed = {row["name"]: row for row in run("list")}
    assert listed["陈店长"]["active"]
    assert listed["陈店长"]["accounts"] == ["console:chen"]
    assert (listed["李四"]["active"], listed["李四"]["kept_out"]) == (False, ["invited"])
    assert given["code"] not in json.dumps(listed)
    gone = run("revoke", str(listed["陈店长"]["person_id"]))
    assert gone == {"person_id": listed["陈店长"]["person_id"], "name": "陈店长", "active": False}
    assert not {row["name"]: row for row in run("list")}["陈店长"]["active"]  # the settings file lets nobody in again


@pytest.mark.parametrize(
    "words",
    [("invite", "李四"), ("invite", "李四", "--role", "皇帝"), ("invite", "李四", "--role", "客服", "--warehouse", "月球"),
     ("revoke", "没有这人"), ("revoke", "99")],
)  # fmt: skip
def test_what_cannot_be_done_is_said(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(BadInput) as no:
        run(*words)
    assert no.value.sentence


def test_without_a_directory_there_is_nothing_to_sync(run: Run) -> None:
    assert run("sync") == []


def test_the_directory_section_is_read() -> None:
    rules = directory_rules({"directory": {"roles": {"客服部": "客服", "仓/杭": ["warehouse", "采购"]}, "every_minutes": 5}})
    assert rules.roles == {"客服部": {Role.SERVICE}, "仓/杭": {Role.WAREHOUSE, Role.PURCHASING}}
    assert rules.every_minutes == 5
    assert directory_rules({}).roles == {}


@pytest.mark.parametrize(
    "section",
    [{"roles": {"客服部": "皇帝"}}, {"roles": {"客服部": []}}, {"roles": ["客服部"]}, {"roles": {"客服部": 3}}, {"rolls": {}},
     {"every_minutes": 0}, {"every_minutes": True}],
)  # fmt: skip
def test_a_wrong_directory_section_is_named(section: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"\[directory\]"):
        directory_rules({"directory": section})
