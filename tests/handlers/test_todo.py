"""What waits for me: by permission, by warehouse, most urgent first, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.order import Stage
from domain.people import Role
from domain.understand import Intent, Plan
from handlers import orders
from handlers.alerts import FEATURE as ALERTS
from handlers.todo import FEATURE
from tests.builders import NOW, NUMBER, alert, approval, order, parcel, shipped
from tests.handlers.ask_desk import AskDesk, button, labels

HOUR = timedelta(hours=1)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    desk.person("周会计", Role.FINANCE)
    yield desk
    desk.close()


def to_ship(ask: AskDesk, count: int, *, warehouse: str = "杭州仓", labelled: int = 0, start: int = 0) -> None:
    for index in range(start, start + count):
        parcels = (parcel(f"SF55{index:011}"),) if index - start < labelled else ()
        due = NOW + timedelta(hours=index - 1)
        ask.put(order(f"69201547832100{index:05}", warehouse=warehouse, parcels=parcels, ship_by=due))


def waiting(ask: AskDesk, **more: object) -> None:
    ask.put(order())
    order_id = ask.stored(NUMBER).id
    ask.store.write_now(lambda u: u.approvals.add(replace(approval(order_id=order_id), due_at=NOW + 7 * HOUR, **more)))  # type: ignore[arg-type]


async def test_an_approval_waits_only_for_those_whose_step_it_is(ask: AskDesk) -> None:
    waiting(ask)
    mine = await ask.ask(FEATURE, "todo", who="张明")
    assert "等你审批 1 个" in mine.text
    assert "退款 ¥268.00 · 抖音旗舰店 …8842 · 剩 7 小时" in mine.text
    assert mine.card is not None
    assert ask.desk.signer.open(mine.card.buttons[0].token).action == "approval.show"
    finance = await ask.ask(FEATURE, "todo", who="周会计")
    assert finance.text == "周会计，你手上没有待办了。"


async def test_nobody_is_asked_to_approve_their_own_wish(ask: AskDesk) -> None:
    waiting(ask, requester_id=ask.people["张明"].person_id)
    mine = await ask.ask(FEATURE, "todo", who="张明")
    assert "等你审批" not in mine.text


async def test_followed_orders_are_listed_until_they_are_over(ask: AskDesk) -> None:
    ask.put(order())
    card = await ask.ask(orders.FEATURE, "where_is_order", order_no=NUMBER)
    await ask.press(orders.FEATURE, button(card, "我来跟"))
    mine = await ask.ask(FEATURE, "todo")
    assert "你在跟的订单 1 单" in mine.text
    assert "🟢 抖音旗舰店 …8842 待发货" in mine.text
    ask.put(order(stage=Stage.COMPLETED, at=NOW + HOUR))
    assert "你在跟的订单" not in (await ask.ask(FEATURE, "todo")).text


async def test_an_order_handed_on_leaves_my_list(ask: AskDesk) -> None:
    ask.put(order())
    card = await ask.ask(orders.FEATURE, "where_is_order", order_no=NUMBER)
    await ask.press(orders.FEATURE, button(card, "我来跟"))
    asked = await ask.press(orders.FEATURE, button(card, "我来跟"), who="陈店长")
    assert asked is not None
    await ask.press(orders.FEATURE, asked.choices[0], who="陈店长")
    assert "你在跟的订单" not in (await ask.ask(FEATURE, "todo", who="张明")).text
    assert "你在跟的订单 1 单" in (await ask.ask(FEATURE, "todo", who="陈店长")).text


async def test_the_shipping_list_is_paged_and_grouped_by_urgency(ask: AskDesk) -> None:
    to_ship(ask, 8, labelled=3)
    ask.put(shipped("6920154783210099999", waybill="SF7700000000001", warehouse="杭州仓"))
    first = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "to_ship"}), who="李芳")
    lines = first.text.splitlines()
    assert lines[0] == "🔴 待发货 8 单，其中超时 1 单"
    assert lines[1] == "打包区 5 单  ·  贴单区 3 单  ·  待取件 1 单"
    assert lines[2].startswith("1. …0000 保温杯 500ml 曜石黑 ×1 · 已超 1 小时")
    assert "后面还有 2 单" in first.text
    second = await ask.press(FEATURE, button(first, "下一页"), who="李芳")
    assert second is not None
    assert [line[:2] for line in second.text.splitlines()[2:4]] == ["7.", "8."]
    assert "下一页" not in labels(second)


async def test_a_warehouse_sees_only_its_own_orders(ask: AskDesk) -> None:
    to_ship(ask, 2)
    to_ship(ask, 3, warehouse="华南仓", start=50)
    mine = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "to_ship"}), who="李芳")
    assert "待发货 2 单" in mine.text
    assert "只列你能看的仓库和店铺：杭州仓" in mine.text
    boss = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "to_ship"}), who="陈店长")
    assert "待发货 5 单" in boss.text


async def test_a_warehouse_name_never_becomes_sql(ask: AskDesk) -> None:
    ask.person("坏人", Role.WAREHOUSE, warehouses=frozenset({"x') OR 1=1 --"}))
    to_ship(ask, 2)
    reply = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "to_ship"}), who="坏人")
    assert reply.text == "现在没有待发货的单。"


async def test_exceptions_are_for_those_who_handle_alerts(ask: AskDesk) -> None:
    ask.store.write_now(lambda u: u.alerts.add(alert(severity="critical", title="@all 库存告急")))
    mine = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "exceptions"}), who="李芳")
    assert mine.text.startswith("🔴 异常 1 条")
    assert "@all" not in mine.text
    other = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "exceptions"}), who="周会计")
    assert other.text == "现在没有异常。"


async def test_claimed_and_unclaimed_alerts_are_told_apart(ask: AskDesk) -> None:
    ask.store.write_now(lambda u: u.alerts.add(alert("a", state="claimed", claimed_by="李芳")))
    ask.store.write_now(lambda u: u.alerts.add(alert("b")))
    reply = await ask.ask(FEATURE, "todo", who="李芳")
    assert "你认领的报警 1 个" in reply.text
    assert "还没人认领的报警 1 个" in reply.text


async def test_a_list_of_alerts_opens_the_card_where_it_can_be_claimed(ask: AskDesk) -> None:
    ask.store.write_now(lambda u: u.alerts.add(alert("a", severity="warning", title="快到发货时限")))
    ask.store.write_now(lambda u: u.alerts.add(alert("b", severity="critical", title="库存告急")))
    listed = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "exceptions"}), who="李芳")
    assert [line[0] for line in listed.text.splitlines()[1:]] == ["🔴", "🟡"]  # the worst first
    waiting = await ask.ask(FEATURE, "todo", who="李芳")
    assert "🔴 K2 库存告急" in waiting.text
    for reply in (listed, waiting):
        opened = await ask.press(ALERTS, button(reply, "看 K2"), who="李芳")
        assert opened is not None
        assert opened.card is not None
        assert opened.card.number == "K2"
        assert "我认领" in labels(opened)


async def test_an_alert_of_another_warehouse_is_not_opened_by_its_button(ask: AskDesk) -> None:
    facts = {"seen": {"warehouse": "华南仓"}}
    ask.store.write_now(lambda u: u.alerts.add(alert("a", severity="critical", facts=facts)))
    listed = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "exceptions"}), who="陈店长")
    opened = await ask.press(ALERTS, button(listed, "看 K1"), who="李芳")
    assert opened is not None
    assert opened.card is None
    assert "不在你负责" in opened.text


async def test_what_is_overdue_says_by_how_much(ask: AskDesk) -> None:
    ask.put(order(warehouse="杭州仓", ship_by=NOW - timedelta(hours=12)))
    reply = await ask.plan(FEATURE, Plan(Intent.TODO, extra={"view": "to_ship"}), who="李芳")
    assert reply.text.splitlines()[2].endswith("· 已超 12 小时")
