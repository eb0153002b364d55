"""The organisation's monthly allowance: what is used, when it will be gone, and when to say so.

Since 2025-11-19 a standard organisation has 5 000 API calls and 3 000 Webhook & Stream messages each calendar month, all its
apps together; so this meter is a lower bound. It is shared by replicas through the token store, which has no counters:
each adds what it used since it last wrote, and a lost race loses a few counts, never a message.
"""

from __future__ import annotations

import calendar
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.clock import SHANGHAI, Clock
from integrations._kit.tokens import Tokens, TokenStore

Pool = Literal["api", "messages"]
_NAMES: dict[Pool, str] = {"api": "接口调用", "messages": "消息"}
_UNITS: dict[Pool, str] = {"api": "次", "messages": "条"}
_SAVE_EVERY = timedelta(seconds=30)
WARN_AT = (0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Usage:
    """One pool in this month. `gone_on` is the day of the month on which it runs out at this pace, None if it lasts."""

    pool: Pool
    used: int
    limit: int
    gone_on: int | None

    @property
    def share(self) -> float:
        return self.used / self.limit if self.limit else 0.0

    def sentence(self) -> str:
        """For people."""
        name, unit = _NAMES[self.pool], _UNITS[self.pool]
        head = f"钉钉本月{name}已用 {self.used:,}/{self.limit:,} {unit}"
        if self.used >= self.limit:
            return f"{head}，用完了：升级专业版，或等下月 1 日恢复。"
        if self.gone_on is None:
            return f"{head}，按现在的速度够用到月底。"
        return f"{head}，按现在的速度 {self.gone_on} 日用完：先关掉不要紧的提醒，或升级专业版。"


class QuotaMeter:
    """Counts in memory, adds to the shared record now and then."""

    def __init__(self, name: str, limits: dict[Pool, int], *, clock: Clock, store: TokenStore) -> None:
        self._name, self._limits, self._clock, self._store = name, limits, clock, store
        self._month = ""
        self._known: dict[Pool, int] = {"api": 0, "messages": 0}
        self._fresh: dict[Pool, int] = {"api": 0, "messages": 0}
        self._saved_at: datetime | None = None
        self._warned: dict[Pool, float] = {"api": 0.0, "messages": 0.0}
        self.exhausted: set[Pool] = set()  # the platform itself said so

    def count(self, pool: Pool, n: int = 1) -> None:
        self._turn()
        self._fresh[pool] += n

    def spent(self, pool: Pool) -> None:
        """The platform says that this pool is empty."""
        self._turn()
        self.exhausted.add(pool)

    def usage(self, pool: Pool) -> Usage:
        self._turn()
        used, limit = self._known[pool] + self._fresh[pool], self._limits[pool]
        if pool in self.exhausted:
            used = max(used, limit)
        return Usage(pool, used, limit, self._gone_on(used, limit))

    def due_warning(self) -> Usage | None:
        """A pool that has just passed 80 % or 95 %, or run out; each step is told once a month by each process."""
        for pool in ("api", "messages"):
            usage = self.usage(pool)
            passed = max((step for step in (*WARN_AT, 1.0) if usage.share >= step), default=0.0)
            if passed > self._warned[pool]:
                self._warned[pool] = passed
                return usage
        return None

    async def sync(self, *, force: bool = False) -> None:
        """Add what is new to the shared record, and learn what others added."""
        self._turn()
        now = self._clock.now()
        if not force and self._saved_at is not None and now - self._saved_at < _SAVE_EVERY:
            return
        self._saved_at = now
        adding, self._fresh = self._fresh, {"api": 0, "messages": 0}
        name = f"{self._name}:{self._month}"
        try:
            held = await self._store.load(name)
            kept = json.loads(held.access) if held else {}
            total: dict[Pool, int] = {pool: int(kept.get(pool, 0)) + adding[pool] for pool in ("api", "messages")}
            if any(adding.values()):
                await self._store.save(name, Tokens(json.dumps(total), now + timedelta(days=62)))
        except BaseException:
            for pool, n in adding.items():
                self._fresh[pool] += n
            raise
        self._known = total

    def _turn(self) -> None:
        month = self._clock.now().astimezone(SHANGHAI).strftime("%Y-%m")
        if month != self._month:
            self._month, self._saved_at = month, None
            self._known, self._fresh = {"api": 0, "messages": 0}, {"api": 0, "messages": 0}
            self._warned = {"api": 0.0, "messages": 0.0}
            self.exhausted.clear()

    def _gone_on(self, used: int, limit: int) -> int | None:
        now = self._clock.now().astimezone(SHANGHAI)
        days = calendar.monthrange(now.year, now.month)[1]
        passed = (now - now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 86400
        if used >= limit:
            return now.day
        # The first hours of a month say nothing about it.
        pace = used / max(passed, 0.5)
        gone = passed + (limit - used) / pace if pace else float("inf")
        return int(gone) + 1 if gone < days else None
