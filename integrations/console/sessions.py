"""Who is at the keyboard: signed cookies, one-time login links, and the checks that keep other web sites out.

Threats and answers: a foreign page posting with our cookie (SameSite=Strict, Origin check, JSON content type) · DNS
rebinding against the demo (Host must be loopback or listed) · a stolen login link (expires, works once, a preview does not
use it up) · typing somebody else's id (the cookie says who may be spoken for) · flooding (token bucket per session).
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import urlsplit

from domain.clock import Clock
from domain.errors import Forged
from domain.ids import key as make_key
from domain.tokens import Signer

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_EVERYBODY = "*"
_PEOPLE_PER_COOKIE = 5  # a token is at most 512 characters
LINK_MINUTES = 15


class Mode(StrEnum):
    DEMO = "demo"  # pick freely who you are; loopback only
    LOGIN = "login"  # only through a signed one-time link


class Member(NamedTuple):
    """One person of the directory. `colour` is a CSS hex colour for the avatar."""

    user_id: str
    name: str
    role: str
    colour: str = ""


Directory = Callable[[], Sequence[Member | tuple[str, str, str, str]]]


@dataclass(frozen=True, slots=True)
class Session:
    """A verified cookie. `people` is empty in demo mode: anybody of the directory."""

    session_id: str
    people: frozenset[str]


class Sessions:
    """Opens, extends and verifies sessions. Every refusal is Forged; its text is for the log and names no person."""

    def __init__(
        self,
        *,
        mode: Mode,
        signer: Signer,
        clock: Clock,
        directory: Directory,
        allowed_hosts: Sequence[str],
        hours: int,
        secure: bool,
    ) -> None:
        self.mode = mode
        self._signer = signer
        self._clock = clock
        self._directory = directory
        self._hosts = frozenset(host.lower() for host in allowed_hosts)
        self._lifetime = timedelta(hours=hours)
        self._secure = secure
        # Cookies ignore the port: two installations on one machine must not overwrite each other's.
        self.cookie = f"xiaodan_{make_key(signer.sign('console.cookie', 'name'))[:8]}"

    # --- people ---

    def members(self) -> dict[str, Member]:
        return {row[0]: Member(*row) for row in self._directory()}

    def allowed(self, session: Session) -> list[str]:
        """Who this session may be, in directory order."""
        return [user for user in self.members() if not session.people or user in session.people]

    def member(self, session: Session, user_id: str) -> Member:
        """The person a request speaks for. Raises Forged when this session may not, or when nobody is called that."""
        found = self.members().get(user_id)
        if found is None or (session.people and user_id not in session.people):
            raise Forged("console: not this session's person")
        return found

    # --- requests ---

    def check(self, headers: Mapping[str, str], *, changes: bool) -> None:
        """Host and Origin. Raises Forged."""
        host = headers.get("host", "").lower()
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if self.mode is Mode.DEMO or self._hosts:
            allowed = self._hosts | (_LOOPBACK if self.mode is Mode.DEMO else frozenset())
            if name not in allowed and host not in allowed:
                raise Forged("console: host not allowed")
        if not changes:
            return
        origin = headers.get("origin")
        # No Origin at all means that no browser sent this for a foreign page: they always name it on POST and WebSocket.
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            raise Forged("console: foreign origin")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Forged("console: cross-site request")

    def read(self, headers: Mapping[str, str]) -> Session:
        """The session of a request. Raises Forged when there is none or it ran out."""
        try:
            jar = SimpleCookie(headers.get("cookie", ""))
        except CookieError as broken:
            raise Forged("console: cookie") from broken
        morsel = jar.get(self.cookie)
        if morsel is None:
            raise Forged("console: no session")
        token = self._signer.open(morsel.value, expect="console.session")
        until, _, people = token.extra.partition("|")
        if int(until) < self._clock.now().timestamp():
            raise Forged("console: session over")
        if self.mode is Mode.LOGIN and people == _EVERYBODY:
            raise Forged("console: demo session")
        return Session(token.subject, frozenset() if people == _EVERYBODY else frozenset(people.split(",")))

    def begin(self, headers: Mapping[str, str]) -> str | None:
        """The cookie to set on a page load in demo mode, None when the one sent is good. Raises Forged in login mode."""
        try:
            self.read(headers)
        except Forged:
            if self.mode is not Mode.DEMO:
                raise
            return self._cookie(secrets.token_urlsafe(12), _EVERYBODY)
        return None

    # --- login links ---

    def link(self, user_id: str, base_url: str) -> str:
        """A link that makes whoever uses it first this person; good for 15 minutes. Raises KeyError: nobody has that id."""
        if user_id not in self.members():
            raise KeyError(user_id)
        until = self._clock.now() + timedelta(minutes=LINK_MINUTES)
        token = self._signer.page("console", user_id, until=until, scope=secrets.token_urlsafe(9))
        return f"{base_url}/console/login/{token}"

    def open_link(self, token: str) -> tuple[Member, str, datetime]:
        """(person, nonce, until when the nonce must be remembered). Raises Forged: expired, tampered, or the person left."""
        now = self._clock.now()
        found, nonce = self._signer.open_page("console", token, now=now)
        person = self.members().get(found.subject)
        if person is None:
            raise Forged("console: person left")
        return person, nonce, now + timedelta(minutes=LINK_MINUTES)

    def join(self, headers: Mapping[str, str], user_id: str) -> str:
        """The cookie after a login: the persons of a session still good, and this one."""
        try:
            session = self.read(headers)
        except Forged:
            session = Session(secrets.token_urlsafe(12), frozenset())
        others = [user for user in sorted(session.people) if user != user_id]
        return self._cookie(session.session_id, ",".join([user_id, *others][:_PEOPLE_PER_COOKIE]))

    def _cookie(self, session_id: str, people: str) -> str:
        until = int((self._clock.now() + self._lifetime).timestamp())
        token = self._signer.sign("console.session", session_id, f"{until}|{people}")
        secure = "; Secure" if self._secure else ""
        age = int(self._lifetime.total_seconds())
        return f"{self.cookie}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}{secure}"


class Pace:
    """A token bucket per session: `burst` at once, then `per_second`. Remembers the latest few thousand sessions."""

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._rate, self._burst = per_second, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, session_id: str, now: float) -> bool:
        """Whether one more request may pass now. `now` is in seconds."""
        left, at = self._buckets.pop(session_id, (float(self._burst), now))
        left = min(float(self._burst), left + max(0.0, now - at) * self._rate)
        self._buckets[session_id] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > 4096:
            self._buckets.popitem(last=False)
        return left >= 1
