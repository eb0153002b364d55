"""Every behaviour that no source confirms is a switch, and every switch is tested in more than one position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])


def both(switch: str, *cases: tuple[Any, Any], name: str = "expected") -> Callable[[Test], Test]:
    """Run a test once for each (position, expected). The test takes `position` and `expected`; the positions must differ.

    Read by tests/house/test_switches.py, which wants the default and at least one other position of every switch.
    """
    if len({repr(position) for position, _ in cases}) < 2:
        raise ValueError(f"{switch}: one position proves nothing")

    def mark(test: Test) -> Test:
        test.switch, test.positions = switch, tuple(position for position, _ in cases)  # type: ignore[attr-defined]
        marked: Test = pytest.mark.parametrize(("position", name), cases)(test)
        return marked

    return mark
