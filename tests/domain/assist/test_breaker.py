"""An endpoint that fails is left alone, tried with one question, and forgiven when it answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.assist.breaker import Breaker
from domain.assist.budget import Limits, day_of, guess, minute_of
from domain.store import Used

NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_it_opens_after_failures_in_a_row_and_lets_one_through_when_rested() -> None:
    breaker = Breaker(failures=3, rest=30 * SECOND)
    for _ in range(2):
        assert breaker.allows(NOW)
        breaker.failed(NOW)
    breaker.succeeded()
    for _ in range(3):
        assert breaker.allows(NOW)
        breaker.failed(NOW)
    assert not breaker.allows(NOW + 29 * SECOND)
    later = NOW + 30 * SECOND
    assert breaker.allows(later)
    assert not breaker.allows(later)  # one question at a time finds out
    breaker.succeeded()
    assert breaker.allows(later)
    assert breaker.open_until() is None


def test_a_failed_try_rests_twice_as_long_up_to_a_limit() -> None:
    breaker = Breaker(failures=1, rest=30 * SECOND, longest=100 * SECOND)
    at, rests = NOW, []
    for _ in range(4):
        assert breaker.allows(at)
        breaker.failed(at)
        until = breaker.open_until()
        assert until is not None
        rests.append((until - at).total_seconds())
        at = until
    assert rests == [30, 60, 100, 100]


def test_asked_for_silence_it_is_silent_at_once_and_for_that_long_but_not_for_ever() -> None:
    breaker = Breaker(failures=5, rest=30 * SECOND)
    breaker.failed(NOW, retry_after=120)
    assert breaker.open_until() == NOW + 120 * SECOND
    breaker.failed(NOW, retry_after=1e12)
    until = breaker.open_until()
    assert until is not None
    assert until <= NOW + timedelta(hours=1)


def test_a_question_that_was_not_sent_gives_its_turn_back() -> None:
    breaker = Breaker(failures=1, rest=SECOND)
    breaker.failed(NOW)
    assert breaker.allows(NOW + SECOND)
    breaker.released()
    assert breaker.allows(NOW + SECOND)


def test_limits_say_which_of_them_is_over() -> None:
    limits = Limits(
        tokens_a_day=100, requests_a_minute=2, money_a_day=Decimal("0.5"), price_in=Decimal(2), price_out=Decimal(8)
    )
    assert limits.exceeded(Used(1, 100, 500_000), Used(2)) == ""
    assert limits.exceeded(Used(1, 101, 0), Used(1)) == "tokens"
    assert limits.exceeded(Used(1, 1, 500_001), Used(1)) == "money"
    assert limits.exceeded(Used(), Used(3)) == "rate"
    assert limits.cost(1_000_000, 1_000_000) == 10_000_000
    assert limits.cost(1, 0) == 2
    assert Limits(price_in=Decimal("0.1")).cost(1, 0) == 1


def test_windows_are_days_and_minutes_of_the_company() -> None:
    assert day_of(NOW) == "2026-11-23"
    assert minute_of(NOW) == "2026-11-23T00:30"
    assert guess("订单") >= 2
