"""The customer in one view: joined by what surely belongs together, inside what the asker may see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.dates import DateRange
from domain.order import Stage
from handlers import orders
from handlers.customers import FEATURE
from tests.builders import NOW, NUMBER, aftersale, money, order, receiver
from tests.handlers.ask_desk import AskDesk

INTENT = "customer_orders"


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    yield desk
    desk.close()


def history(ask: AskDesk) -> None:
    """One customer: three orders at one shop, one by the same phone at another, one long ago."""
    day = timedelta(days=1)
    ask.put(
        order(NUMBER, at=NOW),
        order("6920154783210000002", at=NOW - 20 * day, stage=Stage.COMPLETED, receiver=receiver(phone="13900000000")),
        order("6920154783210000003", at=NOW - 30 * day, stage=Stage.CLOSED_REFUNDED, refunded=money(26_800)),
        order("6920154783210000004", at=NOW - 40 * day, shop="华南店", buyer_key="other", stage=Stage.COMPLETED),
        order("6920154783210000005", at=NOW - 200 * day, stage=Stage.COMPLETED),
        order("6920154783210000009", at=NOW, buyer_key="stranger", receiver=receiver(phone="13700000000")),
        aftersale(),
    )


async def test_all_orders_of_the_customer_come_in_one_masked_answer(ask: AskDesk) -> None:
    history(ask)
    reply = await ask.ask(FEATURE, INTENT, phone="13812345678")
    assert reply.card is not None
    assert reply.card.title == "王**  138****5678：近 90 天 4 单，实付 ¥1,072.00，退过 1 单"
    assert reply.card.lines[0].startswith("售后进行中 1 笔  ·  还没签收 1 单  ·  来自 抖音旗舰店、抖音华南店")
    assert len(reply.card.lines) == 5
    assert "13812345678" not in reply.text


async def test_any_order_of_the_customer_leads_to_the_same_view(ask: AskDesk) -> None:
    history(ask)
    reply = await ask.ask(FEATURE, INTENT, order_no=NUMBER)
    assert reply.card is not None
    assert "4 单" in reply.card.title


async def test_the_order_talked_about_leads_there_too(ask: AskDesk) -> None:
    history(ask)
    reply = await ask.ask(FEATURE, INTENT, text="这个客户还买过什么")
    assert reply.text.startswith("哪位客户？")
    shown = await ask.ask(orders.FEATURE, "where_is_order", phone_tail="5678")
    await ask.press(orders.FEATURE, shown.choices[0])
    again = await ask.ask(FEATURE, INTENT, text="这个客户还买过什么")
    assert again.card is not None


async def test_a_range_narrows_and_is_named(ask: AskDesk) -> None:
    history(ask)
    span = DateRange(NOW - timedelta(days=25), NOW + timedelta(hours=1), "近25天")
    reply = await ask.ask(FEATURE, INTENT, phone="13812345678", range=span)
    assert reply.card is not None
    assert "近25天 2 单" in reply.card.title


async def test_orders_outside_the_askers_shops_are_not_counted(ask: AskDesk) -> None:
    from domain.people import Role

    ask.person("小周", Role.SERVICE, shops=frozenset({"华南店"}))
    history(ask)
    reply = await ask.ask(FEATURE, INTENT, phone="13812345678", who="小周")
    assert reply.card is not None
    assert "：近 90 天 1 单" in reply.card.title
    assert "旗舰店" not in reply.text


async def test_people_of_one_name_are_not_one_customer(ask: AskDesk) -> None:
    ask.put(
        order(NUMBER, buyer_key="a", receiver=receiver(phone="13800000001")),
        order("6920154783210000002", buyer_key="b", receiver=receiver(name="王小方", phone="13800000002")),
    )
    reply = await ask.ask(FEATURE, INTENT, name="王小芳")
    assert reply.card is not None
    assert "1 单" in reply.card.title


async def test_an_unknown_customer_is_an_honest_nothing(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, INTENT, phone="13812345678")
    assert reply.text.startswith("手机号 138****5678 没有查到")


async def test_the_orders_listed_can_be_opened(ask: AskDesk) -> None:
    history(ask)
    reply = await ask.ask(FEATURE, INTENT, phone="13812345678")
    assert reply.card is not None
    opened = await ask.press(orders.FEATURE, reply.card.buttons[0])
    assert opened is not None
    assert opened.card is not None
    assert "…8842" in opened.card.title
