"""The wire format, checked as strictly as the documentation allows: https://platform.openai.com/docs/api-reference/chat/create."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse, Response

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "messages": list,
    "temperature": (int, float),
    "top_p": (int, float),
    "max_tokens": int,
    "seed": int,
    "stream": bool,
    "response_format": dict,
    "tools": list,
    "tool_choice": (str, dict),
}
Wrong = tuple[int, str, str, str]


def error(status: int, message: str, kind: str, code: str) -> Response:
    """OpenAI's error object."""
    headers = {"retry-after": "7"} if status == 429 else None
    return JSONResponse({"error": {"message": message, "type": kind, "param": None, "code": code}}, status, headers)


def checked(raw: bytes, model: str, abilities: frozenset[str]) -> tuple[dict[str, Any] | None, Wrong]:
    """(the request, _) when it is one that this server takes; else (None, what to refuse it with)."""
    try:
        body = json.loads(raw)
    except ValueError:
        return None, _bad("We could not parse the JSON body of your request.")
    if not isinstance(body, dict):
        return None, _bad("The body must be an object.")
    for name, value in body.items():
        kind = _FIELDS.get(name)
        if kind is None:
            return None, _bad(f"Unrecognized request argument supplied: {name}", "unknown_parameter")
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            return None, _bad(f"Invalid type for '{name}'.", "invalid_type")
    if body.get("model") != model:
        return None, (
            404,
            "The model does not exist or you do not have access to it.",
            "invalid_request_error",
            "model_not_found",
        )
    if not body.get("messages") or not all(_message(each) for each in body["messages"]):
        return None, _bad("Invalid 'messages'.")
    if body.get("stream"):
        return None, _bad("This server does not stream.", "unsupported_parameter")
    return _supported(body, abilities)


def _message(each: Any) -> bool:
    return (
        isinstance(each, dict)
        and set(each) == {"role", "content"}
        and each["role"] in ("system", "user", "assistant")
        and isinstance(each["content"], str)
    )


def _supported(body: dict[str, Any], abilities: frozenset[str]) -> tuple[dict[str, Any] | None, Wrong]:
    kind = body.get("response_format", {"type": "text"}).get("type")
    if kind not in ("text", "json_object", "json_schema"):
        return None, _bad("Invalid value: response_format.type", "invalid_value")
    if kind != "text" and kind not in abilities:
        return None, _bad(f"This response_format type is unavailable now: {kind}", "invalid_request_error")
    if kind == "json_object" and not any("json" in each["content"].lower() for each in body["messages"]):
        return None, _bad(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
    if kind == "json_schema":
        schema = body["response_format"].get("json_schema", {})
        if not schema.get("name") or not _strict(schema.get("schema")):
            return None, _bad("Invalid schema for response_format: every object must be closed and list all its properties.")
    if ("tools" in body or "tool_choice" in body) and "tool" not in abilities:
        return None, _bad("tools are not supported by this model", "unsupported_parameter")
    if any(not isinstance(tool, dict) or tool.get("type") != "function" for tool in body.get("tools", [])):
        return None, _bad("Invalid 'tools'.")
    return body, _bad("")


def _strict(schema: Any) -> bool:
    """The strict dialect: closed objects whose properties are all required."""
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object":
        fields = schema.get("properties")
        if not isinstance(fields, dict) or schema.get("additionalProperties") is not False:
            return False
        return set(schema.get("required", ())) == set(fields) and all(_strict(each) for each in fields.values())
    return _strict(schema["items"]) if schema.get("type") == "array" else "type" in schema


def _bad(message: str, code: str = "invalid_request_error") -> Wrong:
    return 400, message, "invalid_request_error", code


def is_probe(body: dict[str, Any]) -> bool:
    """Whether the caller only asks what the server can do: its message says nothing but ping."""
    try:
        return bool(json.loads(body["messages"][-1]["content"]) == {"message": "ping"})
    except ValueError:
        return False


def completion(body: dict[str, Any], content: str, model: str, now: int) -> dict[str, Any]:
    """An answer in the shape that the request asked for."""
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
    reason = "stop"
    if body.get("tools"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": content}
        message = {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        }
        reason = "tool_calls"
    asked = sum(len(each["content"]) for each in body["messages"]) // 2
    return {
        "id": f"chatcmpl-{now}",
        "object": "chat.completion",
        "created": now,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": {"prompt_tokens": asked, "completion_tokens": len(content), "total_tokens": asked + len(content)},
    }
