"""What handlers ask of storage. Synchronous: a whole unit of work runs as one hop in a worker thread.

    found = await store.read(lambda r: r.orders.find("6920…"))
    await store.write(lambda u: decide(u, ...))      # returns after the commit is durable

Rules: no network inside a unit of work; every outward effect is a row in `outbox`; every effect's audit entry is
written in the same transaction. `read` may run on any reader connection; `write` work is serialised and group-committed,
and work that raises leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from domain.access import AccessTokens, AccessTokenWrites, Usage, UsageWrites
from domain.binding import Binding
from domain.figures import DayWrites, Figures
from domain.learning import Lessons, LessonWrites
from domain.order import Aftersale, Order, Track
from domain.people_store import People, PeopleWrites
from domain.records import (
    AccessToken,
    Alert,
    Approval,
    AuditEntry,
    BoundChat,
    Claimed,
    Cost,
    Deadline,
    Decision,
    Freshness,
    InboxItem,
    Json,
    Opening,
    OrderCard,
    OrderEvent,
    Outgoing,
    Queued,
    SentCard,
    Stock,
    StockMove,
    StoredOrder,
    Upserted,
    Used,
)
from domain.rule_change import RuleChanges, RuleChangeWrites

T = TypeVar("T")

__all__ = [
    "AccessToken",
    "Alert",
    "Approval",
    "AuditEntry",
    "BoundChat",
    "Claimed",
    "Cost",
    "Deadline",
    "Decision",
    "Freshness",
    "InboxItem",
    "Json",
    "Opening",
    "OrderCard",
    "OrderEvent",
    "Outgoing",
    "Queued",
    "SentCard",
    "Stock",
    "StockMove",
    "StoredOrder",
    "Upserted",
    "Used",
]


# --- orders -----------------------------------------------------------------------------------------------------------


class Orders(Protocol):
    def find(self, text: str, *, limit: int = 6) -> list[StoredOrder]:
        """By exact channel number, any shop. Newest first."""
        ...

    def get(self, channel: str, shop: str, number: str) -> StoredOrder | None: ...

    def by_id(self, order_id: int) -> StoredOrder | None: ...

    def by_waybill(self, waybill: str) -> list[StoredOrder]: ...

    def by_phone(self, phone: str, *, since: datetime | None = None, limit: int = 20) -> list[StoredOrder]:
        """Full phone, through the keyed blind index."""
        ...

    def by_tail(self, digits: str, *, limit: int = 20) -> list[StoredOrder]:
        """Last four or more digits of an order number, waybill or phone, among recent orders first."""
        ...

    def by_name(self, name: str, *, since: datetime | None = None, limit: int = 20) -> list[StoredOrder]: ...

    def by_sku(self, sku: str, *, since: datetime, until: datetime, limit: int = 20) -> list[StoredOrder]: ...

    def by_buyer(self, channel: str, shop: str, buyer_key: str, *, limit: int = 50) -> list[StoredOrder]: ...

    def card(self, order_id: int) -> OrderCard | None: ...

    def cards(self, order_ids: Sequence[int]) -> list[OrderCard]:
        """Several cards in one look, in the order of the ids; unknown ones are left out."""
        ...

    def completed(self, orders: Sequence[StoredOrder]) -> list[OrderCard]:
        """The cards of orders that were read a moment ago, in the same unit of work."""
        ...

    def cards_by_waybill(self, waybill: str) -> list[OrderCard]:
        """The same by a parcel's number, upper or lower case. Newest first."""
        ...

    def card_by_number(self, number: str) -> list[OrderCard]:
        """The hot path: number to everything an answer needs, in as few statements as the dialect allows."""
        ...

    def events(self, order_id: int) -> list[OrderEvent]: ...


class OrderWrites(Orders, Protocol):
    def upsert_many(self, orders: Sequence[Order], *, seen_at: datetime, surface: str, cause: str = "") -> list[Upserted]:
        """Idempotent and order-safe: an older `updated_at` never overwrites, an equal one changes nothing.

        Returns only orders that really changed, with the events that were written for them.
        """
        ...

    def change(self, order_id: int, *, expect_version: int, events: Sequence[OrderEvent], **columns: Any) -> int:
        """Our own change (holds, settlement_locked, warehouse, owner, ship_by, receiver). Raises Stale. New version."""
        ...

    def add_events(self, order_id: int, events: Sequence[OrderEvent]) -> None: ...

    def upsert_aftersale(self, aftersale: Aftersale, *, seen_at: datetime) -> tuple[Aftersale | None, bool]:
        """(what was there before, whether anything changed)."""
        ...

    def upsert_track(self, track: Track) -> tuple[Track | None, bool, list[int]]:
        """(before, changed, ids of the orders that carry this waybill). Events merge by (time, text)."""
        ...


# --- approvals --------------------------------------------------------------------------------------------------------


class Approvals(Protocol):
    def get(self, approval_id: int) -> Approval | None: ...

    def by_number(self, number: str) -> Approval | None: ...

    def open_for(self, order_id: int, kind: str) -> Approval | None: ...

    def by_subject(self, channel: str, shop: str, subject: str) -> list[Approval]: ...

    def waiting(self, *, limit: int = 50) -> list[Approval]: ...

    def drafts_of(self, order_id: int, requester_id: int) -> list[Approval]:
        """What this person drafted for the order and nobody submitted, oldest first."""
        ...


class ApprovalWrites(Approvals, Protocol):
    def add(self, approval: Approval) -> Approval:
        """Assigns id and number. A second open approval with the same key returns the first."""
        ...

    def save(self, approval: Approval) -> Approval:
        """Optimistic on `version`; appends new decisions; raises Stale. Returns it with the new version."""
        ...


# --- alerts -----------------------------------------------------------------------------------------------------------


class Alerts(Protocol):
    def get(self, alert_id: int) -> Alert | None: ...

    def by_number(self, number: str) -> Alert | None: ...

    def open_by_fingerprint(self, fingerprint: str) -> Alert | None: ...

    def standing(self, *, route: str = "", limit: int = 200) -> list[Alert]: ...

    def unsent(self, group: str, *, limit: int = 20_000) -> list[Alert]:
        """Standing alerts of a group whose `sent_at` is None, oldest first."""
        ...

    def history(self, rule: str, since: datetime) -> list[Alert]:
        """Every alert of a rule whose `last_at` is at or after `since`, whatever its state, oldest first."""
        ...


class AlertWrites(Alerts, Protocol):
    def add(self, alert: Alert) -> Alert: ...

    def save(self, alert: Alert) -> Alert:
        """Optimistic on `version`; raises Stale. Returns it with the new version."""
        ...


# --- deadlines: time-outs are due rows pulled by index, never a scan of all orders ------------------------------------


class Deadlines(Protocol):
    def next_due(self) -> datetime | None: ...

    def pending(self, entity: str) -> list[Deadline]: ...


class DeadlineWrites(Deadlines, Protocol):
    def put(self, deadlines: Iterable[Deadline]) -> None: ...

    def drop(self, entity: str, *kinds: str) -> None:
        """No kinds: all of the entity's."""
        ...

    def ring(self, kind: str, *, after: datetime, now: datetime) -> int:
        """Let every clock of a kind that would ring later than `after` ring now; how many. Who hears it looks afresh and
        sets the clock again: that is how a changed limit reaches the clocks that were set by the old one.
        """
        ...

    def take_due(self, now: datetime, *, limit: int = 1000) -> list[Deadline]:
        """Remove and return what is due, oldest first, in the caller's transaction."""
        ...


# --- stock, prices ----------------------------------------------------------------------------------------------------


class StockReads(Protocol):
    def level(self, sku: str, warehouse: str) -> Stock | None: ...

    def levels(self, *, sku: str = "", warehouse: str = "", limit: int = 200) -> list[Stock]: ...

    def moves(self, sku: str, warehouse: str, since: datetime) -> list[StockMove]: ...

    def of_order(self, order_id: int) -> list[StockMove]:
        """Every move made for one order, oldest first."""
        ...

    def search(self, text: str, *, limit: int = 8) -> list[Stock]:
        """By SKU or by part of its title."""
        ...


class StockWrites(StockReads, Protocol):
    def move(self, moves: Sequence[StockMove]) -> list[Stock]:
        """Apply moves atomically; a known key is skipped. Raises Refused when available would fall below zero
        on reserve or freeze. Returns the levels after.
        """
        ...

    def define(self, stock: Stock) -> None:
        """Create or rename a (sku, warehouse) and set its safety level and in-transit figure."""
        ...


class Costs(Protocol):
    def cost(self, sku: str, channel: str, at: datetime) -> Cost | None: ...


class CostWrites(Costs, Protocol):
    def put(self, costs: Iterable[Cost]) -> None: ...


# --- people, chats, dialogs -------------------------------------------------------------------------------------------


class Dialogs(Protocol):
    """What a person was last talking about in a chat: survives restarts, forgotten when `until` passes."""

    def opening(self, platform: str, chat_id: str, user_id: str, now: datetime) -> Opening:
        """Who writes in this chat, and what they were talking about: one look for what every message begins with."""
        ...

    def recall(self, platform: str, chat_id: str, user_id: str, now: datetime) -> Json | None: ...


class DialogWrites(Dialogs, Protocol):
    def remember(self, platform: str, chat_id: str, user_id: str, state: Json, until: datetime) -> None: ...

    def forget(self, platform: str, chat_id: str, user_id: str) -> None: ...


# --- outbox, sent messages, cursors, audit ----------------------------------------------------------------------------


class Outbox(Protocol):
    def depth(self) -> dict[str, int]:
        """Rows by state: waiting, claimed, failed."""
        ...

    def tally(self, topic: str) -> dict[str, int]:
        """What became of every row of a topic: raised = sent + digested + moot + open + failed, always."""
        ...


class OutboxWrites(Outbox, Protocol):
    def add(self, items: Iterable[Outgoing]) -> None: ...

    def claim(
        self, now: datetime, *, owner: str, lease_seconds: float, limit: int = 50, elsewhere: Sequence[str] = ()
    ) -> list[Claimed]:
        """Due rows, by priority then age, at most one per lane; a lapsed lease may be claimed again.

        Rows whose lane begins with one of `elsewhere` are another replica's to carry out.
        """
        ...

    def extend(self, row_ids: Sequence[int], *, owner: str, until: datetime) -> None:
        """Keep what is being carried out. Rows that somebody else has claimed meanwhile stay theirs."""
        ...

    def recover(self) -> int:
        """Hand out again at once what holders had who are certainly gone. How many rows."""
        ...

    def queue(self, row_id: int, *, limit: int) -> list[Queued]:
        """A claimed row and those behind it in its lane, in order."""
        ...

    def absorb(self, row_id: int, followers: Sequence[int], payload: Json, *, fate: str) -> None:
        """The claimed row speaks for its followers from now on: its payload is replaced, they are done, with `fate`."""
        ...

    def done(self, row_id: int, *, fate: str = "") -> None:
        """`fate`: "" it was carried out; else what became of it instead, as a word ("moot", "digest:H17")."""
        ...

    def retry(self, row_id: int, *, due_at: datetime, error: str) -> None: ...

    def fail(self, row_id: int, *, error: str) -> None:
        """Given up: stays visible as failed until a person handles it."""
        ...

    def revive(self, now: datetime) -> int:
        """Put what failed back in the queue; how many. Effects look before they repeat, so it is safe."""
        ...


class SentCards(Protocol):
    def of(self, subject: str) -> list[SentCard]: ...

    def by_message(self, platform: str, message_id: str) -> SentCard | None: ...


class SentCardWrites(SentCards, Protocol):
    def put(self, card: SentCard) -> None: ...

    def drop(self, platform: str, message_id: str) -> None:
        """It is gone from the screen, or lives on under another id."""
        ...


class Cursors(Protocol):
    def get(self, name: str) -> str | None: ...

    def freshness(self) -> list[Freshness]: ...


class CursorWrites(Cursors, Protocol):
    def put(self, name: str, value: str) -> None: ...

    def locked(self, name: str) -> str:
        """Its value, "" when there is none; nobody else reads or writes it so before this unit of work ends."""
        ...

    def drop(self, name: str) -> None: ...

    def serial(self, name: str) -> int:
        """1, 2, 3 … per name, never the same twice."""
        ...

    def succeeded(self, source: str, at: datetime) -> None: ...

    def failed(self, source: str, at: datetime, error: str) -> None: ...


class Audit(Protocol):
    def of(self, subject: str) -> list[AuditEntry]: ...

    def verify(self) -> tuple[bool, int, str]:
        """(whole, entries checked, what is wrong and where)."""
        ...


class AuditWrites(Audit, Protocol):
    def record(self, entry: AuditEntry) -> None: ...


class QuarantineReads(Protocol):
    def quarantined(self, *, limit: int = 100) -> list[Json]: ...


class QuarantineWrites(QuarantineReads, Protocol):
    def quarantine(self, source: str, ref: str, reason: str, raw: str, at: datetime) -> None: ...


class Imports(Protocol):
    def totals(self, shop: str = "") -> tuple[int, int]:
        """(rows read from files, rows rejected), of one shop or of all."""
        ...


class ImportWrites(Imports, Protocol):
    def record(self, run_id: str, file: str, shop: str, *, rows: int, rejected: int, at: datetime) -> None:
        """The counts so far of one import run; recording a run again replaces them, so a resumed one counts once."""
        ...


# --- units of work ----------------------------------------------------------------------------------------------------


class Reads(Protocol):
    """Everything readable, on one connection at one moment."""

    @property
    def orders(self) -> Orders: ...
    @property
    def approvals(self) -> Approvals: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def deadlines(self) -> Deadlines: ...
    @property
    def stock(self) -> StockReads: ...
    @property
    def costs(self) -> Costs: ...
    @property
    def people(self) -> People: ...
    @property
    def dialogs(self) -> Dialogs: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def cards(self) -> SentCards: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def quarantine(self) -> QuarantineReads: ...
    @property
    def imports(self) -> Imports: ...
    @property
    def figures(self) -> Figures: ...
    @property
    def access(self) -> AccessTokens: ...
    @property
    def usage(self) -> Usage: ...
    @property
    def lessons(self) -> Lessons: ...

    @property
    def rule_changes(self) -> RuleChanges: ...

    def rows(self, sql: str, params: Json = None, *, limit: int = 10_000) -> list[tuple[Any, ...]]:
        """For the query compiler and reports only: one read-only statement with `:name` parameters."""
        ...


class UnitOfWork(Protocol):
    """Everything writable, in one transaction. What is committed is durable and whole."""

    @property
    def orders(self) -> OrderWrites: ...
    @property
    def approvals(self) -> ApprovalWrites: ...
    @property
    def alerts(self) -> AlertWrites: ...
    @property
    def deadlines(self) -> DeadlineWrites: ...
    @property
    def stock(self) -> StockWrites: ...
    @property
    def rule_changes(self) -> RuleChangeWrites: ...
    @property
    def costs(self) -> CostWrites: ...
    @property
    def people(self) -> PeopleWrites: ...
    @property
    def dialogs(self) -> DialogWrites: ...
    @property
    def outbox(self) -> OutboxWrites: ...
    @property
    def cards(self) -> SentCardWrites: ...
    @property
    def cursors(self) -> CursorWrites: ...
    @property
    def audit(self) -> AuditWrites: ...
    @property
    def quarantine(self) -> QuarantineWrites: ...
    @property
    def imports(self) -> ImportWrites: ...
    @property
    def access(self) -> AccessTokenWrites: ...
    @property
    def binding(self) -> Binding: ...
    @property
    def usage(self) -> UsageWrites: ...
    @property
    def lessons(self) -> LessonWrites: ...
    @property
    def days(self) -> DayWrites: ...


class Inbox(Protocol):
    """Its own file on SQLite, so that accepting never waits for the writer."""

    async def accept(self, items: Sequence[tuple[str, str, str, str, Json, datetime]]) -> int:
        """Durably add (source, kind, dedupe, lane, payload, received_at); duplicates by (source, dedupe) are ignored.

        Returns how many were new. Resolves only after they are on disk.
        """
        ...

    async def claim(self, now: datetime, *, limit: int = 100, elsewhere: Sequence[str] = ()) -> list[InboxItem]:
        """Oldest first; never two of one lane at once. Items of the sources `elsewhere` are another replica's."""
        ...

    async def extend(self, ids: Sequence[int]) -> None:
        """Keep what is being worked on: a claim lapses, so that the work of a dead process is taken over."""
        ...

    async def recover(self) -> int:
        """Hand out again at once what processes held that are certainly gone. How many items."""
        ...

    async def recent(self, source: str, since: datetime) -> list[tuple[str, datetime]]:
        """(lane, last received) of the messages and clicks of a source, newest first."""
        ...

    async def take_in(self, item: tuple[str, str, str, str, Json, datetime]) -> tuple[bool, int]:
        """Durably add one item, claimed from the start by this process: (whether it is new, its id when it is this process's
        to handle now). 0: it waits behind another of its lane, and is claimed in its turn like any other.
        """
        ...

    async def done(self, ids: Sequence[int]) -> int:
        """How many items that were waiting behind these may be claimed now."""
        ...

    async def retry(self, item_id: int, *, due_at: datetime, error: str) -> None: ...

    async def dead(self, item_id: int, *, error: str) -> None: ...

    async def revive(self) -> int:
        """Take everything that was given up back in; how many that was. Handling is idempotent, so it is safe."""
        ...

    async def depth(self) -> int: ...


class Leases(Protocol):
    """One holder per name among replicas."""

    async def take(self, name: str, owner: str, *, seconds: float) -> bool: ...

    async def give(self, name: str, owner: str) -> None: ...


class Store(Protocol):
    """The door to storage."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def leases(self) -> Leases: ...

    async def read(self, work: Callable[[Reads], T]) -> T: ...

    async def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Runs `work` in a transaction shared with others' work (group commit); resolves after the commit."""
        ...

    def read_now(self, work: Callable[[Reads], T]) -> T:
        """The same, on the calling thread: command line, tests, and the inline path of a benchmark."""
        ...

    def write_now(self, work: Callable[[UnitOfWork], T]) -> T: ...

    async def close(self) -> None: ...
