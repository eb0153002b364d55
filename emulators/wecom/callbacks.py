"""Callbacks by HTTP as WeCom sends them, and its judgement of what comes back (paths 101033, 101031, 90238).

Faults (`faults.plan(name, "callback")`): twice · bad-signature · wrong-key · wrong-receiver · truncated · bad-padding ·
stale (signed two hours ago) · replay (the very bytes of the last callback once more, instead of this one).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import httpx

from emulators.kit import Dropped, Faults
from emulators.wecom import crypto
from emulators.wecom.crypto import BadReply
from emulators.wecom.problems import Problem
from emulators.wecom.state import Asked, State

PATIENCE = 5.0
STREAM_SECONDS = 360.0
_ALLOWED = {
    "message": ("template_card", "stream", "stream_with_template_card"),
    "stream": ("stream", "stream_with_template_card"),
    "enter_chat": ("text", "template_card"),
}


class Callbacks:
    """Sends to one address and journals the verdict: `ok`, or what the product's answer did wrong."""

    def __init__(self, state: State, faults: Faults) -> None:
        self._state, self._faults = state, faults
        self.url = ""
        self.app_url = ""
        self.transport: httpx.AsyncBaseTransport | None = None
        self.problems: list[str] = []
        self.last: dict[str, Any] = {}
        self._polls: set[asyncio.Task[None]] = set()

    async def verify(self, url: str = "", *, app: bool = False, echo: str = "1288432023552776189") -> str:
        """The console's "save" button: "" when the address answers as it must, else what is wrong with it."""
        token, key, receiver = self._keys(app=app)
        stamp, nonce = str(int(self._state.clock.now())), secrets.token_hex(5)
        sealed = crypto.lock(key, echo, receiver)
        signature = crypto.sign(token, stamp, nonce, sealed)
        query = f"msg_signature={signature}&timestamp={stamp}&nonce={nonce}&echostr={quote(sealed, safe='')}"
        address = url or (self.app_url if app else self.url)
        started = asyncio.get_running_loop().time()
        try:
            async with self._client() as client:
                answer = await client.get(f"{address}?{query}")
        except (httpx.HTTPError, Dropped) as lost:
            return f"no answer ({type(lost).__name__})"
        if asyncio.get_running_loop().time() - started > 1.0:
            return "slower than 1 s"
        if answer.status_code != 200:
            return f"HTTP {answer.status_code}"
        return "" if answer.content == echo.encode() else "the answer is not the decrypted echostr, byte for byte"

    async def send(self, body: dict[str, Any], asked: Asked) -> None:
        """A robot's callback (JSON), with repeats where the platform would repeat."""
        event = asked.kind not in ("message", "stream")
        code = f"RC{asked.req_id}"
        if asked.kind != "stream":
            self._state.asked[asked.req_id] = asked
            body = {**body, "response_url": f"{QYAPI}/cgi-bin/aibot/response?response_code={code}"}
        await self._attempts(json.dumps(body, ensure_ascii=False), asked, tries=1 if event else 3)

    async def _attempts(self, text: str, asked: Asked, *, tries: int) -> None:
        fault = self._faults.take("callback")
        stamp, nonce = self._stamp()
        sealed = crypto.lock(self._state.aes_key, text, self._state.bot_receive_id)
        for attempt in range(tries + (1 if fault == "twice" else 0)):
            if attempt and self._state.switches.fresh_nonce:
                stamp, nonce = self._stamp()
                sealed = crypto.lock(self._state.aes_key, text, self._state.bot_receive_id)
            done = await self._post(sealed, stamp, nonce, asked, fault)
            if done and not (fault == "twice" and attempt == 0):
                return

    def _stamp(self) -> tuple[str, str]:
        return str(int(self._state.clock.now())), secrets.token_hex(5)

    async def _post(self, sealed: str, stamp: str, nonce: str, asked: Asked, fault: str) -> bool:
        state = self._state
        signature = crypto.sign(state.token, stamp, nonce, sealed)
        match fault:
            case "bad-signature":
                signature = signature[::-1]
            case "truncated":
                sealed = sealed[: len(sealed) // 2 // 4 * 4]
                signature = crypto.sign(state.token, stamp, nonce, sealed)
            case "wrong-receiver" | "wrong-key":
                key = crypto.new_key() if fault == "wrong-key" else state.aes_key
                sealed = crypto.lock(key, "{}", "ww-somebody-else")
                signature = crypto.sign(state.token, stamp, nonce, sealed)
            case "bad-padding":
                raw = bytearray(base64.b64decode(sealed))
                raw[-17] ^= 0xFF
                sealed = base64.b64encode(bytes(raw)).decode()
                signature = crypto.sign(state.token, stamp, nonce, sealed)
            case "stale":
                stamp = str(int(state.clock.now()) - 7200)
                signature = crypto.sign(state.token, stamp, nonce, sealed)
        query = f"msg_signature={signature}&timestamp={stamp}&nonce={nonce}"
        if fault == "replay" and self.last:
            status, content = await self._exchange(f"{self.url}?{self.last['query']}", self.last["body"], "application/json")
            state.journal.note(state.clock.now(), "callback", {"kind": asked.kind, "fault": fault}, f"HTTP {status}")
            return True
        self.last = {"query": query, "body": json.dumps({"encrypt": sealed}).encode()}
        status, content = await self._exchange(f"{self.url}?{query}", self.last["body"], "application/json")
        verdict = "ok" if status == 200 else f"HTTP {status}"
        if status == 200 and content:
            try:
                self._judge(content, nonce, asked)
            except (BadReply, Problem, ValueError, KeyError, TypeError) as bad:
                verdict = f"{type(bad).__name__}: {bad}"
                self.problems.append(verdict)
        state.journal.note(state.clock.now(), "callback", {"kind": asked.kind, "fault": fault}, verdict)
        return status == 200

    async def _exchange(self, url: str, body: bytes, media: str) -> tuple[int, bytes]:
        try:
            async with self._client() as client, asyncio.timeout(PATIENCE):
                answer = await client.post(url, content=body, headers={"content-type": media})
        except (httpx.HTTPError, Dropped, TimeoutError):
            return 0, b""
        return answer.status_code, answer.content

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, trust_env=False, timeout=PATIENCE)

    def _keys(self, *, app: bool) -> tuple[str, str, str]:
        state = self._state
        if app:
            return state.app_token, state.app_aes_key, state.corp_id
        return state.token, state.aes_key, state.bot_receive_id

    # --- what comes back ----------------------------------------------------------------------------------------------

    def _judge(self, content: bytes, nonce: str, asked: Asked) -> None:
        envelope = json.loads(content)
        if envelope["nonce"] != nonce or not isinstance(envelope["timestamp"], int):
            raise BadReply("nonce must be repeated and timestamp be an integer")
        sealed = envelope["encrypt"]
        if envelope["msgsignature"] != crypto.sign(self._state.token, str(envelope["timestamp"]), nonce, sealed):
            raise BadReply("signature")
        reply = json.loads(crypto.unlock(self._state.aes_key, sealed, self._state.bot_receive_id))
        if asked.kind == "template_card_event":
            self._updated(reply, asked)
            return
        kind = reply.get("msgtype")
        if kind not in _ALLOWED.get(asked.kind, ()):
            raise BadReply(f"{kind} is no answer to {asked.kind}")
        if kind == "text":
            self._state.show(asked.talk, "text", self._state.markdown(reply["text"]["content"]))
        if kind in ("template_card", "stream_with_template_card") and "template_card" in reply:
            if asked.carded:
                raise BadReply("one card per message")
            self._state.show_card(asked.talk, reply["template_card"], quote=asked.text)
            asked.carded = True
        if kind == "template_card":
            asked.finished = True
        if kind.startswith("stream"):
            self._stream(reply["stream"], asked)

    def _updated(self, reply: dict[str, Any], asked: Asked) -> None:
        if reply.get("response_type") != "update_template_card":
            raise BadReply("only update_template_card answers a card event")
        if (reply.get("template_card") or {}).get("task_id") != asked.task_id:
            raise BadReply("task_id must be the event's")
        self._state.redraw(asked.task_id, reply["template_card"])

    def _stream(self, stream: dict[str, Any], asked: Asked) -> None:
        state, finish = self._state, stream.get("finish", False)
        content = stream.get("content", "")
        if len(content.encode()) > 20_480:
            raise BadReply("stream over 20480 bytes")
        items = stream.get("msg_item", [])
        if items and (not finish or len(items) > 10):
            raise BadReply("pictures only at the end, ten at most")
        pictures = [base64.b64decode(item["image"]["base64"]) for item in items]
        for raw, item in zip(pictures, items, strict=True):
            if hashlib.md5(raw).hexdigest() != item["image"]["md5"] or not raw.startswith((b"\x89PNG", b"\xff\xd8\xff")):
                raise BadReply("picture md5 or type")
        if asked.stream is None:
            asked.stream = state.show(asked.talk, "stream", quote=asked.text if asked.talk.kind == "group" else "")
            asked.stream.ident, asked.stream_at = stream["id"], state.clock.now()
            if not finish:
                task = asyncio.create_task(self._poll(asked))
                self._polls.add(task)
                task.add_done_callback(self._polls.discard)
        if stream.get("id", asked.stream.ident) != asked.stream.ident:
            raise BadReply("another stream id")
        asked.stream.content, asked.stream.finished = content, finish
        for raw in pictures:
            state.show(asked.talk, "image", "", raw=raw)
        asked.finished = asked.finished or finish

    async def _poll(self, asked: Asked) -> None:
        assert asked.stream is not None
        stream = asked.stream
        while not stream.finished and self._state.clock.now() - asked.stream_at < STREAM_SECONDS:
            await asyncio.sleep(self._state.switches.poll_seconds)
            body: dict[str, Any] = {"msgid": f"poll{self._state.serial()}", "aibotid": "aib", "chattype": asked.talk.kind}
            if asked.talk.kind == "group":
                body["chatid"] = asked.talk.chat_id
            body |= {
                "from": {"userid": self._state.wire_user(asked.user)},
                "msgtype": "stream",
                "stream": {"id": stream.ident},
            }
            asked.kind = "stream"
            await self._attempts(json.dumps(body), asked, tries=1)
        stream.finished = True
        asked.finished = True

    async def settle(self) -> None:
        """Wait until no stream is polled any more."""
        while self._polls:
            await asyncio.gather(*self._polls, return_exceptions=True)

    async def stop(self) -> None:
        """Ask no more, whatever is still open."""
        for task in self._polls:
            task.cancel()
        await asyncio.gather(*self._polls, return_exceptions=True)

    # --- the self-built app -------------------------------------------------------------------------------------------

    async def send_app(self, fields: dict[str, Any], *, tries: int = 3, repeat: int = 1) -> int:
        """An app's callback (XML). Gives the last HTTP status, 0 for none."""
        state = self._state
        xml = f"<xml><ToUserName>{state.corp_id}</ToUserName>{_xml(fields)}<AgentID>{state.agent_id}</AgentID></xml>"
        status = 0
        for _ in range(repeat):
            for _ in range(tries):
                stamp, nonce = self._stamp()
                sealed = crypto.lock(state.app_aes_key, xml, state.corp_id)
                signature = crypto.sign(state.app_token, stamp, nonce, sealed)
                envelope = (
                    f"<xml><ToUserName><![CDATA[{state.corp_id}]]></ToUserName><AgentID><![CDATA[{state.agent_id}]]></AgentID>"
                    f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
                )
                url = f"{self.app_url or self.url}?msg_signature={signature}&timestamp={stamp}&nonce={nonce}"
                status, content = await self._exchange(url, envelope.encode(), "text/xml")
                state.journal.note(state.clock.now(), "app-callback", fields, f"HTTP {status}", "")
                if status == 200:
                    if content:
                        self.problems.append("an app's callback is answered with nothing or XML")
                    break
        return status


QYAPI = "https://qyapi.weixin.qq.com"


def _xml(fields: dict[str, Any]) -> str:
    parts = []
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            inner = _xml(each) if isinstance(each, dict) else escape(str(each))
            parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)
