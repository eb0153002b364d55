"""What the clock does to alerts: groups speak, the hold-down ends, snoozes wake, ladders climb, claims lapse.

Few at once go out as cards of their own; more become one digest with a number, a cause and a list. A group never speaks more
than six times in ten minutes; what waits meanwhile is in the next message. In quiet hours only critical groups speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from domain.alert import (
    MOST,
    SINGLES,
    SPAN,
    SUPERSEDED,
    State,
    digest_of,
    escalate,
    is_digest,
    next_step,
    room,
    sent,
    unclaim,
    wake,
)
from domain.clock import millis, moment
from domain.people import Person, Role
from domain.rules import Rule, Severity
from domain.store import Alert, BoundChat, Deadline, UnitOfWork
from handlers.alert_raise import entity_of, finish, recount_soon, redraw_now, rulebook, schedule_flush
from handlers.desk import Desk
from handlers.outgoing import CRITICAL, NORMAL, send_to

log = structlog.get_logger()
NO_ROUTE_AGAIN = timedelta(minutes=10)
CHUNK = 20_000


def flush(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """A group's turn to speak."""
    group = deadline.entity.partition(":")[2]
    recent = [each for each in map(moment, (deadline.payload or {}).get("sent", [])) if each > now - SPAN]
    waiting = [each for each in uow.alerts.unsent(group, limit=CHUNK) if each.state in (State.OPEN, State.CLAIMED)]
    if not waiting:
        _remember(uow, deadline.entity, recent)
        return
    rule = rulebook(desk).named(waiting[0].rule)
    again = _must_wait(rule, group, recent, now)
    if again is not None:
        uow.deadlines.put([Deadline(deadline.entity, "alert_flush", again, deadline.payload)])
        return
    if len(waiting) <= min(SINGLES, room(recent, now)) or rule is None:
        spoken = [each for each in waiting if _send(uow, each, rule, now, desk)]
        said = len(spoken)
    else:
        said = int(_send_digest(uow, rule, group, waiting, now, desk))
    recent = [*recent, *[now] * said]
    _remember(uow, deadline.entity, recent)
    if not said:
        uow.deadlines.put([Deadline(deadline.entity, "alert_flush", now + NO_ROUTE_AGAIN, {"sent": _ms(recent)})])
    elif len(waiting) == CHUNK or said < len(waiting) <= SINGLES:
        schedule_flush(uow, group, waiting[0].severity, now)


def _must_wait(rule: Rule | None, group: str, recent: Sequence[datetime], now: datetime) -> datetime | None:
    critical = group.split("|")[1:2] == [Severity.CRITICAL.value]
    quiet = rule.quiet.ends(now) if rule is not None and rule.quiet is not None and not critical else None
    if quiet is not None:
        return quiet
    return recent[-MOST] + SPAN if room(recent, now) <= 0 else None


def _remember(uow: UnitOfWork, entity: str, recent: Sequence[datetime]) -> None:
    if recent:
        uow.deadlines.put([Deadline(entity, "alert_quiet_span", recent[-1] + SPAN, {"sent": _ms(recent)})])


def _ms(moments: Sequence[datetime]) -> list[int]:
    return [millis(each) for each in moments]


def forget(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Ten minutes without a word: the group's memory ends by having been taken."""


def _send(uow: UnitOfWork, alert: Alert, rule: Rule | None, now: datetime, desk: Desk) -> bool:
    """One alert as a card of its own. False when no group is bound to its topic: it then waits, and the log says so."""
    chats = routes(uow, alert)
    if not chats:
        log.warning("alert.no_route", alert=alert.number, rule=alert.rule, topic=alert.route)
        return False
    saved = uow.alerts.save(sent(alert, now))
    people = owners(uow, rule.owner, alert) if rule is not None else []
    if saved.claimed_by:
        people = [person for person in people if person.name == saved.claimed_by]
    uow.outbox.add(
        send_to(
            chats,
            "alert",
            {"id": saved.id},
            key=f"{entity_of(saved)}:{saved.facts['said']}",
            people=people,
            subject=entity_of(saved),
            topic=saved.route,
            priority=_priority(saved),
        )
    )
    _arm(uow, saved)
    return True


def _send_digest(uow: UnitOfWork, rule: Rule, group: str, members: Sequence[Alert], now: datetime, desk: Desk) -> bool:
    """All of them as one message."""
    chats = routes(uow, members[0])
    if not chats:
        log.warning("alert.no_route", rule=rule.name, topic=rule.topic, alerts=len(members))
        return False
    digest = uow.alerts.add(digest_of(rule, group, members, now))
    digest = uow.alerts.save(sent(digest, now))
    for member in members:
        uow.alerts.save(sent(member, now, digest=digest.id))
    uow.outbox.add(
        send_to(
            chats,
            "alert_digest",
            {"id": digest.id},
            key=entity_of(digest),
            people=owners(uow, rule.owner, members[0]),
            subject=entity_of(digest),
            topic=digest.route,
            priority=_priority(digest),
        )
    )
    _arm(uow, digest)
    return True


def _priority(alert: Alert) -> int:
    return CRITICAL if alert.severity == Severity.CRITICAL else NORMAL


def _arm(uow: UnitOfWork, alert: Alert) -> None:
    step = next_step(alert)
    if step is not None:
        uow.deadlines.put([Deadline(entity_of(alert), "alert_step", step.at)])


def routes(uow: UnitOfWork, alert: Alert) -> list[BoundChat]:
    """The groups bound to the alert's topic, for its shop and warehouse."""
    seen = {**alert.facts.get("dims", {}), **alert.facts.get("seen", {})}
    return uow.people.chats_for(alert.route, shop=str(seen.get("shop", "")), warehouse=str(seen.get("warehouse", "")))


def owners(uow: UnitOfWork, role: Role, alert: Alert) -> list[Person]:
    """The one person of the role to @: active, covering the shop and warehouse, the narrowest scope first."""
    seen = {**alert.facts.get("dims", {}), **alert.facts.get("seen", {})}
    shop, warehouse = str(seen.get("shop", "")), str(seen.get("warehouse", ""))
    fit = [
        person
        for person in uow.people.with_role(role)
        if person.active
        and (not person.shops or not shop or shop in person.shops)
        and (not person.warehouses or not warehouse or warehouse in person.warehouses)
    ]

    def breadth(person: Person) -> tuple[bool, bool, int, int]:
        return (not person.warehouses, not person.shops, len(person.roles), person.person_id)

    return sorted(fit, key=breadth)[:1]


# --- one alert's own clock --------------------------------------------------------------------------------------------


def _load(uow: UnitOfWork, deadline: Deadline) -> Alert | None:
    return uow.alerts.get(int(deadline.entity.partition(":")[2]))


def clear(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """The hold-down passed without the problem coming back."""
    alert = _load(uow, deadline)
    if alert is not None:
        finish(uow, alert, now)


def wake_up(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """A snooze is over and the problem still stands: say it again."""
    alert = _load(uow, deadline)
    awake = wake(alert, now) if alert is not None else None
    if awake is None:
        return
    recount_soon(uow, alert, now)
    _again(uow, uow.alerts.save(awake), now, desk)


def _again(uow: UnitOfWork, alert: Alert, now: datetime, desk: Desk) -> None:
    if is_digest(alert):
        _resend_digest(uow, alert, now, desk)
    else:
        schedule_flush(uow, alert.group, alert.severity, now)
    redraw_now(uow, alert)


def _resend_digest(uow: UnitOfWork, digest: Alert, now: datetime, desk: Desk) -> None:
    rule = rulebook(desk).named(digest.rule)
    saved = uow.alerts.save(sent(digest, now))
    people = owners(uow, rule.owner, saved) if rule is not None else []
    key = f"{entity_of(saved)}:{saved.facts['said']}"
    chats = routes(uow, saved)
    uow.outbox.add(
        send_to(
            chats,
            "alert_digest",
            {"id": saved.id},
            key=key,
            people=people,
            subject=entity_of(saved),
            topic=saved.route,
            priority=_priority(saved),
        )
    )
    _arm(uow, saved)


def step(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Nobody took it in time: tell the next one on the ladder that was frozen when it was raised."""
    alert = _load(uow, deadline)
    if alert is None:
        return
    taken = escalate(alert, now)
    if taken is None:
        _arm(uow, alert)
        return
    climbed, rung = taken
    saved = uow.alerts.save(climbed)
    rule = rulebook(desk).named(saved.rule)
    quiet = rule.quiet.ends(now) if rule is not None and rule.quiet and saved.severity != Severity.CRITICAL else None
    people = owners(uow, Role(rung.role), saved)
    args = {"id": saved.id, "role": rung.role, "person": people[0].name if people else ""}
    key = f"{entity_of(saved)}:step:{saved.facts.get('said', 0)}:{rung.index}"
    uow.outbox.add(
        send_to(
            routes(uow, saved),
            "alert_step",
            args,
            key=key,
            people=people,
            topic=saved.route,
            priority=_priority(saved),
            due_at=quiet,
        )
    )
    _arm(uow, saved)


def lapse(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Claimed for too long and still standing: back to open, and told again."""
    alert = _load(uow, deadline)
    if alert is None or alert.state != State.CLAIMED:
        return
    recount_soon(uow, alert, now)
    _again(uow, uow.alerts.save(unclaim(alert, now, why="lapsed")), now, desk)


def recount(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Some of a digest's members are over: correct its figure, end it with the last one."""
    digest = _load(uow, deadline)
    if digest is None or digest.state == State.RESOLVED:
        return
    members = members_of(uow, digest)
    left = sum(member.state != State.RESOLVED for member in members)
    if left == 0:
        # Fewer than it was sent with: the rest got worse or woke up and speaks in a newer message.
        moved = len(members) < digest.facts["members"]
        finish(uow, digest, now, by=SUPERSEDED if moved else "")
        return
    if left != digest.facts.get("standing"):
        facts = {**digest.facts, "standing": left}
        redraw_now(uow, uow.alerts.save(_with_facts(digest, facts)))


def _with_facts(alert: Alert, facts: dict[str, object]) -> Alert:
    from dataclasses import replace

    return replace(alert, facts=facts)


def members_of(uow: UnitOfWork, digest: Alert) -> list[Alert]:
    """The alerts that a digest stands for."""
    since = moment(int(digest.facts["since"]))
    return [each for each in uow.alerts.history(digest.rule, since) if each.facts.get("digest") == digest.id]
