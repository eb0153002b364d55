"""Conversations of several turns, the program killed between any two of them: what "it", "the second" and 退款呢 mean survives."""

from __future__ import annotations

import pytest

from tests.flows.company import ELSEWHERE, Company

AT_BOT = "@小单 "


async def turn(company: Company, who: str, text: str, *, chat: str = "orders") -> str:
    """One turn and what the bot said to it (to this person, in this chat); then the program is restarted."""
    before = len(company.texts(who, chat))
    await company.say(who, text, chat=chat)
    said = "\n".join(company.texts(who, chat)[before:])
    await company.restart()
    return said


async def two_orders(company: Company) -> tuple[str, str]:
    """Two orders of one customer; the first has a refund asked for."""
    first, second = company.place(), company.place(receiver={**ELSEWHERE, "detail": "文一西路998号6幢"})
    company.clock.move(3600)
    await company.pull()
    return first, second


async def test_it_is_the_order_talked_about_through_every_restart(company: Company) -> None:
    first, _ = await two_orders(company)
    assert first[-4:] in await turn(company, "zhangming", f"{first} 到哪了")
    assert first[-4:] in await turn(company, "zhangming", "它的物流")
    assert "没有售后" in await turn(company, "zhangming", "退款呢")
    draft = await turn(company, "zhangming", "改成浙江省杭州市西湖区文三路1号")
    assert "改地址申请" in draft
    assert first[-4:] in draft
    assert "文三路" not in draft  # a group sees the town, not the door
    assert company.order(first).order.receiver.city == "温州市"  # a draft changes nothing


async def test_the_second_of_several_is_picked_and_stays_the_subject(company: Company) -> None:
    first, second = await two_orders(company)
    assert len((await turn(company, "zhangming", "尾号 0417 的到哪了")).splitlines()) >= 2
    picked = await turn(company, "zhangming", "第 2 个")
    number = next(each for each in (first, second) if each[-4:] in picked)
    assert number[-4:] in await turn(company, "zhangming", "它的物流")
    assert "没有售后" in await turn(company, "zhangming", "退款呢")
    assert number[-4:] in await turn(company, "zhangming", "它付了多少钱")


@pytest.mark.parametrize("word", ["第2个", "2", "the second", "last"])
async def test_one_of_a_customers_orders_is_picked_by_its_place(company: Company, word: str) -> None:
    first, second = await two_orders(company)
    shown = await turn(company, "zhangming", "尾号0417的订单")
    assert "2 单" in shown
    picked = await turn(company, "zhangming", word)
    assert "2 单" not in picked
    assert sum(each[-4:] in picked for each in (first, second)) == 1
    assert "没有" in await turn(company, "zhangming", "第 9 个")


async def test_a_figure_is_refined_turn_by_turn(company: Company) -> None:
    await two_orders(company)
    assert "订单数" in await turn(company, "chendian", "今天订单量")
    assert "渠道 抖音" in await turn(company, "chendian", "只看抖音")
    by_warehouse = await turn(company, "chendian", "按仓分")
    assert "杭州仓" in by_warehouse
    assert "渠道 抖音" in by_warehouse
    assert "11-19" in await turn(company, "chendian", "and yesterday?")
    assert "渠道 抖音" in await turn(company, "chendian", "今天呢")
    assert "定义" in await turn(company, "chendian", "怎么算的")


async def test_after_ten_minutes_it_means_nothing_any_more(company: Company) -> None:
    first, _ = await two_orders(company)
    await turn(company, "zhangming", f"{first} 到哪了")
    await company.work(601)
    forgotten = await turn(company, "zhangming", "它的物流")
    assert first[-4:] not in forgotten
    assert "哪一单" in forgotten


async def test_two_people_in_one_group_do_not_mix(company: Company) -> None:
    first, second = await two_orders(company)
    await turn(company, "zhangming", f"{first} 到哪了")
    await turn(company, "chendian", f"{second} 到哪了")
    assert first[-4:] in await turn(company, "zhangming", "它的物流")
    assert second[-4:] in await turn(company, "chendian", "它的物流")
    nobody = await turn(company, "lifang", "它的物流")
    assert first[-4:] not in nobody
    assert second[-4:] not in nobody


async def test_what_was_said_one_to_one_stays_there(company: Company) -> None:
    first, _ = await two_orders(company)
    company.console.ensure_direct("zhangming")
    private = "@zhangming"  # how the console calls a conversation with the bot
    assert first[-4:] in await turn(company, "zhangming", f"{first} 到哪了", chat=private)
    in_group = await turn(company, "zhangming", "它的物流")
    assert first[-4:] not in in_group
    assert first[-4:] in await turn(company, "zhangming", "它的物流", chat=private)
    assert not any(first[-4:] in text for text in company.texts("chendian"))


@pytest.mark.parametrize(
    "text",
    ["它的物流", "第 2 个", "退款呢", "只看抖音", "按仓分", "and yesterday?", "改成浙江省杭州市西湖区文三路1号", "下一页"],
)
async def test_a_follow_up_with_nothing_before_it_starts_nothing(company: Company, text: str) -> None:
    await two_orders(company)
    said = await turn(company, "zhangming", AT_BOT + text)
    assert said  # asked back, or told what to send
    assert "申请 A" not in said
    assert company.read(lambda r: r.approvals.waiting()) == []


async def test_a_withdrawal_is_asked_for_its_number_and_completed_by_it(company: Company) -> None:
    aftersale = await company.refund()
    number = company.read(lambda r: r.rows("SELECT number FROM orders"))[0][0]
    asked = await turn(company, "zhangming", AT_BOT + "帮我取消退货申请")
    assert "单号" in asked
    answered = await turn(company, "zhangming", f"{AT_BOT}{number}")
    assert "撤" in answered
    assert aftersale  # the shop's own after-sale is the buyer's to take back: nothing was sent
    assert company.refunds() == []
