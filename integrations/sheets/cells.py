"""What people's spreadsheets put into one cell, read exactly or refused with a reason."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.money import Money, exponent


class Unreadable(ValueError):
    """A cell that cannot be read. The text is the reason shown in the reject file."""


_WRAPPED = re.compile(r'^=\s*"(.*)"$', re.DOTALL)
_SCIENTIFIC = re.compile(r"^\d(\.\d+)?[eE]\+\d{2,}$")
_SYMBOLS = re.compile(r"[¥￥$€£₹元圆]|R\$|RMB|CNY|USD|GBP|EUR|BRL|INR", re.IGNORECASE)
_BLANKS = " \t\r\n\x00\u00a0\u3000\ufeff\u200b"
_PLAIN = re.compile(r"-?\d+(\.\d+)?")
_EMPTY = frozenset({"", "-", "--", "null", "none", "nan", "n/a", "na", "无", "\\n"})


def clean(text: str) -> str:
    """The cell without what spreadsheets wrap around it: ="123", a leading apostrophe, blanks of every width."""
    text = text.strip(_BLANKS)
    if text.startswith("="):
        wrapped = _WRAPPED.match(text)
        if wrapped:
            text = wrapped[1].replace('""', '"').strip()
    return text[1:].strip() if text.startswith("'") else text


def is_empty(text: str) -> bool:
    return clean(text).lower() in _EMPTY


def identifier(text: str) -> str:
    """An order number, SKU or waybill: text, never a number. Refuses what Excel has already destroyed."""
    text = clean(text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if _SCIENTIFIC.match(text):
        raise Unreadable("单号被表格软件写成了科学计数法，后面的数字已经丢了；请把该列设成文本后重新导出")
    if re.fullmatch(r"\d+\.0", text):
        text = text[:-2]  # 17850.0: a whole number that went through a floating column
    if len(text) > 128:
        raise Unreadable("单号超过 128 个字符")
    return text


def decimal(text: str) -> Decimal:
    """An amount as people and programs write it: 1,234.50 · ¥268 · (12.00) · 1.234,50 · −3."""
    raw = clean(text)
    if _PLAIN.fullmatch(raw) and raw.isascii():
        return Decimal(raw)
    raw = unicodedata.normalize("NFKC", raw)
    body = _SYMBOLS.sub("", raw).replace(" ", "").replace("\u00a0", "").replace("−", "-")
    negative = body.startswith("(") and body.endswith(")")
    body = body.strip("()")
    if "," in body:
        body = _without_separators(body)
    try:
        value = Decimal(body)
    except InvalidOperation:
        raise Unreadable(f"不是金额：{raw[:30]}") from None
    if not value.is_finite():
        raise Unreadable(f"不是金额：{raw[:30]}")
    return -value if negative else value


def _without_separators(body: str) -> str:
    if "." in body and body.rindex(",") > body.rindex("."):
        return body.replace(".", "").replace(",", ".")  # 1.234,50
    if "." not in body and re.fullmatch(r"-?\d+,\d{1,2}", body):
        return body.replace(",", ".")  # 12,5
    if re.fullmatch(r"-?\d{1,3}(,\d{2,3})*(\.\d+)?", body):
        return body.replace(",", "")  # 1,234.50 and the Indian 1,23,456
    raise Unreadable(f"不是金额：{body[:30]}")


def money(text: str, currency: str) -> Money:
    """An amount in minor units; digits finer than the currency are rounded half up, as invoices do."""
    return minor(decimal(text), currency)


def minor(value: Decimal, currency: str) -> Money:
    scaled = value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Money(int(scaled), currency)


def whole(text: str) -> int:
    """A quantity."""
    value = decimal(text)
    if value != value.to_integral_value():
        raise Unreadable(f"数量不是整数：{clean(text)[:20]}")
    if abs(value) > 10**9:
        raise Unreadable(f"数量大得不像真的：{clean(text)[:20]}")
    return int(value)


_DATE = re.compile(
    r"^(?P<a>\d{1,4})[-/.年](?P<b>\d{1,2}|[A-Za-z]{3,9})[-/.月](?P<c>\d{1,4})日?"
    r"(?:[T\s,]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2})(?:\.\d+)?)?\s*(?P<ap>[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{2}):?(\d{2}):?(\d{2})?)?$")
_WORDY = re.compile(
    r"^(?:[A-Za-z]{3,9},?\s+)?(?P<mon>[A-Za-z]{3,9})\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})"
    r"(?:[,\s]+(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?\s*(?P<ap>[AaPp][Mm])?)?\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_MONTHS = {
    name: number
    for number, names in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)
    for name in (names,)
}


@lru_cache(maxsize=65536)
def moment(text: str, *, zone: ZoneInfo, day_first: bool = False) -> datetime:
    """A date or date and time, aware UTC. Naive stamps are in `zone`. `day_first` decides 03/04/2024 only."""
    raw = unicodedata.normalize("NFKC", clean(text))
    if re.fullmatch(r"1\d{9}", raw):
        return datetime.fromtimestamp(int(raw), UTC)
    if re.fullmatch(r"1\d{12}", raw):
        return datetime.fromtimestamp(int(raw) / 1000, UTC)
    if re.fullmatch(r"[2-6]\d{4}(\.\d+)?", raw):  # an Excel serial day: 1954 to 2091
        return (datetime(1899, 12, 30, tzinfo=zone) + timedelta(days=float(raw))).astimezone(UTC)
    found = _DATE.match(raw) or _WORDY.match(raw)
    compact = _COMPACT.match(raw)
    try:
        if compact:
            year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
        if found is None:
            raise Unreadable(f"不是日期：{raw[:30]}")
        year, month, day = _parts(found.groupdict(), day_first=day_first)
        hour, minute, second = (int(found[name] or 0) for name in ("h", "m", "s"))
        half = (found["ap"] or "").replace(".", "").lower()
        if half:
            hour = hour % 12 + (12 if half == "pm" else 0)
        return datetime(year, month, day, hour, minute, second, tzinfo=_zone(found["z"], zone)).astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        if isinstance(wrong, Unreadable):
            raise
        raise Unreadable(f"不存在的日期：{raw[:30]}") from None


def _parts(found: dict[str, str], *, day_first: bool) -> tuple[int, int, int]:
    if "mon" in found:
        return int(found["year"]), _month(found["mon"]), int(found["day"])
    a, b, c = found["a"], found["b"], found["c"]
    if b.isalpha():
        year, day = (a, c) if len(a) == 4 else (c, a)
        return _year(year), _month(b), int(day)
    if len(a) == 4:
        return int(a), int(b), int(c)
    if len(a) > 2 or len(c) not in (2, 4):
        raise Unreadable(f"看不出年月日：{a}-{b}-{c}")
    first, second = int(a), int(b)
    if first > 12 or (day_first and second <= 12):
        return _year(c), second, first
    return _year(c), first, second


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _month(name: str) -> int:
    try:
        return _MONTHS[name[:3].lower()]
    except KeyError:
        raise Unreadable(f"没有这个月份：{name[:12]}") from None


def _zone(text: str | None, zone: ZoneInfo) -> tzinfo | None:
    if not text:
        return zone
    if text in {"Z", "UTC", "GMT"}:
        return UTC
    return datetime.strptime(text.replace(":", ""), "%z").tzinfo


def looks_day_first(samples: list[str]) -> bool | None:
    """True: some date must be day first. False: some must be month first, or years lead. None: every sample is ambiguous."""
    for text in samples:
        found = _DATE.match(unicodedata.normalize("NFKC", clean(text)))
        if not found or found["b"].isalpha() or len(found["a"]) == 4:
            continue
        if int(found["a"]) > 12:
            return True
        if int(found["b"]) > 12:
            return False
    return None
