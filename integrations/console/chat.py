"""The console as a chat platform: `send`, `update` and `receive` like any other; the room is its server side."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from domain.chat import Attachment, ChatKind, ChatRef, Click, Incoming, Message, MessageRef, Reply, Sender
from domain.clock import Clock, millis, moment
from domain.errors import BadInput, Rejected
from domain.ids import key as make_key
from domain.ports import ChatAbilities, ChatReceipt, RawRequest
from integrations.console.feed import Feed
from integrations.console.media import judge
from integrations.console.room import Room, RoomChat, Said
from integrations.console.sessions import Member, Pace, Session, Sessions
from integrations.console.wire import Blob, Json, clean, draw, said

T = TypeVar("T")

PLATFORM = "console"
MAX_BODY = 64 * 1024
MAX_TEXT = 4_000  # characters one person may say at once
MAX_ATTACHMENTS = 9
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SWEEP_EVERY = 500  # writes

TOO_LONG = f"这条消息太长了（上限 {MAX_TEXT} 字）。分几条发，或者存成 txt 当文件发。"
TOO_FAST = "发得太快了，歇几秒再试。"
NOT_IN_CHAT = "你不在这个群里，消息没有发出去。"
BUTTON_GONE = "这个按钮已经失效了，请看卡片现在的内容。"
ANSWER_MISSING = "先选一个或写一句理由，再提交。"
UPLOAD_GONE = "图片或文件没有传上来，请重新选一次。"
EMPTY = "先写点内容再发送。"


@dataclass(frozen=True, slots=True)
class Limits:
    keep_days: int
    keep_per_chat: int
    max_image: int
    max_file: int


class Console:
    """Chat and ReceivesChat over one room. `send` and `update` raise Unavailable when the room's file cannot be written."""

    abilities = ChatAbilities(
        buttons=True,
        edit_for_all=True,
        pictures=True,
        files=True,
        private_notice=True,
        max_text_bytes=16_384,
        max_buttons=8,
        per_minute=600,
    )

    def __init__(
        self, *, room: Room, sessions: Sessions, clock: Clock, base_url: str, bot_name: str, limits: Limits, pace: Pace
    ) -> None:
        self.room = room
        self.sessions = sessions
        self.feed = Feed()
        self.bot_name = bot_name
        self.limits = limits
        self.clock = clock
        self.base_url = base_url.rstrip("/")
        self._pace = pace
        self._writes = 0

    # --- conversations ---

    def open_group(self, chat_id: str, title: str, *, topic: str = "", members: Sequence[str] = ()) -> ChatRef:
        """Make a group, or rename it. No members means everybody of the directory. Raises ValueError on an unfit id."""
        if chat_id.startswith("@") or any("|" in name for name in (chat_id, *members)):
            raise ValueError(f"{chat_id!r}: ids must not start with @ or hold |")
        self.room.open_chat(RoomChat(chat_id, ChatKind.GROUP.value, title, topic, tuple(members)))
        self.feed.ring()
        return ChatRef(PLATFORM, chat_id, ChatKind.GROUP)

    def ensure_direct(self, user_id: str) -> None:
        """Everybody of the directory has a conversation with the bot; it appears when it is first needed."""
        room_id = _direct(user_id)
        if self.room.chat(room_id) is None:
            self.room.open_chat(RoomChat(room_id, ChatKind.DIRECT.value, self.bot_name, "", (user_id,)))

    def ref(self, chat: RoomChat) -> ChatRef:
        """As the rest of the program knows it: a direct conversation is called by its person's id, as on WeCom."""
        return ChatRef(PLATFORM, chat.chat_id.removeprefix("@"), ChatKind(chat.kind))

    # --- out ---

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        """Say it once per `key`. A reply that is private or has `to_user` is shown to that person only.

        Raises Rejected for a conversation or person that does not exist here, and for a private reply to nobody.
        """
        return await self._off_loop(lambda: self._send(chat, reply, key, to_user))

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        """Replace a message of ours, live, for everybody who can see it; one that retention took is said again."""

        def work() -> MessageRef:
            drawn = draw(reply, message_id=ref.message_id, base_url=self.base_url)
            edited = self.room.edit(
                ref.message_id,
                key=make_key("update", key),
                body=drawn.body,
                at=self._now(),
                blobs=drawn.blobs,
                buttons=drawn.buttons,
            )
            if edited:
                return ref
            return self._send(ref.chat, reply, make_key("again", key), ref.chat.chat_id if reply.private else "")

        return await self._off_loop(work)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """What somebody sent. Raises Rejected when retention took it, BadInput when it is larger than `limit` bytes."""
        if attachment.size > limit:
            raise BadInput("这个文件太大了，裁小一点再发。")
        found = await self._off_loop(lambda: self.room.blob(attachment.media_id))
        if found is None:
            raise Rejected("gone", "the upload is no longer kept")
        return found[0].content

    def _send(self, chat: ChatRef, reply: Reply, key: str, to_user: str) -> MessageRef:
        direct = chat.kind is ChatKind.DIRECT
        if direct and chat.chat_id in self.sessions.members():
            self.ensure_direct(chat.chat_id)
        found = self.room.chat(_direct(chat.chat_id) if direct else chat.chat_id)
        if found is None or chat.platform != PLATFORM:
            raise Rejected("no_chat", "没有这个会话")
        only = "" if direct else to_user
        if reply.private and not direct and not only:
            raise Rejected("no_recipient", "私密回复没有说给谁看")
        if only and only not in self.sessions.members():
            raise Rejected("no_person", "没有这个人")
        message_id = f"b-{make_key('console', found.chat_id, key)}"
        drawn = draw(reply, message_id=message_id, base_url=self.base_url)
        posted, _ = self.room.post(
            chat_id=found.chat_id,
            message_id=message_id,
            key=make_key("send", found.chat_id, key),
            author="",
            body=drawn.body,
            at=self._now(),
            to_user=only,
            blobs=drawn.blobs,
            buttons=drawn.buttons,
        )
        return MessageRef(self.ref(found), posted.message_id)

    async def _off_loop(self, work: Callable[[], T]) -> T:
        done = await asyncio.to_thread(work)
        self.feed.ring()
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            await asyncio.to_thread(self.sweep)
        return done

    def sweep(self) -> int:
        """Forget old history as `Settings` says. How many messages went."""
        now = self.clock.now()
        before = millis(now - timedelta(days=self.limits.keep_days))
        return self.room.sweep(before=before, keep_per_chat=self.limits.keep_per_chat, now=millis(now))

    # --- in ---

    def receive(self, request: RawRequest) -> ChatReceipt:
        """A message or a click from the page. Raises Forged, and BadInput for what no page of ours would send.

        The answer is `{"ok": true, "id": …, "message": …}`, or 4xx with `{"error": sentence}` for the person. A repeat
        gives the same incoming again: the caller may have died between our room and its inbox.
        """
        if request.method != "POST" or not request.headers.get("content-type", "").startswith("application/json"):
            raise BadInput("console: POST application/json")
        self.sessions.check(request.headers, changes=True)
        session = self.sessions.read(request.headers)
        if not self._pace.take(session.session_id, request.received_at.timestamp()):
            return _sorry(429, TOO_FAST)
        if len(request.body) > MAX_BODY:
            return _sorry(413, TOO_LONG)
        wire = _parse(request.body)
        person = self.sessions.member(session, _text(wire, "as"))
        client_id = _text(wire, "id")
        if not _CLIENT_ID.fullmatch(client_id):
            raise BadInput("console: id")
        match wire.get("type"):
            case "message":
                receipt = self._message(wire, person, f"{person.user_id}:{client_id}", request.received_at)
            case "click":
                receipt = self._click(wire, person, f"{person.user_id}:{client_id}", request.received_at)
            case _:
                raise BadInput("console: type")
        self.feed.ring()
        return receipt

    def _message(self, wire: Json, person: Member, message_id: str, at: datetime) -> ChatReceipt:
        chat = self.room.chat_for(_text(wire, "chat"), person.user_id)
        if chat is None:
            return _sorry(403, NOT_IN_CHAT)
        raw = _text(wire, "text")
        if len(raw) > MAX_TEXT:
            return _sorry(413, TOO_LONG)
        wanted = wire.get("attachments", [])
        if not isinstance(wanted, list) or len(wanted) > MAX_ATTACHMENTS or not all(isinstance(a, str) for a in wanted):
            raise BadInput("console: attachments")
        found = [self.room.uploaded(blob, chat_id=chat.chat_id, owner=person.user_id) for blob in wanted]
        attachments = [one for one in found if one is not None]
        if len(attachments) != len(wanted):
            return _sorry(410, UPLOAD_GONE)
        text = clean(raw, MAX_TEXT).strip()
        if not text and not attachments:
            return _sorry(400, EMPTY)
        posted, _ = self.room.post(
            chat_id=chat.chat_id,
            message_id=message_id,
            key=make_key("said", message_id),
            author=person.user_id,
            body=said(text, attachments, self._mentioned(text)),
            at=millis(at),
            uploads=wanted,
        )
        meant = wire.get("command") is True or chat.kind == ChatKind.DIRECT.value or f"@{self.bot_name}" in text
        return _accepted(self._as_message(posted, chat, person, addressed=meant), posted.message_id, posted.json())

    def _as_message(self, posted: Said, chat: RoomChat, person: Member, *, addressed: bool) -> Message:
        # Platforms take the mention of the bot away before the bot reads the text; what is shown keeps it.
        text = re.sub(rf"^\s*@{re.escape(self.bot_name)}\s*", "", str(posted.body["text"]))
        shown: list[Json] = [*posted.body["pictures"], *posted.body["files"]]
        return Message(
            chat=self.ref(chat),
            sender=Sender(person.user_id, person.name),
            message_id=posted.message_id,
            text=text,
            sent_at=moment(posted.at),
            attachments=tuple(Attachment(a["kind"], a["name"], a["id"], a["size"]) for a in shown),
            addressed=addressed,
        )

    def _click(self, wire: Json, person: Member, event_id: str, at: datetime) -> ChatReceipt:
        card = self.room.visible(_text(wire, "message"), person.user_id)
        button = self.room.button(card.message_id, _text(wire, "button")) if card else None
        chat = self.room.chat(card.chat_id) if card else None
        if card is None or button is None or chat is None:
            return _sorry(410, BUTTON_GONE)
        answers: Json = {}
        if button.ask:
            given = wire.get("values")
            answer = given.get(button.ask.name, "") if isinstance(given, dict) else ""
            answer = clean(answer, 500).strip() if isinstance(answer, str) else ""
            if (not answer and button.ask.required) or (answer and button.ask.options and answer not in button.ask.options):
                return _sorry(400, ANSWER_MISSING)
            answers = {button.ask.name: answer} if answer else {}
        first, when = self.room.click(event_id, person.user_id, card.message_id, button.button_id, answers, millis(at))
        click = Click(
            chat=self.ref(chat),
            sender=Sender(person.user_id, person.name),
            event_id=first,
            card_message_id=card.message_id,
            token=button.token,
            sent_at=moment(when),
            values=tuple(answers.items()),
        )
        return _accepted(click, first, None)

    def _mentioned(self, text: str) -> list[str]:
        return [m.user_id for m in self.sessions.members().values() if f"@{m.name}" in text] if "@" in text else []

    # --- media ---

    def upload(self, session: Session, user_id: str, chat_id: str, name: str, content: bytes) -> Json:
        """Keep a photo or file until its message comes: {id, kind, name, size}. Raises Forged; BadInput with a sentence."""
        person = self.sessions.member(session, user_id)
        if not self._pace.take(f"upload:{session.session_id}", self.clock.now().timestamp()):
            raise BadInput(TOO_FAST)
        if self.room.chat_for(chat_id, person.user_id) is None:
            raise BadInput(NOT_IN_CHAT)
        name = clean(name, 120).replace("/", "_").replace("\\", "_").replace("\n", " ").strip() or "文件"
        judged = judge(content, name, max_image=self.limits.max_image, max_file=self.limits.max_file)
        at = self._now()
        blob = Blob(make_key("upload", person.user_id, chat_id, name, at, len(content)), name, judged.media_type, content)
        self.room.upload(blob, chat_id=chat_id, owner=person.user_id, kind=judged.kind, at=at)
        return {"id": blob.blob_id, "kind": judged.kind, "name": name, "size": len(content)}

    def media(self, session: Session, user_id: str, blob_id: str) -> Blob | None:
        """Bytes this person may see, or None."""
        person = self.sessions.member(session, user_id)
        found = self.room.blob(blob_id)
        if found is None:
            return None
        blob, message_id, owner = found
        seen = self.room.visible(message_id, person.user_id) is not None if message_id else owner == person.user_id
        return blob if seen else None

    def attachment(self, media_id: str) -> Blob | None:
        """The bytes behind `Attachment.media_id`, for handlers that read photos and files."""
        found = self.room.blob(media_id)
        return found[0] if found else None

    def login_link(self, user_id: str) -> str:
        """What `xiaodan console-link PERSON` prints. Raises KeyError when nobody has that id."""
        return self.sessions.link(user_id, self.base_url)

    def close(self) -> None:
        self.room.close()

    def _now(self) -> int:
        return millis(self.clock.now())


def _direct(user_id: str) -> str:
    return f"@{user_id}"


def _parse(body: bytes) -> Json:
    try:
        wire = json.loads(body)
    except (ValueError, RecursionError) as broken:
        raise BadInput("console: JSON") from broken
    if not isinstance(wire, dict):
        raise BadInput("console: JSON object")
    return wire


def _text(wire: Json, name: str) -> str:
    value: Any = wire.get(name, "")
    if not isinstance(value, str):
        raise BadInput(f"console: {name}")
    return value


def _accepted(incoming: Incoming, event_id: str, message: Json | None) -> ChatReceipt:
    answer = {"ok": True, "id": event_id, "message": message}
    return ChatReceipt((incoming,), 200, json.dumps(answer, ensure_ascii=False).encode())


def _sorry(status: int, sentence: str) -> ChatReceipt:
    return ChatReceipt((), status, json.dumps({"error": sentence}, ensure_ascii=False).encode())
