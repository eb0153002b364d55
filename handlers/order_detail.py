"""Order details and after-sale progress: the longer answers about one order."""

from __future__ import annotations

from datetime import datetime

from domain.chat import Reply
from domain.order import Aftersale, AftersaleKind, AftersaleStage, Order, Stage
from domain.people import Actor
from domain.privacy import mask_name, mask_phone, place, safe_note, safe_text, short_number
from handlers.desk import Desk
from handlers.order_reply import MAX_LINES, Judged, draw, scene_of
from handlers.words.order_progress import progress
from handlers.words.order_talk import talk
from handlers.words.orders import SEP, words

_STEPS = {
    AftersaleKind.REFUND: ("asked", "review", "refunding", "refunded"),
    AftersaleKind.PRICE: ("asked", "review", "refunding", "refunded"),
    AftersaleKind.RETURN: ("asked", "review", "return", "receive", "refunding", "refunded"),
    AftersaleKind.EXCHANGE: ("asked", "review", "return", "receive", "resend"),
    AftersaleKind.RESHIP: ("asked", "review", "resend"),
    AftersaleKind.REPAIR: ("asked", "review", "return", "repair", "resend"),
}
_AT = {
    AftersaleStage.WAIT_MERCHANT: "review",
    AftersaleStage.WAIT_BUYER_RETURN: "return",
    AftersaleStage.WAIT_MERCHANT_RECEIVE: "receive",
    AftersaleStage.REFUNDING: "refunding",
    AftersaleStage.REFUNDED: "refunded",
    AftersaleStage.EXCHANGE: "resend",
    AftersaleStage.RESHIP: "resend",
    AftersaleStage.REPAIR: "repair",
}


def detail(seen: Judged, about: str, actor: Actor, now: datetime, desk: Desk) -> Reply:
    """Amounts, times, goods, receiver, notes. `about` (paid_at, amount, address, logistics) comes first when asked for."""
    say = words(actor.lang)
    scene = scene_of(seen, now, desk)
    order, lang = scene.order, actor.lang
    parts = {
        "amount": _money(order, lang),
        "paid_at": _times(order, actor, now),
        "goods": _goods(order, lang),
        "address": SEP.join(part for part in (_to_whom(order), _warehouse(order, lang)) if part),
        "logistics": SEP.join(part for part in (say.why(scene), say.carriage(scene)) if part),
        "notes": _notes(order, lang),
    }
    first = about if about in parts else ""
    lines = [parts[first]] if first else []
    lines += [line for name, line in parts.items() if name != first]
    lines = [line for line in lines if line][: MAX_LINES - 1]
    lines.append(say.charge(scene))
    title = f"{say.headline(scene)}{SEP}{scene.shop} {short_number(order.number)}"
    return draw(seen, title, [line for line in lines if line], actor, now, desk)


def _money(order: Order, lang: str) -> str:
    text = talk(
        lang,
        "detail.money",
        goods=order.goods,
        discount=order.discount,
        freight=order.freight,
        total=order.total,
        paid=order.paid,
    )
    if order.refunded.minor:
        text += talk(lang, "detail.refunded", refunded=order.refunded)
    return text if order.balanced else f"{text}{SEP}{talk(lang, 'detail.unbalanced')}"


def _times(order: Order, actor: Actor, now: datetime) -> str:
    say, lang = words(actor.lang), actor.lang

    def part(key: str, at: datetime | None) -> str:
        return talk(lang, key, at=say.when(at, now)) if at is not None else ""

    unpaid = talk(lang, "detail.unpaid") if order.stage in (Stage.UNPAID, Stage.CLOSED_UNPAID) else ""
    return talk(
        lang,
        "detail.times",
        created=say.when(order.created_at, now),
        paid=part("detail.paid", order.paid_at) or unpaid,
        shipped=part("detail.shipped", order.shipped_at),
        delivered=part("detail.delivered", order.delivered_at),
    )


def _goods(order: Order, lang: str) -> str:
    shown = [
        talk(lang, "detail.line", title=safe_text(line.title or line.sku, 18), quantity=line.quantity, total=line.total)
        for line in order.lines[:3]
    ]
    if len(order.lines) > 3:
        shown.append(talk(lang, "detail.more", count=len(order.lines)))
    return SEP.join(shown)


def _to_whom(order: Order) -> str:
    receiver = order.receiver
    parts = (mask_name(receiver.name), mask_phone(receiver.phone), place(receiver, depth=3))
    return "  ".join(part for part in parts if part)


def _warehouse(order: Order, lang: str) -> str:
    return talk(lang, "detail.warehouse", name=safe_text(order.warehouse, 16)) if order.warehouse else ""


def _notes(order: Order, lang: str) -> str:
    notes = []
    if order.buyer_note.strip():
        notes.append(talk(lang, "detail.buyer_note", note=safe_note(order.buyer_note, 48, of=order.receiver)))
    if order.seller_note.strip():
        notes.append(talk(lang, "detail.seller_note", note=safe_note(order.seller_note, 48, of=order.receiver)))
    return SEP.join(notes)


def aftersale(seen: Judged, actor: Actor, now: datetime, desk: Desk) -> Reply:
    """退款到哪一步了: each after-sale of the order as steps done, the step it is at, and who has to act."""
    say = words(actor.lang)
    scene = scene_of(seen, now, desk)
    lines: list[str] = []
    newest = sorted(seen.card.aftersales, key=lambda each: each.updated_at, reverse=True)
    for each in newest[:2]:
        lines.append(say.aftersale(each, now))
        lines.append(steps(each, actor, now))
        if each.reason:
            lines.append(progress(actor.lang, "reason", reason=safe_note(each.reason, 40, of=scene.order.receiver)))
    if not newest:
        lines.append(talk(actor.lang, "aftersale.none"))
        if scene.order.refunded.minor:
            lines.append(talk(actor.lang, "aftersale.refunded", amount=scene.order.refunded))
    lines += [say.approval(each.number, each.kind, each.amount) for each in seen.card.open_approvals[:2]]
    if newest and scene.verdict.aftersale is not None:
        lines.append(say.charge(scene))
    lines = lines[: MAX_LINES - 1]
    if newest:
        lines.append(say.say_this(progress(actor.lang, f"customer.{newest[0].stage.value}")))
    head = say.headline(scene) if newest else say.short(scene.verdict.kind)
    return draw(seen, f"{head}{SEP}{scene.shop} {short_number(scene.order.number)}", lines, actor, now, desk)


def steps(after: Aftersale, actor: Actor, now: datetime) -> str:
    """`申请 11-20 14:00 → 审核 ● → 退款 → 到账`: what is done, where it is, what is left."""
    lang = actor.lang
    asked = f"{progress(lang, 'asked')} {words(lang).when(after.created_at, now)}"
    if after.stage in (AftersaleStage.REFUSED, AftersaleStage.CANCELLED, AftersaleStage.ARBITRATION):
        at = words(lang).when(after.updated_at, now)
        return f"{asked} → {words(lang).table.aftersale_stages[after.stage]} {at}"
    at_step = _AT[after.stage]
    path = _STEPS[after.kind]
    path = path if at_step in path else (*path[:-1], at_step, path[-1])
    shown = []
    for step in path:
        word = asked if step == "asked" else progress(lang, step)
        if step == at_step == "refunded":
            moment = after.refunded_at or after.updated_at
            word = f"✓ {word} {words(lang).when(moment, now)}"
        elif step == at_step:
            word = f"● {word}"
        shown.append(word)
    return " → ".join(shown)
