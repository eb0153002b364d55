"""为什么报警, and why not: the rule as a formula, the figures it saw, what would have turned it, and its record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.alert import is_digest
from domain.chat import Reply
from domain.clock import SHANGHAI
from domain.conditions import Value
from domain.people import Actor
from domain.rule_why import Why, why
from domain.rules import Rule
from domain.store import Alert, Reads, StoredOrder
from handlers.alert_checks import due_to_ship, moving, order_seen, parcel_clock, ship_clock
from handlers.alert_raise import rulebook
from handlers.desk import Desk
from handlers.words.alerts import Zh, words

RECORD = timedelta(days=30)


def explain(reads: Reads, alert: Alert, now: datetime, desk: Desk) -> str:
    """One paragraph. A digest is explained by its first member."""
    say = words(desk.lang)
    rule = rulebook(desk).named(alert.rule)
    if is_digest(alert):
        members = [m for m in reads.alerts.history(alert.rule, alert.first_at - RECORD) if m.facts.get("digest") == alert.id]
        if members:
            alert = members[0]
    seen: dict[str, Value] = alert.facts.get("seen", {})
    record = record_of(reads, alert.rule, now, say)
    if rule is None:
        values = "，".join(say.value(name, value, "") for name, value in seen.items())
        return f"{say.rule_gone(alert.rule, alert.rule_version)}{values}。{record}"
    answer = why(rule, seen)
    head = say.rule_head(rule.name, alert.rule_version, answer.formula, rule.version)
    at = f"{alert.last_at.astimezone(SHANGHAI):%H:%M} "
    changed = say.changed(*_who_changed(reads, rule, seen))
    return say.why(head, at + values_of(rule, answer, seen, say), flips_of(rule, answer, say), record, changed)


def _who_changed(reads: Reads, rule: Rule, seen: dict[str, Value]) -> tuple[str, str]:
    """Who set the limit: for stock the safety level's own audit entry, else the rule's `changed` line."""
    if rule.kind == "stock_low":
        entries = [e for e in reads.audit.of(f"stock:{seen['sku']}@{seen['warehouse']}") if e.action == "stock.safety"]
        if entries:
            kind, _, name = entries[-1].actor.partition(" ")
            return name or kind, f"{entries[-1].at.astimezone(SHANGHAI):%m-%d}"
    return rule.changed_by, rule.changed_at


def values_of(rule: Rule, answer: Why, seen: dict[str, Value], say: Zh) -> str:
    parts = []
    for name, value in answer.values:
        if name == "available" and rule.kind in ("stock_low", "oversell"):
            parts.append(say.stock_sum(seen))
        else:
            parts.append(say.value(rule.label(name), value, rule.unit(name)))
    return "，".join(parts)


def flips_of(rule: Rule, answer: Why, say: Zh) -> list[str]:
    """What would have turned it. Less than no time at all (到 −1 分钟) is nothing that anybody could bring about."""
    able = [flip for flip in answer.flips if flip.then >= 0 or rule.unit(flip.name) != "分钟"]
    return [say.flip(rule.label(flip.name), flip.then, rule.unit(flip.name)) for flip in able[:2]]


def record_of(reads: Reads, rule: str, now: datetime, say: Zh) -> str:
    past = [each for each in reads.alerts.history(rule, now - RECORD) if not is_digest(each)]
    useful = sum(each.useful == "useful" for each in past)
    noise = sum(each.useful == "noise" for each in past)
    return say.record(len(past), useful, noise)


# --- why not ----------------------------------------------------------------------------------------------------------


def explain_order(reads: Reads, number: str, actor: Actor, now: datetime, desk: Desk) -> Reply:
    """For an order: its standing alerts, and for every other rule about orders why it kept silent."""
    say = words(desk.lang)
    found = [
        each
        for each in reads.orders.find(number)
        if actor.sees_shop(each.order.shop) and actor.sees_warehouse(each.order.warehouse)
    ]
    if not found:
        return Reply(say.no_such(number), private=True)
    stored = found[0]
    lines = []
    for rule, entity, seen in _situations(reads, stored, now, desk):
        standing = reads.alerts.open_by_fingerprint(f"{rule.name}|{entity}")
        if standing is not None:
            lines.append(f"· {standing.number} " + explain(reads, standing, now, desk))
            continue
        answer = why(rule, seen)
        flips = flips_of(rule, answer, say)
        lines.append(say.why_not(rule.name, answer.formula, values_of(rule, answer, seen, say), flips[0] if flips else ""))
    return Reply("\n".join(lines[:8]) or say.none_standing())


def _situations(
    reads: Reads, stored: StoredOrder, now: datetime, desk: Desk
) -> Iterable[tuple[Rule, str, dict[str, Value]]]:
    book, order = rulebook(desk), stored.order
    base = order_seen(order)
    due = due_to_ship(book, order)
    if due is not None:
        for kind in ("ship_by_soon", "ship_by_missed"):
            for rule in book.of(kind):
                yield rule, f"order:{stored.id}", {**base, **ship_clock(kind, due, now)}
    card = reads.orders.card(stored.id)
    tracks = {track.waybill: track for track in card.tracks} if card else {}
    for parcel in order.parcels:
        state = moving(parcel, tracks.get(parcel.waybill))
        if state is None or state.ended:
            continue
        for rule in book.of("no_scan"):
            yield rule, f"parcel:{stored.id}:{parcel.waybill}", {**base, **parcel_clock("no_scan", state, now)}
