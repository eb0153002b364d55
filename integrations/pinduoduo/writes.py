"""What we change on a Pinduoduo order besides money: waybill, receiver, remark, stock. Each looks before it repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from domain.errors import BadInput, OutcomeUnknown, ProtocolBroken, Rejected
from domain.order import Order, Receiver, Stage
from domain.ports import AddressDecision, Receipt, Shipment, StockLevel
from domain.waybill import carrier_code
from integrations.pinduoduo import client, values, wire
from integrations.pinduoduo.carriers import THEIRS
from integrations.pinduoduo.client import PinduoduoClient
from integrations.pinduoduo.wire import Row

_GONE = frozenset({Stage.SHIPPED, Stage.DELIVERED, Stage.COMPLETED})
_CLOSED = frozenset({Stage.CLOSED_UNPAID, Stage.CLOSED_REFUNDED})


class Writes:
    """Changes for one shop. All raise Rejected, OutcomeUnknown, Unavailable, NeedsAuthorization."""

    def __init__(self, calls: PinduoduoClient, *, note_limit: int) -> None:
        self._calls = calls
        self._note_limit = note_limit
        self._regions: dict[tuple[str, int], list[tuple[str, str]]] = {}  # (parent id, level) -> (name, id)

    async def ship(self, shipment: Shipment, order: Order | None) -> Receipt:
        """Upload the waybill: the platform then calls the order shipped, whether a carrier has seen the parcel or not."""
        if order is None:
            raise Rejected("no_such_order", "拼多多没有这个订单")
        if any(parcel.waybill == shipment.waybill for parcel in order.parcels):
            return Receipt(shipment.waybill, self._calls.now(), "这个单号已经上传过")
        if order.stage in _GONE:
            raise Rejected("shipped", "这单已经用别的运单号发货，改单号请到拼多多商家后台")
        if order.stage in _CLOSED:
            raise Rejected("closed", "这单已关闭，不能发货")
        carrier = THEIRS.get(carrier_code(shipment.carrier))
        if carrier is None:
            raise Rejected("carrier", f"拼多多的快递公司表里没有 {values.clean(shipment.carrier, 20)}")
        number = {"order_sn": shipment.order_number, "tracking_number": shipment.waybill}
        check = await self._calls.call(wire.SHIP_CHECK, {**number, "ship_code": str(carrier)})
        if check.get("allowed") is not True:
            raise Rejected("pre_check", "拼多多不接受这个运单号和快递公司，请核对")
        answer = await self._calls.call(wire.SHIP, {**number, "logistics_id": carrier, "redelivery_type": 1}, changes=True)
        _must(answer, "is_success", "ship")
        return Receipt(shipment.waybill, self._calls.now())

    async def remark(self, order_number: str, text: str, row: Row | None) -> Receipt:
        """Add to the seller's remark. The platform replaces the whole remark, so what stands there is sent along."""
        if row is None:
            raise Rejected("no_such_order", "拼多多没有这个订单")
        text, before = values.clean(text, self._note_limit), values.words(row, "remark", 2000)
        if text in before.split("；"):
            return Receipt(order_number, self._calls.now(), "备注里已经有了")
        note = f"{before}；{text}" if before else text
        if len(note) > self._note_limit:
            raise Rejected("note_full", f"商家备注最多 {self._note_limit} 字，放不下了，请先在拼多多后台整理")
        params: dict[str, Any] = {"order_sn": order_number, "note": note}
        tag, name = values.number(row, "remark_tag"), values.words(row, "remark_tag_name", 3)
        if tag and name:  # both or neither, says the catalogue; leaving them out might clear the colour
            params |= {"tag": tag, "tag_name": name}
        answer = await self._calls.call(wire.NOTE_UPDATE, params, changes=True)
        _must(answer, "success", "remark")
        return Receipt(order_number, self._calls.now())

    async def write_stock(self, level: StockLevel) -> Receipt:
        """Set a sku's stock to a number (never "add"), so that repeating is harmless. `platform_sku` is goods_id:sku_id."""
        goods_id, _, sku_id = level.platform_sku.partition(":")
        if not goods_id or level.quantity < 0:
            raise BadInput("写拼多多库存要有商品编号（goods_id:sku_id）和不小于 0 的数量")
        params: dict[str, Any] = {"goods_id": goods_id, "quantity": level.quantity, "update_type": 1}
        params |= {"sku_id": sku_id} if sku_id else {"outer_id": level.sku}
        _must(await self._calls.call(wire.STOCK_UPDATE, params, changes=True), "is_success", "stock")
        return Receipt(level.platform_sku, self._calls.now())

    async def modify_address(self, decision: AddressDecision, order: Order | None) -> Receipt:
        """Set a new receiver before shipping. Setting the same one again changes nothing, so a repeat is harmless."""
        receiver = decision.receiver
        if receiver is None or receiver.masked or not receiver.province:
            raise BadInput("改地址要有完整的省市区和未打码的内容")
        if order is None:
            raise Rejected("no_such_order", "拼多多没有这个订单")
        if order.stage in _GONE or order.stage in _CLOSED or order.parcels:
            raise Rejected("shipped", "这单已发货或已关闭，拼多多不让改地址；可以让快递改派")
        if "risk" in order.holds:
            raise Rejected("under_review", "这单在拼多多风控审核中，审核完才能改地址")
        params: dict[str, Any] = {"order_sn": decision.order_number, **await self._area(receiver)}
        told = {"receiver_name": receiver.name, "receiver_phone": receiver.phone}
        told["address"] = f"{receiver.town}{receiver.detail}"
        params |= {name: value for name, value in told.items() if value}
        answer = await self._calls.call(wire.ADDRESS_UPDATE, params, changes=True)
        _must(answer, "success", "address")
        return Receipt(decision.order_number, self._calls.now())

    async def _area(self, receiver: Receiver) -> dict[str, Any]:
        """Province, city and district with the platform's numbers, which the call demands beside the names."""
        found: dict[str, Any] = {}
        parent = "0"
        wanted = (("province", receiver.province), ("city", receiver.city or receiver.province), ("town", receiver.district))
        for level, (field, name) in enumerate(wanted, start=1):
            regions = await self._below(parent, level)
            match = next((each for each in regions if _plain(each[0]) == _plain(name)), None)
            if match is None:
                raise Rejected("region", f"拼多多的地区表里没有 {values.clean(name, 20) or '这个区县'}，请核对省市区")
            found |= {field: match[0], f"{field}_id": int(match[1])}
            parent = match[1]
        return found

    async def _below(self, parent: str, level: int) -> list[tuple[str, str]]:
        if not self._regions:
            answer = await self._calls.call(wire.REGIONS, {})
            table: dict[tuple[str, int], list[tuple[str, str]]] = {}
            for row in values.rows(answer, "logistics_address_list"):
                if str(row.get("is_enabled", 1)) in ("0", "False"):
                    continue
                where = (values.ident(row, "parent_id"), values.number(row, "region_type") or 0)
                table.setdefault(where, []).append((values.words(row, "region_name", 40), values.ident(row, "id")))
            if not table:
                raise ProtocolBroken(f"{wire.REGIONS}: no regions")
            self._regions = table
        # Some tables start their top at 1 ("China") instead of 0.
        return self._regions.get((parent, level)) or (self._regions.get(("1", 1), []) if level == 1 else [])


def _plain(name: str) -> str:
    for ending in ("维吾尔自治区", "壮族自治区", "回族自治区", "特别行政区", "自治区", "省", "市"):
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name


def _must(answer: Mapping[str, Any], flag: str, what: str) -> None:
    """True is done, False is refused with words, anything else is a doubt."""
    done = answer.get(flag)
    if done is True:
        return
    if done is not False:
        raise OutcomeUnknown(f"{what}: answer without a result")
    code = str(answer.get("error_code") or answer.get("errorCode") or "refused")[:40]
    raise Rejected(code, client.reason(answer, "error_msg", "errorMsg"))
