"""What the emulated organisation holds: people, groups, robots, tokens, media, cards, counters."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from emulators.dingtalk.problems import DENIED, Problem
from emulators.kit import EmulatorClock

Row = dict[str, Any]
TOKEN_LIFE = 7200.0
SESSION_LIFE = 5400.0
SCOPES = frozenset({"qyapi_robot_sendmsg", "Card.Instance.Write", "Card.Streaming.Write", "qyapi_base", "qyapi_chat_manage"})
BUILT_IN_TEMPLATES = {
    "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema",
    "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema",
    "382e4302-551d-4880-bf29-a30acfab2e71.schema",
    "db56f2c2-f609-4878-9a34-46f6a0194a73.schema",
}


@dataclass
class Switches:
    """Behaviours nobody citable confirms, each tested both ways; the defaults are the stricter reading."""

    repush_bot_messages: bool = True  # the documentation says never; the field says once, 60 s later
    repush_after: float = 60.0
    event_needs_status: bool = True  # an EVENT receipt without `status: SUCCESS` counts as none
    event_repush_after: float = 3.0
    silent_window: float = 10.0  # between `disconnect` and the close
    deliver_while_draining: bool = False  # the field says that nothing arrives on the old socket any more
    bad_ticket_status: int = 401
    missing_token_code: str = "InvalidAuthentication"  # noqa: S105 (an error code)
    ack_without_response: bool = True  # `{"response": null}` is a receipt
    params_place: Literal["inside", "beside"] = "inside"  # of `cardPrivateData` in a click
    click_carries: Literal["both", "ids", "params"] = "both"
    callback_key: Literal["both", "content", "value"] = "both"
    card_value_limit: int = 1024  # bytes of one cardParamMap value; 0 = no limit
    string_values_only: bool = True
    response_for_clicker_only: bool = True
    repush_clicks: bool = False
    dtmd_reaches_robot: bool = False  # a dtmd text posted in a group without a mention
    throttle_code: int = 130101  # custom robot over its limit; the current documentation says 410100
    throttle_block: float = 600.0
    session_counts: bool = True  # sessionWebhook sends count as Webhook & Stream messages
    session_per_minute: int = 0  # 0 = unlimited
    group_per_minute: int = 0
    batch_users: int = 20  # the error table says 100
    published: bool = True  # before: no senderStaffId, no isAdmin
    time_as_text: bool = True
    app_pings: float = 0.0  # seconds between SYSTEM pings; 0 = none


@dataclass
class Group:
    cid: str
    title: str
    members: set[str]
    robot_in: bool = True
    disbanded: bool = False
    internal: bool = True


@dataclass
class Shown:
    """One message as a conversation shows it. `who` is "robot", "custom:…" or a user id."""

    conversation: str
    who: str
    kind: str
    body: Row
    at: float
    effective_at: tuple[str, ...] = ()
    key: str = ""
    recalled: bool = False


@dataclass
class CustomRobot:
    token: str
    group: str
    secret: str = ""
    keywords: tuple[str, ...] = ()
    ip_list: tuple[str, ...] = ()
    disabled: bool = False
    sent: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    uuids: set[str] = field(default_factory=set)


@dataclass
class Quota:
    """Calendar-month counters of the whole organisation. Over the limit there are `grace_days`, then refusals."""

    api_limit: int = 5_000
    message_limit: int = 3_000
    grace_days: float = 5.0
    api: int = 0
    messages: int = 0
    month: str = ""
    over_since: dict[str, float] = field(default_factory=dict)

    def turn(self, now: float) -> None:
        month = (datetime.fromtimestamp(now, UTC) + timedelta(hours=8)).strftime("%Y-%m")
        if month != self.month:
            self.month, self.api, self.messages, self.over_since = month, 0, 0, {}

    def spend(self, pool: Literal["api", "messages"], now: float) -> bool:
        """Count one; False when the pool and its grace are used up."""
        self.turn(now)
        used = getattr(self, pool) + 1
        limit = self.api_limit if pool == "api" else self.message_limit
        if used > limit:
            since = self.over_since.setdefault(pool, now)
            if now - since >= self.grace_days * 86400:
                return False
        setattr(self, pool, used)
        return True


class State:
    """One organisation with one app (its robot included)."""

    def __init__(self, clock: EmulatorClock, client_id: str, client_secret: str, switches: Switches) -> None:
        self.clock, self.switches = clock, switches
        self.client_id, self.client_secret = client_id, client_secret
        self.robot_code = client_id
        self.corp_id = "ding6ccabc44d2c8d38b"
        self.app_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, client_id))
        self.scopes = set(SCOPES)
        self.allowed_ips: set[str] = set()
        self.users: dict[str, str] = {}
        self.groups: dict[str, Group] = {}
        self.custom: dict[str, CustomRobot] = {}
        self.sessions: dict[str, tuple[str, float]] = {}
        self.flow_controlled: set[str] = set()  # people whom `batchSend` passes over this minute, with a yes
        self.media: dict[str, tuple[str, str, bytes]] = {}
        self.downloads: dict[str, tuple[str, bytes, float]] = {}
        self.shown: list[Shown] = []
        self.templates = dict.fromkeys(BUILT_IN_TEMPLATES, "published")
        self.quota = Quota()
        self.qps_limit = 20
        self.tokens: dict[str, float] = {}
        self.violations: list[str] = []
        self._serial = 0
        self._calls: dict[str, deque[float]] = {}

    # --- people and groups ---

    def user(self, user_id: str, nick: str) -> str:
        self.users[user_id] = nick
        return user_id

    def group(self, title: str, *members: str, robot_in: bool = True, internal: bool = True) -> str:
        cid = f"cid{uuid.uuid5(uuid.NAMESPACE_URL, title).hex[:22]}=="
        self.groups[cid] = Group(cid, title, set(members), robot_in, internal=internal)
        return cid

    def custom_robot(self, group: str, *, secret: str = "", keywords: tuple[str, ...] = ()) -> str:
        token = uuid.uuid5(uuid.NAMESPACE_OID, f"{group}{len(self.custom)}").hex * 2
        self.custom[token] = CustomRobot(token, group, secret, keywords)
        return token

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def session(self, conversation: str) -> tuple[str, float]:
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{conversation}{self.serial()}").hex
        self.sessions[name] = (conversation, self.clock.now() + SESSION_LIFE)
        return name, self.sessions[name][1]

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)

    def seen_in(self, conversation: str) -> list[Shown]:
        return [each for each in self.shown if each.conversation == conversation]

    # --- tokens ---

    def token(self) -> str:
        """The same one inside its life, which is extended; a new one after."""
        now = self.clock.now()
        for token, until in self.tokens.items():
            if until > now:
                self.tokens[token] = now + TOKEN_LIFE
                return token
        token = uuid.uuid4().hex
        self.tokens[token] = now + TOKEN_LIFE
        return token

    def kill_tokens(self) -> None:
        """Early death: what was handed out is good no more."""
        self.tokens.clear()

    def alive(self, token: str) -> bool:
        return self.tokens.get(token, 0.0) > self.clock.now()

    # --- the gate of the new API ---

    def admit(self, call: str, token: str, scope: str, remote: str, *, billed: bool = True) -> None:
        """Token, IP, permission, rate, month: in this order. Raises Problem."""
        if not token:
            raise Problem(400, self.switches.missing_token_code, "缺少access_token")
        if not self.alive(token):
            raise Problem(400, "InvalidAuthentication", "不合法的access_token")
        if self.allowed_ips and remote not in self.allowed_ips:
            raise Problem(403, DENIED + "IpNotInWhiteList", f"访问ip不在白名单之中:{remote}")
        if scope and scope not in self.scopes:
            detail = {"requiredScopes": [scope]}
            raise Problem(403, DENIED + "AccessTokenPermissionDenied", f"应用尚未开通所需的权限：[{scope}]", detail)
        now = self.clock.now()
        recent = self._calls.setdefault(call, deque())
        while recent and recent[0] <= now - 1.0:
            recent.popleft()
        if len(recent) >= self.qps_limit:
            raise Problem(403, DENIED + "QpsLimitForAppkeyAndApi", "应用调用该接口的QPS超限")  # not billed
        recent.append(now)
        if billed and not self.quota.spend("api", now):
            raise Problem(403, DENIED + "ApiCountLimitForOrg", "企业本月API调用次数已用尽")

    def snapshot(self) -> Row:
        return {
            "groups": {cid: group.title for cid, group in self.groups.items()},
            "users": self.users,
            "messages": len(self.shown),
            "quota": {"api": self.quota.api, "messages": self.quota.messages},
            "scopes": sorted(self.scopes),
            "violations": self.violations,
        }
