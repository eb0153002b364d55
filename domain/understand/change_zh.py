"""Chinese sentences about another address and about cancelling: negated, past, conditional and asked-about ones start nothing."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.hints_zh import (
    A_NOT_A,
    ADDRESS,
    CANCEL,
    CHANGE,
    CONSEQUENCE,
    CONTACT,
    EXCHANGE,
    FORCED,
    INVOICE,
    LOOK,
    OTHER,
    PARCEL,
    SHIP,
    THREAT,
    TIME,
    UNWANTED,
    WRONG,
    Reading,
    how,
)
from domain.understand.plan import Intent
from domain.understand.told_zh import cancelled_before, told_of_cancelling

_BLAME = re.compile(
    r"为什么|为啥|怎么就?(?:还|又|给|被|不|没|把|会|自动)|凭什么|怎么取消了|谁取消|干嘛|谁(?:给|让|帮|把)|莫名|无故|被(?:你们|系统|商家|平台)?(?:取消|关闭)|自动(?:取消|关闭)|没让|误取消|无缘无故"
)

_NEGATED_CANCEL = re.compile(
    r"(?:没有?|没说|没想|没要|不是要?|未|别|甭|不用|不需要|无需|不必|误|不小心|不会|不该|不应该|不同意|拒绝|不|勿|不要|不想|千万别|先别|暂不|不打算)"
    r"(?:要|想|说|再|给我|帮我|把|我的|我们?|你们?|本人|自己|客户|这个|那个|订单|单子|点|申请|让你们?|主动|操作|过|打算|让|准备|着急|急着){0,4}(?:取消|撤单|退订|作废)"
)

_CANNOT_CANCEL = re.compile(
    r"(?:不可(?!以)|不弹出|没有?弹出|找不到|不显示|看不[到见])[^,。?]{0,4}取消|(?:不能|不可以|不让|无法|没法|没办法|不给|不了)(?:单独|再|自己|直接|在线|申请)?(?:取消|撤单)|取消不[了掉]|没有?(?:找到|看到|显示)?取消(?:订单)?的?(?:按钮|选项|键|入口|功能)|(?:怎么|为什么|为啥)[^,。]{0,6}(?:不能|不可以|取消不|没有取消|不让)|没有?(?:看到|找到)[^,。]{0,4}取消"
)

_CANCELLED = re.compile(
    r"(?:已经?|刚刚?(?!拍|下|买|的)|被|自动|之前|早就)[^,。?]{0,6}取消(?!吧|一下|下|掉吧|订单吧|[,，])|(?:都|昨天|前天|今天)[^,。?]{0,4}取消了|取消(?:了没|了吗|了么|成功|失败|没有|好了|没\b|进度|状态|的订单|了的)|(?:是否|有没有|是不是|看下|看看|查下|查看)[^,。]{0,6}取消(?:了|成功|好)"
)

_NOT_WANTED_BUT = re.compile(r"(?:赠品|发票|配件|袋子|吊牌|小票|包装)(?:我)?(?:就)?(?:也)?不(?:想|需)?要了|要不要了")

_CANCEL_OTHER = re.compile(
    r"取消(?:了|掉|一下|下|我的|这个|那个|该)?(?:预约|关注|自动|续费|会员|订阅|优惠(?!券用错)|收藏|发票|开票|安装|提醒|验证|绑定|授权|团购|拼购|碎屏险|价格保护|价保|保价|活动|闹钟|自提|分期|白条|短信|通知|免密|保险|运费险|推送|拼团|plus|置顶|静音)|(?:预约|会员|订阅|安装|发票|自动续费|自提|白条|分期|plus|保险|运费险)[^,。?]{0,6}取消"
)

_NOT_OUR_EVENT = re.compile(
    r"取消[^,。?]{0,8}(?:会议|航班|机票|车票|火车|高铁|酒店|宾馆|预订|预定|订房|订位|餐位|提醒|日程|行程|约会|挂号|课程|上课|挂失|转账|汇款|贷款|理财|定投|套餐|业务|宽带|通话|呼叫|导航|播放|下载|任务|报名|考试|签证|请假|打车|叫车|外卖|电影|演唱会|投票|点赞|拉黑|屏蔽|隐藏|聚会|活动)|(?:会议|航班|机票|酒店|行程|日程|课程|外卖|打车)[^,。?]{0,6}取消"
)
_NOT_OUR_ADDRESS = re.compile(
    r"(?:银行|银行卡|信用卡|公众号|网站|网页|户口|户籍|身份证|营业执照|服务器|wifi|家庭|注册|办公|店铺|工商|邮箱|mac|代理)[^,。?]{0,4}地址"
)
_ADDRESS_ASKED = re.compile(
    r"地址[^,。?]{0,2}填的?(?:是)?(?:哪|什么)|(?:查|看|确认|核实|核对|告诉|是哪|哪里|哪儿|什么|显示|报)[^,。]{0,12}地址|地址[^,。]{0,6}(?:是哪|是什么|是啥|在哪|多少|发我|给我|对吗|对不对|正确吗)"
)

_RIGHT = re.compile(r"地址(?:是否|是不是|有没有)?(?:填|写|选)?(?:对不对|正不正确|对吗|正确吗|有没有错|没错吧|是对的吗)")

_OUR_ADDRESS = re.compile(
    r"(?:退货|寄回|退回|你们|店铺|仓库|门店|公司|返修|维修|售后|自提点?|商家|厂家|发货|实体店|配送站|站点|网点|提货点|驿站|快递点)(?:的|点)?(?:收货|收件)?地址|ip地址|网址|邮箱地址|地址库|发货地"
)

_NO_CHANGE = re.compile(
    r"不(?:改|换)(?:地址|电话)(?:的话)|(?:不|不用|不要|不想|别|无需|不需要|没有?|没说|暂不|先别|先不)(?:要|想|再|给我|帮我|用|需要){0,2}(?:改|修改|更改|换|变更|更换)(?:收货|送货|配送|收件)?(?:地址|电话|手机|号码|收货人|名字)?(?:了|啦|$|[,，。])|(?:没有?|别|不要|不用|不需要|没说要?)(?:修改|改动?|换|变更|更改|更换)(?:收货|送货)?(?:过)?(?:地址|电话|手机号?)|(?:地址|电话)[^,。?]{0,6}(?:不改了|不用改了?|不换了|不要改|别改|没改过|没有改|没变|不变|不用变|不需要改|不用换|不修改了)"
)

_ADDRESS_DONE = re.compile(
    r"(?:地址|电话|信息)[^,。?]{0,6}(?:改好了?|修改好了?|改了|修改了|改成功了?|修改成功了?|改过来了?|换了)(?:吗|没|么|嘛|沒)|(?:改|修改)(?:成功|好)(?:了|没)(?:吗|没有|么)?|(?:怎么|为什么|为啥|还)[^,。?]{0,2}没(?:有)?(?:给我|帮我)?(?:改|换|修改)(?:过来|好|成功)"
)

_NEW_PLACE = re.compile(
    r"(?:改成|改为|改到|换成|换到|更改为|修改为|修改成|变更为|改送到?|改寄到?|改发到?|送到|寄到|发到|换去|转寄到?|转到)\s*[:：]?\s*(?:我)?([一-鿿][^?？。!！;；]{3,60})"
)

_PLACE = re.compile(r"[省市区县镇乡村路街道巷弄号楼栋室幢苑城园厦]")

_PHONE_ELSEWHERE = re.compile(
    r"绑定|账号|账户|登录|登陆|密码|客服|注册|验证|会员|多少|是什么|给我个?|投诉|热线|人工|打电话|接电话|来电|没打|不接|电话打|配送员|快递员|安装|师傅|联系我|打不通|没人接"
)

# 我重新买一单换个地址: a new order takes the other address, the old one keeps its own.
_BOUGHT_ANEW = re.compile(r"(?<!不想)(?<!不用)重新?(?:购?买|下单|拍)[^,。?帮不]{0,5},?换个?地址")
# A number that nobody answers any more is a wish for another one, like 地址填错了.
_OUT_OF_USE = re.compile(
    r"(?:收货|收件|留的|订单|之前|原来|以前|旧|老|这个|那个|预留)(?:的|上)?(?:订单)?(?:留的|的|那个)?(?:联系)?(?:电话|手机|手机号码?|电话号码|号码)[^,。?]{0,3}(?:不用了|没用了|停用|停机|空号|注销|换了|丢了)"
)
_CONTACT_NOUN = r"(?:联系电话|电话|手机号码?|号码|联系方式|收[货件获]人|联系人|姓名|名字)"

_CONTACT_CHANGE = re.compile(
    rf"(?:改|换(?!了|货)|修改|更改|变更|更换|更正|更新|补充|加上|加多|增加|改成最?下?面?的?|填错|写错|留错|输错|弄错|搞错)(?:一?下|一?个|了|的|成|掉|我|收货|订单|这个|那个|人|地址|和|、|与|或|配送|下单|收件){{0,5}}{_CONTACT_NOUN}|{_CONTACT_NOUN}[^,。?]{{0,8}}(?:有变|变了|改|换(?!货)|错|不对|有误|变更|更新|不正确|少了|漏)|错[^,。?]{{0,6}}{_CONTACT_NOUN}"
)


def read_address(text: str, seen: int) -> Reading | None:
    about_place = seen & ADDRESS
    moved = _NEW_PLACE.search(text)
    if about_place or seen & CONTACT:
        if _NOT_OUR_ADDRESS.search(text) or (about_place and CONSEQUENCE.search(text)):
            return Reading(Intent.OUT_OF_SCOPE, 0.7)
        if _OUR_ADDRESS.search(text) and not re.search(
            r"(?:改成|改到|改为|换成|换到|送到|寄到)[^,。?]{0,4}(?:公司|门店|自提|驿站|网点)", text
        ):
            return Reading(Intent.OUT_OF_SCOPE, 0.7)
        if not about_place and _PHONE_ELSEWHERE.search(text):
            return None
        if _BOUGHT_ANEW.search(text):
            return Reading(Intent.OUT_OF_SCOPE, 0.6, "unsure", (Intent.CHANGE_ADDRESS, Intent.CANCEL_ORDER))
        if "按错" in text:
            return None
        if _OUT_OF_USE.search(text):
            return Reading(Intent.CHANGE_ADDRESS, 0.75)
        kept = _NO_CHANGE.search(A_NOT_A.sub("能", text))
        if kept and not re.search(
            r"(?:能|帮|可以|想|怎么|麻烦|请)[^,。]{0,6}[改换修]", A_NOT_A.sub("能", text)[kept.end() :]
        ):
            return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated", (Intent.ORDER_DETAIL,))
        if seen & INVOICE and not re.search(r"收货|配送|送货|收件", text):
            return None
        if _ADDRESS_DONE.search(text) or re.search(
            r"被[^,。?]{0,4}改|(?:快递员?|你们|谁|客服|商家|系统)[^,。?]{0,4}改了|什么时候(?:更新|改|修改|变)的", text
        ):
            return Reading(Intent.ORDER_DETAIL, 0.75, "", (), {"about": "address"})
        if (seen & TIME and seen & CHANGE and not about_place) or re.search(
            r"(?:修改|改|调整)(?:送货|配送|收货)?时间", text
        ):
            return None if not re.search(r"[改换][^,。?]{0,6}地址", text) else Reading(Intent.CHANGE_ADDRESS, 0.7)
        if not about_place and not _CONTACT_CHANGE.search(text):
            return None
        if (
            about_place
            and re.search(
                r"取件地址|(?:取件|上门)[^,。?]{0,3}地址|已改|又是默认|默认地址$|改不了(?:就)?算了|[我是]?送错了?地址", text
            )
            and not re.search(r"帮|能|可以|想|要|怎么", text)
        ):
            return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.CHANGE_ADDRESS, Intent.ORDER_DETAIL))
        if about_place and _RIGHT.search(text) and not seen & CHANGE:
            return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": "address"})
        if seen & (CHANGE | WRONG | EXCHANGE) or re.search(r"地址[^,。?]{0,5}错了?$|加多|增加", text):
            if about_place and not seen & CHANGE and re.search(r"地址(?:是)?(?:没有?|不)(?:错|有误)|地址(?:对|正确)", text):
                return None
            return Reading(Intent.CHANGE_ADDRESS, 0.9, "", (), how(text))
        if about_place and (_ADDRESS_ASKED.search(text) or seen & LOOK):
            return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": "address"})
    if re.search(r"(?:寄|发|送)到[^。?]{1,12}(?:能|可以|怎么|帮我?|要)[^,。?]{0,3}[改换](?!时|天|日)", text) and not seen & (
        TIME | OTHER
    ):
        return Reading(Intent.CHANGE_ADDRESS, 0.75, "", (), how(text))
    if re.search(
        r"改送(?!货|达)|改派(?!送?时)|换个?地方(?:收|寄|送)|改成?(?:送|寄|发|派)(?:到|去)|改寄|改发到|转寄|(?:送|寄|发)到别的?(?:地方|处)(?!去?了)",
        text,
    ) and not seen & (TIME | OTHER):
        return Reading(Intent.CHANGE_ADDRESS, 0.8, "", (), how(text))
    if moved is not None and seen & CHANGE and _PLACE.search(moved[1]) and not seen & (TIME | OTHER):
        return Reading(Intent.CHANGE_ADDRESS, 0.85)
    return None


_CONDITION = re.compile(
    r"(?:送|到|收|发|等|赶|修|行|解决|处理)不(?:到|了|及|行|好)?[^,。?]{0,4}(?:就|的话|只能)|不行[^,。?]{0,3}(?:就|的话|只能)|再不|(?:要是|如果|假如|万一|若是|倘若)[^。?]{0,24}(?:就|会|我)?[^,。?]{0,4}(?:取消|不要了|不打算要|退)|(?:没货|缺货|没到|不到|不发|不送|不行)(?:的话|就|我就)|等不及就"
)

_ASKS_WHETHER = re.compile(
    r"(?:还|也|要不要|是不是|用不用|是否|不)?(?:需要|用|得)(?:再|自己|先|去|申请)?(?:修改或者?)?取消(?:订单|吗|么|不|$)|要(?:不要)?取消(?:订单)?[吗么]|(?:考虑|纠结|犹豫|想想)[^,。?]{0,4}取消|(?:等于|就是|算是?|属于|相当于)[^,。?]{0,4}取消|取消[^,。?]{0,8}(?:会不会|会|还)[^,。?]{0,8}(?:返|退|还|扣|影响|罚|降|封|记录)|取消(?:订单)?(?:之?后|以后|的话)[^。?]{0,14}[吗么?]|(?:一般|通常|是不是)[^,。?]{0,6}取消"
)

_CANCEL_ASKED_AFTER = re.compile(
    r"(?:什么时候|多久|几天)[^,。?]{0,8}取消|已经帮我取消|提交了?取消|取消就(?:没|不|要|得)|(?:都|就|又)(?:给|帮|把)我?[^,。?]{0,4}取消了(?!吧|算)|帮我取消[^,。?]{0,4}(?:没有?|了吗|了没)[?]?$|取消申请中|(?:怎么|为什么)[^,。?]{0,6}没有?取消|取消的?原因|(?:还是|显示|一直)[^,。?]{0,4}取消中"
)
_CANCEL_IS_PAST = re.compile(
    r"取消(?:订单)?了(?!吧|算|好[吗么]|可以|行|得了|把|[^,。?]{0,3}(?:重新|重拍|再))|取消[^,。?]{0,6}(?:成功|失败)|(?:已经?|都|早就?|之前|昨天|当时)[^,。?]{0,8}(?:申请|要求|提交|办理|选择)[^,。?]{0,3}(?:取消|不要)|取消[^,。?]{0,10}(?:不派|不送|还在|怎么还|怎么又|还要)"
)

_SLIP = re.compile(r"(?:按|点|发|打|说|选)错了?|(?:上|前)一句")


def read_cancellation(text: str, seen: int) -> Reading | None:
    plain = A_NOT_A.sub("能", text)
    if (reading := told_of_cancelling(text, plain)) is not None:
        return reading
    if (
        seen & (CANCEL | UNWANTED)
        and _SLIP.search(text)
        and not re.search(r"帮|重新|能|可以|取消一?[个件单份]|多[买拍]了|选错[^。?]{0,12}(?:申请|要|想|得)取消", text)
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated", (Intent.ORDER_DETAIL, Intent.CANCEL_ORDER))
    if _CONDITION.search(plain) and not re.search(r"帮我?取消|取消吧|(?:能|可以)[^,。?]{0,4}取消", plain):
        return Reading(Intent.WHERE_IS_ORDER, 0.6, "unsure", (Intent.CANCEL_ORDER, Intent.REQUEST_REFUND))
    if _CANCEL_OTHER.search(plain) or _NOT_OUR_EVENT.search(plain) or _NOT_WANTED_BUT.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if CONSEQUENCE.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.CANCEL_ORDER,))
    if THREAT.search(text):
        return Reading(Intent.WHERE_IS_ORDER, 0.65, "unsure", (Intent.CANCEL_ORDER,))
    if re.search(
        r"(?:撤[销回]|取消)[了掉]?(?:我|那个)?的?取消|把[^,。?]{0,6}取消[^,。?]{0,2}(?:关|撤)[掉了]|取消(?:的)?申请[^,。?]{0,4}(?:关闭|关掉|撤|取消)|(?:关闭|撤[销回]|取消)[^,。?]{0,4}取消(?:的)?申请|取消[^,。?]{0,8}(?:撤回|撤销)|(?:手滑|误点|误操作|点错了?)[^,。?]{0,4}取消",
        plain,
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.WITHDRAW_AFTERSALE, Intent.ORDER_DETAIL))
    if seen & CANCEL:
        if not _CANNOT_CANCEL.search(plain) and _NEGATED_CANCEL.search(plain):
            if re.search(
                r"(?:不|别)(?:想|要|用)?(?:再)?取消(?:订单)?(?:了|啦)|(?:撤[销回]|停止)取消", plain
            ):  # takes back a request made before
                return Reading(Intent.WITHDRAW_AFTERSALE, 0.75, "negated", (Intent.URGE_SHIPMENT, Intent.ORDER_DETAIL))
            return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.ORDER_DETAIL, Intent.WITHDRAW_AFTERSALE))
        if re.search(
            r"(?:取消|撤销)[^,。?]{0,4}(?:的)?(?:手续费|违约金|扣费|罚|政策|规则|条件|要钱|扣钱|收费)|撤[销回](?:取消|申请)|取消(?:的)?申请(?:取消|撤)|恢复",
            plain,
        ):
            return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy")
        if _ASKS_WHETHER.search(plain) and not re.search(r"帮我|请|麻烦|(?:也|都|订单|单子?|这个|那个)需要取消", plain):
            return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.CANCEL_ORDER, Intent.ORDER_DETAIL))
        if re.search(
            r"申请[^。]{0,16}(?:怎么|如何|能|可以)[^,。]{0,3}撤[销回]|撤[销回](?:我)?(?:之前|刚才|刚刚)?的?申请", plain
        ):
            return Reading(Intent.WITHDRAW_AFTERSALE, 0.7, "negated", (Intent.ORDER_DETAIL,))
        if (
            cancelled_before(plain)
            or _CANCEL_ASKED_AFTER.search(plain)
            or (_CANCEL_IS_PAST.search(plain) and not FORCED.search(plain) and not _CANNOT_CANCEL.search(plain))
        ):
            return Reading(Intent.ORDER_DETAIL, 0.75, "", (Intent.CANCEL_ORDER,))
        if re.search(r"让(?:我|客户)(?:自己|自行|先)?取消|已经?取消了", plain) and not re.search(r"帮我|重新帮", plain):
            return Reading(Intent.ORDER_DETAIL, 0.65, "unsure", (Intent.CANCEL_ORDER,))
        blamed = _BLAME.search(plain) and not re.search(
            r"怎么(?:还|就)?(?:不能|不让|取消不)|怎么取消(?!了)|不可取消|不弹出", plain
        )
        if (blamed or _CANCELLED.search(plain)) and not FORCED.search(plain) and not _CANNOT_CANCEL.search(plain):
            return Reading(Intent.ORDER_DETAIL, 0.75, "", (Intent.CANCEL_ORDER,))
        return Reading(Intent.CANCEL_ORDER, 0.9, "", (Intent.REQUEST_REFUND,), how(text))
    if re.search(r"(?:能|想|要|可以|给我?|帮我?|怎么|直接)换(?!地|收|电|个?时)", plain):
        return Reading(
            Intent.REQUEST_EXCHANGE, 0.75, "", (Intent.REQUEST_REFUND,), how(text) | {"aftersale_kind": "exchange"}
        )
    if re.search(
        r"不(?:是)?不(?:想)?要|没说不要|不是不要|(?:要|买)错了(?:吗|么)|为什么|不想要(?:这个)?(?:赠|颜色|发票)", text
    ):
        return None
    if re.search(r"不(?:想)?要[^,。?了]{1,8}[,， ]+我?(?:想)?要|选择不要|不要了[,，]?但", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.CANCEL_ORDER, Intent.ORDER_DETAIL))
    if seen & (SHIP | PARCEL) and re.search(r"不(?:发|到|送)[^,。?]{0,6}(?:我)?(?:就|的话)?不(?:想)?要了|再不", text):
        return Reading(Intent.WHERE_IS_ORDER, 0.6, "unsure", (Intent.CANCEL_ORDER,))
    return Reading(Intent.CANCEL_ORDER, 0.75, "", (Intent.REQUEST_REFUND,))
