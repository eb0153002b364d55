"""What counts as a material change, and how much of an order may still be paid back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fingerprint import differences, fingerprint, material, receiver_key
from domain.money import Money
from domain.order import AftersaleKind, AftersaleStage, Stage
from domain.refund_room import room
from domain.store import Approval
from tests.builders import aftersale, approval, money, order, parcel, receiver, shipped

MATERIAL = [
    ("phase", order(), replace(order(), stage=Stage.SHIPPED)),
    ("phase", order(), replace(order(), stage=Stage.CLOSED_REFUNDED)),
    ("total", order(), replace(order(), total=money(1))),
    ("paid", order(), replace(order(), paid=money(1))),
    ("refunded", order(), replace(order(), refunded=money(1))),
    ("receiver", order(), replace(order(), receiver=receiver(phone="13812345679"))),
    ("receiver", order(), replace(order(), receiver=receiver(detail="文三路 91 号"))),
    ("receiver", order(receiver=receiver(address_key="#a")), order(receiver=receiver(address_key="#b"))),
    ("parcels", shipped(), replace(shipped(), parcels=(parcel("YT1"),))),
]
IMMATERIAL = [
    (order(stage=Stage.HOLD), order(stage=Stage.TO_SHIP)),
    (order(stage=Stage.DELIVERED), order(stage=Stage.COMPLETED)),
    (order(), replace(order(), seller_note="加赠", holds=("refund",), tags=("vip",), raw_status="99")),
    (order(receiver=receiver(address_key="#a")), order(receiver=receiver(address_key="#a", name="##cipher##other"))),
    (shipped(), replace(shipped(), parcels=(replace(shipped().parcels[0], last_scan="杭州"),))),
]


@pytest.mark.parametrize(("name", "before", "after"), MATERIAL)
def test_every_material_fact_is_noticed(name: str, before: object, after: object) -> None:
    moved = differences(material(before), material(after))  # type: ignore[arg-type]
    assert [each.name for each in moved] == [name]
    assert fingerprint(material(before)) != fingerprint(material(after))  # type: ignore[arg-type]


@pytest.mark.parametrize(("before", "after"), IMMATERIAL)
def test_what_would_change_nobodys_mind_is_not(before: object, after: object) -> None:
    assert material(before) == material(after)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "after",
    [
        replace(aftersale(), amount=money(1)),
        replace(aftersale(), kind=AftersaleKind.RETURN),
        replace(aftersale(), stage=AftersaleStage.CANCELLED),
        replace(aftersale(), version="2"),
        replace(aftersale(), reason="质量问题"),
    ],
)
def test_the_buyers_request_is_material_in_all_its_parts(after: object) -> None:
    moved = differences(material(order(), aftersale()), material(order(), after))  # type: ignore[arg-type]
    assert len(moved) == 1


def test_what_could_not_be_read_has_not_changed_by_that() -> None:
    assert differences(material(order(), aftersale()), material(None, aftersale())) == ()


def test_a_receiver_key_tells_nothing_about_the_person() -> None:
    key = receiver_key(receiver())
    assert len(key) == 10
    assert receiver_key(receiver()) == receiver_key(receiver())


def test_one_after_sale_is_counted_once_however_many_records_it_has() -> None:
    moving = replace(aftersale("1", amount=money(10_000)), stage=AftersaleStage.REFUNDING)
    ours = approval(id=1, subject="1", state="executing", amount=money(10_000))
    assert room(shipped(), [moving], [ours]) == money(16_800)


def test_the_orders_total_and_the_after_sales_are_two_views_of_one_sum() -> None:
    done = replace(aftersale("1", amount=money(10_000)), stage=AftersaleStage.REFUNDED)
    assert room(shipped(refunded=money(10_000)), [done], []) == money(16_800)
    assert room(shipped(refunded=money(0)), [done], []) == money(16_800)


def test_ones_own_promise_does_not_stand_in_ones_way() -> None:
    ours = approval(id=1, subject="1", state="agreed", amount=money(26_800))
    other = approval(id=2, subject="2", state="by_hand", amount=money(800))
    assert room(shipped(), [], [ours, other], leaving_out=1) == money(26_000)


@given(
    st.lists(st.tuples(st.integers(1, 30_000), st.sampled_from(["agreed", "executing", "unknown", "by_hand"])), max_size=8)
)
def test_what_is_promised_never_exceeds_what_was_paid(asked: list[tuple[int, str]]) -> None:
    promised: list[Approval] = []
    for number, (minor, state) in enumerate(asked, start=1):
        one = approval(id=number, subject=str(number), state=state, amount=money(minor))
        if Money(minor).minor <= room(shipped(), [], promised).minor:
            promised.append(one)
    assert sum(each.amount.minor for each in promised) <= 26_800
