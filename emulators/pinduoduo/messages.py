"""The message channel's other end: frames wait for their receipt, and come again without one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from emulators.kit import EmulatorClock, Journal
from emulators.pinduoduo import signing
from emulators.pinduoduo.state import Row, State

KEEP = 7 * 86400


@dataclass
class Frame:
    ident: int
    topic: str
    content: str
    made_at: float
    sent: int = 0
    sent_at: float = 0.0
    acknowledged: bool = False


class Messages:
    """All frames of one app. Its own faults: `twice`, `mute`, `hang_up_after`, `raw`."""

    def __init__(self, state: State, client_id: str, client_secret: str, clock: EmulatorClock, journal: Journal) -> None:
        self._state, self._clock, self._journal = state, clock, journal
        self._client_id, self._client_secret = client_id, client_secret
        self.frames: list[Frame] = []
        self.lines = 0  # connections accepted so far
        self.heartbeats = 0
        self.mute = False  # a line that stays open and says nothing
        self.twice = False
        self.hang_up_after = 0  # cut the line after so many frames, once
        self.raw: list[str] = []  # sent as they are, before the frames

    def emit(self, topic: str, content: Row) -> None:
        if self._state.messages_on:
            text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
            ident = 9007199254740993 + self._state.serial()
            self.frames.append(Frame(ident, topic, text, self._clock.now()))

    def waiting(self) -> list[Frame]:
        edge = self._clock.now() - KEEP
        return [frame for frame in self.frames if not frame.acknowledged and frame.made_at >= edge]

    async def serve(self, socket: WebSocket) -> None:
        path = socket.path_params
        wanted = signing.socket_digest(self._client_id, path["ms"], self._client_secret)
        fresh = path["ms"].isdecimal() and abs(int(path["ms"]) / 1000 - self._clock.now()) <= 600
        if path["client_id"] != self._client_id or not fresh or not signing.same(path["digest"], wanted):
            await socket.close(4001)
            return
        await socket.accept()
        self.lines += 1
        for frame in self.frames:
            frame.sent_at = 0.0  # a new line: everything without a receipt goes out again
        hearing = asyncio.create_task(self._hear(socket))
        try:
            await self._speak(socket, hearing)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _speak(self, socket: WebSocket, hearing: asyncio.Task[None]) -> None:
        beat_at = 0.0
        while not hearing.done():
            if not self.mute:
                while self.raw:
                    await socket.send_text(self.raw.pop(0))
                for frame in self._due():
                    await self._send(socket, frame)
                    if self.hang_up_after and frame.sent and self._cut():
                        await socket.close(1011)
                        return
                if self._state.switches.socket_heartbeat and asyncio.get_running_loop().time() >= beat_at:
                    beat_at = asyncio.get_running_loop().time() + 10
                    await socket.send_text(json.dumps({"commandType": "HeartBeat", "time": int(self._clock.now() * 1000)}))
            await asyncio.sleep(0.01)

    def _cut(self) -> bool:
        self.hang_up_after -= 1
        return self.hang_up_after == 0

    def _due(self) -> list[Frame]:
        edge = self._clock.now() - self._state.switches.redeliver_after
        return [frame for frame in self.waiting() if frame.sent_at <= edge or frame.sent_at == 0.0]

    async def _send(self, socket: WebSocket, frame: Frame) -> None:
        now = self._clock.now()
        frame.sent, frame.sent_at = frame.sent + 1, now
        message: dict[str, Any] = {"type": frame.topic, "mallID": self._state.mall_id, "content": frame.content}
        whole = {"commandType": "Common", "id": frame.ident, "sendTime": int(now * 1000), "message": message}
        for _ in range(2 if self.twice else 1):
            await socket.send_text(json.dumps(whole, ensure_ascii=False))

    async def _hear(self, socket: WebSocket) -> None:
        while True:
            try:
                told = json.loads(await socket.receive_text())
            except WebSocketDisconnect:
                return
            except ValueError:
                continue
            if told.get("commandType") == "HeartBeat":
                self.heartbeats += 1
            elif told.get("commandType") == "Ack":
                self._receipt(told)

    def _receipt(self, told: Row) -> None:
        found = [frame for frame in self.frames if frame.ident == told.get("id") and frame.topic == told.get("type")]
        good = bool(found) and told.get("mallID") == self._state.mall_id and isinstance(told.get("time"), int)
        for frame in found if good else []:
            frame.acknowledged = True
        self._journal.note(self._clock.now(), "pmc.ack", told, None, "acknowledged" if good else "")
