"""Ask about orders: where is it, details, after-sale progress, chase it. One hop to the store for one answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.chat import Button, ChatRef, Reply
from domain.errors import Refused
from domain.people import Actor, May
from domain.privacy import safe_text, short_number
from domain.store import Json, OrderCard, Reads, StoredOrder
from domain.values import quick
from domain.verdict import judge, says_missing
from handlers import lane_history, order_actions, order_nothing
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.order_detail import aftersale, detail
from handlers.order_nothing import Nothing
from handlers.order_reply import Judged, judged, where
from handlers.order_search import (
    AT_ONCE,
    Found,
    Wanted,
    find_number,
    find_orders,
    list_owner,
    recall_chosen,
    sees,
    talked_about,
    turn_to,
    wanted_of,
)
from handlers.words.order_talk import talk
from handlers.words.orders import MARK, SEP, words
from handlers.words.times import when

SHOWN = 5  # choices under one question
REMEMBER = timedelta(minutes=10)

Show = Callable[[Judged, Actor, datetime, Desk], Reply]


@quick
@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look brought: exactly one of the four."""

    one: Judged | None = None
    many: tuple[OrderCard, ...] = ()
    total: int = 0
    nothing: Nothing | None = None
    found: Found | None = None


# --- questions --------------------------------------------------------------------------------------------------------


async def where_is_order(question: Question, actor: Actor, desk: Desk) -> Reply:
    return await answer(question, actor, desk, where)


async def order_detail(question: Question, actor: Actor, desk: Desk) -> Reply:
    about = wanted_of(question).about

    def show(seen: Judged, actor: Actor, now: datetime, desk: Desk) -> Reply:
        return detail(seen, about, actor, now, desk)

    return await answer(question, actor, desk, show)


async def aftersale_status(question: Question, actor: Actor, desk: Desk) -> Reply:
    return await answer(question, actor, desk, aftersale)


async def urge_shipment(question: Question, actor: Actor, desk: Desk) -> Reply:
    """催: chases when the sentence names exactly one order, else answers as any question does."""
    reply = await answer(question, actor, desk, where)
    one = await _only(question, actor, desk)
    if one is None:
        return reply
    now = desk.clock.now()
    text = await desk.store.write(lambda u: order_actions.chase(u, one, actor, now, desk))
    seen = await desk.store.read(lambda r: order_actions.look(r, one, actor, now))
    shown = where(seen, actor, now, desk)
    card = dataclasses.replace(shown.card, lines=(text, *shown.card.lines[:-1])) if shown.card else None
    return Reply(f"{text}\n{shown.text}", card)


async def _only(question: Question, actor: Actor, desk: Desk) -> int | None:
    now, wanted = desk.clock.now(), wanted_of(question)
    if len(wanted.numbers) > 1:
        return None
    outcome = await desk.store.read(lambda r: look(r, wanted, actor, now, desk, text=question.text))
    return outcome.one.card.stored.id if outcome.one is not None else None


async def answer(question: Question, actor: Actor, desk: Desk, show: Show) -> Reply:
    """Find what is meant and show it: one order, a choice, a list for several numbers, or the right kind of nothing."""
    now = desk.clock.now()
    wanted = wanted_of(question)
    if len(wanted.numbers) > 1 and not wanted.pick:
        return await several(wanted, actor, now, desk)
    outcome = await desk.store.read(lambda r: look(r, wanted, actor, now, desk, text=question.text))
    if outcome.one is not None:
        return show(outcome.one, actor, now, desk)
    if outcome.many and outcome.found is not None:
        return await choose(outcome, outcome.found, question, actor, now, desk)
    if outcome.nothing is None:
        return Reply(talk(actor.lang, "which"))
    if outcome.nothing.kind == "old" and outcome.nothing.source:
        nothing, number = outcome.nothing, wanted.numbers[0]
        await desk.store.write(lambda u: order_nothing.promise(u, nothing, number, question.message, actor, now))
    return order_nothing.say_nothing(outcome.nothing, actor, desk)


def look(reads: Reads, wanted: Wanted, actor: Actor, now: datetime, desk: Desk, *, text: str = "") -> Outcome:
    """One look at the store."""
    if wanted.empty:
        earlier = talked_about(reads, actor, now)
        if earlier is not None and (outcome := look(reads, earlier, actor, now, desk, text=text)).nothing is None:
            return outcome
        chosen = recall_chosen(reads, actor, now)
        return Outcome() if chosen is None else _one(reads, chosen, actor, now, text)
    found = find_orders(reads, wanted, actor, now)
    if found.count == 0:
        return Outcome(nothing=order_nothing.explain(reads, wanted, found, actor, now, desk), found=found)
    if found.count == 1:
        shown = found.cards or reads.orders.completed(found.orders)
        if not shown:  # gone between two looks
            return Outcome(nothing=order_nothing.explain(reads, wanted, Found(found.by, found.value), actor, now, desk))
        card = shown[0]
        return Outcome(one=judged(reads, card, now, claimed_missing=says_missing(text)), found=found)
    if not wanted.spoken:  # a follow-up: the order chosen from these a moment ago is meant
        chosen = recall_chosen(reads, actor, now)
        if chosen is not None and any(each.id == chosen for each in found.orders):
            return _one(reads, chosen, actor, now, text)
    cards = found.cards or tuple(reads.orders.completed(found.orders[:SHOWN]))
    return Outcome(many=cards[:SHOWN], total=found.count, found=found)


def _one(reads: Reads, order_id: int, actor: Actor, now: datetime, text: str) -> Outcome:
    card = reads.orders.card(order_id)
    if card is None or not sees(actor, card.stored):
        return Outcome()
    return Outcome(one=judged(reads, card, now, claimed_missing=says_missing(text)))


# --- several matches, several numbers ---------------------------------------------------------------------------------


async def choose(outcome: Outcome, found: Found, question: Question, actor: Actor, now: datetime, desk: Desk) -> Reply:
    """尾号 8000 有 3 单，要看哪一单？ With a button each; what is shown is remembered for 第 2 个."""
    ids = [card.stored.id for card in outcome.many]
    await remember(ids, actor, now, desk)
    what = order_nothing.handle(found, actor.lang)
    key = "many" if outcome.total <= len(ids) else "many.more"
    head = talk(actor.lang, key, what=what, count=outcome.total, shown=len(ids))
    labels = [f"{index}. {choice_label(card, actor, now, desk)}" for index, card in enumerate(outcome.many, 1)]
    lines = [f"{label} · {short_number(card.stored.order.number)}" for label, card in zip(labels, outcome.many, strict=True)]
    buttons = tuple(
        Button(safe_text(label, 60), desk.signer.sign("ask.pick", f"order:{card.stored.id}", question.intent))
        for label, card in zip(labels, outcome.many, strict=True)
    )
    return Reply("\n".join((head, *lines)), choices=buttons)


def choice_label(card: OrderCard, actor: Actor, now: datetime, desk: Desk) -> str:
    """`抖音旗舰店 · 沙发套 · 昨天 14:05 · 运输中`."""
    order = card.stored.order
    stage = words(actor.lang).short(judge(card, now).kind)
    shop = desk.channels.name(order.channel, order.shop)
    goods = safe_text(order.lines[0].title or order.lines[0].sku, 10) if order.lines else "—"
    return " · ".join((shop, goods, when(order.created_at, now, lang=actor.lang), stage))


async def several(wanted: Wanted, actor: Actor, now: datetime, desk: Desk) -> Reply:
    """One line per number; the list is remembered, so "第 2 个" opens it."""
    numbers = wanted.numbers[:AT_ONCE]
    found = await desk.store.read(lambda r: [_line(r, number, actor, now, desk) for number in numbers])
    await remember([order_id for _, order_id in found], actor, now, desk)
    lines = [talk(actor.lang, "list.head", count=len(numbers))]
    lines += [f"{index}. {line}" for index, (line, _) in enumerate(found, 1)]
    rest = len(wanted.numbers) - len(numbers)
    if rest:
        lines.append(talk(actor.lang, "list.cut", limit=AT_ONCE, rest=rest))
    return Reply("\n".join(lines))


def _line(reads: Reads, number: str, actor: Actor, now: datetime, desk: Desk) -> tuple[str, int]:
    found = find_number(reads, number, actor)
    shown = short_number(number)
    if found.hidden:
        return talk(actor.lang, "list.hidden", number=shown), 0
    if not found.count:
        return talk(actor.lang, "list.none", number=shown), 0
    if found.count > 1:
        return talk(actor.lang, "list.many", number=shown, count=found.count), 0
    card = found.cards[0] if found.cards else reads.orders.card(found.orders[0].id)
    if card is None:
        return talk(actor.lang, "list.none", number=shown), 0
    verdict = judge(card, now, lane=lane_history.lane_of(reads, card.stored.order))
    say = words(actor.lang)
    scene_head = say.table.kinds[verdict.kind].head
    since = f"{SEP}{when(verdict.since, now, lang=actor.lang)}" if verdict.since else ""
    shop = desk.channels.name(card.stored.order.channel, card.stored.order.shop)
    return f"{MARK[verdict.tone]} {shown} {scene_head}{since}{SEP}{shop}", card.stored.id


async def remember(ids: Sequence[int], actor: Actor, now: datetime, desk: Desk) -> None:
    """Keep what was shown, for ten minutes."""
    state = {"orders": list(ids)}
    chat, owner = (actor.platform, actor.chat_id), list_owner(actor)
    await desk.note(lambda u: u.dialogs.remember(*chat, owner, state, now + REMEMBER))


# --- buttons and views ------------------------------------------------------------------------------------------------


async def pick(press: Press, actor: Actor, desk: Desk) -> Reply:
    """One of several was chosen: answer the question that was asked, and keep the choice for follow-ups."""
    now = desk.clock.now()
    seen = await desk.store.read(lambda r: order_actions.look(r, press.token.subject_id, actor, now))
    await desk.note(lambda u: turn_to(u, seen.card.stored, actor, now, now + REMEMBER))
    shows: dict[str, Show] = {
        "order_detail": lambda s, a, n, d: detail(s, "", a, n, d),
        "aftersale_status": aftersale,
    }
    return shows.get(press.token.extra, where)(seen, actor, now, desk)


async def recovered_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """The promise kept: the source is back, here is what was asked for."""
    now = desk.clock.now()

    def work(reads: Reads) -> tuple[str, Judged | None, Actor]:
        person = reads.people.by_id(int(args["person_id"]))
        if person is None:
            raise Refused(talk(desk.lang, "gone"))
        may = desk.policy.allowed(person.roles)
        direct = chat.kind.value == "direct"
        reader = Actor(person, may, chat.platform, args["user_id"], chat.chat_id, direct, desk.lang)
        text, found = order_nothing.recovered(reads, args, reader, desk)
        stored: StoredOrder | None = found.cards[0].stored if found.cards else (found.orders[0] if found.orders else None)
        card = reads.orders.card(stored.id) if stored is not None else None
        return text, judged(reads, card, now) if card is not None else None, reader

    text, seen, reader = await desk.store.read(work)
    if seen is None:
        return Reply(text)
    shown = where(seen, reader, now, desk)
    return Reply(f"{text}\n{shown.text}", shown.card)


FEATURE = Feature(
    "orders",
    questions={
        "where_is_order": Need(where_is_order, May.ASK_ORDERS, at_once=True),
        "order_detail": Need(order_detail, May.ASK_ORDERS, at_once=True),
        "aftersale_status": Need(aftersale_status, May.ASK_ORDERS, at_once=True),
        "urge_shipment": Need(urge_shipment, May.ASK_ORDERS),
    },
    actions={
        "ask.pick": Need(pick, May.ASK_ORDERS),
        "ask.urge": Need(order_actions.urge, May.ASK_ORDERS),
        "ask.say": Need(order_actions.say, May.ASK_ORDERS),
        "ask.take": Need(order_actions.take, May.ASK_ORDERS),
        "ask.reveal": Need(order_actions.reveal, May.SEE_PERSONAL),
    },
    due={order_nothing.PROMISE: order_nothing.due},
    track=(lane_history.on_track,),
    views={"orders.urge": order_actions.urge_view, "orders.recovered": recovered_view},
)
