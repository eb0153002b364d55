"""Help, small talk and what lies outside our field: short, and always with the next step."""

from __future__ import annotations

from domain.chat import Reply
from domain.people import Actor, May
from domain.understand import NO_ORDER
from handlers.desk import Desk, Feature, Need, Question
from handlers.people_tell import may_administer
from handlers.words.common import words


async def help_(question: Question, actor: Actor, desk: Desk) -> Reply:
    may = actor.may | {May.ADMINISTER} if may_administer(actor) else actor.may
    return Reply(words(desk.lang).help(may))


async def smalltalk(question: Question, actor: Actor, desk: Desk) -> Reply:
    return Reply(words(desk.lang).smalltalk())


async def out_of_scope(question: Question, actor: Actor, desk: Desk) -> Reply:
    if question.plan is not None and question.plan.note == NO_ORDER:
        return Reply(words(desk.lang).withdraw_which())
    return Reply(words(desk.lang).out_of_scope())


FEATURE = Feature(
    "basics",
    questions={
        "help": Need(help_, None),
        "smalltalk": Need(smalltalk, None),
        "out_of_scope": Need(out_of_scope, None),
    },
)
