"""Parcels whose scans unfold as the clock moves, the subscriptions to them, and who asked too often."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from emulators.kit import EmulatorClock

Row = dict[str, Any]
BEIJING = timezone(timedelta(hours=8))
HOUR, DAY = 3600, 86400
GUARD = 1800
NEEDS_PHONE = frozenset({"shunfeng", "zhongtong"})
COMPANIES = frozenset(
    {"shunfeng", "yuantong", "zhongtong", "shentong", "yunda", "jd", "jtexpress", "ems", "youzhengguonei", "debangkuaidi"}
    | {"debangwuliu", "huitongkuaidi", "danniao", "cainiao", "zhaijisong", "kuayue", "annengwuliu"}
)
WORDS = {
    "101": "下单", "102": "待揽收", "103": "揽收", "1001": "到达派件城市", "1002": "干线", "1003": "转递", "5": "派件",
    "501": "投柜或驿站", "301": "本人签收", "304": "投柜或站签收", "203": "拒签(派件)", "202": "超时未更新", "6": "退回",
    "4": "退签", "2": "疑难", "14": "拒签",
}  # fmt: skip
STATES = {
    "101": "0",
    "102": "0",
    "103": "1",
    "501": "5",
    "203": "14",
    "202": "2",
}  # sub-status -> state, where not its first digit
Step = tuple[float, str, str, str]  # seconds after the start, sub-status, words, area

_WAY: list[Step] = [
    (0, "101", "卖家已下单", "浙江,杭州市"),
    (4 * HOUR, "103", "【杭州滨江】快递员 13912345678 已揽收", "浙江,杭州市"),
    (9 * HOUR, "1002", "快件离开【杭州中转部】", "浙江,杭州市"),
    (22 * HOUR, "1001", "快件到达【温州中转部】", "浙江,温州市"),
]
STORIES: dict[str, list[Step]] = {
    "delivered": [
        *_WAY,
        (26 * HOUR, "5", "【温州鹿城】正在派件", "浙江,温州市"),
        (29 * HOUR, "301", "已签收，签收人：本人", "浙江,温州市"),
    ],
    "locker": [
        *_WAY,
        (27 * HOUR, "501", "已投递到丰巢柜", "浙江,温州市"),
        (50 * HOUR, "304", "已从丰巢柜取出", "浙江,温州市"),
    ],
    "stalled": _WAY[:3],
    "returned": [
        *_WAY,
        (28 * HOUR, "6", "快件退回中", "浙江,温州市"),
        (60 * HOUR, "4", "退件已由寄件人签收", "浙江,杭州市"),
    ],
    "rejected": [*_WAY, (27 * HOUR, "5", "正在派件", "浙江,温州市"), (28 * HOUR, "203", "收件人拒收", "浙江,温州市")],
    "corrected": [*_WAY, (29 * HOUR, "301", "已签收", "浙江,温州市")],
    "silent": [],
}
"""What can become of a parcel. `corrected`: handed in under a wrong carrier; `silent`: no scan, given up in 3 days."""


@dataclass
class Switches:
    """Behaviours that nobody citable confirms. Connectors are tested with each position."""

    lock_after: int = 1  # questions for one number within 30 minutes beyond the first, until it is locked
    refusals_count: bool = False  # does a question that ended in "phone check failed" count for the lock?
    signed_state: str = "3"  # with resultv2=4, does the whole parcel's state carry the sub-status ("301")?
    new_dedupe: bool = False  # is a repeated push sent with other letters (another message) than the first?


@dataclass
class Parcel:
    num: str
    com: str  # who really carries it
    story: list[Step]
    start: float
    phone: str = ""  # last four digits that the carrier checks; "" = any
    named: str = ""  # the wrong carrier under which it was handed in, for `corrected`
    asked: list[float] = field(default_factory=list)
    locked: bool = False


@dataclass
class Subscription:
    num: str
    company: str
    url: str
    salt: str
    since: float
    sent: str = ""  # fingerprint of what was acknowledged last
    tries: int = 0
    next_try: float = 0.0
    pending: tuple[str, str] | None = None  # fingerprint and param of a push without its receipt
    ended: str = ""  # shutdown, abort
    ended_at: float = 0.0


@dataclass
class State:
    clock: EmulatorClock
    switches: Switches
    parcels: dict[str, Parcel] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    _serial: int = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def history(self, parcel: Parcel) -> list[Row]:
        """Scans so far, newest first, as the platform writes them."""
        now = self.clock.now()
        rows = []
        for after, code, words, area in parcel.story:
            at = parcel.start + after
            if at <= now:
                when = text(at)
                row = {"time": when, "ftime": when, "context": words, "status": WORDS.get(code, "在途"), "statusCode": code}
                rows.append({**row, "areaCode": "CN330000000000", "areaName": area})
        return sorted(rows, key=lambda row: str(row["time"]), reverse=True)

    def result(self, parcel: Parcel) -> Row:
        rows = self.history(parcel)
        code = rows[0]["statusCode"] if rows else "0"
        state = STATES.get(code, code if len(code) < 3 else code[0] if len(code) == 3 else "0")
        signed = state in ("3", "4")
        if state == "3" and self.switches.signed_state != "3":
            state = code
        return {
            "message": "ok", "nu": parcel.num, "ischeck": "1" if signed else "0", "com": parcel.com, "status": "200",
            "state": state, "condition": "F00", "data": rows,
        }  # fmt: skip


def text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, BEIJING).strftime("%Y-%m-%d %H:%M:%S")
