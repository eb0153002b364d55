"""The tester's side door. JSON in and out.

GET  /_emulator/state · GET, DELETE /_emulator/journal · GET, POST /_emulator/clock {"move": seconds}
POST /_emulator/faults {"fault", "call"?, "times"?, "always"?} · DELETE /_emulator/faults
POST /_emulator/switches {name: value} · POST /_emulator/callback {"url"?, "app_url"?, "way"?}
POST /_emulator/verify {"app"?}
POST /_emulator/say {"user", "text", "group"?, "quote"?} · POST /_emulator/press {"user", "task_id", "key", "group"?}
POST /_emulator/line {"close": 1000} or {"silent": true}
POST /_emulator/directory {"act": "department"|"hire"|"move"|"disable"|"enable"|"dismiss"|"rename_user", …} (see contacts.py)
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.side_door import asked_of, common_routes

if TYPE_CHECKING:
    from emulators.wecom.app import WecomEmulator


def routes(emulator: WecomEmulator) -> list[Route]:
    async def switches(request: Request) -> Response:
        known = {each.name for each in dataclasses.fields(emulator.switches)}
        asked = await asked_of(request)
        if unknown := sorted(set(asked) - known):
            return JSONResponse({"error": f"no switch {', '.join(unknown)}; there are {', '.join(sorted(known))}"}, 400)
        for name, value in asked.items():
            setattr(emulator.switches, name, value)
        return JSONResponse(dataclasses.asdict(emulator.switches))

    async def callback(request: Request) -> Response:
        asked = await asked_of(request)
        emulator.callbacks.url = str(asked.get("url", emulator.callbacks.url))
        emulator.callbacks.app_url = str(asked.get("app_url", emulator.callbacks.app_url))
        emulator.people.way = str(asked.get("way", emulator.people.way))
        return JSONResponse({"url": emulator.callbacks.url, "way": emulator.people.way})

    async def verify(request: Request) -> Response:
        return JSONResponse({"problem": await emulator.callbacks.verify(app=bool((await asked_of(request)).get("app")))})

    async def say(request: Request) -> Response:
        asked = await asked_of(request)
        try:
            sent = await emulator.people.say(**asked)
        except TypeError as wrong:
            return JSONResponse({"error": str(wrong)}, 400)
        return JSONResponse({"delivered": sent is not None})

    async def press(request: Request) -> Response:
        asked = await asked_of(request)
        try:
            await emulator.people.press(**asked)
        except (TypeError, KeyError) as wrong:
            return JSONResponse({"error": f"no such card or button: {wrong}"}, 400)
        return JSONResponse({"pressed": True})

    async def line(request: Request) -> Response:
        asked = await asked_of(request)
        if asked.get("silent"):
            emulator.lines.go_silent()
        if "close" in asked:
            await emulator.lines.close(int(asked["close"]))
        return JSONResponse({"connected": len(emulator.lines.peers)})

    async def directory(request: Request) -> Response:
        asked = await asked_of(request)
        act, contacts = str(asked.pop("act", "")), emulator.contacts
        if act == "department":
            return JSONResponse({"id": contacts.department(str(asked["name"]), parent=int(asked.get("parent", 1)))})
        if act not in ("hire", "move", "disable", "enable", "dismiss", "rename_user"):
            return JSONResponse({"error": "act: department, hire, move, disable, enable, dismiss, rename_user"}, 400)
        departments = [int(each) for each in asked.pop("departments", [])]
        named = [str(asked.pop(name)) for name in ("user", "name", "to") if name in asked]
        try:
            status = await getattr(contacts, act)(*named, *departments, quiet=bool(asked.pop("quiet", False)))
        except (TypeError, KeyError) as wrong:
            return JSONResponse({"error": str(wrong)}, 400)
        return JSONResponse({"callback": status})

    return [
        *common_routes(emulator),
        Route("/_emulator/switches", switches, methods=["POST"]),
        Route("/_emulator/callback", callback, methods=["POST"]),
        Route("/_emulator/verify", verify, methods=["POST"]),
        Route("/_emulator/say", say, methods=["POST"]),
        Route("/_emulator/press", press, methods=["POST"]),
        Route("/_emulator/line", line, methods=["POST"]),
        Route("/_emulator/directory", directory, methods=["POST"]),
    ]
