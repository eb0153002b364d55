"""A sentence of a model held against the facts: kept as it is, or discarded whole. Pure.

The model is given the facts with every figure replaced by a placeholder (`blanked`), and we put the figures back (`filled`).
What it writes on top must hold no figure, name, place, link or markup of its own. Figures are compared by value, whatever
they are written in: 1,234 = 1.234千 = 一千二百三十四, 3% = 百分之三, 三成 = 30%, full-width and circled digits.
"""

# ruff: noqa: E501, SIM905 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from domain.privacy import redact, safe_text
from domain.understand.lexicon import Lexicon, NameTable

LONGEST = 90
_PLACEHOLDER = re.compile(r"<F(\d{1,3})>")
_ARABIC = r"\d[\d,\u066c' ]*\d(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_UNIT = r"[万千百亿]+|k\b|m\b|bn\b"
_FIGURE = re.compile(
    rf"百分之(?P<zh_percent>[零〇一二两三四五六七八九十百点\d.]+)|(?P<number>{_ARABIC})\s*(?P<unit>{_UNIT})?\s*(?P<sign>%|‰|成|折|个百分点|percent)?"
    r"|(?P<zh>[零〇一二两三四五六七八九十百千万亿点半几数]{1,16})(?P<zh_sign>成|折)?"
)
# Words with a numeral's character in them that count nothing.
_HARMLESS = re.compile(
    r"一直|一般|一定|一样|一起|一致|一下|一些|统一|进一步|第一时间|唯一|十分|万一|千万别|点评|有点|一点|重点|热点|要点|观点|特点|点击率|百货|数据|数量|数字|参数|指数|总数|多数|少数|人数|单数|件数|订单数|天数|次数|分数|数值|几乎|半成品"
)
_DIGIT = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_BIG = {"万": Decimal(10_000), "亿": Decimal(100_000_000)}
_SCALE = {
    "百": Decimal(100),
    "千": Decimal(1000),
    **_BIG,
    "k": Decimal(1000),
    "m": Decimal(1_000_000),
    "bn": Decimal(1_000_000_000),
}
# Figures without a digit: allowed only when the facts use the same word.
_SPELT = re.compile(
    r"翻番|翻倍|翻了|对半|减半|过半|半数|一半|大半|多半|倍|若干|"
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|half|halves|halved|doubled?|tripled?|twice|thrice|quarters?|thirds?|fifths?|percent|first|second)\b"
)
_MARKUP = re.compile(
    r"[<>\[\]{}@＠#*_`|\\~^=]|://|www\.|\.(?:com|cn|net|org|io)\b|&\w+;|【|】|所有人|全体成员|\b(?:http|select|drop|insert|update|delete)\b"
)
_LATIN = re.compile(r"[^\W\d_]{2,}", re.ASCII)
_PLAIN_ENGLISH = frozenset(
    "the an and or of in on at by for from to than as is are was were be been it its this that these those with while but both more less most least higher lower up down rose fell grew dropped same flat steady slightly clearly mainly mostly only also compared before after period day days week weeks month months orders order figure share rate amount total average main part largest smallest highest lowest came come comes driven well worth look looking watch check stayed stays remains remained increase increased decrease decreased change changed growth decline falling rising better worse good".split()
)
_PLACE = re.compile(r"[一-鿿]{2,3}(?:省|市|县|区|州)|[一-鿿]{1,4}(?:仓|店)")


def blanked(facts: str) -> tuple[str, tuple[str, ...]]:
    """(the facts with `<F1>` for each figure, the figures as written)."""
    figures: list[str] = []

    def blank(hit: re.Match[str]) -> str:
        if hit["zh"] is not None and not _counts(hit.group()):
            return hit.group()
        figures.append(hit.group().strip())
        return f"<F{len(figures)}>"

    return _FIGURE.sub(blank, unicodedata.normalize("NFKC", facts.replace("<", "(").replace(">", ")"))), tuple(figures)


def filled(prose: str, figures: tuple[str, ...]) -> str | None:
    """A model's sentence with its placeholders replaced; None when it names one that was not given."""
    known = {str(number): figure for number, figure in enumerate(figures, 1)}
    if any(number not in known for number in _PLACEHOLDER.findall(prose)):
        return None
    return _PLACEHOLDER.sub(lambda hit: known[hit[1]], prose)


def discarded(prose: str, facts: str, lexicon: Lexicon, names: Iterable[str] = ()) -> str:
    """Why a sentence may not be shown, as a machine word; "" when it may. `names`: more names that only the facts may bring."""
    text, source = _plain(prose), _plain(facts)
    if not text.strip() or len(prose) > LONGEST:
        return "length"
    if _MARKUP.search(text) or safe_text(prose, LONGEST + 1) != prose or "\n" in prose:
        return "markup"
    if _unknown_figures(text, source):
        return "figure"
    if _unknown_names(text, source, lexicon, names):
        return "entity"
    if redact(text) != text:
        return "personal"
    return ""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


# --- figures ----------------------------------------------------------------------------------------------------------


def _unknown_figures(text: str, facts: str) -> bool:
    known = set(_values(facts))
    for value in _values(text):
        if value not in known:
            return True
    spelt = set(_SPELT.findall(_HARMLESS.sub(" ", text)))
    if not spelt <= set(_SPELT.findall(facts)):
        return True
    # A numeral of some script that is not read above is a figure that nobody checked.
    return any(
        unicodedata.numeric(letter, None) is not None and not letter.isascii() and letter not in _READ for letter in text
    )


_READ = frozenset("零〇一二两三四五六七八九十百千万亿半")


def _values(text: str) -> Iterator[tuple[Decimal, bool]]:
    """Every figure of a text (NFKC, lower case) as (value, whether it is a share: 3% is 0.03)."""
    for hit in _FIGURE.finditer(_HARMLESS.sub(" ", text)):
        value = _value(hit)
        if value is not None:
            yield value


def _value(hit: re.Match[str]) -> tuple[Decimal, bool] | None:
    if hit["zh_percent"] is not None:
        inner = _arabic(hit["zh_percent"]) if hit["zh_percent"][0].isdigit() else _chinese(hit["zh_percent"])
        return (inner / 100).normalize(), True
    if hit["number"] is not None:
        value = _arabic(hit["number"])
        for letter in re.findall(r"bn|[万千百亿km]", hit["unit"] or ""):
            value *= _SCALE[letter]
        return _signed(value, hit["sign"] or "")
    if not _counts(hit.group()):
        return None
    return _signed(_chinese(hit["zh"]), hit["zh_sign"] or "")


def _counts(word: str) -> bool:
    """Whether a run of numeral characters is a figure: 点 alone is a full stop of speech, 几 and 数 say that nobody counted."""
    return any(letter in _DIGIT or letter in _TENS or letter in "万亿半" for letter in word)


def _signed(value: Decimal, sign: str) -> tuple[Decimal, bool]:
    if sign in ("%", "percent", "个百分点"):
        return (value / 100).normalize(), True
    if sign == "‰":
        return (value / 1000).normalize(), True
    if sign in ("成", "折"):
        return (value / 10).normalize(), True
    return value.normalize(), False


def _arabic(text: str) -> Decimal:
    try:
        return Decimal(
            "".join(
                str(unicodedata.decimal(letter)) if letter.isdigit() else "."
                for letter in text
                if letter.isdigit() or letter == "."
            )
        )
    except (InvalidOperation, ValueError):
        return Decimal(-1)  # no fact is minus one written so: it is refused


def _chinese(text: str) -> Decimal:
    """一千二百三十四, 一二三四, 三点五, 十二万, 一个半 as their value."""
    if "点" in text and not text.endswith("点"):
        whole, _, rest = text.partition("点")
        digits = "".join(str(_DIGIT[letter]) for letter in rest if letter in _DIGIT)
        return _whole(whole) + (Decimal(f"0.{digits}") if digits else Decimal(0))
    return _whole(text) + (Decimal("0.5") if text.endswith("半") else Decimal(0))


def _whole(text: str) -> Decimal:
    if text and all(letter in _DIGIT for letter in text):
        return Decimal("".join(str(_DIGIT[letter]) for letter in text))
    total, section, current = Decimal(0), 0, 0
    for letter in text:
        if letter in _DIGIT:
            current = _DIGIT[letter]
        elif letter in _TENS:
            section += (current or 1) * _TENS[letter]
            current = 0
        elif letter in _BIG:
            total = (total + section + (current or (0 if total or section else 1))) * _BIG[letter]
            section = current = 0
    return total + section + current


# --- names ------------------------------------------------------------------------------------------------------------


def _unknown_names(text: str, facts: str, lexicon: Lexicon, names: Iterable[str]) -> bool:
    for table in (lexicon.channels, lexicon.shops, lexicon.warehouses, lexicon.skus, lexicon.people):
        if any(name not in facts for name in _found(text, table)):
            return True
    if any((name := _plain(each)) in text and name not in facts for each in names if len(each) > 1):
        return True
    if any(place not in facts and place[-3:] not in facts for place in _PLACE.findall(text)):
        return True
    words = set(_LATIN.findall(text)) - _PLAIN_ENGLISH
    return any(re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", facts) is None for word in words)


def _found(text: str, table: NameTable) -> Iterator[str]:
    at = 0
    while (hit := table.find(text[at:])) is not None:
        _, start, end = hit
        yield text[at + start : at + end]
        at += end
