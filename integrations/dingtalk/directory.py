"""The organisation's directory: departments and users through the old contacts API, changes by event. Not billed.

Sources: topapi/v2/department/listsub, department/get, v2/user/list, v2/user/get, user/getbyunionid, auth/scopes; events
user_add_org, user_modify_org, user_active_org, user_leave_org, org_dept_modify, org_dept_remove. What the app is not allowed
to see is not there for us.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.clock import moment
from domain.errors import ProtocolBroken, Rejected
from domain.ids import key as make_key
from domain.roster import Colleague, Happened, RosterEvent
from integrations.dingtalk.mapping import PLATFORM

if TYPE_CHECKING:
    from integrations.dingtalk.client import DingTalkClient
    from integrations.dingtalk.settings import Settings

Row = dict[str, Any]
NO_SUCH_USER = "60121"
NOT_OURS = frozenset({"50002", "50004", "60003", "60121", "33012"})  # outside the app's range, or not there at all
_ROOT = 1
_PAGE = 100
_PAGES = 1_000
_DEEPEST = 32
_KINDS = {
    "user_add_org": Happened.JOINED,
    "user_modify_org": Happened.CHANGED,
    "user_active_org": Happened.CHANGED,
    "user_leave_org": Happened.LEFT,
    "org_dept_modify": Happened.DEPARTMENTS,
    "org_dept_remove": Happened.DEPARTMENTS,
}


class Directory:
    """Whole listings and single looks. Raises what `DingTalkClient.contacts` raises."""

    def __init__(self, client: DingTalkClient) -> None:
        self._client = client
        self._paths: dict[int, str] = {_ROOT: ""}

    async def roster(self) -> tuple[Colleague, ...]:
        """Everybody in the departments that the app may see, and those whom it may see by name."""
        departments, users = await self._range()
        self._paths = {_ROOT: ""}
        found: dict[str, Row] = {}
        waiting = list(departments)
        seen: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            if number not in self._paths:
                self._paths[number] = await self._path(number)
            for row in await self._listed("/topapi/v2/department/listsub", {"dept_id": number}):
                child = row.get("dept_id")
                if not isinstance(child, int):
                    raise ProtocolBroken("dingtalk: a department without dept_id")
                self._paths[child] = _join(self._paths[number], row)
                waiting.append(child)
            async for row in self._members(number):
                found[str(row.get("userid"))] = row
        for user in users:
            if user not in found and (single := await self._user(user)) is not None:
                found[user] = single
        return tuple([await self._colleague(row) for row in found.values()])

    async def colleague(self, user_id: str) -> Colleague | None:
        """One user, by userid or by unionid; None when there is none, or none whom the app may see."""
        row = await self._user(user_id)
        if row is None:
            user = await self._by_union(user_id)
            row = await self._user(user) if user and user != user_id else None
        return await self._colleague(row) if row is not None else None

    # --- parts ---

    async def _range(self) -> tuple[list[int], list[str]]:
        told = await self._client.contacts("/auth/scopes", {}, method="GET")
        scopes = told.get("auth_org_scopes")
        if not isinstance(scopes, dict):
            raise ProtocolBroken("dingtalk: auth/scopes without auth_org_scopes")
        departments = [each for each in scopes.get("authed_dept") or [] if isinstance(each, int)]
        return departments, [str(each) for each in scopes.get("authed_user") or []]

    async def _members(self, number: int) -> Any:
        cursor = 0
        for _ in range(_PAGES):
            told = await self._client.contacts("/topapi/v2/user/list", {"dept_id": number, "cursor": cursor, "size": _PAGE})
            page = told.get("result")
            rows = page.get("list") if isinstance(page, dict) else None
            if not isinstance(page, dict) or not isinstance(rows, list):
                raise ProtocolBroken("dingtalk: user/list without a list")
            for row in rows:
                if not isinstance(row, dict) or not isinstance(row.get("userid"), str) or not row["userid"]:
                    raise ProtocolBroken("dingtalk: a user without userid")
                yield row
            if not page.get("has_more"):
                return
            following = page.get("next_cursor")
            if not isinstance(following, int) or following <= cursor:
                raise ProtocolBroken("dingtalk: user/list says there is more and not where")
            cursor = following
        raise ProtocolBroken("dingtalk: user/list does not end")

    async def _user(self, user_id: str) -> Row | None:
        try:
            told = await self._client.contacts("/topapi/v2/user/get", {"userid": user_id})
        except Rejected as no:
            if no.code in NOT_OURS:
                return None
            raise
        row = told.get("result")
        if not isinstance(row, dict) or not isinstance(row.get("userid"), str):
            raise ProtocolBroken("dingtalk: user/get without a user")
        return row

    async def _by_union(self, union_id: str) -> str:
        try:
            told = await self._client.contacts("/topapi/user/getbyunionid", {"unionid": union_id})
        except Rejected as no:
            if no.code in NOT_OURS or no.code == "40035":
                return ""
            raise
        row = told.get("result")
        return str(row.get("userid") or "") if isinstance(row, dict) else ""

    async def _listed(self, path: str, body: Row) -> list[Row]:
        rows = (await self._client.contacts(path, body)).get("result")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ProtocolBroken(f"dingtalk: {path} without a list")
        return rows

    async def _colleague(self, row: Row) -> Colleague:
        paths = []
        for number in row.get("dept_id_list") or []:
            if isinstance(number, int):
                if number not in self._paths:
                    self._paths[number] = await self._path(number)
                paths.append(self._paths[number])
        name = str(row.get("name") or row["userid"])[:60]
        return Colleague(str(row["userid"]), name, tuple(path for path in paths if path), row.get("active") is not False)

    async def _path(self, number: int) -> str:
        """A department that no listing has named yet, with those above it as far as we may see."""
        names: list[str] = []
        while number != _ROOT and len(names) < _DEEPEST:
            try:
                told = await self._client.contacts("/topapi/v2/department/get", {"dept_id": number})
            except Rejected as no:
                if no.code in NOT_OURS:
                    break
                raise
            row = told.get("result")
            if not isinstance(row, dict):
                raise ProtocolBroken("dingtalk: department/get without a department")
            names.append(_name(row))
            number = int(row.get("parent_id") or _ROOT)
        return "/".join(reversed(names))


class Staff:
    """What makes a `DingTalkChat` a `domain.ports.DirectorySync`."""

    settings: Settings
    client: DingTalkClient
    _directory: Directory | None = None
    on_people: Callable[[Sequence[RosterEvent]], Awaitable[None]] | None = None

    @property
    def has_directory(self) -> bool:
        return self.settings.directory

    async def roster(self) -> tuple[Colleague, ...]:
        """Everybody whom the app may see."""
        return await self._known().roster()

    async def colleague(self, user_id: str) -> Colleague | None:
        """One user as they are now."""
        return await self._known().colleague(user_id)

    def _known(self) -> Directory:
        if self._directory is None:
            self._directory = Directory(self.client)
        return self._directory


def events_of(kind: str, body: Mapping[str, Any], *, ident: str, at: datetime) -> tuple[RosterEvent, ...]:
    """An organisation event, in Stream's spelling or in that of sealed callbacks; nothing for what is not about people."""
    what = _KINDS.get(kind)
    if what is None:
        return ()
    stamp = body.get("timeStamp", body.get("TimeStamp"))
    when = moment(int(stamp)) if str(stamp).isdecimal() and len(str(stamp)) == 13 else at
    told = body.get("userId", body.get("UserId"))
    users = [str(each) for each in (told if isinstance(told, list) else [told]) if each]
    event_id = ident or str(body.get("eventId") or body.get("EventId") or make_key(kind, stamp, *users))
    if what is Happened.DEPARTMENTS:
        return (RosterEvent(PLATFORM, what, "", when, event_id),)
    return tuple(RosterEvent(PLATFORM, what, user, when, event_id) for user in users[:1_000])


def _name(row: Row) -> str:
    """A department's own name. A slash in it would look like a level of its own, so it is written wide."""
    return str(row.get("name") or row.get("dept_id") or "").replace("/", "／").strip()[:60]


def _join(above: str, row: Row) -> str:
    return f"{above}/{_name(row)}" if above else _name(row)
