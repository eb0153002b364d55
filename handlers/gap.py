"""When messages may have gone unheard, the groups that were talking are told which seconds, once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.chat import ChatKind, ChatRef, Reply
from domain.clock import SHANGHAI, millis, moment
from domain.errors import Refused
from domain.store import Json, UnitOfWork
from handlers.desk import Desk, Feature
from handlers.outgoing import CRITICAL, send

ACTIVE = timedelta(hours=2)
"""Who wrote to us so long before a gap may have written during it."""
_POINTLESS = timedelta(minutes=30)
_MOST_GROUPS = 500


def announce(
    uow: UnitOfWork, platform: str, since: datetime, until: datetime, lanes: Iterable[str], *, least: float
) -> tuple[datetime, int] | None:
    """Queue the notice for every group among `lanes`. (since, groups), or None when this gap, or nearly all of it, was told.

    Several replicas may notice the same gap, and a crash may make us notice it twice: what was told is remembered.
    """
    name = f"gap:{platform}"
    told = uow.cursors.locked(name)
    if told:
        since = max(since, moment(int(told)))
    if (until - since).total_seconds() < least:
        return None
    uow.cursors.put(name, str(millis(until)))
    groups = list(dict.fromkeys(group for lane in lanes if (group := group_of(platform, lane))))[:_MOST_GROUPS]
    args = {"since": millis(since), "until": millis(until)}
    key = f"gap:{millis(since)}"
    chats = [ChatRef(platform, group, ChatKind.GROUP) for group in groups]
    uow.outbox.add(send(chat, "gap", args, key=key, topic="tech", priority=CRITICAL) for chat in chats)
    return since, len(groups)


def group_of(platform: str, lane: str) -> str:
    """The group of an inbox lane `platform:chat:person`; "" for a conversation of one to one, where both are the same."""
    rest = lane.removeprefix(f"{platform}:")
    half = len(rest) // 2
    if rest == lane or (len(rest) % 2 and rest[half] == ":" and rest[:half] == rest[half + 1 :]):
        return ""
    return rest.partition(":")[0]  # a group's id has no colon; a person's may


async def gap_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """Raises Refused when it has waited so long that nobody remembers what they wrote."""
    since, until = moment(int(args["since"])), moment(int(args["until"]))
    if desk.clock.now() - until > _POINTLESS:
        raise Refused("这条漏收提示已过时。")
    return Reply(sentence(since, until, desk.lang))


def sentence(since: datetime, until: datetime, lang: str) -> str:
    start, end = since.astimezone(SHANGHAI), until.astimezone(SHANGHAI)
    shown = "%H:%M:%S" if start.date() == end.date() else "%m-%d %H:%M:%S"
    span = f"{start.strftime(shown)}–{end.strftime(shown)}"
    return f"I may have missed messages {span}; please send them again" if lang == "en" else f"{span} 可能漏收，请再发一次"


FEATURE = Feature("gap", views={"gap": gap_view})
