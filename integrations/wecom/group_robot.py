"""The group webhook robot (消息推送, path 91770): one way, 20 a minute; texts, pictures, files; no buttons that answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import md5
from typing import Any

from domain.chat import ChatRef, MessageRef, Reply, Urgency
from domain.errors import Rejected
from domain.ids import key as make_key
from domain.pace import Pace
from domain.ports import ChatAbilities
from integrations.wecom.api import Qyapi
from integrations.wecom.budget import Budget
from integrations.wecom.cards import draw
from integrations.wecom.robot_kit import Done, mentions, plain_ref

Json = dict[str, Any]
MAX_TEXT = 4_096
MAX_PICTURE = 2 * 1_048_576
PREFIX = "rb-"


class GroupRobot:
    """The webhooks of all groups. The key is a secret: it stays out of every log and error."""

    abilities = ChatAbilities(
        buttons=False,
        edit_for_all=False,
        pictures=True,
        files=True,
        private_notice=False,
        max_text_bytes=MAX_TEXT,
        max_buttons=0,
        per_minute=18,
    )

    def __init__(self, keys: Mapping[str, str], api: Qyapi, *, budget: Budget, lang: str = "zh") -> None:
        self._keys = keys
        self._api = api
        self._budget = budget
        self._lang = lang
        self._done = Done()

    def share(self, pace: Pace) -> None:
        self._budget.share(pace)

    def serves(self, chat_id: str) -> bool:
        return chat_id in self._keys

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, note: str = "") -> MessageRef:
        """Say it in the group; buttons become commands. Raises Rejected for a group without a webhook."""
        if chat.chat_id not in self._keys:
            raise Rejected("no_chat", "这个群没有配消息推送机器人")
        above = "\n".join(part for part in (note, mentions(reply)) if part)
        drawn = draw(reply, task="", buttons=False, media=True, limit=MAX_TEXT, lang=self._lang, note=above)
        for index, text in enumerate(drawn.instead):
            said = {"msgtype": "markdown", "markdown": {"content": text}}
            await self._once(chat, f"{key}:{index}", said, reply.urgency)
        for index, picture in enumerate(drawn.pictures):
            await self._once(chat, f"{key}:p{index}", _picture(picture.png, picture.alt), reply.urgency)
        for index, document in enumerate(drawn.documents):
            params = {"key": self._keys[chat.chat_id], "type": "file"}
            media_id = await self._api.upload(
                "/cgi-bin/webhook/upload_media", params, name=document.name, content=document.content, what="webhook.upload"
            )
            await self._once(chat, f"{key}:d{index}", {"msgtype": "file", "file": {"media_id": media_id}}, reply.urgency)
        return MessageRef(plain_ref(chat), PREFIX + make_key("webhook", key))

    async def _once(self, chat: ChatRef, step: str, body: Json, urgency: Urgency) -> None:
        async def work() -> None:
            await self._budget.turn(f"webhook:{chat.chat_id}", urgency=urgency, wait=False)
            # A webhook cannot be asked whether it spoke: after a lost answer the caller tries again. Twice is annoying,
            # never would be worse.
            params = {"key": self._keys[chat.chat_id]}
            await self._api.post("/cgi-bin/webhook/send", body, what="webhook.send", params=params)

        await self._done.once(step, work)


def _picture(png: bytes, alt: str) -> Json:
    if len(png) > MAX_PICTURE:
        return {"msgtype": "text", "text": {"content": alt[:600]}}
    image = {"base64": base64.b64encode(png).decode(), "md5": md5(png).hexdigest()}  # noqa: S324 (theirs)
    return {"msgtype": "image", "image": image}
