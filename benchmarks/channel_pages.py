"""Invented orders as a channel delivers them: the answer of Douyin's `order.searchList`, with every documented field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from domain.order import Order, OrderLine, Stage
from integrations.douyin.mapping import to_order

_STATUS = {Stage.TO_SHIP: 2, Stage.SHIPPED: 3, Stage.DELIVERED: 3, Stage.COMPLETED: 5, Stage.CLOSED_REFUNDED: 4}


def page_of(orders: Sequence[Order]) -> bytes:
    """One answer with these orders, whatever channel they were invented for. Numbers are digits there, always."""
    rows = [_row(one) for one in orders]
    body = {"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "log_id": "20261120", "data": {
        "page": 0, "size": len(rows), "total": len(rows), "shop_order_list": rows,
    }}  # fmt: skip
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def orders_of(page: bytes, shop: str = "douyin-1") -> list[Order]:
    """What the connector makes of the bytes of an answer."""
    return [to_order(row, shop=shop) for row in json.loads(page)["data"]["shop_order_list"]]


def digits(number: str) -> str:
    return "".join(one for one in number if one.isdigit())


def _row(one: Order) -> dict[str, Any]:
    to, parcel, number = one.receiver, one.parcels[0], digits(one.number)
    status, created = _STATUS[one.stage], int(one.created_at.timestamp())
    return {
        "order_id": number, "shop_id": 4463798, "order_status": status, "main_status": status, "create_time": created,
        "pay_time": created, "update_time": int(one.updated_at.timestamp()), "finish_time": 0,
        "exp_ship_time": created + 172_800, "ship_time": created + 3600, "appointment_ship_time": 0,
        "order_amount": one.goods.minor, "pay_amount": one.total.minor, "post_amount": 0, "promotion_amount": 0,
        "promotion_shop_amount": 0, "promotion_platform_amount": 0, "promotion_talent_amount": 0, "promotion_pay_amount": 0,
        "shop_cost_amount": 0, "platform_cost_amount": 0, "only_platform_cost_amount": 0, "author_cost_amount": 0,
        "buyer_words": "", "seller_words": "", "seller_remark_stars": 0, "doudian_open_id": one.buyer_key,
        "open_address_id": f"#{one.buyer_key}#", "encrypt_post_receiver": "##K1x9oq0hGv8Zt2##",
        "encrypt_post_tel": "$$MTM4MDAwMDEyMzQ$1$$", "mask_post_receiver": f"{to.name[0]}*",
        "mask_post_tel": f"{to.phone[:3]}****{to.phone[-4:]}",
        "post_addr": {
            "province": {"name": to.province, "id": "33"}, "city": {"name": to.city, "id": "330300"},
            "town": {"name": to.district, "id": "330302"}, "street": {"name": "五马街道", "id": "330302001"},
            "encrypt_detail": "##u8Jc0nO3aa##",
        },
        "mask_post_addr": {"detail": f"{to.detail[:3]}***"},
        "logistics_info": [{
            "tracking_no": parcel.waybill, "company": "shunfeng", "company_name": "顺丰速运", "ship_time": created + 3600,
            "delivery_id": number,
        }],
        "sku_order_list": [_line(number, line) for line in one.lines],
    }  # fmt: skip


def _line(number: str, line: OrderLine) -> dict[str, Any]:
    return {
        "order_id": f"{number}{line.line_id}", "parent_order_id": number, "product_id": 3_600_000_000_000_000_123,
        "sku_id": 1_700_000_000_000_000_321, "out_sku_id": 0, "code": line.sku, "product_name": line.title,
        "item_num": line.quantity, "origin_amount": line.unit_price.minor, "sum_amount": line.total.minor,
        "promotion_amount": 0, "given_product_type": "",
        "after_sale_info": {"after_sale_status": 0, "after_sale_type": 0, "refund_status": 0},
    }  # fmt: skip
