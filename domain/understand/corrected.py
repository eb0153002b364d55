"""不是这个意思, 答错了, 不对，我问的是…: somebody says that the sentence before was read wrong. Pure.

Three things are known here: which messages say so, which sentences may be read otherwise at all, and what else a sentence may
have meant, likeliest first. What is done about it is the conversation's (`bot/correcting.py`, ADR-0023).
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.understand.bare_zh import bare
from domain.understand.commands import is_command
from domain.understand.guard import denied
from domain.understand.identifiers import read_numbers
from domain.understand.learnt import guarded
from domain.understand.lexicon import EMPTY, Lexicon
from domain.understand.normal import is_chinese, normalise, unwrap
from domain.understand.parse import read_as as _read_as
from domain.understand.plan import RISKY, Intent, Plan
from domain.understand.reading_zh import read_chinese
from domain.understand.traits import traits
from domain.understand.weights import weights

_LONGEST = 200  # characters of a message that corrects another
_HINT = re.compile(
    r"[错錯]|不[对對]|不是|意思|非所[问問]|[误誤][会會解]|[问問]的|[说說]的|指的|wrong|mean|misunder|incorrect|not |ask|none of|right"
)
_MILD = r"(?:(?:还是|还|也|都|全|又|这|这个)?(?:不对|错了?|不是(?:的|这个|这样)?)(?:啊|呀|哦|吧|的|啦|哎|诶){0,2}|no|nope|(?:still )?(?:wrong|incorrect|not (?:that|this|it))|none of (?:these|those|them)|that'?s (?:wrong|not it|not right)|that is (?:wrong|not it|not right)|this is (?:wrong|not it))"
_PLAIN = (
    r"(?:(?:还是|还|也|又)?(?:你|机器人|小单)?(?:又|都|是|全)?(?:答|理解|听|搞|弄|会|看|读|认|回答|回复)(?:得|的)?(?:错|不对)(?:了|啦|我的?意思了?)?|(?:你)?(?:理解|回答)(?:有误|错误)|"
    r"你(?:根本|还是|又)?没(?:有)?(?:听|看|理解|弄|搞|读)(?:懂|明白)?(?:我的?)?(?:意思|问题|话|的)?|(?:我)?(?:根本)?(?:不是|并不是|没有?)(?:说|指)?(?:这个|那个|这|那|这种|这样的?)(?:个)?意思|"
    r"我(?:问|说|指|要|想问|想要|想知道)的?(?:并)?不是(?:这个|那个|这|这些)|(?:我)?(?:不是|没)(?:在|想|要)?(?:问|说|查)(?:你)?(?:这个|那个|这些|这)|不是我(?:想|要)?(?:问|要|说|查)的(?:东西|问题)?|"
    r"答非所问|文不对题|你?(?:误会|误解)(?:我)?(?:的意思)?了|"
    r"(?:that'?s|that is|this is|it'?s) not what i (?:meant|mean|asked|wanted|want|was asking)(?: for| about)?|not what i (?:meant|mean|asked|wanted|want)(?: for| about)?|(?:that'?s|that is|this is) (?:the|a) wrong answer|wrong answer|"
    r"(?:you|u)(?:'ve| have)? (?:misunderstood|misread|got|understood|read)(?: me| it| that| this)?(?: wrong)?|i (?:didn'?t|did not) (?:ask|mean)(?: for| about)? (?:that|this|it))"
)
_END = r"[\s,，.。!！~?？…]*(?:了|啊|呀|哦|吧|哎|诶|please)?[\s,，.。!！~?？…]*"
_GAP = r"[\s,，.。!！;；:：、-]*"
_ALONE = re.compile(rf"(?:{_MILD}{_GAP}(?=.)){{0,2}}(?:(?P<plain>{_PLAIN})|{_MILD}){_END}")
_MEANT = r"(?:我(?:是)?(?:想|要)?(?:问|说|指|讲|查)的?(?:其实)?是(?!不是)|我(?:是)?(?:想|要)问的?|我的?意思是(?:说|想)?|i (?:actually )?(?:meant|mean)(?: to ask)?(?: about)?|i(?: was|'m| am) asking(?: about| for| you)?|i asked(?: about| for)?|i want(?:ed)? to (?:ask|know)(?: about)?)"
_RESTATED = re.compile(rf"(?P<no>(?:(?:{_PLAIN}|{_MILD}){_GAP}){{0,2}}){_MEANT}{_GAP}(?P<rest>\S.*)", re.DOTALL)
# 我想问的: so begins a first question, too; without a denial before it, only these say that another one was answered.
_INSISTS = re.compile(r"我(?:问|说|指|讲|查)的?(?:其实)?是|我的?意思是|i (?:actually )?meant")

# What may be offered, in the order of what people ask most; deeds come as a draft.
OFFERED = (
    Intent.WHERE_IS_ORDER,
    Intent.AFTERSALE_STATUS,
    Intent.ORDER_DETAIL,
    Intent.STOCK,
    Intent.CUSTOMER_ORDERS,
    Intent.URGE_SHIPMENT,
    Intent.REQUEST_REFUND,
    Intent.CANCEL_ORDER,
    Intent.CHANGE_ADDRESS,
    Intent.WITHDRAW_AFTERSALE,
    Intent.REQUEST_RETURN,
    Intent.REQUEST_EXCHANGE,
    Intent.TODO,
)
_LIKELY = 0.01  # a share from which the weights' opinion comes before what is usual


@dataclass(frozen=True, slots=True)
class Correction:
    """A message that says that the sentence before was read wrong.

    `rest` is what was meant, in the person's words. `plain`: it says so whoever hears it; 不对 alone may be said to a colleague.
    `denies`: it begins with the denial, so it is one even when its rest leads nowhere.
    """

    rest: str = ""
    plain: bool = True
    denies: bool = True


def correction(text: str) -> Correction | None:
    """What `text` corrects, or None: it is a message like any other. A customer's quoted words never correct us."""
    if len(text) > _LONGEST or _HINT.search(text.lower()) is None:
        return None
    own, forwarded = unwrap(normalise(text)[0])
    if forwarded:
        return None
    if (alone := _ALONE.fullmatch(own)) is not None:
        return Correction(plain=alone["plain"] is not None)
    said = _RESTATED.fullmatch(own)
    if said is None:
        return None
    denies = bool(said["no"].strip())
    if not denies and _INSISTS.match(own) is None:
        return None
    return Correction(said["rest"].strip(), plain=False, denies=denies)


def commanded(text: str) -> bool:
    """Whether a sentence is staff's own command: exact words are never misread."""
    own, forwarded = unwrap(normalise(text)[0])
    return not forwarded and is_command(own)


def may_mean(text: str, intent: Intent, plan: Plan) -> bool:
    """Whether `text`, answered with `plan`, may be read as `intent` when its author says so: a denied deed never is."""
    if intent not in OFFERED:
        return False
    if intent not in RISKY:
        return True
    own, _ = unwrap(normalise(text)[0])
    numbers = read_numbers(own)
    return not guarded(plan) and not denied(numbers.rest if numbers.joined else own, intent, chinese=is_chinese(own))


def other_readings(
    text: str, plan: Plan, *, refused: Collection[Intent] = (), first: Sequence[Intent] = ()
) -> tuple[Intent, ...]:
    """What else `text` may have meant, likeliest first: `first`, what the parser thought of, the weights' next shares, what
    is usual. Without what it was read as and what was `refused`.
    """
    everything = dict.fromkeys((*first, *plan.alternatives, *_weighed(text), *OFFERED))
    out = {plan.intent, *refused}
    return tuple(each for each in everything if each not in out and may_mean(text, each, plan))


def _weighed(text: str) -> list[Intent]:
    own, _ = unwrap(normalise(text)[0])
    if not is_chinese(own):
        return []
    numbers = read_numbers(own)
    plain = bare(numbers.rest if numbers.joined > 6 else own)
    return [intent for share, intent in weights().shares(traits(plain, read_chinese(plain))) if share >= _LIKELY]


def read_as(text: str, intent: Intent, before: Plan, *, now: datetime, lexicon: Lexicon = EMPTY) -> Plan | None:
    """The plan of `text` in the reading that its author chose; None when it may not be read so."""
    return _read_as(text, intent, before, now=now, lexicon=lexicon) if may_mean(text, intent, before) else None
