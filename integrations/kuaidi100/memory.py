"""The last answer per waybill number, and when it was asked for: the guard that keeps the key from being locked."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from domain.order import Track


@dataclass(slots=True)
class Known:
    """What is known of one number. `lock` lets many askers share one question."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at: datetime | None = None
    answered: bool = False
    track: Track | None = None
    phone_refused: str | None = None  # the phone tail that the carrier did not accept
    ended_at: datetime | None = None  # when kuaidi100 gave the subscription up


class Memory:
    """Bounded; the number that was not asked for longest is forgotten first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, Known] = OrderedDict()

    def of(self, waybill: str) -> Known:
        known = self._known.setdefault(waybill, Known())
        self._known.move_to_end(waybill)
        while len(self._known) > self._limit:
            self._known.popitem(last=False)
        return known
