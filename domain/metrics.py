"""Every figure that can be asked for, each defined once: name, unit, one sentence of what it is, and what it leaves out.

How a figure is computed from tables is `storage.query`'s business; whoever asks, by sentence, button or model, gets the
same definition and the same number. A changed definition gets a new `version`, which is said with it.
Orders belong to the moment they were placed, so that every figure of a period speaks of the same orders.
"""

# ruff: noqa: E501 - a definition reads best on one line

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.people import May


class Shape(StrEnum):
    """How the parts of a figure become its value: all but turnover can be added up from days and groups."""

    COUNT = "count"  # numerator
    SUM = "sum"  # numerator, minor units of a currency
    MEAN = "mean"  # numerator / denominator, minor units of a currency
    SHARE = "share"  # numerator / denominator
    PERCENTILE = "percentile"  # nearest rank over a histogram of whole minutes
    TURNOVER = "turnover"  # numerator / denominator, days


class Entity(StrEnum):
    """What one counted thing is."""

    ORDER = "order"
    LINE = "line"
    AFTERSALE = "aftersale"
    EVENT = "event"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure. `unit` and texts are (zh, en). `excludes` says what it leaves out; `left_out` names what is counted apart.

    `better` is 1 when more is good, -1 when less is, 0 when it is neither. `groups` are the groupings that make sense.
    """

    code: str
    title: tuple[str, str]
    unit: tuple[str, str]
    shape: Shape
    entity: Entity
    definition: tuple[str, str]
    excludes: tuple[str, str]
    may: May
    better: int
    groups: frozenset[str]
    left_out: tuple[str, str] = ("", "")
    percentile: int = 0
    default_group: str = ""
    scale: int = (
        1  # how many of the numerator make one minor unit: what is computed in finer parts is rounded once, at the end
    )
    standing: bool = False  # what is so now: without a period every order counts, not those of the last days
    version: int = 1

    def said(self, texts: tuple[str, str], lang: str) -> str:
        return texts[1 if lang == "en" else 0]


_TIMES = frozenset({"hour", "day", "week", "month"})
_BY_ORDER = frozenset({"channel", "shop", "warehouse", "province", "stage", "carrier"}) | _TIMES
_BY_LINE = _BY_ORDER | {"sku"}
_BY_AFTERSALE = frozenset({"channel", "shop", "warehouse", "province", "reason", "kind"}) | _TIMES
_ORDERS = ("单", "orders")
_NO_UNPAID = ("没付款的、没付款就关闭的订单。", "orders not paid for, or closed unpaid.")


def _metric(code: str, title: tuple[str, str], unit: tuple[str, str], shape: Shape, **more: object) -> Metric:
    given: dict[str, object] = {"entity": Entity.ORDER, "may": May.ASK_ORDERS, "better": 0, "groups": _BY_ORDER}
    return Metric(code, title, unit, shape, **(given | more))  # type: ignore[arg-type]


_ALL = (
    _metric(
        "orders",
        ("订单数", "Orders"),
        _ORDERS,
        Shape.COUNT,
        definition=("这段时间里下的订单有多少单。", "Orders placed in the period."),
        excludes=("没付款就关闭的订单。", "orders closed without payment."),
        better=1,
    ),
    _metric(
        "gmv",
        ("实付金额", "Paid amount"),
        ("", ""),
        Shape.SUM,
        definition=("这段时间里下的订单，买家一共付了多少。", "What buyers paid for the orders placed in the period."),
        excludes=(
            "没付款的订单；之后退的款不扣。",
            "unpaid orders; later refunds are not taken off.",
        ),
        may=May.ASK_MONEY,
        better=1,
    ),
    _metric(
        "average_order",
        ("客单价", "Average order value"),
        ("", ""),
        Shape.MEAN,
        definition=("实付金额 ÷ 付了款的订单数。", "Paid amount divided by the number of paid orders."),
        excludes=("没付款的、实付为 0 的订单（如赠品单）。", "unpaid orders and those that cost nothing (gifts)."),
        may=May.ASK_MONEY,
        better=1,
    ),
    _metric(
        "refund_amount",
        ("退款金额", "Refunded amount"),
        ("", ""),
        Shape.SUM,
        entity=Entity.AFTERSALE,
        definition=("这段时间里退款成功的售后单，一共退了多少。", "What after-sales refunded in the period, by the day of the refund."),
        excludes=("还没退成的；没有售后单、只在订单上记了退款的。", "open ones; refunds noted on an order without an after-sale."),
        may=May.ASK_MONEY,
        better=-1,
        groups=_BY_AFTERSALE,
    ),
    _metric(
        "refund_rate",
        ("退款率", "Refund rate"),
        ("%", "%"),
        Shape.SHARE,
        definition=("这段时间里下的、付了款的订单，到现在退过款的占多少。", "Share of the paid orders placed in the period that were refunded since."),
        excludes=_NO_UNPAID,
        better=-1,
    ),
    _metric(
        "refunds",
        ("售后单数", "After-sales"),
        ("笔", "after-sales"),
        Shape.COUNT,
        entity=Entity.AFTERSALE,
        definition=("这段时间里申请的售后（退款、退货、换货、补寄）有多少笔。", "After-sales requested in the period, of every kind."),
        excludes=("买家自己撤销的。", "those the buyer withdrew."),
        better=-1,
        groups=_BY_AFTERSALE,
    ),
    _metric(
        "return_reasons",
        ("售后原因", "After-sale reasons"),
        ("笔", "after-sales"),
        Shape.COUNT,
        entity=Entity.AFTERSALE,
        definition=("这段时间里申请的售后，按买家填的原因各有多少笔。", "After-sales requested in the period, by the buyer's reason."),
        excludes=("买家自己撤销的。", "those the buyer withdrew."),
        better=-1,
        groups=_BY_AFTERSALE,
        default_group="reason",
    ),
    _metric(
        "fulfilment_p95",
        ("履约时效 P95", "Fulfilment time P95"),
        ("小时", "h"),
        Shape.PERCENTILE,
        definition=(
            "付款到快递第一次扫描的时长，95% 的订单不超过这个数（按分钟排位，不做插值）。",
            "From payment to the carrier's first scan: 95% of orders took no longer (nearest rank, by the minute).",
        ),
        excludes=("没付款的；还没被快递扫描的（另外列出单数）。", "unpaid orders; those no carrier has scanned yet (counted apart)."),
        better=-1,
        left_out=("单还没揽收", "orders not picked up yet"),
        percentile=95,
    ),
    _metric(
        "fulfilment_p50",
        ("履约时效中位数", "Median fulfilment time"),
        ("小时", "h"),
        Shape.PERCENTILE,
        definition=(
            "付款到快递第一次扫描的时长，一半的订单不超过这个数（按分钟排位，不做插值）。",
            "From payment to the carrier's first scan: half of the orders took no longer (nearest rank, by the minute).",
        ),
        excludes=("没付款的；还没被快递扫描的（另外列出单数）。", "unpaid orders; those no carrier has scanned yet (counted apart)."),
        better=-1,
        left_out=("单还没揽收", "orders not picked up yet"),
        percentile=50,
    ),
    _metric(
        "first_response",
        ("发货响应中位数", "Median time to dispatch"),
        ("小时", "h"),
        Shape.PERCENTILE,
        definition=(
            "下单到上传运单的时长，一半的订单不超过这个数。",
            "From placing the order to the uploaded waybill: half of the orders took no longer.",
        ),
        excludes=("没付款的；还没发货的（另外列出单数）。客服回话的快慢不在订单数据里。", "unpaid orders; those not dispatched yet (counted apart). Chat replies are not in the order data."),
        better=-1,
        left_out=("单还没发货", "orders not dispatched yet"),
        percentile=50,
    ),
    _metric(
        "on_time",
        ("及时发货率", "On-time shipping"),
        ("%", "%"),
        Shape.SHARE,
        definition=(
            "有发货时限的订单里，在时限前上传运单的占多少；到期还没发的算不及时。",
            "Of the orders with a promised ship time, the share whose waybill was uploaded before it; due and unsent is late.",
        ),
        excludes=("没付款的、没有时限的、发货前关闭的；没到期也没发的（另外列出）。", "unpaid orders, those without a promise or closed before shipping; those not due yet (counted apart)."),
        better=1,
        left_out=("单没到时限", "orders not due yet"),
    ),
    _metric(
        "late_orders",
        ("发货超时单数", "Late orders"),
        _ORDERS,
        Shape.COUNT,
        definition=("过了发货时限才发、或到期还没发的订单有多少单。", "Orders shipped after their promised time, or due and not shipped."),
        excludes=("没付款的、没有时限的、发货前关闭的。", "unpaid orders, those without a promise or closed before shipping."),
        better=-1,
    ),
    _metric(
        "late_share",
        ("发货超时率", "Late shipping rate"),
        ("%", "%"),
        Shape.SHARE,
        definition=(
            "有发货时限的订单里，过了时限才上传运单、或到期还没发的占多少。",
            "Of the orders with a promised ship time, the share whose waybill was uploaded after it, or that are due and unsent.",
        ),
        excludes=("没付款的、没有时限的、发货前关闭的；没到期也没发的（另外列出）。", "unpaid orders, those without a promise or closed before shipping; those not due yet (counted apart)."),
        better=-1,
        left_out=("单没到时限", "orders not due yet"),
    ),
    _metric(
        "unshipped",
        ("待发货单数", "Orders to ship"),
        _ORDERS,
        Shape.COUNT,
        definition=("付了款、到现在还没发完货的订单有多少单（含暂停的、部分发货的）。", "Paid orders not completely shipped by now, those on hold and partly shipped included."),
        excludes=("没付款的、关闭的。", "unpaid and closed orders."),
        better=-1,
        standing=True,
    ),
    _metric(
        "exception_share",
        ("异常占比", "Exception share"),
        ("%", "%"),
        Shape.SHARE,
        definition=("这段时间里下的订单，被任何一条规则报过警的占多少。", "Share of the orders placed in the period that any rule raised an alert on."),
        excludes=("没付款就关闭的订单；只关于库存、没点名订单的报警。", "orders closed unpaid; alerts that name no order."),
        better=-1,
        default_group="channel",
    ),
    _metric(
        "exceptions",
        ("异常单数", "Exceptions"),
        _ORDERS,
        Shape.COUNT,
        definition=("这段时间里下的订单，被任何一条规则报过警的有多少单。", "Orders placed in the period that any rule raised an alert on."),
        excludes=("没付款就关闭的订单；只关于库存、没点名订单的报警。", "orders closed unpaid; alerts that name no order."),
        better=-1,
    ),
    _metric(
        "sales_by_sku",
        ("销量", "Units sold"),
        ("件", "units"),
        Shape.COUNT,
        entity=Entity.LINE,
        definition=("这段时间里下的订单，每个 SKU 卖了多少件。", "Units of each SKU in the orders placed in the period."),
        excludes=("没付款的、整单退款关闭的订单；赠品行。退货行按负数算。", "unpaid orders and fully refunded ones; gift lines. Return lines count as negative."),
        better=1,
        groups=_BY_LINE,
        default_group="sku",
    ),
    _metric(
        "margin",
        ("毛利率", "Margin"),
        ("%", "%"),
        Shape.SHARE,
        entity=Entity.LINE,
        definition=(
            "（行实付 − 进货成本 − 平台费）÷ 行实付，用下单时有效的成本。",
            "(line amount − cost of goods − channel fee) ÷ line amount, at the cost valid when the order was placed.",
        ),
        excludes=("没付款的、整单退款关闭的订单；赠品；没登记成本的行（另外列出）；整单优惠和我们付的运费。", "unpaid and fully refunded orders; gifts; lines without a known cost (counted apart); order discounts and our freight."),
        may=May.ASK_MONEY,
        better=1,
        groups=_BY_LINE,
        left_out=("行没登记成本", "lines without a cost"),
    ),
    _metric(
        "profit",
        ("毛利额", "Gross profit"),
        ("", ""),
        Shape.SUM,
        entity=Entity.LINE,
        definition=(
            "行实付 − 进货成本 − 平台费，加起来，用下单时有效的成本。",
            "Line amount − cost of goods − channel fee, added up, at the cost valid when the order was placed.",
        ),
        excludes=("没付款的、整单退款关闭的订单；赠品；没登记成本的行（另外列出）；整单优惠和我们付的运费。", "unpaid and fully refunded orders; gifts; lines without a known cost (counted apart); order discounts and our freight."),
        may=May.ASK_MONEY,
        better=1,
        groups=_BY_LINE,
        left_out=("行没登记成本", "lines without a cost"),
        scale=10_000,
    ),
    _metric(
        "turnover_days",
        ("库存周转天数", "Stock turnover"),
        ("天", "days"),
        Shape.TURNOVER,
        entity=Entity.STOCK,
        definition=(
            "现在的在手库存 ÷ 这段时间平均每天卖出的件数：照这个速度还能卖几天。",
            "Stock on hand now divided by the units sold per day in the period: how long it lasts at this pace.",
        ),
        excludes=("这段时间一件没卖的 SKU（另外列出）；没建库存的 SKU。", "SKUs that sold nothing in the period (counted apart); SKUs without stock records."),
        may=May.ASK_STOCK,
        better=-1,
        groups=frozenset({"sku", "warehouse"}),
        left_out=("个 SKU 没动销", "SKUs did not sell"),
    ),
    _metric(
        "manual_interventions",
        ("人工干预次数", "Manual interventions"),
        ("次", "times"),
        Shape.COUNT,
        entity=Entity.EVENT,
        definition=("这段时间里，同事在群里或网页上动订单（认领、催件、放行、改地址等）的次数。", "How often colleagues acted on an order, in the chat or on the web, in the period."),
        excludes=("规则、渠道、快递自动做的；下单超过 120 天的老订单。", "what rules, channels and carriers did; orders older than 120 days."),
        better=-1,
        groups=frozenset({"channel", "shop", "warehouse", "agent"}) | _TIMES,
    ),
)  # fmt: skip

METRICS: dict[str, Metric] = {each.code: each for each in _ALL}

# Asked for, understood, and not to be had from what we store: why, and what to ask instead.
UNMEASURED: dict[str, tuple[str, str]] = {
    "orders_per_agent": (
        "人均处理单量我现在算不准：客服在平台后台做的事我看不到。可以问「人工干预次数按人分」。",
        "Orders per agent cannot be told: what agents do in the channels' own consoles is not visible. Ask for manual interventions by agent.",
    ),
    "cross_role_delay": (
        "交接时长我现在算不准：还没有每一步的交接记录。可以问「履约时效」或「发货响应」。",
        "Hand-over delay cannot be told: the hand-overs are not on record. Ask for the fulfilment time instead.",
    ),
    "traffic": (
        "访客、转化、加购这类数我没有：订单数据里只有下了单的人。可以问「订单数」「实付金额」。",
        "Visitors and conversion are not on record: the order data begin with the order. Ask for orders or the paid amount.",
    ),
    "advertising": (
        "投放、投产比我算不了：没有接广告数据。可以问「实付金额」「毛利额」。",
        "Ad spend and its return cannot be told: no advertising data are connected. Ask for the paid amount or the gross profit.",
    ),
    "reviews": (
        "评价的数我没有：没有接评价数据。可以问「退款率」「售后原因」。",
        "Reviews are not on record. Ask for the refund rate or the after-sale reasons.",
    ),
    "buyers": (
        "人数、新客、复购我算不了：同一个买家在各店是不同的号，不敢合起来数。可以问「订单数」；某个买家的订单可以报手机号查。",
        "Buyers, new ones and repeat purchases cannot be counted: one person has another key in each shop. Ask for orders instead.",
    ),
    "delivery_rate": (
        "签收率、揽收及时率我还没有这个指标。可以问「及时发货率」，或「订单数按状态分」。",
        "There is no rate of deliveries or pick-ups. Ask for on-time shipping, or for orders by stage.",
    ),
    "transit_time": (
        "路上走了多久我还没有按快递统计。可以问「履约时效按快递分」（付款到第一次扫描），或「订单数按快递分」。",
        "Transit times are not added up. Ask for the fulfilment time by carrier (payment to first scan), or for orders by carrier.",
    ),
    "net_profit": (
        "净利润我算不了：房租、人工、投放都不在这里。可以问「毛利额」或「毛利率」。",
        "Net profit cannot be told: rent, wages and advertising are not here. Ask for the gross profit or the margin.",
    ),
}  # fmt: skip
