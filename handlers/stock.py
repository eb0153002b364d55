"""How much is left (A5): on hand, reserved, frozen, available, safety, in transit, per warehouse the asker may see."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from domain.chat import Button, Card, Picture, Reply, Tone
from domain.people import Actor, May, Role
from domain.privacy import safe_text
from domain.store import Reads, Stock
from domain.understand import Plan
from handlers.charts_heat import HeatMap, heat_chart
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.stock_named import asks_for_what_is_short, named_in
from handlers.words.lists import lists
from handlers.words.orders import MARK
from handlers.words.times import clock

log = structlog.get_logger()
SHOWN = 5
LEVELS = 2_000  # read for the picture of everything
LONGEST = 120  # letters of a sentence that are held against titles


@dataclass(frozen=True, slots=True)
class Shelf:
    """One SKU over the warehouses the asker may see."""

    sku: str
    title: str
    levels: tuple[Stock, ...]


async def stock(question: Question, actor: Actor, desk: Desk) -> Reply:
    """By SKU or by part of a name; several goods give a choice."""
    slots, plan = question.slots, question.plan
    what = str((plan.slots.sku if plan else slots.get("sku")) or "")
    what = what or str((plan.extra.get("goods") if plan else slots.get("goods")) or "")
    if what.strip() in _EVERYTHING:
        return await _overview(actor, desk)
    if what.strip() and not asks_for_what_is_short(what):
        return await _answer(what.strip(), actor, desk, only=() if plan is None else _only(plan), pick=_offered(plan))
    return await _meant(question.text, actor, desk)


def _only(plan: Plan) -> tuple[str, ...]:
    """那苏州仓呢: the warehouses that it is asked of."""
    return tuple(each.value for each in plan.filters if each.field == "warehouse" and each.op == "=")


def _offered(plan: Plan | None) -> int:
    """第 2 个: which of the goods that were offered; 0 for none of them."""
    pick = plan.extra.get("pick", "") if plan is not None else ""
    return int(pick) if pick.isdigit() else 0


async def _meant(text: str, actor: Actor, desk: Desk) -> Reply:
    """The parser knows no goods: their own titles say which one a sentence means; else what is short, else a question."""
    levels = await desk.store.read(lambda r: r.stock.levels(limit=LEVELS))
    titles = {level.sku: level.title for level in levels if actor.sees_warehouse(level.warehouse)}
    said = text[:LONGEST]
    skus = named_in(said, titles) or named_in(said, {level.sku: level.title for level in levels})[:1]
    if len(skus) == 1:
        return await _answer(skus[0], actor, desk)
    if skus:
        shelves = [_shelf(sku, [level for level in levels if level.sku == sku], actor) for sku in skus]
        return await _choice(shelves, _common(shelves), actor, desk)
    if asks_for_what_is_short(text):
        return await _overview(actor, desk)
    return Reply(lists(actor.lang, "stock.which"), choices=(_heat_button("", actor, desk),))


def _shelf(sku: str, levels: Sequence[Stock], actor: Actor) -> Shelf:
    return Shelf(sku, levels[0].title, tuple(level for level in levels if actor.sees_warehouse(level.warehouse)))


def _common(shelves: Sequence[Shelf]) -> str:
    """How several goods are called together: what their titles begin with, or the first one's title."""
    first, last = min(shelf.title for shelf in shelves), max(shelf.title for shelf in shelves)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same].strip(" -·（(") or first


async def show(press: Press, actor: Actor, desk: Desk) -> Reply:
    """One of several goods was chosen."""
    return await _answer(press.token.extra, actor, desk)


async def heat(press: Press, actor: Actor, desk: Desk) -> Reply:
    """The picture of everything that whoever presses may see, or of one search."""
    return await (_answer(press.token.extra, actor, desk) if press.token.extra else _overview(actor, desk))


async def _overview(actor: Actor, desk: Desk) -> Reply:
    """库存热力图 of everything: the shortest goods first."""
    levels = await desk.store.read(lambda r: r.stock.levels(limit=LEVELS))
    visible = [level for level in levels if actor.sees_warehouse(level.warehouse)]
    if not visible:
        return Reply(lists(actor.lang, "stock.none_at_all"))
    picture = await _picture(visible, actor)
    finding = HeatMap.of(visible, lang=actor.lang).finding
    moments = [level.updated_at for level in visible if level.updated_at is not None]
    footer = lists(actor.lang, "stock.at", at=clock(max(moments), desk.clock.now(), lang=actor.lang)) if moments else ""
    short = sorted(
        (level for level in visible if level.available <= 0 or level.available < level.safety),
        key=lambda level: (level.available - level.safety, level.sku, level.warehouse),
    )
    worst = [_short_line(level, actor.lang) for level in short[:SHOWN]]
    text = "\n".join(part for part in (finding, *worst, footer) if part)
    return Reply(text, pictures=(picture,) if picture is not None else ())


async def _picture(levels: Sequence[Stock], actor: Actor) -> Picture | None:
    try:
        return await asyncio.to_thread(heat_chart, HeatMap.of(levels, lang=actor.lang))
    except Exception:
        # The words hold the answer; a drawing that fails must not hold it back.
        log.exception("chart.failed", chart="stock_heat")
        return None


def _heat_button(what: str, actor: Actor, desk: Desk) -> Button:
    label = lists(actor.lang, "stock.heat")
    return Button(label, desk.signer.sign("stock.heat", "sku:0", what[:60]), command=label)


async def _answer(what: str, actor: Actor, desk: Desk, *, only: Sequence[str] = (), pick: int = 0) -> Reply:
    shelves, hidden, who = await desk.store.read(lambda r: _look(r, what, actor, only))
    lang, named = actor.lang, safe_text(what, 24)
    if 1 <= pick <= min(len(shelves), SHOWN):
        shelves = [shelves[pick - 1]]
    if not shelves and hidden:
        mine = "、".join(sorted(safe_text(each, 12) for each in actor.person.warehouses))
        key = "stock.hidden" if who else "stock.hidden_nobody"
        return Reply(lists(lang, key, what=named, mine=mine, who=safe_text(who, 12)))
    if not shelves:
        return Reply(lists(lang, "stock.none", what=named))
    if len(shelves) == 1:
        return draw(shelves[0], actor, desk.clock.now())
    return await _choice(shelves, named, actor, desk)


async def _choice(shelves: Sequence[Shelf], named: str, actor: Actor, desk: Desk) -> Reply:
    lang, named = actor.lang, safe_text(named, 24)
    buttons = tuple(
        Button(safe_text(f"{shelf.title} {shelf.sku}", 32), desk.signer.sign("stock.show", "sku:0", shelf.sku[:60]))
        for shelf in shelves[:SHOWN]
    )
    lines = [f"{index}. {_title(shelf, lang)}" for index, shelf in enumerate(shelves[:SHOWN], 1)]
    picture = await _picture([level for shelf in shelves for level in shelf.levels], actor)
    text = "\n".join((lists(lang, "stock.many", what=named, count=len(shelves)), *lines))
    return Reply(text, choices=buttons, pictures=(picture,) if picture is not None else ())


def _look(reads: Reads, what: str, actor: Actor, only: Sequence[str] = ()) -> tuple[list[Shelf], bool, str]:
    """(what may be shown, whether something was hidden, who may see that)."""
    exact = reads.stock.levels(sku=what)
    found = exact or [level for each in _skus(reads.stock.search(what)) for level in reads.stock.levels(sku=each)]
    if any(level.warehouse in only for level in found):
        found = [level for level in found if level.warehouse in only]
    visible = [level for level in found if actor.sees_warehouse(level.warehouse)]
    who = _who_may(reads, found[0].warehouse) if found and not visible else ""
    by_sku: dict[str, list[Stock]] = {}
    for level in visible:
        by_sku.setdefault(level.sku, []).append(level)
    shelves = [Shelf(sku, levels[0].title, tuple(levels)) for sku, levels in by_sku.items()]
    return shelves, bool(found) and not visible, who


# What is left of 库存热力图 and 全部库存 once the parser has taken the word for stock away.
_EVERYTHING = frozenset(
    {"热力图", "库存热力图", "分布图", "全部", "所有", "heat map", "heatmap", "heat-map", "HEATMAP", "HEAT MAP"}
)


def _skus(levels: Sequence[Stock]) -> list[str]:
    return list(dict.fromkeys(level.sku for level in levels))


def _who_may(reads: Reads, warehouse: str) -> str:
    for role in (Role.WAREHOUSE, Role.MANAGER):
        for person in reads.people.with_role(role):
            if person.active and (not person.warehouses or warehouse in person.warehouses):
                return person.name
    return ""


def _title(shelf: Shelf, lang: str) -> str:
    title = lists(lang, "stock.title", title=safe_text(shelf.title, 24), sku=safe_text(shelf.sku, 24))
    return title.strip()


def draw(shelf: Shelf, actor: Actor, now: datetime) -> Reply:
    """The answer first: how many can be sold; then each warehouse, the short ones on top."""
    lang = actor.lang
    levels = sorted(shelf.levels, key=lambda level: (level.available - level.safety, level.warehouse))
    total = sum(level.available for level in levels)
    least = levels[0]
    short = least.safety - least.available
    tone = Tone.BAD if total <= 0 else Tone.WATCH if short > 0 else Tone.GOOD
    lines: list[str] = []
    if total <= 0:
        lines.append(lists(lang, "stock.out"))
    elif len(levels) > 1:
        lines.append(lists(lang, "stock.all", available=total))
    lines += [_line(level, lang) for level in levels[:6]]
    if short > 0 and total > 0:
        lines.append(lists(lang, "stock.low", warehouse=safe_text(least.warehouse, 16), short=short))
    moments = [level.updated_at for level in levels if level.updated_at is not None]
    footer = lists(lang, "stock.at", at=clock(max(moments), now, lang=lang)) if moments else ""
    title = _title(shelf, lang)
    text = "\n".join(part for part in (f"{MARK[tone]} {title}", *lines, footer) if part)
    return Reply(text, Card(title, tuple(lines), tone, footer=footer))


def _mark(level: Stock) -> str:
    low = level.available < level.safety
    return MARK[Tone.BAD] if level.available <= 0 else MARK[Tone.WATCH] if low else MARK[Tone.GOOD]


def _short_line(level: Stock, lang: str) -> str:
    """Among many goods: which, where and how many; the sum behind it is one question away."""
    return lists(
        lang,
        "stock.short_line",
        mark=_mark(level),
        title=safe_text(level.title or level.sku, 16),
        warehouse=safe_text(level.warehouse, 16),
        available=level.available,
        safety=lists(lang, "stock.safety", safety=level.safety) if level.safety else "",
    )


def _line(level: Stock, lang: str) -> str:
    return lists(
        lang,
        "stock.line",
        mark=_mark(level),
        warehouse=safe_text(level.warehouse, 16),
        available=level.available,
        on_hand=level.on_hand,
        reserved=level.reserved,
        frozen=lists(lang, "stock.frozen", frozen=level.frozen) if level.frozen else "",
        safety=lists(lang, "stock.safety", safety=level.safety) if level.safety else "",
        transit=lists(lang, "stock.transit", transit=level.in_transit) if level.in_transit else "",
    )


FEATURE = Feature(
    "stock",
    questions={"stock": Need(stock, May.ASK_STOCK)},
    actions={"stock.show": Need(show, May.ASK_STOCK), "stock.heat": Need(heat, May.ASK_STOCK)},
)
