"""Calls to DingTalk's servers. Answers stay in wire shape; both error tables are translated here, once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from domain.chat import Urgency
from domain.clock import Clock, millis
from domain.errors import BadInput, DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from domain.pace import Pace
from domain.privacy import safe_text
from integrations._kit.health import Health
from integrations._kit.http import Http
from integrations._kit.media import trusted
from integrations._kit.tokens import TokenKeeper, Tokens, TokenStore
from integrations.dingtalk import wire
from integrations.dingtalk.budget import Share
from integrations.dingtalk.quota import QuotaMeter
from integrations.dingtalk.settings import Settings, Webhook

Row = dict[str, Any]
_TRIES = 3
_FILE_HOSTS = (".dingtalk.com", ".aliyuncs.com", ".alicdn.com")
_JSON = {"content-type": "application/json", "accept": "application/json"}


class QuotaGone(Unavailable):
    """The organisation's month is used up; nothing happened over there."""


class SessionGone(Rejected):
    """The address that came with a message lives no more."""


class _TokenRefused(Exception):
    """The platform does not take this token any more; nothing was executed."""


class DingTalkClient:
    """One app. Raises Rejected, Unavailable, OutcomeUnknown, NeedsAuthorization, ProtocolBroken."""

    def __init__(
        self,
        settings: Settings,
        *,
        api: Http,
        oapi: Http,
        clock: Clock,
        tokens: TokenStore,
        quota: QuotaMeter,
        per_second: int,
        pace: Pace,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._settings, self._api, self._oapi = settings, api, oapi
        self._clock, self._sleep, self.quota = clock, sleep, quota
        self.pace = pace
        self._robot, self._share = f"dingtalk:robot:{settings.client_id}", Share(per_second, 1.0)
        self._health = Health("dingtalk")
        self.tokens = TokenKeeper(
            f"dingtalk:{settings.client_id}", store=tokens, clock=clock, create=self.new_token, refresh=self._refresh
        )

    @property
    def server_time(self) -> datetime | None:
        """The platform's clock as of its last answer."""
        return self._api.server_time

    # --- sends ---

    async def group_send(
        self, conversation: str, key: str, param: Mapping[str, str], *, urgency: Urgency = Urgency.NORMAL
    ) -> str:
        """A robot message in an internal group; gives its processQueryKey. No mentions: the API has none."""
        body = {
            "robotCode": self._settings.robot,
            "openConversationId": conversation,
            "msgKey": key,
            "msgParam": _param(param),
        }
        answer = await self.call("POST", "/v1.0/robot/groupMessages/send", body, urgency=urgency)
        return str(answer.get("processQueryKey", ""))

    async def person_send(self, user: str, key: str, param: Mapping[str, str], *, urgency: Urgency = Urgency.NORMAL) -> str:
        """A robot message to one person. An answer 200 that silently dropped the person is a refusal."""
        body = {"robotCode": self._settings.robot, "userIds": [user], "msgKey": key, "msgParam": _param(param)}
        answer = await self.call("POST", "/v1.0/robot/oToMessages/batchSend", body, urgency=urgency)
        if user in (answer.get("invalidStaffIdList") or ()):
            raise Rejected("staffId.notExisted", "钉钉说没有这个人，或者他不在应用的可见范围里")
        if user in (answer.get("flowControlledStaffIdList") or ()):
            raise Unavailable("oToMessages: flow controlled", retry_after=60.0)
        return str(answer.get("processQueryKey", ""))

    async def card_create(self, body: Row, *, urgency: Urgency = Urgency.NORMAL) -> None:
        """Create and deliver. Success on top may hide a failed delivery below. Same outTrackId again is one card."""
        try:
            answer = await self.call("POST", "/v1.0/card/instances/createAndDeliver", body, urgency=urgency)
        except Rejected as twice:
            if twice.code == "param.cardAlreadyExist":
                return
            raise
        result = answer.get("result")
        delivered = result.get("deliverResults") if isinstance(result, dict) else None
        if not isinstance(delivered, list) or not delivered:
            raise OutcomeUnknown("createAndDeliver: no result")
        for each in delivered:
            if not each.get("success"):
                raise Rejected("card.notDelivered", safe_text(str(each.get("errorMsg") or "卡片没有送达"), 120))

    async def card_update(self, body: Row, *, urgency: Urgency = Urgency.NORMAL) -> None:
        await self.call("PUT", "/v1.0/card/instances", body, urgency=urgency)

    async def register_card_route(self, url: str) -> None:
        """Tell the platform where presses go in HTTP mode. Registered already is success."""
        body = {
            "callbackRouteKey": self._settings.card_route,
            "callbackUrl": url,
            "apiSecret": self._settings.card_secret,
            "forceUpdate": True,
        }
        await self.call("POST", "/v1.0/card/callbacks/register", body)

    async def open_stream(self, subscriptions: list[Row], ua: str) -> tuple[str, str]:
        """(endpoint, ticket); the ticket lives 90 s and opens one connection. Needs no token, is not billed."""
        body = {
            "clientId": self._settings.client_id,
            "clientSecret": self._settings.client_secret,
            "subscriptions": subscriptions,
            "ua": ua,
        }
        answer = await self._send(self._api, "POST", "/v1.0/gateway/connections/open", body, changes=False)
        self._judge("connections/open", answer, changes=False)
        endpoint, ticket = answer.get("endpoint"), answer.get("ticket")
        if not isinstance(endpoint, str) or not isinstance(ticket, str) or not ticket:
            raise ProtocolBroken("connections/open: no ticket")
        return endpoint, ticket

    async def contacts(self, path: str, body: Row, *, method: str = "POST") -> Row:
        """One question to the old contacts API: reads only, not billed."""

        async def once(token: str) -> Row:
            for attempt in range(_TRIES):
                await self._turn(urgency=Urgency.NORMAL)
                answer = await self._send(
                    self._oapi, method, path, body, changes=False, params={"access_token": token}, what=path
                )
                try:
                    self._judge(path, wire.unwrapped(answer), changes=False)
                except Unavailable as fast:
                    if attempt == _TRIES - 1 or (fast.retry_after or 0) > 5:
                        raise
                    await self._sleep((fast.retry_after or 1.0) * (attempt + 1))
                else:
                    return answer
            raise AssertionError("unreachable")

        return await self._authorized(once, path)

    async def session_send(self, url: str, body: Row) -> None:
        """Answer through the address that came with a message. Raises SessionGone when it is dead or not DingTalk's."""
        where, home = urlsplit(url), urlsplit(self._settings.oapi_url)
        # The body of an HTTP callback is not signed: an address elsewhere would carry our answers away.
        if where.scheme != home.scheme or where.netloc.removesuffix(":443") != home.netloc.removesuffix(":443"):
            raise SessionGone("session.host", "回复地址不是钉钉的")
        self.quota.count("messages")
        path = f"{where.path}?{where.query}"
        answer = await self._send(self._oapi, "POST", path, body, changes=True, what="sendBySession")
        try:
            self._judge("sendBySession", answer, changes=True)
        except _TokenRefused as odd:
            raise SessionGone("session.auth", "回复地址不认了") from odd

    async def webhook_send(self, robot: Webhook, body: Row) -> None:
        """A custom robot's message. `msgUuid` in the body makes a repeat harmless."""
        params = {"access_token": robot.token}
        if robot.secret:
            stamp = str(millis(self._clock.now()))
            params |= {"timestamp": stamp, "sign": wire.robot_sign(stamp, robot.secret)}
        if len(json.dumps(body, ensure_ascii=False).encode()) > wire.MAX_WEBHOOK:
            raise BadInput("钉钉群机器人一条最多 20000 字节")
        self.quota.count("messages")
        answer = await self._send(self._oapi, "POST", "/robot/send", body, changes=True, params=params)
        try:
            self._judge("robot/send", answer, changes=True)
        except _TokenRefused as odd:
            raise NeedsAuthorization("robot/send: the custom robot's token is refused") from odd
        except SessionGone as gone:
            raise Rejected(gone.code, gone.reason) from gone

    async def upload(self, kind: str, name: str, content: bytes) -> str:
        """Media id. A refused token is renewed once and the whole file is sent again."""
        boundary = f"xiaodan{secrets.token_hex(12)}"
        plain = safe_text(name, 80).replace('"', "") or "file"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="{plain}"\r\n'
        body = (
            f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
        )
        headers = {"content-type": f"multipart/form-data; boundary={boundary}"}

        async def once(token: str) -> Row:
            await self._turn(urgency=Urgency.NORMAL)
            params = {"access_token": token, "type": kind}
            self.quota.count("api")
            answer = await self._oapi.call(
                "POST", "/media/upload", changes=False, params=params, body=body, headers=headers, refusals=True
            )
            found = _row("media/upload", answer, changes=False)
            self._judge("media/upload", found, changes=False)
            return found

        found = await self._authorized(once, "media/upload")
        ident = found.get("media_id")
        if not isinstance(ident, str) or not ident:
            raise ProtocolBroken("media/upload: no media_id")
        return ident

    async def download_url(self, code: str) -> str:
        """A temporary address of a file that somebody sent to the robot."""
        body = {"downloadCode": code, "robotCode": self._settings.robot}
        answer = await self.call("POST", "/v1.0/robot/messageFiles/download", body, changes=False, billed=False)
        return str(answer.get("downloadUrl", ""))

    async def recall(self, conversation: str, ident: str) -> None:
        """Take back a robot message in a group by its processQueryKey."""
        body = {"robotCode": self._settings.robot, "openConversationId": conversation, "processQueryKeys": [ident]}
        await self.call("POST", "/v1.0/robot/groupMessages/recall", body)

    async def robots_in(self, conversation: str) -> list[str]:
        """Robot codes that sit in a group, asked without saying anything there. Needs `qyapi_chat_manage`."""
        body = {"openConversationId": conversation}
        answer = await self.call("POST", "/v1.0/robot/getBotListInGroup", body, changes=False)
        found = answer.get("chatbotInstanceVOList")
        rows = found if isinstance(found, list) else []
        return [str(row.get("robotCode", "")) for row in rows if isinstance(row, dict)]

    async def token_works(self, token: str) -> bool:
        """Whether the platform still takes this token: asked with a send to nowhere, which has no effect."""
        body = {"robotCode": self._settings.robot, "openConversationId": "", "msgKey": "sampleText", "msgParam": "{}"}
        path = "/v1.0/robot/groupMessages/send"
        answer = await self._send(self._api, "POST", path, body, changes=False, token=token)
        self.quota.count("api")
        try:
            self._judge(path, answer, changes=False)
        except _TokenRefused:
            return False
        except DeskError:
            return True
        return True

    async def fetch(self, url: str, *, limit: int) -> bytes:
        """The bytes of a temporary address that the platform gave. Raises Rejected, Unavailable, BadInput (too large)."""
        content, _ = await self._oapi.download(
            trusted(url, self._settings.oapi_url, _FILE_HOSTS), limit=limit, what="messageFiles/download"
        )
        return content

    # --- one call ---

    async def call(
        self,
        method: str,
        path: str,
        body: Row,
        *,
        changes: bool = True,
        urgency: Urgency = Urgency.NORMAL,
        billed: bool = True,
    ) -> Row:
        """One call of the new API: pace, token, repeats while it is throttled (a throttled call did nothing)."""

        async def once(token: str) -> Row:
            for attempt in range(_TRIES):
                await self._turn(urgency=urgency)
                answer = await self._send(self._api, method, path, body, changes=changes, token=token)
                if billed:
                    self.quota.count("api")
                try:
                    self._judge(path, answer, changes=changes)
                except QuotaGone:
                    self.quota.spent("api")
                    raise
                except Unavailable as fast:
                    if attempt == _TRIES - 1 or (fast.retry_after or 0) > 5:
                        raise
                    await self._sleep((fast.retry_after or 1.0) * (attempt + 1))
                else:
                    return answer
            raise AssertionError("unreachable")

        try:
            answer = await self._authorized(once, path)
        except (Unavailable, OutcomeUnknown, ProtocolBroken, NeedsAuthorization) as problem:
            self._health.failed(problem)
            raise
        except Rejected:
            self._health.answered()
            raise
        self._health.answered()
        return answer

    async def _authorized(self, once: Callable[[str], Awaitable[Row]], what: str) -> Row:
        token = await self.tokens.access()
        try:
            return await once(token)
        except _TokenRefused:
            token = await self.tokens.renew(token)
        try:
            return await once(token)
        except _TokenRefused as again:
            raise NeedsAuthorization(f"{what}: a new token is refused too") from again

    async def _turn(self, *, urgency: Urgency) -> None:
        while wait := await self.pace.take(self._robot, self._share.spans(urgency)):
            await self._sleep(wait)

    async def _send(
        self,
        http: Http,
        method: str,
        path: str,
        body: Row,
        *,
        changes: bool,
        token: str = "",
        params: Mapping[str, str] | None = None,
        what: str = "",
    ) -> Row:
        headers = {**_JSON, "x-acs-dingtalk-access-token": token} if token else _JSON
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        name = what or path
        answer = await http.call(
            method, path, changes=changes, params=params, body=raw, headers=headers, what=name, refusals=True
        )
        return _row(name, answer, changes=changes)

    def _judge(self, what: str, answer: Row, *, changes: bool) -> None:
        """Nothing when it is a yes; else the error by what the caller should do."""
        if answer.get("punish") or str(answer.get("status")) == "1111":
            raise Unavailable(f"{what}: the address is banned for a while", retry_after=300.0)
        code = str(answer.get("code") or answer.get("errcode") or "0")
        if code in ("0", "OK"):
            return
        if code in wire.TOKEN_DEAD:
            raise _TokenRefused(code)
        if code in wire.QUOTA_GONE:
            raise QuotaGone(f"{what}: the month is used up", retry_after=3600.0)
        if code in wire.TOO_FAST:
            blocked = code in ("130101", "410100") and what == "robot/send"
            raise Unavailable(f"{what}: too fast", retry_after=wire.WEBHOOK_BLOCK if blocked else 1.0)
        if "QpsLimit" in code or "QpmLimit" in code:
            raise Unavailable(f"{what}: too fast", retry_after=1.0 if "Qps" in code else 30.0)
        if code in wire.ONLY_A_PERSON:
            raise NeedsAuthorization(f"{what}: {wire.ONLY_A_PERSON[code]}{_scopes(answer)}")
        if code.startswith("system."):
            raise OutcomeUnknown(f"{what}: {code}") if changes else Unavailable(f"{what}: {code}")
        if code == "-1":
            raise Unavailable(f"{what}: busy", retry_after=2.0)
        told = safe_text(str(answer.get("message") or answer.get("errmsg") or ""), 160) or "平台没有说明原因"
        raise (SessionGone if code in wire.SESSION_GONE else Rejected)(code[:60], told)

    async def new_token(self) -> Tokens:
        """What the platform gives for our secret; inside its life the same one, with its life extended."""
        asked = self._clock.now()
        body = {"appKey": self._settings.client_id, "appSecret": self._settings.client_secret}
        answer = await self._send(self._api, "POST", "/v1.0/oauth2/accessToken", body, changes=False)
        self._judge("oauth2/accessToken", answer, changes=False)
        access, life = answer.get("accessToken"), answer.get("expireIn")
        if not isinstance(access, str) or not access or isinstance(life, bool) or not isinstance(life, int | str):
            raise ProtocolBroken("oauth2/accessToken: no token in the answer")
        try:
            return Tokens(access, asked + timedelta(seconds=int(life)))
        except (ValueError, OverflowError) as broken:
            raise ProtocolBroken("oauth2/accessToken: no life time") from broken

    async def _refresh(self, _: Tokens) -> Tokens:
        return await self.new_token()

    async def aclose(self) -> None:
        await self._api.aclose()
        await self._oapi.aclose()


def _param(param: Mapping[str, str]) -> str:
    text = json.dumps(param, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > wire.MAX_PARAM:
        raise BadInput("钉钉一条消息最多 15000 字节")
    return text


def _row(what: str, answer: Any, *, changes: bool) -> Row:
    if isinstance(answer, dict):
        return answer
    problem: DeskError = OutcomeUnknown(f"{what}: not an object") if changes else ProtocolBroken(f"{what}: not an object")
    raise problem


def _scopes(answer: Row) -> str:
    detail = answer.get("accessdenieddetail")
    wanted = detail.get("requiredScopes") if isinstance(detail, dict) else None
    return f"（{'、'.join(safe_text(str(each), 60) for each in wanted)}）" if isinstance(wanted, list) and wanted else ""
