"""The values that handlers and storage hand each other. Frozen; money in minor units, times aware UTC.

`domain/store.py` says what can be done with them, and re-exports them: import both from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.money import Money
from domain.order import Aftersale, Order, Track
from domain.people import Person
from domain.values import quick

Json = Any  # JSON-able value: dict, list, str, int, bool, None


@quick
@dataclass(frozen=True, slots=True)
class OrderEvent:
    """One step in an order's life. Append-only. `before`/`after` are stage names or short values, never personal data."""

    at: datetime
    kind: str  # created, paid, stage, parcel, scan, hold, release, aftersale, address, approval, note, ...
    actor: str  # person name, "抖音", "顺丰", "小单"
    surface: str  # channel, carrier, chat, web, rule, file
    before: str = ""
    after: str = ""
    text: str = ""
    cause: str = ""  # id of what made it happen: push id, approval number, rule name


@quick
@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as the store has it: the canonical value plus what is ours."""

    id: int
    order: Order
    version: int
    synced_at: datetime  # when the store last heard of it from its source
    settlement_locked: bool = False
    owner: str = ""  # who holds the next step, when assigned


@quick
@dataclass(frozen=True, slots=True)
class OrderCard:
    """All that one answer needs, fetched in one go."""

    stored: StoredOrder
    events: tuple[OrderEvent, ...]
    aftersales: tuple[Aftersale, ...]
    tracks: tuple[Track, ...]
    open_approvals: tuple[Approval, ...]
    source_at: datetime | None  # last successful sync of that shop


@quick
@dataclass(frozen=True, slots=True)
class Upserted:
    """Result of one upsert: what really changed. `before` is None for a new order."""

    id: int
    before: Order | None
    after: Order
    events: tuple[OrderEvent, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    step: int
    person_id: int
    person_name: str
    verdict: str  # agree, refuse, return, transfer
    at: datetime
    surface: str  # platform name
    chat_id: str
    note: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A request for a decision and what became of it. `state` is one of domain.approval.State."""

    id: int
    number: str  # A17
    kind: str  # refund, address, ...
    state: str
    channel: str
    shop: str
    order_id: int
    order_number: str
    subject: str  # after-sale number, or "" for requests made in the chat
    amount: Money
    requester_id: int  # 0: the buyer, through the channel
    requester_name: str
    created_at: datetime
    version: int
    steps: tuple[str, ...]  # permissions, in sequence
    step: int  # index of the step that waits
    decisions: tuple[Decision, ...]
    fingerprint: str  # of the order's material facts when the card was made
    rule: str  # which policy row chose the steps, with its version
    key: str  # idempotency key of the effect
    facts: Json  # what the card shows and the effect needs; no personal data in clear
    due_at: datetime | None = None
    execute_at: datetime | None = None  # end of the undo window
    executed_at: datetime | None = None
    result: str = ""  # platform's reference, or the reason it failed
    private: Json = None  # encrypted at rest, never shown unmasked in a group: {"receiver": {...}} of an address change


@dataclass(frozen=True, slots=True)
class Alert:
    """One standing problem. `fingerprint` = rule + entity; a changed value updates, never raises a second one."""

    id: int
    number: str  # K203
    rule: str
    rule_version: int
    fingerprint: str
    group: str  # what is sent together, e.g. rule + warehouse + cause
    severity: str  # critical, warning, info
    state: str  # open, claimed, snoozed, resolved  (domain.alert.State)
    title: str
    facts: Json  # figures the rule saw
    order_ids: tuple[int, ...]
    first_at: datetime
    last_at: datetime
    count: int
    version: int
    claimed_by: str = ""
    claimed_at: datetime | None = None
    snoozed_until: datetime | None = None
    resolved_at: datetime | None = None
    sent_at: datetime | None = None
    useful: str = ""  # useful, noise, or not yet said
    route: str = ""  # topic / chat it belongs to


@dataclass(frozen=True, slots=True)
class Deadline:
    """`(entity, kind)` is unique: setting it again moves it. entity is `order:123`, `approval:4`, `alert:9`, ..."""

    entity: str
    kind: str  # ship_by_soon, ship_by_missed, no_scan, approval_due, approval_execute, alert_wake, ...
    due_at: datetime
    payload: Json = None


@dataclass(frozen=True, slots=True)
class Stock:
    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    frozen: int
    safety: int
    in_transit: int
    title: str = ""
    updated_at: datetime | None = None

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved - self.frozen


@dataclass(frozen=True, slots=True)
class StockMove:
    """A ledger row. `key` makes it idempotent; quantities are derived from moves, never edited."""

    sku: str
    warehouse: str
    kind: str  # receive, reserve, release, ship, return, freeze, unfreeze, adjust
    quantity: int
    key: str
    at: datetime
    order_id: int = 0
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a SKU costs us on a channel from a day on ("" = every channel). `fee_bp`: channel fees, 1/10000 of the price."""

    sku: str
    channel: str
    since: datetime
    unit_cost: Money
    fee_bp: int = 0
    freight: Money | None = None  # per parcel, our cost


@dataclass(frozen=True, slots=True)
class BoundChat:
    """A group and what it is for. `topics` route alerts and approvals: orders, refunds, stock, logistics, margin, tech."""

    platform: str
    chat_id: str
    kind: str
    title: str
    topics: frozenset[str]
    shops: frozenset[str] = field(default_factory=frozenset)
    warehouses: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when somebody writes: who it is (None: nobody of ours), what they were talking about in this chat while
    that is not forgotten, whether the chat is a bound group, and the version of what was taught (`Lessons.version`).
    """

    person: Person | None = None
    remembered: Json | None = None
    bound: bool = False
    lessons: int = 0


@quick
@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something to do outside, after the commit. `key` is unique: adding it twice is adding it once.

    Topics are `domain.topics`. Rows with the same `lane` are done one at a time, in order.
    """

    topic: str
    key: str
    payload: Json
    due_at: datetime | None = None
    lane: str = ""
    priority: int = 5  # 0 critical .. 9 bulk


@dataclass(frozen=True, slots=True)
class Claimed:
    id: int
    topic: str
    key: str
    payload: Json
    attempts: int
    added_at: datetime
    lane: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """A row that waits in a lane. `error` is why its last try ended, "" when there was none."""

    id: int
    key: str
    payload: Json
    priority: int
    error: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class SentCard:
    """A live card somewhere: so that every copy can be updated. subject is `approval:4`, `alert:9`, `order:12`."""

    subject: str
    platform: str
    chat_id: str
    chat_kind: str
    message_id: str
    rendered: str = ""  # hash of what it shows now


@dataclass(frozen=True, slots=True)
class Freshness:
    source: str  # "douyin/旗舰店"
    last_ok: datetime | None
    last_error: str
    error_since: datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what. Hash-chained by the store; `before`/`after` hold no personal data in clear."""

    at: datetime
    actor: str  # person:3 张明, channel:douyin, rule:stock-1, system
    action: str  # approval.agree, order.hold, person.reveal, chat.denied, ...
    subject: str  # order:123, approval:4
    before: Json = None
    after: Json = None
    surface: str = ""  # platform / web / cli
    chat_id: str = ""
    request_id: str = ""  # message id, click id, push id


@dataclass(frozen=True, slots=True)
class InboxItem:
    """An accepted, durable, not yet handled inbound thing. Items of one `lane` are handled in order, one at a time."""

    id: int
    source: str  # connector
    kind: str  # message, click, push
    lane: str  # chat+person, or shop+order
    payload: Json
    received_at: datetime
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token that lets a person's own assistant ask in their name. The secret is not kept, only its keyed hash."""

    id: int
    person_id: int
    scopes: frozenset[str]  # read, propose, personal
    label: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """What one budget used in one window. `cost` in millionths of the currency's unit."""

    requests: int = 0
    tokens: int = 0
    cost: int = 0
