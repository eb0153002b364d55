"""Single values of Pinduoduo's wire, read exactly or refused: yuan text, Beijing times, codes, masks. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.clock import SHANGHAI
from domain.money import Money


class Unmappable(ValueError):
    """A record that cannot be read. The message names the field and its problem, never its content."""


def number(row: Mapping[str, Any], name: str) -> int | None:
    """A whole number that may come as JSON number or as text; None when absent. Raises Unmappable."""
    value = row.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value.strip()):
        return int(value)
    raise Unmappable(f"{name} is not a whole number")


_AMOUNT = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?")


def yuan(row: Mapping[str, Any], name: str, *, required: bool = False) -> Money:
    """An amount in yuan ("19.90", also as JSON number) as whole fen. Raises Unmappable."""
    value = row.get(name)
    if value is None or value == "":
        if required:
            raise Unmappable(f"{name} is missing")
        return Money(0)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Unmappable(f"{name} is not an amount")
    # repr of a float is its shortest exact spelling: 19.9 stays 19.9 and never becomes 19.899999
    spelled = value.strip() if isinstance(value, str) else repr(value)
    if not _AMOUNT.fullmatch(spelled):
        raise Unmappable(f"{name} is not an amount in yuan")
    try:
        return Money.parse(spelled)
    except ValueError as problem:
        raise Unmappable(f"{name} is not an amount in yuan") from problem


def moment(row: Mapping[str, Any], name: str) -> datetime | None:
    """A time as aware UTC: "2026-11-20 10:00:00" is Beijing time; bare digits are seconds or milliseconds since 1970."""
    value = row.get(name)
    if value is None or value in ("", 0, "0"):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Unmappable(f"{name} is not a time")
    value = value.strip()
    try:
        if value.isdecimal() and value.isascii():
            seconds = int(value) / 1000 if len(value) >= 12 else int(value)
            return datetime.fromtimestamp(seconds, UTC)
        read = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError) as problem:
        raise Unmappable(f"{name} is not a time") from problem
    return (read if read.tzinfo else read.replace(tzinfo=SHANGHAI)).astimezone(UTC)


def ident(row: Mapping[str, Any], name: str) -> str:
    """An id that may come as number or text, "" when absent. Numbers beyond 2^53 stay exact."""
    value = row.get(name)
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return clean(value, 64)
    raise Unmappable(f"{name} is not an id")


def words(row: Mapping[str, Any], name: str, limit: int = 500) -> str:
    """Free text written by strangers: control characters dropped, length capped. Anything but text reads as empty."""
    value = row.get(name)
    return clean(value, limit) if isinstance(value, str) else ""


def clean(value: str, limit: int) -> str:
    """Without control and direction characters; line breaks become blanks."""
    short = value[: limit * 4]
    kept = "".join(
        " " if letter in "\t\r\n" else letter
        for letter in short
        if letter in "\t\r\n" or unicodedata.category(letter)[0] != "C"
    )
    return kept.strip()[:limit]


def rows(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects; absent reads as empty. Raises Unmappable when it is something else."""
    value = row.get(name)
    if value is None or value == "":
        return []
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value
    raise Unmappable(f"{name} is not a list of objects")


_VIRTUAL = re.compile(r"\$?(1[0-9]{2}[0-9*]{8})\$?(?:#|-|转|,)\s*([0-9]{3,6})#?")
_PLAIN_PHONE = re.compile(r"(?:\+?86[- ]?)?1[0-9]{10}")
_MASKED = re.compile(r"[^~$]{0,60}\*[^~$]{0,60}")


def phone(text: str) -> str:
    """A number that people can read: plain, virtual (`1xxxxxxxxxx-dddd`) or masked. "" for ciphertext."""
    text = text.strip()
    if relay := _VIRTUAL.fullmatch(text):
        return f"{relay[1]}-{relay[2]}"
    return text if _PLAIN_PHONE.fullmatch(text) or (_MASKED.fullmatch(text) and len(text) <= 24) else ""


def is_plain_phone(text: str) -> bool:
    return bool(_PLAIN_PHONE.fullmatch(text))


_TELLING = frozenset(
    {
        "order_sn", "order_status", "refund_status", "confirm_status", "group_status", "risk_control_status", "id",
        "after_sales_status", "after_sales_type", "pay_amount", "goods_amount", "discount_amount", "postage",
        "refund_amount", "order_amount", "created_time", "updated_at", "updated_time", "pay_time", "confirm_time",
        "last_ship_time", "shipping_time", "expire_time", "recreated_at",
        "goods_id", "sku_id", "goods_count", "goods_price", "logistics_id",
        "type", "mall_id", "tid", "refund_id", "refund_fee", "bill_type", "operation", "modified",
    }
)  # fmt: skip
_HARMLESS = re.compile(r"[A-Za-z0-9_.:\- ]{0,40}")
_PERSONAL = re.compile(r"1[3-9][0-9]{9}")


def without_personal(payload: Any) -> str:
    """What of a record may lie in quarantine, as JSON text: all names, values only where they tell nothing of a person."""

    def keep(value: Any, name: str, depth: int) -> Any:
        if depth > 6:
            return "…"
        if isinstance(value, dict):
            return {str(key)[:40]: keep(each, str(key), depth + 1) for key, each in list(value.items())[:120]}
        if isinstance(value, list):
            return [keep(each, name, depth + 1) for each in value[:20]]
        if value is None or isinstance(value, bool):
            return value
        told = str(value)
        if name in _TELLING and _HARMLESS.fullmatch(told) and not _PERSONAL.fullmatch(told):
            return value
        return f"<{type(value).__name__} {len(told)}>"

    return json.dumps(keep(payload, "", 0), ensure_ascii=False)[:8000]
