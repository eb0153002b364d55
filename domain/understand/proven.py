"""The sentences that hold the parser: what each is read as. Shipped, because a taught phrase must not break one.

One JSON object a line in `domain/data/sentences.jsonl`, all written by us: text, lang, intent; `also_ok` (other readings
that do no harm) and `order_no` where it matters. A sentence whose intent starts nothing must never be read as one that does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from domain.understand.plan import RISKY, Intent


@dataclass(frozen=True, slots=True)
class Proven:
    """One sentence. `may` is every reading that is right or harmless."""

    text: str
    lang: str
    intent: Intent
    may: frozenset[Intent]
    order_no: str | None = None

    def forbids(self, intent: Intent) -> bool:
        """Whether reading the sentence so would start something that it does not ask for."""
        return intent in RISKY and self.intent not in RISKY and intent not in self.may


@cache
def sentences() -> tuple[Proven, ...]:
    """All of them, in the file's order."""
    found = []
    for line in files("domain").joinpath("data/sentences.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        intent = Intent(row["intent"])
        may = frozenset({intent, *map(Intent, row.get("also_ok", ()))})
        found.append(Proven(row["text"], row["lang"], intent, may, row.get("order_no")))
    return tuple(found)
