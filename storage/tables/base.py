"""Column shorthands shared by the table modules."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"},
)
# SQLite gives only a column declared INTEGER PRIMARY KEY the row's own key; every other integer there is 64-bit anyway.
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def key(name: str) -> sa.Column[Any]:
    """A 64-bit primary key that we compute."""
    return sa.Column(name, _KEY, primary_key=True, autoincrement=False)


def serial(name: str) -> sa.Column[Any]:
    """A 64-bit primary key that the database counts."""
    return sa.Column(name, _KEY, primary_key=True, autoincrement=True)


def part(name: str, kind: Any = sa.BigInteger) -> sa.Column[Any]:
    """Part of a composite primary key."""
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def moment(name: str) -> sa.Column[Any]:
    """Milliseconds since 1970 UTC, or nothing."""
    return sa.Column(name, sa.BigInteger, nullable=True)


def blob(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)
