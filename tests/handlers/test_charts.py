"""Pictures that a phone can show: Chinese drawn, nothing blank, figures in words too."""

from __future__ import annotations

import asyncio
import io
import time
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from domain.store import Stock, StockMove
from handlers.charts import RED, SKY, WIDTH, StockDay, Trend, missing, stock_chart, trend_chart

NOW = datetime(2026, 11, 20, 6, 5, tzinfo=UTC)
LEVEL = Stock("SKU-1", "杭州仓", 60, 48, 0, 40, 0, "沙发套-灰")


def moves(count: int = 48) -> list[StockMove]:
    return [StockMove("SKU-1", "杭州仓", "reserve", 1, str(n), NOW - timedelta(minutes=10 + 20 * n)) for n in range(count)]


def day(level: Stock = LEVEL, *, per_hour: int = 55, **more: datetime) -> StockDay:
    return StockDay.of(level, moves(), NOW, per_hour=per_hour, **more)


def trend(days: int = 30) -> Trend:
    return Trend(
        "发货时效 P95 上周 11.7 小时，比前周慢 3.1 小时",
        tuple(f"{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(days)),
        tuple(800 + n * 7919 % 400 for n in range(days)),
        "订单量",
        "单",
        tuple(8 + n * 31 % 50 / 10 for n in range(days)),
        "发货时效 P95",
        "小时",
    )


def image(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def has(picture: Image.Image, colour: str) -> int:
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return sum(count for count, found in picture.getcolors(1 << 20) or [] if found == wanted)


def test_chart_blank_never_happens() -> None:
    """chart-blank: ink of every kind is there, inside the sheet."""
    for png in (stock_chart(day()).png, trend_chart(trend()).png):
        picture = image(png)
        assert picture.width == WIDTH
        assert has(picture, SKY) > 500
        assert has(picture, RED) > 100
        inked = sum(count for count, colour in picture.getcolors(1 << 20) or [] if colour != (255, 255, 255))
        assert 0.03 < inked / (picture.width * picture.height) < 0.7


def test_every_letter_that_we_write_has_a_glyph() -> None:
    """No tofu, from the packaged font alone."""
    assert (
        missing(
            ["可用（件）每小时卖出现在断货安全沙发套-灰·杭州仓按现在的速度无数据不低于 0123456789:，。", trend().finding]
        )
        == set()
    )


def test_what_the_font_lacks_is_left_out_not_boxed() -> None:
    assert missing(["\U0001f6cb", "\u0e01"]) == {"\U0001f6cb", "\u0e01"}
    plain, emoji = day(), day(Stock("SKU-1", "杭州仓", 60, 48, 0, 40, 0, "沙发套-灰\U0001f6cb"))
    assert image(stock_chart(plain).png).tobytes() == image(stock_chart(emoji).png).tobytes()


def test_two_titles_are_two_pictures() -> None:
    """Tofu would make every Chinese title of one length the same boxes."""
    other = Stock("SKU-1", "杭州仓", 60, 48, 0, 40, 0, "保温杯-蓝")
    assert image(stock_chart(day()).png).tobytes() != image(stock_chart(day(other)).png).tobytes()


def test_the_day_is_rebuilt_from_the_ledger() -> None:
    found = day()
    assert found.levels[-1] == 12
    assert found.levels[0] == 60 - sum(found.sales[:1])
    assert sum(found.sales) == 48
    assert [found.levels[n] - found.levels[n + 1] for n in range(23)] == list(found.sales[1:])


def test_the_finding_says_when_it_runs_out_and_alt_has_the_figures() -> None:
    picture = stock_chart(day())
    assert day().finding == "沙发套-灰 · 杭州仓 按现在的速度 14:18 断货"
    assert "可用 12 件，安全 40 件，24 小时卖出 48 件，最近每小时 55 件" in picture.alt
    assert "11.7 小时" in trend_chart(trend()).alt


def test_a_silent_feed_is_drawn_as_unknown_not_as_no_sales() -> None:
    blind = day(blind_since=NOW - timedelta(hours=5))
    assert blind.empty_at is None
    assert "后没有数据" in blind.finding
    assert image(stock_chart(blind).png).tobytes() != image(stock_chart(day()).png).tobytes()


@pytest.mark.parametrize(
    "level",
    [
        Stock("SKU-1", "杭州仓", 0, 0, 0, 0, 0, ""),
        Stock("SKU-1", "杭州仓", 10**9, 0, 0, 1, 0, "大"),
        Stock("SKU-1", "杭州仓", 0, 50, 0, 40, 0, "负"),
    ],
)
def test_odd_levels_still_draw(level: Stock) -> None:
    assert image(stock_chart(StockDay.of(level, [], NOW, per_hour=0)).png).width == WIDTH


def test_empty_and_single_day_trends_still_draw() -> None:
    for days in (0, 1, 2):
        assert image(trend_chart(trend(days)).png).width == WIDTH


async def test_drawing_in_a_thread_leaves_the_loop_free() -> None:
    await asyncio.to_thread(stock_chart, day())  # fonts are loaded once
    worst, stop = 0.0, False

    async def watch() -> None:
        nonlocal worst
        while not stop:
            start = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - start)

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(asyncio.to_thread(trend_chart, trend()) for _ in range(4)))
    stop = True
    await watcher
    assert worst < 0.5  # the figure itself is benchmark B14's; here: it is not drawn on the loop
