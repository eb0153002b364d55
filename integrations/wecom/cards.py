"""A neutral card as WeCom's template card (path 101032), and the text that stands for it where it cannot be drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from domain.chat import Button, ButtonStyle, Card, Document, Picture, Reply, Tone
from domain.ids import key as make_key
from domain.privacy import safe_text
from domain.render import MARK, clip, markdown, safe_url, split

Json = dict[str, Any]
MAX_MARKDOWN = 20_480  # bytes
MAX_BUTTONS = 6
_TITLE, _DESC, _SUBTITLE, _LABEL, _SOURCE = 26, 30, 112, 10, 13  # visible characters that phones show
_STYLES = {ButtonStyle.PRIMARY: 1, ButtonStyle.PLAIN: 4, ButtonStyle.DANGER: 3}
_COLOURS = {Tone.BAD: 2, Tone.WATCH: 2, Tone.GOOD: 3, Tone.DONE: 3, Tone.INFO: 1}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What leaves for one reply, in order: texts, then the card, then pictures and files.

    `instead` is what the texts become when the platform refuses the card: written only when somebody asks.
    """

    texts: tuple[str, ...]
    card: Json | None
    write: Callable[[], tuple[str, ...]] = field(repr=False, compare=False)
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    documents: tuple[Document, ...] = field(default=(), repr=False)

    @property
    def instead(self) -> tuple[str, ...]:
        return self.write()


def task_id(key: str) -> str:
    """A card's id, computed from what caused it: sending it twice is refused by the platform as a repeated id."""
    return f"xd-{make_key('wecom', key)}"


def draw(
    reply: Reply, *, task: str, buttons: bool, media: bool, limit: int = MAX_MARKDOWN, lang: str = "zh", note: str = ""
) -> Drawn:
    """`buttons`: a card may be sent to this conversation; `media`: pictures and files too. `note` goes above the text.

    A card that cannot show everything on a phone follows the whole text; one that can stands for it.
    """
    head = f"{note}\n" if note else ""

    def instead() -> tuple[str, ...]:
        return split(head + markdown(reply, media_drawn=media, lang=lang), limit)

    pictures, documents = (reply.pictures, reply.documents) if media else ((), ())
    pressed = (*(reply.card.buttons if reply.card else ()), *reply.choices)
    if not buttons or not pressed:
        return Drawn(instead(), None, instead, pictures, documents)
    shown = pressed[:MAX_BUTTONS]
    if reply.card is None:
        said = markdown(reply, buttons_drawn=True, media_drawn=media, lang=lang)
        whole = len(reply.text) <= _TITLE and "\n" not in reply.text
        card = _asking(reply.text, shown, task) if whole else _asking(_PICK[lang], shown, task)
        texts = () if whole and not head else split(head + said, limit)
        return Drawn(texts, card, instead, pictures, documents)
    card, whole = _card(reply.card, shown, task)
    whole = whole and len(pressed) == len(shown) and not head and _covers(reply.card, reply.text)
    if whole:
        return Drawn((), card, instead, pictures, documents)
    said = markdown(reply, buttons_drawn=len(pressed) == len(shown), media_drawn=media, lang=lang)
    return Drawn(split(head + said, limit), card, instead, pictures, documents)


_PICK = {"zh": "请选一个", "en": "Please choose"}


def _covers(card: Card, text: str) -> bool:
    """Whether the card says all that the text says: the same lines, give or take the head, the footer and the commands."""
    body = {*card.lines, card.footer, *(button.command for button in card.buttons)}
    rest = [line for line in text.splitlines()[1:] if line and line not in body and " / " not in line]
    return not rest


def _card(card: Card, buttons: tuple[Button, ...], task: str) -> tuple[Json, bool]:
    """(template card, whether it shows every line in full)."""
    title = " ".join(part for part in (MARK[card.tone], card.title, card.number) if part)
    lines = [safe_text(line, 400) for line in (*card.lines, card.footer) if line]
    desc, rest = ("", lines)
    if lines and len(lines[0]) <= _DESC:
        desc, rest = lines[0], lines[1:]
    below = "\n".join(rest)
    made: Json = {
        "card_type": "button_interaction",
        "main_title": {"title": safe_text(title, _TITLE)},
        "button_list": _buttons(buttons),
        "task_id": task,
    }
    if card.number:
        made["source"] = {"desc": safe_text(f"小单 {card.number}", _SOURCE), "desc_color": _COLOURS[card.tone]}
    if desc:
        made["main_title"]["desc"] = desc
    if below:
        made["sub_title_text"] = _cut(below, _SUBTITLE)
    if links := [link for link in card.links if safe_url(link.url)]:
        made["card_action"] = {"type": 1, "url": links[0].url}
    _choice(made, buttons)
    return made, len(title) <= _TITLE and len(below) <= _SUBTITLE and len(links) == len(card.links) <= 1


def _asking(text: str, buttons: tuple[Button, ...], task: str) -> Json:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": safe_text(text, _TITLE)},
        "button_list": _buttons(buttons),
        "task_id": task,
    }


def _buttons(buttons: tuple[Button, ...]) -> list[Json]:
    """Keys are the signed tokens as they are; they must differ, so a token that is there twice is drawn once."""
    drawn: dict[str, Json] = {}
    for button in buttons:
        label = safe_text(button.label, _LABEL) or "…"
        drawn.setdefault(button.token, {"text": label, "style": _STYLES[button.style], "key": button.token})
    return list(drawn.values())


def _choice(made: Json, buttons: tuple[Button, ...]) -> None:
    """WeCom asks nothing after a press: a list above the buttons holds the reasons; a press without one is asked back."""
    asks = [button.ask for button in buttons if button.ask is not None and 1 <= len(button.ask.options) <= 10]
    if len(asks) != 1 or any(len(option.encode()) > 128 for option in asks[0].options):
        return
    options = [{"id": option, "text": safe_text(option, _LABEL)} for option in asks[0].options]
    made["button_selection"] = {
        "question_key": asks[0].name,
        "title": safe_text(asks[0].prompt, _SOURCE),
        "option_list": options,
    }


def settled(card: Json) -> Json:
    """A card's last picture: WeCom demands a button, so its only one says that all is done and means nothing."""
    if card.get("button_list"):
        return card
    return {**card, "button_list": [{"text": "已处理", "style": 4, "key": "settled"}]}


def redrawn(reply: Reply, task: str) -> Json | None:
    """The card's new picture for `update_template_card`, or None when the reply has no card."""
    if reply.card is None:
        return None
    card, _ = _card(reply.card, reply.card.buttons[:MAX_BUTTONS], task)
    return settled(card)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def short(text: str, max_bytes: int) -> str:
    return clip(text, max_bytes)
