"""Douyin shop on its emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import ManualClock
from domain.money import Money
from domain.order import Receiver
from domain.ports import AddressDecision, RawRequest, RefundDecision, Shipment, StockLevel, Window
from emulators.douyin import DouyinEmulator
from emulators.douyin.signing import event_signature
from emulators.douyin.state import mask_detail, mask_name, mask_phone
from emulators.kit import EmulatorClock
from integrations import registry
from integrations._kit.http import Http
from integrations._kit.manifest import Capability
from tests.conformance.harness import CANARIES, Attempt, ChannelHarness, Loopback, Pushes

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PHONE, NAME, DETAIL, SECRET = CANARIES
RECEIVER = {
    "name": NAME,
    "phone": PHONE,
    "province": "浙江省",
    "city": "温州市",
    "district": "鹿城区",
    "town": "五马街道",
    "detail": DETAIL,
}
ELSEWHERE = {**RECEIVER, "city": "杭州市", "district": "西湖区", "detail": f"{DETAIL}后门"}
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


@dataclass
class DouyinHarness(ChannelHarness):
    emulator: DouyinEmulator

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
        when = int((at or self.window.start).timestamp())
        number = self.emulator.buyers.place(
            shop_id=self.emulator.shop_id,
            number=number,
            lines=[{"code": "SKU-1", "price": goods}],
            freight=freight,
            shop_discount=discount,
            receiver=RECEIVER,
            words=f"请打这个电话 {PHONE}",
            at=when,
        )
        if status:
            order, _, main = status.partition("/")
            self.emulator.state.orders[number].update(order_status=int(order), main_status=int(main or order))
        return number

    def add_aftersale(self, *, status: str = "", amount: int = 1990) -> str:
        aftersale = self.emulator.buyers.apply_refund(self.add_order(), amount=amount, words=f"{NAME}不要了")
        if status:
            self.emulator.state.aftersales[aftersale]["aftersale_status"] = int(status)
        return aftersale

    def move_after_page(self, number: str) -> None:
        assert self.window is not None
        late = int((self.window.end - timedelta(seconds=5)).timestamp())
        self.emulator.state.after_page.append(lambda: self.emulator.state.orders[number].update(update_time=late))

    def break_order(self, number: str) -> None:
        self.emulator.state.orders[number].update(pay_amount={"fen": 1})


def harness(**settings: Any) -> DouyinHarness:
    """A fresh shop. `settings` overrides what the connector is told."""
    clock, other = ManualClock(START + timedelta(hours=1)), EmulatorClock((START + timedelta(hours=1)).timestamp())
    emulator = DouyinEmulator(clock=other, app_secret=SECRET, sleep=_too_slow)
    module = registry.load("douyin")
    values = {"app_key": emulator.app_key, "app_secret": SECRET, "shop_id": str(emulator.shop_id), "shop": "旗舰店"}
    configured = module.Settings(**{**values, "return_address_id": "77", **settings})
    manifest = replace(registry.manifests()["douyin"], page_size=5)
    made = DouyinHarness(
        domain="douyin",
        connector=None,
        emulator=emulator,
        settings=configured,
        clock=clock,
        faults=FAULTS,
        secret_fields=("app_secret", "auth_code"),
        required_fields=("app_key", "app_secret", "shop_id", "shop"),
        token_creations=lambda: len(emulator.journal.effects("token.create") + emulator.journal.effects("token.refresh")),
        expire_token=emulator.gate.expire,
        window=Window(START, START + timedelta(hours=1)),
        page_size=5,
        wire_statuses=("1", "105", "2", "101", "3", "4", "5", "1/103", "4/21", "3/22", "5/39"),
        list_call="order.searchList",
        aftersale_statuses=("6", "7", "8", "11", "12", "13", "14", "27", "28", "29", "51", "53"),
    )
    made.connector = module.build(
        configured,
        manifest,
        clock=clock,
        http=Http("http://douyin.test", transport=Loopback(app=emulator)),
        sleep=made.sleep,
    )
    made.attempts = _attempts(made)
    made.pushes = lambda: _pushes(made)
    return made


def receiver(values: dict[str, str], *, masked: bool = False) -> Receiver:
    return Receiver(
        name=values["name"],
        phone=values["phone"],
        province=values["province"],
        city=values["city"],
        district=values["district"],
        town=values["town"],
        detail=values["detail"],
        masked=masked,
    )


async def _too_slow(_: float) -> None:
    raise TimeoutError


def _attempts(made: DouyinHarness) -> dict[Capability, Callable[[], Attempt]]:
    channel, emulator = made.connector, made.emulator

    def attempt(call: str, make: Callable[[], Any], wanted: str) -> Attempt:
        return Attempt(
            call,
            make,
            effects=lambda: sum(wanted in entry.effect for entry in emulator.journal.effects(call)),
            sends=lambda: len(emulator.journal.calls(call)),
            refuse=lambda: emulator.faults.plan("business", call),
            words="商家后台",
        )

    def refund(verb: str) -> Attempt:
        number = made.add_aftersale()
        decision = RefundDecision(number, "", Money(1990), key="k-refund", reason="2", note="已与张女士沟通")
        make = channel.agree_refund if verb == "refunded" else channel.refuse_refund
        return attempt("afterSale.operate", lambda: make(decision), verb)

    def address(agree: bool = True) -> Attempt:
        number = made.add_order()
        emulator.buyers.request_address(number, receiver=ELSEWHERE)
        masks = {"name": mask_name(NAME), "phone": mask_phone(PHONE), "detail": mask_detail(ELSEWHERE["detail"])}
        wished = receiver({**ELSEWHERE, **masks}, masked=True)
        decision = AddressDecision(number, "k-address", agree=agree, refusal="picking", receiver=wished)
        return attempt("order.addressConfirm", lambda: channel.answer_address_request(decision), "address ")

    def modify() -> Attempt:
        number = made.add_order()
        decision = AddressDecision(number, "k-modify", receiver=receiver(ELSEWHERE))
        return attempt("order.addressModify", lambda: channel.modify_address(decision), "modified")

    def ship() -> Attempt:
        shipment = Shipment(made.add_order(), "SF1234567890123", "sf", "k-ship")
        return attempt("order.logisticsAddSinglePack", lambda: channel.ship(shipment), "shipped")

    def remark() -> Attempt:
        number = made.add_order()
        return attempt("order.addOrderRemark", lambda: channel.remark(number, "A&B <急> 已联系", key="k"), "remarked")

    def stock() -> Attempt:
        level = StockLevel("SKU-1", "1700000000000000321", 12, "k-stock")
        return attempt("sku.syncStock", lambda: channel.write_stock(level), "stock of")

    return {
        Capability.REFUNDS_AGREE: lambda: refund("refunded"),
        Capability.REFUNDS_REFUSE: lambda: refund("refused"),
        Capability.ADDRESS_ANSWER: address,
        Capability.ADDRESS_MODIFY: modify,
        Capability.ORDERS_SHIP: ship,
        Capability.ORDERS_REMARK: remark,
        Capability.STOCK_WRITE: stock,
    }


def _pushes(made: DouyinHarness) -> Pushes:
    emulator = made.emulator
    number = made.add_order()
    message = next(message for message in reversed(emulator.pushes.messages) if message.tag == "101")
    headers, body = emulator.pushes.request([message])

    def request(body: bytes = body, **changed: str | None) -> RawRequest:
        merged = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        kept = {name: value for name, value in merged.items() if value is not None}
        return RawRequest("POST", "/push/douyin/旗舰店", {}, kept, body, made.clock.now())

    def signed(body: bytes) -> RawRequest:
        return request(body, event_sign=event_signature(emulator.app_secret, emulator.app_key, body))

    return Pushes(
        genuine=request,
        forged=lambda: [
            request(body.replace(b"101", b"106")),
            request(event_sign=None),
            request(event_sign=""),
            request(event_sign="0" * 32),
            request(event_sign="签名"),
            request(event_sign=event_signature("another secret", emulator.app_key, body)),
            request(app_id="7999"),
        ],
        unreadable=lambda: signed(json.dumps({"tag": "101"}).encode()),
        acknowledgement=b'{"code":0,"msg":"success"}',
        resolves_to=lambda: [number],
    )
