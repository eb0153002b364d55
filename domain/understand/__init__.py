"""Understanding what people type: one message in, one closed query plan out."""

from domain.understand.lexicon import CHANNELS, EMPTY, Lexicon, NameTable
from domain.understand.parse import understand
from domain.understand.plan import RISKY, Filter, Found, Intent, Plan, Slots, from_json, slots_json, to_json

__all__ = [
    "CHANNELS",
    "EMPTY",
    "RISKY",
    "Filter",
    "Found",
    "Intent",
    "Lexicon",
    "NameTable",
    "Plan",
    "Slots",
    "from_json",
    "slots_json",
    "to_json",
    "understand",
]
