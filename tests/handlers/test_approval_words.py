"""The sentences: both languages whole, nothing technical, and a card in English."""

from __future__ import annotations

import string
from pathlib import Path

from domain.approval import State, Why
from handlers.words.approvals import tables
from tests.builders import aftersale, shipped
from tests.handlers.approval_bench import Bench


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things_with_the_same_blanks() -> None:
    chinese, english = tables()
    assert set(chinese) == set(english)
    assert {key: blanks(text) for key, text in chinese.items()} == {key: blanks(text) for key, text in english.items()}


def test_every_refusal_and_every_state_has_its_words() -> None:
    chinese, _ = tables()
    for why in Why:
        assert f"d.{why}" in chinese or why is Why.ALREADY
    for state in State:
        assert state in ("draft", "waiting", "escalated", "done") or f"s.{state}" in chinese


def test_no_sentence_is_technical_or_shouts() -> None:
    for table in tables():
        for text in table.values():
            assert "系统错误" not in text
            assert "Error" not in text
            assert "@" not in text
            assert len(text) < 130


async def test_a_card_in_english(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lang="en")
    bench.arrive(shipped())
    bench.arrive(aftersale(photos=("https://p.test/1.jpg",)))
    await bench.run()
    text = bench.cards()[0].text
    assert "Refund request ¥268.00 · refund only A1" in text
    assert "Waits for service review" in text
    assert [button.label for button in bench.card().buttons] == ["Agree", "Refuse…", "Hand to…"]
    await bench.press("张明", "Agree")
    await bench.run()
    await bench.press("周会计", "Agree")
    await bench.run(121)
    assert "✅ Refunded ¥268.00 · Service 张明" in bench.cards()[0].text
    bench.close()
