"""Opens an approval and tells the people whose turn it is: one transaction, whatever it was that asked.

A second request for the same thing finds the first one; it never replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.approval import DECIDABLE, REVOCABLE, SENT_OUT, ApprovalPolicy, Case, State, next_rung
from domain.clock import millis
from domain.fingerprint import fingerprint, material
from domain.margin import order_margin
from domain.money import Money
from domain.order import Aftersale, Order, Stage
from domain.people import May, Person, Role
from domain.privacy import safe_note
from domain.store import Approval, AuditEntry, BoundChat, Deadline, Json, OrderEvent, Reads, StoredOrder, UnitOfWork
from handlers.desk import Desk
from handlers.outgoing import redraw, send_to

log = structlog.get_logger()
NINETY_DAYS = timedelta(days=90)
CHECK_AFTER = timedelta(minutes=20)
UNSHIPPED = frozenset({Stage.UNPAID, Stage.HOLD, Stage.TO_SHIP})
_NOBODY = ApprovalPolicy(version=0, rows=())
_HOLDS = {"refund": "refund", "return": "refund", "cancel": "refund", "address": "address_review"}
_TOPIC_OF = {"address": "orders"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants done. `key` is the same for the same wish; `requester_id` 0 is the buyer, through the channel."""

    kind: str
    channel: str
    shop: str
    order_number: str
    amount: Money
    key: str
    subject: str = ""
    reason: str = ""
    requester_id: int = 0
    requester_name: str = ""
    aftersale: Aftersale | None = None
    deadline: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    private: Json = None


def policy_of(desk: Desk) -> ApprovalPolicy:
    """The table in force; without one, nobody may approve anything."""
    return desk.policy.approvals if isinstance(desk.policy.approvals, ApprovalPolicy) else _NOBODY


def open_approval(
    uow: UnitOfWork, asked: Asked, stored: StoredOrder | None, now: datetime, desk: Desk, *, state: State = State.WAITING
) -> Approval:
    """Write the approval; unless it is a draft, also tell the right people, in the same transaction."""
    policy = policy_of(desk)
    case = case_of(uow, asked, stored, now)
    match = policy.match(case)
    hours = match.row.hours if match.row else 8.0
    due = now + timedelta(hours=hours)
    facts = {
        "reason": safe_note(asked.reason, 60),
        "origin": "channel" if asked.subject else "chat",
        "material": material(stored.order if stored else None, asked.aftersale),
        "row": match.row.words if match.row else "",
        "also": [row.name for row in match.also[:3]],
        "customer": {"orders": case.orders, "refunds": case.refunds},
        "deadline": millis(asked.deadline) if asked.deadline else None,
        **_aftersale_facts(asked.aftersale),
        **asked.extra,
    }
    approval = uow.approvals.add(
        Approval(
            id=0,
            number="",
            kind=asked.kind,
            state=state.value,
            channel=asked.channel,
            shop=asked.shop,
            order_id=stored.id if stored else 0,
            order_number=asked.order_number,
            subject=asked.subject,
            amount=asked.amount,
            requester_id=asked.requester_id,
            requester_name=asked.requester_name,
            created_at=now,
            version=0,
            steps=match.row.steps if match.row else (),
            step=0,
            decisions=(),
            fingerprint=fingerprint(facts["material"]),
            rule=policy.stamp(match.row),
            key=asked.key,
            facts=facts,
            due_at=min(due, asked.deadline) if asked.deadline else due,
            private=asked.private,
        )
    )
    if state is not State.DRAFT:
        announce(uow, approval, now, desk)
    return approval


def refreshed(
    uow: UnitOfWork, approval: Approval, aftersale: Aftersale | None, stored: StoredOrder | None, now: datetime, desk: Desk
) -> Approval:
    """Nobody has decided yet, and the facts moved: the same approval over the new facts, its steps chosen anew, not saved.

    Buttons pressed on the old picture carry the old fingerprint and change nothing.
    """
    policy = policy_of(desk)
    asked = Asked(
        kind=approval.kind,
        channel=approval.channel,
        shop=approval.shop,
        order_number=approval.order_number,
        amount=aftersale.amount if aftersale else approval.amount,
        key=approval.key,
        reason=aftersale.reason if aftersale else str(approval.facts.get("reason", "")),
        aftersale=aftersale,
    )
    case = case_of(uow, asked, stored, now)
    match = policy.match(case)
    last = aftersale.deadline if aftersale else None
    facts = {
        **approval.facts,
        "reason": safe_note(asked.reason, 60),
        "material": material(stored.order if stored else None, aftersale),
        "row": match.row.words if match.row else "",
        "also": [row.name for row in match.also[:3]],
        "customer": {"orders": case.orders, "refunds": case.refunds},
        **({"deadline": millis(last) if last else None} if aftersale else {}),
        **_aftersale_facts(aftersale),
    }
    due = approval.created_at + timedelta(hours=match.row.hours if match.row else 8.0)
    return replace(
        approval,
        amount=asked.amount,
        order_id=stored.id if stored else approval.order_id,
        steps=match.row.steps if match.row else (),
        step=0,
        rule=policy.stamp(match.row),
        facts=facts,
        fingerprint=fingerprint(facts["material"]),
        due_at=min(due, last) if last else due,
    )


def announce(uow: UnitOfWork, approval: Approval, now: datetime, desk: Desk) -> None:
    """The request is real now: card to the right groups, clock started, order held, all on record."""
    people = to_mention(whose_turn(uow, approval, desk))
    chats = chats_of(uow, approval)
    subject = f"approval:{approval.id}"
    uow.outbox.add(
        send_to(chats, "approval", {"id": approval.id}, key=f"{subject}:card", people=people, subject=subject, priority=3)
    )
    if not chats:
        # Nobody is silently left out: it stands in everybody's to-do list, and the technical owner hears of it.
        log.warning("approval.unrouted", approval=approval.id, shop=approval.shop)
        tech = uow.people.chats_for("tech")
        uow.outbox.add(send_to(tech, "approval_note", {"id": approval.id, "what": "unrouted"}, key=f"{subject}:unrouted"))
    rung_at = next_rung(approval, policy_of(desk), 0)
    if rung_at is not None:
        uow.deadlines.put([Deadline(subject, "approval_due", rung_at, {"rung": 0})])
    hold(uow, approval, now)
    record(uow, approval, now, action="approval.open", actor=asker(approval), after={"state": approval.state})


def asker(approval: Approval) -> str:
    """Who asked, as the audit names actors."""
    return (
        f"person:{approval.requester_id} {approval.requester_name}"
        if approval.requester_id
        else f"channel:{approval.channel}"
    )


def record(
    uow: UnitOfWork,
    approval: Approval,
    now: datetime,
    *,
    action: str,
    actor: str,
    before: Json = None,
    after: Json = None,
    surface: str = "",
    chat_id: str = "",
    request_id: str = "",
    text: str = "",
) -> None:
    """One step, in the audit chain and on the order's timeline. `text` must hold no personal data."""
    uow.audit.record(AuditEntry(now, actor, action, f"approval:{approval.id}", before, after, surface, chat_id, request_id))
    if approval.order_id:
        name = actor.partition(" ")[2] or ("小单" if actor == "system" else approval.requester_name or approval.channel)
        previous = before.get("state", "") if isinstance(before, dict) else ""
        event = OrderEvent(
            at=now,
            kind="approval",
            actor=name,
            surface=surface or "rule",
            before=previous,
            after=approval.state,
            text=f"{approval.number} {text or action.removeprefix('approval.')}",
            cause=approval.number,
        )
        uow.orders.add_events(approval.order_id, [event])


def saved(uow: UnitOfWork, approval: Approval) -> Approval:
    """Write it and have every copy of its card redrawn."""
    after = uow.approvals.save(approval)
    uow.outbox.add([redraw(f"approval:{after.id}", cause=f"v{after.version}")])
    state, subject = State(after.state), f"approval:{after.id}"
    if state not in DECIDABLE:
        uow.deadlines.drop(subject, "approval_due")
    if state in REVOCABLE | SENT_OUT:
        # A net under the outbox: should its row ever be given up, somebody still looks.
        begun = max(at for at in (after.execute_at, after.executed_at, after.created_at) if at)
        uow.deadlines.put([Deadline(subject, "approval_check", begun + CHECK_AFTER)])
    else:
        uow.deadlines.drop(subject, "approval_check")
    return after


def ask_again(
    uow: UnitOfWork, old: Approval, aftersale: Aftersale | None, why: str, now: datetime, desk: Desk
) -> Approval | None:
    """The wish outlives its voided card when it can still be granted: a new card, with the facts as they are now.

    `aftersale` is the platform's present record; None takes the store's.
    """
    stored = uow.orders.get(old.channel, old.shop, old.order_number)
    if aftersale is None and old.subject and stored is not None:
        card = uow.orders.card(stored.id)
        aftersale = next((each for each in card.aftersales if each.number == old.subject), None) if card else None
    if (
        old.subject
        and old.kind != "address"
        and (aftersale is None or aftersale.stage.value != old.facts["material"].get("aftersale_stage"))
    ):
        return None
    if (not old.subject or old.kind == "address") and (why not in ("changed", "too_old", "stale_data") or stored is None):
        return None
    if stored is not None and stored.order.stage in (Stage.CLOSED_UNPAID, Stage.CLOSED_REFUNDED):
        return None
    if why == "deadline":
        return None
    kept = {name: old.facts[name] for name in ("to", "from", "to_key") if name in old.facts}
    asked = Asked(
        kind=old.kind,
        channel=old.channel,
        shop=old.shop,
        order_number=old.order_number,
        amount=aftersale.amount if aftersale else old.amount,
        key=old.key,
        subject=old.subject,
        reason=aftersale.reason if aftersale else str(old.facts.get("reason", "")),
        requester_id=old.requester_id,
        requester_name=old.requester_name,
        aftersale=aftersale,
        deadline=aftersale.deadline if aftersale else None,
        extra={**kept, "replaces": old.number},
        private=old.private,
    )
    fresh = open_approval(uow, asked, stored, now, desk)
    ended = uow.approvals.get(old.id)
    if ended is not None:
        saved(uow, replace(ended, facts={**ended.facts, "replaced_by": fresh.number}))
    return fresh


# --- who --------------------------------------------------------------------------------------------------------------


def whose_turn(reads: Reads | UnitOfWork, approval: Approval, desk: Desk) -> list[Person]:
    """The people who may take the step that waits, and nobody else. A transfer names one of them."""
    if State(approval.state) not in DECIDABLE or not approval.steps:
        return []
    may = May(approval.steps[approval.step])
    decided = {d.person_id for d in approval.decisions if d.verdict == "agree"}
    able = [
        person
        for person in reads.people.everyone()
        if person.active
        and may in desk.policy.allowed(person.roles)
        and (not person.shops or approval.shop in person.shops)
        and person.person_id != approval.requester_id
        and person.person_id not in decided
    ]
    assigned = (approval.facts or {}).get("assigned") or {}
    if assigned.get("step") == approval.step:
        named = [person for person in able if person.person_id == assigned["person_id"]]
        return named or able
    return able


def to_mention(people: Sequence[Person]) -> list[Person]:
    """Those for whom the step is daily work; the manager, who may do everything, is called when it escalates."""
    workers = [person for person in people if Role.MANAGER not in person.roles]
    return workers or list(people)


def managers(reads: Reads | UnitOfWork, approval: Approval) -> list[Person]:
    """Whom a step is escalated to."""
    return [
        person
        for person in reads.people.with_role(Role.MANAGER)
        if person.active and (not person.shops or approval.shop in person.shops)
    ]


def chats_of(reads: Reads | UnitOfWork, approval: Approval) -> list[BoundChat]:
    """The groups where this shop's approvals of this kind are taken."""
    topic = _TOPIC_OF.get(approval.kind, "refunds")
    return reads.people.chats_for(topic, shop=approval.shop) or reads.people.chats_for("orders", shop=approval.shop)


# --- what a rule may look at ------------------------------------------------------------------------------------------


def case_of(reads: Reads | UnitOfWork, asked: Asked, stored: StoredOrder | None, now: datetime) -> Case:
    """The request with its customer's record, its loss, its parcel: what the policy's rows compare."""
    if stored is None:
        return Case(asked.kind, asked.amount, asked.channel, asked.shop, asked.reason)
    order = stored.order
    orders, refunds = customer_record(reads, order, now)
    left = margin_after(reads, order, asked.kind, asked.amount, now)
    return Case(
        kind=asked.kind,
        amount=asked.amount,
        channel=asked.channel,
        shop=asked.shop,
        reason=asked.reason,
        aftersale=asked.aftersale.kind.value if asked.aftersale else "",
        shipped=order.stage not in UNSHIPPED,
        orders=orders,
        refunds=refunds,
        loss=None if left is None else left.minor < 0,
    )


def customer_record(reads: Reads | UnitOfWork, order: Order, now: datetime) -> tuple[int, int]:
    """(orders, refunded orders) of this buyer in 90 days, this order included. (0, 0) when the channel hides who buys."""
    if not order.buyer_key:
        return 0, 0
    recent = [
        each.order
        for each in reads.orders.by_buyer(order.channel, order.shop, order.buyer_key, limit=50)
        if each.order.created_at >= now - NINETY_DAYS
    ]
    return len(recent), sum(each.refunded.minor > 0 for each in recent)


def margin_after(reads: Reads | UnitOfWork, order: Order, kind: str, amount: Money, now: datetime) -> Money | None:
    """What the order still earns once `amount` is paid back; None when a cost is unknown. Returned goods keep their cost."""
    found = order_margin(order, lambda line: reads.costs.cost(line.sku, order.channel, order.paid_at or order.created_at))
    earned = found.contribution
    if earned is None or found.unknown or earned.currency != amount.currency:
        return None
    left = earned - amount
    if kind in ("return", "received", "cancel"):
        for line in found.lines:
            left = left + line.goods
    return left


def _aftersale_facts(aftersale: Aftersale | None) -> dict[str, Any]:
    if aftersale is None:
        return {}
    return {
        "aftersale": aftersale.kind.value,
        "photos": [url[:500] for url in aftersale.photos[:12] if url.startswith(("https://", "http://"))],
        "version": aftersale.version,
        "lines": list(aftersale.line_ids[:20]),
    }


# --- holding the parcel while people think ----------------------------------------------------------------------------


def hold(uow: UnitOfWork, approval: Approval, now: datetime) -> None:
    """An unshipped order must not leave while its refund or its address is being decided."""
    reason = _HOLDS.get(approval.kind, "")
    stored = uow.orders.by_id(approval.order_id) if approval.order_id and reason else None
    if stored is None or stored.order.stage not in UNSHIPPED or reason in stored.order.holds:
        return
    event = OrderEvent(now, "hold", "小单", "rule", "", reason, approval.number, approval.number)
    uow.orders.change(stored.id, expect_version=stored.version, events=[event], holds=(*stored.order.holds, reason))


def release(uow: UnitOfWork, approval: Approval, now: datetime) -> None:
    """Let go of what `hold` held, unless another open approval of the order still needs it."""
    reason = _HOLDS.get(approval.kind, "")
    card = uow.orders.card(approval.order_id) if approval.order_id and reason else None
    if card is None or reason not in card.stored.order.holds:
        return
    if any(other.id != approval.id and _HOLDS.get(other.kind) == reason for other in card.open_approvals):
        return
    event = OrderEvent(now, "release", "小单", "rule", reason, "", approval.number, approval.number)
    kept = tuple(each for each in card.stored.order.holds if each != reason)
    uow.orders.change(card.stored.id, expect_version=card.stored.version, events=[event], holds=kept)
