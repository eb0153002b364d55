"""The intelligent robot over the long connection: answers by the question's request id, pushes by `aibot_send_msg`.

A card is updated natively as the answer to a press, within 5 seconds and once; every other update is a new message that
quotes the card's title. Private answers go to the person's direct conversation.
"""

from __future__ import annotations

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import md5
from typing import Any

import structlog

from domain.chat import ChatKind, ChatRef, Incoming, MessageRef, Reply, Urgency
from domain.clock import SHANGHAI, Clock
from domain.errors import BadInput, DeskError, Rejected
from domain.ids import key as make_key
from domain.pace import Pace
from domain.ports import ChatAbilities
from domain.render import commands
from integrations.wecom.budget import Budget
from integrations.wecom.cards import MAX_BUTTONS, MAX_MARKDOWN, draw, redrawn, task_id
from integrations.wecom.line import PUSH_ID, Line, TooOften
from integrations.wecom.robot_kit import CLICK_SECONDS, Done, Press, after_note, mentions, plain_ref
from integrations.wecom.settings import Settings
from integrations.wecom.wire import Happened, base_of, read_robot

_log = structlog.get_logger("integrations.wecom")
Json = dict[str, Any]
Store = Callable[[Sequence[Incoming]], Awaitable[None]]
_TOO_LATE = frozenset({"846605", "846608"})  # the request id is unknown or its time is over: push instead
_REPEATED_TASK = "42014"
_CHUNK = 512 * 1024
_RECENT = timedelta(hours=2)
_KEPT = 2_000
_REQ = "r:"


class SocketBot:
    """Chat and StreamsChat over one robot's line."""

    abilities = ChatAbilities(
        buttons=True,
        edit_for_all=True,
        pictures=True,
        files=True,
        private_notice=True,
        max_text_bytes=MAX_MARKDOWN,
        max_buttons=MAX_BUTTONS,
        per_minute=20,  # pushes; the platform's 30 a minute hold answers too, so those keep the rest
        per_hour=700,
    )
    one_holder = True

    def __init__(self, settings: Settings, platform: str, line: Line, *, clock: Clock, budget: Budget) -> None:
        self._settings = settings
        self._platform = platform
        self._line = line
        self._clock = clock
        self._budget = budget
        self._done = Done()
        self._pressed: OrderedDict[str, Press] = OrderedDict()
        self._recent: OrderedDict[ChatRef, datetime] = OrderedDict()
        self._group_cards = settings.group_cards
        self._asides: set[asyncio.Task[None]] = set()
        self.on_heard: Callable[[datetime | None, datetime], Awaitable[None]] | None = None

    @property
    def line_up(self) -> bool:
        return self._line.up

    def share(self, pace: Pace) -> None:
        self._budget.share(pace)

    # --- in -----------------------------------------------------------------------------------------------------------

    async def listen(self, store: Store) -> None:
        """Run until cancelled. Raises NeedsAuthorization when robot id and secret are refused."""

        async def take(frame: Json) -> None:
            await self._take(frame, store)

        try:
            await self._line.run(take, self._back)
        finally:
            for task in self._asides:
                task.cancel()
            await asyncio.gather(*self._asides, return_exceptions=True)

    async def _take(self, frame: Json, store: Store) -> None:
        body = frame.get("body")
        headers = frame.get("headers")
        req_id = headers.get("req_id") if isinstance(headers, dict) else None
        if frame.get("cmd") not in ("aibot_msg_callback", "aibot_event_callback") or not isinstance(body, dict):
            return
        try:
            happened = read_robot(
                body, platform=self._platform, bot_names=(self._settings.bot_name,), at=self._clock.now(),
                via=f"{_REQ}{req_id}" if isinstance(req_id, str) else "",
            )  # fmt: skip
        except BadInput:
            _log.warning("callback.unreadable", size=len(str(body)))
            return
        self._seen(happened.chat)
        if happened.kind == "enter_chat":
            self._aside(self._welcome(happened))
        if happened.incoming is None:
            return
        if happened.kind == "click":
            if happened.incoming.token == "settled":  # type: ignore[union-attr]  # noqa: S105 (the button that means nothing)
                return
            self._remember(happened)
        await store([happened.incoming])

    def _remember(self, happened: Happened) -> None:
        base = base_of(happened.task_id)
        self._pressed[base] = Press(happened.chat.via.removeprefix(_REQ), happened.task_id, self._now())
        self._pressed.move_to_end(base)
        while len(self._pressed) > _KEPT:
            self._pressed.popitem(last=False)

    def _seen(self, chat: ChatRef) -> None:
        if chat.kind is ChatKind.GROUP:
            self._recent[plain_ref(chat)] = self._clock.now()
            self._recent.move_to_end(plain_ref(chat))
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)

    def _aside(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _welcome(self, happened: Happened) -> None:
        body = {"msgtype": "text", "text": {"content": self._settings.welcome}}
        try:
            await self._line.ask("aibot_respond_welcome_msg", body, req_id=happened.chat.via.removeprefix(_REQ))
        except DeskError as missed:
            _log.info("welcome.missed", error=type(missed).__name__)

    async def _back(self, since: datetime | None, until: datetime) -> None:
        """WeCom replays nothing: the groups that were talking have to hear which seconds we may not have heard."""
        if self.on_heard is not None:
            await self.on_heard(since, until)
            return
        if since is None or (until - since).total_seconds() < self._settings.gap_notice_seconds:
            return
        span = "–".join(f"{each.astimezone(SHANGHAI):%H:%M:%S}" for each in (since, until))
        said = {"zh": f"{span} 可能漏收，请再发一次", "en": f"I may have missed messages {span}; please send them again"}
        for chat, at in list(self._recent.items()):
            if at < since - _RECENT:
                continue
            try:
                key = make_key("gap", self._platform, chat.chat_id, since.isoformat())
                body = {"msgtype": "markdown", "markdown": {"content": said[self._settings.lang]}}
                await self._push(chat, body, key, Urgency.CRITICAL)
            except DeskError as missed:
                _log.warning("gap_notice.failed", chat=chat.chat_id, error=type(missed).__name__)

    # --- out ----------------------------------------------------------------------------------------------------------

    async def send(self, chat: ChatRef, reply: Reply, *, key: str) -> MessageRef:
        """Deliver. Whom a private reply goes to is decided before: here `chat` is where it is said."""
        task = task_id(key)
        await self._say(chat, reply, key, task)
        return MessageRef(plain_ref(chat), task)

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        """The new picture for everybody when somebody pressed within the last seconds, else a message that quotes it.

        The reference stays the same: it names the card, not the message that last spoke of it.
        """
        press = self._pressed.pop(ref.message_id, None)
        if press is not None and self._now() - press.at <= CLICK_SECONDS:
            card = redrawn(reply, press.task_id)
            if card is not None and await self._redraw(ref.chat, press, card):
                return ref
        task = f"{base_of(ref.message_id)}@{make_key(key)[:10]}"
        await self._say(plain_ref(ref.chat), reply, key, task, note=after_note(reply, self._settings.lang))
        return ref

    async def _redraw(self, chat: ChatRef, press: Press, card: Json) -> bool:
        body = {"response_type": "update_template_card", "template_card": card}
        try:
            await self._budget.turn(chat.chat_id, urgency=Urgency.ANSWER)
            await self._line.ask("aibot_respond_update_msg", body, req_id=press.via)
        except DeskError as missed:
            _log.info("card.update_missed", error=type(missed).__name__)
            return False
        return True

    async def _say(self, chat: ChatRef, reply: Reply, key: str, task: str, *, note: str = "") -> None:
        group = chat.kind is ChatKind.GROUP
        cards = not group or (self._group_cards if chat.via else self._settings.group_push_cards)
        above = "\n".join(part for part in (note, mentions(reply) if group else "") if part)
        drawn = draw(reply, task=task, buttons=cards, media=True, lang=self._settings.lang, note=above)
        # A question's own way back marks an answer, whoever calls.
        urgency = min(reply.urgency, Urgency.ANSWER if chat.via else Urgency.NORMAL)
        for index, text in enumerate(drawn.texts):
            await self._done.once((key, "text", index), partial(self._text, chat, text, f"{key}:{index}", urgency))
        if drawn.card is not None:
            card = drawn.card
            try:
                await self._done.once((key, "card"), partial(self._card, chat, card, key, urgency))
            except Rejected as refused:
                if refused.code in ("93006", "60111", "40003"):
                    raise
                _log.warning("card.refused", code=refused.code, group=group)
                self._group_cards = self._group_cards and not (group and chat.via)
                rest = drawn.instead if not drawn.texts else ("\n".join(commands(reply, lang=self._settings.lang)),)
                for index, text in enumerate(part for part in rest if part):
                    step = f"{key}:instead:{index}"
                    await self._done.once(step, partial(self._text, chat, text, step, urgency))
        for index, picture in enumerate(drawn.pictures):
            await self._media(chat, "image", picture.name, picture.png, f"{key}:p{index}", urgency)
        for index, document in enumerate(drawn.documents):
            await self._media(chat, "file", document.name, document.content, f"{key}:d{index}", urgency)

    async def _text(self, chat: ChatRef, text: str, key: str, urgency: Urgency) -> None:
        if chat.via.startswith(_REQ):
            # A finished stream and not plain markdown: the same stream id replaces its own text, so a repeat after a lost
            # answer shows one message.
            stream = {"id": make_key("stream", key), "finish": True, "content": text}
            if await self._respond(chat, {"msgtype": "stream", "stream": stream}, urgency):
                return
        await self._push(chat, {"msgtype": "markdown", "markdown": {"content": text}}, key, urgency)

    async def _card(self, chat: ChatRef, card: Json, key: str, urgency: Urgency) -> None:
        body = {"msgtype": "template_card", "template_card": card}
        try:
            if not (chat.via.startswith(_REQ) and await self._respond(chat, body, urgency)):
                await self._push(chat, body, f"{key}:card", urgency)
        except Rejected as no:
            if no.code != _REPEATED_TASK:
                raise
            _log.info("card.already_there", task=card["task_id"])  # an earlier try arrived although its answer was lost

    async def _media(self, chat: ChatRef, kind: str, name: str, content: bytes, key: str, urgency: Urgency) -> None:
        async def send() -> None:
            media_id = await self.upload(kind, name, content)
            body = {"msgtype": kind, kind: {"media_id": media_id}}
            if not (chat.via.startswith(_REQ) and await self._respond(chat, body, urgency)):
                await self._push(chat, body, key, urgency)

        await self._done.once(key, send)

    async def _respond(self, chat: ChatRef, body: Json, urgency: Urgency) -> bool:
        """Answer the question itself. False when it is too late for that and a push has to do."""
        await self._budget.turn(chat.chat_id, urgency=urgency)
        try:
            await self._ask(chat, "aibot_respond_msg", body, req_id=chat.via.removeprefix(_REQ))
        except Rejected as no:
            if no.code not in _TOO_LATE:
                raise
            return False
        return True

    async def _push(self, chat: ChatRef, body: Json, key: str, urgency: Urgency) -> None:
        await self._budget.turn(chat.chat_id, urgency=urgency)
        kind = 2 if chat.kind is ChatKind.GROUP else 1
        req_id = PUSH_ID + make_key("push", self._platform, chat.chat_id, key)
        await self._ask(chat, "aibot_send_msg", {"chatid": chat.chat_id, "chat_type": kind, **body}, req_id=req_id)

    async def _ask(self, chat: ChatRef, cmd: str, body: Json, *, req_id: str) -> None:
        try:
            await self._line.ask(cmd, body, req_id=req_id)
        except TooOften as told:
            # The platform has counted more than we did: nobody of ours may try this conversation for as long.
            await self._budget.hold(chat.chat_id, told.retry_after or 60.0)
            raise

    async def upload(self, kind: str, name: str, content: bytes) -> str:
        """A media id good for 3 days. Raises Rejected when it is too large or empty for the platform."""
        chunks = [content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK)]
        if len(content) < 5 or len(chunks) > 100:
            raise Rejected("media-size", "文件太大或是空的，企业微信不收")
        digest = md5(content).hexdigest()  # noqa: S324 (theirs)
        about = {"type": kind, "filename": name[:80], "total_size": len(content), "total_chunks": len(chunks), "md5": digest}
        begun = await self._line.ask("aibot_upload_media_init", about)
        upload_id = str(begun.get("upload_id", ""))
        for index, chunk in enumerate(chunks):
            part = {"upload_id": upload_id, "chunk_index": index, "base64_data": base64.b64encode(chunk).decode()}
            await self._line.ask("aibot_upload_media_chunk", part)
        done = await self._line.ask("aibot_upload_media_finish", {"upload_id": upload_id})
        return str(done.get("media_id", ""))

    def _now(self) -> float:
        return self._clock.now().timestamp()
