"""DingTalk's directory: ranges, pages, permissions, unionids; events over Stream and sealed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.diagnosis import Health
from domain.errors import NeedsAuthorization, ProtocolBroken, Unavailable
from domain.ports import DirectorySync
from domain.roster import Happened, RosterEvent
from integrations.dingtalk import diagnose
from integrations.dingtalk.directory import events_of
from tests.integrations.dingtalk.conftest import Office, until
from tests.integrations.dingtalk.test_house import house

AT = datetime(2026, 11, 22, 6, tzinfo=UTC)


async def test_everybody_comes_page_by_page_with_the_path_of_each_department(office: Office) -> None:
    chat, contacts = office.connector(directory=True), office.emulator.contacts
    contacts.page = 2
    service = contacts.department("客服部")
    below = contacts.department("一/组", parent=service)
    for number in range(5):
        await contacts.hire(f"d{number}", f"人{number}", below, quiet=True)
    await contacts.deactivate("d1", quiet=True)
    found = {each.user_id: each for each in await chat.roster()}
    assert len(found) == 7
    assert found["d0"].departments == ("客服部/一／组",)
    assert not found["d1"].active
    assert isinstance(chat, DirectorySync)


async def test_only_the_authorised_range_is_there(office: Office) -> None:
    chat, contacts = office.connector(directory=True), office.emulator.contacts
    inside = contacts.department("客服部", parent=contacts.department("总部"))
    await contacts.hire("in", "里面的", inside, quiet=True)
    contacts.visible, contacts.visible_users = {inside}, {"u-zhou"}
    found = {each.user_id: each.departments for each in await chat.roster()}
    assert found == {"in": ("客服部",), "u-zhou": ()}
    assert await chat.colleague("u-zhang") is None
    assert await chat.colleague("nobody") is None


async def test_somebody_is_found_by_unionid_too(office: Office) -> None:
    chat = office.connector(directory=True)
    union = office.emulator.contacts.member("u-zhang").union
    found = await chat.colleague(union)
    assert found is not None
    assert found.user_id == "u-zhang"


@pytest.mark.parametrize("lie", ["lie_more", "scopes"])
async def test_half_lists_and_missing_permissions_are_named(office: Office, lie: str) -> None:
    chat, contacts = office.connector(directory=True), office.emulator.contacts
    if lie == "scopes":
        contacts.scopes.discard("qyapi_get_member")
        with pytest.raises(NeedsAuthorization, match="qyapi_get_member"):
            await chat.roster()
    else:
        contacts.lie_more = True
        with pytest.raises(ProtocolBroken):
            await chat.roster()
    finding = next(each for each in await diagnose(chat) if each.check == "directory")
    assert finding.health is Health.BAD
    assert ("qyapi_get_member" in finding.sentence) is (lie == "scopes")


async def test_an_expired_token_is_renewed_and_a_throttled_call_repeated(office: Office) -> None:
    chat = office.connector(directory=True)
    await chat.roster()
    office.emulator.state.kill_tokens()
    office.emulator.faults.plan("qps", "user.list", times=2)
    assert len(await chat.roster()) == 2
    office.emulator.faults.plan("qps", "user.list", times=5)
    with pytest.raises(Unavailable):
        await chat.roster()
    office.emulator.faults.once.clear()


async def test_events_over_stream_are_receipted_only_when_they_are_kept(office: Office) -> None:
    chat = office.connector(directory=True)
    kept: list[RosterEvent] = []
    broken = 1

    async def people(events: Sequence[RosterEvent]) -> None:
        nonlocal broken
        if broken:
            broken -= 1
            raise RuntimeError("disk is full")
        kept.extend(events)

    chat.on_people = people
    async with office.listening(chat):
        await office.emulator.contacts.dismiss("u-zhou")
        await asyncio.sleep(0.1)
        assert kept == []
        office.emulator.clock.move(4)
        await until(lambda: bool(kept))
        await until(lambda: all(pushed.done for pushed in office.emulator.gateway.pushes))
    assert [(each.what, each.user_id) for each in kept] == [(Happened.LEFT, "u-zhou")]


async def test_doctor_counts_whom_it_sees_and_says_nothing_when_it_is_off(office: Office) -> None:
    found = await diagnose(office.connector(directory=True))
    assert "2 人" in next(each.sentence for each in found if each.check == "directory")
    assert not [each for each in await diagnose(office.connector()) if each.check == "directory"]


def test_both_spellings_of_an_event_mean_the_same() -> None:
    stream = events_of("user_leave_org", {"userId": ["a", "b"], "timeStamp": "1795327200000"}, ident="e1", at=AT)
    sealed = events_of("user_leave_org", {"UserId": ["a", "b"], "TimeStamp": "1795327200000"}, ident="e1", at=AT)
    assert stream == sealed
    assert [each.user_id for each in stream] == ["a", "b"]


@pytest.mark.parametrize("body", [{}, {"userId": None}, {"userId": []}, {"userId": [""], "timeStamp": "x"}])
def test_an_event_about_nobody_changes_nothing(body: dict[str, object]) -> None:
    assert events_of("user_leave_org", body, ident="", at=AT) == ()
    assert events_of("chat_disband", {"userId": ["a"]}, ident="", at=AT) == ()


async def test_in_the_whole_program_a_leaver_over_stream_is_out_within_the_event(office: Office, tmp_path: Path) -> None:
    async with house(office, tmp_path, "directory = true\n") as made:
        store = made.desk.store
        await until(lambda: store.read_now(lambda r: r.people.roster_entry("dingtalk", "u-zhang")) is not None)
        assert store.read_now(lambda r: r.people.by_account("dingtalk", "u-zhang")) is not None
        await office.emulator.contacts.dismiss("u-zhang")
        await until(lambda: store.read_now(lambda r: r.people.by_account("dingtalk", "u-zhang")) is None)
        await until(lambda: all(pushed.done for pushed in office.emulator.gateway.pushes))
