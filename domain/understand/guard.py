"""The last look before an action: a sentence that denies or forbids the deed never becomes it, whatever a reader made of it.

The readers know what sentences ask for; this net knows only three things - a negation, helper words, the deed - and looks at nothing
else, so that no new phrase of a reader can turn 别给他退款 into a refund. A wish beside the denial stays one (不用退货，仅退款).
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.understand.hints_zh import A_NOT_A
from domain.understand.plan import Intent

_NO = (
    r"(?:别(?!的|人|家|处|墅)|甭|勿|不要(?!了|紧)|不用(?!的|过|了)|不必|无需|无须|先不|暂不|不需要(?!了)|不许|禁止|不该|不应该|不打算(?!要了)|不准备|不想(?!要了)|"
    r"没(?:决定|想好|考虑好|确定)|没有?(?:说|让|想|要|打算|叫|申请|同意|准备)?(?!货)|从没|从未|不是(?:要|想|来)?|谁(?:让|叫)[你他她]们?|拒绝|不同意|不批准?)"
)
_HELP = (
    r"(?:再|急着|着急|先|擅自|随便|随意|轻易|直接|马上|自动|着|给|帮|替|让|叫|同意|批准?|通过|处理|操作|我们?|你们?|他们?|她们?|它|客[户人]|买家|人家|对方|说|要求?|想|过|来|把|将|"
    r"能|这个?|那个?|该|此|单子?|订单|申请|办理?|点|的|收货|收件|送货|配送|地址|电话|(?<=[给把将让帮替]) ){0,8}"
)
_DEEDS = {
    Intent.CANCEL_ORDER: r"(?:取消|撤单|退订|作废)(?!(?:订单)?的?(?:按钮|选项|入口|功能|键)|不了)",
    Intent.CHANGE_ADDRESS: r"(?:修改|更改|变更|更换|改|换)(?!货)",
    Intent.REQUEST_REFUND: r"(?:退(?!休|出|回来|(?:换?货|款)?(?:申请)?的?(?:选项|按钮|入口))|换货|换一|换个|换新|赔)",
}
_DEEDS[Intent.REQUEST_RETURN] = _DEEDS[Intent.REQUEST_EXCHANGE] = _DEEDS[Intent.REQUEST_REFUND]
_WISH = r"(?:只|仅|直接|就|要|想|帮|给我|请|麻烦|还是|申请|能|可以)(?:[^,。;?不别没]{0,6})"

_EN_NO = r"\b(?:don'?t|do not|did ?n'?t|did not|never|no need to|not to|stop|should ?n'?t|should not|must ?n'?t|must not|wo ?n'?t|will not|would ?n'?t|without|refuse to)"
_EN_HELP = (
    r"(?: (?:ever|actually|really|want|wanted|need|needed|ask|asked|asking|mean|meant|wish|like|going|plan|planning|to|be|get|have|please|just|you|me|him|her|them|us|it|"
    r"the|a|an|my|our|his|their|any|this|that|for|customer|buyer|issue|give|process|make|send|request|requested|apply|approve|grant|authorize|authorized|say|said|saying|tell|told|i|we|they|order|purchase|address|of|from|out|any|full|partial|shipping|delivery)){0,8}"
)
_EN_DEEDS = {
    Intent.CANCEL_ORDER: r"(?:cancel\w*|call(?:ed|ing)? off)",
    Intent.CHANGE_ADDRESS: r"(?:chang|updat|edit|modif|correct|switch)\w*",
    Intent.REQUEST_REFUND: r"(?:refund|return|exchang|reimburs|compensat|rebat)\w*",
}
_EN_DEEDS[Intent.REQUEST_RETURN] = _EN_DEEDS[Intent.REQUEST_EXCHANGE] = _EN_DEEDS[Intent.REQUEST_REFUND]

_ZH = {
    intent: (re.compile(_NO + _HELP + deed), re.compile(_WISH + deed + "|" + deed + r"(?:吧|一下)"))
    for intent, deed in _DEEDS.items()
}
_EN = {
    intent: (
        re.compile(_EN_NO + _EN_HELP + " " + deed),
        re.compile(rf"\b(?:but|instead|just|can|could|please|want|need|how) (?:\w+ ){{0,5}}{deed}"),
    )
    for intent, deed in _EN_DEEDS.items()
}


# 要不要取消, 该不该退: somebody wonders; nothing is asked for.
_WHETHER = {
    intent: re.compile(rf"(?:要不要|该不该|用不用|需不需要|是不是要){_HELP}{deed}") for intent, deed in _DEEDS.items()
}
_GIVEN_BACK = frozenset({Intent.REQUEST_REFUND, Intent.REQUEST_RETURN, Intent.REQUEST_EXCHANGE})
_EN_TAKEN_BACK = re.compile(
    r"\b(?:cancel|stop|undo|withdraw|drop|revoke|forget|don'?t|no) (?:about )?(?:the |my |this |that |his |her )?(?:refund|return|exchange)"
)
_COMPLAINED = re.compile(r"没(?!决定|想好|考虑好|确定)")


def denied(text: str, intent: Intent, *, chinese: bool) -> bool:
    """Whether `text` (normalised, numbers cut out) says that the deed of `intent` is not wanted, and nothing in it asks for it."""
    patterns = (_ZH if chinese else _EN).get(intent)
    if patterns is None:
        return False
    no, wish = patterns
    plain = A_NOT_A.sub("能", text) if chinese else text
    if chinese and intent in _GIVEN_BACK and _EN_TAKEN_BACK.search(text):
        return True  # 算了 cancel the refund: two languages in one sentence
    if chinese and (asked := _WHETHER[intent].search(text)) is not None and wish.search(text[asked.end() :]) is None:
        return True
    match = no.search(plain)
    if match is None:
        return False
    if (
        chinese
        and re.search(r"(?:还|怎么|为什么|为啥|一直|迟迟|都)$", plain[: match.start()])
        and _COMPLAINED.match(match.group())
    ):
        return False  # 怎么没退款: a complaint, told apart by the readers
    rest = plain[match.end() :]
    again = no.search(rest)
    return not (wish.search(plain[: match.start()]) or (wish.search(rest) and again is None))
