"""Alerts in the group: 认领, 稍后, 为什么, 有没有用; by button or by sentence. One feature for all rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.alert import Outcome, State, claim, snooze
from domain.chat import Button, Reply
from domain.people import Actor, May
from domain.store import Alert, AuditEntry, Deadline, UnitOfWork, Upserted
from domain.workdays import Hours, tomorrow_morning
from handlers import alert_checks, alert_flush, alert_margin, alert_view
from handlers.alert_raise import entity_of, redraw_now, rulebook
from handlers.alert_why import explain, explain_order
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.words.alerts import words

_NUMBER = re.compile(r"(?<![A-Za-z0-9])[Kk]\s?(\d{1,9})(?![A-Za-z0-9])")
_SPAN = re.compile(
    r"(\d{1,3}|半|一|两|二|三|四|五|六|八|十)\s*(?:个)?(半)?\s*(分钟|分|小时|钟头|天|min|minutes?|h|hours?|days?)"
)
# What people answer an alert with besides a time: the parser hands over every short sentence that names one.
_VERDICT = re.compile(r"(有用|有帮助|(?<!not )useful)|没用|没有用|误报|noise", re.IGNORECASE)
_MINE = re.compile(r"我来|我跟|认领|处理|mine|claim", re.IGNORECASE)
_DIGITS = {"半": 0.5, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "八": 8, "十": 10}
LONGEST = timedelta(days=7)

Change = Callable[[UnitOfWork, Alert], Reply]


def until(text: str, now: datetime) -> tuple[bool, datetime | None]:
    """(understood, moment); the moment is None for 直到恶化. 30 分钟, 2小时, 明早, 上班再说, 直到恶化."""
    if re.search(r"恶化|变严重|worse", text):
        return True, None
    if re.search(r"明早|明天早|明天上午|tomorrow", text):
        return True, tomorrow_morning(now)
    if re.search(r"上班|工作时间|工作日|working", text):
        return True, Hours().next_start(now)
    found = _SPAN.search(text)
    if found is None:
        return False, None
    size = float(_DIGITS.get(found.group(1)) or found.group(1)) + (0.5 if found.group(2) else 0)
    unit = found.group(3)
    minutes = size * (1440 if unit[0] in "天d" else 60 if unit[0] in "小钟h" else 1)
    span = timedelta(minutes=minutes)
    return (True, now + min(span, LONGEST)) if span >= timedelta(minutes=1) else (False, None)


# --- changes ----------------------------------------------------------------------------------------------------------


def _claim(uow: UnitOfWork, alert: Alert, actor: Actor, now: datetime, desk: Desk, request: str, note: str = "") -> Reply:
    say, who = words(desk.lang), actor.person.name
    holder = _holder(uow, alert)
    taken, outcome = claim(holder, who, now, note=note)
    if outcome is Outcome.RESOLVED or alert.state == State.RESOLVED:
        return Reply(say.over_already(alert.number, alert.resolved_at or holder.resolved_at, now), private=True)
    if outcome is Outcome.TAKEN:
        ago = now - (holder.claimed_at or now)
        return Reply(say.taken(alert.number, holder.claimed_by, ago), private=True)
    if outcome is Outcome.ALREADY:
        return Reply(say.yours_already(alert.number), private=True)
    saved = uow.alerts.save(taken)
    uow.deadlines.drop(entity_of(saved), "alert_step", "alert_wake")
    rule = rulebook(desk).named(saved.rule)
    if rule is not None:
        uow.deadlines.put([Deadline(entity_of(saved), "alert_lapse", now + rule.claim_for)])
    _record(uow, actor, "alert.claim", alert, holder.state, saved.state, now, request)
    redraw_now(uow, saved)
    return Reply(say.done_claim(saved.number, who))


def _snooze(uow: UnitOfWork, alert: Alert, actor: Actor, now: datetime, desk: Desk, request: str, wish: str) -> Reply:
    say = words(desk.lang)
    known, moment = until(wish, now)
    if not known:
        return Reply(say.how_long(alert.number), private=True)
    holder = _holder(uow, alert)
    quiet, outcome = snooze(holder, actor.person.name, moment, now)
    if outcome is Outcome.RESOLVED or alert.state == State.RESOLVED:
        return Reply(say.over_already(alert.number, alert.resolved_at or holder.resolved_at, now), private=True)
    saved = uow.alerts.save(quiet)
    uow.deadlines.drop(entity_of(saved), "alert_step", "alert_wake")
    if moment is not None:
        uow.deadlines.put([Deadline(entity_of(saved), "alert_wake", moment)])
    _record(uow, actor, "alert.snooze", alert, holder.state, saved.state, now, request)
    redraw_now(uow, saved)
    return Reply(say.done_snooze(saved.number, moment, now))


def _holder(uow: UnitOfWork, alert: Alert) -> Alert:
    """An open line of a digest is claimed or snoozed on its own; unless the digest as a whole is held already."""
    digest = int(alert.facts.get("digest") or 0)
    held = uow.alerts.get(digest) if digest and alert.state == State.OPEN else None
    return held if held is not None and held.claimed_by and held.state != State.RESOLVED else alert


def _useful(uow: UnitOfWork, alert: Alert, actor: Actor, now: datetime, desk: Desk, request: str, verdict: str) -> Reply:
    saved = uow.alerts.save(replace(alert, useful=verdict))
    _record(uow, actor, "alert.judge", alert, alert.useful, verdict, now, request)
    redraw_now(uow, saved)
    return Reply(words(desk.lang).done_useful(alert.number, verdict == "useful"), private=True)


def _record(
    uow: UnitOfWork, actor: Actor, action: str, alert: Alert, before: str, after: str, now: datetime, request: str
) -> None:
    uow.audit.record(
        AuditEntry(
            now,
            f"person:{actor.person.person_id}",
            action,
            entity_of(alert),
            before=before,
            after=after,
            surface=actor.platform,
            chat_id=actor.chat_id,
            request_id=request,
        )
    )


async def _change(alert_id: int, number: str, actor: Actor, desk: Desk, change: Change) -> Reply:
    """Find the alert, see that it is this person's to touch, and change it in one unit of work."""
    say = words(desk.lang)

    def work(uow: UnitOfWork) -> Reply:
        alert = uow.alerts.get(alert_id) if alert_id else uow.alerts.by_number(number)
        if alert is None:
            return Reply(say.no_such(number or f"K{alert_id}"), private=True)
        if not sees(actor, alert):
            return Reply(say.not_your_place(alert.number), private=True)
        return change(uow, alert)

    return await desk.store.write(work)


def sees(actor: Actor, alert: Alert) -> bool:
    """Whether the alert's shop and warehouse are this person's."""
    seen = {**alert.facts.get("dims", {}), **alert.facts.get("seen", {})}
    shop = str(seen.get("shop", ""))
    return (not shop or actor.sees_shop(shop)) and actor.sees_warehouse(str(seen.get("warehouse", "")))


# --- buttons ----------------------------------------------------------------------------------------------------------


def _quietly(reply: Reply) -> Reply:
    """A press is answered on the card, for everybody; the words go to the presser alone."""
    return replace(reply, private=True)


async def press_claim(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    now, request = desk.clock.now(), press.click.event_id
    done = await _change(press.token.subject_id, "", actor, desk, lambda u, a: _claim(u, a, actor, now, desk, request))
    return _quietly(done)


async def press_snooze(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    now, request = desk.clock.now(), press.click.event_id
    wish = press.values.get("until") or next(iter(press.values.values()), "")
    done = await _change(
        press.token.subject_id, "", actor, desk, lambda u, a: _snooze(u, a, actor, now, desk, request, wish)
    )
    return _quietly(done)


async def press_useful(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    now, request = desk.clock.now(), press.click.event_id
    verdict = "noise" if press.token.extra == "noise" else "useful"
    return await _change(
        press.token.subject_id, "", actor, desk, lambda u, a: _useful(u, a, actor, now, desk, request, verdict)
    )


async def press_why(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    return await _explained(press.token.subject_id, "", actor, desk)


async def press_show(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """An alert out of a list: its live card with its buttons."""
    now, book, say = desk.clock.now(), rulebook(desk), words(desk.lang)

    def work(reads: Any) -> alert_view.Looked | Reply:
        looked = alert_view.look(reads, press.token.subject_id, book)
        return looked if sees(actor, looked.alert) else Reply(say.not_your_place(looked.alert.number), private=True)

    looked = await desk.store.read(work)
    return looked if isinstance(looked, Reply) else alert_view.draw(looked, now, desk)


async def _explained(alert_id: int, number: str, actor: Actor, desk: Desk) -> Reply:
    now, say = desk.clock.now(), words(desk.lang)

    def work(reads: Any) -> Reply:
        alert = reads.alerts.get(alert_id) if alert_id else reads.alerts.by_number(number)
        if alert is None:
            return Reply(say.no_such(number), private=True)
        if not sees(actor, alert):
            return Reply(say.not_your_place(alert.number), private=True)
        return Reply(explain(reads, alert, now, desk))

    return await desk.store.read(work)


# --- sentences --------------------------------------------------------------------------------------------------------


def number_in(question: Question) -> str:
    """K203 from the slot or the sentence; "" when none is named."""
    slot = str(question.slots.get("alert_id") or "")
    found = _NUMBER.search(slot) or _NUMBER.search(question.text)
    return f"K{int(found.group(1))}" if found else ""


async def ask_claim(question: Question, actor: Actor, desk: Desk) -> Reply:
    number, now = number_in(question), desk.clock.now()
    if not number:
        return await _which(actor, desk, "alert.claim")
    note = _NUMBER.sub("", question.text)
    note = re.sub(r"认领|我来处理|我来|处理|claim|ack|知道了|收到|[，,。.!！\s]+", " ", note, flags=re.IGNORECASE).strip()
    request = question.message.message_id
    return await _change(
        0, number, actor, desk, lambda u, a: _claim(u, a, actor, now, desk, request, note if len(note) > 1 else "")
    )


async def ask_snooze(question: Question, actor: Actor, desk: Desk) -> Reply:
    number, now = number_in(question), desk.clock.now()
    if not number:
        return await _which(actor, desk, "alert.why")
    wish, request = _NUMBER.sub("", question.text), question.message.message_id
    verdict = _VERDICT.search(wish)
    if verdict is not None:
        said = "useful" if verdict.group(1) else "noise"
        return await _change(0, number, actor, desk, lambda u, a: _useful(u, a, actor, now, desk, request, said))
    if not until(wish, now)[0] and _MINE.search(wish):
        return await ask_claim(question, actor, desk)
    return await _change(0, number, actor, desk, lambda u, a: _snooze(u, a, actor, now, desk, request, wish))


async def ask_why(question: Question, actor: Actor, desk: Desk) -> Reply:
    number = number_in(question)
    if number:
        return await _explained(0, number, actor, desk)
    order = str(question.slots.get("order_no") or "")
    if order:
        now = desk.clock.now()
        return await desk.store.read(lambda r: explain_order(r, order, actor, now, desk))
    return await _which(actor, desk, "alert.why")


async def _which(actor: Actor, desk: Desk, action: str) -> Reply:
    say = words(desk.lang)
    found = await desk.store.read(lambda r: [a for a in r.alerts.standing(limit=200) if sees(actor, a)])
    mine = [a for a in found if not a.facts.get("digest")][-5:]
    if not mine:
        return Reply(say.none_standing())
    buttons = tuple(
        Button(f"{a.number} {a.title}", desk.signer.sign(action, entity_of(a)), command=f"为什么 {a.number}") for a in mine
    )
    return Reply(say.which(), choices=buttons)


def changed(uow: UnitOfWork, upserted: Upserted, now: datetime, desk: Desk) -> None:
    """Everything that an order's change means for alerts."""
    alert_checks.changed(uow, upserted, now, desk)
    alert_margin.changed(uow, upserted, now, desk)


FEATURE = Feature(
    "alerts",
    questions={
        "alert_why": Need(ask_why, May.HANDLE_ALERT),
        "alert_ack": Need(ask_claim, May.HANDLE_ALERT),
        "alert_snooze": Need(ask_snooze, May.HANDLE_ALERT),
    },
    actions={
        "alert.claim": Need(press_claim, May.HANDLE_ALERT),
        "alert.snooze": Need(press_snooze, May.HANDLE_ALERT),
        "alert.why": Need(press_why, May.HANDLE_ALERT),
        "alert.show": Need(press_show, May.HANDLE_ALERT),
        "alert.useful": Need(press_useful, May.HANDLE_ALERT),
        "margin.release": Need(alert_margin.release, May.RELEASE_HOLD),
        "margin.keep": Need(alert_margin.keep, May.RELEASE_HOLD),
    },
    due={
        "ship_by_soon": alert_checks.ship_by_due,
        "ship_by_missed": alert_checks.ship_by_due,
        "no_scan": alert_checks.parcel_due,
        "no_pickup": alert_checks.parcel_due,
        "feed_check": alert_checks.feed_check,
        "alert_flush": alert_flush.flush,
        "alert_quiet_span": alert_flush.forget,
        "alert_clear": alert_flush.clear,
        "alert_wake": alert_flush.wake_up,
        "alert_step": alert_flush.step,
        "alert_lapse": alert_flush.lapse,
        "alert_recount": alert_flush.recount,
    },
    changed=(changed,),
    track=(alert_checks.on_track,),
    views={
        "alert": alert_view.alert_view,
        "alert_digest": alert_view.digest_view,
        "alert_step": alert_view.step_view,
    },
    subjects={"alert": alert_view.subject_view},
)
