"""People with their chat accounts, the groups that are bound, and what each conversation was about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from domain.people import Person, Role
from domain.roster import RosterRow
from domain.store import BoundChat, Json, Opening
from storage.keys import Keys
from storage.lessons import VERSION as LESSONS_VERSION
from storage.moments import at_or_none, clean, dump, load, ms, ms_or_none, scrub, tuple_of, words
from storage.serials import next_serial
from storage.sql import Conn, Row

# A row per account, so that people come with theirs in one statement; those without any come with an empty one.
_SELECT = (
    "SELECT p.id,p.name,p.roles,p.shops,p.warehouses,p.active,c.platform,c.user_id"
    " FROM people p LEFT JOIN accounts c ON c.person_id = p.id "
)
_ORDER = "ORDER BY p.id,c.n,c.platform,c.user_id"
_ON_DUTY = "SELECT name,roles,shops,warehouses FROM people WHERE active = 1 AND roles LIKE ? ORDER BY id"
_CHAT = "SELECT platform,chat_id,kind,title,topics,shops,warehouses FROM chats "
_SAVE = (
    "INSERT INTO people(id,name,roles,shops,warehouses,active) VALUES(?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET"
    " name=excluded.name, roles=excluded.roles, shops=excluded.shops, warehouses=excluded.warehouses, active=excluded.active"
)
_BIND = (
    "INSERT INTO chats(platform,chat_id,kind,title,topics,shops,warehouses) VALUES(?,?,?,?,?,?,?)"
    " ON CONFLICT (platform,chat_id) DO UPDATE SET kind=excluded.kind, title=excluded.title, topics=excluded.topics,"
    " shops=excluded.shops, warehouses=excluded.warehouses"
)
_ROSTER = "SELECT platform,user_id,person_id,how,name,departments,standing,listed,changed_at FROM roster "
_KEEP = (
    "INSERT INTO roster(platform,user_id,person_id,how,name,departments,standing,listed,changed_at)"
    " VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT (platform,user_id) DO UPDATE SET person_id=excluded.person_id,"
    " how=excluded.how, name=excluded.name, departments=excluded.departments, standing=excluded.standing,"
    " listed=excluded.listed, changed_at=excluded.changed_at"
)
_ACCOUNT = (
    "INSERT INTO accounts(platform,user_id,person_id,n) VALUES(?,?,?,?)"
    " ON CONFLICT (platform,user_id) DO UPDATE SET person_id=excluded.person_id, n=excluded.n"
)


class PeopleReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def by_account(self, platform: str, user_id: str) -> Person | None:
        found = self._people(
            "JOIN accounts a ON a.person_id = p.id WHERE a.platform = ? AND a.user_id = ? ", platform, scrub(user_id)
        )
        return found[0] if found else None

    def by_id(self, person_id: int) -> Person | None:
        found = self._people("WHERE p.id = ? ", person_id)
        return found[0] if found else None

    def by_name(self, name: str) -> list[Person]:
        return self._people("WHERE p.name = ? ", scrub(name.strip()))

    def with_role(self, role: Role) -> list[Person]:
        found = self._people("WHERE p.active = 1 AND p.roles LIKE ? ", f'%"{role.value}"%')
        return [one for one in found if role in one.roles]

    def in_charge(self, role: Role, *, shop: str, warehouse: str) -> str:
        """Name of the first active colleague with this role who works for that shop and warehouse, or ""."""
        for name, roles, shops, warehouses in self._c.all(_ON_DUTY, (f'%"{role.value}"%',)):
            ours, stores = _names(shops), _names(warehouses)
            if role in _roles(roles) and (not ours or shop in ours) and (not stores or warehouse in stores):
                return str(name)
        return ""

    def everyone(self) -> list[Person]:
        return self._people("")

    def chat(self, platform: str, chat_id: str) -> BoundChat | None:
        row = self._c.one(_CHAT + "WHERE platform = ? AND chat_id = ?", (platform, scrub(chat_id)))
        return _read_chat(row) if row else None

    def chats(self) -> list[BoundChat]:
        """Every bound group."""
        return [_read_chat(row) for row in self._c.all(_CHAT + "ORDER BY platform,chat_id")]

    def roster(self, platform: str) -> list[RosterRow]:
        """Every account of a platform that a directory, a code or the settings file has named."""
        return [_read_roster(row) for row in self._c.all(_ROSTER + "WHERE platform = ? ORDER BY user_id", (platform,))]

    def roster_entry(self, platform: str, user_id: str) -> RosterRow | None:
        row = self._c.one(_ROSTER + "WHERE platform = ? AND user_id = ?", (platform, scrub(user_id)))
        return _read_roster(row) if row else None

    def roster_of(self, person_id: int) -> list[RosterRow]:
        """The accounts by which a person is known to directories and codes."""
        rows = self._c.all(_ROSTER + "WHERE person_id = ? ORDER BY platform,user_id", (person_id,))
        return [_read_roster(row) for row in rows]

    def bars(self, person_id: int) -> dict[str, datetime]:
        """Why this person is kept out, and since when; empty for who may come in."""
        found = self._c.all("SELECT why,at FROM bars WHERE person_id = ? ORDER BY why", (person_id,))
        return {why: since for why, stamp in found if (since := at_or_none(stamp)) is not None}

    def chats_for(self, topic: str, *, shop: str = "", warehouse: str = "") -> list[BoundChat]:
        """Groups that take this topic. A group without a list of shops (or warehouses) takes all of them."""
        every = (_read_chat(row) for row in self._c.all(_CHAT + "ORDER BY platform,chat_id"))
        return [
            one
            for one in every
            if topic in one.topics
            and (not shop or not one.shops or shop in one.shops)
            and (not warehouse or not one.warehouses or warehouse in one.warehouses)
        ]

    def _people(self, condition: str, *values: object) -> list[Person]:
        found: dict[int, list[Row]] = {}
        for row in self._c.all(_SELECT + condition + _ORDER, values):
            found.setdefault(row[0], []).append(row)
        return [_read_person(rows) for rows in found.values()]


def _read_person(rows: list[Row]) -> Person:
    person_id, name, roles, shops, warehouses, active, *_ = rows[0]
    accounts = tuple([(row[6], row[7]) for row in rows if row[6] is not None])
    return Person(person_id, name, _roles(roles), _names(shops), _names(warehouses), active == 1, accounts)


# Every message asks for its sender. What is kept is how a row reads, never the row: whoever was dismissed is so at once.
@lru_cache(maxsize=1024)
def _person(row: Row) -> Person:
    accounts = tuple([(platform, user) for platform, user in load(row[6])] if row[6] else ())
    return Person(row[0], row[1], _roles(row[2]), _names(row[3]), _names(row[4]), row[5] == 1, accounts)


def _opening(*, pg: bool) -> str:
    accounts = (
        "(SELECT json_agg(json_build_array(x.platform,x.user_id) ORDER BY x.n,x.platform,x.user_id)::text"
        " FROM accounts x WHERE x.person_id = p.id)"
        if pg
        else "(SELECT json_group_array(json_array(platform,user_id)) FROM (SELECT platform,user_id FROM accounts x"
        " WHERE x.person_id = p.id ORDER BY x.n,x.platform,x.user_id))"
    )
    return (
        f"SELECT p.id,p.name,p.roles,p.shops,p.warehouses,p.active,{accounts},(SELECT d.state FROM dialogs d"
        " WHERE d.platform = a.platform AND d.chat_id = ? AND d.user_id = a.user_id AND d.until > ?),"
        " EXISTS (SELECT 1 FROM chats c WHERE c.platform = a.platform AND c.chat_id = ?),"
        f" ({LESSONS_VERSION})"
        " FROM accounts a JOIN people p ON p.id = a.person_id WHERE a.platform = ? AND a.user_id = ?"
    )


# People of a company share a few combinations, so each is read once.
@lru_cache(maxsize=256)
def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(one) for one in load(text) if one in _ROLES)


@lru_cache(maxsize=256)
def _names(text: str) -> frozenset[str]:
    return frozenset(load(text))


# A role that a later version invented gives nothing to an older program, instead of stopping it.
_ROLES = frozenset(role.value for role in Role)


def _read_roster(row: Row) -> RosterRow:
    platform, user_id, person_id, how, name, departments, standing, listed, changed_at = row
    return RosterRow(
        platform, user_id, person_id, how, name, tuple_of(departments), standing, listed == 1, at_or_none(changed_at)
    )


def _read_chat(row: Row) -> BoundChat:
    topics, shops, warehouses = (frozenset(load(text)) for text in row[4:7])
    return BoundChat(row[0], row[1], row[2], row[3], topics, shops, warehouses)


class PeopleWrites(PeopleReads):
    def save_person(self, person: Person) -> Person:
        """A person_id of 0 is given the next free one. The accounts are replaced; an account belongs to one person.

        Who is barred stays inactive, whatever is saved: only `unbar` lets somebody in again.
        """
        saved = person if person.person_id else replace(person, person_id=self._new_id())
        if saved.active and person.person_id and self._barred(saved.person_id):
            saved = replace(saved, active=False)
        self._c.run(
            _SAVE,
            (saved.person_id, scrub(saved.name), dump(sorted(saved.roles)), dump(sorted(saved.shops)),
             dump(sorted(saved.warehouses)), 1 if saved.active else 0),
        )  # fmt: skip
        self._c.run("DELETE FROM accounts WHERE person_id = ?", (saved.person_id,))
        for n, (platform, user) in enumerate(saved.accounts):
            self._c.run(_ACCOUNT, (platform, scrub(user), saved.person_id, n))
        return saved

    def bind_chat(self, chat: BoundChat) -> None:
        self._c.run(
            _BIND,
            (chat.platform, scrub(chat.chat_id), chat.kind, scrub(chat.title, 200), dump(sorted(chat.topics)),
             dump(sorted(chat.shops)), dump(sorted(chat.warehouses))),
        )  # fmt: skip

    def unbind_chat(self, platform: str, chat_id: str) -> bool:
        """False when it was not bound."""
        return bool(self._c.run("DELETE FROM chats WHERE platform = ? AND chat_id = ?", (platform, scrub(chat_id))))

    def put_roster(self, row: RosterRow) -> None:
        self._c.run(
            _KEEP,
            (row.platform, scrub(row.user_id), row.person_id, row.how, scrub(row.name, 60), words(row.departments),
             row.standing, 1 if row.listed else 0, ms_or_none(row.changed_at)),
        )  # fmt: skip

    def drop_roster(self, platform: str, user_id: str) -> None:
        self._c.run("DELETE FROM roster WHERE platform = ? AND user_id = ?", (platform, scrub(user_id)))

    def bar(self, person_id: int, why: str, at: datetime) -> None:
        """From this commit on the person has no access. The same reason again changes nothing."""
        self._c.run(
            "INSERT INTO bars(person_id,why,at) VALUES(?,?,?) ON CONFLICT (person_id,why) DO NOTHING",
            (person_id, scrub(why, 60), ms(at)),
        )
        self._c.run("UPDATE people SET active = 0 WHERE id = ?", (person_id,))

    def unbar(self, person_id: int, *why: str) -> bool:
        """Lift these reasons (none named: all of them). True when the person may come in now."""
        if why:
            for each in why:
                self._c.run("DELETE FROM bars WHERE person_id = ? AND why = ?", (person_id, each))
        else:
            self._c.run("DELETE FROM bars WHERE person_id = ?", (person_id,))
        if self._barred(person_id):
            return False
        self._c.run("UPDATE people SET active = 1 WHERE id = ?", (person_id,))
        return True

    def _barred(self, person_id: int) -> bool:
        return self._c.one("SELECT 1 FROM bars WHERE person_id = ? LIMIT 1", (person_id,)) is not None

    def _new_id(self) -> int:
        while True:
            serial = next_serial(self._c, "person")
            if self._c.one("SELECT 1 FROM people WHERE id = ?", (serial,)) is None:
                return serial


class DialogReads:
    def __init__(self, conn: Conn, keys: Keys) -> None:
        self._c = conn
        self._keys = keys
        self._opening = _opening(pg=conn.pg)

    def opening(self, platform: str, chat_id: str, user_id: str, now: datetime) -> Opening:
        """Who writes, from where, and what they were talking about: what every message begins with, in one look."""
        chat_id, user_id = scrub(chat_id), scrub(user_id)
        row = self._c.one(self._opening, (chat_id, ms(now), chat_id, platform, user_id))
        if row is None:
            return Opening()
        sealed = row[7]
        state = None if sealed is None else load(self._keys.open(sealed, dialog_where(platform, chat_id, user_id)))
        return Opening(_person(row[:7]), state, bool(row[8]), row[9])

    def recall(self, platform: str, chat_id: str, user_id: str, now: datetime) -> Json | None:
        row = self._c.one(
            "SELECT state FROM dialogs WHERE platform = ? AND chat_id = ? AND user_id = ? AND until > ?",
            (platform, scrub(chat_id), scrub(user_id), ms(now)),
        )
        return load(self._keys.open(row[0], dialog_where(platform, scrub(chat_id), scrub(user_id)))) if row else None


class DialogWrites(DialogReads):
    def remember(self, platform: str, chat_id: str, user_id: str, state: Json, until: datetime) -> None:
        chat_id, user_id = scrub(chat_id), scrub(user_id)
        sealed = self._keys.seal(dump(clean(state)).encode(), dialog_where(platform, chat_id, user_id))
        self._c.run(
            "INSERT INTO dialogs(platform,chat_id,user_id,state,until) VALUES(?,?,?,?,?)"
            " ON CONFLICT (platform,chat_id,user_id) DO UPDATE SET state=excluded.state, until=excluded.until",
            (platform, chat_id, user_id, sealed, ms(until)),
        )

    def forget(self, platform: str, chat_id: str, user_id: str) -> None:
        self._c.run(
            "DELETE FROM dialogs WHERE platform = ? AND chat_id = ? AND user_id = ?",
            (platform, scrub(chat_id), scrub(user_id)),
        )


def dialog_where(platform: str, chat_id: str, user_id: str) -> bytes:
    return f"dialogs:{platform}\x1f{chat_id}\x1f{user_id}".encode()
