"""What a piece of work holds in its hands: everything readable (`SqlReads`) or writable (`SqlUnit`) on one connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from domain.store import Json
from storage.access import AccessReads, AccessWrites, UsageReads, UsageWrites
from storage.alerts import AlertReads, AlertWrites
from storage.approvals import ApprovalReads, ApprovalWrites
from storage.audit import AuditReads, AuditWrites
from storage.binding import BindingWrites
from storage.costs import CostReads, CostWrites
from storage.cursors import (
    CursorReads,
    CursorWrites,
    ImportReads,
    ImportWrites,
    QuarantineReads,
    QuarantineWrites,
    SentCardReads,
    SentCardWrites,
)
from storage.days import DayWrites
from storage.deadlines import DeadlineReads, DeadlineWrites
from storage.handles import Handles
from storage.keys import Keys
from storage.lessons import LessonReads, LessonWrites
from storage.orders_read import OrderReads
from storage.orders_write import OrderWrites
from storage.outbox import OutboxReads, OutboxWrites
from storage.people import DialogReads, DialogWrites, PeopleReads, PeopleWrites
from storage.query import FigureReads
from storage.rule_changes import RuleChangeReads, RuleChangeWrites
from storage.sql import Conn, Row
from storage.stock import StockReads, StockWrites


class SqlReads:
    """Made once per connection; each `read` borrows it."""

    def __init__(self, conn: Conn, keys: Keys, handles: Handles) -> None:
        self.conn = conn
        self.approvals = ApprovalReads(conn, keys)
        self.orders = OrderReads(conn, keys, handles, self.approvals)
        self.alerts = AlertReads(conn)
        self.deadlines = DeadlineReads(conn)
        self.stock = StockReads(conn)
        self.costs = CostReads(conn)
        self.rule_changes = RuleChangeReads(conn)
        self.people = PeopleReads(conn)
        self.dialogs = DialogReads(conn, keys)
        self.outbox = OutboxReads(conn)
        self.cards = SentCardReads(conn)
        self.cursors = CursorReads(conn)
        self.audit = AuditReads(conn, keys)
        self.quarantine = QuarantineReads(conn)
        self.imports = ImportReads(conn)
        self.figures = FigureReads(conn)
        self.access = AccessReads(conn, keys)
        self.usage = UsageReads(conn)
        self.lessons = LessonReads(conn)

    def rows(self, sql: str, params: Json = None, *, limit: int = 10_000) -> list[Row]:
        """One read-only statement with `:name` parameters; the connection itself refuses to write."""
        given = params if isinstance(params, Mapping) else {}
        return self.conn.named(sql, dict(given), limit)


class SqlUnit:
    """Made once per writing connection; each unit of work borrows it inside its transaction."""

    def __init__(self, conn: Conn, keys: Keys, handles: Handles, now: Callable[[], datetime]) -> None:
        self.conn = conn
        self.approvals = ApprovalWrites(conn, keys)
        self.orders = OrderWrites(conn, keys, handles, self.approvals)
        self.alerts = AlertWrites(conn)
        self.deadlines = DeadlineWrites(conn)
        self.stock = StockWrites(conn)
        self.costs = CostWrites(conn)
        self.rule_changes = RuleChangeWrites(conn)
        self.people = PeopleWrites(conn)
        self.dialogs = DialogWrites(conn, keys)
        self.outbox = OutboxWrites(conn, now, keys)
        self.cards = SentCardWrites(conn)
        self.cursors = CursorWrites(conn)
        self.audit = AuditWrites(conn, keys)
        self.quarantine = QuarantineWrites(conn, keys)
        self.imports = ImportWrites(conn)
        self.access = AccessWrites(conn, keys)
        self.binding = BindingWrites(conn, keys)
        self.usage = UsageWrites(conn)
        self.lessons = LessonWrites(conn)
        self.days = DayWrites(conn)
