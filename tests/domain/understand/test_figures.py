"""KPI questions made from parts: every metric in every period and phrasing; dates of holidays; amounts and reasons."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.clock import SHANGHAI
from domain.dates import find_range
from domain.understand import Intent, understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)  # a Sunday
METRICS = {
    "late_orders": ("发货超时单", "超时订单", "逾期未发货的单", "延迟发货订单", "超时没发的单"),
    "exceptions": ("异常单", "异常订单", "有问题的单"),
    "exception_share": ("异常占比", "异常率", "异常单占比"),
    "refund_rate": ("退款率", "退货率", "售后率"),
    "refund_amount": ("退款金额", "退款总额"),
    "refunds": ("退款单", "售后单", "退款笔数"),
    "gmv": ("销售额", "GMV", "成交额", "营业额", "流水"),
    "orders": ("订单", "订单量", "订单数", "单量"),
    "average_order": ("客单价",),
    "margin": ("毛利率", "利润率"),
    "profit": ("毛利", "毛利额", "利润"),
    "late_share": ("超时率", "发货超时率"),
    "on_time": ("及时发货率", "准时率", "按时发货率"),
    "fulfilment_p95": ("P95 履约时效", "履约时效", "发货时效"),
    "first_response": ("首次响应时长", "首响"),
    "sales_by_sku": ("热销商品", "销量排行"),
}
PERIODS = (
    "昨天", "近7天", "上周", "本月", "上个月", "最近30天", "双11当天", "上周五", "国庆期间", "今年", "第三季度", "Q3", "10月", "11月1号到11月10号",
    "这周", "近一个月", "过去三天", "去年双11", "618期间", "上半年", "春节期间", "上周末", "本季度", "2026年9月",
)  # fmt: skip
PHRASES = (
    "{r}{m}有多少",
    "{r}{m}是多少",
    "{m} {r}怎么样",
    "帮我统计一下{r}的{m}",
    "{r}有多少{m}",
    "{r}抖音的{m}多少",
    "{r}各渠道{m}",
    "{r}按仓库看{m}",
)


@pytest.mark.parametrize("metric", METRICS)
def test_a_figure_is_found_in_every_period_and_phrasing(metric: str) -> None:
    said = [phrase.format(r=period, m=name) for name in METRICS[metric] for period in PERIODS for phrase in PHRASES]
    said = [text for text in said if not text.startswith("订单 ")]  # 订单昨天怎么样 asks about orders, not for a count
    wrong = []
    for text in said:
        plan = understand(text, now=NOW)
        if (plan.intent, plan.slots.metric) != (Intent.KPI, metric) or plan.slots.range is None:
            wrong.append((text, plan.intent.value, plan.slots.metric))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("how many late orders yesterday", "late_orders"),
        ("late orders by warehouse last week", "late_orders"),
        ("how many exceptions this month", "exceptions"),
        ("refund rate last month", "refund_rate"),
        ("how many refunds last friday", "refunds"),
        ("sales by channel in Q3", "gmv"),
        ("how many orders last friday", "orders"),
        ("return reasons this quarter", "return_reasons"),
        ("p95 fulfilment time yesterday", "fulfilment_p95"),
        ("top 10 skus this month", "sales_by_sku"),
    ],
)
def test_an_english_figure_is_found(text: str, metric: str) -> None:
    plan = understand(text, now=NOW)
    assert (plan.intent, plan.slots.metric) == (Intent.KPI, metric)
    assert plan.slots.range is not None


@pytest.mark.parametrize(
    "text",
    ["我的退款金额多少", "昨天的退款单什么时候到账", "超时没发怎么办", "我昨天的订单还没发", "异常单", "昨天买的多少钱能退"],
)
def test_a_customers_own_business_is_no_figure(text: str) -> None:
    assert understand(text, now=NOW).intent is not Intent.KPI


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("国庆期间", "2026-10-01", "2026-10-07"),
        ("春节", "2026-02-15", "2026-02-23"),
        ("去年国庆", "2025-10-01", "2025-10-08"),
        ("上半年", "2026-01-01", "2026-06-30"),
        ("下半年", "2026-07-01", "2026-12-31"),
        ("去年下半年", "2025-07-01", "2025-12-31"),
        ("去年双11", "2025-11-11", "2025-11-11"),
        ("双11当天", "2026-11-11", "2026-11-11"),
        ("q3异常单", "2026-07-01", "2026-09-30"),
        ("上周五", "2026-11-13", "2026-11-13"),
        ("近30天", "2026-10-24", "2026-11-22"),
        ("last friday", "2026-11-20", "2026-11-20"),
    ],
)
def test_periods_are_the_days_that_people_mean(text: str, first: str, last: str) -> None:
    mention = find_range(text, NOW)
    assert mention is not None
    days = [moment.astimezone(SHANGHAI).date().isoformat() for moment in (mention.range.start, mention.range.end)]
    assert days[0] == first
    assert datetime.fromisoformat(days[1]).toordinal() - 1 == datetime.fromisoformat(last).toordinal()


@pytest.mark.parametrize(
    ("text", "minor", "reason"),
    [
        ("6920123456789012345 退款，屏幕碎了", None, "屏幕碎了"),
        ("给他退 35.5，少发了一个杯子", 3550, "少发了一个杯子"),
        ("6920123456789012345 退款 35.5 少发了一个杯子", 3550, "少发了一个杯子"),
        ("6920123456789012345 退款 1280 客户很生气", 128_000, "客户很生气"),
        ("0417 退款50，色差", 5000, "色差"),
        ("给他退三十五块五，漏发了", 3550, "漏发了"),
        ("退35块5 少了一个", 3550, "少了一个"),
        ("退1.2万元 质量问题", 1_200_000, "质量问题"),
        ("尾号1234退款20元，理由：破损", 2000, "破损"),
        ("颜色不对要退", None, "颜色不对"),
        ("不喜欢 想退", None, "不喜欢"),
        ("收到就是坏的，退钱！", None, "收到就是坏的"),
        ("refund 50 for 0417, wrong colour", 5000, "wrong colour"),
        ("refund order 4821337712, it arrived broken", None, "it arrived broken"),
        ("我要退款，快点处理", None, None),
        ("退款 2 件", None, None),
    ],
)
def test_a_refund_carries_its_amount_and_its_reason(text: str, minor: int | None, reason: str | None) -> None:
    plan = understand(text, now=NOW)
    assert plan.intent is Intent.REQUEST_REFUND
    assert (plan.slots.amount.minor if plan.slots.amount else None) == minor
    assert plan.slots.reason == reason


def test_a_bare_four_digits_after_the_deed_stay_a_tail() -> None:
    plan = understand("退款 1280", now=NOW)
    assert (plan.slots.phone_tail, plan.slots.amount) == ("1280", None)
