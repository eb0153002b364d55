"""Directories through the whole program: what they grant, what they take away, and when they are not believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from domain.errors import DeskError, NeedsAuthorization, ProtocolBroken, Unavailable
from domain.people import Role
from handlers.people_sync import directories
from scheduler.timetable import timetable
from tests.flows.offices import Offices, code_in_words, opened

TOML = """
[people."陈店长"]
roles = ["manager"]
accounts = ["wecom:chen"]

[directory]
platform = "wecom"
every_minutes = 15
roles = { "客服部" = "service", "仓储部/杭州组" = ["仓管"], "财务部" = "finance" }
warehouses = { "仓储部/杭州组" = "杭州仓" }
"""
STAFF = 10


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with opened(tmp_path, TOML) as made:
        contacts = made.wecom.contacts
        made.service = contacts.department("客服部")  # type: ignore[attr-defined]
        made.group_two = contacts.department("二组", parent=made.service)  # type: ignore[attr-defined]
        stores = contacts.department("仓储部")
        made.hangzhou = contacts.department("杭州组", parent=stores)  # type: ignore[attr-defined]
        made.suzhou = contacts.department("苏州组", parent=stores)  # type: ignore[attr-defined]
        await contacts.hire("chen", "陈店长", quiet=True)
        for number in range(STAFF):
            await contacts.hire(f"k{number}", f"客服{number}", made.service, quiet=True)  # type: ignore[attr-defined]
        yield made


def roles(offices: Offices, user: str, platform: str = "wecom") -> set[Role] | None:
    person = offices.person(platform, user)
    return None if person is None or not person.active else set(person.roles)


# --- what is granted --------------------------------------------------------------------------------------------------


async def test_only_mapped_departments_give_roles_and_those_below_them_inherit(offices: Offices) -> None:
    contacts = offices.wecom.contacts
    await contacts.hire("deep", "二组的", offices.group_two, quiet=True)  # type: ignore[attr-defined]
    await contacts.hire("hz", "杭州的", offices.hangzhou, quiet=True)  # type: ignore[attr-defined]
    await contacts.hire("sz", "苏州的", offices.suzhou, quiet=True)  # type: ignore[attr-defined]
    done = await offices.sync("wecom")
    assert (done.listed, done.joined) == (STAFF + 4, STAFF + 2)
    assert roles(offices, "deep") == {Role.SERVICE}
    assert roles(offices, "hz") == {Role.WAREHOUSE}
    hangzhou = offices.person("wecom", "hz")
    assert hangzhou is not None
    assert hangzhou.warehouses == {"杭州仓"}
    assert offices.person("wecom", "sz") is None
    assert "部门还没有对应的岗位" in await offices.wecom_says("sz", "0417 到哪了")


async def test_a_department_that_merely_contains_the_name_gives_nothing(offices: Offices) -> None:
    contacts = offices.wecom.contacts
    for name in ("客服部（外包）", "大客服部", "x/客服部", "杭州组"):
        number = contacts.department(name)
        await contacts.hire(f"u{number}", f"外人{number}", number, quiet=True)
    await offices.sync("wecom")
    assert [user for user in offices.wecom.state.users if user.startswith("u") and offices.person("wecom", user)] == []


async def test_who_moves_gets_the_new_departments_rights_and_loses_the_old_ones(offices: Offices) -> None:
    await offices.sync("wecom")
    await offices.wecom.contacts.move("k1", offices.hangzhou)  # type: ignore[attr-defined]
    await offices.work()
    assert roles(offices, "k1") == {Role.WAREHOUSE}
    await offices.wecom.contacts.move("k1", offices.suzhou)  # type: ignore[attr-defined]
    await offices.work(1)
    assert roles(offices, "k1") == set()


async def test_a_renamed_department_is_noticed_at_once(offices: Offices) -> None:
    await offices.sync("wecom")
    await offices.wecom.contacts.rename_department(offices.service, "体验部")  # type: ignore[attr-defined]
    await offices.work()
    assert roles(offices, "k1") == set()


async def test_a_new_colleague_is_in_with_the_event(offices: Offices) -> None:
    await offices.sync("wecom")
    await offices.wecom.contacts.hire("new", "新来的", offices.service)  # type: ignore[attr-defined]
    await offices.work()
    assert roles(offices, "new") == {Role.SERVICE}
    assert "新来的，客服" in await offices.wecom_says("new", "我是谁")


async def test_the_second_platforms_directory_grants_nothing_and_a_namesake_is_not_let_in(offices: Offices) -> None:
    await offices.sync("wecom")
    contacts = offices.dingtalk.contacts
    number = contacts.department("客服部")
    await contacts.hire("d1", "客服1", number, quiet=True)
    await contacts.hire("d99", "只在钉钉的", number, quiet=True)
    await offices.sync("dingtalk")
    assert offices.person("dingtalk", "d1") is None
    assert offices.person("dingtalk", "d99") is None
    assert "我的绑定码" in await offices.dingtalk_says("d1", "0417 到哪了")
    code = code_in_words(await offices.wecom_says("k1", "我的绑定码"))
    await offices.dingtalk_says("d1", f"绑定 {code}")
    assert offices.person("dingtalk", "d1") == offices.person("wecom", "k1")


async def test_an_account_whose_id_changes_stays_its_persons(offices: Offices) -> None:
    await offices.sync("wecom")
    before = offices.person("wecom", "k1")
    await offices.wecom.contacts.rename_user("k1", "k1-new")
    await offices.work()
    after = offices.person("wecom", "k1-new")
    assert before is not None
    assert after is not None
    assert after.person_id == before.person_id
    assert offices.person("wecom", "k1") is None


# --- what is taken away -------------------------------------------------------------------------------------------------


async def test_leaving_on_either_platform_ends_access_on_both(offices: Offices) -> None:
    await offices.sync("wecom")
    contacts = offices.dingtalk.contacts
    await contacts.hire("d1", "客服1", quiet=True)
    await offices.sync("dingtalk")
    code = code_in_words(await offices.wecom_says("k1", "我的绑定码"))
    await offices.dingtalk_says("d1", f"绑定 {code}")
    await contacts.dismiss("d1")
    await offices.work()
    assert roles(offices, "k1") is None
    await offices.sync("wecom")
    assert roles(offices, "k1") is None  # one directory does not undo what the other one said


async def test_a_listing_that_lags_behind_does_not_let_a_leaver_in_again(offices: Offices) -> None:
    await offices.sync("wecom")
    member = offices.wecom.contacts.member("k1")
    await offices.wecom.contacts.dismiss("k1")
    await offices.work()
    offices.wecom.state.users["k1"] = member.name
    offices.wecom.contacts.member("k1").departments = [offices.service]  # type: ignore[attr-defined]
    await offices.sync("wecom")
    assert roles(offices, "k1") is None
    await offices.work(20 * 60)
    await offices.sync("wecom")  # still listed much later: they were taken on again
    assert roles(offices, "k1") == {Role.SERVICE}


async def test_a_late_event_does_not_undo_a_newer_one(offices: Offices) -> None:
    await offices.sync("wecom")
    start = offices.clock.now()
    await offices.work(100)
    await offices.wecom.contacts.hire("back", "回来的", offices.service)  # type: ignore[attr-defined]
    await offices.work()
    late = {"FromUserName": "sys", "CreateTime": int(start), "MsgType": "event", "Event": "change_contact",
            "ChangeType": "delete_user", "UserID": "back"}  # fmt: skip
    assert await offices.wecom.callbacks.send_app(late) == 200
    await offices.work()
    assert roles(offices, "back") == {Role.SERVICE}


async def test_the_same_event_three_times_is_one_effect(offices: Offices) -> None:
    await offices.sync("wecom")
    event = {"FromUserName": "sys", "CreateTime": int(offices.clock.now()), "MsgType": "event", "Event": "change_contact",
             "ChangeType": "delete_user", "UserID": "k1"}  # fmt: skip
    await offices.wecom.contacts.dismiss("k1", quiet=True)
    await offices.wecom.callbacks.send_app(event, repeat=3)
    await offices.work()
    assert len(offices.audit("people.kept_out")) == 1
    assert len([said for said in offices.heard_on_wecom("chen") if "客服1 " in said]) == 1


@pytest.mark.parametrize("lie", ["most", "empty", "half", "scope"])
async def test_a_directory_that_loses_too_many_is_not_believed(offices: Offices, lie: str) -> None:
    await offices.sync("wecom")
    contacts = offices.wecom.contacts
    chat = offices.house.desk.chats["wecom"]
    if lie == "most":
        for number in range(5):
            await contacts.dismiss(f"k{number}", quiet=True)
    elif lie == "empty":
        contacts.empty_pages = True
    elif lie == "half":
        contacts.half_pages = True
    else:
        contacts.visible = {contacts.department("空部门")}
    if lie in ("empty", "half"):
        with pytest.raises(ProtocolBroken):  # the list of all ids gives it away before anybody counts
            await offices.sync("wecom")
        chat._directory._contacts = None  # type: ignore[attr-defined]  # and without the directory's own secret:
    done = await offices.sync("wecom")
    assert done.refused
    assert roles(offices, "k0") == {Role.SERVICE}
    assert roles(offices, "k9") == {Role.SERVICE}
    assert len([said for said in offices.heard_on_wecom("chen") if "没有停用任何人" in said]) == 1
    await offices.sync("wecom")
    assert len([said for said in offices.heard_on_wecom("chen") if "没有停用任何人" in said]) == 1  # once a day
    if lie == "most":
        done = await offices.sync("wecom", accept=True)
        assert (done.refused, done.left) == (False, 5)
        assert roles(offices, "k0") is None
        assert roles(offices, "k9") == {Role.SERVICE}


async def test_three_of_ten_may_leave_in_a_night(offices: Offices) -> None:
    await offices.sync("wecom")
    for number in range(3):
        await offices.wecom.contacts.dismiss(f"k{number}", quiet=True)
    done = await offices.sync("wecom")
    assert (done.refused, done.left) == (False, 3)
    told = [said for said in offices.heard_on_wecom("chen") if "离职" in said]
    assert len(told) == 1
    assert "客服0、客服1、客服2" in told[0]


async def test_in_a_small_company_the_platform_must_say_so_of_each_leaver(tmp_path: Path) -> None:
    async with opened(tmp_path, TOML) as small:
        contacts = small.wecom.contacts
        service = contacts.department("客服部")
        for user in ("a", "b", "c"):
            await contacts.hire(user, f"小{user}", service, quiet=True)
        await small.sync("wecom")
        await contacts.dismiss("a", quiet=True)
        done = await small.sync("wecom")
        assert (done.refused, done.left) == (False, 1)
        contacts.half_pages = True
        small.house.desk.chats["wecom"]._directory._contacts = None  # type: ignore[attr-defined]
        done = await small.sync("wecom")
        assert done.refused  # one of two is missing from the list, and there when asked for by name
        assert roles(small, "b") == {Role.SERVICE}
        assert roles(small, "c") == {Role.SERVICE}


async def test_who_falls_out_of_the_visible_range_loses_access(offices: Offices) -> None:
    contacts = offices.wecom.contacts
    elsewhere = contacts.department("外部")
    await contacts.hire("out", "要移出的", elsewhere, quiet=True)
    await offices.sync("wecom")
    code = code_in_words(await offices.wecom_says("chen", "邀请 要移出的 客服"))
    assert "绑好了" in await offices.wecom_says("out", f"绑定 {code}")
    contacts.visible = {offices.service}  # type: ignore[attr-defined]
    contacts.visible_users = {"chen"}
    done = await offices.sync("wecom")
    assert not done.refused
    assert roles(offices, "out") is None
    assert roles(offices, "chen") == {Role.MANAGER}


# --- trouble ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "call", "raised"),
    [("often", "/cgi-bin/user/list", Unavailable), ("garbage", "/cgi-bin/department/list", DeskError),
     ("reset", "/cgi-bin/user/list", DeskError)],
)  # fmt: skip
async def test_a_directory_in_trouble_locks_nobody_out(
    offices: Offices, fault: str, call: str, raised: type[Exception]
) -> None:
    await offices.sync("wecom")
    offices.wecom.faults.always[call] = fault
    with pytest.raises(raised):
        await offices.sync("wecom")
    assert roles(offices, "k1") == {Role.SERVICE}
    offices.wecom.faults.always.clear()
    offices.wecom.banned_until.clear()
    assert (await offices.sync("wecom")).left == 0


async def test_a_busy_platform_and_a_dead_token_are_got_over(offices: Offices) -> None:
    offices.wecom.faults.plan("busy", "/cgi-bin/user/list", times=2)
    assert (await offices.sync("wecom")).joined == STAFF
    offices.wecom.calls.kill_tokens()
    assert (await offices.sync("wecom")).listed == STAFF + 1


async def test_a_scope_without_departments_is_told_to_the_manager_once_a_day(offices: Offices) -> None:
    await offices.sync("wecom")
    offices.wecom.contacts.visible = set()
    for _ in range(3):
        with pytest.raises(NeedsAuthorization):
            await offices.sync("wecom")
        await offices.work(3600)
    assert len([said for said in offices.heard_on_wecom("chen") if "同步不了" in said]) == 1
    assert roles(offices, "k1") == {Role.SERVICE}


async def test_dingtalks_directory_comes_in_pages_and_its_leavers_by_event(offices: Offices) -> None:
    contacts = offices.dingtalk.contacts
    contacts.page = 2
    number = contacts.department("客服部")
    below = contacts.department("一组", parent=number)
    for index in range(7):
        await contacts.hire(f"d{index}", f"钉钉{index}", below if index % 2 else number, quiet=True)
    done = await offices.sync("dingtalk")
    assert done.listed == 7
    code = code_in_words(await offices.wecom_says("chen", "邀请 钉钉3 客服"))
    await offices.dingtalk_says("d3", f"绑定 {code}")
    assert roles(offices, "d3", "dingtalk") == {Role.SERVICE}
    await contacts.dismiss("d3")
    await offices.work()
    assert roles(offices, "d3", "dingtalk") is None


@pytest.mark.parametrize("lie", ["lie_more", "scope"])
async def test_dingtalks_half_lists_and_missing_permissions_lock_nobody_out(offices: Offices, lie: str) -> None:
    contacts = offices.dingtalk.contacts
    await contacts.hire("d1", "钉钉1", quiet=True)
    await offices.sync("dingtalk")
    code = code_in_words(await offices.wecom_says("chen", "邀请 钉钉1 客服"))
    await offices.dingtalk_says("d1", f"绑定 {code}")
    if lie == "lie_more":
        contacts.lie_more = True
    else:
        contacts.scopes.clear()
    with pytest.raises(ProtocolBroken if lie == "lie_more" else NeedsAuthorization):
        await offices.sync("dingtalk")
    assert roles(offices, "d1", "dingtalk") == {Role.SERVICE}
    await offices.work()
    assert any("同步不了" in said for said in offices.heard_on_wecom("chen")) is (lie == "scope")


async def test_directories_are_on_the_timetable(offices: Offices) -> None:
    desk = offices.house.desk
    assert directories(desk) == ["wecom", "dingtalk"]
    jobs = {job.name: job for job in timetable(desk, offices.house.router)}
    assert jobs["directory.wecom"].at_start
    assert jobs["directory.wecom"].every.total_seconds() == 15 * 60
    await jobs["directory.wecom"].run()
    assert roles(offices, "k1") == {Role.SERVICE}


async def test_with_two_directories_and_no_choice_the_first_of_the_file_grants(tmp_path: Path) -> None:
    async with opened(tmp_path, '[directory]\nroles = { "客服部" = "service" }\n') as made:
        for contacts, user in ((made.wecom.contacts, "w1"), (made.dingtalk.contacts, "d1")):
            await contacts.hire(user, f"人{user}", contacts.department("客服部"), quiet=True)
        await made.sync("wecom")
        await made.sync("dingtalk")
        assert roles(made, "w1") == {Role.SERVICE}
        assert made.person("dingtalk", "d1") is None
