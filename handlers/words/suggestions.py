"""What is said on a card that somebody's assistant suggests."""

from __future__ import annotations

_ZH = {
    "urge.title": "你的助手建议催一下 · {shop} {number}",
    "withdraw.title": "你的助手建议撤回申请 {number} · {shop} {order}",
    "claim.title": "你的助手建议你来跟 {number}",
    "nothing_yet": "还没有做任何事，按了按钮才算数。",
    "b.urge": "催件",
    "b.withdraw": "撤回 {number}",
    "over": "这条建议已经过时了。",
    "gone": "没有找到。",
    "claimed": "{number} 已经有人在跟了：{who}。",
    "ended": "{number} 已经结束了，不用认领。",
}
_EN = {
    "urge.title": "Your assistant suggests chasing · {shop} {number}",
    "withdraw.title": "Your assistant suggests taking back {number} · {shop} {order}",
    "claim.title": "Your assistant suggests that you take {number}",
    "nothing_yet": "Nothing has been done; only the button does it.",
    "b.urge": "Chase",
    "b.withdraw": "Take back {number}",
    "over": "This suggestion is out of date.",
    "gone": "Not found.",
    "claimed": "{number} is taken already: {who}.",
    "ended": "{number} is over; there is nothing to take.",
}


def said(lang: str, key: str, **blanks: object) -> str:
    return (_EN if lang == "en" else _ZH)[key].format(**blanks)
