"""The alert sentences, by language."""

from __future__ import annotations

from functools import cache

from handlers.words.alerts_en import En
from handlers.words.alerts_zh import Zh, percent, quantity

__all__ = ["Zh", "percent", "quantity", "words"]


@cache
def words(lang: str) -> Zh:
    """The sentences in a language; Chinese unless English is asked for."""
    return En() if lang == "en" else Zh()
