"""Taught phrases: asked only where the parser is at a loss, never against a guard; what is kept of a message names nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.learning import example, heard
from domain.understand import EMPTY, RISKY, WISHES, Intent, Plan, understand
from domain.understand.learnt import (
    LOOKS,
    TEACHABLE,
    Phrase,
    Phrasebook,
    guards,
    learn_command,
    learnable,
    skeleton,
)
from domain.understand.proven import sentences

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def taught(**phrases: Intent) -> Phrasebook:
    return Phrasebook(1, [Phrase(n, skeleton(bare), bare, intent) for n, (bare, intent) in enumerate(phrases.items(), 1)])


def read(text: str, book: Phrasebook, context: Plan | None = None) -> Plan:
    return understand(text, now=NOW, context=context, lexicon=replace(EMPTY, phrases=book))


BOOK = taught(
    我那玩意儿没影了咋办=Intent.WHERE_IS_ORDER,
    某某的玩意儿没影了=Intent.WHERE_IS_ORDER,
    给整个新的呗=Intent.REQUEST_EXCHANGE,
)


@pytest.mark.parametrize(
    "text",
    [
        "我那玩意儿没影了咋办",
        "请问我那玩意儿没影了咋办？？",
        "你好，我那玩意儿没影了咋办呀",
        "我那玩意没影了咋办",  # one letter less
        "王小明的玩意儿没影了",
        "欧阳娜的玩意儿没影了！",
    ],
)
def test_a_taught_wording_is_read_as_it_was_taught(text: str) -> None:
    assert learnable(understand(text, now=NOW))
    plan = read(text, BOOK)
    assert (plan.intent, plan.note) == (Intent.WHERE_IS_ORDER, "learnt")


def test_a_taught_look_takes_the_order_talked_about() -> None:
    before = understand("6920123456789012345 付款时间", now=NOW)
    assert read("我那玩意儿没影了咋办", BOOK, before).slots.order_no == "6920123456789012345"


@pytest.mark.parametrize("text", ["我那玩意儿有影了咋办啊你说", "那玩意儿", "我那玩意儿没影了咋整呢到底"])
def test_two_letters_more_are_another_wording(text: str) -> None:
    assert read(text, BOOK).note != "learnt"


@pytest.mark.parametrize("text", ["别给整个新的呗", "不给整个新的呗", "给整个旧的呗"])
def test_a_draft_wants_its_very_wording_and_no_denial(text: str) -> None:
    assert read("给整个新的呗", BOOK).intent is Intent.REQUEST_EXCHANGE
    assert read(text, BOOK).intent not in RISKY


def test_no_phrase_changes_a_sentence_that_is_understood_or_guarded() -> None:
    """Even a book that holds every proven sentence as another intent changes only what the parser itself is unsure of."""
    changed = []
    for intent in (Intent.CANCEL_ORDER, Intent.STOCK):
        book = Phrasebook(1, [Phrase(n, skeleton(one.text), one.text, intent) for n, one in enumerate(sentences(), 1)])
        for one in sentences()[::7]:
            plan = understand(one.text, now=NOW)
            then = read(one.text, book)
            if then.intent is not plan.intent and not learnable(plan):
                changed.append(one.text)
            if intent in RISKY and then.note == "learnt":
                assert not guards(one.text), one.text
    assert changed == []


def test_what_may_be_taught_is_a_look_or_a_draft() -> None:
    assert not {Intent.APPROVE, Intent.REJECT, Intent.CREATE_ORDER, Intent.ALERT_ACK, Intent.KPI} & set(TEACHABLE)
    assert set(LOOKS).isdisjoint(RISKY)
    assert set(WISHES) >= RISKY - {Intent.APPROVE, Intent.REJECT, Intent.CREATE_ORDER}


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("王小明的玩意儿没影了咋办", "王小明"),
        ("那个啥 13812345678 的玩意儿咋整啊", "13812345678"),
        ("玩意儿 6920123456789012345 到底咋整", "6920123456789012345"),
        ("陈二狗住在杭州市西湖区文三路18号3幢201室咋整", "文三路18号"),
        ("whats with john's gizmo, john.smith@example.com", "example.com"),
    ],
)
def test_what_is_kept_of_a_message_names_nobody(text: str, hidden: str) -> None:
    kept = heard(text, understand(text, now=NOW))
    assert kept is None or hidden not in kept.skeleton + kept.sample


def test_a_sample_can_be_typed_again_and_is_the_same_wording() -> None:
    kept = heard("王小明的玩意儿没影了咋办", understand("王小明的玩意儿没影了咋办", now=NOW))
    assert kept is not None
    assert kept.sample == "<姓名>的玩意儿没影了咋办"
    again = example(kept.sample, "李娜")
    assert heard(again, understand(again, now=NOW)) == kept


def test_a_paste_and_an_empty_wording_are_not_kept() -> None:
    for text in ("咋" * 500, "？？", "好"):
        assert heard(text, understand(text, now=NOW)) is None


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_veiled_or_left_out_and_never_fails(text: str) -> None:
    plan = read(text, BOOK)
    kept = heard(text, plan)
    assert kept is None or len(kept.skeleton) <= 80


@pytest.mark.parametrize(
    ("text", "command"), [("没听懂的", "learn.unheard"), ("学会的", "learn.lessons"), ("他没听懂的", ""), ("", "")]
)
def test_the_commands_are_exact(text: str, command: str) -> None:
    assert learn_command(text) == command
