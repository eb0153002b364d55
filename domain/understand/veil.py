"""What may leave the house: a message with everything that names a person, an order or an amount replaced by placeholders.

`<ORDER_1>` goes out, the number stays here. The placeholders are mapped back by us, never by what comes back. After veiling
the text is looked at once more (`Veiled.leaks`); a text that still holds something is not sent at all.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from domain.privacy import redact
from domain.understand.hidden_names import capitals_in, names_in
from domain.understand.lexicon import Lexicon, NameTable
from domain.understand.normal import normalise
from domain.understand.plan import Plan

LONGEST = 400  # characters of a question; a longer text is somebody's paste and stays here
_DIGIT = "0-9零〇一二三四五六七八九幺两洞拐"
_SEPARATOR = r"[ \-–—.·_/()（）,，*x×…~#]"
_LINK = re.compile(
    r"(?:https?|ftp)://\S+|\bwww\.\S+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@[^\s@,，。:：]{1,20}|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|io|top|xyz|example)\b\S*"
)
_TICKET = re.compile(r"(?<![a-z0-9])[ak]\d{1,6}(?![a-z0-9])")
_MIXED = re.compile(
    r"(?<![a-z0-9])(?=[a-z0-9_-]*\d[a-z0-9_-]*\d[a-z0-9_-]*\d)(?=[a-z0-9_-]*[a-z])[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
)
_METRIC_CODE = re.compile(r"p\d\d|1688|b2b|b2c|o2o|top\d{1,2}|q[1-4]|h[12]|24h|48h")
_LONG = re.compile(rf"\+?[{_DIGIT}](?:{_SEPARATOR}{{0,3}}[{_DIGIT}]){{3,}}")
_SIGNED = re.compile(r"[¥$€£] ?[\d一二两三四五六七八九十百千万零.,]+(?:[万千百亿k])?")
_AMOUNT = re.compile(
    r"(?:\d[\d,]*(?:\.\d+)?|[零一二两三四五六七八九十百千万半]{1,10})\s*(?:多|来)?\s*(?:[万千百亿]\s*)?(?:元|块钱?|毛钱?|角|分钱|rmb|cny|usd|eur|gbp|yuan|dollars?|euros?|pounds?|bucks)(?:[零一二两三四五六七八九\d]{1,2}(?![\d天月年号个单件]))?"
)
_DECIMAL = re.compile(r"\d+[.,]\d+(?![\d])|\d{4,}")
_DATE = re.compile(r"(?:20)\d\d(?:[-/.年](?:1[0-2]|0?[1-9])(?:[-/.月](?:3[01]|[12]\d|0?[1-9])日?)?月?|年)|\b20[12]\d\b")
_ROAD = r"(?:街道|路|大街|街|巷|弄|胡同|村|小区|花园|家园|公寓|大厦|广场|苑|幢|栋|号楼|单元|室|镇|乡|庄|屯|里弄|大道|道口|工业区|开发区|校区|宿舍|新村|府|湾|城(?=[\d一二三四五六七八九十]))"
_PLACE = re.compile(
    rf"(?:[一-鿿]{{2,9}}?(?:省|自治区))?(?:[一-鿿]{{2,7}}?(?:市|自治州|盟))?(?:[一-鿿]{{1,7}}?(?:区|县|旗))?[一-鿿a-z0-9#\-]{{0,16}}{_ROAD}[一-鿿a-z0-9#\-、()（）]{{0,28}}?[\d一二三四五六七八九十]+(?:号楼|号院|号|栋|幢|座|单元|室|楼|层|房|弄|组|队)?(?:[\-\d一二三四五六七八九十a-z]*(?:号楼|号|栋|幢|座|单元|室|楼|层|房))*"
)
_DIVISION = re.compile(
    r"[一-鿿]{2,8}(?:市|县|区|州)[一-鿿]{1,10}(?:区|县|镇|乡|街道|村|路|街|巷|苑|小区|大道)[一-鿿\d#\-]{0,24}"
)
_BUILDING = re.compile(
    r"[一-鿿]{2,10}?(?:小区|花园|家园|公寓|大厦|苑|新村|胡同|大道)(?:[\d一二三四五六七八九十]+[号栋幢座单元室楼层房\d\-]*)?"
)
_WESTERN = re.compile(
    r"\b\d+[a-z]? (?:[a-z.'-]+ ){1,4}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|blvd|boulevard|way|court|ct|place|pl)\b\.?(?:,? (?:apt|apartment|unit|suite|#) ?\w+)?(?:,? [a-z.' -]{2,30})?(?:,? [a-z]{2})?(?: \d{4,6})?"
)
_KIND_OF = {
    "order_no": "ORDER",
    "waybill_no": "WAYBILL",
    "phone": "PHONE",
    "phone_tail": "TAIL",
    "approval_id": "TICKET",
    "alert_id": "TICKET",
}


@dataclass(frozen=True, slots=True)
class Hidden:
    """What one placeholder stands for. `raw` is as typed (one spelling), `value` its canonical form, `slot` a slot's name or ""."""

    raw: str
    value: str
    slot: str = ""


@dataclass(frozen=True, slots=True)
class Veiled:
    """A message that may leave. `tokens` maps a placeholder, without its brackets, to what it stands for; it stays here."""

    text: str
    tokens: dict[str, Hidden] = field(default_factory=dict, repr=False)
    known: frozenset[str] = field(default=frozenset(), repr=False)  # names that must not be in what leaves

    def leaks(self, text: str | None = None) -> bool:
        """Whether `text` (the veiled message unless given) still holds what was hidden, or anything that looks like it."""
        plain = _BRACKETED.sub("", self.text if text is None else text)
        squeezed = re.sub(r"\s+", "", plain)
        for raw in {each.raw for each in self.tokens.values()} | self.known:
            if _telling(raw) and (raw in plain or re.sub(r"\s+", "", raw) in squeezed):
                return True
        without_dates = _DATE.sub("", plain)
        return _LONG.search(without_dates) is not None or redact(without_dates) != without_dates


_BRACKETED = re.compile(r"<[A-Z]+_\d+>")


def _telling(raw: str) -> bool:
    """Whether finding this text elsewhere means anything: a lone letter or a short number does not."""
    return len(raw) > 1 and not (raw.isdigit() and len(raw) < 4)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    kind: str
    value: str = ""
    slot: str = ""


def veil(text: str, plan: Plan, lexicon: Lexicon, secrets: Iterable[str] = ()) -> Veiled:
    """`text` as it may be sent. `plan` is the parser's reading of it; `secrets` are more words to hide, such as the receiver
    of an order that is named in it. Lower case, one spelling, no line breaks.
    """
    said, _ = normalise(text)
    said = re.sub(r"\s+", " ", said.replace("<", "(").replace(">", ")"))
    people = {" ".join(normalise(name)[0].split()) for name in (*lexicon.people.canonical.values(), *secrets)}
    people = {name for name in people if len(name) > 1}
    spans = _settled(list(_spans(said, plan, lexicon, people, capitals_in(text))))
    spans = _settled([*spans, *_again(said, spans)])
    return _replaced(said, spans, frozenset(name for name in people if _telling(name)))


def _spans(said: str, plan: Plan, lexicon: Lexicon, people: set[str], capitals: frozenset[str]) -> Iterator[_Span]:
    """What to hide, the surest first."""
    for hit in _LINK.finditer(said):
        yield _Span(*hit.span(), "LINK")
    for name in sorted(people, key=len, reverse=True):
        for hit in re.finditer(r"\s*".join(map(re.escape, name.replace(" ", ""))), said):
            yield _Span(*hit.span(), "NAME", name, "name")
    for pattern in (_PLACE, _DIVISION, _BUILDING, _WESTERN):
        for hit in pattern.finditer(said):
            yield _Span(*hit.span(), "ADDRESS")
    yield from _numbers(said, plan)
    for kind, table, slot in (
        ("SKU", lexicon.skus, "sku"),
        ("SHOP", lexicon.shops, ""),
        ("WAREHOUSE", lexicon.warehouses, ""),
    ):
        for start, end, value in _named(said, table):
            yield _Span(start, end, kind, value, slot)
    for start, end in names_in(said):
        yield _Span(start, end, "NAME", said[start:end], "name")
    for word in capitals:
        if lexicon.channels.canonical.get(word) is None:
            for hit in re.finditer(rf"(?<![\w]){re.escape(word)}(?![\w])", said):
                yield _Span(*hit.span(), "NAME", word, "name")


def _numbers(said: str, plan: Plan) -> Iterator[_Span]:
    dates = [hit.span() for hit in _DATE.finditer(said)]
    values = {_digits(each.value): each for each in plan.found if _digits(each.value)}
    for pattern in (_SIGNED, _AMOUNT):
        for hit in pattern.finditer(said):
            yield _Span(*hit.span(), "AMOUNT", hit.group())
    for hit in _TICKET.finditer(said):
        slot = "approval_id" if hit.group()[0] == "a" else "alert_id"
        yield _Span(*hit.span(), "TICKET", hit.group().upper(), slot)
    for pattern in (_MIXED, _LONG, _DECIMAL):
        for hit in pattern.finditer(said):
            start, end = hit.span()
            if _METRIC_CODE.fullmatch(hit.group()) or any(start >= a and end <= b for a, b in dates):
                continue
            found = values.get(_digits(hit.group()))
            slot = found.kind if found is not None else ""
            yield _Span(start, end, _KIND_OF.get(slot, "NUMBER"), found.value if found else hit.group(), slot)


_SPOKEN = str.maketrans("零〇一二三四五六七八九幺两洞拐", "001234567891207")


def _digits(text: str) -> str:
    """The digits of an identifier, to find out which one was typed here; letters too, since waybills have them."""
    return "".join(letter for letter in text.translate(_SPOKEN).lower() if letter.isascii() and letter.isalnum())


def _named(said: str, table: NameTable) -> Iterator[tuple[int, int, str]]:
    at = 0
    while (hit := table.find(said[at:])) is not None:
        value, start, end = hit
        yield at + start, at + end, value
        at += end


def _settled(spans: list[_Span]) -> list[_Span]:
    """No two overlap: one that stands inside another goes, two that cross become one of the first's kind."""
    kept: list[_Span] = []
    for span in spans:
        if span.end <= span.start:
            continue
        crossing = [each for each in kept if span.start < each.end and each.start < span.end]
        if not crossing:
            kept.append(span)
            continue
        start, end = min(span.start, *(c.start for c in crossing)), max(span.end, *(c.end for c in crossing))
        first = crossing[0]
        if (start, end) != (first.start, first.end) or len(crossing) > 1:
            kept = [each for each in kept if each not in crossing]
            kept.append(_Span(start, end, first.kind, first.value, first.slot))
    return sorted(kept, key=lambda each: each.start)


def _again(said: str, spans: list[_Span]) -> Iterator[_Span]:
    """Whatever was hidden once is hidden wherever it stands."""
    for span in spans:
        raw = said[span.start : span.end]
        if _telling(raw):
            for hit in re.finditer(re.escape(raw), said):
                yield _Span(*hit.span(), span.kind, span.value, span.slot)


def _replaced(said: str, spans: list[_Span], known: frozenset[str]) -> Veiled:
    tokens: dict[str, Hidden] = {}
    names: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    parts: list[str] = []
    at = 0
    for span in spans:
        raw = said[span.start : span.end]
        token = names.get((span.kind, raw))
        if token is None:
            counts[span.kind] = counts.get(span.kind, 0) + 1
            token = names[span.kind, raw] = f"{span.kind}_{counts[span.kind]}"
            tokens[token] = Hidden(raw, span.value or raw, span.slot)
        parts += [said[at : span.start], f"<{token}>"]
        at = span.end
    return Veiled("".join((*parts, said[at:])), tokens, known)
