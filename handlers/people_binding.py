"""One-time codes: issued to people who are in or invited, sent from the account that is to be theirs. One commit each.

The code itself is in the one reply that shows it, and nowhere else: not in the store, the audit chain or a log.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.binding import (
    CODE_LIVES,
    GUESSES_BY_ALL,
    GUESSES_SPAN,
    INVITATIONS_AN_HOUR,
    LOCKED_FOR,
    OWN_CODES_AN_HOUR,
    WRONG_BEFORE_LOCK,
    BindingCode,
    Purpose,
    code_in,
    codes_said,
    written,
)
from domain.chat import ChatKind, Message, Reply
from domain.people import Person
from domain.privacy import safe_text
from domain.roster import How, RosterRow, Standing
from domain.store import AuditEntry, UnitOfWork
from handlers.desk import Desk
from handlers.people_tell import tell_admins, tell_person
from handlers.words.people import words

MINUTES = int(CODE_LIVES.total_seconds() // 60)
EVERYBODY = "*"
_HOUR = timedelta(hours=1)
_DRAWS = 20


@dataclass(frozen=True, slots=True)
class Issued:
    """A fresh code and until when it counts. `code` is for one reply to one person."""

    code: str
    until: datetime


def issue(uow: UnitOfWork, person: Person, purpose: Purpose, *, by: int, now: datetime) -> Issued | None:
    """A code for this person; earlier ones of the same purpose become useless. None when too many were asked for."""
    asked = (
        uow.binding.issued_since(now - _HOUR, person_id=person.person_id, purpose=purpose) >= OWN_CODES_AN_HOUR
        if purpose is Purpose.OWN
        else uow.binding.issued_since(now - _HOUR, issued_by=by, purpose=purpose) >= INVITATIONS_AN_HOUR
    )
    if asked:
        return None
    uow.binding.burn(now, person_id=person.person_id, purpose=purpose)
    given = BindingCode(person.person_id, purpose, by, now, now + CODE_LIVES)
    for _ in range(_DRAWS):
        code = written(secrets.randbelow(1_000_000))
        if uow.binding.issue(code, given):
            return Issued(code, given.until)
    raise RuntimeError("no free binding code")


async def by_message(message: Message, desk: Desk) -> Reply | None:
    """`绑定 123456` from anybody, known or not. None when the message is something else and says no code of ours.

    In a group nothing is bound, and a code that was said there is burnt.
    """
    now, code = desk.clock.now(), code_in(message.text)
    if message.chat.kind is ChatKind.GROUP:
        said = codes_said(message.text)
        if not said:
            return None
        hit = await desk.store.write(lambda u: _burn(u, said, message, now, plainly=code is not None, desk=desk))
        return Reply(words(desk.lang).code_in_group()) if code is not None or hit else None
    if code is None:
        return None
    return Reply(await desk.store.write(lambda u: redeem(u, code, message, now, desk)), private=True)


def _burn(uow: UnitOfWork, said: tuple[str, ...], message: Message, now: datetime, *, plainly: bool, desk: Desk) -> bool:
    burnt = [given for code in said if (given := uow.binding.take(code, now)) is not None]
    for given in burnt:
        _record(uow, message, now, "people.code_burnt", f"person:{given.person_id}")
    if plainly and not burnt:
        # Whoever tries codes in a group learns nothing from it, and pays for it like anywhere else.
        _wrong(uow, message, now, desk)
    return bool(burnt)


def redeem(uow: UnitOfWork, code: str, message: Message, now: datetime, desk: Desk) -> str:
    """What came of a code that was sent one to one, as the sentence to say. Everything in the caller's transaction."""
    say, (platform, user) = words(desk.lang), _account(message)
    holder = uow.people.by_account(platform, user)
    if holder is not None and _bound_by(uow, holder, message):
        return say.bound(_short(holder.name), say.roles(sorted(holder.roles)))
    tries = uow.binding.tries(_name(platform, user))
    if tries.locked(now):
        return say.locked()
    given = uow.binding.take(code, now)
    person = uow.people.by_id(given.person_id) if given is not None else None
    if given is None or person is None:
        left = _wrong(uow, message, now, desk)
        return say.wrong_code(left)
    uow.binding.forget_tries(_name(platform, user))
    if holder is not None and holder.person_id != person.person_id:
        _record(uow, message, now, "people.code_misused", f"person:{person.person_id}")
        tell_admins(
            uow, desk, say.tell_misused(_short(person.name), _short(holder.name)), key=f"misused:{message.message_id}"
        )
        return say.somebody_elses()
    row = uow.people.roster_entry(platform, user) or RosterRow(platform, user)
    if row.listed and row.standing != Standing.HERE:
        _record(uow, message, now, "people.bind_refused", f"person:{person.person_id}")
        return say.left_already()
    if given.purpose == Purpose.OWN and not person.active:
        _record(uow, message, now, "people.bind_refused", f"person:{person.person_id}")
        return say.wrong_code(WRONG_BEFORE_LOCK)
    if given.purpose == Purpose.INVITE and not person.active:
        _let_in(uow, person)
        person = uow.people.by_id(person.person_id) or person
    if holder is not None and holder.active:
        return say.bound_already(_short(person.name))
    return _bind(uow, person, row, given, message, now, desk)


def _bind(
    uow: UnitOfWork, person: Person, row: RosterRow, given: BindingCode, message: Message, now: datetime, desk: Desk
) -> str:
    say, (platform, user) = words(desk.lang), _account(message)
    if (platform, user) not in person.accounts:
        person = uow.people.save_person(replace(person, accounts=(*person.accounts, (platform, user))))
    how = row.how if row.how in (How.SETTINGS, How.DIRECTORY) else How.CODE
    uow.people.put_roster(replace(row, person_id=person.person_id, how=how, standing=Standing.HERE))
    _record(
        uow, message, now, "people.bound", f"person:{person.person_id}", after={"platform": platform, "by": given.purpose}
    )
    roles = say.roles(sorted(person.roles))
    told = say.tell_bound(_short(person.name), roles, say.platform(platform))
    tell_admins(uow, desk, told, key=f"bound:{message.message_id}", but=(person.person_id,))
    if given.purpose == Purpose.OWN or len(person.accounts) > 1:
        # Somebody who was talked out of a code hears of it on the account that they still have.
        text = say.tell_own(say.platform(platform))
        tell_person(uow, desk, person, text, key=f"own:{message.message_id}", but=(platform, user))
    return say.bound(_short(person.name), roles)


def _bound_by(uow: UnitOfWork, person: Person, message: Message) -> bool:
    """Whether this very message did it: a crash before the reply brings it once more."""
    entries = uow.audit.of(f"person:{person.person_id}")
    return any(each.action == "people.bound" and each.request_id == message.message_id for each in entries)


def _let_in(uow: UnitOfWork, person: Person) -> None:
    """An invitation outweighs what kept the person out. Accounts that left stay dead: they are not theirs any more."""
    for row in uow.people.roster_of(person.person_id):
        if row.standing != Standing.HERE:
            uow.people.put_roster(replace(row, person_id=0, how=How.NOT))
    uow.people.unbar(person.person_id)


def _wrong(uow: UnitOfWork, message: Message, now: datetime, desk: Desk) -> int:
    """One more wrong guess of this account, and of everybody. Gives how many are left."""
    uow.cursors.locked("people:guesses")  # everybody's count is one row: no two guesses may read it at once
    platform, user = _account(message)
    name = _name(platform, user)
    tries = uow.binding.tries(name)
    if tries.locked(now):
        return 0
    tries = tries.wrong(now, span=LOCKED_FOR, most=WRONG_BEFORE_LOCK, lock=LOCKED_FOR)
    uow.binding.put_tries(name, tries)
    _record(uow, message, now, "people.bind_failed", f"account:{platform}:{user[:64]}", after={"tries": tries.count})
    everybody = uow.binding.tries(EVERYBODY).wrong(now, span=GUESSES_SPAN, most=GUESSES_BY_ALL, lock=GUESSES_SPAN)
    if everybody.locked_until is not None:
        uow.binding.burn(now)
        tell_admins(uow, desk, words(desk.lang).all_burnt(), key=f"guessing:{message.message_id}")
        _record(uow, message, now, "people.codes_burnt", "codes")
        everybody = replace(everybody, count=0, locked_until=None)
    uow.binding.put_tries(EVERYBODY, everybody)
    return tries.left(now)


def _record(
    uow: UnitOfWork, message: Message, now: datetime, action: str, subject: str, *, after: dict[str, object] | None = None
) -> None:
    platform, user = _account(message)
    uow.audit.record(
        AuditEntry(
            now,
            f"account:{platform}:{user[:64]}",
            action,
            subject,
            after=after,
            surface=platform,
            chat_id=message.chat.chat_id,
            request_id=message.message_id,
        )
    )


def _account(message: Message) -> tuple[str, str]:
    return message.chat.platform, message.sender.user_id


def _name(platform: str, user: str) -> str:
    return f"{platform}:{user}"


def _short(name: str) -> str:
    return safe_text(name, 20)
