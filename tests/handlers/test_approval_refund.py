"""A buyer's refund from the channel to the money: cards, decisions, undo, execution, and everything that can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Rejected, Unavailable
from domain.order import AftersaleKind, AftersaleStage
from domain.ports import DeadlineMoved
from domain.store import Cost, UnitOfWork
from handlers.refunds import on_deadline
from tests.builders import NOW, NUMBER, SHOP, aftersale, money, newer, order, shipped
from tests.handlers.approval_bench import REFUNDS, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


async def opened(bench: Bench, **more: Any) -> None:
    bench.arrive(shipped())
    bench.arrive(aftersale(**more))
    await bench.run()


async def agreed(bench: Bench) -> None:
    await opened(bench)
    await bench.press("张明", "同意")
    await bench.run()
    await bench.press("周会计", "同意")
    await bench.run()


async def test_an_after_sale_becomes_one_card_for_the_right_group_and_calls_only_whose_turn_it_is(bench: Bench) -> None:
    await opened(bench, photos=("https://p.test/1.jpg", "https://p.test/2.jpg"))
    (sent,) = bench.group.sent
    assert sent.chat.chat_id == REFUNDS
    assert set(sent.reply.mention) == {"zhang", "he"}
    text = sent.reply.text
    assert "退款申请" in text
    assert "¥268.00" in text
    assert "A1" in text
    assert "不想要了" in text
    assert "附 2 张照片" in text
    assert "退款-2 v1" in text
    assert "王**" in text
    assert "王小芳" not in text
    assert NUMBER not in text
    assert "毛利影响不明" in text
    assert [button.label for button in bench.card().buttons] == ["同意", "拒绝…", "转给…"]
    assert bench.card().links[0].url.startswith("http://desk.test/p/evidence/")


async def test_the_same_after_sale_heard_again_opens_nothing(bench: Bench) -> None:
    await opened(bench)
    bench.arrive(aftersale())
    bench.arrive(replace(aftersale(), updated_at=NOW - timedelta(hours=5)))
    await bench.run()
    assert len(bench.group.sent) == 1


async def test_two_steps_undo_window_execution_and_the_trail_for_everybody(bench: Bench) -> None:
    await opened(bench)
    first = await bench.press("张明", "同意")
    assert "财务终审" in first.text
    assert first.private
    await bench.run()
    turn = bench.group.sent[-1]
    assert "轮到你了" in turn.reply.text
    assert "zhou" in turn.reply.mention
    second = await bench.press("周会计", "同意")
    assert "120 秒后执行" in second.text
    await bench.run()
    assert "120 秒后执行" in bench.cards()[0].text
    assert [button.label for button in bench.card().buttons] == ["撤回", "立即执行"]
    assert bench.shop.effects == []
    await bench.run(121)
    assert bench.shop.effects == [("refund", "7100001")]
    assert bench.approval().state == "done"
    (card,) = bench.cards()
    assert "✅ 已退款 ¥268.00 · 客服 张明 14:00 → 财务 周会计 14:00 → 抖音 14:02 回执 R0001" in card.text
    assert bench.card().buttons == ()


async def test_double_click_refund(bench: Bench) -> None:
    await opened(bench, amount=money(5_000))
    card = bench.cards()[0]
    await bench.press("张明", "同意", card=card)
    again = await bench.press("张明", "同意", card=card)
    assert "你 1 秒前已同意" in again.text
    bench.clock.move(timedelta(seconds=20))
    other = await bench.press("小何", "同意", card=card)
    assert other.text == "这单 20 秒前已由 张明 同意，你不用再点了。"
    assert other.private
    await bench.run(300)
    await bench.run(300)
    assert bench.shop.effects == [("refund", "7100001")]


async def test_a_redelivered_click_answers_again_and_does_nothing_again(bench: Bench) -> None:
    await opened(bench)
    card = bench.cards()[0]
    await bench.press("张明", "同意", card=card, event="e1")
    await bench.press("张明", "同意", card=card, event="e1")
    assert [d.verdict for d in bench.approval().decisions] == ["agree"]


async def test_undo_before_persist(bench: Bench) -> None:
    """An undo that was committed before the claim wins; afterwards it is told that it came too late."""
    await agreed(bench)
    reply = await bench.press("周会计", "撤回")
    assert "已撤回" in reply.text
    assert "财务终审" in reply.text
    await bench.run(600)
    assert bench.shop.effects == []
    assert bench.approval().state == "waiting"
    await bench.press("周会计", "同意")
    await bench.run(0)
    undo = bench.button("撤回")
    await bench.run(121)
    assert bench.shop.effects == [("refund", "7100001")]
    late = await bench.press_token("周会计", undo.token)
    assert "撤不回来了" in late.text


async def test_an_undo_between_the_look_and_the_claim_wins(bench: Bench) -> None:
    await agreed(bench)
    token = bench.button("撤回").token
    bench.clock.move(timedelta(seconds=121))
    looked = bench.shop.aftersale

    async def slow(number: str, order_number: str) -> object:
        found = await looked(number, order_number)
        await bench.press_token("周会计", token)
        bench.shop.aftersale = looked  # type: ignore[method-assign]
        return found

    bench.shop.aftersale = slow  # type: ignore[method-assign,assignment]
    await bench.run()
    assert bench.shop.effects == []
    assert bench.approval().state == "waiting"


async def test_execute_now_does_not_wait_and_does_it_once(bench: Bench) -> None:
    await agreed(bench)
    await bench.press("周会计", "立即执行")
    await bench.run()
    assert bench.shop.effects == [("refund", "7100001")]
    await bench.run(500)
    assert bench.shop.calls == 1


async def test_a_a_b_a_bypass(bench: Bench) -> None:
    """A-A-B-A-bypass: holding every permission does not make two people of one."""
    await opened(bench)
    await bench.press("陈店长", "同意")
    await bench.run()
    again = await bench.press("陈店长", "同意")
    assert "下一步要换个人" in again.text
    assert bench.approval().step == 1
    await bench.press("周会计", "同意")
    assert bench.approval().state == "agreed"


async def test_the_wrong_role_changes_nothing_and_is_on_record(bench: Bench) -> None:
    await opened(bench)
    reply = await bench.press("李芳", "同意")
    assert "客服初审" in reply.text
    assert (await bench.press("周会计", "同意")).text.startswith("这一步要客服初审")
    assert bench.approval().decisions == ()
    trail = bench.store.read_now(lambda r: r.audit.of("approval:1"))
    assert [entry.action for entry in trail if "denied" in entry.action] == ["approval.denied.agree"] * 2


async def test_refusing_needs_a_reason_and_reaches_the_platform_with_its_own_code(bench: Bench) -> None:
    await opened(bench)
    assert "拒绝要说个理由" in (await bench.press("张明", "拒绝…")).text
    offered = await bench.press("张明", "拒绝…", reason="我就是不想退")
    assert [button.label for button in offered.choices] == ["商品已发出", "凭证不足", "其他"]
    await bench.press_token("张明", offered.choices[1].token)
    assert bench.approval().state == "refusing"
    await bench.run(121)
    assert bench.shop.effects == [("refuse", "7100001")]
    assert bench.approval().state == "refused"
    assert "张明 14:00 拒绝：凭证不足" in bench.cards()[0].text


async def test_second_proposal_kills_first(bench: Bench) -> None:
    await opened(bench)
    reply = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(100))
    assert reply.card is not None
    assert reply.card.number == "A1"
    assert bench.approval().amount == money(26_800)


async def test_the_buyer_withdraws_while_people_think(bench: Bench) -> None:
    await agreed(bench)
    bench.arrive(replace(aftersale(), stage=AftersaleStage.CANCELLED, updated_at=NOW + timedelta(minutes=1)))
    await bench.run(300)
    assert bench.shop.effects == []
    assert bench.approval().state == "void"
    assert "作废：买家撤回了" in bench.cards()[0].text


async def test_a_changed_amount_before_any_decision_updates_the_same_card(bench: Bench) -> None:
    await opened(bench)
    old = bench.cards()[0]
    bench.arrive(replace(aftersale(), amount=money(6_800), version="2", updated_at=NOW + timedelta(minutes=1)))
    await bench.run()
    assert "¥68.00" in bench.cards()[0].text
    assert "退款-1 v1" in bench.cards()[0].text
    assert "卡片后来更新过" in (await bench.press("张明", "同意", card=old)).text
    await bench.press("张明", "同意")
    await bench.run(121)
    assert bench.shop.effects == [("refund", "7100001")]


async def test_a_changed_amount_after_a_decision_voids_it_shows_the_difference_and_asks_again(bench: Bench) -> None:
    await agreed(bench)
    bench.arrive(replace(aftersale(), amount=money(36_800), version="2", updated_at=NOW + timedelta(minutes=1)))
    await bench.run(300)
    assert bench.shop.effects == []
    assert "申请金额 ¥268.00 → ¥368.00" in bench.cards("A1")[0].text
    assert "已重新发起 A2" in bench.cards("A1")[0].text
    assert bench.approval("A2").amount == money(36_800)
    assert bench.approval("A2").state == "waiting"


async def test_a_change_that_only_the_platform_knows_is_found_before_the_call(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.aftersales["7100001"] = replace(aftersale(), amount=money(1), version="2")
    await bench.run(121)
    assert bench.shop.calls == 0
    assert bench.approval("A1").state == "void"


async def test_approved_then_expired_then_executed(bench: Bench) -> None:
    """The worker was away past the platform's deadline: nothing is executed, and the card says why."""
    await agreed(bench)
    bench.clock.move(timedelta(hours=48))
    await bench.run()
    assert bench.shop.effects == []
    assert bench.approval().state == "void"
    assert "平台期限" in bench.cards()[0].text


async def test_an_approval_that_lay_around_too_long_is_asked_again(bench: Bench) -> None:
    await agreed(bench)
    bench.clock.move(timedelta(hours=5))
    await bench.run()
    assert bench.shop.effects == []
    assert "请重新批" in bench.cards("A1")[0].text
    assert bench.approval("A2").state in ("waiting", "escalated")


async def test_unknown_outcome_is_settled_by_asking(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = ["lost_after"]
    await bench.run(121)
    assert bench.approval().state == "unknown"
    text = bench.cards()[0].text
    assert "已发给抖音，对方没回话。我正在查，不会重复办；最迟 14:17 给你结果。" in text
    await bench.settle()
    assert bench.approval().state == "done"
    assert bench.shop.calls == 1
    assert bench.shop.effects == [("refund", "7100001")]


async def test_an_unknown_outcome_that_did_not_happen_is_done_once_with_the_same_key(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = ["lost", "lost", "lost_after"]
    await bench.run(121)
    await bench.settle()
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]
    assert len(bench.shop.keys) == 1


async def test_an_outcome_nobody_can_find_out_is_handed_to_a_person_at_the_named_time(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = ["lost_after"]
    bench.shop.read_faults = [None, None, *[Unavailable("away")] * 400]
    await bench.run(121)
    for _ in range(60):
        await bench.run(20)
    assert bench.approval().state == "unknown"
    assert "没有准信" in bench.cards()[0].text
    assert any("chen" in each.reply.mention for each in bench.group.sent)
    await bench.press("周会计", "查过了：办成了")
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]


async def test_a_platform_that_is_away_is_tried_again_and_the_card_says_when(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = ["unavailable", "unavailable"]
    await bench.run(121)
    assert bench.approval().state == "agreed"
    assert "暂时连不上" in bench.cards()[0].text
    assert "现在还能撤回" in bench.cards()[0].text
    await bench.settle()
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]


async def test_a_platform_that_stays_away_ends_in_a_visible_failure_that_can_be_retried(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = ["unavailable"] * 9
    await bench.run(121)
    await bench.settle(hours=3)
    assert bench.approval().state == "failed"
    assert "一直连不上" in bench.cards()[0].text
    await bench.press("周会计", "再试一次")
    await bench.run()
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]


async def test_the_platforms_refusal_is_shown_in_its_own_words(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = [Rejected("11001", "请到商家后台操作")]
    await bench.run(121)
    assert bench.approval().state == "failed"
    assert "抖音说「请到商家后台操作」" in bench.cards()[0].text


async def test_a_refusal_that_means_already_done_is_found_out(bench: Bench) -> None:
    await agreed(bench)
    bench.shop.faults = ["lost", "lost_after"]
    await bench.run(121)
    bench.shop.before_call = bench.shop.keys.clear  # a platform that forgets keys
    await bench.settle()
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]


async def test_a_restart_in_the_middle_of_the_call_asks_before_anything_else(bench: Bench) -> None:
    await agreed(bench)

    class Killed(BaseException):
        pass

    def die() -> None:
        bench.shop.before_call = lambda: None
        raise Killed

    bench.shop.before_call = die
    bench.clock.move(timedelta(seconds=121))
    with pytest.raises(Killed):
        await bench.relay.drain()
    assert bench.approval().state == "executing"
    bench.reopen()
    await bench.settle()
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]


async def test_multi_refund_total(bench: Bench) -> None:
    """Two after-sales that together exceed what was paid: the second cannot be approved."""
    bench.arrive(shipped())
    bench.arrive(aftersale("1", amount=money(20_000)), aftersale("2", amount=money(10_100)))
    await bench.run()
    first, second = (bench.cards(number)[0] for number in ("A1", "A2"))
    await bench.press("张明", "同意", card=second)
    await bench.press("张明", "同意", card=first)
    await bench.run()
    first, second = (bench.cards(number)[0] for number in ("A1", "A2"))
    assert "已同意" in (await bench.press("周会计", "同意", card=first)).text
    over = await bench.press("周会计", "同意", card=second)
    assert "最多还能退 ¥68.00" in over.text
    await bench.run(200)
    assert bench.shop.effects == [("refund", "1")]


async def test_empty_means_nobody(tmp_path: Path) -> None:
    bench = Bench(tmp_path, policy="version: 3\nrows:\n  - {name: 没人, when: {kind: refund}, steps: []}\n")
    await opened(bench)
    (card,) = bench.cards()
    assert "谁都批不了" in card.text
    assert bench.card().buttons == ()
    assert "谁都批不了" in (await bench.say("陈店长", "approve", approval_id="A1")).text
    bench.close()


async def test_an_after_sale_before_its_order_waits_for_it(bench: Bench) -> None:
    bench.arrive(aftersale())
    await bench.run()
    assert "订单还没同步到" in bench.cards()[0].text
    bench.arrive(shipped())
    assert "同意" in (await bench.press("张明", "同意")).text
    await bench.run()
    await bench.press("周会计", "同意")
    await bench.run(121)
    assert bench.shop.effects == [("refund", "7100001")]


async def test_unshipped_goods_stay_while_their_refund_is_decided(bench: Bench) -> None:
    bench.arrive(order())
    bench.arrive(aftersale())
    assert bench.order().holds == ("refund",)
    await bench.run()
    await bench.press("张明", "拒绝…", reason="凭证不足")
    await bench.run(121)
    assert bench.order().holds == ()


async def test_reminders_climb_and_expiry_is_neither_yes_nor_no(bench: Bench) -> None:
    await opened(bench)
    notes = len(bench.group.sent)
    await bench.run(4 * 3600)
    assert "还等 客服初审" in bench.group.sent[-1].reply.text
    assert len(bench.group.sent) == notes + 1
    await bench.run(3600 * 4.1)
    assert bench.approval().state == "escalated"
    assert "chen" in bench.group.sent[-1].reply.mention
    assert bench.shop.effects == []
    await bench.run(3600 * 5)
    assert len(bench.group.sent) > notes + 2
    await bench.press("张明", "同意")
    assert bench.approval().state == "waiting"
    assert bench.approval().step == 1


async def test_a_step_can_be_handed_to_a_colleague_who_may_take_it(bench: Bench) -> None:
    await opened(bench)
    assert "采购陈" not in (await bench.press("张明", "转给…", person="采购陈")).text
    reply = await bench.press("张明", "转给…", person="小何")
    assert reply.text == "A1 已转给 小何。"
    await bench.run()
    assert "等 客服初审 小何" in bench.cards()[0].text
    assert bench.group.sent[-1].reply.mention == ("he",)
    assert [(d.person_name, d.verdict, d.note) for d in bench.approval().decisions] == [("张明", "transfer", "小何")]


async def test_the_sentence_reaches_the_same_rules(bench: Bench) -> None:
    await opened(bench, amount=money(5_000))
    assert "没有 A9" in (await bench.say("张明", "approve", approval_id="A9")).text
    assert "120 秒后执行" in (await bench.say("张明", "approve", approval_id="a1")).text
    assert "张明 同意" in (await bench.say("小何", "reject", approval_id="A1", reason="凭证不足")).text
    await bench.run(121)
    assert bench.shop.effects == [("refund", "7100001")]


async def test_an_exchange_cannot_be_done_through_the_api_and_becomes_a_task(bench: Bench) -> None:
    await opened(bench, kind=AftersaleKind.EXCHANGE, amount=money(0))
    assert "没有这个接口" in bench.cards()[0].text
    await bench.press("张明", "同意")
    await bench.run()
    await bench.press("李芳", "同意")
    await bench.run(121)
    assert bench.approval().state == "by_hand"
    assert bench.shop.calls == 0
    assert "请到抖音后台办" in bench.cards()[0].text
    bench.arrive(
        replace(
            bench.shop.aftersales["7100001"], stage=AftersaleStage.WAIT_BUYER_RETURN, updated_at=NOW + timedelta(hours=1)
        )
    )
    await bench.run()
    assert bench.approval().state == "done"


async def test_a_channel_without_refusals_says_so_and_leaves_a_task(tmp_path: Path) -> None:
    bench = Bench(tmp_path, connector="agree-only")
    await opened(bench)
    assert "没有拒绝接口" in bench.cards()[0].text
    await bench.press("张明", "拒绝…", reason="凭证不足")
    await bench.run(121)
    assert bench.approval().state == "by_hand"
    assert "请到抖音后台拒绝" in bench.cards()[0].text
    await bench.press("张明", "已在后台办好")
    await bench.run()
    assert bench.approval().state == "refused"
    bench.close()


async def test_shadow_mode_writes_nothing_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path, read_only=True)
    await opened(bench, amount=money(5_000))
    await bench.press("张明", "同意")
    await bench.run(121)
    assert bench.shop.calls == 0
    assert bench.approval().state == "by_hand"
    bench.close()


async def test_somebody_who_used_the_back_office_ends_the_card(bench: Bench) -> None:
    await opened(bench)
    bench.arrive(replace(aftersale(), stage=AftersaleStage.REFUNDED, version="3", updated_at=NOW + timedelta(minutes=9)))
    await bench.run()
    assert bench.approval().state == "void"
    assert "已在抖音那边处理过，现在是「已退款」" in bench.cards()[0].text


async def test_the_order_ships_between_decision_and_execution(bench: Bench) -> None:
    bench.arrive(order())
    bench.arrive(aftersale())
    await bench.run()
    await bench.press("张明", "同意")
    await bench.run()
    await bench.press("周会计", "同意")
    bench.arrive(newer(shipped(at=NOW), minutes=10))
    await bench.run(121)
    assert bench.shop.effects == []
    assert "订单 待发货 → 已发货" in bench.cards("A1")[0].text
    assert bench.approval("A2").state == "waiting"


async def test_every_step_is_in_the_audit_chain_and_on_the_timeline_without_personal_data(bench: Bench) -> None:
    await agreed(bench)
    await bench.run(121)
    trail = bench.store.read_now(lambda r: r.audit.of("approval:1"))
    assert [entry.action for entry in trail] == [
        "approval.open",
        "approval.agree",
        "approval.agree",
        "approval.execute",
        "approval.done",
    ]
    assert bench.store.read_now(lambda r: r.audit.verify())[0]
    order_id = bench.approval().order_id
    events = bench.store.read_now(lambda r: r.orders.events(order_id))
    said = [event for event in events if event.kind == "approval"]
    assert len(said) == 5
    assert "王小芳" not in repr(trail) + repr(said)
    assert "13812345678" not in repr(trail) + repr(said)


async def test_hostile_words_from_a_buyer_stay_words(bench: Bench) -> None:
    evil = "@所有人 <b>退款</b> [点我](http://x) " + "很" * 5000 + " 电话13812345678"
    await opened(bench, reason=evil, photos=("javascript:alert(1)", "https://p.test/1.jpg"))
    text = bench.cards()[0].text
    assert "@所有人" not in text
    assert "<b>" not in text
    assert "13812345678" not in text
    assert len(text) < 1200
    assert "附 1 张照片" in text


async def test_a_return_is_agreed_first_and_paid_when_the_goods_are_back_and_checked(bench: Bench) -> None:
    bench.shop.agreed_return = True
    await opened(bench, kind=AftersaleKind.RETURN)
    await bench.press("张明", "同意")
    await bench.run()
    await bench.press("李芳", "同意")
    await bench.run(121)
    assert "✅ 已同意退货" in bench.cards("A1")[0].text
    back = replace(
        bench.shop.aftersales["7100001"],
        stage=AftersaleStage.WAIT_MERCHANT_RECEIVE,
        version="9",
        updated_at=NOW + timedelta(hours=20),
        deadline=NOW + timedelta(hours=90),
    )
    bench.shop.agreed_return = False
    bench.arrive(back)
    await bench.run()
    assert "退货验收" in bench.cards("A2")[0].text
    assert bench.approval("A2").steps == ("approve_warehouse",)
    await bench.press("李芳", "同意")
    await bench.run(121)
    assert bench.approval("A2").state == "done"
    assert bench.shop.effects == [("refund", "7100001"), ("refund", "7100001")]
    assert bench.shop.aftersales["7100001"].stage is AftersaleStage.REFUNDED


async def test_the_platform_moves_its_deadline(bench: Bench) -> None:
    await opened(bench)
    soon = NOW + timedelta(hours=1)
    moved = DeadlineMoved("douyin", SHOP, NUMBER, "aftersale", soon, aftersale_number="7100001")
    bench.store.write_now(lambda u: on_deadline(u, moved, bench.clock.now(), bench.desk))
    await bench.run()
    assert "剩 1 小时" in bench.cards()[0].text
    bench.clock.set(soon)
    assert "平台期限已过" in (await bench.press("张明", "同意")).text


async def test_the_card_shows_margin_customer_and_sku_record(bench: Bench) -> None:
    bench.store.write_now(lambda u: u.costs.put([Cost("SKU-1", "douyin", NOW - timedelta(days=90), money(20_000))]))
    for days in (3, 5):
        old = NOW - timedelta(days=days)
        bench.arrive(shipped(f"old-{days}", waybill=f"SF{days}", at=old, refunded=money(100 if days == 3 else 0)))
    await opened(bench)
    text = bench.cards()[0].text
    assert "毛利影响 −¥268.00，本单转亏 ¥200.00" in text
    assert "该客户 90 天：买 3 单，退 1 单" in text
    assert "该 SKU 本月退款 1 单 ↑" in text
    assert "退款-转亏 v1" in text
    assert "也符合 退款-2" in text


async def test_a_newer_order_from_the_channel_keeps_our_hold(bench: Bench) -> None:
    bench.arrive(order())
    bench.arrive(aftersale())
    bench.arrive(newer(order(), seller_note="x"))
    assert bench.order().holds == ("refund",)


async def test_a_decision_whose_outbox_row_was_given_up_is_still_carried_out(bench: Bench) -> None:
    await agreed(bench)
    bench.clock.move(timedelta(seconds=121))
    now = bench.clock.now()

    def give_up(u: UnitOfWork) -> None:
        for row in u.outbox.claim(now, owner="dead", lease_seconds=60):
            u.outbox.fail(row.id, error="gave up")

    bench.store.write_now(give_up)
    await bench.run()
    assert bench.approval().state == "agreed"
    await bench.run(21 * 60)
    await bench.run()
    assert bench.approval().state == "done"
    assert bench.shop.effects == [("refund", "7100001")]
