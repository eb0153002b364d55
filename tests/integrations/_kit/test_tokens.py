from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.clock import ManualClock
from domain.errors import NeedsAuthorization
from integrations._kit.tokens import MemoryTokens, TokenKeeper, Tokens

START = datetime(2026, 11, 20, tzinfo=UTC)


class Issuer:
    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.created, self.refreshed, self.fails = clock, 0, 0, 0

    def _tokens(self) -> Tokens:
        serial = self.created + self.refreshed
        return Tokens(f"access-{serial}", self.clock.now() + timedelta(hours=2), f"refresh-{serial}")

    async def create(self) -> Tokens:
        self.created += 1
        await asyncio.sleep(0)
        if self.fails:
            self.fails -= 1
            raise NeedsAuthorization("no consent")
        return self._tokens()

    async def refresh(self, held: Tokens) -> Tokens:
        self.refreshed += 1
        await asyncio.sleep(0)
        return self._tokens()

    def keeper(self, store: MemoryTokens) -> TokenKeeper:
        return TokenKeeper("shop", store=store, clock=self.clock, create=self.create, refresh=self.refresh)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(ManualClock(START))


async def test_the_first_fifty_callers_share_one_creation(issuer: Issuer) -> None:
    keeper = issuer.keeper(MemoryTokens())
    assert set(await asyncio.gather(*(keeper.access() for _ in range(50)))) == {"access-1"}
    assert issuer.created == 1


async def test_fifty_refused_callers_share_one_refresh(issuer: Issuer) -> None:
    keeper = issuer.keeper(MemoryTokens())
    old = await keeper.access()
    assert set(await asyncio.gather(*(keeper.renew(old) for _ in range(50)))) == {"access-2"}
    assert (issuer.created, issuer.refreshed) == (1, 1)


async def test_a_token_is_renewed_before_it_dies(issuer: Issuer) -> None:
    keeper = issuer.keeper(MemoryTokens())
    await keeper.access()
    issuer.clock.move(timedelta(hours=1, minutes=51))
    assert await keeper.access() == "access-2"


async def test_a_restart_finds_the_stored_token(issuer: Issuer) -> None:
    store = MemoryTokens()
    await issuer.keeper(store).access()
    assert await issuer.keeper(store).access() == "access-1"
    assert issuer.created == 1


async def test_what_another_replica_renewed_is_taken_over(issuer: Issuer) -> None:
    store = MemoryTokens()
    ours, theirs = issuer.keeper(store), issuer.keeper(store)
    old = await ours.access()
    assert await theirs.access() == old
    assert await theirs.renew(old) == await ours.renew(old) == "access-2"
    assert issuer.refreshed == 1


async def test_a_failed_creation_is_tried_again_by_the_next_caller(issuer: Issuer) -> None:
    issuer.fails = 1
    keeper = issuer.keeper(MemoryTokens())
    with pytest.raises(NeedsAuthorization):
        await keeper.access()
    assert await keeper.access() == "access-2"


def test_tokens_do_not_print_themselves() -> None:
    assert "s3cret" not in repr(Tokens("s3cret-a", START, "s3cret-b"))
