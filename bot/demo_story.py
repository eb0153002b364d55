"""The story of the demo: which orders carry the planted trouble, when things happen, and the guided tour."""

from __future__ import annotations

import io
from typing import Any
from zoneinfo import ZoneInfo

from emulators.world.company import ARTICLES
from emulators.world.day import HOUR, Beat, World

BEIJING = ZoneInfo("Asia/Shanghai")
STALLED = "6920181230000000417"
SILENT = "6920181230000000523"
SIGNED = "6920181230000000618"
MOVING_HOUSE = "6920181230000000709"
LATE = "6920181230000000802"
SOON = "6920181230000000811"
QUESTION = "6920…0417 到哪了，客户催"
GREETINGS = {
    "orders": "我是小单。订单号、快递单号、手机号或后四位，发给我就知道到哪了；退款和改址的申请我会贴成卡片。",
    "stock": "我是小单。库存不够、包裹不动、快到发货时限，我会在这个群里提前说。",
    "ops": "我是小单。毛利太薄的单我会先锁住，等运营看过再放行。",
}
_BY_SKU = {article.sku: article for article in ARTICLES}
_WENZHOU = {
    "name": "王小满",
    "phone": "17000000417",
    "province": "浙江省",
    "city": "温州市",
    "district": "鹿城区",
    "town": "五马街道",
    "detail": "公园路 88 号 3 幢 1201 室",
}


def plant(world: World) -> None:
    """Trouble that stands when the demo opens: a stalled parcel, a silent one, a missed and a near promise."""
    clock = world.clock
    now = clock.now()

    def at(hours_ago: float) -> None:
        clock.move(now - hours_ago * HOUR - clock.now())

    at(96)
    receiver = world.somebody()
    world.order_douyin(_BY_SKU["SF-GREY"], 2, receiver=receiver, number=SIGNED, buyer="open-0618")
    at(92)
    world.ship("douyin", SIGNED, receiver, at=clock.now(), company="shunfeng")
    at(70)
    world.order_douyin(_BY_SKU["CURT-L"], receiver=_WENZHOU, number=SILENT)
    at(66)
    world.cast["silent"] = world.ship("douyin", SILENT, _WENZHOU, at=clock.now(), stall=True, company="zhongtong").waybill
    at(48)
    world.order_douyin(_BY_SKU["SF-GREY"], 2, receiver=_WENZHOU, number=STALLED, buyer="open-0417")
    at(33)
    world.cast["stalled"] = world.ship("douyin", STALLED, _WENZHOU, at=clock.now(), stall=True, company="shunfeng").waybill
    at(5)
    world.order_douyin(_BY_SKU["RUG-160"], receiver=world.somebody(), number=MOVING_HOUSE, buyer="open-0709")
    world.order_douyin(_BY_SKU["CUSH-4"], number=LATE, ship_within=int(4.6 * HOUR))
    world.order_douyin(_BY_SKU["LAMP-W"], number=SOON, ship_within=int(6.2 * HOUR))
    at(0)


def beats(world: World, address: str) -> list[Beat]:
    """The live day, in seconds from its start."""
    douyin, pinduoduo = world.douyin.buyers, world.pinduoduo.buyers

    def refund() -> None:
        world.cast["refund"] = douyin.apply_refund(
            SIGNED,
            kind="refund_shipped",
            amount=26800,
            reason="商品与描述不符",
            words="收到的颜色偏黄，和图片色差很大",
            photos=[f"{address}/p/demo/photo-1.png", f"{address}/p/demo/photo-2.png"],
        )

    def move_house() -> None:
        new = world.somebody() | {
            "province": "浙江省",
            "city": "杭州市",
            "district": "余杭区",
            "detail": "文一西路 998 号 5 幢",
        }
        douyin.request_address(MOVING_HOUSE, receiver=new)

    def rush(count: int) -> Any:
        def act() -> None:
            for index in range(count):
                world.order_douyin(_BY_SKU["SF-GREY"], 3, buyer=f"rush-{index}")

        return act

    def cheap() -> None:
        world.cast["loss"] = world.order_douyin(_BY_SKU["VASE-M"], price=2900, buyer="lucky")

    def last_piece() -> None:
        world.order_douyin(_BY_SKU["MIRR-L"], buyer="mirror-1")
        world.cast["oversold"] = world.order_pdd(_BY_SKU["MIRR-L"])

    return [
        Beat(12, "refund", refund),
        Beat(35, "address", move_house),
        *(Beat(50 + 4 * index, f"rush-{index}", rush(2)) for index in range(8)),
        Beat(95, "loss", cheap),
        Beat(115, "last piece", last_piece),
        Beat(140, "urge", lambda: pinduoduo.urge(next(iter(world.pinduoduo.state.orders)))),
    ]


def tour() -> list[dict[str, Any]]:
    """Five steps, under three minutes."""
    return [
        {
            "id": "ask",
            "title": "问一单到哪了",
            "text": "客户来催，把单号发到群里，只记得头尾也行。",
            "try": QUESTION,
            "as": "zhangming",
            "chat": "orders",
        },
        {
            "id": "refund",
            "title": "批一笔退款",
            "text": "约十几秒后群里会出现退款卡片：张明先同意，再换成周会计同意；撤回期里可以反悔。",
            "as": "zhangming",
            "chat": "orders",
        },
        {
            "id": "stock",
            "title": "库存快没了",
            "text": "一分钟左右灰色沙发套被抢单，这里会有带图的报警：按「为什么」「我认领」「稍后」试试。",
            "as": "chencai",
            "chat": "stock",
        },
        {
            "id": "margin",
            "title": "卖亏了先锁住",
            "text": "有人低价拍走花瓶，系统锁住结算，等店长放行。",
            "as": "chendian",
            "chat": "ops",
        },
        {
            "id": "stock-ask",
            "title": "自己问库存",
            "text": "随口问就行。",
            "try": "沙发套-灰 还有多少",
            "as": "lifang",
            "chat": "stock",
        },
    ]


def photo(name: str) -> bytes:
    """A sofa cover in the wrong colour, drawn."""
    from PIL import Image, ImageDraw

    tone = (201, 183, 142) if name.endswith("1") else (190, 176, 150)
    image = Image.new("RGB", (640, 480), (236, 233, 228))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((90, 200, 550, 400), 40, fill=tone)
    pen.rounded_rectangle((110, 120, 530, 300), 40, fill=tuple(part - 14 for part in tone))
    for left in (150, 340):
        pen.rounded_rectangle((left, 210, left + 150, 300), 20, fill=tuple(part + 10 for part in tone))
    pen.rectangle((100, 395, 140, 430), fill=(96, 84, 70))
    pen.rectangle((500, 395, 540, 430), fill=(96, 84, 70))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
