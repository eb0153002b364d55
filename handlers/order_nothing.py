"""The three kinds of nothing: none exist, not yours to see, data too old; and the promise to tell when it is back.

The promise is a deadline row: it survives restarts, looks again when the source has recovered, and says so either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.chat import Button, ChatKind, ChatRef, Message, Reply
from domain.ids import key as make_key
from domain.people import Actor, May, Person, Role
from domain.privacy import safe_text, short_number
from domain.store import Deadline, Freshness, Json, Reads, StoredOrder, UnitOfWork
from handlers.desk import Desk
from handlers.order_search import Found, Wanted, find_number, sees
from handlers.outgoing import send
from handlers.words.order_talk import talk
from handlers.words.times import span

TOO_OLD = timedelta(minutes=30)
_LOOK_AGAIN = timedelta(minutes=2)
_GIVE_UP = timedelta(hours=24)
PROMISE = "ask_again"

# Shapes of order numbers that can be told apart (protocols, channels: Pinduoduo `order_sn`, Douyin, Amazon).
_SHAPES = (
    ("pinduoduo", re.compile(r"(\d{6})-(\d+)"), (6, 15)),
    ("amazon", re.compile(r"(\d{3})-(\d{7})-(\d+)"), (3, 7, 7)),
    ("amazon", re.compile(r"(\d{3})-(\d+)-(\d{7})"), (3, 7, 7)),
    ("douyin", re.compile(r"(69\d{15,18})"), (19,)),
)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Why there is no answer, and what to do about it."""

    kind: str  # none, hidden, old
    text: str
    near: int = 0  # an order that ends the same way
    source: str = ""  # the source that is too old, when we promise to tell


def shape_of(number: str) -> tuple[str, int]:
    """(channel, digits too many) of a number that looks like a channel's: `("pinduoduo", -1)` is one digit short."""
    for channel, pattern, lengths in _SHAPES:
        match = pattern.fullmatch(number)
        if match is not None:
            return channel, sum(len(part) for part in match.groups()) - sum(lengths)
    return "", 0


def explain(reads: Reads, wanted: Wanted, found: Found, actor: Actor, now: datetime, desk: Desk) -> Nothing:
    """Which nothing this is. `found` holds no order that may be shown."""
    lang = actor.lang
    if found.hidden:
        return Nothing("hidden", _hidden(reads, found.hidden[0], actor, desk))
    if found.by == "list_gone":
        return Nothing("none", talk(lang, "none.list_gone"))
    if found.by == "list":
        return Nothing("none", talk(lang, "none.pick", value=found.value))
    channel, off = shape_of(found.value) if found.by == "number" else ("", 0)
    near = _same_tail(reads, found.value, actor) if found.by == "number" else 0
    if off == 0:  # a number of the wrong length is wrong however fresh the data are
        stale = stale_source(reads, channel or wanted.channel, actor, now, desk)
        if stale is not None:
            promised = found.by == "number"
            return Nothing("old", _old(stale, now, actor, desk, promised=promised), near, stale.source if promised else "")
    if found.by != "number":
        return Nothing("none", talk(lang, "none.fuzzy", what=handle(found, lang)))
    if off and abs(off) <= 3:
        amount = talk(lang, "none.more" if off > 0 else "none.less", count=abs(off))
        return Nothing("none", talk(lang, "none.shape", channel=desk.channels.name(channel), off=amount), near)
    hint = talk(lang, "none.tail") if near else talk(lang, "none.hint")
    return Nothing("none", talk(lang, "none.number", hint=hint), near)


def handle(found: Found, lang: str) -> str:
    """How a handle is said back, masked: `尾号 8000`, `手机号 138****8000`."""
    value = found.value
    if found.by == "number":
        value = short_number(value)
    elif found.by == "phone":
        value = f"{value[:3]}****{value[-4:]}"
    elif found.by == "name":
        value = f"{safe_text(value, 8)[:1]}**"
    return talk(lang, f"handle.{found.by}", value=safe_text(value, 24))


def _same_tail(reads: Reads, number: str, actor: Actor) -> int:
    """One visible order with the same last six digits: most likely a slip of the finger."""
    digits = "".join(letter for letter in number if letter.isascii() and letter.isdigit())
    if len(digits) < 10:
        return 0
    near = [each for each in reads.orders.by_tail(digits[-6:], limit=3) if sees(actor, each)]
    return near[0].id if len(near) == 1 else 0


def _hidden(reads: Reads, stored: StoredOrder, actor: Actor, desk: Desk) -> str:
    order, lang = stored.order, actor.lang
    if not actor.sees_warehouse(order.warehouse):
        where, mine = order.warehouse, actor.person.warehouses
    else:
        where, mine = desk.channels.name(order.channel, order.shop), actor.person.shops
    shown = "、".join(safe_text(each, 12) for each in sorted(mine)[:3])
    who = who_may(reads, stored, desk)
    if not who:
        return talk(lang, "hidden.nobody", where=safe_text(where, 20), mine=shown)
    return talk(lang, "hidden", where=safe_text(where, 20), mine=shown, who=safe_text(who, 12))


def who_may(reads: Reads, stored: StoredOrder, desk: Desk) -> str:
    """A colleague who may see that order, a manager first."""
    order = stored.order

    def fits(person: Person) -> bool:
        return (
            person.active
            and May.ASK_ORDERS in desk.policy.allowed(person.roles)
            and (not person.shops or order.shop in person.shops)
            and (not person.warehouses or order.warehouse in person.warehouses)
        )

    able = [person for person in reads.people.everyone() if fits(person)]
    able.sort(key=lambda person: (Role.MANAGER not in person.roles, Role.SERVICE not in person.roles, person.person_id))
    return able[0].name if able else ""


def stale_source(reads: Reads, channel: str, actor: Actor, now: datetime, desk: Desk) -> Freshness | None:
    """The connected shop, of `channel` or of any, that has not synced for longest; None when all are fresh enough."""
    known = {each.source: each for each in reads.cursors.freshness()}
    worst: Freshness | None = None
    for its_channel, shop in desk.channels.shops():
        if (channel and its_channel != channel) or not actor.sees_shop(shop):
            continue
        source = f"{its_channel}/{shop}"
        each = known.get(source, Freshness(source, None, "", None))
        if each.last_ok is not None and now - each.last_ok <= TOO_OLD:
            continue
        if worst is None or (worst.last_ok is not None and (each.last_ok is None or each.last_ok < worst.last_ok)):
            worst = each
    return worst


def _source_name(source: str, desk: Desk) -> str:
    channel, _, shop = source.partition("/")
    return desk.channels.name(channel, shop)


def _old(stale: Freshness, now: datetime, actor: Actor, desk: Desk, *, promised: bool) -> str:
    name = _source_name(stale.source, desk)
    # A promise keeps what was asked for; a phone or a name must not be kept, so those are asked again.
    after = talk(actor.lang, "old.promise" if promised else "old.again")
    if stale.last_ok is None:
        return talk(actor.lang, "old.never", channel=name) + after
    return talk(actor.lang, "old", channel=name, age=span(now - stale.last_ok, lang=actor.lang)) + after


def near_button(order_id: int, actor: Actor, desk: Desk) -> Button:
    label = "Look" if actor.lang == "en" else "看这单"
    return Button(label, desk.signer.sign("ask.pick", f"order:{order_id}", "where_is_order"))


# --- the promise ------------------------------------------------------------------------------------------------------


def promise(uow: UnitOfWork, nothing: Nothing, number: str, message: Message, actor: Actor, now: datetime) -> None:
    """Remember who asked for what, and look again soon. Asking twice is one promise."""
    chat = message.chat
    entity = f"ask:{make_key(chat.platform, chat.chat_id, actor.user_id, number)}"
    payload = {
        "platform": chat.platform,
        "chat_id": chat.chat_id,
        "chat_kind": chat.kind.value,
        "user_id": actor.user_id,
        "person_id": actor.person.person_id,
        "number": number,
        "source": nothing.source,
        "until": (now + _GIVE_UP).isoformat(),
    }
    uow.deadlines.put([Deadline(entity, PROMISE, now + _LOOK_AGAIN, payload)])


def due(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """The source may be back: answer, or look again later; after a day say that it is not."""
    load = deadline.payload
    source = next((each for each in uow.cursors.freshness() if each.source == load["source"]), None)
    back = source is not None and source.last_ok is not None and now - source.last_ok <= TOO_OLD
    if not back and now < datetime.fromisoformat(load["until"]):
        uow.deadlines.put([Deadline(deadline.entity, PROMISE, now + _LOOK_AGAIN, load)])
        return
    chat = ChatRef(load["platform"], load["chat_id"], ChatKind(load["chat_kind"]))
    args = {name: load[name] for name in ("number", "source", "person_id", "user_id")} | {"back": back}
    mention = [load["user_id"]] if chat.kind is ChatKind.GROUP else []
    uow.outbox.add([send(chat, "orders.recovered", args, key=make_key(deadline.entity, load["until"]), mention=mention)])


def recovered(reads: Reads, args: Json, actor: Actor, desk: Desk) -> tuple[str, Found]:
    """(sentence, what was found) when the promise is kept."""
    name, number = _source_name(args["source"], desk), args["number"]
    found = find_number(reads, number, actor)
    key = "old.given_up" if not args["back"] else "old.found" if found.count else "old.none"
    return talk(actor.lang, key, channel=name, number=short_number(number)), found


def say_nothing(nothing: Nothing, actor: Actor, desk: Desk) -> Reply:
    choices = (near_button(nothing.near, actor, desk),) if nothing.near else ()
    return Reply(nothing.text, choices=choices)
