"""The life of an approval under any order of events: property-tested, state by state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import approval as rules
from domain.approval import ApprovalPolicy, Denied, Seen, State, Verdict, Why
from domain.clock import millis
from domain.people import Actor, May, Person, Role
from domain.store import Approval
from tests.builders import NOW, approval

STEPS = ("approve_service", "approve_warehouse", "approve_finance")
POLICY = ApprovalPolicy.parse({"version": 1, "rows": [{"name": "r", "steps": list(STEPS)}]})
MAY = [
    frozenset({May.APPROVE_SERVICE}),
    frozenset({May.APPROVE_WAREHOUSE}),
    frozenset({May.APPROVE_FINANCE}),
    frozenset(May),
    frozenset(May),
    frozenset({May.REQUEST_CHANGE}),
]


def person(number: int, *, active: bool = True, shops: frozenset[str] = frozenset()) -> Actor:
    who = Person(number, f"p{number}", frozenset({Role.SERVICE}), shops=shops, active=active)
    return Actor(who, MAY[number % len(MAY)], "console", f"u{number}", "g", direct=False)


def fresh(**more: Any) -> Approval:
    given_: dict[str, Any] = {"id": 1, "steps": STEPS, "fingerprint": "f" * 12, "rule": "r v1"}
    return approval(**(given_ | more))


MOVES = st.tuples(
    st.sampled_from(
        ("agree", "refuse", "undo", "now", "retry", "handled", "not_done", "transfer", "claim", "lost", "done", "fail")
    ),
    st.integers(0, 5),
    st.integers(0, 300),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(MOVES, max_size=25), st.sampled_from((1, 2, 3)), st.sampled_from((0, 1, 4)))
def test_nothing_is_sent_before_every_step_has_its_own_person(moves: list[Any], steps: int, requester: int) -> None:
    one = fresh(steps=STEPS[:steps], requester_id=requester)
    now = NOW
    for name, who, seconds in moves:
        now += timedelta(seconds=seconds)
        before = one
        one = act(one, name, person(who), now)
        check(before, one, name)


def act(one: Approval, name: str, actor: Actor, now: Any) -> Approval:
    """One event; what the rules refuse changes nothing."""
    result: Approval | Denied
    if name in ("agree", "refuse"):
        result = rules.decide(one, actor, Verdict(name), now, POLICY, note="因为")
    elif name == "undo":
        result = rules.undo(one, actor, now)
    elif name == "now":
        result = rules.execute_now(one, actor, now)
    elif name == "retry":
        result = rules.retry(one, actor, now)
    elif name in ("handled", "not_done"):
        result = rules.handled(one, actor, now, done=name == "handled")
    elif name == "transfer":
        result = rules.transfer(one, actor, 3, "p3", MAY[3], now)
    else:
        to = {"claim": State.EXECUTING, "lost": State.UNKNOWN, "done": State.DONE, "fail": State.FAILED}[name]
        try:
            result = rules.move(one, to)
        except ValueError:
            return one
    return one if isinstance(result, Denied) else result


def check(before: Approval, after: Approval, name: str) -> None:
    words = rules.standing(after)
    agreed = [word.person_id for word in words if word.verdict == "agree"]
    assert len(set(agreed)) == len(agreed), "one person, two steps"
    assert not after.requester_id or after.requester_id not in agreed, "who asks does not approve"
    if after.state in ("agreed", "done"):
        assert rules.fully_agreed(after)
    if after.state in ("executing", "unknown", "by_hand"):
        assert rules.verdict_of(after) is not None
    if before.state in ("done", "refused", "void", "withdrawn"):
        assert after == before, "an end is an end"
    if before.state in ("executing", "unknown"):
        assert name != "undo" or after == before, "what was sent out cannot be undone"
    assert after.decisions[: len(before.decisions)] == before.decisions, "the record only grows"


def test_an_undo_gives_the_step_back_and_the_same_person_may_decide_again() -> None:
    one = fresh(steps=STEPS[:1])
    agreed = rules.decide(one, person(0), Verdict.AGREE, NOW, POLICY)
    assert isinstance(agreed, Approval)
    assert agreed.state == "agreed"
    undone = rules.undo(agreed, person(0), NOW)
    assert isinstance(undone, Approval)
    assert (undone.state, undone.step, undone.execute_at) == ("waiting", 0, None)
    again = rules.decide(undone, person(0), Verdict.AGREE, NOW, POLICY)
    assert isinstance(again, Approval)
    assert again.state == "agreed"


def test_a_step_that_was_passed_can_be_taken_back_before_the_next_one_decides() -> None:
    first = rules.decide(fresh(), person(0), Verdict.AGREE, NOW, POLICY)
    assert isinstance(first, Approval)
    back = rules.undo(first, person(0), NOW)
    assert isinstance(back, Approval)
    assert back.step == 0
    assert rules.undo(first, person(5), NOW) == Denied(Why.NOT_YOURS, first.decisions[0])


def test_the_undo_window_ends_before_the_platforms_own_deadline() -> None:
    last = NOW + timedelta(seconds=70)
    one = fresh(steps=STEPS[:1], facts={"deadline": millis(last)})
    agreed = rules.decide(one, person(0), Verdict.AGREE, NOW, POLICY)
    assert isinstance(agreed, Approval)
    assert agreed.execute_at == NOW + timedelta(seconds=40)
    assert rules.decide(one, person(0), Verdict.AGREE, last, POLICY) == Denied(Why.EXPIRED)


@pytest.mark.parametrize(
    ("more", "actor", "why"),
    [
        ({}, person(0, active=False), Why.INACTIVE),
        ({}, person(0, shops=frozenset({"别的店"})), Why.NOT_YOUR_SHOP),
        ({}, person(1), Why.NOT_YOURS),
        ({"steps": ()}, person(3), Why.NOBODY),
        ({"requester_id": 3}, person(3), Why.OWN_REQUEST),
        ({"state": "draft"}, person(3), Why.DRAFT),
        ({"state": "void"}, person(3), Why.CLOSED),
        ({"state": "withdrawn"}, person(3), Why.CLOSED),
        ({"state": "executing"}, person(3), Why.ALREADY),
        ({"state": "done"}, person(3), Why.ALREADY),
    ],
)
def test_each_refusal_has_its_reason(more: dict[str, Any], actor: Actor, why: Why) -> None:
    found = rules.decide(fresh(**more), actor, Verdict.AGREE, NOW, POLICY)
    assert isinstance(found, Denied)
    assert found.why is why


def test_an_outdated_card_decides_nothing() -> None:
    one = fresh()
    assert rules.decide(one, person(0), Verdict.AGREE, NOW, POLICY, seen=Seen(0, "other")) == Denied(Why.OUTDATED)
    assert isinstance(rules.decide(one, person(0), Verdict.AGREE, NOW, POLICY, seen=Seen(0, "ffff")), Approval)
    stale = rules.decide(replace(one, step=1), person(4), Verdict.AGREE, NOW, POLICY, seen=Seen(0, "ffff"))
    assert isinstance(stale, Denied)
    assert stale.why is Why.ALREADY


def test_a_person_with_two_accounts_is_one_person() -> None:
    first = rules.decide(fresh(), person(3), Verdict.AGREE, NOW, POLICY)
    assert isinstance(first, Approval)
    other_account = replace(person(3), platform="wecom", user_id="P3")
    found = rules.decide(first, other_account, Verdict.AGREE, NOW, POLICY)
    assert isinstance(found, Denied)
    assert found.why is Why.SAME_PERSON


@pytest.mark.parametrize("ended", [State.DONE, State.REFUSED, State.VOID, State.WITHDRAWN])
def test_no_state_follows_an_end(ended: State) -> None:
    for to in State:
        with pytest.raises(ValueError, match="cannot go"):
            rules.move(fresh(state=ended.value), to)


def test_agreed_cannot_be_entered_without_the_decisions_whatever_state_one_comes_from() -> None:
    for state in State:
        with pytest.raises(ValueError, match="approval cannot"):
            rules.move(fresh(state=state.value), State.AGREED)


def test_the_ladder_climbs_to_the_limit_and_then_repeats() -> None:
    one = fresh(due_at=NOW + timedelta(hours=10))
    at = [rules.next_rung(one, POLICY, rung) for rung in range(5)]
    hours = [(moment - NOW) / timedelta(hours=1) for moment in at if moment]
    assert hours == [5, 8, 10, 14, 18]
    assert rules.next_rung(fresh(due_at=None), POLICY, 0) is None


def test_a_a_b_a_bypass() -> None:
    """Steps A, A, B, A are four people: whoever took one of them is passed over at none and taken for none."""
    one = fresh(steps=("approve_service", "approve_service", "approve_finance", "approve_service"))
    one = accepted(rules.decide(one, person(0), Verdict.AGREE, NOW, POLICY))
    assert isinstance(rules.decide(one, person(0), Verdict.AGREE, NOW, POLICY), Denied)
    one = accepted(rules.decide(one, person(6), Verdict.AGREE, NOW, POLICY))
    one = accepted(rules.decide(one, person(2), Verdict.AGREE, NOW, POLICY))
    for who in (0, 6):
        assert isinstance(rules.decide(one, person(who), Verdict.AGREE, NOW, POLICY), Denied)
    assert one.state == "waiting"
    one = accepted(rules.decide(one, person(12), Verdict.AGREE, NOW, POLICY))
    assert one.state == "agreed"
    assert rules.fully_agreed(one)


def accepted(result: Approval | Denied) -> Approval:
    assert isinstance(result, Approval)
    return result
