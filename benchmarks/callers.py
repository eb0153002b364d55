"""The platforms' side of a callback for the benchmarks: sealed and signed by the emulators' own code; answers judged."""

from __future__ import annotations

import itertools
import json
import os
import time
from typing import Any

from benchmarks.cast import PEOPLE
from emulators.dingtalk import signing
from emulators.wecom import crypto, state

_serial = itertools.count(1)
DING_SECRET = "emulated-client-secret-0123456789"
DING_ID = "dingemulatedclient01"


def person(number: int) -> str:
    return PEOPLE[number % len(PEOPLE)]


def _ident() -> str:
    return f"b{os.getpid()}-{next(_serial):08d}"


class Wecom:
    """One robot's callbacks. `asked` gives (path with query, body, what `judge` needs)."""

    headers = ""

    def asked(self, text: str, number: int, group: str = "") -> tuple[str, bytes, str]:
        body: dict[str, Any] = {
            "msgid": _ident(), "aibotid": "aib", "chattype": "group" if group else "single",
            "from": {"userid": person(number)},
            "msgtype": "text", "text": {"content": f"@{state.BOT_NAME} {text}" if group else text},
            "response_url": "https://qyapi.weixin.qq.com/cgi-bin/aibot/response?response_code=RC",
        }  # fmt: skip
        if group:
            body["chatid"] = group
        return self.sealed(body)

    def sealed(self, body: Any) -> tuple[str, bytes, str]:
        stamp, nonce = str(int(time.time())), _ident()
        sealed = crypto.lock(state.AES_KEY, json.dumps(body, ensure_ascii=False), "")
        signature = crypto.sign(state.TOKEN, stamp, nonce, sealed)
        path = f"/chat/wecom?msg_signature={signature}&timestamp={stamp}&nonce={nonce}"
        return path, json.dumps({"encrypt": sealed}).encode(), nonce

    def judge(self, answer: bytes, nonce: str) -> tuple[str, str]:
        """(words, stream id still open). Raises BadReply, KeyError, ValueError when the platform would not take it."""
        envelope = json.loads(answer)
        signature = crypto.sign(state.TOKEN, str(envelope["timestamp"]), nonce, envelope["encrypt"])
        if envelope["nonce"] != nonce or envelope["msgsignature"] != signature:
            raise crypto.BadReply("signature")
        reply = json.loads(crypto.unlock(state.AES_KEY, envelope["encrypt"], ""))
        stream = reply.get("stream") or {}
        if stream and not stream.get("finish"):
            return "", str(stream["id"])
        words = stream.get("content") or reply.get("template_card", {}).get("main_title", {}).get("title", "")
        return str(words), ""

    def poll(self, stream_id: str, number: int, group: str = "") -> tuple[str, bytes, str]:
        body: dict[str, Any] = {
            "msgid": _ident(), "aibotid": "aib", "chattype": "group" if group else "single",
            "from": {"userid": person(number)},
            "msgtype": "stream", "stream": {"id": stream_id},
        }  # fmt: skip
        if group:
            body["chatid"] = group
        return self.sealed(body)


class DingTalk:
    """One robot's HTTP callbacks: the body is not sealed, only the moment is signed."""

    def __init__(self, session: str = "http://127.0.0.1:1/robot/sendBySession?session=none") -> None:
        self._session = session

    def asked(self, text: str, number: int, group: str) -> tuple[str, bytes, str]:
        """(path, body, header lines)."""
        stamp, who = str(int(time.time() * 1000)), person(number)
        body = {
            "msgId": _ident(), "msgtype": "text", "text": {"content": f" {text}"}, "conversationType": "2",
            "conversationId": group, "senderId": f"$:LWCP_v1:${who}", "senderStaffId": who, "senderNick": who,
            "robotCode": DING_ID, "sessionWebhook": self._session, "createAt": int(stamp),
            "sessionWebhookExpiredTime": int(stamp) + 5_400_000,
        }  # fmt: skip
        headers = f"timestamp: {stamp}\r\nsign: {signing.robot(stamp, DING_SECRET)}\r\n"
        return "/chat/dingtalk", json.dumps(body, ensure_ascii=False).encode(), headers
