"""The tester's side door: look at what really is, plan faults, move time, play the buyer. JSON in and out.

GET  /_emulator/state · GET /_emulator/journal · DELETE /_emulator/journal
POST /_emulator/faults {"fault", "call"?, "times"?} or {"fault", "call"?, "always": true} · DELETE /_emulator/faults
GET  /_emulator/clock · POST /_emulator/clock {"move": seconds}
POST /_emulator/buyer {"act": "place"|"pay"|…, …its arguments} -> {"result": …}
POST /_emulator/push {"url", "shop_id"?, "duplicate"?, "reverse"?, "batch"?} · POST /_emulator/push {"deliver": true}
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.side_door import asked_of, common_routes

if TYPE_CHECKING:
    from emulators.douyin.app import DouyinEmulator

ACTS = frozenset(
    {"place", "pay", "cancel", "apply_refund", "amend_refund", "withdraw", "send_back", "request_address", "confirm"}
    | {"ship_in_back_office", "move_ship_by", "move_deadline", "edit"}
)


def routes(emulator: DouyinEmulator) -> list[Route]:
    async def buyer(request: Request) -> Response:
        asked = await asked_of(request)
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
        asked = await asked_of(request)
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
        *common_routes(emulator),
        Route("/_emulator/buyer", buyer, methods=["POST"]),
        Route("/_emulator/push", push, methods=["POST"]),
    ]
