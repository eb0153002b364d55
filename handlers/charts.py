"""Charts for a phone: 375 points wide at double density, drawn with Pillow and a packaged Chinese font.

Own drawing instead of matplotlib: an order of magnitude faster and 80 MB lighter for the two pictures that the group needs
(benchmark B14). The title says the finding, units are written, lines carry their label, colours are Okabe and Ito's
(apart for colour-blind eyes), and the alt text holds the figures. Synchronous: call it through `asyncio.to_thread`.
"""

from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from domain.chat import Picture
from domain.clock import SHANGHAI
from domain.privacy import safe_text
from domain.store import Stock, StockMove

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw as Pen
    from PIL.ImageFont import FreeTypeFont

WIDTH = 750
LEFT, RIGHT = 24, 118  # the right margin holds the labels of the lines
INK, GREY, FAINT, PAPER = "#1a1a1a", "#5f5f5f", "#e3e3e3", "#ffffff"
BLUE, ORANGE, SKY, RED = "#0072B2", "#E69F00", "#56B4E9", "#C04A00"
HOURS = 24
_AVAILABLE = {"receive": 1, "return": 1, "adjust": 1, "reserve": -1, "release": 1, "freeze": -1, "unfreeze": 1}
_lock = threading.Lock()  # FreeType faces are shared by all threads that draw


# --- what is drawn ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StockDay:
    """A SKU's last 24 hours: `levels` available at the end of each hour, `sales` units sold in it, both oldest first.

    `blind_since`: the source has been silent since then; later hours are unknown, not zero.
    """

    name: str
    place: str
    levels: tuple[int, ...]
    sales: tuple[int, ...]
    safety: int
    now: datetime
    per_hour: int
    blind_since: datetime | None = None

    @classmethod
    def of(
        cls, level: Stock, moves: Sequence[StockMove], now: datetime, *, per_hour: int, blind_since: datetime | None = None
    ) -> StockDay:
        """Rebuild the day backwards from the present level and the ledger."""
        available = level.available
        levels, sales = [0] * HOURS, [0] * HOURS
        hour = HOURS - 1
        for move in sorted(moves, key=lambda each: each.at, reverse=True):
            index = HOURS - 1 - int((now - move.at) / timedelta(hours=1))
            while hour >= max(index, 0):
                levels[hour] = available
                hour -= 1
            if index < 0:
                break
            available -= _AVAILABLE.get(move.kind, 0) * move.quantity
            sales[index] += {"reserve": move.quantity, "release": -move.quantity}.get(move.kind, 0)
        while hour >= 0:
            levels[hour] = available
            hour -= 1
        sold = tuple(max(0, each) for each in sales)
        name = safe_text(level.title or level.sku, 16)
        return cls(name, safe_text(level.warehouse, 10), tuple(levels), sold, level.safety, now, per_hour, blind_since)

    @property
    def empty_at(self) -> datetime | None:
        """When it runs out at the present pace; None when it does not sell, is out already, or nobody knows."""
        if self.per_hour <= 0 or self.levels[-1] <= 0 or self.blind_since is not None:
            return None
        return self.now + timedelta(hours=self.levels[-1] / self.per_hour)

    @property
    def finding(self) -> str:
        head = f"{self.name} · {self.place}"
        if self.blind_since is not None:
            return f"{head} {_clock(self.blind_since, self.now)} 后没有数据"
        empty = self.empty_at
        if self.levels[-1] <= 0:
            return f"{head} 已断货"
        if empty is not None and empty - self.now < timedelta(hours=48):
            return f"{head} 按现在的速度 {_clock(empty, self.now)} 断货"
        side = "低于" if self.levels[-1] < self.safety else "不低于"
        return f"{head} 可用 {self.levels[-1]} 件，{side}安全线"


@dataclass(frozen=True, slots=True)
class Trend:
    """One figure a day as bars and a second one as a line, each in its own panel over the same days."""

    finding: str
    days: tuple[str, ...]
    bars: tuple[int, ...]
    bars_label: str
    bars_unit: str
    line: tuple[float, ...]
    line_label: str
    line_unit: str


# --- pictures ---------------------------------------------------------------------------------------------------------


def stock_chart(day: StockDay) -> Picture:
    """Level against the safety line, the time of empty, and sales per hour below."""
    with _lock:
        png = _stock_png(day)
    sold = sum(day.sales)
    words = f"{day.finding}。可用 {day.levels[-1]} 件，安全 {day.safety} 件，"
    words += f"24 小时卖出 {sold} 件，最近每小时 {day.per_hour} 件。"
    if day.blind_since is not None:
        words += f"{_clock(day.blind_since, day.now)} 之后没有数据。"
    return Picture(png, words, "stock.png")


def trend_chart(trend: Trend) -> Picture:
    """Bars and a line over days: 30 days, or a year."""
    with _lock:
        png = _trend_png(trend)
    low, high = min(trend.bars, default=0), max(trend.bars, default=0)
    last = f"{trend.line[-1]:g} {trend.line_unit}" if trend.line else "无"
    alt = (
        f"{trend.finding}。{trend.bars_label}：合计 {sum(trend.bars):,} {trend.bars_unit}，每天 {low:,} 到 {high:,}；"
        f"{trend.line_label}：最近 {last}。"
    )
    return Picture(png, alt, "trend.png")


def _stock_png(day: StockDay) -> bytes:
    sheet = _Sheet(560)
    sheet.title(day.finding)
    empty = day.empty_at
    ahead = min(6.0, max(0.5, (empty - day.now) / timedelta(hours=1) + 0.5)) if empty is not None else 0.5
    span = HOURS + ahead
    top = _Panel(112, 356, max(*day.levels, day.safety, 1))
    low = _Panel(412, 508, max(*day.sales, 1))
    sheet.caption(88, "可用（件）")
    sheet.caption(388, "每小时卖出（件）")
    for panel in (top, low):
        sheet.grid(panel)

    def x_of(hours: float) -> float:
        return sheet.x(hours / span)

    blind = _blind_hours(day)
    for index, sold in enumerate(day.sales):
        if sold and index < HOURS - blind:
            sheet.draw.rectangle((x_of(index) + 2, low.y(sold), x_of(index + 1) - 2, low.bottom), fill=SKY)
    if blind:
        left = x_of(HOURS - blind)
        for panel in (top, low):
            sheet.hatch(left, panel.top, x_of(HOURS), panel.bottom)
        sheet.text((left + x_of(HOURS)) / 2, top.top + 18, "无数据", 22, GREY, "mm")
    sheet.dashes(x_of(0), top.y(day.safety), x_of(span), top.y(day.safety), RED)
    seen = day.levels[: HOURS - blind]
    points = [(x_of(index + 1), top.y(level)) for index, level in enumerate(seen)]
    if len(points) > 1:
        sheet.draw.line(points, fill=BLUE, width=5, joint="curve")
    _stock_labels(sheet, day, top, x_of, ahead, points)
    for hours in range(0, HOURS + 1, 6):
        local = (day.now - timedelta(hours=HOURS - hours)).astimezone(SHANGHAI)
        sheet.text(x_of(hours), 514, "现在" if hours == HOURS else f"{local:%H:%M}", 20, GREY, "mt" if hours else "lt")
    return sheet.png()


def _stock_labels(
    sheet: _Sheet,
    day: StockDay,
    top: _Panel,
    x_of: Callable[[float], float],
    ahead: float,
    points: list[tuple[float, float]],
) -> None:
    now_level = day.levels[-1]
    level_y, safe_y = top.y(now_level), top.y(day.safety)
    if abs(level_y - safe_y) < 28:
        level_y, safe_y = (level_y + 14, safe_y - 14) if now_level < day.safety else (level_y - 14, safe_y + 14)
    edge = WIDTH - RIGHT + 8
    sheet.text(edge, safe_y, f"安全 {day.safety}", 22, RED, "lm")
    sheet.text(edge, min(level_y, top.bottom - 4), f"可用 {now_level}", 22, BLUE, "lm")
    empty = day.empty_at
    if empty is None or not points:
        return
    hours = (empty - day.now) / timedelta(hours=1)
    end = (x_of(HOURS + min(hours, ahead)), top.y(max(0.0, now_level - day.per_hour * min(hours, ahead))))
    sheet.dashes(*points[-1], *end, BLUE)
    if hours <= ahead:
        x, y = end
        sheet.dashes(x, top.top, x, y, GREY)
        sheet.text(x - 8, top.top + 4, f"{_clock(empty, day.now)} 断货", 22, INK, "rt")
        sheet.draw.ellipse((x - 7, y - 7, x + 7, y + 7), fill=PAPER, outline=BLUE, width=3)


def _blind_hours(day: StockDay) -> int:
    if day.blind_since is None:
        return 0
    return max(0, min(HOURS, math.ceil((day.now - day.blind_since) / timedelta(hours=1))))


def _trend_png(trend: Trend) -> bytes:
    sheet = _Sheet(560)
    sheet.title(trend.finding)
    top = _Panel(112, 330, max(*trend.bars, 1) if trend.bars else 1)
    low = _Panel(386, 508, max(*trend.line, 1e-9) if trend.line else 1)
    sheet.caption(88, f"{trend.bars_label}（{trend.bars_unit}）")
    sheet.caption(362, f"{trend.line_label}（{trend.line_unit}）")
    for panel in (top, low):
        sheet.grid(panel)
    count = max(len(trend.days), 1)
    gap = 2 if count <= 60 else 0
    for index, value in enumerate(trend.bars):
        left, right = sheet.x(index / count), sheet.x((index + 1) / count)
        sheet.draw.rectangle((left + gap, top.y(value), max(left + gap, right - gap - 1), top.bottom), fill=SKY)
    points = [(sheet.x((index + 0.5) / count), low.y(value)) for index, value in enumerate(trend.line)]
    if len(points) > 1:
        sheet.draw.line(points, fill=RED, width=4, joint="curve")
    edge = WIDTH - RIGHT + 8
    if trend.bars:
        sheet.text(edge, top.y(trend.bars[-1]), f"{trend.bars[-1]:,}", 22, BLUE, "lm")
    if points:
        sheet.draw.ellipse((points[-1][0] - 6, points[-1][1] - 6, points[-1][0] + 6, points[-1][1] + 6), fill=RED)
        sheet.text(edge, points[-1][1], f"{trend.line[-1]:g}", 22, RED, "lm")
    step = max(1, math.ceil(count / 5))
    for index in range(0, count, step):
        if index < len(trend.days) and count - index >= step / 2:
            sheet.text(sheet.x((index + 0.5) / count), 514, trend.days[index], 20, GREY, "mt" if index else "lt")
    return sheet.png()


def _clock(at: datetime, now: datetime) -> str:
    local, today = at.astimezone(SHANGHAI), now.astimezone(SHANGHAI)
    day = {0: "", 1: "明天 ", -1: "昨天 "}.get(local.toordinal() - today.toordinal(), f"{local:%m-%d} ")
    return f"{day}{local:%H:%M}"


# --- the sheet --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Panel:
    top: int
    bottom: int
    most: float

    @property
    def ceiling(self) -> float:
        return self.step * math.ceil(self.most / self.step)

    @property
    def step(self) -> float:
        """1, 2 or 5 times a power of ten, for two to four grid lines."""
        raw = self.most / 3
        power = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
        return next(size * power for size in (1, 2, 5, 10) if size * power >= raw * 0.999)

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * min(max(value, 0) / self.ceiling, 1.0)


class _Sheet:
    """White paper with the few strokes that these charts need."""

    def __init__(self, height: int) -> None:
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (WIDTH, height), PAPER)
        self.draw: Pen = ImageDraw.Draw(self._image)
        self._left = LEFT + 58

    def x(self, part: float) -> float:
        return self._left + (WIDTH - RIGHT - self._left) * part

    def title(self, text: str) -> None:
        size = 32
        while size > 22 and _font(size).getlength(_drawable(text)) > WIDTH - 2 * LEFT:
            size -= 2
        self.text(LEFT, 40, text, size, INK, "lm")

    def caption(self, y: float, text: str) -> None:
        self.text(LEFT, y, text, 20, GREY, "lm")

    def text(self, x: float, y: float, text: str, size: int, fill: str, anchor: str) -> None:
        self.draw.text((x, y), _drawable(text), font=_font(size), fill=fill, anchor=anchor)

    def grid(self, panel: _Panel) -> None:
        value = 0.0
        while value <= panel.ceiling * 1.0001:
            y = panel.y(value)
            self.draw.line((self._left, y, WIDTH - RIGHT, y), fill=GREY if value == 0 else FAINT, width=2)
            self.text(self._left - 8, y, _short(value), 20, GREY, "rm")
            value += panel.step

    def dashes(self, x0: float, y0: float, x1: float, y1: float, fill: str) -> None:
        length = math.hypot(x1 - x0, y1 - y0)
        for start in range(0, int(length), 16):
            a, b = start / length, min(start + 9, length) / length
            self.draw.line((x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b), fill, 3)

    def hatch(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.draw.rectangle((x0, y0, x1, y1), fill="#f4f4f4")
        for offset in range(int(x0 - (y1 - y0)), int(x1), 14):
            a, b = max(offset, x0), min(offset + (y1 - y0), x1)
            if b > a:
                self.draw.line((a, y1 - (a - offset), b, y1 - (b - offset)), fill=FAINT, width=2)

    def png(self) -> bytes:
        out = io.BytesIO()
        self._image.save(out, "PNG", compress_level=4)
        return out.getvalue()


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 10_000:g} 万"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:g}"


@lru_cache(maxsize=16)
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont
    from pylopdf_fonts_zh_cn import sans_path

    # BASIC layout: our labels need no shaping, and it is several times faster.
    return ImageFont.truetype(str(sans_path()), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def _has_glyph(letter: str) -> bool:
    font = _font(20)
    return letter.isspace() or bytes(font.getmask(letter)) != bytes(font.getmask("\U0010fffd"))


def _drawable(text: str) -> str:
    """Letters the font does not have (emoji in a goods title) are left out: an empty box tells nobody anything."""
    return "".join(letter for letter in text if _has_glyph(letter))


def missing(texts: Iterable[str]) -> set[str]:
    """Letters of these texts that could not be drawn."""
    return {letter for text in texts for letter in text if not _has_glyph(letter)}


# What the other pictures (handlers.charts_figures, handlers.charts_heat) share: one paper, one pen at a time.
Sheet, Panel, drawing = _Sheet, _Panel, _lock


def width_of(text: str, size: int) -> float:
    """Width of a text in points at double density, as it would be drawn."""
    return _font(size).getlength(_drawable(text))
