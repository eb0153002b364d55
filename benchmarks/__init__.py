"""The figures that the README claims: our real path and its anchor, alternated in one run on the same data.

`CASES[name](sizes, postgres=…, quick=…)` yields one JSON-able line per case; what the lines mean is in docs/benchmarks.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

Line = dict[str, Any]
Case = Callable[..., Iterator[Line]]

# Modules are loaded when asked for: measuring memory and start-up must not pay for the other cases' libraries.
_MODULES = {
    "dispatch": "dispatching",
    "ask": "asking",
    "ingest": "ingesting",
    "accept": "accepting",
    "http": "serving",
    "callbacks": "callbacks",
    "memory": "resident",
    "start": "starting",
    "chart": "drawing",
    "report": "reporting",
    "kpi": "figuring",
    "crypto": "sealing",
    "deadlines": "falling_due",
    "drain": "draining",
}


def _case(name: str) -> Case:
    def run(sizes: Sequence[int], *, postgres: str = "", quick: bool = False) -> Iterator[Line]:
        from benchmarks.ground import shared

        module = import_module(f"benchmarks.{_MODULES[name]}")
        yield from module.run_cases(shared(postgres=postgres, quick=quick), list(sizes))

    return run


CASES: dict[str, Case] = {name: _case(name) for name in _MODULES}
