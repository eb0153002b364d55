"""Stream mode: a WebSocket that we open, receipts only after storing, replaced before it breaks.

A `disconnect` notice means that this connection hears nothing more: a new one is opened while the old one is still read.
Zombie connections answer pings and deliver nothing, so a connection that has been without any message for a while is
replaced in the same way. When no connection was alive for a moment, `on_gap` is told from when to when.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import quote

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from domain.clock import Clock
from domain.errors import DeskError, NeedsAuthorization, ProtocolBroken, Unavailable
from integrations._kit.health import Health

_log = structlog.get_logger("integrations.dingtalk")
MAX_FRAME = 1024 * 1024
_BATCH = 100
_dice = random.SystemRandom()
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds: pings, patience for pongs, silence that makes a zombie suspect, waits between tries, overlap of two lines."""

    ping: float = 20.0
    pong: float = 10.0
    connect: float = 10.0
    idle: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    good_after: float = 30.0  # a connection that lived this long resets the waits
    overlap: float = 12.0  # the platform closes 10 s after its notice
    gap: float = 1.0  # shorter holes are not worth a sentence


@dataclass(frozen=True, slots=True)
class Frame:
    """One push. `data` is the decoded JSON text."""

    kind: str  # CALLBACK, EVENT
    topic: str
    message_id: str
    headers: Row
    data: Row


@dataclass(frozen=True, slots=True)
class Ack:
    """What the platform is told: a code and the JSON of `data`."""

    code: int
    data: Row


Handle = Callable[[Sequence[Frame]], Awaitable[Sequence[Ack]]]
"""Stores the frames, then gives their receipts. Whatever it raises, nothing is receipted and it all comes again."""
Open = Callable[[], Awaitable[tuple[str, str]]]
OnGap = Callable[[datetime | None, datetime], Awaitable[None]]
"""(since, until) of a time in which nobody heard anything. `since` is None for the first connection."""


class Why(Enum):
    LOST = "lost"
    NOTICE = "notice"
    IDLE = "idle"


@dataclass(eq=False)
class Line:
    socket: ClientConnection
    opened: float
    heard_at: datetime
    stale: bool = False  # the pongs stopped: it was dead for longer than we knew
    live: bool = True
    hole: tuple[datetime, datetime] | None = None  # nobody heard anything from when to when, before this line
    frames: asyncio.Queue[Frame | None] = field(default_factory=asyncio.Queue)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class StreamClient:
    """`connections` slots, each with one connection (two while one replaces the other)."""

    def __init__(
        self,
        open_: Open,
        *,
        clock: Clock,
        on_gap: OnGap,
        connections: int = 1,
        rhythm: Rhythm | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._open, self._clock, self._on_gap = open_, clock, on_gap
        self._connections, self._rhythm, self._sleep = connections, rhythm or Rhythm(), sleep
        self._health = Health("dingtalk.stream")
        self._live = 0
        self._down_since: datetime | None = None
        self._first = True  # nothing was heard yet in this life
        self._retiring: set[asyncio.Task[None]] = set()
        self.opened = 0

    @property
    def live(self) -> int:
        """Connections that hear."""
        return self._live

    @property
    def gap_seconds(self) -> float:
        """Shorter holes are not worth a sentence."""
        return self._rhythm.gap

    async def run(self, handle: Handle) -> None:
        """Until cancelled. Raises NeedsAuthorization when the app's own secret is refused."""
        slots = [asyncio.create_task(self._slot(handle)) for _ in range(self._connections)]
        try:
            done, _ = await asyncio.wait(slots, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for task in (*slots, *self._retiring):
                task.cancel()
            await asyncio.gather(*slots, *self._retiring, return_exceptions=True)
            self._live, self._down_since = 0, self._down_since or self._clock.now()

    async def _slot(self, handle: Handle) -> None:
        wait, loop = self._rhythm.first_wait, asyncio.get_running_loop()
        while True:
            try:
                line = await self._connect(handle)
            except NeedsAuthorization:
                raise
            except (DeskError, OSError, TimeoutError, WebSocketException) as lost:
                self._health.failed(lost)
                await self._sleep(wait * (0.75 + _dice.random() / 2))
                wait = min(wait * 2, self._rhythm.longest_wait)
                continue
            try:
                self._up(line)
                why = await self._serve(line)
            except BaseException:
                await self._close(line)
                raise
            self._down(line)
            if loop.time() - line.opened >= self._rhythm.good_after:
                wait = self._rhythm.first_wait
                early = False
            else:
                early = why is not Why.IDLE
            if why is Why.LOST:
                self._health.failed(Unavailable("connection lost"))
                await self._close(line)
            else:
                _log.info("stream.replaced", why=why.value)
                retiring = asyncio.create_task(self._retire(line))
                self._retiring.add(retiring)
                retiring.add_done_callback(self._retiring.discard)
            # An old connection that ends is replaced at once; one that hardly lived smells of a storm.
            if early:
                await self._sleep(wait * (0.75 + _dice.random() / 2))
                wait = min(wait * 2, self._rhythm.longest_wait)

    async def _connect(self, handle: Handle) -> Line:
        async with asyncio.timeout(self._rhythm.connect):
            endpoint, ticket = await self._open()
        if not endpoint.startswith(("wss://", "ws://")):
            raise ProtocolBroken("connections/open: endpoint")
        socket = await connect(
            f"{endpoint}?ticket={quote(ticket, safe='')}",
            max_size=MAX_FRAME,
            ping_interval=None,
            proxy=None,
            open_timeout=self._rhythm.connect,
            close_timeout=1,
        )
        self.opened += 1
        line = Line(socket, asyncio.get_running_loop().time(), self._clock.now())
        line.tasks = [asyncio.create_task(self._ping(line)), asyncio.create_task(self._work(line, handle))]
        return line

    # --- who is alive ---

    def _up(self, line: Line) -> None:
        self._live += 1
        since, self._down_since = self._down_since, None
        if since is not None:
            line.hole = (since, self._clock.now())

    async def _proved(self, line: Line) -> None:
        """The line answered or brought something: only now is the hole before it known to be over."""
        line.heard_at = self._clock.now()
        self._health.answered()
        hole, line.hole = line.hole, None
        if self._first:
            self._first = False
            await self._on_gap(None, line.heard_at)
        elif hole is not None and (hole[1] - hole[0]).total_seconds() >= self._rhythm.gap:
            _log.warning("stream.gap", seconds=round((hole[1] - hole[0]).total_seconds(), 1))
            await self._on_gap(*hole)

    def _down(self, line: Line) -> None:
        if not line.live:
            return
        line.live = False
        self._live -= 1
        if self._live == 0:
            died = line.heard_at if line.stale else self._clock.now()
            self._down_since = line.hole[0] if line.hole else died

    # --- one line ---

    async def _serve(self, line: Line) -> Why:
        """Read until the line is lost or should be replaced."""
        while True:
            try:
                async with asyncio.timeout(self._rhythm.idle):
                    text = await line.socket.recv()
            except TimeoutError:
                return Why.IDLE
            except (WebSocketException, OSError):
                return Why.LOST
            await self._proved(line)
            if await self._take(line, text):
                return Why.NOTICE

    async def _retire(self, line: Line) -> None:
        """Go on reading what may still come, then close."""
        try:
            with contextlib.suppress(TimeoutError, WebSocketException, OSError):
                async with asyncio.timeout(self._rhythm.overlap):
                    while True:
                        await self._take(line, await line.socket.recv())
        finally:
            await self._close(line)

    async def _take(self, line: Line, text: str | bytes) -> bool:
        """Queue or answer one frame; True for the `disconnect` notice."""
        frame = _parse(text)
        if frame is None:
            _log.warning("stream.unreadable", size=len(text))
            return False
        if frame.kind == "SYSTEM":
            if frame.topic == "ping":
                with contextlib.suppress(WebSocketException, OSError):
                    await line.socket.send(_receipt(frame, Ack(200, frame.data)))
            return frame.topic == "disconnect"
        if frame.kind in ("CALLBACK", "EVENT") and frame.message_id:
            line.frames.put_nowait(frame)
        else:
            _log.warning("stream.strange_frame", kind=frame.kind[:20])
        return False

    async def _ping(self, line: Line) -> None:
        with contextlib.suppress(WebSocketException, OSError):
            while True:
                try:
                    # Not `wait_for`: before Python 3.12 it loses a cancellation that meets the pong.
                    async with asyncio.timeout(self._rhythm.pong):
                        await (await line.socket.ping())
                except TimeoutError:
                    line.stale = True
                    _log.warning("stream.half_open")
                    line.socket.transport.abort()
                    return
                await self._proved(line)
                await asyncio.sleep(self._rhythm.ping)

    async def _work(self, line: Line, handle: Handle) -> None:
        """Store in the order of arrival, many at once when many wait; receipt on the line they came from."""
        while (frame := await line.frames.get()) is not None:
            batch = [frame]
            while len(batch) < _BATCH and not line.frames.empty():
                following = line.frames.get_nowait()
                if following is None:
                    line.frames.put_nowait(None)
                    break
                batch.append(following)
            try:
                acks = await handle(batch)
            except Exception:
                # Not on disk, so not receipted: the platform sends a message without receipt once more.
                _log.exception("stream.not_stored", frames=len(batch))
                continue
            with contextlib.suppress(WebSocketException, OSError):
                for each, ack in zip(batch, acks, strict=True):
                    await line.socket.send(_receipt(each, ack))

    async def _close(self, line: Line) -> None:
        self._down(line)
        line.frames.put_nowait(None)
        pinging, working = line.tasks
        pinging.cancel()
        # What was received is stored even though the line is gone.
        await asyncio.wait({working}, timeout=5)
        with contextlib.suppress(WebSocketException, OSError):
            await line.socket.close()
        working.cancel()
        await asyncio.gather(pinging, working, return_exceptions=True)


def _parse(text: str | bytes) -> Frame | None:
    try:
        raw = json.loads(text)
        headers = raw.get("headers") or raw.get("header") or {}
        data = raw.get("data")
        data = json.loads(data) if isinstance(data, str) and data else data
    except (ValueError, RecursionError, AttributeError):
        return None
    if not isinstance(headers, dict):
        return None
    return Frame(
        str(raw.get("type", "")),
        str(headers.get("topic", "")),
        str(headers.get("messageId", "")),
        headers,
        data if isinstance(data, dict) else {},
    )


def _receipt(frame: Frame, ack: Ack) -> str:
    whole = {
        "code": ack.code,
        "headers": {"contentType": "application/json", "messageId": frame.message_id},
        "message": "OK" if ack.code == 200 else "refused",
        "data": json.dumps(ack.data, ensure_ascii=False),
    }
    return json.dumps(whole, ensure_ascii=False)
