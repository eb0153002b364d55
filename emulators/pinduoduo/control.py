"""The tester's side door: look at what really is, plan faults, move time, play the buyer. JSON in and out.

GET  /_emulator/state · GET /_emulator/journal · DELETE /_emulator/journal
POST /_emulator/faults {"fault", "call"?, "times"?} or {"fault", "call"?, "always": true} · DELETE /_emulator/faults
GET  /_emulator/clock · POST /_emulator/clock {"move": seconds}
POST /_emulator/buyer {"act": "deal"|"review"|"apply_refund"|…, …its arguments} -> {"result": …}
POST /_emulator/consent {} -> {"code": …} · DELETE /_emulator/consent
GET  /_emulator/switches · POST /_emulator/switches {"visible_after": 0, …}
"""

from __future__ import annotations

import dataclasses
import inspect
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.side_door import asked_of, common_routes

if TYPE_CHECKING:
    from emulators.pinduoduo.app import PinduoduoEmulator

ACTS = frozenset(
    {"deal", "review", "urge", "edit", "move_address", "apply_refund", "amend_refund", "withdraw", "send_back"}
    | {"pay_back", "set_status", "ship_in_back_office", "sign"}
)


def routes(emulator: PinduoduoEmulator) -> list[Route]:
    async def buyer(request: Request) -> Response:
        asked = await asked_of(request)
        act = asked.pop("act", "")
        if act not in ACTS:
            return JSONResponse({"error": f"unknown act; one of {', '.join(sorted(ACTS))}"}, 400)
        does = getattr(emulator.buyers, act)
        first = [asked.pop(name) for name in ("number", "aftersale") if act != "deal" and name in asked]
        try:
            inspect.signature(does).bind(*first, **asked)
            result = does(*first, **asked)
        except (TypeError, KeyError, ValueError) as problem:
            return JSONResponse({"error": f"{act}: {problem}"}, 400)
        return JSONResponse({"result": result})

    async def consent(request: Request) -> Response:
        if request.method == "DELETE":
            emulator.gate.withdraw()
            return JSONResponse({})
        return JSONResponse({"code": emulator.gate.consent()})

    async def switches(request: Request) -> Response:
        if request.method == "POST":
            for name, value in (await asked_of(request)).items():
                if not hasattr(emulator.switches, name):
                    return JSONResponse({"error": f"no switch {name}"}, 400)
                setattr(emulator.switches, name, value)
        return JSONResponse(dataclasses.asdict(emulator.switches))

    return [
        *common_routes(emulator),
        Route("/_emulator/buyer", buyer, methods=["POST"]),
        Route("/_emulator/consent", consent, methods=["POST", "DELETE"]),
        Route("/_emulator/switches", switches, methods=["GET", "POST"]),
    ]
