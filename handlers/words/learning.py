"""What the conversation about not understood sentences says."""

from __future__ import annotations

from collections.abc import Mapping

_ZH = {
    "as.out_of_scope": "不归我管",
    "as.smalltalk": "打招呼",
    "none": "没有没听懂的话了。",
    "title": "没听懂的话 · {count} 句",
    "said": "「{sample}」",
    "often": "出现 {count} 次 · 最近 {when}",
    "ask": "这是在问什么？按一下就学会，随时可撤。要改动的只会先出草稿。",
    "next_ones": "后面还有：{samples}",
    "draft": "{name}（草稿）",
    "more": "更多…",
    "next": "下一句",
    "dismiss": "不用管",
    "taught": "学会了：「{sample}」→ {name}。从现在起都这样答。",
    "undo": "撤销",
    "undone": "已撤销：「{sample}」又放回没听懂的里了。",
    "undone_before": "这条已经被 {who} 撤销了。",
    "gone": "这一句已经有人处理过了。",
    "dismissed": "好，这一句不再提醒。",
    "lessons": "学会的话 · {count} 条",
    "lesson": "{number}. 「{sample}」→ {name} · {who} {when}",
    "no_lessons": "还没有学过。发「没听懂的」来教我。",
    "undo_one": "撤销 {number}",
    "no.target": "这个不能教：审批、开单和报警只认编号，不认说法。",
    "no.denies": "不能学：「{sentence}」里有否定或条件的词，不能当成「{name}」。",
    "no.unlearnable": "学不会：「{sentence}」我现在有别的读法，教了也不会变成「{name}」。请把这句话告诉技术同事。",
    "no.breaks": "不能学：学了以后「{sentence}」也会被当成「{instead}」，那句现在是对的。",
}
_EN = {
    "as.out_of_scope": "Not ours",
    "as.smalltalk": "Small talk",
    "none": "There is nothing I did not understand.",
    "title": "Not understood · {count}",
    "said": "“{sample}”",
    "often": "{count} times · last {when}",
    "ask": "What does it ask for? One tap teaches me, and can be undone. Changes only ever become a draft.",
    "next_ones": "Next: {samples}",
    "draft": "{name} (draft)",
    "more": "More…",
    "next": "Next",
    "dismiss": "Ignore",
    "taught": "Learnt: “{sample}” → {name}. I answer so from now on.",
    "undo": "Undo",
    "undone": "Undone: “{sample}” is back among those not understood.",
    "undone_before": "{who} has undone this already.",
    "gone": "Somebody has dealt with this one already.",
    "dismissed": "Fine, I will not show it again.",
    "lessons": "Learnt · {count}",
    "lesson": "{number}. “{sample}” → {name} · {who} {when}",
    "no_lessons": "Nothing learnt yet. Send “unheard” to teach me.",
    "undo_one": "Undo {number}",
    "no.target": "That cannot be taught: decisions, new orders and alerts want their number, not a wording.",
    "no.denies": "Not learnt: “{sentence}” holds a denial or a condition, so it must not become “{name}”.",
    "no.unlearnable": "Not learnt: I read “{sentence}” in another way, and that would stay. Please tell your engineer.",
    "no.breaks": "Not learnt: “{sentence}” would become “{instead}”, and it is read rightly now.",
}
_TABLES: Mapping[str, Mapping[str, str]] = {"zh": _ZH, "en": _EN}


def meaning(lang: str, intent: str, name: str) -> str:
    """What an intent is called on a button here; `name` is what it is called elsewhere."""
    return _TABLES.get(lang, _ZH).get(f"as.{intent}", name)


def learning(lang: str, name: str, /, **facts: object) -> str:
    """One sentence of this conversation."""
    return _TABLES.get(lang, _ZH)[name].format(**facts)
