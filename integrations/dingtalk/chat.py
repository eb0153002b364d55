"""DingTalk as a chat platform: cards where they work, words with commands where they do not, each reply once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.chat import Attachment, ChatKind, ChatRef, MessageRef, Reply, Urgency
from domain.clock import SHANGHAI, Clock
from domain.errors import DeskError, Rejected, Unavailable
from domain.ids import key as make_key
from domain.pace import Pace
from domain.ports import ChatAbilities, ChatReceipt, RawRequest
from integrations._kit.media import as_said
from integrations.dingtalk import drawing, wire
from integrations.dingtalk.arrivals import Arrivals, Store
from integrations.dingtalk.budget import PATIENCE, Lane, Share
from integrations.dingtalk.client import DingTalkClient, Row
from integrations.dingtalk.delivery import Delivery
from integrations.dingtalk.directory import Staff
from integrations.dingtalk.mapping import PLATFORM
from integrations.dingtalk.settings import Settings
from integrations.dingtalk.stream import Ack, Frame, Rhythm, StreamClient

_log = structlog.get_logger("integrations.dingtalk")
UA = "xiaodan-python/0.1"
_KEEP = 5_000
_RECENT = timedelta(minutes=30)
_ANSWER_FIRST = timedelta(milliseconds=150)
_LANES = 2_000
_REDELIVERS = 60.0


class DingTalkChat(Staff):
    """Chat, ReceivesChat, StreamsChat, FetchesMedia and DirectorySync for one app and its robot."""

    one_holder = False

    def __init__(
        self,
        settings: Settings,
        client: DingTalkClient,
        arrivals: Arrivals,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]],
        rhythm: Rhythm | None = None,
    ) -> None:
        self.settings, self.client, self.clock = settings, client, clock
        self.arrivals = arrivals
        self.doctor_transport: Any = None  # tests mount the product here instead of a public address
        self.delivery = Delivery(settings, client, arrivals, clock=clock, turn=self._turn)
        self.abilities = ChatAbilities(
            buttons=settings.cards in ("builtin", "own"),
            edit_for_all=settings.cards in ("builtin", "own"),
            pictures=True,
            files=True,
            private_notice=True,
            max_text_bytes=drawing.TEXT_BYTES,
            max_buttons=drawing.MAX_BUTTONS,
            per_minute=settings.conversation_per_minute,
        )
        self.on_heard: Callable[[datetime | None, datetime], Awaitable[None]] | None = None
        self._sleep = sleep
        self._lanes: OrderedDict[str, Lane] = OrderedDict()
        self._sent: OrderedDict[str, MessageRef] = OrderedDict()
        self._sending: dict[str, asyncio.Task[MessageRef]] = {}
        self._notices: set[asyncio.Task[None]] = set()
        self.stream = StreamClient(
            lambda: client.open_stream(self.subscriptions(), UA),
            clock=clock,
            on_gap=self._gap,
            connections=settings.connections,
            rhythm=rhythm,
            sleep=sleep,
        )

    def share(self, pace: Pace) -> None:
        """Count what leaves with the other replicas."""
        self.client.pace = pace

    @property
    def hearing(self) -> bool:
        """Over Stream while a connection is alive; by HTTP as long as the process serves."""
        return self.settings.mode == "http" or self.stream.live > 0

    @property
    def forgiven_seconds(self) -> float:
        """Stream repeats nothing that nobody heard. By HTTP we take the minute that Stream is known to repeat after."""
        return _REDELIVERS if self.settings.mode == "http" else self.stream.gap_seconds

    # --- out ---

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        """Say it once per `key`, within the budgets; what is in one conversation stays in order.

        Raises Rejected, Unavailable (with the wait when a budget is used up), OutcomeUnknown.
        """
        if key in self._sent:
            return self._sent[key]
        if key not in self._sending:
            task = asyncio.create_task(self._once(self._target(chat, reply, to_user), reply, key))
            self._sending[key] = task
            task.add_done_callback(lambda done: self._settle(key, done))
        # Whoever waits may be cancelled; a message that is half out of the house is not.
        return await asyncio.shield(self._sending[key])

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        """Redraw a card for everybody; a lost card is sent anew; where nothing can be edited, a new message says so."""
        if not drawing.is_card(ref.message_id) or not self.abilities.edit_for_all:
            return await self.send(ref.chat, drawing.as_news(reply), key=make_key("update", key))
        while self.arrivals.pressed_within(ref.message_id, _ANSWER_FIRST):
            await self._sleep(0.05)  # no update may overtake the answer to a press
        try:
            await self.client.card_update(drawing.card_update(reply, ref.message_id, self.settings), urgency=reply.urgency)
        except Rejected as gone:
            if gone.code != "param.cardNotExist":
                raise
            _log.warning("card.repaired")
            return await self.send(ref.chat, reply, key=make_key("again", key))
        return ref

    async def _once(self, target: ChatRef, reply: Reply, key: str) -> MessageRef:
        ident = await self._lane(target).say(
            lambda: self.delivery.deliver(target, reply, key), urgency=min(reply.urgency, _asked(target))
        )
        await self._meter()
        return MessageRef(ChatRef(target.platform, target.chat_id, target.kind), ident)

    def _settle(self, key: str, done: asyncio.Task[MessageRef]) -> None:
        self._sending.pop(key, None)
        if done.cancelled() or done.exception() is not None:
            return
        self._sent[key] = done.result()
        while len(self._sent) > _KEEP:
            self._sent.popitem(last=False)

    @staticmethod
    def _target(chat: ChatRef, reply: Reply, to_user: str) -> ChatRef:
        if chat.kind is ChatKind.GROUP and (to_user or reply.private):
            if not to_user:
                raise Rejected("no-person", "私下回复要有收件人")
            return ChatRef(PLATFORM, to_user, ChatKind.DIRECT)
        return chat

    def _lane(self, target: ChatRef) -> Lane:
        name = f"{target.kind.value}:{target.chat_id}"
        lane = self._lanes.get(name)
        if lane is None:
            share = Share(self.settings.conversation_per_minute, 60.0)
            lane = Lane(f"dingtalk:{name}", share, lambda: self.client.pace, self._sleep)
            self._lanes[name] = lane
            for old in list(self._lanes)[: max(0, len(self._lanes) - _LANES)]:
                if not self._lanes[old].waiting:
                    del self._lanes[old]
        return lane

    async def _turn(self, chat: ChatRef, urgency: Urgency) -> None:
        """The next message of a reply that takes several. Raises Unavailable; a repeat goes on from there."""
        wait = await self._lane(chat).take(urgency)
        if wait > PATIENCE:
            raise Unavailable("dingtalk: conversation budget is used up", retry_after=wait)
        while wait:
            await self._sleep(min(wait, 1.0))
            wait = await self._lane(chat).take(urgency)

    # --- in ---

    def receive(self, request: RawRequest) -> ChatReceipt:
        """HTTP mode: robot messages, presses and events. Raises Forged, BadInput."""
        return self.arrivals.request(request)

    def subscriptions(self) -> list[Row]:
        """What the Stream connection is opened for."""
        wanted: list[Row] = []
        if self.settings.events or self.settings.directory:
            wanted.append({"type": "EVENT", "topic": "*"})
        if self.settings.mode == "stream":
            wanted.append({"type": "CALLBACK", "topic": wire.BOT_TOPIC})
        if self.settings.card_callback == "stream" and self.settings.cards in ("builtin", "own"):
            wanted.append({"type": "CALLBACK", "topic": wire.CARD_TOPIC})
        return wanted

    async def listen(self, store: Store) -> None:
        """Keep the Stream connections until cancelled. Raises NeedsAuthorization when the app's secret is refused."""
        if self.settings.card_callback == "http" and self.settings.callback_url:
            await self.client.register_card_route(self.settings.callback_url)
        if not self.subscriptions():
            await asyncio.Event().wait()

        async def handle(frames: Sequence[Frame]) -> Sequence[Ack]:
            return await self.arrivals.frames(frames, store, self.on_people)

        await self.stream.run(handle)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """FetchesMedia: what stands behind a `downloadCode`, up to `max_file_mb`.

        Raises Rejected when the platform keeps it no more, Unavailable, BadInput when it is too large or no picture.
        """
        if not attachment.media_id:
            raise Rejected("no-media", "这条消息没有带文件")
        try:
            url = await self.client.download_url(attachment.media_id)
        except Rejected as gone:
            raise Rejected(gone.code, "这个文件在钉钉那边已经取不到了，请再发一次") from gone
        limit = min(limit, self.settings.max_file_mb * 1_048_576)
        return as_said(attachment, await self.client.fetch(url, limit=limit))

    # --- notices ---

    async def _gap(self, start: datetime | None, end: datetime) -> None:
        """Tell the groups that were talking: what was written in between may be lost, the platform does not repeat it."""
        if self.on_heard is not None:
            try:
                await self.on_heard(start, end)
            except Exception:  # telling people must never cost the line
                _log.exception("stream.gap_notice_failed")
            return
        if start is None:
            return
        span = f"{start.astimezone(SHANGHAI):%H:%M:%S}–{end.astimezone(SHANGHAI):%H:%M:%S}"
        reply = Reply(f"{span} 可能漏收，请再发一次")
        for group, at in list(self.arrivals.spoke.items()):
            if at >= start - _RECENT:
                chat = ChatRef(PLATFORM, group, ChatKind.GROUP)
                self._notice(chat, reply, make_key("gap", group, start.isoformat()))

    async def _meter(self) -> None:
        """Share the month's counters, and say when they run low. Never fails a message that is already out."""
        quota = self.client.quota
        try:
            await quota.sync()
        except DeskError as trouble:
            _log.warning("quota.not_saved", error=type(trouble).__name__)
        usage = quota.due_warning()
        if usage is None:
            return
        _log.warning("quota.low", pool=usage.pool, used=usage.used, limit=usage.limit)
        if self.settings.notice_chat:
            chat = ChatRef(PLATFORM, self.settings.notice_chat, ChatKind.GROUP)
            self._notice(chat, Reply(usage.sentence()), make_key("quota", usage.pool, usage.used))

    def _notice(self, chat: ChatRef, reply: Reply, key: str) -> None:
        async def tell() -> None:
            try:
                await self.send(chat, reply, key=key)
            except DeskError as trouble:
                _log.warning("notice.not_sent", error=type(trouble).__name__)

        task = asyncio.create_task(tell())
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    async def aclose(self) -> None:
        """Stop what is waiting; what is being sent is given a moment."""
        running = [*self._notices, *self._sending.values()]
        if running:
            await asyncio.wait(running, timeout=1)
        for lane in self._lanes.values():
            await lane.aclose()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        try:
            await self.client.quota.sync(force=True)
        except DeskError as trouble:
            _log.warning("quota.not_saved", error=type(trouble).__name__)
        await self.client.aclose()


def _asked(chat: ChatRef) -> Urgency:
    """A question's own way back marks an answer, whoever calls."""
    return Urgency.ANSWER if chat.via else Urgency.NORMAL
