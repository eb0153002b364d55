"""One reply to one conversation, step by step: what already left is not sent again when a later step has to be repeated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from domain.chat import ChatKind, ChatRef, Reply, Urgency
from domain.clock import Clock
from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected, Unavailable
from domain.ids import key as make_key
from integrations.dingtalk import drawing, mapping, wire
from integrations.dingtalk.arrivals import Arrivals
from integrations.dingtalk.client import DingTalkClient, QuotaGone, Row, SessionGone
from integrations.dingtalk.settings import Settings, Webhook

_log = structlog.get_logger("integrations.dingtalk")
_KEEP = 5_000
_CARDS_OFF = timedelta(minutes=10)
WEBHOOK = "webhook:"
AGAIN = "（刚才可能没发成，再发一次）"
# Reasons why this app cannot draw cards at all, as opposed to this card being wrong.
_NO_CARDS = ("param.template", "param.cardTemplate", "param.openDeliverModelError", "param.openSpaceModelInvalid")
_NOT_THERE = frozenset({"card.notDelivered", "resource.not.found", "group.disbanded", "invalid.openConversationId"})
_NO_PERSON = "这个人在钉钉里没有员工号（应用未发布，或他是外部人员），发不了单聊"

Step = Callable[[], Awaitable[str]]


@dataclass(slots=True)
class _Progress:
    done: int = 0
    ident: str = ""
    doubt: bool = False  # the current step may have happened
    as_words: bool = False  # the card was refused; a repeat goes on with words


@dataclass(slots=True)
class CardTrouble:
    """Why cards are drawn as words at the moment."""

    code: str
    until: datetime


@dataclass(slots=True)
class Delivery:
    """Draws and sends. Raises Rejected, Unavailable, OutcomeUnknown."""

    settings: Settings
    client: DingTalkClient
    arrivals: Arrivals
    clock: Clock = field(kw_only=True)
    trouble: CardTrouble | None = None
    missing: dict[str, str] = field(default_factory=dict)  # conversation -> why the robot cannot speak there
    turn: Callable[[ChatRef, Urgency], Awaitable[None]] | None = None  # counts the messages of a reply after its first
    _progress: OrderedDict[str, _Progress] = field(default_factory=OrderedDict)

    async def deliver(self, chat: ChatRef, reply: Reply, key: str) -> str:
        """The id of the message that can be updated later (a card's), else of the first part."""
        progress = self._progress.setdefault(key, _Progress())
        while len(self._progress) > _KEEP:
            self._progress.popitem(last=False)
        card = drawing.wants_card(reply) and not progress.as_words and self._cards_work(chat)
        steps = self._steps(chat, reply, key, progress, card=card)
        first = True
        while progress.done < len(steps):
            if not first and self.turn is not None:
                await self.turn(chat, reply.urgency)
            try:
                ident = await steps[progress.done]()
            except OutcomeUnknown:
                progress.doubt = True
                raise
            except (Rejected, NeedsAuthorization) as no:
                if not (card and progress.done == 0 and self._switch_off(no)):
                    if isinstance(no, Rejected) and no.code in _NOT_THERE and len(self.missing) < 100:
                        self.missing[chat.chat_id] = no.code
                    raise
                card, progress.as_words, progress.doubt = False, True, False
                steps = self._steps(chat, reply, key, progress, card=False)
                continue
            first = False
            progress.ident = progress.ident or ident
            progress.done, progress.doubt = progress.done + 1, False
        del self._progress[key]
        self.missing.pop(chat.chat_id, None)
        return progress.ident

    # --- cards or words ---

    def _cards_work(self, chat: ChatRef) -> bool:
        if self.settings.cards not in ("builtin", "own") or chat.chat_id.startswith((WEBHOOK, "$:")):
            return False
        return self.trouble is None or self.clock.now() >= self.trouble.until

    def _switch_off(self, no: Exception) -> bool:
        """Whether words should be tried instead. A missing permission or template holds for every card for a while."""
        if isinstance(no, NeedsAuthorization):
            code = str(no)
        elif isinstance(no, Rejected) and no.code.startswith(_NO_CARDS):
            code = no.code
        else:
            # Only this card: whatever it is (an unsafe word, a value too long), the words of it may still pass.
            return isinstance(no, Rejected) and no.code.startswith("param.")
        _log.warning("cards.unavailable", why=code[:120])
        self.trouble = CardTrouble(code, self.clock.now() + _CARDS_OFF)
        return True

    def _steps(self, chat: ChatRef, reply: Reply, key: str, progress: _Progress, *, card: bool) -> list[Step]:
        if chat.chat_id.startswith(WEBHOOK):
            return self._webhook_steps(chat, reply, key)
        steps: list[Step] = []
        if card:
            steps.append(partial(self._card, chat, reply, key))
            _, rest = drawing.new_card(reply, chat, "", self.settings)
            if rest:
                steps.append(partial(self._say, chat, reply, rest, progress))
        elif self.settings.cards == "action" and drawing.wants_card(reply):
            steps.append(partial(self._action, chat, reply))
        else:
            steps += [
                partial(self._say, chat, reply, part, progress) for part in drawing.words(reply, lang=self.settings.lang)
            ]
        steps += [partial(self._picture, chat, each.name, each.png) for each in reply.pictures]
        steps += [partial(self._file, chat, *drawing.file_of(each)) for each in reply.documents]
        return steps

    # --- steps ---

    async def _card(self, chat: ChatRef, reply: Reply, key: str) -> str:
        track = drawing.track_of(key, chat.kind)
        self.arrivals.hangs(track, ChatRef(chat.platform, chat.chat_id, chat.kind))
        mention = reply.mention[: wire.MAX_AT]
        body, _ = drawing.new_card(reply, chat, track, self.settings, mention=mention)
        await self.client.card_create(body, urgency=reply.urgency)
        return track

    async def _say(self, chat: ChatRef, reply: Reply, text: str, progress: _Progress) -> str:
        """Words: through the message's own address while it lives (only there people can be mentioned), else the API."""
        if progress.doubt:
            text = f"{AGAIN}{drawing.NEWLINE}{text}"
        url = mapping.open_via(chat.via, self.clock.now()) if self.settings.prefer_session else ""
        if url:
            try:
                return await self._by_session(url, reply, text)
            except (SessionGone, QuotaGone) as gone:
                _log.info("session.gone", error=type(gone).__name__)
            except Unavailable:
                _log.info("session.too_fast")
        return await self._api(chat, "sampleMarkdown", {"title": drawing.headline(reply), "text": text}, reply)

    async def _by_session(self, url: str, reply: Reply, text: str) -> str:
        await self.client.session_send(url, _markdown(reply, text))
        return f"s-{make_key(url, text)}"

    async def _action(self, chat: ChatRef, reply: Reply) -> str:
        group = chat.kind is ChatKind.GROUP
        bot = self.settings.bot_name if group else ""
        return await self._api(chat, *drawing.action_card(reply, bot=bot, lang=self.settings.lang), reply)

    async def _picture(self, chat: ChatRef, name: str, content: bytes) -> str:
        ident = await self.client.upload("image", name, content)
        return await self._api(chat, "sampleImageMsg", {"photoURL": ident})

    async def _file(self, chat: ChatRef, name: str, kind: str, content: bytes) -> str:
        ident = await self.client.upload("file", name, content)
        return await self._api(chat, "sampleFile", {"mediaId": ident, "fileName": name, "fileType": kind})

    async def _api(self, chat: ChatRef, key: str, param: dict[str, str], reply: Reply | None = None) -> str:
        urgency = reply.urgency if reply is not None else Urgency.NORMAL
        if chat.kind is ChatKind.GROUP:
            return f"q-{await self.client.group_send(chat.chat_id, key, param, urgency=urgency)}"
        if chat.chat_id.startswith("$:"):
            raise Rejected("no-staff-id", _NO_PERSON)
        return f"q-{await self.client.person_send(chat.chat_id, key, param, urgency=urgency)}"

    # --- custom robots ---

    def _webhook_steps(self, chat: ChatRef, reply: Reply, key: str) -> list[Step]:
        robot = self.settings.webhook(chat.chat_id.removeprefix(WEBHOOK))
        if robot is None:
            raise Rejected("no-webhook", f"设置里没有叫 {chat.chat_id.removeprefix(WEBHOOK)} 的群机器人")
        parts = drawing.words(drawing.spoken(reply), lang=self.settings.lang)
        return [partial(self._webhook, robot, reply, part, make_key(key, index)) for index, part in enumerate(parts)]

    async def _webhook(self, robot: Webhook, reply: Reply, text: str, ident: str) -> str:
        # The one call with an idempotency key: a repeat after a lost answer is harmless.
        await self.client.webhook_send(robot, {**_markdown(reply, text), "msgUuid": ident})
        return f"w-{ident}"


def _markdown(reply: Reply, text: str) -> Row:
    """Webhook form. A mention only works when the words name the person too."""
    users = [user for user in reply.mention[: wire.MAX_AT] if mapping.callable_id(user)]
    called = " ".join(f"@{user}" for user in users)
    body: Row = {
        "msgtype": "markdown",
        "markdown": {"title": drawing.headline(reply), "text": f"{called}{drawing.NEWLINE}{text}" if called else text},
    }
    if users:
        body["at"] = {"atUserIds": users, "isAtAll": False}
    return body
