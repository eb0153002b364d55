"""答错了: which messages say so, what else a sentence may have meant, and what a correction may never change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.learning import Heard, Lesson, misread, phrasebook
from domain.understand import EMPTY, RISKY, Intent, Plan, understand
from domain.understand.corrected import OFFERED, Correction, correction, may_mean, other_readings, read_as
from domain.understand.learnt import TEACHABLE, Phrase, Phrasebook, guarded, guards, learnable, skeleton
from domain.understand.proven import sentences

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
NUMBER = "6920123456789012345"


def read(text: str, *phrases: tuple[str, Intent, Intent], context: Plan | None = None) -> Plan:
    """`text` read with corrections: (wording, what it was read as, what it means)."""
    book = Phrasebook(1, [Phrase(n, skeleton(said), said, to, over) for n, (said, over, to) in enumerate(phrases, 1)])
    return understand(text, now=NOW, context=context, lexicon=replace(EMPTY, phrases=book))


# --- which messages correct -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "不是这个意思",
        "我不是这个意思！",
        "@小单 不是这个意思",
        "答错了",
        "你答错了吧",
        "你理解错了",
        "你理解错我的意思了",
        "不对，你理解错了",
        "还是不对，不是这个意思",
        "又答错了",
        "你没看懂我的意思",
        "我不是问这个",
        "我问的不是这个",
        "答非所问",
        "答錯了",
        "不是這個意思",
        "that's not what I meant",
        "Not what I asked for.",
        "wrong answer",
        "you misunderstood me",
        "I didn't ask for that",
    ],
)
def test_plain_words_correct_whoever_hears_them(text: str) -> None:
    assert correction(text) == Correction()


@pytest.mark.parametrize(
    "text",
    [
        "不对",
        "不对啊",
        "错了",
        "都不是",
        "还是不对",
        "也不是",
        "这个不对",
        "still wrong",
        "wrong",
        "Wrong!",
        "not that",
        "none of these",
        "that's wrong",
    ],
)
def test_mild_words_correct_only_who_is_spoken_to(text: str) -> None:
    assert correction(text) == Correction(plain=False)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("不对，我问的是退款到哪一步了", "退款到哪一步了"),
        ("不是这个意思，我的意思是改地址", "改地址"),
        ("错了 我是想问库存", "库存"),
        ("我问的是退款", "退款"),
        ("no, I meant the refund", "the refund"),
        ("that's not what I meant. I was asking about the stock", "the stock"),
    ],
)
def test_what_was_meant_is_taken_from_the_same_message(text: str, rest: str) -> None:
    found = correction(text)
    assert found is not None
    assert (found.rest, found.plain) == (rest, False)


@pytest.mark.parametrize(
    "text",
    [
        "客户说：答错了",
        "转发：不是这个意思",
        "颜色不对",
        "地址错了，帮我改",
        "发错货了",
        "退款金额不对",
        "我想问下快递到哪了",
        "我想问的是退款什么时候到",  # the first thing that somebody asks
        "i was asking about the refund",
        "this is the wrong address",
        "没听懂的",
        "读错的",
        "不对" * 200,
        "",
    ],
)
def test_other_messages_correct_nothing(text: str) -> None:
    assert correction(text) is None


def test_no_sentence_that_a_test_holds_is_taken_for_a_correction() -> None:
    assert [one.text for one in sentences() if correction(one.text) is not None] == []


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="不对错了是我问的意思这个没理解，。 @a", max_size=200))
def test_any_text_is_told_quickly_and_without_failing(text: str) -> None:
    found = correction(text)
    assert found is None or len(found.rest) <= len(text)


# --- what else it may have meant ----------------------------------------------------------------------------------------


def test_the_likeliest_come_first_and_what_was_refused_does_not_come_again() -> None:
    text = "红色那堆什么时候到货"
    plan = understand(text, now=NOW)
    offered = other_readings(text, plan)
    assert offered[0] is Intent.STOCK  # the weights' next share, before what is usual
    assert plan.intent not in offered
    assert set(offered) | {plan.intent} == set(OFFERED)
    assert Intent.STOCK not in other_readings(text, plan, refused={Intent.STOCK})
    assert other_readings(text, plan, first=(Intent.TODO,))[0] is Intent.TODO
    assert set(OFFERED) <= set(TEACHABLE)


@pytest.mark.parametrize("text", [f"{NUMBER} 别给他退款", "这单不要退款，先看看", f"don't refund {NUMBER}"])
def test_a_denied_deed_is_no_reading_however_often_somebody_says_so(text: str) -> None:
    plan = understand(text, now=NOW)
    assert not {Intent.REQUEST_REFUND, Intent.REQUEST_RETURN} & set(other_readings(text, plan))
    assert not may_mean(text, Intent.REQUEST_REFUND, plan)
    assert read_as(text, Intent.REQUEST_REFUND, plan, now=NOW) is None
    look = read_as(text, Intent.AFTERSALE_STATUS, plan, now=NOW)
    assert look is not None
    assert look.intent is Intent.AFTERSALE_STATUS


@pytest.mark.parametrize("intent", [Intent.APPROVE, Intent.REJECT, Intent.CREATE_ORDER, Intent.ALERT_ACK, Intent.KPI])
def test_a_decision_is_no_reading(intent: Intent) -> None:
    plan = understand(NUMBER, now=NOW)
    assert read_as("那批货到哪了", intent, plan, now=NOW) is None


def test_the_chosen_reading_keeps_the_order_and_gets_its_own_facts() -> None:
    text = f"{NUMBER} 退 35.5，少发了一个杯子"
    plan = understand(text, now=NOW)
    where = read_as(text, Intent.WHERE_IS_ORDER, plan, now=NOW)
    assert where is not None
    assert (where.slots.order_no, where.confidence, where.alternatives, where.note) == (NUMBER, 1.0, (), "")
    refund = read_as(text, Intent.REQUEST_REFUND, where, now=NOW)
    assert refund is not None
    assert refund.slots.amount == plan.slots.amount
    assert refund.extra["aftersale_kind"] == "refund"
    follows = understand("它付了多少钱", now=NOW, context=plan)
    asked = read_as("它付了多少钱", Intent.AFTERSALE_STATUS, follows, now=NOW)
    assert asked is not None
    assert asked.slots.order_no == NUMBER


# --- a lesson above a reading ---------------------------------------------------------------------------------------------

STOCK = ("那批货到哪了", Intent.WHERE_IS_ORDER, Intent.STOCK)


@pytest.mark.parametrize("text", ["那批货到哪了", "请问那批货到哪了？", "@小单 那批货到哪了呀", "那批货 到哪了"])
def test_a_correction_stands_above_the_reading_of_its_very_wording(text: str) -> None:
    assert understand(text, now=NOW).intent is Intent.WHERE_IS_ORDER
    plan = read(text, STOCK)
    assert (plan.intent, plan.note) == (Intent.STOCK, "learnt")


@pytest.mark.parametrize("text", ["那批货物到哪了", "那批货到哪", "那批货哪了", "新到的那批货到哪了", "货那批到哪了"])
def test_another_wording_is_read_as_before_even_when_it_is_only_a_letter_away(text: str) -> None:
    assert read(text, STOCK) == understand(text, now=NOW)


def test_only_the_reading_that_was_said_to_be_wrong_is_replaced() -> None:
    assert read("那批货到哪了", ("那批货到哪了", Intent.ORDER_DETAIL, Intent.STOCK)).intent is Intent.WHERE_IS_ORDER


def test_a_deed_becomes_a_look_and_a_look_a_deed_only_without_denial_or_condition() -> None:
    assert read("帮我把这单退款", ("帮我把这单退款", Intent.REQUEST_REFUND, Intent.AFTERSALE_STATUS)).intent is (
        Intent.AFTERSALE_STATUS
    )
    plan = read("那批货到哪了", ("那批货到哪了", Intent.WHERE_IS_ORDER, Intent.REQUEST_REFUND))
    assert (plan.intent, plan.extra["aftersale_kind"]) == (Intent.REQUEST_REFUND, "refund")
    for text in ("那批货没到哪了", "如果那批货到哪了"):
        was = understand(text, now=NOW).intent
        assert read(text, (text, was, Intent.REQUEST_REFUND)).intent is was


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("同意 A17", ""),
        ("A17 同意了吗", ""),
        ("认领 K203", ""),
        (f"催件 {NUMBER}", ""),
        ("库存 沙发套", ""),
        ("我的待办", ""),
        ("规则", ""),
        ("帮助", ""),
        ("没听懂的", ""),
        ("读错的", ""),
        ("我的绑定码", ""),
        ("同意", "A17 同意"),
    ],
)
def test_no_lesson_changes_a_command(text: str, context: str) -> None:
    before = understand(context, now=NOW) if context else None
    plan = understand(text, now=NOW, context=before)
    for intent in TEACHABLE:
        assert read(text, (text, plan.intent, intent), context=before) == plan


def test_no_lesson_changes_a_guarded_sentence() -> None:
    """Even a book that holds every guarded sentence as something else."""
    held = [one.text for one in sentences() if guarded(understand(one.text, now=NOW))][::5]
    assert len(held) > 40
    for intent in (Intent.STOCK, Intent.REQUEST_REFUND, Intent.CANCEL_ORDER):
        book = [(text, understand(text, now=NOW).intent, intent) for text in held]
        for text in held:
            assert read(text, *book).note != "learnt", text


def test_no_correction_makes_a_deed_of_a_sentence_that_denies_one() -> None:
    for one in sentences()[::11]:
        plan = understand(one.text, now=NOW)
        for deed in (Intent.CANCEL_ORDER, Intent.REQUEST_REFUND):
            then = read(one.text, (one.text, plan.intent, deed))
            assert then.note != "learnt" or not guards(one.text), one.text


def test_the_look_before_the_look_up_never_misses_a_wording() -> None:
    """`may_correct` only looks at letters, so that messages which nothing was taught about pay nothing."""
    book = Phrasebook(1, [Phrase(1, "那批货到哪了", "", Intent.STOCK, Intent.WHERE_IS_ORDER), _named(2)])
    assert book.may_correct("请问那批货到哪了呢", Intent.WHERE_IS_ORDER)
    assert book.may_correct("王小明的那堆到哪了", Intent.WHERE_IS_ORDER)
    assert not book.may_correct("那批货到哪了", Intent.STOCK)
    assert not book.may_correct("货到哪", Intent.WHERE_IS_ORDER)
    assert not Phrasebook().may_correct("那批货到哪了", Intent.WHERE_IS_ORDER)


def _named(number: int) -> Phrase:
    return Phrase(number, "某某的那堆到哪了", "", Intent.STOCK, Intent.WHERE_IS_ORDER)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_what_is_kept_of_a_misread_sentence_names_nobody_and_says_how_it_was_read() -> None:
    text = "帮王小明把13812345678那单退款"
    plan = understand(text, now=NOW)
    kept = misread(text, plan, NOW)
    assert isinstance(kept, Heard)
    assert kept.read_as == plan.intent.value == "request_refund"
    assert "王小明" not in kept.sample + kept.skeleton
    assert "5678" not in kept.sample + kept.skeleton


def test_a_gap_stays_a_gap_a_command_and_a_guarded_sentence_teach_nothing() -> None:
    odd = "我那玩意儿没影了咋办"
    gap = misread(odd, understand(odd, now=NOW), NOW)
    assert gap is not None
    assert gap.read_as == ""
    for text in ("同意 A17", "我的待办", "别给他退款", NUMBER, "咋" * 500):
        assert misread(text, understand(text, now=NOW), NOW) is None, text


def test_what_only_the_conversation_gave_its_meaning_teaches_nothing() -> None:
    before = understand("昨天各渠道订单量", now=NOW)
    plan = understand("只看抖音", now=NOW, context=before)
    assert plan.intent is Intent.KPI
    assert misread("只看抖音", plan, NOW) is None


def test_a_lesson_of_another_version_is_left_out() -> None:
    def lesson(intent: str, over: str) -> Lesson:
        return Lesson(1, "那批货到哪了", "那批货到哪了", "zh", intent, "陈店长", NOW, read_as=over)

    assert phrasebook(1, [lesson("stock", "from_the_future")]).phrases == ()
    assert phrasebook(1, [lesson("from_the_future", "where_is_order")]).phrases == ()
    (phrase,) = phrasebook(1, [lesson("stock", "where_is_order")]).phrases
    assert (phrase.over, phrase.intent) == (Intent.WHERE_IS_ORDER, Intent.STOCK)
    assert RISKY.isdisjoint({phrase.intent})
    assert not learnable(understand("那批货到哪了", now=NOW))
