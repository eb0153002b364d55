"""The intelligent robot by encrypted HTTP callback: the reply is the answer to WeCom's own request (paths 100719, 101031).

A message's request waits a moment for the whole answer. When it takes longer, a stream is opened and WeCom asks again until
it is finished; when nobody asks any more, the one-time `response_url` carries the answer. A press waits for the card's new
picture, since WeCom sends it once and takes the picture only as the answer to it. Without a question this mode cannot speak.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import json
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from hashlib import md5
from typing import Any

import structlog

from domain.chat import ChatKind, ChatRef, MessageRef, Picture, Reply
from domain.clock import Clock
from domain.errors import OutcomeUnknown, Rejected
from domain.ids import key as make_key
from domain.ports import ChatAbilities, ChatReceipt, RawRequest
from domain.render import clip
from integrations.wecom.api import Qyapi
from integrations.wecom.cards import MAX_BUTTONS, MAX_MARKDOWN, Drawn, draw, redrawn, task_id
from integrations.wecom.crypto import Crypto
from integrations.wecom.robot_kit import CLICK_SECONDS, Done, plain_ref
from integrations.wecom.settings import Settings
from integrations.wecom.wire import Happened, base_of, read_robot, robot_json

_log = structlog.get_logger("integrations.wecom")
Json = dict[str, Any]
_URL = "u:"
_KEPT = 4_000
_STREAM_SECONDS = 330.0  # the platform stops asking after 6 minutes
_POLL_WAIT = 0.8
_PICKED_WAIT = 3.0
_AFTER_WORDS = 1.5  # seconds a press still waits for its picture once somebody was told something
_MAX_PICTURES = 10
_BUSY = {"zh": "正在查…", "en": "Looking…"}
_NEXT = {"zh": "见下一条。", "en": "See the next message."}
_STILL = {"zh": "还在查，查到了马上告诉你。", "en": "Still looking; I'll tell you as soon as I know."}
_FILE = {"zh": "文件（这里发不了，请在网页上看）：", "en": "File (cannot be sent here, see the web page): "}
NO_PUSH = "企业微信回调模式只能回答提问，不能主动发消息；给这个群加一个消息推送机器人，或改用长连接。"


@dataclass(slots=True)
class Waiting:
    """A request of WeCom's that may still be answered in place."""

    message_id: str
    at: float
    stream_id: str
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    picked: asyncio.Event = field(default_factory=asyncio.Event)
    spoken: asyncio.Event = field(default_factory=asyncio.Event)
    content: Json = field(default_factory=dict)
    task: str = ""
    open: bool = True  # WeCom waits, or will ask again
    streaming: bool = False


class CallbackBot:
    """The robot's HTTP half: `receive`, `send`, `update`. State of open requests is this process's."""

    abilities = ChatAbilities(
        buttons=True,
        edit_for_all=True,
        pictures=True,
        files=False,
        private_notice=False,
        max_text_bytes=MAX_MARKDOWN,
        max_buttons=MAX_BUTTONS,
        per_minute=20,
    )

    def __init__(self, settings: Settings, platform: str, crypto: Crypto, api: Qyapi, *, clock: Clock) -> None:
        self._settings = settings
        self._platform = platform
        self._crypto = crypto
        self._api = api
        self._clock = clock
        self._done = Done()
        self._doubtful: set[str] = set()
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()
        self._pressed: dict[str, Waiting] = {}

    # --- in -----------------------------------------------------------------------------------------------------------

    def receive(self, request: RawRequest, plain: bytes, *, in_place: bool = True) -> ChatReceipt:
        """One decrypted callback; `in_place`: its own request may carry the answer. Raises BadInput."""
        body = robot_json(plain)
        nonce = request.query.get("nonce", "")
        message_id, url = str(body.get("msgid", "")), body.get("response_url")
        via = f"{_URL}{message_id} {url if isinstance(url, str) else ''}"
        happened = read_robot(
            body, platform=self._platform, bot_names=(self._settings.bot_name,), at=request.received_at, via=via
        )
        if happened.kind == "stream":
            return ChatReceipt((), answer=partial(self._poll, happened.stream_id, nonce), body=b"")
        if happened.kind == "enter_chat":
            welcome = {"msgtype": "text", "text": {"content": self._settings.welcome}}
            return ChatReceipt((), body=self._seal(welcome, nonce))
        if happened.incoming is None or (happened.kind == "click" and _means_nothing(happened)):
            return ChatReceipt((), body=b"")
        if happened.message_id in self._waiting or not (in_place and self._settings.answers_here):
            # A repeat, or another process answers: the inbox knows it, and one request in place is enough.
            return ChatReceipt((happened.incoming,), body=b"")
        waiting = self._wait_for(happened)
        answer = self._pressed_answer if happened.kind == "click" else self._first_answer
        return ChatReceipt((happened.incoming,), body=b"", answer=partial(answer, waiting, nonce))

    def _wait_for(self, happened: Happened) -> Waiting:
        stream_id = make_key("stream", self._platform, happened.message_id)
        waiting = Waiting(happened.message_id, self._now(), stream_id, task=happened.task_id)
        self._waiting[happened.message_id] = waiting
        if happened.kind == "click":
            self._pressed[base_of(happened.task_id)] = waiting
        while len(self._waiting) > _KEPT:
            _, old = self._waiting.popitem(last=False)
            self._pressed.pop(base_of(old.task), None)
        return waiting

    async def _first_answer(self, waiting: Waiting, nonce: str) -> bytes:
        if await _came(waiting.answer, self._settings.answer_within_seconds):
            return self._pick(waiting, nonce)
        waiting.streaming = True
        return self._stream(waiting.stream_id, nonce, _BUSY, finish=False)

    async def _poll(self, stream_id: str, nonce: str) -> bytes:
        waiting = next((each for each in reversed(self._waiting.values()) if each.stream_id == stream_id), None)
        if waiting is None or not waiting.open:
            return self._stream(stream_id, nonce, _NEXT, finish=True)  # started elsewhere, or before a restart
        if await _came(waiting.answer, _POLL_WAIT):
            return self._pick(waiting, nonce)
        if self._now() - waiting.at > _STREAM_SECONDS:
            waiting.open = False
            return self._stream(stream_id, nonce, _STILL, finish=True)
        return self._stream(stream_id, nonce, _BUSY, finish=False)

    async def _pressed_answer(self, waiting: Waiting, nonce: str) -> bytes:
        """Wait for the card's new picture; a press that only led to words waits no longer than those and a moment."""
        picture = asyncio.create_task(waiting.answer.wait())
        words = asyncio.create_task(waiting.spoken.wait())
        try:
            await asyncio.wait({picture, words}, timeout=CLICK_SECONDS - 0.5, return_when=asyncio.FIRST_COMPLETED)
            if not picture.done() and words.done():
                await asyncio.wait({picture}, timeout=_AFTER_WORDS)
        finally:
            picture.cancel()
            words.cancel()
            await asyncio.gather(picture, words, return_exceptions=True)
        if waiting.answer.is_set():
            return self._pick(waiting, nonce)
        waiting.open = False
        return b""

    def _pick(self, waiting: Waiting, nonce: str) -> bytes:
        waiting.open = False
        waiting.picked.set()
        return self._seal(waiting.content, nonce)

    def _stream(self, stream_id: str, nonce: str, words: dict[str, str], *, finish: bool) -> bytes:
        stream = {"id": stream_id, "finish": finish, "content": words[self._settings.lang]}
        return self._seal({"msgtype": "stream", "stream": stream}, nonce)

    def _seal(self, reply: Json, nonce: str) -> bytes:
        stamp = int(self._now())
        encrypted, signature = self._crypto.seal(json.dumps(reply, ensure_ascii=False).encode(), str(stamp), nonce)
        envelope = {"encrypt": encrypted, "msgsignature": signature, "timestamp": stamp, "nonce": nonce}
        return json.dumps(envelope).encode()

    # --- out ----------------------------------------------------------------------------------------------------------

    async def send(self, chat: ChatRef, reply: Reply, *, key: str) -> MessageRef:
        """Answer a question. Raises Rejected("no-push") for anything else, OutcomeUnknown when the answer was lost."""
        ref = MessageRef(plain_ref(chat), task_id(key))
        if not chat.via.startswith(_URL):
            raise Rejected("no-push", NO_PUSH)
        await self._done.once(key, partial(self._answer, chat, reply, key))
        return ref

    async def _answer(self, chat: ChatRef, reply: Reply, key: str) -> None:
        message_id, _, url = chat.via.removeprefix(_URL).partition(" ")
        waiting = self._waiting.get(message_id)
        reply = _without_files(reply, self._settings.lang)
        drawn = draw(reply, task=task_id(key), buttons=True, media=True, lang=self._settings.lang)
        if waiting is not None and waiting.task:
            waiting.spoken.set()
        elif waiting is not None and waiting.open:
            waiting.content = _passive(drawn, waiting, reply)
            waiting.answer.set()
            if await _came(waiting.picked, _PICKED_WAIT):
                if len(drawn.texts) > 1:
                    await self._by_url(url, "\n".join(drawn.texts[1:]), None, f"{key}:rest")
                return
            waiting.open = False
        card = drawn.card if chat.kind is ChatKind.DIRECT and not drawn.texts else None
        flat = draw(reply, task=task_id(key), buttons=False, media=False, lang=self._settings.lang)
        await self._by_url(url, "\n".join(flat.instead), card, key)

    async def _by_url(self, url: str, text: str, card: Json | None, key: str) -> None:
        body: Json = {"msgtype": "markdown", "markdown": {"content": clip(text, MAX_MARKDOWN)}}
        if card is not None:
            body = {"msgtype": "template_card", "template_card": card}
        try:
            await self._api.respond(url, body)
        except OutcomeUnknown:
            self._doubtful.add(key)
            raise
        except Rejected:
            # Addresses work once: a refusal after a lost answer says that the first try arrived.
            if key not in self._doubtful:
                raise
            _log.info("answer.already_there")
        self._doubtful.discard(key)

    async def update(self, ref: MessageRef, reply: Reply) -> MessageRef:
        """The card's new picture as the answer to the press that waits for it. Raises Rejected when none does."""
        waiting = self._pressed.pop(ref.message_id, None)
        card = redrawn(reply, waiting.task) if waiting is not None else None
        if waiting is None or card is None or not waiting.open:
            raise Rejected("no-push", NO_PUSH)
        waiting.content = {"response_type": "update_template_card", "template_card": card}
        waiting.answer.set()
        if not await _came(waiting.picked, _PICKED_WAIT):
            raise Rejected("no-push", NO_PUSH)
        return ref

    def _now(self) -> float:
        return self._clock.now().timestamp()


async def _came(event: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _without_files(reply: Reply, lang: str) -> Reply:
    """A passive reply carries pictures and no files: those are named, so that nobody waits for them in silence."""
    if not reply.documents:
        return reply
    named = [f"{_FILE[lang]}{clip(document.name, 200)}" for document in reply.documents]
    return dataclasses.replace(reply, text="\n".join([reply.text, *named]), documents=())


def _means_nothing(happened: Happened) -> bool:
    return getattr(happened.incoming, "token", "") in ("", "settled")


def _passive(drawn: Drawn, waiting: Waiting, reply: Reply) -> Json:
    """The whole answer as one passive reply: text, pictures and the card together."""
    text = drawn.texts[0] if drawn.texts else ""
    pictures = [_picture(each) for each in drawn.pictures[:_MAX_PICTURES]]
    if drawn.card is not None and not text and not pictures and not waiting.streaming:
        return {"msgtype": "template_card", "template_card": drawn.card}
    stream: Json = {"id": waiting.stream_id, "finish": True, "content": text or reply.text.partition("\n")[0]}
    if pictures:
        stream["msg_item"] = pictures
    if drawn.card is None:
        return {"msgtype": "stream", "stream": stream}
    return {"msgtype": "stream_with_template_card", "stream": stream, "template_card": drawn.card}


def _picture(picture: Picture) -> Json:
    digest = md5(picture.png).hexdigest()  # noqa: S324 (theirs)
    return {"msgtype": "image", "image": {"base64": base64.b64encode(picture.png).decode(), "md5": digest}}
