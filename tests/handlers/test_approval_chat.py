"""From a sentence to a draft to a request: shown back before anybody sees it, checked against the store, never doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.money import Money
from domain.order import AftersaleStage, Stage
from tests.builders import NOW, NUMBER, aftersale, money, newer, order, shipped
from tests.handlers.approval_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


async def test_a_sentence_becomes_a_draft_that_only_its_author_can_submit(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(5_000), reason="色差")
    assert draft.card is not None
    assert [button.label for button in draft.card.buttons] == ["提交", "不提交了"]
    assert "草稿" in draft.text
    assert "批完退 ¥50.00 给买家" in draft.text
    assert "抖音没有这个接口" in draft.text
    await bench.run()
    assert bench.group.sent == []
    assert "结束" in (await bench.press("张明", "提交", card=draft)).text
    assert "已提交 A1，等 客服初审" in (await bench.press("小何", "提交", card=draft)).text
    assert "不用再点了" in (await bench.press("小何", "提交", card=draft)).text
    await bench.run()
    assert len(bench.cards("A1")) == 1
    assert "小何 提出" in bench.cards("A1")[0].text


async def test_who_asked_cannot_approve_not_even_from_another_account(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("张明", "request_refund", order_no=NUMBER, amount=money(5_000))
    await bench.press("张明", "提交", card=draft)
    await bench.run()
    assert bench.group.sent[0].reply.mention == ("he",)
    own = bench.actor("张明", platform="wecom")
    assert own.user_id == "ZhangMing"
    reply = await bench.press("张明", "同意")
    assert "自己提的" in reply.text
    assert bench.approval().decisions == ()


async def test_what_the_platform_cannot_do_becomes_a_task_that_is_followed_to_its_end(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(5_000))
    await bench.press("小何", "提交", card=draft)
    await bench.run()
    await bench.press("张明", "同意")
    await bench.run(121)
    assert bench.approval().state == "by_hand"
    assert bench.shop.calls == 0
    note = bench.group.sent[-1].reply
    assert "还差一步" in note.text
    assert "he" in note.mention
    bench.arrive(newer(shipped(), refunded=money(5_000)))
    await bench.run()
    assert bench.approval().state == "done"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(money(0), "大于 0"), (money(-100), "大于 0"), (money(26_801), "最多还能退 ¥268.00"), (Money(100, "USD"), "CNY")],
)
async def test_an_impossible_amount_is_told_at_once(bench: Bench, amount: Money, words: str) -> None:
    bench.arrive(shipped())
    reply = await bench.say("小何", "request_refund", order_no=NUMBER, amount=amount)
    assert words in reply.text
    assert reply.card is None


async def test_no_amount_means_all_that_is_left(bench: Bench) -> None:
    bench.arrive(shipped(refunded=money(6_800)))
    reply = await bench.say("小何", "request_refund", order_no=NUMBER)
    assert "¥200.00" in reply.text


async def test_a_huge_number_is_an_amount_like_any_other(bench: Bench) -> None:
    bench.arrive(shipped())
    reply = await bench.say("小何", "request_refund", order_no=NUMBER, amount="99999999999999999999.99")
    assert "最多还能退" in reply.text
    assert "看不懂" in str(await failing(bench, amount="很多"))


async def failing(bench: Bench, **slots: str) -> str:
    try:
        return (await bench.say("小何", "request_refund", order_no=NUMBER, **slots)).text
    except Exception as problem:
        return getattr(problem, "sentence", repr(problem))


async def test_the_order_must_be_named_known_paid_and_open(bench: Bench) -> None:
    assert "哪一单" in (await bench.say("小何", "request_refund")).text
    assert "没有找到" in (await bench.say("小何", "request_refund", order_no="123")).text
    bench.arrive(order("1", stage=Stage.UNPAID), order("2", stage=Stage.CLOSED_REFUNDED))
    assert "还没付款" in (await bench.say("小何", "request_refund", order_no="1")).text
    assert "已经关闭" in (await bench.say("小何", "request_return", order_no="2")).text


async def test_several_orders_are_a_choice_never_a_guess(bench: Bench) -> None:
    bench.arrive(shipped("6920000000000008000", waybill="SF1"), shipped("6930000000000008000", waybill="SF2"))
    reply = await bench.say("小何", "request_refund", phone_tail="8000", amount=money(100), reason="破损")
    assert "有 2 单对得上" in reply.text
    assert len(reply.choices) == 2
    draft = await bench.press_token("小何", reply.choices[1].token)
    assert "¥1.00" in draft.text
    assert "破损" in draft.text


async def test_a_buyers_own_request_is_shown_instead_of_a_second_one(bench: Bench) -> None:
    bench.arrive(shipped())
    bench.arrive(aftersale())
    assert (await bench.say("小何", "request_refund", order_no=NUMBER)).text.startswith("退款申请 ¥268.00")
    bench.arrive(replace(aftersale(), stage=AftersaleStage.REFUNDING, updated_at=NOW + timedelta(minutes=1)))
    again = await bench.say("小何", "request_refund", order_no=NUMBER)
    assert "退款中" in again.text


async def test_two_drafts_of_one_wish_become_one_request(bench: Bench) -> None:
    bench.arrive(shipped())
    first = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(100))
    second = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(200))
    await bench.press("小何", "提交", card=second)
    assert "已有申请 A2" in (await bench.press("小何", "提交", card=first)).text
    assert bench.approval("A2").state == "waiting"
    assert bench.approval("A2").amount == money(200)


async def test_an_old_draft_is_not_submitted(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(100))
    bench.clock.move(timedelta(minutes=31))
    assert "过期" in (await bench.press("小何", "提交", card=draft)).text
    assert bench.approval().state == "void"


async def test_state_hop_bypass(bench: Bench) -> None:
    """No button of another state leads around the approval: each is refused in every state it does not belong to."""
    bench.arrive(shipped())
    draft = await bench.say("陈店长", "request_refund", order_no=NUMBER, amount=money(30_0))
    sign = bench.desk.signer.sign
    for name in ("agree", "now", "retry", "handled", "settled_yes", "settled_no", "undo"):
        await bench.press_token("周会计", sign(f"approval.{name}", "approval:1", "0."), reason="x")
        assert bench.approval().state == "draft"
    await bench.press("陈店长", "提交", card=draft)
    for name in ("now", "retry", "handled", "settled_yes", "settled_no", "submit", "undo"):
        await bench.press_token("张明", sign(f"approval.{name}", "approval:1", "0."), reason="x")
        assert bench.approval().state == "waiting"
    await bench.run(600)
    assert bench.shop.effects == []


async def test_cancelling_is_never_more_than_a_draft_and_never_of_what_has_left(bench: Bench) -> None:
    bench.arrive(order("1"), shipped("2"))
    draft = await bench.say("小何", "cancel_order", order_no="1")
    assert "草稿" in draft.text
    assert "取消订单，退 ¥268.00" in draft.text
    assert "已发货，取消不了" in (await bench.say("小何", "cancel_order", order_no="2")).text


async def test_only_who_asked_takes_a_request_back(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(100))
    await bench.press("小何", "提交", card=draft)
    await bench.run()
    assert "小何 提的" in (await bench.say("张明", "withdraw_aftersale", order_no=NUMBER)).text
    assert "A1 已撤销" in (await bench.say("小何", "withdraw_aftersale", order_no=NUMBER)).text
    await bench.run()
    assert "已撤销 · 小何" in bench.cards()[0].text
    assert "没有可撤销" in (await bench.say("小何", "withdraw_aftersale", order_no=NUMBER)).text


async def test_a_buyers_request_is_the_buyers_to_take_back(bench: Bench) -> None:
    bench.arrive(shipped())
    bench.arrive(aftersale())
    assert "只有买家自己能撤" in (await bench.say("小何", "withdraw_aftersale", order_no=NUMBER)).text


async def test_which_one_is_asked_when_the_sentence_names_none(bench: Bench) -> None:
    bench.arrive(shipped())
    assert "批哪一张" in (await bench.say("张明", "approve")).text
    bench.arrive(aftersale())
    assert "「同意 A1」" in (await bench.say("张明", "approve")).text


async def test_somebody_without_the_right_to_ask_gets_no_draft(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(100))
    assert (await bench.press("采购陈", "提交", card=draft)).text == "DENIED"
