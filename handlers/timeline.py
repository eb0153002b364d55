"""An order's life as steps (A6): who, where, when, how long since the step before, from what to what.

Two scopes: staff see everything but personal data; customers see milestones and scans, no names, no internal steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.chat import Tone
from domain.clock import SHANGHAI
from domain.errors import Refused
from domain.money import Money
from domain.order import Aftersale, AftersaleStage, Stage, TrackStage
from domain.privacy import safe_note, safe_text, short_number
from domain.store import OrderCard, OrderEvent, Reads
from domain.waybill import carrier_code
from handlers.desk import Desk
from handlers.order_reply import Judged, judged, scene_of, timeline_url
from handlers.words.order_talk import talk
from handlers.words.orders import MARK, Zh, short_waybill, words
from handlers.words.timeline import known, line, stage
from handlers.words.times import span

_CUSTOMER_KINDS = frozenset({"created", "paid", "parcel"})
_CUSTOMER_STAGES = frozenset({Stage.SHIPPED.value, Stage.PART_SHIPPED.value, Stage.DELIVERED.value, Stage.COMPLETED.value})
_QUIET_GAP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in words. `at` aware UTC; `exact` is the moment as printed; texts are already safe, not HTML-escaped."""

    at: datetime
    exact: str
    what: str
    who: str = ""
    surface: str = ""
    change: str = ""
    note: str = ""
    gap: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that the page shows."""

    lang: str
    title: str
    headline: str
    tone: str
    mark: str
    why: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[Step, ...]
    footer: str
    until: str
    customer_url: str = ""


async def timeline(order_id: int, scope: str, until: datetime, desk: Desk) -> Timeline:
    """The page of one order. Raises Refused when the order is gone."""
    now = desk.clock.now()

    def look(reads: Reads) -> Judged:
        card = reads.orders.card(order_id)
        if card is None:
            raise Refused(talk(desk.lang, "gone"))
        return judged(reads, card, now)

    seen = await desk.store.read(look)
    return _staff(seen, now, until, desk) if scope == "staff" else _customer(seen, now, until, desk)


def _staff(seen: Judged, now: datetime, until: datetime, desk: Desk) -> Timeline:
    lang, card = desk.lang, seen.card
    say = words(lang)
    scene = scene_of(seen, now, desk)
    order = scene.order
    facts = [
        ("fact.receiver", say.receiver(order).removeprefix("收件 ").removeprefix("To ")),
        ("fact.goods", say.lines(order)),
        ("fact.total", str(order.total)),
        ("fact.carrier", say.carriage(scene).removeprefix("承运 ").removeprefix("By ")),
        ("fact.next", say.charge(scene)),
    ]
    facts += [("fact.aftersale", say.aftersale(each, now)) for each in card.aftersales]
    sources = [(card.source_at or card.stored.synced_at, desk.channels.name(order.channel))]
    return Timeline(
        lang,
        f"{line(lang, 'title')} {scene.shop} {safe_text(order.number, 40)}",
        say.headline(scene),
        scene.verdict.tone.value,
        MARK[scene.verdict.tone],
        say.why(scene),
        tuple((line(lang, key), value) for key, value in facts if value),
        _spaced(_staff_steps(card, desk), lang),
        say.as_of(sources, now),
        line(lang, "until", at=_exact(until)),
        timeline_url(card.stored.id, now, desk, scope="customer"),
    )


def _customer(seen: Judged, now: datetime, until: datetime, desk: Desk) -> Timeline:
    lang, card = desk.lang, seen.card
    say = words(lang)
    scene = scene_of(seen, now, desk)
    order = scene.order
    facts = [("fact.goods", say.lines(order))]
    if scene.state is not None:
        parcel = scene.state.parcel
        facts.append(("fact.carrier", f"{say.carrier(parcel.carrier)} {safe_text(parcel.waybill, 32)}"))
    steps = _customer_steps(card, say)
    return Timeline(
        lang,
        f"{line(lang, 'title.customer')} {short_number(order.number)}",
        say.to_customer(scene),
        Tone.INFO.value,
        "",
        "",
        tuple((line(lang, key), value) for key, value in facts if value),
        _spaced(steps, lang, gaps=False),
        say.as_of([(card.source_at or card.stored.synced_at, desk.channels.name(order.channel))], now),
        line(lang, "until", at=_exact(until)),
    )


# --- steps ------------------------------------------------------------------------------------------------------------


def _staff_steps(card: OrderCard, desk: Desk) -> list[Step]:
    steps = [_event(event, card, desk) for event in card.events]
    who = desk.channels.name(card.stored.order.channel, card.stored.order.shop)
    steps += _uploads(card, words(desk.lang), who)
    for each in card.aftersales:
        steps += _aftersale_steps(each, desk)
    seen_scans = {(step.at, step.what) for step in steps}
    for step in _scans(card, words(desk.lang)):
        if (step.at, step.what) not in seen_scans:
            steps.append(step)
    return steps


def _event(event: OrderEvent, card: OrderCard, desk: Desk) -> Step:
    lang = desk.lang
    what = line(lang, event.kind) if known(event.kind) else safe_text(event.kind, 20)
    surface = f"surface.{event.surface}"
    return Step(
        event.at,
        _exact(event.at),
        what,
        _actor(event.actor, card, desk),
        line(lang, surface) if known(surface) else safe_text(event.surface, 16),
        _change(event, words(lang)),
        _note(event, words(lang)),
        tone="hold" if event.kind in ("hold", "urge") else "",
    )


def _actor(actor: str, card: OrderCard, desk: Desk) -> str:
    order = card.stored.order
    if actor == order.channel:
        return desk.channels.name(order.channel, order.shop)
    return words(desk.lang).table.carriers.get(carrier_code(actor)) or safe_text(actor, 20)


def _change(event: OrderEvent, say: Zh) -> str:
    if event.kind == "created":
        return stage(say.lang, event.after)
    if event.kind in ("paid", "amount"):
        return " → ".join(part for part in (_amounts(event.before, event), _amounts(event.after, event)) if part)
    if event.kind == "scan" and event.after in set(TrackStage):
        return say.table.scans[TrackStage(event.after)]
    before, after = _value(event.before, say), _value(event.after, say)
    if before and after:
        return f"{before} → {after}"
    return after or (f"{before} ✕" if before else "")


def _value(value: str, say: Zh) -> str:
    if not value:
        return ""
    if value in say.table.holds:
        return say.table.holds[value]
    word = stage(say.lang, value)
    if word:
        return word
    moment = _moment(value)
    return moment or safe_note(short_waybill(value) if value.isalnum() and len(value) > 10 else value, 40)


def _moment(value: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return ""
    return _exact(at) if at.tzinfo is not None else ""


def _amounts(text: str, event: OrderEvent) -> str:
    """`268 00 CNY` as the store writes a payment, or `total=26800 paid=26800` as it writes a change."""
    words_of = text.split()
    if event.kind == "paid" and len(words_of) == 2 and words_of[0].lstrip("-").isdigit():
        return str(Money(int(words_of[0]), safe_text(words_of[1], 3)))
    shown = []
    for part in words_of:
        name, _, minor = part.partition("=")
        if minor.lstrip("-").isdigit() and name in ("total", "paid", "refunded"):
            shown.append(str(Money(int(minor), safe_text(event.text, 3) or "CNY")))
    return " / ".join(shown)


def _note(event: OrderEvent, say: Zh) -> str:
    if event.kind == "parcel":
        return say.table.carriers.get(event.text, "")
    if event.kind in ("amount", "note", "address", "scan"):
        return ""
    return safe_note(event.text, 80)


def _aftersale_steps(each: Aftersale, desk: Desk) -> list[Step]:
    lang = desk.lang
    say = words(lang)
    who = desk.channels.name(each.channel, each.shop)
    photos = line(lang, "photos", count=len(each.photos)) if each.photos else ""
    note = "  ".join(part for part in (safe_note(each.reason, 40), photos) if part)
    change = f"{say.table.aftersale_kinds[each.kind]} {each.amount}"
    steps = [Step(each.created_at, _exact(each.created_at), line(lang, "asked"), who, "", change, note)]
    if each.refunded_at is not None:
        amount = str(each.refunded_amount or each.amount)
        steps.append(Step(each.refunded_at, _exact(each.refunded_at), line(lang, "refunded"), who, "", amount))
    elif each.updated_at > each.created_at and each.stage is not AftersaleStage.WAIT_MERCHANT:
        word = say.table.aftersale_stages[each.stage]
        steps.append(Step(each.updated_at, _exact(each.updated_at), line(lang, "aftersale"), who, "", word))
    return steps


def _uploads(card: OrderCard, say: Zh, who: str) -> list[Step]:
    """Waybills that came with the order's first version have no event of their own."""
    told = {event.after for event in card.events if event.kind == "parcel"}
    return [
        Step(
            parcel.shipped_at,
            _exact(parcel.shipped_at),
            line(say.lang, "parcel"),
            who,
            change=short_waybill(parcel.waybill),
            note=say.table.carriers.get(parcel.carrier, ""),
        )
        for parcel in card.stored.order.parcels
        if parcel.shipped_at is not None and parcel.waybill not in told
    ]


def _scans(card: OrderCard, say: Zh) -> list[Step]:
    steps = []
    for track in card.tracks:
        who = say.carrier(track.corrected_carrier or track.carrier)
        for event in track.events:
            tone = "hold" if event.stage in (TrackStage.EXCEPTION, TrackStage.REJECTED) else ""
            text = safe_note(event.text, 80) or say.table.scans[event.stage]
            steps.append(Step(event.at, _exact(event.at), text, who, note=safe_text(event.place, 24), tone=tone))
    return steps


def _customer_steps(card: OrderCard, say: Zh) -> list[Step]:
    """Milestones only: no names, no causes, no holds, no amounts of others."""
    steps: list[Step] = []
    for event in card.events:
        if event.kind in _CUSTOMER_KINDS:
            steps.append(Step(event.at, _exact(event.at), line(say.lang, event.kind)))
        elif event.kind == "stage" and event.after in _CUSTOMER_STAGES:
            steps.append(Step(event.at, _exact(event.at), stage(say.lang, event.after)))
    steps += [Step(step.at, step.exact, step.what) for step in (*_uploads(card, say, ""), *_scans(card, say))]
    for each in card.aftersales:
        steps.append(Step(each.created_at, _exact(each.created_at), line(say.lang, "asked")))
        if each.refunded_at is not None:
            steps.append(Step(each.refunded_at, _exact(each.refunded_at), line(say.lang, "refunded")))
    return steps


def _spaced(steps: list[Step], lang: str, *, gaps: bool = True) -> tuple[Step, ...]:
    """Oldest first, each with the time since the one before."""
    ordered = sorted(steps, key=lambda step: step.at)
    spaced: list[Step] = []
    for step in ordered:
        since = step.at - spaced[-1].at if spaced else timedelta()
        gap = line(lang, "gap", span=span(since, lang=lang)) if gaps and since >= _QUIET_GAP else ""
        fields = (step.at, step.exact, step.what, step.who, step.surface, step.change, step.note, gap, step.tone)
        spaced.append(Step(*fields))
    return tuple(spaced)


def _exact(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
