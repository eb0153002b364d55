from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chat import Ask, Button, Card, Document, Link, Picture, Reply, Tone
from domain.render import card_words, clip, commands, escape_markdown, lines_of, markdown, plain, safe_url, split

CARD = Card(
    "退款申请 ¥268.00",
    ("抖音 …0417 王**", "理由：色差"),
    Tone.WATCH,
    "A17",
    buttons=(
        Button("同意", "t1", command="同意 A17"),
        Button("拒绝…", "t2", command="拒绝 A17", ask=Ask("写理由")),
        Button("看照片", "t3"),
    ),
    links=(Link("时间轴", "https://x.example/p/1"),),
    footer="剩 7 小时",
)
REPLY = Reply("退款申请 A17 ¥268.00\n抖音 …0417 王**\n理由：色差", CARD)


def test_buttons_become_numbered_sentences_that_a_person_can_send() -> None:
    assert plain(REPLY).splitlines()[-3:] == ["发送以下文字也可以：", "1. 同意 A17", "2. 拒绝 A17（后面写理由）"]


def test_drawn_buttons_are_not_said_again() -> None:
    assert "发送" not in plain(REPLY, buttons_drawn=True)


def test_commands_that_the_text_already_holds_are_not_repeated() -> None:
    said = Reply("退款申请 A17\n同意 A17 / 拒绝 A17", Card("退", (), buttons=(Button("同意", "t", command="同意 A17"),)))
    assert plain(said).count("同意 A17") == 1


def test_quick_answers_with_a_command_are_offered_too() -> None:
    assert commands(Reply("要看哪一单？", choices=(Button("抖音", "t", command="查 1"), Button("京东", "u")))) == (
        "1. 查 1",
    )


def test_a_reply_without_words_says_its_card() -> None:
    assert plain(Reply("", CARD)).splitlines()[0] == "🟡 退款申请 ¥268.00 A17"
    assert card_words(CARD).splitlines()[-1] == "剩 7 小时"


def test_markdown_is_bold_in_its_first_line_only_and_links_open() -> None:
    lines = markdown(REPLY).splitlines()
    assert lines[0] == "**退款申请 A17 ¥268.00**"
    assert "[时间轴](https://x.example/p/1)" in lines


def test_masks_do_not_turn_into_bold_text() -> None:
    assert "*" not in escape_markdown("王** 138****5678 李**")


def test_line_breaks_follow_the_platform() -> None:
    assert markdown(Reply("一\n二"), newline="  \n") == "一  \n二"


def test_english_has_its_own_words() -> None:
    assert "Or send one of these:" in plain(REPLY, lang="en")


def test_what_cannot_be_drawn_is_said_in_words() -> None:
    reply = Reply("库存", pictures=(Picture(b"", "13 分钟后断货"),), documents=(Document(b"", "清单.csv", "text/csv"),))
    assert plain(reply, media_drawn=False).splitlines() == ["库存", "图：13 分钟后断货", "文件：清单.csv"]


@pytest.mark.parametrize(
    "hostile",
    ["@all 快看", "<@all>", "@所有人", "<font color=warning>x</font>", "[点我](https://evil.example)", "\u202e反", "a\x00b"],
)
def test_hostile_text_keeps_its_looks_and_loses_its_power(hostile: str) -> None:
    said = markdown(Reply(f"收件人 {hostile}\n第二行"))
    assert not any(part in said for part in ("@", "<", "](", "://", "\u202e", "\x00"))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://",
        "ftp://x",
        "https://a/)[x](https://b",
        "https://a b",
        "//x",
        "https://[",
        "weixin://dl",
    ],
)
def test_an_address_that_is_not_a_plain_web_address_is_dropped(url: str) -> None:
    assert safe_url(url) == ""
    assert plain(Reply("x", Card("x", (), links=(Link("看", url),)))) == "x"


def test_many_empty_lines_become_one() -> None:
    assert lines_of("a\n\n\n\nb\n\n") == ("a", "", "b")


def test_a_short_text_stays_in_one_part_without_a_counter() -> None:
    assert split("你好", 64) == ("你好",)


def test_parts_end_with_their_counter_and_cut_at_lines() -> None:
    parts = split("\n".join(f"第{i}行有一些字" for i in range(20)), 120)
    assert [part.splitlines()[-1] for part in parts] == [f"({i}/{len(parts)})" for i in range(1, len(parts) + 1)]
    assert all(part.splitlines()[0].startswith("第") and part.splitlines()[-2].endswith("字") for part in parts)


def test_without_lines_the_cut_is_after_a_sentence() -> None:
    parts = split("今天的订单都发完了。" * 30, 200)
    assert all(part.splitlines()[0].endswith("。") for part in parts)


def test_a_joined_emoji_reaches_people_whole_and_a_loose_joiner_does_not() -> None:
    family = "👨\u200d👩\u200d👧"
    for written in (plain, markdown):
        assert written(Reply(f"{family}的订单 @a\u200dll")) == f"{family}的订单 ＠·all"
    assert clip(f"{family}的订单", 10) == "…"


def test_family_emoji_flags_and_marks_stay_whole() -> None:
    family, flag, toned = "👨‍👩‍👧‍👦", "🇨🇳", "👍🏽"
    parts = split((family + flag + toned) * 20, 100)
    body = "".join(part.rpartition("\n")[0] for part in parts)
    assert body == (family + flag + toned) * 20
    assert all(
        part.rpartition("\n")[0].encode()[:4] in (b"\xf0\x9f\x91\xa8", flag.encode()[:4], toned.encode()[:4])
        for part in parts
    )
    assert not any(part.startswith(("\u200d", "🏽", "🇳")) for part in parts)


def test_a_limit_too_small_for_a_counter_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        split("x" * 100, 20)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=600), st.integers(64, 300))
def test_no_part_is_over_the_limit_and_nothing_but_cut_line_feeds_is_lost(text: str, limit: int) -> None:
    text = "".join(c for c in text if unicodedata.category(c) != "Cs")
    parts = split(text, limit)
    assert all(len(part.encode()) <= limit for part in parts)
    bodies = [part.rpartition("\n")[0] for part in parts] if len(parts) > 1 else list(parts)
    assert [c for c in "".join(bodies) if not c.isspace()] == [c for c in text if not c.isspace()]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.integers(0, 60))
def test_a_clipped_text_fits(text: str, limit: int) -> None:
    text = "".join(c for c in text if unicodedata.category(c) != "Cs")
    assert len(clip(text, limit).encode()) <= max(limit, 0)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_escaping_twice_changes_nothing(text: str) -> None:
    assert escape_markdown(escape_markdown(text)) == escape_markdown(text)
