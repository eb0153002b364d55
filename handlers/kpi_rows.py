"""How a figure came about: its definition, the sum behind it, the first rows masked, and all of them as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from domain.chat import Document, Reply
from domain.clock import SHANGHAI
from domain.metrics import Entity, Metric, Shape
from domain.money import Money
from domain.people import Actor
from domain.privacy import redact, safe_text, short_number
from domain.query import FACTS_CAP, Fact, Parts, rank
from handlers.desk import Desk
from handlers.kpi_draw import echo
from handlers.kpi_look import Seen
from handlers.words.kpi import group_text, hours_text, kpi, moment_text, title, value_text

ROWS = 10
_MINUTES = frozenset({"fulfilment_p95", "fulfilment_p50", "first_response", "late_orders"})
_MONEY = frozenset({"gmv", "average_order", "refund_amount", "profit"})


def explain(seen: Seen, facts: Sequence[Fact], actor: Actor, desk: Desk) -> Reply:
    """Definition, this figure's own arithmetic, first rows, and the table of all (5 000 at most)."""
    lang, metric, now = actor.lang, seen.query.metric, seen.query.now
    lines = [
        kpi(lang, "how.head", title=title(metric, lang)),
        kpi(lang, "how.definition", text=metric.said(metric.definition, lang), version=metric.version),
        kpi(lang, "how.excludes", text=metric.said(metric.excludes, lang)),
        *(_sum(seen, currency, parts, lang, count=len(facts)) for currency, parts in sorted(seen.whole.items())),
    ]
    if facts:
        more = kpi(lang, "rows.more") if len(facts) >= FACTS_CAP else ""
        lines.append(kpi(lang, "how.rows", shown=min(ROWS, len(facts)), count=len(facts), more=more))
        lines += [f"{place}. {_row(each, metric, now, lang, desk)}" for place, each in enumerate(facts[:ROWS], 1)]
    else:
        lines.append(kpi(lang, "how.none"))
    lines.append(echo(seen, actor, desk))
    documents = (table(facts, metric, lang, desk),) if facts else ()
    return Reply("\n".join(lines), documents=documents)


def _sum(seen: Seen, currency: str, parts: Parts, lang: str, *, count: int) -> str:
    metric = seen.query.metric
    value = value_text(metric, parts, currency, lang)
    match metric.shape:
        case Shape.SHARE if metric.entity is Entity.LINE:
            number, whole = (str(Money(each // 10_000, currency or "CNY")) for each in (parts.numerator, parts.denominator))
            return kpi(lang, "how.share", number=number, whole=whole, value=value)
        case Shape.SHARE:
            return kpi(lang, "how.share", number=f"{parts.numerator:,}", whole=f"{parts.denominator:,}", value=value)
        case Shape.MEAN:
            total = Money(parts.numerator, currency or "CNY")
            return kpi(lang, "how.share", number=total, whole=f"{parts.denominator:,}", value=value)
        case Shape.PERCENTILE:
            place = -(-parts.denominator * metric.percentile // 100)
            exact = rank(parts.buckets, metric.percentile)
            shown = value if exact is None else f"{value}（{exact:,} min）" if lang == "en" else f"{value}（{exact:,} 分钟）"
            return kpi(lang, "how.percentile", count=parts.denominator, place=place, value=shown)
        case Shape.TURNOVER:
            units = parts.denominator / 1000
            held = parts.numerator / 1000 / seen.query.days
            return kpi(lang, "how.turnover", held=f"{held:,.0f}", pace=f"{units / seen.query.days:,.1f}", value=value)
        case _:
            return kpi(lang, "how.plain", value=value, count=count)


def _value(fact: Fact, metric: Metric, lang: str) -> str:
    if not fact.value:
        return ""
    if metric.code in _MONEY or metric.code == "margin":
        return str(Money(int(fact.value), fact.currency or "CNY"))
    if metric.code in _MINUTES:
        return hours_text(max(int(fact.value), 0) / 60, lang)
    if fact.value in ("yes", "no"):
        if lang == "en":
            return fact.value
        return {"yes": "是", "no": "否"}[fact.value]
    return safe_text(fact.value, 20)


def _what(fact: Fact, metric: Metric, lang: str) -> str:
    """The stage, SKU, reason or colleague; a buyer's reason is free text and is masked."""
    if metric.entity is Entity.ORDER:
        return group_text("stage", fact.what, lang)
    return safe_text(redact(fact.what), 24)


def _row(fact: Fact, metric: Metric, now: datetime, lang: str, desk: Desk) -> str:
    where = desk.channels.name(fact.channel, fact.shop) if fact.channel else ""
    at = moment_text(fact.at, now, lang) if fact.channel else ""
    parts = (short_number(fact.number), where, at, _what(fact, metric, lang), _value(fact, metric, lang))
    return " · ".join(part for part in parts if part)


def table(facts: Sequence[Fact], metric: Metric, lang: str, desk: Desk) -> Document:
    """A CSV that Excel opens as Chinese (BOM), with nothing in it that a spreadsheet would run, and no personal data."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(kpi(lang, "columns").split(","))
    for each in facts:
        at = each.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        value = each.value
        if value and (metric.code in _MONEY or metric.code == "margin"):
            value = str(Money(int(value), each.currency or "CNY").decimal())
        channel = desk.channels.name(each.channel) if each.channel else ""
        row = (each.number, channel, each.shop, each.warehouse, at, _what(each, metric, lang), value, each.currency)
        writer.writerow([cell(each_cell) for each_cell in row])
    content = b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")
    return Document(content, kpi(lang, "file", title=title(metric, lang)), "text/csv; charset=utf-8")


def cell(text: str) -> str:
    """A cell that no spreadsheet runs or rounds."""
    if text.isascii() and text.isdigit() and len(text) > 11:
        return f"\t{text}"  # spreadsheets round numbers beyond 15 digits
    dangerous = text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(text)
    return f"'{text}" if dangerous else text


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()
