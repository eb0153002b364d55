"""B13: the poll of deadlines when nothing is due, and a thousand orders whose ship-by passes at once.

Ours is the relay's own work: due rows taken, each order looked at again against the rules, alerts raised and grouped, and
the group's card queued. Anchor: a lean table of deadlines with a partial index, polled; a thousand due rows fetched, marked
and written into a plain outbox.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from benchmarks import floor
from benchmarks.cast import GROUP
from benchmarks.desk import ROUTER, Inline, desk_of, driven
from benchmarks.ground import Ground
from benchmarks.measure import US, Latencies, Line, alternate, check, each_timed, line, neat, ratio, spread
from benchmarks.orders import END, order
from domain.clock import ManualClock
from domain.order import Order, Stage
from domain.store import BoundChat, Deadline
from handlers.sync import apply
from scheduler.relay import Relay
from storage import SqlStore, open_store

DUE = 1_000
_LEAN = (
    "CREATE TABLE sla(order_id INTEGER, kind INTEGER, due INTEGER, done INTEGER, PRIMARY KEY(order_id,kind)) WITHOUT ROWID",
    "CREATE INDEX ix ON sla(due) WHERE done IS NULL",
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY, topic TEXT, order_id INTEGER, at INTEGER, payload TEXT)",
)
_POLL = "SELECT order_id,kind FROM sla WHERE done IS NULL AND due <= ? ORDER BY due LIMIT 1000"
_LATER = END + timedelta(days=400)


class _Lean:
    """The anchor's table with as many pending rows."""

    def __init__(self, path: Path, pending: int) -> None:
        self.raw = floor.open_sqlite(path)
        for statement in _LEAN:
            self.raw.execute(statement)
        order_of = list(range(pending))
        random.Random(1).shuffle(order_of)
        later = int(_LATER.timestamp())
        self.raw.execute("BEGIN")
        self.raw.executemany("INSERT INTO sla VALUES(?,1,?,NULL)", ((n, later + due) for n, due in enumerate(order_of)))
        self.raw.execute("COMMIT")
        self._next = pending

    def poll(self, now: int) -> list[sqlite3.Row]:
        return self.raw.execute(_POLL, (now,)).fetchall()

    def fall_due(self) -> float:
        """Seconds for a thousand: they are put there first, unmeasured."""
        now = int(END.timestamp())
        rows = [(self._next + n, 1, now - n, None) for n in range(DUE)]
        self._next += DUE
        self.raw.execute("BEGIN")
        self.raw.executemany("INSERT INTO sla VALUES(?,?,?,?)", rows)
        self.raw.execute("COMMIT")
        start = time.perf_counter()
        due = self.poll(now)
        self.raw.execute("BEGIN IMMEDIATE")
        self.raw.executemany("UPDATE sla SET done = 1 WHERE order_id = ? AND kind = ?", due)
        self.raw.executemany(
            "INSERT INTO outbox(topic,order_id,at,payload) VALUES('card',?,?,?)",
            [(one[0], now, f'{{"order":{one[0]},"text":"超过发货时限"}}') for one in due],
        )
        self.raw.execute("COMMIT")
        return time.perf_counter() - start


class _Ours:
    """A store of its own with the real relay, and as many pending deadlines."""

    def __init__(self, ground: Ground, pending: int) -> None:
        self.clock = ManualClock(END)
        self.store: SqlStore = open_store("", data_dir=ground.root / f"due-{pending}", keys=ground.keys, clock=self.clock)
        self.desk = desk_of(Inline(self.store), self.clock)
        self.relay = Relay(self.desk, ROUTER, owner="bench")
        chat = BoundChat("console", GROUP, "group", "订单售后群", frozenset({"orders", "fulfilment", "ship_by"}))
        self.store.write_now(lambda u: u.people.bind_chat(chat))
        self._serial = 0
        for low in range(0, pending, 20_000):
            rows = [
                Deadline(f"order:{n}", "ship_by_soon", _LATER + timedelta(seconds=n * 7919 % pending))
                for n in range(low, min(low + 20_000, pending))
            ]
            self.store.write_now(lambda u, rows=rows: u.deadlines.put(rows))  # type: ignore[misc]

    def poll(self) -> None:
        now = self.clock.now()
        if self.store.write_now(lambda u: u.deadlines.take_due(now)):
            raise RuntimeError("something was due")

    def fall_due(self) -> float:
        """Seconds until a thousand orders past their ship-by have been looked at and their group has its card queued."""
        orders = [self._late(n) for n in range(self._serial, self._serial + DUE)]
        self._serial += DUE
        now = self.clock.now()
        self.store.write_now(
            lambda u: apply(u, orders, now=now, surface="channel", cause="bench", desk=self.desk, router=ROUTER)
        )
        self.clock.move(timedelta(hours=2))
        start = time.perf_counter()
        while driven(self.relay.due_once()):
            pass
        taken = time.perf_counter() - start
        self.clock.move(timedelta(hours=1))
        while driven(self.relay.due_once()):  # whatever they arranged for later does not count into the next round
            pass
        return taken

    def _late(self, n: int) -> Order:
        now = self.clock.now()
        paid = now - timedelta(hours=46)
        return replace(
            order(n, 1_000_000), number=f"L{n:08d}", stage=Stage.TO_SHIP, parcels=(), shipped_at=None, created_at=paid,
            paid_at=paid, updated_at=paid, ship_by=now + timedelta(hours=1),
        )  # fmt: skip

    def queued(self) -> int:
        row = self.store.read_now(lambda r: r.rows("SELECT COUNT(*) FROM outbox"))
        return int(row[0][0])


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:
    first = 0.0
    for pending in sizes:
        ours, lean = _Ours(ground, pending), _Lean(ground.root / f"due-{pending}.db", pending)
        one = _polled(ground, ours, lean, pending)
        first = first or one["ours"]["p50_us"]
        one["growth"] = neat(one["ours"]["p50_us"] / first)
        one["also"] = [check("cost / cost at the smallest size", one["growth"], "<=", 1.2)]
        one["ok"] = one["ok"] and one["also"][0]["ok"]
        yield one
        yield _fallen(ground, ours, lean, pending)
        ours.store.close_now()
        lean.raw.close()


def _polled(ground: Ground, ours: _Ours, lean: _Lean, pending: int) -> Line:
    now = int(END.timestamp())
    turns = range(300 if ground.quick else 1000)
    found = Latencies()
    for number in range(ground.rounds + 1):
        mine, bare = each_timed(lambda _: ours.poll(), turns), each_timed(lambda _: lean.poll(now), turns)
        if number:
            found.add("ours", mine)
            found.add("raw", bare)
    return line(
        "B13", "poll of deadlines with nothing due", ours=found.figures("ours"), anchor=found.figures("raw"),
        ratio=found.ratio("ours", "raw", 0.5), target=10.0, wants="<=", engine="sqlite", orders=pending,
    )  # fmt: skip


def _fallen(ground: Ground, ours: _Ours, lean: _Lean, pending: int) -> Line:
    ours.fall_due(), lean.fall_due()
    before = ours.queued()
    mine, raw = alternate(ground.rounds, ours.fall_due, lean.fall_due)
    if ours.queued() == before:
        raise RuntimeError("no card was queued")
    return line(
        "B13", f"{DUE} ship-by times passed: looked at, alerts raised, card queued", engine="sqlite", orders=pending,
        ours={"seconds": spread(mine), "us_each": neat(min(mine) / DUE * US)}, anchor={"seconds": spread(raw)},
        ratio=ratio(mine, raw), target=3.0, wants="<=",
    )  # fmt: skip
