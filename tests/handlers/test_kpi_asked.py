"""The questions that are asked most, from the typed sentence to the answer: every figure is counted again here, in plain Python.

Nothing of the product is used to compute what is expected: orders are Python objects, days are dates in Shanghai.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.dispatch import Dispatcher
from domain.chat import ChatKind, ChatRef, Message, Reply, Sender
from domain.order import Aftersale, AftersaleKind, AftersaleStage, Order, Stage
from domain.store import Cost, Stock, StockMove
from handlers.kpi import FEATURE
from handlers.router import Router
from tests.builders import NOW, SHOP, aftersale, line, money, order, parcel, receiver
from tests.handlers.ask_desk import AskDesk, button

SHANGHAI = ZoneInfo("Asia/Shanghai")
STAGES = (
    Stage.TO_SHIP, Stage.SHIPPED, Stage.COMPLETED, Stage.UNPAID, Stage.CLOSED_REFUNDED, Stage.CLOSED_UNPAID, Stage.SHIPPED,
    Stage.DELIVERED, Stage.HOLD,
)  # fmt: skip
SENT = {Stage.SHIPPED, Stage.COMPLETED, Stage.DELIVERED}
UNPAID = {Stage.UNPAID, Stage.CLOSED_UNPAID}
SHOPS = (("douyin", SHOP), ("pinduoduo", "优选店"), ("douyin", "华南店"))
NAMES = {"douyin": "抖音", "pinduoduo": "拼多多"}


def made(i: int) -> Order:
    """Order `i`: one every three hours and a bit back from NOW, over 54 days (this Friday is 20 November)."""
    placed = NOW - timedelta(hours=3 * i, minutes=11 * i % 50)
    stage = STAGES[i % 9]
    paid = stage not in UNPAID
    lines = (line(f"SKU-{i % 4}", quantity=1 + i % 3, price=1_000 + 37 * i),)
    total = money(lines[0].total.minor)
    sent = placed + timedelta(hours=2 + i % 45) if stage in SENT else None
    channel, shop = SHOPS[i % 3]
    carrier = ("sf", "zto")[i % 2]
    return order(
        f"69{i:017d}",
        stage=stage,
        created_at=placed,
        updated_at=NOW,
        channel=channel,
        shop=shop,
        warehouse=("杭州仓", "华南仓")[i // 2 % 2],
        receiver=receiver(province=("浙江省", "广东", "江苏省", "上海市", "四川省")[i % 5]),
        lines=lines,
        paid=total if paid else money(0),
        refunded=total if stage is Stage.CLOSED_REFUNDED else money(0),
        paid_at=placed + timedelta(minutes=3) if paid else None,
        ship_by=placed + timedelta(hours=24) if i % 7 else None,
        shipped_at=sent,
        holds=("risk",) if stage is Stage.HOLD else (),
        parcels=()
        if sent is None
        else (parcel(f"SF{i:013d}", carrier=carrier, shipped_at=sent, picked_at=sent + timedelta(hours=1)),),
    )


ORDERS = [made(i) for i in range(1, 433)]
AFTER = [
    aftersale(
        f"A{i}",
        order_number=each.number,
        channel=each.channel,
        shop=each.shop,
        at=each.created_at + timedelta(hours=4),
        kind=(AftersaleKind.REFUND, AftersaleKind.RETURN, AftersaleKind.EXCHANGE)[i % 3],
        stage=(AftersaleStage.REFUNDED, AftersaleStage.WAIT_MERCHANT, AftersaleStage.CANCELLED)[i // 3 % 3],
        reason=("商品质量问题", "不想要了", "色差")[i % 3],
        amount=each.total,
        refunded_at=each.created_at + timedelta(hours=5) if i // 3 % 3 == 0 else None,
        refunded_amount=money(each.total.minor // 2) if i // 3 % 3 == 0 else None,
    )
    for i, each in enumerate(one for one in ORDERS if one.stage in SENT and one.created_at < NOW - timedelta(hours=8))
    if i % 2 == 0
]
TODAY, YESTERDAY, BEFORE = date(2026, 11, 20), date(2026, 11, 19), date(2026, 11, 18)
LAST_WEEK = (date(2026, 11, 9), date(2026, 11, 15))
Test = Callable[[Order], bool]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path_factory.mktemp("asked"))
    desk.store.write_now(lambda u: u.orders.upsert_many(ORDERS, seen_at=NOW, surface="channel"))
    desk.put(*AFTER)

    def shelves(uow: object) -> None:
        for sku in range(4):
            for where in ("杭州仓", "华南仓"):
                uow.stock.define(Stock(f"SKU-{sku}", where, 0, 0, 0, 0, 0, ("保温杯", "沙发套", "雨伞", "台灯")[sku]))  # type: ignore[attr-defined]
                uow.stock.move([StockMove(f"SKU-{sku}", where, "receive", 50, f"m{sku}{where}", NOW)])  # type: ignore[attr-defined]

    desk.store.write_now(shelves)
    costs = [Cost(f"SKU-{sku}", "", NOW - timedelta(days=400), money(900 + sku), fee_bp=500) for sku in range(4)]
    desk.store.write_now(lambda u: u.costs.put(costs))
    yield desk
    desk.close()


async def say(ask: AskDesk, text: str) -> Reply:
    """The whole way: the parser with the company's names, permissions, the compiler, the answer."""
    alone = ChatRef("console", f"d-{text}", ChatKind.DIRECT)  # nothing was talked about before
    message = Message(alone, Sender("u-陈店长", "陈店长"), f"m-{text}", text, ask.clock.now())
    answer = await Dispatcher(ask.desk, Router((FEATURE,))).message(message)
    assert answer.reply is not None
    assert answer.intent == "kpi"
    return answer.reply


# --- counted again ----------------------------------------------------------------------------------------------------


def on(*days: date) -> Test:
    first, last = days[0], days[-1]
    return lambda each: first <= each.created_at.astimezone(SHANGHAI).date() <= last


def both(*tests: Test) -> Test:
    return lambda each: all(test(each) for test in tests)


def douyin(each: Order) -> bool:
    return each.channel == "douyin"


def of(test: Test) -> list[Order]:
    """Orders as they are counted: what was closed without payment never was one."""
    return [each for each in ORDERS if each.stage is not Stage.CLOSED_UNPAID and test(each)]


def paid(test: Test) -> list[Order]:
    return [each for each in ORDERS if each.stage not in UNPAID and test(each)]


def count(test: Test) -> str:
    return f"订单数 {len(of(test)):,} 单"


def yuan(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}¥{abs(minor) / 100:,.2f}"


def gmv(test: Test) -> str:
    return f"实付金额 {yuan(sum(each.paid.minor for each in paid(test)))}"


def after(test: Callable[[Aftersale], bool], *days: date) -> list[Aftersale]:
    first, last = days[0], days[-1]
    within = [each for each in AFTER if first <= each.created_at.astimezone(SHANGHAI).date() <= last]
    return [each for each in within if each.stage is not AftersaleStage.CANCELLED and test(each)]


def promised(test: Test) -> tuple[int, int]:
    """(in time, due) of the orders with a promise."""
    kept = due = 0
    for each in paid(test):
        if each.ship_by is None or (each.shipped_at is None and each.stage is Stage.CLOSED_REFUNDED):
            continue
        if each.shipped_at is not None or each.ship_by <= NOW:
            due += 1
            kept += each.shipped_at is not None and each.shipped_at <= each.ship_by
    return kept, due


def units(test: Test) -> Counter[str]:
    sold: Counter[str] = Counter()
    for each in paid(test):
        if each.stage is not Stage.CLOSED_REFUNDED:
            sold[each.lines[0].sku] += each.lines[0].quantity
    return sold


def profit(test: Test) -> int:
    earned = 0
    for each in paid(test):
        if each.stage is not Stage.CLOSED_REFUNDED:
            one = each.lines[0]
            cost = 900 + int(one.sku[-1])
            earned += one.total.minor * 9_500 - cost * one.quantity * 10_000
    return (earned + 5_000) // 10_000


def hours(day: date, first: int, last: int) -> Test:
    begin = datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
    return lambda each: begin + timedelta(hours=first) <= each.created_at < begin + timedelta(hours=last)


def province(*names: str) -> Test:
    return lambda each: each.receiver.province[:2] in names


OCTOBER = (date(2026, 10, 1), date(2026, 10, 31))
WEEK = (date(2026, 11, 14), TODAY)
ANSWERS: list[tuple[str, str]] = [
    ("昨天多少单", count(on(YESTERDAY))),
    ("今天几单了", count(on(TODAY))),
    ("昨天卖了多少", gmv(on(YESTERDAY))),
    ("前天业绩怎么样", gmv(on(BEFORE))),
    ("上周流水", gmv(on(*LAST_WEEK))),
    ("11月1号到11号销售额", gmv(on(date(2026, 11, 1), date(2026, 11, 11)))),
    ("11.1-11.11 单量", count(on(date(2026, 11, 1), date(2026, 11, 11)))),
    ("双11当天卖了多少", gmv(on(date(2026, 11, 11)))),
    ("这半个月多少单", count(on(date(2026, 11, 6), TODAY))),
    ("上个月总共多少单", count(on(*OCTOBER))),
    ("近7天抖音卖了多少", gmv(both(on(*WEEK), douyin))),
    ("上周除了抖音卖了多少", gmv(both(on(*LAST_WEEK), lambda each: not douyin(each)))),
    ("上周旗舰店和优选店的单量", count(both(on(*LAST_WEEK), lambda each: each.shop in (SHOP, "优选店")))),
    ("上周拼多多的华南仓多少单", count(both(on(*LAST_WEEK), lambda each: not douyin(each) and each.warehouse == "华南仓"))),
    ("上周浙江多少单", count(both(on(*LAST_WEEK), province("浙江")))),
    ("上周江浙沪订单量", count(both(on(*LAST_WEEK), province("江苏", "浙江", "上海")))),
    ("上周只算已付款的多少单", f"订单数 {len(paid(on(*LAST_WEEK)))} 单"),
    ("上周未付款的有多少单", f"订单数 {sum(each.stage is Stage.UNPAID for each in of(on(*LAST_WEEK)))} 单"),
    ("上周超过60块的订单有几单", count(both(on(*LAST_WEEK), lambda each: each.total.minor > 6_000))),
    ("上周100元以下的订单有几单", count(both(on(*LAST_WEEK), lambda each: each.total.minor <= 10_000))),
    ("昨天上午多少单", count(hours(YESTERDAY, 6, 12))),
    ("昨晚多少单", count(hours(YESTERDAY, 18, 24))),
    ("昨天8点到20点卖了多少", gmv(hours(YESTERDAY, 8, 20))),
    ("上周顺丰发了多少单", count(both(on(*LAST_WEEK), lambda each: bool(each.parcels) and each.parcels[0].carrier == "sf"))),
    ("上周不含退款卖了多少", gmv(both(on(*LAST_WEEK), lambda each: each.number not in {one.order_number for one in AFTER}))),
    ("现在还有几单没发", f"待发货单数 {sum(each.stage in (Stage.TO_SHIP, Stage.HOLD) for each in ORDERS)} 单"),
    (
        "杭州仓还有多少单没发",
        f"待发货单数 {sum(each.stage in (Stage.TO_SHIP, Stage.HOLD) and each.warehouse == '杭州仓' for each in ORDERS)} 单",
    ),
    ("上周客单", f"客单价 {yuan((2 * sum(each.paid.minor for each in paid(on(*LAST_WEEK))) + len(paid(on(*LAST_WEEK)))) // (2 * len(paid(on(*LAST_WEEK)))))}"),
    ("上周发货及时率", f"及时发货率 {promised(on(*LAST_WEEK))[0] / promised(on(*LAST_WEEK))[1] * 100:.1f}%"),
    ("上周超时率", f"发货超时率 {(1 - promised(on(*LAST_WEEK))[0] / promised(on(*LAST_WEEK))[1]) * 100:.1f}%"),
    ("上周超时多少", f"发货超时单数 {promised(on(*LAST_WEEK))[1] - promised(on(*LAST_WEEK))[0]} 单"),
    ("上周退款率", f"退款率 {sum(each.stage is Stage.CLOSED_REFUNDED for each in paid(on(*LAST_WEEK))) / len(paid(on(*LAST_WEEK))) * 100:.1f}%"),
    ("上周售后多少单", f"售后单数 {len(after(lambda _: True, *LAST_WEEK))} 笔"),
    ("上周退货多少单", f"售后单数 {len(after(lambda each: each.kind is AftersaleKind.RETURN, *LAST_WEEK))} 笔"),
    ("上周换货有几单", f"售后单数 {len(after(lambda each: each.kind is AftersaleKind.EXCHANGE, *LAST_WEEK))} 笔"),
    ("上个月质量问题的售后多少单", f"售后单数 {len(after(lambda each: '质量问题' in each.reason, *OCTOBER))} 笔"),
    ("上个月毛利多少", f"毛利额 {yuan(profit(on(*OCTOBER)))}"),
    ("上周卖了多少件", f"销量 {sum(units(on(*LAST_WEEK)).values())} 件"),
    ("保温杯上周卖了几个", f"销量 {units(on(*LAST_WEEK))['SKU-0']} 件"),
    ("zuotian duoshao dan", count(on(YESTERDAY))),
    ("how many orders yesterday", count(on(YESTERDAY))),
    ("sales excluding douyin last week", gmv(both(on(*LAST_WEEK), lambda each: not douyin(each)))),
    ("orders from 杭州仓 last week", count(both(on(*LAST_WEEK), lambda each: each.warehouse == "杭州仓"))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "figure"), ANSWERS, ids=[text for text, _ in ANSWERS])
async def test_the_figure_is_the_one_that_is_counted_by_hand(ask: AskDesk, text: str, figure: str) -> None:
    reply = await say(ask, text)
    head = reply.text.splitlines()[0]
    assert head.endswith(figure), reply.text
    assert not figure.endswith((" 0 单", " 0 笔", " 0 件", " ¥0.00"))  # or it would prove nothing
    assert "没看懂" not in reply.text


async def test_the_refunded_amount_goes_by_the_day_of_the_refund(ask: AskDesk) -> None:
    back = [each for each in AFTER if each.stage is AftersaleStage.REFUNDED and each.refunded_at is not None]
    within = [each for each in back if LAST_WEEK[0] <= each.refunded_at.astimezone(SHANGHAI).date() <= LAST_WEEK[1]]  # type: ignore[union-attr]
    total = sum(each.refunded_amount.minor for each in within if each.refunded_amount is not None)
    assert total > 0
    assert f"退款金额 {yuan(total)}" in (await say(ask, "上周退了多少钱")).text


# --- groups and order -------------------------------------------------------------------------------------------------


def ranked(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda one: (-one[1], one[0]))


async def test_the_best_and_the_worst_are_named_in_their_order(ask: AskDesk) -> None:
    sold = units(on(*LAST_WEEK))
    lines = (await say(ask, "上周销量前三名")).text.splitlines()
    shown = [each for each in lines if each[:2] in ("1.", "2.", "3.", "4.")]
    assert [f"{sku} {count} 件" in each for each, (sku, count) in zip(shown, ranked(sold), strict=False)] == [True] * 3
    lines = (await say(ask, "上周卖得最差的2个商品")).text.splitlines()
    shown = [each for each in lines if each[:2] in ("1.", "2.", "3.")]
    worst = sorted(sold.items(), key=lambda one: one[1])[:2]
    assert [f"{sku} {count} 件" in each for each, (sku, count) in zip(shown, worst, strict=True)] == [True, True]


async def test_channels_side_by_side_hold_only_those_that_were_named(ask: AskDesk) -> None:
    text = (await say(ask, "昨天抖音和拼多多各卖了多少")).text
    for channel, name in NAMES.items():
        total = sum(each.paid.minor for each in paid(both(on(YESTERDAY), lambda each, c=channel: each.channel == c)))  # type: ignore[misc]
        assert f"{name} {yuan(total)}" in text
    assert "渠道 抖音、拼多多" in text


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("近30天每周多少单", lambda each: f"{each - timedelta(days=each.weekday()):%m-%d} 那周"),
        ("近30天按月看单量", lambda each: f"{each:%Y-%m}"),
    ],
)
async def test_weeks_and_months_add_up_from_days(ask: AskDesk, text: str, key: Callable[[date], str]) -> None:
    answer = (await say(ask, text)).text
    inside = of(on(date(2026, 10, 22), TODAY))
    for name, number in Counter(key(each.created_at.astimezone(SHANGHAI).date()) for each in inside).items():
        assert f"{name} {number} 单" in answer


async def test_the_best_day_is_named_first_and_the_busiest_hour_too(ask: AskDesk) -> None:
    days: Counter[date] = Counter()
    for each in paid(on(*LAST_WEEK)):
        days[each.created_at.astimezone(SHANGHAI).date()] += each.paid.minor
    best, total = max(days.items(), key=lambda one: one[1])
    assert f"1. {best:%m-%d}" in (text := (await say(ask, "上周哪天卖得最多")).text)
    assert yuan(total) in text
    busy = Counter(each.created_at.astimezone(SHANGHAI).hour for each in of(on(*LAST_WEEK))).most_common(1)[0]
    first = next(each for each in (await say(ask, "上周哪个时段下单最多")).text.splitlines() if each.startswith("1."))
    assert f" {busy[1]} 单" in first


async def test_provinces_are_counted_under_the_name_that_was_stored(ask: AskDesk) -> None:
    by = Counter(each.receiver.province for each in of(on(*LAST_WEEK)))
    first = next(each for each in (await say(ask, "上周哪个省下单最多")).text.splitlines() if each.startswith("1."))
    assert f" {max(by.values())} 单" in first


# --- comparison -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "was"),
    [
        ("昨天比前天多多少单", on(BEFORE)),
        ("昨天和上周四比单量怎么样", on(date(2026, 11, 12))),
        ("昨天单量，比上周同期呢", on(date(2026, 11, 12))),
        ("昨天单量比上个月同期", on(date(2026, 10, 19))),
        ("双11比10月11号多多少单", on(date(2026, 10, 11))),
        ("本月比上个月多多少单", lambda each: date(2026, 10, 1) <= each.created_at.astimezone(SHANGHAI).date() <= date(2026, 10, 19) or hours(date(2026, 10, 20), 0, 14)(each)),
    ],
)  # fmt: skip
async def test_what_it_is_compared_with_is_said_with_its_own_figure(ask: AskDesk, text: str, was: Test) -> None:
    line_ = next(each for each in (await say(ask, text)).text.splitlines() if each.startswith("对比 "))
    assert f"：{len(of(was))} 单，" in line_


async def test_a_comparison_with_a_time_of_which_nothing_is_known_says_so(ask: AskDesk) -> None:
    text = (await say(ask, "上周销售额同比")).text
    assert gmv(on(*LAST_WEEK)) in text
    assert "对比 2025-11-09 至 11-15" in text or "对比 11-09 至 11-15" in text or "对比 2025-11-09" in text
    assert "那段时间没有可算的" in text


async def test_today_is_compared_with_the_same_hours(ask: AskDesk) -> None:
    text = (await say(ask, "今天比昨天多卖了多少")).text
    until = sum(each.paid.minor for each in paid(hours(YESTERDAY, 0, 14)))
    assert f"：{yuan(until)}，" in text


# --- what is said beside the figure -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("昨天无锡仓多少单", "⚠ 「无锡仓」我没看懂，下面的数没按它算"),
        ("昨天老客户多少单", "⚠ 「老客户」我没看懂，下面的数没按它算"),
        ("昨天发了多少单", "⚠ 我只会按下单时间算"),
        ("上周各城市订单量", "⚠ 「城市」我没看懂"),
        ("昨天抖音旗舰店杭州仓浙江的订单量", " · 店铺 旗舰店"),
        ("昨天抖音旗舰店杭州仓浙江的订单量", " · 省份 浙江"),
        ("昨天不含拼多多多少单", "不含渠道 拼多多"),
        ("昨天满50元的订单多少单", " · 金额 >= 50.00"),
        ("现在几单没发", "到现在为止所有的"),
        ("上个月质量问题的售后多少单", "原因里有 质量问题"),
    ],
)
async def test_what_was_applied_and_what_was_not_is_in_the_answer(ask: AskDesk, text: str, said: str) -> None:
    assert said in (await say(ask, text)).text


async def test_two_figures_in_one_breath_are_one_answer_and_a_button(ask: AskDesk) -> None:
    reply = await say(ask, "昨天卖了多少，退款率多少")
    assert gmv(on(YESTERDAY)) in reply.text
    assert "「退款率」按下面的按钮看" in reply.text
    pressed = await ask.press(FEATURE, button(reply, "退款率"), who="陈店长")
    assert pressed is not None
    assert "退款率 " in pressed.text
    assert "11-19" in pressed.text


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("昨天转化率多少", "订单数"), ("上周复购率", "订单数"), ("上周签收率", "及时发货率"), ("上个月净利润多少", "毛利额"), ("上周投产比", "毛利额"),
        ("上周哪家快递最慢", "履约时效"), ("昨天有多少人下单", "订单数"), ("上周好评率", "退款率"),
    ],
)  # fmt: skip
async def test_what_cannot_be_told_is_refused_with_the_nearest_that_can(ask: AskDesk, text: str, instead: str) -> None:
    reply = await say(ask, text)
    assert "可以问" in reply.text
    assert instead in reply.text
    assert not any(letter.isdigit() for letter in reply.text)


async def test_a_grouping_that_a_figure_has_not_says_which_it_has(ask: AskDesk) -> None:
    text = (await say(ask, "上周各商品退款率")).text
    assert "不能这样分" in text
    assert "渠道" in text
    assert "按商品可以问「销量」" in text


async def test_what_waits_is_about_now_whatever_was_talked_about_before(ask: AskDesk) -> None:
    chat = ChatRef("console", "d-waiting", ChatKind.DIRECT)
    said = []
    for text in ("上周不含退款卖了多少", "现在还有几单没发", "抖音呢"):
        who = Message(chat, Sender("u-陈店长", "陈店长"), f"m-{text}", text, ask.clock.now())
        answer = await Dispatcher(ask.desk, Router((FEATURE,))).message(who)
        assert answer.reply is not None
        said.append(answer.reply.text)
    waiting = [each for each in ORDERS if each.stage in (Stage.TO_SHIP, Stage.HOLD)]
    assert f"待发货单数 {len(waiting)} 单" in said[1]
    assert "到现在为止所有的 · 全部店铺" in said[1].replace("（", "").replace("）", "")
    assert f"待发货单数 {len([each for each in waiting if douyin(each)])} 单" in said[2]
