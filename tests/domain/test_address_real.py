"""Addresses as people type them: names left out, misspelt, gone, glued to a phone; namesakes told apart by what stands before them."""

from __future__ import annotations

import pytest

from domain.address import distance_km, parse


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("杭州市西胡区文三路1号", "330106"),
        ("浙江省杭州市于杭区仓前", "330110"),
        ("北京市海定区中关村", "110108"),
        ("北京市朝杨区建国路", "110105"),
        ("江苏省南京市鼓搂区中央路", "320106"),
        ("广州市天和区体育西路", "440106"),
        ("义乌国际商贸城二区F座", "330782"),
        ("张三13800138000义乌江东街道", "330782"),
        ("深圳南山区科技园13912345678王", "440305"),
        ("13912345678深圳市福田区华强北李四收", "440304"),
        ("收货人:赵六 电话:13700001111 地址:湖南省长沙市天心区五一大道", "430103"),
        ("王小明,13912345678,江苏省无锡市滨湖区蠡湖大道,214000", "320211"),
        ("重庆双桥区", "500111"),
        ("重庆万盛区万东镇", "500110"),
        ("承德双桥区", "130802"),
        ("河北石家庄桥东区", "130102"),
        ("邢台桥东区", "130502"),
        ("张家口桥东区", "130702"),
        ("桥东区", "130702"),
        ("河南省开封县", "410212"),
        ("广东清远清新县太和镇", "441803"),
        ("清新区太和镇", "441803"),
        ("新县新集镇", "411523"),
        ("燕郊开发区", "131082"),
        ("长沙星沙", "430121"),
        ("江苏无锡新区", "320214"),
        ("三亚吉阳镇", "460203"),
        ("深圳坪山新区坑梓街道", "440310"),
        ("大连金州新区", "210213"),
        ("天津塘沽区洋货市场", "120116"),
        ("北京宣武区广安门内大街", "110102"),
        ("青岛胶南市珠海路", "370211"),
        ("北京亦庄经济开发区", "110115"),
        ("合肥市经开区繁华大道", "340104"),
        ("香港特别行政区中西区德辅道中", "810001"),
        ("湖北恩施市舞阳坝", "422801"),
        ("吉林延边延吉市", "222401"),
        ("河南济源市沁园路", "419001"),
    ],
)
def test_the_district_is_found(text: str, adcode: str) -> None:
    assert parse(text).code_today == adcode


@pytest.mark.parametrize("text", ["Room 1201, No. 88 Jianguo Road, Beijing", "北京路28号", "就放门口吧", ""])
def test_what_names_no_place_in_china_is_not_forced_into_one(text: str) -> None:
    assert parse(text).adcode == ""


def test_a_street_of_the_citys_name_and_a_market_are_no_misspelling() -> None:
    assert parse("杭州市市场路1号").district == ""
    assert parse("上海市南京东路1号").adcode == "310000"


@pytest.mark.parametrize(
    ("a", "b", "far"),
    [
        ("南京鼓楼区中央路", "福州鼓楼区五四路", True),
        ("开封鼓楼区", "徐州鼓楼区", False),
        ("长春朝阳区红旗街", "北京朝阳区建国路", True),
        ("沈阳和平区青年大街", "天津和平区南京路", True),
        ("杭州西湖区文三路", "南昌西湖区站前路", True),
        ("江苏通州区", "北京通州区", True),
        ("重庆江北区观音桥", "宁波江北区", True),
        ("成都武侯区", "成都锦江区", False),
        ("苏州吴江区", "上海青浦区", False),
        ("沈阳铁西区", "鞍山铁西区", False),
        ("广东湛江", "广东汕头", True),
        ("内蒙古呼伦贝尔", "内蒙古阿拉善左旗", True),
        ("深圳南山区", "香港中西区", False),
        ("海口龙华区", "深圳龙华区", True),
    ],
)
def test_pairs_beyond_three_hundred_kilometres_are_told_apart(a: str, b: str, far: bool) -> None:
    km = distance_km(parse(a), parse(b))
    assert km is not None
    assert (km > 300) is far, km
