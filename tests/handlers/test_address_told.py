"""What people type after 改地址: the address without the words, names and phones around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.order import Receiver
from handlers.address_told import Told, apart, placed, told
from tests.builders import NUMBER, money, order, shipped
from tests.handlers.approval_bench import Bench

STREET = "浙江省杭州市余杭区文一西路998号5幢"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("said", "address", "name"),
    [
        (f"0417 改地址 {STREET}", STREET, ""),
        (f"改地址 0417 {STREET} 谢谢", STREET, ""),
        (f"把0417的收货地址改为{STREET}", STREET, ""),
        (f"0417 改地址 {STREET}，李四 13900001111", STREET, "李四"),
        (f"0417 改一下收货地址：{STREET}，收件人李四，电话13900001111", STREET, "李四"),
        (f"0417 改地址 收件人：欧阳修 电话：13900001111 收货地址：{STREET}", STREET, "欧阳修"),
        ("0417 改地址", "", ""),
        ("0417 改地址 快点", "", ""),
        ("0417 到哪了", "", ""),
    ],
)
def test_the_address_is_read_out_of_the_sentence(said: str, address: str, name: str) -> None:
    assert told(said, ["0417", "13900001111"]) == Told(address, name)


def test_a_name_and_a_phone_behind_an_address_are_no_part_of_it() -> None:
    assert apart(f"为{STREET}，李四 139 0000 1111") == Told(STREET, "李四")


def test_an_address_is_taken_apart_into_its_places_or_asked_for_again() -> None:
    moved = placed(
        Receiver(province="江苏省", city="南京市", district="鼓楼区", town="华侨路街道"), "杭州余杭区文一西路998号"
    )
    assert moved is not None
    assert (moved.province, moved.city, moved.district, moved.town) == ("浙江省", "杭州市", "余杭区", "")
    assert moved.detail == "文一西路998号"
    assert placed(Receiver(), "文一西路998号") is None
    assert placed(Receiver(), "浙江省杭州市") is None
    foreign = placed(Receiver(country="US"), "12 Main Street, Springfield")
    assert foreign is not None
    assert foreign.detail == "12 Main Street, Springfield"


async def test_the_help_s_own_sentence_makes_a_draft_with_the_new_place_and_name(bench: Bench) -> None:
    bench.arrive(order())
    reply = await bench.say(
        "小何",
        "change_address",
        f"{NUMBER} 改地址 上海市浦东新区梅花路100号3幢，李四 13900001111",
        phone="13900001111",
        order_no=NUMBER,
    )
    assert "改为 李** 139****1111 上海" in reply.text
    assert "梅花路" not in reply.text
    assert "李四" not in reply.text
    assert bench.approval().private["receiver"]["detail"] == "梅花路100号3幢"


async def test_an_address_without_a_place_is_asked_for_again(bench: Bench) -> None:
    bench.arrive(order())
    reply = await bench.say("小何", "change_address", f"{NUMBER} 改地址 梅花路100号", order_no=NUMBER)
    assert "新地址是什么" in reply.text


async def test_a_second_wish_shows_what_stands_and_says_that_nothing_else_was_made(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(5_000))
    await bench.press("小何", "提交", card=draft)
    again = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(20_000))
    assert again.text.startswith("这单已有申请 A1 在走，就是下面这张；这次没有另开。")
    assert again.card is not None
    assert "没有另开" in again.card.lines[0]
    assert "¥50.00" in again.card.title
