"""Follow-ups: 它的物流, 第 2 个, 退款呢, 改成…, 只看抖音, 按仓分, and yesterday? — merged into the person's last plan.

A message that names its own order stands alone. One that names none takes the order of the last plan, so that "退款呢" after
"6920… 到哪了" is about the same order; what is inherited is marked, and a draft shows the order before anything happens.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from dataclasses import replace

from domain.dates import numeral
from domain.understand.commands import minutes
from domain.understand.figures import group_words
from domain.understand.plan import NO_ORDER, Filter, Found, Intent, Plan

_ABOUT_ORDERS = frozenset(
    {
        Intent.WHERE_IS_ORDER,
        Intent.ORDER_DETAIL,
        Intent.AFTERSALE_STATUS,
        Intent.REQUEST_REFUND,
        Intent.REQUEST_RETURN,
        Intent.REQUEST_EXCHANGE,
        Intent.WITHDRAW_AFTERSALE,
        Intent.CHANGE_ADDRESS,
        Intent.CANCEL_ORDER,
        Intent.URGE_SHIPMENT,
        Intent.DOCUMENTS,
        Intent.CUSTOMER_ORDERS,
    }
)
_REFINABLE = frozenset({Intent.KPI, Intent.STOCK, Intent.TODO, Intent.CUSTOMER_ORDERS})
_NTH = re.compile(
    r"^(?:看|选|要|查)?(?:一下)?第?\s*(\d{1,2}|[一二三四五六七八九十两]{1,2})\s*(?:个|单|条|件|项)?(?:吧|呢|的|订单|那个)?$|^(?:the )?(?P<en>first|second|third|fourth|fifth|last)(?: one| order)?$|^(?:number|no\.?|#)\s*(?P<no>\d{1,2})$"
)
_ORDINAL = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_PAGE = re.compile(r"^(?:下一页|下页|继续|更多|还有吗|还有呢|next(?: page)?|more|show more)$")
_HOW = re.compile(
    r"^(?:这个?|它)?(?:是)?(?:怎么算的?|怎么来的|口径(?:是什么)?|什么口径|how (?:is|was) (?:it|this|that) (?:computed|calculated)|how come)[?？]?$"
)
_WHY = re.compile(r"^(?:为什么|为啥|为何|why|怎么回事|什么原因)[?？呢]?$")
_CLAIM = re.compile(r"^(?:我?认领|我来跟?|我跟|我处理|接手|claim|ack|i'?ll take it|mine)[吧了]?$")
_LATER = re.compile(r"^(?:稍后|晚点|静音|暂停|snooze|later|mute)")
_ONLY = re.compile(r"^(?:只看|只要|仅看|就看|换成|换|看|只|那|only|just|what about|how about|and)|呢[?？]?$|的$")
_WHOLE = re.compile(r"^(?:不分组?了?|不用分了?|合起来看?|看?合计|看?总数|in total|ungrouped?|all together)$")
_EVERY = re.compile(
    r"^(?:看)?(?:不限|不分|所有|全部|全)的?(?P<what>渠道|平台|店铺?|仓库?)(?:的|了|呢)?$|^(?:all|any) (?P<en>channel|shop|warehouse)s?$"
)
_FIELD = {"渠道": "channel", "平台": "channel", "店铺": "shop", "店": "shop", "仓库": "warehouse", "仓": "warehouse"}
_CHANGED_TO = re.compile(
    r"^(?:那就?)?(?:帮我|给我)?(?:改成|改为|改到|换成|换到|change (?:it )?to)\s*[:：]?\s*(?P<value>.{2,120})$"
)
_PLACE = re.compile(r"[省市区县镇乡村路街道巷弄号楼栋室幢苑城园]|\b(?:street|road|avenue|st|rd|ave)\b|^\d{11}$")
_SHORT = 24


def follow_up(plan: Plan, own: str, context: Plan, *, bare: bool = False) -> Plan:
    """`plan` completed from `context` where the message only makes sense as a continuation; else `plan` as it is.

    `bare`: the message is nothing but a number, so it answers what was asked back.
    """
    if bare and context.note == NO_ORDER and plan.intent in {Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL}:
        return replace(
            plan, intent=Intent.WITHDRAW_AFTERSALE, entity="aftersale", alternatives=(), confidence=0.9, note="negated"
        )
    if plan.found or "order_tail" in plan.extra:
        return plan
    if len(own) <= _SHORT or plan.intent is Intent.OUT_OF_SCOPE:
        merged = (
            _alert(own, context) or _list_step(own, context) or _refined(plan, own, context) or _changed_to(own, context)
        )
        if merged is not None:
            return merged
    if plan.intent in {Intent.APPROVE, Intent.REJECT} and context.slots.approval_id is not None:
        approval = context.slots.approval_id
        return replace(plan, slots=replace(plan.slots, approval_id=approval), found=(Found("approval_id", approval),))
    if plan.intent in _ABOUT_ORDERS and plan.slots.name is None:
        return _inherit(plan, context)
    if (
        plan.intent is Intent.OUT_OF_SCOPE
        and plan.note == "unsure"
        and context.intent in _ABOUT_ORDERS
        and re.search(r"^(?:它|这单|那单|这个|那个|it\b)", own)
    ):
        return _inherit(replace(plan, intent=Intent.ORDER_DETAIL, note="", confidence=0.6), context)
    return plan


def _inherit(plan: Plan, context: Plan) -> Plan:
    """The order that the last plan was about becomes this plan's."""
    old = context.slots
    known = (old.order_no, old.waybill_no, old.phone, old.phone_tail, old.name)
    if not any(known) and "order_tail" not in context.extra and "pick" not in context.extra:
        return plan
    slots = replace(
        plan.slots,
        order_no=old.order_no,
        waybill_no=old.waybill_no,
        phone=old.phone,
        phone_tail=old.phone_tail,
        name=old.name,
        channel=plan.slots.channel or old.channel,
        range=plan.slots.range or (old.range if old.name else None),
    )
    kept = {key: context.extra[key] for key in ("order_head", "order_tail", "phone_head", "pick") if key in context.extra}
    return replace(plan, slots=slots, found=context.found, extra=kept | plan.extra | {"inherited": "1"})


def _alert(own: str, context: Plan) -> Plan | None:
    if context.slots.alert_id is None:
        return None
    for pattern, intent in ((_WHY, Intent.ALERT_WHY), (_CLAIM, Intent.ALERT_ACK), (_LATER, Intent.ALERT_SNOOZE)):
        if pattern.search(own):
            extra = {"minutes": str(minutes(own))} if intent is Intent.ALERT_SNOOZE else {}
            return replace(context, intent=intent, extra=extra | {"inherited": "1"}, note="", alternatives=())
    return None


def _list_step(own: str, context: Plan) -> Plan | None:
    if (nth := _NTH.match(own)) is not None:
        word = nth["en"]
        pick = _ORDINAL[word] if word else numeral(nth["no"] or nth[1])
        if context.intent is Intent.CUSTOMER_ORDERS:  # one of a person's orders: where it is, not the list once more
            context = replace(context, intent=Intent.WHERE_IS_ORDER, entity="order", filters=(), note="")
        return replace(context, extra=context.extra | {"pick": str(pick), "inherited": "1"})
    if _PAGE.match(own):
        page = int(context.extra.get("page", "1")) + 1
        return replace(context, extra=context.extra | {"page": str(page), "inherited": "1"})
    if context.intent is Intent.KPI and _HOW.match(own):
        return replace(context, extra=context.extra | {"explain": "1", "inherited": "1"})
    if context.intent is Intent.KPI and _WHOLE.match(own):
        return replace(context, group_by=(), extra=context.extra | {"inherited": "1"})
    if context.intent is Intent.KPI and (every := _EVERY.match(own)) is not None:
        name = every["en"] or _FIELD[every["what"]]
        kept = tuple(one for one in context.filters if one.field != name)
        slots = replace(context.slots, channel=None) if name == "channel" else context.slots
        return replace(context, slots=slots, filters=kept, extra=context.extra | {"inherited": "1"})
    return None


def _refined(plan: Plan, own: str, context: Plan) -> Plan | None:
    """只看抖音, 按仓分, 昨天呢, and yesterday?: the same question with one thing changed."""
    if plan.intent not in {Intent.OUT_OF_SCOPE, context.intent, Intent.WHERE_IS_ORDER} or len(own) > _SHORT:
        return None
    groups = group_words(own) or (
        (match[1],) if (match := re.match(r"^(?:and )?(?:by|per) (channel|shop|warehouse|day|carrier|sku)$", own)) else ()
    )
    new = plan.slots
    named = bool(groups or new.channel or new.range or new.sku or plan.filters)
    # After a figure a period alone is the next question: 昨天, 近 30 天, last week.
    period = context.intent is Intent.KPI and new.range is not None and new.range.label.strip() == own.strip()
    if not named or not (groups or period or _ONLY.search(own)):
        return None
    if context.intent not in _REFINABLE and (groups or context.intent not in _ABOUT_ORDERS):
        return None
    slots = replace(
        context.slots,
        channel=new.channel or context.slots.channel,
        range=new.range or context.slots.range,
        sku=new.sku or context.slots.sku,
    )
    replaced = {one.field for one in plan.filters}
    filters: tuple[Filter, ...] = (*(one for one in context.filters if one.field not in replaced), *plan.filters)
    return replace(
        context, slots=slots, filters=filters, group_by=groups or context.group_by, extra=context.extra | {"inherited": "1"}
    )


def _changed_to(own: str, context: Plan) -> Plan | None:
    match = _CHANGED_TO.match(own)
    if match is None or context.intent not in _ABOUT_ORDERS or _PLACE.search(match["value"]) is None:
        return None
    value = match["value"].strip(" ,，。.")
    plan = Plan(Intent.CHANGE_ADDRESS, confidence=0.85)
    return _inherit(replace(plan, slots=replace(plan.slots, address=value)), context)
