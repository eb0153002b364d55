"""What is said about messages that were too many to send one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

_TOPICS = {
    "orders": ("订单", "order"),
    "refunds": ("售后", "after-sale"),
    "stock": ("库存", "stock"),
    "logistics": ("物流", "logistics"),
    "margin": ("毛利", "margin"),
    "tech": ("系统", "system"),
}
_OTHER = ("消息", "other")
_REST = ("其他", "others")
_MORE = 4  # topics named one by one; the rest is counted together


class Zh:
    def summary(self, topics: Iterable[str], number: str) -> str:
        counts = _counts(topics, 0)
        kinds = "、".join(f"{count} 条{name}" for name, count in counts)
        return f"{sum(count for _, count in counts)} 条合并（{kinds}），回复「展开 {number}」看全部"

    def head(self, number: str, total: int, first: int, last: int) -> str:
        return f"{number} 共 {total} 条" + ("" if last - first + 1 == total else f"，第 {first}–{last} 条")

    def more(self, number: str, page: int) -> str:
        return f"还有，回复「展开 {number} {page}」看下一页"

    def unknown(self, number: str) -> str:
        return f"这个会话里没有 {number}，可能已过期。合并的消息保留 14 天，编号在那条合并消息里。"

    def no_page(self, number: str, pages: int) -> str:
        return f"{number} 只有 {pages} 页。"

    def over(self) -> str:
        return "（已经处理完了）"

    def unseen(self) -> str:
        return "（暂时看不到，稍后再展开一次）"


class En(Zh):
    def summary(self, topics: Iterable[str], number: str) -> str:
        counts = _counts(topics, 1)
        kinds = ", ".join(f"{count} {name}" for name, count in counts)
        return f"{sum(count for _, count in counts)} messages in one ({kinds}); reply “expand {number}” to see them all"

    def head(self, number: str, total: int, first: int, last: int) -> str:
        return f"{number}: {total} messages" + ("" if last - first + 1 == total else f", {first}–{last}")

    def more(self, number: str, page: int) -> str:
        return f"There are more: reply “expand {number} {page}”"

    def unknown(self, number: str) -> str:
        return f"There is no {number} in this conversation; such messages are kept for 14 days."

    def no_page(self, number: str, pages: int) -> str:
        return f"{number} has {pages} pages."

    def over(self) -> str:
        return "(over by now)"

    def unseen(self) -> str:
        return "(cannot be shown right now; expand it again later)"


def _counts(topics: Iterable[str], lang: int) -> list[tuple[str, int]]:
    """The largest first; equal ones in the order of their first appearance."""
    counted = Counter(_TOPICS.get(topic, _OTHER)[lang] for topic in topics).most_common()
    rest = sum(count for _, count in counted[_MORE:])
    return [*counted[:_MORE], *([(_REST[lang], rest)] if rest else [])]


def words(lang: str) -> Zh:
    return Zh() if lang == "zh" else En()
