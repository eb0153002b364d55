"""Which of the numbers on a picture are meant: order numbers first, else parcels, else the codes of goods.

Pure: takes what was seen, gives what to ask. A screenshot of an order is full of digits (dates, amounts, masked phones, the
payment's own number); only what a channel or a carrier would print as *its* number counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from domain.ports import Seen
from domain.understand.identifiers import read_numbers
from domain.understand.normal import normalise

MOST = 5  # numbers taken from one picture: a list of orders is asked for page by page

_NOT_OURS = re.compile(
    r"交易号|流水|商户|支付单|参考号|发票|税号|身份证|银行|账号|会员|授权码|transaction|payment|invoice|tax|account|ref(?:erence)?\b"
)
_LABEL = re.compile(r"订单|单号|单编号|运单|快递|物流|包裹|面单|order|tracking|waybill|awb|parcel")
_MOMENT = re.compile(
    r"(?:19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}日?(?:\s*\d{1,2}:\d{2}(?::\d{2})?)?|\b\d{1,2}:\d{2}(?::\d{2})?\b"
)
_WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONG = 12  # digits that a number needs to count without a label beside it
_SHORT = 6  # and with one


@dataclass(frozen=True, slots=True)
class Shown:
    """Numbers on a picture, in the order seen, without repeats."""

    orders: tuple[str, ...] = ()
    waybills: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.orders or self.waybills or self.products)

    def asked(self) -> tuple[str, tuple[str, ...]]:
        """(kind, numbers) to ask about: `order_no`, `waybill_no`, `sku`, or ("", ()).

        An order's page shows its parcel as well: they are one thing, so only one kind is asked for.
        """
        for kind, numbers in (("order_no", self.orders), ("waybill_no", self.waybills), ("sku", self.products)):
            if numbers:
                return kind, numbers[:MOST]
        return "", ()


def shown(seen: Seen) -> Shown:
    """The numbers on a picture. Codes are believed without a label beside them: nobody prints one for fun."""
    orders: list[str] = []
    waybills: list[str] = []
    products = [code.text for code in seen.codes if code.product]
    for code in seen.codes:
        if not code.product:
            _from_code(code.text, orders, waybills)
    for line in _labelled(seen.lines):
        _from_line(line, orders, waybills)
    known = {*orders, *waybills}
    return Shown(_once(orders), _once(waybills), tuple(one for one in _once(products) if one not in known))


def _labelled(lines: tuple[str, ...]) -> list[str]:
    """A label printed apart from its number joins the line after it."""
    joined: list[str] = []
    label = ""
    for line in lines:
        text, _ = normalise(line)
        if len(text) <= 12 and _LABEL.search(text) and not any(letter.isdigit() for letter in text):
            label = text
            continue
        joined.append(f"{label} {text}" if label else text)
        label = ""
    return joined


def _from_line(text: str, orders: list[str], waybills: list[str]) -> None:
    if _NOT_OURS.search(text):
        return
    least = _SHORT if _LABEL.search(text) else _LONG
    for one in read_numbers(_MOMENT.sub(" ", text)).found:
        if sum(letter.isdigit() for letter in one.value) >= least:
            if one.kind == "order_no":
                orders.append(one.value)
            elif one.kind == "waybill_no":
                waybills.append(one.value)


def _from_code(content: str, orders: list[str], waybills: list[str]) -> None:
    text, _ = normalise(content)
    # A link's own parts are words between punctuation: `…?orderId=6920…` would be read as one address otherwise.
    words = _WORD.findall(text) if "://" in text else [text]
    for word in words:
        for one in read_numbers(word).found:
            if sum(letter.isdigit() for letter in one.value) >= 8:
                (waybills if one.kind == "waybill_no" else orders).append(one.value)


def _once(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
