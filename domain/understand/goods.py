"""Goods named by what people call them: 灰色沙发套 for 沙发套-灰, and 蓝色的呢 for the same cover in blue. Pure.

A title is known by its parts. What the text names most parts of is meant; of several, the one that shares most with the
goods talked about. When that leaves more than one, the longest part is looked for, and the answer is a choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from domain.understand.lexicon import Lexicon, NameTable, title_parts


def goods_named(
    text: str, lexicon: Lexicon, near: str | None = None, word: str = ""
) -> tuple[str | None, str, frozenset[str]]:
    """(SKU or None, word to look for or "", the parts of titles that `text` names). `near` is the SKU talked about, `word`
    what several of them were called.
    """
    parts: Mapping[str, frozenset[str]] = lexicon.skus.parts
    named = frozenset(part for part in parts if part in text)
    if not named:
        return None, "", named
    scores: dict[str, int] = {}
    for part in named:
        for sku in parts[part]:
            scores[sku] = scores.get(sku, 0) + 100
    for part in (_parts_of(lexicon.skus, near) if near is not None else frozenset({word})) - named:
        for sku in parts.get(part, frozenset()) & scores.keys():
            scores[sku] += 1
    best = max(scores.values())
    meant = [sku for sku, score in scores.items() if score == best]
    longest = max(named, key=lambda part: (len(part), part))
    return (meant[0] if len(meant) == 1 else None), longest, named


def _parts_of(table: NameTable, sku: str) -> frozenset[str]:
    return frozenset(part for name, one in table.canonical.items() if one == sku for part in _split(name))


@lru_cache(maxsize=4096)
def _split(name: str) -> tuple[str, ...]:
    return title_parts(name)
