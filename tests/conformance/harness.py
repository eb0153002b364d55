"""What a connector's tests provide so that the shared suite can drive it.

A connector adds one module `tests/conformance/harness_<domain>.py` with a function `harness() -> Harness`; nothing else has to
be registered. A card (manifest.toml) without such a module fails `test_card.py`. Everything runs in virtual time: the harness
moves the connector's clock and the emulator's clock together whenever the connector sleeps, so nothing here really waits.
"""

from __future__ import annotations

import asyncio
import heapq
import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from domain.clock import ManualClock
from domain.ports import RawRequest, Window
from emulators.kit import Dropped
from integrations._kit.manifest import Capability

FAULTS = (
    "down",  # HTTP 500
    "garbage",  # not JSON
    "cut",  # half a JSON document, complete as HTTP
    "empty",  # success marker, but without the promised data
    "too_fast",  # throttled, in the platform's own way
    "denied",  # the owner withdrew consent
    "expired",  # the access token is no longer good (only platforms with tokens)
    "lost_before",  # the connection dies before anything happened
    "lost_after",  # the connection dies after the effect
)

CANARIES = ("13912345678", "张三丰不外传", "桃花岛路42号", "canary-secret")
"""Personal data and secrets planted in settings, orders and requests: they may come out of no log, error or quarantine row."""


_TURNS = 25  # turns of the loop that the waking get before virtual time moves on


class Loopback(httpx.ASGITransport):
    """Mounts an emulator without a socket and turns its dropped connections into what a socket would show."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # a socket would let others run here
        try:
            return await super().handle_async_request(request)
        except Dropped as lost:
            raise httpx.ReadError("connection lost", request=request) from lost
        except TimeoutError as slow:
            raise httpx.ReadTimeout("no answer in time", request=request) from slow


@dataclass
class Attempt:
    """One outward change, ready to be made any number of times with the same key.

    `effects` counts what really changed over there; `sends` counts the requests that asked for it; `call` is the emulator's
    name of the changing call, for planning faults. `words` is part of the platform's reason when `refuse()` was called first.
    """

    call: str
    make: Callable[[], Awaitable[Any]]
    effects: Callable[[], int]
    sends: Callable[[], int]
    refuse: Callable[[], None] | None = None  # make the platform refuse this change for a business reason
    words: str = ""


@dataclass
class Pushes:
    """A genuine push and its forgeries. `send()` gives a fresh genuine request each time it is called with another number."""

    genuine: Callable[[], RawRequest]  # carries at least one event; equal content on every call (a re-delivery)
    forged: Callable[[], list[RawRequest]]  # tampered body, wrong or missing signature, ...
    unreadable: Callable[[], RawRequest]  # properly signed but not what is documented; raises BadInput
    acknowledgement: bytes  # the exact answer the platform wants
    resolves_to: Callable[[], list[str]] = list  # numbers (orders, after-sales, waybills) that resolve() must yield


@dataclass
class Harness:
    """One connector, built on its emulator, with everything the suite may want to do to it."""

    domain: str
    connector: Any
    emulator: Any  # has .journal (emulators.kit.Journal) and .faults (emulators.kit.Faults)
    settings: Any
    clock: ManualClock
    naps: list[float] = field(default_factory=list)  # every virtual sleep of the connector, seconds
    faults: Mapping[str, str] = field(
        default_factory=dict
    )  # FAULTS name -> the emulator's name; leave out what cannot happen
    secret_fields: tuple[str, ...] = ()  # Settings fields that must stay out of repr
    required_fields: tuple[str, ...] = ()  # Settings fields whose absence must be named
    attempts: Mapping[Capability, Callable[[], Attempt]] = field(
        default_factory=dict
    )  # every *changing* capability of the card
    pushes: Callable[[], Pushes] | None = None
    token_creations: Callable[[], int] | None = None  # how often the emulator issued or refreshed a token
    expire_token: Callable[[], None] | None = None
    _woken: int = 0
    _asleep: list[tuple[datetime, int]] = field(default_factory=list)

    def fault(self, name: str, call: str = "*", *, standing: bool = False) -> None:
        """Plan one of FAULTS at the emulator."""
        planned = self.faults[name]
        if standing:
            self.emulator.faults.always[call] = planned
        else:
            self.emulator.faults.plan(planned, call)

    def heal(self) -> None:
        self.emulator.faults.always.clear()
        self.emulator.faults.once.clear()

    def move(self, seconds: float) -> None:
        """Let time pass on both sides."""
        self.clock.move(timedelta(seconds=seconds))
        self.emulator.clock.move(seconds)

    async def sleep(self, seconds: float) -> None:
        """What the connector is given instead of asyncio.sleep. Sleepers wake in order of time; whoever is awake runs first."""
        self.naps.append(seconds)
        due = (self.clock.now() + timedelta(seconds=seconds), len(self.naps))
        heapq.heappush(self._asleep, due)
        while True:
            woken = self._woken
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if self._asleep[0] == due and self._woken == woken:
                heapq.heappop(self._asleep)
                self._woken += 1
                self.move(max(0.0, (due[0] - self.clock.now()).total_seconds()))
                return

    async def read_once(self) -> Any:
        """Any one reading call: used for faults, pace, tokens and logs."""
        raise NotImplementedError

    async def aclose(self) -> None:
        await self.connector.aclose()


@dataclass
class ChannelHarness(Harness):
    """A sales channel. Amounts are minor units of the card's currency; times are aware UTC."""

    window: Window | None = None  # everything `add_order` makes without `at` has its update time inside
    page_size: int = 0  # what the connector really asks for, so that tests need not create hundreds of orders
    wire_statuses: tuple[str, ...] = ()  # every documented order status, as text
    new_status: str = "987"
    list_call: str = ""  # the emulator's name of the order list call
    aftersale_statuses: tuple[str, ...] = ()

    def add_order(
        self,
        number: str = "",
        *,
        status: str = "",
        at: datetime | None = None,
        goods: int = 1990,
        freight: int = 0,
        discount: int = 0,
    ) -> str:
        """Put one order on the emulated platform, created and updated `at`; gives its number."""
        raise NotImplementedError

    def add_aftersale(self, *, status: str = "", amount: int = 1990) -> str:
        """Put one after-sale (on a new order) on the platform; gives its number."""
        raise NotImplementedError

    def order_of(self, aftersale: str) -> str:
        """The order of an after-sale, for platforms that do not find one by its own number; "" elsewhere."""
        return ""

    def move_after_page(self, number: str) -> None:
        """After the next list page was served, this order is updated (its update time becomes later, still in the window)."""
        raise NotImplementedError

    def break_order(self, number: str) -> None:
        """Make the stored order unmappable (a field of the wrong shape) while it keeps its personal data."""
        raise NotImplementedError

    async def read_once(self) -> Any:
        assert self.window is not None
        return [item async for page in self.connector.orders(self.window) for item in page]


@dataclass
class CarrierHarness(Harness):
    """A source of parcel tracks."""

    wire_statuses: tuple[str, ...] = ()
    new_status: str = "987"

    def add_track(
        self, waybill: str = "", *, status: str = "", at: datetime | None = None, events: int = 2
    ) -> tuple[str, str]:
        """Put one parcel on the emulated carrier, newest scan `at` with `status`; gives (waybill, our carrier code)."""
        raise NotImplementedError

    async def read_once(self) -> Any:
        waybill, carrier = self.add_track()
        return await self.connector.track(waybill, carrier, phone_tail="5678")


def harnesses() -> dict[str, Callable[[], Harness]]:
    """Every harness module beside this one, by connector."""
    found: dict[str, Callable[[], Harness]] = {}
    for path in sorted(Path(__file__).parent.glob("harness_*.py")):
        module = importlib.import_module(f"tests.conformance.{path.stem}")
        found[path.stem.removeprefix("harness_")] = module.harness
    return found
