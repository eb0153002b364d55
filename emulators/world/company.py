"""暖居家居, a company that does not exist: what it sells, where it stores it, who works there, who buys."""

from __future__ import annotations

from dataclasses import dataclass

DOUYIN_SHOP, PDD_SHOP, TAOBAO_SHOP = "抖音旗舰店", "拼多多工厂店", "淘宝老店"
HANGZHOU, SUZHOU = "杭州仓", "苏州仓"


@dataclass(frozen=True, slots=True)
class Article:
    """`price` and `cost` in fen; stock as it stands in the morning."""

    sku: str
    title: str
    price: int
    cost: int
    hangzhou: int
    suzhou: int
    safety: int


ARTICLES = (
    Article("SF-GREY", "沙发套-灰", 13400, 6800, 88, 0, 40),
    Article("SF-BLUE", "沙发套-蓝", 13400, 6900, 180, 140, 40),
    Article("CUSH-4", "靠垫四件套", 8900, 3900, 260, 210, 50),
    Article("RUG-160", "客厅地毯 160×230", 32900, 17800, 64, 58, 15),
    Article("CURT-L", "遮光窗帘-长", 15800, 7900, 130, 90, 30),
    Article("LAMP-W", "落地灯-白", 19900, 10500, 48, 45, 12),
    Article("BED-15", "床笠 1.5 米", 6900, 3100, 320, 280, 60),
    Article("TBL-OAK", "橡木餐桌", 129900, 88000, 12, 9, 3),
    Article("CHR-2", "餐椅两把", 45900, 28600, 26, 22, 6),
    Article("STOR-3", "收纳箱三件", 5900, 2600, 400, 360, 80),
    Article("VASE-M", "陶瓷花瓶-中", 7900, 7700, 75, 70, 15),
    Article("MIRR-L", "全身镜（孤品样板）", 26900, 15000, 1, 0, 0),
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """`roles` are the product's role names; `account` is the user id in the browser work group."""

    account: str
    name: str
    label: str
    roles: tuple[str, ...]
    warehouses: tuple[str, ...] = ()
    colour: str = "#4a7bd0"


COLLEAGUES = (
    Colleague("zhangming", "张明", "客服", ("service",), colour="#3d7ff0"),
    Colleague("lifang", "李芳", "仓管（杭州仓）", ("warehouse",), (HANGZHOU,), colour="#2f9e6e"),
    Colleague("zhoukuaiji", "周会计", "财务", ("finance",), colour="#b0722b"),
    Colleague("chencai", "陈采", "采购", ("purchasing",), colour="#8a5cc4"),
    Colleague("chendian", "陈店长", "店长", ("manager", "operations"), colour="#c64f4f"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """A work group and what it is for (the product's topics)."""

    chat_id: str
    title: str
    about: str
    topics: tuple[str, ...]
    members: tuple[str, ...]
    warehouses: tuple[str, ...] = ()


EVERYONE = tuple(colleague.account for colleague in COLLEAGUES)
GROUPS = (
    Group(
        "orders", "订单售后群", "查单、退款、改址", ("orders", "refunds"), ("zhangming", "lifang", "zhoukuaiji", "chendian")
    ),
    Group(
        "stock", "仓库采购群", "库存、物流、发货时限", ("stock", "logistics"), ("lifang", "chencai", "zhangming", "chendian")
    ),
    Group("ops", "运营毛利群", "毛利、异常", ("margin", "ops", "tech"), ("chendian", "zhoukuaiji", "zhangming")),
)

FAMILY_NAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林郑"
GIVEN_NAMES = ("小明", "丽华", "建国", "雨桐", "子涵", "志强", "秀英", "晓燕", "文博", "佳怡", "海涛", "梦洁")
PLACES = (
    ("浙江省", "温州市", "鹿城区", "五马街道", "公园路"),
    ("浙江省", "杭州市", "余杭区", "仓前街道", "文一西路"),
    ("江苏省", "南京市", "鼓楼区", "华侨路街道", "汉中路"),
    ("江苏省", "苏州市", "吴中区", "长桥街道", "东吴北路"),
    ("上海市", "上海市", "浦东新区", "花木街道", "梅花路"),
    ("广东省", "广州市", "天河区", "石牌街道", "天河路"),
    ("广东省", "深圳市", "南山区", "粤海街道", "科苑路"),
    ("四川省", "成都市", "武侯区", "玉林街道", "玉林南路"),
    ("湖北省", "武汉市", "洪山区", "关山街道", "珞喻路"),
    ("北京市", "北京市", "朝阳区", "望京街道", "阜通东大街"),
    ("山东省", "青岛市", "市南区", "香港中路街道", "香港中路"),
    ("陕西省", "西安市", "雁塔区", "小寨路街道", "长安中路"),
)
HUBS = {place[1]: f"{place[1].removesuffix('市')}转运中心" for place in PLACES}
