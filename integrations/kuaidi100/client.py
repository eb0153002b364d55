"""Calls to kuaidi100, and its answer codes in our words."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.errors import DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from integrations._kit.health import Health
from integrations._kit.http import Http
from integrations._kit.pace import Pace
from integrations.kuaidi100 import wire
from integrations.kuaidi100.settings import Settings

_TRIES = 3
_dice = random.SystemRandom()
_PRIVATE = re.compile(r"1[3-9]\d{9}")


class _Busy(Exception):
    """Too fast, or down for a moment: nothing happened."""


class Kuaidi100Client:
    """Raises Rejected, Unavailable, OutcomeUnknown, NeedsAuthorization, ProtocolBroken."""

    def __init__(
        self,
        settings: Settings,
        http: Http,
        *,
        queries: Pace,
        subscriptions: Pace,
        sleep: Callable[[float], Awaitable[None]],
        jitter: Callable[[], float] = _dice.random,
    ) -> None:
        self._settings = settings
        self._http = http
        self._queries = queries
        self._subscriptions = subscriptions
        self._sleep = sleep
        self._jitter = jitter
        self._health = Health("kuaidi100")

    async def query(self, waybill: str, company: str, phone: str) -> Mapping[str, Any] | None:
        """A parcel's history now; None while the carrier has nothing."""
        param = wire.compact({"com": company, "num": waybill, "phone": phone, "resultv2": "4", "show": "0", "order": "desc"})
        form = {
            "customer": self._settings.customer,
            "param": param,
            "sign": wire.query_sign(param, self._settings.key, self._settings.customer),
        }
        answer = await self._call("/poll/query.do", form, self._queries, changes=False)
        code = str(answer.get("returnCode") or answer.get("status") or "")
        if answer.get("result") is not False and code == "200":
            return answer
        if code == "500":
            return None
        raise _problem("query", code, answer)

    async def subscribe(self, waybill: str, company: str, phone: str, *, callback_url: str, salt: str) -> None:
        """Ask for pushes. "Subscribed already" is success, which also makes a repeat harmless."""
        parameters = {"callbackurl": callback_url, "salt": salt, "resultv2": "4", "autoCom": "0", "interCom": "0"}
        if phone:
            parameters["phone"] = phone
        param = {"company": company, "number": waybill, "key": self._settings.key, "parameters": parameters}
        form = {"schema": "json", "param": wire.compact(param)}
        answer = await self._call("/poll", form, self._subscriptions, changes=True)
        code = str(answer.get("returnCode") or "")
        if code not in ("200", "501"):
            raise _problem("subscribe", code, answer)

    async def _call(self, path: str, form: Mapping[str, str], pace: Pace, *, changes: bool) -> dict[str, Any]:
        wait = 1.0
        try:
            for last in (False,) * (_TRIES - 1) + (True,):
                await pace.turn()
                try:
                    answer = await self._once(path, form, changes=changes)
                    break
                except _Busy as busy:
                    pause = wait * (1 + self._jitter())
                    pace.hold(pause)
                    if last:
                        raise Unavailable(f"{path}: {busy}", retry_after=pause) from busy
                    await self._sleep(pause)
                    wait *= 2
        except (Unavailable, OutcomeUnknown, ProtocolBroken, NeedsAuthorization) as problem:
            self._health.failed(problem)
            raise
        self._health.answered()
        return answer

    async def _once(self, path: str, form: Mapping[str, str], *, changes: bool) -> dict[str, Any]:
        answer = await self._http.call("POST", path, changes=changes, form=form, what=f"kuaidi100{path}")
        if not isinstance(answer, dict) or not (answer.get("returnCode") or answer.get("status")):
            what = f"kuaidi100{path}: no code in the answer"
            raise OutcomeUnknown(what) if changes else ProtocolBroken(what)
        if str(answer.get("returnCode")) == "502":
            raise _Busy("busy (502)")
        if str(answer.get("returnCode")) in ("503", "600", "601"):
            raise NeedsAuthorization(f"kuaidi100{path}: {_WHO_MUST_ACT[str(answer['returnCode'])]}")
        return answer

    def broken(self, problem: Exception) -> ProtocolBroken:
        """An answer whose inside cannot be read."""
        return ProtocolBroken(f"kuaidi100/poll/query.do: {problem}")

    async def aclose(self) -> None:
        await self._http.aclose()


_WHO_MUST_ACT = {
    "503": "signature refused (503): customer or key is wrong",
    "600": "this key may not subscribe (600)",
    "601": "the key has expired or has no calls left (601)",
}


def _problem(what: str, code: str, answer: Mapping[str, Any]) -> DeskError:
    if code in ("500", "501"):
        return Unavailable(f"{what}: server error ({code})", retry_after=60.0)
    if not code.isdecimal():
        return ProtocolBroken(f"{what}: no code")
    told = answer.get("message")
    words = _PRIVATE.sub("***", " ".join(told.split()))[:120] if isinstance(told, str) else ""
    return Rejected(code, words or "快递100没有说明原因")
