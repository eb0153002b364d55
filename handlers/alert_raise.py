"""Raising, updating and ending alerts inside the caller's unit of work. Nothing here talks: messages are due rows.

Deadlines: entity `alert:9` with alert_clear, alert_wake, alert_step, alert_lapse, alert_recount; entity `group:<group>` with
alert_flush, alert_quiet_span. A group's memory of when it spoke travels in the payload.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog

from domain.alert import Firing, fingerprint, next_flush, raise_or_update, resolve
from domain.clock import millis, moment
from domain.conditions import Facts
from domain.rules import LiveRules, Rule, RuleBook
from domain.store import Alert, Deadline, UnitOfWork
from handlers.desk import Desk
from handlers.outgoing import redraw

log = structlog.get_logger()
REDRAW_EVERY = timedelta(seconds=30)
RECOUNT_AFTER = timedelta(seconds=30)


def rulebook(desk: Desk) -> RuleBook:
    """The rules in force; none at all when none were loaded."""
    book = desk.policy.rules
    if isinstance(book, LiveRules):
        return book.book
    return book if isinstance(book, RuleBook) else RuleBook()


def entity_of(alert: Alert) -> str:
    return f"alert:{alert.id}"


def firing_rules(book: RuleBook, kind: str, seen: Facts) -> Iterator[tuple[Rule, bool]]:
    """Every rule of a kind with its answer. A rule that breaks is logged and skipped: it never stops the others."""
    for rule in book.of(kind):
        try:
            fires = rule.fires(seen)
        except Exception:
            log.exception("rule.broke", rule=rule.name, version=rule.version)
            continue
        yield rule, fires


def raise_firing(uow: UnitOfWork, firing: Firing, now: datetime) -> Alert:
    """Raise or update the one alert of this problem, and see that its group will speak."""
    existing = uow.alerts.open_by_fingerprint(fingerprint(firing.rule.name, firing.entity))
    raised = raise_or_update(existing, firing, now)
    if raised.new:
        saved = uow.alerts.add(raised.alert)
    else:
        saved = uow.alerts.save(raised.alert)
        uow.deadlines.drop(entity_of(saved), "alert_clear")
    if raised.tell:
        if not raised.new:
            uow.deadlines.drop(entity_of(saved), "alert_wake", "alert_step")
            recount_soon(uow, existing, now)
        schedule_flush(uow, saved.group, saved.severity, now)
    elif existing is not None and existing.facts.get("seen") != saved.facts.get("seen"):
        redraw_soon(uow, saved, now)
    return saved


def schedule_flush(uow: UnitOfWork, group: str, severity: str, now: datetime) -> None:
    """See that the group speaks at its next turn; does nothing when that is arranged already."""
    pending = {each.kind: each for each in uow.deadlines.pending(f"group:{group}")}
    if "alert_flush" in pending:
        return
    memory = pending.get("alert_quiet_span")
    recent = [moment(ms) for ms in memory.payload["sent"]] if memory else []
    payload = {"sent": [millis(each) for each in recent]}
    uow.deadlines.put([Deadline(f"group:{group}", "alert_flush", next_flush(recent, now, severity), payload)])


def redraw_soon(uow: UnitOfWork, alert: Alert, now: datetime) -> None:
    """Live cards follow changed figures, but at most twice a minute: platforms count updates too."""
    every = int(REDRAW_EVERY.total_seconds() * 1000)
    turn = millis(now) // every + 1
    uow.outbox.add([redraw(entity_of(alert), cause=f"turn:{turn}", due_at=moment(turn * every))])


def redraw_now(uow: UnitOfWork, alert: Alert) -> None:
    uow.outbox.add([redraw(entity_of(alert), cause=f"v{alert.version}")])


def settle(uow: UnitOfWork, rule: Rule, entity: str, seen: Facts, now: datetime) -> None:
    """The facts changed for the better: end the standing alert, after its hold-down, if they clear it."""
    standing = uow.alerts.open_by_fingerprint(fingerprint(rule.name, entity))
    if standing is None or not rule.clears(seen):
        return
    if not rule.hold_down:
        finish(uow, standing, now)
        return
    if any(each.kind == "alert_clear" for each in uow.deadlines.pending(entity_of(standing))):
        return
    uow.deadlines.put([Deadline(entity_of(standing), "alert_clear", now + rule.hold_down)])


def finish_entity(uow: UnitOfWork, rules: list[Rule], entity: str, now: datetime, *, by: str = "") -> None:
    """The entity is no longer in question (shipped, delivered, closed, or `by=SUPERSEDED`): end its alerts at once."""
    for rule in rules:
        standing = uow.alerts.open_by_fingerprint(fingerprint(rule.name, entity))
        if standing is not None:
            finish(uow, standing, now, by=by)


def finish(uow: UnitOfWork, alert: Alert, now: datetime, *, by: str = "") -> None:
    """Resolve, stop everything that was arranged for it, and let its cards say so."""
    over = resolve(alert, now, by=by)
    if over is None:
        return
    saved = uow.alerts.save(over)
    uow.deadlines.drop(entity_of(saved))
    if saved.sent_at is None:
        return
    if not saved.facts.get("digest"):
        redraw_now(uow, saved)
    recount_soon(uow, saved, now)


def recount_soon(uow: UnitOfWork, member: Alert | None, now: datetime) -> None:
    """A member ended or moved on: its digest counts again, once for all that happens within half a minute."""
    digest = int(member.facts.get("digest") or 0) if member is not None else 0
    if digest and not any(each.kind == "alert_recount" for each in uow.deadlines.pending(f"alert:{digest}")):
        uow.deadlines.put([Deadline(f"alert:{digest}", "alert_recount", now + RECOUNT_AFTER)])
