"""Opaque signed tokens for buttons and pages. A token names an action and a subject; amounts are read from the store.

Format: `1.<action>.<subject>.<extra>.<mac>`, base64url without padding for each part; the MAC is HMAC-SHA256 truncated to
96 bits over everything before it. Page tokens carry an expiry inside `extra`. Keys rotate: the first signs, all verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from binascii import b2a_base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from domain.errors import Forged

_VERSION = "1"
MAX_TOKEN = 512


@dataclass(frozen=True, slots=True)
class Token:
    """What a verified token says. `subject` like `approval:4`; `extra` is free text of the action's own."""

    action: str
    subject: str
    extra: str = ""

    @property
    def subject_id(self) -> int:
        return int(self.subject.partition(":")[2])


class Signer:
    """Signs and opens tokens with a list of secrets, newest first."""

    def __init__(self, *secrets: bytes) -> None:
        if not secrets or any(len(secret) < 16 for secret in secrets):
            raise ValueError("a signing secret of at least 16 bytes is needed")
        self._secrets = secrets
        self._keyed = tuple(_keyed(secret) for secret in secrets)

    def sign(self, action: str, subject: str, extra: str = "") -> str:
        body = f"{_VERSION}.{_pack(action)}.{_pack(subject)}.{_pack(extra)}"
        return f"{body}.{_mac(self._keyed[0], body)}"

    def open(self, token: str, *, expect: str = "") -> Token:
        """Verify and read. Raises Forged on anything odd; `expect` pins the action."""
        if len(token) > MAX_TOKEN or token.count(".") != 4 or not token.isascii():
            raise Forged("token shape")
        body, _, mac = token.rpartition(".")
        if not any(hmac.compare_digest(_mac(keyed, body), mac) for keyed in self._keyed):
            raise Forged("token signature")
        try:
            version, action, subject, extra = body.split(".")
            found = Token(_unpack(action), _unpack(subject), _unpack(extra))
        except ValueError as broken:
            raise Forged("token content") from broken
        if version != _VERSION or (expect and found.action != expect):
            raise Forged("token kind")
        return found

    def page(self, kind: str, subject: str, *, until: datetime, scope: str = "") -> str:
        """A token for a signed, expiring page under `/p/`. `scope` says how much it may show: staff or customer."""
        return self.sign(f"page.{kind}", subject, f"{int(until.timestamp())}|{scope}")

    def open_page(self, kind: str, token: str, *, now: datetime) -> tuple[Token, str]:
        """(token, scope). Raises Forged when expired or of another kind."""
        found = self.open(token, expect=f"page.{kind}")
        stamp, _, scope = found.extra.partition("|")
        if datetime.fromtimestamp(int(stamp), UTC) < now:
            raise Forged("page expired")
        return found, scope


# HMAC (RFC 2104) hashes the padded key before every message, twice; a card has three to six tokens, so both states are kept.
_Keyed = tuple[Any, Any]
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_BLOCK = 64
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _keyed(secret: bytes) -> _Keyed:
    key = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    return hashlib.sha256(key.translate(_INNER)), hashlib.sha256(key.translate(_OUTER))


def _mac(keyed: _Keyed, body: str) -> str:
    inner, outer = keyed[0].copy(), keyed[1].copy()
    inner.update(body.encode())
    outer.update(inner.digest())
    return b2a_base64(outer.digest()[:12], newline=False).translate(_URL_SAFE).decode()


@lru_cache(maxsize=1024)
def _pack(text: str) -> str:
    return b2a_base64(text.encode(), newline=False).translate(_URL_SAFE).decode().rstrip("=")


def _unpack(text: str) -> str:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
