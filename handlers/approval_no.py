"""Why a press changed nothing, or an amount cannot be promised, in a sentence for the one who pressed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.approval import Denied, Why
from domain.people import Actor
from domain.privacy import safe_text
from domain.refund_room import room
from domain.store import Approval, UnitOfWork
from handlers.desk import Desk
from handlers.words.approvals import words
from handlers.words.times import span


def too_much(uow: UnitOfWork, approval: Approval, desk: Desk) -> str:
    """Why this amount may not be promised, or "": the order must be known and all refunds together stay within the paid."""
    if approval.kind not in ("refund", "return", "received", "cancel"):
        return ""
    say = words(desk.lang)
    card = uow.orders.card(approval.order_id) if approval.order_id else None
    if card is None:
        return say("d.no_order")
    left = room(card.stored.order, card.aftersales, card.open_approvals, leaving_out=approval.id)
    if approval.amount.currency != left.currency or approval.amount.minor > left.minor:
        return say("d.too_much", left=left if left.minor > 0 else replace(left, minor=0), amount=approval.amount)
    return ""


def denied_words(no: Denied, approval: Approval, actor: Actor, now: datetime, desk: Desk) -> str:
    """The sentence for a press that changed nothing: who was first, or what to do instead."""
    say = words(desk.lang)
    word = no.decision
    if no.why is Why.ALREADY and word is not None:
        verdict = say(f"v.{word.verdict}")
        ago = _ago(now, word.at, desk)
        if word.person_id == actor.person.person_id:
            return say("d.already_you", ago=ago, verdict=verdict)
        return say("d.already", ago=ago, name=safe_text(word.person_name, 16), verdict=verdict)
    if no.why is Why.ALREADY:
        return say("d.already_plain")
    step = step_name(approval, desk)
    if no.why is Why.SAME_PERSON and word is not None:
        step = say.step(approval.steps[word.step])
    return say(f"d.{no.why}", number=approval.number, step=step)


def step_name(approval: Approval, desk: Desk) -> str:
    say = words(desk.lang)
    return say.step(approval.steps[approval.step]) if approval.steps else "—"


def _ago(now: datetime, at: datetime, desk: Desk) -> str:
    seconds = max(1, int((now - at).total_seconds()))
    if seconds < 90:
        return f"{seconds} s" if desk.lang == "en" else f"{seconds} 秒"
    return span(now - at, lang=desk.lang)
