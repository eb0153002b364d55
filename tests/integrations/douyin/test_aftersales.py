from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.money import Money
from domain.order import Aftersale, AftersaleKind, AftersaleStage
from integrations.douyin.aftersales import to_address_request, to_aftersale
from integrations.douyin.read import Unreadable

SAMPLES = Path(__file__).parent / "samples"
S, K = AftersaleStage, AftersaleKind


def sample() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "aftersale_detail.json").read_text("utf-8"))["data"]
    return found


def detail(**changed: Any) -> Aftersale:
    wire = sample()
    wire["process_info"]["after_sale_info"].update(changed)
    return to_aftersale(wire, shop="旗舰店")


def listed(**changed: Any) -> Aftersale:
    info = {
        "aftersale_id": "7022000000000000778",
        "aftersale_status": 6,
        "aftersale_type": 2,
        "refund_status": 1,
        "refund_amount": "6500",
        "apply_time": 1700100000,
        "update_time": 1700100001,
        "status_deadline": 1700300000,
        **changed,
    }
    order = {"shop_order_id": 4781320682406083640, "related_order_info": [{"sku_order_id": 4781320682406083641}]}
    return to_aftersale({"aftersale_info": info, "order_info": order, "text_part": {"reason_text": "色差"}}, shop="旗舰店")


def test_the_sample_detail_in_full() -> None:
    found = detail()
    assert (found.number, found.order_number) == ("7022000000000000777", "4781320682406083640")
    assert (found.kind, found.stage, found.raw_status) == (K.REFUND, S.REFUNDED, "12/3")
    assert (found.amount, found.refunded_amount) == (Money(6500), Money(6400))
    assert found.refunded_at == datetime.fromtimestamp(1700200000, UTC)
    assert found.deadline == datetime.fromtimestamp(1700300000, UTC)
    assert (found.version, found.line_ids) == ("1700200000", ("4781320682406083641",))
    assert (found.reason, found.note) == ("色差", "和图片不一样")
    assert found.photos == ("https://p3.example/1.jpg", "https://p3.example/2.jpg"), "only web addresses are pictures"


def test_a_list_item_reads_the_same_way() -> None:
    found = listed()
    assert (found.number, found.kind, found.stage, found.reason) == (
        "7022000000000000778",
        K.REFUND,
        S.WAIT_MERCHANT,
        "色差",
    )
    assert (found.amount, found.version, found.unmapped) == (Money(6500), "1700100001", ())


@pytest.mark.parametrize(
    ("status", "kind", "refund", "stage"),
    [
        (6, 1, 1, S.WAIT_MERCHANT),
        (7, 0, 1, S.WAIT_BUYER_RETURN),
        (11, 0, 1, S.WAIT_MERCHANT_RECEIVE),
        (8, 3, 0, S.EXCHANGE),
        (13, 3, 0, S.EXCHANGE),
        (14, 7, 0, S.RESHIP),
        (14, 8, 0, S.REPAIR),
        (12, 1, 1, S.REFUNDING),
        (12, 1, 2, S.REFUNDING),
        (12, 1, 3, S.REFUNDED),
        (12, 3, 0, S.REFUNDED),
        (53, 0, 3, S.REFUNDED),
        (27, 1, 1, S.REFUSED),
        (29, 1, 1, S.REFUSED),
        (28, 1, 1, S.CANCELLED),
        (51, 1, 1, S.CANCELLED),
    ],
)
def test_every_status(status: int, kind: int, refund: int, stage: AftersaleStage) -> None:
    found = listed(aftersale_status=status, aftersale_type=kind, refund_status=refund)
    assert (found.stage, found.unmapped) == (stage, ())


@pytest.mark.parametrize(
    ("code", "kind"),
    [(0, K.RETURN), (1, K.REFUND), (2, K.REFUND), (3, K.EXCHANGE), (6, K.PRICE), (7, K.RESHIP), (8, K.REPAIR)],
)
def test_every_type(code: int, kind: AftersaleKind) -> None:
    assert listed(aftersale_type=code).kind is kind


@pytest.mark.parametrize("change", [{"aftersale_status": 987}, {"aftersale_type": 99}])
def test_what_is_not_understood_may_be_decided_by_nobody(change: dict[str, int]) -> None:
    found = listed(**change)
    assert found.stage is S.ARBITRATION
    assert found.unmapped == (f"{next(iter(change))}={next(iter(change.values()))}",)


def test_refund_figures_mean_nothing_before_the_refund() -> None:
    found = detail(after_sale_status=12, refund_status=2)
    assert (found.stage, found.refunded_at, found.refunded_amount) == (S.REFUNDING, None, None)


def test_a_finished_exchange_gave_back_no_money() -> None:
    assert listed(aftersale_status=12, aftersale_type=3, refund_status=0).refunded_amount == Money(0)


@pytest.mark.parametrize(("codes", "stage"), [(("1",), S.ARBITRATION), ((), S.WAIT_MERCHANT)])
def test_who_judges_is_a_switch(codes: tuple[str, ...], stage: AftersaleStage) -> None:
    wire = sample()
    wire["process_info"]["after_sale_info"].update(after_sale_status=6, refund_status=1)
    wire["process_info"]["arbitrate_info"] = {"arbitrate_status": 1}
    assert to_aftersale(wire, shop="s", arbitration=codes).stage is stage


def test_the_returned_parcel_is_named() -> None:
    wire = sample()
    wire["process_info"]["logistics_info"]["return"]["tracking_no"] = "YT1"
    assert to_aftersale(wire, shop="s").return_waybill == "YT1"
    assert listed(return_logistics_code="YT2").return_waybill == "YT2"


def test_photos_also_come_as_text() -> None:
    assert detail(evidence='["https://a/1.jpg"]').photos == ("https://a/1.jpg",)
    assert detail(evidence="https://a/2.jpg").photos == ("https://a/2.jpg",)
    assert detail(evidence=None).photos == ()


@pytest.mark.parametrize("change", [{"after_sale_id": None}, {"apply_time": 0}, {"refund_amount": "6.5"}])
def test_wrong_shapes_are_unreadable(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        detail(**change)


def push(index: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.loads((SAMPLES / "push.json").read_text("utf-8"))[index]["data"])
    return found


def test_an_address_request_shows_areas_and_never_ciphertext() -> None:
    found = to_address_request(push(3), shop="旗舰店")
    assert (found.order_number, found.requested_at) == ("4781320682406083640", datetime.fromtimestamp(1700010000, UTC))
    assert (found.new.province, found.new.city, found.new.district, found.new.town) == (
        "浙江省",
        "杭州市",
        "西湖区",
        "文新街道",
    )
    assert (found.new.name, found.new.phone, found.new.detail, found.new.masked) == ("", "", "", True)
    assert found.new.address_key == "#new#"


def test_which_receiver_is_the_wished_one_is_a_switch() -> None:
    found = to_address_request(push(3) | {"post_receiver_msg": {"mask_name": "李*"}}, shop="s", field="post_receiver_msg")
    assert found.new.name == "李*"


def test_an_address_request_without_receiver_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="receiver_msg"):
        to_address_request(push(3) | {"receiver_msg": "not json"}, shop="s")
