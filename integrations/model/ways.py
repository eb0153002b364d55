"""The four ways to get a JSON object out of a chat endpoint, best first, and how an answer to each is read.

json_schema  `response_format` with a strict schema: the server itself holds the shape
tool         a function that must be called; its arguments are the object
json_object  `response_format` without a schema: any JSON object
text         plain text, from which the one object is cut out

Each reader takes what the server sent as data of a stranger: every step into it is checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from domain.errors import ProtocolBroken, Rejected
from domain.ports import ModelTask

MOST_DEEP = 40


class Way(StrEnum):
    """In the order in which they are tried."""

    SCHEMA = "json_schema"
    TOOL = "tool"
    OBJECT = "json_object"
    TEXT = "text"


LADDER = tuple(Way)


def request(task: ModelTask, model: str, way: Way) -> dict[str, Any]:
    """The body of the call. The person's words travel as one JSON string, so that they cannot end their own quotation."""
    told = task.instructions if way is Way.SCHEMA else task.instructions + json.dumps(task.schema, ensure_ascii=False)
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": told},
            {"role": "user", "content": json.dumps({"message": task.text}, ensure_ascii=False)},
        ],
        "temperature": 0,
        "max_tokens": task.answer_tokens,
    }
    if way is Way.SCHEMA:
        described = {"name": task.name, "strict": True, "schema": task.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": described}
    elif way is Way.TOOL:
        function = {"name": task.name, "description": "Give the answer.", "parameters": task.schema}
        body["tools"] = [{"type": "function", "function": function}]
        body["tool_choice"] = {"type": "function", "function": {"name": task.name}}
    elif way is Way.OBJECT:
        body["response_format"] = {"type": "json_object"}
    return body


def read(answer: Any, task: ModelTask, way: Way) -> Any:
    """The JSON value that the answer holds. Raises ProtocolBroken when it holds none, Rejected when the model declines."""
    message = _message(answer, task)
    if way is Way.TOOL:
        return _arguments(message, task)
    content = message.get("content")
    if not isinstance(content, str) or not content.strip():
        raise ProtocolBroken(f"{task.name}: empty answer")
    return _parsed(content, task) if way is Way.SCHEMA else _cut_out(content, task)


def _message(answer: Any, task: ModelTask) -> Mapping[str, Any]:
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ProtocolBroken(f"{task.name}: no choices")
    if choices[0].get("finish_reason") == "content_filter":
        raise Rejected("content_filter", "the endpoint declined")
    if choices[0].get("finish_reason") == "length":
        raise ProtocolBroken(f"{task.name}: cut short")
    message = choices[0].get("message")
    if not isinstance(message, dict):
        raise ProtocolBroken(f"{task.name}: no message")
    if message.get("refusal"):
        raise Rejected("refusal", "the model declined")
    return message


def _arguments(message: Mapping[str, Any], task: ModelTask) -> Any:
    """Exactly one call, of the one function that was offered."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list) or len(calls) != 1 or not isinstance(calls[0], dict):
        raise ProtocolBroken(f"{task.name}: not one tool call")
    function = calls[0].get("function")
    if not isinstance(function, dict) or function.get("name") != task.name:
        raise ProtocolBroken(f"{task.name}: a tool that was never offered")
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # some servers send the object itself
        return arguments
    if not isinstance(arguments, str):
        raise ProtocolBroken(f"{task.name}: no arguments")
    return _parsed(arguments, task)


def _parsed(text: str, task: ModelTask) -> Any:
    try:
        return _checked(json.loads(text, object_pairs_hook=_once, parse_constant=_constant), task)
    except (ValueError, RecursionError) as broken:
        raise ProtocolBroken(f"{task.name}: not JSON") from broken


def _cut_out(text: str, task: ModelTask) -> Any:
    """The one object in a text, with or without a fence around it. Two objects are an answer that nobody can choose from."""
    decoder = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_constant)
    found: list[Any] = []
    at = text.find("{")
    while at >= 0 and len(found) < 2:
        try:
            value, at = decoder.raw_decode(text, at)
            found.append(value)
        except (ValueError, RecursionError):
            at += 1
        at = text.find("{", at)
    if len(found) != 1:
        raise ProtocolBroken(f"{task.name}: {len(found)} objects in the text")
    return _checked(found[0], task)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name given twice means two things; whoever reads it first decides, so nobody does."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def _constant(name: str) -> Any:
    raise ValueError(name)


def _checked(value: Any, task: ModelTask, depth: int = 0) -> Any:
    if depth > MOST_DEEP:
        raise ProtocolBroken(f"{task.name}: too deep")
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _checked(each, task, depth + 1)
    return value


def tokens(answer: Any, name: str, guessed: int) -> int:
    """A count that the server tells, when it is one; else our own guess. Never less than a quarter of the guess."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    told = usage.get(name) if isinstance(usage, dict) else None
    if type(told) is not int or not 0 <= told <= 1_000_000:
        return guessed
    return max(told, guessed // 4)
