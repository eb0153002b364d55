"""Addresses as people write them."""

from __future__ import annotations

import json
import time

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.commands import lookup
from domain.address import Address, distance_km, parse

CASES = """
浙江省杭州市西湖区文三路1号=西湖区
杭州西湖文三路478号=西湖区
上海市南京东路300号=
上海市黄浦区南京东路300号=黄浦区
上海浦东张江高科=浦东新区
北京朝阳建国路88号=朝阳区
北京市朝阳区北京路1号=朝阳区
广东省广州市越秀区北京路168号=越秀区
江苏昆山玉山镇前进路=昆山市
昆山市花桥镇=昆山市
义乌北苑街道=义乌市
内蒙古呼和浩特赛罕区大学路=赛罕区
新疆乌鲁木齐天山区=天山区
广西南宁青秀区民族大道=青秀区
湖北省仙桃市沔阳大道=仙桃市
海南省琼海市嘉积镇=琼海市
广东东莞长安镇=
广东省中山市石岐街道=
青岛即墨市鹤山路=即墨市
山东省青岛市即墨区鹤山路=即墨区
上海闸北区共和新路=闸北区
吉林省吉林市昌邑区=昌邑区
吉林吉林市船营区=船营区
湖北恩施州利川市=利川市
湖北省恩施土家族苗族自治州恩施市=恩施市
延边朝鲜族自治州延吉市=延吉市
四川省成都市郫县红光镇=郫县
重庆渝北区龙溪街道=渝北区
重庆市江北区观音桥=江北区
天津市河北区=河北区
天津和平区南京路=和平区
杭州市余杭区五常街道=余杭区
杭州临平区=临平区
河北省石家庄市长安区=长安区
陕西西安长安区=长安区
深圳南山科技园=南山区
深圳市宝安区西乡街道=宝安区
香港特别行政区观塘区=观塘区
福建晋江陈埭镇=晋江市
江苏省苏州市吴中区=吴中区
南京鼓楼中山北路=鼓楼区
山西省阳泉市城区=城区
山东省济南市市中区=市中区
四川省乐山市市中区=市中区
浙江省金华市义乌市=义乌市
沈阳市和平区南京南街=和平区
辽宁省大连市西岗区北京街=西岗区
湖南长沙雨花韶山中路=雨花区
江苏南京江宁区=江宁区
江西省九江市浔阳区=浔阳区
贵州黔东南凯里=凯里市
云南大理大理市=大理市
甘肃兰州城关区=城关区
西藏拉萨城关区=城关区
新疆石河子北三路=石河子市
河南济源市=济源市
安徽省六安市金安区=金安区
安徽合肥蜀山区长江西路=蜀山区
海淀区中关村大街1号=海淀区
浦东新区世纪大道=浦东新区
黑龙江省哈尔滨市道里区中央大街=道里区
哈尔滨道外区=道外区
广东省佛山市顺德区大良=顺德区
佛山顺德大良=顺德区
江苏无锡滨湖区=滨湖区
北京市通州区北苑南路=通州区
江苏南通通州区=通州区
河北廊坊三河市燕郊=三河市
浙江省宁波市江北区=江北区
长沙县星沙镇=长沙县
湖南省长沙市长沙县=长沙县
新疆伊犁伊宁市=伊宁市
内蒙古自治区鄂尔多斯市康巴什区=康巴什区
内蒙锡林郭勒盟锡林浩特市=锡林浩特市
青海西宁城中区=城中区
宁夏银川兴庆区=兴庆区
甘肃省嘉峪关市=
广东省深圳市龙华区民治街道=龙华区
台湾省台北市=
上海市松江区九亭镇涞亭北路=松江区
山东济南市中区经四路=市中区
石家庄桥西幸福小区=桥西区
宁波镇海人民路=镇海区
上海南京路步行街=
"""


@pytest.mark.parametrize("line", CASES.split("\n")[1:-1])
def test_the_district_is_read_from_what_people_write(line: str) -> None:
    text, expected = line.replace("　", " ").split("=")
    assert parse(text).district == expected


def test_receiver_and_phone_beside_the_address_are_no_part_of_it() -> None:
    found = parse("收货人：王小明 13812345678 浙江省温州市鹿城区五马街道1号")
    assert (found.province, found.city, found.district, found.adcode) == ("浙江省", "温州市", "鹿城区", "330302")
    assert found.detail == "五马街道1号"


def test_a_municipality_is_its_own_city() -> None:
    assert parse("重庆渝北区龙溪街道").city == "重庆市"


def test_a_city_without_districts_keeps_its_town_in_the_detail() -> None:
    found = parse("广东东莞长安镇乌沙社区")
    assert (found.city, found.district, found.detail) == ("东莞市", "", "长安镇乌沙社区")


@pytest.mark.parametrize(
    ("near", "far", "least", "most"),
    [
        ("杭州西湖区", "杭州滨江区", 0, 40),
        ("上海市黄浦区", "江苏省苏州市姑苏区", 50, 120),
        ("北京朝阳区", "上海浦东新区", 1000, 1150),
        ("广东深圳南山区", "黑龙江哈尔滨道里区", 2700, 2900),
        ("辽宁省朝阳市双塔区", "北京市朝阳区", 300, 400),
    ],
)
def test_the_distance_of_two_addresses(near: str, far: str, least: float, most: float) -> None:
    km = distance_km(parse(near), parse(far))
    assert km is not None
    assert least <= km <= most


def test_an_address_that_is_nowhere_has_no_distance() -> None:
    assert distance_km(parse("月球背面"), parse("北京市")) is None


def test_a_hundred_thousand_characters_are_read_as_their_beginning() -> None:
    assert parse("浙江省杭州市西湖区" + "路" * 100_000).district == "西湖区"


@pytest.mark.parametrize("name", ["郊区", "城区", "朝阳区", "北京", "新城市", "城关镇", "鼓楼区洪山镇"])
def test_a_name_said_two_hundred_times_costs_no_more_than_an_address(name: str) -> None:
    parse("杭州")
    began = time.thread_time()
    parse(name * 200)
    assert time.thread_time() - began < 0.1


@given(st.text(max_size=80))
@settings(max_examples=60, deadline=None)
def test_any_text_gives_an_address(text: str) -> None:
    assert isinstance(parse(text), Address)


def _app() -> typer.Typer:
    app = typer.Typer()
    lookup.register(app)
    return app


def test_the_command_prints_the_address_and_the_distance_as_json() -> None:
    result = CliRunner().invoke(_app(), ["address", "杭州西湖区", "北京海淀区", "--json"])
    answer = json.loads(result.stdout)
    assert set(answer) == {"province", "city", "district", "adcode", "lat", "lng", "detail", "today", "km"}
    assert answer["km"] > 300
    assert answer["today"] is None


def test_the_command_shows_a_gone_district_as_it_was_and_what_stands_for_it_today() -> None:
    answer = json.loads(CliRunner().invoke(_app(), ["address", "杭州市江干区凯旋路", "--json"]).stdout)
    assert (answer["district"], answer["adcode"]) == ("江干区", "330104")
    assert answer["today"] == {"district": "上城区", "adcode": "330102"}
    spoken = CliRunner().invoke(_app(), ["address", "杭州市江干区凯旋路", "杭州上城区解放路"]).stdout
    assert "现在：上城区（330102）" in spoken
    assert "现在是同一个地方" in spoken
    assert "同一个地方" not in CliRunner().invoke(_app(), ["address", "杭州市江干区", "杭州西湖区"]).stdout


def test_a_distance_a_little_over_three_hundred_kilometres_is_not_rounded_down_to_it() -> None:
    answer = json.loads(CliRunner().invoke(_app(), ["address", "杭州西湖区", "北京海淀区", "--json"]).stdout)
    assert answer["km"] == pytest.approx(distance_km(parse("杭州西湖区"), parse("北京海淀区")), abs=1e-5)


def test_the_command_says_in_its_exit_code_that_the_address_is_unknown() -> None:
    assert CliRunner().invoke(_app(), ["address", "月球背面", "--json"]).exit_code == 1


def test_the_waybill_command_lists_carriers_best_first() -> None:
    result = CliRunner().invoke(_app(), ["waybill", "SF1234567890123", "--json"])
    assert [guess["carrier"] for guess in json.loads(result.stdout)] == ["sf"]
    assert json.loads(CliRunner().invoke(_app(), ["waybill", "hello", "--json"]).stdout) == []
