"""HTTP mode: robot messages, presses and sealed events that come to `/chat/dingtalk`. Verified, decoded, nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import structlog

from domain.clock import millis
from domain.errors import BadInput, Forged
from domain.ports import RawRequest
from integrations.dingtalk import wire
from integrations.dingtalk.settings import Settings

_log = structlog.get_logger("integrations.dingtalk")
Row = dict[str, Any]
ROBOT_SKEW = timedelta(hours=1)  # documented
CARD_SKEW = timedelta(minutes=5)  # ours: that signature covers nothing but the time
EVENT_SKEW = timedelta(hours=1)  # ours
_TESTS = ("check_url", "check_create_suite_url", "check_update_suite_url")


class Door:
    """Says what a request is. `robot` and `card` give the body, `event` the exact answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._crypto = (
            wire.EventCrypto(settings.event_token, settings.event_aes_key, settings.event_owner or settings.client_id)
            if settings.event_token
            else None
        )

    def kind(self, request: RawRequest) -> str:
        if request.query.get("signature") or request.query.get("msg_signature"):
            return "event"
        if "x-ddpaas-signature" in request.headers:
            return "card"
        return "robot"

    def robot(self, request: RawRequest) -> Row:
        """Raises Forged, BadInput. The body is not signed: only the address being https protects it."""
        stamp = request.headers.get("timestamp", "")
        wanted = wire.robot_sign(stamp, self._settings.client_secret)
        if not _fresh(stamp, request, ROBOT_SKEW) or not wire.same(request.headers.get("sign", ""), wanted):
            raise Forged("robot signature")
        return _json(request.body)

    def card(self, request: RawRequest) -> Row:
        secret, stamp = self._settings.card_secret, request.headers.get("x-ddpaas-signature-timestamp", "")
        if not secret:
            raise Forged("card signature: no card_secret is set")
        given = request.headers.get("x-ddpaas-signature", "")
        if not _fresh(stamp, request, CARD_SKEW) or not wire.same(given, wire.card_sign(stamp, secret)):
            raise Forged("card signature")
        return _json(request.body)

    def event(self, request: RawRequest) -> tuple[Row, bytes]:
        """(event, sealed answer); an empty event when nothing is to be done. Raises Forged, BadInput."""
        if self._crypto is None:
            raise Forged("event: no event_token is set")
        query = request.query
        signature = query.get("msg_signature") or query.get("signature", "")
        stamp, nonce = query.get("timestamp") or query.get("timeStamp", ""), query.get("nonce", "")
        encrypt = _json(request.body).get("encrypt")
        if not isinstance(encrypt, str):
            raise BadInput("dingtalk: event without encrypt")
        text = self._crypto.open(signature, stamp, nonce, encrypt)
        try:
            event = _json(text.encode())
        except BadInput:
            # Sealed with our key, and no event: taken and forgotten, since a repeat would be as unreadable.
            _log.warning("event.unreadable", size=len(text))
            event = {}
        kind = event.get("EventType")
        suite = kind in _TESTS[1:]
        word = str(event.get("Random", "")) if suite else "success"
        if kind not in _TESTS and event and not _fresh(stamp, request, EVENT_SKEW):
            # Genuine, so it is receipted like any other; but what was said long ago may be somebody's replay.
            _log.warning("event.stale", kind=str(kind)[:60])
            event = {}
        now = str(millis(request.received_at))
        return event, json.dumps(self._crypto.answer(word, now, nonce or now)).encode()


def _fresh(stamp: str, request: RawRequest, skew: timedelta) -> bool:
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 14:
        return False
    return abs(int(stamp) - millis(request.received_at)) <= skew.total_seconds() * 1000


def _json(raw: bytes) -> Row:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as broken:
        raise BadInput("dingtalk: JSON") from broken
    if not isinstance(found, dict):
        raise BadInput("dingtalk: JSON object")
    return found
