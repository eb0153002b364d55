"""WeCom callbacks as neutral messages and clicks. Robot: JSON (path 100719, 101027); self-built app: XML (90239, 90240)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from domain.chat import Attachment, ChatKind, ChatRef, Click, Incoming, Message, Sender
from domain.errors import BadInput
from domain.ids import key as make_key

Json = dict[str, Any]
_ANY_MENTION = re.compile(r"^@\S{1,40}(?:[\s\u2005]+|$)")
_ENCRYPT = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=]+)(?:\]\]>)?\s*</Encrypt>")
_MEDIA = ("image", "file", "video")
MAX_TEXT = 20_000  # characters: beyond what a phone sends


@dataclass(frozen=True, slots=True)
class Happened:
    """One callback of the robot. `incoming` is None for events that only the connector itself answers."""

    kind: str  # message, click, stream, enter_chat, feedback_event, disconnected_event, ...
    chat: ChatRef
    message_id: str
    incoming: Incoming | None = None
    task_id: str = ""
    stream_id: str = ""


def base_of(task_id: str) -> str:
    """The message a card belongs to: later pictures of the same card are `base@n`."""
    return task_id.partition("@")[0]


def robot_json(raw: bytes | str) -> Json:
    """The decrypted JSON of a robot's callback. Raises BadInput."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as broken:
        raise BadInput("wecom: callback is not JSON") from broken
    if not isinstance(body, dict):
        raise BadInput("wecom: callback is not an object")
    return body


def read_robot(body: Json, *, platform: str, bot_names: tuple[str, ...], at: datetime, via: str = "") -> Happened:
    """One callback body of either robot mode. `via` is how its message may be answered. Raises BadInput."""
    user = _text(_object(body, "from"), "userid")
    single = body.get("chattype") != "group"
    chat_id = user if single else _text(body, "chatid")
    if not user or not chat_id:
        raise BadInput("wecom: callback without sender or chat")
    kind, message_id = _text(body, "msgtype"), _text(body, "msgid")
    chat = ChatRef(platform, chat_id, ChatKind.DIRECT if single else ChatKind.GROUP, via)
    if kind == "stream":
        return Happened("stream", chat, message_id, stream_id=_text(_object(body, "stream"), "id"))
    if kind == "event":
        return _robot_event(body, chat, user, message_id, at)
    if not message_id:
        raise BadInput("wecom: message without msgid")
    text, attachments = _content(body)
    message = Message(
        chat=chat,
        sender=Sender(user),
        message_id=message_id,
        text=text if single else without_mention(text, bot_names),
        sent_at=_moment(body.get("create_time"), at),
        attachments=(*attachments, *_quote(body)),
        addressed=True,  # groups only ever deliver what mentions the robot
    )
    return Happened("message", chat, message_id, message)


def _robot_event(body: Json, chat: ChatRef, user: str, message_id: str, at: datetime) -> Happened:
    event = _object(body, "event")
    kind = _text(event, "eventtype")
    if kind != "template_card_event":
        return Happened(kind or "event", chat, message_id)
    # The documentation nests the event; the platform's own SDK shows it flat. Both are read.
    inner = event.get("template_card_event")
    card: Json = inner if isinstance(inner, dict) else event
    task_id, pressed = _text(card, "task_id"), _text(card, "event_key")
    event_id = message_id or make_key("event", user, body.get("create_time"), pressed, task_id)
    click = Click(
        chat=chat,
        sender=Sender(user),
        event_id=event_id,
        card_message_id=base_of(task_id),
        token=pressed,
        sent_at=_moment(body.get("create_time"), at),
        values=_selected(card.get("selected_items")),
    )
    return Happened("click", chat, event_id, click, task_id=task_id)


def _content(body: Json) -> tuple[str, tuple[Attachment, ...]]:
    kind = _text(body, "msgtype")
    if kind == "text":
        return _text(_object(body, "text"), "content")[:MAX_TEXT], ()
    if kind == "voice":
        said = _text(_object(body, "voice"), "content")[:MAX_TEXT]
        return said, (Attachment("voice", "voice", "", text=said),)
    if kind == "mixed":
        items = _object(body, "mixed").get("msg_item")
        parts = [_content(item) for item in items if isinstance(item, dict)] if isinstance(items, list) else []
        return "\n".join(text for text, _ in parts if text), tuple(each for _, found in parts for each in found)
    if kind in _MEDIA:
        media = _object(body, kind)
        return "", (Attachment("image" if kind == "image" else "file", kind, _media_id(media)),)
    return "", ()


def _media_id(media: Json) -> str:
    """Where the content is and, behind a blank, its own key when it has one: good for 5 minutes."""
    return f"{_text(media, 'url')} {_text(media, 'aeskey')}".strip()


def _quote(body: Json) -> tuple[Attachment, ...]:
    """What the message quotes. WeCom gives its words, never its id; they are read only where there are no others."""
    quote = body.get("quote")
    if not isinstance(quote, dict):
        return ()
    text, attachments = _content(quote)
    return (Attachment("quote", "quote", "", text=text), *attachments) if text else attachments


def without_mention(text: str, bot_names: tuple[str, ...]) -> str:
    """A group message without the mention of ourselves. Names may hold blanks, so known names go first."""
    text = text.strip()
    for name in bot_names:
        mention = f"@{name}"
        if text.startswith(mention):
            return text[len(mention) :].strip()
        if mention in text:
            return text.replace(mention, " ", 1).strip()
    return _ANY_MENTION.sub("", text, count=1).strip()


def _selected(items: Any) -> tuple[tuple[str, str], ...]:
    chosen = items.get("selected_item") if isinstance(items, dict) else None
    found = []
    for item in _many(chosen):
        options = item.get("option_ids")
        ids = _many(options.get("option_id")) if isinstance(options, dict) else []
        found += [(_text(item, "question_key"), str(option)) for option in ids if isinstance(option, str)]
    return tuple(found)


def _many(value: Any) -> list[Any]:
    """One or several: XML and some JSON give an object where there is only one."""
    return value if isinstance(value, list) else [] if value is None else [value]


# --- self-built app ---------------------------------------------------------------------------------------------------


def encrypted_of(raw: bytes) -> str:
    """The `Encrypt` of an app's XML envelope, or the `encrypt` of a robot's JSON one. Raises BadInput."""
    if raw.lstrip()[:1] == b"{":
        sealed = robot_json(raw).get("encrypt")
        if isinstance(sealed, str) and sealed:
            return sealed
        raise BadInput("wecom: no encrypt in the envelope")
    found = _ENCRYPT.search(raw)
    if found is None:
        raise BadInput("wecom: no Encrypt in the envelope")
    return found[1].decode()


def app_fields(raw: bytes) -> dict[str, Any]:
    """The decrypted callback of an app: XML, or JSON for apps that are set to it; every leaf is a text. Raises BadInput."""
    if raw.lstrip()[:1] != b"{":
        return app_xml(raw)
    return {name: str(value) if isinstance(value, int) else value for name, value in robot_json(raw).items()}


def app_xml(raw: bytes) -> dict[str, Any]:
    """The decrypted XML of an app's callback as nested dicts. Raises BadInput; a document type is refused before parsing."""
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise BadInput("wecom: document type in XML")
    try:
        root = ET.fromstring(raw)  # noqa: S314 (signed by the platform, and no entities get this far)
    except (ET.ParseError, ValueError) as broken:
        raise BadInput("wecom: callback is not XML") from broken
    found = _branch(root)
    return found if isinstance(found, dict) else {}


def _branch(node: ET.Element) -> Any:
    if not len(node):
        return node.text or ""
    made: dict[str, Any] = {}
    for child in node:
        value = _branch(child)
        if child.tag in made:
            made[child.tag] = [*_many(made[child.tag]), value]
        else:
            made[child.tag] = value
    return made


def read_app(body: dict[str, Any], *, platform: str, at: datetime) -> Happened:
    """One callback of a self-built app: one person's direct conversation. Raises BadInput."""
    user, kind = _text(body, "FromUserName"), _text(body, "MsgType")
    if not user:
        raise BadInput("wecom: callback without sender")
    chat = ChatRef(platform, user, ChatKind.DIRECT)
    sent_at = _moment(body.get("CreateTime"), at)
    if kind == "event":
        return _app_event(body, chat, user, sent_at)
    message_id = _text(body, "MsgId")
    if not message_id:
        raise BadInput("wecom: message without MsgId")
    attachments: tuple[Attachment, ...] = ()
    if kind in ("image", "voice", "video"):
        attachments = (Attachment("file" if kind == "video" else kind, kind, _text(body, "MediaId")),)
    message = Message(chat, Sender(user), message_id, _text(body, "Content")[:MAX_TEXT], sent_at, attachments)
    return Happened("message", chat, message_id, message)


def _app_event(body: dict[str, Any], chat: ChatRef, user: str, sent_at: datetime) -> Happened:
    kind, pressed, task_id = _text(body, "Event"), _text(body, "EventKey"), _text(body, "TaskId")
    # The documented key (sender and second) is too coarse for two quick presses, so the press itself is part of ours. A
    # response code is fresh per press and the same in a repeat.
    event_id = make_key("event", user, _text(body, "CreateTime"), kind, pressed, task_id, _text(body, "ResponseCode"))
    if kind not in ("template_card_event", "template_card_menu_event"):
        return Happened(kind, chat, event_id)
    items = body.get("SelectedItems")
    values = []
    for item in _many(items.get("SelectedItem")) if isinstance(items, dict) else []:
        options = item.get("OptionIds") if isinstance(item, dict) else None
        ids = _many(options.get("OptionId")) if isinstance(options, dict) else []
        values += [(_text(item, "QuestionKey"), str(option)) for option in ids]
    click = Click(chat, Sender(user), event_id, base_of(task_id), pressed, sent_at, tuple(values))
    return Happened("click", chat, event_id, click, task_id=task_id, stream_id=_text(body, "ResponseCode"))


def _object(body: Any, name: str) -> Json:
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def _text(body: Any, name: str) -> str:
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, str) else ""


def _moment(stamp: Any, otherwise: datetime) -> datetime:
    try:
        seconds = int(stamp)
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 10**11 else otherwise
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise
