"""Carrier codes of the platform and ours. Source: order.logisticsCompanyList, logistics_info."""

from __future__ import annotations

from domain.waybill import carrier_code

_OURS = {
    "shunfeng": "sf", "shunfengkuaiyun": "sf", "zhongtong": "zto", "zhongtongkuaiyun": "zto", "shentong": "sto",
    "yuantong": "yto", "yunda": "yunda", "yundakuaiyun": "yunda", "jtexpress": "jt", "jd": "jd", "jingdong": "jd",
    "jingdongkuaiyun": "jd", "debangwuliu": "deppon", "debangkuaidi": "deppon", "ems": "ems", "youzhengguonei": "ems",
    "youzhengbk": "ems", "danniao": "cainiao", "cainiaozhisong": "cainiao", "baishikuaidi": "best", "huitongkuaidi": "best",
    "annengwuliu": "ane", "kuayue": "kye", "yimidida": "yimidida", "fengwang": "fengwang", "suning": "suning",
}  # fmt: skip
_NAMES = {
    "顺丰": "sf", "中通": "zto", "申通": "sto", "圆通": "yto", "韵达": "yunda", "极兔": "jt", "京东": "jd", "德邦": "deppon",
    "EMS": "ems", "邮政": "ems", "丹鸟": "cainiao", "菜鸟": "cainiao", "百世": "best", "安能": "ane", "跨越": "kye",
    "壹米滴答": "yimidida", "丰网": "fengwang", "苏宁": "suning",
}  # fmt: skip
_THEIRS = {
    "sf": "shunfeng", "zto": "zhongtong", "sto": "shentong", "yto": "yuantong", "yunda": "yunda", "jt": "jtexpress",
    "jd": "jd", "deppon": "debangwuliu", "ems": "ems", "cainiao": "danniao", "best": "baishikuaidi", "ane": "annengwuliu",
    "kye": "kuayue", "yimidida": "yimidida", "fengwang": "fengwang", "suning": "suning",
}  # fmt: skip


def ours(code: str, name: str = "") -> str | None:
    """Our carrier code for the platform's code or Chinese name; None when neither is known."""
    known = _OURS.get(code.strip().lower())
    if known is None:
        known = next((ours for part, ours in _NAMES.items() if part in name or part in code), None)
    return known


def theirs(code: str) -> str | None:
    """The platform's code for ours; None when the platform has no such carrier in our table."""
    return _THEIRS.get(carrier_code(code))
