"""Chinese addresses: province, city, district, code and coordinates from what people write, and the distance of two.

Reads addresses with names left out (杭州西湖文三路…), short forms (内蒙, 浦东), renamed places (即墨市/即墨区, 闸北区), county-level
cities without their prefecture (昆山玉山镇…), towns without their district (杭州塘栖镇), a region picked and then a whole address typed,
receiver and phone mixed in. A road is not a district: 上海南京东路 is not in Nanjing.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from domain.address_sound import sounds_like
from domain.address_table import MUNICIPAL, NAMELESS, Atlas, Former, load_atlas, short
from domain.address_value import Address, Today, distance_km, same_place
from domain.zones import host_district

__all__ = ["Address", "Today", "distance_km", "parse", "same_place"]

_LONGEST = 400  # characters of an address that are read
_MOST = 24  # names of divisions that are weighed; a list of cities is no address


_AFTER_PLACE = frozenset(("", " ", *"省市州盟县区"))
_MARKET = frozenset({"市中区", "市南区", "市北区"})
# 青岛市南香港中路: of 青岛市市南区 people write one 市. 青岛市南京路 is a road.
_TWICE_SAID = re.compile(r"青岛市(?=[南北](?![京路街门站环大外仲安]))")
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
# What pickers put where a level is missing: 石家庄市市辖区, 海南省省直辖县级行政区划, 金华市其它区.
_FILLER = re.compile(r"市辖区|(?:省|自治区)?直辖县级?行政(?:区划|单位)|(?<=[市州盟])其[他它][区县]")
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?:-\d{3,5})?|0\d{2,3}-\d{7,8}|\d{3}\*{4}\d{4}|\[\d{4}\]")
_FULL = str.maketrans({**{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}, "　": " "})


@dataclass(frozen=True, slots=True)
class _Mention:
    at: int
    stop: int
    full: bool  # written with its suffix
    codes: tuple[str, ...]
    typed: str  # the name when it is none of the table's: 即墨市, 西湖市


def parse(text: str) -> Address:
    """Read one address, with or without the receiver's name and phone. Never raises; an unknown text is all detail.

    >>> parse("王小明 13812345678 杭州西湖区文三路1号").district
    '西湖区'
    """
    cleaned = re.sub(r"\s+", " ", _CUT.sub(" ", _PHONE.sub(" ", text[: _LONGEST * 2].translate(_FULL)))).strip()[:_LONGEST]
    if "辖" in cleaned or "其" in cleaned:
        cleaned = _FILLER.sub("", cleaned)
    cleaned = _TWICE_SAID.sub("青岛市市", cleaned)
    atlas = load_atlas()
    best = _best(cleaned, _begun_again(cleaned, _mentions(cleaned, atlas)), atlas)
    if best is None:
        host = host_district(cleaned, "")
        return _address(host, cleaned, atlas) if host in atlas.places else Address(detail=cleaned)
    code, mention = best
    word, rest = cleaned[mention.at : mention.stop], cleaned[mention.stop :].strip(_EDGE)
    former = atlas.former(word, code, cleaned[: mention.at])
    if atlas.places[code].level == 3:
        return _address(code, rest, atlas) if former is None else _of_then(former, code, rest, atlas)
    name = short(atlas.places[code].name)
    for named in (
        rest,
        rest.removeprefix(name),
        name + rest,
        cleaned if mention.at else "",
    ):  # 郑州市|郑州经济开发区, 兰州|新区, 亦庄…北京
        if (host := host_district(named, code)) in atlas.places:
            return _address(host, rest, atlas)  # the zone's name stays in the detail
    if len(homes := _homes(rest, code, atlas)) == 1:
        return _address(homes[0], rest, atlas)  # and so does the town's
    if not mention.full and (seat := _seat(rest, code, atlas)):
        return _address(seat, rest, atlas)
    if (meant := _misspelt(rest, code, atlas)) is not None:
        return _address(meant[0], rest[meant[1] :].strip(_EDGE), atlas)
    return _address(code, rest, atlas) if former is None else _of_then(former, code, rest, atlas)


_EDGE = " ,，.。-/:：、"
_TOWN = re.compile(r"(?<=..)(?:街道|镇|乡|苏木|街办|办事处)")


def _homes(rest: str, code: str, atlas: Atlas) -> list[str]:
    """The districts around `code` that have the town `rest` begins with: 杭州|塘栖镇, 衢州|芹阳办事处."""
    for hit in _TOWN.finditer(rest[:9]):
        if found := atlas.districts_of_town(rest[: hit.start()], code):
            return found
    return []


_DOOR = re.compile(r"[路街巷道号\d]")


def _seat(rest: str, code: str, atlas: Atlas) -> str:
    """The county-level city that a prefecture's short name means before a street: 恩施|施州大道, 昌吉|延安北路; "" where it is none."""
    place = atlas.places[code]
    if place.level != 2 or place.name.endswith("市") or not _DOOR.search(rest):
        return ""
    return next((one for one in atlas.full.get(short(place.name) + "市", ()) if one[:4] == code[:4] and one != code), "")


_WRITTEN_OUT = re.compile(r"[一-鿿]{1,5}?[区县市旗](?!场)")


def _misspelt(rest: str, wider: str, atlas: Atlas) -> tuple[str, int] | None:
    """(code, length) of the one district of `wider` that `rest` begins with but for a character of the same sound: 西胡区."""
    written = _WRITTEN_OUT.match(rest)
    if written is None:
        return None
    word = written.group()
    inside = wider[:2] if wider.endswith("0000") else wider[:4]
    found = {
        code
        for code, place in atlas.places.items()
        if code.startswith(inside) and place.level == 3 and len(place.name) == len(word) and sounds_like(word, place.name)
    }
    return (found.pop(), len(word)) if len(found) == 1 else None


def _address(code: str, detail: str, atlas: Atlas) -> Address:
    place = atlas.places[code]
    province, city = atlas.parents(code)
    names = {1: "", 2: "", 3: ""}
    names[1] = atlas.places[province].name if province in atlas.places else ""
    if city:
        names[2] = atlas.places[city].name
    elif code[:2] in MUNICIPAL or code[:2] in {"81", "82"}:
        names[2] = names[1]
    if place.level == 3:
        names[3] = place.name
        names[2] = names[2] or place.name  # 省直辖: 仙桃市 is its own prefecture
    return Address(names[1], names[2], names[3], code, place.lat, place.lng, detail)


def _of_then(former: Former, code: str, detail: str, atlas: Atlas) -> Address:
    """A division that is gone, with everything as it was, and the one that has the code `code` as what stands for it today."""
    place = atlas.places[code]
    today = Today(place.name, code)
    province, city = atlas.parents(former.code)
    of_province = atlas.places[province].name
    if former.code.endswith("00"):
        return Address(of_province, former.name, "", former.code, former.lat, former.lng, detail, today)
    of_city = atlas.places[city].name if city else former.city or (of_province if code[:2] in MUNICIPAL else former.name)
    return Address(of_province, of_city, former.name, former.code, former.lat, former.lng, detail, today)


def _mentions(text: str, atlas: Atlas) -> list[_Mention]:
    """Every name of a division in the text, the longest at each place; roads and buildings named after one are left out."""
    out: list[_Mention] = []
    at = 0
    while at < len(text) and len(out) < _MOST:
        step = 1
        for size in atlas.sizes.get(text[at], ()):
            word = text[at : at + size]
            if len(word) == size and (mention := _mention(word, text, at, atlas)) is not None:
                out.append(mention)
                step = mention.stop - at
                break
        at += step
    return out


def _mention(word: str, text: str, at: int, atlas: Atlas) -> _Mention | None:
    after = text[at + len(word) :]
    exact = atlas.full.get(word)
    if exact is not None:
        if (
            re.match(r"大道|大街|路(?!口|桥)", after)
            and len(word) <= 3
            and word[-1] not in "省市"
            and text[at - 1 : at] not in _AFTER_PLACE
        ):
            exact = None  # a road called 新城区大道 inside another city
        elif word[-1] == "市" and word[:-1] in atlas.stems and _has_market(exact, text[at + len(word) - 1 :][:3], atlas):
            return _Mention(at, at + len(word) - 1, False, tuple(exact), "")  # 济南|市中区
        else:
            return _Mention(at, at + len(word), True, tuple(exact), "")
    stem = atlas.stems.get(word)
    if stem is None or _only_begins(word, stem, text, at, atlas):
        return None
    typed = word + after[:1]
    known = any((typed, code) in atlas.formers for code in stem)  # 崇明县|城桥镇, 富阳市|场口镇
    if after[:1] and after[0] in "市区县州盟旗" and (known or not _NO_KIND.match(after)):
        codes = tuple(code for code in stem if not code.endswith("0000") and short(atlas.places[code].name) == word)
        return _Mention(at, at + len(typed), True, codes, typed) if codes and typed not in atlas.full else None
    return _Mention(at, at + len(word), False, tuple(stem), "")


_NO_KIND = re.compile(r"区(?:域|间)|市(?:场|民|政|中心)|县(?:城|道)")  # 昆山|市场路


def _has_market(cities: Sequence[str], name: str, atlas: Atlas) -> bool:
    """Whether `name` is the 市中区, 市南区 or 市北区 of one of the cities; 中山市|南区 is none."""
    return name in _MARKET and any(child[:4] == city[:4] for city in cities for child in atlas.full.get(name, ()))


# After 杭州 or 浙江 a district may stand without 区, and the road after it may begin with 东 or 桥: only these still make one name of it.
_ROAD_AFTER_PARENT = re.compile(
    r"[东西南北中]?(?:路(?!口)|街(?![道口]))|(?:大街|大道|巷|弄|胡同|里弄|支路|环路)|(?:十?[一二三四五六七八九]|十)(?:路|街(?!道))|\d+[路街]|线(?!\w)"
    r"|[桥道](?=\d|[东西南北]|与|和|$)"
)
_ROAD_BY_ITSELF = re.compile(r"[东西南北]{2}(?:路|大道|大街)")  # 常熟|东南大道
_TOWN_OR_VILLAGE = re.compile(r"街道|镇|乡|村|[庄屯](?=村|\d|$)|社区|苏木")


def _only_begins(word: str, codes: Sequence[str], text: str, at: int, atlas: Atlas) -> bool:
    """Whether a short name is but the beginning of a road's or town's: 北京|路, 长安|镇; not 武汉|武昌|中南路, 无锡|江阴|镇澄路."""
    after = text[at + len(word) :]
    if _after_parent(codes, text, at, atlas):
        town = _TOWN_OR_VILLAGE.match(after)
        if town is not None and town.group() in {"镇", "街道", "乡"}:
            return bool(atlas.districts_of_town(word, codes[0]))
        return (town is not None or _ROAD_AFTER_PARENT.match(after) is not None) and not _child_follows(codes, after, atlas)
    if (len(word) >= 3 and re.match(r"[东西南北][一二三四五六七八九十]", after)) or (
        at == 0 and _ROAD_BY_ITSELF.match(after)
    ):
        return False
    return _ROAD.match(after) is not None and not _child_follows(codes, after, atlas)


def _after_parent(codes: Sequence[str], text: str, at: int, atlas: Atlas) -> bool:
    """Whether a district's own city or province stands directly before it."""
    for code in codes:
        for wider in atlas.parents(code):
            if wider and wider != code and wider in atlas.places:
                name = atlas.places[wider].name
                if text.endswith((name, short(name)), 0, at):
                    return True
    return False


def _child_follows(codes: Sequence[str], after: str, atlas: Atlas) -> bool:
    """Whether one of the place's own districts comes next: 石家庄|桥西, 宁波|镇海 are no bridge and no town."""
    for size in atlas.sizes.get(after[:1], ()):
        name = after[:size]
        for child in (*atlas.full.get(name, ()), *atlas.stems.get(name, ())):
            if any(_inside(child, code) for code in codes):
                return True
    return False


def _begun_again(text: str, mentions: list[_Mention]) -> list[_Mention]:
    """Without what stands before a second, whole address: 浙江省宁波市江北区|中国浙江省金华市兰溪市, picked first and typed then.

    It begins again where a province or city directly follows a division that it is no part of, and has a division of its own after it.
    """
    for index in range(1, len(mentions) - 1):
        before, here, after = mentions[index - 1 : index + 2]
        if text[before.stop : here.at].strip(" ,") not in {"", "中国"}:
            return mentions  # a street stands between: the first address is the whole one
        if not here.full or not after.full or after.at - here.stop > 2:
            continue
        wide = [code for code in here.codes if code.endswith("00")]
        if any(_inside(code, one) for code in wide for one in before.codes):
            continue
        inner = [after.codes, *(later.codes for later in mentions[index + 2 : index + 3] if later.at - after.stop <= 2)]
        if any(_inside(code, one) and not code.endswith("00") for one in wide for codes in inner for code in codes):
            return mentions[index:]
    return mentions


def _inside(code: str, wider: str) -> bool:
    return code.startswith(wider[:2] if wider.endswith("0000") else wider[:4]) and wider.endswith("00")


def _best(text: str, mentions: list[_Mention], atlas: Atlas) -> tuple[str, _Mention] | None:
    """The chain province → city → district that fits the text best: (code, mention of its last name)."""
    best: tuple[float, str, _Mention] | None = None
    for index, mention in enumerate(mentions):
        for code in mention.codes:
            score = _score(text, mentions, index, code, atlas)
            if score is not None and (best is None or score > best[0]):
                best = (score, code, mention)
    return None if best is None else best[1:]


def _score(text: str, mentions: list[_Mention], index: int, code: str, atlas: Atlas) -> float | None:
    own = mentions[index]
    level = atlas.places[code].level
    province, city = atlas.parents(code)
    score = {1: 2.0, 2: 3.0, 3: 5.0}[level] + (1.0 if own.full else 0.0)
    start, supported = own.at, 0
    wanted = {wider for wider in (province, city) if wider and wider != code}
    for place in range(index - 1, -1, -1):
        earlier = mentions[place]
        gap = start - earlier.stop
        hit = next((wider for wider in earlier.codes if wider in wanted), None)
        if hit is None and level == 3 and code[:2] in MUNICIPAL and province in earlier.codes:
            hit = province
        if hit is None and level == 3 and _stands_for(text[earlier.at : earlier.stop], code, city, atlas):
            hit = city
        lone = _AFTER_STREET.match(text[own.at - 1]) and not _FIRM.match(text, own.stop)
        far = 12 if own.full or supported or lone else 3
        if hit is not None and gap <= far:
            wanted.discard(hit)
            score += (2.5 if earlier.full else 2.0) - min(gap, 6) * 0.1
            start, supported = earlier.at, supported + 1
        elif not any(wider == code or wider in {province, city} for wider in earlier.codes):
            if earlier.full:  # another province or city stands before it: 上海市…南京; 西安市|杨陵区 is near enough
                near = own.full and level == 3 and len(own.codes) == 1 and gap <= 2
                score -= 1.0 if near and any(one[:2] == code[:2] and one[2:4] != "00" for one in earlier.codes) else 3.0
            elif (earlier.at == 0 or mentions[place - 1].stop == earlier.at) and (
                supported
                or not (_AFTER_STREET.match(text[start - 1]) if gap else any(one[:2] == code[:2] for one in earlier.codes))
            ):
                score -= 2.5  # 常州武进洛阳镇…/上海杨浦区; 柯桥轻纺|城北区
    if (city in wanted or not supported) and text[own.at : own.stop] in NAMELESS:
        return None
    unsure = _unsure(text, mentions, index, code, atlas) if not supported else 0.0
    if unsure is None or (not own.full and level == 3 and supported and _is_the_city(text, own, city, atlas)):
        return None
    score -= unsure + min(start, 40) * 0.02
    # Between namesakes without a parent the one in the greater city wins by a hair, then the earlier code.
    return score + _GREAT.get(code[:2] if code[:2] in MUNICIPAL else code[:4], 0) * 0.001 - int(code) * 1e-9


_AFTER_STREET = re.compile(
    r"[\d号路街道口处楼层幢栋室旁侧区园()/,，、；;:： -]"
)  # …交大路183号|金牛凯德: here a new word begins
_FIRM = re.compile(r"[一-鿿]{0,6}?(?:厂|公司|集团|分店)")  # 惠州市下角中路6号|惠阳机械厂
# Cities by how many parcels go there: of two districts of one name people leave the city out where everyone knows it.
_GREAT_FIRST = (
    "31", "11", "4401", "4403", "3301", "5101", "50", "4201", "3205", "6101", "3201", "12", "4101", "4301", "3302", "3702", "2101",
    "3701", "3401", "3501", "3502", "3202", "2102", "2301", "2201", "5301", "1301", "3601", "4501", "5201", "1401", "6201", "6501",
    "4601", "1501", "6401", "6301", "5401",
)  # fmt: skip
_GREAT = {code: rank for rank, code in enumerate(reversed(_GREAT_FIRST), 1)}


def _stands_for(name: str, code: str, city: str, atlas: Atlas) -> bool:
    """Whether a name means the prefecture of a county: one that was, 莱芜市|钢城区, or its county-level namesake, 阿克苏市|新和县."""
    return code in atlas.once.get(name, ()) or (
        city != "" and name != atlas.places[city].name and short(name) == short(atlas.places[city].name)
    )


def _is_the_city(text: str, own: _Mention, city: str, atlas: Atlas) -> bool:
    """Whether a short name that a county shares with its city means the city again: 许昌许都路…许昌万达; 恩施恩施 is the county."""
    name = text[own.at : own.stop]
    return (
        bool(city)
        and short(atlas.places[city].name) == name
        and not text.endswith((name, atlas.places[city].name), 0, own.at)
    )


def _unsure(text: str, mentions: list[_Mention], index: int, code: str, atlas: Atlas) -> float | None:
    """What a name loses that has no province or city before it; None when it is none of ours."""
    own, place, city = mentions[index], atlas.places[code], atlas.parents(code)[1]
    if place.level > 1 and not own.full and any(one.endswith("0000") for one in own.codes):
        return None  # 海南 alone is the province, not the prefecture in 青海
    word, building = text[own.at : own.stop], _BUILDING.match(text[own.stop :])
    if place.level == 2:
        return 2.0 if building and not own.full else 0.0
    if place.level == 1:
        return 0.0
    homely = len(own.codes) > 1 and code in _homes(text[own.stop :].strip(_EDGE), code, atlas)
    if own.full:  # 桥东区 alone is one that still exists, not the one that was
        return (1.5 if own.typed and (own.typed, code) not in atlas.formers else 0.2 if word != place.name else 0.0) - (
            1.0 if homely else 0.0
        )
    if not homely and (city in own.codes or any(one.endswith("00") for one in own.codes)):
        return None  # 长沙 alone is the city, not 长沙县; 甘南 the prefecture, not the county in 黑龙江
    begins = own.at == 0 or text[own.at - 1] in " ,，:：;；"  # after the receiver's name
    alone = len(mentions) == 1 and len(own.codes) == 1 and place.name[-1] == "市"  # 义乌国际商贸城 names no other place
    if not begins or (building and not alone) or not (place.name[-1] in "市县" or len(own.codes) == 1 or homely):
        return None
    return 0.0 if homely else 1.0
