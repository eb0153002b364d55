"""Outward changes: one effect per key, a lost answer is a doubt, look before repeating, the platform's reason reaches us."""

from __future__ import annotations

import asyncio

import pytest

from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected, Unavailable
from tests.conformance.harness import Attempt, Harness
from tests.conformance.rules import proves

Change = tuple[Harness, Attempt]


@proves("same-key-once")
async def test_the_same_key_twice_is_one_effect(change: Change) -> None:
    _, attempt = change
    await attempt.make()
    await attempt.make()
    await attempt.make()
    assert attempt.effects() == 1


@proves("same-key-once")
async def test_two_workers_with_the_same_key_at_once_are_one_effect(change: Change) -> None:
    """A loser may hear the platform's "state changed", but never an error of another kind, and a later repeat settles it."""
    _, attempt = change
    results = await asyncio.gather(*(attempt.make() for _ in range(4)), return_exceptions=True)
    assert attempt.effects() == 1
    assert [result for result in results if isinstance(result, BaseException) and not isinstance(result, Rejected)] == []
    await attempt.make()
    assert attempt.effects() == 1


@proves("doubt-kept", "same-key-once")
@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "down", "garbage", "cut"])
async def test_a_lost_answer_is_a_doubt_and_the_repeat_settles_it(change: Change, fault: str) -> None:
    harness, attempt = change
    harness.fault(fault, attempt.call)
    with pytest.raises(OutcomeUnknown):
        await attempt.make()
    await attempt.make()
    await attempt.make()
    assert attempt.effects() == 1


@proves("doubt-kept")
async def test_a_doubt_is_not_repeated_by_the_connector_itself(change: Change) -> None:
    harness, attempt = change
    harness.fault("lost_after", attempt.call, standing=True)
    with pytest.raises(OutcomeUnknown):
        await attempt.make()
    assert attempt.sends() == 1


@proves("looks-before-repeating")
async def test_the_repeat_of_a_lost_change_has_one_effect_and_asks_at_most_once_more(change: Change) -> None:
    """Either it looks first and sends nothing, or the platform knows the key; a blind repeat would show as a second effect."""
    harness, attempt = change
    harness.fault("lost_after", attempt.call)
    with pytest.raises(OutcomeUnknown):
        await attempt.make()
    before = len(harness.emulator.journal.entries)
    await attempt.make()
    assert attempt.effects() == 1
    assert attempt.sends() <= 2
    assert len(harness.emulator.journal.entries) > before, "said done without asking anybody"


@proves("doubt-kept")
async def test_a_throttle_is_no_doubt(change: Change) -> None:
    harness, attempt = change
    harness.fault("too_fast", attempt.call, standing=True)
    with pytest.raises(Unavailable):
        await attempt.make()
    assert attempt.effects() == 0
    harness.heal()
    harness.move(120)
    await attempt.make()
    assert attempt.effects() == 1


@proves("refusal-explained")
async def test_a_refusal_carries_the_platform_s_reason(change: Change) -> None:
    harness, attempt = change
    refuse = attempt.refuse or (lambda: harness.fault("denied", attempt.call))
    refuse()
    with pytest.raises(Rejected if attempt.refuse else NeedsAuthorization) as caught:
        await attempt.make()
    assert attempt.words in getattr(caught.value, "reason", "")
    assert attempt.effects() == 0
