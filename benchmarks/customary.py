"""What most programs would do: SQLAlchemy on an asynchronous driver. Anchors that we want to be well ahead of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, relationship, selectinload

from benchmarks import floor

_KINDS: dict[str, type[sa.types.TypeEngine[Any]]] = {"bigint": sa.BigInteger, "text": sa.Text, "bytea": sa.LargeBinary}
_KEYS = {"orders": {"id"}, "lines": {"order_id", "line_no"}, "events": {"order_id", "kind", "at"}, "outbox": {"id"}}
_METADATA = sa.MetaData()


def _table(name: str, columns: dict[str, str]) -> sa.Table:
    parent = (sa.ForeignKey("orders.id"),) if name in {"lines", "events"} else ()
    made = [sa.Column("id", sa.Integer, primary_key=True)] if name == "outbox" else []
    made += [
        sa.Column(one, _KINDS[kind], *(parent if one == "order_id" else ()), primary_key=one in _KEYS[name])
        for one, kind in columns.items()
    ]
    return sa.Table(name, _METADATA, *made)


ORDERS, LINES, EVENTS, OUTBOX = (_table(name, columns) for name, columns in floor.TABLES)
_BY_NUMBER = sa.select(ORDERS).where(ORDERS.c.order_no == sa.bindparam("key"))
_LINES_OF = sa.select(LINES).where(LINES.c.order_id == sa.bindparam("key"))
_EVENTS_OF = sa.select(EVENTS).where(EVENTS.c.order_id == sa.bindparam("key")).order_by(EVENTS.c.at)


def _pragmas(engine: AsyncEngine) -> AsyncEngine:
    @sa.event.listens_for(engine.sync_engine, "connect")
    def _(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for one in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "mmap_size=268435456"):
            cursor.execute(f"PRAGMA {one}")
        cursor.close()

    return engine


def core_sqlite(path: Path) -> CoreCard:
    return CoreCard(_pragmas(create_async_engine(f"sqlite+aiosqlite:///{path}")))


class CoreCard:
    """Core: one answer's three reads, and one order's four upserts with a commit of its own."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        head = insert(ORDERS)
        moved = ("status", "updated_at", "amount", "waybill", "buyer_mask", "region")
        self._upserts = (
            head.on_conflict_do_update(
                index_elements=["id"], set_={name: head.excluded[name] for name in moved},
                where=head.excluded.updated_at > ORDERS.c.updated_at,
            ),
            insert(LINES).on_conflict_do_nothing(),
            insert(EVENTS).on_conflict_do_nothing(),
            insert(OUTBOX),
        )  # fmt: skip

    async def card(self, key: Any) -> object:
        async with self._engine.connect() as raw:
            head = (await raw.execute(_BY_NUMBER, {"key": key})).one()
            lines = (await raw.execute(_LINES_OF, {"key": head[0]})).all()
            return head, lines, (await raw.execute(_EVENTS_OF, {"key": head[0]})).all()

    async def write(self, batch: floor.Batch) -> None:
        async with self._engine.begin() as raw:
            for statement, (_, columns), rows in zip(self._upserts, floor.TABLES, batch, strict=True):
                await raw.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows])

    async def close(self) -> None:
        await self._engine.dispose()


class _Base(DeclarativeBase):
    pass


class _Line(_Base):
    __table__ = LINES


class _Event(_Base):
    __table__ = EVENTS


class _Order(_Base):
    __table__ = ORDERS
    lines: Mapped[list[_Line]] = relationship(_Line)
    events: Mapped[list[_Event]] = relationship(_Event)


class OrmCard:
    """The ORM with eager loading, a session per answer."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        self._statement = sa.select(_Order).options(selectinload(_Order.lines), selectinload(_Order.events))

    async def card(self, key: Any) -> object:
        async with AsyncSession(self._engine) as session:
            return (await session.scalars(self._statement.where(ORDERS.c.order_no == key))).one()

    async def close(self) -> None:
        await self._engine.dispose()
