"""How a handler says that a message must leave: a row in the outbox, never a call.

A message is stored as the *name of a view and its arguments*; it is drawn when it is delivered, from the store as it is
then, so that a card which waited in a storm is not stale when it arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.chat import ChatKind, ChatRef
from domain.ids import key as make_key
from domain.people import Person
from domain.store import BoundChat, Json, Outgoing
from domain.topics import Topic

CRITICAL, NORMAL, BULK = 0, 5, 9


def send(
    chat: ChatRef,
    view: str,
    args: Json,
    *,
    key: str,
    to_user: str = "",
    mention: Sequence[str] = (),
    subject: str = "",
    topic: str = "",
    priority: int = NORMAL,
    due_at: datetime | None = None,
) -> Outgoing:
    """One message to one conversation. `key` makes it one message however often it is added.

    `subject` ("approval:4") makes the sent card a live one: it will be redrawn by `redraw(subject)`.
    `topic` (stock, logistics, …) is what a digest counts it under when the conversation's budget is used up.
    Messages of one conversation leave in order (lane).
    """
    payload = {
        "platform": chat.platform,
        "chat_id": chat.chat_id,
        "chat_kind": chat.kind.value,
        "to_user": to_user,
        "view": view,
        "args": args,
        "mention": list(mention),
        "subject": subject,
        "topic": topic,
        "priority": priority,
    }
    lane = f"chat:{chat.platform}:{chat.chat_id}"
    if priority == CRITICAL:
        lane += "!"  # a critical message never waits behind a queue of ordinary ones
    return Outgoing(Topic.SEND, make_key("send", key, chat.platform, chat.chat_id), payload, due_at, lane, priority)


def send_to(
    chats: Iterable[BoundChat],
    view: str,
    args: Json,
    *,
    key: str,
    people: Iterable[Person] = (),
    subject: str = "",
    topic: str = "",
    priority: int = NORMAL,
    due_at: datetime | None = None,
) -> list[Outgoing]:
    """The same message to several bound groups; `people` are mentioned by their account on each group's platform."""
    wanted = list(people)
    return [
        send(
            chat_ref(chat),
            view,
            args,
            key=key,
            mention=[user for person in wanted for platform, user in person.accounts if platform == chat.platform],
            subject=subject,
            topic=topic,
            priority=priority,
            due_at=due_at,
        )
        for chat in chats
    ]


def redraw(subject: str, *, cause: str, due_at: datetime | None = None) -> Outgoing:
    """Redraw every live card of a subject. `cause` tells one change from the next (a version, a decision's id)."""
    return Outgoing(
        Topic.UPDATE_CARDS,
        make_key("redraw", subject, cause),
        {"subject": subject},
        due_at,
        f"cards:{subject}",
        2,
    )


def redraw_there(subject: str, platform: str, *, cause: str) -> Outgoing:
    """The part of a redraw that only the replica can do that holds the platform's connection."""
    lane = f"chat:{platform}:cards:{subject}"
    payload = {"subject": subject, "only": platform}
    return Outgoing(Topic.UPDATE_CARDS, make_key("redraw", subject, platform, cause), payload, None, lane, 2)


def say(
    chat: ChatRef,
    text: str,
    *,
    key: str,
    to_user: str = "",
    mention: Sequence[str] = (),
    topic: str = "",
    priority: int = NORMAL,
) -> Outgoing:
    """A plain sentence. The text must already be masked."""
    return send(chat, "text", {"text": text}, key=key, to_user=to_user, mention=mention, topic=topic, priority=priority)


def chat_ref(chat: BoundChat) -> ChatRef:
    return ChatRef(chat.platform, chat.chat_id, ChatKind(chat.kind))
