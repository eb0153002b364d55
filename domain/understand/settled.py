"""What a Chinese sentence asks for in the end: the patterns read it first, the weights read it second, this settles it.

The patterns (`reading_zh`) know what is certain: denials, commands, fees, figures. The weights know how often a whole
sentence of this kind meant what, also where no pattern was written for it; what the patterns made of it is one of the things
they weigh.
Two rules stand above both: a deed is never chosen on a weak majority, and never where the patterns saw a denial (ADR-0021).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from domain.understand.bare_zh import bare
from domain.understand.hints_zh import Reading, how
from domain.understand.plan import RISKY, Intent
from domain.understand.reading_zh import about, read_chinese
from domain.understand.traits import traits
from domain.understand.weights import Weights, weights

_SURE = 0.6  # a share from which a reading is answered without asking back
_DEED = 0.6  # a deed that the patterns did not see wants at least this share
_AGAINST = 0.8  # the same where the patterns are sure that it is no business of ours
_AGREED = 0.45  # and one that they saw at least this
_DENIAL = 0.1  # a deed beside which this much speaks for a denial is not drafted
_COMMAND = 0.85  # confidence from which the patterns are sure of a deed
_ASKED_BACK = 0.74  # confidence below which the dispatcher offers the other readings
_LETTERS = 3  # Chinese letters from which a sentence is worth weighing
_BESIDE_NUMBER = 5  # and beside a number, where 订单号, 看一下 say nothing more
_HAN = re.compile(r"[㐀-鿿]")
# Kinds of the same thing: the weights know the one on the right.
KIN = {
    Intent.URGE_SHIPMENT: Intent.WHERE_IS_ORDER,
    Intent.REQUEST_RETURN: Intent.REQUEST_REFUND,
    Intent.SMALLTALK: Intent.OUT_OF_SCOPE,
}
_GOODS_BACK = re.compile(r"退(?!款|钱|费|差|我钱)|寄回|返回")
_MONEY_BACK = re.compile(r"退款|退钱|退费|钱")


def read_settled(text: str, *, named: bool = False, table: Weights | None = None) -> Reading:
    """The purpose of one Chinese sentence (normalised, forwarded wrapper removed, its numbers cut out when there are many).

    `named` says that the message names an order: 6920… 退款50，色差 is how staff write commands, which the patterns
    know best. `table` is the shipped one unless another is to be tried.
    """
    plain = bare(text)
    first = read_chinese(plain)
    if len(_HAN.findall(plain)) < (_BESIDE_NUMBER if named else _LETTERS):
        return first
    if table is None:
        table = weights()
    kin = KIN.get(first.intent, first.intent)
    if kin not in table.intents:
        return first
    shares = table.shares(traits(plain, first))
    share, intent = shares[0]
    if named and first.intent in RISKY and first.confidence >= _COMMAND and _share_of_denial(shares) < _AGREED:
        return first
    if intent is Intent.WITHDRAW_AFTERSALE and kin is not intent:
        # Something is denied or taken back; what exactly, only the patterns could say.
        return _denied(first, share)
    if intent in RISKY and first.note in {"negated", "policy"}:
        share, intent = next(one for one in shares if one[1] not in RISKY)
    if intent in RISKY and (share < _least(first, kin, intent) or _share_of_denial(shares) >= _DENIAL):
        return _asked_back(first, plain, shares)
    if intent is kin:
        return _kept(first, share, shares[1][1])
    found = Reading(intent, share, "", (), _facts(intent, plain))
    if intent is Intent.OUT_OF_SCOPE and first.note in {"negated", "policy"}:
        found.note = first.note
    if share < _SURE:
        return _doubted(found, first, share, shares[1][1])
    if intent is Intent.OUT_OF_SCOPE and first.note == "unsure":
        return replace(found, confidence=share, note="unsure", alternatives=(Intent.HELP,))
    return replace(found, confidence=max(share, _ASKED_BACK + 0.01))


def _least(first: Reading, kin: Intent, deed: Intent) -> float:
    """The share that a deed wants: little where the patterns saw it too, much where they are sure the matter is not ours."""
    if deed is kin:
        return _AGREED
    return _AGAINST if first.intent is Intent.OUT_OF_SCOPE and first.note != "unsure" else _DEED


def _share_of_denial(shares: Sequence[tuple[float, Intent]]) -> float:
    return next((share for share, intent in shares if intent is Intent.WITHDRAW_AFTERSALE), 0.0)


def _kept(first: Reading, share: float, next_best: Intent) -> Reading:
    """The patterns' reading, which the weights share; with a poor share it is asked back like any other."""
    if first.note:
        return first
    if share < _SURE and first.confidence >= _ASKED_BACK:
        others = tuple(dict.fromkeys((*first.alternatives, next_best)))
        return replace(first, alternatives=tuple(each for each in others if each is not first.intent))
    return first


def _denied(first: Reading, share: float) -> Reading:
    if first.intent not in RISKY and first.note:
        return first
    look = Intent.ORDER_DETAIL if first.intent in RISKY or first.intent is Intent.OUT_OF_SCOPE else first.intent
    return Reading(Intent.OUT_OF_SCOPE, share, "negated", (Intent.WITHDRAW_AFTERSALE, look))


def _asked_back(first: Reading, plain: str, shares: Sequence[tuple[float, Intent]]) -> Reading:
    """The best reading that changes nothing; the deed is a button, and its withdrawal too where much speaks for that."""
    share, intent = next(one for one in shares if one[1] not in RISKY and one[1] is not Intent.WITHDRAW_AFTERSALE)
    back = (Intent.WITHDRAW_AFTERSALE,) if _share_of_denial(shares) >= _DENIAL else ()
    note = first.note if first.note in {"negated", "policy"} else "unsure" if intent is Intent.OUT_OF_SCOPE else ""
    return Reading(intent, min(share, _SURE), note, (*back, shares[0][1]), _facts(intent, plain))


def _doubted(found: Reading, first: Reading, share: float, next_best: Intent) -> Reading:
    """A reading with a poor share: answered with buttons, and collected for teaching where the patterns knew nothing."""
    others = (KIN.get(first.intent, first.intent), next_best, *first.alternatives)
    silent = {found.intent, Intent.OUT_OF_SCOPE, Intent.WITHDRAW_AFTERSALE}
    beside = tuple(dict.fromkeys(each for each in others if each not in silent))
    note = found.note or ("unsure" if first.note == "unsure" or found.intent is Intent.OUT_OF_SCOPE else "")
    return replace(found, confidence=share, note=note, alternatives=beside)


def _facts(intent: Intent, plain: str) -> dict[str, str]:
    """The small facts a handler wants beside the intent, as the patterns would give them."""
    if intent is Intent.REQUEST_REFUND:
        goods = _GOODS_BACK.search(plain) is not None and _MONEY_BACK.search(plain) is None
        return how(plain) | {"aftersale_kind": "return" if goods else "refund"}
    if intent is Intent.REQUEST_EXCHANGE:
        return how(plain) | {"aftersale_kind": "exchange"}
    if intent in {Intent.CANCEL_ORDER, Intent.CHANGE_ADDRESS}:
        return how(plain)
    if intent is Intent.ORDER_DETAIL:
        return {"about": about(plain)}
    return {}
