"""The emulated platform as an ASGI app: gate, faults, calls, messages, journal; `/_emulator/…` is the tester's side door.

Faults (`faults.plan(name, call)`, `faults.always[call] = name`; call is the API's type, e.g. "pdd.refund.agree", or "*"):
500 · garbage · cut · no-data · drop-before · drop-after-commit · half-page, and the refusals of `problems.REFUSALS`:
throttle · too-frequent · unavailable · expired-token · bad-client · bad-ip · scope · consent · business
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from emulators.kit import Dropped, EmulatorClock, Faults, Journal
from emulators.pinduoduo import control
from emulators.pinduoduo.buyers import Buyers
from emulators.pinduoduo.calls import CALLS, Platform, Result
from emulators.pinduoduo.gate import Gate
from emulators.pinduoduo.messages import Messages
from emulators.pinduoduo.problems import REFUSALS, Problem
from emulators.pinduoduo.state import Row, State, Switches

CLIENT_ID = "emulated-client-0123456789abcdef"
CLIENT_SECRET = "emulated-client-secret"  # noqa: S105 (the emulator's own)
MALL_ID = 171504183
_EFFECT_FIRST = frozenset({"garbage", "cut", "drop-after-commit", "no-data", "half-page"})


class PinduoduoEmulator:
    """One emulated platform with one shop. Mount it as an ASGI app; `buyers` acts, `journal` tells what really happened."""

    def __init__(
        self,
        *,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        mall_id: int = MALL_ID,
        clock: EmulatorClock | None = None,
        switches: Switches | None = None,
    ) -> None:
        self.client_id, self.client_secret, self.mall_id = client_id, client_secret, mall_id
        self.clock = clock or EmulatorClock()
        self.journal, self.faults = Journal(), Faults()
        self.switches = switches or Switches()
        self.state = State(self.clock, mall_id, self.switches)
        self.state.return_addresses.append({"id": 77, "refund_address_id": "77", "is_default": "Y", "is_legal": True})
        self.messages = Messages(self.state, client_id, client_secret, self.clock, self.journal)
        self.buyers = Buyers(self.state, self.messages.emit)
        self.gate = Gate(self.state, client_id, client_secret)
        self._platform = Platform(self.state, self.buyers)
        socket = WebSocketRoute("/message/{client_id}/{ms}/{digest}", self.messages.serve)
        routes = [*control.routes(self), Route("/api/router", self._serve, methods=["POST"]), socket]
        self._asgi = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    async def _serve(self, request: Request) -> Response:
        raw = await request.body()
        form = dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))
        call = form.get("type", "")
        fault = self.faults.take(call)
        if fault == "drop-before":
            self._note(form, "dropped before anything happened")
            return _Hangup()
        if fault == "500":
            self._note(form, 500)
            return Response("upstream error", 500)
        answer, effect = self._answer(call, form, request.client.host if request.client else "", fault)
        if fault == "half-page":
            _halve(answer)
        self._note(form, answer, effect)
        if fault == "drop-after-commit":
            return _Hangup()
        if fault == "garbage":
            return Response("<html>502 Bad Gateway</html>")
        body = json.dumps(answer, ensure_ascii=False).encode()
        return Response(body[: len(body) // 2] if fault == "cut" else body, media_type="application/json")

    def _answer(self, call: str, form: Row, remote: str, fault: str) -> tuple[Row, str]:
        try:
            if fault in REFUSALS and not (fault == "expired-token" and call.startswith("pdd.pop.auth")):
                code, words = REFUSALS[fault]
                told = "该操作只能在商家后台进行" if fault == "business" else ""
                raise Problem(code, words, sub_code="isv.forbidden" if told else "", sub_msg=told)
            if fault and fault not in REFUSALS and fault not in _EFFECT_FIRST and fault != "expired-token":
                raise ValueError(f"no such fault: {fault}")
            self.gate.check(form, remote)
            result = self._perform(call, form)
        except Problem as problem:
            return problem.body, ""
        data = {} if fault == "no-data" else result.data
        return ({result.key: data} if result.key else data), result.effect

    def _perform(self, call: str, form: Row) -> Result:
        if call == "pdd.pop.auth.token.create":
            return Result("pop_auth_token_create_response", self.gate.create(form), "token issued")
        if call == "pdd.pop.auth.token.refresh":
            return Result("pop_auth_token_refresh_response", self.gate.refresh(form), "token refreshed")
        if call == "pdd.pmc.accrue.query":
            return Result("pmc_user_get_response", {"number": len(self.messages.waiting())})
        if call not in CALLS:
            raise Problem(20032, "应用没有此接口权限")
        try:
            return CALLS[call](self._platform, form)
        except ValueError as wrong:
            raise Problem(10000, "参数错误", sub_msg=str(wrong)[:80]) from wrong

    def _note(self, form: Row, answer: Any, effect: str = "") -> None:
        asked = {
            name: value for name, value in form.items() if name not in ("access_token", "sign", "refresh_token", "code")
        }
        self.journal.note(self.clock.now(), form.get("type", ""), asked, answer, effect)


def _halve(answer: Row) -> None:
    for data in answer.values():
        for name, rows in data.items() if isinstance(data, dict) else ():
            if isinstance(rows, list):
                data[name] = rows[: len(rows) // 2]


class _Hangup(Response):
    """Begins an answer and hangs up: over a socket the peer sees a cut connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b'{"x":', "more_body": True})
        raise Dropped("hung up")
