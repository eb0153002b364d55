"""Pinduoduo on its emulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import ManualClock
from domain.money import Money
from domain.order import Receiver
from domain.ports import AddressDecision, RefundDecision, Shipment, StockLevel, Window
from emulators.kit import EmulatorClock
from emulators.pinduoduo import PinduoduoEmulator, Switches
from integrations import registry
from integrations._kit.http import Http
from integrations._kit.manifest import Capability
from tests.conformance.harness import CANARIES, Attempt, ChannelHarness, Loopback

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PHONE, NAME, DETAIL, SECRET = CANARIES
RECEIVER = {"name": NAME, "phone": PHONE, "province": "浙江省", "city": "温州市", "district": "鹿城区", "detail": DETAIL}
ELSEWHERE = Receiver(NAME, PHONE, "浙江", "杭州市", "西湖区", detail=f"{DETAIL}后门")
STOCKED = "700000000001:900719925474099301"
FAULTS = {
    "down": "500",
    "garbage": "garbage",
    "cut": "cut",
    "empty": "no-data",
    "too_fast": "throttle",
    "denied": "consent",
    "expired": "expired-token",
    "lost_before": "drop-before",
    "lost_after": "drop-after-commit",
}
KIND_OF_STATUS = {"3": "return", "7": "return", "14": "exchange", "15": "exchange", "16": "exchange", "17": "exchange"} | {
    "18": "exchange",
    "32": "reship",
}


@dataclass
class PinduoduoHarness(ChannelHarness):
    emulator: PinduoduoEmulator

    def add_order(
        self,
        number: str = "",
        *,
        status: str = "",
        at: datetime | None = None,
        goods: int = 1990,
        freight: int = 0,
        discount: int = 0,
    ) -> str:
        assert self.window is not None
        number = self.emulator.buyers.deal(
            number=number,
            goods=goods,
            freight=freight,
            seller_discount=discount,
            receiver=RECEIVER,
            words=f"请打这个电话 {PHONE}",
            at=int((at or self.window.start).timestamp()),
        )
        if status:
            order, _, refund = status.partition("/")
            self.emulator.state.orders[number].update(order_status=int(order), refund_status=int(refund or 1))
        return number

    def add_aftersale(self, *, status: str = "", amount: int = 1990) -> str:
        kind = KIND_OF_STATUS.get(status, "refund")
        aftersale = self.emulator.buyers.apply_refund(self.add_order(), amount=amount, kind=kind, words=f"{NAME}不要了")
        if status:
            row = self.emulator.state.aftersales[aftersale]
            row["after_sales_status"] = int(status)
            if status in {"21", "22", "24", "25", "27"}:
                row["after_sales_type"] = 6
        return aftersale

    def order_of(self, aftersale: str) -> str:
        return str(self.emulator.state.aftersales[aftersale]["order_sn"])

    def move_after_page(self, number: str) -> None:
        assert self.window is not None
        late = int((self.window.end - timedelta(seconds=5)).timestamp())
        row = self.emulator.state.orders[number]
        self.emulator.state.after_page.append(lambda: self.emulator.state.touch(row, at=late))

    def break_order(self, number: str) -> None:
        self.emulator.state.orders[number].update(pay_amount={"fen": 1}, created_time="yesterday")


def harness(switches: Switches | None = None, **settings: Any) -> PinduoduoHarness:
    """A fresh shop. `settings` overrides what the connector is told, `switches` what the platform does."""
    now = START + timedelta(minutes=45)
    clock, other = ManualClock(now), EmulatorClock(now.timestamp())
    emulator = PinduoduoEmulator(
        clock=other, client_secret=SECRET, switches=switches or Switches(visible_after=0, code_once=False)
    )
    emulator.state.stock[STOCKED] = 5
    module = registry.load("pinduoduo")
    values = {"client_id": emulator.client_id, "client_secret": SECRET, "shop": "拼多多旗舰店"}
    values |= {"mall_id": str(emulator.mall_id), "auth_code": emulator.gate.consent()}
    configured = module.Settings(**{**values, **settings})
    manifest = replace(registry.manifests()["pinduoduo"], page_size=5)
    journal = emulator.journal
    made = PinduoduoHarness(
        domain="pinduoduo",
        connector=None,
        emulator=emulator,
        settings=configured,
        clock=clock,
        faults=FAULTS,
        secret_fields=("client_secret", "access_token", "refresh_token", "auth_code"),
        required_fields=("client_id", "client_secret", "shop"),
        token_creations=lambda: sum(entry.effect.startswith("token ") for entry in journal.effects()),
        expire_token=emulator.gate.expire,
        window=Window(START, START + timedelta(minutes=30)),
        page_size=5,
        wire_statuses=("1", "2", "3", "1/2", "1/3", "1/4", "2/2", "2/4", "3/4"),
        list_call="pdd.order.number.list.increment.get",
        aftersale_statuses=tuple(
            map(str, (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 22, 24, 25, 27, 31, 32, 33))
        ),
    )
    made.connector = module.build(
        configured,
        manifest,
        clock=clock,
        http=Http("http://pinduoduo.test", transport=Loopback(app=emulator)),
        sleep=made.sleep,
    )
    made.attempts = _attempts(made)
    return made


def _attempts(made: PinduoduoHarness) -> dict[Capability, Callable[[], Attempt]]:
    channel, emulator = made.connector, made.emulator

    def attempt(call: str, make: Callable[[], Any]) -> Attempt:
        return Attempt(
            call,
            make,
            effects=lambda: len(emulator.journal.effects(call)),
            sends=lambda: len(emulator.journal.calls(call)),
            refuse=lambda: emulator.faults.plan("business", call),
            words="商家后台",
        )

    def refund() -> Attempt:
        number = made.add_aftersale()
        decision = RefundDecision(number, made.order_of(number), Money(1990), key="k-refund", note="已与张女士沟通")
        return attempt("pdd.refund.agree", lambda: channel.agree_refund(decision))

    def modify() -> Attempt:
        decision = AddressDecision(made.add_order(), "k-modify", receiver=ELSEWHERE)
        return attempt("pdd.order.update.address", lambda: channel.modify_address(decision))

    def ship() -> Attempt:
        shipment = Shipment(made.add_order(), "SF1234567890123", "sf", "k-ship")
        return attempt("pdd.logistics.online.send", lambda: channel.ship(shipment))

    def remark() -> Attempt:
        number = made.add_order()
        return attempt("pdd.order.note.update", lambda: channel.remark(number, "A&B <急> 已联系", key="k"))

    def stock() -> Attempt:
        level = StockLevel("SKU-1", STOCKED, 12, "k-stock")
        return attempt("pdd.goods.quantity.update", lambda: channel.write_stock(level))

    return {
        Capability.REFUNDS_AGREE: refund,
        Capability.ADDRESS_MODIFY: modify,
        Capability.ORDERS_SHIP: ship,
        Capability.ORDERS_REMARK: remark,
        Capability.STOCK_WRITE: stock,
    }
