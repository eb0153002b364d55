"""Who is who: a bar outweighs every save, a code is taken once, an unbound group is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from domain.binding import BindingCode, Purpose, Tries
from domain.people import Person, Role
from domain.roster import How, RosterRow, Standing
from domain.store import BoundChat
from storage.store import SqlStore

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
ZHANG = Person(0, "张明", frozenset({Role.SERVICE}), accounts=(("wecom", "zhang"),))


def code(person_id: int, minutes: float = 10) -> BindingCode:
    return BindingCode(person_id, Purpose.INVITE, 0, NOW, NOW + timedelta(minutes=minutes))


def test_who_is_barred_stays_out_until_the_last_reason_is_lifted(store: SqlStore) -> None:
    saved = store.write_now(lambda u: u.people.save_person(ZHANG))
    store.write_now(lambda u: u.people.bar(saved.person_id, "left:wecom", NOW))
    store.write_now(lambda u: u.people.bar(saved.person_id, "revoked", NOW))
    again = store.write_now(lambda u: u.people.save_person(saved))
    assert not again.active
    found = store.read_now(lambda r: r.people.by_account("wecom", "zhang"))
    assert found is not None
    assert not found.active
    assert store.read_now(lambda r: r.people.bars(saved.person_id)) == {"left:wecom": NOW, "revoked": NOW}
    assert store.read_now(lambda r: r.people.with_role(Role.SERVICE)) == []
    assert not store.write_now(lambda u: u.people.unbar(saved.person_id, "revoked"))
    assert store.write_now(lambda u: u.people.unbar(saved.person_id, "left:wecom"))
    assert [each.name for each in store.read_now(lambda r: r.people.with_role(Role.SERVICE))] == ["张明"]


def test_the_roster_keeps_what_it_was_told(store: SqlStore) -> None:
    row = RosterRow("wecom", "wo-1", 7, How.CODE, "张\x00明", ("客服部/一组", "总部"), Standing.HERE, True, NOW)
    store.write_now(lambda u: u.people.put_roster(row))
    kept = store.read_now(lambda r: r.people.roster_entry("wecom", "wo-1"))
    assert kept == RosterRow("wecom", "wo-1", 7, How.CODE, "张明", ("客服部/一组", "总部"), Standing.HERE, True, NOW)
    assert store.read_now(lambda r: r.people.roster_of(7)) == [kept]
    store.write_now(lambda u: u.people.drop_roster("wecom", "wo-1"))
    assert store.read_now(lambda r: r.people.roster("wecom")) == []


def test_a_group_that_is_unbound_hears_nothing_more(store: SqlStore) -> None:
    group = BoundChat("wecom", "G", "group", "群", frozenset({"stock"}))
    store.write_now(lambda u: u.people.bind_chat(group))
    assert store.read_now(lambda r: r.people.chats()) == [group]
    assert store.write_now(lambda u: u.people.unbind_chat("wecom", "G"))
    assert not store.write_now(lambda u: u.people.unbind_chat("wecom", "G"))
    assert store.read_now(lambda r: r.people.chats_for("stock")) == []


async def test_of_many_who_use_one_code_at_once_one_gets_it(store: SqlStore) -> None:
    assert store.write_now(lambda u: u.binding.issue("123456", code(5)))
    assert not store.write_now(lambda u: u.binding.issue("123456", code(6)))
    got = await asyncio.gather(*(store.write(lambda u: u.binding.take("123456", NOW)) for _ in range(12)))
    assert [each.person_id for each in got if each is not None] == [5]


def test_a_code_expires_is_burnt_and_is_kept_as_a_hash_only(store: SqlStore) -> None:
    store.write_now(lambda u: u.binding.issue("111111", code(5)))
    assert store.write_now(lambda u: u.binding.take("111111", NOW + timedelta(minutes=10))) is None
    store.write_now(lambda u: u.binding.issue("222222", code(5)))
    store.write_now(lambda u: u.binding.issue("333333", code(6)))
    assert store.write_now(lambda u: u.binding.burn(NOW, person_id=5)) == 2
    assert store.write_now(lambda u: u.binding.take("222222", NOW)) is None
    assert store.write_now(lambda u: u.binding.issued_since(NOW, person_id=5)) == 2
    assert store.write_now(lambda u: u.binding.issued_since(NOW, issued_by=0)) == 3
    rows = store.read_now(lambda r: r.rows("SELECT * FROM binding_codes"))
    assert not any(digits in str(row) for row in rows for digits in ("111111", "222222", "333333"))
    assert store.write_now(lambda u: u.binding.take("333333", NOW)) is not None


def test_wrong_guesses_lock_and_a_new_span_starts_anew(store: SqlStore) -> None:
    hour = timedelta(hours=1)
    tries = Tries()
    for _ in range(5):
        tries = tries.wrong(NOW, span=hour, most=5, lock=hour)
    store.write_now(lambda u: u.binding.put_tries("wecom:x", tries))
    kept = store.write_now(lambda u: u.binding.tries("wecom:x"))
    assert kept == tries
    assert kept.locked(NOW + timedelta(minutes=59))
    assert not kept.locked(NOW + hour)
    later = kept.wrong(NOW + hour, span=hour, most=5, lock=hour)
    assert (later.count, later.locked_until) == (1, None)
    store.write_now(lambda u: u.binding.forget_tries("wecom:x"))
    assert store.write_now(lambda u: u.binding.tries("wecom:x")) == Tries()


def test_roster_and_codes_survive_a_restart(store: SqlStore, reopen: Callable[[], SqlStore]) -> None:
    store.write_now(lambda u: u.binding.issue("123456", code(5)))
    store.write_now(lambda u: u.people.put_roster(RosterRow("dingtalk", "u1", 5, How.CODE)))
    store.close_now()
    again = reopen()
    assert again.write_now(lambda u: u.binding.take("123456", NOW)) is not None
    assert again.read_now(lambda r: r.people.roster_of(5))[0].user_id == "u1"
    again.close_now()
