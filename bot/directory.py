"""People and groups from the settings file: who may come in, with which roles, and which group hears what.

The `[people]` table is the truth for whom it names: who is taken out of it loses access at the next start, and roles stay as
written. It lets nobody in again whom a directory has seen leaving, or whom a person disabled. People and groups added
elsewhere (by code, by a chat platform's directory, from the chat) are left alone.

    [people."张明"]
    roles = ["service"]
    accounts = ["wecom:zhangming", "console:zhangming"]
    warehouses = []                       # empty = all

    [groups."订单售后群"]
    chat = "wecom:wrOgAAA…"               # platform:chat id
    topics = ["orders", "refunds"]

    [directory]                            # what departments of WeCom or DingTalk may do; unlisted: nothing
    roles = { "客服部" = "service", "仓储部/杭州仓" = ["warehouse"] }
    warehouses = { "仓储部/杭州仓" = "杭州仓" }
    platform = "wecom"                     # whose departments count, where two platforms have a directory
    every_minutes = 30
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.clock import Clock
from domain.errors import BadInput
from domain.group_words import TOPICS
from domain.people import Person, Role
from domain.roster import DirectoryRules, How, Standing
from domain.store import BoundChat, Store, UnitOfWork
from domain.understand.people import role_of
from handlers.people_groups import FROM_SETTINGS
from handlers.people_leave import SETTINGS

_OURS = "directory:settings"  # cursor: names that came from the settings file last time


def settle(store: Store, config: Mapping[str, Any], *, clock: Clock) -> None:
    """Bring the store's people and groups in line with the settings file. Raises BadInput naming what is wrong."""
    people = [_person(name, section) for name, section in config.get("people", {}).items()]
    groups = [_group(title, section) for title, section in config.get("groups", {}).items()]
    before = store.read_now(lambda r: bool(r.cursors.get(_OURS) or r.cursors.get(FROM_SETTINGS)))
    if people or groups or before:
        store.write_now(lambda u: _save(u, people, groups, clock.now()))


def _save(uow: UnitOfWork, people: list[Person], groups: list[BoundChat], now: datetime) -> None:
    before = {name for name in (uow.cursors.get(_OURS) or "").split("\n") if name}
    names = {person.name for person in people}
    for person in people:
        known = _known(uow, person, before, names)
        if known is None:
            saved = uow.people.save_person(person)
        else:
            uow.people.unbar(known.person_id, SETTINGS)
            accounts = _accounts(uow, person, known)
            saved = uow.people.save_person(dataclasses.replace(person, person_id=known.person_id, accounts=accounts))
        _ours_now(uow, saved, person.accounts)
    for gone in before - names:
        for person in uow.people.by_name(gone):
            uow.people.bar(person.person_id, SETTINGS, now)
    uow.cursors.put(_OURS, "\n".join(sorted(names)))
    _groups(uow, groups)


def _ours_now(uow: UnitOfWork, person: Person, written: tuple[tuple[str, str], ...]) -> None:
    """A directory that knows these accounts goes on watching whether they leave, and changes their roles no more."""
    for platform, user in written:
        row = uow.people.roster_entry(platform, user)
        if row is not None and (row.person_id, row.how) != (person.person_id, How.SETTINGS):
            uow.people.put_roster(dataclasses.replace(row, person_id=person.person_id, how=How.SETTINGS))


def _known(uow: UnitOfWork, person: Person, before: set[str], names: set[str]) -> Person | None:
    """Who this is in the store: by an account, or by a name that the file gave before or that nobody else has an account by.

    A namesake with accounts of their own, whom the file never named, is somebody else.
    """
    for account in person.accounts:
        holder = uow.people.by_account(*account)
        if holder is not None and (holder.name == person.name or holder.name not in before | names):
            return holder
    named = uow.people.by_name(person.name)
    if person.name in before or any(not each.accounts for each in named):
        return next((each for each in named if person.name in before or not each.accounts), None)
    return named[0] if len(named) == 1 and {p for p, _ in named[0].accounts} & {p for p, _ in person.accounts} else None


def _accounts(uow: UnitOfWork, person: Person, known: Person) -> tuple[tuple[str, str], ...]:
    """Those of the file that nobody has seen leaving, and those bound by a code since."""
    rows = {(row.platform, row.user_id): row for row in uow.people.roster_of(known.person_id)}
    written = [each for each in person.accounts if each not in rows or rows[each].standing == Standing.HERE]
    bound = [where for where, row in rows.items() if row.how == How.CODE and row.standing == Standing.HERE]
    return tuple(dict.fromkeys([*written, *bound]))


def _groups(uow: UnitOfWork, groups: list[BoundChat]) -> None:
    """Groups of the file are as the file says; those that were taken out of it hear nothing any more."""
    named = {f"{group.platform}:{group.chat_id}" for group in groups}
    for gone in {each for each in (uow.cursors.get(FROM_SETTINGS) or "").split("\n") if each} - named:
        platform, _, chat_id = gone.partition(":")
        uow.people.unbind_chat(platform, chat_id)
    for group in groups:
        uow.people.bind_chat(group)
    uow.cursors.put(FROM_SETTINGS, "\n".join(sorted(named)))


def directory_rules(config: Mapping[str, Any]) -> DirectoryRules:
    """`[directory]` of the settings file. Raises BadInput naming what is wrong."""
    section = config.get("directory", {})
    unknown = sorted(set(section) - {"roles", "warehouses", "platform", "every_minutes"})
    if unknown:
        raise BadInput(f"[directory] 不认识的设置：{'、'.join(unknown)}")
    roles: dict[str, frozenset[Role]] = {}
    for department, given in _table(section, "roles").items():
        found = [role_of(str(each)) for each in ([given] if isinstance(given, str) else given)]
        if not found or None in found:
            raise BadInput(f'[directory] roles 里 "{department}" 的岗位不认识，可用：{"、".join(Role)}')
        roles[department.strip("/")] = frozenset(role for role in found if role is not None)
    places = {
        department.strip("/"): frozenset([given] if isinstance(given, str) else given)
        for department, given in _table(section, "warehouses").items()
    }
    every = section.get("every_minutes", 30)
    if isinstance(every, bool) or not isinstance(every, int) or not 1 <= every <= 1440:
        raise BadInput("[directory] every_minutes 是 1 到 1440 之间的整数（分钟）")
    return DirectoryRules(roles, places, str(section.get("platform", "")), every)


def _table(section: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = section.get(name, {})
    if not isinstance(found, Mapping) or any(not isinstance(each, str | list) for each in found.values()):
        raise BadInput(f'[directory] {name} 要写成 {{ "客服部" = "service" }} 这样的表')
    return found


def _person(name: str, section: Mapping[str, Any]) -> Person:
    where = f'[people."{name}"]'
    try:
        roles = frozenset(Role(role) for role in section["roles"])
    except KeyError:
        raise BadInput(f"{where} 没写 roles，可用：{'、'.join(Role)}") from None
    except ValueError as wrong:
        raise BadInput(f"{where} 的 roles 里有不认识的岗位：{wrong}") from None
    accounts = tuple(_pair(account, where) for account in section.get("accounts", ()))
    if not accounts:
        raise BadInput(f"{where} 没写 accounts（平台:账号），没有账号就认不出他。")
    return Person(
        0,
        name,
        roles,
        frozenset(section.get("shops", ())),
        frozenset(section.get("warehouses", ())),
        accounts=accounts,
    )


def _group(title: str, section: Mapping[str, Any]) -> BoundChat:
    where = f'[groups."{title}"]'
    platform, chat_id = _pair(str(section.get("chat", "")), where)
    topics = frozenset(section.get("topics", ()))
    if not topics or topics - TOPICS:
        raise BadInput(f"{where} 的 topics 只能从这些里选：{'、'.join(sorted(TOPICS))}")
    return BoundChat(
        platform,
        chat_id,
        "group",
        title,
        topics,
        frozenset(section.get("shops", ())),
        frozenset(section.get("warehouses", ())),
    )


def _pair(text: str, where: str) -> tuple[str, str]:
    platform, colon, rest = text.partition(":")
    if not colon or not platform or not rest:
        raise BadInput(f"{where} 里的 {text!r} 要写成 平台:账号，例如 wecom:zhangming")
    return platform, rest
