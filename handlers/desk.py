"""What every handler receives (`Desk`) and how a feature says what it handles (`Feature`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from domain.chat import ChatRef, Click, Message, Reply
from domain.clock import Clock
from domain.order import AddressRequest, Aftersale, Track
from domain.people import Actor, May
from domain.policy import Policy
from domain.ports import Chat
from domain.roster import DirectoryRules
from domain.store import Claimed, Deadline, Json, Store, StoredOrder, UnitOfWork, Upserted
from domain.tokens import Signer, Token
from domain.topics import Topic
from domain.understand.plan import Plan

P = TypeVar("P")
Afterwards = Callable[[UnitOfWork], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Longest window of one query; data younger than `lag` may be invisible yet; what people are told to expect."""

    window: timedelta
    lag: timedelta
    expected_delay: str = ""


class Channels(Protocol):
    """The connected shops. `port` is a protocol of `domain.ports`; None when that shop's connector cannot do it."""

    def get(self, channel: str, shop: str, port: type[P]) -> P | None: ...

    def shops(self) -> list[tuple[str, str]]:
        """(channel, shop) of every connected shop."""
        ...

    def name(self, channel: str, shop: str = "") -> str:
        """What people call it: 抖音旗舰店."""
        ...

    def carriers(self, port: type[P]) -> list[P]: ...

    def limits(self, channel: str) -> Limits:
        """How this channel wants to be read: from its connector's card."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports a handler may use. Built once, in bot/bootstrap.py."""

    store: Store
    clock: Clock
    channels: Channels
    chats: Mapping[str, Chat]
    signer: Signer
    policy: Policy
    base_url: str  # where signed pages open, without a trailing slash
    lang: str = "zh"
    read_only: bool = False  # shadow mode: everything is computed, nothing is written out
    afterwards: list[Afterwards] | None = None  # see `note`
    directory: DirectoryRules = DirectoryRules()  # noqa: RUF009 - frozen: what departments of a chat platform may do

    async def note(self, work: Afterwards) -> None:
        """A write that the reply does not depend on, such as what was shown last: made once the reply is out, when whoever
        asked takes care of that (`afterwards` is a list), else now.
        """
        if self.afterwards is None:
            await self.store.write(work)
        else:
            self.afterwards.append(work)


@dataclass(frozen=True, slots=True)
class Question:
    """A message that was understood: `intent` and `slots` as in design.md section 4."""

    intent: str
    slots: Mapping[str, Any]
    text: str
    message: Message
    confidence: float = 1.0
    plan: Plan | None = None  # the whole reading, when the question came from a sentence


@dataclass(frozen=True, slots=True)
class Press:
    """A click whose token was verified."""

    token: Token
    click: Click
    values: Mapping[str, str]


Ask = Callable[[Question, Actor, Desk], Awaitable[Reply]]
Act = Callable[[Press, Actor, Desk], Awaitable[Reply | None]]
Effect = Callable[[Claimed, Desk], Awaitable[str | None]]
Due = Callable[[UnitOfWork, Deadline, datetime, "Desk"], None]
Changed = Callable[[UnitOfWork, Upserted, datetime, "Desk"], None]
AftersaleChanged = Callable[[UnitOfWork, Aftersale | None, Aftersale, StoredOrder | None, datetime, "Desk"], None]
AddressAsked = Callable[[UnitOfWork, AddressRequest, datetime, "Desk"], None]
TrackChanged = Callable[[UnitOfWork, Track, Sequence[int], datetime, "Desk"], None]
View = Callable[[Json, ChatRef, Desk], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Need:
    """A handler and the permission without which it is not reached.

    `at_once`: it awaits nothing but `desk.store`, so it may run whole on a reader's thread. When it turns out to
    write, it is run again from the start in the ordinary way; until then it must have had no effect.
    """

    run: Any
    may: May | None
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Feature:
    """All that one handlers module answers to. `handlers/router.py` joins them; a name claimed twice is an error.

    questions   intent -> Need(Ask, May)
    commands    staff command that is no public intent (`Plan.extra["command"]`) -> Need(Ask, May)
    actions     button action -> Need(Act, May); `may=None` means the handler itself decides who may press
    effects     outbox topic -> Effect; raising Unavailable retries, other DeskErrors are the handler's to settle. What it
                gives is the row's fate: nothing (it was carried out), "moot", "digest:H17"
    due         deadline kind -> Due, run inside the transaction that took the deadline
    changed     run inside the transaction that wrote an order, for each order that really changed
    aftersale   run inside the transaction that wrote an after-sale: (uow, before, after, its order, now, desk)
    address     run inside the transaction that took a buyer's address request: (uow, request, now, desk)
    track       run inside the transaction that merged a track: (uow, track, ids of its orders, now, desk)
    views       name -> View: builds a Reply at delivery time, from the store, so that it is never stale
    subjects    prefix of a card subject ("approval") -> View, for updating live cards; args are {"id": 4}
    """

    name: str
    questions: Mapping[str, Need] = field(default_factory=dict)
    commands: Mapping[str, Need] = field(default_factory=dict)
    actions: Mapping[str, Need] = field(default_factory=dict)
    effects: Mapping[Topic, Effect] = field(default_factory=dict)
    due: Mapping[str, Due] = field(default_factory=dict)
    changed: tuple[Changed, ...] = ()
    aftersale: tuple[AftersaleChanged, ...] = ()
    address: tuple[AddressAsked, ...] = ()
    track: tuple[TrackChanged, ...] = ()
    views: Mapping[str, View] = field(default_factory=dict)
    subjects: Mapping[str, View] = field(default_factory=dict)
