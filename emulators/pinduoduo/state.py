"""What the emulated shop holds: orders and after-sales as wire rows, plain receivers, stock, tokens, unsent messages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from emulators.kit import EmulatorClock

Row = dict[str, Any]
BEIJING = timezone(timedelta(hours=8))
DAY = 86400
REGIONS = [
    {"id": 12, "parent_id": 0, "region_name": "浙江省", "region_type": 1, "is_enabled": 1},
    {"id": 121, "parent_id": 12, "region_name": "杭州市", "region_type": 2, "is_enabled": 1},
    {"id": 122, "parent_id": 12, "region_name": "温州市", "region_type": 2, "is_enabled": 1},
    {"id": 1211, "parent_id": 121, "region_name": "西湖区", "region_type": 3, "is_enabled": 1},
    {"id": 1221, "parent_id": 122, "region_name": "鹿城区", "region_type": 3, "is_enabled": 1},
    {"id": 20, "parent_id": 0, "region_name": "广东省", "region_type": 1, "is_enabled": 1},
    {"id": 201, "parent_id": 20, "region_name": "深圳市", "region_type": 2, "is_enabled": 1},
    {"id": 2011, "parent_id": 201, "region_name": "南山区", "region_type": 3, "is_enabled": 1},
    {"id": 31, "parent_id": 0, "region_name": "上海市", "region_type": 1, "is_enabled": 1},
    {"id": 311, "parent_id": 31, "region_name": "上海市", "region_type": 2, "is_enabled": 1},
    {"id": 3111, "parent_id": 311, "region_name": "浦东新区", "region_type": 3, "is_enabled": 1},
]


@dataclass
class Switches:
    """Behaviours that nobody citable confirms. Connectors are tested with each position."""

    visible_after: float = 3.0  # seconds until a change shows in lists
    inclusive_end: bool = True  # is `end_updated_at` part of the window?
    detail_unit: str = "yuan"  # or "fen": unit of amounts in the after-sale detail
    detail_envelope: bool = True  # does pdd.refund.information.get answer under a key?
    missing_order: str = "refused"  # or "empty": how an unknown order number is answered
    code_once: bool = True  # is a consent code used up by its first exchange, even when the answer was lost?
    refresh_rotates: bool = True  # does a refresh also hand out a new refresh token?
    socket_heartbeat: bool = True  # does the server send heartbeats too?
    redeliver_after: float = 60.0  # seconds until a frame without receipt is sent again on an open line
    waybill_twice: str = "address"  # "address": refused for another receiver only; "always"; "never"
    list_per_10s: int = 0  # refund list calls in 10 s before 52101; 0 = no limit (documented: 100)


@dataclass
class State:
    clock: EmulatorClock
    mall_id: int
    switches: Switches
    orders: dict[str, Row] = field(default_factory=dict)
    aftersales: dict[str, Row] = field(default_factory=dict)
    plain: dict[str, Row] = field(default_factory=dict)  # order_sn -> receiver in clear
    visible: dict[str, float] = field(default_factory=dict)  # order_sn or after-sale id -> when lists show it as it is
    stock: dict[str, int] = field(default_factory=dict)  # goods_id:sku_id -> quantity
    waybills: dict[str, str] = field(default_factory=dict)  # waybill -> order_sn
    return_addresses: list[Row] = field(default_factory=list)
    after_page: list[Callable[[], None]] = field(default_factory=list)  # run once after the next list page
    messages_on: bool = False
    _serial: int = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def now(self) -> int:
        return int(self.clock.now())

    def touch(self, row: Row, *, at: int | None = None) -> None:
        """The row changed: its update time moves, and lists show it a little later."""
        name = "updated_at" if "order_status" in row else "updated_time"
        row[name] = text(self.now() if at is None else at)
        ident = row["order_sn"] if name == "updated_at" else str(row["id"])
        self.visible[ident] = self.clock.now() + self.switches.visible_after if at is None else float(at)

    def snapshot(self) -> Row:
        return {"orders": self.orders, "aftersales": self.aftersales, "plain": self.plain, "stock": self.stock}


def text(seconds: int) -> str:
    """Beijing time without offset, as the platform writes it."""
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def seconds(written: str) -> int:
    return int(datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC).timestamp())


def yuan(fen: int) -> str:
    """Fen as the platform's yuan text, without a float on the way."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def fen(written: str) -> int:
    whole, _, part = written.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def cipher(plain: str) -> str:
    """Looks like the platform's ciphertext and cannot be read back."""
    return f"~{hashlib.sha256(plain.encode()).hexdigest()[:32]}~0~" if plain else ""


def address_id(receiver: Row) -> str:
    return hashlib.sha256(repr(sorted(receiver.items())).encode()).hexdigest()[:32]


def view(state: State, row: Row) -> Row:
    """An order as the platform shows it: ciphertext only while to-ship and not under review, masks always."""
    plain = state.plain[row["order_sn"]]
    open_now = row["order_status"] == 1 and row["risk_control_status"] == 0
    name, phone, door = plain["name"], plain["phone"], plain["detail"]
    return {
        **row,
        "province": plain["province"],
        "city": plain["city"],
        "town": plain["district"],
        "receiver_name": cipher(name) if open_now else "",
        "receiver_phone": "",
        "contact_mobile": cipher(phone) if open_now else "",
        "receiver_address": cipher(door) if open_now else "",
        "address": cipher(plain["province"] + door) if open_now else "",
        "receiver_name_mask": f"{name[:1]}**",
        "receiver_phone_mask": f"{phone[:3]}****{phone[-4:]}",
        "receiver_address_mask": f"{door[:2]}***",
        "open_address_id": address_id(plain)[:24],
        "open_address_id_2": address_id(plain),
    }
