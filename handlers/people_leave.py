"""What follows, in one commit, when somebody loses access: codes and tokens die, and nothing waits for them any longer.

Buttons and sentences of theirs are refused from that commit on, because every one asks the store who they are; links to
staff pages that were made before it stop working, because a link does not know who opens it.
"""

from __future__ import annotations

from datetime import datetime

from domain.alert import State as AlertState
from domain.alert import unclaim
from domain.clock import millis
from domain.people import May, Person
from domain.privacy import safe_text
from domain.store import Approval, AuditEntry, UnitOfWork
from handlers.alert_raise import redraw_now, schedule_flush
from handlers.approval_open import chats_of, to_mention, whose_turn
from handlers.desk import Desk
from handlers.outgoing import CRITICAL, redraw, send_to
from handlers.page_links import void_before
from handlers.people_tell import tell_admins
from handlers.words.approvals import words as approval_words
from handlers.words.people import words

REVOKED, INVITED, SETTINGS = "revoked", "invited", "settings"
_MOST = 2_000


def why_left(platform: str) -> str:
    """The reason's name when a directory no longer has the person."""
    return f"left:{platform}"


def why_disabled(platform: str) -> str:
    return f"disabled:{platform}"


def keep_out(
    uow: UnitOfWork,
    person: Person,
    why: str,
    now: datetime,
    desk: Desk,
    *,
    actor: str,
    surface: str = "",
    request_id: str = "",
    by: int = 0,
    tell: bool = True,
) -> bool:
    """Bar a person for a reason; those who manage people hear of it, but for `by`. False when it was so already."""
    before = uow.people.bars(person.person_id)
    if why in before:
        return False
    uow.people.bar(person.person_id, why, now)
    uow.binding.burn(now, person_id=person.person_id)
    uow.audit.record(
        AuditEntry(
            now, actor, "people.kept_out", f"person:{person.person_id}", after={"why": why}, surface=surface,
            request_id=request_id,
        )
    )  # fmt: skip
    if before or not person.active:
        return True
    for token in uow.access.everyone():
        if token.person_id == person.person_id and token.revoked_at is None:
            uow.access.revoke(token.id, now)
    void_before(uow, now)
    hand_over(uow, person, now, desk)
    _alerts(uow, person, now)
    if tell:
        kind, _, platform = why.partition(":")
        say = words(desk.lang)
        text = say.left(safe_text(person.name, 20), say.platform(platform) if platform else "", kind)
        tell_admins(uow, desk, text, key=f"{why}:{person.person_id}:{millis(now)}", but=(person.person_id, by))
    return True


def hand_over(uow: UnitOfWork, person: Person, now: datetime, desk: Desk) -> None:
    """Open requests that this person could have decided (`person` as they were) go to who is left; when nobody is, those
    in charge hear of it.
    """
    may = desk.policy.allowed(person.roles)
    for approval in uow.approvals.waiting(limit=_MOST):
        if not approval.steps or May(approval.steps[approval.step]) not in may:
            continue
        if person.shops and approval.shop not in person.shops:
            continue
        remaining = whose_turn(uow, approval, desk)
        uow.outbox.add([redraw(f"approval:{approval.id}", cause=f"left:{person.person_id}:{millis(now)}")])
        if not remaining:
            _nobody_left(uow, approval, person, now, desk)
        elif _was_asked(approval, person, remaining):
            key = f"approval:{approval.id}:left:{person.person_id}:{millis(now)}"
            args = {"id": approval.id, "what": "turn"}
            people = to_mention(remaining)
            uow.outbox.add(send_to(chats_of(uow, approval), "approval_note", args, key=key, people=people, priority=3))


def _was_asked(approval: Approval, person: Person, remaining: list[Person]) -> bool:
    """Whether the turn was this person's by name, or theirs as daily work and now somebody else's: the others must hear."""
    assigned = (approval.facts or {}).get("assigned") or {}
    if assigned.get("step") == approval.step:
        return bool(assigned.get("person_id") == person.person_id)
    return person in to_mention([*remaining, person])


def _nobody_left(uow: UnitOfWork, approval: Approval, person: Person, now: datetime, desk: Desk) -> None:
    say = words(desk.lang)
    step = approval_words(desk.lang).step(approval.steps[approval.step])
    text = say.nobody_left(approval.number, step)
    key = f"nobody:{approval.id}:{person.person_id}:{millis(now)}"
    tell_admins(uow, desk, text, key=key, but=(person.person_id,))
    chats = uow.people.chats_for("tech") or chats_of(uow, approval)
    uow.outbox.add(send_to(chats, "text", {"text": text}, key=key, priority=CRITICAL))


def _alerts(uow: UnitOfWork, person: Person, now: datetime) -> None:
    """What they had claimed is open again, so that its ladder climbs. Claims are by name; a namesake keeps theirs."""
    if any(each.active for each in uow.people.by_name(person.name)):
        return
    for alert in uow.alerts.standing(limit=_MOST):
        if alert.state == AlertState.CLAIMED and alert.claimed_by == person.name:
            saved = uow.alerts.save(unclaim(alert, now, why="left"))
            uow.deadlines.drop(f"alert:{saved.id}", "alert_lapse")
            schedule_flush(uow, saved.group, saved.severity, now)
            redraw_now(uow, saved)
