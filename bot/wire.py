"""Neutral chat values as JSON for the inbox, and back."""

from __future__ import annotations

from datetime import datetime

from domain.chat import Attachment, ChatKind, ChatRef, Click, Incoming, Message, Sender
from domain.roster import Happened, RosterEvent
from domain.store import Json


def pack(incoming: Incoming) -> tuple[str, str, str, Json]:
    """(kind, dedupe, lane, payload) of one incoming thing. One chat and person is one lane: handled in order."""
    chat, sender = incoming.chat, incoming.sender
    base: dict[str, Json] = {
        "chat": [chat.platform, chat.chat_id, chat.kind.value, chat.via],
        "sender": [sender.user_id, sender.name],
        "sent_at": incoming.sent_at.isoformat(),
    }
    lane = f"{chat.platform}:{chat.chat_id}:{sender.user_id}"
    if isinstance(incoming, Message):
        base |= {
            "message_id": incoming.message_id,
            "text": incoming.text,
            "attachments": [[a.kind, a.name, a.media_id, a.size, a.text] for a in incoming.attachments],
            "quoted": incoming.quoted,
            "addressed": incoming.addressed,
        }
        return "message", f"m:{incoming.message_id}", lane, base
    base |= {
        "event_id": incoming.event_id,
        "card_message_id": incoming.card_message_id,
        "token": incoming.token,
        "values": [list(pair) for pair in incoming.values],
    }
    return "click", f"c:{incoming.event_id}", lane, base


def pack_event(event: RosterEvent) -> tuple[str, str, str, Json]:
    """(kind, dedupe, lane, payload) of what a directory told. What concerns one account is one lane."""
    load = {
        "platform": event.platform,
        "what": event.what.value,
        "user_id": event.user_id,
        "at": event.at.isoformat(),
        "event_id": event.event_id,
        "renamed_to": event.renamed_to,
    }
    return "people", f"p:{event.event_id}:{event.user_id}", f"{event.platform}:people:{event.user_id}", load


def unpack_event(load: Json) -> RosterEvent:
    """Inverse of `pack_event`."""
    what, at = Happened(load["what"]), datetime.fromisoformat(load["at"])
    return RosterEvent(load["platform"], what, load["user_id"], at, load["event_id"], load["renamed_to"])


def unpack(kind: str, load: Json) -> Incoming:
    """Inverse of `pack`."""
    platform, chat_id, chat_kind, *via = load["chat"]
    chat = ChatRef(platform, chat_id, ChatKind(chat_kind), *via)
    sender = Sender(*load["sender"])
    sent_at = datetime.fromisoformat(load["sent_at"])
    if kind == "message":
        attachments = tuple(Attachment(*each) for each in load["attachments"])
        return Message(
            chat, sender, load["message_id"], load["text"], sent_at, attachments, load["quoted"], load["addressed"]
        )
    values = tuple((name, value) for name, value in load["values"])
    return Click(chat, sender, load["event_id"], load["card_message_id"], load["token"], sent_at, values)
