"""What is said about orders: the way in to the sentences of a language."""

from __future__ import annotations

from functools import cache

from handlers.words.orders_en import En
from handlers.words.orders_zh import MARK, SEP, Scene, Zh, short_waybill

__all__ = ["MARK", "SEP", "Scene", "Zh", "short_waybill", "words"]


@cache
def words(lang: str) -> Zh:
    """The sentences of a language."""
    return En() if lang == "en" else Zh()
