"""The way in to the parser: a wording that was read before is recalled, whatever number stands in it.

A work group asks in a handful of wordings ("6920… 到哪了", "SF13… 查一下"), thousands of times a day with other numbers. How such a
message is read depends on the words and on the *shape* of its one number, not on the number's digits: a reading is kept under
(words before, shape, words after) and the number is put in. Only shapes whose meaning no check digit decides are kept, only
look-ups, and only when nothing else of the plan came from digits; all else goes the full way. Readings live as long as the
lexicon they were made with. `tests/domain/understand/test_familiar.py` holds both ways against each other.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain.understand.follow import awaits_order, keeps_question
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.parse import understand as read_in_full
from domain.understand.plan import Found, Intent, Plan, Slots

_KEPT = 2_000  # wordings a lexicon remembers; then it starts anew
_WORDS = r"[^\d零〇一二三四五六七八九幺两洞拐十百千万+＋]"
# What may touch the number: a letter or a dash beside it makes another kind of number of it.
_MESSAGE = re.compile(
    rf"(?P<before>{_WORDS}{{0,16}}(?<![A-Za-zａ-ｚＡ-Ｚ_.\-]))"
    r"(?P<number>(?P<sf>[Ss][Ff][0-9]{13})|(?P<mobile>1[3-9][0-9]{9})|(?P<long>[0-9]{16,19})|(?P<amazon>[0-9]{3}-[0-9]{7}-[0-9]{7})|#(?P<short>[0-9]{6,7}))"
    rf"(?P<after>(?![A-Za-zａ-ｚＡ-Ｚ_.\-]){_WORDS}{{0,16}})"
)
# Runs of digits of each shape: a company's own name with such a run could be the number itself.
_RUNS: dict[str, frozenset[int]] = {"sf": frozenset({13}), "mobile": frozenset({11}), "amazon": frozenset({3, 7})}
_LOOKUPS = frozenset({Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL, Intent.AFTERSALE_STATUS, Intent.CUSTOMER_ORDERS})
_NAMES = "names"  # no wording: those are triples
_NAMED = ("order_no", "waybill_no", "phone")
_DIGIT = re.compile(r"\d")
_RUN = re.compile(r"\d+")


def understand(
    text: str, *, now: datetime, context: Plan | None = None, earlier: Sequence[str] = (), lexicon: Lexicon = EMPTY
) -> Plan:
    """Read one message as a closed query plan; see `domain.understand.parse.understand`, whose answer this always is."""
    match = _MESSAGE.fullmatch(text) if context is None or _stands_apart(context) else None
    if match is None:
        return read_in_full(text, now=now, context=context, earlier=earlier, lexicon=lexicon)
    before, number, sf, mobile, _, amazon, short, after = match.groups()
    shape = "sf" if sf else "mobile" if mobile else "amazon" if amazon else f"#{len(short)}" if short else str(len(number))
    known = lexicon.familiar.get((before, shape, after))
    if known is not None:
        return _put_in(known, short or number.upper())
    plan = read_in_full(text, now=now, context=context, earlier=earlier, lexicon=lexicon)
    if context is None:
        _keep(plan, (before, shape, after), short or number.upper(), lexicon)
    return plan


def _stands_apart(context: Plan) -> bool:
    """Whether a message with a number of its own means the same after this plan as it means alone."""
    return context.slots.approval_id is None and not awaits_order(context) and not keeps_question(context)


def _put_in(known: tuple[Any, ...], number: str) -> Plan:
    intent, kind, channel, entity, confidence, alternatives, note, extra = known
    slots = Slots(
        number if kind == "order_no" else None,
        number if kind == "waybill_no" else None,
        number if kind == "phone" else None,
        channel=channel,
    )
    return Plan(
        intent, slots, (Found(kind, number),), entity, (), (), "", None, "", confidence, alternatives, note, dict(extra)
    )


def _keep(plan: Plan, wording: tuple[str, str, str], number: str, lexicon: Lexicon) -> None:
    if plan.intent not in _LOOKUPS or len(plan.found) != 1 or plan.found[0].kind not in _NAMED:
        return
    if any(_DIGIT.search(value) for value in plan.extra.values()):
        return
    known = (
        plan.intent, plan.found[0].kind, plan.slots.channel, plan.entity, plan.confidence, plan.alternatives, plan.note,
        dict(plan.extra),
    )  # fmt: skip
    if _put_in(known, number) != plan or not _runs_of(wording[1]).isdisjoint(_named_runs(lexicon)):
        return
    if len(lexicon.familiar) >= _KEPT:
        lexicon.familiar.clear()
    lexicon.familiar[wording] = known


def _runs_of(shape: str) -> frozenset[int]:
    return _RUNS.get(shape) or frozenset({int(shape.lstrip("#"))})


def _named_runs(lexicon: Lexicon) -> set[int]:
    """Lengths of the runs of digits in the company's names; looked for once, there may be many names."""
    found: set[int] | None = lexicon.familiar.get(_NAMES)
    if found is None:
        tables = (lexicon.channels, lexicon.shops, lexicon.warehouses, lexicon.skus, lexicon.people)
        found = {len(run) for table in tables for name in table.canonical for run in _RUN.findall(name)}
        lexicon.familiar[_NAMES] = found
    return found
