"""The HTTP door: chat callbacks, channel pushes, health, metrics, signed pages.

Callbacks are verified, stored and acknowledged, nothing else. The answer 200 is given only after the row is on disk.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.bootstrap import House
from bot.metrics import MESSAGES, REFUSED
from domain.errors import BadInput, DeskError, Forged
from domain.ports import RawRequest, ReceivesChat
from domain.topics import Topic

log = structlog.get_logger()
MAX_BODY = 2 * 1024 * 1024
_KNOWN = 64
_TALLY_SECONDS = 15.0


class TooLarge(Exception):
    """The body is larger than any platform sends."""


async def raw(scope: Scope, receive: Receive, house: House) -> RawRequest:
    """The request as it came, its body capped while it streams in. Straight from the server: most of what a framework would
    make of it is not needed here.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    declared = headers.get("content-length", "0")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BODY):
        raise TooLarge
    parts: list[bytes] = []  # joined once: a body that drips in byte by byte must not be copied at every drop
    size, more = 0, True
    while more:
        part = await receive()
        if part["type"] == "http.disconnect":
            raise BadInput("hung up")
        parts.append(part.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise TooLarge
        more = part.get("more_body", False)
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    client = scope.get("client")
    return RawRequest(
        scope["method"], scope["path"], query, headers, body, house.desk.clock.now(), client[0] if client else ""
    )


class ChatDoor:
    """`/chat/{connector}`: verify, store, answer. Around the application: its routing costs as much as all of that."""

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house
        self._doors: dict[str, tuple[Any, bool]] = {}  # connector -> whether it takes requests, asked once

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/chat/") or scope["method"] not in ("GET", "POST"):
            await self._app(scope, receive, send)
            return
        answer = await self.chat(scope["path"].removeprefix("/chat/"), scope, receive)
        await answer(scope, receive, send)

    async def chat(self, name: str, scope: Scope, receive: Receive) -> Response:
        """The answer for the platform, once what came is on disk."""
        connector = self._connector(name)
        if connector is None:
            return Response(status_code=404)
        try:
            receipt = connector.receive(await raw(scope, receive, self._house))
        except TooLarge:
            return _refuse(name, "oversized", 413)
        except Forged:
            return _refuse(name, "forged", 401)
        except BadInput:
            return _refuse(name, "unreadable", 400)
        if receipt.incoming or receipt.people:
            try:
                if receipt.people:
                    await self._house.accept_people(name, receipt.people)
                if receipt.incoming:
                    await self._house.accept_chat(name, receipt.incoming)
            except DeskError:
                # Not on disk, so not accepted: the platform will send it again.
                log.exception("inbox.accept_failed", source=name)
                return Response(status_code=503)
        body = await receipt.answer() if receipt.answer is not None else receipt.body
        return Response(body, receipt.status, media_type=receipt.media_type, headers=dict(receipt.headers) or None)

    def _connector(self, name: str) -> ReceivesChat | None:
        chat = self._house.desk.chats.get(name)
        known = self._doors.get(name)
        if known is None or known[0] is not chat:
            known = self._doors[name] = (chat, isinstance(chat, ReceivesChat))
            if len(self._doors) > _KNOWN:  # names are whatever somebody asks for
                self._doors.clear()
        return chat if known[1] else None  # type: ignore[return-value]  # asked above


def callback_routes(house: House) -> list[BaseRoute]:
    """`/chat/{connector}` and `/push/{connector}/{shop}`. In the whole application `ChatDoor` takes the first before the
    routes are asked.
    """
    door = ChatDoor(Router(), house)

    async def chat(request: Request) -> Response:
        return await door.chat(request.path_params["connector"], request.scope, request.receive)

    async def push(request: Request) -> Response:
        name, shop = request.path_params["connector"], request.path_params["shop"]
        connector = house.push_receiver(name, shop)
        if connector is None:
            return Response(status_code=404)
        try:
            receipt = connector.receive(await raw(request.scope, request.receive, house))
        except TooLarge:
            return _refuse(name, "oversized", 413)
        except Forged:
            return _refuse(name, "forged", 401)
        except BadInput:
            return _refuse(name, "unreadable", 400)
        if receipt.events:
            try:
                await house.accept_pushes(name, shop, receipt.events)
            except DeskError:
                log.exception("inbox.accept_failed", source=name)
                return Response(status_code=503)
        return Response(receipt.body, receipt.status, media_type=receipt.media_type)

    return [
        Route("/chat/{connector}", chat, methods=["GET", "POST"]),
        Route("/push/{connector}/{shop}", push, methods=["GET", "POST"]),
    ]


def _refuse(source: str, why: str, status: int) -> Response:
    REFUSED.labels(source, why).inc()
    log.warning("callback.refused", source=source, why=why)
    return Response(status_code=status)


def health_routes(house: House) -> list[BaseRoute]:
    """Alive, ready (the store answers), and figures for Prometheus."""

    async def healthz(request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(request: Request) -> Response:
        try:
            depth = await house.desk.store.inbox.depth()
            outbox = await house.desk.store.read(lambda r: r.outbox.depth())
        except Exception as trouble:
            log.error("store.unreachable", error=type(trouble).__name__)
            return JSONResponse({"ready": False, "why": "store"}, 503)
        return JSONResponse({"ready": True, "inbox": depth, "outbox": outbox})

    tallied = 0.0

    async def metrics(request: Request) -> Response:
        nonlocal tallied
        if time.monotonic() - tallied > _TALLY_SECONDS:  # every row is counted, so not for every scraper
            tallied = time.monotonic()
            try:
                found = await house.desk.store.read(lambda r: r.outbox.tally(Topic.SEND))
            except DeskError as away:
                log.warning("metrics.not_counted", error=type(away).__name__)
            else:
                for fate, count in found.items():
                    MESSAGES.labels(fate).set(count)
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def create_app(house: House, *, background: bool = True) -> FastAPI:
    """The application. `background=False` leaves the worker, the relay and the bells to another process."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with house.running(background=background):
            yield

    app = FastAPI(title="xiaodan", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(ChatDoor, house=house)
    app.router.routes.extend(callback_routes(house))
    app.router.routes.extend(health_routes(house))
    app.router.routes.extend(house.page_routes)
    return app
