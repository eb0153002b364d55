"""The three kinds of nothing: none exist, not yours to see, data too old — and the promise to come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.chat import ChatKind, ChatRef
from domain.people import Role
from handlers import order_nothing
from handlers.order_nothing import shape_of
from handlers.orders import FEATURE
from tests.builders import NUMBER, order, receiver
from tests.handlers.ask_desk import AskDesk


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    yield desk
    desk.close()


@pytest.mark.parametrize(
    ("number", "channel", "off"),
    [
        ("261120-123456789012345", "pinduoduo", 0),
        ("261120-12345678901234", "pinduoduo", -1),
        ("261120-1234567890123456", "pinduoduo", 1),
        ("114-1234567-123456", "amazon", -1),
        ("114-123456-1234567", "amazon", -1),
        ("692015478321005884", "douyin", -1),
        ("6920154783210058842", "douyin", 0),
        ("12345", "", 0),
    ],
)
def test_a_number_is_told_by_its_shape(number: str, channel: str, off: int) -> None:
    assert shape_of(number) == (channel, off)


async def test_a_digit_short_is_said_with_the_channel(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "where_is_order", order_no="261120-12345678901234")
    assert reply.text == "像是拼多多单号但少 1 位，再核对一下？"


async def test_a_wrong_length_is_wrong_even_when_data_are_old(ask: AskDesk) -> None:
    ask.clock.move(timedelta(hours=3))
    reply = await ask.ask(FEATURE, "where_is_order", order_no="261120-12345678901234")
    assert reply.text == "像是拼多多单号但少 1 位，再核对一下？"


async def test_an_unknown_number_says_so_and_what_to_try(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "where_is_order", order_no="6920154783210051111")
    assert reply.text == "没有这个单号。核对一下位数，或者发手机号后四位试试。"
    assert reply.choices == ()


async def test_a_slip_of_the_finger_offers_the_order_that_ends_the_same(ask: AskDesk) -> None:
    ask.put(order())
    reply = await ask.ask(FEATURE, "where_is_order", order_no="6920154783219058842")
    assert reply.text == "没有这个单号。有一单尾号相同，是不是这单？"
    shown = await ask.press(FEATURE, reply.choices[0])
    assert shown is not None
    assert shown.card is not None


async def test_an_order_in_another_warehouse_names_the_place_and_who_may_see_it(ask: AskDesk) -> None:
    ask.put(order(warehouse="华南仓"))
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER, who="李芳")
    assert reply.text == "这单在华南仓，你能看的是杭州仓；要看可以找 陈店长。"
    assert reply.card is None


async def test_an_order_of_another_shop_names_the_shop(ask: AskDesk) -> None:
    ask.person("小周", Role.SERVICE, shops=frozenset({"华南店"}))
    ask.put(order())
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER, who="小周")
    assert reply.text == "这单在抖音旗舰店，你能看的是华南店；要看可以找 陈店长。"


async def test_guessable_handles_never_reveal_a_forbidden_order(ask: AskDesk) -> None:
    ask.put(order(warehouse="华南仓"))
    handles: list[dict[str, Any]] = [{"phone_tail": "8842"}, {"phone": "13812345678"}, {"name": "王小芳"}, {"sku": "SKU-1"}]
    for slots in handles:
        reply = await ask.ask(FEATURE, "where_is_order", who="李芳", **slots)
        other: dict[str, Any] = {key: value[:-1] + "9" for key, value in slots.items()}
        nobody = await ask.ask(FEATURE, "where_is_order", who="李芳", **other)
        assert "华南仓" not in reply.text
        assert reply.text.split("没有查到")[1] == nobody.text.split("没有查到")[1]


async def test_a_wrong_number_near_a_forbidden_order_is_not_offered(ask: AskDesk) -> None:
    ask.put(order(warehouse="华南仓"))
    reply = await ask.ask(FEATURE, "where_is_order", order_no="6920154783219058842", who="李芳")
    assert reply.choices == ()


async def test_the_fuzzy_nothing_repeats_the_handle_masked(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "where_is_order", phone="13812345678")
    assert reply.text.startswith("手机号 138****5678 没有查到")
    named = await ask.ask(FEATURE, "where_is_order", name="王小芳")
    assert "王小芳" not in named.text


async def test_old_data_are_no_proof_and_a_promise_is_made(ask: AskDesk) -> None:
    ask.clock.move(timedelta(minutes=38))
    ask.store.write_now(lambda u: u.cursors.succeeded("douyin/旗舰店", ask.clock.now()))
    ask.store.write_now(lambda u: u.cursors.succeeded("douyin/华南店", ask.clock.now()))
    reply = await ask.ask(FEATURE, "where_is_order", order_no="261120-123456789012345")
    assert reply.text == "拼多多优选店 43 分钟没同步成功，现在查不到不代表没有，恢复后我主动告诉你。"
    assert ask.store.read_now(lambda r: r.deadlines.next_due()) is not None


async def test_another_channels_trouble_does_not_excuse_a_number_that_is_not_its(ask: AskDesk) -> None:
    ask.clock.move(timedelta(minutes=38))
    for shop in ("旗舰店", "华南店"):
        ask.store.write_now(lambda u, shop=shop: u.cursors.succeeded(f"douyin/{shop}", ask.clock.now()))  # type: ignore[misc]
    reply = await ask.ask(FEATURE, "where_is_order", order_no="6920154783210051111")
    assert reply.text.startswith("没有这个单号。")


async def test_personal_handles_are_not_kept_for_a_promise(ask: AskDesk) -> None:
    ask.clock.move(timedelta(hours=2))
    reply = await ask.ask(FEATURE, "where_is_order", phone="13812345678")
    assert reply.text.endswith("过一会儿再问我一次。")
    assert ask.store.read_now(lambda r: r.deadlines.next_due()) is None


def fire(ask: AskDesk) -> None:
    """Take what is due, as the clock's bell does."""
    now = ask.clock.now()
    for deadline in ask.store.write_now(lambda u: u.deadlines.take_due(now)):
        ask.store.write_now(lambda u, d=deadline: order_nothing.due(u, d, now, ask.desk))  # type: ignore[misc]


async def promised(ask: AskDesk) -> None:
    ask.clock.move(timedelta(hours=2))
    await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)  # asked twice is one promise


async def test_the_promise_waits_while_the_source_is_gone(ask: AskDesk) -> None:
    await promised(ask)
    ask.clock.move(timedelta(minutes=3))
    fire(ask)
    assert ask.outgoing() == []
    assert ask.store.read_now(lambda r: r.deadlines.next_due()) is not None


async def test_the_promise_is_kept_once_with_the_answer(ask: AskDesk) -> None:
    await promised(ask)
    ask.fresh(age=timedelta())
    ask.put(order(at=ask.clock.now()))
    ask.clock.move(timedelta(minutes=3))
    fire(ask)
    sent = ask.outgoing()
    assert len(sent) == 1
    assert sent[0].payload["mention"] == ["u-张明"]
    assert "13812345678" not in str(sent[0].payload)
    reply = await FEATURE.views["orders.recovered"](
        sent[0].payload["args"], ChatRef("console", "g1", ChatKind.GROUP), ask.desk
    )
    assert reply.text.startswith("抖音旗舰店 恢复了。你之前问的 …8842 查到了：\n🟢 待发货")
    fire(ask)
    assert ask.outgoing() == []


async def test_the_promise_is_kept_when_there_is_still_nothing(ask: AskDesk) -> None:
    await promised(ask)
    ask.fresh(age=timedelta())
    ask.clock.move(timedelta(minutes=3))
    fire(ask)
    args = ask.outgoing()[0].payload["args"]
    reply = await FEATURE.views["orders.recovered"](args, ChatRef("console", "g1", ChatKind.GROUP), ask.desk)
    assert reply.text == "抖音旗舰店 恢复了。你之前问的 …8842 还是没有这个单号，再核对一下。"


async def test_after_a_day_the_promise_ends_with_a_word(ask: AskDesk) -> None:
    await promised(ask)
    ask.clock.move(timedelta(hours=25))
    fire(ask)
    args = ask.outgoing()[0].payload["args"]
    reply = await FEATURE.views["orders.recovered"](args, ChatRef("console", "g1", ChatKind.GROUP), ask.desk)
    assert "一天了还没恢复同步" in reply.text
    assert ask.store.read_now(lambda r: r.deadlines.next_due()) is None


async def test_the_kept_promise_respects_what_the_person_may_see(ask: AskDesk) -> None:
    ask.clock.move(timedelta(hours=2))
    await ask.ask(FEATURE, "where_is_order", order_no=NUMBER, who="李芳")
    ask.fresh(age=timedelta())
    ask.put(order(at=ask.clock.now(), warehouse="华南仓", receiver=receiver()))
    ask.clock.move(timedelta(minutes=3))
    fire(ask)
    args = ask.outgoing()[0].payload["args"]
    reply = await FEATURE.views["orders.recovered"](args, ChatRef("console", "g1", ChatKind.GROUP), ask.desk)
    assert reply.card is None


async def test_a_pick_from_no_list_says_what_to_do(ask: AskDesk) -> None:
    from domain.understand import Intent, Plan

    reply = await ask.plan(FEATURE, Plan(Intent.WHERE_IS_ORDER, extra={"pick": "2"}), "第 2 个")
    assert reply.text == "刚才的列表已经过期了，再发一次单号或后四位。"
    ask.put(order())
    await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
