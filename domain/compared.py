"""The periods that people compare with: the year before, the month before, the calendar month before a calendar month. Pure.

Months have different lengths: 本月 against the 30 days before it would begin on another month's second.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from domain.clock import SHANGHAI
from domain.dates import DateRange

LONGEST = timedelta(days=3 * 366)  # what one question may look at


def everything(now: datetime) -> DateRange:
    """All that may still be open: as far back as one question may look, to the end of today. Its label is empty."""
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (midnight + timedelta(days=1)).astimezone(UTC)
    return DateRange(end - LONGEST, end, "")


def year_before(moment: datetime) -> datetime:
    """The same moment by the calendar a year earlier."""
    local = moment.astimezone(SHANGHAI)
    try:
        return local.replace(year=local.year - 1).astimezone(UTC)
    except ValueError:  # 29 February
        return local.replace(year=local.year - 1, day=28).astimezone(UTC)


def month_before(moment: datetime, months: int = 1) -> datetime:
    """The same day and hour so many months earlier; the month's last day where it has no such day."""
    local = moment.astimezone(SHANGHAI)
    number = local.year * 12 + local.month - 1 - months
    year, month = number // 12, number % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return local.replace(year=year, month=month, day=min(local.day, last)).astimezone(UTC)


def calendar_before(asked: DateRange, end: datetime) -> tuple[datetime, datetime] | None:
    """Whole months, quarters and years are compared with the calendar's ones before, whatever their lengths."""
    first, last = asked.start.astimezone(SHANGHAI), asked.end.astimezone(SHANGHAI)
    if (first.day, last.day) != (1, 1) or (first.hour, last.hour) != (0, 0):
        return None
    months = (last.year - first.year) * 12 + last.month - first.month
    if months < 1:
        return None
    begin = month_before(asked.start, months)
    return begin, asked.start if end >= asked.end else min(begin + (end - asked.start), asked.start)
