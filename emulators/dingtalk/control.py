"""The tester's side door: look at what really is, plan faults, move time, be a person. JSON in and out.

GET  /_emulator/state · GET|DELETE /_emulator/journal · GET /_emulator/phone (a page)
POST /_emulator/faults {"fault", "call"?, "times"?, "always"?} · DELETE /_emulator/faults
GET|POST /_emulator/clock {"move": seconds} · GET|POST /_emulator/switches {"published": false, …}
POST /_emulator/group {"title", "members": [[id, nick], …]} -> {"group": cid}
POST /_emulator/say {"user", "text", "group"?, "at_bot"?} · POST /_emulator/click {"user", "card", "button"} -> {"said": …}
POST /_emulator/stream {"act": "notice"|"close"|"mute"|"lose"|"twice", "code"?, "count"?}
POST /_emulator/directory {"act": "department"|"hire"|"move"|"deactivate"|"activate"|"dismiss", …} (see contacts.py)
POST /_emulator/hooks {"robot_url"?, "event_url"?} · POST /_emulator/quota {"api"?, "messages"?, "api_limit"?, …}
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulators.side_door import asked_of, common_routes

if TYPE_CHECKING:
    from emulators.dingtalk.app import DingTalkEmulator


def _assign(target: Any, values: dict[str, Any]) -> Response:
    unknown = set(values) - {each.name for each in dataclasses.fields(target)}
    if unknown:
        return JSONResponse({"error": f"unknown: {', '.join(sorted(unknown))}"}, 400)
    for name, value in values.items():
        setattr(target, name, value)
    return JSONResponse({name: str(value) for name, value in vars(target).items()})


def routes(emulator: DingTalkEmulator) -> list[Route]:
    async def switches(request: Request) -> Response:
        return _assign(emulator.switches, await asked_of(request) if request.method == "POST" else {})

    async def quota(request: Request) -> Response:
        return _assign(emulator.state.quota, await asked_of(request) if request.method == "POST" else {})

    async def group(request: Request) -> Response:
        asked = await asked_of(request)
        members = [emulator.state.user(str(ident), str(nick)) for ident, nick in asked.get("members", [])]
        return JSONResponse({"group": emulator.state.group(str(asked["title"]), *members)})

    async def say(request: Request) -> Response:
        asked = await asked_of(request)
        at_bot = bool(asked.get("at_bot", True))
        body = await emulator.people.say(
            str(asked["user"]), str(asked["text"]), group=str(asked.get("group", "")), at_bot=at_bot
        )
        return JSONResponse(body)

    async def click(request: Request) -> Response:
        asked = await asked_of(request)
        try:
            said = await emulator.people.click(str(asked["user"]), str(asked["card"]), str(asked["button"]))
        except KeyError as missing:
            return JSONResponse({"error": str(missing)}, 404)
        return JSONResponse({"said": said})

    async def stream(request: Request) -> Response:
        asked = await asked_of(request)
        act, count = asked.get("act"), int(asked.get("count", 1))
        if act == "notice":
            emulator.gateway.notice()
        elif act == "close":
            emulator.gateway.close(int(asked.get("code", 1000)))
        elif act == "mute":
            for line in emulator.gateway.lines:
                line.mute = True
        elif act == "lose":
            emulator.gateway.lose = count
        elif act == "twice":
            emulator.gateway.twice = bool(count)
        else:
            return JSONResponse({"error": "act: notice, close, mute, lose, twice"}, 400)
        return JSONResponse({"lines": len(emulator.gateway.lines)})

    async def directory(request: Request) -> Response:
        asked = await asked_of(request)
        act, contacts = str(asked.get("act", "")), emulator.contacts
        if act == "department":
            return JSONResponse({"id": contacts.department(str(asked["name"]), parent=int(asked.get("parent", 1)))})
        if act not in ("hire", "move", "deactivate", "activate", "dismiss"):
            return JSONResponse({"error": "act: department, hire, move, deactivate, activate, dismiss"}, 400)
        named = [str(asked[name]) for name in ("user", "name") if name in asked]
        departments = [int(each) for each in asked.get("departments", [])]
        try:
            await getattr(contacts, act)(*named, *departments, quiet=bool(asked.get("quiet")))
        except (TypeError, KeyError) as wrong:
            return JSONResponse({"error": str(wrong)}, 400)
        return JSONResponse({"done": act})

    async def hooks(request: Request) -> Response:
        for name, value in (await asked_of(request)).items():
            if name in ("robot_url", "event_url", "event_token", "event_key"):
                setattr(emulator.people.hooks, name, str(value))
        return JSONResponse({"robot_url": emulator.people.hooks.robot_url, "event_url": emulator.people.hooks.event_url})

    both, change = ["GET", "POST"], ["POST"]
    return [
        *common_routes(emulator),
        Route("/_emulator/switches", switches, methods=both),
        Route("/_emulator/quota", quota, methods=both),
        Route("/_emulator/group", group, methods=change),
        Route("/_emulator/say", say, methods=change),
        Route("/_emulator/click", click, methods=change),
        Route("/_emulator/stream", stream, methods=change),
        Route("/_emulator/hooks", hooks, methods=change),
        Route("/_emulator/directory", directory, methods=change),
    ]
