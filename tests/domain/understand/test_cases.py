"""The parser against sentences of our own (`domain.understand.proven`): intents, order numbers, and never a risky intent where it must not be."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.understand import understand
from domain.understand.proven import Proven, sentences

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ROWS: tuple[Proven, ...] = sentences()
DEV = Path(__file__).parents[4] / "shared" / "data" / "utterances-dev.jsonl"


def test_the_set_is_large_and_in_both_languages_and_says_nothing_twice() -> None:
    languages = Counter(row.lang for row in ROWS)
    assert len(ROWS) >= 3000
    assert min(languages.values()) >= 900
    assert [text for text, count in Counter(row.text for row in ROWS).items() if count > 1] == []


@pytest.mark.parametrize(("lang", "floor"), [("zh", 0.99), ("en", 0.99)])
def test_sentences_are_read_as_what_they_ask_for(lang: str, floor: float) -> None:
    rows = [row for row in ROWS if row.lang == lang]
    wrong = [
        (row.text, row.intent.value, got.value)
        for row in rows
        if (got := understand(row.text, now=NOW).intent) not in row.may
    ]
    assert 1 - len(wrong) / len(rows) >= floor, wrong


def test_no_sentence_starts_a_risky_thing_that_it_does_not_ask_for() -> None:
    started = [(row.text, got.value) for row in ROWS if row.forbids(got := understand(row.text, now=NOW).intent)]
    assert started == []


def test_order_numbers_are_taken_exactly() -> None:
    rows = [row for row in ROWS if row.order_no is not None]
    assert rows
    for row in rows:
        assert understand(row.text, now=NOW).slots.order_no == row.order_no, row.text


@pytest.mark.parametrize(
    "wrapper",
    [
        "{}",
        "客户说：{}",
        "转发：{}",
        "  {}!!",
        "亲，{}",
        "请问{}",
        "{}，谢谢",
        "{}啊",
        "{}，急",
        "{}？？",
        "您好，请问{}，谢谢您",
    ],
)
def test_a_wrapper_never_makes_a_chinese_sentence_risky(wrapper: str) -> None:
    for row in ROWS:
        if row.lang == "zh":
            assert not row.forbids(understand(wrapper.format(row.text), now=NOW).intent), row.text


@pytest.mark.skipif(not DEV.exists(), reason="the utterances of others are not beside the project")
def test_other_peoples_sentences_never_start_what_they_must_not() -> None:
    for line in DEV.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert understand(row["text"], now=NOW).intent.value not in row.get("must_not", []), row["text"]
