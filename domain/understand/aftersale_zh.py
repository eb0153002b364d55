"""Chinese sentences about refunds, returns and exchanges: withdrawn, denied, told, asked after - and only then wished for."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.hints_zh import (
    A_NOT_A,
    ADDRESS,
    AFTERSALE,
    BACK,
    CANCEL,
    CHANGE,
    CONSEQUENCE,
    DOCUMENT,
    DONE,
    EXCHANGE,
    INVOICE,
    LOOK,
    MONEY,
    ORDER,
    PROGRESS,
    REFUND,
    RETURN,
    THREAT,
    URGE,
    WHEN,
    WHERE,
    Reading,
    how,
)
from domain.understand.plan import Intent
from domain.understand.told_zh import cannot_give_back, kept_after_all, told_of_aftersale

_AFTERSALE_NOUN = r"(?:退货|退款|退钱|退费|退换货?|换货|售后|返修|服务单|退|换)"

_FILLER = r"(?:了|掉|一下|下|我的|我这个|这个|那个|这|那|该|本|此| |刚才?的?|之前的?|申请的?|办理|给我|帮我|我|想|要|再|的|订单|单子){0,4}"

_WITHDRAW_AFTERSALE = re.compile(
    rf"(?:取消|撤销|撤回|撤掉|终止|关闭|中止|解除){_FILLER}{_AFTERSALE_NOUN}(?!了?才)"
    rf"|(?:不想|不要|不用|不需要|不打算|先不|暂不|别|甭|不)(?:再)?(?:申请|办理|给我|帮我|要|想|用)?{_AFTERSALE_NOUN}(?:了|啦|吧|申请)"
    rf"|{_AFTERSALE_NOUN}(?:申请|单)?[^,。?!]{{0,12}}(?:取消|撤销|撤回|撤掉|撤了|不要了|作废|关闭|关掉)(?!订单|定单|掉?这个?订?单)"
    r"|(?:退款|退货|换货|售后)申请[^。?!]{0,14}(?:取消|撤销?[了掉回]?|关闭)"
    r"|(?:申请|提交|办理|点)了?(?:的)?[^。?!]{0,6}(?:退|换|售后)[^。?!]{0,14}(?:取消|撤销|撤回|撤了|关闭)(?!掉?(?:这个)?(?:订|定)?单)"
    rf"|(?:不想|不要|不用|别|不需要|暂时?不|先不)(?:再)?(?:给我|帮我|要|再|办理|申请){{0,2}}{_AFTERSALE_NOUN}"
)

_STATUS = re.compile(
    r"退[款货钱]?的?(?:金额|数额)?(?:也|就|都)?(?:不对|不符|有误|少了|错了)|退[少多错]了|只退了|退了(?:一(?:部分|半|点)|部分|[\d两]+(?:\.\d+)?(?:元|块))|换的(?:货|新的|那[件双个台])|换货?的?(?:货|商品|东西|新的)?[^,。?]{0,4}(?:寄出|发出|发货|寄|到)了?[吗没]|退货?(?:的(?:货|东西))?(?:已经?|都)?签收|(?:赔|补偿|赔偿|赔付)的?(?:钱|款)?(?:还没)?到了?[吗没账]|(?:都|已经?|早就?)申请了|"
    r"退(?:款|货|钱|的?钱|换货)?(?:了|好了|成功了?|到了?|完了?)(?:吗|没|么|嘛|沒|不|呢)|(?:退款|退货|钱|款)的?呢|退款?[^,。?]{0,4}(?:到|去)哪|"
    r"(?:还|怎么|为什么|为啥|一直|都|迟迟|仍|还是|也)[^,。?]{0,6}(?:没|不|未)[^,。?能法可]{0,6}退(?!货吗)|"
    r"(?:没|未)(?:有)?(?:给我|收到|见到|看到)?[^,。?可能想要怎]{0,4}(?:退款|退钱|退我|退给|到账|退回|返还)|"
    r"退款?[^,。?]{0,8}(?:没收到|没有收到|没到|未到|没有到|收到了吗|不到账|没见|没看到|没返|还没)|"
    r"(?:查|跟进|关注|看[下看])[^,。?怎如]{0,8}(?:退款|退货|退钱|售后|换货)|"
    r"(?:退款|退货|售后|换货)(?:的)?(?:进度|情况|状态|结果|时效|周期|时间|单号|记录|明细|详情|流程走)|"
    r"(?:退款|退货|售后|退|换货)[^,。?]{0,10}(?:进度|到账|到帐|审核|处理|批准|通过|哪一?步|什么情况|怎么回事|怎么样|完成|成功|失败|驳回|拒绝)|"
    r"(?:我的|想要的|那个|这个)退款(?:呢|怎么|在哪|何时|$)|退的(?:货|东西|件|款|钱)|(?:退款|退货)[^,。?]{0,4}(?:怎么|哪里?|如何|在哪)(?:查|看)|(?:在|一直|还)等[^,。?]{0,8}退(?:款|钱)|等(?:着|待)[^,。?给]{0,6}退(?:款|钱)|退款?[^,。?]{0,6}(?:这么|太|好|那么)(?:慢|久)|退(?:款|到|回|给|进)[^,。?]{0,6}(?:银行卡|白条|花呗|零钱|账号|京东|卡|码上|微信|支付宝|哪张|哪里|哪个|哪儿|原|余额|账户)|(?:少|多|错)退了?|(?:钱|款|退款)[^,。?]{0,6}(?:多少|几)个?(?:工作)?[日天]|等[^,。?]{0,4}(?:钱|款)[^,。?]{0,4}退|钱[^,。?]{0,4}退到|返回[^。?]{0,12}才[^,。?]{0,6}退款|(?:退款|退的钱)[^,。?没不]{0,3}(?:收到|到账)|[没未]退(?:[,，。吗?]|$)|退(?:款|货)是否|(?<!把)(?<!把我的)(?:钱|款项?|余额)[^,。?把]{0,16}退[^,。?]{0,4}[吗么吧?]|(?:早就?|已经?|全都?|都)退了(?!吧)|(?:返回|退回|寄回去?|邮回去?)[^,。?]{0,6}就?退款|(?:拒收|拒签)(?:了|之?后|的话)?[,， ]?[^,。?]{0,8}退款|(?:退|换)[^,。?]{0,6}(?:太久|好久|很久|这么久|很慢|太慢)|(?:钱|款)[^,。?]{0,6}(?:返回|返还|原路)"
)

_MAYBE_LATER = re.compile(
    r"(?:等|送|到|收|赶)不(?:及|到|了)(?:的话|就|我就)[^,。?]{0,6}(?:退|取消)|不行(?:的话|就)[^,。?]{0,4}(?:退款|退货|退)[?]?$|不退[^,。?]{0,3}就退|再等[^,。?]{0,6}退"
)

_ACCIDENT = re.compile(r"(?:不小心|手滑|误操作|误点|误申请|点错了?)[^,。?]{0,8}(?:退(?!掉)|换货)")

_WOULD_RATHER_NOT = re.compile(
    r"(?:能|可以)不(?:退|换货)|(?:取消|撤销|撤回)不[了掉](?:退|换|售后)|(?<![怎还都])(?:不想|不打算)退(?:货|款)?$"
)

_DENIED = re.compile(
    r"(?<!是)不是(?:要|想|来|办)?(?:退|换)货?款?(?:[,，。是]|$)|(?:没有?|未|从没|从未|并没有?|不是|没说|不曾)(?:说|想|要|申请|点|提交|让|同意|操作|打算|叫|办理?|主动|自己|来|为了)[^,。?]{0,6}(?:退|换货)|退[^,。?]{0,8}(?:我(?:可)?(?:没|未|不是)(?:有)?(?:申请|点|要|操作|同意|说)|不是我(?:申请|点|要|操作))"
)

_CLOSED_BY_US = re.compile(
    r"退[款货](?:申请)?(?:怎么|为什么|为啥)(?:给我|就|被)?取消了|(?:被|自动)(?:你们|系统|商家|卖家)?(?:取消|关闭|撤销|拒绝|驳回)|(?:取消|关闭|撤销)了?(?:是)?(?:怎么回事|什么原因|什么情况)"
)

_TOLD = re.compile(
    r"(?:上次|以前|之前|去年|上回)[^,。?]{0,10}退[了过]|退(?:货|款)?(?:了)?之?后[^。?]{0,14}(?:吗|么|呢|[?])|(?:是|会|直接|自动)?等(?:待|着)?[^,。?]{0,4}退款|退(?:款)?(?:的话|的时候)[^。?]{0,12}(?:扣|返|会)|很久[^,。?]{0,4}退|什么方式退|退(?:到)?哪|退回单|退给我的|退的金额|原路|(?:是|会|自动)(?:自动|直接|原路)?退(?:款|回|到)?[^,。?]{0,8}(?:吗|么|吧|[?])$|退[^,。?]{0,4}(?:来不及|麻烦)(?!你|您|帮)|以为[^,。?]{0,14}退"
)

_SERVICES = re.compile(
    r"plus|会员|入驻|打车|车费|停车费|房租|退租|租金|租房|房子|水费|电费|(?:电影|高铁|火车|飞机|汽车|动车|机|车|船|演出|演唱会|景区|门)票|退票|(?:柜|车|房|卡)的?押金|学费|培训费|报名费|团购|拼购|碎屏险|换新保|延保|短信业务|订阅|续费|流量|套餐|课程|机票|酒店|门票|车票|话费"
)

_RETURN_FEE = re.compile(
    r"(?:退|寄回|返回)[^。?]{0,12}(?:费用|自费|运费|邮费)|(?:费用|运费|邮费)[^。?]{0,10}(?:退换|退货|寄回)"
)

_PARCEL_BACK = re.compile(
    r"(?:快递|包裹|物流|快件|运单|配送)[^,。]{0,8}(?:退回|退件|退签|原路返回)|(?:被|显示|自动)(?:快递)?退回"
)

_APPLY_FIRST = re.compile(
    r"^(?:那|我|请|帮我|麻烦|我要|我想|想|给我|能不能|可以|可不可以|怎么|如何|怎样)*申请(?:仅)?(?:退|换|售后)|重新申请|想申请|要申请|怎么申请|如何申请|帮我?申请|哪里申请|在哪申请|(?:申请|退款|退货)[^,。?]{0,4}(?:在哪里?|哪里|怎么|从哪)(?:点|申请|找|弄|操作|提交|办理|发起)|申请不了|无法申请|不能申请|可以申请|能申请|怎样申请"
)

_APPLIED = re.compile(
    r"(?:已经?|刚刚?|都|昨天|前天|上周|之前|早就|今天|早上|上午|下午|昨晚)(?:提交|申请|办理|办|点|走)了?(?:的)?[^,。?]{0,6}(?:退|换|售后|取消)|我(?:提交|申请|办理|办|点|走)(?:了|的|过)[^,。?]{0,6}(?:退|换|售后|取消)|(?:申请|提交|办理)(?:了|过)[^,。?]{0,6}(?:退|换|售后)|(?:退货|退款|售后|换货)(?:申请|单)?(?:已经?|都)?(?:申请|提交|办理|寄)(?:了|过|好|的)|(?<![想要能以])(?:申请|提交)[^,。?想要能]{0,3}(?:退款|退货|换货|退换货|售后|返修)了|已经?(?:退|换|寄回|同意|审核|取件)|退货?(?:已经|都)|(?:货|东西|商品)[^,。?]{0,4}(?:寄回|退回|取走|拿走|退给|取回)|(?:取走|拿走|取件|上门)[^,。]{0,6}(?:了|过)|收到退货|同意退"
)

_PUSH = re.compile(r"(?:尽快|赶紧|快点|抓紧|及时|快些|早点|加快|催|着急)")


def _not_meant(text: str, plain: str, seen: int) -> Reading | None:
    """Denials, threats, accidents, withdrawals: a refund is named, but nobody asks for one."""
    if re.search(r"券|红包|积分|京豆|余额", text) and not re.search(
        r"退款|退货|退钱|钱[^,。?]{0,8}退|退我|退到|拒收的", text
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if re.search(r"降价|便宜了?|差价|补差", text) and not re.search(
        r"退款|退货|退钱|退掉|退换|换货|退了|(?:想|要|能|可以)退", text
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _DENIED.search(plain):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.AFTERSALE_STATUS,))
    if CONSEQUENCE.search(text) or re.search(
        r"(?:退货|退回|寄回|返回|取件)的?地址|(?:退货?|退回)[^,。?款钱]{0,4}寄(?:到|去|回|给)?(?:哪|什么地方|谁)|(?:寄回|返回|退回)(?:到|去|给)?(?:哪|什么地方|谁)[^了]*$",
        text,
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.REQUEST_REFUND,))
    if _SERVICES.search(text) and not re.search(r"订单|商品|货", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if re.search(r"怎么(?:还是?|又)(?:给我)?(?:发货|发了|发出|送|派)", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.7, "", (Intent.WHERE_IS_ORDER,))
    if _TOLD.search(text) and not re.search(r"(?:我要|我想|想|帮我?|给我|可以|能|申请)[^,。?]{0,4}退", plain):
        return Reading(Intent.AFTERSALE_STATUS, 0.6, "unsure", (Intent.REQUEST_REFUND,))
    if _RETURN_FEE.search(text) and re.search(r"[吗么?呢吧]|谁|多少", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.REQUEST_REFUND,))
    if THREAT.search(text) or _MAYBE_LATER.search(text):
        return Reading(Intent.WHERE_IS_ORDER, 0.65, "unsure", (Intent.REQUEST_REFUND, Intent.CANCEL_ORDER))
    if re.match(r"(?:[^,。?]{0,3},)?(?:不?同意|拒绝|批准|驳回)[^,。?]{0,8}(?:退|换货)", text):
        return Reading(
            Intent.AFTERSALE_STATUS, 0.6, "unsure", (Intent.TODO,)
        )  # a decision in somebody's mouth, without its ticket
    if _ACCIDENT.search(plain) or _WOULD_RATHER_NOT.search(plain):
        return Reading(Intent.WITHDRAW_AFTERSALE, 0.8, "negated")
    if re.search(r"(?:不|别)(?:想|要|用)?退(?:货|款)?了?[,。 ]+[^,。?]{0,6}换", plain):
        return Reading(Intent.REQUEST_EXCHANGE, 0.75, "", (), {"aftersale_kind": "exchange"})
    if re.search(r"(?:商家|卖家|店家|客服|你们|他们)[^,。?]{0,4}(?:拒绝|不肯|不愿)[^,。?]{0,3}退", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.7, "", (Intent.REQUEST_REFUND,))
    if not seen & (REFUND | EXCHANGE | MONEY) and _PARCEL_BACK.search(text):
        return Reading(Intent.WHERE_IS_ORDER, 0.75, "", (Intent.AFTERSALE_STATUS,))
    if _withdraws(plain, seen):
        return Reading(Intent.WITHDRAW_AFTERSALE, 0.9, "negated")
    return None


def read_aftersale(text: str, seen: int) -> Reading | None:
    if seen & DOCUMENT and not seen & REFUND:
        return Reading(Intent.OUT_OF_SCOPE, 0.6, "", (Intent.DOCUMENTS,))
    plain = A_NOT_A.sub("能", text)
    exchange_only = seen & EXCHANGE and not seen & (REFUND | RETURN | BACK)
    if exchange_only and (seen & ADDRESS or re.search(r"收[货件获]人|电话|号码|手机号|联系", text)):
        return None
    if seen & ADDRESS and seen & CHANGE and _KEPT_BUT_MOVED.search(plain):
        return None  # 不想退，能改下地址吗: the address is the wish
    if cannot_give_back(plain, seen):
        return Reading(Intent.REQUEST_REFUND, 0.8, "", (Intent.AFTERSALE_STATUS,), how(text) | {"aftersale_kind": "return"})
    reading = kept_after_all(text, plain, seen) or _not_meant(text, plain, seen) or told_of_aftersale(text, plain, seen)
    if reading is not None:
        return reading
    if seen & AFTERSALE and not seen & (REFUND | RETURN | BACK | EXCHANGE):
        if seen & (WHEN | PROGRESS | LOOK | DONE | URGE | WHERE) or re.search(r"呢|了吗|没来|还没|没有?人来|没人", text):
            return Reading(Intent.AFTERSALE_STATUS, 0.8)
        if re.search(r"申请售后|要售后|办理?售后", text):
            return Reading(
                Intent.REQUEST_REFUND, 0.6, "unsure", (Intent.REQUEST_EXCHANGE, Intent.AFTERSALE_STATUS), how(text)
            )
        return None
    if _LISTED.search(plain) and not _ASKED.search(plain):
        return Reading(Intent.AFTERSALE_STATUS, 0.8)
    if seen & BACK and not seen & (REFUND | RETURN | EXCHANGE | MONEY) and not _goes_back(text):
        return None
    if seen & CANCEL and seen & ORDER and not _status(plain, seen):
        return None  # 取消订单并退款: the cancellation is the deed, the refund follows from it
    if _status(plain, seen):
        return Reading(Intent.AFTERSALE_STATUS, 0.9)
    if re.search(
        r"(?:谁|运费|邮费|费用|手续费|违约金)[^,。?]{0,6}(?:出|承担|付|负责|多少|要钱|给|报销)|(?:自己|我们?|买家|卖家|商家|你们)(?:来)?(?:出|承担|付|掏)|付(?:运费|邮费)|差价|价保|保价|规则|政策|运费险|(?:支持|有|是)[^,。?]{0,4}(?:无理由|包退|包换)|支持退|七天无理由(?:吗|么)|几天(?:内|之内)?(?:可以|能)|几天是退|什么(?:是|叫)[^,。?]{0,4}理由|(?:如果|假如|万一|要是)[^。?]{0,24}(?:退|换)[^,。?]{0,3}[吗么不?]|无理由[^。?]{0,16}[吗么?]+(?:$|,)|是不是(?:要)?先|不用承担|多少天(?:内|之内)?(?:可以|能)|(?:收|扣|要)(?:手续费|运费|费用|违约金)",
        text,
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.REQUEST_REFUND,))
    if exchange_only:
        if seen & INVOICE or re.search(r"换成?[^,。?]{0,3}票|纸质|换成公司", text):
            return Reading(Intent.OUT_OF_SCOPE, 0.7)
        if re.search(
            r"(?:手机|电脑|设备|浏览器|账号)[^,。?]{0,4}试|换了[一个台双件张根条两]|同意换|没换|换过", text
        ):  # what somebody did, not what he wants
            return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.REQUEST_EXCHANGE, Intent.AFTERSALE_STATUS))
        if re.search(
            r"换个(?:地方|地址|时间|日期|快递|说法|客服|人|方式|支付|付款|物流|手机|号|账号)|换(?:成|一个)(?:微信|支付宝|花呗|信用卡|货到付款|客服|人|快递|顺丰)",
            text,
        ):
            return None
        return Reading(
            Intent.REQUEST_EXCHANGE, 0.85, "", (Intent.REQUEST_REFUND,), how(text) | {"aftersale_kind": "exchange"}
        )
    if (reading := _only_told(text, plain)) is not None:
        return reading
    kind = "return" if seen & (RETURN | BACK) and not seen & REFUND and not _SOME_MONEY.search(text) else "refund"
    return Reading(Intent.REQUEST_REFUND, 0.88, "", (Intent.AFTERSALE_STATUS,), how(text) | {"aftersale_kind": kind})


_LISTED = re.compile(
    r"(?:退款|退货|退换货|换货|售后)(?:的)?(?:单子|订单|单|记录|列表|清单)$"
)  # 昨天的退款单: a list, no wish

_ASKED = re.compile(
    r"要|想|希望|帮|请|(?<![很好太挺么点嫌])麻烦(?![吗么嘛不啊呀死得?。,!]|$)|什么地方|能|可以|可否|是否|怎么|怎样|咋|如何|哪里|在哪|给我|给退|需要|吧|算了|申请|必须|马上|立即|打算|办理|选择|行吗|行不|退不|不喜欢|不合适|不满意|质量|没(?:有)?发|不发|坏|买错|退[我他她](?!的)|退差|(?:给|帮)[他她客买]|退(?:款|钱|货)? ?[\d一二三四五六七八九十百两]|都退|^(?:尾号|[\d ])*(?:直接|全额|仅|部分|整单)?退(?:款|货|钱|回)(?:[ ,\d]|$)"
)

_NOT_BACK = re.compile(r"不(?:用|要|必|想|再|需要|打算|准备)?(?:退(?:货|款)?|寄回去?)(?![吗么我给就不掉]|了我|的话)")

_DESCRIBED = re.compile(
    r"自动(?:变|转)|退[^,。?]{0,6}(?:扣除|会扣)|区别|别人退|让我(?:自行|自己)?申请退|不给退|(?:没有?|看到|找了?)[^,。?]{0,6}(?:退货|退款|售后)的?(?:选项|入口|按钮|订单)|已经?[^,。?]{0,6}(?:退货|退款|退回|拒收)|(?:情况|情形)[^,。?]{0,6}退"
)


def _only_told(text: str, plain: str) -> Reading | None:
    """A return is spoken of, but nobody asks for it: a refusal, a story, a comparison."""
    kept = _NOT_BACK.search(plain)
    if kept is not None and "退" not in plain.replace(kept.group(), ""):
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "negated", (Intent.WITHDRAW_AFTERSALE, Intent.AFTERSALE_STATUS))
    if "区别" in text:
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy")
    if (re.search(r"无理由[^。?]{0,16}[吗么?]+(?:$|,)", text) and not re.search(r"我[要想能]", text)) or "是不是先" in text:
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.REQUEST_REFUND,))
    if _DESCRIBED.search(text) and not re.search(r"帮我|我要退|我想退|怎么办|(?:能|可以)退(?:货|款|掉)?[吗么不]", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.55, "unsure", (Intent.REQUEST_REFUND,))
    if _DEMANDED.search(text) is None and (
        (len(text) > 8 and _ASKED.search(text) is None) or (len(text) > 6 and _WISHED.search(plain) is None)
    ):
        return Reading(Intent.AFTERSALE_STATUS, 0.55, "unsure", (Intent.REQUEST_REFUND,))
    return None


# The asking word belongs to the deed: 有个退货，发票怎么办 asks for no refund.
_DEMANDED = re.compile(r"[,， ](?:退货|退款|退钱|换货|赔钱|赔偿|赔付)$")
_WISHED = re.compile(
    r"(?:要(?!是)|想|希望|帮|请|(?<![很好太挺么点嫌])麻烦(?![吗么嘛不啊呀死得?。,!]|$)|能|可以|可否|是否|怎么?|怎样|咋|如何|给我|需|申请|必须|打算|办理?|选择|把|支持|只好|只能)[^,。?]{0,9}(?:退|换|寄回|赔|返|补|售后|更换)(?!的)"
    r"|(?:马上|立即|直接|全额|仅|部分|整单|哪里?|给|就|得|法|处理|走|先|那|我们?|都|全部?|一起|再|重新|去|来|也|单|这个?|[吧号件个,， \d]|东西|^)[^,。?]{0,6}(?:退|换|寄回|赔|返|补|售后|更换)(?!的|了(?!吧|算|重|,|再|换)|货?的?编号)"
    r"|(?:退|换|赔|寄回|售后|返还?)[^,。?]{0,4}(?:吗|么|吧|嘛|行不|可以|不$|算了|怎么|流程|哪里?|申请|掉|我|给)"
)
_SOME_MONEY = re.compile(r"退(?:给?[他她我])? ?(?:\d|[一二三四五六七八九十百两]+[块元])")


def _goes_back(text: str) -> bool:
    return (
        re.search(
            r"[能可要想给帮怎何法以须]退|退[吗掉了么不给嘛呢吧?]|退$|[我把]退|退款|办理退|申请退|得退|直接退|全退|都退|退[一-鿿]{1,6}|退 ?\d",
            text,
        )
        is not None
    )


# 不用退货，仅退款: the goods stay, the money is wanted.
_ONLY_MONEY = re.compile(
    r"(?:不|别)(?:想|要|用|需要)?退货(?:了)?[,，。 ]*[^,。?不别]{0,4}(?:仅|只|直接|要|想)[^,。?不别]{0,4}退(?:款|钱)|(?:仅|只)(?:要|想)?退(?:款|钱)[,，。 ]*不(?:想|要|用)?退货"
)


def _withdraws(plain: str, seen: int) -> bool:
    if _ONLY_MONEY.search(plain):
        return False
    if _WITHDRAW_AFTERSALE.search(plain) is None:
        return False
    if _CLOSED_BY_US.search(plain):
        return False
    if re.search(r"(?:后来|现在|算了|那)[^,。?]{0,4}不(?:想|要|用|打算)?(?:退|换)了", plain):
        return True
    # 怎么不退款, 为什么取消我的退货: a complaint about us, not a change of mind.
    if re.search(
        r"(?:为什么|为啥|怎么|凭什么|还|都|迟迟|一直|又(?!不(?:打算|想|要|准备))|商家|卖家|你们|客服|仓库|他们|店家)[^,。?]{0,6}(?:不|取消|撤销|关闭)[^,。?]{0,6}(?:退|换)",
        plain,
    ):
        return bool(re.search(r"怎么(?:才能|样)?(?:取消|撤销|撤回)", plain))
    if re.search(r"(?:取消|撤销)[^,。?]{0,8}订单[^,。?]{0,10}(?:退款|退钱|退货|退回)", plain) and not re.search(
        r"退[款货换]?(?:的)?申请", plain
    ):
        return bool(re.search(r"订单的?退(?:款|货)(?:申请)?(?:吧|$)", plain))
    if (
        re.search(
            r"(?:能|可以|帮我|我要|我想|请)(?:直接|先)?退(?:款|货)?[^,。?]{0,3}[,，。 ]+[^,。?]{0,6}取消(?:订单)?", plain
        )
        and seen & ORDER
    ):
        return False
    if re.search(r"(?:不|别)(?:想|要|用)?换(?:货)?了?[,，。 ]*(?:直接|我要|还是|给我|就)?[^,。?]{0,4}退", plain):
        return False
    return not re.search(
        r"不退(?:款|货)?(?:吗|么|的话|我|给)|不(?:退|换)(?:就|怎么|咋|不行)|要不(?:就)?退|不好[^,。?]{0,4}退|不(?:合适|喜欢|满意|想要了?)[^,。?]{0,6}退|不[^退,。?]{2,}退",
        plain,
    ) or bool(
        re.search(
            r"不(?:想|要|用|需要)?退(?:款|货)?了|(?:取消|撤销|撤回)[^,。?]{0,8}(?:退|换|售后)|(?:退|换|售后)[^。?]{0,14}(?:取消|撤|关闭)",
            plain,
        )
    )


_KEPT_BUT_MOVED = re.compile(r"不(?:想|要|用)?退[^。?]{0,8},[^。?]{0,4}(?:能|可以|帮|想|要)[^,。?]{0,4}(?:改|换)")
_HOW_TO = re.compile(r"(?:如何|怎么|怎样|要|我想)(?!要?的)[^,。?没还不]{0,4}(?:退款|退货|退换货|退掉|换货)(?:呢|啊|$)")


def _status(plain: str, seen: int) -> bool:
    if _HOW_TO.search(plain) and not seen & WHEN:
        return False
    if (
        _APPLY_FIRST.search(plain)
        and not seen & (WHEN | DONE)
        and not re.search(
            r"还没|还不|没处理|没审|没退|天了|一直|迟迟|没人|多久|进度|到账|^我?申请(?:退款|退货|换货|售后)了(?:$|[ ,，])|反应",
            plain,
        )
    ):
        return False
    if _APPLIED.search(plain) or _STATUS.search(plain):
        return True
    if seen & WHEN and not re.search(
        r"几天(?:内|之内)|多少天(?:内|之内)|(?:多久|多长时间|什么时候)[^,。?]{0,4}(?:内|可以申请|能申请|能退货|可以退货)",
        plain,
    ):
        return True
    if seen & (RETURN | AFTERSALE) and seen & DONE and seen & (PROGRESS | WHERE | LOOK):
        return True
    if _CLOSED_BY_US.search(plain):
        return True
    return bool(
        seen & REFUND
        and _PUSH.search(plain)
        and re.search(r"处理|退给|审核|退款?(?:吧|啊|呢|吗)?[?]?(?:$|,)", plain)
        and not re.search(r"我要|我想|申请", plain)
    )
