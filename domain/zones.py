"""Development zones that people write where a district belongs (高新区, 亦庄, 光谷), with the district that hosts them.

A zone is no division of the state's table, yet parcels are addressed to it. The host is the district whose posts and
courts serve the zone's centre; a zone that spreads over several districts without such a centre is left out, and its address
keeps the city only.
Facts from the zones' own public pages and the 2023 table of divisions.
"""

# ruff: noqa: E501 - tables read best by the line

from __future__ import annotations

import re

# Names that stand for one zone in the country.
_NAMED = {
    "亦庄": "110115", "北京经济技术开发区": "110115", "中关村": "110108", "望京": "110105", "张江": "310115", "陆家嘴": "310115",
    "外高桥": "310115", "临港新片区": "310115", "漕河泾": "310104", "郑东新区": "410105", "东湖高新": "420111", "东湖新技术": "420111",
    "光谷": "420111", "江北新区": "320111", "下沙": "330114", "钱江新城": "330102", "未来科技城": "330110", "西海岸新区": "370211",
    "两江新区": "500112", "净月": "220102", "广州开发区": "440112", "科学城": "440112", "仲恺": "441302", "滨湖新区": "340111",
    "泰达": "120116", "兰州新区": "620121", "天府新区": "510116", "珠江新城": "440106", "前海": "440305",
}  # fmt: skip
# City → (host of its 高新区, host of its 经开区); "" where there is none or it has no single host.
_BY_CITY = {
    "510100": ("510107", ""), "610100": ("610113", "610112"), "340100": ("340104", "340104"), "430100": ("430104", ""),
    "320500": ("320505", ""), "320200": ("320214", ""), "320400": ("320411", ""), "330100": ("330108", "330114"),
    "330200": ("330212", ""), "370100": ("370102", ""), "370200": ("370214", "370211"), "370600": ("", "370611"),
    "120000": ("", "120116"), "210200": ("210211", "210213"), "220100": ("220104", "220105"), "500000": ("500107", ""),
    "360100": ("360111", ""), "450100": ("450107", ""), "410100": ("410102", "410104"), "410300": ("410305", ""),
    "440400": ("440402", ""), "440100": ("440112", "440112"), "371000": ("371002", ""), "370700": ("370705", ""),
    "370300": ("370303", ""), "140100": ("140105", ""), "650100": ("650104", ""), "130100": ("130108", ""),
    "110000": ("", "110115"), "420100": ("420111", ""), "210100": ("210112", ""), "350200": ("350206", ""),
}  # fmt: skip
_HIGH_TECH = re.compile(r"高新(?:技术)?(?:产业)?(?:开发)?区|高新")
_ECONOMIC = re.compile(r"经开区|经济(?:技术)?开发区|(?<!高新)(?<!技术)(?<!产业)开发区")
_ANY = re.compile("|".join(sorted(_NAMED, key=len, reverse=True)))


def host_district(rest: str, wider: str) -> str | None:
    """The district of the zone that `rest` (the text after the city's name) begins with, or None.

    `wider` is the six-digit code of the city (or municipality), "" when the text named none. A zone of another city is no zone.
    """
    head = rest[:14]
    named = _ANY.search(head)
    if named is not None and named.start() <= 4:
        code = _NAMED[named.group()]
        if not wider or code[:4] == wider[:4] or (wider.endswith("0000") and code[:2] == wider[:2]):
            return code
    hosts = _BY_CITY.get(wider)
    if hosts is None:
        return None
    for pattern, host in zip((_HIGH_TECH, _ECONOMIC), hosts, strict=True):
        hit = pattern.search(head)
        if hit is not None and hit.start() <= 4 and host:
            return host
    return None
