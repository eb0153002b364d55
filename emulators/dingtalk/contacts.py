"""The emulated organisation's directory: departments, users, what the app may see, and the events about changes.

`hire`, `move`, `dismiss`, `deactivate` change it and, unless told `quiet`, push the event: over Stream, or sealed to
`people.hooks.event_url` when that is set. `lie_more`: has_more without a cursor; `half_pages`: every second user left out.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulators.dingtalk.problems import OldProblem, Row

if TYPE_CHECKING:
    from emulators.dingtalk.app import DingTalkEmulator

ROOT = 1
DEPARTMENTS, USERS = "qyapi_get_department_list", "qyapi_get_member"
BY_UNION = "qyapi_get_member_by_unionid"


@dataclass
class Member:
    name: str
    departments: list[int] = field(default_factory=lambda: [ROOT])
    active: bool = True
    union: str = ""


class Contacts:
    """What the old contacts API answers, by the rules of the app's permissions and range."""

    def __init__(self, emulator: DingTalkEmulator) -> None:
        self._emulator = emulator
        self.departments: dict[int, tuple[str, int]] = {ROOT: ("示例公司", 0)}
        self._members: dict[str, Member] = {}
        self.scopes = {DEPARTMENTS, USERS, BY_UNION}
        self.visible: set[int] = {ROOT}
        self.visible_users: set[str] = set()
        self.page = 100
        self.lie_more = self.half_pages = self.empty_pages = False
        self.calls: dict[tuple[str, str], tuple[str, Callable[[Row], Row]]] = {
            ("GET", "/auth/scopes"): ("", self._scopes),
            ("POST", "/topapi/v2/department/listsub"): (DEPARTMENTS, self._listsub),
            ("POST", "/topapi/v2/department/get"): (DEPARTMENTS, self._department),
            ("POST", "/topapi/v2/user/list"): (USERS, self._list),
            ("POST", "/topapi/v2/user/get"): (USERS, self._get),
            ("POST", "/topapi/user/getbyunionid"): (BY_UNION, self._by_union),
        }

    # --- what a tester does ---

    def department(self, name: str, *, parent: int = ROOT) -> int:
        number = max(*self.departments, 1000) + 1
        self.departments[number] = (name, parent)
        return number

    async def hire(self, user: str, name: str, *departments: int, quiet: bool = False) -> None:
        self._emulator.state.user(user, name)
        self._members[user] = Member(name, list(departments) or [ROOT])
        await self._tell("user_add_org", user, quiet)

    async def move(self, user: str, *departments: int, quiet: bool = False) -> None:
        self.member(user).departments = list(departments)
        await self._tell("user_modify_org", user, quiet)

    async def deactivate(self, user: str, *, quiet: bool = False) -> None:
        self.member(user).active = False
        await self._tell("user_modify_org", user, quiet)

    async def activate(self, user: str, *, quiet: bool = False) -> None:
        self.member(user).active = True
        await self._tell("user_active_org", user, quiet)

    async def dismiss(self, user: str, *, quiet: bool = False) -> None:
        self._members.pop(user, None)
        self._emulator.state.users.pop(user, None)
        await self._tell("user_leave_org", user, quiet)

    async def rename_department(self, number: int, name: str, *, quiet: bool = False) -> None:
        self.departments[number] = (name, self.departments[number][1])
        if not quiet:
            await self._event("org_dept_modify", {"deptId": [number]})

    def member(self, user: str) -> Member:
        """KeyError: nobody has that id. Everybody is in the root department until moved."""
        found = self._members.setdefault(user, Member(self._emulator.state.users[user]))
        found.union = found.union or uuid.uuid5(uuid.NAMESPACE_OID, user).hex[:22]
        return found

    async def _tell(self, kind: str, user: str, quiet: bool) -> None:
        if not quiet:
            await self._event(kind, {"userId": [user], "optStaffId": "admin"})

    async def _event(self, kind: str, body: Row) -> None:
        people, stamp = self._emulator.people, str(int(self._emulator.clock.now() * 1000))
        if people.hooks.event_url:
            sealed = {name[0].upper() + name[1:]: value for name, value in body.items()}
            corp = self._emulator.state.corp_id
            await people.sealed_event({"EventType": kind, "TimeStamp": stamp, "CorpId": corp, **sealed})
        else:
            people.event(kind, {"timeStamp": stamp, "eventId": uuid.uuid4().hex, **body})

    # --- what the product asks ---

    def answer(self, method: str, path: str, token: str, body: Row) -> Row:
        """One call. Raises OldProblem."""
        if not self._emulator.state.alive(token):
            raise OldProblem(40014, "不合法的access_token")
        if (method, path) not in self.calls:
            raise OldProblem(43001 if method == "POST" else 43002, "请求方法错误")
        scope, does = self.calls[method, path]
        if scope and scope not in self.scopes:
            raise Denied(scope)
        return {"errcode": 0, "errmsg": "ok", "request_id": uuid.uuid4().hex[:12], **does(body)}

    def everybody(self) -> dict[str, Member]:
        return {user: self.member(user) for user in self._emulator.state.users}

    def _below(self, number: int) -> set[int]:
        found = {number}
        while more := {child for child, (_, above) in self.departments.items() if above in found} - found:
            found |= more
        return found

    def _range(self) -> set[int]:
        return {each for top in self.visible for each in self._below(top)}

    def _number(self, body: Row) -> int:
        number = body.get("dept_id", ROOT)
        if not isinstance(number, int):
            raise OldProblem(40035, "不合法的参数")
        if number not in self.departments:
            raise OldProblem(60003, "部门不存在")
        if number not in self._range():
            raise OldProblem(50004, "请求的部门id不在授权范围内")
        return number

    def _scopes(self, _: Row) -> Row:
        return {
            "auth_user_field": ["name", "dept"],
            "auth_org_scopes": {"authed_dept": sorted(self.visible), "authed_user": sorted(self.visible_users)},
        }

    def _listsub(self, body: Row) -> Row:
        number = self._number(body)
        rows = [
            {"dept_id": child, "name": name, "parent_id": above, "auto_add_user": True, "create_dept_group": False}
            for child, (name, above) in sorted(self.departments.items())
            if above == number
        ]
        return {"result": rows}

    def _department(self, body: Row) -> Row:
        number = self._number(body)
        name, above = self.departments[number]
        return {"result": {"dept_id": number, "name": name, "parent_id": above}}

    def _list(self, body: Row) -> Row:
        number, cursor, size = self._number(body), body.get("cursor"), body.get("size")
        if not isinstance(cursor, int) or not isinstance(size, int) or not 1 <= size <= 100:
            raise OldProblem(40035, "不合法的参数")
        users = [user for user, member in self.everybody().items() if number in member.departments]
        if self.half_pages:
            users = users[::2]
        if self.empty_pages:
            users = []
        size = min(size, self.page)
        shown = [self._row(user) for user in users[cursor : cursor + size]]
        page: Row = {"has_more": cursor + size < len(users), "list": shown}
        if page["has_more"]:
            page["next_cursor"] = cursor + size
        if self.lie_more:
            page = {"has_more": True, "list": shown}
        return {"result": page}

    def _row(self, user: str) -> Row:
        member = self.member(user)
        return {
            "userid": user,
            "unionid": member.union,
            "name": member.name,
            "active": member.active,
            "dept_id_list": list(member.departments),
            "admin": False,
            "boss": False,
            "leader": False,
        }

    def _get(self, body: Row) -> Row:
        user = str(body.get("userid", ""))
        if not user:
            raise OldProblem(40035, "缺少参数 userid")
        if user not in self._emulator.state.users:
            raise OldProblem(60121, "找不到该用户")
        if user not in self.visible_users and not set(self.member(user).departments) & self._range():
            raise OldProblem(50002, "请求的员工userid不在授权范围内")
        return {"result": self._row(user)}

    def _by_union(self, body: Row) -> Row:
        union = str(body.get("unionid", ""))
        found = next((user for user, member in self.everybody().items() if member.union == union), None)
        if found is None:
            raise OldProblem(60121, "找不到该用户")
        return {"result": {"contact_type": 0, "userid": found}}


class Denied(OldProblem):
    """The app lacks a permission: errcode 88, the real code inside."""

    def __init__(self, scope: str) -> None:
        super().__init__(88, "dingtalk接口错误")
        told = f"应用尚未开通所需的权限：[{scope}]，点击链接申请并开通即可"
        self.body = {**self.body, "sub_code": "60011", "sub_msg": told, "request_id": uuid.uuid4().hex[:12]}
