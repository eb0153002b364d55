"""`quick` changes what a value costs, and nothing that anybody could see."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.values import quick


@quick
@dataclass(frozen=True, slots=True)
class Made:
    name: str
    count: int = 1
    parts: tuple[str, ...] = field(default_factory=tuple)
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plain:
    name: str
    count: int = 1
    parts: tuple[str, ...] = field(default_factory=tuple)
    notes: dict[str, str] = field(default_factory=dict)


def test_it_is_made_like_any_dataclass_of_the_same_fields() -> None:
    made, plain = Made("a", parts=("x",)), Plain("a", parts=("x",))
    assert dataclasses.asdict(made) == dataclasses.asdict(plain)
    assert repr(made) == repr(plain).replace("Plain", "Made")
    assert list(inspect.signature(Made).parameters) == list(inspect.signature(Plain).parameters)
    assert made.notes is not Made("b").notes


def test_it_is_of_its_own_class_frozen_and_without_a_dictionary() -> None:
    made = Made("a")
    assert type(made) is Made
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.name = "b"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del made.name
    assert not hasattr(made, "__dict__")


def test_it_is_replaced_copied_compared_and_hashed_as_before() -> None:
    made = Made("a", 2, ("x",))
    assert dataclasses.replace(made, count=3) == Made("a", 3, ("x",))
    assert copy.copy(made) == made == pickle.loads(pickle.dumps(made))
    assert made != Made("a", 1, ("x",))
    flat: type[Any] = quick(dataclasses.make_dataclass("Flat", [("a", int)], frozen=True, slots=True))
    assert len({flat(1), flat(1), flat(2)}) == 2


def test_a_missing_or_unknown_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="name"):
        Made()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        Made("a", colour="red")  # type: ignore[call-arg]


def test_what_needs_more_than_its_fields_set_is_refused() -> None:
    with pytest.raises(TypeError):
        quick(dataclasses.make_dataclass("Thawed", [("a", int)], slots=True))
    with pytest.raises(TypeError):
        quick(dataclasses.make_dataclass("Roomy", [("a", int)], frozen=True))
    with pytest.raises(TypeError):
        quick(
            dataclasses.make_dataclass(
                "Checked", [("a", int)], frozen=True, slots=True, namespace={"__post_init__": lambda _: None}
            )
        )
