"""A Chinese sentence without what asks for nothing: masks of exported chats, greetings, thanks, foreign words of the trade.

请 and 麻烦 in a greeting must not be taken for the wish, and a blank between two clauses is the comma nobody types on a phone.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

_MASK = re.compile(r"\[(姓名|地址|电话|数字|时间|日期|金额|组织机构|站点|链接|邮箱|订单|账号|商品快照|表情)x?\]|#e-s\d*")

_MASKED_AS = {"地址": "某地", "数字": "3", "时间": "3点", "日期": "3日", "金额": "9元", "站点": "某站"}


def _unmask(text: str) -> str:
    """Exported chats replace personal data by [数字x], [姓名x]: read as a sample of their kind, or as nothing."""
    return _MASK.sub(lambda mask: _MASKED_AS.get(mask[1] or "", ""), text)


_CLAUSES = re.compile(r"(?<=[一-鿿]) (?=[一-鿿])")
_GAPS = re.compile(r" {2,}")
_LATIN = re.compile(r"[a-z]{4}")
# English words of the trade inside a Chinese sentence (我的order到哪了, tracking 没 update).
_MIXED = {
    "order": "订单", "orders": "订单", "tracking": "物流", "update": "更新", "updated": "更新", "refund": "退款", "return": "退货",
    "cancel": "取消", "address": "地址", "delivery": "配送", "delivered": "签收", "package": "包裹", "parcel": "包裹",
    "status": "状态", "check": "查", "stock": "库存", "size": "尺码", "exchange": "换货", "invoice": "发票", "shipping": "发货",
    "shipped": "发货", "waybill": "运单", "customer": "客户",
}  # fmt: skip
_INNER = re.compile(r"(?<=[一-鿿]) +(?=[一-鿿])")
_MIXED_WORD = re.compile(r"[a-z]{4,}")


def _in_one_language(text: str, at: int) -> str:
    """English words of the trade and pinyin inside a Chinese sentence, put into characters; other Latin words stay."""
    text = text[:at] + _MIXED_WORD.sub(lambda word: _MIXED.get(word.group(), word.group()), text[at:])
    if _LATIN.search(text) is None:
        return text
    from domain.understand.sound import latin_heard

    return _INNER.sub("", latin_heard(text) or text)


# 你好，请问 … 谢谢: politeness asks for nothing, and 请, 麻烦 in it must not be taken for the wish.
_OPENED = re.compile(
    r"(?:(?:你好|您好|亲|在吗|在么|嗨|哈喽|hi|hello|请问(?:一?下)?|您|嗯+|哦+|额|那个|那(?=[我你请,]))[,!~。 ]{0,3}){1,4}"
)
_CLOSED = re.compile(
    r"(?:[,。!~ ]{0,3}(?:谢谢|谢了|多谢|感谢|麻烦了?|辛苦了?|拜托了?)(?:你|您|啦|了|啊|哈)?[!~。 ]{0,3}|[啊呀哦哈噢喔哟哇呐]){1,3}$"
)
_STARTS, _ENDS = frozenset("你您亲在嗨哈h请嗯哦额那"), frozenset("谢了烦感苦托你您啦啊哈呀哦噢喔哟哇呐")


def _kernel(text: str) -> str:
    """`text` without the greeting before and the thanks behind; a message of nothing else stays whole."""
    kept = text
    if text and text[-1] in _ENDS and (closed := _CLOSED.search(text)) is not None:
        kept = text[: closed.start()]
    if text and text[0] in _STARTS and (opened := _OPENED.match(kept)) is not None:
        kept = kept[opened.end() :]
    return kept if len(kept) > 4 and not kept.endswith(("不需要了", "不用了")) else text


def bare(text: str) -> str:
    """`text` (normalised) as the readers want it: one language, clauses parted by commas, no politeness around."""
    if "这么" in text:  # typed for 怎么
        text = re.sub(r"这么(?=退货|退款|取消|修改|申请)", "怎么", text)
    if "么有" in text:  # typed for 没有
        text = re.sub(r"(?<![什怎那这多])么有", "没有", text)
    if "[" in text or "#e" in text:
        text = _unmask(text)
    text = text.rstrip(" !。.~;,、")
    if text.endswith("??"):
        text = text.rstrip("? ") + "?"
    if " " in text:  # a blank between two clauses is the comma that nobody types on a phone
        text = _GAPS.sub(" ", _CLAUSES.sub(",", text))
    if (mixed := _LATIN.search(text)) is not None:
        text = _in_one_language(text, mixed.start())
    return _kernel(text)
