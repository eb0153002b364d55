"""A model's answer against the person's own words: closed, checked exactly, and never a change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assist.plans import CHANGING, LOOKS, Refusal, instructions, read_answer, schema, wants_help
from domain.understand import WISHES, Intent, Lexicon, Plan, from_json, to_json, understand
from domain.understand.normal import normalise
from domain.understand.veil import veil

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
LEXICON = Lexicon.build(warehouses={"杭州仓": ()}, skus={"SF-GREY": ("沙发套-灰",)}, people=["张明"])
EMPTY: dict[str, Any] = dict.fromkeys(schema()["properties"]) | {"refs": [], "group_by": [], "filters": []}


def read(text: str, **answer: Any) -> Plan | Refusal:
    return read_raw(text, EMPTY | answer)


def read_raw(text: str, answer: Any) -> Plan | Refusal:
    plan = understand(text, now=NOW, lexicon=LEXICON)
    said = " ".join(normalise(text)[0].split())
    return read_answer(answer, veil(text, plan, LEXICON), plan, said, NOW)


def why(found: Plan | Refusal) -> str:
    assert isinstance(found, Refusal), found
    return found.why


def test_a_figure_with_grouping_and_period_becomes_the_plan_that_the_parser_would_make() -> None:
    found = read("上个月哪个平台的钱退得最凶", intent="kpi", metric="refund_amount", period="上个月", group_by=["channel"])
    assert isinstance(found, Plan)
    assert (found.intent, found.slots.metric, found.group_by) == (Intent.KPI, "refund_amount", ("channel",))
    assert found.slots.range is not None
    assert found.slots.range.start.isoformat() == "2026-09-30T16:00:00+00:00"
    assert from_json(to_json(found)) == found
    assert not found.alternatives


def test_the_same_answer_is_the_same_plan() -> None:
    given = {"intent": "kpi", "metric": "orders", "period": "yesterday"}
    assert read("昨儿个生意咋样", **given) == read("昨儿个生意咋样", **given)


def test_an_order_is_named_by_its_placeholder_and_comes_from_the_parser() -> None:
    found = read("麻溜瞅瞅 6920123456780417 现在啥光景", intent="order_detail", refs=["ORDER_1"], about="logistics")
    assert isinstance(found, Plan)
    assert (found.slots.order_no, found.all("order_no")) == ("6920123456780417", ("6920123456780417",))
    assert found.extra["about"] == "logistics"


@pytest.mark.parametrize(
    ("text", "answer", "reason"),
    [
        ("昨天咋样", {"intent": "approve"}, "forbidden_intent"),
        ("昨天咋样", {"intent": "reject", "refs": []}, "forbidden_intent"),
        ("昨天咋样", {"intent": "create_order"}, "forbidden_intent"),
        ("昨天咋样", {"intent": "alert_ack"}, "forbidden_intent"),
        ("昨天咋样", {"intent": "drop_table"}, "not_in_list"),
        ("昨天咋样", {"intent": None}, "wrong_type"),
        ("昨天咋样", {"intent": ["kpi"]}, "wrong_type"),
        ("昨天咋样", {"intent": "kpi", "sql": "DROP TABLE orders"}, "unknown_field"),
        ("昨天咋样", {"intent": "kpi", "metric": "orders; DROP TABLE"}, "not_in_list"),
        ("昨天咋样", {"intent": "where_is_order", "refs": ["ORDER_1"]}, "unknown_reference"),
        ("昨天咋样", {"intent": "where_is_order", "refs": ["6920999999999999999"]}, "unknown_reference"),
        ("昨天咋样", {"intent": "where_is_order", "refs": [{"a": 1}]}, "wrong_type"),
        ("昨天咋样", {"intent": "where_is_order", "refs": "ORDER_1"}, "wrong_type"),
        ("昨天咋样", {"intent": "kpi", "period": "2025-01-01"}, "not_in_text"),
        ("昨天咋样", {"intent": "kpi", "period": "咋样"}, "bad_period"),
        ("昨天咋样", {"intent": "kpi", "period": 7}, "wrong_type"),
        ("昨天咋样", {"intent": "kpi", "limit": 5}, "not_in_text"),
        ("昨天咋样", {"intent": "kpi", "limit": True}, "wrong_type"),
        ("前五名昨天咋样", {"intent": "kpi", "limit": -5}, "not_in_text"),
        ("昨天咋样", {"intent": "kpi", "limit": "5"}, "wrong_type"),
        ("昨天咋样", {"intent": "kpi", "channel": "douyin"}, "not_in_text"),
        ("昨天咋样", {"intent": "kpi", "channel": "ebay"}, "not_in_list"),
        ("昨天咋样", {"intent": "kpi", "group_by": ["password"]}, "not_in_list"),
        ("昨天咋样", {"intent": "kpi", "group_by": ["channel", "day", "sku"]}, "not_in_list"),
        ("昨天咋样", {"intent": "kpi", "metric": "gmv", "group_by": ["reason"]}, "bad_query"),
        ("昨天咋样", {"intent": "kpi", "filters": [{"field": "shop", "op": "=", "value": "别家的店"}]}, "not_in_text"),
        ("昨天咋样", {"intent": "kpi", "filters": [{"field": "shop", "op": "LIKE", "value": "%"}]}, "not_in_list"),
        ("昨天咋样", {"intent": "kpi", "filters": [{"field": "buyer", "op": "=", "value": "x"}]}, "not_in_list"),
        ("昨天咋样", {"intent": "kpi", "filters": [{"field": "total", "op": ">", "value": "100"}]}, "not_in_text"),
        ("昨天咋样", {"intent": "kpi", "filters": [{"field": "stage", "op": "=", "value": "1 OR 1=1"}]}, "not_in_list"),
        ("昨天咋样", {"intent": "kpi", "filters": ["stage=hold"]}, "unknown_field"),
        (
            "昨天咋样",
            {"intent": "kpi", "filters": [{"field": "stage", "op": "=", "value": "hold", "or": 1}]},
            "unknown_field",
        ),
        ("昨天咋样", {"intent": "kpi", "order": "amount"}, "not_in_list"),
        ("昨天咋样", {"intent": "order_detail", "about": "phone"}, "not_in_list"),
    ],
)
def test_an_answer_outside_the_list_is_refused_whole(text: str, answer: dict[str, Any], reason: str) -> None:
    assert why(read(text, **answer)) == reason


@pytest.mark.parametrize("answer", [None, [], "kpi", 3, True, [{"intent": "kpi"}], {"intent": {}}])
def test_what_is_no_plan_is_refused(answer: Any) -> None:
    assert isinstance(read_raw("昨天咋样", answer), Refusal)


@pytest.mark.parametrize("intent", WISHES)
def test_a_wish_is_only_a_question_back_over_what_the_parser_read(intent: Intent) -> None:
    text = "6920123456780417 这位想把钱拿回来 五十块就够"
    found = read(text, intent=intent.value, refs=["ORDER_1"], about="amount", limit=None)
    assert isinstance(found, Plan)
    parsed = understand(text, now=NOW, lexicon=LEXICON)
    assert found.intent is intent
    assert found.alternatives
    assert found.confidence < 0.75
    assert (found.slots, found.found, found.filters) == (parsed.slots, parsed.found, parsed.filters)


@pytest.mark.parametrize(
    "text",
    [
        "6920123456780417 那个退款别给她弄了",
        "6920123456780417 退款申请撤了吧",
        "她说算了，6920123456780417 照常发",
        "6920123456780417 不想退了",
        "6920123456780417 之前点错了",
        "please don't do the money back thing for 6920123456780417",
        "no longer wants the 6920123456780417 sent back",
    ],
)
@pytest.mark.parametrize("intent", ["request_refund", "cancel_order", "request_return", "change_address"])
def test_a_wish_that_was_taken_back_is_never_offered(text: str, intent: str) -> None:
    assert why(read(text, intent=intent)) == "taken_back"


def test_filters_come_from_placeholders_and_quotes() -> None:
    found = read(
        "杭州仓 上周浙江的单咋样",
        intent="kpi",
        metric="orders",
        period="last_week",
        filters=[
            {"field": "warehouse", "op": "=", "value": "WAREHOUSE_1"},
            {"field": "province", "op": "=", "value": "浙江"},
            {"field": "shipped", "op": "=", "value": "no"},
        ],
    )
    assert isinstance(found, Plan)
    assert {(each.field, each.value) for each in found.filters} == {
        ("warehouse", "杭州仓"),
        ("province", "浙江"),
        ("shipped", "no"),
    }


def test_an_amount_is_read_by_us_in_minor_units() -> None:
    text = "近30天超过 500 元的单有啥毛病"
    filters = [{"field": "total", "op": ">", "value": "AMOUNT_1"}]
    found = read(text, intent="kpi", metric="orders", period="近30天", filters=filters)
    assert isinstance(found, Plan), found
    assert [each.value for each in found.filters] == ["50000"]


def test_the_parsers_guards_keep_the_question_in_the_house() -> None:
    for note in ("negated", "policy", "which_approval", "too_long"):
        assert not wants_help(Plan(Intent.OUT_OF_SCOPE, note=note, alternatives=(Intent.HELP,), confidence=0.1), sure=0.75)
    for intent in CHANGING:
        assert not wants_help(Plan(intent, alternatives=(Intent.HELP,), confidence=0.1), sure=0.75)
    assert wants_help(Plan(Intent.OUT_OF_SCOPE, note="unsure", alternatives=(Intent.HELP,), confidence=0.5), sure=0.75)
    assert not wants_help(Plan(Intent.WHERE_IS_ORDER, confidence=0.9), sure=0.75)


@pytest.mark.parametrize(
    "number", ["6920123456780417", "SF1234567890123", "13800138000", "A17", "不取消了，发货吧", "帮我取消退货申请"]
)
def test_a_bare_number_or_a_guarded_sentence_never_asks(number: str) -> None:
    assert not wants_help(understand(number, now=NOW), sure=0.75)


def test_nothing_that_decides_is_in_the_schema_and_the_schema_is_strict() -> None:
    text = json.dumps(schema()) + instructions()
    offered = set(schema()["properties"]["intent"]["enum"])
    assert offered == {each.value for each in (*LOOKS, *WISHES)}
    assert not offered & {"approve", "reject", "create_order", "alert_ack", "alert_snooze"}
    assert "approval" not in text.replace("approvals", "")
    assert set(schema()["required"]) == set(schema()["properties"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*EMPTY, "sql", "tool"]), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_a_plan_of_ours_or_a_refusal_and_never_a_change(answer: Any) -> None:
    found = read_raw("6920123456780417 昨天这个退成啥样了", answer)
    if isinstance(found, Plan):
        assert found.intent not in CHANGING or (found.alternatives and found.confidence < 0.75)
        assert found.all("order_no") in ((), ("6920123456780417",))


@settings(max_examples=150, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(EMPTY, JSON)))
def test_any_filled_form_is_a_plan_of_ours_or_a_refusal(answer: dict[str, Any]) -> None:
    assert isinstance(read_raw("昨天咋样", answer), Plan | Refusal)
