"""China's provinces as people say them and as channels write them: 浙江 is 浙江 in one feed and 浙江省 in the next."""

from __future__ import annotations

_SUFFIXED = {
    "省": "河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 "
    "台湾",
    "市": "北京 天津 上海 重庆",
    "自治区": "内蒙古 西藏",
    "壮族自治区": "广西",
    "回族自治区": "宁夏",
    "维吾尔自治区": "新疆",
    "特别行政区": "香港 澳门",
}
_FULL: dict[str, str] = {short: short + suffix for suffix, names in _SUFFIXED.items() for short in names.split()}
PROVINCES: tuple[str, ...] = tuple(_FULL)
# Regions that a desk names in one word; only those whose provinces nobody argues about.
REGIONS: dict[str, tuple[str, ...]] = {
    "江浙沪": ("江苏", "浙江", "上海"),
    "长三角": ("江苏", "浙江", "上海", "安徽"),
    "京津冀": ("北京", "天津", "河北"),
    "东三省": ("辽宁", "吉林", "黑龙江"),
    "东北三省": ("辽宁", "吉林", "黑龙江"),
    "川渝": ("四川", "重庆"),
    "两广": ("广东", "广西"),
    "云贵川": ("云南", "贵州", "四川"),
    "港澳台": ("香港", "澳门", "台湾"),
}


def spellings(name: str) -> tuple[str, ...]:
    """Every way in which a stored order may write this province; the name itself when it is none of ours."""
    short = next((each for each, full in _FULL.items() if name in (each, full)), "")
    if not short:
        return (name,)
    return tuple(dict.fromkeys((short, _FULL[short], short + "省", short + "市", short + "自治区")))
