"""Which goods a sentence about stock names, when no one put them in quotes: 灰色沙发套还有货吗, 窗帘还剩几件.

The goods' own titles decide: what the sentence shares with a title, two letters at least, says which one is meant. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_WORDS = re.compile(
    r"库存|热力图|还有没有|有没有|还有多少|还剩多少|剩多少|剩余|多少|还剩|还有|有货|没货|现货|存货|缺货|断货|货|几[个件套把条]|几|吗|呢|么|现在|查一?下?|看一?下?|"
    r"帮我?|请|的|在|仓库?|数量|数|可用|剩|了|\?|？|how many|how much|stock|left|of|do we have|any|is|are|in|there"
)
_SHORT_OF = re.compile(
    r"断货|缺货|没货了|不足|不够|告急|快没|快卖完|低于安全|安全线|补货|见底|"
    r"run(?:ning)? (?:low|out)|out of stock|short of|below safety"
)
# A code is meant as it stands: SFT-B is not SFT-G, however much of it they share.
_CODE = re.compile(r"(?<![a-z0-9])(?=[a-z0-9.]*[-\d])[a-z0-9][a-z0-9.-]{2,}")
_BREAK = re.compile(r"[\s,，。.、/\-—·()（）:：!！]+")


def asks_for_what_is_short(text: str) -> bool:
    """哪些快断货, 库存不足的有哪些: every warehouse's short goods, not one article."""
    return bool(_SHORT_OF.search(text.lower()))


def named_in(text: str, titles: Mapping[str, str]) -> list[str]:
    """SKUs that the sentence names, the best fit alone or several that fit as well; [] when none does.

    `titles`: SKU to title, of the goods that may be shown.
    """
    left = _BREAK.sub(" ", _WORDS.sub(" ", text.lower())).strip()
    if len(left.replace(" ", "")) < 2:
        return []
    codes = _CODE.findall(text.lower())
    names = {sku: f"{title} {sku}".lower() for sku, title in titles.items()}
    fits = {
        sku: fit
        for sku, name in names.items()
        if all(code in name for code in codes) and (fit := _fit(left, name)) is not None
    }
    if not fits:
        return []
    best = max(fits.values())
    return [sku for sku, fit in fits.items() if fit == best]


def _fit(left: str, title: str) -> tuple[int, int] | None:
    """(longest run shared, letters shared), None below two letters in a row: 灰色沙发套 is 沙发套-灰 not 沙发套-蓝."""
    run = max((_run(part, title) for part in left.split()), default=0)
    return (run, _shared(left, title)) if run >= 2 else None


def _run(part: str, title: str) -> int:
    """Letters of the longest piece of `part` that stands in the title."""
    return max((size for start in range(len(part)) for size in _sizes(part, start, title)), default=0)


def _sizes(part: str, start: int, title: str) -> Iterable[int]:
    size = 0
    while start + size < len(part) and part[start : start + size + 1] in title:
        size += 1
    return (size,)


def _shared(left: str, title: str) -> int:
    return len({letter for letter in left if letter != " "} & set(title))
