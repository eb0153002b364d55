"""What both modes of the intelligent robot share: mentions, follow-ups, the memory of what has left already."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from domain.chat import ChatKind, ChatRef, Reply
from domain.privacy import safe_text
from domain.render import clip

_USER = re.compile(r"(?!all$)[0-9a-z_][0-9a-z_.@\-]{0,63}", re.IGNORECASE)
CLICK_SECONDS = 4.5  # the platform's limit is 5; ours leaves room for the way
PRIVATE_FIRST = {
    "zh": "这条只能单独告诉你：先在私聊里给我发一句话，再问一次。",
    "en": "This is for you alone: send me a direct message first, then ask again.",
}
TOLD = {"zh": "已单独告诉你。", "en": "I told you in our direct chat."}
"""Closes the question in the group: WeCom holds back a person's fourth message while three are unanswered."""
AFTER = {"zh": "更新：", "en": "Update: "}


@dataclass(frozen=True, slots=True)
class Press:
    """A press whose five seconds run: one picture of the card may be answered, once."""

    via: str
    task_id: str
    at: float


class Done:
    """Which steps of which messages have left. Bounded; a retry resumes behind the last step that went through."""

    def __init__(self, limit: int = 20_000) -> None:
        self._done: OrderedDict[Hashable, None] = OrderedDict()
        self._limit = limit

    async def once(self, step: Hashable, work: Callable[[], Awaitable[object]]) -> None:
        """Do it unless it was done. A step that raises counts as not done."""
        if step in self._done:
            return
        await work()
        self._done[step] = None
        while len(self._done) > self._limit:
            self._done.popitem(last=False)


def mentions(reply: Reply) -> str:
    """`<@userid>` for each person to call; an id that is none calls nobody."""
    return " ".join(f"<@{user}>" for user in reply.mention if _USER.fullmatch(user))


def after_note(reply: Reply, lang: str) -> str:
    """The quoted line above a follow-up: which card it is about."""
    title = f"{reply.card.title} {reply.card.number}".strip() if reply.card else reply.text.partition("\n")[0]
    return f"> {AFTER[lang]}{clip(safe_text(title, 40).translate(str.maketrans('*_~', '＊＿～')), 160)}"


def direct(chat: ChatRef, user: str) -> ChatRef:
    return ChatRef(chat.platform, user, ChatKind.DIRECT)


def plain_ref(chat: ChatRef) -> ChatRef:
    """Without the way back: that was for one answer only."""
    return ChatRef(chat.platform, chat.chat_id, chat.kind)
