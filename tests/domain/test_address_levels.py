"""Addresses with levels left out, said twice or mixed: what stands for the district, and what only looks like one."""

from __future__ import annotations

import pytest

from domain.address import distance_km, parse


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("杭州市塘栖镇人民路", "330113"),
        ("杭州余杭街道禹航路", "330110"),
        ("湖州市织里镇富民路", "330502"),
        ("佛山市桂城街道南海大道", "440605"),
        ("秦皇岛市昌黎镇朝阳路", "130322"),
        ("衢州市华埠镇新街", "330824"),
        ("杭州市塘栖办事处人民路", "330113"),
        ("上海嘉定镇博乐路", "310114"),
        ("重庆市鱼嘴镇长兴路", "500105"),
    ],
)
def test_a_town_without_its_district_names_it(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


def test_a_town_that_several_counties_have_names_none() -> None:
    assert parse("西安市城关镇新街").adcode in {"610100", "610122"}
    assert parse("宜宾市不存在镇新街").adcode == "511500"


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("湖北恩施施州大道6号", "422801"),
        ("新疆昌吉延安北路9号", "652301"),
        ("云南大理下关建设路", "532901"),
        ("云南大理祥云县", "532923"),
        ("新疆喀什 张三", "653100"),
        ("恩施州施州大道6号", "422800"),
        ("广东汕头金砂路6号", "440500"),
    ],
)
def test_the_short_name_of_a_prefecture_before_a_street_is_its_city(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


def test_the_town_stays_in_the_detail() -> None:
    assert parse("杭州市塘栖镇人民路8号").detail == "塘栖镇人民路8号"


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("鼓楼区洪山镇洪甘路", "350102"),
        ("普陀区六横镇龙山街", "330903"),
        ("普陀区长寿路1号", "310107"),
        ("通州区十总镇新街", "320612"),
        ("通州区新华大街", "110112"),
        ("南山区科技南路", "440305"),
        ("龙华民治街道人民路", "440309"),
        ("江北区观音桥街道", "500105"),
        ("宝山区友谊路", "310113"),
        ("城关区张掖路", "620102"),
    ],
)
def test_of_namesakes_the_one_with_the_town_is_meant_or_the_one_everybody_knows(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("浙江省宁波市江北区中国浙江省金华市兰溪市人民路", "330781"),
        ("浙江省金华市婺城区金华市金东区孝顺镇", "330703"),
        ("浙江省杭州市江干区浙江省杭州市余杭区东湖路", "330110"),
        ("内蒙古自治区呼和浩特市市辖区六安市金安区皋城路", "341502"),
        ("浙江省金华市其它区浙江省青田县油竹街道", "331121"),
        ("北京市市辖区东城区东直门内大街", "110101"),
        ("海南省省直辖县级行政区划琼海市嘉积镇", "469002"),
        ("山东省菏泽市牡丹区山东省菏泽市长江路6号", "371702"),
        ("上海市上海市杨浦区政立路", "310110"),
        ("湖北湖北省武汉市汉阳区琴台大道", "420105"),
        ("广州市越秀区/广州市增城区", "440104"),
        ("广州市越秀区中山四路2号；广州市增城区荔城街", "440104"),
        ("常州武进洛阳镇新科路/上海杨浦区办公室", "320412"),
    ],
)
def test_a_region_picked_and_then_a_whole_address_typed_is_the_address_typed(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("武汉武昌中南路6号", "420106"),
        ("武汉市武昌八一路", "420106"),
        ("福州鼓楼五四路126号", "350102"),
        ("深圳南山北环路智慧广场", "440305"),
        ("北京东城新中街9号", "110101"),
        ("成都锦江下东大街6号", "510104"),
        ("苏州姑苏道前街26号", "320508"),
        ("无锡江阴镇澄路2257号", "320281"),
        ("长沙望城桥驿镇", "430112"),
        ("宁波宁海新桥路57号", "330226"),
        ("浙江萧山南环路4号", "330109"),
        ("浙江路桥腾达路9号", "331004"),
        ("长沙长沙县路口镇", "430121"),
        ("上海奉贤庄行镇", "310120"),
        ("张家口桥东滨河中路", "130702"),
        ("恩施恩施市施州大道", "422801"),
        ("常熟东南大道9号", "320581"),
    ],
)
def test_a_district_without_its_kind_is_told_from_the_road_behind_it(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("中山市南区永安路8号", "442000"),
        ("许昌许都路与魏文路口许昌万达", "411000"),
        ("惠州市下角中路6号惠阳机械厂", "441300"),
        ("湖南长沙", "430100"),
        ("长沙市五一大道5号长沙大厦", "430100"),
        ("广州市天河北路6号", "440100"),
        ("合肥市包河大道9号", "340100"),
        ("桃园东里20号", ""),
        ("重庆金开园区北区汇川路", "500000"),
        ("杭州市钱江经济开发区龙船坞路", "330100"),
        ("山西省城区北大街", "140000"),
        ("金华金华宾虹路6号", "330700"),
    ],
)
def test_what_only_looks_like_a_district_is_none(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("苏州市工业园区星湖街8号", "320571"),
        ("苏州工业园区旺墩路", "320571"),
        ("无锡市新区长江路", "320214"),
        ("无锡市经开区瑞景道", "320211"),
        ("西安市曲江新区慈恩路", "610113"),
        ("兰州新区昆仑山大道", "620121"),
        ("兰州市兰州新区昆仑山大道", "620121"),
        ("郑州市郑州经济技术开发区航海东路", "410104"),
        ("长春市经开区净月大街", "220105"),
        ("亦庄北京科技园", "110115"),
        ("深圳龙华新区民治大道", "440309"),
        ("合肥市国家级高新区望江西路", "340104"),
        ("厦门火炬高新区(翔安)民安大道", "350213"),
        ("绍兴袍江工业区越东路", "330602"),
        ("重庆市北部新区星光大道", "500112"),
        ("南昌小蓝经济开发区富山路", "360121"),
        ("贵阳市贵安新区花燕路", "520111"),
        ("安顺市贵安新区云安路", "520403"),
        ("成都市高新西区西源大道", "510117"),
        ("南京市仙林大学城文苑路", "320113"),
    ],
)
def test_a_zone_leads_to_its_host(text: str, adcode: str) -> None:
    assert parse(text).adcode == adcode


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("中山市南区永安路8号", "青岛市市南区香港中路40号"),
        ("鼓楼区洪山镇洪甘路", "南京市鼓楼区湖南路1号"),
        ("普陀区六横镇龙山街", "河北省唐山市路北区新华道"),
        ("杭州市塘栖镇人民路", "北京市通州区新华大街"),
        ("浙江省宁波市江北区中国广东省广州市天河区体育西路", "宁波市江北区大闸路"),
        ("上海市南京东路300号", "重庆市北京路1号"),
        ("西安市北京路", "北京市西安大街"),
    ],
)
def test_far_places_with_near_names_are_told_apart(a: str, b: str) -> None:
    km = distance_km(parse(a), parse(b))
    assert km is not None
    assert km > 300
