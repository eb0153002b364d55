"""What somebody's assistant suggests and has no draft of its own: chase an order, take back a request, take an alert.

One card before that person. Nothing is done by the suggestion; the button does what their own sentence would do, by the
same rules and only for whoever may.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.alert import State as AlertState
from domain.chat import Button, ButtonStyle, Card, ChatRef, Message, Reply
from domain.clock import SHANGHAI
from domain.errors import Refused
from domain.people import Actor, May
from domain.privacy import safe_text, short_number
from domain.store import Approval, BoundChat, Deadline, Json, OrderCard, Reads, UnitOfWork
from handlers import alert_view, alerts, order_actions, refunds
from handlers.alert_raise import rulebook
from handlers.approval_card import reply_for
from handlers.approval_open import chats_of
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.order_reply import Judged, last_urge, scene_of, where
from handlers.words import alerts as alert_words
from handlers.words import orders as order_words
from handlers.words.order_talk import talk
from handlers.words.suggestions import said
from handlers.words.times import clock, left

VIEW = "suggestion"
FORGET = "assistant_forget"
URGE, WITHDRAW, CLAIM = "urge", "withdraw", "claim"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A card for one person. `mark` changes when the thing itself moved on: until then it is the same suggestion.

    `number` is what people call it: A17, K203, …0417. `chats` take the card when the person has no chat of their own.
    """

    deed: str
    subject_id: int
    number: str
    mark: str
    chats: Sequence[BoundChat] = ()


# --- may it be suggested ----------------------------------------------------------------------------------------------


def to_urge(reads: Reads | UnitOfWork, order_id: int, actor: Actor, now: datetime, desk: Desk) -> Suggestion:
    """Raises Refused in the words that chasing itself would use."""
    seen = order_actions.look(reads, order_id, actor, now)
    order, lang = seen.card.stored.order, actor.lang
    if not seen.verdict.urgeable:
        head = order_words.words(lang).headline(scene_of(seen, now, desk))
        raise Refused(talk(lang, "urge.pointless", head=head))
    last = last_urge(seen.card.events, now)
    if last is not None and now - last.at < order_actions.URGE_AGAIN:
        rest = left(last.at + order_actions.URGE_AGAIN - now, lang=lang)
        raise Refused(talk(lang, "urge.again", at=clock(last.at, now, lang=lang), who=safe_text(last.actor, 12), left=rest))
    mark = f"{now.astimezone(SHANGHAI):%Y-%m-%d}:{last.at.isoformat() if last is not None else ''}"
    chats = order_actions.urge_chats(reads, order.shop, order.warehouse)
    return Suggestion(URGE, order_id, short_number(order.number), mark, chats)


def to_withdraw(reads: Reads | UnitOfWork, ticket: str, order_ids: Sequence[int], actor: Actor, desk: Desk) -> Suggestion:
    """Raises Refused in the words that withdrawing itself would use."""
    found = refunds.own_request(_requests(reads, ticket, order_ids, actor), actor, desk)
    if isinstance(found, str):
        raise Refused(found)
    return Suggestion(WITHDRAW, found.id, found.number, f"v{found.version}", chats_of(reads, found))


def _requests(reads: Reads | UnitOfWork, ticket: str, order_ids: Sequence[int], actor: Actor) -> list[Approval]:
    if ticket:
        one = reads.approvals.by_number(ticket)
        return [one] if one is not None else []
    cards: list[OrderCard | None] = [reads.orders.card(each) for each in order_ids]
    running = [approval for card in cards if card is not None for approval in card.open_approvals]
    drafts = [each for order_id in order_ids for each in reads.approvals.drafts_of(order_id, actor.person.person_id)]
    return [*running, *drafts]


def to_claim(reads: Reads | UnitOfWork, number: str, actor: Actor, desk: Desk) -> Suggestion:
    """Raises Refused when there is none, it is not theirs, or it is taken or over."""
    say = alert_words.words(desk.lang)
    alert = reads.alerts.by_number(number)
    if alert is None:
        raise Refused(say.no_such(number))
    if not alerts.sees(actor, alert):
        raise Refused(say.not_your_place(alert.number))
    if alert.state == AlertState.RESOLVED:
        raise Refused(said(desk.lang, "ended", number=alert.number))
    if alert.claimed_by:
        raise Refused(said(desk.lang, "claimed", number=alert.number, who=safe_text(alert.claimed_by, 12)))
    rule = rulebook(desk).named(alert.rule)
    chats = reads.people.chats_for(rule.topic) if rule is not None else []
    return Suggestion(CLAIM, alert.id, alert.number, f"{alert.state}:{alert.first_at.isoformat()}", chats)


# --- the card ---------------------------------------------------------------------------------------------------------


async def view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """Drawn when it leaves. Raises Refused when there is nothing left to do: then nobody is told."""
    deed, subject_id, person_id = str(args["deed"]), int(args["id"]), int(args["person"])
    now = desk.clock.now()
    person = await desk.store.read(lambda r: r.people.by_id(person_id))
    if person is None or not person.active:
        raise Refused(said(desk.lang, "over"))
    may = desk.policy.allowed(person.roles)
    reader = Actor(person, may, chat.platform, "", chat.chat_id, direct=False, lang=desk.lang)
    if deed == URGE:
        return await _urge_card(subject_id, reader, now, desk)
    if deed == WITHDRAW:
        return await _withdraw_card(subject_id, reader, desk)
    return _claim_card(await alert_view.subject_view({"id": subject_id}, chat, desk), desk)


def _claim_card(drawn: Reply, desk: Desk) -> Reply:
    """The alert's own card with its own buttons, under who suggests it."""
    if drawn.card is None:
        raise Refused(said(desk.lang, "over"))
    title = said(desk.lang, "claim.title", number=drawn.card.number)
    card = dataclasses.replace(drawn.card, lines=(title, *drawn.card.lines[:7]))
    return dataclasses.replace(drawn, text=f"{title}\n{drawn.text}", card=card)


async def _urge_card(order_id: int, reader: Actor, now: datetime, desk: Desk) -> Reply:
    def work(reads: Reads) -> Judged:
        to_urge(reads, order_id, reader, now, desk)
        return order_actions.look(reads, order_id, reader, now)

    seen = await desk.store.read(work)
    order = seen.card.stored.order
    title = said(
        desk.lang,
        "urge.title",
        shop=desk.channels.name(order.channel, order.shop),
        number=short_number(order.number),
    )
    drawn = where(seen, reader, now, desk)
    token = desk.signer.sign("ask.urge", f"order:{order_id}")
    tail = short_number(order.number).lstrip("…")
    button = Button(said(desk.lang, "b.urge"), token, ButtonStyle.PRIMARY, f"催 {tail}")
    return _drawn(title, drawn, (button,), desk)


async def _withdraw_card(approval_id: int, reader: Actor, desk: Desk) -> Reply:
    approval = await desk.store.read(lambda r: r.approvals.get(approval_id))
    if approval is None or isinstance(refunds.own_request([approval], reader, desk), str):
        raise Refused(said(desk.lang, "over"))
    title = said(
        desk.lang,
        "withdraw.title",
        number=approval.number,
        shop=desk.channels.name(approval.channel, approval.shop),
        order=short_number(approval.order_number),
    )
    drawn = await reply_for(approval_id, desk)
    token = desk.signer.sign("suggestion.withdraw", f"approval:{approval_id}")
    label = said(desk.lang, "b.withdraw", number=approval.number)
    return _drawn(title, drawn, (Button(label, token, ButtonStyle.PRIMARY, label),), desk)


def _drawn(title: str, drawn: Reply, buttons: tuple[Button, ...], desk: Desk) -> Reply:
    """The card as it stands, under the suggestion's own title, with no other button than the one suggested."""
    lines = drawn.card.lines if drawn.card is not None else ()
    lines = (*lines[:7], said(desk.lang, "nothing_yet"))
    footer = drawn.card.footer if drawn.card is not None else ""
    return Reply("\n".join((title, *lines)), Card(title, lines, buttons=buttons, footer=footer))


# --- the press --------------------------------------------------------------------------------------------------------


async def withdraw(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """撤回 A17, by the same rules as the sentence."""
    approval = await desk.store.read(lambda r: r.approvals.get(press.token.subject_id))
    if approval is None:
        return Reply(said(desk.lang, "gone"), private=True)
    click = press.click
    message = Message(click.chat, click.sender, click.event_id, f"撤回 {approval.number}", click.sent_at)
    question = Question("withdraw_aftersale", {"approval_id": approval.number}, message.text, message)
    return dataclasses.replace(await refunds.withdraw(question, actor, desk), private=True)


def forget(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Which draft an assistant's call had made is not asked any more."""
    uow.cursors.drop(deadline.entity)


FEATURE = Feature(
    "suggestions",
    actions={"suggestion.withdraw": Need(withdraw, May.REQUEST_CHANGE)},
    due={FORGET: forget},
    views={VIEW: view},
)
