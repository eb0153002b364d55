"""The tester's side door: look at what really is, plan faults, move time, play the buyer. JSON in and out.

GET  /_emulator/state · GET /_emulator/journal · DELETE /_emulator/journal
POST /_emulator/faults {"fault", "call"?, "times"?} or {"fault", "call"?, "always": true} · DELETE /_emulator/faults
GET  /_emulator/clock · POST /_emulator/clock {"move": seconds}
POST /_emulator/buyer {"act": "place"|"pay"|…, …its arguments} -> {"result": …}
POST /_emulator/push {"url", "shop_id"?, "duplicate"?, "reverse"?, "batch"?} · POST /_emulator/push {"deliver": true}
"""

from __future__ import annotations

import dataclasses
import inspect
import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from emulators.douyin.app import DouyinEmulator

ACTS = frozenset(
    {"place", "pay", "cancel", "apply_refund", "amend_refund", "withdraw", "send_back", "request_address", "confirm"}
    | {"ship_in_back_office", "move_ship_by", "move_deadline", "edit"}
)


def routes(emulator: DouyinEmulator) -> list[Route]:
    async def state(_: Request) -> Response:
        return JSONResponse(emulator.state.snapshot())

    async def journal(request: Request) -> Response:
        if request.method == "DELETE":
            emulator.journal.entries.clear()
        return JSONResponse([dataclasses.asdict(entry) for entry in emulator.journal.entries])

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            emulator.faults.once.clear()
            emulator.faults.always.clear()
        else:
            asked = await _body(request)
            call = str(asked.get("call", "*"))
            if asked.get("always"):
                emulator.faults.always[call] = str(asked["fault"])
            else:
                emulator.faults.plan(str(asked["fault"]), call, int(asked.get("times", 1)))
        return JSONResponse({"once": emulator.faults.once, "always": emulator.faults.always})

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            emulator.clock.move(float((await _body(request)).get("move", 0)))
        return JSONResponse({"now": emulator.clock.now()})

    async def buyer(request: Request) -> Response:
        asked = await _body(request)
        act = asked.pop("act", "")
        if act not in ACTS:
            return JSONResponse({"error": f"unknown act; one of {', '.join(sorted(ACTS))}"}, 400)
        if act == "place":
            asked.setdefault("shop_id", emulator.shop_id)
        does = getattr(emulator.buyers, act)
        first = [asked.pop(name) for name in ("number", "aftersale") if act != "place" and name in asked]
        try:
            inspect.signature(does).bind(*first, **asked)
            result = does(*first, **asked)
        except (TypeError, KeyError, ValueError) as problem:
            return JSONResponse({"error": f"{act}: {problem}"}, 400)
        return JSONResponse({"result": result})

    async def push(request: Request) -> Response:
        asked = await _body(request)
        if asked.get("deliver"):
            return JSONResponse({"acknowledged": await emulator.pushes.deliver()})
        for name in ("duplicate", "reverse", "batch"):
            if name in asked:
                setattr(emulator.pushes, name, asked[name])
        if "url" in asked and "shop_id" in asked:
            emulator.pushes.urls[int(asked["shop_id"])] = str(asked["url"])
        elif "url" in asked:
            emulator.pushes.url = str(asked["url"])
        return JSONResponse({"url": emulator.pushes.url, "urls": {str(k): v for k, v in emulator.pushes.urls.items()}})

    return [
        Route("/_emulator/state", state),
        Route("/_emulator/journal", journal, methods=["GET", "DELETE"]),
        Route("/_emulator/faults", faults, methods=["POST", "DELETE"]),
        Route("/_emulator/clock", clock, methods=["GET", "POST"]),
        Route("/_emulator/buyer", buyer, methods=["POST"]),
        Route("/_emulator/push", push, methods=["POST"]),
    ]


async def _body(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}
