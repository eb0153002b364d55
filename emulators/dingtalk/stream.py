"""The Stream gateway: one-shot tickets, one random connection per push, receipts, re-pushes, `disconnect` with silence."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from emulators.dingtalk.problems import Problem, Row
from emulators.dingtalk.state import State
from emulators.kit import Dropped, Journal

TICKET_LIFE = 90.0
BOT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
_OPEN_KEYS = {"clientId", "clientSecret", "subscriptions", "ua", "localIp", "extras"}
_TICK = 0.005


@dataclass
class Pushed:
    """One thing to tell the app, through all its attempts."""

    kind: str
    topic: str
    data: str
    extra: Row = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)  # header messageIds, a new one each time
    sent_at: float = 0.0
    done: bool = False
    lost: bool = False
    answer: Row | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Line:
    """One open connection. `mute` is a zombie: alive to pings, deaf to everything else."""

    ident: str
    topics: set[tuple[str, str]]
    out: asyncio.Queue[str | int]
    draining_until: float = 0.0
    mute: bool = False
    ping_waiting: str = ""
    received: int = 0


class Gateway:
    """Faults: `mute_next` (zombie), `close_on_accept`, `refuse_opens` (statuses), `hang_opens`, `lose`, `twice`, `hold`."""

    def __init__(self, state: State, journal: Journal, base: Callable[[], str]) -> None:
        self._state, self._journal, self._base = state, journal, base
        self._tickets: dict[str, tuple[float, set[tuple[str, str]]]] = {}
        self.lines: list[Line] = []
        self.pushes: list[Pushed] = []
        self.opens: list[float] = []
        self.close_on_accept = 0
        self.mute_next = 0
        self.hang_opens = 0
        self.hang_seconds = 30.0
        self.refuse_opens: list[int] = []
        self.lose = 0  # so many pushes vanish on the way
        self.twice = False
        self.hold = 0  # so many pushes are kept back and then sent, the newest first
        self._kept: list[Pushed] = []
        self._dice = random.Random(7)

    # --- opening ---

    async def open(self, body: Row, accept: str) -> Row:
        """`POST /v1.0/gateway/connections/open`. Raises Problem."""
        self.opens.append(self._state.clock.now())
        if self.hang_opens:
            self.hang_opens -= 1
            await asyncio.sleep(self.hang_seconds)
        if self.refuse_opens:
            status = self.refuse_opens.pop(0)
            raise Problem(status, "authFailed" if status == 401 else "ServiceUnavailable")
        if body.get("clientId") != self._state.client_id or body.get("clientSecret") != self._state.client_secret:
            raise Problem(401, "authFailed", "鉴权失败")
        unknown = set(body) - _OPEN_KEYS
        if unknown:
            raise Problem(400, "invalidParameter", f"unknown: {', '.join(sorted(unknown))}")
        wanted = body.get("subscriptions")
        if not isinstance(wanted, list) or not wanted:
            raise Problem(400, "invalidParameter.subscriptions", "subscriptions 不能为空")
        topics: set[tuple[str, str]] = set()
        for each in wanted:
            kind, topic = each.get("type"), each.get("topic")
            if kind not in ("EVENT", "CALLBACK") or not isinstance(topic, str) or (kind == "EVENT" and topic != "*"):
                raise Problem(400, "invalidParameter.subscriptions", "topic")
            topics.add((kind, topic))
        ticket = str(uuid.uuid4())
        self._tickets[ticket] = (self._state.clock.now() + TICKET_LIFE, topics)
        return {"endpoint": f"{self._base().replace('http', 'ws', 1)}/connect", "ticket": ticket}

    async def serve(self, socket: WebSocket) -> None:
        ticket = socket.query_params.get("ticket", "")
        until, topics = self._tickets.pop(ticket, (0.0, set()))
        if until <= self._state.clock.now():
            await self._refuse(socket)
            return
        await socket.accept()
        line = Line(str(uuid.uuid4()), topics, asyncio.Queue())
        self._journal.note(self._state.clock.now(), "stream.connect", {"line": line.ident}, None, "connected")
        if self.close_on_accept:
            self.close_on_accept -= 1
            await socket.close(1000)
            return
        if self.mute_next:
            self.mute_next -= 1
            line.mute = True
        self.lines.append(line)
        try:
            await self._talk(socket, line)
        finally:
            self.lines.remove(line)
            self._journal.note(self._state.clock.now(), "stream.closed", {"line": line.ident}, None, "closed")

    async def _refuse(self, socket: WebSocket) -> None:
        status = self._state.switches.bad_ticket_status
        self._journal.note(self._state.clock.now(), "stream.refused", {}, status)
        if "websocket.http.response" in socket.scope.get("extensions", {}):
            await socket.send({"type": "websocket.http.response.start", "status": status, "headers": []})
            await socket.send({"type": "websocket.http.response.body", "body": b"ticket"})
        else:
            await socket.close(4401)

    async def _talk(self, socket: WebSocket, line: Line) -> None:
        hearing = asyncio.create_task(self._hear(socket, line))
        pinged = self._state.clock.now()
        try:
            while not hearing.done():
                now = self._state.clock.now()
                if line.draining_until and now >= line.draining_until:
                    await socket.close(1000)
                    return
                every = self._state.switches.app_pings
                if every and now - pinged >= every and not line.mute:
                    pinged = now
                    self.ping(line)
                self.repush()
                await self._flush(socket, line)
                await asyncio.sleep(_TICK)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _flush(self, socket: WebSocket, line: Line) -> None:
        while not line.out.empty():
            item = line.out.get_nowait()
            if item == -1:
                raise Dropped("hung up")
            if isinstance(item, int):
                with contextlib.suppress(RuntimeError):
                    await socket.close(item)
                return
            await socket.send_text(item)

    # --- faults by hand ---

    def close(self, code: int = 1000, *, line: Line | None = None) -> None:
        """Close cleanly with a code; -1 hangs up without a close frame (the peer sees 1006)."""
        for each in [line] if line else list(self.lines):
            each.out.put_nowait(code)

    def notice(self, line: Line | None = None) -> None:
        """`disconnect`: silent from now on, closed after the window."""
        for each in [line] if line else [each for each in self.lines if not each.draining_until]:
            frame = self._frame("SYSTEM", "disconnect", json.dumps({"reason": "connection is expired"}), {}, each)
            frame["headers"].pop("messageId")
            each.out.put_nowait(json.dumps(frame))
            each.draining_until = self._state.clock.now() + self._state.switches.silent_window

    def ping(self, line: Line) -> None:
        line.ping_waiting = json.dumps({"opaque": str(uuid.uuid4())})
        line.out.put_nowait(json.dumps(self._frame("SYSTEM", "ping", line.ping_waiting, {}, line)))

    def raw(self, text: str) -> None:
        for line in self.lines:
            line.out.put_nowait(text)

    # --- pushing ---

    def push(self, kind: str, topic: str, data: Row, extra: Row | None = None) -> Pushed:
        """Give it to one random connection that subscribed. Without any, a bot message or click is lost for good."""
        pushed = Pushed(kind, topic, json.dumps(data, ensure_ascii=False), extra or {})
        self.pushes.append(pushed)
        if self.lose:
            self.lose -= 1
            pushed.lost = pushed.done = True
            return pushed
        if self.hold:
            self.hold -= 1
            self._kept.append(pushed)
            if not self.hold:
                for each in reversed(self._kept):
                    self._send(each)
                self._kept.clear()
            return pushed
        self._send(pushed)
        if self.twice and pushed.sent:
            self._send(pushed)
        return pushed

    def _send(self, pushed: Pushed) -> None:
        late = self._state.switches.deliver_while_draining
        able = [
            line
            for line in self.lines
            if (pushed.kind, "*" if pushed.kind == "EVENT" else pushed.topic) in line.topics
            and (late or not line.draining_until)
        ]
        pushed.sent_at = self._state.clock.now()
        if not able:
            if pushed.kind != "EVENT":
                pushed.lost = pushed.done = True
            return
        line = self._dice.choice(able)
        frame = self._frame(pushed.kind, pushed.topic, pushed.data, pushed.extra, line)
        pushed.sent.append(frame["headers"]["messageId"])
        if not line.mute:
            line.out.put_nowait(json.dumps(frame, ensure_ascii=False))

    def _frame(self, kind: str, topic: str, data: str, extra: Row, line: Line) -> Row:
        now = int(self._state.clock.now() * 1000)
        headers: Row = {
            "appId": self._state.app_id,
            "connectionId": line.ident,
            "contentType": "application/json",
            "messageId": uuid.uuid4().hex,
            "time": str(now) if self._state.switches.time_as_text else now,
            "topic": topic,
            **extra,
        }
        return {"specVersion": "1.0", "type": kind, "headers": headers, "data": data}

    def repush(self) -> None:
        """What got no receipt in time goes out again: a bot message once, an event until it is receipted."""
        now, switches = self._state.clock.now(), self._state.switches
        for pushed in self.pushes:
            if pushed.done:
                continue
            if pushed.kind == "EVENT":
                if now - pushed.sent_at >= switches.event_repush_after:
                    self._send(pushed)
                continue
            again = switches.repush_clicks if pushed.topic == CARD_TOPIC else switches.repush_bot_messages
            if now - pushed.sent_at >= switches.repush_after:
                if again and len(pushed.sent) == 1:
                    self._send(pushed)
                else:
                    pushed.done = True

    # --- receipts ---

    async def _hear(self, socket: WebSocket, line: Line) -> None:
        while True:
            try:
                text = await socket.receive_text()
            except (WebSocketDisconnect, RuntimeError):
                return
            line.received += 1
            if line.mute:
                continue
            try:
                self._receipt(json.loads(text), line)
            except (ValueError, KeyError, TypeError, AttributeError) as wrong:
                self._state.violations.append(f"receipt: {type(wrong).__name__}: {wrong}")

    def _receipt(self, told: Row, line: Line) -> None:
        code, headers, data = told["code"], told["headers"], told["data"]
        if isinstance(code, bool) or not isinstance(code, int) or not isinstance(data, str):
            raise TypeError("code must be a number and data a text")
        if headers.get("contentType") != "application/json":
            raise ValueError("contentType")
        if line.ping_waiting:
            if json.loads(data) == json.loads(line.ping_waiting):
                line.ping_waiting = ""
                return
            self._state.violations.append("ping: opaque not echoed")
            self.close(1002, line=line)
            return
        ident = headers["messageId"]
        if line.draining_until and not ident:
            return  # the official SDK receipts the notice, which has no id
        found = next((pushed for pushed in self.pushes if ident in pushed.sent), None)
        if found is None:
            raise ValueError(f"unknown messageId {ident}")
        body: Any = json.loads(data) if data else {}
        good = code == 200
        if found.kind == "EVENT" and self._state.switches.event_needs_status:
            good = good and isinstance(body, dict) and body.get("status") == "SUCCESS"
        elif not self._state.switches.ack_without_response:
            good = good and isinstance(body, dict) and body.get("response") is not None
        self._journal.note(self._state.clock.now(), "stream.ack", told, None, "acknowledged" if good else "")
        if good:
            found.done = True
        found.answer = body if isinstance(body, dict) else {}
        found.answered.set()
