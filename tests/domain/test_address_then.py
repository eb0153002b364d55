"""A district that is gone keeps its own name, code and centre, and says what stands for it today; a name of today has today's code."""

from __future__ import annotations

import math

import pytest

from domain.address import Today, distance_km, parse, same_place
from domain.address_table import load_atlas


@pytest.mark.parametrize(
    ("text", "district", "adcode", "today", "adcode_today"),
    [
        ("杭州市江干区凯旋路3号", "江干区", "330104", "上城区", "330102"),
        ("杭州市下城区延安路9号", "下城区", "330103", "拱墅区", "330105"),
        ("上海市闸北区共和新路", "闸北区", "310108", "静安区", "310106"),
        ("上海闸北共和新路", "闸北区", "310108", "静安区", "310106"),
        ("河北石家庄桥东区", "桥东区", "130103", "长安区", "130102"),
        ("邢台市桥东区", "桥东区", "130502", "襄都区", "130502"),
        ("即墨市鹤山路", "即墨市", "370282", "即墨区", "370215"),
        ("绍兴县柯岩大道6号", "绍兴县", "330621", "柯桥区", "330603"),
        ("绍兴市绍兴县钱清镇", "绍兴县", "330621", "柯桥区", "330603"),
        ("苏州市沧浪区十全街", "沧浪区", "320502", "姑苏区", "320508"),
        ("苏州沧浪十全街", "沧浪区", "320502", "姑苏区", "320508"),
        ("宁波江东区百丈路12号", "江东区", "330204", "鄞州区", "330212"),
        ("唐山市唐海县新城大街", "唐海县", "130230", "曹妃甸区", "130209"),
        ("淮安市清浦区淮海南路5号", "清浦区", "320811", "清江浦区", "320812"),
        ("沈阳市东陵区文化东路", "东陵区", "210112", "浑南区", "210112"),
        ("新疆沙湾县三道河子镇", "沙湾县", "654223", "沙湾市", "654203"),
        ("江西抚州东乡县", "东乡县", "361029", "东乡区", "361003"),
        ("广东省江门市新会市", "新会市", "440782", "新会区", "440705"),
        ("三沙市西沙群岛", "西沙群岛", "460321", "西沙区", "460302"),
        ("上海市崇明县城桥镇八一路", "崇明县", "310230", "崇明区", "310151"),
        ("杭州市富阳市场口镇", "富阳市", "330183", "富阳区", "330111"),
        ("昆山县玉山镇", "昆山县", "320523", "昆山市", "320583"),
    ],
)
def test_a_gone_district_keeps_its_own_name_and_code(
    text: str, district: str, adcode: str, today: str, adcode_today: str
) -> None:
    found = parse(text)
    assert (found.district, found.adcode, found.today) == (district, adcode, Today(today, adcode_today))
    assert found.code_today == adcode_today


@pytest.mark.parametrize(
    ("text", "district", "adcode"),
    [
        ("青岛市即墨区鹤山路", "即墨区", "370215"),
        ("青岛即墨鹤山路", "即墨区", "370215"),
        ("杭州市上城区解放路", "上城区", "330102"),
        ("南通市崇川区青年路", "崇川区", "320613"),
        ("济南市钢城区府前大街", "钢城区", "370117"),
        ("长春市公主岭市岭东路", "公主岭市", "220184"),
        ("西藏那曲市申扎县", "申扎县", "540625"),
        ("石家庄市辛集市兴华路", "辛集市", "130181"),
        ("广东梅州梅县", "梅县区", "441403"),
        ("江西九江庐山", "庐山市", "360483"),
        ("四川宜宾叙州区柏溪街道", "叙州区", "511504"),
        ("襄樊市樊城区长虹路", "樊城区", "420606"),
        ("安徽省巢湖市庐江县文明路", "庐江县", "340124"),
        ("上海浦东区世纪大道", "浦东新区", "310115"),
    ],
)
def test_a_name_of_today_and_one_that_never_was_have_todays_pair(text: str, district: str, adcode: str) -> None:
    found = parse(text)
    assert (found.district, found.adcode, found.today) == (district, adcode, None)


@pytest.mark.parametrize(
    ("text", "city", "district", "adcode", "adcode_today"),
    [
        ("山东省莱芜市钢城区府前大街", "莱芜市", "钢城区", "371203", "370117"),
        ("莱芜钢城府前大街", "莱芜市", "钢城区", "371203", "370117"),
        ("莱芜市莱城区文化路", "莱芜市", "莱城区", "371202", "370116"),
        ("莱芜市文化路", "莱芜市", "", "371200", "370116"),
        ("四平市公主岭市岭东路", "四平市", "公主岭市", "220381", "220184"),
        ("西藏那曲地区申扎县", "那曲地区", "申扎县", "542426", "540625"),
        ("西藏那曲地区", "那曲地区", "", "542400", "540600"),
        ("巢湖市居巢区人民路", "巢湖市", "居巢区", "341402", "340181"),
    ],
)
def test_a_district_behind_a_gone_prefecture_is_of_that_prefecture(
    text: str, city: str, district: str, adcode: str, adcode_today: str
) -> None:
    found = parse(text)
    assert (found.city, found.district, found.adcode, found.code_today) == (city, district, adcode, adcode_today)


def test_every_gone_name_is_one_coherent_thing() -> None:
    atlas = load_atlas()
    wrong = []
    for (name, today), former in atlas.formers.items():
        province, city = atlas.parents(former.code)
        if name != former.name or former.only_there or former.code.endswith("00"):
            continue
        place = atlas.places[city].name if city else former.city
        found = parse(f"{atlas.places[province].name}{place}{name}人民路100号")
        own = (found.district, found.adcode, found.lng, found.lat, found.code_today)
        if own != (former.name, former.code, former.lng, former.lat, today):
            wrong.append((name, former.code, own))
    assert len(wrong) <= len(atlas.formers) * 0.05, wrong


def test_a_centre_is_the_one_of_the_code_of_then() -> None:
    assert (parse("杭州市江干区").lng, parse("杭州市江干区").lat) == (120.205001, 30.257012)
    assert (parse("杭州市上城区").lng, parse("杭州市上城区").lat) != (120.205001, 30.257012)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("青岛市即墨市鹤山路", "山东即墨区", True),
        ("绍兴县钱清镇", "绍兴柯桥区", True),
        ("莱芜市钢城区", "济南钢城区", True),
        ("杭州江干区", "杭州上城区", True),
        ("杭州江干区", "杭州下城区", False),
        ("石家庄桥东区", "邢台桥东区", False),
        ("月球背面", "月球背面", False),
    ],
)
def test_the_old_and_the_new_name_of_a_place_are_the_same_place(a: str, b: str, same: bool) -> None:
    assert same_place(parse(a), parse(b)) is same


@pytest.mark.parametrize(
    ("text", "adcode"),
    [("河南", "410000"), ("海南", "460000"), ("吉林", "220000"), ("甘南", "623000"), ("兴安", "152200"), ("喀什", "653100")],
)
def test_a_short_name_alone_is_the_widest_division_that_has_it(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("石家庄井陉微水镇", "130121"),
        ("克孜勒苏柯尔克孜乌恰", "653024"),
        ("达州达川人民路", "511703"),
        ("吉林吉林人民路", "220200"),
    ],
)
def test_a_short_name_is_the_division_of_today_that_is_called_so(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


def test_far_districts_stay_more_than_three_hundred_kilometres_apart_by_their_full_names() -> None:
    atlas = load_atlas()
    chosen = [place for place in atlas.places.values() if place.level == 3][::23]
    read = {}
    for place in chosen:
        province, city = atlas.parents(place.code)
        read[place.code] = parse(atlas.places[province].name + (atlas.places[city].name if city else "") + place.name)
    for index, one in enumerate(chosen):
        for other in chosen[index + 1 :]:
            flat = math.hypot(one.lat - other.lat, (one.lng - other.lng) * math.cos(math.radians((one.lat + other.lat) / 2)))
            if flat * 111.2 > 320:
                km = distance_km(read[one.code], read[other.code])
                assert km is not None
                assert km > 300, (one, other, km)
