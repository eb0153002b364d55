"""How a tool's checked arguments become a plan: the same plan that a sentence would become, read by the same rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.assistants.schema import Arguments
from domain.dates import DateRange, find_range
from domain.errors import BadInput
from domain.money import Money
from domain.privacy import safe_note, safe_text
from domain.query import FIELDS, query_of
from domain.understand import Filter, Found, Intent, Lexicon, Plan, Slots, understand
from domain.understand.lexicon import CHANNELS
from domain.understand.normal import normalise

_NUMBERS = ("order_no", "waybill_no", "phone_tail")
_RULE = re.compile(r"[一-鿿A-Za-z]{1,10}[-－]?\d{1,3}")
# What would put a rule in force or take it back, were it said in the group: never part of what an assistant says.
_DEED = re.compile(r"启用|生效|退回|撤回|\brules? (?:on|back)\b", re.IGNORECASE)
_AMOUNT = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,2})?")
_EVERYTHING = "全部"  # handlers.stock: every article, the shortest first


@dataclass(frozen=True, slots=True)
class Around:
    """What a plan needs to know beside its arguments."""

    now: datetime
    lexicon: Lexicon
    lang: str


Planner = Callable[[Arguments, Around], Plan]


def none(_arguments: Arguments, _around: Around) -> Plan:
    """For a tool that is answered without a plan."""
    return Plan(Intent.HELP)


def order_of(arguments: Arguments, around: Around, intent: Intent, *, several: bool = False, **extra: str) -> Plan:
    """The order that an argument names, read by the same rules as a message. Raises BadInput when it names none."""
    read = understand(arguments["order"], now=around.now, lexicon=around.lexicon)
    slots = read.slots
    handles = Slots(order_no=slots.order_no, waybill_no=slots.waybill_no, phone_tail=slots.phone_tail)
    kept = {key: read.extra[key] for key in ("order_head", "order_tail") if key in read.extra}
    if handles == Slots() and "order_tail" not in kept:
        raise BadInput("order 里没有看到单号。写订单号、快递单号，或“尾号 0417”。")
    found = tuple(each for each in read.found if each.kind in _NUMBERS)
    if not several and len({each.value for each in found if each.kind != "phone_tail"}) > 1:
        raise BadInput("order 一次只写一单。")
    return Plan(intent, handles, found, "order", extra=kept | extra)


def of_order(intent: Intent, *, several: bool = False) -> Planner:
    def plan(arguments: Arguments, around: Around) -> Plan:
        return order_of(arguments, around, intent, several=several)

    return plan


def detail(arguments: Arguments, around: Around) -> Plan:
    about = arguments.get("about")
    return order_of(arguments, around, Intent.ORDER_DETAIL, **({"about": about} if about else {}))


def customer(arguments: Arguments, around: Around) -> Plan:
    """By phone, by name, or whoever placed an order; narrowed to a period or a channel."""
    slots = Slots()
    found: tuple[Found, ...] = ()
    extra: dict[str, str] = {}
    if arguments.get("phone"):
        read = understand(f"{arguments['phone']} 的订单", now=around.now, lexicon=around.lexicon)
        slots = Slots(phone=read.slots.phone, phone_tail=read.slots.phone_tail)
        if slots == Slots():
            raise BadInput("phone 要写手机号，或后四位。")
        found = tuple(each for each in read.found if each.kind in ("phone", "phone_tail"))
    elif arguments.get("order"):
        named = order_of(arguments, around, Intent.CUSTOMER_ORDERS)
        slots, found, extra = named.slots, named.found, named.extra
    elif arguments.get("name"):
        slots = Slots(name=safe_text(arguments["name"], 40) or None)
    if slots == Slots() and not extra:
        raise BadInput("phone、name、order 写一个，才知道是哪位客户。")
    slots = replace(slots, channel=arguments.get("channel"), range=period(arguments, around))
    return Plan(Intent.CUSTOMER_ORDERS, slots, found, "order", extra=extra)


def stock(arguments: Arguments, around: Around) -> Plan:
    goods = safe_text(arguments.get("goods") or "", 40) or _EVERYTHING
    named = around.lexicon.skus.find(normalise(goods)[0])
    return Plan(Intent.STOCK, Slots(sku=named[0] if named else goods), entity="stock")


def period(arguments: Arguments, around: Around) -> DateRange | None:
    phrase = arguments.get("period") or ""
    mention = find_range(normalise(phrase)[0], around.now) if phrase else None
    if phrase and mention is None:
        raise BadInput("period 没看懂，写“昨天”“近 30 天”“2026-11-01 到 2026-11-15”这样的。")
    return mention.range if mention else None


def kpi(arguments: Arguments, around: Around) -> Plan:
    plan = Plan(
        Intent.KPI,
        Slots(metric=arguments["metric"], range=period(arguments, around)),
        entity="figure",
        filters=tuple(filter_of(**each) for each in arguments.get("filters") or ()),
        group_by=tuple(arguments.get("group_by") or ()),
        order=arguments.get("order") or "",
        limit=arguments.get("limit"),
        extra={"explain": "1"} if arguments.get("explain") else {},
    )
    query_of(plan, around.now, lang=around.lang)
    return plan


def filter_of(field: str, op: str, value: str) -> Filter:
    """One condition. Raises BadInput when the field knows no such operator or the channel is none of ours."""
    if op not in FIELDS[field]:
        raise BadInput(f"filters：{field} 只能用 {' '.join(sorted(FIELDS[field]))}。")
    if field == "channel" and value not in CHANNELS:
        raise BadInput(f"filters：渠道写代号，有 {'、'.join(CHANNELS)}。")
    return Filter(field, op, safe_text(value, 60))


def document(arguments: Arguments, around: Around) -> Plan:
    """A paper of the orders that are named; the pick list, without any, of everything that waits."""
    kind = arguments["kind"]
    if arguments.get("order"):
        return order_of(arguments, around, Intent.DOCUMENTS, several=True, document=kind)
    if kind != "picklist":
        raise BadInput("除了拣货单，都要写 order：哪一单，或哪几单。")
    filters = [filter_of(name, "=", arguments[name]) for name in ("channel", "shop", "warehouse") if arguments.get(name)]
    return Plan(Intent.DOCUMENTS, entity="order", filters=tuple(filters), extra={"document": kind})


def alert(arguments: Arguments, around: Around) -> Plan:
    """Why an alert came; or for an order, why rules spoke or kept silent."""
    if arguments.get("alert"):
        return Plan(Intent.ALERT_WHY, Slots(alert_id=alert_number(arguments)), entity="alert")
    if not arguments.get("order"):
        raise BadInput("alert 和 order 写一个：报警编号像 K203，或哪一单。")
    named = order_of(arguments, around, Intent.ALERT_WHY)
    if not named.slots.order_no:
        raise BadInput("order 要写完整的订单号。")
    return named


def alerts(_arguments: Arguments, _around: Around) -> Plan:
    return Plan(Intent.ALERT_WHY, entity="alert")


def claim(arguments: Arguments, _around: Around) -> Plan:
    return Plan(Intent.ALERT_ACK, Slots(alert_id=alert_number(arguments)), entity="alert")


def alert_number(arguments: Arguments) -> str:
    number = str(arguments["alert"]).strip().upper()
    if not re.fullmatch(r"K\d{1,6}", number, re.ASCII):
        raise BadInput("alert 写报警编号，像 K203。")
    return number


def todo(arguments: Arguments, _around: Around) -> Plan:
    extra = {"view": arguments["view"]} if arguments.get("view") else {}
    return Plan(Intent.TODO, entity="task", extra=extra | _page(arguments))


def digest(arguments: Arguments, _around: Around) -> Plan:
    number = arguments["digest"].strip().upper()
    if not re.fullmatch(r"H\d{1,9}", number, re.ASCII):
        raise BadInput("digest 写合并消息的编号，像 H17。")
    return Plan(Intent.EXPAND, extra={"digest": number, "page": "1"} | _page(arguments))


def _page(arguments: Arguments) -> dict[str, str]:
    return {"page": str(arguments["page"])} if arguments.get("page") else {}


def rules(arguments: Arguments, _around: Around) -> Plan:
    rules_said(arguments)  # refuses what is no rule's name
    return Plan(Intent.RULES, entity="rule")


def rules_said(arguments: Arguments) -> str:
    """The rules command that the arguments mean: looking and rehearsing, never switching."""
    rule = arguments.get("rule") or ""
    if rule and (not _RULE.fullmatch(rule) or _DEED.search(rule)):
        raise BadInput("rule 写规则的名字，像“库存-1”。")
    limits = arguments.get("rehearse") or ()
    if limits and not rule:
        raise BadInput("演练要写 rule：哪一条规则。")
    odd = [each["limit"] for each in limits if not re.fullmatch(r"[a-z][a-z_]{2,40}", each["limit"], re.ASCII)]
    if odd:
        raise BadInput("rehearse 的 limit 写规则里的参数名，像 lead_minutes。")
    settings = " ".join(f"{each['limit']}={each['to']}" for each in limits)
    said = " ".join(part for part in ("规则", "演练" if limits else "", rule, settings) if part)
    if _DEED.search(said):
        raise BadInput("这里只能看和演练规则；要启用，请本人在群里说。")
    return said


def wish(intent: Intent) -> Planner:
    """A refund, a return, an exchange or a cancellation of one order."""

    def plan(arguments: Arguments, around: Around) -> Plan:
        made = order_of(arguments, around, intent)
        reason = safe_note(arguments.get("reason") or "", 60) or None
        return replace(made, slots=replace(made.slots, amount=amount(arguments.get("amount")), reason=reason))

    return plan


def exchange(arguments: Arguments, around: Around) -> Plan:
    """What is wanted instead stands before the reason: all that whoever arranges it has to go by."""
    made = order_of(arguments, around, Intent.REQUEST_EXCHANGE)
    into = safe_text(arguments.get("into") or "", 20)
    parts = (f"换成{into}" if into else "", safe_note(arguments.get("reason") or "", 60))
    reason = safe_note("，".join(part for part in parts if part), 60) or None
    return replace(made, slots=replace(made.slots, reason=reason))


def amount(text: str | None) -> Money | None:
    if not text:
        return None
    # Spelt out, and not far beyond any order: 1e999999 is a number of a million digits.
    if not _AMOUNT.fullmatch(text.strip()):
        raise BadInput("amount 写成“50”或“50.00”，单位是元。")
    found = Money.parse(text.strip())
    if found.minor <= 0:
        raise BadInput("amount 要大于 0。")
    return found


def address(arguments: Arguments, around: Around) -> Plan:
    made = order_of(arguments, around, Intent.CHANGE_ADDRESS)
    where, phone, name = (safe_text(arguments.get(each) or "", 120) or None for each in ("address", "phone", "name"))
    if not (where or phone or name):
        raise BadInput("address、phone、name 至少写一个新的。")
    reason = safe_note(arguments.get("reason") or "", 60) or None
    return replace(made, slots=replace(made.slots, address=where, phone=phone, name=name, reason=reason))


def withdrawal(arguments: Arguments, around: Around) -> Plan:
    """A request by its ticket, else whatever this person asked for on an order."""
    ticket = (arguments.get("ticket") or "").strip().upper()
    if ticket:
        if not re.fullmatch(r"A\d{1,6}", ticket, re.ASCII):
            raise BadInput("ticket 写申请编号，像 A17。")
        return Plan(Intent.WITHDRAW_AFTERSALE, Slots(approval_id=ticket))
    if not arguments.get("order"):
        raise BadInput("ticket 和 order 写一个：申请编号像 A17，或哪一单。")
    return order_of(arguments, around, Intent.WITHDRAW_AFTERSALE)
