"""The self-built app: direct messages and cards to one person, updated through single-use response codes (90236, 94888)."""

from __future__ import annotations

from collections import OrderedDict
from datetime import timedelta
from functools import partial
from typing import Any

import structlog

from domain.chat import ChatRef, MessageRef, Reply, Urgency
from domain.clock import Clock
from domain.errors import OutcomeUnknown, Rejected
from domain.ids import key as make_key
from domain.pace import Pace
from domain.ports import ChatAbilities, ChatReceipt
from integrations._kit.tokens import Tokens, TokenStore
from integrations.wecom.api import AppApi
from integrations.wecom.budget import Budget
from integrations.wecom.cards import MAX_BUTTONS, draw, redrawn
from integrations.wecom.changes import events_of
from integrations.wecom.robot_kit import Done, after_note, plain_ref
from integrations.wecom.settings import AppSettings
from integrations.wecom.wire import app_fields, base_of, read_app

_log = structlog.get_logger("integrations.wecom")
Json = dict[str, Any]
MAX_TEXT = 2_048
PREFIX = "ap-"
_CODE_LIVES = timedelta(hours=71)  # the platform says 72
_KEPT = 5_000


class SelfBuilt:
    """One app. Cards only when its callback is configured: without it WeCom refuses buttons."""

    abilities = ChatAbilities(
        buttons=True,
        edit_for_all=True,
        pictures=True,
        files=True,
        private_notice=True,
        max_text_bytes=MAX_TEXT,
        max_buttons=MAX_BUTTONS,
        per_minute=20,
    )

    def __init__(
        self,
        settings: AppSettings,
        platform: str,
        api: AppApi,
        *,
        clock: Clock,
        tokens: TokenStore,
        budget: Budget,
        lang: str,
    ) -> None:
        self._settings = settings
        self._platform = platform
        self.api = api
        self._clock = clock
        self._tokens = tokens
        self._budget = budget
        self._lang = lang
        self._done = Done()
        self._doubtful: set[str] = set()
        self._fresh: OrderedDict[str, tuple[str, str]] = OrderedDict()  # card -> code of its latest press, task id

    def share(self, pace: Pace) -> None:
        self._budget.share(pace)

    def receive(self, plain: bytes, received_at: Any) -> ChatReceipt:
        """One decrypted callback. Answered with nothing: whatever we say goes by `message/send`. Raises BadInput."""
        fields = app_fields(plain)
        happened = read_app(fields, platform=self._platform, at=received_at)
        if happened.kind == "click" and happened.stream_id:
            self._fresh[base_of(happened.task_id)] = (happened.stream_id, happened.task_id)
            while len(self._fresh) > _KEPT:
                self._fresh.popitem(last=False)
        found = (happened.incoming,) if happened.incoming is not None else ()
        told = events_of(fields, platform=self._platform, at=received_at)
        return ChatReceipt(found, body=b"", media_type="text/plain", people=told)

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, note: str = "", task: str = "") -> MessageRef:
        """To one person, by their user id. Raises Rejected when the app cannot reach them."""
        task = task or PREFIX + make_key("app", key)
        drawn = draw(
            reply, task=task, buttons=bool(self._settings.token), media=True, limit=MAX_TEXT, lang=self._lang, note=note
        )
        for index, text in enumerate(drawn.texts):
            said = {"msgtype": "markdown", "markdown": {"content": text}}
            await self._once(chat, f"{key}:{index}", said, reply.urgency)
        if drawn.card is not None:
            await self._done.once((key, "card"), partial(self._card, chat, drawn.card, task, reply.urgency))
        for index, picture in enumerate(drawn.pictures):
            await self._media(chat, f"{key}:p{index}", "image", picture.name, picture.png, reply.urgency)
        for index, document in enumerate(drawn.documents):
            await self._media(chat, f"{key}:d{index}", "file", document.name, document.content, reply.urgency)
        return MessageRef(plain_ref(chat), task)

    async def _once(self, chat: ChatRef, step: str, body: Json, urgency: Urgency) -> Json:
        told: Json = {}

        async def work() -> None:
            nonlocal told
            await self._budget.turn(f"app:{chat.chat_id}", urgency=urgency, wait=True)
            # The platform's duplicate check compares contents, so it is asked for only when a first try is in doubt:
            # otherwise the same short answer to two questions would be shown once.
            check = {"enable_duplicate_check": int(step in self._doubtful), "duplicate_check_interval": 1800}
            try:
                told = await self.api.send(chat.chat_id, {**check, **body})
            except OutcomeUnknown:
                self._doubtful.add(step)
                raise
            self._doubtful.discard(step)

        await self._done.once(step, work)
        return told

    async def _card(self, chat: ChatRef, card: Json, task: str, urgency: Urgency) -> None:
        try:
            told = await self._once(chat, f"card:{task}", {"msgtype": "template_card", "template_card": card}, urgency)
        except Rejected as no:
            if no.code != "42014":
                raise
            _log.info("card.already_there", task=task)  # an earlier try arrived although its answer was lost
            return
        code = told.get("response_code")
        if isinstance(code, str) and code:
            await self._tokens.save(_code_name(task), Tokens(access=code, expires_at=self._clock.now() + _CODE_LIVES))

    async def _media(self, chat: ChatRef, step: str, kind: str, name: str, content: bytes, urgency: Urgency) -> None:
        media_id = await self.api.upload(kind, name, content)
        await self._once(chat, step, {"msgtype": kind, kind: {"media_id": media_id}}, urgency)

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        """Redraw with the code of the latest press or of the card itself; with both used up, a message that quotes it."""
        base = base_of(ref.message_id)
        code, task = self._fresh.pop(base, ("", base))
        code = code or await self._kept_code(base)
        card = redrawn(reply, task)
        if card is not None and code:
            try:
                await self.api.update_card([ref.chat.chat_id], code, card)
            except Rejected as used:
                _log.info("card.code_used", code=used.code)
            else:
                return ref
        note, task = after_note(reply, self._lang), f"{base}@{make_key(key)[:10]}"
        await self.send(plain_ref(ref.chat), reply, key=key, note=note, task=task)
        return ref

    async def _kept_code(self, task: str) -> str:
        """The code that came with the card; it works once, so it is taken out of the drawer as it is read."""
        kept = await self._tokens.load(_code_name(task))
        if kept is None or kept.expires_at <= self._clock.now():
            return ""
        await self._tokens.save(_code_name(task), Tokens(access="", expires_at=self._clock.now()))
        return kept.access


def _code_name(task: str) -> str:
    return f"wecom.card:{task}"
