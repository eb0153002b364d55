"""The quality scale: every rule, its tier and how it is checked. `quality.toml` of each connector answers all of them.

C = a test of this suite (marked with `@proves`), H = a house test, D = a document that must be there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])

TIERS = ("bronze", "silver", "gold", "platinum")
RULES: dict[str, tuple[str, str]] = {
    "card-valid": ("bronze", "H"),
    "card-honest": ("bronze", "C"),
    "settings-named": ("bronze", "C"),
    "signature-independent": ("bronze", "C"),
    "mapping-total": ("bronze", "C"),
    "money-exact": ("bronze", "C"),
    "time-utc": ("bronze", "C"),
    "paging-complete": ("bronze", "C"),
    "errors-named": ("bronze", "C"),
    "samples-sourced": ("bronze", "H"),
    "docs-setup": ("bronze", "D"),
    "no-import-cost": ("bronze", "H"),
    "resumes-anywhere": ("silver", "C"),
    "shifting-window": ("silver", "C"),
    "keeps-pace": ("silver", "C"),
    "one-refresh": ("silver", "C"),
    "asks-for-grant": ("silver", "C"),
    "says-it-once": ("silver", "C"),
    "private": ("silver", "C"),
    "leaves-nothing": ("silver", "C"),
    "never-blocks": ("silver", "C"),
    "same-key-once": ("gold", "C"),
    "doubt-kept": ("gold", "C"),
    "looks-before-repeating": ("gold", "C"),
    "refusal-explained": ("gold", "C"),
    "push-authentic": ("gold", "C"),
    "push-acknowledged": ("gold", "C"),
    "diagnostics-redacted": ("gold", "C"),
    "trouble-shooting": ("gold", "D"),
    "sandbox-run": ("platinum", "D"),
    "load-run": ("platinum", "D"),
    "owner-named": ("platinum", "H"),
}


def proves(*rules: str) -> Callable[[F], F]:
    """Say which rules of the scale a test proves; read by tests/house/test_quality.py."""
    for rule in rules:
        if rule not in RULES:
            raise ValueError(f"no such rule: {rule}")

    def mark(test: F) -> F:
        test.proves = rules  # type: ignore[attr-defined]
        return test

    return mark
