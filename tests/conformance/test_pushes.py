"""Pushes: only from whom we know, answered to the letter, the same mark on every delivery."""

from __future__ import annotations

import pytest

from domain.errors import BadInput, Forged
from integrations._kit.guard import inside_unit_of_work
from tests.conformance.harness import CANARIES, Harness, Pushes
from tests.conformance.rules import proves

Pushed = tuple[Harness, Pushes]


@proves("push-authentic")
def test_a_genuine_push_is_taken(pushed: Pushed) -> None:
    harness, pushes = pushed
    receipt = harness.connector.receive(pushes.genuine())
    assert len(receipt.events) >= 1
    assert all(event.dedupe for event in receipt.events)


@proves("push-authentic")
def test_every_forgery_is_refused(pushed: Pushed) -> None:
    harness, pushes = pushed
    forged = pushes.forged()
    assert len(forged) >= 3
    for request in forged:
        with pytest.raises(Forged) as caught:
            harness.connector.receive(request)
        assert not [canary for canary in CANARIES if canary in str(caught.value)]


@proves("push-authentic")
def test_a_repeated_delivery_carries_the_same_mark(pushed: Pushed) -> None:
    harness, pushes = pushed
    first, again = (harness.connector.receive(pushes.genuine()) for _ in range(2))
    assert [event.dedupe for event in first.events] == [event.dedupe for event in again.events]


@proves("push-authentic")
def test_signed_nonsense_is_bad_input(pushed: Pushed) -> None:
    harness, pushes = pushed
    with pytest.raises(BadInput):
        harness.connector.receive(pushes.unreadable())


@proves("push-acknowledged")
def test_the_answer_is_exactly_what_the_platform_waits_for(pushed: Pushed) -> None:
    harness, pushes = pushed
    receipt = harness.connector.receive(pushes.genuine())
    assert (receipt.status, receipt.body) == (200, pushes.acknowledgement)


@proves("push-acknowledged")
def test_receiving_needs_no_network(pushed: Pushed) -> None:
    harness, pushes = pushed
    before = len(harness.emulator.journal.entries)
    mark = inside_unit_of_work.set(True)
    try:
        harness.connector.receive(pushes.genuine())
    finally:
        inside_unit_of_work.reset(mark)
    assert len(harness.emulator.journal.entries) == before


@proves("push-authentic")
async def test_an_event_becomes_the_full_record(pushed: Pushed) -> None:
    harness, pushes = pushed
    receipt = harness.connector.receive(pushes.genuine())
    changes = [change for event in receipt.events for change in await harness.connector.resolve(event)]
    named = [getattr(change, "number", "") or getattr(change, "waybill", "") for change in changes]
    assert named == pushes.resolves_to()
