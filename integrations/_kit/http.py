"""The one HTTP client: timeouts on, errors named, nothing private in the message.

For a *change*, failing to connect means that nothing left the house (retry freely); any other transport error, any 5xx
and any unreadable answer mean doubt (`OutcomeUnknown`). For a *read* they mean `Unavailable` or `ProtocolBroken`.
"""

from __future__ import annotations

import json as jsonlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import httpx

from domain.errors import BadInput, DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from integrations._kit.guard import inside_unit_of_work

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
MAX_ANSWER = 32 * 1024 * 1024


class Http:
    """A client for one base URL. `transport` lets tests mount an emulator without a socket."""

    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None, timeout: float = 10.0) -> None:
        self.server_time: datetime | None = None
        """The `Date` of the last answer: what to trust when the platform says that our clock is wrong."""
        for chatty in ("httpx", "httpcore"):  # they log whole addresses, and platforms put tokens into the query
            logging.getLogger(chatty).setLevel(logging.WARNING)
        # Made at the first request: reading the certificates takes a fiftieth of a second, and most connectors of a program
        # that starts do not talk at once.
        self._make = partial(httpx.AsyncClient, base_url=base_url, transport=transport, timeout=timeout, trust_env=False)
        self._made: httpx.AsyncClient | None = None

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._made is None:
            self._made = self._make()
        return self._made

    async def call(
        self,
        method: str,
        path: str,
        *,
        changes: bool,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        what: str = "",
        parse: Callable[[bytes], Any] = jsonlib.loads,
        refusals: bool = False,
    ) -> Any:
        """Send one request and give back the parsed body. `changes`: whether a lost answer leaves a doubt behind.

        `refusals` is for platforms that put their error code into the body of a 4xx answer: a JSON object there is given
        back like any other answer, and the caller reads the code.

        `what` names the call in errors (never a query string: that holds tokens). Raises Unavailable, OutcomeUnknown,
        NeedsAuthorization, ProtocolBroken.
        """
        if inside_unit_of_work.get():
            raise RuntimeError("network call inside a unit of work")
        name = what or path
        try:
            answer = await self._client.request(
                method, path, params=params, data=form, content=body, headers=dict(headers or {})
            )
        except _NEVER_LEFT as lost:
            raise Unavailable(f"{name}: no connection") from lost
        except httpx.TransportError as lost:
            raise _silence(f"{name}: no answer", changes=changes) from lost
        except (httpx.InvalidURL, httpx.DecodingError, httpx.TooManyRedirects) as broken:
            raise _garble(f"{name}: unusable answer", changes=changes) from broken
        self.server_time = _date(answer.headers.get_list("date")) or self.server_time
        if refusals and 400 <= answer.status_code < 500 and (told := _object(answer.content)) is not None:
            return told
        if answer.status_code == 429:
            raise Unavailable(f"{name}: too fast", retry_after=_seconds(answer.headers.get("retry-after")))
        if answer.status_code in (401, 403):
            raise NeedsAuthorization(name)
        if answer.status_code >= 500:
            raise _silence(f"{name}: HTTP {answer.status_code}", changes=changes)
        if answer.status_code >= 400:
            raise ProtocolBroken(f"{name}: HTTP {answer.status_code}")
        if len(answer.content) > MAX_ANSWER:
            raise _garble(f"{name}: oversized answer", changes=changes)
        try:
            return parse(answer.content)
        except (ValueError, RecursionError) as broken:
            raise _garble(f"{name}: unreadable answer", changes=changes) from broken

    async def download(
        self, url: str, *, limit: int, params: Mapping[str, str] | None = None, what: str
    ) -> tuple[bytes, str]:
        """(bytes, media type) of a file somebody sent. Reading stops at `limit` bytes, whatever the header promised.

        Addresses live for minutes and are not followed anywhere else: a redirect is a refusal. Raises Unavailable, Rejected
        ("gone") when the address is good no more, BadInput when the file is larger.
        """
        if inside_unit_of_work.get():
            raise RuntimeError("network call inside a unit of work")
        held = bytearray()
        try:
            async with self._client.stream("GET", url, params=params, follow_redirects=False) as answer:
                if answer.status_code == 429 or answer.status_code >= 500:
                    raise Unavailable(f"{what}: HTTP {answer.status_code}", retry_after=2.0)
                if answer.status_code != 200:
                    raise Rejected("gone", "这个文件已经取不到了，请再发一次")
                async for chunk in answer.aiter_bytes():
                    held += chunk
                    if len(held) > limit:
                        raise BadInput(f"文件超过 {limit / 1_048_576:.0f} MB，请发小一点的")
                kind = str(answer.headers.get("content-type", "")).partition(";")[0].strip().lower()
        except (httpx.TransportError, httpx.DecodingError) as lost:
            raise Unavailable(f"{what}: no answer") from lost
        except httpx.InvalidURL as broken:
            raise Rejected("gone", "这个文件的地址不对，请再发一次") from broken
        return bytes(held), kind

    async def exchange(
        self, method: str, path: str, *, body: bytes, headers: Mapping[str, str], most: int, what: str = ""
    ) -> Exchange:
        """One request whose answer is not trusted: any status comes back as it is, and no more than `most` bytes are read.

        Not for changes. Raises Unavailable when there is no answer, ProtocolBroken when it is larger, packed, or redirects.
        """
        if inside_unit_of_work.get():
            raise RuntimeError("network call inside a unit of work")
        name = what or path
        content = bytearray()
        try:
            # Nothing packed is asked for and none is read: a small packed answer may unfold without end.
            plain = {**headers, "accept-encoding": "identity"}
            async with self._client.stream(method, path, content=body, headers=plain) as answer:
                if answer.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                    raise ProtocolBroken(f"{name}: packed answer")
                if answer.is_redirect:
                    raise ProtocolBroken(f"{name}: redirected")
                async for part in answer.aiter_raw():
                    content += part
                    if len(content) > most:
                        raise ProtocolBroken(f"{name}: oversized answer")
                return Exchange(answer.status_code, dict(answer.headers), bytes(content))
        except httpx.TransportError as lost:
            raise Unavailable(f"{name}: no answer") from lost
        except httpx.InvalidURL as broken:
            raise ProtocolBroken(f"{name}: unusable address") from broken

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()


@dataclass(frozen=True, slots=True)
class Exchange:
    """An answer as it came. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds that a 429 or 503 asks for; None when it does not say."""
        return _seconds(self.headers["retry-after"]) if "retry-after" in self.headers else None


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = jsonlib.loads(content) if len(content) <= MAX_ANSWER else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _seconds(header: str | None) -> float:
    try:
        return max(0.0, float(header)) if header else 1.0
    except ValueError:
        return 1.0


def _date(headers: list[str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers[-1]).astimezone(UTC) if headers else None
    except ValueError:
        return None


def _silence(what: str, *, changes: bool) -> DeskError:
    return OutcomeUnknown(what) if changes else Unavailable(what)


def _garble(what: str, *, changes: bool) -> DeskError:
    return OutcomeUnknown(what) if changes else ProtocolBroken(what)
