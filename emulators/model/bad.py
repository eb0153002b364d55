"""Every way in which an endpoint can be bad, by name."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from emulators.model.wire import error

# Faults that are answered before the question is looked at.
BEFORE = frozenset(
    {
        "500",
        "429",
        "429-silent",
        "401",
        "403",
        "not-json",
        "html",
        "huge",
        "slow",
        "half-open",
        "never",
        "drop",
        "redirect",
        "packed",
    }
)


def plain(fault: str) -> Response:
    """Answers that are no completion."""
    match fault:
        case "500":
            return error(500, "The server had an error while processing your request.", "server_error", "server_error")
        case "429":
            return error(429, "Rate limit reached.", "requests", "rate_limit_exceeded")
        case "429-silent":
            return JSONResponse({"error": {"message": "slow down"}}, 429)
        case "401" | "403":
            return error(int(fault), "Your account is not active.", "invalid_request_error", "account_deactivated")
        case "html":
            return HTMLResponse("<html><body>502 Bad Gateway</body></html>")
        case "redirect":
            return RedirectResponse("http://127.0.0.1:9/elsewhere", 307)
    return Response(b'{"id": "chatcmpl-1", "choices": [{"mess', media_type="application/json")


async def half_open(gone: Callable[[], Awaitable[bool]]) -> AsyncIterator[bytes]:
    """Begins, drips a blank now and then, and does not end while anybody listens: no single read of it times out."""
    yield b'{"id": "chatcmpl-1", '
    while not await gone():
        await asyncio.sleep(0.05)
        yield b" "


async def huge() -> AsyncIterator[bytes]:
    """Thirty megabytes of nothing: far more than an answer is."""
    yield b'{"id": "'
    for _ in range(512):
        yield b"x" * 65_536
        await asyncio.sleep(0)
    yield b'"}'


def spoilt(fault: str, made: dict[str, Any], body: dict[str, Any]) -> Response:
    """A good completion, made bad."""
    answer = copy.deepcopy(made)
    choice, message = answer["choices"][0], answer["choices"][0]["message"]
    call = message["tool_calls"][0]["function"] if "tool_calls" in message else None
    content = call["arguments"] if call else message["content"]

    def put(text: Any) -> None:
        if call:
            call["arguments"] = text
        else:
            message["content"] = text

    match fault:
        case "truncated":
            put(content[: len(content) // 2])
        case "length":
            choice["finish_reason"] = "length"
            put(content[: len(content) // 2])
        case "fenced":
            put(f"```json\n{content}\n```")
        case "chatty":
            put(f"Sure! Here is the plan you asked for:\n\n{content}\n\nAnything else?")
        case "twice":
            put(f"{content}\n{content}")
        case "empty":
            put("")
        case "no-choices":
            answer["choices"] = []
        case "null-choice":
            answer["choices"] = [None]
        case "refusal":
            message.update(content=None, refusal="I'm sorry, I can't help with that.")
        case "filtered":
            choice["finish_reason"] = "content_filter"
        case "deep":
            put("[" * 100_000 + "]" * 100_000)
        case "usage-lies":
            answer["usage"] = {"prompt_tokens": -5, "completion_tokens": "many"}
        case "wrong-tool":
            message.update(content=None, tool_calls=_calls("approve_refund", '{"approval": "A17"}'))
        case "two-tools":
            name = body["tools"][0]["function"]["name"] if body.get("tools") else "plan"
            message.update(content=None, tool_calls=[*_calls(name, content), *_calls("run_sql", json.dumps({"q": "DROP"}))])
    return JSONResponse(answer)


def _calls(name: str, arguments: str) -> list[dict[str, Any]]:
    return [{"id": "call_9", "type": "function", "function": {"name": name, "arguments": arguments}}]
