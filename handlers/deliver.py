"""Sends what the outbox holds: draws the view, keeps to each conversation's budget, remembers live cards."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog

from domain.chat import ChatKind, ChatRef, MessageRef, Reply, Urgency
from domain.errors import Refused, Rejected, Unavailable
from domain.ids import key as make_key
from domain.pace import MemoryPace, Pace, Span
from domain.ports import Chat, ChatAbilities
from domain.store import Claimed, Json, SentCard, UnitOfWork
from domain.topics import Topic
from handlers import digest
from handlers.desk import Desk, Effect, Feature, Need, View
from handlers.outgoing import CRITICAL, redraw, redraw_there
from handlers.people_tell import kept_out

log = structlog.get_logger()
MOOT = "moot"


def spans(abilities: ChatAbilities, *, critical: bool) -> tuple[Span, ...]:
    """What pushes may use of a conversation: a step below the platform's limit, since it counts by its own clock; and of
    that, a quarter only for critical ones.
    """
    found = []
    for most, seconds in ((abilities.per_minute, 60.0), (abilities.per_hour, 3600.0)):
        if most:
            ceiling = max(1, most - 1)
            found.append(Span(ceiling if critical else max(1, ceiling - ceiling // 4), seconds))
    return tuple(found)


class Deliverer:
    """The outbox effects `chat.send` and `chat.update_cards`, and the question 展开.

    `pace` counts for all replicas. `elsewhere` names the platforms whose connection another replica holds.
    """

    def __init__(
        self,
        views: Mapping[str, View],
        subjects: Mapping[str, View],
        *,
        pace: Pace | None = None,
        elsewhere: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._views = {"text": text_view, digest.VIEW: digest.digest_view, **views}
        self._subjects = subjects
        self._pace = pace
        self._elsewhere = elsewhere

    def feature(self) -> Feature:
        effects: dict[Topic, Effect] = {Topic.SEND: self.send, Topic.UPDATE_CARDS: self.update_cards}
        expand = digest.Expander(self._views, self._subjects).expand
        return Feature(
            "deliver",
            questions={"expand": Need(expand, None, at_once=True)},
            effects=effects,
            due={digest.FORGET: digest.forget},
        )

    async def send(self, row: Claimed, desk: Desk) -> str:
        """Deliver one message, or one that stands for many. Gives its fate.

        Raises Unavailable to be tried again (also when the conversation's minute is full).
        """
        load = row.payload
        chat = ChatRef(load["platform"], load["chat_id"], ChatKind(load["chat_kind"]))
        connector = desk.chats.get(chat.platform)
        if connector is None:
            raise Rejected("no-platform", f"{chat.platform} is not connected")
        if chat.kind is ChatKind.DIRECT and await desk.store.read(lambda r: kept_out(r, chat.platform, chat.chat_id)):
            log.info("message.moot", view=load["view"], row=row.id, why="left")
            return MOOT
        critical = row.lane.endswith("!") or load.get("priority") == CRITICAL
        room = await self._turn(row, chat, connector, desk, critical=critical)
        key, fate = row.key, ""
        if room is not None or load["view"] == digest.VIEW:
            now = desk.clock.now()
            merged = await desk.store.write(lambda u: digest.merge(u, row, now, room=room or 0))
            if merged is not None:
                # A name of its own: what the row's key stood for may be remembered by the connector.
                load, key, fate = merged.payload, make_key("digest", merged.number), digest.fate(merged.number)
        try:
            reply = await self._views[load["view"]](load["args"], chat, desk)
        except Refused as moot:
            # The view finds nothing left to say: a call for help that somebody answered while it waited here.
            log.info("message.moot", view=load["view"], row=row.id, why=type(moot).__name__)
            return MOOT
        reply = dataclasses.replace(
            reply,
            mention=tuple(load.get("mention") or reply.mention),
            urgency=Urgency.CRITICAL if critical else reply.urgency,
        )
        ref = await connector.send(chat, reply, key=key, to_user=load.get("to_user", ""))
        subject = load.get("subject", "")
        if subject:
            await self._remember(subject, ref, reply, desk)
        return fate

    async def _turn(self, row: Claimed, chat: ChatRef, connector: Chat, desk: Desk, *, critical: bool) -> int | None:
        """Take a place in the conversation's budget. Gives what is left of it when that is little: then those behind may
        have to share a message. Raises Unavailable with the wait when nothing is left.
        """
        if self._pace is None:
            self._pace = MemoryPace(desk.clock)
        name = f"push:{chat.platform}:{row.payload.get('to_user') or chat.chat_id}"
        allowed = spans(connector.abilities, critical=critical)
        wait = await self._pace.take(name, allowed)
        if wait:
            raise Unavailable("conversation budget is used up", retry_after=wait)
        if critical:
            return None
        if row.attempts > 1:  # it was made to wait already, and so is everybody behind it
            return 0
        used = await self._pace.used(name, allowed[0].seconds)
        return max(0, allowed[0].most - used) if used > allowed[0].most // 2 else None

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
        only = row.payload.get("only", "")
        kind, _, number = subject.partition(":")
        view = self._subjects[kind]
        cards = await desk.store.read(lambda r: r.cards.of(subject))
        trouble: Exception | None = None
        away: set[str] = set()
        for card in cards:
            connector = desk.chats.get(card.platform)
            if connector is None or (only and card.platform != only):
                continue
            if card.platform in self._elsewhere() and not only:
                away.add(card.platform)
                continue
            chat = ChatRef(card.platform, card.chat_id, ChatKind(card.chat_kind))
            reply = await view({"id": int(number)}, chat, desk)
            try:
                await self._redraw(row, card, connector, chat, reply, desk)
            except Unavailable as later:
                trouble = later
        if away:
            there = [redraw_there(subject, platform, cause=row.key) for platform in sorted(away)]
            await desk.store.write(lambda u: u.outbox.add(there))
        if trouble is not None:
            raise trouble

    async def _redraw(self, row: Claimed, card: SentCard, connector: Chat, chat: ChatRef, reply: Reply, desk: Desk) -> None:
        shown = fingerprint(reply)
        if shown == card.rendered:
            return
        try:
            # The row's key, not only the picture's: a card that goes back to an earlier picture is a new update.
            key = make_key("update", row.key, card.message_id, shown)
            ref = await connector.update(MessageRef(chat, card.message_id), reply, key=key)
        except Rejected as gone:
            # One lost card must not keep the others stale; it is logged and the rest goes on.
            log.warning("card.update_rejected", subject=card.subject, platform=card.platform, code=gone.code)
            return
        fresh = dataclasses.replace(card, message_id=ref.message_id, rendered=shown)

        def kept(uow: UnitOfWork) -> None:
            if ref.message_id != card.message_id:
                # It hangs elsewhere now (a lost card was sent anew): the old one is no longer live.
                uow.cards.drop(card.platform, card.message_id)
            uow.cards.put(fresh)

        await desk.store.write(kept)


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
