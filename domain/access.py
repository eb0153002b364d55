"""What storage keeps for people's assistants (tokens) and for budgets that all replicas share. Part of `domain.store`."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from domain.records import AccessToken, Used


class AccessTokens(Protocol):
    def by_secret(self, secret: str) -> AccessToken | None: ...

    def by_id(self, token_id: int) -> AccessToken | None: ...

    def everyone(self) -> list[AccessToken]: ...


class AccessTokenWrites(AccessTokens, Protocol):
    def issue(
        self, secret: str, person_id: int, scopes: frozenset[str], label: str, *, now: datetime, until: datetime
    ) -> AccessToken: ...

    def revoke(self, token_id: int, now: datetime) -> bool:
        """False when there is no such token, or it was revoked before."""
        ...

    def used(self, token_id: int, now: datetime) -> None: ...


class Usage(Protocol):
    """Budgets shared by all replicas: what `name` used in `period`, text that sorts by time: 2026-11-22T03:14."""

    def of(self, name: str, period: str) -> Used: ...

    def named(self, prefix: str, period: str) -> dict[str, Used]:
        """Every budget whose name begins with `prefix`, by the rest of its name."""
        ...


class UsageWrites(Usage, Protocol):
    def add(self, name: str, period: str, *, requests: int = 0, tokens: int = 0, cost: int = 0) -> Used:
        """Adds (or takes back), and gives what the window holds afterwards; nobody adds in between."""
        ...

    def forget(self, name: str, before: str) -> None:
        """Windows of this name that sort before `before`."""
        ...
