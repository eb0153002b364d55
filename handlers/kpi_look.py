"""One look at the store for one figure: the whole, the groups, the days for the picture, and how fresh each source is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from domain.clock import SHANGHAI
from domain.people import Actor
from domain.query import FOLDED, TIMES, Part, Parts, Query, Scope, folded
from domain.store import Freshness, Reads
from handlers.desk import Desk
from handlers.order_nothing import TOO_OLD

CONTEXT = timedelta(days=14)  # what a picture shows around a single day
_SEVERAL = timedelta(days=1, hours=12)  # longer than this is several days
_FAR = timedelta(days=2)  # further back than this, the period to compare with is looked at by itself
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Source:
    """A connected shop: `silent` when it has not synced up to the end of the period asked for."""

    channel: str
    shop: str
    last_ok: datetime | None
    silent: bool


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a grouped answer; `key` follows the query's groupings."""

    key: tuple[str, ...]
    currency: str
    now: Parts
    before: Parts


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything an answer is drawn from. `whole` and `before` are by currency; `days` are (day number, currency, parts)."""

    query: Query
    whole: dict[str, Parts]
    before: dict[str, Parts]
    groups: tuple[Group, ...] = ()
    days: tuple[tuple[str, str, Parts], ...] = ()
    sources: tuple[Source, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)  # SKU → its name

    @property
    def silent(self) -> tuple[Source, ...]:
        return tuple(each for each in self.sources if each.silent)

    @property
    def empty(self) -> bool:
        """Nothing was counted in the period asked for."""
        return not any(each.numerator or each.denominator for each in self.whole.values())


def look(reads: Reads, query: Query, actor: Actor, desk: Desk) -> Seen:
    """Raises Refused and TooLong from the compiler."""
    scope = Scope.of(actor)
    by_day = not query.groups and "day" in query.metric.groups
    # One pass for the whole and its days: days add up, those of a histogram too.
    together = by_day and query.end - query.start > _SEVERAL
    rows = _rows(reads, replace(query, groups=("day",)) if together else query, scope)
    sums = folded(rows)
    whole = {key[2]: parts for key, parts in sums.items() if key[0] == 1}
    before = {key[2]: parts for key, parts in sums.items() if key[0] == 0}
    days: list[tuple[str, str, Parts]] = []
    if together:
        days = [(row.group[0], row.currency, row.parts) for row in rows if row.period == 1]
    elif by_day:
        days = _around(reads, query, scope)
    groups = _groups(rows, query) if query.groups else ()
    titles = _titles(reads, groups[:20], query) if "sku" in query.groups else {}
    return Seen(
        query, whole, before, groups, tuple(sorted(days)[-92:] if days else ()), sources(reads, query, actor, desk), titles
    )


def _rows(reads: Reads, query: Query, scope: Scope) -> list[Part]:
    """What was asked for and what it is compared with; weeks and months added up from days."""
    by_day = tuple("day" if name in FOLDED else name for name in query.groups)
    asked = replace(query, groups=by_day)
    if query.previous and query.against is not None and not timedelta() <= query.start - query.against[1] < _FAR:
        start, end = query.against
        rows = reads.figures.parts(replace(asked, previous=False), scope)
        earlier = reads.figures.parts(replace(asked, start=start, end=end, previous=False), scope)
        rows += [Part(0, row.group, row.currency, row.parts) for row in earlier]
    else:
        rows = reads.figures.parts(asked, scope)
    if by_day == query.groups:
        return rows
    return [replace(row, group=tuple(map(_longer, query.groups, row.group))) for row in rows]


def _longer(name: str, value: str) -> str:
    """The number of the first day of the week or month that a day belongs to."""
    if name not in FOLDED:
        return value
    day = date.fromordinal(_EPOCH + int(value))
    first = day.replace(day=1) if name == "month" else day - timedelta(days=day.weekday())
    return str(first.toordinal() - _EPOCH)


def _around(reads: Reads, query: Query, scope: Scope) -> list[tuple[str, str, Parts]]:
    """The days for the picture: the fortnight that ends with the single day asked for."""
    wide = replace(query, start=query.start - CONTEXT + timedelta(days=1), groups=("day",), previous=False)
    return [(row.group[0], row.currency, row.parts) for row in reads.figures.parts(wide, scope)]


def _groups(rows: list[Part], query: Query) -> tuple[Group, ...]:
    places = tuple(range(len(query.groups)))
    sums = folded(rows, places)
    keys = [(group, currency) for period, group, currency in sums if period == 1]
    found = [
        Group(group, currency, sums[1, group, currency], sums.get((0, group, currency), Parts())) for group, currency in keys
    ]
    if len(query.groups) == 1 and query.groups[0] in TIMES and not query.order:
        return tuple(sorted(found, key=lambda each: (each.currency, int(each.key[0]))))
    lowest = query.order == "value"

    def weight(each: Group) -> tuple[bool, float, tuple[str, ...]]:
        value = each.now.value(query.metric)
        return value is None, (value or 0.0) if lowest else -(value or 0.0), each.key

    # A group of which nothing can be told yet is in what was left out, not a line without a figure.
    return tuple(sorted((each for each in found if each.now.value(query.metric) is not None), key=weight))


def _titles(reads: Reads, groups: tuple[Group, ...], query: Query) -> dict[str, str]:
    place = query.groups.index("sku")
    found: dict[str, str] = {}
    for sku in {each.key[place] for each in groups}:
        levels = reads.stock.levels(sku=sku, limit=1)
        if levels and levels[0].title:
            found[sku] = levels[0].title
    return found


def sources(reads: Reads, query: Query, actor: Actor, desk: Desk) -> tuple[Source, ...]:
    """The connected shops that this question is about, as far as the asker sees them, the stalest first."""
    known = {each.source: each for each in reads.cursors.freshness()}
    wanted_until = min(query.end, query.now) - TOO_OLD
    found: list[Source] = []
    for its_channel, its_shop in desk.channels.shops():
        asked = query.takes("channel", its_channel) and query.takes("shop", its_shop)
        if not asked or not actor.sees_shop(its_shop):
            continue
        name = f"{its_channel}/{its_shop}"
        last = known.get(name, Freshness(name, None, "", None)).last_ok
        found.append(Source(its_channel, its_shop, last, last is None or last < wanted_until))
    return tuple(sorted(found, key=lambda each: (each.last_ok is not None, each.last_ok, each.shop)))


def day_of(moment: datetime) -> int:
    """The number of a moment's day in China since 1970, as the compiler groups by."""
    local = moment.astimezone(SHANGHAI)
    return local.toordinal() - datetime(1970, 1, 1, tzinfo=SHANGHAI).toordinal()
