"""A neutral reply as words, for platforms that cannot draw it: commands instead of buttons, safe markup, parts that fit.

Every line passes `safe_text`, so foreign text inside can neither call everybody nor open markup, and lengths are counted as
the platforms count them: in bytes of UTF-8. `text` of a reply always suffices, so it is what is written; the card's buttons
follow as sentences to send ("同意 A17"), and lead to the same decision as a press.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from domain.chat import Button, Card, Link, Reply, Tone
from domain.privacy import safe_text

MARK = {Tone.GOOD: "🟢", Tone.WATCH: "🟡", Tone.BAD: "🔴", Tone.INFO: "🔵", Tone.DONE: "✅"}
"""One state mark per card, for platforms without a coloured head."""

MAX_LINE = 1_000  # characters
MAX_LINES = 400
_SMALLEST = 64  # bytes: below this a part would be all counter and no text
_COUNTER = 16  # bytes kept free for "\n(123/456)"
_WORDS = {
    "zh": {"send": "发送以下文字也可以：", "then": "（后面{what}）", "picture": "图：", "file": "文件：", "link": "："},
    "en": {
        "send": "Or send one of these:",
        "then": " (then: {what})",
        "picture": "Picture: ",
        "file": "File: ",
        "link": ": ",
    },
}
_BREAKS_OUT = re.compile(r"""[\s()<>\[\]"'`\\\x00-\x1f\x7f-\x9f]""")  # blanks, what ends a link, and control characters
_STARS = str.maketrans("*_~", "＊＿～")
_SENTENCE_ENDS = "。！？；!?;"
_PAUSES = "，、,：: \t·"


def plain(reply: Reply, *, buttons_drawn: bool = False, media_drawn: bool = True, lang: str = "zh") -> str:
    """The reply as plain text. With `buttons_drawn` the commands are left out; without `media_drawn` pictures speak."""
    return "\n".join(_body(reply, buttons_drawn=buttons_drawn, media_drawn=media_drawn, lang=lang, marked=False))


def markdown(
    reply: Reply, *, buttons_drawn: bool = False, media_drawn: bool = True, newline: str = "\n", lang: str = "zh"
) -> str:
    """The reply as markdown that WeCom and DingTalk both read: only bold, links and line breaks of our own.

    `newline` is the platform's line break: one line feed on WeCom, two blanks and a line feed on DingTalk.
    """
    return newline.join(_body(reply, buttons_drawn=buttons_drawn, media_drawn=media_drawn, lang=lang, marked=True))


def escape_markdown(line: str) -> str:
    """One line of foreign text without any markup power; looks nearly the same. Idempotent."""
    return safe_text(line, MAX_LINE).translate(_STARS)


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text of ours, each made harmless; single empty lines between them stay."""
    lines: list[str] = []
    for raw in text.splitlines()[:MAX_LINES]:
        line = safe_text(raw, MAX_LINE)
        if line or (lines and lines[-1]):
            lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def card_words(card: Card) -> str:
    """A card without its buttons as plain text: for a reply that came without words, and for previews."""
    head = " ".join(part for part in (MARK[card.tone], card.title, card.number) if part)
    return "\n".join(lines_of("\n".join((head, *card.lines, card.footer))))


def commands(reply: Reply, *, lang: str = "zh") -> tuple[str, ...]:
    """`1. 同意 A17`: what to send instead of pressing, for each button that has such words; numbers are for the eye."""
    found = []
    for button in (*(reply.card.buttons if reply.card else ()), *reply.choices):
        words = _command(button, lang)
        if words and words not in found:
            found.append(words)
    return tuple(f"{index}. {words}" for index, words in enumerate(found, 1))


def safe_url(url: str) -> str:
    """The address when it is an http(s) one that cannot break out of a link; else ""."""
    if _BREAKS_OUT.search(url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def split(text: str, max_bytes: int) -> tuple[str, ...]:
    """The text in parts of at most `max_bytes` bytes of UTF-8, each ending with its counter `(1/3)` when there are several.

    Cuts at lines, else at sentences, else at pauses, else between two visible characters; never inside one. Raises
    ValueError when `max_bytes` is too small to hold a counter and some text.
    """
    if max_bytes < _SMALLEST:
        raise ValueError("max_bytes is too small to split sensibly")
    if len(text.encode()) <= max_bytes:
        return (text,)
    parts: list[str] = []
    rest = text
    while rest:
        taken, rest = _take(rest, max_bytes - _COUNTER)
        if taken.strip():
            parts.append(taken)
    return tuple(f"{part}\n({index}/{len(parts)})" for index, part in enumerate(parts, 1))


def clip(text: str, max_bytes: int) -> str:
    """The text cut to `max_bytes` bytes of UTF-8 between two visible characters, with `…` when something is missing."""
    if len(text.encode()) <= max_bytes:
        return text
    return _fitting(text, max_bytes - 3).rstrip() + "…" if max_bytes >= 3 else ""


def _body(reply: Reply, *, buttons_drawn: bool, media_drawn: bool, lang: str, marked: bool) -> Iterator[str]:
    words = _WORDS[lang]
    lines = lines_of(reply.text) or (lines_of(card_words(reply.card)) if reply.card else ())
    for index, line in enumerate(lines):
        shown = line.translate(_STARS) if marked else line
        yield f"**{shown}**" if marked and index == 0 and reply.card is not None and len(lines) > 1 else shown
    if not media_drawn:
        for picture in reply.pictures:
            yield _marked(words["picture"] + safe_text(picture.alt, 300), marked=marked)
        for document in reply.documents:
            yield _marked(words["file"] + safe_text(document.name, 80), marked=marked)
    for link in reply.card.links if reply.card else ():
        if url := safe_url(link.url):
            yield _link(link, url, words["link"], marked=marked)
    if not buttons_drawn:
        said = "\n".join(lines)
        missing = [line for line in commands(reply, lang=lang) if line.partition(". ")[2] not in said]
        if missing:
            yield words["send"]
            yield from (_marked(line, marked=marked) for line in missing)


def _marked(line: str, *, marked: bool) -> str:
    return line.translate(_STARS) if marked else line


def _link(link: Link, url: str, colon: str, *, marked: bool) -> str:
    label = safe_text(link.label, 60)
    return f"[{label.translate(_STARS)}]({url})" if marked else f"{label}{colon}{url}"


def _command(button: Button, lang: str) -> str:
    command = safe_text(button.command, 80)
    if command and button.ask is not None:
        return command + _WORDS[lang]["then"].format(what=safe_text(button.ask.prompt, 60))
    return command


# --- cutting ----------------------------------------------------------------------------------------------------------


def _take(text: str, room: int) -> tuple[str, str]:
    """(what fits into `room` bytes, the rest): the line feed at the cut belongs to neither."""
    fitting = _fitting(text, room)
    if not fitting:  # one visible character larger than a part (stacked marks): code points must do
        fitting = text[:room].encode()[:room].decode(errors="ignore")
        return fitting, text[len(fitting) :]
    if len(fitting) == len(text):
        return text, ""
    least = len(fitting) // 2  # a cut further back than half would waste more than it saves
    line_end = len(fitting) if text[len(fitting)] == "\n" else fitting.rfind("\n", least)
    if line_end >= 0:
        return text[:line_end], text[line_end + 1 :]
    for ends in (_SENTENCE_ENDS, _PAUSES):
        cut = max(fitting.rfind(end, least) for end in ends) + 1
        if cut and not _joined(text, cut):
            return text[:cut], text[cut:]
    return fitting, text[len(fitting) :]


def _fitting(text: str, room: int) -> str:
    """The longest beginning of at most `room` bytes that does not cut a visible character."""
    end, used = 0, 0
    for cluster in _visible(text):
        used += len(cluster.encode())
        if used > room:
            break
        end += len(cluster)
    return text[:end]


def _visible(text: str) -> Iterator[str]:
    """What a person sees as one character each: marks, joined emoji, flags and skin tones stay together."""
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _joined(text, index):
            yield text[start:index]
            start = index


def _joined(text: str, index: int) -> bool:
    """Whether the characters before and at `index` belong to one visible character (a working part of UAX #29)."""
    if index >= len(text):
        return False
    before, at = text[index - 1], text[index]
    if at < "\u0300" and before < "\u0300":
        return before == "\r" and at == "\n"
    if (
        at in "\u200d\ufe0e\ufe0f"
        or "🏻" <= at <= "🏿"
        or unicodedata.category(at) in ("Mn", "Me", "Mc")
        or before == "\u200d"
    ):
        return True
    if _flag(at) and _flag(before):
        start = index
        while start > 0 and _flag(text[start - 1]):
            start -= 1
        return (index - start) % 2 == 1
    return False


def _flag(letter: str) -> bool:
    return "\U0001f1e6" <= letter <= "\U0001f1ff"
