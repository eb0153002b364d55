"""Learns `domain/data/weights_zh.bin.gz` from our own sentences: `.venv/bin/python -m tools.weigh`, about a minute.

A multinomial logistic regression over the traits of `domain.understand.traits`, by stochastic gradient with AdaGrad steps,
in a fixed order of sentences. The cases that a test holds to their reading (`sentences.jsonl`) count double and do not learn
from what the patterns made of them, since the patterns were written for them. `--folds 5` learns on four fifths and says how
the rest is read (docs/understanding.md).
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from domain.understand.bare_zh import bare
from domain.understand.identifiers import read_numbers
from domain.understand.normal import is_chinese, normalise, unwrap
from domain.understand.plan import RISKY, Intent
from domain.understand.proven import Proven, sentences
from domain.understand.reading_zh import read_chinese
from domain.understand.settled import KIN, read_settled
from domain.understand.traits import traits
from domain.understand.weights import SCALE, Weights, read, weights, written

ROOT = Path(__file__).resolve().parent.parent
HEARD = ROOT / "tools" / "heard_zh.tsv"
TABLE = ROOT / "domain" / "data" / "weights_zh.bin.gz"
INTENTS = (
    Intent.WHERE_IS_ORDER,
    Intent.ORDER_DETAIL,
    Intent.CUSTOMER_ORDERS,
    Intent.AFTERSALE_STATUS,
    Intent.REQUEST_REFUND,
    Intent.REQUEST_EXCHANGE,
    Intent.CANCEL_ORDER,
    Intent.CHANGE_ADDRESS,
    Intent.STOCK,
    Intent.OUT_OF_SCOPE,
    Intent.WITHDRAW_AFTERSALE,
)
_CODES = dict(zip("wdcarexhsok", INTENTS, strict=True))
PASSES, STEP, PENALTY, LEAST = 20, 0.5, 1e-3, 2
_VAGUE, _HELD = 0.4, 2.0  # what a vague sentence counts, and one of the held cases
_LESS_FOREIGN = 0.3  # off the bias of out_of_scope: fragments are rarer in a work group than among the sentences


@dataclass(frozen=True, slots=True)
class Sample:
    """One sentence with what it may mean, the first reading being the likeliest."""

    text: str
    intents: tuple[Intent, ...]
    weight: float
    held: bool = False  # its reading is a test's; the patterns were written for it, so their verdict is no evidence


def heard(path: Path = HEARD) -> list[Sample]:
    """The sentences written after real ones: `code<TAB>sentence`, capitals when clear by itself (see the file's head)."""
    found = []
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        codes, text = line.split("\t")
        intents = tuple(_CODES[code] for code in codes.lower().split("/"))
        found.append(Sample(text, intents, 1.0 if codes[0].isupper() else _VAGUE))
    return found


def held() -> list[Sample]:
    """The Chinese ones of the cases that hold the parser."""
    found = []
    for case in sentences():
        intent = KIN.get(case.intent, case.intent)
        if is_chinese(case.text) and intent in INTENTS:
            found.append(Sample(case.text, (_denial(case, intent),), _HELD, held=True))
    return found


def _denial(case: Proven, intent: Intent) -> Intent:
    first = read_chinese(prepared(case.text))
    denies = intent is Intent.OUT_OF_SCOPE and (first.note == "negated" or first.intent is Intent.WITHDRAW_AFTERSALE)
    return Intent.WITHDRAW_AFTERSALE if denies else intent


def prepared(text: str) -> str:
    """The sentence as the readers get it: one spelling, numbers cut out, courtesies gone."""
    own, _ = unwrap(normalise(text)[0])
    numbers = read_numbers(own)
    return bare(numbers.rest if numbers.joined > 6 else own)


def traits_of(sample: Sample) -> list[str]:
    plain = prepared(sample.text)
    found = traits(plain, read_chinese(plain))
    if sample.held:
        found = {one for one in found if not one.startswith("=")}
    return sorted(found)


class Learner:
    """Weights under way: `table` (traits x intents), `bias` (intents)."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples
        rows = [traits_of(one) for one in samples]
        counts = Counter(trait for row in rows for trait in row)
        self.names = sorted(trait for trait, count in counts.items() if count >= LEAST and not re.search(r"[\t\n\r]", trait))
        place = {trait: at for at, trait in enumerate(self.names)}
        self.rows = [np.array([place[one] for one in row if one in place], dtype=np.int32) for row in rows]
        self.wanted = np.array([_wanted(one) for one in samples])
        self.table = np.zeros((len(self.names), len(INTENTS)))
        self.bias = np.zeros(len(INTENTS))

    def learn(self, passes: int = PASSES) -> None:
        seen, seen_bias = np.full(self.table.shape, 1e-2), np.full(len(INTENTS), 1e-2)
        order = np.random.default_rng(0)
        for _ in range(passes):
            for at in order.permutation(len(self.rows)):
                row = self.rows[at]
                if not len(row):
                    continue
                scale = 1 / np.sqrt(len(row))
                sums = self.table[row].sum(0) * scale + self.bias
                share = np.exp(sums - sums.max())
                wrong = (share / share.sum() - self.wanted[at]) * self.samples[at].weight
                slope = wrong[None, :] * scale + PENALTY * self.table[row]
                seen[row] += slope * slope
                self.table[row] -= STEP * slope / np.sqrt(seen[row])
                seen_bias += wrong * wrong
                self.bias -= STEP * wrong / np.sqrt(seen_bias)

    def whole_numbers(self) -> tuple[list[int], dict[str, list[int]]]:
        """(bias, weights of each trait) as whole numbers; traits that say next to nothing are left out."""
        whole = np.rint(self.table * SCALE).astype(int).tolist()
        rows = {name: row for name, row in zip(self.names, whole, strict=True) if max(map(abs, row)) >= SCALE // 8}
        bias = self.bias.copy()
        bias[INTENTS.index(Intent.OUT_OF_SCOPE)] -= _LESS_FOREIGN
        return np.rint(bias * SCALE).astype(int).tolist(), rows


def _wanted(sample: Sample) -> list[float]:
    parts = [0.0] * len(INTENTS)
    for place, intent in enumerate(sample.intents):
        parts[INTENTS.index(intent)] += 0.5 if place else 1.0
    return [part / sum(parts) for part in parts]


def fingerprint(files: Iterable[Path]) -> str:
    """Of what the weights are made from: a test holds it against the table's head."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


# The words are part of what a trait is; so is the module itself.
_TRAITS = (ROOT / "domain" / "understand" / "words_zh.py", ROOT / "domain" / "understand" / "traits.py")
SOURCES = (HEARD, ROOT / "domain" / "data" / "sentences.jsonl", *_TRAITS)


def write(learner: Learner, path: Path = TABLE) -> int:
    """The table on disk; returns how many traits it holds."""
    bias, rows = learner.whole_numbers()
    path.write_bytes(written(INTENTS, bias, fingerprint(SOURCES), rows))
    return len(rows)


def table_of(learner: Learner) -> Weights:
    """What `write` would ship, to be tried at once."""
    bias, rows = learner.whole_numbers()
    return read(written(INTENTS, bias, "", rows))


@dataclass(frozen=True, slots=True)
class Judged:
    """How sentences were read that the weights had not seen: shares of the clear ones."""

    clear: int
    right: float
    wrong_deeds: float  # read as a change that nobody asked for


def judge(samples: Iterable[Sample], table: Weights) -> Judged:
    """Reads each clear sample as a message would be read and compares."""
    clear = right = deeds = 0
    for sample in samples:
        if sample.weight < 1:
            continue
        clear += 1
        intent = read_settled(normalise(sample.text)[0], table=table).intent
        ok = _plain(intent) in map(_plain, sample.intents)
        right += ok
        deeds += intent in RISKY and not ok
    return Judged(clear, right / clear, deeds / clear)


def _plain(intent: Intent) -> Intent:
    """What the reading comes to: without an order a withdrawal is out of scope (ADR-0007)."""
    intent = KIN.get(intent, intent)
    return Intent.OUT_OF_SCOPE if intent is Intent.WITHDRAW_AFTERSALE else intent


def folded(
    samples: Sequence[Sample], cases: Sequence[Sample], folds: int = 5, *, only: int | None = None
) -> Iterator[Judged]:
    """Learns on all folds but one and judges that one; a sentence's fold is a hash of it, so it never moves."""
    fold_of = [int(hashlib.sha256(sample.text.encode()).hexdigest(), 16) % folds for sample in samples]
    for fold in range(folds) if only is None else (only,):
        learner = Learner([*cases, *(one for one, at in zip(samples, fold_of, strict=True) if at != fold)])
        learner.learn()
        yield judge((one for one, at in zip(samples, fold_of, strict=True) if at == fold), table_of(learner))


def why(text: str, most: int = 8) -> Iterator[str]:
    """What in a sentence speaks for its two likeliest readings, a line each, between the patterns and what is settled."""
    plain = prepared(text)
    first = read_chinese(plain)
    found = traits(plain, first)
    table = weights()
    yield f"{plain}: the patterns say {first.intent} ({first.note or 'no note'})"
    for share, intent in table.shares(found)[:2]:
        spoken = sorted(((table.weight(trait, intent), trait) for trait in found), reverse=True)
        yield f"{share:.2f} {intent}: " + "  ".join(f"{trait} {weight:+.2f}" for weight, trait in spoken[:most])
    settled = read_settled(normalise(text)[0])
    yield f"settled: {settled.intent} {settled.confidence:.2f} {settled.note} {' '.join(settled.alternatives)}".rstrip()


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tools.weigh", description="Learns the weights from our own sentences.")
    options.add_argument(
        "--folds", type=int, default=0, help="do not write; learn on all parts but one, judge that one, in turn"
    )
    options.add_argument("--why", metavar="SENTENCE", help="do not write; say what in a sentence speaks for its readings")
    chosen = options.parse_args()
    if chosen.why:
        for said in why(chosen.why):
            print(said)
        return
    if chosen.folds:
        for fold in folded(heard(), held(), chosen.folds):
            print(f"{fold.clear} clear sentences: {fold.right:.3f} right, {fold.wrong_deeds:.3f} a wrong deed", flush=True)
        return
    samples = [*held(), *heard()]
    learner = Learner(samples)
    print(f"{len(samples)} sentences, {len(learner.names)} traits", flush=True)
    learner.learn()
    print(f"{write(learner)} traits written to {TABLE.relative_to(ROOT)}", flush=True)


if __name__ == "__main__":
    main()
