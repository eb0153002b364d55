"""Errors have our names, whatever the platform's; nothing private leaves; down is said once; nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import threading
import traceback
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.errors import DeskError, NeedsAuthorization, ProtocolBroken, Unavailable
from integrations import registry
from integrations._kit.guard import inside_unit_of_work
from tests.conformance.harness import CANARIES, Harness
from tests.conformance.rules import proves

EXPECTED: dict[str, tuple[type[DeskError], ...]] = {
    "down": (Unavailable,),
    "garbage": (ProtocolBroken,),
    "cut": (ProtocolBroken,),
    "empty": (ProtocolBroken,),
    "too_fast": (Unavailable,),
    "denied": (NeedsAuthorization,),
    "lost_before": (Unavailable,),
    "lost_after": (Unavailable,),
}


async def failed(any_connector: Harness) -> BaseException:
    with pytest.raises(DeskError) as caught:
        await any_connector.read_once()
    return caught.value


@proves("errors-named")
@pytest.mark.parametrize("fault", sorted(EXPECTED))
async def test_a_standing_fault_of_a_read_has_our_name(any_connector: Harness, fault: str) -> None:
    planned = any_connector.faults.get(fault, any_connector.faults["down"])
    expected = EXPECTED[fault if fault in any_connector.faults else "down"]
    any_connector.emulator.faults.always["*"] = planned
    problem = await failed(any_connector)
    assert type(problem) in expected
    assert type(problem.__cause__) is not type(problem), "translated twice"


@proves("errors-named")
async def test_a_throttle_says_when_to_come_back(any_connector: Harness) -> None:
    any_connector.fault("too_fast", standing=True)
    problem = await failed(any_connector)
    assert isinstance(problem, Unavailable)
    assert problem.retry_after is not None
    assert problem.retry_after > 0


@proves("errors-named", "keeps-pace")
async def test_a_throttled_connector_does_not_hammer(any_connector: Harness) -> None:
    any_connector.fault("too_fast", standing=True)
    await failed(any_connector)
    assert len(any_connector.emulator.journal.entries) <= 8
    entries = [entry.at for entry in any_connector.emulator.journal.entries]
    assert [later - sooner for sooner, later in itertools.pairwise(entries) if later - sooner < 0.1] == []


@proves("errors-named")
@pytest.mark.parametrize("fault", ["down", "garbage", "too_fast", "lost_before"])
async def test_the_next_call_after_a_fault_works(any_connector: Harness, fault: str) -> None:
    any_connector.fault(fault, standing=True)
    await failed(any_connector)
    any_connector.heal()
    any_connector.move(120)
    await any_connector.read_once()


@proves("asks-for-grant")
async def test_a_withdrawn_consent_needs_a_person_and_is_not_retried(any_connector: Harness) -> None:
    planned = any_connector.faults.get("denied")
    await any_connector.read_once()
    before = len(any_connector.emulator.journal.entries)
    any_connector.emulator.faults.always["*"] = planned or any_connector.faults["garbage"]
    problem = await failed(any_connector)
    assert isinstance(problem, NeedsAuthorization if planned else ProtocolBroken)
    assert len(any_connector.emulator.journal.entries) - before <= 2


@proves("private", "diagnostics-redacted")
@pytest.mark.parametrize("fault", sorted(EXPECTED))
async def test_nothing_private_is_in_errors_and_logs(
    any_connector: Harness, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    planned = any_connector.faults.get(fault, any_connector.faults["down"])
    with capture_logs() as logged:
        await any_connector.read_once()
        any_connector.emulator.faults.always["*"] = planned
        problem = await failed(any_connector)
    told = "".join(traceback.format_exception(problem)) + str(logged)
    told += "".join(record.getMessage() for record in caplog.records if not record.name.startswith("httpx"))
    told += repr(any_connector.connector) + repr(any_connector.settings)
    assert not [canary for canary in CANARIES if canary in told]


@proves("private")
async def test_the_http_library_logs_no_tokens(any_connector: Harness, caplog: pytest.LogCaptureFixture) -> None:
    """It logs whole addresses at INFO, and several platforms carry the token in the query."""
    caplog.set_level(logging.INFO)
    await any_connector.read_once()
    assert [record.getMessage() for record in caplog.records if "token=" in record.getMessage()] == []


@proves("says-it-once")
async def test_down_and_up_are_said_once_each(any_connector: Harness) -> None:
    with capture_logs() as logged:
        any_connector.fault("down", standing=True)
        await failed(any_connector)
        await failed(any_connector)
        await failed(any_connector)
        any_connector.heal()
        any_connector.move(120)
        await any_connector.read_once()
        await any_connector.read_once()
    assert [entry["event"] for entry in logged] == ["connector.lost", "connector.recovered"]


@proves("leaves-nothing")
async def test_closing_leaves_no_task_and_no_thread(any_connector: Harness) -> None:
    tasks, threads = asyncio.all_tasks(), threading.active_count()
    await any_connector.read_once()
    any_connector.fault("lost_before", standing=True)
    await failed(any_connector)
    await any_connector.aclose()
    gc.collect()
    assert asyncio.all_tasks() == tasks
    assert threading.active_count() <= threads


@proves("never-blocks")
async def test_the_loop_keeps_turning(any_connector: Harness) -> None:
    """A call that blocks (a synchronous client, time.sleep) would let no other task run in between."""
    turns = 0

    async def spin() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(spin())
    await any_connector.read_once()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert turns > 1


@proves("never-blocks")
async def test_no_call_leaves_inside_a_unit_of_work(any_connector: Harness) -> None:
    mark = inside_unit_of_work.set(True)
    try:
        with pytest.raises(RuntimeError, match="unit of work"):
            await any_connector.read_once()
    finally:
        inside_unit_of_work.reset(mark)


@proves("keeps-pace")
async def test_calls_keep_the_declared_pace(any_connector: Harness) -> None:
    for _ in range(3):
        await any_connector.read_once()
    await asyncio.gather(*(any_connector.read_once() for _ in range(30)))
    at = sorted(entry.at for entry in any_connector.emulator.journal.entries)
    rate = registry.manifests()[any_connector.domain].per_second
    busiest = max(sum(start <= moment < start + 1 for moment in at) for start in at)
    assert busiest <= rate + 1


def token_state(any_connector: Harness) -> Any:
    return any_connector.token_creations() if any_connector.token_creations else 0


@proves("one-refresh")
async def test_fifty_callers_refresh_an_expired_token_once(any_connector: Harness) -> None:
    await any_connector.read_once()
    before = token_state(any_connector)
    if_tokens = any_connector.expire_token is not None
    (any_connector.expire_token or (lambda: None))()
    await asyncio.gather(*(any_connector.read_once() for _ in range(50)))
    assert token_state(any_connector) - before == int(if_tokens)


@proves("one-refresh")
async def test_fifty_first_callers_share_one_token(any_connector: Harness) -> None:
    await asyncio.gather(*(any_connector.read_once() for _ in range(50)))
    assert token_state(any_connector) == int(any_connector.token_creations is not None)
