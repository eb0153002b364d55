"""The table of divisions (domain/data, see NOTICE there) by all their names, with the towns of each district.

Loaded once, at the first address; read only afterwards. The kinds of lines are described in tools/divisions.py.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

MUNICIPAL = frozenset({"11", "12", "31", "50"})

_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|"
    "仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|各"
)
_SUFFIX = re.compile(
    rf"(?:(?:(?:{_PEOPLES})族)+|(?:蒙古|维吾尔|哈萨克|柯尔克孜|达斡尔|布依|塔吉克|锡伯|鄂温克|裕固|壮族|回族)*)自治[区州县旗]$|(?:{_PEOPLES})族区$"
    r"|特别行政区$|地区$|新区$|(?<=神农架)林区$|矿区$|[省市盟区县州旗]$"
)
_SHORT = {
    "内蒙": "150000", "内蒙古": "150000", "广西": "450000", "西藏": "540000", "宁夏": "640000", "新疆": "650000",
    "香港": "810000", "澳门": "820000", "魔都": "310000", "帝都": "110000", "羊城": "440100", "蓉城": "510100",
    "燕郊": "131082", "星沙": "430121", "鄂温克": "150724", "荷泽": "371700", "巴州": "652800", "雄安": "130600",
}  # fmt: skip
_FULL = (
    ("博州", "652700"), ("克州", "653000"), ("鄂温克旗", "150724"), ("东乡县", "622926"), ("东乡县", "361003"),
    ("吉阳镇", "460203"), ("无锡新区", "320214"), ("荷泽市", "371700"), ("雨花区", "320114"),
    ("龙华新区", "440309"), ("坪山新区", "440310"), ("光明新区", "440311"), ("大鹏新区", "440307"),
    ("浑南新区", "210112"), ("金州新区", "210213"), ("杨凌区", "610403"), ("雄安新区", "130600"),
)  # fmt: skip
# Names that many cities have or had: they say nothing without their city.
NAMELESS = frozenset({"城区", "郊区", "矿区", "东区", "南区", "西区", "北区", "市中区", "大堂区"})


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    name: str
    level: int  # 1 province, 2 prefecture, 3 county
    lng: float
    lat: float


@dataclass(frozen=True, slots=True)
class Former:
    """A division that is gone, under its own name and code."""

    code: str
    name: str
    lng: float
    lat: float
    city: str  # the prefecture it was of; "" for none
    only_there: bool  # its name is today's, too: it is meant only behind that prefecture


@lru_cache(maxsize=4096)
def short(name: str) -> str:
    """A division's name without its kind: 余杭区 is 余杭, 孟村回族自治县 is 孟村, 东区 stays."""
    stem = _SUFFIX.sub("", name)
    if len(stem) < 2 and len(name) == 3:  # 清新区 is no 新区 of 清
        return name[:-1]
    return stem if len(stem) >= 2 else name


class Atlas:
    """The divisions by code, and the codes by every name."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.full: dict[str, list[str]] = {}
        self.stems: dict[str, list[str]] = {}
        self.once: dict[str, frozenset[str]] = {}
        self._towns: dict[str, list[str]] = {}
        self.gone: set[tuple[str, str]] = set()
        self.formers: dict[tuple[str, str], Former] = {}
        raw = gzip.decompress(files("domain").joinpath("data/divisions.tsv.gz").read_bytes()).decode()
        for line in raw.splitlines():
            kind, *rest = line.split("\t")
            if kind in {"=", "~", "^"}:
                name, today, own, lng, lat, city = rest
                self.formers[name, today] = Former(own, name, float(lng), float(lat), city, kind == "^")
                if kind == "=":
                    self.gone.add((name, today))
            elif kind == "<":
                self.once[rest[0]] = frozenset(rest[1].split(","))
            elif kind == "+":
                self._towns.setdefault(_area(rest[0]), []).append(f"\n{rest[0]},{rest[1]},")
            else:
                level = 1 if kind.endswith("0000") else 2 if kind.endswith("00") else 3
                self.places[kind] = Place(kind, rest[0], level, float(rest[1]), float(rest[2]))
        self.towns = {area: "".join(lines) for area, lines in self._towns.items()}
        del self._towns
        self._name()
        for name, heirs in list(self.once.items()):
            self.once.setdefault(short(name), heirs)  # 莱芜|钢城
        for (name, today), former in list(self.formers.items()):
            stem = short(name)
            if former.code.endswith("00"):
                self.full.setdefault(name, [today])
            if stem != name and (former.only_there or stem != short(self.places[today].name)):
                self.formers.setdefault((stem, today), former)  # 闸北 is 闸北区; 即墨 is today's
        self.sizes: dict[str, tuple[int, ...]] = {}
        for name in (*self.full, *self.stems):
            self.sizes[name[0]] = tuple(sorted({*self.sizes.get(name[0], ()), len(name)}, reverse=True))

    def _name(self) -> None:
        for code, place in self.places.items():
            self.full.setdefault(place.name, []).append(code)
            stem = short(place.name)
            if stem != place.name:
                if code[:2] != "71" or stem.startswith(("台", "高雄")):  # 桃园, 新竹 are roads and estates everywhere
                    self.stems.setdefault(stem, []).append(code)
                if "自治" in place.name or place.name.endswith("族区"):  # 延边州, 长阳县, 管城区
                    self.full.setdefault(stem + place.name[-1], []).append(code)
                    peoples = place.name.partition("自治")[0]
                    if len(peoples) > len(stem) and peoples not in self.full:
                        self.stems.setdefault(peoples, []).append(code)  # 伊犁哈萨克
        for stem, codes in self.stems.items():
            plain = {_area(code) for code in codes if code[4:] != "00" and len(self.places[code].name) == len(stem) + 1}
            if plain:  # 井陉 is 井陉县, not 井陉矿区
                codes[:] = [one for one in codes if one[4:] == "00" or _area(one) not in plain or self._is_plain(one, stem)]
        cities = {short(place.name): code for code, place in self.places.items() if place.level < 3}
        for name, heirs in self.once.items():
            if name not in self.full:  # 上饶地区 is 上饶市 today, 莱芜市 is two districts
                self.full[name] = [cities[short(name)]] if short(name) in cities else sorted(heirs)
        for name, code in (*_FULL, *sorted(self.gone)):
            known = self.full.setdefault(name, [])
            if code not in known:  # 桥东区 is still one of another city
                known.append(code)
            stem = short(name)
            if stem not in {name, *cities} and self.places[code].level == 3:
                known = self.stems.setdefault(stem, [])
                if all(_area(one) != _area(code) for one in known):  # 九江庐山 is 庐山市, no more 庐山区
                    known.append(code)
        for name, code in _SHORT.items():
            self.stems.setdefault(name, []).insert(0, code)

    def _is_plain(self, code: str, stem: str) -> bool:
        return len(self.places[code].name) == len(stem) + 1

    def parents(self, code: str) -> tuple[str, str]:
        """(province code, city code or "") of a code."""
        city = code[:4] + "00"
        return code[:2] + "0000", city if city in self.places and not city.endswith("0000") else ""

    def former(self, typed: str, today: str, before: str) -> Former | None:
        """What was called `typed`, whole or short, and is the division `today` by now; `before` is what stands in front."""
        found = self.formers.get((typed, today))
        if found is None or not found.only_there:
            return found
        now = self.places.get(today[:4] + "00")
        names = {found.city, *({short(found.city)} - {short(now.name) if now else ""})} - {""}
        return found if before.rstrip(" ,").endswith(tuple(names)) else None

    def districts_of_town(self, town: str, area: str) -> list[str]:
        """The districts of a city or municipality, given by any code of it, that have a town so called without its 镇."""
        lines = self.towns.get(_area(area), "")
        found, at = [], lines.find(f",{town},")
        while at >= 0:
            begin = lines.rfind("\n", 0, at) + 1
            found.append(lines[begin : begin + 6])
            at = lines.find(f",{town},", at + 1)
        return found


def _area(code: str) -> str:
    """What the towns are kept by: a municipality or a province's own counties as a whole, else the city."""
    return code[:2] if code[:2] in MUNICIPAL else code[:4]


@cache
def load_atlas() -> Atlas:
    """The one table. Takes some tens of milliseconds the first time."""
    return Atlas()
