"""A receiver's name inside a sentence: after a word that announces one (收件人王小明), before 的单 (王小明的快递), or set apart."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

# The 100 most frequent family names cover about 85 % of people (Ministry of Public Security, 2020); compounds beside them.
_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严欧莫孔向常"
_COMPOUND = "欧阳|上官|司马|诸葛|皇甫|司徒|慕容|东方|令狐|夏侯"
_NAME = rf"(?:(?:{_COMPOUND})[一-鿿]{{1,2}}|[{_FAMILY}][一-鿿]{{1,2}})"
_SHORTEST = _NAME.replace("{1,2}", "{1,2}?")
_ANNOUNCED = re.compile(rf"(?:姓名|收件人|收货人|买家|客户|名字|叫|顾客)\s*(?:是|叫|为|:|：)?\s*({_NAME})(?![一-鿿])")
_OWNER = re.compile(
    rf"(?:^|[查看找问,，。 ]|一下|查下|看下)\s*({_SHORTEST})(?:的|昨天|今天|前天|上周|本周|上个?月|这几天|最近|近|先生|女士|小姐)[^,。?]{{0,8}}?(?:单|订单|快递|包裹|件|货|物流|退款)"
)
_ALONE = re.compile(rf"^({_NAME})(?:先生|女士|小姐)?$")
# 张建国 到哪了: the blank sets the name apart; without one it could be goods (龙井茶到哪了).
_SET_APART = re.compile(
    rf"^({_NAME})(?:先生|女士|小姐)?[ ,，]+(?:的)?(?:快递|包裹|货|订单|单子?|件|退款|东西)?(?:到哪|在哪|到了|发货|发了|什么时候|几时|怎么|签收|物流|进度|收到|还没|寄|呢|$)"
)
# Words that begin with a family name's character but name nobody.
_NOBODY = re.compile(
    r"^(?:马上|高兴|常常|常用|方便|万一|钱[款包]|江苏|金额|于是|任何|何时|向你|周[一二三四五六日天末]|史上|白色|黄色|金色|石家庄|成都|顾客|温馨|武汉|常见|毛重|严重|余额|付款|石头|方式|曾经|程序|夏天|夏季|龙虾|江西|万元|孔雀|莫名|雷同|徐州|温州|叶子|孟买|贺卡|田园|许多|于此|安排|段时间|任务|高档|石材|白酒|马桶|沈阳|郑州|林业|罗马|陈列|张数|周期|何况|金属|胡同|杨梅|黄金|方案|蒋介)"
)


def receiver_name(text: str) -> str | None:
    """The name that a lookup asks about, or None. Only for look-ups: a wrong name finds nothing and harms nobody."""
    for pattern in (_ANNOUNCED, _OWNER, _ALONE, _SET_APART):
        match = pattern.search(text)
        if match is not None and not _NOBODY.match(match[1]):
            return match[1]
    return None
