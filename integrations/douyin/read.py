"""Read single wire values without guessing: int64 ids, whole fen, Unix seconds. Wrong shapes raise `Unreadable`."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from domain.money import Money

_EXACT = 2**53


class Unreadable(ValueError):
    """A field that the platform documents is missing or has another shape. Names the field, never its value."""


def fingerprint(value: Any) -> str:
    """A stable mark of a JSON value that has no id of its own."""
    return hashlib.blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=12).hexdigest()


def record(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{name}: not an object")
    return value


def records(value: Any, name: str) -> list[dict[str, Any]]:
    """A list of objects; absent or null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable(f"{name}: not a list")
    return [record(item, name) for item in value]


def first(wire: dict[str, Any], *names: str) -> Any:
    """The first of several spellings that is really there."""
    return next((wire[name] for name in names if wire.get(name) not in (None, "")), None)


def ident(value: Any, name: str) -> str:
    """An int64 id as text; a number in some messages, a string in others. A float has lost digits and is refused."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, str) and value.strip() and len(value) <= 64:
        return value.strip()
    raise Unreadable(f"{name}: no id")


def whole(value: Any, name: str) -> int:
    """A whole number, also when written as a string; absent is 0."""
    if value is None or value == "":
        return 0
    if isinstance(value, bool):
        raise Unreadable(f"{name}: not a whole number")
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii() and len(value) <= 20:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    raise Unreadable(f"{name}: not a whole number")


def fen(wire: dict[str, Any], name: str) -> Money:
    """All amounts on this platform are whole fen."""
    return Money(whole(wire.get(name), name), "CNY")


def moment(value: Any, name: str) -> datetime | None:
    """Unix seconds as aware UTC; 0 and absent mean "not yet"."""
    seconds = whole(value, name)
    if seconds == 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as problem:
        raise Unreadable(f"{name}: not a time") from problem


def text(value: Any, limit: int = 500) -> str:
    """Text of a person or the platform without control characters; cut at `limit`."""
    if not isinstance(value, str):
        return ""
    if value.isprintable():  # nearly always, and a hundred times cheaper than looking at each character
        return value[:limit]
    return "".join(char for char in value[: limit * 2] if char.isprintable() or char in "\n\t")[:limit]
