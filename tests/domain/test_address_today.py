"""The table of divisions is today's, and what people still write of yesterday's finds its way there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from domain.address import Address, distance_km, parse
from domain.address_table import MUNICIPAL, load_atlas, short


def _city(code: str) -> str:
    """Province and city as a form would have them."""
    atlas = load_atlas()
    province, city = atlas.parents(code)
    return atlas.places[province].name + (atlas.places[city].name if city else "")


def test_every_division_of_today_is_read_from_its_whole_name() -> None:
    atlas = load_atlas()
    districts = [place for place in atlas.places.values() if place.level == 3]
    assert len(districts) > 2800
    wrong = [place for place in districts if parse(f"{_city(place.code)}{place.name}人民路100号").adcode != place.code]
    assert wrong == []


def test_every_division_is_read_from_its_short_name_but_where_two_share_it() -> None:
    atlas = load_atlas()
    districts = [place for place in atlas.places.values() if place.level == 3 and len(short(place.name)) >= 2]
    wrong = []
    for place in districts:
        _, city = atlas.parents(place.code)
        before = short(atlas.places[city or place.code[:2] + "0000"].name)
        if parse(f"{before}{short(place.name)}人民路100号").adcode != place.code:
            wrong.append(place.name)
    assert len(wrong) <= 40, wrong  # 大理大理 and their like


def test_every_name_that_is_gone_leads_to_a_division_of_today() -> None:
    atlas = load_atlas()
    assert {code for _, code in atlas.gone} <= set(atlas.places)
    wrong = [
        (name, code, found.adcode)
        for name, code in sorted(atlas.gone)
        if (found := parse(f"{_city(code)}{name}人民路100号")).adcode != code and atlas.places[code].level == 3
    ]
    # 郑州市南关区 was a district of the city beside it, too: the one that exists has the name.
    assert len(wrong) <= len(atlas.gone) * 0.03, wrong


def test_every_division_lies_in_the_country() -> None:
    for place in load_atlas().places.values():
        assert 73 <= place.lng <= 136, place
        assert 3 <= place.lat <= 54, place


def test_a_district_lies_near_its_city() -> None:
    atlas = load_atlas()
    for place in atlas.places.values():
        city = atlas.parents(place.code)[1]
        if (
            place.level == 3 and city and not place.code.startswith(("4603", "5133", "63", "54", "65", "15", "23"))
        ):  # vast ones
            middle = atlas.places[city]
            far = distance_km(Address(lat=place.lat, lng=place.lng), Address(lat=middle.lat, lng=middle.lng))
            assert far is not None, place
            assert far < 360, (place, far)


@pytest.mark.parametrize(
    ("text", "district", "adcode"),
    [
        ("宁波江东区百丈路12号", "江东区", "330212"),
        ("杭州市下城区延安路9号", "下城区", "330105"),
        ("杭州市江干区凯旋路3号", "江干区", "330102"),
        ("绍兴县柯岩大道6号", "绍兴县", "330603"),
        ("绍兴市绍兴县钱清镇", "绍兴县", "330603"),
        ("唐山市唐海县新城大街", "唐海县", "130209"),
        ("沈阳市东陵区文化东路", "东陵区", "210112"),
        ("淮安市清浦区淮海南路5号", "清浦区", "320812"),
        ("嘉兴市秀城区中山东路", "秀城区", "330402"),
        ("云南省德宏州潞西市团结大街", "潞西市", "533103"),
        ("四川宜宾叙州区柏溪街道", "叙州区", "511504"),
        ("石家庄市辛集市兴华路", "辛集市", "130181"),
        ("长春市公主岭市岭东路", "公主岭市", "220184"),
        ("山东省莱芜市莱城区文化路", "莱城区", "370116"),
        ("莱芜市钢城区府前大街", "钢城区", "370117"),
        ("安徽省巢湖市庐江县文明路", "庐江县", "340124"),
        ("湖北襄樊市樊城区长虹路", "樊城区", "420606"),
        ("上海闸北共和新路", "静安区", "310106"),
        ("即墨区烟青路", "即墨区", "370215"),
        ("新疆沙湾县三道河子镇", "沙湾县", "654203"),
    ],
)
def test_a_name_that_is_gone_is_shown_as_it_was_typed_with_the_code_of_today(text: str, district: str, adcode: str) -> None:
    found = parse(text)
    assert (found.district, found.adcode) == (district, adcode)


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("郑州管城区东大街", "410104"),
        ("洛阳市瀍河区启明南路", "410304"),
        ("齐齐哈尔市梅里斯区", "230208"),
        ("呼伦贝尔市鄂温克旗巴彦托海镇", "150724"),
        ("甘肃临夏东乡县锁南镇", "622926"),
        ("江西抚州东乡县", "361003"),
        ("巴州博湖县博湖镇", "652829"),
        ("新疆博州博乐市", "652701"),
        ("四川巴中巴州区", "511902"),
        ("阿克苏市新和县幸福路", "652925"),
        ("荷泽市牡丹区中华路", "371702"),
        ("南京雨花区软件大道", "320114"),
        ("长沙雨花区韶山中路", "430111"),
        ("香港深水埗区长沙湾道", "810006"),
        ("澳门风顺堂区", "820005"),
        ("陕西省西安市杨陵区邰城路", "610403"),
        ("河北省雄安新区容城县", "130629"),
    ],
)
def test_the_names_people_give_a_people_s_district_or_prefecture(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


def test_hong_kong_is_its_own_city() -> None:
    assert parse("香港油尖旺区弥敦道").city == "香港特别行政区"


def _generator() -> ModuleType:
    path = Path(__file__).parents[2] / "tools" / "divisions.py"
    spec = importlib.util.spec_from_file_location("divisions_generator", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HISTORY = """代码,一级行政区,二级行政区,名称,级别,状态,启用时间,变更/弃用时间,新代码
330000,甲省,,甲省,省级,在用,1981,,
330100,甲省,甲市,甲市,地级,在用,1981,,
330101,甲省,甲市,东湖区,县级,在用,1981,,
330102,甲省,甲市,西湖区,县级,在用,1981,,
330103,甲省,甲市,南坡县,县级,弃用,1981,2010,330105
330105,甲省,甲市,南坡区,县级,在用,2010,,
330104,甲省,甲市,北口区,县级,弃用,1981,2015,330106[2015]
330106,甲省,甲市,北关区,县级,弃用,2015,2019,330101;330102
330107,甲省,甲市,旧县,县级,弃用,1981,1990,330101
330200,甲省,乙市,乙市,地级,在用,1981,,
330181,甲省,乙市,丙市,县级,弃用,1981,2012,330108
330108,甲省,甲市,丙区,县级,在用,2012,,
"""


def test_what_became_of_a_division_is_followed_through_all_its_changes(tmp_path: Path) -> None:
    module = _generator()
    (tmp_path / "history.csv").write_text(HISTORY, encoding="utf-8")
    history = module.History(str(tmp_path / "history.csv"))
    assert history.today("330104") == ["330101", "330102"]
    gone = module.gone(history)
    assert gone["北口区", "3301"] == "330101"  # a district's part stands first
    assert ("旧县", "3301") not in gone  # too long ago
    assert ("南坡县", "3301") not in gone  # told without a table: only 南坡区 can be meant
    assert module.lost(history)["乙市"] == {"330108"}


def test_the_towns_keep_their_names_without_their_kind(tmp_path: Path) -> None:
    module = _generator()
    rows = "code,name,areaCode\n1,塘栖镇,330113\n2,北山街道,330106\n3,嘉定镇街道,310114\n4,高新开发区,330106\n5,莲池回族乡,330106\n"
    (tmp_path / "towns.csv").write_text(rows, encoding="utf-8")
    known = dict.fromkeys(("330113", "330106", "310114"), ("0", "0"))
    towns = module.towns(str(tmp_path / "towns.csv"), known)
    assert towns == {"330113": ["塘栖"], "330106": ["北山", "莲池"], "310114": ["嘉定镇", "嘉定"]}


def test_no_municipality_lacks_its_towns() -> None:
    atlas = load_atlas()
    assert all(atlas.towns[area] for area in MUNICIPAL)
