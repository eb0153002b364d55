"""Reads a rules file, keeping the line of every mapping so that a fault can be pointed at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LINE = "__line__"
MAX_BYTES = 512_000


# The parser in C, where there is one, takes a tenth of the time.
_Safe: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Lined(_Safe):  # type: ignore[misc, valid-type]
    """SafeLoader whose mappings know their line. Repeated keys are an error: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"写了两次：{twice}", node.start_mark)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        found[LINE] = node.start_mark.line + 1
        return found


def read_rules(text: str) -> Any:
    """The content of a rules file for `domain.rules.RuleBook.parse`. Raises ValueError with the line."""
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"规则文件超过 {MAX_BYTES // 1000} KB")
    try:
        return yaml.load(text, Loader=_Lined)  # noqa: S506 a SafeLoader underneath: no objects are built
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = f"第 {mark.line + 1} 行 " if mark else ""
        raise ValueError(f"{line}YAML 读不懂：{problem.problem}") from problem
    except yaml.YAMLError as problem:
        raise ValueError(f"YAML 读不懂：{problem}") from problem


def rules_file() -> Path:
    """The rules that ship with the program."""
    return Path(__file__).with_name("rules.yaml")
