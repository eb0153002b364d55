"""What a model may still cost, kept in the store and shared by all replicas.

Taken before a question leaves, at a guess on the high side; put right when the answer is in. A crash in between leaves the
guess standing, which errs on the side of asking less.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.assist.budget import Limits, day_of, minute_of
from domain.store import Store, UnitOfWork

DAY, MINUTE, OUTCOME = "model.day", "model.minute", "model.outcome:"


class Purse:
    """Takes and puts right. Times are the caller's, so that a question is settled in the window it was taken from."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    async def take(self, now: datetime, tokens_in: int) -> str:
        """Reserve one question of so many tokens; "" when it may leave, else which limit stands against it."""
        limits = self._limits
        tokens, cost = tokens_in + limits.answer_tokens, limits.cost(tokens_in, limits.answer_tokens)

        def work(uow: UnitOfWork) -> str:
            day = uow.usage.add(DAY, day_of(now), requests=1, tokens=tokens, cost=cost)
            minute = uow.usage.add(MINUTE, minute_of(now), requests=1)
            over = limits.exceeded(day, minute)
            if over:
                uow.usage.add(DAY, day_of(now), requests=-1, tokens=-tokens, cost=-cost)
                uow.usage.add(MINUTE, minute_of(now), requests=-1)
            elif minute.requests == 1:
                uow.usage.forget(MINUTE, minute_of(now - timedelta(hours=1)))
            return over

        return await self._store.write(work)

    async def settle(self, taken_at: datetime, guessed_in: int, tokens_in: int, tokens_out: int) -> None:
        """Replace the guess by what was used. A question without an answer keeps its guess: it may have been billed."""
        limits = self._limits
        tokens = tokens_in + tokens_out - guessed_in - limits.answer_tokens
        cost = limits.cost(tokens_in, tokens_out) - limits.cost(guessed_in, limits.answer_tokens)
        await self._store.write(lambda u: u.usage.add(DAY, day_of(taken_at), tokens=tokens, cost=cost))

    async def note(self, now: datetime, purpose: str, outcome: str) -> None:
        """Count what became of a question, for `doctor` and for whoever wonders whether it is worth its price."""
        await self._store.write(lambda u: u.usage.add(f"{OUTCOME}{purpose}:{outcome}", day_of(now), requests=1))
