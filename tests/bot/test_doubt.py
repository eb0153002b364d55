"""What the dispatcher does with a reading it is not sure of, or that only asks how something is done."""

from __future__ import annotations

import pytest

from bot.dispatch import _readings, _unsure
from domain.understand import Intent, Plan


@pytest.mark.parametrize(("confidence", "asked"), [(0.6, True), (0.85, False)])
def test_only_a_doubtful_reading_is_asked_back(confidence: float, asked: bool) -> None:
    plan = Plan(Intent.STOCK, alternatives=(Intent.WHERE_IS_ORDER,), confidence=confidence)
    assert _unsure(plan) is asked


def test_without_another_reading_there_is_nothing_to_ask() -> None:
    assert not _unsure(Plan(Intent.STOCK, confidence=0.1))


def test_the_first_reading_is_the_first_button() -> None:
    plan = Plan(Intent.STOCK, alternatives=(Intent.WHERE_IS_ORDER, Intent.STOCK), confidence=0.5)
    assert _readings(plan) == (Intent.STOCK, Intent.WHERE_IS_ORDER)
