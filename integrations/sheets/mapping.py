"""An order's rows to one `Order`. A row that cannot be read is given back with its reason; its neighbours still count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.money import Money
from domain.order import Order, OrderLine, Parcel, Receiver, Stage
from domain.waybill import candidates
from integrations.sheets import cells
from integrations.sheets.cells import Unreadable
from integrations.sheets.grouping import Row
from integrations.sheets.maps import SheetMap, normal, stage_of


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that stays out. `row` as a person counts lines of the file; `table` tells which file of a set."""

    row: int
    reason: str
    table: int = 0
    number: str = ""


class OrderMapper:
    """Maps groups of rows by one map, for one shop."""

    def __init__(self, sheet_map: SheetMap, *, shop: str) -> None:
        self._map = sheet_map
        self._shop = shop
        self._roles = [table.role for table in sheet_map.tables]

    def order(self, number: str, rows: Sequence[Row]) -> tuple[Order | None, list[Reject]]:
        """The order, or None when no row of it can be used, and the rejected rows."""
        rejects: list[Reject] = []
        kept = self._without_repeats(rows)
        head_rows = [row for row in kept if self._roles[row.table] in ("orders", "mixed", "lines")]
        line_rows = [row for row in kept if self._roles[row.table] in ("lines", "mixed")]
        if not line_rows:
            line_rows = [row for row in kept if self._roles[row.table] == "orders" and _has_line(row)]
        if not head_rows:
            return None, [Reject(row.number, "只有附属表里有这个订单号，主表里没有", row.table, number) for row in rows]
        currency = (_first(head_rows, "currency") or self._map.currency).upper()[:3]
        head, bad_head = self._head(head_rows)
        if head is None:
            return None, [Reject(row.number, bad_head, row.table, number) for row in head_rows]
        lines: list[OrderLine] = []
        line_discount, line_freight = Decimal(0), Decimal(0)
        for row in line_rows:
            if not _has_line(row):
                continue
            try:
                line, off, freight = self._line(row, len(lines) + 1, currency)
            except Unreadable as wrong:
                rejects.append(Reject(row.number, str(wrong), row.table, number))
                continue
            lines.append(line)
            line_discount += off
            line_freight += freight
        if line_rows and not lines and rejects:
            return None, rejects
        head["discount"] = head["discount"] if head["discount"] is not None else line_discount
        head["freight"] = head["freight"] if head["freight"] is not None else line_freight
        payments = [row for row in kept if self._roles[row.table] == "payments"]
        for row in payments:
            try:
                head["paid"] = (head["paid"] or Decimal(0)) + cells.decimal(row.cells.get("paid", "0") or "0")
            except Unreadable as wrong:
                rejects.append(Reject(row.number, str(wrong), row.table, number))
        return self._assemble(number, head, tuple(lines), currency), rejects

    def _without_repeats(self, rows: Sequence[Row]) -> list[Row]:
        """Equal rows are lines of their own or an export pasted twice: the map says which. Whole-order rows never add up."""
        seen: set[tuple[Any, ...]] = set()
        kept = []
        for row in rows:
            drop = self._map.repeats == "drop" or self._roles[row.table] == "orders" or "line_id" in row.cells
            mark = (row.table, *sorted(row.cells.items()))
            if drop and self._roles[row.table] != "payments" and mark in seen:
                continue
            seen.add(mark)
            kept.append(row)
        return kept

    def _head(self, rows: Sequence[Row]) -> tuple[dict[str, Any] | None, str]:
        """Order-level values: for each role the first row that has it. The second value says why there is none."""
        head: dict[str, Any] = {}
        try:
            for role in ("created_at", "paid_at", "shipped_at", "delivered_at", "finished_at", "updated_at", "ship_by"):
                text = _first(rows, role)
                head[role] = self._moment(text) if text else None
            for role in ("goods", "freight", "discount", "tax", "total", "paid", "refunded"):
                text = _first(rows, role)
                head[role] = cells.decimal(text) if text else None
        except Unreadable as wrong:
            return None, str(wrong)
        if head["discount"] is not None:
            head["discount"] = abs(head["discount"])
        for role in ("status", "status2", "buyer_key", "buyer_name", "receiver_name", "phone", "province", "city",
                     "district", "address", "country", "postcode", "waybill", "carrier", "buyer_note", "seller_note",
                     "channel"):  # fmt: skip
            head[role] = _first(rows, role)
        if head["created_at"] is None:
            head["created_at"] = head["paid_at"] or head["shipped_at"] or head["finished_at"]
        if head["created_at"] is None:
            return None, "没有下单时间"
        return head, ""

    def _moment(self, text: str) -> datetime:
        return cells.moment(text, zone=self._map.zone, day_first=self._map.day_first)

    def _line(self, row: Row, position: int, currency: str) -> tuple[OrderLine, Decimal, Decimal]:
        text = row.cells.get
        quantity = cells.whole(text("quantity", "") or "1")
        off = abs(cells.decimal(text("line_discount", "") or "0"))
        unit = cells.decimal(text("unit_price", "")) if text("unit_price", "") else None
        total = cells.decimal(text("line_total", "")) if text("line_total", "") else None
        if total is None:
            total = (unit or Decimal(0)) * quantity
        if unit is None:
            unit = total / quantity if quantity else Decimal(0)
        title = text("title", "")
        if text("variant", ""):
            title = f"{title} {text('variant', '')}".strip()
        line = OrderLine(
            line_id=cells.identifier(text("line_id", "")) if text("line_id", "") else str(position),
            sku=cells.identifier(text("sku", "")),
            title=title[:500],
            quantity=quantity,
            unit_price=cells.minor(unit, currency),
            total=cells.minor(total, currency),
        )
        return line, off, cells.decimal(text("line_freight", "") or "0")

    def _assemble(self, number: str, head: dict[str, Any], lines: tuple[OrderLine, ...], currency: str) -> Order:
        zero = Money(0, currency)

        def amount(role: str) -> Money | None:
            return cells.minor(head[role], currency) if head[role] is not None else None

        of_lines = Money(sum(line.total.minor for line in lines), currency)
        freight, discount = amount("freight") or zero, amount("discount") or zero
        tax = amount("tax") or zero
        goods, total = amount("goods"), amount("total")
        if self._map.total_from == "lines":
            goods = total = None
        if total is None:
            goods = (goods if goods is not None else of_lines) + tax
            total = goods - discount + freight
        elif goods is None or (goods - discount + freight) != total:
            # The export's own total is what was agreed; tax and rounding live in the goods.
            goods = total + discount - freight
        cancelled = bool(self._map.cancel_prefix) and number.startswith(self._map.cancel_prefix)
        stage, raw_status, unmapped = self._stage(head, cancelled=cancelled, total=total, paid=amount("paid"))
        paid, refunded = self._settled(stage, total, amount("paid"), amount("refunded"), cancelled=cancelled)
        moments = [
            head[role] for role in ("updated_at", "finished_at", "delivered_at", "shipped_at", "paid_at", "created_at")
        ]
        return Order(
            channel=normal(head["channel"]) if head["channel"] else self._map.channel,
            shop=self._shop,
            number=number,
            stage=stage,
            created_at=head["created_at"],
            updated_at=max(moment for moment in moments if moment is not None),
            goods=goods,
            freight=freight,
            discount=discount,
            total=total,
            paid=paid,
            refunded=refunded,
            lines=lines,
            receiver=_receiver(head),
            parcels=self._parcels(head),
            buyer_key=_tidy_key(head["buyer_key"]),
            buyer_name=head["buyer_name"],
            paid_at=head["paid_at"],
            ship_by=head["ship_by"],
            shipped_at=head["shipped_at"],
            delivered_at=head["delivered_at"],
            finished_at=head["finished_at"],
            raw_status=raw_status,
            buyer_note=head["buyer_note"],
            seller_note=head["seller_note"],
            holds=("unknown_status",) if unmapped else (),
            unmapped=unmapped,
        )

    def _stage(
        self, head: dict[str, Any], *, cancelled: bool, total: Money, paid: Money | None
    ) -> tuple[Stage, str, tuple[str, ...]]:
        raw = " ".join(word for word in (head["status"], head["status2"]) if word)
        if cancelled:
            return Stage.CLOSED_REFUNDED, raw, ()
        if not raw:
            refunded = head["refunded"] or Decimal(0)
            if paid is not None and paid.minor == 0 and total.minor > 0 and head["paid_at"] is None:
                return Stage.CLOSED_UNPAID, raw, ()
            if refunded > 0 and paid is not None and refunded >= paid.decimal() > 0:
                return Stage.CLOSED_REFUNDED, raw, ()
            return self._map.default_stage, raw, ()
        for word in (raw, head["status2"], head["status"]):
            if not word:
                continue
            stage = self._map.statuses.get(normal(word)) or stage_of(word)
            if stage is Stage.CLOSED_REFUNDED and _never_paid(head, paid):
                return Stage.CLOSED_UNPAID, raw, ()
            if stage is not None:
                return stage, raw, ()
        return Stage.HOLD, raw, (f"status={raw[:40]}",)

    def _settled(
        self,
        stage: Stage,
        total: Money,
        paid: Money | None,
        refunded: Money | None,
        *,
        cancelled: bool,
    ) -> tuple[Money, Money]:
        """(paid, refunded). A cancel invoice gives money back; an unpaid order has none."""
        zero = Money(0, total.currency)
        if cancelled and total.minor < 0:
            return zero, refunded or -total
        if paid is None:
            unpaid = stage in (Stage.UNPAID, Stage.CLOSED_UNPAID)
            paid = zero if unpaid else total
        if refunded is None:
            refunded = paid if stage is Stage.CLOSED_REFUNDED else zero
        return paid, refunded

    def _parcels(self, head: dict[str, Any]) -> tuple[Parcel, ...]:
        if not head["waybill"]:
            return ()
        codes = [cells.clean(part) for part in head["waybill"].replace("；", ";").replace(",", ";").split(";")]
        carrier = _carrier(head["carrier"])
        return tuple(
            Parcel(number, carrier or _by_number(number), head["shipped_at"])
            for code in codes
            if (number := code.removeprefix("No:").strip()[:64])
        )


_CARRIERS = {
    "顺丰": "sf", "中通": "zto", "申通": "sto", "圆通": "yto", "韵达": "yunda", "极兔": "jt", "京东": "jd", "德邦": "deppon",
    "邮政": "ems", "ems": "ems", "菜鸟": "cainiao", "丹鸟": "cainiao", "sf express": "sf", "ups": "ups", "usps": "usps",
    "fedex": "fedex", "dhl": "dhl",
}  # fmt: skip


def _carrier(name: str) -> str:
    """Our code of a carrier by the name that exports write: 顺丰速运, 圆通速递(YTO), DHL eCommerce."""
    plain = name.lower()
    return next((code for word, code in _CARRIERS.items() if word in plain), "")


def _by_number(number: str) -> str:
    guesses = candidates(number)
    return guesses[0].carrier if guesses else ""


def _never_paid(head: dict[str, Any], paid: Money | None) -> bool:
    return head["paid_at"] is None and (paid is None or paid.minor == 0)


def _receiver(head: dict[str, Any]) -> Receiver:
    province, city, district = head["province"], head["city"], head["district"]
    address = head["address"]
    parts = address.split()
    if address and not province and len(parts) >= 3 and parts[0].endswith(("省", "市", "区")):
        province, city, district = parts[0], parts[1], parts[2]
        address = " ".join(parts[3:])
    name = head["receiver_name"]
    return Receiver(
        name=name[:100],
        phone=head["phone"][:40],
        province=province[:60],
        city=city[:60],
        district=district[:60],
        detail=address[:500],
        country=head["country"][:60] or "CN",
        postcode=head["postcode"][:20],
        masked="*" in name or "*" in head["phone"],
    )


def _tidy_key(text: str) -> str:
    return text[:-2] if text.endswith(".0") and text[:-2].isdigit() else text[:128]


def _first(rows: Sequence[Row], role: str) -> str:
    return next((text for row in rows if (text := row.cells.get(role, ""))), "")


def _has_line(row: Row) -> bool:
    return any(row.cells.get(role) for role in ("sku", "title", "quantity", "unit_price", "line_total"))
