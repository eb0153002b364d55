"""The weights of the second reader: made from these very sentences, by a way that gives the same table again and reads what it never saw."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from domain.understand.plan import Intent
from domain.understand.weights import Weights, read, weights, written
from tools import weigh


def test_the_shipped_table_was_made_from_the_sentences_as_they_are() -> None:
    assert weights().made_from == weigh.fingerprint(weigh.SOURCES), (
        "run .venv/bin/python -m tools.weigh and commit the table"
    )
    assert weights().intents == weigh.INTENTS
    assert len(weights()) > 10_000


def test_the_sentences_are_many_of_every_kind_and_none_stands_twice() -> None:
    samples = weigh.heard()
    assert len(samples) > 15_000
    assert [text for text, count in Counter(one.text for one in samples).items() if count > 1] == []
    kinds = Counter(one.intents[0] for one in samples)
    assert set(kinds) == set(weigh.INTENTS)
    assert min(kinds.values()) > 50


def test_no_sentence_names_anybody_s_phone_or_order() -> None:
    mobile = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
    assert [one.text for one in weigh.heard() if mobile.search(one.text)] == []


SOME = [
    weigh.Sample(text, (intent,), 1.0)
    for text, intent in (
        ("我的快递到哪里了", Intent.WHERE_IS_ORDER), ("快递走到哪里了呀", Intent.WHERE_IS_ORDER), ("包裹到哪里了", Intent.WHERE_IS_ORDER),
        ("我要退款", Intent.REQUEST_REFUND), ("给我退款吧", Intent.REQUEST_REFUND), ("我想要退款", Intent.REQUEST_REFUND),
        ("这个有发票吗", Intent.OUT_OF_SCOPE), ("发票怎么开", Intent.OUT_OF_SCOPE), ("有发票的吧", Intent.OUT_OF_SCOPE),
    )
]  # fmt: skip


def learnt() -> weigh.Learner:
    learner = weigh.Learner(SOME)
    learner.learn()
    return learner


def test_learning_twice_gives_the_same_table_and_the_file_gives_it_back() -> None:
    bias, rows = learnt().whole_numbers()
    assert (bias, rows) == learnt().whole_numbers()
    file = written(weigh.INTENTS, bias, "abc", rows)
    assert file == written(weigh.INTENTS, bias, "abc", rows)
    table = read(file)
    assert (table.made_from, table.intents, len(table)) == ("abc", weigh.INTENTS, len(rows))
    trait, row = next(iter(rows.items()))
    by_hand = sorted(((row[at] + bias[at], intent) for at, intent in enumerate(weigh.INTENTS)), reverse=True)
    assert [intent for _, intent in table.shares([trait])] == [intent for _, intent in by_hand]


def test_what_was_learnt_reads_a_sentence_that_was_not_there() -> None:
    table = weigh.table_of(learnt())
    new = [
        weigh.Sample("请问包裹现在到哪里了", (Intent.WHERE_IS_ORDER,), 1.0),
        weigh.Sample("我想退款", (Intent.REQUEST_REFUND,), 1.0),
    ]
    assert weigh.judge(new, table) == weigh.Judged(2, 1.0, 0.0)
    wrong = [weigh.Sample("我想退款", (Intent.STOCK,), 1.0)]
    assert weigh.judge(wrong, table) == weigh.Judged(1, 0.0, 1.0)


def test_it_can_be_asked_why_a_sentence_is_read_as_it_is() -> None:
    patterns, likeliest, second, settled = weigh.why("你好，我的快递到哪里了")
    assert patterns.startswith("我的快递到哪里了: the patterns say where_is_order")
    share, rest = likeliest.split(" ", 1)
    assert float(share) > 0.8
    assert rest.startswith("where_is_order: ")
    assert float(second.split(" ", 1)[0]) < 0.2
    assert settled.startswith("settled: where_is_order")
    table = weights()
    spoken = [
        (one.rsplit(" ", 1)[0], float(one.rsplit(" ", 1)[1])) for one in rest.removeprefix("where_is_order: ").split("  ")
    ]
    assert all(table.weight(trait, Intent.WHERE_IS_ORDER) == pytest.approx(weight, abs=0.006) for trait, weight in spoken)
    assert table.weight("no such trait", Intent.STOCK) == 0


def test_a_table_of_nothing_has_no_opinion() -> None:
    empty = Weights((Intent.STOCK, Intent.WHERE_IS_ORDER), (0, 0), "", {})
    assert empty.shares(["有货", "吗"]) == [(0.5, Intent.WHERE_IS_ORDER), (0.5, Intent.STOCK)]


@pytest.mark.parametrize("code", ["z\t有货吗", "有货吗", "W有货吗"])
def test_a_line_that_cannot_be_read_stops_the_learning(tmp_path: object, code: str) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "heard.tsv"
    path.write_text(code + "\n", "utf-8")
    with pytest.raises((KeyError, ValueError)):
        weigh.heard(path)


def test_sentences_kept_out_of_the_learning_are_read_right() -> None:
    """One fifth is judged by weights that never saw it. The sentences were chosen for being hard; real ones fare better."""
    (fold,) = weigh.folded(weigh.heard(), weigh.held(), only=0)
    assert fold.clear > 1_500
    assert fold.right >= 0.85
    assert fold.wrong_deeds <= 0.02
