"""The figure gate: a sentence with a figure, a name or a link that the facts do not hold is not shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assist.prose import blanked, discarded, filled
from domain.understand import Lexicon

LEXICON = Lexicon.build(
    people=["张明"], warehouses={"杭州仓": (), "苏州仓": ()}, shops={"抖音旗舰店": ()}, skus={"SF-GREY": ("沙发套-灰",)}
)
FACTS = "昨天订单数 1,234 单\n比前天多 12.5%（1,097 单）\n抖音旗舰店 800 单，占 64.8%\n金额 ¥3.2万\n杭州仓\n11月21日"


@pytest.mark.parametrize(
    "said",
    [
        "比前天多了12.5%，主要来自抖音旗舰店",
        "一千二百三十四单，势头不错",
        "1.234千单，势头不错",
        "１２３４单，势头不错",
        "增加了百分之十二点五",
        "金额约32000，势头不错",
        "金额约三万二千",
        "订单稳中有升，值得继续关注",
        "抖音旗舰店占百分之六十四点八",
        "十一月二十一日势头不错",
    ],
)
def test_a_sentence_over_the_facts_is_shown(said: str) -> None:
    assert discarded(said, FACTS, LEXICON) == ""


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("约1,235单", "figure"),
        ("约1.2万单", "figure"),
        ("多了百分之三", "figure"),
        ("多了三成", "figure"),
        ("打了八折", "figure"),
        ("翻了一番", "figure"),
        ("涨了一倍", "figure"),
        ("将近一半来自抖音旗舰店", "figure"),
        ("一千二百三十五单", "figure"),
        ("两天后会更好", "figure"),
        ("11月22日", "figure"),
        ("⑨单", "figure"),
        ("𝟗𝟗单", "figure"),
        ("٩٩单", "figure"),
        ("九九单", "figure"),
        ("12·6%", "figure"),
        ("12.5‰", "figure"),
        ("64.8万单", "figure"),
        ("3.2千", "figure"),
        ("three more", "figure"),
        ("orders doubled", "figure"),
        ("up by a quarter", "figure"),
        ("苏州仓更好", "entity"),
        ("张明干得不错", "entity"),
        ("沙发套-灰卖得最好", "entity"),
        ("淘宝的订单更多", "entity"),
        ("深圳市的订单更多", "entity"),
        ("better than Amazon", "entity"),
        ("ask Margaret", "entity"),
        ("看[这里](http://evil.example)", "markup"),
        ("去 www.evil.example 看", "markup"),
        ("**加粗**", "markup"),
        ("@所有人 快看", "markup"),
        ("＠all 快看", "markup"),
        ("<b>好</b>", "markup"),
        ("SELECT * FROM orders", "markup"),
        ("第一行\n第二行", "markup"),
        ("倒\u202e过来", "markup"),
        ("零\u200b宽", "markup"),
        ("", "length"),
        ("好" * 91, "length"),
    ],
)
def test_a_sentence_with_anything_of_its_own_is_discarded(said: str, why: str) -> None:
    assert discarded(said, FACTS, LEXICON) == why


def test_figures_leave_as_placeholders_and_come_back() -> None:
    hidden, figures = blanked(FACTS)
    assert not any(letter.isdigit() for letter in hidden.replace("<F", "").replace(">", "") if letter not in "123456789")
    assert "1,234" not in hidden
    assert figures[0] == "1,234"
    assert filled("多了 <F2>", figures) == f"多了 {figures[1]}"
    assert filled("多了 <F99>", figures) is None


@settings(max_examples=300, deadline=None)
@given(
    number=st.integers(2, 10**9),
    shape=st.sampled_from(["{}", "{:,}", "{}%", "{}万", "约{}单", "({})", "{}.5", "¥{}", "{}‰", "{}成"]),
)
def test_no_number_passes_that_the_facts_do_not_hold(number: int, shape: str) -> None:
    known = {11, 21, 800, 1097, 1234, 32000}
    said = shape.format(number)
    same = shape == "{}‰" and number in {125, 648}  # 12.5 % and 64.8 % in other words
    if not same and not (number in known and shape in ("{}", "{:,}", "约{}单", "({})", "¥{}")):
        assert discarded(said, FACTS, LEXICON)


DIGITS = "零一二三四五六七八九"


@settings(max_examples=200, deadline=None)
@given(st.integers(11, 9999).filter(lambda n: n not in (11, 21, 800, 1097, 1234)))
def test_no_spoken_number_passes_that_the_facts_do_not_hold(number: int) -> None:
    parts = []
    for place, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // place % 10
        if digit:
            parts.append(DIGITS[digit] + unit)
        elif parts and not parts[-1].endswith("零") and number % place:
            parts.append("零")
    assert discarded(f"约{''.join(parts)}单", FACTS, LEXICON) == "figure"
    assert discarded("约" + "".join(DIGITS[int(each)] for each in str(number)) + "单", FACTS, LEXICON) == "figure"
