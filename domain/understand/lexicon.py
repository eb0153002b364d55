"""Names that the company knows: channels and shops, warehouses, goods, people. Built from data by the caller; pure.

Matching is by dictionary at every position of the text (first letter → lengths → canonical name), so its cost follows the
length of the message and not the number of names: 100 000 SKUs cost what ten cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from domain.understand.learnt import NO_PHRASES, Phrasebook

# What staff call the channels (public nicknames; codes are the connectors' folder names).
CHANNELS: dict[str, tuple[str, ...]] = {
    "douyin": ("抖音", "抖店", "抖音小店", "抖音旗舰店", "dy", "douyin", "tiktok中国"),
    "pinduoduo": ("拼多多", "拼夕夕", "pdd", "pinduoduo", "多多"),
    "taobao": ("淘宝", "天猫", "淘系", "猫店", "tb", "tmall", "taobao", "某宝"),
    "jd": ("京东", "京东自营", "jd", "jingdong", "狗东"),
    "1688": ("1688", "阿里巴巴", "诚信通"),
    "wechat": ("微信小店", "视频号", "视频号小店", "微信视频号"),
    "miniapp": ("小程序", "自有小程序", "微信小程序", "商城小程序"),
    "kuaishou": ("快手", "快手小店", "kuaishou"),
    "xiaohongshu": ("小红书", "红书", "xhs"),
    "shopify": ("shopify", "独立站"),
    "amazon": ("亚马逊", "amazon", "amz"),
    "walmart": ("沃尔玛", "walmart"),
    "shopee": ("虾皮", "shopee"),
    "lazada": ("来赞达", "lazada"),
    "pos": ("门店", "线下门店", "pos"),
}


def _index(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = {}
    for name in names:
        lengths.setdefault(name[0], set()).add(len(name))
    return {head: tuple(sorted(sizes, reverse=True)) for head, sizes in lengths.items()}


@dataclass(frozen=True)
class NameTable:
    """A set of names to be found inside text, longest first; `canonical` maps the lower-case name to its meaning."""

    canonical: Mapping[str, str]
    _heads: dict[str, tuple[int, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_heads", _index(name for name in self.canonical if name))

    def find(self, text: str) -> tuple[str, int, int] | None:
        """(canonical, start, end) of the first name in `text` (already lower case), or None.

        A Latin name must stand alone: `dy` is not inside `body`.
        """
        heads, canonical = self._heads, self.canonical
        if heads.keys().isdisjoint(text):  # most messages name nothing: told without looking at each letter
            return None
        for at, letter in enumerate(text):
            sizes = heads.get(letter)
            if sizes is None:
                continue
            for size in sizes:
                end = at + size
                word = text[at:end]
                meaning = canonical.get(word)
                if meaning is not None and _stands_alone(text, at, end):
                    return meaning, at, end
        return None

    @cached_property
    def parts(self) -> Mapping[str, frozenset[str]]:
        """Part of a title → what it is a part of; made when somebody first asks. Codes have no parts."""
        found: dict[str, set[str]] = {}
        for name, canonical in self.canonical.items():
            for part in title_parts(name):
                found.setdefault(part, set()).add(canonical)
        return {part: frozenset(meant) for part, meant in found.items()}


_BETWEEN = re.compile(r"[^0-9a-z㐀-鿿.]+")
_COLOUR = frozenset("黑白灰红蓝绿黄紫粉棕银金米青橙")


def title_parts(name: str) -> tuple[str, ...]:
    """沙发套-灰色 → 沙发套, 灰: what people say of a title. A code (no Chinese in it) has none."""
    if name.isascii():
        return ()
    parts = (part[:-1] if len(part) == 2 and part[1] == "色" else part for part in _BETWEEN.split(name))
    return tuple(part for part in parts if len(part) > 1 or part in _COLOUR)


def _word(letter: str) -> bool:
    return letter.isascii() and (letter.isalnum() or letter == "_")


def _stands_alone(text: str, at: int, end: int) -> bool:
    if at and _word(text[at]) and _word(text[at - 1]):
        return False
    return not (end < len(text) and _word(text[end - 1]) and _word(text[end]))


@dataclass(frozen=True)
class Lexicon:
    """Everything the parser may recognise by name. Every table maps a lower-case name to its canonical form.

    `channels`: nickname → code. `shops`: name → shop name. `warehouses`: name → warehouse. `skus`: code or title → SKU code.
    `people`: staff and known names → the name as written.
    """

    channels: NameTable
    shops: NameTable
    warehouses: NameTable
    skus: NameTable
    people: NameTable
    phrases: Phrasebook = field(default=NO_PHRASES, compare=False, repr=False)  # what an administrator taught
    familiar: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)  # of `familiar` alone

    @classmethod
    def build(
        cls,
        *,
        channels: Mapping[str, Iterable[str]] | None = None,
        shops: Mapping[str, Iterable[str]] | None = None,
        warehouses: Mapping[str, Iterable[str]] | None = None,
        skus: Mapping[str, Iterable[str]] | None = None,
        people: Iterable[str] = (),
    ) -> Lexicon:
        """From canonical name → other names. Each canonical name is also a name of itself; channels come with the public
        nicknames built in, and a warehouse "杭州仓" is also found as "杭州仓库".
        """
        merged: dict[str, list[str]] = {code: list(names) for code, names in CHANNELS.items()}
        for code, names in (channels or {}).items():
            merged.setdefault(code, []).extend(names)
        stores: dict[str, list[str]] = {}
        for name, others in (warehouses or {}).items():
            stores[name] = [*others, *([name + "库"] if name.endswith("仓") else [])]
        return cls(
            channels=_table(merged),
            shops=_table(shops or {}),
            warehouses=_table(stores),
            skus=_table(skus or {}),
            people=_table(dict.fromkeys(people, ())),
        )


def _table(names: Mapping[str, Iterable[str]]) -> NameTable:
    flat: dict[str, str] = {}
    for canonical, others in names.items():
        for name in (canonical, *others):
            if name.strip():
                flat.setdefault(name.strip().lower(), canonical)
    return NameTable(flat)


EMPTY = Lexicon.build()
