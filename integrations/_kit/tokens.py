"""Access tokens: kept in one place, renewed once however many callers find them stale at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeGuard

from domain.clock import Clock


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a platform handed out. Times are aware UTC. The secrets stay out of every repr."""

    access: str = field(repr=False)
    expires_at: datetime
    refresh: str = field(repr=False, default="")
    refresh_expires_at: datetime | None = None


class TokenStore(Protocol):
    """Where tokens survive a restart, encrypted by whoever implements it. `name` is e.g. `douyin:4463798`."""

    async def load(self, name: str) -> Tokens | None: ...

    async def save(self, name: str, tokens: Tokens) -> None: ...


class MemoryTokens:
    """Tokens for as long as the process lives."""

    def __init__(self) -> None:
        self._held: dict[str, Tokens] = {}

    async def load(self, name: str) -> Tokens | None:
        return self._held.get(name)

    async def save(self, name: str, tokens: Tokens) -> None:
        self._held[name] = tokens


class TokenKeeper:
    """Gives out the access token; creates or renews it behind one lock.

    `create` makes the first tokens, `refresh` turns old tokens into new ones; both may raise NeedsAuthorization. Renewal
    starts `early` before expiry, so that a call never leaves with a token that dies on the way.
    """

    def __init__(
        self,
        name: str,
        *,
        store: TokenStore,
        clock: Clock,
        create: Callable[[], Awaitable[Tokens]],
        refresh: Callable[[Tokens], Awaitable[Tokens]],
        early: timedelta = timedelta(minutes=10),
    ) -> None:
        self._name = name
        self._store = store
        self._clock = clock
        self._create = create
        self._refresh = refresh
        self._early = early
        self._tokens: Tokens | None = None
        self._lock = asyncio.Lock()

    async def access(self) -> str:
        """A token that is good now."""
        if self._good(self._tokens):
            return self._tokens.access
        async with self._lock:
            if self._good(self._tokens):
                return self._tokens.access
            return await self._replace(await self._store.load(self._name) or self._tokens, refused="")

    async def renew(self, refused: str) -> str:
        """The platform refused token `refused`: one caller renews, everybody else gets the result."""
        async with self._lock:
            return await self._replace(await self._store.load(self._name) or self._tokens, refused=refused)

    async def _replace(self, held: Tokens | None, *, refused: str) -> str:
        # Another caller or replica may have renewed already: what the store holds is then newer than what was refused.
        if held is not None and held.access != refused and self._good(held):
            self._tokens = held
            return held.access
        fresh = await (self._refresh(held) if held is not None and held.refresh else self._create())
        await self._store.save(self._name, fresh)
        self._tokens = fresh
        return fresh.access

    def _good(self, tokens: Tokens | None) -> TypeGuard[Tokens]:
        return tokens is not None and self._clock.now() < tokens.expires_at - self._early
