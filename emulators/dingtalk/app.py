"""The emulated platform as an ASGI app: one port plays `api.`, `oapi.` and the Stream gateway.

Faults (`faults.plan(name, call)`, `faults.always[call] = name`): 500 · 504 (delivered all the same) · 504-before · garbage ·
drop-before · drop-after-commit · ban (JSON) · ban-html · hang, and what `problems.py` names. Calls: token ·
gateway.open · robot.group · robot.oto · robot.recall · robot.download · card.createAndDeliver · card.create · card.deliver ·
card.update · card.register · session · webhook · media · auth.scopes · department.listsub · department.get · user.list ·
user.get · user.getbyunionid.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from emulators.dingtalk import control, phone
from emulators.dingtalk.cards import Cards
from emulators.dingtalk.contacts import Contacts
from emulators.dingtalk.people import People
from emulators.dingtalk.problems import OLD_REFUSALS, REFUSALS, OldProblem, Problem, Row
from emulators.dingtalk.robots import Robots
from emulators.dingtalk.state import TOKEN_LIFE, State, Switches
from emulators.dingtalk.stream import Gateway
from emulators.kit import Dropped, EmulatorClock, Faults, Journal

CLIENT_ID = "dingemulatedclient01"
CLIENT_SECRET = "emulated-client-secret-0123456789"  # noqa: S105 (the emulator's own)
_BAN = {"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "emulated"}
_OLD = frozenset({"session", "webhook", "media"})
Work = Callable[[], Awaitable[tuple[Any, str]]]


class DingTalkEmulator:
    """One organisation and one app. `people` act, `gateway` bends the stream, `journal` tells what really happened."""

    def __init__(
        self,
        *,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        clock: EmulatorClock | None = None,
        switches: Switches | None = None,
    ) -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.clock = clock or EmulatorClock()
        self.switches = switches or Switches()
        self.journal, self.faults = Journal(), Faults()
        self.bot_name = "小单"
        self.base_url = "http://127.0.0.1"  # learned from the first request; tests may set it
        self.state = State(self.clock, client_id, client_secret, self.switches)
        self.gateway = Gateway(self.state, self.journal, lambda: self.base_url)
        self.cards = Cards(self.state, self.journal)
        self.robots = Robots(self.state)
        self.people = People(self)
        self.contacts = Contacts(self)
        self._asgi = Starlette(routes=self._routes())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = dict(scope["headers"]).get(b"host", b"").decode()
            if host:
                self.base_url = f"http://{host}"
        await self._asgi(scope, receive, send)

    def _routes(self) -> list[Any]:
        new, post = self._new, ["POST"]
        return [
            *control.routes(self),
            *phone.routes(self),
            WebSocketRoute("/connect", self.gateway.serve),
            Route("/v1.0/gateway/connections/open", self._open, methods=post),
            Route("/v1.0/oauth2/accessToken", self._token, methods=post),
            Route("/v1.0/oauth2/{corp}/token", self._unified_token, methods=post),
            Route("/gettoken", self._old_token, methods=["GET"]),
            Route("/v1.0/robot/groupMessages/send", new("robot.group", self.robots.group_send), methods=post),
            Route("/v1.0/robot/oToMessages/batchSend", new("robot.oto", self.robots.batch_send), methods=post),
            Route("/v1.0/robot/groupMessages/recall", new("robot.recall", self.robots.recall), methods=post),
            Route(
                "/v1.0/robot/getBotListInGroup",
                new("robot.list", lambda body: (self.robots.in_group(body), ""), "qyapi_chat_manage"),
                methods=post,
            ),
            Route(
                "/v1.0/robot/messageFiles/download",
                new("robot.download", lambda body: (self.robots.download(body, self.base_url), "")),
                methods=post,
            ),
            Route("/v1.0/card/instances/createAndDeliver", self._card("createAndDeliver"), methods=post),
            Route("/v1.0/card/instances/deliver", self._card("deliver"), methods=post),
            Route("/v1.0/card/instances", self._card("create"), methods=post),
            Route("/v1.0/card/instances", self._card("update"), methods=["PUT"]),
            Route("/v1.0/card/callbacks/register", new("card.register", self._register), methods=post),
            Route("/robot/sendBySession", self._session, methods=post),
            Route("/robot/send", self._webhook, methods=post),
            Route("/media/upload", self._upload, methods=post),
            Route("/auth/scopes", self._contacts, methods=["GET", *post]),
            Route("/topapi/{rest:path}", self._contacts, methods=["GET", *post]),
            Route("/_files/{code}", self._file, methods=["GET"]),
        ]

    # --- new API ---

    def _new(self, call: str, does: Callable[[Row], tuple[Row, str]], scope: str = "qyapi_robot_sendmsg") -> Any:
        async def serve(request: Request) -> Response:
            body = await self._body(request)

            async def work() -> tuple[Any, str]:
                token = request.headers.get("x-acs-dingtalk-access-token", "")
                self.state.admit(call, token, scope, _remote(request), billed=call != "robot.download")
                _json_only(request, body)
                return does(body)

            return await self._run(call, body, work)

        return serve

    def _card(self, name: str) -> Any:
        does = {
            "createAndDeliver": self.cards.create_and_deliver,
            "create": self.cards.create,
            "deliver": self.cards.deliver,
            "update": self.cards.update,
        }[name]

        def perform(body: Row) -> tuple[Row, str]:
            answer = does(body)
            result = answer["result"]
            missed = [] if not isinstance(result, dict) else [r for r in result["deliverResults"] if not r["success"]]
            return answer, "" if missed else f"card {name} {body.get('outTrackId')}"

        return self._new(f"card.{name}", perform, "Card.Instance.Write")

    def _register(self, body: Row) -> tuple[Row, str]:
        key = str(body.get("callbackRouteKey", ""))
        if key in self.people.hooks.routes and not body.get("forceUpdate"):
            raise Problem(500, "param.callbackRouteKeyExist")
        self.people.hooks.routes[key] = (str(body.get("callbackUrl", "")), str(body.get("apiSecret", "")))
        return {"success": True, "result": {"callbackUrl": body.get("callbackUrl"), "apiSecret": body.get("apiSecret")}}, key

    async def _open(self, request: Request) -> Response:
        body = await self._body(request)
        accept = request.headers.get("accept", "")

        async def work() -> tuple[Any, str]:
            return await self.gateway.open(body, accept), "ticket"

        answer = await self._run("gateway.open", {name: body[name] for name in body if name != "clientSecret"}, work)
        if accept != "application/json" and answer.status_code == 200:
            return Response("<ConnectionResponse/>", media_type="application/xml")
        return answer

    async def _token(self, request: Request) -> Response:
        body = await self._body(request)

        async def work() -> tuple[Any, str]:
            if set(body) != {"appKey", "appSecret"}:
                raise Problem(400, "invalidParameter")
            if body["appKey"] != self.client_id or body["appSecret"] != self.client_secret:
                raise Problem(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
            return {"accessToken": self.state.token(), "expireIn": int(TOKEN_LIFE)}, "token"

        return await self._run("token", {}, work)

    async def _unified_token(self, request: Request) -> Response:
        body = await self._body(request)

        async def work() -> tuple[Any, str]:
            if body.get("grant_type") != "client_credentials":
                raise Problem(400, "unsupported.grant.type")
            if body.get("client_id") != self.client_id or body.get("client_secret") != self.client_secret:
                raise Problem(400, "invalid.client")
            return {"access_token": self.state.token(), "expires_in": int(TOKEN_LIFE)}, "token"

        return await self._run("token", {}, work)

    async def _old_token(self, request: Request) -> Response:
        asked = request.query_params
        if asked.get("appkey") != self.client_id or asked.get("appsecret") != self.client_secret:
            return JSONResponse({"errcode": 40089, "errmsg": "不合法的corpid或corpsecret"})
        return JSONResponse(
            {"errcode": 0, "errmsg": "ok", "access_token": self.state.token(), "expires_in": int(TOKEN_LIFE)}
        )

    # --- old side ---

    async def _session(self, request: Request) -> Response:
        body = await self._body(request)

        async def work() -> tuple[Any, str]:
            _old_json_only(request)
            return _OK, self.robots.session_send(request.query_params.get("session", ""), body)

        return await self._run("session", body, work)

    async def _webhook(self, request: Request) -> Response:
        raw = await request.body()
        body = await self._body(request)

        async def work() -> tuple[Any, str]:
            _old_json_only(request)
            return _OK, self.robots.custom_send(dict(request.query_params), body, len(raw), _remote(request))

        return await self._run("webhook", body, work)

    async def _contacts(self, request: Request) -> Response:
        body = await self._body(request)
        path, token = request.url.path, request.query_params.get("access_token", "")

        async def work() -> tuple[Any, str]:
            if request.method == "POST":
                _old_json_only(request)
            return self.contacts.answer(request.method, path, token, body), ""

        return await self._run(path.rpartition("/")[0].rpartition("/")[2] + "." + path.rpartition("/")[2], body, work)

    async def _upload(self, request: Request) -> Response:
        raw, kind = await request.body(), request.headers.get("content-type", "")

        async def work() -> tuple[Any, str]:
            if not self.state.alive(request.query_params.get("access_token", "")):
                raise OldProblem(40014, "不合法的access_token")
            if not kind.startswith("multipart/form-data"):
                raise OldProblem(43008, "参数需要multipart类型")
            parts = _parts(kind, raw)
            if "media" not in parts:
                raise OldProblem(40035, "media")
            wanted = request.query_params.get("type") or parts.get("type", ("", b""))[1].decode()
            name, content = parts["media"]
            return self.robots.upload(wanted, name, content), f"kept {len(content)} bytes"

        return await self._run("media", {}, work)

    async def _file(self, request: Request) -> Response:
        kept = self.state.downloads.get(request.path_params["code"])
        return Response(kept[1]) if kept else Response(status_code=404)

    # --- shared ---

    async def _body(self, request: Request) -> Row:
        raw = await request.body()
        try:
            found = json.loads(raw) if raw and not request.headers.get("content-type", "").startswith("multipart") else {}
        except ValueError:
            return {"": "not JSON"}
        return found if isinstance(found, dict) else {"": "not an object"}

    async def _run(self, call: str, asked: Row, work: Work) -> Response:
        fault = self.faults.take(call)
        now = self.clock.now
        if fault in ("drop-before", "500", "504-before", "ban", "ban-html", "hang"):
            self.journal.note(now(), call, asked, fault)
            if fault == "hang":
                await asyncio.sleep(self.gateway.hang_seconds)
            if fault == "drop-before":
                return _Hangup()
            if fault == "ban":
                return JSONResponse(_BAN)
            if fault == "ban-html":
                return Response("<html>punish</html>", media_type="text/html")
            return Response("upstream error", 504 if fault == "504-before" else 500)
        try:
            if fault in OLD_REFUSALS:
                raise OldProblem(*OLD_REFUSALS[fault])
            if fault in REFUSALS and not (call in _OLD and fault == "expired-token"):
                raise Problem(*REFUSALS[fault])
            answer, effect = await work()
        except Problem as problem:
            self.journal.note(now(), call, asked, problem.body)
            return JSONResponse(problem.body, problem.status)
        except OldProblem as problem:
            self.journal.note(now(), call, asked, problem.body)
            return JSONResponse(problem.body)
        self.journal.note(now(), call, asked, answer, effect)
        if fault == "504":
            return JSONResponse({"code": "ServiceUnavailable", "message": "timeout"}, 504)
        if fault == "garbage":
            return Response("<html>502 Bad Gateway</html>")
        if fault == "drop-after-commit":
            return _Hangup()
        return JSONResponse(answer)


_OK: Row = {"errcode": 0, "errmsg": "ok"}


def _remote(request: Request) -> str:
    return request.client.host if request.client else ""


def _json_only(request: Request, body: Row) -> None:
    if not request.headers.get("content-type", "").startswith("application/json") or "" in body:
        raise Problem(400, "InvalidContentType", "application/json is needed")


def _old_json_only(request: Request) -> None:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise OldProblem(43004, "无效的HTTP HEADER Content-Type")


def _parts(kind: str, raw: bytes) -> dict[str, tuple[str, bytes]]:
    """Name -> (file name, content) of a multipart body."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    found: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        found[str(name)] = (part.get_filename() or "", content if isinstance(content, bytes) else b"")
    return found


class _Hangup(Response):
    """Begins an answer and hangs up: over a socket the peer sees a cut connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b'{"x":', "more_body": True})
        raise Dropped("hung up")
