"""From a message to a plan: normalise, find the numbers, read the purpose, name the things, merge with what was said before."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from domain.dates import find_range, numeral
from domain.understand import sound
from domain.understand.bare_zh import bare
from domain.understand.commands import is_command, read_command
from domain.understand.figure_plan import figure_plan
from domain.understand.figures import in_english, read_figures
from domain.understand.follow import alone, follow_up
from domain.understand.goods import goods_named
from domain.understand.guard import denied
from domain.understand.hints_zh import how
from domain.understand.identifiers import Numbers, read_numbers
from domain.understand.learnt import guarded, kind_of, learn_command, learnable
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.names import receiver_name
from domain.understand.normal import is_chinese, normalise, unwrap
from domain.understand.people import people_command
from domain.understand.plan import NO_ORDER, RISKY, Filter, Intent, Plan, Slots
from domain.understand.reading_zh import Reading, about, read_chinese
from domain.understand.reasons import reason_of
from domain.understand.settled import read_settled

_DIGITS = frozenset("0123456789零〇一二三四五六七八九幺两十百")
_LATIN = re.compile(r"[a-z]{4}|[a-z]{2,} [a-z]{2,}")
_LOOKUPS = frozenset(
    {Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.CUSTOMER_ORDERS, Intent.AFTERSALE_STATUS, Intent.OUT_OF_SCOPE}
)


def understand(
    text: str, *, now: datetime, context: Plan | None = None, earlier: Sequence[str] = (), lexicon: Lexicon = EMPTY
) -> Plan:
    """Read one message as a closed query plan. Pure and deterministic; never raises on any text.

    `now` is aware; ranges are read in the company's zone. `context` is the person's last plan in this chat when it is not older
    than ten minutes: follow-ups ("它的物流", "只看抖音") merge into it; `earlier` are older threads (`threads.contexts`), for what
    only makes sense there. `lexicon` holds the company's own names. A plan whose
    intent changes something is only ever a draft for the handler to show back; a decision needs its ticket number.
    """
    said, cut = normalise(text)
    own, forwarded = unwrap(said)
    if not forwarded and (wanted := people_command(own)) is not None:
        # Not one of the public intents: printed as help, and told apart by its command.
        return Plan(Intent.HELP, confidence=0.98, extra={"command": wanted.command.value})
    if not forwarded and (view := learn_command(own)):
        return Plan(Intent.HELP, confidence=0.98, extra={"command": view})
    numbers = read_numbers(own) if not _DIGITS.isdisjoint(own) else Numbers(rest=own)
    reading = _read(own, numbers, context, forwarded=forwarded)
    plan = _fill(reading, own, numbers, now, lexicon)
    if lexicon.phrases:
        if learnable(plan):
            plan = _taught(text, plan, own, numbers, now, lexicon)
        elif lexicon.phrases.may_correct(own, plan.intent) and not guarded(plan) and (forwarded or not is_command(own)):
            plan = _taught(text, plan, own, numbers, now, lexicon, over=plan.intent)
    if context is not None:
        number_alone = bool(numbers.found) and _NUMBER_ALONE.fullmatch(numbers.rest) is not None
        plan = follow_up(plan, own, context, now=now, rest=numbers.rest, bare=number_alone, earlier=earlier, lexicon=lexicon)
    else:
        plan = alone(plan, own)
    if plan.intent is Intent.WITHDRAW_AFTERSALE and not _names_order(plan):
        # Nothing to take back yet: asked which order, and the number alone then completes it (follow_up).
        plan = replace(
            plan,
            intent=Intent.OUT_OF_SCOPE,
            note=NO_ORDER,
            entity="",
            alternatives=(Intent.WITHDRAW_AFTERSALE,),
            confidence=0.9,
        )
    if cut:
        plan = replace(
            plan, note=plan.note or "too_long", intent=Intent.OUT_OF_SCOPE if plan.intent in RISKY else plan.intent
        )
    return plan


def _taught(
    text: str, plan: Plan, own: str, numbers: Numbers, now: datetime, lexicon: Lexicon, *, over: Intent | None = None
) -> Plan:
    """`plan` as a taught phrase has it; unchanged when none does, or when the sentence denies what the phrase stands for.

    `over` is the reading of a sentence that was understood: only a correction of that very reading stands above it.
    """
    from domain.understand.veil import veil  # wants the lexicon, which this module also serves

    reading = lexicon.phrases.reading(veil(text, plan, lexicon).text, over)
    if reading is None or (reading.intent in RISKY and denied(own, reading.intent, chinese=is_chinese(own))):
        return plan
    return _fill(reading, own, numbers, now, lexicon)


def read_as(text: str, intent: Intent, before: Plan, *, now: datetime, lexicon: Lexicon = EMPTY) -> Plan:
    """`text` as the person says that it was meant: as `intent`, about the order and the things that `before`, the plan it was
    answered with, was about. Whether the sentence may be read so at all is `corrected.may_mean`.
    """
    own, _ = unwrap(normalise(text)[0])
    numbers = read_numbers(own) if not _DIGITS.isdisjoint(own) else Numbers(rest=own)
    extra = kind_of(intent)
    if is_chinese(own):
        plain = bare(own)
        extra |= {"about": about(plain)} if intent is Intent.ORDER_DETAIL else how(plain) if intent in RISKY else {}
    plan = _fill(Reading(intent, 1.0, "", (), extra), own, numbers, now, lexicon)
    kept = {key: before.extra[key] for key in _REFERS if key in before.extra}
    return replace(
        plan,
        intent=intent,
        entity=_ENTITY.get(intent, "order"),
        slots=Slots(*(_first(getattr(plan.slots, name), getattr(before.slots, name)) for name in _SLOTS)),
        found=plan.found or before.found,
        filters=plan.filters or before.filters,
        confidence=1.0,
        alternatives=(),
        note="",
        extra=kept | plan.extra,
    )


_REFERS = ("order_head", "order_tail", "phone_head", "pick", "inherited")
_SLOTS = tuple(one.name for one in fields(Slots))


def _first(new: Any, old: Any) -> Any:
    return old if new is None else new


def _names_order(plan: Plan) -> bool:
    return bool(
        plan.found or plan.slots.name or "order_tail" in plan.extra or "pick" in plan.extra or "inherited" in plan.extra
    )


def _read(own: str, numbers: Numbers, context: Plan | None, *, forwarded: bool) -> Reading:
    if not own:
        return Reading(Intent.HELP, 0.5)
    if not forwarded:  # a customer's words, quoted by staff, are never staff's command
        command = read_command(own, numbers, approval_open=context is not None and context.slots.approval_id is not None)
        if command is not None:
            return command
    if ("警" in own or "alert" in own) and numbers.joined and _NOT_ALERTED.search(own):
        return Reading(Intent.ALERT_WHY, 0.85)
    reading = _sentence(own, numbers)
    if reading.intent in RISKY and denied(numbers.rest if numbers.joined else own, reading.intent, chinese=is_chinese(own)):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.ORDER_DETAIL,))
    if reading.intent is Intent.OUT_OF_SCOPE and reading.note == "unsure":
        reading = _second_chance(own, numbers) or reading
    return _with_number(reading, own, numbers)


# 为什么 6920… 没报警: asks about an order that has no ticket.
_NOT_ALERTED = re.compile(
    r"(?:为什么|为何|为啥|怎么|\bwhy\b)[^,，。]*(?:报警|告警|预警|\balert)|(?:报警|告警|预警)[^,，。]*(?:为什么|为啥|原因)"
)
# 138…的订单, 王小芳的订单, 这个客户的订单: all of a person's orders, not one.
_OF_A_PERSON = re.compile(
    r"(?:的|名下)(?:所有|全部|历史|最近的?|近期)*(?:的)?(?:订单|单子|定单)(?:列表|记录|情况|有哪些)?[吗呢吧?？。!]*$|(?:客户|顾客|买家|用户|这个人|他|她)的?(?:所有|全部|历史|最近的?)*(?:订单|单子)(?:列表|记录)?[吗呢吧?？。!]*$|\borders? (?:of|for|from|by|placed by|under) |'s orders\b"
)


def _sentence(own: str, numbers: Numbers) -> Reading:
    if is_chinese(own):
        return (
            read_figures(own)
            or _mixed(own)
            or read_settled(
                numbers.rest if numbers.joined > 6 else own, named=numbers.joined > 0 or numbers.amount is not None
            )
        )
    from domain.understand.reading_en import read_english  # a team that writes Chinese never pays for the English tables

    return read_english(own, numbers)


def _mixed(own: str) -> Reading | None:
    if not in_english(own):
        return None
    from domain.understand.figures_en import read_figures_en  # as above

    return read_figures_en(own)


def _second_chance(own: str, numbers: Numbers) -> Reading | None:
    """Pinyin instead of characters, or characters that only sound right. Less sure, so it says so."""
    rest = numbers.rest if numbers.joined else own
    heard_as = sound.heard(rest) if is_chinese(rest) else None
    if _LATIN.search(rest):
        heard_as = sound.latin_heard(heard_as or rest) or heard_as
    if heard_as is None or not is_chinese(heard_as):
        return None
    reading = read_chinese(bare(heard_as))
    if reading.intent is Intent.OUT_OF_SCOPE:
        return None
    reading.confidence = min(reading.confidence, 0.65)
    reading.extra["heard"] = heard_as[:60]
    return reading


def _with_number(reading: Reading, own: str, numbers: Numbers) -> Reading:
    """A message that is hardly more than a number asks where that order is."""
    if reading.intent is Intent.ORDER_DETAIL and numbers.joined and _NUMBER_ALONE.fullmatch(numbers.rest):
        return Reading(Intent.WHERE_IS_ORDER, 0.85, "", (Intent.ORDER_DETAIL,))
    if reading.intent is not Intent.OUT_OF_SCOPE or not numbers.joined or reading.note in {"negated", "policy"}:
        return reading
    if numbers.found and all(one.kind in {"approval_id", "alert_id"} for one in numbers.found):
        return reading
    words = re.sub(r"[\W\d_]+", "", numbers.rest)
    if _ARITHMETIC.search(own):
        return reading
    if reading.note == "unsure" and len(words) <= (6 if is_chinese(own) else 14):
        return Reading(Intent.WHERE_IS_ORDER, 0.85, "", (Intent.ORDER_DETAIL,))
    return reading


_NUMBER_ALONE = re.compile(
    r"(?:\W|帮|查|看|一下|下|请|麻烦|你好|亲|客[户人]|这个?|那个?|单|是|我的?|就|的|订单编?号码?|订单|单号|编号|order|number|no|my|is|the)*"
)
_ARITHMETIC = re.compile(r"\d ?(?:%|[+*/×÷=])|\+ ?\d|\b(?:what is|square|root|divided|times|plus|minus)\b")


def _fill(reading: Reading, own: str, numbers: Numbers, now: datetime, lexicon: Lexicon) -> Plan:
    intent = reading.intent
    extra = numbers.extra | reading.extra
    groups = tuple(extra.pop("group_by", "").split(",")) if "group_by" in extra else ()
    limit = extra.pop("limit", None)
    reason = extra.pop("reason", None)
    if reason is None and intent in _REASONED:
        reason = reason_of(numbers.rest, numbered=bool(numbers.found))
    channel = lexicon.channels.find(own)
    goods = lexicon.skus.find(own)
    sku = goods[0] if goods else None
    if sku is None and reading.intent is Intent.STOCK and (named := extra.get("goods")):
        sku = named.upper() if named.isascii() else named
    elif sku is None and reading.intent is Intent.STOCK:
        sku, word, _ = goods_named(own, lexicon)
        if sku is None and word:
            extra["goods"] = word
    person = lexicon.people.find(own)
    span = find_range(numbers.rest if numbers.joined else own, now)
    name = person[0] if person else receiver_name(own) if reading.intent in _LOOKUPS and not own.isascii() else None
    note, confidence = reading.note, reading.confidence
    if name and intent is Intent.OUT_OF_SCOPE and note == "unsure" and len(own) <= _SHORT:
        intent, note, confidence = Intent.WHERE_IS_ORDER, "", 0.75
    filters = _filters(own, lexicon)
    if (
        intent in {Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL}
        and numbers.first("phone")
        and (span or filters)
        and _PLURAL.search(own)
    ):
        intent = Intent.CUSTOMER_ORDERS
    if intent in _LOOKUPS and note not in {"negated", "policy"} and numbers.first("order_no") is None:
        person_named = name or numbers.first("phone") or numbers.first("phone_tail") or _CUSTOMER.search(own)
        if person_named and _OF_A_PERSON.search(own) and not (own.isascii() and name is None and not numbers.joined):
            intent, note, confidence = Intent.CUSTOMER_ORDERS, "", max(confidence, 0.8)
    address = _new_address(own) if intent is Intent.CHANGE_ADDRESS else None
    slots = Slots(
        order_no=numbers.first("order_no"),
        waybill_no=numbers.first("waybill_no"),
        phone=numbers.first("phone"),
        phone_tail=numbers.first("phone_tail"),
        name=name,
        sku=sku,
        amount=numbers.amount,
        reason=reason,
        address=address,
        channel=channel[0] if channel else None,
        range=span.range if span else None,
        metric=extra.pop("metric", None),
        alert_id=numbers.first("alert_id"),
        approval_id=numbers.first("approval_id"),
    )
    plan = Plan(
        intent=intent,
        slots=slots,
        found=tuple(numbers.found),
        entity=_ENTITY.get(intent, "order"),
        filters=filters,
        group_by=groups,
        order="-value" if limit else "",
        limit=numeral(limit) if limit else None,
        chart=_chart(intent, groups),
        confidence=confidence,
        alternatives=reading.alternatives,
        note=note,
        extra=extra,
    )
    return figure_plan(plan, own, now, lexicon) if intent is Intent.KPI else plan


_CUSTOMER = re.compile(r"(?:这个|该|那个|此|这位|那位)(?:客户|顾客|买家|用户|人)|this (?:customer|buyer|client)")
_SHORT = 24  # characters; a name makes a look-up only of a short message
_PLURAL = re.compile(r"订单|的单|几单|orders")
_REASONED = frozenset(
    {Intent.REQUEST_REFUND, Intent.REQUEST_RETURN, Intent.REQUEST_EXCHANGE, Intent.CANCEL_ORDER, Intent.CHANGE_ADDRESS}
)


_ENTITY = {
    Intent.STOCK: "stock",
    Intent.AFTERSALE_STATUS: "aftersale",
    Intent.WITHDRAW_AFTERSALE: "aftersale",
    Intent.ALERT_WHY: "alert",
    Intent.ALERT_ACK: "alert",
    Intent.ALERT_SNOOZE: "alert",
    Intent.APPROVE: "approval",
    Intent.REJECT: "approval",
    Intent.TODO: "task",
    Intent.KPI: "figure",
    Intent.RULES: "rule",
    Intent.HELP: "",
    Intent.SMALLTALK: "",
    Intent.OUT_OF_SCOPE: "",
}
_FLAGS = (
    (re.compile(r"含售后|有售后|带售后|with aftersales?"), Filter("aftersale", "=", "any")),
    (re.compile(r"未签收|没签收|还没签收|not delivered|undelivered"), Filter("delivered", "=", "no")),
    (re.compile(r"未发货|待发货|没发货|unshipped|not shipped"), Filter("shipped", "=", "no")),
    (re.compile(r"已签收|delivered orders"), Filter("delivered", "=", "yes")),
    (re.compile(r"未付款|没付款|unpaid"), Filter("paid", "=", "no")),
)


def _filters(own: str, lexicon: Lexicon) -> tuple[Filter, ...]:
    filters = [condition for pattern, condition in _FLAGS if pattern.search(own)] if _FLAG_HINT.search(own) else []
    if (shop := lexicon.shops.find(own)) is not None:
        filters.append(Filter("shop", "=", shop[0]))
    if (warehouse := lexicon.warehouses.find(own)) is not None:
        filters.append(Filter("warehouse", "=", warehouse[0]))
    return tuple(filters)


_FLAG_HINT = re.compile(r"售后|签收|发货|付款|aftersale|deliver|ship|unpaid")


def _chart(intent: Intent, groups: tuple[str, ...]) -> str:
    if intent is not Intent.KPI:
        return ""
    return "line" if not groups or "day" in groups else "bar"


_TARGET = re.compile(
    r"(?:改成|改为|改到|换成|换到|更改为|修改为|修改成|变更为|改送到?|改寄到?|改发到?|新地址(?:是|为)?|地址(?:是|为|改成?|改到|到|:)|送到|寄到|发到|change(?: it| the address| my address| address)? to|new address(?: is)?|ship(?: it)? to|send(?: it)? to)"
    r"\s*[:：,，]?\s*(?P<place>[^\n?？]{4,120})"
)


def _new_address(own: str) -> str | None:
    match = _TARGET.search(own)
    if match is None:
        return None
    place = match["place"].strip(" ,，。.!！:：")
    return (
        place
        if re.search(r"[省市区县镇乡村路街道巷弄号楼栋室]|\d+\s+\w+|street|road|avenue|\bst\b|\brd\b|\bave\b", place)
        else None
    )
