"""Where names of people may stand in a text. Errs on the side of finding one: a word too many is only a word the model misses."""

# ruff: noqa: E501, SIM905 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

# The hundred most frequent family names (Ministry of Public Security, 2020), and compounds.
_FAMILY = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严欧莫孔向常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷曲盛冉翁蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝"
)
_COMPOUND = re.compile(r"欧阳|上官|司马|诸葛|皇甫|司徒|慕容|东方|令狐|夏侯|尉迟|公孙|长孙|端木|百里|呼延")
_HAN = re.compile(r"[㐀-鿿]")
_HONORIFIC = r"(?:先生|女士|小姐姐?|姐姐?|哥哥?|大哥|大姐|阿姨|叔叔?|老师|经理|总监|总|主管|店长|师傅|同学|妈妈|爸爸|太太|老板|医生|教授)"
_ANNOUNCED = re.compile(
    rf"(?:姓名|收件人|收货人|收件|收货|买家|客户|顾客|用户|名字|名叫|叫做|叫|我是|联系人|发给|寄给|转给|送给|交给|找|姓)\s*(?:是|为|叫|:)?\s*(?P<name>[㐀-鿿]{{2,6}}?(?:·[㐀-鿿]{{1,8}})*)(?={_HONORIFIC}|的|[^㐀-鿿]|$)"
)
_WITH_HONORIFIC = re.compile(rf"(?P<name>[㐀-鿿]{{1,3}}?){_HONORIFIC}(?![㐀-鿿]?价)")
_NICKNAME = re.compile(r"(?<![㐀-鿿])(?P<name>[老小阿大][㐀-鿿]{1,2})(?![㐀-鿿])")
_FAMILIAR = re.compile(rf"(?P<name>[老小阿][{''.join(sorted(_FAMILY))}])")
_FOREIGN = re.compile(r"[㐀-鿿]{1,8}(?:[·•・][㐀-鿿]{1,10})+")
_ENGLISH = re.compile(
    r"(?:\b(?:mr|mrs|ms|miss|dr|sir|madam|prof)\.? |\b(?:my|the|her|his|receiver'?s?|recipient'?s?|customer'?s?|buyer'?s?) name(?: is|'s|:)? |\b(?:i am|i'm|this is|named|called|signed by|customer|buyer|client) )(?P<name>[^\W\d_][\w'’-]*(?: [^\W\d_][\w'’-]*)?)"
)
_POSSESSIVE = re.compile(r"\b(?P<name>[^\W\d_][\w-]+)'s\b")
_PRONOUNS = frozenset("it he she that this there what who where when how let today yesterday tomorrow".split())
_CAPITAL = re.compile(r"(?<![\w@])[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’-]+(?: [A-ZÀ-ÖØ-ÞĀ-Ž][\w'’-]+)*")
# Capitalised words that name nobody.
_COMMON = frozenset(
    "i im monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december amazon shopify walmart shopee lazada taobao tmall douyin tiktok pinduoduo jd kuaishou wechat english chinese christmas gmv sku kpi p50 p95 url id the a an is are was were what where when who why how which can could please show give list tell compare and or of in on at by for from to my our we you it hi hello thanks thank ok yes no not do does did order orders refund refunds return returns stock sales revenue shipment shipments warehouse channel".split()
)
# Words of shop talk that begin with a family name's character and stand for nobody.
_WORDS = frozenset(
    "高于 高吗 高了 高的 高低 金额 任务 任意 成本 成交 成功 成都 方案 方式 方面 方法 包裹 包邮 包装 包括 单子 单量 单价 单号 单据 单笔 单日 单店 单个 钱款 钱到 钱呢 余额 于是 时效 时间 时候 时长 时段 毛利 毛病 应该 应付 应收 常见 常用 常常 程序 平均 华东 华南 华北 华中 商品 商家 商城 安排 安装 季度 全部 全国 全店 全年 全月 查单 查看 查询 查下 查一 查不 管理 管用 师傅 明天 明显 明细 明年 明早 连续 连带 项目 车辆 车间 简单 简称 万元 万单 万件 左右 关于 关闭 关单 关注 关键 解决 解释 解读 游戏 路上 路线 路由 米色 白色 黄色 蓝色 金色 石头 江苏 江西 江浙 郑州 温州 徐州 常州 苏州 杭州 严重 严格 应当 司机 农村 古镇 何时 何地 何种 何处 连单 段时 周一 周二 周三 周四 周五 周六 周日 周末 周内 周期 周转 周边 周年 文件 文字 文案 易碎 易损 双十 宁波 宁夏 温馨 陈列 顾客 管家 师兄 党员 冷门 冷链 冷藏 席位 卫生 房间 夏季 夏天 夏装 秋季 龙头 龙虾 牛奶 马上 马桶 林业 叶子 贺卡 齐全 齐了 甘肃 纪录 纪念 童装 凌晨 毕竟 盛夏 荣誉 商务 仲裁 边角 边上 沙发 沙发套 向我 付款 付费 付了 付的 武汉 戴着 莫非 欧洲 欧美 史上 任何 孔径 康复 施工 别的 范围 韩版 韩国 方便 江门 白天 白班 钟头 钟内 石家庄 生意 申请 申诉 颜色 单位 全新 明明 高铁 高考 地址 电话 名字 姓名 人工 辛苦 舒服 快递 取消 改地址 退货 退款 什么 之前 有没有 还没 没收 怎么 能不能 连蓝牙 万一坏 卫说 车为 潘多拉 谢谢 谢了 许多 许可 高峰 高档 高兴 高价 高效 梁子 宋体 唐装 曾经 于今 汪汪 龚扇 段子 黎明 尚未 尚有 符合 舒适 单品 应急 苗头 谷底 曲线 成色 成品 成员 路费 管控 房子 项链 米线 全额 全款 应退 应发 明白 池子 麻烦 麻烦帮 麻烦你 迟到 迟发 迟迟 白条 顾问 向下 向上 余下 余量 温度 康师傅 时差".split()
)


@cache
def _phrases() -> Callable[[str], bool]:
    """Whether a word is in the pinyin library's phrase book: 47 000 of them, loaded at the first question that needs it."""
    from pypinyin.phrases_dict import phrases_dict

    return phrases_dict.__contains__


def _known(text: str, at: int, *, book: bool = False) -> bool:
    """Whether a word begins here that names nobody. The phrase book only where a name has begun already: it holds names, too."""
    known = _phrases() if book else _WORDS.__contains__
    return any(
        (word := text[at : at + size]) in _WORDS or (len(word) == size and known(word))
        for size in (4, 3, 2)
        if at + size <= len(text)
    )


def _inside_word(text: str, at: int) -> bool:
    """Whether this letter is the later part of a word that we know: 订单 before 单."""
    for back in (1, 2):
        start = at - back
        if start < 0:
            break
        if any(text[start : start + size] in _TALK for size in range(back + 1, 5)):
            return True
    return False


# Common words whose later character is a family name.
_TALK = frozenset(
    "改成 换成 变成 写成 当成 运费 邮费 费用 免费 收费 历史 便宜 世纪 联系 快点 时候 哪边 两边 这边 那边 一边 旁边 左边 右边 身边 周边 我司 贵司 订单 退款 退单 运单 面单 订单号 每单 下单 多单 几单 大单 出单 接单 发单 这单 那单 未成 完成 达成 达成率 上周 本周 下周 每周 一周 两周 近一周 全程 报警 平均 地方 对方 官方 双方 一万 多万 公司 打包 面包 红包 钱包 打开 相关 有关 海关 及时 准时 超时 按时 小时 实时 当时 临时 同时 什么时候 处理 客服 客单价 上海 中国 通常 异常 正常 经常 非常 说明 申明 证明 声明 产品 提高 最高 较高 偏高 很高 物流 快递 调查 检查 核查 安全 周全 了解 理解 退货 黑白 空白 检测 现金 资金 佣金 押金 奖金 定金 总结 汇总 直接 结束 保险 总共 合计 预计 统计 估计 累计 发货 安排 主管 保管 仓管 库管 尽管 不管 老师 店长 数量 销量 赔付 支付 应付 首付 预付 代付 到付 拍下 留下 余下 一下 剩余 多余 关于 由于 属于 等于 低于 高于 大于 小于 对于 至于 位于 方向 倾向 文件 条文 中文 英文 容易 交易 贸易 简易 不易 季度 换季 反应 供应 响应 相应 对应 效应 大连 万一 物品 单品 电商 客商 协商 供货商 供应商 经销商 门店 线路 网路 电路 公路 马路 一路 全路 陆续 手续 持续 连续 后续 继续 原因 起因".split()
)


def names_in(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of every stretch of `text` (normalised, lower case) that may be a person's name."""
    for pattern in (_ANNOUNCED, _WITH_HONORIFIC, _NICKNAME, _FAMILIAR):
        for hit in pattern.finditer(text):
            if not _is_word(text, *hit.span("name")):
                yield hit.span("name")
    for hit in _FOREIGN.finditer(text):
        yield hit.span()
    for hit in _ENGLISH.finditer(text):
        if hit["name"] not in _COMMON:
            yield hit.span("name")
    for hit in _POSSESSIVE.finditer(text):
        if hit["name"] not in _PRONOUNS:
            yield hit.span("name")
    yield from _family_names(text)


def _is_word(text: str, start: int, end: int) -> bool:
    return text[start:end] in _TALK or _known(text, start)


def _family_names(text: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(text) - 1:
        end = _one_name(text, at)
        if end:
            yield at, end
        at = end or at + 1


def _one_name(text: str, at: int) -> int:
    """Where the name that begins here ends; 0 when none does."""
    compound = _COMPOUND.match(text, at)
    family = 2 if compound else 1
    if not compound and text[at] not in _FAMILY:
        return 0
    if not compound and (_known(text, at) or _inside_word(text, at)):
        return 0
    given = at + family
    if given >= len(text) or _HAN.match(text[given]) is None or text[given] in _NEVER_GIVEN:
        return 0
    end = given + 1
    if (
        end < len(text)
        and _HAN.match(text[end]) is not None
        and not _function_word(text, end)
        and not _known(text, end, book=True)
    ):
        end += 1
    return end


_NEVER_GIVEN = frozenset("退款货单付件率的了吗呢吧啊呀哦嘛是在跟与把被给让帮我你您他她它们这那哪怎么什几个还没不要")
_FUNCTION = frozenset(
    "的了吗呢吧啊呀哦嘛是在有和跟与把被给让帮我你您他她它们这那哪怎么什几多少个单件号年月日元块就都也还没不要能可会想说问查看到从往去来退换改催发货买下订寄收送取付款率额量数价"
)


def _function_word(text: str, at: int) -> bool:
    return text[at] in _FUNCTION


def capitals_in(text: str) -> frozenset[str]:
    """Capitalised words of the text as typed, in lower case: in Latin script a name is written so."""
    found: set[str] = set()
    for hit in _CAPITAL.finditer(text):
        for word in hit.group().split():
            plain = word.strip("'’-").lower()
            if len(plain) > 1 and plain.removesuffix("'s") not in _COMMON:
                found.add(plain)
    return frozenset(found)
