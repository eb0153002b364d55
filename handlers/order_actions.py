"""What the buttons under an order do: choose, chase, text for the customer, take over, show the receiver.

Each change decides and writes in one transaction, so two presses, or two people, have one effect and the second is told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.chat import Button, ChatRef, Reply
from domain.errors import Refused
from domain.ids import key as make_key
from domain.people import Actor, May, Person, Role
from domain.privacy import may_reveal, safe_note, safe_text, short_number, view_receiver
from domain.store import AuditEntry, BoundChat, Json, OrderEvent, Reads, StoredOrder, UnitOfWork
from handlers.desk import Desk, Press
from handlers.order_reply import Judged, judged, last_urge, scene_of, where
from handlers.order_search import sees
from handlers.outgoing import send_to
from handlers.words.order_talk import talk
from handlers.words.orders import MARK, SEP, words
from handlers.words.times import clock, left

URGE_AGAIN = timedelta(hours=2)
_FOLLOWED = 50


def following_key(person_id: int) -> str:
    """Where a person's followed orders are kept: for the to-do list."""
    return f"following:{person_id}"


def _visible(reads: Reads | UnitOfWork, order_id: int, actor: Actor) -> StoredOrder:
    stored = reads.orders.by_id(order_id)
    if stored is None or not sees(actor, stored):
        raise Refused(talk(actor.lang, "gone"))
    return stored


def look(reads: Reads | UnitOfWork, order_id: int, actor: Actor, now: datetime) -> Judged:
    """One order by its id, judged, for somebody who may see it. Raises Refused."""
    card = reads.orders.card(order_id)
    if card is None or not sees(actor, card.stored):
        raise Refused(talk(actor.lang, "gone"))
    return judged(reads, card, now)


# --- choose, text for the customer ------------------------------------------------------------------------------------


async def say(press: Press, actor: Actor, desk: Desk) -> Reply:
    """The text for the customer alone, privately, ready to copy."""
    now = desk.clock.now()
    seen = await desk.store.read(lambda r: look(r, press.token.subject_id, actor, now))
    return Reply(words(actor.lang).to_customer(scene_of(seen, now, desk)), private=True)


# --- chase ------------------------------------------------------------------------------------------------------------


async def urge(press: Press, actor: Actor, desk: Desk) -> Reply:
    """Ask the warehouse's group to move. Twice within two hours is once."""
    now = desk.clock.now()
    text = await desk.store.write(lambda u: chase(u, press.token.subject_id, actor, now, desk))
    return Reply(text, private=True)


def chase(uow: UnitOfWork, order_id: int, actor: Actor, now: datetime, desk: Desk) -> str:
    """Record the chase and queue its card for the groups that can act. Returns the sentence for the one who asked."""
    seen = look(uow, order_id, actor, now)
    stored, lang = seen.card.stored, actor.lang
    order = stored.order
    if not seen.verdict.urgeable:
        return talk(lang, "urge.pointless", head=words(lang).headline(scene_of(seen, now, desk)))
    last = last_urge(seen.card.events, now)
    if last is not None and now - last.at < URGE_AGAIN:
        rest = left(last.at + URGE_AGAIN - now, lang=lang)
        return talk(lang, "urge.again", at=clock(last.at, now, lang=lang), who=safe_text(last.actor, 12), left=rest)
    chats = urge_chats(uow, order.shop, order.warehouse)
    people = [person for person in uow.people.with_role(Role.WAREHOUSE) if _works_there(person, order.shop, order.warehouse)]
    if not chats:
        if people:
            return talk(lang, "urge.nobody", who=safe_text(people[0].name, 12))
        return talk(lang, "urge.nobody_at_all")
    uow.orders.add_events(stored.id, [OrderEvent(now, "urge", actor.person.name, "chat", cause=actor.chat_id)])
    args = {"id": stored.id, "who": actor.person.name}
    key = make_key("urge", stored.id, now.isoformat())
    uow.outbox.add(send_to(chats, "orders.urge", args, key=key, people=people[:3]))
    group = "、".join(safe_text(chat.title, 16) for chat in chats[:2])
    shop = desk.channels.name(order.channel, order.shop)
    return talk(lang, "urge.done", group=group, shop=shop, number=short_number(order.number))


def urge_chats(reads: Reads | UnitOfWork, shop: str, warehouse: str) -> Sequence[BoundChat]:
    """The groups that can move a parcel: logistics first, else the orders group."""
    for topic in ("logistics", "orders"):
        chats = reads.people.chats_for(topic, shop=shop, warehouse=warehouse)
        if chats:
            return chats
    return ()


def _works_there(person: Person, shop: str, warehouse: str) -> bool:
    shops, houses = person.shops, person.warehouses
    return person.active and (not shops or shop in shops) and (not houses or not warehouse or warehouse in houses)


async def urge_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """The chase as the warehouse's group sees it: where the order is now, who asks, what to do."""
    now = desk.clock.now()
    reader = _group_reader(chat, desk)
    seen = await desk.store.read(lambda r: look(r, int(args["id"]), reader, now))
    reply = where(seen, reader, now, desk)
    scene = scene_of(seen, now, desk)
    title = talk(desk.lang, "urge.title", head=words(desk.lang).headline(scene))
    title = f"{title}{SEP}{scene.shop} {short_number(scene.order.number)}"
    asked = talk(desk.lang, "urge.by", who=safe_text(args["who"], 12), note="")
    text = f"{MARK[seen.verdict.tone]} {title}\n{asked}\n" + reply.text.partition("\n")[2]
    card = reply.card
    if card is not None:
        kept = tuple(button for button in card.buttons if button.label != talk(desk.lang, "button.urge"))
        card = dataclasses.replace(card, title=title, lines=(asked, *card.lines[:-1]), buttons=kept)
    return Reply(text, card)


def _group_reader(chat: ChatRef, desk: Desk) -> Actor:
    """A group as reader of a message that was routed to it on purpose: sees the order, never personal data."""
    nobody = Person(0, "", frozenset())
    return Actor(nobody, frozenset({May.ASK_ORDERS}), chat.platform, "", chat.chat_id, direct=False, lang=desk.lang)


# --- take over --------------------------------------------------------------------------------------------------------


async def take(press: Press, actor: Actor, desk: Desk) -> Reply:
    """我来跟: this person owns the next step. Whoever has it already is named, and may be relieved with one more press."""
    now = desk.clock.now()
    order_id, extra = press.token.subject_id, press.token.extra
    return await desk.store.write(lambda u: _take(u, order_id, extra, actor, now, desk))


def _take(uow: UnitOfWork, order_id: int, extra: str, actor: Actor, now: datetime, desk: Desk) -> Reply:
    stored = _visible(uow, order_id, actor)
    me, lang = actor.person.name, actor.lang
    if stored.owner == me:
        return Reply(talk(lang, "take.mine"), private=True)
    if stored.owner and extra != f"over:{stored.owner}":
        if extra:  # somebody else was quicker since the button was drawn
            return Reply(talk(lang, "take.moved", who=safe_text(stored.owner, 12)), private=True)
        token = desk.signer.sign("ask.take", f"order:{order_id}", f"over:{stored.owner}")
        button = Button(talk(lang, "button.take_over"), token)
        return Reply(talk(lang, "take.other", who=safe_text(stored.owner, 12)), private=True, choices=(button,))
    event = OrderEvent(now, "owner", me, "chat", before=stored.owner, after=me, cause=actor.chat_id)
    uow.orders.change(order_id, expect_version=stored.version, events=[event], owner=me)
    _follow(uow, actor.person.person_id, order_id)
    uow.audit.record(
        AuditEntry(
            now,
            f"person:{actor.person.person_id}",
            "order.take",
            f"order:{order_id}",
            before={"owner": stored.owner},
            after={"owner": me},
            surface=actor.platform,
            chat_id=actor.chat_id,
        )
    )
    order = stored.order
    shop = desk.channels.name(order.channel, order.shop)
    return Reply(talk(lang, "take.done", shop=shop, number=short_number(order.number), who=safe_text(me, 12)))


def _follow(uow: UnitOfWork, person_id: int, order_id: int) -> None:
    name = following_key(person_id)
    kept = [each for each in (uow.cursors.get(name) or "").split() if each != str(order_id)]
    uow.cursors.put(name, " ".join([*kept, str(order_id)][-_FOLLOWED:]))


# --- show the receiver ------------------------------------------------------------------------------------------------


async def reveal(press: Press, actor: Actor, desk: Desk) -> Reply:
    """Name, phone and door, one to one, for a reason, and on record before they are shown."""
    if not may_reveal(actor):
        return Reply(talk(actor.lang, "reveal.group"), private=True)
    now = desk.clock.now()
    reason = safe_note(press.values.get("reason", ""), 40) or "—"
    request = press.click.event_id
    stored = await desk.store.write(lambda u: _record_reveal(u, press.token.subject_id, reason, request, actor, now))
    receiver = view_receiver(stored.order.receiver, actor, revealed=True)
    if receiver.masked or not (receiver.phone or receiver.detail):
        return Reply(talk(actor.lang, "reveal.none"), private=True)
    where_to = " ".join(
        part for part in (receiver.province, receiver.city, receiver.district, receiver.town, receiver.detail) if part
    )
    name, phone = receiver.name, receiver.phone
    return Reply(
        talk(actor.lang, "reveal.shown", name=name, phone=phone, address=safe_text(where_to, 160), reason=reason),
        private=True,
    )


def _record_reveal(uow: UnitOfWork, order_id: int, reason: str, request: str, actor: Actor, now: datetime) -> StoredOrder:
    stored = _visible(uow, order_id, actor)
    uow.audit.record(
        AuditEntry(
            now,
            f"person:{actor.person.person_id}",
            "person.reveal",
            f"order:{order_id}",
            after={"reason": reason},
            surface=actor.platform,
            chat_id=actor.chat_id,
            request_id=request,
        )
    )
    return stored
