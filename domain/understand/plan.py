"""The closed query plan: the only thing that a sentence, a button or a model can turn into.

Same plan, same answer. A plan is stored for follow-ups, so it goes to JSON and back without loss. Identifiers are text
(19-digit order numbers do not fit a double); amounts are minor units; ranges are aware UTC.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.dates import DateRange
from domain.errors import BadInput
from domain.money import Money
from domain.values import quick


class Intent(StrEnum):
    """What a message asks for: the public list of the `ask` command."""

    WHERE_IS_ORDER = "where_is_order"
    ORDER_DETAIL = "order_detail"
    CUSTOMER_ORDERS = "customer_orders"
    AFTERSALE_STATUS = "aftersale_status"
    REQUEST_REFUND = "request_refund"
    REQUEST_RETURN = "request_return"
    REQUEST_EXCHANGE = "request_exchange"
    WITHDRAW_AFTERSALE = "withdraw_aftersale"
    CHANGE_ADDRESS = "change_address"
    CANCEL_ORDER = "cancel_order"
    URGE_SHIPMENT = "urge_shipment"
    STOCK = "stock"
    TODO = "todo"
    KPI = "kpi"
    ALERT_WHY = "alert_why"
    ALERT_ACK = "alert_ack"
    ALERT_SNOOZE = "alert_snooze"
    APPROVE = "approve"
    REJECT = "reject"
    CREATE_ORDER = "create_order"
    DOCUMENTS = "documents"
    RULES = "rules"
    EXPAND = "expand"  # a numbered digest of messages that were too many to send one by one
    HELP = "help"
    SMALLTALK = "smalltalk"
    OUT_OF_SCOPE = "out_of_scope"


# What a person may wish for an order: each becomes a draft that is shown back, or is done and can be taken back.
WISHES = (
    Intent.REQUEST_REFUND,
    Intent.REQUEST_RETURN,
    Intent.REQUEST_EXCHANGE,
    Intent.CHANGE_ADDRESS,
    Intent.CANCEL_ORDER,
    Intent.WITHDRAW_AFTERSALE,
    Intent.URGE_SHIPMENT,
)


# Intents that start something which costs money or cannot be taken back. Never chosen on a negated or doubtful sentence.
RISKY = frozenset(
    {
        Intent.CANCEL_ORDER,
        Intent.REQUEST_REFUND,
        Intent.REQUEST_RETURN,
        Intent.REQUEST_EXCHANGE,
        Intent.CHANGE_ADDRESS,
        Intent.APPROVE,
        Intent.REJECT,
        Intent.CREATE_ORDER,
    }
)


NO_ORDER = "no_order"  # the note of a withdrawal that names no order: the number alone, sent next, completes it


@quick
@dataclass(frozen=True, slots=True)
class Slots:
    """What the message named. One value each (the first or best); every number of the message is in `Plan.found`."""

    order_no: str | None = None
    waybill_no: str | None = None
    phone: str | None = None  # national digits for China (11), E.164 for the rest
    phone_tail: str | None = None  # last four digits, of a phone or of an order number: people do not say which
    name: str | None = None
    sku: str | None = None
    amount: Money | None = None
    reason: str | None = None
    address: str | None = None
    channel: str | None = None  # canonical code of the lexicon: douyin, pinduoduo, taobao, ...
    range: DateRange | None = None
    metric: str | None = None
    alert_id: str | None = None
    approval_id: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One identifier as it stood in the message: kind is a slot name, value its canonical form."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. `op` is one of = != < <= > >= in has; the value is canonical text."""

    field: str
    op: str
    value: str


@quick
@dataclass(frozen=True, slots=True)
class Plan:
    """One reading of one message.

    `extra` holds small facts that only some intents need: `aftersale_kind` (refund/return/exchange), `question` (how/can:
    the person asks for the way, not for the deed), `about` (which field of an order: paid_at, amount, address, logistics),
    `order_head`+`order_tail` (an abbreviated number), `phone_head`+`phone_tail`, `minutes` (snooze), `qty`, `pick` (the nth of
    the list shown before), `document` (picklist, outbound, label, invoice), `view` (a named list), `digest` and `page`, `lang`; of figures `compare` (previous,
    year, month, week or START/END), `also` (other metrics named), `caveat`, `unread` (words nothing was made of: to be said).
    `alternatives` is what "did you mean" buttons offer, best first. `note` is a short machine word on why the reading is
    careful: `negated`, `policy`, `which_approval`, `unsure`, `too_long`, `no_order` (a withdrawal that names no order).
    """

    intent: Intent
    slots: Slots = field(default_factory=Slots)
    found: tuple[Found, ...] = ()
    entity: str = ""
    filters: tuple[Filter, ...] = ()
    group_by: tuple[str, ...] = ()
    order: str = ""
    limit: int | None = None
    chart: str = ""
    confidence: float = 1.0
    alternatives: tuple[Intent, ...] = ()
    note: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def all(self, kind: str) -> tuple[str, ...]:
        """Every identifier of one kind, in reading order, without repeats."""
        return tuple(dict.fromkeys(found.value for found in self.found if found.kind == kind))


_SLOTS = tuple(one.name for one in fields(Slots))


def slots_json(slots: Slots) -> dict[str, Any]:
    """Only what was named, ready for `json.dumps`."""
    out: dict[str, Any] = {}
    for name in _SLOTS:
        value = getattr(slots, name)
        if value is None:
            continue
        if isinstance(value, Money):
            value = {"minor": value.minor, "currency": value.currency}
        elif isinstance(value, DateRange):
            value = {"start": value.start.isoformat(), "end": value.end.isoformat(), "label": value.label}
        out[name] = value
    return out


def to_json(plan: Plan) -> str:
    """A plan as one line of JSON; `from_json` gives an equal plan back."""
    return json.dumps(
        {
            "intent": plan.intent.value,
            "slots": slots_json(plan.slots),
            "found": [[one.kind, one.value] for one in plan.found],
            "entity": plan.entity,
            "filters": [[one.field, one.op, one.value] for one in plan.filters],
            "group_by": list(plan.group_by),
            "order": plan.order,
            "limit": plan.limit,
            "chart": plan.chart,
            "confidence": plan.confidence,
            "alternatives": [one.value for one in plan.alternatives],
            "note": plan.note,
            "extra": plan.extra,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def from_json(text: str) -> Plan:
    """Inverse of `to_json`. Raises BadInput when the text is not a plan (a stored dialog of another version)."""
    try:
        raw = json.loads(text)
        slots = dict(raw["slots"])
        if "amount" in slots:
            slots["amount"] = Money(int(slots["amount"]["minor"]), slots["amount"]["currency"])
        if "range" in slots:
            span = slots["range"]
            slots["range"] = DateRange(
                datetime.fromisoformat(span["start"]), datetime.fromisoformat(span["end"]), span["label"]
            )
        return Plan(
            intent=Intent(raw["intent"]),
            slots=Slots(**slots),
            found=tuple(Found(*one) for one in raw["found"]),
            entity=raw["entity"],
            filters=tuple(Filter(*one) for one in raw["filters"]),
            group_by=tuple(raw["group_by"]),
            order=raw["order"],
            limit=raw["limit"],
            chart=raw["chart"],
            confidence=raw["confidence"],
            alternatives=tuple(Intent(one) for one in raw["alternatives"]),
            note=raw["note"],
            extra=dict(raw["extra"]),
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise BadInput("这段对话我记不清了，请再说一遍。") from problem
