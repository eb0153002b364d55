"""The schema as SQLAlchemy Core tables: what migrations, backup and the key rotation walk over.

Conventions: moments are whole milliseconds since 1970 UTC; money is whole minor units beside a `currency` column; lists and
objects are JSON text; yes/no is 0/1; `sealed` columns are AES-GCM (`storage.keys`). Hot paths write their own SQL.
"""

from storage.tables.access import ACCESS_TOKENS
from storage.tables.base import metadata
from storage.tables.days import DAY_SUMS
from storage.tables.flow import INBOX
from storage.tables.lessons import LESSONS
from storage.tables.orders import ORDERS
from storage.tables.people import ROSTER
from storage.tables.rules import RULE_CHANGES
from storage.tables.stock import STOCK
from storage.tables.work import APPROVALS

__all__ = [
    "ACCESS_TOKENS",
    "APPROVALS",
    "DAY_SUMS",
    "INBOX",
    "LESSONS",
    "ORDERS",
    "ROSTER",
    "RULE_CHANGES",
    "STOCK",
    "metadata",
]
