"""Messages that are too many for a conversation's budget go out as one, with a number under which all of them can be read.

The digest takes the place of the first row that waits; the rows behind it are done in the same commit, and what they would
have said is kept under the number for two weeks. Nothing is dropped: a message is sent, or is in a digest, or still waits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain import render
from domain.chat import ChatRef, Reply
from domain.clock import millis
from domain.errors import DeskError, Refused
from domain.ids import ticket
from domain.people import Actor
from domain.store import Claimed, Deadline, Json, Queued, Reads, UnitOfWork
from handlers.desk import Desk, Question, View
from handlers.outgoing import CRITICAL
from handlers.words.digest import words

VIEW = "digest"
FORGET = "digest_forget"
KEEP = timedelta(days=14)
MOST = 500  # messages in one digest; the next ones get the next number
PAGE = 20  # messages of one answer to 展开
_ALONE = ("approval:",)  # money waits for its turn rather than disappear in a list
_DOUBTLESS = ("", "unavailable")  # how the last try of a row may have ended: it certainly was not shown


@dataclass(frozen=True, slots=True)
class Merged:
    """What the first row says from now on."""

    payload: Json
    number: str


def mergeable(load: Json, priority: int) -> bool:
    """Whether it may be told in a list: ordinary news for everybody in the conversation."""
    return priority > CRITICAL and not load.get("to_user") and not str(load.get("subject", "")).startswith(_ALONE)


def merge(uow: UnitOfWork, row: Claimed, now: datetime, *, room: int) -> Merged | None:
    """Let the row speak for those that wait behind it. None when it goes alone: nothing waits that may be listed, or there
    is `room` for all of it.
    """
    waiting = uow.outbox.queue(row.id, limit=MOST)
    if not waiting or not mergeable(waiting[0].payload, waiting[0].priority):
        return None
    head, behind = waiting[0], waiting[1:]
    number = str(head.payload["args"]["number"]) if head.payload["view"] == VIEW else ""
    if head.error not in _DOUBTLESS:  # it may have been shown as it is: it is repeated as it is
        return Merged(head.payload, number) if number else None
    taken = _run(behind) if number or len(behind) > room else []
    kept = json.loads(uow.cursors.get(_name(number)) or "{}") if number else {}
    items = kept.get("items") or [_item(head)]
    taken = taken[: max(0, MOST - len(items))]
    if not taken:
        return Merged(head.payload, number) if number else None
    number = number or ticket("H", uow.cursors.serial("digest"))
    items += [_item(each) for each in taken]
    chat = {name: row.payload[name] for name in ("platform", "chat_id", "chat_kind")}
    uow.cursors.put(_name(number), json.dumps({**chat, "at": millis(now), "items": items}, ensure_ascii=False))
    uow.deadlines.put([Deadline(f"digest:{number}", FORGET, now + KEEP)])
    mention = list(dict.fromkeys(user for each in (head, *taken) for user in each.payload.get("mention", ())))
    payload = {**chat, "to_user": "", "view": VIEW, "args": {"number": number}, "mention": mention, "subject": ""}
    uow.outbox.absorb(row.id, [each.id for each in taken], payload, fate=fate(number))
    return Merged(payload, number)


def fate(number: str) -> str:
    return f"digest:{number}"


def _run(behind: Sequence[Queued]) -> list[Queued]:
    """As far as they may be listed: what comes after one that may not keeps its place behind it."""
    found = []
    for each in behind:
        if each.error not in _DOUBTLESS or not mergeable(each.payload, each.priority) or each.payload["view"] == VIEW:
            break
        found.append(each)
    return found


def _item(row: Queued) -> Json:
    load = row.payload
    return {"view": load["view"], "args": load["args"], "subject": load.get("subject", ""), "topic": load.get("topic", "")}


def _name(number: str) -> str:
    return f"digest:{number}"


def forget(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Two weeks later nobody asks any more."""
    uow.cursors.drop(deadline.entity)


async def digest_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """8 条合并（3 条库存、5 条物流），回复「展开 H17」看全部. Raises Refused when it is no longer kept."""
    number = str(args["number"])
    kept = await desk.store.read(lambda r: r.cursors.get(_name(number)))
    if not kept:
        raise Refused("这条合并消息已过期。")
    return Reply(words(desk.lang).summary([each["topic"] for each in json.loads(kept)["items"]], number))


class Expander:
    """Answers 展开 H17, in the conversation that the digest was sent to."""

    def __init__(self, views: Mapping[str, View], subjects: Mapping[str, View]) -> None:
        self._views, self._subjects = views, subjects

    async def expand(self, question: Question, _: Actor, desk: Desk) -> Reply:
        say, extra = words(desk.lang), question.plan.extra if question.plan else {}
        number, page = str(extra.get("digest", "")), max(1, int(extra.get("page", "1")))
        kept = await desk.store.read(lambda r: self._kept(r, number, question.message.chat))
        if kept is None:
            return Reply(say.unknown(number))
        pages = -(-len(kept) // PAGE)
        if page > pages:
            return Reply(say.no_page(number, pages))
        first = (page - 1) * PAGE
        shown = kept[first : first + PAGE]
        lines = [say.head(number, len(kept), first + 1, first + len(shown))]
        for index, item in enumerate(shown, first + 1):
            lines += [f"{index}. {await self._words(item, question.message.chat, desk)}"]
        if page < pages:
            lines.append(say.more(number, page + 1))
        return Reply("\n".join(lines))

    @staticmethod
    def _kept(reads: Reads, number: str, chat: ChatRef) -> list[Json] | None:
        text = reads.cursors.get(_name(number)) if number else None
        kept = json.loads(text) if text else {}
        # Another group's messages are another group's: its number means nothing here.
        if (kept.get("platform"), kept.get("chat_id")) != (chat.platform, chat.chat_id):
            return None
        found: list[Json] = kept["items"]
        return found

    async def _words(self, item: Json, chat: ChatRef, desk: Desk) -> str:
        kind, _, ident = str(item["subject"]).partition(":")
        try:
            if kind in self._subjects:  # the card as it stands now, without its pictures
                reply = await self._subjects[kind]({"id": int(ident)}, chat, desk)
            else:
                reply = await self._views[item["view"]](item["args"], chat, desk)
        except Refused:
            return words(desk.lang).over()
        except (DeskError, KeyError):
            return words(desk.lang).unseen()
        return render.plain(reply, lang=desk.lang, media_drawn=False)
