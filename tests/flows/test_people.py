"""Who is who, through both emulated platforms: codes, one person on two platforms, leavers, and nothing left behind."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import structlog

from bot.app import create_app
from bot.pages.routes import attach
from bot.wire import unpack
from domain.chat import ChatKind, ChatRef
from domain.people import Role
from domain.store import Alert, UnitOfWork
from handlers.approval_open import Asked, open_approval
from handlers.order_reply import timeline_url
from handlers.outgoing import send
from tests.builders import SHOP, line, money, order
from tests.flows.offices import Offices, code_in_words, opened

TOML = """
[people."陈店长"]
roles = ["manager"]
accounts = ["wecom:chen"]

[directory]
platform = "wecom"
roles = { "客服部" = "service", "财务部" = ["finance"] }
"""


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with opened(tmp_path, TOML) as made:
        contacts = made.wecom.contacts
        made.service, made.finance = contacts.department("客服部"), contacts.department("财务部")  # type: ignore[attr-defined]
        await contacts.hire("chen", "陈店长", quiet=True)
        for name in ("zhang", "li", "wang", "zhao"):
            await contacts.hire(name, f"客服{name}", made.service, quiet=True)  # type: ignore[attr-defined]
        await contacts.hire("zhou", "周会计", made.finance, quiet=True)  # type: ignore[attr-defined]
        made.dingtalk.state.user("d-new", "新同事")
        made.dingtalk.state.user("d-zhang", "张三疯")
        await made.sync("wecom")
        yield made


async def invited(offices: Offices, name: str = "新同事", role: str = "仓管") -> str:
    return code_in_words(await offices.wecom_says("chen", f"邀请 {name} {role}"))


def approval(offices: Offices, number: str = "1", amount: int = 60_000, *, requester: int = 0) -> None:
    """A refund whose amount asks for more than one pair of eyes."""
    now, desk = offices.house.desk.clock.now(), offices.house.desk
    placed = order(f"692000000000000{number}", at=now, lines=(line(total=money(120_000)),))
    asked = Asked("refund", "douyin", SHOP, placed.number, money(amount), f"k{number}", requester_id=requester)

    def work(uow: UnitOfWork) -> None:
        uow.orders.upsert_many([placed], seen_at=now, surface="test")
        open_approval(uow, asked, uow.orders.get("douyin", SHOP, placed.number), now, desk)

    offices.write_now(work)


# --- codes ------------------------------------------------------------------------------------------------------------


async def test_an_unknown_person_comes_in_by_a_code_and_the_manager_hears_of_it(offices: Offices) -> None:
    with structlog.testing.capture_logs() as logs:
        assert "不认识你" in await offices.dingtalk_says("d-new", "今天卖了多少")
        code = await invited(offices)
        assert "绑好了，新同事（仓管）" in await offices.dingtalk_says("d-new", f"绑定 {code}")
    assert "帮上" not in await offices.dingtalk_says("d-new", "我是谁")
    assert any("新同事（仓管）刚绑定了钉钉账号" in said for said in offices.heard_on_wecom("chen"))
    person = offices.person("dingtalk", "d-new")
    assert person is not None
    assert person.roles == {Role.WAREHOUSE}
    assert [row[0] for row in offices.audit("people.bound")] == ["account:dingtalk:d-new"]
    assert code not in offices.everything_kept()
    assert code not in repr(logs)


async def test_a_code_works_once_and_for_ten_minutes(offices: Offices) -> None:
    code = await invited(offices)
    await offices.dingtalk_says("d-new", f"绑定 {code}")
    assert "已经用过" in await offices.dingtalk_says("d-zhang", f"绑定 {code}")
    late = await invited(offices, "张三疯", "客服")
    await offices.work(600)
    assert "过期" in await offices.dingtalk_says("d-zhang", f"绑定 {late}")
    assert offices.person("dingtalk", "d-zhang") is None


async def test_a_new_invitation_makes_the_earlier_code_useless(offices: Offices) -> None:
    first = await invited(offices)
    second = await invited(offices)
    assert "不对" in await offices.dingtalk_says("d-new", f"绑定 {first}")
    assert "绑好了" in await offices.dingtalk_says("d-new", f"绑定 {second}")


async def test_five_wrong_codes_lock_the_account_for_an_hour_even_for_the_right_one(offices: Offices) -> None:
    code = await invited(offices)
    wrong = [f"{(int(code) + n) % 1_000_000:06d}" for n in range(1, 6)]
    answers = [await offices.dingtalk_says("d-new", f"绑定 {each}") for each in wrong]
    assert "还能试 4 次" in answers[0]
    assert "一小时" in answers[-1]
    assert "一小时" in await offices.dingtalk_says("d-new", f"绑定 {code}")
    await offices.work(3600)
    again = await invited(offices)
    assert "绑好了" in await offices.dingtalk_says("d-new", f"绑定 {again}")


async def test_guessing_from_many_accounts_burns_every_code_that_is_out(offices: Offices) -> None:
    code = await invited(offices)
    users = [offices.dingtalk.state.user(f"x{n}", f"路人{n}") for n in range(8)]
    for index in range(30):
        guess = f"{(int(code) + 1 + index) % 1_000_000:06d}"
        await offices.dingtalk_says(users[index // 4], f"绑定 {guess}")
    assert "不对" in await offices.dingtalk_says("d-new", f"绑定 {code}")
    assert any("像是有人在猜" in said for said in offices.heard_on_wecom("chen"))


@pytest.mark.parametrize("words", ["绑定 {}", "我的码是 {}，帮我绑定一下", "@小单 绑定{}"])
async def test_a_code_that_is_said_in_a_group_is_burnt(offices: Offices, words: str) -> None:
    code = await invited(offices)
    assert "私聊" in await offices.dingtalk_says("d-new", words.format(code), group=offices.group)
    assert "不对" in await offices.dingtalk_says("d-new", f"绑定 {code}")
    assert offices.person("dingtalk", "d-new") is None


async def test_a_number_in_a_group_that_is_no_code_binds_and_burns_nothing(offices: Offices) -> None:
    code = await invited(offices)
    other = f"{(int(code) + 7) % 1_000_000:06d}"
    await offices.dingtalk_says("d-new", f"绑绳 {other} 米还有吗", group=offices.group)
    assert "绑好了" in await offices.dingtalk_says("d-new", f"绑定 {code}")


async def test_of_two_people_who_send_one_code_at_once_one_gets_in(offices: Offices) -> None:
    code = await invited(offices)
    await asyncio.gather(
        offices.dingtalk_says("d-new", f"绑定 {code}", work=False),
        offices.dingtalk_says("d-zhang", f"绑定 {code}", work=False),
    )
    await offices.work()
    got = [offices.person("dingtalk", user) is not None for user in ("d-new", "d-zhang")]
    assert sorted(got) == [False, True]
    assert len(offices.audit("people.bound")) == 1


async def test_a_code_used_by_somebody_else_binds_nothing_and_is_told(offices: Offices) -> None:
    code = await invited(offices)
    assert "另一位同事" in await offices.wecom_says("zhang", f"绑定 {code}")
    assert "不对" in await offices.dingtalk_says("d-new", f"绑定 {code}")
    assert any("客服zhang 的账号用了" in said for said in offices.heard_on_wecom("chen"))


async def test_only_who_manages_people_invites_and_only_one_to_one(offices: Offices) -> None:
    assert "店长" in await offices.wecom_says("zhang", "邀请 我朋友 管理员")
    assert offices.read(lambda r: r.people.by_name("我朋友")) == []
    await offices.dingtalk_says("d-new", f"绑定 {await invited(offices, '新同事', '店长')}")
    await offices.dingtalk_says("d-new", "绑定本群 主题 订单", group=offices.group)
    await offices.dingtalk_says("d-new", "确认绑定", group=offices.group)
    assert "还没有绑定" not in await offices.dingtalk_says("d-new", "邀请 王五 客服", group=offices.group)
    assert "私聊我办" in offices.heard_on_dingtalk("d-new")[-1]
    assert offices.read(lambda r: r.people.by_name("王五")) == []


async def test_an_invited_person_decides_nothing_before_the_code_was_used(offices: Offices) -> None:
    await invited(offices, "还没来的", "财务")
    (person,) = offices.read(lambda r: r.people.by_name("还没来的"))
    assert not person.active
    assert offices.read(lambda r: [p.name for p in r.people.with_role(Role.FINANCE)]) == ["周会计"]


@pytest.mark.parametrize("name", ["@所有人", "<b>x</b>", "a\u202eb\u200b", "';DROP", "王" * 19])
async def test_hostile_names_are_only_names(offices: Offices, name: str) -> None:
    said = await offices.wecom_says("chen", f"邀请 {name} 客服")
    assert "@所有人" not in said
    assert "<b>" not in said
    assert "\u202e" not in said
    code = code_in_words(said)
    offices.dingtalk.state.user("d-x", name)
    assert "绑好了" in await offices.dingtalk_says("d-x", f"绑定 {code}")


async def test_a_redelivered_code_is_answered_as_it_was(offices: Offices) -> None:
    code = await invited(offices)
    await offices.dingtalk_says("d-new", f"绑定 {code}", work=False)
    house = offices.house
    (item,) = await house.desk.store.inbox.claim(house.desk.clock.now())
    message: Any = unpack(item.kind, item.payload)  # the crash: handled and committed, and the reply never left
    first = await house.dispatcher.reply_to(message)
    again = await house.dispatcher.reply_to(message)
    assert first.reply == again.reply
    assert "绑好了" in str(again.reply)
    await house.desk.store.inbox.done([item.id])


# --- one person, two platforms ------------------------------------------------------------------------------------------


async def joined_on_both(offices: Offices) -> None:
    code = code_in_words(await offices.wecom_says("zhou", "我的绑定码"))
    assert "绑好了，周会计（财务" in await offices.dingtalk_says("d-zhang", f"绑定 {code}")


async def test_one_person_on_two_platforms_is_one_person(offices: Offices) -> None:
    await joined_on_both(offices)
    one, two = offices.person("wecom", "zhou"), offices.person("dingtalk", "d-zhang")
    assert one == two
    who = await offices.dingtalk_says("d-zhang", "我是谁")
    assert "企业微信 zhou" in who
    assert "钉钉 d-zhang" in who
    assert any("钉钉账号刚绑到你名下" in said for said in offices.heard_on_wecom("zhou"))


async def test_the_same_person_cannot_decide_twice_from_two_platforms(offices: Offices) -> None:
    offices.write_now(
        lambda u: [u.people.save_person(_with(p, {Role.FINANCE, Role.SERVICE})) for p in u.people.by_name("周会计")]
    )
    await joined_on_both(offices)
    approval(offices)
    steps = offices.read(lambda r: r.approvals.by_number("A1").steps)
    assert len(steps) >= 2
    assert "A1" in await offices.wecom_says("zhou", "同意 A1")
    second = await offices.dingtalk_says("d-zhang", "同意 A1")
    found = offices.read(lambda r: r.approvals.by_number("A1"))
    assert [d.person_name for d in found.decisions] == ["周会计"], second
    await offices.wecom_says("chen", "同意 A1")
    found = offices.read(lambda r: r.approvals.by_number("A1"))
    assert [d.person_name for d in found.decisions] == ["周会计", "陈店长"]


async def test_who_asked_cannot_agree_from_the_other_platform(offices: Offices) -> None:
    await joined_on_both(offices)
    zhou = offices.person("wecom", "zhou")
    assert zhou is not None
    approval(offices, requester=zhou.person_id)
    await offices.dingtalk_says("d-zhang", "同意 A1")
    assert offices.read(lambda r: r.approvals.by_number("A1").decisions) == ()
    await offices.wecom_says("chen", "同意 A1")
    assert [d.person_name for d in offices.read(lambda r: r.approvals.by_number("A1").decisions)] == ["陈店长"]


def _with(person: Any, roles: set[Role]) -> Any:
    return dataclasses.replace(person, roles=frozenset(roles))


async def test_own_codes_are_few_and_never_for_groups(offices: Offices) -> None:
    await joined_on_both(offices)
    for _ in range(4):
        assert "绑定码：" in await offices.wecom_says("zhou", "我的绑定码")
    assert "过一小时" in await offices.wecom_says("zhou", "我的绑定码")


# --- leavers ------------------------------------------------------------------------------------------------------------


async def test_a_leaver_is_out_with_the_event_on_every_platform(offices: Offices) -> None:
    await joined_on_both(offices)
    assert "周会计" in await offices.dingtalk_says("d-zhang", "我是谁")  # whatever is remembered of people is warm now
    assert "周会计" in await offices.wecom_says("zhou", "我是谁")
    assert await offices.wecom.contacts.dismiss("zhou") == 200
    offices.wecom.state.users["zhou"] = "周会计"  # the emulator lets nobody talk who left; a message may be on its way
    await offices.work()
    assert "周会计，财务" not in await offices.wecom_says("zhou", "我是谁")
    assert "周会计，财务" not in await offices.dingtalk_says("d-zhang", "我是谁")
    person = offices.read(lambda r: r.people.by_name("周会计"))[0]
    assert not person.active
    assert any("周会计 在企业微信通讯录里离职" in said for said in offices.heard_on_wecom("chen"))


async def test_a_leaver_is_out_at_the_next_sync_without_any_event(offices: Offices) -> None:
    await offices.wecom.contacts.dismiss("zhang", quiet=True)
    done = await offices.sync("wecom")
    assert (done.left, done.refused) == (1, False)
    assert offices.person("wecom", "zhang") is None


async def test_a_disabled_member_is_out_and_comes_back_when_enabled(offices: Offices) -> None:
    await offices.wecom.contacts.disable("zhang")
    await offices.work()
    assert offices.person("wecom", "zhang") is None
    await offices.work(60)
    await offices.wecom.contacts.enable("zhang")
    await offices.work()
    person = offices.person("wecom", "zhang")
    assert person is not None
    assert person.active
    assert person.roles == {Role.SERVICE}


async def test_what_waits_for_a_leaver_goes_to_the_others_or_is_told(offices: Offices) -> None:
    approval(offices, "1")
    approval(offices, "2")
    offices.write_now(lambda u: [u.approvals.save(_at_finance(each)) for each in u.approvals.waiting()])
    chen = offices.read(lambda r: r.people.by_name("陈店长"))[0]
    offices.write_now(lambda u: u.people.save_person(_with(chen, {Role.ADMIN})))  # nobody else may take the finance step
    await offices.wecom.contacts.dismiss("zhou")
    await offices.work()
    told = [said for said in offices.heard_on_wecom("chen") if "一个都不在了" in said]
    assert any("A1" in said for said in told)
    assert any("A2" in said for said in told)


def _at_finance(found: Any) -> Any:
    return dataclasses.replace(found, steps=("approve_finance",), step=0)


async def test_what_a_leaver_had_claimed_is_open_again(offices: Offices) -> None:
    now = offices.house.desk.clock.now()
    facts = {"entity": "sku:1", "seen": {}, "said": 1, "rung": 0}
    claimed = Alert(0, "", "库存-1", 1, "f", "g|warning", "warning", "claimed", "库存不足", facts, (), now, now, 1, 1,
                    claimed_by="客服zhang", claimed_at=now, sent_at=now, route="stock")  # fmt: skip
    saved = offices.write_now(lambda u: u.alerts.add(claimed))
    await offices.wecom.contacts.dismiss("zhang")
    await offices.work()
    after = offices.read(lambda r: r.alerts.get(saved.id))
    assert (after.state, after.claimed_by) == ("open", "")


async def test_links_to_staff_pages_die_with_a_leaver_and_new_ones_work(offices: Offices) -> None:
    attach(offices.house)
    desk = offices.house.desk
    transport = httpx.ASGITransport(app=create_app(offices.house, background=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        before = timeline_url(1, desk.clock.now(), desk)
        assert (await http.get(before)).status_code == 404  # no such order, but the link is good
        customers = timeline_url(1, desk.clock.now(), desk, scope="customer")
        await offices.work(5)
        await offices.wecom.contacts.dismiss("zhang")
        await offices.work()
        assert (await http.get(before)).status_code == 403
        assert (await http.get(customers)).status_code == 404
        await offices.work(2)
        assert (await http.get(timeline_url(1, desk.clock.now(), desk))).status_code == 404


async def test_what_was_queued_for_somebody_who_left_is_not_said(offices: Offices) -> None:
    chat = ChatRef("wecom", "zhang", ChatKind.DIRECT)
    due = offices.house.desk.clock.now() + timedelta(seconds=30)
    for who in ("zhang", "li"):
        row = send(dataclasses.replace(chat, chat_id=who), "text", {"text": "给你看的"}, key=f"late:{who}", due_at=due)
        offices.write_now(lambda u, row=row: u.outbox.add([row]))  # type: ignore[misc]
    await offices.wecom.contacts.dismiss("zhang")
    offices.wecom.state.users["zhang"] = "客服zhang"
    await offices.work(60)
    assert "给你看的" not in offices.heard_on_wecom("zhang")
    assert "给你看的" in offices.heard_on_wecom("li")


async def test_a_team_that_reads_english_binds_the_same_way(offices: Offices) -> None:
    await offices.stop()
    offices.start(lang="en")
    code = code_in_words(await offices.wecom_says("chen", "invite Bob as warehouse"))
    assert "Done, Bob (warehouse)" in await offices.dingtalk_says("d-new", f"bind {code}")
    assert "Bob, warehouse" in await offices.dingtalk_says("d-new", "who am I")
    own = code_in_words(await offices.wecom_says("chen", "my code"))
    await offices.dingtalk_says("d-zhang", f"bind {own}")
    assert "Confirm bind" in await offices.dingtalk_says("d-zhang", "bind this group topic stock", group=offices.group)
    assert "is bound" in await offices.dingtalk_says("d-zhang", "Confirm bind", group=offices.group)
    assert "no access" in await offices.wecom_says("chen", "disable Bob")


async def test_a_code_that_was_out_for_a_leaver_is_useless(offices: Offices) -> None:
    code = code_in_words(await offices.wecom_says("zhou", "我的绑定码"))
    await offices.wecom.contacts.dismiss("zhou")
    await offices.work()
    assert "不对" in await offices.dingtalk_says("d-zhang", f"绑定 {code}")
    assert offices.person("dingtalk", "d-zhang") is None


async def test_the_manager_disables_somebody_at_once_and_invites_them_back(offices: Offices) -> None:
    assert "不能再问" in await offices.wecom_says("chen", "停用 周会计")
    assert "周会计，财务" not in await offices.wecom_says("zhou", "我是谁")
    await offices.sync("wecom")  # the directory still lists them: that does not outweigh a person's word
    person = offices.person("wecom", "zhou")
    assert person is None or not person.active
    code = code_in_words(await offices.wecom_says("chen", "邀请 周会计"))
    assert "绑好了" in await offices.wecom_says("zhou", f"绑定 {code}")
    assert "周会计，财务" in await offices.wecom_says("zhou", "我是谁")


async def test_nobody_disables_themselves_or_the_last_manager(offices: Offices) -> None:
    assert "自己" in await offices.wecom_says("chen", "停用 陈店长")
    assert "店长" in await offices.wecom_says("zhang", "停用 陈店长")
    person = offices.person("wecom", "chen")
    assert person is not None
    assert person.active


# --- the settings file --------------------------------------------------------------------------------------------------


async def test_a_restart_keeps_what_codes_and_directories_did(offices: Offices) -> None:
    code = code_in_words(await offices.wecom_says("chen", "我的绑定码"))
    await offices.dingtalk_says("d-zhang", f"绑定 {code}")
    await offices.restart()
    chen = offices.person("dingtalk", "d-zhang")
    assert chen is not None
    assert chen.name == "陈店长"
    assert offices.person("wecom", "zhang") is not None


async def test_the_file_does_not_let_a_leaver_in_again(offices: Offices) -> None:
    await offices.restart(TOML + '\n[people."李记"]\nroles = ["service"]\naccounts = ["wecom:li"]\n')
    await offices.sync("wecom")
    assert offices.read(lambda r: r.people.by_account("wecom", "li")).name == "李记"
    await offices.wecom.contacts.dismiss("li")
    await offices.work()
    await offices.restart()
    assert offices.person("wecom", "li") is None
    assert not offices.read(lambda r: r.people.by_name("李记"))[0].active


async def test_the_files_roles_outweigh_the_directorys(offices: Offices) -> None:
    await offices.restart(TOML + '\n[people."客服li"]\nroles = ["warehouse"]\naccounts = ["wecom:li"]\n')
    await offices.sync("wecom")
    person = offices.person("wecom", "li")
    assert person is not None
    assert person.roles == {Role.WAREHOUSE}
    await offices.restart(TOML)
    person = offices.person("wecom", "li")
    assert person is None or not person.active


async def test_time_is_counted_by_the_clock_that_was_given(offices: Offices) -> None:
    code = await invited(offices)
    await offices.work(timedelta(minutes=9, seconds=59).total_seconds())
    assert "绑好了" in await offices.dingtalk_says("d-new", f"绑定 {code}")
