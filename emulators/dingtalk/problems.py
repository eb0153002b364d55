"""Refusals in DingTalk's two shapes: the new API's HTTP 4xx with a code, and the old one's HTTP 200 with `errcode`."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


class Problem(Exception):
    """The new API says no: `{"requestid", "code", "message"}`, for a missing permission also `accessdenieddetail`."""

    def __init__(self, status: int, code: str, message: str = "", detail: Row | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.body: Row = {"requestid": "0A1B2C3D-EMULATED", "code": code, "message": message or code}
        if detail:
            self.body["accessdenieddetail"] = detail


class OldProblem(Exception):
    """The old API says no, with HTTP 200 all the same."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.body: Row = {"errcode": errcode, "errmsg": errmsg}


OLD_REFUSALS: dict[str, tuple[int, str]] = {
    "unsafe-link": (430101, "链接不安全"),
    "unsafe-text": (430102, "文本不合规"),
    "unsafe-picture": (430103, "图片不合规"),
    "unsafe-content": (430104, "内容不合规"),
    "old-qps": (90018, "不合法的请求频率"),
    "old-busy": (-1, "系统繁忙"),
    "old-expired-token": (42001, "access_token已过期"),
    "disbanded": (400013, "群已被解散"),
}
DENIED = "Forbidden.AccessDenied."
REFUSALS: dict[str, tuple[int, str, str]] = {
    "expired-token": (400, "InvalidAuthentication", "不合法的access_token"),
    "qps": (403, DENIED + "QpsLimitForAppkeyAndApi", "应用调用该接口的QPS超限"),
    "qpm": (403, DENIED + "QpmLimitForAppkeyAndApi", "应用调用该接口的QPM超限"),
    "quota": (403, DENIED + "ApiCountLimitForOrg", "企业本月API调用次数已用尽"),
    "ip": (403, DENIED + "IpNotInWhiteList", "访问ip不在白名单之中"),
    "too-fast": (400, "send.too.fast", "发送过快"),
    "busy": (500, "system.busy", "系统繁忙"),
    "unsafe": (400, "param.contentUnsafe", "内容不合规"),
    "stopped": (400, "bot.stopped", "机器人已停用"),
    "no-template": (400, "param.templateNotExist", "param.templateNotExist"),
    "unpublished": (400, "param.templateUnpublished", "param.templateUnpublished"),
}
