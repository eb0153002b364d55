"""Figures over order lines that need more than one pass: margin, with its costs, and stock turnover.

The cost of a line is looked up once for all lines that share it: those of one SKU, channel and currency between two changes
of any cost. A period in which costs changed too often to tell apart is counted line by line; the figure is the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from domain.query import EITHER, Query, Scope
from storage.moments import ms
from storage.query_build import Builder, Statement
from storage.recipes import EARNED, PLACED_AT, SKU, SOLD, cost_key, costed, joined, many, total

CHANGES = "SELECT DISTINCT since FROM costs WHERE since > :lo AND since < :hi ORDER BY since LIMIT 33"
COSTED = frozenset({"margin", "profit"})  # computed from every line beside its cost
CHANGES_CAP = 32  # more moments at which costs changed than this, and every line is looked up by itself


# --- margin -----------------------------------------------------------------------------------------------------------


def changes_span(query: Query) -> dict[str, int]:
    """The parameters of `CHANGES`: from the first moment that a query speaks of to its last."""
    begin = query.before[0] if query.previous else query.start
    return {"lo": ms(begin), "hi": ms(query.end)}


def margin_parts(query: Query, scope: Scope, changes: Sequence[int], *, pg: bool) -> Statement:
    """(period, groups…, currency, bucket, numerator, denominator, left out); `changes`: when costs changed in between."""
    build = Builder(query, scope, pg=pg)
    recipe = build.recipe
    period = build.period(previous=query.previous)
    groups = [f"CAST({build.column(each)} AS TEXT)" for each in query.groups]
    build.where.append(recipe.where)
    build.narrow()
    names = [f"g{place}" for place in range(len(groups))]
    keys = [period, *groups, "o.currency", "l.sku", "o.channel", _since(build, changes)]
    shown = ",".join(
        f"{key} AS {name}" for key, name in zip(keys, ["p", *names, "currency", "sku", "channel", "placed"], strict=True)
    )
    # The SKU first: it tells most rows apart, so that sorting seldom looks at the other columns.
    varying = [str(place) for place, key in enumerate(keys, 1) if key != "1" and not key.startswith(":")]
    varying.sort(key=lambda place: keys[int(place) - 1] != "l.sku")
    alike = (
        f"SELECT {shown},SUM(l.total) AS total,SUM(l.quantity) AS quantity,COUNT(*) AS many"
        f" FROM {build.source()} WHERE {' AND '.join(build.where)} GROUP BY {','.join(varying)}"
    )
    wanted = ",".join(f"x.{name}" for name in ["p", *names, "currency"])
    sql = (
        f"WITH alike AS MATERIALIZED ({alike}) SELECT {wanted},0,{recipe.number},{recipe.whole},{recipe.left}"
        f" FROM {_costed('alike', pg=pg)} GROUP BY {wanted}"
    )
    return Statement(build.said(sql), build.params)


def _costed(lines: str, *, pg: bool) -> str:
    """Rows of a CTE with sku, channel, currency and placed, each beside its cost."""
    key = cost_key(f"{lines}.sku", f"{lines}.channel", f"{lines}.currency", f"{lines}.placed", pg=pg)
    return costed(f"SELECT {lines}.*,{{key}} FROM {lines}", key, pg=pg)


def _since(build: Builder, changes: Sequence[int]) -> str:
    """The last moment at which any cost had changed when a line was sold: what was valid then is valid for the line."""
    if len(changes) > CHANGES_CAP:
        return PLACED_AT
    marks = [build.given(f"c{place}", moment) for place, moment in enumerate([changes_span(build.query)["lo"], *changes])]
    if not changes:
        return marks[0]
    steps = " ".join(f"WHEN {PLACED_AT} < {later} THEN {sooner}" for sooner, later in itertools.pairwise(marks))
    return f"CASE {steps} ELSE {marks[-1]} END"


def margin_facts(query: Query, scope: Scope, *, pg: bool, limit: int) -> Statement:
    """(number, channel, shop, warehouse, moment, SKU, earned, currency), the worst first, those without a cost last."""
    build = Builder(query, scope, pg=pg)
    build.period(previous=False)
    build.where.append(build.recipe.where)
    build.narrow()
    sold = (
        f"SELECT o.id AS id,o.number AS number,o.channel AS channel,o.shop AS shop,o.warehouse AS warehouse,o.created_at AS"
        f" created_at,{SKU} AS shown,o.currency AS currency,l.sku AS sku,l.total AS total,l.quantity AS quantity,"
        f"{PLACED_AT} AS placed FROM {build.source()} WHERE {' AND '.join(build.where)}"
    )
    sql = (
        f"WITH sold AS MATERIALIZED ({sold}) SELECT x.number,x.channel,x.shop,x.warehouse,x.created_at,x.shown,"
        f"CAST(({EARNED}) / 10000 AS TEXT),x.currency FROM {_costed('sold', pg=pg)}"
        f" ORDER BY CASE WHEN x.cost IS NULL THEN 1 ELSE 0 END,{EARNED},x.id DESC,x.number LIMIT {limit:d}"
    )
    return Statement(build.said(sql), build.params)


# --- turnover: the shelf against what was sold ------------------------------------------------------------------------


def _shelf_and_sales(query: Query, scope: Scope, *, pg: bool) -> tuple[str, Builder]:
    """Stock and units sold per SKU (and warehouse, where that is asked for), of what has a shelf."""
    build = Builder(query, scope, pg=pg)
    params = build.params
    params["lo"], params["hi"] = int(query.start.timestamp()) << 31, int(query.end.timestamp()) << 31
    sold = [f"l.order_id >= :lo AND l.order_id < :hi AND o.id >= :lo AND o.id < :hi AND {SOLD} AND l.gift = 0"]
    held = ["1 = 1"]
    for index, each in enumerate(query.filters):
        values = each.value.split(EITHER) if each.op == "in" else [each.value]
        marks = ",".join(build.given(f"f{index}_{place}", value) for place, value in enumerate(values))
        wanted = f"{'NOT ' if each.op == '!=' else ''}IN ({marks})"
        held.append(f"st.{each.field} {wanted}")
        sold.append(f"{SKU if each.field == 'sku' else 'o.warehouse'} {wanted}")
    if scope.shops:
        sold.append(f"o.shop IN ({build.names('s', scope.shops)})")
    if scope.warehouses:
        names = build.names("w", scope.warehouses)
        held.append(f"st.warehouse IN ({names})")
        sold.append(f"(o.warehouse IN ({names}) OR o.warehouse = '')")
    place = "warehouse" in query.groups or any(each.field == "warehouse" for each in query.filters)
    by_place = ",o.warehouse" if place else ""
    units = (
        f"SELECT {SKU} AS sku{',o.warehouse AS warehouse' if place else ''},0 AS held,SUM(l.quantity) AS units,0 AS shelves"
        f" FROM {joined('lines', pg=pg)} WHERE {' AND '.join(sold)} GROUP BY {SKU}{by_place}"
    )
    shelf = (
        f"SELECT st.sku AS sku{',st.warehouse AS warehouse' if place else ''},st.on_hand AS held,0 AS units,1 AS shelves"
        f" FROM stock st WHERE {' AND '.join(held)}"
    )
    names = "sku,warehouse" if place else "sku"
    # Brought together by a sort: a join would have SQLite look through all sales for every shelf.
    return (
        f"(SELECT {names},SUM(held) AS held,SUM(units) AS units FROM ({shelf} UNION ALL {units}) both_ GROUP BY {names}"
        " HAVING SUM(shelves) > 0) h"
    ), build


def turnover_parts(query: Query, scope: Scope, *, pg: bool) -> Statement:
    source, build = _shelf_and_sales(query, scope, pg=pg)
    # In thousandths of a day, so that a period that still runs counts as long as it ran.
    build.params["days"] = round(query.days * 1000)
    groups = [f"h.{each}" for each in query.groups]
    moved = "h.units > 0"
    columns = [
        "1", *groups, "''", "0", total(f"CASE WHEN {moved} THEN h.held * :days ELSE 0 END"),
        total(f"CASE WHEN {moved} THEN h.units * 1000 ELSE 0 END"), many(f"NOT ({moved})"),
    ]  # fmt: skip
    by = f" GROUP BY {','.join(groups)}" if groups else ""
    return Statement(f"SELECT {','.join(columns)} FROM {source}{by}", build.params)


def turnover_facts(query: Query, scope: Scope, *, pg: bool, limit: int) -> Statement:
    source, build = _shelf_and_sales(query, scope, pg=pg)
    build.params["at"] = ms(query.now)
    sql = (
        f"SELECT h.sku,'','','',CAST(:at AS BIGINT),CAST(h.held AS TEXT),CAST(h.units AS TEXT),''"
        f" FROM {source} ORDER BY h.held DESC,h.sku LIMIT {limit:d}"
    )
    return Statement(sql, build.params)
