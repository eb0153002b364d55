"""Draws an approval: the card for everybody, short notes for those whose turn it is. Views, built when they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from domain.approval import REVOCABLE, State, deadline, verdict_of
from domain.chat import Ask, Button, ButtonStyle, Card, ChatRef, Link, Reply, Tone
from domain.clock import moment
from domain.privacy import safe_text
from domain.store import Approval, Json, Reads
from handlers.approval_calls import Way
from handlers.approval_sheet import (
    Sheet,
    moved_words,
    order_line,
    read_sheet,
    trail,
    waybills,
    why_words,
)
from handlers.desk import Desk
from handlers.words.approvals import words
from handlers.words.times import clock, left, span

_TONES = {
    State.DRAFT: Tone.INFO,
    State.WAITING: Tone.WATCH,
    State.ESCALATED: Tone.BAD,
    State.AGREED: Tone.INFO,
    State.REFUSING: Tone.INFO,
    State.EXECUTING: Tone.INFO,
    State.UNKNOWN: Tone.WATCH,
    State.BY_HAND: Tone.WATCH,
    State.DONE: Tone.DONE,
    State.FAILED: Tone.BAD,
    State.REFUSED: Tone.DONE,
    State.WITHDRAWN: Tone.DONE,
    State.VOID: Tone.DONE,
}
_MONEY = ("refund", "return", "received", "cancel")


async def view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """The card as it must look now. `{"id": 4}`."""
    return await reply_for(int(args["id"]), desk)


async def reply_for(approval_id: int, desk: Desk, *, private: bool = False, standing: bool = False) -> Reply:
    """Text and card of an approval, from the store. `standing`: something else was asked for, and the card says so."""
    sheet = await sheet_for(approval_id, desk)
    if sheet is None:
        return Reply(words(desk.lang)("d.closed"), private=True)
    drawn = draw(sheet, desk, private=private)
    if not standing or drawn.card is None:
        return drawn
    said = words(desk.lang)("q.standing", number=sheet.approval.number)
    return replace(drawn, text=f"{said}\n{drawn.text}", card=replace(drawn.card, lines=(said, *drawn.card.lines)))


async def sheet_for(approval_id: int, desk: Desk) -> Sheet | None:
    now = desk.clock.now()

    def read(reads: Reads) -> Sheet | None:
        approval = reads.approvals.get(approval_id)
        return read_sheet(reads, approval, now, desk) if approval else None

    return await desk.store.read(read)


async def note(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """A short sentence for those who must act: `{"id": 4, "what": "turn"}`. Drawn late: it never calls anybody in vain."""
    sheet = await sheet_for(int(args["id"]), desk)
    if sheet is None:
        return Reply(words(desk.lang)("d.closed"))
    say, approval = sheet.say, sheet.approval
    what = str(args["what"])
    open_now = approval.state in (State.WAITING, State.ESCALATED)
    if what in ("turn", "remind", "escalate") and not open_now:
        return draw(sheet, desk)
    steps = trail(sheet)
    if what == "turn" and not steps:
        what = "turn_plain"
    replaced = str((approval.facts or {}).get("replaced_by", ""))
    text = say(
        f"note.{what}",
        title=say(f"kind.{approval.kind}"),
        number=approval.number,
        amount=_amount(approval),
        trail=steps,
        step=say.step(approval.steps[approval.step]) if approval.steps else "—",
        left=_left(sheet),
        why=why_words(sheet),
        next=_next(sheet),
        again=say("again", number=replaced) if replaced else "",
    )
    button = Button(say("b.show"), desk.signer.sign("approval.show", f"approval:{approval.id}"))
    return Reply(" ".join(text.split()), choices=(button,))


def draw(sheet: Sheet, desk: Desk, *, private: bool = False) -> Reply:
    """The same facts as text and as card."""
    approval, say = sheet.approval, sheet.say
    state = State(approval.state)
    title = say(f"kind.{approval.kind}")
    if approval.kind in _MONEY:
        way = (approval.facts or {}).get("aftersale") or ("return" if approval.kind == "return" else "refund")
        title = f"{title} {approval.amount} · {say(f'way.{way}')}"
    status = _status(sheet)
    lines = [line for line in (*([status] if status else []), *_facts(sheet)) if line]
    card = Card(
        title=title,
        lines=tuple(lines[:9]),
        tone=_TONES[state],
        number=approval.number,
        buttons=_buttons(sheet, desk),
        links=(Link(say("b.photos"), sheet.photo_url),) if sheet.photo_url else (),
        footer=_footer(sheet),
        due_at=approval.execute_at if state in REVOCABLE else approval.due_at if state is State.WAITING else None,
    )
    typed = " / ".join(button.command for button in card.buttons if button.command)
    text = "\n".join(part for part in (f"{title} {approval.number}", *lines, card.footer, typed) if part)
    return Reply(text, card, private=private)


def _amount(approval: Approval) -> str:
    return str(approval.amount) if approval.kind in _MONEY else ""


# --- lines ------------------------------------------------------------------------------------------------------------


def _facts(sheet: Sheet) -> list[str]:
    approval, say = sheet.approval, sheet.say
    facts = approval.facts or {}
    lines = [order_line(sheet)]
    if approval.kind == "address":
        lines.append(say("address_from", receiver=facts.get("from", "—")))
        lines.append(say("address_to", receiver=facts.get("to", "—")))
    if approval.kind in _MONEY or facts.get("reason"):
        reason = safe_text(str(facts.get("reason", "")), 40)
        text = say("reason", reason=reason) if reason else say("no_reason")
        photos = len(facts.get("photos") or ())
        lines.append(text + (say("photos", count=photos) if photos else ""))
    if approval.state not in (State.WAITING, State.ESCALATED, State.DRAFT):
        return lines
    if sheet.moved:
        lines.append(say("updated", what=moved_words(sheet)))
    if approval.kind in _MONEY and sheet.stored is not None:
        lines += [_margin(sheet), *_record(sheet)]
    if approval.kind == "address" and sheet.way is Way.INTERCEPT:
        lines.append(say("address_shipped", waybills=waybills(sheet)))
    elif sheet.way is Way.BY_HAND:
        lines.append(say("by_hand_note", channel=sheet.channel))
    elif not sheet.refusable:
        lines.append(say("no_refuse_note", channel=sheet.channel))
    lines.append(_rule(sheet))
    if facts.get("replaces"):
        lines.append(say("replaces", number=facts["replaces"]))
    return lines


def _margin(sheet: Sheet) -> str:
    if sheet.margin is None:
        return sheet.say("margin_unknown")
    key = "margin_loss" if sheet.margin.minor < 0 else "margin"
    shown = -sheet.margin if sheet.margin.minor < 0 else sheet.margin
    return sheet.say(key, amount=sheet.approval.amount, left=shown)


def _record(sheet: Sheet) -> list[str]:
    say = sheet.say
    lines = []
    orders, refunds = sheet.record
    if orders:
        lines.append(say("customer", orders=orders, refunds=refunds))
    count, earlier, many = sheet.sku_refunds
    if many:
        lines.append(say("sku_month_atleast", count=count))
    elif count:
        lines.append(say("sku_month", count=count, trend=" ↑" if count > earlier else ""))
    return lines


def _rule(sheet: Sheet) -> str:
    approval, say = sheet.approval, sheet.say
    facts = approval.facts or {}
    if not approval.steps:
        return say("no_rule")
    text = say("rule", rule=approval.rule, words=safe_text(str(facts.get("row", "")), 60))
    also = facts.get("also") or []
    return text + (say("also", names="、".join(str(name) for name in also)) if also else "")


def _status(sheet: Sheet) -> str:
    """The first line: what is going on with it now."""
    approval, say = sheet.approval, sheet.say
    state = State(approval.state)
    facts = approval.facts or {}
    now = sheet.now
    match state:
        case State.DRAFT:
            effect = say(f"effect.{approval.kind}", amount=approval.amount, channel=sheet.channel)
            return f"{say('draft')}{' ' if say.lang == 'en' else ''}{effect}"
        case State.WAITING | State.ESCALATED:
            return _waiting(sheet)
        case State.AGREED | State.REFUSING:
            seconds = max(0, round((approval.execute_at - now).total_seconds())) if approval.execute_at else 0
            if facts.get("tries") and approval.result == "unreachable" and approval.execute_at:
                at = clock(approval.execute_at, now, lang=say.lang)
                return say("s.agreed_later", channel=sheet.channel, at=at, tries=int(facts["tries"]) + 1)
            if state is State.REFUSING:
                return say("s.refusing", seconds=seconds)
            return say("s.agreed", seconds=seconds) if seconds else say("s.agreed_now")
        case State.EXECUTING:
            return say("s.executing", channel=sheet.channel)
        case State.UNKNOWN if facts.get("overdue"):
            return say("s.unknown_late", channel=sheet.channel)
        case State.UNKNOWN:
            at = clock(moment(int(facts.get("settle_by", 0))), now, lang=say.lang)
            return say("s.unknown", channel=sheet.channel, at=at)
        case State.DONE:
            return say(f"s.done.{approval.kind}", amount=approval.amount, trail=trail(sheet))
        case State.REFUSED:
            return say("s.refused", trail=trail(sheet))
        case State.FAILED:
            return say("s.failed", why=why_words(sheet), next=_next(sheet))
        case State.BY_HAND:
            return say("s.by_hand", why=why_words(sheet))
        case State.VOID:
            again = str(facts.get("replaced_by", ""))
            return say("s.void", why=why_words(sheet)) + (f"。{say('again', number=again)}" if again else "")
        case State.WITHDRAWN:
            return say("s.withdrawn", name=safe_text(approval.requester_name, 16))


def _waiting(sheet: Sheet) -> str:
    approval, say = sheet.approval, sheet.say
    if not approval.steps:
        return ""
    step = say.step(approval.steps[approval.step])
    if not sheet.turn:
        return say("nobody_able", step=step)
    assigned = (approval.facts or {}).get("assigned") or {}
    names = f" {safe_text(str(assigned['name']), 16)}" if assigned.get("step") == approval.step else ""
    waits = say("waits", step=step, names=names)
    done = trail(sheet)
    return f"{done} → {waits}" if done else waits


def _next(sheet: Sheet) -> str:
    key = {"needs_grant": "n.grant", "settled_elsewhere": "n.office"}.get(sheet.approval.result, "n.retry")
    return sheet.say(key, channel=sheet.channel)


def _left(sheet: Sheet) -> str:
    due = sheet.approval.due_at
    if due is None:
        return ""
    if due <= sheet.now:
        return sheet.say("late", span=span(sheet.now - due, lang=sheet.say.lang))
    return sheet.say("left", span=left(due - sheet.now, lang=sheet.say.lang))


def _footer(sheet: Sheet) -> str:
    approval, say = sheet.approval, sheet.say
    state = State(approval.state)
    if state is State.DRAFT:
        return say("draft_until")
    parts = []
    if state in (State.WAITING, State.ESCALATED):
        parts.append(_left(sheet))
        last = deadline(approval)
        if last is not None and approval.due_at is not None and last > approval.due_at + timedelta(minutes=1):
            parts.append(say("platform_left", at=clock(last, sheet.now, lang=say.lang)))
    if approval.requester_id:
        parts.append(say("requester", name=safe_text(approval.requester_name, 16)))
    return " · ".join(part for part in parts if part)


# --- buttons ----------------------------------------------------------------------------------------------------------


def _buttons(sheet: Sheet, desk: Desk) -> tuple[Button, ...]:
    """What can be done now. Each carries what the card showed, so that an outdated card cannot decide."""
    approval, say = sheet.approval, sheet.say
    state = State(approval.state)
    subject = f"approval:{approval.id}"
    seen = f"{approval.step}.{approval.fingerprint[:8]}"

    def button(
        name: str, label: str, style: ButtonStyle = ButtonStyle.PLAIN, command: str = "", ask: Ask | None = None
    ) -> Button:
        return Button(say(label), desk.signer.sign(f"approval.{name}", subject, seen), style, command, ask)

    number = approval.number
    if state is State.DRAFT:
        submit = button("submit", "b.submit", ButtonStyle.PRIMARY, say("c.submit", number=number))
        return submit, button("drop", "b.drop", command=say("c.drop", number=number))
    if state in (State.WAITING, State.ESCALATED) and approval.steps:
        agree = button("agree", "b.agree", ButtonStyle.PRIMARY, say("c.agree", number=approval.number))
        reason = Ask(say("ask.reason"), "reason", sheet.reasons)
        refuse = button("refuse", "b.refuse", ButtonStyle.DANGER, say("c.refuse", number=approval.number), reason)
        others: Sequence[str] = sheet.turn
        hand = [button("transfer", "b.transfer", ask=Ask(say("ask.person"), "person", tuple(others[:8])))] if others else []
        return agree, refuse, *hand
    if state in REVOCABLE:
        return button("undo", "b.undo", ButtonStyle.PRIMARY), button("now", "b.now", command=say("c.now", number=number))
    if state is State.FAILED and verdict_of(approval) is not None:
        done = button("handled", "b.handled", command=say("c.handled", number=number))
        return button("retry", "b.retry", ButtonStyle.PRIMARY, say("c.retry", number=number)), done
    if state is State.BY_HAND:
        return (button("handled", "b.handled", ButtonStyle.PRIMARY, say("c.handled", number=number)),)
    if state is State.UNKNOWN and (approval.facts or {}).get("overdue"):
        return button("settled_yes", "b.settled_yes", ButtonStyle.PRIMARY), button("settled_no", "b.settled_no")
    return ()
