"""Signed calls to the open platform. One method per endpoint; answers stay in wire shape.

The error table of the platform is translated here, once: what may be repeated is repeated (an expired token, a wrong clock,
a throttle, a platform fault on a read), everything else becomes one of `domain.errors`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from domain.clock import Clock
from domain.errors import DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from integrations._kit.health import Health
from integrations._kit.http import Http
from integrations._kit.pace import Pace
from integrations._kit.tokens import TokenKeeper, Tokens, TokenStore
from integrations.douyin import wire
from integrations.douyin.settings import Settings

_TRIES = 3  # calls in all, while the platform says "too fast" or "my fault"
_FIRST_WAIT = 1.0
_dice = random.SystemRandom()
_PRIVATE = re.compile(r"1[3-9]\d{9}|\$+[^$\s]{6,}\$+|#+[^#\s]{6,}#+|\d{17}[\dXx]")


class _TokenRefused(Exception):
    """The platform does not take this token any more."""


class _ClockRefused(Exception):
    """The platform finds our time stamp wrong."""


class _Busy(Exception):
    """Nothing happened over there: throttled, or a fault of the platform on a read."""


class DouyinClient:
    """Calls for one shop. Raises Rejected, Unavailable, OutcomeUnknown, NeedsAuthorization, ProtocolBroken."""

    def __init__(
        self,
        settings: Settings,
        http: Http,
        *,
        clock: Clock,
        pace: Pace,
        tokens: TokenStore,
        jitter: Callable[[], float] = _dice.random,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._pace = pace
        self._jitter = jitter
        self._skew = timedelta(0)
        self._health = Health("douyin", settings.shop)
        self.tokens = TokenKeeper(
            f"douyin:{settings.shop_id}", store=tokens, clock=clock, create=self._create_token, refresh=self._refresh_token
        )

    async def call(self, method: str, params: dict[str, Any], *, changes: bool = False) -> dict[str, Any]:
        """One business call: token, signature, repeats. Gives `data`."""
        try:
            data = await self._authorized(method, params, changes=changes)
        except (Unavailable, OutcomeUnknown, ProtocolBroken, NeedsAuthorization) as problem:
            self._health.failed(problem)
            raise
        except Rejected:
            self._health.answered()
            raise
        self._health.answered()
        return data

    async def _authorized(self, method: str, params: dict[str, Any], *, changes: bool) -> dict[str, Any]:
        token = await self.tokens.access()
        try:
            return await self._patient(method, params, token=token, changes=changes)
        except _TokenRefused:
            token = await self.tokens.renew(token)
        try:
            return await self._patient(method, params, token=token, changes=changes)
        except _TokenRefused as again:
            raise NeedsAuthorization(f"{method}: a fresh token is refused too") from again

    async def _patient(self, method: str, params: dict[str, Any], *, token: str, changes: bool) -> dict[str, Any]:
        """Wait out throttles and platform faults with growing, jittered pauses; then give up politely."""
        wait = _FIRST_WAIT
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                return await self._timely(method, params, token=token, changes=changes)
            except _Busy as busy:
                pause = wait * (1 + self._jitter())
                self._pace.hold(pause)  # the next call of anybody waits; so does our next try
                if last:
                    raise Unavailable(f"{method}: {busy}", retry_after=pause) from busy
                wait *= 2
        raise AssertionError("unreachable")

    async def _timely(self, method: str, params: dict[str, Any], *, token: str, changes: bool) -> dict[str, Any]:
        try:
            return await self._once(method, params, token=token, changes=changes)
        except _ClockRefused as refused:
            if self._http.server_time is None:
                raise Unavailable(f"{method}: clock refused, no time to set it by") from refused
            self._skew = self._http.server_time - self._clock.now()
        try:
            return await self._once(method, params, token=token, changes=changes)
        except _ClockRefused as again:
            raise Unavailable(f"{method}: clock refused twice") from again

    async def _once(self, method: str, params: dict[str, Any], *, token: str, changes: bool) -> dict[str, Any]:
        await self._pace.turn()
        answer = await self._send(method, params, token=token, changes=changes)
        return _data(method, answer, changes=changes)

    async def _send(self, method: str, params: dict[str, Any], *, token: str, changes: bool) -> Any:
        body = wire.param_json(params)
        timestamp = str(int((self._clock.now() + self._skew).timestamp()))
        settings = self._settings
        signature = wire.sign(
            settings.app_secret,
            app_key=settings.app_key,
            method=method,
            body=body,
            timestamp=timestamp,
            sign_method=settings.sign_method,
        )
        query = {"app_key": settings.app_key, "method": method, "timestamp": timestamp, "v": "2"}
        query |= {"sign_method": settings.sign_method, "sign": signature}
        if token:
            query["access_token"] = token
        return await self._http.call(
            "POST",
            "/" + method.replace(".", "/"),
            changes=changes,
            params=query,
            body=body.encode(),
            headers={"content-type": "application/json", "x-open-no-old-err-code": "1"},
            what=method,
        )

    # --- tokens ---

    async def _create_token(self) -> Tokens:
        settings = self._settings
        params = {"code": settings.auth_code, "grant_type": "authorization_code"}
        if not settings.auth_code:
            params = {"code": "", "grant_type": "authorization_self", "shop_id": settings.shop_id}
        if settings.test_shop:
            params["test_shop"] = "1"
        return await self._token("token.create", params)

    async def _refresh_token(self, held: Tokens) -> Tokens:
        try:
            return await self._token("token.refresh", {"grant_type": "refresh_token", "refresh_token": held.refresh})
        except NeedsAuthorization:
            # A shop's own app may ask for a new token at any time; a market app needs the owner's consent again.
            if self._settings.auth_code:
                raise
            return await self._create_token()

    async def _token(self, method: str, params: dict[str, Any]) -> Tokens:
        asked = self._clock.now()
        try:
            data = await self._patient(method, params, token="", changes=False)
        except _TokenRefused as refused:
            raise NeedsAuthorization(method) from refused
        try:
            life = int(data["expires_in"])
            return Tokens(str(data["access_token"]), asked + timedelta(seconds=life), str(data["refresh_token"]))
        except (KeyError, TypeError, ValueError) as broken:
            raise ProtocolBroken(f"{method}: no token in the answer") from broken

    async def aclose(self) -> None:
        await self._http.aclose()


def _data(method: str, answer: Any, *, changes: bool) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise _doubt(f"{method}: not an object", changes=changes)
    code = answer.get("code")
    if code is None and "err_no" in answer:  # older clients still get {err_no, message, data} from the token calls
        code = wire.OK if answer["err_no"] == 0 else answer["err_no"]
    if code != wire.OK:
        raise _problem(method, code, answer, changes=changes)
    data = answer.get("data")
    if data is None and changes:
        return {}  # several changing calls succeed without data
    if not isinstance(data, dict):
        raise _doubt(f"{method}: no data", changes=changes)
    return data


def _problem(method: str, code: Any, answer: dict[str, Any], *, changes: bool) -> Exception:
    """The platform's error table, by what the caller should do."""
    sub, words = str(answer.get("sub_code") or ""), _words(answer)
    if not isinstance(code, int):
        return _doubt(f"{method}: no code", changes=changes)
    if code == wire.THROTTLED:
        return _Busy("too fast")
    if code in wire.PLATFORM_FAULTS:
        # On a change nobody knows how far the platform came.
        return OutcomeUnknown(f"{method}: {code}") if changes else _Busy(f"platform fault {code}")
    if code in (wire.NO_ACCESS, wire.BAD_IP, wire.RISK_CONTROL) or sub.startswith("dop.token-generate-failed"):
        return NeedsAuthorization(f"{method}: {code} {sub}".rstrip())
    if sub in wire.TOKEN_TROUBLE:
        return _TokenRefused(sub)
    if sub == wire.CLOCK_TROUBLE:
        return _ClockRefused(sub)
    if sub == wire.BAD_SIGNATURE:
        return NeedsAuthorization(f"{method}: signature refused, check the app secret")
    if code == wire.WITHDRAWN:
        return ProtocolBroken(f"{method}: the platform has withdrawn this call")
    if code == wire.TOKEN_FAILED:
        return NeedsAuthorization(f"{method}: {sub or code}")
    return Rejected(sub.removeprefix("isv.business-failed:") or str(code), words)


def _words(answer: dict[str, Any]) -> str:
    """The platform's reason for staff: one line, no numbers that identify a person."""
    told = next((str(answer[key]) for key in ("sub_msg", "msg", "message") if answer.get(key)), "平台没有说明原因")
    return _PRIVATE.sub("***", " ".join(told.split()))[:200]


def _doubt(what: str, *, changes: bool) -> DeskError:
    return OutcomeUnknown(what) if changes else ProtocolBroken(what)
