"""The long connection's other end (path 101463): subscribe first, one line per robot, answers only to what was asked.

Faults by command name: late (the acknowledgement comes after 6 s) · lost (done, but no acknowledgement) · drop (not done, no
acknowledgement) · swap (the acknowledgement waits for the next one and comes after it) · busy (-1) · often (45009) · cut
(done, then the line breaks).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from emulators.kit import Dropped, Faults
from emulators.wecom.problems import Problem
from emulators.wecom.state import Asked, State, Talk

_UPLOAD_KINDS = {"image": (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"), "voice": (b"#!AMR",), "video": (), "file": ()}
_TITLES = {"video": (64, 512)}


@dataclass(eq=False)
class Peer:
    """One connected client."""

    socket: WebSocket
    bot: str = ""
    subscribed: bool = False
    mute: bool = False  # half-open: TCP stands, nothing is said any more
    heard_at: float = 0.0
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    code: int = 1000


@dataclass
class Upload:
    kind: str
    total: int
    chunks: int
    md5: str
    at: float
    parts: dict[int, bytes] = field(default_factory=dict)


class Lines:
    """Every connection to the emulated `openws`."""

    def __init__(self, state: State, faults: Faults, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._state, self._faults, self._sleep = state, faults, sleep
        self.peers: list[Peer] = []
        self.subscribes: list[float] = []
        self.pings = 0
        self.missed: list[dict[str, Any]] = []
        self._uploads: dict[str, Upload] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._held: dict[Peer, dict[str, Any]] = {}
        self._uploaded: dict[str, deque[float]] = {}

    @property
    def current(self) -> Peer | None:
        return next((peer for peer in reversed(self.peers) if peer.subscribed), None)

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        peer = Peer(socket, heard_at=self._state.clock.now())
        self.peers.append(peer)
        hearing = asyncio.create_task(self._hear(peer))
        ending = asyncio.create_task(peer.ending.wait())
        watching = asyncio.create_task(self._watch(peer))
        try:
            await asyncio.wait({hearing, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (hearing, ending, watching):
                task.cancel()
            await asyncio.gather(hearing, ending, watching, return_exceptions=True)
            peer.subscribed = False
            self.peers.remove(peer)
        if peer.ending.is_set() and peer.code == 1006:
            raise Dropped("aborted")
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(peer.code)

    async def _watch(self, peer: Peer) -> None:
        while True:
            await asyncio.sleep(0.05)
            if self._state.clock.now() - peer.heard_at > self._state.switches.idle_seconds:
                peer.ending.set()

    async def _hear(self, peer: Peer) -> None:
        while True:
            try:
                text = await peer.socket.receive_text()
            except (WebSocketDisconnect, RuntimeError, KeyError):
                return
            peer.heard_at = self._state.clock.now()
            try:
                frame = json.loads(text)
                cmd, req_id = frame.get("cmd"), frame["headers"]["req_id"]
            except (ValueError, KeyError, TypeError, AttributeError):
                peer.code = 1008
                return
            if not isinstance(req_id, str) or not req_id or len(req_id.encode()) > 256:
                peer.code = 1008
                return
            if not peer.subscribed and cmd != "aibot_subscribe":
                peer.code = 1008
                return
            await self._one(peer, str(cmd), req_id, frame.get("body") or {})

    async def _one(self, peer: Peer, cmd: str, req_id: str, body: dict[str, Any]) -> None:
        fault = self._faults.take(cmd)
        effect, answer = "", dict[str, Any]()
        try:
            if fault in ("busy", "often"):
                raise Problem(-1 if fault == "busy" else 45009)
            if fault != "drop":
                answer, effect = self._perform(peer, cmd, req_id, body)
            told: dict[str, Any] = {"headers": {"req_id": req_id}, "errcode": 0, "errmsg": "ok"}
            if answer:
                told["body"] = answer
        except Problem as problem:
            told = {"headers": {"req_id": req_id}, **problem.body}
        self._state.journal.note(self._state.clock.now(), cmd, {"req_id": req_id, **_thin(body)}, told["errcode"], effect)
        if fault in ("lost", "drop") or peer.mute:
            return
        if fault == "cut":
            peer.code = 1006
            peer.ending.set()
            return
        if fault == "late":
            task = asyncio.create_task(self._later(peer, told))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return
        if fault == "swap":
            self._held[peer] = told
            return
        await self._tell(peer, told)
        if (held := self._held.pop(peer, None)) is not None:
            await self._tell(peer, held)
        if cmd == "aibot_subscribe":
            if told["errcode"] == 0:
                await self._welcome(peer)
            elif self._state.switches.wrong_secret_closes:
                peer.ending.set()

    async def _later(self, peer: Peer, told: dict[str, Any]) -> None:
        await self._sleep(6.0)
        await self._tell(peer, told)

    async def _tell(self, peer: Peer, frame: dict[str, Any]) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await peer.socket.send_text(json.dumps(frame, ensure_ascii=False))

    async def _welcome(self, peer: Peer) -> None:
        for old in [each for each in self.peers if each.subscribed and each is not peer and each.bot == peer.bot]:
            old.subscribed = False
            event = {"msgtype": "event", "create_time": int(self._state.clock.now()), "aibotid": peer.bot}
            event |= {"msgid": f"ev{self._state.serial()}", "event": {"eventtype": "disconnected_event"}}
            frame = {"cmd": "aibot_event_callback", "headers": {"req_id": f"srv{self._state.serial()}"}, "body": event}
            await self._tell(old, frame)
            if self._state.switches.evict != "half":
                old.code = 1000 if self._state.switches.evict == "close" else 1006
                old.ending.set()
        if self._state.switches.replays_missed:
            for frame in self.missed:
                await self._tell(peer, frame)
                self._state.journal.note(self._state.clock.now(), "replayed", frame, None, "callback sent")
        self.missed.clear()

    async def close(self, code: int = 1000) -> None:
        """The platform hangs up: 1000 with a goodbye, 1006 without."""
        present = list(self.peers)
        for peer in present:
            peer.code = code
            peer.ending.set()
        while any(peer in self.peers for peer in present):  # noqa: ASYNC110 (several lines may end; an event each would say no more)
            await asyncio.sleep(0.005)

    def go_silent(self) -> None:
        """From now on the present lines hear and say nothing, and stay open."""
        for peer in self.peers:
            peer.mute = True

    async def callback(self, body: dict[str, Any], asked: Asked) -> bool:
        """Send a callback to whoever is connected; nobody: it is lost, unless the platform replays (a switch)."""
        self._state.asked[asked.req_id] = asked
        cmd = "aibot_event_callback" if body["msgtype"] == "event" else "aibot_msg_callback"
        frame = {"cmd": cmd, "headers": {"req_id": asked.req_id}, "body": body}
        peer = self.current
        if peer is None or peer.mute:
            self.missed.append(frame)
            return False
        await self._tell(peer, frame)
        return True

    # --- commands -----------------------------------------------------------------------------------------------------

    def _perform(self, peer: Peer, cmd: str, req_id: str, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
        match cmd:
            case "aibot_subscribe":
                return {}, self._subscribe(peer, body)
            case "ping":
                self.pings += 1
                return {}, ""
            case "aibot_respond_msg":
                return {}, self._respond(req_id, body)
            case "aibot_respond_welcome_msg":
                return {}, self._respond_welcome(req_id, body)
            case "aibot_respond_update_msg":
                return {}, self._respond_update(req_id, body)
            case "aibot_send_msg":
                return {}, self._send(body)
            case "aibot_upload_media_init":
                return self._upload_init(peer, body), "upload begun"
            case "aibot_upload_media_chunk":
                return {}, self._upload_chunk(body)
            case "aibot_upload_media_finish":
                return self._upload_finish(body), "media kept"
        raise Problem(40058, "invalid cmd")

    def _subscribe(self, peer: Peer, body: dict[str, Any]) -> str:
        now = self._state.clock.now()
        self.subscribes.append(now)
        if len([at for at in self.subscribes if at > now - 60]) > self._state.switches.subscribes_per_minute:
            raise Problem(45009)
        bot, secret = str(body.get("bot_id", "")), body.get("secret")
        if self._state.bots.get(bot) is None or self._state.bots[bot] != secret:
            raise Problem(self._state.switches.wrong_secret_code)
        peer.bot, peer.subscribed = bot, True
        return "subscribed"

    def _asked(self, req_id: str, *kinds: str, within: float) -> Asked:
        asked = self._state.asked.get(req_id)
        if asked is None or asked.kind not in kinds or self._state.clock.now() - asked.at > within:
            raise Problem(846605)
        return asked

    def _respond(self, req_id: str, body: dict[str, Any]) -> str:
        asked = self._asked(req_id, "message", within=86400)
        kind = body.get("msgtype")
        if kind == "stream":
            return self._stream(asked, body.get("stream") or {})
        if kind == "template_card" and asked.talk.kind == "group" and not self._state.switches.group_reply_cards:
            raise Problem(40008)
        self._state.count(asked.talk)
        effect = self._content(asked.talk, kind, body, quote=asked.text if asked.talk.kind == "group" else "")
        asked.finished = asked.answered = True
        return effect

    def _stream(self, asked: Asked, stream: dict[str, Any]) -> str:
        state, now = self._state, self._state.clock.now()
        ident, finish = stream.get("id"), stream.get("finish", False)
        if not isinstance(ident, str) or not ident or not isinstance(finish, bool):
            raise Problem(40058)
        content = stream.get("content", "")
        if len(str(content).encode()) > 20_480:
            raise Problem(45002)
        if "msg_item" in stream and not finish:
            raise Problem(40058)
        fresh = asked.stream is None or asked.stream.ident != ident
        if not fresh and now - asked.stream_at > state.switches.stream_minutes * 60:
            if state.switches.stream_silent:
                return ""
            raise Problem(846608)
        if fresh or state.switches.refreshes_count:
            state.count(asked.talk)
        if fresh:
            asked.stream = state.show(asked.talk, "stream", quote=asked.text if asked.talk.kind == "group" else "")
            asked.stream.ident, asked.stream_at = ident, now
        shown = asked.stream
        assert shown is not None
        shown.content, shown.finished = str(content), finish
        asked.answered = True
        asked.finished = asked.finished or finish
        return "stream shown" if fresh else "stream replaced"

    def _respond_welcome(self, req_id: str, body: dict[str, Any]) -> str:
        asked = self._asked(req_id, "enter_chat", within=5)
        if body.get("msgtype") == "template_card":
            self._state.show_card(asked.talk, body.get("template_card"))
        elif body.get("msgtype") == "text":
            self._state.show(asked.talk, "text", self._state.markdown((body.get("text") or {}).get("content")))
        else:
            raise Problem(40008)
        asked.answered = True
        return "welcomed"

    def _respond_update(self, req_id: str, body: dict[str, Any]) -> str:
        asked = self._asked(req_id, "template_card_event", within=5)
        if asked.answered or body.get("response_type") != "update_template_card":
            raise Problem(846605 if asked.answered else 40008)
        self._state.redraw(asked.task_id, body.get("template_card"))
        asked.answered = True
        return "card updated"

    def _send(self, body: dict[str, Any]) -> str:
        talk = self._state.talks.get(str(body.get("chatid", "")))
        wanted = body.get("chat_type", 0)
        if talk is None or not talk.spoken or (wanted and (wanted == 2) != (talk.kind == "group")):
            raise Problem(93006)
        if talk.kind == "group" and not self._state.switches.robot_in_groups:
            raise Problem(93008)
        kind = body.get("msgtype")
        if kind == "template_card" and talk.kind == "group" and not self._state.switches.group_push_cards:
            raise Problem(40008)
        self._state.count(talk)
        return self._content(talk, kind, body)

    def _content(self, talk: Talk, kind: Any, body: dict[str, Any], *, quote: str = "") -> str:
        state = self._state
        inner = body.get(str(kind)) or {}
        match kind:
            case "markdown":
                state.show(talk, "markdown", state.markdown(inner.get("content")), quote=quote)
            case "template_card":
                state.show_card(talk, inner, quote=quote)
            case "image" | "file" | "voice" | "video":
                found, raw = state.media_of(inner.get("media_id"), "")
                if found != kind:
                    raise Problem(40004)
                state.show(talk, kind, str(inner.get("media_id")), quote=quote, raw=raw)
            case _:
                raise Problem(40008)
        return f"{kind} shown"

    def _upload_init(self, peer: Peer, body: dict[str, Any]) -> dict[str, Any]:
        """Begin one; 30 a minute and 1000 an hour for each robot."""
        begun, now = self._uploaded.setdefault(peer.bot, deque()), self._state.clock.now()
        while begun and begun[0] <= now - 3600:
            begun.popleft()
        if len(begun) >= 1000 or sum(1 for at in begun if at > now - 60) >= 30:
            raise Problem(45009)
        begun.append(now)
        kind, total, chunks = body.get("type"), body.get("total_size"), body.get("total_chunks")
        name = body.get("filename")
        if kind not in _UPLOAD_KINDS or not isinstance(name, str) or not 0 < len(name.encode()) <= 256:
            raise Problem(40004)
        megabytes = {"image": self._state.switches.image_megabytes, "voice": 2, "video": 10, "file": 20}[kind]
        if not isinstance(total, int) or not 5 <= total <= megabytes * 1_048_576:
            raise Problem(45001)
        if not isinstance(chunks, int) or not 1 <= chunks <= 100:
            raise Problem(40058)
        upload_id = f"UP{self._state.serial()}"
        self._uploads[upload_id] = Upload(kind, total, chunks, str(body.get("md5", "")), self._state.clock.now())
        return {"upload_id": upload_id}

    def _upload(self, body: dict[str, Any]) -> Upload:
        found = self._uploads.get(str(body.get("upload_id")))
        if found is None or self._state.clock.now() - found.at > 1800:
            raise Problem(40007, "invalid upload_id")
        return found

    def _upload_chunk(self, body: dict[str, Any]) -> str:
        upload, index = self._upload(body), body.get("chunk_index")
        raw = base64.b64decode(str(body.get("base64_data", "")), validate=True)
        if not isinstance(index, int) or not 0 <= index < upload.chunks or not 0 < len(raw) <= 512 * 1024:
            raise Problem(40058)
        upload.parts[index] = raw
        return "chunk kept"

    def _upload_finish(self, body: dict[str, Any]) -> dict[str, Any]:
        upload = self._upload(body)
        whole = b"".join(upload.parts.get(index, b"") for index in range(upload.chunks))
        if len(upload.parts) != upload.chunks or len(whole) != upload.total:
            raise Problem(44001)
        if upload.md5 and hashlib.md5(whole).hexdigest() != upload.md5:
            raise Problem(301019)
        if (magics := _UPLOAD_KINDS[upload.kind]) and not whole.startswith(magics):
            raise Problem(40004)
        media_id = self._state.keep_media(upload.kind, whole, "")
        return {"type": upload.kind, "media_id": media_id, "created_at": str(int(self._state.clock.now()))}


def _thin(body: dict[str, Any]) -> dict[str, Any]:
    """For the journal: no secrets, no megabytes."""
    return {k: "…" if k in ("secret", "base64_data") else v for k, v in body.items()}
