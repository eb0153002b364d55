"""Amounts are shown exactly, however large and in whatever currency."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money, exponent


@given(st.integers(-(10**30), 10**30), st.sampled_from(["CNY", "USD", "JPY", "KWD", "XXX"]))
def test_an_amount_is_shown_as_decimal_would_show_it(minor: int, currency: str) -> None:
    shown = str(Money(minor, currency))
    digits = "".join(letter for letter in shown if letter.isdigit() or letter == ".").lstrip(".")
    places = exponent(currency)
    sign = -1 if shown.startswith("−") else 1
    assert sign * int(digits.replace(".", "")) == minor
    assert len(digits.partition(".")[2]) == places
    with localcontext(prec=60):  # the usual 28 digits would round what is compared with
        assert f"{abs(Decimal(minor).scaleb(-places)):,.{places}f}" in shown


def test_the_usual_ones() -> None:
    given = [Money(26_800), Money(-120_450, "USD"), Money(1_250, "KWD"), Money(5), Money(1_234, "JPY")]
    assert [str(each) for each in given] == ["¥268.00", "−$1,204.50", "KWD 1.250", "¥0.05", "¥1,234"]
