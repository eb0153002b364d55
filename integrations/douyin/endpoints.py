"""The platform's calls by name: parameters in its spelling, answers in its shape."""

from __future__ import annotations

from typing import Any

from domain.errors import ProtocolBroken, Rejected
from integrations._kit.sweep import Page
from integrations.douyin import wire
from integrations.douyin.client import DouyinClient

LIST_CEILING = 50_000  # afterSale.List: page x size may not exceed this


async def order_page(client: DouyinClient, *, start: int, end: int, page: int, size: int) -> Page:
    data = await client.call(
        "order.searchList",
        {
            "update_time_start": start,
            "update_time_end": end,
            "page": page,
            "size": size,
            "order_by": "update_time",
            "order_asc": True,
        },
    )
    return _page("order.searchList", data, "shop_order_list")


async def order_detail(client: DouyinClient, number: str) -> dict[str, Any] | None:
    """The order, or None when the platform says that there is none."""
    try:
        data = await client.call("order.orderDetail", {"shop_order_id": number})
    except Rejected as refused:
        if _says_unknown(refused):
            return None
        raise
    return _object("order.orderDetail", data, "shop_order_detail")


async def aftersale_page(client: DouyinClient, *, start: int, end: int, page: int, size: int) -> Page:
    if page * size > LIST_CEILING:
        raise ProtocolBroken("afterSale.List: more after-sales in one second than the platform lists")
    data = await client.call(
        "afterSale.List",
        {
            "update_start_time": start,
            "update_end_time": end,
            "page": page,
            "size": size,
            "order_by": ["update_time asc"],
        },
    )
    return _page("afterSale.List", data, "items")


async def aftersale_detail(client: DouyinClient, number: str) -> dict[str, Any] | None:
    try:
        return await client.call("afterSale.Detail", {"after_sale_id": number})
    except Rejected as refused:
        if _says_unknown(refused):
            return None
        raise


async def operate(client: DouyinClient, kind: int, item: dict[str, Any]) -> None:
    """Decide one after-sale. The outer envelope may say yes while the item says no: both are read."""
    data = await client.call("afterSale.operate", {"type": kind, "items": [item]}, changes=True)
    for result in data.get("items") or []:
        code = result.get("status_code", 0) if isinstance(result, dict) else 0
        if code not in (0, wire.OK, "0", ""):
            raise Rejected(str(code), str(result.get("status_msg") or "平台没有说明原因")[:200])


async def reject_reasons(client: DouyinClient, number: str) -> list[dict[str, Any]]:
    data = await client.call("afterSale.rejectReasonCodeList", {"aftersale_id": number})
    return _rows("afterSale.rejectReasonCodeList", data, "items")


async def address_confirm(client: DouyinClient, number: str, verdict: int) -> None:
    await client.call("order.addressConfirm", {"order_id": number, "is_approved": verdict}, changes=True)


async def address_modify(client: DouyinClient, number: str, receiver: dict[str, Any]) -> None:
    await client.call("order.addressModify", {"order_id": number, **receiver}, changes=True)


async def add_logistics(client: DouyinClient, method: str, params: dict[str, Any]) -> None:
    await client.call(method, params, changes=True)


async def add_remark(client: DouyinClient, number: str, remark: str) -> None:
    await client.call("order.addOrderRemark", {"order_id": number, "remark": remark}, changes=True)


async def sync_stock(client: DouyinClient, params: dict[str, Any]) -> None:
    await client.call("sku.syncStock", params, changes=True)


async def stock_num(client: DouyinClient, method: str, params: dict[str, Any]) -> int:
    data = await client.call(method, params)
    value = data.get("stock_num")
    if not isinstance(value, int):
        raise ProtocolBroken(f"{method}: no stock_num")
    return value


async def masks(client: DouyinClient, order_number: str, ciphers: list[str]) -> dict[str, str]:
    """Masked text for ciphertexts, by ciphertext; what the platform cannot mask is left out."""
    infos: list[wire.CipherInfo] = [{"auth_id": order_number, "cipher_text": cipher} for cipher in ciphers[:50]]
    data = await client.call("order.batchSensitive", {"cipher_infos": infos})
    rows = _rows("order.batchSensitive", data, "decrypt_infos")
    return {str(row.get("cipher_text")): str(row.get("decrypt_text")) for row in rows if not row.get("err_no")}


def _says_unknown(refused: Rejected) -> bool:
    return any(word in refused.reason for word in ("不存在", "not exist", "not found"))


def _object(method: str, data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise ProtocolBroken(f"{method}: no {name}")
    return value


def _rows(method: str, data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [row for row in _list(method, data, name) if isinstance(row, dict)]


def _list(method: str, data: dict[str, Any], name: str) -> list[Any]:
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ProtocolBroken(f"{method}: {name} is not a list")
    return value


def _page(method: str, data: dict[str, Any], name: str) -> Page:
    if "total" not in data:
        raise ProtocolBroken(f"{method}: no total")
    total = data["total"]
    if isinstance(total, str) and total.isdecimal():
        total = int(total)
    if not isinstance(total, int) or isinstance(total, bool):
        raise ProtocolBroken(f"{method}: total is not a number")
    return Page(_list(method, data, name), total)
