"""Who may call: signature, clock, token, consent, address, rate. Order of checks as the platform's error table implies."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from emulators.douyin import problems
from emulators.douyin.signing import call_signature
from emulators.douyin.state import DAY, Grant, State

TOLERANCE = 600  # seconds between the caller's clock and ours
ACCESS_LIFE = 7 * DAY
REFRESH_LIFE = 14 * DAY


@dataclass
class Gate:
    state: State
    app_key: str
    secret: str
    allowed_ips: set[str] = field(default_factory=set)  # empty: everybody
    per_second: int = 0  # 0: no throttle
    old_token_replies: bool = False  # {err_no, data, message} as older clients know it
    codes: set[str] = field(default_factory=set)  # authorization codes not used yet
    _calls: deque[float] = field(default_factory=deque)

    def check(self, query: dict[str, str], method: str, body: bytes, remote: str) -> None:
        """The caller is our app and in time. Raises Problem."""
        if query.get("app_key") != self.app_key or query.get("method") != method or query.get("v") != "2":
            raise problems.bad_parameter("app_key、method 或 v 不正确")
        timestamp, how = query.get("timestamp", ""), query.get("sign_method", "md5")
        right = call_signature(self.secret, self.app_key, method, body, timestamp, query["v"], how)
        if not hmac.compare_digest(query.get("sign", "").encode(), right.encode()):
            raise problems.bad_signature()
        if not timestamp.isdecimal() or abs(int(timestamp) - self.state.clock.now()) > TOLERANCE:
            raise problems.bad_timestamp()
        if self.allowed_ips and remote not in self.allowed_ips:
            raise problems.bad_ip()
        self._throttle()

    def shop(self, token: str) -> int:
        """Whose data this token opens. Raises Problem."""
        grant = next((grant for grant in self.state.grants if grant.access == token), None)
        if not token or grant is None:
            raise problems.bad_token("no-existed")
        if grant.dead:
            raise problems.bad_token("invalid")
        if grant.expires_at <= self.state.clock.now():
            raise problems.bad_token("expired")
        if not self.state.shops[grant.shop_id].consent:
            raise problems.consent_withdrawn()
        return grant.shop_id

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("grant_type") == "authorization_code":
            if params.get("code") not in self.codes:
                raise problems.token_failed("code-invalid")
            self.codes.discard(str(params["code"]))
            return self._grant(next(iter(self.state.shops)))
        if params.get("grant_type") != "authorization_self" or not str(params.get("shop_id", "")).isdecimal():
            raise problems.bad_parameter("grant_type 不支持")
        return self._grant(int(params["shop_id"]))

    def refresh(self, params: dict[str, Any]) -> dict[str, Any]:
        told = params.get("refresh_token")
        grant = next((grant for grant in self.state.grants if grant.refresh == told and not grant.dead), None)
        if grant is None or grant.refresh_expires_at <= self.state.clock.now():
            raise problems.token_failed("refresh-token-invalid")
        grant.dead = True  # the old pair dies with its successor's birth
        return self._grant(grant.shop_id)

    def expire(self) -> None:
        """Every access token given out so far is over; refresh tokens live on."""
        for grant in self.state.grants:
            grant.expires_at = min(grant.expires_at, self.state.clock.now())

    def _grant(self, shop_id: int) -> dict[str, Any]:
        shop = self.state.shops.get(shop_id)
        if shop is None or not shop.consent:
            raise problems.token_failed("authorization-no-existed")
        now = self.state.clock.now()
        grant = Grant(
            shop_id, f"act.{secrets.token_hex(12)}", f"rft.{secrets.token_hex(12)}", now + ACCESS_LIFE, now + REFRESH_LIFE
        )
        self.state.grants.append(grant)
        return {
            "access_token": grant.access,
            "refresh_token": grant.refresh,
            "expires_in": ACCESS_LIFE,
            "scope": "SCOPE",
            "shop_id": shop_id,
            "shop_name": shop.name,
        }

    def _throttle(self) -> None:
        if not self.per_second:
            return
        now = self.state.clock.now()
        while self._calls and self._calls[0] <= now - 1:
            self._calls.popleft()
        if len(self._calls) >= self.per_second:
            raise problems.throttled()
        self._calls.append(now)
