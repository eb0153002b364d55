"""KPI questions in words (昨天 P95 履约时效, 上周各渠道异常占比, 近7天发货超时单有多少): metric, grouping, order, chart.

A question for a figure names something that is counted and either a period or a way of counting; the customer's 退款多久 and
我的订单 name neither. What is a list as well as a count (订单, 异常单, 退款单) needs a counting word beside it.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.plan import Intent
from domain.understand.reading_zh import Reading

_OF = r"(?:的)?"
_ORDER = r"(?:单子|订单|单|件)"
# Metric code → what people call it, the most particular first. Each is defined once, by the handler that computes it.
METRICS: tuple[tuple[str, str], ...] = (
    ("fulfilment_p95", r"p95[^,。]{0,4}(?:履约|发货|时效)|(?:履约|发货)(?:时效|时长)?\s*p95|95分位"),
    (
        "fulfilment_p50",
        r"p50[^,。]{0,4}(?:履约|发货|时效)|(?:履约|发货)(?:时效|时长)?\s*p50|(?:履约|发货)(?:时效|时长)?的?中位",
    ),
    ("fulfilment_p95", r"履约(?:时效|时长|时间)|发货(?:时效|时长)|揽收时效"),
    ("first_response", r"(?:首次?响应|首响|平均响应|响应时长|响应时间|回复时长)"),
    ("exception_share", rf"异常{_ORDER}?{_OF}(?:占比|率|比例|百分比|占(?:了)?多少)"),
    (
        "on_time",
        r"(?:及时|准时|按时)(?:发货|揽收|签收|送达)?率|(?:发货|揽收|送达)(?:及时|准时|按时)率|(?:妥投|签收)率|(?:超时|延迟|逾期|晚发)率",
    ),
    ("refund_rate", r"(?:退款|退货|售后|退换货?)(?:占比|率|比例)"),
    ("return_reasons", r"退(?:货|款|换货?)?的?(?:原因|理由)"),
    ("refund_amount", r"退款(?:的)?(?:总|合计|一共|总共)?的?(?:金额|额|多少钱)(?:合计|总计)?|退(?:款|出去)?了多少钱"),
    (
        "refunds",
        r"(?:退款|退货|售后|退换货?)(?:的)?(?:单子|订单|单|笔|申请)?(?:笔?数量?|量|总数|笔数|有?多少|有?几)|(?:多少|几)(?:个|笔|单|条)?(?:退款|退货|售后)|(?:退款|退货|售后|退换货?)(?:的)?(?:单子|订单|单|申请)",
    ),
    ("gmv", r"gmv|销售额|成交额|营业额|流水|卖了?(?:多少)(?:钱|元|$)|卖多少钱|营收|成交金额|实付金额|实收"),
    (
        "late_orders",
        rf"(?:发货)?(?:超时|延迟|逾期|晚发|超期|延误)(?:了)?(?:未|没)?(?:有)?(?:发货?|发出|出库)?{_OF}{_ORDER}|发货(?:超时|延迟|逾期)(?!率|险|了|怎|赔)|(?:超时|延迟|逾期)(?:发货)?(?:数量?|有?多少|几单)",
    ),
    ("exceptions", rf"(?:异常|有问题|出问题){_OF}{_ORDER}|问题单|异常(?:数量?|有?多少|几单)"),
    ("average_order", r"客单价|笔单价"),
    ("margin", r"毛利率?|利润率?|亏损单|亏了多少"),
    ("turnover_days", r"周转(?:天数|率)|库存周转"),
    ("orders_per_agent", r"人均(?:处理)?(?:单量|处理量|订单)|客服人效"),
    ("cross_role_delay", r"跨角色|交接(?:时长|延迟)"),
    ("sales_by_sku", r"(?:热销|畅销|爆款|销量)(?:排行|排名|榜|top|前|最高|最好)?|卖得最好|最好卖|销量"),
    ("manual_interventions", r"人工干预|手工改单"),
    (
        "orders",
        r"订单(?:数量?|量|总数|总量)|单量|(?:卖|出|接|发)了?(?:多少|几)单|(?:多少|几)(?:个|笔)?(?:订单|单)(?!号|价|子到)|订单(?:一共|总共)?(?:有|是)?(?:多少|几)(?!钱|元)",
    ),
)
_METRICS = tuple((code, re.compile(pattern)) for code, pattern in METRICS)
# Lists as well as counts: without a counting word 异常单 is the to-do list and 退款单 somebody's refund.
_LISTED = frozenset({"refunds", "exceptions"})
_WORTH = re.compile(
    r"p\d\d|时效|时长|响应|首响|占比|率|比例|gmv|额|量|单|利|亏|周转|数|排行|热销|畅销|爆款|卖|原因|理由|干预|流水|营收|交接|跨角色|人效|超时|逾期|延迟|异常|退|实收"
)
_PERIOD = re.compile(
    r"今[天日]|昨[天日晚]|前天|[本这上下]个?[周月]|星期|礼拜|近|过去|季|年|双1|双十|618|黑五|\d[号日天月]|周[一二三四五六日末]|国庆|春节|元旦|中秋|端午|清明|五一|劳动节|期间|截至|目前|[一二三四五六七八九十]月|q[1-4]|\d[-/.]\d"
)
_COUNTED = re.compile(
    r"多少|笔数|几[单个笔条]|总[共计数]|一共|合计|统计|数量|各|按|每[天日个]|分布|排行|排名|趋势|走势|曲线|怎么样|怎样|如何|情况|占|对比|环比|同比|报表|top|前\d|最[高低多少]"
)
_STRONG = re.compile(
    r"p\d\d|占比|率|趋势|排行|top|总|平均|统计|报表|各|按|分[仓店渠平]|对比|环比|同比|多少单|gmv|销售额|营业额|客单价|时效|中位|毛利|周转|人效"
)
# A customer's own business, or a question of when and how: never a figure.
_CUSTOMER = re.compile(
    r"我的|我买|我[要想]退|帮我?退|给我退|客户说|你们家?的?质量|什么时候|啥时候|何时|多久|到账|怎么还|还没|没收到|怎么办|能不能|可不可以|可以|能退|怎么退|尾号|这[单笔个]|那单"
)
_GROUPS = (
    ("channel", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:渠道|平台)")),
    ("shop", re.compile(r"(?:各|按|分|每个?)(?:个|家)?(?:店铺|店)")),
    ("warehouse", re.compile(r"(?:各|按|分|每个?)(?:个)?仓库?")),
    ("carrier", re.compile(r"(?:各|按|分|每个?)(?:家|个)?(?:快递|承运商|物流)")),
    ("day", re.compile(r"(?:各|按|分|每)(?:天|日)|趋势|走势|曲线")),
    ("sku", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:sku|商品|品|款)|热销|畅销|爆款|销量(?:排行|前|top)|卖得最好|最好卖")),
    ("province", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:省|地区|区域|城市)")),
    ("agent", re.compile(r"(?:各|按|分|每个?)(?:个|位)?(?:客服|人)|人均")),
    ("reason", re.compile(r"(?:各|按|分|每个?)(?:个|种)?(?:原因|理由)|(?:原因|理由)(?:分布|排行|占比|统计|top)")),
    ("stage", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:状态|环节|节点|阶段)")),
)  # fmt: skip
_LIMIT = re.compile(r"(?:前|top)\s*(\d{1,3}|[一二三五十]{1,2})|最[高低多少大]的\s*(\d{1,2}|[一二三五十]{1,2})\s*个")


def group_words(text: str) -> tuple[str, ...]:
    """The groupings that a text names: 按仓分 → warehouse, 各渠道 → channel."""
    return tuple(name for name, pattern in _GROUPS if pattern.search(text))


def cut_groups(text: str) -> tuple[tuple[str, ...], str]:
    """The groupings that a text names, and the text without them."""
    found: list[str] = []
    for name, pattern in _GROUPS:
        if (hit := pattern.search(text)) is not None:
            found.append(name)
            text = f"{text[: hit.start()]} {text[hit.end() :]}"
    return tuple(found), text


def read_figures(text: str) -> Reading | None:
    """A question for a figure, or None. The customer's 退款多久 is none: it needs a metric word and a period or a way of counting."""
    if _WORTH.search(text) is None:
        return None
    period, counted, strong = _PERIOD.search(text), _COUNTED.search(text), _STRONG.search(text)
    if period is None and strong is None:
        return None
    code = next((code for code, pattern in _METRICS if pattern.search(text)), None)
    groups = group_words(text)
    if code is None and period and "单" in text and (groups or re.search(r"统计|汇总", text)):
        code = "orders"
    if code is None or _CUSTOMER.search(text):
        return None
    if code in _LISTED and not (counted and (period or groups)):
        return None
    if code == "late_orders" and not (period or counted):
        return None
    extra = {"metric": code}
    if groups:
        extra["group_by"] = ",".join(groups)
    if limit := _LIMIT.search(text):
        extra["limit"] = limit[1] or limit[2]
    if re.search(r"对比|环比|同比|比(?:上周|上月|昨天|去年)", text):
        extra["compare"] = "previous"
    return Reading(Intent.KPI, 0.9, "", (), extra)
