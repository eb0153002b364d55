"""Whether a name of a division was typed with one wrong character that sounds the same: 西胡区, 海定区."""

from __future__ import annotations

from functools import lru_cache


def sounds_like(typed: str, name: str) -> bool:
    """Whether `typed` is `name` but for exactly one character of the same sound, tones and n/ng, z/zh and the like aside."""
    apart = [(a, b) for a, b in zip(typed, name, strict=True) if a != b]
    return len(apart) == 1 and _sound(apart[0][0]) == _sound(apart[0][1])


@lru_cache(maxsize=4096)
def _sound(letter: str) -> str:
    from pypinyin import Style, lazy_pinyin

    said = lazy_pinyin(letter, style=Style.NORMAL)[0]
    for fine, plain in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if said.startswith(fine):
            said = plain + said[2:]
    return said[:-1] if said.endswith("ng") else said
