"""The people of the emulated organisation: they write, send pictures, press buttons; and the pushes that follow."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulators.dingtalk import signing
from emulators.dingtalk.cards import DEADLINE, Answer, Card, within
from emulators.dingtalk.problems import Row
from emulators.dingtalk.state import Shown
from emulators.dingtalk.stream import BOT_TOPIC, CARD_TOPIC, Pushed
from emulators.douyin.pushes import post_over_socket

if TYPE_CHECKING:
    from emulators.dingtalk.app import DingTalkEmulator

Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]


@dataclass
class Hooks:
    """HTTP mode: where the app wants robot messages, clicks and events. Empty: Stream."""

    robot_url: str = ""
    event_url: str = ""
    event_token: str = "123456"  # noqa: S105 (the emulator's own)
    event_key: str = "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"
    routes: dict[str, tuple[str, str]] = field(default_factory=dict)  # card routeKey -> (url, apiSecret)
    post: Post = post_over_socket


class People:
    """`say`, `click`: what a person does. `lose` and `twice` on the gateway bend what the platform does with it."""

    def __init__(self, emulator: DingTalkEmulator) -> None:
        self._emulator = emulator
        self.hooks = Hooks()
        self.pushed: list[Pushed] = []
        self.answers: list[tuple[int, bytes]] = []
        emulator.cards.stream = self._click_by_stream
        emulator.cards.http = self._click_by_http

    async def say(
        self, user: str, text: str, *, group: str = "", at_bot: bool = True, robots: int = 1, **extra: object
    ) -> Row | None:
        """Write to the robot. In a group only what mentions it is pushed. Gives the pushed body, or None."""
        body = self.body(user, text, group=group)
        body |= extra
        shown = f"@{self._emulator.bot_name} {text}" if group and at_bot else text
        self._emulator.state.show(
            Shown(
                group or f"1:{user}", user, "text", {"content": shown}, self._emulator.state.clock.now(), key=body["msgId"]
            )
        )
        if group and not (at_bot or self._emulator.state.switches.dtmd_reaches_robot):
            return None
        for _ in range(robots):
            await self.push(body)
        return body

    async def push(self, body: Row) -> None:
        """Hand a body to the app: by Stream, or signed to its address."""
        state = self._emulator.state
        if not state.quota.spend("messages", state.clock.now()):
            body = {name: value for name, value in body.items() if name not in ("text", "content")}
            body |= {"errorCode": 20001, "errorMessage": "企业消息额度已用尽"}
        if self.hooks.robot_url:
            self.answers.append(await self.callback(body))
        else:
            self.pushed.append(self._emulator.gateway.push("CALLBACK", BOT_TOPIC, body))

    async def callback(self, body: Row, *, secret: str = "", age: float = 0.0) -> tuple[int, bytes]:
        """One signed HTTP robot callback. A wrong `secret` forges it, `age` makes it old."""
        state = self._emulator.state
        stamp = str(int((state.clock.now() - age) * 1000))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "timestamp": stamp,
            "sign": signing.robot(stamp, secret or state.client_secret),
        }
        status, answer = await self.hooks.post(self.hooks.robot_url, headers, json.dumps(body, ensure_ascii=False).encode())
        state_note = self._emulator.journal.note
        state_note(state.clock.now(), "callback.robot", {"msgId": body.get("msgId")}, status)
        return status, answer

    def body(self, user: str, text: str, *, group: str = "") -> Row:
        """A message as the platform describes it; the space behind the mention stays."""
        emulator, state = self._emulator, self._emulator.state
        now = int(state.clock.now() * 1000)
        conversation = group or f"1:{user}"
        session, until = state.session(conversation)
        body: Row = {
            "msgId": f"msg{uuid.uuid4().hex[:20]}==",
            "msgtype": "text",
            "text": {"content": f" {text}" if group else text},
            "conversationType": "2" if group else "1",
            "conversationId": group or f"cid1{uuid.uuid5(uuid.NAMESPACE_DNS, user).hex[:18]}==",
            "senderId": f"$:LWCP_v1:${uuid.uuid5(uuid.NAMESPACE_DNS, user).hex[:16]}",
            "senderNick": state.users.get(user, user),
            "senderCorpId": state.corp_id,
            "chatbotUserId": "$:LWCP_v1:$robot",
            "chatbotCorpId": state.corp_id,
            "robotCode": state.robot_code,
            "sessionWebhook": f"{emulator.base_url}/robot/sendBySession?session={session}",
            "sessionWebhookExpiredTime": int(until * 1000),
            "createAt": now,
        }
        if state.switches.published and user in state.users:
            body |= {"senderStaffId": user, "isAdmin": False}
        if group:
            body |= {
                "conversationTitle": state.groups[group].title if group in state.groups else "",
                "isInAtList": True,
                "atUsers": [{"dingtalkId": body["chatbotUserId"]}],
            }
        return body

    async def send_picture(self, user: str, content: bytes, *, group: str = "") -> Row:
        """A picture, alone in a 1:1 talk or inside rich text in a group."""
        code = uuid.uuid4().hex
        self._emulator.state.downloads[code] = ("image.png", content, self._emulator.state.clock.now() + 7200)
        body = self.body(user, "", group=group)
        del body["text"]
        picture = {"downloadCode": code, "pictureDownloadCode": f"p{code}"}
        if group:
            body |= {"msgtype": "richText", "content": {"richText": [{"text": " 看这张"}, {"type": "picture", **picture}]}}
        else:
            body |= {"msgtype": "picture", "content": picture}
        await self.push(body)
        return body

    # --- clicks ---

    async def click(self, user: str, track: str, button: str) -> str:
        return await self._emulator.cards.click(track, user, button)

    async def _click_by_stream(self, card: Card, body: Row) -> Answer:
        state = self._emulator.state
        state.quota.spend("messages", state.clock.now())
        pushed = self._emulator.gateway.push("CALLBACK", CARD_TOPIC, body)
        self.pushed.append(pushed)

        async def answered() -> Answer:
            await pushed.answered.wait()
            return pushed.answer

        return await within(DEADLINE, answered())

    async def _click_by_http(self, card: Card, body: Row) -> Answer:
        state = self._emulator.state
        url, secret = self.hooks.routes.get(card.route_key, ("", ""))
        if not url:
            return None
        headers = {"Content-Type": "application/json"}
        if secret:
            stamp = str(int(state.clock.now() * 1000))
            headers |= {
                "x-ddpaas-signature-timestamp": stamp,
                "x-ddpaas-signature": signing.card(stamp, secret),
            }
        sending = self.hooks.post(url, headers, json.dumps(body, ensure_ascii=False).encode())
        try:
            status, answer = await asyncio.wait_for(sending, DEADLINE)
        except TimeoutError:
            return None
        if status != 200:
            return None
        found = json.loads(answer or b"{}")
        return found if isinstance(found, dict) else None

    # --- events ---

    def event(self, kind: str, data: Row) -> Pushed:
        """An organisation event over Stream."""
        state = self._emulator.state
        extra = {
            "eventType": kind,
            "eventId": uuid.uuid4().hex,
            "eventCorpId": state.corp_id,
            "eventBornTime": str(int(state.clock.now() * 1000)),
            "eventUnifiedAppId": state.app_id,
        }
        return self._emulator.gateway.push("EVENT", "*", data, extra)

    async def sealed_event(self, data: Row, *, owner: str = "", spoil: str = "") -> tuple[int, str]:
        """Seal to `hooks.event_url`; gives (status, decrypted answer). `spoil` = "signature" | "body" damages it."""
        state, hooks = self._emulator.state, self.hooks
        stamp, nonce = str(int(state.clock.now() * 1000)), uuid.uuid4().hex[:8]
        text = json.dumps(data, ensure_ascii=False)
        sealed = signing.seal(hooks.event_key, text, owner or state.client_id, uuid.uuid4().bytes)
        signature = signing.envelope(hooks.event_token, stamp, nonce, sealed)
        if spoil == "signature":
            signature = "0" * 40
        if spoil == "body":
            sealed = sealed[:-8] + "AAAAAAA="
        url = f"{hooks.event_url}?signature={signature}&msg_signature={signature}&timestamp={stamp}&nonce={nonce}"
        status, answer = await hooks.post(
            url, {"Content-Type": "application/json"}, json.dumps({"encrypt": sealed}).encode()
        )
        if status != 200:
            return status, ""
        told = json.loads(answer)
        wanted = signing.envelope(hooks.event_token, str(told["timeStamp"]), str(told["nonce"]), str(told["encrypt"]))
        if told["msg_signature"] != wanted:
            state.violations.append("event answer: signature")
            return status, ""
        words, said_owner = signing.unseal(hooks.event_key, told["encrypt"])
        if said_owner != state.client_id:
            state.violations.append("event answer: owner")
        return status, words
