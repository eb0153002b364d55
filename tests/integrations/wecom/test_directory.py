"""The directory through the self-built app: ranges, half lists, busy platforms, and what changes say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from domain.diagnosis import Health
from domain.errors import NeedsAuthorization, ProtocolBroken, Rejected, Unavailable
from domain.ports import DirectorySync
from domain.roster import Happened
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from integrations.wecom import Settings, diagnose
from integrations.wecom.changes import events_of
from tests.integrations.wecom.conftest import APP, Bench, make

AT = datetime(2026, 11, 22, 6, tzinfo=UTC)


@pytest_asyncio.fixture
async def app(emulator: WecomEmulator) -> AsyncIterator[Bench]:
    bench = make(emulator, Settings(mode="app", app=replace(APP, contact_secret=theirs.CONTACT_SECRET)))
    yield bench
    await bench.chat.aclose()


async def test_everybody_is_listed_with_the_path_of_each_department(app: Bench) -> None:
    contacts = app.emulator.contacts
    service = contacts.department("客服/售后")
    await contacts.hire("deep", "阿深", contacts.department("一组", parent=service), service, quiet=True)
    await contacts.disable("lisi", quiet=True)
    found = {each.user_id: each for each in await app.chat.roster()}
    assert set(found) == {"zhangsan", "lisi", "wangwu", "deep"}
    assert sorted(found["deep"].departments) == ["客服／售后", "客服／售后/一组"]
    assert found["zhangsan"].departments == ()
    assert not found["lisi"].active
    assert isinstance(app.chat, DirectorySync)


async def test_only_the_visible_range_is_listed_and_those_in_it_by_name(app: Bench) -> None:
    contacts = app.emulator.contacts
    above = contacts.department("总部")
    inside = contacts.department("客服部", parent=above)
    await contacts.hire("in", "里面的", inside, quiet=True)
    contacts.visible, contacts.visible_users = {inside}, {"wangwu"}
    found = {each.user_id: each.departments for each in await app.chat.roster()}
    assert found == {"in": ("客服部",), "wangwu": ()}
    assert await app.chat.colleague("zhangsan") is None
    assert await app.chat.colleague("nobody") is None


async def test_an_app_that_sees_no_department_says_which_permission(app: Bench) -> None:
    app.emulator.contacts.visible = set()
    with pytest.raises(NeedsAuthorization, match="60011"):
        await app.chat.roster()
    finding = next(each for each in await diagnose(app.chat) if each.check == "directory")
    assert finding.health is Health.BAD
    assert "可见范围" in finding.sentence


async def test_half_a_list_is_found_out_by_the_list_of_all_ids(app: Bench) -> None:
    contacts = app.emulator.contacts
    contacts.page = 2
    for number in range(5):
        await contacts.hire(f"u{number}", f"人{number}", quiet=True)
    assert len(await app.chat.roster()) == 8
    assert len(app.emulator.journal.calls("/cgi-bin/user/list_id")) == 4
    contacts.half_pages = True
    with pytest.raises(ProtocolBroken):
        await app.chat.roster()
    contacts.half_pages, contacts.looping_cursor = False, True
    with pytest.raises(ProtocolBroken):
        await app.chat.roster()


async def test_the_apps_own_secret_may_not_list_ids(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(mode="app", app=replace(APP, contact_secret="wrong")))
    with pytest.raises(NeedsAuthorization):
        await bench.chat.roster()
    finding = next(each for each in await diagnose(bench.chat) if each.check == "directory")
    assert "contact_secret" in finding.sentence
    await bench.chat.aclose()


async def test_a_dead_token_is_renewed_and_a_ban_is_not_fought(app: Bench) -> None:
    await app.chat.roster()
    app.emulator.calls.kill_tokens()
    assert len(await app.chat.roster()) == 3
    app.emulator.faults.plan("often", "/cgi-bin/user/list")
    with pytest.raises(Unavailable) as banned:
        await app.chat.roster()
    assert banned.value.retry_after == 60.0
    assert len([e for e in app.emulator.journal.calls("/cgi-bin/user/list") if e.answer == 45009]) == 1


async def test_without_an_app_there_is_no_directory(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(mode="robot", robots={"CHATID": theirs.WEBHOOK}))
    assert not bench.chat.has_directory
    with pytest.raises(Rejected):
        await bench.chat.roster()
    await bench.chat.aclose()


async def test_doctor_says_how_far_the_directory_reaches(app: Bench) -> None:
    finding = next(each for each in await diagnose(app.chat) if each.check == "directory")
    assert finding.health is Health.GOOD
    assert "3 人" in finding.sentence


@pytest.mark.parametrize(
    ("change", "what"),
    [("create_user", Happened.JOINED), ("update_user", Happened.CHANGED), ("delete_user", Happened.LEFT),
     ("update_party", Happened.DEPARTMENTS)],
)  # fmt: skip
def test_changes_are_read(change: str, what: Happened) -> None:
    fields = {"Event": "change_contact", "ChangeType": change, "UserID": "u1", "CreateTime": "1795327200"}
    (event,) = events_of(fields, platform="wecom", at=AT)
    assert (event.what, event.at) == (what, datetime.fromtimestamp(1_795_327_200, UTC))
    assert event == events_of(fields, platform="wecom", at=AT)[0]


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"Event": "enter_agent"}, {"Event": "change_contact", "ChangeType": "update_tag", "TagId": "1"},
        {"Event": "change_contact", "ChangeType": "delete_user", "UserID": ""},
        {"Event": "change_contact", "ChangeType": "something_new", "UserID": "u"},
    ],
)  # fmt: skip
def test_what_says_nothing_of_people_changes_nothing(fields: dict[str, str]) -> None:
    assert events_of(fields, platform="wecom", at=AT) == ()
