"""Moments, spans and numbers as people say them, in both languages. China time: that is where the groups work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.clock import SHANGHAI

_DAYS_ZH = {-2: "前天", -1: "昨天", 0: "今天", 1: "明天", 2: "后天"}
_DAYS_EN = {-1: "yesterday", 0: "today", 1: "tomorrow"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


_EAST = timedelta(hours=8)
_LAST_SUMMER_TIME = 1991


def _local(at: datetime) -> datetime:
    """China's wall clock; only to read its fields. Eight hours east of UTC ever since the last summer time."""
    if at.tzinfo is UTC and at.year > _LAST_SUMMER_TIME:
        return at + _EAST
    return at.astimezone(SHANGHAI)


def when(at: datetime, now: datetime, *, lang: str = "zh") -> str:
    """`今天 14:05`, `昨天 19:20`, `11-18 09:00`, `2025-11-18 09:00`."""
    local, today = _local(at), _local(now)
    clock = f"{local.hour:02}:{local.minute:02}"
    days = local.toordinal() - today.toordinal()
    near = (_DAYS_EN if lang == "en" else _DAYS_ZH).get(days)
    if near is not None:
        return f"{near} {clock}"
    if lang == "en":
        year = "" if local.year == today.year else f" {local.year}"
        return f"{local.day} {_MONTHS[local.month - 1]}{year} {clock}"
    year = "" if local.year == today.year else f"{local.year}-"
    return f"{year}{local.month:02}-{local.day:02} {clock}"


def clock(at: datetime, now: datetime, *, lang: str = "zh") -> str:
    """`16:22` when it is today, else as `when`: for a list of sources."""
    local, today = _local(at), _local(now)
    if local.toordinal() == today.toordinal():
        return f"{local.hour:02}:{local.minute:02}"
    return when(at, now, lang=lang)


def span(length: timedelta | float, *, lang: str = "zh") -> str:
    """`40 分钟`, `21 小时`, `3 天`. A float is hours. Never negative."""
    minutes = max(0.0, length / timedelta(minutes=1) if isinstance(length, timedelta) else length * 60)
    if minutes < 59.5:
        count, zh, en = max(1, round(minutes)), "分钟", "minute"
    elif minutes < 48 * 60:
        count, zh, en = round(minutes / 60), "小时", "hour"
    else:
        count, zh, en = round(minutes / 1440), "天", "day"
    if lang == "en":
        return f"{count} {en}{'' if count == 1 else 's'}"
    return f"{count} {zh}"


def left(length: timedelta, *, lang: str = "zh") -> str:
    """How long until a deadline, finer than `span`: `7 小时 40 分`, `25 分钟`, `3 天`. Zero when it is over."""
    minutes = int(max(timedelta(), length) / timedelta(minutes=1))
    if minutes >= 48 * 60 or minutes < 60 or not minutes % 60:
        return span(timedelta(minutes=minutes), lang=lang)
    if lang == "en":
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 60} 小时 {minutes % 60} 分"
