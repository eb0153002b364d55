"""The lines of a run as a table for people; the README and docs/benchmarks.md hold one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Line = dict[str, Any]
_HEAD = ("case", "what", "engine", "orders", "ours", "anchor", "ratio", "target", "")
_SHOWN = (
    ("per_s", "/s"), ("p50_us", " µs p50"), ("p99_us", " µs p99"), ("p50_ms", " ms p50"), ("p99_ms", " ms p99"),
    ("mib", " MiB"), ("seconds", " s"),
)  # fmt: skip


def table(lines: Iterable[Line]) -> str:
    """Markdown, one row a line. A missed target is said, not hidden."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_row(one) for one in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(one: Line) -> tuple[str, ...]:
    conditions = [f"{one['wants']} {one['target']:g}"]
    ratios = [f"{one['ratio']:g}"]
    for each in one.get("also", ()):
        ratios.append(f"{each['what']} {each['value']:g}")
        conditions.append(f"{each['wants']} {each['target']:g}")
    name = one["name"] + (f" ({one['note']})" if one.get("note") else "")
    return (
        one["case"], name, one["engine"], f"{one['orders']:,}" if one["orders"] else "–", _figures(one["ours"]),
        _figures(one["anchor"]), "; ".join(ratios), "; ".join(conditions), "ok" if one["ok"] else "**missed**",
    )  # fmt: skip


def _figures(figures: Line) -> str:
    parts = []
    for name, unit in _SHOWN:
        value = figures.get(name)
        if isinstance(value, dict):
            value = value["median"]
        if value is not None:
            parts.append(f"{value:,.0f}{unit}" if value >= 100 else f"{value:g}{unit}")
    return ", ".join(parts) or "–"
