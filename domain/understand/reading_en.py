"""English reader."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

from domain.understand.numbers import Numbers
from domain.understand.plan import Intent
from domain.understand.reading_zh import Reading


def read_english(text: str, numbers: Numbers) -> Reading:
    """Placeholder."""
    return Reading(Intent.OUT_OF_SCOPE, 0.5, "unsure")
