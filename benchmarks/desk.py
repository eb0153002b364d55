"""The real program around a measured store: the router with every feature, the dispatcher, and messages as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from benchmarks.cast import ASKER, GROUP
from benchmarks.orders import END
from bot.bootstrap import FEATURES, load_policy
from bot.connections import Connections
from bot.dispatch import Dispatcher
from bot.wire import unpack
from domain.clock import Clock
from domain.people import Actor, Person
from domain.store import Json, Store
from domain.tokens import Signer
from handlers.desk import Desk
from handlers.router import Router
from storage import SqlStore

T = TypeVar("T")
ROUTER = Router(FEATURES)


class Inline:
    """A store whose reads run on the calling thread: what an answer costs without the hop to a reader thread."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.inbox = store.inbox
        self.leases = store.leases

    async def read(self, work: Callable[[Any], T]) -> T:
        return self._store.read_now(work)

    async def write(self, work: Callable[[Any], T]) -> T:
        return self._store.write_now(work)

    def read_now(self, work: Callable[[Any], T]) -> T:
        return self._store.read_now(work)

    def write_now(self, work: Callable[[Any], T]) -> T:
        return self._store.write_now(work)

    async def close(self) -> None:
        self._store.close_now()


class Hopping(Inline):
    """A store whose reads always hop to a reader's thread: the server itself looks a number up on the loop."""

    async def read(self, work: Callable[[Any], T]) -> T:
        return await self._store.read(work)


def desk_of(store: Store, clock: Clock) -> Desk:
    return Desk(
        store=store,
        clock=clock,
        channels=Connections(),
        chats={},
        signer=Signer(b"only-for-benchmarks"),
        policy=load_policy(),
        base_url="http://127.0.0.1:8000",
    )


def dispatcher_of(store: Store, clock: Clock) -> Dispatcher:
    return Dispatcher(desk_of(store, clock), ROUTER)


def payload(text: str, number: int = 0) -> Json:
    """A message as it lies decoded in the inbox."""
    return {
        "chat": ["console", GROUP, "group"], "sender": [ASKER, "张明"], "sent_at": END.isoformat(),
        "message_id": f"m-{number}", "text": text, "attachments": [], "quoted": "", "addressed": True,
    }  # fmt: skip


def actor_of(person: Person, dispatcher: Dispatcher) -> Actor:
    may = dispatcher.desk.policy.allowed(person.roles)
    return Actor(person, may, "console", ASKER, GROUP, direct=False)


def driven(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never really waits, without a loop around it."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    work.close()
    raise RuntimeError("this work waits for something")


def run(work: Coroutine[Any, Any, T]) -> T:
    """On uvloop where there is one, as the server runs."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


__all__ = ["Hopping", "Inline", "actor_of", "desk_of", "dispatcher_of", "driven", "payload", "run", "unpack"]
