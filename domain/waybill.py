"""Which carrier issued this waybill number? A ranked list of guesses from shape, prefix and check digit.

Sources of the facts: the carriers' published number formats; UPU S10 for postal items; ISO 7064 mod 37,36 for DPD; the GS1 mod-10
for USPS, FedEx Ground and SSCC; Luhn for Purolator and Old Dominion. Chinese formats carry no check digit: there only prefix and
length speak, so an all-digit Chinese guess never gets a high confidence. Retyped as rules, no code taken.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

OLD_NAMES = {"jtexpress": "jt"}
"""What we once called a carrier -> its one code. Old rows keep the old name; it is read as the new one, never written."""


def carrier_code(code: str) -> str:
    """The one code of a carrier, whichever of our names it was stored under: jtexpress is jt. Others as they are."""
    return OLD_NAMES.get(code, code)


def carrier_names(code: str) -> tuple[str, ...]:
    """Every name under which rows of this carrier may be stored, its code first: for conditions on stored text."""
    one = carrier_code(code)
    return (one, *(old for old, new in OLD_NAMES.items() if new == one))


_STRIP = {ord(letter): None for letter in " \t\r\n　\u200b﻿.·"} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_LONGEST = 64  # no carrier's number is longer; refuse the rest before any pattern sees it


@dataclass(frozen=True, slots=True)
class Guess:
    """One carrier that could have issued the number. `carrier` is its code as in `Parcel`; `why` names the format for people."""

    carrier: str
    confidence: float  # 0..1: 0.9 and more = prefix and check digit; below 0.5 = only the length fits
    why: str


def clean(number: str) -> str:
    """Upper case, half width, no blanks: the form in which a waybill number is stored and compared."""
    return number.translate(_STRIP).upper()


def _digit(letter: str) -> int:
    # Letters count as in UPS and OnTrac numbers: A=2, B=3, ... H=9, I=0, ...
    return ord(letter) - 48 if letter.isdigit() else (ord(letter) - 63) % 10


def _weighted(body: str, check: str, first: int, second: int) -> bool:
    """Mod 10 with two alternating weights from the left."""
    total = sum(_digit(letter) * (second if at % 2 else first) for at, letter in enumerate(body))
    return check.isdigit() and (10 - total % 10) % 10 == int(check)


def _gs1(number: str) -> bool:
    """Mod 10 with weights 3, 1, 3, ... counted from the right, the check digit last."""
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(number[:-1])))
    return (10 - total % 10) % 10 == int(number[-1])


def _luhn(number: str) -> bool:
    total = 0
    for at, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _fedex12(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[:11], (3, 1, 7) * 4, strict=False))
    return total % 11 % 10 == int(number[11])


def _mod7(number: str) -> bool:
    return int(number[:-1]) % 7 == int(number[-1])


_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _iso7064(number: str) -> bool:
    """ISO 7064 mod 37,36: the check character is the last one."""
    rest = 36
    for letter in number[:-1]:
        rest = (rest + _ALPHABET.index(letter)) % 36 or 36
        rest = rest * 2 % 37
    return (rest + _ALPHABET.index(number[-1])) % 36 == 1


# Designated operators of the Universal Postal Union use ISO 3166-1 codes; a number from a country that is none is a typing error.
_COUNTRIES = frozenset(
    [
        "AC",
        "AD",
        "AE",
        "AF",
        "AG",
        "AI",
        "AL",
        "AM",
        "AN",
        "AO",
        "AR",
        "AT",
        "AU",
        "AW",
        "AZ",
        "BA",
        "BB",
        "BD",
        "BE",
        "BF",
        "BG",
        "BH",
        "BI",
        "BJ",
        "BM",
        "BN",
        "BO",
        "BR",
        "BS",
        "BT",
        "BW",
        "BY",
        "BZ",
        "CA",
        "CD",
        "CF",
        "CG",
        "CH",
        "CI",
        "CK",
        "CL",
        "CM",
        "CN",
        "CO",
        "CR",
        "CU",
        "CV",
        "CW",
        "CY",
        "CZ",
        "DE",
        "DJ",
        "DK",
        "DM",
        "DO",
        "DZ",
        "EC",
        "EE",
        "EG",
        "ER",
        "ES",
        "ET",
        "FI",
        "FJ",
        "FK",
        "FM",
        "FO",
        "FR",
        "GA",
        "GB",
        "GD",
        "GE",
        "GF",
        "GG",
        "GH",
        "GI",
        "GL",
        "GM",
        "GN",
        "GP",
        "GQ",
        "GR",
        "GT",
        "GW",
        "GY",
        "HK",
        "HN",
        "HR",
        "HT",
        "HU",
        "ID",
        "IE",
        "IL",
        "IM",
        "IN",
        "IQ",
        "IR",
        "IS",
        "IT",
        "JE",
        "JM",
        "JO",
        "JP",
        "KE",
        "KG",
        "KH",
        "KI",
        "KM",
        "KN",
        "KP",
        "KR",
        "KW",
        "KY",
        "KZ",
        "LA",
        "LB",
        "LC",
        "LI",
        "LK",
        "LR",
        "LS",
        "LT",
        "LU",
        "LV",
        "LY",
        "MA",
        "MC",
        "MD",
        "ME",
        "MG",
        "MH",
        "MK",
        "ML",
        "MM",
        "MN",
        "MO",
        "MQ",
        "MR",
        "MS",
        "MT",
        "MU",
        "MV",
        "MW",
        "MX",
        "MY",
        "MZ",
        "NA",
        "NC",
        "NE",
        "NF",
        "NG",
        "NI",
        "NL",
        "NO",
        "NP",
        "NR",
        "NU",
        "NZ",
        "OM",
        "PA",
        "PE",
        "PF",
        "PG",
        "PH",
        "PK",
        "PL",
        "PM",
        "PN",
        "PS",
        "PT",
        "PW",
        "PY",
        "QA",
        "RE",
        "RO",
        "RS",
        "RU",
        "RW",
        "SA",
        "SB",
        "SC",
        "SD",
        "SE",
        "SG",
        "SH",
        "SI",
        "SK",
        "SL",
        "SM",
        "SN",
        "SO",
        "SR",
        "SS",
        "ST",
        "SV",
        "SX",
        "SY",
        "SZ",
        "TA",
        "TC",
        "TD",
        "TG",
        "TH",
        "TJ",
        "TL",
        "TM",
        "TN",
        "TO",
        "TR",
        "TT",
        "TV",
        "TW",
        "TZ",
        "UA",
        "UG",
        "UM",
        "US",
        "UY",
        "UZ",
        "VA",
        "VC",
        "VE",
        "VG",
        "VN",
        "VU",
        "WF",
        "WS",
        "XK",
        "YE",
        "YT",
        "ZA",
        "ZM",
        "ZW",
    ]
)


def _s10(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number[2:10], (8, 6, 4, 2, 3, 5, 9, 7), strict=True))
    check = {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11)
    return number[11:] in _COUNTRIES and check == int(number[10])


def _usps_impb(number: str) -> bool:
    return _gs1(number[-22:])


def _always(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Format:
    carrier: str
    shape: re.Pattern[str]
    valid: Callable[[str], bool]
    confidence: float
    why: str


def _f(carrier: str, shape: str, confidence: float, why: str, valid: Callable[[str], bool] = _always) -> _Format:
    return _Format(carrier, re.compile(shape), valid, confidence, why)


# Chinese carriers (prefix and length; checked against public test numbers, protocols of the carriers).
_LETTERS: tuple[_Format, ...] = (
    _f("sf", r"SF[A-Z0-9]\d{12}", 0.97, "顺丰：SF + 13 位"),
    _f("yto", r"YT\d{13}", 0.96, "圆通：YT + 13 位"),
    _f("jt", r"JT\d{13}", 0.97, "极兔：JT + 13 位"),
    _f("jd", r"JD[A-Z0-9]{2}\d{11}(?:-\d+-\d+-?)?", 0.96, "京东：JD + 13 位"),
    _f("deppon", r"DPK\d{12}", 0.97, "德邦：DPK + 12 位"),
    _f("ems", r"P[A-Z]\d{11}", 0.75, "邮政：P + 字母 + 11 位"),
    _f("yunexpress", r"YT\d{16}", 0.96, "YunExpress: YT + 16 digits"),
    _f("gofo", r"GFUS\d{14}", 0.97, "GOFO Express (US): GFUS + 14 digits"),
    _f("ups", r"1Z[A-Z0-9]{15}\d", 0.99, "UPS: 1Z + 16, check digit agrees", lambda n: _weighted(n[2:-1], n[-1], 1, 2)),
    _f(
        "ups",
        r"[AHJKTV]\d{10}",
        0.85,
        "UPS waybill: letter + 10, check digit agrees",
        lambda n: _weighted(n[1:-1], n[-1], 1, 2),
    ),
    _f("amazon", r"TB[ACM]\d{12}", 0.97, "Amazon Logistics: TBA/TBC/TBM + 12 digits"),
    _f("amazon", r"C\d{10}", 0.7, "Amazon International: C + 10 digits"),
    _f("s10", r"[A-Z]{2}\d{9}[A-Z]{2}", 0.96, "postal item (UPU S10), check digit agrees", _s10),
    _f("canpar", r"[DLS]\d{21}", 0.93, "Canpar: D/L/S + 21 digits"),
    _f("dhl", r"J[A-Z]{2,3}\d{10}", 0.9, "DHL Express piece: J + letters + 10 digits"),
    _f("dhl", r"GM(?:\d{14}|\d{16}|\d{18}|[0-9A-Z]{20})", 0.9, "DHL eCommerce: GM number"),
    _f("yodel", r"JJ?D\d{16}", 0.93, "Yodel: JD/JJD + 16 digits"),
    _f("landmark", r"LTN\d{8}N1", 0.95, "Landmark Global: LTN + 8 digits + N1"),
    _f("lasership", r"L[AEHINX][123]\d{7}", 0.9, "LaserShip: L + letter + 8 digits"),
    _f("lasership", r"1LS7[12]\d{10}", 0.95, "LaserShip: 1LS7 + 11 digits"),
    _f("lasership", r"1LS7[12]\d{11}-1", 0.95, "LaserShip: 1LS7 + 12 digits + piece"),
    _f("lasership", r"1LSCX[0-9A-Z]{10}", 0.93, "LaserShip: 1LSCX + 10"),
    _f(
        "ontrac",
        r"[CD]\d{14}",
        0.95,
        "OnTrac: C/D + 14 digits, check digit agrees",
        lambda n: _weighted(n[:-1], n[-1], 1, 2),
    ),
    _f("purolator", r"[A-Z]{3}\d{9}", 0.8, "Purolator: three letters + 9 digits"),
    _f("speedee", r"SP\d{18}", 0.94, "Spee-Dee: SP + 18 digits"),
    _f("dpd", r"\d{14}[0-9A-Z]", 0.9, "DPD: 14 digits + check character that agrees", _iso7064),
    _f("dpd", r"\d{27}[0-9A-Z]", 0.95, "DPD: 27 digits + check character that agrees", _iso7064),
)

_DIGITS: tuple[_Format, ...] = (
    _f("zto", r"7[3-68]\d{12}", 0.72, "中通：73-76、78 开头 14 位"),
    _f("sto", r"77\d{12,15}", 0.72, "申通：77 开头"),
    _f("sto", r"43\d{12,15}", 0.5, "申通：43 开头"),
    _f("yunda", r"[34]\d{14}", 0.55, "韵达：3/4 开头 15 位"),
    _f("yunda", r"5\d{12}", 0.5, "韵达：5 开头 13 位"),
    _f("ems", r"[981]\d{12}", 0.45, "邮政/EMS：1、8、9 开头 13 位"),
    _f("cainiao", r"621\d{12}", 0.6, "菜鸟速递：621 开头 15 位"),
    _f("fedex", r"\d{12}", 0.6, "FedEx Express: 12 digits, check digit agrees", _fedex12),
    _f("fedex", r"\d{15}", 0.6, "FedEx Ground: 15 digits, check digit agrees", _gs1),
    _f("fedex", r"1\d{33}", 0.95, "FedEx Express: 34 digits, check digit agrees", lambda n: _fedex12(n[-12:])),
    _f("fedex", r"96\d{32}", 0.96, "FedEx Ground GSN: 96 + 32 digits, check digit agrees", lambda n: _fedex12(n[-12:])),
    _f("fedex", r"\d{32}", 0.9, "FedEx ASTRA: 32 digits, check digit agrees", lambda n: _fedex12(n[16:28])),
    _f("fedex", r"00\d{16}", 0.85, "SSCC-18 as used by FedEx Ground, check digit agrees", _gs1),
    _f("fedex", r"96\d{20}", 0.93, "FedEx Ground 96: 22 digits, check digit agrees", lambda n: _gs1(n[-15:])),
    _f("usps", r"(?:420\d{5}(?:\d{4})?)?9[1-5]\d{20}", 0.96, "USPS: 22 digits (9...), check digit agrees", _usps_impb),
    _f("usps", r"(?:71|73|77|03|81)\d{18}", 0.9, "USPS: 20 digits, check digit agrees", _gs1),
    _f("usps", r"7\d{19}", 0.8, "USPS: 20 digits, check digit agrees", lambda n: _gs1("91" + n)),  # service prefix left out
    _f("usps", r"9[2-4]\d{24}", 0.93, "USPS: 26 digits, check digit agrees", _gs1),
    _f("usps", r"(?:420\d{5}(?:\d{4})?)?93[0-9]{20}", 0.95, "USPS: 22 digits (93...), check digit agrees", _usps_impb),
    _f("dpd", r"\d{15}", 0.4, "DPD: 14 digits + check digit that agrees", _iso7064),
    _f("dpd", r"\d{28}", 0.9, "DPD: 27 digits + check digit that agrees", _iso7064),
    _f("canada_post", r"[01347]\d{15}", 0.75, "Canada Post: 16 digits, check digit agrees", _gs1),
    _f("purolator", r"[23]\d{11}", 0.65, "Purolator: 12 digits from 2 or 3, check digit agrees", _luhn),
    _f("dhl", r"\d{10,11}", 0.55, "DHL Express: 10 or 11 digits, check digit agrees", _mod7),
    _f("dhl", r"[56]\d{13}", 0.5, "DHL eCommerce: 14 digits"),
    _f("old_dominion", r"(?:0[67]|7[78])\d{9}", 0.65, "Old Dominion: 11 digits, check digit agrees", _luhn),
    _f("old_dominion", r"80\d{9}", 0.6, "Old Dominion guaranteed: 11 digits, check digit agrees", _luhn),
    _f("sf", r"\d{12}", 0.35, "顺丰旧号：12 位数字（别家也用）"),
)
_PHONE = re.compile(r"1[3-9]\d{9}")


def candidates(number: str) -> list[Guess]:
    """Carriers that could have issued `number`, best first, one guess a carrier; empty when no format fits.

    A number whose check digit is wrong is not claimed by that format. A Chinese mobile number is nobody's waybill.
    """
    if len(number) > 4 * _LONGEST:
        return []
    text = clean(number)
    if not 8 <= len(text) <= _LONGEST or not text.isascii():
        return []
    digits_only = text.isdigit()
    if digits_only and _PHONE.fullmatch(text):
        return []
    best: dict[str, Guess] = {}
    for form in _DIGITS if digits_only else _LETTERS:
        if form.shape.fullmatch(text) is None or not form.valid(text):
            continue
        known = best.get(form.carrier)
        if known is None or form.confidence > known.confidence:
            best[form.carrier] = Guess(form.carrier, form.confidence, form.why)
    return sorted(best.values(), key=lambda guess: -guess.confidence)
