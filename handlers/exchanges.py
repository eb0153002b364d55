"""`0417 换货，换成灰色`: an exchange asked for in the chat becomes a draft. No channel opens one through its API: once it is
agreed, a person arranges it in the back office, and the card says so. A buyer's own exchange comes in as an after-sale.
"""

from __future__ import annotations

import re

from domain.chat import Button, Reply
from domain.money import Money
from domain.order import AFTERSALE_OPEN, Stage
from domain.people import Actor, May
from domain.privacy import safe_note, safe_text, short_number
from domain.store import OrderCard, StoredOrder, UnitOfWork
from handlers.approval_card import reply_for
from handlers.approval_draft import Wish, draft, find_orders
from handlers.approval_sheet import goods, stage_words
from handlers.approvals import slot
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.words.approvals import words

KIND = "exchange"
_SHOWN = 4
_INTO = re.compile(r"换(?:成|为|个)\s*([^\s，。,;；!！?？]{1,20})")
_CLOSED = frozenset({Stage.CLOSED_UNPAID, Stage.CLOSED_REFUNDED})


async def ask_exchange(question: Question, actor: Actor, desk: Desk) -> Reply:
    """The draft shown back; several orders are a button each, never a guess."""
    found = await find_orders(question, actor, desk, KIND)
    if isinstance(found, Reply):
        return found
    wish = Wish(KIND, question.message.message_id, reason=_reason(question))
    if len(found) > 1:
        return _choose(found, wish, desk)
    return await _propose(found[0].id, wish, actor, desk)


def _reason(question: Question) -> str:
    """Why, and into what: all that whoever arranges it has to go by."""
    into = _INTO.search(question.text)
    parts = (f"换成{into.group(1)}" if into is not None else "", slot(question, "reason"))
    return safe_note("，".join(part for part in parts if part), 60)


def _choose(found: list[StoredOrder], wish: Wish, desk: Desk) -> Reply:
    say = words(desk.lang)
    buttons = tuple(
        Button(
            say(
                "q.option",
                shop=safe_text(desk.channels.name(each.order.channel, each.order.shop), 12),
                number=short_number(each.order.number),
                goods=goods(each.order),
                amount=each.order.paid,
            ),
            desk.signer.sign("exchange.pick", f"order:{each.id}", wish.pack()),
        )
        for each in found[:_SHOWN]
    )
    return Reply(say("q.several", count=len(found), what=say(f"what.{KIND}")), choices=buttons)


async def _propose(order_id: int, wish: Wish, actor: Actor, desk: Desk) -> Reply:
    now = desk.clock.now()

    def work(uow: UnitOfWork) -> int | str:
        card = uow.orders.card(order_id)
        if card is None or not actor.sees_shop(card.stored.order.shop):
            return words(desk.lang)("q.unknown_order")
        standing = _standing(card, desk)
        if standing:
            return standing
        nothing = Money(0, card.stored.order.total.currency)
        return draft(uow, wish, card.stored, nothing, actor, now, desk).id

    outcome = await desk.store.write(work)
    return Reply(outcome, private=True) if isinstance(outcome, str) else await reply_for(outcome, desk)


def _standing(card: OrderCard, desk: Desk) -> int | str:
    """What is under way for this order already: its approval, or a sentence; "" when there is nothing."""
    say, order = words(desk.lang), card.stored.order
    running = next((each for each in card.open_approvals if each.kind != "address"), None)
    if running is not None:
        return running.id
    going = next((each for each in card.aftersales if each.stage in AFTERSALE_OPEN), None)
    if going is not None:
        return say("q.in_aftersale", channel=desk.channels.name(order.channel), stage=stage_words(going, say.lang))
    if order.stage in _CLOSED:
        return say("q.closed", what=say(f"what.{KIND}"))
    return say("q.not_paid") if order.stage is Stage.UNPAID else ""


async def pick(press: Press, actor: Actor, desk: Desk) -> Reply:
    """One of several orders was chosen for a wish typed before."""
    return await _propose(press.token.subject_id, Wish.unpack(press.token.extra), actor, desk)


FEATURE = Feature(
    "exchanges",
    questions={"request_exchange": Need(ask_exchange, May.REQUEST_CHANGE)},
    actions={"exchange.pick": Need(pick, May.REQUEST_CHANGE)},
)
