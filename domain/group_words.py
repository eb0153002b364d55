"""What a bound group hears: the closed list of topics, and the words by which people name them. Pure."""

from __future__ import annotations

TOPICS = frozenset({"orders", "refunds", "stock", "logistics", "margin", "ops", "tech"})
OF_SHOP = frozenset({"orders", "refunds"})  # what a group bound to shops hears unless it says otherwise
OF_WAREHOUSE = frozenset({"stock", "logistics"})

_WORDS = {
    "orders": ("订单", "查单", "改地址", "地址", "order", "orders"),
    "refunds": ("退款", "售后", "退货", "换货", "审批", "退款审批", "refund", "refunds", "approvals"),
    "stock": ("库存", "库存预警", "缺货", "缺货预警", "补货", "低库存", "stock", "inventory"),
    "logistics": ("物流", "快递", "发货", "超时", "发货超时", "物流预警", "logistics", "shipping"),
    "margin": ("毛利", "毛利预警", "利润", "低毛利", "margin"),
    "ops": ("运营", "运营预警", "异常", "冲突", "ops", "operations"),
    "tech": ("技术", "系统", "故障", "接口", "tech"),
}
NAMES = {
    "orders": "订单", "refunds": "退款审批", "stock": "库存预警", "logistics": "物流超时", "margin": "毛利预警",
    "ops": "运营", "tech": "技术",
}  # fmt: skip
_TOPIC_OF = {word: topic for topic, words in _WORDS.items() for word in (*words, NAMES[topic])}
_ALL = frozenset({"全部", "所有", "都要", "all"})


def topics_named(words: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    """(topics that these words name, words that name none)."""
    found: set[str] = set()
    unknown = []
    for word in words:
        plain = word.strip().lower()
        if plain in _ALL:
            found |= TOPICS
        elif (topic := _TOPIC_OF.get(plain) or _TOPIC_OF.get(plain.removesuffix("预警").removesuffix("报警"))) is not None:
            found.add(topic)
        else:
            unknown.append(word)
    return frozenset(found), tuple(unknown)


def name(topic: str, lang: str = "zh") -> str:
    """What people call a topic."""
    return NAMES.get(topic, topic) if lang == "zh" else topic
