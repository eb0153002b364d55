"""The parser against sentences of our own (cases.jsonl): intents, order numbers, and never a risky intent where it must not be."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.understand import understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HERE = Path(__file__).parent / "cases.jsonl"
ROWS: list[dict[str, Any]] = [json.loads(line) for line in HERE.read_text(encoding="utf-8").splitlines()]
DEV = Path(__file__).parents[4] / "shared" / "data" / "utterances-dev.jsonl"


def test_the_set_is_large_and_in_both_languages() -> None:
    languages = Counter(row["lang"] for row in ROWS)
    assert len(ROWS) >= 3000
    assert min(languages.values()) >= 900


@pytest.mark.parametrize(("lang", "floor"), [("zh", 0.99), ("en", 0.99)])
def test_sentences_are_read_as_what_they_ask_for(lang: str, floor: float) -> None:
    rows = [row for row in ROWS if row["lang"] == lang]
    wrong = [
        (row["text"], row["intent"], got)
        for row in rows
        if (got := understand(row["text"], now=NOW).intent.value) not in {row["intent"], *row.get("also_ok", [])}
    ]
    assert 1 - len(wrong) / len(rows) >= floor, wrong


def test_no_sentence_starts_a_risky_thing_that_it_does_not_ask_for() -> None:
    started = [
        (row["text"], got)
        for row in ROWS
        if (got := understand(row["text"], now=NOW).intent.value) in row.get("must_not", [])
    ]
    assert started == []


def test_order_numbers_are_taken_exactly() -> None:
    rows = [row for row in ROWS if "slots" in row]
    assert rows
    for row in rows:
        assert understand(row["text"], now=NOW).slots.order_no == row["slots"]["order_no"], row["text"]


@pytest.mark.parametrize("wrapper", ["{}", "客户说：{}", "转发：{}", "  {}!!", "亲，{}"])
def test_a_wrapper_never_makes_a_chinese_sentence_risky(wrapper: str) -> None:
    for row in ROWS:
        if row["lang"] == "zh" and "must_not" in row and row["intent"] != "approve":
            assert understand(wrapper.format(row["text"]), now=NOW).intent.value not in row["must_not"], row["text"]


@pytest.mark.skipif(not DEV.exists(), reason="the utterances of others are not beside the project")
def test_other_peoples_sentences_never_start_what_they_must_not() -> None:
    for line in DEV.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert understand(row["text"], now=NOW).intent.value not in row.get("must_not", []), row["text"]
