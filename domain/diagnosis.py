"""What a connector finds when asked "are you well?": one sentence each, for the person who can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what came of it. `check` is its stable name; `sentence` says what is wrong and what to do, masked.

    `unsure` marks what the platform does not let us tell for certain.
    """

    check: str
    health: Health
    sentence: str
    unsure: bool = False
