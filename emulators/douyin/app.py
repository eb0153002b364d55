"""The emulated platform as an ASGI app: gate, faults, calls, journal; `/_emulator/…` is the tester's side door.

Faults (`faults.plan(name, call)`, `faults.always[call] = name`; call is the method, e.g. "afterSale.operate", or "*"):
500 · garbage · cut · no-data · throttle · consent · bad-ip · expired-token · clock · platform-fault · business · stale ·
drop-before · drop-after-commit · slow · half-page
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulators.douyin import control, problems
from emulators.douyin.buyers import Buyers
from emulators.douyin.calls import CALLS, Platform, Result
from emulators.douyin.gate import Gate
from emulators.douyin.problems import Problem
from emulators.douyin.pushes import Pushes
from emulators.douyin.state import Shop, State
from emulators.kit import Dropped, EmulatorClock, Faults, Journal

APP_KEY = "7000000000000000001"
APP_SECRET = "emulated-app-secret"  # noqa: S105 (the emulator's own)
SHOP_ID = 4463798

_REFUSALS: dict[str, Callable[[], Problem]] = {
    "throttle": problems.throttled,
    "consent": problems.consent_withdrawn,
    "bad-ip": problems.bad_ip,
    "expired-token": lambda: problems.bad_token("expired"),
    "clock": problems.bad_timestamp,
    "platform-fault": problems.platform_fault,
    "business": lambda: problems.business("11001", "该操作只能在商家后台进行"),
    "stale": problems.state_changed,
}


class DouyinEmulator:
    """One emulated platform with any number of shops. Mount it as an ASGI app."""

    def __init__(
        self,
        *,
        app_key: str = APP_KEY,
        app_secret: str = APP_SECRET,
        shops: dict[int, str] | None = None,
        clock: EmulatorClock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.app_key, self.app_secret = app_key, app_secret
        self.clock = clock or EmulatorClock()
        self.journal, self.faults = Journal(), Faults()
        self.state = State(
            self.clock, {number: Shop(number, name) for number, name in (shops or {SHOP_ID: "旗舰店"}).items()}
        )
        self.pushes = Pushes(app_key, app_secret, self.clock, self.journal)
        self.buyers = Buyers(self.state, self.pushes)
        self.gate = Gate(self.state, app_key, app_secret)
        self._platform = Platform(self.state, self.buyers)
        self._sleep = sleep
        routes = [*control.routes(self), Route("/{path:path}", self._serve, methods=["POST"])]
        self._asgi = Starlette(routes=routes, lifespan=self._lifespan)

    @property
    def shop_id(self) -> int:
        return next(iter(self.state.shops))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Served on a socket, pushes leave by themselves."""
        task = asyncio.create_task(self.pushes.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _serve(self, request: Request) -> Response:
        method = request.path_params["path"].replace("/", ".")
        raw = await request.body()
        fault = self.faults.take(method)
        if fault == "drop-before":
            self._note(method, raw, "dropped before anything happened")
            return _Hangup()
        if fault == "slow":
            await self._sleep(30)
        if fault == "500":
            self._note(method, raw, 500)
            return Response("upstream error", 500)
        if fault == "garbage":
            self._note(method, raw, "garbage")
            return Response("<html>502 Bad Gateway</html>")
        answer, effect = self._answer(method, request, raw, fault)
        self._note(method, raw, answer, effect)
        if fault == "drop-after-commit":
            return _Hangup()
        text = json.dumps(answer, ensure_ascii=False).encode()
        if fault == "cut":
            text = text[: len(text) // 2]
        date = formatdate(self.clock.now(), usegmt=True)
        return Response(text, media_type="application/json", headers={"date": date})

    def _answer(self, method: str, request: Request, raw: bytes, fault: str) -> tuple[dict[str, Any], str]:
        log = {"log_id": f"{self.state.serial():020d}"}
        try:
            if fault in _REFUSALS and (fault not in ("expired-token", "clock") or not method.startswith("token.")):
                refusal = _REFUSALS[fault]
                raise refusal()
            result = self._perform(method, request, raw, half=fault == "half-page")
        except Problem as problem:
            return {**problem.body, "data": None, **log}, ""
        data = None if fault == "no-data" else result.data
        if method.startswith("token.") and self.gate.old_token_replies:
            return {"err_no": 0, "message": "success", "data": data, **log}, result.effect
        return {"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "data": data, **log}, result.effect

    def _perform(self, method: str, request: Request, raw: bytes, *, half: bool) -> Result:
        query = dict(request.query_params)
        remote = request.client.host if request.client else ""
        self.gate.check(query, method, raw, remote)
        try:
            params = json.loads(raw)
        except ValueError as broken:
            raise problems.bad_parameter("param_json 不是 JSON") from broken
        if method == "token.create":
            return Result(self.gate.create(params), "token issued")
        if method == "token.refresh":
            return Result(self.gate.refresh(params), "token refreshed")
        shop = self.gate.shop(query.get("access_token", ""))
        if method not in CALLS:
            raise problems.no_permission()
        self._platform.half_pages = half
        return CALLS[method](self._platform, shop, params)

    def _note(self, method: str, raw: bytes, answer: Any, effect: str = "") -> None:
        try:
            asked = json.loads(raw)
        except ValueError:
            asked = None
        self.journal.note(self.clock.now(), method, asked, answer, effect)


class _Hangup(Response):
    """Begins an answer and hangs up: over a socket the peer sees a cut connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b'{"code":', "more_body": True})
        raise Dropped("hung up")
