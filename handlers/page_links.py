"""Which links to staff pages still count. A link does not know who opens it, so the clock decides.

When somebody loses access, staff links made until then stop working; the next card or answer brings a fresh one.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from domain.store import Reads, UnitOfWork
from domain.tokens import Token

_NAME = "pages:void_before"


def void_before(uow: UnitOfWork, now: datetime) -> None:
    """Staff links made before `now` count for nothing. Only ever moves forward; tokens know whole seconds only."""
    if voided(uow) < now:
        uow.cursors.put(_NAME, str(math.ceil(now.timestamp())))


def voided(reads: Reads | UnitOfWork) -> datetime:
    """Links made before this moment are void."""
    kept = reads.cursors.get(_NAME)
    return datetime.fromtimestamp(int(kept or 0), UTC)


def made_at(token: Token, lifetime: timedelta) -> datetime:
    """When a page token was made, from its end and how long such tokens live."""
    return datetime.fromtimestamp(int(token.extra.partition("|")[0]), UTC) - lifetime
