"""Numbers, names, dates and amounts inside messages."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock import SHANGHAI
from domain.dates import find_range, is_workday, numeral
from domain.money import Money
from domain.understand import Filter, Intent, Lexicon, Plan, from_json, to_json, understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)  # Sunday noon in Shanghai
LEXICON = Lexicon.build(
    shops={"抖音旗舰店": ["旗舰店"]},
    warehouses={"杭州仓": ["杭仓"], "苏州仓": []},
    skus={"SFT-GREY": ["沙发套-灰", "灰色沙发套"]},
    people=["王小明"],
)


def read(text: str, context: Plan | None = None) -> Plan:
    return understand(text, now=NOW, lexicon=LEXICON, context=context)


@pytest.mark.parametrize(
    ("text", "order_no"),
    [
        ("6920123456789010417 到哪了", "6920123456789010417"),
        ("６９２０１２３４５６７８９０１０４１７到哪了", "6920123456789010417"),
        ("6920 1234 5678 9010 417", "6920123456789010417"),
        ("六九二零一二三四五六七八九零一零四幺七", "6920123456789010417"),
        ("6920\u200b123456789010417 发货了吗", "6920123456789010417"),
        ("260101-123456789012345 发货了吗", "260101-123456789012345"),
        ("where is 114-1234567-1234567", "114-1234567-1234567"),
        ("order #1001 到哪了", "1001"),
        ("订单号：312345678901 查一下", "312345678901"),
        ("cancel purchase 592838471923", "592838471923"),
        ("[ORDERID_10009876]到哪里了", "10009876"),
        ("2311155JPVN5UX 发货没", "2311155JPVN5UX"),
        ("订单 XD20261122001 的物流", "XD20261122001"),
        ("客户说：“快递怎么还没到，单号6920123456789010417”", "6920123456789010417"),
        ("9007199254740993123 到哪了", "9007199254740993123"),
    ],
)
def test_order_numbers_are_text_and_exact(text: str, order_no: str) -> None:
    assert read(text).slots.order_no == order_no


@pytest.mark.parametrize(
    ("text", "waybill"),
    [
        ("SF1234567890123", "SF1234567890123"),
        ("sf1234567890123到哪了", "SF1234567890123"),
        ("运单号 73100196611386", "73100196611386"),
        ("73100196611386 到哪了", "73100196611386"),
        ("my tracking number is 1Z999AA10123456784", "1Z999AA10123456784"),
        ("YT1234567890123 怎么不动了", "YT1234567890123"),
    ],
)
def test_waybills_are_not_order_numbers(text: str, waybill: str) -> None:
    plan = read(text)
    assert (plan.slots.waybill_no, plan.slots.order_no) == (waybill, None)


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("13812345678 的单到哪了", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678的订单", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("+1 415 555 2671", "+14155552671"),
    ],
)
def test_a_phone_is_never_an_order_number(text: str, phone: str) -> None:
    plan = read(text)
    assert (plan.slots.phone, plan.slots.order_no, plan.slots.waybill_no) == (phone, None, None)


@pytest.mark.parametrize(
    ("text", "tail"),
    [("尾号8000到哪了", "8000"), ("后四位 0417", "0417"), ("0417", "0417"), ("last four digits 8000", "8000")],
)
def test_tails(text: str, tail: str) -> None:
    plan = read(text)
    assert (plan.intent, plan.slots.phone_tail) == (Intent.WHERE_IS_ORDER, tail)


def test_masked_numbers_are_searched_by_head_and_tail() -> None:
    assert read("6920…0417 到哪了，客户催").extra == {"order_head": "6920", "order_tail": "0417"}
    phone = read("138****5678 的订单")
    assert (phone.extra["phone_head"], phone.slots.phone_tail) == ("138", "5678")


def test_several_numbers_in_one_message_are_all_there() -> None:
    plan = read("6920123456789010417 6920123456789010418 还有 SF1234567890123 电话13812345678 到哪了")
    assert plan.all("order_no") == ("6920123456789010417", "6920123456789010418")
    assert plan.all("waybill_no") == ("SF1234567890123",)
    assert plan.all("phone") == ("13812345678",)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("退款268元", Money(26800)),
        ("退款 ¥268.50", Money(26850)),
        ("退我两百块", Money(20000)),
        ("退款1,204.50元", Money(120450)),
        ("I want a refund of $20", Money(2000, "USD")),
        ("refund 15 euros please", Money(1500, "EUR")),
    ],
)
def test_amounts(text: str, amount: Money) -> None:
    assert read(text).slots.amount == amount


def test_an_amount_is_no_order_number() -> None:
    assert read("退款 12000 元").slots.order_no is None


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("昨天的单", "2026-11-21", "2026-11-22"),
        ("上周五", "2026-11-13", "2026-11-14"),
        ("上周", "2026-11-09", "2026-11-16"),
        ("本月", "2026-11-01", "2026-12-01"),
        ("双11当天", "2026-11-11", "2026-11-12"),
        ("近30天", "2026-10-24", "2026-11-23"),
        ("最近一周", "2026-11-16", "2026-11-23"),
        ("10月1号", "2026-10-01", "2026-10-02"),
        ("12月25日", "2025-12-25", "2025-12-26"),
        ("2026-11-11", "2026-11-11", "2026-11-12"),
        ("10月1号到10月7号", "2026-10-01", "2026-10-08"),
        ("last friday", "2026-11-20", "2026-11-21"),
        ("past 7 days", "2026-11-16", "2026-11-23"),
        ("q3", "2026-07-01", "2026-10-01"),
        ("第三季度", "2026-07-01", "2026-10-01"),
        ("oct 3", "2026-10-03", "2026-10-04"),
        ("去年", "2025-01-01", "2026-01-01"),
    ],
)
def test_ranges_are_half_open_days_of_shanghai(text: str, first: str, after: str) -> None:
    found = find_range(text, NOW)
    assert found is not None
    assert found.range.start == datetime.combine(date.fromisoformat(first), datetime.min.time(), SHANGHAI)
    assert found.range.end == datetime.combine(date.fromisoformat(after), datetime.min.time(), SHANGHAI)
    assert found.range.start.utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize("text", ["13月45号", "2026-02-30", "一个星期了", "1.5元", "几天能到", "the day may come"])
def test_what_is_no_date_gives_no_range(text: str) -> None:
    assert find_range(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "value"), [("两百五", 250), ("三十", 30), ("一千二百", 1200), ("两百零五", 205), ("十二", 12), ("30", 30)]
)
def test_numerals(text: str, value: int) -> None:
    assert numeral(text) == value


def test_a_swapped_working_day_is_known() -> None:
    assert not is_workday(date(2025, 10, 1))
    assert is_workday(date(2025, 9, 28))  # a Sunday worked for the October holiday
    assert is_workday(date(2099, 11, 23)) == (date(2099, 11, 23).weekday() < 5)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("张建国 到哪了", "张建国"),
        ("王小明 退款呢", "王小明"),
        ("周三 到了吗", None),
        ("高档 呢", None),
        ("马桶 到哪了", None),
    ],
)
def test_a_name_set_apart_is_who_is_asked_about_not_the_order_talked_about(text: str, name: str | None) -> None:
    before = understand("6920123456789012345 到哪了", now=NOW)
    plan = understand(text, now=NOW, context=before)
    assert plan.slots.name == name
    if name is not None:
        assert plan.slots.order_no is None


def test_names_of_the_company_become_slots_and_filters() -> None:
    plan = read("灰色沙发套杭仓还有多少库存")
    assert (plan.intent, plan.slots.sku, plan.filters) == (Intent.STOCK, "SFT-GREY", (Filter("warehouse", "=", "杭州仓"),))
    assert read("拼夕夕昨天卖了多少单").slots.channel == "pinduoduo"
    assert read("my body lotion order").slots.channel is None  # dy inside body is no channel


def test_a_customer_by_phone_with_filters() -> None:
    plan = read("13812345678 近30天未签收的订单")
    assert (plan.intent, plan.filters) == (Intent.CUSTOMER_ORDERS, (Filter("delivered", "=", "no"),))
    assert plan.slots.range is not None


def test_a_name_with_a_day() -> None:
    plan = read("王小明 昨天的单")
    assert (plan.intent, plan.slots.name) == (Intent.WHERE_IS_ORDER, "王小明")


def test_the_new_address_is_taken_with_the_order() -> None:
    plan = read("订单6920123456789010417改地址到浙江省杭州市西湖区文三路1号")
    assert (plan.intent, plan.slots.address) == (Intent.CHANGE_ADDRESS, "浙江省杭州市西湖区文三路1号")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00\x07",
        "😀😀",
        "@所有人",
        "<b>退款</b>",
        "9" * 5000,
        "退款" * 50_000,
        "取消订单" + "啊" * 100_000,
        "\u202e取消",
        "((((" * 1000,
        "a1" * 3000,
        "138-" * 700,
    ],
)
def test_hostile_text_is_read_without_harm(text: str) -> None:
    plan = read(text)
    assert from_json(to_json(plan)) == plan


def test_a_cut_message_never_starts_a_risky_thing() -> None:
    assert read("取消订单" + "啊" * 100_000).intent is Intent.OUT_OF_SCOPE


@given(st.text(max_size=120))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_plan_that_survives_storage(text: str) -> None:
    plan = understand(text, now=NOW, lexicon=LEXICON)
    assert from_json(to_json(plan)) == plan


@given(st.integers(min_value=10**16, max_value=10**19 - 1))
@settings(max_examples=60, deadline=None)
def test_every_long_number_keeps_every_digit(number: int) -> None:
    assert understand(f"{number} 到哪了", now=NOW).slots.order_no == str(number)
