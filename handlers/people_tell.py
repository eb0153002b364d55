"""Who manages people, and telling them (or one person) something in private. Rows in the outbox, never a call."""

from __future__ import annotations

from collections.abc import Collection

from domain.chat import ChatKind, ChatRef
from domain.people import Actor, May, Person, Role
from domain.roster import Standing
from domain.store import Reads, UnitOfWork
from handlers.desk import Desk
from handlers.outgoing import say


def administers(person: Person, desk: Desk) -> bool:
    """Owner, manager, or whoever `config/roles.yaml` lets administer. An installation's older roles file may not say so of
    managers, and somebody must be able to let people in.
    """
    return Role.MANAGER in person.roles or May.ADMINISTER in desk.policy.allowed(person.roles)


def may_administer(actor: Actor) -> bool:
    return May.ADMINISTER in actor.may or (Role.MANAGER in actor.person.roles and actor.person.person_id > 0)


def admins(reads: Reads | UnitOfWork, desk: Desk) -> list[Person]:
    return [person for person in reads.people.everyone() if person.active and administers(person, desk)]


def kept_out(reads: Reads | UnitOfWork, platform: str, user_id: str) -> bool:
    """Whether this account's person has no access any more: what was queued for them is not said."""
    person = reads.people.by_account(platform, user_id)
    if person is not None:
        return not person.active
    row = reads.people.roster_entry(platform, user_id)
    return row is not None and row.standing != Standing.HERE


def tell_admins(uow: UnitOfWork, desk: Desk, text: str, *, key: str, but: Collection[int] = ()) -> int:
    """One private message to each of those who manage people. How many."""
    told = 0
    for person in admins(uow, desk):
        if person.person_id not in but:
            told += tell_person(uow, desk, person, text, key=key)
    return told


def tell_person(uow: UnitOfWork, desk: Desk, person: Person, text: str, *, key: str, but: tuple[str, str] = ("", "")) -> int:
    """On the first account that is on a connected platform. 1 when somebody will hear it."""
    for platform, user in person.accounts:
        if platform in desk.chats and (platform, user) != but:
            uow.outbox.add([say(ChatRef(platform, user, ChatKind.DIRECT), text, key=f"people:{key}:{person.person_id}")])
            return 1
    return 0
