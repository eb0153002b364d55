"""The conditions of a question for a figure: states, names of every kind, amounts, kinds of after-sales.

Each is taken out of the question as it is found; `domain.understand.figure_plan` says of what is left that it was not understood.
"""

# ruff: noqa: E501 - a pattern reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from domain.dates import DateRange, numeral
from domain.understand import figure_terms as terms
from domain.understand.lexicon import Lexicon, NameTable
from domain.understand.plan import Filter

GONE = "\x00"  # stands where a word was taken


@dataclass
class Text:
    """A question of which words are taken one after the other; positions stay what they were."""

    whole: str
    left: str = ""

    def __post_init__(self) -> None:
        self.left = self.whole

    def take(self, start: int, stop: int) -> None:
        self.left = self.left[:start] + GONE * (stop - start) + self.left[stop:]

    def taken(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        hit = pattern.search(self.left)
        if hit is not None and hit.end() > hit.start():
            self.take(*hit.span())
            return hit
        return None

    def clear(self, pattern: re.Pattern[str]) -> None:
        self.left = pattern.sub(lambda hit: GONE * len(hit.group()), self.left)


@dataclass
class Found:
    """What the conditions of one question come to."""

    span: DateRange | None = None
    compare: str = ""
    filters: list[Filter] = field(default_factory=list)
    groups: tuple[str, ...] = ()
    order: str = ""
    limit: int | None = None
    caveat: str = ""
    unread: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)  # the words of its periods


def conditions(text: Text, found: Found, metric: str, lexicon: Lexicon) -> None:
    """Takes every condition of the question that we know; two that rule each other out are not both applied, and said."""
    text.clear(_MORE_BY)
    text.clear(_WHO_RETURNS)
    for pattern, condition in terms.FLAGS:
        if metric == "unshipped" and condition.field in {"paid", "shipped"}:
            text.clear(pattern)  # what waits for the warehouse is paid and not sent
        elif (hit := text.taken(pattern)) is not None:
            if any(each.field == condition.field for each in found.filters):
                found.unread.append(hit.group())
                continue
            no = terms.NOT.search(text.left[: hit.start()]) if condition.field != "aftersale" else None
            if no is not None:  # 不算未付款的
                text.take(*no.span())
            found.filters.append(condition if no is None else replace(condition, value=_OPPOSITE[condition.value]))
    for name, table in (
        ("carrier", terms.CARRIERS), ("sku", lexicon.skus), ("warehouse", lexicon.warehouses),
        ("shop", lexicon.shops), ("channel", lexicon.channels), ("province", terms.AREAS),
    ):  # fmt: skip
        _named(text, found, name, table)
    _amounts(text, found)
    if metric in {"refunds", "return_reasons"}:
        _kind(text, found, metric)
    if metric in {"refunds", "refund_amount"} and (hit := text.taken(terms.REASONS)) is not None:
        found.filters.append(Filter("reason", "has", hit[1]))
    if metric == "orders":
        _sent(text, found)


def _named(text: Text, found: Found, name: str, table: NameTable) -> None:
    """Every name of a table in the text: together they mean any of them, after 除了 none of them."""
    wanted: list[str] = []
    denied: list[str] = []
    last, was_denied = -1, False
    while (hit := table.find(text.left)) is not None:
        value, start, stop = hit
        chained = last >= 0 and terms.AND.fullmatch(text.whole[last:start]) is not None
        no = terms.NOT.search(text.left[:start])
        outside = terms.NOT_TAIL.match(text.left, stop)
        was_denied = no is not None or outside is not None or (chained and was_denied)
        (denied if was_denied else wanted).extend(value.split("+") if name == "province" else [value])
        if no is not None:
            start = no.start()
        if chained:
            start = min(start, last)
        text.take(start, outside.end() if outside is not None else stop)
        last = stop
    if name == "carrier" and wanted:
        text.clear(_CARRIER_WORD)
    wanted = list(dict.fromkeys(wanted))
    if len(wanted) == 1:
        found.filters.append(Filter(name, "=", wanted[0]))
    elif wanted:
        found.filters.append(Filter(name, "in", "|".join(wanted)))
    found.filters += [Filter(name, "!=", value) for value in dict.fromkeys(denied)]


_MORE_BY = re.compile(r"(?<!拼)(?<!拼多)多(?=多少)")  # 多多少单 names no 多多
_OPPOSITE = {"yes": "no", "no": "yes"}
_WHO_RETURNS = re.compile(r"(?:客户|顾客|买家)(?=退|申请)")
_CARRIER_WORD = re.compile(r"\x00(?:快递|速运|物流)")


def _amounts(text: Text, found: Found) -> None:
    if (span := text.taken(terms.AMOUNT_SPAN)) is not None:
        low, high = (str(round(float(each) * 100)) for each in (span[1], span[2]))
        found.filters += [Filter("total", ">=", low), Filter("total", "<=", high)]
    for pattern, op in terms.AMOUNTS:
        hit = pattern.search(text.left)
        if hit is None:
            continue
        said = hit.groupdict()
        key = "n" if said.get("n") else "m"
        money = said.get(f"{key}_cur") or re.search(r"金额|实付|客单|¥|rmb|cny", hit.group())
        beside = re.match(r"\s*(?:的?(?:大|小)?(?:订?单|orders?\b)|\x00)", text.left[hit.end() :])
        if not money and not beside and not re.search(r"(?:\borders|单|金额|客单价?)\s*$", text.left[: hit.start()]):
            continue
        unit = {"万": 10_000, "千": 1_000, "k": 1_000, "百": 100}.get(said.get(f"{key}_unit") or "", 1)
        number = said[key] or ""
        try:
            minor = round(float(number) * 100) * unit if number[0].isdigit() else numeral(number) * 100 * unit
        except ValueError:
            continue
        text.take(*hit.span())
        found.filters.append(Filter("total", op, str(minor)))


def _kind(text: Text, found: Found, metric: str) -> None:
    if metric == "return_reasons" and "换货" not in text.left and "exchange" not in text.left:
        return
    left = text.left.replace("退货退款", "退货")
    wanted: list[str] = []
    for pattern, kinds in terms.KINDS:
        if pattern.search(left):
            wanted += [each for each in kinds if each not in wanted]
            left = pattern.sub(GONE, left)
    if wanted:
        found.filters.append(Filter("kind", "=", wanted[0]) if len(wanted) == 1 else Filter("kind", "in", "|".join(wanted)))


def _sent(text: Text, found: Found) -> None:
    """发了多少单 counts what went out; we know the orders by the moment they were placed, and say so."""
    for pattern, name in ((terms.SENT, "shipped"), (terms.SIGNED, "delivered")):
        said = any(each.field == name for each in found.filters)
        if not said and pattern.search(text.left):
            found.filters.append(Filter(name, "=", "yes"))
            found.caveat = "placed"
