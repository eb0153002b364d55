"""The stock heat-map: every cell has its number, colours repeat it, what is not yours or does not fit is not drawn."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from domain.store import Stock
from domain.understand import Intent, Plan, understand
from handlers.charts import missing
from handlers.charts_heat import COLUMNS, EMPTY, FINE, ROWS, SHORT, HeatMap, colour, heat_chart
from handlers.stock import FEATURE
from tests.builders import NOW
from tests.handlers.ask_desk import AskDesk, button
from tests.handlers.test_stock import shelf


def level(sku: str, where: str, have: int, safety: int = 10) -> Stock:
    return Stock(sku, where, have, 0, 0, safety, 0, f"货 {sku}", NOW)


LEVELS = [level("A", "杭州仓", 0), level("A", "华南仓", 50), level("B", "杭州仓", 4), level("C", "华南仓", 12)]


def ink(png: bytes, wanted: str) -> int:
    rgb = tuple(int(wanted[at : at + 2], 16) for at in (1, 3, 5))
    return sum(count for count, found in Image.open(io.BytesIO(png)).convert("RGB").getcolors(1 << 20) or [] if found == rgb)


def test_the_worst_is_on_top_and_the_finding_counts_it() -> None:
    heat = HeatMap.of(LEVELS)
    assert heat.skus == ("货 A", "货 B", "货 C")
    assert heat.finding == "库存 1 处断货，1 处低于安全线"
    assert HeatMap.of([level("A", "杭州仓", 50)]).finding == "库存都在安全线以上"
    picture = heat_chart(heat)
    assert "货 A 华南仓 50/10、杭州仓 0/10" in picture.alt
    for shade in (EMPTY, SHORT, FINE):
        assert ink(picture.png, shade) > 1000


def test_what_does_not_fit_is_said() -> None:
    many = [level(f"S{i:03}", f"{place}仓", 100 - i) for i in range(ROWS + 5) for place in range(COLUMNS + 2)]
    assert "另有 5 个 SKU、2 个仓没画" in heat_chart(HeatMap.of(many)).alt


def test_a_cell_that_is_not_kept_is_not_an_empty_shelf() -> None:
    assert colour(None) not in (EMPTY, SHORT)
    assert missing(["▼ × — 可用"]) == set()


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    shelf(desk, "SFT-G", "杭州仓", "沙发套 灰色", have=12, safety=40)
    shelf(desk, "SFT-G", "华南仓", "沙发套 灰色", have=200, safety=20)
    shelf(desk, "SFT-B", "华南仓", "沙发套 蓝色", have=0)
    yield desk
    desk.close()


async def test_several_goods_come_with_their_picture(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, Plan(Intent.STOCK, extra={"goods": "沙发套"}), "沙发套还有多少", who="陈店长")
    assert reply.text.startswith("「沙发套」对上 2 个货")
    assert "沙发套 灰色 华南仓 200/20、杭州仓 12/40" in reply.pictures[0].alt


async def test_everything_is_everything_that_the_asker_may_see(ask: AskDesk) -> None:
    which = await ask.ask(FEATURE, "stock")
    everything = await ask.press(FEATURE, button(which, "库存热力图"), who="陈店长")
    own = await ask.press(FEATURE, button(which, "库存热力图"), who="李芳")
    assert everything is not None
    assert own is not None
    assert everything.text.startswith("库存 1 处断货，1 处低于安全线")
    assert own.text.startswith("库存 1 处低于安全线")
    assert "🟡 沙发套 灰色 杭州仓 可用 12，安全 40" in own.text
    assert "华南仓" not in own.pictures[0].alt


async def test_the_words_for_it_open_it(ask: AskDesk) -> None:
    plan = understand("库存热力图", now=NOW)
    assert plan.intent is Intent.STOCK
    reply = await ask.plan(FEATURE, plan, "库存热力图", who="陈店长")
    assert reply.pictures
