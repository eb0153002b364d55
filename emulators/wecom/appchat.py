"""Groups that an app itself makes (paths 90245, 90248): words, pictures, files; no cards; nobody else's groups."""

from __future__ import annotations

import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from emulators.wecom.problems import Problem
from emulators.wecom.state import State

Json = dict[str, Any]
_CHAT_ID = re.compile(r"[0-9A-Za-z]{1,32}")
_TEXTS = ("text", "markdown")
_MEDIA = ("image", "voice", "video", "file")
_MEMBER_A_MINUTE, _MEMBER_A_DAY, _GROUPS_A_DAY = 200, 10_000, 1_000


class AppChats:
    """`gate` is the API's own door: address, then token."""

    def __init__(self, state: State, gate: Callable[[dict[str, str]], None]) -> None:
        self._state, self._gate = state, gate
        self.groups: dict[str, Json] = {}
        self._made: deque[float] = deque()
        self._received: dict[str, deque[float]] = {}

    def create(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        self._admit(query)
        users, name = body.get("userlist"), str(body.get("name", ""))
        if len(name) > 50:
            raise Problem(86004)
        if not isinstance(users, list) or not 2 <= len(users) <= 2000:
            raise Problem(86006)
        if [user for user in users if user not in self._state.users]:
            raise Problem(40031)
        chat_id = str(body.get("chatid") or secrets.token_hex(12))
        if not _CHAT_ID.fullmatch(chat_id):
            raise Problem(86001)
        if chat_id in self._state.talks:
            raise Problem(86215)
        now = self._state.clock.now()
        while self._made and self._made[0] <= now - 86400:
            self._made.popleft()
        if len(self._made) >= _GROUPS_A_DAY:
            raise Problem(45009)
        self._made.append(now)
        self.groups[chat_id] = {"chatid": chat_id, "name": name, "owner": body.get("owner") or users[0], "userlist": users}
        self._state.talk("", chat_id).title = name
        return {"chatid": chat_id}, "group made"

    def get(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._admit(query)
        return {"chat_info": self._own(query.get("chatid", ""))}, ""

    def update(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        self._admit(query)
        group = self._own(str(body.get("chatid", "")))
        users = [user for user in group["userlist"] if user not in (body.get("del_user_list") or [])]
        users += [user for user in body.get("add_user_list") or [] if user not in users]
        if not 2 <= len(users) <= 2000:
            raise Problem(86006)
        group |= {"userlist": users, "name": body.get("name", group["name"]), "owner": body.get("owner", group["owner"])}
        return {}, "group changed"

    def send(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        self._admit(query)
        group = self._own(str(body.get("chatid", "")))
        kind = str(body.get("msgtype"))
        inner = body.get(kind) or {}
        if kind in _TEXTS:
            content = self._state.markdown(inner.get("content"), 2048)
        elif kind in _MEDIA:
            content = str(inner.get("media_id", ""))
            self._state.media_of(content, "A")
        elif kind in ("textcard", "news", "mpnews"):
            content = str(inner)
        else:
            raise Problem(40008)  # template_card among them
        if not self._reaches(group["userlist"]):
            self._state.silent_drops += 1
            self._state.journal.note(self._state.clock.now(), "silently dropped", {"chat": group["chatid"]}, None)
            return {}, ""
        self._state.show(self._state.talks[group["chatid"]], kind, content, surface="appchat")
        return {}, f"{kind} shown"

    def _admit(self, query: dict[str, str]) -> None:
        self._gate(query)
        if not self._state.switches.root_visible:
            raise Problem(48002)

    def _own(self, chat_id: str) -> Json:
        if not chat_id:
            raise Problem(86003)
        if chat_id not in self.groups:
            raise Problem(86008)
        return self.groups[chat_id]

    def _reaches(self, users: list[str]) -> bool:
        """Whether at least one member still receives: more than 200 a minute or 10 000 a day vanish without a word."""
        now, open_ = self._state.clock.now(), 0
        for user in users:
            got = self._received.setdefault(user, deque())
            while got and got[0] <= now - 86400:
                got.popleft()
            if len(got) < _MEMBER_A_DAY and sum(1 for at in got if at > now - 60) < _MEMBER_A_MINUTE:
                got.append(now)
                open_ += 1
        return open_ > 0
