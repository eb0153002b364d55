"""Opaque signed tokens for buttons and pages. A token names an action and a subject; amounts are read from the store.

Format: `1.<action>.<subject>.<extra>.<mac>`, base64url without padding for each part; the MAC is HMAC-SHA256 truncated to
96 bits over everything before it. Page tokens carry an expiry inside `extra`. Keys rotate: the first signs, all verify.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

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

    def sign(self, action: str, subject: str, extra: str = "") -> str:
        body = ".".join((_VERSION, _pack(action), _pack(subject), _pack(extra)))
        return f"{body}.{self._mac(self._secrets[0], body)}"

    def open(self, token: str, *, expect: str = "") -> Token:
        """Verify and read. Raises Forged on anything odd; `expect` pins the action."""
        if len(token) > MAX_TOKEN or token.count(".") != 4:
            raise Forged("token shape")
        body, _, mac = token.rpartition(".")
        if not any(hmac.compare_digest(self._mac(secret, body), mac) for secret in self._secrets):
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

    @staticmethod
    def _mac(secret: bytes, body: str) -> str:
        return base64.urlsafe_b64encode(hmac.digest(secret, body.encode(), "sha256")[:12]).decode()


@lru_cache(maxsize=1024)
def _pack(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unpack(text: str) -> str:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
