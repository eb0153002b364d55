"""People and groups from the settings file: who may come in, with which roles, and which group hears what.

The `[people]` table is the truth: who is taken out of it loses access at the next start. People added elsewhere (a chat
platform's directory) are left alone.

    [people."张明"]
    roles = ["service"]
    accounts = ["wecom:zhangming", "console:zhangming"]
    warehouses = []                       # empty = all

    [groups."订单售后群"]
    chat = "wecom:wrOgAAA…"               # platform:chat id
    topics = ["orders", "refunds"]
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from domain.errors import BadInput
from domain.people import Person, Role
from domain.store import BoundChat, Store, UnitOfWork

TOPICS = frozenset({"orders", "refunds", "stock", "logistics", "margin", "ops", "tech"})
_OURS = "directory:settings"  # cursor: names that came from the settings file last time


def settle(store: Store, config: Mapping[str, Any]) -> None:
    """Bring the store's people and groups in line with the settings file. Raises BadInput naming what is wrong."""
    people = [_person(name, section) for name, section in config.get("people", {}).items()]
    groups = [_group(title, section) for title, section in config.get("groups", {}).items()]
    if people or groups:
        store.write_now(lambda u: _save(u, people, groups))


def _save(uow: UnitOfWork, people: list[Person], groups: list[BoundChat]) -> None:
    for person in people:
        known = uow.people.by_name(person.name)
        uow.people.save_person(dataclasses.replace(person, person_id=known[0].person_id if known else 0))
    names = {person.name for person in people}
    before = (uow.cursors.get(_OURS) or "").split("\n")
    for gone in {name for name in before if name} - names:
        for person in uow.people.by_name(gone):
            uow.people.save_person(dataclasses.replace(person, active=False))
    uow.cursors.put(_OURS, "\n".join(sorted(names)))
    for group in groups:
        uow.people.bind_chat(group)


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
