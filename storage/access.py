"""Tokens of people's assistants, and shared budgets: what was used in a window of time, by all replicas together."""

from __future__ import annotations

from datetime import datetime

from domain.store import AccessToken, Used
from storage.keys import Keys
from storage.moments import at, at_or_none, dump, load, ms, scrub
from storage.sql import Conn, Row

_ROW = "SELECT id,person_id,scopes,label,created_at,expires_at,revoked_at,last_used_at FROM access_tokens "


def _mark(keys: Keys, secret: str) -> bytes:
    return keys.mark("access-token", secret)


def _token(row: Row) -> AccessToken:
    return AccessToken(
        row[0], row[1], frozenset(load(row[2])), row[3], at(row[4]), at(row[5]), at_or_none(row[6]), at_or_none(row[7])
    )


class AccessReads:
    def __init__(self, conn: Conn, keys: Keys) -> None:
        self._c = conn
        self._keys = keys

    def by_secret(self, secret: str) -> AccessToken | None:
        row = self._c.one(_ROW + "WHERE mark = ?", (_mark(self._keys, secret),))
        return _token(row) if row else None

    def by_id(self, token_id: int) -> AccessToken | None:
        row = self._c.one(_ROW + "WHERE id = ?", (token_id,))
        return _token(row) if row else None

    def everyone(self) -> list[AccessToken]:
        return [_token(row) for row in self._c.all(_ROW + "ORDER BY id")]


class AccessWrites(AccessReads):
    def issue(
        self, secret: str, person_id: int, scopes: frozenset[str], label: str, *, now: datetime, until: datetime
    ) -> AccessToken:
        """Keeps the hash of the secret, never the secret."""
        self._c.run(
            "INSERT INTO access_tokens(mark,person_id,scopes,label,created_at,expires_at) VALUES(?,?,?,?,?,?)",
            (_mark(self._keys, secret), person_id, dump(sorted(scopes)), scrub(label, 60), ms(now), ms(until)),
        )
        made = self.by_secret(secret)
        if made is None:
            raise RuntimeError("the token was not kept")
        return made

    def revoke(self, token_id: int, now: datetime) -> bool:
        """False when there is no such token, or it was revoked before."""
        return bool(
            self._c.run("UPDATE access_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (ms(now), token_id))
        )

    def used(self, token_id: int, now: datetime) -> None:
        self._c.run("UPDATE access_tokens SET last_used_at = ? WHERE id = ?", (ms(now), token_id))


class UsageReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def of(self, name: str, period: str) -> Used:
        row = self._c.one("SELECT requests,tokens,cost FROM usage WHERE name = ? AND period = ?", (name, period))
        return Used(*row) if row else Used()

    def named(self, prefix: str, period: str) -> dict[str, Used]:
        rows = self._c.all(
            "SELECT name,requests,tokens,cost FROM usage WHERE substr(name,1,CAST(? AS INTEGER)) = ? AND period = ?"
            " ORDER BY name",
            (len(prefix), prefix, period),
        )
        return {row[0].removeprefix(prefix): Used(*row[1:]) for row in rows}


class UsageWrites(UsageReads):
    def add(self, name: str, period: str, *, requests: int = 0, tokens: int = 0, cost: int = 0) -> Used:
        """Adds, and gives what the window holds afterwards. The row stays locked until the commit."""
        self._c.run(
            "INSERT INTO usage(name,period,requests,tokens,cost) VALUES(?,?,?,?,?) ON CONFLICT (name,period) DO UPDATE SET"
            " requests=usage.requests+excluded.requests, tokens=usage.tokens+excluded.tokens, cost=usage.cost+excluded.cost",
            (name, period, requests, tokens, cost),
        )
        return self.of(name, period)

    def forget(self, name: str, before: str) -> None:
        """Windows of this name that sort before `before`."""
        self._c.run("DELETE FROM usage WHERE name = ? AND period < ?", (name, before))
