"""The translated conditions against cel-python's own interpreter, and what may not be loaded."""

from __future__ import annotations

import celpy
import pytest
from celpy import celtypes
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.conditions import ConditionError, compile_condition

CEL = celpy.Environment()  # made once: making one raises the recursion limit, which hypothesis would notice
NAMES = {"a": "int", "b": "int", "s": "string", "flag": "bool"}

ints = st.recursive(
    st.sampled_from(["a", "b", "3", "0", "-7", "100"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(inner, st.sampled_from(["/", "%"]), st.sampled_from(["3", "7"])).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
    ),
    max_leaves=4,
)
bools = st.recursive(
    st.one_of(
        st.tuples(ints, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), ints).map(" ".join),
        st.sampled_from(["flag", "true", 's == "x"', 's in ["x", "yy"]', 's.startsWith("y")', "a in [1, 2, 3]"]),
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda p: f"!({p})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(
    text=bools, a=st.integers(-500, 500), b=st.integers(-500, 500), s=st.sampled_from(["", "x", "yy"]), flag=st.booleans()
)
def test_a_translated_condition_says_what_cel_says(text: str, a: int, b: int, s: str, flag: bool) -> None:
    expected = CEL.program(CEL.compile(text)).evaluate(
        {
            "a": celtypes.IntType(a),
            "b": celtypes.IntType(b),
            "s": celtypes.StringType(s),
            "flag": celtypes.BoolType(flag),
        }
    )
    assert compile_condition(text, NAMES)({"a": a, "b": b, "s": s, "flag": flag}) == bool(expected)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "空"),
        ("   ", "空"),
        ("a <", "读不懂"),
        ("a + 1", "是或否"),
        ("c < 1", "没有叫 c"),
        ("a < 1.5", "写整数"),
        ("a / b > 1", "不是 0"),
        ("a / 0 > 1", "不是 0"),
        ("s < 1", "不能和"),
        ("s.matches('(a+)+$')", "不认识的函数"),
        ("a in [b]", "固定值"),
        ("a.b == 1", "不支持"),
        ('"x"[0] == "x"', "不支持"),
        ("a" * 3000, "超过"),
    ],
)
def test_a_condition_that_could_fail_later_is_refused_now(text: str, part: str) -> None:
    with pytest.raises(ConditionError, match=part):
        compile_condition(text, NAMES)


def test_numbers_beyond_53_bits_stay_exact() -> None:
    condition = compile_condition("a == b + 1", NAMES)
    assert condition({"a": 2**60 + 1, "b": 2**60})
    assert not condition({"a": 2**60, "b": 2**60})
