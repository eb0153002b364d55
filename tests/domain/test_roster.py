"""What a directory grants and when it is believed; which sentences are commands; what looks like a code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.binding import code_in, codes_said, written
from domain.group_words import NAMES, TOPICS, topics_named
from domain.people import Person, Role
from domain.roster import Colleague, DirectoryRules, RosterRow, Standing, grants, missing, namesakes
from domain.understand import Intent, understand
from domain.understand.people import PeopleCommand, people_command
from tests.builders import NOW

RULES = DirectoryRules({"客服部": frozenset({Role.SERVICE}), "仓储部/杭州组": frozenset({Role.WAREHOUSE})})


@pytest.mark.parametrize(
    ("departments", "roles"),
    [
        ((), set()),
        (("客服部",), {Role.SERVICE}),
        (("总部/客服部/一组",), {Role.SERVICE}),
        (("仓储部/杭州组/夜班",), {Role.WAREHOUSE}),
        (("外协/仓储部/杭州组",), set()),  # a path begins at the root
        (("杭州组",), set()),
        (("客服部（外包）", "大客服部"), set()),
        (("客服部", "仓储部/杭州组"), {Role.SERVICE, Role.WAREHOUSE}),
    ],
)
def test_departments_give_what_is_mapped_and_nothing_else(departments: tuple[str, ...], roles: set[Role]) -> None:
    assert RULES.roles_of(Colleague("u", "张三", departments)) == roles


@settings(max_examples=60)
@given(st.integers(0, 40), st.integers(0, 40))
def test_more_than_three_in_ten_missing_is_not_believed(known: int, gone: int) -> None:
    gone = min(gone, known)
    rows = [RosterRow("wecom", f"u{n}", listed=True) for n in range(known)]
    found = [Colleague(f"u{n}", "x") for n in range(gone, known)] or ([Colleague("new", "x")] if known != gone else [])
    lost = missing(rows, found)
    assert len(lost.rows) == gone
    assert lost.too_many is (gone > 0.3 * known)


def test_who_was_never_listed_or_is_gone_already_is_not_missed() -> None:
    rows = [RosterRow("wecom", "code-only"), RosterRow("wecom", "gone", listed=True, standing=Standing.GONE)]
    assert missing(rows, [Colleague("a", "x")]).rows == ()


def test_somebody_disabled_is_as_missing_as_somebody_who_left() -> None:
    rows = [RosterRow("wecom", f"u{n}", listed=True) for n in range(10)]
    found = [Colleague(f"u{n}", "x", active=n != 3) for n in range(10)]
    assert [row.user_id for row in missing(rows, found).rows] == ["u3"]


def test_one_platform_grants_the_named_one_or_the_first() -> None:
    assert grants(DirectoryRules(platform="dingtalk"), "dingtalk", ["wecom", "dingtalk"])
    assert not grants(DirectoryRules(platform="dingtalk"), "wecom", ["wecom", "dingtalk"])
    assert grants(DirectoryRules(), "wecom", ["wecom", "dingtalk"])
    assert not grants(DirectoryRules(), "dingtalk", ["wecom", "dingtalk"])


def test_a_namesake_elsewhere_may_be_the_same_human() -> None:
    here = Person(1, "张三", frozenset(), accounts=(("wecom", "z"),))
    there = Person(2, "张三", frozenset(), accounts=(("dingtalk", "z"),))
    assert namesakes([here, there], "张三", "wecom") == [there]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("绑定 123456", "123456"), ("绑定１２３４５６", "123456"), ("@小单 绑定 123 456。", "123456"), ("Bind: 123456", "123456"),
        ("绑定 12345", None), ("绑定 1234567", None), ("绑定本群 123456", None), ("123456", None), ("绑定", None), ("", None),
    ],
)  # fmt: skip
def test_a_code_is_read_however_it_is_typed(text: str, code: str | None) -> None:
    assert code_in(text) == code


@given(st.integers(0, 999_999), st.sampled_from(["绑定 {}", "绑 {}", "bind {}", "绑定{}。"]))
def test_every_code_is_found_again_in_its_sentence(number: int, sentence: str) -> None:
    code = written(number)
    assert len(code) == 6
    assert code_in(sentence.format(code)) == code
    assert codes_said(sentence.format(code)) == (code,)


@given(st.text(max_size=200))
def test_no_text_breaks_the_readers(text: str) -> None:
    people_command(text)
    code_in(text)
    codes_said(text)
    topics_named((text,))


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("我是谁", PeopleCommand.WHO), ("我的绑定码", PeopleCommand.CODE), ("邀请 张三 客服 仓库 杭州仓", PeopleCommand.INVITE),
        ("邀请 张三", PeopleCommand.INVITE), ("停用 张三", PeopleCommand.REVOKE), ("绑定本群 主题 库存预警,退款", PeopleCommand.BIND),
        ("解绑本群", PeopleCommand.UNBIND), ("本群绑定", PeopleCommand.SHOW), ("确认绑定", PeopleCommand.SURE),
        ("invite Bob as service", PeopleCommand.INVITE), ("unbind this group", PeopleCommand.UNBIND),
    ],
)  # fmt: skip
def test_commands_are_printed_as_help_and_told_apart_by_name(text: str, command: PeopleCommand) -> None:
    plan = understand(text, now=NOW)
    assert plan.intent is Intent.HELP
    assert plan.extra["command"] == command


def test_warehouse_is_a_role_behind_as_and_a_place_before_a_name() -> None:
    wanted = people_command("invite Bob as warehouse warehouse 杭州仓")
    assert wanted is not None
    assert (wanted.roles, wanted.warehouses) == ((Role.WAREHOUSE,), ("杭州仓",))


@pytest.mark.parametrize(
    "text",
    ["怎么邀请同事", "客户邀请好友砍价的单子", "邀请 好友 砍价 怎么弄", "停用 库存-1", "这个群绑定了吗谁知道呢", "转发：邀请 张三 客服",
     "绑定本群吧大家说呢", "我是谁的客户"],
)  # fmt: skip
def test_what_is_said_in_passing_is_no_command(text: str) -> None:
    assert "command" not in understand(text, now=NOW).extra


def test_every_topic_has_a_name_that_means_it() -> None:
    assert set(NAMES) == TOPICS
    for topic, name in NAMES.items():
        assert topics_named((name,)) == topics_named((topic,)) == (frozenset({topic}), ())
    assert topics_named(("全部",))[0] == TOPICS
    assert topics_named(("天气",)) == (frozenset(), ("天气",))
