"""What buyers, the platform and the merchant at its back office do. Every act changes the state and emits its messages."""

from __future__ import annotations

from collections.abc import Callable

from emulators.pinduoduo.state import DAY, Row, State, fen, text, yuan

SOMEBODY: Row = {
    "name": "李小红",
    "phone": "13800001234",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "detail": "文一西路100号3幢",
}
LIST_TYPES = {"refund": 2, "return": 3, "exchange": 4, "reship": 5}
WAITING = {"refund": 2, "return": 3, "exchange": 14, "reship": 14}
OPEN = frozenset({2, 3, 4, 5, 6, 7, 8, 14, 31})


class Buyers:
    """Acts by name; the demo, the tests and `/_emulator/buyer` call these. Amounts in fen, moments in seconds."""

    def __init__(self, state: State, emit: Callable[[str, Row], None]) -> None:
        self._state = state
        self._emit_raw = emit

    def _emit(self, topic: str, order_sn: str, **more: object) -> None:
        self._emit_raw(topic, {"mall_id": self._state.mall_id, "tid": order_sn, **more})

    def deal(
        self,
        *,
        number: str = "",
        goods: int = 1990,
        count: int = 1,
        freight: int = 0,
        seller_discount: int = 0,
        platform_discount: int = 0,
        sku: str = "SKU-1",
        title: str = "纯棉毛巾",
        receiver: Row | None = None,
        words: str = "",
        review: bool = False,
        ship_within: int = 2 * DAY,
        at: int | None = None,
    ) -> str:
        """A shared purchase is complete and paid; gives the order number. `goods` is the line's whole price."""
        state = self._state
        now = state.now() if at is None else at
        number = number or f"261120-{state.serial():015d}"
        discount = seller_discount + platform_discount
        row: Row = {
            "order_sn": number, "order_status": 1, "refund_status": 1, "confirm_status": 1, "group_status": 1,
            "risk_control_status": int(review), "after_sales_status": 0, "trade_type": 0, "step_order_info": None,
            "created_time": text(now), "pay_time": text(now), "confirm_time": text(now), "updated_at": text(now),
            "last_ship_time": text(now + ship_within), "shipping_time": None, "receive_time": None, "pre_sale_time": "",
            "goods_amount": yuan(goods), "discount_amount": yuan(discount), "seller_discount": yuan(seller_discount),
            "platform_discount": yuan(platform_discount), "capital_free_discount": "0.00", "postage": yuan(freight),
            "pay_amount": yuan(goods - discount + freight), "order_change_amount": "0.00", "service_fee_detail": [],
            "item_list": [
                {
                    "goods_id": 700000000001, "sku_id": 900719925474099301, "outer_id": sku, "outer_goods_id": "G-1",
                    "goods_count": count, "goods_price": yuan(goods // count if count else goods), "goods_name": title,
                    "goods_spec": "白色,两条装",
                }
            ],
            "order_tag_list": [{"name": "no_trace_delivery", "value": 0}, {"name": "delivery_one_day", "value": 0}],
            "buyer_memo": words, "remark": "", "remark_tag": None, "remark_tag_name": "", "tracking_number": "",
            "logistics_id": 0, "extra_delivery_list": [], "gift_delivery_list": [], "resend_delivery_list": [],
            "gift_list": [], "stock_out_handle_status": -1, "is_pre_sale": 0, "urge_shipping_time": "",
        }  # fmt: skip
        state.orders[number] = row
        state.plain[number] = dict(receiver or SOMEBODY)
        state.touch(row, at=at)
        self._emit("pdd_trade_TradeConfirmed", number)
        return number

    def review(self, number: str, *, passed: bool) -> None:
        """The platform's risk review begins (`passed` False) or ends."""
        self._order(number)["risk_control_status"] = 0 if passed else 1
        self._changed(number, "pdd_trade_TradeRiskChanged")

    def urge(self, number: str) -> None:
        self._order(number)["urge_shipping_time"] = text(self._state.now())
        self._changed(number)

    def edit(self, number: str, **fields: object) -> None:
        """Any field as the back office would leave it."""
        self._order(number).update(fields)
        self._changed(number)

    def move_address(self, number: str, receiver: Row) -> None:
        """The buyer changes the receiver at the platform, which asks nobody."""
        self._state.plain[number] = {**self._state.plain[number], **receiver}
        self._changed(number, "pdd_trade_TradeLogisticsAddressChanged")

    def apply_refund(
        self, number: str, *, amount: int | None = None, kind: str = "refund", words: str = "", reason: str = "不想要了"
    ) -> str:
        """The buyer asks for money back (`refund`, `return`, `exchange`, `reship`); gives the after-sale's id."""
        state, order, now = self._state, self._order(number), self._state.now()
        ident = str(9007199254740993 + state.serial())
        row: Row = {
            "id": int(ident), "order_sn": number, "after_sales_type": LIST_TYPES[kind], "after_sales_status": WAITING[kind],
            "refund_amount": order["pay_amount"] if amount is None else yuan(amount), "order_amount": order["pay_amount"],
            "discount_amount": order["discount_amount"], "after_sale_reason": reason, "remark": words, "goods_number": "1",
            "goods_price": order["item_list"][0]["goods_price"], "outer_id": order["item_list"][0]["outer_id"],
            "goods_name": order["item_list"][0]["goods_name"], "confirm_time": order["confirm_time"],
            "created_time": text(now), "updated_time": text(now), "tracking_number": "", "shipping_name": "",
            "speed_refund_flag": 0, "dispute_refund_status": 0, "expire_time": now + 2 * DAY, "images": [],
        }  # fmt: skip
        state.aftersales[ident] = row
        order["refund_status"], order["after_sales_status"] = 2, row["after_sales_status"]
        self._moved(row, "pdd_refund_RefundCreated")
        return ident

    def amend_refund(self, aftersale: str, *, amount: int | None = None, kind: str = "") -> None:
        """The buyer changes the amount or the kind while the merchant thinks."""
        row = self._state.aftersales[aftersale]
        if amount is not None:
            row["refund_amount"] = yuan(amount)
        if kind:
            row["after_sales_type"], row["after_sales_status"] = LIST_TYPES[kind], WAITING[kind]
        self._moved(row)

    def withdraw(self, aftersale: str) -> None:
        """The buyer withdraws."""
        self.set_status(aftersale, 11, "pdd_refund_RefundClosed")

    def send_back(self, aftersale: str, waybill: str = "SF1234509876543") -> None:
        """The buyer posts the goods: the merchant's turn again."""
        row = self._state.aftersales[aftersale]
        row.update(tracking_number=waybill, shipping_name="顺丰快递", expire_time=self._state.now() + 5 * DAY)
        self.set_status(aftersale, 3)

    def pay_back(self, aftersale: str) -> None:
        """The platform has paid the money out."""
        self.set_status(aftersale, 10)

    def set_status(self, aftersale: str, status: int, topic: str = "") -> None:
        row = self._state.aftersales[aftersale]
        row["after_sales_status"] = status
        order = self._order(row["order_sn"])
        order["refund_status"] = 4 if status == 10 else 3 if status in (4, 5) else 2 if status in OPEN else 1
        self._moved(row, topic)

    def ship_in_back_office(self, number: str, *, waybill: str = "YT1234567890123", logistics_id: int = 85) -> None:
        row = self._order(number)
        row.update(order_status=2, tracking_number=waybill, logistics_id=logistics_id, shipping_time=text(self._state.now()))
        self._state.waybills.setdefault(waybill, number)
        self._changed(number, "pdd_trade_TradeSellerShip")

    def sign(self, number: str) -> None:
        """The buyer has the parcel."""
        self._order(number).update(order_status=3, receive_time=text(self._state.now()))
        self._changed(number, "pdd_trade_TradeSuccess")

    def _order(self, number: str) -> Row:
        return self._state.orders[number]

    def _changed(self, number: str, topic: str = "") -> None:
        self._state.touch(self._order(number))
        if topic:
            self._emit(topic, number)

    def _moved(self, row: Row, topic: str = "") -> None:
        self._state.touch(row)
        self._state.touch(self._order(row["order_sn"]))
        if topic:
            fee, bill = fen(row["refund_amount"]), row["after_sales_type"] - 1
            moved = int(self._state.clock.now() * 1000)
            more = {"refund_fee": fee, "bill_type": bill, "modified": moved, "refund_id": row["id"], "operation": 1000}
            self._emit(topic, row["order_sn"], **more)
