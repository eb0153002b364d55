"""Frozen values that are cheap to make. Pure.

A frozen dataclass sets each of its fields through `object.__setattr__`, which costs five times a plain assignment; an
answer makes some forty values with two hundred fields, an import a dozen values for every order. `quick` keeps all that
such a class promises (frozen, slotted, the same signature, defaults, equality) and only writes another `__init__`: until its
fields are set, the new object is of a twin class with the same slots that is not frozen. Nobody else can see it before that.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

T = TypeVar("T")
_THAW = object.__setattr__


def quick(cls: type[T]) -> type[T]:
    """Decorates a `@dataclass(frozen=True, slots=True)`. Raises TypeError on a class that needs more than its fields set."""
    settings = getattr(cls, "__dataclass_params__", None)
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]
    plain = all(one.init and not one.kw_only for one in fields) and tuple(cls.__dict__.get("__slots__", ())) == tuple(
        one.name for one in fields
    )
    if settings is None or not settings.frozen or not plain or cls.__bases__ != (object,) or hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} is more than a frozen, slotted set of fields")
    draft = type(f"_{cls.__name__}Draft", (), {"__slots__": cls.__dict__["__slots__"]})
    made = _init(fields, {"_draft": draft, "_done": cls, "_thaw": _THAW})
    made.__annotations__ = cls.__init__.__annotations__
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__module__ = cls.__module__
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


def _init(fields: tuple[dataclasses.Field[Any], ...], names: dict[str, Any]) -> Any:
    """`__init__`, written out as dataclasses does it: a loop over the fields would cost what is to be saved."""
    heads, lines = ["self"], ["_thaw(self, '__class__', _draft)"]
    for one in fields:
        value = one.name
        if one.default is not dataclasses.MISSING:
            names[f"_d_{one.name}"] = one.default
            heads.append(f"{one.name}=_d_{one.name}")
        elif one.default_factory is not dataclasses.MISSING:
            names[f"_f_{one.name}"] = one.default_factory
            names["_missing"] = dataclasses.MISSING
            heads.append(f"{one.name}=_missing")
            value = f"_f_{one.name}() if {one.name} is _missing else {one.name}"
        else:
            heads.append(one.name)
        lines.append(f"self.{one.name} = {value}")
    body = "\n    ".join([*lines, "self.__class__ = _done"])
    exec(f"def __init__({', '.join(heads)}):\n    {body}", names)  # noqa: S102  only names of our own fields
    return names["__init__"]
