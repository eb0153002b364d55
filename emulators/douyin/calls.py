"""The platform's calls: what each one checks, answers and really does. `effect` is "" when nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.douyin import problems
from emulators.douyin.buyers import Buyers
from emulators.douyin.state import DAY, Row, State

REASONS = [
    {"reject_reason_code": 1, "reason": "买家误操作/取消申请", "evidence_description": ""},
    {"reject_reason_code": 2, "reason": "商品已发出", "evidence_description": "请上传发货凭证"},
    {"reject_reason_code": 7, "reason": "商品影响二次销售", "evidence_description": "请上传照片"},
]
HISTORY = 90 * DAY
CEILING = 50_000


@dataclass
class Result:
    data: Any
    effect: str = ""


Call = Callable[["Platform", int, Row], Result]


@dataclass
class Platform:
    """What a call may touch."""

    state: State
    buyers: Buyers
    half_pages: bool = False


def search_orders(platform: Platform, shop: int, params: Row) -> Result:
    state = platform.state
    name = "update_time" if "update_time_start" in params else "create_time"
    start, end = _number(params, f"{name}_start"), _number(params, f"{name}_end")
    page, size = _paging(params)
    since = state.now() - HISTORY
    hits = [
        row
        for number, row in state.orders.items()
        if row["shop_id"] == shop
        and _sortable(row["create_time"]) >= since
        and start <= _sortable(row[name]) <= end
        and _visible(state, number)
    ]
    hits.sort(key=lambda row: (_sortable(row[params.get("order_by", name)]), str(row["order_id"])))
    if not params.get("order_asc", False):
        hits.reverse()
    return Result({"shop_order_list": _cut(platform, hits, page, size), "total": len(hits), "page": page, "size": size})


def order_detail(platform: Platform, shop: int, params: Row) -> Result:
    return Result({"shop_order_detail": dict(_order(platform, shop, params.get("shop_order_id")))})


def list_aftersales(platform: Platform, shop: int, params: Row) -> Result:
    state = platform.state
    page, size = _paging(params)
    if page * size > CEILING:
        raise problems.bad_parameter("page*size 不能超过 50000")
    name = "update_time" if "update_start_time" in params else "apply_time"
    if name == "update_time":
        start, end = _number(params, "update_start_time"), _number(params, "update_end_time")
        if params.get("order_by") != ["update_time asc"]:
            raise problems.bad_parameter("按更新时间查询时 order_by 只能是 update_time asc")
    else:
        # By apply time the end is open, and without a span it is the last half year.
        start = params.get("start_time", state.now() - 180 * DAY)
        end = params.get("end_time", state.now()) - 1
    hits = [
        row
        for number, row in state.aftersales.items()
        if row["shop_id"] == shop and start <= _sortable(row[name]) <= end and _visible(state, number)
    ]
    hits.sort(key=lambda row: (_sortable(row[name]), row["aftersale_id"]))
    items = [_item(row) for row in _cut(platform, hits, page, size)]
    return Result(
        {"items": items, "total": len(hits), "page": page, "size": size, "has_more": len(hits) > (page + 1) * size}
    )


def _item(row: Row) -> Row:
    hidden = ("shop_order_id", "sku_order_ids", "shop_id", "reason", "real_refund_amount")
    info = {name: value for name, value in row.items() if name not in hidden}
    lines = [{"sku_order_id": number} for number in row["sku_order_ids"]]
    order = {"shop_order_id": row["shop_order_id"], "related_order_info": lines}
    return {"aftersale_info": info, "order_info": order, "text_part": {"reason_text": row["reason"]}}


def aftersale_detail(platform: Platform, shop: int, params: Row) -> Result:
    row = _aftersale(platform, shop, params.get("after_sale_id"))
    names = {"aftersale_id": "after_sale_id", "aftersale_status": "after_sale_status", "aftersale_type": "after_sale_type"}
    info = {names.get(name, name): value for name, value in row.items() if name not in ("shop_order_id", "sku_order_ids")}
    lines = [{"sku_order_id": number} for number in row["sku_order_ids"]]
    back = {"return": {"tracking_no": row["return_logistics_code"]}}
    return Result(
        {
            "order_info": {"shop_order_id": row["shop_order_id"], "sku_order_infos": lines},
            "process_info": {"after_sale_info": info, "logistics_info": back, "arbitrate_info": {}},
        }
    )


def operate(platform: Platform, shop: int, params: Row) -> Result:
    """All items or none: one refused item refuses the request."""
    kind, items = params.get("type"), params.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= 20:
        raise problems.bad_parameter("items 数量应为 1-20")
    effects = []
    for item in items:
        row = _aftersale(platform, shop, item.get("aftersale_id"))
        if "update_time" in item and item["update_time"] != row["update_time"]:
            raise problems.state_changed()
        effects.append(_operate(platform, kind, item, row))
    done = [{"aftersale_id": item["aftersale_id"], "status_code": 0, "status_msg": "success"} for item in items]
    return Result({"items": done}, "; ".join(effects))


def _operate(platform: Platform, kind: Any, item: Row, row: Row) -> str:
    number, money_only = row["aftersale_id"], row["aftersale_type"] in (1, 2, 6)
    waits = row["aftersale_status"] == 6
    match kind:
        case 201 if waits and money_only:
            platform.buyers.refunded(row)
            return f"refunded {row['refund_amount']} on {number}"
        case 101 if waits and row["aftersale_type"] == 0:
            if not (item.get("logistics") or {}).get("receiver_address_id"):
                raise problems.bad_parameter("同意退货必须填写退货地址")
            platform.buyers.aftersale_moved(row, 7, "202")
            return f"return agreed on {number}"
        case 111 if row["aftersale_status"] == 11:
            platform.buyers.refunded(row)
            return f"refunded {row['refund_amount']} on {number}"
        case 202 | 102 if waits and (money_only if kind == 202 else row["aftersale_type"] == 0):
            if item.get("reject_reason_code") not in {reason["reject_reason_code"] for reason in REASONS}:
                raise problems.bad_parameter("拒绝原因不在可选范围内")
            platform.buyers.aftersale_moved(row, 27, "204" if kind == 202 else "205")
            return f"refused {number}"
        case 201 | 202 | 101 | 102 | 111:
            raise problems.state_changed()
        case _:
            raise problems.business("11001", "该操作只能在商家后台进行")


def reject_reasons(platform: Platform, shop: int, params: Row) -> Result:
    _aftersale(platform, shop, params.get("aftersale_id"))
    return Result({"items": REASONS})


def confirm_address(platform: Platform, shop: int, params: Row) -> Result:
    row = _order(platform, shop, params.get("order_id"))
    verdict = params.get("is_approved")
    if verdict not in (0, 1001, 1002, 1003, 1004, 1005):
        raise problems.bad_parameter("is_approved 取值不合法")
    request = platform.state.address_requests.get(row["order_id"])
    if request is None or request["status"] != "pending":
        raise problems.business("31009", "没有待处理的改地址申请")
    request["status"] = "agreed" if verdict == 0 else "refused"
    request["verdict"] = verdict
    if verdict == 0:
        platform.buyers.address_changed(row["order_id"], request["receiver"])
    return Result({}, f"address {request['status']} on {row['order_id']}")


def modify_address(platform: Platform, shop: int, params: Row) -> Result:
    row = _order(platform, shop, params.get("order_id"))
    if row["order_status"] not in (2, 105):
        raise problems.business("31010", "订单已发货，不能修改收货信息")
    area = params.get("post_addr") or {}
    receiver = {
        "name": params.get("post_receiver", ""),
        "phone": params.get("post_tel", ""),
        "detail": area.get("address_detail", ""),
        **{ours: (area.get(theirs) or {}).get("name", "") for ours, theirs in
           (("province", "province"), ("city", "city"), ("district", "town"), ("town", "street"))},
    }  # fmt: skip
    if not receiver["province"] or not receiver["detail"]:
        raise problems.bad_parameter("收货地址不完整")
    if platform.state.plain[row["order_id"]] == receiver:
        return Result({})
    platform.buyers.address_changed(row["order_id"], receiver)
    return Result({}, f"address modified on {row['order_id']}")


def add_logistics(platform: Platform, shop: int, params: Row) -> Result:
    state, row = platform.state, _order(platform, shop, params.get("order_id"))
    waybill, company = str(params.get("logistics_code", "")), str(params.get("company_code", ""))
    key = str(params.get("request_id", ""))
    if key and state.used_keys.get(key) == waybill:
        return Result({"pack_id": waybill})
    if not waybill or not company:
        raise problems.bad_parameter("物流公司或运单号为空")
    if row["order_status"] not in (2, 101):
        raise problems.business("31001", "订单状态不支持发货")
    if params.get("is_reject_refund") is not True and _refund_open(state, row):
        raise problems.business("31002", "订单有进行中的售后，不能发货")
    if any(waybill == info["tracking_no"] for other in state.orders.values() for info in other["logistics_info"]):
        raise problems.business("31003", "运单号已被其他订单使用")
    platform.buyers.shipped(row, waybill=waybill, company=company)
    if key:
        state.used_keys[key] = waybill
    return Result({"pack_id": waybill}, f"shipped {row['order_id']} by {waybill}")


def _refund_open(state: State, row: Row) -> bool:
    return any(
        sale["shop_order_id"] == row["order_id"] and sale["aftersale_status"] in (6, 7, 11)
        for sale in state.aftersales.values()
    )


def add_remark(platform: Platform, shop: int, params: Row) -> Result:
    row = _order(platform, shop, params.get("order_id"))
    remark = str(params.get("remark", ""))
    if row["seller_words"] == remark:
        return Result({})
    row["seller_words"] = remark
    platform.buyers.remarked(row["order_id"])
    return Result({}, f"remarked {row['order_id']}")


def sync_stock(platform: Platform, shop: int, params: Row) -> Result:
    state, sku = platform.state, _sku(params)
    key = str(params.get("idempotent_id", ""))
    if key and key in state.used_keys:
        raise problems.repeated_key()
    number = params.get("stock_num")
    if not isinstance(number, int):
        raise problems.bad_parameter("stock_num 不合法")
    state.stock[sku] = state.stock.get(sku, 0) + number if params.get("incremental") else number
    if key:
        state.used_keys[key] = f"stock {sku}"
    return Result({}, f"stock of {sku} is {state.stock[sku]}")


def stock_num(platform: Platform, shop: int, params: Row) -> Result:
    return Result({"stock_num": platform.state.stock.get(_sku(params), 0)})


def batch_sensitive(platform: Platform, shop: int, params: Row) -> Result:
    infos = params.get("cipher_infos")
    if not isinstance(infos, list) or len(infos) > 50:
        raise problems.bad_parameter("cipher_infos 数量不能超过 50")
    found = []
    for info in infos:
        cipher = str(info.get("cipher_text", ""))
        mask = platform.state.ciphers.get(cipher.removeprefix("$$").removesuffix("$1$$"))
        told = {"decrypt_text": mask, "err_no": 0} if mask is not None else {"decrypt_text": "", "err_no": 300008}
        found.append({"auth_id": info.get("auth_id"), "cipher_text": cipher, **told})
    return Result({"decrypt_infos": found})


CALLS: dict[str, Call] = {
    "order.searchList": search_orders,
    "order.orderDetail": order_detail,
    "afterSale.List": list_aftersales,
    "afterSale.Detail": aftersale_detail,
    "afterSale.operate": operate,
    "afterSale.rejectReasonCodeList": reject_reasons,
    "order.addressConfirm": confirm_address,
    "order.addressModify": modify_address,
    "order.logisticsAdd": add_logistics,
    "order.logisticsAddSinglePack": add_logistics,
    "order.addOrderRemark": add_remark,
    "sku.syncStock": sync_stock,
    "sku.stockNum": stock_num,
    "order.batchSensitive": batch_sensitive,
}


def _order(platform: Platform, shop: int, number: Any) -> Row:
    row = platform.state.orders.get(str(number))
    if row is None or row["shop_id"] != shop:
        raise problems.business("10001", "订单不存在")
    return row


def _aftersale(platform: Platform, shop: int, number: Any) -> Row:
    row = platform.state.aftersales.get(str(number))
    if row is None or row["shop_id"] != shop:
        raise problems.business("10002", "售后单不存在")
    return row


def _sku(params: Row) -> str:
    sku = params.get("sku_id") or params.get("code") or params.get("out_sku_id")
    if not sku:
        raise problems.bad_parameter("sku_id 为空")
    return str(sku)


def _number(params: Row, name: str) -> int:
    value = params.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise problems.bad_parameter(f"{name} 不合法")
    return value


def _paging(params: Row) -> tuple[int, int]:
    page, size = _number(params, "page"), _number(params, "size")
    if page < 0 or not 1 <= size <= 100:
        raise problems.bad_parameter("size 最大 100，page 从 0 开始")
    return page, size


def _cut(platform: Platform, hits: list[Row], page: int, size: int) -> list[Row]:
    shown = [dict(row) for row in hits[page * size : (page + 1) * size]]
    acts, platform.state.after_page = platform.state.after_page, []
    for act in acts:
        act()
    return shown[: len(shown) // 2] if platform.half_pages else shown


def _visible(state: State, number: str) -> bool:
    return state.visible_at.get(number, 0.0) <= state.clock.now()


def _sortable(value: Any) -> int:
    return value if isinstance(value, int) else 0
