"""Closed queries against figures counted by hand in the test, on both databases; scope, caps and hostile values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.clock import SHANGHAI
from domain.dates import DateRange
from domain.errors import BadInput, Refused
from domain.metrics import METRICS
from domain.money import Money
from domain.order import AftersaleStage, Order, Stage
from domain.people import May
from domain.query import Fact, Part, Parts, Query, Scope, TooLong, build, folded, money_of, pack, rank, unpack
from domain.store import Cost, OrderEvent, Stock, StockMove
from domain.understand.plan import Filter
from storage import SqlStore
from storage.query import FigureReads
from storage.recipes import RECIPES
from tests.builders import NOW, SHOP, aftersale, alert, line, money, order, parcel

ALL = Scope(may=frozenset(May))
DAY = timedelta(days=1)
TODAY = datetime.fromisoformat("2026-11-19T16:00:00+00:00")  # midnight in Shanghai before NOW
WEEK = DateRange(TODAY - 6 * DAY, TODAY + DAY, "近7天")
STAGES = (Stage.TO_SHIP, Stage.SHIPPED, Stage.COMPLETED, Stage.CLOSED_REFUNDED, Stage.UNPAID, Stage.CLOSED_UNPAID)


def made(i: int) -> Order:
    """Order `i`: one every five hours back from NOW, over two weeks; every property another function of `i`."""
    placed = NOW - timedelta(hours=5 * i, minutes=i % 7)
    stage = STAGES[i % 6]
    paid = stage not in (Stage.UNPAID, Stage.CLOSED_UNPAID)
    lines = (line(f"SKU-{i % 4}", quantity=1 + i % 3, price=1000 + 10 * i), line("GIFT", price=0, gift=True, line_id="g"))
    total = money(lines[0].total.minor)
    sent = placed + timedelta(hours=1 + i % 50) if stage in (Stage.SHIPPED, Stage.COMPLETED) else None
    picked = sent + timedelta(minutes=37 * (i % 11)) if sent is not None and i % 3 else None
    return order(
        f"69{i:017d}",
        stage=stage,
        created_at=placed,
        updated_at=NOW,
        channel=("douyin", "pinduoduo")[i % 2],
        shop=(SHOP, "优选店")[i % 2],
        warehouse=("杭州仓", "华南仓", "")[i % 3],
        lines=lines,
        paid=total if paid else money(0),
        refunded=total if stage is Stage.CLOSED_REFUNDED else money(500 if i % 8 == 2 and paid else 0),
        paid_at=placed + timedelta(minutes=3) if paid else None,
        ship_by=placed + timedelta(hours=24) if i % 5 else None,
        shipped_at=sent,
        parcels=() if sent is None else (parcel(f"SF{i:013d}", shipped_at=sent, picked_at=picked),),
    )


ORDERS = [made(i) for i in range(1, 66)]


@pytest.fixture
async def filled(store: SqlStore) -> SqlStore:
    store.write_now(lambda u: u.orders.upsert_many(ORDERS, seen_at=NOW, surface="channel"))
    return store


def query(code: str, *groups: str, filters: Iterable[Filter] = (), span: DateRange = WEEK) -> Query:
    return build(METRICS[code], span, NOW, filters=tuple(filters), groups=groups)


def parts(store: SqlStore, asked: Query, scope: Scope = ALL) -> list[Part]:
    return store.read_now(lambda r: r.figures.parts(asked, scope))


def listed(store: SqlStore, asked: Query) -> list[Fact]:
    return store.read_now(lambda r: r.figures.facts(asked, ALL))


def total(store: SqlStore, asked: Query, scope: Scope = ALL, period: int = 1) -> Parts:
    rows = parts(store, asked, scope)
    sums = {key: parts for key, parts in folded(rows).items() if key[0] == period}
    assert len(sums) <= 1
    return next(iter(sums.values()), Parts())


def inside(span: DateRange = WEEK) -> list[Order]:
    return [each for each in ORDERS if span.start <= each.created_at < span.end]


def paid(orders: Iterable[Order]) -> list[Order]:
    return [each for each in orders if each.stage not in (Stage.UNPAID, Stage.CLOSED_UNPAID)]


def test_every_defined_metric_can_be_computed() -> None:
    assert set(RECIPES) == set(METRICS)


async def test_orders_and_the_equal_period_before_are_counted(filled: SqlStore) -> None:
    counted = [each for each in inside() if each.stage is not Stage.CLOSED_UNPAID]
    assert total(filled, query("orders")).numerator == len(counted)
    # The week still runs: it is compared with the week before up to the same moment.
    start, end = WEEK.start - 7 * DAY, NOW - 7 * DAY
    before = [each for each in ORDERS if start <= each.created_at <= end and each.stage is not Stage.CLOSED_UNPAID]
    assert before
    assert total(filled, query("orders"), period=0).numerator == len(before)


async def test_money_is_exact_and_kept_apart_by_currency(filled: SqlStore) -> None:
    foreign = replace(
        made(1), number="USD-1", paid=Money(999, "USD"), goods=Money(999, "USD"), total=Money(999, "USD"),
        freight=Money(0, "USD"), discount=Money(0, "USD"), refunded=Money(0, "USD"),
        lines=(line("U", unit_price=Money(999, "USD"), total=Money(999, "USD")),),
    )  # fmt: skip
    filled.write_now(lambda u: u.orders.upsert_many([foreign], seen_at=NOW, surface="channel"))
    rows = folded(parts(filled, query("gmv")))
    assert rows[1, (), "CNY"].numerator == sum(each.paid.minor for each in paid(inside()))
    assert rows[1, (), "USD"].numerator == 999


async def test_rates_count_only_what_their_definition_says(filled: SqlStore) -> None:
    rate = total(filled, query("refund_rate"))
    refunded = [each for each in paid(inside()) if each.refunded.minor > 0 or each.stage is Stage.CLOSED_REFUNDED]
    assert (rate.numerator, rate.denominator) == (len(refunded), len(paid(inside())))
    on_time = total(filled, query("on_time"))
    promised = [
        each
        for each in paid(inside())
        if each.ship_by is not None and (each.shipped_at is not None or each.stage is not Stage.CLOSED_REFUNDED)
    ]
    due = [each for each in promised if each.shipped_at is not None or (each.ship_by is not None and each.ship_by <= NOW)]
    good = [each for each in due if each.shipped_at is not None and each.ship_by and each.shipped_at <= each.ship_by]
    assert (on_time.numerator, on_time.denominator, on_time.left_out) == (len(good), len(due), len(promised) - len(due))
    assert total(filled, query("late_orders")).numerator == len(due) - len(good)


@pytest.mark.parametrize(("code", "percent"), [("fulfilment_p95", 95), ("fulfilment_p50", 50)])
async def test_percentiles_are_the_nearest_rank(filled: SqlStore, code: str, percent: int) -> None:
    spans = []
    for each in paid(inside()):
        scans = [one.picked_at for one in each.parcels if one.picked_at is not None]
        if scans and each.paid_at is not None:
            spans.append(int((min(scans) - each.paid_at) / timedelta(minutes=1)))
    spans.sort()
    wanted = next(value for place, value in enumerate(spans, 1) if place * 100 >= percent * len(spans))
    found = total(filled, query(code))
    assert found.value(METRICS[code]) == wanted / 60
    assert (found.denominator, found.left_out) == (len(spans), len(paid(inside())) - len(spans))


def test_a_percentile_of_nothing_is_nothing() -> None:
    assert rank({}, 95) is None
    assert rank({5: 1}, 95) == 5
    assert rank({1: 95, 9: 5}, 95) == 1
    assert rank({1: 94, 9: 6}, 95) == 9


async def test_groups_add_up_to_the_whole(filled: SqlStore) -> None:
    for name in ("channel", "shop", "warehouse", "stage", "carrier", "day", "province"):
        rows = parts(filled, query("orders", name))
        assert sum(row.parts.numerator for row in rows if row.period) == total(filled, query("orders")).numerator
    by_day = parts(filled, query("orders", "day"))
    counted: dict[str, int] = {}
    for each in inside():
        if each.stage is not Stage.CLOSED_UNPAID:
            day = str(int((each.created_at.timestamp() + 8 * 3600) // 86400))
            counted[day] = counted.get(day, 0) + 1
    assert {row.group[0]: row.parts.numerator for row in by_day if row.period} == counted


async def test_units_sold_leave_out_gifts_and_refunded_orders(filled: SqlStore) -> None:
    rows = parts(filled, query("sales_by_sku", "sku"))
    sold: dict[str, int] = {}
    for each in paid(inside()):
        if each.stage is not Stage.CLOSED_REFUNDED:
            sold[each.lines[0].sku] = sold.get(each.lines[0].sku, 0) + each.lines[0].quantity
    assert {row.group[0]: row.parts.numerator for row in rows if row.period} == sold


async def test_filters_narrow_and_scope_narrows_again(filled: SqlStore) -> None:
    douyin = [each for each in inside() if each.channel == "douyin" and each.stage is not Stage.CLOSED_UNPAID]
    only = query("orders", filters=[Filter("channel", "=", "douyin")])
    assert total(filled, only).numerator == len(douyin)
    own = Scope(warehouses=frozenset({"杭州仓"}), may=frozenset(May))
    seen = [each for each in douyin if each.warehouse in ("杭州仓", "")]
    assert 0 < len(seen) < len(douyin)
    assert total(filled, only, own).numerator == len(seen)
    other = Scope(shops=frozenset({"优选店"}), may=frozenset(May))
    assert total(filled, only, other).numerator == 0


async def test_every_filter_agrees_with_a_count_by_hand(filled: SqlStore) -> None:
    live = [each for each in inside() if each.stage is not Stage.CLOSED_UNPAID]
    sent = {Stage.SHIPPED, Stage.COMPLETED}
    expected = [
        (Filter("sku", "=", "SKU-2"), [each for each in live if each.lines[0].sku == "SKU-2"]),
        (Filter("carrier", "=", "sf"), [each for each in live if each.parcels]),
        (Filter("shop", "!=", SHOP), [each for each in live if each.shop != SHOP]),
        (Filter("paid", "=", "no"), [each for each in live if each.stage is Stage.UNPAID]),
        (Filter("paid", "=", "yes"), paid(live)),
        (Filter("shipped", "=", "yes"), [each for each in live if each.stage in sent]),
        # A closed order waits for nothing.
        (Filter("shipped", "=", "no"), [each for each in live if each.stage in (Stage.TO_SHIP, Stage.UNPAID)]),
        (Filter("channel", "in", "douyin|pinduoduo"), live),
        (Filter("warehouse", "in", "杭州仓|华南仓"), [each for each in live if each.warehouse]),
        (Filter("warehouse", "!=", "杭州仓"), [each for each in live if each.warehouse != "杭州仓"]),
        (Filter("sku", "in", "SKU-1|SKU-2"), [each for each in live if each.lines[0].sku in ("SKU-1", "SKU-2")]),
        (Filter("sku", "!=", "SKU-1"), [each for each in live if each.lines[0].sku != "SKU-1"]),
        (Filter("carrier", "in", "sf|zto"), [each for each in live if each.parcels]),
        (Filter("carrier", "!=", "sf"), [each for each in live if not each.parcels]),
        (Filter("province", "=", "浙江"), live),  # stored as 浙江省
        (Filter("province", "in", "江苏|浙江|上海"), live),
        (Filter("province", "!=", "浙江"), []),
        (Filter("delivered", "=", "yes"), [each for each in live if each.stage is Stage.COMPLETED]),
        (Filter("total", ">=", "2000"), [each for each in live if each.total.minor >= 2000]),
        (Filter("aftersale", "=", "any"), []),
        (Filter("held", "=", "no"), live),
    ]
    for condition, wanted in expected:
        assert total(filled, query("orders", filters=[condition])).numerator == len(wanted), condition


async def test_a_metric_without_the_permission_is_refused_by_the_compiler(filled: SqlStore) -> None:
    blind = Scope(may=frozenset({May.ASK_ORDERS}))
    with pytest.raises(Refused):
        filled.read_now(lambda r: r.figures.parts(query("gmv"), blind))
    with pytest.raises(Refused):
        filled.read_now(lambda r: r.figures.facts(query("gmv"), blind))


@pytest.mark.parametrize("evil", ["x' OR '1'='1", "'; DROP TABLE orders; --", ":lo", "%s", "?", "\\", "a" * 120])
async def test_hostile_values_are_only_values(filled: SqlStore, evil: str) -> None:
    asked = query("orders", filters=[Filter("shop", "=", evil), Filter("sku", "=", evil)])
    assert total(filled, asked, Scope(frozenset({evil}), frozenset({evil}), frozenset(May))).numerator == 0
    assert total(filled, query("orders")).numerator > 0


def test_fields_operators_and_groups_outside_the_lists_are_refused_in_words() -> None:
    for bad in (
        Filter("sealed", "=", "x"), Filter("channel", "<", "x"), Filter("paid", "=", "maybe"), Filter("total", ">", "1;--"),
        Filter("o.id", "=", "1"), Filter("reason", "=", "色差"),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            query("orders", filters=[bad])
    with pytest.raises(BadInput, match="可以按"):
        query("orders", "agent")
    with pytest.raises(BadInput, match="还没到"):
        query("orders", span=DateRange(NOW + DAY, NOW + 2 * DAY, "明天"))
    with pytest.raises(BadInput, match="太长"):
        query("orders", span=DateRange(NOW - 4000 * DAY, NOW, "十一年"))


async def test_after_sales_are_counted_by_their_own_time(filled: SqlStore) -> None:
    numbers = [each.number for each in ORDERS if each.channel == "douyin"]
    made_ = [
        aftersale(
            f"A{i}", order_number=numbers[i], shop=SHOP, at=NOW - timedelta(hours=20 * i), reason=("色差", "破损")[i % 2],
            stage=(AftersaleStage.REFUNDED, AftersaleStage.WAIT_MERCHANT, AftersaleStage.CANCELLED)[i % 3],
            refunded_at=NOW - timedelta(hours=10 * i) if i % 3 == 0 else None,
            refunded_amount=money(100 + i) if i % 6 == 0 else None, amount=money(7000 + i),
        )
        for i in range(20)
    ]  # fmt: skip
    filled.write_now(lambda u: [u.orders.upsert_aftersale(each, seen_at=NOW) for each in made_])
    live = [each for each in made_ if WEEK.start <= each.created_at and each.stage is not AftersaleStage.CANCELLED]
    assert total(filled, query("refunds")).numerator == len(live)
    rows = parts(filled, query("return_reasons", "reason"))
    for reason in ("色差", "破损"):
        found = sum(row.parts.numerator for row in rows if row.period and row.group == (reason,))
        assert found == sum(each.reason == reason for each in live)
    back = [
        each
        for each in made_
        if each.stage is AftersaleStage.REFUNDED and each.refunded_at and each.refunded_at >= WEEK.start
    ]
    amount = sum((each.refunded_amount or each.amount).minor for each in back)
    assert total(filled, query("refund_amount")).numerator == amount
    where = {each.number: each.warehouse for each in ORDERS}
    own = Scope(warehouses=frozenset({"杭州仓"}), may=frozenset(May))
    seen = [each for each in live if where[each.order_number] in ("杭州仓", "")]
    assert 0 < len(seen) < len(live)
    assert total(filled, query("refunds"), own).numerator == len(seen)


async def test_exceptions_are_the_orders_that_alerts_name(filled: SqlStore) -> None:
    live = [each for each in inside() if each.stage is not Stage.CLOSED_UNPAID]
    named = [found.id for each in live[:3] for found in filled.read_now(lambda r: r.orders.find(each.number))]  # noqa: B023

    def raise_(uow) -> None:  # type: ignore[no-untyped-def]
        uow.alerts.add(alert("a", order_ids=tuple(named[:2])))
        uow.alerts.add(alert("b", order_ids=tuple(named[1:])))
        uow.alerts.add(alert("c"))

    filled.write_now(raise_)
    share = total(filled, query("exception_share"))
    assert (share.numerator, share.denominator) == (3, len(live))
    assert total(filled, query("exceptions")).numerator == 3


async def test_turnover_is_the_shelf_over_the_pace(filled: SqlStore) -> None:
    def stock(uow) -> None:  # type: ignore[no-untyped-def]
        for sku, where, have in (
            ("SKU-1", "杭州仓", 70),
            ("SKU-1", "华南仓", 30),
            ("SKU-2", "杭州仓", 40),
            ("DEAD", "杭州仓", 9),
        ):
            uow.stock.define(Stock(sku, where, 0, 0, 0, 0, 0, sku))
            uow.stock.move([StockMove(sku, where, "receive", have, f"{sku}{where}", NOW)])

    filled.write_now(stock)
    sold = {"SKU-1": 0, "SKU-2": 0}
    for each in paid(inside()):
        if each.stage is not Stage.CLOSED_REFUNDED and each.lines[0].sku in sold:
            sold[each.lines[0].sku] += each.lines[0].quantity
    asked = query("turnover_days", "sku")
    found = {row.group[0]: row.parts for row in parts(filled, asked)}
    days = asked.days
    assert found["SKU-1"].value(asked.metric) == pytest.approx(100 * days / sold["SKU-1"], rel=1e-3)
    assert found["SKU-2"].value(asked.metric) == pytest.approx(40 * days / sold["SKU-2"], rel=1e-3)
    assert found["DEAD"].value(asked.metric) is None
    whole = total(filled, query("turnover_days"))
    assert whole.left_out == 1
    assert whole.value(asked.metric) == pytest.approx(140 * days / (sold["SKU-1"] + sold["SKU-2"]), rel=1e-3)


async def test_margin_uses_the_cost_of_its_day_and_channel(filled: SqlStore) -> None:
    costs = [
        Cost("SKU-1", "", NOW - 90 * DAY, money(400), fee_bp=500),
        Cost("SKU-1", "", TODAY - 2 * DAY, money(700), fee_bp=500),
        Cost("SKU-2", "", NOW - 90 * DAY, money(300)),
        Cost("SKU-2", "douyin", NOW - 90 * DAY, money(600), fee_bp=1000),
    ]
    filled.write_now(lambda u: u.costs.put(costs))
    earned = income = unknown = 0
    for each in paid(inside()):
        sold = each.lines[0]
        if each.stage is Stage.CLOSED_REFUNDED:
            continue
        if sold.sku not in ("SKU-1", "SKU-2"):
            unknown += 1
            continue
        unit, fee = 700 if each.created_at >= TODAY - 2 * DAY else 400, 500
        if sold.sku == "SKU-2":
            unit, fee = (600, 1000) if each.channel == "douyin" else (300, 0)
        earned += sold.total.minor * (10_000 - fee) - unit * sold.quantity * 10_000
        income += sold.total.minor * 10_000
    found = total(filled, query("margin"))
    assert (found.numerator, found.denominator, found.left_out) == (earned, income, unknown)


async def test_what_people_did_is_counted_and_what_rules_did_is_not(filled: SqlStore) -> None:
    stored = filled.read_now(lambda r: r.orders.find(ORDERS[3].number))[0]
    events = [
        OrderEvent(NOW - DAY, "urge", "张明", "chat"),
        OrderEvent(NOW - DAY, "release", "李芳", "web"),
        OrderEvent(NOW - DAY, "hold", "小单", "rule"),
        OrderEvent(NOW - 9 * DAY, "urge", "张明", "chat"),
    ]
    filled.write_now(lambda u: u.orders.add_events(stored.id, events))
    rows = parts(filled, query("manual_interventions", "agent"))
    assert {(row.period, row.group[0]): row.parts.numerator for row in rows} == {
        (1, "张明"): 1,
        (1, "李芳"): 1,
        (0, "张明"): 1,
    }


async def test_the_rows_behind_a_figure_are_as_many_as_the_figure(filled: SqlStore) -> None:
    for code in ("orders", "gmv", "refund_rate", "late_orders", "fulfilment_p95", "sales_by_sku", "margin", "exceptions"):
        asked = query(code)
        facts = listed(filled, asked)
        found = total(filled, asked)
        count = len(paid(inside())) if code in ("gmv", "refund_rate") else found.denominator or found.numerator
        if code == "margin":
            count = sum(each.stage is not Stage.CLOSED_REFUNDED for each in paid(inside()))
        assert len(facts) == count, code
    slowest = filled.read_now(lambda r: r.figures.facts(query("fulfilment_p95"), ALL))
    assert [int(each.value) for each in slowest] == sorted((int(each.value) for each in slowest), reverse=True)


async def test_rows_can_be_listed_by_what_is_due_first(filled: SqlStore) -> None:
    asked = replace(query("orders", filters=[Filter("stage", "=", "to_ship")]), order="due")
    waiting = [each for each in inside() if each.stage is Stage.TO_SHIP]
    far = NOW + 999 * DAY
    urgent = sorted(waiting, key=lambda each: (each.ship_by is None, each.ship_by or far, each.created_at))
    assert [fact.number for fact in listed(filled, asked)] == [each.number for each in urgent]


async def test_a_statement_that_takes_too_long_is_stopped_and_the_connection_lives_on(filled: SqlStore) -> None:
    def slow(reads) -> None:  # type: ignore[no-untyped-def]
        impatient = FigureReads(reads.conn, seconds=0.05)
        heavy = "SELECT COUNT(*) FROM orders a, orders b, orders c, orders d, orders e WHERE a.total + b.total > c.total + d.total"
        from storage.caps import capped

        with pytest.raises(TooLong), capped(impatient._c, 0.05):
            reads.conn.named(heavy, {}, 1)

    filled.read_now(slow)
    assert total(filled, query("orders")).numerator > 0


async def test_more_groups_than_the_cap_are_no_answer(filled: SqlStore) -> None:
    def narrow(reads) -> None:  # type: ignore[no-untyped-def]
        with pytest.raises(TooLong):
            FigureReads(reads.conn, rows=2).parts(query("orders", "day"), ALL)

    filled.read_now(narrow)


def test_a_question_survives_the_trip_through_a_button() -> None:
    asked = query("orders", "channel", "day", filters=[Filter("shop", "=", "旗舰店=<x>"), Filter("total", ">=", "100")])
    assert unpack(pack(asked), NOW) == asked
    for broken in (
        "",
        "orders",
        pack(asked).replace("orders", "sealed"),
        pack(asked).replace("total>=100", "total>=1 OR 1"),
    ):
        with pytest.raises(BadInput):
            unpack(broken, NOW)


async def test_hours_of_the_day_are_counted_over_all_days(filled: SqlStore) -> None:
    live = [each for each in inside() if each.stage is not Stage.CLOSED_UNPAID]
    rows = {row.group[0]: row.parts.numerator for row in parts(filled, query("orders", "hour")) if row.period}
    by_hand: dict[str, int] = {}
    for each in live:
        hour = str(each.created_at.astimezone(SHANGHAI).hour)
        by_hand[hour] = by_hand.get(hour, 0) + 1
    assert rows == by_hand
    assert len(rows) > 5


async def test_what_waits_is_open_now_and_late_shares_add_up_with_the_ones_in_time(filled: SqlStore) -> None:
    waiting = [each for each in inside() if each.stage is Stage.TO_SHIP]
    assert total(filled, query("unshipped")).numerator == len(waiting) > 0
    late, good = total(filled, query("late_share")), total(filled, query("on_time"))
    assert late.denominator == good.denominator == late.numerator + good.numerator
    assert late.numerator == total(filled, query("late_orders")).numerator > 0


async def test_the_profit_is_what_the_margin_is_a_share_of(filled: SqlStore) -> None:
    costs = [Cost(f"SKU-{i}", "", NOW - 90 * DAY, money(500 + i), fee_bp=500) for i in range(3)]
    filled.write_now(lambda u: u.costs.put(costs))
    profit, share = total(filled, query("profit")), total(filled, query("margin"))
    assert profit.numerator == share.numerator > 0
    assert money_of(profit, METRICS["profit"], "CNY").minor == (profit.numerator + 5_000) // 10_000
    assert profit.left_out == share.left_out > 0
    assert sum(int(each.value) for each in listed(filled, query("profit")) if each.value) == pytest.approx(
        profit.numerator / 10_000, abs=30
    )


async def test_a_reason_is_looked_for_inside_what_the_buyer_wrote(filled: SqlStore) -> None:
    number = next(each.number for each in ORDERS if each.channel == "douyin")
    written = ("商品质量问题", "质量100%差", "不想要了", "质量")
    made_ = [aftersale(f"R{i}", order_number=number, at=NOW, reason=reason) for i, reason in enumerate(written)]
    filled.write_now(lambda u: [u.orders.upsert_aftersale(each, seen_at=NOW) for each in made_])
    for said, count in (("质量", 3), ("100%", 1), ("100_", 0), ("%", 1)):
        assert total(filled, query("refunds", filters=[Filter("reason", "has", said)])).numerator == count


def test_a_button_carries_choices_order_and_the_period_compared_with() -> None:
    asked = replace(
        query("orders", "channel", filters=[Filter("channel", "in", "douyin|jd"), Filter("shop", "!=", "a=b<=c")]),
        order="value",
        limit=5,
        against=(TODAY - 30 * DAY, TODAY - 20 * DAY),
    )
    assert unpack(pack(asked), NOW) == asked
    old = "\x1e".join(pack(asked).split("\x1e")[:5])  # as a button of yesterday has it
    assert unpack(old, NOW) == replace(asked, order="", against=None)
