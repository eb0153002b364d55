"""Approvals and their decisions. `private` is sealed; a second open approval with the same key is the first one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.approval import OPEN
from domain.errors import Stale
from domain.ids import ticket
from domain.money import Money
from domain.store import Approval, Decision
from storage.keys import Keys
from storage.moments import at, at_or_none, dump, dump_clean, load, ms, ms_or_none, scrub, tuple_of, words
from storage.serials import next_serial
from storage.sql import Conn, Row

APPROVAL_COLUMNS = (
    "id,number,kind,state,channel,shop,order_id,order_number,subject,amount,currency,requester_id,requester_name,created_at,"
    "version,steps,step,fingerprint,rule,key,facts,private,due_at,execute_at,executed_at,result"
)
_SELECT = f"SELECT {APPROVAL_COLUMNS} FROM approvals "
_OF_ORDER = _SELECT + "WHERE order_id = ? AND open = 1 ORDER BY id"
_INSERT = f"INSERT INTO approvals({APPROVAL_COLUMNS},open) VALUES({','.join('?' * 27)}) ON CONFLICT DO NOTHING"
_CHANGING = [name for name in APPROVAL_COLUMNS.split(",") if name not in {"id", "number"}]
_UPDATE = f"UPDATE approvals SET {','.join(f'{name}=?' for name in _CHANGING)},open=? WHERE id=? AND version=?"
DECISION_COLUMNS = "step,person_id,person_name,verdict,at,surface,chat_id,note,event_id"
_DECISIONS = f"SELECT {DECISION_COLUMNS} FROM decisions WHERE approval_id = ? ORDER BY n"
_DECIDE = f"INSERT INTO decisions(approval_id,n,{DECISION_COLUMNS}) VALUES({','.join('?' * 11)})"


def where(approval_id: int) -> bytes:
    return b"approvals:%d" % approval_id


def read_decision(row: Row) -> Decision:
    return Decision(row[0], row[1], row[2], row[3], at(row[4]), row[5], row[6], row[7], row[8])


def read_approval(row: Row, decisions: list[Row], keys: Keys) -> Approval:
    private = load(keys.open(row[21], where(row[0]))) if row[21] is not None else None
    return Approval(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], Money(row[9], row[10]), row[11], row[12],
        at(row[13]), row[14], tuple_of(row[15]), row[16], tuple([read_decision(one) for one in decisions]), row[17], row[18],
        row[19], load(row[20]), at_or_none(row[22]), at_or_none(row[23]), at_or_none(row[24]), row[25], private,
    )  # fmt: skip


class ApprovalReads:
    def __init__(self, conn: Conn, keys: Keys) -> None:
        self._c = conn
        self._keys = keys

    def get(self, approval_id: int) -> Approval | None:
        return self._first("WHERE id = ?", approval_id)

    def by_number(self, number: str) -> Approval | None:
        return self._first("WHERE id = ?", _serial(number, "A"))

    def open_for(self, order_id: int, kind: str) -> Approval | None:
        return self._first("WHERE order_id = ? AND kind = ? AND open = 1 ORDER BY id LIMIT 1", order_id, kind)

    def by_subject(self, channel: str, shop: str, subject: str) -> list[Approval]:
        return self._many("WHERE subject = ? AND channel = ? AND shop = ? ORDER BY id", subject, channel, shop)

    def waiting(self, *, limit: int = 50) -> list[Approval]:
        return self._many("WHERE open = 1 AND state IN ('waiting','escalated') ORDER BY id LIMIT ?", limit)

    def drafts_of(self, order_id: int, requester_id: int) -> list[Approval]:
        tail = "WHERE order_id = ? AND state = 'draft' AND requester_id = ? ORDER BY id"
        return self._many(tail, order_id, requester_id)

    def open_of_order(self, order_id: int) -> tuple[Approval, ...]:
        rows = self._c.all(_OF_ORDER, (order_id,))
        return tuple([self._read(row) for row in rows]) if rows else ()

    def _read(self, row: Row) -> Approval:
        return read_approval(row, self._c.all(_DECISIONS, (row[0],)), self._keys)

    def _first(self, tail: str, *params: Any) -> Approval | None:
        row = self._c.one(_SELECT + tail, params)
        return self._read(row) if row else None

    def _many(self, tail: str, *params: Any) -> list[Approval]:
        return [self._read(row) for row in self._c.all(_SELECT + tail, params)]


class ApprovalWrites(ApprovalReads):
    def add(self, approval: Approval) -> Approval:
        """Assigns id and number; an open one with the same key is returned instead."""
        known = self._open_with(approval.key)
        if known:
            return known
        serial = next_serial(self._c, "approval")
        added = replace(approval, id=serial, number=ticket("A", serial), version=1)
        if self._c.run(_INSERT, self._row(added)) == 0:
            known = self._open_with(approval.key)
            if known is None:
                raise Stale(f"approval {serial}")
            return known
        self._decide(serial, 0, added.decisions)
        return added

    def save(self, approval: Approval) -> Approval:
        saved = replace(approval, version=approval.version + 1)
        row = self._row(saved)
        if self._c.run(_UPDATE, (*row[2:], saved.id, approval.version)) == 0:
            raise Stale(f"approval {approval.id}")
        known = self._c.one("SELECT COUNT(*) FROM decisions WHERE approval_id = ?", (saved.id,))
        count = known[0] if known else 0
        self._decide(saved.id, count, saved.decisions[count:])
        return saved

    def _open_with(self, key: str) -> Approval | None:
        return self._first("WHERE key = ? AND open = 1", scrub(key)) if key else None

    def _decide(self, approval_id: int, start: int, decisions: tuple[Decision, ...]) -> None:
        for n, one in enumerate(decisions, start):
            self._c.run(
                _DECIDE,
                (approval_id, n, one.step, one.person_id, scrub(one.person_name), one.verdict, ms(one.at), one.surface,
                 one.chat_id, scrub(one.note, 1_000), one.event_id),
            )  # fmt: skip

    def _row(self, one: Approval) -> tuple[Any, ...]:
        sealed = (
            None if one.private is None else self._keys.seal(dump(one.private).encode("utf-8", "replace"), where(one.id))
        )
        is_open = 1 if one.state in OPEN else 0
        # An empty key would make all keyless approvals one: each gets its own.
        key = scrub(one.key) or f"approval:{one.id}"
        return (
            one.id, one.number, one.kind, one.state, one.channel, one.shop, one.order_id, scrub(one.order_number),
            scrub(one.subject), one.amount.minor, one.amount.currency, one.requester_id, scrub(one.requester_name),
            ms(one.created_at), one.version, words(one.steps), one.step, one.fingerprint, one.rule, key,
            dump_clean(one.facts), sealed, ms_or_none(one.due_at), ms_or_none(one.execute_at), ms_or_none(one.executed_at),
            scrub(one.result, 2_000), is_open,
        )  # fmt: skip


def _serial(number: str, prefix: str) -> int:
    text = number.strip().upper()
    digits = text.removeprefix(prefix)
    return int(digits) if text.startswith(prefix) and digits.isascii() and digits.isdigit() and len(digits) < 18 else 0


serial_of = _serial
