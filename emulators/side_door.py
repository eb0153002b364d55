"""The part of an emulator's side door that is the same on every platform: look at what really is, read what was asked, plan
faults, move time. JSON in and out.

GET  /_emulator/state · GET, DELETE /_emulator/journal · GET, POST /_emulator/clock {"move": seconds}
POST /_emulator/faults {"fault", "call"?, "times"?} or {"fault", "call"?, "always": true} · DELETE /_emulator/faults
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.kit import EmulatorClock, Faults, Journal


class Platform(Protocol):
    """What an emulator must have. `state.snapshot()` is what really is, as JSON."""

    @property
    def state(self) -> Any: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def clock(self) -> EmulatorClock: ...


async def asked_of(request: Request) -> dict[str, Any]:
    """The request's JSON object; empty when it is none."""
    try:
        asked = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def common_routes(emulator: Platform) -> list[Route]:
    """State, journal, faults and clock."""

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
            asked = await asked_of(request)
            call, fault = str(asked.get("call", "*")), str(asked.get("fault", ""))
            if not fault:
                return JSONResponse({"error": "which fault?"}, 400)
            if asked.get("always"):
                emulator.faults.always[call] = fault
            else:
                emulator.faults.plan(fault, call, int(asked.get("times", 1)))
        return JSONResponse({"once": emulator.faults.once, "always": emulator.faults.always})

    async def clock(request: Request) -> Response:
        if request.method == "POST":
            emulator.clock.move(float((await asked_of(request)).get("move", 0)))
        return JSONResponse({"now": emulator.clock.now()})

    return [
        Route("/_emulator/state", state),
        Route("/_emulator/journal", journal, methods=["GET", "DELETE"]),
        Route("/_emulator/faults", faults, methods=["POST", "DELETE"]),
        Route("/_emulator/clock", clock, methods=["GET", "POST"]),
    ]
