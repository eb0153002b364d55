"""Staff commands and follow-ups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import BadInput
from domain.understand import Filter, Intent, Lexicon, Plan, from_json, threads, to_json, understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
LEXICON = Lexicon.build(warehouses={"杭州仓": [], "苏州仓": []}, skus={"SFT-GREY": ["灰色沙发套"]})


def read(text: str, context: Plan | None = None) -> Plan:
    stored = None if context is None else from_json(to_json(context))  # a dialog always comes back from the store
    return understand(text, now=NOW, lexicon=LEXICON, context=stored)


@pytest.mark.parametrize("text", ["同意 A17", "A17 同意", "好的，同意A17", "approve A17", "A17 approved please"])
def test_a_decision_with_its_ticket(text: str) -> None:
    plan = read(text)
    assert (plan.intent, plan.slots.approval_id) == (Intent.APPROVE, "A17")


@pytest.mark.parametrize(
    "text",
    [
        "同意",
        "通过",
        "先别同意 A17",
        "不要同意 A17",
        "A17 同意了吗",
        "谁同意的 A17",
        "为什么同意 A17",
        "能不能同意 A17",
        "撤回同意 A17",
        "转发：同意 A17",
        "客户说：同意 A17",
        "帮我审核通过",
        "don't approve A17",
        "should I approve A17?",
        "was A17 approved",
        "同意 A17 了没",
        "如果他同意 A17 就发货",
    ],
)
def test_what_only_talks_about_a_decision_decides_nothing(text: str) -> None:
    assert read(text).intent not in {Intent.APPROVE, Intent.REJECT}


def test_a_refusal_keeps_its_reason() -> None:
    plan = read("拒绝 A17 理由：色差不明显")
    assert (plan.intent, plan.slots.approval_id, plan.slots.reason) == (Intent.REJECT, "A17", "色差不明显")
    assert read("不同意A17").intent is Intent.REJECT


def test_two_tickets_in_one_decision_are_both_there() -> None:
    assert read("同意 A17 A18").all("approval_id") == ("A17", "A18")


def test_a_bare_yes_decides_only_the_approval_on_the_table() -> None:
    shown = read("A17")
    plan = read("同意", shown)
    assert (plan.intent, plan.slots.approval_id) == (Intent.APPROVE, "A17")
    assert read("同意").note == "which_approval"


@pytest.mark.parametrize(
    ("text", "intent", "minutes"),
    [
        ("认领 K203", Intent.ALERT_ACK, None),
        ("K7 我来跟", Intent.ALERT_ACK, None),
        ("为什么 K203", Intent.ALERT_WHY, None),
        ("稍后 K203 2小时", Intent.ALERT_SNOOZE, "120"),
        ("静音 K203 半小时", Intent.ALERT_SNOOZE, "30"),
        ("snooze K203 30 minutes", Intent.ALERT_SNOOZE, "30"),
        ("稍后 K203 一个半小时", Intent.ALERT_SNOOZE, "90"),
        ("稍后 K203", Intent.ALERT_SNOOZE, "120"),
        ("稍后 K203 400天", Intent.ALERT_SNOOZE, "10080"),
    ],
)
def test_alert_commands(text: str, intent: Intent, minutes: str | None) -> None:
    plan = read(text)
    assert (plan.intent, plan.slots.alert_id, plan.extra.get("minutes")) == (
        intent,
        text[text.index("K") :].split(maxsplit=1)[0],
        minutes,
    )


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("待办", Intent.TODO),
        ("规则", Intent.RULES),
        ("帮助", Intent.HELP),
        ("催件 6920123456789010417", Intent.URGE_SHIPMENT),
        ("库存 SFT-GREY", Intent.STOCK),
        ("开单 灰色沙发套 2件 王小明", Intent.CREATE_ORDER),
        ("拣货单", Intent.DOCUMENTS),
        ("@小单 待办", Intent.TODO),
    ],
)
def test_everyday_commands(text: str, intent: Intent) -> None:
    assert read(text).intent is intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("tuikuan", Intent.REQUEST_REFUND),
        ("wuliu", Intent.WHERE_IS_ORDER),
        ("wo de kuaidi daonale", Intent.WHERE_IS_ORDER),
        ("快第到那了", Intent.WHERE_IS_ORDER),
        ("我要退宽", Intent.REQUEST_REFUND),
        ("訂單到哪裡了", Intent.WHERE_IS_ORDER),
    ],
)
def test_pinyin_sound_alikes_and_traditional_characters(text: str, intent: Intent) -> None:
    assert read(text).intent is intent


def test_a_follow_up_is_about_the_same_order() -> None:
    asked = read("6920123456789010417 到哪了")
    for text, intent in (
        ("它的物流", Intent.WHERE_IS_ORDER),
        ("退款呢", Intent.AFTERSALE_STATUS),
        ("取消吧", Intent.CANCEL_ORDER),
    ):
        plan = read(text, asked)
        assert (plan.intent, plan.slots.order_no, plan.extra["inherited"]) == (intent, "6920123456789010417", "1")


def test_a_message_with_its_own_number_stands_alone() -> None:
    asked = read("6920123456789010417 到哪了")
    plan = read("4781320682406083640 退款呢", asked)
    assert plan.slots.order_no == "4781320682406083640"
    assert "inherited" not in plan.extra


def test_the_second_of_a_list() -> None:
    listed = read("尾号8000")
    for text in ("第 2 个", "第二单", "2", "the second one"):
        plan = read(text, listed)
        assert (plan.extra["pick"], plan.slots.phone_tail) == ("2", "8000")


def test_a_new_address_for_the_order_on_the_table() -> None:
    plan = read("改成浙江省杭州市西湖区文三路1号", read("6920123456789010417 到哪了"))
    assert (plan.intent, plan.slots.order_no, plan.slots.address) == (
        Intent.CHANGE_ADDRESS,
        "6920123456789010417",
        "浙江省杭州市西湖区文三路1号",
    )


def test_a_figure_is_refined_step_by_step() -> None:
    plan = read("昨天 P95 履约时效")
    plan = read("按仓分", plan)
    plan = read("只看抖音", plan)
    plan = read("上周呢", plan)
    assert (plan.intent, plan.slots.metric, plan.group_by, plan.slots.channel) == (
        Intent.KPI,
        "fulfilment_p95",
        ("warehouse",),
        "douyin",
    )
    assert plan.slots.range is not None
    assert plan.slots.range.label == "上周"
    english = read("and yesterday?", plan)
    assert english.slots.range is not None
    assert english.slots.range.label == "yesterday"
    assert read("怎么算的", plan).extra["explain"] == "1"


def test_the_stock_of_another_warehouse() -> None:
    plan = read("苏州仓呢", read("灰色沙发套还有货吗"))
    assert (plan.intent, plan.slots.sku, plan.filters) == (Intent.STOCK, "SFT-GREY", (Filter("warehouse", "=", "苏州仓"),))


def test_the_alert_on_the_table() -> None:
    why = read("为什么 K203")
    assert (read("认领", why).intent, read("认领", why).slots.alert_id) == (Intent.ALERT_ACK, "K203")
    assert read("稍后 1小时", why).extra["minutes"] == "60"


def test_without_a_context_a_follow_up_invents_nothing() -> None:
    plan = read("它的物流")
    assert (plan.intent, plan.slots.order_no) == (Intent.WHERE_IS_ORDER, None)


@pytest.mark.parametrize(
    "broken", ["", "{}", "[]", '{"intent": "rob_bank"}', "null", '{"intent": "stock", "slots": {"evil": 1}}']
)
def test_a_stored_plan_that_is_none_is_refused_in_words(broken: str) -> None:
    with pytest.raises(BadInput):
        from_json(broken)


WITHDRAWALS = (
    "帮我取消退货申请",
    "我申请了退款，能不能取消",
    "这个订单不要退了，还是让配送员送过来吧",
    "不取消了，发货吧",
    "cancel my return",
)


@pytest.mark.parametrize("text", WITHDRAWALS)
def test_a_withdrawal_without_an_order_is_asked_which_one(text: str) -> None:
    plan = read(text)
    assert (plan.intent, plan.note, plan.alternatives) == (Intent.OUT_OF_SCOPE, "no_order", (Intent.WITHDRAW_AFTERSALE,))


@pytest.mark.parametrize("text", WITHDRAWALS)
def test_a_withdrawal_with_an_order_named_or_talked_about_is_one(text: str) -> None:
    number = "6920123456789012345"
    assert read(f"{number} {text}").intent is Intent.WITHDRAW_AFTERSALE
    plan = read(text, read(f"{number} 到哪了"))
    assert (plan.intent, plan.slots.order_no) == (Intent.WITHDRAW_AFTERSALE, number)


@pytest.mark.parametrize("answer", ["6920123456789012345", "单号是6920123456789012345", "尾号0417"])
def test_the_number_alone_completes_the_withdrawal_that_was_asked_back(answer: str) -> None:
    plan = read(answer, read("帮我取消退货申请"))
    assert plan.intent is Intent.WITHDRAW_AFTERSALE
    assert plan.slots.order_no == "6920123456789012345" or plan.slots.phone_tail == "0417"


def test_another_question_with_a_number_is_not_taken_for_the_withdrawal() -> None:
    asked = read("帮我取消退货申请")
    assert read("6920123456789012345 到哪了", asked).intent is Intent.WHERE_IS_ORDER
    assert read("6920123456789012345 要退款", asked).intent is Intent.REQUEST_REFUND


@pytest.mark.parametrize(
    "text",
    [
        "撤销 6920123456789012345 的退款申请",
        "6920123456789012345 的退货申请帮我取消",
        "cancel the return of order 4821337712, i'll keep it",
    ],
)
def test_a_number_inside_a_withdrawal_does_not_turn_it_into_a_request(text: str) -> None:
    assert read(text).intent is Intent.WITHDRAW_AFTERSALE


def after(*texts: str) -> tuple[Plan | None, tuple[str, ...]]:
    """What is remembered after these messages, said one after the other, as (context, older threads)."""
    state: dict[str, object] | None = None
    for text in texts:
        context, earlier = threads.opened(state, NOW)
        plan = understand(text, now=NOW, lexicon=LEXICON, context=context, earlier=earlier)
        state = threads.state_of(plan, state, NOW, NOW + timedelta(minutes=10))
    return threads.opened(state, NOW)


def told(text: str, *before: str) -> Plan:
    context, earlier = after(*before)
    return understand(text, now=NOW, lexicon=LEXICON, context=context, earlier=earlier)


ASKED = "6920123456789010417 到哪了"


@pytest.mark.parametrize(
    "between", ["谢谢", "好的", "帮助", "今天天气怎么样", "灰色沙发套还有货吗", "昨天订单量", "待办", "?"]
)
def test_what_is_said_in_between_loses_no_order(between: str) -> None:
    plan = told("它的物流", ASKED, between)
    assert (plan.intent, plan.slots.order_no) == (Intent.WHERE_IS_ORDER, "6920123456789010417")


def test_a_figure_is_gone_on_with_after_an_order_was_asked_for() -> None:
    plan = told("上周呢", "昨天订单量", ASKED)
    assert (plan.intent, plan.slots.metric) == (Intent.KPI, "orders")
    assert plan.slots.range is not None
    assert plan.slots.range.label == "上周"


def test_a_thread_is_forgotten_after_its_own_ten_minutes_however_much_is_said_since() -> None:
    asked = read(ASKED)
    state = threads.state_of(asked, None, NOW, NOW + timedelta(minutes=10))
    later = NOW + timedelta(minutes=9)
    state = threads.state_of(read("谢谢"), state, later, later + timedelta(minutes=10))
    assert threads.opened(state, NOW + timedelta(minutes=9, seconds=59))[0] == asked
    assert threads.opened(state, NOW + timedelta(minutes=10, seconds=1))[0] is None


def test_a_bare_yes_after_anything_else_decides_nothing() -> None:
    assert told("同意", "A17").intent is Intent.APPROVE
    for between in ("谢谢", ASKED, "今天天气怎么样"):
        assert told("同意", "A17", between).intent is not Intent.APPROVE


@pytest.mark.parametrize("broken", [{"plan": "{}"}, {"plan": ""}, {"text": "x"}, {}, None])
def test_what_another_version_remembered_is_forgotten(broken: dict[str, object] | None) -> None:
    assert threads.opened(broken, NOW) == (None, ())


@pytest.mark.parametrize(
    ("asked", "intent"),
    [
        ("帮客户退款50", Intent.REQUEST_REFUND),
        ("帮我取消订单", Intent.CANCEL_ORDER),
        ("退款到哪一步了", Intent.AFTERSALE_STATUS),
        ("出库单", Intent.DOCUMENTS),
        ("客户要改地址，改成浙江省杭州市西湖区文三路1号", Intent.CHANGE_ADDRESS),
    ],
)
def test_a_number_alone_answers_what_was_asked_back(asked: str, intent: Intent) -> None:
    first = read(asked)
    for number in ("6920123456789010417", "单号是6920123456789010417"):
        plan = read(number, first)
        assert (plan.intent, plan.slots.order_no) == (intent, "6920123456789010417")
        assert plan.slots.amount == first.slots.amount
        assert plan.slots.address == first.slots.address
    assert read("6920123456789010417 到哪了", first).intent is Intent.WHERE_IS_ORDER


def test_a_question_of_how_is_not_completed_by_a_number() -> None:
    assert read("6920123456789010417", read("怎么申请退款")).intent is Intent.WHERE_IS_ORDER


@pytest.mark.parametrize("text", ["能退吗", "可以退吗", "退50够吗", "退50行不行", "can he return it?"])
def test_a_deed_that_is_only_asked_about_is_a_button(text: str) -> None:
    plan = read(text, read(ASKED))
    assert plan.intent in {Intent.REQUEST_REFUND, Intent.REQUEST_RETURN}
    assert plan.confidence < 0.75
    assert Intent.AFTERSALE_STATUS in plan.alternatives


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("算了不取消了", "cancel_order"),
        ("先别退", "request_refund"),
        ("算了地址不改了", "change_address"),
        ("算了", "request_refund"),
    ],
)
def test_what_is_taken_back_is_the_deed_that_is_named(text: str, deed: str) -> None:
    plan = read(text, read("6920123456789010417 退款50，色差"))
    assert plan.intent is Intent.WITHDRAW_AFTERSALE
    assert (plan.slots.order_no, plan.extra["taken_back"]) == ("6920123456789010417", deed)


@pytest.mark.parametrize("text", ["要不要退", "该不该退", "先别发货", "是不是要退"])
def test_who_wonders_takes_nothing_back(text: str) -> None:
    assert read(text, read("6920123456789010417 退款50，色差")).intent is not Intent.WITHDRAW_AFTERSALE


@pytest.mark.parametrize(
    ("text", "metric", "groups", "channel"),
    [
        ("换成退款率", "refund_rate", ("warehouse",), "douyin"),
        ("不分组", "orders", (), "douyin"),
        ("按渠道", "orders", ("channel",), "douyin"),
        ("拼多多", "orders", ("warehouse",), "pinduoduo"),
        ("不限渠道", "orders", ("warehouse",), None),
        ("按苍分", "orders", ("warehouse",), "douyin"),
    ],
)
def test_one_thing_of_a_figure_is_changed(text: str, metric: str, groups: tuple[str, ...], channel: str | None) -> None:
    plan = told(text, "昨天订单量", "按仓分", "只看抖音")
    assert (plan.intent, plan.slots.metric, plan.group_by, plan.slots.channel) == (Intent.KPI, metric, groups, channel)
    assert plan.slots.range is not None
    assert plan.slots.range.label == "昨天"


def test_how_it_is_computed_is_of_one_turn() -> None:
    assert "explain" not in told("上周呢", "昨天订单量", "怎么算的").extra


@pytest.mark.parametrize("text", ["昨天那个客户好难搞", "抖音的客服在吗", "按仓库说的办"])
def test_one_word_more_is_another_question(text: str) -> None:
    assert told(text, "昨天订单量").intent is not Intent.KPI
