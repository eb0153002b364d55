"""A recalled reading is the reading: whatever the number, the fast way in and the full way give the same plan."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.understand import Intent, Lexicon, Plan, Slots, understand
from domain.understand.parse import understand as read_in_full
from domain.understand.plan import NO_ORDER
from domain.understand.proven import sentences

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
CASES = [row.text for row in sentences()]
_NUMBER = re.compile(
    r"(?<![\dA-Za-z#-])(?:SF\d{13}|sf\d{13}|1[3-9]\d{9}|\d{16,19}|\d{3}-\d{7}-\d{7}|#\d{6,7})(?![\dA-Za-z-])"
)
# Shapes as people paste them; digits are drawn, so that check digits agree by chance as often as they do in life.
SHAPES = {
    "long": r"\A[0-9]{16,19}\Z",
    "sf": r"\A(SF|sf|Sf)[0-9]{13}\Z",
    "mobile": r"\A1[3-9][0-9]{9}\Z",
    "amazon": r"\A[0-9]{3}-[0-9]{7}-[0-9]{7}\Z",
    "short": r"\A#[0-9]{6,7}\Z",
}
NUMBERS = st.one_of(*(st.from_regex(shape) for shape in SHAPES.values()))
# Words of real sentences, cut as a short message would be, and marks that could make another number of the number.
PIECES = sorted({piece for text in CASES for piece in re.split(r"[\s\d]+", text) if piece})[::7]
EDGES = st.sampled_from(
    ["", " ", "：", "#", "-", "+", "k", "A", "order", "元", "个", "天", "小时", "…", "*", "尾号", "¥", ".", "号"]
)
WORDS = st.sampled_from(PIECES).map(lambda piece: piece[:14])
GOODS = {"SKU-00017": ("保温杯",), "6901234567892": ("面巾纸",), "K203": ("沙发套",)}
LEXICON = {"shops": {"douyin-1": (), "168店": ()}, "skus": GOODS, "people": ["张明", "李芳"]}


def same(text: str, lexicon: Lexicon, fresh: Lexicon, context: Plan | None = None) -> None:
    found = understand(text, now=NOW, context=context, lexicon=lexicon)
    assert found == read_in_full(text, now=NOW, context=context, lexicon=fresh), text


def drawn(shape: str, rnd: random.Random) -> str:
    """A number of that shape; every N of the pattern is a digit."""
    return "".join(str(rnd.randrange(10)) if letter == "N" else letter for letter in shape)


def test_every_short_sentence_is_read_the_same_about_other_numbers() -> None:
    lexicon, fresh = Lexicon.build(), Lexicon.build()
    rnd = random.Random(3)
    shapes = ["N" * 16, "N" * 19, "SF" + "N" * 13, "138" + "N" * 8, "NNN-NNNNNNN-NNNNNNN", "#NNNNNN"]
    sentences = [text for text in CASES if len(text) <= 15]
    assert len(sentences) > 500
    for n, text in enumerate(sentences):
        shape = shapes[n % len(shapes)]
        for _ in range(3):
            same(f"{drawn(shape, rnd)} {text}", lexicon, fresh)
            same(f"{text}{drawn(shape, rnd)}", lexicon, fresh)
    assert len(lexicon.familiar) > 100  # many of them were really remembered


@settings(max_examples=400, deadline=None)
@given(WORDS, EDGES, NUMBERS, NUMBERS, EDGES, WORDS, st.booleans())
def test_any_wording_is_read_the_same_with_the_next_number(
    before: str, left: str, first: str, second: str, right: str, after: str, named: bool
) -> None:
    lexicon, fresh = (Lexicon.build(**LEXICON if named else {}) for _ in range(2))  # type: ignore[arg-type]
    for number in (first, second, first):
        for text in (f"{before}{left}{number}{right}{after}", f"{number}{right}{after}", f"{left}{number}"):
            same(text, lexicon, fresh)


def test_the_usual_question_is_recalled_and_gives_its_own_number() -> None:
    lexicon = Lexicon.build()
    first = understand("6920154783210058842 到哪了", now=NOW, lexicon=lexicon)
    assert len(lexicon.familiar) == 2  # the wording, and the runs of digits in names
    second = understand("6920154783210058843 到哪了", now=NOW, lexicon=lexicon)
    assert len(lexicon.familiar) == 2
    assert (first.slots.order_no, second.slots.order_no) == ("6920154783210058842", "6920154783210058843")
    assert second.intent is Intent.WHERE_IS_ORDER
    second.extra["touched"] = "1"
    assert "touched" not in understand("6920154783210058844 到哪了", now=NOW, lexicon=lexicon).extra


@pytest.mark.parametrize(
    "text", ["取消订单 6920154783210058842", "6920154783210058842 退款", "同意 A17 6920154783210058842"]
)
def test_what_would_change_something_is_never_recalled(text: str) -> None:
    lexicon = Lexicon.build()
    understand(text, now=NOW, lexicon=lexicon)
    assert set(lexicon.familiar) <= {"names"}


def test_a_name_of_the_company_that_looks_like_the_number_is_still_found() -> None:
    lexicon = Lexicon.build(skus={"6901234567892001": ("面巾纸",)})
    for number in ("6901234567892002", "6901234567892001", "6901234567892003"):
        same(f"{number} 到哪了", lexicon, Lexicon.build(skus={"6901234567892001": ("面巾纸",)}))


@pytest.mark.parametrize(
    "context",
    [
        Plan(Intent.OUT_OF_SCOPE, note=NO_ORDER, alternatives=(Intent.WITHDRAW_AFTERSALE,)),
        Plan(Intent.TODO, Slots(approval_id="A17")),
        Plan(Intent.WHERE_IS_ORDER, Slots(order_no="6920154783210058000")),
        Plan(Intent.KPI),
    ],
)
def test_what_was_said_before_counts_as_it_does_in_full(context: Plan) -> None:
    lexicon, fresh = Lexicon.build(), Lexicon.build()
    for text in ("6920154783210058842", "6920154783210058842 到哪了", "SF1000000000017", "13800138000 的订单"):
        same(text, lexicon, fresh)
        same(text, lexicon, fresh, context)


def test_remembering_has_an_end() -> None:
    lexicon = Lexicon.build()
    for n in range(2_100):
        text = "查" + chr(0x4E00 + n) + "6920154783210058842 到哪了"
        understand(text, now=NOW, lexicon=lexicon)
    assert len(lexicon.familiar) <= 2_001
