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
_MANY = r"(?:有|了|是|共)*(?:多少|几|多)"
# Metric code → what people call it, the most particular first. Each is defined once, by `domain.metrics`.
METRICS: tuple[tuple[str, str], ...] = (
    ("traffic", r"转化率?|访客|浏览量|点击率?|流量|曝光|\b[pu]v\b|加购"),
    ("advertising", r"投产比?|投放|广告费?|推广费?|\broi\b|直通车|千川"),
    ("reviews", r"(?:好评|差评|中评|评价|评分)(?:率|数量?|有?多少|有?几)?"),
    (
        "buyers",
        rf"新客(?:户|数)?{_MANY}|新客(?:户|数|占比)|复购率?|回购率?|(?:下单|购买|付款|成交)(?:人数|客户数|用户数)|{_MANY}(?:个|位)?(?:人|客户|买家|用户|顾客)(?:下单|下了单|买|付款|成交|购买)|(?:客户|买家)(?:总)?数",
    ),
    ("net_profit", r"净利(?:润|率)?|纯利润?|净赚"),
    (
        "delivery_rate",
        r"(?:妥投|签收)率|(?:揽收|送达|签收)(?:及时|准时|按时)率|(?:及时|准时|按时)(?:揽收|签收|送达)率",
    ),
    (
        "transit_time",
        rf"(?:哪[个家]?|什么)(?:快递|物流|承运商)(?:公司)?(?:送得?|派得?|跑得?)?(?:最|比较|更)[快慢]|(?:配送|运输|在途|派送|送货|快递|物流)(?:时效|时长|时间|速度)|(?:平均)?{_MANY}天(?:能)?(?:送到|签收|到货)|平均多久(?:送到|签收|到货?)",
    ),
    ("fulfilment_p95", r"p95[^,。]{0,4}(?:履约|发货|时效)|(?:履约|发货)(?:时效|时长)?\s*p95|95分位"),
    (
        "fulfilment_p50",
        r"p50[^,。]{0,4}(?:履约|发货|时效)|(?:履约|发货)(?:时效|时长)?\s*p50|(?:履约|发货)(?:时效|时长)?的?中位数?",
    ),
    ("fulfilment_p95", r"履约(?:时效|时长|时间)|发货(?:时效|时长)|揽收时效"),
    (
        "first_response",
        r"首次?响应(?:时长|时间)?|首响|平均响应|响应(?:时长|时间|速度)|回复时长|平均(?:要)?多久(?:能)?(?:发货?|发出|出库)|(?:发货|出库|出货)(?:速度|得?(?:最|比较|更)[快慢])|仓库?(?:发货|发得)?(?:最|更)[快慢]",
    ),
    ("exception_share", rf"异常{_ORDER}?{_OF}(?:占比|率|比例|百分比|占(?:了)?多少)"),
    ("late_share", r"(?:发货)?(?:超时|延迟|逾期|晚发)率|(?:超时|延迟|逾期|晚发)(?:发货)?(?:单|订单)?的?(?:占比|比例)"),
    ("on_time", r"(?:及时|准时|按时)(?:发货)?率|(?:发货)(?:及时|准时|按时)率"),
    ("refund_rate", r"(?:退款|退货|售后|退换货?)(?:占比|率|比例)"),
    ("return_reasons", r"退(?:货|款|换货?)?的?(?:原因|理由)|(?:因为|为)(?:什么|啥)(?:原因)?(?:退|要退)(?:货|款|的)?"),
    (
        "refund_amount",
        r"退款(?:的)?(?:总|合计|一共|总共)?的?(?:金额|额|多少钱)(?:合计|总计)?|退(?:款|出去)?了?多少(?:钱|元|块)|退了?多少(?=$|[\s,，、。?？呀啊呢了])",
    ),
    (
        "refunds",
        rf"(?:仅?退款|退货|售后|退换货?|换货|补发|补寄)(?:的)?(?:单子|订单|单|笔|申请)?(?:笔?数量?|量|总数|笔数|{_MANY}(?:个|笔|单|条)?|得?最[多少]|按(?!钮|错))|(?:多少|几)(?:个|笔|单|条)?(?:仅?退款|退货|售后|换货)|(?:退款|退货|售后|退换货?|换货)(?:的)?(?:单子|订单|单|申请)|退了?{_MANY}(?:单|笔|个订单)|退得最[多少]|(?:退款|退货|换货)[和跟、及与](?:退款|退货|换货)(?:一共|总共)?{_MANY}(?:单|笔)?",
    ),
    (
        "late_orders",
        rf"(?:发货)?(?:超时|延迟|逾期|晚发|超期|延误)(?:了)?(?:未|没)?(?:有)?(?:发货?|发出|出库)?{_OF}{_ORDER}|发货(?:超时|延迟|逾期)(?!率|险|了|怎|赔)|(?:超时|延迟|逾期)(?:发货)?(?:数量?|了?有?多少|了?几)(?:单)?|(?:超时|延迟|逾期)了?(?:没有?|未)(?:发货?|发出|出库)",
    ),
    (
        "unshipped",
        rf"(?:还|仍|剩)?(?:有|剩|余)*(?:多少|几)(?:个|笔)?{_ORDER}?(?:还)?(?:没有?|未)(?:发货?|发出|出库)(?:出去)?|(?:还)?(?:没有?|未|待|等)(?:发货?|发出|出库)(?:出去)?{_OF}(?:还|仍|剩)*{_ORDER}?{_MANY}{_ORDER}?|(?:待发货?|未发货?|没发货?){_OF}{_ORDER}?(?:数量?|量)|积压{_OF}{_ORDER}?{_MANY}?{_ORDER}?",
    ),
    ("exceptions", rf"(?:异常|有问题|出问题){_OF}{_ORDER}|问题单|异常(?:数量?|有?多少|几单)"),
    ("average_order", r"客单价?|笔单价|平均(?:每|一)单(?:卖|收|付)?(?:了)?(?:多少)?(?:钱|元|块)?"),
    ("margin", r"(?:毛利|利润)率"),
    ("profit", r"毛利额?|利润额?|赚了?(?:多少|几)(?:钱|元|块)?|亏损单|亏了多少"),
    ("turnover_days", r"(?:库存)?周转(?:天数|率|最[快慢])?|(?:库存|存货)(?:还|够|能)+卖(?:多久|几天|多少天)"),
    ("orders_per_agent", r"人均(?:处理)?(?:单量|处理量|订单)|客服人效"),
    ("cross_role_delay", r"跨角色|交接(?:时长|延迟)"),
    (
        "sales_by_sku",
        rf"热销|畅销|爆款|滞销|销量(?:排行|排名|榜)?|卖得最[好差][的得]?(?=$|(?:[前\d一二三五十几]+)?个?的?(?:商品|产品|款|品|sku|货|东西|宝贝|[前\d一二三五十]))|最好卖|卖了?{_MANY}(?:件|个|条|只|套|箱|瓶|双|台)|多少件",
    ),
    ("manual_interventions", r"人工干预|手工改单"),
    (
        "gmv",
        rf"gmv|销售(?:总?额|收入)|成交(?:总?额|金额)|营业额|流水|业绩|总销售|营收|实付金额|实收|进账|入账|收入{_MANY}|(?:多|少)?(?:卖|做|收)了?(?:多少(?!单|件|个|笔|条|只|套|箱|瓶|双|台|人|次|天|款|种|家)|几(?:个)?)(?:钱|元|块)?(?<!几)|卖[得的]怎么?样|卖得如何|成交了?多少(?!单|笔|个|件)|卖得最[好差多少](?=的?(?:店|渠道|平台|仓|省|$)|[,，。?？呀啊呢])",
    ),
    (
        "orders",
        r"(?:下|成交|支付)?订单(?:数量?|量|总数|总量)|下单(?:数量?|量)|下(?:了)?单(?:得)?(?:的)?最[多少]|单量|(?:卖|出|接|发|签收|成交|下|做|来)了?(?:出去)?(?:多少|几)个?(?:单|笔)|(?:多少|(?<![好这那面边下有的])几)(?:个|笔)?(?:订单|单)(?!号|价|子到|品|独)|(?<![说没])有几(?:个订)?单|(?:多|少|涨|跌|增加|减少)了?(?:多少|几)单|订?单子?(?:一共|总共)?(?:有|是)(?:多少|几)(?!钱|元)|订单(?:多少|几)(?!钱|元)|发出去?了?(?:多少|几)单",
    ),
)
_METRICS = tuple((code, re.compile(pattern)) for code, pattern in METRICS)
# What a figure is called for short where it is named beside another: 销售额和毛利率, 卖了多少，退了多少.
_ALSO = re.compile(r"(?:[,，、;；和及跟与+&]|还有|以及|\band)\s*(?:的|各|分别|又|the\b)*\s*$")
# 不含退款的销售额 is about sales.
_EXCLUDED = re.compile(
    r"(?:不含|不算|不包括|去掉|去除|扣除|扣掉|剔除|除去|除了|排除|刨去|减去)(?:掉|了)?(?:退款|退货|售后|退单)(?:的|单|订单|金额)*|(?:没有?|无)(?:退款|退货|售后)的|(?:without|excluding|net of|less) (?:refunds?|returns?|after-?sales?)"
)
# Lists as well as counts: without a counting word 异常单 is the to-do list and 退款单 somebody's refund.
_LISTED = frozenset({"refunds", "exceptions"})
# What makes a count of 昨天的订单, which is a list otherwise.
_REPORTED = re.compile(r"统计|汇总|环比|同比|比(?:起)?(?:昨|前天|上|去年)")
# Words of other trades, too: they count only beside a period and a counting word.
_LOOSE = frozenset({"traffic", "advertising", "reviews", "buyers", "transit_time"})
_FIGURED = re.compile(r"多少|平均|怎么样|如何|最|各|哪[个家]|统计|趋势|对比|[环同]比|[率数比]$|率|投产比|几[个人]")
# Every alternative begins with a letter of its own: then one look at each letter decides, and most messages are dismissed.
_WORTH = re.compile(
    r"率|额|量|单|利|亏|转|数|卖|退|售|换|p\d\d|时效|时长|响|占比|比例|gmv|排行|热销|畅销|爆款|滞销|原因|理由|干预|流水|营收|交接|跨角色|人效|超时|逾期|延迟|异常|实收|业绩|成交|进账|入账|收入|收了|做了|赚|积压|最快|最慢|几件|访客|投产|投放|广告|复购|回购|好评|差评|评价|roi|pv|uv|新客|多久|多少人|多少天|没发|未发"
)
_PERIOD = re.compile(
    r"今[天日早晚]|昨[天日晚]|前天|[本这上下]个?半?个?[周月]|星期|礼拜|近|过去|季|年|双1|双十|618|黑五|\d[号日天月]|周[一二三四五六日末]|国庆|春节|元旦|中秋|端午|清明|五一|劳动节|期间|截至|目前|[一二三四五六七八九十]月|q[1-4]|\d[-/.]\d|小时|现在|眼下"
)
_COUNTED = re.compile(
    r"多少|笔数|几[单个笔条]|总[共计数]|一共|合计|统计|数量|各|按|每[天日个]|分布|排行|排名|趋势|走势|曲线|怎么样|怎样|如何|情况|占|对比|环比|同比|报表|top|前[\d一二三五十]|最[高低多少快慢差好]|倒数|哪|因为[什啥]|为[什啥]么?退|同期|比"
)
_STRONG = re.compile(
    r"p\d\d|占比|率|趋势|排行|top|总|平均|统计|报表|各|按|分[仓店渠平]|对比|环比|同比|多少单|gmv|销售额|营业额|客单价|时效|中位|毛利|周转|人效|业绩|积压|待发货|没发|未发|最[高低快慢好差多少]|更[快慢]|投产|转化|访客|复购"
)
# A customer's own business, or a question of when and how: never a figure.
_CUSTOMER = re.compile(
    r"我的|我买|我有|我名下|我最近|我要退|我想退|我今|我昨|我前|我.{0,6}下了|我.{0,4}好几单|帮退|帮我退|给我退|客户说|你家的?质量|你们家?的?质量|你们.{0,6}能|运费|邮费|什么时候|啥时候|何时|多久|到账|怎么还|还没|没收到|怎么办|能不能|可不可以|可以|能退|怎么退|尾号|这单|这一单|这笔|这个(?!月|星期|礼拜|周|季)|那单|那一单|能[^,，。]{0,8}送"
)
# Words of a customer that a report uses as well.
_REPORTS_TOO = re.compile(
    r"平均(?:要)?多久|(?:还能|够)卖多久|还没(?=(?:发|付|签|出库)[^,，。]{0,6}(?:多少|几))|(?<=多少单)还没|(?<=几单)还没|(?<=多少)还没"
)
_EACH = r"(?:各|按照?|分|每一?个?|哪|哪一|什么)(?:个|家|款|些|种|位)?"
_BEST = r"(?:前|top)\s*[\d一二三四五六七八九十]{1,3}(?:名|个|位|家|款|大|强)?的?|(?:最|卖得?最)[高低多少大小好差快慢强弱旺]的?(?:前)?[\d一二两三四五六七八九十]{0,3}(?:个|家|款|位)?(?:的)?"
_GROUPS = tuple(
    (name, re.compile(rf"(?:{_EACH}|{_BEST})(?:{noun}){more}"))
    for name, noun, more in (
        ("channel", "渠道|平台", ""),
        ("shop", "店铺|店", ""),
        ("warehouse", "仓库|仓", ""),
        ("carrier", "快递公司|快递|承运商|物流公司|物流", ""),
        ("day", "天|日", r"|每[天日]|趋势|走势|曲线|逐日|日均"),
        ("week", "周(?![一二三四五六日末])|星期(?![一二三四五六日天])", "|按周|每周"),
        ("month", "月", "|每个?月|逐月"),
        ("hour", "小时|钟头|时段|时间段|点钟?(?=[下卖出最])", "|分时"),
        ("sku", "sku|商品|产品|单品|品(?!牌|类)|款(?!式)|宝贝|货品", "|热销|畅销|爆款|滞销|销量(?:排行|排名|榜|前|top)|最好卖"),
        ("province", "省份|省|地区|区域|城市", ""),
        ("agent", "客服|人|同事", "|人均|谁"),
        ("reason", "原因|理由", "|(?:原因|理由)(?:分布|排行|占比|统计|top|有哪些|是什么)"),
        ("kind", "类型|售后类型", ""),
        ("stage", "状态|环节|节点|阶段", ""),
    )
)  # fmt: skip
_GROUPED_EN = tuple(
    (name, re.compile(rf"\b(?:by|per|each|every|across|which|what|(?:top|best|worst|bottom|slowest|fastest|most|\d+)(?: selling| performing)?|{{and}}) (?:the )?(?:{noun})s?\b|\b(?:{more})\b".replace("|{and}", "")))
    for name, noun, more in (
        ("channel", "channel|platform|marketplace", "channel by channel"), ("shop", "shop|store", "shopwise"), ("warehouse", "warehouse", "per-warehouse"),
        ("carrier", "carrier|courier|shipping company", "per-carrier"), ("day", "day|date", "daily|day by day|trend"), ("week", "week(?! was| were)", "weekly"),
        ("month", "month(?! was| were)", "monthly"), ("hour", "hour|time of day", "hourly"), ("sku", "sku|product|item", "best[- ]?sellers?|best[- ]selling|bestselling"),
        ("province", "province|region|state|city|citie", "provincial"), ("agent", "agent|person|colleague|who", "per-agent"), ("reason", "reason", "reasonwise"),
        ("kind", "kind|type", "kindwise"), ("stage", "stage|status", "stagewise"),
    )
)  # fmt: skip


def group_hits(text: str) -> list[tuple[str, int, int]]:
    """(grouping, start, end) of every grouping that a text names, in the text's order."""
    tables = (_GROUPS, _GROUPED_EN) if re.search("[a-z]{3}", text) else (_GROUPS,)
    hits = [(name, *hit.span()) for table in tables for name, pattern in table for hit in pattern.finditer(text)]
    return sorted(hits, key=lambda one: one[1])


def group_words(text: str) -> tuple[str, ...]:
    """The groupings that a text names: 按仓分 → warehouse, 各渠道 → channel."""
    return tuple(name for name, pattern in _GROUPS if pattern.search(text))


def cut_groups(text: str) -> tuple[tuple[str, ...], str]:
    """(the groupings that a text names, the text without them)."""
    found: list[str] = []
    for name, pattern in _GROUPS:
        if (hit := pattern.search(text)) is not None:
            found.append(name)
            text = f"{text[: hit.start()]} {text[hit.end() :]}"
    return tuple(found), text


# Typed by ear: the words of figures, where the one that sounds alike means nothing here.
_TYPOS = (("定单", "订单"), ("销受额", "销售额"), ("消售", "销售"), ("销售鹅", "销售额"), ("课单价", "客单价"), ("可单价", "客单价"), ("退宽", "退款"),
          ("推款", "退款"), ("毛力", "毛利"), ("毛立", "毛利"), ("营业鹅", "营业额"), ("夜绩", "业绩"), ("业际", "业绩"), ("流谁", "流水"), ("单良", "单量"),
          ("及时律", "及时率"), ("退货律", "退货率"), ("退款律", "退款率"), ("超食", "超时"), ("抖阴", "抖音"), ("拼多少单", "拼多多单"))  # fmt: skip
_TYPO = re.compile("|".join(wrong for wrong, _ in _TYPOS))


def typed_right(text: str) -> str:
    """`text` with the words of figures as they are written."""
    return _TYPO.sub(lambda hit: dict(_TYPOS)[hit.group()], text) if _TYPO.search(text) else text


def metrics_in(text: str, patterns: tuple[tuple[str, re.Pattern[str]], ...] = _METRICS) -> list[tuple[str, int, int]]:
    """(code, start, end) of every figure that a text names, no letter read twice; the one that is asked for first.

    That is the most particular one, unless it is named beside another: 卖了多少，退了多少.
    """
    left = _EXCLUDED.sub(lambda hit: "\x00" * len(hit.group()), text)
    found: list[tuple[str, int, int]] = []
    for code, pattern in patterns:
        while (hit := pattern.search(left)) is not None and hit.end() > hit.start():
            found.append((code, *hit.span()))
            left = left[: hit.start()] + "\x00" * (hit.end() - hit.start()) + left[hit.end() :]
    beside = [one for one in found if _ALSO.search(text[: one[1]])]
    return [one for one in found if one not in beside] + sorted(beside, key=lambda one: one[1])


def in_english(text: str) -> bool:
    """Whether a figure may be named in English beside a Chinese name: orders from 杭州仓 last week."""
    return _IN_ENGLISH.search(text) is not None


_IN_ENGLISH = re.compile(r"orders\b|sales\b|revenue\b|refund|returns\b|rate\b|margin\b|profit\b|gmv\b|shipped\b|unshipped\b")


def read_figures(text: str) -> Reading | None:
    """A question for a figure, or None. The customer's 退款多久 is none: it needs a metric word and a period or a way of counting."""
    if _WORTH.search(text) is None:
        return None
    period, strong = _PERIOD.search(text), _STRONG.search(text)
    if period is None and strong is None:
        return None
    if _CUSTOMER.search(text) and _CUSTOMER.search(_REPORTS_TOO.sub("", text)):
        return None
    text = typed_right(text)
    counted = _COUNTED.search(text)
    named = metrics_in(text)
    groups = group_words(text)
    code = named[0][0] if named else None
    if code is None and period and "单" in text and (groups or _REPORTED.search(text)):
        code = "orders"
    if code == "sales_by_sku" and groups and "sku" not in groups and "卖得最" in text and "件" not in text:
        code = "gmv"  # 哪个渠道卖得最好
    if code is None or (code in _LISTED and not (counted and (period or groups))):
        return None
    if code == "late_orders" and not (period or counted):
        return None
    if code in _LOOSE and not (period and _FIGURED.search(text)):
        return None
    extra = {"metric": code}
    if groups:
        extra["group_by"] = ",".join(groups)
    return Reading(Intent.KPI, 0.9, "", (), extra)
