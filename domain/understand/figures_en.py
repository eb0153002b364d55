"""Questions for a figure in English, and in pinyin (zuotian duoshao dan): the metric that is asked for.

What else the question says - period, conditions, groupings - is read by `domain.understand.figure_plan` for every language.
"""

# ruff: noqa: E501 - a pattern reads best on one line

from __future__ import annotations

import re

from domain.understand.figures import group_hits, metrics_in, read_figures
from domain.understand.plan import Intent
from domain.understand.reading_zh import Reading

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("traffic", r"conversion(?: rate)?|\b(?:visitors?|visits|page ?views?|click(?:s| rate)|traffic|add[- ]to[- ]carts?)\b"),
    ("advertising", r"\b(?:roi|roas|ad spend|ads? cost|advertising|campaign cost)\b"),
    ("reviews", r"\b(?:reviews?|ratings?) (?:rate|score|count)|(?:good|bad|positive|negative) (?:reviews?|ratings?)"),
    ("buyers", r"\b(?:new|returning|repeat|unique) (?:customers?|buyers?) (?:count|rate|share)|how many (?:new |unique |repeat |returning )?(?:customers|buyers|people|shoppers)\b|repurchase rate|repeat (?:purchase )?rate|retention"),
    ("net_profit", r"net (?:profit|income|margin)"),
    ("delivery_rate", r"delivery (?:success )?rate|delivered rate|on[- ]time (?:delivery|pick-?up)(?: rate)?"),
    ("transit_time", r"(?:transit|delivery) times?|which (?:carrier|courier) (?:is|was) (?:the )?(?:slowest|fastest)|(?:slowest|fastest) (?:carrier|courier)|how long (?:does|did|do) (?:it take to deliver|delivery take|deliveries take)"),
    ("fulfilment_p50", r"\bp50\b(?: fulfil?lment(?: time)?)?|median fulfil?lment(?: time)?|fulfil?lment(?: time)? (?:median|p50)"),
    ("fulfilment_p95", r"\bp95\b(?: fulfil?lment(?: time)?)?|fulfil?lment times?(?: p95)?|shipping time p95"),
    ("first_response", r"first response|response time|(?:median |average |avg )?(?:time|days|hours) to (?:ship|dispatch)|how (?:long|fast|quickly) (?:does|did|do) (?:it take to |we |they )?(?:ship|dispatch)|(?:slowest|fastest) (?:warehouses?|to (?:ship|dispatch))|warehouses? (?:is|was|were|are) (?:the )?(?:slowest|fastest|slow|fast)"),
    ("exception_share", r"exception (?:share|rate|ratio)|share of exceptions"),
    ("late_share", r"\b(?:late|delay|overdue|lateness) (?:shipment |shipping |order )?(?:rate|share|percentage)"),
    ("on_time", r"on[- ]time(?: (?:shipping|shipment|dispatch))?(?: (?:rate|percentage|share))?"),
    ("refund_rate", r"(?:refund|return|after-?sales?) (?:rate|ratio|percentage)"),
    ("return_reasons", r"(?:refund|return) reasons?|(?:refunds|returns) by reason|reasons? for (?:refunds?|returns?)|why (?:do|did) (?:people|customers|buyers|they) return"),
    ("refund_amount", r"refund(?:ed)? (?:amount|value|total)|amount refunded|total refunds|how much (?:did we |was |have we |were )?refund(?:ed)?|money refunded|refunds? in (?:yuan|rmb|money)"),
    ("unshipped", r"(?:orders? )?(?:are |is |still )*(?:unshipped|not (?:yet )?(?:shipped|sent|dispatched)|waiting to (?:ship|be shipped))(?: orders?)?|(?:shipping |order )?backlog|orders? to ship\b"),
    ("late_orders", r"\b(?:late|overdue|delayed) (?:orders?|shipments?)\b(?! rate)|orders? (?:\w+ )?(?:shipped late|overdue|past due|not shipped (?:on|in) time)|missed ship"),
    ("exceptions", r"\b(?:how many|number of|total|count of) (?:exceptions?|problem orders)|\bexceptions? (?:count|by|per)|\bexception orders|\bexceptions? (?:today|yesterday|this|last)"),
    ("refunds", r"\b(?:how many|number of|count of|total) (?:refunds?|returns?|after-?sales?|exchanges?)\b|\b(?:refunds?|returns?|after-?sales?) (?:count|today|yesterday|this|last|by|per)\b"),
    ("average_order", r"\baverage (?:order|basket)(?: value| size)?|\baov\b|basket size"),
    ("margin", r"\bmargins?\b|profit rate"),
    ("profit", r"\b(?:gross )?profits?\b"),
    ("turnover_days", r"stock turnover|inventory turnover|days of (?:stock|inventory)|turnover days"),
    ("sales_by_sku", r"best[- ]?sell(?:ers?|ing)|(?:top|worst|bottom|slowest) (?:\d+ )?(?:selling )?(?:skus?|products?|items?)|units sold|how many (?:units|pieces|items)(?: of)?"),
    ("gmv", r"\bgmv\b|\b(?:total )?(?:sales|revenue)\b(?! person| tax| rep)|\bturnover\b|how much (?:did|have|do) we (?:sell|sold|make|made|earn)|\bsold (?:the )?(?:most|least)|\bsells? (?:the )?(?:most|least|best|worst)"),
    ("manual_interventions", r"manual interventions?"),
    ("orders", r"(?:how many|number of|total)(?: orders?|(?= (?:[\w一-鿿-]+ ){1,3}orders?\b))|orders? (?:count|volume)|(?:daily|weekly|monthly|hourly) orders|\bordered (?:the )?(?:most|least)"),
)  # fmt: skip
METRICS_EN = tuple((code, re.compile(pattern)) for code, pattern in (*_PATTERNS, ("orders", r"\borders\b")))
_SURE = frozenset({"unshipped", "turnover_days", "late_orders", "gmv", "orders", "sales_by_sku", "refund_rate", "on_time"})
_PERIOD = re.compile(
    r"\b(?:today|yesterday|week|weeks|month|months|quarter|year|days|hours|q[1-4]|this|last|past|trend|since|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec|ytd|mtd|black friday|singles'? day)\b|\d[-/.]\d"
)
_GROUPED = re.compile(r"\b(?:by|per|across|which|what|top|best|worst|bottom|slowest|fastest|daily|weekly|monthly|hourly) ")
_PERSON = re.compile(r"\b(?:my|i|me|i'm|i've|mine)\b(?! team)")
# Orders alone is a count only in the words of a report; in those of a customer it is a list, or his own.
_REPORT = re.compile(
    r"^(?:what (?:about|are)|and|the|total|all|paid|unpaid|daily|weekly|monthly|hourly|[\w一-鿿]+ and|[\w一-鿿-]+|delivered|shipped)?\s*(?:[\w一-鿿-]+ )?orders (?:on|in|from|over|under|above|below|by|per|last|this|past|yesterday|today|for|vs|with|without|excluding|compared|between|since|of)\b|\bby orders\b|^(?:yesterday|today|last (?:week|month))(?:'s)? orders"
)
_ASKED_OF_ONE = re.compile(
    r"\b(?:where|when|track|cancel|find|list|return|refund (?:the|an)|order number|status|arrive|deliver(?:y)? of|place an?|buy|want|need|help)\b"
)


def read_figures_en(words: str) -> Reading | None:
    """A question for a figure, or None. A person's own orders are none: my, i, me."""
    if _PERSON.search(words):
        return None
    period = _PERIOD.search(words)
    groups = group_hits(words) if period is None and _GROUPED.search(words) else []
    named = metrics_in(words, METRICS_EN) if period or groups or "unshipped" in words or "backlog" in words else []
    if not named:
        return None
    code, start, stop = named[0]
    if words[start:stop] == "orders" and (_REPORT.search(words) is None or _ASKED_OF_ONE.search(words)):
        return None
    if period is None and code not in _SURE:
        return None
    return Reading(Intent.KPI, 0.85, "", (), {"metric": code})


# --- pinyin -----------------------------------------------------------------------------------------------------------

_SPELLED = {
    "zuotian": "昨天", "jintian": "今天", "qiantian": "前天", "shangzhou": "上周", "benzhou": "本周", "zhezhou": "这周",
    "benyue": "本月", "shanggeyue": "上个月", "zhegeyue": "这个月", "jinqitian": "近7天", "duoshao": "多少", "jidan": "几单", "dingdan": "订单",
    "danliang": "单量", "xiaoshoue": "销售额", "yingyee": "营业额", "yeji": "业绩", "liushui": "流水", "maile": "卖了", "tuile": "退了",
    "tuikuanlv": "退款率", "tuihuolv": "退货率", "tuikuan": "退款", "tuihuo": "退货", "maoli": "毛利", "lirun": "利润", "kedanjia": "客单价",
    "fahuo": "发货", "chaoshi": "超时", "jishilv": "及时率", "douyin": "抖音", "pinduoduo": "拼多多", "taobao": "淘宝", "jingdong": "京东",
    "gequdao": "各渠道", "meitian": "每天", "gecang": "各仓", "qian": "钱", "dan": "单", "de": "的", "you": "有", "chu": "出", "chule": "出了", "mai": "卖",
}  # fmt: skip
_SPELLING = re.compile("|".join(sorted(_SPELLED, key=len, reverse=True)))
_TIMES = re.compile(r"zuotian|jintian|qiantian|shangzhou|benzhou|zhezhou|benyue|shanggeyue|zhegeyue|jinqitian")
_RUN = re.compile(r"[a-z]+")


def read_pinyin(words: str) -> Reading | None:
    """A question typed in pinyin, zuotian maile duoshao qian; the Chinese that was heard is kept in `extra`."""
    if _TIMES.search(words) is None:
        return None
    said = _RUN.sub(lambda run: _spelled(run.group()), words).replace(" ", "")
    reading = read_figures(said) if said != words else None
    if reading is not None:
        reading.extra["heard"] = said[:60]
    return reading


def _spelled(run: str) -> str:
    """The whole run as Chinese, or as it is."""
    out = _SPELLING.sub(lambda hit: _SPELLED[hit.group()], run)
    return run if re.search("[a-z]", out) else out
