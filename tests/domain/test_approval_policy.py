"""Which people must agree: the table's rows, their precedence, and a clear sentence for every mistake in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.approval import ApprovalPolicy, Case
from domain.errors import BadInput
from domain.money import Money

SHIPPED = yaml.safe_load((Path(__file__).parents[2] / "config" / "approvals.yaml").read_text("utf-8"))


def policy(*rows: dict[str, Any], **top: Any) -> ApprovalPolicy:
    return ApprovalPolicy.parse({"version": 1, "rows": list(rows), **top})


@pytest.mark.parametrize(
    ("minor", "name"),
    [(1, "退款-1"), (10_000, "退款-1"), (10_001, "退款-2"), (50_000, "退款-2"), (50_001, "退款-3"), (10**15, "退款-3")],
)
def test_the_shipped_tiers_meet_without_gap_or_overlap(minor: int, name: str) -> None:
    found = ApprovalPolicy.parse(SHIPPED).match(Case("refund", Money(minor)))
    assert found.row is not None
    assert found.row.name == name


def test_loyal_customers_skip_steps_unless_the_order_loses_money_and_the_card_can_say_both() -> None:
    table = ApprovalPolicy.parse(SHIPPED)
    loyal = table.match(Case("refund", Money(9_000), orders=6, refunds=1, loss=True))
    assert loyal.row is not None
    assert loyal.row.name == "退款-老客"
    assert [row.name for row in loyal.also] == ["退款-1"]
    losing = table.match(Case("refund", Money(20_000), orders=6, refunds=0, loss=True))
    assert losing.row is not None
    assert losing.row.name == "退款-转亏"


def test_what_is_not_known_fits_no_condition_about_it() -> None:
    table = policy({"name": "亏", "when": {"loss": False}, "steps": ["approve_service"]})
    assert table.match(Case("refund", Money(1), loss=None)).row is None


def test_another_currency_fits_no_tier_of_this_one() -> None:
    assert ApprovalPolicy.parse(SHIPPED).match(Case("refund", Money(100, "USD"))).row is None


def test_empty_means_nobody_not_everybody() -> None:
    found = policy({"name": "没人", "steps": []}).match(Case("refund", Money(1)))
    assert found.row is not None
    assert found.row.steps == ()


def test_zero_seconds_of_undo_are_possible_and_money_has_two_minutes() -> None:
    table = policy({"name": "急", "steps": ["approve_service"], "undo_seconds": 0})
    assert table.undo_seconds(table.stamp(table.rows[0]), "refund") == 0
    assert table.undo_seconds("-", "refund") == 120
    assert table.undo_seconds("-", "address") == 60


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": None}, "rows"),
        ({"version": 0}, "version"),
        ({"version": "3"}, "version"),
        ({"rowz": []}, "rowz"),
        ({"ladder": [80, 50, 100]}, "ladder"),
        ({"ladder": [50, 80]}, "100"),
        ({"undo": {"money": -1}}, "undo.money"),
        ({"rows": [{"steps": []}]}, "缺 name"),
        ({"rows": [{"name": "a", "steps": ["approve_everything"]}]}, "approve_everything"),
        ({"rows": [{"name": "a", "steps": "approve_service"}]}, "规则 a 的 steps"),
        ({"rows": [{"name": "a", "steps": [], "when": {"amount": 5}}]}, "amount"),
        ({"rows": [{"name": "a", "steps": [], "when": {"reason": None}}]}, "条件 reason 是空的"),
        ({"rows": [{"name": "a", "steps": [], "when": {"above": "many"}}]}, "above 不是金额"),
        ({"rows": [{"name": "a", "steps": [], "when": {"above": "1.005"}}]}, "above 不是金额"),
        ({"rows": [{"name": "a", "steps": [], "when": {"shipped": "yes"}}]}, "true 或 false"),
        ({"rows": [{"name": "a", "steps": []}, {"name": "a", "steps": []}]}, "出现了两次"),
        ({"rows": [{"name": "a", "steps": [], "hours": 0}]}, "hours"),
    ],
)
def test_a_mistake_in_the_file_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as problem:
        ApprovalPolicy.parse({"version": 1, "rows": [], **change})
    assert words in problem.value.sentence
    assert problem.value.sentence.startswith("approvals.yaml")


@pytest.mark.parametrize("raw", [None, [], "text", 5])
def test_a_file_that_is_no_table_is_a_sentence(raw: Any) -> None:
    with pytest.raises(BadInput):
        ApprovalPolicy.parse(raw)
