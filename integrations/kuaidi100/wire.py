"""kuaidi100 on the wire: signatures, states, carrier codes, answer codes. Source: the company's API documentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from domain.order import TrackStage
from domain.waybill import carrier_code

Row = Mapping[str, Any]
ACKNOWLEDGEMENT = '{"result":true,"returnCode":"200","message":"成功"}'.encode()
"""To the letter; anything else is pushed again after 30 minutes, three times."""

STATE: dict[str, TrackStage] = {
    "0": TrackStage.IN_TRANSIT,
    "1": TrackStage.PICKED_UP,
    "2": TrackStage.EXCEPTION,
    "3": TrackStage.DELIVERED,
    "4": TrackStage.RETURNED,
    "5": TrackStage.OUT_FOR_DELIVERY,
    "6": TrackStage.RETURNING,
    "7": TrackStage.FORWARDED,
    "8": TrackStage.CUSTOMS,
    "10": TrackStage.CUSTOMS,
    "11": TrackStage.CUSTOMS,
    "12": TrackStage.CUSTOMS,
    "13": TrackStage.CUSTOMS,
    "14": TrackStage.REJECTED,
}
SUB_STATE: dict[str, TrackStage] = {
    "101": TrackStage.CREATED,
    "102": TrackStage.CREATED,
    "103": TrackStage.PICKED_UP,
    "1001": TrackStage.IN_TRANSIT,
    "1002": TrackStage.IN_TRANSIT,
    "1003": TrackStage.IN_TRANSIT,
    "201": TrackStage.EXCEPTION,
    "202": TrackStage.EXCEPTION,
    "203": TrackStage.REJECTED,
    "204": TrackStage.EXCEPTION,
    "205": TrackStage.EXCEPTION,
    "206": TrackStage.EXCEPTION,
    "207": TrackStage.EXCEPTION,
    "208": TrackStage.EXCEPTION,
    "209": TrackStage.EXCEPTION,
    "210": TrackStage.CANCELLED,
    "301": TrackStage.DELIVERED,
    "302": TrackStage.DELIVERED,
    "303": TrackStage.DELIVERED,
    "304": TrackStage.DELIVERED,
    "401": TrackStage.CANCELLED,
    "501": TrackStage.AT_PICKUP_POINT,
}
WORDS: tuple[tuple[str, TrackStage], ...] = (
    ("退签", TrackStage.RETURNED),
    ("退回", TrackStage.RETURNING),
    ("拒签", TrackStage.REJECTED),
    ("拒收", TrackStage.REJECTED),
    ("待取件", TrackStage.AT_PICKUP_POINT),
    ("投柜", TrackStage.AT_PICKUP_POINT),
    ("签收", TrackStage.DELIVERED),
    ("派", TrackStage.OUT_FOR_DELIVERY),
    ("揽", TrackStage.PICKED_UP),
    ("疑难", TrackStage.EXCEPTION),
    ("问题", TrackStage.EXCEPTION),
    ("转投", TrackStage.FORWARDED),
    ("清关", TrackStage.CUSTOMS),
    ("下单", TrackStage.CREATED),
    ("销单", TrackStage.CANCELLED),
    ("在途", TrackStage.IN_TRANSIT),
    ("干线", TrackStage.IN_TRANSIT),
)
"""Chinese status words of single scans, for answers without codes; the first that occurs counts."""

OURS: dict[str, str] = {
    "shunfeng": "sf", "shunfengkuaiyun": "sf", "zhongtong": "zto", "zhongtongkuaiyun": "zto", "shentong": "sto",
    "yuantong": "yto", "yunda": "yunda", "yundakuaiyun": "yunda", "jtexpress": "jt", "jd": "jd", "jingdongkuaiyun": "jd",
    "debangkuaidi": "deppon", "debangwuliu": "deppon", "ems": "ems", "youzhengguonei": "post", "youzhengbk": "post",
    "danniao": "cainiao", "cainiao": "cainiao", "huitongkuaidi": "best", "zhaijisong": "zjs", "kuayue": "kye",
    "annengwuliu": "ane", "tiantian": "tt", "youshuwuliu": "uc", "suning": "suning", "yimidida": "yimidida",
}  # fmt: skip
THEIRS: dict[str, str] = {
    "sf": "shunfeng", "zto": "zhongtong", "sto": "shentong", "yto": "yuantong", "yunda": "yunda", "jt": "jtexpress",
    "jd": "jd", "deppon": "debangkuaidi", "ems": "ems", "post": "youzhengguonei",
    "cainiao": "danniao", "best": "huitongkuaidi", "zjs": "zhaijisong", "kye": "kuayue", "ane": "annengwuliu",
    "tt": "tiantian", "uc": "youshuwuliu", "suning": "suning", "yimidida": "yimidida",
}  # fmt: skip


def ours(code: str) -> str:
    """Our carrier code; a carrier that is not in the table keeps kuaidi100's name for it."""
    return OURS.get(code, code)


def theirs(code: str) -> str:
    """kuaidi100's carrier code; an unknown one is passed on, it may be theirs already."""
    return THEIRS.get(carrier_code(code), code)


def compact(param: Mapping[str, Any]) -> str:
    """`param` as it is signed and sent: these very letters."""
    return json.dumps(param, ensure_ascii=False, separators=(",", ":"))


def query_sign(param: str, key: str, customer: str) -> str:
    return _md5(param + key + customer)


def push_sign(param: str, salt: str) -> str:
    return _md5(param + salt)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()
