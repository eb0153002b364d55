"""Patterns first, weights second: what is settled when they disagree, and that no weight makes a deed of a denial."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.understand import RISKY, Intent, understand
from domain.understand.bare_zh import bare
from domain.understand.hints_zh import Reading
from domain.understand.normal import normalise
from domain.understand.reading_zh import read_chinese
from domain.understand.settled import read_settled
from domain.understand.traits import traits
from domain.understand.weights import Weights, weights

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
PIECES = (
    "我", "不要", "没有", "已经", "帮我", "取消", "订单", "退款", "退货", "换货", "地址", "改一下", "什么时候", "到", "了", "吗", "别", "如果",
    "申请", "撤回", "快递", "发货", "就", "，", "？", "发票", "6920123456789012345", "有货",
)  # fmt: skip


def test_the_shares_of_all_intents_are_one_together_and_the_largest_comes_first() -> None:
    plain = bare("我的快递到哪里了")
    shares = weights().shares(traits(plain, read_chinese(plain)))
    assert sum(share for share, _ in shares) == pytest.approx(1)
    assert [share for share, _ in shares] == sorted((share for share, _ in shares), reverse=True)
    assert shares[0][1] is Intent.WHERE_IS_ORDER


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
def test_no_weight_makes_a_deed_of_what_the_patterns_saw_denied(text: str) -> None:
    plain, _ = normalise(text)
    first = read_chinese(bare(plain))
    if first.note in {"negated", "policy"}:
        assert read_settled(plain).intent not in RISKY


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.booleans())
def test_every_text_is_settled(text: str, named: bool) -> None:
    assert isinstance(read_settled(normalise(text)[0], named=named), Reading)


def all_for(intent: Intent) -> Weights:
    """A table that is sure of one thing whatever is said."""
    table = weights()
    return Weights(table.intents, tuple(20_000 if each is intent else 0 for each in table.intents), "", {})


def test_a_command_of_staff_beside_a_number_is_what_the_patterns_read() -> None:
    table = all_for(Intent.AFTERSALE_STATUS)
    assert read_settled("退款50,色差太大了", named=True, table=table).intent is Intent.REQUEST_REFUND
    assert read_settled("退款50,色差太大了", named=False, table=table).intent is Intent.AFTERSALE_STATUS


def test_a_denial_seen_by_the_weights_alone_drafts_nothing_and_offers_the_way_back() -> None:
    reading = read_settled("我想要退款的这个订单", table=all_for(Intent.WITHDRAW_AFTERSALE))
    assert (reading.intent, reading.note) == (Intent.OUT_OF_SCOPE, "negated")
    assert Intent.WITHDRAW_AFTERSALE in reading.alternatives


def test_a_weak_majority_for_a_deed_becomes_a_button() -> None:
    table = weights()
    places = {Intent.CANCEL_ORDER: 400, Intent.WHERE_IS_ORDER: 380}
    near = Weights(table.intents, tuple(places.get(each, 0) for each in table.intents), "", {})
    reading = read_settled("这件东西一直没有动静啊", table=near)
    assert reading.intent is Intent.WHERE_IS_ORDER
    assert reading.alternatives == (Intent.CANCEL_ORDER,)


def test_where_a_denial_may_be_meant_the_deed_and_its_withdrawal_are_both_offered() -> None:
    table = weights()
    places = {Intent.REQUEST_REFUND: 400, Intent.WITHDRAW_AFTERSALE: 200}
    near = Weights(table.intents, tuple(places.get(each, 0) for each in table.intents), "", {})
    reading = read_settled("这件东西一直没有动静啊", table=near)
    assert reading.intent not in RISKY
    assert reading.alternatives == (Intent.WITHDRAW_AFTERSALE, Intent.REQUEST_REFUND)


def test_what_is_surely_not_ours_wants_more_than_a_majority_to_become_a_deed() -> None:
    plan = understand("课程可以退吗，急", now=NOW)
    assert plan.intent is Intent.OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("text", "kind"), [("怎么给我退货", "return"), ("把钱退给我吧", "refund"), ("我要退货退款", "refund")]
)
def test_a_refund_says_whether_goods_come_back(text: str, kind: str) -> None:
    plan = understand(text, now=NOW)
    assert (plan.intent, plan.extra.get("aftersale_kind")) == (Intent.REQUEST_REFUND, kind)


def test_a_long_paste_costs_no_square_of_its_length() -> None:
    short, long = ("我要退款，什么时候到账呢？" * times for times in (10, 150))
    few, many = (len(traits(bare(text), Reading(Intent.OUT_OF_SCOPE))) for text in (short, long))
    assert many <= few * 1.5


@pytest.mark.parametrize("text", ["订单号", "看一下", "麻烦查下"])
def test_hardly_more_than_a_number_asks_where_the_order_is(text: str) -> None:
    assert understand(f"{text} 6920123456789012345", now=NOW).intent is Intent.WHERE_IS_ORDER
