"""The stock heat-map: SKU by warehouse, coloured by what is left against the safety level, with the number in every cell.

Colours are apart for colour-blind eyes, and a mark beside the number says the same: ▼ below safety, × none left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.chat import Picture
from domain.privacy import safe_text
from domain.store import Stock
from handlers.charts import GREY, INK, LEFT, PAPER, WIDTH, Sheet, drawing, width_of

ROWS, COLUMNS = 16, 6
_ROW, _TOP = 44, 128
_NAMES = 216
EMPTY, SHORT, FINE, AMPLE, NOTHING = "#D55E00", "#E69F00", "#BFE1F6", "#56B4E9", "#f1f1f1"


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`cells[row][column]` is the level of that SKU in that warehouse, or None where it is not kept."""

    skus: tuple[str, ...]  # as shown
    warehouses: tuple[str, ...]
    cells: tuple[tuple[Stock | None, ...], ...]
    hidden: int = 0  # SKUs that did not fit
    hidden_houses: int = 0
    lang: str = "zh"

    @classmethod
    def of(cls, levels: Sequence[Stock], *, lang: str = "zh") -> HeatMap:
        """The shortest goods on top; what does not fit is counted, not dropped in silence."""
        by_sku: dict[str, dict[str, Stock]] = {}
        for level in levels:
            by_sku.setdefault(level.sku, {})[level.warehouse] = level
        shortage = {sku: min(_shortage(level) for level in kept.values()) for sku, kept in by_sku.items()}
        chosen = sorted(by_sku, key=lambda sku: (shortage[sku], sku))[:ROWS]
        every = sorted({house for sku in chosen for house in by_sku[sku]})
        houses = every[:COLUMNS]
        names = tuple(safe_text(next(iter(by_sku[sku].values())).title or sku, 24) for sku in chosen)
        cells = tuple(tuple(by_sku[sku].get(house) for house in houses) for sku in chosen)
        return cls(names, tuple(houses), cells, len(by_sku) - len(chosen), len(every) - len(houses), lang)

    @property
    def finding(self) -> str:
        """What the picture shows, first the worst."""
        known = [level for row in self.cells for level in row if level is not None]
        empty = sum(level.available <= 0 for level in known)
        short = sum(0 < level.available < level.safety for level in known)
        if self.lang == "en":
            return (
                f"{empty} places are out of stock, {short} below safety" if empty or short else "All stock is above safety"
            )
        if not empty and not short:
            return "库存都在安全线以上"
        parts = [f"{empty} 处断货" if empty else "", f"{short} 处低于安全线" if short else ""]
        return "库存 " + "，".join(part for part in parts if part)


def _shortage(level: Stock) -> float:
    """Under 0 when nothing is left, under 1 when below safety."""
    return level.available / level.safety if level.safety > 0 else float(level.available > 0) * 1000 - 1


def heat_chart(heat: HeatMap) -> Picture:
    """A PNG for a phone. Synchronous: call it through `asyncio.to_thread`."""
    with drawing:
        png = _png(heat)
    rows = "；".join(f"{name} {_row_text(heat, row)}" for name, row in zip(heat.skus, heat.cells, strict=True))
    return Picture(png, f"{heat.finding}。{rows}。{_not_drawn(heat)}", "stock-heat.png")


def _not_drawn(heat: HeatMap) -> str:
    """What did not fit, in words; "" when everything did."""
    if not heat.hidden and not heat.hidden_houses:
        return ""
    if heat.lang == "en":
        return f"Not drawn: {heat.hidden} more SKUs, {heat.hidden_houses} more warehouses"
    parts = [f"{heat.hidden} 个 SKU" if heat.hidden else "", f"{heat.hidden_houses} 个仓" if heat.hidden_houses else ""]
    return f"另有 {'、'.join(part for part in parts if part)}没画，先列最缺的"


def _row_text(heat: HeatMap, row: Sequence[Stock | None]) -> str:
    shown = zip(heat.warehouses, row, strict=True)
    return "、".join(
        f"{safe_text(house, 10)} {level.available}/{level.safety}" for house, level in shown if level is not None
    )


def colour(level: Stock | None) -> str:
    if level is None:
        return NOTHING
    if level.available <= 0:
        return EMPTY
    if level.available < level.safety:
        return SHORT
    return AMPLE if level.available >= level.safety * 3 else FINE


def _png(heat: HeatMap) -> bytes:
    sheet = Sheet(_TOP + _ROW * max(len(heat.skus), 1) + 52)
    sheet.title(heat.finding)
    english = heat.lang == "en"
    legend = "available, ▼ below safety, × none left" if english else "格子里是可用件数  ▼ 低于安全线  × 断货  — 没有这个货"
    sheet.caption(84, legend)
    room = (WIDTH - LEFT * 2 - _NAMES) / max(len(heat.warehouses), 1)
    for column, house in enumerate(heat.warehouses):
        sheet.text(LEFT + _NAMES + room * (column + 0.5), _TOP - 8, _fit(safe_text(house, 10), room - 6), 20, GREY, "mb")
    for index, (name, row) in enumerate(zip(heat.skus, heat.cells, strict=True)):
        top = _TOP + _ROW * index
        sheet.text(LEFT + _NAMES - 10, top + _ROW / 2, _fit(name, _NAMES - 14), 20, INK, "rm")
        for column, level in enumerate(row):
            left = LEFT + _NAMES + room * column
            fill = colour(level)
            sheet.draw.rectangle((left + 2, top + 2, left + room - 2, top + _ROW - 2), fill=fill)
            ink = PAPER if fill == EMPTY else INK
            sheet.text(left + room / 2, top + _ROW / 2, _cell(level), 22, ink, "mm")
    if more := _not_drawn(heat):
        sheet.caption(_TOP + _ROW * len(heat.skus) + 26, more)
    return sheet.png()


def _cell(level: Stock | None) -> str:
    if level is None:
        return "—"
    if level.available <= 0:
        return f"× {level.available}"
    return f"▼ {level.available:,}" if level.available < level.safety else f"{level.available:,}"


def _fit(text: str, room: float) -> str:
    while len(text) > 1 and width_of(text, 20) > room:
        text = text.removesuffix("…")[:-1] + "…"
    return text
