"""From a message to a plan: normalise, find the numbers, read the purpose, name the things, merge with what was said before."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from domain.dates import find_range
from domain.understand.commands import read_command
from domain.understand.follow import follow_up
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.names import receiver_name
from domain.understand.normal import is_chinese, normalise, unwrap
from domain.understand.numbers import Numbers, read_numbers
from domain.understand.plan import RISKY, Intent, Plan, Slots
from domain.understand.reading_zh import Reading, read_chinese

_DIGITS = frozenset("0123456789零〇一二三四五六七八九幺")
_LOOKUPS = frozenset(
    {Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.CUSTOMER_ORDERS, Intent.AFTERSALE_STATUS, Intent.OUT_OF_SCOPE}
)


def understand(text: str, *, now: datetime, context: Plan | None = None, lexicon: Lexicon = EMPTY) -> Plan:
    """Read one message as a closed query plan. Pure and deterministic; never raises on any text.

    `now` is aware; ranges are read in the company's zone. `context` is the person's last plan in this chat when it is not older
    than ten minutes: follow-ups ("它的物流", "只看抖音") merge into it. `lexicon` holds the company's own names. A plan whose
    intent changes something is only ever a draft for the handler to show back; a decision needs its ticket number.
    """
    said, cut = normalise(text)
    own, forwarded = unwrap(said)
    numbers = read_numbers(own) if not _DIGITS.isdisjoint(own) else Numbers(rest=own)
    reading = _read(own, numbers, context, forwarded=forwarded)
    plan = _fill(reading, own, numbers, now, lexicon)
    if context is not None:
        plan = follow_up(plan, own, context, now, lexicon)
    if cut:
        plan = replace(
            plan, note=plan.note or "too_long", intent=Intent.OUT_OF_SCOPE if plan.intent in RISKY else plan.intent
        )
    return plan


def _read(own: str, numbers: Numbers, context: Plan | None, *, forwarded: bool) -> Reading:
    if not own:
        return Reading(Intent.HELP, 0.5)
    if not forwarded:  # a customer's words, quoted by staff, are never staff's command
        command = read_command(own, numbers, approval_open=context is not None and context.slots.approval_id is not None)
        if command is not None:
            return command
    if is_chinese(own):
        from domain.understand.figures import read_figures

        figures = read_figures(own)
        return (
            figures
            if figures is not None
            else _with_number(read_chinese(numbers.rest if numbers.joined > 6 else own), own, numbers)
        )
    from domain.understand.reading_en import read_english

    return _with_number(read_english(own, numbers), own, numbers)


def _with_number(reading: Reading, own: str, numbers: Numbers) -> Reading:
    """A message that is hardly more than a number asks where that order is."""
    if reading.intent is not Intent.OUT_OF_SCOPE or not numbers.joined or reading.note in {"negated", "policy"}:
        return reading
    if numbers.found and all(one.kind in {"approval_id", "alert_id"} for one in numbers.found):
        return reading
    words = re.sub(r"[\W\d_]+", "", numbers.rest)
    if reading.note == "unsure" and len(words) <= (6 if is_chinese(own) else 8):
        return Reading(Intent.WHERE_IS_ORDER, 0.85, "", (Intent.ORDER_DETAIL,))
    return reading


def _fill(reading: Reading, own: str, numbers: Numbers, now: datetime, lexicon: Lexicon) -> Plan:
    extra = numbers.extra | reading.extra
    reason = extra.pop("reason", None)
    channel = lexicon.channels.find(own)
    goods = lexicon.skus.find(own)
    sku = goods[0] if goods else None
    if sku is None and reading.intent is Intent.STOCK and (named := extra.get("goods")):
        sku = named.upper() if named.isascii() else named
    person = lexicon.people.find(own)
    span = find_range(numbers.rest if numbers.joined else own, now)
    name = person[0] if person else receiver_name(own) if reading.intent in _LOOKUPS and not own.isascii() else None
    intent = reading.intent
    if name and intent is Intent.OUT_OF_SCOPE and reading.note == "unsure":
        intent = Intent.WHERE_IS_ORDER
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
    return Plan(
        intent=intent,
        slots=slots,
        found=tuple(numbers.found),
        confidence=reading.confidence,
        alternatives=reading.alternatives,
        note=reading.note,
        extra=extra,
    )


_TARGET = re.compile(
    r"(?:改成|改为|改到|换成|换到|更改为|修改为|修改成|变更为|改送到?|改寄到?|改发到?|新地址(?:是|为)?|地址(?:是|为|改|:)|送到|寄到|发到|change(?: it| the address| my address| address)? to|new address(?: is)?|ship(?: it)? to|send(?: it)? to)"
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
