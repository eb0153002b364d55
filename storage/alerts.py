"""Alerts: at most one unresolved per fingerprint."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.errors import Stale
from domain.ids import ticket
from domain.store import Alert
from storage.approvals import serial_of
from storage.moments import at, at_or_none, dump, dump_clean, load, ms, ms_or_none, scrub
from storage.serials import next_serial
from storage.sql import Conn, Row

_COLUMNS = (
    "id,number,rule,rule_version,fingerprint,grp,severity,state,title,facts,order_ids,first_at,last_at,count,version,"
    "claimed_by,claimed_at,snoozed_until,resolved_at,sent_at,useful,route"
)
_SELECT = f"SELECT {_COLUMNS} FROM alerts "
_INSERT = f"INSERT INTO alerts({_COLUMNS}) VALUES({','.join('?' * 22)}) ON CONFLICT DO NOTHING"
_CHANGING = [name for name in _COLUMNS.split(",") if name not in {"id", "number"}]
_UPDATE = f"UPDATE alerts SET {','.join(f'{name}=?' for name in _CHANGING)} WHERE id=? AND version=?"
_OPEN = "state <> 'resolved'"


def _read(row: Row) -> Alert:
    return Alert(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], load(row[9]), tuple(load(row[10])),
        at(row[11]), at(row[12]), row[13], row[14], row[15], at_or_none(row[16]), at_or_none(row[17]), at_or_none(row[18]),
        at_or_none(row[19]), row[20], row[21],
    )  # fmt: skip


class AlertReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def get(self, alert_id: int) -> Alert | None:
        return self._first("WHERE id = ?", alert_id)

    def by_number(self, number: str) -> Alert | None:
        return self._first("WHERE id = ?", serial_of(number, "K"))

    def open_by_fingerprint(self, fingerprint: str) -> Alert | None:
        return self._first(f"WHERE fingerprint = ? AND {_OPEN}", scrub(fingerprint))

    def standing(self, *, route: str = "", limit: int = 200) -> list[Alert]:
        if route:
            return self._many(f"WHERE {_OPEN} AND route = ? ORDER BY id LIMIT ?", route, limit)
        return self._many(f"WHERE {_OPEN} ORDER BY id LIMIT ?", limit)

    def unsent(self, group: str, *, limit: int = 20_000) -> list[Alert]:
        return self._many(f"WHERE grp = ? AND sent_at IS NULL AND {_OPEN} ORDER BY id LIMIT ?", scrub(group), limit)

    def history(self, rule: str, since: datetime) -> list[Alert]:
        return self._many("WHERE rule = ? AND last_at >= ? ORDER BY last_at,id", rule, ms(since))

    def _first(self, tail: str, *params: Any) -> Alert | None:
        row = self._c.one(_SELECT + tail, params)
        return _read(row) if row else None

    def _many(self, tail: str, *params: Any) -> list[Alert]:
        return [_read(row) for row in self._c.all(_SELECT + tail, params)]


class AlertWrites(AlertReads):
    def add(self, alert: Alert) -> Alert:
        """Assigns id and number; an unresolved one with the same fingerprint is returned instead."""
        known = self.open_by_fingerprint(alert.fingerprint)
        if known:
            return known
        serial = next_serial(self._c, "alert")
        added = replace(alert, id=serial, number=ticket("K", serial), version=1)
        if self._c.run(_INSERT, self._row(added)) == 0:
            known = self.open_by_fingerprint(alert.fingerprint)
            if known is None:
                raise Stale(f"alert {serial}")
            return known
        return added

    def save(self, alert: Alert) -> Alert:
        saved = replace(alert, version=alert.version + 1)
        if self._c.run(_UPDATE, (*self._row(saved)[2:], saved.id, alert.version)) == 0:
            raise Stale(f"alert {alert.id}")
        return saved

    def _row(self, one: Alert) -> tuple[Any, ...]:
        return (
            one.id, one.number, one.rule, one.rule_version, scrub(one.fingerprint), scrub(one.group), one.severity,
            one.state, scrub(one.title, 500), dump_clean(one.facts), dump(list(one.order_ids)), ms(one.first_at),
            ms(one.last_at), one.count, one.version, scrub(one.claimed_by), ms_or_none(one.claimed_at),
            ms_or_none(one.snoozed_until), ms_or_none(one.resolved_at), ms_or_none(one.sent_at), one.useful, one.route,
        )  # fmt: skip
