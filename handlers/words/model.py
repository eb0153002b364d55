"""What is said when a language model had a hand in it: always marked, and with what it understood."""

from __future__ import annotations

_ZH = {
    "echo": "🤖 由模型理解：{plan}。不对就换个说法再问。",
    "guess": "🤖 模型猜你要的是下面某一件，按了才算；按之前什么都没有发生。",
    "comment": "💬 模型点评：{sentence}",
    "by": "按{groups}",
    "only": "只看{values}",
    "top": "前 {count}",
}
_EN = {
    "echo": "🤖 Understood by a model: {plan}. If that is wrong, put it differently.",
    "guess": "🤖 A model guesses that you want one of these. Nothing has happened; nothing does until you press.",
    "comment": "💬 A model's remark: {sentence}",
    "by": "by {groups}",
    "only": "only {values}",
    "top": "top {count}",
}


def model_words(lang: str, key: str, **values: object) -> str:
    """One sentence or part of one."""
    return (_EN if lang == "en" else _ZH)[key].format(**values)
