"""A chat platform's directory and what it changes here: who may come in by their department, who lost access by leaving.

A listing is believed when it is complete and does not lose too many at once; who is missing from it is asked for by name. An
event counts at once. Whatever the directory says, people of the settings file keep the roles that are written there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from domain.clock import SHANGHAI, millis
from domain.errors import DeskError, NeedsAuthorization, Rejected
from domain.people import Person
from domain.ports import DirectorySync
from domain.privacy import safe_text
from domain.roster import (
    ASK_EACH,
    FEW,
    Colleague,
    Happened,
    How,
    Missing,
    RosterEvent,
    RosterRow,
    Standing,
    grants,
    missing,
    namesakes,
)
from domain.store import AuditEntry, UnitOfWork
from handlers.desk import Desk
from handlers.people_leave import INVITED, hand_over, keep_out, why_disabled, why_left
from handlers.people_tell import tell_admins
from handlers.words.people import words

log = structlog.get_logger()
_SETTLES = timedelta(minutes=15)  # so long may a listing still name somebody whose leaving was told by event
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Synced:
    """What one listing changed. `refused`: it lost too many people at once, so nobody was touched."""

    platform: str
    listed: int
    joined: int = 0
    changed: int = 0
    left: int = 0
    refused: bool = False
    missing: int = 0
    known: int = 0


def directories(desk: Desk) -> list[str]:
    """Connected platforms that can tell who works here, in the order of the settings file."""
    return [name for name, chat in desk.chats.items() if isinstance(chat, DirectorySync) and chat.has_directory]


def source_of(platform: str) -> str:
    return f"directory/{platform}"


async def sync_directory(desk: Desk, platform: str, *, accept: bool = False) -> Synced:
    """Read the whole directory and follow it. `accept`: a person says that so many really left.

    Raises what the platform raises; a permission that is gone is told to those who manage people, once a day.
    """
    chat = desk.chats.get(platform)
    if not isinstance(chat, DirectorySync) or not chat.has_directory:
        raise Rejected("no-directory", "这个平台没有接通讯录")
    try:
        found = await chat.roster()
    except DeskError as trouble:
        await _stuck(desk, platform, trouble)
        raise
    rows = await desk.store.read(lambda r: r.people.roster(platform))
    lost = missing(rows, found)
    doubted = await _still_there(chat, lost, found)
    if lost.too_many and not accept and (len(lost.rows) > FEW or not found or doubted):
        return await _refused(desk, platform, lost, len(found))
    gone = [row for row in lost.rows if row.user_id not in doubted]
    return await desk.store.write(lambda u: _follow(u, platform, found, gone, desk))


async def _still_there(chat: DirectorySync, lost: Missing, found: Sequence[Colleague]) -> set[str]:
    """Who is missing from the listing and yet there when asked for by name. Nobody is spared because asking failed."""
    listed = {each.user_id for each in found}
    doubted: set[str] = set()
    if lost.too_many and len(lost.rows) > FEW:
        return doubted
    for row in lost.rows[:ASK_EACH]:
        if row.user_id in listed:
            continue
        try:
            asked = await chat.colleague(row.user_id)
        except DeskError as trouble:
            log.warning("directory.not_asked", platform=row.platform, error=type(trouble).__name__)
            break
        if asked is not None and asked.active:
            doubted.add(row.user_id)
    return doubted


async def _stuck(desk: Desk, platform: str, trouble: DeskError) -> None:
    say, now = words(desk.lang), desk.clock.now()
    log.warning("directory.unread", platform=platform, error=type(trouble).__name__)
    told = isinstance(trouble, NeedsAuthorization)

    def work(uow: UnitOfWork) -> None:
        uow.cursors.failed(source_of(platform), now, type(trouble).__name__)
        if told:
            text = say.sync_stuck(say.platform(platform), say.sync_denied())
            tell_admins(uow, desk, text, key=f"stuck:{platform}:{now.astimezone(SHANGHAI):%Y%m%d}")

    await desk.store.write(work)


async def _refused(desk: Desk, platform: str, lost: Missing, listed: int) -> Synced:
    say, now, gone = words(desk.lang), desk.clock.now(), len(lost.rows)
    log.warning("directory.not_believed", platform=platform, missing=gone, known=lost.known)

    def work(uow: UnitOfWork) -> None:
        uow.cursors.failed(source_of(platform), now, "too many missing")
        text = say.sync_refused(say.platform(platform), gone, lost.known)
        tell_admins(uow, desk, text, key=f"refused:{platform}:{now.astimezone(SHANGHAI):%Y%m%d}")
        after = {"missing": gone, "known": lost.known}
        uow.audit.record(AuditEntry(now, f"directory:{platform}", "directory.refused", source_of(platform), after=after))

    await desk.store.write(work)
    return Synced(platform, listed, refused=True, missing=gone, known=lost.known)


# --- following --------------------------------------------------------------------------------------------------------


class _Follower:
    """One listing or event being followed, inside one unit of work."""

    def __init__(self, uow: UnitOfWork, platform: str, desk: Desk) -> None:
        self.uow, self.platform, self.desk = uow, platform, desk
        self.now = desk.clock.now()
        self.actor = f"directory:{platform}"
        self.grants = grants(desk.directory, platform, directories(desk))
        self.everyone = {person.person_id: person for person in uow.people.everyone()}
        self.holders = {
            user: person.person_id
            for person in self.everyone.values()
            for where, user in person.accounts
            if where == platform
        }
        self.left: list[str] = []
        self.joined = self.changed = 0

    def seen(self, colleague: Colleague, row: RosterRow | None, at: datetime | None = None) -> None:
        """Somebody is in the directory: known from now on; let in, let in again, moved or kept out."""
        before = row or RosterRow(self.platform, colleague.user_id)
        recent = before.changed_at is not None and self.now - before.changed_at < _SETTLES
        if before.standing == Standing.GONE and recent and at is None:
            return  # an event said that they left; listings lag behind
        row = replace(
            before,
            name=colleague.name,
            departments=colleague.departments,
            listed=True,
            standing=Standing.HERE if colleague.active else Standing.DISABLED,
            changed_at=at or before.changed_at,
        )
        holder = self.holders.get(colleague.user_id, 0)
        if not row.person_id and holder:
            row = replace(row, person_id=holder, how=How.SETTINGS)
        if row.standing == Standing.DISABLED:
            self._keep(before, row)
            if before.standing == Standing.HERE or not before.listed:
                self.out(row, why_disabled(self.platform))
            return
        if row.person_id and before.standing != Standing.HERE:
            self._back(row)
        row = self._roles(row, colleague)
        self._keep(before, row)

    def _keep(self, before: RosterRow, row: RosterRow) -> None:
        if row != before:
            self.uow.people.put_roster(row)
            self.changed += before.listed

    def _roles(self, row: RosterRow, colleague: Colleague) -> RosterRow:
        rules = self.desk.directory
        roles = rules.roles_of(colleague) if self.grants else frozenset()
        places = rules.warehouses_of(colleague) if self.grants else frozenset()
        person = self.everyone.get(row.person_id)
        if person is None:
            return self._let_in(row, colleague, Person(0, colleague.name, roles, warehouses=places)) if roles else row
        if row.how != How.DIRECTORY or (person.roles, person.warehouses, person.name) == (roles, places, colleague.name):
            return row
        saved = self.uow.people.save_person(replace(person, roles=roles, warehouses=places, name=colleague.name))
        self.everyone[saved.person_id] = saved
        self._record("people.moved", saved, {"roles": sorted(person.roles)}, {"roles": sorted(roles)})
        if person.roles - roles:
            hand_over(self.uow, person, self.now, self.desk)
        return row

    def _let_in(self, row: RosterRow, colleague: Colleague, person: Person) -> RosterRow:
        same = self.uow.people.by_name(colleague.name)
        if namesakes(same, colleague.name, self.platform) or any(INVITED in self.uow.people.bars(p.person_id) for p in same):
            return row  # perhaps the same human under another account: they show it with a code
        saved = self.uow.people.save_person(replace(person, accounts=((self.platform, colleague.user_id),)))
        self.everyone[saved.person_id] = saved
        self.holders[colleague.user_id] = saved.person_id
        self.joined += 1
        self._record("people.joined", saved, None, {"roles": sorted(saved.roles)})
        return replace(row, person_id=saved.person_id, how=How.DIRECTORY)

    def _back(self, row: RosterRow) -> None:
        """The directory took somebody away and names them again. Who was disabled by a person stays out."""
        person = self.uow.people.by_id(row.person_id)
        if person is None:
            return
        account = (self.platform, row.user_id)
        if row.how != How.NAME and account not in person.accounts:
            person = self.uow.people.save_person(replace(person, accounts=(*person.accounts, account)))
        elsewhere = [each for each in self.uow.people.roster_of(person.person_id) if each.user_id != row.user_id]
        if all(each.standing == Standing.HERE for each in elsewhere if each.platform == self.platform):
            self.uow.people.unbar(person.person_id, why_left(self.platform), why_disabled(self.platform))
        self.everyone[person.person_id] = self.uow.people.by_id(person.person_id) or person
        self._record("people.returned", person, None, {"platform": self.platform})

    def gone(self, row: RosterRow, at: datetime | None = None) -> None:
        """Somebody is not in the directory any more."""
        if row.standing == Standing.GONE:
            return
        holder = row.person_id or self.holders.get(row.user_id, 0)
        row = replace(
            row,
            standing=Standing.GONE,
            listed=True,
            person_id=holder,
            how=row.how or (How.SETTINGS if holder else How.NOT),
            changed_at=at or row.changed_at,
        )
        self.uow.people.put_roster(row)
        self.out(row, why_left(self.platform))

    def out(self, row: RosterRow, why: str) -> None:
        person = self.uow.people.by_id(row.person_id) if row.person_id else None
        if person is None:
            return
        account = (self.platform, row.user_id)
        left = replace(person, accounts=tuple(each for each in person.accounts if each != account))
        if keep_out(self.uow, person, why, self.now, self.desk, actor=self.actor, surface=self.platform, tell=False):
            self.left.append(safe_text(person.name, 20))
        self.uow.people.save_person(replace(left, active=False))
        self.holders.pop(row.user_id, None)

    def tell(self) -> None:
        if self.left:
            say = words(self.desk.lang)
            names = "、".join(self.left[:_NAMED]) + (f" +{len(self.left) - _NAMED}" if len(self.left) > _NAMED else "")
            text = say.left(names, say.platform(self.platform), "left")
            tell_admins(self.uow, self.desk, text, key=f"gone:{self.platform}:{millis(self.now)}:{names}")

    def _record(self, action: str, person: Person, before: object, after: object) -> None:
        subject = f"person:{person.person_id}"
        self.uow.audit.record(AuditEntry(self.now, self.actor, action, subject, before, after, surface=self.platform))


def _follow(uow: UnitOfWork, platform: str, found: Sequence[Colleague], gone: Sequence[RosterRow], desk: Desk) -> Synced:
    follower = _Follower(uow, platform, desk)
    rows = {row.user_id: row for row in uow.people.roster(platform)}
    for row in gone:
        # Read again: an event may have said more while the directory was being listed.
        now_row = rows.get(row.user_id)
        if now_row is not None and now_row.changed_at == row.changed_at and row.user_id not in {c.user_id for c in found}:
            follower.gone(now_row)
    for colleague in found:
        follower.seen(colleague, rows.get(colleague.user_id))
    follower.tell()
    uow.cursors.succeeded(source_of(platform), follower.now)
    return Synced(platform, len(found), follower.joined, follower.changed, len(follower.left))


# --- events -----------------------------------------------------------------------------------------------------------


async def happened(event: RosterEvent, desk: Desk) -> None:
    """One stored push. Who left is out at once; who joined or changed is looked at as they are now."""
    if event.what is Happened.DEPARTMENTS:
        await sync_directory(desk, event.platform)
        return
    if event.what is Happened.LEFT:
        await desk.store.write(lambda u: _left(u, event, desk))
        return
    chat = desk.chats.get(event.platform)
    user = event.renamed_to or event.user_id
    if event.renamed_to:
        await desk.store.write(lambda u: _renamed(u, event))
    if not isinstance(chat, DirectorySync) or not chat.has_directory:
        return
    colleague = await chat.colleague(user)
    await desk.store.write(lambda u: _looked(u, event, user, colleague, desk))


def _left(uow: UnitOfWork, event: RosterEvent, desk: Desk) -> None:
    row = uow.people.roster_entry(event.platform, event.user_id) or RosterRow(event.platform, event.user_id)
    if row.changed_at is not None and row.changed_at > event.at:
        return  # told late: something newer is known
    follower = _Follower(uow, event.platform, desk)
    follower.gone(row, event.at)
    follower.tell()


def _looked(uow: UnitOfWork, event: RosterEvent, user: str, colleague: Colleague | None, desk: Desk) -> None:
    row = uow.people.roster_entry(event.platform, user)
    if row is not None and row.changed_at is not None and row.changed_at >= event.at and row.standing == Standing.GONE:
        return
    follower = _Follower(uow, event.platform, desk)
    if colleague is not None:
        follower.seen(colleague, row, event.at)
    elif row is not None and row.listed:
        follower.gone(row, event.at)
    follower.tell()


def _renamed(uow: UnitOfWork, event: RosterEvent) -> None:
    """The platform gave an account another id: whoever it belonged to keeps it."""
    old = uow.people.roster_entry(event.platform, event.user_id)
    person = uow.people.by_account(event.platform, event.user_id)
    new_account = (event.platform, event.renamed_to)
    if uow.people.by_account(*new_account) is not None:
        return
    if old is not None:
        uow.people.drop_roster(event.platform, event.user_id)
        uow.people.put_roster(replace(old, user_id=event.renamed_to))
    if person is not None:
        accounts = tuple(new_account if each == (event.platform, event.user_id) else each for each in person.accounts)
        uow.people.save_person(replace(person, accounts=accounts))
