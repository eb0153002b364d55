"""What the Chinese readers share: the hint bits by name, what a reading is, and the few patterns that several of them ask."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from dataclasses import dataclass, field

from domain.understand.plan import Intent
from domain.understand.words_zh import Hint

_ = Hint

REFUND, RETURN, BACK, EXCHANGE = int(_.REFUND), int(_.RETURN), int(_.BACK), int(_.EXCHANGE)

CANCEL, UNWANTED, ADDRESS, CONTACT = int(_.CANCEL), int(_.UNWANTED), int(_.ADDRESS), int(_.CONTACT)

CHANGE, WRONG, TIME, ORDER = int(_.CHANGE), int(_.WRONG), int(_.TIME), int(_.ORDER)

WHERE, PARCEL, SHIP, ARRIVE, URGE = int(_.WHERE), int(_.PARCEL), int(_.SHIP), int(_.ARRIVE), int(_.URGE)

WHEN, PROGRESS, STOCK, FIELD, LOOK, MANY = int(_.WHEN), int(_.PROGRESS), int(_.STOCK), int(_.FIELD), int(_.LOOK), int(_.MANY)

OTHER, POLICY, PRICE, INVOICE = int(_.OTHER), int(_.POLICY), int(_.PRICE), int(_.INVOICE)

MONEY, DONE, CARRIER_CHOICE, AFTERSALE = int(_.MONEY), int(_.DONE), int(_.CARRIER_CHOICE), int(_.AFTERSALE)

GREET, WITHDRAW, TODO, WANT, GOODS, DOCUMENT = (
    int(_.GREET),
    int(_.WITHDRAW),
    int(_.TODO),
    int(_.WANT),
    int(_.GOODS),
    int(_.DOCUMENT),
)

FOREIGN = OTHER | PRICE | POLICY | INVOICE | CARRIER_CHOICE


@dataclass(slots=True)
class Reading:
    """The purpose of a sentence before identifiers and names are put into it."""

    intent: Intent
    confidence: float = 0.9
    note: str = ""
    alternatives: tuple[Intent, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


# 能不能退, 可不可以取消, 要不要换: the 不 in them denies nothing.
A_NOT_A = re.compile(
    r"(能|可|要|是|行|好|会|想|需)不(?=\1|可以)|可不可以|能不能|要不要|是不是|行不行|好不好|会不会|可否|能否"
)

FORCED = re.compile(
    r"(?:帮我?|请|麻烦|给我|我[要想]|能|可以)[^,。?]{0,3}把[^,。?]{0,8}取消|(?:能|可以|可否|想|要|得|还能|如何)(?:不能)?(?:再|直接)?(?:申请)?取消|帮(?:我|忙)?[^,。?不没看查问]{0,6}取消(?!了?[吗没么])|给我取消|请取消|要取消|想取消|取消吧|麻烦取消|取消一下|取消下|帮忙取消|取消掉|申请取消|取消掉?(?:这个?|该|此|那个?|我的)?(?:订单|单子|单)吧"
)

# 我没申请退款, 不是要退货: the person denies the wish; 没给我退款 is a complaint and stays one.
CONSEQUENCE = re.compile(r"会怎么?样|会不会|影响|后果|有什么损失|有没有损失")

THREAT = re.compile(r"再不(?!想|要)[^,。?]{0,10}(?:我|就)[^,。?]{0,6}(?:取消|退|投诉)")


def how(text: str) -> dict[str, str]:
    if re.search(r"怎么|如何|怎样|咋|哪里|在哪|流程|步骤", text):
        return {"question": "how"}
    if re.search(r"能不能|可以|可不可以|能否|能.{0,8}[吗么嘛不]|可否|行不行|是否", text):
        return {"question": "can"}
    return {}
