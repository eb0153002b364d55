"""What each metric of the dictionary is made of, as fragments of SQL that both databases read.

`storage.query` puts them together for a period, `storage.days` adds them up a day at a time; one spelling serves both, so
that a figure read from day sums is the figure counted from the orders. Aliases: o orders, l order lines, p parcels,
s after-sales, e events, c costs.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.waybill import OLD_NAMES

UNPAID = "('unpaid','closed_unpaid')"
PLACED = "o.stage <> 'closed_unpaid'"
PAID = f"o.stage NOT IN {UNPAID}"
SOLD = "o.stage NOT IN ('unpaid','closed_unpaid','closed_refunded')"
OPEN = "o.stage IN ('hold','to_ship','part_shipped')"
SENT = "(o.shipped_at IS NOT NULL OR o.stage IN ('shipped','delivered','completed'))"
REFUNDED = "(o.refunded > 0 OR o.stage = 'closed_refunded')"
TIMED = f"{PAID} AND o.paid_at IS NOT NULL"
PICKED = "(SELECT MIN(p.picked_at) FROM parcels p WHERE p.order_id = o.id)"
PROMISED = f"{PAID} AND o.ship_by IS NOT NULL AND (o.shipped_at IS NOT NULL OR o.stage NOT LIKE 'closed%')"
DUE = "(o.shipped_at IS NOT NULL OR o.ship_by <= :now)"
LATE = "(COALESCE(o.shipped_at, :now) > o.ship_by)"
IN_TIME = "(o.shipped_at IS NOT NULL AND o.shipped_at <= o.ship_by)"
SKU = "(CASE WHEN l.sku <> '' THEN l.sku ELSE l.platform_sku END)"
PRICED = f"{SOLD} AND l.gift = 0 AND l.quantity > 0"  # lines that have a margin
TO_PICKED = f"(({PICKED}) - o.paid_at) / 60000"  # whole minutes from payment to the first scan; NULL: not scanned yet
TO_SENT = "(o.shipped_at - o.created_at) / 60000"
REFUND_AT = "COALESCE(s.refunded_at, s.updated_at)"
REFUND_SUM = "COALESCE(s.refunded_amount, s.amount)"
REFUND_CURRENCY = (
    "(CASE WHEN s.refunded_amount IS NOT NULL AND s.refunded_currency <> '' THEN s.refunded_currency ELSE s.currency END)"
)
HAS_AFTERSALE = (
    "EXISTS (SELECT 1 FROM aftersales s WHERE s.order_number = o.number AND s.channel = o.channel AND s.shop = o.shop)"
)
_RENAMED = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in OLD_NAMES.items())  # ours, and spelt in ASCII letters
_CARRIED_BY = f"CASE p.carrier {_RENAMED} ELSE p.carrier END"
CARRIER = f"COALESCE((SELECT {_CARRIED_BY} FROM parcels p WHERE p.order_id = o.id ORDER BY p.n LIMIT 1),'')"

# An order belongs to the second it was first known to be placed, which is the upper part of its key: periods, days and the
# cost that was valid all read it there, so that they always speak of the same orders.
PLACED_AT = "((o.id >> 31) * 1000 + 999)"
HOUR_EAST = 28_800  # days begin at midnight in China
DAY = f"((o.id >> 31) + {HOUR_EAST}) / 86400"

EARNED = "x.total * (10000 - c.fee_bp) - c.unit_cost * x.quantity * 10000"  # x as in `costed`; in ten-thousandths


def total(expression: str) -> str:
    return f"CAST(COALESCE(SUM({expression}),0) AS BIGINT)"


def many(condition: str) -> str:
    return total(f"CASE WHEN {condition} THEN 1 ELSE 0 END")


def flag(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'yes' ELSE 'no' END"


def cost_key(sku: str, channel: str, currency: str, placed: str, *, pg: bool) -> str:
    """The physical row of the cost valid for a line: the channel's own before the general one, the newest first.

    One look-up a line, whatever is then read of the cost: a planner repeats a sub-select for every column it is asked for.
    """
    row = "ctid" if pg else "rowid"
    own, general = (
        f"(SELECT c.{row} FROM costs c WHERE c.sku = {sku} AND c.channel = {wanted} AND c.since <= {placed}"
        f" AND c.currency = {currency} ORDER BY c.since DESC LIMIT 1)"
        for wanted in (channel, "''")
    )
    return f"COALESCE({own},{general})"


def costed(lines: str, key: str, *, pg: bool) -> str:
    """`x LEFT JOIN costs c`: every row of `lines` beside its cost, NULL where none is known. To follow FROM.

    `lines` is a SELECT without its last column, which becomes `cost`; `{key}` stands where that column is to be.
    """
    # The limit keeps SQLite, and the offset PostgreSQL, from taking the sub-select apart again.
    return (
        f"({lines.replace('{key}', f'{key} AS cost')}{' OFFSET 0' if pg else ' LIMIT -1'}) x"
        f" LEFT JOIN costs c ON c.{'ctid' if pg else 'rowid'} = x.cost"
    )


def joined(source: str, *, pg: bool) -> str:
    """What follows FROM for a recipe's source."""
    return _LINES_SQLITE if source == "lines" and not pg else JOINS[source]


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


_FULFILMENT = Recipe("orders", TIMED, bucket=TO_PICKED, fact=TO_PICKED, first=TO_PICKED)
_AFTERSALES = Recipe("aftersales", "s.stage <> 'cancelled'", fact="s.stage")
RECIPES: dict[str, Recipe] = {
    "orders": Recipe("orders", PLACED),
    "gmv": Recipe("orders", PAID, total("o.paid"), "COUNT(*)", currency="o.currency", fact="o.paid", first="o.paid"),
    "average_order": Recipe(
        "orders", f"{PAID} AND o.paid > 0", total("o.paid"), "COUNT(*)", currency="o.currency", fact="o.paid", first="o.paid"
    ),
    "refund_amount": Recipe(
        "refunded", "s.stage = 'refunded'", total(REFUND_SUM), "COUNT(*)", currency=REFUND_CURRENCY, fact=REFUND_SUM,
        first=REFUND_SUM,
    ),
    "refund_rate": Recipe("orders", PAID, many(REFUNDED), "COUNT(*)", fact=flag(REFUNDED), first=flag(REFUNDED)),
    "refunds": _AFTERSALES,
    "return_reasons": _AFTERSALES,
    "fulfilment_p95": _FULFILMENT,
    "fulfilment_p50": _FULFILMENT,
    "first_response": Recipe("orders", PAID, bucket=TO_SENT, fact=TO_SENT, first="o.shipped_at - o.created_at"),
    "on_time": Recipe(
        "orders", PROMISED, many(IN_TIME), many(DUE), many(f"NOT {DUE}"), fact=flag(IN_TIME),
        first=f"CASE WHEN {DUE} AND NOT {IN_TIME} THEN 1 ELSE 0 END",
    ),
    "late_share": Recipe(
        "orders", PROMISED, many(f"{DUE} AND NOT {IN_TIME}"), many(DUE), many(f"NOT {DUE}"),
        fact=flag(f"{DUE} AND NOT {IN_TIME}"),
        first=f"CASE WHEN {DUE} AND NOT {IN_TIME} THEN 1 ELSE 0 END",
    ),
    "unshipped": Recipe("orders", OPEN),
    "late_orders": Recipe(
        "orders", f"{PROMISED} AND {DUE} AND {LATE}", fact="(COALESCE(o.shipped_at, :now) - o.ship_by) / 60000"
    ),
    "exception_share": Recipe(
        "orders", PLACED, many("o.id IN ({alerted})"), "COUNT(*)", fact=flag("o.id IN ({alerted})"),
        first=flag("o.id IN ({alerted})"),
    ),
    "exceptions": Recipe("orders", f"{PLACED} AND o.id IN ({{alerted}})"),
    "sales_by_sku": Recipe(
        "lines", f"{SOLD} AND l.gift = 0", total("l.quantity"), "COUNT(*)", fact="l.quantity", first="l.quantity"
    ),
    # Put together in `storage.query_lines`: over lines that were first brought together by their cost.
    "margin": Recipe(
        "lines", PRICED, total(f"CASE WHEN x.cost IS NOT NULL THEN {EARNED} ELSE 0 END"),
        total("CASE WHEN x.cost IS NOT NULL THEN x.total * 10000 ELSE 0 END"),
        total("CASE WHEN x.cost IS NULL THEN x.many ELSE 0 END"), currency="o.currency", fact=f"({EARNED}) / 10000",
    ),
    "profit": Recipe(
        "lines", PRICED, total(f"CASE WHEN x.cost IS NOT NULL THEN {EARNED} ELSE 0 END"),
        many("x.cost IS NOT NULL"), total("CASE WHEN x.cost IS NULL THEN x.many ELSE 0 END"), currency="o.currency",
        fact=f"({EARNED}) / 10000",
    ),
    "turnover_days": Recipe("stock", ""),
    "manual_interventions": Recipe("events", "e.surface IN ('chat','web')", fact="e.kind"),
}  # fmt: skip

JOINS = {
    "orders": "orders o",
    "lines": "orders o JOIN order_lines l ON l.order_id = o.id",
    "events": "order_events e JOIN orders o ON o.id = e.order_id",
    "aftersales": "aftersales s",
    "refunded": "aftersales s",
}
# SQLite walks the tables in the order of a CROSS JOIN: orders first, so that the lines of closed ones are never read.
_LINES_SQLITE = "orders o CROSS JOIN order_lines l ON l.order_id = o.id"
ITS_ORDER = " JOIN orders o ON o.number = s.order_number AND o.channel = s.channel AND o.shop = s.shop"
ALERTED_SQLITE = "SELECT j.value FROM alerts a, json_each(a.order_ids) j WHERE a.last_at >= :since"
ALERTED_PG = (
    "SELECT CAST(j.value AS BIGINT) FROM alerts a, jsonb_array_elements_text(CAST(a.order_ids AS jsonb)) j"
    " WHERE a.last_at >= :since"
)
OPS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
