"""What a Chinese sentence asks for: hints of its words first, a few guards on order and negation after.

The order of the questions is the order of harm: a withdrawal or a negation is recognised before the action that it names, a
question about the state of an after-sale before a request for one, things that are not ours before everything that costs money.
How-to questions (怎么退款, 地址怎么改) are read as the wish behind them, with `question=how`: the handler explains and
offers a draft, it never starts anything by itself.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.aftersale_zh import read_aftersale
from domain.understand.change_zh import read_address, read_cancellation
from domain.understand.hints_zh import (
    ADDRESS,
    AFTERSALE,
    ARRIVE,
    BACK,
    CANCEL,
    CHANGE,
    CONTACT,
    EXCHANGE,
    FIELD,
    FORCED,
    FOREIGN,
    GOODS,
    GREET,
    INVOICE,
    LOOK,
    MANY,
    MONEY,
    ORDER,
    OTHER,
    PARCEL,
    PRICE,
    PROGRESS,
    REFUND,
    RETURN,
    SHIP,
    STOCK,
    TIME,
    TODO,
    UNWANTED,
    URGE,
    WANT,
    WHEN,
    WHERE,
    WRONG,
    Reading,
    how,
)
from domain.understand.plan import Intent
from domain.understand.told_zh import goods_in_hand
from domain.understand.words_zh import hints

__all__ = ["Reading", "about", "read_chinese"]

_DELIVERY_TIME = re.compile(
    r"安排[^,。?]{0,12}[号点天日周](?:再|才|后)[^,。?]{0,2}(?:送|派)|(?:推迟|延迟|延后|推后|顺延|提前|改)到[^,。?]{0,8}(?:送|发货|派|配送)|等[^,。?]{0,5}再(?:给我)?(?:发|送|寄|派)|(?:[今明后]天|周[一二三四五六日末]|星期[一二三四五六日])[^,。?]{0,4}再(?:给我|帮我)?(?:送|派|配送)(?!达)|(?:改|修改|更改|换个?|变更|调整|更换|推迟|延迟|延后|提前|约|预约|指定|选择?)[^,。?]{0,8}(?:时间|日期|送达)|(?:时间|日期)[^,。?]{0,6}(?:改|修改|更改|换|变更|调整|推迟|延后|提前)|(?:(?<![今明昨当每前后])晚|推迟|延迟|延后|暂缓|过)(?:个?(?:几|两|一|\d|三)?[天日周]|点|些)?(?:时间)?(?:后)?再?(?:给我)?(?:送|配送|派送|发货|收货|收)(?!达)|(?:先别|暂时?不要?|先不要?|别|不要)(?:发货|配送|送货|派送|送)|(?:周末|工作日|下班后?)[^,。?]{0,6}(?:再)?(?:送|派|配送|收货)"
)

_OTHER_DAY = re.compile(
    r"(?:改|换)(?:成|到|为|下)?[^,。?]{0,5}(?:[\d一二三四五六七八九十]{1,2}[号日点]|周[一二三四五六日天末]|[明后]天)[^,。?]{0,4}(?:送|派|配送|发)|到\d{1,2}[号日点]才(?:送|派)货?[吗么]|(?:点|号|周[一二三四五六日天末])[以之]?后再?(?:给我)?(?:送|派|配送)(?!达)"
)

# 一直延迟发货: a complaint about a delay, not the wish for one.
_PUT_OFF = re.compile(r"(?:一直|为什么|怎么|总是?|又|老是|凭什么|为啥)[^,。?]{0,4}(?:延迟|推迟|延后|延期|拖)")
_LATER = re.compile(r"周末|工作日|下班|(?<![今明昨当每前后])晚|推迟|延|暂缓|再送|再派|再配送|再给|再发|提前")

_HAS_GOODS = re.compile(
    r"补[上到]货|(?:到货|有货)[^,。?]{0,3}通知|到新货|有没有[^,。?送发收拿退取提换交]{0,6}货(?!币|运)|有[^,。?发收到送]{0,5}的?货[吗么]|(?:码|色|款)[^,。?]{0,3}没有?了|(?:什么时候|啥时候|何时)(?:能|会|才|还)?(?:再)?有(?:啊|呢|呀|的|吗|$)"
)

_SOON = re.compile(
    r"(?:怎么|为什么|为啥|咋|现在|竟然|居然)[^,。?]{0,4}(?:发|送|跑|绕|转|寄)到?[^,。?]{1,6}(?:去|来)?了|^绕到|(?:送|发|运|寄)往|显示[^,。?]{0,4}(?:送|发)[^,。?]{2,6}(?:分拨|中心|站|仓)|一直(?:都)?是[^,。?]{0,4}状态|(?:什么|啥|哪个)进度|没(?:有)?收$|[该应]到了(?!吗)|(?:年|节)前[^,。?]{0,4}(?:送|到|发|来|收)|状态[^,。?]{0,4}没(?:有)?变|(?:发|寄|送|运)到[^,。?了]{1,6}去了|走[得的]?(?:这么|那么|太|好)慢|好久(?:才|能|可以|会)?得?(?:到|发|送|来|收)|(?:只|才)(?:来|到|收|送)了?|送到(?:别|其他|哪)|送错|(?:订单|单子|这单)[^,。?]{0,6}(?:状态|什么情况|怎么样了|怎么回事|怎么了)|(?:今|明|后)[天日晚早][^,。?]{0,6}(?:送|到|发|来)|到[一-鿿]{1,5}了(?:没|吗|么)|我的?(?:东西|货|快递|包裹|宝贝)呢|(?:\d|[一二两三四五六七])[天号日][^,。?]{0,3}(?:送|到)[^,。?]{0,6}[吗么呀啊?]|(?:是|查到?)什么状态|(?:到底|究竟)[^,。?]{0,4}(?:送|到|发|寄)"
)

_ORDER_VALUE = re.compile(r"(?:(?:付款|支付|下单|购买)的?时间|查|看|问|告诉|确认|核实|多少|哪|什么|几|显示|是)")

_CHOICE = re.compile(
    r"(?:发|用|走|是|寄)(?:的)?(?:什么|哪个|哪家|啥)(?:快递|物流)|(?:什么|哪家|哪个|啥)(?:快递|物流)(?:发|公司|送|寄|的)|(?:能|可以|可不可以|能不能|能否)(?:不能)?(?:发|寄|用|走|换|指定|选)(?:顺丰|圆通|中通|韵达|申通|京东|邮政|ems|极兔)|换(?:个|成|一家|家)?(?:快递|物流|顺丰|圆通|中通|韵达|申通|京东|邮政)|是[^,。?]{0,6}(?:配送|快递|物流|送货|发货)的?(?:吗|么)|发(?:顺丰|圆通|中通|韵达|申通|邮政|ems)(?:吗|么|快递|不)|包邮|(?:配送|派送|送货)范围|(?:运费|邮费|快递费|配送费|物流费|上楼费)|自提(?!点)|送货上门吗?|送货到家[吗么不]|送(?:到)?楼|入户|(?:能|可以)(?:送货?|发货?|寄|配送)(?:到|去)(?!货|家|我|今|明|手|楼)[一-鿿]{2,8}(?:吗|么|不)$"
)

_MOVES = re.compile(
    r"到(?:哪|那)(?!个|款|种|家)|哪里了|哪儿了|什么时候|啥时候|何时|几时|多久|还没|没收到|没有收到|今天|明天|几天|几点|进度|信息|单号|更新|催|查|显示|状态|没动|没[送派]|未[送派]|怎么|为什么|停|在哪|哪去|丢|慢|签收"
)

# Arrivals, waiting times and changes that are not of a shop; a word of the trade beside them takes the sentence back.
_ELSEWHERE = re.compile(
    r"火车|高铁|动车|列车|飞机(?!盒)|航班|公交|地铁|班车|大巴|机场|餐厅|饭店|饭馆|加油站|停车场|工资|还款|贷款|房租|社保|公积金|护照|签证|驾照|简历|面试|高考|考试|成绩|比赛|会议|开会|下雨|下雪|天气|气温|油价|电影|演唱会|音乐|播放|听歌|新闻|翻译|世界杯|外卖|附近|导航|怎么走|(?<!货)联系人(?![^,。]{0,4}[改换填写错])|闹钟|清单加|待办(?:里|事项)?加|添加[^,。?]{0,3}待办|发邮件|写邮件|收邮件|的邮件|小说|游戏|股票|基金|彩票|中奖|节目|频道|直播|电视剧|动画|菜谱|星座|运势|几点了|专业|起床|睡觉|身份证|房子|酒店|宾馆|门票|景点|旅游|路线|堵车|打车|专车|挂号|医院|医生|诗|故事|笑话|短信(?!里|说|显示|通知|提醒|提示)|把[一-鿿]{2,3}的电话"
)
_TRADE = re.compile(
    r"订单|定单|单子|快递|包裹|物流|发货|出库|商品|货|退|单号|运单|买的|买了|下单|派送|配送|签收|收货|送到|寄|地址|保修|维修|显示|仓|换新|赠"
)


def read_chinese(text: str) -> Reading:
    """What the patterns make of one Chinese sentence, `bare` of its courtesies (see `bare_zh.bare`)."""
    seen, _hits = hints(text)
    if _ELSEWHERE.search(text) and (_TRADE.search(text) is None or re.search(r"附近的?快递|快递小哥是", text)):
        return Reading(Intent.OUT_OF_SCOPE, 0.8)
    if seen & (REFUND | RETURN | BACK | EXCHANGE | AFTERSALE) and (reading := read_aftersale(text, seen)) is not None:
        return reading
    if (
        seen & CANCEL
        and seen & ORDER
        and (not seen & CHANGE or _ANEW.search(text))
        and FORCED.search(text)
        and (reading := read_cancellation(text, seen)) is not None
    ):
        return reading  # 取消这个订单吧，地址写错了: the cancellation is the deed, the address its reason
    if seen & (ADDRESS | CONTACT | CHANGE | WRONG) and (reading := read_address(text, seen)) is not None:
        return reading
    if seen & (CANCEL | UNWANTED) and (reading := read_cancellation(text, seen)) is not None:
        return reading
    return _ordinary(text, seen)


_ANEW = re.compile(r"取消[^。?]{0,8}(?:再|重新)")
_SUPPOSED = re.compile(r"如果|假如|要是|万一|若是|倘若")
# 这个多少钱: the price of something on sale, unless an order or a payment is named.
_NO_FIGURE = re.compile(r"^[^单付花共总拍买]{0,16}多少钱(?:一[个件双条套])?[啊呀呢吗?]{0,3}$")
_TOGETHER = re.compile(
    r"(?:合并|分开|一起|拆开|分批|分两次)(?:发|寄)(?:货|出)?[^,。?了]{0,4}(?:吗|么|可以|行|$)|批发|礼盒|礼品袋|有(?:没有)?[^,。?的]{0,3}自提"
)
_BRIEF = re.compile(r"^(?:哎|诶|喂|亲|请问|那|我的?|我买的)?,?(?:东西|货|件|包裹|快递|单子|订单|宝贝)(?:到底)?(?:呢|捏|嘞)")
_MONEY_BRIEF = re.compile(r"^(?:哎|诶|喂|亲|那|我的?|退的)?,?(?:钱|款)(?:呢|捏|嘞)")
_PAID = re.compile(
    r"(?<!货到)(?<!能)(?<!以)(?<!么)(?:付款|支付)(?:成功)?了?[吗没么]|(?:是否|有没有)(?:付款|支付)(?:成功)?|买的(?:是)?(?:哪|什么)|订单里面?(?:都|一共)?有(?:什么|哪些|啥)|订单里面?[^,。?]{0,4}有(?:几|两|三|\d)[件个样]"
)
_THING_WHERE = re.compile(
    r"(?:说明书|优惠券|券|发票|客服|按钮|入口|二维码|链接|配件|尺码表|生产日期|保质期|评价|会员|红包|活动)[^,。?]{0,4}在哪|在哪(?:里|儿)?(?:领|下载|设置|开通|兑换|充值|绑定|评价|开发票|续费)"
)
_PAY_WAYS = re.compile(
    r"(?:付款|支付)方式(?:都)?有(?:哪|什么)|有(?:哪些|什么|几种)(?:付款|支付)方式|支持(?:哪|什么)[^,。?]{0,4}(?:付款|支付)"
)
_LEFT_AT = re.compile(
    r"(?:能|可以|可否|帮我?|麻烦)[^,。?]{0,3}(?:放|存|寄存|送到|放到|放在)(?:驿站|门口|快递柜|丰巢|代收点|门卫|物业|前台|楼下)(?:吗|么|行|可以|就行|不|$)"
)
_LOST = re.compile(
    r"(?:件|快递|包裹|货)[^,。?]{0,4}被[^,。?]{0,6}(?:领|取|拿|签)(?:走|了)|显示拒收|没有?拒收|(?:还)?要?等(?:多少|几)(?:天|日|小时)|(?:还|一直|仍)[^,。?]{0,2}在原地|原地不动"
)
_PAID_HOW_MUCH = re.compile(
    r"(?:确定|确认|核对|核实|查|看)一?下?[^,。?]{0,4}金额|(?:付款|支付|下单|购买)的(?:时间|日期)|(?:订单|这单|这笔|我)[^,。?]{0,6}(?:支付|付|花|扣)了多少|(?:收货人|收件人)(?:是谁|是哪|叫什么|的名字是)"
)
_AWAY = re.compile(r"不在家|没人在?家?|出差|不方便|出门|在外地")


# One look that spares most sentences the ten patterns of `_seldom`.
_SELDOM = re.compile(
    r"[呢捏嘞]|付|金额|花了|扣了|买的|[合拆]|一起|分[开批两]|批发|礼|自提|里面?[都一]?有|的(?:时间|日期)|驿站|门口|柜|丰巢|代收|门卫|物业|前台|楼下|被|拒收|等|原地|[货件]人(?:是|叫|的)"
)


def _seldom(text: str, seen: int) -> Reading | None:
    """What few people ask: 钱呢, 合并发货, whether it was paid, where it may be left, who took it."""
    if _MONEY_BRIEF.match(text):
        return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.ORDER_DETAIL,))
    if _BRIEF.match(text):
        return Reading(Intent.WHERE_IS_ORDER, 0.8)
    if _TOGETHER.search(text) and not re.search(r"为什么|怎么|还[没不]|一直", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if (
        _PAID.search(text)
        and not seen & (FOREIGN & ~OTHER)
        and not re.search(r"不了|失败|无法|不能|能用|可以用|支持|怎么付|如何付", text)
    ):
        return Reading(Intent.ORDER_DETAIL, 0.75, "", (), {"about": "paid_at" if "付" in text else "order"})
    if _PAID_HOW_MUCH.search(text) and not seen & (REFUND | RETURN):
        return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": "amount" if "多少" in text else "order"})
    if _PAY_WAYS.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _LEFT_AT.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _LOST.search(text) and not seen & (REFUND | RETURN):
        return Reading(Intent.WHERE_IS_ORDER, 0.8)
    return None


def _before_parcels(text: str, seen: int) -> Reading | None:
    """Tasks, other delivery times, stock, money: what would otherwise be taken for a question about a parcel."""
    if seen & TODO:
        return Reading(Intent.TODO, 0.9)
    if _OTHER_DAY.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _PUT_OFF.search(text):
        return Reading(Intent.WHERE_IS_ORDER, 0.8)
    if (seen & (CHANGE | TIME | EXCHANGE) or _LATER.search(text) or "安排" in text) and _DELIVERY_TIME.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.75)
    if (
        _AWAY.search(text)
        and "催" not in text
        and re.search(r"[今明后]天|周|晚上|下午|上午", text)
        and re.search(r"(?:送|派)(?:行|可以|好|来?吧|[吗么])", text)
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if re.search(r"(?:先别|暂时?不要?|先不要?|别|不要)(?:给我)?(?:发货|配送|送货|派送|送)", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated")
    if _NO_FIGURE.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "unsure", (Intent.ORDER_DETAIL,))
    if (
        seen & CHANGE
        and not _SUPPOSED.search(text)
        and re.search(
            r"(?:能|想|要|可以|给我?|帮我?|否|法|不|怎么|如何)更?换(?:吗|呢|啊|么|不|一?[下件个双]|[的大小]|$)|换[大小]|换[一-鿿]{0,3}(?:码|号|色|款)",
            text,
        )
        and not seen & (ADDRESS | CONTACT | TIME | INVOICE)
    ):
        return Reading(
            Intent.REQUEST_EXCHANGE, 0.75, "", (Intent.REQUEST_REFUND,), how(text) | {"aftersale_kind": "exchange"}
        )
    if re.search(r"(?<!什么)(?<!啥)(?:发货|打包)的?时候?(?!间)[^?]{0,20}(?:注意|检查|备注|放|包|不要|别|记得)", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.65)
    if _SELDOM.search(text) and (reading := _seldom(text, seen)) is not None:
        return reading
    if "预售" in text and seen & SHIP and seen & WHEN:
        return Reading(Intent.WHERE_IS_ORDER, 0.85, "", (Intent.STOCK,))
    if seen & PRICE and not re.search(r"[有没无缺补到现]货|库存", text):
        seen &= ~STOCK
    if seen & STOCK or _HAS_GOODS.search(text):
        return Reading(Intent.STOCK, 0.88)
    if (
        seen & PROGRESS
        and seen & (WHEN | MONEY)
        and re.search(r"审核|受理|到账|到帐", text)
        and not seen & (PARCEL | SHIP | INVOICE | PRICE)
    ):
        return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.WHERE_IS_ORDER,))
    if re.search(r"到[账帐]", text) and not seen & (INVOICE | PRICE | OTHER):
        return Reading(Intent.AFTERSALE_STATUS, 0.75)
    if re.search(r"(?:货|东西|商品|机器)[^,。?]{0,3}返回?(?:去|来)?了[吗没么]", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.7)
    if re.search(r"(?:店|公司|你们|总部|厂家?)[^,。?]{0,3}在哪", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if re.search(r"在哪(?:里|儿|个店)?(?:能|可以)?(?:购?买|下单)(?!的|了|过)", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if "换的" in text and re.search(r"换的(?:货|新的|那[件双个台])", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.WHERE_IS_ORDER,))
    if re.search(r"买过(?:哪|什么|些)", text):
        return Reading(Intent.CUSTOMER_ORDERS, 0.75)
    if re.search(r"(?:付款|下单|购买|支付)(?:的)?(?:是)?(?:什么时候|几号|哪天|几点)(?!能|会|可以|到|发|送|才)", text):
        return Reading(Intent.ORDER_DETAIL, 0.75, "", (), {"about": "paid_at"})
    return None


def _ordinary(text: str, seen: int) -> Reading:
    reading = _before_parcels(text, seen) or goods_in_hand(text)
    if reading is not None:
        return reading
    moving = seen & (WHERE | PARCEL | SHIP | ARRIVE | URGE)
    if "催" in text and not seen & INVOICE and not re.search(r"安装|售后|维修|退|审核|价保|保价|差价|返", text):
        return Reading(Intent.WHERE_IS_ORDER, 0.85)
    if seen & FOREIGN and not (moving and _moves_strongly(text, seen)):
        if seen & FIELD and seen & ORDER and not (seen & (PRICE | INVOICE) and _FIELD_NAMED.search(text) is None):
            return Reading(Intent.ORDER_DETAIL, 0.75)
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _CHOICE.search(text) and not re.search(r"到哪|什么时|啥时|何时|几点|没收到|几天|多久|还没", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if seen & FIELD and seen & ORDER and re.search(r"在哪里?(?:看|查)", text):
        return Reading(Intent.ORDER_DETAIL, 0.7)
    if _THING_WHERE.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    about_field = seen & FIELD and not moving & (WHERE | SHIP | ARRIVE | URGE)
    if about_field and (seen & ORDER or _ORDER_VALUE.search(text)):
        return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": about(text)})
    if (
        seen & MANY
        and seen & (ORDER | LOOK)
        and not moving & (WHERE | ARRIVE | SHIP)
        and not re.search(r"怎么|为什么|只|没|聊天记录|(?:前|上)面的?(?:聊天)?记录|拆|合并", text)
    ):
        return Reading(Intent.CUSTOMER_ORDERS, 0.8, "", (Intent.ORDER_DETAIL,))
    if moving and _about_parcel(text, seen):
        return Reading(Intent.WHERE_IS_ORDER, 0.9)
    if _SOON.search(text) and not seen & FOREIGN:
        return Reading(Intent.WHERE_IS_ORDER, 0.75)
    if seen & WHEN and seen & PROGRESS and re.search(r"审核|受理|驳回", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.7, "", (Intent.WHERE_IS_ORDER,))
    if re.search(r"(?:什么时候|啥时候|何时|哪天|几号|几点)(?:付款?|下单?|买|购买|支付|拍下?|订购?|成交)的", text):
        return Reading(Intent.ORDER_DETAIL, 0.75, "", (), {"about": "paid_at"})
    if seen & WHEN and re.search(r"到|送|发|来|收", text):
        return Reading(Intent.WHERE_IS_ORDER, 0.8)
    if seen & ORDER and (seen & LOOK or re.search(r"(?:咨询|问)[^,。?]{0,4}(?:这个|我的|该|此|那个)(?:订单|单子)$", text)):
        return Reading(Intent.ORDER_DETAIL, 0.75, "", (Intent.WHERE_IS_ORDER,))
    if seen & GREET and len(text) <= 12 and not seen & ~(GREET | WANT | ARRIVE) and _only_greets(text):
        return Reading(Intent.SMALLTALK, 0.9)
    return Reading(
        Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.WHERE_IS_ORDER, Intent.HELP) if seen & ORDER else (Intent.HELP,)
    )


_GREETING = re.compile(
    r"你好|您好|在吗|在么|在不在|有人吗|还有人|非常|十分|谢谢|多谢|感谢|谢了|收到|明白了?|知道了?|再见|拜拜|早上好|下午好|晚上好|晚安|辛苦了?|不客气|没事|没有?问题|没关系|没有?了|麻烦了?|不用了?|可以|好的|好滴|哈哈|呵呵|你是谁|你叫什么|厉害|hi|hello|ok|嗨|美女|小哥|客服|亲爱的|[\W_a-z]|[啊呀哦噢哈嗯恩唔哟嘛吧呢了的亲你您好行棒早嗯额那就这真很太]"
)


def _only_greets(text: str) -> bool:
    return len(_GREETING.sub("", text)) <= 1


# A number given beside another matter (订单号…，保价) asks for none of the order's fields.
_FIELD_NAMED = re.compile(r"时间|金额|多少|状态|明细|详情|方式|备注|实付|总价|内容|信息|价格")
_CHEAPER = re.compile(r"降价|便宜|保价|价保|差价")
_NOT_BROUGHT = re.compile(
    r"(?:还|一直|仍|都|也)(?:是)?没(?:有)?(?:给我)?(?:送到|送来|到货|发货|收到货|送达)|我没(?:有)?收到货"
)


def _moves_strongly(text: str, seen: int) -> bool:
    if seen & PRICE and _CHEAPER.search(text) and not re.search(r"到哪|什么时候[到发送]|催|物流", text):
        return False
    if _NOT_BROUGHT.search(text) and not seen & INVOICE and not re.search(r"券|京豆|赠品|降价|便宜|保价|价保|差价", text):
        return True
    if _CHOICE.search(text) and not re.search(r"到哪|没收到|还没|什么时|啥时|何时|几点|多久", text):
        return False
    if re.search(
        r"(?:没有?|无|不)[^,。?]{0,4}物流|物流[^,。?]{0,10}没|[今明后][天晚早][^,。?]{0,4}(?:能|会|可以|可)[^,。?]{0,2}[送到]",
        text,
    ):
        return not seen & INVOICE
    strong = seen & (WHERE | SHIP) or (seen & (PARCEL | ARRIVE) and (seen & (WHEN | URGE | LOOK) or "签收" in text))
    return bool(
        strong
        and _MOVES.search(text)
        and not seen & INVOICE
        and not re.search(r"安装|预约(?![^,。?]{0,8}送)|人工|投诉|维修|修理|评价|晒单|在哪(?:里)?买", text)
    )


def _about_parcel(text: str, seen: int) -> bool:
    if seen & (WHERE | URGE | SHIP):
        return True
    if seen & PARCEL:
        return True
    return bool(
        seen & ARRIVE
        and (
            seen & (WHEN | ORDER | GOODS | PARCEL | LOOK)
            or re.search(
                r"今天|明天|后天|上午|下午|中午|晚|早|吗|没|什么|几|能|怎么|还|已经|竟然|本来|应该|\d[天号日]", text
            )
        )
    )


def about(text: str) -> str:
    """Which field of an order is asked for: paid_at, amount, or the order as a whole."""
    if re.search(r"付款时间|支付时间|付款确认|什么时候买|什么时候下|下单时间|购买时间|成交时间", text):
        return "paid_at"
    if re.search(r"金额|多少钱|实付|应付|总价|付款金额", text):
        return "amount"
    return "order"
