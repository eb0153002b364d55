"""Why somebody wants their money back, when nobody wrote 理由: the clause beside the wish (6920… 退款，屏幕碎了).

A clause counts when it says what is wrong (碎, 少发, 不喜欢, cracked), or when staff put it behind a number and the deed. Questions,
courtesies and hurry are no reasons.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

_SAID = re.compile(r"(?:理由|原因)\s*(?:是|为|:)?\s*([^,，。;；\n]{2,60})|(?:\bbecause|\breason:?)\s+(.{3,80})")
_SPLIT = re.compile(r"[,，。;；:：!！?？\n、~]+|\s{2,}|(?<=[一-鿿]) (?=[一-鿿])|(?<=[\d]) (?=[一-鿿])|(?<=\w)\. ")
_WRONG = re.compile(
    r"坏|碎|破|裂|断|错|少[发了件个一]|漏|缺|不[对合喜满符想好新全准值灵]|太[小大薄厚重硬短长丑慢贵]|[小大]了|色差|质量|瑕疵|味|过期|脏|旧|假|降价|重复|没[发到收]|变质|烂|掉色|起球|划痕|污渍|故障|失灵|漏[水电油液]|发霉|异物|描述|实物|尺码|"
    r"\b(?:broken|crack\w*|damaged|defect\w*|wrong|missing|fault\w*|torn|stain\w*|too (?:small|big|large|late|tight)|doesn'?t (?:fit|work)|not (?:as described|working)|late|mistake|twice|fake|leak\w*|scratch\w*)\b"
)
_DEED = re.compile(
    r"退|赔|换(?!了)|取消|撤|申请|^(?:请|帮|麻烦|你好|您好|亲|在吗|谢|好的|嗯|客[户人](?:要|想|让)|急|快|尽快|赶紧|单号|订单号|尾号|电话|地址)|[吗么呢吧]$|怎么|怎样|如何|能不能|可以|多少|什么时候|多久|审核|处理|转发|"
    r"\b(?:refund|return|exchange|cancel|money back|please|hello|hi|thanks?|can|could|how|when|what|order|purchase|asap|hurry)\b"
)
_LED = re.compile(r"^(?:因为|由于|就是|说是?|主要是?|客户说|买家说|顾客说|客户反馈|他说|她说|because|since|as) *")
_TAILED = re.compile(
    r"^(?P<why>[^,，]{3,40}?)[,， ]?(?:所以|我|就|客户)?(?:想|要|需要|申请|直接|麻烦|帮我?|给我?)*(?:退款|退货|退钱|退掉|退|换货|换一个|换|取消)(?:吧|了|订单|款|一下|下)?$"
)


def reason_of(text: str, *, numbered: bool) -> str | None:
    """The reason that `text` (normalised, identifiers cut out) gives for a refund, return, exchange or cancellation, or None.

    `numbered`: the message names an order, so what staff write beside the deed is its reason even without a word of trouble.
    """
    said = _SAID.search(text)
    if said is not None:
        return (said[1] or said[2]).strip()
    clauses = [_LED.sub("", clause.strip(" .-()（）\"'")) for clause in _SPLIT.split(text)]
    good = [
        clause
        for clause in clauses
        if 2 <= len(clause) <= 60 and not _DEED.search(clause) and re.search(r"[一-鿿]{2}|[a-z]{3}", clause)
    ]
    for clause in good:
        if _WRONG.search(clause):
            return clause
    for clause in clauses:
        whole = _TAILED.match(clause)
        if whole is not None and _WRONG.search(whole["why"]) and not _DEED.search(whole["why"]):
            return whole["why"].strip()
    if numbered and len(clauses) > 1 and good and any(_DEED.search(clause) for clause in clauses):
        return good[-1]
    return None
