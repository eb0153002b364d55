"""我是谁, 我的绑定码, 邀请, 停用: who is who, from the chat. `绑定 123456` is in people_binding: strangers send it, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.binding import Purpose
from domain.chat import Reply
from domain.people import Actor, Person
from domain.privacy import safe_text
from domain.roster import How, Standing
from domain.store import AuditEntry, Reads, UnitOfWork
from domain.understand.normal import normalise
from domain.understand.people import PeopleCommand, Wanted, people_command
from handlers.desk import Desk, Feature, Need, Question
from handlers.people_binding import MINUTES, Issued, issue
from handlers.people_leave import INVITED, REVOKED, keep_out
from handlers.people_tell import administers, admins, may_administer
from handlers.words.common import words as common_words
from handlers.words.people import words

_NAME = 20
_GROUPS = 8


def wanted_of(question: Question) -> Wanted:
    """The command again, from the text as it was typed: names keep their case."""
    found = people_command(question.text) or people_command(normalise(question.text)[0])
    return found or Wanted(PeopleCommand.WHO)


# --- me ---------------------------------------------------------------------------------------------------------------


async def who_am_i(question: Question, actor: Actor, desk: Desk) -> Reply:
    """Name and roles; accounts and groups only one to one."""
    say, person = words(desk.lang), actor.person
    scope = say.scope(sorted(person.shops), sorted(person.warehouses))
    roles = say.roles(sorted(person.roles))
    accounts: list[tuple[str, str]] = []
    groups: list[str] = []
    if actor.direct:
        accounts = [(say.platform(platform), safe_text(user, 40)) for platform, user in person.accounts]
        bound = await desk.store.read(lambda r: r.people.chats())
        mine = {platform for platform, _ in person.accounts}
        groups = [safe_text(chat.title or chat.chat_id, 24) for chat in bound if chat.platform in mine][:_GROUPS]
    return Reply(say.who(safe_text(person.name, _NAME), roles, scope, accounts, groups), private=True)


async def my_code(question: Question, actor: Actor, desk: Desk) -> Reply:
    """A code for one's other account."""
    say, now = words(desk.lang), desk.clock.now()
    if not actor.direct or not actor.person.person_id:
        return Reply(say.alone_please(), private=True)

    def work(uow: UnitOfWork) -> Issued | None:
        person = uow.people.by_id(actor.person.person_id)
        if person is None or not person.active:
            return None
        given = issue(uow, person, Purpose.OWN, by=person.person_id, now=now)
        if given is not None:
            _record(uow, actor, now, "people.code_issued", person.person_id, question.message.message_id)
        return given

    given = await desk.store.write(work)
    return Reply(say.own_code(given.code, MINUTES) if given else say.too_many_codes(), private=True)


# --- others -----------------------------------------------------------------------------------------------------------


async def invite(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`邀请 张三 客服 仓库 杭州仓`: the person exists from now on, and may come in with the code."""
    say = words(desk.lang)
    if not may_administer(actor):
        return Reply(say.not_yours(), private=True)
    if not actor.direct:
        return Reply(say.alone_please(), private=True)
    wanted = wanted_of(question)
    request = question.message.message_id
    done = await desk.store.write(
        lambda u: invite_person(u, wanted, actor.person, desk, surface=actor.platform, request=request)
    )
    if isinstance(done, str):
        return Reply(done, private=True)
    person, given = done
    roles = say.roles(sorted(person.roles))
    return Reply(say.invited(safe_text(person.name, _NAME), roles, given.code, MINUTES), private=True)


def invite_person(
    uow: UnitOfWork, wanted: Wanted, by: Person, desk: Desk, *, surface: str, request: str = "", who: Person | None = None
) -> tuple[Person, Issued] | str:
    """(person, code), or the sentence that says why not. `who` names an existing person where names do not suffice."""
    say, now = words(desk.lang), desk.clock.now()
    name = safe_text(wanted.name, _NAME)
    places = _places(uow, wanted, desk)
    if isinstance(places, str):
        return places
    found = [who] if who is not None else uow.people.by_name(name)
    if len(found) > 1:
        live = [person for person in found if person.active]
        if len(live) != 1:
            return say.several(name, len(found))
        found = live
    known = found[0] if found else None
    if known is None and not wanted.roles:
        return say.invite_needs_role(name)
    if known is not None and known.active and wanted.roles and frozenset(wanted.roles) != known.roles:
        return say.known_otherwise(name, say.roles(sorted(known.roles)))
    if known is None:
        fresh = Person(0, name, frozenset(wanted.roles), frozenset(places[0]), frozenset(places[1]), active=False)
        person = uow.people.save_person(fresh)
        uow.people.bar(person.person_id, INVITED, now)
        _link(uow, person)
    elif not known.active and wanted.roles:
        person = uow.people.save_person(
            replace(known, roles=frozenset(wanted.roles), shops=frozenset(places[0]), warehouses=frozenset(places[1]))
        )
    else:
        person = known
    given = issue(uow, person, Purpose.INVITE, by=by.person_id, now=now)
    if given is None:
        return say.too_many_codes()
    after = {"roles": sorted(person.roles), "shops": sorted(person.shops), "warehouses": sorted(person.warehouses)}
    entry = AuditEntry(
        now, f"person:{by.person_id} {by.name}", "people.invited", f"person:{person.person_id}", after=after,
        surface=surface, request_id=request,
    )  # fmt: skip
    uow.audit.record(entry)
    return person, given


def _places(uow: UnitOfWork, wanted: Wanted, desk: Desk) -> tuple[list[str], list[str]] | str:
    """The shops and warehouses that were named, as they are called here; or the sentence that lists what there is."""
    say = words(desk.lang)
    known = {"shops": known_shops(desk), "warehouses": known_warehouses(uow)}
    made: dict[str, list[str]] = {"shops": [], "warehouses": []}
    for kind, named in (("shops", wanted.shops), ("warehouses", wanted.warehouses)):
        for word in named:
            found = closest(word, known[kind])
            if found is None:
                return say.unknown_place(kind, safe_text(word, _NAME), known[kind][:12])
            made[kind].append(found)
    return made["shops"], made["warehouses"]


def known_shops(desk: Desk) -> list[str]:
    return list(dict.fromkeys(shop for _, shop in desk.channels.shops()))


def known_warehouses(reads: Reads | UnitOfWork) -> list[str]:
    return list(dict.fromkeys(level.warehouse for level in reads.stock.levels(limit=5000) if level.warehouse))


def closest(word: str, known: Sequence[str]) -> str | None:
    """The name that was meant: as it is, or the only one that holds the word. None when in doubt."""
    if word in known:
        return word
    near = [each for each in known if word and (word.lower() in each.lower() or each.lower() in word.lower())]
    return near[0] if len(near) == 1 else None


def _link(uow: UnitOfWork, person: Person) -> None:
    """The only one of this name in a directory is probably the invited one: their leaving is then noticed."""
    for platform in {platform for one in uow.people.everyone() for platform, _ in one.accounts} | {"wecom", "dingtalk"}:
        same = [row for row in uow.people.roster(platform) if row.name == person.name and row.listed]
        if len(same) == 1 and not same[0].person_id and same[0].standing == Standing.HERE:
            uow.people.put_roster(replace(same[0], person_id=person.person_id, how=How.NAME))


async def revoke(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`停用 张三`: at once, on every account."""
    say = words(desk.lang)
    if not may_administer(actor):
        return Reply(say.not_yours(), private=True)
    wanted, request = wanted_of(question), question.message.message_id

    def work(uow: UnitOfWork) -> str:
        found = [person for person in uow.people.by_name(safe_text(wanted.name, _NAME)) if person.active]
        if not found:
            return say.nobody_called(safe_text(wanted.name, _NAME))
        if len(found) > 1:
            return say.several(safe_text(wanted.name, _NAME), len(found))
        return revoke_person(uow, found[0], actor.person, desk, surface=actor.platform, request=request)

    return Reply(await desk.store.write(work), private=True)


def revoke_person(uow: UnitOfWork, person: Person, by: Person, desk: Desk, *, surface: str, request: str = "") -> str:
    """Keep somebody out until they are invited again. Never oneself, never the last one who could let people in."""
    say, now = words(desk.lang), desk.clock.now()
    if by.person_id and person.person_id == by.person_id:
        return say.not_yourself()
    if administers(person, desk) and [each.person_id for each in admins(uow, desk)] == [person.person_id] and by.person_id:
        return say.last_admin()
    actor = f"person:{by.person_id} {by.name}"
    keep_out(uow, person, REVOKED, now, desk, actor=actor, surface=surface, request_id=request, by=by.person_id)
    return say.revoked(safe_text(person.name, _NAME))


def _record(uow: UnitOfWork, actor: Actor, now: datetime, action: str, person_id: int, request: str) -> None:
    uow.audit.record(
        AuditEntry(
            now, f"person:{actor.person.person_id} {actor.person.name}", action, f"person:{person_id}",
            surface=actor.platform, chat_id=actor.chat_id, request_id=request,
        )
    )  # fmt: skip


# --- sentences for those who may not come in ----------------------------------------------------------------------------


def stranger_words(reads: Reads, platform: str, user_id: str, desk: Desk) -> str:
    """What somebody without rights is told: nothing about orders, and how to come in."""
    row = reads.people.roster_entry(platform, user_id)
    if row is None or row.standing != Standing.HERE or not row.name:
        return common_words(desk.lang).stranger()
    say, name = words(desk.lang), safe_text(row.name, _NAME)
    if any(person.active and person.accounts for person in reads.people.by_name(row.name)):
        return say.perhaps_known(name)
    return say.in_directory_without_role(name)


def foreign_words(actor: Actor, desk: Desk) -> str:
    """What is said in a group that nobody bound."""
    return words(desk.lang).foreign_group_admin() if may_administer(actor) else common_words(desk.lang).foreign_group()


FEATURE = Feature(
    "people",
    commands={
        PeopleCommand.WHO.value: Need(who_am_i, None, at_once=True),
        PeopleCommand.CODE.value: Need(my_code, None),
        PeopleCommand.INVITE.value: Need(invite, None),
        PeopleCommand.REVOKE.value: Need(revoke, None),
    },
)
