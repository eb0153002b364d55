"""The answer to a question for a figure, drawn: figure first, comparison, groups, definition, echo, and the picture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from domain.chat import Button, Card, Reply, Tone
from domain.clock import SHANGHAI
from domain.compared import LONGEST
from domain.metrics import Shape
from domain.people import Actor
from domain.privacy import safe_text
from domain.query import EITHER, FIELDS_OF, GROUP_NAMES, TIMES, Parts, Query, money_of, pack
from domain.tokens import MAX_TOKEN
from domain.understand.plan import Filter
from handlers.charts_figures import ROWS, Bars
from handlers.desk import Desk
from handlers.kpi_look import Group, Seen, Source, day_of
from handlers.words.kpi import (
    change_text,
    day_text,
    echo_clock,
    group_text,
    grouping,
    kpi,
    span_text,
    title,
    value_text,
)
from handlers.words.orders import MARK, SEP, words
from handlers.words.times import span

SHOWN = 8
MOST = 20  # of a list that was asked for by its length
_SPLITS = ("channel", "warehouse", "day", "sku", "reason", "agent")
_SPANS = frozenset({"day", "week", "month"})  # their like of the period before has another name
_ADDS_UP = frozenset({Shape.COUNT, Shape.SUM})


@dataclass(frozen=True, slots=True)
class Drawn:
    """The words, and what the picture shows (None: there is nothing worth a picture)."""

    reply: Reply
    bars: Bars | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What has to be said with a figure beside the figure: conditions that were not applied, and other figures asked for."""

    lines: tuple[str, ...] = ()
    also: tuple[Query, ...] = ()


def draw(seen: Seen, label: str, actor: Actor, desk: Desk, *, assumed: bool = False, told: Told | None = None) -> Drawn:
    """`label` is how the person called the period."""
    lang, query = actor.lang, seen.query
    told = told or Told()
    if seen.empty:
        text = "\n".join((nothing(seen, label, actor, desk), *told.lines))
        return Drawn(Reply(text, _empty_card(text, told, actor, desk)))
    period = _period(label, lang) if lang != "en" else f" {label}:" if label else ":"
    head = kpi(lang, "head", period=period, title=title(query.metric, lang), value=_whole(seen, lang))
    lines: list[str] = [*told.lines, *([] if seen.silent else _compared(seen, lang))]
    lines += [_stale(each, seen, lang, desk) for each in seen.silent[:2]]
    lines += _group_lines(seen, actor, desk)
    left = sum(each.left_out for each in seen.whole.values())
    what = query.metric.said(query.metric.left_out, lang)
    if left and what:
        lines.append(kpi(lang, "left", count=left, what=what))
    lines.append(kpi(lang, "definition", text=query.metric.said(query.metric.definition, lang)))
    footer = f"{echo(seen, actor, desk, assumed=assumed)}{SEP}{_as_of(seen, lang, desk)}"
    tone = _tone(seen)
    text = "\n".join((f"{MARK[tone]} {head}", *lines, footer))
    card = Card(head, tuple(lines), tone, buttons=_buttons(query, actor, desk, told.also), footer=footer)
    return Drawn(Reply(text, card), _bars(seen, head, actor, desk))


def _empty_card(text: str, told: Told, actor: Actor, desk: Desk) -> Card | None:
    """Nothing to be counted needs no card, unless another figure was asked for as well."""
    buttons = tuple(_others(told.also, actor, desk))
    head, *lines = text.splitlines()
    return Card(head, tuple(lines), Tone.INFO, buttons=buttons) if buttons else None


def _period(label: str, lang: str) -> str:
    if not label:
        return ""
    if lang == "en":
        return f"{label}: "
    return f"{label} " if label[-1].isascii() else label


def _whole(seen: Seen, lang: str) -> str:
    """`312 单`; every currency apart: ¥8,308.00 + $19.99."""
    metric = seen.query.metric
    return " + ".join(value_text(metric, parts, currency, lang) for currency, parts in sorted(seen.whole.items()))


def _compared(seen: Seen, lang: str) -> list[str]:
    query = seen.query
    if not query.previous:
        return []
    changes = [
        change_text(query.metric, parts, seen.before.get(currency, Parts()), currency, lang)
        for currency, parts in sorted(seen.whole.items())
    ]
    shown = span_text(*query.before, lang)
    if query.against is not None:
        was = " + ".join(value_text(query.metric, parts, each, lang) for each, parts in sorted(seen.before.items()))
        if not any(changes):
            return [kpi(lang, "against.none", span=shown)]
        return [kpi(lang, "against", span=shown, value=was, change=" / ".join(each or "—" for each in changes))]
    if not any(changes):
        return [kpi(lang, "before.none", span=shown)]
    return [kpi(lang, "before", span=shown, change=" / ".join(each or "—" for each in changes))]


def _tone(seen: Seen) -> Tone:
    """Whether it got better or worse by more than a tenth; never judged on incomplete data."""
    metric = seen.query.metric
    if seen.silent:
        return Tone.WATCH
    if not metric.better or len(seen.whole) != 1:
        return Tone.INFO
    currency, parts = next(iter(seen.whole.items()))
    now, was = parts.value(metric), seen.before.get(currency, Parts()).value(metric)
    if now is None or not was or abs(now - was) < abs(was) / 10:
        return Tone.INFO
    return Tone.GOOD if (now > was) == (metric.better > 0) else Tone.WATCH


# --- groups -----------------------------------------------------------------------------------------------------------


def _group_lines(seen: Seen, actor: Actor, desk: Desk) -> list[str]:
    query, lang = seen.query, actor.lang
    metric = query.metric
    most = min(query.limit, MOST) or SHOWN
    in_time = len(query.groups) == 1 and query.groups[0] in TIMES and not query.order
    shown = seen.groups[-most:] if in_time else seen.groups[:most]
    lines = []
    for place, each in enumerate(shown, 1):
        share = change = ""
        whole = seen.whole.get(each.currency, Parts()).numerator
        if metric.shape in _ADDS_UP and whole > 0 and not in_time:
            share = kpi(lang, "share", share=f"{each.now.numerator / whole * 100:.1f}%")
        if not seen.silent and query.previous and not _SPANS & set(query.groups):
            moved = change_text(metric, each.now, each.before, each.currency, lang)
            change = kpi(lang, "was", change=moved) if moved else ""
        partial = kpi(lang, "partial") if _is_silent(each, seen) else ""
        value = value_text(metric, each.now, each.currency, lang) + partial
        name = name_of(each, seen, actor, desk)
        lines.append(kpi(lang, "group", place=place, name=name, value=value, share=share, change=change))
    rest = [each for each in seen.groups if each not in shown]
    if rest and metric.shape in _ADDS_UP and len({each.currency for each in rest}) == 1:
        parts = Parts()
        for each in rest:
            parts.add(each.now)
        lines.append(kpi(lang, "rest", count=len(rest), value=value_text(metric, parts, rest[0].currency, lang)))
    elif rest:
        lines.append(kpi(lang, "rest.plain", count=len(rest)))
    return lines


def name_of(group: Group, seen: Seen, actor: Actor, desk: Desk) -> str:
    """`抖音 · 11-18 周二`; foreign names made harmless."""
    parts = []
    for name, value in zip(seen.query.groups, group.key, strict=True):
        if name == "channel" and value:
            parts.append(desk.channels.name(value))
        elif name == "sku" and value:
            known = seen.titles.get(value, "")
            parts.append(safe_text(f"{known} {value}" if known else value, 32))
        else:
            parts.append(safe_text(group_text(name, value, actor.lang), 24))
    if len({each.currency for each in seen.groups}) > 1 and group.currency:
        parts.append(group.currency)
    return " · ".join(parts)


def _is_silent(group: Group, seen: Seen) -> bool:
    for name, value in zip(seen.query.groups, group.key, strict=True):
        if name in ("channel", "shop") and any(value == getattr(each, name) for each in seen.silent):
            return True
        if name == "day" and any(each.last_ok is None or int(value) >= day_of(each.last_ok) for each in seen.silent):
            return True
    return False


# --- echo, freshness, nothing -----------------------------------------------------------------------------------------


def _stale(source: Source, seen: Seen, lang: str, desk: Desk) -> str:
    name = desk.channels.name(source.channel, source.shop)
    if source.last_ok is None:
        return kpi(lang, "stale.never", name=name)
    return kpi(lang, "stale", name=name, age=_age(source, seen, lang))


def _age(source: Source, seen: Seen, lang: str) -> str:
    length = seen.query.now - source.last_ok if source.last_ok is not None else seen.query.now - seen.query.start
    return span(length, lang=lang) + ("" if lang == "en" else " ")


def _as_of(seen: Seen, lang: str, desk: Desk) -> str:
    """Per source; at most four names, the stalest first."""
    known = [(each.last_ok, desk.channels.name(each.channel, each.shop)) for each in seen.sources]
    dated = [(at, name) for at, name in known if at is not None]
    return words(lang).as_of(dated[:4], seen.query.now)


def filters_text(query: Query, actor: Actor, desk: Desk) -> str:
    """` · 渠道 抖音 · 未发货`: every condition that was applied."""
    lang = actor.lang
    out = []
    for each in query.filters:
        flag = f"filter.{each.field}.{each.value}"
        if each.field in ("paid", "shipped", "delivered", "held", "aftersale"):
            out.append(kpi(lang, flag if each.value in ("yes", "no", "any") else f"filter.{each.field}.any"))
        elif each.field == "total":
            out.append(kpi(lang, "filter.total", op=each.op, value=f"{int(each.value) / 100:.2f}"))
        else:
            value = "、".join(_named(each.field, value, lang, desk) for value in _values(each))
            key = {"!=": "filter.not", "has": "filter.has"}.get(each.op, "filter")
            out.append(kpi(lang, key, name=GROUP_NAMES[each.field][lang == "en"], value=value))
    return "".join(out)


def _values(condition: Filter) -> list[str]:
    return condition.value.split(EITHER) if condition.op == "in" else [condition.value]


def _named(name: str, value: str, lang: str, desk: Desk) -> str:
    return safe_text(desk.channels.name(value) if name == "channel" else group_text(name, value, lang), 24)


def echo(seen: Seen, actor: Actor, desk: Desk, *, assumed: bool = False) -> str:
    """The grey line: by which moment, which period, which conditions, whose scope."""
    query, lang = seen.query, actor.lang
    mine = [safe_text(each, 12) for each in sorted(actor.person.shops | actor.person.warehouses)]
    scope = kpi(lang, "scope", names="、".join(mine[:4])) if mine else kpi(lang, "everything")
    shown = span_text(query.start, query.end, lang) + (kpi(lang, "assumed") if assumed else "")
    if query.end - query.start > LONGEST - timedelta(days=2):  # nobody named a period, and everything counts
        shown = f"{query.end.astimezone(SHANGHAI):%m-%d}{kpi(lang, 'standing')}"
    clock = kpi(lang, echo_clock(query))
    return kpi(lang, "echo", clock=clock, span=shown, filters=filters_text(query, actor, desk), scope=scope)


def nothing(seen: Seen, label: str, actor: Actor, desk: Desk) -> str:
    """None counted: because there is none, or because a source is silent."""
    lang, named = actor.lang, title(seen.query.metric, actor.lang)
    standing = seen.query.metric.standing and not label
    period = _period(label or ("" if standing else span_text(seen.query.start, seen.query.end, lang)), lang)
    if seen.silent:
        worst = seen.silent[0]
        name = desk.channels.name(worst.channel, worst.shop)
        key = "nothing.old" if worst.last_ok is not None else "nothing.old.never"
        return kpi(lang, key, period=period, title=named, name=name, age=_age(worst, seen, lang))
    conditions = filters_text(seen.query, actor, desk).removeprefix(" · ")
    left = sum(each.left_out for each in seen.whole.values())
    if seen.query.metric.shape is Shape.TURNOVER:
        text = kpi(lang, "nothing.stock", period=period, title=named)
    elif left:
        what = seen.query.metric.said(seen.query.metric.left_out, lang)
        text = kpi(lang, "nothing.left", period=period, title=named, count=left, what=what)
    else:
        additive = seen.query.metric.shape in _ADDS_UP
        key = "nothing.filters" if conditions and additive else "nothing" if additive else "nothing.value"
        key = key if seen.sources else "nothing.file"
        text = kpi(lang, key, period=period, title=named, filters=conditions)
    return f"{text}\n{echo(seen, actor, desk)}{SEP}{_as_of(seen, lang, desk)}"


# --- buttons, picture -------------------------------------------------------------------------------------------------


def _others(also: tuple[Query, ...], actor: Actor, desk: Desk) -> list[Button]:
    """The other figures that were asked for in the same breath."""
    made = [(title(each.metric, actor.lang), desk.signer.sign("kpi.split", "kpi:0", pack(each))) for each in also]
    return [Button(text, token, command=text) for text, token in made if len(token) <= MAX_TOKEN]


def _buttons(query: Query, actor: Actor, desk: Desk, also: tuple[Query, ...] = ()) -> tuple[Button, ...]:
    """How it is computed, and two ways to split it further. Whoever presses sees it with their own scope."""
    lang = actor.lang
    others = _others(also, actor, desk)[:2]
    asked = [(kpi(lang, "button.how"), "kpi.how", query, kpi(lang, "button.how"))]
    able = [name for name in _SPLITS if name in query.metric.groups and name not in query.groups]
    able = [name for name in able if not (name in FIELDS_OF[query.metric.entity] and query.value(name))]
    for name in able[: 2 - len(others)]:
        split = Query(
            query.metric, query.start, query.end, query.now, query.period, query.filters, (name,), previous=query.previous,
            against=query.against,
        )  # fmt: skip
        text = kpi(lang, "button.split", name=grouping(name, lang))
        asked.append((text, "kpi.split", split, text))
    asked.append((kpi(lang, "button.edit"), "kpi.edit", query, ""))
    made = [(text, desk.signer.sign(action, "kpi:0", pack(each)), command) for text, action, each, command in asked]
    own = [Button(text, token, command=command) for text, token, command in made if len(token) <= MAX_TOKEN]
    return (own[0], *others, *own[1:]) if own else tuple(others)


def _bars(seen: Seen, head: str, actor: Actor, desk: Desk) -> Bars | None:
    query, lang = seen.query, actor.lang
    currency = max(seen.whole, key=lambda each: seen.whole[each].denominator)
    finding = head + (kpi(lang, "chart.partial") if seen.silent else "")
    unit = query.metric.said(query.metric.unit, lang) or currency
    caption = f"{title(query.metric, lang)}（{unit}）" if lang != "en" else f"{title(query.metric, lang)} ({unit})"
    if query.groups == ("day",) and not query.order:
        series = [(each.key[0], each.now) for each in seen.groups if each.currency == currency]
        return _day_bars(series, seen, finding, caption, currency, lang)
    if not query.groups:
        series = [(day, parts) for day, its_currency, parts in seen.days if its_currency == currency]
        return _day_bars(series, seen, finding, caption, currency, lang) if len(series) > 1 else None
    shown = [each for each in seen.groups if each.currency == currency][:ROWS]
    if not shown:
        return None
    ranked = query.order or not (len(query.groups) == 1 and query.groups[0] in TIMES)
    known = [each for each in shown if each.now.value(query.metric) is not None]
    top = shown[0] if ranked or not known else max(known, key=lambda each: each.now.value(query.metric) or 0.0)
    finding = f"{_top_text(top, seen, actor, desk)}{kpi(lang, 'chart.partial') if seen.silent else ''}"
    return Bars(
        finding,
        tuple(name_of(each, seen, actor, desk) for each in shown),
        tuple(_plain(query, each.now, currency) for each in shown),
        tuple(value_text(query.metric, each.now, currency, lang) for each in shown),
        caption,
        days=False,
        marked=shown.index(top),
    )


def _top_text(top: Group, seen: Seen, actor: Actor, desk: Desk) -> str:
    lang, metric = actor.lang, seen.query.metric
    value = value_text(metric, top.now, top.currency, lang)
    name = name_of(top, seen, actor, desk)
    low = seen.query.order == "value"
    if lang == "en":
        return f"{title(metric, lang)}: {name} is {'lowest' if low else 'highest'}, {value}"
    return f"{title(metric, lang)} {name} {'最低' if low else '最高'}，{value}"


def _plain(query: Query, parts: Parts, currency: str) -> float | None:
    """The value in the unit that the axis shows: whole money, percent."""
    value = parts.value(query.metric)
    if value is None:
        return None
    match query.metric.shape:
        case Shape.SUM | Shape.MEAN:
            return float(money_of(parts, query.metric, currency).decimal())
        case Shape.SHARE:
            return value * 100
        case _:
            return value


def _day_bars(series: list[tuple[str, Parts]], seen: Seen, finding: str, caption: str, currency: str, lang: str) -> Bars:
    """Every day of the stretch has its place: a day nothing is known of is a gap, not a shorter axis."""
    query = seen.query
    known = {int(day): parts for day, parts in series}
    first, last = min(known, default=0), max(*known, day_of(query.end) - 1) if known else 0
    numbers = list(range(first, last + 1))[-92:]
    parts = [known.get(day) for day in numbers]
    silent_from = min((day_of(each.last_ok) for each in seen.silent if each.last_ok is not None), default=-1)
    if any(each.last_ok is None for each in seen.silent):
        silent_from = numbers[0]
    single = query.end - query.start <= query.period and len(numbers) > 1 and day_of(query.start) == numbers[-1]
    return Bars(
        finding,
        tuple(day_text(str(day), lang, weekday=False) for day in numbers),
        tuple(None if each is None else _plain(query, each, currency) for each in parts),
        tuple("—" if each is None else value_text(query.metric, each, currency, lang) for each in parts),
        caption,
        days=True,
        marked=len(numbers) - 1 if single else -1,
        blind_from=numbers.index(silent_from) if silent_from in numbers else -1,
        blind_text="incomplete" if lang == "en" else "数不全",
    )
