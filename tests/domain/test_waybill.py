"""Which carrier issued a number: shapes, check digits, near misses. Numbers are made up to the carriers' published rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.waybill import OLD_NAMES, candidates, carrier_code, carrier_names, clean

SHARED = Path(__file__).parents[3] / "shared" / "data" / "intl_tracking_numbers.jsonl"


def carriers(number: str) -> list[str]:
    return [guess.carrier for guess in candidates(number)]


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("SF1234567890123", "sf"),
        ("sf 1234 5678 9012 3", "sf"),
        ("ＳＦ1234567890123", "sf"),
        ("YT1234567890123", "yto"),
        ("YT1234567890123456", "yunexpress"),
        ("JT1234567890123", "jt"),
        ("JDVA12345678901", "jd"),
        ("JDVA12345678901-1-1-", "jd"),
        ("DPK123456789012", "deppon"),
        ("73123456789012", "zto"),
        ("773123456789012", "sto"),
        ("312345678901234", "yunda"),
        ("621123456789012", "cainiao"),
        ("1Z999AA10123456784", "ups"),
        ("RR123456785CN", "s10"),
        ("TBA123456789012", "amazon"),
        ("GFUS12345678901234", "gofo"),
        ("123456789012", "fedex"),
        ("9400110200881234567890", "usps"),
    ],
)
def test_the_best_guess_is_the_carrier(number: str, carrier: str) -> None:
    if carrier == "usps":
        number = with_gs1(number[:-1])
    assert carriers(number)[0] == carrier


def test_a_carrier_has_one_code_whatever_it_was_called_once() -> None:
    assert carrier_code("jtexpress") == carrier_code("jt") == "jt"
    assert carrier_names("jt") == carrier_names("jtexpress") == ("jt", "jtexpress")
    assert (carrier_code("sf"), carrier_names("sf"), carrier_code("")) == ("sf", ("sf",), "")
    assert not set(OLD_NAMES) & set(OLD_NAMES.values())


def with_gs1(body: str) -> str:
    total = sum(int(digit) * (1 if at % 2 else 3) for at, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("1Z999AA10123456785", "ups"),
        ("RR123456786CN", "s10"),
        ("RR123456785XX", "s10"),
        ("TBB123456789012", "amazon"),
        ("YT12345678901234", "yto"),
        ("YT123456789012345", "yunexpress"),
        ("SF123456789012", "sf"),
        ("9400110200881234567891", "usps"),
    ],
)
def test_a_wrong_check_digit_or_length_is_not_claimed(number: str, carrier: str) -> None:
    assert carrier not in carriers(number)


def test_a_mobile_number_is_nobodys_waybill() -> None:
    assert candidates("13812345678") == []


@pytest.mark.parametrize("nothing", ["", "hello", "单号", "1" * 500, "SF" + "1" * 100_000, "12345"])
def test_what_no_carrier_prints_gives_no_guess(nothing: str) -> None:
    assert candidates(nothing) == []


def test_guesses_are_ranked_and_name_each_carrier_once() -> None:
    guesses = candidates("320595463938")
    assert guesses[0].carrier == "purolator"
    assert len({guess.carrier for guess in guesses}) == len(guesses)
    assert [guess.confidence for guess in guesses] == sorted((guess.confidence for guess in guesses), reverse=True)


def test_an_all_digit_chinese_guess_is_never_sure() -> None:
    assert all(guess.confidence < 0.8 for guess in candidates("73123456789012"))


@given(st.text(alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -", max_size=40))
@settings(max_examples=80, deadline=None)
def test_blanks_and_case_change_nothing(text: str) -> None:
    assert candidates(text) == candidates(clean(text).lower())


@pytest.mark.skipif(not SHARED.exists(), reason="the public number list is not beside the project")
def test_the_published_numbers_are_told_apart() -> None:
    rows = [json.loads(line) for line in SHARED.read_text(encoding="utf-8").splitlines()]
    valid = {row["number"] for row in rows if row["valid"]}
    for row in rows:
        found = carriers(row["number"])
        if row["valid"]:
            assert found[:1] == [row["courier_code"]], row
        elif row["number"] not in valid:
            assert row["courier_code"] not in found, row
