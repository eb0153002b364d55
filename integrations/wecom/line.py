"""The robot's long connection (path 101463): subscribe, ping, answers by request id, a new line before the old one goes.

WeCom acknowledges our frames with the request id only, replays nothing that was missed, lets one line per robot live and
punishes fast returns with 45009. So: every callback is stored before the next is read, and again until it is; a line is dead
when two pings stay unanswered, whatever TCP believes; a replacement is subscribed before the dead line is closed; and after
45009 or an eviction by somebody else nothing is tried for a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from domain.clock import Clock
from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected, Unavailable
from integrations._kit.health import Health

_log = structlog.get_logger("integrations.wecom")
Json = dict[str, Any]
Take = Callable[[Json], Awaitable[None]]
"""Keeps one callback frame; returns once it is safe. Tried again for as long as it raises."""
Back = Callable[[datetime | None, datetime], Awaitable[None]]
"""(since, until): the line was away in between, so people may have been unheard. `since` is None for the first line."""

MAX_FRAME = 4 * 1024 * 1024
TOO_OFTEN = 45009
PUSH_ID = "xp_"
"""How request ids of pushes begin: computed from the message's key, so that a repeat can find its late acknowledgement."""
_LATE_KEPT = 5_000
_BUSY = (-1, 45033, TOO_OFTEN)
_LOST = (OSError, TimeoutError, WebSocketException)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds. `silence` is how long a ping may stay unanswered; two such pings and the line is dead."""

    ping: float = 30.0
    silence: float = 10.0
    answer: float = 5.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    forbidden: float = 60.0  # after 45009 or an eviction


class TooOften(Unavailable):
    """The platform has counted too many (45009): nothing happened, and nothing will for a minute."""


class _TooOften(Exception):
    """The platform wants us to stay away for a minute."""


@dataclass(slots=True)
class _Asked:
    """A frame that waits for its acknowledgement. `owed` acknowledgements of earlier frames may come first."""

    answer: asyncio.Future[Json]
    owed: int
    seen: Json | None = None


@dataclass(slots=True)
class _Session:
    """One subscribed connection."""

    socket: ClientConnection
    inbox: asyncio.Queue[Json] = field(default_factory=asyncio.Queue)
    asked: dict[str, _Asked] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    kicked: bool = False
    heard_at: datetime | None = None


class Line:
    """One robot's connection, kept alive until cancelled."""

    def __init__(
        self,
        url: str,
        *,
        bot_id: str,
        secret: str,
        clock: Clock,
        rhythm: Rhythm | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        proxy: str | None = None,
    ) -> None:
        self._url = url
        self._bot_id, self._secret = bot_id, secret
        self._clock = clock
        self._rhythm = rhythm or Rhythm()
        self._sleep = sleep
        self._jitter = jitter
        self._proxy = proxy
        self._health = Health("wecom.line", bot_id)
        self._session: _Session | None = None
        self._down_since: datetime | None = None
        self._first = True  # nothing was heard yet in this life
        self._turns: dict[str, asyncio.Lock] = {}
        self._landed: dict[str, Json] = {}  # late acknowledgements of pushes: the message did arrive

    @property
    def up(self) -> bool:
        return self._session is not None

    async def run(self, take: Take, back: Back | None = None) -> None:
        """Receive until cancelled. Raises NeedsAuthorization when the platform does not accept the robot's secret."""
        wait = self._rhythm.first_wait
        opened: _Session | None = None
        try:
            while True:
                try:
                    opened = opened or await self._open()
                except _TooOften as held:
                    self._health.failed(held)
                    await self._pause(self._rhythm.forbidden)
                    continue
                except _LOST as lost:
                    self._health.failed(lost)
                    await self._pause(wait)
                    wait = min(wait * 2, self._rhythm.longest_wait)
                    continue
                wait = self._rhythm.first_wait
                session, opened = opened, None
                opened = await self._live(session, take, back)
                if opened is None:
                    self._down_since = self._down_since or self._clock.now()
                    await self._pause(self._rhythm.forbidden if session.kicked else wait)
        finally:
            self._down_since = self._down_since or self._clock.now()
            if opened is not None:
                await _close(opened)

    async def _pause(self, seconds: float) -> None:
        self._down_since = self._down_since or self._clock.now()
        await self._sleep(seconds * (1.0 + 0.3 * self._jitter()))

    async def _welcome_back(self, back: Back | None) -> None:
        since, self._down_since = self._down_since, None
        self._health.answered()
        first, self._first = self._first, False
        if (since is not None or first) and back is not None:
            try:
                await back(None if first else since, self._clock.now())
            except Exception:  # telling people must never cost the line
                _log.exception("line.gap_notice_failed")

    # --- one connection -----------------------------------------------------------------------------------------------

    async def _open(self) -> _Session:
        """Connect and subscribe. Raises _TooOften, NeedsAuthorization, and what a lost connection raises."""
        async with asyncio.timeout(2 * self._rhythm.answer):
            socket = await connect(self._url, max_size=MAX_FRAME, ping_interval=None, close_timeout=1.0, proxy=self._proxy)
        try:
            req_id = _new_id()
            body = {"bot_id": self._bot_id, "secret": self._secret}
            early: list[Json] = []
            async with asyncio.timeout(2 * self._rhythm.answer):
                await socket.send(_frame("aibot_subscribe", req_id, body))
                while (told := _read(await socket.recv())) is None or _request(told) != req_id:
                    if told is not None:
                        early.append(told)
            code = told.get("errcode")
            if code in _BUSY:
                raise _TooOften(str(code))
            if code != 0:
                raise NeedsAuthorization(f"wecom: subscribe refused ({code})")
        except BaseException:
            await socket.close()
            raise
        session = _Session(socket, heard_at=self._clock.now())
        for frame in early:
            session.inbox.put_nowait(frame)
        return session

    async def _live(self, session: _Session, take: Take, back: Back | None) -> _Session | None:
        """Serve a connection until it is lost. Gives its successor when one was opened before it went."""
        self._session = session
        reading = asyncio.create_task(self._read(session))
        keeping = asyncio.create_task(self._keep(session, take))
        beating = asyncio.create_task(self._beat(session))
        telling = asyncio.create_task(self._welcome_back(back))
        successor: _Session | None = None
        try:
            await asyncio.wait({reading, beating}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done() and not session.kicked:
                # Nothing is heard any more although TCP holds: the new line is subscribed before this one is given up.
                # It was deaf since it last said something, not since we found out.
                self._down_since = self._down_since or session.heard_at
                with contextlib.suppress(_TooOften, *_LOST):
                    successor = await self._open()
            self._health.failed(ConnectionError("silent" if successor else "closed"))
        finally:
            if self._session is session:
                self._session = None
            for asked in session.asked.values():
                if not asked.answer.done():
                    asked.answer.set_exception(OutcomeUnknown("wecom: the line was lost before the answer came"))
                    asked.answer.exception()  # whoever waits sees it; nobody waiting is fine too
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            await self._finish(session, reading, beating, keeping)
        return successor

    async def _finish(self, session: _Session, *tasks: asyncio.Task[None]) -> None:
        reading, beating, keeping = tasks
        for task in (reading, beating):
            task.cancel()
        await asyncio.gather(reading, beating, return_exceptions=True)
        await _close(session)
        # WeCom sends nothing twice: what was heard is kept before we go, even when we are told to go.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._rhythm.answer):
                await session.inbox.join()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        if not session.inbox.empty():
            _log.error("line.callbacks_lost", count=session.inbox.qsize())

    async def _read(self, session: _Session) -> None:
        with contextlib.suppress(WebSocketException):
            while True:
                frame = _read(await session.socket.recv())
                session.heard_at = self._clock.now()
                if frame is None:
                    _log.warning("line.frame_unreadable")
                elif "cmd" not in frame:
                    if _late(session, frame):
                        self._landed[_request(frame)] = {}
                        while len(self._landed) > _LATE_KEPT:
                            del self._landed[next(iter(self._landed))]
                elif _evicts(frame):
                    # Ours when a successor has just subscribed; somebody else with our secret otherwise.
                    session.kicked = True
                    _log.warning("line.evicted")
                    return
                else:
                    session.inbox.put_nowait(frame)

    async def _keep(self, session: _Session, take: Take) -> None:
        while True:
            frame = await session.inbox.get()
            wait = 0.2
            while True:
                try:
                    await take(frame)
                    break
                except Exception:  # whatever it is, the frame is all there is of that message
                    _log.exception("line.not_stored")
                    await self._sleep(wait)
                    wait = min(wait * 2, 10.0)
            session.inbox.task_done()

    async def _beat(self, session: _Session) -> None:
        missed = 0
        while missed < 2:
            if not missed:
                await self._sleep(self._rhythm.ping)
            try:
                await self._ask_on(session, "ping", None, _new_id(), self._rhythm.silence)
                missed = 0
            except (OutcomeUnknown, Unavailable):
                missed += 1
            except Rejected as no:
                _log.warning("line.ping_refused", code=no.code)

    # --- asking -------------------------------------------------------------------------------------------------------

    async def ask(self, cmd: str, body: Json, *, req_id: str = "") -> Json:
        """Send one command and give its acknowledgement's body. With a `req_id` (a callback's, or one computed from a
        message's key): one at a time, and not again when its acknowledgement came after we had stopped waiting.

        Raises Unavailable without a line (nothing was sent), OutcomeUnknown when the answer stays away, Rejected.
        """
        if req_id in self._landed:
            return self._landed.pop(req_id)
        session = self._session
        if session is None:
            raise Unavailable("wecom: the long connection is down", retry_after=2.0)
        if not req_id:
            return await self._ask_on(session, cmd, body, _new_id(), self._rhythm.answer)
        turn = self._turns.setdefault(req_id, asyncio.Lock())
        if len(self._turns) > 5_000:
            self._turns = {name: lock for name, lock in self._turns.items() if lock.locked() or name == req_id}
        async with turn:
            return await self._ask_on(session, cmd, body, req_id, self._rhythm.answer)

    async def _ask_on(self, session: _Session, cmd: str, body: Json | None, req_id: str, patience: float) -> Json:
        asked = _Asked(asyncio.get_running_loop().create_future(), session.owed.get(req_id, 0))
        session.asked[req_id] = asked
        try:
            try:
                await session.socket.send(_frame(cmd, req_id, body))
            except WebSocketException as lost:
                raise OutcomeUnknown(f"wecom: {cmd}: the line broke") from lost
            told = await self._answer(session, asked, req_id, cmd, patience)
        finally:
            session.asked.pop(req_id, None)
        code = told.get("errcode", 0)
        if code == TOO_OFTEN:
            raise TooOften(f"wecom: {cmd}: too often", retry_after=self._rhythm.forbidden)
        if code in _BUSY:
            raise Unavailable(f"wecom: {cmd}: busy ({code})", retry_after=2.0)
        if code != 0:
            raise Rejected(str(code), str(told.get("errmsg", "")).partition(", hint")[0][:200])
        found = told.get("body")
        return found if isinstance(found, dict) else {}

    async def _answer(self, session: _Session, asked: _Asked, req_id: str, cmd: str, patience: float) -> Json:
        try:
            async with asyncio.timeout(patience):
                return await asked.answer
        except TimeoutError as late:
            # Acknowledgements name no frame, only the request. Frames of one request repeat the same content, so any
            # acknowledgement that came says that it arrived; without one, a later one must not be credited to the next.
            if asked.seen is not None:
                session.owed[req_id] = asked.owed
                return asked.seen
            session.owed[req_id] = asked.owed + 1
            raise OutcomeUnknown(f"wecom: {cmd}: no answer in time") from late


def _late(session: _Session, frame: Json) -> bool:
    """Hand an acknowledgement to whoever waits for it. True for a good one of a push that nobody waits for any more."""
    req_id = _request(frame)
    asked = session.asked.get(req_id)
    if asked is None:
        owed = session.owed.get(req_id, 0)
        if owed:
            session.owed[req_id] = owed - 1
        return bool(owed) and req_id.startswith(PUSH_ID) and frame.get("errcode") == 0
    if asked.owed:
        asked.owed -= 1
        session.owed[req_id] = asked.owed
        asked.seen = frame
    elif not asked.answer.done():
        session.owed.pop(req_id, None)
        asked.answer.set_result(frame)
    return False


async def _close(session: _Session) -> None:
    with contextlib.suppress(*_LOST):
        async with asyncio.timeout(1.0):
            await session.socket.close()


def _evicts(frame: Json) -> bool:
    body = frame.get("body")
    event = body.get("event") if isinstance(body, dict) else None
    return isinstance(event, dict) and event.get("eventtype") == "disconnected_event"


def _frame(cmd: str, req_id: str, body: Json | None) -> str:
    frame: Json = {"cmd": cmd, "headers": {"req_id": req_id}}
    if body is not None:
        frame["body"] = body
    return json.dumps(frame, ensure_ascii=False)


def _read(text: str | bytes) -> Json | None:
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return frame if isinstance(frame, dict) else None


def _request(frame: Json) -> str:
    headers = frame.get("headers")
    found = headers.get("req_id") if isinstance(headers, dict) else None
    return found if isinstance(found, str) else ""


def _new_id() -> str:
    return f"xd_{secrets.token_hex(12)}"
