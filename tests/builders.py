"""Orders and what hangs on them, with only what a test cares about spelled out. Used by every test folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.chat import ChatKind, ChatRef, Message, Sender
from domain.money import Money
from domain.order import (
    Aftersale,
    AftersaleKind,
    AftersaleStage,
    Order,
    OrderLine,
    Parcel,
    Receiver,
    Stage,
    Track,
    TrackEvent,
    TrackStage,
)
from domain.people import Actor, May, Person, Role
from domain.store import Alert, Approval, BoundChat

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)  # 14:00 in Shanghai, a Friday
NUMBER = "6920154783210058842"
SHOP = "旗舰店"


def money(minor: int, currency: str = "CNY") -> Money:
    return Money(minor, currency)


def line(sku: str = "SKU-1", quantity: int = 1, price: int = 26_800, **more: Any) -> OrderLine:
    given: dict[str, Any] = {
        "line_id": f"L-{sku}",
        "sku": sku,
        "title": "保温杯 500ml 曜石黑",
        "quantity": quantity,
        "unit_price": money(price),
        "total": money(price * quantity),
    }
    return OrderLine(**(given | more))


def receiver(**more: Any) -> Receiver:
    given: dict[str, Any] = {
        "name": "王小芳",
        "phone": "13812345678",
        "province": "浙江省",
        "city": "杭州市",
        "district": "西湖区",
        "town": "北山街道",
        "detail": "文三路 90 号 3 幢 501",
    }
    return Receiver(**(given | more))


def order(number: str = NUMBER, *, stage: Stage = Stage.TO_SHIP, at: datetime = NOW, **more: Any) -> Order:
    """A paid Douyin order of one line, created two hours before `at` and last updated at `at`; balanced."""
    lines = more.pop("lines", (line(),))
    goods = more.pop("goods", None) or money(sum(one.total.minor for one in lines))
    given: dict[str, Any] = {
        "channel": "douyin",
        "shop": SHOP,
        "number": number,
        "stage": stage,
        "created_at": at - timedelta(hours=2),
        "updated_at": at,
        "goods": goods,
        "freight": money(0),
        "discount": money(0),
        "total": goods,
        "paid": goods if stage is not Stage.UNPAID else money(0),
        "refunded": money(0),
        "lines": lines,
        "receiver": receiver(),
        "buyer_key": "buyer-1",
        "buyer_name": "芳芳",
        "paid_at": at - timedelta(hours=2) if stage is not Stage.UNPAID else None,
        "ship_by": at + timedelta(hours=46),
        "raw_status": "2",
    }
    return Order(**(given | more))


def newer(before: Order, minutes: int = 5, **changes: Any) -> Order:
    """The next version of an order, as its channel would send it."""
    return replace(before, updated_at=before.updated_at + timedelta(minutes=minutes), **changes)


def parcel(waybill: str = "SF1234567890123", **more: Any) -> Parcel:
    given: dict[str, Any] = {"waybill": waybill, "carrier": "sf", "shipped_at": NOW - timedelta(minutes=30)}
    return Parcel(**(given | more))


def shipped(number: str = NUMBER, *, waybill: str = "SF1234567890123", at: datetime = NOW, **more: Any) -> Order:
    parcels = more.pop("parcels", (parcel(waybill, shipped_at=at - timedelta(minutes=30)),))
    return order(number, stage=Stage.SHIPPED, at=at, parcels=parcels, shipped_at=at - timedelta(minutes=30), **more)


def scan(text: str, stage: TrackStage = TrackStage.IN_TRANSIT, at: datetime = NOW, **more: Any) -> TrackEvent:
    return TrackEvent(at, text, stage, **more)


def track(*events: TrackEvent, waybill: str = "SF1234567890123", **more: Any) -> Track:
    given: dict[str, Any] = {
        "waybill": waybill,
        "carrier": "sf",
        "events": events,
        "stage": events[-1].stage if events else TrackStage.CREATED,
        "source": "kuaidi100",
        "fetched_at": NOW,
    }
    return Track(**(given | more))


def aftersale(number: str = "7100001", *, order_number: str = NUMBER, at: datetime = NOW, **more: Any) -> Aftersale:
    given: dict[str, Any] = {
        "channel": "douyin",
        "shop": SHOP,
        "number": number,
        "order_number": order_number,
        "kind": AftersaleKind.REFUND,
        "stage": AftersaleStage.WAIT_MERCHANT,
        "amount": money(26_800),
        "created_at": at - timedelta(hours=1),
        "updated_at": at,
        "reason": "不想要了",
        "deadline": at + timedelta(hours=47),
        "version": "1",
    }
    return Aftersale(**(given | more))


def approval(*, order_id: int = 1, key: str = "refund-1", **more: Any) -> Approval:
    given: dict[str, Any] = {
        "id": 0,
        "number": "",
        "kind": "refund",
        "state": "waiting",
        "channel": "douyin",
        "shop": SHOP,
        "order_id": order_id,
        "order_number": NUMBER,
        "subject": "7100001",
        "amount": money(26_800),
        "requester_id": 0,
        "requester_name": "买家",
        "created_at": NOW,
        "version": 0,
        "steps": ("approve_service", "approve_finance"),
        "step": 0,
        "decisions": (),
        "fingerprint": "f1",
        "rule": "refund@1",
        "key": key,
        "facts": {"reason": "不想要了"},
    }
    return Approval(**(given | more))


def alert(fingerprint: str = "stock:SKU-1", **more: Any) -> Alert:
    given: dict[str, Any] = {
        "id": 0,
        "number": "",
        "rule": "stock_low",
        "rule_version": 1,
        "fingerprint": fingerprint,
        "group": "stock_low:杭州仓",
        "severity": "warning",
        "state": "open",
        "title": "库存低于安全线",
        "facts": {"available": 3, "safety": 10},
        "order_ids": (),
        "first_at": NOW,
        "last_at": NOW,
        "count": 1,
        "version": 0,
        "route": "stock",
    }
    return Alert(**(given | more))


def person(name: str = "张明", *roles: Role, person_id: int = 0, **more: Any) -> Person:
    accounts = more.pop("accounts", (("console", name),))
    return Person(person_id, name, frozenset(roles or (Role.SERVICE,)), accounts=accounts, **more)


def actor(who: Person | None = None, *, may: frozenset[May] = frozenset(May), direct: bool = False, **more: Any) -> Actor:
    given: dict[str, Any] = {"platform": "console", "user_id": "zhangming", "chat_id": "group-1"}
    return Actor(who or person(person_id=1), may, direct=direct, **(given | more))


def bound_chat(chat_id: str = "group-1", *topics: str, **more: Any) -> BoundChat:
    given: dict[str, Any] = {"platform": "console", "kind": "group", "title": "电商售后群"}
    return BoundChat(chat_id=chat_id, topics=frozenset(topics or ("orders", "refunds")), **(given | more))


def chat(chat_id: str = "group-1", kind: ChatKind = ChatKind.GROUP, platform: str = "console") -> ChatRef:
    return ChatRef(platform, chat_id, kind)


def message(text: str, *, user_id: str = "zhangming", message_id: str = "m-1", where: ChatRef | None = None) -> Message:
    return Message(where or chat(), Sender(user_id, "张明"), message_id, text, NOW)
