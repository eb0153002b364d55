"""How much is left: the answer first, short warehouses on top, nothing of warehouses that are not yours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.chat import Tone
from domain.store import Stock, StockMove
from domain.understand import Intent, Plan
from handlers.stock import FEATURE
from tests.builders import NOW
from tests.handlers.ask_desk import AskDesk


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    shelf(desk, "SFT-G", "杭州仓", "沙发套 灰色", have=60, reserved=48, safety=40)
    shelf(desk, "SFT-G", "华南仓", "沙发套 灰色", have=200, safety=20, transit=80)
    shelf(desk, "SFT-B", "华南仓", "沙发套 蓝色", have=5, safety=0)
    yield desk
    desk.close()


def shelf(
    ask: AskDesk, sku: str, where: str, title: str, *, have: int, reserved: int = 0, safety: int = 0, transit: int = 0
) -> None:
    moves = [StockMove(sku, where, "receive", have, f"r:{sku}:{where}", NOW)]
    if reserved:
        moves.append(StockMove(sku, where, "reserve", reserved, f"s:{sku}:{where}", NOW, order_id=7))

    def work(uow):  # type: ignore[no-untyped-def]
        uow.stock.define(Stock(sku, where, 0, 0, 0, safety, transit, title))
        uow.stock.move(moves)

    ask.store.write_now(work)


async def test_a_sku_is_answered_with_every_warehouse_the_short_one_first(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "stock", sku="SFT-G", who="陈店长")
    assert reply.text.splitlines() == [
        "🟡 沙发套 灰色  SFT-G",
        "各仓合计可用 212",
        "🟡 杭州仓 可用 12（在手 60 − 占用 48），安全 40",
        "🟢 华南仓 可用 200（在手 200 − 占用 0），安全 20，在途 80",
        "杭州仓 离安全库存还差 28 件",
        "库存截至 14:00",
    ]
    assert reply.card is not None
    assert reply.card.tone is Tone.WATCH


async def test_a_name_that_fits_several_goods_gives_a_choice(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK, extra={"goods": "沙发套"}), "沙发套还有多少", who="陈店长")
    assert reply.text.startswith("「沙发套」对上 2 个货，要看哪一个？")
    shown = await ask.press(FEATURE, reply.choices[-1], who="陈店长")
    assert shown is not None
    assert shown.card is not None


async def test_a_warehouse_keeper_sees_only_their_own(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "stock", sku="SFT-G", who="李芳")
    assert "华南仓" not in reply.text
    assert "🟡 杭州仓 可用 12" in reply.text


async def test_goods_elsewhere_are_not_yours_and_not_nothing(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "stock", sku="SFT-B", who="李芳")
    assert reply.text == "「SFT-B」不在你能看的仓库里，你能看的是杭州仓；要看可以找 陈店长。"


async def test_unknown_goods_and_no_goods_say_what_to_do(ask: AskDesk) -> None:
    nothing = await ask.ask(FEATURE, "stock", sku="NOPE@all<b>")
    assert nothing.text == "没有叫「NOPE＠·all＜b＞」的货，换个字或直接发 SKU 试试。"
    which = await ask.ask(FEATURE, "stock")
    assert which.text == "要查哪个货？发 SKU 或名字里的几个字。"


async def test_an_empty_shelf_says_so_first(ask: AskDesk) -> None:
    shelf(ask, "OUT", "杭州仓", "收纳盒", have=3, reserved=3)
    reply = await ask.ask(FEATURE, "stock", sku="OUT")
    assert reply.text.splitlines()[:2] == ["🔴 收纳盒  OUT", "已经没有可用的了"]


@pytest.mark.parametrize("text", ["灰色沙发套还有货吗", "沙发套 灰 还有多少", "沙发套灰色库存", "SFT-G 还剩几件"])
async def test_goods_named_in_a_sentence_are_found_by_their_titles(ask: AskDesk, text: str) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK), text, who="陈店长")
    assert reply.card is not None
    assert reply.card.title == "沙发套 灰色  SFT-G"


async def test_a_word_that_several_titles_share_gives_a_choice(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK), "沙发套 库存", who="陈店长")
    assert reply.text.startswith("「沙发套」对上 2 个货，要看哪一个？")
    assert len(reply.choices) == 2


@pytest.mark.parametrize("text", ["哪些快断货", "缺货的有哪些", "what is running low"])
async def test_what_is_short_is_listed_without_naming_goods(ask: AskDesk, text: str) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK), text, who="陈店长")
    assert "🟡 沙发套 灰色 杭州仓 可用 12，安全 40" in reply.text
    assert reply.pictures


async def test_the_parser_s_leftover_about_what_is_short_is_no_name_of_goods(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK, extra={"goods": "不足的有哪些"}), "库存不足的有哪些", who="陈店长")
    assert "沙发套 灰色" in reply.text


async def test_a_sentence_that_names_nothing_is_asked_which(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK), "库存还有多少", who="陈店长")
    assert reply.text.startswith("要查哪个货？")


async def test_goods_of_another_warehouse_named_in_a_sentence_are_said_to_be_elsewhere(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK), "SFT-B 还有多少", who="李芳")
    assert "不在你能看的仓库里" in reply.text
