"""Draws one order's answer: card, buttons, as-of line. What is true is decided in `domain.verdict`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.chat import Ask, Button, ButtonStyle, Card, Link, Reply
from domain.lanes import LaneStats
from domain.order import AFTERSALE_OPEN
from domain.people import Actor, May, Role
from domain.privacy import may_reveal, short_number
from domain.situation import Holder, Kind
from domain.store import OrderCard, OrderEvent, Reads, UnitOfWork
from domain.values import quick
from domain.verdict import Verdict, judge
from handlers.desk import Desk
from handlers.lane_history import lane_of
from handlers.words.order_talk import talk
from handlers.words.orders import MARK, SEP, Scene, words

MAX_LINES = 8
PAGE_LIFE = timedelta(hours=24)
OLD = timedelta(minutes=30)  # three missed pulls: the answer says that it may be out of date
_ROLE = {
    Holder.SERVICE: Role.SERVICE,
    Holder.WAREHOUSE: Role.WAREHOUSE,
    Holder.OPERATIONS: Role.OPERATIONS,
    Holder.FINANCE: Role.FINANCE,
    Holder.PURCHASING: Role.PURCHASING,
    Holder.ADMIN: Role.ADMIN,
}


@quick
@dataclass(frozen=True, slots=True)
class Judged:
    """One order with everything an answer about it needs, read in one go."""

    card: OrderCard
    verdict: Verdict
    urged: OrderEvent | None
    person: str = ""  # who holds the next step, when it needs somebody
    role: Holder = Holder.NOBODY  # what that person is, when they were found by their role


def judged(reads: Reads | UnitOfWork, card: OrderCard, now: datetime, *, claimed_missing: bool = False) -> Judged:
    """Judge a card with its lane's history. Names a person only where somebody has to act."""
    lane: LaneStats | None = lane_of(reads, card.stored.order)
    verdict = judge(card, now, lane=lane, claimed_missing=claimed_missing)
    urged = last_urge(card.events, now)
    if card.stored.owner or verdict.normal:
        return Judged(card, verdict, urged, card.stored.owner)
    # The warehouse is who talks to the carrier.
    holder = Holder.WAREHOUSE if verdict.holder is Holder.CARRIER else verdict.holder
    role = _ROLE.get(holder)
    person = reads.people.in_charge(role, shop=card.stored.order.shop, warehouse=card.stored.order.warehouse) if role else ""
    return Judged(card, verdict, urged, person, holder if person else Holder.NOBODY)


def last_urge(events: tuple[OrderEvent, ...], now: datetime) -> OrderEvent | None:
    """The newest chase of the last day."""
    for event in reversed(events):
        if event.kind == "urge":
            return event if now - event.at < timedelta(hours=24) else None
    return None


def scene_of(seen: Judged, now: datetime, desk: Desk) -> Scene:
    order = seen.card.stored.order
    return Scene(order, seen.verdict, now, desk.channels.name(order.channel, order.shop), seen.urged, seen.person, seen.role)


def where(seen: Judged, actor: Actor, now: datetime, desk: Desk) -> Reply:
    """订单到哪了: the answer first, then why, then what happens next and who acts."""
    say = words(actor.lang)
    scene = scene_of(seen, now, desk)
    verdict = seen.verdict
    title = f"{say.headline(scene)}{SEP}{scene.shop} {short_number(scene.order.number)}"
    lines = [say.why(scene), _about(scene, say.receiver(scene.order), say.lines(scene.order))]
    if len(verdict.parcels) > 1:
        lines += [say.parcel(index, state, now) for index, state in enumerate(verdict.parcels[:3], 1)]
    else:
        lines.append(say.carriage(scene))
    lines.append(say.charge(scene))
    lines += _notices(seen, scene, now, actor)
    lines = [line for line in lines if line][: MAX_LINES - 1]
    lines.append(say.say_this(say.to_customer(scene)))
    return draw(seen, title, lines, actor, now, desk)


def draw(seen: Judged, title: str, lines: list[str], actor: Actor, now: datetime, desk: Desk) -> Reply:
    """Card and text of one order from its lines."""
    footer = as_of(seen, now, actor, desk)
    text = "\n".join((f"{MARK[seen.verdict.tone]} {title}", *lines, footer))
    link = Link(talk(actor.lang, "button.timeline"), timeline_url(seen.card.stored.id, now, desk))
    card = Card(title, tuple(lines), seen.verdict.tone, buttons=buttons(seen, actor, desk), links=(link,), footer=footer)
    return Reply(text, card)


def _about(scene: Scene, receiver: str, goods: str) -> str:
    return SEP.join(part for part in (receiver, goods, str(scene.order.total)) if part)


def _notices(seen: Judged, scene: Scene, now: datetime, actor: Actor) -> list[str]:
    """What else is open on this order: holds, lock, approvals, after-sales."""
    say = words(actor.lang)
    stored, verdict = seen.card.stored, seen.verdict
    lines: list[str] = []
    if stored.order.holds and verdict.kind not in (Kind.HELD, Kind.WAITING_STOCK):
        lines.append(say.held_too(stored.order.holds))
    lines += [say.approval(each.number, each.kind, each.amount) for each in seen.card.open_approvals[:2]]
    opened = [each for each in seen.card.aftersales if each.stage in AFTERSALE_OPEN][:2]
    lines += [say.aftersale(each, now, clock_said=each.deadline == verdict.due) for each in opened]
    if stored.settlement_locked:
        lines.append(say.lock())
    if stored.order.unmapped and "unknown_status" not in verdict.reasons:
        lines.append(say.unread_codes())
    return lines


def as_of(seen: Judged, now: datetime, actor: Actor, desk: Desk) -> str:
    """As-of time per source: the shop, and each carrier that told us something."""
    say = words(actor.lang)
    stored = seen.card.stored
    heard = seen.card.source_at or stored.synced_at
    sources = [(heard, desk.channels.name(stored.order.channel))]
    for state in seen.verdict.parcels:
        if state.fetched_at is not None:
            name = say.carrier(state.parcel.carrier)
            if all(name != known for _, known in sources):
                sources.append((state.fetched_at, name))
    text = say.as_of(sources, now)
    if seen.card.source_at is not None and now - seen.card.source_at > OLD and not seen.verdict.final:
        text = f"{text}{SEP}{say.stale(now - seen.card.source_at)}"
    return text


def timeline_url(order_id: int, now: datetime, desk: Desk, *, scope: str = "staff") -> str:
    token = desk.signer.page("timeline", f"order:{order_id}", until=now + PAGE_LIFE, scope=scope)
    return f"{desk.base_url}/p/timeline/{token}"


def buttons(seen: Judged, actor: Actor, desk: Desk) -> tuple[Button, ...]:
    """A button for each thing the reader may do here."""
    subject = f"order:{seen.card.stored.id}"
    sign, lang = desk.signer.sign, actor.lang
    tail = short_number(seen.card.stored.order.number).lstrip("…")
    found: list[Button] = []
    if seen.verdict.urgeable:
        worried = not seen.verdict.normal
        style = ButtonStyle.PRIMARY if worried else ButtonStyle.PLAIN
        found.append(
            Button(talk(lang, "button.urge"), sign("ask.urge", subject), style, talk(lang, "command.urge", tail=tail))
        )
    found.append(Button(talk(lang, "button.say"), sign("ask.say", subject)))
    if not seen.verdict.final:
        found.append(Button(talk(lang, "button.take"), sign("ask.take", subject)))
    if may_reveal(actor) and May.ASK_ORDERS in actor.may:
        options = tuple(talk(lang, "reveal.reasons").split("|"))
        ask = Ask(talk(lang, "reveal.ask"), options=options)
        found.append(Button(talk(lang, "button.reveal"), sign("ask.reveal", subject), ask=ask))
    return tuple(found)
