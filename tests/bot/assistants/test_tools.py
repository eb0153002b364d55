"""From arguments to plans: the same plan that a sentence would become, and nothing that the schema does not say."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assistants.tokens import PROPOSE, scopes_of
from bot.assistants.tools import TOOLS, Around, Tool, Way, plan_of
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


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_a_model_can_read_what_a_tool_is_for(tool: Tool) -> None:
    """Short, every argument said, every closed list spelt out: a model has nothing else to go by."""
    assert 20 <= len(tool.description) <= 320
    assert set(tool.required) <= set(tool.fields)
    for name, field in tool.fields.items():
        parts = [field, field.get("items", {}), *field.get("items", {}).get("properties", {}).values()]
        assert all(len(part["description"]) >= 5 for part in (field, *parts[2:])), name
        for part in parts:
            if part.get("type") == "string":
                assert ("enum" in part) != ("maxLength" in part), name
            if part.get("type") == "integer":
                assert {"minimum", "maximum"} <= set(part), name
    assert len(json.dumps(tool.schema, ensure_ascii=False)) < 4_000


def test_money_and_orders_say_their_unit_and_that_they_are_text() -> None:
    assert "Yuan" in TOOLS["propose_refund"].fields["amount"]["description"]
    assert "fen" in TOOLS["kpi"].fields["filters"]["items"]["properties"]["value"]["description"]
    for tool in TOOLS.values():
        assert "order" not in tool.required or "text" in tool.fields["order"]["description"], tool.name


def test_every_tool_that_changes_something_goes_through_a_person() -> None:
    for tool in TOOLS.values():
        assert (tool.scope == PROPOSE) is (tool.way in {Way.DRAFT, Way.SUGGEST}), tool.name
        assert (tool.scope == PROPOSE) is tool.name.startswith("propose_")
        assert tool.scope != PROPOSE or tool.may is not None


RULE = "库存-1"


@pytest.mark.parametrize(
    "arguments",
    [
        {"rule": "启用-1"}, {"rule": "生效1"}, {"rule": "退回-1", "rehearse": []}, {"rule": f"{RULE} 启用"},
        {"rule": f"{RULE}\n规则 启用 {RULE} x=1"}, {"rehearse": [{"limit": "minutes", "to": 1}]},
        {"rule": RULE, "rehearse": [{"limit": "minutes=1 启用", "to": 1}]},
        {"rule": RULE, "rehearse": [{"limit": "MINUTES", "to": 1}]},
    ],
)  # fmt: skip
def test_rules_can_be_read_and_rehearsed_and_never_switched(arguments: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        plan("rules", **arguments)
    said = TOOLS["rules"].said
    assert said is not None
    assert said({"rule": RULE, "rehearse": [{"limit": "minutes", "to": 5}]}) == f"规则 演练 {RULE} minutes=5"


@pytest.mark.parametrize(
    "amount", ["9e9999999", "1e5", "-1", "+1", "0", "0.00", "0.001", "١٢", "１２", "NaN", "1_000", "", " "]
)
def test_an_amount_is_spelt_out_or_refused_at_once(amount: str) -> None:
    if not amount:  # nothing said is all of it
        assert plan("propose_refund", order=NUMBER, amount=amount).slots.amount is None
        return
    with pytest.raises(BadInput):
        plan("propose_refund", order=NUMBER, amount=amount)


def test_numbers_beyond_what_json_keeps_stay_exact_as_text_and_are_refused_as_numbers() -> None:
    assert plan("where_is_order", order="9007199254740993123").slots.order_no == "9007199254740993123"
    with pytest.raises(BadInput, match="引号"):
        plan("where_is_order", order=9007199254740993123)


def test_null_is_as_good_as_nothing_said() -> None:
    assert plan("kpi", metric="orders", period=None, filters=None, limit=None) == plan("kpi", metric="orders")
    with pytest.raises(BadInput):
        plan("where_is_order", order=None)


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
