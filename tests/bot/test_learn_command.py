"""`xiaodan learn`: lists, exports cases that `ask --batch` reads, and verifies everything again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from config.settings import Settings
from domain.clock import SystemClock
from domain.learning import Heard
from domain.understand.proven import sentences


def taught(folder: Path, *wordings: tuple[str, str, str]) -> None:
    """(skeleton, sample, intent) of each, as an administrator would have taught it."""
    from bot.bootstrap import open_storage

    clock = SystemClock()
    store, _, _ = open_storage(Settings(data_dir=folder), clock)
    now = clock.now()
    try:
        for skeleton, sample, intent in wordings:
            heard = Heard(skeleton, sample, "zh", ("help",))
            store.write_now(lambda u, h=heard: u.lessons.hear(h, now))  # type: ignore[misc]
            one = store.read_now(lambda r: r.lessons.unheard())[0]
            if intent:
                store.write_now(lambda u, o=one, i=intent: u.lessons.teach(o, i, "陈店长", now))  # type: ignore[misc]
    finally:
        store.close_now()


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["learn", *arguments])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XIAODAN_DATA_DIR", str(tmp_path))
    return tmp_path


def test_what_was_taught_is_listed_exported_and_holds(folder: Path) -> None:
    taught(
        folder,
        ("我那玩意儿没影了咋办", "我那玩意儿没影了咋办", "where_is_order"),
        ("某某的玩意儿没影了", "<姓名>的玩意儿没影了", "where_is_order"),
        ("那玩意儿凉凉", "那玩意儿凉凉", ""),
    )
    listed = json.loads(run("list", "--json").stdout)
    assert [each["text"] for each in listed["unheard"]] == ["那玩意儿凉凉"]
    assert [each["intent"] for each in listed["lessons"]] == ["where_is_order"] * 2
    lines = [json.loads(line) for line in run("export").stdout.splitlines()]
    assert [line["text"] for line in lines] == ["我那玩意儿没影了咋办", "王小明的玩意儿没影了"]
    checked = run("verify", "--json")
    assert checked.exit_code == 0, checked.stdout
    assert json.loads(checked.stdout) == {"built_in": len(sentences()), "lessons": 2, "failed": [], "ok": True}
    cases = folder / "cases.jsonl"
    cases.write_text(run("export").stdout, encoding="utf-8")
    asked = CliRunner().invoke(app, ["ask", "--batch", str(cases)])
    assert [json.loads(line)["intent"] for line in asked.stdout.splitlines()] == ["where_is_order"] * 2


def test_what_was_read_wrong_is_listed_apart_and_its_lesson_is_verified_too(folder: Path) -> None:
    from bot.bootstrap import open_storage

    clock = SystemClock()
    store, _, _ = open_storage(Settings(data_dir=folder), clock)
    now = clock.now()
    for wording, times in (("那批货到哪了", 2), ("新到的那批货到哪了", 1)):
        kept = Heard(wording, wording, "zh", (), "where_is_order")
        for _ in range(times):
            store.write_now(lambda u, h=kept: u.lessons.hear(h, now))  # type: ignore[misc]
        store.write_now(lambda u, h=kept: u.lessons.meant(h.skeleton, "stock"))  # type: ignore[misc]
    one = store.read_now(lambda r: r.lessons.unheard())[0]
    store.write_now(lambda u: u.lessons.teach(one, "stock", "陈店长", now))
    store.close_now()
    listed = json.loads(run("list", "--json").stdout)
    (wrong,), (lesson,) = listed["unheard"], listed["lessons"]
    assert (wrong["text"], wrong["read_as"], wrong["meant"]) == ("新到的那批货到哪了", "where_is_order", {"stock": 1})
    assert (lesson["text"], lesson["read_as"], lesson["intent"]) == ("那批货到哪了", "where_is_order", "stock")
    words = run("list").stdout
    assert "读错的 1 句" in words
    assert "没听懂的 0 句" in words
    assert json.loads(run("verify", "--json").stdout)["ok"] is True
    cases = folder / "cases.jsonl"
    cases.write_text(run("export").stdout, encoding="utf-8")
    asked = CliRunner().invoke(app, ["ask", "--batch", str(cases)])
    assert [json.loads(line)["intent"] for line in asked.stdout.splitlines()] == ["stock"]


def test_a_wrong_answer_on_the_command_line_is_corrected_there_too(folder: Path) -> None:
    def ask(text: str) -> str:
        return CliRunner().invoke(app, ["ask", text]).stdout

    ask("那批货到哪了")
    assert "查库存" in ask("不是这个意思")
    assert "哪个货" in ask("我问的是查库存")
    (wrong,) = json.loads(run("list", "--json").stdout)["unheard"]
    assert (wrong["read_as"], wrong["meant"], wrong["count"]) == ("where_is_order", {"stock": 1}, 1)


def test_a_lesson_that_does_not_hold_any_more_is_named_and_the_status_says_so(folder: Path) -> None:
    taught(folder, ("我要退款", "我要退款", "stock"))  # got in by another way: the parser reads it by itself
    checked = run("verify", "--json")
    assert checked.exit_code == 1
    (failed,) = json.loads(checked.stdout)["failed"]
    assert (failed["text"], failed["wanted"], failed["got"]) == ("我要退款", "stock", "request_refund")
