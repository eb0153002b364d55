"""One-time codes that bind a chat account to a person: how they look, how long they live, how many guesses there are. Pure.

Six digits are few, so a guess costs: five wrong ones lock the account for an hour, thirty by anybody within ten minutes burn
every code that is out. A code lives ten minutes, works once, and never in a group.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

CODE_LIVES = timedelta(minutes=10)
WRONG_BEFORE_LOCK = 5
LOCKED_FOR = timedelta(hours=1)
GUESSES_SPAN = timedelta(minutes=10)
GUESSES_BY_ALL = 30
OWN_CODES_AN_HOUR = 5
INVITATIONS_AN_HOUR = 60

_CODE = re.compile(r"^[\s/]*(?:绑定|绑|bind)[\s:：]*((?:\d[\s\-]?){5}\d)[\s。.!！]*$", re.IGNORECASE)
_ABOUT = re.compile(r"绑|\bbind", re.IGNORECASE)
_SIX = re.compile(r"(?<!\d)\d{6}(?!\d)")


class Purpose(StrEnum):
    INVITE = "invite"  # lets a person in (again)
    OWN = "own"  # a person who is in adds another account


@dataclass(frozen=True, slots=True)
class BindingCode:
    """A code that is out. The code itself is nowhere: the store keeps a keyed hash of it."""

    person_id: int
    purpose: str
    issued_by: int  # person id; 0: the command line
    issued_at: datetime
    until: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong guesses of one account (or of everybody) since `since`."""

    count: int = 0
    since: datetime | None = None
    locked_until: datetime | None = None

    def locked(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until

    def wrong(self, now: datetime, *, span: timedelta, most: int, lock: timedelta) -> Tries:
        """One more wrong guess."""
        fresh = self.since is None or now - self.since >= span
        counted = Tries(1, now) if fresh else replace(self, count=self.count + 1, locked_until=None)
        return replace(counted, locked_until=now + lock) if counted.count >= most else counted

    def left(self, now: datetime) -> int:
        """Guesses before the lock."""
        if self.locked(now):
            return 0
        fresh = self.since is None or now - self.since >= LOCKED_FOR
        return WRONG_BEFORE_LOCK if fresh else max(0, WRONG_BEFORE_LOCK - self.count)


class Binding(Protocol):
    """One-time codes, kept as hashes only, and the wrong guesses at them. Part of a unit of work."""

    def issue(self, code: str, given: BindingCode) -> bool:
        """False when the same digits are out already: take others."""
        ...

    def take(self, code: str, now: datetime) -> BindingCode | None:
        """Use a code up; None when it is unknown, expired or used. Of two at once, one gets it."""
        ...

    def burn(self, now: datetime, *, person_id: int = 0, purpose: str = "") -> int: ...

    def issued_since(
        self, since: datetime, *, person_id: int = 0, issued_by: int | None = None, purpose: str = ""
    ) -> int: ...

    def tries(self, name: str) -> Tries: ...

    def put_tries(self, name: str, tries: Tries) -> None: ...

    def forget_tries(self, name: str) -> None: ...


def code_in(text: str) -> str | None:
    """The six digits of `绑定 123456` (full-width, grouped, behind a mention), or None when it is not that sentence."""
    if len(text) > 80 or ("绑" not in text and "ind" not in text and "IND" not in text):
        return None
    plain = unicodedata.normalize("NFKC", text)
    found = _CODE.match(re.sub(r"^\s*@\S{1,20}\s+", "", plain))
    return re.sub(r"\D", "", found[1]) if found else None


def codes_said(text: str) -> tuple[str, ...]:
    """Six-digit numbers in a message that speaks of binding, however it is put: what must not be left lying in a group."""
    if len(text) > 400 or not _ABOUT.search(text):
        return ()
    return tuple(dict.fromkeys(_SIX.findall(unicodedata.normalize("NFKC", text))))[:5]


def written(number: int) -> str:
    """A number below a million as people read it out."""
    return f"{number:06d}"
