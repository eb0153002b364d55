"""From the closed query (`domain.query`) to one parameterised SELECT, on both databases.

Names of tables and columns come from the constants below; everything else, the asker's shops and warehouses included,
travels as a parameter. Orders' keys are their creation seconds shifted left, so a period is a range of the primary key and
no index is needed. The period asked for and the equal one before come from one pass. Percentiles come from a histogram of
whole minutes, which both databases can make and which adds up over groups. Time and rows are capped; over the cap nothing
is shown.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.errors import Refused
from domain.metrics import Shape
from domain.query import FACTS_CAP, ROWS_CAP, SECONDS_CAP, Fact, Part, Parts, Query, Scope, TooLong
from domain.understand.plan import Filter
from storage.moments import at, ms
from storage.sql import Conn, PgConn, Row, SqliteConn

_TOO_LONG = "这个问题要翻的数据太多，几秒内算不完，所以先停了。缩短时间段，或加上店铺、渠道再问一次。"
_OLD_ORDERS = 120 * 86_400  # how far back an order may have been placed that somebody acts on now, in seconds
_HOUR_EAST = 28_800_000  # days begin at midnight in China
_UNPAID = "('unpaid','closed_unpaid')"
_PAID = f"o.stage NOT IN {_UNPAID}"
_SOLD = "o.stage NOT IN ('unpaid','closed_unpaid','closed_refunded')"
_SENT = "(o.shipped_at IS NOT NULL OR o.stage IN ('shipped','delivered','completed'))"
_REFUNDED = "(o.refunded > 0 OR o.stage = 'closed_refunded')"
_PICKED = "(SELECT MIN(p.picked_at) FROM parcels p WHERE p.order_id = o.id)"
_PROMISED = f"{_PAID} AND o.ship_by IS NOT NULL AND (o.shipped_at IS NOT NULL OR o.stage NOT LIKE 'closed%')"
_DUE = "(o.shipped_at IS NOT NULL OR o.ship_by <= :now)"
_LATE = "(COALESCE(o.shipped_at, :now) > o.ship_by)"
_IN_TIME = "(o.shipped_at IS NOT NULL AND o.shipped_at <= o.ship_by)"
_SKU = "(CASE WHEN l.sku <> '' THEN l.sku ELSE l.platform_sku END)"
_REFUND_AT = "COALESCE(s.refunded_at, s.updated_at)"
_REFUND_SUM = "COALESCE(s.refunded_amount, s.amount)"
_REFUND_CURRENCY = (
    "(CASE WHEN s.refunded_amount IS NOT NULL AND s.refunded_currency <> '' THEN s.refunded_currency ELSE s.currency END)"
)
_HAS_AFTERSALE = (
    "EXISTS (SELECT 1 FROM aftersales s WHERE s.order_number = o.number AND s.channel = o.channel AND s.shop = o.shop)"
)


def _cost(column: str) -> str:
    """The cost of a line valid when its order was placed: the channel's own before the general one, the newest first."""
    return (
        f"(SELECT c.{column} FROM costs c WHERE c.sku = l.sku AND c.channel IN (o.channel,'') AND c.since <= o.created_at"
        " AND c.currency = o.currency ORDER BY CASE WHEN c.channel = '' THEN 1 ELSE 0 END, c.since DESC LIMIT 1)"
    )


def _sum(expression: str) -> str:
    return f"CAST(COALESCE(SUM({expression}),0) AS BIGINT)"


def _many(condition: str) -> str:
    return _sum(f"CASE WHEN {condition} THEN 1 ELSE 0 END")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one metric is computed. `bucket` makes a histogram: NULL there is what is left out. `fact` is what one counted
    row adds, listed by `first`.
    """

    source: str
    where: str
    number: str = "COUNT(*)"
    whole: str = "0"
    left: str = "0"
    bucket: str = ""
    currency: str = "''"
    fact: str = "''"
    first: str = ""


def _flag(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'yes' ELSE 'no' END"


_SPAN = f"(({_PICKED}) - o.paid_at) / 60000"
_FULFILMENT = Recipe("orders", f"{_PAID} AND o.paid_at IS NOT NULL", bucket=_SPAN, fact=_SPAN, first=_SPAN)
_COSTED = f"{_cost('unit_cost')} IS NOT NULL"
_EARNED = f"l.total * (10000 - {_cost('fee_bp')}) - {_cost('unit_cost')} * l.quantity * 10000"
_AFTERSALES = Recipe("aftersales", "s.stage <> 'cancelled'", fact="s.stage")
RECIPES: dict[str, Recipe] = {
    "orders": Recipe("orders", "o.stage <> 'closed_unpaid'"),
    "gmv": Recipe("orders", _PAID, _sum("o.paid"), "COUNT(*)", currency="o.currency", fact="o.paid", first="o.paid"),
    "average_order": Recipe(
        "orders", f"{_PAID} AND o.paid > 0", _sum("o.paid"), "COUNT(*)", currency="o.currency", fact="o.paid", first="o.paid"
    ),
    "refund_amount": Recipe(
        "refunded", "s.stage = 'refunded'", _sum(_REFUND_SUM), "COUNT(*)", currency=_REFUND_CURRENCY, fact=_REFUND_SUM,
        first=_REFUND_SUM,
    ),
    "refund_rate": Recipe("orders", _PAID, _many(_REFUNDED), "COUNT(*)", fact=_flag(_REFUNDED), first=_flag(_REFUNDED)),
    "refunds": _AFTERSALES,
    "return_reasons": _AFTERSALES,
    "fulfilment_p95": _FULFILMENT,
    "fulfilment_p50": _FULFILMENT,
    "first_response": Recipe(
        "orders", _PAID, bucket="(o.shipped_at - o.created_at) / 60000", fact="(o.shipped_at - o.created_at) / 60000",
        first="o.shipped_at - o.created_at",
    ),
    "on_time": Recipe(
        "orders", _PROMISED, _many(_IN_TIME), _many(_DUE), _many(f"NOT {_DUE}"), fact=_flag(_IN_TIME),
        first=f"CASE WHEN {_DUE} AND NOT {_IN_TIME} THEN 1 ELSE 0 END",
    ),
    "late_orders": Recipe(
        "orders", f"{_PROMISED} AND {_DUE} AND {_LATE}", fact="(COALESCE(o.shipped_at, :now) - o.ship_by) / 60000"
    ),
    "exception_share": Recipe(
        "orders", "o.stage <> 'closed_unpaid'", _many("o.id IN ({alerted})"), "COUNT(*)", fact=_flag("o.id IN ({alerted})"),
        first=_flag("o.id IN ({alerted})"),
    ),
    "exceptions": Recipe("orders", "o.stage <> 'closed_unpaid' AND o.id IN ({alerted})"),
    "sales_by_sku": Recipe(
        "lines", f"{_SOLD} AND l.gift = 0", _sum("l.quantity"), "COUNT(*)", fact="l.quantity", first="l.quantity"
    ),
    "margin": Recipe(
        "lines", f"{_SOLD} AND l.gift = 0 AND l.quantity > 0",
        _sum(f"CASE WHEN {_COSTED} THEN {_EARNED} ELSE 0 END"), _sum(f"CASE WHEN {_COSTED} THEN l.total * 10000 ELSE 0 END"),
        _many(f"NOT ({_COSTED})"), currency="o.currency", fact=f"({_EARNED}) / 10000", first=f"-({_EARNED})",
    ),
    "turnover_days": Recipe("stock", ""),
    "manual_interventions": Recipe("events", "e.surface IN ('chat','web')", fact="e.kind"),
}  # fmt: skip

_JOINS = {
    "orders": "orders o",
    "lines": "order_lines l JOIN orders o ON o.id = l.order_id",
    "events": "order_events e JOIN orders o ON o.id = e.order_id",
    "aftersales": "aftersales s",
    "refunded": "aftersales s",
}
_ITS_ORDER = " JOIN orders o ON o.number = s.order_number AND o.channel = s.channel AND o.shop = s.shop"
_ALERTED_SQLITE = "SELECT j.value FROM alerts a, json_each(a.order_ids) j WHERE a.last_at >= :since"
_ALERTED_PG = (
    "SELECT CAST(j.value AS BIGINT) FROM alerts a, jsonb_array_elements_text(CAST(a.order_ids AS jsonb)) j"
    " WHERE a.last_at >= :since"
)
_OPS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


class FigureReads:
    """Answers closed queries on a connection that refuses to write."""

    def __init__(self, conn: Conn, *, seconds: float = SECONDS_CAP, rows: int = ROWS_CAP) -> None:
        self._c = conn
        self._seconds = seconds
        self._rows = rows

    def parts(self, query: Query, scope: Scope) -> list[Part]:
        """What adds up to the figure, for the period and the equal one before. Raises Refused or TooLong."""
        statement = compile_parts(query, scope, pg=self._c.pg)
        rows = self._run(statement, self._rows + 1)
        if len(rows) > self._rows:
            raise TooLong(_TOO_LONG)
        if RECIPES[query.metric.code].bucket:
            return _histograms(rows, len(query.groups))
        return [_part(row, len(query.groups)) for row in rows]

    def facts(self, query: Query, scope: Scope, *, limit: int = FACTS_CAP) -> list[Fact]:
        """The rows behind the figure, the ones that weigh most first, then the newest. Raises Refused or TooLong."""
        statement = compile_facts(query, scope, pg=self._c.pg, limit=min(limit, FACTS_CAP))
        return [Fact(row[0], row[1], row[2], row[3], at(row[4]), row[5], str(row[6] if row[6] is not None else ""), row[7])
                for row in self._run(statement, FACTS_CAP)]  # fmt: skip

    def _run(self, statement: Statement, limit: int) -> list[Row]:
        with _capped(self._c, self._seconds):
            return self._c.named(statement.sql, statement.params, limit)


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `:name` parameters, and their values."""

    sql: str
    params: dict[str, Any]


@contextmanager
def _capped(conn: Conn, seconds: float) -> Iterator[None]:
    """The statement inside is stopped after `seconds`, by the database itself. Raises TooLong then."""
    match conn:
        case SqliteConn():
            until = time.monotonic() + seconds
            conn.raw.set_progress_handler(lambda: time.monotonic() > until, 20_000)
            try:
                yield
            except sqlite3.OperationalError as stopped:
                if "interrupted" in str(stopped):
                    raise TooLong(_TOO_LONG) from stopped
                raise
            finally:
                conn.raw.set_progress_handler(None, 0)
        case PgConn():
            from psycopg.errors import QueryCanceled  # a store on SQLite never loads psycopg

            conn.raw.execute(f"SET statement_timeout = {max(1, int(seconds * 1000))}".encode())
            try:
                yield
            except QueryCanceled as stopped:
                raise TooLong(_TOO_LONG) from stopped
            finally:
                if not conn.raw.closed:
                    conn.raw.execute("SET statement_timeout = 0")
        case _:
            raise TypeError(type(conn).__name__)


def _part(row: Row, groups: int) -> Part:
    group = tuple(str(one if one is not None else "") for one in row[1 : groups + 1])
    currency, _, number, whole, left = row[groups + 1 :]
    return Part(row[0], group, currency, Parts(number, whole, left))


def _histograms(rows: list[Row], groups: int) -> list[Part]:
    """One part a group: its buckets come as rows of their own, tens of thousands of them."""
    found: dict[tuple[Any, ...], Parts] = {}
    for row in rows:
        key, bucket, count = row[: groups + 2], row[groups + 2], row[groups + 3]
        parts = found.get(key)
        if parts is None:
            parts = found[key] = Parts()
        if bucket is None:
            parts.left_out += count
            continue
        minutes = max(0, bucket)
        parts.buckets[minutes] = parts.buckets.get(minutes, 0) + count
        parts.denominator += count
    return [
        Part(key[0], tuple(str(one if one is not None else "") for one in key[1:-1]), key[-1], parts)
        for key, parts in found.items()
    ]


# --- compiling --------------------------------------------------------------------------------------------------------


class _Builder:
    """Collects the conditions and parameters of one statement."""

    def __init__(self, query: Query, scope: Scope, *, pg: bool) -> None:
        if query.metric.may not in scope.may:
            raise Refused("这个数你这边看不了。")
        self.query, self.scope, self.pg = query, scope, pg
        self.recipe = RECIPES[query.metric.code]
        self.params: dict[str, Any] = {}
        self.where: list[str] = []
        self.needs_order = False

    def given(self, name: str, value: Any) -> str:
        self.params[name] = value
        return f":{name}"

    # --- when ---------------------------------------------------------------------------------------------------------

    def clock(self) -> str:
        """The expression that decides which period a row belongs to, in the unit of `_edge`."""
        return {
            "orders": "o.id", "lines": "l.order_id", "events": "e.at", "aftersales": "s.created_at", "refunded": _REFUND_AT,
        }[self.recipe.source]  # fmt: skip

    def _edge(self, moment: datetime) -> int:
        return int(moment.timestamp()) << 31 if self.recipe.source in ("orders", "lines") else ms(moment)

    def period(self, *, previous: bool) -> str:
        """Adds the time condition; returns the expression of the period: 1 asked for, 0 before."""
        query, when = self.query, self.clock()
        low, high = self.given("lo", self._edge(query.start)), self.given("hi", self._edge(query.end))
        if previous:
            before = query.before
            first, last = self.given("plo", self._edge(before[0])), self.given("phi", self._edge(before[1]))
            # One range of the key with a hole in it, so that both databases walk the key once.
            self.where.append(f"{when} >= {first} AND {when} < {high} AND ({when} < {last} OR {when} >= {low})")
        else:
            self.where.append(f"{when} >= {low} AND {when} < {high}")
        begin = query.before[0] if previous else query.start
        if self.recipe.source == "lines":  # the same range on both sides of the join, whichever the planner starts from
            self.where.append(f"o.id >= {self.given('olo', self._edge(begin))} AND o.id < {high}")
        if self.recipe.source == "events":
            oldest, newest = int(begin.timestamp()) - _OLD_ORDERS, int(query.end.timestamp())
            self.where.append(
                f"e.order_id >= {self.given('elo', max(oldest, 0) << 31)} AND e.order_id < {self.given('ehi', newest << 31)}"
            )
        return f"CASE WHEN {when} >= {low} THEN 1 ELSE 0 END" if previous else "1"

    # --- what ---------------------------------------------------------------------------------------------------------

    def column(self, name: str) -> str:
        source = self.recipe.source
        if name == "day":
            stamp = {"events": "e.at", "aftersales": "s.created_at", "refunded": _REFUND_AT}.get(source, "o.created_at")
            return f"({stamp} + {_HOUR_EAST}) / 86400000"
        if source in ("aftersales", "refunded"):
            if name in ("channel", "shop", "reason", "kind"):
                return f"s.{name}"
            self.needs_order = True
        return {
            "channel": "o.channel", "shop": "o.shop", "warehouse": "o.warehouse", "province": "o.province",
            "stage": "o.stage", "sku": _SKU, "agent": "e.actor", "reason": "s.reason", "kind": "s.kind",
            "carrier": "COALESCE((SELECT p.carrier FROM parcels p WHERE p.order_id = o.id ORDER BY p.n LIMIT 1),'')",
        }[name]  # fmt: skip

    def filter(self, index: int, each: Filter) -> None:
        mark = f":f{index}"
        yes = each.value in ("yes", "any")
        if each.field in ("paid", "shipped", "delivered", "held", "aftersale"):
            self.needs_order = True
            delivered = "o.stage IN ('delivered','completed')"
            test = {
                "paid": _PAID, "shipped": _SENT, "delivered": delivered, "held": "(o.holds <> '')",
                "aftersale": _HAS_AFTERSALE,
            }[each.field]  # fmt: skip
            self.where.append(test if yes else f"NOT {test}" if each.field != "paid" else f"o.stage IN {_UNPAID}")
            return
        self.params[f"f{index}"] = int(each.value) if each.field == "total" else each.value
        if each.field == "sku" and self.recipe.source == "lines":
            self.where.append(f"(l.sku = {mark} OR l.platform_sku = {mark})")
        elif each.field == "sku":
            self.needs_order = True
            self.where.append(
                "EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id"
                f" AND (l.sku = {mark} OR l.platform_sku = {mark}))"
            )
        elif each.field == "carrier":
            self.where.append(f"EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = o.id AND p.carrier = {mark})")
        elif each.field == "total":
            self.where.append(f"o.total {_OPS[each.op]} {mark}")
        else:
            self.where.append(f"{self.column(each.field)} {_OPS[each.op]} {mark}")

    def narrow(self) -> None:
        """Filters, and the asker's own shops and warehouses."""
        for index, each in enumerate(self.query.filters):
            self.filter(index, each)
        if self.scope.shops:
            self.where.append(f"{self.column('shop')} IN ({self.names('s', self.scope.shops)})")
        if self.scope.warehouses:
            house = self.column("warehouse")
            self.where.append(f"({house} IN ({self.names('w', self.scope.warehouses)}) OR {house} = '')")

    def names(self, prefix: str, values: frozenset[str]) -> str:
        return ",".join(self.given(f"{prefix}{index}", name) for index, name in enumerate(sorted(values)))

    def said(self, sql: str) -> str:
        """The statement with the parameters that only some expressions use."""
        if "{alerted}" in sql:
            begin = self.query.before[0] if self.query.previous else self.query.start
            self.params["since"] = ms(begin)
            sql = sql.replace("{alerted}", _ALERTED_PG if self.pg else _ALERTED_SQLITE)
        if ":now" in sql:
            self.params["now"] = ms(self.query.now)
        return sql

    def source(self) -> str:
        joined = _ITS_ORDER if self.needs_order and self.recipe.source in ("aftersales", "refunded") else ""
        return _JOINS[self.recipe.source] + joined


def compile_parts(query: Query, scope: Scope, *, pg: bool) -> Statement:
    """One pass: (period, groups…, currency, bucket, numerator, denominator, left out)."""
    if query.metric.shape is Shape.TURNOVER:
        return _turnover(query, scope, pg=pg)
    build = _Builder(query, scope, pg=pg)
    recipe = build.recipe
    period = build.period(previous=query.previous)
    groups = [f"CAST({build.column(each)} AS TEXT)" for each in query.groups]
    build.where.append(recipe.where)
    build.narrow()
    bucket = recipe.bucket or "0"
    columns = [period, *groups, recipe.currency, bucket, recipe.number, recipe.whole, recipe.left]
    varying = [
        str(place)
        for place, column in enumerate(columns[: len(groups) + 3], 1)
        if column not in ("1", "0", "''")  # constants need no grouping, and PostgreSQL wants none
    ]
    by = f" GROUP BY {','.join(varying)}" if varying else ""
    sql = f"SELECT {','.join(columns)} FROM {build.source()} WHERE {' AND '.join(build.where)}{by}"
    return Statement(build.said(sql), build.params)


def compile_facts(query: Query, scope: Scope, *, pg: bool, limit: int) -> Statement:
    """(number, channel, shop, warehouse, moment, what, value, currency) of the counted rows of the period asked for."""
    if query.metric.shape is Shape.TURNOVER:
        return _shelves(query, scope, pg=pg, limit=limit)
    build = _Builder(query, scope, pg=pg)
    recipe = build.recipe
    build.period(previous=False)
    build.where.append(recipe.where)
    build.narrow()
    if recipe.bucket:
        build.where.append(f"{recipe.bucket} IS NOT NULL")
    if recipe.source in ("aftersales", "refunded"):
        house = "o.warehouse" if build.needs_order else "''"
        columns = f"s.number,s.channel,s.shop,{house},{build.clock()},s.reason"
        newest = f"{build.clock()} DESC,s.number"
    else:
        what = {"lines": _SKU, "events": "e.actor"}.get(recipe.source, "o.stage")
        moment = "e.at" if recipe.source == "events" else "o.created_at"
        columns = f"o.number,o.channel,o.shop,o.warehouse,{moment},{what}"
        newest = f"{build.clock()} DESC,o.number"
    order = f"{recipe.first} DESC,{newest}" if recipe.first else newest
    if query.order == "due" and recipe.source == "orders":
        order = "CASE WHEN o.ship_by IS NULL THEN 1 ELSE 0 END,o.ship_by,o.id"
    value = f"CAST({recipe.fact} AS TEXT)"
    sql = (
        f"SELECT {columns},{value},{recipe.currency} FROM {build.source()} WHERE {' AND '.join(build.where)}"
        f" ORDER BY {order} LIMIT {limit:d}"
    )
    return Statement(build.said(sql), build.params)


# --- turnover: the shelf against what was sold ------------------------------------------------------------------------


def _shelf_and_sales(query: Query, scope: Scope, *, pg: bool) -> tuple[str, _Builder]:
    """Stock and units sold per SKU (and warehouse, where that is asked for), joined."""
    build = _Builder(query, scope, pg=pg)
    params = build.params
    params["lo"], params["hi"] = int(query.start.timestamp()) << 31, int(query.end.timestamp()) << 31
    sold = [f"l.order_id >= :lo AND l.order_id < :hi AND o.id >= :lo AND o.id < :hi AND {_SOLD} AND l.gift = 0"]
    held = ["1 = 1"]
    for index, each in enumerate(query.filters):
        params[f"f{index}"] = each.value
        held.append(f"st.{each.field} {_OPS[each.op]} :f{index}")
        sold.append(f"{_SKU if each.field == 'sku' else 'o.warehouse'} {_OPS[each.op]} :f{index}")
    if scope.shops:
        sold.append(f"o.shop IN ({build.names('s', scope.shops)})")
    if scope.warehouses:
        names = build.names("w", scope.warehouses)
        held.append(f"st.warehouse IN ({names})")
        sold.append(f"(o.warehouse IN ({names}) OR o.warehouse = '')")
    place = "warehouse" in query.groups or any(each.field == "warehouse" for each in query.filters)
    by_place = ",o.warehouse" if place else ""
    units = (
        f"SELECT {_SKU} AS sku{',o.warehouse AS warehouse' if place else ''},SUM(l.quantity) AS units"
        f" FROM {_JOINS['lines']} WHERE {' AND '.join(sold)} GROUP BY {_SKU}{by_place}"
    )
    shelf = (
        f"SELECT st.sku AS sku{',st.warehouse AS warehouse' if place else ''},SUM(st.on_hand) AS held FROM stock st"
        f" WHERE {' AND '.join(held)} GROUP BY st.sku{',st.warehouse' if place else ''}"
    )
    both = "u.sku = h.sku" + (" AND u.warehouse = h.warehouse" if place else "")
    return f"({shelf}) h LEFT JOIN ({units}) u ON {both}", build


def _turnover(query: Query, scope: Scope, *, pg: bool) -> Statement:
    source, build = _shelf_and_sales(query, scope, pg=pg)
    # In thousandths of a day, so that a period that still runs counts as long as it ran.
    build.params["days"] = round(query.days * 1000)
    groups = [f"h.{each}" for each in query.groups]
    moved = "COALESCE(u.units,0) > 0"
    columns = [
        "1", *groups, "''", "0", _sum(f"CASE WHEN {moved} THEN h.held * :days ELSE 0 END"),
        _sum(f"CASE WHEN {moved} THEN u.units * 1000 ELSE 0 END"), _many(f"NOT ({moved})"),
    ]  # fmt: skip
    by = f" GROUP BY {','.join(groups)}" if groups else ""
    return Statement(f"SELECT {','.join(columns)} FROM {source}{by}", build.params)


def _shelves(query: Query, scope: Scope, *, pg: bool, limit: int) -> Statement:
    source, build = _shelf_and_sales(query, scope, pg=pg)
    build.params["at"] = ms(query.now)
    sql = (
        "SELECT h.sku,'','','',CAST(:at AS BIGINT),CAST(h.held AS TEXT),CAST(COALESCE(u.units,0) AS TEXT),''"
        f" FROM {source} ORDER BY h.held DESC,h.sku LIMIT {limit:d}"
    )
    return Statement(sql, build.params)
