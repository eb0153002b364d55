"""Questions for figures (A8): one metric of the dictionary, answered with the figure, its change, its meaning and a picture.

Three kinds of nothing are kept apart, and a silent source is never taken for a trend: what it would have said is not known,
so the figure is called incomplete and not compared.
"""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import replace

import structlog

from domain.chat import Reply
from domain.errors import BadInput
from domain.metrics import METRICS, UNMEASURED
from domain.people import Actor
from domain.privacy import safe_text
from domain.query import Fact, Query, Scope, TooLong, query_of, unpack
from domain.store import AuditEntry, Reads
from domain.understand.plan import Intent, Plan, Slots
from handlers.charts_figures import bars_chart
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.kpi_draw import Drawn, Told, draw
from handlers.kpi_edit import edit
from handlers.kpi_look import Seen, look
from handlers.kpi_rows import explain
from handlers.words.common import words
from handlers.words.kpi import kpi as say
from handlers.words.kpi import span_text, title

log = structlog.get_logger()


async def kpi(question: Question, actor: Actor, desk: Desk) -> Reply:
    """昨天 P95 履约时效; follow-ups (按仓分, 只看抖音, 怎么算的) arrive as merged plans."""
    plan = question.plan or _plan(question)
    per_person = plan.slots.metric == "orders" and "agent" in plan.group_by  # 人均处理单量 reads as orders by agent
    unmeasured = UNMEASURED.get("orders_per_agent" if per_person else plan.slots.metric or "")
    if unmeasured is not None:
        return Reply(unmeasured[actor.lang == "en"])
    query = query_of(plan, desk.clock.now(), lang=actor.lang)
    if plan.extra.get("explain"):
        return await _explain(query, actor, desk, request=question.message.message_id)
    label = plan.slots.range.label if plan.slots.range is not None else ""
    told = _told(plan, query, actor, desk)
    assumed = plan.slots.range is None
    return await _answer(query, label, actor, desk, request=question.message.message_id, assumed=assumed, told=told)


def _told(plan: Plan, query: Query, actor: Actor, desk: Desk) -> Told:
    """What was asked and is not in the figure: words that were not understood, another clock, other figures."""
    lang, lines = actor.lang, []
    if unread := plan.extra.get("unread"):
        lines.append(say(lang, "unread", what=safe_text(unread, 40)))
    if plan.extra.get("caveat") == "placed" and any(each.field in ("shipped", "delivered") for each in query.filters):
        lines.append(say(lang, "caveat.placed"))
    also = []
    # A follow-up changes one thing about the figure; what stood beside it was said with the question itself.
    for code in plan.extra.get("also", "").split(",") if "inherited" not in plan.extra else ():
        metric = METRICS.get(code)
        if metric is None or metric.may not in actor.may:
            continue
        try:
            other = replace(plan, slots=replace(plan.slots, metric=code), order="", limit=None)
            also.append(query_of(other, desk.clock.now(), lang=lang))
        except BadInput:
            continue  # not with these conditions: its own question says why
    if also:
        lines.append(say(lang, "also", names="、".join(title(each.metric, lang) for each in also)))
    return Told(tuple(lines), tuple(also))


async def how(press: Press, actor: Actor, desk: Desk) -> Reply:
    """怎么算的, for whoever presses, inside their own scope."""
    query = unpack(press.token.extra, desk.clock.now())
    return await _explain(query, actor, desk, request=press.click.event_id)


async def split(press: Press, actor: Actor, desk: Desk) -> Reply:
    """The same question, split by what the button says."""
    query = unpack(press.token.extra, desk.clock.now())
    return await _answer(query, span_text(query.start, query.end, actor.lang), actor, desk, request=press.click.event_id)


def _plan(question: Question) -> Plan:
    """A question that came with bare slots, as a command makes it."""
    given = question.slots
    slots = Slots(metric=given.get("metric"), channel=given.get("channel"), sku=given.get("sku"), range=given.get("range"))
    return Plan(Intent.KPI, slots)


async def _answer(
    query: Query, label: str, actor: Actor, desk: Desk, *, request: str, assumed: bool = False, told: Told | None = None
) -> Reply:
    if (refused := await _not_theirs(query, actor, desk, request)) is not None:
        return refused
    try:
        seen = await desk.store.read(lambda r: look(r, query, actor, desk))
    except TooLong as stopped:
        raise BadInput(say(actor.lang, "too_long")) from stopped
    drawn = draw(seen, safe_text(label, 24), actor, desk, assumed=assumed, told=told)
    return await _with_picture(drawn, query)


async def _with_picture(drawn: Drawn, query: Query) -> Reply:
    if drawn.bars is None:
        return drawn.reply
    try:
        picture = await asyncio.to_thread(bars_chart, drawn.bars)
    except Exception:
        # The words hold every figure; a drawing that fails must not hold the answer back.
        log.exception("chart.failed", metric=query.metric.code)
        return drawn.reply
    return dataclasses.replace(drawn.reply, pictures=(picture,))


async def _explain(query: Query, actor: Actor, desk: Desk, *, request: str) -> Reply:
    if (refused := await _not_theirs(query, actor, desk, request)) is not None:
        return refused

    def work(reads: Reads) -> tuple[Seen, list[Fact]]:
        return look(reads, query, actor, desk), reads.figures.facts(query, Scope.of(actor))

    try:
        seen, facts = await desk.store.read(work)
    except TooLong as stopped:
        raise BadInput(say(actor.lang, "too_long")) from stopped
    return await asyncio.to_thread(explain, seen, facts, actor, desk)


async def _not_theirs(query: Query, actor: Actor, desk: Desk, request: str) -> Reply | None:
    """Not permitted, or about shops and warehouses outside their scope; says nothing about what is there."""
    if query.metric.may not in actor.may:
        entry = AuditEntry(
            desk.clock.now(),
            f"person:{actor.person.person_id}",
            "access.denied",
            f"question:kpi:{query.metric.code}",
            surface=actor.platform,
            chat_id=actor.chat_id,
            request_id=request,
        )
        await desk.store.write(lambda u: u.audit.record(entry))
        return Reply(words(actor.lang).not_allowed(query.metric.may), private=True)
    for name, mine, sees in (
        ("shop", actor.person.shops, actor.sees_shop),
        ("warehouse", actor.person.warehouses, actor.sees_warehouse),
    ):
        wanted = next((each for each in query.values(name) if not sees(each)), "")
        if wanted:
            shown = "、".join(safe_text(each, 12) for each in sorted(mine))
            return Reply(say(actor.lang, "hidden", what=safe_text(wanted, 20), mine=shown))
    return None


# Who may ask depends on the metric, so the handler decides (`_not_theirs`), and the compiler once more.
FEATURE = Feature(
    "kpi",
    questions={"kpi": Need(kpi, None)},
    actions={"kpi.how": Need(how, None), "kpi.split": Need(split, None), "kpi.edit": Need(edit, None)},
)
