"""No message is slow to read, whatever it repeats: a pattern that backtracks is a way to stop the bot for everybody."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from domain.understand.parse import understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
UNITS = [
    "咋", "退", "不", "别", "取消", "没", "我", "的", "能不能", "退货", "改地址", "不要", "给我", "帮我", "到哪", "多少钱", "6920 ", "0417 ", "12 ",
    "a", "ab ", "cancel ", "refund ", "do not ", "don't want to ", "my order ", "address to ", "换", "去年", "上", "个", "一", "块", "退款5", "退 3.5 ",
    "，", "。", "省", "市", "区", "路", "1-2-", "x*", "…", "<NAME_1>", "[数字x]", "@a ", "转发：", "客户说：", "按", "超时", "多少", "国庆", "q3", "如果",
    " ", "好", "有货", "where is ", "returned i ", "i ordered ", "a week ago ",
]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_two_thousand_letters_of_anything_are_read_quickly(unit: str) -> None:
    for end in ("", "多少钱", "退", "取消", "改", "吗", "order", "refund"):
        started = time.thread_time()
        understand((unit * 2000)[:1990] + end, now=NOW)
        assert time.thread_time() - started < 1.0, (unit, end)
