"""Addresses of public places in more than a hundred cities, written the short way people write them.

`addresses.tsv`: address, finest division, its code. The places are public facts (universities, head offices, main streets).
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from domain.address import distance_km, parse

ROWS = [line.split("\t") for line in (Path(__file__).parent / "addresses.tsv").read_text(encoding="utf-8").splitlines()]


def test_the_district_is_right_for_short_addresses_of_many_cities() -> None:
    assert len({code[:4] for _, _, code in ROWS}) >= 60
    wrong = [(text, name, parse(text)) for text, name, code in ROWS if parse(text).adcode != code]
    assert 1 - len(wrong) / len(ROWS) >= 0.98, wrong


@pytest.mark.parametrize("frame", ["王小明 13812345678 {}", "收货地址：{} 邮编 100000", "{}，张三收"])
def test_a_receiver_around_the_address_changes_nothing(frame: str) -> None:
    wrong = [text for text, _, _ in ROWS if parse(frame.format(text)).adcode != parse(text).adcode]
    assert len(wrong) <= len(ROWS) * 0.02, wrong


def test_places_in_different_provinces_are_told_apart() -> None:
    pairs = random.Random(5).sample([(a, b) for a in ROWS for b in ROWS if a[2][:2] < b[2][:2]], 600)
    for (one, _, code_one), (two, _, code_two) in pairs:
        far = distance_km(parse(one), parse(two))
        assert far is not None, (one, two)
        assert far > 20 or code_one[:2] == code_two[:2], (one, two, far)


@pytest.mark.parametrize(
    ("text", "city", "district"),
    [
        ("成都高新区天府大道北段1700号", "成都市", "武侯区"),
        ("西安经济技术开发区凤城八路", "西安市", "未央区"),
        ("武汉光谷软件园", "武汉市", "洪山区"),
        ("郑东新区商务外环路", "郑州市", "金水区"),
        ("苏州工业园区星湖街", "苏州市", "苏州工业园区"),
        ("某某工业园区星湖街", "", ""),
        ("某某市高新区一路", "", ""),
        ("青岛市南香港中路10号", "青岛市", "市南区"),
        ("青岛市南京路100号", "青岛市", ""),
        ("长沙五一大道1号", "长沙市", ""),
    ],
)
def test_a_zone_is_its_host_district_or_the_city_alone(text: str, city: str, district: str) -> None:
    found = parse(text)
    assert (found.city, found.district) == (city, district)
