"""What a tool's arguments may be, as JSON schema, and the check: what the schema does not say is refused in words.

Numbers of orders are text: JSON's own numbers lose digits beyond 2^53 in most programs that write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain.errors import BadInput
from domain.privacy import safe_text

Arguments = Mapping[str, Any]
Json = dict[str, Any]


def checked(tool: str, fields: Mapping[str, Json], required: Iterable[str], given: Any) -> dict[str, Any]:
    """The arguments without those that are null. Raises BadInput in words."""
    arguments = {} if given is None else given
    if not isinstance(arguments, dict):
        raise BadInput("参数要写成一个对象。")
    if unknown := sorted(str(each) for each in arguments if each not in fields):
        raise BadInput(f"{tool} 没有这些参数：{'、'.join(safe_text(each, 20) for each in unknown[:5])}。")
    if missing := [name for name in required if arguments.get(name) in (None, "")]:
        raise BadInput(f"{tool} 还缺参数：{'、'.join(missing)}。")
    kept = {name: value for name, value in arguments.items() if value is not None}
    for name, value in kept.items():
        _check(name, value, fields[name])
    return kept


def _check(name: str, value: Any, field: Json) -> None:
    kind = field["type"]
    if kind == "string":
        _check_text(name, value, field)
    elif kind == "integer":
        low, high = field.get("minimum", 0), field.get("maximum", 200)
        if type(value) is not int or not low <= value <= high:
            raise BadInput(f"参数 {name} 要是 {low} 到 {high} 的整数。")
    elif kind == "boolean":
        if type(value) is not bool:
            raise BadInput(f"参数 {name} 只能是 true 或 false。")
    else:
        most = field.get("maxItems", 6)
        if not isinstance(value, list) or len(value) > most:
            raise BadInput(f"参数 {name} 要写成列表，最多 {most} 项。")
        for each in value:
            _check_item(name, each, field["items"])
    if "enum" in field and value not in field["enum"]:
        raise BadInput(f"参数 {name} 只能是：{'、'.join(field['enum'])}。")


def _check_text(name: str, value: Any, field: Json) -> None:
    if type(value) in (int, float):
        raise BadInput(f"参数 {name} 要写成带引号的文字：长的数字不加引号会丢位。")
    if not isinstance(value, str):
        raise BadInput(f"参数 {name} 的格式不对，要写成文字。")
    most = field.get("maxLength", 64)
    if len(value) > most:
        raise BadInput(f"参数 {name} 太长，最多 {most} 个字。")


def _check_item(name: str, each: Any, items: Json) -> None:
    if items["type"] != "object":
        _check(name, each, items)
        return
    if not isinstance(each, dict) or set(each) != set(items["properties"]):
        raise BadInput(f"参数 {name} 的每一项要有且只有：{'、'.join(items['properties'])}。")
    for key, field in items["properties"].items():
        _check(f"{name}.{key}", each[key], field)


def text(most: int, description: str, *, enum: Iterable[str] = ()) -> Json:
    """A text of at most `most` characters, or one of `enum`."""
    found: Json = {"type": "string", "description": description}
    return found | ({"enum": list(enum)} if enum else {"maxLength": most})


def whole(low: int, high: int, description: str) -> Json:
    return {"type": "integer", "minimum": low, "maximum": high, "description": description}


def flag(description: str) -> Json:
    return {"type": "boolean", "description": description}


def listed(most: int, description: str, items: Json) -> Json:
    """At most `most` of `items`; those are a field, or the properties that each must have."""
    return {"type": "array", "maxItems": most, "description": description, "items": items}


def record(**properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
