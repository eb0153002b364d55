"""Margin below the floor: settlement is locked and the order waits for a person who may release it.

The lock comes before any loyal-customer rule (`rules.yaml`, note of the margin rule): skipping the usual after-sale steps
never releases a margin hold. A release is a decision: audited, in the timeline, refused when the figures moved meanwhile.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.alert import Firing, State, annotate, claim
from domain.chat import Reply
from domain.conditions import Value
from domain.margin import LineMargin, OrderMargin, order_margin
from domain.order import OPEN_STAGES, Order, OrderLine
from domain.people import Actor
from domain.rules import RuleBook
from domain.store import Alert, AuditEntry, Cost, OrderEvent, StoredOrder, UnitOfWork, Upserted
from handlers.alert_checks import order_cause, order_seen, order_shown
from handlers.alert_raise import finish, finish_entity, firing_rules, raise_firing, redraw_now, rulebook
from handlers.desk import Desk, Press
from handlers.words.alerts import words

HOLD = "margin"
NEWS = timedelta(days=3)


def changed(uow: UnitOfWork, upserted: Upserted, now: datetime, desk: Desk) -> None:
    """Look at an order's margin when it becomes paid, and again when what it sells or costs the buyer changes."""
    book, before, after = rulebook(desk), upserted.before, upserted.after
    if not book.of("margin"):
        return
    if after.stage not in OPEN_STAGES or after.paid_at is None or after.paid_at < now - NEWS:
        if before is not None and before.stage in OPEN_STAGES:
            finish_entity(uow, book.of("margin"), f"order:{upserted.id}", now)
        return
    if before is not None and before.paid_at is not None and _priced(before) == _priced(after):
        return
    if HOLD not in after.holds and margin_of(uow, after).worst is None:
        return  # no cost on record for anything in it: nothing to judge, and no need to read the order again
    stored = uow.orders.by_id(upserted.id)
    if stored is not None:
        check(uow, stored, now, desk)


def _priced(order: Order) -> tuple[object, ...]:
    lines = tuple((line.line_id, line.sku, line.quantity, line.total, line.gift) for line in order.lines)
    return (lines, order.goods, order.discount, order.freight)


def margin_of(uow: UnitOfWork, order: Order) -> OrderMargin:
    """The order's margin by the cost table in force when it was paid."""
    at = order.paid_at or order.created_at

    def cost(line: OrderLine) -> Cost | None:
        return uow.costs.cost(line.sku, order.channel, at)

    return order_margin(order, cost)


def check(uow: UnitOfWork, stored: StoredOrder, now: datetime, desk: Desk) -> None:
    """Evaluate the margin rules for the worst line; lock and raise, or unlock what only we had locked."""
    book, order, entity = rulebook(desk), stored.order, f"order:{stored.id}"
    found = margin_of(uow, order)
    worst = found.worst
    if worst is None:
        return
    seen = margin_seen(book, order, worst)
    fired = False
    for rule, fires in firing_rules(book, "margin", seen):
        if fires:
            fired = True
            shown = {**order_shown(order, desk), **_margin_shown(worst, found), "goods": _title(order, worst)}
            raise_firing(uow, Firing(rule, entity, seen, (stored.id,), order_cause(order, desk), shown), now)
    if fired and HOLD not in order.holds:
        event = OrderEvent(now, "hold", "小单", "rule", "", HOLD, cause="margin")
        uow.orders.change(
            stored.id, expect_version=stored.version, events=[event], holds=(*order.holds, HOLD), settlement_locked=True
        )
        uow.audit.record(
            AuditEntry(now, "system", "order.hold", entity, after={"hold": HOLD, "margin_bp": worst.basis_points})
        )
    elif not fired and HOLD in order.holds:
        _unlock(uow, stored, OrderEvent(now, "release", "小单", "rule", HOLD, "", cause="margin recovered"))
        uow.audit.record(AuditEntry(now, "system", "order.release", entity, after={"margin_bp": worst.basis_points}))
        finish_entity(uow, book.of("margin"), entity, now)


def margin_seen(book: RuleBook, order: Order, worst: LineMargin) -> dict[str, Value]:
    """The facts of a margin rule."""
    return {
        **order_seen(order),
        "sku": worst.sku,
        "margin_bp": worst.basis_points,
        "contribution_minor": worst.contribution.minor,
        "revenue_minor": worst.revenue.minor,
        "loyal": bool(book.loyal_tags & set(order.tags)),
    }


def _margin_shown(worst: LineMargin, found: OrderMargin) -> dict[str, object]:
    return {
        "quantity": worst.quantity,
        "goods_minor": worst.goods.minor,
        "fee_minor": worst.fee.minor,
        "freight_minor": worst.freight.minor,
        "culprit": worst.culprit,
        "unknown": list(found.unknown[:5]),
    }


def _title(order: Order, worst: LineMargin) -> str:
    return next((line.title for line in order.lines if line.line_id == worst.line_id), worst.sku)


def _unlock(uow: UnitOfWork, stored: StoredOrder, event: OrderEvent) -> None:
    holds = tuple(hold for hold in stored.order.holds if hold != HOLD)
    uow.orders.change(stored.id, expect_version=stored.version, events=[event], holds=holds, settlement_locked=False)


# --- decisions --------------------------------------------------------------------------------------------------------


async def release(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """[放行]: unlock, once, by somebody who may, on the figures that were on the card."""
    now = desk.clock.now()

    def work(uow: UnitOfWork) -> Reply | None:
        say = words(desk.lang)
        alert, stored, trouble = _subject(uow, press, say.margin_gone())
        if trouble or alert is None or stored is None:
            return trouble
        if not stored.settlement_locked and HOLD not in stored.order.holds:
            return Reply(say.margin_released_already(str(alert.facts.get("resolved_by", ""))), private=True)
        if not actor.sees_shop(stored.order.shop):
            return Reply(say.not_your_shop(), private=True)
        if press.token.extra != str(alert.facts["seen"]["margin_bp"]):
            redraw_now(uow, alert)
            return Reply(say.margin_moved(), private=True)
        event = OrderEvent(now, "release", actor.person.name, "chat", HOLD, "", cause=alert.number)
        _unlock(uow, stored, event)
        uow.audit.record(_audit(press, actor, "margin.release", stored, alert, now))
        finish(uow, alert, now, by=actor.person.name)
        return Reply(say.margin_released(alert.number, actor.person.name))

    return await desk.store.write(work)


async def keep(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """[保持锁定]: the lock stays on purpose; whoever says so holds the alert from now on."""
    now = desk.clock.now()

    def work(uow: UnitOfWork) -> Reply | None:
        say = words(desk.lang)
        alert, stored, trouble = _subject(uow, press, say.margin_gone())
        if trouble or alert is None or stored is None:
            return trouble
        if alert.state == State.RESOLVED:
            return Reply(say.margin_released_already(str(alert.facts.get("resolved_by", ""))), private=True)
        taken, _ = claim(alert, actor.person.name, now)
        saved = uow.alerts.save(annotate(taken, actor.person.name, "keep", now))
        uow.audit.record(_audit(press, actor, "margin.keep", stored, alert, now))
        redraw_now(uow, saved)
        return Reply(say.margin_kept(alert.number, actor.person.name))

    return await desk.store.write(work)


def _subject(uow: UnitOfWork, press: Press, gone: str) -> tuple[Alert | None, StoredOrder | None, Reply | None]:
    alert = uow.alerts.get(press.token.subject_id)
    stored = uow.orders.by_id(alert.order_ids[0]) if alert is not None and alert.order_ids else None
    if alert is None or stored is None:
        return None, None, Reply(gone, private=True)
    return alert, stored, None


def _audit(press: Press, actor: Actor, action: str, stored: StoredOrder, alert: Alert, now: datetime) -> AuditEntry:
    return AuditEntry(
        now,
        f"person:{actor.person.person_id}",
        action,
        f"order:{stored.id}",
        before={"settlement_locked": stored.settlement_locked, "holds": list(stored.order.holds)},
        after={
            "alert": alert.number,
            "margin_bp": alert.facts["seen"]["margin_bp"],
            "rule": f"{alert.rule} v{alert.rule_version}",
        },
        surface=actor.platform,
        chat_id=actor.chat_id,
        request_id=press.click.event_id,
    )
