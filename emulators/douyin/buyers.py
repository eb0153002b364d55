"""What buyers (and the merchant at the platform's own back office) do. Every act changes the state and emits its pushes."""

from __future__ import annotations

from typing import Any

from emulators.douyin.pushes import Pushes
from emulators.douyin.state import DAY, Row, State, post_addr, receiver_wire

SOMEBODY: Row = {
    "name": "王小明",
    "phone": "13800001234",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "town": "文三路街道",
    "detail": "文一西路100号3幢",
}
KINDS = {"refund_unshipped": 2, "refund_shipped": 1, "return": 0, "exchange": 3, "price": 6, "reship": 7, "repair": 8}
FULLY_REFUNDED = {2: 21, 105: 21, 101: 22, 3: 22, 5: 39}  # order_status at the time -> main_status


class Buyers:
    """Acts by name; the demo, the tests and `/_emulator/buyer` call these."""

    def __init__(self, state: State, pushes: Pushes) -> None:
        self._state = state
        self._pushes = pushes

    def place(
        self,
        *,
        shop_id: int,
        lines: list[Row] | None = None,
        receiver: Row | None = None,
        buyer: str = "buyer-1",
        freight: int = 0,
        shop_discount: int = 0,
        platform_discount: int = 0,
        pay_discount: int = 0,
        words: str = "",
        paid: bool = True,
        ship_within: int = 2 * DAY,
        at: int | None = None,
        number: str = "",
    ) -> str:
        """A new order; gives its number. `lines`: {code, sku_id?, name, quantity, price} with prices in fen."""
        state, now = self._state, at if at is not None else self._state.now()
        number = number or state.next_order()
        whole = dict(receiver or SOMEBODY)
        items = [self._line(number, index, line) for index, line in enumerate(lines or [{"code": "SKU-1", "price": 1990}])]
        goods = sum(item["sum_amount"] for item in items)
        discount = shop_discount + platform_discount
        state.plain[number] = whole
        state.orders[number] = {
            "order_id": number,
            "shop_id": shop_id,
            "order_status": 1,
            "main_status": 1,
            "create_time": now,
            "update_time": now,
            "pay_time": 0,
            "finish_time": 0,
            "ship_time": 0,
            "exp_ship_time": 0,
            "order_amount": goods,
            "pay_amount": goods - discount + freight,
            "post_amount": freight,
            "promotion_amount": discount,
            "promotion_shop_amount": shop_discount,
            "promotion_platform_amount": platform_discount,
            "promotion_talent_amount": 0,
            "promotion_pay_amount": pay_discount,
            "shop_cost_amount": shop_discount,
            "buyer_words": words,
            "seller_words": "",
            "seller_remark_stars": 0,
            "doudian_open_id": buyer,
            "sku_order_list": items,
            "logistics_info": [],
            **receiver_wire(state, whole),
        }
        state.visible_at[number] = state.clock.now() + state.late
        self._tell("100", number)
        if paid:
            self.pay(number, ship_within=ship_within, at=now)
        return number

    def pay(self, number: str, *, ship_within: int = 2 * DAY, review: bool = False, at: int | None = None) -> None:
        row = self._state.orders[number]
        paid_at = at if at is not None else self._state.now()
        row.update(pay_time=paid_at, exp_ship_time=paid_at + ship_within)
        self._status(row, 105 if review else 2, at=at)
        self._tell("110" if review else "101", number)

    def cancel(self, number: str) -> None:
        row = self._state.orders[number]
        self._status(row, 4)
        self._tell("106", number)

    def apply_refund(
        self,
        number: str,
        *,
        kind: str = "refund_unshipped",
        amount: int | None = None,
        reason: str = "不想要了",
        words: str = "",
        photos: list[str] | None = None,
        within: int = 2 * DAY,
    ) -> str:
        """Ask for money (and perhaps goods) back; gives the after-sale's number."""
        state, order = self._state, self._state.orders[number]
        aftersale = state.next_aftersale()
        now = state.now()
        state.aftersales[aftersale] = {
            "aftersale_id": int(aftersale),
            "shop_id": order["shop_id"],
            "shop_order_id": number,
            "aftersale_status": 6,
            "aftersale_type": KINDS[kind],
            "refund_status": 0 if kind == "exchange" else 1,
            "refund_amount": order["pay_amount"] if amount is None else amount,
            "refund_post_amount": 0,
            "real_refund_amount": 0,
            "refund_time": 0,
            "apply_time": now,
            "update_time": now,
            "status_deadline": now + within,
            "reason": reason,
            "reason_remark": words,
            "evidence": list(photos or []),
            "arbitrate_status": 0,
            "return_logistics_code": "",
            "sku_order_ids": [line["order_id"] for line in order["sku_order_list"]],
        }
        state.visible_at[aftersale] = state.clock.now() + state.late
        self._line_info(order, state.aftersales[aftersale])
        self._tell("200", number, aftersale_id=int(aftersale))
        return aftersale

    def amend_refund(self, aftersale: str, *, amount: int) -> None:
        row = self._open(aftersale)
        row["refund_amount"] = amount
        self._aftersale(row, row["aftersale_status"], "208")

    def withdraw(self, aftersale: str) -> None:
        self._aftersale(self._open(aftersale), 51, "207")

    def send_back(self, aftersale: str, *, waybill: str) -> None:
        row = self._state.aftersales[aftersale]
        row["return_logistics_code"] = waybill
        self._aftersale(row, 11, "203")

    def request_address(self, number: str, *, receiver: Row) -> None:
        """Ask the seller to change the receiver; the push carries ciphertext only."""
        state = self._state
        state.address_requests[number] = {
            "order_id": number,
            "status": "pending",
            "receiver": dict(receiver),
            "at": state.now(),
        }
        old, new = state.plain[number], dict(receiver)
        self._tell(
            "111", number, apply_time=state.now(), post_receiver_msg=self._hidden(old), receiver_msg=self._hidden(new)
        )

    def confirm(self, number: str) -> None:
        """The buyer confirms that the goods arrived."""
        row = self._state.orders[number]
        row["finish_time"] = self._state.now()
        self._status(row, 5)
        self._tell("103", number)

    def ship_in_back_office(self, number: str, *, waybill: str, company: str = "shunfeng") -> None:
        self.shipped(self._state.orders[number], waybill=waybill, company=company)

    def shipped(self, row: Row, *, waybill: str, company: str, part: bool = False) -> None:
        """Uploading a waybill flips the status at once: the platform does not wait for a scan."""
        now = self._state.now()
        row["logistics_info"].append({"tracking_no": waybill, "company": company, "ship_time": now, "delivery_id": str(now)})
        row["ship_time"] = row["ship_time"] or now
        self._status(row, 101 if part else 3)
        self._tell("108" if part else "102", row["order_id"])

    def move_ship_by(self, number: str, *, to: int) -> None:
        row = self._state.orders[number]
        row["exp_ship_time"] = to
        self._state.touched(row)
        self._tell("126", number, text_ids=True, exp_delivery_time=to)

    def move_deadline(self, aftersale: str, *, to: int) -> None:
        row = self._state.aftersales[aftersale]
        row["status_deadline"] = to
        self._state.touched(row)
        self._tell("209", row["shop_order_id"], aftersale_id=int(aftersale), status_deadline=to)

    def edit(self, number: str, **fields: Any) -> None:
        """Change any field of an order, as a test needs it."""
        row = self._state.orders[number]
        row.update(fields)
        self._state.touched(row)

    # --- effects shared with the platform's calls ---

    def refunded(self, aftersale: Row) -> None:
        """Money goes back. One row in `refunds` per real payment."""
        state, order = self._state, self._state.orders[aftersale["shop_order_id"]]
        now = state.now()
        aftersale.update(refund_status=3, refund_time=now, real_refund_amount=aftersale["refund_amount"])
        number = str(aftersale["aftersale_id"])
        state.refunds.append(
            {"aftersale_id": number, "order_id": order["order_id"], "amount": aftersale["refund_amount"], "at": now}
        )
        self._aftersale(aftersale, 12, "206")
        if aftersale["refund_amount"] >= order["pay_amount"]:
            order["main_status"] = FULLY_REFUNDED.get(order["order_status"], 22)
            order["order_status"] = 4 if order["main_status"] == 21 else order["order_status"]
            state.touched(order)

    def aftersale_moved(self, row: Row, status: int, tag: str) -> None:
        self._aftersale(row, status, tag)

    def address_changed(self, number: str, receiver: Row) -> None:
        row = self._state.orders[number]
        self._state.plain[number] = dict(receiver)
        row.update(receiver_wire(self._state, receiver))
        self._state.touched(row)
        self._tell("105", number)

    def remarked(self, number: str) -> None:
        self._state.touched(self._state.orders[number])
        self._tell("113", number)

    def _line(self, number: str, index: int, line: Row) -> Row:
        quantity, price = int(line.get("quantity", 1)), int(line["price"])
        return {
            "order_id": number if index == 0 else str(int(number) + index) if number.isdecimal() else f"{number}-{index}",
            "parent_order_id": number,
            "product_id": line.get("product_id", 3_600_000_000_000_000_123),
            "sku_id": line.get("sku_id", 1_700_000_000_000_000_321 + index),
            "out_sku_id": 0,
            "code": line.get("code", ""),
            "product_name": line.get("name", "沙发套"),
            "item_num": quantity,
            "origin_amount": price,
            "sum_amount": price * quantity,
            "promotion_amount": int(line.get("discount", 0)),
            "after_sale_info": {"after_sale_status": 0, "after_sale_type": 0, "refund_status": 0},
        }

    def _open(self, aftersale: str) -> Row:
        row = self._state.aftersales[aftersale]
        if row["aftersale_status"] not in (6, 7):
            raise ValueError(f"aftersale {aftersale} is closed")
        return row

    def _aftersale(self, row: Row, status: int, tag: str) -> None:
        row["aftersale_status"] = status
        self._state.touched(row)
        self._line_info(self._state.orders[row["shop_order_id"]], row)
        self._tell(tag, row["shop_order_id"], aftersale_id=row["aftersale_id"])

    def _line_info(self, order: Row, aftersale: Row) -> None:
        for line in order["sku_order_list"]:
            if line["order_id"] in aftersale["sku_order_ids"]:
                line["after_sale_info"] = {
                    "after_sale_status": aftersale["aftersale_status"],
                    "after_sale_type": aftersale["aftersale_type"],
                    "refund_status": aftersale["refund_status"],
                }
        self._state.touched(order)

    def _status(self, row: Row, status: int, *, at: int | None = None) -> None:
        row["order_status"] = row["main_status"] = status
        if at is None:
            self._state.touched(row)
        else:
            row["update_time"] = at

    def _hidden(self, receiver: Row) -> Row:
        wire = receiver_wire(self._state, receiver)
        return {
            "encrypt_name": wire["encrypt_post_receiver"],
            "encrypt_tel": wire["encrypt_post_tel"],
            "addr": {**post_addr(receiver), "encrypt_detail": wire["post_addr"]["encrypt_detail"]},
            "open_address_id": wire["open_address_id"],
        }

    def _tell(self, tag: str, number: str, *, text_ids: bool = False, **data: Any) -> None:
        """Queue a push. Ids are JSON numbers in most messages and strings in a few."""
        row = self._state.orders[number]
        known: Any = int(number) if number.isdecimal() and not text_ids else number
        body = {
            "p_id": known,
            "shop_id": row["shop_id"],
            "order_status": row["order_status"],
            "update_time": row["update_time"],
        }
        self._pushes.queue(tag, row["shop_id"], {**body, **data})
