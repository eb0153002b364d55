"""Stock levels and the ledger they are the sum of. A reservation can never take more than is available: one conditional
statement checks and takes at once, whoever else is writing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from domain.errors import BadInput, Refused
from domain.store import Stock, StockMove
from storage.moments import at, at_or_none, ms, ms_or_none, scrub
from storage.sql import Conn, Row

_COLUMNS = "sku,warehouse,on_hand,reserved,frozen,safety,in_transit,title,updated_at"
_SELECT = f"SELECT {_COLUMNS} FROM stock "
# kind -> sign of (on_hand, reserved, frozen)
_EFFECT = {
    "receive": (1, 0, 0), "return": (1, 0, 0), "adjust": (1, 0, 0), "reserve": (0, 1, 0), "release": (0, -1, 0),
    "ship": (-1, 0, 0), "freeze": (0, 0, 1), "unfreeze": (0, 0, -1),
}  # fmt: skip
_NOTE = (
    "INSERT INTO stock_ledger(key,sku,warehouse,kind,quantity,on_hand,reserved,frozen,at,order_id,actor)"
    " VALUES(?,?,?,?,?,0,0,0,?,?,?) ON CONFLICT (key) DO NOTHING"
)
_APPLY = (
    "UPDATE stock SET on_hand = on_hand + ?, reserved = reserved + ?, frozen = frozen + ?, updated_at = ?"
    " WHERE sku = ? AND warehouse = ?"
)
_IF_AVAILABLE = " AND on_hand - reserved - frozen >= ?"
_DELTAS = "UPDATE stock_ledger SET on_hand = ?, reserved = ?, frozen = ? WHERE key = ?"


def _read(row: Row) -> Stock:
    return Stock(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], at_or_none(row[8]))


class StockReads:
    def __init__(self, conn: Conn) -> None:
        self._c = conn

    def level(self, sku: str, warehouse: str) -> Stock | None:
        row = self._c.one(_SELECT + "WHERE sku = ? AND warehouse = ?", (sku, warehouse))
        return _read(row) if row else None

    def levels(self, *, sku: str = "", warehouse: str = "", limit: int = 200) -> list[Stock]:
        return [
            _read(row)
            for row in self._c.all(
                _SELECT + "WHERE (? = '' OR sku = ?) AND (? = '' OR warehouse = ?) ORDER BY sku,warehouse LIMIT ?",
                (sku, sku, warehouse, warehouse, limit),
            )
        ]

    def moves(self, sku: str, warehouse: str, since: datetime) -> list[StockMove]:
        return [
            StockMove(row[0], row[1], row[2], row[3], row[4], at(row[5]), row[6], row[7])
            for row in self._c.all(
                "SELECT sku,warehouse,kind,quantity,key,at,order_id,actor FROM stock_ledger"
                " WHERE sku = ? AND warehouse = ? AND at >= ? ORDER BY at,id",
                (sku, warehouse, ms(since)),
            )
        ]

    def of_order(self, order_id: int) -> list[StockMove]:
        return [
            StockMove(row[0], row[1], row[2], row[3], row[4], at(row[5]), row[6], row[7])
            for row in self._c.all(
                "SELECT sku,warehouse,kind,quantity,key,at,order_id,actor FROM stock_ledger WHERE order_id = ? ORDER BY id",
                (order_id,),
            )
        ]

    def search(self, text: str, *, limit: int = 8) -> list[Stock]:
        pattern = "%" + text.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return [
            _read(row)
            for row in self._c.all(
                _SELECT + "WHERE LOWER(sku) LIKE ? ESCAPE '\\' OR LOWER(title) LIKE ? ESCAPE '\\'"
                " ORDER BY CASE WHEN LOWER(sku) = ? THEN 0 ELSE 1 END, sku, warehouse LIMIT ?",
                (pattern, pattern, text.strip().lower(), limit),
            )
        ]


class StockWrites(StockReads):
    def move(self, moves: Sequence[StockMove]) -> list[Stock]:
        touched: dict[tuple[str, str], None] = {}
        # One order of locking for everybody, so that two replicas never wait for each other in a circle.
        for one in sorted(moves, key=lambda move: (move.sku, move.warehouse)):
            self._move(one)
            touched[one.sku, one.warehouse] = None
        levels = (self.level(sku, warehouse) for sku, warehouse in touched)
        return [one for one in levels if one is not None]

    def define(self, stock: Stock) -> None:
        self._c.run(
            "INSERT INTO stock(sku,warehouse,on_hand,reserved,frozen,safety,in_transit,title,updated_at)"
            " VALUES(?,?,0,0,0,?,?,?,?) ON CONFLICT (sku,warehouse) DO UPDATE SET safety=excluded.safety,"
            " in_transit=excluded.in_transit, title=excluded.title,"
            " updated_at=COALESCE(excluded.updated_at, stock.updated_at)",
            (
                stock.sku,
                stock.warehouse,
                stock.safety,
                stock.in_transit,
                scrub(stock.title, 500),
                ms_or_none(stock.updated_at),
            ),
        )

    def _move(self, move: StockMove) -> None:
        signs = _EFFECT.get(move.kind)
        if signs is None:
            raise BadInput(f"不认识的库存动作：{move.kind}")
        if move.quantity < 0 and move.kind != "adjust":
            raise BadInput("库存数量不能是负数，要调减请用盘点（adjust）。")
        known = self._c.run(
            _NOTE,
            (move.key, move.sku, move.warehouse, move.kind, move.quantity, ms(move.at), move.order_id, scrub(move.actor)),
        )
        if known == 0:
            return
        self._c.run(
            "INSERT INTO stock(sku,warehouse) VALUES(?,?) ON CONFLICT DO NOTHING",
            (move.sku, move.warehouse),
        )
        deltas = tuple(sign * move.quantity for sign in signs)
        if move.kind in {"release", "unfreeze", "ship"}:
            deltas = self._given_back(move)
        params: tuple[object, ...] = (*deltas, ms(move.at), move.sku, move.warehouse)
        guarded = move.kind in {"reserve", "freeze"}
        if guarded:
            params = (*params, move.quantity)
        if self._c.run(_APPLY + (_IF_AVAILABLE if guarded else ""), params) == 0:
            raise Refused(self._short(move))
        self._c.run(_DELTAS, (*deltas, move.key))

    def _given_back(self, move: StockMove) -> tuple[int, int, int]:
        """A release never gives back more than is held; a shipment uses up its own order's reservation."""
        level = self._c.one(
            "SELECT reserved,frozen FROM stock WHERE sku = ? AND warehouse = ?" + (" FOR UPDATE" if self._c.pg else ""),
            (move.sku, move.warehouse),
        )
        reserved, frozen = level or (0, 0)
        if move.kind == "unfreeze":
            return (0, 0, -min(move.quantity, frozen))
        held = reserved
        if move.order_id:
            row = self._c.one(
                "SELECT CAST(COALESCE(SUM(reserved), 0) AS BIGINT) FROM stock_ledger"
                " WHERE order_id = ? AND sku = ? AND warehouse = ?",
                (move.order_id, move.sku, move.warehouse),
            )
            held = min(held, row[0] if row else 0)
        elif move.kind == "ship":
            held = 0
        back = -max(min(move.quantity, held), 0)
        return (-move.quantity if move.kind == "ship" else 0, back, 0)

    def _short(self, move: StockMove) -> str:
        level = self.level(move.sku, move.warehouse)
        left = max(level.available, 0) if level else 0
        return f"{move.sku} 在{move.warehouse}只剩 {left} 件可用，不够 {move.quantity} 件。"
