"""One-time binding codes as keyed hashes, and the wrong guesses at them."""

from __future__ import annotations

from datetime import datetime

from domain.binding import BindingCode, Tries
from storage.keys import Keys
from storage.moments import at, at_or_none, ms, ms_or_none, scrub
from storage.sql import Conn

_ROW = "person_id,purpose,issued_by,issued_at,until,used_at"


class BindingWrites:
    """Everything here is part of a decision, so it is only reachable inside a writing unit of work."""

    def __init__(self, conn: Conn, keys: Keys) -> None:
        self._c = conn
        self._keys = keys

    def issue(self, code: str, given: BindingCode) -> bool:
        """Keep the hash of a code. False when the same six digits are out already: take others."""
        self._c.run("DELETE FROM binding_codes WHERE until < ?", (ms(given.issued_at) - 86_400_000,))
        return bool(
            self._c.run(
                f"INSERT INTO binding_codes(mark,{_ROW}) VALUES(?,?,?,?,?,?,?) ON CONFLICT (mark) DO NOTHING",
                (self._mark(code), given.person_id, given.purpose, given.issued_by, ms(given.issued_at), ms(given.until),
                 ms_or_none(given.used_at)),
            )
        )  # fmt: skip

    def take(self, code: str, now: datetime) -> BindingCode | None:
        """Use a code up. None when it is unknown, expired or used: of two at once, one gets it."""
        row = self._c.one(
            f"UPDATE binding_codes SET used_at = ? WHERE mark = ? AND used_at IS NULL AND until > ? RETURNING {_ROW}",
            (ms(now), self._mark(code), ms(now)),
        )
        return BindingCode(row[0], row[1], row[2], at(row[3]), at(row[4]), at_or_none(row[5])) if row else None

    def burn(self, now: datetime, *, person_id: int = 0, purpose: str = "") -> int:
        """Codes that are out become useless: of one person, or (0) everybody's. How many."""
        return self._c.run(
            "UPDATE binding_codes SET used_at = ? WHERE used_at IS NULL AND until > ?"
            " AND (? = 0 OR person_id = ?) AND (? = '' OR purpose = ?)",
            (ms(now), ms(now), person_id, person_id, purpose, purpose),
        )

    def issued_since(self, since: datetime, *, person_id: int = 0, issued_by: int | None = None, purpose: str = "") -> int:
        """How many codes were made since then: for a person, or by one."""
        row = self._c.one(
            "SELECT COUNT(*) FROM binding_codes WHERE issued_at >= ? AND (? = 0 OR person_id = ?)"
            " AND (? < 0 OR issued_by = ?) AND (? = '' OR purpose = ?)",
            (ms(since), person_id, person_id, -1 if issued_by is None else issued_by, issued_by or 0, purpose, purpose),
        )
        return int(row[0]) if row else 0

    def tries(self, name: str) -> Tries:
        row = self._c.one("SELECT count,since,locked_until FROM guesses WHERE name = ?", (scrub(name),))
        return Tries(row[0], at_or_none(row[1]), at_or_none(row[2])) if row else Tries()

    def put_tries(self, name: str, tries: Tries) -> None:
        self._c.run(
            "INSERT INTO guesses(name,count,since,locked_until) VALUES(?,?,?,?) ON CONFLICT (name) DO UPDATE SET"
            " count=excluded.count, since=excluded.since, locked_until=excluded.locked_until",
            (scrub(name), tries.count, ms_or_none(tries.since), ms_or_none(tries.locked_until)),
        )

    def forget_tries(self, name: str) -> None:
        self._c.run("DELETE FROM guesses WHERE name = ?", (scrub(name),))

    def _mark(self, code: str) -> bytes:
        return self._keys.mark("binding-code", code)
