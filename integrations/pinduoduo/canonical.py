"""Any saved reply, row or message of Pinduoduo in our words, without network: for `xiaodan map` and for replays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from domain.errors import BadInput
from domain.order import Aftersale, Order
from domain.ports import Change, Poison, PushEvent
from integrations.pinduoduo import aftersales, messages, values
from integrations.pinduoduo.mapping import CHANNEL, to_order
from integrations.pinduoduo.values import Unmappable
from integrations.pinduoduo.wire import Row

_REFUND_ID = ("after_sales_status", "after_sales_type")


def canonical(kind: str, payload: Any, *, shop: str, now: datetime) -> list[Change | PushEvent]:
    """Read full reply envelopes (`order_sn_increment_get_response`, `order_info_get_response`, …), bare objects or lists.

    `kind`: order | aftersale | push. Records that cannot be read come back as Poison; a message that only names an order
    comes back as the PushEvent that the order would be fetched for. Raises BadInput when nothing of it is Pinduoduo's.
    """
    del now  # every record carries its own times
    found: list[Change | PushEvent]
    match kind:
        case "order":
            found = [order_or_poison(row, shop=shop) for row in _records(payload, ("order_sn",))]
        case "aftersale":
            found = [aftersale_or_poison(row, shop=shop) for row in _records(payload, _REFUND_ID)]
        case "push":
            found = [_push(frame, shop=shop) for frame in _frames(payload)]
        case _:
            raise BadInput(f"拼多多没有 {values.clean(kind, 20)} 这种数据，可以用 order、aftersale、push。")
    if not found:
        raise BadInput(_nothing(payload))
    return found


def order_or_poison(row: Row, *, shop: str) -> Order | Poison:
    """One order, or the row set aside with its reason and without personal data."""
    try:
        return to_order(row, shop=shop)
    except Unmappable as problem:
        return poison(row, "order_sn", problem)


def aftersale_or_poison(row: Row, *, shop: str, source: Literal["list", "detail", ""] = "") -> Aftersale | Poison:
    """One after-sale from a list row or a detail; "" tells them apart by their field names."""
    detail = source == "detail" or (source == "" and aftersales.is_detail(row))
    try:
        return aftersales.from_detail(row, shop=shop) if detail else aftersales.from_list(row, shop=shop)
    except Unmappable as problem:
        return poison(row, "id", problem)


def poison(row: Row, ref: str, problem: Unmappable) -> Poison:
    """A record for quarantine. The reason names a field, never its content."""
    told = row.get(ref)
    name = values.clean(str(told), 64) if isinstance(told, str | int) else ""
    return Poison(CHANNEL, name, str(problem), values.without_personal(dict(row)))


def _nothing(payload: Any) -> str:
    if isinstance(payload, dict) and isinstance(error := payload.get("error_response"), dict):
        return f"这是拼多多的报错，里面没有数据：{values.words(error, 'error_msg', 80)}"
    return "这里面没有看懂的拼多多数据。请给接口的完整返回，或其中的订单、售后、消息对象。"


def _records(payload: Any, marks: tuple[str, ...], depth: int = 0) -> Iterator[Row]:
    """Every object that carries one of `marks`, whatever envelope it lies in, in the order of the file."""
    if isinstance(payload, list):
        for each in payload:
            if depth == 0 and not isinstance(each, dict | list):
                raise BadInput("列表里有不是对象的内容，请检查文件。")
            yield from _records(each, marks, depth + 1)
    elif isinstance(payload, dict):
        if any(mark in payload for mark in marks):
            yield payload
        elif depth < 6:
            for each in payload.values():
                if isinstance(each, dict | list):
                    yield from _records(each, marks, depth + 1)


def _frames(payload: Any) -> Iterator[Any]:
    for each in payload if isinstance(payload, list) else [payload]:
        if isinstance(each, dict) and each.get("commandType") in ("HeartBeat", "Ack"):
            continue
        if isinstance(each, dict) and (isinstance(each.get("message"), dict) or "type" in each or "tid" in each):
            yield each


def _push(frame: Row, *, shop: str) -> Change | PushEvent:
    """A whole frame, its `message`, or only the decoded content of one."""
    message = frame["message"] if isinstance(frame.get("message"), dict) else frame
    if "content" not in message and "refund_id" in message:
        message = {
            "type": "pdd_refund_RefundCreated",
            "mallID": message.get("mall_id"),
            "content": json.dumps(dict(message)),
        }
    event = messages.event_of({"id": frame.get("id", 0), "sendTime": frame.get("sendTime", 0), "message": message})
    if not event.kind.startswith("pdd_refund_"):
        return event
    try:
        return aftersales.from_message(event.kind, messages.content_of(event), shop=shop)
    except Unmappable as problem:
        return poison(message, "id", problem)
