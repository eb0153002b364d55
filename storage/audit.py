"""The audit chain: each entry's hash covers the one before, and a keyed head says how long the chain is and how it ends.

Edited, removed, inserted or reordered entries break a link; a cut tail contradicts the head; a forged head needs the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from domain.store import AuditEntry
from storage.keys import Keys
from storage.moments import at, dump_clean, load, ms, scrub
from storage.sql import Conn, Row

_START = bytes(32)
_COLUMNS = 'seq,at,actor,action,subject,"before","after",surface,chat_id,request_id'
_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_PAGE = 5_000


def _link(previous: bytes, row: Row) -> bytes:
    return hashlib.sha256(previous + _CANONICAL(row).encode()).digest()


def _head(keys: Keys, seq: int, last: bytes) -> bytes:
    return keys.mac(b"%d:" % seq + last)


class AuditReads:
    def __init__(self, conn: Conn, keys: Keys) -> None:
        self._c = conn
        self._keys = keys

    def of(self, subject: str) -> list[AuditEntry]:
        return [
            AuditEntry(
                at(row[1]), row[2], row[3], row[4], load(row[5]) if row[5] else None, load(row[6]) if row[6] else None,
                row[7], row[8], row[9],
            )
            for row in self._c.all(f"SELECT {_COLUMNS} FROM audit WHERE subject = ? ORDER BY seq", (subject,))
        ]  # fmt: skip

    def verify(self) -> tuple[bool, int, str]:
        """(whole, entries checked, what is wrong and where)."""
        previous, seq = _START, 0
        while True:
            rows = self._c.all(f"SELECT {_COLUMNS},hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", (seq, _PAGE))
            for row in rows:
                if row[0] != seq + 1:
                    return False, seq, f"第 {seq + 1} 条缺失（下一条是第 {row[0]} 条）"
                if _link(previous, row[:10]) != row[10]:
                    return False, seq, f"第 {row[0]} 条被改动过，或它前面的记录被改动过"
                previous, seq = row[10], row[0]
            if len(rows) < _PAGE:
                return self._ends_well(previous, seq)

    def _ends_well(self, last: bytes, seq: int) -> tuple[bool, int, str]:
        head = self._c.one("SELECT seq,hash,mac FROM audit_head WHERE id = 1")
        if head is None:
            return (True, 0, "") if seq == 0 else (False, seq, "链头记录不见了")
        if not hmac.compare_digest(_head(self._keys, head[0], head[1]), head[2]):
            return False, seq, "链头记录被改动过"
        if head[0] > seq:
            return False, seq, f"末尾少了 {head[0] - seq} 条（应有 {head[0]} 条）"
        if head[0] < seq or head[1] != last:
            return False, seq, f"链头停在第 {head[0]} 条，后面的记录不是系统写的"
        return True, seq, ""


class AuditWrites(AuditReads):
    def record(self, entry: AuditEntry) -> None:
        if self._c.pg:
            # Even the first two entries must not both start the chain, so a lock that needs no row.
            self._c.one("SELECT pg_advisory_xact_lock(7262021)")
        head = self._c.one("SELECT seq,hash FROM audit_head WHERE id = 1")
        seq, previous = (head[0] + 1, head[1]) if head else (1, _START)
        row: Row = (
            seq, ms(entry.at), scrub(entry.actor, 200), scrub(entry.action, 200), scrub(entry.subject, 200),
            "" if entry.before is None else dump_clean(entry.before),
            "" if entry.after is None else dump_clean(entry.after),
            scrub(entry.surface, 100), scrub(entry.chat_id, 200), scrub(entry.request_id, 200),
        )  # fmt: skip
        last = _link(previous, row)
        self._c.run(f"INSERT INTO audit({_COLUMNS},hash) VALUES(?,?,?,?,?,?,?,?,?,?,?)", (*row, last))
        self._c.run(
            "INSERT INTO audit_head(id,seq,hash,mac) VALUES(1,?,?,?) ON CONFLICT (id) DO UPDATE SET seq=excluded.seq,"
            " hash=excluded.hash, mac=excluded.mac",
            (seq, last, _head(self._keys, seq, last)),
        )
