"""What of a person may be shown where, and how text written by strangers is made harmless. Pure.

Two dangers, two families of functions:

* personal data (`mask_name`, `mask_phone`, `place`, `mask_receiver`, `redact`): groups never see a full name, phone or door.
  Unmasked only through `view_receiver`, one to one, with the permission, after the reveal was recorded.
* hostile text (`safe_text`, `safe_note`): buyer names, goods titles and remarks are written by strangers. They must not
  @ the whole group, break a card, forge a line, run markup or flood the screen.

Every renderer passes foreign text through `safe_text` (titles, nicknames) or `safe_note` (free remarks, which may also hold
phone numbers and addresses).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache

from domain.order import Receiver
from domain.people import Actor, May

# --- hostile text -----------------------------------------------------------------------------------------------------

# Letters that draw nothing or move the reading direction although Unicode calls them letters or marks.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")
_JOINER = "\u200d"
_SELECTOR = "\ufe0f"  # "as a picture": stands between an emoji and the joiner in hearts and flags
_JOINED = 3  # joiners in one emoji: a family of four, a couple's kiss; a longer chain is drawn as single pictures anyway
# What a joiner may stand between: pictures, and the arrows, signs and squares that are drawn with them. No skin tones, flag
# letters, digits or blanks; `_visible` has dropped what is not assigned.
_PICTURE = re.compile(
    "[\u2194\u2195\u2600-\u26ff\u2700-\u27bf\u2b00-\u2bff\U0001f300-\U0001f3fa\U0001f400-\U0001f64f\U0001f680-\U0001f6ff"
    "\U0001f900-\U0001f9ff\U0001fa70-\U0001faff]"
)
_ZALGO = 2  # combining marks kept per letter: enough for every living script's usual text, too few to climb over a line
# Markup of the chat platforms (WeCom and DingTalk markdown, HTML) in the same shape, but without its power.
_LOOKALIKE = str.maketrans(
    {"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "ˋ", "|": "｜", "\\": "＼", "@": "＠", "{": "｛", "}": "｝"}
)
# Stars before a digit, a blank or the end are our own masks (138****5678) and open no markup.
_MARKUP = re.compile(r"\*{2,}(?=[^\s\d*…])|_{2,}|~{2,}|^[#>+\-=]+(?=\s|$)|^#+|://|&(?=#?\w{1,31};)")
_WIDE = str.maketrans("*_~#>+-=:&", "＊＿～＃＞＋－＝：＆")
_EVERYBODY = re.compile(r"＠\s*(?=all|everyone|everybody|here|channel|所有人|全体|大家|全员)", re.IGNORECASE)
# What chat clients turn into a link without being asked: the dot becomes a wide one, which looks the same and opens nothing.
_SITE = re.compile(
    r"(?i)www\.(?=\S)|(?<=[a-z0-9-])\.(?=(?:com|cn|net|org|cc|top|xyz|vip|shop|store|link|info|site|online|club|example|wang|icu"
    r"|app|dev|ltd|biz|live|mobi|work|tech|pro|ru|io|me|co|ly|tv|hk|tw|us|uk|jp|kr|sg|eu|de|fr|im|at|to|su|pw|ws|gg)(?![a-z0-9]))"
)
# Nothing in here needs the slow way: letters, digits, CJK and the punctuation that goods titles and names live on.
_PLAIN = re.compile(r"[0-9A-Za-z\u3400-\u4dbf\u4e00-\u9fff，。、；：？！（）《》“”·×¥￥…+\-./%,() ]*")


def safe_text(text: str, limit: int = 60) -> str:
    """One harmless line of at most `limit` visible characters, `…` included.

    Control, bidi, zero-width, private-use and unassigned characters are dropped, but for the joiner inside one emoji; line
    breaks become blanks; mentions and markup keep their looks and lose their power; marks stacked on one letter are thinned.
    Applying it twice changes nothing.
    """
    return _known_safe(text, limit) if len(text) <= _SHORT else _safe(text, limit)


_SHORT = 64  # shops, goods, provinces, carriers: the same short texts stand in most answers


def _safe(text: str, limit: int) -> str:
    if len(text) <= limit and _PLAIN.fullmatch(text) and not text.startswith(("+", "-", "#", " ")) and "  " not in text:
        return (text if "." not in text else _SITE.sub(_wide_dots, text)).rstrip()
    cleaned = _visible(text[: limit * 8 + 256])
    cleaned = _MARKUP.sub(lambda hit: hit.group().translate(_WIDE), cleaned.translate(_LOOKALIKE))
    return _cap(_SITE.sub(_wide_dots, _EVERYBODY.sub("＠·", cleaned)), limit)


_known_safe = lru_cache(maxsize=4096)(_safe)


def _wide_dots(hit: re.Match[str]) -> str:
    return hit.group().replace(".", "．")


def safe_note(text: str, limit: int = 60, *, of: Receiver | None = None) -> str:
    """`safe_text` for free remarks: phone numbers, ids, mail addresses, doors inside are masked as well.

    `of` is whose order the remark belongs to: their name and address are masked too when they stand in it.
    """
    if not text:
        return ""
    cleaned = safe_text(text, limit * 4)
    if of is not None and not of.masked:
        if len(of.name) > 1:
            cleaned = cleaned.replace(safe_text(of.name, 40), mask_name(of.name))
        for part in (of.detail, of.town):
            if len(part) > 2:
                cleaned = cleaned.replace(safe_text(part, 120), "***")
    return _cap(redact(cleaned), limit)


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = joiners = 0
    for place, letter in enumerate(text):
        kind = unicodedata.category(letter)
        if letter in _BLANKS or kind in ("Zl", "Zp", "Zs") or letter in "\t\n\r\v\f\x85":
            letter, kind = " ", "Zs"
        elif letter == _JOINER and joiners < _JOINED and _joins(kept, text[place + 1 : place + 2]):
            kept.append(letter)
            joiners += 1
            marks = 0
            continue
        elif kind[0] == "C":
            continue
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if marks > _ZALGO or (marks and not kept) or (letter == " " and (not kept or kept[-1] == " ")):
            continue
        if not marks and not _toned(letter) and kept[-1:] != [_JOINER]:
            joiners = 0
        kept.append(letter)
    return "".join(kept).rstrip()


def _joins(before: list[str], after: str) -> bool:
    """Whether a joiner here stands between two pictures: the one before may wear a skin tone or a selector, nothing else."""
    end = len(before)
    if end and before[end - 1] == _SELECTOR:
        end -= 1
    if end > 1 and _toned(before[end - 1]):
        end -= 1
    return end > 0 and bool(after) and _PICTURE.match(before[end - 1]) is not None and _PICTURE.match(after) is not None


def _toned(letter: str) -> bool:
    return "🏻" <= letter <= "🏿"


def _cap(text: str, limit: int) -> str:
    """Cut so that a letter keeps its marks, and an emoji its skin tone and whatever it is joined with.

    Each picture of a joined emoji counts: where a client draws them one by one, the line is no longer for it.
    """
    if len(text) <= limit:
        return text
    ends: list[int] = []  # where each visible character ends
    inside: set[int] = set()  # the places in `ends` behind which a joiner forbids a cut
    for index, letter in enumerate(text):
        held = unicodedata.combining(letter) or unicodedata.category(letter)[0] == "M" or _toned(letter)
        if ends and (held or letter == _JOINER):
            ends[-1] = index + 1
            if letter == _JOINER:
                inside.add(len(ends) - 1)
        else:
            ends.append(index + 1)
    if len(ends) <= limit:
        return text
    last = limit - 2
    while last in inside:
        last -= 1
    return text[: ends[last] if last >= 0 else 0].rstrip(" …") + "…"


# --- personal data ----------------------------------------------------------------------------------------------------

_STAR = re.compile(r"[*＊]")
_ALREADY_MASKED_NAME = re.compile(r".{0,2}[*＊]+.?")
_MAIL = re.compile(r"([\w.+-])[\w.．+-]*[@＠]([\w-]+(?:[.．][\w-]+)+)")
_DIGITS = r"(?:[\d零〇一二三四五六七八九幺○]|[xX×＊*](?=\d))"
# Seven or more digits in a row, whatever single separators people put in between: 138-0013-8000, 138 0013 8000, 一三八…
_NUMBER = re.compile(rf"[+＋]?{_DIGITS}(?:[\s\-–—.·_/()（）]{{0,3}}{_DIGITS}){{6,}}")
_DOOR = re.compile(
    r"[\d零〇一二三四五六七八九十百]+\s*(?:号楼|号院|号|栋|幢|座|单元|室|弄|楼|层|房)(?:[\dA-Za-z\-零一二三四五六七八九十]*\s*(?:号|栋|幢|座|单元|室|楼|层|房)?)*",
)
_SPOKEN = str.maketrans("零〇○一幺二三四五六七八九", "0001123456789")


def mask_name(name: str) -> str:
    """`王**`. Masks of the platform (`王**`, `*明`) stay as they are; an empty name stays empty."""
    name = safe_text(name, 24)
    if not name or (_STAR.search(name) and _ALREADY_MASKED_NAME.fullmatch(name)):
        return name
    return f"{name[0]}**"


def mask_phone(phone: str) -> str:
    """`138****5678`; a relay number keeps that it is one: `178****1111（虚拟号）`. Masks of the platform stay."""
    plain = unicodedata.normalize("NFKC", phone).strip()
    if not plain:
        return ""
    number, _, extension = (
        plain.replace("转", "-").replace(",", "-").partition("-") if is_virtual(plain) else (plain, "", "")
    )
    digits = "".join(letter for letter in number if letter.isdigit())
    masked_already = "*" in number and len(digits) <= 7
    shown = safe_text(number, 24) if masked_already else _mask_digits(digits)
    return f"{shown}（虚拟号）" if extension else shown


_VIRTUAL = re.compile(r"\+?(?:86)?\s*1\d{2}[\d*]{8}\s*(?:[-,]|转)\s*\d{3,6}")


def is_virtual(phone: str) -> bool:
    """Whether this is a platform's relay number with an extension: calls reach the buyer only while the order is young."""
    return bool(_VIRTUAL.fullmatch(unicodedata.normalize("NFKC", phone).strip()))


def _mask_digits(digits: str) -> str:
    if len(digits) > 11:
        digits = digits.removeprefix("00").removeprefix("86")
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    if len(digits) >= 8:
        return f"{digits[:2]}****{digits[-2:]}"
    return f"****{digits[-2:]}" if len(digits) > 3 else "****"


_SUFFIX = re.compile(r"(?:维吾尔自治区|壮族自治区|回族自治区|特别行政区|自治区|省|市)$")


def place(receiver: Receiver, *, depth: int = 2) -> str:
    """`浙江 温州`, with depth 3 `浙江 温州 鹿城区`. Never town or door: those lead to one family."""
    found = _place((receiver.province, receiver.city, receiver.district)[:depth])
    if not found and receiver.country and receiver.country != "CN":
        return safe_text(receiver.country, 8)
    return found


@lru_cache(maxsize=4096)
def _place(named: tuple[str, ...]) -> str:
    parts: list[str] = []
    for part in named:
        short = _SUFFIX.sub("", safe_text(part, 20)) if len(part) > 2 else safe_text(part, 20)
        if short and short not in parts:
            parts.append(short)
    return " ".join(parts)


def redact(text: str) -> str:
    """Free text with the numbers, mail addresses and doors in it masked. Four digits in a row survive at most."""
    text = _MAIL.sub(r"\1***＠\2", text)
    text = _NUMBER.sub(lambda hit: _mask_run(hit.group()), text)
    return _DOOR.sub("***", text)


def _mask_run(run: str) -> str:
    spoken = run.translate(_SPOKEN)
    return _mask_digits("".join(str(unicodedata.digit(letter)) for letter in spoken if letter.isdigit()))


def mask_receiver(receiver: Receiver) -> Receiver:
    """A copy that may be shown in a group or stored in a card's facts: no phone, name or door in clear."""
    return replace(
        receiver,
        name=mask_name(receiver.name),
        phone=mask_phone(receiver.phone),
        town="",
        detail="***" if receiver.detail else "",
        postcode="",
        address_key="",
        masked=True,
    )


def may_reveal(actor: Actor) -> bool:
    """Whether this person, where they stand now, may ask to see personal data: one to one and with the permission."""
    return actor.direct and May.SEE_PERSONAL in actor.may


def view_receiver(receiver: Receiver, actor: Actor, *, revealed: bool = False) -> Receiver:
    """The receiver as this person may see it here. `revealed` only after the reveal and its reason were audited."""
    if not (revealed and may_reveal(actor)):
        return mask_receiver(receiver)
    return replace(
        receiver,
        name=safe_text(receiver.name, 40),
        phone=safe_text(receiver.phone, 24),
        town=safe_text(receiver.town, 30),
        detail=safe_text(receiver.detail, 120),
    )


def short_number(number: str, *, digits: int = 4) -> str:
    """How a group names an order or a waybill: `…0417`. Short numbers stay whole."""
    if not (number.isascii() and number.isalnum() and len(number) <= _SHORT):
        number = safe_text(number, 64)
    if len(number) <= digits + 4:
        return number
    return f"…{number[-digits:]}"
