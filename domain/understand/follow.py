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

from domain.dates import numeral
from domain.errors import BadInput
from domain.understand.commands import minutes
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.plan import NO_ORDER, RISKY, Found, Intent, Plan, Slots, from_json
from domain.understand.refine import refined
from domain.understand.threads import DROPPED

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
_LOOKS = frozenset({Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.AFTERSALE_STATUS, Intent.CUSTOMER_ORDERS})
_DEEDS = RISKY & _ABOUT_ORDERS
_PLACE_IN_LIST = r"第\s*(?P<zh>\d{1,2}|[一二三四五六七八九十两]{1,2})\s*(?:个|单|条|项|笔)(?!月|星期|礼拜|包裹|快递|件|货|商品|仓|工作)|(?P<last>最后(?:一|那)?(?:个|单|条))"
_NTH = re.compile(
    rf"^(?:那|看|选|要|查|就)?(?:一下|看)?(?:{_PLACE_IN_LIST}|第?\s*(?P<bare>\d{{1,2}}|[一二三四五六七八九十两]{{1,2}})\s*(?:个|单|条|件|项)?)(?:吧|呢|的|订单|那个|那单)?[?？。]?$"
    r"|^(?:the )?(?P<en>first|second|third|fourth|fifth|last)(?: one| order)?[?.]?$|^(?:number|no\.?|#)\s*(?P<no>\d{1,2})$"
)
_INSIDE = re.compile(rf"{_PLACE_IN_LIST}|\bthe (?P<en>first|second|third|fourth|fifth|last) (?:one|order)\b")
_ORDINAL = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_PAGE = re.compile(
    r"^(?:下一页|下页|继续|更多|还有吗|还有呢|还有没有|后面(?:的|还有)呢?|next(?: page)?|more|show more|any more|anything else)[?？]?$"
)
_HOW = re.compile(
    r"^(?:这个?|它|那)?(?:数(?:字|据)?)?(?:是)?(?:怎么[算蒜]的?|咋算的?|怎么来的|如何(?:计算|算)的?|口径(?:是什么|呢)?|什么口径|how (?:is|was|do you|did you) (?:it|this|that|calculate|compute)(?: (?:computed|calculated|it|this|that))?|how come)[?？]?$"
)
_WHY = re.compile(r"^(?:为什么|为啥|为何|why|怎么回事|什么原因)[?？呢]?$")
_CLAIM = re.compile(r"^(?:我?认领|我来跟?|我跟|我处理|接手|claim|ack|i'?ll take it|mine)[吧了]?$")
_LATER = re.compile(r"^(?:稍后|晚点|静音|暂停|snooze|later|mute)")
_CHANGED_TO = re.compile(
    r"^(?:那就?)?(?:帮我|给我)?(?:改成|改为|改到|换成|换到|change (?:it )?to)\s*[:：]?\s*(?P<value>.{2,120})$"
)
_PLACE = re.compile(r"[省市区县镇乡村路街道巷弄号楼栋室幢苑城园]|\b(?:street|road|avenue|st|rd|ave)\b|^\d{11}$")
# 6920… 呢, 那 0417 呢, what about …: the same question about another order.
_ANOTHER = re.compile(
    r"\W*(?:(?:那|还有|再看看?|and|also|what about|how about)\W*(?:订单|单号|单|尾号|order)?\W*(?:这单|那单|的)?\W*呢?|(?:订单|单号|尾号)?\W*(?:这单|那单|的)?\W*呢)\W*"
)
_ITSELF = re.compile(r"它|这一?单|那一?单|这个单|那个单|这笔|刚才|该单|\bit\b|\bits\b|this order|that order|the order")
_ITSELF_ONLY = re.compile(
    r"^(?:那|那么)?(?:它|这一?单|那一?单|这个|那个|刚才那个|刚才那单)(?:呢|怎么样了?|咋样了?|什么情况|怎么了)?[?？]*$"
)
# 几件, 什么货, 谁的: a field of the order on the table, in words too short to say so.
_FIELD = re.compile(
    r"^(?:一共|总共|都|是|有|买了?|里面)*(?:几件|多少件|几个|什么货|什么东西|啥货|哪款|哪个款|什么颜色|哪个仓|哪个店|谁的?|谁买的|多少钱|什么商品|哪些商品)(?:的|啊|呀|呢|了)?[?？]?$|^(?:and )?(?:when|how|where|what) (?:was|is|did) (?:it|this|that)(?: order)? (?:paid|ordered|placed|bought|cost|sent from|shipped from|made)"
)
# Asked about a deed, not for it: 为什么要退, 它退过款吗, 退了没.
_ASKS_OF_DEED = re.compile(
    r"为什么|为啥|为何|干嘛|干吗|凭什么|是谁|谁[要说让]|过(?:款|货|钱)?[吗么没]|了(?:吗|么|没|没有)[?？]?$|^(?:any|is there|was there|has|did)\b|\bwhy\b"
)
_NEVER_MIND = re.compile(
    r"^(?:那|哦|嗯|额|呃)?[,，]?(?:算了|还是算了|不用了|先不了|不弄了|作罢|先这样|先放着|never ?mind|forget it|leave it)(?:吧|了|啊)?[,，。.! ]*(?:谢谢|thanks)?$"
)
_TAKEN_BACK = re.compile(r"不[退换改取要]|[别勿]|先不|算了|no\b|don'?t|keep it|never ?mind|not")
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
    if context.intent not in _ABOUT_ORDERS or context.note not in ("", "learnt") or context.extra.get("question"):
        return False
    if context.extra.get("document") == "picklist" or (context.alternatives and context.confidence < 0.75):
        return False
    return not _named(context)


def keeps_question(context: Plan) -> bool:
    """Whether "6920… 呢" after this plan asks the same of another order."""
    return context.intent in {Intent.AFTERSALE_STATUS, Intent.ORDER_DETAIL, Intent.DOCUMENTS}


def about_same(plan: Plan, contexts: Sequence[str]) -> Plan:
    """A reading chosen by a button: about the order talked about when it names none."""
    if plan.intent not in _ABOUT_ORDERS or _named(plan) or plan.found:
        return plan
    for text in contexts:
        thread = from_json(text)
        if thread.intent in _ABOUT_ORDERS and _named(thread):
            return _inherit(plan, thread)
    return plan


def _continued(plan: Plan, own: str, context: Plan, now: datetime, lexicon: Lexicon, *, newest: bool) -> Plan | None:
    if newest and (merged := _alert(own, context)) is not None:
        return merged
    if newest and _NEVER_MIND.match(own) and context.intent in _DEEDS | {Intent.WITHDRAW_AFTERSALE}:
        return _never_mind(plan, context)
    if (merged := _list_step(own, context) or refined(plan, own, context, now=now, lexicon=lexicon)) is not None:
        return merged
    if newest and (merged := _changed_to(own, context)) is not None:
        return merged
    if newest and plan.intent in {Intent.APPROVE, Intent.REJECT} and context.slots.approval_id is not None:
        approval = context.slots.approval_id
        return replace(plan, slots=replace(plan.slots, approval_id=approval), found=(Found("approval_id", approval),))
    return _about_order(plan, own, context) if context.intent in _ABOUT_ORDERS and _named(context) else None


def _about_order(plan: Plan, own: str, context: Plan) -> Plan | None:
    """The message about the order of `context`, when it is about an order and names none."""
    if plan.intent is Intent.OUT_OF_SCOPE:
        if plan.note == "negated" and context.intent in _DEEDS and _TAKEN_BACK.search(own):
            return _inherit(
                replace(plan, intent=Intent.WITHDRAW_AFTERSALE, entity="aftersale", alternatives=(), confidence=0.8), context
            )
        if not (_FIELD.match(own) and plan.note in ("unsure", "")) and not (plan.note == "unsure" and _ITSELF.search(own)):
            return None
        intent = context.intent if _ITSELF_ONLY.match(own) and context.intent in _LOOKS else Intent.ORDER_DETAIL
        return _inherit(replace(plan, intent=intent, entity="order", note="", alternatives=(), confidence=0.75), context)
    if plan.intent not in _ABOUT_ORDERS or plan.slots.name is not None:
        return None
    if plan.intent in _LOOKS and _ASKS_OF_DEED.search(own):
        plan = replace(plan, confidence=max(plan.confidence, 0.8), alternatives=())
    elif plan.intent in _DEEDS and _ASKS_OF_DEED.search(own):
        money = plan.intent in {Intent.REQUEST_REFUND, Intent.REQUEST_RETURN, Intent.REQUEST_EXCHANGE}
        look = Intent.AFTERSALE_STATUS if money else Intent.ORDER_DETAIL
        plan = replace(plan, intent=look, entity="aftersale" if money else "order", confidence=0.8, alternatives=())
    merged = _inherit(plan, context)
    if plan.intent in _LOOKS and not RISKY.intersection(plan.alternatives):
        merged = replace(merged, confidence=max(merged.confidence, 0.75))  # a look at the order on the table: no need to ask
    if _ITSELF_ONLY.match(own) and context.intent in _LOOKS:
        merged = replace(merged, intent=context.intent, entity=context.entity, alternatives=(), note="")
    inside = _INSIDE.search(own) if _listed(context) else None
    return merged if inside is None else replace(merged, extra=merged.extra | {"pick": str(_place(inside))})


def _place(match: re.Match[str]) -> int:
    groups = match.groupdict()
    if groups.get("last"):
        return -1
    if groups.get("en"):
        return _ORDINAL[groups["en"]]
    return numeral(groups.get("zh") or groups.get("bare") or groups["no"])


def _named(plan: Plan) -> bool:
    slots = plan.slots
    return bool(
        slots.order_no
        or slots.waybill_no
        or slots.phone
        or slots.phone_tail
        or slots.name
        or "order_tail" in plan.extra
        or "pick" in plan.extra
    )


def _listed(context: Plan) -> bool:
    """Whether what was shown was, or may have been, a list."""
    slots = context.slots
    several = sum(one.kind in ("order_no", "waybill_no") for one in context.found) > 1
    view = context.intent is Intent.TODO and context.extra.get("view") == "to_ship"
    exact = slots.order_no or slots.waybill_no
    handle = not exact and (slots.phone or slots.phone_tail or slots.name or "order_tail" in context.extra)
    return bool(
        several or view or handle or context.intent is Intent.CUSTOMER_ORDERS or {"listed", "pick"} & context.extra.keys()
    )


def _inherit(plan: Plan, context: Plan) -> Plan:
    """The order that the last plan was about becomes this plan's."""
    old = context.slots
    if not _named(context):
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
    kept = {
        key: context.extra[key]
        for key in ("order_head", "order_tail", "phone_head", "pick", "listed")
        if key in context.extra
    }
    return replace(plan, slots=slots, found=context.found, extra=kept | plan.extra | {"inherited": "1"})


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


def _never_mind(plan: Plan, context: Plan) -> Plan:
    """算了: a draft is taken back; what was only asked back is dropped."""
    if not _named(context):
        return replace(
            plan, intent=Intent.SMALLTALK, entity="", confidence=0.9, alternatives=(), note="", extra={DROPPED: "1"}
        )
    if context.intent is Intent.WITHDRAW_AFTERSALE:
        return replace(plan, intent=Intent.SMALLTALK, entity="", confidence=0.9, alternatives=(), note="")
    taken = replace(
        plan, intent=Intent.WITHDRAW_AFTERSALE, entity="aftersale", confidence=0.85, alternatives=(), note="negated"
    )
    return _inherit(taken, context)


def _list_step(own: str, context: Plan) -> Plan | None:
    if len(own) > _SHORT:
        return None
    if (nth := _NTH.match(own)) is not None:
        said = nth["bare"] is None or not own.strip().isalnum()
        if not (_listed(context) or (said and context.intent in _ABOUT_ORDERS)):
            return None
        settled = context.slots.order_no or context.slots.waybill_no or "pick" in context.extra
        if context.intent in {Intent.CUSTOMER_ORDERS, Intent.TODO} or (context.intent not in _LOOKS and settled):
            # One of a list: where it is, not the list once more; and what was done to another one is not done to this.
            context = replace(context, intent=Intent.WHERE_IS_ORDER, entity="order", filters=(), note="", alternatives=())
        slots = replace(context.slots, amount=None) if context.intent in _LOOKS else context.slots
        return replace(context, slots=slots, extra=context.extra | {"pick": str(_place(nth)), "inherited": "1"})
    if context.intent in {Intent.TODO, Intent.CUSTOMER_ORDERS} and _PAGE.match(own):
        page = int(context.extra.get("page", "1")) + 1
        return replace(context, extra=context.extra | {"page": str(page), "inherited": "1"})
    if context.intent is Intent.KPI and _HOW.match(own):
        return replace(context, extra=context.extra | {"explain": "1", "inherited": "1"})
    return None


def _changed_to(own: str, context: Plan) -> Plan | None:
    match = _CHANGED_TO.match(own)
    if match is None or context.intent not in _ABOUT_ORDERS or _PLACE.search(match["value"]) is None:
        return None
    value = match["value"].strip(" ,，。.")
    plan = Plan(Intent.CHANGE_ADDRESS, confidence=0.85)
    return _inherit(replace(plan, slots=replace(plan.slots, address=value)), context)
