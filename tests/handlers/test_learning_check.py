"""May this wording be taught as that? What is read rightly stays as it is; what is wrong may be mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.learning import Lesson, Unheard, misread, phrasebook
from domain.understand import EMPTY, Intent, understand
from domain.understand import proven as proven_sentences
from domain.understand.proven import Proven
from handlers import learning_check
from handlers.learning_check import failures, refusal

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def wrong(text: str) -> Unheard:
    """`text` as its author said that it was read wrong."""
    kept = misread(text, understand(text, now=NOW), NOW)
    assert kept is not None
    return Unheard(7, kept.skeleton, kept.sample, kept.lang, 1, NOW, NOW, kept.guesses, "open", kept.read_as)


def lesson(one: Unheard, intent: str) -> Lesson:
    return Lesson(3, one.skeleton, one.sample, one.lang, intent, "陈店长", NOW, one.unheard_id, read_as=one.read_as)


def why(text: str, intent: Intent, *lessons: Lesson) -> str:
    no = refusal(wrong(text), intent.value, lessons, NOW)
    return "" if no is None else no.why


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("那批货到哪了", Intent.STOCK),
        ("帮我把这单退款", Intent.AFTERSALE_STATUS),
        ("帮王小明把昨天那单退款", Intent.WHERE_IS_ORDER),
        ("please refund the red pallet", Intent.AFTERSALE_STATUS),
        ("那批货到哪了", Intent.CANCEL_ORDER),
    ],
)
def test_a_wrong_reading_may_be_corrected_and_holds_for_the_wording(text: str, intent: Intent) -> None:
    one = wrong(text)
    assert refusal(one, intent.value, (), NOW) is None
    book = phrasebook(1, [lesson(one, intent.value)])
    assert understand(text, now=NOW, lexicon=replace(EMPTY, phrases=book)).intent is intent
    assert list(failures([lesson(one, intent.value)], NOW)) == []


def test_a_sentence_that_a_test_holds_is_not_changed_and_is_named() -> None:
    one = wrong("6920123456789012345 到哪了")
    no = refusal(one, Intent.STOCK.value, (), NOW)
    assert no is not None
    assert (no.why, no.instead) == ("breaks", "stock")
    assert "到哪" in no.sentence
    bent = [each for each in failures([lesson(one, "stock")], NOW) if each.lesson_id == 3]
    assert bent  # and had it got in by another way, `learn verify` would say so


def test_a_held_sentence_that_is_read_wrong_today_may_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "那批货到哪了"
    held = Proven(text, "zh", Intent.STOCK, frozenset({Intent.STOCK, Intent.TODO}))
    monkeypatch.setattr(learning_check, "sentences", lambda: (held, *proven_sentences.sentences()[:5]))
    assert why(text, Intent.STOCK) == ""
    assert why(text, Intent.TODO) == ""
    assert why(text, Intent.ORDER_DETAIL) == "breaks"
    right = replace(held, intent=Intent.WHERE_IS_ORDER, may=frozenset({Intent.WHERE_IS_ORDER, Intent.STOCK}))
    monkeypatch.setattr(learning_check, "sentences", lambda: (right,))
    assert why(text, Intent.STOCK) == "breaks"  # another right reading would still be a change


def test_another_lesson_stays_and_the_one_for_the_same_wording_is_replaced() -> None:
    one = wrong("那批货到哪了")
    assert why("那批货到哪了", Intent.TODO, lesson(one, "stock")) == ""
    same_but_named = replace(one, skeleton="那批货到哪", sample="那批货到哪了")  # an older lesson that this wording serves
    assert why("那批货到哪了", Intent.TODO, lesson(same_but_named, "stock")) == "breaks"


@pytest.mark.parametrize(
    ("text", "intent", "reason"),
    [
        ("那批货没到哪了", Intent.REQUEST_REFUND, "denies"),
        ("如果那批货到了", Intent.CANCEL_ORDER, "denies"),
        ("那批货到哪了", Intent.APPROVE, "target"),
        ("那批货到哪了", Intent.KPI, "target"),
    ],
)
def test_a_deed_wants_no_denial_and_a_decision_is_never_taught(text: str, intent: Intent, reason: str) -> None:
    assert why(text, intent) == reason


@pytest.mark.parametrize("text", ["别给他退款", "我的待办", "同意 A17"])
def test_a_guarded_sentence_and_a_command_are_refused_whatever_the_list_says(text: str) -> None:
    plan = understand(text, now=NOW)
    one = Unheard(7, text, text, "zh", 1, NOW, NOW, (), "open", plan.intent.value)
    no = refusal(one, Intent.STOCK.value, (), NOW)
    assert no is not None
    assert no.why == "guarded"
    book = phrasebook(1, [lesson(one, "stock")])
    assert understand(text, now=NOW, lexicon=replace(EMPTY, phrases=book)).intent is plan.intent


def test_a_reading_that_the_parser_has_given_up_meanwhile_cannot_be_corrected() -> None:
    one = replace(wrong("那批货到哪了"), read_as=Intent.ORDER_DETAIL.value)
    no = refusal(one, Intent.STOCK.value, (), NOW)
    assert no is not None
    assert no.why == "unlearnable"
