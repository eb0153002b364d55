"""What an assistant gets: words for its person and the same as data. No button, no token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.chat import Document, Picture, Reply

MOST_FILES = 6 * 1024 * 1024  # bytes of one answer: what a client keeps in its conversation


@dataclass(frozen=True, slots=True)
class File:
    """A paper, a table or a page."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Told:
    text: str
    data: dict[str, Any] = field(default_factory=dict)
    failed: bool = False
    files: tuple[File, ...] = ()


def told(reply: Reply, *, link: bool = False, failed: bool = False) -> Told:
    """A reply without what only a person may use. Links open pages that show more than a group sees: only when asked for.

    What is said to the asker alone, and is no paper, is a refusal or says what is missing.
    """
    card = reply.card
    data: dict[str, Any] = {"text": reply.text}
    if card is not None:
        data["card"] = {"title": card.title, "lines": list(card.lines), "number": card.number, "footer": card.footer}
    if reply.choices:
        data["choices"] = [button.label for button in reply.choices]
    text = reply.text
    if link:
        links = [{"label": each.label, "url": each.url} for each in card.links] if card is not None else []
        data["links"] = links
        text = "\n".join([text, *(f"{each['label']} {each['url']}" for each in links)])
    if reply.choices:
        text = "\n".join([text, *(f"- {button.label}" for button in reply.choices if button.label not in text)])
    files, left = _files(reply.documents, reply.pictures if reply.documents else ())
    if files:
        data["files"] = [{"name": each.name, "media_type": each.media_type, "bytes": len(each.content)} for each in files]
    if left:
        text = f"{text}\n{'、'.join(left)} 太大，这里给不了，请在群里要。"
    return Told(text, data | {"text": text}, failed or (reply.private and not reply.documents), files)


def _files(documents: Sequence[Document], pictures: Sequence[Picture]) -> tuple[tuple[File, ...], list[str]]:
    """(what fits, the names of what does not). Pictures are a paper's pages; charts say nothing that the words do not."""
    wanted = [File(each.name, each.media_type, each.content) for each in documents]
    wanted += [File(each.name, "image/png", each.png) for each in pictures]
    kept: list[File] = []
    left: list[str] = []
    room = MOST_FILES
    for each in wanted:
        if len(each.content) <= room:
            kept.append(each)
            room -= len(each.content)
        else:
            left.append(each.name)
    return tuple(kept), left
