"""DingTalk's messages and presses as ours, and the names by which a repeated delivery is recognised."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.chat import Attachment, ChatKind, ChatRef, Message, Sender
from domain.clock import moment
from domain.errors import BadInput
from domain.ids import key as make_key
from integrations.dingtalk import wire

Row = dict[str, Any]
PLATFORM = "dingtalk"
MAX_TEXT = 20_000
HELP = "帮助"  # what a bare mention of the bot asks for
_MEDIA = {"picture": "image", "file": "file", "audio": "voice", "video": "file"}


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press as the platform tells it. `token` is ours, from the action's id or its parameters."""

    track: str
    user: str
    token: str
    conversation: str
    values: tuple[tuple[str, str], ...]


def message_of(body: Row, *, received_at: datetime) -> Message | None:
    """A message, or None when it is the notice that the month's messages are used up. Raises BadInput."""
    if str(body.get("errorCode") or body.get("errCode") or "") == wire.OUT_OF_MESSAGES:
        return None
    conversation, who = _text(body, "conversationId"), _text(body, "senderStaffId") or _text(body, "senderId")
    if not conversation or not who:
        raise BadInput("dingtalk: a message without conversation or sender")
    group = str(body.get("conversationType", "")) == "2"
    words, attachments = _content(body)
    kind = ChatKind.GROUP if group else ChatKind.DIRECT
    chat = ChatRef(PLATFORM, conversation if group else who, kind, via_of(body))
    return Message(
        chat=chat,
        sender=Sender(who, _text(body, "senderNick")[:60]),
        message_id=content_key(body),
        text=words[:MAX_TEXT] or ("" if attachments else HELP),
        sent_at=_stamp(body, received_at),
        attachments=attachments,
        quoted=_text(body, "originalMsgId"),
        addressed=True,  # in groups only what mentions the robot arrives
    )


def callable_id(user: str) -> bool:
    """Whether an id may be put behind an `@`: a person's, and never everybody's, whoever wrote it into our tables."""
    return user.isascii() and user.replace("-", "").isalnum() and user.lower() != "all"


def content_key(body: Row) -> str:
    """Stable over re-deliveries, whose frame ids are new. One message that mentions several robots has one `msgId`."""
    robot, ident = _text(body, "robotCode"), _text(body, "msgId")
    if ident:
        return f"{robot}:{ident}"
    parts = [_text(body, name) for name in ("conversationId", "senderId", "msgtype")]
    said = json.dumps([body.get("text"), body.get("content"), body.get("createAt")], sort_keys=True, ensure_ascii=False)
    return f"{robot}:{make_key(*parts, said)}"


def via_of(body: Row) -> str:
    """The message's own reply address with its end of life, as `ChatRef.via` carries it through the inbox."""
    url, until = _text(body, "sessionWebhook"), body.get("sessionWebhookExpiredTime")
    return f"{until} {url}" if url and str(until).isdecimal() else ""


def open_via(via: str, now: datetime) -> str:
    """The reply address if it lives for another half a minute, else ""."""
    until, _, url = via.partition(" ")
    return url if until.isdecimal() and int(until) / 1000 > now.timestamp() + 30 else ""


def pressed_of(body: Row) -> Pressed:
    """A press, wherever this edition of the platform puts its parts. Raises BadInput."""
    track, user = _text(body, "outTrackId"), _text(body, "userId")
    private: Row = {}
    beside: Row = {}
    for name in ("content", "value"):
        content = _decoded(body.get(name))
        private = private or _row(content.get("cardPrivateData"))
        beside = beside or _row(content.get("params"))
    params = {**beside, **_row(private.get("params"))}
    ids = private.get("actionIds")
    first = ids[0] if isinstance(ids, list) and ids and isinstance(ids[0], str) else ""
    token = params.get("t") if isinstance(params.get("t"), str) else ""
    if not track or not user or not (token or first):
        raise BadInput("dingtalk: a press without card, person or button")
    form = _row(params.get("form"))
    given = {**{k: v for k, v in params.items() if k not in ("t", "form", "local_input")}, **form}
    values = tuple((str(name)[:40], str(value)[:500]) for name, value in given.items() if isinstance(value, str | int))
    return Pressed(track, user, str(token or first), _text(body, "spaceId"), values)


def _content(body: Row) -> tuple[str, tuple[Attachment, ...]]:
    kind, content = _text(body, "msgtype"), _row(body.get("content"))
    if kind in ("text", ""):
        text = _row(body.get("text")).get("content")
        if not isinstance(text, str):  # one official page prints the content on top
            text = body.get("content") if isinstance(body.get("content"), str) else ""
        return str(text).strip(), ()
    if kind == "richText":
        parts = content.get("richText")
        rows = [_row(each) for each in parts] if isinstance(parts, list) else []
        words = "".join(str(row["text"]) for row in rows if isinstance(row.get("text"), str)).strip()
        return words, tuple(_attachment("picture", row) for row in rows if row.get("type") == "picture")
    if kind in _MEDIA:
        return "", (_attachment(kind, content),)
    return "", ()


def _attachment(kind: str, content: Row) -> Attachment:
    name = _text(content, "fileName")[:120] or kind
    spoken = _text(content, "recognition")[:MAX_TEXT] if kind == "audio" else ""
    return Attachment(_MEDIA[kind], name, _text(content, "downloadCode"), text=spoken)


def _stamp(body: Row, received_at: datetime) -> datetime:
    raw = body.get("createAt", body.get("createA"))
    try:
        return moment(int(str(raw))) if raw is not None else received_at
    except (ValueError, OverflowError, OSError):
        return received_at.astimezone(UTC)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _row(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _decoded(value: Any) -> Row:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return _row(value)
