"""A message about the order on the table: 它的物流, 退款呢, 几件, 取消它, 改成…, 先别退.

The order is inherited and marked so. A question of a deed (能退吗, 为什么要退) is answered or asked back; only a wish becomes a draft,
and what is said not to be wanted takes the draft of that very deed back.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from dataclasses import replace

from domain.dates import numeral
from domain.money import Money
from domain.understand.guard import denied
from domain.understand.normal import is_chinese
from domain.understand.plan import RISKY, WISHES, Intent, Plan

ABOUT_ORDERS = frozenset(
    {
        Intent.WHERE_IS_ORDER,
        Intent.ORDER_DETAIL,
        Intent.AFTERSALE_STATUS,
        Intent.DOCUMENTS,
        Intent.CUSTOMER_ORDERS,
        *WISHES,
    }
)
LOOKS = frozenset({Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.AFTERSALE_STATUS, Intent.CUSTOMER_ORDERS})
DEEDS = RISKY & ABOUT_ORDERS
PLACE_IN_LIST = r"第\s*(?P<zh>\d{1,2}|[一二三四五六七八九十两]{1,2})\s*(?:个|各|单|条|项|笔)(?!月|星期|礼拜|包裹|快递|件|货|商品|仓|工作)|(?P<last>最后(?:一|那)?(?:个|单|条))"
_INSIDE = re.compile(rf"{PLACE_IN_LIST}|\bthe (?P<en>first|second|third|fourth|fifth|last) (?:one|order)\b")
_ORDINAL = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1}
_CHANGED_TO = re.compile(
    r"^(?:那就?)?(?:帮我|给我)?(?:改成|改为|改到|换成|换到|change (?:it )?to)\s*[:：]?\s*(?P<value>.{2,120})$"
)
_PLACE = re.compile(r"[省市区县镇乡村路街道巷弄号楼栋室幢苑城园]|\b(?:street|road|avenue|st|rd|ave)\b|^\d{11}$")
_ITSELF = re.compile(r"它|这一?单|那一?单|这个单|那个单|这笔|刚才|该单|\bit\b|\bits\b|this order|that order|the order")
_ITSELF_ONLY = re.compile(
    r"^(?:那|那么)?(?:它|这一?单|那一?单|这个|那个|刚才那个|刚才那单)(?:呢|怎么样了?|咋样了?|什么情况|怎么了)?[?？]*$"
)
# 几件, 什么货, 谁的: a field of the order on the table, in words too short to say so.
_FIELD = re.compile(
    r"^(?:一共|总共|都|是|有|要|发的?|买了?|里面)*(?:几件|多少件|几个|什么货|什么东西|啥货|哪款|哪个款|什么颜色|哪个仓|哪个店|谁的?|谁买的|多少钱|运费多少|运费是多少|优惠了?多少|实付多少|什么商品|哪些商品)(?:的|啊|呀|呢|了)?[?？]?$|^(?:and )?(?:when|how|where|what) (?:was|is|did) (?:it|this|that)(?: order)? (?:paid|ordered|placed|bought|cost|sent from|shipped from|made)"
)
_CONTACT = re.compile(
    r"^(?:他|她|客户|买家|收件人|收货人)?的?(?:收货|收件)?(?:电话|手机号?|号码|地址|姓名|名字)(?:是|呢)?(?:多少|什么|哪里?|啥)?(?:呢)?[?？]?$"
)
# 他还买过啥: the other orders of whoever bought the one on the table.
_OTHERS = re.compile(
    r"(?:他|她|客[户人]|买家|这人|这位)[^,，。]{0,4}(?:买过|买了|下过|拍过|还有)(?:些)?(?:什么|啥|哪些|别的|其[他它]|几单|多少单)"
)
_EN_DEED = re.compile(
    r"^(?:(?:please|pls|ok|okay|then|just|so|now|can you|could you)[, ]+)*(?P<deed>cancel|refund|return|exchange) (?:it|this|that|this one|that one|the order|this order|that order)(?: (?:please|pls|then|now|for (?:him|her|them|the customer)))*[.!]?$"
)
_EN_DEEDS = {
    "cancel": Intent.CANCEL_ORDER,
    "refund": Intent.REQUEST_REFUND,
    "return": Intent.REQUEST_RETURN,
    "exchange": Intent.REQUEST_EXCHANGE,
}
_EN_WHERE = re.compile(r"\b(?:where|arrive|arriving|deliver\w*|ship\w*|track\w*|eta|come)\b")
# 改成 80, 还是退 50: another amount for the refund that is being drafted.
_AMOUNT = re.compile(
    r"^(?:那|那就|就|还是|不对|算了)?[,，]?(?:金额)?(?:(?:改成|改为|改到|换成|变成|改退|退款?|给他退|make it|change (?:it )?to|refund)\s*)(?P<figure>\d{1,6}(?:\.\d{1,2})?)\s*(?:元|块钱?|rmb|yuan)?(?:吧|好了|就行|可以了)?[.!。]?$"
)
# Asked about a deed, not for it: 为什么要退, 它退过款吗, 退了没.
_ASKS_OF_DEED = re.compile(
    r"为什么|为啥|为何|干嘛|干吗|凭什么|是谁|谁[要说让]|过(?:款|货|钱)?[吗么没]|了(?:吗|么|没|没有)[?？]?$|^(?:any|is there|was there|has|did)\b|\bwhy\b"
)
_TAKEN_BACK = re.compile(r"不[退换改取要]|算了|^no\b|\bkeep it|\bnever ?mind|\bforget it")
_NO_MORE = re.compile(r"(?:不|别|甭)(?:用|要|想)?再?(?:退|换|改|取消)(?:货|款|地址)?(?:了|吧|啦)")
_WONDERS = re.compile(r"要不要|该不该|用不用|需不需要|是不是|[吗么?？]$")
_UNWANTED = (
    (re.compile(r"换货|不换|exchange"), Intent.REQUEST_EXCHANGE),
    (re.compile(r"退|refund|return"), Intent.REQUEST_REFUND),
    (
        re.compile(r"(?:不|别|勿|甭|不用|不要|先不)(?:再|要|给[他她]|帮[他她])?取消|\b(?:don'?t|not) cancel"),
        Intent.CANCEL_ORDER,
    ),
    (re.compile(r"地址|不改|address"), Intent.CHANGE_ADDRESS),
)
# 能退吗, 退 50 够吗, 取消按钮在哪: asked of the order on the table, by whoever may only wonder; 能帮他退吗 asks somebody to do it.
_ASKING = re.compile(
    r"[吗么][?？。]?$|[?？]$|行不行|够不够|能不能|可不可以|可以不|要不要|好不好|是不是|在哪|哪里|怎么|如何|咋|多少|要审批|^(?:can|could|may|should|would|is|are|do|does|did|how|what|where|why|when)\b"
)
_ASKED_FOR = re.compile(r"帮|给(?:他|她|客|买|我)|麻烦|请|替|\b(?:can|could|would|will) you\b|\bplease\b|\bpls\b")
_THE_SAME = re.compile(
    r"^(?:那|嗯|好)?[,，]?(?:就)?退(?:款|钱)?(?:吧|了吧|给他|给她|给客户)?$|^(?:ok |then )?refund(?: it)?$"
)
_SHORT = 24


def about_order(plan: Plan, own: str, context: Plan) -> Plan | None:
    """The message about the order of `context`, when it is about an order and names none."""
    if plan.intent is Intent.OUT_OF_SCOPE:
        return _unread(plan, own, context)
    if plan.intent not in ABOUT_ORDERS or plan.slots.name is not None:
        return None
    plan = _asked_or_wished(plan, own, context)
    merged = inherit(plan, context)
    if plan.intent in LOOKS and not RISKY.intersection(plan.alternatives):
        merged = replace(merged, confidence=max(merged.confidence, 0.75))  # a look at the order on the table: no need to ask
    if _ITSELF_ONLY.match(own) and context.intent in LOOKS:
        merged = replace(merged, intent=context.intent, entity=context.entity, alternatives=(), note="")
    inside = _INSIDE.search(own) if listed(context) else None
    return merged if inside is None else replace(merged, extra=merged.extra | {"pick": str(place(inside))})


def _unread(plan: Plan, own: str, context: Plan) -> Plan | None:
    """What only makes sense beside an order: 几件, 电话多少, 他还买过啥, 这单呢, cancel it, 先别退."""
    if context.intent in DEEDS and _takes_back(plan, own, context):
        return taken_back(plan, own, context)
    if plan.note not in ("unsure", ""):
        return None
    if (deed := _EN_DEED.match(own)) is not None:
        wished = replace(plan, intent=_EN_DEEDS[deed["deed"]], entity="order", note="", alternatives=(), confidence=0.85)
        return inherit(wished, context)
    field = _FIELD.match(own) or _CONTACT.match(own) or _OTHERS.search(own)
    if not field and (plan.note != "unsure" or not _ITSELF.search(own)):
        return None
    intent = Intent.ORDER_DETAIL
    if _OTHERS.search(own):
        intent = Intent.CUSTOMER_ORDERS
    elif _ITSELF_ONLY.match(own) and context.intent in LOOKS:
        intent = context.intent
    elif _EN_WHERE.search(own):
        intent = Intent.WHERE_IS_ORDER
    return inherit(replace(plan, intent=intent, entity="order", note="", alternatives=(), confidence=0.75), context)


def _asked_or_wished(plan: Plan, own: str, context: Plan) -> Plan:
    """为什么要退 is looked up, 能退吗 is asked back, 退款 once more means the amount that was said; all else as it was read."""
    if plan.intent is Intent.WITHDRAW_AFTERSALE:
        deed = _deed_named(own)
        return replace(plan, extra=plan.extra | {"taken_back": deed}) if deed else plan
    told = _ASKS_OF_DEED.search(own)
    if plan.intent in LOOKS:
        return replace(plan, confidence=max(plan.confidence, 0.8), alternatives=()) if told else plan
    if plan.intent not in DEEDS:
        return plan
    of_order = plan.intent in {Intent.CANCEL_ORDER, Intent.CHANGE_ADDRESS}
    look = Intent.ORDER_DETAIL if of_order else Intent.AFTERSALE_STATUS
    if told:
        return replace(plan, intent=look, entity="order" if of_order else "aftersale", confidence=0.8, alternatives=())
    if _ASKING.search(own) and not _ASKED_FOR.search(own):
        return replace(plan, confidence=0.6, alternatives=(look,))  # a button, not a draft
    if plan.intent is context.intent and plan.slots.amount is None and _THE_SAME.match(own):
        return replace(plan, slots=replace(plan.slots, amount=context.slots.amount))
    return plan


def taken_back(plan: Plan, own: str, context: Plan) -> Plan:
    taken = replace(
        plan,
        intent=Intent.WITHDRAW_AFTERSALE,
        entity="aftersale",
        confidence=0.85,
        alternatives=(),
        note="negated",
        extra=plan.extra | {"taken_back": _deed_named(own) or context.intent.value},
    )
    return inherit(taken, context)


def _deed_named(own: str) -> str:
    """Which deed is said not to be wanted; "" when the words do not tell."""
    return next((intent.value for pattern, intent in _UNWANTED if pattern.search(own)), "")


def _takes_back(plan: Plan, own: str, context: Plan) -> bool:
    """先别退, 不用取消, 算了地址不改了: said of what is being drafted."""
    if _WONDERS.search(own):
        return False
    if plan.note == "negated" and _TAKEN_BACK.search(own):
        return True
    if len(own) > _SHORT:
        return False
    if _NO_MORE.search(own):
        deed = _deed_named(own)
        return deed == (Intent.REQUEST_REFUND if context.intent is Intent.REQUEST_RETURN else context.intent).value
    return denied(own, context.intent, chinese=is_chinese(own))


def other_amount(own: str, context: Plan) -> Plan | None:
    if context.intent not in {Intent.REQUEST_REFUND, Intent.REQUEST_RETURN} or (match := _AMOUNT.match(own)) is None:
        return None
    amount = Money.parse(match["figure"], context.slots.amount.currency if context.slots.amount else "CNY")
    return replace(
        context, slots=replace(context.slots, amount=amount), alternatives=(), extra=context.extra | {"inherited": "1"}
    )


def place(match: re.Match[str]) -> int:
    groups = match.groupdict()
    if groups.get("last"):
        return -1
    if groups.get("en"):
        return _ORDINAL[groups["en"]]
    return numeral(groups.get("zh") or groups.get("bare") or groups["no"])


def named(plan: Plan) -> bool:
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


def listed(context: Plan) -> bool:
    """Whether what was shown was, or may have been, a list."""
    slots = context.slots
    several = sum(one.kind in ("order_no", "waybill_no") for one in context.found) > 1
    view = context.intent is Intent.TODO and context.extra.get("view") == "to_ship"
    exact = slots.order_no or slots.waybill_no
    handle = not exact and (slots.phone or slots.phone_tail or slots.name or "order_tail" in context.extra)
    return bool(
        several or view or handle or context.intent is Intent.CUSTOMER_ORDERS or {"listed", "pick"} & context.extra.keys()
    )


def inherit(plan: Plan, context: Plan) -> Plan:
    """The order that the last plan was about becomes this plan's."""
    old = context.slots
    if not named(context):
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


def changed_to(own: str, context: Plan) -> Plan | None:
    match = _CHANGED_TO.match(own)
    if match is None or context.intent not in ABOUT_ORDERS or _PLACE.search(match["value"]) is None:
        return None
    value = match["value"].strip(" ,，。.")
    plan = Plan(Intent.CHANGE_ADDRESS, confidence=0.85)
    return inherit(replace(plan, slots=replace(plan.slots, address=value)), context)
