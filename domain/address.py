"""Chinese addresses: province, city, district, code and coordinates from what people write, and the distance of two.

Reads addresses with names left out (杭州西湖文三路…), short forms (内蒙, 浦东), renamed places (即墨市/即墨区, 闸北区), county-level
cities without their prefecture (昆山玉山镇…), receiver and phone mixed in. A road is not a district: 上海南京东路 is not in Nanjing.
The table (domain/data, see NOTICE there) is loaded at the first call.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.address_sound import sounds_like
from domain.zones import host_district

_LONGEST = 400  # characters of an address that are read


@dataclass(frozen=True, slots=True)
class Address:
    """What was recognised; "" and None where nothing was. `adcode` is the six-digit code of the finest level known.

    `district` carries the name as people write it today or wrote it (即墨市 and 即墨区 are the same place); `lat`/`lng` are the
    centre of the finest level, in degrees; `detail` is the rest: town, road, door.
    """

    province: str = ""
    city: str = ""
    district: str = ""
    adcode: str = ""
    lat: float | None = None
    lng: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    code: str
    name: str
    lng: float | None
    lat: float | None

    @property
    def level(self) -> int:
        return 1 if self.code.endswith("0000") else 2 if self.code.endswith("00") else 3


_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|"
    "仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|各"
)
_SUFFIX = re.compile(
    rf"(?:(?:(?:{_PEOPLES})族)+|(?:蒙古|维吾尔|哈萨克|柯尔克孜|达斡尔|布依|塔吉克|锡伯|鄂温克|裕固|壮族|回族)*)自治[区州县旗]$|特别行政区$|地区$|新区$|(?<=神农架)林区$|矿区$|[省市盟区县州旗]$"
)
# Divisions that are gone: people still write them. Old name → (province's two digits, today's code).
_GONE = {
    "闸北区": "310106", "卢湾区": "310101", "南汇区": "310115", "崇文区": "110101", "宣武区": "110102", "塘沽区": "120116",
    "大港区": "120116", "汉沽区": "120116", "萝岗区": "440112", "东山区": "440104", "芳村区": "440103", "沧浪区": "320508",
    "平江区": "320508", "金阊区": "320508", "白下区": "320104", "崇安区": "320213", "南长区": "320213", "北塘区": "320213",
    "四方区": "370203", "胶南市": "370211", "江东区": "330212", "北市区": "130606", "南市区": "130606",
    "蓟县": "120119", "郫县": "510117", "户县": "610118", "滦县": "130284", "盘县": "520281", "襄樊市": "420600", "思茅市": "530800",
    "郧县": "420304", "上饶县": "361104", "芜湖县": "340210", "许昌县": "411003", "九江县": "360404", "遵义县": "520304",
    "星子县": "360483", "开封县": "410212", "桥东区": "130102", "万盛区": "500110", "双桥区": "500111", "无锡新区": "320214",
    "吉阳镇": "460203",
}  # fmt: skip
_SHORT = {
    "内蒙": "150000", "内蒙古": "150000", "广西": "450000", "西藏": "540000", "宁夏": "640000", "新疆": "650000",
    "香港": "810000", "澳门": "820000", "魔都": "310000", "帝都": "110000", "羊城": "440100", "蓉城": "510100",
    "燕郊": "131082", "星沙": "430121",
}  # fmt: skip
_AFTER_PLACE = frozenset(("", " ", *"省市州盟县区"))
_MARKET = frozenset({"市中区", "市南区", "市北区"})
# 青岛市南香港中路: of 青岛市市南区 people write one 市. 青岛市南京路 is a road.
_TWICE_SAID = re.compile(r"青岛市(?=[南北](?![京路街门站环大外仲安]))")
_MUNICIPAL = frozenset({"11", "12", "31", "50"})
# After a short name these make it a road, a building, a town: 北京路, 朝阳门, 长安镇.
_ROAD = re.compile(
    r"(?:(?:[东西南北中上下新老前后内外]{0,2}|[一二三四五六七八九十])(?:路|街(?!道)|大街|大道|巷|弄|胡同|桥|里弄|线(?!\w)|支路|环路)|\d+[路街])|道(?!里|外|真)|街道|镇|乡|村|庄|屯|社区|苏木"
)
_BUILDING = re.compile(
    r"(?:大厦|广场|花园|小区|公寓|酒店|大学|学院|医院|银行|宾馆|商场|中学|小学|山庄|苑|园|里|坊|门|湖(?!区)|公司|饭店|烤鸭|小吃|工业|科技|机场|国际|豪|人家|新村|新城|站|高速|码头|港|府|集团|商会|会馆|厂|店|时代|名都|世纪|春天|印象)"
)
_CUT = re.compile(
    r"(?:收货人|收件人|姓名|联系人|手机号?码?|电话|联系方式|收货地址|详细地址|所在地区|地址|地区|街道(?=[:：]))\s*[:：]\s*|\s*(?:邮编|邮政编码)\s*[:：]?\s*\d{6}"
)
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?:-\d{3,5})?|0\d{2,3}-\d{7,8}|\d{3}\*{4}\d{4}|\[\d{4}\]")
_FULL = str.maketrans({**{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}, "　": " "})


@dataclass(frozen=True, slots=True)
class _Mention:
    at: int
    stop: int
    full: bool  # written with its suffix
    codes: tuple[str, ...]
    typed: str  # the name to show when it differs from the table's (a renamed place)


class _Atlas:
    """The table of divisions with its name index. Built once, read only."""

    def __init__(self) -> None:
        self.places: dict[str, _Place] = {}
        raw = gzip.decompress(files("domain").joinpath("data/divisions.tsv.gz").read_bytes()).decode()
        for line in raw.splitlines():
            code, name, lng, lat = line.split("\t")
            self.places[code] = _Place(code, name, float(lng) if lng else None, float(lat) if lat else None)
        self.full: dict[str, list[str]] = {}
        self.stems: dict[str, list[str]] = {}
        for code, place in self.places.items():
            self.full.setdefault(place.name, []).append(code)
            stem = _SUFFIX.sub("", place.name)
            if len(stem) < 2 and len(place.name) == 3:  # 清新区 is no 新区 of 清
                stem = place.name[:-1]
            if len(stem) >= 2 and stem != place.name:
                self.stems.setdefault(stem, []).append(code)
                if "自治" in place.name:  # 延边州, 长阳县, 恩施州
                    self.full.setdefault(stem + place.name[-1], []).append(code)
        for name, code in _GONE.items():
            known = self.full.setdefault(name, [code])
            if code not in known:  # 桥东区 is still one of two other cities
                known.append(code)
        for name, code in _SHORT.items():
            self.stems.setdefault(name, []).insert(0, code)
        self.sizes: dict[str, tuple[int, ...]] = {}
        for name in (*self.full, *self.stems):
            self.sizes[name[0]] = tuple(sorted({*self.sizes.get(name[0], ()), len(name)}, reverse=True))

    def parents(self, code: str) -> tuple[str, str]:
        """(province code, city code or "") of a code."""
        city = code[:4] + "00"
        return code[:2] + "0000", city if city in self.places and not city.endswith("0000") else ""


@cache
def _atlas() -> _Atlas:
    return _Atlas()


def parse(text: str) -> Address:
    """Read one address, with or without the receiver's name and phone. Never raises; an unknown text is all detail.

    >>> parse("王小明 13812345678 杭州西湖区文三路1号").district
    '西湖区'
    """
    cleaned = re.sub(r"\s+", " ", _CUT.sub(" ", _PHONE.sub(" ", text[: _LONGEST * 2].translate(_FULL)))).strip()[:_LONGEST]
    cleaned = _TWICE_SAID.sub("青岛市市", cleaned)
    atlas = _atlas()
    mentions = _mentions(cleaned, atlas)
    best = _best(cleaned, mentions, atlas)
    if best is None:
        host = host_district(cleaned, "")
        return _address(host, "", cleaned, atlas) if host in atlas.places else Address(detail=cleaned)
    code, typed, stop = best
    rest = cleaned[stop:].strip(" ,，.。-/:：")
    if atlas.places[code].level < 3 and (host := host_district(rest, code)) in atlas.places:
        return _address(host, "", rest, atlas)  # the zone's name stays in the detail
    if atlas.places[code].level < 3 and (meant := _misspelt(rest, code, atlas)) is not None:
        return _address(meant[0], "", rest[meant[1] :].strip(" ,，.。-/:："), atlas)
    return _address(code, typed, rest, atlas)


_WRITTEN_OUT = re.compile(r"[一-鿿]{1,5}?[区县市旗](?!场)")


def _misspelt(rest: str, wider: str, atlas: _Atlas) -> tuple[str, int] | None:
    """(code, length) of the one district of `wider` that `rest` begins with but for a character of the same sound: 西胡区."""
    written = _WRITTEN_OUT.match(rest)
    if written is None:
        return None
    word = written.group()
    inside = wider[:2] if wider.endswith("0000") else wider[:4]
    found = {
        code
        for code, place in atlas.places.items()
        if place.level == 3 and code.startswith(inside) and len(place.name) == len(word) and sounds_like(word, place.name)
    }
    return (found.pop(), len(word)) if len(found) == 1 else None


def _address(code: str, typed: str, detail: str, atlas: _Atlas) -> Address:
    place = atlas.places[code]
    province, city = atlas.parents(code)
    names = {1: "", 2: "", 3: ""}
    names[1] = atlas.places[province].name if province in atlas.places else ""
    if city:
        names[2] = atlas.places[city].name
    elif code[:2] in _MUNICIPAL:
        names[2] = names[1]
    if place.level == 3:
        names[3] = typed or place.name
        names[2] = names[2] or place.name  # 省直辖: 仙桃市 is its own prefecture
    lat, lng = place.lat, place.lng
    for wider in (city, province):
        if lat is None and wider in atlas.places:
            lat, lng = atlas.places[wider].lat, atlas.places[wider].lng
    return Address(names[1], names[2], names[3], code, lat, lng, detail)


def _mentions(text: str, atlas: _Atlas) -> list[_Mention]:
    """Every name of a division in the text, the longest at each place; roads and buildings named after one are left out."""
    out: list[_Mention] = []
    at = 0
    while at < len(text):
        step = 1
        for size in atlas.sizes.get(text[at], ()):
            word = text[at : at + size]
            if len(word) == size and (mention := _mention(word, text, at, atlas)) is not None:
                out.append(mention)
                step = mention.stop - at
                break
        at += step
    return out


def _mention(word: str, text: str, at: int, atlas: _Atlas) -> _Mention | None:
    after = text[at + len(word) :]
    exact = atlas.full.get(word)
    if exact is not None:
        if (
            re.match(r"大道|大街|路", after)
            and len(word) <= 3
            and word[-1] not in "省市"
            and text[at - 1 : at] not in _AFTER_PLACE
        ):
            exact = None  # a road called 新城区大道 inside another city
        elif word[-1] == "市" and text[at + len(word) - 1 :][:3] in _MARKET and word[:-1] in atlas.stems:
            return _Mention(at, at + len(word) - 1, False, tuple(exact), "")  # 济南|市中区
        else:
            return _Mention(at, at + len(word), True, tuple(exact), "")
    stem = atlas.stems.get(word)
    if stem is None or (
        _ROAD.match(after)
        and not _child_follows(stem, after, atlas)
        and not (_ROAD_OF_ITS_OWN.match(after) and _after_own_city(stem, text, at, atlas))
        and not (len(word) >= 3 and re.match(r"[东西南北][一二三四五六七八九十]", after))
    ):
        return None
    if after[:1] and after[0] in "市区县州盟旗" and not re.match(r"区(?:域|间)|市(?:场|民|政)|县(?:城|道)", after):
        typed = word + after[0]
        codes = tuple(code for code in stem if not code.endswith("0000"))
        return _Mention(at, at + len(typed), True, codes or tuple(stem), typed) if typed not in atlas.full else None
    return _Mention(at, at + len(word), False, tuple(stem), "")


_ROAD_OF_ITS_OWN = re.compile(r"[东西南北]大街")  # 烟台|芝罘|南大街: the street needs no name before it


def _after_own_city(codes: Sequence[str], text: str, at: int, atlas: _Atlas) -> bool:
    """Whether a district's own city stands directly before it."""
    for code in codes:
        city = atlas.parents(code)[1]
        if city and text[:at].endswith((atlas.places[city].name, _SUFFIX.sub("", atlas.places[city].name))):
            return True
    return False


def _child_follows(codes: Sequence[str], after: str, atlas: _Atlas) -> bool:
    """Whether one of the place's own districts comes next: 石家庄|桥西, 宁波|镇海 are no bridge and no town."""
    for size in atlas.sizes.get(after[:1], ()):
        name = after[:size]
        for child in (*atlas.full.get(name, ()), *atlas.stems.get(name, ())):
            if any(child[:4] == code[:4] and code.endswith("00") for code in codes):
                return True
    return False


def _best(text: str, mentions: list[_Mention], atlas: _Atlas) -> tuple[str, str, int] | None:
    """The chain province → city → district that fits the text best: (code, typed name, end of the last name)."""
    best: tuple[float, str, str, int] | None = None
    for index, mention in enumerate(mentions):
        for code in mention.codes:
            score = _score(text, mentions, index, code, atlas)
            if score is not None and (best is None or score > best[0]):
                best = (score, code, mention.typed, mention.stop)
    return None if best is None else best[1:]


def _score(text: str, mentions: list[_Mention], index: int, code: str, atlas: _Atlas) -> float | None:
    own = mentions[index]
    level = atlas.places[code].level
    province, city = atlas.parents(code)
    score = {1: 2.0, 2: 3.0, 3: 5.0}[level] + (1.0 if own.full else 0.0)
    start, supported = own.at, 0
    wanted = {wider for wider in (province, city) if wider and wider != code}
    for earlier in reversed(mentions[:index]):
        gap = start - earlier.stop
        hit = next((wider for wider in earlier.codes if wider in wanted), None)
        if hit is None and level == 3 and code[:2] in _MUNICIPAL and province in earlier.codes:
            hit = province
        if hit is not None and gap <= 12:
            wanted.discard(hit)
            score += (2.5 if earlier.full else 2.0) - min(gap, 6) * 0.1
            start, supported = earlier.at, supported + 1
        elif earlier.full and not any(wider == code or wider in {province, city} for wider in earlier.codes):
            score -= 3.0  # another province or city stands before it: 上海市…南京
    if not own.full:
        if not supported and level == 3:
            county = atlas.places[code].name[-1] in "市县"
            if atlas.places[code].name[-1] == "县" and city in own.codes:
                return None  # 长沙 alone is the city, not 长沙县
            begins = own.at == 0 or text[own.at - 1] in " ,，:：;；"  # after the receiver's name
            alone = len(mentions) == 1 and len(own.codes) == 1 and atlas.places[code].name[-1] == "市"
            building = _BUILDING.match(text[own.stop :]) and not alone  # 义乌国际商贸城 names no other place
            if not begins or building or not (county or len(own.codes) == 1):
                return None
            score -= 1.0
        elif not supported and level == 2 and _BUILDING.match(text[own.stop :]):
            score -= 2.0
    if own.full and own.typed and not supported:
        score -= 1.5
    if own.full and not supported and text[own.at : own.stop] != atlas.places[code].name:
        score -= 0.2  # 桥东区 alone is one that still exists, not the one that was
    if atlas.places[code].name in {"城区", "郊区", "矿区", "北区", "市中区", "东区", "西区"} and not supported:
        return None
    score -= min(start, 40) * 0.02
    # Between namesakes without a parent the earlier code wins by a hair (municipalities and provincial capitals come first).
    return score - (int(code[2:4]) * 0.0005 + int(code[:2]) * 0.0001)


_EARTH_KM = 6371.0088  # mean radius, IUGG


def distance_km(a: Address, b: Address) -> float | None:
    """Great-circle kilometres between the centres of two addresses; None when one of them is nowhere."""
    if a.lat is None or a.lng is None or b.lat is None or b.lng is None:
        return None
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(b.lng - a.lng) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
