"""What the rest of the program sees of kuaidi100: ask for a parcel's history, subscribe to it, receive it."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from domain.clock import Clock
from domain.errors import BadInput, Forged, Rejected, Unavailable
from domain.order import Track
from domain.ports import Change, PushEvent, PushReceipt, RawRequest
from integrations.kuaidi100 import mapping, wire
from integrations.kuaidi100.client import Kuaidi100Client
from integrations.kuaidi100.mapping import Unmappable
from integrations.kuaidi100.memory import Known, Memory
from integrations.kuaidi100.settings import Settings

_AFTER_END = timedelta(minutes=30)
"""A subscription that was given up may be made again only after this."""


class Kuaidi100:
    """QueriesTracks, SubscribesTracks, ReceivesPushes."""

    def __init__(self, settings: Settings, calls: Kuaidi100Client, *, clock: Clock) -> None:
        self._settings = settings
        self._calls = calls
        self._clock = clock
        self._memory = Memory(settings.remember)

    # --- asking ---

    async def track(self, waybill: str, carrier: str, *, phone_tail: str = "") -> Track | None:
        """As `QueriesTracks.track`. Within the guard time the last answer is given again; its `fetched_at` tells its age.

        Raises Rejected ("408": the phone's last four digits do not fit), Unavailable with `retry_after` when the number was
        asked for a short while ago and no answer came.
        """
        known = self._memory.of(waybill)
        async with known.lock:
            wait = self._wait(known, phone_tail)
            if wait > 0:
                if known.answered:
                    return known.track
                if known.phone_refused is not None:
                    raise _phone_refused()
                raise Unavailable(f"track: asked {waybill[-4:]} a short while ago without an answer", retry_after=wait)
            return await self._ask(known, waybill, carrier, phone_tail)

    def _wait(self, known: Known, phone_tail: str) -> float:
        if known.asked_at is None:
            return 0.0
        if known.phone_refused not in (None, phone_tail) and self._settings.ask_again_with_phone:
            return 0.0
        due = known.asked_at + timedelta(minutes=self._settings.guard_minutes)
        return (due - self._clock.now()).total_seconds()

    async def _ask(self, known: Known, waybill: str, carrier: str, phone_tail: str) -> Track | None:
        before = known.asked_at
        known.asked_at = self._clock.now()  # before the call: a lost answer was asked for all the same
        try:
            answer = await self._calls.query(waybill, wire.theirs(carrier), phone_tail)
        except Rejected as refused:
            if refused.code == "408":
                known.phone_refused = phone_tail
                raise _phone_refused() from refused
            raise
        except Unavailable as lost:
            if str(lost).endswith("no connection"):  # the kit's words for: nothing has left the house
                known.asked_at = before
            raise
        known.phone_refused = None
        if answer is not None:
            known.track = self._read(answer)
        known.answered = True
        return known.track

    def _read(self, answer: wire.Row) -> Track:
        try:
            return mapping.to_track(answer, now=self._clock.now())
        except Unmappable as problem:
            raise self._calls.broken(problem) from problem

    # --- subscribing ---

    async def subscribe(self, waybill: str, carrier: str, *, phone_tail: str = "", callback_url: str, salt: str) -> None:
        """As `SubscribesTracks.subscribe`. Empty `callback_url` and `salt` mean those of the settings.

        Raises BadInput for a salt that `receive` could not verify, Rejected for a number or carrier that kuaidi100 refuses.
        """
        if salt and salt not in self._settings.salts:
            raise BadInput("推送签名用的 salt 要和快递100设置里的一致")
        url = callback_url or self._settings.callback_url
        if not url:
            raise BadInput("订阅快递推送要先设好回调地址 callback_url")
        ended = self._memory.of(waybill).ended_at
        if ended is not None and self._clock.now() < ended + _AFTER_END:
            left = (ended + _AFTER_END - self._clock.now()).total_seconds()
            raise Unavailable("subscribe: given up a short while ago", retry_after=left)
        await self._calls.subscribe(
            waybill, wire.theirs(carrier), phone_tail, callback_url=url, salt=salt or self._settings.salt
        )

    # --- being told ---

    def receive(self, request: RawRequest) -> PushReceipt:
        """As `ReceivesPushes.receive`: a form with `param` and its `sign`. One push is one event with the whole history."""
        try:
            form = dict(parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=20))
        except ValueError as broken:
            raise Forged("kuaidi100: not a form") from broken
        param, sign = form.get("param", ""), form.get("sign", "")
        good = [hmac.compare_digest(wire.push_sign(param, salt).encode(), sign.encode()) for salt in self._settings.salts]
        if not param or not any(good):
            raise Forged("kuaidi100: signature")
        push = _object(param)
        if push is None or not isinstance(push.get("lastResult"), dict) or not isinstance(push.get("status"), str):
            raise BadInput("快递100推送的内容和文档不一样，没有收下")
        mark = hashlib.sha256(param.encode()).hexdigest()[:32]
        event = PushEvent(kind=f"track.{push['status'][:20]}", dedupe=mark, body=param)
        return PushReceipt((event,), 200, wire.ACKNOWLEDGEMENT)

    async def resolve(self, event: PushEvent) -> tuple[Change, ...]:
        """As `ReceivesPushes.resolve`; needs no network, a push is complete."""
        push = _object(event.body) or {}
        try:
            track = mapping.to_pushed_track(push, now=self._clock.now())
        except Unmappable as problem:
            return (mapping.poison(push, problem),)
        known = self._memory.of(track.waybill)
        if track.events:
            known.track, known.answered = track, True
        if push.get("status") == "abort":
            known.ended_at = self._clock.now()
        return (track,)

    async def aclose(self) -> None:
        await self._calls.aclose()


def canonical(kind: str, payload: Any, *, shop: str, now: datetime) -> list[Change | PushEvent]:
    """A saved answer (`track`) or push (`push`: the form, its `param`, or a list of them) in our words, without network.

    An answer that says "no result" gives an empty list. Raises BadInput when it is not kuaidi100's.
    """
    del shop  # parcels belong to no shop
    found: list[Change | PushEvent] = []
    for record in payload if isinstance(payload, list) else [payload]:
        if isinstance(record, dict) and isinstance(record.get("param"), str | dict):
            record = record["param"] if isinstance(record["param"], dict) else _object(record["param"])
        if not isinstance(record, dict) or kind not in ("track", "push"):
            raise BadInput("这不是快递100的查询结果或推送，可以用 track、push。")
        pushed = "lastResult" in record
        if not pushed and record.get("result") is False and str(record.get("returnCode")) == "500":
            continue
        if not pushed and "nu" not in record:
            raise BadInput("这里面没有看懂的快递100数据，要有 lastResult 或 nu。")
        try:
            found.append(mapping.to_pushed_track(record, now=now) if pushed else mapping.to_track(record, now=now))
        except Unmappable as problem:
            found.append(mapping.poison(record, problem))
    return found


def _object(text: str) -> dict[str, Any] | None:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _phone_refused() -> Rejected:
    return Rejected("408", "这个快递要核对收件人或寄件人手机号后四位，现在的号码对不上，请换一个后四位再查")
