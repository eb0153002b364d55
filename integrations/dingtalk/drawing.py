"""Neutral replies as DingTalk draws them: cards with callback buttons, markdown, action cards, pictures, files."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from domain import render
from domain.chat import Button, ButtonStyle, Card, ChatKind, ChatRef, Document, Reply
from domain.ids import key as make_key
from domain.privacy import safe_text
from integrations.dingtalk.mapping import callable_id
from integrations.dingtalk.settings import Settings

Row = dict[str, Any]
NEWLINE = "  \n  "  # the documented line break: a line feed with two blanks around it
TEXT_BYTES = 4_000  # a phone's screen is full long before the platform's 15 000
MAX_BUTTONS = 8
_COLOURS = {ButtonStyle.PRIMARY: "blue", ButtonStyle.DANGER: "red", ButtonStyle.PLAIN: "gray"}
_FILE_TYPES = frozenset({"xlsx", "pdf", "zip", "rar", "doc", "docx"})


def track_of(key: str, kind: ChatKind) -> str:
    """The card's own name, computed from the key: the same key can never make two cards."""
    return f"xd{'g' if kind is ChatKind.GROUP else 'd'}-{make_key('dingtalk', key)}"


def is_card(message_id: str) -> bool:
    return message_id.startswith(("xdg-", "xdd-"))


def is_direct_card(track: str) -> bool:
    return track.startswith("xdd-")


def wants_card(reply: Reply) -> bool:
    return reply.card is not None or bool(reply.choices)


def card_data(reply: Reply, settings: Settings, *, mention: Sequence[str] = ()) -> tuple[dict[str, str], str]:
    """(cardParamMap, the words that found no room). Every value is a text and within the size the API page documents."""
    card = reply.card or _bare(reply)
    buttons = [*card.buttons, *(reply.choices if reply.card is not None else ())]
    drawn, spelled = _drawable(buttons, settings.card_value_bytes)
    lines = [render.escape_markdown(line) for line in card.lines]
    called = [f'<a atId="{user}">@{safe_text(user, 40)}</a>' for user in mention if callable_id(user)]
    lines += [f"[{safe_text(link.label, 60)}]({url})" for link in card.links if (url := render.safe_url(link.url))]
    lines += [render.escape_markdown(f"{button.label}：发送「{button.command} …」") for button in spelled]
    body = NEWLINE.join(([" ".join(called)] if called else []) + lines)
    limit = settings.card_value_bytes
    parts = render.split(body, limit) if limit and body else (body,)
    params = {
        "title": safe_text(" ".join(part for part in (render.MARK[card.tone], card.title, card.number) if part), 100),
        "logo": "",
        "markdown": parts[0],
        "tips": safe_text(card.footer, 200),
        "sys_full_json_obj": json.dumps({"msgButtons": drawn}, ensure_ascii=False, separators=(",", ":")),
    }
    if settings.cards == "own":
        params |= {"tone": card.tone.value, "number": safe_text(card.number, 40)}
    return params, NEWLINE.join(parts[1:])


def new_card(reply: Reply, chat: ChatRef, track: str, settings: Settings, *, mention: Sequence[str] = ()) -> tuple[Row, str]:
    """(body of createAndDeliver, the words that found no room)."""
    group = chat.kind is ChatKind.GROUP
    params, rest = card_data(reply, settings, mention=mention if group else ())
    space = f"IM_GROUP.{chat.chat_id}" if group else f"IM_ROBOT.{chat.chat_id}"
    prefix = "imGroup" if group else "imRobot"
    body: Row = {
        "cardTemplateId": settings.template,
        "outTrackId": track,
        "callbackType": settings.card_callback.upper(),
        "userIdType": 1,
        "cardData": {"cardParamMap": params},
        "openSpaceId": f"dtv1.card//{space}",
        f"{prefix}OpenSpaceModel": {
            "supportForward": False,
            "lastMessageI18n": {"ZH_CN": params["title"]},
            "notification": {"alertContent": params["title"], "notificationOff": False},
        },
        f"{prefix}OpenDeliverModel": (
            {"robotCode": settings.robot} if group else {"spaceType": "IM_ROBOT", "robotCode": settings.robot}
        ),
    }
    if settings.card_callback == "http":
        body["callbackRouteKey"] = settings.card_route
    if group and mention:
        body["cardAtUserIds"] = list(mention)
    return body, rest


def card_update(reply: Reply, track: str, settings: Settings) -> Row:
    """Body of the update for everybody, by key: the default overwrites the whole card."""
    params, _ = card_data(reply, settings)
    return {
        "outTrackId": track,
        "cardData": {"cardParamMap": params},
        "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
    }


def words(reply: Reply, *, buttons_drawn: bool = False, lang: str = "zh") -> tuple[str, ...]:
    """The reply as markdown in parts that a phone shows whole."""
    return render.split(render.markdown(reply, buttons_drawn=buttons_drawn, newline=NEWLINE, lang=lang), TEXT_BYTES)


def headline(reply: Reply) -> str:
    """What the list of conversations shows: never empty, since the platform refuses an empty title."""
    first = reply.card.title if reply.card is not None else next(iter(reply.text.splitlines()), "")
    return safe_text(first, 40) or "小单"


def action_card(reply: Reply, *, bot: str, lang: str = "zh") -> tuple[str, dict[str, str]]:
    """(msgKey, msgParam): buttons that post the command as the person who presses. More than five are told in words."""
    buttons = [b for b in (*(reply.card.buttons if reply.card else ()), *reply.choices) if b.command and not _asks(b)][:5]
    text = words(reply, buttons_drawn=bool(buttons), lang=lang)[0]
    base = {"title": headline(reply), "text": text}
    if not buttons:
        return "sampleMarkdown", base
    mention = f"@{bot} " if bot else ""
    pairs = [
        (
            safe_text(b.label, 20),
            f"dtmd://dingtalkclient/sendMessage?content={quote(mention + safe_text(b.command, 80), safe='')}",
        )
        for b in buttons
    ]
    if len(pairs) == 1:
        return "sampleActionCard", {**base, "singleTitle": pairs[0][0], "singleURL": pairs[0][1]}
    for index, (label, url) in enumerate(pairs, 1):
        base |= {f"actionTitle{index}": label, f"actionURL{index}": url}
    return f"sampleActionCard{len(pairs)}", base


def file_of(document: Document) -> tuple[str, str, bytes]:
    """(name, type, bytes): what DingTalk cannot open as it is goes into a zip."""
    name = safe_text(document.name, 80).replace("/", "_").replace("\\", "_") or "file"
    ending = name.rpartition(".")[2].lower()
    if ending in _FILE_TYPES:
        return name, ending, document.content
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr(zipfile.ZipInfo(name), document.content)
    return f"{name}.zip", "zip", packed.getvalue()


def as_news(reply: Reply) -> Reply:
    """For what cannot be edited: the same, marked as newer than what stands above."""
    return dataclasses.replace(reply, text=f"【更新】{reply.text}", mention=())


def spoken(reply: Reply) -> Reply:
    """Pictures and files as words, for custom robots, which can carry neither."""
    told = [*(f"图：{picture.alt}" for picture in reply.pictures), *(f"文件：{each.name}" for each in reply.documents)]
    return dataclasses.replace(reply, text="\n".join([reply.text, *told])) if told else reply


def _bare(reply: Reply) -> Card:
    """A plain text with quick answers as a card."""
    lines = [line for line in reply.text.splitlines() if line.strip()]
    return Card(lines[0] if lines else "请选择", tuple(lines[1:]), buttons=reply.choices)


def _asks(button: Button) -> bool:
    return button.ask is not None and button.ask.required


def _drawable(buttons: Sequence[Button], limit: int) -> tuple[list[Row], list[Button]]:
    """(drawn, told in words). The template has no input, so a press that must carry a reason is told as a command."""
    drawn: list[Row] = []
    spelled: list[Button] = []
    for button in buttons:
        if (_asks(button) and button.command) or len(drawn) >= MAX_BUTTONS:
            spelled.append(button)
            continue
        # Which of id and params comes back is not documented for the built-in template: both are sent, both are read.
        row: Row = {
            "text": safe_text(button.label, 20) or "…",
            "color": _COLOURS[button.style],
            "id": button.token,
            "request": True,
            "params": {"t": button.token},
        }
        drawn.append(row)
    if limit and _size(drawn) > limit:
        drawn = [{name: value for name, value in row.items() if name != "params"} for row in drawn]
    while limit and _size(drawn) > limit:
        dropped = drawn.pop()
        spelled += [button for button in buttons if button.token == dropped["id"]]
    return drawn, [button for button in spelled if button.command]


def _size(drawn: list[Row]) -> int:
    return len(json.dumps({"msgButtons": drawn}, ensure_ascii=False, separators=(",", ":")).encode())
