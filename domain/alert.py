"""The life of an alert. Pure: values in, values out.

    open ──claim──► claimed ──(too long)──► open          a late claim never reopens what is resolved
      └──snooze──► snoozed ──(time, or it got worse)──► open / claimed
      any ──(the condition is over, after the hold-down)──► resolved

One standing problem is one alert: its fingerprint is rule + entity, without any figure. What people added (claims, notes,
snoozes) survives every update. Nothing is lost on the way to a reader: `Ledger` says where each alert went.

`Alert.facts` holds: `seen` what the rule saw last · `first` what it saw first · `entity` · `cause` {dimension: value} ·
`ladder` [[minutes, role]] frozen when raised · `rung` next step · `notes` [[who, ms, text]] · `snooze` {by, worse} ·
`digest` id of the digest that carried it · `said` how often it was sent on its own.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.clock import millis
from domain.conditions import Value
from domain.rules import Rule, Severity
from domain.store import Alert

MAX_NOTES = 20
MAX_NOTE = 200
SUPERSEDED = "~superseded"  # in `resolved_by`: not over, but told by a graver or newer alert from now on


class State(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Outcome(StrEnum):
    """What became of a person's wish."""

    DONE = "done"
    ALREADY = "already"  # it was so before: the same person pressed twice
    TAKEN = "taken"  # somebody else holds it
    RESOLVED = "resolved"  # too late: the problem is over


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule fired about an entity (`order:12`, `stock:SKU@WAREHOUSE`, `source:douyin/…`)."""

    rule: Rule
    entity: str
    seen: Mapping[str, Value]
    order_ids: tuple[int, ...] = ()
    cause: Mapping[str, str] = field(default_factory=dict)  # dimensions a storm may have in common
    shown: Mapping[str, Any] = field(default_factory=dict)  # further figures for the card; no personal data


@dataclass(frozen=True, slots=True)
class Raised:
    """`tell`: it is new, or it got worse: a message is due."""

    alert: Alert
    new: bool
    tell: bool


def fingerprint(rule: str, entity: str) -> str:
    """Identity of a problem: no figure is in it, so a changed value is never a new alert."""
    return f"{rule}|{entity}"


def group_of(rule: Rule, severity: Severity, seen: Mapping[str, Value]) -> str:
    """What is sent together: rule, severity and the rule's own dimensions."""
    return "|".join([rule.name, severity.value, *(str(seen.get(name, "")) for name in rule.group_by)])


def raise_or_update(existing: Alert | None, firing: Firing, now: datetime) -> Raised:
    """Raise, or note that it still stands. Figures are replaced; people's marks stay; only a worse severity speaks again."""
    rule = firing.rule
    severity = rule.severity_of(firing.seen)
    if existing is None or existing.state == State.RESOLVED:
        return Raised(_fresh(firing, severity, now), new=True, tell=True)
    worse = severity.rank > Severity(existing.severity).rank
    facts = {
        **existing.facts,
        "seen": dict(firing.seen),
        "shown": dict(firing.shown),
        "cause": dict(firing.cause),
    }
    updated = dataclasses.replace(
        existing,
        rule_version=rule.version,
        facts=facts,
        order_ids=firing.order_ids,
        last_at=now,
        count=existing.count + 1,
    )
    if not worse:
        return Raised(updated, new=False, tell=False)
    state, until = existing.state, existing.snoozed_until
    if state == State.SNOOZED:
        state, until = State.CLAIMED if existing.claimed_by else State.OPEN, None
    updated = dataclasses.replace(
        updated,
        severity=severity.value,
        group=group_of(rule, severity, firing.seen),
        state=state,
        snoozed_until=until,
        sent_at=None,
        facts={**facts, "digest": 0, "rung": 0},
    )
    return Raised(updated, new=False, tell=True)


def _fresh(firing: Firing, severity: Severity, now: datetime) -> Alert:
    rule = firing.rule
    return Alert(
        id=0,
        number="",
        rule=rule.name,
        rule_version=rule.version,
        fingerprint=fingerprint(rule.name, firing.entity),
        group=group_of(rule, severity, firing.seen),
        severity=severity.value,
        state=State.OPEN.value,
        title=rule.title,
        facts={
            "entity": firing.entity,
            "seen": dict(firing.seen),
            "first": dict(firing.seen),
            "shown": dict(firing.shown),
            "cause": dict(firing.cause),
            "ladder": [[int(rung.after.total_seconds() // 60), rung.role.value] for rung in rule.ladder],
            "rung": 0,
        },
        order_ids=firing.order_ids,
        first_at=now,
        last_at=now,
        count=1,
        version=1,
        route=rule.topic,
    )


def claim(alert: Alert, who: str, now: datetime, *, note: str = "") -> tuple[Alert, Outcome]:
    """Take it on. The first holder stays; resolved stays resolved."""
    if alert.state == State.RESOLVED:
        return alert, Outcome.RESOLVED
    if alert.claimed_by and alert.state != State.OPEN:
        return alert, Outcome.ALREADY if alert.claimed_by == who else Outcome.TAKEN
    taken = dataclasses.replace(
        alert,
        state=State.CLAIMED.value,
        claimed_by=who,
        claimed_at=now,
        snoozed_until=None,
        facts={**alert.facts, "snooze": None},
    )
    return (annotate(taken, who, note, now) if note else taken), Outcome.DONE


def unclaim(alert: Alert, now: datetime, *, why: str) -> Alert:
    """Nobody acts any more: back to open, ladder from the start, with a note that says so."""
    noted = annotate(alert, alert.claimed_by, why, now)
    return dataclasses.replace(
        noted,
        state=State.OPEN.value,
        claimed_by="",
        claimed_at=None,
        sent_at=None,
        facts={**noted.facts, "rung": 0, "digest": 0},
    )


def snooze(alert: Alert, who: str, until: datetime | None, now: datetime) -> tuple[Alert, Outcome]:
    """Be quiet until a moment, or (None) until it gets worse. Keeps quiet through repeats and changed figures."""
    if alert.state == State.RESOLVED:
        return alert, Outcome.RESOLVED
    facts = {**alert.facts, "snooze": {"by": who, "at": millis(now), "worse": until is None}}
    return dataclasses.replace(alert, state=State.SNOOZED.value, snoozed_until=until, facts=facts), Outcome.DONE


def wake(alert: Alert, now: datetime) -> Alert | None:
    """The snooze is over: the alert as it must be told again; None when there is nothing to wake."""
    if alert.state != State.SNOOZED or alert.snoozed_until is None or alert.snoozed_until > now:
        return None
    state = State.CLAIMED if alert.claimed_by else State.OPEN
    facts = {**alert.facts, "rung": 0, "digest": 0}
    return dataclasses.replace(alert, state=state.value, snoozed_until=None, sent_at=None, facts=facts)


def resolve(alert: Alert, now: datetime, *, by: str = "") -> Alert | None:
    """The problem is over. None when it was over already."""
    if alert.state == State.RESOLVED:
        return None
    facts = {**alert.facts, "resolved_by": by} if by else alert.facts
    return dataclasses.replace(alert, state=State.RESOLVED.value, resolved_at=now, snoozed_until=None, facts=facts)


def annotate(alert: Alert, who: str, text: str, now: datetime) -> Alert:
    """A person's note. The oldest of more than 20 goes; updates never touch notes."""
    notes = [*alert.facts.get("notes", []), [who, millis(now), text[:MAX_NOTE]]][-MAX_NOTES:]
    return dataclasses.replace(alert, facts={**alert.facts, "notes": notes})


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of the ladder that was frozen when the alert was raised."""

    index: int
    role: str
    at: datetime


def next_step(alert: Alert) -> Step | None:
    """When nobody has taken it: who is told next and when. None when it is held, quiet, over, unsent, or the ladder ends."""
    if alert.state != State.OPEN or alert.sent_at is None:
        return None
    ladder: Sequence[Sequence[Any]] = alert.facts.get("ladder", [])
    index = int(alert.facts.get("rung", 0))
    if index >= len(ladder):
        return None
    minutes, role = ladder[index]
    return Step(index, str(role), alert.sent_at + timedelta(minutes=int(minutes)))


def escalate(alert: Alert, now: datetime) -> tuple[Alert, Step] | None:
    """Take the step that is due; None when there is none (a claim in between stops every step)."""
    step = next_step(alert)
    if step is None or step.at > now:
        return None
    return dataclasses.replace(alert, facts={**alert.facts, "rung": step.index + 1}), step


def sent(alert: Alert, now: datetime, *, digest: int = 0) -> Alert:
    """It went out: on its own, or as a line of a digest."""
    said = int(alert.facts.get("said", 0)) + (0 if digest else 1)
    return dataclasses.replace(alert, sent_at=now, facts={**alert.facts, "digest": digest, "said": said})


# --- storms -----------------------------------------------------------------------------------------------------------

WAIT = timedelta(seconds=1)
GAP = timedelta(seconds=120)
CRITICAL_GAP = timedelta(seconds=50)
SPAN = timedelta(minutes=10)
MOST = 6  # messages of one group in SPAN
SINGLES = 2  # up to so many at once are sent as cards of their own


def next_flush(recent: Sequence[datetime], now: datetime, severity: str) -> datetime:
    """When a group may speak: a second after the first alert, then spaced so that SPAN never holds more than MOST.

    `recent` are the moments at which the group spoke (one per message), oldest first.
    """
    at = now + WAIT
    if recent:
        gap = CRITICAL_GAP if severity == Severity.CRITICAL else GAP
        at = max(at, recent[-1] + gap)
    if len(recent) >= MOST:
        at = max(at, recent[-MOST] + SPAN)
    return at


def room(recent: Sequence[datetime], now: datetime) -> int:
    """How many messages the group may still send now."""
    return MOST - sum(moment > now - SPAN for moment in recent)


@dataclass(frozen=True, slots=True)
class Cause:
    """What most of a storm has in common. `share` in whole percent."""

    dimension: str
    value: str
    share: int


_ORDER_OF_CAUSES = ("feed", "hold", "sku", "carrier", "warehouse", "shop", "channel")


def main_cause(alerts: Sequence[Alert], *, known: Iterable[str] = ()) -> Cause | None:
    """The most telling dimension that at least half of the alerts share. `known` dimensions are in the group already."""
    skip = set(known)
    for dimension in _ORDER_OF_CAUSES:
        if dimension in skip:
            continue
        counts = Counter(value for alert in alerts if (value := alert.facts.get("cause", {}).get(dimension)))
        if not counts:
            continue
        value, number = counts.most_common(1)[0]
        if number * 2 >= len(alerts):
            return Cause(dimension, str(value), number * 100 // len(alerts))
    return None


def is_digest(alert: Alert) -> bool:
    """A digest is an alert of its own (it has a number, a holder, a card), but no problem of its own."""
    return bool(alert.facts.get("members"))


def digest_of(rule: Rule, group: str, members: Sequence[Alert], now: datetime) -> Alert:
    """The one message that stands for many."""
    cause = main_cause(members, known=rule.group_by)
    first = members[0]
    severity = max((Severity(each.severity) for each in members), key=lambda each: each.rank)
    money = [int(each.facts.get("shown", {}).get("amount_minor", 0)) for each in members]
    facts: dict[str, Any] = {
        "entity": f"group:{group}",
        "members": len(members),
        "standing": len(members),
        "amount_minor": sum(money),
        "since": millis(min(each.first_at for each in members)),
        "cause": dataclasses.asdict(cause) if cause else None,
        "dims": {name: first.facts.get("seen", {}).get(name, "") for name in rule.group_by},
        "examples": [each.facts.get("shown", {}).get("name", each.number) for each in members[:3]],
        "ladder": first.facts.get("ladder", []),
        "rung": 0,
    }
    return Alert(
        id=0,
        number="",
        rule=rule.name,
        rule_version=rule.version,
        fingerprint=f"digest|{group}|{millis(now)}",
        group=group,
        severity=severity.value,
        state=State.OPEN.value,
        title=rule.title,
        facts=facts,
        order_ids=tuple(dict.fromkeys(order for each in members[:50] for order in each.order_ids))[:50],
        first_at=now,
        last_at=now,
        count=len(members),
        version=1,
        route=rule.topic,
    )


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where every raised alert is: raised = sent + digested + suppressed + cleared, always.

    suppressed: standing, and waiting for its flush, the end of quiet hours or of a snooze. cleared: over before its turn.
    """

    raised: int
    sent: int
    digested: int
    suppressed: int
    cleared: int

    @classmethod
    def of(cls, alerts: Iterable[Alert]) -> Ledger:
        counts: Counter[str] = Counter()
        for alert in alerts:
            if is_digest(alert):
                continue
            counts["raised"] += 1
            if alert.facts.get("digest"):
                counts["digested"] += 1
            elif alert.sent_at is not None or alert.facts.get("said"):
                counts["sent"] += 1
            elif alert.state == State.RESOLVED:
                counts["cleared"] += 1
            else:
                counts["suppressed"] += 1
        return cls(counts["raised"], counts["sent"], counts["digested"], counts["suppressed"], counts["cleared"])

    @property
    def balanced(self) -> bool:
        return self.raised == self.sent + self.digested + self.suppressed + self.cleared
