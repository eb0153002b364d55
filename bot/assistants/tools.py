"""The closed list of tools, and how the arguments of each become a plan of ours. Arguments are a stranger's: all checked.

There is no tool that approves, refuses, undoes or carries out: not hidden behind a scope, but not written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.assistants.tokens import PROPOSE, READ
from domain.dates import find_range
from domain.errors import BadInput
from domain.metrics import METRICS
from domain.money import Money
from domain.privacy import safe_note, safe_text
from domain.query import FIELDS, GROUP_NAMES, query_of
from domain.understand import Filter, Intent, Lexicon, Plan, Slots, understand
from domain.understand.lexicon import CHANNELS
from domain.understand.normal import normalise

Arguments = Mapping[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What a plan needs to know beside its arguments."""

    now: datetime
    lexicon: Lexicon
    lang: str


@dataclass(frozen=True, slots=True)
class Tool:
    """`plan` turns checked arguments into a plan; `link` asks for the timeline's page instead of the answer alone."""

    name: str
    scope: str
    title: str
    description: str
    fields: Mapping[str, Json]
    required: tuple[str, ...]
    plan: Callable[[Arguments, Around], Plan]
    link: bool = False

    @property
    def schema(self) -> Json:
        return {
            "type": "object",
            "properties": dict(self.fields),
            "required": list(self.required),
            "additionalProperties": False,
        }


def plan_of(tool: Tool, given: Any, around: Around) -> Plan:
    """Check the arguments against the tool's schema, then make the plan. Raises BadInput in words."""
    arguments = {} if given is None else given
    if not isinstance(arguments, dict):
        raise BadInput("参数要写成一个对象。")
    if unknown := sorted(set(arguments) - set(tool.fields)):
        raise BadInput(f"{tool.name} 没有这些参数：{'、'.join(safe_text(str(each), 20) for each in unknown[:5])}。")
    if missing := [name for name in tool.required if arguments.get(name) in (None, "")]:
        raise BadInput(f"{tool.name} 还缺参数：{'、'.join(missing)}。")
    for name, value in arguments.items():
        _check(name, value, tool.fields[name])
    return tool.plan(arguments, around)


def _check(name: str, value: Any, field: Json) -> None:
    kind = field["type"]
    fits = {
        "string": isinstance(value, str) and len(value) <= field.get("maxLength", 64),
        "integer": type(value) is int and field.get("minimum", 0) <= value <= field.get("maximum", 200),
        "array": isinstance(value, list) and len(value) <= field.get("maxItems", 6),
    }[kind]
    if not fits:
        raise BadInput(f"参数 {name} 的格式不对，照说明里的写。")
    if "enum" in field and value not in field["enum"]:
        raise BadInput(f"参数 {name} 只能是：{'、'.join(field['enum'])}。")
    for each in value if kind == "array" else ():
        _check_item(name, each, field["items"])


def _check_item(name: str, each: Any, items: Json) -> None:
    if items["type"] != "object":
        _check(name, each, items)
        return
    if not isinstance(each, dict) or set(each) != set(items["properties"]):
        raise BadInput(f"参数 {name} 的每一项要有且只有：{'、'.join(items['properties'])}。")
    for key, field in items["properties"].items():
        _check(f"{name}.{key}", each[key], field)


# --- arguments to plans -----------------------------------------------------------------------------------------------


def _order(arguments: Arguments, around: Around, intent: Intent, **extra: str) -> Plan:
    """The order that an argument names, read by the same rules as a message. Raises BadInput when it names none."""
    read = understand(arguments["order"], now=around.now, lexicon=around.lexicon)
    slots = read.slots
    handles = Slots(order_no=slots.order_no, waybill_no=slots.waybill_no, phone_tail=slots.phone_tail)
    kept = {key: read.extra[key] for key in ("order_head", "order_tail") if key in read.extra}
    if handles == Slots() and "order_tail" not in kept:
        raise BadInput("order 里没有看到单号。写订单号、快递单号，或“尾号 0417”。")
    found = tuple(each for each in read.found if each.kind in ("order_no", "waybill_no", "phone_tail"))
    return Plan(intent, handles, found, "order", extra=kept | extra)


def _detail(arguments: Arguments, around: Around) -> Plan:
    about = arguments.get("about")
    return _order(arguments, around, Intent.ORDER_DETAIL, **({"about": about} if about else {}))


def _customer(arguments: Arguments, around: Around) -> Plan:
    read = understand(f"{arguments['phone']} 的订单", now=around.now, lexicon=around.lexicon)
    handles = Slots(phone=read.slots.phone, phone_tail=read.slots.phone_tail)
    if handles == Slots():
        raise BadInput("phone 要写手机号，或后四位。")
    found = tuple(each for each in read.found if each.kind in ("phone", "phone_tail"))
    return Plan(Intent.CUSTOMER_ORDERS, handles, found, "order")


def _stock(arguments: Arguments, around: Around) -> Plan:
    goods = safe_text(arguments["goods"], 40)
    named = around.lexicon.skus.find(normalise(goods)[0])
    return Plan(Intent.STOCK, Slots(sku=named[0] if named else goods), entity="stock")


def _kpi(arguments: Arguments, around: Around) -> Plan:
    phrase = arguments.get("period") or ""
    mention = find_range(normalise(phrase)[0], around.now) if phrase else None
    if phrase and mention is None:
        raise BadInput("period 没看懂，写“昨天”“近 30 天”“2026-11-01 到 2026-11-15”这样的。")
    plan = Plan(
        Intent.KPI,
        Slots(metric=arguments["metric"], range=mention.range if mention else None),
        entity="figure",
        filters=tuple(_filter(each) for each in arguments.get("filters") or ()),
        group_by=tuple(arguments.get("group_by") or ()),
        order=arguments.get("order") or "",
        limit=arguments.get("limit"),
    )
    query_of(plan, around.now, lang=around.lang)
    return plan


def _filter(given: Mapping[str, str]) -> Filter:
    if given["op"] not in FIELDS[given["field"]]:
        raise BadInput(f"filters：{given['field']} 只能用 {' '.join(sorted(FIELDS[given['field']]))}。")
    if given["field"] == "channel" and given["value"] not in CHANNELS:
        raise BadInput(f"filters：渠道写代号，有 {'、'.join(CHANNELS)}。")
    return Filter(given["field"], given["op"], safe_text(given["value"], 60))


def _alert(arguments: Arguments, around: Around) -> Plan:
    number = arguments["alert"].strip().upper()
    if not re.fullmatch(r"K\d{1,6}", number):
        raise BadInput("alert 写报警编号，像 K203。")
    return Plan(Intent.ALERT_WHY, Slots(alert_id=number), entity="alert")


def _todo(arguments: Arguments, around: Around) -> Plan:
    view = arguments.get("view")
    return Plan(Intent.TODO, entity="task", extra={"view": view} if view else {})


def _wish(intent: Intent) -> Callable[[Arguments, Around], Plan]:
    def plan(arguments: Arguments, around: Around) -> Plan:
        made = _order(arguments, around, intent)
        reason = safe_note(arguments.get("reason") or "", 60) or None
        return replace(made, slots=replace(made.slots, amount=_amount(arguments.get("amount")), reason=reason))

    return plan


def _amount(text: str | None) -> Money | None:
    if not text:
        return None
    try:
        amount = Money.parse(text.strip())
    except ValueError as problem:
        raise BadInput("amount 写成“50”或“50.00”，单位是元。") from problem
    if amount.minor <= 0:
        raise BadInput("amount 要大于 0。")
    return amount


def _address(arguments: Arguments, around: Around) -> Plan:
    made = _order(arguments, around, Intent.CHANGE_ADDRESS)
    address, phone, name = (safe_text(arguments.get(each) or "", 120) or None for each in ("address", "phone", "name"))
    if not (address or phone or name):
        raise BadInput("address、phone、name 至少写一个新的。")
    reason = safe_note(arguments.get("reason") or "", 60) or None
    return replace(made, slots=replace(made.slots, address=address, phone=phone, name=name, reason=reason))


# --- the list ---------------------------------------------------------------------------------------------------------

_ORDER: Json = {"type": "string", "maxLength": 64, "description": "Order number, waybill, or 尾号 0417."}
_REASON = {"type": "string", "maxLength": 60, "description": "Why, in a few words; shown on the card."}
_FILTERS: Json = {
    "type": "array",
    "maxItems": 6,
    "description": "Conditions, all of which must hold.",
    "items": {
        "type": "object",
        "properties": {
            "field": {"type": "string", "enum": sorted(FIELDS)},
            "op": {"type": "string", "enum": ["=", "!=", "<", "<=", ">", ">="]},
            "value": {"type": "string", "maxLength": 60},
        },
        "required": ["field", "op", "value"],
        "additionalProperties": False,
    },
}
_KPI: dict[str, Json] = {
    "metric": {"type": "string", "enum": sorted(METRICS), "description": "Which figure."},
    "period": {"type": "string", "maxLength": 40, "description": "昨天, 近 30 天, last week; the last 7 days unless given."},
    "group_by": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": sorted(GROUP_NAMES)}},
    "filters": _FILTERS,
    "order": {"type": "string", "enum": ["value", "-value"]},
    "limit": {"type": "integer", "minimum": 1, "maximum": 200},
}
_DRAFT = (
    "Puts a draft card before the person, who alone can submit it; approval then goes its usual way. Nothing else happens."
)


def _of_order(name: str, title: str, description: str, intent: Intent, *, link: bool = False) -> Tool:
    def plan(arguments: Arguments, around: Around) -> Plan:
        return _order(arguments, around, intent)

    return Tool(name, READ, title, description, {"order": _ORDER}, ("order",), plan, link)


_ABOUT = {"type": "string", "enum": ["paid_at", "amount", "address", "logistics", "order"]}
_MONEY = {"type": "string", "maxLength": 20, "description": "Yuan, as 50 or 50.00; all of it unless given."}
TOOLS: dict[str, Tool] = {
    each.name: each
    for each in (
        _of_order("where_is_order", "订单到哪了", "Where an order is, why, and what happens next.", Intent.WHERE_IS_ORDER),
        Tool(
            "order_detail", READ, "订单详情", "Fields of one order.", {"order": _ORDER, "about": _ABOUT}, ("order",), _detail
        ),
        Tool(
            "customer_orders",
            READ,
            "客户的订单",
            "Orders of one customer, by phone or its last four digits.",
            {"phone": {"type": "string", "maxLength": 32}},
            ("phone",),
            _customer,
        ),
        Tool(
            "stock",
            READ,
            "库存",
            "What is left of an article.",
            {"goods": {"type": "string", "maxLength": 60}},
            ("goods",),
            _stock,
        ),
        Tool("kpi", READ, "经营数据", "One figure with its definition, split and narrowed.", _KPI, ("metric",), _kpi),
        _of_order("aftersale_status", "售后进度", "How far a refund or return is.", Intent.AFTERSALE_STATUS),
        Tool(
            "alerts", READ, "报警", "Alerts that stand now.", {}, (), lambda _a, _r: Plan(Intent.ALERT_WHY, entity="alert")
        ),
        Tool(
            "alert_why",
            READ,
            "为什么报警",
            "Why an alert came: rule, figures, threshold.",
            {"alert": {"type": "string", "maxLength": 8}},
            ("alert",),
            _alert,
        ),
        Tool(
            "todo",
            READ,
            "待办",
            "What waits for this person.",
            {"view": {"type": "string", "enum": ["to_ship", "exceptions", "approvals"]}},
            (),
            _todo,
        ),
        _of_order("timeline_link", "时间轴", "A link to the order's timeline.", Intent.WHERE_IS_ORDER, link=True),
        Tool(
            "propose_refund",
            PROPOSE,
            "提议退款",
            _DRAFT,
            {"order": _ORDER, "amount": _MONEY, "reason": _REASON},
            ("order",),
            _wish(Intent.REQUEST_REFUND),
        ),
        Tool(
            "propose_return",
            PROPOSE,
            "提议退货",
            _DRAFT,
            {"order": _ORDER, "reason": _REASON},
            ("order",),
            _wish(Intent.REQUEST_RETURN),
        ),
        Tool(
            "propose_cancel",
            PROPOSE,
            "提议取消",
            _DRAFT,
            {"order": _ORDER, "reason": _REASON},
            ("order",),
            _wish(Intent.CANCEL_ORDER),
        ),
        Tool(
            "propose_address_change",
            PROPOSE,
            "提议改地址",
            _DRAFT,
            {
                "order": _ORDER,
                "address": {"type": "string", "maxLength": 120},
                "phone": {"type": "string", "maxLength": 32},
                "name": {"type": "string", "maxLength": 40},
                "reason": _REASON,
            },
            ("order",),
            _address,
        ),
    )
}
