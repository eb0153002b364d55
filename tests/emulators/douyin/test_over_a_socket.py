"""What loopback tests cannot show: the emulator behind a real server, the connector over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import uvicorn

from domain.clock import SystemClock
from domain.errors import OutcomeUnknown, Unavailable
from domain.ports import Window
from emulators.douyin import DouyinEmulator
from integrations import registry


@pytest.fixture
async def served() -> AsyncIterator[tuple[DouyinEmulator, Any]]:
    emulator = DouyinEmulator()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(emulator, log_level="critical", lifespan="on"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    module = registry.load("douyin")
    settings = module.Settings(
        app_key=emulator.app_key,
        app_secret=emulator.app_secret,
        shop_id=str(emulator.shop_id),
        shop="旗舰店",
        base_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        per_second=500,
    )
    channel = module.build(settings, registry.manifests()["douyin"], clock=SystemClock())
    yield emulator, channel
    await channel.aclose()
    server.should_exit = True
    await task


async def pulled(channel: Any) -> list[str]:
    now = datetime.now(UTC)
    window = Window(now - timedelta(hours=1), now + timedelta(hours=1))
    return [order.number async for page in channel.orders(window) for order in page]


async def test_orders_are_read(served: tuple[DouyinEmulator, Any]) -> None:
    emulator, channel = served
    numbers = [emulator.buyers.place(shop_id=emulator.shop_id) for _ in range(120)]
    assert sorted(await pulled(channel)) == sorted(numbers)


@pytest.mark.parametrize("fault", ["drop-before", "drop-after-commit"])
async def test_a_cut_connection_is_silence_for_a_read_and_doubt_for_a_change(
    served: tuple[DouyinEmulator, Any], fault: str
) -> None:
    emulator, channel = served
    number = emulator.buyers.place(shop_id=emulator.shop_id)
    await pulled(channel)
    emulator.faults.plan(fault, "order.searchList")
    with pytest.raises(Unavailable):
        await pulled(channel)
    emulator.faults.plan(fault, "order.addOrderRemark")
    with pytest.raises(OutcomeUnknown):
        await channel.remark(number, "已联系", key="k")
    await channel.remark(number, "已联系", key="k")
    assert len(emulator.journal.effects("order.addOrderRemark")) == 1


async def test_the_clock_is_set_by_the_emulator_s_date_although_the_server_adds_its_own(
    served: tuple[DouyinEmulator, Any],
) -> None:
    emulator, channel = served
    await pulled(channel)
    emulator.clock.move(1800)
    await pulled(channel)
    codes = [entry.answer["code"] for entry in emulator.journal.calls("order.searchList")]
    assert codes == [10000, 40003, 10000]
