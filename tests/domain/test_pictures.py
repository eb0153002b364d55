"""Numbers on a picture: what a channel or a carrier printed as its number, and nothing else of all the digits."""

from __future__ import annotations

import pytest

from domain.pictures import MOST, shown
from domain.ports import Code, Seen

ORDER, WAYBILL = "6920123456780417", "SF1234567890123"


@pytest.mark.parametrize(
    ("lines", "kind", "numbers"),
    [
        ((f"订单编号{ORDER}",), "order_no", (ORDER,)),
        (("订单编号", ORDER), "order_no", (ORDER,)),
        ((f"订单编号：{ORDER} 复制", f"顺丰速运{WAYBILL}"), "order_no", (ORDER,)),
        (("运单号", WAYBILL), "waybill_no", (WAYBILL,)),
        ((f"顺丰速运 {WAYBILL}",), "waybill_no", (WAYBILL,)),
        (("快递单号：78912345678901",), "waybill_no", ("78912345678901",)),
        (("Order # 123-1234567-1234567",), "order_no", ("123-1234567-1234567",)),
        (("订单号 251112-123456789012345",), "order_no", ("251112-123456789012345",)),
        ((f"订单号{ORDER}", f"订单号{ORDER}"), "order_no", (ORDER,)),
    ],
)
def test_the_printed_number_is_found(lines: tuple[str, ...], kind: str, numbers: tuple[str, ...]) -> None:
    assert shown(Seen(lines=lines)).asked() == (kind, numbers)


@pytest.mark.parametrize(
    "line",
    [
        "下单时间2026-11-1100:03:21",
        "付款时间 2026.11.11 00:03",
        "实付款¥1,299.00",
        "收货人王小明138****5678",
        "联系电话 13800005678",
        "支付宝交易号 2026111122001412345678901234",
        "商户单号 100005012026111112345678",
        "发票号码 044001900111",
        "共 3 件商品",
        "9:41",
        "",
    ],
)
def test_other_digits_of_a_screenshot_are_left_alone(line: str) -> None:
    assert not shown(Seen(lines=(line,))).any


@pytest.mark.parametrize(
    ("code", "kind", "number"),
    [
        (WAYBILL, "waybill_no", WAYBILL),
        (ORDER, "order_no", ORDER),
        (f"https://shop.example/order?orderId={ORDER}&from=app", "order_no", ORDER),
        (f"https://carrier.example/t/{WAYBILL}", "waybill_no", WAYBILL),
    ],
)
def test_a_code_is_believed_without_a_label(code: str, kind: str, number: str) -> None:
    assert shown(Seen((Code(code),))).asked() == (kind, (number,))


def test_the_code_of_an_article_is_asked_only_when_nothing_else_is_there() -> None:
    product = Code("6901234567892", product=True)
    assert shown(Seen((product,))).asked() == ("sku", ("6901234567892",))
    assert shown(Seen((product, Code(WAYBILL)))).asked() == ("waybill_no", (WAYBILL,))


def test_a_long_list_is_cut_but_counted() -> None:
    numbers = tuple(str(6920123456780000 + index) for index in range(12))
    found = shown(Seen(lines=tuple(f"订单号 {one}" for one in numbers)))
    assert found.orders == numbers
    assert found.asked() == ("order_no", numbers[:MOST])


def test_nineteen_digits_stay_what_they_are() -> None:
    assert shown(Seen(lines=("订单编号 9007199254740993001",))).asked() == ("order_no", ("9007199254740993001",))
