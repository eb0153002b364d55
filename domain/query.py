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
from domain.compared import LONGEST, calendar_before, everything, month_before, year_before
from domain.dates import DateRange
from domain.errors import BadInput
from domain.metrics import METRICS, Entity, Metric, Shape
from domain.money import Money
from domain.people import Actor, May
from domain.understand.plan import Filter, Plan

ROWS_CAP = 400_000  # groups, or buckets of a histogram, that one answer may take
FACTS_CAP = 5_000  # rows behind a figure that are listed
SECONDS_CAP = 4.0

# field → operators. A condition outside this list is refused in words, never ignored.
FIELDS: dict[str, frozenset[str]] = {
    "channel": frozenset({"=", "!=", "in"}),
    "shop": frozenset({"=", "!=", "in"}),
    "warehouse": frozenset({"=", "!=", "in"}),
    "stage": frozenset({"=", "!="}),
    "province": frozenset({"=", "!=", "in"}),
    "carrier": frozenset({"=", "!=", "in"}),
    "sku": frozenset({"=", "!=", "in"}),
    "reason": frozenset({"=", "has"}),
    "kind": frozenset({"=", "in"}),
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
_SAME = {"store": "shop", "product": "sku"}  # what English and old plans call a grouping
EITHER = "|"  # between the values of an `in`
FOLDED = frozenset({"week", "month"})  # groupings that are added up from days


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
    that ends `period` earlier as well, or `against` where another one is named. `now` decides what is due. `order` is
    -value, value, "" (largest first, but times in their order), or due: most urgent rows first.
    """

    metric: Metric
    start: datetime
    end: datetime
    now: datetime
    period: timedelta
    filters: tuple[Filter, ...] = ()
    groups: tuple[str, ...] = ()
    order: str = ""
    limit: int = 0
    previous: bool = True
    against: tuple[datetime, datetime] | None = None

    @property
    def before(self) -> tuple[datetime, datetime]:
        """What it is compared with: the period named, or the equal one before: just as long, one whole period earlier."""
        return self.against or (self.start - self.period, self.end - self.period)

    @property
    def days(self) -> float:
        return max((self.end - self.start) / timedelta(days=1), 1 / 24)

    def value(self, name: str) -> str:
        """The value that an equality filter asks for, or ""."""
        return next((each.value for each in self.filters if each.field == name and each.op == "="), "")

    def values(self, name: str) -> tuple[str, ...]:
        """Every value that an equality filter or a choice of several asks for."""
        asked = [each for each in self.filters if each.field == name and each.op in ("=", "in")]
        return tuple(value for each in asked for value in each.value.split(EITHER))

    def takes(self, name: str, value: str) -> bool:
        """Whether the conditions leave room for this value of a field."""
        for each in self.filters:
            if each.field != name:
                continue
            if (value in each.value.split(EITHER) if each.op == "in" else value == each.value) == (each.op == "!="):
                return False
        return True


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
                return self.numerator / metric.scale
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
    return Money((2 * parts.numerator + metric.scale) // (2 * metric.scale), currency or "CNY")


# --- from a plan ------------------------------------------------------------------------------------------------------


def query_of(plan: Plan, now: datetime, *, lang: str = "zh") -> Query:
    """The query that a plan means. Raises BadInput when the plan asks for something outside the closed lists."""
    metric = METRICS.get(plan.slots.metric or "orders")
    if metric is None:
        raise BadInput(_say(lang, "这个指标我没有。", "There is no such metric."))
    asked = plan.slots.range or (everything(now) if metric.standing else _last_days(now, 7))
    filters = list(plan.filters)
    for name, value in (("channel", plan.slots.channel), ("sku", plan.slots.sku)):
        # A name in the slots came last (只看快手 after 抖音和拼多多): it stands for what was chosen before.
        if value and all(each.field != name or each.value != value for each in filters):
            filters = [each for each in filters if each.field != name or each.op == "!="]
            filters.append(Filter(name, "=", value))
    groups = tuple(dict.fromkeys(_SAME.get(each, each) for each in plan.group_by))
    default = metric.default_group
    if not groups and default and not any(each.field == default for each in filters):
        groups = (default,)
    query = build(metric, asked, now, filters=tuple(filters), groups=groups, lang=lang)
    against = _against(plan.extra.get("compare", ""), asked, query, lang)
    return replace(query, order=plan.order, limit=min(max(plan.limit or 0, 0), 200), against=against or query.against)


def _against(said: str, asked: DateRange, query: Query, lang: str) -> tuple[datetime, datetime] | None:
    """The period that a question wants to be compared with; None: the equal one before. A running one is as long as ours."""
    if "/" in said:
        try:
            start, end = (datetime.fromisoformat(each).astimezone(UTC) for each in said.split("/", 1))
        except ValueError:
            return None
        if start >= query.now or end <= start or end - start > LONGEST:
            raise BadInput(
                _say(lang, "拿来比的那段时间还没到，或者太长。", "The period to compare with has not begun, or is too long.")
            )
        if query.end < asked.end and end - start > query.end - query.start and end <= query.start:
            end = start + (query.end - query.start)  # 今天比昨天: the same hours of both
        return start, min(end, query.now.replace(microsecond=0) + timedelta(seconds=1))
    if said == "year":
        return year_before(query.start), year_before(query.end)
    if said in ("week", "month"):
        back = timedelta(days=7)
        return (
            (query.start - back, query.end - back)
            if said == "week"
            else (month_before(query.start), month_before(query.end))
        )
    return None


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
        able = "、".join(GROUP_NAMES[each][lang == "en"] for each in GROUP_NAMES if each in metric.groups)
        goods = "sku" in odd and metric.entity is Entity.ORDER
        zh, en = (
            ("；按商品可以问「销量」「毛利额」「毛利率」", ". By SKU, ask for units sold or margin") if goods else ("", "")
        )
        raise BadInput(
            _say(
                lang,
                f"「{metric.title[0]}」不能这样分，可以按：{able}{zh}。",
                f"{metric.title[1]} cannot be split like that; it can by: {able}{en}.",
            )
        )
    running = min(end, now.replace(microsecond=0) + timedelta(seconds=1))
    # How much lay on the shelf back then is not known, nor what waited.
    previous = metric.shape is not Shape.TURNOVER and not metric.standing
    against = calendar_before(asked, running)
    return Query(metric, start, running, now, end - start, filters, groups, previous=previous, against=against)


GROUP_NAMES: dict[str, tuple[str, str]] = {
    "channel": ("渠道", "channel"),
    "shop": ("店铺", "shop"),
    "warehouse": ("仓库", "warehouse"),
    "carrier": ("快递", "carrier"),
    "province": ("省份", "province"),
    "stage": ("状态", "stage"),
    "sku": ("SKU", "SKU"),
    "hour": ("时段", "hour of the day"),
    "day": ("天", "day"),
    "week": ("周", "week"),
    "month": ("月", "month"),
    "reason": ("原因", "reason"),
    "kind": ("类型", "kind"),
    "agent": ("同事", "colleague"),
}
TIMES = ("hour", "day", "week", "month")  # groupings that have an order of their own
_FIELD_NAMES = GROUP_NAMES | {
    "paid": ("是否付款", "paid"),
    "shipped": ("是否发货", "shipped"),
    "delivered": ("是否签收", "delivered"),
    "held": ("是否暂停", "held"),
    "aftersale": ("有没有售后", "after-sales"),
    "total": ("订单金额", "order amount"),
}


def _check(condition: Filter, metric: Metric, lang: str) -> None:
    name = condition.field
    if name not in FIELDS_OF[metric.entity] or condition.op not in FIELDS.get(name, frozenset()):
        shown = _FIELD_NAMES.get(name, (name[:12], name[:12]))[lang == "en"]
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
_SIGNS = {"in": "~", "has": "^"}  # operators that are words, as a button writes them


def pack(query: Query) -> str:
    """The question as a short text, without scope. Its period stays as it was: pressed tomorrow, it is the same figure."""
    conditions = _PART.join(f"{each.field}{_SIGNS.get(each.op, each.op)}{each.value}" for each in query.filters)
    stamps = f"{int(query.start.timestamp())},{int(query.end.timestamp())},{int(query.period.total_seconds())}"
    against = ",".join(str(int(each.timestamp())) for each in query.against or ())
    return _GAP.join((query.metric.code, stamps, ",".join(query.groups), str(query.limit), conditions, query.order, against))


def unpack(text: str, now: datetime) -> Query:
    """Inverse of `pack`. Raises BadInput on a text of another version."""
    try:
        pieces = text.split(_GAP)
        code, stamps, groups, limit, conditions, order, against = [*pieces, "", ""] if len(pieces) == 5 else pieces
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
            order=order,
            previous=metric.shape is not Shape.TURNOVER and not metric.standing,
            against=_moments(against) if against else None,
        )
    except (ValueError, KeyError, OverflowError) as old:
        raise BadInput("这个按钮是旧的，再问我一次就好。") from old
    for each in filters:
        _check(each, metric, "zh")
    return query


def _condition(text: str) -> Filter:
    for op, sign in _SPELLED:
        name, found, value = text.partition(sign)
        if found and name in FIELDS:
            return Filter(name, op, value)
    raise ValueError(text)


# The longer spelling first.
_SPELLED = (*((each, each) for each in ("<=", ">=", "!=", "=", "<", ">")), *_SIGNS.items())


def _moments(text: str) -> tuple[datetime, datetime]:
    start, end = (datetime.fromtimestamp(int(each), UTC) for each in text.split(","))
    return start, end
