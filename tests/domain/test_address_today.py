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
        (name, code, found.code_today)
        for name, code in sorted(atlas.gone)
        if (found := parse(f"{_city(code)}{name}人民路100号")).code_today != code and atlas.places[code].level == 3
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
    assert parse(text).code_today == adcode


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


def test_the_code_of_then_is_the_one_of_the_table_of_coordinates_else_the_latest(tmp_path: Path) -> None:
    module = _generator()
    (tmp_path / "history.csv").write_text(HISTORY, encoding="utf-8")
    (tmp_path / "centres.csv").write_text(
        "adcode,name,longitude,latitude\n330103000000,南坡县,120.123456,30.1\n330181000000,别市,1,1\n330101000000,东湖区,,\n",
        encoding="utf-8",
    )
    history, centres = module.History(str(tmp_path / "history.csv")), module.centres_of(str(tmp_path / "centres.csv"))
    then = module.then(history, centres)
    assert then["南坡县", "330105"] == ("~", "330103", "甲市")
    assert then["北口区", "330101"] == ("=", "330104", "甲市")
    assert then["丙市", "330108"][1:] == ("330181", "乙市")
    assert ("旧县", "330101") not in then  # too long ago, and nothing of its name is left
    both = HISTORY + "330183,甲省,甲市,南坡县,县级,弃用,2003,2012,330105\n"
    (tmp_path / "history.csv").write_text(both, encoding="utf-8")
    history = module.History(str(tmp_path / "history.csv"))
    assert module.then(history, centres)["南坡县", "330105"][1] == "330103"
    assert module.then(history, {})["南坡县", "330105"][1] == "330183"


def test_a_centre_is_taken_as_it_is_written_and_kept_where_there_is_none() -> None:
    module = _generator()
    centres = {"330101": ("东湖区", "120.10", "30.2"), "330102": ("西湖区", "", "")}
    assert module.exact("330101", ("1", "1"), centres) == ("120.10", "30.2")
    assert module.exact("330102", ("1", "1"), centres) == ("1", "1")
    assert module.exact("330103", ("1", "1"), centres) == ("1", "1")
    assert module.listed("330101", "东湖区", centres)
    assert not module.listed("330101", "南湖区", centres)  # a code given twice


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
