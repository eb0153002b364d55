"""The closed query behind every figure: metric, period, filters, groupings, order, limit, and whose eyes it is for. Pure.

Nothing in here is SQL and nothing typed by a person becomes SQL: fields and operators come from the lists below, values
travel as parameters. The asker's scope is part of the query, so the compiler cannot forget it. A query goes to a short text
and back (`pack`, `unpack`), so that a button can carry it; the scope does not: it is always that of whoever presses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import SHANGHAI
from domain.dates import DateRange
from domain.errors import BadInput
from domain.metrics import METRICS, Entity, Metric, Shape
from domain.money import Money
from domain.people import Actor, May
from domain.understand.plan import Filter, Plan

ROWS_CAP = 400_000  # groups, or buckets of a histogram, that one answer may take
FACTS_CAP = 5_000  # rows behind a figure that are listed
SECONDS_CAP = 4.0
LONGEST = timedelta(days=3 * 366)

# field → operators. A condition outside this list is refused in words, never ignored.
FIELDS: dict[str, frozenset[str]] = {
    "channel": frozenset({"=", "!="}),
    "shop": frozenset({"=", "!="}),
    "warehouse": frozenset({"=", "!="}),
    "stage": frozenset({"=", "!="}),
    "province": frozenset({"="}),
    "carrier": frozenset({"="}),
    "sku": frozenset({"="}),
    "reason": frozenset({"="}),
    "kind": frozenset({"="}),
    "paid": frozenset({"="}),  # yes, no
    "shipped": frozenset({"="}),
    "delivered": frozenset({"="}),
    "held": frozenset({"="}),
    "aftersale": frozenset({"="}),  # any, no
    "total": frozenset({"<", "<=", ">", ">="}),  # minor units
}
_OF_ORDER = frozenset(FIELDS) - {"reason", "kind"}
FIELDS_OF: dict[Entity, frozenset[str]] = {
    Entity.ORDER: _OF_ORDER,
    Entity.LINE: _OF_ORDER,
    Entity.AFTERSALE: frozenset({"channel", "shop", "warehouse", "province", "reason", "kind", "sku"}),
    Entity.EVENT: _OF_ORDER,
    Entity.STOCK: frozenset({"sku", "warehouse"}),
}
_FLAGS = frozenset({"paid", "shipped", "delivered", "held"})
_SAME = {"store": "shop", "product": "sku", "hour": "day"}  # what English and old plans call a grouping


class TooLong(BadInput):
    """The figure could not be computed inside the time or row cap; nothing partial is shown."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What the asker may see. Empty sets mean everything, as in `domain.people.Person`."""

    shops: frozenset[str] = frozenset()
    warehouses: frozenset[str] = frozenset()
    may: frozenset[May] = frozenset()

    @classmethod
    def of(cls, actor: Actor) -> Scope:
        return cls(actor.person.shops, actor.person.warehouses, actor.may)


@dataclass(frozen=True, slots=True)
class Query:
    """One question for a figure. `start` ≤ moment < `end`, aware UTC in whole seconds; `previous` asks for the equal period
    that ends `period` earlier as well. `now` decides what is due. `order` is -value, value, or due: most urgent rows first.
    """

    metric: Metric
    start: datetime
    end: datetime
    now: datetime
    period: timedelta
    filters: tuple[Filter, ...] = ()
    groups: tuple[str, ...] = ()
    order: str = "-value"
    limit: int = 0
    previous: bool = True

    @property
    def before(self) -> tuple[datetime, datetime]:
        """The equal period before: just as long, one whole period earlier."""
        return self.start - self.period, self.end - self.period

    @property
    def days(self) -> float:
        return max((self.end - self.start) / timedelta(days=1), 1 / 24)

    def value(self, name: str) -> str:
        """The value that an equality filter asks for, or ""."""
        return next((each.value for each in self.filters if each.field == name and each.op == "="), "")


@dataclass(slots=True)
class Parts:
    """What adds up to a figure. Two parts of the same metric and currency merge by adding; only then is it a value."""

    numerator: int = 0
    denominator: int = 0
    left_out: int = 0
    buckets: dict[int, int] = field(default_factory=dict)  # whole minutes → how many

    def add(self, other: Parts) -> None:
        self.numerator += other.numerator
        self.denominator += other.denominator
        self.left_out += other.left_out
        for minutes, count in other.buckets.items():
            self.buckets[minutes] = self.buckets.get(minutes, 0) + count

    def value(self, metric: Metric) -> float | None:
        """In the metric's unit: minor units for money, a fraction for shares, hours for times. None: nothing to count."""
        match metric.shape:
            case Shape.COUNT:
                return float(self.numerator)
            case Shape.SUM:
                return float(self.numerator)
            case Shape.MEAN | Shape.SHARE | Shape.TURNOVER:
                return self.numerator / self.denominator if self.denominator else None
            case Shape.PERCENTILE:
                minutes = rank(self.buckets, metric.percentile)
                return None if minutes is None else minutes / 60


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a result: `period` 1 is the one asked for, 0 the one before; `group` follows the query's groupings."""

    period: int
    group: tuple[str, ...]
    currency: str
    parts: Parts


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was counted: an order, a line, an after-sale. No personal data."""

    number: str  # the order's, or the after-sale's
    channel: str
    shop: str
    warehouse: str
    at: datetime
    what: str  # stage, SKU, reason, kind of event
    value: str  # what it put into the figure, as text: minor units, minutes, yes or no
    currency: str = ""


@dataclass(frozen=True, slots=True)
class DaySum:
    """What a day's orders add up to, as storage keeps it, and the marks that stood when they were counted."""

    day: int  # since 1970, in China
    marks: tuple[tuple[Any, ...], ...]
    sums: tuple[tuple[Any, ...], ...]
    spans: tuple[tuple[Any, ...], ...]


def rank(buckets: dict[int, int], percentile: int) -> int | None:
    """The nearest-rank percentile of a histogram: the smallest value that at least that share does not exceed."""
    total = sum(buckets.values())
    if not total:
        return None
    wanted = -(-total * percentile // 100)
    seen = 0
    for value in sorted(buckets):
        seen += buckets[value]
        if seen >= wanted:
            return value
    return None


def folded(rows: Iterable[Part], keep: tuple[int, ...] = ()) -> dict[tuple[int, tuple[str, ...], str], Parts]:
    """Rows added up to (period, kept places of the group, currency)."""
    sums: dict[tuple[int, tuple[str, ...], str], Parts] = {}
    for row in rows:
        key = (row.period, tuple(row.group[place] for place in keep), row.currency)
        sums.setdefault(key, Parts()).add(row.parts)
    return sums


def money_of(parts: Parts, metric: Metric, currency: str) -> Money:
    """A sum, or a mean rounded to the nearest minor unit, half up."""
    if metric.shape is Shape.MEAN:
        return Money((2 * parts.numerator + parts.denominator) // (2 * parts.denominator), currency or "CNY")
    return Money(parts.numerator, currency or "CNY")


# --- from a plan ------------------------------------------------------------------------------------------------------


def query_of(plan: Plan, now: datetime, *, lang: str = "zh") -> Query:
    """The query that a plan means. Raises BadInput when the plan asks for something outside the closed lists."""
    metric = METRICS.get(plan.slots.metric or "orders")
    if metric is None:
        raise BadInput(_say(lang, "这个指标我没有。", "There is no such metric."))
    asked = plan.slots.range or _last_days(now, 7)
    filters = list(plan.filters)
    for name, value in (("channel", plan.slots.channel), ("sku", plan.slots.sku)):
        if value and not any(each.field == name for each in filters):
            filters.append(Filter(name, "=", value))
    groups = tuple(dict.fromkeys(_SAME.get(each, each) for each in plan.group_by))
    default = metric.default_group
    if not groups and default and not any(each.field == default for each in filters):
        groups = (default,)
    query = build(metric, asked, now, filters=tuple(filters), groups=groups, lang=lang)
    return replace(query, order=plan.order or "-value", limit=min(max(plan.limit or 0, 0), 200))


def build(
    metric: Metric,
    asked: DateRange,
    now: datetime,
    *,
    filters: tuple[Filter, ...] = (),
    groups: tuple[str, ...] = (),
    lang: str = "zh",
) -> Query:
    """A checked query. A period that is still running ends now, and is compared with the same stretch before."""
    start, end = asked.start.replace(microsecond=0), asked.end.replace(microsecond=0)
    if start >= now:
        raise BadInput(_say(lang, "这段时间还没到，等过了再问我。", "That period has not begun yet."))
    if end <= start or end - start > LONGEST:
        raise BadInput(_say(lang, "这段时间太长了，最多一次看 3 年。", "That period is too long; three years at most."))
    for each in filters:
        _check(each, metric, lang)
    odd = [each for each in groups if each not in metric.groups]
    if odd or len(groups) > 2:
        able = "、".join(GROUP_NAMES[each][lang == "en"] for each in sorted(metric.groups))
        raise BadInput(
            _say(
                lang,
                f"「{metric.title[0]}」不能这样分，可以按：{able}。",
                f"{metric.title[1]} cannot be split like that; it can by: {able}.",
            )
        )
    running = min(end, now.replace(microsecond=0) + timedelta(seconds=1))
    previous = metric.shape is not Shape.TURNOVER  # how much lay on the shelf back then is not known
    return Query(metric, start, running, now, end - start, filters, groups, previous=previous)


GROUP_NAMES: dict[str, tuple[str, str]] = {
    "channel": ("渠道", "channel"),
    "shop": ("店铺", "shop"),
    "warehouse": ("仓库", "warehouse"),
    "carrier": ("快递", "carrier"),
    "province": ("省份", "province"),
    "stage": ("状态", "stage"),
    "sku": ("SKU", "SKU"),
    "day": ("天", "day"),
    "reason": ("原因", "reason"),
    "kind": ("类型", "kind"),
    "agent": ("同事", "colleague"),
}


def _check(condition: Filter, metric: Metric, lang: str) -> None:
    name = condition.field
    if name not in FIELDS_OF[metric.entity] or condition.op not in FIELDS.get(name, frozenset()):
        shown = GROUP_NAMES.get(name, (name[:12], name[:12]))[lang == "en"]
        raise BadInput(
            _say(
                lang,
                f"「{metric.title[0]}」不能按「{shown}」筛，去掉这个条件再问一次。",
                f"{metric.title[1]} cannot be narrowed by {shown}; leave that out.",
            )
        )
    odd_flag = name in _FLAGS and condition.value not in {"yes", "no"}
    odd_amount = name == "total" and not (
        condition.value.isascii() and condition.value.isdigit() and len(condition.value) < 16
    )
    if odd_flag or odd_amount or len(condition.value) > 120:
        raise BadInput(
            _say(lang, "有个筛选条件我没看懂，换个说法试试。", "One of the conditions is not clear; put it differently.")
        )


def _say(lang: str, zh: str, en: str) -> str:
    return en if lang == "en" else zh


def _last_days(now: datetime, count: int) -> DateRange:
    today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    start = (today - timedelta(days=count - 1)).astimezone(UTC)
    return DateRange(start, (today + timedelta(days=1)).astimezone(UTC), "")


# --- on a button ------------------------------------------------------------------------------------------------------

_GAP, _PART = "\x1e", "\x1f"


def pack(query: Query) -> str:
    """The question as a short text, without scope. Its period stays as it was: pressed tomorrow, it is the same figure."""
    conditions = _PART.join(f"{each.field}{each.op}{each.value}" for each in query.filters)
    stamps = f"{int(query.start.timestamp())},{int(query.end.timestamp())},{int(query.period.total_seconds())}"
    return _GAP.join((query.metric.code, stamps, ",".join(query.groups), str(query.limit), conditions))


def unpack(text: str, now: datetime) -> Query:
    """Inverse of `pack`. Raises BadInput on a text of another version."""
    try:
        code, stamps, groups, limit, conditions = text.split(_GAP)
        start, end, period = (int(each) for each in stamps.split(","))
        metric = METRICS[code]
        filters = tuple(_condition(each) for each in conditions.split(_PART) if each)
        query = Query(
            metric,
            datetime.fromtimestamp(start, UTC),
            datetime.fromtimestamp(end, UTC),
            now,
            timedelta(seconds=period),
            filters,
            tuple(each for each in groups.split(",") if each),
            limit=int(limit),
            previous=metric.shape is not Shape.TURNOVER,
        )
    except (ValueError, KeyError, OverflowError) as old:
        raise BadInput("这个按钮是旧的，再问我一次就好。") from old
    for each in filters:
        _check(each, metric, "zh")
    return query


def _condition(text: str) -> Filter:
    for op in ("<=", ">=", "!=", "=", "<", ">"):  # the longer spelling first
        name, found, value = text.partition(op)
        if found and name in FIELDS:
            return Filter(name, op, value)
    raise ValueError(text)
