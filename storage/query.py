"""From the closed query (`domain.query`) to one parameterised SELECT, on both databases.

Orders' keys are their creation seconds shifted left, so a period is a range of the primary key and no index is needed. The
period asked for and the equal one before come from one pass; whole days come from their sums where those are up to date
(`storage.day_query`). Percentiles come from a histogram of whole minutes, which both databases can make and which adds up
over groups. Time and rows are capped; over the cap nothing is shown.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from domain.metrics import Shape
from domain.query import FACTS_CAP, ROWS_CAP, SECONDS_CAP, Fact, Part, Parts, Query, Scope, TooLong
from storage.caps import TOO_LONG, capped
from storage.day_query import Division, Merged, add_spans, compile_spans, compile_sums, divide, doubts, is_kept
from storage.days import DayReads
from storage.moments import at
from storage.query_build import Builder, Statement
from storage.query_lines import (
    CHANGES,
    COSTED,
    changes_span,
    margin_facts,
    margin_parts,
    turnover_facts,
    turnover_parts,
)
from storage.recipes import RECIPES, SKU
from storage.sql import Conn, Row


class FigureReads(DayReads):
    """Answers closed queries on a connection that refuses to write."""

    def __init__(self, conn: Conn, *, seconds: float = SECONDS_CAP, rows: int = ROWS_CAP) -> None:
        super().__init__(conn)
        self._seconds = seconds
        self._rows = rows

    def parts(self, query: Query, scope: Scope) -> list[Part]:
        """What adds up to the figure, for the period and the equal one before. Raises Refused or TooLong."""
        until = time.monotonic() + self._seconds
        if is_kept(query):
            doubtful = {row[0] for each in doubts(query) for row in self._run(each, self._rows, until)}
            division = divide(query, doubtful)
            if division.days:
                return self._divided(query, scope, division, until)
        return self._counted(query, scope, until)

    def counted(self, query: Query, scope: Scope) -> list[Part]:
        """The same straight from the orders, whatever sums are kept: what `parts` has to agree with."""
        return self._counted(query, scope, time.monotonic() + self._seconds)

    def _divided(self, query: Query, scope: Scope, division: Division, until: float) -> list[Part]:
        """Whole days from their sums, the rest counted."""
        kept = _shaped(query, self._run(compile_sums(query, scope, division.days, pg=self._c.pg), self._rows, until))
        spans = compile_spans(query, scope, division.days, pg=self._c.pg)
        if spans is None and not division.rest:
            return kept
        merged = Merged()
        for part in kept:
            merged.at(part.period, part.group, part.currency).add(part.parts)
        if spans is not None:
            add_spans(self._run(spans, self._rows, until), merged)
        for period, first, last in division.rest:
            stretch = replace(query, start=first, end=last, period=last - first, previous=False)
            for part in self._counted(stretch, scope, until):
                if part.parts == Parts():
                    continue  # a stretch without orders is no group of nothing
                merged.at(period, part.group, part.currency).add(part.parts)
        return merged.parts()

    def _counted(self, query: Query, scope: Scope, until: float) -> list[Part]:
        """Straight from the orders."""
        if query.metric.code in COSTED:
            span = Statement(CHANGES, dict(changes_span(query)))
            changes = [row[0] for row in self._run(span, self._rows, until)]
            statement = margin_parts(query, scope, changes, pg=self._c.pg)
        else:
            statement = compile_parts(query, scope, pg=self._c.pg)
        rows = self._run(statement, self._rows, until)
        if RECIPES[query.metric.code].bucket:
            return _histograms(rows, len(query.groups))
        return _shaped(query, rows)

    def facts(self, query: Query, scope: Scope, *, limit: int = FACTS_CAP) -> list[Fact]:
        """The rows behind the figure, the ones that weigh most first, then the newest. Raises Refused or TooLong."""
        statement = compile_facts(query, scope, pg=self._c.pg, limit=min(limit, FACTS_CAP))
        return [Fact(row[0], row[1], row[2], row[3], at(row[4]), row[5], str(row[6] if row[6] is not None else ""), row[7])
                for row in self._run(statement, FACTS_CAP, time.monotonic() + self._seconds)]  # fmt: skip

    def _run(self, statement: Statement, limit: int, until: float) -> list[Row]:
        with capped(self._c, until - time.monotonic()):
            rows = self._c.named(statement.sql, statement.params, limit + 1)
        if len(rows) > limit:
            raise TooLong(TOO_LONG)
        return rows


def _shaped(query: Query, rows: list[Row]) -> list[Part]:
    return [_part(row, len(query.groups)) for row in rows]


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


def compile_parts(query: Query, scope: Scope, *, pg: bool) -> Statement:
    """One pass: (period, groups…, currency, bucket, numerator, denominator, left out)."""
    if query.metric.shape is Shape.TURNOVER:
        return turnover_parts(query, scope, pg=pg)
    build = Builder(query, scope, pg=pg)
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
        return turnover_facts(query, scope, pg=pg, limit=limit)
    if query.metric.code in COSTED:
        return margin_facts(query, scope, pg=pg, limit=limit)
    build = Builder(query, scope, pg=pg)
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
        what = {"lines": SKU, "events": "e.actor"}.get(recipe.source, "o.stage")
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
