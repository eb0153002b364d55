"""Identifiers inside a sentence: order numbers, waybills, phones, tails, masked numbers, tickets, amounts.

One pass of one pattern over text that holds a digit; each hit is judged by length, prefix, check digit and the words before
it. Numbers stay text all the way: 19 digits do not fit a double. A mobile number is never an order number.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass, field

from domain import waybill
from domain.money import Money
from domain.understand.plan import Found


@dataclass(slots=True)
class Numbers:
    """Everything that was found, plus the text with the hits blanked so that words can be read without them."""

    found: list[Found] = field(default_factory=list)
    amount: Money | None = None
    extra: dict[str, str] = field(default_factory=dict)
    rest: str = ""
    joined: int = 0  # digits of all identifiers: tells a bare number from a sentence

    def first(self, kind: str) -> str | None:
        for one in self.found:
            if one.kind == kind:
                return one.value
        return None


_SPOKEN = dict(zip("零〇一二三四五六七八九幺两洞拐", "001234567891207", strict=True))
_SPOKEN_RUN = re.compile(r"[零〇一二三四五六七八九幺洞拐](?:[ ,、-]?[零〇一二三四五六七八九幺两洞拐]){3,}")

_HEAD_TAIL = r"\d{2,8} ?(?:…+|\.{2,}|\*{2,}|[x×]{3,}|·{2,}|~{2,}) ?\d{2,8}"
_TOKEN = re.compile(
    r"(?P<url>https?://\S+)"
    r"|(?P<tail>(?:尾号|尾数|末尾|(?:最后|后|末)(?:四|4|三|3|五|5|六|6)?(?:位数?|个数字?)|last (?:4|four|few)(?: digits?)?|ending(?: in| with)?|ends (?:in|with))"
    r"\s*(?:of [a-z ]{1,20})?(?:是|为|:|is|are|号|的|=)?\s*(?P<tail_no>\d{3,8}))(?!\d)"
    r"|(?P<masked>(?<![\d.])" + _HEAD_TAIL + r")(?![\d.])"
    r"|(?P<amazon>(?<![\d-])\d{3}-\d{7}-\d{7})(?![\d-])"
    r"|(?P<pdd>(?<![\d-])\d{6}-\d{12,18})(?![\d-])"
    r"|(?P<intl>\+\d[\d ()-]{6,18}\d)(?!\d)"
    r"|(?P<nanp>(?<![\d.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.-])\d{3}[.-]\d{4}(?![\d-]))"
    r"|(?P<money>[¥$€£] ?\d[\d,]*(?:\.\d{1,2})?(?!\d)|(?:rmb|usd|eur|gbp|cny) ?\d[\d,]*(?:\.\d{1,2})?(?!\d)"
    r"|(?<![a-z0-9.-])\d[\d,]{0,11}(?:\.\d{1,2})? ?(?:元|块钱?(?!儿|头)|rmb|yuan|dollars?|usd|eur(?:os?)?|gbp|pounds?|bucks)(?![a-z])(?:(?<=块)\d(?![\d个件天]))?)"
    r"|(?P<grouped>(?<![a-z0-9.-])\d{2,6}(?:[ -]\d{2,6}){1,9})(?![a-z0-9-])"
    r"|(?P<mixed>(?<![a-z0-9_-])(?:[a-z]{1,9}[-_]?\d[a-z0-9_-]{0,38}|\d{5,8}[a-z][a-z0-9]{5,12}|1z[a-z0-9]{16}|1ls[a-z0-9-]{11,16}))(?![a-z0-9_])"
    r"|(?P<digits>(?<![a-z0-9.])\d{4,64})(?![a-z0-9]|\.\d)"
)
# order113542617735902: a word and its number typed without the space
_GLUED = re.compile(
    r"(?:(?<=order)|(?<=purchase)|(?<=number)|(?<=parcel)|(?<=package)|(?<=shipment)|(?<=tracking))(?=\d{5})"
)
_CHINESE_MONEY = re.compile(
    r"([零一二两三四五六七八九十百千万]{1,8}|\d+(?:\.\d{1,2})?[百千万])(?:块钱?|元)(?:([零一二两三四五六七八九])(?:毛|角)?(?![十百千万个件天]))?"
)
_UNIT = re.compile(
    r" ?(?:年|月|日|号[^码]|件|个|只|套|条|盒|箱|箇|单|位|天|小时|分|次|人|米|平|楼|室|栋|幢|弄|路|ml|kg|g\b|cm|mm|w\b|v\b|mah|匹|寸|升|级|期|版|款(?!项))"
)
_WAYBILL_WORD = re.compile(
    r"(?:运单|快递单|物流单|快递号|物流号|面单|运单号|waybill|tracking|awb|parcel|shipment|快递|包裹|物流)[^\d]{0,12}$"
)
_WAYBILL_NUMBER = re.compile(r"(?:运单|快递单|物流单|快递号|物流号|面单|waybill|tracking|awb)[^\d]{0,6}$")
_ORDER_WORD = re.compile(
    r"(?:订单|单号|单子|order|purchase|\bno|number|#|编号|这单|单|oder|ordr|[【\[]orderid_)[^\da-z]{0,8}(?:number|no\.?|id|#|num)?[^\da-z]{0,4}$"
)
_PHONE_WORD = re.compile(r"(?:电话|手机|号码|phone|mobile|call|tel)[^\d]{0,8}$")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SHOPEE = re.compile(r"2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[A-Z0-9]{7,9}")
_CURRENCY = (
    ("$", "USD"), ("usd", "USD"), ("dollar", "USD"), ("buck", "USD"), ("€", "EUR"), ("eur", "EUR"), ("£", "GBP"),
    ("gbp", "GBP"), ("pound", "GBP"),
)  # fmt: skip
_APPROVAL = re.compile(r"A\d{1,6}")
_ALERT = re.compile(r"K\d{1,6}")


GAP = "  "  # where a number was cut out: wider than the blank that people type between two clauses


def read_numbers(text: str) -> Numbers:
    """Every identifier of `text` (normalised, lower case). Texts without digits cost one look."""
    text = _spoken(_GLUED.sub(" ", text))
    out = Numbers(rest=text)
    if "元" in text or "块" in text:
        _chinese_money(text, out)
    pieces: list[str] = []
    at = 0
    for match in _TOKEN.finditer(text):
        if _take(match, text, out):
            pieces.append(text[at : match.start()])
            at = match.end()
    pieces.append(text[at:])
    if out.amount is None and (bare := _BARE_MONEY.search(text)) is not None:
        _bare_money(bare, out)
    out.rest = GAP.join(pieces) if at else text
    return out


def _spoken(text: str) -> str:
    """六九二零幺 → 69201, only for runs of four and more (一二三 in prose stays)."""
    if text.isascii() or _SPOKEN_RUN.search(text) is None:
        return text
    return _SPOKEN_RUN.sub(lambda run: "".join(_SPOKEN.get(letter, "") for letter in run.group()), text)


def _chinese_money(text: str, out: Numbers) -> None:
    from domain.dates import numeral

    match = _CHINESE_MONEY.search(text)
    if match is None:
        return
    digits = re.match(r"[\d.]+", match[1])
    if digits is not None:
        minor = Money.parse(digits.group(), "CNY").minor
        out.amount = Money(minor * {"百": 100, "千": 1000, "万": 10_000}[match[1][-1]])
        return
    value = numeral(match[1])
    if match[2]:
        out.amount = Money(value * 100 + numeral(match[2]) * 10)
        return
    if match[1] not in {"一", "万", "千", "百"}:  # 一块 is "together", not money
        out.amount = Money(value * 100)


# 退 35.5, refund 50: an amount without its currency, when it follows the deed and is not a count of something.
_BARE_MONEY = re.compile(
    r"(?:退款?|赔付?|赔偿|补偿|补差?|返还?|\brefund(?:ing)?|\breimburse)(?:给)?(?:[他她我]|客[户人]|买家| me| him| her| them)?了?[ ,:]*(?P<figure>\d{1,6}(?:\.\d{1,2})?)"
    r"(?![\d.a-z]|-\d| ?(?:件|个|单|天|小时|号|楼|%|次|双|条|盒|包|点|分|月|年|日|位|items?|orders?|days?|pieces?|units?))"
)


def _bare_money(match: re.Match[str], out: Numbers) -> None:
    figure = match["figure"]
    if len(figure) >= 4 and figure.isdigit():  # 退款 1280 is an amount only beside an order's own number; else it is a tail
        own = Found("phone_tail" if len(figure) == 4 else "order_no", figure)
        others = [one for one in out.found if one != own]
        if own not in out.found or not any(one.kind in {"order_no", "waybill_no"} for one in others):
            return
        out.found[:] = others
    out.amount = Money.parse(figure, "CNY")


def _take(match: re.Match[str], text: str, out: Numbers) -> bool:
    kind = match.lastgroup
    word = match.group()
    if kind == "tail":
        _add(out, "phone_tail", match["tail_no"])
        return True
    if kind == "url":
        return True
    if kind == "masked":
        _masked(word, out)
        return True
    if kind in {"amazon", "pdd"}:
        _add(out, "order_no", word)
        return True
    if kind == "intl":
        return _international(word, out)
    if kind == "nanp":  # (415) 555-2671: the North American way to write a number
        _add(out, "phone", "+1" + re.sub(r"\D", "", word))
        return True
    if kind == "money":
        return _money(word, out)
    before = text[max(0, match.start() - 24) : match.start()]
    after = text[match.end() : match.end() + 4]
    if kind == "grouped":
        return _grouped(word, before, after, out)
    if kind == "mixed":
        return _mixed(word.upper(), before, out)
    return _digits(word, before, after, out)


def _add(out: Numbers, kind: str, value: str) -> None:
    out.found.append(Found(kind, value))
    out.joined += len(value)


def _masked(word: str, out: Numbers) -> None:
    """138****5678 is a phone, 6920…0417 an order or waybill: both are searched by head and tail."""
    parts = re.findall(r"\d+", word)
    head, tail = parts[0], parts[-1]
    if len(head) == 3 and len(tail) == 4 and _MOBILE.fullmatch(head + "0000" + tail):
        out.extra["phone_head"], out.extra["phone_tail"] = head, tail
        _add(out, "phone_tail", tail)
    else:
        out.extra["order_head"], out.extra["order_tail"] = head, tail
        out.joined += len(head) + len(tail)


def _international(word: str, out: Numbers) -> bool:
    import phonenumbers  # a big table, wanted only when somebody writes +

    try:
        number = phonenumbers.parse(word)
    except phonenumbers.NumberParseException:
        return False
    if not phonenumbers.is_possible_number(number):
        return False
    if number.country_code == 86:
        _add(out, "phone", str(number.national_number))
    else:
        _add(out, "phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return True


def _money(word: str, out: Numbers) -> bool:
    figure = re.search(r"\d[\d,]*(?:\.\d{1,2})?", word)
    if figure is None:
        return False
    halves = re.search(r"(\d+) ?块(\d)$", word)  # 35块5
    if halves is not None:
        out.amount = out.amount or Money(int(halves[1]) * 100 + int(halves[2]) * 10)
        return True
    currency = next((code for sign, code in _CURRENCY if sign in word), "CNY")
    if out.amount is None:
        out.amount = Money.parse(figure.group().replace(",", ""), currency)
    return True


def _grouped(word: str, before: str, after: str, out: Numbers) -> bool:
    """6920 1234 5678 …: one number written in groups, unless its parts are numbers of their own or a date."""
    groups = re.split(r"[ -]", word)
    joined = "".join(groups)
    if len(joined) == 13 and joined.startswith("86") and _MOBILE.fullmatch(joined[2:]):
        joined = joined[2:]
    if _MOBILE.fullmatch(joined):
        _add(out, "phone", joined)
        return True
    if len(groups) >= 3 and len(joined) >= 10:
        return _digits(joined, before, after, out)
    taken = False
    for group in groups:  # "0417 8000": two tails
        if len(group) >= 4 and "-" not in word:
            taken = _digits(group, before, "", out) or taken
    return taken


def _mixed(word: str, before: str, out: Numbers) -> bool:
    if _APPROVAL.fullmatch(word):
        _add(out, "approval_id", word)
        return True
    if _ALERT.fullmatch(word):
        _add(out, "alert_id", word)
        return True
    if word.startswith("ORDERID_"):
        _add(out, "order_no", word[8:])
        return True
    ordered = _ORDER_WORD.search(before) is not None and _WAYBILL_WORD.search(before) is None
    if _SHOPEE.fullmatch(word):
        _add(out, "order_no", word)
        return True
    guesses = waybill.candidates(word)
    if guesses and guesses[0].confidence >= 0.7 and not (ordered and guesses[0].confidence < 0.95):
        _add(out, "waybill_no", word)
        return True
    digits = sum(letter.isdigit() for letter in word)
    if (ordered and digits >= 4) or (digits >= 9 and re.fullmatch(r"[A-Z]{1,4}[-_]?\d+(?:[-_]\d+)*", word)):
        _add(out, "order_no", word)
        return True
    return False


def _digits(word: str, before: str, after: str, out: Numbers) -> bool:
    size = len(word)
    if size == 13 and word.startswith("86") and _MOBILE.fullmatch(word[2:]) and _ORDER_WORD.search(before) is None:
        _add(out, "phone", word[2:])
        return True
    if size == 11 and _MOBILE.fullmatch(word):
        _add(out, "phone", word)
        return True
    if size <= 8 and _UNIT.match(after):
        return False
    if size == 4:
        if before.endswith("#") or _ORDER_WORD.search(before):
            _add(out, "order_no", word)
        else:
            _add(out, "phone_tail", word)
        return True
    if before.endswith("#"):
        out.extra["order_prefix"] = "#"
    kind = _kind_of_digits(word, before)
    if kind is None:
        return False
    _add(out, kind, word)
    return True


def _kind_of_digits(word: str, before: str) -> str | None:
    size = len(word)
    ordered, carried = _ORDER_WORD.search(before), _WAYBILL_WORD.search(before)
    if carried and size >= 8 and (_WAYBILL_NUMBER.search(before) if ordered or size >= 16 else True):
        return "waybill_no"
    if ordered or before.endswith("#"):
        return "order_no"
    if _PHONE_WORD.search(before) and size <= 12:
        return "phone"
    if size < 8:
        return "order_no" if not before.strip() or size >= 6 else None
    if size in {13, 14, 15}:
        guesses = waybill.candidates(word)
        if guesses and guesses[0].confidence >= 0.5 and guesses[0].carrier in {"zto", "sto", "yunda", "ems", "cainiao"}:
            return "waybill_no"
        return "order_no"
    if size >= 20:
        return "waybill_no" if waybill.candidates(word) else "order_no"
    return "order_no"
