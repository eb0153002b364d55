"""Pinduoduo's message channel: a WebSocket that we open, with a receipt for every frame once it is safe, never before.

Frames: server `{"commandType":"Common","id","sendTime","message":{"type","mallID","content"}}`, client
`{"commandType":"Ack","id","time","sendTime","type","mallID"}`; a heartbeat every 10 s; 3 minutes of silence: a dead line.
What is not receipted comes again, also after a reconnect; so a crash between storing and receipting costs a duplicate, which
the inbox drops, and never a message.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from domain.clock import Clock, millis
from domain.ports import PushEvent
from integrations._kit.health import Health
from integrations.pinduoduo import values
from integrations.pinduoduo.values import Unmappable
from integrations.pinduoduo.wire import Row, messages_path

_log = structlog.get_logger("integrations.pinduoduo")
MAX_FRAME = 1024 * 1024
Store = Callable[[Sequence[PushEvent]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often we speak, when a line counts as dead, how long we wait before the next try. Seconds."""

    heartbeat: float = 10.0
    silence: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = 60.0


class _NotStored(Exception):
    """Whoever keeps the messages could not; the cause is logged where it happened."""


class MessageChannel:
    """One connection of one app, kept alive until cancelled."""

    def __init__(
        self,
        base_url: str,
        *,
        client_id: str,
        client_secret: str,
        mall_id: str,
        shop: str,
        clock: Clock,
        rhythm: Rhythm | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._mall_id = mall_id
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._sleep = sleep
        self._health = Health("pinduoduo.messages", shop)
        self._shop = shop
        self._heard = False
        self._strangers: set[str] = set()

    async def run(self, store: Store) -> None:
        """Receive until cancelled. Waits twice as long after every failure in a row; a stored frame resets that.

        When `store` fails, whatever it raises, the frame is not receipted and the line is closed: it will be sent again.
        """
        wait = self._rhythm.first_wait
        while True:
            self._heard = False
            try:
                async with asyncio.timeout(self._rhythm.silence):
                    line = await connect(self._url(), max_size=MAX_FRAME, ping_interval=None, proxy=None)
                async with line:
                    await self._serve(line, store)
            except (OSError, TimeoutError, WebSocketException, _NotStored) as lost:
                self._health.failed(lost)
            if self._heard:
                wait = self._rhythm.first_wait
            await self._sleep(wait)
            wait = min(wait * 2, self._rhythm.longest_wait)

    def _url(self) -> str:
        return self._base_url + messages_path(self._client_id, millis(self._clock.now()), self._client_secret)

    async def _serve(self, line: ClientConnection, store: Store) -> None:
        beat = asyncio.create_task(self._beat(line))
        try:
            while True:
                async with asyncio.timeout(self._rhythm.silence):
                    text = await line.recv()
                await self._take(line, text, store)
        finally:
            beat.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketException):
                await beat

    async def _beat(self, line: ClientConnection) -> None:
        while True:
            await line.send(json.dumps({"commandType": "HeartBeat", "time": millis(self._clock.now())}))
            await asyncio.sleep(self._rhythm.heartbeat)

    async def _take(self, line: ClientConnection, text: str | bytes, store: Store) -> None:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            _log.warning("message.unreadable", shop=self._shop, size=len(text))  # it has no id: nothing to receipt
            return
        if not isinstance(frame, dict) or frame.get("commandType") != "Common":
            return
        event = event_of(frame)
        mall = json.loads(event.body)["mall_id"]
        if self._mall_id and mall and mall != self._mall_id:
            # Another shop of the same app: its own listener must store it, so it is not ours to receipt.
            if mall not in self._strangers:
                self._strangers.add(mall)
                _log.warning("message.foreign_shop", shop=self._shop, mall_id=mall)
            return
        try:
            await store([event])
        except Exception as problem:
            _log.exception("message.not_stored", shop=self._shop, kind=event.kind)
            raise _NotStored from problem
        self._heard = True
        self._health.answered()
        await line.send(json.dumps(self._receipt(frame, event)))

    def _receipt(self, frame: Row, event: PushEvent) -> dict[str, Any]:
        message = frame.get("message")
        return {
            "commandType": "Ack",
            "id": frame.get("id"),
            "time": millis(self._clock.now()),
            "sendTime": frame.get("sendTime"),
            "type": event.kind,
            "mallID": message.get("mallID") if isinstance(message, dict) else None,
        }


def event_of(frame: Row) -> PushEvent:
    """A frame as the inbox keeps it. A frame of an unknown shape is kept too: it is judged later and blocks nobody."""
    message = frame.get("message")
    message = message if isinstance(message, dict) else {}
    content = message.get("content")
    if isinstance(content, str):
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            content = None
    content = content if isinstance(content, dict) else {}
    kind = message.get("type")
    kind = values.clean(kind, 80) if isinstance(kind, str) else ""
    order_sn = _ident(content, "tid") or _ident(content, "order_sn")
    body = {
        "id": frame.get("id"),
        "sent": frame.get("sendTime"),
        "mall_id": _ident(message, "mallID") or _ident(content, "mall_id"),
        "content": content,
    }
    return PushEvent(
        kind=kind or "unreadable",
        dedupe=f"{kind}:{frame.get('id')}",
        body=json.dumps(body, ensure_ascii=False),
        order_number=order_sn,
    )


def content_of(event: PushEvent) -> Row:
    """The decoded content of a stored message; empty when it was unreadable."""
    content = json.loads(event.body).get("content")
    return content if isinstance(content, dict) else {}


def _ident(row: Row, name: str) -> str:
    try:
        return values.ident(row, name)
    except Unmappable:
        return ""
