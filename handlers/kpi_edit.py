"""改条件: the plan behind a figure as a card, with one button for each change that makes sense; every press is a new answer.

The same changes can be typed as follow-ups; each button carries its wording for platforms without buttons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from domain.chat import Button, Card, Reply
from domain.dates import find_range
from domain.errors import BadInput
from domain.people import Actor
from domain.query import FIELDS_OF, Query, build, pack, unpack
from domain.tokens import MAX_TOKEN
from handlers.desk import Desk, Press
from handlers.kpi_draw import filters_text
from handlers.words.kpi import grouping, span_text, title
from handlers.words.kpi import kpi as say

MOST = 6  # buttons that every platform can draw
_PERIODS = {"zh": ("昨天", "近 7 天", "近 30 天", "本月"), "en": ("yesterday", "last 7 days", "last 30 days", "this month")}
_SPLITS = ("day", "channel", "warehouse", "shop", "sku", "reason")
_LIFTED = ("channel", "shop", "warehouse")  # conditions that are lifted by a button, and by 全部渠道 and the like

Change = tuple[str, Query]  # what is typed and shown on the button, and the question it asks


async def edit(press: Press, actor: Actor, desk: Desk) -> Reply:
    """What is asked now, and what can be changed about it."""
    query = unpack(press.token.extra, desk.clock.now())
    lang = actor.lang
    shown = say(lang, "edit.split", name="、".join(grouping(each, lang) for each in query.groups)) if query.groups else ""
    lines = [
        say(lang, "edit.period", span=span_text(query.start, query.end, lang)),
        say(lang, "edit.filters", filters=filters_text(query, actor, desk).removeprefix(" · ") or say(lang, "edit.none")),
        shown or say(lang, "edit.whole"),
    ]
    buttons = tuple(made for change in _changes(query, lang) if (made := _button(change, desk)) is not None)[:MOST]
    head = say(lang, "edit.head", title=title(query.metric, lang))
    tip = say(lang, "edit.tip")
    return Reply("\n".join([head, *lines, tip]), card=Card(head, tuple(lines), buttons=buttons, footer=tip))


def _changes(query: Query, lang: str) -> Iterator[Change]:
    """The likeliest first: two other periods, whole or split, lifted conditions, the remaining periods."""
    periods = list(_other_periods(query, lang))
    yield from periods[:2]
    if query.groups and query.metric.default_group not in query.groups:
        yield say(lang, "edit.unsplit"), replace(query, groups=(), limit=0)
    for name in _LIFTED:
        if any(each.field == name for each in query.filters):
            rest = tuple(each for each in query.filters if each.field != name)
            yield say(lang, f"edit.all.{name}"), replace(query, filters=rest)
    for name in _SPLITS:
        bound = name in FIELDS_OF[query.metric.entity] and query.value(name)
        if name in query.metric.groups and name not in query.groups and not bound:
            yield say(lang, "button.split", name=grouping(name, lang)), replace(query, groups=(name,), limit=0)
    yield from periods[2:]


def _other_periods(query: Query, lang: str) -> Iterator[Change]:
    for label in _PERIODS["en" if lang == "en" else "zh"]:
        found = find_range(label, query.now)
        if found is None:
            continue
        try:
            asked = build(query.metric, found.range, query.now, filters=query.filters, groups=query.groups, lang=lang)
        except BadInput:
            continue  # on the first of a month "this month" may not have begun
        if (asked.start, asked.period) != (query.start, query.period):
            yield label, asked


def _button(change: Change, desk: Desk) -> Button | None:
    label, query = change
    token = desk.signer.sign("kpi.split", "kpi:0", pack(query))
    return Button(label, token, command=label) if len(token) <= MAX_TOKEN else None
