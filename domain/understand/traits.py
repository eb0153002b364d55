"""What a Chinese sentence is weighed by: its letters, its telling words in their order, and what the patterns made of it.

A trait is a short string. The same ones are made when the weights are learnt (`tools/weigh.py`) and when a sentence is read,
so this module is the only place that may say what a trait is; a change here wants the weights made anew.
"""

from __future__ import annotations

import re
from operator import add

from domain.understand.hints_zh import Reading
from domain.understand.words_zh import HEADS, WORDS

# Letters that turn a sentence: denial, time, question, wish, condition - and the trade's deeds where no word is found.
_TELLING = frozenset("没不别未无已了过吗么呢怎什几多哪想要帮请能可如果再又还先才退换取改送发收到货催钱款查单票价被让点错")
_DIGITS = re.compile(r"\d+")
_STOPS = re.compile(r"[\s,。.!~、;:]+")
_LONGEST = 14  # tokens taken in pairs; a pasted letter does not cost its square
_LETTERS = 80  # letters looked at


def traits(text: str, first: Reading) -> set[str]:
    """The traits of `text` (normalised, greetings and masks gone, see `bare_zh`) that `first` was read from.

    Single letters and pairs of neighbours, between `^` and `$`; words by their hints and every ordered pair of them, telling
    letters among them; the intent that the patterns chose, alone and with its note.
    """
    text = text[:_LETTERS]
    plain = f"^{_STOPS.sub(',', _DIGITS.sub('0', text)).strip(',')}$"
    tokens = _tokens(text)
    found = {*plain, *tokens, *map(add, plain, plain[1:])}
    telling = tokens[:_LONGEST]
    while telling:
        one = telling.pop(0)
        found.update([one + other for other in telling])
    found.add(f"={first.intent.value}")
    found.add(f"={first.intent.value}:{first.note}")
    return found


def _tokens(text: str) -> list[str]:
    """The sentence in telling words: `#<hints>` for a word that hints at something, a telling letter, `,` and `?`."""
    tokens: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        for length in HEADS.get(letter, ()):
            meaning = WORDS.get(text[at : at + length])
            if meaning is not None:
                if meaning:
                    tokens.append(f"#{meaning:x}")
                elif letter in _TELLING:
                    tokens.append(f"'{letter}")
                at += length
                break
        else:
            if letter in _TELLING:
                tokens.append(f"'{letter}")
            elif letter in ",。?":
                tokens.append(f"'{letter}" if letter == "?" else "',")
            at += 1
    return tokens
