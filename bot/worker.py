"""Works through the inbox: accepted messages, clicks and pushes, one conversation (or order) at a time, in order."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta

import structlog

from bot.dispatch import Dispatcher
from bot.sight import Looked, Sight, with_preface
from bot.wire import unpack, unpack_event
from domain.chat import ChatKind, Incoming, Message, Reply, Urgency
from domain.errors import DeskError, ProtocolBroken, Rejected
from domain.ids import key as make_key
from domain.privacy import safe_note
from domain.store import InboxItem
from handlers import outgoing, people_sync
from handlers.desk import Afterwards, Desk
from handlers.router import Router
from handlers.sync import pushed
from handlers.words.common import words

log = structlog.get_logger()
_AT_ONCE = 512  # most of them, when there are so many, wait for their conversation's budget: nobody else waits for those
_CLAIM = 64
_BEAT_SECONDS = 5.0
_PAUSE = 0.5
_MAX_TRIES = {"message": 6, "click": 8, "push": 12, "people": 12}
_UNREADABLE_TRIES = 6


class InboxWorker:
    """`run` until cancelled. `wake` is called by whoever has just accepted something, to save the poll.

    `elsewhere` names the chat platforms whose connection another replica holds: only that one can answer there.
    """

    def __init__(
        self,
        desk: Desk,
        router: Router,
        dispatcher: Dispatcher,
        *,
        sight: Sight | None = None,
        idle_seconds: float = 0.2,
        elsewhere: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._desk = desk
        self._router = router
        self._dispatcher = dispatcher
        self._sight = sight or Sight(desk.store, desk.chats, None, lang=desk.lang)
        self._idle = idle_seconds
        self._elsewhere = elsewhere
        self._working: set[int] = set()  # items that are being handled here
        self._running: set[asyncio.Task[None]] = set()
        self._serving = False
        self._settled: list[tuple[InboxItem, Sequence[Afterwards]]] = []
        self._settling: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Take and handle, for ever. A lane is free again as soon as its item is settled, so nobody waits for a stranger."""
        beating = asyncio.create_task(self._beat())
        self._serving = True
        try:
            while True:
                self._woken.clear()
                room = min(_CLAIM, _AT_ONCE - len(self._running))
                items = await self._claim(room) if room > 0 else []
                for item in items:
                    self._start(item)
                if not items:
                    with contextlib.suppress(TimeoutError):
                        # Not wait_for: before Python 3.12 it loses a cancellation that meets the waking, and we never end.
                        async with asyncio.timeout(self._idle):
                            await self._woken.wait()
        finally:
            self._serving = False
            tasks = (beating, *self._running)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._settling is not None:  # what was said is not said again
                await asyncio.wait({self._settling}, timeout=2)

    def at_hand(self, source: str) -> bool:
        """Whether an item of this source may be begun here at once, as the one who accepts it."""
        return self._serving and len(self._running) < _AT_ONCE and source not in self._elsewhere()

    def begin(self, item: InboxItem, incoming: Incoming) -> None:
        """Handle an item that was accepted as ours: no claim, and nothing read back."""
        self._start(item, incoming)

    def _start(self, item: InboxItem, incoming: Incoming | None = None) -> None:
        task = asyncio.create_task(self.handle(item, incoming))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if len(self._running) >= _AT_ONCE:
            self._woken.set()  # there is room again
        self._running.discard(task)

    async def _beat(self) -> None:
        """Say that we live: keep what we work on, and free what others left who certainly do not."""
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            with contextlib.suppress(DeskError):
                await self._desk.store.inbox.extend(sorted(self._working))
                if await self._desk.store.inbox.recover():
                    self._woken.set()

    async def aclose(self) -> None:
        await self._sight.aclose()

    async def drain(self) -> int:
        """Handle all there is, then return how many: for tests, rehearsals and the command line."""
        count = 0
        while items := await self._claim(_CLAIM):
            await asyncio.gather(*(self.handle(item) for item in items))
            count += len(items)
            if self._settling is not None:
                await self._settling
        return count

    async def _claim(self, limit: int) -> list[InboxItem]:
        try:
            return await self._desk.store.inbox.claim(
                self._desk.clock.now(), limit=limit, elsewhere=sorted(self._elsewhere())
            )
        except DeskError:
            log.exception("inbox.claim_failed")
            return []

    async def handle(self, item: InboxItem, incoming: Incoming | None = None) -> None:
        """Settle one item: done, to be tried again, or dead with a reason. Never raises but for cancellation."""
        self._working.add(item.id)
        try:
            await self._handle(item, incoming)
        except BaseException:  # cancelled
            self._working.discard(item.id)
            raise

    async def _handle(self, item: InboxItem, incoming: Incoming | None) -> None:
        inbox = self._desk.store.inbox
        works: Sequence[Afterwards] = ()
        kept = False  # whether `_settle` has the last word
        try:
            if item.kind == "push":
                await pushed(item, self._desk, self._router)
            elif item.kind == "people":
                await people_sync.happened(unpack_event(item.payload), self._desk)
            else:
                works = await self._talk(item, incoming or unpack(item.kind, item.payload))
        except Rejected as bad:
            log.warning("inbox.item_refused", source=item.source, kind=item.kind, item=item.id, error=type(bad).__name__)
            await self._quarantine(item, str(bad))
            await inbox.dead(item.id, error=str(bad)[:300])
        except Exception as trouble:
            await self._again(item, trouble)
        else:
            self._settled.append((item, works))
            kept = True
            if self._settling is None or self._settling.done():
                self._settling = asyncio.create_task(self._settle())
        finally:
            if not kept:
                self._working.discard(item.id)

    async def _settle(self) -> None:
        """What is remembered, then that it is done: one commit each for all that ended meanwhile."""
        while self._settled:
            ended, self._settled = self._settled, []
            done = await self._remember(ended)
            try:
                freed = await self._desk.store.inbox.done(done) if done else 0
            except DeskError:
                # The store is away. The lease is extended meanwhile, so that nobody is answered twice.
                log.exception("inbox.not_settled", items=len(done))
                kept = set(done)
                self._settled = [(item, ()) for item, _ in ended if item.id in kept] + self._settled
                await asyncio.sleep(_PAUSE)
                continue
            self._working.difference_update(item.id for item, _ in ended)
            if freed:
                self._woken.set()

    async def _remember(self, ended: Sequence[tuple[InboxItem, Sequence[Afterwards]]]) -> list[int]:
        """The items whose memory is kept. One that cannot be kept is tried again, and takes nobody with it."""
        works = [work for _, some in ended for work in some]
        if works:
            try:
                await self._desk.store.write(lambda u: [work(u) for work in works])
            except Exception:
                return [item.id for item, some in ended if await self._remembered(item, some)]
        return [item.id for item, _ in ended]

    async def _remembered(self, item: InboxItem, works: Sequence[Afterwards]) -> bool:
        try:
            await self._desk.store.write(lambda u: [work(u) for work in works])
        except Exception as trouble:
            await self._again(item, trouble)
            return False
        return True

    async def _again(self, item: InboxItem, trouble: Exception) -> None:
        tries = item.attempts + 1
        if not isinstance(trouble, DeskError):
            log.error("inbox.item_failed", source=item.source, kind=item.kind, item=item.id, tries=tries, exc_info=trouble)
        # One unreadable answer is mostly a gateway's error page: asked again, but not for long.
        most = _UNREADABLE_TRIES if isinstance(trouble, ProtocolBroken) else _MAX_TRIES.get(item.kind, 6)
        if tries >= most:
            await self._quarantine(item, type(trouble).__name__)
            await self._own_up(item)
            await self._desk.store.inbox.dead(item.id, error=type(trouble).__name__)
            return
        wait = getattr(trouble, "retry_after", None) or min(600.0, 2.0**tries)
        due = self._desk.clock.now() + timedelta(seconds=wait)
        await self._desk.store.inbox.retry(item.id, due_at=due, error=type(trouble).__name__)

    async def _own_up(self, item: InboxItem) -> None:
        """Who asked us and will get no answer hears that, through the outbox: it waits until the conversation has room
        again, and is merged with others like it. Silence would be taken for "nothing found".
        """
        if item.kind != "message":
            return
        try:
            incoming = unpack(item.kind, item.payload)
        except Exception:
            # What cannot even be read is why it died: it must not keep the item from being put aside.
            log.warning("inbox.item_unreadable", source=item.source, item=item.id, exc_info=True)
            return
        if not isinstance(incoming, Message) or not incoming.addressed:
            return
        direct = incoming.chat.kind is ChatKind.DIRECT
        text = words(self._desk.lang).not_answered(safe_note(incoming.text, 24))
        sorry = outgoing.say(
            incoming.chat,
            text,
            key=make_key("unanswered", item.source, incoming.message_id),
            to_user=incoming.sender.user_id if direct else "",
        )
        person = await self._desk.store.read(lambda r: r.people.by_account(incoming.chat.platform, incoming.sender.user_id))
        if person is not None and person.active:
            await self._desk.store.write(lambda u: u.outbox.add([sorry]))

    async def _quarantine(self, item: InboxItem, reason: str) -> None:
        now = self._desk.clock.now()
        await self._desk.store.write(
            lambda u: u.quarantine.quarantine(item.source, f"{item.kind}:{item.id}", reason[:300], "", now)
        )

    async def _talk(self, item: InboxItem, incoming: Incoming) -> Sequence[Afterwards]:
        """Answer; what is to be remembered once the reply is out. A crash in between repeats both, and the platform knows
        the reply by its key.
        """
        if isinstance(incoming, Message):
            looked = await self._sight.look(incoming) if incoming.attachments else Looked(incoming)
            if looked.reply is not None:
                await self._say(item, incoming, looked.reply, incoming.message_id)
                return ()
            if looked.silent:
                return ()
            incoming = looked.message
            answer = await self._dispatcher.reply_to(incoming)
            await self._say(item, incoming, with_preface(answer.reply, looked.said), incoming.message_id)
            return self._dispatcher.to_keep(incoming, answer)
        await self._say(item, incoming, await self._dispatcher.click(incoming), incoming.event_id)
        return ()

    async def _say(self, item: InboxItem, incoming: Incoming, reply: Reply | None, request: str) -> None:
        if reply is None:
            return
        chat, user, key = incoming.chat, incoming.sender.user_id, make_key("reply", item.source, request)
        connector = self._desk.chats.get(chat.platform)
        if connector is None:
            raise Rejected("no-platform", f"{chat.platform} is not connected")
        to_user = user if reply.private and chat.kind is ChatKind.GROUP else ""
        if reply.urgency is Urgency.NORMAL:
            reply = dataclasses.replace(reply, urgency=Urgency.ANSWER)
        await connector.send(chat, reply, key=key, to_user=to_user)
