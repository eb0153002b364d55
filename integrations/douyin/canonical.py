"""`xiaodan map douyin`: a raw answer or push of the platform, read without network and without a clock."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from domain.errors import BadInput
from domain.ports import Change, Poison, PushEvent
from integrations.douyin import push, wire
from integrations.douyin.aftersales import to_address_request, to_aftersale
from integrations.douyin.mapping import CHANNEL, redacted, to_order
from integrations.douyin.read import Unreadable

_ORDER_KEYS = ("shop_order_list", "shop_order_detail")


def canonical(kind: str, payload: Any, *, shop: str, now: datetime) -> list[Change | PushEvent]:  # noqa: ARG001 (the common shape)
    """Canonical objects of one payload; records that cannot be read come as `Poison`. Raises BadInput when nothing fits."""
    match kind:
        case "order":
            return [_read(row, lambda row: to_order(row, shop=shop), "order_id") for row in _orders(_opened(payload))]
        case "aftersale":
            rows = _aftersales(_opened(payload))
            return [_read(row, lambda row: to_aftersale(row, shop=shop), "aftersale_id") for row in rows]
        case "push":
            return [_message(item, shop) for item in _batch(payload)]
        case _:
            raise BadInput(f"抖店没有“{kind}”这类数据，可以是 order、aftersale 或 push")


def _opened(payload: Any) -> Any:
    """Without the envelope. An error answer is named as such."""
    if isinstance(payload, dict) and "code" in payload and ("data" in payload or "msg" in payload):
        if payload["code"] not in (wire.OK, 0, str(wire.OK)):
            raise BadInput(f"这是平台的报错（code {str(payload['code'])[:20]}），里面没有数据")
        return payload.get("data")
    if isinstance(payload, dict) and set(payload) <= {"data", "err_no", "message", "log_id"} and "data" in payload:
        return payload["data"]
    return payload


def _orders(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        for key in _ORDER_KEYS:
            if key in data:
                value = data[key]
                return value if isinstance(value, list) else [value]
        if "order_id" in data:
            return [data]
    raise BadInput("这不像抖店的订单：没有 shop_order_list、shop_order_detail 或 order_id")


def _aftersales(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        if isinstance(data.get("items"), list):
            return list(data["items"])
        if {"process_info", "aftersale_info", "after_sale_info", "aftersale_id", "after_sale_id"} & set(data):
            return [data]
    raise BadInput("这不像抖店的售后单：没有 items、process_info 或 aftersale_id")


def _batch(payload: Any) -> list[Any]:
    batch = payload if isinstance(payload, list) else [payload]
    if not all(isinstance(item, dict) and "tag" in item for item in batch):
        raise BadInput("这不像抖店的推送：每条消息都应有 tag、msg_id 和 data")
    return batch


def _read(row: Any, mapper: Any, name: str) -> Change:
    try:
        if not isinstance(row, dict):
            raise Unreadable("row: not an object")
        mapped: Change = mapper(row)
    except Unreadable as problem:
        return Poison(CHANNEL, str(row.get(name, ""))[:64] if isinstance(row, dict) else "", str(problem), redacted(row))
    return mapped


def _message(item: dict[str, Any], shop: str) -> Change | PushEvent:
    """Messages that say everything become changes; thin ones stay events naming the order to fetch."""
    tag, data = str(item["tag"]), item.get("data")
    try:
        data = json.loads(data) if isinstance(data, str) else data
        if not isinstance(data, dict):
            raise Unreadable("data: not an object")
        if tag == wire.ADDRESS_PUSH:
            return to_address_request(data, shop=shop)
        if tag in (wire.SHIP_BY_PUSH, wire.AFTERSALE_DEADLINE_PUSH):
            return push.deadline(tag, data, shop=shop)
    except ValueError as problem:
        reason = str(problem) if isinstance(problem, Unreadable) else "data: not JSON"
        return Poison(CHANNEL, str(item.get("msg_id", ""))[:64], reason, redacted(item))
    event = push.split(item)
    return event if event is not None else Poison(CHANNEL, str(item.get("msg_id", "")), "heartbeat", "{}")
