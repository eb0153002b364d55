"""The emulated endpoint as an ASGI app: `POST /v1/chat/completions`, `GET /v1/models`; `/_emulator/…` is the side door.

Strict: a wrong key is 401, an unknown field or a wrong type 400 with OpenAI's error object, an unknown model 404. What it
can do is switched (`abilities`): a way of asking that it does not have is 400, as DeepSeek and others do.

What it says: `script` is a queue of answers (an object, a text, or a function from the request to either); when it is empty,
`emulators.model.reader` answers, a small reader by keywords, so that `xiaodan emulate model` is of use by hand.

Faults by name (calls: "chat"): 500 · 429 · 429-silent · 401 · 403 · truncated · not-json · html · empty · no-choices ·
null-choice · refusal · filtered · length · wrong-tool · two-tools · fenced · chatty · twice · huge · slow · half-open ·
never · drop · redirect · packed · usage-lies · deep

GET /_emulator/state · GET|DELETE /_emulator/journal · POST|DELETE /_emulator/faults {"fault", "times"?, "always"?}
POST /_emulator/script {"answers": [...]} · POST /_emulator/abilities {"abilities": [...]}
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulators.kit import Dropped, EmulatorClock, Faults, Journal
from emulators.model import bad, wire
from emulators.model.reader import read

KEY, NAME = "sk-emulated-key-0001", "emulated-small"
ALL = frozenset({"json_schema", "tool", "json_object"})

Said = Any  # an object (becomes JSON text), a text, or a function of the request's body


class ModelEmulator:
    """One endpoint. `seen` keeps every request whole, headers too: the witness of what left the house."""

    def __init__(
        self,
        *,
        key: str = KEY,
        name: str = NAME,
        abilities: frozenset[str] = ALL,
        clock: EmulatorClock | None = None,
        slow_seconds: float = 30.0,
    ) -> None:
        self.key, self.name, self.abilities = key, name, abilities
        self.clock = clock or EmulatorClock()
        self.journal, self.faults = Journal(), Faults()
        self.script: deque[Said] = deque()
        self.always: Callable[[dict[str, Any]], Said] | None = None
        self.seen: list[bytes] = []
        self.slow_seconds = slow_seconds
        self._asgi = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/_emulator/{what}", self._side_door, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    def say(self, *answers: Said) -> None:
        """The next answers, in this order."""
        self.script.extend(answers)

    # --- calls --------------------------------------------------------------------------------------------------------

    async def _models(self, request: Request) -> Response:
        if (no := self._stranger(request)) is not None:
            return no
        return JSONResponse({"object": "list", "data": [{"id": self.name, "object": "model", "owned_by": "emulator"}]})

    async def _chat(self, request: Request) -> Response:
        raw = await request.body()
        lines = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        self.seen.append(f"{request.method} {request.url}\n{lines}\n".encode() + raw)
        fault = self.faults.take("chat")
        if (no := self._stranger(request)) is not None:
            return self._noted(raw, no)
        if fault in bad.BEFORE:
            return await self._faulty(fault, raw, request)
        body, wrong = wire.checked(raw, self.name, self.abilities)
        if body is None:
            return self._noted(raw, wire.error(*wrong))
        answer = self._answer(body)
        made = wire.completion(body, answer, self.name, int(self.clock.now()))
        if fault:
            return self._noted(raw, bad.spoilt(fault, made, body))
        return self._noted(raw, JSONResponse(made))

    def _stranger(self, request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Bearer {self.key}":
            return None
        return wire.error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")

    def _answer(self, body: dict[str, Any]) -> str:
        said = self.script.popleft() if self.script and not wire.is_probe(body) else None
        if said is None and self.always is not None and not wire.is_probe(body):
            said = self.always
        if said is None:
            said = read(body)
        if callable(said):
            said = said(body)
        return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)

    async def _faulty(self, fault: str, raw: bytes, request: Request) -> Response:
        """Answers that need no understanding of the question."""
        if fault == "drop":
            self.journal.note(self.clock.now(), "chat", raw.decode(errors="replace"), "dropped")
            raise Dropped(fault)
        if fault in ("slow", "never"):
            await _wait(request, self.slow_seconds if fault == "slow" else 3600)
        if fault == "half-open":
            return self._noted(raw, StreamingResponse(bad.half_open(request.is_disconnected), media_type="application/json"))
        if fault == "huge":
            return self._noted(raw, StreamingResponse(bad.huge(), media_type="application/json"))
        if fault == "packed":
            packed = gzip.compress(b"0" * 50_000_000)
            return self._noted(raw, Response(packed, headers={"content-encoding": "gzip"}, media_type="application/json"))
        return self._noted(raw, bad.plain(fault))

    def _noted(self, raw: bytes, answer: Response) -> Response:
        self.journal.note(self.clock.now(), "chat", raw.decode(errors="replace"), answer.status_code)
        return answer

    # --- side door ----------------------------------------------------------------------------------------------------

    async def _side_door(self, request: Request) -> Response:
        what, given = request.path_params["what"], {}
        if request.method == "POST":
            given = await request.json()
        match request.method, what:
            case "GET", "state":
                return JSONResponse({"model": self.name, "abilities": sorted(self.abilities), "waiting": len(self.script)})
            case "GET", "journal":
                return JSONResponse([{"at": e.at, "request": e.request, "answer": e.answer} for e in self.journal.entries])
            case "DELETE", "journal":
                self.journal.entries.clear()
            case "POST", "faults" if given.get("always"):
                self.faults.always["chat"] = str(given["fault"])
            case "POST", "faults":
                self.faults.plan(str(given["fault"]), "chat", int(given.get("times", 1)))
            case "DELETE", "faults":
                self.faults.once.clear()
                self.faults.always.clear()
            case "POST", "script":
                self.say(*given["answers"])
            case "POST", "abilities":
                self.abilities = frozenset(map(str, given["abilities"]))
            case _:
                return JSONResponse({"error": "no such door"}, 404)
        return JSONResponse({"ok": True})


async def _wait(request: Request, seconds: float) -> None:
    """Until the time is over or the caller has hung up: nobody answers into the void."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not await request.is_disconnected():  # noqa: ASYNC110 - the protocol has no event for it
                await asyncio.sleep(0.02)
