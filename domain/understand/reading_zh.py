"""What a Chinese sentence asks for: hints of its words first, a few guards on order and negation after.

The order of the questions is the order of harm: a withdrawal or a negation is recognised before the action that it names, a
question about the state of an after-sale before a request for one, things that are not ours before everything that costs money.
How-to questions (怎么退款, 地址怎么改) are read as the wish behind them, with `question=how`: the handler explains and
offers a draft, it never starts anything by itself.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass, field

from domain.understand.plan import Intent
from domain.understand.words_zh import Hint, hints

_ = Hint
REFUND, RETURN, BACK, EXCHANGE = int(_.REFUND), int(_.RETURN), int(_.BACK), int(_.EXCHANGE)
CANCEL, UNWANTED, ADDRESS, CONTACT = int(_.CANCEL), int(_.UNWANTED), int(_.ADDRESS), int(_.CONTACT)
CHANGE, WRONG, TIME, ORDER = int(_.CHANGE), int(_.WRONG), int(_.TIME), int(_.ORDER)
WHERE, PARCEL, SHIP, ARRIVE, URGE = int(_.WHERE), int(_.PARCEL), int(_.SHIP), int(_.ARRIVE), int(_.URGE)
WHEN, PROGRESS, STOCK, FIELD, LOOK, MANY = int(_.WHEN), int(_.PROGRESS), int(_.STOCK), int(_.FIELD), int(_.LOOK), int(_.MANY)
OTHER, POLICY, PRICE, INVOICE = int(_.OTHER), int(_.POLICY), int(_.PRICE), int(_.INVOICE)
MONEY, DONE, CARRIER_CHOICE, AFTERSALE = int(_.MONEY), int(_.DONE), int(_.CARRIER_CHOICE), int(_.AFTERSALE)
GREET, WITHDRAW, TODO, WANT, GOODS, DOCUMENT = (
    int(_.GREET),
    int(_.WITHDRAW),
    int(_.TODO),
    int(_.WANT),
    int(_.GOODS),
    int(_.DOCUMENT),
)
FOREIGN = OTHER | PRICE | POLICY | INVOICE | CARRIER_CHOICE


@dataclass(slots=True)
class Reading:
    """The purpose of a sentence before identifiers and names are put into it."""

    intent: Intent
    confidence: float = 0.9
    note: str = ""
    alternatives: tuple[Intent, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


_AFTERSALE_NOUN = r"(?:退货|退款|退钱|退费|退换货?|换货|售后|返修|服务单|退|换)"
_FILLER = r"(?:了|掉|一下|下|我的|我这个|这个|那个|这|那|该|本|此|刚才?的?|之前的?|申请的?|办理|给我|帮我|我|想|要|再|的|订单|单子){0,4}"
# 能不能退, 可不可以取消, 要不要换: the 不 in them denies nothing.
_A_NOT_A = re.compile(
    r"(能|可|要|是|行|好|会|想|需)不(?=\1|可以)|可不可以|能不能|要不要|是不是|行不行|好不好|会不会|可否|能否"
)
_WITHDRAW_AFTERSALE = re.compile(
    rf"(?:取消|撤销|撤回|撤掉|终止|关闭|中止){_FILLER}{_AFTERSALE_NOUN}(?!了?才)"
    rf"|(?:不想|不要|不用|不需要|不打算|先不|暂不|别|甭|不)(?:再)?(?:申请|办理|给我|帮我|要|想|用)?{_AFTERSALE_NOUN}(?:了|啦|吧|申请)"
    rf"|{_AFTERSALE_NOUN}(?:申请|单)?[^,。?!]{{0,12}}(?:取消|撤销|撤回|撤掉|撤了|不要了|作废|关闭|关掉)(?!订单|定单|掉?这个?订?单)"
    r"|(?:退款|退货|换货|售后)申请[^。?!]{0,14}(?:取消|撤销?[了掉回]?|关闭)"
    r"|(?:申请|提交|办理|点)了?(?:的)?[^。?!]{0,6}(?:退|换|售后)[^。?!]{0,14}(?:取消|撤销|撤回|撤了|关闭)(?!掉?(?:这个)?(?:订|定)?单)"
    rf"|(?:不想|不要|不用|别|不需要|暂时?不|先不)(?:再)?(?:给我|帮我|要|再|办理|申请){{0,2}}{_AFTERSALE_NOUN}"
)
_BLAME = re.compile(
    r"为什么|为啥|怎么就?(?:还|又|给|被|不|没|把|会|自动)|凭什么|怎么取消了|干嘛|谁(?:给|让|帮|把)|莫名|无故|被(?:你们|系统|商家|平台)?(?:取消|关闭)|自动(?:取消|关闭)|没让|误取消|无缘无故"
)
_NEGATED_CANCEL = re.compile(
    r"(?:没有?|没说|没想|没要|不是要?|未|别|甭|不用|不需要|无需|不必|误|不小心|不会|不该|不应该|不同意|拒绝|不|勿|不要|不想|千万别|先别|暂不|不打算)"
    r"(?:要|想|说|再|给我|帮我|把|我的|我们?|你们?|本人|自己|客户|这个|那个|订单|单子|点|申请|让你们?|主动|操作|过|打算|让|准备|着急|急着){0,4}(?:取消|撤单|退订|作废)"
)
_CANNOT_CANCEL = re.compile(
    r"(?:不能|不可以|不让|无法|没法|没办法|不给|不了)(?:单独|再|自己|直接|在线|申请)?(?:取消|撤单)|取消不[了掉]|没有?取消(?:按钮|选项|键|入口|的按钮|的选项|功能)|(?:怎么|为什么|为啥)[^,。]{0,6}(?:不能|不可以|取消不|没有取消|不让)|没有?(?:看到|找到)[^,。]{0,4}取消"
)
_CANCELLED = re.compile(
    r"(?:已经?|刚刚?(?!拍|下|买|的)|被|自动|之前|早就)[^,。?]{0,6}取消(?!吧|一下|下|掉吧|订单吧|[,，])|(?:都|昨天|前天|今天)[^,。?]{0,4}取消了|取消(?:了没|了吗|了么|成功|失败|没有|好了|没\b|进度|状态|的订单|了的)|(?:是否|有没有|是不是|看下|看看|查下|查看)[^,。]{0,6}取消(?:了|成功|好)"
)
_FORCED = re.compile(
    r"(?:帮我?|请|麻烦|给我|我[要想]|能|可以)[^,。?]{0,3}把[^,。?]{0,8}取消|(?:能|可以|可否|想|要|得|还能|如何)(?:不能)?(?:再|直接)?(?:申请)?取消|帮我取消|给我取消|请取消|要取消|想取消|取消吧|麻烦取消|取消一下|取消下|帮忙取消|取消掉|申请取消"
)
_STATUS = re.compile(
    r"退(?:款|货|钱|的?钱|换货)?(?:了|好了|成功了?|到了?|完了?)(?:吗|没|么|嘛|沒|不|呢)|(?:退款|退货|钱|款)的?呢|退款?[^,。?]{0,4}(?:到|去)哪|"
    r"(?:还|怎么|为什么|为啥|一直|都|迟迟|仍|还是|也)[^,。?]{0,6}(?:没|不|未)[^,。?能法可]{0,6}退(?!货吗)|"
    r"(?:没|未)(?:有)?(?:给我|收到|见到|看到)?[^,。?可能想要怎]{0,4}(?:退款|退钱|退我|退给|到账|退回|返还)|"
    r"退款?[^,。?]{0,8}(?:没收到|没有收到|没到|未到|没有到|收到了吗|不到账|没见|没看到|没返|还没)|"
    r"(?:查|跟进|关注|看[下看])[^,。?怎如]{0,8}(?:退款|退货|退钱|售后|换货)|"
    r"(?:退款|退货|售后|换货)(?:的)?(?:进度|情况|状态|结果|时效|周期|时间|单号|记录|明细|流程走)|"
    r"(?:退款|退货|售后|退|换货)[^,。?]{0,10}(?:进度|到账|到帐|审核|处理|批准|通过|哪一?步|什么情况|怎么回事|怎么样|完成|成功|失败|驳回|拒绝)|"
    r"(?:我的|想要的|那个|这个)退款(?:呢|怎么|在哪|何时|$)|退的(?:货|东西|件|款|钱)|(?:退款|退货)[^,。?]{0,4}(?:怎么|哪里?|如何|在哪)(?:查|看)|(?:在|一直|还)等[^,。?]{0,8}退(?:款|钱)|等(?:着|待)[^,。?给]{0,6}退(?:款|钱)|退款?[^,。?]{0,6}(?:这么|太|好|那么)(?:慢|久)|退(?:款|到|回|给|进)[^,。?]{0,6}(?:银行卡|白条|花呗|零钱|账号|京东|卡|码上|微信|支付宝|哪张|哪里|哪个|哪儿|原|余额|账户)|(?:少|多|错)退了?|[没未]退(?:[,，。吗?]|$)|退(?:款|货)是否|(?<!把)(?<!把我的)(?:钱|款项?|余额)[^,。?把]{0,6}退[^,。?]{0,4}[吗么吧?]|(?:早就?|已经?|全都?|都)退了(?!吧)|(?:返回|退回)[^,。?]{0,6}就?退款|(?:拒收|拒签)(?:了|之?后|的话)?[,， ]?[^,。?]{0,8}退款|(?:退|换)[^,。?]{0,6}(?:太久|好久|很久|这么久|很慢|太慢)|(?:钱|款)[^,。?]{0,6}(?:返回|返还|原路)"
)
# 我没申请退款, 不是要退货: the person denies the wish; 没给我退款 is a complaint and stays one.
_CONSEQUENCE = re.compile(r"会怎么?样|会不会|影响|后果|有什么损失|有没有损失")
_THREAT = re.compile(r"再不[^,。?]{0,10}(?:我|就)[^,。?]{0,6}(?:取消|退|投诉)")
_MAYBE_LATER = re.compile(
    r"(?:等|送|到|收|赶)不(?:及|到|了)(?:的话|就|我就)[^,。?]{0,6}(?:退|取消)|不行(?:的话|就)[^,。?]{0,4}(?:退款|退货|退)[?]?$|不退[^,。?]{0,3}就退|再等[^,。?]{0,6}退"
)
_ACCIDENT = re.compile(r"(?:不小心|手滑|误操作|误点|误申请|点错了?)[^,。?]{0,8}(?:退(?!掉)|换货)")
_WOULD_RATHER_NOT = re.compile(
    r"(?:能|可以)不(?:退|换货)|(?:取消|撤销|撤回)不[了掉](?:退|换|售后)|(?<![怎还都])(?:不想|不打算)退(?:货|款)?$"
)
_DENIED = re.compile(
    r"(?<!是)不是(?:要|想|来|办)?(?:退|换)货?款?(?:[,，。是]|$)|(?:没有?|未|从没|从未|并没有?|不是|没说|不曾)(?:说|想|要|申请|点|提交|让|同意|操作|打算|叫|办理?|主动|来|为了)[^,。?]{0,6}(?:退|换货)|退[^,。?]{0,8}(?:我(?:可)?(?:没|未|不是)(?:有)?(?:申请|点|要|操作|同意|说)|不是我(?:申请|点|要|操作))"
)
_CLOSED_BY_US = re.compile(
    r"(?:被|自动)(?:你们|系统|商家|卖家)?(?:取消|关闭|撤销|拒绝|驳回)|(?:取消|关闭|撤销)了?(?:是)?(?:怎么回事|什么原因|什么情况)"
)
_TOLD = re.compile(
    r"(?:上次|以前|之前|去年|上回)[^,。?]{0,10}退[了过]|退(?:货|款)?(?:了)?之?后[^。?]{0,14}(?:吗|么|呢|[?])|(?:是|会|直接|自动)?等(?:待|着)?[^,。?]{0,4}退款|退(?:款)?(?:的话|的时候)[^。?]{0,12}(?:扣|返|会)|很久[^,。?]{0,4}退|什么方式退|退(?:到)?哪|退回单|退给我的|退的金额|原路|(?:是|会|直接|自动)(?:自动|直接|原路)?退(?:款|回|到)?[^,。?]{0,8}(?:吗|么|吧|[?])$|退[^,。?]{0,4}(?:来不及|麻烦)|以为[^,。?]{0,14}退"
)
_SERVICES = re.compile(r"plus|会员|入驻|团购|拼购|碎屏险|换新保|延保|短信|订阅|续费|流量|套餐|课程|机票|酒店|门票|车票|话费")
_RETURN_FEE = re.compile(
    r"(?:退|寄回|返回)[^。?]{0,12}(?:费用|自费|运费|邮费)|(?:费用|运费|邮费)[^。?]{0,10}(?:退换|退货|寄回)"
)
_PARCEL_BACK = re.compile(
    r"(?:快递|包裹|物流|快件|运单|配送)[^,。]{0,8}(?:退回|退件|退签|原路返回)|(?:被|显示|自动)(?:快递)?退回"
)
_APPLY_FIRST = re.compile(
    r"^(?:那|我|请|帮我|麻烦|我要|我想|想|给我|能不能|可以|可不可以|怎么|如何|怎样)*申请(?:仅)?(?:退|换|售后)|重新申请|想申请|要申请|怎么申请|如何申请|帮我?申请|哪里申请|在哪申请|(?:申请|退款|退货)[^,。?]{0,4}(?:在哪里?|哪里|怎么|从哪)(?:点|申请|找|弄|操作|提交|办|发起)|申请不了|无法申请|不能申请|可以申请|能申请|怎样申请"
)
_APPLIED = re.compile(
    r"(?:已经?|刚刚?|都|昨天|前天|上周|之前|早就|今天|早上|上午|下午|昨晚)(?:提交|申请|办理|办|点|走)了?(?:的)?[^,。?]{0,6}(?:退|换|售后|取消)|我(?:提交|申请|办理|办|点|走)(?:了|的|过)[^,。?]{0,6}(?:退|换|售后|取消)|(?:申请|提交|办理)(?:了|过)[^,。?]{0,6}(?:退|换|售后)|(?:退货|退款|售后|换货)(?:申请|单)?(?:已经?|都)?(?:申请|提交|办理|寄)(?:了|过|好|的)|(?<![想要能以])(?:申请|提交)[^,。?想要能]{0,3}(?:退款|退货|换货|退换货|售后|返修)了|已经?(?:退|换|寄回|同意|审核|取件)|退货?(?:已经|都)|(?:货|东西|商品)[^,。?]{0,4}(?:寄回|退回|取走|拿走|退给|取回)|(?:取走|拿走|取件|上门)[^,。]{0,6}(?:了|过)|收到退货|同意退"
)
_PUSH = re.compile(r"(?:尽快|赶紧|快点|抓紧|及时|快些|早点|加快|催|着急)")
_NOT_WANTED_BUT = re.compile(r"(?:赠品|发票|配件|袋子|吊牌|小票|包装)(?:我)?(?:就)?(?:也)?不(?:想|需)?要了|要不要了")
_CANCEL_OTHER = re.compile(
    r"取消(?:了|掉|一下|下|我的|这个|那个|该)?(?:预约|关注|自动|续费|会员|订阅|优惠(?!券用错)|收藏|发票|开票|安装|提醒|验证|绑定|授权|团购|拼购|碎屏险|价格保护|价保|保价|活动|闹钟|自提|分期|白条|短信|通知|免密|保险|运费险|推送|拼团|plus|置顶|静音)|(?:预约|会员|订阅|安装|发票|自动续费|自提|白条|分期|plus|保险|运费险)[^,。?]{0,6}取消"
)
_ADDRESS_ASKED = re.compile(
    r"(?:查|看|确认|核实|核对|告诉|是哪|哪里|哪儿|什么|显示|报)[^,。]{0,12}地址|地址[^,。]{0,6}(?:是哪|是什么|是啥|在哪|多少|发我|给我|对吗|对不对|正确吗)"
)
_OUR_ADDRESS = re.compile(
    r"(?:退货|寄回|退回|你们|店铺|仓库|门店|公司|返修|维修|售后|自提点?|商家|厂家|发货|实体店)(?:的|点)?(?:收货|收件)?地址|ip地址|网址|邮箱地址|地址库|发货地"
)
_NO_CHANGE = re.compile(
    r"(?:不|不用|不要|不想|别|无需|不需要|没有?|没说|暂不|先别|先不)(?:要|想|再|给我|帮我|用|需要){0,2}(?:改|修改|更改|换|变更|更换)(?:收货|送货|配送|收件)?(?:地址|电话|手机|号码|收货人|名字)?(?:了|啦|$|[,，。])|(?:没有?|别|不要|不用|不需要|没说要?)(?:修改|改动?|换|变更|更改|更换)(?:收货|送货)?(?:过)?(?:地址|电话|手机号?)|(?:地址|电话)[^,。?]{0,6}(?:不改了|不用改了?|不换了|不要改|别改|没改过|没有改|没变|不变|不用变|不需要改|不用换|不修改了)"
)
_ADDRESS_DONE = re.compile(
    r"(?:地址|电话|信息)[^,。?]{0,6}(?:改好了?|修改好了?|改了|修改了|改成功了?|修改成功了?|改过来了?|换了)(?:吗|没|么|嘛|沒)|(?:改|修改)(?:成功|好)(?:了|没)(?:吗|没有|么)?"
)
_NEW_PLACE = re.compile(
    r"(?:改成|改为|改到|换成|换到|更改为|修改为|修改成|变更为|改送到?|改寄到?|改发到?|送到|寄到|发到|换去|转寄到?|转到)\s*[:：]?\s*(?:我)?([一-鿿][^?？。!！;；]{3,60})"
)
_PLACE = re.compile(r"[省市区县镇乡村路街道巷弄号楼栋室幢苑城园厦]")
_PHONE_ELSEWHERE = re.compile(
    r"绑定|账号|账户|登录|登陆|密码|客服|注册|验证|会员|多少|是什么|给我个?|投诉|热线|人工|打电话|接电话|来电|没打|不接|电话打|配送员|快递员|安装|师傅|联系我|打不通|没人接"
)
_CONTACT_NOUN = r"(?:电话|手机号码?|号码|联系方式|收[货件获]人|联系人|姓名|名字)"
_CONTACT_CHANGE = re.compile(
    rf"(?:改|换(?!了|货)|修改|更改|变更|更换|更正|更新|补充|加上|填错|写错|留错|输错|弄错|搞错)(?:一?下|个|了|的|成|掉|我|收货|订单|这个|那个|人|地址|和|、|与|或|配送|下单|收件){{0,5}}{_CONTACT_NOUN}|{_CONTACT_NOUN}[^,。?]{{0,8}}(?:改|换(?!货)|错|不对|有误|变更|更新|不正确|少了|漏)|错[^,。?]{{0,6}}{_CONTACT_NOUN}"
)
_DELIVERY_TIME = re.compile(
    r"(?:改|修改|更改|换个?|变更|调整|更换|推迟|延迟|延后|提前|约|预约|指定|选择?)[^,。?]{0,8}(?:时间|日期|送达)|(?:时间|日期)[^,。?]{0,6}(?:改|修改|更改|换|变更|调整|推迟|延后|提前)|(?:(?<![今明昨当每前后])晚|推迟|延迟|延后|暂缓|过)(?:个?(?:几|两|一|\d|三)?[天日周]|点|些)?(?:时间)?(?:后)?再?(?:给我)?(?:送|配送|派送|发货|收货|收)(?!达)|(?:先别|暂时?不要?|先不要?|别|不要)(?:发货|配送|送货|派送|送)|(?:周末|工作日|下班后?)[^,。?]{0,6}(?:再)?(?:送|派|配送|收货)"
)
_OTHER_DAY = re.compile(
    r"(?:改|换)(?:成|到|为|下)?[^,。?]{0,5}(?:[\d一二三四五六七八九十]{1,2}[号日点]|周[一二三四五六日天末]|[明后]天)[^,。?]{0,4}(?:送|派|配送|发)|(?:点|号|周[一二三四五六日天末])[以之]?后再?(?:给我)?(?:送|派|配送)(?!达)"
)
_LATER = re.compile(r"周末|工作日|下班|(?<![今明昨当每前后])晚|推迟|延|暂缓|再送|再发|提前")
_HAS_GOODS = re.compile(
    r"到新货|有没有[^,。?送发收拿退取提换交]{0,6}货(?!币|运)|有[^,。?发收到送]{0,5}的?货[吗么]|(?:码|色|款)[^,。?]{0,3}没有?了|(?:什么时候|啥时候|何时)(?:能|会|才|还)?(?:再)?有(?:啊|呢|呀|的|吗|$)"
)
_SOON = re.compile(
    r"(?:只|才)(?:来|到|收|送)了?|送到(?:别|其他|哪)|送错|(?:订单|单子|这单)[^,。?]{0,6}(?:状态|什么情况|怎么样了|怎么回事|怎么了)|(?:今|明|后)[天日晚早][^,。?]{0,6}(?:送|到|发|来)|到[一-鿿]{1,5}了(?:没|吗|么)|我的?(?:东西|货|快递|包裹|宝贝)呢|(?:\d|[一二两三四五六七])[天号日][^,。?]{0,3}(?:送|到)[^,。?]{0,6}[吗么呀啊?]|(?:是|查到?)什么状态|(?:到底|究竟)[^,。?]{0,4}(?:送|到|发|寄)"
)
_ORDER_VALUE = re.compile(r"(?:查|看|问|告诉|确认|核实|多少|哪|什么|几|显示|是)")
_BOUGHT = re.compile(r"(?:我|客户|他|她)[^,。?]{0,6}(?:买的|买了|订的|下的|拍的|定的)")
_CHOICE = re.compile(
    r"(?:发|用|走|是|寄)(?:的)?(?:什么|哪个|哪家|啥)(?:快递|物流)|(?:什么|哪家|哪个|啥)(?:快递|物流)(?:发|公司|送|寄|的)|(?:能|可以|可不可以|能不能|能否)(?:不能)?(?:发|用|走|换|指定|选)(?:顺丰|圆通|中通|韵达|申通|京东|邮政|ems|极兔)|换(?:个|成|一家|家)?(?:快递|物流|顺丰|圆通|中通|韵达|申通|京东|邮政)|是[^,。?]{0,6}(?:配送|快递|物流|送货|发货)的?(?:吗|么)|发(?:顺丰|圆通|中通|韵达|申通|邮政|ems)(?:吗|么|快递|不)|包邮|(?:运费|邮费|快递费|配送费|物流费|上楼费)|自提(?!点)|送货上门吗?|送(?:到)?楼|入户|(?:能|可以)(?:送|发|寄|配送)(?:到|去)(?!货|家|我|今|明|手|楼)[一-鿿]{2,8}(?:吗|么|不)$"
)
_MOVES = re.compile(
    r"到(?:哪|那)(?!个|款|种|家)|哪里了|哪儿了|什么时候|啥时候|何时|几时|多久|还没|没收到|没有收到|今天|明天|几天|几点|进度|信息|单号|更新|催|查|显示|状态|没动|怎么|为什么|停|在哪|哪去|丢|慢|签收"
)


_MASK = re.compile(r"\[(姓名|地址|电话|数字|时间|日期|金额|组织机构|站点|链接|邮箱|订单|账号|商品快照|表情)x?\]|#e-s\d*")
_MASKED_AS = {"地址": "某地", "数字": "3", "时间": "3点", "日期": "3日", "金额": "9元", "站点": "某站"}


def _unmask(text: str) -> str:
    """Exported chats replace personal data by [数字x], [姓名x]: read as a sample of their kind, or as nothing."""
    return _MASK.sub(lambda mask: _MASKED_AS.get(mask[1] or "", ""), text)


def read_chinese(text: str) -> Reading:
    """The purpose of one Chinese sentence (normalised, forwarded wrapper removed)."""
    if "[" in text or "#e" in text:
        text = _unmask(text)
    text = text.rstrip(" !。.~;,、")
    seen, _hits = hints(text)
    if seen & (REFUND | RETURN | BACK | EXCHANGE | AFTERSALE) and (reading := _aftersale(text, seen)) is not None:
        return reading
    if (
        seen & CANCEL
        and seen & ORDER
        and not seen & CHANGE
        and _FORCED.search(text)
        and (reading := _cancel(text, seen)) is not None
    ):
        return reading  # 取消这个订单吧，地址写错了: the cancellation is the deed, the address its reason
    if seen & (ADDRESS | CONTACT | CHANGE | WRONG) and (reading := _address(text, seen)) is not None:
        return reading
    if seen & (CANCEL | UNWANTED) and (reading := _cancel(text, seen)) is not None:
        return reading
    return _ordinary(text, seen)


def _how(text: str) -> dict[str, str]:
    if re.search(r"怎么|如何|怎样|咋|哪里|在哪|流程|步骤", text):
        return {"question": "how"}
    if re.search(r"能不能|可以|可不可以|能否|能.{0,8}[吗么嘛不]|可否|行不行|是否", text):
        return {"question": "can"}
    return {}


def _not_meant(text: str, plain: str, seen: int) -> Reading | None:
    """Denials, threats, accidents, withdrawals: a refund is named, but nobody asks for one."""
    if re.search(r"券|红包|积分|京豆|余额", text) and not re.search(r"退款|退货|退钱", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _DENIED.search(plain):
        return Reading(Intent.OUT_OF_SCOPE, 0.75, "negated", (Intent.AFTERSALE_STATUS,))
    if _CONSEQUENCE.search(text) or re.search(r"(?:退货|退回|寄回|返回|取件)的?地址", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.REQUEST_REFUND,))
    if _SERVICES.search(text) and not re.search(r"订单|商品|货", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if re.search(r"怎么(?:还是?|又)(?:给我)?(?:发货|发了|发出|送|派)", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.7, "", (Intent.WHERE_IS_ORDER,))
    if _TOLD.search(text) and not re.search(r"(?:我要|我想|想|帮我?|给我|可以|能|申请)[^,。?]{0,4}退", plain):
        return Reading(Intent.AFTERSALE_STATUS, 0.6, "unsure", (Intent.REQUEST_REFUND,))
    if _RETURN_FEE.search(text) and re.search(r"[吗么?呢吧]|谁|多少", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.REQUEST_REFUND,))
    if _THREAT.search(text) or _MAYBE_LATER.search(text):
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


def _aftersale(text: str, seen: int) -> Reading | None:
    if seen & DOCUMENT and not seen & REFUND:
        return Reading(Intent.OUT_OF_SCOPE, 0.6, "", (Intent.DOCUMENTS,))
    plain = _A_NOT_A.sub("能", text)
    exchange_only = seen & EXCHANGE and not seen & (REFUND | RETURN | BACK)
    if exchange_only and (seen & ADDRESS or re.search(r"收[货件获]人|电话|号码|手机号|联系", text)):
        return None
    if (reading := _not_meant(text, plain, seen)) is not None:
        return reading
    if seen & AFTERSALE and not seen & (REFUND | RETURN | BACK | EXCHANGE):
        if seen & (WHEN | PROGRESS | LOOK | DONE | URGE | WHERE) or re.search(r"呢|了吗|没来|还没", text):
            return Reading(Intent.AFTERSALE_STATUS, 0.8)
        if re.search(r"申请售后|要售后|办理?售后", text):
            return Reading(
                Intent.REQUEST_REFUND, 0.6, "unsure", (Intent.REQUEST_EXCHANGE, Intent.AFTERSALE_STATUS), _how(text)
            )
        return None
    if seen & BACK and not seen & (REFUND | RETURN | EXCHANGE | MONEY) and not _goes_back(text):
        return None
    if seen & CANCEL and seen & ORDER and not _status(plain, seen):
        return None  # 取消订单并退款: the cancellation is the deed, the refund follows from it
    if _status(plain, seen):
        return Reading(Intent.AFTERSALE_STATUS, 0.9)
    if re.search(
        r"(?:谁|运费|邮费|费用|手续费|违约金)[^,。?]{0,6}(?:出|承担|付|负责|多少|要钱|给|报销)|(?:自己|我们?|买家|卖家|商家|你们)(?:来)?(?:出|承担|付|掏)|差价|价保|保价|规则|政策|运费险|(?:支持|有|是)[^,。?]{0,4}(?:无理由|包退|包换)|七天无理由(?:吗|么)|几天(?:内|之内)?(?:可以|能)|几天是退|什么(?:是|叫)[^,。?]{0,4}理由|(?:如果|假如|万一|要是)[^。?]{0,24}(?:退|换)[^,。?]{0,3}[吗么不?]|无理由[^。?]{0,16}[吗么?]$|是不是(?:要)?先|不用承担|多少天(?:内|之内)?(?:可以|能)|(?:收|扣|要)(?:手续费|运费|费用|违约金)",
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
            r"换个(?:时间|日期|快递|说法|客服|人|方式|支付|付款|物流|手机|号|账号)|换(?:成|一个)(?:微信|支付宝|花呗|信用卡|货到付款|客服|人|快递|顺丰)",
            text,
        ):
            return None
        return Reading(
            Intent.REQUEST_EXCHANGE, 0.85, "", (Intent.REQUEST_REFUND,), _how(text) | {"aftersale_kind": "exchange"}
        )
    if (reading := _only_told(text, plain)) is not None:
        return reading
    kind = "return" if seen & (RETURN | BACK) and not seen & REFUND else "refund"
    return Reading(Intent.REQUEST_REFUND, 0.88, "", (Intent.AFTERSALE_STATUS,), _how(text) | {"aftersale_kind": kind})


_ASKED = re.compile(
    r"要|想|帮|请|麻烦|能|可以|可否|是否|怎么|怎样|咋|如何|哪里|在哪|给我|给退|需要|吧|算了|申请|必须|马上|立即|打算|办理|选择|行吗|行不|退不|不喜欢|不合适|不满意|质量|没(?:有)?发|不发|坏|买错"
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
    if (re.search(r"无理由[^。?]{0,16}[吗么?]$", text) and not re.search(r"我[要想能]", text)) or "是不是先" in text:
        return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.REQUEST_REFUND,))
    if _DESCRIBED.search(text) and not re.search(r"帮我|我要退|我想退|怎么办", text):
        return Reading(Intent.AFTERSALE_STATUS, 0.55, "unsure", (Intent.REQUEST_REFUND,))
    if len(text) > 8 and _ASKED.search(text) is None:
        return Reading(Intent.AFTERSALE_STATUS, 0.55, "unsure", (Intent.REQUEST_REFUND,))
    return None


def _goes_back(text: str) -> bool:
    return (
        re.search(
            r"[能可要想给帮怎何法以须]退|退[吗掉了么不给嘛呢吧?]|退$|[我把]退|退款|办理退|申请退|得退|直接退|全退|都退|退[一-鿿]{1,6}",
            text,
        )
        is not None
    )


def _withdraws(plain: str, seen: int) -> bool:
    if _WITHDRAW_AFTERSALE.search(plain) is None:
        return False
    if _CLOSED_BY_US.search(plain):
        return False
    # 怎么不退款, 为什么取消我的退货: a complaint about us, not a change of mind.
    if re.search(
        r"(?:为什么|为啥|怎么|凭什么|还|都|迟迟|一直|又(?!不(?:打算|想|要|准备))|商家|卖家|你们|客服|仓库|他们|店家)[^,。?]{0,6}(?:不|取消|撤销|关闭)[^,。?]{0,6}(?:退|换)",
        plain,
    ):
        return bool(re.search(r"怎么(?:才能|样)?(?:取消|撤销|撤回)", plain))
    if re.search(r"(?:取消|撤销)[^,。?]{0,8}订单[^,。?]{0,10}(?:退款|退钱|退货)", plain) and not re.search(
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


def _status(plain: str, seen: int) -> bool:
    if (
        _APPLY_FIRST.search(plain)
        and not seen & (WHEN | DONE)
        and not re.search(
            r"还没|还不|没处理|没审|没退|天了|一直|迟迟|没人|多久|进度|到账|^我?申请(?:退款|退货|换货|售后)了$|反应", plain
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
        and re.search(r"处理|退给|审核|退款?(?:吧|啊|呢|吗)?$", plain)
        and not re.search(r"我要|我想|申请", plain)
    )


def _address(text: str, seen: int) -> Reading | None:
    about_place = seen & ADDRESS
    moved = _NEW_PLACE.search(text)
    if about_place or seen & CONTACT:
        if _OUR_ADDRESS.search(text) and not re.search(
            r"(?:改成|改到|改为|换成|换到|送到|寄到)[^,。?]{0,4}(?:公司|门店|自提)", text
        ):
            return Reading(Intent.OUT_OF_SCOPE, 0.7)
        if not about_place and _PHONE_ELSEWHERE.search(text):
            return None
        kept = _NO_CHANGE.search(_A_NOT_A.sub("能", text))
        if kept and not re.search(
            r"(?:能|帮|可以|想|怎么|麻烦|请)[^,。]{0,6}[改换修]", _A_NOT_A.sub("能", text)[kept.end() :]
        ):
            return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated", (Intent.ORDER_DETAIL,))
        if seen & INVOICE and not re.search(r"收货|配送|送货|收件", text):
            return None
        if _ADDRESS_DONE.search(text) or re.search(
            r"被[^,。?]{0,4}改|(?:快递员?|你们|谁|客服|商家|系统)[^,。?]{0,4}改了", text
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
        if seen & (CHANGE | WRONG | EXCHANGE):
            if about_place and not seen & CHANGE and re.search(r"地址(?:是)?(?:没有?|不)(?:错|有误)|地址(?:对|正确)", text):
                return None
            return Reading(Intent.CHANGE_ADDRESS, 0.9, "", (), _how(text))
        if about_place and (_ADDRESS_ASKED.search(text) or seen & LOOK):
            return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": "address"})
    if re.search(r"改送(?!货|达)|改寄|改发到|转寄|(?:送|寄|发)到别的?(?:地方|处)(?!去?了)", text) and not seen & (
        TIME | OTHER
    ):
        return Reading(Intent.CHANGE_ADDRESS, 0.8, "", (), _how(text))
    if moved is not None and seen & CHANGE and _PLACE.search(moved[1]) and not seen & (TIME | OTHER):
        return Reading(Intent.CHANGE_ADDRESS, 0.85)
    return None


_CONDITION = re.compile(
    r"(?:送|到|收|发|等|赶|修|行|解决|处理)不(?:到|了|及|行|好)?[^,。?]{0,4}(?:就|的话|只能)|不行[^,。?]{0,3}(?:就|的话|只能)|再不|(?:要是|如果|假如|万一|若是|倘若)[^。?]{0,24}(?:就|会|我)?[^,。?]{0,4}(?:取消|不要了|退)|(?:没货|缺货|没到|不到|不发|不送|不行)(?:的话|就|我就)|等不及就"
)
_ASKS_WHETHER = re.compile(
    r"(?:还|也|要不要|是不是|用不用|是否|不)?(?:需要|用|得)(?:再|自己|先|去)?(?:修改或者?)?取消(?:订单|吗|么|不|$)|要(?:不要)?取消(?:订单)?[吗么]|(?:考虑|纠结|犹豫|想想)[^,。?]{0,4}取消|(?:等于|就是|算是?|属于|相当于)[^,。?]{0,4}取消|取消[^,。?]{0,8}(?:会不会|会|还)[^,。?]{0,8}(?:返|退|还)|(?:一般|通常|是不是)[^,。?]{0,6}取消"
)
_CANCEL_IS_PAST = re.compile(
    r"(?:都|就|又)(?:给|帮|把)?我?[^,。?]{0,4}取消了(?!吧|算)|帮我取消[^,。?]{0,4}(?:没有?|了吗|了没)[?]?$|取消申请中|(?:怎么|为什么)[^,。?]{0,6}没有?取消|取消的?原因|(?:还是|显示|一直)[^,。?]{0,4}取消中|取消了(?!吧|算|好[吗么]|可以|行|得了|把|[^,。?]{0,3}(?:重新|重拍|再))|取消[^,。?]{0,6}(?:成功|失败)|(?:已经?|都|早就?|之前|昨天|当时)[^,。?]{0,8}(?:申请|要求|提交|办理|选择)[^,。?]{0,3}(?:取消|不要)|取消[^,。?]{0,10}(?:不派|不送|还在|怎么还|怎么又|还要)"
)
_SLIP = re.compile(r"(?:按|点|发|打|说|选)错了?|(?:上|前)一句")


def _cancel(text: str, seen: int) -> Reading | None:
    plain = _A_NOT_A.sub("能", text)
    if seen & (CANCEL | UNWANTED) and _SLIP.search(text) and not re.search(r"帮|重新|能|可以", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated", (Intent.ORDER_DETAIL, Intent.CANCEL_ORDER))
    if _CONDITION.search(plain) and not re.search(r"帮我?取消|取消吧|(?:能|可以)[^,。?]{0,4}取消", plain):
        return Reading(Intent.WHERE_IS_ORDER, 0.6, "unsure", (Intent.CANCEL_ORDER, Intent.REQUEST_REFUND))
    if _CANCEL_OTHER.search(plain) or _NOT_WANTED_BUT.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _CONSEQUENCE.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "policy", (Intent.CANCEL_ORDER,))
    if _THREAT.search(text):
        return Reading(Intent.WHERE_IS_ORDER, 0.65, "unsure", (Intent.CANCEL_ORDER,))
    if re.search(
        r"(?:撤[销回]|取消)了?取消|取消(?:的)?申请[^,。?]{0,4}(?:关闭|关掉|撤|取消)|(?:关闭|撤[销回]|取消)[^,。?]{0,4}取消(?:的)?申请|取消[^,。?]{0,8}(?:撤回|撤销)|(?:手滑|误点|误操作|点错了?)[^,。?]{0,4}取消",
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
        if _ASKS_WHETHER.search(plain) and not re.search(r"帮我|请|麻烦", plain):
            return Reading(Intent.OUT_OF_SCOPE, 0.65, "policy", (Intent.CANCEL_ORDER, Intent.ORDER_DETAIL))
        if re.search(r"撤[销回](?:我)?(?:之前|刚才|刚刚)?的?申请", plain):
            return Reading(Intent.WITHDRAW_AFTERSALE, 0.7, "negated", (Intent.ORDER_DETAIL,))
        if (past := _CANCEL_IS_PAST.search(plain)) and not _FORCED.search(plain.replace(past.group(), "")):
            return Reading(Intent.ORDER_DETAIL, 0.75, "", (Intent.CANCEL_ORDER,))
        if re.search(r"让(?:我|客户)(?:自己|自行|先)?取消|已经?取消了", plain) and not re.search(r"帮我|重新帮", plain):
            return Reading(Intent.ORDER_DETAIL, 0.65, "unsure", (Intent.CANCEL_ORDER,))
        blamed = _BLAME.search(plain) and not re.search(r"怎么(?:还|就)?(?:不能|不让|取消不)|怎么取消(?!了)", plain)
        if (blamed or _CANCELLED.search(plain)) and not _FORCED.search(plain) and not _CANNOT_CANCEL.search(plain):
            return Reading(Intent.ORDER_DETAIL, 0.75, "", (Intent.CANCEL_ORDER,))
        return Reading(Intent.CANCEL_ORDER, 0.9, "", (Intent.REQUEST_REFUND,), _how(text))
    if re.search(
        r"不(?:是)?不(?:想)?要|没说不要|不是不要|(?:要|买)错了(?:吗|么)|为什么|不想要(?:这个)?(?:赠|颜色|发票)", text
    ):
        return None
    if re.search(r"不(?:想)?要[^,。?了]{1,8}[,， ]+我?(?:想)?要|选择不要|不要了[,，]?但", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure", (Intent.CANCEL_ORDER, Intent.ORDER_DETAIL))
    if seen & (SHIP | PARCEL) and re.search(r"不(?:发|到|送)[^,。?]{0,6}(?:我)?(?:就|的话)?不(?:想)?要了|再不", text):
        return Reading(Intent.WHERE_IS_ORDER, 0.6, "unsure", (Intent.CANCEL_ORDER,))
    return Reading(Intent.CANCEL_ORDER, 0.75, "", (Intent.REQUEST_REFUND,))


def _before_parcels(text: str, seen: int) -> Reading | None:
    """Tasks, other delivery times, stock, money: what would otherwise be taken for a question about a parcel."""
    if seen & TODO:
        return Reading(Intent.TODO, 0.9)
    if _OTHER_DAY.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if (seen & (CHANGE | TIME | EXCHANGE) or _LATER.search(text)) and _DELIVERY_TIME.search(text):
        return Reading(Intent.OUT_OF_SCOPE, 0.75)
    if re.search(r"(?:先别|暂时?不要?|先不要?|别|不要)(?:给我)?(?:发货|配送|送货|派送|送)", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7, "negated")
    if (
        seen & CHANGE
        and re.search(
            r"(?:能|想|要|可以|给我?|帮我?|否|法|不|怎么|如何)更?换(?:吗|呢|啊|么|不|一?[下件个双]|[的大小]|$)|换[大小]|换[一-鿿]{0,3}(?:码|号|色|款)",
            text,
        )
        and not seen & (ADDRESS | CONTACT | TIME)
    ):
        return Reading(
            Intent.REQUEST_EXCHANGE, 0.75, "", (Intent.REQUEST_REFUND,), _how(text) | {"aftersale_kind": "exchange"}
        )
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
    if re.search(r"买过(?:哪|什么|些)", text):
        return Reading(Intent.CUSTOMER_ORDERS, 0.75)
    if re.search(r"(?:付款|下单|购买|支付)(?:的)?(?:是)?(?:什么时候|几号|哪天|几点)(?!能|会|可以|到|发|送|才)", text):
        return Reading(Intent.ORDER_DETAIL, 0.75, "", (), {"about": "paid_at"})
    return None


def _ordinary(text: str, seen: int) -> Reading:
    reading = _before_parcels(text, seen)
    if reading is not None:
        return reading
    moving = seen & (WHERE | PARCEL | SHIP | ARRIVE | URGE)
    if seen & FOREIGN and not (moving and _moves_strongly(text, seen)):
        if seen & FIELD and seen & ORDER:
            return Reading(Intent.ORDER_DETAIL, 0.75)
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if _CHOICE.search(text) and not re.search(r"到哪|什么时|啥时|何时|几点|没收到|几天|多久|还没", text):
        return Reading(Intent.OUT_OF_SCOPE, 0.7)
    if seen & FIELD and seen & ORDER and re.search(r"在哪里?(?:看|查)", text):
        return Reading(Intent.ORDER_DETAIL, 0.7)
    about_field = seen & FIELD and not moving & (WHERE | SHIP | ARRIVE | URGE)
    if about_field and (seen & ORDER or _ORDER_VALUE.search(text)):
        return Reading(Intent.ORDER_DETAIL, 0.8, "", (), {"about": _about(text)})
    if (
        seen & MANY
        and seen & (ORDER | LOOK)
        and not moving & (WHERE | ARRIVE | SHIP)
        and not re.search(r"怎么|为什么|只|没", text)
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
    if seen & ORDER and seen & LOOK:
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


def _moves_strongly(text: str, seen: int) -> bool:
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
        and not re.search(r"安装|预约|人工|投诉|维修|修理|评价|晒单|在哪(?:里)?买", text)
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


def _about(text: str) -> str:
    if re.search(r"付款时间|支付时间|付款确认|什么时候买|什么时候下|下单时间|购买时间|成交时间", text):
        return "paid_at"
    if re.search(r"金额|多少钱|实付|应付|总价|付款金额", text):
        return "amount"
    return "order"
