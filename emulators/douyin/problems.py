"""The platform's error bodies. HTTP is 200 for all of them."""

from __future__ import annotations

from typing import Any


class Problem(Exception):
    """A refusal in the platform's words."""

    def __init__(self, code: int, msg: str, sub_code: str = "", sub_msg: str = "") -> None:
        super().__init__(f"{code} {sub_code}")
        self.body: dict[str, Any] = {"code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg or msg}


def no_permission() -> Problem:
    return Problem(30001, "没有权限", "isv.app-permissions-insufficient", "应用没有该接口权限")


def consent_withdrawn() -> Problem:
    return Problem(30001, "没有权限", "dop.authorization-closed", "商家已关闭授权")


def bad_ip() -> Problem:
    return Problem(30002, "IP 不在白名单", "isv.invalid_ip", "请求 IP 不在白名单内")


def bad_signature() -> Problem:
    return Problem(40003, "签名校验失败", "isv.signature-invalid", "签名校验失败")


def bad_timestamp() -> Problem:
    return Problem(40003, "时间戳不合法", "isv.timestamp-invalid", "时间戳与平台时间相差过大")


def bad_token(kind: str) -> Problem:
    return Problem(40003, "access_token 错误", f"isv.access-token-{kind}", "access_token 已过期或不存在")


def bad_parameter(words: str) -> Problem:
    return Problem(40003, "参数错误", "isv.parameter-invalid", words)


def repeated_key() -> Problem:
    return Problem(40003, "幂等 id 已存在", "isv.idempotent-id-existed", "该幂等 id 已被使用")


def token_failed(why: str) -> Problem:
    return Problem(50001, "token 生成失败", f"dop.token-generate-failed:{why}", "请重新授权")


def business(code: str, words: str) -> Problem:
    return Problem(50002, "业务处理失败", f"isv.business-failed:{code}", words)


def state_changed(words: str = "售后单状态已变更，请刷新后重试") -> Problem:
    return business("20309541", words)


def throttled() -> Problem:
    return Problem(60000, "请求过于频繁，请稍后再试")


def platform_fault() -> Problem:
    return Problem(20000, "系统繁忙，请稍后再试")
