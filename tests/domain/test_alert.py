"""The life of an alert, as pure values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.alert import (
    CRITICAL_GAP,
    MOST,
    SPAN,
    Firing,
    Ledger,
    Outcome,
    State,
    annotate,
    claim,
    digest_of,
    escalate,
    fingerprint,
    main_cause,
    next_flush,
    next_step,
    raise_or_update,
    resolve,
    sent,
    snooze,
    unclaim,
    wake,
)
from domain.rules import RuleBook
from domain.store import Alert

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
RULE = RuleBook.parse(
    {
        "rules": [
            {
                "name": "库存-1",
                "version": 3,
                "kind": "stock_low",
                "title": "库存告急",
                "when": "available < safety",
                "critical": "available <= 0",
                "owner": "purchasing",
                "topic": "stock",
                "group_by": ["warehouse"],
                "ladder": [{"after_minutes": 90, "role": "manager"}, {"after_minutes": 30, "role": "purchasing"}],
            }
        ]
    }
).rules[0]


def firing(available: int = 12, **more: Any) -> Firing:
    seen: dict[str, int | str | bool] = {"available": available, "safety": 40, "warehouse": "杭州仓"}
    return Firing(RULE, "stock:SKU-1@杭州仓", seen, **more)


def raised(available: int = 12) -> Alert:
    return sent(raise_or_update(None, firing(available), NOW).alert, NOW)


def test_the_fingerprint_holds_no_figure() -> None:
    assert raised(12).fingerprint == raised(3).fingerprint == fingerprint("库存-1", "stock:SKU-1@杭州仓")


def test_the_ladder_is_frozen_when_raised_and_sorted() -> None:
    assert raised().facts["ladder"] == [[30, "purchasing"], [90, "manager"]]


def test_an_update_keeps_what_people_did_and_stays_silent() -> None:
    alert = annotate(claim(raised(), "李芳", NOW)[0], "李芳", "三点到货", NOW)
    update = raise_or_update(alert, firing(9), NOW + timedelta(minutes=5))
    assert (update.new, update.tell) == (False, False)
    assert update.alert.claimed_by == "李芳"
    assert update.alert.facts["notes"] == alert.facts["notes"]
    assert (update.alert.facts["seen"]["available"], update.alert.facts["first"]["available"]) == (9, 12)


def test_getting_worse_speaks_again_once_and_getting_better_does_not() -> None:
    worse = raise_or_update(raised(), firing(0), NOW)
    assert worse.tell
    assert worse.alert.severity == "critical"
    assert worse.alert.sent_at is None
    again = raise_or_update(sent(worse.alert, NOW), firing(5), NOW)
    assert not again.tell
    assert again.alert.severity == "critical"
    assert not raise_or_update(again.alert, firing(0), NOW).tell


def test_the_first_holder_stays() -> None:
    mine, first = claim(raised(), "李芳", NOW)
    same, twice = claim(mine, "李芳", NOW)
    other, late = claim(mine, "张明", NOW)
    assert (first, twice, late) == (Outcome.DONE, Outcome.ALREADY, Outcome.TAKEN)
    assert same is other is mine


@pytest.mark.parametrize("act", ["claim", "snooze", "wake", "escalate", "resolve"])
def test_resolved_stays_resolved_whatever_comes_late(act: str) -> None:
    over = resolve(raised(), NOW)
    assert over is not None
    later = NOW + timedelta(days=1)
    outcomes = {
        "claim": lambda: claim(over, "李芳", later)[0],
        "snooze": lambda: snooze(over, "李芳", later, NOW)[0],
        "wake": lambda: wake(over, later) or over,
        "escalate": lambda: (escalate(over, later) or (over, None))[0],
        "resolve": lambda: resolve(over, later) or over,
    }
    assert outcomes[act]() == over


def test_a_snooze_survives_values_and_wakes_at_its_time_as_it_was() -> None:
    mine = claim(raised(), "李芳", NOW)[0]
    quiet, _ = snooze(mine, "李芳", NOW + timedelta(hours=2), NOW)
    updated = raise_or_update(quiet, firing(5), NOW + timedelta(hours=1)).alert
    assert updated.state == State.SNOOZED
    assert wake(updated, NOW + timedelta(minutes=119)) is None
    awake = wake(updated, NOW + timedelta(hours=2))
    assert awake is not None
    assert (awake.state, awake.claimed_by, awake.sent_at) == (State.CLAIMED, "李芳", None)


def test_until_worse_wakes_on_severity_only() -> None:
    quiet, _ = snooze(raised(), "李芳", None, NOW)
    assert wake(quiet, NOW + timedelta(days=300)) is None
    assert raise_or_update(quiet, firing(1), NOW).alert.state == State.SNOOZED
    assert raise_or_update(quiet, firing(0), NOW).alert.state == State.OPEN


def test_steps_come_in_order_and_stop_at_a_claim() -> None:
    alert = raised()
    step = next_step(alert)
    assert step is not None
    assert (step.role, step.at) == ("purchasing", NOW + timedelta(minutes=30))
    assert escalate(alert, NOW + timedelta(minutes=29)) is None
    climbed = escalate(alert, NOW + timedelta(minutes=30))
    assert climbed is not None
    assert next_step(climbed[0]).role == "manager"  # type: ignore[union-attr]
    assert next_step(claim(climbed[0], "李芳", NOW)[0]) is None
    assert next_step(unclaim(claim(climbed[0], "李芳", NOW)[0], NOW, why="lapsed")) is None  # until it is sent again


def test_notes_are_capped_and_the_newest_stay() -> None:
    alert = raised()
    for n in range(50):
        alert = annotate(alert, "李芳", f"{n}" * 500, NOW)
    assert len(alert.facts["notes"]) == 20
    assert alert.facts["notes"][-1][2].startswith("49")
    assert len(alert.facts["notes"][-1][2]) == 200


@settings(max_examples=60, deadline=None)
@given(
    arrivals=st.lists(st.floats(0, 1800), min_size=1, max_size=200),
    severity=st.sampled_from(["critical", "warning"]),
)
def test_no_span_of_ten_minutes_holds_more_than_six_and_nobody_waits_for_ever(arrivals: list[float], severity: str) -> None:
    spoke: list[datetime] = []
    due: datetime | None = None
    for seconds in sorted(arrivals):
        now = NOW + timedelta(seconds=seconds)
        if due is not None and due <= now:
            spoke.append(due)
            due = None
        if due is None:
            due = next_flush([at for at in spoke if at > now - SPAN], now, severity)
            assert due - now <= SPAN + timedelta(seconds=1)
    assert all(late - early >= SPAN for early, late in zip(spoke, spoke[MOST:], strict=False))
    assert all(late - early >= CRITICAL_GAP for early, late in pairwise(spoke))


def test_the_first_alert_of_a_group_waits_a_second() -> None:
    assert next_flush([], NOW, "warning") == NOW + timedelta(seconds=1)


def test_the_main_cause_needs_half_and_ignores_what_the_group_says_already() -> None:
    def with_cause(**cause: str) -> Alert:
        return raise_or_update(None, firing(cause=cause), NOW).alert

    many = [with_cause(warehouse="杭州仓", hold="risk") for _ in range(7)] + [
        with_cause(warehouse="杭州仓") for _ in range(3)
    ]
    cause = main_cause(many, known=("warehouse",))
    assert cause is not None
    assert (cause.dimension, cause.value, cause.share) == ("hold", "risk", 70)
    assert main_cause([with_cause(hold="a"), with_cause(hold="b"), with_cause(hold="c")]) is None


MOVES = st.lists(st.sampled_from(["send", "digest", "resolve", "snooze", "claim", "worse", "wake"]), max_size=8)


@settings(max_examples=60, deadline=None)
@given(lives=st.lists(MOVES, min_size=1, max_size=12))
def test_the_ledger_is_conserved_whatever_happens(lives: list[list[str]]) -> None:
    alerts = []
    for life in lives:
        alert = raise_or_update(None, firing(), NOW).alert
        for move in life:
            alert = _lived(alert, move)
        alerts.append(alert)
    ledger = Ledger.of([*alerts, replace(digest_of(RULE, "g", alerts, NOW), id=7)])
    assert ledger.raised == len(lives)
    assert ledger.balanced


def _lived(alert: Alert, move: str) -> Alert:
    match move:
        case "send":
            return sent(alert, NOW)
        case "digest":
            return sent(alert, NOW, digest=7)
        case "resolve":
            return resolve(alert, NOW) or alert
        case "snooze":
            return snooze(alert, "李芳", NOW + timedelta(hours=1), NOW)[0]
        case "claim":
            return claim(alert, "李芳", NOW)[0]
        case "worse":
            return raise_or_update(alert, firing(0), NOW).alert if alert.state != State.RESOLVED else alert
        case _:
            return wake(alert, NOW + timedelta(hours=3)) or alert
