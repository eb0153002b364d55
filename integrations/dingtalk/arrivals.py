"""What DingTalk brings, whichever way: stored first, receipted after; the same thing twice keeps its name."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.chat import ChatKind, ChatRef, Click, Incoming, Message, Sender
from domain.clock import SHANGHAI, Clock, millis, moment
from domain.errors import BadInput, Forged
from domain.ids import key as make_key
from domain.ports import ChatReceipt, RawRequest
from domain.roster import RosterEvent
from integrations.dingtalk import mapping, wire
from integrations.dingtalk.directory import events_of
from integrations.dingtalk.door import Door
from integrations.dingtalk.drawing import is_direct_card
from integrations.dingtalk.quota import QuotaMeter
from integrations.dingtalk.settings import Settings
from integrations.dingtalk.stream import Ack, Frame

_log = structlog.get_logger("integrations.dingtalk")
Row = dict[str, Any]
Store = Callable[[Sequence[Incoming]], Awaitable[None]]
People = Callable[[Sequence[RosterEvent]], Awaitable[None]]
_KEEP = 2_000
_DOUBLE = timedelta(seconds=2)  # a double click
_REPEAT = timedelta(seconds=150)  # a press without receipt may come again


@dataclass(slots=True)
class _Press:
    event_id: str
    at: datetime
    receipted: bool = False


class Arrivals:
    """Bodies to `Incoming`. Remembers where cards hang, who spoke when, and which presses came before."""

    def __init__(self, settings: Settings, *, clock: Clock, quota: QuotaMeter) -> None:
        self._settings, self._clock, self._quota = settings, clock, quota
        self._door = Door(settings)
        self._presses: OrderedDict[str, _Press] = OrderedDict()
        self._cards: OrderedDict[str, ChatRef] = OrderedDict()
        self._pressed_at: OrderedDict[str, datetime] = OrderedDict()
        self.spoke: OrderedDict[str, datetime] = OrderedDict()  # groups by the time somebody last wrote
        self.refused: Counter[str] = Counter()  # callbacks that could not prove who sent them, by why

    # --- Stream ---

    async def frames(self, frames: Sequence[Frame], store: Store, people: People | None = None) -> list[Ack]:
        """Store what the frames hold, in order, in one go; then their receipts. Raises what `store` and `people` raise."""
        incoming: list[Incoming] = []
        acks: list[Ack] = []
        presses: list[_Press] = []
        for frame in frames:
            found, ack, pressed = self._frame(frame)
            incoming += found
            presses += pressed
            acks.append(ack)
        told = [each for frame in frames if frame.kind == "EVENT" for each in self._told(frame)]
        if told and people is not None:
            await people(told)
        if incoming:
            await store(incoming)
        for each in presses:
            each.receipted = True
        return acks

    def _told(self, frame: Frame) -> tuple[RosterEvent, ...]:
        """What an organisation event says of people."""
        head, now = frame.headers, self._clock.now()
        born, kind = str(head.get("eventBornTime", "")), str(head.get("eventType", ""))
        at = moment(int(born)) if born.isdecimal() and len(born) == 13 else now
        return events_of(kind, frame.data, ident=str(head.get("eventId", "")), at=at)

    def _frame(self, frame: Frame) -> tuple[list[Incoming], Ack, list[_Press]]:
        now = self._clock.now()
        if frame.kind == "EVENT":
            _log.info("event.received", kind=str(frame.headers.get("eventType", ""))[:60])
            return [], Ack(200, {"status": "SUCCESS", "message": "ok"}), []
        try:
            if frame.topic == wire.BOT_TOPIC:
                message = self._message(frame.data, now)
                return ([message] if message else []), Ack(200, {"response": None}), []
            if frame.topic == wire.CARD_TOPIC:
                click, press = self._click(frame.data, now)
                return [click], Ack(200, {"response": self._seen(now)}), [press]
        except BadInput as odd:
            # A repeat would be as unreadable: say so instead of asking for it again.
            _log.warning("message.unreadable", topic=frame.topic, why=odd.sentence)
            return [], Ack(400, {"response": None}), []
        return [], Ack(404, {"response": None}), []

    # --- HTTP ---

    def request(self, request: RawRequest) -> ChatReceipt:
        """Verify and decode one callback. Raises Forged, BadInput."""
        try:
            return self._request(request)
        except Forged as forged:
            self.refused[str(forged)[:60]] += 1
            raise

    def _request(self, request: RawRequest) -> ChatReceipt:
        kind = self._door.kind(request)
        if kind == "event":
            event, answer = self._door.event(request)
            if event:
                _log.info("event.received", kind=str(event.get("EventType", ""))[:60])
            told = events_of(str(event.get("EventType", "")), event, ident="", at=request.received_at)
            return ChatReceipt((), 200, answer, people=told)
        if kind == "card":
            click, press = self._click(self._door.card(request), request.received_at)
            # The platform hears of storing only through the status, so a repeat after a 503 is not known from here.
            press.receipted = True
            return ChatReceipt((click,), 200, json.dumps(self._seen(request.received_at), ensure_ascii=False).encode())
        message = self._message(self._door.robot(request), request.received_at)
        return ChatReceipt((message,) if message else (), 200, b'{"msgtype":"empty"}')

    # --- both ---

    def hangs(self, track: str, chat: ChatRef) -> None:
        """A card was delivered there: presses on it come from there."""
        _remember(self._cards, track, chat)

    def pressed_within(self, track: str, span: timedelta) -> bool:
        """Whether a press on this card has just come: its answer must leave before the card is updated."""
        at = self._pressed_at.get(track)
        return at is not None and self._clock.now() - at < span

    def _message(self, body: Row, received_at: datetime) -> Message | None:
        self._quota.count("messages")
        message = mapping.message_of(body, received_at=received_at)
        if message is None:
            self._quota.spent("messages")
            _log.error("quota.messages_exhausted")
            return None
        if message.chat.kind is ChatKind.GROUP:
            _remember(self.spoke, message.chat.chat_id, received_at)
        return message

    def _click(self, body: Row, now: datetime) -> tuple[Click, _Press]:
        self._quota.count("messages")
        pressed = mapping.pressed_of(body)
        _remember(self._pressed_at, pressed.track, now)
        press = self._press(pressed, now)
        click = Click(
            chat=self._where(pressed),
            sender=Sender(pressed.user),
            event_id=press.event_id,
            card_message_id=pressed.track,
            token=pressed.token,
            sent_at=now,
            values=pressed.values,
        )
        return click, press

    def _press(self, pressed: mapping.Pressed, now: datetime) -> _Press:
        """Presses have no id. The same again is a repeat when it is a double click, or was never receipted."""
        name = make_key(pressed.track, pressed.user, pressed.token, pressed.values)
        before = self._presses.get(name)
        if before is not None and now - before.at < (_DOUBLE if before.receipted else _REPEAT):
            return before
        press = _Press(make_key(name, millis(now)), now)
        _remember(self._presses, name, press)
        return press

    def _where(self, pressed: mapping.Pressed) -> ChatRef:
        if is_direct_card(pressed.track):
            return ChatRef(mapping.PLATFORM, pressed.user, ChatKind.DIRECT)
        known = self._cards.get(pressed.track)
        if known is not None:
            return known
        if pressed.conversation.startswith("cid"):
            return ChatRef(mapping.PLATFORM, pressed.conversation, ChatKind.GROUP)
        # Nobody says which group it was: then the answer goes to the person alone.
        return ChatRef(mapping.PLATFORM, pressed.user, ChatKind.DIRECT)

    @staticmethod
    def _seen(now: datetime) -> Row:
        """Shown to the clicker only, at once; true whatever comes of the press. The update for everybody follows."""
        tips = f"{now.astimezone(SHANGHAI):%H:%M:%S} 已收到你的操作"
        return {"cardUpdateOptions": {"updateCardDataByKey": True}, "cardData": {"cardParamMap": {"tips": tips}}}


def _remember(kept: OrderedDict[str, Any], name: str, value: Any) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > _KEEP:
        kept.popitem(last=False)
