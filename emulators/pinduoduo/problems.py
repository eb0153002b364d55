"""Refusals in the platform's own words: HTTP 200 with `error_response`."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """One refusal, ready to be sent."""

    def __init__(self, code: int, words: str, *, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(words)
        self.body: dict[str, Any] = {
            "error_response": {
                "error_code": code,
                "error_msg": words,
                "sub_code": sub_code,
                "sub_msg": sub_msg,
                "request_id": "17000000000001",
            }
        }


def business(sub_code: str, sub_msg: str) -> Problem:
    return Problem(50001, "业务服务错误", sub_code=sub_code, sub_msg=sub_msg)


def parameter(what: str) -> Problem:
    return Problem(10000, "参数错误", sub_code="10000", sub_msg=what)


REFUSALS: dict[str, tuple[int, str]] = {
    "throttle": (52101, "当前接口被限流，请稍后重试"),
    "too-frequent": (70031, "调用过于频繁，请调整调用频率"),
    "unavailable": (52102, "业务服务暂时不可用"),
    "expired-token": (10019, "access_token已过期"),
    "bad-client": (10016, "client_id不合法"),
    "bad-ip": (20005, "ip不在白名单内"),
    "scope": (20031, "用户没有授权访问此接口"),
    "consent": (10019, "access_token已失效，请重新授权"),
    "business": (50001, "业务服务错误"),
}
"""Fault name -> what the platform then says."""
