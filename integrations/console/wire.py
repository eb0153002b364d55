"""What the page and the server say to each other: neutral chat values to JSON and back."""

from __future__ import annotations

import hashlib
import json
import struct
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from domain.chat import Ask, Button, Card, Document, Link, Picture, Reply
from domain.clock import millis
from domain.ids import key as make_key

Json = dict[str, Any]

MAX_SAID = 20_000  # characters of one text of ours; the page folds what is long
MAX_LINE = 2_000
_PNG = b"\x89PNG\r\n\x1a\n"
# Direction overrides can make 「拒绝」 read as something else; C0/C1 have no business in a chat. ZWJ stays: emoji need it.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean(text: str, limit: int = MAX_SAID) -> str:
    """Text fit to be shown: no control characters, direction overrides or half surrogates; at most `limit` characters."""
    kept = "".join(
        c for c in text[: limit * 2] if c in "\n\t" or (c not in _BIDI and unicodedata.category(c) not in ("Cc", "Cs"))
    )
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that a message shows or offers. `blob_id` is computed from owner and content, so a retry stores it once."""

    blob_id: str
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class StoredButton:
    """What a click on `button_id` means. The token stays on the server; the page only ever sees the id."""

    button_id: str
    token: str
    ask: Ask | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A reply ready for the room: JSON for the page, and what must be kept beside it."""

    body: Json
    blobs: tuple[Blob, ...]
    buttons: tuple[StoredButton, ...]


def draw(reply: Reply, *, message_id: str, base_url: str) -> Drawn:
    """A neutral reply as the page draws it. Links that do not open one of our own signed pages lose their address."""
    pictures = [_picture(picture, message_id) for picture in reply.pictures]
    files = [_document(document, message_id) for document in reply.documents]
    buttons = (*(reply.card.buttons if reply.card else ()), *reply.choices)
    body: Json = {
        "text": clean(reply.text),
        "card": _card(reply.card, base_url) if reply.card else None,
        "pictures": [shown for shown, _ in pictures],
        "files": [shown for shown, _ in files],
        "choices": [_button(button) for button in reply.choices],
        "mention": list(reply.mention),
    }
    kept = tuple(StoredButton(button_id(b.token), b.token, b.ask) for b in buttons)
    return Drawn(body, tuple(blob for _, blob in pictures + files), kept)


def said(text: str, attachments: list[Json], mention: list[str], quoted: str = "") -> Json:
    """A person's message in the same shape as ours."""
    return {
        "text": text,
        "card": None,
        "pictures": [a for a in attachments if a["kind"] == "image"],
        "files": [a for a in attachments if a["kind"] != "image"],
        "choices": [],
        "mention": mention,
        "quoted": quoted,
    }


def button_id(token: str) -> str:
    return make_key("button", token)[:16]


def preview(body: Json) -> str:
    """The one line a group shows of its last message."""
    if card := body.get("card"):
        return f"{card['title']} {card['number']}".strip()[:80]
    if text := body.get("text"):
        return " ".join(text.split())[:80]
    if body.get("pictures"):
        return "[图片]"
    return "[文件]" if body.get("files") else ""


def _card(card: Card, base_url: str) -> Json:
    return {
        "title": clean(card.title, 200),
        "number": clean(card.number, 40),
        "tone": card.tone.value,
        "lines": [clean(line, MAX_LINE) for line in card.lines[:30]],
        "buttons": [_button(button) for button in card.buttons],
        "links": [_link(link, base_url) for link in card.links],
        "footer": clean(_footer(card), 300),
        "due": millis(card.due_at) if card.due_at else None,
    }


def _footer(card: Card) -> str:
    """The footer's words, without the time left where a running clock is drawn beside them."""
    first, dot, rest = card.footer.partition(" · ")
    if card.due_at is not None and (first.startswith("剩") or first.endswith("left")):
        return rest if dot else ""
    return card.footer


def _button(button: Button) -> Json:
    return {
        "id": button_id(button.token),
        "label": clean(button.label, 60),
        "style": button.style.value,
        "command": clean(button.command, 80),
        "ask": ask_json(button.ask) if button.ask else None,
    }


def ask_json(ask: Ask) -> Json:
    options = [clean(option, 100) for option in ask.options]
    return {"prompt": clean(ask.prompt, 200), "name": ask.name, "options": options, "required": ask.required}


def ask_from(raw: str) -> Ask | None:
    """Inverse of `ask_json` on stored text."""
    found = json.loads(raw) if raw else None
    return Ask(found["prompt"], found["name"], tuple(found["options"]), found["required"]) if found else None


def _link(link: Link, base_url: str) -> Json:
    parts, home = urlsplit(link.url), urlsplit(base_url)
    ours = (not parts.netloc and not parts.scheme) or (parts.netloc == home.netloc and parts.scheme == home.scheme)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    safe = ours and parts.path.startswith("/p/") and "\\" not in path and "/../" not in path
    return {"label": clean(link.label, 60), "url": path if safe else ""}


def _picture(picture: Picture, message_id: str) -> tuple[Json, Blob]:
    blob_id = make_key("blob", message_id, picture.name, _digest(picture.png))
    width, height = png_size(picture.png)
    shown = {
        "id": blob_id,
        "name": clean(picture.name, 120),
        "alt": clean(picture.alt, 600),
        "width": width,
        "height": height,
    }
    return shown, Blob(blob_id, clean(picture.name, 120), "image/png", picture.png)


def _document(document: Document, message_id: str) -> tuple[Json, Blob]:
    blob_id = make_key("blob", message_id, document.name, _digest(document.content))
    name = clean(document.name, 120)
    shown = {"id": blob_id, "name": name, "size": len(document.content), "kind": "file"}
    return shown, Blob(blob_id, name, document.media_type, document.content)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def png_size(content: bytes) -> tuple[int, int]:
    """(width, height) from the IHDR chunk (PNG 1.2 section 11.2.2), or zeros: the page then reserves no room."""
    if len(content) < 24 or not content.startswith(_PNG):
        return 0, 0
    width, height = struct.unpack(">II", content[16:24])
    return int(width), int(height)
