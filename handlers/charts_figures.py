"""Pictures for figures: one bar a day, or one bar a group with its name and value beside it. The title says the finding.

Values are also written as text, colour only repeats what the text says, and the alt text holds every figure drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from domain.chat import Picture
from handlers.charts import BLUE, GREY, INK, LEFT, RIGHT, SKY, WIDTH, Panel, Sheet, drawing, width_of

ROWS = 12
_ROW = 46
_NAMES = 200  # room for the groups' names


@dataclass(frozen=True, slots=True)
class Bars:
    """`values` in the unit of `shown`, which are the same values as people read them; None where nothing could be counted.

    `marked` is the bar asked for. `blind_from`: from this bar on the source was silent, so what is drawn is not all.
    `days`: bars over time (upright), else groups (lying).
    """

    finding: str
    labels: tuple[str, ...]
    values: tuple[float | None, ...]
    shown: tuple[str, ...]
    caption: str
    days: bool
    marked: int = -1
    blind_from: int = -1
    blind_text: str = "无数据"


def bars_chart(bars: Bars) -> Picture:
    """A PNG for a phone. Synchronous: call it through `asyncio.to_thread`."""
    with drawing:
        png = _upright(bars) if bars.days else _lying(bars)
    pairs = "；".join(f"{label} {shown}" for label, shown in zip(bars.labels, bars.shown, strict=True))
    return Picture(png, f"{bars.finding}。{pairs}。", "figure.png")


def _most(bars: Bars) -> float:
    return max((value for value in bars.values if value is not None), default=0.0) or 1.0


def _upright(bars: Bars) -> bytes:
    sheet = Sheet(480)
    sheet.title(bars.finding)
    panel = Panel(112, 420, _most(bars))
    sheet.caption(88, bars.caption)
    sheet.grid(panel)
    count = max(len(bars.labels), 1)
    gap = 3 if count <= 31 else 0
    if 0 <= bars.blind_from < count:
        sheet.hatch(sheet.x(bars.blind_from / count), panel.top, sheet.x(1), panel.bottom)
        sheet.text(sheet.x((bars.blind_from / count + 1) / 2), panel.top + 16, bars.blind_text, 20, GREY, "mm")
    for index, value in enumerate(bars.values):
        if value is None:
            continue
        left, right = sheet.x(index / count) + gap, sheet.x((index + 1) / count) - gap
        sheet.draw.rectangle(
            (left, panel.y(value), max(left + 1, right), panel.bottom), fill=BLUE if index == bars.marked else SKY
        )
    for index in _spoken(bars):
        value = bars.values[index]
        if value is not None:
            sheet.text(sheet.x((index + 0.5) / count), panel.y(value) - 6, bars.shown[index], 20, INK, "mb")
    step = max(1, math.ceil(count / 6))
    for index in range(0, count, step):
        sheet.text(sheet.x((index + 0.5) / count), 428, bars.labels[index], 20, GREY, "mt")
    return sheet.png()


def _spoken(bars: Bars) -> list[int]:
    """Which bars carry their value: all when there is room, else the highest and the one asked for."""
    counted = [index for index, value in enumerate(bars.values) if value is not None]
    room = (WIDTH - LEFT - RIGHT - 58) / max(len(bars.labels), 1)
    if counted and max(width_of(bars.shown[index], 20) for index in counted) < room - 4:
        return counted
    best = max(counted, key=lambda index: bars.values[index] or 0, default=None)
    wanted = [each for each in (best, bars.marked if bars.marked in counted else None) if each is not None]
    if len(wanted) == 2 and abs(wanted[0] - wanted[1]) * room < 110:
        wanted = wanted[1:]
    return wanted


def _lying(bars: Bars) -> bytes:
    count = min(len(bars.labels), ROWS)
    sheet = Sheet(112 + _ROW * max(count, 1) + 24)
    sheet.title(bars.finding)
    sheet.caption(88, bars.caption)
    most = _most(bars)
    left = LEFT + _NAMES
    room = WIDTH - left - max((width_of(each, 22) for each in bars.shown[:count]), default=0) - 24
    for index in range(count):
        top = 112 + _ROW * index
        middle = top + _ROW / 2
        sheet.text(left - 10, middle, _fit(bars.labels[index]), 22, INK, "rm")
        value = bars.values[index]
        end = left + max(2.0, room * max(value or 0.0, 0.0) / most)
        if value is not None:
            sheet.draw.rectangle((left, top + 8, end, top + _ROW - 8), fill=BLUE if index == bars.marked else SKY)
        sheet.text((end if value is not None else left) + 8, middle, bars.shown[index], 22, INK, "lm")
    return sheet.png()


def _fit(label: str) -> str:
    while len(label) > 1 and width_of(label, 22) > _NAMES - 14:
        label = label.removesuffix("…")[:-1] + "…"
    return label
