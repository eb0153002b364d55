"""Second chance for sentences that were not understood: pinyin typed instead of characters, and characters that only sound right.

`wo de kuaidi daonale`, `tuikuan`, 退宽, 快第: the words of the trade are looked up by their sound. Reached only when the first
reading found nothing, so it costs the understood sentences nothing; pypinyin is imported at the first such sentence.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

# Words worth hearing. Decisions (同意, 拒绝) are not among them: nobody approves by a typing error.
_TRADE = [
    "退款",
    "退货",
    "换货",
    "物流",
    "快递",
    "订单",
    "单号",
    "发货",
    "取消",
    "地址",
    "库存",
    "包裹",
    "到哪",
    "哪了",
    "哪里",
    "到货",
    "签收",
    "缺货",
    "有货",
    "没货",
    "收货",
    "催单",
    "催件",
    "售后",
    "待办",
    "修改",
    "改地址",
    "收到",
    "多久",
    "什么时候",
    "怎么",
    "可以",
    "没有",
    "没收到",
    "还没",
    "到账",
    "补货",
    "配送",
    "派送",
    "客服",
    "发票",
    "帮助",
    "规则",
    "进度",
    "申请",
    "不要了",
    "查一下",
    "我的",
    "我要",
    "现货",
    "写错",
    "填错",
    "错了",
    "运单",
]
_LATIN = re.compile(r"[a-z]{2,}(?:[ '][a-z]{1,12})*")


@cache
def _by_sound() -> tuple[dict[str, str], re.Pattern[str]]:
    """Toneless spelling → word; and the pattern that finds spellings in Latin text, longest first."""
    from pypinyin import Style, lazy_pinyin

    spelled = {"".join(lazy_pinyin(word, style=Style.NORMAL)): word for word in _TRADE}
    spelled |= {
        "daonale": "到哪了",
        "daonalile": "到哪里了",
        "wode": "我的",
        "shenmeshihou": "什么时候",
        "duojiu": "多久",
        "zainali": "在哪里",
    }
    names = sorted((name for name in spelled if len(name) >= 4), key=len, reverse=True)
    return spelled, re.compile("|".join(map(re.escape, names)))


@lru_cache(maxsize=8192)
def _syllable(letter: str) -> str:
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(letter, style=Style.NORMAL)[0] if letter > "㏿" else letter


def latin_heard(text: str) -> str | None:
    """The Chinese words that Latin letters in `text` spell, put in their place; None when there are none."""
    spelled, pattern = _by_sound()

    def heard(match: re.Match[str]) -> str:
        run = re.sub(r"[ ']", "", match.group())
        pieces = pattern.sub(lambda hit: f" {spelled[hit.group()]} ", run)
        # A spelling inside an English word is an accident: most of the run must be covered.
        covered = len(run) - sum(len(rest) for rest in re.findall(r"[a-z]+", pieces))
        return re.sub(r"[a-z ]", "", pieces) if covered * 2 >= len(run) else match.group()

    out = _LATIN.sub(heard, text)
    return out if out != text else None


def heard(text: str) -> str | None:
    """`text` with characters replaced that sound like a word of the trade and share a character with it; None when none do."""
    if len(text) > 60:
        return None
    spelled, _ = _by_sound()
    letters = list(text)
    sounds = [_syllable(letter) for letter in letters]
    changed = False
    at = 0
    while at + 1 < len(letters):
        window = letters[at] + letters[at + 1]
        word = spelled.get(sounds[at] + sounds[at + 1])
        if word is not None and len(word) == 2 and word != window and (word[0] == window[0] or word[1] == window[1]):
            letters[at : at + 2] = word
            changed = True
            at += 1
        at += 1
    return "".join(letters) if changed else None


def heard_as(text: str, words: Sequence[str]) -> str | None:
    """A short `text` with what sounds exactly like one of `words` written as that word; None when nothing does."""
    if len(text) > 12 or text.isascii():
        return None
    sounds = [_syllable(letter) for letter in text]
    out = text
    for word in words:
        spelled = [_syllable(letter) for letter in word]
        for at in range(len(text) - len(word) + 1):
            if sounds[at : at + len(word)] == spelled and text[at : at + len(word)] != word:
                out = out[:at] + word + out[at + len(word) :]
    return out if out != text else None
