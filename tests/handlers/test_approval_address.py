"""A new address: from the buyer through the channel, from a colleague, before and after the parcel has left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.order import AddressRequest, Receiver
from tests.builders import NOW, NUMBER, SHOP, newer, order, receiver, shipped
from tests.handlers.approval_bench import ORDERS, Bench

NEW = receiver(name="李小红", phone="13900001111", city="宁波市", district="鄞州区", detail="中山东路 1 号")
SECRETS = ("李小红", "13900001111", "中山东路", "王小芳", "13812345678", "文三路")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


def request(new: Receiver = NEW, minutes: int = 0) -> AddressRequest:
    at = NOW + timedelta(minutes=minutes)
    return AddressRequest("douyin", SHOP, NUMBER, new, at, at + timedelta(hours=6))


async def asked(bench: Bench, *, sent: bool = False) -> None:
    bench.arrive(shipped() if sent else order())
    bench.shop.wished[NUMBER] = NEW
    bench.arrive(request())
    await bench.run()


async def test_a_buyers_request_goes_to_the_orders_group_masked(bench: Bench) -> None:
    await asked(bench)
    (sent,) = bench.group.sent
    assert sent.chat.chat_id == ORDERS
    assert "原来 王** 138****5678 浙江 杭州\n改为 李** 139****1111 浙江 宁波" in sent.reply.text
    assert "改地址-1" in sent.reply.text
    facts = repr(bench.approval().facts)
    for secret in SECRETS:
        assert secret not in sent.reply.text
        assert secret not in facts
    assert bench.order().holds == ("address_review",)


async def test_agreed_is_written_to_the_channel_once_and_read_back(bench: Bench) -> None:
    await asked(bench)
    assert "60 秒后执行" in (await bench.press("张明", "同意")).text
    await bench.run(61)
    assert bench.shop.effects == [("address", NUMBER)]
    assert bench.approval().state == "done"
    assert bench.order().receiver.name == "李小红"
    assert bench.order().holds == ()
    assert "✅ 地址已改" in bench.cards()[0].text
    trail = repr(bench.store.read_now(lambda r: r.audit.of("approval:1")))
    events = repr(bench.store.read_now(lambda r: r.orders.events(bench.approval().order_id)))
    for secret in SECRETS:
        assert secret not in trail + events


async def test_the_same_request_again_opens_nothing_not_even_when_it_is_done(bench: Bench) -> None:
    await asked(bench)
    bench.arrive(request())
    await bench.press("张明", "同意")
    await bench.run(61)
    bench.arrive(request())
    await bench.run()
    assert bench.store.read_now(lambda r: r.approvals.by_number("A2")) is None


async def test_another_wish_takes_the_place_of_the_first(bench: Bench) -> None:
    await asked(bench)
    bench.arrive(request(receiver(name="赵六", city="温州市"), minutes=5))
    await bench.run()
    assert bench.approval("A1").state == "void"
    assert "买家改了申请" in bench.cards("A1")[0].text
    assert bench.approval("A2").state == "waiting"


async def test_a_refusal_says_where_the_parcel_is_in_the_platforms_terms(bench: Bench) -> None:
    await asked(bench)
    await bench.press("张明", "拒绝…", reason="正在拣货")
    await bench.run(61)
    assert bench.shop.effects == [("address-refused-picking", NUMBER)]
    assert bench.approval().state == "refused"


async def test_a_lost_refusal_is_said_again_because_twice_no_is_one_no(bench: Bench) -> None:
    await asked(bench)
    bench.shop.faults = ["lost_after"]
    await bench.press("张明", "拒绝…", reason="正在拣货")
    await bench.run(61)
    await bench.settle()
    assert bench.approval().state == "refused"
    assert bench.shop.effects == [("address-refused-picking", NUMBER)]


async def test_a_lost_answer_is_settled_by_looking_at_the_order(bench: Bench) -> None:
    await asked(bench)
    bench.shop.faults = ["lost_after"]
    await bench.press("张明", "同意")
    await bench.run(61)
    assert bench.approval().state == "unknown"
    await bench.settle()
    assert bench.approval().state == "done"
    assert bench.shop.calls == 1


async def test_shipped_means_a_carrier_intercept_and_an_honest_answer_to_the_platform(bench: Bench) -> None:
    await asked(bench, sent=True)
    assert "已发货：平台改不了" in bench.cards()[0].text
    assert "改地址-2" in bench.cards()[0].text
    await bench.press("张明", "同意")
    await bench.run()
    await bench.press("李芳", "同意")
    await bench.run(61)
    assert bench.shop.effects == [("address-refused-shipping", NUMBER)]
    assert bench.approval().state == "by_hand"
    assert "请联系快递拦截改派 …0123" in bench.cards()[0].text
    await bench.press("李芳", "已在后台办好")
    await bench.run()
    assert bench.approval().state == "done"


async def test_it_ships_while_people_think(bench: Bench) -> None:
    await asked(bench)
    bench.arrive(newer(shipped(), minutes=5))
    await bench.run()
    assert "改地址-2" in bench.cards()[0].text
    assert bench.approval().steps == ("approve_service", "approve_warehouse")


async def test_a_colleagues_sentence_is_a_draft_and_where_the_channel_cannot_a_task(bench: Bench) -> None:
    bench.arrive(order())
    draft = await bench.say(
        "小何", "change_address", order_no=NUMBER, address="浙江省宁波市鄞州区中山东路 1 号", phone="13900001111"
    )
    assert "王** 139****1111 浙江 宁波" in draft.text
    assert "中山东路" not in draft.text
    await bench.press("小何", "提交", card=draft)
    await bench.run()
    assert bench.order().holds == ("address_review",)
    await bench.press("张明", "同意", chat_id=ORDERS)
    await bench.run(61)
    assert bench.approval().state == "by_hand"
    assert bench.approval().private["receiver"]["detail"] == "中山东路 1 号"
    bench.arrive(newer(order(), receiver=receiver(city="宁波市", district="鄞州区", detail="中山东路 1 号")))
    await bench.run()
    assert bench.approval().state == "done"
    assert bench.order().holds == ()


async def test_a_sentence_without_an_address_is_asked_for_one(bench: Bench) -> None:
    bench.arrive(order())
    assert "新地址是什么" in (await bench.say("小何", "change_address", order_no=NUMBER)).text


async def test_several_orders_are_listed_with_their_numbers(bench: Bench) -> None:
    bench.arrive(order("6920000000000008000"), order("6930000000000008000"))
    reply = await bench.say("小何", "change_address", phone_tail="8000", address="浙江省宁波市鄞州区 1 号")
    assert "6920000000000008000" in reply.text
    assert reply.choices == ()
