"""Tokens of assistants and shared budgets, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from domain.clock import ManualClock
from domain.store import UnitOfWork, Used
from storage import SqlStore

SECRET = "xd_this-is-a-secret-of-the-tests"


async def test_a_token_is_found_by_its_secret_and_only_its_hash_is_kept(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now()
    made = await store.write(
        lambda u: u.access.issue(SECRET, 7, frozenset({"read", "propose"}), "Claude", now=now, until=now + timedelta(days=1))
    )
    found = await store.read(lambda r: r.access.by_secret(SECRET))
    assert found == made
    assert (made.person_id, made.scopes, made.revoked_at, made.last_used_at) == (
        7,
        frozenset({"read", "propose"}),
        None,
        None,
    )
    assert await store.read(lambda r: r.access.by_secret(SECRET + "x")) is None
    cells = await store.read(lambda r: r.rows("SELECT * FROM access_tokens"))
    assert all(SECRET not in str(cell) and SECRET.encode() not in bytes(str(cell), "utf-8") for cell in cells[0])


async def test_a_token_is_revoked_once_and_remembers_its_last_use(store: SqlStore, clock: ManualClock) -> None:
    now = clock.now()
    made = await store.write(lambda u: u.access.issue(SECRET, 7, frozenset({"read"}), "", now=now, until=now))
    await store.write(lambda u: u.access.used(made.id, now))
    assert await store.write(lambda u: u.access.revoke(made.id, now))
    assert not await store.write(lambda u: u.access.revoke(made.id, now + timedelta(hours=1)))
    assert not await store.write(lambda u: u.access.revoke(made.id + 1, now))
    (kept,) = await store.read(lambda r: r.access.everyone())
    assert kept.revoked_at == kept.last_used_at == now


async def test_a_budget_counts_what_all_add_at_once(store: SqlStore) -> None:
    def add(n: int, u: UnitOfWork) -> Used:
        return u.usage.add("model", "2026-11-22", requests=1, tokens=n, cost=-n)

    seen = await asyncio.gather(*(store.write(partial(add, n)) for n in range(20)))
    assert {each.requests for each in seen} == set(range(1, 21))
    assert await store.read(lambda r: r.usage.of("model", "2026-11-22")) == Used(20, 190, -190)
    assert await store.read(lambda r: r.usage.of("model", "2026-11-23")) == Used()


async def test_old_windows_are_forgotten_and_names_listed_by_their_beginning(store: SqlStore) -> None:
    def fill(u: UnitOfWork) -> None:
        for period in ("2026-11-20", "2026-11-21", "2026-11-22"):
            u.usage.add("model.outcome:answered", period, requests=2)
        u.usage.add("model.outcome:refused", "2026-11-22", requests=3)
        u.usage.add("other", "2026-11-20", requests=1)
        u.usage.forget("model.outcome:answered", "2026-11-22")

    await store.write(fill)
    found = await store.read(lambda r: r.usage.named("model.outcome:", "2026-11-22"))
    assert found == {"answered": Used(2), "refused": Used(3)}
    assert await store.read(lambda r: r.usage.of("model.outcome:answered", "2026-11-20")) == Used()
    assert await store.read(lambda r: r.usage.of("other", "2026-11-20")) == Used(1)
