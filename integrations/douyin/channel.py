"""The ports that Douyin shop offers: reading orders and after-sales, deciding, shipping, writing back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from domain.clock import Clock
from domain.errors import OutcomeUnknown, ProtocolBroken, Rejected
from domain.order import Aftersale, AftersaleKind, AftersaleStage, Order
from domain.ports import (
    AddressDecision,
    Change,
    Poison,
    PushEvent,
    PushReceipt,
    RawRequest,
    Receipt,
    RefundDecision,
    Shipment,
    StockLevel,
    Window,
)
from integrations._kit.manifest import Manifest
from integrations._kit.sweep import Page, sweep
from integrations.douyin import carriers, endpoints, push, wire
from integrations.douyin.aftersales import to_aftersale
from integrations.douyin.client import DouyinClient
from integrations.douyin.mapping import CHANNEL, redacted, to_order
from integrations.douyin.read import Unreadable, fingerprint
from integrations.douyin.settings import Settings

_AGREED = {
    AftersaleKind.REFUND: frozenset({AftersaleStage.REFUNDING, AftersaleStage.REFUNDED}),
    AftersaleKind.RETURN: frozenset({AftersaleStage.WAIT_BUYER_RETURN, AftersaleStage.REFUNDING, AftersaleStage.REFUNDED}),
}


class DouyinChannel:
    """One connected shop."""

    def __init__(self, client: DouyinClient, settings: Settings, manifest: Manifest, *, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._size = manifest.page_size
        self._clock = clock
        self._sent: set[str] = set()  # address answers that (perhaps) arrived: "nothing to decide" then means "done already"

    # --- reading ---

    async def orders(self, window: Window) -> AsyncIterator[tuple[Order | Poison, ...]]:
        async def fetch(start: int, end: int, page: int) -> Page:
            return await endpoints.order_page(self._client, start=start, end=end, page=page, size=self._size)

        async for rows in self._sweep(fetch, window, ("order_id",)):
            yield tuple(self._order(row) for row in rows)

    async def order(self, number: str) -> Order | None:
        found = await endpoints.order_detail(self._client, number)
        return None if found is None else _sure(lambda: to_order(found, shop=self._settings.shop), "order.orderDetail")

    async def aftersales(self, window: Window) -> AsyncIterator[tuple[Aftersale | Poison, ...]]:
        async def fetch(start: int, end: int, page: int) -> Page:
            return await endpoints.aftersale_page(self._client, start=start, end=end, page=page, size=self._size)

        async for rows in self._sweep(fetch, window, ("aftersale_id", "after_sale_id")):
            yield tuple(self._aftersale(row) for row in rows)

    async def aftersale(self, number: str, order_number: str) -> Aftersale | None:  # noqa: ARG002 (the port's shape)
        found = await endpoints.aftersale_detail(self._client, number)
        return None if found is None else _sure(lambda: self._to_aftersale(found), "afterSale.Detail")

    def _sweep(self, fetch: Any, window: Window, names: tuple[str, ...]) -> AsyncIterator[list[Any]]:
        # Window.end is exclusive, the platform counts in whole seconds and includes its last one.
        return sweep(
            fetch,
            start=int(window.start.timestamp()),
            end=max(int(window.start.timestamp()), _ceil(window.end) - 1),
            size=self._size,
            stamp=_stamp,
            ident=lambda row: _ident(row, names),
            edge=1 if self._settings.exclusive_bounds else 0,
        )

    def _order(self, row: Any) -> Order | Poison:
        try:
            return to_order(_dict(row), shop=self._settings.shop)
        except Unreadable as problem:
            return _poison(row, _ident(row, ("order_id",)), problem)

    def _aftersale(self, row: Any) -> Aftersale | Poison:
        try:
            return self._to_aftersale(_dict(row))
        except Unreadable as problem:
            return _poison(row, _ident(row, ("aftersale_id", "after_sale_id")), problem)

    def _to_aftersale(self, row: dict[str, Any]) -> Aftersale:
        return to_aftersale(row, shop=self._settings.shop, arbitration=self._settings.arbitration_codes)

    # --- after-sales: decide ---

    async def agree_refund(self, decision: RefundDecision) -> Receipt:
        """Look, agree, and when the answer says "state changed" look again: the same decision twice is one effect."""
        seen = await self._current(decision)
        if seen.stage in _AGREED.get(seen.kind, frozenset()):
            return self._receipt(decision.aftersale_number, "already agreed")
        if seen.amount != decision.amount:
            raise Rejected("amount_changed", f"售后金额已变为 {seen.amount}")
        item: dict[str, Any] = {}
        if (seen.kind, seen.stage) == (AftersaleKind.REFUND, AftersaleStage.WAIT_MERCHANT):
            kind = wire.AGREE_REFUND
        elif (seen.kind, seen.stage) == (AftersaleKind.RETURN, AftersaleStage.WAIT_MERCHANT):
            kind = wire.AGREE_RETURN
            if not self._settings.return_address_id:
                raise Rejected("no_return_address", "还没有配置退货地址，请先在店铺设置里填写")
            item["logistics"] = {"receiver_address_id": self._settings.return_address_id}
        elif (seen.kind, seen.stage) == (AftersaleKind.RETURN, AftersaleStage.WAIT_MERCHANT_RECEIVE):
            kind = _confirmed(self._settings.confirm_return_type, "确认收货并退款")
        else:
            raise Rejected("wrong_stage", f"这张售后单现在是“{seen.raw_status}”状态，不能同意退款")
        goal = _AGREED[seen.kind]
        if seen.stage is AftersaleStage.WAIT_MERCHANT_RECEIVE:
            goal = goal - {AftersaleStage.WAIT_BUYER_RETURN}
        return await self._operate(kind, item, decision, seen, goal)

    async def refuse_refund(self, decision: RefundDecision) -> Receipt:
        seen = await self._current(decision)
        if seen.stage is AftersaleStage.REFUSED:
            return self._receipt(decision.aftersale_number, "already refused")
        if seen.stage is not AftersaleStage.WAIT_MERCHANT:
            raise Rejected("wrong_stage", f"这张售后单现在是“{seen.raw_status}”状态，不能拒绝")
        kind = wire.REFUSE_REFUND
        if seen.kind is not AftersaleKind.REFUND:
            kind = _confirmed(self._settings.refuse_return_type, "拒绝退货")
        item = {"reject_reason_code": await self._reason_code(decision)}
        return await self._operate(kind, item, decision, seen, frozenset({AftersaleStage.REFUSED}))

    async def refusal_reasons(self, aftersale_number: str) -> tuple[tuple[str, str], ...]:
        rows = await endpoints.reject_reasons(self._client, aftersale_number)
        return tuple((str(row.get("reject_reason_code", "")), str(row.get("reason", ""))[:60]) for row in rows)

    async def _current(self, decision: RefundDecision) -> Aftersale:
        seen = await self.aftersale(decision.aftersale_number, decision.order_number)
        if seen is None:
            raise Rejected("unknown_aftersale", "抖店没有这张售后单")
        return seen

    async def _reason_code(self, decision: RefundDecision) -> int:
        if decision.reason.isdecimal():
            return int(decision.reason)
        reasons = await self.refusal_reasons(decision.aftersale_number)
        code = next((code for code, words in reasons if words == decision.reason and code.isdecimal()), None)
        if code is None:
            raise Rejected("reason_needed", "拒绝要选一个平台给出的理由")
        return int(code)

    async def _operate(
        self, kind: int, item: dict[str, Any], decision: RefundDecision, seen: Aftersale, goal: frozenset[AftersaleStage]
    ) -> Receipt:
        item = {"aftersale_id": decision.aftersale_number, "reason": "", "remark": decision.note, **item}
        version = decision.version or seen.version
        if self._settings.send_version and version.isdecimal():
            item["update_time"] = int(version)
        try:
            await endpoints.operate(self._client, kind, item)
        except Rejected as refused:
            # Two of us may have looked at the same moment; the loser is told "state changed".
            if refused.code != wire.STATE_CHANGED or (await self._current(decision)).stage not in goal:
                raise
            return self._receipt(decision.aftersale_number, "somebody else was faster")
        return self._receipt(decision.aftersale_number)

    # --- address, shipping, remarks, stock ---

    async def answer_address_request(self, decision: AddressDecision) -> Receipt:
        """0 agrees, 1001-1005 refuse with the stage. The platform keeps no key: a doubt is settled by reading the order."""
        verdict = 0 if decision.agree else wire.ADDRESS_STAGES.get(decision.refusal, wire.ADDRESS_STAGES["in_warehouse"])
        if decision.agree and await self._address_is(decision):
            return self._receipt(decision.order_number, "already changed")
        try:
            await endpoints.address_confirm(self._client, decision.order_number, verdict)
        except OutcomeUnknown:
            self._sent.add(decision.key)
            raise
        except Rejected:
            if decision.key in self._sent and (not decision.agree or await self._address_is(decision)):
                return self._receipt(decision.order_number, "settled by an earlier try")
            raise
        self._sent.add(decision.key)
        return self._receipt(decision.order_number)

    async def modify_address(self, decision: AddressDecision) -> Receipt:
        if decision.receiver is None:
            raise Rejected("no_receiver", "没有写新的收件信息")
        await endpoints.address_modify(self._client, decision.order_number, push.receiver_params(decision.receiver))
        return self._receipt(decision.order_number)

    async def _address_is(self, decision: AddressDecision) -> bool:
        """Does the order already carry the wished receiver? Without one to compare with: no."""
        if decision.receiver is None:
            return False
        order = await self.order(decision.order_number)
        wished = decision.receiver
        if order is None:
            return False
        if wished.address_key:
            return order.receiver.address_key == wished.address_key
        now = order.receiver
        return bool(wished.detail) and (now.province, now.city, now.district, now.detail, now.name, now.phone) == (
            wished.province, wished.city, wished.district, wished.detail, wished.name, wished.phone
        )  # fmt: skip

    async def ship(self, shipment: Shipment) -> Receipt:
        company = carriers.theirs(shipment.carrier)
        if company is None:
            raise Rejected("unknown_carrier", f"抖店没有这家快递的代码：{shipment.carrier[:20]}")
        order = await self.order(shipment.order_number)
        if order is None:
            raise Rejected("unknown_order", "抖店没有这个订单")
        if any(parcel.waybill == shipment.waybill for parcel in order.parcels):
            return self._receipt(shipment.waybill, "already uploaded")
        params: dict[str, Any] = {
            "order_id": shipment.order_number,
            "company_code": company,
            "logistics_code": shipment.waybill,
            "is_reject_refund": False,  # false lets the platform refuse while a refund is open
        }
        if self._settings.ship_method != "order.logisticsAdd":
            params["request_id"] = shipment.key
            params["order_id_list"] = [shipment.order_number]
            params["shipped_order_info"] = [
                {"shipped_order_id": line.line_id, "shipped_num": line.quantity} for line in order.lines
            ]
        await endpoints.add_logistics(self._client, self._settings.ship_method, params)
        return self._receipt(shipment.waybill)

    async def remark(self, order_number: str, text: str, *, key: str) -> Receipt:  # noqa: ARG002 (the text itself shows whether it is there)
        """Adds to the seller's note: the platform would replace what colleagues wrote there."""
        order = await self.order(order_number)
        if order is None:
            raise Rejected("unknown_order", "抖店没有这个订单")
        if text in order.seller_note:
            return self._receipt(order_number, "already written")
        await endpoints.add_remark(self._client, order_number, f"{order.seller_note}\n{text}".strip())
        return self._receipt(order_number)

    async def write_stock(self, level: StockLevel) -> Receipt:
        which: dict[str, Any] = {"sku_id": level.platform_sku} if level.platform_sku else {"code": level.sku}
        params = {**which, "stock_num": level.quantity, "incremental": False, "idempotent_id": level.key}
        try:
            await endpoints.sync_stock(self._client, params)
        except Rejected as refused:
            if refused.code != wire.REPEATED:
                raise
            return await self._stock_written(level, which)
        return self._receipt(level.platform_sku or level.sku)

    async def _stock_written(self, level: StockLevel, which: dict[str, Any]) -> Receipt:
        """The key was used already. The figure may have moved on since by sales; that is no failure of ours."""
        detail = "already written"
        if self._settings.stock_read_method:
            left = await endpoints.stock_num(self._client, self._settings.stock_read_method, which)
            detail = f"already written; stock is now {left}"
        return self._receipt(level.platform_sku or level.sku, detail)

    # --- pushes ---

    def receive(self, request: RawRequest) -> PushReceipt:
        return push.receive(request, self._settings)

    async def resolve(self, event: PushEvent) -> tuple[Change, ...]:
        return await push.resolve(event, self, self._client, self._settings)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _receipt(self, reference: str, detail: str = "") -> Receipt:
        return Receipt(reference, self._clock.now(), detail)


def _confirmed(code: int | None, what: str) -> int:
    if code is None:
        raise Rejected("unconfirmed", f"{what}的接口还没有被证实，请到抖店后台操作")
    return code


def _ceil(moment: datetime) -> int:
    whole = int(moment.timestamp())
    return whole + (moment.microsecond > 0)


def _stamp(row: Any) -> int | None:
    holder = row.get("aftersale_info", row) if isinstance(row, dict) else {}
    value = holder.get("update_time") if isinstance(holder, dict) else None
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) else None


def _ident(row: Any, names: tuple[str, ...]) -> str:
    holder = row.get("aftersale_info", row) if isinstance(row, dict) else {}
    found = next((holder[name] for name in names if holder.get(name)), None) if isinstance(holder, dict) else None
    return str(found)[:64] if isinstance(found, int | str) else f"unreadable-{fingerprint(row)}"


def _dict(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Unreadable("row: not an object")
    return row


def _poison(row: Any, ref: str, problem: Unreadable) -> Poison:
    return Poison(CHANNEL, ref, str(problem), redacted(row))


def _sure(work: Any, method: str) -> Any:
    """A single record that cannot be read is the platform's broken promise."""
    try:
        return work()
    except Unreadable as problem:
        raise ProtocolBroken(f"{method}: {problem}") from problem
