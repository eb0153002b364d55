"""How much every trait of a sentence speaks for each intent: a table learnt from our own sentences, and the sums over it.

`domain/data/weights_zh.bin.gz` is made by `python -m tools.weigh` from `domain/data/sentences.jsonl` and
`tools/heard_zh.tsv`, sentences that this project's people wrote after reading how customers write. Whole numbers only: every
machine reads a sentence the same.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from domain.understand.plan import Intent

SCALE = 256  # a weight of 1.0
_BYTES = 3  # of one intent's weight, and of its sum, inside the packed number
_BITS = 8 * _BYTES
_BIAS = 1 << 15  # makes every packed weight positive; a weight stays below it, and the sum of 200 below 24 bits
_MASK = (1 << _BITS) - 1


class Weights:
    """The table in memory. One integer a trait holds its weights for all intents: a sentence costs one addition a trait.

    `bias` is what each intent has before any trait speaks, in units of 1 / SCALE as the weights are; `made_from` names the
    sentences it was learnt from.
    """

    __slots__ = ("_bias", "_packed", "intents", "made_from")

    def __init__(self, intents: tuple[Intent, ...], bias: tuple[int, ...], made_from: str, packed: dict[str, int]) -> None:
        self.intents = intents
        self.made_from = made_from
        self._bias = bias
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    def weight(self, trait: str, intent: Intent) -> float:
        """How much one trait speaks for an intent; 0.0 for a trait that is not in the table."""
        packed = self._packed.get(trait)
        return 0.0 if packed is None else ((packed >> _BITS * self.intents.index(intent) & _MASK) - _BIAS) / SCALE

    def shares(self, traits: Iterable[str]) -> list[tuple[float, Intent]]:
        """(share, intent), the largest first; the shares of all intents are 1 together. Unknown traits count for nothing."""
        known = [weight for weight in map(self._packed.get, traits) if weight is not None]
        total, scale, biased = sum(known), SCALE * math.sqrt(len(known) or 1), len(known) * _BIAS
        sums = []
        for bias in self._bias:
            sums.append(((total & _MASK) - biased) / scale + bias / SCALE)
            total >>= _BITS
        top = max(sums)
        parts = [math.exp(each - top) for each in sums]
        whole = sum(parts)
        return sorted(((part / whole, intent) for part, intent in zip(parts, self.intents, strict=True)), reverse=True)


def written(intents: Sequence[Intent], bias: Sequence[int], made_from: str, rows: Mapping[str, Sequence[int]]) -> bytes:
    """The file of a table: three lines of head, a line of traits for each, an empty line, the weights in the same order."""
    head = [made_from, " ".join(intents), " ".join(map(str, bias)), *rows, "", ""]
    packed = b"".join((weight + _BIAS).to_bytes(_BYTES, "little") for row in rows.values() for weight in row)
    return gzip.compress("\n".join(head).encode("utf-8") + packed, mtime=0)


def read(file: bytes) -> Weights:
    """The table of a file that `written` made."""
    text, _, packed = gzip.decompress(file).partition(b"\n\n")
    made_from, intents, bias, *traits = text.decode("utf-8").split("\n")
    kinds = tuple(map(Intent, intents.split()))
    size = _BYTES * len(kinds)
    rows = {
        trait: int.from_bytes(packed[at : at + size], "little")
        for trait, at in zip(traits, range(0, len(packed), size), strict=True)
    }
    return Weights(kinds, tuple(map(int, bias.split())), made_from, rows)


@cache
def weights() -> Weights:
    """The shipped table, read when the first sentence wants it (some 30 ms)."""
    return read(files("domain").joinpath("data/weights_zh.bin.gz").read_bytes())
