"""The emulated company's directory: departments, members, the app's visible range, and the callbacks about changes.

`hire`, `move`, `disable`, `dismiss`, `rename_user`, `rename_department` change it and, unless told `quiet`, send
`change_contact` to the app's callback address. `half_pages` lies: every second member is left out, with errcode 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.wecom.problems import Problem

if TYPE_CHECKING:
    from emulators.wecom.app import WecomEmulator

Json = dict[str, Any]
ROOT = 1


@dataclass
class Member:
    name: str
    departments: list[int] = field(default_factory=lambda: [ROOT])
    status: int = 1  # 1 activated, 2 disabled, 4 not activated, 5 left


class Contacts:
    """What the directory endpoints answer, by the rules of who asks."""

    def __init__(self, emulator: WecomEmulator) -> None:
        self._emulator = emulator
        self.departments: dict[int, tuple[str, int]] = {ROOT: ("示例公司", 0)}
        self._members: dict[str, Member] = {}
        self.visible: set[int] | None = None  # departments of the app's range with all below; None: everything
        self.visible_users: set[str] = set()  # members in the range by name
        self.half_pages = False
        self.empty_pages = False
        self.looping_cursor = False
        self.page = 10_000
        self.routes = {
            "/cgi-bin/department/list": self._departments,
            "/cgi-bin/department/get": self._department,
            "/cgi-bin/user/list": self._list,
            "/cgi-bin/user/simplelist": self._simple,
            "/cgi-bin/user/get": self._get,
            "/cgi-bin/user/list_id": self._ids,
            "/cgi-bin/agent/get": self._agent,
        }

    # --- what a tester does -------------------------------------------------------------------------------------------

    def department(self, name: str, *, parent: int = ROOT) -> int:
        number = max(self.departments) + 1
        self.departments[number] = (name, parent)
        return number

    async def hire(self, user: str, name: str, *departments: int, quiet: bool = False) -> int:
        self._emulator.state.users[user] = name
        self._members[user] = Member(name, list(departments) or [ROOT])
        return await self._tell("create_user", user, quiet, Name=name, Department=_joined(departments), Status=1)

    async def move(self, user: str, *departments: int, quiet: bool = False) -> int:
        self.member(user).departments = list(departments)
        return await self._tell("update_user", user, quiet, Department=_joined(departments))

    async def disable(self, user: str, *, quiet: bool = False) -> int:
        self.member(user).status = 2
        return await self._tell("update_user", user, quiet, Status=2)

    async def enable(self, user: str, *, quiet: bool = False) -> int:
        self.member(user).status = 1
        return await self._tell("update_user", user, quiet, Status=1)

    async def dismiss(self, user: str, *, quiet: bool = False) -> int:
        """The member leaves: not in the directory, not reachable, not able to talk."""
        self._members.pop(user, None)
        self._emulator.state.users.pop(user, None)
        return await self._tell("delete_user", user, quiet)

    async def rename_user(self, user: str, to: str, *, quiet: bool = False) -> int:
        member, users = self.member(user), self._emulator.state.users
        users[to] = users.pop(user)
        self._members.pop(user, None)
        self._members[to] = member
        return await self._tell("update_user", user, quiet, NewUserID=to)

    async def rename_department(self, number: int, name: str, *, quiet: bool = False) -> int:
        self.departments[number] = (name, self.departments[number][1])
        if quiet:
            return 0
        return await self._event({"ChangeType": "update_party", "Id": number, "Name": name})

    def member(self, user: str) -> Member:
        """KeyError: nobody has that id. Everybody of the company is in the root department until moved."""
        return self._members.setdefault(user, Member(self._emulator.state.users[user]))

    async def _tell(self, change: str, user: str, quiet: bool, **fields: object) -> int:
        return 0 if quiet else await self._event({"ChangeType": change, "UserID": user, **fields})

    async def _event(self, fields: Json) -> int:
        stamp = int(self._emulator.state.clock.now())
        head = {"FromUserName": "sys", "CreateTime": stamp, "MsgType": "event", "Event": "change_contact"}
        return await self._emulator.callbacks.send_app({**head, **fields})

    # --- what the product asks ----------------------------------------------------------------------------------------

    def everybody(self) -> dict[str, Member]:
        return {user: self.member(user) for user in self._emulator.state.users}

    def _below(self, number: int) -> set[int]:
        found = {number}
        while more := {child for child, (_, above) in self.departments.items() if above in found} - found:
            found |= more
        return found

    def _range(self) -> set[int]:
        if self.visible is None:
            return set(self.departments)
        return {each for top in self.visible for each in self._below(top)}

    def _sees(self, user: str) -> bool:
        return user in self.visible_users or bool(set(self.member(user).departments) & self._range())

    def _gate(self, query: dict[str, str]) -> None:
        self._emulator.calls.gate(query)

    def _departments(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._gate(query)
        shown = self._range()
        if not shown:
            raise Problem(60011)
        if top := query.get("id"):
            if not top.isdecimal() or int(top) not in self.departments:
                raise Problem(60003)
            if int(top) not in shown:
                raise Problem(60011)
            shown &= self._below(int(top))
        rows = [
            {"id": number, "name": name, "parentid": above, "order": 100_000 - number, "department_leader": []}
            for number, (name, above) in sorted(self.departments.items())
            if number in shown
        ]
        return {"department": rows}, ""

    def _department(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._gate(query)
        number = self._number(query.get("id", ""))
        name, above = self.departments[number]
        return {"department": {"id": number, "name": name, "parentid": above, "department_leader": []}}, ""

    def _number(self, given: str) -> int:
        if not given.isdecimal():
            raise Problem(40058)
        if int(given) not in self.departments:
            raise Problem(60003)
        if int(given) not in self._range():
            raise Problem(60011)
        return int(given)

    def _in(self, query: dict[str, str]) -> list[tuple[str, Member]]:
        number = self._number(query.get("department_id", ""))
        wanted = self._below(number) if query.get("fetch_child") == "1" else {number}
        found = [(user, member) for user, member in self.everybody().items() if set(member.departments) & wanted]
        if self.empty_pages:
            return []
        return found[::2] if self.half_pages else found

    def _list(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._gate(query)
        return {"userlist": [self._row(user, member) for user, member in self._in(query)]}, ""

    def _simple(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._gate(query)
        rows = [{"userid": user, "name": each.name, "department": each.departments} for user, each in self._in(query)]
        return {"userlist": rows}, ""

    def _get(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._gate(query)
        user = query.get("userid", "")
        if user not in self._emulator.state.users:
            raise Problem(60111)
        if not self._sees(user):
            raise Problem(60011)
        return self._row(user, self.member(user)), ""

    def _row(self, user: str, member: Member) -> Json:
        shown = [number for number in member.departments if number in self._range()]
        return {
            "userid": user,
            "name": member.name,
            "department": shown,
            "order": [0] * len(shown),
            "is_leader_in_dept": [0] * len(shown),
            "direct_leader": [],
            "status": member.status,
            "isleader": 0,
            "enable": int(member.status != 2),
            "main_department": shown[0] if shown else 0,
        }

    def _ids(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        """Only with the directory's own secret, in pages by cursor."""
        self._emulator.calls.gate(query)
        if query.get("access_token") not in self._emulator.state.contact_tokens:
            raise Problem(48002)
        limit = body.get("limit", 10_000)
        if not isinstance(limit, int) or not 1 <= limit <= 10_000:
            raise Problem(40058)
        rows = [{"userid": u, "department": d} for u, member in self.everybody().items() for d in member.departments]
        start = int(body.get("cursor") or 0)
        size = min(limit, self.page)
        answer: Json = {"dept_user": rows[start : start + size]}
        if start + size < len(rows):
            answer["next_cursor"] = str(start + size)
        if self.looping_cursor:
            answer["next_cursor"] = "1"
        return answer, ""

    def _agent(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self._gate(query)
        state = self._emulator.state
        if query.get("agentid") != str(state.agent_id):
            raise Problem(301002)
        return {
            "agentid": state.agent_id,
            "name": "小单",
            "close": 0,
            "allow_userinfos": {"user": [{"userid": user} for user in sorted(self.visible_users)]},
            "allow_partys": {"partyid": sorted(self.visible if self.visible is not None else {ROOT})},
            "allow_tags": {"tagid": []},
        }, ""


def _joined(departments: tuple[int, ...]) -> str:
    return ",".join(map(str, departments or (ROOT,)))
