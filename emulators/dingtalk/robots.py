"""Robot sends of the new API, and the old side: sessionWebhook, custom robots, media."""

from __future__ import annotations

import json
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from emulators.dingtalk import signing
from emulators.dingtalk.problems import OldProblem, Problem, Row
from emulators.dingtalk.state import CustomRobot, Shown, State

MAX_PARAM = 15_000
MAX_WEBHOOK_BODY = 20_000
SKEW = 3600.0
KEYS: dict[str, tuple[set[str], set[str]]] = {
    "sampleText": ({"content"}, set()),
    "sampleMarkdown": ({"title", "text"}, set()),
    "sampleImageMsg": ({"photoURL"}, set()),
    "sampleLink": ({"title", "text", "messageUrl"}, {"picUrl"}),
    "sampleActionCard": ({"title", "text", "singleTitle", "singleURL"}, set()),
    "sampleActionCard6": ({"title", "text", "buttonTitle1", "buttonUrl1", "buttonTitle2", "buttonUrl2"}, set()),
    "sampleAudio": ({"mediaId", "duration"}, set()),
    "sampleFile": ({"mediaId", "fileName", "fileType"}, set()),
    "sampleVideo": ({"videoMediaId", "videoType", "picMediaId", "duration"}, {"height", "width"}),
} | {
    f"sampleActionCard{n}": (
        {"title", "text"} | {f"actionTitle{i}" for i in range(1, n + 1)} | {f"actionURL{i}" for i in range(1, n + 1)},
        set(),
    )
    for n in range(2, 6)
}
FILE_TYPES = {"xlsx", "pdf", "zip", "rar", "doc", "docx"}
WEBHOOK_TYPES = {
    "text": {"content"},
    "markdown": {"title", "text"},
    "link": {"title", "text", "messageUrl", "picUrl"},
    "actionCard": {"title", "text", "singleTitle", "singleURL", "btnOrientation", "btns", "hideAvatar"},
    "feedCard": {"links"},
    "empty": set(),
}
_MEDIA = {
    "image": (20 * 1024 * 1024, {"jpg", "jpeg", "gif", "png", "bmp"}),
    "voice": (2 * 1024 * 1024, {"amr", "mp3", "wav"}),
    "video": (20 * 1024 * 1024, {"mp4"}),
    "file": (20 * 1024 * 1024, {"doc", "docx", "xls", "xlsx", "ppt", "pptx", "zip", "pdf", "rar", "csv", "txt"}),
}


class Robots:
    def __init__(self, state: State) -> None:
        self._state = state
        self._group_sends: dict[str, deque[float]] = {}

    # --- new API ---

    def group_send(self, body: Row) -> tuple[Row, str]:
        self._keys(body, {"robotCode", "openConversationId", "msgKey", "msgParam", "coolAppCode"})
        self._robot(body)
        if not body.get("openConversationId"):
            raise Problem(400, "miss.openConversationId")
        group = self._state.groups.get(str(body["openConversationId"]))
        if group is None or not group.internal:
            raise Problem(400, "invalid.openConversationId")
        if group.disbanded:
            raise Problem(400, "group.disbanded")
        if not group.robot_in:
            raise Problem(400, "resource.not.found", "robot not in group")
        kind, param = self._message(body)
        self._pace(group.cid, self._state.switches.group_per_minute)
        key = f"pqk{self._state.serial()}"
        self._state.show(Shown(group.cid, "robot", kind, param, self._state.clock.now(), key=key))
        return {"processQueryKey": key}, f"shown {kind}"

    def batch_send(self, body: Row) -> tuple[Row, str]:
        self._keys(body, {"robotCode", "userIds", "msgKey", "msgParam"})
        self._robot(body)
        users = body.get("userIds")
        if not isinstance(users, list) or not users:
            raise Problem(400, "invalidParameter.userIds.empty")
        if len(users) > self._state.switches.batch_users:
            raise Problem(400, "invalidParameter.userIds.overMax")
        kind, param = self._message(body)
        slowed = [user for user in users if user in self._state.flow_controlled]
        key = f"pqk{self._state.serial()}"
        known = [user for user in users if user in self._state.users and user not in slowed]
        for user in known:
            self._state.show(Shown(f"1:{user}", "robot", kind, param, self._state.clock.now(), key=key))
        strangers = [user for user in users if user not in self._state.users]
        effect = f"shown {kind} to {len(known)}" if known else ""
        return {"processQueryKey": key, "invalidStaffIdList": strangers, "flowControlledStaffIdList": slowed}, effect

    def recall(self, body: Row) -> tuple[Row, str]:
        self._keys(body, {"robotCode", "openConversationId", "processQueryKeys"})
        keys = body.get("processQueryKeys") or []
        if len(keys) > 20:
            raise Problem(400, "invalidParameter.processQueryKeys.overMax")
        gone = [each for each in self._state.shown if each.key in keys and not each.recalled]
        for each in gone:
            each.recalled = True
        return {"successResult": [each.key for each in gone], "failedResult": {}}, f"recalled {len(gone)}" if gone else ""

    def download(self, body: Row, base: str) -> Row:
        self._keys(body, {"downloadCode", "robotCode"})
        self._robot(body)
        kept = self._state.downloads.get(str(body.get("downloadCode")))
        if kept is None or kept[2] <= self._state.clock.now():
            raise Problem(400, "invalidParameter.downloadCode")
        return {"downloadUrl": f"{base}/_files/{body['downloadCode']}"}

    def in_group(self, body: Row) -> Row:
        """`getBotListInGroup`: who sits there."""
        self._keys(body, {"openConversationId"})
        if not body.get("openConversationId"):
            raise Problem(400, "miss.openConversationId")
        group = self._state.groups.get(str(body["openConversationId"]))
        if group is None or not group.internal or group.disbanded:
            raise Problem(400, "invalid.openConversationId")
        ours = [{"robotCode": self._state.robot_code, "name": "小单", "openRobotType": 1}] if group.robot_in else []
        return {"chatbotInstanceVOList": ours}

    def _robot(self, body: Row) -> None:
        code = body.get("robotCode")
        if not code:
            raise Problem(400, "invalidParameter.robotCode.empty")
        if code != self._state.robot_code:
            raise Problem(400, "invalidParameter.robotCode.notExsit")

    @staticmethod
    def _keys(body: Row, allowed: set[str]) -> None:
        unknown = set(body) - allowed
        if unknown:
            raise Problem(400, "invalidParameter.unknown", f"unknown: {', '.join(sorted(unknown))}")

    def _message(self, body: Row) -> tuple[str, Row]:
        kind, text = body.get("msgKey"), body.get("msgParam")
        if not kind:
            raise Problem(400, "invalidParameter.msgKey.empty")
        if kind not in KEYS:
            raise Problem(400, "invalidParameter.msgKey.invalid")
        if not isinstance(text, str):
            raise Problem(400, "invalidParameter.msgParam.invalid", "msgParam is a JSON text, not an object")
        if len(text.encode()) > MAX_PARAM:
            raise Problem(400, "invalidParameter.msgParam.tooLong")
        try:
            param = json.loads(text)
        except ValueError as broken:
            raise Problem(400, "invalidParameter.msgParam.invalid") from broken
        wanted, optional = KEYS[kind]
        if not isinstance(param, dict) or not wanted <= set(param) <= wanted | optional:
            raise Problem(400, "invalidParameter.msgParam.invalid", f"{kind}: {sorted(param)}")
        if any(not isinstance(value, str) or not value for value in param.values()):
            raise Problem(400, "invalidParameter.msgParam.invalid", "every value is a text and not empty")
        if kind == "sampleFile" and param["fileType"] not in FILE_TYPES:
            raise Problem(400, "invalidParameter.msgParam.invalid", "fileType")
        for name in ("mediaId", "photoURL", "videoMediaId", "picMediaId"):
            self._resolvable(str(param.get(name, "")))
        return str(kind), param

    def _resolvable(self, value: str) -> None:
        if value and not value.startswith(("http://", "https://")) and value not in self._state.media:
            raise Problem(400, "invalidParameter.msgParam.invalid", "media")

    def _pace(self, conversation: str, limit: int) -> None:
        recent = self._group_sends.setdefault(conversation, deque())
        now = self._state.clock.now()
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if limit and len(recent) >= limit:
            raise Problem(400, "send.too.fast")
        recent.append(now)

    # --- old side ---

    def session_send(self, name: str, body: Row) -> str:
        """`sendBySession`. Raises OldProblem; gives the effect."""
        conversation, until = self._state.sessions.get(name, ("", 0.0))
        now = self._state.clock.now()
        if until <= now:
            raise OldProblem(300001, "session 不存在")
        kind, content, at = self._webhook_message(body)
        limit = self._state.switches.session_per_minute
        recent = self._group_sends.setdefault(f"session:{conversation}", deque())
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if limit and len(recent) >= limit:
            raise OldProblem(self._state.switches.throttle_code, "send too fast")
        if self._state.switches.session_counts and not self._state.quota.spend("messages", now):
            raise OldProblem(90020, "企业本月消息额度已用尽")
        recent.append(now)
        if kind != "empty":
            self._state.show(Shown(conversation, "robot", kind, content, now, at))
        return f"shown {kind}"

    def custom_send(self, query: Row, body: Row, size: int, remote: str) -> str:
        """`/robot/send`. Raises OldProblem; gives the effect, "" when this `msgUuid` was shown before."""
        robot = self._state.custom.get(str(query.get("access_token", "")))
        if robot is None:
            raise OldProblem(300001, "token is not exist")
        if robot.disabled:
            raise OldProblem(400102, "机器人已停用")
        if size > MAX_WEBHOOK_BODY:
            raise OldProblem(460101, "message too long, exceed 20000 bytes")
        ident = str(body.get("msgUuid", ""))
        kind, content, at = self._webhook_message({name: value for name, value in body.items() if name != "msgUuid"})
        self._security(robot, query, body, remote)
        now = self._state.clock.now()
        self._throttle(robot, now)
        if not self._state.quota.spend("messages", now):
            raise OldProblem(90020, "企业本月消息额度已用尽")
        if ident and ident in robot.uuids:
            return ""
        robot.uuids.add(ident)
        self._state.show(Shown(robot.group, f"custom:{robot.token[:6]}", kind, content, now, at))
        return f"shown {kind}"

    def _security(self, robot: CustomRobot, query: Row, body: Row, remote: str) -> None:
        if robot.ip_list and remote not in robot.ip_list:
            raise OldProblem(310000, f"ip {remote} not in whitelist")
        if robot.keywords and not any(word in json.dumps(body, ensure_ascii=False) for word in robot.keywords):
            raise OldProblem(310000, "keywords not in content")
        if robot.secret:
            stamp = str(query.get("timestamp", ""))
            if not stamp.isdecimal() or abs(int(stamp) / 1000 - self._state.clock.now()) > SKEW:
                raise OldProblem(310000, "invalid timestamp")
            if query.get("sign") != signing.robot(stamp, robot.secret):
                raise OldProblem(310000, "sign not match")

    def _throttle(self, robot: CustomRobot, now: float) -> None:
        code = self._state.switches.throttle_code
        if robot.blocked_until > now:
            raise OldProblem(code, "send too fast, exceed 20 times per minute")
        while robot.sent and robot.sent[0] <= now - 60:
            robot.sent.popleft()
        if len(robot.sent) >= 20:
            robot.blocked_until = now + self._state.switches.throttle_block
            raise OldProblem(code, "send too fast, exceed 20 times per minute")
        robot.sent.append(now)

    def _webhook_message(self, body: Row) -> tuple[str, Row, tuple[str, ...]]:
        kind = str(body.get("msgtype", ""))
        if kind not in WEBHOOK_TYPES:
            raise OldProblem(400105, f"unsupported msgtype {kind}")
        unknown = set(body) - {"msgtype", "at", kind}
        content: Any = body.get(kind, {})
        if unknown or not isinstance(content, dict) or set(content) - WEBHOOK_TYPES[kind]:
            raise OldProblem(40035, "不合法的参数")
        text = content.get("content") or content.get("text") or ""
        if kind in ("text", "markdown") and not (isinstance(text, str) and text):
            raise OldProblem(40035, "缺少参数 json")
        if kind == "markdown" and not content.get("title"):
            raise OldProblem(40035, "缺少参数 json")
        at = body.get("at") or {}
        wanted = list(at.get("atUserIds") or [])
        if len(wanted) > 50:
            raise OldProblem(40035, "atUserIds")
        effective = [user for user in wanted if f"@{user}" in text] if kind not in ("link", "feedCard") else []
        if at.get("isAtAll"):
            effective.append("@ALL")
        return kind, content, tuple(effective)

    def upload(self, kind: str, name: str, content: bytes) -> Row:
        if kind not in _MEDIA:
            raise OldProblem(40004, "不合法的媒体文件类型")
        limit, endings = _MEDIA[kind]
        if not content:
            raise OldProblem(40035, "empty file")  # our own strictness: an empty upload is always a client's bug
        if len(content) > limit:
            raise OldProblem(40006, "不合法的文件大小")
        if name.rpartition(".")[2].lower() not in endings:
            raise OldProblem(40005, "不合法的文件类型")
        ident = f"@lAD{self._state.serial():08d}$iAEK{len(content)}"
        self._state.media[ident] = (kind, name, content)
        return {
            "errcode": 0, "errmsg": "ok", "media_id": ident, "type": kind,
            "created_at": int(self._state.clock.now() * 1000),
        }  # fmt: skip

    def session_name(self, url: str) -> str:
        return urlsplit(url).query.removeprefix("session=")
