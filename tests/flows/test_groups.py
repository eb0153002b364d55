"""What a group is for, said in the group: on DingTalk, on WeCom's line and in the browser; confirmed, audited, at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.bootstrap import House, open_house
from config.settings import Settings as HouseSettings
from domain.people import Person, Role
from domain.store import BoundChat, Stock, StockMove, UnitOfWork
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from handlers.stock_ledger import stock_changed
from integrations.wecom import Settings
from tests.flows.company import SHOP, Company
from tests.flows.offices import Offices, opened
from tests.integrations.wecom.conftest import Bench, drawn, make, served, telling, until

TOML = """
[people."陈店长"]
roles = ["manager"]
accounts = ["dingtalk:d-chen"]

[people."张明"]
roles = ["service"]
accounts = ["dingtalk:d-zhang"]
"""


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with opened(tmp_path, TOML) as made:
        made.dingtalk.state.user("d-chen", "陈店长")
        made.dingtalk.state.user("d-zhang", "张明")
        made.dingtalk.state.groups[made.group].members |= {"d-chen", "d-zhang"}
        yield made


def bound(offices: Offices) -> BoundChat | None:
    found: BoundChat | None = offices.read(lambda r: r.people.chat("dingtalk", offices.group))
    return found


def running_low(offices: Offices) -> None:
    """Stock falls below its safety level while no group hears of stock."""
    now, desk = offices.house.desk.clock.now(), offices.house.desk

    def work(uow: UnitOfWork) -> None:
        uow.stock.define(Stock("SF-GREY", "杭州仓", 0, 0, 0, 40, 0, "沙发套-灰", now))
        (before,) = uow.stock.move([StockMove("SF-GREY", "杭州仓", "receive", 50, "opening", now)])
        for after in uow.stock.move([StockMove("SF-GREY", "杭州仓", "adjust", -30, "counted", now)]):
            stock_changed(uow, before, after, now, desk)

    offices.write_now(work)


async def test_an_unbound_group_hears_nothing_of_orders_and_a_manager_hears_how_to_bind(offices: Offices) -> None:
    await offices.dingtalk_says("d-zhang", "0417 到哪了", group=offices.group)
    await offices.dingtalk_says("d-chen", "0417 到哪了", group=offices.group)
    assert "绑定本群" not in offices.heard_on_dingtalk("d-zhang")[-1]
    assert "绑定本群" in offices.heard_on_dingtalk("d-chen")[-1]
    assert offices.heard_on_dingtalk("", offices.group) == []


async def test_a_group_is_bound_once_confirmed_and_alerts_that_waited_come_at_once(offices: Offices) -> None:
    running_low(offices)
    await offices.work(120)
    assert offices.read(lambda r: len(r.alerts.standing(route="stock"))) == 1
    proposal = await offices.dingtalk_says("d-chen", "绑定本群 主题 库存预警,退款", group=offices.group)
    assert "退款审批、库存预警" in proposal
    assert "确认绑定" in proposal
    assert bound(offices) is None
    assert "本群绑好了" in await offices.dingtalk_says("d-chen", "确认绑定", group=offices.group)
    group = bound(offices)
    assert group is not None
    assert group.topics == {"stock", "refunds"}
    await offices.work(60)
    assert any("沙发套" in said for said in offices.heard_on_dingtalk("", offices.group)[2:])
    assert [row[1] for row in offices.audit("group.bound")] == [f"group:dingtalk:{offices.group}"]


async def test_nobody_but_who_manages_people_binds_unbinds_or_confirms(offices: Offices) -> None:
    await offices.dingtalk_says("d-zhang", "绑定本群 主题 库存", group=offices.group)
    await offices.dingtalk_says("d-zhang", "确认绑定", group=offices.group)
    assert bound(offices) is None
    await offices.dingtalk_says("d-chen", "绑定本群 主题 库存", group=offices.group)
    await offices.dingtalk_says("d-zhang", "确认绑定", group=offices.group)
    assert bound(offices) is None
    await offices.dingtalk_says("d-chen", "确认绑定", group=offices.group)
    await offices.dingtalk_says("d-zhang", "解绑本群", group=offices.group)
    await offices.dingtalk_says("d-zhang", "确认解绑", group=offices.group)
    assert bound(offices) is not None


async def test_a_confirmation_counts_once_and_for_ten_minutes(offices: Offices) -> None:
    await offices.dingtalk_says("d-chen", "绑定本群 主题 库存", group=offices.group)
    await offices.work(601)
    assert "过期" in await offices.dingtalk_says("d-chen", "确认绑定", group=offices.group)
    assert bound(offices) is None
    await offices.dingtalk_says("d-chen", "绑定本群 主题 库存", group=offices.group)
    await offices.dingtalk_says("d-chen", "确认绑定", group=offices.group)
    assert "用过" in await offices.dingtalk_says("d-chen", "确认绑定", group=offices.group)


async def test_an_unbound_group_is_quiet_from_the_next_message_on(offices: Offices) -> None:
    for words in ("绑定本群 主题 订单", "确认绑定"):
        await offices.dingtalk_says("d-chen", words, group=offices.group)
    assert "主题：订单" in await offices.dingtalk_says("d-zhang", "本群绑定", group=offices.group)
    assert await offices.dingtalk_says("d-zhang", "帮助", group=offices.group)
    for words in ("解绑本群", "确认解绑"):
        await offices.dingtalk_says("d-chen", words, group=offices.group)
    assert bound(offices) is None
    assert not await offices.dingtalk_says("d-zhang", "帮助", group=offices.group)


@pytest.mark.parametrize(
    ("words", "asks"),
    [("绑定本群", "这样说"), ("绑定本群 主题 天气", "没有「天气」"), ("绑定本群 店铺 没有的店", "没有叫「没有的店」"),
     ("绑定本群 仓库 月球仓", "没有叫「月球仓」")],
)  # fmt: skip
async def test_what_cannot_be_bound_is_asked_back(offices: Offices, words: str, asks: str) -> None:
    assert asks in await offices.dingtalk_says("d-chen", words, group=offices.group)
    assert "用过" in await offices.dingtalk_says("d-chen", "确认绑定", group=offices.group)
    assert bound(offices) is None


async def test_a_group_of_the_settings_file_is_changed_there(offices: Offices) -> None:
    group = f'\n[groups."仓库群"]\nchat = "dingtalk:{offices.group}"\ntopics = ["stock"]\n'
    await offices.restart(TOML + group)
    assert "xiaodan.toml" in await offices.dingtalk_says("d-chen", "绑定本群 主题 订单", group=offices.group)
    assert "xiaodan.toml" in await offices.dingtalk_says("d-chen", "解绑本群", group=offices.group)
    await offices.restart(TOML)
    assert bound(offices) is None  # taken out of the file, it hears nothing any more


async def test_a_group_bound_from_the_chat_survives_a_restart(offices: Offices) -> None:
    for words in ("绑定本群 主题 订单,库存 名称 杭州大群", "确认绑定"):
        await offices.dingtalk_says("d-chen", words, group=offices.group)
    await offices.restart()
    group = bound(offices)
    assert group is not None
    assert group.title == "杭州大群"
    assert group.topics == {"orders", "stock"}


async def test_asked_one_to_one_it_says_to_come_to_the_group(offices: Offices) -> None:
    assert "到要绑定的群里" in await offices.dingtalk_says("d-chen", "绑定本群 主题 订单")


# --- with buttons -------------------------------------------------------------------------------------------------------


async def test_in_the_browser_the_button_binds_shop_and_warehouse(company: Company) -> None:
    await company.say("zhangming", "绑定本群 店铺 抖音旗舰店")
    await company.say("chendian", "绑定本群 店铺 旗舰店 仓库 杭州")
    await company.press("zhangming", "确认绑定")
    before = company.read(lambda r: r.people.chat("console", "orders"))
    assert before.shops == frozenset()
    await company.press("chendian", "确认绑定")
    after = company.read(lambda r: r.people.chat("console", "orders"))
    assert (after.shops, after.warehouses) == ({SHOP}, {"杭州仓"})
    assert {"orders", "refunds", "stock", "logistics"} <= after.topics
    await company.press("chendian", "确认绑定")
    assert [(row[0], row[1]) for row in company.audit("group.bound")] == [("person:6 陈店长", "group:console:orders")]


async def test_not_wanted_after_all_changes_nothing(company: Company) -> None:
    await company.say("chendian", "解绑本群")
    await company.press("chendian", "不用了")
    await company.press("chendian", "确认解绑")
    assert company.read(lambda r: r.people.chat("console", "orders")) is not None


@pytest_asyncio.fixture
async def on_line(tmp_path: Path) -> AsyncIterator[tuple[House, Bench]]:
    emulator = WecomEmulator()
    async with served(emulator) as url:
        settings = Settings(bot_id=theirs.BOT_ID, secret=theirs.BOT_SECRET, line_url=url, gap_notice_seconds=60.0)
        bench = make(emulator, settings)
        house = open_house(HouseSettings(data_dir=tmp_path), clock=bench.clock, chats={"wecom": bench.chat})
        people = [
            Person(0, "陈店长", frozenset({Role.MANAGER}), accounts=(("wecom", "zhangsan"),)),
            Person(0, "张明", frozenset({Role.SERVICE}), accounts=(("wecom", "lisi"),)),
        ]
        for each in people:
            house.desk.store.write_now(lambda u, p=each: u.people.save_person(p))  # type: ignore[misc]
        async with house.running():
            await until(lambda: bench.chat.bot.line_up)  # type: ignore[union-attr]
            yield house, bench
        await house.close()


async def test_over_wecoms_line_the_card_in_the_group_binds_it(on_line: tuple[House, Bench]) -> None:
    house, bench = on_line
    people = bench.emulator.people
    await people.say("zhangsan", "绑定本群 主题 库存预警,退款", group="CHATID")
    await until(lambda: bool(drawn(bench.group)))
    card = drawn(bench.group)[-1]
    assert re.search("绑定本群", str(card))
    key = next(button["key"] for button in card["button_list"] if "确认" in button["text"])
    await people.press("lisi", card["task_id"], key, group="CHATID")
    await asyncio.sleep(0.2)
    assert house.desk.store.read_now(lambda r: r.people.chat("wecom", "CHATID")) is None
    await people.press("zhangsan", card["task_id"], key, group="CHATID")
    await until(lambda: house.desk.store.read_now(lambda r: r.people.chat("wecom", "CHATID")) is not None)
    await until(lambda: any("绑好了" in said for said in telling(bench.group)))
