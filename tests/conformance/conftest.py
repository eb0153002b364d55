from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from integrations._kit.manifest import Capability, Kind
from tests.conformance import cases
from tests.conformance.harness import Attempt, CarrierHarness, ChannelHarness, Harness, Pushes, harnesses


def _build(name: str) -> Harness:
    made = harnesses().get(name)
    if made is None:
        pytest.fail(f"connector {name} has a card but no tests/conformance/harness_{name}.py")
    return made()


async def _opened(made: Any) -> AsyncIterator[Any]:
    yield made
    await made.aclose()


@pytest_asyncio.fixture(params=cases.connectors())
async def any_connector(request: pytest.FixtureRequest) -> AsyncIterator[Harness]:
    async for made in _opened(_build(request.param)):
        yield made


@pytest_asyncio.fixture(params=cases.connectors(Kind.CHANNEL))
async def channel(request: pytest.FixtureRequest) -> AsyncIterator[ChannelHarness]:
    async for made in _opened(_build(request.param)):
        yield made


@pytest_asyncio.fixture(params=cases.having(Capability.AFTERSALES_PULL))
async def aftersales(request: pytest.FixtureRequest) -> AsyncIterator[ChannelHarness]:
    async for made in _opened(_build(request.param)):
        yield made


@pytest_asyncio.fixture(params=cases.connectors(Kind.CARRIER))
async def carrier(request: pytest.FixtureRequest) -> AsyncIterator[CarrierHarness]:
    async for made in _opened(_build(request.param)):
        yield made


@pytest_asyncio.fixture(params=cases.changes(), ids=lambda case: f"{case[0]}-{case[1]}")
async def change(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Harness, Attempt]]:
    name, capability = request.param
    made = _build(name)
    if capability not in made.attempts:
        pytest.fail(f"harness_{name}.py offers no attempt for {capability}, which the card declares")
    async for opened in _opened(made):
        yield opened, made.attempts[capability]()


@pytest_asyncio.fixture(params=cases.having(*cases.HTTP_PUSHES))
async def pushed(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Harness, Pushes]]:
    made = _build(request.param)
    if made.pushes is None:
        pytest.fail(f"harness_{request.param}.py offers no pushes, which the card declares")
    async for opened in _opened(made):
        yield opened, made.pushes()
