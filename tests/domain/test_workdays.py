"""Working hours with China's swaps, and quiet hours over midnight."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from domain.clock import SHANGHAI
from domain.workdays import Hours, Quiet, is_workday, known, tomorrow_morning


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-01-01", False),  # New Year
        ("2026-02-14", True),  # a Saturday worked for Spring Festival
        ("2026-02-17", False),
        ("2026-10-01", False),
        ("2026-10-10", True),  # a Saturday worked for National Day
        ("2026-11-20", True),
        ("2026-11-21", False),
    ],
)
def test_swapped_days_count_as_published(day: str, works: bool) -> None:
    assert is_workday(date.fromisoformat(day)) is works


def test_a_year_not_published_yet_falls_back_to_weekdays_and_says_so() -> None:
    assert known(2026)
    assert not known(2090)
    assert is_workday(date(2090, 1, 2))  # a Monday


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-11-20 08:00", "2026-11-20 09:00"),
        ("2026-11-20 09:00", "2026-11-23 09:00"),
        ("2026-09-30 20:00", "2026-10-08 09:00"),
        ("2026-10-09 20:00", "2026-10-10 09:00"),
    ],
)
def test_next_working_hour_skips_holidays_and_honours_swaps(now: str, start: str) -> None:
    assert Hours().next_start(at(now)) == at(start)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-20 22:29", None),
        ("2026-11-20 22:30", "2026-11-21 07:30"),
        ("2026-11-21 03:00", "2026-11-21 07:30"),
        ("2026-11-21 07:30", None),
    ],
)
def test_quiet_over_midnight(now: str, ends: str | None) -> None:
    assert Quiet(time(22, 30), time(7, 30)).ends(at(now)) == (at(ends) if ends else None)


def test_quiet_on_days_off_ends_on_the_next_working_morning() -> None:
    assert Quiet(time(22, 30), time(7, 30), days_off=True).ends(at("2026-11-20 23:00")) == at("2026-11-23 07:30")


def test_tomorrow_morning_is_in_china() -> None:
    assert tomorrow_morning(at("2026-11-20 00:30")) == at("2026-11-21 09:00")
