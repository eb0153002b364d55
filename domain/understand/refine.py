"""The same question with something changed: 只看抖音, 按仓分, 昨天呢, 换成退款率, 不分组, 那苏州仓呢, 蓝色的呢, and yesterday?

A message changes the question before it when it is made of nothing but things that a question of that kind has (a period, a
channel, a warehouse, a grouping, a metric, goods) and of the small words around them. One word more, and it is another question.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from domain.dates import DateRange, find_range
from domain.understand import sound
from domain.understand.figures import METRICS, cut_groups
from domain.understand.goods import goods_named
from domain.understand.lexicon import Lexicon
from domain.understand.plan import Filter, Intent, Plan

_SHORT = 24
_WHOLE = re.compile(
    r"不分组了?|不分[天日周月](?!猫)|不按[^,，。]{1,3}分|不分了?(?=$|[\s,，。])|不用分了?|不要分组?了?|合起来|合计|总数|总的|加起来|in total|ungrouped?|all together|no grouping"
)
_EVERY = re.compile(
    r"(?:不限|不分|所有|全部|全)的?(?P<what>渠道|平台|店铺?|仓库?)|(?:all|any) (?P<en>channel|shop|warehouse)s?"
)
_FIELD = {"渠道": "channel", "平台": "channel", "店铺": "shop", "店": "shop", "仓库": "warehouse", "仓": "warehouse"}
_BY = re.compile(
    r"\b(?:by|per|for each|split by|group(?:ed)? by) (channel|shop|warehouse|day|carrier|sku|province|reason)s?\b"
)
_METRICS = tuple((code, re.compile(pattern)) for code, pattern in METRICS)
# Words that are a metric only where a figure is on the table.
_METRICS_HERE = (
    ("refunds", re.compile(r"^(?:那|看看?)?(?:退款|退货|售后)(?:呢|的|数)?$")),
    ("orders", re.compile(r"^(?:那|看看?)?(?:订单|单子)数?(?:呢)?$")),
)
_SMALL = re.compile(
    r"只看|只要|只算|仅看|就看|换成|换到|改成|改看|变成|看一?下|看看?|查一?下|查|来个|再来|来|还有|那么?|就|只|换|给我|帮我|我要|我想|要|想|按照?|分组?|的话|呢|吧|了|啊|呀|吗|嘛|也|都|再|和|与|跟|情况|数据|怎么样|怎样|如何|是多少|有?多少|分别|一下|下|是|在|看|的|里|单|"
    r"\b(?:only|just|what|about|how|and|for|in|show|me|the|now|please|then|same|but|is|it|was|of|with|from|to|change|switch|ok|okay)\b|[\s,，.。!！?？、~…:：]+"
)
_GOODS_WORDS = re.compile(r"颜色|色|款|号|码|还|有|货|库存|现货|剩|够|几件|个|件|套|仓库?")
# 按苍分, 只看斗音, 怎么蒜的: what is typed by sound is heard as one of these.
_HEARD = ("仓", "渠道", "抖音", "拼多多", "退款率", "订单量", "销售额", "昨天", "上周", "前天", "本周", "不分组", "毛利")


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a message names of a question, and whether it names nothing else (`complete`)."""

    complete: bool
    range: DateRange | None = None
    channel: str | None = None
    filters: tuple[Filter, ...] = ()
    groups: tuple[str, ...] = ()
    metric: str | None = None
    every: str = ""
    whole: bool = False
    joined: str = ""  # 不分渠道: not split by it any more

    @property
    def any(self) -> bool:
        return bool(self.range or self.channel or self.filters or self.groups or self.metric or self.every or self.whole)


def refined(plan: Plan, own: str, context: Plan, *, now: datetime, lexicon: Lexicon) -> Plan | None:
    """`context` with what `own` changes of it; None when `own` is no such change."""
    if len(own) > (2 * _SHORT if own.isascii() else _SHORT) or plan.intent in _NEVER:
        return None
    if context.intent is Intent.STOCK:
        return _other_goods(own, context, lexicon)
    if context.intent is Intent.CUSTOMER_ORDERS or (context.intent in _LOOKS and _of_many(context)):
        parts = _pieces(own, now, lexicon, plan.filters)
        return None if not parts.complete or parts.groups or parts.metric or not parts.any else _merged(context, parts)
    if context.intent is not Intent.KPI:
        return None
    if plan.intent is Intent.KPI and plan.slots.metric:
        return None if plan.slots.range is not None else _asked_anew(plan, context)
    parts = _pieces(own, now, lexicon, plan.filters)
    if not (parts.any and parts.complete) and (heard := sound.heard_as(own, _HEARD)) is not None:
        parts = _pieces(heard, now, lexicon, ())
    return _merged(context, parts) if parts.any and parts.complete else None


_NEVER = frozenset(
    {
        Intent.APPROVE,
        Intent.REJECT,
        Intent.CREATE_ORDER,
        Intent.DOCUMENTS,
        Intent.RULES,
        Intent.EXPAND,
        Intent.WITHDRAW_AFTERSALE,
        Intent.ALERT_ACK,
        Intent.ALERT_SNOOZE,
    }
)
_LOOKS = frozenset({Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.AFTERSALE_STATUS})


def _of_many(context: Plan) -> bool:
    slots = context.slots
    return bool(slots.phone or slots.phone_tail or slots.name) and slots.order_no is None


def _asked_anew(plan: Plan, context: Plan) -> Plan:
    merged = _merged(context, _of_plan(plan))
    order, limit = plan.order or merged.order, plan.limit or merged.limit
    return replace(merged, order=order, limit=limit, extra=merged.extra | plan.extra)


def _of_plan(plan: Plan) -> Pieces:
    """A whole question for a figure that names no period: it keeps the one on the table."""
    return Pieces(True, None, plan.slots.channel, plan.filters, plan.group_by, plan.slots.metric)


def _pieces(own: str, now: datetime, lexicon: Lexicon, flags: tuple[Filter, ...]) -> Pieces:
    rest = own
    filters = [each for each in flags if each.field not in ("shop", "warehouse")]
    if filters:  # 未发货, 含售后: found by their own patterns already
        rest = re.sub(
            r"[未没待已含有带](?:有)?(?:签收|发货|付款|售后)|(?:not )?(?:delivered|shipped)|undelivered|unshipped|unpaid",
            " ",
            rest,
        )
    span = find_range(rest, now)
    if span is not None:
        rest = rest[: span.at] + " " + rest[span.stop :]
    every = _EVERY.search(rest)
    if every is not None:
        rest = rest[: every.start()] + " " + rest[every.end() :]
    names: dict[str, str] = {}
    for field, table in (("channel", lexicon.channels), ("warehouse", lexicon.warehouses), ("shop", lexicon.shops)):
        if (found := table.find(rest)) is not None:
            names[field] = found[0]
            rest = rest[: found[1]] + " " + rest[found[2] :]
    filters += [Filter(field, "=", name) for field, name in names.items() if field != "channel"]
    whole = _WHOLE.search(rest)
    if whole is not None:
        rest = rest[: whole.start()] + " " + rest[whole.end() :]
    metric, rest = _metric(rest)
    groups, rest = _groups(rest)
    left = _SMALL.sub("", rest)
    return Pieces(
        not left,
        span.range if span else None,
        names.get("channel"),
        tuple(filters),
        groups,
        metric,
        (every["en"] or _FIELD[every["what"]]) if every else "",
        whole is not None,
        _FIELD[every["what"]] if every and every["what"] and every.group().startswith("不分") else "",
    )


def _groups(rest: str) -> tuple[tuple[str, ...], str]:
    found, rest = cut_groups(rest)
    while (by := _BY.search(rest)) is not None:
        found = (*found, by[1])
        rest = rest[: by.start()] + " " + rest[by.end() :]
    return found, rest


def _metric(rest: str) -> tuple[str | None, str]:
    if rest.isascii():
        from domain.understand.figures_en import METRICS_EN  # a team that writes Chinese never pays for the English tables

        known = METRICS_EN
    else:
        known = (*_METRICS_HERE, *_METRICS)
    for code, pattern in known:
        if (hit := pattern.search(rest.strip())) is not None:
            text = rest.strip()
            return code, text[: hit.start()] + " " + text[hit.end() :]
    return None, rest


# What belongs to one turn of the question before, not to the question.
_OF_THE_TURN = ("explain", "page", "pick", "compare", "heard", "unread", "also", "caveat")


def _merged(context: Plan, parts: Pieces) -> Plan:
    channel = None if parts.every == "channel" else parts.channel or context.slots.channel
    slots = replace(
        context.slots, channel=channel, range=parts.range or context.slots.range, metric=parts.metric or context.slots.metric
    )
    replaced = {each.field for each in parts.filters} | {parts.every}
    filters = (*(each for each in context.filters if each.field not in replaced), *parts.filters)
    groups = () if parts.whole else parts.groups or tuple(each for each in context.group_by if each != parts.joined)
    if parts.metric and parts.metric != context.slots.metric and not parts.groups:
        groups = tuple(each for each in groups if each != "reason")  # of after-sales alone
    chart = context.chart if context.intent is not Intent.KPI else "line" if not groups or "day" in groups else "bar"
    extra = {name: value for name, value in context.extra.items() if name not in _OF_THE_TURN}
    return replace(
        context,
        slots=slots,
        filters=filters,
        group_by=groups,
        chart=chart,
        alternatives=(),
        extra=extra | {"inherited": "1"},
    )


def _other_goods(own: str, context: Plan, lexicon: Lexicon) -> Plan | None:
    """那苏州仓呢, 蓝色的呢, SF-BLUE 呢: the stock of the same goods elsewhere, or of others."""
    rest = own
    sku, word, parts = goods_named(own, lexicon, context.slots.sku, context.extra.get("goods", ""))
    if (code := lexicon.skus.find(own)) is not None:
        sku, word = code[0], ""
        rest = own[: code[1]] + " " + own[code[2] :]
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(part, " ")
    house = lexicon.warehouses.find(rest)
    if house is not None:
        rest = rest[: house[1]] + " " + rest[house[2] :]
    filters = (Filter("warehouse", "=", house[0]),) if house else ()
    every = _EVERY.search(rest)
    if every is not None:
        rest = rest[: every.start()] + " " + rest[every.end() :]
    if not (sku or word or house or every) or _GOODS_WORDS.sub("", _SMALL.sub("", rest)).strip():
        return None
    kept = () if every else tuple(each for each in context.filters if each.field != "warehouse" or not house)
    extra = {name: value for name, value in context.extra.items() if name not in (*_OF_THE_TURN, "goods")}
    if sku is None and word:
        extra["goods"] = word
    elif sku is None and "goods" in context.extra:
        extra["goods"] = context.extra["goods"]
    slots = replace(context.slots, sku=sku or (None if word else context.slots.sku))
    return replace(context, slots=slots, filters=(*kept, *filters), alternatives=(), extra=extra | {"inherited": "1"})
