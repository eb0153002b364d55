"""Chinese sentences that tell of a refund, a return or a cancellation, or of goods in hand, without asking for any of it.

They name the deed in the very words of a wish (申请了退货, 有两个退货, 昨晚申请取消的), so they are looked at before the readers of
wishes. What is told is looked up, never started; a mind changed (还是让他送过来吧) takes back, what nobody did is nobody's.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.hints_zh import INVOICE, PRICE, WHEN, Reading
from domain.understand.plan import Intent

# 还是让他送过来吧, 后悔了, 继续发货吧: said of a return or a cancellation, it takes it back.
_KEEP = re.compile(
    r"后悔了|反悔|(?:还是|直接|继续|正常|照常|接着|重新)(?:让|叫|请|给|帮|麻烦)?[^,。?退取]{0,6}(?:送|发货|派送|配送|派件)(?:过来|来|货)?(?:吧|给我|就行|就好|可以|[?,]|$)|(?<![怎么还])还是(?:先)?不(?:退|换)(?:货|款)?了"
)
_ASKED_NOW = re.compile(
    r"(?:帮我?|给我|我[要想]|麻烦|请)[^,。?送发派不]{0,6}(?:退|取消|换)|为什么|为啥|怎么(?:还|又)|[吗么][?]?$"
)

_IS_ON_ITS_WAY = re.compile(
    r"正在(?:申请)?退(?!出)|[就才只](?:给我?)?退了|被(?:你们|系统|商家|客服)?退(?:货|款)了?|不是(?:已经)?在(?:申请|办理|走)?(?:退|换货)|退款?完毕|退款?(?:怎么|为什么|为啥)(?:是|才|只|少|变)|(?:为什么|怎么|为啥)(?:给我)?退(?:款|的钱)?(?:是|才|只|少)|(?:订单|单子|货|款|\d|件)(?:也)?退(?:款|货)?了(?!吧|换|重|再|行|可以|好|就|我|,?帮|的话|[吗么呢没])|退了[^,。?]{1,14},?(?:为什么|怎么|才|只|还没)|退(?:货|款)(?:单号|编号|订单号)|退了?货(?:也|又|还)(?:给我)?发"
    r"|(?:申请|提交|办理|点|选择?|做|走)(?:了|过)的?,?(?:一个|这个|仅|是)?(?:退|换货|售后)(?![^。?]{0,10}(?:能不能|可以|可不可以|能)(?:改|换|退))|(?:点|选择?)(?:退货|退款|换货)了|(?:点|选择?|申请)的是?(?:\d天|七天)?(?:无理由)?(?:退|换)[^,。?]{0,2}(?:[,。]|$)"
    r"|(?<!没)有(?:一|两|几|二|三|\d+)?(?:个|笔|件|单|条)?(?:东西|订单|商品)?(?:的)?(?:退款|退货|退换货|换货|售后|退单)(?:申请|订单|单|的)?(?:问|看|查|,|。|$|一直|还|怎么|在|显示|没|处理)"
    r"|\d+[号日](?:就|才)?(?:申请)?退(?:款|货)?(?:的|了)|(?:帮我?|麻烦)?催[^,。?]{0,4},?(?:我的)?(?:退|换)货|退货?(?:使用|用|选)的(?!券|优惠)|^我?(?:的)?是(?:要)?(?:退货|退款|换货)的?$|(?:被|给我?)(?:拒绝|驳回)了|退款?之?后[^。?]{0,8}(?:又|变|恢复|回到|状态|显示)|钱[^,。?给]{0,2}怎么退|退[^,。?]{0,4}(?:啥|什么)意思|(?:退货|退款|换货)(?:的)?(?:那个|这个)(?:单|订单)|(?:退货|退款|换货)的?时候?,?[^。?]{0,6}(?:发现|忘|说|没)|(?:换货|补发货?|退货)(?:的)?(?:编号|物流(?!费)|快递(?!费|单?怎))|我(?:的)?[这那](?:个|笔)?退款(?!怎么申|能|可以|要)|^我?(?:已经?|刚)?退了[^,。?]{0,3}[件个单双][?]?$|(?<!想)(?<!要)(?<!能)(?:申请|提交)[^,。?]{0,3}(?:售后|退货|退款|换货)(?:服务)?了|(?:刚刚?|之前|昨天|前天|上周|那天)[^,。?]{0,3}(?:退款|退货)的|退货[^,。?]{0,2}等|(?:售后|客服|商家|小哥|快递员)[^,。?]{0,6}(?:打电话|来电|问我|告诉我|跟我说|说是|说(?:需要|要)[^,。?]{0,8}(?:后|之后))|收到[^,。?给]{0,4}退款|返还?到(?:哪|什么)|(?:退|换)货?[^,。?]{0,4}(?:这么|那么|太)(?:慢|久)|不会(?:真|就|已经)?(?:的)?(?:给我)?退|查询?一?下?[^。?]{0,12}退(?:货|款)(?:时|物流|信息|详)|^我(?:都|已经?)?退了[啊呀]?$|(?:退货|退款|换货)流程中|(?:退款|退货|换货)(?:的|还在|还是|一直)?申请中|退的?时间|(?:^|[,。])(?:然后|后来|所以)?我(?:已经?|就)?(?:把[^,。?]{1,10})?退(?:货|款)了(?:[,。?]|$)|(?:你们|商家|系统|京东)怎么退(?:款|钱|给)|(?:以后|之后|完)[^,。?]{0,3}再给我退|(?:维修|返修|检测|修好)[^。?]{0,20}寄(?:回|给我)|(?:换货|退货|退款)的?(?:对|是)[吗么吧]|^(?!.*(?:[想要帮把给能]|可以)).{0,8}退(?:款|货)了[哈呢]?[?]?(?:$|,)|帮[^,。?]{0,4}(?:查|看)[^,。?]{0,6}退款|已经?拒[收签]|拒[收签]的(?:衣服|东西|货|商品|快递|包裹)|[还也]没有?(?:按时)?来取|(?<!的)(?:钱|款)[^,。?]{0,8}没有?退"
)
_WISHES = re.compile(
    r"(?:我|那|就)(?:就)?(?:要|想|需要)(?:再)?(?:退|换|申请)|(?<![不没是会])(?:想|需要)(?:办理|办)?(?:退|换)货|(?:能|可以|可不可以)(?:不能)?(?:再)?(?:直接)?(?:改|换|退)|帮我?(?:申请|退|换|处理退)|(?<!再)给我(?:退|换)(?!了|回)|想(?:要)?退|(?:赶紧|赶快|快|麻烦|请)给?我?退了"
)

_ONLY_THEN = re.compile(
    r"(?:收货|收到|签收|返回|验收)[^,。?]{0,4}(?:后|之后)?,?(?:我)?才(?:能|可以)(?:申请)?退|退换?货?(?:是)?(?:都)?免费|(?:^|,|请问|那)退换?货?的?(?:运费|邮费)[啊呀呢?]?(?:$|,)|退(?:货|款|换|换货)?(?:还)?(?:的话)?(?:需要|要)(?:提供|准备|带)?(?:什么(?!手续)|发票|哪些|原包装|包装|吊牌)|(?:运费|邮费)[^,。?]{0,4}退(?!给?我)|有(?:没有)?赔[偿付]|取消,?[^。?]{0,6}能(?:返|退)(?!我)|(?:退货|换货|取件|取货|上门)[^,。?]{0,6}时间[^。?]{0,10}(?:改|换|调|约)|(?:改|换|调|约)[^,。?]{0,6}(?:取件|取货|上门)(?:取件|取货)?的?时间|(?:只要|直接)退[^。?]{0,6}就(?:可以|行)了?(?:是|对)?[吗么吧]|如果[^。?]{0,14}(?:也行|也可以)[吗么?]?$|(?:是|要)(?:要)?我(?:自己|自行)[^,。?]{0,3}(?:退|寄)[^,。?]{0,3}[吗么]|(?:退货|退款)的(?:备注|说明)|(?:一定|必须|是不是|要|得)[^。?怎如咋]{0,14}才(?:能|可以|给我?)(?:申请)?退|(?:退换?货?|换货)的?(?:运费|邮费|费用)[^。?]{0,10}(?:免|吗|么|多少|谁|标准|收费|怎么)|退[^?]{0,24}(?:是)?一样[吗么]|怎么付的怎么退|退货时间(?:修改|改)"
)
_NOT_GOODS = re.compile(r"(?:发票|专票|普票|抬头|税号|收据|银行卡|绑定|灯泡|保险|服务费)")
_GOODS_BACK = re.compile(r"退货|退款|退钱|退掉|退单|退换|换货")

_NO_WAY = re.compile(
    r"(?<![不没是])(?:想|要)(?:申请|走)?(?:\d天|七天)?无理由退货|(?:没法|无法|不能|没办法|不让|没有(?!退款$|退$))(?:再)?(?:申请|办理|点|选)?(?:退换货?|退货|退款|退|换货)(?:申请)?(?:的)?(?:选项|按钮|入口)?了?(?:[,。]?怎么办|[,。]?咋办|[,。]?怎么弄|$|选项)"
)


# 走换货还是退货, 换货的话要几天, 安装费能退吗: weighed, asked in general or of a fee; 备注退货 was said to somebody else.
_WEIGHED = re.compile(
    r"(?:退货|换货|退款|退|换|维修)还是(?:退|换|维修|返修)|(?:退|换)货?的话[^。?]{0,16}(?:是不是|会不会|多久|几天|很费|麻烦|怎么算)|(?:退货|换货|退换货)[^,。?帮给]{0,3}维修[吗么]|(?:退货|换货)是[^,。?]{0,6}(?:快递|物流|上门)[^,。?]{0,4}[吗么]"
    r"|^(?:那|这)?(?:个|单)?是?(?:退货|换货|退款|退换货)的[吗么]|(?:要|得|必须|需)(?:先)?(?:签收|收货|收到)[^。?]{0,5}再(?:申请|办理|走)?(?:退|换)|(?:安装|服务|上门|保修|延保|配送|加急)(?:服务)?(?:费|的?(?:\d+|[一二三四五六七八九十百]+)元?)[^,。?]{0,5}退"
)
_HELP_ME = re.compile(r"帮我|麻烦|我[要想]|想要|(?<!申)请(?!问)|赶紧|尽快|(?:能|可以)给我(?:退|换)")
_SPOKEN = re.compile(
    r"(?:之前|上次|上回|昨天|前天|刚才|当时)的?(?:客服|商家|卖家|店家)[^。?]{0,12}(?:退|换)|已经?(?:是|在|走)(?:退|换)货|备注(?:清楚|好|了|过)[^。?]{0,6}(?:退|换货)|(?:上次|上回|之前|以前|那次|昨天)(?:我)?有[^,。?]{0,3}(?:要|需要)(?:退|换)|(?:一次性|分开|分批|分几次)(?:给我)?退"
    r"|(?:为什么|为啥)(?:显示)?退(?:货|款)的?(?:亲|[?,]|$)|(?:显示|写)[^,。?不没无未可能]{0,4}(?:退货|退款)(?!失败|成功)|退(?:回|货|款)当中|退了多少|[是就]会退款的|叫我[^,。?]{0,3}退|原价退还|(?:之前|昨天|前天)退(?:还|款|货)的|什么(?:问题|原因)退"
    r"|^我?(?:的)?申请(?:退货|退款|换货),?(?:但是?|可是?|不过|结果|然后)"
)


def kept_after_all(text: str, plain: str, seen: int) -> Reading | None:
    """A return that is taken back, asked about in general, or of an invoice and a bank card rather than of goods."""
    if _KEEP.search(plain) and _ASKED_NOW.search(plain) is None:
        return Reading(Intent.WITHDRAW_AFTERSALE, 0.8, "negated")
    if _HELP_ME.search(plain) is None:
        if _WEIGHED.search(text):
            return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.REQUEST_REFUND, Intent.AFTERSALE_STATUS))
        if _SPOKEN.search(plain):
            return Reading(Intent.AFTERSALE_STATUS, 0.65, "unsure", (Intent.REQUEST_REFUND,))
    if not seen & WHEN and _ONLY_THEN.search(plain):
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.REQUEST_REFUND, Intent.AFTERSALE_STATUS))
    if (
        (seen & INVOICE or _NOT_GOODS.search(text))
        and _GOODS_BACK.search(text) is None
        and re.search(r"换|退回重?新?开|退票", text)
        and re.search(r"钱|款", text) is None
    ):
        return Reading(Intent.OUT_OF_SCOPE, 0.65)
    return None


def told_of_aftersale(text: str, plain: str, seen: int) -> Reading | None:
    """Told of what was applied for or is under way; None when the sentence may be a wish after all."""
    if _WISHES.search(plain) and not seen & WHEN:
        return None
    if _IS_ON_ITS_WAY.search(plain) and not (seen & PRICE and _GOODS_BACK.search(text) is None and "钱" not in text):
        return Reading(Intent.AFTERSALE_STATUS, 0.75, "", (Intent.REQUEST_REFUND,))
    return None


def cannot_give_back(plain: str, seen: int) -> bool:
    """退货点不了怎么办, 页面没有退款的入口: a return is wished for and the page does not let it."""
    return not seen & WHEN and _NO_WAY.search(plain) is not None


_APPLICATION = re.compile(r"取消(?:我的?|这个?|那个?|这次|刚才的)?申请(?!退|换|售后)")
_MOVES_ON = re.compile(r"没人|一直|还没|提交了|处理|审核|通过|快|催|同意|多久|什么时候|没反应|进度")
_SLIPPED = re.compile(
    r"取消(?:订单)?(?:取消)?错了|取消(?:订单)?(?:给|也)?取消|(?:终止|停止|撤销|撤回|取消)(?:我的|这个|了)?取消|(?:不想|不要|没有?)(?:都|全部?|一起)取消"
)
_TAKES_BACK = re.compile(
    r"^(?!.*(?:订单|单子|购买|下单|这单|取消)).*(?:撤[销回]|(?:能|可以|怎么|还能)撤(?!单))|申请撤[销回]|(?:取货|取件|上门)[^,。?]{0,6}取消|取消[^,。?]{0,8}(?:上门|取件|取货)"
)
_PAST = re.compile(
    r"(?<![要想])取消了?的(?:订单|单子|那个|那单)|(?:已经?|刚刚?才?|昨[天晚]|前天|今[天早]|早上|上午|下午|当时|之前|这边就|早就)[^,。?帮想要能]{0,6}(?:申请|提交|点|选)了?(?:这个|那个|该)?(?:订单)?(?:的)?取消(?!吗)|(?:申请|提交|点|选)了,?[^,。?帮想要能]{0,8}取消|(?<![能要想以就])(?:申请|提交)取消(?:订单)?(?:了|的|过)|取消(?:订单)?(?:过了?|啦)|(?:他|她|快递员|配送员|客服|商家|卖家|店家)[^。?帮]{0,24}给我取消了|取消[^,。?]{0,3}(?:不|没|未)[^,。?]{0,3}审核|有(?:一|两|几|\d+)?个[^,。?]{0,4}(?:已?取消的?订单|取消的)|取消没(?:有)?取消|(?:怎么|好像|为什么)[^,。?]{0,4}还没有?取消|什么(?:问题|原因)取消|后来[^,。?]{0,4}取消(?:了|订单)"
)
_WAITS = re.compile(r"(?:一直|还|怎么|仍)没有?(?:给我|帮我|被)?取消|取消没(?:有)?取消")
_MEANT = re.compile(
    r"^(?:亲|那|请问|你)?,?(?:是|就是|哪个|这个|那个)?(?:订单|单子)?(?:是)?(?:需要|要)?(?:取消|撤单)(?:这个|那个|新|的)?(?:订单)?(?:的)?(?:是的?[吧吗么]|对吧|对[吗么]|是么)$"
)
_VOUCHER = re.compile(
    r"(?:作废|取消|撤销)[^,。?]{0,4}(?:优惠|券|卷|发票|申诉|登录|找回|限制|质保)|(?:券|卷|发票|票)[^,。?]{0,6}作废|财务[^,。?]{0,8}作废|取消[^。?]{0,6}(?:券|卷|京豆|红包|积分)[^。?]{0,6}(?:还|退|返|在|能)|(?:券|卷|红包|京豆)[^。?]{0,6}取消[^。?]{0,4}(?:还|能)|会(?:被|自动|给我?)?取消(?:订单)?[吗么呢]|取消[^。?]{0,14}(?:价保|保价|比价)|(?:如果|假如|要是|万一)(?:我|现在|直接|要)?取消"
)
_THE_CARD = re.compile(
    r"取消(?:掉|了)?(?:我的|这个|那个|这张|那张|该)?(?:会员|礼品|购物|京东|银行|信用)?卡(?:了|吧|$|[,。?])"
)
_ITS_REASON = re.compile(r"取消(?:订单)?的?(?:原因|理由)[^,。?]{0,4}(?:写|填|选)")
_LOOKED_UP = re.compile(r"(?:确认|核实|核对|查|看)(?:一?下)?我的取消")
_ONLY_IF = re.compile(r"(?:如果|要是|万一|不能|到不了|送不到)[^。?]{0,24}(?:就|我就)[^,。?]{0,2}(?:不买了|不收了|拒收)")
_THANKED = re.compile(r"(?:^|[,!]|请问|那|亲)(?:先)?(?:不需要了|不用了)[,!。~ ]*(?:谢谢|多谢|感谢|麻烦)")


def told_of_cancelling(text: str, plain: str) -> Reading | None:
    """A cancellation that was asked for before, that went wrong, or that is of something else."""
    if _APPLICATION.search(plain):
        if _MOVES_ON.search(plain):
            return Reading(Intent.ORDER_DETAIL, 0.7, "", (Intent.CANCEL_ORDER,))
        return Reading(Intent.WITHDRAW_AFTERSALE, 0.7, "negated", (Intent.ORDER_DETAIL,))
    if _SLIPPED.search(plain) or (_KEEP.search(plain) and _ASKED_NOW.search(plain) is None):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.WITHDRAW_AFTERSALE, Intent.ORDER_DETAIL))
    if _TAKES_BACK.search(plain):
        return Reading(Intent.WITHDRAW_AFTERSALE, 0.7, "negated", (Intent.CANCEL_ORDER,))
    if re.search(r"已经?拒[收签]|(?:送|退|寄)回去了", plain):
        return Reading(Intent.AFTERSALE_STATUS, 0.7, "", (Intent.CANCEL_ORDER,))
    if _WAITS.search(plain):
        return Reading(Intent.ORDER_DETAIL, 0.7, "", (Intent.CANCEL_ORDER,))
    if _LOOKED_UP.search(plain):
        return Reading(Intent.ORDER_DETAIL, 0.7, "", (Intent.CANCEL_ORDER,))
    if _THE_CARD.search(plain) or _ITS_REASON.search(plain):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "", (Intent.CANCEL_ORDER,))
    if _VOUCHER.search(plain) or _THANKED.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _MEANT.search(plain):
        return Reading(Intent.OUT_OF_SCOPE, 0.6, "unsure", (Intent.CANCEL_ORDER, Intent.ORDER_DETAIL))
    if _ONLY_IF.search(plain):
        return Reading(Intent.WHERE_IS_ORDER, 0.6, "unsure", (Intent.CANCEL_ORDER,))
    return None


def cancelled_before(plain: str) -> bool:
    """昨晚申请取消的, 快递员给我取消了: looked up, not done a second time. Denials are told apart before."""
    return _PAST.search(plain) is not None


# One look that spares most sentences the patterns below.
_IN_HAND_HINT = re.compile(r"[到收货]了|签收|拒收|拒签|验货|确认收货|联系方式|电话|手机|号码|联系配送|送货|通知|选不了|拿到")
_IN_HAND = re.compile(
    r"(?:已经?|刚刚?|昨天|今天|上午|下午|我|货|东西|商品|衣服|鞋子?|裤子|都|快递|包裹)[^,。?]{0,6}(?:收到|拿到)(?:货|东西|商品|快递|包裹)?了|收到(?:货|东西|商品)了|^(?:我)?(?:今天|昨天|刚刚?|已经?)(?:才)?签收(?:了|的)?$"
)
_NOT_IN_HAND = re.compile(
    r"没|未|吗|么|呢|[?]|只|少|漏|另|还有|还差|其他|其它|剩|怎么|什么时候|几|哪|显示|查|不是|错|别人|到底|是否|就能|能收|会收|该收|要收|先|如果|等"
)
_REFUSES = re.compile(
    r"(?:可以|能|选择|直接|我就|就会)(?:不可以|不能)?[^,。?]{0,4}拒[收签]|拒[收签](?:就|可以|可不可以|行|会|吗)|验货"
)
_COURIERS = re.compile(
    r"送货的?联系方式|联系配送(?!员)(?!站)|(?:配送员|快递员|站点|网点|配送站|派送员|[派拍配]送人员|送货员|快递小哥|小哥|送货师傅|快递公司|物流公司|配送点|自提点|营业部)的?(?:有)?(?:联系方式|联系电话|电话|号码|手机号?)|(?:联系方式|电话)[^,。?]{0,4}(?:配送员|快递员|站点|网点|派送员)"
)
_ANSWERS_PHONE = re.compile(
    r"什么时候|啥时候|到哪|没收到|还没|没[送到发动派]|不接|没接|没人接|打不通|联系不[上到]|关机|停机"
)
_SURE_PAGES = re.compile(
    r"(?:哪里?|哪儿|怎么|如何|哪)(?:点|操作|弄|能)?[^,。?]{0,2}确认收货|(?:选|选择)不了|等通知(?:再)?发|(?:验证码|消费码|兑换码|激活码|链接|返现|运费券)[^,。?]{0,6}没有?收到|没有?收到[^,。?]{0,8}(?:验证码|消费码|兑换码|激活码|链接|返现)"
)


def goods_in_hand(text: str) -> Reading | None:
    """Goods that came, may be refused or looked at first; whom to ring: nothing about where a parcel is."""
    if _IN_HAND_HINT.search(text) is None:
        return None
    if _IN_HAND.search(text) and _NOT_IN_HAND.search(text) is None:
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "unsure", (Intent.ORDER_DETAIL,))
    if _REFUSES.search(text) and not re.search(r"显示|没有?拒|未拒", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy")
    if _COURIERS.search(text) and _ANSWERS_PHONE.search(text) is None:
        return Reading(Intent.OUT_OF_SCOPE, 0.65)
    if _SURE_PAGES.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.65)
    return None
