"""The message channel over a real loopback socket: nothing is receipted before it is kept, nothing kept is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from domain.clock import SystemClock
from domain.errors import NeedsAuthorization
from domain.ports import PushEvent
from emulators.pinduoduo import PinduoduoEmulator, Switches
from integrations import pinduoduo, registry
from integrations._kit.http import Http
from integrations.pinduoduo.messages import Rhythm
from tests.conformance.harness import Loopback

QUICK = Rhythm(heartbeat=0.02, silence=0.5, first_wait=0.01, longest_wait=0.05)


@dataclass
class Inbox:
    """Keeps events durably, as far as a list can; refuses while `broken`."""

    events: list[PushEvent] = field(default_factory=list)
    broken: int = 0
    check: Callable[[], None] = lambda: None

    async def store(self, events: Sequence[PushEvent]) -> None:
        self.check()
        if self.broken:
            self.broken -= 1
            raise RuntimeError("disk is full")
        self.events.extend(events)


@dataclass
class Shop:
    emulator: PinduoduoEmulator
    port: int
    inbox: Inbox = field(default_factory=Inbox)
    connectors: list[Any] = field(default_factory=list)

    def connector(self, rhythm: Rhythm = QUICK, **settings: Any) -> Any:
        values: dict[str, Any] = {"client_id": self.emulator.client_id, "client_secret": self.emulator.client_secret}
        values |= {"shop": "旗舰店", "mall_id": str(self.emulator.mall_id), "auth_code": self.emulator.gate.consent()}
        values |= {"messages_url": f"ws://127.0.0.1:{self.port}"}
        made = pinduoduo.build(
            pinduoduo.Settings(**{**values, **settings}),
            registry.manifests()["pinduoduo"],
            clock=SystemClock(),
            http=Http("http://pinduoduo.test", transport=Loopback(app=self.emulator)),
            rhythm=rhythm,
        )
        self.connectors.append(made)
        return made

    @contextlib.asynccontextmanager
    async def listening(self, connector: Any = None) -> AsyncIterator[None]:
        task = asyncio.create_task((connector or self.connector()).listen(self.inbox.store))
        await until(lambda: self.emulator.messages.lines > 0)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def unreceipted(self) -> int:
        return len(self.emulator.messages.waiting())


async def until(true: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 (the emulator has no events to wait on)
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    emulator = PinduoduoEmulator(switches=Switches(visible_after=0))
    config = uvicorn.Config(emulator, port=0, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    made = Shop(emulator, server.servers[0].sockets[0].getsockname()[1])
    yield made
    for connector in made.connectors:
        await connector.aclose()
    server.should_exit = True
    await serving


async def test_a_message_is_kept_and_then_receipted(shop: Shop) -> None:
    async with shop.listening():
        number = shop.emulator.buyers.deal()
        await until(lambda: bool(shop.inbox.events) and shop.unreceipted() == 0)
    [event] = shop.inbox.events
    assert (event.kind, event.order_number) == ("pdd_trade_TradeConfirmed", number)
    [receipt] = shop.emulator.journal.effects("pmc.ack")
    assert receipt.request["id"] > 2**53


async def test_nothing_is_receipted_before_it_is_kept(shop: Shop) -> None:
    seen: list[int] = []
    shop.inbox.check = lambda: seen.append(len(shop.emulator.journal.effects("pmc.ack")))
    async with shop.listening():
        shop.emulator.buyers.deal()
        await until(lambda: shop.unreceipted() == 0 and bool(seen))
    assert seen[0] == 0


async def test_what_could_not_be_kept_comes_again_and_keeps_its_mark(shop: Shop) -> None:
    shop.inbox.broken = 2
    async with shop.listening():
        shop.emulator.buyers.deal()
        await until(lambda: shop.unreceipted() == 0 and bool(shop.inbox.events))
    assert len(shop.inbox.events) == 1
    assert shop.emulator.messages.lines >= 3  # the line was closed each time


async def test_a_cut_line_is_opened_again_and_loses_nothing(shop: Shop) -> None:
    shop.emulator.messages.hang_up_after = 3
    shop.emulator.state.messages_on = True
    numbers = [shop.emulator.buyers.deal() for _ in range(6)]
    async with shop.listening():
        await until(lambda: shop.unreceipted() == 0)
    assert {event.order_number for event in shop.inbox.events} == set(numbers)
    assert len({event.dedupe for event in shop.inbox.events}) == 6


async def test_a_message_sent_twice_has_one_mark(shop: Shop) -> None:
    shop.emulator.messages.twice = True
    async with shop.listening():
        shop.emulator.buyers.deal()
        await until(lambda: len(shop.inbox.events) >= 2)
    assert len({event.dedupe for event in shop.inbox.events}) == 1


async def test_what_came_while_nobody_listened_is_delivered_later(shop: Shop) -> None:
    shop.emulator.state.messages_on = True
    connector = shop.connector()
    number = shop.emulator.buyers.deal()
    assert await connector.backlog() == 1
    async with shop.listening(connector):
        await until(lambda: shop.unreceipted() == 0)
    assert [event.order_number for event in shop.inbox.events] == [number]
    assert await connector.backlog() == 0


async def test_a_silent_line_counts_as_dead(shop: Shop) -> None:
    shop.emulator.messages.mute = True
    rhythm = Rhythm(heartbeat=0.02, silence=0.1, first_wait=0.01, longest_wait=0.02)
    async with shop.listening(shop.connector(rhythm)):
        await until(lambda: shop.emulator.messages.lines >= 3)


async def test_we_send_heartbeats(shop: Shop) -> None:
    async with shop.listening():
        await until(lambda: shop.emulator.messages.heartbeats >= 3)


async def test_garbage_on_the_line_blocks_nobody(shop: Shop) -> None:
    shapeless = {"commandType": "Common", "id": 7, "sendTime": 1, "message": {"type": "pdd_x", "content": "{half"}}
    shop.emulator.messages.raw = ["nonsense", "[]", '{"commandType": "New"}', json.dumps(shapeless)]
    async with shop.listening():
        number = shop.emulator.buyers.deal()
        await until(lambda: any(event.order_number == number for event in shop.inbox.events))
    assert [event.kind for event in shop.inbox.events] == ["pdd_x", "pdd_trade_TradeConfirmed"]
    [poison] = await shop.connectors[0].resolve(shop.inbox.events[0])
    assert poison.reason == "message pdd_x is not understood"


async def test_another_shop_s_message_is_not_ours_to_receipt(shop: Shop) -> None:
    foreign = {"commandType": "Common", "id": 8, "sendTime": 1, "message": {"type": "t", "mallID": 5, "content": "{}"}}
    shop.emulator.messages.raw = [json.dumps(foreign)]
    async with shop.listening():
        shop.emulator.buyers.deal()
        await until(lambda: shop.unreceipted() == 0 and bool(shop.inbox.events))
    assert [event.kind for event in shop.inbox.events] == ["pdd_trade_TradeConfirmed"]
    assert [entry.request["id"] for entry in shop.emulator.journal.calls("pmc.ack") if entry.request["id"] == 8] == []


async def test_without_permission_a_person_is_asked(shop: Shop) -> None:
    shop.emulator.faults.plan("scope", "pdd.pmc.user.permit")
    with pytest.raises(NeedsAuthorization):
        await shop.connector().listen(shop.inbox.store)


async def test_a_wrong_secret_opens_no_line(shop: Shop) -> None:
    connector = shop.connector()
    object.__setattr__(connector._messages, "_client_secret", "wrong")
    task = asyncio.create_task(connector.listen(shop.inbox.store))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert shop.emulator.messages.lines == 0
