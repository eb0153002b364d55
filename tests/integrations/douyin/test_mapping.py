from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.money import Money
from domain.order import Order, Stage
from integrations.douyin import carriers
from integrations.douyin.mapping import is_cipher, redacted, to_order
from integrations.douyin.read import Unreadable, ident, whole

SAMPLES = Path(__file__).parent / "samples"


def sample(index: int = 0) -> dict[str, Any]:
    rows: list[dict[str, Any]] = json.loads((SAMPLES / "order_list.json").read_text("utf-8"))["data"]["shop_order_list"]
    return rows[index]


def order(**changed: Any) -> Order:
    return to_order({**sample(), **changed}, shop="旗舰店")


def test_the_sample_order_in_full() -> None:
    found = order()
    assert (found.channel, found.shop, found.number) == ("douyin", "旗舰店", "4781320682406083640")
    assert (found.stage, found.raw_status, found.unmapped) == (Stage.PART_SHIPPED, "101", ())
    assert (found.goods, found.discount, found.freight, found.total) == (Money(26800), Money(2000), Money(800), Money(25600))
    assert found.balanced
    assert found.paid == Money(25300), "the payment channel's discount is not paid by the buyer"
    assert found.refunded == Money(0)
    assert found.created_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert found.ship_by == datetime.fromtimestamp(1700172860, UTC)
    assert (found.finished_at, found.delivered_at) == (None, None)
    assert found.buyer_key == "1@#sQZq0bq1"
    assert (found.buyer_note, found.seller_note) == ("周末送货", "已电联")


def test_lines_cost_what_the_buyer_pays_for_them() -> None:
    first, second = order().lines
    assert (first.line_id, first.sku, first.platform_sku) == ("4781320682406083640", "SOFA-GREY", "1700000000000000321")
    assert (first.quantity, first.unit_price, first.total) == (2, Money(9900), Money(18300))
    assert (second.quantity, second.total, second.gift) == (1, Money(6500), False)


def test_the_parcel_has_our_carrier_and_no_invented_scan() -> None:
    [parcel] = order().parcels
    assert (parcel.waybill, parcel.carrier, parcel.picked_at) == ("SF1234567890123", "sf", None)
    assert parcel.shipped_at == datetime.fromtimestamp(1700086400, UTC)


def test_the_receiver_is_masks_and_areas_never_ciphertext() -> None:
    receiver = order().receiver
    assert (receiver.name, receiver.phone, receiver.detail) == ("王*", "138****1234", "人民路***")
    assert (receiver.province, receiver.city, receiver.district, receiver.town) == ("浙江省", "温州市", "鹿城区", "五马街道")
    assert receiver.address_key == "#kq8mWc3p#"
    assert receiver.masked


def test_without_masks_there_is_no_guess() -> None:
    wire = sample() | {"mask_post_receiver": None, "mask_post_tel": "$$cipher$1$$", "mask_post_addr": None}
    receiver = to_order(wire, shop="s").receiver
    assert (receiver.name, receiver.phone, receiver.detail) == ("", "", "")


@pytest.mark.parametrize("text", ["##K1x9##", "$$abc$1$$", "$idx$cipher$1$$", "#kq8#", "~ab~"])
def test_ciphertext_is_recognised(text: str) -> None:
    assert is_cipher(text)


@pytest.mark.parametrize("text", ["", "王*", "138****1234", "#3 building", "$100", "#"])
def test_plain_text_is_not_taken_for_ciphertext(text: str) -> None:
    assert not is_cipher(text)


@pytest.mark.parametrize(
    ("status", "main", "paid", "stage"),
    [
        (1, 1, False, Stage.UNPAID),
        (1, 103, False, Stage.UNPAID),
        (105, 105, True, Stage.HOLD),
        (2, 2, True, Stage.TO_SHIP),
        (101, 101, True, Stage.PART_SHIPPED),
        (3, 3, True, Stage.SHIPPED),
        (4, 4, False, Stage.CLOSED_UNPAID),
        (4, 4, True, Stage.CLOSED_REFUNDED),
        (5, 5, True, Stage.COMPLETED),
        (4, 21, True, Stage.CLOSED_REFUNDED),
        (3, 22, True, Stage.CLOSED_REFUNDED),
        (5, 39, True, Stage.CLOSED_REFUNDED),
        ("2", "", True, Stage.TO_SHIP),
        ("105", None, True, Stage.HOLD),
    ],
)
def test_every_status(status: Any, main: Any, paid: bool, stage: Stage) -> None:
    found = order(order_status=status, main_status=main, pay_time=1700000060 if paid else 0)
    assert (found.stage, found.unmapped) == (stage, ())


@pytest.mark.parametrize(("status", "main"), [(987, 987), (2, 987), (None, None), ("新状态", "")])
def test_an_unknown_status_holds_the_order(status: Any, main: Any) -> None:
    found = order(order_status=status, main_status=main)
    assert found.stage is Stage.HOLD
    assert "unknown_status" in found.holds
    assert found.unmapped


def test_review_and_open_refunds_are_holds() -> None:
    assert order(order_status=105, main_status=105).holds == ("risk", "refund")
    assert order().holds == ("refund",)


def test_a_fully_refunded_order_gave_back_what_was_paid() -> None:
    assert order(order_status=3, main_status=22).refunded == Money(25300)


def test_one_refunded_line_is_a_tag_not_an_invented_amount() -> None:
    wire = sample()
    wire["sku_order_list"][1]["after_sale_info"] = {"after_sale_status": 12, "after_sale_type": 2, "refund_status": 3}
    found = to_order(wire, shop="s")
    assert (found.refunded, found.tags) == (Money(0), ("line_refunded",))


def test_an_unpaid_order_paid_nothing() -> None:
    found = to_order(sample(1), shop="s")
    assert (found.number, found.paid, found.paid_at, found.stage) == (
        "4781320682406083999",
        Money(0),
        None,
        Stage.CLOSED_UNPAID,
    )
    assert found.balanced


def test_list_price_with_freight_inside_still_proves_itself() -> None:
    found = order(order_amount=27600)
    assert (found.goods, found.freight, found.balanced) == (Money(26800), Money(800), True)


def test_figures_that_prove_nothing_are_kept_and_flagged() -> None:
    found = order(pay_amount=99999)
    assert (found.goods, found.total, found.balanced) == (Money(26800), Money(99999), False)


def test_discounts_are_added_up_when_the_sum_is_missing() -> None:
    assert order(promotion_amount=None).discount == Money(2000)


def test_appointment_is_the_promise_when_there_is_no_other() -> None:
    assert order(exp_ship_time=0, appointment_ship_time=1700500000).ship_by == datetime.fromtimestamp(1700500000, UTC)


@pytest.mark.parametrize(
    ("company", "name", "carrier"),
    [
        ("zhongtong", "", "zto"),
        ("yunda", "", "yunda"),
        ("", "圆通速递", "yto"),
        ("jtexpress", "", "jt"),
        ("youzhengguonei", "", "ems"),
    ],
)
def test_carriers_by_code_and_by_name(company: str, name: str, carrier: str) -> None:
    info = [{"tracking_no": "1", "company": company, "company_name": name, "ship_time": 1}]
    found = order(logistics_info=info)
    assert (found.parcels[0].carrier, found.unmapped) == (carrier, ())


def test_an_unknown_carrier_is_named_and_kept() -> None:
    found = order(logistics_info=[{"tracking_no": "1", "company": "XinKuaiDi", "ship_time": 1}])
    assert (found.parcels[0].carrier, found.unmapped) == ("xinkuaidi", ("company=XinKuaiDi",))
    assert found.stage is Stage.PART_SHIPPED, "a strange carrier says nothing about the order"


def test_our_carrier_codes_survive_the_way_out_and_back() -> None:
    codes = ("sf", "zto", "sto", "yto", "yunda", "jt", "jd", "deppon", "ems", "cainiao")
    assert [carriers.ours(carriers.theirs(code) or "") for code in codes] == list(codes)


@pytest.mark.parametrize(
    "change",
    [
        {"order_id": None},
        {"order_id": 4.78e18},
        {"order_id": True},
        {"create_time": 0},
        {"create_time": "yesterday"},
        {"create_time": 10**18},
        {"pay_amount": {"fen": 1}},
        {"pay_amount": 12.5},
        {"pay_amount": True},
        {"sku_order_list": "none"},
        {"sku_order_list": [None]},
        {"post_addr": "浙江"},
    ],
)
def test_wrong_shapes_are_unreadable_and_name_the_field(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match=next(iter(change))):
        order(**change)


def test_ids_and_amounts_beyond_double_precision_stay_exact() -> None:
    assert ident(2**63 - 1, "x") == ident(str(2**63 - 1), "x") == "9223372036854775807"
    assert whole("9007199254740993", "x") == 2**53 + 1


def test_control_characters_do_not_get_in() -> None:
    assert order(buyer_words="请\x00加\x1b[31m急\u202e").buyer_note == "请加[31m急"
    assert len(order(buyer_words="长" * 100_000).buyer_note) == 500


@settings(max_examples=80, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*sample()]), inner, max_size=6),
        max_leaves=15,
    )
)
def test_any_json_is_either_an_order_or_unreadable(noise: Any) -> None:
    wire = {**sample(), **noise} if isinstance(noise, dict) else {**sample(), "sku_order_list": noise}
    try:
        found = to_order(wire, shop="s")
    except Unreadable:
        return
    assert isinstance(found, Order)


def test_quarantine_keeps_codes_and_no_person() -> None:
    wire = sample() | {"buyer_words": "打 13912345678", "post_receiver": "张三", "phone_num": "13912345678"}
    kept = json.loads(redacted(wire))
    assert (kept["order_id"], kept["pay_amount"], kept["order_status"]) == ("4781320682406083640", 25600, 101)
    assert "13912345678" not in redacted(wire)
    assert "张三" not in redacted(wire)
    assert "人民路" not in redacted(wire)
