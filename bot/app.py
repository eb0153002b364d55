"""The HTTP door: chat callbacks, channel pushes, health, metrics, signed pages.

Callback routes are plain Starlette routes: they verify, store and acknowledge, nothing else. The answer 200 is given only
after the row is on disk.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import structlog
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.bootstrap import House
from bot.metrics import REFUSED
from domain.errors import BadInput, DeskError, Forged
from domain.ports import RawRequest, ReceivesChat

log = structlog.get_logger()
MAX_BODY = 2 * 1024 * 1024


class TooLarge(Exception):
    """The body is larger than any platform sends."""


async def raw(request: Request, house: House) -> RawRequest:
    """The request as it came, its body capped while it streams in."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BODY):
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLarge
    return RawRequest(
        request.method,
        request.url.path,
        dict(request.query_params),
        {name.lower(): value for name, value in request.headers.items()},
        bytes(body),
        house.desk.clock.now(),
        request.client.host if request.client else "",
    )


def callback_routes(house: House) -> list[BaseRoute]:
    """`/chat/{connector}` and `/push/{connector}/{shop}`."""

    async def chat(request: Request) -> Response:
        name = request.path_params["connector"]
        connector = house.desk.chats.get(name)
        if not isinstance(connector, ReceivesChat):
            return Response(status_code=404)
        try:
            receipt = connector.receive(await raw(request, house))
        except TooLarge:
            return _refuse(name, "oversized", 413)
        except Forged:
            return _refuse(name, "forged", 401)
        except BadInput:
            return _refuse(name, "unreadable", 400)
        if receipt.incoming or receipt.people:
            try:
                if receipt.people:
                    await house.accept_people(name, receipt.people)
                if receipt.incoming:
                    await house.accept_chat(name, receipt.incoming)
            except DeskError:
                # Not on disk, so not accepted: the platform will send it again.
                log.exception("inbox.accept_failed", source=name)
                return Response(status_code=503)
        body = await receipt.answer() if receipt.answer is not None else receipt.body
        return Response(body, receipt.status, media_type=receipt.media_type, headers=dict(receipt.headers) or None)

    async def push(request: Request) -> Response:
        name, shop = request.path_params["connector"], request.path_params["shop"]
        connector = house.push_receiver(name, shop)
        if connector is None:
            return Response(status_code=404)
        try:
            receipt = connector.receive(await raw(request, house))
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

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def create_app(house: House, *, background: bool = True) -> FastAPI:
    """The application. `background=False` leaves the worker, the relay and the bells to another process."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with house.running(background=background):
            yield

    app = FastAPI(title="xiaodan", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(callback_routes(house))
    app.router.routes.extend(health_routes(house))
    app.router.routes.extend(house.page_routes)
    return app
