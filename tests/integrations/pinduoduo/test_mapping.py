from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import BadInput
from domain.money import Money
from domain.order import Aftersale, AftersaleKind, AftersaleStage, Order, Stage
from domain.ports import Poison, PushEvent
from emulators.pinduoduo.state import fen, yuan
from integrations.pinduoduo import canonical, values
from integrations.pinduoduo.aftersales import STATUSES
from integrations.pinduoduo.mapping import to_order

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def read(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def mapped(kind: str, payload: Any) -> list[Any]:
    return canonical(kind, payload, shop="旗舰店", now=NOW)


def order(**changed: Any) -> Order:
    row = read("order_list.json")["order_sn_increment_get_response"]["order_sn_list"][0]
    return to_order({**row, **changed}, shop="旗舰店")


def test_a_listed_order_keeps_its_fen_and_its_moments() -> None:
    first = order()
    assert (first.goods, first.discount, first.freight, first.total) == (Money(5970), Money(500), Money(1800), Money(7270))
    assert first.balanced
    assert first.created_at == datetime(2026, 11, 19, 15, 59, 58, tzinfo=UTC)
    assert first.ship_by == datetime(2026, 11, 21, 16, 0, 3, tzinfo=UTC)
    [line] = first.lines
    assert (line.line_id, line.sku, line.platform_sku) == (first.number, "TOWEL-W-2", "700000000001:900719925474099301")
    assert (line.quantity, line.unit_price, line.total) == (3, Money(1990), Money(5470))
    assert first.tags == ("no_trace_delivery", "flag:green")


def test_ciphertext_is_never_taken_for_a_person() -> None:
    receiver = order().receiver
    assert (receiver.name, receiver.phone, receiver.detail) == ("李**", "138****1234", "五马街***")
    assert (receiver.province, receiver.city, receiver.district) == ("浙江省", "温州市", "鹿城区")
    assert (receiver.address_key, receiver.masked) == ("oaid2-def", True)
    assert order().buyer_key == "oaid1-abc"


def test_masks_stay_when_the_ciphertext_disappears() -> None:
    assert order(receiver_name="", receiver_address="", contact_mobile="").receiver == order().receiver


@pytest.mark.parametrize(
    ("contact", "shown", "masked"),
    [
        ("13800001234", "13800001234", False),
        ("$18612345678$#1234#", "18612345678-1234", True),
        ("~cipher~", "138****1234", True),
    ],
)
def test_the_contact_phone_is_used_where_people_can_read_it(contact: str, shown: str, masked: bool) -> None:
    receiver = order(contact_mobile=contact).receiver
    assert (receiver.phone, receiver.masked) == (shown, masked)


@pytest.mark.parametrize(
    ("changed", "stage", "holds"),
    [
        ({}, Stage.TO_SHIP, ()),
        ({"risk_control_status": 1}, Stage.HOLD, ("risk",)),
        ({"group_status": 0}, Stage.HOLD, ("group",)),
        ({"confirm_status": 0}, Stage.HOLD, ("group",)),
        ({"refund_status": 2}, Stage.HOLD, ("refund",)),
        ({"refund_status": 3}, Stage.HOLD, ("refund",)),
        ({"refund_status": 4}, Stage.CLOSED_REFUNDED, ()),
        ({"order_status": 2, "refund_status": 4}, Stage.CLOSED_REFUNDED, ()),
        ({"confirm_status": 2}, Stage.CLOSED_UNPAID, ()),
        ({"group_status": 2}, Stage.CLOSED_UNPAID, ()),
        ({"order_status": "2"}, Stage.SHIPPED, ()),
        ({"order_status": 3}, Stage.DELIVERED, ()),
        ({"step_order_info": {"step_trade_status": 1, "step_paid_fee": "10.00"}}, Stage.UNPAID, ()),
        ({"extra_delivery_list": [{"tracking_number": "YT1", "logistics_id": 85}]}, Stage.PART_SHIPPED, ()),
        ({"stock_out_handle_status": 0}, Stage.TO_SHIP, ("stock",)),
        ({"order_status": 5}, Stage.HOLD, ("unknown_status",)),
        ({"order_status": None}, Stage.HOLD, ("unknown_status",)),
        ({"risk_control_status": 7}, Stage.HOLD, ("unknown_status",)),
    ],
)
def test_the_stage_comes_from_six_fields(changed: dict[str, Any], stage: Stage, holds: tuple[str, ...]) -> None:
    read_order = order(**changed)
    assert (read_order.stage, read_order.holds) == (stage, holds)
    assert bool(read_order.unmapped) == ("unknown_status" in holds)


def test_a_deposit_counts_as_paid_only_as_far_as_it_was() -> None:
    assert order(step_order_info={"step_trade_status": 1, "step_paid_fee": "10.00"}).paid == Money(1000)


def test_a_finished_trade_is_completed_only_when_the_platform_said_so() -> None:
    row = read("order_list.json")["order_sn_increment_get_response"]["order_sn_list"][0]
    assert to_order({**row, "order_status": 3}, shop="s", completed=True).stage is Stage.COMPLETED


def test_parcels_keep_their_carriers_and_an_unknown_one_is_named() -> None:
    shipped = mapped("order", read("order_list.json"))[1]
    assert [(parcel.waybill, parcel.carrier) for parcel in shipped.parcels] == [
        ("YT9693083639795", "yto"),
        ("SF1234567890123", "sf"),
    ]
    assert all(parcel.picked_at is None for parcel in shipped.parcels)
    assert order(tracking_number="X1", logistics_id=999).unmapped == ("logistics_id=999",)


def test_several_goods_share_the_discount_to_the_fen() -> None:
    items = [{"goods_price": "0.10", "goods_count": 1, "goods_id": n, "goods_name": "x"} for n in (1, 2, 3)]
    lines = order(item_list=items, goods_amount="0.30", discount_amount="0.10").lines
    assert sum(line.total.minor for line in lines) == 20
    assert len({line.line_id for line in lines}) == 3


def test_a_missing_sum_of_goods_is_taken_from_the_lines() -> None:
    assert order(goods_amount=None).goods == Money(5970)


def test_every_record_of_a_reply_is_read_whatever_wraps_it() -> None:
    whole = read("order_list.json")
    rows = whole["order_sn_increment_get_response"]["order_sn_list"]
    assert [each.number for each in mapped("order", whole)] == [row["order_sn"] for row in rows]
    assert mapped("order", rows) == mapped("order", whole)
    assert mapped("order", {"order_info_get_response": {"order_info": rows[0]}}) == [order()]
    assert mapped("order", rows[0]) == [order()]


def test_a_broken_record_is_set_aside_without_its_people() -> None:
    rows = read("order_list.json")["order_sn_increment_get_response"]["order_sn_list"]
    rows[1] |= {"pay_amount": "1.234", "buyer_memo": "打 13912345678 找张三丰"}
    first, poison, third = mapped("order", rows)
    assert isinstance(first, Order)
    assert isinstance(third, Order)
    assert isinstance(poison, Poison)
    assert (poison.ref, poison.reason) == (rows[1]["order_sn"], "pay_amount is not an amount in yuan")
    assert "13912345678" not in poison.raw
    assert "张三丰" not in poison.raw
    assert "王" not in poison.raw


@pytest.mark.parametrize("payload", [{}, [], 3, "x", {"error_response": {"error_msg": "限流"}}, [1, 2], {"a": {"b": []}}])
def test_what_is_not_pinduoduo_s_is_refused_with_a_sentence(payload: Any) -> None:
    for kind in ("order", "aftersale", "push", "track"):
        with pytest.raises(BadInput):
            mapped(kind, payload)


def test_the_list_and_the_detail_count_their_kinds_differently() -> None:
    refund, returned = mapped("aftersale", read("refund_list.json"))
    [detail] = mapped("aftersale", read("refund_detail.json"))
    assert (refund.kind, refund.stage, refund.amount) == (AftersaleKind.REFUND, AftersaleStage.WAIT_MERCHANT, Money(1990))
    assert refund.return_waybill == ""  # that number is our own parcel
    assert (returned.kind, returned.stage) == (AftersaleKind.RETURN, AftersaleStage.WAIT_MERCHANT_RECEIVE)
    assert (detail.kind, detail.stage, detail.number) == (AftersaleKind.RETURN, returned.stage, "9007199254740994")
    assert detail.deadline == datetime.fromtimestamp(1795309200, UTC)
    assert detail.unmapped == ("refund_amount unit assumed yuan",)


def test_a_contradiction_between_kind_and_status_is_named_and_the_status_wins() -> None:
    row = read("refund_list.json")["refund_increment_get_response"]["refund_list"][0]
    [read_again] = mapped("aftersale", {**row, "after_sales_status": 7})
    assert read_again.kind is AftersaleKind.RETURN
    assert read_again.unmapped != ()


def test_an_unknown_aftersale_status_is_nobody_s_to_decide() -> None:
    row = read("refund_list.json")["refund_increment_get_response"]["refund_list"][0]
    [read_again] = mapped("aftersale", {**row, "after_sales_status": 987})
    assert read_again.stage is AftersaleStage.ARBITRATION
    assert read_again.unmapped == ("after_sales_status=987",)
    assert len(STATUSES) == 26


def test_a_refund_message_is_in_fen() -> None:
    [told] = mapped("push", read("message_refund_created.json"))
    assert isinstance(told, Aftersale)
    assert (told.number, told.order_number, told.amount) == ("7381745730", "210707-339507978993455", Money(1990))
    assert (told.kind, told.stage) == (AftersaleKind.REFUND, AftersaleStage.WAIT_MERCHANT)
    assert told.updated_at == datetime(2021, 7, 7, 5, 57, 5, tzinfo=UTC)
    content = json.loads(read("message_refund_created.json")["message"]["content"])
    assert mapped("push", content) == [told]


def test_a_trade_message_names_the_order_to_fetch() -> None:
    frame = {"type": "pdd_trade_TradeConfirmed", "mallID": 1, "content": '{"mall_id":1,"tid":"261119-1"}'}
    [event] = mapped("push", frame)
    assert isinstance(event, PushEvent)
    assert (event.kind, event.order_number) == ("pdd_trade_TradeConfirmed", "261119-1")


@settings(max_examples=60)
@given(st.integers(min_value=0, max_value=10**12))
def test_yuan_text_becomes_fen_exactly(amount: int) -> None:
    assert values.yuan({"a": yuan(amount)}, "a") == Money(amount)
    assert fen(yuan(amount)) == amount


def test_json_numbers_are_read_by_their_spelling() -> None:
    assert [values.yuan({"a": amount}, "a").minor for amount in (19.9, 0.29, 1.15, 100.29, 0, 7)] == [
        1990,
        29,
        115,
        10029,
        0,
        700,
    ]


@pytest.mark.parametrize("wrong", ["1.234", "NaN", "Infinity", "abc", True, [], {"fen": 1}, float("nan"), "1e400"])
def test_what_is_no_amount_is_not_guessed(wrong: Any) -> None:
    with pytest.raises(values.Unmappable):
        values.yuan({"a": wrong}, "a")


def test_hostile_text_loses_its_control_characters_and_its_length() -> None:
    noted = order(buyer_memo="\u202e<@all>\x00" + "a" * 100_000).buyer_note
    assert noted.startswith("<@all>")
    assert len(noted) == 500
