"""The emulated endpoint is strict: whoever gets by here, gets by at the real ones."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulators.model import ModelEmulator

OK: dict[str, Any] = {"model": "emulated-small", "messages": [{"role": "user", "content": '{"message": "昨天生意咋样"}'}]}
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


async def post(emulator: ModelEmulator, body: Any, *, key: str = "", path: str = "/v1/chat/completions") -> httpx.Response:
    headers = {"authorization": f"Bearer {key or emulator.key}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=emulator), base_url="http://127.0.0.1") as client:
        return await client.post(path, json=body, headers=headers)


def schema(shape: Any) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": shape}}}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"mesages": []}, 400, "unknown_parameter"),
        ({"temperature": "hot"}, 400, "invalid_type"),
        ({"max_tokens": True}, 400, "invalid_type"),
        ({"messages": []}, 400, "invalid_request_error"),
        ({"messages": [{"role": "root", "content": "x"}]}, 400, "invalid_request_error"),
        ({"messages": [{"role": "user", "content": "x", "secret": 1}]}, 400, "invalid_request_error"),
        ({"model": "gpt-9"}, 404, "model_not_found"),
        ({"response_format": {"type": "yaml"}}, 400, "invalid_value"),
        ({"stream": True}, 400, "unsupported_parameter"),
        (schema({"type": "object", "properties": {"a": {"type": "string"}}}), 400, "invalid_request_error"),
        (schema(CLOSED | {"required": []}), 400, "invalid_request_error"),
        ({"tools": [{"type": "search"}]}, 400, "invalid_request_error"),
    ],
)
async def test_a_request_outside_the_documentation_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    answer = await post(ModelEmulator(), OK | change)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_a_stranger_is_refused() -> None:
    assert (await post(ModelEmulator(), OK, key="sk-other")).status_code == 401


@pytest.mark.parametrize(
    ("able", "more", "status"),
    [
        ({"json_schema"}, schema(CLOSED), 200),
        ({"tool"}, schema(CLOSED), 400),
        ({"tool"}, {"tools": [{"type": "function", "function": {"name": "x", "parameters": CLOSED}}]}, 200),
        (set(), {"tools": [{"type": "function", "function": {"name": "x", "parameters": CLOSED}}]}, 400),
        ({"json_object"}, {"response_format": {"type": "json_object"}}, 400),  # without the word json in any message
        (set(), {}, 200),
    ],
)
async def test_what_it_can_do_is_switched(able: set[str], more: dict[str, Any], status: int) -> None:
    assert (await post(ModelEmulator(abilities=frozenset(able)), OK | more)).status_code == status


async def test_script_faults_and_journal_have_a_side_door() -> None:
    emulator = ModelEmulator()
    await post(emulator, {"answers": [{"intent": "todo"}]}, path="/_emulator/script")
    await post(emulator, {"fault": "500"}, path="/_emulator/faults")
    assert (await post(emulator, OK)).status_code == 500
    said = (await post(emulator, OK)).json()
    assert said["choices"][0]["message"]["content"] == '{"intent": "todo"}'
    assert "gmv" in (await post(emulator, OK)).json()["choices"][0]["message"]["content"]
    assert [entry.answer for entry in emulator.journal.calls("chat")] == [500, 200, 200]
    assert b"emulated-small" in emulator.seen[0]
