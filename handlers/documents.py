"""Papers into the chat (A9): pick list, outbound slip, return label, invoice data, as files.

A paper shows what its asker may see, where they stand: in a group the receiver is masked; one to one, and with the
permission, it is whole, and that it was asked for is on record before it is drawn.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.chat import Button, Picture, Reply
from domain.dates import DateRange
from domain.metrics import METRICS
from domain.order import AFTERSALE_OPEN, Aftersale, AftersaleKind, Receiver
from domain.people import Actor, May
from domain.privacy import may_reveal, safe_text, short_number, view_receiver
from domain.query import Query, Scope, build
from domain.store import AuditEntry, OrderCard, Reads, StoredOrder, UnitOfWork
from domain.understand.plan import Filter
from handlers import order_nothing
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.document_draw import Made, invoice, outbound, picklist, return_label
from handlers.kpi_look import sources
from handlers.order_search import AT_ONCE, find_number, sees, wanted_of
from handlers.orders import SHOWN, Outcome, choice_label, look, remember
from handlers.paper import pictures_of
from handlers.words.documents import papers
from handlers.words.order_talk import talk

KINDS = ("picklist", "outbound", "return_label", "invoice", "label")
PICK_CAP = 200
MOST_PAGES = 3  # as pictures: a phone's chat is no place for a book
_AS_PICTURE = re.compile(r"图片|截图|照片|\bpng\b|\b(?:as|in) (?:a )?(?:picture|image|photo)s?\b", re.IGNORECASE)
# 拣货单 alone is the warehouse's whole list, whatever order was talked about before; 这单的拣货单 is that one's.
_THIS_ONE = re.compile(r"这|它|该单|那|刚才|第\s*\S\s*[个单]|\b(?:this|that|its?)\b", re.IGNORECASE)
_TO_PICK = timedelta(days=90)
_PERSONAL = frozenset({"outbound", "return_label"})
_COMES_BACK = frozenset({AftersaleKind.RETURN, AftersaleKind.EXCHANGE, AftersaleKind.REPAIR})


async def documents(question: Question, actor: Actor, desk: Desk) -> Reply:
    """拣货单, 出库单 6920…0417, 退货标签 …, 发票资料 …; with 图片, the pages as pictures as well."""
    reply = await _papers(question, actor, desk)
    if not reply.documents or _AS_PICTURE.search(question.text) is None:
        return reply
    pages, left = await asyncio.to_thread(_pages, reply)
    more = papers(actor.lang, "pages.more", count=left) if left else ""
    return replace(reply, text="\n".join(part for part in (reply.text, more) if part), pictures=pages)


def _pages(reply: Reply) -> tuple[tuple[Picture, ...], int]:
    """The first pages of the reply's papers, and how many were left out."""
    found: list[Picture] = []
    left = 0
    for paper in (each for each in reply.documents if each.media_type == "application/pdf"):
        pages, count = pictures_of(paper.content, most=max(MOST_PAGES - len(found), 0))
        stem = paper.name.removesuffix(".pdf")
        found += [Picture(png, stem, f"{stem}-{number}.png") for number, png in enumerate(pages, 1)]
        left += count - len(pages)
    return tuple(found), left


async def _papers(question: Question, actor: Actor, desk: Desk) -> Reply:
    plan = question.plan
    kind = plan.extra.get("document", "") if plan is not None else str(question.slots.get("document") or "")
    if kind not in KINDS:
        return Reply(papers(actor.lang, "which"))
    wanted, now = wanted_of(question), desk.clock.now()
    if kind == "picklist" and (wanted.empty or (not wanted.spoken and _THIS_ONE.search(question.text) is None)):
        return await _pick_all(question, actor, desk)
    if len(wanted.numbers) > 1:
        return await _several(kind, wanted.numbers, question, actor, desk)
    outcome = await desk.store.read(lambda r: look(r, wanted, actor, now, desk, text=question.text))
    if outcome.one is not None:
        return await _make(kind, [outcome.one.card], actor, desk, request=question.message.message_id)
    if outcome.many:
        await remember([card.stored.id for card in outcome.many[:SHOWN]], actor, now, desk)
        return _choose(kind, outcome, actor, desk)
    if outcome.nothing is not None:
        return order_nothing.say_nothing(outcome.nothing, actor, desk)
    return Reply(talk(actor.lang, "which"))


async def make(press: Press, actor: Actor, desk: Desk) -> Reply:
    """One of several orders was chosen."""
    kind, order_id = press.token.extra, press.token.subject_id
    card = await desk.store.read(lambda r: r.orders.card(order_id))
    if card is None or not sees(actor, card.stored) or kind not in KINDS:
        return Reply(talk(actor.lang, "gone"), private=True)
    return await _make(kind, [card], actor, desk, request=press.click.event_id)


def _choose(kind: str, outcome: Outcome, actor: Actor, desk: Desk) -> Reply:
    now, lang = desk.clock.now(), actor.lang
    labels = [f"{place}. {choice_label(card, actor, now, desk)}" for place, card in enumerate(outcome.many[:SHOWN], 1)]
    buttons = tuple(
        Button(safe_text(label, 60), desk.signer.sign("documents.make", f"order:{card.stored.id}", kind))
        for label, card in zip(labels, outcome.many, strict=False)
    )
    head = papers(lang, "choose", count=outcome.total, kind=papers(lang, kind))
    return Reply("\n".join((head, *labels)), choices=buttons)


async def _several(kind: str, numbers: Sequence[str], question: Question, actor: Actor, desk: Desk) -> Reply:
    """One file for several orders; what was not found, and what is not theirs, is said."""
    lang = actor.lang

    def work(reads: Reads) -> tuple[list[OrderCard], list[str], list[str]]:
        cards: list[OrderCard] = []
        missing: list[str] = []
        hidden: list[str] = []
        for number in numbers[:AT_ONCE]:
            found = find_number(reads, number, actor)
            known = found.cards or tuple(
                card for card in (reads.orders.card(each.id) for each in found.orders) if card is not None
            )
            if len(known) == 1:
                cards.append(known[0])
            else:
                (hidden if found.hidden else missing).append(short_number(number))
        return cards, missing, hidden

    cards, missing, hidden = await desk.store.read(work)
    notes = [
        papers(lang, "some_missing", numbers="、".join(missing)) if missing else "",
        papers(lang, "hidden", numbers="、".join(hidden)) if hidden else "",
    ]
    said = "\n".join(note for note in notes if note)
    if not cards:
        return Reply(said)
    reply = await _make(kind, cards, actor, desk, request=question.message.message_id)
    return Reply("\n".join(part for part in (reply.text, said) if part), documents=reply.documents, private=reply.private)


# --- one or several orders --------------------------------------------------------------------------------------------


async def _make(kind: str, cards: list[OrderCard], actor: Actor, desk: Desk, *, request: str) -> Reply:
    now, lang = desk.clock.now(), actor.lang
    first = short_number(cards[0].stored.order.number)
    if kind == "label":
        return Reply(_carrier_label(cards[0], lang))
    coming: Aftersale | None = None
    if kind == "return_label":
        coming = _coming_back(cards[0])
        cards = cards[:1]
        if coming is None:
            return Reply(papers(lang, "no_aftersale", number=first))
    open_ = kind in _PERSONAL and may_reveal(actor)
    await desk.store.write(
        lambda u: _record(u, kind, [card.stored.id for card in cards], actor, now, request, personal=open_)
    )
    receivers = [view_receiver(card.stored.order.receiver, actor, revealed=open_) for card in cards]
    made = await asyncio.to_thread(_draw, kind, cards, receivers, coming, now, lang, desk)
    shown = papers(lang, "made", kind=papers(lang, kind), what=made.what)
    note = papers(lang, "open" if open_ else "masked") if kind in _PERSONAL else ""
    return Reply("\n".join(part for part in (shown, note) if part), documents=made.documents, private=open_)


def _draw(
    kind: str,
    cards: list[OrderCard],
    receivers: list[Receiver],
    coming: Aftersale | None,
    now: datetime,
    lang: str,
    desk: Desk,
) -> Made:
    if kind == "return_label" and coming is not None:
        return return_label(cards[0], coming, receivers[0], now, lang, desk)
    if kind == "outbound":
        return outbound(cards, receivers, now, lang, desk)
    if kind == "invoice":
        return invoice(cards, now, lang, desk)
    return picklist([card.stored for card in cards], (), now, lang, desk)


def _record(
    uow: UnitOfWork, kind: str, ids: Sequence[int], actor: Actor, now: datetime, request: str, *, personal: bool
) -> None:
    """On record before it is drawn: who took which paper of which order, and whether it showed the receiver."""
    for order_id in ids:
        uow.audit.record(
            AuditEntry(
                now,
                f"person:{actor.person.person_id}",
                "person.reveal" if personal else "document.made",
                f"order:{order_id}",
                after={"document": kind, "reason": f"document:{kind}"} if personal else {"document": kind},
                surface=actor.platform,
                chat_id=actor.chat_id,
                request_id=request,
            )
        )


def _coming_back(card: OrderCard) -> Aftersale | None:
    """The open after-sale whose goods come back, the newest one."""
    able = [each for each in card.aftersales if each.kind in _COMES_BACK and each.stage in AFTERSALE_OPEN]
    return max(able, key=lambda each: each.created_at, default=None)


def _carrier_label(card: OrderCard, lang: str) -> str:
    order = card.stored.order
    waybills = "、".join(short_number(parcel.waybill) for parcel in order.parcels)
    parcels = papers(lang, "carrier_label.parcels", waybills=waybills) if waybills else ""
    return papers(lang, "carrier_label", parcels=parcels, number=short_number(order.number))


# --- the pick list of everything --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToPick:
    """What waits to be picked inside the asker's scope, most urgent first."""

    orders: tuple[StoredOrder, ...]
    total: int
    held: int
    silent: str = ""  # a connected shop that is not up to date


async def _pick_all(question: Question, actor: Actor, desk: Desk) -> Reply:
    now, lang, plan = desk.clock.now(), actor.lang, question.plan
    filters = [each for each in plan.filters if each.field in ("shop", "warehouse")] if plan is not None else []
    if plan is not None and plan.slots.channel:
        filters.append(Filter("channel", "=", plan.slots.channel))
    found = await desk.store.read(lambda r: _to_pick(r, tuple(filters), actor, now, desk))
    if not found.orders:
        if found.silent:
            return Reply(papers(lang, "pick.old", name=found.silent))
        return Reply(papers(lang, "pick.none.held", count=found.held) if found.held else papers(lang, "pick.none"))
    notes = [
        papers(lang, "pick.cut", shown=len(found.orders), count=found.total) if found.total > len(found.orders) else "",
        papers(lang, "pick.held", count=found.held) if found.held else "",
    ]
    notes = [note for note in notes if note]
    ids = [stored.id for stored in found.orders]
    request = question.message.message_id
    await desk.store.write(lambda u: _record(u, "picklist", ids, actor, now, request, personal=False))
    made = await asyncio.to_thread(picklist, found.orders, notes, now, lang, desk)
    shown = papers(lang, "made", kind=papers(lang, "picklist"), what=made.what)
    return Reply("\n".join((shown, *notes)), documents=made.documents)


def _to_pick(reads: Reads, filters: tuple[Filter, ...], actor: Actor, now: datetime, desk: Desk) -> ToPick:
    """Through the query compiler, which applies the asker's scope."""
    span = DateRange(now - _TO_PICK, now + timedelta(seconds=1), "")
    to_ship = (*filters, Filter("stage", "=", "to_ship"))
    free = build(METRICS["orders"], span, now, filters=(*to_ship, Filter("held", "=", "no")))
    query, scope = replace(free, order="due", previous=False), Scope.of(actor)
    facts = reads.figures.facts(query, scope, limit=PICK_CAP)
    stored = [reads.orders.get(fact.channel, fact.shop, fact.number) for fact in facts]
    orders = tuple(each for each in stored if each is not None and sees(actor, each))
    held = replace(query, filters=(*to_ship, Filter("held", "=", "yes")))
    silent = next(
        (desk.channels.name(each.channel, each.shop) for each in sources(reads, query, actor, desk) if each.silent), ""
    )
    return ToPick(orders, _count(reads, query, scope), _count(reads, held, scope), silent)


def _count(reads: Reads, query: Query, scope: Scope) -> int:
    return sum(part.parts.numerator for part in reads.figures.parts(query, scope))


FEATURE = Feature(
    "documents",
    questions={"documents": Need(documents, May.ASK_ORDERS)},
    actions={"documents.make": Need(make, May.ASK_ORDERS)},
)
