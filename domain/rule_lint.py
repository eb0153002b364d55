"""Faults of rules that can be read but not trusted: dead, always on, shadowed, conflicting, incomplete."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, pairwise, product

from domain.conditions import Condition, Facts, Value
from domain.rules import KINDS, Problem, Rule, RuleBook


def samples(rules: Sequence[Rule], *, limit: int = 20_000) -> Iterator[dict[str, Value]]:
    """Facts at and beside every constant that the rules of one kind mention: enough to tell such conditions apart."""
    kind = KINDS[rules[0].kind]
    literals = [value for rule in rules for part in _conditions(rule) for value in part.literals]
    numbers = {0, 1, -1, 100, *(x for v in literals if isinstance(v, int) for x in (v - 1, v, v + 1))}
    numbers |= {x for rule in rules for v in rule.limits.values() for x in (v - 1, v, v + 1, v * 2)}
    words = {"", *(value for value in literals if isinstance(value, str))}
    used = {name for rule in rules for part in _conditions(rule) for name in part.names if name in kind.facts}
    names = sorted(used)
    domains: list[list[Value]] = []
    for name in names:
        sort = kind.facts[name].type
        domains.append([False, True] if sort == "bool" else sorted(numbers) if sort == "int" else sorted(words))
    while _size(domains) > limit and max(map(len, domains)) > 3:
        widest = max(range(len(domains)), key=lambda i: len(domains[i]))
        domains[widest] = domains[widest][::2]
    for values in islice(product(*domains), limit):
        yield dict(zip(names, values, strict=True))


def _size(domains: Sequence[Sequence[Value]]) -> int:
    size = 1
    for domain in domains:
        size *= len(domain)
    return size


def _conditions(rule: Rule) -> list[Condition]:
    return [part for part in (rule.when, rule.clear, rule.critical) if part is not None]


def lint(book: RuleBook) -> list[Problem]:
    """Every fault, named: the unreadable rules first, then those that are dead, shadowed, conflicting or incomplete."""
    found = list(book.problems)
    for kind in KINDS:
        rules = book.of(kind)
        if not rules:
            continue
        cases = [{**case} for case in samples(rules)]
        hits = {rule.name: [_safe(rule.when, rule, case) for case in cases] for rule in rules}
        place = {rule.name: index for index, rule in enumerate(rules)}
        for rule in rules:
            found += _lint_one(rule, cases, hits[rule.name])
        for first in rules:
            found += [
                Problem(other.name, other.line, f"被 {first.name} 盖住：它响的时候 {first.name} 都会响，而且级别不低于它")
                for other in rules
                if other is not first
                and any(hits[other.name])
                and all(a or not b for a, b in zip(hits[first.name], hits[other.name], strict=True))
                and first.severity.rank >= other.severity.rank
                and first.topic == other.topic
                and (hits[first.name] != hits[other.name] or place[first.name] < place[other.name])
            ]
            found += [
                Problem(
                    other.name, other.line, f"和 {first.name} 冲突：条件相同，级别却是 {other.severity} 和 {first.severity}"
                )
                for other in rules
                if place[first.name] < place[other.name]
                and hits[first.name] == hits[other.name]
                and first.severity != other.severity
            ]
    return found


def _safe(condition: Condition, rule: Rule, case: Facts) -> bool:
    return condition(rule.facts(case))


def _lint_one(rule: Rule, cases: Sequence[Facts], hits: Sequence[bool]) -> list[Problem]:
    found: list[Problem] = []

    def say(sentence: str) -> None:
        found.append(Problem(rule.name, rule.line, sentence))

    if not any(hits):
        say("永远不会响：条件自相矛盾")
    elif all(hits):
        say("一直会响：条件总是成立")
    clear = rule.clear
    if clear is not None and any(hit and _safe(clear, rule, case) for hit, case in zip(hits, cases, strict=True)):
        say("恢复条件和报警条件能同时成立，会反复响")
    if rule.critical is not None and any(hits):
        critical = rule.critical
        if not any(hit and _safe(critical, rule, case) for hit, case in zip(hits, cases, strict=True)):
            say("紧急条件永远轮不到：它成立时报警条件不成立")
    if not rule.ladder:
        say("不完整：没有 ladder，没人认领时不会升级")
    if not rule.topic:
        say("不完整：没有 topic，不知道发到哪个群")
    unused = [name for name in rule.limits if all(name not in part.names for part in _conditions(rule))]
    if unused:
        say(f"limits 里的 {'、'.join(unused)} 没有用到")
    clock = KINDS[rule.kind].clock
    if clock and clock in rule.when.names and _turns_back(rule):
        say(f"{rule.label(clock)} 变化时会响了又停，到点提醒会漏；请写成一个界限")
    return found


def _turns_back(rule: Rule) -> bool:
    """Whether the condition, once true, stops being true while only the clock runs."""
    kind = KINDS[rule.kind]
    for case in samples([rule], limit=500):
        edges = sorted({0, *(v for v in rule.limits.values()), *(v for v in rule.when.literals if isinstance(v, int))})
        ticks = sorted({x for v in edges for x in (v - 1, v, v + 1)}, reverse=kind.clock_step < 0)
        states = [rule.when(rule.facts({**case, kind.clock: tick})) for tick in ticks]
        if any(a and not b for a, b in pairwise(states)):
            return True
    return False
