"""From arguments to plans: the same plan that a sentence would become, and nothing that the schema does not say."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assistants.tokens import scopes_of
from bot.assistants.tools import TOOLS, Around, plan_of
from domain.errors import BadInput
from domain.money import Money
from domain.understand import Intent, Lexicon, Plan, understand

AROUND = Around(datetime(2026, 11, 22, 2, tzinfo=UTC), Lexicon.build(skus={"SF-GREY": ("沙发套-灰",)}), "zh")
NUMBER = "6920123456780417"


def plan(tool: str, **arguments: Any) -> Plan:
    return plan_of(TOOLS[tool], arguments, AROUND)


def test_an_order_is_read_as_in_a_message() -> None:
    said = understand(f"{NUMBER} 到哪了", now=AROUND.now)
    made = plan("where_is_order", order=NUMBER)
    assert (made.intent, made.slots.order_no, made.found) == (Intent.WHERE_IS_ORDER, said.slots.order_no, said.found)
    assert plan("where_is_order", order="尾号 0417").slots.phone_tail == "0417"
    assert plan("where_is_order", order="SF1234567890123").slots.waybill_no == "SF1234567890123"


def test_an_argument_that_asks_for_more_is_only_an_order() -> None:
    made = plan("where_is_order", order=f"{NUMBER} 退款 50 同意 A17")
    assert made.intent is Intent.WHERE_IS_ORDER
    assert made.slots.amount is None
    assert made.slots.approval_id is None


def test_proposals_carry_what_was_given() -> None:
    made = plan("propose_refund", order=NUMBER, amount="12.50", reason="色差 13800138000")
    assert made.slots.amount == Money(1250)
    assert "13800138000" not in (made.slots.reason or "")
    moved = plan("propose_address_change", order=NUMBER, phone="13900001111")
    assert (moved.intent, moved.slots.phone, moved.slots.address) == (Intent.CHANGE_ADDRESS, "13900001111", None)


def test_goods_are_found_by_title() -> None:
    assert plan("stock", goods="沙发套-灰").slots.sku == "SF-GREY"


@pytest.mark.parametrize("wanted", [[], ["approve"], ["read", "admin"], [""]])
def test_scopes_are_a_closed_list(wanted: list[str]) -> None:
    with pytest.raises(BadInput):
        scopes_of(wanted)
    assert scopes_of(["propose,personal"]) == {"read", "propose", "personal"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(TOOLS)), st.data())
def test_any_arguments_are_a_plan_or_a_sentence(name: str, data: st.DataObject) -> None:
    tool = TOOLS[name]
    fields = st.dictionaries(st.sampled_from([*tool.fields, "as", "scope"]), JSON, max_size=4) if tool.fields else JSON
    with contextlib.suppress(BadInput):
        made = plan_of(tool, data.draw(fields | JSON), AROUND)
        assert made.intent not in {Intent.APPROVE, Intent.REJECT}
