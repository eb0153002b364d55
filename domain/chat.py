"""Chat without platforms: what comes in, what goes out. Every chat connector maps to and from these, nothing else.

Buttons, not links, change things: a button carries an opaque signed token; its meaning and its amounts live in the store.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from domain.values import quick


class ChatKind(StrEnum):
    GROUP = "group"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class ChatRef:
    """A conversation on one platform.

    `via` is how to answer the very message this reference came with (a request id, a one-time address): opaque to all but
    the connector and no part of the conversation's identity. It travels through the inbox and is empty everywhere else.
    """

    platform: str  # connector name: console, wecom, dingtalk
    chat_id: str
    kind: ChatKind
    via: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom the platform proves to have sent this. `user_id` is the platform's id, never a typed name."""

    user_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    kind: str  # image, file, voice
    name: str
    media_id: str
    size: int = 0
    text: str = ""  # a voice note's transcript, when the platform gives one


@quick
@dataclass(frozen=True, slots=True)
class Message:
    """A person wrote. `message_id` is the platform's and is the key against duplicates."""

    chat: ChatRef
    sender: Sender
    message_id: str
    text: str
    sent_at: datetime
    attachments: tuple[Attachment, ...] = ()
    quoted: str = ""  # message_id this one replies to
    addressed: bool = True  # the bot was mentioned, or it is one to one; else we only speak when surely meant


@dataclass(frozen=True, slots=True)
class Click:
    """A person pressed a button of ours. `token` is what we put on the button, given back untouched."""

    chat: ChatRef
    sender: Sender
    event_id: str
    card_message_id: str
    token: str
    sent_at: datetime
    values: tuple[tuple[str, str], ...] = ()  # what an input beside the button held


Incoming = Message | Click


class Tone(StrEnum):
    """One state mark per card: the colour of its head, and at most one emoji."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"
    INFO = "info"
    DONE = "done"


class ButtonStyle(StrEnum):
    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Ask:
    """What the platform should ask before the click is sent: a choice from `options`, or free text when empty."""

    prompt: str
    name: str = "reason"
    options: tuple[str, ...] = ()
    required: bool = True


@quick
@dataclass(frozen=True, slots=True)
class Button:
    """A callback button. `command` is what a person types where buttons cannot be drawn: `同意 A17`."""

    label: str
    token: str
    style: ButtonStyle = ButtonStyle.PLAIN
    command: str = ""
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Opens a signed page. Links look, they never change anything."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Picture:
    """PNG bytes, with the same facts in words for those who cannot see it."""

    png: bytes
    alt: str
    name: str = "chart.png"


@dataclass(frozen=True, slots=True)
class Document:
    content: bytes
    name: str
    media_type: str


@quick
@dataclass(frozen=True, slots=True)
class Card:
    """A card people act on. `lines` are short plain-text lines, most important first (about 8 at most).

    `due_at` is what the footer counts down to, for platforms with a running clock; the footer's words alone suffice.
    """

    title: str
    lines: tuple[str, ...]
    tone: Tone = Tone.INFO
    number: str = ""  # what people call it: A17, K203
    buttons: tuple[Button, ...] = ()
    links: tuple[Link, ...] = ()
    footer: str = ""
    due_at: datetime | None = None


class Urgency(IntEnum):
    """Whose turn it is when a conversation's budget runs low. Each keeps a share that those after it cannot use."""

    CRITICAL = 0  # a severity, never a colour: what must be read now
    ANSWER = 3  # somebody asked and waits
    NORMAL = 5


@quick
@dataclass(frozen=True, slots=True)
class Reply:
    """What we say. `text` alone always suffices; `card` is the richer form of the same facts, not an addition.

    `private` asks the connector to show it to the asker only (falls back to a direct message).
    `mention` are platform user ids to @.
    """

    text: str
    card: Card | None = None
    pictures: tuple[Picture, ...] = ()
    documents: tuple[Document, ...] = ()
    private: bool = False
    mention: tuple[str, ...] = ()
    choices: tuple[Button, ...] = field(default=())  # quick answers under a plain text
    urgency: Urgency = Urgency.NORMAL


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a sent message is, so that it can be updated."""

    chat: ChatRef
    message_id: str
