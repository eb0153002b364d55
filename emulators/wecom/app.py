"""The emulated platform as an ASGI app: `/` the long connection, `/cgi-bin/…` the API, `/_emulator/…` the side door.

Faults by endpoint path (`faults.plan("reset", "/cgi-bin/message/send")`): busy (-1) · crowded (45033) · often (45009) ·
forbidden (48002) · disabled (50003) · reset (hangs up before anything happened) · lost (done, then hangs up) · slow ·
garbage · 500. Those of the line and of callbacks are named in line.py and callbacks.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from emulators.kit import Dropped, EmulatorClock, Faults, Journal
from emulators.wecom import control, phone
from emulators.wecom.callbacks import Callbacks
from emulators.wecom.calls import Calls
from emulators.wecom.contacts import Contacts
from emulators.wecom.line import Lines
from emulators.wecom.people import People
from emulators.wecom.problems import Problem
from emulators.wecom.state import Asked, State

_CODES = {"busy": -1, "crowded": 45033, "often": 45009, "forbidden": 48002, "disabled": 50003}
_BAN_SECONDS = 60


class WecomEmulator:
    """One company on WeCom."""

    def __init__(
        self,
        *,
        clock: EmulatorClock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.clock = clock or EmulatorClock()
        self.journal, self.faults = Journal(), Faults()
        self.state = State(self.clock, self.journal)
        self.switches = self.state.switches
        self.lines = Lines(self.state, self.faults, sleep)
        self.callbacks = Callbacks(self.state, self.faults)
        self.calls = Calls(self.state)
        self.people = People(self)
        self.contacts = Contacts(self)
        self.calls.routes |= self.contacts.routes
        self.public_url = "https://qyapi.weixin.qq.com"
        self.banned_until: dict[str, float] = {}
        self._sleep = sleep
        routes = [
            *control.routes(self),
            Route("/_emulator/phone", phone.page(self)),
            Route("/files/{name}", self._file),
            Route("/{path:path}", self._serve, methods=["GET", "POST"]),
            WebSocketRoute("/{path:path}", self.lines.serve),
        ]
        self._asgi = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    async def deliver(self, body: dict[str, Any], asked: Asked) -> None:
        """One callback, the way the robot is set to: a switch to the other way disables this one at once.

        Pictures alone, voice, files and videos reach a robot in direct talks only.
        """
        if body.get("chattype") == "group" and body.get("msgtype") in ("image", "voice", "file", "video"):
            self.journal.note(self.clock.now(), "undelivered", {"msgtype": body["msgtype"]}, None)
            return
        if self.people.way == "line":
            asked.url_used = not self.switches.line_response_url  # without an address there is none to use
            if self.switches.line_response_url:
                body = {**body, "response_url": f"{self.public_url}/cgi-bin/aibot/response?response_code=RC{asked.req_id}"}
            await self.lines.callback(body, asked)
        else:
            await self.callbacks.send(body, asked)

    async def _file(self, request: Request) -> Response:
        found = self.state.files.get(request.path_params["name"])
        if found is None or found[1] < self.clock.now():
            return Response(status_code=403)
        return Response(found[0], headers={"content-disposition": 'attachment; filename="file.bin"'})

    async def _serve(self, request: Request) -> Response:
        path, raw = request.url.path, await request.body()
        fault = self.faults.take(path)
        if fault == "reset":
            return _Hangup()
        if fault == "slow":
            await self._sleep(30)
        if fault in ("garbage", "500"):
            return Response("<html>bad gateway</html>", 500 if fault == "500" else 200)
        self.calls.address = request.client.host if request.client else ""
        if path == "/cgi-bin/media/get" and not fault:
            return self._media(dict(request.query_params))
        answer, effect = self._answer(path, dict(request.query_params), raw, fault)
        self.journal.note(self.clock.now(), path, _thin(raw), answer.get("errcode"), effect)
        if fault == "lost":
            return _Hangup()
        date = formatdate(self.clock.now(), usegmt=True)
        text = json.dumps(answer, ensure_ascii=False)
        return Response(text, media_type="application/json", headers={"date": date})

    def _media(self, query: dict[str, str]) -> Response:
        """The one call whose yes is a file and whose no is JSON, both with HTTP 200."""
        now = self.clock.now()
        try:
            kind, content = self.calls.file(query)
        except Problem as problem:
            self.calls.failed()
            self.journal.note(now, "/cgi-bin/media/get", {"media_id": query.get("media_id")}, problem.code)
            return Response(json.dumps(problem.body), media_type="application/json")
        self.journal.note(now, "/cgi-bin/media/get", {"media_id": query.get("media_id")}, 0, "")
        media = {"image": "image/png", "voice": "voice/amr", "video": "video/mp4"}.get(kind, "application/octet-stream")
        return Response(content, headers={"content-type": media, "content-disposition": 'attachment; filename="file"'})

    def _answer(self, path: str, query: dict[str, str], raw: bytes, fault: str) -> tuple[dict[str, Any], str]:
        call = self.calls.routes.get(path)
        try:
            if fault in _CODES:
                if fault == "often":
                    self.banned_until[path] = self.clock.now() + _BAN_SECONDS
                raise Problem(_CODES[fault])
            if self.banned_until.get(path, 0.0) > self.clock.now() or self.calls.blocked:
                raise Problem(45009)
            if call is None:
                raise Problem(48002)
            try:
                body = json.loads(raw) if raw.lstrip()[:1] in (b"{", b"[") else {}
            except ValueError as broken:
                raise Problem(40058) from broken
            answer, effect = call(query, body if isinstance(body, dict) else {}, raw)
        except Problem as problem:
            self.calls.failed()
            return problem.body, ""
        return {"errcode": 0, "errmsg": "ok", **answer}, effect


def _thin(raw: bytes) -> Any:
    try:
        body = json.loads(raw)
    except ValueError:
        return None if not raw else f"{len(raw)} bytes"
    return body if isinstance(body, dict) and len(raw) < 20_000 else f"{len(raw)} bytes"


class _Hangup(Response):
    """Begins an answer and hangs up."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b'{"err', "more_body": True})
        raise Dropped("hung up")
