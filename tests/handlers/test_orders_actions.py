"""What the buttons do: once, by who may, and everybody else is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.chat import ChatKind, ChatRef
from domain.errors import Refused
from domain.order import Stage
from domain.people import Role
from handlers.orders import FEATURE
from tests.builders import NUMBER, order, receiver
from tests.handlers.ask_desk import AskDesk, button, labels


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    desk.put(order(warehouse="杭州仓"))
    yield desk
    desk.close()


async def test_a_chase_reaches_the_warehouses_group_with_its_people(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    reply = await ask.press(FEATURE, button(card, "催件"))
    assert reply is not None
    assert reply.text == "已催 仓库群（抖音旗舰店 …8842），有回音会更新在时间轴里。"
    sent = ask.outgoing()
    assert [(each.payload["chat_id"], each.payload["mention"]) for each in sent] == [("wh", ["u-李芳"])]
    shown = await FEATURE.views["orders.urge"](sent[0].payload["args"], ChatRef("console", "wh", ChatKind.GROUP), ask.desk)
    assert shown.text.startswith("🟢 请催一下：待发货  ·  抖音旗舰店 …8842\n张明 催的")
    assert "可以这样回客户" not in "".join(shown.card.lines if shown.card else ())
    assert "催件" not in labels(shown)
    again = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "已催 14:00" in again.text


async def test_two_presses_and_two_people_send_one_chase(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    replies = await asyncio.gather(
        ask.press(FEATURE, button(card, "催件")),
        ask.press(FEATURE, button(card, "催件")),
        ask.press(FEATURE, button(card, "催件"), who="陈店长"),
    )
    texts = [reply.text for reply in replies if reply]
    assert sum(text.startswith("已催 仓库群") for text in texts) == 1
    assert sum("已经催过了，2 小时后可以再催" in text for text in texts) == 2
    assert len(ask.outgoing()) == 1


async def test_two_hours_later_it_may_be_chased_again(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    await ask.press(FEATURE, button(card, "催件"))
    ask.clock.move(timedelta(hours=2, minutes=1))
    reply = await ask.press(FEATURE, button(card, "催件"))
    assert reply is not None
    assert reply.text.startswith("已催 仓库群")


async def test_a_chase_in_words_answers_and_chases(ask: AskDesk) -> None:
    reply = await ask.say(FEATURE, f"催一下 {NUMBER}")
    assert reply.text.startswith("已催 仓库群")
    assert reply.card is not None
    assert len(ask.outgoing()) == 1


async def test_nothing_is_chased_for_several_matches(ask: AskDesk) -> None:
    ask.put(order("6920154783210098842"))
    reply = await ask.ask(FEATURE, "urge_shipment", phone_tail="8842")
    assert len(reply.choices) == 2
    assert ask.outgoing() == []


async def test_a_finished_order_is_not_chased(ask: AskDesk) -> None:
    ask.put(order("6920154783210091111", stage=Stage.COMPLETED))
    reply = await ask.ask(FEATURE, "urge_shipment", order_no="6920154783210091111")
    assert reply.text.startswith("这单已完成，没有什么可催的。")
    assert ask.outgoing() == []


async def test_without_a_group_it_says_that_nobody_was_asked(tmp_path: Path) -> None:
    desk = AskDesk(tmp_path / "bare")
    try:
        desk.put(order(shop="华南店", warehouse="杭州仓"))
        from tests.builders import bound_chat

        desk.store.write_now(lambda u: u.people.bind_chat(bound_chat("wh", "stock", title="仓库群")))
        reply = await desk.ask(FEATURE, "urge_shipment", order_no=NUMBER)
        assert reply.text.startswith("还没有绑定仓库或物流群，催不出去。请管理员绑定一个；急的话直接找 李芳。")
        assert all(event.kind != "urge" for event in desk.card(NUMBER).events)
    finally:
        desk.close()


async def test_the_text_for_the_customer_comes_privately_and_alone(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    reply = await ask.press(FEATURE, button(card, "发给客户的话"))
    assert reply is not None
    assert reply.private
    assert reply.text == "您好，您的订单正在安排发货，后天 12:00 前发出，发出后就能看到物流。"


async def test_taking_over_is_first_come_and_the_second_is_asked(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    first = await ask.press(FEATURE, button(card, "我来跟"))
    assert first is not None
    assert first.text == "好，抖音旗舰店 …8842 现在由 张明 跟。"
    mine = await ask.press(FEATURE, button(card, "我来跟"))
    assert mine is not None
    assert mine.text == "你已经在跟这单了。"
    second = await ask.press(FEATURE, button(card, "我来跟"), who="陈店长")
    assert second is not None
    assert second.text == "张明 已经在跟这单了，要换你来跟吗？"
    assert ask.stored(NUMBER).owner == "张明"
    handed = await ask.press(FEATURE, second.choices[0], who="陈店长")
    assert handed is not None
    assert ask.stored(NUMBER).owner == "陈店长"
    late = await ask.press(FEATURE, second.choices[0])
    assert late is not None
    assert late.text == "这单刚换成 陈店长 在跟，先和对方说一声。"
    shown = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "负责 陈店长" in shown.text


async def test_two_at_once_and_one_owner(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    replies = await asyncio.gather(
        ask.press(FEATURE, button(card, "我来跟")), ask.press(FEATURE, button(card, "我来跟"), who="陈店长")
    )
    owner = ask.stored(NUMBER).owner
    assert sorted(reply.private for reply in replies if reply) == [False, True]
    entries = ask.store.read_now(lambda r: r.audit.of(f"order:{ask.stored(NUMBER).id}"))
    assert [entry.after for entry in entries if entry.action == "order.take"] == [{"owner": owner}]


async def test_buttons_do_nothing_for_those_who_may_not_see_the_order(ask: AskDesk) -> None:
    ask.person("小周", Role.SERVICE, shops=frozenset({"华南店"}))
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    for label in ("催件", "发给客户的话", "我来跟"):
        with pytest.raises(Refused):
            await ask.press(FEATURE, button(card, label), who="小周")
    assert ask.stored(NUMBER).owner == ""
    assert ask.outgoing() == []


async def test_the_receiver_is_shown_one_to_one_for_a_reason_and_on_record(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER, direct=True)
    reveal = button(card, "看收件信息")
    assert reveal.ask is not None
    assert "联系客户" in reveal.ask.options
    reply = await ask.press(FEATURE, reveal, direct=True, reason="联系客户")
    assert reply is not None
    assert reply.private
    assert "王小芳  13812345678" in reply.text
    assert "文三路 90 号 3 幢 501" in reply.text
    entry = next(
        each
        for each in ask.store.read_now(lambda r: r.audit.of(f"order:{ask.stored(NUMBER).id}"))
        if each.action == "person.reveal"
    )
    assert entry.after == {"reason": "联系客户"}
    assert "13812345678" not in repr(entry)


async def test_a_reveal_button_carried_into_a_group_shows_nothing(ask: AskDesk) -> None:
    card = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER, direct=True)
    reply = await ask.press(FEATURE, button(card, "看收件信息"), reason="x")
    assert reply is not None
    assert "13812345678" not in reply.text
    entries = ask.store.read_now(lambda r: r.audit.of(f"order:{ask.stored(NUMBER).id}"))
    assert all(entry.action != "person.reveal" for entry in entries)


async def test_no_reveal_button_in_groups_or_without_the_permission(ask: AskDesk) -> None:
    group = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    warehouse = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER, who="李芳", direct=True)
    assert "看收件信息" not in labels(group) + labels(warehouse)


async def test_a_masked_receiver_is_said_to_be_all_there_is(ask: AskDesk) -> None:
    number = "6920154783210097777"
    ask.put(order(number, receiver=receiver(name="王**", phone="138****5678", detail="***", masked=True)))
    card = await ask.ask(FEATURE, "where_is_order", order_no=number, direct=True)
    reply = await ask.press(FEATURE, button(card, "看收件信息"), direct=True, reason="核对")
    assert reply is not None
    assert reply.text == "平台没有给完整的收件信息，只有脱敏的。"
