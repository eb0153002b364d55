"""The closed list of tools: what people in the group can ask, and what they can ask for.

There is no tool that approves, refuses, undoes or carries out: not hidden behind a scope, but not written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.assistants import lookups, plans, schema
from bot.assistants.plans import Around, Planner
from bot.assistants.schema import Arguments, Json, flag, listed, record, text, whole
from bot.assistants.tokens import PROPOSE, READ
from domain.metrics import METRICS
from domain.people import May
from domain.query import FIELDS, GROUP_NAMES
from domain.understand import Intent, Plan
from domain.understand.lexicon import CHANNELS

__all__ = ["TOOLS", "Around", "Tool", "Way", "plan_of"]


class Way(StrEnum):
    """Who answers a call."""

    ASK = "ask"  # whoever answers the same question in the group
    TIMELINE = "timeline"
    LOOKUP = "lookup"  # a table of ours: no store, no person
    DRAFT = "draft"  # the group's draft, its card put before the person
    SUGGEST = "suggest"  # a card of its own before the person, whose press does what the sentence does


@dataclass(frozen=True, slots=True)
class Tool:
    """`plan` turns checked arguments into a plan. `link` asks for the timeline's page instead of the answer alone; `said` is
    the message that handlers read, the arguments' texts unless given; `may` is asked here where no router asks it.
    """

    name: str
    scope: str
    title: str
    description: str
    fields: Mapping[str, Json]
    required: tuple[str, ...]
    plan: Planner
    way: Way = Way.ASK
    link: bool = False
    may: May | None = None
    said: Callable[[Arguments], str] | None = None
    lookup: Callable[[Arguments], lookups.Answer] | None = None

    @property
    def schema(self) -> Json:
        return {
            "type": "object",
            "properties": dict(self.fields),
            "required": list(self.required),
            "additionalProperties": False,
        }

    def checked(self, given: Any) -> Arguments:
        """Raises BadInput in words."""
        return schema.checked(self.name, self.fields, self.required, given)


def plan_of(tool: Tool, given: Any, around: Around) -> Plan:
    """Check the arguments against the tool's schema, then make the plan. Raises BadInput in words."""
    return tool.plan(tool.checked(given), around)


# --- fields -----------------------------------------------------------------------------------------------------------

_ORDER = text(64, "One order: its number, its waybill number, or 尾号 0417. Always text: long numbers lose digits.")
_ORDERS = text(240, "Order numbers or waybill numbers, up to 10 separated by blanks; or 尾号 0417. Always text.")
_PERIOD = text(40, "今天, 昨天, 近 30 天, 上周, last week, 2026-11-01 到 2026-11-15. China time.")
_REASON = text(60, "Why, in a few words; shown on the card.")
_MONEY = text(20, "Yuan as text, 50 or 50.00; all that is left unless given.")
_PAGE = whole(1, 500, "Page, from 1.")
_CHANNEL = text(0, "Sales channel.", enum=CHANNELS)
_ABOUT = text(
    0,
    "Which field comes first: when it was paid, what it cost, where it goes (masked), how it travels.",
    enum=("paid_at", "amount", "address", "logistics", "order"),
)
_CONDITION = record(
    field=text(0, "What is compared.", enum=sorted(FIELDS)),
    op=text(
        0,
        "total takes < <= > >=; channel, shop, warehouse, stage take = !=; the rest =.",
        enum=["=", "!=", "<", "<=", ">", ">="],
    ),
    value=text(
        60,
        "total: fen (1 yuan = 100), digits only. paid, shipped, delivered, held: yes or no. aftersale: any or no. "
        "channel: douyin, pinduoduo, taobao, shopify, ... stage: unpaid, hold, to_ship, part_shipped, shipped, delivered, "
        "completed, closed_unpaid, closed_refunded. kind: refund, return, exchange, reship, repair. Else a name as written.",
    ),
)
_KPI: dict[str, Json] = {
    "metric": text(
        0,
        "Which figure. gmv, average_order, refund_amount: yuan. *_rate, *_share, on_time, margin: per cent. fulfilment_*, "
        "first_response: hours. turnover_days: days. The rest: counts.",
        enum=sorted(METRICS),
    ),
    "period": text(40, f"{_PERIOD['description']} The last 7 days unless given."),
    "group_by": listed(
        2, "Split by one or two; what a figure cannot be split by is refused.", text(0, "By what.", enum=sorted(GROUP_NAMES))
    ),
    "filters": listed(6, "Conditions, all of which must hold.", _CONDITION),
    "order": text(0, "Rows by value: value ascending, -value descending (default).", enum=["value", "-value"]),
    "limit": whole(1, 200, "Rows at most."),
    "explain": flag("true: how it is computed, and the rows behind it as a CSV file."),
}  # fmt: skip
_DRAFT = (
    "Puts a draft card before the person, who alone can submit it; approval then goes its usual way. Nothing else happens. "
    "The same arguments again give the same draft."
)
_CARD = "Puts a card before the person; only their press on it does it. Nothing else happens."


def _of_order(name: str, title: str, description: str, intent: Intent, *, several: bool = False, link: bool = False) -> Tool:
    fields = {"order": _ORDERS if several else _ORDER}
    return Tool(name, READ, title, description, fields, ("order",), plans.of_order(intent, several=several), link=link)


def _wish(name: str, title: str, what: str, intent: Intent, **more: Json) -> Tool:
    fields = {"order": _ORDER, **more, "reason": _REASON}
    return Tool(
        name, PROPOSE, title, f"{what} {_DRAFT}", fields, ("order",), plans.wish(intent), Way.DRAFT, may=May.REQUEST_CHANGE
    )


# --- the list ---------------------------------------------------------------------------------------------------------

_READS = (
    _of_order(
        "where_is_order",
        "订单到哪了",
        "Where an order is, why, who acts next, and a text for the customer. Several numbers give one line each.",
        Intent.WHERE_IS_ORDER,
        several=True,
    ),
    Tool(
        "order_detail",
        READ,
        "订单详情",
        "Amounts, times, goods, receiver (masked) and notes of one order.",
        {"order": _ORDER, "about": _ABOUT},
        ("order",),
        plans.detail,
    ),
    Tool(
        "timeline",
        READ,
        "时间轴",
        "Everything that happened to one order, oldest first: who, what, from what to what, and the carrier's scans.",
        {"order": _ORDER},
        ("order",),
        plans.of_order(Intent.WHERE_IS_ORDER),
        Way.TIMELINE,
        may=May.ASK_ORDERS,
    ),
    _of_order(
        "timeline_link",
        "时间轴页面",
        "A link to the order's timeline page, good for 24 hours.",
        Intent.WHERE_IS_ORDER,
        link=True,
    ),
    Tool(
        "customer_orders",
        READ,
        "客户的订单",
        "All orders of one customer, newest first. Give one of phone, order, name.",
        {
            "phone": text(32, "Phone number as text, or its last four digits."),
            "order": text(64, "Any order of that customer."),
            "name": text(40, "The receiver's name; many people share one."),
            "channel": _CHANNEL,
            "period": text(40, f"{_PERIOD['description']} The last 90 days unless given."),
        },
        (),
        plans.customer,
    ),
    _of_order(
        "aftersale_status", "售后进度", "How far the refund, return or exchange of an order is.", Intent.AFTERSALE_STATUS
    ),
    Tool(
        "stock",
        READ,
        "库存",
        "Pieces on hand, reserved, available, safety level and in transit, per warehouse.",
        {"goods": text(60, "SKU, or part of the article's name; without it the shortest articles of all.")},
        (),
        plans.stock,
    ),
    Tool(
        "kpi", READ, "经营数据", "One figure with its definition, change, split and narrowed.", _KPI, ("metric",), plans.kpi
    ),
    Tool(
        "documents",
        READ,
        "单据",
        "A paper as a PDF file: pick list, outbound slip, return label, invoice data. Receivers are masked as in a group.",
        {
            "kind": text(0, "Which paper.", enum=["picklist", "outbound", "return_label", "invoice"]),
            "order": text(240, f"{_ORDERS['description']} A picklist without it is of all that waits to be picked."),
            "channel": _CHANNEL,
            "shop": text(60, "Only this shop (picklist of all)."),
            "warehouse": text(60, "Only this warehouse (picklist of all)."),
            "as_pictures": flag("true: the first pages as PNG as well."),
        },
        ("kind",),
        plans.document,
        said=lambda given: f"{given.get('order', '')} {'图片' if given.get('as_pictures') else ''}".strip(),
    ),
    Tool("alerts", READ, "报警", "Alerts that stand now.", {}, (), plans.alerts),
    Tool(
        "alert_why",
        READ,
        "为什么报警",
        "Why an alert came: rule, figures, threshold; or, for an order, why each rule spoke or kept silent.",
        {"alert": text(8, "Alert number, K203."), "order": text(64, "An order number, instead of an alert.")},
        (),
        plans.alert,
    ),
    Tool(
        "todo",
        READ,
        "待办",
        "What waits for this person.",
        {
            "view": text(
                0,
                "mine: everything (default); approvals: to decide; to_ship: orders to send, most urgent first; "
                "exceptions: orders that are stuck.",
                enum=["mine", "approvals", "to_ship", "exceptions"],
            ),
            "page": _PAGE | {"description": "Page of to_ship, from 1."},
        },
        (),
        plans.todo,
    ),
    Tool(
        "rules",
        READ,
        "规则",
        "The alert rules, or one in full; with rehearse, what other limits would have done in 30 days. Switches nothing.",
        {
            "rule": text(16, "A rule's name as in the list, 发货-1."),
            "rehearse": listed(
                6,
                "Limits to try.",
                record(
                    limit=text(40, "The limit's name as the rule shows it, lead_minutes."),
                    to=whole(-999_999_999, 999_999_999, "The value to try, in the limit's own unit."),
                ),
            ),
        },
        (),
        plans.rules,
        said=plans.rules_said,
    ),
    Tool(
        "digest",
        READ,
        "展开合并消息",
        "The messages that one merged message of the person's own chat stands for.",
        {"digest": text(12, "Its number, H17."), "page": _PAGE},
        ("digest",),
        plans.digest,
    ),
    Tool(
        "address_check",
        READ,
        "查地址",
        "Province, city, district, code and centre of a Chinese address; with other, how far apart two are in km.",
        {"address": text(200, "A Chinese address as people write it."), "other": text(200, "A second address.")},
        ("address",),
        plans.none,
        Way.LOOKUP,
        lookup=lookups.address,
    ),
    Tool(
        "waybill_carrier",
        READ,
        "单号是哪家快递",
        "Which carriers a waybill number may be of, likeliest first, with a confidence from 0 to 1.",
        {"number": text(64, "A waybill number as text.")},
        ("number",),
        plans.none,
        Way.LOOKUP,
        lookup=lookups.waybill,
    ),
)
_PROPOSALS = (
    _wish("propose_refund", "提议退款", "Proposes to pay money back.", Intent.REQUEST_REFUND, amount=_MONEY),
    _wish(
        "propose_return", "提议退货", "Proposes a return: goods back, then the money.", Intent.REQUEST_RETURN, amount=_MONEY
    ),
    Tool(
        "propose_exchange",
        PROPOSE,
        "提议换货",
        f"Proposes an exchange; once agreed, a person arranges it. {_DRAFT}",
        {"order": _ORDER, "into": text(20, "What they want instead, 灰色 L 码."), "reason": _REASON},
        ("order",),
        plans.exchange,
        Way.DRAFT,
        may=May.REQUEST_CHANGE,
    ),
    _wish("propose_cancel", "提议取消", "Proposes to cancel an order that has not left.", Intent.CANCEL_ORDER),
    Tool(
        "propose_address_change",
        PROPOSE,
        "提议改地址",
        f"Proposes another receiver; give what changes. {_DRAFT}",
        {
            "order": _ORDER,
            "address": text(120, "The whole new address, province to door; it replaces the old one."),
            "phone": text(32, "The new phone number, as text."),
            "name": text(40, "The new receiver's name."),
            "reason": _REASON,
        },
        ("order",),
        plans.address,
        Way.DRAFT,
        may=May.REQUEST_CHANGE,
    ),
    Tool(
        "propose_withdraw_aftersale",
        PROPOSE,
        "提议撤回申请",
        f"Proposes to take back this person's own request. {_CARD}",
        {"ticket": text(8, "The request's number, A17."), "order": text(64, "Or the order that it is about.")},
        (),
        plans.withdrawal,
        Way.SUGGEST,
        may=May.REQUEST_CHANGE,
    ),
    Tool(
        "propose_urge",
        PROPOSE,
        "提议催件",
        f"Proposes to chase an order at the warehouse. {_CARD}",
        {"order": _ORDER},
        ("order",),
        plans.of_order(Intent.URGE_SHIPMENT),
        Way.SUGGEST,
        may=May.ASK_ORDERS,
    ),
    Tool(
        "propose_claim_alert",
        PROPOSE,
        "提议认领报警",
        f"Proposes that this person takes an alert; its card, where they may also mute it. {_CARD}",
        {"alert": text(8, "Alert number, K203.")},
        ("alert",),
        plans.claim,
        Way.SUGGEST,
        may=May.HANDLE_ALERT,
    ),
)
TOOLS: dict[str, Tool] = {each.name: each for each in (*_READS, *_PROPOSALS)}
