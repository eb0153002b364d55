"""Words of the conditions in a question for a figure: carriers, states, kinds, amounts, comparisons, and what says nothing.

`domain.understand.figure_plan` takes them out of a question one after the other; what is left over was not understood.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.provinces import PROVINCES, REGIONS
from domain.understand.lexicon import NameTable
from domain.understand.plan import Filter

# Carriers as staff call them → the code that parcels carry (`domain.waybill`). 京东 and 菜鸟 alone are a channel and a brand.
_CARRIERS: dict[str, tuple[str, ...]] = {
    "sf": ("顺丰", "顺丰速运", "顺丰快递", "sf express"),
    "zto": ("中通", "中通快递", "zto"),
    "sto": ("申通", "申通快递", "sto express"),
    "yto": ("圆通", "圆通速递", "圆通快递", "yto"),
    "yunda": ("韵达", "韵达快递", "yunda"),
    "jt": ("极兔", "极兔速递", "j&t", "jt express"),
    "jd": ("京东物流", "京东快递", "jd logistics"),
    "deppon": ("德邦", "德邦快递", "德邦物流"),
    "ems": ("ems", "邮政快递", "中国邮政"),
    "cainiao": ("菜鸟速递", "丹鸟"),
}
CARRIERS = NameTable({name: code for code, names in _CARRIERS.items() for name in names})
_AREAS = (
    {name: name for name in PROVINCES}
    | {name + "省": name for name in PROVINCES}
    | {name + "市": name for name in PROVINCES[-9:]}
)
AREAS = NameTable(_AREAS | {name: "+".join(parts) for name, parts in REGIONS.items()})

# Before a name, or a list of names: what follows does not count.
NOT = re.compile(
    r"(?:除了?|除去|除开|不含|不算|不包括|不包含|不要|不看|剔除|去掉|扣掉|扣除|排除|刨去|抛开|减去|没有|非|excluding|exclude|except(?: for)?|without|not (?:on|from|counting)|other than|apart from)\s*(?:在|on|from)?\s*$"
)
NOT_TAIL = re.compile(r"\s*(?:之外|以外|外)的?")
PART_OF_SPAN = re.compile(r"(前|后|最后|末)\s*(\d{1,2}|[一二两三四五六七八九十]{1,2})\s*[天日]")
SAME_TIME = re.compile(r"(?:去年|上周|上个?月)的?(?:同期|同一?[天月]|同一时间|这个?时候)")
SHARE = re.compile(
    r"占(?:比|总?(?:数|额|量|单量|销售额|订单)?的?(?:比例|百分之?|多少|几成))|占(?:总|全部|全店)?[^,，。]{0,5}(?:多少|几成|比例|百分)|(?:的)?(?:比例|百分比)|\bshare\b"
)
AND = re.compile(r"\s*(?:[、,，和跟与及+&/]|以及|还有|and|or)\s*")

# Conditions that are one word. The condition may depend on nothing else.
FLAGS: tuple[tuple[re.Pattern[str], Filter], ...] = tuple(
    (re.compile(pattern), condition)
    for pattern, condition in (
        (
            r"(?:不含|不算|不包括|去掉|去除|扣除|扣掉|剔除|除去|除了|排除|刨去|减去)(?:掉|了)?(?:退款|退货|售后|退单)(?:的|单|订单|金额)*(?:[之以]?外)?|(?:无|没有)(?:售后|退款|退货)的?|(?:without|excluding|no|net of|less) (?:refunds?|returns?|after-?sales?)",
            Filter("aftersale", "=", "no"),
        ),
        (r"(?:含|有|带|发生(?:了|过)?|申请(?:了|过)?)售后的?|退过款的|with after-?sales?", Filter("aftersale", "=", "any")),
        (r"(?:未|没有?|还没|待)(?:付款?|支付)的?|\bunpaid\b|not paid", Filter("paid", "=", "no")),
        (
            r"(?:只算|只看|仅算?|只要)?(?:已经?|只算|仅)?(?:付了款|(?<!货到)付款了?|支付了?|付过款)的|已(?:付款?|支付)的?|\bpaid\b(?: only)?",
            Filter("paid", "=", "yes"),
        ),
        (r"(?:未|没有?|还没|待)签收的?|\bundelivered\b|not (?:yet )?delivered", Filter("delivered", "=", "no")),
        (r"已经?签收了?的?|签收了的?|\bdelivered\b", Filter("delivered", "=", "yes")),
        (r"(?:未|没有?|还没|待)(?:发货?|出库|发出)的?|\bunshipped\b|not (?:yet )?shipped", Filter("shipped", "=", "no")),
        (r"已经?(?:发货?|出库|发出)了?的?|发了货的|\bshipped\b", Filter("shipped", "=", "yes")),
        (r"(?:被)?(?:拦截|拦下|暂停|挂起|卡住)(?:发货)?(?:了|着|中)?的?|\bon hold\b|\bheld\b", Filter("held", "=", "yes")),
    )
)
# 发了多少单: what went out, which nobody counts by the day it went out.
SENT = re.compile(
    r"(?<!没)(?<!未)(?<!待)发(?:货|出去?)?了?(?:多少|几)个?(?:单|笔)|发出去|\b(?:did we|were|we) ship(?:ped)?\b|\bshipped\b"
)
SIGNED = re.compile(r"(?<!没)(?<!未)(?<!待)签收了?(?:多少|几)个?(?:单|笔)")
KINDS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"仅退款|refund[- ]only"), ("refund",)),
    (re.compile(r"退换货?|returns? and exchanges?"), ("return", "exchange")),
    (re.compile(r"换货|exchanges?"), ("exchange",)),
    (re.compile(r"补发|补寄|reships?"), ("reship",)),
    (re.compile(r"退货(?!原因|理由|率)|\breturns?\b(?! rate| reason)"), ("return",)),
    (re.compile(r"退款(?!率|原因|理由)|退(?=了?(?:多少|几))|\brefunds?\b(?! rate| reason)"), ("refund", "return")),
)
# Reasons that buyers choose from everywhere; searched for inside the reason.
REASONS = re.compile(
    r"(?:因为?)?(质量问题|质量|破损|色差|少件|漏发|错发|发错|尺码|尺寸|不想要|不喜欢|七天无理由|无理由|描述不符|假货|未收到|没收到货|拍错|做工|异味)(?:问题)?(?:而?退)?"
)
_AMOUNT = r"(?:¥|￥|rmb|cny)?\s*(?P<{0}>\d{{1,7}}(?:\.\d{{1,2}})?|[一二两三四五六七八九十百千]{{1,6}})(?P<{0}_unit>[万千百k])?\s*(?P<{0}_cur>元|块钱?|rmb|yuan|cny|刀|美元|usd|\$)?"
AMOUNT_SPAN = re.compile(
    r"(?:金额|实付)?(?:在)?(\d{1,7}(?:\.\d{1,2})?)\s*(?:元|块)?\s*(?:到|至|-|~)\s*(\d{1,7}(?:\.\d{1,2})?)\s*(?:元|块钱?|yuan|rmb)(?:之间)?的?"
)
AMOUNTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"(?:金额|实付|客单)?(?:不超过|小于等于|至多|最多|at most|up to)\s*{_AMOUNT.format('n')}的?"), "<="),
    (re.compile(rf"(?:金额|实付|客单)?(?:不低于|不少于|大于等于|至少|满|at least)\s*{_AMOUNT.format('n')}的?"), ">="),
    (
        re.compile(rf"(?:金额|实付|客单)?(?:超过|大于|高于|多于|over|above|more than|exceeding)\s*{_AMOUNT.format('n')}的?"),
        ">",
    ),
    (
        re.compile(
            rf"(?:金额|实付|客单)?(?:低于|小于|少于|不到|不足|不满|under|below|less than)\s*{_AMOUNT.format('n')}的?"
        ),
        "<",
    ),
    (re.compile(rf"(?:金额|实付)?(?:在)?{_AMOUNT.format('n')}(?:及)?以上的?|(?:金额|实付){_AMOUNT.format('m')}\+"), ">="),
    (re.compile(rf"(?:金额|实付)?(?:在)?{_AMOUNT.format('n')}(?:及)?(?:以下|以内|之内)的?"), "<="),
)

# --- comparisons, times of the day -------------------------------------------------------------------------------------
YEAR_AGO = re.compile(
    r"(?:(?:相?比|跟|和|与|对比|较)?(?:起|于)?去年(?:的)?(?:同期|同比|这个?时候|同一时间|同一天|同月)(?:相?比)?|同比(?:去年)?|(?:比|跟|和|与|较)(?:起)?去年(?!的?(?:双|国|春|618|\d|[一二三四五六七八九十]+月|下半|上半|中秋|五一|元旦|端午|清明|今))(?:相?比|对比)?|year[- ]over[- ]year|year on year|\byoy\b|(?:compared (?:to|with)|vs\.?|versus|than|against) (?:the same (?:period|time|week|month|day) )?(?:of )?last year|(?:compared (?:to|with)|vs\.?|than) a year ago)"
)
WEEK_AGO = re.compile(
    r"(?:相?比|跟|和|与|对比|较)?(?:起|于)?上(?:个)?(?:周|星期)(?:的)?(?:同期|同一天|同一时间|这个?时候)(?:相?比)?|\bweek over week\b|\bwow\b(?= |$)|the same day last week"
)
MONTH_AGO = re.compile(
    r"(?:相?比|跟|和|与|对比|较)?(?:起|于)?上个?月(?:的)?(?:同期|同一天|这个?时候)(?:相?比)?|\bmonth over month\b|\bmom\b"
)
PREVIOUS = re.compile(
    r"环比|(?:vs\.?|than|compared (?:to|with)|against) the day before(?! yesterday)|跟上一?期比?|比上一?期|(?:vs\.?|compared (?:to|with)|than) the (?:previous|prior) (?:period|week|month|day)"
)
VERSUS = re.compile(
    r"(?:相?比起?|对比|较之?|vs\.?|versus|compared (?:to|with)|than|against|more than|less than)\s*(?:于|上|了)?\s*$"
)
BESIDE = re.compile(r"\s*(?:[、,，和跟与及/]|还有|and|vs\.?|versus|compared (?:to|with)|pk|比|对比)?\s*(?:比|the)?\s*")
_HOUR = r"(\d{1,2}|[一二两三四五六七八九十]{1,3})\s*(?:点钟?|时|:00|：00)(?:整)?"
CLOCK = re.compile(
    rf"(凌晨|早上|上午|中午|下午|晚上|晚|夜里)?\s*(?:从)?{_HOUR}\s*(?:到|至|-|~)\s*(凌晨|早上|上午|中午|下午|晚上|晚)?{_HOUR}"
)
SINCE_HOUR = re.compile(rf"(凌晨|早上|上午|中午|下午|晚上|晚|夜里)?\s*{_HOUR}\s*(?:以后|之后|过后|后|起|开始|往后)")
UNTIL_HOUR = re.compile(rf"(凌晨|早上|上午|中午|下午|晚上|晚|夜里)?\s*(?:截?止?到)?{_HOUR}\s*(?:以前|之前|前|为止)")
PART_OF_DAY = re.compile(
    r"凌晨|清晨|早上|早晨|上午|中午|下午|傍晚|晚上|晚间|夜里|半夜|(?<=[昨今前当])[早晚]|(?<=天)[早晚]|\b(?:morning|afternoon|evening|night)\b"
)
PARTS = {
    "凌晨": (0, 6), "半夜": (0, 6), "夜里": (18, 24), "清晨": (5, 8), "早上": (6, 12), "早晨": (6, 12), "早": (6, 12), "上午": (6, 12),
    "中午": (11, 13), "下午": (12, 18), "傍晚": (17, 19), "晚上": (18, 24), "晚间": (18, 24), "晚": (18, 24), "morning": (6, 12),
    "afternoon": (12, 18), "evening": (18, 24), "night": (18, 24),
}  # fmt: skip
LAST_HOURS = re.compile(
    r"(?:最?近|过去|前|这)的?\s*(\d{1,3}|半|[一二两三四五六七八九十]{1,3})\s*个?(?:小时|钟头)|(?:last|past) (\d{1,3}|an?)? ?hours?"
)

# --- order and number of groups ----------------------------------------------------------------------------------------
_COUNT = r"(\d{1,3}|[一二两三四五六七八九十]{1,3})"
LIMITS: tuple[re.Pattern[str], ...] = (
    re.compile(rf"(?:排?前|top|倒数|后)\s*(?:的)?{_COUNT}\s*(?:名|个|位|家|款|大|强|类|种)?(?!\s*[天日周月年小])"),
    re.compile(rf"最[高低多少大小好差快慢强弱]的?(?:前)?{_COUNT}\s*(?:个|家|款|位|名|种)?"),
    re.compile(rf"{_COUNT}\s*(?:个|家|款)(?=(?:卖得)?最)"),
    re.compile(rf"(?:滞销|畅销|热销|爆款)的?(?:前)?{_COUNT}\s*(?:个|款|种|名)?"),
    re.compile(
        r"\b(?:top|best|worst|bottom|lowest|highest|slowest|fastest)\s+(\d{1,3}|three|five|ten)\b|\b(\d{1,3}) (?:best|worst|slowest|fastest|lowest|highest|top)\b"
    ),
)
HIGH = re.compile(
    r"最(?:高|多|大|强|热|火|旺)|排行|排名|热销|畅销|爆款|\b(?:most|highest|largest|biggest|best[- ]?selling|ranking|ranked)\b"
)
LOW = re.compile(r"最(?:低|少|小)|倒数|垫底|滞销|\b(?:least|fewest|lowest|smallest|bottom)\b")
FIRST = re.compile(r"(?:排?前|top)\s*(?:的)?(?:\d|[一二两三四五六七八九十])|\btop\b")
GOOD = re.compile(r"最(?:好|优)|最好卖|\b(?:best|strongest)\b")
BAD = re.compile(r"最(?:差|弱|糟|烂|惨)|\b(?:worst|weakest|poorest)\b")
SLOW, FAST = re.compile(r"[最更]慢|\bslowest\b"), re.compile(r"[最更]快|\b(?:fastest|quickest)\b")
EACH_OF = re.compile(r"各自?(?:是|有|卖|出|多)|分别|各(?=多少|几)|\beach\b|\brespectively\b")

# --- what says nothing ------------------------------------------------------------------------------------------------
SAYS_NOTHING = re.compile(
    r"@\S+|请问|到底|究竟|麻烦(?:你|您)?|劳驾|帮忙|帮(?:我|忙|老板)?|给(?:我|老板)|老板|领导|(?:想)?(?:问|知道|了解|看看|看下|看一?下|查看|查看|查查|查一?下|查下|统计|汇总|算算|算一?下|算下|拉一?下|导一?下|报一?下|列一?下|列出|说一?下|说说|告诉|发我|出一?下)(?:一下|下|我)?|"
    r"我们|咱们|咱家|公司|店里|全店|全部|所有|整体|全国|大家|团队|一共|总共|总计|合计|共计|累计|平均|大概|大约|差不多|左右|具体|实际|目前|现在|当前|最新|截至|截止|到现在|到目前|为止|已经|"
    r"多少|哪些|哪个|什么|怎么样|怎样|如何|啥样|咋样|情况|数据|数字|数值|数量|总量|指标|报表|报告|分布|走势|趋势|曲线|排行榜?|排名|排序|明细|对比|相比|比较|变化|差距|差异|差多少|涨幅|跌幅|增长|下降|上涨|下跌|增加|减少|"
    r"订单|单子|单量|金额|渠道|平台|店铺|仓库|快递|商品|产品|货品|省份|期间|当天|那天|这天|时间|时段|的话|以及|还有|按照|根据|分别|分开|分组|每个|各个|各自|"
    r"做到|卖出|发出|下单|成交|销售|只算|只看|只要|仅|单独|进行|维度|角度|产生|完成|达到|突破|因为|理由|原因|类型|状态|你好|您好|谢谢|多谢|谢了|辛苦|小单|机器人|快点|哈喽|[的了吗嘛吧哈哦噢喔诶哎欸嗯额啦咯喽哟么呀啊呢]"
)
# Letters that say nothing where nothing else stands beside them: 都 is not the end of 成都.
MAY_SAY_NOTHING = re.compile(
    r"[我你咱总均还又都就也才可几咋数比差涨跌升降多少高低过着单笔件个家名位条次元块钱额店仓货款品省天日周月年期内里面中上下来在从到至去地得是有为被把和跟与及或按以分每各自今昨前最第做卖出发寄收买付退榜排好快慢能要会谁人看查算拉导报列问说给使用想]|sku|top"
)
FILLER_EN = re.compile(
    r"@\S+|\b(?:please|pls|plz|can|could|would|you|tell|show|give|get|me|us|let|know|what|what's|whats|which|who|how|much|many|is|are|was|were|do|does|did|have|has|had|be|been|the|a|an|of|in|on|at|by|for|from|to|with|per|each|every|and|or|our|we|my team|so|far|now|right|currently|still|total|totals|overall|all|number|count|amount|volume|figures?|figure|data|stats?|report|breakdown|split|grouped?|trend|chart|graph|over|during|within|since|until|till|up|down|more|less|than|most|least|top|best|worst|bottom|highest|lowest|compare|compared|comparison|vs|versus|against|between|change|changed|difference|"
    r"orders?|placed|sales?|sold|sell|selling|made|make|earn|earned|got|come|came|units?|items?|pieces?|products?|skus?|goods|shops?|stores?|channels?|platforms?|warehouses?|carriers?|couriers?|provinces?|days?|daily|weeks?|weekly|months?|monthly|hours?|hourly|years?|period|date|time|times|reasons?|states?|stages?|kinds?|types?|agents?|yuan|rmb|cny|money|value|only|just|it|this|that|these|those|there|performance|perform|performed|doing|did|went|go|going|like|hi|hello|hey|thanks|thank|bot|shipped|ship|shipping|dispatched?|percent|percentage|share|rate|ratio|level|numbers?|slowest|fastest|slow|fast|as|about|quick(?:ly)?|yet|today's|out|went|ranked?|ranking)\b"
)
