"""Message pushes: prove the sender, split the batch, answer as the platform wants; later, look up what changed."""

from __future__ import annotations

import hmac
import json
from typing import Any, Protocol

from domain.errors import BadInput, Forged, Rejected, Unavailable
from domain.order import Aftersale, Order, Receiver
from domain.ports import Change, DeadlineMoved, Poison, PushEvent, PushReceipt, RawRequest
from integrations.douyin import endpoints, wire
from integrations.douyin.aftersales import receiver_fields, to_address_request
from integrations.douyin.client import DouyinClient
from integrations.douyin.mapping import CHANNEL, is_cipher, redacted
from integrations.douyin.read import Unreadable, fingerprint, first, ident, moment
from integrations.douyin.settings import Settings

_NOT_YET = 30.0  # seconds: a push can arrive before the platform's own reading calls know


class Fetches(Protocol):
    async def order(self, number: str) -> Order | None: ...

    async def aftersale(self, number: str, order_number: str) -> Aftersale | None: ...


def receive(request: RawRequest, settings: Settings) -> PushReceipt:
    """Raises Forged when the signature or app does not match; BadInput when the signed body is not a batch of messages.

    One unreadable message does not spoil its batch: it becomes an event that `resolve` turns into a quarantine record.
    """
    told = request.headers.get("event-sign", "")
    right = wire.event_sign(settings.app_secret, app_key=settings.app_key, body=request.body)
    if not hmac.compare_digest(told.lower().encode(), right.encode()):
        raise Forged("douyin push: event-sign does not match")
    app = request.headers.get("app-id", settings.app_key)
    if app != settings.app_key:
        raise Forged("douyin push: another app's message")
    try:
        batch = json.loads(request.body)
    except (ValueError, RecursionError) as problem:
        raise BadInput("抖店推送的内容不是 JSON") from problem
    if not isinstance(batch, list):
        raise BadInput("抖店推送的内容不是消息数组")
    events = tuple(event for item in batch if (event := split(item)) is not None)
    return PushReceipt(events, 200, wire.PUSH_ACK)


def split(item: Any) -> PushEvent | None:
    if not isinstance(item, dict):
        return PushEvent("unreadable", f"unreadable:{fingerprint(item)}", json.dumps({"tag": "", "data": None}))
    tag, msg_id = str(item.get("tag", "")), str(item.get("msg_id", ""))
    if tag == wire.HEARTBEAT:
        return None
    data = item.get("data")
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            data = None
    body = json.dumps({"tag": tag, "data": data}, ensure_ascii=False, sort_keys=True)
    order = data.get("p_id") if isinstance(data, dict) else None
    return PushEvent(
        tag, f"{msg_id or fingerprint(item)}:{tag}", body, order_number=str(order) if isinstance(order, int | str) else ""
    )


async def resolve(event: PushEvent, fetches: Fetches, client: DouyinClient, settings: Settings) -> tuple[Change, ...]:
    """The canonical changes behind one message. Raises Unavailable while the platform's reads do not know the record yet."""
    stored = json.loads(event.body)
    tag, data = stored["tag"], stored["data"]
    if tag in wire.PRODUCT_PUSHES:
        return ()
    try:
        if not isinstance(data, dict):
            raise Unreadable("data: not an object")
        _ours(data, settings)
        return await _resolve(tag, data, fetches, client, settings)
    except Unreadable as problem:
        return (Poison(CHANNEL, event.dedupe, str(problem), redacted(stored)),)


async def _resolve(
    tag: str, data: dict[str, Any], fetches: Fetches, client: DouyinClient, settings: Settings
) -> tuple[Change, ...]:
    if tag in (wire.SHIP_BY_PUSH, wire.AFTERSALE_DEADLINE_PUSH):
        return (deadline(tag, data, shop=settings.shop),)
    if tag == wire.ADDRESS_PUSH:
        shown = await _with_masks(data, client, settings)
        return (to_address_request(shown, shop=settings.shop, field=settings.new_receiver_field),)
    if tag in wire.AFTERSALE_PUSHES:
        number = ident(first(data, "aftersale_id", "after_sale_id"), "aftersale_id")
        order_number = str(first(data, "p_id", "s_id") or "")
        return (_present(await fetches.aftersale(number, order_number)),)
    if tag in wire.ORDER_PUSHES:
        return (_present(await fetches.order(ident(data.get("p_id"), "p_id"))),)
    raise Unreadable(f"tag={tag[:20]}: unknown message")


def deadline(tag: str, data: dict[str, Any], *, shop: str) -> DeadlineMoved:
    """Tags 126 (ship by) and 209 (after-sale step)."""
    name = "exp_delivery_time" if tag == wire.SHIP_BY_PUSH else "status_deadline"
    due = moment(first(data, name, "exp_ship_time"), name)
    if due is None:
        raise Unreadable(f"{name}: missing")
    order = ident(first(data, "p_id", "s_id"), "p_id")
    if tag == wire.SHIP_BY_PUSH:
        return DeadlineMoved(CHANNEL, shop, order, "ship_by", due)
    number = ident(first(data, "aftersale_id", "after_sale_id"), "aftersale_id")
    return DeadlineMoved(CHANNEL, shop, order, "aftersale", due, aftersale_number=number)


def _present(found: Order | Aftersale | None) -> Order | Aftersale:
    if found is None:
        raise Unavailable("pushed, but not readable yet", retry_after=_NOT_YET)
    return found


def _ours(data: dict[str, Any], settings: Settings) -> None:
    told = data.get("shop_id")
    if told is not None and str(told) != settings.shop_id:
        raise Unreadable("shop_id: belongs to another shop of this app")


async def _with_masks(data: dict[str, Any], client: DouyinClient, settings: Settings) -> dict[str, Any]:
    """Push 111 carries ciphertext only; ask the platform for the masks. Without them the areas must do."""
    name = settings.new_receiver_field
    fields = receiver_fields(data, name)
    area = fields["post_addr"]
    ciphers = {
        "mask_name": fields["encrypt_post_receiver"],
        "mask_tel": fields["encrypt_post_tel"],
        "mask_detail": first(area, "encrypt_detail", "detail"),
    }
    wanted = {field: text for field, text in ciphers.items() if isinstance(text, str) and is_cipher(text)}
    if not wanted or not settings.mask_by_api:
        return data
    try:
        masks = await endpoints.masks(client, ident(first(data, "p_id", "s_id"), "p_id"), list(wanted.values()))
    except Rejected:
        return data  # this app may not mask; a refusal must not cost us the request itself
    told = data[name] if isinstance(data[name], dict) else json.loads(data[name])
    return {**data, name: {**told, **{field: masks[text] for field, text in wanted.items() if text in masks}}}


def receiver_params(receiver: Receiver) -> dict[str, Any]:
    """A receiver in the spelling of `order.addressModify`."""
    return {
        "post_receiver": receiver.name,
        "post_tel": receiver.phone,
        "post_addr": {
            "province": {"name": receiver.province},
            "city": {"name": receiver.city},
            "town": {"name": receiver.district},
            "street": {"name": receiver.town},
            "address_detail": receiver.detail,
        },
    }
