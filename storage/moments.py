"""Moments, lists and objects between Python and columns."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

_from = datetime.fromtimestamp
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
dump = _encoder.encode
load = json.loads


def ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 UTC."""
    return int(moment.timestamp() * 1000)


def ms_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def at(stamp: int) -> datetime:
    return _from(stamp / 1000, UTC)


def at_or_none(stamp: int | None) -> datetime | None:
    return None if stamp is None else _from(stamp / 1000, UTC)


def words(items: tuple[str, ...]) -> str:
    """A list as JSON; nothing as the empty string, which costs one byte in a row."""
    return dump(list(items)) if items else ""


def tuple_of(text: str) -> tuple[str, ...]:
    return tuple(load(text)) if text else ()


def clean(value: Any) -> Any:
    """JSON-able data without what a database cannot hold: NUL characters and lone surrogates."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {scrub(str(name)): clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return value


def scrub(text: str, cap: int = 0) -> str:
    """Text without NUL and lone surrogates; longer than `cap`, it ends in an ellipsis."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    if cap and len(text) > cap:
        text = text[: cap - 1] + "…"
    return text


def dump_clean(value: Any) -> str:
    """Canonical JSON of foreign data."""
    text = dump(value)
    if "\\u0000" not in text and (text.isascii() or _encodable(text)):
        return text  # nearly always: nothing to look for inside
    return dump(clean(value))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
