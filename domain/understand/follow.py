"""Follow-ups: 它的物流, 第 2 个, 退款呢, 改成…, 只看抖音, 按仓分, and yesterday? — merged into what the person talked about.

A message that names its own order stands alone. One that names none takes the order of the last plan about orders, so that
"退款呢" after "6920… 到哪了" is about the same order, a thank-you or a figure in between; what is inherited is marked, and a draft
shows the order before anything happens. A number sent alone answers what was asked back.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.errors import BadInput
from domain.understand.commands import minutes
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.on_table import (
    ABOUT_ORDERS,
    DEEDS,
    LOOKS,
    PLACE_IN_LIST,
    about_order,
    changed_to,
    inherit,
    listed,
    named,
    other_amount,
    place,
    taken_back,
)
from domain.understand.plan import NO_ORDER, Found, Intent, Plan, Slots, from_json
from domain.understand.refine import refined
from domain.understand.threads import DROPPED

_NTH = re.compile(
    rf"^(?:那|看|选|要|查|就)?(?:一下|看)?(?:{PLACE_IN_LIST}|第?\s*(?P<bare>\d{{1,2}}|[一二三四五六七八九十两]{{1,2}})\s*(?:个|各|单|条|件|项)?)(?:吧|呢|的|订单|那个|那单)?[?？。]?$"
    r"|^(?:the )?(?P<en>first|second|third|fourth|fifth|last)(?: one| order)?[?.]?$|^(?:number|no\.?|#)\s*(?P<no>\d{1,2})$"
)
_PAGE = re.compile(
    r"^(?:下一页|下页|继续|更多|还有吗|还有呢|还有没有|后面(?:的|还有)呢?|next(?: page)?|more|show more|any more|anything else)[?？]?$"
)
_HOW = re.compile(
    r"^(?:这个?|它|那)?(?:数(?:字|据)?)?(?:是)?(?:怎么[算蒜]的?|咋算的?|怎么来的|如何(?:计算|算)的?|口径(?:是什么|呢)?|什么口径|how (?:is|was|do you|did you) (?:it|this|that|calculate|compute)(?: (?:computed|calculated|it|this|that))?|how come)[?？]?$"
)
_WHY = re.compile(r"^(?:为什么|为啥|为何|why|怎么回事|什么原因)[?？呢]?$")
_CLAIM = re.compile(r"^(?:我?认领|我来跟?|我跟|我处理|接手|claim|ack|i'?ll take it|mine)[吧了]?$")
_LATER = re.compile(r"^(?:稍后|晚点|静音|暂停|snooze|later|mute)")
# 6920… 呢, 那 0417 呢, what about …: the same question about another order.
_ANOTHER = re.compile(
    r"\W*(?:(?:那|还有|再看看?|and|also|what about|how about)\W*(?:订单|单号|单|尾号|order)?\W*(?:这单|那单|的)?\W*呢?|(?:订单|单号|尾号)?\W*(?:这单|那单|的)?\W*呢)\W*"
)
_NEVER_MIND = re.compile(
    r"^(?:那|哦|嗯|额|呃)?[,，]?(?:算了|还是算了|不用了|先不了|不弄了|作罢|never ?mind|forget it|leave it)(?:吧|了|啊)?[,，。.! ]*(?:谢谢|thanks)?$"
)
_SHORT = 24


def follow_up(
    plan: Plan,
    own: str,
    context: Plan,
    *,
    now: datetime,
    rest: str = "",
    bare: bool = False,
    earlier: Sequence[str] = (),
    lexicon: Lexicon = EMPTY,
) -> Plan:
    """`plan` completed from what was talked about where the message only makes sense as a continuation; else `plan` as it is.

    `bare`: the message is nothing but a number, so it answers what was asked back. `rest` is the message without its numbers.
    `earlier` are older threads as JSON, newest first: looked at when `context` does not help.
    """
    if (
        bare
        and awaits_order(context)
        and plan.intent in {Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.CUSTOMER_ORDERS}
    ):
        return _answered(plan, context)
    if plan.found or "order_tail" in plan.extra:
        return _same_question(plan, rest, context)
    merged = _continued(plan, own, context, now, lexicon, newest=True)
    for text in earlier if merged is None else ():
        try:
            thread = from_json(text)
        except BadInput:  # written by another version: as good as forgotten
            continue
        if (merged := _continued(plan, own, thread, now, lexicon, newest=False)) is not None:
            break
    return plan if merged is None else merged


def awaits_order(context: Plan) -> bool:
    """Whether the last answer asked which order, so that a number alone completes it."""
    if context.note == NO_ORDER:
        return True
    if context.intent not in ABOUT_ORDERS or context.note not in ("", "learnt") or context.extra.get("question"):
        return False
    if context.extra.get("document") == "picklist" or (context.alternatives and context.confidence < 0.75):
        return False
    return not named(context)


def keeps_question(context: Plan) -> bool:
    """Whether "6920… 呢" after this plan asks the same of another order."""
    return context.intent in {Intent.AFTERSALE_STATUS, Intent.ORDER_DETAIL, Intent.DOCUMENTS}


def about_same(plan: Plan, contexts: Sequence[str]) -> Plan:
    """A reading chosen by a button: about the order talked about when it names none."""
    if plan.intent not in ABOUT_ORDERS or named(plan) or plan.found:
        return plan
    for text in contexts:
        thread = from_json(text)
        if thread.intent in ABOUT_ORDERS and named(thread):
            return inherit(plan, thread)
    return plan


def _continued(plan: Plan, own: str, context: Plan, now: datetime, lexicon: Lexicon, *, newest: bool) -> Plan | None:
    if newest and (merged := _alert(own, context)) is not None:
        return merged
    if newest and _NEVER_MIND.match(own) and context.intent in DEEDS | {Intent.WITHDRAW_AFTERSALE}:
        return _never_mind(plan, own, context)
    step = _list_step(own, context) if newest else None
    if (merged := step or refined(plan, own, context, now=now, lexicon=lexicon)) is not None:
        return merged
    if newest and (merged := changed_to(own, context) or other_amount(own, context)) is not None:
        return merged
    if newest and plan.intent in {Intent.APPROVE, Intent.REJECT} and context.slots.approval_id is not None:
        approval = context.slots.approval_id
        return replace(plan, slots=replace(plan.slots, approval_id=approval), found=(Found("approval_id", approval),))
    return about_order(plan, own, context) if context.intent in ABOUT_ORDERS and named(context) else None


def alone(plan: Plan, own: str) -> Plan:
    """第 2 个 with nothing before it: of a list that is forgotten by now, which is said."""
    nth = _NTH.match(own) if plan.intent is Intent.OUT_OF_SCOPE and plan.note == "unsure" else None
    if nth is None or nth["bare"] is not None or nth["no"] is not None:
        return plan
    return replace(
        plan, intent=Intent.WHERE_IS_ORDER, entity="order", note="", alternatives=(), extra={"pick": str(place(nth))}
    )


def _answered(plan: Plan, context: Plan) -> Plan:
    """What was asked back, with the number that was sent alone."""
    if context.note == NO_ORDER:
        return replace(
            plan, intent=Intent.WITHDRAW_AFTERSALE, entity="aftersale", alternatives=(), confidence=0.9, note="negated"
        )
    if context.intent in {Intent.WHERE_IS_ORDER, Intent.CUSTOMER_ORDERS}:
        return plan if plan.intent is not Intent.ORDER_DETAIL else replace(plan, intent=context.intent)
    return replace(context, slots=_numbered(context.slots, plan.slots), found=plan.found, extra=context.extra | plan.extra)


def _numbered(slots: Slots, by: Slots) -> Slots:
    return replace(
        slots,
        order_no=by.order_no,
        waybill_no=by.waybill_no,
        phone=by.phone or slots.phone,
        phone_tail=by.phone_tail,
        name=slots.name,
    )


def _same_question(plan: Plan, rest: str, context: Plan) -> Plan:
    """6920… 呢 after 4781… 退款了吗: the same asked of another order; never a deed."""
    if plan.intent is not Intent.WHERE_IS_ORDER or not keeps_question(context) or _ANOTHER.fullmatch(rest) is None:
        return plan
    extra = {key: context.extra[key] for key in ("about", "document") if key in context.extra}
    return replace(plan, intent=context.intent, entity=context.entity, alternatives=(), extra=extra | plan.extra)


def _alert(own: str, context: Plan) -> Plan | None:
    if context.slots.alert_id is None or len(own) > _SHORT:
        return None
    for pattern, intent in ((_WHY, Intent.ALERT_WHY), (_CLAIM, Intent.ALERT_ACK), (_LATER, Intent.ALERT_SNOOZE)):
        if pattern.search(own):
            extra = {"minutes": str(minutes(own))} if intent is Intent.ALERT_SNOOZE else {}
            return replace(context, intent=intent, extra=extra | {"inherited": "1"}, note="", alternatives=())
    return None


def _never_mind(plan: Plan, own: str, context: Plan) -> Plan:
    """算了: a draft is taken back; what was only asked back is dropped."""
    if not named(context):
        return replace(
            plan, intent=Intent.SMALLTALK, entity="", confidence=0.9, alternatives=(), note="", extra={DROPPED: "1"}
        )
    if context.intent is Intent.WITHDRAW_AFTERSALE:
        return replace(plan, intent=Intent.SMALLTALK, entity="", confidence=0.9, alternatives=(), note="")
    return taken_back(plan, own, context)


def _list_step(own: str, context: Plan) -> Plan | None:
    if len(own) > _SHORT:
        return None
    if (nth := _NTH.match(own)) is not None:
        if context.intent is Intent.STOCK and context.slots.sku is None and "goods" in context.extra:
            return replace(context, extra=context.extra | {"pick": str(place(nth)), "inherited": "1"})
        said = nth["bare"] is None or not own.strip().isalnum()
        if not (listed(context) or (said and context.intent in ABOUT_ORDERS)):
            return None
        settled = context.slots.order_no or context.slots.waybill_no or "pick" in context.extra
        if context.intent in {Intent.CUSTOMER_ORDERS, Intent.TODO} or (context.intent not in LOOKS and settled):
            # One of a list: where it is, not the list once more; and what was done to another one is not done to this.
            context = replace(context, intent=Intent.WHERE_IS_ORDER, entity="order", filters=(), note="", alternatives=())
        slots = replace(context.slots, amount=None) if context.intent in LOOKS else context.slots
        return replace(context, slots=slots, extra=context.extra | {"pick": str(place(nth)), "inherited": "1"})
    if context.intent in {Intent.TODO, Intent.CUSTOMER_ORDERS} and _PAGE.match(own):
        page = int(context.extra.get("page", "1")) + 1
        return replace(context, extra=context.extra | {"page": str(page), "inherited": "1"})
    if context.intent is Intent.KPI and _HOW.match(own):
        return replace(context, extra=context.extra | {"explain": "1", "inherited": "1"})
    return None
