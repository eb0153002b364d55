"""The operations person's warning rules: what `config/rules.yaml` becomes, and what can be asked of a rule.

A rule is data: a condition over declared facts, limits with a name of their own, who is told, and how often. Every rule has
a name that people say (库存-1) and a version that each alert carries. A rule that cannot be read is left out and named
with its line in the file; the others go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from domain.clock import SHANGHAI
from domain.conditions import Condition, ConditionError, Facts, Value, compile_condition
from domain.money import Money
from domain.people import Role
from domain.rule_change import RuleChange
from domain.workdays import Quiet

E = TypeVar("E", bound=StrEnum)
LINE = "__line__"  # where a loader notes the line of a mapping in its file


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure a rule may look at. `unit`: 件, 单, 分钟, 万分之 (basis points), 分 (minor units), 时 (per hour) or ""."""

    type: str
    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of rule is about. `clock` is the fact that moves by itself: +1 grows each minute, -1 shrinks."""

    about: str
    facts: Mapping[str, Fact]
    clock: str = ""
    clock_step: int = 0


_ORDER = {
    "channel": Fact("string", "渠道"),
    "shop": Fact("string", "店铺"),
    "warehouse": Fact("string", "仓库"),
    "stage": Fact("string", "阶段"),
    "paid_minor": Fact("int", "实付", "分"),
}
_STOCK = {
    "sku": Fact("string", "SKU"),
    "warehouse": Fact("string", "仓库"),
    "available": Fact("int", "可用", "件"),
    "on_hand": Fact("int", "在手", "件"),
    "reserved": Fact("int", "占用", "件"),
    "frozen": Fact("int", "冻结", "件"),
    "safety": Fact("int", "安全", "件"),
    "in_transit": Fact("int", "在途", "件"),
}
KINDS: Mapping[str, Kind] = {
    "stock_low": Kind(
        "库存",
        {
            **_STOCK,
            "sold_per_hour": Fact("int", "每小时卖", "时"),
            "minutes_to_empty": Fact("int", "断货还有", "分钟"),
            "orders": Fact("int", "待发单", "单"),
            "ship_by_minutes": Fact("int", "最早发货时限还有", "分钟"),
        },
    ),
    "oversell": Kind("库存", {**_STOCK, "wanted": Fact("int", "要发", "件")}),
    "ship_by_soon": Kind("发货", {**_ORDER, "minutes_left": Fact("int", "离发货时限", "分钟")}, "minutes_left", -1),
    "ship_by_missed": Kind("发货", {**_ORDER, "minutes_over": Fact("int", "超过发货时限", "分钟")}, "minutes_over", 1),
    "no_scan": Kind(
        "物流",
        {**_ORDER, "carrier": Fact("string", "承运"), "minutes_since_scan": Fact("int", "没有新扫描", "分钟")},
        "minutes_since_scan",
        1,
    ),
    "no_pickup": Kind(
        "物流",
        {**_ORDER, "carrier": Fact("string", "承运"), "minutes_since_upload": Fact("int", "上传单号后没有揽收", "分钟")},
        "minutes_since_upload",
        1,
    ),
    "margin": Kind(
        "毛利",
        {
            **_ORDER,
            "sku": Fact("string", "SKU"),
            "margin_bp": Fact("int", "毛利率", "万分之"),
            "contribution_minor": Fact("int", "单行毛利", "分"),
            "revenue_minor": Fact("int", "收入", "分"),
            "loyal": Fact("bool", "老客户"),
        },
    ),
    "feed_down": Kind(
        "同步", {"source": Fact("string", "来源"), "minutes_behind": Fact("int", "没同步成功", "分钟")}, "minutes_behind", 1
    ),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: after so long without a claim, tell this role too."""

    after: timedelta
    role: Role


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `when` raises, `clear` ends (with slack against flapping), `critical` makes it pierce every quiet."""

    name: str
    version: int
    kind: str
    title: str
    when: Condition
    severity: Severity
    owner: Role
    topic: str
    clear: Condition | None = None
    critical: Condition | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    group_by: tuple[str, ...] = ()
    hold_down: timedelta = timedelta(0)
    ladder: tuple[Rung, ...] = ()
    claim_for: timedelta = timedelta(hours=2)
    quiet: Quiet | None = None
    changed_by: str = ""
    changed_at: str = ""
    note: str = ""
    line: int = 0

    def facts(self, seen: Facts) -> dict[str, Value]:
        """The rule's limits together with what was seen."""
        return {**self.limits, **seen}

    def fires(self, seen: Facts) -> bool:
        return self.when(self.facts(seen))

    def clears(self, seen: Facts) -> bool:
        """Whether a standing alert is over. Between `when` and `clear` it stays as it is."""
        facts = self.facts(seen)
        if self.when(facts):
            return False
        return self.clear is None or self.clear(facts)

    def severity_of(self, seen: Facts) -> Severity:
        if self.critical is not None and self.critical(self.facts(seen)):
            return Severity.CRITICAL
        return self.severity

    @property
    def fingerprint(self) -> str:
        """Tells one wording of the filed rule from another."""
        limits = ",".join(f"{name}={value}" for name, value in sorted(self.limits.items()))
        return f"v{self.version}:{limits}"

    def label(self, name: str) -> str:
        fact = KINDS[self.kind].facts.get(name)
        return fact.label if fact else _LIMIT_LABELS.get(name, name)

    def unit(self, name: str) -> str:
        fact = KINDS[self.kind].facts.get(name)
        return fact.unit if fact else _limit_unit(name)


_LIMIT_LABELS = {
    "lead_minutes": "提前提醒",
    "lead_critical_minutes": "紧急提前",
    "stall_minutes": "停滞上限",
    "stall_critical_minutes": "严重停滞",
    "pickup_minutes": "揽收时限",
    "pickup_critical_minutes": "严重未揽收",
    "floor_bp": "毛利率下限",
    "empty_minutes": "断货预警",
    "clear_percent": "恢复比例",
    "late_critical_minutes": "严重超时",
    "behind_minutes": "同步停滞上限",
}


def _limit_unit(name: str) -> str:
    for end, unit in (("_minutes", "分钟"), ("_bp", "万分之"), ("_minor", "分"), ("_percent", "%")):
        if name.endswith(end):
            return unit
    return ""


@dataclass(frozen=True, slots=True)
class ShipClock:
    """Hours from payment to ship-by on a channel that gave no date, from a day on. Only a fallback."""

    channel: str
    hours: int
    since: datetime
    source: str
    penalty: Money | None = None  # what the channel takes per late order, when it is known


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that was left out, and why."""

    rule: str
    line: int
    sentence: str

    def __str__(self) -> str:
        where = f"第 {self.line} 行 " if self.line else ""
        return f"{where}规则 {self.rule or '（没写名字）'}：{self.sentence}"


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rules that could be read, and the problems of those that could not."""

    rules: tuple[Rule, ...] = ()
    problems: tuple[Problem, ...] = ()
    clocks: tuple[ShipClock, ...] = ()
    loyal_tags: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, raw: Any) -> RuleBook:
        """Read the content of a rules file: `{"rules": [...], "ship_by": [...], "loyal_tags": [...]}`.

        Mappings may hold their line under `__line__`. Never raises for what a person wrote; see `problems`.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("rules", []), list):
            return cls(problems=(Problem("", 0, "文件要是一份 rules 清单"),))
        rules: list[Rule] = []
        problems: list[Problem] = []
        for entry in raw.get("rules") or []:
            name = str(entry.get("name", "")) if isinstance(entry, Mapping) else ""
            line = int(entry.get(LINE, 0)) if isinstance(entry, Mapping) else 0
            try:
                rule = _rule(entry)
                if any(rule.name == other.name for other in rules):
                    raise ConditionError("名字和前面一条重复")
                rules.append(rule)
            except (ValueError, TypeError, KeyError, AttributeError) as problem:
                problems.append(Problem(name, line, _sentence(problem)))
        clocks: list[ShipClock] = []
        for row in raw.get("ship_by") or []:
            try:
                clocks.append(_clock(row))
            except (ValueError, TypeError, KeyError, AttributeError) as problem:
                line = int(row.get(LINE, 0)) if isinstance(row, Mapping) else 0
                problems.append(Problem("ship_by", line, _sentence(problem)))
        return cls(tuple(rules), tuple(problems), tuple(clocks), frozenset(map(str, raw.get("loyal_tags") or [])))

    def of(self, kind: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.kind == kind]

    def named(self, name: str) -> Rule | None:
        wanted = name.strip().casefold()
        return next((rule for rule in self.rules if rule.name.casefold() == wanted), None)

    def clock(self, channel: str, at: datetime) -> ShipClock | None:
        """The fallback in force at `at`: the channel's own row before the one for all, the latest first."""
        rows = [row for row in self.clocks if row.channel in (channel, "") and row.since <= at]
        return max(rows, key=lambda row: (row.channel == channel, row.since), default=None)

    def tuned(self, changes: Iterable[RuleChange]) -> RuleBook:
        """The book with the limits that were switched on in the group, oldest first.

        A change of a rule that the file has since rewritten lapses: whoever wrote the file had the last word.
        """
        found = {rule.name: rule for rule in self.rules}
        filed = {rule.name: rule.fingerprint for rule in self.rules}
        for each in changes:
            rule = found.get(each.rule)
            if rule is None or each.base != filed[each.rule] or set(each.limits) - set(rule.limits):
                continue
            found[each.rule] = replace(
                rule,
                limits={**rule.limits, **each.limits},
                version=rule.version + 1,
                changed_by=each.made_by,
                changed_at=f"{each.made_at.astimezone(SHANGHAI):%m-%d %H:%M}",
            )
        return replace(self, rules=tuple(found[rule.name] for rule in self.rules))


class LiveRules:
    """The book in force in this process: as filed, and with what was switched on in the group. Replaced whole.

    `filed` may be the way to get the book: reading conditions takes a third of a second, which nobody's first answer waits
    for. It is read when a rule is first asked for, by one thread, and what was switched on until then holds from the start.
    """

    __slots__ = ("_book", "_changes", "_filed", "_later", "_turn")

    def __init__(self, filed: RuleBook | Callable[[], RuleBook]) -> None:
        self._filed: RuleBook | None = filed if isinstance(filed, RuleBook) else None
        self._later = None if isinstance(filed, RuleBook) else filed
        self._book = self._filed
        self._changes: tuple[RuleChange, ...] = ()
        self._turn = threading.Lock()

    @property
    def filed(self) -> RuleBook:
        """The book as the file has it."""
        if self._filed is None:
            with self._turn:
                if self._filed is None and self._later is not None:
                    book = self._later()
                    self._book = book.tuned(self._changes)
                    self._filed = book
        if self._filed is None:
            raise RuntimeError("a book, or the way to get it")
        return self._filed

    @filed.setter
    def filed(self, book: RuleBook) -> None:
        if self._book is None:
            self._book = book.tuned(self._changes)
        self._filed = book

    @property
    def book(self) -> RuleBook:
        """The book in force."""
        filed = self.filed
        return filed if self._book is None else self._book

    @book.setter
    def book(self, book: RuleBook) -> None:
        self._book = book

    def tune(self, changes: Sequence[RuleChange]) -> None:
        """What is switched on now, over the file; before the file was read, this only says what will be."""
        with self._turn:
            self._changes = tuple(changes)
            if self._filed is not None:
                self._book = self._filed.tuned(changes)


def _sentence(problem: Exception) -> str:
    return f"缺少 {problem.args[0]}" if isinstance(problem, KeyError) else str(problem)


def _rule(entry: Any) -> Rule:
    if not isinstance(entry, Mapping):
        raise ConditionError("要写成 键: 值")
    name, kind = str(entry["name"]).strip(), str(entry["kind"])
    if not name:
        raise ConditionError("缺少 name")
    if kind not in KINDS:
        raise ConditionError(f"不认识的 kind {kind}；可以用：{'、'.join(KINDS)}")
    unknown = set(entry) - _KEYS
    if unknown:
        raise ConditionError(f"不认识的设置：{'、'.join(sorted(unknown))}")
    limits = _limits(entry.get("limits") or {}, kind)
    variables = {**{key: fact.type for key, fact in KINDS[kind].facts.items()}, **dict.fromkeys(limits, "int")}

    def condition(key: str) -> Condition:
        try:
            return compile_condition(entry[key], variables)
        except ConditionError as problem:
            raise ConditionError(f"{key}：{problem}") from problem

    changed = entry.get("changed") or {}
    return Rule(
        name=name,
        version=_whole(entry["version"], "version", least=1),
        kind=kind,
        title=str(entry["title"]).strip() or name,
        when=condition("when"),
        clear=condition("clear") if "clear" in entry else None,
        critical=condition("critical") if "critical" in entry else None,
        severity=_choice(Severity, entry.get("severity", "warning"), "severity"),
        owner=_choice(Role, entry["owner"], "owner"),
        topic=str(entry["topic"]),
        limits=limits,
        group_by=_group(entry.get("group_by") or [], kind),
        hold_down=timedelta(minutes=_whole(entry.get("hold_down_minutes", 0), "hold_down_minutes")),
        ladder=_ladder(entry.get("ladder") or []),
        claim_for=timedelta(minutes=_whole(entry.get("claim_minutes", 120), "claim_minutes", least=1)),
        quiet=_quiet(entry.get("quiet")),
        changed_by=str(changed.get("by", "")),
        changed_at=str(changed.get("at", "")),
        note=str(entry.get("note", "")),
        line=int(entry.get(LINE, 0)),
    )


_KEYS = {
    "name", "version", "kind", "title", "when", "clear", "critical", "severity", "owner", "topic", "limits", "group_by",
    "hold_down_minutes", "ladder", "claim_minutes", "quiet", "changed", "note", LINE,
}  # fmt: skip


def _limits(raw: Any, kind: str) -> dict[str, int]:
    limits = {str(key): _whole(value, str(key), least=None) for key, value in raw.items() if key != LINE}
    clash = set(limits) & set(KINDS[kind].facts)
    if clash:
        raise ConditionError(f"limits 和数据同名：{'、'.join(sorted(clash))}")
    return limits


def _whole(value: Any, name: str, *, least: int | None = 0) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise ConditionError(f"{name} 要写整数" + (f"，不小于 {least}" if least is not None else ""))
    return value


def _choice(kind: type[E], value: Any, name: str) -> E:
    try:
        return kind(str(value))
    except ValueError as problem:
        raise ConditionError(f"{name} 不能是 {value}；可以用：{'、'.join(kind)}") from problem


def _group(names: Any, kind: str) -> tuple[str, ...]:
    wanted = tuple(map(str, names))
    odd = [name for name in wanted if name not in KINDS[kind].facts]
    if odd:
        raise ConditionError(f"group_by 里没有叫 {'、'.join(odd)} 的数据")
    return wanted


def _ladder(rows: Any) -> tuple[Rung, ...]:
    rungs = [
        Rung(timedelta(minutes=_whole(row["after_minutes"], "after_minutes", least=1)), _choice(Role, row["role"], "role"))
        for row in rows
    ]
    return tuple(sorted(rungs, key=lambda rung: rung.after))


def _quiet(raw: Any) -> Quiet | None:
    if not raw:
        return None
    return Quiet(
        time.fromisoformat(str(raw["from"])), time.fromisoformat(str(raw["until"])), bool(raw.get("days_off", False))
    )


def _clock(row: Any) -> ShipClock:
    since = datetime.fromisoformat(str(row["from"]))
    since = since if since.tzinfo else since.replace(tzinfo=SHANGHAI)
    minor = row.get("penalty_minor")
    penalty = None if minor is None else Money(_whole(minor, "penalty_minor"))
    return ShipClock(
        str(row.get("channel") or ""),
        _whole(row["hours"], "hours", least=1),
        since.astimezone(UTC),
        str(row.get("source", "")),
        penalty,
    )
