"""The business calls, with the platform's refusals. Every answer stands under its documented key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulators.pinduoduo.buyers import Buyers
from emulators.pinduoduo.problems import Problem, business, parameter
from emulators.pinduoduo.state import REGIONS, Row, State, fen, seconds, view

WINDOW = 1800
HISTORY = 90 * 86400
COMPANIES = {1, 3, 44, 85, 115, 117, 118, 119, 120, 121, 129, 131, 132, 183, 191, 208, 228, 348, 384}


@dataclass
class Result:
    key: str
    data: Any
    effect: str = ""


class Platform:
    def __init__(self, state: State, buyers: Buyers) -> None:
        self._state = state
        self._buyers = buyers
        self._recent: list[float] = []

    def order_list(self, form: Row) -> Result:
        start, end = self._window(form)
        _choice(form, "order_status", {"1", "2", "3", "5"})
        _choice(form, "refund_status", {"1", "2", "3", "4", "5"})
        _choice(form, "is_lucky_flag", {"0", "1", "2"})
        state, floor = self._state, self._state.now() - HISTORY
        rows = [
            row for row in state.orders.values() if self._seen(row["order_sn"]) and seconds(row["confirm_time"]) >= floor
        ]
        rows = [row for row in rows if form["order_status"] in ("5", str(row["order_status"]))]
        rows = [row for row in rows if form["refund_status"] in ("5", str(row["refund_status"]))]
        rows = self._within(rows, "updated_at", start, end)
        page, size = _paging(form)
        shown = [view(state, row) for row in rows[(page - 1) * size : page * size]]
        data: Row = {"order_sn_list": shown}
        if form.get("use_has_next") == "true":
            data["has_next"] = page * size < len(rows)  # and no count: that is why it is fast
        else:
            data["total_count"] = len(rows)
        self._page_served()
        return Result("order_sn_increment_get_response", data)

    def order_detail(self, form: Row) -> Result:
        row = self._state.orders.get(_given(form, "order_sn"))
        if row is None:
            if self._state.switches.missing_order == "empty":
                return Result("order_info_get_response", {"order_info": None})
            raise business("isv.order-not-exist", "订单不存在")
        return Result("order_info_get_response", {"order_info": view(self._state, row)})

    def refund_list(self, form: Row) -> Result:
        self._throttle()
        start, end = self._window(form)
        _choice(form, "after_sales_type", {"1", "2", "3", "4", "5"})
        wanted = _given(form, "after_sales_status")
        if form.get("order_sn"):
            rows = [row for row in self._state.aftersales.values() if row["order_sn"] == form["order_sn"]]
        else:
            rows = [row for row in self._state.aftersales.values() if self._seen(str(row["id"]))]
            rows = [row for row in rows if form["after_sales_type"] in ("1", str(row["after_sales_type"]))]
            rows = [row for row in rows if wanted in ("1", str(row["after_sales_status"]))]
            rows = self._within(rows, "updated_time", start, end)
        page, size = _paging(form)
        shown = [_listed(row) for row in rows[(page - 1) * size : page * size]]
        self._page_served()
        return Result("refund_increment_get_response", {"refund_list": shown, "total_count": len(rows)})

    def refund_detail(self, form: Row) -> Result:
        row = self._aftersale(form.get("after_sales_id"), _given(form, "order_sn"))
        waiting = row["after_sales_status"] in (2, 3, 14, 21, 32)
        in_fen = self._state.switches.detail_unit == "fen"
        amounts = {name: fen(row[name]) if in_fen else float(row[name]) for name in ("refund_amount", "order_amount")}
        data = {
            "id": row["id"], "order_sn": row["order_sn"], "after_sales_status": row["after_sales_status"], **amounts,
            "after_sales_type": row["after_sales_type"] - 1,  # not the list's numbers
            "after_sales_reason": row["after_sale_reason"], "remark": row["remark"], "images": row["images"],
            "express_no": row["tracking_number"], "shipping_name": row["shipping_name"], "updated_time": row["updated_time"],
            "recreated_at": seconds(row["created_time"]), "expire_time": row["expire_time"] if waiting else None,
            "speed_refund_flag": row["speed_refund_flag"], "goods_number": 1, "join_or_not": "0",
        }  # fmt: skip
        return Result("refund_information_get_response" if self._state.switches.detail_envelope else "", data)

    def refund_agree(self, form: Row) -> Result:
        request = _request(form)
        row = self._aftersale(request.get("after_sales_id"), str(request.get("order_sn", "")))
        status = row["after_sales_status"]
        if status != 2 and not (status == 3 and row["tracking_number"]):
            return self._agreed(row, "succ", "售后单状态已变更，请刷新后重试")
        self._buyers.set_status(str(row["id"]), 4, "pdd_refund_RefundAgreeAgreement")
        return self._agreed(row, "succ", "", f"refund of {row['refund_amount']} agreed")

    def return_agree(self, form: Row) -> Result:
        request = _request(form)
        row = self._aftersale(request.get("after_sales_id"), str(request.get("order_sn", "")))
        known = {each["refund_address_id"] for each in self._state.return_addresses}
        if not request.get("operate_desc") or request.get("return_address_id") not in known:
            raise parameter("return_address_id 或 operate_desc 不正确")
        if row["after_sales_status"] != 3 or row["tracking_number"]:
            return self._agreed(row, "success", "售后单状态已变更，请刷新后重试")
        self._buyers.set_status(str(row["id"]), 7, "pdd_refund_RefundAgreeAgreement")
        return self._agreed(row, "success", "", "return agreed")

    def _agreed(self, row: Row, flag: str, problem: str, effect: str = "") -> Result:
        told = {"after_sales_id": row["id"], "order_sn": row["order_sn"], "message": problem or "退款操作成功"}
        return Result("response", {"result": {**told, flag: not problem}}, effect)

    def return_addresses(self, form: Row) -> Result:
        return Result("refund_address_list_get_response", {"refund_address_list": self._state.return_addresses})

    def ship_check(self, form: Row) -> Result:
        number, carrier = _given(form, "tracking_number"), _given(form, "ship_code")
        allowed = carrier.isdecimal() and int(carrier) in COMPANIES and number.isalnum() and 8 <= len(number) <= 20
        return Result("logistics_pre_check_response", {"allowed": allowed})

    def ship(self, form: Row) -> Result:
        waybill = _given(form, "tracking_number")
        row = self._order(_given(form, "order_sn"))
        again = form.get("redelivery_type", "1") == "2"
        if int(_given(form, "logistics_id")) not in COMPANIES:
            raise business("isv.logistics-invalid", "快递公司不支持")
        if row["risk_control_status"] == 1 or row["group_status"] != 1:
            raise business("isv.order-under-review", "订单审核中或未成团，不能发货")
        if row["refund_status"] == 4:
            raise business("isv.order-refunded", "订单已退款，不能发货")
        if row["order_status"] != (2 if again else 1):
            raise business("isv.order-status", "订单状态不支持该操作")
        self._no_waybill_twice(row, waybill)
        self._buyers.ship_in_back_office(row["order_sn"], waybill=waybill, logistics_id=int(form["logistics_id"]))
        return Result("logistics_online_send_response", {"is_success": True}, f"shipped with {waybill}")

    def _no_waybill_twice(self, row: Row, waybill: str) -> None:
        state = self._state
        other = state.waybills.get(waybill)
        if other in (None, row["order_sn"]) or state.switches.waybill_twice == "never":
            return
        elsewhere = state.plain[str(other)] != state.plain[row["order_sn"]]
        if elsewhere or state.switches.waybill_twice == "always":
            raise business("isv.waybill-used", "运单号已被其他收货地址的订单使用")

    def address_update(self, form: Row) -> Result:
        row = self._order(_given(form, "order_sn"))
        for level, (name, parent) in enumerate((("province", "0"), ("city", "province_id"), ("town", "city_id")), start=1):
            above = int(parent) if parent == "0" else int(_given(form, parent))
            ident = int(_given(form, f"{name}_id"))
            wanted = {"id": ident, "parent_id": above, "region_name": form.get(name), "region_type": level, "is_enabled": 1}
            if wanted not in REGIONS:
                raise parameter(f"{name} 与 {name}_id 不匹配")
        if row["order_status"] != 1 or row["risk_control_status"] == 1:
            words = "风险订单或订单已发货后不可修改"
            return Result("response", {"success": False, "errorCode": 61001, "errorMsg": words, "result": None})
        plain = self._state.plain[row["order_sn"]]
        new = {**plain, "province": form["province"], "city": form["city"], "district": form["town"]}
        for ours, theirs in (("name", "receiver_name"), ("phone", "receiver_phone"), ("detail", "address")):
            if form.get(theirs):
                new[ours] = form[theirs]
        changed = new != plain
        if changed:
            self._buyers.move_address(row["order_sn"], new)
        done = {"success": True, "errorCode": 0, "errorMsg": "", "result": {"order_sn": row["order_sn"], "msg": ""}}
        return Result("response", done, "address modified" if changed else "")

    def note_update(self, form: Row) -> Result:
        row, note = self._order(_given(form, "order_sn")), _given(form, "note")
        if ("tag" in form) != ("tag_name" in form):
            raise parameter("tag与tag_name关联，都入参或都不入参")
        if len(note) > 300:
            return Result("response", {"success": False, "error_code": 61002, "error_msg": "备注过长"})
        changed = row["remark"] != note
        self._buyers.edit(row["order_sn"], remark=note, remark_tag=form.get("tag"), remark_tag_name=form.get("tag_name", ""))
        done = {"success": True, "error_code": 0, "error_msg": ""}
        return Result("response", done, "remarked" if changed else "")

    def stock(self, form: Row) -> Result:
        where = f"{_given(form, 'goods_id')}:{form.get('sku_id') or form.get('outer_id') or ''}"
        if where not in self._state.stock:
            raise business("isv.sku-not-exist", "商品规格不存在")
        before, asked = self._state.stock[where], int(_given(form, "quantity"))
        after = before + asked if form.get("update_type") == "2" else asked
        if after < 0:
            raise business("isv.quantity-invalid", "库存不能小于0")
        self._state.stock[where] = after
        effect = f"stock of {where} now {after}" if after != before else ""
        return Result("goods_quantity_update_response", {"is_success": True}, effect)

    def regions(self, form: Row) -> Result:
        return Result("logistics_address_get_response", {"logistics_address_list": REGIONS})

    def permit(self, form: Row) -> Result:
        self._state.messages_on = True
        return Result("pmc_user_permit_response", {"is_success": True}, "messages on")

    def time(self, form: Row) -> Result:
        return Result("time_get_response", {"time": str(self._state.now())})

    # --- shared rules ---

    def _window(self, form: Row) -> tuple[int, int]:
        start, end = int(_given(form, "start_updated_at")), int(_given(form, "end_updated_at"))
        if end < start or end - start > WINDOW:
            raise parameter("开始时间结束时间间距不超过 30 分钟")
        return start, end

    def _within(self, rows: list[Row], name: str, start: int, end: int) -> list[Row]:
        last = end if self._state.switches.inclusive_end else end - 1
        found = [row for row in rows if start <= seconds(row[name]) <= last]
        return sorted(found, key=lambda row: (row[name], str(row.get("id", row["order_sn"]))))

    def _seen(self, ident: str) -> bool:
        return self._state.visible.get(ident, 0.0) <= self._state.clock.now()

    def _page_served(self) -> None:
        due, self._state.after_page = self._state.after_page, []
        for act in due:
            act()

    def _throttle(self) -> None:
        now, limit = self._state.clock.now(), self._state.switches.list_per_10s
        self._recent = [at for at in self._recent if at > now - 10]
        if limit and len(self._recent) >= limit:
            raise Problem(52101, "当前接口被限流，请稍后重试")
        self._recent.append(now)

    def _order(self, number: str) -> Row:
        row = self._state.orders.get(number)
        if row is None:
            raise business("isv.order-not-exist", "订单不存在")
        return row

    def _aftersale(self, ident: Any, order_sn: str) -> Row:
        row = self._state.aftersales.get(str(ident))
        if row is None or row["order_sn"] != order_sn:
            raise business("isv.aftersale-not-exist", "售后单不存在")
        return row


def _listed(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in ("expire_time", "images", "remark")}


def _request(form: Row) -> Row:
    try:
        asked = json.loads(_given(form, "request"))
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise parameter("request")
    return asked


def _given(form: Row, name: str) -> str:
    value = form.get(name, "")
    if not value:
        raise parameter(f"{name} 不能为空")
    return str(value)


def _choice(form: Row, name: str, allowed: set[str]) -> None:
    if form.get(name) not in allowed:
        raise parameter(f"{name} 取值不正确")


def _paging(form: Row) -> tuple[int, int]:
    page, size = int(form.get("page", "1")), int(form.get("page_size", "100"))
    if page < 1 or not 1 <= size <= 100:
        raise parameter("page 从 1 开始，page_size 最大 100")
    return page, size


CALLS: dict[str, Callable[[Platform, Row], Result]] = {
    "pdd.time.get": Platform.time,
    "pdd.order.number.list.increment.get": Platform.order_list,
    "pdd.order.information.get": Platform.order_detail,
    "pdd.refund.list.increment.get": Platform.refund_list,
    "pdd.refund.information.get": Platform.refund_detail,
    "pdd.refund.agree": Platform.refund_agree,
    "pdd.refund.returngoods.agree": Platform.return_agree,
    "pdd.refund.address.list.get": Platform.return_addresses,
    "pdd.open.logistics.pre.check": Platform.ship_check,
    "pdd.logistics.online.send": Platform.ship,
    "pdd.order.update.address": Platform.address_update,
    "pdd.order.note.update": Platform.note_update,
    "pdd.goods.quantity.update": Platform.stock,
    "pdd.logistics.address.get": Platform.regions,
    "pdd.pmc.user.permit": Platform.permit,
}
