"""Counters for the short numbers that people say aloud."""

from __future__ import annotations

from storage.sql import Conn

_NEXT = (
    "INSERT INTO serials(name,value) VALUES(?,1) ON CONFLICT (name) DO UPDATE SET value = serials.value + 1 RETURNING value"
)


def next_serial(conn: Conn, name: str) -> int:
    """1, 2, 3 … per name; on PostgreSQL the row is locked until the commit, so two replicas never share one."""
    row = conn.one(_NEXT, (name,))
    if row is None:
        raise RuntimeError(f"no serial for {name}")
    value: int = row[0]
    return value
