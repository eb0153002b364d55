"""Who may call: client, time stamp, signature, token. Consent hands out tokens and kills the older ones."""

from __future__ import annotations

from dataclasses import dataclass

from emulators.pinduoduo import signing
from emulators.pinduoduo.problems import REFUSALS, Problem
from emulators.pinduoduo.state import Row, State

ACCESS_LIFE = 86400
REFRESH_LIFE = 30 * 86400
CODE_LIFE = 600
OPEN_CALLS = frozenset(
    {"pdd.time.get", "pdd.pop.auth.token.create", "pdd.pop.auth.token.refresh", "pdd.logistics.address.get"}
    | {"pdd.pmc.accrue.query", "pdd.logistics.companies.get"}
)


@dataclass
class Pair:
    access: str
    access_ends: float
    refresh: str
    refresh_ends: float


class Gate:
    def __init__(self, state: State, client_id: str, client_secret: str) -> None:
        self._state = state
        self._client_id, self._client_secret = client_id, client_secret
        self._codes: dict[str, float] = {}
        self._pair: Pair | None = None
        self.allowed_ips: set[str] | None = None

    def consent(self) -> str:
        """The owner agrees at the platform: a code to exchange; older tokens die when it is exchanged."""
        code = f"code-{self._state.serial():08d}"
        self._codes[code] = self._state.clock.now() + CODE_LIFE
        return code

    def withdraw(self) -> None:
        """The owner takes the consent back: no token is good any more."""
        self._pair, self._codes = None, {}

    def expire(self) -> None:
        """The access token's life ends now; the refresh token stays good."""
        if self._pair:
            self._pair.access_ends = self._state.clock.now() - 1

    def check(self, form: dict[str, str], remote: str) -> None:
        if form.get("client_id") != self._client_id:
            raise Problem(*REFUSALS["bad-client"])
        if self.allowed_ips is not None and remote not in self.allowed_ips:
            raise Problem(*REFUSALS["bad-ip"])
        stamp = form.get("timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - self._state.clock.now()) > 600:
            raise Problem(10008, "公共参数错误:timestamp")
        if not signing.same(signing.signature(self._client_secret, form), form.get("sign", "")):
            raise Problem(20004, "签名sign校验失败")
        if form.get("type") in OPEN_CALLS:
            return
        pair = self._pair
        if pair is None or form.get("access_token") != pair.access or self._state.clock.now() >= pair.access_ends:
            raise Problem(*REFUSALS["expired-token"])

    def create(self, form: dict[str, str]) -> Row:
        code = form.get("code", "")
        if self._codes.get(code, 0.0) <= self._state.clock.now():
            raise Problem(10035, "code无效或已过期")
        if self._state.switches.code_once:
            del self._codes[code]
        return self._issue()

    def refresh(self, form: dict[str, str]) -> Row:
        pair = self._pair
        if pair is None or form.get("refresh_token") != pair.refresh or self._state.clock.now() >= pair.refresh_ends:
            raise Problem(10036, "refresh_token无效或已过期")
        return self._issue(refresh="" if self._state.switches.refresh_rotates else pair.refresh)

    def _issue(self, refresh: str = "") -> Row:
        now, serial = self._state.clock.now(), self._state.serial()
        self._pair = Pair(f"access-{serial:08d}", now + ACCESS_LIFE, refresh or f"refresh-{serial:08d}", now + REFRESH_LIFE)
        return {
            "access_token": self._pair.access,
            "expires_in": ACCESS_LIFE,
            "expires_at": int(self._pair.access_ends),
            "refresh_token": self._pair.refresh,
            "refresh_token_expires_in": REFRESH_LIFE,
            "refresh_token_expires_at": int(self._pair.refresh_ends),
            "owner_id": str(self._state.mall_id),
            "owner_name": "pdd1234567890",
            "scope": [],
        }
