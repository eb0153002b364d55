"""Scorecards tell the truth: every rule answered, "done" only with a test or document behind it, a tier only with all its rules."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from integrations import registry
from integrations._kit.manifest import Kind, Manifest
from tests.conformance import cases
from tests.conformance.rules import RULES, TIERS

ROOT = Path(__file__).parents[2]
NO_TIER: frozenset[str] = frozenset()  # connectors that may still be without a tier; this list may only shrink
DOCUMENTS = {
    "docs-setup": ("Setting up",),
    "trouble-shooting": ("Trouble shooting",),
    "sandbox-run": ("Sandbox run",),
    "load-run": ("Load run",),
}
SUITE = ("test_card", "test_channel", "test_carrier", "test_changes", "test_faults", "test_pushes")
FIXTURE_OF = {Kind.CHANNEL: {"channel", "aftersales"}, Kind.CARRIER: {"carrier"}}


def scorecard(name: str) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "integrations" / name / "quality.toml").read_text("utf-8"))
    return found


def suite() -> list[ModuleType]:
    here = ROOT / "tests" / "conformance"
    return [importlib.import_module(f"tests.conformance.{name}") for name in SUITE if (here / f"{name}.py").exists()]


def proved(name: str) -> set[str]:
    """Rules for which at least one test of the suite runs for this connector: its fixture must be one that is made for it."""
    card = registry.manifests()[name]
    fixtures = {"any_connector"} | FIXTURE_OF.get(card.kind, set())
    if card.capabilities & cases.CHANGING:
        fixtures.add("change")
    if card.capabilities & cases.HTTP_PUSHES:
        fixtures.add("pushed")
    found: set[str] = set()
    for module in suite():
        for test in vars(module).values():
            asked = set(getattr(test, "__annotations__", {}))
            if asked & fixtures:
                found |= set(getattr(test, "proves", ()))
    return found


def not_applicable(card: Manifest) -> set[str]:
    """Rules about abilities that the card does not claim: nothing to prove."""
    found: set[str] = set()
    if not card.capabilities & cases.CHANGING:
        found |= {"same-key-once", "doubt-kept", "looks-before-repeating", "refusal-explained"}
    if not card.capabilities & cases.HTTP_PUSHES:
        found |= {"push-authentic", "push-acknowledged"}
    if card.kind is Kind.CARRIER:
        found |= {"paging-complete", "shifting-window", "resumes-anywhere", "money-exact"}
    return found


@pytest.fixture(params=cases.connectors())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_rule_is_answered_and_none_is_invented(name: str) -> None:
    assert set(scorecard(name)["rules"]) == set(RULES)


def test_answers_are_done_todo_or_a_reasoned_exemption(name: str) -> None:
    wrong = {
        rule: answer
        for rule, answer in scorecard(name)["rules"].items()
        if answer not in ("done", "todo")
        and not (isinstance(answer, dict) and len(str(answer.get("exempt", "")).split()) >= 4 and set(answer) == {"exempt"})
    }
    assert wrong == {}


def test_done_means_that_a_conformance_test_runs(name: str) -> None:
    rules = scorecard(name)["rules"]
    by_suite = {rule for rule, (_, how) in RULES.items() if how == "C"}
    claimed = {rule for rule in by_suite if rules[rule] == "done"}
    assert claimed - proved(name) == set()


def test_an_exemption_is_only_for_what_the_card_does_not_claim(name: str) -> None:
    rules = scorecard(name)["rules"]
    exempt = {rule for rule, answer in rules.items() if isinstance(answer, dict)}
    allowed = not_applicable(registry.manifests()[name]) | {
        "one-refresh",
        "asks-for-grant",
        "signature-independent",
        "shifting-window",
    }
    assert exempt - allowed == set()


def test_done_documents_are_there(name: str) -> None:
    page = (ROOT / "docs" / "integrations" / f"{name}.md").read_text("utf-8")
    rules = scorecard(name)["rules"]
    missing = [
        heading
        for rule, headings in DOCUMENTS.items()
        for heading in headings
        if rules[rule] == "done" and f"## {heading}" not in page
    ]
    assert missing == []


def test_samples_say_where_they_are_from(name: str) -> None:
    folder = ROOT / "tests" / "integrations" / name / "samples"
    samples = {path.name for path in folder.glob("*.json")}
    sources = tomllib.loads((folder / "SOURCES.toml").read_text("utf-8")) if samples else {}
    assert (scorecard(name)["rules"]["samples-sourced"] == "done") <= bool(samples)
    assert set(sources) == samples
    assert all({"from", "seen", "masked"} <= set(source) for source in sources.values())


def test_a_tier_needs_all_its_rules_and_those_below(name: str) -> None:
    card, score = registry.manifests()[name], scorecard(name)
    assert score["tier"] == card.tier
    if card.tier == "none":
        assert name in NO_TIER
        return
    reached = TIERS[: TIERS.index(card.tier) + 1]
    open_rules = [rule for rule, (tier, _) in RULES.items() if tier in reached and score["rules"][rule] == "todo"]
    assert open_rules == []


def test_owners_are_named(name: str) -> None:
    assert registry.manifests()[name].owners
    assert "todo" not in registry.manifests()[name].owners
