"""WeCom's refusals: HTTP 200, `errcode`, and an `errmsg` with a tail that nobody should parse."""

from __future__ import annotations

import random
from typing import Any

WORDS = {
    -1: "system busy", 40001: "invalid credential", 40003: "invalid userid", 40004: "invalid media type",
    40007: "invalid media_id", 40008: "invalid message type", 40013: "invalid corpid", 40014: "invalid access_token",
    40056: "invalid agentid", 40058: "invalid request parameter", 41001: "access_token missing", 41002: "corpid missing",
    41004: "corpsecret missing", 42001: "access_token expired", 42014: "invalid task_id",
    42015: "response_code of another app",
    42016: "task_id missing", 42017: "button key missing", 42018: "button key duplicate", 42031: "invalid card_type",
    42033: "title missing", 42035: "horizontal_content_list too long", 42037: "option_list length",
    42038: "button text missing",
    42039: "button key too long", 42040: "option id too long", 42041: "option text missing", 42042: "jump_list too long",
    42043: "question_key missing", 42045: "card_action missing", 44001: "empty media data", 44004: "empty content",
    45001: "media size out of limit", 45002: "content size out of limit", 45008: "too many articles",
    45009: "api freq out of limit", 45033: "api concurrent out of limit", 48002: "api forbidden", 50003: "app disabled",
    60003: "department not found", 60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60111: "userid not found", 60140: "invalid response_code", 81013: "all touser invalid", 82001: "all recipients empty",
    82101: "no targets", 93000: "invalid webhook url, missing key or key not exists", 93006: "invalid chatid",
    93008: "not in group",
    40031: "invalid userid list", 40032: "userid list too long", 42052: "msgid expired", 86001: "invalid chatid",
    86003: "chatid missing", 86004: "invalid group name", 86006: "invalid member count", 86008: "not own group",
    86215: "chatid exists",
    93019: "invalid bot id or secret", 301002: "not allow operate another agent", 301019: "media md5 not match",
    846605: "invalid req_id", 846608: "stream message update expired",
}  # fmt: skip


class Problem(Exception):
    """One refusal."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        hint = random.randint(10**9, 10**10)
        words = words or WORDS.get(code, "error")
        self.body: dict[str, Any] = {
            "errcode": code,
            "errmsg": f"{words}, hint: [{hint}], from ip: 127.0.0.1, more info at "
            f"https://open.work.weixin.qq.com/devtool/query?e={code}",
        }
