"""The clock of an approval: reminders at 50, 80 and 100 % of its time limit, then again and again. Never a yes or a no."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.approval import DECIDABLE, State, move, next_rung
from domain.store import Approval, Deadline, UnitOfWork
from handlers.approval_open import chats_of, managers, policy_of, record, saved, to_mention, whose_turn
from handlers.desk import Desk
from handlers.outgoing import send_to

DRAFT_FOR = timedelta(minutes=30)


def restart(uow: UnitOfWork, approval: Approval, desk: Desk) -> None:
    """Set the next rung that lies ahead. The limit belongs to the request, not to its steps."""
    _next(uow, approval, desk.clock.now(), desk)


def remind(uow: UnitOfWork, due: Deadline, now: datetime, desk: Desk) -> None:
    """A rung was reached: call those whose turn it is; at the last one and after it, the manager too."""
    approval = uow.approvals.get(int(due.entity.partition(":")[2]))
    if approval is None or State(approval.state) not in DECIDABLE:
        return
    policy = policy_of(desk)
    rung = int((due.payload or {}).get("rung", 0))
    late = rung >= len(policy.ladder) - 1 or (approval.due_at is not None and now >= approval.due_at)
    if late and approval.state == State.WAITING:
        before = approval.state
        approval = saved(uow, move(approval, State.ESCALATED))
        record(uow, approval, now, action="approval.escalate", actor="system", before={"state": before})
    people = to_mention(whose_turn(uow, approval, desk))
    if late:
        people += [person for person in managers(uow, approval) if person not in people]
    uow.outbox.add(
        send_to(
            chats_of(uow, approval),
            "approval_note",
            {"id": approval.id, "what": "escalate" if late else "remind"},
            key=f"approval:{approval.id}:rung:{rung}:{approval.due_at}",
            people=people,
            priority=3 if late else 5,
        )
    )
    _next(uow, approval, now, desk, above=rung)


def _next(uow: UnitOfWork, approval: Approval, now: datetime, desk: Desk, *, above: int = -1) -> None:
    """The first rung after `above` that lies ahead: rungs missed while we were away are one reminder, not a volley."""
    policy = policy_of(desk)
    rung = above + 1
    at = next_rung(approval, policy, rung)
    while at is not None and at <= now:
        rung += 1
        at = next_rung(approval, policy, rung)
    if at is not None:
        uow.deadlines.put([Deadline(f"approval:{approval.id}", "approval_due", at, {"rung": rung})])
