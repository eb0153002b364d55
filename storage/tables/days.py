"""What a day's orders add up to, kept so that a report need not count them again, and which days have to be added up anew.

A day is its number since 1970 in China. A day that is in `day_marks` is not believed: it is counted from its orders.
"""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import metadata, moment, number, part

DAY_SUMS = sa.Table(
    "day_sums",
    metadata,
    part("day"),
    part("channel", sa.Text),
    part("shop", sa.Text),
    part("warehouse", sa.Text),
    part("currency", sa.Text),
    number("placed"),
    number("paid_orders"),
    number("paid"),
    number("paying"),  # paid orders that cost something, and what they cost
    number("paying_paid"),
    number("refunded"),
    number("timed"),  # paid orders whose moment of payment is known
    number("in_time"),
    number("late"),
    number("waiting"),  # promised and not shipped: late or not is the asker's moment's business, between these two
    moment("waiting_from"),
    moment("waiting_to"),
    number("units"),
    number("sold_lines"),
    number("earned"),  # ten-thousandths of a minor unit
    number("costed"),
    number("uncosted"),
    number("priced_lines"),
    sqlite_with_rowid=False,
)
DAY_SPANS = sa.Table(
    "day_spans",
    metadata,
    part("day"),
    part("kind", sa.Text),
    part("channel", sa.Text),
    part("shop", sa.Text),
    part("warehouse", sa.Text),
    sa.Column("minutes", sa.LargeBinary, nullable=False),  # unsigned 32-bit little endian, one an order
    sqlite_with_rowid=False,
)
DAY_MARKS = sa.Table(
    "day_marks",
    metadata,
    part("day"),
    part("why", sa.Text),  # orders, costs
    part("token"),  # PostgreSQL: the writing transaction, so that writers never wait for each other's mark
    number("mark"),  # SQLite: another one with every write
    sqlite_with_rowid=False,
)
