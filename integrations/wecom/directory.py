"""The company's directory through the self-built app: departments, members, changes (90208, 90201, 90196, 96067, 90970).

The app sees what its visible range shows. A member who fell out of it is as gone as one who left: both may not use the app.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.errors import NeedsAuthorization, ProtocolBroken, Rejected, Unavailable
from domain.roster import Colleague, RosterEvent

if TYPE_CHECKING:
    from integrations.wecom.api import AppApi
    from integrations.wecom.self_built import SelfBuilt
    from integrations.wecom.settings import Settings

Json = dict[str, Any]
OUT_OF_RANGE = "60011"
NOT_THERE = frozenset({"60111", OUT_OF_RANGE})  # no such member; not one whom the app may see
_LEFT, _DISABLED = 5, 2  # of `status`; 1 is activated, 4 not activated yet
_ROOT = 1
_DEEPEST = 32
_TRIES = 3
_PATIENCE = 5.0
CONTACTS_AGENT = 2_000_002  # the directory's own secret has a token of its own: kept under a name that no app has


class Directory:
    """Whole listings and single looks. Raises Unavailable, NeedsAuthorization, ProtocolBroken."""

    def __init__(
        self, agent_id: int, api: AppApi, *, contacts: AppApi | None, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._agent_id, self._api, self._contacts, self._sleep = agent_id, api, contacts, sleep
        self._paths: dict[int, str] = {}

    async def roster(self) -> tuple[Colleague, ...]:
        """Every member of every department in the visible range, and those who are in it by name."""
        rows = _rows(await self._get("/cgi-bin/department/list", {}, "department.list"), "department")
        self._paths = _paths(rows)
        found: dict[str, Colleague] = {}
        for number in self._paths:
            params = {"department_id": str(number)}
            for row in _rows(await self._get("/cgi-bin/user/list", params, "user.list"), "userlist"):
                colleague = self._colleague(row)
                found[colleague.user_id] = colleague
        for user in await self._named():
            if user not in found and (single := await self.colleague(user)) is not None:
                found[user] = single
        await self._cross_check(found)
        return tuple(found.values())

    async def colleague(self, user_id: str) -> Colleague | None:
        """One member as they are now; None when there is none, or none whom the app may see."""
        try:
            row = await self._get("/cgi-bin/user/get", {"userid": user_id}, "user.get")
        except Rejected as no:
            if no.code in NOT_THERE:
                return None
            raise
        for number in row.get("department") or []:
            if isinstance(number, int) and number not in self._paths:
                self._paths[number] = await self._path(number)
        return self._colleague(row)

    # --- parts --------------------------------------------------------------------------------------------------------

    async def _named(self) -> list[str]:
        """Members who are in the visible range one by one, outside of its departments."""
        told = await self._get("/cgi-bin/agent/get", {"agentid": str(self._agent_id)}, "agent.get")
        listed = told.get("allow_userinfos")
        users = listed.get("user") if isinstance(listed, dict) else None
        return [str(each["userid"]) for each in users or [] if isinstance(each, dict) and each.get("userid")]

    async def _cross_check(self, found: Mapping[str, Colleague]) -> None:
        """With the directory's own secret: every id in the visible departments must have come. Half a list is no list."""
        if self._contacts is None:
            return
        cursor, seen = "", set()
        while True:
            told = await self._post("/cgi-bin/user/list_id", {"cursor": cursor, "limit": 10_000}, "user.list_id")
            for row in _rows(told, "dept_user"):
                if row.get("department") in self._paths and str(row.get("userid")) not in found:
                    raise ProtocolBroken("wecom: user.list left members out")
            cursor = str(told.get("next_cursor") or "")
            if not cursor:
                return
            if cursor in seen:
                raise ProtocolBroken("wecom: user.list_id: the cursor goes in circles")
            seen.add(cursor)

    async def _path(self, number: int) -> str:
        """A department that no listing has named yet, with those above it."""
        names: list[str] = []
        while number not in (0, _ROOT) and len(names) < _DEEPEST:
            try:
                told = await self._get("/cgi-bin/department/get", {"id": str(number)}, "department.get")
            except Rejected:  # above the visible range: what we see begins here
                break
            row = told.get("department")
            if not isinstance(row, dict):
                raise ProtocolBroken("wecom: department.get without a department")
            names.append(_name(row))
            number = int(row.get("parentid") or 0)
        return "/".join(reversed(names))

    def _colleague(self, row: Json) -> Colleague:
        user, status = row.get("userid"), row.get("status", 1)
        if not isinstance(user, str) or not user:
            raise ProtocolBroken("wecom: a member without userid")
        departments = row.get("department") or []
        paths = tuple(self._paths[each] for each in departments if isinstance(each, int) and self._paths.get(each))
        return Colleague(user, str(row.get("name") or user)[:60], paths, status not in (_DISABLED, _LEFT))

    async def _get(self, path: str, params: dict[str, str], what: str) -> Json:
        return await self._patiently(lambda: self._api.get(path, params, what=what), what)

    async def _post(self, path: str, body: Json, what: str) -> Json:
        assert self._contacts is not None  # noqa: S101 (the caller looked)
        contacts = self._contacts
        return await self._patiently(lambda: contacts.post(path, body, what=what), what)

    async def _patiently(self, call: Callable[[], Awaitable[Json]], what: str) -> Json:
        """A busy platform is asked again; a ban (45009) is waited out by the next turn of the timetable."""
        for attempt in range(_TRIES):
            try:
                return await call()
            except Unavailable as busy:
                if attempt == _TRIES - 1 or (busy.retry_after or 1.0) > _PATIENCE:
                    raise
                await self._sleep(busy.retry_after or 1.0)
            except Rejected as no:
                if no.code == OUT_OF_RANGE and what in ("department.list", "user.list"):
                    raise NeedsAuthorization(f"wecom: {what}: {OUT_OF_RANGE}") from no
                raise
        raise AssertionError("unreachable")


class Staff:
    """What makes a `Wecom` a `domain.ports.DirectorySync`."""

    settings: Settings
    app: SelfBuilt | None
    on_people: Callable[[Sequence[RosterEvent]], Awaitable[None]] | None = None  # changes come by callback, not over a line
    _directory: Directory | None = None

    @property
    def has_directory(self) -> bool:
        return self.app is not None

    async def roster(self) -> tuple[Colleague, ...]:
        """Everybody in the app's visible range. Raises Rejected without an app."""
        return await self._known().roster()

    async def colleague(self, user_id: str) -> Colleague | None:
        """One member, by the directory's id. Raises Rejected without an app."""
        return await self._known().colleague(user_id)

    def _known(self) -> Directory:
        app = self.settings.app
        if self.app is None or app is None:
            raise Rejected("no-app", "通讯录要先配自建应用")
        if self._directory is None:
            contacts = None
            if app.contact_secret:
                contacts = self.app.api.beside(replace(app, agent_id=CONTACTS_AGENT, secret=app.contact_secret))
            self._directory = Directory(app.agent_id, self.app.api, contacts=contacts, sleep=asyncio.sleep)
        return self._directory


def _rows(told: Json, name: str) -> list[Json]:
    rows = told.get(name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProtocolBroken(f"wecom: no {name} in the answer")
    return rows


def _name(row: Json) -> str:
    """A department's own name. A slash in it would look like a level of its own, so it is written wide."""
    return str(row.get("name") or row.get("id") or "").replace("/", "／").strip()[:60]


def _paths(rows: Sequence[Json]) -> dict[int, str]:
    """Department id -> path from the root down, without the root. What lies above the visible range is not part of it."""
    known = {row["id"]: row for row in rows if isinstance(row.get("id"), int)}
    if len(known) != len(rows):
        raise ProtocolBroken("wecom: a department without id")
    paths: dict[int, str] = {}
    for number in known:
        names: list[str] = []
        above: Any = number
        while above in known and above != _ROOT and len(names) < _DEEPEST:
            names.append(_name(known[above]))
            above = known[above].get("parentid")
        paths[number] = "/".join(reversed(names))
    return paths
