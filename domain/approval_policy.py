"""Which people must agree to what: rows of `config/approvals.yaml`, parsed, versioned, matched.

The operations person writes the rows; the first by `precedence` (then by place in the file) that fits decides, and the card
shows it together with the others that would have fitted. No row fits, or a row without steps: nobody may approve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.errors import BadInput
from domain.money import Money
from domain.people import May

_STEPS = {May.APPROVE_SERVICE, May.APPROVE_WAREHOUSE, May.APPROVE_FINANCE}
_CONDITIONS = {
    "kind", "channel", "shop", "above", "upto", "currency", "reason", "shipped", "min_orders", "max_refunds", "loss",
    "aftersale",
}  # fmt: skip
_ROW_KEYS = {"name", "words", "when", "steps", "hours", "undo_seconds", "precedence"}
_TOP_KEYS = {
    "version",
    "undo",
    "ladder",
    "repeat_hours",
    "good_for_minutes",
    "settle_minutes",
    "fresh_minutes",
    "refusals",
    "rows",
}


@dataclass(frozen=True, slots=True)
class Case:
    """What a row can look at. `orders`, `refunds`: the customer's last 90 days. `loss`: the order loses money, if known."""

    kind: str
    amount: Money
    channel: str = ""
    shop: str = ""
    reason: str = ""
    aftersale: str = ""
    shipped: bool = False
    orders: int = 0
    refunds: int = 0
    loss: bool | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the policy. `above` exclusive and `upto` inclusive, minor units of `currency`."""

    name: str
    words: str
    steps: tuple[str, ...]
    hours: float
    when: Mapping[str, Any] = field(default_factory=dict)
    undo_seconds: int | None = None
    precedence: int = 0

    def fits(self, case: Case) -> bool:
        """Whether every condition holds. A figure that is not known fits no condition about it."""
        return all(_holds(name, wanted, self, case) for name, wanted in self.when.items())


@dataclass(frozen=True, slots=True)
class Match:
    """The row that decides, None when nobody may approve; `also` are the rows that fitted and gave way."""

    row: Row | None
    also: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """The whole table. `ladder` in percent of the time limit; minutes and hours as named."""

    version: int
    rows: tuple[Row, ...]
    undo: Mapping[str, int] = field(default_factory=dict)
    ladder: tuple[int, ...] = (50, 80, 100)
    repeat_hours: float = 4
    good_for_minutes: float = 120
    settle_minutes: float = 15
    fresh_minutes: float = 60
    refusals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def parse(cls, raw: Any) -> ApprovalPolicy:
        """Read the YAML's content. Raises BadInput with the row and the word that cannot be read."""
        top = _mapping(raw, "approvals.yaml")
        _known(top, _TOP_KEYS, "approvals.yaml")
        rows = tuple(_row(item, number) for number, item in enumerate(_list(top.get("rows"), "rows"), start=1))
        twice = {row.name for row in rows if sum(other.name == row.name for other in rows) > 1}
        if twice:
            raise BadInput(f"approvals.yaml：规则名 {'、'.join(sorted(twice))} 出现了两次，请改名。")
        ladder = tuple(_whole(step, "ladder", low=1, high=100) for step in _list(top.get("ladder", [50, 80, 100]), "ladder"))
        if list(ladder) != sorted(set(ladder)) or not ladder or ladder[-1] != 100:
            raise BadInput("approvals.yaml：ladder 要从小到大，最后一格是 100。")
        undo = {str(k): _whole(v, f"undo.{k}", low=0, high=3600) for k, v in _mapping(top.get("undo", {}), "undo").items()}
        refusals = {
            str(kind): tuple(str(word)[:40] for word in _list(words, f"refusals.{kind}"))
            for kind, words in _mapping(top.get("refusals", {}), "refusals").items()
        }
        return cls(
            version=_whole(top.get("version"), "version", low=1, high=10**9),
            rows=rows,
            undo=undo,
            ladder=ladder,
            repeat_hours=_number(top.get("repeat_hours", 4), "repeat_hours"),
            good_for_minutes=_number(top.get("good_for_minutes", 120), "good_for_minutes"),
            settle_minutes=_number(top.get("settle_minutes", 15), "settle_minutes"),
            fresh_minutes=_number(top.get("fresh_minutes", 60), "fresh_minutes"),
            refusals=refusals,
        )

    def match(self, case: Case) -> Match:
        """The deciding row: highest precedence first, then the order of the file."""
        fitting = sorted((row for row in self.rows if row.fits(case)), key=lambda row: -row.precedence)
        return Match(fitting[0], tuple(fitting[1:])) if fitting else Match(None)

    def row(self, rule: str) -> Row | None:
        """The row that a stored `rule` ("退款-2 v3") names, as it is today; None when it has gone."""
        name = rule.rpartition(" v")[0] or rule
        return next((row for row in self.rows if row.name == name), None)

    def stamp(self, row: Row | None) -> str:
        """What an approval keeps in `rule`: the row's name and the table's version."""
        return f"{row.name} v{self.version}" if row else f"- v{self.version}"

    def undo_seconds(self, rule: str, kind: str) -> int:
        """Length of the undo window: the row's own, else the kind's, else 120 s for money and 60 s for the rest."""
        row = self.row(rule)
        if row is not None and row.undo_seconds is not None:
            return row.undo_seconds
        money = kind in ("refund", "return", "received", "cancel")
        return self.undo.get(kind, self.undo.get("money", 120) if money else self.undo.get("default", 60))


def _holds(name: str, wanted: Any, row: Row, case: Case) -> bool:
    match name:
        case "kind" | "channel" | "shop" | "aftersale":
            return bool(getattr(case, name) in wanted)
        case "reason":
            return any(word in case.reason for word in wanted)
        case "above":
            return case.amount.currency == row.when["currency"] and bool(case.amount.minor > wanted)
        case "upto":
            return case.amount.currency == row.when["currency"] and bool(case.amount.minor <= wanted)
        case "currency":
            return bool(case.amount.currency == wanted)
        case "shipped":
            return case.shipped is wanted
        case "loss":
            return case.loss is wanted
        case "min_orders":
            return bool(case.orders >= wanted)
        case "max_refunds":
            return bool(case.refunds <= wanted)
        case _:
            return False


def _row(raw: Any, number: int) -> Row:
    where = f"rows 第 {number} 行"
    item = _mapping(raw, where)
    _known(item, _ROW_KEYS, where)
    name = str(item.get("name") or "").strip()
    if not name:
        raise BadInput(f"approvals.yaml：{where} 缺 name。")
    where = f"规则 {name}"
    steps = tuple(str(step) for step in _list(item.get("steps", []), f"{where} 的 steps"))
    for step in steps:
        if step not in _STEPS:
            raise BadInput(f"approvals.yaml：{where} 的步骤 {step[:40]} 不认识，可写 {'、'.join(sorted(_STEPS))}。")
    undo = item.get("undo_seconds")
    return Row(
        name=name[:40],
        words=str(item.get("words") or name)[:80],
        steps=steps,
        hours=_number(item.get("hours", 8), f"{where} 的 hours"),
        when=_conditions(item.get("when", {}), where),
        undo_seconds=None if undo is None else _whole(undo, f"{where} 的 undo_seconds", low=0, high=3600),
        precedence=_whole(item.get("precedence", 0), f"{where} 的 precedence", low=-1000, high=1000),
    )


def _conditions(raw: Any, where: str) -> dict[str, Any]:
    """Conditions in the shapes `_holds` compares. A blank one is an error: it would silently widen the row."""
    when = _mapping(raw, f"{where} 的 when")
    _known(when, _CONDITIONS, f"{where} 的 when")
    currency = str(when.get("currency", "CNY"))
    found: dict[str, Any] = {}
    for name, value in when.items():
        if value is None or value in ("", []):
            raise BadInput(f"approvals.yaml：{where} 的条件 {name} 是空的；不要这个条件就删掉它。")
        if name in ("kind", "channel", "shop", "aftersale", "reason"):
            found[name] = tuple(str(word) for word in (value if isinstance(value, list) else [value]))
        elif name in ("above", "upto"):
            try:
                found[name] = Money.parse(str(value), currency).minor
            except ValueError as problem:
                raise BadInput(f"approvals.yaml：{where} 的 {name} 不是金额。") from problem
            found["currency"] = currency
        elif name in ("shipped", "loss"):
            if not isinstance(value, bool):
                raise BadInput(f"approvals.yaml：{where} 的 {name} 只能写 true 或 false。")
            found[name] = value
        elif name == "currency":
            found[name] = currency
        else:
            found[name] = _whole(value, f"{where} 的 {name}", low=0, high=10**6)
    return found


def _mapping(raw: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadInput(f"approvals.yaml：{where} 应当是“名称: 值”的列表。")
    return raw


def _list(raw: Any, where: str) -> list[Any]:
    if not isinstance(raw, list):
        raise BadInput(f"approvals.yaml：{where} 应当是用 - 开头的列表。")
    return raw


def _known(item: Mapping[str, Any], names: set[str], where: str) -> None:
    odd = sorted(str(name) for name in item if name not in names)
    if odd:
        raise BadInput(f"approvals.yaml：{where} 里不认识 {'、'.join(odd)[:80]}；可写 {'、'.join(sorted(names))}。")


def _whole(raw: Any, where: str, *, low: int, high: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not low <= raw <= high:
        raise BadInput(f"approvals.yaml：{where} 要写 {low} 到 {high} 之间的整数。")
    return raw


def _number(raw: Any, where: str) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw < 10_000:
        raise BadInput(f"approvals.yaml：{where} 要写大于 0 的数。")
    return float(raw)
