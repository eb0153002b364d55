"""How a figure is taken: rounds in which ours and the anchor take turns, percentiles, and the line that is reported.

A machine's own speed moves by a factor of two within minutes, so only figures of the same round are compared, and the ratio
that is judged is the median of the rounds' ratios.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]
US = 1e6


def percentile(values: Iterable[float], share: float) -> float:
    """Nearest rank; `share` from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def spread(values: Sequence[float]) -> Line:
    """Of one figure over the rounds."""
    return {"median": neat(statistics.median(values)), "min": neat(min(values)), "max": neat(max(values)), "n": len(values)}


def neat(value: float) -> float:
    """Three significant digits below a hundred, whole numbers above: more would be noise."""
    return float(f"{value:.3g}") if abs(value) < 100 else float(round(value))


def timed_each(work: Callable[[Any], object], given: Iterable[Any]) -> float:
    """Seconds of all calls together."""
    gc.collect()
    start = time.perf_counter()
    for one in given:
        work(one)
    return time.perf_counter() - start


def each_timed(work: Callable[[Any], object], keys: Sequence[Any]) -> list[float]:
    """Seconds of each call."""
    clock = time.perf_counter
    found = []
    for key in keys:
        start = clock()
        work(key)
        found.append(clock() - start)
    return found


def alternate(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """Each of `runs` once a round, in turn, `rounds` times. A warm pass is the caller's business. One list per run."""
    found: list[list[float]] = [[] for _ in runs]
    for number in range(rounds):
        order = range(len(runs)) if number % 2 == 0 else reversed(range(len(runs)))
        for index in order:
            gc.collect()
            found[index].append(runs[index]())
    return found


def ratio(ours: Sequence[float], anchor: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return neat(statistics.median(a / b for a, b in zip(ours, anchor, strict=True)))


class Latencies:
    """Latencies of several ways, round by round, in microseconds."""

    def __init__(self) -> None:
        self._rounds: dict[str, list[list[float]]] = {}

    def add(self, name: str, seconds: Sequence[float]) -> None:
        self._rounds.setdefault(name, []).append([one * US for one in seconds])

    def each(self, name: str, share: float) -> list[float]:
        """One percentile of every round."""
        return [percentile(one, share) for one in self._rounds[name]]

    def ratio(self, ours: str, anchor: str, share: float) -> float:
        return ratio(self.each(ours, share), self.each(anchor, share))

    def figures(self, name: str) -> Line:
        """`p50_us` and `p99_us`: each the median of the rounds', with the range of the p99."""
        p99 = self.each(name, 0.99)
        return {
            "p50_us": neat(statistics.median(self.each(name, 0.5))),
            "p99_us": neat(statistics.median(p99)),
            "p99_min_us": neat(min(p99)),
            "p99_max_us": neat(max(p99)),
            "rounds": len(p99),
            "n": sum(len(one) for one in self._rounds[name]),
        }


def line(
    case: str, name: str, *, ours: Line, anchor: Line, ratio: float, target: float, wants: str = ">=", **more: Any
) -> Line:
    """One reported case. `wants` says whether the ratio must be at least (`>=`) or at most (`<=`) the target.

    `more` may hold `engine`, `orders`, `growth`, `note`, and `also`: further conditions made by `check`, which count too.
    """
    met = ratio >= target if wants == ">=" else ratio <= target
    also = more.get("also", ())
    found = {
        "case": case, "name": name, "engine": more.pop("engine", "-"), "orders": more.pop("orders", 0), "ours": ours,
        "anchor": anchor, "ratio": neat(ratio), "wants": wants, "target": target,
        "ok": met and all(one["ok"] for one in also),
    }  # fmt: skip
    return found | more


def check(what: str, value: float, wants: str, target: float) -> Line:
    """A further condition on the same case."""
    met = value >= target if wants == ">=" else value <= target
    return {"what": what, "value": neat(value), "wants": wants, "target": target, "ok": met}


def anonymous_mib(pid: int | str = "self") -> float:
    """Memory that is the process's own: RssAnon. Pages of mapped database files are the kernel's to drop."""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith("RssAnon"):
            return int(row.split()[1]) / 1024
    raise RuntimeError("this kernel does not tell RssAnon")
