"""Working days and hours in China, public holidays and 调休 included, from the `chinesecalendar` tables.

The State Council publishes each year's swaps in the November before; for a year that the tables do not know yet,
Monday to Friday are taken as working days and `known(year)` says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import chinese_calendar

from domain.clock import SHANGHAI


def known(year: int) -> bool:
    """Whether that year's holidays and swaps are in the tables."""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def is_workday(day: date) -> bool:
    """Whether people work that day, with 调休 counted."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours in China time. `start` < `end`."""

    start: time = time(9, 0)
    end: time = time(18, 0)

    def open_at(self, now: datetime) -> bool:
        local = now.astimezone(SHANGHAI)
        return is_workday(local.date()) and self.start <= local.time() < self.end

    def next_start(self, now: datetime) -> datetime:
        """The next moment at which work begins, strictly after `now`."""
        local = now.astimezone(SHANGHAI)
        day = local.date()
        while True:
            start = datetime.combine(day, self.start, SHANGHAI)
            if is_workday(day) and start > local:
                return start.astimezone(now.tzinfo)
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which only critical messages leave; the rest waits for `until` and comes as one digest.

    `start` > `until` means over midnight. All day on days off when `days_off`.
    """

    start: time
    until: time
    days_off: bool = False

    def ends(self, now: datetime) -> datetime | None:
        """When the quiet that holds at `now` is over; None when it is not quiet."""
        local = now.astimezone(SHANGHAI)
        if not self._quiet(local):
            return None
        moment = datetime.combine(local.date(), self.until, SHANGHAI)
        while moment <= local or self._quiet(moment):
            moment += timedelta(days=1)
        return moment.astimezone(now.tzinfo)

    def _quiet(self, local: datetime) -> bool:
        if self.days_off and not is_workday(local.date()):
            return True
        clock = local.time()
        if self.start <= self.until:
            return self.start <= clock < self.until
        return clock >= self.start or clock < self.until


def tomorrow_morning(now: datetime, at: time = time(9, 0)) -> datetime:
    """明早: the next day's `at`, China time, whatever day it is."""
    local = now.astimezone(SHANGHAI)
    return datetime.combine(local.date() + timedelta(days=1), at, SHANGHAI).astimezone(now.tzinfo)
