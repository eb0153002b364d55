"""Asking a rule: why it did or did not fire, what would turn it, and when time alone will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain.conditions import Condition, Facts, Value
from domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Flip:
    """The nearest value of one figure at which the rule would say otherwise, the other figures as they were."""

    name: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class Why:
    """A rule's answer about one set of facts: the formula in words, its figures, and what would turn it."""

    fires: bool
    formula: str
    values: tuple[tuple[str, Value], ...]
    flips: tuple[Flip, ...]


_WORDS = (("&&", " 且 "), ("||", " 或 "), ("<=", "≤"), (">=", "≥"), ("!=", "≠"), ("==", "="), ("!", "不是 "))


def formula(rule: Rule) -> str:
    """The condition with the facts' Chinese names: 可用 < 安全."""
    text = _rename(rule.when.text, {name: rule.label(name) for name in rule.when.names})
    for old, new in _WORDS:
        text = text.replace(old, new)
    return " ".join(text.split())


def _rename(text: str, labels: Mapping[str, str]) -> str:
    out: list[str] = []
    word = ""
    quote = ""
    for letter in f"{text} ":
        if quote or letter in "\"'":
            out.append(labels.get(word, word) + letter)
            word = ""
            quote = "" if letter == quote else quote or letter
        elif letter.isalnum() or letter == "_":
            word += letter
        else:
            out.append(labels.get(word, word) + letter)
            word = ""
    return "".join(out).strip()


def why(rule: Rule, seen: Facts) -> Why:
    """Explain what a rule says of these facts. `flips` are ordered by how near they are."""
    facts = rule.facts(seen)
    flips = [flip for name in rule.when.names if (flip := nearest_flip(rule.when, facts, name)) is not None]
    flips.sort(key=lambda flip: abs(flip.then - flip.now))
    values = tuple((name, facts[name]) for name in rule.when.names)
    return Why(rule.when(facts), formula(rule), values, tuple(flips))


_FAR = 1 << 40


def nearest_flip(condition: Condition, facts: Facts, name: str) -> Flip | None:
    """The nearest whole number for `name` at which the condition turns; None when none within 2^40 does.

    Doubles the distance until it turns, then halves back: exact where the condition turns once in that direction.
    """
    now = facts[name]
    if isinstance(now, bool) or not isinstance(now, int):
        return None
    held = condition(facts)
    trial = dict(facts)

    def turned(distance: int) -> bool:
        trial[name] = now + distance
        return condition(trial) != held

    found: list[int] = []
    for sign in (1, -1):
        step = 1
        while step <= _FAR and not turned(sign * step):
            step *= 2
        if step > _FAR:
            continue
        low, high = step // 2, step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if turned(sign * middle) else (middle, high)
        found.append(sign * high)
    if not found:
        return None
    return Flip(name, now, now + min(found, key=abs))


_HORIZON = 1 << 22  # minutes: eight years


def clock_threshold(condition: Condition, facts: Facts, clock: str, step: int) -> int | None:
    """The clock's first value at which the condition holds, as time runs; None when it never will.

    For conditions that, once true, stay true while the clock runs (`domain.lint` names the others).
    """
    others = tuple((name, facts[name]) for name in condition.names if name != clock)
    return _threshold(condition, others, clock, step)


@lru_cache(maxsize=4096)
def _threshold(condition: Condition, others: tuple[tuple[str, Value], ...], clock: str, step: int) -> int | None:
    facts: dict[str, Value] = dict(others)

    def holds(value: int) -> bool:
        facts[clock] = value
        return condition(facts)

    early, late = (0, _HORIZON) if step > 0 else (_HORIZON, -_HORIZON)
    if clock not in condition.names:
        return early if holds(early) else None
    if holds(early):
        return early
    if not holds(late):
        return None
    while abs(late - early) > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if holds(middle) else (middle, late)
    return late
