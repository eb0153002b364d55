"""What is said about rules."""

from __future__ import annotations

from collections.abc import Sequence
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
        self, rule: str, settings: Sequence[str], days: int, before: int, after: int, sent: int, would: int
    ) -> str:
        """`settings` in words: 提前提醒 4 小时 → 10 小时."""
        change = "，".join(settings) or "照现在的写法"
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

    def switch_on(self) -> str:
        return "启用"

    def switch_command(self) -> str:
        return "规则 启用"

    def take_back(self) -> str:
        return "退回"

    def take_back_command(self) -> str:
        return "规则 退回"

    def moved_on(self, rule: str) -> str:
        return f"{rule} 在演练之后又变过，这次没有启用。再演练一次看看新的结果。"

    def same_already(self, rule: str) -> str:
        return f"{rule} 已经是这个数了，不用再启用。"

    def undone_before(self, who: str) -> str:
        return f"这次改动已经由 {who} 退回了。"

    def nothing_standing(self, rule: str) -> str:
        return f"{rule} 没有在群里改过，没有可以退回的。文件里的改动用 xiaodan rules rollback 退回。"

    def gone(self) -> str:
        return "这次改动的记录找不到了，发「规则」看现在的规则。"

    def switched(self, rule: str) -> str:
        return f"规则 {rule} 改好了，已经生效"

    def taken_back(self, rule: str) -> str:
        return f"规则 {rule} 的改动已退回"

    def limit_changed(self, label: str, before: str, after: str) -> str:
        return f"{label}：{before} → {after}"

    def switched_by(self, who: str, at: str) -> str:
        return f"{who} {at} 启用"

    def taken_back_by(self, who: str, at: str) -> str:
        return f"{who} {at} 退回，现在按改之前的算"

    def in_force(self) -> str:
        return "运营或店长可以退回；文件里重写这条规则时，这里的改动作废"

    def switch_hint(self) -> str:
        return "按「启用」就从现在起算数，几秒内所有地方生效，随时可以退回。"


class En(Zh):
    """English. Titles of charts stay as short as in Chinese."""

    def switch_on(self) -> str:
        return "Switch on"

    def switch_command(self) -> str:
        return "rules on"

    def take_back(self) -> str:
        return "Take back"

    def take_back_command(self) -> str:
        return "rules back"

    def moved_on(self, rule: str) -> str:
        return f"{rule} changed since that rehearsal, so nothing was switched on. Rehearse it again."

    def same_already(self, rule: str) -> str:
        return f"{rule} is set like that already."

    def undone_before(self, who: str) -> str:
        return f"{who} took that change back already."

    def nothing_standing(self, rule: str) -> str:
        return f"{rule} was not changed from the group; there is nothing to take back."

    def gone(self) -> str:
        return "There is no record of that change. Say 'rules' for what is in force."

    def switched(self, rule: str) -> str:
        return f"Rule {rule} changed, in force now"

    def taken_back(self, rule: str) -> str:
        return f"The change of {rule} was taken back"

    def switched_by(self, who: str, at: str) -> str:
        return f"switched on by {who}, {at}"

    def taken_back_by(self, who: str, at: str) -> str:
        return f"taken back by {who}, {at}; the old limit counts"

    def in_force(self) -> str:
        return "Operations or the manager may take it back; it lapses when the file rewrites this rule"

    def switch_hint(self) -> str:
        return "'Switch on' makes it count from now, everywhere within seconds; it can be taken back."

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
        self, rule: str, settings: Sequence[str], days: int, before: int, after: int, sent: int, would: int
    ) -> str:
        change = ", ".join(settings) or "as it is"
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
