"""The work group's page: static files, state, history, media, login links and the live feed.

What people *do* (messages, clicks) does not come through here: it goes to `POST /chat/console`, which stores it before it
answers, like every other chat platform.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from markupsafe import escape
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from domain.clock import millis
from domain.errors import BadInput, Forged, Unavailable
from integrations.console.chat import MAX_TEXT, Console
from integrations.console.media import IMAGE_TYPES
from integrations.console.room import News
from integrations.console.sessions import Session

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static" / "console"
PULSE_SECONDS = 15.0
PAGE_SIZE = 40
_UNAUTHORIZED = 4401  # close code: open the page again for a new session

# No inline script or style, nothing from elsewhere, and (Trusted Types) no way to turn a string into markup at all.
CSP = (
    "default-src 'self'; img-src 'self' blob:; base-uri 'none'; object-src 'none'; form-action 'self';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}

Steps = Callable[[], list[dict[str, Any]]]

COMMANDS: tuple[dict[str, Any], ...] = (
    {"name": "查单", "hint": "订单号、运单号、手机尾号、姓名都行", "fill": "查单 "},
    {"name": "待办", "hint": "等我处理的审批和预警", "fill": "待办"},
    {"name": "库存", "hint": "某个商品现在还有多少", "fill": "库存 "},
    {"name": "退款", "hint": "给一张订单发起退款", "fill": "退款 "},
    {"name": "改地址", "hint": "换收件人、电话或地址", "fill": "改地址 "},
    {"name": "催发货", "hint": "让仓库先发这一单", "fill": "催发货 "},
    {"name": "今天订单量", "hint": "多少单，比昨天多还是少", "fill": "今天订单量"},
    {"name": "规则", "hint": "现在生效的审批和预警规则", "fill": "规则"},
    {"name": "帮助", "hint": "我能做什么", "fill": "帮助"},
)


def routes(
    console: Console,
    *,
    tour: Steps | None = None,
    commands: Sequence[dict[str, Any]] = COMMANDS,
    pulse_seconds: float = PULSE_SECONDS,
) -> list[BaseRoute]:
    """Everything the page needs, to be put into the application's router.

    `tour` gives the steps of the guided tour, each {id, title, text, try?, as?, chat?}; it is asked whenever a page opens.
    `commands` are the slash suggestions, each {name, hint, fill}.
    """
    page = _Pages(console, tour or list, tuple(commands), pulse_seconds)
    return [
        Route("/", page.home),
        Route("/console/login/{token}", page.login, methods=["GET", "POST"]),
        Route("/console/api/state", page.state),
        Route("/console/api/history", page.history),
        Route("/console/api/tour", page.tour),
        Route("/console/api/upload", page.upload, methods=["POST"]),
        Route("/console/media/{blob}", page.media),
        Route("/console/font.otf", page.font),
        WebSocketRoute("/console/feed", page.feed),
        Mount("/console/static", _Static(directory=STATIC)),
    ]


class _Static(StaticFiles):
    """Our own files; always revalidated, so that an upgrade shows at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def plain(message: Any) -> None:
            if message["type"] == "http.response.start":
                extra = {**HEADERS, "cache-control": "no-cache"}
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in extra.items())]
            await send(message)

        await super().__call__(scope, receive, plain)


class _Pages:
    def __init__(self, console: Console, tour: Steps, commands: tuple[dict[str, Any], ...], pulse_seconds: float) -> None:
        self._console = console
        self._tour = tour
        self._commands = commands
        self._pulse = pulse_seconds

    # --- the page itself ---

    async def home(self, request: Request) -> Response:
        sessions = self._console.sessions
        try:
            sessions.check(_headers(request), changes=False)
        except Forged:
            return _notice(
                "这个地址不能打开工作群", "演示只在本机打开：请用 http://localhost 或 127.0.0.1 访问。", status=403
            )
        try:
            cookie = sessions.begin(_headers(request))
        except Forged:
            if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
                # A strict cookie stays at home when somebody follows a link from elsewhere; from ourselves it comes.
                return _notice("正在进入…", "", refresh=True)
            return _notice(
                "请用登录链接进入", "让管理员发你一条登录链接（xiaodan console-link 你的账号），15 分钟内打开。", status=401
            )
        answer = FileResponse(STATIC / "index.html", headers={**HEADERS, "cache-control": "no-cache"})
        if cookie:
            answer.headers["set-cookie"] = cookie
        return answer

    async def login(self, request: Request) -> Response:
        """A link only shows a button: previews by chat clients and virus scanners must not use it up."""
        token, sessions = request.path_params["token"], self._console.sessions
        try:
            sessions.check(_headers(request), changes=request.method == "POST")
            person, nonce, until = sessions.open_link(token)
        except Forged:
            return _notice("登录链接用不了", "它可能过期了或不完整。让管理员再发一条。", status=403)
        if request.method == "GET":
            return _notice(f"以「{person.name}」进入工作群", "链接只能用一次。", action=f"/console/login/{token}")
        if not await run_in_threadpool(self._console.room.use_link, nonce, until=millis(until)):
            return _notice("登录链接已经用过了", "每条链接只能用一次。让管理员再发一条。", status=403)
        log.info("console.logged_in", user_id=person.user_id)
        answer = RedirectResponse(f"/?as={quote(person.user_id)}", status_code=303, headers=HEADERS)
        answer.headers["set-cookie"] = sessions.join(_headers(request), person.user_id)
        return answer

    async def font(self, _: Request) -> Response:
        """Chinese letters for a machine that has none; the page asks for it only then."""
        try:
            found = resources.files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
        except ModuleNotFoundError:
            return Response(status_code=404)
        return FileResponse(str(found), media_type="font/otf", headers={"cache-control": "public, max-age=604800"})

    # --- reading ---

    async def state(self, request: Request) -> Response:
        def work(session: Session) -> dict[str, Any]:
            console, people = self._console, self._console.sessions.allowed(session)
            if not people:
                raise Forged("console: nobody to be")
            wanted = request.query_params.get("as", "")
            me = wanted if wanted in people else people[0]
            console.ensure_direct(me)
            # The revision is read first: what is written meanwhile comes again through the feed, and nothing falls between.
            news = console.room.news(me, 1 << 62)
            members = console.sessions.members().values()
            return {
                "epoch": console.room.epoch,
                "rev": news.rev,
                "now": millis(console.clock.now()),
                "me": me,
                "may_be": people,
                "mode": console.sessions.mode.value,
                "people": [{"id": m.user_id, "name": m.name, "role": m.role, "colour": m.colour} for m in members],
                "bot": {"name": console.bot_name},
                "chats": console.room.chats_of(me),
                "unread": news.unread,
                "commands": list(self._commands),
                "tour": self._tour(),
                "limits": {"text": MAX_TEXT, "image": console.limits.max_image, "file": console.limits.max_file},
            }

        return await self._answer(request, work)

    async def history(self, request: Request) -> Response:
        chat, before = request.query_params.get("chat", ""), request.query_params.get("before", "")

        def work(session: Session) -> dict[str, Any]:
            person = self._console.sessions.member(session, request.query_params.get("as", ""))
            if self._console.room.chat_for(chat, person.user_id) is None or not (before.isdecimal() or not before):
                raise BadInput("没有这个会话，或者你不在里面。")
            cut = min(int(before[:18]), 1 << 62) if before else None
            page = self._console.room.history(chat, person.user_id, before=cut, limit=PAGE_SIZE)
            return {"messages": [said.json() for said in page], "more": len(page) == PAGE_SIZE}

        return await self._answer(request, work)

    async def tour(self, request: Request) -> Response:
        return await self._answer(request, lambda _: {"tour": self._tour()})

    async def media(self, request: Request) -> Response:
        blob_id, user_id = request.path_params["blob"], request.query_params.get("as", "")
        try:
            session = self._session(request, changes=False)
            blob = await run_in_threadpool(self._console.media, session, user_id, blob_id)
        except Forged:
            return Response(status_code=403)
        except Unavailable:
            return Response(status_code=503)
        if blob is None:
            return Response(status_code=404)
        shown = blob.media_type in IMAGE_TYPES
        headers = {
            **HEADERS,
            "content-security-policy": "default-src 'none'; sandbox",
            "content-disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(blob.name)}",
            "cache-control": "private, max-age=86400, immutable",
            "cross-origin-resource-policy": "same-origin",
        }
        return Response(blob.content, media_type=blob.media_type if shown else "application/octet-stream", headers=headers)

    async def upload(self, request: Request) -> Response:
        """The bytes as they are in the body; name and conversation in the query. Answers {id, kind, name, size}."""
        limit = max(self._console.limits.max_image, self._console.limits.max_file)
        asked = request.query_params
        try:
            session = self._session(request, changes=True)
            content = bytearray()
            async for chunk in request.stream():
                content += chunk
                if len(content) > limit:
                    raise BadInput(f"文件太大了（上限 {limit // 1_048_576} MB）。")
            who, chat, name = asked.get("as", ""), asked.get("chat", ""), asked.get("name", "")
            return _json(await run_in_threadpool(self._console.upload, session, who, chat, name, bytes(content)))
        except Unavailable as broken:
            log.error("console.room_unavailable", why=str(broken))
            return _json({"error": "现在存不下，请稍后再试。"}, 503)
        except Forged:
            return _json({"error": "登录过期了，刷新页面再试。"}, 403)
        except BadInput as problem:
            return _json({"error": problem.sentence}, 400)

    async def _answer(self, request: Request, work: Callable[[Session], dict[str, Any]]) -> Response:
        try:
            session = self._session(request, changes=False)
            return _json(await run_in_threadpool(work, session))
        except Forged as refused:
            log.info("console.refused", path=request.url.path, why=str(refused))
            return _json({"error": "登录过期了，刷新页面再试。"}, 403)
        except BadInput as problem:
            return _json({"error": problem.sentence}, 400)
        except Unavailable as broken:
            log.error("console.room_unavailable", why=str(broken))
            return _json({"error": "聊天记录暂时读不出来，请稍后再试。"}, 503)

    def _session(self, connection: HTTPConnection, *, changes: bool) -> Session:
        headers = _headers(connection)
        self._console.sessions.check(headers, changes=changes)
        return self._console.sessions.read(headers)

    # --- live ---

    async def feed(self, socket: WebSocket) -> None:
        """Live push. Query: `as`, `after` (last revision seen), `epoch`. See docs/integrations/console.md for the frames."""
        try:
            session = self._session(socket, changes=True)
            me = self._console.sessions.member(session, socket.query_params.get("as", "")).user_id
            after = int(socket.query_params.get("after", "0")[:18] or "0")
        except (Forged, ValueError):
            await socket.accept()
            await socket.close(_UNAUTHORIZED)
            return
        await socket.accept()
        if socket.query_params.get("epoch") != self._console.room.epoch:
            await socket.send_text('{"t":"reset"}')
            await socket.close(1000)
            return
        await _first_of(self._listen(socket, me), self._push(socket, session, me, after))
        if socket.application_state is WebSocketState.CONNECTED and socket.client_state is WebSocketState.CONNECTED:
            await socket.close(_UNAUTHORIZED)

    async def _push(self, socket: WebSocket, session: Session, me: str, after: int) -> None:
        """Ends when the person may no longer be here. What changed is read from the room: a slow reader costs no memory."""
        seen: dict[str, Any] | None = None
        with self._console.feed.bell() as bell:
            while True:
                bell.clear()
                if me not in self._console.sessions.allowed(session):
                    return
                news: News = await run_in_threadpool(self._console.room.news, me, after)
                if news.messages or news.unread != seen:
                    await socket.send_text(_frame("news", self._now(), news))
                after, seen = news.rev, news.unread
                if news.more:
                    continue
                try:
                    await asyncio.wait_for(bell.wait(), self._pulse)
                except TimeoutError:
                    await socket.send_text(_frame("pulse", self._now()))

    async def _listen(self, socket: WebSocket, me: str) -> None:
        """Read marks from the page. Ends when the tab closes; anything unreadable ends the connection too."""
        while True:
            try:
                wire = json.loads(await socket.receive_text())
                chat, seq = wire["chat"], int(wire["read"])
            except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
                return
            if not isinstance(chat, str) or self._console.room.chat_for(chat, me) is None:
                continue
            if await run_in_threadpool(self._console.room.mark_read, me, chat, min(seq, 1 << 62)):
                self._console.feed.ring()

    def _now(self) -> int:
        return millis(self._console.clock.now())


async def _first_of(*works: Awaitable[None]) -> None:
    """Run both until one ends, then stop the other. A closed tab is an ordinary end."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException) and not isinstance(end, (asyncio.CancelledError, WebSocketDisconnect, OSError)):
            raise end


def _frame(kind: str, now: int, news: News | None = None) -> str:
    frame: dict[str, Any] = {"t": kind, "now": now}
    if news:
        frame |= {"rev": news.rev, "unread": news.unread, "messages": [said.json() for said in news.messages]}
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))


def _headers(connection: HTTPConnection) -> dict[str, str]:
    return {name.lower(): value for name, value in connection.headers.items()}


def _json(value: dict[str, Any], status: int = 200) -> JSONResponse:
    return JSONResponse(value, status, headers={**HEADERS, "cache-control": "no-store"})


def _notice(title: str, text: str, *, status: int = 200, action: str = "", refresh: bool = False) -> HTMLResponse:
    form = (
        f'<form method="post" action="{escape(action)}"><button class="primary">进入工作群</button></form>' if action else ""
    )
    html = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"{'<meta http-equiv=refresh content=0;url=/>' if refresh else ''}"
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/console/static/notice.css">'
        '<link rel="icon" href="/console/static/bot.svg"><script type="module" src="/console/static/notice.js"></script>'
        f"<main><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</main></html>"
    )
    return HTMLResponse(html, status, headers={**HEADERS, "cache-control": "no-store"})
