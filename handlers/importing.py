"""Orders from a file into the store: batch by batch, each with its position in the same commit.

A killed import goes on where the last commit left it; importing the same file again writes nothing, because equal orders
change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.order import Order
from domain.store import UnitOfWork
from handlers.desk import Desk
from handlers.router import Router
from handlers.sync import apply


class OrderBatch(Protocol):
    """What a reader of files gives: some orders and how many of the file's orders are behind us with them."""

    @property
    def orders(self) -> Sequence[Order]: ...
    @property
    def position(self) -> int: ...


@dataclass(slots=True)
class Imported:
    """What an import did so far."""

    orders: int = 0
    lines: int = 0
    changed: int = 0
    resumed_at: int = 0


def cursor_name(identity: str, shop: str) -> str:
    """Where the position of one file, one map and one shop is kept."""
    return f"import:{shop}:{identity}"


def position(desk: Desk, identity: str, shop: str) -> int:
    """Orders of this file that are already in from a run that was cut off; 0 for a new or a finished one."""
    kept = desk.store.read_now(lambda r: r.cursors.get(cursor_name(identity, shop)))
    return int(kept) if kept and kept.isdigit() else 0


def take_in(
    batches: Iterator[OrderBatch], desk: Desk, router: Router, *, identity: str, shop: str, file_name: str
) -> Iterator[Imported]:
    """Write the batches; yields the running totals after each commit. Raises what the store raises, nothing half done."""
    name = cursor_name(identity, shop)
    total = Imported(resumed_at=position(desk, identity, shop))
    for batch in batches:
        now = desk.clock.now()

        def work(uow: UnitOfWork, batch: OrderBatch = batch, now: datetime = now) -> int:
            changed = apply(
                uow, batch.orders, now=now, surface="file", cause=f"file:{file_name[:80]}", desk=desk, router=router
            )
            uow.cursors.put(name, str(batch.position))
            return changed

        total.changed += desk.store.write_now(work)
        total.orders += len(batch.orders)
        total.lines += sum(len(order.lines) for order in batch.orders)
        yield total
    desk.store.write_now(lambda u: u.cursors.put(name, "done"))
    yield total
