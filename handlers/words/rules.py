"""What is said about rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache


class Zh:
    """Chinese."""

    def which_rule(self, names: Sequence[str]) -> str:
        return f"要演练哪一条？有：{'、'.join(names)}。例如「规则 演练 {names[0] if names else '库存-1'}」。"

    def not_yours(self) -> str:
        return "改规则和演练是运营或店长的事，可以找他们。"

    def how_to(self) -> str:
        return "看一条：「规则 库存-1」。先演练再改：「规则 演练 发货-1 lead_minutes=120」，不会发出任何提醒。"

    def limits(self, limits: Sequence[str]) -> str:
        return "界限 " + "，".join(limits)

    def owner(self, role: str, topic: str, ladder: Sequence[str]) -> str:
        steps = f"；没人认领时 {' → '.join(ladder)}" if ladder else ""
        return f"找{role}，发到 {topic} 群{steps}"

    def changed(self, by: str, at: str) -> str:
        return f"{by} {at} 改的".strip()

    def no_such_limit(self, rule: str, unknown: Sequence[str], known: Sequence[str]) -> str:
        return f"{rule} 没有叫 {'、'.join(unknown)} 的界限；可以改：{'、'.join(known) or '无'}。"

    def no_history(self, rule: str) -> str:
        return f"{rule} 看的是当下的情况，没有可以回放的历史，没法演练。"

    def rehearsed(
        self, rule: str, settings: Mapping[str, int], days: int, before: int, after: int, sent: int, would: int
    ) -> str:
        change = "，".join(f"{name}={value}" for name, value in settings.items()) or "照现在的写法"
        return (
            f"演练 {rule}（{change}），过去 {days} 天：会响 {after:,} 次、约 {would:,} 条消息；"
            f"照现在的写法是 {before:,} 次、约 {sent:,} 条。没有发出任何提醒，规则也没有改。"
        )

    def finding(self, rule: str, before: int, after: int) -> str:
        if after == before:
            return f"{rule} 改后次数不变：30 天 {after:,} 次"
        return f"{rule} 改后 30 天 {after:,} 次，{'多' if after > before else '少'} {abs(after - before):,} 次"

    def with_change(self) -> str:
        return "改后每天"

    def as_it_is(self) -> str:
        return "现在每天"

    def times(self) -> str:
        return "次"


class En(Zh):
    """English. Titles of charts stay as short as in Chinese."""

    def which_rule(self, names: Sequence[str]) -> str:
        return f"Rehearse which rule? There are: {', '.join(names)}."

    def not_yours(self) -> str:
        return "Rules are changed and rehearsed by operations or the manager."

    def how_to(self) -> str:
        return "One rule: 'rules 库存-1'. Rehearse before changing: 'rules rehearse 发货-1 lead_minutes=120' sends nothing."

    def limits(self, limits: Sequence[str]) -> str:
        return "limits: " + ", ".join(limits)

    def owner(self, role: str, topic: str, ladder: Sequence[str]) -> str:
        return f"goes to {role} in {topic}" + (f"; unclaimed: {' → '.join(ladder)}" if ladder else "")

    def no_such_limit(self, rule: str, unknown: Sequence[str], known: Sequence[str]) -> str:
        return f"{rule} has no limit {', '.join(unknown)}; it has {', '.join(known) or 'none'}."

    def no_history(self, rule: str) -> str:
        return f"{rule} looks at the present only; there is no history to replay."

    def rehearsed(
        self, rule: str, settings: Mapping[str, int], days: int, before: int, after: int, sent: int, would: int
    ) -> str:
        change = ", ".join(f"{name}={value}" for name, value in settings.items()) or "as it is"
        return (
            f"{rule} ({change}) over {days} days: {after:,} alerts in about {would:,} messages; "
            f"as it is {before:,} in {sent:,}. Nothing was sent or changed."
        )

    def finding(self, rule: str, before: int, after: int) -> str:
        return f"{rule}: {after:,} in 30 days, {before:,} as it is"

    def with_change(self) -> str:
        return "changed, per day"

    def as_it_is(self) -> str:
        return "as it is, per day"

    def times(self) -> str:
        return "alerts"


@cache
def words(lang: str) -> Zh:
    return En() if lang == "en" else Zh()
