"""Said with a "not" in front, every deed stays undone: thousands of denials made from parts, in both languages."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from domain.understand import RISKY, Intent, understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
NO = [
    "别",
    "不要",
    "先别",
    "不用",
    "千万别",
    "暂时不要",
    "先不",
    "不需要",
    "我没说要",
    "我没有",
    "不是要",
    "我并没有",
    "谁让你",
    "我不想",
    "不打算",
    "没让你",
    "还没决定要不要",
    "先不要",
    "请不要",
    "麻烦别",
    "不必",
    "无需",
    "我从来没",
    "拒绝",
    "不同意",
]
DEEDS = [
    "退款",
    "退货",
    "换货",
    "取消订单",
    "取消",
    "改地址",
    "修改地址",
    "给他退款",
    "帮他取消",
    "给客户退款",
    "退这单",
    "把单取消",
    "把地址改了",
    "换一个",
    "给他改地址",
    "同意退款",
    "退",
    "取消这个订单",
    "给我取消",
    "帮我退",
    "帮我换货",
    "改收货地址",
    "换地址",
    "申请退款",
    "申请换货",
    "变更收件人",
    "改电话",
]
AROUND = ("{}", "{}了", "6920123456789012345 {}", "客户说{}", "{}，谢谢", "6920123456789012345{}")
EN_NO = (
    "don't", "do not", "please don't", "never", "i did not", "i didn't ask to", "no need to", "i don't want to", "you should not",
    "stop", "i never asked you to", "dont",
)  # fmt: skip
EN_DEEDS = (
    "cancel my order", "cancel order 4821337712", "refund me", "refund the customer", "issue a refund", "return my order",
    "exchange my shoes", "change my address", "change the shipping address", "update the delivery address", "process the refund",
    "cancel it", "give him a refund",
)  # fmt: skip


@pytest.mark.parametrize("no", NO)
def test_a_chinese_denial_starts_nothing(no: str) -> None:
    said = [around.format(no + deed) for deed, around in itertools.product(DEEDS, AROUND)]
    assert [text for text in said if understand(text, now=NOW).intent in RISKY] == []


@pytest.mark.parametrize("no", EN_NO)
def test_an_english_denial_starts_nothing(no: str) -> None:
    said = [around.format(f"{no} {deed}") for deed, around in itertools.product(EN_DEEDS, ("{}", "{} please", "ok {}"))]
    assert [text for text in said if understand(text, now=NOW).intent in RISKY] == []


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("不用退货，仅退款", Intent.REQUEST_REFUND),
        ("只退款不退货", Intent.REQUEST_REFUND),
        ("不要退货，我要换货", Intent.REQUEST_EXCHANGE),
        ("不想要了，帮我取消", Intent.CANCEL_ORDER),
        ("没收到货我要退款", Intent.REQUEST_REFUND),
        ("没有取消按钮怎么取消订单", Intent.CANCEL_ORDER),
        ("别人填错了，帮我改下地址", Intent.CHANGE_ADDRESS),
        ("I do not know how to cancel my order", Intent.CANCEL_ORDER),
        ("i did not receive my item, i want a refund", Intent.REQUEST_REFUND),
        ("it doesn't fit, i want to return it", Intent.REQUEST_RETURN),
    ],
)
def test_a_wish_beside_a_denial_stays_one(text: str, intent: Intent) -> None:
    assert understand(text, now=NOW).intent is intent
