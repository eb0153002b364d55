"""Phrases that an administrator taught: which wording means which intent, looked up only where the parser is at a loss.

A phrase for a gap never competes with a reading: it is asked only when a plan says itself that it is unsure. A correction
(`Phrase.over`) stands above one reading, the one that people said was wrong, and only for its very wording. Neither is asked about
staff's commands, denials and policy questions. What may be taught is a look or a draft, never a decision. A draft wants the
very wording and no word of denial or condition in it; a look for a gap also forgives one letter. Wordings are compared as
skeletons: numbers, names, courtesies and punctuation do not count.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from domain.understand.hints_zh import A_NOT_A, Reading
from domain.understand.normal import unwrap
from domain.understand.plan import RISKY, WISHES, Intent, Plan

LEARNT = "learnt"  # the note of a plan that a taught phrase made
LOOKS = (
    Intent.WHERE_IS_ORDER,
    Intent.AFTERSALE_STATUS,
    Intent.STOCK,
    Intent.ORDER_DETAIL,
    Intent.CUSTOMER_ORDERS,
    Intent.TODO,
    Intent.DOCUMENTS,
    Intent.RULES,
    Intent.HELP,
    Intent.SMALLTALK,
    Intent.OUT_OF_SCOPE,
)
TEACHABLE = (*LOOKS, *WISHES)
_GUARDED = frozenset({"negated", "policy", "no_order", "which_approval", "too_long"})
_SURE = 0.75  # below it, with other readings beside, the dispatcher asks back
_FUZZY = range(6, 61)  # letters of a skeleton in which one may differ
_NAME = "◇"
_TOKEN = re.compile(r"<([a-z]+)_\d+>", re.IGNORECASE)
_COURTESY = re.compile(
    r"你好|您好|请问|请帮忙?|麻烦|亲爱的|在吗|在不在|谢谢|多谢|帮忙|帮我|一下|哈喽|\b(?:please|pls|plz|thanks|thank you|hi|hello|hey|dear)\b"
)
_PARTICLES = re.compile(r"[啊呀呢哦嘛吧哈诶哎捏啦嘞噢喔呗亲]+(?=$|[\W_])|[\W_\d]+")
_DENIES = re.compile(
    r"[不没别勿未无莫甭休]|撤|如果|要是|万一|假如|的话|除非|n'?t\b|\b(?:not|no|never|if|unless|stop|without|dont|didnt)\b"
)
_DENYING = frozenset("不没别勿未无莫甭休非撤")
_KIND = {Intent.REQUEST_REFUND: "refund", Intent.REQUEST_RETURN: "return", Intent.REQUEST_EXCHANGE: "exchange"}


_COMMANDS = {
    "没听懂的": "learn.unheard", "没听懂": "learn.unheard", "没听懂的话": "learn.unheard", "unheard": "learn.unheard",
    "读错的": "learn.unheard", "读错的话": "learn.unheard", "misread": "learn.unheard",
    "what you did not understand": "learn.unheard", "学会的": "learn.lessons", "学会了什么": "learn.lessons", "学到的": "learn.lessons",
    "lessons": "learn.lessons", "what you learnt": "learn.lessons",
}  # fmt: skip
_COMMAND_HEADS = frozenset({"", "/", *(name[0] for name in _COMMANDS)})
_LONGEST_COMMAND = max(map(len, _COMMANDS)) + 1


def learn_command(own: str) -> str:
    """The command that shows what was not understood, or what was taught; "" for every other message. Exact words only."""
    if own[:1] not in _COMMAND_HEADS or len(own) > _LONGEST_COMMAND:
        return ""
    return _COMMANDS.get(own.strip("/ ?？。.!！"), "")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One taught wording. `skeleton` is what is compared, `sample` what people see (personal data taken out).

    `over` is the reading that a correction replaces; None: the wording was a gap.
    """

    phrase_id: int
    skeleton: str
    sample: str
    intent: Intent
    over: Intent | None = None


def skeleton(veiled: str) -> str:
    """What of a wording counts: no numbers, no courtesies, no punctuation; a name is a name whoever it is."""
    own, _ = unwrap(veiled.lower())
    own = _TOKEN.sub(lambda token: _NAME if token[1].lower() == "name" else " ", own)
    bare = _PARTICLES.sub("", _COURTESY.sub("", own).replace(_NAME, "某某"))
    return bare[:120]


def learnable(plan: Plan) -> bool:
    """Whether the parser was at a loss: it says so itself, and no guard decided the sentence."""
    if guarded(plan) or plan.intent in RISKY:
        return False
    return plan.note == "unsure" or (bool(plan.alternatives) and plan.confidence < _SURE)


def guarded(plan: Plan) -> bool:
    """Whether a guard decided the sentence: denied, a policy question, a withdrawal of nothing. No lesson changes that."""
    return plan.note in _GUARDED


def guards(sample: str) -> bool:
    """Whether a wording holds a denial or a condition, so that it must not become a draft."""
    return _DENIES.search(A_NOT_A.sub("能", sample.lower())) is not None


class Phrasebook:
    """All taught phrases that stand, at one version. Dictionaries; a look-up costs the letters of the wording."""

    __slots__ = ("_exact", "_near", "_over", "phrases", "version")

    def __init__(self, version: int = 0, phrases: Iterable[Phrase] = ()) -> None:
        self.version = version
        self.phrases = tuple(phrases)
        self._exact = {each.skeleton: each for each in self.phrases}
        self._near: dict[str, list[Phrase]] = {}
        self._over: dict[tuple[Intent, str], list[frozenset[str]]] = {}
        for each in self.phrases:
            if each.over is not None:
                letters = each.skeleton.replace("某", "")
                self._over.setdefault((each.over, letters[:1]), []).append(frozenset(letters))
            elif each.intent in LOOKS and len(each.skeleton) in _FUZZY:
                for key in (each.skeleton, *_shorter(each.skeleton)):
                    self._near.setdefault(key, []).append(each)

    def __bool__(self) -> bool:
        return bool(self.phrases)

    def find(self, bare: str) -> Phrase | None:
        """The phrase with this skeleton, or the only one that is a letter away from it."""
        exact = self._exact.get(bare)
        if exact is not None or len(bare) not in _FUZZY:
            return exact
        near = {
            each for key in (bare, *_shorter(bare)) for each in self._near.get(key, ()) if _one_letter(bare, each.skeleton)
        }
        return near.pop() if len({each.intent for each in near}) == 1 else None

    def may_correct(self, own: str, intent: Intent) -> bool:
        """Whether a correction of this reading may be for `own`: every message is asked, so only its letters are looked at."""
        if not self._over:
            return False
        letters = set(own)
        return any(need <= letters for head in ("", *letters) for need in self._over.get((intent, head), ()))

    def reading(self, veiled: str, over: Intent | None = None) -> Reading | None:
        """What the taught phrases make of a message that the parser could not read, or that it read as `over`."""
        phrase = self.find(skeleton(veiled)) if over is None else self._exact.get(skeleton(veiled))
        if phrase is None or (phrase.intent in WISHES and guards(veiled)) or (over is not None and phrase.over is not over):
            return None
        return Reading(phrase.intent, 0.9, LEARNT, (), {"phrase": str(phrase.phrase_id), **kind_of(phrase.intent)})


NO_PHRASES = Phrasebook()


def kind_of(intent: Intent) -> dict[str, str]:
    """The kind of after-sale that a draft of this intent asks for, as the readers note it."""
    return {"aftersale_kind": _KIND[intent]} if intent in _KIND else {}


def _shorter(text: str) -> set[str]:
    return {text[:at] + text[at + 1 :] for at in range(len(text))}


def _one_letter(a: str, b: str) -> bool:
    """Whether one letter more, less or other makes `b` of `a`; a letter that denies is never that one."""
    if abs(len(a) - len(b)) > 1:
        return False
    at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        return a[at + 1 :] == b[at + 1 :] and not {a[at : at + 1], b[at : at + 1]} & _DENYING
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[at + 1 :] == shorter[at:] and longer[at] not in _DENYING
