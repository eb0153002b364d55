"""Tokens of people's assistants. The secret is shown once; the store keeps its keyed hash.

A token is its person and never more: rights, shops and warehouses are read anew at each call, so whoever leaves, changes
role or loses a shop takes every token of theirs along.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.assist.budget import minute_of
from domain.errors import BadInput, Refused
from domain.people import Person
from domain.privacy import safe_text
from domain.store import AccessToken, AuditEntry, Reads, Store, UnitOfWork

READ, PROPOSE, PERSONAL = "read", "propose", "personal"
SCOPES = (READ, PROPOSE, PERSONAL)
CALLS_A_MINUTE = 60
LONGEST = 365
_PREFIX = "xd_"


class NotAdmitted(Refused):
    """The token is none of ours, is over, was taken back, or its person is gone. Says no more than that."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom a token stands for, as the store has it now."""

    token: AccessToken
    person: Person


def scopes_of(wanted: list[str]) -> frozenset[str]:
    """read|propose|personal; proposing includes reading. Raises BadInput on anything else."""
    found = frozenset(part.strip() for each in wanted for part in each.split(",") if part.strip())
    if not found or not found <= frozenset(SCOPES):
        raise BadInput(f"--scope 只能是 {'、'.join(SCOPES)}。")
    return found | {READ}


def issue(
    uow: UnitOfWork, person: Person, scopes: frozenset[str], days: int, label: str, now: datetime
) -> tuple[str, AccessToken]:
    """(the secret, shown this once; what is kept). Raises BadInput."""
    if not person.active:
        raise BadInput(f"{safe_text(person.name, 20)} 已经停用，不能发令牌。")
    if not 1 <= days <= LONGEST:
        raise BadInput(f"--days 要在 1 到 {LONGEST} 之间。")
    secret = _PREFIX + secrets.token_urlsafe(32)
    kept = uow.access.issue(
        secret, person.person_id, scopes, safe_text(label, 40), now=now, until=now + timedelta(days=days)
    )
    after = {"person": person.person_id, "scopes": sorted(scopes), "until": kept.expires_at.isoformat()}
    uow.audit.record(AuditEntry(now, "operator", "assistant.token_issued", f"token:{kept.id}", after=after, surface="cli"))
    return secret, kept


def revoke(uow: UnitOfWork, token_id: int, now: datetime) -> bool:
    """False when there is nothing to take back."""
    done = uow.access.revoke(token_id, now)
    if done:
        uow.audit.record(AuditEntry(now, "operator", "assistant.token_revoked", f"token:{token_id}", surface="cli"))
    return done


def admit(reads: Reads | UnitOfWork, secret: str, now: datetime) -> Admitted:
    """Whom this secret stands for. Raises NotAdmitted; the reasons are not told apart to a stranger."""
    token = reads.access.by_secret(secret) if secret.startswith(_PREFIX) and len(secret) < 200 else None
    if token is None:
        raise NotAdmitted("这个令牌不认识。请管理员用 xiaodan mcp token 重新发一个。")
    person = reads.people.by_id(token.person_id)
    if token.revoked_at is not None or now >= token.expires_at or person is None or not person.active:
        raise NotAdmitted("这个令牌已经失效。请管理员用 xiaodan mcp token 重新发一个。")
    return Admitted(token, person)


async def enter(store: Store, secret: str, now: datetime) -> Admitted:
    """Admit one call and count it. Raises NotAdmitted, and Refused when the minute's calls are used up."""

    def work(uow: UnitOfWork) -> tuple[Admitted, int]:
        found = admit(uow, secret, now)
        name = f"assistant:{found.token.id}"
        used = uow.usage.add(name, minute_of(now), requests=1)
        if used.requests == 1:
            uow.usage.forget(name, minute_of(now - timedelta(hours=1)))
        uow.access.used(found.token.id, now)
        return found, used.requests

    found, calls = await store.write(work)
    if calls > CALLS_A_MINUTE:
        raise Refused(f"问得太快了，一分钟最多 {CALLS_A_MINUTE} 次，稍后再来。")
    return found
