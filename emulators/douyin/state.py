"""What the emulated platform knows: kept in its own wire shapes, with the plain receivers hidden beside them."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulators.kit import EmulatorClock

Row = dict[str, Any]
DAY = 86_400
FIRST_ORDER = 6_920_000_000_000_000_001  # beyond 2**53, as real ids are
FIRST_AFTERSALE = 7_340_000_000_000_000_001


@dataclass
class Shop:
    shop_id: int
    name: str
    consent: bool = True


@dataclass
class Grant:
    """One access token and its refresh token."""

    shop_id: int
    access: str
    refresh: str
    expires_at: float
    refresh_expires_at: float
    dead: bool = False


@dataclass
class State:
    """Everything of all shops. `orders` and `aftersales` are by id as text."""

    clock: EmulatorClock
    shops: dict[int, Shop] = field(default_factory=dict)
    grants: list[Grant] = field(default_factory=list)
    orders: dict[str, Row] = field(default_factory=dict)
    plain: dict[str, Row] = field(default_factory=dict)  # order -> the real receiver, never sent out in clear
    visible_at: dict[str, float] = field(default_factory=dict)  # order or after-sale -> when lists begin to show it
    aftersales: dict[str, Row] = field(default_factory=dict)
    address_requests: dict[str, Row] = field(default_factory=dict)  # by order; status pending | agreed | refused
    refunds: list[Row] = field(default_factory=list)  # money that really moved: the witness of "exactly once"
    stock: dict[str, int] = field(default_factory=dict)
    used_keys: dict[str, str] = field(default_factory=dict)  # idempotency key -> what it did
    ciphers: dict[str, str] = field(default_factory=dict)  # ciphertext -> mask
    after_page: list[Callable[[], None]] = field(default_factory=list)  # run once after the next list page was served
    late: float = 0.0  # seconds until a change becomes visible in lists
    _orders: Any = field(default_factory=lambda: itertools.count(FIRST_ORDER, 7))
    _aftersales: Any = field(default_factory=lambda: itertools.count(FIRST_AFTERSALE, 3))
    _serial: Any = field(default_factory=lambda: itertools.count(1))

    def now(self) -> int:
        return int(self.clock.now())

    def next_order(self) -> str:
        return str(next(self._orders))

    def next_aftersale(self) -> str:
        return str(next(self._aftersales))

    def serial(self) -> int:
        return int(next(self._serial))

    def touched(self, row: Row) -> None:
        """The row's update time moves on: never backwards, and never standing still (it is an optimistic version)."""
        row["update_time"] = max(self.now(), int(row.get("update_time", 0)) + 1)
        number = str(row.get("order_id") or row.get("aftersale_id"))
        self.visible_at[number] = self.clock.now() + self.late

    def hide(self, text: str, mask: str) -> str:
        """A ciphertext, different on every order as the real ones are, that only `order.batchSensitive` can mask."""
        serial = self.serial()
        cipher = f"##{serial:08x}{hashlib.sha256(f'{serial}{text}'.encode()).hexdigest()[:16]}##"
        self.ciphers[cipher] = mask
        return cipher

    def snapshot(self) -> dict[str, Any]:
        """For tests, demo and acceptance: everything that really is, effects counted."""
        paid_out: dict[str, int] = {}
        for refund in self.refunds:
            paid_out[refund["aftersale_id"]] = paid_out.get(refund["aftersale_id"], 0) + 1
        return {
            "now": self.now(),
            "shops": [{"shop_id": shop.shop_id, "name": shop.name, "consent": shop.consent} for shop in self.shops.values()],
            "orders": self.orders,
            "aftersales": {number: {**row, "refunds": paid_out.get(number, 0)} for number, row in self.aftersales.items()},
            "address_requests": self.address_requests,
            "refunds": self.refunds,
            "stock": self.stock,
            "remarks": {number: row["seller_words"] for number, row in self.orders.items() if row["seller_words"]},
        }


def mask_name(name: str) -> str:
    return name[:1] + "*" * max(1, len(name) - 1) if name else ""


def mask_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "****"


def mask_detail(detail: str) -> str:
    return detail[:2] + "*" * 4 if detail else ""


def post_addr(receiver: Row) -> Row:
    """Areas in clear, as the platform sends them; district is called `town`, town is called `street`."""
    return {
        "province": {"name": receiver.get("province", ""), "id": "0"},
        "city": {"name": receiver.get("city", ""), "id": "0"},
        "town": {"name": receiver.get("district", ""), "id": "0"},
        "street": {"name": receiver.get("town", ""), "id": "0"},
    }


def receiver_wire(state: State, receiver: Row) -> Row:
    """The receiver part of an order: ciphertext and masks."""
    name, phone, detail = receiver.get("name", ""), receiver.get("phone", ""), receiver.get("detail", "")
    key = "|".join(
        str(receiver.get(part, "")) for part in ("name", "phone", "province", "city", "district", "town", "detail")
    )
    return {
        "encrypt_post_receiver": state.hide(name, mask_name(name)),
        "encrypt_post_tel": f"$${state.hide(phone, mask_phone(phone))}$1$$",
        "mask_post_receiver": mask_name(name),
        "mask_post_tel": mask_phone(phone),
        "post_addr": {**post_addr(receiver), "encrypt_detail": state.hide(detail, mask_detail(detail))},
        "mask_post_addr": {**post_addr(receiver), "detail": mask_detail(detail)},
        "open_address_id": "#" + _digest(key) + "#",
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
