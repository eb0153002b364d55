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
import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from emulators.pinduoduo.app import PinduoduoEmulator

ACTS = frozenset(
    {"deal", "review", "urge", "edit", "move_address", "apply_refund", "amend_refund", "withdraw", "send_back"}
    | {"pay_back", "set_status", "ship_in_back_office", "sign"}
)


def routes(emulator: PinduoduoEmulator) -> list[Route]:
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
            asked = await body(request)
            call = str(asked.get("call", "*"))
            if asked.get("always"):
                emulator.faults.always[call] = str(asked["fault"])
            else:
                emulator.faults.plan(str(asked["fault"]), call, int(asked.get("times", 1)))
        return JSONResponse({"once": emulator.faults.once, "always": emulator.faults.always})

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            emulator.clock.move(float((await body(request)).get("move", 0)))
        return JSONResponse({"now": emulator.clock.now()})

    async def buyer(request: Request) -> Response:
        asked = await body(request)
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
            for name, value in (await body(request)).items():
                if not hasattr(emulator.switches, name):
                    return JSONResponse({"error": f"no switch {name}"}, 400)
                setattr(emulator.switches, name, value)
        return JSONResponse(dataclasses.asdict(emulator.switches))

    return [
        Route("/_emulator/state", state),
        Route("/_emulator/journal", journal, methods=["GET", "DELETE"]),
        Route("/_emulator/faults", faults, methods=["POST", "DELETE"]),
        Route("/_emulator/clock", clock, methods=["GET", "POST"]),
        Route("/_emulator/buyer", buyer, methods=["POST"]),
        Route("/_emulator/consent", consent, methods=["POST", "DELETE"]),
        Route("/_emulator/switches", switches, methods=["GET", "POST"]),
    ]


async def body(request: Request) -> dict[str, Any]:
    try:
        asked = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}
