"""KPI questions in words (昨天 P95 履约时效, 上周各渠道异常占比): metric, grouping, order, chart."""

from __future__ import annotations

import re

from domain.understand.plan import Intent
from domain.understand.reading_zh import Reading

# Metric code → what people call it. Each is defined once, by the handler that computes it.
METRICS: tuple[tuple[str, str], ...] = (
    ("fulfilment_p95", r"p95[^,。]{0,4}(?:履约|发货|时效)|(?:履约|发货)(?:时效|时长)?\s*p95|95分位"),
    ("fulfilment_p50", r"p50[^,。]{0,4}(?:履约|发货|时效)|(?:履约|发货)(?:时效|时长)?\s*p50|(?:履约|发货)(?:时效|时长)中位"),
    ("fulfilment_p95", r"履约时效|履约时长|发货时效|发货时长|揽收时效"),
    ("first_response", r"(?:首次?响应|首响|平均响应|响应时长|响应时间|回复时长)"),
    ("exception_share", r"异常(?:单|订单)?(?:占比|率|比例)"),
    ("exceptions", r"异常(?:单|订单)?(?:数量?|有多少|多少)"),
    ("refund_rate", r"(?:退款|退货|售后|退换货?)(?:占比|率|比例)"),
    ("refund_amount", r"退款(?:总额|金额合计|总金额)|退了多少钱"),
    ("refunds", r"(?:退款|退货|售后)(?:单|订单)?(?:数量|量|总数|笔数)"),
    ("return_reasons", r"退(?:货|款)(?:原因|理由)(?:分布|排行|占比|统计|top)?"),
    ("gmv", r"gmv|销售额|成交额|营业额|流水|卖了多少(?:钱|元|$)|卖多少钱|营收|成交金额"),
    ("orders", r"订单(?:数量?|量|总数|总量)|单量|(?:卖|出|接|发)了(?:多少|几)单|多少(?:个)?(?:订单|单)(?!号)"),
    ("average_order", r"客单价|笔单价"),
    ("margin", r"毛利率?|利润率?|亏损单|亏了多少"),
    ("on_time", r"(?:及时发货|准时|按时|及时揽收|发货及时|妥投|签收)率|超时率|延迟率"),
    ("turnover_days", r"周转(?:天数|率)|库存周转"),
    ("late_orders", r"(?:超时|延迟|逾期)(?:单|订单|发货)?(?:数量?|有多少|多少)"),
    ("orders_per_agent", r"人均(?:处理)?(?:单量|处理量|订单)|客服人效"),
    ("cross_role_delay", r"跨角色|交接(?:时长|延迟)"),
    ("sales_by_sku", r"(?:热销|畅销|爆款|销量)(?:排行|排名|榜|top|前|最高|最好)?|卖得最好|销量"),
    ("manual_interventions", r"人工干预|手工改单"),
)
_METRICS = tuple((code, re.compile(pattern)) for code, pattern in METRICS)
_WORTH = re.compile(
    r"p\d\d|时效|时长|响应|首响|占比|率|比例|gmv|额|量|单价|利|亏|多少单|几单|周转|数|排行|热销|畅销|爆款|卖得|原因|干预|改单|流水|营收|多少个?订单|了多少|交接|跨角色|人效"
)
_STATISTICAL = re.compile(
    r"今天|昨天|前天|本周|上周|本月|上月|上个月|这个月|近\d|最近|过去|月|季度|年|各|按|分|占比|率|趋势|排行|top|总|平均|统计|报表|多少单|双1|618|对比|环比|同比|p\d\d|周"
)
_GROUPS = (
    ("channel", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:渠道|平台)")),
    ("shop", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:店铺|店)")),
    ("warehouse", re.compile(r"(?:各|按|分|每个?)(?:个)?仓库?")),
    ("carrier", re.compile(r"(?:各|按|分|每个?)(?:家|个)?(?:快递|承运商|物流)")),
    ("day", re.compile(r"(?:各|按|分|每)(?:天|日)|趋势|走势|曲线")),
    ("sku", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:sku|商品|品|款)|热销|畅销|爆款|销量(?:排行|前|top)|卖得最好")),
    ("province", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:省|地区|区域|城市)")),
    ("agent", re.compile(r"(?:各|按|分|每个?)(?:个|位)?(?:客服|人)|人均")),
    ("reason", re.compile(r"(?:各|按|分|每个?)(?:个|种)?(?:原因|理由)|(?:原因|理由)(?:分布|排行|占比|统计|top)")),
    ("stage", re.compile(r"(?:各|按|分|每个?)(?:个)?(?:状态|环节|节点|阶段)")),
)  # fmt: skip
_LIMIT = re.compile(r"(?:前|top)\s*(\d{1,3}|[一二三五十]{1,2})|最[高低多少大]的\s*(\d{1,2}|[一二三五十]{1,2})\s*个")


def group_words(text: str) -> tuple[str, ...]:
    """The groupings that a text names: 按仓分 → warehouse, 各渠道 → channel."""
    return tuple(name for name, pattern in _GROUPS if pattern.search(text))


def read_figures(text: str) -> Reading | None:
    """A question for a figure, or None. The customer's 退款多久 is none: it needs a metric word and a statistical one."""
    if _WORTH.search(text) is None or _STATISTICAL.search(text) is None:
        return None
    code = next((code for code, pattern in _METRICS if pattern.search(text)), None)
    if code is None:
        return None
    if re.search(r"我的|我买|帮我退|客户说|你们家?的?质量", text):
        return None
    extra = {"metric": code}
    groups = group_words(text)
    if groups:
        extra["group_by"] = ",".join(groups)
    if limit := _LIMIT.search(text):
        extra["limit"] = limit[1] or limit[2]
    if re.search(r"对比|环比|同比|比(?:上周|上月|昨天|去年)", text):
        extra["compare"] = "previous"
    return Reading(Intent.KPI, 0.9, "", (), extra)
