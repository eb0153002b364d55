"""People with their chat accounts, the groups that are bound, and what each conversation was about."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.people import Person, Role
from domain.store import BoundChat, Json
from storage.keys import Keys
from storage.moments import clean, dump, load, ms, scrub
from storage.serials import next_serial
from storage.sql import Conn, Row

_SELECT = "SELECT p.id,p.name,p.roles,p.shops,p.warehouses,p.active FROM people p "
_ACCOUNTS = "SELECT platform,user_id FROM accounts WHERE person_id = ? ORDER BY n,platform,user_id"
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
_ACCOUNT = (
    "INSERT INTO accounts(platform,user_id,person_id,n) VALUES(?,?,?,?)"
    " ON CONFLICT (platform,user_id) DO UPDATE SET person_id=excluded.person_id, n=excluded.n"
)


class PeopleReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def by_account(self, platform: str, user_id: str) -> Person | None:
        row = self._c.one(
            _SELECT + "JOIN accounts a ON a.person_id = p.id WHERE a.platform = ? AND a.user_id = ?",
            (platform, scrub(user_id)),
        )
        return self._read(row) if row else None

    def by_id(self, person_id: int) -> Person | None:
        row = self._c.one(_SELECT + "WHERE p.id = ?", (person_id,))
        return self._read(row) if row else None

    def by_name(self, name: str) -> list[Person]:
        return [self._read(row) for row in self._c.all(_SELECT + "WHERE p.name = ? ORDER BY p.id", (scrub(name.strip()),))]

    def with_role(self, role: Role) -> list[Person]:
        return [one for one in self.everyone() if one.active and role in one.roles]

    def everyone(self) -> list[Person]:
        return [self._read(row) for row in self._c.all(_SELECT + "ORDER BY p.id")]

    def chat(self, platform: str, chat_id: str) -> BoundChat | None:
        row = self._c.one(_CHAT + "WHERE platform = ? AND chat_id = ?", (platform, scrub(chat_id)))
        return _read_chat(row) if row else None

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

    def _read(self, row: Row) -> Person:
        accounts = tuple([(platform, user) for platform, user in self._c.all(_ACCOUNTS, (row[0],))])
        roles = frozenset(Role(one) for one in load(row[2]) if one in _ROLES)
        return Person(row[0], row[1], roles, frozenset(load(row[3])), frozenset(load(row[4])), row[5] == 1, accounts)


# A role that a later version invented gives nothing to an older program, instead of stopping it.
_ROLES = frozenset(role.value for role in Role)


def _read_chat(row: Row) -> BoundChat:
    topics, shops, warehouses = (frozenset(load(text)) for text in row[4:7])
    return BoundChat(row[0], row[1], row[2], row[3], topics, shops, warehouses)


class PeopleWrites(PeopleReads):
    def save_person(self, person: Person) -> Person:
        """A person_id of 0 is given the next free one. The accounts are replaced; an account belongs to one person."""
        saved = person if person.person_id else replace(person, person_id=self._new_id())
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

    def _new_id(self) -> int:
        while True:
            serial = next_serial(self._c, "person")
            if self._c.one("SELECT 1 FROM people WHERE id = ?", (serial,)) is None:
                return serial


class DialogReads:
    def __init__(self, conn: Conn, keys: Keys) -> None:
        self._c = conn
        self._keys = keys

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
