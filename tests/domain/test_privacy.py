"""Personal data never reaches a group, and strangers' text never gains power over a card."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.order import Receiver
from domain.people import Actor, May, Person, Role
from domain.privacy import (
    is_virtual,
    mask_name,
    mask_phone,
    mask_receiver,
    may_reveal,
    place,
    redact,
    safe_note,
    safe_text,
    short_number,
    view_receiver,
)

CANARY = "13912345678"
HOME = Receiver("王小明", CANARY, "浙江省", "温州市", "鹿城区", "五马街道", "幸福路12号3栋501室", postcode="325000")


def actor(*, direct: bool, may: frozenset[May]) -> Actor:
    return Actor(Person(1, "张明", frozenset({Role.SERVICE})), may, "console", "zhangming", "g1", direct)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王**"),
        ("王", "王**"),
        ("John Smith", "J**"),
        ("", ""),
        ("王**", "王**"),
        ("*明", "*明"),
        ("王小明*", "王**"),  # a star alone does not make it a mask
        ("  \u202e王小明", "王**"),
        ("＊明", "＊明"),
    ],
)
def test_a_name_is_cut_to_its_first_letter_unless_it_is_masked_already(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800138000", "138****8000"),
        ("+86 138 0013 8000", "138****8000"),
        ("008613800138000", "138****8000"),
        ("１３８００１３８０００", "138****8000"),
        ("138****8000", "138****8000"),
        ("1**********", "1**********"),
        ("138001*8000", "13****00"),  # too much left to be a mask
        ("17800001111-4321", "178****1111（虚拟号）"),
        ("17800001111转4321", "178****1111（虚拟号）"),
        ("88123456", "88****56"),
        ("12", "****"),
        ("", ""),
    ],
)
def test_a_phone_shows_three_and_four_digits_at_most(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


def test_a_relay_number_is_told_from_a_landline_with_an_extension() -> None:
    assert is_virtual("17800001111-4321")
    assert not is_virtual("0571-88123456")
    assert not is_virtual(CANARY)


@pytest.mark.parametrize(
    "note",
    [
        f"打我电话{CANARY}谢谢",
        "电话 139-1234-5678",
        "电话 139 1234 5678",
        "139.1234.5678",
        "１３９１２３４５６７８",
        "1 3 9 1 2 3 4 5 6 7 8",
        "139\u200b1234\u200b5678",
        "一三九一二三四五六七八",
        "幺三九 一二三四 五六七八",
        "+8613912345678",
    ],
)
def test_phones_in_remarks_are_masked_however_they_are_typed(note: str) -> None:
    shown = safe_note(note)
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", shown) if letter.isdigit())
    assert digits == "1395678"
    assert not any(spoken in shown for spoken in ("一二三四", "五六七八"))


def test_doors_and_mail_addresses_in_remarks_are_masked() -> None:
    assert safe_note("放幸福路12号3栋2单元501室门口") == "放幸福路***门口"
    assert safe_note("发 foo.bar@qq.com") == "发 f***＠qq．com"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("@all 快看", "＠·all 快看"),
        ("@所有人", "＠·所有人"),
        ("＠ ALL", "＠·ALL"),
        ("@\u200ball", "＠·all"),
        ("<font color=red>x</font>", "＜font color=red＞x＜/font＞"),
        ("<@zhangming>", "＜＠zhangming＞"),
        ("[点我](http://evil.example)", "［点我］(http：//evil．example)"),
        ("第一行\n**金额：0 元**", "第一行 ＊＊金额：0 元**"),
        ("# 标题", "＃ 标题"),
        ("> 引用", "＞ 引用"),
        ("- 列表", "－ 列表"),
        ("abc\u202ecba\x00\x1b[31m", "abccba［31m"),
        ("&lt;b&gt;", "＆lt;b＆gt;"),
        ("A&B 公司", "A&B 公司"),
        ("沙发套-灰 A_B *2", "沙发套-灰 A_B *2"),
        ("\u3164\u3164", ""),
        ("{{7*7}}", "｛｛7*7｝｝"),
    ],
)
def test_hostile_text_keeps_its_looks_and_loses_its_power(hostile: str, shown: str) -> None:
    assert safe_text(hostile) == shown


def test_a_hundred_kilobytes_become_one_short_line() -> None:
    assert safe_text("哈" * 100_000, 20) == "哈" * 19 + "…"
    assert len(safe_text("y" + "\u0301" * 100_000, 20)) <= 3
    assert "\n" not in safe_text("\n".join("行" * 1000), 40)


def test_a_cut_never_tears_a_letter_from_its_marks() -> None:
    assert safe_text("e\u0301" * 30, 5) == "e\u0301" * 4 + "…"
    assert safe_text("👍🏽" * 30, 3) == "👍🏽" * 2 + "…"


FAMILY, KISS, DOCTOR, RAINBOW = (
    "👨\u200d👩\u200d👧\u200d👦",
    "👩\u200d❤\ufe0f\u200d💋\u200d👨",
    "👩🏽\u200d⚕\ufe0f",
    "🏳\ufe0f\u200d🌈",
)


@pytest.mark.parametrize(
    "emoji",
    [FAMILY, KISS, DOCTOR, RAINBOW, "❤\ufe0f\u200d🔥", "🐈\u200d⬛", "🙂\u200d↔\ufe0f", "🏴\u200d☠\ufe0f", "🧑🏻\u200d🤝\u200d🧑🏿", "👨🏿\u200d✈\ufe0f"],
)  # fmt: skip
def test_a_joined_emoji_stays_whole(emoji: str) -> None:
    assert safe_text(emoji) == emoji
    assert safe_text(f"快乐{emoji}一家") == f"快乐{emoji}一家"
    assert safe_text(emoji * 3) == emoji * 3
    assert safe_note(f"{emoji} 打 {CANARY}") == f"{emoji} 打 139****5678"


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("@\u200dall", "＠·all"),
        ("@a\u200dll", "＠·all"),
        ("@👨\u200dall", "＠👨all"),
        ("👨\u200d@all", "👨＠·all"),
        ("139\u200d1234\u200d5678", "13912345678"),
        ("👨\u200d\u200d👩", "👨\u200d👩"),  # two joiners are one
        ("👨\u200d\u200d👩\u200d\u200d\u200da", "👨\u200d👩a"),
        ("\u200d👨\u200d", "👨"),
        ("👨\u200d\u202e👩", "👨👩"),
        ("👨\u200b\u200d👩", "👨\u200d👩"),  # what lay between was nothing
        ("👨\u200c👩", "👨👩"),  # another zero-width character
        ("👨\u0301\u200d👩", "👨\u0301👩"),  # a mark that no emoji wears
        ("👨\u200d🏽", "👨🏽"),  # a skin tone is joined to nothing
        ("🏽\u200d👩", "🏽👩"),
        ("🇨\u200d🇳", "🇨🇳"),
        ("1\u200d👩", "1👩"),
        ("1\ufe0f\u20e3\u200d👩", "1\ufe0f\u20e3👩"),
        ("👩\u200d1", "👩1"),
        ("👩\u200d 👩", "👩 👩"),
        ("👩\u200d\n👩", "👩 👩"),
        ("©\u200d®", "©®"),
        ("क\u094d\u200dष", "क\u094dष"),
        ("ل\u200dل", "لل"),
        ("<\u200d>", "＜＞"),
        ("http:\u200d//evil\u200d.example", "http：//evil．example"),
        ("👨\u200d👩\u200d👧\u200d👦\u200d👶\u200d🐶", "👨\u200d👩\u200d👧\u200d👦👶\u200d🐶"),
    ],
)
def test_a_joiner_that_joins_no_emoji_is_dropped(hostile: str, shown: str) -> None:
    assert safe_text(hostile) == shown


def test_a_chain_of_joined_emoji_is_no_way_around_the_length() -> None:
    shown = safe_text("👨\u200d" * 10_000, 20)
    assert sum(letter == "👨" for letter in shown) <= 19
    assert shown.endswith("👨…")


def test_a_cut_never_tears_a_joined_emoji() -> None:
    for limit in range(2, 14):
        shown = safe_text(FAMILY * 10, limit)
        assert shown == FAMILY * ((limit - 1) // 4) + "…", limit
    assert safe_text("好" + FAMILY, 4) == "好…"
    assert safe_text("好" + FAMILY, 5) == "好" + FAMILY


PIECES = [
    "👨",
    "👩",
    "\u200d",
    "\ufe0f",
    "🏽",
    "❤",
    "🏳",
    "🌈",
    "a",
    "1",
    "@",
    "all",
    "所有人",
    "\u0301",
    "\u202e",
    "\u200b",
    "🇨",
    " ",
    "\n",
    "<",
    "*",
]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join), st.integers(2, 20))
@settings(max_examples=300, deadline=None)
def test_joiners_in_any_mix_stand_between_pictures_or_not_at_all(text: str, limit: int) -> None:
    shown = safe_text(text, limit)
    assert safe_text(shown, limit) == shown
    assert not set(shown) & set("\u200b\u202e\n@<")
    for index, letter in enumerate(shown):
        if letter == "\u200d":
            assert 0 < index < len(shown) - 1
            assert shown[index - 1] in "👨👩❤🏳🌈🏽\ufe0f"
            assert shown[index + 1] in "👨👩❤🏳🌈"
    assert sum(letter in "👨👩❤🏳🌈" for letter in shown) <= limit


@given(st.text(max_size=300), st.integers(2, 80))
@settings(max_examples=200, deadline=None)
@example("@@all" * 20, 10)
@example("**" * 50, 10)
@example("# # #", 60)
def test_cleaned_text_is_one_stable_short_harmless_line(text: str, limit: int) -> None:
    shown = safe_text(text, limit)
    assert safe_text(shown, limit) == shown
    assert not set("<>[]`|\\@\n\r\t{}") & set(shown)
    assert all(unicodedata.category(letter)[0] != "C" or letter == "\u200d" for letter in shown)
    assert sum(unicodedata.category(letter)[0] not in "MC" for letter in shown) <= limit


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["", " ", "-", "\u200b", " - "]))
@settings(max_examples=200, deadline=None)
def test_a_canary_phone_never_survives_in_a_remark(before: str, after: str, gap: str) -> None:
    typed = f"{CANARY[:3]}{gap}{CANARY[3:7]}{gap}{CANARY[7:]}"
    for shown in (safe_note(before + typed + after, 200), redact(before + typed.replace("\u200b", "") + after)):
        digits = "".join(letter for letter in shown if letter.isdigit() and letter.isascii())
        assert CANARY not in digits
        assert typed not in shown


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_a_masked_receiver_holds_neither_phone_nor_door(detail: str) -> None:
    shown = mask_receiver(Receiver("王小明", CANARY, "浙江省", "温州市", "鹿城区", "五马街道", detail + "幸福路12号"))
    assert "小明" not in repr(shown)
    assert CANARY not in repr(shown)
    assert "幸福路" not in repr(shown)
    assert "五马" not in repr(shown)
    assert shown.masked


def test_masking_a_masked_receiver_changes_nothing() -> None:
    once = mask_receiver(HOME)
    assert mask_receiver(once) == once


def test_only_the_permission_one_to_one_and_after_the_reveal_shows_everything() -> None:
    allowed = frozenset({May.SEE_PERSONAL})
    assert view_receiver(HOME, actor(direct=True, may=allowed), revealed=True).phone == CANARY
    assert view_receiver(HOME, actor(direct=True, may=allowed)).phone == "139****5678"
    assert view_receiver(HOME, actor(direct=False, may=allowed), revealed=True).phone == "139****5678"
    assert view_receiver(HOME, actor(direct=True, may=frozenset()), revealed=True).phone == "139****5678"
    assert may_reveal(actor(direct=True, may=allowed))
    assert not may_reveal(actor(direct=False, may=allowed))


@pytest.mark.parametrize(
    ("receiver", "depth", "shown"),
    [
        (HOME, 2, "浙江 温州"),
        (HOME, 3, "浙江 温州 鹿城区"),
        (Receiver(province="上海市", city="上海市", district="浦东新区"), 3, "上海 浦东新区"),
        (Receiver(province="新疆维吾尔自治区", city="喀什地区"), 2, "新疆 喀什地区"),
        (Receiver(country="US"), 2, "US"),
        (Receiver(province="<b>@all", city="x"), 2, "＜b＞＠·all x"),
        (Receiver(), 2, ""),
    ],
)
def test_a_place_names_the_town_and_nothing_nearer(receiver: Receiver, depth: int, shown: str) -> None:
    assert place(receiver, depth=depth) == shown


def test_long_numbers_are_named_by_their_tail() -> None:
    assert short_number("6920123456780417") == "…0417"
    assert short_number("A17") == "A17"


def test_a_remark_never_spells_out_whose_order_it_is() -> None:
    shown = safe_note("王小明说放到五马街道幸福路12号3栋501室，电话 13912345678", of=HOME)
    assert shown == "王**说放到******，电话 139****5678"
