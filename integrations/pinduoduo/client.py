"""Signed calls to Pinduoduo's gateway. Answers stay in wire shape; the platform's error table is translated here, once."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.clock import Clock
from domain.errors import DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from integrations._kit.health import Health
from integrations._kit.http import Http
from integrations._kit.pace import Pace
from integrations._kit.tokens import TokenKeeper, Tokens, TokenStore
from integrations.pinduoduo import values, wire
from integrations.pinduoduo.settings import Settings

_PATH = "/api/router"
_TRIES = 3  # calls in all, while the platform says "too fast"
_FIRST_WAIT = 1.0
_LONG = timedelta(days=3650)
_dice = random.SystemRandom()
_PRIVATE = re.compile(r"1[3-9]\d{9}|[~$#][^~$#\s]{6,}[~$#]|\d{17}[\dXx]")


class _TokenRefused(Exception):
    """The platform does not take this token any more; nothing was executed."""


class _Busy(Exception):
    """Nothing happened over there: throttled, or down before a question."""


class PinduoduoClient:
    """Calls for one shop. Raises Rejected, Unavailable, OutcomeUnknown, NeedsAuthorization, ProtocolBroken."""

    def __init__(
        self,
        settings: Settings,
        http: Http,
        *,
        clock: Clock,
        pace: Pace,
        tokens: TokenStore,
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float] = _dice.random,
    ) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._pace = pace
        self._sleep = sleep
        self._jitter = jitter
        self._health = Health("pinduoduo", settings.shop)
        self._offered: set[str] = set()  # tokens and codes of the settings that were tried in this process
        self.tokens = TokenKeeper(
            f"pinduoduo:{settings.client_id}:{settings.mall_id or settings.shop}",
            store=tokens,
            clock=clock,
            create=self._first_tokens,
            refresh=self._refresh_tokens,
        )

    async def call(self, api: str, params: Mapping[str, Any], *, changes: bool = False) -> Mapping[str, Any]:
        """One business call: token, pace, signature, repeats. Gives the object under the reply's key."""
        try:
            answer = await self._authorized(api, params, changes=changes)
        except (Unavailable, OutcomeUnknown, ProtocolBroken, NeedsAuthorization) as problem:
            self._health.failed(problem)
            raise
        except Rejected:
            self._health.answered()
            raise
        self._health.answered()
        return answer

    async def _authorized(self, api: str, params: Mapping[str, Any], *, changes: bool) -> Mapping[str, Any]:
        if api in wire.WITHOUT_TOKEN:
            return await self._patient(api, params, token="", changes=changes)
        token = await self.tokens.access()
        try:
            return await self._patient(api, params, token=token, changes=changes)
        except _TokenRefused:
            token = await self.tokens.renew(token)
        try:
            return await self._patient(api, params, token=token, changes=changes)
        except _TokenRefused as again:
            raise NeedsAuthorization(f"{api}: a renewed token is refused too, the shop has to consent again") from again

    async def _patient(self, api: str, params: Mapping[str, Any], *, token: str, changes: bool) -> Mapping[str, Any]:
        """Wait out throttles with growing, jittered pauses, then give up politely. A throttled change was not executed."""
        wait = _FIRST_WAIT
        for last in (False,) * (_TRIES - 1) + (True,):
            await self._pace.turn()
            try:
                return _reply(api, await self._send(api, params, token=token, changes=changes), changes=changes)
            except _Busy as busy:
                pause = wait * (1 + self._jitter())
                self._pace.hold(pause)
                if last:
                    raise Unavailable(f"{api}: {busy}", retry_after=pause) from busy
                await self._sleep(pause)
                wait *= 2
        raise AssertionError("unreachable")

    async def _send(self, api: str, params: Mapping[str, Any], *, token: str, changes: bool) -> Any:
        form = {name: wire.text(value) for name, value in params.items() if value is not None}
        form |= {
            "type": api,
            "client_id": self._settings.client_id,
            "timestamp": str(int(self._clock.now().timestamp())),
            "data_type": "JSON",
            "version": "V1",
        }
        if token:
            form["access_token"] = token
        form["sign"] = wire.sign(form, self._settings.client_secret)
        return await self._http.call("POST", _PATH, changes=changes, form=form, what=api)

    # --- tokens ---

    async def _first_tokens(self) -> Tokens:
        """What the settings offer: a token pair as pasted, or a code to be exchanged. Each is tried once per process."""
        settings = self._settings
        if settings.access_token and settings.access_token not in self._offered:
            self._offered.add(settings.access_token)
            life = settings.access_expires_at
            ends = self._clock.now() + _LONG if life is None else life if life.tzinfo else life.replace(tzinfo=UTC)
            return Tokens(settings.access_token, ends, settings.refresh_token)
        if settings.refresh_token and settings.refresh_token not in self._offered:
            return await self._spend(wire.TOKEN_REFRESH, "refresh_token", settings.refresh_token)
        if settings.auth_code and settings.auth_code not in self._offered:
            return await self._spend(wire.TOKEN_CREATE, "code", settings.auth_code)
        raise NeedsAuthorization("the shop has to consent again (no usable token left)")

    async def _spend(self, api: str, name: str, secret: str) -> Tokens:
        """Use up a code or refresh token; a lost answer leaves it to be tried again."""
        try:
            fresh = await self._token(api, {name: secret})
        except NeedsAuthorization:
            self._offered.add(secret)
            raise
        self._offered.add(secret)
        return fresh

    async def _refresh_tokens(self, held: Tokens) -> Tokens:
        try:
            return await self._token(wire.TOKEN_REFRESH, {"refresh_token": held.refresh})
        except NeedsAuthorization:
            # A new consent kills the pair that we keep; the owner has then pasted the new one into the settings.
            if self._settings.access_token == held.access:
                self._offered.update({held.access, held.refresh})
            return await self._first_tokens()

    async def _token(self, api: str, params: Mapping[str, str]) -> Tokens:
        asked = self._clock.now()
        try:
            answer = await self._patient(api, params, token="", changes=False)
        except (Rejected, _TokenRefused) as refused:
            raise NeedsAuthorization(f"{api}: refused, the shop has to consent again") from refused
        life, access = answer.get("expires_in"), answer.get("access_token")
        if not isinstance(access, str) or not access or isinstance(life, bool) or not isinstance(life, int | str):
            raise ProtocolBroken(f"{api}: no token in the answer")
        try:
            ends = asked + timedelta(seconds=int(life))
        except (ValueError, OverflowError) as broken:
            raise ProtocolBroken(f"{api}: no life time in the answer") from broken
        owner = values.ident(answer, "owner_id")
        if self._settings.mall_id and owner and owner != self._settings.mall_id:
            raise NeedsAuthorization("the consent belongs to another shop than mall_id says")
        return Tokens(access, ends, str(answer.get("refresh_token") or params.get("refresh_token", "")))

    def now(self) -> datetime:
        """The clock's time, for receipts."""
        return self._clock.now()

    async def aclose(self) -> None:
        await self._http.aclose()


def _reply(api: str, answer: Any, *, changes: bool) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise _doubt(f"{api}: not an object", changes=changes)
    error = answer.get("error_response")
    if error is not None:
        raise _problem(api, error, changes=changes)
    key = wire.REPLY[api]
    data = answer.get(key)
    if data is None and api == wire.REFUND_DETAIL and "order_sn" in answer:
        return answer  # the catalogue shows this one without an envelope
    if not isinstance(data, dict):
        raise _doubt(f"{api}: no {key}", changes=changes)
    return data


def _problem(api: str, error: Any, *, changes: bool) -> Exception:
    """The platform's error table, by what the caller should do."""
    if not isinstance(error, dict):
        return _doubt(f"{api}: unreadable refusal", changes=changes)
    code = str(error.get("error_code", ""))
    if code == wire.TOKEN_EXPIRED:
        return _TokenRefused(code)
    if code in wire.THROTTLED:
        return _Busy(f"too fast ({code})")
    if code in wire.DOWN:
        return OutcomeUnknown(f"{api}: {code}") if changes else _Busy(f"platform fault {code}")
    if code in wire.WHO_MUST_ACT:
        return NeedsAuthorization(f"{api}: {wire.WHO_MUST_ACT[code]}")
    if not code.isdecimal():
        return _doubt(f"{api}: refusal without a code", changes=changes)
    return Rejected(str(error.get("sub_code") or code)[:40], reason(error))


def reason(error: Mapping[str, Any], *names: str) -> str:
    """The platform's own words for staff: one line, no numbers that lead to a person."""
    for name in names or ("sub_msg", "error_msg"):
        if told := values.words(error, name, 200):
            return _PRIVATE.sub("***", told)
    return "平台没有说明原因"


def _doubt(what: str, *, changes: bool) -> DeskError:
    return OutcomeUnknown(what) if changes else ProtocolBroken(what)
