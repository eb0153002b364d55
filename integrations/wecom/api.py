"""WeCom's HTTP API: HTTP 200 always, the verdict is `errcode`; one access token per app, renewed once for everybody.

Sources: paths 91039 (token), 90236 (send), 94888 (update card), 90253 (media), 91770 (webhook), 101138 (response_url).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from domain.clock import Clock
from domain.errors import NeedsAuthorization, ProtocolBroken, Rejected, Unavailable
from integrations._kit.health import Health
from integrations._kit.http import Http
from integrations._kit.tokens import TokenKeeper, Tokens, TokenStore
from integrations.wecom.settings import AppSettings

Json = dict[str, Any]
DEAD_TOKEN = frozenset({40014, 42001})
NO_ACCESS = frozenset({40001, 40013, 41002, 41004, 50003, 60020, 301002, 48002})
BUSY = frozenset({-1, 45033})
TOO_OFTEN = 45009


def verdict(told: Any, what: str) -> Json:
    """The answer when `errcode` is 0. Raises Unavailable, NeedsAuthorization, Rejected by what the caller should do."""
    if not isinstance(told, dict) or not isinstance(told.get("errcode", 0), int):
        raise ProtocolBroken(f"wecom: {what}: not an answer of this platform")
    code = told.get("errcode", 0)
    if code == 0:
        return told
    if code == TOO_OFTEN:
        raise Unavailable(f"wecom: {what}: too often", retry_after=60.0)
    if code in BUSY:
        raise Unavailable(f"wecom: {what}: busy ({code})", retry_after=2.0)
    if code in NO_ACCESS:
        raise NeedsAuthorization(f"wecom: {what}: {code}")
    raise Rejected(str(code), str(told.get("errmsg", "")).partition(", hint")[0][:200])


def media_answer(content: bytes, kind: str) -> bytes:
    """`media/get` says no with JSON and HTTP 200, where a yes is the file itself. Raises what `verdict` raises."""
    if kind in ("application/json", "text/plain") and content.lstrip()[:1] == b"{":
        try:
            told = json.loads(content)
        except ValueError:
            return content
        if isinstance(told, dict) and isinstance(told.get("errcode"), int) and told["errcode"]:
            if told["errcode"] == 40007:
                raise Rejected("40007", "这个文件在企业微信那边已经取不到了，请再发一次")
            verdict(told, "media.get")
    return content


class Qyapi:
    """Calls without an app: webhooks and one-time answer addresses."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.health = Health("wecom.api")

    @property
    def server_time(self) -> datetime | None:
        """The platform's clock at its last answer."""
        return self._http.server_time

    async def post(
        self, path: str, body: Json, *, what: str, params: dict[str, str] | None = None, changes: bool = True
    ) -> Json:
        """One JSON call. `what` names it in errors: the query holds secrets and never appears there."""
        try:
            told = await self._http.call(
                "POST",
                path,
                changes=changes,
                params=params,
                body=_encode(body),
                headers={"content-type": "application/json"},
                what=f"wecom.{what}",
            )
        except Unavailable as down:
            self.health.failed(down)
            raise
        self.health.answered()
        return verdict(told, what)

    async def get(self, path: str, params: dict[str, str], *, what: str) -> Json:
        told = await self._http.call("GET", path, changes=False, params=params, what=f"wecom.{what}")
        return verdict(told, what)

    async def file(self, path: str, params: dict[str, str], *, limit: int) -> tuple[bytes, str]:
        """(bytes, media type) of an answer that is a file."""
        return await self._http.download(path, limit=limit, params=params, what="wecom.media")

    async def upload(self, path: str, params: dict[str, str], *, name: str, content: bytes, what: str) -> str:
        """Send a file and give its media id. The bytes are laid out anew for every try, so a repeat is never empty."""
        boundary = secrets.token_hex(16)
        safe = "".join("_" if letter in '"\\\r\n' else letter for letter in name) or "file"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{safe}"; '
            f"filelength={len(content)}\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
        told = await self._http.call(
            "POST",
            path,
            changes=False,  # an uploaded file that nobody mentions is no effect: trying again is harmless
            params=params,
            body=head.encode() + content + f"\r\n--{boundary}--\r\n".encode(),
            headers={"content-type": f"multipart/form-data; boundary={boundary}"},
            what=f"wecom.{what}",
        )
        found = verdict(told, what).get("media_id")
        if not isinstance(found, str) or not found:
            raise ProtocolBroken(f"wecom: {what}: no media_id")
        return found

    async def respond(self, response_url: str, body: Json) -> None:
        """Answer through a callback's one-time address; only its code is used, never a host that a message names."""
        code = parse_qs(urlsplit(response_url).query).get("response_code", [""])[0]
        if not code:
            raise Rejected("no-way-back", "这条消息没有回复地址")
        await self.post("/cgi-bin/aibot/response", body, what="aibot.response", params={"response_code": code})

    async def aclose(self) -> None:
        await self._http.aclose()


class AppApi:
    """Calls of one self-built app."""

    def __init__(self, settings: AppSettings, api: Qyapi, *, clock: Clock, tokens: TokenStore) -> None:
        self._settings = settings
        self._api = api
        self._clock = clock
        self._tokens = tokens
        # Tokens belong to one app: the name holds both, or two apps would overwrite each other's.
        name = f"wecom:{settings.corp_id}:{settings.agent_id}"
        self._keeper = TokenKeeper(name, store=tokens, clock=clock, create=self._create, refresh=lambda _: self._create())

    async def _create(self) -> Tokens:
        params = {"corpid": self._settings.corp_id, "corpsecret": self._settings.secret}
        told = await self._api.get("/cgi-bin/gettoken", params, what="gettoken")
        access, lives = told.get("access_token"), told.get("expires_in", 7200)
        if not isinstance(access, str) or not isinstance(lives, int):
            raise ProtocolBroken("wecom: gettoken without a token")
        return Tokens(access=access, expires_at=self._clock.now() + timedelta(seconds=lives))

    async def _with_token(self, call: Callable[[str], Awaitable[Any]]) -> Any:
        """Once more with a fresh token when the first was dead, and never a third time: hammering leads to a ban."""
        access = await self._keeper.access()
        try:
            return await call(access)
        except Rejected as no:
            if int(no.code) not in DEAD_TOKEN:
                raise
        try:
            return await call(await self._keeper.renew(access))
        except Rejected as no:
            if int(no.code) in DEAD_TOKEN:
                raise NeedsAuthorization("wecom: the platform refuses even a fresh token") from no
            raise

    async def send(self, to_user: str, message: Json) -> Json:
        """message/send. Raises Rejected("81013") when the person cannot be reached by this app."""
        body = {"touser": to_user, "agentid": self._settings.agent_id, "enable_duplicate_check": 1, **message}
        told: Json = await self._with_token(
            lambda access: self._api.post("/cgi-bin/message/send", body, what="message.send", params=_auth(access))
        )
        unreached = str(told.get("invaliduser", "") or told.get("unlicenseduser", ""))
        if unreached:
            raise Rejected("81013", "对方不在应用的可见范围里")
        return told

    async def update_card(self, users: list[str], response_code: str, card: Json) -> None:
        body = {
            "userids": users,
            "agentid": self._settings.agent_id,
            "response_code": response_code,
            "template_card": card,
        }
        await self._with_token(
            lambda access: self._api.post(
                "/cgi-bin/message/update_template_card", body, what="message.update", params=_auth(access)
            )
        )

    async def upload(self, kind: str, name: str, content: bytes) -> str:
        found: str = await self._with_token(
            lambda access: self._api.upload(
                "/cgi-bin/media/upload", {**_auth(access), "type": kind}, name=name, content=content, what="media.upload"
            )
        )
        return found

    async def media(self, media_id: str, limit: int) -> bytes:
        """A file that somebody sent to the app. Raises Rejected("40007") when its 3 days are over."""

        async def once(access: str) -> bytes:
            content, kind = await self._api.file("/cgi-bin/media/get", {**_auth(access), "media_id": media_id}, limit=limit)
            return media_answer(content, kind)

        found: bytes = await self._with_token(once)
        return found

    async def get(self, path: str, params: dict[str, str], *, what: str) -> Json:
        found: Json = await self._with_token(lambda access: self._api.get(path, {**_auth(access), **params}, what=what))
        return found

    async def post(self, path: str, body: Json, *, what: str) -> Json:
        """A question that is put as a POST: nothing is changed by it."""
        found: Json = await self._with_token(
            lambda access: self._api.post(path, body, what=what, params=_auth(access), changes=False)
        )
        return found

    def beside(self, settings: AppSettings) -> AppApi:
        """The same company with another secret, such as the directory's own."""
        return AppApi(settings, self._api, clock=self._clock, tokens=self._tokens)


def _auth(access: str) -> dict[str, str]:
    return {"access_token": access}


def _encode(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
