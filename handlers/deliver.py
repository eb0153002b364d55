"""Sends what the outbox holds: draws the view, keeps to each conversation's budget, remembers live cards."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.chat import ChatKind, ChatRef, MessageRef, Reply
from domain.errors import Refused, Rejected, Unavailable
from domain.ids import key as make_key
from domain.store import Claimed, Json, SentCard, UnitOfWork
from domain.topics import Topic
from handlers.desk import Desk, Effect, Feature, View
from handlers.outgoing import CRITICAL, redraw

log = structlog.get_logger()
_MINUTE = timedelta(minutes=1)


class Budget:
    """How many messages a conversation may still get in this minute. A quarter is kept for critical ones.

    In process: one replica holds the relay's lease for a conversation's lane at a time. Stays a step below the
    platform's own limit, since the platform counts by its clock, not ours.
    """

    def __init__(self) -> None:
        self._sent: dict[str, deque[datetime]] = {}

    def take(self, conversation: str, now: datetime, *, per_minute: int, critical: bool) -> float:
        """Seconds to wait before the message may leave; 0 when it may leave now, and then it is counted."""
        sent = self._sent.setdefault(conversation, deque())
        while sent and sent[0] <= now - _MINUTE:
            sent.popleft()
        ceiling = max(1, per_minute - 1)
        allowed = ceiling if critical else max(1, ceiling - ceiling // 4)
        if len(sent) < allowed:
            sent.append(now)
            return 0.0
        return max(0.05, (sent[len(sent) - allowed] + _MINUTE - now).total_seconds())


class Deliverer:
    """The outbox effects `chat.send` and `chat.update_cards`."""

    def __init__(self, views: Mapping[str, View], subjects: Mapping[str, View]) -> None:
        self._views = {"text": text_view, **views}
        self._subjects = subjects
        self._budget = Budget()

    def feature(self) -> Feature:
        effects: dict[Topic, Effect] = {Topic.SEND: self.send, Topic.UPDATE_CARDS: self.update_cards}
        return Feature("deliver", effects=effects)

    async def send(self, row: Claimed, desk: Desk) -> None:
        """Deliver one message. Raises Unavailable to be tried again (also when the conversation's minute is full)."""
        load = row.payload
        chat = ChatRef(load["platform"], load["chat_id"], ChatKind(load["chat_kind"]))
        connector = desk.chats.get(chat.platform)
        if connector is None:
            raise Rejected("no-platform", f"{chat.platform} is not connected")
        conversation = f"{chat.platform}:{chat.chat_id}"
        critical = row.lane.endswith("!") or load.get("priority") == CRITICAL
        wait = self._budget.take(
            conversation, desk.clock.now(), per_minute=connector.abilities.per_minute, critical=critical
        )
        if wait:
            raise Unavailable("conversation budget is used up", retry_after=wait)
        try:
            reply = await self._views[load["view"]](load["args"], chat, desk)
        except Refused as moot:
            # The view finds nothing left to say: a call for help that somebody answered while it waited here.
            log.info("message.moot", view=load["view"], row=row.id, why=type(moot).__name__)
            return
        if load.get("mention"):
            reply = dataclasses.replace(reply, mention=tuple(load["mention"]))
        ref = await connector.send(chat, reply, key=row.key, to_user=load.get("to_user", ""))
        subject = load.get("subject", "")
        if subject:
            await self._remember(subject, ref, reply, desk)

    async def _remember(self, subject: str, ref: MessageRef, reply: Reply, desk: Desk) -> None:
        shown = fingerprint(reply)
        card = SentCard(subject, ref.chat.platform, ref.chat.chat_id, ref.chat.kind.value, ref.message_id, shown)
        # The subject may have moved on between drawing and recording: a redraw that ran meanwhile could not know of
        # this card, so ask for one more; it does nothing when the picture is still true.
        again = redraw(subject, cause=make_key("sent", ref.message_id))

        def remember(uow: UnitOfWork) -> None:
            uow.cards.put(card)
            uow.outbox.add([again])

        await desk.store.write(remember)

    async def update_cards(self, row: Claimed, desk: Desk) -> None:
        """Redraw every live card of a subject whose picture is no longer true."""
        subject: str = row.payload["subject"]
        kind, _, number = subject.partition(":")
        view = self._subjects[kind]
        cards = await desk.store.read(lambda r: r.cards.of(subject))
        trouble: Exception | None = None
        for card in cards:
            connector = desk.chats.get(card.platform)
            if connector is None:
                continue
            chat = ChatRef(card.platform, card.chat_id, ChatKind(card.chat_kind))
            reply = await view({"id": int(number)}, chat, desk)
            shown = fingerprint(reply)
            if shown == card.rendered:
                continue
            try:
                # The row's key, not only the picture's: a card that goes back to an earlier picture is a new update.
                key = make_key("update", row.key, card.message_id, shown)
                ref = await connector.update(MessageRef(chat, card.message_id), reply, key=key)
            except Rejected as gone:
                # One lost card must not keep the others stale; it is logged and the rest goes on.
                log.warning("card.update_rejected", subject=subject, platform=card.platform, code=gone.code)
                continue
            except Unavailable as later:
                trouble = later
                continue
            fresh = dataclasses.replace(card, message_id=ref.message_id, rendered=shown)
            await desk.store.write(lambda u, fresh=fresh: u.cards.put(fresh))  # type: ignore[misc]
        if trouble is not None:
            raise trouble


async def text_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """A sentence that was ready when it was queued."""
    return Reply(args["text"])


def fingerprint(reply: Reply) -> str:
    """Hash of what a reader sees: equal means that an update would change nothing."""
    seen: list[Any] = [reply.text]
    if reply.card is not None:
        card = reply.card
        seen += [card.title, card.lines, card.tone, card.number, card.footer]
        seen += [(button.label, button.style) for button in card.buttons]
        seen += [link.label for link in card.links]
    return hashlib.blake2b(repr(seen).encode(), digest_size=12).hexdigest()
