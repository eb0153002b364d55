"""Rules as data: what is read, what is left out and named, what a rule can be asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.rulebook import read_rules, rules_file
from domain.people import Role
from domain.rule_change import RuleChange
from domain.rule_lint import lint
from domain.rule_why import clock_threshold, formula, nearest_flip, why
from domain.rules import LiveRules, RuleBook, Severity

GOOD: dict[str, Any] = {
    "name": "库存-1",
    "version": 7,
    "kind": "stock_low",
    "title": "库存告急",
    "when": "available < safety",
    "clear": "available * 100 >= safety * clear_percent",
    "critical": "available <= 0",
    "limits": {"clear_percent": 110},
    "owner": "purchasing",
    "topic": "stock",
    "group_by": ["warehouse"],
    "ladder": [{"after_minutes": 30, "role": "manager"}],
}


def book(*entries: dict[str, Any]) -> RuleBook:
    return RuleBook.parse({"rules": list(entries)})


def changed(**more: Any) -> dict[str, Any]:
    return {**deepcopy(GOOD), **more}


def test_the_rules_that_ship_are_whole_and_have_no_fault() -> None:
    shipped = RuleBook.parse(read_rules(rules_file().read_text("utf-8")))
    assert shipped.problems == ()
    assert {rule.kind for rule in shipped.rules} >= {"stock_low", "no_scan", "ship_by_soon", "ship_by_missed", "margin"}
    assert lint(shipped) == []


def test_blank_criterion_stops_rules_never_happens() -> None:
    """blank-criterion-stops-rules: the blank one is named with its line, the others stay."""
    text = """
rules:
  - {name: 甲-1, version: 1, kind: stock_low, title: 甲, when: "", owner: purchasing, topic: stock}
  - {name: 乙-1, version: 1, kind: stock_low, title: 乙, when: available < safety, owner: purchasing, topic: stock}
  - {name: 丙-1, version: 1, kind: stock_low, title: 丙, when: available << 2, owner: purchasing, topic: stock}
"""
    found = RuleBook.parse(read_rules(text))
    assert [rule.name for rule in found.rules] == ["乙-1"]
    assert [(problem.rule, problem.line) for problem in found.problems] == [("甲-1", 3), ("丙-1", 5)]
    assert "条件是空的" in str(found.problems[0])


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"owner": "boss"}, "owner"),
        ({"kind": "weather"}, "kind"),
        ({"severity": "loud"}, "severity"),
        ({"version": "seven"}, "version"),
        ({"when": "stock < 3"}, "没有叫 stock"),
        ({"limits": {"available": 3}}, "同名"),
        ({"limits": {"clear_percent": 1.1}}, "整数"),
        ({"group_by": ["moon"]}, "moon"),
        ({"colour": "red"}, "colour"),
        ({"quiet": {"from": "25:00", "until": "07:00"}}, "hour"),
        ({"ladder": [{"after_minutes": 0, "role": "manager"}]}, "after_minutes"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named_and_left_out(more: dict[str, Any], part: str) -> None:
    found = book(changed(**more), changed(name="乙-1"))
    assert [rule.name for rule in found.rules] == ["乙-1"]
    assert part in found.problems[0].sentence


def test_a_missing_key_and_a_repeated_name_are_named() -> None:
    without = changed()
    del without["owner"]
    found = book(without, changed(name="乙-1"), changed(name="乙-1"))
    assert [problem.sentence for problem in found.problems] == ["缺少 owner", "名字和前面一条重复"]


def test_nonsense_files_are_problems_not_crashes() -> None:
    odd: list[Any] = [None, 3, [], {"rules": 3}, {"rules": [3]}, {"rules": [], "ship_by": [{"hours": 0}]}]
    for raw in odd:
        assert RuleBook.parse(raw).problems
    with pytest.raises(ValueError, match="第 2 行"):
        read_rules("rules:\n  - {name: [}")
    with pytest.raises(ValueError, match="写了两次"):
        read_rules("rules: []\nrules: []")


def test_why_gives_formula_values_and_the_nearest_silent_value() -> None:
    rule = book(GOOD).rules[0]
    answer = why(rule, {"available": 12, "safety": 40, "on_hand": 60, "reserved": 48})
    assert answer.fires
    assert answer.formula == "可用 < 安全"
    assert answer.values == (("available", 12), ("safety", 40))
    assert {(flip.name, flip.then) for flip in answer.flips} == {("available", 40), ("safety", 12)}


@settings(max_examples=60, deadline=None)
@given(available=st.integers(-1000, 1000), safety=st.integers(0, 1000), sold=st.integers(0, 200))
def test_the_counterfactual_flips_the_decision_and_its_neighbour_does_not(available: int, safety: int, sold: int) -> None:
    rule = book(changed(when="available < safety && sold_per_hour * 3 > available - 50")).rules[0]
    facts = rule.facts({"available": available, "safety": safety, "sold_per_hour": sold})
    held = rule.when(facts)
    for name in rule.when.names:
        flip = nearest_flip(rule.when, facts, name)
        if flip is None:
            continue
        assert rule.when({**facts, name: flip.then}) != held
        nearer = flip.then - (1 if flip.then > flip.now else -1)
        assert rule.when({**facts, name: nearer}) == held


def test_hysteresis_has_a_middle_where_nothing_changes() -> None:
    rule = book(GOOD).rules[0]
    assert rule.fires({"available": 39, "safety": 40})
    assert not rule.fires({"available": 41, "safety": 40})
    assert not rule.clears({"available": 41, "safety": 40})
    assert rule.clears({"available": 44, "safety": 40})


def test_severity_follows_the_critical_condition() -> None:
    rule = book(GOOD).rules[0]
    assert rule.severity_of({"available": 3, "safety": 40}) is Severity.WARNING
    assert rule.severity_of({"available": 0, "safety": 40}) is Severity.CRITICAL
    assert rule.owner is Role.PURCHASING


def test_clock_threshold_is_the_first_minute_that_fires() -> None:
    shipped = RuleBook.parse(read_rules(rules_file().read_text("utf-8")))
    soon, scan = shipped.of("ship_by_soon")[0], shipped.of("no_scan")[0]
    assert clock_threshold(soon.when, soon.facts({}), "minutes_left", -1) == 240
    assert clock_threshold(scan.when, scan.facts({}), "minutes_since_scan", 1) == 2880


def test_the_ship_by_fallback_is_the_row_in_force_then() -> None:
    rows = [
        {"channel": "", "hours": 48, "from": "2020-01-01", "source": "甲"},
        {"channel": "douyin", "hours": 24, "from": "2026-06-01", "source": "乙"},
    ]
    found = RuleBook.parse({"rules": [], "ship_by": rows})
    before, after = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    rows_then = [found.clock(channel, at) for channel, at in (("douyin", before), ("douyin", after), ("jd", after))]
    assert [row.hours for row in rows_then if row is not None] == [48, 24, 48]
    assert found.clock("jd", datetime(2019, 1, 1, tzinfo=UTC) - timedelta(1)) is None


@pytest.mark.parametrize(
    ("entries", "part"),
    [
        ([changed(when="available < 3 && available > 5")], "永远不会响"),
        ([changed(when="available < 3 || available >= 3")], "一直会响"),
        ([changed(clear="available < safety")], "反复响"),
        ([changed(critical="available >= safety")], "紧急条件"),
        ([changed(ladder=[])], "没有 ladder"),
        ([changed(limits={"clear_percent": 110, "spare": 3})], "spare"),
        ([changed(), changed(name="乙-1", when="available < safety && available < 5")], "盖住"),
        ([changed(), changed(name="乙-1", severity="critical")], "冲突"),
        (
            [
                changed(
                    kind="no_scan", when="minutes_since_scan > 60 && minutes_since_scan < 90", clear="true", critical="true",
                    group_by=[], limits={},
                )
            ],
            "到点提醒会漏",
        ),
    ],
)  # fmt: skip
def test_lint_names_dead_shadowed_conflicting_and_incomplete_rules(entries: list[dict[str, Any]], part: str) -> None:
    assert any(part in problem.sentence for problem in lint(book(*entries))), lint(book(*entries))


def test_formula_never_renames_what_is_quoted() -> None:
    rule = book(changed(when='available < safety && sku != "available"')).rules[0]
    assert formula(rule) == '可用 < 安全 且 SKU ≠ "available"'


def test_a_book_that_is_read_later_is_read_once_and_holds_what_was_switched_on_before() -> None:
    filed = RuleBook.parse(read_rules(rules_file().read_text("utf-8")))
    rule = next(each for each in filed.rules if each.limits)
    name = next(iter(rule.limits))
    reads = []

    def read() -> RuleBook:
        reads.append(1)
        return filed

    live = LiveRules(read)
    change = RuleChange(
        1, rule.name, rule.fingerprint, {name: rule.limits[name] + 7}, {}, "张明", datetime(2026, 11, 20, tzinfo=UTC)
    )
    live.tune([change])
    assert not reads
    with ThreadPoolExecutor(4) as crew:
        found = list(crew.map(lambda _: live.book.named(rule.name), range(8)))
    assert [each.limits[name] for each in found if each] == [rule.limits[name] + 7] * 8
    assert (live.filed is filed, len(reads)) == (True, 1)
    live.tune([])
    assert live.book.named(rule.name) == rule
