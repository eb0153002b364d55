"""What one spreadsheet cell can hold."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sheets import cells
from integrations.sheets.cells import Unreadable

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('="6920012345678901234"', "6920012345678901234"),
        ('= "123" ', "123"),
        ("'13800000000", "13800000000"),
        ("\ufeff 订单\u3000", "订单"),
        ("\t1188\x00", "1188"),
        ("17850.0", "17850"),
        ("６９２０", "6920"),
    ],
)
def test_wrapping_is_taken_off_identifiers(text: str, expected: str) -> None:
    assert cells.identifier(text) == expected


@pytest.mark.parametrize("text", ["6.92001E+18", "1e+19", "9" * 129])
def test_a_number_that_a_spreadsheet_has_destroyed_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        cells.identifier(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("¥268", "268"),
        ("268元", "268"),
        ("(12.00)", "-12.00"),
        ("1.234,50", "1234.50"),
        ("12,5", "12.5"),
        ("1,23,456.70", "123456.70"),
        ("R$ 10.00", "10.00"),
        ("−3", "-3"),
        ("＄２０", "20"),
        ("0.001", "0.001"),
        ('="9.90"', "9.90"),
    ],
)
def test_amounts_are_read_exactly(text: str, expected: str) -> None:
    assert cells.decimal(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1,2,3,4x", "12..5", "1e"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        cells.decimal(text)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_minor_units_survive_thousands_separators(minor: int) -> None:
    text = f"{Decimal(minor) / 100:,.2f}"
    assert cells.money(text, "CNY").minor == minor


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("2024-03-04 05:06:07", False, datetime(2024, 3, 3, 21, 6, 7, tzinfo=UTC)),
        ("2024/3/4", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
        ("2024年3月4日", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
        ("03/04/2024", True, datetime(2024, 4, 2, 16, tzinfo=UTC)),
        ("03/04/2024", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
        ("31/12/2024 23:59", False, datetime(2024, 12, 31, 15, 59, tzinfo=UTC)),
        ("04-30-22", False, datetime(2022, 4, 29, 16, tzinfo=UTC)),
        ("4/30/2022 1:05 PM", False, datetime(2022, 4, 30, 5, 5, tzinfo=UTC)),
        ("12/1/2010 12:05 AM", False, datetime(2010, 11, 30, 16, 5, tzinfo=UTC)),
        ("2024-03-04T05:06:07Z", False, datetime(2024, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2024-03-04 05:06:07 +0800", False, datetime(2024, 3, 3, 21, 6, 7, tzinfo=UTC)),
        ("20240304", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
        ("1700003700", False, datetime(2023, 11, 14, 23, 15, tzinfo=UTC)),
        ("45355", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
        ("Mar 4, 2024", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
        ("4-Mar-2024", False, datetime(2024, 3, 3, 16, tzinfo=UTC)),
    ],
)
def test_dates_of_many_hands(text: str, day_first: bool, expected: datetime) -> None:
    assert cells.moment(text, zone=SHANGHAI, day_first=day_first) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2024-02-30", "32/13/2024", "1-2-3-4", "99999999"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        cells.moment(text, zone=SHANGHAI)


def test_a_sample_says_whether_days_come_first() -> None:
    assert cells.looks_day_first(["01/02/2024", "13/02/2024"]) is True
    assert cells.looks_day_first(["01/02/2024", "02/13/2024"]) is False
    assert cells.looks_day_first(["01/02/2024", "2024-01-13"]) is None


def test_quantities_are_whole() -> None:
    assert cells.whole("1,000") == 1000
    with pytest.raises(Unreadable):
        cells.whole("1.5")
    with pytest.raises(Unreadable):
        cells.whole("1e30")
