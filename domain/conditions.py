"""Conditions in CEL, the small and total part of it that a rule needs, turned into plain functions.

`cel-python` reads the text (the standard's own grammar), this module checks and translates it. It is not cel-python's
interpreter because a condition runs once per due order and a million times in a rehearsal: the interpreter takes
0.1-0.2 ms a time, a translated condition a microsecond. `tests/domain/test_conditions.py` holds both to the same answers.

What is allowed: declared variables, whole numbers, strings, true/false, lists of literals, `+ - *`, `/ %` by a literal
other than 0, comparisons, `in`, `! && ||`, `a ? b : c`, `.startsWith() .endsWith() .contains()`. Every part has a type
that is checked when the rule is loaded, so nothing is left that can fail while it runs.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import celpy
    from lark import Token, Tree

Value = int | str | bool
Facts = Mapping[str, Value]
Run = Callable[[Facts], Any]
MAX_LENGTH = 2_000

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "relation_lt": operator.lt, "relation_le": operator.le, "relation_gt": operator.gt,
    "relation_ge": operator.ge, "relation_eq": operator.eq, "relation_ne": operator.ne,
}  # fmt: skip
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": lambda text, part: part in text,
}


class ConditionError(ValueError):
    """The condition cannot be used; the message says why, in Chinese, for the person who wrote the rule."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked condition. `names` are the variables it reads, in order of appearance; `literals` its constants."""

    text: str
    names: tuple[str, ...]
    run: Run
    literals: tuple[Value, ...] = ()

    def __call__(self, facts: Facts) -> bool:
        """Whether it holds. Every declared variable it names must be in `facts` (KeyError otherwise)."""
        return bool(self.run(facts))


@dataclass(frozen=True, slots=True)
class _Part:
    type: str  # int, string, bool, list<int>, list<string>
    run: Run
    literal: bool = False


@lru_cache(maxsize=1)
def _grammar() -> celpy.Environment:
    """Built on first use: the parser's tables cost memory and start-up time that a process without rules need not pay."""
    import celpy

    return celpy.Environment()


def compile_condition(text: str, variables: Mapping[str, str]) -> Condition:
    """Read one condition over `variables` (name -> int, string or bool). Raises ConditionError."""
    from celpy.celparser import CELParseError

    if not isinstance(text, str) or not text.strip():
        raise ConditionError("条件是空的")
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"条件超过 {MAX_LENGTH} 个字符")
    try:
        tree = _grammar().compile(text)
    except CELParseError as problem:
        raise ConditionError(f"条件第 {problem.column} 个字符处读不懂：{text.strip()[:60]}") from problem
    except RecursionError as problem:
        raise ConditionError("条件嵌套太深") from problem
    reader = _Reader(variables)
    part = reader.read(tree)
    if part.type != "bool":
        raise ConditionError(f"条件要得出是或否，{text.strip()[:60]} 得出的是 {part.type}")
    return Condition(text.strip(), tuple(reader.names), part.run, tuple(dict.fromkeys(reader.literals)))


class _Reader:
    """Walks the parser's tree once, checking types and building functions."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.names: list[str] = []
        self.literals: list[Value] = []

    def read(self, node: Tree[Token]) -> _Part:
        method = getattr(self, f"_{node.data}", None)
        if method is None:
            raise ConditionError(f"不支持这种写法：{node.data}")
        return method(node.children)  # type: ignore[no-any-return]

    def _expr(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        test, yes, no = (self.read(part) for part in parts)
        self._want("bool", test)
        if yes.type != no.type:
            raise ConditionError(f"? : 两边类型不同：{yes.type} 和 {no.type}")
        return _Part(yes.type, lambda f: yes.run(f) if test.run(f) else no.run(f))

    def _conditionalor(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        left, right = self._two(parts, "bool")
        return _Part("bool", lambda f: left.run(f) or right.run(f))

    def _conditionaland(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        left, right = self._two(parts, "bool")
        return _Part("bool", lambda f: left.run(f) and right.run(f))

    def _relation(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        kind = parts[0].data
        left, right = self.read(parts[0].children[0]), self.read(parts[1])
        if kind == "relation_in":
            if right.type != f"list<{left.type}>":
                raise ConditionError(f"in 的右边要是 {left.type} 的清单，现在是 {right.type}")
            members = frozenset(right.run({}))
            return _Part("bool", lambda f: left.run(f) in members)
        if left.type != right.type:
            raise ConditionError(f"{left.type} 不能和 {right.type} 比较")
        ordered = kind not in ("relation_eq", "relation_ne")
        if left.type.startswith("list") or (ordered and left.type == "bool"):
            raise ConditionError(f"{left.type} 不能比大小")
        compare = _COMPARE[kind]
        return _Part("bool", lambda f: compare(left.run(f), right.run(f)))

    def _addition(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        left, right = self.read(parts[0].children[0]), self.read(parts[1])
        if parts[0].data == "addition_add" and left.type == right.type == "string":
            return _Part("string", lambda f: left.run(f) + right.run(f))
        self._want("int", left, right)
        if parts[0].data == "addition_add":
            return _Part("int", lambda f: left.run(f) + right.run(f))
        return _Part("int", lambda f: left.run(f) - right.run(f))

    def _multiplication(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        left, right = self.read(parts[0].children[0]), self.read(parts[1])
        self._want("int", left, right)
        if parts[0].data == "multiplication_mul":
            return _Part("int", lambda f: left.run(f) * right.run(f))
        by = right.run({}) if right.literal else 0
        if not by:
            raise ConditionError("只能除以一个不是 0 的数字")
        if parts[0].data == "multiplication_div":
            return _Part("int", lambda f: _quotient(left.run(f), by))
        return _Part("int", lambda f: left.run(f) - by * _quotient(left.run(f), by))

    def _unary(self, parts: list[Any]) -> _Part:
        if len(parts) == 1:
            return self.read(parts[0])
        inner = self.read(parts[1])
        if parts[0].data == "unary_not":
            self._want("bool", inner)
            return _Part("bool", lambda f: not inner.run(f))
        self._want("int", inner)
        return _Part("int", lambda f: -inner.run(f), inner.literal)

    def _member(self, parts: list[Any]) -> _Part:
        return self.read(parts[0])

    def _primary(self, parts: list[Any]) -> _Part:
        return self.read(parts[0])

    def _paren_expr(self, parts: list[Any]) -> _Part:
        return self.read(parts[0])

    def _member_dot_arg(self, parts: list[Any]) -> _Part:
        method = _METHODS.get(str(parts[1]))
        arguments = parts[2].children if len(parts) > 2 and parts[2] is not None else []
        if method is None or len(arguments) != 1:
            raise ConditionError(f"不认识的函数：{parts[1]}")
        left, right = self.read(parts[0]), self.read(arguments[0])
        self._want("string", left, right)
        return _Part("bool", lambda f: method(left.run(f), right.run(f)))

    def _list_lit(self, parts: list[Any]) -> _Part:
        members = [self.read(part) for part in (parts[0].children if parts and parts[0] is not None else [])]
        if not members or any(not each.literal for each in members) or len({each.type for each in members}) != 1:
            raise ConditionError("清单里要写同一类的固定值")
        values = [each.run({}) for each in members]
        return _Part(f"list<{members[0].type}>", lambda _: values)

    def _ident(self, parts: list[Any]) -> _Part:
        name = str(parts[0])
        kind = self._variables.get(name)
        if kind is None:
            raise ConditionError(f"没有叫 {name} 的数据；可以用：{'、'.join(sorted(self._variables))}")
        if name not in self.names:
            self.names.append(name)
        return _Part(kind, lambda f: f[name])

    def _literal(self, parts: list[Any]) -> _Part:
        token = parts[0]
        if token.type == "INT_LIT":
            number = int(token, 0) if "x" in token else int(token)
            self.literals.append(number)
            return _Part("int", lambda _: number, literal=True)
        if token.type == "STRING_LIT":
            text = ast.literal_eval(str(token))
            self.literals.append(text)
            return _Part("string", lambda _: text, literal=True)
        if token.type == "BOOL_LIT":
            flag = str(token) == "true"
            return _Part("bool", lambda _: flag, literal=True)
        raise ConditionError(f"不支持这种值：{str(token)[:30]}（金额用分，比例用万分之几，写整数）")

    def _two(self, parts: list[Any], kind: str) -> tuple[_Part, _Part]:
        left, right = self.read(parts[0]), self.read(parts[1])
        self._want(kind, left, right)
        return left, right

    @staticmethod
    def _want(kind: str, *parts: _Part) -> None:
        for part in parts:
            if part.type != kind:
                raise ConditionError(f"这里要 {kind}，写的是 {part.type}")


def _quotient(left: int, right: int) -> int:
    """CEL divides towards zero, Python towards minus infinity."""
    size = abs(left) // abs(right)
    return size if (left < 0) == (right < 0) else -size
