"""The whole plan behind a question for a figure: periods, comparison, conditions, groupings, order - and what was not understood.

Every word of the question is taken by something that means it, or is known to mean nothing. What is left is said with the
answer (`extra["unread"]`): a condition that is dropped in silence makes a wrong figure look right.
"""

# ruff: noqa: E501 - a pattern reads best on one line

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

from domain.compared import everything
from domain.dates import DateMention, DateRange, find_ranges, numeral
from domain.metrics import METRICS, Shape
from domain.understand import figure_terms as terms
from domain.understand.figure_conditions import GONE, Found, Text, conditions
from domain.understand.figures import group_hits, metrics_in, typed_right
from domain.understand.lexicon import Lexicon
from domain.understand.normal import is_chinese
from domain.understand.plan import Plan

_MOST_LEFT = 40
_READ = 300  # letters of a question; what comes after is said to be unread
_DAY = timedelta(days=1)


def figure_plan(plan: Plan, own: str, now: datetime, lexicon: Lexicon) -> Plan:
    """`plan` (a question for a figure) with everything that `own` (normalised) says about it.

    `extra` gets `compare` (previous, year, month, week, or START/END as ISO moments), `also` (other metrics that were named),
    `caveat` and `unread` (words that nothing was made of).
    """
    said = plan.extra.get("heard") or own
    text = Text(typed_right(said[:_READ]))
    chinese = is_chinese(text.whole)
    metric = plan.slots.metric or "orders"
    found = Found(unread=[said[_READ : _READ + 12]] if len(said) > _READ else [])
    _periods(text, found, now)
    if found.span is None and metric in METRICS and METRICS[metric].standing:
        found.span = everything(now)  # 还有几单没发 is about now, whatever was talked about before
    conditions(text, found, metric, lexicon)
    also = _metrics(text, metric, chinese=chinese)
    _grouped(text, found, metric)
    _shares(text, found, metric)
    _ranked(text, found, metric)
    text.clear(terms.SAYS_NOTHING)
    text.clear(terms.FILLER_EN)
    found.unread += _unread(text.left)
    return _assembled(plan, found, also)


def _unread(left: str) -> list[str]:
    """The pieces of a question that nothing was made of, whole: 成都, not 成."""
    pieces = (hit.group().strip(" -'&") for hit in _PIECE.finditer(left))
    # Letters that say nothing one by one, and do in a row: 货到付款.
    return [piece for piece in pieces if _IN_A_ROW.fullmatch(piece) or _MEANS.search(terms.MAY_SAY_NOTHING.sub("", piece))]


_PIECE = re.compile(r"[㐀-鿿a-z\d'&-]+(?: [a-z][a-z'&-]*)*")
_IN_A_ROW = re.compile(r"[㐀-鿿]{3,}")
_MEANS = re.compile(r"[㐀-鿿\d]|[a-z]{2}")


def _assembled(plan: Plan, found: Found, also: list[str]) -> Plan:
    one = [each for each in found.filters if each.op == "="]
    channel = next((each.value for each in one if each.field == "channel"), None)
    sku = next((each.value for each in one if each.field == "sku"), None)
    in_slots = {("channel", channel), ("sku", sku)}
    rest = tuple(each for each in found.filters if each.op != "=" or (each.field, each.value) not in in_slots)
    extra = dict(plan.extra)
    if found.unread:
        extra["unread"] = "、".join(dict.fromkeys(found.unread))[:_MOST_LEFT]
    said = {"compare": found.compare, "caveat": found.caveat, "also": ",".join(also)}
    extra |= {name: value for name, value in said.items() if value}
    return replace(
        plan,
        slots=replace(plan.slots, channel=channel, sku=sku, range=found.span),
        filters=rest,
        group_by=found.groups,
        order=found.order,
        limit=found.limit,
        chart="line" if not found.groups or "day" in found.groups else "bar",
        extra=extra,
    )


# --- when -------------------------------------------------------------------------------------------------------------


def _periods(text: Text, found: Found, now: datetime) -> None:
    for pattern, name in (
        (terms.YEAR_AGO, "year"), (terms.WEEK_AGO, "week"), (terms.MONTH_AGO, "month"), (terms.PREVIOUS, "previous"),
    ):  # fmt: skip
        if not found.compare and text.taken(pattern):
            found.compare = name
    if (hours := text.taken(terms.LAST_HOURS)) is not None:
        found.span = _last_hours(hours, now)
        found.labels.append(hours.group())
    mentions = _narrowed(find_ranges(text.left, now), text)
    for each in mentions[2:]:
        found.unread.append(each.range.label)
    for each in mentions:
        text.take(each.at, each.stop)
        found.labels.append(each.range.label)
    if not mentions:
        found.span = found.span or _part_of_today(text, now)
        if found.compare in {"year", "week", "month"} and (alone := terms.SAME_TIME.search(text.whole)) is not None:
            found.compare = ""
            found.unread.append(alone.group())  # 去年同期卖了多少: of which period
        return
    first, second = mentions[0], mentions[1] if len(mentions) > 1 else None
    if second is not None and (found.compare or second.at == first.stop):  # 上个月今天: which is meant, nobody can tell
        found.unread.append(second.range.label)
        second = None
    if second is None and found.span is None and terms.VERSUS.search(text.whole[: first.at]):
        first, second = DateMention(_running(first.range, now), first.at, first.at), first
    if second is not None:
        found.compare = f"{second.range.start.isoformat()}/{second.range.end.isoformat()}"
    found.span = found.span or _hours(text, first)


def _narrowed(mentions: list[DateMention], text: Text) -> list[DateMention]:
    """这个月前10天 is ten days of the month, 双11前三天 the three before it: one period, not two that are compared."""
    out: list[DateMention] = []
    for each in mentions:
        last = out[-1] if out else None
        part = terms.PART_OF_SPAN.fullmatch(each.range.label)
        if last is None or part is None or text.whole[last.stop : each.at].strip("的 "):
            out.append(each)
            continue
        days = timedelta(days=numeral(part[2]))
        whole = last.range
        if whole.end - whole.start <= days:
            start, end = whole.start - days, whole.start
        elif part[1] == "前":
            start, end = whole.start, whole.start + days
        else:
            start, end = whole.end - days, whole.end
        out[-1] = DateMention(DateRange(start, end, text.whole[last.at : each.stop]), last.at, each.stop)
    return out


def _running(against: DateRange, now: datetime) -> DateRange:
    """比昨天多多少: today; 比上周: this week; 比上个月: this month."""
    days = (against.end - against.start) / _DAY
    label = "今天" if days < 2 else "这周" if days < 8 else "本月" if days < 32 else "今年"
    mention = find_ranges(label, now)[0]
    return mention.range


def _last_hours(hit: re.Match[str], now: datetime) -> DateRange:
    said = hit[1] or hit[2] or "1"
    length = timedelta(minutes=30) if said == "半" else timedelta(hours=1 if said in {"a", "an"} else numeral(said))
    end = now.replace(microsecond=0)
    return DateRange(end - length, end + timedelta(seconds=1), hit.group())


def _part_of_today(text: Text, now: datetime) -> DateRange | None:
    """下午卖了多少, 8点到10点多少单: without a day it is today's."""
    if terms.PART_OF_DAY.search(text.left) or terms.CLOCK.search(text.left) or terms.SINCE_HOUR.search(text.left):
        today = find_ranges("今天", now)[0]
        narrowed = _hours(text, DateMention(today.range, len(text.whole), len(text.whole)))
        return replace(narrowed, label=narrowed.label if narrowed != today.range else "今天")
    return None


def _hours(text: Text, mention: DateMention) -> DateRange:
    """The hours of a day that are meant: 昨晚, 昨天 8 点到 10 点; the whole day where none are named."""
    day = mention.range
    if day.end - day.start != _DAY:
        return day
    label = text.whole[mention.at : mention.stop]
    if label[-1:] in ("早", "晚"):  # the day's own word says it: 昨晚, 今早
        first, last = terms.PARTS[label[-1]]
    elif (hit := text.taken(terms.CLOCK)) is not None:
        first = _hour(hit[1], hit[2])
        last = _hour(hit[3] or (hit[1] if numeral(hit[4]) > numeral(hit[2]) else None), hit[4])
        label += hit.group()
    elif (hit := text.taken(terms.SINCE_HOUR)) is not None:
        first, last = _hour(hit[1], hit[2]), 24
        label += hit.group()
    elif (hit := text.taken(terms.UNTIL_HOUR)) is not None:
        first, last = 0, _hour(hit[1], hit[2])
        label += hit.group()
    elif (hit := text.taken(terms.PART_OF_DAY)) is not None:
        first, last = terms.PARTS[hit.group()]
        label += hit.group()
    else:
        return day
    if not 0 <= first < last <= 24:
        return day
    return DateRange(day.start + timedelta(hours=first), day.start + timedelta(hours=last), label.strip())


def _hour(part: str | None, said: str) -> int:
    hour = numeral(said)
    return hour + 12 if part in {"下午", "晚上", "晚", "夜里"} and hour < 12 else hour


# --- figures, groups, order -------------------------------------------------------------------------------------------


def _metrics(text: Text, metric: str, *, chinese: bool) -> list[str]:
    """Takes the words of the figure asked for; the others that were named beside it."""
    from domain.understand.figures_en import METRICS_EN

    also: list[str] = []
    hits = metrics_in(text.whole) if chinese else metrics_in(text.whole, METRICS_EN)
    first = True
    for code, start, stop in hits:
        beside = not first and code != metric and code in METRICS and text.left[start] != GONE
        if beside and _BESIDE.search(text.whole[:start].rstrip(GONE)) and code not in also:
            also.append(code)
        first = False
        if code in {"fulfilment_p50", "fulfilment_p95"}:
            text.clear(_TIMED)  # a name may stand between its words
        else:
            text.take(start, stop)
    return also


_TIMED = re.compile(r"p ?95|p ?50|95分位|中位数?|履约|揽收|发货|时效|时长|时间|median|fulfil?lment|shipping|times?\b")
_BESIDE = re.compile(r"(?:[,，、;；和及跟与+&]|还有|以及|\band)\s*(?:的|各|分别|又|the)*\s*$")


def _grouped(text: Text, found: Found, metric: str) -> None:
    groups: list[str] = []
    for name, start, stop in group_hits(_untimed(text, found)):
        if name not in groups:
            groups.append(name)
        if "城市" in text.whole[start:stop]:
            found.unread.append("城市")  # nearest: provinces
        text.take(start, stop)
    if terms.EACH_OF.search(text.whole) and not groups:
        several = next((each.field for each in found.filters if each.op == "in"), "")
        groups += [several] if several else []
    found.groups = tuple(groups) or (("reason",) if metric == "return_reasons" else ())


def _shares(text: Text, found: Found, metric: str) -> None:
    """抖音单量占比: every channel beside its share, 抖音 among them."""
    hit = text.taken(terms.SHARE)
    if hit is None:
        return
    named = [each for each in found.filters if each.op == "=" and each.field in _SHARED]
    if len(named) == 1 and not found.groups and metric in METRICS and METRICS[metric].shape in {Shape.COUNT, Shape.SUM}:
        found.filters.remove(named[0])
        found.groups = (named[0].field,)
    elif not found.groups:
        found.unread.append(hit.group())


_SHARED = frozenset({"channel", "shop", "warehouse", "province", "sku", "carrier"})


def _ranked(text: Text, found: Found, metric: str) -> None:
    known = METRICS.get(metric)
    better = known.better if known is not None else 0
    time_like = metric in {"fulfilment_p95", "fulfilment_p50", "first_response", "turnover_days"}
    said = text.whole
    if terms.LOW.search(said):
        found.order = "value"
    elif terms.BAD.search(said):
        found.order = "-value" if better < 0 else "value"
    elif terms.SLOW.search(said):
        found.order = "-value" if time_like else "value" if better > 0 else "-value"
    elif terms.FAST.search(said):
        found.order = "value" if time_like else "-value" if better > 0 else "value"
    elif terms.GOOD.search(said):
        found.order = "value" if better < 0 else "-value"
    elif terms.HIGH.search(said) or terms.FIRST.search(text.left):
        found.order = "-value"
    for pattern in terms.LIMITS:
        hit = pattern.search(_untimed(text, found))
        if hit is not None:
            number = next(each for each in hit.groups() if each)
            found.limit = _ENGLISH.get(number) or numeral(number)
            found.order = found.order or "-value"
            text.take(*hit.span())
            break
    for pattern in (terms.LOW, terms.BAD, terms.SLOW, terms.FAST, terms.GOOD, terms.HIGH):
        text.clear(pattern)
    default = known.default_group if known is not None else ""
    if not found.groups and (found.limit or found.order):
        if default:
            found.groups = (default,)
        elif known is not None and "sku" in known.groups and metric in {"margin", "profit", "turnover_days"}:
            found.groups = ("sku",)
        else:
            found.order, found.limit = "", None
            found.unread.append("排名")


_ENGLISH = {"three": 3, "five": 5, "ten": 10}


def _untimed(text: Text, found: Found) -> str:
    """The question with its periods taken out and its figures and groups still in: 近7天卖得最差的5个商品 → …卖得最差的5个商品."""
    whole = text.whole
    for label in found.labels:
        whole = whole.replace(label, GONE * len(label), 1)
    return whole
