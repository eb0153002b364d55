"""The emulated service as an ASGI app. `/_emulator/…` is the tester's side door.

Calls by name: "query", "subscribe". Faults: 500 · garbage · cut · no-data · drop-before · drop-after-commit · busy · sign ·
expired-key · server · refused (701)

GET  /_emulator/state · GET|DELETE /_emulator/journal · POST|DELETE /_emulator/faults · GET|POST /_emulator/clock
POST /_emulator/parcel {"num", "com", "story", "phone"?, "start"?, "named"?} · POST /_emulator/push {} (deliver now)
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from emulators.kit import Dropped, EmulatorClock, Faults, Journal
from emulators.kuaidi100.pushes import Pushes
from emulators.kuaidi100.state import (
    COMPANIES,
    GUARD,
    NEEDS_PHONE,
    STORIES,
    Parcel,
    Row,
    State,
    Step,
    Subscription,
    Switches,
)

CUSTOMER, KEY = "EMULATEDCUSTOMER", "emulatedkey00"
_REFUSALS = {
    "busy": ("502", "服务器繁忙"),
    "sign": ("503", "验证签名失败"),
    "expired-key": ("601", "POLL:KEY已过期"),
    "server": ("501", "服务器错误"),
    "refused": ("701", "拒绝订阅的快递公司"),
}


class Kuaidi100Emulator:
    """One emulated account. Mount it as an ASGI app; served on a socket, pushes leave by themselves."""

    def __init__(
        self,
        *,
        customer: str = CUSTOMER,
        key: str = KEY,
        clock: EmulatorClock | None = None,
        switches: Switches | None = None,
    ) -> None:
        self.customer, self.key = customer, key
        self.clock = clock or EmulatorClock()
        self.journal, self.faults = Journal(), Faults()
        self.switches = switches or Switches()
        self.state = State(self.clock, self.switches)
        self.pushes = Pushes(self.state, self.journal)
        routes = [
            Route("/poll/query.do", self._query, methods=["POST"]),
            Route("/poll", self._subscribe, methods=["POST"]),
            Route("/_emulator/{what}", self._side_door, methods=["GET", "POST", "DELETE"]),
        ]
        self._asgi = Starlette(routes=routes, lifespan=self._lifespan)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._asgi(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(self.pushes.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def hand_in(
        self,
        num: str = "",
        com: str = "yuantong",
        *,
        story: str | list[Step] = "delivered",
        start: float | None = None,
        phone: str = "",
        named: str = "",
    ) -> str:
        """A parcel begins its way; gives its number. `named`: the carrier it was wrongly handed in under."""
        num = num or f"YT{self.state.serial():013d}"
        steps = (
            STORIES[story]
            if isinstance(story, str)
            else [(float(after), code, words, area) for after, code, words, area in story]
        )
        self.state.parcels[num] = Parcel(num, com, steps, self.clock.now() if start is None else start, phone, named)
        return num

    # --- calls ---

    async def _query(self, request: Request) -> Response:
        form = await _form(request)
        try:
            param = json.loads(form.get("param", ""))
        except ValueError:
            param = None
        return self._serve("query", param, lambda: self._asked(form, param))

    def _asked(self, form: Row, param: Any) -> tuple[Row, str]:
        wanted = hashlib.md5(b"".join(part.encode() for part in (form.get("param", ""), self.key, form.get("customer", ""))))
        if not isinstance(param, dict) or not param.get("com") or not param.get("num"):
            return _failed("400", "找不到对应公司或数据不完整"), ""
        if form.get("customer") != self.customer or form.get("sign") != wanted.hexdigest().upper():
            return _failed("503", "验证签名失败"), ""
        parcel = self.state.parcels.get(str(param["num"]))
        if parcel is None:
            return _failed("500", "查询无结果，请隔段时间再查"), ""
        if parcel.locked:
            return _failed("400", "该单号查询过于频繁，已被锁定"), ""
        now = self.clock.now()
        recent = [at for at in parcel.asked if at > now - GUARD]
        if len(recent) > self.switches.lock_after - 1 and recent:
            parcel.locked = True
            return _failed("400", "该单号查询过于频繁，已被锁定"), "locked"
        bad_phone = parcel.com in NEEDS_PHONE and param.get("phone", "")[-4:] != (
            parcel.phone or param.get("phone", "")[-4:]
        )
        if parcel.com in NEEDS_PHONE and (bad_phone or not param.get("phone")):
            if self.switches.refusals_count:
                parcel.asked.append(now)
            return _failed("408", "快递公司参数异常：验证码错误"), ""
        parcel.asked.append(now)
        if (parcel.named and param["com"] == parcel.named) or param["com"] != parcel.com or not self.state.history(parcel):
            return _failed("500", "查询无结果，请隔段时间再查"), ""
        return self.state.result(parcel), ""

    async def _subscribe(self, request: Request) -> Response:
        form = await _form(request)
        try:
            param = json.loads(form.get("param", ""))
        except ValueError:
            param = None
        told = {name: value for name, value in param.items() if name != "key"} if isinstance(param, dict) else None
        return self._serve("subscribe", told, lambda: self._subscribed(form, param))

    def _subscribed(self, form: Row, param: Any) -> tuple[Row, str]:
        if form.get("schema") != "json" or not isinstance(param, dict) or not isinstance(param.get("parameters"), dict):
            return _failed("700", "订阅方的订阅数据存在错误"), ""
        if param.get("key") != self.key:
            return _failed("600", "您不是合法的订阅者（即授权Key出错）"), ""
        asked, number = param["parameters"], str(param.get("number", ""))
        if not str(asked.get("callbackurl", "")).startswith(("http://", "https://")) or len(str(asked.get("salt", ""))) > 32:
            return _failed("700", "订阅方的回调地址错误"), ""
        if param.get("company") not in COMPANIES:
            return _failed("701", "拒绝订阅的快递公司"), ""
        if not re.fullmatch(r"[A-Za-z0-9-]{6,32}", number):
            return _failed("702", "单号不符合规则"), ""
        held = self.state.subscriptions.get(number)
        if held is not None and not held.ended:
            return _failed("501", "重复订阅"), ""
        if held is not None and held.ended == "abort" and self.clock.now() < held.ended_at + GUARD:
            return _failed("700", "该单号刚被中止，请半小时后再订阅"), ""
        salt = str(asked.get("salt", ""))
        subscription = Subscription(number, str(param["company"]), str(asked["callbackurl"]), salt, self.clock.now())
        self.state.subscriptions[number] = subscription
        return {"result": True, "returnCode": "200", "message": "提交成功"}, f"subscribed {number}"

    def _serve(self, call: str, asked: Any, work: Any) -> Response:
        fault = self.faults.take(call)
        now = self.clock.now()
        if fault in ("drop-before", "500"):
            self.journal.note(now, call, asked, fault)
            return _Hangup() if fault == "drop-before" else Response("upstream error", 500)
        if fault in _REFUSALS:
            answer, effect = _failed(*_REFUSALS[fault]), ""
        else:
            answer, effect = work()
        if fault == "no-data":
            answer = {"status": "200", "message": "ok"}
        self.journal.note(now, call, asked, answer, effect)
        if fault == "drop-after-commit":
            return _Hangup()
        body = b"<html>502 Bad Gateway</html>" if fault == "garbage" else json.dumps(answer, ensure_ascii=False).encode()
        return Response(body[: len(body) // 2] if fault == "cut" else body, media_type="application/json")

    # --- side door ---

    async def _side_door(self, request: Request) -> Response:
        what, method = request.path_params["what"], request.method
        asked = json.loads(await request.body() or b"{}")
        if what == "journal":
            if method == "DELETE":
                self.journal.entries.clear()
            return JSONResponse([dataclasses.asdict(entry) for entry in self.journal.entries])
        if what == "state":
            parcels = {num: dataclasses.asdict(parcel) for num, parcel in self.state.parcels.items()}
            subscribed = {num: dataclasses.asdict(each) for num, each in self.state.subscriptions.items()}
            return JSONResponse({"parcels": parcels, "subscriptions": subscribed})
        if what == "clock":
            self.clock.move(float(asked.get("move", 0)))
            return JSONResponse({"now": self.clock.now()})
        if what == "faults":
            self._plan(method, asked)
            return JSONResponse({"once": self.faults.once, "always": self.faults.always})
        if what == "parcel" and method == "POST":
            try:
                return JSONResponse({"result": self.hand_in(**asked)})
            except (TypeError, KeyError, ValueError) as problem:
                return JSONResponse({"error": str(problem)}, 400)
        if what == "push" and method == "POST":
            return JSONResponse({"acknowledged": await self.pushes.deliver()})
        return JSONResponse({"error": f"no {what}"}, 404)

    def _plan(self, method: str, asked: Row) -> None:
        if method == "DELETE":
            self.faults.once.clear()
            self.faults.always.clear()
        elif asked.get("always"):
            self.faults.always[str(asked.get("call", "*"))] = str(asked["fault"])
        elif "fault" in asked:
            self.faults.plan(str(asked["fault"]), str(asked.get("call", "*")), int(asked.get("times", 1)))


async def _form(request: Request) -> Row:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _failed(code: str, words: str) -> Row:
    return {"result": False, "returnCode": code, "message": words}


class _Hangup(Response):
    """Begins an answer and hangs up: over a socket the peer sees a cut connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b'{"x":', "more_body": True})
        raise Dropped("hung up")
